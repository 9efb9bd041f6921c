// Schedules: policies compiled and planned, from the month plan of a seller of printing equipment to what is refused.
#include "klientela/plan/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "klientela/ingest/builder.hpp"
#include "klientela/plan/plan_json.hpp"

namespace klientela {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Day on(int year, unsigned month, unsigned day) {
  return Day{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
}

/// Noon of a day in UTC.
Instant noon(Day day) { return Instant{day} + std::chrono::hours{12}; }

/// A table of texts, column by column; an empty text is null.
Table table_of_texts(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns) {
  Table table;
  for (const auto& [name, texts] : columns) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& text : texts) values.push_back(text.empty() ? std::nullopt : std::optional(text));
    table.add(Column(name, values));
  }
  return table;
}

Table one_manager() { return table_of_texts({{"manager", {"anna"}}, {"tags", {"en"}}, {"pools", {"all"}}}); }

Table clients_of(const ClientBase& base) { return Table({base.client_column()}); }

/// A class for every client, in canonical order.
Column labels(const std::string& name, const std::vector<std::string>& all, const std::vector<std::uint16_t>& codes) {
  Buffer<std::uint16_t> buffer(codes.size());
  std::copy(codes.begin(), codes.end(), buffer.begin());
  return Column(name, std::move(buffer), std::make_shared<const std::vector<std::string>>(all));
}

/// A policy with channels and hours of the default and nothing else, but for what is said.
PlanPolicy policy_of(const std::string& parts) {
  nlohmann::json document = nlohmann::json::parse(R"({"playbooks": [], "care": [], "revisits": null, "limits": [],
    "batching": null, "owners": {"dedicated": null}, "hours": "00:00-24:00"})");
  document.update(nlohmann::json::parse("{" + parts + "}"));
  return *plan_policy_from_json(document.dump(), "/plan");
}

std::vector<std::string> column(const Table& table, const char* name) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < table.rows(); ++row) texts.push_back(table.column(name).to_text(row));
  return texts;
}

std::map<std::string, int> counts(const Table& table, const char* name) {
  std::map<std::string, int> count;
  for (const std::string& text : column(table, name)) ++count[text];
  return count;
}

/// Rows where a column holds a text.
Table where(const Table& table, const char* name, const std::string& text) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < table.rows(); ++row)
    if (table.column(name).to_text(row) == text) rows.push_back(row);
  return table.take(rows);
}

std::vector<Day> days_of(const ContactSchedule& schedule) {
  std::vector<Day> days;
  for (const PlannedTouch& touch : schedule.plan().planned) days.push_back(schedule.problem().days[touch.day]);
  return days;
}

void expect_sound(const ContactSchedule& schedule) {
  const PlanCheck check = check_schedule(schedule);
  EXPECT_TRUE(check.ok()) << (check.faults.empty() ? "" : check.faults.front().text);
}

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Code::internal, ""};
}

const SchedulePeriod december{on(2026, 12, 1), on(2026, 12, 31)};

constexpr const char* monthly_call = R"("playbooks": [{"name": "call", "quotas": [{"channel": "phone"}]}])";

// --- the month plan of a seller of printing equipment ---

TEST(MonthPlan, IsWhatTheExampleAsksForLineByLine) {
  std::ifstream file(KLIENTELA_EXAMPLES "/policies/month_plan.json");
  const nlohmann::json document = nlohmann::json::parse(file);
  const PlanPolicy policy = *plan_policy_from_json(document.at("plan").dump(), "/plan");

  BaseBuilder builder;
  const auto add = [&](int id, const char* city, const char* category) {
    ClientRow row{.client = id};
    row.name = "Client " + std::to_string(id);
    row.city = city;
    row.category = category;
    builder.add(row);
  };
  add(1, "Moscow", "printing equipment");
  add(2, "Moscow", "printing equipment");
  add(3, "Moscow", "supplies");
  add(4, "Moscow", "supplies");
  add(5, "Tver", "printing equipment");  // of another segment
  const ClientBase base = builder.build().base;
  Table classified = clients_of(base);
  classified.add(labels("relationship_type", {"client", "potential"}, {1, 1, 0, 0, 1}));
  const Table managers = table_of_texts({{"manager", {"ivanov", "orlov", "lebedeva"}},
                                         {"pools", {"printing equipment", "printing equipment", "supplies"}}});
  ScheduleKnowledge known;
  known.assignments.assign(
      {.client = "3", .attribute = "new_equipment", .value = "presented", .source = ValueSource::bulk});

  const ContactSchedule schedule = make_schedule(base, classified, managers, policy, december, known);
  expect_sound(schedule);
  EXPECT_TRUE(schedule.plan().refused.empty());
  const Table planned = schedule.planned();

  for (const char* client : {"1", "2"}) {
    const Table own = where(planned, "client", client);
    EXPECT_THAT(
        column(where(own, "channel", "phone"), "purpose"),
        ElementsAre("clarify the interest", "clarify the needs", "assess the client",
                    "prepare the offer by its gains for the client", "prepare the offer by its gains for the client",
                    "prepare the offer by its gains for the client"));
    EXPECT_THAT(column(where(own, "channel", "meeting"), "purpose"), ElementsAre("presentation", "terms of the deal"));
    const std::vector<std::string> mails = column(where(own, "channel", "email"), "purpose");
    ASSERT_GE(mails.size(), 4U);
    EXPECT_THAT(std::vector<std::string>(mails.begin(), mails.begin() + 4),
                ElementsAre("catalogue", "offer", "contract", "details of the deal"));
    for (const std::string& manager : column(own, "manager")) EXPECT_THAT(manager, ::testing::AnyOf("ivanov", "orlov"));
  }
  for (const char* client : {"3", "4"}) {
    const Table own = where(planned, "client", client);
    EXPECT_THAT(column(where(own, "channel", "phone"), "purpose"), ElementsAre("current needs", "satisfaction"));
    EXPECT_THAT(column(where(own, "channel", "email"), "purpose"), ElementsAre("changed terms", "promotions"));
    EXPECT_THAT(counts(own, "manager"), ElementsAre(std::pair<const std::string, int>("lebedeva", own.rows())));
  }
  // New equipment is presented to one of the two.
  EXPECT_THAT(column(where(where(planned, "client", "3"), "channel", "meeting"), "purpose"),
              ElementsAre("presentation of new equipment"));
  EXPECT_EQ(where(where(planned, "client", "4"), "channel", "meeting").rows(), 0U);
  EXPECT_EQ(where(planned, "client", "5").rows(), 0U);
  EXPECT_EQ(schedule.shortfalls().rows(), 0U);
  // In Russian too, with the reason.
  const Table russian = where(where(schedule.planned(Language::russian), "client", "4"), "channel", "phone");
  EXPECT_THAT(column(russian, "purpose"), ElementsAre("текущие потребности", "оценка удовлетворённости"));
  EXPECT_THAT(column(russian, "reason").front(), HasSubstr("звонок 1 из 2 за 2026-12"));
}

// --- periods ---

