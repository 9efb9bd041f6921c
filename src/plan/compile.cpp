// Compiles a policy, a classified base and managers to the numbers of a plan: who is asked for what, who may do it,
// when it may be.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "classify/expression_tree.hpp"
#include "core/misspelling.hpp"
#include "core/text.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/model/schema.hpp"
#include "klientela/plan/contact_hours.hpp"
#include "plan/client_records.hpp"
#include "plan/countries.hpp"
#include "plan/periods.hpp"
#include "plan/policy_check.hpp"
#include "plan/schedule_data.hpp"
#include "plan/wall_clock.hpp"

namespace klientela::planning {
namespace {

using std::chrono::days;
using Bits = std::vector<std::uint8_t>;

constexpr std::uint32_t none = no_code;
constexpr std::size_t most_touches = 50'000'000;
const std::string root = "/plan";

std::string place(const char* list, std::size_t index) { return fmt::format("{}/{}/{}", root, list, index); }

/// Numbers equal things from 0 in order of first appearance.
template <class Key>
class Interned {
 public:
  std::uint32_t operator()(const Key& key) {
    const auto [at, added] = places_.try_emplace(key, static_cast<std::uint32_t>(values_.size()));
    if (added) values_.push_back(key);
    return at->second;
  }
  [[nodiscard]] const std::vector<Key>& values() const noexcept { return values_; }
  [[nodiscard]] std::vector<Key>& values() noexcept { return values_; }

 private:
  std::map<Key, std::uint32_t> places_;
  std::vector<Key> values_;
};

/// A class that its column never holds is a slip of the pen: the labels of a classifier's column are all it can say.
void check_labels(const Expression& expression, const Table& table, const std::string& pointer) {
  const std::vector<classifying::Node>& nodes = expression.tree()->nodes;
  const auto compare = [&](const classifying::Node& column, const classifying::Node& text) {
    if (column.op != classifying::Op::column || text.op != classifying::Op::text) return;
    const Column* found = table.find(column.text);
    if (found == nullptr || found->type() != ColumnType::label) return;
    const std::vector<std::string>& labels = found->labels();
    if (std::find(labels.begin(), labels.end(), text.text) != labels.end()) return;
    const std::string* meant = detail::nearest_name(text.text, labels);
    std::string message = fmt::format("column {} never holds '{}'", column.text, text.text);
    if (meant != nullptr) {
      message += fmt::format("; did you mean '{}'?", *meant);
    } else {
      message += "; it holds";
      for (std::size_t i = 0; i < labels.size() && i < 20; ++i) message += (i == 0 ? " '" : ", '") + labels[i] + '\'';
    }
    classifying::raise(expression.text(), {Code::bad_policy, message, column.text, text.begin, text.end}, pointer);
  };
  for (const classifying::Node& node : nodes) {
    if (node.ignore_case || node.children.size() < 2) continue;
    const classifying::Node& first = nodes[node.children.front()];
    if (node.op == classifying::Op::equal || node.op == classifying::Op::unequal) {
      compare(first, nodes[node.children[1]]);
      compare(nodes[node.children[1]], first);
    } else if (node.op == classifying::Op::in) {
      for (std::size_t i = 1; i < node.children.size(); ++i) compare(first, nodes[node.children[i]]);
    }
  }
}

/// Texts of a column as tags are compared; once for every label.
class Tags {
 public:
  explicit Tags(const Column* column) : column_(column) {
    if (column_ != nullptr && (column_->type() == ColumnType::label || column_->type() == ColumnType::term))
      for (const std::string& label : column_->labels()) folded_.push_back(folded_name(label));
  }
  /// Empty for null.
  [[nodiscard]] std::string operator()(std::size_t row) const {
    if (column_ == nullptr || column_->is_null(row)) return {};
    if (column_->type() == ColumnType::label) return folded_[column_->values<std::uint16_t>()[row]];
    if (column_->type() == ColumnType::term) return folded_[column_->values<std::uint32_t>()[row]];
    return folded_name(column_->to_text(row));
  }

 private:
  const Column* column_;
  std::vector<std::string> folded_;
};

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
           const ScheduleKnowledge& known, const Control& control)
      : base_(base),
        known_(known),
        control_(control),
        data_(std::make_shared<ContactSchedule::Data>()),
        policy_(data_->policy),
        period_(period),
        rows_of_(base) {
    data_->policy = policy;
    planning::check(policy_, root);
    name_channels(data_->policy);
    if (period.last < period.first) throw Error(Code::invalid_argument, "the period ends before it begins", "period");
    if ((period.last - period.first).count() >= static_cast<std::int64_t>(max_plan_days))
      throw Error(Code::invalid_argument, fmt::format("a plan has at most {} days", max_plan_days), "period");
    if (period.first < first_day + days{400} || period.last > end_day - days{400})
      throw Error(Code::invalid_argument, "the period lies too near to 1900 or 2200", "period");
    data_->period = period;
    data_->zone = policy_.time_zone.empty() ? base.time_zone() : TimeZone::named(policy_.time_zone);
    as_of_ = known.as_of.value_or(period.first - days{1});
    for (const PlanChannel& channel : policy_.channels) data_->channels.push_back(channel.name);
    add_columns(classified);
  }

  [[nodiscard]] std::shared_ptr<const ContactSchedule::Data> run(const Table& managers) {
    add_managers(managers);
    control_.report("plan", 0.05);
    add_playbooks();
    add_care();
    add_surveys();
    add_campaigns();
    add_revisits();
    control_.check();
    control_.report("plan", 0.15);
    sort_rows();
    add_owners();
    add_clients();
    add_touches();
    add_consents();
    add_past();
    add_limits();
    control_.check();
    add_hours();
    add_preferences();
    say_what_is_unknown();
    control_.report("plan", 0.3);
    return data_;
  }

 private:
  /// Has rule packs call channels as the policy does, whatever each calls them.
  static void name_channels(PlanPolicy& policy) {
    for (RulePack& pack : policy.rule_packs)
      for (RulePackVersion& version : pack.versions)
        for (ContactRule& rule : version.rules)
          for (std::string& word : rule.channels)
            if (const std::size_t found = find_channel(policy, word); found < policy.channels.size())
              word = policy.channels[found].name;
  }

  // --- columns and expressions ---

