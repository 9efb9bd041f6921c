// Erasure: a base and a journal written anew without one client.
#include "klientela/dedupe/erasure.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/json_reader.hpp"
#include "dedupe/mentions.hpp"
#include "dedupe/merge_state.hpp"
#include "ingest/cells.hpp"
#include "model/own_values.hpp"

namespace klientela {
namespace {

using index::OwnChunk;
using index::OwnValues;
using State = MergedBase::State;

const std::vector<std::string_view> transaction_names{"remove", "anonymise"};

/// The cards that are erased.
struct Erased {
  std::vector<std::uint32_t> codes;  ///< ascending
  std::set<ClientId> gone;           ///< those that the base has no more and the journal still names

  [[nodiscard]] bool has(std::uint32_t code) const { return std::binary_search(codes.begin(), codes.end(), code); }
  [[nodiscard]] bool has(const State& state, const ClientId& id) const {
    const auto code = state.find(id);
    return code ? has(*code) : gone.contains(id);
  }
};

/// All cards that count as the client, and those that would if they were still there.
Erased erased_with(const State& state, const ClientId& client) {
  Erased erased;
  const auto& records = state.journal.records();
  if (const auto code = state.find(client)) {
    erased.codes = {*code};
    if (const std::uint32_t cluster = state.cluster_of[state.places(*code)]; cluster != no_code)
      erased.codes = state.clusters[cluster].cards;
    std::sort(erased.codes.begin(), erased.codes.end());
  } else if (std::any_of(records.begin(), records.end(), [&](const JournalRecord& record) {
               return std::find(record.cards.begin(), record.cards.end(), client) != record.cards.end();
             })) {
    erased.gone = {client};
  } else {
    static_cast<void>(state.code_of(client));  // throws
  }
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& cards = records[i].cards;
      if (records[i].operation != JournalOperation::merge || cards.size() == state.cards[i].size() ||
          !state.counts(i) ||
          std::none_of(cards.begin(), cards.end(), [&](const ClientId& id) { return erased.has(state, id); }))
        continue;
      for (const ClientId& id : cards)
        if (!state.find(id)) more = erased.gone.insert(id).second || more;
    }
  }
  return erased;
}

dedupe::Mentions mentions_of(const State& state, const Erased& all) {
  dedupe::Mentions mentions;
  const std::vector<std::uint32_t>& erased = all.codes;
  const auto add = [&](ClientField field, const dedupe::CardValue& value) {
    if (!value.text.empty()) mentions.add(field, value.text);
    for (const std::string_view text : value.list) mentions.add(field, text);
  };
  const auto chunks = state.base().chunks(TableId::clients);
  for (const std::uint32_t code : erased) {
    mentions.add_id(state.base().id_of(code));
    // As delivered, as written, and as it was written before.
    const auto all_edits = state.operations.find(code);
    if (all_edits != state.operations.end())
      for (const std::uint32_t record : all_edits->second.edits)
        add(state.journal.records()[record].field, state.written.at(record)->value());
    const auto edits = state.edits(code);
    const dedupe::EditedCard seen(state.reader, code, &edits);
    mentions.add_name(seen.value(ClientField::given_name).text, seen.value(ClientField::family_name).text);
    mentions.add_street(seen.value(ClientField::street).text, seen.value(ClientField::house).text);
  }
  for (const ClientId& id : all.gone) mentions.add_id(id);
  for (const JournalRecord& record : state.journal.records())
    if (record.operation == JournalOperation::edit && !record.cards.empty() && all.gone.contains(record.cards.front()))
      for (const std::string& value : record.values) mentions.add(record.field, value);
  // Earlier deliveries of its cards as well.
  for (const auto& chunk : chunks) {
    const auto codes = chunk->clients();
    for (std::size_t row = 0; row < codes.size(); ++row) {
      if (codes[row] == no_code || !all.has(codes[row])) continue;
      const auto text = [&](ClientField field) {
        const Values* values = (*chunk)[field];
        return values == nullptr ? std::string_view() : values->text(row);
      };
      for (std::size_t f = 0; f < dedupe::client_fields; ++f) {
        const Values* values = chunk->values(f);
        if (values == nullptr) continue;
        if (values->type() == FieldType::text) mentions.add(static_cast<ClientField>(f), values->text(row));
        if (values->type() == FieldType::texts)
          for (const std::string_view each : values->texts(row)) mentions.add(static_cast<ClientField>(f), each);
      }
      mentions.add_name(text(ClientField::given_name), text(ClientField::family_name));
      mentions.add_street(text(ClientField::street), text(ClientField::house));
    }
  }
  return mentions;
}