TEST(SchedulePeriod, IsReadFromText) {
  EXPECT_EQ(SchedulePeriod::parse("2026-12"), december);
  EXPECT_EQ(SchedulePeriod::parse("2026-Q4"), (SchedulePeriod{on(2026, 10, 1), on(2026, 12, 31)}));
  EXPECT_EQ(SchedulePeriod::parse("2026-W53"), (SchedulePeriod{on(2026, 12, 28), on(2027, 1, 3)}));
  EXPECT_EQ(SchedulePeriod::parse("2024-02"), (SchedulePeriod{on(2024, 2, 1), on(2024, 2, 29)}));
  EXPECT_EQ(SchedulePeriod::parse("2026"), (SchedulePeriod{on(2026, 1, 1), on(2026, 12, 31)}));
  EXPECT_EQ(SchedulePeriod::parse("2026-12-03"), (SchedulePeriod{on(2026, 12, 3), on(2026, 12, 3)}));
  EXPECT_EQ(SchedulePeriod::parse("2026-12-03..2026-12-20"), (SchedulePeriod{on(2026, 12, 3), on(2026, 12, 20)}));
  for (const char* bad : {"", "2026-13", "2026-00", "2025-W53", "2026-Q5", "2026-12-32", "december",
                          "2026-12-20..2026-12-03", "20261", "2026-1", "2026-W00", "-026"})
    EXPECT_EQ(error_of([&] { static_cast<void>(SchedulePeriod::parse(bad)); }).where(), "period") << bad;
}

TEST(Schedule, CutsQuotasOfLongerPeriodsSoThatPartsAddUp) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  const ClientBase base = builder.build().base;
  const PlanPolicy policy = policy_of(
      R"("playbooks": [{"name": "p", "quotas": [
         {"name": "q", "channel": "phone", "contacts": 7, "per": "quarter",
          "purposes": ["1", "2", "3", "4", "5", "6", "7"]},
         {"name": "w", "channel": "email", "contacts": 1, "per": "week"}]}])");
  const auto plan = [&](const char* text) {
    return make_schedule(base, clients_of(base), one_manager(), policy, SchedulePeriod::parse(text));
  };
  const Table whole = plan("2026-Q4").planned();
  std::set<std::string> ids;
  std::vector<std::string> purposes;
  for (const char* month : {"2026-10", "2026-11", "2026-12"}) {
    const ContactSchedule part = plan(month);
    expect_sound(part);
    const Table planned = part.planned();
    for (const std::string& id : column(planned, "id")) EXPECT_TRUE(ids.insert(id).second) << id;
    for (const std::string& purpose : column(where(planned, "channel", "phone"), "purpose"))
      purposes.push_back(purpose);
  }
  EXPECT_THAT(purposes, ElementsAre("1", "2", "3", "4", "5", "6", "7"));
  const std::vector<std::string> all = column(whole, "id");
  EXPECT_EQ(ids, (std::set<std::string>(all.begin(), all.end())));
  EXPECT_TRUE(ids.contains("1/p/q/2026-Q4/1"));
  EXPECT_EQ(where(whole, "channel", "email").rows(), 14U);  // Thursdays of the quarter
}

// --- who is asked ---

TEST(Schedule, TakesTheFirstPlaybookOfASetAndTheWorthOfTheClient) {
  BaseBuilder builder;
  for (int id = 1; id <= 3; ++id) builder.add(ClientRow{.client = id});
  const ClientBase base = builder.build().base;
  Table classified = clients_of(base);
  classified.add(labels("tier", {"strategic", "ordinary"}, {0, 1, 1}));
  const ContactSchedule schedule = make_schedule(base, classified, one_manager(), policy_of(R"("playbooks": [
        {"name": "top", "set": "s", "when": "tier = 'strategic'", "worth": "2.5", "quotas": [{"channel": "phone"}]},
        {"name": "rest", "set": "s", "quotas": [{"channel": "email", "value": 4}]},
        {"name": "nobody", "when": "false", "quotas": [{"channel": "email"}]}])"),
                                                 december);
  const Table planned = schedule.planned();
  EXPECT_THAT(column(where(planned, "playbook", "top"), "client"), ElementsAre("1"));
  EXPECT_THAT(column(where(planned, "playbook", "top"), "value"), ElementsAre("2.5"));
  EXPECT_THAT(column(where(planned, "playbook", "rest"), "client"), UnorderedElementsAre("2", "3"));
  EXPECT_THAT(
      column(where(planned, "playbook", "top"), "reason").front(),
      AllOf(HasSubstr("playbook \"top\""), HasSubstr("phone call 1 of 1 in 2026-12"), HasSubstr("tier = 'strategic'")));
  ASSERT_EQ(schedule.notes().size(), 1U);
  EXPECT_THAT(schedule.notes().front().english, HasSubstr("\"nobody\" fits no client"));
}

TEST(Schedule, AssignsOwnersWhereCardsHaveNoneOrAStranger) {
  BaseBuilder builder;
  const auto add = [&](int id, const char* owner, const char* language) {
    ClientRow row{.client = id};
    row.owner = owner;
    row.language = language;
    builder.add(row);
  };
  add(1, "boris", "");
  add(2, "Anna K", "");  // by the name
  add(3, "", "de");
  add(4, "gone", "fr");  // a stranger, and a language that nobody has
  const ClientBase base = builder.build().base;
  const Table managers =
      table_of_texts({{"manager", {"boris", "anna"}}, {"name", {"Boris B", "Anna K"}}, {"tags", {"en", "en;de"}}});
  PlanPolicy policy = policy_of(monthly_call);
  policy.owners.needs = {"card.language"};
  const ContactSchedule schedule = make_schedule(base, clients_of(base), managers, policy, december);
  const Table owners = schedule.owners();
  EXPECT_THAT(column(owners, "manager"), ElementsAre("boris", "anna", "anna", "boris"));
  EXPECT_THAT(column(owners, "reason"), ElementsAre("kept", "kept", "only_one", "least_load"));
  EXPECT_THAT(counts(schedule.planned(), "manager"), UnorderedElementsAre(std::pair("anna", 2), std::pair("boris", 2)));
  EXPECT_THAT(schedule.notes().front().english, HasSubstr("gone"));
}

TEST(Schedule, GivesContactsToPoolsSkillsAndLanguages) {
  BaseBuilder builder;
  ClientRow row{.client = 1};
  row.language = "de";
  row.owner = "a";
  builder.add(row);
  const ClientBase base = builder.build().base;
  const Table managers =
      table_of_texts({{"manager", {"a", "b", "c"}}, {"tags", {"", "demo", "de"}}, {"pools", {"", "x", "x"}}});
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), managers,
                    policy_of(R"("owners": {"needs": [], "dedicated": null}, "playbooks": [{"name": "p", "quotas": [
        {"name": "owner", "channel": "phone"},
        {"name": "demo", "channel": "meeting", "by": {"skills": ["Demo"]}},
        {"name": "speaks", "channel": "email", "by": "language"},
        {"name": "pool", "channel": "letter", "by": {"pool": "x", "language": true}},
        {"name": "nowhere", "channel": "sms", "by": {"pool": "y"}}]}])"),
                    december);
  expect_sound(schedule);
  std::map<std::string, std::string> by;
  const Table planned = schedule.planned();
  for (std::size_t i = 0; i < planned.rows(); ++i)
    by[planned.column("channel").to_text(i)] = planned.column("manager").to_text(i);
  EXPECT_THAT(by, UnorderedElementsAre(std::pair("phone", "a"), std::pair("meeting", "b"), std::pair("email", "c"),
                                       std::pair("letter", "c")));
  EXPECT_THAT(column(schedule.refused(), "reason"), ElementsAre("no_manager"));
}

// --- consents, hours, limits ---

