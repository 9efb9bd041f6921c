// Clusters of cards: every method by hand and beside a plain implementation, limits, order, threads and hostile input.
#include "klientela/dedupe/card_clusters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <set>

#include "dedupe/card_clusters_component.hpp"
#include "dedupe/card_clusters_solved.hpp"
#include "klientela/dedupe/card_clusters_json.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Method = CardClusterMethod;
using Sources = CardSourceRule;
using Ids = std::vector<std::uint32_t>;

constexpr Method methods[] = {
    Method::connected_components, Method::average_linkage, Method::min_cut, Method::correlation, Method::star,
    Method::merge_center};

struct Case {
  std::uint32_t cards{0};
  std::vector<CardEdge> edges{};
  std::vector<CardPair> must{};
  std::vector<CardPair> cannot{};
  Ids sources{};
  Ids previous{};
  CardPairScorer scorer{};

  [[nodiscard]] CardClusterInput input() const {
    return {.cards = cards,
            .edges = edges,
            .must_links = must,
            .cannot_links = cannot,
            .sources = sources,
            .previous = previous,
            .scorer = scorer};
  }
};

CardClusters cluster(const Case& c, const CardClusterOptions& options = {}, const Control& control = {}) {
  return cluster_cards(c.input(), options, control);
}
CardClusters cluster(const Case& c, Method method) { return cluster(c, CardClusterOptions{.method = method}); }

std::string where_of(const Case& c, const CardClusterOptions& options = {}) {
  try {
    (void)cluster(c, options);
  } catch (const Error& error) {
    return std::string(name(error.code())) + " " + error.where();
  }
  return "no error";
}

bool same(const CardClusters& x, const CardClusters& y) {
  return x.ids == y.ids && x.order == y.order && x.starts == y.starts && x.joins == y.joins && x.cuts == y.cuts &&
         x.review == y.review && x.scored == y.scored && x.components == y.components &&
         x.largest_component == y.largest_component && x.inexact == y.inexact;
}

/// Each card's smallest companion.
Ids by_smallest(const Ids& labels) {
  std::map<std::uint32_t, std::uint32_t> first;
  Ids result;
  for (std::uint32_t i = 0; i < labels.size(); ++i) result.push_back(first.try_emplace(labels[i], i).first->second);
  return result;
}

/// n cards, each pair an edge with the chance `density`; scores are multiples of 1/8, so ties are common.
Case random_case(std::mt19937_64& random, std::size_t cards, double density, double mean = 0.5) {
  const auto n = static_cast<std::uint32_t>(cards);
  Case c{.cards = n};
  std::bernoulli_distribution there(density);
  std::normal_distribution<double> score(mean, 4);
  for (std::uint32_t a = 0; a < n; ++a)
    for (std::uint32_t b = a + 1; b < n; ++b)
      if (there(random)) c.edges.push_back({a, b, std::round(score(random) * 8) / 8});
  return c;
}

/// What every result must be, whatever the method.
void expect_sound(const Case& c, const CardClusterOptions& options, const CardClusters& r) {
  ASSERT_EQ(r.ids.size(), c.cards);
  ASSERT_EQ(r.order.size(), c.cards);
  ASSERT_EQ(r.joins.size(), c.cards - r.size());
  Ids cluster_of(c.cards);
  for (std::uint32_t k = 0; k < r.size(); ++k) {
    const auto cards = r.cards(k);
    ASSERT_FALSE(cards.empty());
    ASSERT_TRUE(std::is_sorted(cards.begin(), cards.end()));
    if (k > 0) {
      ASSERT_LT(r.cards(k - 1)[0], cards[0]);
    }
    for (const std::uint32_t card : cards) {
      cluster_of[card] = k;
      ASSERT_EQ(r.ids[card], r.ids[cards[0]]);
    }
    // The joins make one tree of the cluster, and say the sizes of both sides at that time.
    std::map<std::uint32_t, std::set<std::uint32_t>> sides;
    std::map<std::uint32_t, std::uint32_t> side_of;
    for (const std::uint32_t card : cards) {
      sides[card] = {card};
      side_of[card] = card;
    }
    for (const CardJoin& join : r.joins_of(k)) {
      ASSERT_LT(join.a, join.b);
      const std::uint32_t a = side_of.at(join.a), b = side_of.at(join.b);
      ASSERT_NE(a, b);
      ASSERT_EQ(join.cards_a, sides[a].size());
      ASSERT_EQ(join.cards_b, sides[b].size());
      if (join.reason != CardJoinReason::must_link) {
        ASSERT_GE(join.score, options.threshold);
        ASSERT_GE(join.scored, 1U);
        ASSERT_LE(join.scored, std::uint64_t{join.cards_a} * join.cards_b);
      }
      for (const std::uint32_t card : sides[b]) side_of[card] = a;
      sides[a].merge(sides[b]);
    }
  }
  for (const CardPair& pair : c.must) ASSERT_EQ(r.ids[pair.a], r.ids[pair.b]);
  for (const CardPair& pair : c.cannot) ASSERT_NE(r.ids[pair.a], r.ids[pair.b]);
  // One cut for each two clusters that an edge speaks for, and no other.
  std::set<std::pair<std::uint32_t, std::uint32_t>> expected, found;
  std::vector<CardEdge> edges = c.edges;
  edges.insert(edges.end(), r.scored.begin(), r.scored.end());
  for (const CardEdge& edge : edges)
    if (edge.score >= options.threshold && cluster_of[edge.a] != cluster_of[edge.b])
      expected.insert(std::minmax(cluster_of[edge.a], cluster_of[edge.b]));
  for (const CardCut& cut : r.cuts) {
    found.insert(std::minmax(cluster_of[cut.a], cluster_of[cut.b]));
    ASSERT_GE(cut.score, options.threshold);
    ASSERT_EQ(cut.cards_a, r.cards(cluster_of[cut.a]).size());
    ASSERT_EQ(cut.cards_b, r.cards(cluster_of[cut.b]).size());
    if (cut.reason == CardCutReason::cannot_link) {
      ASSERT_TRUE(std::count(c.cannot.begin(), c.cannot.end(), cut.apart) > 0 ||
                  std::count(c.cannot.begin(), c.cannot.end(), CardPair{cut.apart.b, cut.apart.a}) > 0);
    } else if (cut.reason == CardCutReason::same_source) {
      ASSERT_EQ(c.sources.at(cut.apart.a), c.sources.at(cut.apart.b));
    } else if (cut.reason == CardCutReason::average) {
      ASSERT_LT(cut.average, options.threshold);
    }
  }
  ASSERT_EQ(found.size(), r.cuts.size());
  ASSERT_EQ(found, expected);
}

using Scores = std::map<CardPair, double>;

Scores scores_of(const Case& c) {
  Scores scores;
  for (const CardEdge& edge : c.edges) scores[{std::min(edge.a, edge.b), std::max(edge.a, edge.b)}] = edge.score;
  return scores;
}

