// Cadences: quotas become touches in order, conditions hold, and a month plan of calls, meetings and mails works out.
#include "klientela/plan/cadence.hpp"

#include <gtest/gtest.h>

#include <map>

#include "klientela/plan/check.hpp"
#include "unit/plan/small_plan.hpp"

namespace klientela {
namespace {

using sample::empty_plan;
using sample::plan_day;

constexpr std::uint32_t call = 0, meeting = 1, mail = 2;

Quota quota(std::int32_t least, std::int32_t most, std::uint32_t channel, std::int32_t minutes,
            std::vector<std::uint32_t> purposes) {
  Quota made;
  made.least = least;
  made.most = most;
  made.channels = 1U << channel;
  made.minutes = minutes;
  made.purposes = std::move(purposes);
  made.value = 10'000;
  made.least_value = 50'000;
  made.keep_per_mille = 900;
  made.gap_days = 1;
  return made;
}

/// A month of a seller of printing equipment: who might buy it, and who buys supplies.
std::vector<Cadence> month_plan() {
  const Day first = plan_day(0), last = plan_day(21);
  Cadence potential{
      first,
      last,
      {quota(6, 6, call, 10, {0, 1, 2, 3}), quota(2, 2, meeting, 60, {4, 5}), quota(4, 6, mail, 5, {6, 7, 8, 9})}};
  Cadence existing{
      first, last, {quota(2, 2, call, 10, {10, 11}), quota(1, 1, meeting, 60, {12}), quota(2, 2, mail, 5, {13, 14})}};
  existing.quotas[1].condition = 3;  // only if new equipment is presented
  return {potential, existing};
}

TEST(Cadence, AMonthOfCallsMeetingsAndMailsIsKeptInFull) {
  const std::vector<Cadence> cadences = month_plan();
  PlanProblem problem = empty_plan(3, 22, 3);
  problem.pools.push_back({0, 1});  // potential clients: two managers; existing ones: the third
  std::vector<CadenceClient> clients;
  for (std::uint32_t c = 0; c < 40; ++c) {
    problem.clients.emplace_back();
    clients.push_back({c, c < 30 ? 0U : 1U, c < 30 ? 3U : 2U, c % 2 == 0 ? 8U : 0U, 1000});
  }
  const CadenceTouches expanded = expand_cadences(cadences, clients);
  problem.touches = expanded.touches;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_TRUE(check_plan(problem, plan).ok());
  EXPECT_TRUE(quota_shortfalls(cadences, clients, expanded, plan).empty());
  std::map<std::uint32_t, std::map<std::uint32_t, std::vector<std::uint32_t>>> purposes;  // by client, by quota
  for (const PlannedTouch& row : plan.planned) {
    const TouchOrigin& origin = expanded.origins[row.touch];
    purposes[problem.touches[row.touch].client][origin.quota].push_back(problem.touches[row.touch].purpose);
  }
  for (std::uint32_t c = 0; c < 40; ++c) {
    if (c < 30) {
      EXPECT_EQ(purposes[c][0], (std::vector<std::uint32_t>{0, 1, 2, 3, 3, 3}));
      EXPECT_EQ(purposes[c][1], (std::vector<std::uint32_t>{4, 5}));
      EXPECT_GE(purposes[c][2].size(), 4U);
    } else {
      EXPECT_EQ(purposes[c][0], (std::vector<std::uint32_t>{10, 11}));
      EXPECT_EQ(purposes[c][1].size(), c % 2 == 0 ? 1U : 0U);
      EXPECT_EQ(purposes[c][2], (std::vector<std::uint32_t>{13, 14}));
    }
  }
}

TEST(Cadence, StandsInTheOrderOfAnEvenSpread) {
  Cadence cadence{
      plan_day(0), plan_day(0) + std::chrono::days{11}, {quota(3, 3, call, 10, {}), quota(1, 1, mail, 5, {})}};
  cadence.quotas[0].spread = true;
  Cadence campaign{plan_day(0), plan_day(0) + std::chrono::days{3}, {quota(1, 2, mail, 5, {1})}};
  const std::vector<Cadence> cadences{cadence, campaign};
  const std::vector<CadenceClient> clients{{4, 0, 0, 0, 2000}, {4, 1, 0, 0, 1000}};
  const CadenceTouches expanded = expand_cadences(cadences, clients);
  // Places in days: calls 2, 6, 10; the mail 6; the campaign's 1 and 3.
  const std::vector<TouchOrigin> expected{{1, 0, 0}, {0, 0, 0}, {1, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 0, 2}};
  EXPECT_EQ(expanded.origins, expected);
  EXPECT_EQ(expanded.touches[1].first, cadence.first);
  EXPECT_EQ(expanded.touches[1].last, cadence.first + std::chrono::days{3});
  EXPECT_EQ(expanded.touches[5].first, cadence.first + std::chrono::days{8});
  EXPECT_EQ(expanded.touches[5].last, cadence.last);
  EXPECT_EQ(expanded.touches[4].last, cadence.last);
  EXPECT_EQ(expanded.touches[1].value, 120'000);  // twice 1 and 5
  EXPECT_EQ(expanded.touches[3].value, 118'000);  // twice 0.9 and 5
  EXPECT_EQ(expanded.touches[2].value, 9'000);    // beyond the least
  EXPECT_EQ(expanded.touches[2].purpose, 1U);
}

TEST(Cadence, CutsSharesOfTheDaysThatCount) {
  std::vector<Day> days;  // Monday to Friday of two weeks
  for (int d = 0; d < 5; ++d) days.push_back(plan_day(d));
  for (int d = 7; d < 12; ++d) days.push_back(plan_day(0) + std::chrono::days{d});
  const auto shares = [&](std::int32_t contacts, Day first, Day last) {
    Cadence cadence{first, last, {quota(contacts, contacts, call, 10, {})}};
    cadence.quotas[0].spread = true;
    std::vector<std::pair<int, int>> out;
    for (const PlanTouch& touch : expand_cadences({{cadence}}, {{CadenceClient{}}}, days).touches)
      out.emplace_back((touch.first - plan_day(0)).count(), (touch.last - plan_day(0)).count());
    return out;
  };
  using Shares = std::vector<std::pair<int, int>>;
  const Day monday = plan_day(0), sunday = monday + std::chrono::days{6};
  EXPECT_EQ(shares(4, monday, sunday), (Shares{{0, 0}, {1, 1}, {2, 2}, {3, 4}}));
  EXPECT_EQ(shares(5, monday, sunday), (Shares{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}}));
  EXPECT_EQ(shares(7, monday, sunday), (Shares{{0, 0}, {0, 0}, {1, 1}, {2, 2}, {2, 2}, {3, 3}, {4, 4}}));
  EXPECT_EQ(shares(1, monday, sunday), (Shares{{0, 4}}));
  EXPECT_EQ(shares(2, monday, monday + std::chrono::days{13}), (Shares{{0, 4}, {7, 11}}));
  // Of days that do not count at all the calendar is cut.
  EXPECT_EQ(shares(2, sunday - std::chrono::days{1}, sunday), (Shares{{5, 5}, {6, 6}}));
  // Whatever is cut: ascending, none empty, the whole of the days covered.
  for (std::int32_t contacts = 1; contacts < 30; ++contacts) {
    const Shares cut = shares(contacts, monday, monday + std::chrono::days{13});
    EXPECT_EQ(cut.front().first, 0);
    EXPECT_EQ(cut.back().second, 11);
    for (std::size_t i = 0; i < cut.size(); ++i) {
      EXPECT_LE(cut[i].first, cut[i].second);
      EXPECT_LE(i == 0 ? -1 : cut[i - 1].second, cut[i].first + (contacts > 10 ? 0 : -1));
    }
  }
  std::swap(days[0], days[1]);
  EXPECT_THROW(shares(1, monday, sunday), Error);
}

TEST(Cadence, TellsWhichQuotasFallShort) {
  const std::vector<Cadence> cadences = month_plan();
  PlanProblem problem = empty_plan(1, 22, 3);
  problem.clients.resize(2);
  problem.consents = {{6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6}};  // no calls
  problem.clients[1].consents = 0;
  const std::vector<CadenceClient> clients{{0, 0, 0, 0, 1000}, {1, 1, 0, 0, 1000}};
  const CadenceTouches expanded = expand_cadences(cadences, clients);
  problem.touches = expanded.touches;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_TRUE(check_plan(problem, plan).ok());
  EXPECT_EQ(quota_shortfalls(cadences, clients, expanded, plan), (std::vector<QuotaShortfall>{{1, 0, 0, 2}}));
  EXPECT_THROW(static_cast<void>(quota_shortfalls(cadences, clients, expanded, {})), Error);
}

TEST(Cadence, NamesTheQuotaThatContradictsItself) {
  const auto where = [](const auto& breaking) {
    std::vector<Cadence> cadences = month_plan();
    std::vector<CadenceClient> clients{{0, 1, 0, 0, 1000}, {1, 0, 0, 0, 1000}};
    breaking(cadences, clients);
    try {
      static_cast<void>(expand_cadences(cadences, clients));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string();
  };
  using C = std::vector<Cadence>;
  using R = std::vector<CadenceClient>;
  EXPECT_EQ(where([](C&, R&) {}), "");
  EXPECT_EQ(where([](C& c, R&) { c[1].quotas[0].most = 1; }), "cadences[1].quotas[0]");
  EXPECT_EQ(where([](C& c, R&) { c[0].quotas[2].minutes = 0; }), "cadences[0].quotas[2]");
  EXPECT_EQ(where([](C& c, R&) { c[0].quotas[1].value = -1; }), "cadences[0].quotas[1]");
  EXPECT_EQ(where([](C& c, R&) { c[0].quotas[1].keep_per_mille = 1001; }), "cadences[0].quotas[1]");
  EXPECT_EQ(where([](C& c, R&) { c[0].quotas[1].condition = 65; }), "cadences[0].quotas[1]");
  EXPECT_EQ(where([](C& c, R&) { c[1].last = plan_day(-2); }), "cadences[1]");
  EXPECT_EQ(where([](C&, R& r) { r[1].cadence = 2; }), "clients[1]");
  EXPECT_EQ(where([](C&, R& r) { r[0].client = 2; }), "clients[1]");
  EXPECT_EQ(where([](C&, R& r) { r[0].worth_per_mille = -1; }), "clients[0]");
}

}  // namespace
}  // namespace klientela