TEST(Schedule, AsksConsentsByChannelPurposeAndDay) {
  BaseBuilder builder;
  for (int id = 1; id <= 6; ++id) builder.add(ClientRow{.client = id});
  const auto consent = [&](int client, const char* channel, const char* purpose, bool granted,
                           std::optional<Instant> since = {}, std::optional<Instant> until = {}) {
    builder.add(ConsentRow{
        .client = client, .channel = channel, .purpose = purpose, .granted = granted, .since = since, .until = until});
  };
  consent(1, "call", "", false);                                   // an alias; any purpose
  consent(2, "phone", "marketing", true, noon(on(2026, 12, 14)));  // from the 15th on
  consent(3, "phone", "marketing", true);
  consent(3, "all", "", false, noon(on(2026, 11, 1)));                           // taken back later
  consent(4, "phone", "service", true);                                          // for something else
  consent(5, "phone", "marketing", true, std::nullopt, noon(on(2026, 12, 10)));  // until the 9th
  const ClientBase base = builder.build().base;
  const std::string channels = R"("channels": [{"name": "phone", "aliases": ["call"], "consent": CONSENT}])";
  const auto plan = [&](const char* required) {
    std::string parts = channels;
    parts.replace(parts.find("CONSENT"), 7, required);
    return make_schedule(base, clients_of(base), one_manager(), policy_of(parts + ", " + monthly_call), december);
  };
  const ContactSchedule required = plan("true");
  expect_sound(required);
  const Table planned = required.planned();
  EXPECT_THAT(column(planned, "client"), UnorderedElementsAre("2", "5"));
  for (std::size_t i = 0; i < planned.rows(); ++i) {
    const Day day = required.time_zone().day_of(
        Instant{std::chrono::microseconds{planned.column("start").values<std::int64_t>()[i]}});
    if (planned.column("client").to_text(i) == "2") {
      EXPECT_GE(day, on(2026, 12, 15));
    } else {
      EXPECT_LE(day, on(2026, 12, 9));
    }
  }
  EXPECT_THAT(counts(required.refused(), "reason"), ElementsAre(std::pair<const std::string, int>("no_channel", 4)));
  EXPECT_THAT(column(required.refused(), "text").front(), HasSubstr("\"marketing\""));
  const ContactSchedule optional = plan("false");
  EXPECT_THAT(column(optional.planned(), "client"), UnorderedElementsAre("2", "4", "5", "6"));
}

/// Days on which a client's contacts by a quota may be, with the consents and parts of the policy that are given.
std::set<Day> days_open(const std::vector<ConsentRow>& consents, const std::string& quota, const std::string& parts) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  for (const ConsentRow& consent : consents) builder.add(consent);
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), one_manager(),
                    policy_of(parts + R"("playbooks": [{"name": "p", "quotas": [)" + quota + "]}]"), december);
  expect_sound(schedule);
  const PlanProblem& problem = schedule.problem();
  std::set<Day> days;
  if (schedule.plan().planned.empty()) return days;
  const std::vector<MinuteSpan>& hours = problem.hours[problem.touches[0].hours];
  for (std::size_t d = 0; d < hours.size(); ++d)
    if (hours[d].to > hours[d].from) days.insert(problem.days[d]);
  return days;
}

TEST(Schedule, AChannelThatIsNotPermittedClosesNoOther) {
  const ConsentRow sms_later{.client = 1, .channel = "sms", .granted = true, .since = noon(on(2026, 12, 20))};
  const std::string mail_or_sms = R"({"channels": ["email", "sms"]})";
  const std::string sms_asks = R"("channels": [{"name": "email"}, {"name": "sms", "consent": true}], )";
  const std::size_t all = 23;  // working days of December
  EXPECT_EQ(days_open({}, mail_or_sms, sms_asks).size(), all);
  EXPECT_EQ(days_open({sms_later}, mail_or_sms, sms_asks).size(), all) << "an opt-in takes no day away";
  // A refusal of calls from the 10th leaves the mails.
  const ConsentRow no_calls{.client = 1, .channel = "phone", .granted = false, .since = noon(on(2026, 12, 10))};
  EXPECT_EQ(days_open({no_calls}, R"({"channels": ["phone", "email"]})", "").size(), all);
  EXPECT_EQ(*days_open({no_calls}, R"({"channels": ["phone"]})", "").rbegin(), on(2026, 12, 9));
  // Where none is permitted all the time, the one that is longest.
  const ConsentRow no_mails{.client = 1, .channel = "email", .granted = false, .since = noon(on(2026, 12, 4))};
  const std::set<Day> days = days_open({no_calls, no_mails}, R"({"channels": ["email", "phone"]})", "");
  EXPECT_EQ(*days.begin(), on(2026, 12, 1));
  EXPECT_EQ(*days.rbegin(), on(2026, 12, 9));
}

TEST(Schedule, HoursAndBlackoutsOfAChannelThatIsNotUsedCloseNoOther) {
  const std::string quota = R"({"channels": ["phone", "email"]})";
  const std::string mondays =
      R"("channels": [{"name": "phone", "hours": {"Mon": "10:00-11:00"}}, {"name": "email"}], )";
  EXPECT_EQ(days_open({}, quota, mondays).size(), 4U) << "what both allow";
  const ConsentRow no_calls{.client = 1, .channel = "phone", .granted = false};
  EXPECT_EQ(days_open({no_calls}, quota, mondays).size(), 23U);
  const auto blackout = [](const char* last) {
    return std::string(R"("blackouts": [{"days": "2026-12-01..)") + last + R"(", "channels": ["phone"]}], )";
  };
  EXPECT_EQ(days_open({}, quota, blackout("2026-12-04")).size(), 19U) << "days of some channel only are left out";
  EXPECT_EQ(days_open({}, quota, blackout("2026-12-31")).size(), 23U) << "all of its days: the other one is left";
}

TEST(Schedule, KeepsTheHoursOfRulePacksOnTheClientsClock) {
  BaseBuilder builder;
  ClientRow row{.client = 1};
  row.country = "United States";
  row.time_zone = "America/Los_Angeles";
  builder.add(row);
  ClientRow quiet{.client = 2};
  quiet.time_zone = "Mars/Olympus";
  builder.add(quiet);
  const ClientBase base = builder.build().base;
  const Table managers =
      table_of_texts({{"manager", {"night"}}, {"time_zone", {"America/New_York"}}, {"hours", {"00:00-24:00"}}});
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), managers,
                    policy_of(std::string(R"("time_zone": "America/New_York", "rule_packs": ["us-tcpa"], )") +
                              R"("playbooks": [{"name": "p", "quotas": [{"channel": "phone", "contacts": 10}]}])"),
                    december);
  expect_sound(schedule);
  const TimeZone client = TimeZone::named("America/Los_Angeles");
  const Table planned = where(schedule.planned(), "client", "1");
  ASSERT_EQ(planned.rows(), 10U);
  for (const std::int64_t start : planned.column("start").values<std::int64_t>()) {
    const std::int64_t wall = start + client.offset_micros(Instant{std::chrono::microseconds{start}});
    const std::int64_t hour = wall / 3'600'000'000 % 24;
    EXPECT_GE(hour, 8);
    EXPECT_LT(hour, 21);
  }
  std::string notes;
  for (const PlanWords& note : schedule.notes()) notes += note.english + '\n';
  EXPECT_THAT(notes, AllOf(HasSubstr("Mars/Olympus"), HasSubstr("us-tcpa")));
}

