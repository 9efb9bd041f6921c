// Cards that come later: the clusters of a full run, whatever is added, changed, removed and linked.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "klientela/dedupe/card_search.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

/// Persons out of few words, so that many are alike, equal or linked in chains.
ClientRow person(std::mt19937& random, std::int64_t id) {
  static const char* const parts[] = {"ka", "lo", "mi", "ner", "to", "vi", "san", "bel"};
  const auto word = [&](std::size_t n) {
    std::string text;
    while (n-- > 0) text += parts[random() % std::size(parts)];
    return text;
  };
  ClientRow row{.client = id};
  row.given_name = word(2);
  row.family_name = word(2);
  if (random() % 3 != 0) row.city = word(1);
  if (random() % 3 != 0) row.birthday = first_day + std::chrono::days(20'000 + random() % 60);
  if (random() % 2 == 0) row.phones = {"+4930" + std::to_string(5'550'000 + random() % 60)};
  if (random() % 4 == 0) row.phones.push_back("+4930" + std::to_string(5'550'000 + random() % 60));
  if (random() % 3 == 0) row.emails = {row.given_name + "@" + word(1) + ".example"};
  return row;
}

ClientBase base_of(const std::map<std::int64_t, ClientRow>& rows) {
  BaseBuilder builder;
  for (const auto& [id, row] : rows) builder.add(row);
  return builder.build().base;
}

/// A model without term frequencies, so that a full run of other cards has the same weights.
LinkModel plain_model(const LinkModel& learnt) {
  std::vector<LinkField> fields = learnt.fields();
  for (LinkField& field : fields) field.tf_weight = 0;
  return {learnt.prior(), fields};
}

using Groups = std::set<std::set<std::string>>;
Groups groups_of(const Duplicates& found) {
  Groups groups;
  for (const auto& group : found.groups()) {
    std::set<std::string> ids;
    for (const std::uint32_t card : group) ids.insert(found.cards().id(card).to_text());
    groups.insert(ids);
  }
  return groups;
}

std::map<std::string, std::string> names_of(const Duplicates& found) {
  const Table table = clusters_table(found);
  std::map<std::string, std::string> names;
  for (std::size_t row = 0; row < table.rows(); ++row)
    names[table.column("id").to_text(row)] = table.column("cluster").to_text(row);
  return names;
}

/// Both found the same in every respect that weights of values do not matter to.
void expect_same(const Duplicates& one, const Duplicates& other) {
  ASSERT_EQ(one.cards().size(), other.cards().size());
  for (std::uint32_t card = 0; card < one.cards().size(); ++card)
    ASSERT_EQ(one.cards().id(card), other.cards().id(card));
  EXPECT_EQ(groups_of(one), groups_of(other));
  EXPECT_TRUE(std::equal(one.representatives().begin(), one.representatives().end(), other.representatives().begin(),
                         other.representatives().end()));
  ASSERT_EQ(one.edges().size(), other.edges().size());
  for (std::size_t i = 0; i < one.edges().size(); ++i) ASSERT_EQ(one.edges()[i], other.edges()[i]) << i;
  EXPECT_EQ(one.clusters().ids, other.clusters().ids);
  EXPECT_EQ(one.clusters().order, other.clusters().order);
  EXPECT_EQ(one.clusters().starts, other.clusters().starts);
  EXPECT_EQ(one.clusters().joins, other.clusters().joins);
  EXPECT_EQ(one.clusters().cuts, other.clusters().cuts);
  EXPECT_EQ(one.clusters().review, other.clusters().review);
  EXPECT_EQ(one.clusters().scored, other.clusters().scored);
  EXPECT_EQ(one.clusters().components, other.clusters().components);
  EXPECT_EQ(one.clusters().largest_component, other.clusters().largest_component);
  EXPECT_EQ(one.clusters().inexact, other.clusters().inexact);
  for (std::size_t f = 0; f < card_field_count; ++f)
    EXPECT_EQ(one.cards().filled(static_cast<CardField>(f)), other.cards().filled(static_cast<CardField>(f)));
}

struct Link {
  std::int64_t a, b;
  bool must;
};

/// What find_duplicates() says of all cards at once.
Duplicates full_run(const ClientBase& base, const DedupeOptions& options, const std::vector<Link>& links) {
  const PreparedCards cards = prepare_cards(base, Normaliser());
  DedupeKnowledge known;
  for (const Link& link : links) {
    const auto a = cards.card_of(link.a);
    const auto b = cards.card_of(link.b);
    if (a && b) (link.must ? known.must_links : known.cannot_links).push_back({*a, *b});
  }
  return find_duplicates(cards, options, known);
}

constexpr double largest_score_of_tests = 100;

void check_random_batches(unsigned seed, CardClusterMethod method, CardSourceRule sources) {
  std::mt19937 random(seed);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 400; ++id) {
    ClientRow row = person(random, 10 * id);
    if (!rows.empty() && random() % 4 == 0) {  // many that are equal
      row = std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size()))->second;
      row.client = 10 * id;
    }
    row.source = random() % 3 == 0 ? "" : std::string(1, static_cast<char>('a' + random() % 3));
    rows.insert_or_assign(10 * id, row);
  }
  ClientBase base = base_of(rows);
  DedupeOptions options;
  options.model = plain_model(find_duplicates(base).model());
  options.discount_shared = false;  // what it is worth is kept, as weights are
  options.clusters.method = method;
  options.clusters.sources = sources;
  if (seed % 2 == 0) {
    options.clusters.review_pairs = 12;  // of more questions than that
    double lowest = largest_score_of_tests;
    const Duplicates found = find_duplicates(base, options);
    for (const CardEdge& edge : found.edges())
      if (edge.score > 0) lowest = std::min(lowest, edge.score);
    options.clusters.threshold = lowest + 1e-6;  // which these edges reach, in the steps in which scores count
  }
  CardIndex index(find_duplicates(base, options));
  std::vector<Link> links;
  ThreadPool pool(3);
  Control control;
  control.executor = &pool;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    BaseBuilder delivered;
    std::set<std::int64_t> now;
    const auto deliver = [&](ClientRow row) {
      if (!now.insert(row.client.integer()).second) return;
      rows.insert_or_assign(row.client.integer(), row);
      delivered.add(row);
    };
    const auto any = [&] { return std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size())); };
    for (int i = 0; i < 8; ++i) {  // new ones, between those that there are
      ClientRow row = random() % 2 == 0 ? person(random, 0) : any()->second;
      row.client = static_cast<std::int64_t>(random() % 4000);
      if (rows.count(row.client.integer()) == 0) deliver(row);
    }
    for (int i = 0; i < 6; ++i) {  // changed ones, some of them only in what nobody compares
      ClientRow row = any()->second;
      if (i % 3 == 0)
        row.category = "c" + std::to_string(round);
      else if (i % 3 == 1)
        row.city = person(random, 0).city;
      else
        row = [&] {
          ClientRow other = any()->second;
          other.client = row.client;
          return other;
        }();
      deliver(row);
    }
    CardChanges changes;
    for (int i = 0; i < 5; ++i) {
      const auto gone = any();
      if (now.count(gone->first) != 0) continue;
      changes.removed.emplace_back(gone->first);
      std::erase_if(links, [&](const Link& link) { return link.a == gone->first || link.b == gone->first; });
      rows.erase(gone);
    }
    if (round % 3 == 1) {
      const std::int64_t a = any()->first;
      const std::int64_t b = any()->first;
      const auto named = [&](std::int64_t id) {
        return std::any_of(links.begin(), links.end(), [&](const Link& link) { return link.a == id || link.b == id; });
      };
      if (a != b && !named(a) && !named(b)) {
        links.push_back({a, b, random() % 2 == 0});
        (links.back().must ? changes.must_links : changes.cannot_links).emplace_back(a, b);
      }
    }
    base = extend(base, delivered.take_tables()).base;
    index = index.add(base, changes, round % 2 == 0 ? control : Control());
    const Duplicates full = full_run(base_of(rows), options, links);
    expect_same(index.found(), full);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(CardUpdate, GivesTheClustersOfAFullRun) {
  for (unsigned seed = 1; seed <= 4; ++seed)
    check_random_batches(seed, CardClusterMethod::average_linkage, CardSourceRule::any);
}
TEST(CardUpdate, GivesThemByOtherMethods) {
  for (const CardClusterMethod method :
       {CardClusterMethod::connected_components, CardClusterMethod::min_cut, CardClusterMethod::correlation,
        CardClusterMethod::star, CardClusterMethod::merge_center})
    check_random_batches(11, method, CardSourceRule::any);
}
TEST(CardUpdate, GivesThemWhereSourcesMatter) {
  check_random_batches(21, CardClusterMethod::average_linkage, CardSourceRule::one_per_source);
}