/// Average linkage as written down: of all pairs of clusters the best, until none reaches the threshold.
Ids plain_average_linkage(const Case& c, const CardClusterOptions& options) {
  struct Group {
    std::uint32_t leader;
    std::vector<std::uint32_t> cards;
  };
  Scores scores = scores_of(c);
  std::vector<Group> groups;
  for (std::uint32_t i = 0; i < c.cards; ++i) groups.push_back({i, {i}});
  const auto merge = [&](std::size_t x, std::size_t y) {
    if (groups[y].cards.size() > groups[x].cards.size() ||
        (groups[y].cards.size() == groups[x].cards.size() && groups[y].leader < groups[x].leader))
      std::swap(x, y);
    groups[x].cards.insert(groups[x].cards.end(), groups[y].cards.begin(), groups[y].cards.end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(y));
  };
  const auto holds = [&](std::size_t g, std::uint32_t card) {
    return std::count(groups[g].cards.begin(), groups[g].cards.end(), card) > 0;
  };
  for (const CardPair& pair : c.must) {
    std::size_t x = 0, y = 0;
    while (!holds(x, pair.a)) ++x;
    while (!holds(y, pair.b)) ++y;
    if (x == y) continue;
    const std::uint32_t leader = std::min(groups[x].leader, groups[y].leader);
    merge(x, y);
    for (Group& group : groups)
      if (std::count(group.cards.begin(), group.cards.end(), pair.a) > 0) group.leader = leader;
  }
  const auto mean = [&](const Group& x, const Group& y) {
    double sum = 0;
    std::size_t scored = 0;
    for (const std::uint32_t a : x.cards)
      for (const std::uint32_t b : y.cards)
        if (const auto found = scores.find({std::min(a, b), std::max(a, b)}); found != scores.end()) {
          sum += found->second;
          ++scored;
        }
    if (c.scorer) return scored == 0 ? -1e9 : sum / static_cast<double>(scored);
    const std::size_t pairs = x.cards.size() * y.cards.size();
    return (sum + options.unscored * static_cast<double>(pairs - scored)) / static_cast<double>(pairs);
  };
  const auto apart = [&](std::size_t x, std::size_t y) {
    for (const CardPair& pair : c.cannot)
      if ((holds(x, pair.a) && holds(y, pair.b)) || (holds(x, pair.b) && holds(y, pair.a))) return true;
    if (options.sources == Sources::one_per_source)
      for (const std::uint32_t a : groups[x].cards)
        for (const std::uint32_t b : groups[y].cards)
          if (c.sources[a] == c.sources[b]) return true;
    return false;
  };
  for (;;) {
    double best = options.threshold;
    std::size_t best_x = 0, best_y = 0;
    for (std::size_t x = 0; x < groups.size(); ++x)
      for (std::size_t y = 0; y < groups.size(); ++y) {
        if (groups[x].leader >= groups[y].leader) continue;
        const double value = mean(groups[x], groups[y]);
        if (value < best || apart(x, y)) continue;
        const bool first =
            best_x == best_y || value > best ||
            std::pair(groups[x].leader, groups[y].leader) < std::pair(groups[best_x].leader, groups[best_y].leader);
        if (!first) continue;
        best = value;
        best_x = x;
        best_y = y;
      }
    if (best_x == best_y) break;
    if (c.scorer) {
      for (const std::uint32_t a : groups[best_x].cards)
        for (const std::uint32_t b : groups[best_y].cards) {
          const CardPair pair{std::min(a, b), std::max(a, b)};
          if (scores.count(pair) == 0) scores[pair] = c.scorer(pair.a, pair.b);
        }
      if (mean(groups[best_x], groups[best_y]) < best) continue;
    }
    merge(best_x, best_y);
  }
  Ids labels(c.cards);
  for (std::uint32_t g = 0; g < groups.size(); ++g)
    for (const std::uint32_t card : groups[g].cards) labels[card] = g;
  return by_smallest(labels);
}

/// Sum over all pairs in one cluster of what they count above the threshold.
double objective(const Case& c, const CardClusterOptions& options, const Ids& ids) {
  const Scores scores = scores_of(c);
  double sum = 0;
  for (std::uint32_t a = 0; a < c.cards; ++a)
    for (std::uint32_t b = a + 1; b < c.cards; ++b) {
      if (ids[a] != ids[b]) continue;
      const auto found = scores.find({a, b});
      sum += (found == scores.end() ? options.unscored : found->second) - options.threshold;
    }
  return sum;
}

/// Calls visit(labels) for every partition of n cards.
template <class Visit>
void all_partitions(std::uint32_t n, Ids& labels, std::uint32_t used, const Visit& visit) {
  if (labels.size() == n) return visit(labels);
  for (std::uint32_t label = 0; label <= used; ++label) {
    labels.push_back(label);
    all_partitions(n, labels, std::max(used, label + 1), visit);
    labels.pop_back();
  }
}

// A chain: the ends are surely two clients. Connected components make one of them.
Case chain() { return {.cards = 3, .edges = {{0, 1, 6}, {1, 2, 5}, {0, 2, -20}}}; }

TEST(CardClusters, ChainsAreCutWhereComponentsJoinThem) {
  EXPECT_THAT(cluster(chain(), Method::connected_components).ids, ElementsAre(0, 0, 0));
  for (const Method method : {Method::average_linkage, Method::correlation}) {
    const CardClusters result = cluster(chain(), method);
    EXPECT_THAT(result.ids, ElementsAre(0, 0, 2));
    ASSERT_EQ(result.joins.size(), 1U);
    EXPECT_EQ(result.joins[0],
              (CardJoin{.reason = CardJoinReason::edge, .a = 0, .b = 1, .score = 6, .average = 6, .scored = 1}));
    ASSERT_EQ(result.cuts.size(), 1U);
    EXPECT_EQ(result.cuts[0].reason, method == Method::correlation ? CardCutReason::total : CardCutReason::average);
    EXPECT_EQ(result.cuts[0].score, 5);
    EXPECT_EQ(result.cuts[0].average, -7.5);
    EXPECT_EQ(result.cuts[0].scored, 2U);
    EXPECT_EQ(result.components, 1U);
    EXPECT_EQ(result.largest_component, 3U);
  }
}

TEST(CardClusters, PairsNobodyScoredSpeakAgainst) {
  Case c{.cards = 3, .edges = {{0, 1, 6}, {1, 2, 3}}};
  EXPECT_THAT(cluster(c).ids, ElementsAre(0, 0, 2));  // (3 - 4) / 2 < 0
  c.edges[1].score = 4;
  EXPECT_THAT(cluster(c).ids, ElementsAre(0, 0, 0));  // (4 - 4) / 2 reaches 0
  EXPECT_THAT(cluster(c, CardClusterOptions{.unscored = -4.5}).ids, ElementsAre(0, 0, 2));
}

TEST(CardClusters, TheScorerIsAskedForWhatIsMissing) {
  Case c{.cards = 3, .edges = {{0, 1, 6}, {1, 2, 3}}};
  c.scorer = [](std::uint32_t a, std::uint32_t b) {
    EXPECT_LT(a, b);
    return 2.0;
  };
  const CardClusters result = cluster(c);
  EXPECT_THAT(result.ids, ElementsAre(0, 0, 0));
  EXPECT_THAT(result.scored, ElementsAre(CardEdge{0, 2, 2}));
  ASSERT_EQ(result.joins.size(), 2U);
  EXPECT_EQ(result.joins[1].reason, CardJoinReason::average);
  EXPECT_EQ(result.joins[1].average, 2.5);
  c.scorer = [](std::uint32_t, std::uint32_t) { return -9.0; };
  EXPECT_THAT(cluster(c).ids, ElementsAre(0, 0, 2));
  EXPECT_THAT(cluster(c, Method::correlation).ids, ElementsAre(0, 0, 2));
  EXPECT_THAT(cluster(c, CardClusterOptions{.scored_per_card = 0}).scored, IsEmpty());
  c.scorer = [](std::uint32_t, std::uint32_t) { return std::nan(""); };
  EXPECT_EQ(where_of(c), "invalid_argument scorer");
}

