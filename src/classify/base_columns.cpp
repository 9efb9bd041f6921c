// Columns about clients that are no features: cards, requests, the as-of day, assignments; and the table of contacts.
#include "klientela/classify/base_columns.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>

#include "features/state.hpp"
#include "klientela/model/directory.hpp"

namespace klientela {
namespace {

constexpr std::string_view card_prefix = "card.";
constexpr std::size_t rows_at_once = 4096;

template <class T>
struct Filled {
  Buffer<T> values;
  Buffer<std::uint8_t> valid;
  explicit Filled(std::size_t rows) : values(rows, T{}), valid((rows + 7) / 8, 0) {}
  void set(std::size_t row, T value) {
    values[row] = value;
    valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
  }
};

/// Texts of rows as a term column whose labels are in byte order.
Column terms_of(std::string name, const std::vector<std::uint32_t>& codes, const std::vector<std::string>& texts) {
  std::vector<std::uint32_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return texts[a] < texts[b]; });
  std::vector<std::uint32_t> place(texts.size());
  std::vector<std::string> labels;
  for (const std::uint32_t text : order) {
    if (labels.empty() || labels.back() != texts[text]) labels.push_back(texts[text]);
    place[text] = static_cast<std::uint32_t>(labels.size() - 1);
  }
  Filled<std::uint32_t> filled(codes.size());
  for (std::size_t row = 0; row < codes.size(); ++row)
    if (codes[row] != no_code) filled.set(row, place[codes[row]]);
  return Column(std::move(name), std::move(filled.values),
                std::make_shared<const std::vector<std::string>>(std::move(labels)), std::move(filled.valid));
}

/// Calls visit(row, chunk values, row of the chunk) for every client with a card on which the field was delivered.
template <class Visit>
void for_cards(const ClientBase& base, std::size_t field, Visit&& visit) {
  const auto codes = base.codes_in_order();
  const auto chunks = base.chunks(TableId::clients);
  for (std::size_t row = 0; row < codes.size(); ++row) {
    const auto card = base.card_of(codes[row]);
    if (!card) continue;
    if (const Values* values = chunks[card->chunk]->values(field)) visit(row, card->chunk, *values, card->row);
  }
}

/// A field of terms: codes by client row, read chunk by chunk.
std::vector<std::uint32_t> card_codes(const ClientBase& base, std::size_t field) {
  std::vector<std::vector<std::uint32_t>> read;
  for (const auto& chunk : base.chunks(TableId::clients)) {
    std::vector<std::uint32_t>& codes = read.emplace_back();
    const Values* values = chunk->values(field);
    if (values == nullptr) continue;
    codes.resize(chunk->rows());
    for (std::size_t begin = 0; begin < codes.size(); begin += rows_at_once)
      values->codes(begin, std::span(codes).subspan(begin, std::min(rows_at_once, codes.size() - begin)));
  }
  std::vector<std::uint32_t> codes(base.clients(), no_code);
  for_cards(base, field,
            [&](std::size_t row, std::size_t chunk, const Values&, std::size_t at) { codes[row] = read[chunk][at]; });
  return codes;
}

bool has_directory(std::size_t field) {
  return field == static_cast<std::size_t>(ClientField::relationship_type) ||
         field == static_cast<std::size_t>(ClientField::category) ||
         field == static_cast<std::size_t>(ClientField::industry);
}

/// The terms of a field, in the codes of its directory where they mean an entry; `entries` where given are their
/// places.
std::vector<std::string> resolved_terms(const ClientBase& base, TableId table, std::size_t field,
                                        const Directory* directory,
                                        std::vector<std::optional<std::size_t>>* entries = nullptr) {
  std::vector<std::string> texts;
  for (const std::string_view term : base.terms(table, field)) {
    const auto entry = directory != nullptr ? directory->find(term) : std::nullopt;
    texts.emplace_back(entry ? std::string_view(directory->entries()[*entry].code) : term);
    if (entries != nullptr) entries->push_back(entry);
  }
  return texts;
}

Column term_column(const ClientBase& base, const std::string& name, std::size_t field) {
  std::optional<Directory> directory;
  if (has_directory(field)) directory = Directory::of(base, spec(TableId::clients).fields[field].name);
  return terms_of(name, card_codes(base, field),
                  resolved_terms(base, TableId::clients, field, directory ? &*directory : nullptr));
}

