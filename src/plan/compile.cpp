// Compiles a policy, a classified base and managers to the numbers of a plan: the order of the parts, the columns that
// they read, and from who is asked for what to clients and touches.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "classify/expression_tree.hpp"
#include "core/misspelling.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/plan/batching.hpp"
#include "plan/compiler.hpp"
#include "plan/countries.hpp"
#include "plan/policy_check.hpp"
#include "plan/tags.hpp"
#include "plan/touch_order.hpp"
#include "plan/wall_clock.hpp"

namespace klientela::planning {
namespace compiling {
namespace {

constexpr std::size_t most_touches = 50'000'000;

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

/// Has rule packs call channels as the policy does, whatever each calls them.
void name_channels(PlanPolicy& policy) {
  for (RulePack& pack : policy.rule_packs)
    for (RulePackVersion& version : pack.versions)
      for (ContactRule& rule : version.rules)
        for (std::string& word : rule.channels)
          if (const std::size_t found = find_channel(policy, word); found < policy.channels.size())
            word = policy.channels[found].name;
}

}  // namespace

std::string place(const char* list, std::size_t index) { return fmt::format("{}/{}/{}", root, list, index); }

Compiler::Compiler(const ClientBase& base, const Table& classified, const PlanPolicy& policy, SchedulePeriod period,
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

std::shared_ptr<const ContactSchedule::Data> Compiler::run(const Table& managers) {
  add_managers(managers);
  control_.report("compile", 0.1);
  add_playbooks();
  add_care();
  add_surveys();
  add_campaigns();
  add_revisits();
  control_.check();
  control_.report("compile", 0.5);
  sort_rows();
  add_owners();
  add_clients();
  add_touches();
  add_consents();
  add_past();
  add_limits();
  control_.check();
  add_hours();
  order_by_days_left(*data_);
  add_preferences();
  add_regions();
  say_what_is_unknown();
  control_.report("compile", 1);
  return data_;
}

void Compiler::add_columns(const Table& classified) {
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

const Column* Compiler::column(const std::string& name, const std::string& pointer) const {
  if (const Column* found = table_.find(name)) return found;
  const auto& absent = policy_.may_be_absent;
  if (name.starts_with("card.") || std::find(absent.begin(), absent.end(), name) != absent.end()) return nullptr;
  throw Error(Code::bad_policy, fmt::format("there is no column {} in the classified table", name), pointer);
}

void Compiler::check(const Expression& expression, const std::string& pointer, bool condition) const {
  try {
    const ExpressionType type = expression.check(table_, policy_.may_be_absent, pointer);
    const bool number =
        type == ExpressionType::integer || type == ExpressionType::number || type == ExpressionType::money;
    if (type != ExpressionType::null && (condition ? type != ExpressionType::boolean : !number))
      classifying::raise(expression.text(),
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

Bits Compiler::holds(const Expression& expression, const std::string& pointer) const {
  check(expression, pointer, true);
  Bits bits(table_.rows(), 1);
  if (expression.text() == "true") return bits;
  const Column value = expression.evaluate(table_, "value", control_, policy_.may_be_absent);
  const std::span<const std::uint8_t> values = value.values<std::uint8_t>();
  for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = !value.is_null(row) && values[row] != 0 ? 1 : 0;
  return bits;
}

std::vector<std::int32_t> Compiler::worth(const Expression& expression, const std::string& pointer) const {
  check(expression, pointer, false);
  const std::vector<double> values = expression.evaluate(table_, "value", control_, policy_.may_be_absent).to_doubles();
  std::vector<std::int32_t> per_mille(values.size(), 1000);
  for (std::size_t row = 0; row < values.size(); ++row)
    if (values[row] == values[row])
      per_mille[row] = static_cast<std::int32_t>(std::lround(std::clamp(values[row], 0.0, 1000.0) * 1000));
  return per_mille;
}

void Compiler::note(std::string english, std::string russian) {
  data_->notes.push_back({std::move(english), std::move(russian)});
}

void Compiler::sort_rows() {
  std::vector<std::size_t> begin(table_.rows() + 1);
  for (const Row& row : asked_) ++begin[row.row + 1];
  for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
  std::vector<Row> sorted(asked_.size());
  for (const Row& row : asked_) sorted[begin[row.row]++] = row;
  asked_ = std::move(sorted);
}

void Compiler::add_clients() {
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

void Compiler::add_touches() {
  std::size_t touches = 0;
  for (const CadenceClient& row : data_->rows)
    for (const Quota& quota : data_->cadences[row.cadence].quotas) touches += static_cast<std::size_t>(quota.most);
  if (touches > most_touches)
    throw Error(
        Code::out_of_range,
        fmt::format("the playbooks ask for {} contacts in the period; a plan takes {} at most", touches, most_touches),
        root + "/playbooks");
  CadenceTouches expanded = expand_cadences(data_->cadences, data_->rows, usual_days_);
  data_->problem.touches = std::move(expanded.touches);
  data_->origins = std::move(expanded.origins);
  if (!known_.held.empty()) drop_held();
}

void Compiler::drop_held() {
  const std::set<std::string_view> held(known_.held.begin(), known_.held.end());
  std::vector<PlanTouch>& touches = data_->problem.touches;
  std::size_t kept = 0;
  for (std::size_t t = 0; t < touches.size(); ++t) {
    if (held.contains(data_->id_of(t))) {
      data_->held.push_back(data_->origins[t]);
      continue;
    }
    touches[kept] = touches[t];
    data_->origins[kept++] = data_->origins[t];
  }
  touches.resize(kept);
  data_->origins.resize(kept);
  if (!data_->held.empty())
    note(fmt::format("Contacts that were held before the day on which they were announced, and are not planned again: "
                     "{}.",
                     data_->held.size()),
         fmt::format("Контакты, проведённые раньше объявленного дня и потому не запланированные снова: {}.",
                     data_->held.size()));
}

void Compiler::add_limits() {
  if (policy_.limits.empty()) return;
  std::vector<RollingLimit>& limits = data_->problem.limits.emplace_back();
  for (const PlanLimit& limit : policy_.limits)
    limits.push_back({limit.contacts, limit.days, limit.channels.empty() ? any_channel : channels_of(limit.channels)});
  for (PlanClient& client : data_->problem.clients) client.limits = 0;
}

void Compiler::add_preferences() {
  PlanProblem& problem = data_->problem;
  std::map<std::pair<std::uint32_t, std::int64_t>, std::uint32_t> known;
  for (std::size_t t = 0; t < problem.touches.size(); ++t) {
    const PlanQuota& quota = data_->quota_of(data_->activities[data_->activity_of(t)]);
    if (quota.weekdays == 0) continue;
    const auto [at, added] = known.try_emplace({quota.weekdays, quota.weekday_value},
                                               static_cast<std::uint32_t>(problem.preferences.size()));
    if (added) {
      std::vector<std::int64_t>& profile = problem.preferences.emplace_back(problem.days.size());
      for (std::size_t d = 0; d < profile.size(); ++d)
        if ((quota.weekdays >> weekday_of(problem.days[d]) & 1U) != 0) profile[d] = quota.weekday_value;
    }
    problem.touches[t].preference = at->second;
  }
}

void Compiler::add_regions() {
  const PlanBatching& batching = policy_.batching;
  if (batching.channels.empty() || batching.value == 0) return;
  const Column* by = column(batching.by, root + "/batching/by");
  if (by == nullptr) return;
  const Tags name_of(by);
  Interned<std::string> regions;
  std::vector<std::uint32_t> region(data_->client_rows.size(), no_region);
  for (std::size_t c = 0; c < region.size(); ++c)
    if (const std::string name = name_of(data_->client_rows[c]); !name.empty()) region[c] = regions(name);
  const std::uint32_t together = channels_of(batching.channels);
  data_->regions.assign(data_->problem.touches.size(), no_region);
  for (std::size_t t = 0; t < data_->regions.size(); ++t) {
    const PlanTouch& touch = data_->problem.touches[t];
    if ((touch.channels & ~together) == 0) data_->regions[t] = region[touch.client];
  }
  check_values(*data_);
  batch_days(data_->problem, data_->regions, {.bonus = batching.value});
}

std::string Compiler::some(const std::set<std::string>& names) {
  std::string text;
  std::size_t shown = 0;
  for (const std::string& name : names) {
    if (shown++ == 5) return text + ", ...";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

void Compiler::say_what_is_unknown() {
  if (as_of_ > period_.last)
    note(fmt::format("The period is over before {}, the last day that counts for classes.", to_text(as_of_)),
         fmt::format("Период кончается раньше {}, последнего дня, учтённого в классах.", to_text(as_of_)));
  if (!unknown_channels_.empty())
    note(fmt::format("Channels in consents and interactions that the policy does not know, and that do not count: {}.",
                     some(unknown_channels_)),
         fmt::format("Каналы из согласий и контактов, которых нет в политике и которые не учтены: {}.",
                     some(unknown_channels_)));
  if (!unknown_countries_.empty())
    note(fmt::format("Countries on cards that are not known; rule packs of every country hold for them: {}.",
                     some(unknown_countries_)),
         fmt::format("Неизвестные страны из карточек; для них действуют правила всех стран: {}.",
                     some(unknown_countries_)));
  std::set<std::string> strange_holidays, strange_countries, strange_rules, idle_countries;
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
  if (std::all_of(data_->managers.begin(), data_->managers.end(),
                  [](const PlanManager& manager) { return manager.country.empty(); }))
    for (const Holiday& one : holidays)
      if (one.day >= period_.first && one.day <= period_.last) idle_countries.insert(one.country);
  if (!data_->managers.empty() && !idle_countries.empty())
    note(fmt::format("Public holidays of {} are known, but no manager has a country: all of them work on these days.",
                     some(idle_countries)),
         fmt::format("Праздники известны ({}), но ни у одного менеджера нет страны: в эти дни работают все.",
                     some(idle_countries)));
  std::set<std::string> nobodys;
  const auto lacking = [](const std::vector<std::set<std::string>>& of_managers, const std::string& wanted) {
    return std::none_of(of_managers.begin(), of_managers.end(), [&](const auto& own) { return own.contains(wanted); });
  };
  for (const auto& [owns, pool, skills, speaks] : bys_.values()) {
    if (!pool.empty() && lacking(pools_, pool)) nobodys.insert(pool);
    for (const std::string& skill : skills)
      if (lacking(tags_, skill)) nobodys.insert(skill);
  }
  if (!data_->managers.empty() && !nobodys.empty())
    note(fmt::format("Pools and skills that playbooks ask for and no manager has: {}.", some(nobodys)),
         fmt::format("Группы и навыки, которых требует план и нет ни у одного менеджера: {}.", some(nobodys)));
  for (const RulePack& pack : policy_.rule_packs)
    for (const RulePackVersion& version : pack.versions)
      for (const ContactRule& rule : version.rules)
        if (!rule.channels.empty() && std::none_of(rule.channels.begin(), rule.channels.end(), [&](const auto& word) {
              return find_channel(policy_, word) < policy_.channels.size();
            }))
          strange_rules.insert(fmt::format("{} ({})", rule.channels.front(), pack.name));
  if (!strange_rules.empty())
    note(fmt::format("Rules about channels that the policy does not know, and that hold for none of its contacts: {}.",
                     some(strange_rules)),
         fmt::format("Правила о каналах, которых нет в политике; ни к одному контакту они не относятся: {}.",
                     some(strange_rules)));
  for (const RulePack& pack : policy_.rule_packs) note(fmt::format("{}: {}", pack.name, pack.disclaimer), {});
}

}  // namespace compiling

std::shared_ptr<const ContactSchedule::Data> compile(const ClientBase& base, const Table& classified,
                                                     const Table& managers, const PlanPolicy& policy,
                                                     SchedulePeriod period, const ScheduleKnowledge& known,
                                                     const Control& control) {
  return compiling::Compiler(base, classified, policy, period, known, control).run(managers);
}

}  // namespace klientela::planning