/// A base written anew.
class Rewriting {
 public:
  Rewriting(const State& state, const std::vector<std::uint32_t>& erased, const ErasureOptions& options,
            const dedupe::Mentions& mentions, Erasure& result)
      : state_(state),
        base_(state.base()),
        options_(options),
        mentions_(mentions),
        result_(result),
        data_(std::make_shared<ClientBase::Data>()),
        is_erased_(state.places.size(), 0),
        new_codes_(state.places.size(), no_code),
        terms_(term_list_count()),
        new_terms_(term_list_count()) {
    for (const std::uint32_t code : erased) is_erased_[state.places(code)] = 1;
  }

  ClientBase rewritten(const Control& control) {
    const ClientBase::Data& old = *base_.data();
    data_->zone = old.zone;
    data_->currency = old.currency;
    data_->cards_delivered = old.cards_delivered;
    write_clients(control);
    for (std::size_t t = 0; t < table_count; ++t)
      for (std::size_t c = 0; c < base_.chunks(static_cast<TableId>(t)).size(); ++c) {
        control.check();
        write_chunk(static_cast<TableId>(t), c);
      }
    data_->cards = std::make_shared<const Cards>(std::move(cards_));
    data_->terms.assign(terms_.begin(), terms_.end());
    ClientBase base(std::move(data_));
    place_cards(base);
    return base;
  }

 private:
  /// Rows of emptied cards: so far codes.
  void place_cards(const ClientBase& base) {
    std::vector<EmptiedField*> of_cards;
    for (EmptiedField& each : result_.emptied_fields)
      if (each.table == TableId::clients) of_cards.push_back(&each);
    if (of_cards.empty()) return;
    std::unordered_map<std::uint64_t, std::uint64_t> rows;
    for (const std::uint32_t code : base.codes_in_order())
      if (base.card_of(code)) rows.emplace(code, rows.size());
    for (EmptiedField* each : of_cards) each->row = rows.at(each->row);
  }

  void write_clients(const Control& control) {
    std::vector<std::uint32_t> codes(base_.codes_in_order().begin(), base_.codes_in_order().end());
    std::erase_if(codes, [&](std::uint32_t code) { return is_erased_[state_.places(code)] != 0; });
    std::sort(codes.begin(), codes.end());  // so that clients keep their order within partitions
    auto layer = std::make_shared<index::Layer>();
    const auto add = [&](const ClientId& id) {
      if (id.is_integer()) {
        const std::uint64_t hash = index::hash_of(id.integer());
        const auto p = static_cast<std::uint32_t>(hash >> (64 - index::partition_bits));
        return layer->parts[p].add(p, id.integer(), hash);
      }
      const std::string text = id.to_text();
      const index::TextKey key = index::key_of(text);
      const std::uint64_t hash = index::hash_of(key);
      const auto p = static_cast<std::uint32_t>(hash >> (64 - index::partition_bits));
      return layer->parts[p].add(p, text, key, hash);
    };
    for (const std::uint32_t code : codes) new_codes_[state_.places(code)] = add(base_.id_of(code));
    if (options_.transactions == ErasedTransactions::anonymise) {
      const ClientId id(options_.anonymous);
      const auto known = base_.code_of(id);
      anonymous_ = known ? new_codes_[state_.places(*known)] : add(id);
    }
    data_->clients = index::grown(std::make_shared<const index::ClientIndex>(), std::move(layer), control);
    for (std::uint32_t p = 0; p < index::partitions; ++p)
      cards_[p].assign(data_->clients->sizes[p], ClientBase::CardPosition{no_code, no_code});
  }

  [[nodiscard]] bool erased(std::uint32_t code) const {
    return code != no_code && is_erased_[state_.places(code)] != 0;
  }