/// card.industry.2: the code at a level of the tree.
Column level_column(const ClientBase& base, const std::string& name, std::size_t field, std::size_t level) {
  const Directory directory = Directory::of(base, spec(TableId::clients).fields[field].name);
  std::vector<std::optional<std::size_t>> entries;
  std::vector<std::string> texts = resolved_terms(base, TableId::clients, field, &directory, &entries);
  std::vector<std::uint32_t> codes = card_codes(base, field);
  std::vector<bool> there(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (const auto above = entries[i] ? directory.ancestor(*entries[i], level) : std::nullopt) {
      texts[i] = directory.entries()[*above].code;
      there[i] = true;
    }
  for (std::uint32_t& code : codes)
    if (code != no_code && !there[code]) code = no_code;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!there[i]) texts[i].clear();
  return terms_of(name, codes, texts);
}

Column text_column(const ClientBase& base, const std::string& name, std::size_t field, FieldType type) {
  std::vector<std::optional<std::string>> texts(base.clients());
  for_cards(base, field, [&](std::size_t row, std::size_t, const Values& values, std::size_t at) {
    if (values.is_null(at)) return;
    if (type == FieldType::texts) {
      std::string joined;
      for (const std::string_view each : values.texts(at)) joined += (joined.empty() ? "" : "; ") + std::string(each);
      if (!joined.empty()) texts[row] = std::move(joined);
    } else if (type == FieldType::client) {
      std::uint32_t code = no_code;
      values.codes(at, {&code, 1});
      if (code != no_code) texts[row] = base.id_of(code).to_text();
    } else if (const std::string_view text = values.text(at); !text.empty()) {
      texts[row] = std::string(text);
    }
  });
  return Column(name, texts);
}

Column day_column(const ClientBase& base, const std::string& name, std::size_t field) {
  Filled<std::int32_t> days(base.clients());
  for_cards(base, field, [&](std::size_t row, std::size_t, const Values& values, std::size_t at) {
    std::int32_t day = null_day;
    values.days(at, {&day, 1});
    if (day != null_day) days.set(row, day);
  });
  return Column(name, ColumnType::day, std::move(days.values), std::move(days.valid));
}

std::optional<Column> card_column(const ClientBase& base, const std::string& name) {
  std::string_view field_name = std::string_view(name).substr(card_prefix.size());
  std::size_t level = 0;
  if (const std::size_t point = field_name.rfind('.'); point != std::string_view::npos) {
    const std::string_view digits = field_name.substr(point + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
    if (error != std::errc{} || end != digits.data() + digits.size() || level == 0 || level > 100) return std::nullopt;
    field_name = field_name.substr(0, point);
  }
  const auto fields = spec(TableId::clients).fields;
  for (std::size_t field = 1; field < fields.size(); ++field) {
    if (fields[field].name != field_name) continue;
    if (level > 0) {
      if (!has_directory(field)) return std::nullopt;
      return level_column(base, name, field, level);
    }
    switch (fields[field].type) {
      case FieldType::term: return term_column(base, name, field);
      case FieldType::day:
      case FieldType::instant: return day_column(base, name, field);
      default: return text_column(base, name, field, fields[field].type);
    }
  }
  return std::nullopt;
}

/// Whether any delivery had the field of card.FIELD; no card has one of another name.
bool card_delivered(const ClientBase& base, std::string_view name) {
  name.remove_prefix(card_prefix.size());
  const auto fields = spec(TableId::clients).fields;
  for (std::size_t field = 1; field < fields.size(); ++field) {
    if (name != fields[field].name && !name.starts_with(std::string(fields[field].name) + '.')) continue;
    const auto chunks = base.chunks(TableId::clients);
    return std::any_of(chunks.begin(), chunks.end(),
                       [&](const auto& chunk) { return chunk->values(field) != nullptr; });
  }
  return false;
}

/// requests and last_request.
std::pair<Column, Column> request_columns(const ClientBase& base, Day as_of) {
  const auto until = static_cast<std::int32_t>(as_of.time_since_epoch().count());
  const features_internal::CodeIndex index(base.partition_sizes());
  const auto row_of = features_internal::rows_by_code(base, index, {});
  Buffer<std::int64_t> counts(base.clients(), 0);
  Filled<std::int32_t> last(base.clients());
  std::vector<std::int32_t> days(rows_at_once);
  for (const auto& chunk : base.chunks(TableId::requests)) {
    const auto clients = chunk->clients();
    const Values* at = (*chunk)[RequestField::at];
    for (std::size_t begin = 0; begin < chunk->rows(); begin += rows_at_once) {
      const std::size_t size = std::min(rows_at_once, chunk->rows() - begin);
      std::fill_n(days.begin(), size, null_day);
      if (at != nullptr) at->days(begin, std::span(days).first(size));
      for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t code = clients[begin + i];
        if (code == no_code || chunk->is_rejected(begin + i) || days[i] > until) continue;
        const std::uint32_t row = (*row_of)[index(code)];
        ++counts[row];
        const bool known = ((last.valid[row >> 3] >> (row & 7)) & 1) != 0;
        if (days[i] != null_day && (!known || days[i] > last.values[row])) last.set(row, days[i]);
      }
    }
  }
  return {Column("requests", ColumnType::int64, std::move(counts)),
          Column("last_request", ColumnType::day, std::move(last.values), std::move(last.valid))};
}

