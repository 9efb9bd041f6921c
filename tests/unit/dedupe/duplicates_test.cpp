// Duplicates end to end: found, explained, the same in any order, and bounded where cards are all alike.
#include "klientela/dedupe/duplicates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_search.hpp"
#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/dedupe/link_model_json.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

std::string word(std::mt19937& random, std::size_t syllables) {
  static const char* const parts[] = {"ka", "lo", "mi", "ner", "to", "vi", "san", "bel", "dru", "fo", "gi", "ras"};
  std::string text;
  for (std::size_t i = 0; i < syllables; ++i) text += parts[random() % std::size(parts)];
  return text;
}

std::string slip(std::mt19937& random, std::string text) {
  if (text.size() > 3) std::swap(text[1 + random() % (text.size() - 2)], text[1 + random() % (text.size() - 2)]);
  return text;
}

/// Cards of `clients` persons, half of whom have two; the id of a second card is the first one's and 100,000.
std::vector<ClientRow> cards_of(std::size_t clients, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<ClientRow> rows;
  for (std::size_t i = 0; i < clients; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(i)};
    row.given_name = word(random, 2);
    row.family_name = word(random, 3);
    row.city = word(random, 2);
    row.emails = {row.given_name + "." + row.family_name + std::to_string(random() % 100) + "@mail.example"};
    row.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    row.birthday = first_day + std::chrono::days(10'000 + random() % 30'000);
    rows.push_back(row);
    if (i % 2 == 1) continue;
    row.client = static_cast<std::int64_t>(i + 100'000);
    switch (random() % 4) {
      case 0: row.given_name = slip(random, row.given_name); break;
      case 1: std::swap(row.given_name, row.family_name); break;
      case 2: row.emails.clear(); break;
      default: row.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    }
    rows.push_back(row);
  }
  return rows;
}

ClientBase base_of(const std::vector<ClientRow>& rows) {
  BaseBuilder builder;
  for (const ClientRow& row : rows) builder.add(row);
  return builder.build().base;
}

std::map<std::string, std::string> clusters_by_id(const Duplicates& found) {
  const Table table = clusters_table(found);
  std::map<std::string, std::string> clusters;
  for (std::size_t row = 0; row < table.rows(); ++row)
    clusters[table.column("id").to_text(row)] = table.column("cluster").to_text(row);
  return clusters;
}

TEST(Duplicates, FindsSecondCards) {
  const Duplicates found = find_duplicates(base_of(cards_of(2000, 1)));
  ASSERT_NE(found.training(), nullptr);
  EXPECT_EQ(found.training()->status, LinkFit::converged) << found.training()->advice;
  std::vector<std::uint32_t> truth;
  for (std::uint32_t card = 0; card < found.cards().size(); ++card)
    truth.push_back(static_cast<std::uint32_t>(found.cards().id(card).integer() % 100'000));
  const ClusterMetrics metrics = cluster_metrics(found.cluster_of(), truth);
  EXPECT_GT(metrics.f1, 0.99);
}

/// The same cards, which are brought into another order, found by so many threads.
void expect_same_in_another_order(const Duplicates& one, std::vector<ClientRow>& rows, unsigned threads) {
  std::shuffle(rows.begin(), rows.end(), std::mt19937(3));
  ThreadPool pool(threads);
  Control control;
  control.executor = &pool;
  const Duplicates other = find_duplicates(base_of(rows), {}, control);
  EXPECT_EQ(clusters_by_id(one), clusters_by_id(other));
  EXPECT_TRUE(one.model() == other.model());
  EXPECT_TRUE(std::equal(one.edges().begin(), one.edges().end(), other.edges().begin(), other.edges().end()));
}

TEST(Duplicates, AreTheSameForAnyOrderAndNumberOfThreads) {
  std::vector<ClientRow> rows = cards_of(800, 2);
  const Duplicates one = find_duplicates(base_of(rows));
  expect_same_in_another_order(one, rows, 7);
}

TEST(Duplicates, ExplainEveryScore) {
  const Duplicates found = find_duplicates(base_of(cards_of(500, 4)));
  ASSERT_FALSE(found.edges().empty());
  for (const CardEdge& edge : found.edges()) {
    const PairEvidence evidence = found.explain({edge.b, edge.a});
    EXPECT_EQ(evidence.explanation.score, edge.score);
    double sum = evidence.explanation.prior_weight + evidence.explanation.shared_weight;
    for (const FieldEvidence& field : evidence.explanation.fields) sum += field.weight + field.term_weight;
    EXPECT_DOUBLE_EQ(sum, edge.score);
  }
  EXPECT_THROW(static_cast<void>(found.explain({0, 1'000'000})), Error);
  EXPECT_THROW(static_cast<void>(found.explain({3, 3})), Error);
}

/// Families of one to four persons who share a family name, a phone and an address; every second person has two cards,
/// the second with a slip. Of some families the father and the son have one given name, of others there are twins.
/// `truth` is a number of the person by card.
std::vector<ClientRow> families_of(std::size_t families, unsigned seed, std::vector<std::uint32_t>& truth) {
  std::mt19937 random(seed);
  std::vector<ClientRow> rows;
  const auto day = [&] { return first_day + std::chrono::days(10'000 + random() % 25'000); };
  const auto add = [&](ClientRow row, std::uint32_t person) {
    row.client = static_cast<std::int64_t>(rows.size());
    rows.push_back(std::move(row));
    truth.push_back(person);
  };
  std::uint32_t person = 0;
  for (std::size_t family = 0; family < families; ++family) {
    ClientRow home{.client = 0};
    home.family_name = word(random, 3);
    home.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    home.street = word(random, 3) + " street";
    home.house = std::to_string(1 + random() % 200);
    home.city = word(random, 2);
    home.postcode = std::to_string(10'000 + random() % 89'999);
    const std::size_t members = 1 + random() % 4;
    ClientRow last{.client = 0};
    for (std::size_t i = 0; i < members; ++i, ++person) {
      ClientRow row = home;
      row.given_name = word(random, 2);
      row.birthday = day();
      if (i == 1 && family % 10 == 0) row.given_name = last.given_name;  // and another birthday
      if (i == 2 && family % 40 == 1) row.birthday = last.birthday;      // twins
      last = row;
      add(row, person);
      if (random() % 2 == 0) continue;
      switch (random() % 4) {
        case 0: row.given_name = slip(random, row.given_name); break;
        case 1: row.family_name = slip(random, row.family_name); break;
        case 2: row.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)}; break;
        default: row.street.clear(); row.house.clear();
      }
      add(row, person);
    }
  }
  return rows;
}