  std::uint32_t term(TableId table, std::size_t field, std::uint32_t code) {
    if (code == no_code) return no_code;
    const std::size_t list = term_list_of(table, field);
    auto& known = new_terms_[list];
    const auto texts = base_.terms(table, field);
    if (known.empty()) known.assign(texts.size(), no_code);
    if (known[code] == no_code) {
      auto& terms = terms_[list];
      index::Arena& arena = *terms->owners.back();
      known[code] = terms->terms.code_of(texts[code], [&](std::string_view text) { return arena.keep(text); });
    }
    return known[code];
  }

  /// The lists that a table's fields had, empty, or with the values of closed ones.
  void begin_terms(TableId table, std::size_t field) {
    const std::size_t list = term_list_of(table, field);
    if (list == no_list || terms_[list] || !base_.data()->terms[list]) return;
    terms_[list] = std::make_shared<TermList>();
    terms_[list]->owners.push_back(std::make_shared<index::Arena>());
    for (const ClosedValue& value : closed_values(table, field))
      terms_[list]->terms.code_of(value.name, [](std::string_view text) { return text; });
  }

  void write_chunk(TableId table, std::size_t number) {
    const Chunk& chunk = *base_.chunks(table)[number];
    const auto t = static_cast<std::size_t>(table);
    const auto fields = spec(table).fields;
    const std::size_t owner = index::client_field(table);
    const auto column_of = [&](auto field) { return chunk.values(static_cast<std::size_t>(field)); };
    std::vector<std::shared_ptr<OwnValues>> columns(fields.size());
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (chunk.values(f) != nullptr || f == owner)
        columns[f] = std::make_shared<OwnValues>(fields[f].type, base_.time_zone());
      if (chunk.values(f) != nullptr) begin_terms(table, f);
    }
    const Values* other = table == TableId::contacts       ? column_of(ContactField::organisation)
                          : table == TableId::interactions ? column_of(InteractionField::contact)
                                                           : nullptr;
    std::size_t rows = 0;
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      if (chunk.is_rejected(row)) continue;
      const std::uint32_t client = owner == no_list ? no_code : chunk.clients()[row];
      const bool others = other != nullptr && erased(index::code_at(*other, row));
      const bool anonymous = erased(client) && table == TableId::transactions && anonymous_ != no_code;
      if ((erased(client) && !anonymous) || (others && table == TableId::contacts)) {
        ++result_.removed[t];
        continue;
      }
      std::uint64_t place = data_->rows[t] + rows;  // of clients the code
      bool newest = true;
      if (table == TableId::clients) {
        const auto card = base_.card_of(client);
        newest = card && card->chunk == number && card->row == row;
        if (newest) {
          const std::uint32_t code = new_codes_[state_.places(client)];
          place = code;
          cards_[code % index::partitions][code / index::partitions] = {static_cast<std::uint32_t>(number),
                                                                        static_cast<std::uint32_t>(rows)};
        }
      }
      bool emptied = false;
      const auto empty = [&](std::size_t f) {
        emptied = true;
        if (newest) result_.emptied_fields.push_back({table, place, fields[f].name});
      };
      for (std::size_t f = 0; f < fields.size(); ++f) {
        if (!columns[f]) continue;
        if (f == owner) {
          columns[f]->add_code(anonymous ? anonymous_ : new_codes_[state_.places(client)]);
          continue;
        }
        const Values& values = *chunk.values(f);
        if (anonymous && anonymised(f, values, row, *columns[f])) continue;
        const bool about = is_free_text(table, f) && !values.is_null(row) &&
                           (others || (options_.mentions && mentions_.in(text_of(table, f, values, row))));
        if (about) {
          columns[f]->add_null();
          empty(f);
          continue;
        }
        switch (fields[f].type) {
          case FieldType::client: {
            const std::uint32_t code = index::code_at(values, row);
            columns[f]->add_code(code == no_code ? no_code : new_codes_[state_.places(code)]);
            if (erased(code)) empty(f);
            break;
          }
          case FieldType::term: columns[f]->add_code(term(table, f, index::code_at(values, row))); break;
          default: columns[f]->add(values, row);
        }
      }
      result_.emptied += emptied ? 1 : 0;
      result_.anonymised += anonymous ? 1 : 0;
      if (table == TableId::transactions) {
        const auto& at = *columns[static_cast<std::size_t>(TransactionField::at)];
        const Day day{std::chrono::days(index::day_at(at, rows))};
        if (!data_->last_purchase_day || *data_->last_purchase_day < day) data_->last_purchase_day = day;
      }
      ++rows;
    }
    data_->rows[t] += rows;
    data_->accepted[t] += rows;
    data_->chunks[t].push_back(std::make_shared<const OwnChunk>(
        table, rows, std::vector<std::shared_ptr<const OwnValues>>(columns.begin(), columns.end())));
  }

  /// Fields of an anonymised transaction that are not kept as they are.
  bool anonymised(std::size_t field, const Values& values, std::size_t row, OwnValues& to) const {
    if (field == static_cast<std::size_t>(TransactionField::order)) {
      to.add_null();
      return true;
    }
    if (field != static_cast<std::size_t>(TransactionField::at)) return false;
    const Day day{std::chrono::days(index::day_at(values, row))};
    to.add_number(base_.time_zone().start_of(day).time_since_epoch().count());
    return true;
  }

  [[nodiscard]] static bool is_free_text(TableId table, std::size_t field) noexcept {
    const auto is = [&](auto of) { return field == static_cast<std::size_t>(of); };
    switch (table) {
      case TableId::contacts: return is(ContactField::title);
      case TableId::requests: return is(RequestField::subject);
      case TableId::interactions: return is(InteractionField::subject) || is(InteractionField::outcome);
      case TableId::feedback: return is(FeedbackField::comment);
      default: return false;
    }
  }

  [[nodiscard]] std::string_view text_of(TableId table, std::size_t field, const Values& values,
                                         std::size_t row) const {
    if (values.type() == FieldType::text) return values.text(row);
    return base_.terms(table, field)[index::code_at(values, row)];
  }

  const State& state_;
  const ClientBase& base_;
  const ErasureOptions& options_;
  const dedupe::Mentions& mentions_;
  Erasure& result_;
  std::shared_ptr<ClientBase::Data> data_;
  std::vector<std::uint8_t> is_erased_;   ///< by place
  std::vector<std::uint32_t> new_codes_;  ///< by place
  std::uint32_t anonymous_{no_code};
  Cards cards_;
  std::vector<std::shared_ptr<TermList>> terms_;       ///< by list
  std::vector<std::vector<std::uint32_t>> new_terms_;  ///< by list and old code
};

