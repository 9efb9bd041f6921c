// The plan policy from and to JSON, its schema, and the check of a whole one.
#include "klientela/plan/plan_json.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "classify/expression_program.hpp"
#include "core/json_reader.hpp"
#include "klientela/model/schema.hpp"
#include "plan/default_plan.hpp"
#include "plan/policy_check.hpp"

namespace klientela {
namespace {

using json::Node;
using json::Object;
using json::Value;

const std::vector<std::string_view> period_names{"day", "week", "month", "quarter", "year", "plan"};
constexpr std::int64_t most_value = 1'000'000'000'000;
constexpr double most_amount = static_cast<double>(most_value) / Money::scale;
constexpr std::int32_t most_contacts = 1000;

std::vector<std::string> texts(const Node& node) {
  std::vector<std::string> list;
  for (const Node& item : node.items()) list.push_back(item.text());
  return list;
}

void read_texts(Object& object, const char* key, std::vector<std::string>& into) {
  if (const auto node = object.find(key)) into = texts(*node);
}

std::int64_t amount(const Node& node) {
  const std::optional<Money> money = Money::from_double(node.number(0, most_amount));
  return money ? money->units() : 0;
}

void read_amount(Object& object, const char* key, std::int64_t& into) {
  if (const auto node = object.find(key)) into = amount(*node);
}

PlanWords words_of(const Node& node) {
  if (node.value().is_string()) return {node.text(), {}};
  PlanWords words;
  Object object(node);
  object.read("en", words.english);
  object.read("ru", words.russian);
  object.done();
  return words;
}

void read_words(Object& object, PlanWords& words) {
  object.read("en", words.english);
  object.read("ru", words.russian);
}

/// Calls `read` and makes what it says of a text an error at the node.
template <class Read>
auto at(const Node& node, Read&& read) {
  try {
    return read(node.text());
  } catch (const Error& error) {
    node.fail(error.what());
  }
}

WeekHours week_of(const Node& node) {
  if (node.value().is_string()) return every_day(at(node, [](const std::string& text) { return parse_hours(text); }));
  return week_hours_from_json(node.value().dump(), node.pointer());
}

Day day_of(const Node& node) {
  const std::optional<Day> day = parse_day(node.text());
  if (!day || *day < first_day || *day >= end_day) node.fail("must be a date like 2026-11-21, from 1900 to 2199");
  return *day;
}

std::optional<Expression> expression_of(Object& object, const char* key) {
  const auto node = object.find(key);
  if (!node || node->is_null()) return std::nullopt;
  return Expression::parse(node->text(), node->pointer());
}

ContactBy by_of(const Node& node) {
  ContactBy by;
  if (node.value().is_string()) {
    static const std::vector<std::string_view> names{"anyone", "owner", "language"};
    const std::size_t choice = node.choice(names);
    by.owner = choice == 1;
    by.language = choice == 2;
    return by;
  }
  Object object(node);
  object.read("owner", by.owner);
  object.read("pool", by.pool);
  read_texts(object, "skills", by.skills);
  object.read("language", by.language);
  object.done();
  return by;
}

/// \param once  of a contact that has its own days: it knows no period
PlanQuota quota_of(const Node& node, bool once) {
  PlanQuota quota;
  quota.per = once ? std::nullopt : std::optional(Period::month);
  quota.spread = !once;
  Object object(node);
  if (!once) object.read("name", quota.name);
  read_texts(object, "channels", quota.channels);
  if (const auto channel = object.find("channel")) {
    if (!quota.channels.empty()) channel->fail("stands beside \"channels\": say one of the two");
    quota.channels = {channel->text()};
  }
  const auto contacts = object.find("contacts"), least = object.find("least"), most = object.find("most");
  if (contacts) {
    for (const auto& other : {least, most})
      if (other) other->fail("contradicts \"contacts\", which asks for exactly so many");
    quota.least = quota.most = static_cast<std::int32_t>(contacts->integer(1, most_contacts));
  } else if (least || most) {
    quota.least = least ? static_cast<std::int32_t>(least->integer(0, most_contacts)) : 0;
    quota.most = most ? static_cast<std::int32_t>(most->integer(1, most_contacts))
                      : std::clamp(quota.least * 2, 1, most_contacts);
    if (quota.most < quota.least)
      most->fail("contradicts \"least\": at most " + std::to_string(quota.most) + " contacts, but at least " +
                 std::to_string(quota.least));
  }
  if (!once) {
    if (const auto per = object.find("per")) {
      const std::size_t choice = per->choice(period_names);
      quota.per = choice == 5 ? std::nullopt : std::optional(static_cast<Period>(choice));
    }
    object.read("spread", quota.spread);
  }
  object.read("topic", quota.topic);
  object.read("initiative", quota.initiative);
  if (const auto purposes = object.find("purposes"))
    for (const Node& item : purposes->items()) quota.purposes.push_back(words_of(item));
  object.read("minutes", quota.minutes, 0, max_day_minutes);
  read_amount(object, "value", quota.value);
  if (const auto keep = object.find("keep"))
    quota.keep_per_mille = static_cast<std::int32_t>(std::llround(keep->number(0, 1) * 1000));
  quota.least_value = quota.least < quota.most ? quota.value : 0;
  read_amount(object, "least_value", quota.least_value);
  object.read("gap_days", quota.gap_days, 0, 1000);
  if (const auto days = object.find("weekdays"); days && !days->is_null())
    quota.weekdays = at(*days, [](const std::string& text) { return parse_weekdays(text); });
  read_amount(object, "weekday_value", quota.weekday_value);
  if (const auto hours = object.find("hours"); hours && !hours->is_null()) quota.hours = week_of(*hours);
  if (const auto by = object.find("by")) quota.by = by_of(*by);
  quota.only_if = expression_of(object, "only_if");
  object.read("consent", quota.consent);
  object.done();
  return quota;
}

Value value_of(const PlanWords& words) {
  if (words.russian.empty()) return words.english;
  Value value = Value::object();
  if (!words.english.empty()) value["en"] = words.english;
  value["ru"] = words.russian;
  return value;
}

void write_words(Value& value, const PlanWords& words) {
  if (!words.english.empty()) value["en"] = words.english;
  if (!words.russian.empty()) value["ru"] = words.russian;
}

double amount_of(std::int64_t units) { return static_cast<double>(units) / Money::scale; }

Value value_of(const WeekHours& week) { return Value::parse(to_json(week)); }

Value value_of(const PlanQuota& quota, bool once) {
  Value value = Value::object();
  if (!once && !quota.name.empty()) value["name"] = quota.name;
  value["channels"] = quota.channels;
  if (quota.least == quota.most) {
    value["contacts"] = quota.least;
  } else {
    value["least"] = quota.least;
    value["most"] = quota.most;
  }
  if (!once) {
    value["per"] = period_names[quota.per ? static_cast<std::size_t>(*quota.per) : 5];
    value["spread"] = quota.spread;
  }
  value["topic"] = quota.topic;
  value["initiative"] = quota.initiative;
  Value& purposes = value["purposes"] = Value::array();
  for (const PlanWords& purpose : quota.purposes) purposes.push_back(value_of(purpose));
  value["minutes"] = quota.minutes;
  value["value"] = amount_of(quota.value);
  value["keep"] = quota.keep_per_mille / 1000.0;
  value["least_value"] = amount_of(quota.least_value);
  value["gap_days"] = quota.gap_days;
  value["weekdays"] = quota.weekdays == 0 ? Value() : Value(weekdays_to_text(quota.weekdays));
  value["weekday_value"] = amount_of(quota.weekday_value);
  value["hours"] = quota.hours ? value_of(*quota.hours) : Value();
  Value& by = value["by"] = Value::object();
  by["owner"] = quota.by.owner;
  if (!quota.by.pool.empty()) by["pool"] = quota.by.pool;
  if (!quota.by.skills.empty()) by["skills"] = quota.by.skills;
  by["language"] = quota.by.language;
  value["only_if"] = quota.only_if ? Value(quota.only_if->text()) : Value();
  value["consent"] = quota.consent;
  return value;
}

/// Name, condition and words, which playbooks and everything like them begin with.
template <class Part>
void read_head(Object& object, Part& part) {
  part.name = object.require("name").text();
  if (const auto when = object.find("when")) part.when = Expression::parse(when->text(), when->pointer());
  read_words(object, part.words);
}

template <class Part>
Value head_of(const Part& part) {
  Value value = Value::object();
  value["name"] = part.name;
  value["when"] = part.when.text();
  write_words(value, part.words);
  return value;
}

PlanChannel channel_of(const Node& node) {
  PlanChannel channel;
  Object object(node);
  channel.name = object.require("name").text();
  read_words(object, channel.words);
  read_texts(object, "aliases", channel.aliases);
  object.read("minutes", channel.minutes, 1, max_day_minutes);
  object.read("contacts", channel.contacts, 0, 1'000'000);
  object.read("consent", channel.consent);
  const auto on_holidays = object.find("on_holidays");
  if (const auto hours = object.find("hours"); hours && !hours->is_null()) {
    channel.hours = ContactHours{week_of(*hours), on_holidays ? on_holidays->boolean() : false};
  } else if (on_holidays) {
    on_holidays->fail("says nothing without \"hours\" of the channel's own");
  }
  object.done();
  return channel;
}

Value value_of(const PlanChannel& channel) {
  Value value = Value::object();
  value["name"] = channel.name;
  write_words(value, channel.words);
  value["aliases"] = channel.aliases;
  value["minutes"] = channel.minutes;
  value["contacts"] = channel.contacts;
  value["consent"] = channel.consent;
  if (channel.hours) {
    value["hours"] = value_of(channel.hours->week);
    value["on_holidays"] = channel.hours->holidays;
  }
  return value;
}

Playbook playbook_of(const Node& node) {
  Playbook playbook;
  Object object(node);
  read_head(object, playbook);
  object.read("set", playbook.set);
  playbook.worth = expression_of(object, "worth");
  if (const auto quotas = object.find("quotas"))
    for (const Node& item : quotas->items()) playbook.quotas.push_back(quota_of(item, false));
  object.done();
  return playbook;
}

Value value_of(const Playbook& playbook) {
  Value value = head_of(playbook);
  if (!playbook.set.empty()) value["set"] = playbook.set;
  if (playbook.worth) value["worth"] = playbook.worth->text();
  Value& quotas = value["quotas"] = Value::array();
  for (const PlanQuota& quota : playbook.quotas) quotas.push_back(value_of(quota, false));
  return value;
}

CareContact care_of(const Node& node) {
  CareContact care;
  Object object(node);
  read_head(object, care);
  object.read("on", care.on);
  read_texts(object, "holidays", care.holidays);
  object.read("before_days", care.before_days, 0, 60);
  object.read("after_days", care.after_days, 0, 60);
  care.contact = quota_of(object.require("contact"), true);
  object.done();
  return care;
}

Value value_of(const CareContact& care) {
  Value value = head_of(care);
  value["on"] = care.on;
  if (!care.holidays.empty()) value["holidays"] = care.holidays;
  value["before_days"] = care.before_days;
  value["after_days"] = care.after_days;
  value["contact"] = value_of(care.contact, true);
  return value;
}

PlanSurvey survey_of(const Node& node) {
  PlanSurvey survey;
  Object object(node);
  read_head(object, survey);
  object.read("measure", survey.measure);
  object.read("every_days", survey.every_days, 1, 3660);
  survey.contact = quota_of(object.require("contact"), true);
  object.done();
  return survey;
}

Value value_of(const PlanSurvey& survey) {
  Value value = head_of(survey);
  value["measure"] = survey.measure;
  value["every_days"] = survey.every_days;
  value["contact"] = value_of(survey.contact, true);
  return value;
}

Campaign campaign_of(const Node& node) {
  Campaign campaign;
  Object object(node);
  read_head(object, campaign);
  if (const auto first = object.find("first"); first && !first->is_null()) campaign.first = day_of(*first);
  campaign.deadline = day_of(object.require("deadline"));
  campaign.contact = quota_of(object.require("contact"), true);
  object.done();
  return campaign;
}

Value value_of(const Campaign& campaign) {
  Value value = head_of(campaign);
  if (campaign.first) value["first"] = to_text(*campaign.first);
  value["deadline"] = to_text(campaign.deadline);
  value["contact"] = value_of(campaign.contact, true);
  return value;
}

Revisits revisits_of(const Node& node) {
  Revisits revisits;
  Object object(node);
  read_words(object, revisits.words);
  object.read("within_days", revisits.within_days, 0, 366);
  object.read("overdue_days", revisits.overdue_days, 0, 3660);
  read_texts(object, "recycle", revisits.recycle);
  object.read("recycle_after_days", revisits.recycle_after_days, 1, 3660);
  revisits.contact = quota_of(object.require("contact"), true);
  object.done();
  return revisits;
}

Value value_of(const Revisits& revisits) {
  Value value = Value::object();
  write_words(value, revisits.words);
  value["within_days"] = revisits.within_days;
  value["overdue_days"] = revisits.overdue_days;
  value["recycle"] = revisits.recycle;
  value["recycle_after_days"] = revisits.recycle_after_days;
  value["contact"] = value_of(revisits.contact, true);
  return value;
}

Blackout blackout_of(const Node& node) {
  Blackout blackout;
  const auto days = [](const Node& text) {
    const std::vector<DayRange> ranges = at(text, [](const std::string& given) { return parse_day_ranges(given); });
    if (ranges.size() != 1) text.fail("must be one day or one range, like 2026-12-31..2027-01-08");
    return ranges.front();
  };
  if (node.value().is_string()) {
    const DayRange range = days(node);
    return {range.first, range.last, {}, {}};
  }
  Object object(node);
  const DayRange range = days(object.require("days"));
  blackout.first = range.first;
  blackout.last = range.last;
  read_texts(object, "channels", blackout.channels);
  read_words(object, blackout.words);
  object.done();
  return blackout;
}

Value value_of(const Blackout& blackout) {
  Value value = Value::object();
  const DayRange range{blackout.first, blackout.last};
  value["days"] = day_ranges_to_text({&range, 1});
  value["channels"] = blackout.channels;
  write_words(value, blackout.words);
  return value;
}

RulePack pack_of(const Node& node) {
  if (node.value().is_string()) return builtin_rule_pack(node.text(), node.pointer());
  return rule_pack_from_json(node.value().dump(), node.pointer());
}

Value value_of(const RulePack& pack) {
  const std::vector<std::string_view> names = rule_pack_names();
  if (std::find(names.begin(), names.end(), pack.name) != names.end() && builtin_rule_pack(pack.name) == pack)
    return pack.name;
  return Value::parse(to_json(pack));
}

PlanLimit limit_of(const Node& node) {
  PlanLimit limit;
  Object object(node);
  limit.contacts = static_cast<std::int32_t>(object.require("contacts").integer(0, most_contacts));
  limit.days = static_cast<std::int32_t>(object.require("days").integer(1, 1000));
  read_texts(object, "channels", limit.channels);
  object.done();
  return limit;
}

template <class Part, class Read>
void read_list(Object& object, const char* key, std::vector<Part>& into, Read&& read) {
  const auto node = object.find(key);
  if (!node) return;
  into.clear();
  for (const Node& item : node->items()) into.push_back(read(item));
}

PlanPolicy read(const Node& node, PlanPolicy policy) {
  Object object(node);
  object.read("time_zone", policy.time_zone);
  read_list(object, "channels", policy.channels, channel_of);
  read_list(object, "playbooks", policy.playbooks, playbook_of);
  read_list(object, "care", policy.care, care_of);
  read_list(object, "surveys", policy.surveys, survey_of);
  read_list(object, "campaigns", policy.campaigns, campaign_of);
  if (const auto revisits = object.find("revisits"))
    policy.revisits = revisits->is_null() ? std::nullopt : std::optional(revisits_of(*revisits));
  read_list(object, "limits", policy.limits, limit_of);
  if (const auto hours = object.find("hours")) policy.hours.week = week_of(*hours);
  object.read("on_holidays", policy.hours.holidays);
  read_texts(object, "advertising", policy.advertising);
  read_list(object, "rule_packs", policy.rule_packs, pack_of);
  read_list(object, "blackouts", policy.blackouts, blackout_of);
  if (const auto owners = object.find("owners")) {
    Object part(*owners);
    part.read("keep", policy.owners.keep);
    read_texts(part, "needs", policy.owners.needs);
    if (part.find("dedicated")) policy.owners.dedicated = expression_of(part, "dedicated");
    part.done();
  }
  if (const auto batching = object.find("batching")) {
    policy.batching.channels.clear();
    if (!batching->is_null()) {
      Object part(*batching);
      read_texts(part, "channels", policy.batching.channels);
      part.read("by", policy.batching.by);
      read_amount(part, "value", policy.batching.value);
      part.done();
    }
  }
  read_texts(object, "may_be_absent", policy.may_be_absent);
  if (const auto solver = object.find("solver")) {
    Object part(*solver);
    part.read("gap", policy.solver.gap, 0, 1);
    part.read("rounds", policy.solver.rounds, 1, 1'000'000);
    part.read("improvements", policy.solver.improvements, 0, 1'000'000'000);
    if (const auto limit = part.find("work_limit"))
      policy.solver.work_limit = static_cast<std::uint64_t>(limit->integer(0));
    part.done();
  }
  object.done();
  return policy;
}

void check_name(const std::string& name, const std::string& pointer, const char* what) {
  if (name.empty() || name.size() > 100) json::fail(pointer, std::string(what) + " has 1 to 100 bytes");
}

void check_expression(const Expression& expression, const std::string& pointer, bool condition) {
  using namespace classifying;  // NOLINT: the parser's own words
  try {
    const Program program(*expression.tree(), {});
    const Kind kind = program.kind();
    if (kind == Kind::null) return;
    const std::size_t size = expression.text().size();
    if (condition && kind != Kind::boolean)
      throw Fault{Code::bad_policy, "a condition is needed here, which is true or false", {}, 0, size};
    if (!condition && kind != Kind::integer && kind != Kind::decimal && kind != Kind::real && kind != Kind::money)
      throw Fault{Code::bad_policy, "a number is needed here", {}, 0, size};
  } catch (Fault& fault) {
    fault.code = Code::bad_policy;
    raise(expression.text(), fault, pointer);
  }
}

class Check {
 public:
  explicit Check(const PlanPolicy& policy) : policy_(policy) {}

  void all(const std::string& pointer) {
    zone(pointer + "/time_zone");
    channels(pointer + "/channels");
    for (std::size_t i = 0; i < policy_.playbooks.size(); ++i) {
      const Playbook& playbook = policy_.playbooks[i];
      const std::string at = pointer + "/playbooks/" + std::to_string(i);
      head(playbook, at);
      if (playbook.set.size() > 100) json::fail(at + "/set", "a set's name has 100 bytes at most");
      if (playbook.worth) check_expression(*playbook.worth, at + "/worth", false);
      std::set<std::string> names;
      for (std::size_t q = 0; q < playbook.quotas.size(); ++q) {
        const std::string here = at + "/quotas/" + std::to_string(q);
        quota(playbook.quotas[q], here);
        const std::string& given = playbook.quotas[q].name;
        const std::string name = given.empty() ? std::to_string(q + 1) : given;
        if (name.size() > 100) json::fail(here + "/name", "a quota's name has 100 bytes at most");
        if (!names.insert(name).second)
          json::fail(here + "/name", "there are two quotas called \"" + name + "\" in this playbook");
      }
    }
    for (std::size_t i = 0; i < policy_.care.size(); ++i) {
      const CareContact& care = policy_.care[i];
      const std::string at = pointer + "/care/" + std::to_string(i);
      head(care, at);
      if (care.on.empty()) json::fail(at + "/on", "must be a column of days, or \"holidays\"");
      if (!care.holidays.empty() && care.on != "holidays")
        json::fail(at + "/holidays", "says nothing unless \"on\" is \"holidays\"");
      if (care.before_days < 0 || care.before_days > 60) json::fail(at + "/before_days", "must be 0 to 60");
      if (care.after_days < 0 || care.after_days > 60) json::fail(at + "/after_days", "must be 0 to 60");
      quota(care.contact, at + "/contact");
    }
    for (std::size_t i = 0; i < policy_.surveys.size(); ++i) {
      const PlanSurvey& survey = policy_.surveys[i];
      const std::string at = pointer + "/surveys/" + std::to_string(i);
      head(survey, at);
      static const std::vector<std::string> measures{"", "csat", "nps", "ces"};
      if (std::find(measures.begin(), measures.end(), survey.measure) == measures.end())
        json::fail(at + "/measure", "must be csat, nps or ces, or empty for any");
      if (survey.every_days < 1 || survey.every_days > 3660) json::fail(at + "/every_days", "must be 1 to 3660");
      quota(survey.contact, at + "/contact");
    }
    for (std::size_t i = 0; i < policy_.campaigns.size(); ++i) {
      const Campaign& campaign = policy_.campaigns[i];
      const std::string at = pointer + "/campaigns/" + std::to_string(i);
      head(campaign, at);
      if (campaign.first && *campaign.first > campaign.deadline) json::fail(at + "/first", "is after the deadline");
      quota(campaign.contact, at + "/contact");
    }
    if (policy_.revisits) {
      const Revisits& revisits = *policy_.revisits;
      const std::string at = pointer + "/revisits";
      name("revisit", at);
      if (revisits.within_days < 0 || revisits.within_days > 366) json::fail(at + "/within_days", "must be 0 to 366");
      if (revisits.overdue_days < 0 || revisits.overdue_days > 3660)
        json::fail(at + "/overdue_days", "must be 0 to 3660");
      if (revisits.recycle_after_days < 1 || revisits.recycle_after_days > 3660)
        json::fail(at + "/recycle_after_days", "must be 1 to 3660");
      quota(revisits.contact, at + "/contact");
    }
    rest(pointer);
  }

 private:
  void zone(const std::string& pointer) const {
    if (policy_.time_zone.empty()) return;
    try {
      static_cast<void>(TimeZone::named(policy_.time_zone));
    } catch (const Error&) {
      json::fail(pointer, "\"" + policy_.time_zone + "\" is no time zone of the IANA database");
    }
  }

  void channels(const std::string& pointer) {
    if (policy_.channels.empty() || policy_.channels.size() > max_plan_channels)
      json::fail(pointer, "there must be 1 to 32 channels");
    std::set<std::string> seen;
    for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
      const PlanChannel& channel = policy_.channels[c];
      const std::string at = pointer + '/' + std::to_string(c);
      check_name(channel.name, at + "/name", "a channel's name");
      std::set<std::string> own{folded_name(channel.name)};
      for (const std::string& alias : channel.aliases) own.insert(folded_name(alias));
      for (const std::string& each : own)
        if (!seen.insert(each).second) json::fail(at, "another channel is called \"" + each + "\" too");
      if (channel.minutes < 1 || channel.minutes > max_day_minutes)
        json::fail(at + "/minutes", "must be 1 to " + std::to_string(max_day_minutes));
      if (channel.contacts < 0) json::fail(at + "/contacts", "must not be negative");
    }
  }

  void named(const std::vector<std::string>& channels, const std::string& pointer) const {
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::size_t found = planning::find_channel(policy_, channels[i]);
      if (found < policy_.channels.size()) continue;
      std::string all;
      for (const PlanChannel& channel : policy_.channels) all += (all.empty() ? "" : ", ") + channel.name;
      json::fail(pointer + '/' + std::to_string(i),
                 "there is no channel \"" + channels[i] + "\"; the channels: " + all);
    }
  }