void check_rows(const ClientBase& base, const Table& table) {
  const Column own = base.client_column();
  const Column* given = table.find("client");
  bool same = given != nullptr && given->size() == own.size();
  if (same && given->data() == own.data()) return;
  for (std::size_t row = 0; same && row < own.size(); ++row) same = given->to_text(row) == own.to_text(row);
  if (!same)
    throw Error(Code::invalid_argument, "the rows of the table are not the clients of the base in their order",
                "client");
}

}  // namespace

std::vector<std::string> base_column_names() {
  std::vector<std::string> names{"as_of", "requests", "last_request"};
  const auto fields = spec(TableId::clients).fields;
  for (std::size_t field = 1; field < fields.size(); ++field)
    names.push_back(std::string(card_prefix) + std::string(fields[field].name));
  return names;
}

Table with_base_columns(const ClientBase& base, Table table, Day as_of, std::span<const std::string> wanted,
                        const Assignments& assignments, const Control& control) {
  bool checked = false;
  for (const std::string& name : wanted) {
    if (table.find(name) != nullptr) continue;
    control.check();
    if (!checked) check_rows(base, table);
    checked = true;
    const std::size_t rows = base.clients();
    if (name == "as_of") {
      table.add(Column(name, ColumnType::day,
                       Buffer<std::int32_t>(rows, static_cast<std::int32_t>(as_of.time_since_epoch().count()))));
    } else if (name == "requests" || name == "last_request") {
      auto [requests, last] = request_columns(base, as_of);
      table.add(name == "requests" ? std::move(requests) : std::move(last));
    } else if (name.starts_with(card_prefix)) {
      if (auto column = card_column(base, name)) table.add(std::move(*column));
    } else if (name.starts_with("hand.") || name.starts_with("bulk.")) {
      const ValueSource source = name.starts_with("hand.") ? ValueSource::hand : ValueSource::bulk;
      table.add(assignments.column(base.client_column(), std::string_view(name).substr(5), source, name));
    }
  }
  return table;
}

std::vector<std::string> columns_with_data(const ClientBase& base, std::span<const std::string> names) {
  std::vector<std::string> kept;
  for (const std::string& name : names) {
    const bool card = name.starts_with(card_prefix);
    const bool request = name == "requests" || name == "last_request";
    const bool interaction = name.starts_with("interactions") || name == "last_interaction";
    const bool assigned = name.starts_with("hand.") || name.starts_with("bulk.");
    if (card && !card_delivered(base, name)) continue;
    if (request && base.accepted(TableId::requests) == 0) continue;
    if (interaction && base.accepted(TableId::interactions) == 0) continue;
    if (assigned) continue;
    kept.push_back(name);
  }
  return kept;
}