ClusterMetrics metrics_of(const Duplicates& found, const std::vector<std::uint32_t>& truth) {
  std::vector<std::uint32_t> by_card;
  for (std::uint32_t card = 0; card < found.cards().size(); ++card)
    by_card.push_back(truth[static_cast<std::size_t>(found.cards().id(card).integer())]);
  return cluster_metrics(found.cluster_of(), by_card);
}

TEST(Duplicates, TellPersonsOfOneHouseholdApart) {
  std::vector<std::uint32_t> truth;
  const std::vector<ClientRow> rows = families_of(800, 6, truth);
  const Duplicates found = find_duplicates(base_of(rows));
  ASSERT_EQ(found.training()->status, LinkFit::converged) << found.training()->advice;
  const ClusterMetrics metrics = metrics_of(found, truth);
  EXPECT_GT(metrics.f1, 0.9) << metrics.precision << ' ' << metrics.recall;
  ASSERT_EQ(found.model().classes().size(), 1U);  // no organisation is there
  EXPECT_EQ(found.model().classes()[0].name, "household");
  EXPECT_GT(found.model().classes()[0].share, found.model().prior());
  // Two members of a family share all that the household does.
  const auto of = [&](std::int64_t id) { return *found.cards().card_of(id); };
  std::size_t explained = 0;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    if (truth[i] == truth[i + 1] || rows[i].street.empty() || rows[i].street != rows[i + 1].street) continue;
    if (rows[i].house != rows[i + 1].house || rows[i].family_name != rows[i + 1].family_name) continue;
    const ScoreExplanation why =
        found.explain({of(static_cast<std::int64_t>(i)), of(static_cast<std::int64_t>(i + 1))}).explanation;
    ASSERT_EQ(why.shared_by, std::optional<std::size_t>(0));
    EXPECT_LT(why.shared_weight, -10);
    ++explained;
  }
  EXPECT_GT(explained, 100U);
  DedupeOptions without;
  without.classes.clear();
  const Duplicates alone = find_duplicates(base_of(rows), without);
  EXPECT_TRUE(alone.model().classes().empty());
  EXPECT_LT(metrics_of(alone, truth).f1, metrics_of(found, truth).f1);
}

TEST(Duplicates, OfHouseholdsAreTheSameForAnyOrderThreadsAndWayOfAsking) {
  std::vector<std::uint32_t> truth;
  std::vector<ClientRow> rows = families_of(300, 7, truth);
  const Duplicates one = find_duplicates(base_of(rows));
  expect_same_in_another_order(one, rows, 5);
  for (const CardEdge& edge : one.edges()) {
    const ScoreExplanation why = one.explain({edge.a, edge.b}).explanation;
    EXPECT_EQ(why.score, edge.score);
    double sum = why.prior_weight + why.shared_weight;
    for (const FieldEvidence& field : why.fields) sum += field.weight + field.term_weight;
    EXPECT_EQ(sum, edge.score);
  }
  // The same model, written down and read, gives the same scores.
  DedupeOptions again;
  again.model = link_model_from_json(to_json(one.model()));
  const Duplicates by_model = find_duplicates(base_of(rows), again);
  EXPECT_TRUE(by_model.model() == one.model());
  EXPECT_TRUE(std::equal(one.edges().begin(), one.edges().end(), by_model.edges().begin(), by_model.edges().end()));
  // Searching, too.
  const CardIndex index(one);
  std::size_t matched = 0;
  for (const ClientRow& row : rows) {
    const std::uint32_t card = *one.cards().card_of(row.client);
    for (const CardMatch& match : index.search(row, {.limit = 100, .min_score = -4})) {
      if (match.card == card) continue;
      const CardPair pair{std::min(card, match.card), std::max(card, match.card)};
      EXPECT_EQ(match.score, one.explain(pair).explanation.score) << pair.a << ' ' << pair.b;
      ++matched;
    }
  }
  EXPECT_GT(matched, 100U);
}

// Four colleagues have one number: of those who have it, one in four is the client, whether classes explain it or not.
TEST(Duplicates, DiscountASharedPhoneToTheOddsThatItsOwnersLeave) {
  std::vector<ClientRow> rows = cards_of(200, 21);
  std::mt19937 random(22);
  for (std::int64_t i = 0; i < 4; ++i) {
    ClientRow row = cards_of(1, static_cast<unsigned>(100 + i))[0];
    row.client = 500'000 + i;
    row.phones = {"+493055501111"};
    rows.push_back(row);
  }
  DedupeOptions options;
  std::vector<LinkField> fields;
  for (const CardField field : {CardField::given_name, CardField::family_name, CardField::phone}) {
    options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
    fields.push_back({.comparison = spec(options.comparisons.back()), .m = {0.1, 0.9}, .u = {0.9999, 0.0001}});
  }
  for (const double share : {0.0, 1e-4, 1e-3}) {
    options.model = LinkModel(0.01, fields, {{"household", share, {{"phone", {0.4, 0.6}}}}});
    const CardIndex index(find_duplicates(base_of(rows), options));
    const auto matches =
        index.search(ClientRow{.client = 0, .phones = {"+493055501111"}}, {.limit = 10, .min_score = -100});
    ASSERT_GE(matches.size(), 4U);
    EXPECT_NEAR(matches[0].score, -std::log2(3), 1e-6) << share;
  }
  // Where classes explain as much anyway, nothing is taken off.
  options.model = LinkModel(0.01, fields, {{"household", 0.3, {{"phone", {0.4, 0.6}}}}});
  const CardIndex index(find_duplicates(base_of(rows), options));
  const auto matches =
      index.search(ClientRow{.client = 0, .phones = {"+493055501111"}}, {.limit = 10, .min_score = -100});
  ASSERT_GE(matches.size(), 4U);
  EXPECT_EQ(matches[0].evidence.explanation.fields[2].term_weight, 0);
  EXPECT_LT(matches[0].score, -std::log2(3));
}