TEST(Schedule, TellsWhoseClockIsNotKnown) {
  const auto notes = [](const std::vector<std::pair<std::string, std::string>>& countries_and_zones,
                        const char* packs) {
    BaseBuilder builder;
    int id = 0;
    for (const auto& [country, zone] : countries_and_zones) {
      ClientRow row{.client = ++id};
      row.country = country;
      row.time_zone = zone;
      builder.add(row);
    }
    const ClientBase base = builder.build().base;
    const ContactSchedule schedule = make_schedule(
        base, clients_of(base), one_manager(),
        policy_of(std::string(R"("time_zone": "Europe/Berlin", "rule_packs": )") + packs + ", " + monthly_call),
        december);
    std::string all;
    for (const PlanWords& note : schedule.notes()) {
      if (note.english.find("without a time zone") == std::string::npos) continue;
      all += note.english;
      EXPECT_THAT(note.russian, HasSubstr("без часового пояса"));
    }
    return all;
  };
  EXPECT_EQ(notes({{"DE", ""}, {"DE", ""}}, "[]"), "");
  EXPECT_EQ(notes({{"DE", "Europe/Berlin"}, {"DE", ""}}, "[]"),
            "Clients without a time zone, whose hours are read on the plan's clock (Europe/Berlin): 1.");
  EXPECT_EQ(notes({{"DE", ""}, {"FR", ""}}, "[]"),
            "Clients without a time zone, whose hours are read on the plan's clock (Europe/Berlin): 2.");
  EXPECT_EQ(
      notes({{"US", ""}}, R"(["us-tcpa"])"),
      "Clients without a time zone, whose hours are read on the plan's clock (Europe/Berlin): 1. Rule packs limit "
      "the hours of 1 of them by their own clock (us-tcpa): contacts may lie outside.");
  EXPECT_EQ(notes({{"US", "America/New_York"}}, R"(["us-tcpa"])"), "");
}

TEST(Schedule, KeepsTheRulesOfEveryPackWhateverItCallsAChannel) {
  BaseBuilder builder;
  ClientRow row{.client = 1};
  row.country = "US";
  builder.add(row);
  const ClientBase base = builder.build().base;
  const Table night = table_of_texts({{"manager", {"m"}}, {"hours", {"22:00-06:00"}}, {"weekdays", {"Mon-Sun"}}});
  const std::string house = R"({"name": "house", "disclaimer": "ours", "versions": [{"effective": "2020-01-01",
    "rules": [{"channels": ["call"], "citation": "1"}, {"channels": ["pigeon"], "citation": "2"}]}]})";
  for (const std::string& packs : {std::string(R"("us-tcpa")"), R"("us-tcpa", )" + house, house + R"(, "us-tcpa")"}) {
    const ContactSchedule schedule =
        make_schedule(base, clients_of(base), night,
                      policy_of(std::string(monthly_call) + R"(, "rule_packs": [)" + packs + "]"), december);
    EXPECT_THAT(column(schedule.refused(), "reason"), ElementsAre("no_time")) << packs;
    const bool told = std::any_of(schedule.notes().begin(), schedule.notes().end(), [](const PlanWords& note) {
      return note.english.find("pigeon (house)") != std::string::npos;
    });
    EXPECT_EQ(told, packs.find("house") != std::string::npos);
  }
}

TEST(Schedule, CountsWhatHappenedBefore) {
  BaseBuilder builder;
  for (int id = 1; id <= 4; ++id) builder.add(ClientRow{.client = id});
  const auto happened = [&](int client, const char* channel, const char* initiative, Day day, const char* state = "") {
    builder.add(InteractionRow{
        .client = client, .channel = channel, .initiative = initiative, .started_at = noon(day), .state = state});
  };
  happened(1, "phone", "outbound", on(2026, 11, 28));
  happened(2, "phone", "inbound", on(2026, 11, 28));                // the client's own
  happened(3, "phone", "outbound", on(2026, 11, 28), "cancelled");  // did not take place
  happened(4, "telephone", "", on(2026, 10, 1));                    // long ago
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), one_manager(),
                    policy_of(R"("limits": [{"contacts": 1, "days": 30, "channels": ["phone"]}],
        "playbooks": [{"name": "p", "quotas": [{"channel": "phone", "spread": false, "value": 1}]}])"),
                    {on(2026, 12, 1), on(2026, 12, 20)});
  expect_sound(schedule);
  EXPECT_THAT(schedule.problem().past, ElementsAre(PastContact{0, 0, on(2026, 11, 28)}));
  EXPECT_THAT(column(schedule.refused(), "client"), ElementsAre("1"));
  EXPECT_THAT(column(schedule.refused(), "reason"), ElementsAre("past_contacts"));
}

TEST(Schedule, LeavesBlackoutsAndHolidaysOut) {
  BaseBuilder builder;
  ClientRow row{.client = 1};
  row.country = "DE";
  builder.add(row);
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  known.holidays = HolidayTable({{"DE", "", on(2026, 12, 25), "Weihnachten"}});
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), one_manager(), policy_of(R"("blackouts": ["2026-12-21..2026-12-23"],
        "playbooks": [{"name": "p", "quotas": [{"channel": "email", "contacts": 1, "per": "day"}]}])"),
                    {on(2026, 12, 21), on(2026, 12, 27)}, known);
  expect_sound(schedule);
  EXPECT_THAT(days_of(schedule), ElementsAre(on(2026, 12, 24)));
  EXPECT_THAT(counts(schedule.refused(), "reason"),
              UnorderedElementsAre(std::pair("no_time", 4), std::pair("outside_period", 2)));
}

// --- dates ---

TEST(Schedule, CaresOnBirthdaysOfLeapDaysAndOnHolidays) {
  BaseBuilder builder;
  const auto add = [&](int id, Day birthday, const char* country) {
    ClientRow row{.client = id};
    row.birthday = birthday;
    row.country = country;
    builder.add(row);
  };
  add(1, on(1988, 2, 29), "Россия");
  add(2, on(1990, 3, 15), "DE");
  add(3, on(1990, 6, 1), "");
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  known.holidays =
      HolidayTable({{"RU", "", on(2027, 2, 23), "Defender Day"}, {"RU", "", on(2027, 3, 8), "Women's Day"}});
  const ContactSchedule schedule = make_schedule(
      base, clients_of(base), table_of_texts({{"manager", {"m"}}, {"weekdays", {"Mon-Sun"}}}), policy_of(R"("care": [
        {"name": "birthday", "after_days": 0, "contact": {"channel": "phone"}},
        {"name": "holiday", "on": "holidays", "holidays": ["Women's Day"], "before_days": 2, "after_days": 0,
         "contact": {"channel": "email"}}])"),
      {on(2027, 2, 1), on(2027, 3, 31)}, known);
  expect_sound(schedule);
  const Table planned = schedule.planned();
  EXPECT_THAT(column(planned, "id"), UnorderedElementsAre("1/birthday/1/2027-02-28/1", "2/birthday/1/2027-03-15/1",
                                                          "1/holiday/1/2027-03-08/1"));
  EXPECT_THAT(column(where(planned, "playbook", "holiday"), "reason").front(), HasSubstr("Women's Day"));
  for (const Day day : days_of(schedule)) EXPECT_NE(day, on(2027, 3, 8));  // a holiday itself is no day for contacts
}

TEST(Schedule, CaresOnADayOfSeveralHolidaysAndTellsOfThoseThatAreNotKnown) {
  BaseBuilder builder;
  ClientRow row{.client = 1};
  row.country = "DE";
  builder.add(row);
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  known.holidays = HolidayTable({{"DE", "", on(2026, 12, 24), "Eve"}, {"DE", "", on(2026, 12, 24), "Adam and Eve"}});
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), table_of_texts({{"manager", {"m"}}, {"country", {"Russia"}}}),
                    policy_of(R"("on_holidays": true, "care": [{"name": "holiday", "on": "holidays",
        "holidays": ["Eve", "Xmas"], "contact": {"channel": "email"}}])"),
                    december, known);
  expect_sound(schedule);
  EXPECT_THAT(column(schedule.planned(), "id"), ElementsAre("1/holiday/1/2026-12-24/1"));
  std::string notes;
  for (const PlanWords& note : schedule.notes()) notes += note.english + '\n';
  EXPECT_THAT(notes,
              AllOf(HasSubstr("the table of holidays has not: Xmas."), HasSubstr("not known, so that they work")));
}