using Clusters = std::vector<std::vector<std::int64_t>>;  // ids ascending, by the first; single cards too

Clusters clusters_of(const Duplicates& found) {
  std::map<std::uint32_t, std::vector<std::int64_t>> by_number;
  for (std::uint32_t card = 0; card < found.cards().size(); ++card)
    by_number[found.cluster_of()[card]].push_back(found.cards().id(card).integer());
  Clusters clusters;
  for (auto& [number, ids] : by_number) clusters.push_back(std::move(ids));
  std::sort(clusters.begin(), clusters.end());
  return clusters;
}

/// By place of a cluster now that of the earlier one whose name it has: the same cards, else the largest overlaps
/// first.
std::map<std::size_t, std::size_t> inherited(const Clusters& before, const Clusters& now) {
  std::map<std::int64_t, std::size_t> was_in;
  for (std::size_t c = 0; c < before.size(); ++c)
    for (const std::int64_t id : before[c]) was_in[id] = c;
  std::map<std::size_t, std::size_t> goes_on;
  std::set<std::size_t> taken;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> overlaps;
  for (std::size_t c = 0; c < now.size(); ++c) {
    const auto found = was_in.find(now[c].front());
    if (found != was_in.end() && before[found->second] == now[c]) {
      goes_on[c] = found->second;
      taken.insert(found->second);
      continue;
    }
    for (const std::int64_t id : now[c])
      if (was_in.count(id) != 0) ++overlaps[{was_in[id], c}];
  }
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::size_t>> sorted(overlaps.begin(), overlaps.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) { return x.second > y.second; });
  for (const auto& [pair, cards] : sorted)
    if (goes_on.count(pair.second) == 0 && taken.insert(pair.first).second) goes_on[pair.second] = pair.first;
  return goes_on;
}

