// Values by field names into a card, and matches into columns.
#include "klientela/dedupe/card_search_tables.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "core/text.hpp"
#include "klientela/model/schema.hpp"

namespace klientela {
namespace {

/// A member of a row: one text, or a list of them.
struct TextField {
  ClientField field;
  std::string ClientRow::*one;
  std::vector<std::string> ClientRow::*list;
};
constexpr TextField text_fields[] = {{ClientField::kind, &ClientRow::kind, nullptr},
                                     {ClientField::name, &ClientRow::name, nullptr},
                                     {ClientField::given_name, &ClientRow::given_name, nullptr},
                                     {ClientField::middle_name, &ClientRow::middle_name, nullptr},
                                     {ClientField::family_name, &ClientRow::family_name, nullptr},
                                     {ClientField::emails, nullptr, &ClientRow::emails},
                                     {ClientField::phones, nullptr, &ClientRow::phones},
                                     {ClientField::addresses, nullptr, &ClientRow::addresses},
                                     {ClientField::street, &ClientRow::street, nullptr},
                                     {ClientField::house, &ClientRow::house, nullptr},
                                     {ClientField::street_2, &ClientRow::street_2, nullptr},
                                     {ClientField::city, &ClientRow::city, nullptr},
                                     {ClientField::region, &ClientRow::region, nullptr},
                                     {ClientField::postcode, &ClientRow::postcode, nullptr},
                                     {ClientField::country, &ClientRow::country, nullptr},
                                     {ClientField::tax_numbers, nullptr, &ClientRow::tax_numbers},
                                     {ClientField::identifiers, nullptr, &ClientRow::identifiers},
                                     {ClientField::websites, nullptr, &ClientRow::websites}};

void add_values(std::string_view joined, std::vector<std::string>& to) {
  while (!joined.empty()) {
    const std::size_t end = std::min(joined.find(';'), joined.size());
    if (const auto value = detail::trimmed(joined.substr(0, end)); !value.empty()) to.emplace_back(value);
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
}

}  // namespace

ClientRow client_row(std::span<const std::pair<std::string, std::string>> values) {
  ClientRow row{.client = 0};
  std::set<ClientField> seen;
  for (const auto& [column, value] : values) {
    const auto place = field_for(TableId::clients, column);
    if (!place)
      throw Error(Code::not_found, "\"" + column + "\" is no field of a card, such as family_name, email or phone",
                  column);
    const auto field = static_cast<ClientField>(*place);
    const auto known = std::find_if(std::begin(text_fields), std::end(text_fields),
                                    [&](const TextField& each) { return each.field == field; });
    if (known != std::end(text_fields) && known->list != nullptr) {
      add_values(value, row.*(known->list));
      continue;
    }
    if (!seen.insert(field).second)
      throw Error(Code::invalid_argument, "a card has one value of \"" + column + "\"", column);
    const std::string_view text = detail::trimmed(value);
    if (known != std::end(text_fields)) {
      row.*(known->one) = std::string(text);
    } else if (field == ClientField::birthday) {
      if (text.empty()) continue;
      row.birthday = parse_day(text);
      if (!row.birthday) throw Error(Code::invalid_argument, "\"" + value + "\" is no day as 2026-11-28", column);
    } else if (field != ClientField::client) {
      throw Error(Code::invalid_argument, "cards are not searched by \"" + column + "\"", column);
    }
  }
  return row;
}

Table matches_table(const CardIndex& index, std::span<const CardMatch> matches) {
  const std::size_t n = matches.size();
  const PreparedCards& cards = index.found().cards();
  const auto& comparisons = index.found().comparisons();
  const auto numbers = [&](const std::string& name, auto of) {
    Buffer<double> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = of(matches[i]);
    return Column(name, ColumnType::float64, std::move(values));
  };
  std::vector<ClientId> ids;
  for (const CardMatch& match : matches) ids.push_back(cards.id(match.card));
  Table out;
  if (std::all_of(ids.begin(), ids.end(), [](const ClientId& id) { return id.is_integer(); })) {
    Buffer<std::int64_t> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = ids[i].integer();
    out.add(Column("id", ColumnType::int64, std::move(values)));
  } else {
    std::vector<std::string> texts;
    for (const ClientId& id : ids) texts.push_back(id.to_text());
    out.add(Column("id", texts));
  }
  if (cards.two_lists()) {
    Buffer<std::int32_t> lists(n);
    for (std::size_t i = 0; i < n; ++i) lists[i] = matches[i].card < cards.first_list() ? 1 : 2;
    out.add(Column("list", ColumnType::int32, std::move(lists)));
  }
  out.add(numbers("score", [](const CardMatch& match) { return match.score; }));
  out.add(numbers("probability", [](const CardMatch& match) { return link_probability(match.score); }));
  out.add(numbers("prior_weight", [](const CardMatch& match) { return match.evidence.explanation.prior_weight; }));
  out.add(numbers("shared_weight", [](const CardMatch& match) { return match.evidence.explanation.shared_weight; }));
  std::vector<std::optional<std::string>> shared_by;
  for (const CardMatch& match : matches) {
    const auto& by = match.evidence.explanation.shared_by;
    shared_by.push_back(by ? std::optional(index.found().model().classes()[*by].name) : std::nullopt);
  }
  out.add(Column("shared_by", shared_by));
  for (std::size_t c = 0; c < comparisons.size(); ++c) {
    std::vector<std::optional<std::string>> said;
    for (const CardMatch& match : matches) {
      const std::uint8_t level = match.evidence.levels[c];
      const bool begins = level == 0 && match.evidence.explanation.fields[c].term_weight != 0;
      said.push_back(begins       ? std::optional<std::string>("begins")
                     : level == 0 ? std::nullopt
                                  : std::optional<std::string>(levels(comparisons[c].kind)[level - 1U]));
    }
    if (std::none_of(said.begin(), said.end(), [](const auto& each) { return each.has_value(); })) continue;
    const std::string field(name(comparisons[c].field));
    out.add(Column(field, said));
    out.add(numbers(field + "_weight", [c](const CardMatch& match) {
      const FieldEvidence& of = match.evidence.explanation.fields[c];
      return of.weight + of.term_weight;
    }));
  }
  return out;
}

}  // namespace klientela
