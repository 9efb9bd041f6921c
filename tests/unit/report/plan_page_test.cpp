// The contact plan on the report page: its figures in words, load, calendars, refusals and prices, whatever the data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "klientela/plan/contact_plan.hpp"
#include "unit/report/markup.hpp"
#include "unit/report/sample.hpp"

namespace klientela {
namespace {

using testing::buffer;
using testing::expect_well_formed;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Day monday{std::chrono::year{2026} / 12 / 7};

using Texts = std::vector<std::string>;

Column days(std::string name, const std::vector<int>& after) {
  std::vector<std::int32_t> values;
  for (const int days : after) values.push_back(static_cast<std::int32_t>(monday.time_since_epoch().count()) + days);
  return Column(std::move(name), ColumnType::day, buffer(values));
}
/// Instants so many minutes after the Monday's start in UTC.
Column instants(std::string name, const std::vector<std::int64_t>& minutes) {
  std::vector<std::int64_t> values;
  for (const std::int64_t minute : minutes)
    values.push_back((monday.time_since_epoch().count() * std::int64_t{1440} + minute) * 60'000'000);
  return Column(std::move(name), ColumnType::instant, buffer(values));
}
Column whole(std::string name, const std::vector<std::int32_t>& values) {
  return Column(std::move(name), ColumnType::int32, buffer(values));
}

/// Three contacts of two managers in a week, two refused, and what a day's minutes are worth.
PlanTables plan_with(const std::string& text) {
  PlanTables plan;
  plan.first = monday;
  plan.last = monday + std::chrono::days{4};
  plan.objective = 40'0000;
  plan.upper_bound = 42'5000;
  plan.planned = Table(
      {Column("id", Texts{"a", "b", "c"}), Column("client", Texts{"10", "20", text}),
       Column("name", std::vector<std::optional<std::string>>{"Falk GmbH", std::nullopt, text}),
       Column("manager", Texts{"anna", "anna", text}), Column("channel", Texts{"phone", "meeting", text}),
       Column("topic", Texts{"new equipment", text, text}), Column("purpose", Texts{"offer", text, text}),
       instants("start", {8 * 60 + 30, 1440 + 23 * 60 + 30, 9 * 60}),
       instants("end", {8 * 60 + 45, 1440 + 24 * 60 + 30, 9 * 60 + 15}),
       Column("time_zone", Texts{"Europe/Berlin", "Europe/Berlin", text}), whole("minutes", {15, 60, 15}),
       testing::money("value", {20'0000, 10'0000, 10'0000}), Column("reason", Texts{"calls of the hot", text, text})});
  plan.refused = Table({Column("client", Texts{"10", text}), Column("name", Texts{"Falk GmbH", text}),
                        Column("channel", Texts{"phone; email", text}), Column("topic", Texts{"care", text}),
                        Column("purpose", Texts{"", text}), days("first", {0, 1}), days("last", {4, 1}),
                        whole("minutes", {15, 30}), testing::money("value", {3'0000, 5'0000}),
                        Column("reason", Texts{"capacity", text}), Column("text", Texts{"No time is left.", text}),
                        testing::money("surplus", {-1'2500, 0})});
  plan.prices = Table(
      {Column("manager", Texts{"anna", "anna", text, "anna"}), days("day", {0, 2, 0, 0}),
       Column("resource", Texts{"minute", "minute", "minute", "contact"}),
       Column("channel", std::vector<std::optional<std::string>>{std::nullopt, std::nullopt, std::nullopt, "phone"}),
       Column("capacity", ColumnType::int64, buffer(std::vector<std::int64_t>{30, 480, 15, 1})),
       Column("used", ColumnType::int64, buffer(std::vector<std::int64_t>{15, 60, 15, 1})),
       testing::money("price", {0, 0, 5000, 2'0000})});
  return plan;
}

std::string page_with(const PlanTables& plan, const ReportOptions& options = {}) {
  testing::Sample sample;
  ReportInput input = sample.input();
  input.plan = &plan;
  std::string page = html(input, options);
  expect_well_formed(page);
  return page;
}
/// The section about the plan.
std::string part_of(const std::string& page) {
  const std::size_t begin = page.find("<h2 id=\"plan\">");
  return begin == std::string::npos ? "" : page.substr(begin, page.find("</section>", begin) - begin);
}

TEST(PlanPage, TellsHowGoodThePlanIs) {
  const std::string part = part_of(page_with(plan_with("bert")));
  EXPECT_THAT(part, HasSubstr("7\u00A0December 2026 – 11\u00A0December 2026"));
  EXPECT_THAT(part, HasSubstr("<dt>Contacts planned</dt><dd>3<span class=\"sub\">60.0% of those wanted</span>"));
  EXPECT_THAT(part, HasSubstr("<dt>Refused</dt><dd>2<"));
  EXPECT_THAT(part, HasSubstr("<dd>40<span class=\"sub\">at most possible: 42.50</span>"));
  EXPECT_THAT(part, HasSubstr("<dt>Below the best by at most</dt><dd>5.9%</dd>"));
  EXPECT_THAT(part, HasSubstr("it cannot be worth more than this one by more than 2.50."));
  EXPECT_THAT(part, Not(HasSubstr("a limit of work")));

  PlanTables plan = plan_with("bert");
  plan.limited = true;
  EXPECT_THAT(part_of(page_with(plan)), HasSubstr("2.50 (a limit of work ended the search)."));
  plan.upper_bound = plan.objective;
  const std::string proved = part_of(page_with(plan));
  EXPECT_THAT(proved, HasSubstr("<dd>0%<span class=\"sub\">proved to be the best</span>"));
  EXPECT_THAT(proved, HasSubstr("No other plan under the same hours, limits and consents, with each client's "
                                "contacts in the same order, can be worth more."));
}

TEST(PlanPage, ShowsTheLoadOfEachManagersDay) {
  const std::string part = part_of(page_with(plan_with("bert")));
  EXPECT_THAT(part, HasSubstr("<th scope=\"col\"><span>Mon</span> 7</th><th scope=\"col\"><span>Wed</span> 9</th>"))
      << "a contact at half past eleven at night in London is on the next day in Berlin";
  EXPECT_THAT(part,
              HasSubstr("<td class=\"cell k4 i5\" title=\"Mon\u00A07\u00A0Dec: 15 min of 30, contacts: 1\">50</td>"));
  EXPECT_THAT(part,
              HasSubstr("<td class=\"cell k4 i1\" title=\"Wed\u00A09\u00A0Dec: 60 min of 480, contacts: 1\">13</td>"));
  EXPECT_THAT(part,
              HasSubstr("<td class=\"cell k1 i9\" title=\"Mon\u00A07\u00A0Dec: 15 min of 15, contacts: 1\">100</td>"));
  EXPECT_THAT(part, HasSubstr("<td class=\"cell apart\" title=\"75 min of 510, contacts: 2\">15</td>"));
}

TEST(PlanPage, ShowsTheLoadByTheDaysOfThePlan) {
  PlanTables plan = plan_with("bert");
  plan.time_zone = "Europe/London";  // where the meeting of half past eleven is on Tuesday
  const std::string part = part_of(page_with(plan));
  EXPECT_THAT(part, HasSubstr("title=\"Tue\u00A08\u00A0Dec: 60 min of 0, contacts: 1\""));
  EXPECT_THAT(part, HasSubstr("title=\"Wed\u00A09\u00A0Dec: 0 min of 480, contacts: 0\""));
}

TEST(PlanPage, WithoutCapacitiesShowsMinutes) {
  PlanTables plan = plan_with("bert");
  plan.prices = Table();
  const std::string part = part_of(page_with(plan));
  EXPECT_THAT(part, HasSubstr("Minutes of contacts."));
  EXPECT_THAT(part, HasSubstr("<td class=\"cell k4 i9\" title=\"Wed\u00A09\u00A0Dec: 60 min, contacts: 1\">60</td>"));
  EXPECT_THAT(part, Not(HasSubstr("What more capacity")));
}

TEST(PlanPage, ShowsManyDaysAsWeeksAndManyWeeksAsMonths) {
  PlanTables plan = plan_with("bert");
  const auto capacities_of = [&](int count) {
    std::vector<int> after;
    for (int i = 0; i < count; ++i) after.push_back(i);
    const auto size = static_cast<std::size_t>(count);
    plan.prices =
        Table({Column("manager", Texts(size, "anna")), days("day", after), Column("resource", Texts(size, "minute")),
               Column("capacity", ColumnType::int64, buffer(std::vector<std::int64_t>(size, 100)))});
    const std::string part = part_of(page_with(plan));
    std::size_t columns = 0;
    for (std::size_t at = part.find("<th scope=\"col\"><span>"); at != std::string::npos; ++columns)
      at = part.find("<th scope=\"col\"><span>", at + 1);
    return std::pair(columns, part);
  };
  EXPECT_EQ(capacities_of(31).first, 31U);
  const auto [weeks, by_week] = capacities_of(70);
  EXPECT_EQ(weeks, 10U);
  EXPECT_THAT(by_week, HasSubstr("<span>Dec</span> 14</th>"));
  const auto [months, by_month] = capacities_of(365);
  EXPECT_EQ(months, 13U);
  EXPECT_THAT(by_month, HasSubstr("<span>Jan</span> 2027</th>"));
}

TEST(PlanPage, HasACalendarForEachManagerInItsOwnTime) {
  PlanTables plan = plan_with("bert");
  plan.managers["anna"] = "Anna Berg";
  const std::string part = part_of(page_with(plan));
  EXPECT_THAT(part, HasSubstr("<summary><b><bdi>Anna Berg</bdi></b><span class=\"tag\"><bdi>Europe/Berlin</bdi></span>"
                              "<span class=\"right\">contacts: 2, 75 min</span></summary>"));
  EXPECT_THAT(part, HasSubstr("Mon\u00A07\u00A0Dec</span> <span class=\"clock\">09:30–09:45</span>"));
  EXPECT_THAT(part, HasSubstr("Wed\u00A09\u00A0Dec</span> <span class=\"clock\">00:30–01:30</span>"));
  EXPECT_THAT(part, HasSubstr("<bdi>Falk GmbH</bdi><span class=\"sub\"><bdi>10</bdi></span>"));
  EXPECT_THAT(part, HasSubstr("call: <bdi>new equipment</bdi><span class=\"sub\"><bdi>offer</bdi></span>"));
  EXPECT_THAT(part, HasSubstr("<bdi>calls of the hot</bdi>"));
}

TEST(PlanPage, TellsWhatWasRefusedAndWhatMoreIsWorth) {
  const std::string part = part_of(page_with(plan_with("bert")));
  EXPECT_THAT(part, HasSubstr("no time is left, or it goes to contacts that are worth more</th><td class=\"num\" "
                              "data-of=\"Contacts\">1 <span class=\"share\">50.0%</span>"));
  EXPECT_THAT(part, HasSubstr("call, e-mail: <bdi>care</bdi>"));
  EXPECT_THAT(
      part, HasSubstr("<bdi>No time is left.</bdi><span class=\"sub\">it would have to be worth more by 1.25</span>"));
  EXPECT_THAT(part, HasSubstr("Mon\u00A07\u00A0Dec – Fri\u00A011\u00A0Dec"));
  const std::size_t minute = part.find("minute</td>");
  const std::size_t call = part.find("call</td>");
  EXPECT_LT(minute, call) << "half a point for each of the thirty minutes that a contact takes is more than two";
  EXPECT_THAT(part, HasSubstr("data-of=\"Used\">1 of 1</td><td class=\"num\" data-of=\"Priced at\">2</td>"));
}

TEST(PlanPage, HasWordsForEveryRefusal) {
  for (int reason = 0; reason <= static_cast<int>(Refusal::other_touches); ++reason)
    for (const Language language : {Language::english, Language::russian}) {
      PlanTables plan = plan_with("bert");
      const std::string id(name(static_cast<Refusal>(reason)));
      plan.refused.set(Column("reason", Texts{id, id}));
      ReportOptions options;
      options.language = language;
      EXPECT_THAT(part_of(page_with(plan, options)), Not(HasSubstr("<bdi>" + id + "</bdi>"))) << id;
    }
}

TEST(PlanPage, SpeaksRussian) {
  ReportOptions options;
  options.language = Language::russian;
  const std::string part = part_of(page_with(plan_with("bert"), options));
  EXPECT_THAT(part, HasSubstr("План контактов"));
  EXPECT_THAT(part, HasSubstr("<span class=\"date\">пн\u00A07\u00A0дек</span>"));
  EXPECT_THAT(part, HasSubstr("звонок: <bdi>new equipment</bdi>"));
  EXPECT_THAT(part, HasSubstr("времени не осталось, или оно отдано более ценным контактам"));
  EXPECT_THAT(part, HasSubstr("Сколько стоит дополнительное время"));
}

TEST(PlanPage, IsLeftOutWhereThereIsNoneOrItIsHidden) {
  testing::Sample sample;
  EXPECT_EQ(part_of(html(sample.input())), "");
  ReportOptions options;
  options.hide = {PageSection::plan};
  EXPECT_EQ(part_of(page_with(plan_with("bert"), options)), "");
}

TEST(PlanPage, WithNothingWantedSaysSo) {
  PlanTables plan;
  plan.first = plan.last = monday;
  EXPECT_THAT(part_of(page_with(plan)), HasSubstr("no playbook fits any client"));
}

TEST(PlanPage, EscapesEverythingFromTheData) {
  for (const std::string& hostile :
       {std::string("<script>alert(1)</script>"), std::string("\"><img src=x onerror=alert(1)>"),
        std::string("' onmouseover='x"), std::string("</td></table><i>"), std::string("{}{0}%s&amp;"),
        std::string("; ;<i>;"), std::string("\xE2\x80\xAE evil \xE2\x81\xA6"), std::string("a\nb\rc\0d", 7),
        std::string("\xFF\xC0\x80"), std::string("../../etc/passwd"), std::string()}) {
    PlanTables plan = plan_with(hostile);
    plan.managers["anna"] = hostile;
    const std::string page = page_with(plan);
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<i>")));
    EXPECT_THAT(page, Not(HasSubstr("' onmouseover")));
    EXPECT_EQ(page.find('\0'), std::string::npos);
    EXPECT_EQ(page.find('\xFF'), std::string::npos);
  }
}

TEST(PlanPage, StaysSmallWhateverThePlan) {
  const std::size_t usual = page_with(plan_with("bert")).size();
  const std::size_t count = 60'000;
  const std::string tiresome(5'000, 'x');
  Texts managers, clients;
  std::vector<std::int64_t> starts, ends;
  std::vector<int> on;
  for (std::size_t i = 0; i < count; ++i) {
    managers.push_back("manager " + std::to_string(i % 300));
    clients.push_back(std::to_string(i));
    on.push_back(static_cast<int>(i / 300 % 30));
    starts.push_back(on.back() * std::int64_t{1440} + 600);
    ends.push_back(starts.back() + 10);
  }
  const Column text("reason", Texts(count, tiresome));
  PlanTables plan = plan_with("bert");
  plan.planned = Table({Column("client", clients), Column("manager", managers), instants("start", starts),
                        instants("end", ends), whole("minutes", std::vector<std::int32_t>(count, 10)), text,
                        text.renamed("name"), text.renamed("topic"), text.renamed("purpose"), text.renamed("channel")});
  plan.refused = Table({Column("client", clients), text.renamed("text"), text.renamed("topic"), text.renamed("name"),
                        Column("reason", Texts(count, "capacity"))});
  plan.prices = Table({Column("manager", managers), days("day", on), Column("resource", Texts(count, "minute")),
                       Column("capacity", ColumnType::int64, buffer(std::vector<std::int64_t>(count, 480))),
                       testing::money("price", std::vector<std::int64_t>(count, 1'0000))});
  const std::string page = page_with(plan);
  EXPECT_LT(page.size(), usual + 600'000);
  EXPECT_THAT(page, HasSubstr("Not shown: 288 (plan.csv)"));
  EXPECT_THAT(page, HasSubstr("Not shown: 240 (prices.csv)"));
  EXPECT_THAT(page, HasSubstr("Not shown: 59,985 (refused.csv)"));
}

}  // namespace
}  // namespace klientela