/// What clusters are called, by id of a card; or their numbers.
std::map<std::string, std::string> called(const Duplicates& found, bool numbers) {
  if (!numbers) return names_of(found);
  std::map<std::string, std::string> numbered;
  for (std::uint32_t card = 0; card < found.cards().size(); ++card)
    numbered[found.cards().id(card).to_text()] = std::to_string(found.cluster_of()[card]);
  return numbered;
}

void check_names(unsigned seed, bool numbers) {
  std::mt19937 random(seed);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 300; ++id) rows.insert_or_assign(10 * id, person(random, 10 * id));
  ClientBase base = base_of(rows);
  DedupeKnowledge known;
  const PreparedCards cards = prepare_cards(base, Normaliser());
  if (numbers)
    for (std::uint32_t card = 0; card < cards.size(); ++card) known.previous.push_back(7 + card / 2);
  CardIndex index(find_duplicates(cards, {}, known));
  std::size_t with_label = 0;
  for (int round = 0; round < 10; ++round) {
    BaseBuilder delivered;
    std::set<std::int64_t> now;
    const auto any = [&] { return std::next(rows.begin(), static_cast<std::ptrdiff_t>(random() % rows.size())); };
    for (int i = 0; i < 20; ++i) {  // the same person once more, or another one under an id that there is
      ClientRow row = any()->second;
      row.client = i % 2 == 0 ? static_cast<std::int64_t>(random() % 3000) : any()->first;
      if (!now.insert(row.client.integer()).second) continue;
      rows.insert_or_assign(row.client.integer(), row);
      delivered.add(row);
    }
    CardChanges changes;
    for (int i = 0; i < 8; ++i) {
      const auto gone = any();
      if (now.count(gone->first) != 0) continue;
      changes.removed.emplace_back(gone->first);
      rows.erase(gone);
    }
    base = extend(base, delivered.take_tables()).base;
    const Clusters before = clusters_of(index.found());
    const std::map<std::string, std::string> named_before = called(index.found(), numbers);
    index = index.add(base, changes);
    const Clusters after = clusters_of(index.found());
    const std::map<std::string, std::string> named = called(index.found(), numbers);
    std::set<std::string> names;
    for (const std::vector<std::int64_t>& cluster : after) {
      for (const std::int64_t id : cluster)
        EXPECT_EQ(named.at(std::to_string(id)), named.at(std::to_string(cluster[0])));
      EXPECT_TRUE(names.insert(named.at(std::to_string(cluster[0]))).second) << "two of one name";
    }
    for (const auto& [c, was] : inherited(before, after)) {
      EXPECT_EQ(named.at(std::to_string(after[c][0])), named_before.at(std::to_string(before[was][0]))) << round;
      with_label += after[c][0] != before[was][0] ? 1 : 0;
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(with_label, 0U);  // names that are not the first card's
}

TEST(CardUpdate, KeepsNamesByTheLargestOverlap) {
  for (unsigned seed = 31; seed <= 33; ++seed) check_names(seed, false);
}
TEST(CardUpdate, KeepsNumbersByTheLargestOverlap) {
  for (unsigned seed = 41; seed <= 43; ++seed) check_names(seed, true);
}

TEST(CardUpdate, SplitsLargeBlocksAsAFullRunDoes) {
  std::mt19937 random(5);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 600; ++id) rows.insert_or_assign(id, person(random, id));
  ClientBase base = base_of(rows);
  DedupeOptions options;
  options.blocking.max_block = 12;
  options.blocking.rules = {blocking_rule("city"), blocking_rule("phone"), blocking_rule("given_name.roots")};
  options.model = plain_model(find_duplicates(base).model());
  options.discount_shared = false;  // what it is worth is kept, as weights are
  const CardIndex index(find_duplicates(base, options));
  BaseBuilder delivered;
  for (std::int64_t id = 600; id < 640; ++id) {
    rows.insert_or_assign(id, person(random, id));
    delivered.add(rows.at(id));
  }
  const CardIndex later = index.add(extend(base, delivered.take_tables()).base);
  const Duplicates full = full_run(base_of(rows), options, {});
  std::map<CardPair, double> scores;
  for (const CardEdge& edge : later.found().edges()) scores[{edge.a, edge.b}] = edge.score;
  // Blocks that the new cards made too large have lost pairs in a full run; those of new cards are all there.
  for (const CardEdge& edge : full.edges()) {
    const auto found = scores.find({edge.a, edge.b});
    ASSERT_NE(found, scores.end());
    EXPECT_EQ(found->second, edge.score);
  }
}

