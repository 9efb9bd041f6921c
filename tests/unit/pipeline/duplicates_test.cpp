// Runs that merge duplicates: what is merged, that everything after counts it as one client, and how people stay in
// charge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/pipeline/run.hpp"
#include "unit/pipeline/deliveries.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

struct Card {
  std::string client, kind, parent, name, given, family, email, phone, birthday;
};

std::vector<Card> people() {
  return {{"7", "person", "", "", "Anna", "Berg", "anna.berg@mail.example", "+49 30 5550100", "1980-05-03"},
          {"8", "person", "", "", "Anna", "Berg", "ANNA.BERG@mail.example", "004930 5550100", "1980-05-03"},
          {"9", "person", "", "", "Otto", "Kranz", "otto@firm.example", "+49 30 5550155", "1966-08-17"},
          {"20", "organisation", "", "Nordwind GmbH", "", "", "info@nordwind.example", "+49 30 5550200", ""},
          {"21", "person", "20", "", "Ida", "Pohl", "ida@nordwind.example", "+49 30 5550201", "1990-01-01"}};
}

Table table_of(const std::vector<Card>& cards) {
  Table table;
  const auto add = [&](const char* name, std::string Card::*member) {
    std::vector<std::string> values;
    for (const Card& card : cards) values.push_back(card.*member);
    table.add(Column(name, values));
  };
  add("client", &Card::client);
  add("kind", &Card::kind);
  add("parent", &Card::parent);
  add("name", &Card::name);
  add("given_name", &Card::given);
  add("family_name", &Card::family);
  add("emails", &Card::email);
  add("phones", &Card::phone);
  add("birthday", &Card::birthday);
  return table;
}

Tables delivery(const std::vector<Card>& cards) {
  Tables tables;
  tables.add(TableId::clients, testing::stream(table_of(cards)));
  tables.add(TableId::transactions, testing::stream(testing::table_of({{"7", "2025-01-01", "10"},
                                                                       {"8", "2025-02-01", "20.5"},
                                                                       {"8", "2025-03-01", "7"},
                                                                       {"9", "2025-03-02", "5"},
                                                                       {"21", "2025-03-03", "100"}})));
  Table calls;
  calls.add(Column("client", std::vector<std::string>{"7", "8", "9"}));
  calls.add(Column("channel", std::vector<std::string>{"phone", "email", "phone"}));
  calls.add(Column("started_at",
                   std::vector<std::string>{"2025-01-05T10:00:00Z", "2025-02-05T10:00:00Z", "2025-03-01T10:00:00Z"}));
  tables.add(TableId::interactions, testing::stream(calls));
  return tables;
}

Policy policy_of(const char* json) { return Policy::from_json(json); }

std::string of_client(const RunResult& result, const char* client, const char* column) {
  const Table table = result.clients();
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (table.column("client").to_text(row) == client) return table.column(column).to_text(row);
  return "no such client";
}

TEST(RunDuplicates, CountsMergedCardsAsOneClient) {
  const RunResult result = run(delivery(people()));
  ASSERT_TRUE(result.duplicates);
  ASSERT_TRUE(result.merged);
  EXPECT_EQ(result.base.clients(), 4U);
  EXPECT_EQ(result.merged->original().clients(), 5U);
  EXPECT_EQ(result.merged->counts_as("8"), ClientId(7));
  EXPECT_EQ(of_client(result, "7", "money_net"), "37.5");
  EXPECT_EQ(of_client(result, "7", "frequency"), "3");
  EXPECT_EQ(of_client(result, "8", "money_net"), "no such client");
  const Json summary = Json::parse(result.summary());
  EXPECT_EQ(summary["clients"], 4);
  EXPECT_EQ(summary["money_net"], "142.5");
  EXPECT_EQ(summary["duplicates"]["cards"], 5);
  EXPECT_EQ(summary["duplicates"]["duplicates"], 1);
  EXPECT_EQ(summary["duplicates"]["merged_cards"], 1);
  EXPECT_THAT(summary["notes"].dump(), HasSubstr("report.duplicates.merged"));
  ASSERT_EQ(result.merged->journal().records().size(), 1U);
  EXPECT_EQ(result.merged->journal().records()[0].note.reason, "found as duplicates");
  // The journal brings all of it back, and takes it back.
  MergedBase own(result.merged->original(), result.merged->journal(), result.merged->policy());
  EXPECT_EQ(own.base().clients(), 4U);
  own.undo(1);
  EXPECT_EQ(own.base().clients(), 5U);
}

TEST(RunDuplicates, IsSwitchedOffByThePolicy) {
  for (const char* json : {R"({"dedupe": {"merge": false}})", R"({"dedupe": {"merge": null}})"}) {
    const RunResult result = run(delivery(people()), policy_of(json));
    EXPECT_FALSE(result.duplicates);
    EXPECT_EQ(result.merged, nullptr);
    EXPECT_EQ(result.base.clients(), 5U);
    EXPECT_TRUE(Json::parse(result.summary())["duplicates"].is_null());
    EXPECT_THAT(result.page(), Not(HasSubstr("id=\"duplicates\"")));
  }
  const RunResult found = run(delivery(people()), policy_of(R"({"dedupe": {"merge": {"threshold": 1024}}})"));
  ASSERT_TRUE(found.duplicates);
  EXPECT_EQ(found.duplicates->groups().size(), 1U);
  EXPECT_EQ(found.base.clients(), 5U) << "found, and left as it is";
  EXPECT_EQ(Json::parse(found.summary())["duplicates"]["merged_cards"], 0);
}