  void add_columns(const Table& classified) {
    std::set<std::string> wanted{"card.owner",   "card.language", "card.time_zone",
                                 "card.country", "card.region",   "card.name"};
    const auto want = [&](const Expression& expression) {
      wanted.insert(expression.columns().begin(), expression.columns().end());
    };
    const auto want_quota = [&](const PlanQuota& quota) {
      if (quota.only_if) want(*quota.only_if);
    };
    for (const Playbook& playbook : policy_.playbooks) {
      want(playbook.when);
      if (playbook.worth) want(*playbook.worth);
      for (const PlanQuota& quota : playbook.quotas) want_quota(quota);
    }
    for (const CareContact& care : policy_.care) {
      want(care.when);
      if (care.on != "holidays") wanted.insert(care.on);
      want_quota(care.contact);
    }
    for (const PlanSurvey& survey : policy_.surveys) want(survey.when), want_quota(survey.contact);
    for (const Campaign& campaign : policy_.campaigns) want(campaign.when), want_quota(campaign.contact);
    if (policy_.revisits) want_quota(policy_.revisits->contact);
    if (policy_.owners.dedicated) want(*policy_.owners.dedicated);
    wanted.insert(policy_.owners.needs.begin(), policy_.owners.needs.end());
    if (!policy_.batching.channels.empty()) wanted.insert(policy_.batching.by);
    const std::vector<std::string> names(wanted.begin(), wanted.end());
    table_ = with_base_columns(base_, classified, as_of_, names, known_.assignments, control_);
    data_->clients = table_.column("client");
    data_->names = column("card.name", root) != nullptr
                       ? *column("card.name", root)
                       : Column("name", std::vector<std::optional<std::string>>(table_.rows()));
  }

  /// Null where it is not there and may be absent.
  [[nodiscard]] const Column* column(const std::string& name, const std::string& pointer) const {
    if (const Column* found = table_.find(name)) return found;
    const auto& absent = policy_.may_be_absent;
    if (name.starts_with("card.") || std::find(absent.begin(), absent.end(), name) != absent.end()) return nullptr;
    throw Error(Code::bad_policy, fmt::format("there is no column {} in the classified table", name), pointer);
  }

  /// \param condition  whether it has to be true or false; otherwise a number
  void check(const Expression& expression, const std::string& pointer, bool condition) const {
    try {
      const ExpressionType type = expression.check(table_, policy_.may_be_absent, pointer);
      const bool number =
          type == ExpressionType::integer || type == ExpressionType::number || type == ExpressionType::money;
      if (type != ExpressionType::null && (condition ? type != ExpressionType::boolean : !number))
        classifying::raise(
            expression.text(),
            {Code::bad_policy,
             condition ? "a condition is needed here, which is true or false" : "a number is needed here",
             {},
             0,
             expression.text().size()},
            pointer);
      check_labels(expression, table_, pointer);
    } catch (const Error& error) {
      throw Error(Code::bad_policy, error.what(), pointer);
    }
  }

  [[nodiscard]] Bits holds(const Expression& expression, const std::string& pointer) const {
    check(expression, pointer, true);
    Bits bits(table_.rows(), 1);
    if (expression.text() == "true") return bits;
    const Column value = expression.evaluate(table_, "value", control_, policy_.may_be_absent);
    const std::span<const std::uint8_t> values = value.values<std::uint8_t>();
    for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = !value.is_null(row) && values[row] != 0 ? 1 : 0;
    return bits;
  }

  [[nodiscard]] std::vector<std::int32_t> worth(const Expression& expression, const std::string& pointer) const {
    check(expression, pointer, false);
    const std::vector<double> values =
        expression.evaluate(table_, "value", control_, policy_.may_be_absent).to_doubles();
    std::vector<std::int32_t> per_mille(values.size(), 1000);
    for (std::size_t row = 0; row < values.size(); ++row)
      if (values[row] == values[row])
        per_mille[row] = static_cast<std::int32_t>(std::lround(std::clamp(values[row], 0.0, 1000.0) * 1000));
    return per_mille;
  }

  void note(std::string english, std::string russian) {
    data_->notes.push_back({std::move(english), std::move(russian)});
  }

  // --- managers ---

  void add_managers(const Table& table) {
    data_->managers = managers_from_table(table, policy_);
    const std::size_t size = data_->managers.size();
    if (size == 0)
      note("There are no managers, so nothing can be planned.", "Менеджеров нет, поэтому запланировать нечего.");
    std::vector<Day> all;
    for (Day day = period_.first; day <= period_.last; day += days{1}) all.push_back(day);
    std::vector<std::vector<std::vector<MinuteSpan>>> spans(size);
    std::vector<bool> works(all.size());
    work_.assign(all.size(), {});
    for (std::size_t m = 0; m < size; ++m) {
      const PlanManager& manager = data_->managers[m];
      WorkCalendar calendar{zone_of(manager), manager.week, manager.exceptions, manager.absences};
      const std::string country = country_code(manager.country);
      for (const Day holiday :
           known_.holidays.days_between(country, "", period_.first - days{1}, period_.last + days{1}))
        calendar.absences.push_back({holiday, holiday});
      spans[m] = working_spans(calendar, data_->zone, all);
      for (std::size_t d = 0; d < all.size(); ++d) {
        if (!spans[m][d].empty() && manager.minutes != 0) works[d] = true;
        work_[d].insert(work_[d].end(), spans[m][d].begin(), spans[m][d].end());
      }
    }
    for (std::vector<MinuteSpan>& day : work_) day = united(std::move(day));
    PlanProblem& problem = data_->problem;
    if (std::find(works.begin(), works.end(), true) == works.end()) works.assign(all.size(), true);
    std::vector<std::vector<MinuteSpan>> kept;
    std::vector<std::size_t> places;
    for (std::size_t d = 0; d < all.size(); ++d) {
      if (!works[d]) continue;
      problem.days.push_back(all[d]);
      kept.push_back(std::move(work_[d]));
      places.push_back(d);
    }
    work_ = std::move(kept);
    problem.managers = size;
    problem.channels = policy_.channels.size();
    bool limited = false;
    for (std::uint32_t m = 0; m < size; ++m) {
      const PlanManager& manager = data_->managers[m];
      for (std::uint32_t d = 0; d < places.size(); ++d) {
        std::int32_t minutes = 0;
        for (const MinuteSpan& span : spans[m][places[d]]) {
          minutes += span.to - span.from;
          problem.shifts.push_back({m, d, span});
        }
        problem.minutes.push_back(manager.minutes < 0 ? minutes : std::min(minutes, manager.minutes));
        for (const PlanChannel& channel : policy_.channels) {
          const auto own = manager.capacities.find(channel.name);
          const std::int32_t contacts = own != manager.capacities.end() ? own->second
                                        : channel.contacts == 0         ? unlimited_contacts
                                                                        : channel.contacts;
          limited = limited || contacts != unlimited_contacts;
          problem.contacts.push_back(contacts);
        }
      }
    }
    if (!limited) problem.contacts.clear();
    for (const PlanManager& manager : data_->managers) {
      std::set<std::string>& own = tags_.emplace_back();
      for (const std::string& tag : manager.tags) own.insert(folded_name(tag));
      every_tag_.insert(own.begin(), own.end());
      std::set<std::string>& in = pools_.emplace_back();
      for (const std::string& pool : manager.pools) in.insert(folded_name(pool));
    }
  }

  [[nodiscard]] TimeZone zone_of(const PlanManager& manager) const {
    return manager.time_zone.empty() ? data_->zone : TimeZone::named(manager.time_zone);
  }