std::vector<std::string> inputs_of(std::span<const AnyClassifier> classifiers) {
  std::vector<std::string> names;
  for (const AnyClassifier& classifier : classifiers)
    for (const std::string& name : classifier.inputs())
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

Table contact_table(const ClientBase& base, Day as_of) {
  const auto day = static_cast<std::int32_t>(as_of.time_since_epoch().count());
  const Directory directory = Directory::of(base, "role");
  const std::vector<std::string> roles =
      resolved_terms(base, TableId::contacts, static_cast<std::size_t>(ContactField::role), &directory);
  struct Edge {
    ClientId contact;
    std::optional<ClientId> organisation;
    std::uint32_t role{no_code};
    std::optional<std::string> title{};
    std::uint8_t primary{2};
    std::int32_t since{null_day};
    std::int32_t until{null_day};
  };
  std::vector<Edge> edges;
  for (const auto& chunk : base.chunks(TableId::contacts)) {
    const Values* organisation = (*chunk)[ContactField::organisation];
    const Values* role = (*chunk)[ContactField::role];
    const Values* title = (*chunk)[ContactField::title];
    const Values* primary = (*chunk)[ContactField::primary];
    const Values* since = (*chunk)[ContactField::since];
    const Values* until = (*chunk)[ContactField::until];
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      const std::uint32_t contact = chunk->clients()[row];
      if (contact == no_code || chunk->is_rejected(row)) continue;
      Edge edge{.contact = base.id_of(contact), .organisation = std::nullopt};
      if (since != nullptr) since->days(row, {&edge.since, 1});
      if (until != nullptr) until->days(row, {&edge.until, 1});
      if (edge.since != null_day && edge.since > day) continue;
      if (edge.until != null_day && edge.until < day) continue;
      std::uint32_t other = no_code;
      if (organisation != nullptr) organisation->codes(row, {&other, 1});
      if (other != no_code) edge.organisation = base.id_of(other);
      if (role != nullptr) role->codes(row, {&edge.role, 1});
      if (title != nullptr && !title->is_null(row)) edge.title = std::string(title->text(row));
      if (primary != nullptr) primary->booleans(row, {&edge.primary, 1});
      edges.push_back(std::move(edge));
    }
  }
  // Canonical: whatever order the rows came in. Equal keys are told apart by what is left.
  const auto role_of = [&](const Edge& edge) { return edge.role == no_code ? std::string() : roles[edge.role]; };
  std::stable_sort(edges.begin(), edges.end(), [&](const Edge& a, const Edge& b) {
    if (const auto order = a.contact <=> b.contact; std::is_neq(order)) return std::is_lt(order);
    if (a.organisation.has_value() != b.organisation.has_value()) return !a.organisation.has_value();
    if (a.organisation)
      if (const auto order = *a.organisation <=> *b.organisation; std::is_neq(order)) return std::is_lt(order);
    return std::tuple(role_of(a), a.title, a.primary, a.since, a.until) <
           std::tuple(role_of(b), b.title, b.primary, b.since, b.until);
  });
  const std::size_t rows = edges.size();
  std::vector<std::string> contacts;
  std::vector<std::optional<std::string>> organisations;
  std::vector<std::uint32_t> role_codes;
  std::vector<std::optional<std::string>> titles;
  Filled<std::uint8_t> primary(rows);
  Filled<std::int32_t> since(rows);
  Filled<std::int32_t> until(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const Edge& edge = edges[row];
    contacts.push_back(edge.contact.to_text());
    organisations.push_back(edge.organisation ? std::optional(edge.organisation->to_text()) : std::nullopt);
    role_codes.push_back(edge.role);
    titles.push_back(edge.title);
    if (edge.primary != 2) primary.set(row, edge.primary);
    if (edge.since != null_day) since.set(row, edge.since);
    if (edge.until != null_day) until.set(row, edge.until);
  }
  std::vector<Column> columns;
  columns.emplace_back("client", contacts);
  columns.emplace_back("organisation", organisations);
  columns.push_back(terms_of("role", role_codes, roles));
  columns.emplace_back("title", titles);
  columns.emplace_back("primary", ColumnType::boolean, std::move(primary.values), std::move(primary.valid));
  columns.emplace_back("since", ColumnType::day, std::move(since.values), std::move(since.valid));
  columns.emplace_back("until", ColumnType::day, std::move(until.values), std::move(until.valid));
  return Table(std::move(columns));
}

}  // namespace klientela