/// Without what names the erased clients; numbered as before. The erasure itself is the last record.
Journal rewritten(const State& state, const Erased& erased, const ErasureOptions& options,
                  const dedupe::Mentions& mentions, const JournalNote& note, const std::string& digest,
                  Erasure& result) {
  Journal journal = state.journal;
  auto& records = JournalAccess::records(journal);
  const std::uint64_t by = records.size() + 1;
  const auto is_erased = [&](std::uint32_t code) { return erased.has(code); };
  const auto is_erased_id = [&](const ClientId& id) { return erased.has(state, id); };
  const auto forget = [&](JournalNote& of, std::uint64_t operation) {
    bool any = false;
    for (const auto& [text, field] : {std::pair(&of.who, "who"), std::pair(&of.reason, "reason")}) {
      if (!mentions.in(*text)) continue;
      text->clear();
      result.emptied_fields.push_back({std::nullopt, operation, field});
      any = true;
    }
    return any;
  };
  for (std::size_t i = 0; i < records.size(); ++i) {
    JournalRecord& record = records[i];
    record.base = digest;
    if (record.erased_by != 0) continue;
    bool touched = record.cards.size() == state.cards[i].size()
                       ? std::any_of(state.cards[i].begin(), state.cards[i].end(), is_erased)
                       : std::any_of(record.cards.begin(), record.cards.end(), is_erased_id);
    if (record.operation == JournalOperation::undo)
      touched = records[static_cast<std::size_t>(record.of - 1)].erased_by != 0;
    if (record.operation == JournalOperation::edit && record.field == ClientField::parent && !touched)
      if (const auto id = dedupe::OwnCardValue(record.field, record.values).id()) touched = is_erased_id(*id);
    if (!touched) {
      if (options.mentions && forget(record.note, i + 1)) ++result.emptied;
      continue;
    }
    JournalRecord left;
    left.sequence = record.sequence;
    left.operation = record.operation;
    left.base = digest;
    left.note.at = record.note.at;
    left.of = record.of;
    left.erased_by = by;
    record = std::move(left);
    result.disabled.push_back(i + 1);
  }
  JournalAccess::recount(journal);
  JournalRecord record;
  record.operation = JournalOperation::erase;
  record.base = digest;
  record.note = note;
  if (options.mentions) static_cast<void>(forget(record.note, by));
  result.operation = journal.append(std::move(record));
  return journal;
}

}  // namespace

