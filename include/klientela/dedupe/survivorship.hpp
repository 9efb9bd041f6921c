// Which values a client's one card keeps out of those of several: a rule per field, in a versioned policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/model/schema.hpp"

namespace klientela {

/// Whose value a field keeps. Only cards with a value in the field count; of equals the smallest client id.
enum class SurvivorRule : std::uint8_t {
  newest,         ///< of the card changed last: `updated_at`, where it is null `created_at`; null is the oldest
  most_complete,  ///< of the card with most fields filled; of a group: with most of the group's fields filled
  most_trusted,   ///< of the card whose `source` stands first in `trusted_sources`; unlisted ones come after all
  most_frequent,  ///< the value that most cards have; texts compared as written, without the blanks around them
  longest,        ///< most characters; of a list: most values; of a group: of all its fields together
  union_,         ///< every value, in order of client id; list fields alone. Repeats are left out: phones compared by
                  ///< their digits, other lists without the case of ASCII letters
  custom,         ///< the card that the host's function names
};

/// The rule's name in a policy, for example "union". Static lifetime.
[[nodiscard]] std::string_view name(SurvivorRule rule) noexcept;

struct Survivorship {
  SurvivorRule rule{SurvivorRule::newest};
  std::string function{};  ///< of custom: its name among the host's functions; else empty
  friend bool operator==(const Survivorship&, const Survivorship&) = default;
};

/// Fields that come from one card together, nulls included, so that no value is made that nobody ever wrote.
struct SurvivorGroup {
  std::vector<ClientField> fields;  ///< two or more
  Survivorship by{};                ///< not union_
  friend bool operator==(const SurvivorGroup&, const SurvivorGroup&) = default;
};

/// Which of the cards' ids the client keeps. A merge that names a card to keep overrides it.
enum class SurvivorId : std::uint8_t {
  oldest,    ///< of the card with the earliest `created_at`, null last; of equals the smallest id
  smallest,  ///< the first in canonical order
};

/// How cards are merged. `client` is the survivor's id; `created_at` is the earliest and `updated_at` the latest of all
/// cards. What somebody wrote into a field of one of the cards (an edit) wins over every rule, the last edit over
/// earlier ones.
struct SurvivorshipPolicy {
  std::uint32_t version{1};  ///< in [1, 2^31); a journal holds one policy of each version
  SurvivorId survivor{SurvivorId::oldest};
  Survivorship fields_by_default{};                         ///< of fields with one value; not union_
  Survivorship lists_by_default{SurvivorRule::union_, {}};  ///< of emails, phones, addresses, tax_numbers, ...
  std::map<ClientField, Survivorship> fields{};             ///< other rules by field; none of a group's
  std::vector<SurvivorGroup> groups{whole_address()};       ///< no field in two
  std::vector<std::string> trusted_sources{};               ///< the most trusted first
  bool across_kinds{false};                                 ///< whether organisations and persons may be merged
  friend bool operator==(const SurvivorshipPolicy&, const SurvivorshipPolicy&) = default;

  /// Street, house, second line, city, region, postcode and country, by the most complete.
  [[nodiscard]] static SurvivorGroup whole_address();
};

/// Reads {"version", "survivor": "oldest" or "smallest", "default", "lists", "fields": {name: rule}, "groups":
/// [{"fields", "rule"}], "trusted_sources", "across_kinds"}; a rule is its name, or {"custom": "function"}. Every key
/// is optional. \param pointer  JSON pointer of the object in the document it was cut from; where() of errors begins
/// with it \throws Error bad_policy for unknown keys, fields and rules, a rule that does not fit its field, a field in
/// two groups or in a group and in `fields`
[[nodiscard]] SurvivorshipPolicy survivorship_policy_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; survivorship_policy_from_json gives the same policy back. One line where `indent` is below 0.
[[nodiscard]] std::string to_json(const SurvivorshipPolicy& policy, int indent = 2);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string survivorship_policy_schema();
/// \throws Error bad_policy as survivorship_policy_from_json, for a policy that was made in C++
void check_policy(const SurvivorshipPolicy& policy, std::string_view pointer = {});

/// One card's value as a host's function sees it.
struct SurvivorCandidate {
  ClientId client;
  std::vector<std::string> values{};  ///< of a group: one per field, empty for null; else the field's, at least one
  std::optional<Instant> created_at{}, updated_at{};
  std::string source{};
};

/// What a host's function is asked: the field, or the first field of a group, and the cards with a value there, by
/// client id. Borrowed for the call.
struct SurvivorQuestion {
  ClientField field;
  std::span<const SurvivorCandidate> candidates;
};

/// The place of the candidate that survives; none: the field becomes null. Must answer the same to the same question,
/// and may be called from several threads.
using SurvivorFunction = std::function<std::optional<std::size_t>(const SurvivorQuestion&)>;
using SurvivorFunctions = std::map<std::string, SurvivorFunction, std::less<>>;

/// Cards of one client that say different things, and what its one card says.
struct MergeConflict {
  ClientId client;                  ///< the survivor
  TableId table{TableId::clients};  ///< clients, or contacts and consents that the client had twice
  std::string field{};              ///< a field of the table
  /// Of other tables than clients: which row: "organisation, role" or "channel, purpose".
  std::string row{};
  struct Value {
    ClientId client;      ///< whose card or row
    std::string value{};  ///< as text; of a list joined by "; "; empty: null
    friend bool operator==(const Value&, const Value&) = default;
  };
  std::vector<Value> values{};  ///< by client id, nulls of cards left out
  std::string chosen{};
  /// A rule's name, or why no rule was asked: "edit", "circle" (a parent that would have become its own ancestor),
  /// "widest" (days of one contact), "any" (primary where one is), "latest" (consents that allow and forbid
  /// one thing for one time: of the latest since, then the latest delivery, of one the refusal, as plans have it).
  std::string rule{};
  friend bool operator==(const MergeConflict&, const MergeConflict&) = default;
};

}  // namespace klientela