TEST(CardUpdate, SplitsByAKeyThatOnlyLaterCardsHave) {
  std::mt19937 random(8);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 300; ++id) {
    rows.insert_or_assign(2 * id, person(random, 2 * id));
    rows.at(2 * id).birthday.reset();
    rows.at(2 * id).phones.clear();
  }
  ClientBase base = base_of(rows);
  DedupeOptions options;
  options.blocking.max_block = 12;
  options.blocking.rules = {blocking_rule("city"), blocking_rule("given_name.roots")};
  options.model = plain_model(find_duplicates(base).model());
  options.discount_shared = false;
  CardIndex index(find_duplicates(base, options));
  for (std::int64_t round = 0; round < 3; ++round) {  // in the second one they have birthdays, which split first
    BaseBuilder delivered;
    for (std::int64_t i = 0; i < 30; ++i) {
      const std::int64_t id = 20 * i + 2 * round + 1;
      rows.insert_or_assign(id, person(random, id));
      if (round == 0) rows.at(id).birthday.reset();
      if (round < 2) rows.at(id).phones.clear();
      delivered.add(rows.at(id));
    }
    base = extend(base, delivered.take_tables()).base;
    index = index.add(base);
    std::map<CardPair, double> scores;
    for (const CardEdge& edge : index.found().edges()) scores[{edge.a, edge.b}] = edge.score;
    const Duplicates full = full_run(base_of(rows), options, {});
    for (const CardEdge& edge : full.edges()) {
      const auto found = scores.find({edge.a, edge.b});
      ASSERT_NE(found, scores.end()) << round;
      EXPECT_EQ(found->second, edge.score);
    }
  }
}