Erasure erase_client(const MergedBase& merged, const ClientId& client, const ErasureOptions& options,
                     const JournalNote& note, const Control& control) {
  const State& state = merged.state();
  const Erased erased = erased_with(state, client);
  if (static_cast<std::size_t>(options.transactions) >= transaction_names.size())
    throw Error(Code::invalid_argument, "`transactions` is none of remove, anonymise", "transactions");
  if (options.transactions == ErasedTransactions::anonymise) {
    const ClientId anonymous(options.anonymous);
    const auto known = state.base().code_of(anonymous);
    if (anonymous.to_text().empty())
      throw Error(Code::invalid_argument, "the client that anonymised transactions count for has no id", "anonymous");
    if (!detail::valid_utf8(options.anonymous))
      throw Error(Code::invalid_argument, "the id of the client that anonymised transactions count for is not UTF-8",
                  "anonymous");
    if (known &&
        (state.base().card_of(*known) || state.cluster_of[state.places(*known)] != no_code || erased.has(*known)))
      throw Error(Code::invalid_argument,
                  "anonymised transactions cannot count for " + anonymous.to_text() + ", which is a client with a card",
                  "anonymous");
  }
  Erasure result{MergedBase(ClientBase()), 0, erased.codes.size(), {}, 0, 0, {}, {}};
  const dedupe::Mentions mentions = mentions_of(state, erased);
  const ClientBase base = Rewriting(state, erased.codes, options, mentions, result).rewritten(control);
  Journal journal = rewritten(state, erased, options, mentions, note, base_digest(base, control), result);
  result.merged = MergedBase(base, std::move(journal), state.policy, state.functions, control);
  return result;
}

Table emptied_table(const Erasure& erased) {
  std::vector<std::string> tables, fields;
  Buffer<std::int64_t> rows(erased.emptied_fields.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const EmptiedField& each = erased.emptied_fields[i];
    tables.emplace_back(each.table ? spec(*each.table).name : std::string_view("journal"));
    fields.emplace_back(each.field);
    rows[i] = static_cast<std::int64_t>(each.row);
  }
  Table table({Column("table", tables)});
  table.add(Column("row", ColumnType::int64, std::move(rows)));
  table.add(Column("field", fields));
  return table;
}

ErasureOptions erasure_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  ErasureOptions options;
  object.read("transactions", options.transactions, transaction_names);
  object.read("anonymous", options.anonymous);
  if (ClientId(options.anonymous).to_text().empty()) object.require("anonymous").fail("must not be empty");
  object.read("mentions", options.mentions);
  object.done();
  return options;
}

std::string to_json(const ErasureOptions& options) {
  json::Value document = json::Value::object();
  document["transactions"] = std::string(transaction_names.at(static_cast<std::size_t>(options.transactions)));
  document["anonymous"] = options.anonymous;
  document["mentions"] = options.mentions;
  return document.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::string erasure_options_schema() {
  return R"({
  "type": "object",
  "title": "Erasure",
  "additionalProperties": false,
  "description": "What is left when a client is erased from base and journal.",
  "properties": {
    "transactions": {"enum": ["remove", "anonymise"], "default": "remove",
      "description": "Whether the client's transactions go too, or stay for one client of all erased ones, without order and hour."},
    "anonymous": {"type": "string", "minLength": 1, "default": "erased", "description": "The id of that client."},
    "mentions": {"type": "boolean", "default": true,
      "description": "Whether free texts of others' rows, and who and reason in the journal, that name the client are emptied."}
  }
})";
}

}  // namespace klientela