TEST(Schedule, TellsWhatCountsForNothing) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .owner = "anna"});
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  known.holidays = HolidayTable({{"DE", "", on(2026, 12, 25), "Christmas"}});
  known.as_of = on(2027, 1, 31);
  const ContactSchedule schedule = make_schedule(
      base, clients_of(base),
      table_of_texts(
          {{"manager", {"anna", "boris"}}, {"minutes", {"", "0"}}, {"pols", {"a", "b"}}, {"email", {"", ""}}}),
      policy_of(
          R"("playbooks": [{"name": "p", "quotas": [{"channel": "phone", "by": {"pool": "North", "skills": ["sql"]}}]}])"),
      december, known);
  expect_sound(schedule);
  std::string notes;
  for (const PlanWords& note : schedule.notes()) {
    notes += note.english + '\n';
    EXPECT_FALSE(note.russian.empty());
  }
  EXPECT_THAT(notes, AllOf(HasSubstr("boris"), HasSubstr("column pols that is not read; did you mean pools?"),
                           HasSubstr("holidays of DE"), HasSubstr("over before 2027-01-31"),
                           HasSubstr("no manager has: north, sql")));
  EXPECT_THAT(notes, Not(HasSubstr("email")));
}

TEST(Schedule, AsksForNoContactThatWasHeldForAnEarlierPlan) {
  const std::string parts = R"("care": [{"name": "birthday", "before_days": 3, "contact": {"channel": "phone"}}],
    "campaigns": [{"name": "news", "first": "2027-02-20", "deadline": "2027-03-10", "contact": {"channel": "phone"}}])";
  const auto ids = [&](const char* held) {
    BaseBuilder builder;
    ClientRow row{.client = 1};
    row.birthday = on(1990, 3, 1);
    builder.add(row);
    builder.add(InteractionRow{.interaction = held,
                               .client = 1,
                               .channel = "phone",
                               .started_at = noon(on(2027, 2, 26)),
                               .state = "completed"});
    const ClientBase base = builder.build().base;
    const ContactSchedule schedule =
        make_schedule(base, clients_of(base), one_manager(), policy_of(parts), {on(2027, 3, 1), on(2027, 3, 31)});
    return column(schedule.planned(), "id");
  };
  EXPECT_THAT(ids("1/birthday/1/2027-03-01/1"), ElementsAre("1/news/1/2027-03-10/1"));
  EXPECT_THAT(ids("1/news/1/2027-03-10/1"), ElementsAre("1/birthday/1/2027-03-01/1"));
  EXPECT_THAT(ids("another"), UnorderedElementsAre("1/birthday/1/2027-03-01/1", "1/news/1/2027-03-10/1"));
}

TEST(Schedule, ComesBackToRequests) {
  BaseBuilder builder;
  for (int id = 1; id <= 6; ++id) builder.add(ClientRow{.client = id});
  const auto request = [&](int client, std::optional<Day> revisit, const char* state = "open",
                           Day at = on(2026, 9, 1)) {
    builder.add(RequestRow{.request = "r" + std::to_string(client),
                           .client = client,
                           .at = noon(at),
                           .state = state,
                           .revisit_on = revisit});
  };
  request(1, on(2026, 12, 10));
  request(2, on(2026, 11, 20));  // overdue
  request(3, on(2026, 11, 20));  // kept
  request(4, on(2026, 9, 20));   // too long ago
  request(5, std::nullopt, "lost", on(2026, 9, 11));
  request(6, on(2027, 1, 10));
  builder.add(
      InteractionRow{.client = 3, .channel = "phone", .initiative = "outbound", .started_at = noon(on(2026, 11, 22))});
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule = make_schedule(
      base, clients_of(base), one_manager(),
      policy_of(R"("revisits": {"within_days": 4, "overdue_days": 30, "recycle": ["Lost"], "recycle_after_days": 90,
        "contact": {"channel": "phone", "value": 10}})"),
      december);
  expect_sound(schedule);
  EXPECT_THAT(column(schedule.planned(), "id"),
              UnorderedElementsAre("1/revisit/1/2026-12-10/1", "2/revisit/1/2026-11-20/1", "5/revisit/1/2026-12-10/1"));
  const std::vector<PlanTouch>& touches = schedule.problem().touches;
  EXPECT_EQ(touches[0].first, on(2026, 12, 10));
  EXPECT_EQ(touches[0].last, on(2026, 12, 14));
  EXPECT_EQ(touches[1].first, on(2026, 12, 1));
  EXPECT_EQ(touches[1].last, on(2026, 12, 5));
}

TEST(Schedule, SurveysAndInformsInTime) {
  BaseBuilder builder;
  for (int id = 1; id <= 3; ++id) builder.add(ClientRow{.client = id});
  builder.add(FeedbackRow{.client = 1, .at = noon(on(2026, 11, 1)), .measure = "nps", .score = Money::from_text("9")});
  builder.add(FeedbackRow{.client = 2, .at = noon(on(2026, 9, 12)), .measure = "nps", .score = Money::from_text("9")});
  builder.add(FeedbackRow{.client = 3, .at = noon(on(2026, 11, 1)), .measure = "csat", .score = Money::from_text("4")});
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule = make_schedule(
      base, clients_of(base), one_manager(),
      policy_of(R"("surveys": [{"name": "nps", "measure": "nps", "every_days": 90, "contact": {"channel": "email"}}],
        "campaigns": [
          {"name": "prices", "when": "client <= 2", "deadline": "2026-12-04", "contact": {"channel": "phone"}},
          {"name": "old", "deadline": "2026-11-04", "contact": {"channel": "phone"}}])"),
      december);
  expect_sound(schedule);
  const Table planned = schedule.planned();
  EXPECT_THAT(column(where(planned, "playbook", "nps"), "id"),
              UnorderedElementsAre("2/nps/1/2026-12-11/1", "3/nps/1/2026-12-01/1"));
  EXPECT_THAT(column(where(planned, "playbook", "prices"), "client"), UnorderedElementsAre("1", "2"));
  EXPECT_EQ(where(planned, "playbook", "old").rows(), 0U);
  ASSERT_EQ(schedule.notes().size(), 1U);
  EXPECT_THAT(schedule.notes().front().english, HasSubstr("\"old\" lies outside"));
}

TEST(Schedule, AsksAgainOnlyAfterATimeWhereNobodyAnswered) {
  BaseBuilder builder;
  for (const char* id : {"a", "b", "c", "d/e", "f"}) builder.add(ClientRow{.client = id});
  const auto asked = [&](const char* client, const char* id, Day day) {
    InteractionRow row{.interaction = id, .client = client, .channel = "email", .initiative = "outbound"};
    row.started_at = noon(day);
    row.state = "completed";
    builder.add(row);
  };
  asked("a", "a/nps/1/2026-11-02/1", on(2026, 11, 2));
  asked("a", "a/nps/1/2026-05-02/1", on(2026, 5, 2));
  asked("b", "b/nps/1/2026-09-07/1", on(2026, 9, 7));     // due on 6 December
  asked("c", "c/nps 2/1/2026-11-02/1", on(2026, 11, 2));  // of another survey
  asked("d/e", "d%2Fe/nps/1/2026-11-02/1", on(2026, 11, 2));
  builder.add(FeedbackRow{.client = "b", .at = noon(on(2026, 6, 1)), .measure = "nps", .score = Money::from_text("9")});
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule = make_schedule(
      base, clients_of(base), one_manager(),
      policy_of(R"("surveys": [{"name": "nps", "measure": "nps", "every_days": 90, "contact": {"channel": "email"}}])"),
      december);
  expect_sound(schedule);
  EXPECT_THAT(column(schedule.planned(), "id"),
              UnorderedElementsAre("b/nps/1/2026-12-06/1", "c/nps/1/2026-12-01/1", "f/nps/1/2026-12-01/1"));
}

