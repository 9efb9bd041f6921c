// What compiles a policy, a classified base and managers to the numbers of a plan, part by part: one source for each of
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "klientela/plan/contact_hours.hpp"
#include "plan/client_records.hpp"
#include "plan/interned.hpp"
#include "plan/periods.hpp"
#include "plan/schedule_data.hpp"

namespace klientela::planning::compiling {

using std::chrono::days;
using Bits = std::vector<std::uint8_t>;

inline constexpr std::uint32_t none = no_code;
inline const std::string root = "/plan";

/// Pointer of an element of one of the policy's lists.
[[nodiscard]] std::string place(const char* list, std::size_t index);

/// What hours depend on beside the client's place.
struct HoursKind {
  std::uint32_t channels{0};
  std::uint32_t own{none};  ///< place among the hours of quotas
  bool advertising{false};
  // clang-tidy 14 sees a zero for a null pointer in what the compiler writes.
  friend auto operator<=>(const HoursKind&, const HoursKind&) = default;  // NOLINT(modernize-use-nullptr)
};

struct ClientPlace {
  std::uint32_t zone{0};
  std::string country{};
  std::string region{};
  friend auto operator<=>(const ClientPlace&, const ClientPlace&) = default;  // NOLINT(modernize-use-nullptr): as above
};

/// Quotas with one window and one kind of manager.
struct Group {
  std::uint32_t cadence{0};
  std::uint32_t by{0};
  bool unconditional{false};            ///< whether some quota has no condition
  std::vector<std::size_t> conditions;  ///< columns of conditions by bit
};

struct Row {
  std::uint32_t row{0};  ///< of the base
  std::uint32_t cadence{0};
  std::uint32_t by{0};
  std::int32_t worth{1000};
  std::uint64_t conditions{0};
};

class Compiler {
 public:
  Compiler(const ClientBase& base, const Table& classified, const PlanPolicy& policy, SchedulePeriod period,
           const ScheduleKnowledge& known, const Control& control);

  [[nodiscard]] std::shared_ptr<const ContactSchedule::Data> run(const Table& managers);

 private:
  /// Asks a row of the base for contacts around a day of some name.
  using Ask = std::function<void(std::uint32_t row, Day day, const std::string& name)>;

  // --- columns and expressions ---

  void add_columns(const Table& classified);
  /// Null where it is not there and may be absent.
  [[nodiscard]] const Column* column(const std::string& name, const std::string& pointer) const;
  /// \param condition  whether it has to be true or false; otherwise a number
  void check(const Expression& expression, const std::string& pointer, bool condition) const;
  [[nodiscard]] Bits holds(const Expression& expression, const std::string& pointer) const;
  [[nodiscard]] std::vector<std::int32_t> worth(const Expression& expression, const std::string& pointer) const;
  void note(std::string english, std::string russian);
  [[nodiscard]] static std::string some(const std::set<std::string>& names);

  // --- managers, owners, pools ---

  void add_managers(const Table& table);
  [[nodiscard]] TimeZone zone_of(const PlanManager& manager) const;
  void add_owners();
  /// By row the manager whose id, or whose name alone, the card gives as owner.
  [[nodiscard]] std::vector<std::uint32_t> owners_on_cards();
  /// By row the manager whom an announced plan gave the client.
  [[nodiscard]] std::vector<std::uint32_t> announced_owners() const;
  /// Managers for whom everything that is asked holds.
  std::uint32_t pool_of(std::uint32_t by, std::uint32_t owner, std::uint32_t language);

  // --- playbooks ---

  [[nodiscard]] std::uint32_t channels_of(const std::vector<std::string>& names) const;
  std::uint32_t by_of(const ContactBy& by);
  [[nodiscard]] Quota quota_of(const PlanQuota& given, const QuotaCut& part);
  /// A cadence of quotas with their activities, all of one window.
  std::uint32_t add_cadence(Day first, Day last, std::vector<std::pair<Quota, Activity>>&& quotas);
  void add_playbooks();
  std::vector<Group> groups_of(std::uint32_t p, std::vector<Bits>& conditions);

  // --- dates: care, surveys, campaigns, revisits ---