TEST(CardClusters, MinCutPartsDenseGroupsThatOneEdgeJoins) {
  Case c{.cards = 8};
  for (std::uint32_t base : {0U, 4U})
    for (std::uint32_t a = 0; a < 4; ++a)
      for (std::uint32_t b = a + 1; b < 4; ++b) c.edges.push_back({base + a, base + b, 5});
  c.edges.push_back({3, 4, 9});
  const CardClusters result = cluster(c, CardClusterOptions{.method = Method::min_cut, .density = 0.6});
  EXPECT_THAT(result.ids, ElementsAre(0, 0, 0, 0, 4, 4, 4, 4));
  ASSERT_EQ(result.cuts.size(), 1U);
  EXPECT_EQ(result.cuts[0].reason, CardCutReason::minimum_cut);
  EXPECT_EQ(result.cuts[0].a, 3U);
  EXPECT_EQ(result.cuts[0].b, 4U);
  // 13 of 28 pairs: dense enough for 0.4
  EXPECT_EQ(cluster(c, CardClusterOptions{.method = Method::min_cut, .density = 0.4}).size(), 1U);
}

TEST(CardClusters, StarTakesCentresByDegree) {
  // 1 is the centre of 0, 2, 3; then 4 that of 5, and 6 is left. 3 is nearer to 4 than to 1.
  Case c{.cards = 7, .edges = {{0, 1, 2}, {1, 2, 2}, {1, 3, 2}, {3, 4, 9}, {4, 5, 3}, {5, 6, 3}}};
  const CardClusters result = cluster(c, Method::star);
  EXPECT_THAT(result.ids, ElementsAre(0, 0, 0, 3, 3, 3, 6));
  EXPECT_EQ(result.cuts.at(0).reason, CardCutReason::centre);
  // Now 5 has more edges than 4.
  c.edges.push_back({3, 5, 4});
  c.edges.push_back({1, 6, -3});
  EXPECT_THAT(cluster(c, Method::star).ids, ElementsAre(0, 0, 0, 3, 3, 3, 3));
}

TEST(CardClusters, MergeCenterJoinsByCentresOnly) {
  // Strongest first: (1, 2): 1 has more edges and is the centre. (2, 3): 2 is none, so 3 stays; (3, 4) begins another
  // one around 3, and (0, 1) joins 0.
  Case c{.cards = 5, .edges = {{1, 2, 9}, {2, 3, 8}, {3, 4, 7}, {0, 1, 6}, {1, 4, -2}}};
  EXPECT_THAT(cluster(c, Method::merge_center).ids, ElementsAre(0, 0, 0, 3, 3));
  // A card of the one that is like the other's centre joins both.
  c.edges.push_back({1, 3, 1});
  c.edges.push_back({0, 3, 0.5});
  EXPECT_THAT(cluster(c, Method::merge_center).ids, ElementsAre(0, 0, 0, 0, 0));
}

TEST(CardClusters, LinksThatSomebodySaidComeFirst) {
  for (const Method method : methods) {
    Case c{.cards = 6, .edges = {{0, 1, 8}, {1, 2, 7}, {0, 2, 7}, {3, 4, -9}, {2, 5, 3}}};
    c.must = {{4, 3}, {3, 4}};
    c.cannot = {{2, 0}};
    const CardClusters result = cluster(c, method);
    SCOPED_TRACE(static_cast<int>(method));
    EXPECT_EQ(result.ids[3], result.ids[4]);
    EXPECT_NE(result.ids[0], result.ids[2]);
    EXPECT_EQ(result.ids[0], result.ids[1]);
    expect_sound(c, {.method = method}, result);
    ASSERT_FALSE(result.cuts.empty());
    EXPECT_EQ(result.cuts[0].reason, CardCutReason::cannot_link);
    EXPECT_EQ(result.cuts[0].apart, (CardPair{0, 2}));
    const auto joins = result.joins_of(result.size() - (result.ids[5] == 5 ? 2 : 1));
    EXPECT_EQ(joins[0].reason, CardJoinReason::must_link);
  }
}

TEST(CardClusters, ContradictionsNameTheChain) {
  Case c{.cards = 9};
  c.must = {{3, 5}, {9 - 1, 5}, {8, 1}, {3, 2}, {2, 7}, {7, 1}, {0, 4}};
  c.cannot = {{0, 1}, {1, 3}};
  try {
    (void)cluster(c);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "cannot_links");
    EXPECT_THAT(error.what(), HasSubstr("cards 1 and 3"));
    EXPECT_THAT(error.what(), ::testing::AnyOf(HasSubstr("1 - 8 - 5 - 3"), HasSubstr("1 - 7 - 2 - 3")));
  }
  const auto found = find_contradiction(9, c.must, c.cannot);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->cannot_link, (CardPair{1, 3}));
  EXPECT_EQ(found->chain.size(), 4U);
  c.cannot.pop_back();
  EXPECT_FALSE(find_contradiction(9, c.must, c.cannot));
  EXPECT_EQ(cluster(c).size(), 3U);  // {0, 4}, {1, 2, 3, 5, 7, 8}, {6}
}

TEST(CardClusters, OneCardPerSource) {
  Case c{.cards = 4, .edges = {{0, 1, 5}, {0, 2, 4}, {1, 2, 4}, {2, 3, 4}}, .sources = {7, 8, 7, 9}};
  for (const Method method : methods) {
    SCOPED_TRACE(static_cast<int>(method));
    const CardClusterOptions options{.method = method, .sources = Sources::one_per_source};
    const CardClusters result = cluster(c, options);
    expect_sound(c, options, result);
    EXPECT_NE(result.ids[0], result.ids[2]);
    EXPECT_EQ(result.cuts.at(0).reason, CardCutReason::same_source);
    EXPECT_EQ(result.cuts.at(0).apart, (CardPair{0, 2}));
  }
}