/// Eight clients, every other one in Tver, the rest in Kazan.
ClientBase of_two_cities() {
  BaseBuilder builder;
  for (int id = 1; id <= 8; ++id) {
    ClientRow row{.client = id};
    row.city = id % 2 == 0 ? "Tver" : "Kazan";
    builder.add(row);
  }
  return builder.build().base;
}

TEST(Schedule, DrawsMeetingsOfOneCityToOneDay) {
  const ClientBase base = of_two_cities();
  const ContactSchedule schedule = make_schedule(base, clients_of(base), one_manager(),
                                                 policy_of(R"("batching": {"channels": ["meeting"], "by": "card.city"},
        "playbooks": [{"name": "p", "quotas": [{"channel": "meeting", "per": "plan"}]}])"),
                                                 {on(2026, 12, 7), on(2026, 12, 8)});
  expect_sound(schedule);
  std::map<std::string, std::set<std::string>> cities;
  for (const PlannedTouch& touch : schedule.plan().planned) {
    const PlanTouch& asked = schedule.problem().touches[touch.touch];
    cities[to_text(schedule.problem().days[touch.day])].insert(asked.client % 2 == 0 ? "Kazan" : "Tver");
  }
  ASSERT_EQ(cities.size(), 2U);
  for (const auto& [day, names] : cities) EXPECT_EQ(names.size(), 1U) << day;
}

TEST(Schedule, PutsContactsOfAPlaceNextToEachOther) {
  const ClientBase base = of_two_cities();
  const auto changes = [&](const std::string& batching) {
    const ContactSchedule schedule =
        make_schedule(base, clients_of(base), one_manager(), policy_of(R"("batching": )" + batching + R"(,
        "playbooks": [{"name": "p", "quotas": [{"channel": "meeting", "per": "plan"}]}])"),
                      {on(2026, 12, 7), on(2026, 12, 7)});
    expect_sound(schedule);
    std::vector<PlannedTouch> day = schedule.plan().planned;
    std::sort(day.begin(), day.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    std::size_t count = 0;
    for (std::size_t i = 1; i < day.size(); ++i)
      count += schedule.problem().touches[day[i].touch].client % 2 !=
               schedule.problem().touches[day[i - 1].touch].client % 2;
    return std::pair(day.size(), count);
  };
  const auto [planned, mixed] = changes("null");
  const auto [again, apart] = changes(R"({"channels": ["meeting"], "by": "card.city"})");
  ASSERT_GE(planned, 4U);
  EXPECT_EQ(again, planned);
  EXPECT_GT(mixed, 1U);
  EXPECT_EQ(apart, 1U);
}

// --- what is not possible ---

TEST(Schedule, WithoutManagersOrTimeRefusesEverythingWithItsReason) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  const ClientBase base = builder.build().base;
  const auto reasons = [&](const Table& managers) {
    const ContactSchedule schedule = make_schedule(base, clients_of(base), managers, policy_of(monthly_call), december);
    expect_sound(schedule);
    return column(schedule.refused(), "reason");
  };
  EXPECT_THAT(reasons(table_of_texts({{"manager", {}}})), ElementsAre("no_manager"));
  EXPECT_THAT(reasons(table_of_texts({{"manager", {"m"}}, {"minutes", {"0"}}})), ElementsAre("no_manager"));
  EXPECT_THAT(reasons(table_of_texts({{"manager", {"m"}}, {"capacities", {"phone=0"}}})), ElementsAre("no_time"));
  EXPECT_THAT(reasons(table_of_texts({{"manager", {"m"}}, {"absences", {"2026-11-01..2027-02-01"}}})),
              ElementsAre("no_manager"));
}

TEST(Schedule, NamesThePointerOfWhatThePolicyGetsWrong) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  const ClientBase base = builder.build().base;
  Table classified = clients_of(base);
  classified.add(labels("cell", {"engaged / small volume", "engaged / top volume"}, {0}));
  const auto error = [&](const std::string& parts) {
    return error_of(
        [&] { static_cast<void>(make_schedule(base, classified, one_manager(), policy_of(parts), december)); });
  };
  const Error column = error(R"("playbooks": [{"name": "p", "when": "tierr = 'strategic'"}])");
  EXPECT_EQ(column.code(), Code::bad_policy);
  EXPECT_EQ(column.where(), "/plan/playbooks/0/when");
  EXPECT_THAT(column.what(), AllOf(HasSubstr("tierr"), HasSubstr("column 1")));
  const Error cell =
      error(R"("playbooks": [{"name": "q"}, {"name": "p", "when": "true and cell = 'engaged / smal volume'"}])");
  EXPECT_EQ(cell.where(), "/plan/playbooks/1/when");
  EXPECT_THAT(cell.what(),
              AllOf(HasSubstr("never holds"), HasSubstr("engaged / small volume"), HasSubstr("column 17")));
  const Error within = error(R"x("playbooks": [{"name": "p", "when": "cell in ('engaged / top volume', 'cold')"}])x");
  EXPECT_THAT(within.what(), HasSubstr("never holds 'cold'"));
  const Error condition = error(
      R"("playbooks": [{"name": "p", "quotas": [{"channel": "phone"}, {"channel": "phone", "only_if": "missing > 1"}]}])");
  EXPECT_EQ(condition.where(), "/plan/playbooks/0/quotas/1/only_if");
  const Error number = error(R"("playbooks": [{"name": "p", "when": "client + 1"}])");
  EXPECT_EQ(number.where(), "/plan/playbooks/0/when");
  EXPECT_THAT(number.what(), HasSubstr("true or false"));
  const Error text = error(R"("playbooks": [{"name": "p", "worth": "cell"}])");
  EXPECT_EQ(text.where(), "/plan/playbooks/0/worth");
  const Error dates = error(R"("care": [{"name": "c", "on": "cell", "contact": {"channel": "phone"}}])");
  EXPECT_EQ(dates.where(), "/plan/care/0/on");
  const Error owner = error(R"("owners": {"dedicated": "tier = 'x'"})");
  EXPECT_EQ(owner.where(), "/plan/owners/dedicated");
  const Error batching = error(R"("batching": {"channels": ["meeting"], "by": "town"})");
  EXPECT_EQ(batching.where(), "/plan/batching/by");
  const Error value = error(R"("playbooks": [{"name": "small", "quotas": [{"channel": "phone"}]},
    {"name": "large", "worth": "1000", "quotas": [{"channel": "phone", "contacts": 1000, "value": 1e8}]}])");
  EXPECT_EQ(value.code(), Code::bad_policy);
  EXPECT_EQ(value.where(), "/plan/playbooks/1/quotas/0/value");
  EXPECT_THAT(value.what(), HasSubstr("100000000000"));
  // The same where days are given to the cities of clients before.
  const ClientBase cities = of_two_cities();
  const Error batched = error_of([&] {
    static_cast<void>(
        make_schedule(cities, clients_of(cities), one_manager(),
                      policy_of(R"("batching": {"channels": ["meeting"], "by": "card.city"}, "playbooks": [
        {"name": "small", "quotas": [{"channel": "meeting"}]},
        {"name": "large", "worth": "1000", "quotas": [{"channel": "phone", "contacts": 1000, "value": 1e8}]}])"),
                      december));
  });
  EXPECT_EQ(batched.code(), Code::bad_policy);
  EXPECT_EQ(batched.where(), "/plan/playbooks/1/quotas/0/value");
  for (const SchedulePeriod period :
       {SchedulePeriod{on(2026, 12, 2), on(2026, 12, 1)}, {on(2026, 1, 1), on(2028, 1, 1)}})
    EXPECT_EQ(error_of([&] {
                static_cast<void>(make_schedule(base, classified, one_manager(), policy_of(""), period));
              }).where(),
              "period");
}