/// A prior of -10 bits; households share a family name and a phone.
DedupeOptions of_households_by_hand() {
  DedupeOptions options;
  std::vector<LinkField> fields;
  LinkClass household{"household", 0.01, {}};
  for (const CardField field : {CardField::given_name, CardField::family_name, CardField::phone}) {
    options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
    const double u = field == CardField::phone ? 1e-5 : 1e-3;
    fields.push_back({.comparison = spec(options.comparisons.back()), .m = {0.1, 0.9}, .u = {1 - u, u}});
    if (field != CardField::given_name) household.fields.push_back({std::string(name(field)), {0.4, 0.6}});
  }
  options.model = LinkModel(1e-3, fields, {household});
  return options;
}

// A family name and a phone may be anybody's of the household, twice the same or not.
TEST(Duplicates, JoinCopiesOnlyWhereTheyAreMoreThanAHousehold) {
  ClientRow row{.client = 1, .family_name = "Berg"};
  row.phones = {"+493055501111"};
  ClientRow copy = row;
  copy.client = 2;
  const Duplicates either = find_duplicates(base_of({row, copy}), of_households_by_hand());
  EXPECT_TRUE(either.groups().empty());
  row.given_name = copy.given_name = "Anna";
  const Duplicates one = find_duplicates(base_of({row, copy}), of_households_by_hand());
  EXPECT_EQ(one.groups().size(), 1U);
}

TEST(Duplicates, AreMergedByWhatIsLeftWithoutAFieldAndWhatClassesExplainOfIt) {
  ClientRow row{.client = 1, .given_name = "Anna", .family_name = "Berg"};
  row.phones = {"+493055501111"};
  ClientRow other = row;
  other.client = 2;
  other.city = "Ulm";
  const Duplicates found = find_duplicates(base_of({row, other}), of_households_by_hand());
  ASSERT_EQ(found.edges().size(), 1U);
  EXPECT_NEAR(found.edges()[0].score, 7.66, 0.05);
  // Without the given name -2 bits; without the phone 7, since the household explains less then, too.
  EXPECT_EQ(merge_clusters(found, {.threshold = 5, .corroboration = -2.3}).size(), 1U);
  EXPECT_TRUE(merge_clusters(found, {.threshold = 5, .corroboration = -2}).empty());
}

std::vector<std::string> classes_of(const Duplicates& found) {
  std::vector<std::string> names;
  for (const LinkClass& each : found.model().classes()) names.push_back(each.name);
  return names;
}

TEST(Duplicates, LearnOnlyClassesThatTheCardsCanShow) {
  std::vector<std::uint32_t> truth;
  std::vector<ClientRow> rows = families_of(300, 9, truth);
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].emails = {rows[i].given_name + std::to_string(truth[i]) + "@mail.example"};
  EXPECT_EQ(classes_of(find_duplicates(base_of(rows))), (std::vector<std::string>{"household"}));  // no firm, no branch
  // The given name and the birthday are what a household does not share: where hardly a card has them, none is told.
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].emails.clear();
    if (i % 25 == 0) continue;
    rows[i].given_name.clear();
    rows[i].birthday.reset();
  }
  EXPECT_EQ(classes_of(find_duplicates(base_of(rows))), std::vector<std::string>{});
  std::mt19937 random(10);
  std::vector<ClientRow> firms;
  for (std::int64_t i = 0; i < 300; ++i) {
    ClientRow row{.client = i, .kind = "organisation", .name = word(random, 4) + " Ltd"};
    row.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    row.street = word(random, 3) + " street";
    row.house = std::to_string(1 + random() % 200);
    row.city = word(random, 2);
    firms.push_back(row);
    if (i % 3 == 0) {
      row.client = 1000 + i;
      row.name = slip(random, row.name);
      firms.push_back(row);
    }
  }
  EXPECT_EQ(classes_of(find_duplicates(base_of(firms))), (std::vector<std::string>{"branch"}));
}

TEST(Duplicates, LinkListsOfHouseholds) {
  std::vector<std::uint32_t> truth;
  const std::vector<ClientRow> rows = families_of(600, 12, truth);
  std::vector<ClientRow> first;
  std::vector<ClientRow> second;
  for (std::size_t i = 0; i < rows.size(); ++i) (i > 0 && truth[i] == truth[i - 1] ? second : first).push_back(rows[i]);
  DedupeOptions options;
  options.clusters.sources = CardSourceRule::one_to_one;
  const Duplicates found = link_lists(base_of(first), base_of(second), options);
  EXPECT_EQ(classes_of(found), (std::vector<std::string>{"household"}));
  std::size_t right = 0;
  for (const auto& group : found.groups())
    right += truth[static_cast<std::size_t>(found.cards().id(group[0]).integer())] ==
             truth[static_cast<std::size_t>(found.cards().id(group[1]).integer())];
  EXPECT_GT(right, second.size() * 8 / 10);
  EXPECT_GT(right * 20, found.groups().size() * 19);
}