  [[nodiscard]] static std::vector<MinuteSpan> united(std::vector<MinuteSpan> spans) {
    std::sort(spans.begin(), spans.end(), [](const MinuteSpan& a, const MinuteSpan& b) {
      return std::pair(a.from, a.to) < std::pair(b.from, b.to);
    });
    std::vector<MinuteSpan> out;
    for (const MinuteSpan& span : spans) {
      if (!out.empty() && span.from <= out.back().to) {
        out.back().to = std::max(out.back().to, span.to);
      } else {
        out.push_back(span);
      }
    }
    return out;
  }

  // --- what is asked ---

  [[nodiscard]] std::uint32_t channels_of(const std::vector<std::string>& names) const {
    std::uint32_t mask = 0;
    for (const std::string& name : names) mask |= std::uint32_t{1} << find_channel(policy_, name);
    return mask;
  }

  std::uint32_t by_of(const ContactBy& by) {
    std::tuple<bool, std::string, std::vector<std::string>, bool> key{by.owner, folded_name(by.pool), {}, by.language};
    for (const std::string& skill : by.skills) std::get<2>(key).push_back(folded_name(skill));
    return bys_(key);
  }

  [[nodiscard]] Quota quota_of(const PlanQuota& given, const QuotaCut& part) {
    Quota quota;
    quota.least = part.least;
    quota.most = part.most;
    quota.channels = channels_of(given.channels);
    quota.minutes =
        given.minutes > 0 ? given.minutes : policy_.channels[find_channel(policy_, given.channels.front())].minutes;
    quota.purposes = {consents_(folded_name(given.consent))};
    quota.value = given.value;
    for (std::int32_t k = 0; k < part.skip; ++k) quota.value = quota.value * given.keep_per_mille / 1000;
    quota.keep_per_mille = given.keep_per_mille;
    quota.least_value = given.least_value;
    quota.gap_days = given.gap_days;
    quota.spread = given.spread;
    most_gap_ = std::max(most_gap_, given.gap_days);
    return quota;
  }

  /// A cadence of quotas with their activities, all of one window.
  std::uint32_t add_cadence(Day first, Day last, std::vector<std::pair<Quota, Activity>>&& quotas) {
    Cadence cadence{first, last, {}};
    data_->first_activity.push_back(static_cast<std::uint32_t>(data_->activities.size()));
    for (auto& [quota, activity] : quotas) {
      cadence.quotas.push_back(std::move(quota));
      data_->activities.push_back(std::move(activity));
    }
    data_->cadences.push_back(std::move(cadence));
    return static_cast<std::uint32_t>(data_->cadences.size() - 1);
  }

  void add_playbooks() {
    std::map<std::string, Bits> taken;
    for (std::uint32_t p = 0; p < policy_.playbooks.size(); ++p) {
      const Playbook& playbook = policy_.playbooks[p];
      const std::string at = place("playbooks", p);
      Bits fits = holds(playbook.when, at + "/when");
      if (!playbook.set.empty()) {
        Bits& before = taken.try_emplace(playbook.set, Bits(fits.size(), 0)).first->second;
        for (std::size_t row = 0; row < fits.size(); ++row) {
          fits[row] = fits[row] != 0 && before[row] == 0 ? 1 : 0;
          before[row] = before[row] | fits[row];
        }
      }
      std::vector<std::int32_t> worths;
      if (playbook.worth) worths = worth(*playbook.worth, at + "/worth");
      std::vector<Bits> conditions;
      const std::vector<Group> groups = groups_of(p, conditions);
      bool anybody = false;
      for (std::uint32_t row = 0; row < fits.size(); ++row) {
        if (fits[row] == 0) continue;
        anybody = true;
        for (const Group& group : groups) {
          std::uint64_t bits = 0;
          for (std::size_t bit = 0; bit < group.conditions.size(); ++bit)
            bits |= std::uint64_t{conditions[group.conditions[bit]][row]} << bit;
          if (bits == 0 && !group.unconditional) continue;
          asked_.push_back({row, group.cadence, group.by, worths.empty() ? 1000 : worths[row], bits});
        }
      }
      if (!anybody)
        note(fmt::format("Playbook \"{}\" fits no client.", playbook.name),
             fmt::format("Сценарий «{}» не подходит ни одному клиенту.", playbook.name));
    }
  }

  std::vector<Group> groups_of(std::uint32_t p, std::vector<Bits>& conditions) {
    const Playbook& playbook = policy_.playbooks[p];
    struct Parts {
      Group group;
      std::vector<std::pair<Quota, Activity>> quotas;
    };
    std::map<std::tuple<Day, Day, std::uint32_t, std::size_t>, Parts> parts;
    for (std::uint32_t q = 0; q < playbook.quotas.size(); ++q) {
      const PlanQuota& given = playbook.quotas[q];
      const std::uint32_t by = by_of(given.by);
      const std::size_t condition = conditions.size();
      if (given.only_if)
        conditions.push_back(holds(*given.only_if, fmt::format("{}/quotas/{}/only_if", place("playbooks", p), q)));
      for (const QuotaCut& one : cut(given.per, given.least, given.most, period_)) {
        Parts& part = parts[{one.first, one.last, by, condition / 64}];
        part.group.by = by;
        Quota quota = quota_of(given, one);
        if (given.only_if) {
          quota.condition = static_cast<std::uint32_t>(part.group.conditions.size());
          part.group.conditions.push_back(condition);
        } else {
          part.group.unconditional = true;
        }
        part.quotas.emplace_back(std::move(quota), Activity{AskedBy::playbook,
                                                            p,
                                                            q,
                                                            playbook.name,
                                                            given.name.empty() ? std::to_string(q + 1) : given.name,
                                                            one.period.label,
                                                            one.skip,
                                                            given.most,
                                                            {}});
      }
    }
    std::vector<Group> groups;
    for (auto& [key, part] : parts) {
      part.group.cadence = add_cadence(std::get<0>(key), std::get<1>(key), std::move(part.quotas));
      groups.push_back(std::move(part.group));
    }
    return groups;
  }

  /// Contacts within some days of their own, once.
  std::uint32_t add_dated(AskedBy asked_by, std::size_t part, const std::string& name, const PlanQuota& contact,
                          Day first, Day last, const std::string& label, std::string date_name = {}) {
    const QuotaCut whole{{}, first, last, 0, contact.least, contact.most};
    std::vector<std::pair<Quota, Activity>> quotas;
    quotas.emplace_back(quota_of(contact, whole), Activity{asked_by, static_cast<std::uint32_t>(part), 0, name, "1",
                                                           label, 0, contact.most, std::move(date_name)});
    return add_cadence(first, last, std::move(quotas));
  }

  /// Whether a client is asked at all: the condition of the part and that of its contact.
  [[nodiscard]] Bits asked(const Expression& when, const PlanQuota& contact, const std::string& pointer) const {
    Bits bits = holds(when, pointer + "/when");
    if (!contact.only_if) return bits;
    const Bits also = holds(*contact.only_if, pointer + "/contact/only_if");
    for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = bits[row] & also[row];
    return bits;
  }

