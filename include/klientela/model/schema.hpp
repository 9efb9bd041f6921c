// The tables of a client base: every field's name, type and aliases, in one place that all surfaces read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace klientela {

enum class TableId : std::uint8_t {
  clients,       ///< cards of organisations and persons
  contacts,      ///< a person's role at an organisation: the (contact, organisation) edge
  directories,   ///< entries of relationship types, categories, industries, roles, regions, products
  consents,      ///< per client, channel and purpose
  transactions,  ///< purchase and refund lines
  requests,      ///< what clients asked for
  interactions,  ///< contacts that are planned or happened
  feedback,      ///< survey answers
};
inline constexpr std::size_t table_count = 8;

/// What a field holds and what it accepts; `docs/tables.md` says how each is read from text.
enum class FieldType : std::uint8_t {
  client,   ///< the id of a client: an integer or a text; "17850" and 17850 are one id
  text,     ///< UTF-8, kept as it came
  texts,    ///< several texts: an Arrow list, or one text cut at ';'
  term,     ///< a text from a directory, interned: category, product, channel, ...
  money,    ///< exact, four decimals
  number,   ///< exact, four decimals: quantities, scores
  day,      ///< a calendar day
  instant,  ///< a moment; without a zone it is read in the base's time zone
  boolean,
};

struct FieldSpec {
  std::string_view name;
  FieldType type;
  bool required;                              ///< a row without a value here is rejected
  std::span<const std::string_view> aliases;  ///< accepted column names, compared without case, spaces, '_', '-', '.'
  std::string_view note;                      ///< one sentence: unit, meaning, default
};

struct TableSpec {
  TableId id;
  std::string_view name;
  std::span<const FieldSpec> fields;  ///< indexed by the table's field enumeration below
  std::string_view note;
};

enum class ClientField : std::uint8_t {
  client,
  kind,
  parent,
  name,
  given_name,
  middle_name,
  family_name,
  emails,
  phones,
  addresses,
  street,
  house,
  street_2,
  city,
  region,
  postcode,
  country,
  tax_numbers,
  identifiers,
  websites,
  birthday,
  language,
  time_zone,
  source,
  owner,
  relationship_type,
  category,
  industry,
  created_at,
  updated_at
};
enum class ContactField : std::uint8_t { contact, organisation, role, title, primary, since, until };
enum class DirectoryField : std::uint8_t { directory, code, title, parent, aliases };
enum class ConsentField : std::uint8_t { client, channel, purpose, granted, since, until, source };
enum class TransactionField : std::uint8_t {
  client,
  at,
  amount,
  unit_price,
  quantity,
  profit,
  order,
  product,
  product_category,
  refund,
  currency
};
enum class RequestField : std::uint8_t { request, client, at, source, state, product, revisit_on, subject, owner };
enum class InteractionField : std::uint8_t {
  interaction,
  client,
  contact,
  channel,
  initiative,
  topic,
  planned_from,
  planned_to,
  started_at,
  ended_at,
  state,
  responsible,
  outcome,
  subject
};
enum class FeedbackField : std::uint8_t { client, at, measure, score, channel, interaction, comment };

/// One value of a closed list and the other spellings that are read as it, compared like column names.
struct ClosedValue {
  std::string_view name;
  std::span<const std::string_view> aliases;
};

/// A name as names are compared: without case (Latin and Cyrillic letters), blanks, '_', '-', '.' and a byte order
/// mark.
[[nodiscard]] std::string folded_name(std::string_view text);
/// The machine-readable name of a field type, for example "instant".
[[nodiscard]] std::string_view name(FieldType type) noexcept;
/// The specification of one table; O(1), static lifetime.
[[nodiscard]] const TableSpec& spec(TableId table) noexcept;
/// By name, for example "transactions"; nullopt for an unknown one.
[[nodiscard]] std::optional<TableId> table_named(std::string_view name) noexcept;
/// The field that a column of that name feeds, by name or alias; nullopt where none does.
[[nodiscard]] std::optional<std::size_t> field_for(TableId table, std::string_view column_name) noexcept;

/// The values of a closed list (kind, initiative, state, measure); empty for every other field. Their term codes are
/// their places here, in every base: state is 0 planned, 1 completed, 2 cancelled.
[[nodiscard]] std::span<const ClosedValue> closed_values(TableId table, std::size_t field) noexcept;
/// Place in closed_values() of a text by name or alias; nullopt where none fits.
[[nodiscard]] std::optional<std::size_t> closed_value(TableId table, std::size_t field, std::string_view text);

}  // namespace klientela
