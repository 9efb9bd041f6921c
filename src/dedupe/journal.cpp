// Journals: appending, which operations count, JSON lines with checks, and the digest of a base.
#include "klientela/dedupe/journal.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "core/json_reader.hpp"
#include "core/text.hpp"
#include "dedupe/card_values.hpp"
#include "dedupe/journal_access.hpp"
#include "ingest/cells.hpp"
#include "model/client_index.hpp"
#include "model/own_values.hpp"

namespace klientela {
namespace {

using json::Value;

constexpr std::array<std::string_view, 6> operation_names{"merge", "edit", "undo", "not_duplicate", "erase", "rebase"};
constexpr int text_version = 1;
constexpr std::string_view check_key = ",\"check\":\"";

/// Two lanes of 64 bits.
struct Hash {
  std::uint64_t a{0x243F'6A88'85A3'08D3U};
  std::uint64_t b{0x1319'8A2E'0370'7344U};

  void add(std::uint64_t value) noexcept {
    a = index::mixed(a ^ value, 0xA409'3822'299F'31D0U);
    b = index::mixed(b + value, 0x082E'FA98'EC4E'6C89U);
  }
  void add(std::string_view text) noexcept {
    add(text.size());
    for (std::size_t i = 0; i < text.size(); i += 8) {
      std::uint64_t word = 0;
      for (std::size_t k = i; k < std::min(text.size(), i + 8); ++k)  // the same on every machine
        word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[k])) << (8 * (k - i));
      add(word);
    }
  }
};

std::string hexadecimal(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

[[noreturn]] void refuse(const char* where, const std::string& message) {
  throw Error(Code::invalid_argument, message, where);
}

/// What a record may say. \throws Error invalid_argument naming the member
void check_record(const JournalRecord& record) {
  const auto operation = record.operation;
  if (static_cast<std::size_t>(operation) >= operation_names.size()) refuse("operation", "is no operation");
  const std::string what(name(operation));
  const bool erased = record.erased_by != 0;
  const std::size_t cards = record.cards.size();
  const auto texts_are_utf8 = [](const auto& texts) {
    return std::all_of(texts.begin(), texts.end(), [](const std::string& text) { return detail::valid_utf8(text); });
  };
  if (!detail::valid_utf8(record.note.who)) refuse("who", "is not UTF-8");
  if (!detail::valid_utf8(record.note.reason)) refuse("reason", "is not UTF-8");
  if (!texts_are_utf8(record.values)) refuse("values", "are not UTF-8");
  for (const ClientId& id : record.cards)
    if (!id.is_integer() && !detail::valid_utf8(id.to_text())) refuse("cards", "are not UTF-8");
  if (record.base.size() != 32 || record.base.find_first_not_of("0123456789abcdef") != std::string::npos)
    refuse("base", "the digest of a base has 32 hexadecimal digits");
  bool fits = false;
  switch (operation) {
    case JournalOperation::merge: fits = erased ? cards == 0 : cards >= 2; break;
    case JournalOperation::not_duplicate: fits = cards == (erased ? 0U : 2U); break;
    case JournalOperation::edit: fits = cards == (erased ? 0U : 1U); break;
    default: fits = cards == 0;
  }
  if (!fits) refuse("cards", what + " has " + std::to_string(cards) + " cards");
  std::vector<ClientId> sorted = record.cards;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
    refuse("cards", what + " names " + twice->to_text() + " twice");
  if (record.keep && !std::binary_search(sorted.begin(), sorted.end(), *record.keep))
    refuse("keep", record.keep->to_text() + " is none of the cards");
  if (operation != JournalOperation::merge && (record.keep || record.policy != 0))
    refuse("policy", what + " has no policy");
  if (static_cast<std::size_t>(record.field) >= dedupe::client_fields) refuse("field", "is no field of cards");
  const bool edits = operation == JournalOperation::edit && !erased;
  if (edits != (record.field != ClientField::client)) refuse("field", edits ? "cannot be client" : what + " has none");
  if (edits) {
    try {
      static_cast<void>(dedupe::OwnCardValue(record.field, record.values));
    } catch (const Error& error) {
      refuse("values", error.what());
    }
  } else if (!record.values.empty()) {
    refuse("values", what + " has none");
  }
  if ((operation == JournalOperation::undo) != (record.of != 0))
    refuse("of", operation == JournalOperation::undo ? "what is undone?" : what + " undoes nothing");
  if (record.note.at && !detail::in_range(record.note.at->time_since_epoch().count()))
    refuse("at", "is outside 1900 to 2199");
}

Value id_json(const ClientId& id) { return id.is_integer() ? Value(id.integer()) : Value(id.to_text()); }

ClientId id_from(const json::Node& node) {
  if (node.value().is_number_integer()) return node.integer();
  return ClientId(node.text());
}

Value json_of(const JournalRecord& record) {
  Value line = Value::object();
  line["sequence"] = record.sequence;
  line["operation"] = std::string(name(record.operation));
  if (record.note.at) line["at"] = to_text(*record.note.at);
  if (!record.note.who.empty()) line["who"] = record.note.who;
  if (!record.note.reason.empty()) line["reason"] = record.note.reason;
  if (!record.cards.empty()) {
    Value cards = Value::array();
    for (const ClientId& id : record.cards) cards.push_back(id_json(id));
    line["cards"] = std::move(cards);
  }
  if (record.keep) line["keep"] = id_json(*record.keep);
  if (record.policy != 0) line["policy"] = record.policy;
  if (record.field != ClientField::client) {
    line["field"] = std::string(spec(TableId::clients).fields[static_cast<std::size_t>(record.field)].name);
    line["values"] = record.values;
  }
  if (record.of != 0) line["of"] = record.of;
  if (record.erased_by != 0) line["erased_by"] = record.erased_by;
  line["base"] = record.base;
  return line;
}

JournalRecord record_from(const json::Node& node) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  json::Object object(node);
  JournalRecord record;
  record.sequence = static_cast<std::uint64_t>(object.require("sequence").integer(1, most));
  record.operation = static_cast<JournalOperation>(
      object.require("operation").choice({operation_names.begin(), operation_names.end()}));
  if (const auto at = object.find("at")) {
    record.note.at = dedupe::parse_instant(at->text());
    if (!record.note.at) at->fail("\"" + at->text() + "\" is no instant");
  }
  object.read("who", record.note.who);
  object.read("reason", record.note.reason);
  if (const auto cards = object.find("cards"))
    for (const json::Node& card : cards->items()) record.cards.push_back(id_from(card));
  if (const auto keep = object.find("keep")) record.keep = id_from(*keep);
  object.read("policy", record.policy, 1, std::numeric_limits<std::int32_t>::max());
  if (const auto field = object.find("field")) {
    std::vector<std::string_view> names;
    for (const FieldSpec& each : spec(TableId::clients).fields) names.push_back(each.name);
    record.field = static_cast<ClientField>(field->choice(names));
    for (const json::Node& value : object.require("values").items()) record.values.push_back(value.text());
  }
  object.read("of", record.of, 1, most);
  object.read("erased_by", record.erased_by, 1, most);
  record.base = object.require("base").text();
  object.done();
  return record;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += "; ";
    all += text;
  }
  return all;
}

}  // namespace

std::string base_digest(const ClientBase& base, const Control& control) {
  const dedupe::CardReader reader(base);
  const auto codes = base.codes_in_order();
  constexpr std::size_t stretch = 1 << 14;
  const std::size_t tasks = (codes.size() + stretch - 1) / stretch;
  std::vector<Hash> sums(tasks, Hash{0, 0});
  control.run(tasks, [&](std::size_t task) {
    control.check();
    for (std::size_t row = task * stretch; row < std::min(codes.size(), (task + 1) * stretch); ++row) {
      Hash hash;
      hash.add(base.id_of(codes[row]).to_text());
      if (base.card_of(codes[row])) {
        for (std::size_t f = 1; f < spec(TableId::clients).fields.size(); ++f) {
          const auto field = static_cast<ClientField>(f);
          const dedupe::CardValue value = reader.value(codes[row], field);
          if (!value.has) continue;
          hash.add(f);
          hash.add(reader.to_text(field, value, "\x1F"));
        }
      }
      sums[task].a += hash.a;
      sums[task].b += hash.b;
    }
  });
  Hash sum{codes.size(), codes.size()};
  for (const Hash& each : sums) {
    sum.a += each.a;
    sum.b += each.b;
  }
  return hexadecimal(index::mixed(sum.a, 1)) + hexadecimal(index::mixed(sum.b, 2));
}

std::string_view name(JournalOperation operation) noexcept {
  const auto o = static_cast<std::size_t>(operation);
  return o < operation_names.size() ? operation_names[o] : "unknown";
}

bool Journal::counts(std::uint64_t sequence) const {
  if (sequence == 0 || sequence > records_.size())
    throw Error(Code::not_found, "the journal has no operation " + std::to_string(sequence), "operation");
  return undone_[sequence - 1] == 0 && records_[sequence - 1].erased_by == 0;
}

std::string_view Journal::base() const noexcept { return records_.empty() ? std::string_view() : records_.back().base; }

std::optional<JournalAccess::Change> JournalAccess::count_undo(Journal& journal, std::size_t record, bool more) {
  for (;;) {
    std::uint32_t& undone = journal.undone_[record];
    undone = more ? undone + 1 : undone - 1;
    if (undone != (more ? 1U : 0U)) return std::nullopt;  // it did not count before, or does not yet
    const JournalRecord& of = journal.records_[record];
    if (of.erased_by != 0) return std::nullopt;
    if (of.operation != JournalOperation::undo) return Change{record, !more};
    record = static_cast<std::size_t>(of.of - 1);
    more = !more;
  }
}

void JournalAccess::take_back(Journal& journal) {
  const JournalRecord last = std::move(journal.records_.back());
  if (last.operation == JournalOperation::undo && last.erased_by == 0)
    count_undo(journal, static_cast<std::size_t>(last.of - 1), false);
  journal.records_.pop_back();
  journal.undone_.pop_back();
}

void JournalAccess::recount(Journal& journal) {
  std::fill(journal.undone_.begin(), journal.undone_.end(), 0U);
  for (const JournalRecord& record : journal.records_)
    if (record.operation == JournalOperation::undo && record.erased_by == 0)
      count_undo(journal, static_cast<std::size_t>(record.of - 1), true);
}

std::uint64_t Journal::append(JournalRecord record) {
  if (record.erased_by != 0) refuse("erased_by", "only an erasure takes contents out");
  std::optional<JournalAccess::Change> change;
  return JournalAccess::append(*this, std::move(record), change);
}

std::uint64_t JournalAccess::append(Journal& journal, JournalRecord record, std::optional<Change>& change) {
  check_record(record);
  auto& records = journal.records_;
  auto& undone = journal.undone_;
  if (!records.empty() && record.operation != JournalOperation::rebase && record.base != records.back().base)
    refuse("base", "the journal belongs to the base " + records.back().base + ", the operation to " + record.base);
  if (record.operation == JournalOperation::merge && record.erased_by == 0 &&
      !journal.policies_.contains(record.policy))
    throw Error(Code::not_found, "the journal has no policy of version " + std::to_string(record.policy), "policy");
  const bool undoes = record.operation == JournalOperation::undo;
  if (undoes) {
    if (record.of > records.size())
      throw Error(Code::not_found, "the journal has no operation " + std::to_string(record.of), "of");
    const JournalRecord& of = records[static_cast<std::size_t>(record.of - 1)];
    const std::string what = "operation " + std::to_string(record.of);
    if (record.erased_by == 0) {
      if (of.erased_by != 0)
        refuse("of", what + " can be undone no more: operation " + std::to_string(of.erased_by) +
                         " erased a client that it was about");
      if (of.operation == JournalOperation::erase || of.operation == JournalOperation::rebase)
        refuse("of", what + " is one of " + std::string(name(of.operation)) + " and cannot be undone");
      if (undone[static_cast<std::size_t>(record.of - 1)] != 0) refuse("of", what + " is undone already");
    }
  }
  record.sequence = records.size() + 1;
  const std::uint64_t of = record.of;
  const bool live = record.erased_by == 0;
  if (undone.size() == undone.capacity()) undone.reserve(std::max<std::size_t>(16, 2 * undone.size()));
  records.push_back(std::move(record));
  undone.push_back(0);
  if (undoes && live) change = count_undo(journal, static_cast<std::size_t>(of - 1), true);
  return records.size();
}

void Journal::add_policy(const SurvivorshipPolicy& policy) {
  check_policy(policy);
  const auto [known, added] = policies_.try_emplace(policy.version, policy);
  if (!added && !(known->second == policy))
    json::fail("/version",
               "version " + std::to_string(policy.version) + " is another policy's; a changed policy needs a new one");
}

std::string Journal::to_text() const {
  std::string text = "{\"klientela_journal\":" + std::to_string(text_version) + "}\n";
  Hash hash;
  const auto add = [&](std::string line) {
    line.pop_back();  // the closing brace
    hash.add(line);
    text += line;
    text += check_key;
    text += hexadecimal(hash.a) + "\"}\n";
  };
  std::set<std::uint32_t> written;
  for (const JournalRecord& record : records_) {
    if (record.policy != 0 && written.insert(record.policy).second)
      add("{\"policy\":" + to_json(policies_.at(record.policy), -1) + "}");
    add(json_of(record).dump());
  }
  return text;
}

Journal Journal::from_text(std::string_view text) {
  Journal journal;
  Hash hash;
  std::size_t number = 0;
  const auto fail = [&](const std::string& message) {
    const std::string line = "line " + std::to_string(number);
    throw Error(Code::bad_data, "journal, " + line + ": " + message, line);
  };
  std::vector<std::pair<std::size_t, std::uint64_t>> erased;  // line, by which operation
  while (!text.empty() || number == 0) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    try {
      if (number == 1) {
        const Value document = json::parse(line, "the line");
        json::Object object(json::Node(document, ""));
        const std::int64_t version = object.require("klientela_journal").integer(1);
        object.done();
        if (version > text_version)
          fail("the journal is of version " + std::to_string(version) + ", which is newer than this program");
        continue;
      }
      constexpr std::size_t tail = check_key.size() + 16 + 2;
      if (line.size() <= tail || line.substr(line.size() - tail, check_key.size()) != check_key ||
          !line.ends_with("\"}"))
        fail("it is cut off, or no line of a journal: it does not end with its check");
      const std::string_view content = line.substr(0, line.size() - tail);
      hash.add(content);
      if (line.substr(line.size() - 18, 16) != hexadecimal(hash.a))
        fail("its check does not fit: this line was altered, or one before it was lost");
      const Value document = json::parse(std::string(content) + "}", "the line");
      if (document.contains("policy") && document["policy"].is_object()) {
        journal.add_policy(survivorship_policy_from_json(document["policy"].dump(), "/policy"));
        continue;
      }
      JournalRecord record = record_from(json::Node(document, ""));
      if (record.sequence != journal.records_.size() + 1)
        fail("operation " + std::to_string(record.sequence) + " follows operation " +
             std::to_string(journal.records_.size()));
      if (record.erased_by != 0) erased.emplace_back(number, record.erased_by);
      std::optional<JournalAccess::Change> change;
      JournalAccess::append(journal, std::move(record), change);
    } catch (const Error& error) {
      if (error.code() == Code::bad_data) throw;
      fail(error.what() +
           (error.code() == Code::bad_policy || error.where().empty() ? std::string() : " (" + error.where() + ")"));
    }
  }
  for (const auto& [line, by] : erased) {
    number = line;
    if (by > journal.records_.size() ||
        journal.records_[static_cast<std::size_t>(by - 1)].operation != JournalOperation::erase)
      fail("operation " + std::to_string(by) + " erased nothing");
  }
  return journal;
}

Table Journal::table() const {
  const std::size_t rows = records_.size();
  const auto numbers = [&](const char* column, auto of) {
    Buffer<std::int64_t> values(rows);
    Buffer<std::uint8_t> valid((rows + 7) / 8, std::uint8_t{0});
    for (std::size_t row = 0; row < rows; ++row) {
      values[row] = static_cast<std::int64_t>(of(records_[row]));
      if (values[row] != 0) valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
    }
    return Column(column, ColumnType::int64, std::move(values), std::move(valid));
  };
  const auto texts = [&](const char* column, auto of) {
    std::vector<std::optional<std::string>> values;
    values.reserve(rows);
    for (const JournalRecord& record : records_) {
      std::string text = of(record);
      values.push_back(text.empty() ? std::nullopt : std::optional(std::move(text)));
    }
    return Column(column, values);
  };
  Table table;
  table.add(numbers("sequence", [](const JournalRecord& record) { return record.sequence; }));
  Buffer<std::uint16_t> operations(rows);
  Buffer<std::uint8_t> counting(rows);
  Buffer<std::int64_t> instants(rows);
  Buffer<std::uint8_t> dated((rows + 7) / 8, std::uint8_t{0});
  for (std::size_t row = 0; row < rows; ++row) {
    operations[row] = static_cast<std::uint16_t>(records_[row].operation);
    counting[row] = counts(row + 1) ? 1 : 0;
    const auto at = records_[row].note.at;
    instants[row] = at ? at->time_since_epoch().count() : 0;
    if (at) dated[row >> 3] = static_cast<std::uint8_t>(dated[row >> 3] | (1U << (row & 7)));
  }
  table.add(Column("operation", std::move(operations),
                   std::make_shared<const std::vector<std::string>>(operation_names.begin(), operation_names.end())));
  table.add(Column("counts", ColumnType::boolean, std::move(counting)));
  table.add(Column("at", ColumnType::instant, std::move(instants), std::move(dated)));
  table.add(texts("who", [](const JournalRecord& record) { return record.note.who; }));
  table.add(texts("reason", [](const JournalRecord& record) { return record.note.reason; }));
  table.add(texts("cards", [](const JournalRecord& record) {
    std::vector<std::string> ids;
    for (const ClientId& id : record.cards) ids.push_back(id.to_text());
    return joined(ids);
  }));
  table.add(texts("keep", [](const JournalRecord& record) { return record.keep ? record.keep->to_text() : ""; }));
  table.add(numbers("policy", [](const JournalRecord& record) { return record.policy; }));
  table.add(texts("field", [](const JournalRecord& record) {
    return record.field == ClientField::client
               ? std::string()
               : std::string(spec(TableId::clients).fields[static_cast<std::size_t>(record.field)].name);
  }));
  table.add(texts("values", [](const JournalRecord& record) { return joined(record.values); }));
  table.add(numbers("of", [](const JournalRecord& record) { return record.of; }));
  table.add(numbers("erased_by", [](const JournalRecord& record) { return record.erased_by; }));
  table.add(texts("base", [](const JournalRecord& record) { return record.base; }));
  return table;
}

}  // namespace klientela