  /// Whether the contacts of a date were held before the period, by the ids of interactions: another plan asked for
  /// them.
  [[nodiscard]] bool was_held(std::size_t row, const std::string& name, const std::string& label,
                              const PlanQuota& contact) {
    if (!held_) held_ = contacts_held(base_, std::min(as_of_, period_.first - days{1}));
    if (held_->empty()) return false;
    const std::string client = data_->clients.to_text(row);
    for (std::int32_t number = 1; number <= contact.most; ++number)
      if (!held_->contains(contact_id(client, name, "1", label, number))) return false;
    return true;
  }

  void add_care() {
    for (std::size_t i = 0; i < policy_.care.size(); ++i) {
      const CareContact& care = policy_.care[i];
      const std::string at = place("care", i);
      const Bits fits = asked(care.when, care.contact, at);
      const std::uint32_t by = by_of(care.contact.by);
      std::map<std::pair<Day, std::string>, std::uint32_t> cadences;
      const auto ask = [&](std::uint32_t row, Day day, const std::string& name) {
        const Day first = std::max(day - days{care.before_days}, period_.first);
        const Day last = std::min(day + days{care.after_days}, period_.last);
        if (first > last || was_held(row, care.name, to_text(day), care.contact)) return;
        const auto [known, added] = cadences.try_emplace({day, name}, 0);
        if (added)
          known->second = add_dated(AskedBy::care, i, care.name, care.contact, first, last, to_text(day), name);
        asked_.push_back({row, known->second, by, 1000, 0});
      };
      if (care.on == "holidays") {
        add_holidays(care, fits, ask);
        continue;
      }
      const Column* dates = column(care.on, at + "/on");
      if (dates == nullptr) continue;
      if (dates->type() != ColumnType::day)
        throw Error(Code::bad_policy, fmt::format("column {} holds {}, not days", care.on, name(dates->type())),
                    at + "/on");
      const std::span<const std::int32_t> values = dates->values<std::int32_t>();
      for (std::uint32_t row = 0; row < fits.size(); ++row) {
        if (fits[row] == 0 || dates->is_null(row)) continue;
        for (const Day day : anniversaries(Day{days{values[row]}}, period_.first - days{care.after_days},
                                           period_.last + days{care.before_days}))
          ask(row, day, {});
      }
    }
  }

  template <class Ask>
  void add_holidays(const CareContact& care, const Bits& fits, Ask&& ask) {
    const Column* countries = column("card.country", root);
    if (countries == nullptr) return;
    std::map<std::string, std::vector<Holiday>> of_country;
    for (std::uint32_t row = 0; row < fits.size(); ++row) {
      if (fits[row] == 0) continue;
      const std::string country = country_of(row, countries);
      if (country.empty()) continue;
      const auto [known, added] = of_country.try_emplace(country);
      if (added)
        for (const Holiday& holiday : known_.holidays.between(country, "", period_.first - days{care.after_days},
                                                              period_.last + days{care.before_days}))
          if (care.holidays.empty() || std::any_of(care.holidays.begin(), care.holidays.end(),
                                                   [&](const auto& name) { return holiday.is_called(name); }))
            known->second.push_back(holiday);
      for (const Holiday& holiday : known->second) ask(row, holiday.day, holiday.name);
    }
  }

  void add_surveys() {
    for (std::size_t i = 0; i < policy_.surveys.size(); ++i) {
      const PlanSurvey& survey = policy_.surveys[i];
      const Bits fits = asked(survey.when, survey.contact, place("surveys", i));
      const std::uint32_t by = by_of(survey.contact.by);
      const std::vector<std::int32_t> last = last_answers(base_, rows_of_, survey.measure, as_of_);
      std::map<Day, std::uint32_t> cadences;
      for (std::uint32_t row = 0; row < fits.size(); ++row) {
        if (fits[row] == 0) continue;
        const Day due = last[row] == null_day ? period_.first
                                              : std::max(period_.first, Day{days{last[row]}} + days{survey.every_days});
        if (due > period_.last) continue;
        const auto [known, added] = cadences.try_emplace(due, 0);
        if (added)
          known->second = add_dated(AskedBy::survey, i, survey.name, survey.contact, due, period_.last, to_text(due));
        asked_.push_back({row, known->second, by, 1000, 0});
      }
    }
  }

  void add_campaigns() {
    for (std::size_t i = 0; i < policy_.campaigns.size(); ++i) {
      const Campaign& campaign = policy_.campaigns[i];
      const Bits fits = asked(campaign.when, campaign.contact, place("campaigns", i));
      const std::uint32_t by = by_of(campaign.contact.by);
      const Day first = std::max(period_.first, campaign.first.value_or(period_.first));
      const Day last = std::min(period_.last, campaign.deadline);
      if (first > last) {
        note(fmt::format("Campaign \"{}\" lies outside the period.", campaign.name),
             fmt::format("Кампания «{}» не попадает в период плана.", campaign.name));
        continue;
      }
      const std::uint32_t cadence =
          add_dated(AskedBy::campaign, i, campaign.name, campaign.contact, first, last, to_text(campaign.deadline));
      for (std::uint32_t row = 0; row < fits.size(); ++row)
        if (fits[row] != 0 && !was_held(row, campaign.name, to_text(campaign.deadline), campaign.contact))
          asked_.push_back({row, cadence, by, 1000, 0});
    }
  }

  void add_revisits() {
    if (!policy_.revisits) return;
    const Revisits& revisits = *policy_.revisits;
    Bits fits(table_.rows(), 1);
    if (revisits.contact.only_if) fits = holds(*revisits.contact.only_if, root + "/revisits/contact/only_if");
    const std::uint32_t by = by_of(revisits.contact.by);
    const Day from = period_.first - days{revisits.overdue_days};
    // A day that somebody kept, then or later, is done with.
    std::vector<std::int32_t> last_contact(table_.rows(), null_day);
    for (const ContactLine& line :
         contact_lines(base_, rows_of_, policy_, from, std::min(as_of_, period_.first - days{1}), unknown_channels_))
      last_contact[line.row] = std::max(last_contact[line.row], line.day);
    std::map<Day, std::uint32_t> cadences;
    for (const RequestLine& line : request_lines(base_, rows_of_, revisits, as_of_, from, period_.last)) {
      if (fits[line.row] == 0 || last_contact[line.row] >= line.day) continue;
      const Day day{days{line.day}};
      const Day first = std::max(day, period_.first);
      const auto [known, added] = cadences.try_emplace(day, 0);
      if (added)
        known->second = add_dated(AskedBy::revisit, 0, "revisit", revisits.contact, first,
                                  std::min(period_.last, first + days{revisits.within_days}), to_text(day));
      asked_.push_back({line.row, known->second, by, 1000, 0});
    }
  }

  /// By client, then in the order in which they were asked.
  void sort_rows() {
    std::vector<std::size_t> begin(table_.rows() + 1);
    for (const Row& row : asked_) ++begin[row.row + 1];
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    std::vector<Row> sorted(asked_.size());
    for (const Row& row : asked_) sorted[begin[row.row]++] = row;
    asked_ = std::move(sorted);
  }

