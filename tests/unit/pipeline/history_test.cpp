// Classes through time in a whole run: the plan of a policy, its days, and the parts of the page that tell of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "klientela/classify/migration.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/pipeline/run.hpp"
#include "unit/pipeline/deliveries.hpp"

namespace klientela {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Day day(const char* text) { return *parse_day(text); }

std::vector<std::string> texts(const std::vector<Day>& days) {
  std::vector<std::string> list;
  for (const Day each : days) list.push_back(to_text(each));
  return list;
}

Policy policy_of(const std::string& history, const std::string& report = "{}") {
  return Policy::from_json(R"({"preset": "default", "history": )" + history + R"(, "report": )" + report + '}');
}

RunResult run_drawn(const Policy& policy, std::size_t lines = 600) {
  return run(testing::one(TableId::transactions, testing::table_of(testing::drawn_lines(lines, 60, 7))), policy);
}

std::string where(const std::string& history) {
  try {
    (void)policy_of(history);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    return error.where();
  }
  return "no error";
}

TEST(HistoryPlan, IsReadAndWrittenOut) {
  EXPECT_FALSE(Policy().history);
  EXPECT_FALSE(policy_of("null").history);
  EXPECT_FALSE(policy_of("false").history);
  EXPECT_EQ(policy_of("true").history, HistoryPlan());
  EXPECT_EQ(policy_of("{}").history, HistoryPlan());
  const Policy policy =
      policy_of(R"({"every": "quarter", "since": "2024-02-01", "until": "2025-12-31", "hold": 2, "margin": 0.1,
    "thresholds": "frozen", "frozen_on": "2025-06-30", "columns": ["abc", "group"], "money": ""})");
  const HistoryPlan& plan = *policy.history;
  EXPECT_EQ(plan.every, Period::quarter);
  EXPECT_EQ(plan.periods, 0) << "since says where it begins";
  EXPECT_EQ(plan.since, day("2024-02-01"));
  EXPECT_EQ(plan.options.hold, 2);
  EXPECT_EQ(plan.options.margin, 0.1);
  EXPECT_EQ(plan.options.columns, (std::vector<std::string>{"abc", "group"}));
  EXPECT_EQ(plan.options.money, "");
  EXPECT_EQ(Policy::from_json(policy.to_json()).history, plan);
  EXPECT_EQ(Policy::from_json(Policy().to_json()).history, std::nullopt);
  EXPECT_TRUE(Policy::preset("online-retail").history);
  EXPECT_FALSE(Policy::from_json(R"({"preset": "online-retail", "history": false})").history);
}

TEST(HistoryPlan, NamesThePlaceOfEveryError) {
  EXPECT_EQ(where(R"({"every": "fortnight"})"), "/history/every");
  EXPECT_EQ(where(R"({"periods": -1})"), "/history/periods");
  EXPECT_EQ(where(R"({"since": "2025-02-30"})"), "/history/since");
  EXPECT_EQ(where(R"({"since": "1600-02-01"})"), "/history/since");
  EXPECT_EQ(where(R"({"since": "2025-02-01", "until": "2025-01-01"})"), "/history/since");
  EXPECT_EQ(where(R"({"thresholds": "refit", "frozen_on": "2025-01-01"})"), "/history/frozen_on");
  EXPECT_EQ(where(R"({"hold": 0})"), "/history/hold");
  EXPECT_EQ(where(R"({"margin": 1})"), "/history/margin");
  EXPECT_EQ(where(R"({"columns": []})"), "/history/columns");
  EXPECT_EQ(where(R"({"margin_": 1})"), "/history/margin_");
  EXPECT_EQ(where("3"), "/history");
}

TEST(HistoryPlan, GivesTheEndsOfPeriods) {
  const RunResult result = run(
      testing::one(TableId::transactions, testing::table_of({{"a", "2024-11-15", "10"}, {"b", "2026-03-10", "20"}})));
  HistoryPlan plan;
  EXPECT_EQ(days_of(plan, result.base, result.as_of).size(), 12U);
  EXPECT_EQ(days_of(plan, result.base, result.as_of).back(), day("2026-03-10"));
  EXPECT_EQ(days_of(plan, result.base, result.as_of).front(), day("2025-04-30"));
  plan.periods = 0;
  EXPECT_EQ(days_of(plan, result.base, result.as_of).front(), day("2024-11-30"));
  plan.every = Period::day;
  plan.periods = 3;
  EXPECT_EQ(texts(days_of(plan, result.base, result.as_of)),
            (std::vector<std::string>{"2026-03-08", "2026-03-09", "2026-03-10"}));
  plan.every = Period::year;
  EXPECT_EQ(texts(days_of(plan, result.base, result.as_of)),
            (std::vector<std::string>{"2024-12-31", "2025-12-31", "2026-03-10"}));
  plan.until = day("2025-12-31");
  plan.since = day("2025-01-01");
  EXPECT_EQ(texts(days_of(plan, result.base, result.as_of)), (std::vector<std::string>{"2025-12-31"}));
  plan.until = day("2024-01-01");
  plan.since = std::nullopt;
  EXPECT_TRUE(days_of(plan, result.base, result.as_of).empty());
  plan.until = std::nullopt;
  plan.since = day("2027-01-01");
  EXPECT_TRUE(days_of(plan, result.base, result.as_of).empty());
}