/// Places of organisations: all of one share its name, phone, e-mail and site, each has an address.
TEST(Duplicates, TellBranchesApart) {
  std::mt19937 random(8);
  std::vector<ClientRow> rows;
  std::vector<std::uint32_t> truth;
  std::uint32_t place = 0;
  for (std::size_t firm = 0; firm < 400; ++firm) {
    ClientRow head{.client = 0};
    head.name = word(random, 4) + " Ltd";
    head.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    head.emails = {"info@" + word(random, 4) + ".example"};
    for (std::size_t branch = 0; branch < 1 + random() % 5; ++branch, ++place) {
      ClientRow row = head;
      row.street = word(random, 3) + " street";
      row.house = std::to_string(1 + random() % 200);
      row.city = word(random, 2);
      row.postcode = std::to_string(10'000 + random() % 89'999);
      for (std::size_t copy = 0; copy < 1 + random() % 2; ++copy) {
        row.client = static_cast<std::int64_t>(rows.size());
        rows.push_back(row);
        truth.push_back(place);
        row.street = slip(random, row.street);
      }
    }
  }
  const Duplicates found = find_duplicates(base_of(rows));
  EXPECT_GT(metrics_of(found, truth).f1, 0.9);
  DedupeOptions without;
  without.classes.clear();
  EXPECT_LT(metrics_of(find_duplicates(base_of(rows), without), truth).f1, metrics_of(found, truth).f1);
}

TEST(Duplicates, ExpectSimilarMailboxesWhereNamesAreInThem) {
  const auto chance_of_similar = [](const std::vector<ClientRow>& rows) {
    const LinkModel model = find_duplicates(base_of(rows)).model();
    for (const LinkField& field : model.fields())
      if (field.comparison.name == "email") return field.u.at(1);
    return 0.0;
  };
  std::vector<ClientRow> rows = cards_of(300, 5);
  const double of_names = chance_of_similar(rows);
  std::mt19937 random(6);
  for (ClientRow& row : rows)
    if (!row.emails.empty()) row.emails = {word(random, 4) + "@mail.example"};
  EXPECT_LT(chance_of_similar(rows), 0.5 * of_names);
}

TEST(Duplicates, JoinCardsThatAreAllAlikeInLittleTime) {
  BaseBuilder builder;
  for (std::int64_t i = 0; i < 50'000; ++i)
    builder.add(ClientRow{
        .client = i, .name = "Romashka Ltd", .emails = {"info@romashka.example"}, .phones = {"+493012345678"}});
  for (std::int64_t i = 0; i < 200; ++i) {
    std::mt19937 random(static_cast<unsigned>(i));
    builder.add(ClientRow{.client = 100'000 + i, .name = word(random, 4), .emails = {word(random, 5) + "@x.example"}});
  }
  const Duplicates found = find_duplicates(builder.build().base);
  EXPECT_LT(found.pairs(), 1'000'000U);
  ASSERT_FALSE(found.groups().empty());
  EXPECT_EQ(found.groups()[0].size(), 50'000U);
  EXPECT_EQ(joins_table(found).column("reason").text(0), "equal");
}

TEST(Duplicates, LinkTwoListsOneToOne) {
  std::vector<ClientRow> first;
  std::vector<ClientRow> second;
  for (ClientRow& row : cards_of(1000, 5)) {
    if (row.client.integer() < 100'000) {
      first.push_back(row);
    } else {
      row.client = row.client.integer() - 100'000;
      second.push_back(row);
    }
  }
  DedupeOptions options;
  options.clusters.sources = CardSourceRule::one_to_one;
  const Duplicates found = link_lists(base_of(first), base_of(second), options);
  std::size_t right = 0;
  for (const auto& group : found.groups()) {
    ASSERT_EQ(group.size(), 2U);
    EXPECT_LT(group[0], found.cards().first_list());
    EXPECT_GE(group[1], found.cards().first_list());
    right += found.cards().id(group[0]) == found.cards().id(group[1]) ? 1 : 0;
  }
  EXPECT_GT(right, 490U);
  const Table links = links_table(found);
  ASSERT_EQ(links.rows(), found.groups().size());
  for (std::size_t row = 0; row < links.rows(); ++row) {
    EXPECT_EQ(links.column("id_a").to_text(row), found.cards().id(found.groups()[row][0]).to_text());
    EXPECT_EQ(links.column("id_b").to_text(row), found.cards().id(found.groups()[row][1]).to_text());
  }
  EXPECT_LT(found.groups().size() - right, 3U);
  for (const CardEdge& edge : found.edges()) {
    EXPECT_LT(edge.a, found.cards().first_list());
    EXPECT_GE(edge.b, found.cards().first_list());
  }
}

TEST(Duplicates, LinkListsOfCardsThatAreAllAlikeInTheirOrder) {
  const auto alike = [](std::int64_t n) {
    std::vector<ClientRow> rows;
    for (std::int64_t i = 0; i < n; ++i)
      rows.push_back({.client = i, .given_name = "Anna", .family_name = "Berg", .emails = {"a.berg@mail.example"}});
    return base_of(rows);
  };
  DedupeOptions options;
  options.clusters.sources = CardSourceRule::one_to_one;
  options.clusters.threshold = -100;  // that everybody is called so is no evidence
  options.clusters.unscored = -200;
  const Duplicates found = link_lists(alike(1500), alike(1600), options);
  EXPECT_LE(found.pairs(), 1'000'000U);
  ASSERT_EQ(found.groups().size(), 1500U);
  for (const auto& group : found.groups())
    EXPECT_EQ(found.cards().id(group[0]).integer(), found.cards().id(group[1]).integer());
}

/// A long list has a pair of ours among many within itself: weights are learnt from those between the lists.
TEST(Duplicates, LearnFromPairsBetweenListsOfDifferentLength) {
  std::vector<ClientRow> first;
  std::vector<ClientRow> second;
  for (ClientRow& row : cards_of(4000, 15)) {
    if (row.client.integer() >= 100'000) {
      row.client = row.client.integer() - 100'000;
      if (first.size() < 100) first.push_back(row);
    } else {
      second.push_back(row);
    }
  }
  DedupeOptions options;
  options.clusters.sources = CardSourceRule::one_to_one;
  options.training_pairs = 300;
  const Duplicates found = link_lists(base_of(first), base_of(second), options);
  ASSERT_NE(found.training(), nullptr);
  std::uint64_t most = 0;
  for (const BlockingRuleReport& rule : found.rules()) most = std::max(most, rule.pairs);
  double learnt = 0;
  for (const auto& each : found.training()->blocks) learnt = std::max(learnt, each.pairs);
  EXPECT_EQ(learnt, static_cast<double>(std::min<std::uint64_t>(most, options.training_pairs)));
  std::size_t right = 0;
  for (const auto& group : found.groups()) right += found.cards().id(group[0]) == found.cards().id(group[1]) ? 1 : 0;
  EXPECT_GT(right, 95U);
  EXPECT_LT(found.groups().size() - right, 3U);
}

TEST(Duplicates, ObeyWhatPeopleSaid) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(300, 6)), Normaliser());
  const Duplicates before = find_duplicates(cards);
  ASSERT_FALSE(before.groups().empty());
  const std::uint32_t a = before.groups()[0][0];
  const std::uint32_t b = before.groups()[0][1];
  const Duplicates apart = find_duplicates(cards, {}, {.cannot_links = {{a, b}}});
  EXPECT_NE(apart.cluster_of()[a], apart.cluster_of()[b]);
  std::uint32_t single = 0;
  while (std::any_of(before.groups().begin(), before.groups().end(),
                     [&](const auto& group) { return std::find(group.begin(), group.end(), single) != group.end(); }))
    ++single;
  const Duplicates joined = find_duplicates(cards, {}, {.must_links = {{a, single}}});
  EXPECT_EQ(joined.cluster_of()[a], joined.cluster_of()[single]);
  try {
    static_cast<void>(find_duplicates(cards, {}, {.must_links = {{a, single}, {single, b}}, .cannot_links = {{b, a}}}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "cannot_links");
    EXPECT_NE(std::string(error.what()).find(" = " + cards.id(single).to_text() + " = "), std::string::npos)
        << error.what();
  }
}

TEST(Duplicates, KeepTheLabelsOfClustersThatGoOn) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(200, 8)), Normaliser());
  const Duplicates before = find_duplicates(cards);
  ASSERT_GT(before.groups().size(), 2U);
  DedupeKnowledge known;
  known.previous.assign(cards.size(), no_card_cluster);
  const auto& first = before.groups()[0];
  const auto& second = before.groups()[1];
  for (const std::uint32_t card : first) known.previous[card] = 1;
  known.previous[second[0]] = 0;
  const std::string taken = cards.id(before.groups()[2][0]).to_text();
  known.labels = {"old", taken};
  const Duplicates after = find_duplicates(cards, {}, known);
  const auto names = clusters_by_id(after);
  const auto of = [&](std::uint32_t card) { return names.at(cards.id(card).to_text()); };
  EXPECT_EQ(of(first[0]), taken);
  EXPECT_EQ(of(second[1]), "old");
  EXPECT_EQ(of(before.groups()[2][0]), cards.id(before.groups()[2][1]).to_text());  // the first id is a label
  EXPECT_EQ(after.groups(), before.groups());
  known.labels = {"same", "same"};
  EXPECT_THROW(static_cast<void>(find_duplicates(cards, {}, known)), Error);
  known.labels = {"old"};
  EXPECT_THROW(static_cast<void>(find_duplicates(cards, {}, known)), Error);
}