TEST(Schedule, PlansAYear) {
  BaseBuilder builder;
  for (int id = 1; id <= 20; ++id) builder.add(ClientRow{.client = id});
  const ClientBase base = builder.build().base;
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), one_manager(),
                    policy_of(R"("playbooks": [{"name": "p", "quotas": [{"channel": "phone", "per": "week"}]}])"),
                    SchedulePeriod::parse("2026"));
  expect_sound(schedule);
  EXPECT_EQ(schedule.problem().touches.size(), 20U * 53);  // 2026 has 53 Thursdays
  EXPECT_TRUE(schedule.plan().refused.empty());
}

/// Contacts by the week's Mondays.
std::map<Day, int> by_week(const ContactSchedule& schedule) {
  std::map<Day, int> count;
  for (const Day day : days_of(schedule)) ++count[day - (std::chrono::weekday{day} - std::chrono::Monday)];
  return count;
}

TEST(Schedule, CutsSharesOfWorkingDays) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  const ClientBase base = builder.build().base;
  for (const int contacts : {4, 5, 7}) {
    const std::string quota = R"({"channel": "phone", "contacts": )" + std::to_string(contacts) + R"(, "per": "week"})";
    const ContactSchedule schedule =
        make_schedule(base, clients_of(base), one_manager(),
                      policy_of(R"("playbooks": [{"name": "p", "quotas": [)" + quota + "]}]"), december);
    expect_sound(schedule);
    const std::map<Day, int> weeks = by_week(schedule);
    ASSERT_TRUE(weeks.contains(on(2026, 12, 7)));
    for (const Day monday : {on(2026, 12, 7), on(2026, 12, 14), on(2026, 12, 21)})
      EXPECT_EQ(weeks.at(monday), contacts);
    EXPECT_TRUE(schedule.plan().refused.empty());
  }
}

TEST(Schedule, CutsSharesAroundPublicHolidays) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1});
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  std::vector<Holiday> free_days;
  for (unsigned day = 1; day <= 8; ++day) free_days.push_back({"RU", {}, on(2027, 1, day), "New Year"});
  known.holidays = HolidayTable(free_days);
  const Table team = table_of_texts({{"manager", {"anna"}}, {"country", {"RU"}}});
  const ContactSchedule schedule =
      make_schedule(base, clients_of(base), team,
                    policy_of(R"("playbooks": [{"name": "p", "quotas": [{"channel": "phone", "contacts": 8}]}])"),
                    {on(2027, 1, 1), on(2027, 1, 31)}, known);
  expect_sound(schedule);
  EXPECT_TRUE(schedule.plan().refused.empty());
}

TEST(Schedule, TakesTheManagersOwnWordOnAPublicHoliday) {
  BaseBuilder builder;
  for (int id = 1; id <= 3; ++id) builder.add(ClientRow{.client = id});
  const ClientBase base = builder.build().base;
  ScheduleKnowledge known;
  known.holidays = HolidayTable({{"DE", "", on(2026, 12, 24), "Eve"}, {"DE", "", on(2026, 12, 25), "Christmas"}});
  const auto shifts = [&](const std::string& exceptions, const std::string& absences) {
    const Table team = table_of_texts({{"manager", {"anna"}},
                                       {"country", {"DE"}},
                                       {"exceptions", {exceptions}},
                                       {"absences", {absences}},
                                       {"weekdays", {"Thu-Fri"}}});
    const ContactSchedule schedule = compile_schedule(base, clients_of(base), team, policy_of(monthly_call),
                                                      {on(2026, 12, 21), on(2026, 12, 27)}, known);
    std::vector<MinuteSpan> spans;
    for (const PlanShift& shift : schedule.problem().shifts) spans.push_back(shift.span);
    return spans;
  };
  EXPECT_THAT(shifts("", ""), IsEmpty());
  EXPECT_THAT(shifts("2026-12-25=10:00-14:00", ""), ElementsAre(MinuteSpan{600, 840}));
  EXPECT_THAT(shifts("2026-12-25=", ""), IsEmpty());
  EXPECT_THAT(shifts("2026-12-25=10:00-14:00", "2026-12-25"), IsEmpty());  // absent all the same
}

// --- the same answer ---

struct Random {
  ClientBase base;
  Table classified;
  Table managers;
};

/// The same data, its rows in an order that the seed says.
Random random_world(unsigned order) {
  std::mt19937 data(7), shuffle(order);
  std::vector<ClientRow> clients;
  std::vector<InteractionRow> contacts;
  std::vector<ConsentRow> consents;
  const std::vector<std::string> cities{"Tver", "Kazan", "Perm", ""};
  const std::vector<std::string> zones{"Europe/Moscow", "Asia/Yekaterinburg", ""};
  std::vector<std::uint16_t> tiers;
  for (int id = 1; id <= 150; ++id) {
    ClientRow row{.client = id};
    row.city = cities[data() % 4];
    row.time_zone = zones[data() % 3];
    row.country = data() % 2 == 0 ? "RU" : "US";
    row.owner = data() % 3 == 0 ? "m" + std::to_string(data() % 4) : "";
    row.birthday = on(1980, 12, 1) + std::chrono::days{data() % 40};
    clients.push_back(row);
    tiers.push_back(static_cast<std::uint16_t>(data() % 4));
    if (data() % 2 == 0)
      contacts.push_back({.client = id,
                          .channel = data() % 2 == 0 ? "phone" : "email",
                          .initiative = "outbound",
                          .started_at = noon(on(2026, 11, 20) + std::chrono::days{data() % 11})});
    for (auto i = data() % 3; i > 0; --i)
      consents.push_back({.client = id,
                          .channel = data() % 2 == 0 ? "phone" : "email",
                          .purpose = "marketing",
                          .granted = data() % 2 == 0,
                          .since = noon(on(2026, 11, 20) + std::chrono::days{data() % 30})});
  }
  std::shuffle(clients.begin(), clients.end(), shuffle);
  std::shuffle(contacts.begin(), contacts.end(), shuffle);
  std::shuffle(consents.begin(), consents.end(), shuffle);
  BaseBuilder builder;
  for (const ClientRow& row : clients) builder.add(row);
  for (const InteractionRow& row : contacts) builder.add(row);
  for (const ConsentRow& row : consents) builder.add(row);
  IngestOptions options;
  options.time_zone = "Europe/Moscow";
  Random world{builder.build(options).base, {}, {}};
  world.classified = clients_of(world.base);
  world.classified.add(labels("tier", {"strategic", "important", "ordinary", "potential"}, tiers));
  world.classified.add(labels("group", {"partner", "hot", "warm", "cold"}, tiers));
  world.classified.add(labels("abc", {"A", "B", "C"}, std::vector<std::uint16_t>(150, 1)));
  std::vector<std::uint32_t> rows{0, 1, 2, 3};
  std::shuffle(rows.begin(), rows.end(), shuffle);
  world.managers = table_of_texts({{"manager", {"m0", "m1", "m2", "m3"}},
                                   {"time_zone", {"", "Asia/Yekaterinburg", "", "Europe/Kaliningrad"}},
                                   {"hours", {"09:00-13:00;14:00-18:00", "", "", "10:00-16:00"}},
                                   {"dedicated", {"", "", "true", ""}},
                                   {"absences", {"2026-12-07..2026-12-09", "", "", ""}}})
                       .take(rows);
  return world;
}