TEST(CardClusters, TheBestPairsOfTwoListsTogether) {
  // Greedy takes 9 and leaves 1; the best together are 8 + 8.
  Case c{.cards = 4, .edges = {{0, 2, 9}, {0, 3, 8}, {1, 2, 8}, {1, 3, 1}, {0, 1, 9}}, .sources = {0, 0, 1, 1}};
  CardClusterOptions options{.sources = Sources::one_to_one};
  CardClusters result = cluster(c, options);
  EXPECT_THAT(result.ids, ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(result.joins.at(0).reason, CardJoinReason::assigned);
  ASSERT_EQ(result.cuts.size(), 1U);  // one row for both clusters: the strongest is 0 with 1, of one list
  EXPECT_EQ(result.cuts[0].reason, CardCutReason::same_source);
  EXPECT_EQ(result.inexact, 0U);
  options.max_work = 1;
  result = cluster(c, options);
  EXPECT_THAT(result.ids, ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(result.inexact, 1U);
  options.sources = Sources::one_to_many;
  EXPECT_THAT(cluster(c, options).ids, ElementsAre(0, 1, 0, 0));
  c.cannot = {{0, 2}};
  EXPECT_THAT(cluster(c, options).ids, ElementsAre(0, 1, 1, 0));
}

TEST(CardClusters, IdsAreInheritedByTheLargestOverlap) {
  Case c{.cards = 7, .edges = {{0, 1, 5}, {2, 3, 5}, {3, 4, 5}, {2, 4, 5}}};
  EXPECT_THAT(cluster(c).ids, ElementsAre(0, 0, 2, 2, 2, 5, 6));
  c.previous = {40, 40, 40, 30, 30, no_card_cluster, 30};
  // {2, 3, 4} shares two cards with 30, {0, 1} two with 40; 6 had 30 too, and 5 is new.
  EXPECT_THAT(cluster(c).ids, ElementsAre(40, 40, 30, 30, 30, 41, 42));
  c.previous = {8, 9};  // equal overlaps: the smaller id
  EXPECT_THAT(cluster(c).ids, ElementsAre(8, 8, 10, 10, 10, 11, 12));
  CardClusterInput input = c.input();
  input.next_id = 100;
  EXPECT_THAT(cluster_cards(input).ids, ElementsAre(8, 8, 100, 100, 100, 101, 102));
  c.previous = {no_card_cluster - 1};
  EXPECT_EQ(where_of(c), "overflow next_id");
}

TEST(CardClusters, ReviewListsWhatWouldChangeMost) {
  // Two triples with an uncertain edge between them, and an uncertain pair.
  Case c{.cards = 8};
  for (std::uint32_t base : {0U, 3U})
    for (std::uint32_t a = 0; a < 3; ++a)
      for (std::uint32_t b = a + 1; b < 3; ++b) c.edges.push_back({base + a, base + b, 9});
  c.edges.push_back({0, 3, -1});
  c.edges.push_back({6, 7, 1});
  CardClusters result = cluster(c);
  // The pairs of the triples are sure: no answer about them would change anything.
  ASSERT_EQ(result.review.size(), 2U);
  EXPECT_EQ(result.review[0].a, 0U);
  EXPECT_EQ(result.review[0].b, 3U);
  EXPECT_FALSE(result.review[0].together);
  EXPECT_EQ(result.review[0].changed, 9U);
  EXPECT_EQ(result.review[0].score, -1);
  EXPECT_DOUBLE_EQ(result.review[0].average, (-1 + 8 * -4) / 9.0);
  EXPECT_DOUBLE_EQ(result.review[0].probability, 1 / (1 + std::exp2(33 / 9.0)));
  EXPECT_EQ(result.review[1].a, 6U);
  EXPECT_TRUE(result.review[1].together);
  EXPECT_EQ(result.review[1].changed, 1U);
  EXPECT_DOUBLE_EQ(result.review[1].expected_change, 2.0 / 9);
  // 0 and 1 were joined first; 2 came to both of them: one question, shown by one pair.
  std::map<CardPair, std::uint64_t> changed;
  for (const CardReview& review : cluster(c, CardClusterOptions{.review_change = 0}).review)
    changed[{review.a, review.b}] = review.changed;
  EXPECT_EQ(changed.size(), 6U);
  EXPECT_EQ((changed[{0, 1}]), 1U);
  EXPECT_EQ((changed[{0, 2}]), 2U);
  EXPECT_EQ(changed.count({1, 2}), 0U);
  c.cannot = {{1, 4}};  // answers for the two triples
  EXPECT_EQ(cluster(c).review[0].a, 6U);
  c.must = {{6, 7}};
  EXPECT_THAT(cluster(c).review, IsEmpty());
  EXPECT_EQ(cluster(c, CardClusterOptions{.review_pairs = 2, .review_change = 0}).review.size(), 2U);
  EXPECT_THAT(cluster(c, CardClusterOptions{.review_pairs = 0}).review, IsEmpty());
}

TEST(CardClusters, TheReviewListAsksByTheSidesNotByTheirOddestPair) {
  // 2 is one with 0 and 1 on the whole, though not by its pair with 1; between two pairs of cards a single likeness is
  // outweighed.
  Case c{.cards = 7};
  c.edges = {{0, 1, 12}, {0, 2, 14}, {1, 2, -1}, {3, 4, 12}, {5, 6, 12}, {3, 5, 2}, {3, 6, -6}, {4, 5, -6}, {4, 6, -2}};
  const CardClusters result = cluster(c);
  ASSERT_EQ(result.review.size(), 2U);
  EXPECT_EQ((CardPair{result.review[0].a, result.review[0].b}), (CardPair{3, 5}));
  EXPECT_FALSE(result.review[0].together);
  EXPECT_DOUBLE_EQ(result.review[0].average, -3);
  EXPECT_DOUBLE_EQ(result.review[0].expected_change, 4 * 8 / 81.0);
  EXPECT_EQ((CardPair{result.review[1].a, result.review[1].b}), (CardPair{1, 2}));
  EXPECT_TRUE(result.review[1].together);
  EXPECT_EQ(result.review[1].average, 5.5);
}

TEST(CardClusters, TheReviewListHasTheBestOfMany) {
  std::mt19937_64 random(5);
  Case c = random_case(random, 500, 0.9, -9);  // more than one block of edges
  const CardClusters all = cluster(c, CardClusterOptions{.review_pairs = 1'000'000, .review_change = 0});
  const CardClusters few = cluster(c, CardClusterOptions{.review_pairs = 300, .review_change = 0});
  const CardClusters sure = cluster(c);
  ASSERT_GT(all.review.size(), 10'000U);
  ASSERT_EQ(few.review.size(), 300U);
  EXPECT_TRUE(std::equal(few.review.begin(), few.review.end(), all.review.begin()));
  for (const CardReview& review : sure.review) EXPECT_GE(review.expected_change, 0.01);
}

TEST(CardClusters, ComponentsAreThoseOfUnionFind) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Case c = random_case(random, 1 + random() % 60, 0.03);
    const CardClusterOptions options{
        .method = Method::connected_components, .threshold = static_cast<double>(random() % 5) - 2, .unscored = -9};
    Ids expected(c.cards);
    std::iota(expected.begin(), expected.end(), 0U);
    for (bool changed = true; changed;) {
      changed = false;
      for (const CardEdge& edge : c.edges) {
        const std::uint32_t low = std::min(expected[edge.a], expected[edge.b]);
        if (edge.score < options.threshold || expected[edge.a] == expected[edge.b]) continue;
        expected[edge.a] = expected[edge.b] = low;
        changed = true;
      }
    }
    const CardClusters result = cluster(c, options);
    ASSERT_EQ(result.ids, expected);
    ASSERT_EQ(result.components, result.size());
    ASSERT_THAT(result.cuts, IsEmpty());
    expect_sound(c, options, result);
  }
}

TEST(CardClusters, AverageLinkageIsThePlainOne) {
  std::mt19937_64 random(2);
  std::size_t cut = 0;
  for (int trial = 0; trial < 600; ++trial) {
    Case c = random_case(random, 2 + random() % 22, 0.1 + 0.1 * static_cast<double>(random() % 10), 1);
    CardClusterOptions options{.threshold = static_cast<double>(random() % 3),
                               .unscored = -static_cast<double>(1 + random() % 4)};
    if (trial % 3 == 1) {
      for (std::uint32_t card = 0; card < c.cards; ++card)
        c.sources.push_back(static_cast<std::uint32_t>(random() % 4));
      options.sources = Sources::one_per_source;
    }
    for (int i = 0; i < trial % 4; ++i) {
      const auto a = static_cast<std::uint32_t>(random() % c.cards);
      const auto b = static_cast<std::uint32_t>(random() % c.cards);
      if (a != b) (random() % 2 == 0 ? c.must : c.cannot).push_back({a, b});
    }
    if (find_contradiction(c.cards, c.must, c.cannot)) continue;
    if (trial % 2 == 1) {
      options.scored_per_card = 1000;
      c.scorer = [trial](std::uint32_t a, std::uint32_t b) {
        return static_cast<double>((a * 31 + b * 17 + static_cast<unsigned>(trial)) % 12) - 6;
      };
    }
    const CardClusters result = cluster(c, options);
    ASSERT_EQ(result.ids, plain_average_linkage(c, options)) << "trial " << trial;
    expect_sound(c, options, result);
    cut += result.cuts.size();
  }
  EXPECT_GT(cut, 500U);
}

TEST(CardClusters, MinimumCutsAreThoseOfAllCuts) {
  std::mt19937_64 random(3);
  std::size_t cuts = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Case c{.cards = static_cast<std::uint32_t>(3 + random() % 8)};
    std::uniform_real_distribution<double> score(-1, 9);
    for (std::uint32_t a = 0; a < c.cards; ++a)
      for (std::uint32_t b = a + 1; b < c.cards; ++b)
        if (random() % 100 < 35) c.edges.push_back({a, b, std::round(score(random) * 65536) / 65536});
    const CardClusterOptions options{.method = Method::min_cut};
    const Scores scores = scores_of(c);
    const auto weight = [&](std::uint32_t a, std::uint32_t b) {
      const auto found = scores.find({std::min(a, b), std::max(a, b)});
      return found == scores.end() || found->second < 0 ? 0.0 : found->second + 1.0 / 65536;
    };
    Ids expected = cluster(c, Method::connected_components).ids;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::uint32_t leader = 0; leader < c.cards && !changed; ++leader) {
        Ids part;
        for (std::uint32_t i = 0; i < c.cards; ++i)
          if (expected[i] == leader) part.push_back(i);
        if (part.size() < 2) continue;
        std::size_t edges = 0;
        for (const std::uint32_t a : part)
          for (const std::uint32_t b : part) edges += a < b && weight(a, b) > 0;
        if (static_cast<double>(edges) >= 0.25 * static_cast<double>(part.size() * (part.size() - 1))) continue;
        double least = 1e9;
        unsigned best = 0;
        for (unsigned side = 1; side < 1U << (part.size() - 1); ++side) {  // the first card stays on side 0
          double sum = 0;
          for (std::size_t i = 0; i < part.size(); ++i)
            for (std::size_t j = 0; j < i; ++j) {
              const unsigned x = i == 0 ? 0 : side >> (i - 1) & 1, y = j == 0 ? 0 : side >> (j - 1) & 1;
              if (x != y) sum += weight(part[i], part[j]);
            }
          if (sum < least) {
            least = sum;
            best = side;
          }
        }
        std::uint32_t second = c.cards;
        for (std::size_t i = 1; i < part.size(); ++i)
          if ((best >> (i - 1) & 1) != 0) {
            second = std::min(second, part[i]);
            expected[part[i]] = second;
          }
        changed = true;
        ++cuts;
      }
    }
    const CardClusters result = cluster(c, options);
    ASSERT_EQ(result.ids, expected) << "trial " << trial;
    ASSERT_EQ(result.inexact, 0U);
    expect_sound(c, options, result);
  }
  EXPECT_GT(cuts, 100U);
}

