// Rule packs: what laws and codes of conduct say of contacts, as dated data with their sources. Not legal advice.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/contact_hours.hpp"

namespace klientela {

/// What one provision asks of contacts.
struct ContactRule {
  std::vector<std::string> channels;  ///< "phone", "sms", "email", "messenger", "fax", "letter", ...; empty: any
  bool advertising{true};             ///< of contacts that advertise only; which purposes do is the company's to say
  ContactHours hours;                 ///< by the client's clock
  bool consent{false};                ///< the client has to have agreed before, to this channel and purpose
  std::string text;                   ///< what it says, in short
  std::string citation;               ///< where it is written
  std::string url;
  friend bool operator==(const ContactRule&, const ContactRule&) = default;
};

/// Rules that are in force from one day until the next version's.
struct RulePackVersion {
  Day effective{};  ///< first day, in the client's zone
  std::vector<ContactRule> rules;
  friend bool operator==(const RulePackVersion&, const RulePackVersion&) = default;
};

struct RulePack {
  std::string name;
  std::string title;
  std::string country;     ///< ISO 3166-1 code of two letters, upper case, of the clients it is about; empty: all
  std::string disclaimer;  ///< says that the pack is not legal advice
  std::vector<RulePackVersion> versions;  ///< by effective, ascending

  /// The version in force on a day; nullptr before the first. Lives as long as the pack. O(log versions).
  [[nodiscard]] const RulePackVersion* on(Day day) const noexcept;
  /// Whether it is about clients of that country (code in any case). A client of unknown country ("") is meant by every
  /// pack: it is the careful reading.
  [[nodiscard]] bool is_for(std::string_view client_country) const noexcept;
  friend bool operator==(const RulePack&, const RulePack&) = default;
};

/// What kind of contact is asked about.
struct ContactKind {
  std::string_view country;  ///< of the client, code in any case; empty: unknown
  std::string_view channel;  ///< as ContactRule::channels names it
  bool advertising{true};
};

/// When contacts of a kind are allowed on the days of [first, last] by the rules of all packs in force on each, and by
/// the company's own hours. For hours_profile(). Without a rule: the company's hours.
[[nodiscard]] std::vector<DatedHours> hours_in_force(std::span<const RulePack> packs, const ContactKind& kind,
                                                     const ContactHours& own, Day first, Day last);

/// Whether a rule in force on any day of [first, last] asks for the client's consent before contacts of a kind.
[[nodiscard]] bool consent_required(std::span<const RulePack> packs, const ContactKind& kind, Day first, Day last);

/// Names of the packs that come with the library, ascending: "ru-38-fz", "us-tcpa".
[[nodiscard]] std::vector<std::string_view> rule_pack_names();
/// \param pointer  of the name in the policy, for the error \throws Error bad_policy that names the pointer and the
/// packs there are, for another name
[[nodiscard]] RulePack builtin_rule_pack(std::string_view name, std::string_view pointer = {});

/// Reads {"name", "title", "country", "disclaimer", "versions": [{"effective": "2024-03-26", "rules": [{"channels",
/// "advertising", "hours": {"Mon-Sun": "08:00-21:00"}, "holidays", "consent", "text", "citation", "url"}]}]}.
/// Name, disclaimer, versions, effective, rules and, of each rule, citation are required.
/// \throws Error bad_policy naming the JSON pointer, which begins with `pointer`
[[nodiscard]] RulePack rule_pack_from_json(std::string_view json, std::string_view pointer = {});
/// Reads back the same.
[[nodiscard]] std::string to_json(const RulePack& pack);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string rule_pack_schema();

}  // namespace klientela