TEST(CardUpdate, KeepsWhatClustersAreCalled) {
  std::map<std::int64_t, ClientRow> rows;
  const auto card = [](std::int64_t id, const char* given, const char* family, const char* mail) {
    return ClientRow{.client = id, .given_name = given, .family_name = family, .emails = {mail}};
  };
  rows.insert_or_assign(5, card(5, "Anna", "Berg", "anna@berg.example"));
  rows.insert_or_assign(7, card(7, "Anna", "Berg", "anna@berg.example"));
  rows.insert_or_assign(9, card(9, "Otto", "Kranz", "otto@kranz.example"));
  for (std::int64_t id = 20; id < 200; ++id)
    rows.insert_or_assign(id,
                          card(id, ("Given" + std::to_string(id)).c_str(), ("Family" + std::to_string(id * 7)).c_str(),
                               (std::to_string(id) + "@home.example").c_str()));
  ClientBase base = base_of(rows);
  CardIndex index(find_duplicates(base));
  EXPECT_EQ(names_of(index.found()).at("7"), "5");
  BaseBuilder first;
  first.add(card(2, "Anna", "Berg", "anna@berg.example"));  // smaller than the card that the cluster is called after
  base = extend(base, first.take_tables()).base;
  index = index.add(base);
  auto names = names_of(index.found());
  EXPECT_EQ(names.at("2"), "5");
  EXPECT_EQ(names.at("7"), "5");
  EXPECT_EQ(names.at("9"), "9");
  BaseBuilder second;
  second.add(card(5, "Otto", "Kranz", "otto@kranz.example"));  // the card leaves, its cluster goes on
  base = extend(base, second.take_tables()).base;
  index = index.add(base);
  names = names_of(index.found());
  EXPECT_EQ(names.at("2"), "5");
  EXPECT_EQ(names.at("7"), "5");
  EXPECT_EQ(names.at("9"), "9");
  EXPECT_EQ(names.at("5"), "9");
  index = index.add(base, {.removed = {9}});
  names = names_of(index.found());
  EXPECT_EQ(names.at("5"), "9");
  EXPECT_EQ(names.count("9"), 0U);
  EXPECT_EQ(index.found().cards().card_of(9), std::nullopt);
}

TEST(CardUpdate, FindsWhatCameAndForgetsWhatWent) {
  std::mt19937 random(9);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 300; ++id) rows.insert_or_assign(id, person(random, id));
  ClientBase base = base_of(rows);
  const CardIndex before(find_duplicates(base));
  const ClientRow stranger{.client = 1000,
                           .given_name = "Xaver",
                           .family_name = "Quitzow",
                           .emails = {"xaver.quitzow@mail.example"},
                           .phones = {"+49 30 9990001"}};
  EXPECT_TRUE(before.search(stranger).empty());
  BaseBuilder delivered;
  delivered.add(stranger);
  base = extend(base, delivered.take_tables()).base;
  const CardIndex after = before.add(base);
  const auto matches = after.search(stranger);
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(after.found().cards().id(matches[0].card), ClientId(1000));
  EXPECT_TRUE(before.search(stranger).empty());
  const auto recall = [](const CardIndex& index) {
    return expected_at(index.found(), std::vector<double>{index.found().options().clusters.threshold})[0].recall;
  };
  EXPECT_NEAR(recall(after), recall(before), 0.02);
  EXPECT_TRUE(after.add(base, {.removed = {1000}}).search(stranger).empty());
}