  /// Contacts within some days of their own, once.
  std::uint32_t add_dated(AskedBy asked_by, std::size_t part, const std::string& name, const PlanQuota& contact,
                          Day first, Day last, const std::string& label, std::string date_name = {});
  /// Whether a client is asked at all: the condition of the part and that of its contact.
  [[nodiscard]] Bits asked(const Expression& when, const PlanQuota& contact, const std::string& pointer) const;
  /// Whether the contacts of a date were held before the period, by the ids of interactions: another plan asked for
  /// them.
  [[nodiscard]] bool was_held(std::size_t row, const std::string& name, const std::string& label,
                              const PlanQuota& contact);
  /// The last day before the period on which a contact of that name was held with each client, by client_part() of the
  /// client; by the ids of interactions.
  [[nodiscard]] std::unordered_map<std::string, std::int32_t> last_held(const std::string& name);
  void add_care();
  void add_holidays(const CareContact& care, const Bits& fits, const Ask& ask);
  void add_surveys();
  void add_campaigns();
  void add_revisits();

  // --- clients and touches ---

  /// By client, then in the order in which they were asked.
  void sort_rows();
  void add_clients();
  void add_touches();
  /// Takes those off that were held before the day on which they were announced.
  void drop_held();
  void add_limits();
  void add_preferences();
  /// Gives days to the regions of contacts that are batched.
  void add_regions();
  void say_what_is_unknown();

  // --- consents and past contacts ---

  [[nodiscard]] bool advertises(const std::string& folded_purpose) const;
  void add_consents();
  /// Channels permitted on some day, by purpose; where they are not the same on all days, the days are remembered.
  std::vector<std::uint32_t> by_day(std::span<const ConsentLine> lines, const std::vector<std::uint32_t>& asks,
                                    std::size_t client);
  void add_past();

  // --- hours ---

  [[nodiscard]] std::string country_of(std::size_t row, const Column* countries);
  void add_hours();
  /// By day of the plan the channels that blackouts close.
  [[nodiscard]] std::vector<std::uint32_t> blacked_out() const;
  /// The channels whose hours count for a touch: those that the client permits; of several those that are permitted on
  /// all days of its window, or one that is on the most, and that blackouts leave some day. Takes the others off.
  [[nodiscard]] std::uint32_t open_channels(PlanTouch& touch, const std::vector<std::uint32_t>& black) const;
  /// \param clients  those without a zone, by country
  void say_without_zone(const std::map<std::string, std::size_t>& clients, bool others_have_one);
  [[nodiscard]] std::vector<MinuteSpan> profile_of(const HoursKind& kind, const ClientPlace& where,
                                                   const std::vector<TimeZone>& zones,
                                                   const std::vector<WeekHours>& own_hours,
                                                   const std::vector<std::string>& words) const;
  /// What both allow, from each day on which either changes.
  [[nodiscard]] static std::vector<DatedHours> both(const std::vector<DatedHours>& a, const std::vector<DatedHours>& b);

  const ClientBase& base_;
  const ScheduleKnowledge& known_;
  const Control& control_;
  std::shared_ptr<ContactSchedule::Data> data_;
  const PlanPolicy& policy_;
  SchedulePeriod period_;
  ClientRows rows_of_;
  Day as_of_{};
  Table table_;

  std::vector<std::vector<MinuteSpan>> work_;        ///< by day the parts in which anybody works
  std::vector<Day> usual_days_;                      ///< on which somebody works but for absences
  std::vector<std::set<std::string>> tags_, pools_;  ///< of managers, folded
  std::set<std::string> every_tag_;
  Interned<std::tuple<bool, std::string, std::vector<std::string>, bool>> bys_;
  Interned<std::string> consents_;   ///< purposes of consents, folded
  Interned<std::string> languages_;  ///< of clients, folded
  std::vector<std::vector<std::uint32_t>> pool_places_;
  std::int32_t most_gap_{0};
  std::vector<Row> asked_;
  std::optional<std::unordered_map<std::string, std::int32_t>> held_;  ///< days of contacts before the period
  std::set<std::string> unknown_channels_, unknown_countries_;
  std::unordered_map<std::string, std::string> country_codes_;
  std::vector<std::uint32_t> dated_consents_;  ///< by client
  Interned<std::vector<std::uint32_t>> daily_consents_;
  std::vector<std::pair<std::int64_t, std::int64_t>> day_starts_;
};

}  // namespace klientela::planning::compiling
