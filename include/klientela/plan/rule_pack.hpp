// Rule packs: what laws and codes of conduct say of contacts, as dated data with their sources. Not legal advice.
#pragma once

#include <optional>
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

/// The rules of a pack for one channel and kind of contact on one day, taken together. Without a rule: always, and
/// without consent.
struct RuleInForce {
  ContactHours hours;
  bool consent{false};
  friend bool operator==(const RuleInForce&, const RuleInForce&) = default;
};
[[nodiscard]] RuleInForce rule_in_force(const RulePack& pack, Day day, std::string_view channel, bool advertising);

/// Days on which the pack changes within (first, last]: a profile of hours that covers them is made of parts.
[[nodiscard]] std::vector<Day> changes_between(const RulePack& pack, Day first, Day last);

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