std::string everything(const ContactSchedule& schedule) {
  std::string all = schedule.summary_json() + schedule.summary_json(Language::russian);
  for (const Table& table : {schedule.planned(), schedule.refused(), schedule.prices(), schedule.owners(),
                             schedule.shortfalls(), schedule.planned(Language::russian)})
    for (std::size_t row = 0; row < table.rows(); ++row)
      for (const Column& each : table.columns()) all += each.to_text(row) + '|';
  return all;
}

TEST(Schedule, IsTheSameForAnyOrderOfRowsAndNumberOfThreads) {
  PlanPolicy policy;
  policy.rule_packs = {builtin_rule_pack("us-tcpa"), builtin_rule_pack("ru-38-fz")};
  std::string first;
  for (unsigned order = 1; order <= 4; ++order) {
    const Random world = random_world(order);
    ThreadPool pool(order);
    Control control;
    if (order > 1) control.executor = &pool;
    const ContactSchedule schedule =
        make_schedule(world.base, world.classified, world.managers, policy, december, {}, control);
    expect_sound(schedule);
    EXPECT_GT(schedule.plan().planned.size(), 50U);
    const std::string all = everything(schedule);
    if (first.empty()) first = all;
    EXPECT_EQ(all, first) << order;
  }
}

TEST(Schedule, IsReadBackFromItsTables) {
  const Random world = random_world(1);
  const ContactSchedule schedule = make_schedule(world.base, world.classified, world.managers, PlanPolicy(), december);
  const ContactSchedule compiled =
      compile_schedule(world.base, world.classified, world.managers, PlanPolicy(), december);
  const Table planned = schedule.planned();
  const ContactPlan plan = compiled.plan_of(planned, schedule.refused(), schedule.prices());
  EXPECT_EQ(plan.planned, schedule.plan().planned);
  EXPECT_EQ(plan.refused, schedule.plan().refused);
  EXPECT_EQ(plan.prices, schedule.plan().prices);
  EXPECT_EQ(plan.objective, schedule.plan().objective);
  EXPECT_TRUE(check_schedule(compiled.with(plan)).ok());
  // A row that is lost is found missing, one that nobody asked for is an error.
  std::vector<std::uint32_t> rows(planned.rows() - 1);
  for (std::uint32_t i = 0; i < rows.size(); ++i) rows[i] = i + 1;
  const PlanCheck check =
      check_schedule(compiled.with(compiled.plan_of(planned.take(rows), schedule.refused(), schedule.prices())));
  EXPECT_FALSE(check.ok());
  // Managers who left and days off are listed, each row of them, and leave the tables whole.
  const Table team = world.managers;
  std::vector<std::uint32_t> others;
  for (std::uint32_t row = 0; row < team.rows(); ++row)
    if (team.column("manager").to_text(row) != "m1") others.push_back(row);
  const ContactSchedule now = compile_schedule(world.base, world.classified, team.take(others), PlanPolicy(), december);
  const ContactSchedule left = now.read_back(planned, schedule.refused(), schedule.prices());
  const std::map<std::string, int> by_manager = counts(planned, "manager");
  std::map<std::string, int> found;
  const PlanCheck listed = check_schedule(left, 1'000'000);
  for (const PlanFault& fault : listed.faults) ++found[std::string(name(fault.violation))];
  EXPECT_EQ(found["unknown_manager"], by_manager.at("m1"));
  EXPECT_EQ(left.planned().rows(), planned.rows() - static_cast<std::size_t>(by_manager.at("m1")));
  EXPECT_FALSE(left.summary_json().empty());
  // What the plan says of itself is compared.
  const auto kinds = [&](const PlanFigures& said) {
    std::string all;
    for (const PlanFault& fault :
         check_schedule(compiled.read_back(planned, schedule.refused(), schedule.prices(), said)).faults)
      all += std::string(name(fault.violation)) + ' ';
    return all;
  };
  const std::int64_t objective = schedule.plan().objective, bound = schedule.plan().upper_bound;
  EXPECT_EQ(kinds({objective, bound}), "");
  EXPECT_EQ(kinds({objective + 1, bound}), "wrong_objective ");
  EXPECT_EQ(kinds({objective, objective - 1}), "bound_below_objective bound_too_low ");
  Table strange = planned;
  strange.set(Column("id", std::vector<std::string>(planned.rows(), "9/x/1/2026-12/1")));
  EXPECT_EQ(
      error_of([&] { static_cast<void>(compiled.plan_of(strange, schedule.refused(), schedule.prices())); }).where(),
      "planned.id");
  // Of what is there beside the id nothing may contradict it, and no part of a start is lost.
  const auto where = [&](Column changed) {
    Table edited = planned;
    edited.set(std::move(changed));
    return error_of([&] { static_cast<void>(compiled.plan_of(edited, schedule.refused(), schedule.prices())); })
        .where();
  };
  EXPECT_EQ(where(Column("client", std::vector<std::string>(planned.rows(), "nobody"))), "planned.client");
  EXPECT_EQ(where(Column("minutes", std::vector<std::string>(planned.rows(), "7000"))), "planned.minutes");
  Buffer<std::int64_t> late(planned.rows());
  for (std::size_t row = 0; row < late.size(); ++row)
    late[row] = planned.column("start").values<std::int64_t>()[row] + 30'000'000;
  EXPECT_EQ(where(Column("start", ColumnType::instant, std::move(late))), "planned.start");
}

TEST(Schedule, SumsUp) {
  const Random world = random_world(1);
  const ContactSchedule schedule = make_schedule(world.base, world.classified, world.managers, PlanPolicy(), december);
  const nlohmann::json summary = nlohmann::json::parse(schedule.summary_json());
  EXPECT_EQ(summary.at("period").at("first"), "2026-12-01");
  EXPECT_EQ(summary.at("planned"), schedule.planned().rows());
  std::size_t refused = 0;
  for (const auto& [reason, count] : summary.at("refused").items()) refused += count.get<std::size_t>();
  EXPECT_EQ(refused, schedule.refused().rows());
  EXPECT_EQ(summary.at("managers").size(), 4U);
  EXPECT_EQ(schedule.owners().rows(), 150U);
}

TEST(Schedule, EmptyBaseIsAnEmptyPlan) {
  const ClientBase base;
  Table classified = clients_of(base);
  for (const char* name : {"tier", "group", "abc"})
    classified.add(labels(
        name, {"strategic", "important", "ordinary", "potential", "partner", "hot", "warm", "cold", "A", "B", "C"},
        {}));
  const ContactSchedule schedule = make_schedule(base, classified, one_manager(), PlanPolicy(), december);
  expect_sound(schedule);
  EXPECT_EQ(schedule.planned().rows() + schedule.refused().rows() + schedule.owners().rows(), 0U);
}

}  // namespace
}  // namespace klientela