TEST(CardUpdate, ForgetsForGoodAlsoWhereNobodyIsLeft) {
  std::mt19937 random(9);
  std::map<std::int64_t, ClientRow> rows;
  CardChanges all;
  for (std::int64_t id = 0; id < 50; ++id) {
    rows.insert_or_assign(id, person(random, id));
    all.removed.emplace_back(id);
  }
  ClientBase base = base_of(rows);
  const CardIndex empty = CardIndex(find_duplicates(base)).add(base, all);
  ASSERT_EQ(empty.found().cards().size(), 0U);
  EXPECT_EQ(empty.add(base).found().cards().size(), 0U);
  BaseBuilder delivered;
  for (const std::int64_t id : {7, 60, 61}) delivered.add(person(random, id));
  base = extend(base, delivered.take_tables()).base;
  const PreparedCards cards = empty.add(base).found().cards();
  ASSERT_EQ(cards.size(), 3U);
  EXPECT_EQ(cards.id(0), ClientId(7));
  EXPECT_EQ(cards.id(2), ClientId(61));
}

TEST(CardUpdate, CannotDoWhatMakesNoSense) {
  std::mt19937 random(9);
  std::map<std::int64_t, ClientRow> rows;
  for (std::int64_t id = 0; id < 50; ++id) rows.insert_or_assign(id, person(random, id));
  const ClientBase base = base_of(rows);
  const CardIndex index(find_duplicates(base));
  const auto where = [&](const ClientBase& with, const CardChanges& changes) {
    try {
      static_cast<void>(index.add(with, changes));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where(base_of(rows), {}), "base");
  EXPECT_EQ(where(base, {.removed = {77}}), "removed");
  EXPECT_EQ(where(base, {.must_links = {{1, 77}}}), "must_links");
  EXPECT_EQ(where(base, {.must_links = {{1, 1}}}), "must_links");
  EXPECT_EQ(where(base, {.removed = {1}, .cannot_links = {{1, 2}}}), "cannot_links");
  EXPECT_EQ(where(base, {.must_links = {{1, 2}}, .cannot_links = {{2, 1}}}), "cannot_links");
  EXPECT_EQ(where(base, {}), "nothing");
  EXPECT_EQ(CardIndex().add(base).found().cards().size(), 50U);
}

TEST(CardUpdate, StaysBoundedWhereAllCardsAreAlike) {
  BaseBuilder builder;
  for (std::int64_t i = 0; i < 20'000; ++i)
    builder.add(ClientRow{.client = i, .name = "Romashka Ltd", .emails = {"info@romashka.example"}});
  for (std::int64_t i = 0; i < 50; ++i)
    builder.add(ClientRow{.client = 100'000 + i,
                          .name = "Adler" + std::to_string(i * i),
                          .emails = {"a" + std::to_string(i) + "@x.example"}});
  ClientBase base = builder.build().base;
  const PreparedCards cards = prepare_cards(base, Normaliser());
  const Duplicates found = find_duplicates(cards, {}, {.must_links = {{3, 19'990}}});
  EXPECT_LT(found.pairs(), 1'000'000U);
  ASSERT_FALSE(found.groups().empty());
  EXPECT_EQ(found.groups()[0].size(), 20'000U);
  const CardIndex index(found);
  BaseBuilder delivered;
  for (std::int64_t i = 0; i < 100; ++i)
    delivered.add(ClientRow{.client = 50'000 + i, .name = "Romashka Ltd", .emails = {"info@romashka.example"}});
  base = extend(base, delivered.take_tables()).base;
  const CardIndex later = index.add(base);
  EXPECT_LT(later.found().pairs() - found.pairs(), 200'000U);
  EXPECT_EQ(later.found().groups()[0].size(), 20'100U);
}

}  // namespace
}  // namespace klientela