TEST(Duplicates, RefuseEarlierClustersOfMoreCardsBeforeTheSearch) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(50, 8)), Normaliser());
  DedupeKnowledge known;
  known.previous.assign(cards.size() + 1, 0);
  Control control;
  control.progress = [](std::string_view stage, double) { ADD_FAILURE() << stage; };
  try {
    static_cast<void>(find_duplicates(cards, {}, known, control));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "previous");
  }
}

TEST(Duplicates, TellHowFarScoringIs) {
  std::vector<ClientRow> rows;
  for (std::int64_t i = 0; i < 2000; ++i)
    rows.push_back({.client = i, .given_name = "Anna", .city = "City " + std::to_string(i)});
  const PreparedCards cards = prepare_cards(base_of(rows), Normaliser());
  DedupeOptions options;
  options.blocking.rules = {blocking_rule("given_name")};
  options.blocking.max_block = 3000;
  options.blocking.pairs_per_card = 10'000;
  ThreadPool pool(2);
  for (Executor* const executor : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&pool)}) {
    std::vector<double> shares;
    Control control;
    control.executor = executor;
    control.progress = [&, caller = std::this_thread::get_id()](std::string_view stage, double share) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      if (stage == "score") shares.push_back(share);
    };
    static_cast<void>(find_duplicates(cards, options, {}, control));
    EXPECT_GT(shares.size(), executor == nullptr ? 10U : 1U);
    EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
    EXPECT_EQ(std::count(shares.begin(), shares.end(), 1.0), 1);
    EXPECT_EQ(shares.back(), 1);
    // What a host throws there ends the search.
    control.progress = [](std::string_view stage, double share) {
      if (stage == "score" && share < 1) throw std::runtime_error("enough");
    };
    EXPECT_THROW(static_cast<void>(find_duplicates(cards, options, {}, control)), std::runtime_error);
  }
}