  // --- owners and pools ---

  void add_owners() {
    std::vector<std::int64_t> load(table_.rows());
    for (const Row& row : asked_) {
      if (!std::get<0>(bys_.values()[row.by])) continue;
      for (const Quota& quota : data_->cadences[row.cadence].quotas)
        if (quota.condition == always || (row.conditions >> quota.condition & 1U) != 0)
          load[row.row] += std::int64_t{quota.minutes} * quota.most;
    }
    std::vector<OwnerManager> managers;
    bool dedicated_there = false;
    for (std::size_t m = 0; m < data_->managers.size(); ++m) {
      std::int64_t minutes = 0;
      for (std::size_t d = 0; d < data_->problem.days.size(); ++d)
        minutes += data_->problem.minutes[data_->problem.bin(m, d)];
      managers.push_back({{tags_[m].begin(), tags_[m].end()}, minutes, data_->managers[m].dedicated});
      dedicated_there = dedicated_there || (data_->managers[m].dedicated && minutes > 0);
    }
    Bits dedicated(table_.rows(), 0);
    if (policy_.owners.dedicated) {
      dedicated = holds(*policy_.owners.dedicated, root + "/owners/dedicated");
      if (!dedicated_there && std::find(dedicated.begin(), dedicated.end(), 1) != dedicated.end()) {
        std::fill(dedicated.begin(), dedicated.end(), std::uint8_t{0});
        note("No dedicated manager works in the period: clients who want one are treated as the others.",
             "Персональных менеджеров в периоде нет: клиентам, которым они нужны, назначены обычные.");
      }
    }
    std::vector<Tags> needs;
    for (std::size_t i = 0; i < policy_.owners.needs.size(); ++i)
      needs.emplace_back(column(policy_.owners.needs[i], fmt::format("{}/owners/needs/{}", root, i)));
    const std::vector<std::uint32_t> owner = owners_on_cards();
    const std::span<const std::uint32_t> codes = base_.codes_in_order();
    std::vector<OwnerClient> clients;
    clients.reserve(table_.rows());
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      OwnerClient client{base_.id_of(codes[row]),
                         std::clamp<std::int64_t>(load[row], 1, 10'000'000),
                         {},
                         owner[row],
                         dedicated[row] != 0};
      for (const Tags& need : needs)
        if (std::string tag = need(row); !tag.empty() && every_tag_.contains(tag))
          client.needs.push_back(std::move(tag));
      clients.push_back(std::move(client));
    }
    data_->owners = assign_owners(managers, clients, {.keep = policy_.owners.keep});
  }

  /// By row the manager whose id, or whose name alone, the card gives as owner.
  [[nodiscard]] std::vector<std::uint32_t> owners_on_cards() {
    std::vector<std::uint32_t> owner(table_.rows(), no_owner);
    const Column* given = column("card.owner", root);
    if (given == nullptr) return owner;
    std::map<std::string, std::uint32_t> names, ids;
    for (std::uint32_t m = 0; m < data_->managers.size(); ++m) {
      ids.emplace(data_->managers[m].id, m);
      const auto [at, added] = names.try_emplace(folded_name(data_->managers[m].name), m);
      if (!added) at->second = no_owner;
    }
    std::unordered_map<std::string, std::uint32_t> meant;
    std::set<std::string> strangers;
    for (std::size_t row = 0; row < owner.size(); ++row) {
      if (given->is_null(row)) continue;
      const std::string text = given->to_text(row);
      const auto [known, added] = meant.try_emplace(text, no_owner);
      if (added) {
        if (const auto id = ids.find(text); id != ids.end()) {
          known->second = id->second;
        } else if (const auto name = names.find(folded_name(text)); name != names.end()) {
          known->second = name->second;
        }
        if (known->second == no_owner) strangers.insert(text);
      }
      owner[row] = known->second;
    }
    if (!strangers.empty())
      note(fmt::format("Owners on cards who are no managers of this plan, {}: {}.", strangers.size(), some(strangers)),
           fmt::format("Ответственные из карточек, которых нет среди менеджеров плана, {}: {}.", strangers.size(),
                       some(strangers)));
    return owner;
  }

  [[nodiscard]] static std::string some(const std::set<std::string>& names) {
    std::string text;
    std::size_t shown = 0;
    for (const std::string& name : names) {
      if (shown++ == 5) return text + ", ...";
      text += (text.empty() ? "" : ", ") + name;
    }
    return text;
  }

  /// Managers for whom everything that is asked holds.
  std::uint32_t pool_of(std::uint32_t by, std::uint32_t owner, std::uint32_t language) {
    const std::size_t languages = languages_.values().size() + 1;
    if (pool_places_.empty()) pool_places_.resize(bys_.values().size());
    std::vector<std::uint32_t>& places = pool_places_[by];
    const auto& [owns, pool, skills, speaks] = bys_.values()[by];
    const std::size_t at = (owns && owner != no_owner ? owner + 1 : 0) * languages + (speaks ? language : 0);
    if (places.empty()) places.assign((data_->managers.size() + 1) * languages, none);
    if (places[at] != none) return places[at];
    std::vector<std::uint32_t> members;
    for (std::uint32_t m = 0; m < data_->managers.size(); ++m) {
      if (owns && m != owner) continue;
      if (!pool.empty() && !pools_[m].contains(pool)) continue;
      if (!std::all_of(skills.begin(), skills.end(), [&](const std::string& tag) { return tags_[m].contains(tag); }))
        continue;
      if (speaks && language > 0 && !tags_[m].contains(languages_.values()[language - 1])) continue;
      members.push_back(m);
    }
    data_->problem.pools.push_back(std::move(members));
    places[at] = static_cast<std::uint32_t>(data_->problem.pools.size() - 1);
    return places[at];
  }

  // --- clients and touches ---

  void add_clients() {
    const Tags language(column("card.language", root));
    std::vector<std::uint32_t> spoken;
    std::uint32_t before = none;
    for (const Row& row : asked_) {
      if (row.row == before) continue;
      before = row.row;
      data_->client_rows.push_back(row.row);
      const std::string tag = language(row.row);
      spoken.push_back(tag.empty() ? 0 : languages_(tag) + 1);
    }
    data_->problem.clients.resize(data_->client_rows.size());
    if (std::any_of(bys_.values().begin(), bys_.values().end(), [&](const auto& by) {
          const std::string& pool = std::get<1>(by);
          return !pool.empty() &&
                 std::none_of(pools_.begin(), pools_.end(), [&](const auto& in) { return in.contains(pool); });
        }))
      note("Some contacts are for a pool in which there is no manager.",
           "Часть контактов поручена группе, в которой нет менеджеров.");
    std::uint32_t client = 0;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      const Row& row = asked_[i];
      if (i > 0 && row.row != asked_[i - 1].row) ++client;
      CadenceClient out;
      out.client = client;
      out.cadence = row.cadence;
      out.pool = pool_of(row.by, data_->owners[row.row].manager, spoken[client]);
      out.conditions = row.conditions;
      out.worth_per_mille = row.worth;
      data_->rows.push_back(out);
    }
    asked_ = {};
  }

  void add_touches() {
    std::size_t touches = 0;
    for (const CadenceClient& row : data_->rows)
      for (const Quota& quota : data_->cadences[row.cadence].quotas) touches += static_cast<std::size_t>(quota.most);
    if (touches > most_touches)
      throw Error(Code::out_of_range,
                  fmt::format("the playbooks ask for {} contacts in the period; a plan takes {} at most", touches,
                              most_touches),
                  root + "/playbooks");
    CadenceTouches expanded = expand_cadences(data_->cadences, data_->rows);
    data_->problem.touches = std::move(expanded.touches);
    data_->origins = std::move(expanded.origins);
  }

  [[nodiscard]] std::string country_of(std::size_t row, const Column* countries) {
    if (countries == nullptr || countries->is_null(row)) return {};
    const auto [known, added] = country_codes_.try_emplace(countries->to_text(row));
    if (added) {
      known->second = country_code(known->first);
      if (known->second.empty()) unknown_countries_.insert(known->first);
    }
    return known->second;
  }

  [[nodiscard]] bool advertises(const std::string& folded_purpose) const {
    return std::any_of(policy_.advertising.begin(), policy_.advertising.end(),
                       [&](const std::string& purpose) { return folded_name(purpose) == folded_purpose; });
  }

  void add_consents() {
    const std::vector<std::string>& words = data_->channels;
    const std::vector<std::string>& purposes = consents_.values();
    const std::vector<ConsentLine> lines = consent_lines(base_, rows_of_, policy_, purposes, unknown_channels_);
    const Column* countries = column("card.country", root);
    // What takes a consent, by country: for each purpose the channels.
    std::map<std::string, std::vector<std::uint32_t>> required;
    const auto required_in = [&](const std::string& country) -> const std::vector<std::uint32_t>& {
      const auto [known, added] = required.try_emplace(country, purposes.size(), 0);
      if (!added) return known->second;
      for (std::size_t p = 0; p < purposes.size(); ++p)
        for (std::size_t c = 0; c < policy_.channels.size(); ++c)
          if (policy_.channels[c].consent ||
              consent_required(policy_.rule_packs, {country, words[c], advertises(purposes[p])}, period_.first,
                               period_.last))
            known->second[p] |= std::uint32_t{1} << c;
      return known->second;
    };
    Interned<std::vector<std::uint32_t>> profiles;
    const std::uint32_t every =
        policy_.channels.size() == 32 ? any_channel : (std::uint32_t{1} << policy_.channels.size()) - 1;
    dated_consents_.assign(data_->client_rows.size(), none);
    auto line = lines.begin();
    for (std::size_t client = 0; client < data_->client_rows.size(); ++client) {
      const std::uint32_t row = data_->client_rows[client];
      while (line != lines.end() && line->row < row) ++line;
      auto end = line;
      while (end != lines.end() && end->row == row) ++end;
      const std::vector<std::uint32_t>& asks = required_in(country_of(row, countries));
      std::vector<std::uint32_t> masks(purposes.size());
      if (line == end) {
        for (std::size_t p = 0; p < masks.size(); ++p) masks[p] = every & ~asks[p];
      } else {
        masks = by_day(std::span(lines).subspan(static_cast<std::size_t>(line - lines.begin()),
                                                static_cast<std::size_t>(end - line)),
                       asks, client);
      }
      line = end;
      data_->problem.clients[client].consents = profiles(masks);
    }
    data_->problem.consents = profiles.values();
  }

  /// Channels permitted on some day, by purpose; where they are not the same on all days, the days are remembered.
  std::vector<std::uint32_t> by_day(std::span<const ConsentLine> lines, const std::vector<std::uint32_t>& asks,
                                    std::size_t client) {
    const std::size_t days_there = data_->problem.days.size(), purposes = asks.size();
    if (day_starts_.empty())
      for (const Day day : data_->problem.days)
        day_starts_.emplace_back(data_->zone.start_of(day).time_since_epoch().count(),
                                 data_->zone.start_of(day + days{1}).time_since_epoch().count());
    const bool constant = std::all_of(lines.begin(), lines.end(), [&](const ConsentLine& line) {
      const std::int64_t first = day_starts_.front().first, last = day_starts_.back().second;
      return (line.since <= first || line.since >= last) && (line.until <= first || line.until >= last);
    });
    std::vector<std::uint32_t> daily;
    std::vector<std::uint32_t> some_day(purposes, 0);
    for (std::size_t d = 0; d < (constant ? std::min<std::size_t>(1, days_there) : days_there); ++d) {
      const auto [begin, end] =
          constant ? std::pair(day_starts_.front().first, day_starts_.back().second) : day_starts_[d];
      for (std::uint32_t p = 0; p < purposes; ++p) {
        std::uint32_t decided = 0, permitted = 0;
        for (const ConsentLine& line : lines) {
          if (line.purpose != any_purpose && line.purpose != p) continue;
          const bool in_force =
              line.granted ? line.since <= begin && line.until >= end : line.since < end && line.until > begin;
          if (!in_force) continue;
          if (line.granted) permitted |= line.channels & ~decided;
          decided |= line.channels;
        }
        for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
          const std::uint32_t bit = std::uint32_t{1} << c;
          if ((decided & bit) == 0 && (asks[p] & bit) == 0) permitted |= bit;
        }
        if (policy_.channels.size() < 32) permitted &= (std::uint32_t{1} << policy_.channels.size()) - 1;
        daily.push_back(permitted);
        some_day[p] |= permitted;
      }
    }
    if (!constant) dated_consents_[client] = daily_consents_(daily);
    return some_day;
  }

  void add_past() {
    std::int32_t back = most_gap_;
    for (const PlanLimit& limit : policy_.limits) back = std::max(back, limit.days);
    if (back == 0) return;
    const Day to = std::min(as_of_, period_.first - days{1});
    std::size_t client = 0;
    for (const ContactLine& line :
         contact_lines(base_, rows_of_, policy_, period_.first - days{back}, to, unknown_channels_)) {
      while (client < data_->client_rows.size() && data_->client_rows[client] < line.row) ++client;
      if (client == data_->client_rows.size()) break;
      if (data_->client_rows[client] == line.row)
        data_->problem.past.push_back({static_cast<std::uint32_t>(client), line.channel, Day{days{line.day}}});
    }
  }

  void add_limits() {
    if (policy_.limits.empty()) return;
    std::vector<RollingLimit>& limits = data_->problem.limits.emplace_back();
    for (const PlanLimit& limit : policy_.limits)
      limits.push_back(
          {limit.contacts, limit.days, limit.channels.empty() ? any_channel : channels_of(limit.channels)});
    for (PlanClient& client : data_->problem.clients) client.limits = 0;
  }

  // --- hours and preferences ---

  void add_hours() {
    const std::vector<std::string>& words = data_->channels;
    const Column* zones = column("card.time_zone", root);
    const Column* countries = column("card.country", root);
    const Column* regions = column("card.region", root);
    // Kinds of activities.
    Interned<HoursKind> kinds;
    std::vector<WeekHours> own;
    std::vector<std::uint32_t> kind_of;
    for (const Activity& activity : data_->activities) {
      const PlanQuota& quota = data_->quota_of(activity);
      std::uint32_t hours = none;
      if (quota.hours) {
        const auto found = std::find(own.begin(), own.end(), *quota.hours);
        hours = static_cast<std::uint32_t>(found - own.begin());
        if (found == own.end()) own.push_back(*quota.hours);
      }
      kind_of.push_back(kinds({channels_of(quota.channels), hours, advertises(folded_name(quota.consent))}));
    }
    // Places of clients.
    Interned<ClientPlace> places;
    std::vector<std::uint32_t> place_of;
    std::vector<TimeZone> zone_list{data_->zone};
    std::map<std::string, std::uint32_t> zone_places;
    std::set<std::string> strange_zones;
    for (const std::uint32_t row : data_->client_rows) {
      ClientPlace where{0, country_of(row, countries), {}};
      if (regions != nullptr && !regions->is_null(row) && !known_.holidays.rows().empty())
        where.region = regions->to_text(row);
      if (zones != nullptr && !zones->is_null(row)) {
        const auto [known, added] = zone_places.try_emplace(zones->to_text(row), 0);
        if (added) {
          try {
            zone_list.push_back(TimeZone::named(known->first));
            known->second = static_cast<std::uint32_t>(zone_list.size() - 1);
          } catch (const Error&) {
            strange_zones.insert(known->first);
          }
        }
        where.zone = known->second;
      }
      place_of.push_back(places(where));
    }
    if (!strange_zones.empty())
      note(fmt::format("Time zones on cards that do not exist; the plan's is taken: {}.", some(strange_zones)),
           fmt::format("Часовые пояса из карточек, которых нет; взят пояс плана: {}.", some(strange_zones)));
    // Profiles as they are needed.
    PlanProblem& problem = data_->problem;
    std::map<std::vector<std::pair<std::int32_t, std::int32_t>>, std::uint32_t> profiles;
    const auto intern = [&](const std::vector<MinuteSpan>& spans) {
      std::vector<std::pair<std::int32_t, std::int32_t>> key;
      for (const MinuteSpan& span : spans) key.emplace_back(span.from, span.to);
      const auto [known, added] =
          profiles.try_emplace(std::move(key), static_cast<std::uint32_t>(problem.hours.size()));
      if (added) problem.hours.push_back(spans);
      return known->second;
    };
    std::vector<std::uint32_t> plain(kinds.values().size() * places.values().size(), none);
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> dated;
    for (std::size_t t = 0; t < problem.touches.size(); ++t) {
      PlanTouch& touch = problem.touches[t];
      const std::uint32_t kind = kind_of[data_->activity_of(t)], where = place_of[touch.client];
      std::uint32_t& profile = plain[std::size_t{kind} * places.values().size() + where];
      if (profile == none)
        profile = intern(profile_of(kinds.values()[kind], places.values()[where], zone_list, own, words));
      touch.hours = profile;
      const std::uint32_t days_of_consent = dated_consents_[touch.client];
      if (days_of_consent == none) continue;
      const auto [known, added] = dated.try_emplace({kind, where, days_of_consent, touch.purpose}, none);
      if (added) {
        std::vector<MinuteSpan> spans = problem.hours[profile];
        const std::vector<std::uint32_t>& permitted = daily_consents_.values()[days_of_consent];
        const std::uint32_t asked =
            touch.channels & problem.consents[problem.clients[touch.client].consents][touch.purpose];
        for (std::size_t d = 0; d < spans.size(); ++d)
          if (asked == 0 || (permitted[d * consents_.values().size() + touch.purpose] & asked) != asked) spans[d] = {};
        known->second = intern(spans);
      }
      touch.hours = known->second;
    }
  }

  [[nodiscard]] std::vector<MinuteSpan> profile_of(const HoursKind& kind, const ClientPlace& where,
                                                   const std::vector<TimeZone>& zones,
                                                   const std::vector<WeekHours>& own_hours,
                                                   const std::vector<std::string>& words) const {
    const Day first = period_.first - days{2}, last = period_.last + days{2};
    std::vector<DatedHours> hours{{first, {}}};
    for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
      if ((kind.channels >> c & 1U) == 0) continue;
      ContactHours own = policy_.channels[c].hours.value_or(policy_.hours);
      if (kind.own != none) own = intersection(own, {own_hours[kind.own], true});
      hours = both(hours,
                   hours_in_force(policy_.rule_packs, {where.country, words[c], kind.advertising}, own, first, last));
    }
    const std::vector<Day> holidays = known_.holidays.days_between(where.country, where.region, first, last);
    std::set<Day> blackouts;
    for (const Blackout& blackout : policy_.blackouts) {
      if (!blackout.channels.empty() && (channels_of(blackout.channels) & kind.channels) == 0) continue;
      for (Day day = std::max(first, blackout.first); day <= std::min(last, blackout.last); day += days{1})
        blackouts.insert(day);
    }
    const std::vector<Day> black(blackouts.begin(), blackouts.end());
    return hours_profile(hours, zones[where.zone], {holidays, black}, data_->zone, data_->problem.days, work_);
  }

  /// What both allow, from each day on which either changes.
  [[nodiscard]] static std::vector<DatedHours> both(const std::vector<DatedHours>& a,
                                                    const std::vector<DatedHours>& b) {
    std::set<Day> begins;
    for (const auto* list : {&a, &b})
      for (const DatedHours& one : *list) begins.insert(one.from);
    const auto on = [](const std::vector<DatedHours>& list, Day day) -> const ContactHours& {
      std::size_t found = 0;
      for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i].from <= day) found = i;
      return list[found].hours;
    };
    std::vector<DatedHours> out;
    for (const Day day : begins) out.push_back({day, intersection(on(a, day), on(b, day))});
    return out;
  }

  void add_preferences() {
    PlanProblem& problem = data_->problem;
    const bool batching = !policy_.batching.channels.empty() && policy_.batching.value > 0;
    const std::uint32_t together = batching ? channels_of(policy_.batching.channels) : 0;
    const Column* by = batching ? column(policy_.batching.by, root + "/batching/by") : nullptr;
    const Tags place_of(by);
    Interned<std::string> places;
    std::vector<std::uint32_t> place(by != nullptr ? data_->client_rows.size() : 0, none);
    for (std::size_t c = 0; c < place.size(); ++c)
      if (const std::string name = place_of(data_->client_rows[c]); !name.empty()) place[c] = places(name);
    // How many such contacts each pool has in each place; a place is drawn to its share of the pool's days.
    const auto batched = [&](const PlanTouch& touch) {
      return by != nullptr && (touch.channels & ~together) == 0 && place[touch.client] != none;
    };
    std::map<std::uint32_t, std::map<std::string, std::int64_t>> demand;
    for (const PlanTouch& touch : problem.touches)
      if (batched(touch)) ++demand[touch.pool][places.values()[place[touch.client]]];
    std::map<std::uint32_t, std::vector<std::string>> day_places;
    for (const auto& [pool, of_place] : demand) day_places.emplace(pool, share_days(pool, of_place));
    std::map<std::tuple<std::uint32_t, std::int64_t, std::uint32_t, std::uint32_t>, std::uint32_t> known;
    std::map<std::vector<std::int64_t>, std::uint32_t> profiles;
    for (std::size_t t = 0; t < problem.touches.size(); ++t) {
      PlanTouch& touch = problem.touches[t];
      const PlanQuota& quota = data_->quota_of(data_->activities[data_->activity_of(t)]);
      const bool drawn = batched(touch);
      if (quota.weekdays == 0 && !drawn) continue;
      const auto [at, added] = known.try_emplace({quota.weekdays, quota.weekdays == 0 ? 0 : quota.weekday_value,
                                                  drawn ? touch.pool : none, drawn ? place[touch.client] : none},
                                                 none);
      if (added) {
        std::vector<std::int64_t> profile(problem.days.size());
        for (std::size_t d = 0; d < profile.size(); ++d) {
          if ((quota.weekdays >> weekday_of(problem.days[d]) & 1U) != 0) profile[d] += quota.weekday_value;
          if (drawn && day_places[touch.pool][d] == places.values()[place[touch.client]])
            profile[d] += policy_.batching.value;
        }
        const auto [index, fresh] =
            profiles.try_emplace(profile, static_cast<std::uint32_t>(problem.preferences.size()));
        if (fresh) problem.preferences.push_back(std::move(profile));
        at->second = index->second;
      }
      touch.preference = at->second;
    }
  }

  /// A place for each day on which somebody of the pool works: always the one that is furthest behind its share.
  [[nodiscard]] std::vector<std::string> share_days(std::uint32_t pool,
                                                    const std::map<std::string, std::int64_t>& of_place) const {
    const PlanProblem& problem = data_->problem;
    std::vector<std::string> found(problem.days.size());
    std::int64_t total = 0, given = 0;
    for (const auto& [name, count] : of_place) total += count;
    std::map<std::string, std::int64_t> got;
    for (std::size_t d = 0; d < found.size(); ++d) {
      const bool works = std::any_of(problem.pools[pool].begin(), problem.pools[pool].end(),
                                     [&](std::uint32_t m) { return problem.minutes[problem.bin(m, d)] > 0; });
      if (!works) continue;
      ++given;
      const std::string* best = nullptr;
      std::int64_t most = std::numeric_limits<std::int64_t>::min();
      for (const auto& [name, count] : of_place)
        if (const std::int64_t behind = given * count - got[name] * total; behind > most) most = behind, best = &name;
      found[d] = *best;
      ++got[*best];
    }
    return found;
  }

  void say_what_is_unknown() {
    if (!unknown_channels_.empty())
      note(
          fmt::format("Channels in consents and interactions that the policy does not know, and that do not count: {}.",
                      some(unknown_channels_)),
          fmt::format("Каналы из согласий и контактов, которых нет в политике и которые не учтены: {}.",
                      some(unknown_channels_)));
    if (!unknown_countries_.empty())
      note(fmt::format("Countries on cards that are not known; rule packs of every country hold for them: {}.",
                       some(unknown_countries_)),
           fmt::format("Неизвестные страны из карточек; для них действуют правила всех стран: {}.",
                       some(unknown_countries_)));
    std::set<std::string> strange_holidays, strange_countries, strange_rules;
    const std::vector<Holiday>& holidays = known_.holidays.rows();
    for (const CareContact& care : policy_.care)
      for (const std::string& wanted : care.holidays)
        if (std::none_of(holidays.begin(), holidays.end(), [&](const Holiday& one) { return one.is_called(wanted); }))
          strange_holidays.insert(wanted);
    if (!strange_holidays.empty())
      note(fmt::format("Care is due on holidays that the table of holidays has not: {}.", some(strange_holidays)),
           fmt::format("Забота назначена на праздники, которых нет в таблице праздников: {}.", some(strange_holidays)));
    for (const PlanManager& manager : data_->managers)
      if (!manager.country.empty() && !known_.holidays.knows(country_code(manager.country)))
        strange_countries.insert(manager.country);
    if (!strange_countries.empty())
      note(fmt::format("Countries of managers whose public holidays are not known, so that they work on them: {}.",
                       some(strange_countries)),
           fmt::format("Страны менеджеров, праздники которых неизвестны, поэтому считаются рабочими днями: {}.",
                       some(strange_countries)));
    for (const RulePack& pack : policy_.rule_packs)
      for (const RulePackVersion& version : pack.versions)
        for (const ContactRule& rule : version.rules)
          if (!rule.channels.empty() && std::none_of(rule.channels.begin(), rule.channels.end(), [&](const auto& word) {
                return find_channel(policy_, word) < policy_.channels.size();
              }))
            strange_rules.insert(fmt::format("{} ({})", rule.channels.front(), pack.name));
    if (!strange_rules.empty())
      note(
          fmt::format("Rules about channels that the policy does not know, and that hold for none of its contacts: {}.",
                      some(strange_rules)),
          fmt::format("Правила о каналах, которых нет в политике; ни к одному контакту они не относятся: {}.",
                      some(strange_rules)));
    for (const RulePack& pack : policy_.rule_packs) note(fmt::format("{}: {}", pack.name, pack.disclaimer), {});
  }

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
  std::vector<std::set<std::string>> tags_, pools_;  ///< of managers, folded
  std::set<std::string> every_tag_;
  Interned<std::tuple<bool, std::string, std::vector<std::string>, bool>> bys_;
  Interned<std::string> consents_;   ///< purposes of consents, folded
  Interned<std::string> languages_;  ///< of clients, folded
  std::vector<std::vector<std::uint32_t>> pool_places_;
  std::int32_t most_gap_{0};
  std::vector<Row> asked_;
  std::optional<std::unordered_set<std::string>> held_;  ///< ids of contacts before the period
  std::set<std::string> unknown_channels_, unknown_countries_;
  std::unordered_map<std::string, std::string> country_codes_;
  std::vector<std::uint32_t> dated_consents_;  ///< by client
  Interned<std::vector<std::uint32_t>> daily_consents_;
  std::vector<std::pair<std::int64_t, std::int64_t>> day_starts_;
};

}  // namespace

std::shared_ptr<const ContactSchedule::Data> compile(const ClientBase& base, const Table& classified,
                                                     const Table& managers, const PlanPolicy& policy,
                                                     SchedulePeriod period, const ScheduleKnowledge& known,
                                                     const Control& control) {
  return Compiler(base, classified, policy, period, known, control).run(managers);
}

}  // namespace klientela::planning