  void name(const std::string& given, const std::string& pointer) {
    check_name(given, pointer + "/name", "a name");
    if (!names_.insert(given).second)
      json::fail(pointer + "/name", "there is another playbook, care, survey or campaign called \"" + given + '"');
  }

  template <class Part>
  void head(const Part& part, const std::string& pointer) {
    name(part.name, pointer);
    for (const std::string* words : {&part.words.english, &part.words.russian})
      if (words->size() > 10'000) json::fail(pointer, "words must not be longer than 10000 bytes");
    check_expression(part.when, pointer + "/when", true);
  }

  void quota(const PlanQuota& quota, const std::string& pointer) const {
    if (quota.channels.empty()) json::fail(pointer + "/channels", "a contact needs a channel");
    named(quota.channels, pointer + "/channels");
    if (quota.least < 0 || quota.most < 1 || quota.most < quota.least || quota.most > most_contacts)
      json::fail(pointer + "/most", "a quota asks for least to most contacts, 0 to 1000, and for one at most at least");
    if (quota.minutes < 0 || quota.minutes > max_day_minutes)
      json::fail(pointer + "/minutes", "must be 0 to " + std::to_string(max_day_minutes));
    for (const auto& [value, key] : {std::pair{quota.value, "/value"},
                                     {quota.least_value, "/least_value"},
                                     {quota.weekday_value, "/weekday_value"}})
      if (value < 0 || value > most_value) json::fail(pointer + key, "must be 0 to 100000000");
    if (quota.keep_per_mille < 0 || quota.keep_per_mille > 1000) json::fail(pointer + "/keep", "must be 0 to 1");
    if (quota.gap_days < 0 || quota.gap_days > 1000) json::fail(pointer + "/gap_days", "must be 0 to 1000");
    if (quota.weekdays > every_weekday) json::fail(pointer + "/weekdays", "must name days of the week");
    if (quota.purposes.size() > most_contacts) json::fail(pointer + "/purposes", "there may be 1000 at most");
    if (quota.only_if) check_expression(*quota.only_if, pointer + "/only_if", true);
  }

  void rest(const std::string& pointer) const {
    for (std::size_t i = 0; i < policy_.limits.size(); ++i) {
      const PlanLimit& limit = policy_.limits[i];
      const std::string at = pointer + "/limits/" + std::to_string(i);
      if (limit.contacts < 0) json::fail(at + "/contacts", "must not be negative");
      if (limit.days < 1 || limit.days > 1000) json::fail(at + "/days", "must be 1 to 1000");
      named(limit.channels, at + "/channels");
    }
    for (std::size_t i = 0; i < policy_.blackouts.size(); ++i) {
      const std::string at = pointer + "/blackouts/" + std::to_string(i);
      if (policy_.blackouts[i].last < policy_.blackouts[i].first) json::fail(at + "/days", "ends before it begins");
      named(policy_.blackouts[i].channels, at + "/channels");
    }
    if (policy_.owners.dedicated) check_expression(*policy_.owners.dedicated, pointer + "/owners/dedicated", true);
    named(policy_.batching.channels, pointer + "/batching/channels");
    if (policy_.batching.value < 0 || policy_.batching.value > most_value)
      json::fail(pointer + "/batching/value", "must be 0 to 100000000");
    if (!(policy_.solver.gap >= 0)) json::fail(pointer + "/solver/gap", "must not be negative");
    if (policy_.solver.rounds < 1) json::fail(pointer + "/solver/rounds", "must be 1 at least");
    if (policy_.solver.improvements < 0) json::fail(pointer + "/solver/improvements", "must not be negative");
  }

  const PlanPolicy& policy_;
  std::set<std::string> names_;
};

const PlanPolicy& default_policy() {
  static const PlanPolicy policy = read(Node(json::parse(planning::default_plan, "plan"), ""), PlanPolicy::empty());
  return policy;
}

}  // namespace

namespace planning {

void check(const PlanPolicy& policy, const std::string& pointer) { Check(policy).all(pointer); }

std::size_t find_channel(const PlanPolicy& policy, std::string_view name) {
  const std::string folded = folded_name(name);
  for (std::size_t c = 0; c < policy.channels.size(); ++c) {
    if (folded_name(policy.channels[c].name) == folded) return c;
    for (const std::string& alias : policy.channels[c].aliases)
      if (folded_name(alias) == folded) return c;
  }
  return policy.channels.size();
}

}  // namespace planning

PlanPolicy PlanPolicy::empty() { return PlanPolicy(nullptr); }
PlanPolicy::PlanPolicy() : PlanPolicy(default_policy()) {}

std::optional<PlanPolicy> plan_policy_from_json(std::string_view text, std::string_view pointer) {
  const Value document = json::parse(text);
  const Node node(document, std::string(pointer));
  if (node.is_null() || (document.is_boolean() && !node.boolean())) return std::nullopt;
  if (document.is_boolean()) return PlanPolicy();
  PlanPolicy policy = read(node, PlanPolicy());
  planning::check(policy, std::string(pointer));
  return policy;
}

std::string to_json(const PlanPolicy& policy) {
  const auto list = [](const auto& parts) {
    Value value = Value::array();
    for (const auto& part : parts) value.push_back(value_of(part));
    return value;
  };
  Value value = Value::object();
  value["time_zone"] = policy.time_zone;
  value["channels"] = list(policy.channels);
  value["playbooks"] = list(policy.playbooks);
  value["care"] = list(policy.care);
  value["surveys"] = list(policy.surveys);
  value["campaigns"] = list(policy.campaigns);
  value["revisits"] = policy.revisits ? value_of(*policy.revisits) : Value();
  Value& limits = value["limits"] = Value::array();
  for (const PlanLimit& limit : policy.limits)
    limits.push_back({{"contacts", limit.contacts}, {"days", limit.days}, {"channels", limit.channels}});
  value["hours"] = value_of(policy.hours.week);
  value["on_holidays"] = policy.hours.holidays;
  value["advertising"] = policy.advertising;
  value["rule_packs"] = list(policy.rule_packs);
  value["blackouts"] = list(policy.blackouts);
  Value& owners = value["owners"] = Value::object();
  owners["keep"] = policy.owners.keep;
  owners["needs"] = policy.owners.needs;
  owners["dedicated"] = policy.owners.dedicated ? Value(policy.owners.dedicated->text()) : Value();
  Value& batching = value["batching"] = Value::object();
  batching["channels"] = policy.batching.channels;
  batching["by"] = policy.batching.by;
  batching["value"] = amount_of(policy.batching.value);
  value["may_be_absent"] = policy.may_be_absent;
  value["solver"] = {{"gap", policy.solver.gap},
                     {"rounds", policy.solver.rounds},
                     {"improvements", policy.solver.improvements},
                     {"work_limit", policy.solver.work_limit}};
  return value.dump(2, ' ', false, Value::error_handler_t::replace);
}

std::string default_playbooks_json() { return json::parse(planning::default_plan, "plan")["playbooks"].dump(2); }

std::string plan_policy_schema() {
  // Written out once; the parts that stand in several places are definitions of the whole document.
  static constexpr std::string_view schema = R"json({
  "title": "Plan",
  "description": "Who is contacted when, how and about what; true: the default, false or null: none.",
  "type": ["object", "boolean", "null"],
  "default": null,
  "additionalProperties": false,
  "properties": {
    "time_zone": {"type": "string", "default": "", "description": "IANA name of the plan's days; empty: the base's."},
    "channels": {"type": "array", "minItems": 1, "maxItems": 32, "items": {
      "type": "object", "additionalProperties": false, "required": ["name"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "en": {"type": "string"}, "ru": {"type": "string"},
        "aliases": {"$ref": "#/$defs/plan_texts", "description": "other spellings in consents, interactions, capacities"},
        "minutes": {"type": "integer", "minimum": 1, "maximum": 1500, "default": 10},
        "contacts": {"type": "integer", "minimum": 0, "default": 0, "description": "a day and manager at most; 0: as time allows"},
        "consent": {"type": "boolean", "default": false, "description": "takes a consent given before"},
        "hours": {"$ref": "#/$defs/plan_hours"},
        "on_holidays": {"type": "boolean", "default": false}}}},
    "playbooks": {"type": "array", "description": "strategies; those of one set are tried in order", "items": {
      "type": "object", "additionalProperties": false, "required": ["name"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "set": {"type": "string", "maxLength": 100, "default": ""},
        "when": {"$ref": "#/$defs/plan_condition"},
        "en": {"type": "string"}, "ru": {"type": "string"},
        "worth": {"type": ["string", "null"], "description": "a number that multiplies values"},
        "quotas": {"type": "array", "items": {"$ref": "#/$defs/plan_quota"}}}}},
    "care": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["name", "contact"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "when": {"$ref": "#/$defs/plan_condition"},
        "en": {"type": "string"}, "ru": {"type": "string"},
        "on": {"type": "string", "minLength": 1, "default": "card.birthday", "description": "a column of days, or holidays"},
        "holidays": {"$ref": "#/$defs/plan_texts", "description": "names of those that count"},
        "before_days": {"type": "integer", "minimum": 0, "maximum": 60, "default": 0},
        "after_days": {"type": "integer", "minimum": 0, "maximum": 60, "default": 3},
        "contact": {"$ref": "#/$defs/plan_contact"}}}},
    "surveys": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["name", "contact"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "when": {"$ref": "#/$defs/plan_condition"},
        "en": {"type": "string"}, "ru": {"type": "string"},
        "measure": {"enum": ["", "csat", "nps", "ces"], "default": ""},
        "every_days": {"type": "integer", "minimum": 1, "maximum": 3660, "default": 180},
        "contact": {"$ref": "#/$defs/plan_contact"}}}},
    "campaigns": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["name", "deadline", "contact"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "when": {"$ref": "#/$defs/plan_condition"},
        "en": {"type": "string"}, "ru": {"type": "string"},
        "first": {"type": ["string", "null"], "format": "date"},
        "deadline": {"type": "string", "format": "date"},
        "contact": {"$ref": "#/$defs/plan_contact"}}}},
    "revisits": {"type": ["object", "null"], "additionalProperties": false, "required": ["contact"], "properties": {
      "en": {"type": "string"}, "ru": {"type": "string"},
      "within_days": {"type": "integer", "minimum": 0, "maximum": 366, "default": 7},
      "overdue_days": {"type": "integer", "minimum": 0, "maximum": 3660, "default": 30},
      "recycle": {"$ref": "#/$defs/plan_texts", "description": "states of requests that come back without a day"},
      "recycle_after_days": {"type": "integer", "minimum": 1, "maximum": 3660, "default": 180},
      "contact": {"$ref": "#/$defs/plan_contact"}}},
    "limits": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["contacts", "days"], "properties": {
        "contacts": {"type": "integer", "minimum": 0, "maximum": 1000},
        "days": {"type": "integer", "minimum": 1, "maximum": 1000},
        "channels": {"$ref": "#/$defs/plan_texts"}}}},
    "hours": {"$ref": "#/$defs/plan_hours"},
    "on_holidays": {"type": "boolean", "description": "whether clients are contacted on their country's public holidays"},
    "advertising": {"$ref": "#/$defs/plan_texts", "description": "purposes that advertise, as rule packs mean it"},
    "rule_packs": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]},
      "description": "names of built-in packs, or packs"},
    "blackouts": {"type": "array", "items": {"oneOf": [{"type": "string"}, {
      "type": "object", "additionalProperties": false, "required": ["days"], "properties": {
        "days": {"type": "string"}, "channels": {"$ref": "#/$defs/plan_texts"},
        "en": {"type": "string"}, "ru": {"type": "string"}}}]}},
    "owners": {"type": "object", "additionalProperties": false, "properties": {
      "keep": {"type": "boolean", "default": true},
      "needs": {"$ref": "#/$defs/plan_texts", "description": "columns whose value the owner must have as a tag"},
      "dedicated": {"type": ["string", "null"], "description": "who wants a dedicated manager"}}},
    "batching": {"type": ["object", "null"], "additionalProperties": false, "properties": {
      "channels": {"$ref": "#/$defs/plan_texts"},
      "by": {"type": "string", "default": "card.city"},
      "value": {"type": "number", "minimum": 0, "maximum": 100000000, "default": 0.2}}},
    "may_be_absent": {"$ref": "#/$defs/plan_texts", "description": "columns that count as null where they are missing"},
    "solver": {"type": "object", "additionalProperties": false, "properties": {
      "gap": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.001},
      "rounds": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 200},
      "improvements": {"type": "integer", "minimum": 0, "maximum": 1000000000, "default": 30000},
      "work_limit": {"type": "integer", "minimum": 0, "default": 0}}}
  },
  "$defs": {
    "plan_texts": {"type": "array", "items": {"type": "string"}},
    "plan_condition": {"type": "string", "minLength": 1, "maxLength": 65536, "default": "true",
      "description": "a condition on the client; docs/rules.md"},
    "plan_words": {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": false,
      "properties": {"en": {"type": "string"}, "ru": {"type": "string"}}}]},
    "plan_hours": {"oneOf": [{"type": "null"}, {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}],
      "description": "\"09:00-13:00;14:00-18:00\", or by weekdays: {\"Mon-Fri\": \"09:00-18:00\"}"},
    "plan_by": {"oneOf": [{"enum": ["anyone", "owner", "language"]}, {
      "type": "object", "additionalProperties": false, "properties": {
        "owner": {"type": "boolean", "default": false}, "pool": {"type": "string", "default": ""},
        "skills": {"$ref": "#/$defs/plan_texts"}, "language": {"type": "boolean", "default": false}}}]},
    "plan_quota": {"type": "object", "additionalProperties": false, "properties": {
      "name": {"type": "string", "maxLength": 100},
      "per": {"enum": ["day", "week", "month", "quarter", "year", "plan"], "default": "month"},
      "spread": {"type": "boolean", "default": true},
)json";
  // Of contacts with days of their own, and of quotas.
  static constexpr std::string_view contact = R"json(
      "channel": {"type": "string"}, "channels": {"$ref": "#/$defs/plan_texts"},
      "contacts": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1, "description": "exactly so many"},
      "least": {"type": "integer", "minimum": 0, "maximum": 1000},
      "most": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "default: twice least"},
      "topic": {"type": "string"}, "initiative": {"type": "string", "default": "outbound"},
      "purposes": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/$defs/plan_words"}},
      "minutes": {"type": "integer", "minimum": 0, "maximum": 1500, "default": 0, "description": "0: the channel's"},
      "value": {"type": "number", "minimum": 0, "maximum": 100000000, "default": 1},
      "keep": {"type": "number", "minimum": 0, "maximum": 1, "default": 1},
      "least_value": {"type": "number", "minimum": 0, "maximum": 100000000},
      "gap_days": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 0},
      "weekdays": {"type": ["string", "null"], "description": "preferred ones: \"Tue-Thu\""},
      "weekday_value": {"type": "number", "minimum": 0, "maximum": 100000000, "default": 0.1},
      "hours": {"$ref": "#/$defs/plan_hours"}, "by": {"$ref": "#/$defs/plan_by"},
      "only_if": {"type": ["string", "null"]}, "consent": {"type": "string", "default": "marketing"}}}
)json";
  std::string whole(schema);
  whole += contact;
  whole += R"json(,
    "plan_contact": {"type": "object", "additionalProperties": false, "properties": {)json";
  whole += contact;
  whole += "}}";
  Value made = Value::parse(whole);
  made["properties"]["rule_packs"]["items"]["oneOf"][1] = Value::parse(rule_pack_schema());
  return made.dump(2);
}

}  // namespace klientela
