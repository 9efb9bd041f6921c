// What a company wants of its contacts: playbooks, limits, consent, hours, care, campaigns; the policy's part `plan`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/expression.hpp"
#include "klientela/core/money.hpp"
#include "klientela/core/time.hpp"
#include "klientela/plan/calendar_text.hpp"
#include "klientela/plan/contact_hours.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/owners.hpp"
#include "klientela/plan/problem.hpp"
#include "klientela/plan/rule_pack.hpp"

namespace klientela {

/// What is said to people, in both languages; in JSON {"en", "ru"}, or one text for both.
struct PlanWords {
  std::string english{};
  std::string russian{};
  /// That language's, or the other's where it is empty.
  [[nodiscard]] const std::string& text(Language language) const noexcept {
    return (language == Language::russian && !russian.empty()) || english.empty() ? russian : english;
  }
  friend bool operator==(const PlanWords&, const PlanWords&) = default;
};

/// A way to reach a client. What others call it is compared without case, blanks, '_', '-' and '.'.
struct PlanChannel {
  std::string name{};                   ///< 1 to 100 bytes
  PlanWords words{};                    ///< for sentences; empty: the name
  std::vector<std::string> aliases{};   ///< other spellings in consents, interactions and capacities
  std::int32_t minutes{10};             ///< of a contact that does not say, 1 to max_day_minutes
  std::int32_t contacts{0};             ///< a manager holds in a day at most; 0: as many as there is time for
  bool consent{false};                  ///< takes a consent given before; else it is enough that nobody refused
  std::optional<ContactHours> hours{};  ///< of the client's clock; unset: those of the plan
  friend bool operator==(const PlanChannel&, const PlanChannel&) = default;
};

/// Which managers may hold a contact: those for whom all of this holds. Nothing set: any manager.
struct ContactBy {
  bool owner{false};                  ///< the client's
  std::string pool{};                 ///< those of a pool of the table of managers; empty: all
  std::vector<std::string> skills{};  ///< those with all of these tags
  bool language{false};               ///< those with the client's language as a tag; without one all
  friend bool operator==(const ContactBy&, const ContactBy&) = default;
};

/// So many contacts of one kind.
struct PlanQuota {
  std::string name{};                   ///< a part of the contacts' ids; empty: its place in the playbook, from 1
  std::vector<std::string> channels{};  ///< any of them will do; at least one
  std::int32_t least{1};                ///< contacts that should happen
  std::int32_t most{1};                 ///< contacts that are asked for; equal to least: exactly so many
  /// Calendar period in which they should happen; unset: the plan's, however long it is.
  std::optional<Period> per{Period::month};
  std::string topic{};
  std::string initiative{"outbound"};
  std::vector<PlanWords> purposes{};              ///< in this order; further contacts have the last one
  std::int32_t minutes{0};                        ///< planned duration of each; 0: that of its first channel
  std::int64_t value{Money::scale};               ///< of the first contact, units of 1/10000, 0 to 1e12
  std::int32_t keep_per_mille{1000};              ///< each further contact is worth so much of the one before
  std::int64_t least_value{0};                    ///< what each of the first `least` is worth beside
  std::int32_t gap_days{0};                       ///< least calendar days after the client's contact before
  std::uint32_t weekdays{0};                      ///< preferred: bit 0 is Monday; 0: all alike
  std::int64_t weekday_value{Money::scale / 10};  ///< what a preferred weekday adds
  std::optional<WeekHours> hours{};               ///< of the client's clock, beside what else limits them
  ContactBy by{.owner = true};
  std::optional<Expression> only_if{};  ///< condition on the client
  bool spread{true};                    ///< each contact has its share of the period to itself
  std::string consent{"marketing"};     ///< purpose of the table `consents` that it comes under
  friend bool operator==(const PlanQuota&, const PlanQuota&) = default;
};

/// A strategy: for whom, in words and as quotas.
struct Playbook {
  std::string name{};                 ///< 1 to 100 bytes, unlike any other's; a part of the contacts' ids
  std::string set{};                  ///< of the playbooks of a set the first that fits a client counts; empty: always
  Expression when{};                  ///< for whom
  PlanWords words{};                  ///< the strategy
  std::optional<Expression> worth{};  ///< a number that multiplies values, cut to [0, 1000]; null counts as 1
  std::vector<PlanQuota> quotas{};    ///< may be empty: words only
  friend bool operator==(const Playbook&, const Playbook&) = default;
};

/// Contacts around a date that comes back every year.
struct CareContact {
  std::string name{};
  Expression when{};
  PlanWords words{};
  std::string on{"card.birthday"};      ///< a column of days, or "holidays": public ones of the client's country
  std::vector<std::string> holidays{};  ///< names of those that count; empty: all
  std::int32_t before_days{0};          ///< window around the date, 0 to 60 each
  std::int32_t after_days{3};
  PlanQuota contact{};
  friend bool operator==(const CareContact&, const CareContact&) = default;
};

/// A survey that is due some time after the client's last answer.
struct PlanSurvey {
  std::string name{};
  Expression when{};
  PlanWords words{};
  std::string measure{};         ///< "csat", "nps", "ces"; empty: any
  std::int32_t every_days{180};  ///< after the last answer or the last ask, 1 to 3660
  PlanQuota contact{};
  friend bool operator==(const PlanSurvey&, const PlanSurvey&) = default;
};

/// Tells those whom it concerns, in time.
struct Campaign {
  std::string name{};
  Expression when{};
  PlanWords words{};
  std::optional<Day> first{};  ///< unset: from the plan's first day on
  Day deadline{};              ///< last day
  PlanQuota contact{};
  friend bool operator==(const Campaign&, const Campaign&) = default;
};

/// Requests that come back: on the day that was agreed on, or some time after they were lost.
struct Revisits {
  PlanWords words{};
  std::int32_t within_days{7};           ///< window from the day on, 0 to 366
  std::int32_t overdue_days{30};         ///< so far back a day that nobody kept still counts, 0 to 3660
  std::vector<std::string> recycle{};    ///< states of requests that come back without a day
  std::int32_t recycle_after_days{180};  ///< after the request, 1 to 3660
  PlanQuota contact{};
  friend bool operator==(const Revisits&, const Revisits&) = default;
};

/// Days without contacts.
struct Blackout {
  Day first{};
  Day last{};
  std::vector<std::string> channels{};  ///< empty: all
  PlanWords words{};
  friend bool operator==(const Blackout&, const Blackout&) = default;
};

struct PlanLimit {
  std::int32_t contacts{1};             ///< at most, in any `days` consecutive days
  std::int32_t days{1};                 ///< 1 to 1000
  std::vector<std::string> channels{};  ///< that count; empty: all
  friend bool operator==(const PlanLimit&, const PlanLimit&) = default;
};

struct PlanOwners {
  bool keep{true};                   ///< owners on cards who fit stay
  std::vector<std::string> needs{};  ///< columns whose value the owner must have as a tag, where any manager has it
  std::optional<Expression> dedicated{};  ///< who wants a dedicated manager; unset: nobody
  friend bool operator==(const PlanOwners&, const PlanOwners&) = default;
};

/// Contacts of clients of one place are drawn to the same days.
struct PlanBatching {
  std::vector<std::string> channels{};   ///< empty: no batching
  std::string by{"card.city"};           ///< column that says the place; null: drawn nowhere
  std::int64_t value{Money::scale / 5};  ///< what the place's day adds to a contact
  friend bool operator==(const PlanBatching&, const PlanBatching&) = default;
};

/// {"time_zone", "channels", "playbooks", "care", "surveys", "campaigns", "revisits", "limits", "hours",
/// "advertising", "rule_packs", "blackouts", "owners", "batching", "may_be_absent", "solver"}; see docs/policy.md.
struct PlanPolicy {
  std::string time_zone{};            ///< IANA name of the plan's days; empty: the base's
  std::vector<PlanChannel> channels;  ///< 1 to max_plan_channels, the first in the order of preference
  std::vector<Playbook> playbooks;    ///< in order of precedence within a set
  std::vector<CareContact> care;
  std::vector<PlanSurvey> surveys;
  std::vector<Campaign> campaigns;
  std::optional<Revisits> revisits;
  std::vector<PlanLimit> limits;
  ContactHours hours;                    ///< in which clients may be contacted, by their own clock
  std::vector<std::string> advertising;  ///< purposes that advertise, as rule packs mean it
  std::vector<RulePack> rule_packs;
  std::vector<Blackout> blackouts;
  PlanOwners owners;
  PlanBatching batching;
  std::vector<std::string> may_be_absent;  ///< columns that count as null where the table lacks them
  PlanOptions solver;

  /// The default: channels, and playbooks for the groups of the contact matrix, the tiers and the classes of ABC.
  PlanPolicy();
  /// Without channels and playbooks, to be filled: the other parts as PlanPolicy's own defaults.
  [[nodiscard]] static PlanPolicy empty();
  friend bool operator==(const PlanPolicy&, const PlanPolicy&) = default;

 private:
  explicit PlanPolicy(std::nullptr_t) {}
};

}  // namespace klientela