TEST(CardClusters, CorrelationIsNearTheBestOfAllPartitions) {
  std::mt19937_64 random(4);
  double found = 0, best = 0;
  for (int trial = 0; trial < 150; ++trial) {
    const Case c = random_case(random, 3 + random() % 5, 0.8, 0);
    const CardClusterOptions options{.method = Method::correlation, .threshold = static_cast<double>(trial % 2)};
    const CardClusters result = cluster(c, options);
    expect_sound(c, options, result);
    double optimum = 0;
    Ids labels;
    all_partitions(c.cards, labels, 0,
                   [&](const Ids& ids) { optimum = std::max(optimum, objective(c, options, ids)); });
    const double value = objective(c, options, result.ids);
    ASSERT_GE(value, 0);
    ASSERT_LE(value, optimum);
    found += value;
    best += optimum;
  }
  EXPECT_GT(found, 0.98 * best);
}

TEST(CardClusters, CorrelationIsNoWorseThanComponentsAndNoMoveHelps) {
  std::mt19937_64 random(6);
  for (int trial = 0; trial < 30; ++trial) {
    const Case c = random_case(random, 5 + random() % 30, 0.6, 1.5);
    const CardClusterOptions options{.method = Method::correlation};
    const CardClusters result = cluster(c, options);
    expect_sound(c, options, result);
    const double value = objective(c, options, result.ids);
    ASSERT_GE(value, objective(c, options, cluster(c, Method::connected_components).ids));
    for (std::uint32_t card = 0; card < c.cards; ++card) {
      Ids moved = result.ids;
      for (std::uint32_t to = 0; to <= c.cards; ++to) {
        moved[card] = to;
        ASSERT_LE(objective(c, options, moved), value + 1e-9);
      }
    }
  }
}

TEST(CardClusters, AssignmentsAreTheBestOfAll) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    const auto lefts = static_cast<std::uint32_t>(1 + random() % 6);
    const auto rights = static_cast<std::uint32_t>(1 + random() % 6);
    Case c{.cards = lefts + rights};
    for (std::uint32_t i = 0; i < c.cards; ++i) c.sources.push_back(i < lefts ? 0 : 1);
    for (std::uint32_t a = 0; a < lefts; ++a)
      for (std::uint32_t b = lefts; b < c.cards; ++b)
        if (random() % 3 != 0) c.edges.push_back({b, a, static_cast<double>(random() % 12) - 2});
    const CardClusterOptions options{.sources = Sources::one_to_one};
    const CardClusters result = cluster(c, options);
    expect_sound(c, options, result);
    const Scores scores = scores_of(c);
    constexpr double step = 1.0 / 65536;
    double value = 0;
    for (const CardJoin& join : result.joins) value += join.score + step;
    for (std::size_t k = 0; k < result.size(); ++k) ASSERT_LE(result.cards(k).size(), 2U);
    double best = 0;
    std::vector<bool> used(c.cards);
    const std::function<void(std::uint32_t, double)> search = [&](std::uint32_t left, double sum) {
      best = std::max(best, sum);
      if (left == lefts) return;
      search(left + 1, sum);
      for (std::uint32_t right = lefts; right < c.cards; ++right) {
        const auto found = scores.find({left, right});
        if (used[right] || found == scores.end() || found->second < 0) continue;
        used[right] = true;
        search(left + 1, sum + found->second + step);
        used[right] = false;
      }
    };
    search(0, 0);
    ASSERT_DOUBLE_EQ(value, best);
  }
}

TEST(CardClusters, OfAssignmentsAsGoodTheSmallerCardsInOrder) {
  const CardClusterOptions options{.sources = Sources::one_to_one};
  Case alike{.cards = 7, .sources = {0, 0, 0, 1, 1, 1, 1}};
  for (std::uint32_t b = 6; b >= 3; --b)
    for (std::uint32_t a = 0; a < 3; ++a) alike.edges.push_back({a, b, 5});
  EXPECT_THAT(cluster(alike, options).ids, ElementsAre(0, 1, 2, 0, 1, 2, 6));
  // No swap of equal worth is left that would take a smaller card or uncross two links.
  std::mt19937_64 random(17);
  for (int trial = 0; trial < 300; ++trial) {
    const auto lefts = static_cast<std::uint32_t>(1 + random() % 6);
    Case c{.cards = lefts + static_cast<std::uint32_t>(1 + random() % 6)};
    for (std::uint32_t i = 0; i < c.cards; ++i) c.sources.push_back(i < lefts ? 0 : 1);
    std::map<CardPair, double> scores;
    for (std::uint32_t a = 0; a < lefts; ++a)
      for (std::uint32_t b = lefts; b < c.cards; ++b) scores[{a, b}] = static_cast<double>(random() % 3);
    for (const auto& [pair, score] : scores) c.edges.push_back({pair.a, pair.b, score});
    std::vector<std::uint32_t> of(c.cards, no_card_cluster);
    for (const CardJoin& join : cluster(c, options).joins) {
      of[join.a] = join.b;
      of[join.b] = join.a;
    }
    for (const auto& [pair, score] : scores) {
      const auto [a, b] = pair;
      if (of[a] == b) continue;
      const bool a_free = of[a] == no_card_cluster;
      const bool b_free = of[b] == no_card_cluster;
      if (a_free && !b_free && a < of[b]) {
        EXPECT_NE(score, (scores[{of[b], b}]));
      }
      if (b_free && !a_free && b < of[a]) {
        EXPECT_NE(score, (scores[{a, of[a]}]));
      }
      if (a_free || b_free || (a < of[b]) != (b < of[a])) continue;
      EXPECT_NE(score + (scores[{of[b], of[a]}]), (scores[{a, of[a]}] + scores[{of[b], b}]));
    }
  }
}