TEST(RunHistory, IsTheHistoryOfTheModels) {
  const RunResult result = run_drawn(policy_of(R"({"every": "month", "periods": 4, "hold": 2})"));
  const History* found = result.history();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found, result.history()) << "made once";
  EXPECT_EQ(found->days().size(), 4U);
  EXPECT_EQ(found->days().back(), result.as_of);
  HistoryOptions options;
  options.hold = 2;
  const History same = history(result.base, found->days(), std::span<const AnyModel>(result.models), {}, options);
  EXPECT_EQ(to_csv(found->table()), to_csv(same.table()));
  const RunResult refit = run_drawn(policy_of(R"({"periods": 4, "thresholds": "refit"})"));
  EXPECT_EQ(refit.history()->options().thresholds, HistoryThresholds::refit);
  EXPECT_NE(to_csv(refit.history()->table()), to_csv(same.table()));
}

TEST(RunHistory, KnowsWhatWasAssigned) {
  const Policy policy = Policy::from_json(R"({"classifiers": {"abc": {}, "care": {"kind": "rules", "assigned": "care",
    "values": ["vip", "often", "no"], "otherwise": "no", "rules": [{"when": "frequency > 2", "value": "often"}]}},
    "history": {"periods": 3}})");
  const auto lines = [] {
    return testing::one(TableId::transactions, testing::table_of(testing::drawn_lines(600, 60, 7)));
  };
  const RunResult plain = run(lines(), policy);
  Assignments said;
  said.assign({.client = plain.features.column("client").to_text(0), .attribute = "care", .value = "vip"});
  const RunResult result = run(lines(), policy, std::nullopt, RunKnowledge{said});
  const History& found = *result.history();
  const Column& now = result.classes[1].table().column("care");
  const Column last = found.column("care", found.days().size() - 1);
  EXPECT_EQ(last.to_text(0), "vip");
  for (std::size_t row = 0; row < now.size(); ++row) EXPECT_EQ(last.to_text(row), now.to_text(row));
  EXPECT_EQ(found.column("care", 0).to_text(0), "vip") << "on every day";
}

TEST(RunHistory, IsMadeOnlyWhereItIsWanted) {
  EXPECT_EQ(run_drawn(Policy()).history(), nullptr);
  // Only contacts: no purchase could tell the days.
  Table contacts;
  contacts.add(Column("client", std::vector<std::string>{"a"}));
  contacts.add(Column("started_at", std::vector<std::string>{"2025-01-02"}));
  contacts.add(Column("channel", std::vector<std::string>{"phone"}));
  const RunResult talked = run(testing::one(TableId::interactions, contacts), policy_of("{}"));
  EXPECT_EQ(talked.history(), nullptr);
  EXPECT_THAT(talked.page(), Not(HasSubstr("id=\"movement\"")));
  try {
    (void)run_drawn(policy_of(R"({"columns": ["abd"]})"));
    ADD_FAILURE() << "a column that nobody writes";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "/history/columns");
    EXPECT_THAT(error.what(), HasSubstr("abd; those of labels are rfm_segment, abc, "));
  }
}

TEST(RunHistory, IsRefusedBeforeAnythingIsRead) {
  const auto refused = [](const Policy& policy) {
    try {
      (void)run(Tables(), policy);  // nothing to read: what is refused later would be the absent as-of date
    } catch (const Error& error) {
      return std::string(name(error.code())) + ' ' + error.where();
    }
    return std::string("nothing thrown");
  };
  EXPECT_EQ(refused(policy_of(R"({"margin": 0.1, "columns": ["relationship_type"]})")), "bad_policy /history/margin");
  EXPECT_EQ(refused(policy_of(R"({"margin": 0.1, "columns": ["rfm_m"]})")), "bad_policy /history/margin")
      << "scores are no labels";
  EXPECT_EQ(refused(policy_of(R"({"margin": 0.1})")), "invalid_argument as_of");
  EXPECT_EQ(refused(policy_of(R"({"margin": 0.1, "columns": ["relationship_type", "abc"]})")),
            "invalid_argument as_of");
  EXPECT_EQ(refused(Policy::from_json(R"({"classifiers": {"cohort": {}}, "history": {"margin": 0.1}})")),
            "bad_policy /history/margin");
  EXPECT_EQ(refused(policy_of(R"({"money": "money"})")), "bad_policy /history/money");
  EXPECT_EQ(refused(policy_of(R"({"money": "frequency"})")), "bad_policy /history/money");
  EXPECT_EQ(refused(policy_of(R"({"money": ""})")), "invalid_argument as_of");
  EXPECT_EQ(
      refused(Policy::from_json(R"({"features": {"groups": ["interactions"]}, "classifiers": {}, "history": {}})")),
      "bad_policy /history/money");
  const auto where_of = [](const char* history) {
    try {
      (void)run_drawn(policy_of(history));
    } catch (const Error& error) {
      return std::string(name(error.code())) + ' ' + error.where();
    }
    return std::string("nothing thrown");
  };
  EXPECT_EQ(where_of(R"({"money": "profit"})"), "bad_policy /history/money") << "no line says its profit";
  EXPECT_EQ(where_of(R"({"money": "money_gross", "margin": 0.1})"), "nothing thrown");
}