TEST(RunDuplicates, LooksForNoneWhereNothingCanBeCompared) {
  const RunResult lines = run(testing::one(TableId::transactions, testing::table_of({{"b", "2025-03-01", "10.5"}})));
  EXPECT_FALSE(lines.duplicates);
  EXPECT_EQ(lines.merged, nullptr);
  Tables tables;
  Table cards;
  cards.add(Column("client", std::vector<std::string>{"b", "c"}));
  cards.add(Column("category", std::vector<std::string>{"x", "x"}));
  tables.add(TableId::clients, testing::stream(cards));
  tables.add(TableId::transactions, testing::stream(testing::table_of({{"b", "2025-03-01", "10.5"}})));
  const RunResult bare = run(std::move(tables));
  EXPECT_FALSE(bare.duplicates);
  EXPECT_EQ(bare.base.clients(), 2U);
}

TEST(RunDuplicates, ReadThroughRollUpsAssignmentsAndHistories) {
  std::vector<Card> cards = people();
  cards.push_back({"22", "organisation", "", "Nordwind", "", "", "INFO@nordwind.example", "+493055 50200", ""});
  cards.push_back({"23", "person", "22", "", "Max", "Falk", "max@x.example", "+49 30 5550300", "1971-12-31"});
  // The second card of the organisation has three fields to be told by only with its site.
  Policy policy = policy_of(R"({"roll_up": {"to": "roots"}, "history": {"every": "month"},
    "dedupe": {"merge": {"threshold": 0, "corroboration": -100}}})");
  const RunResult result = run(delivery(cards), policy, std::nullopt, RunKnowledge{});
  ASSERT_TRUE(result.hierarchy);
  EXPECT_EQ(result.merged->counts_as("22"), ClientId(20));
  EXPECT_EQ(of_client(result, "20", "money_net"), "100");
  EXPECT_EQ(of_client(result, "23", "money_net"), "no such client") << "belongs to 22, which counts as 20";
  ASSERT_NE(result.history(), nullptr);
  EXPECT_GT(result.history()->days().size(), 1U);
}

TEST(RunDuplicates, GoesOnFromWhatPeopleSaid) {
  const RunResult first = run(delivery(people()));
  MergedBase judged(first.merged->original(), first.merged->journal(), first.merged->policy());
  judged.undo(1);
  judged.not_duplicate("7", "8", {"clerk", "two sisters", {}});
  RunKnowledge known;
  known.journal = judged.journal();
  const RunResult second = run(delivery(people()), Policy(), std::nullopt, known);
  EXPECT_EQ(second.base.clients(), 5U);
  EXPECT_EQ(second.merged->journal().records().size(), 3U);
  // Without looking for any, what was merged before is still merged.
  known.journal = first.merged->journal();
  EXPECT_EQ(run(delivery(people()), policy_of(R"({"dedupe": {"merge": false}})"), std::nullopt, known).base.clients(),
            4U);
  // The same cards are not merged twice.
  EXPECT_EQ(run(delivery(people()), Policy(), std::nullopt, known).merged->journal().records().size(), 1U);
  // A card has changed.
  std::vector<Card> later = people();
  later[2].phone = "+49 30 5550156";
  try {
    static_cast<void>(run(delivery(later), Policy(), std::nullopt, known));
    FAIL() << "of another base";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "journal");
  }
  known.rebase = true;
  const RunResult gone_on = run(delivery(later), Policy(), std::nullopt, known);
  EXPECT_EQ(gone_on.base.clients(), 4U);
  EXPECT_EQ(gone_on.merged->journal().records().size(), 2U);
}

TEST(RunDuplicates, GivesTheSameBytesForAnyOrderAndNumberOfThreads) {
  std::mt19937 random(4);
  std::vector<Card> cards;
  for (int i = 0; i < 300; ++i) {
    Card card{std::to_string(i), "person", "", "", "", "", "", "", ""};
    card.given = std::string(1, static_cast<char>('A' + random() % 26)) + "lina" + std::to_string(random() % 40);
    card.family = std::string(1, static_cast<char>('B' + random() % 20)) + "ergmann" + std::to_string(random() % 90);
    card.email = card.given + "." + std::to_string(i) + "@mail.example";
    card.phone = "+4930" + std::to_string(10'000'000 + random() % 89'999'999);
    card.birthday = to_text(Day{std::chrono::days{3000 + static_cast<int>(random() % 9000)}});
    cards.push_back(card);
    if (random() % 4 != 0) continue;
    card.client = std::to_string(1000 + i);
    if (random() % 2 == 0) std::swap(card.given, card.family);
    if (random() % 2 == 0) card.phone.clear();
    cards.push_back(card);
  }
  const auto everything = [](const RunResult& result) {
    return to_csv(result.clients()) + result.summary() + result.page() + to_csv(clusters_table(*result.duplicates)) +
           result.merged->journal().to_text();
  };
  const RunResult one = run(delivery(cards));
  EXPECT_GT(one.merged->journal().records().size(), 20U);
  std::shuffle(cards.begin(), cards.end(), random);
  ThreadPool pool(5);
  Control control;
  control.executor = &pool;
  EXPECT_EQ(everything(run(delivery(cards), Policy(), std::nullopt, control)), everything(one));
}

}  // namespace
}  // namespace klientela