/// Many small components and some large ones, with all kinds of links.
Case mixed_case(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Case c{.cards = 3000};
  std::set<CardPair> pairs;
  std::normal_distribution<double> score(1, 4);
  for (int i = 0; i < 5000; ++i) {
    const auto a = static_cast<std::uint32_t>(random() % c.cards);
    const auto b = static_cast<std::uint32_t>(i % 3 == 0 ? random() % c.cards : a / 10 * 10 + random() % 10);
    if (a == b || !pairs.insert({std::min(a, b), std::max(a, b)}).second) continue;
    c.edges.push_back({a, b, score(random)});
  }
  for (std::uint32_t card = 0; card < c.cards; ++card) c.sources.push_back(static_cast<std::uint32_t>(random() % 5));
  for (int i = 0; i < 20; ++i) {
    const auto a = static_cast<std::uint32_t>(random() % c.cards);
    c.must.push_back({a, (a + 1) % c.cards});
    c.cannot.push_back({(a + 1500) % c.cards, (a + 1503) % c.cards});
  }
  return c;
}

TEST(CardClusters, SameForAnyOrderAndThreads) {
  Case c = mixed_case(8);
  c.scorer = [](std::uint32_t a, std::uint32_t b) { return static_cast<double>((a + b) % 9) - 5; };
  ASSERT_FALSE(find_contradiction(c.cards, c.must, c.cannot));
  std::mt19937_64 random(9);
  for (const Method method : methods) {
    for (const Sources sources : {Sources::any, Sources::one_per_source}) {
      SCOPED_TRACE(static_cast<int>(method));
      const CardClusterOptions options{.method = method, .sources = sources, .max_work = 500'000};
      const CardClusters expected = cluster(c, options);
      expect_sound(c, options, expected);
      Case other = c;
      std::shuffle(other.edges.begin(), other.edges.end(), random);
      std::shuffle(other.must.begin(), other.must.end(), random);
      std::reverse(other.cannot.begin(), other.cannot.end());
      for (CardEdge& edge : other.edges)
        if (random() % 2 == 0) std::swap(edge.a, edge.b);
      for (const std::size_t threads : {1U, 2U, 5U}) {
        ThreadPool pool(threads);
        EXPECT_TRUE(same(cluster(other, options, {.executor = &pool}), expected));
      }
    }
  }
}

/// Cards in tens with edges within them and some between; the edges by (a, b).
Case tens_case(std::mt19937_64& random) {
  Case c{.cards = 2000};
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> scores;
  std::normal_distribution<double> score(0, 4);
  for (int i = 0; i < 3500; ++i) {
    const auto a = static_cast<std::uint32_t>(random() % c.cards);
    const auto b = static_cast<std::uint32_t>(i % 20 == 0 ? random() % c.cards : a / 10 * 10 + random() % 10);
    if (a != b) scores[{std::min(a, b), std::max(a, b)}] = i % 50 == 0 ? -1e-6 : score(random);
  }
  for (const auto& [pair, bits] : scores) c.edges.push_back({pair.first, pair.second, bits});
  for (std::uint32_t card = 0; card < c.cards; ++card) c.sources.push_back(static_cast<std::uint32_t>(random() % 5));
  for (std::uint32_t card = 3; card + 5 < c.cards; card += 97) {
    c.must.push_back({card, card + 1});
    c.cannot.push_back({card + 2, card + 5});
  }
  return c;
}

/// That with some cards gone and some between them that came, as an update would know it.
struct Changed {
  Case now;
  Ids number;  ///< by card before
  std::vector<std::uint8_t> changed;
};
Changed changed_case(const Case& c, std::size_t cards, std::mt19937_64& random) {
  Changed next;
  std::set<std::uint32_t> gone, before;  // a card comes before each of these
  while (gone.size() < cards) gone.insert(static_cast<std::uint32_t>(random() % c.cards));
  while (before.size() < cards) before.insert(static_cast<std::uint32_t>(random() % c.cards));
  Ids came;
  for (std::uint32_t card = 0; card < c.cards; ++card) {
    if (before.count(card) != 0) came.push_back(next.now.cards++);
    next.number.push_back(gone.count(card) != 0 ? no_card_cluster : next.now.cards++);
  }
  next.changed.assign(next.now.cards, 0);
  next.now.sources.resize(next.now.cards);
  for (std::uint32_t card = 0; card < c.cards; ++card)
    if (next.number[card] != no_card_cluster) next.now.sources[next.number[card]] = c.sources[card];
  for (const std::uint32_t card : came) next.changed[card] = 1;
  const auto change = [&](std::uint32_t a, std::uint32_t b) {
    for (const std::uint32_t card : {a, b})
      if (card != no_card_cluster) next.changed[card] = 1;
  };
  for (const CardEdge& edge : c.edges) {
    const std::uint32_t a = next.number[edge.a];
    const std::uint32_t b = next.number[edge.b];
    if (a != no_card_cluster && b != no_card_cluster)
      next.now.edges.push_back({a, b, edge.score});
    else if (clustering::units_of(edge.score) >= 0)
      change(a, b);
  }
  const auto take = [&](const std::vector<CardPair>& links, std::vector<CardPair>& into) {
    for (const CardPair& link : links) {
      const std::uint32_t a = next.number[link.a];
      const std::uint32_t b = next.number[link.b];
      if (a != no_card_cluster && b != no_card_cluster)
        into.push_back({a, b});
      else
        change(a, b);
    }
  };
  take(c.must, next.now.must);
  take(c.cannot, next.now.cannot);
  std::normal_distribution<double> score(0, 4);
  for (const std::uint32_t card : came)
    for (std::uint32_t other = card > 3 ? card - 3 : 0; other < card; ++other)
      next.now.edges.push_back({other, card, score(random)});
  std::sort(next.now.edges.begin(), next.now.edges.end(),
            [](const CardEdge& x, const CardEdge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  return next;
}

TEST(CardClusters, AreTheSameWhereOnlyWhatChangedIsMadeAgain) {
  std::mt19937_64 random(12);
  for (const Method method : methods)
    for (const Sources sources : {Sources::any, Sources::one_per_source})
      for (const std::uint32_t asked : {5U, 40U, 100'000U}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(method) << ' ' << asked);
        const CardClusterOptions options{.method = method, .sources = sources, .review_pairs = asked};
        ThreadPool pool(3);
        const Control control{.executor = &pool};
        Case c = tens_case(random);
        const CardPairScorer scorer = [](std::uint32_t, std::uint32_t) { return -3.0; };
        c.scorer = scorer;
        clustering::Solved solved = clustering::solved(c.input(), options, control);
        for (const std::size_t cards : {0U, 1U, 10U, 30U, 600U}) {
          Changed next = changed_case(c, cards, random);
          next.now.scorer = scorer;
          const clustering::Earlier earlier{solved, next.number, next.changed};
          clustering::Solved again = clustering::solved_again(next.now.input(), options, control, earlier);
          const clustering::Solved whole = clustering::solved(next.now.input(), options, control);
          ASSERT_TRUE(same(again.clusters, whole.clusters)) << cards;
          ASSERT_EQ(std::set<std::uint32_t>(again.inexact.begin(), again.inexact.end()).size(), whole.inexact.size());
          c = next.now;
          solved = std::move(again);  // from one to the next, as an index is grown
        }
      }
}

/// What changed may be connected with cards far away, by a way that goes up and down.
TEST(CardClusters, AreTheSameWhereAChainChanged) {
  Case c{.cards = 600};
  for (std::uint32_t i = 0; i + 1 < 256; ++i) {  // in the order of reversed bits
    const auto reversed = [](std::uint32_t x) {
      std::uint32_t y = 0;
      for (int bit = 0; bit < 8; ++bit) y |= (x >> bit & 1U) << (7 - bit);
      return y;
    };
    const auto [low, high] = std::minmax({reversed(i), reversed(i + 1)});
    c.edges.push_back({low, high, 5});
  }
  std::sort(c.edges.begin(), c.edges.end(),
            [](const CardEdge& x, const CardEdge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  const clustering::Solved before = clustering::solved(c.input(), {}, {});
  Ids number(c.cards);
  std::iota(number.begin(), number.end(), 0U);
  std::vector<std::uint8_t> changed(c.cards + 1, 0);
  changed[0] = changed[600] = 1;
  c.cards = 601;
  c.edges.insert(c.edges.begin() + 1, {0, 600, 3});
  std::sort(c.edges.begin(), c.edges.end(),
            [](const CardEdge& x, const CardEdge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  const clustering::Solved again = clustering::solved_again(c.input(), {}, {}, {before, number, changed});
  EXPECT_TRUE(same(again.clusters, clustering::solved(c.input(), {}, {}).clusters));
}

TEST(CardClusters, SameForAnyNumbering) {
  const Case c = mixed_case(10);
  std::mt19937_64 random(11);
  Ids to(c.cards);
  std::iota(to.begin(), to.end(), 0U);
  std::shuffle(to.begin(), to.end(), random);
  Case other{.cards = c.cards};
  for (const CardEdge& edge : c.edges) other.edges.push_back({to[edge.a], to[edge.b], edge.score});
  // No two scores are equal. The others break ties of degree, or go card by card, in the order of the numbers.
  for (const Method method : {Method::connected_components, Method::average_linkage, Method::min_cut}) {
    SCOPED_TRACE(static_cast<int>(method));
    const Ids expected = cluster({.cards = c.cards, .edges = c.edges}, method).ids;
    const Ids found = cluster(other, method).ids;
    Ids back(c.cards);
    for (std::uint32_t card = 0; card < c.cards; ++card) back[card] = found[to[card]];
    EXPECT_EQ(by_smallest(back), expected);
  }
}

TEST(CardClusters, LargeComponentsTakeNoQuadraticTime) {
  constexpr std::uint32_t n = 100'000;
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> score(0.5, 12);
  Case path{.cards = n}, hub{.cards = n}, web{.cards = n};
  for (std::uint32_t i = 1; i < n; ++i) {
    path.edges.push_back({i - 1, i, score(random)});
    hub.edges.push_back({0, i, 7});
    web.edges.push_back({static_cast<std::uint32_t>(random() % i), i, score(random)});
    web.edges.push_back({i, i / 2 == static_cast<std::uint32_t>(web.edges.back().a) ? i - 1 : i / 2, score(random)});
  }
  std::sort(web.edges.begin(), web.edges.end(),
            [](const CardEdge& x, const CardEdge& y) { return std::minmax(x.a, x.b) < std::minmax(y.a, y.b); });
  web.edges.erase(
      std::unique(web.edges.begin(), web.edges.end(),
                  [](const CardEdge& x, const CardEdge& y) { return std::minmax(x.a, x.b) == std::minmax(y.a, y.b); }),
      web.edges.end());
  std::erase_if(web.edges, [](const CardEdge& edge) { return edge.a == edge.b; });
  for (Case* c : {&path, &hub, &web}) {
    for (std::uint32_t i = 0; i < n; ++i) c->sources.push_back(i % 2);
    for (const Method method : methods) {
      for (const double unscored : {-4.0, -1.0}) {
        if (unscored == -1 && method != Method::average_linkage && method != Method::correlation) continue;
        const CardClusters result = cluster(*c, CardClusterOptions{.method = method, .unscored = unscored});
        EXPECT_EQ(result.joins.size() + result.size(), n);
        EXPECT_EQ(result.inexact, method == Method::min_cut ? 1U : 0U);
      }
    }
    for (const Sources sources : {Sources::one_per_source, Sources::one_to_one, Sources::one_to_many})
      EXPECT_GT(cluster(*c, CardClusterOptions{.sources = sources}).size(), 1U);
  }
  // The scorer is asked no more than agreed.
  std::uint64_t asked = 0;
  web.scorer = [&](std::uint32_t, std::uint32_t) {
    ++asked;
    return 1.0;
  };
  const CardClusters result = cluster(web, CardClusterOptions{.scored_per_card = 5});
  EXPECT_LE(asked, 5U * n);
  EXPECT_EQ(result.scored.size(), asked);
}

TEST(CardClusters, CardsAllAlike) {
  constexpr std::uint32_t n = 400;
  Case c{.cards = n};
  for (std::uint32_t a = 0; a < n; ++a)
    for (std::uint32_t b = a + 1; b < n; ++b) c.edges.push_back({a, b, 9});
  for (const Method method : methods) EXPECT_EQ(cluster(c, method).size(), 1U);
}

TEST(CardClusters, HostileInputIsAnErrorThatNamesIt) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(cluster({}).size(), 0U);
  EXPECT_EQ(cluster({.cards = 1}).ids, Ids{0});
  EXPECT_EQ(cluster({.cards = 3}).components, 3U);
  EXPECT_EQ(where_of({.cards = 3, .edges = {{0, 1, 2}, {1, 2, nan}}}), "invalid_argument edges[1]");
  EXPECT_EQ(where_of({.cards = 3, .edges = {{0, 1, infinity}}}), "invalid_argument edges[0]");
  EXPECT_EQ(where_of({.cards = 3, .edges = {{0, 1, -infinity}}}), "invalid_argument edges[0]");
  EXPECT_EQ(where_of({.cards = 3, .edges = {{1, 1, 2}}}), "invalid_argument edges[0]");
  EXPECT_EQ(where_of({.cards = 3, .edges = {{0, 3, 2}}}), "out_of_range edges[0]");
  EXPECT_EQ(where_of({.cards = 0, .edges = {{0, 1, 2}}}), "out_of_range edges[0]");
  EXPECT_EQ(where_of({.cards = 3, .edges = {{0, 1, 2}, {1, 2, 2}, {1, 0, 3}}}), "invalid_argument edges");
  EXPECT_EQ(where_of({.cards = 3, .must = {{0, 1}, {2, 2}}}), "invalid_argument must_links[1]");
  EXPECT_EQ(where_of({.cards = 3, .cannot = {{0, 5}}}), "out_of_range cannot_links[0]");
  EXPECT_EQ(where_of({.cards = 3, .must = {{0, 1}}, .cannot = {{1, 0}}}), "invalid_argument cannot_links");
  EXPECT_EQ(where_of({.cards = 3, .previous = {0, 0, 0, 0}}), "invalid_argument previous");
  EXPECT_EQ(where_of({.cards = 3}, {.sources = Sources::one_to_one}), "invalid_argument sources");
  EXPECT_EQ(where_of({.cards = 2, .sources = {0, 2}}, {.sources = Sources::one_to_many}), "invalid_argument sources");
  EXPECT_EQ(where_of({.cards = 2}, {.threshold = nan}), "invalid_argument threshold");
  EXPECT_EQ(where_of({.cards = 2}, {.unscored = -0.5}), "invalid_argument unscored");
  EXPECT_EQ(where_of({.cards = 2}, {.unscored = nan}), "invalid_argument unscored");
  EXPECT_EQ(where_of({.cards = 2}, {.density = 1.5}), "invalid_argument density");
  EXPECT_EQ(where_of({.cards = 2}, {.method = static_cast<Method>(9)}), "invalid_argument method");
  EXPECT_EQ(where_of({.cards = 2}, {.sources = static_cast<Sources>(9)}), "invalid_argument sources");
  // The largest scores that there are count as 1024.
  const CardClusters result = cluster({.cards = 3, .edges = {{0, 1, 1e308}, {1, 2, -1e308}}});
  EXPECT_THAT(result.ids, ElementsAre(0, 0, 2));
  EXPECT_EQ(result.joins[0].score, 1024);
}

TEST(CardClusters, StopsWhenTheHostSaysSo) {
  std::stop_source stop;
  stop.request_stop();
  try {
    (void)cluster(chain(), {}, {.stop = stop.get_token()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

TEST(CardClusters, ReasonsInWords) {
  const CardClusters result = cluster(chain());
  EXPECT_EQ(words(result.joins[0]).english, "card 0 and card 1 were joined by their score of 6.");
  EXPECT_EQ(words(result.joins[0]).russian, "карточка 0 и карточка 1: объединены, оценка пары 6.");
  EXPECT_EQ(words(result.cuts[0]).english,
            "card 1 (with 1 more) and card 2 stay apart in spite of a score of 5: the mean of the 2 pairs between them "
            "is -7.5, 2 of them scored.");
  EXPECT_EQ(words(result.cuts[0]).russian,
            "карточка 1 (и ещё 1) и карточка 2: не объединены при оценке 5: средняя оценка -7.5 (пар: 2, с оценкой: "
            "2).");
  const CardNamer namer = [](std::uint32_t card) { return "K" + std::to_string(card); };
  std::set<std::string> sentences;
  for (int reason = 0; reason <= static_cast<int>(CardJoinReason::assigned); ++reason) {
    const CardReasonWords w = words(CardJoin{.reason = static_cast<CardJoinReason>(reason), .a = 3, .b = 5}, namer);
    EXPECT_THAT(w.english, HasSubstr("K3 and K5 were"));
    EXPECT_THAT(w.russian, HasSubstr("K3 и K5: "));
    sentences.insert({w.english, w.russian});
  }
  for (int reason = 0; reason <= static_cast<int>(CardCutReason::assigned); ++reason) {
    const CardReasonWords w =
        words(CardCut{.reason = static_cast<CardCutReason>(reason), .a = 3, .b = 5, .apart = {3, 8}}, namer);
    EXPECT_THAT(w.english, HasSubstr("K3 and K5 "));
    EXPECT_THAT(w.russian, HasSubstr("K3 и K5: "));
    sentences.insert({w.english, w.russian});
  }
  EXPECT_EQ(sentences.size(), 2U * (6 + 7));
  EXPECT_THAT(words(CardReview{.a = 3, .b = 5, .probability = 0.25, .changed = 6}).english, HasSubstr("25 %"));
}

TEST(CardClusters, OptionsAsJson) {
  const CardClusterOptions options{.method = Method::min_cut,
                                   .threshold = 2.5,
                                   .unscored = -1,
                                   .density = 0.75,
                                   .sources = Sources::one_to_many,
                                   .scored_per_card = 7,
                                   .max_work = 123,
                                   .review_pairs = 5,
                                   .review_change = 0.5};
  EXPECT_EQ(card_cluster_options_from_json(to_json(options)), options);
  EXPECT_EQ(card_cluster_options_from_json("{}"), CardClusterOptions{});
  const auto where = [](const char* text) {
    try {
      (void)card_cluster_options_from_json(text, "/dedupe/clusters");
    } catch (const Error& error) {
      return std::string(name(error.code())) + " " + error.where();
    }
    return std::string("no error");
  };
  EXPECT_EQ(where(R"({"method": "magic"})"), "bad_policy /dedupe/clusters/method");
  EXPECT_EQ(where(R"({"treshold": 1})"), "bad_policy /dedupe/clusters/treshold");
  EXPECT_EQ(where(R"({"density": 2})"), "bad_policy /dedupe/clusters/density");
  EXPECT_EQ(where(R"({"unscored": 1})"), "bad_policy /dedupe/clusters/unscored");
  EXPECT_EQ(where(R"({"threshold": -5})"), "bad_policy /dedupe/clusters/threshold");
  EXPECT_EQ(where(R"({"review_change": -1})"), "bad_policy /dedupe/clusters/review_change");
  EXPECT_EQ(where(R"({"max_work": -1})"), "bad_policy /dedupe/clusters/max_work");
  // The schema has every option, with its default.
  const auto schema = nlohmann::json::parse(card_cluster_options_schema());
  const auto defaults = nlohmann::json::parse(to_json(CardClusterOptions{}));
  ASSERT_EQ(schema["properties"].size(), defaults.size());
  for (const auto& [key, value] : defaults.items()) EXPECT_EQ(schema["properties"][key]["default"], value) << key;
}

TEST(ClusterMetrics, ByHand) {
  // Truth {0, 1, 2} {3, 4} {5}; found {0, 1} {2, 3, 4} {5}.
  const ClusterMetrics m = cluster_metrics(Ids{9, 9, 4, 4, 4, 7}, Ids{1, 1, 1, 2, 2, 3});
  EXPECT_EQ(m.pairs, 4U);
  EXPECT_EQ(m.true_pairs, 4U);
  EXPECT_EQ(m.correct_pairs, 2U);
  EXPECT_DOUBLE_EQ(m.precision, 0.5);
  EXPECT_DOUBLE_EQ(m.recall, 0.5);
  EXPECT_DOUBLE_EQ(m.f1, 0.5);
  EXPECT_DOUBLE_EQ(m.b_cubed_precision, (2 + (1.0 + 4) / 3 + 1) / 6);
  EXPECT_DOUBLE_EQ(m.b_cubed_recall, ((4.0 + 1) / 3 + 2 + 1) / 6);
  EXPECT_EQ(m.clusters, 3U);
  EXPECT_EQ(m.true_clusters, 3U);
  EXPECT_EQ(m.largest_cluster, 3U);
  EXPECT_EQ(m.largest_true_cluster, 3U);
  const ClusterMetrics none = cluster_metrics(Ids{0, 1}, Ids{5, 5});
  EXPECT_EQ(none.precision, 1);
  EXPECT_EQ(none.recall, 0);
  EXPECT_EQ(none.f1, 0);
  EXPECT_EQ(cluster_metrics({}, {}), ClusterMetrics{});
  EXPECT_THROW((void)cluster_metrics(Ids{1}, {}), Error);
}

TEST(ClusterMetrics, ByAllPairs) {
  std::mt19937_64 random(13);
  for (int trial = 0; trial < 100; ++trial) {
    const std::size_t n = 1 + random() % 40;
    Ids found(n), truth(n);
    for (std::size_t i = 0; i < n; ++i) {
      found[i] = static_cast<std::uint32_t>(random() % 9);
      truth[i] = static_cast<std::uint32_t>(random() % 9);
    }
    std::uint64_t pairs = 0, true_pairs = 0, both = 0;
    double precision = 0, recall = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double same_found = 0, same_truth = 0, same_both = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const bool f = found[i] == found[j], t = truth[i] == truth[j];
        same_found += f;
        same_truth += t;
        same_both += f && t;
        if (j <= i) continue;
        pairs += f;
        true_pairs += t;
        both += f && t;
      }
      precision += same_both / same_found;
      recall += same_both / same_truth;
    }
    const ClusterMetrics m = cluster_metrics(found, truth);
    ASSERT_EQ(m.pairs, pairs);
    ASSERT_EQ(m.true_pairs, true_pairs);
    ASSERT_EQ(m.correct_pairs, both);
    ASSERT_NEAR(m.b_cubed_precision, precision / static_cast<double>(n), 1e-12);
    ASSERT_NEAR(m.b_cubed_recall, recall / static_cast<double>(n), 1e-12);
  }
}

}  // namespace
}  // namespace klientela