TEST(RunResult, CopiesThatDifferDoNotShareWhatWasMade) {
  const RunResult result = run_drawn(policy_of("{}", R"({"attention": {"limit": 3}})"));
  RunResult other = result;
  other.report_options.attention.limit = 1;
  RunResult russian = result;
  russian.report_options.language = Language::russian;
  RunResult without = result;
  without.policy = std::make_shared<const Policy>();
  const Table& list = result.attention();
  EXPECT_EQ(list.rows(), 3U);
  EXPECT_EQ(other.attention().rows(), 1U);
  EXPECT_THAT(std::string(russian.attention().column("reason").text(0)), HasSubstr("дней с последней покупки"));
  EXPECT_EQ(&list, &result.attention()) << "still the first one's";
  EXPECT_EQ(&list, &RunResult(result).attention()) << "shared by a copy that does not differ";
  EXPECT_NE(result.history(), nullptr);
  EXPECT_EQ(without.history(), nullptr);
  other.report_options.profiles.columns = {"abc"};
  EXPECT_NE(&result.profiles(), &other.profiles());
}

TEST(RunAttention, FollowsTheReport) {
  const RunResult result = run_drawn(policy_of("null", R"({"language": "ru", "attention": {"limit": 3}})"));
  ASSERT_TRUE(result.has_attention());
  const Table& list = result.attention();
  EXPECT_EQ(&list, &result.attention()) << "made once";
  EXPECT_EQ(list.rows(), 3U);
  EXPECT_THAT(std::string(list.column("reason").text(0)), HasSubstr("дней с последней покупки"));
  const RunResult few =
      run_drawn(Policy::from_json(R"({"features": {"columns": ["money_net"]}, "classifiers": {"abc": {}}})"));
  EXPECT_FALSE(few.has_attention());
  EXPECT_THROW((void)few.attention(), Error);
  EXPECT_THAT(few.page(), Not(HasSubstr("id=\"attention\"")));
}

TEST(RunCohorts, TakeThePeriodOfTheClassifier) {
  const RunResult months = run_drawn(Policy());
  EXPECT_EQ(to_csv(months.cohorts()), to_csv(cohort_table(months.base, months.as_of, Period::month)));
  const RunResult quarters = run_drawn(Policy::from_json(R"({"classifiers": {"cohort": {"period": "quarter"}}})"));
  EXPECT_EQ(to_csv(quarters.cohorts()), to_csv(cohort_table(quarters.base, quarters.as_of, Period::quarter)));
}

TEST(StoryPage, TellsOfMovementAttentionAndCoverage) {
  const RunResult result = run_drawn(policy_of("{}"));
  const std::string page = result.page();
  for (const char* id : {"movement", "attention", "coverage", "profiles"})
    EXPECT_THAT(page, HasSubstr("<section aria-labelledby=\"" + std::string(id) + '"'));
  EXPECT_THAT(page, HasSubstr("<svg class=\"flow\""));
  EXPECT_THAT(page, HasSubstr("All moves in numbers"));
  EXPECT_THAT(page, HasSubstr("Who moved last"));
  EXPECT_THAT(page, HasSubstr(" went from "));
  EXPECT_THAT(page, HasSubstr("How long they stay"));
  EXPECT_THAT(page, HasSubstr("never fires")) << "nobody has made a request";
  ReportOptions russian = result.report_options;
  russian.language = Language::russian;
  const std::string translated = result.page(russian);
  for (const char* words : {"Как клиенты переходят", "Кто перешёл последним", "Кому сейчас нужно внимание", ": было ",
                            "Что известно о клиентах", "не срабатывает"})
    EXPECT_THAT(translated, HasSubstr(words));
  // The last month goes up to the as-of day, which is within it.
  ASSERT_EQ(to_text(result.as_of), "2025-10-27");
  EXPECT_THAT(page, HasSubstr("The last period is cut short and is not learnt from."));
  EXPECT_THAT(translated, HasSubstr("Последний период неполный"));
  EXPECT_THAT(run_drawn(policy_of(R"({"until": "2025-09-30"})")).page(), Not(HasSubstr("cut short")));
  for (const char* words : {"Who moved", "went from", "Clients now", "never fires"})
    EXPECT_THAT(translated, Not(HasSubstr(words)));
}