TEST(Duplicates, ExpectOfThresholdsWhatAllPairsSay) {
  // Few cards, none of them equal: each pair is compared, and drawn.
  Duplicates found;
  do {
    static unsigned seed = 20;
    found = find_duplicates(base_of(cards_of(30, ++seed)));
  } while (found.pairs() != found.cards().size() * (found.cards().size() - 1) / 2);
  std::vector<double> scores;
  const auto n = static_cast<std::uint32_t>(found.cards().size());
  for (std::uint32_t a = 0; a < n; ++a)
    for (std::uint32_t b = a + 1; b < n; ++b) scores.push_back(found.explain({a, b}).explanation.score);
  ASSERT_EQ(scores.size(), found.pairs());
  ASSERT_LT(found.edges().size(), scores.size());
  const ThresholdTable all(scores, {});
  const std::vector<double> thresholds{-8, -3.25, 0, 4, 1000};
  const std::vector<ThresholdRow> rows = expected_at(found, thresholds);
  ASSERT_EQ(rows.size(), thresholds.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ThresholdRow wanted = all.at(thresholds[i]);
    EXPECT_EQ(rows[i].threshold, thresholds[i]);
    EXPECT_EQ(rows[i].probability, wanted.probability);
    EXPECT_EQ(rows[i].pairs, wanted.pairs);
    EXPECT_NEAR(rows[i].matches, wanted.matches, 1e-9 * wanted.matches);
    EXPECT_NEAR(rows[i].precision, wanted.precision, 1e-9);
    EXPECT_NEAR(rows[i].recall, wanted.recall, 1e-9);
    EXPECT_NEAR(rows[i].f1, wanted.f1, 1e-9);
  }
  const auto where = [&](const std::vector<double>& wrong) {
    try {
      static_cast<void>(expected_at(found, wrong));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where({}), "nothing");
  EXPECT_EQ(where({-8.5}), "thresholds[0]");
  EXPECT_EQ(where({std::nan("")}), "thresholds[0]");
  EXPECT_EQ(where({0, 3, 2}), "thresholds[2]");
  EXPECT_EQ(expected_at(Duplicates(), std::vector<double>{0.0})[0].recall, 1);
}

TEST(Duplicates, ExpectOfThresholdsWhatIsTrue) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(2000, 22)), Normaliser());
  const Duplicates found = find_duplicates(cards);
  const auto client = [&](std::uint32_t card) { return cards.id(card).integer() % 100'000; };
  const Table table = thresholds_table(found);
  ASSERT_GT(table.rows(), 20U);
  const auto column = [&](const char* name) { return table.column(name).to_doubles(); };
  const std::vector<double> thresholds = column("threshold");
  const std::vector<double> counts = column("pairs");
  const std::vector<double> precision = column("precision");
  const std::vector<double> recall = column("recall");
  EXPECT_EQ(std::count(thresholds.begin(), thresholds.end(), found.options().clusters.threshold), 1);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    double pairs = 0;
    double right = 0;
    for (const CardEdge& edge : found.edges()) {
      if (edge.score < thresholds[row]) continue;
      pairs += 1;
      right += client(edge.a) == client(edge.b) ? 1 : 0;
    }
    EXPECT_EQ(counts[row], pairs);
    if (row > 0) {
      EXPECT_EQ(thresholds[row], thresholds[row - 1] - 0.5);
      EXPECT_GE(recall[row], recall[row - 1]);
    }
    EXPECT_NEAR(recall[row], right / 1000, 0.03) << thresholds[row];
    if (thresholds[row] < -2) continue;
    EXPECT_NEAR(precision[row], pairs > 0 ? right / pairs : 1, 0.03) << thresholds[row];
  }
  const auto told = nlohmann::json::parse(duplicates_summary_json(found))["expected"];
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told[1]["threshold"], found.options().clusters.threshold);
  EXPECT_GT(told[1]["precision"], 0.97);
  EXPECT_GT(told[1]["recall"], 0.97);
}

TEST(Duplicates, LearnFromLabelledPairs) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(400, 9)), Normaliser());
  const auto client = [&](std::uint32_t card) { return cards.id(card).integer() % 100'000; };
  std::vector<LabelledPair> labelled;
  const Duplicates first = find_duplicates(cards);
  for (const CardEdge& edge : first.edges()) labelled.push_back({{edge.b, edge.a}, client(edge.a) == client(edge.b)});
  for (std::uint32_t card = 1; card < 200; ++card)
    if (client(0) != client(card)) labelled.push_back({{0, card}, false});
  const LinkTraining training = learn_link_model(cards, labelled);
  EXPECT_EQ(training.status, LinkFit::converged) << training.advice;
  DedupeOptions options;
  options.model = training.model;
  const Duplicates found = find_duplicates(cards, options);
  std::vector<std::uint32_t> truth;
  for (std::uint32_t card = 0; card < cards.size(); ++card) truth.push_back(static_cast<std::uint32_t>(client(card)));
  EXPECT_GT(cluster_metrics(found.cluster_of(), truth).f1, 0.98);
  EXPECT_EQ(found.training(), nullptr);
  // How it went is told where it is given.
  DedupeKnowledge known;
  known.training = learn_link_model(cards, labelled, {}, {.max_iterations = 1});
  EXPECT_EQ(known.training->status, LinkFit::iteration_limit);
  options.model = known.training->model;
  const auto told = nlohmann::json::parse(duplicates_summary_json(find_duplicates(cards, options, known)))["training"];
  EXPECT_EQ(told["status"], "iteration_limit");
  EXPECT_EQ(told["advice"], known.training->advice);
  options.model.reset();
  const Duplicates anew = find_duplicates(cards, options, known);
  EXPECT_NE(anew.training()->status, LinkFit::iteration_limit);
  std::reverse(labelled.begin(), labelled.end());
  EXPECT_TRUE(learn_link_model(cards, labelled).model == training.model);
  const std::vector<LabelledPair> wrong{{{0, 100'000}, true}};
  EXPECT_THROW(static_cast<void>(learn_link_model(cards, wrong)), Error);
}

TEST(Duplicates, KeepAModelForTheNextTime) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(400, 7)), Normaliser());
  const Duplicates learnt = find_duplicates(cards);
  DedupeOptions options;
  options.model = learnt.model();
  const Duplicates again = find_duplicates(cards, options);
  EXPECT_EQ(again.training(), nullptr);
  EXPECT_TRUE(std::equal(learnt.edges().begin(), learnt.edges().end(), again.edges().begin(), again.edges().end()));
  options.comparisons = {comparison(CardField::email), {CardField::phone, ComparisonKind::exact}};
  EXPECT_THROW(static_cast<void>(find_duplicates(cards, options)), Error);
}

TEST(Duplicates, RefuseCardsWithoutAnythingToTellThemBy) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .category = "x"}).add(ClientRow{.client = 2, .category = "x"});
  try {
    static_cast<void>(find_duplicates(builder.build().base));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "clients");
  }
  const Duplicates none = find_duplicates(ClientBase());
  EXPECT_TRUE(none.groups().empty());
}

/// Whoever has no value in common with anybody is nobody's duplicate, also where few cards make even odds likely.
TEST(Duplicates, AreNoCardsWithoutCommonValues) {
  const ClientRow anna{.client = 1, .kind = "person", .name = "Anna Berg", .emails = {"a@b.example"}};
  ClientRow twin = anna;
  twin.client = 2;
  const Duplicates found = find_duplicates(base_of({anna, twin, {.client = 4}, {.client = 5}}));
  ASSERT_EQ(found.groups().size(), 1U);
  EXPECT_EQ(found.groups()[0].size(), 2U);
  const CardIndex index(found);
  BaseBuilder delivered;
  delivered.add(ClientRow{.client = 6});
  delivered.add(ClientRow{.client = 7, .phones = {"+493055501234"}});
  const CardIndex later = index.add(extend(found.cards().base(), delivered.take_tables()).base, {});
  EXPECT_EQ(later.found().groups(), found.groups());
  ClientRow typed{.client = 0, .phones = {"+493055501234"}};
  EXPECT_TRUE(index.search(typed, {.min_score = -1000}).empty());
}

/// With nothing to learn from, equal cards weigh what few pairs would: as two cards beside a stranger do.
TEST(Duplicates, AreFoundAmongVeryFewCards) {
  const ClientRow anna{.client = 1, .kind = "person", .name = "Anna Berg", .emails = {"a@b.example"}};
  ClientRow twin = anna;
  twin.client = 2;
  const Duplicates two = find_duplicates(base_of({anna, twin}));
  EXPECT_EQ(two.groups().size(), 1U);
  ASSERT_NE(two.training(), nullptr);
  EXPECT_EQ(two.training()->status, LinkFit::too_few_pairs);
  const Duplicates three =
      find_duplicates(base_of({anna, twin, {.client = 3, .kind = "person", .name = "Otto Kranz"}}));
  EXPECT_EQ(three.groups(), two.groups());
  twin.emails = {"other@c.example"};
  twin.name = "Otto Kranz";
  const Duplicates unlike = find_duplicates(base_of({anna, twin}));
  EXPECT_TRUE(unlike.groups().empty());
  const Duplicates alone = find_duplicates(base_of({anna}));
  EXPECT_TRUE(alone.groups().empty());
  const Duplicates none = find_duplicates(prepare_cards(ClientBase(), Normaliser()));
  EXPECT_EQ(none.cluster_of().size(), 0U);
  EXPECT_EQ(clusters_table(none).rows(), 0U);
}

TEST(Duplicates, AreFoundAmongVeryFewCardsThatDifferInOneField) {
  ClientRow anna{.client = 7, .given_name = "Anna", .family_name = "Berg"};
  anna.emails = {"anna.berg@mail.example"};
  anna.phones = {"+49 30 5550100"};
  anna.birthday = parse_day("1980-05-03");
  anna.city = "Berlin";
  ClientRow moved = anna;
  moved.client = 8;
  moved.city = "Potsdam";
  ClientRow otto{.client = 9, .given_name = "Otto", .family_name = "Kranz"};
  otto.emails = {"otto@firm.example"};
  otto.phones = {"+49 30 5550155"};
  otto.birthday = parse_day("1966-08-17");
  otto.city = "Bonn";
  const Duplicates two = find_duplicates(base_of({anna, moved}));
  EXPECT_EQ(two.groups().size(), 1U);
  const Duplicates three = find_duplicates(base_of({anna, moved, otto}));
  ASSERT_EQ(three.groups().size(), 1U);
  EXPECT_EQ(three.groups()[0].front(), 0U);
  EXPECT_EQ(three.groups()[0].back(), 1U);
}

TEST(Duplicates, LearnNothingFromCardsWithoutAnyValue) {
  const std::vector<ClientRow> rows{{.client = 1, .category = "x"},
                                    {.client = 2, .category = "x"},
                                    {.client = 3, .kind = "person", .name = "Anna Berg"},
                                    {.client = 4, .kind = "person", .name = "Otto Kranz"}};
  const Duplicates found = find_duplicates(base_of(rows));
  EXPECT_TRUE(found.groups().empty());
  EXPECT_EQ(found.training()->status, LinkFit::too_few_pairs);
}