TEST(StoryPage, HidesWhatItIsToldTo) {
  const Policy policy =
      policy_of("{}", R"({"hide": ["movement", "attention", "coverage", "profiles", "matrix", "top"]})");
  const RunResult result = run_drawn(policy);
  const std::string page = result.page();
  for (const char* id : {"movement", "attention", "coverage", "profiles", "matrix", "top"})
    EXPECT_THAT(page, Not(HasSubstr("aria-labelledby=\"" + std::string(id) + '"')));
  EXPECT_THAT(page, HasSubstr("aria-labelledby=\"rfm\""));
  EXPECT_EQ(Policy::from_json(policy.to_json()).report.hide, policy.report.hide);
  ReportOptions all = result.report_options;
  all.hide.clear();
  EXPECT_THAT(result.page(all), HasSubstr("aria-labelledby=\"movement\""));
  EXPECT_EQ(page, result.page());
}

TEST(StoryPage, RefusesOptionsThatItDoesNotKnow) {
  for (const auto& [report, pointer] :
       {std::pair{R"({"hide": ["moves"]})", "/report/hide/0"}, std::pair{R"({"hide": "matrix"})", "/report/hide"},
        std::pair{R"({"attention": {"language": "ru"}})", "/report/attention/language"},
        std::pair{R"({"attention": {"limit": -1}})", "/report/attention/limit"}}) {
    try {
      (void)policy_of("null", report);
      ADD_FAILURE() << report;
    } catch (const Error& error) {
      EXPECT_EQ(error.where(), pointer);
    }
  }
}

/// The numbers on the page are those of the tables.
TEST(StoryPage, CountsWhoMoved) {
  const RunResult result = run_drawn(policy_of(R"({"columns": ["abc"], "periods": 3})"));
  const History& found = *result.history();
  const Migration moved = migration(found, found.days().front(), found.days().back());
  std::uint64_t drawn = 0;
  const std::string page = result.page();
  for (std::size_t from = 0; from < moved.states.size(); ++from)
    for (std::size_t to = 0; to < moved.states.size(); ++to) {
      if (from + 1 == moved.states.size() && to == from) continue;
      const std::uint64_t clients = moved.clients[moved.cell(from, to)];
      if (clients == 0) continue;
      ++drawn;
      EXPECT_THAT(page, HasSubstr("<title>" + moved.states[from] + " → " + moved.states[to] + ": " +
                                  std::to_string(clients) + "\xC2\xA0" + (clients == 1 ? "client<" : "clients<")));
    }
  EXPECT_GT(drawn, 3U);
}

TEST(StoryPage, EscapesLabelsOfTheData) {
  const std::string json = R"({"classifiers": {"matrix": {
    "x": {"measure": "frequency", "bands": ["<b>few", "many"], "edges": [9]},
    "y": {"measure": "money_net", "bands": ["little", "much"], "edges": [500]},
    "groups": [{"name": "<img src=x onerror=alert(1)>&\"'", "rules": [{"x": ["many"]}]}, {"name": "=rest", "rules": [{}]}]}},
    "history": {}})";
  const RunResult result = run_drawn(Policy::from_json(json));
  for (const Language language : {Language::english, Language::russian}) {
    ReportOptions options = result.report_options;
    options.language = language;
    const std::string page = result.page(options);
    EXPECT_THAT(page, HasSubstr("<svg class=\"flow\""));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<b>few")));
    EXPECT_THAT(page, HasSubstr("&lt;img src=x"));
  }
}

TEST(StoryPage, IsTheSameForAnyThreads) {
  const Policy policy = policy_of("{}");
  const RunResult alone = run_drawn(policy, 3000);
  const RunResult pooled = run_drawn(policy, 3000);
  ThreadPool pool(3);
  Control control;
  control.executor = &pool;
  EXPECT_EQ(alone.page(), pooled.page(control));
}

TEST(StoryPage, BoundsItsSize) {
  const std::string small = run_drawn(policy_of("{}"), 600).page();
  const Policy policy = policy_of("{}");
  const RunResult large =
      run(testing::one(TableId::transactions, testing::table_of(testing::drawn_lines(20'000, 4'000, 3))), policy);
  EXPECT_LT(large.page().size(), 3 * small.size());
}

}  // namespace
}  // namespace klientela