TEST(Duplicates, RefuseWhatCannotBeAsked) {
  const PreparedCards cards = prepare_cards(base_of(cards_of(20, 10)), Normaliser());
  const PreparedCards lists = prepare_cards(base_of(cards_of(20, 10)), base_of(cards_of(20, 11)), Normaliser());
  const auto where = [](const PreparedCards& of, const DedupeOptions& options, const DedupeKnowledge& known = {}) {
    try {
      static_cast<void>(find_duplicates(of, options, known));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument) << error.what();
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where(cards, {.random_pairs = 999}), "random_pairs");
  EXPECT_EQ(where(cards, {.random_pairs = 100'000'001}), "random_pairs");
  EXPECT_EQ(where(cards, {.training_pairs = 99}), "training_pairs");
  EXPECT_EQ(where(cards, {.training_pairs = 4'000'000'000}), "training_pairs");
  for (const CardSourceRule sources : {CardSourceRule::one_to_one, CardSourceRule::one_to_many}) {
    EXPECT_EQ(where(cards, {.clusters = {.sources = sources}}), "sources");
    EXPECT_EQ(where(lists, {.clusters = {.sources = sources}}), "nothing");
  }
  const auto of_classes = [&](std::vector<LinkClassSpec> classes, bool by_model = false) {
    DedupeOptions options;
    options.classes = std::move(classes);
    if (by_model) options.model = find_duplicates(cards).model();
    return where(cards, options);
  };
  const LinkClassSpec door{"door", {{"phone", 0.5}, {"address", 0.5}}};
  EXPECT_EQ(of_classes({door}), "nothing");
  EXPECT_EQ(of_classes({door, door}), "classes[1].name");
  EXPECT_EQ(of_classes({{"", door.shared}}), "classes[0].name");
  EXPECT_EQ(of_classes({{"\xFF", door.shared}}), "classes[0].name");
  EXPECT_EQ(of_classes({door, {"x", {}}}), "classes[1].shared");
  EXPECT_EQ(of_classes({door, {"x", {{"fax", 0.5}}}}), "classes[1].shared[0].comparison");
  EXPECT_EQ(of_classes({{"x", {{"phone", 0.5}, {"phone", 0.5}}}}), "classes[0].shared[1].comparison");
  EXPECT_EQ(of_classes({{"x", {{"website", 0}}}}), "classes[0].shared[0].chance");
  EXPECT_EQ(of_classes({{"x", {{"website", std::nan("")}}}}, true), "classes[0].shared[0].chance");
  std::vector<LinkClassSpec> many;
  for (std::size_t k = 0; k <= max_link_classes; ++k) many.push_back({std::to_string(k), door.shared});
  EXPECT_EQ(of_classes(many), "classes");
  EXPECT_EQ(where(lists, {}, {.previous = {0}, .labels = {"a"}}), "labels");
  const Duplicates found = find_duplicates(cards);
  EXPECT_THROW(static_cast<void>(pairs_table(found, std::nan(""))), Error);
  EXPECT_EQ(pairs_table(found, std::numeric_limits<double>::infinity()).rows(), 0U);
  EXPECT_EQ(pairs_table(found, -std::numeric_limits<double>::infinity()).rows(), found.edges().size());
}

TEST(Duplicates, OptionsReadBackTheSame) {
  const std::string text = R"({"blocking": {"rules": ["email", "given_name <> family_name"], "max_block": 50},
    "comparisons": [{"field": "email"}, {"field": "city", "tf_weight": 0.5}], "clusters": {"threshold": 3},
    "random_pairs": 5000, "survivorship": {"version": 2, "default": "most_trusted"}})";
  const DedupeOptions options = dedupe_options_from_json(text);
  EXPECT_EQ(options.blocking.rules.size(), 2U);
  EXPECT_EQ(options.comparisons[1].tf_weight, 0.5);
  EXPECT_EQ(options.survivorship.version, 2U);
  EXPECT_EQ(options.survivorship.fields_by_default.rule, SurvivorRule::most_trusted);
  EXPECT_EQ(to_json(dedupe_options_from_json(to_json(options))), to_json(options));
  EXPECT_EQ(nlohmann::json::parse(dedupe_options_schema())["type"], "object");
  const auto where = [](const std::string& json) {
    try {
      static_cast<void>(dedupe_options_from_json(json, "/dedupe"));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where(R"({"blocking": {"rules": ["mail"]}})"), "/dedupe/blocking/rules/0");
  EXPECT_EQ(where(R"({"comparisons": [{"field": "salary"}]})"), "/dedupe/comparisons/0/field");
  EXPECT_EQ(where(R"({"clusters": {"method": "guess"}})"), "/dedupe/clusters/method");
  EXPECT_EQ(where(R"({"survivorship": {"fields": {"city": "best"}}})"), "/dedupe/survivorship/fields/city");
  EXPECT_EQ(where(R"({"threshold": 1})"), "/dedupe/threshold");
  EXPECT_EQ(dedupe_options_from_json("{}").classes, default_link_classes());
  EXPECT_TRUE(dedupe_options_from_json(R"({"classes": []})").classes.empty());
  const std::string door = R"({"classes": [{"name": "door", "shared": {"address": 0.8, "phone": 1}}]})";
  EXPECT_EQ(dedupe_options_from_json(door).classes,
            (std::vector<LinkClassSpec>{{"door", {{"phone", 1}, {"address", 0.8}}}}));
  EXPECT_EQ(to_json(dedupe_options_from_json(to_json(dedupe_options_from_json(door)))),
            to_json(dedupe_options_from_json(door)));
  EXPECT_EQ(where(R"({"classes": [{"name": "x", "shared": {"fax": 1}}]})"), "/dedupe/classes/0/shared/fax");
  EXPECT_EQ(where(R"({"classes": [{"name": "x", "shared": {"phone": 2}}]})"), "/dedupe/classes/0/shared/phone");
  EXPECT_EQ(where(R"({"classes": [{"name": "x", "shared": {}}]})"), "/dedupe/classes/0/shared");
  EXPECT_EQ(where(R"({"classes": [{"name": "", "shared": {"phone": 1}}]})"), "/dedupe/classes/0/name");
  std::string many;
  for (std::size_t k = 0; k <= max_link_classes; ++k)
    many += (k == 0 ? "" : ", ") + (R"({"name": ")" + std::to_string(k) + R"(", "shared": {"phone": 1}})");
  EXPECT_EQ(where(R"({"classes": [)" + many + "]}"), "/dedupe/classes");
  EXPECT_EQ(where(R"({"classes": [{"name": "x", "shared": {"phone": 1}}, {"name": "x", "shared": {"phone": 1}}]})"),
            "/dedupe/classes/1/name");
  EXPECT_EQ(where(R"({"comparisons": [{"field": "city"}, {"field": "city"}]})"), "/dedupe/comparisons/1");
  EXPECT_EQ(where(R"({"comparisons": [{"field": "city", "kind": "email"}]})"), "/dedupe/comparisons/0");
  EXPECT_EQ(where(R"({"comparisons": [{"field": "city", "close": 0.5, "similar": 0.9}]})"), "/dedupe/comparisons/0");
}

}  // namespace
}  // namespace klientela
