// Clusters of cards: the edges checked and sorted, parted into components, solved in parallel, and named.
#include "klientela/dedupe/card_clusters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "core/column_vector.hpp"
#include "dedupe/card_clusters_component.hpp"
#include "dedupe/card_clusters_review.hpp"
#include "dedupe/card_clusters_solved.hpp"
#include "dedupe/some_cards.hpp"

namespace klientela {

namespace clustering {
namespace {

constexpr std::size_t block = 1 << 16;

[[noreturn]] void refuse(const std::string& argument, const std::string& message) {
  throw Error(Code::invalid_argument, message, argument);
}

void check(const CardClusterInput& input, const CardClusterOptions& options) {
  const auto within = [](const char* option, double value, double low, double high) {
    if (!(value >= low && value <= high))
      refuse(option, fmt::format("{} must be from {} to {}, not {}", option, low, high, value));
  };
  if (options.method > CardClusterMethod::merge_center) refuse("method", "method is no way of clustering");
  if (options.sources > CardSourceRule::one_to_many) refuse("sources", "sources is no rule");
  within("threshold", options.threshold, -largest_score, largest_score);
  within("unscored", options.unscored, -largest_score, largest_score);
  within("review_change", options.review_change, 0, 1e6);
  if (options.unscored + least_penalty > options.threshold)
    refuse("unscored", "unscored must be at least 1 below the threshold");
  within("density", options.density, 0, 1);
  within("scored_per_card", options.scored_per_card, 0, 1'000'000);
  if (input.cards == no_card_cluster || input.edges.size() >= no_card_cluster / 2)
    throw Error(Code::out_of_range, "at most 4,294,967,294 cards and 2,147,483,646 edges are clustered", "cards");
  if (options.sources != CardSourceRule::any) {
    if (input.sources.size() != input.cards)
      refuse("sources", fmt::format("there are {} cards, and sources of {}", input.cards, input.sources.size()));
    if (options.sources != CardSourceRule::one_per_source)
      for (const std::uint32_t source : input.sources)
        if (source > 1) refuse("sources", fmt::format("two lists are linked, 0 and 1; there is a source {}", source));
  }
  if (input.previous.size() > input.cards)
    refuse("previous",
           fmt::format("there are {} cards, and earlier clusters of {}", input.cards, input.previous.size()));
}

std::vector<CardPair> checked_links(std::span<const CardPair> links, std::uint32_t cards, const char* argument) {
  std::vector<CardPair> checked;
  checked.reserve(links.size());
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto [a, b] = links[i];
    if (std::max(a, b) >= cards)
      throw Error(Code::out_of_range, fmt::format("there are {} cards and no card {}", cards, std::max(a, b)),
                  fmt::format("{}[{}]", argument, i));
    if (a == b)
      throw Error(Code::invalid_argument, fmt::format("card {} is linked with itself", a),
                  fmt::format("{}[{}]", argument, i));
    checked.push_back({std::min(a, b), std::max(a, b)});
  }
  std::sort(checked.begin(), checked.end());
  checked.erase(std::unique(checked.begin(), checked.end()), checked.end());
  return checked;
}

/// The edges by (a, b), a < b.
std::vector<Edge> sorted_edges(const CardClusterInput& input, const Control& control) {
  const std::span<const CardEdge> given = input.edges;
  std::vector<Edge> edges(given.size());
  const std::size_t blocks = (given.size() + block - 1) / block;
  control.run(blocks, [&](std::size_t k) {
    control.check();
    for (std::size_t i = k * block; i < std::min(given.size(), (k + 1) * block); ++i) {
      const auto& [a, b, score] = given[i];
      if (std::max(a, b) >= input.cards)
        throw Error(Code::out_of_range, fmt::format("there are {} cards and no card {}", input.cards, std::max(a, b)),
                    fmt::format("edges[{}]", i));
      if (a == b) refuse(fmt::format("edges[{}]", i), fmt::format("card {} is paired with itself", a));
      if (!std::isfinite(score))
        refuse(fmt::format("edges[{}]", i), fmt::format("cards {} and {} have a score that is no number", a, b));
      edges[i] = {std::min(a, b), std::max(a, b), units_of(score)};
    }
  });
  const auto before = [](const Edge& x, const Edge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; };
  if (!std::is_sorted(edges.begin(), edges.end(), before)) {
    std::vector<std::uint32_t> starts(std::size_t{input.cards} + 1, 0);
    for (const Edge& edge : edges) ++starts[edge.a + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<Edge> sorted(edges.size());
    for (const Edge& edge : edges) sorted[starts[edge.a]++] = edge;  // leaves the end of each row
    edges.swap(sorted);
    control.run((input.cards + block - 1) / block, [&](std::size_t k) {
      control.check();
      for (std::size_t a = k * block; a < std::min<std::size_t>(input.cards, (k + 1) * block); ++a) {
        const std::size_t begin = a == 0 ? 0 : starts[a - 1];
        std::sort(edges.begin() + static_cast<std::ptrdiff_t>(begin),
                  edges.begin() + static_cast<std::ptrdiff_t>(starts[a]), before);
      }
    });
  }
  for (std::size_t i = 1; i < edges.size(); ++i)
    if (edges[i].a == edges[i - 1].a && edges[i].b == edges[i - 1].b)
      refuse("edges", fmt::format("cards {} and {} are there twice", edges[i].a, edges[i].b));
  return edges;
}

/// Sets in which the smallest card stands for all.
class Sets {
 public:
  explicit Sets(std::uint32_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0U); }
  [[nodiscard]] std::uint32_t root(std::uint32_t i) noexcept {
    while (parent_[i] != i) {
      parent_[i] = parent_[parent_[i]];
      i = parent_[i];
    }
    return i;
  }
  void join(std::uint32_t a, std::uint32_t b) noexcept {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

/// Cards, and pairs within them, by component. Components of one card are left out.
struct Components {
  std::vector<std::uint32_t> cards, card_starts;
  std::vector<Edge> edges;
  std::vector<std::uint32_t> edge_starts;
  std::vector<CardPair> must, cannot;
  std::vector<std::size_t> must_starts, cannot_starts;
  ColumnVector<std::uint32_t> local_of;
  std::uint64_t singles{0};
  std::uint32_t largest{0};
  [[nodiscard]] std::size_t size() const noexcept { return card_starts.size() - 1; }
};

constexpr std::uint32_t single = 0xFFFFFFFF;

/// \param component_of  component_of(card); single
template <class Of>
void place_links(const std::vector<CardPair>& links, const Of& component_of, std::size_t size,
                 std::vector<CardPair>& into, std::vector<std::size_t>& starts) {
  starts.assign(size + 1, 0);
  const auto inside = [&](const CardPair& pair) {
    const std::uint32_t component = component_of(pair.a);
    return component != single && component == component_of(pair.b);
  };
  std::copy_if(links.begin(), links.end(), std::back_inserter(into), inside);
  std::stable_sort(into.begin(), into.end(),
                   [&](const CardPair& x, const CardPair& y) { return component_of(x.a) < component_of(y.a); });
  for (const CardPair& pair : into) ++starts[component_of(pair.a) + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
}

Components components_of(std::uint32_t n, const std::vector<Edge>& edges, Units threshold,
                         const std::vector<CardPair>& must, const std::vector<CardPair>& cannot) {
  Components result;
  SomeCards joined(n);
  const auto each_join = [&](const auto& visit) {
    for (const Edge& edge : edges)
      if (edge.units >= threshold) visit(edge.a, edge.b);
    for (const CardPair& pair : must) visit(pair.a, pair.b);
  };
  each_join([&](std::uint32_t a, std::uint32_t b) {
    joined.add(a);
    joined.add(b);
  });
  const std::vector<std::uint32_t> cards = joined.count();
  const auto m = static_cast<std::uint32_t>(cards.size());
  Sets sets(m);  // of places; each has two cards and more, its first one the root
  each_join([&](std::uint32_t a, std::uint32_t b) { sets.join(joined.place(a), joined.place(b)); });

  std::vector<std::uint32_t> component_at(m);
  std::vector<std::uint32_t>& starts = result.card_starts;
  ColumnVector<std::uint32_t>& local = result.local_of;
  local.assign(n, 0);
  starts.push_back(0);
  std::vector<std::uint32_t> sizes;
  for (std::uint32_t place = 0; place < m; ++place) {
    const std::uint32_t root = sets.root(place);
    if (root == place) {
      component_at[place] = static_cast<std::uint32_t>(sizes.size());
      sizes.push_back(1);
    } else {
      component_at[place] = component_at[root];
      local[cards[place]] = sizes[component_at[place]]++;
    }
  }
  const auto components = static_cast<std::uint32_t>(sizes.size());
  for (const std::uint32_t size : sizes) {
    starts.push_back(starts.back() + size);
    result.largest = std::max(result.largest, size);
  }
  result.singles = n - m;
  result.cards.resize(m);
  for (std::uint32_t place = 0; place < m; ++place)
    result.cards[starts[component_at[place]] + local[cards[place]]] = cards[place];

  const auto component_of = [&](std::uint32_t card) {
    return joined.has(card) ? component_at[joined.place(card)] : single;
  };
  std::vector<std::uint32_t> of_edge(edges.size());  // single: it is between two
  result.edge_starts.assign(components + 1, 0);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    of_edge[i] = component_of(edges[i].a);
    if (of_edge[i] != single && of_edge[i] != component_of(edges[i].b)) of_edge[i] = single;
    if (of_edge[i] != single) ++result.edge_starts[of_edge[i] + 1];
  }
  std::partial_sum(result.edge_starts.begin(), result.edge_starts.end(), result.edge_starts.begin());
  result.edges.resize(result.edge_starts.back());
  std::vector<std::uint32_t> next(result.edge_starts.begin(), result.edge_starts.end() - 1);
  for (std::size_t i = 0; i < edges.size(); ++i)
    if (of_edge[i] != single) result.edges[next[of_edge[i]]++] = edges[i];
  place_links(must, component_of, components, result.must, result.must_starts);
  place_links(cannot, component_of, components, result.cannot, result.cannot_starts);
  if (n > 0) result.largest = std::max(result.largest, 1U);
  return result;
}

/// Order and starts out of the smallest card of each card's cluster; ids become those cards. Returns each card's number
/// of cluster.
ColumnVector<std::uint32_t> number_clusters(CardClusters& clusters) {
  const auto n = static_cast<std::uint32_t>(clusters.ids.size());
  ColumnVector<std::uint32_t> number_of(n);
  std::uint32_t count = 0;
  for (std::uint32_t card = 0; card < n; ++card) {
    const std::uint32_t leader = clusters.ids[card];
    number_of[card] = leader == card ? count++ : number_of[leader];
  }
  // Sizes one place late, then what is before each, then, while cards are put in, where the next one goes: one place
  // late again, that is where the next cluster begins.
  std::vector<std::uint32_t>& starts = clusters.starts;
  starts.assign(std::size_t{count} + 2, 0);
  for (const std::uint32_t number : number_of) ++starts[std::size_t{number} + 2];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  clusters.order.resize(n);
  for (std::uint32_t card = 0; card < n; ++card) clusters.order[starts[std::size_t{number_of[card]} + 1]++] = card;
  starts.pop_back();
  return number_of;
}

}  // namespace

void inherit_ids(std::vector<std::uint32_t>& ids_of, std::span<const std::uint32_t> number_of, std::size_t clusters,
                 std::span<const std::uint32_t> previous, std::uint32_t first_id) {
  if (previous.empty() && first_id == 0) return;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> seen;  // earlier id, number of cluster
  std::uint64_t next_id = first_id;
  for (std::size_t card = 0; card < previous.size(); ++card) {
    const std::uint32_t id = previous[card];
    if (id == no_card_cluster) continue;
    seen.emplace_back(id, number_of[card]);
    next_id = std::max(next_id, std::uint64_t{id} + 1);
  }
  std::sort(seen.begin(), seen.end());
  struct Overlap {
    std::uint32_t cards, id, cluster;
  };
  std::vector<Overlap> overlaps;
  for (std::size_t begin = 0, end = 0; begin < seen.size(); begin = end) {
    while (end < seen.size() && seen[end] == seen[begin]) ++end;
    overlaps.push_back({static_cast<std::uint32_t>(end - begin), seen[begin].first, seen[begin].second});
  }
  std::stable_sort(overlaps.begin(), overlaps.end(),
                   [](const Overlap& x, const Overlap& y) { return x.cards > y.cards; });
  std::vector<std::uint32_t> id_of(clusters, no_card_cluster);
  std::vector<std::uint32_t> ids;  // of `seen`, once each
  for (const auto& [id, cluster] : seen)
    if (ids.empty() || ids.back() != id) ids.push_back(id);
  std::vector<bool> taken(ids.size());
  for (const Overlap& overlap : overlaps) {
    const auto place = static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), overlap.id) - ids.begin());
    if (taken[place] || id_of[overlap.cluster] != no_card_cluster) continue;
    taken[place] = true;
    id_of[overlap.cluster] = overlap.id;
  }
  for (std::uint32_t& id : id_of) {
    if (id != no_card_cluster) continue;
    if (next_id >= no_card_cluster) throw Error(Code::overflow, "there are no cluster ids left", "next_id");
    id = static_cast<std::uint32_t>(next_id++);
  }
  for (std::size_t card = 0; card < ids_of.size(); ++card) ids_of[card] = id_of[number_of[card]];
}

namespace {

/// Ranges of components of about the same work, whatever the threads.
std::vector<std::size_t> ranges_of(const Components& components) {
  const std::size_t all = components.cards.size() + components.edges.size();
  const std::size_t most = std::max<std::size_t>(4096, all / 128);
  std::vector<std::size_t> bounds{0};
  std::size_t sum = 0;
  for (std::size_t c = 0; c < components.size(); ++c) {
    sum += components.card_starts[c + 1] - components.card_starts[c];
    sum += components.edge_starts[c + 1] - components.edge_starts[c];
    if (sum >= most || c + 1 == components.size()) {
      bounds.push_back(c + 1);
      sum = 0;
    }
  }
  return bounds;
}

}  // namespace
}  // namespace clustering

std::optional<LinkContradiction> find_contradiction(std::uint32_t cards, std::span<const CardPair> must_links,
                                                    std::span<const CardPair> cannot_links) {
  const std::vector<CardPair> must = clustering::checked_links(must_links, cards, "must_links");
  (void)clustering::checked_links(cannot_links, cards, "cannot_links");
  if (must.empty() || cannot_links.empty()) return std::nullopt;
  std::vector<std::uint32_t> names;  // the cards that must-links name; all else works on their places
  for (const CardPair& pair : must) {
    names.push_back(pair.a);
    names.push_back(pair.b);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto place_of = [&](std::uint32_t card) {
    const auto found = std::lower_bound(names.begin(), names.end(), card);
    return found == names.end() || *found != card ? clustering::single
                                                  : static_cast<std::uint32_t>(found - names.begin());
  };
  clustering::Sets sets(static_cast<std::uint32_t>(names.size()));
  for (const CardPair& pair : must) sets.join(place_of(pair.a), place_of(pair.b));
  for (const CardPair& pair : cannot_links) {
    const std::uint32_t from = place_of(pair.a);
    const std::uint32_t to = place_of(pair.b);
    if (from == clustering::single || to == clustering::single || sets.root(from) != sets.root(to)) continue;
    // Breadth first from the far end, so that the way reads forwards.
    std::vector<std::vector<std::uint32_t>> near(names.size());
    for (const CardPair& link : must) {
      near[place_of(link.a)].push_back(place_of(link.b));
      near[place_of(link.b)].push_back(place_of(link.a));
    }
    std::vector<std::uint32_t> towards(names.size(), clustering::single);
    std::vector<std::uint32_t> queue{to};
    towards[to] = to;
    for (std::size_t i = 0; i < queue.size() && towards[from] == clustering::single; ++i)
      for (const std::uint32_t next : near[queue[i]])
        if (towards[next] == clustering::single) {
          towards[next] = queue[i];
          queue.push_back(next);
        }
    LinkContradiction contradiction{pair, {pair.a}};
    for (std::uint32_t at = from; at != to; at = towards[at]) contradiction.chain.push_back(names[towards[at]]);
    return contradiction;
  }
  return std::nullopt;
}

CardClusters cluster_cards(const CardClusterInput& input, const CardClusterOptions& options, const Control& control) {
  return clustering::solved(input, options, control).clusters;
}

clustering::Solved clustering::solved(const CardClusterInput& input, const CardClusterOptions& options,
                                      const Control& control) {
  check(input, options);
  const std::vector<CardPair> must = checked_links(input.must_links, input.cards, "must_links");
  const std::vector<CardPair> cannot = checked_links(input.cannot_links, input.cards, "cannot_links");
  if (const auto contradiction = find_contradiction(input.cards, input.must_links, input.cannot_links)) {
    const auto& [pair, chain] = *contradiction;
    throw Error(Code::invalid_argument,
                fmt::format("cards {} and {} cannot be one client, yet must-links make them one: {}", pair.a, pair.b,
                            fmt::join(chain, " - ")),
                "cannot_links");
  }
  control.report("clusters", 0);
  control.check();
  const std::vector<Edge> edges = sorted_edges(input, control);
  control.report("clusters", 0.2);
  control.check();
  const Units threshold = units_of(options.threshold);
  Components components = components_of(input.cards, edges, threshold, must, cannot);
  control.report("clusters", 0.4);
  control.check();

  Solved whole;
  CardClusters& result = whole.clusters;
  result.ids.resize(input.cards);
  std::iota(result.ids.begin(), result.ids.end(), 0U);
  result.components = components.size() + components.singles;
  result.largest_component = components.largest;
  const Rules rules{
      .options = options,
      .threshold = threshold,
      .unscored = units_of(options.unscored),
      .sources = options.sources == CardSourceRule::any ? std::span<const std::uint32_t>() : input.sources,
      .scorer = input.scorer,
      .control = control,
      .local_of = components.local_of,
      .leader_of = result.ids};
  const std::vector<std::size_t> ranges = ranges_of(components);
  std::vector<Output> outputs(ranges.size() - 1);
  control.run(outputs.size(), [&](std::size_t k) {
    control.check();
    Component component(rules);
    const auto part = [](const auto& all, const auto& starts, std::size_t c) {
      return std::span(all).subspan(starts[c], starts[c + 1] - starts[c]);
    };
    for (std::size_t c = ranges[k]; c < ranges[k + 1]; ++c)
      component.solve(part(components.cards, components.card_starts, c),
                      part(components.edges, components.edge_starts, c),
                      part(components.must, components.must_starts, c),
                      part(components.cannot, components.cannot_starts, c), outputs[k]);
  });
  control.report("clusters", 0.8);
  control.check();

  const ColumnVector<std::uint32_t> number_of = number_clusters(result);
  const std::size_t clusters = result.size();
  result.joins.resize(input.cards - clusters);
  std::vector<Edge> scored;
  ColumnVector<std::uint32_t>& placed = components.local_of;  // by leader: joins that have their place
  std::fill(placed.begin(), placed.end(), 0U);
  for (Output& output : outputs) {
    for (const CardJoin& join : output.joins) {
      const std::uint32_t number = number_of[join.a];
      result.joins[result.starts[number] - number + placed[result.ids[join.a]]++] = join;
    }
    result.cuts.insert(result.cuts.end(), output.cuts.begin(), output.cuts.end());
    scored.insert(scored.end(), output.scored.begin(), output.scored.end());
    whole.inexact.insert(whole.inexact.end(), output.inexact.begin(), output.inexact.end());
    output = {};
  }
  result.inexact = whole.inexact.size();
  const auto clusters_of = [&](const CardCut& cut) {
    const auto [low, high] = std::minmax(number_of[cut.a], number_of[cut.b]);
    return std::pair(low, high);
  };
  std::sort(result.cuts.begin(), result.cuts.end(),
            [&](const CardCut& x, const CardCut& y) { return clusters_of(x) < clusters_of(y); });
  std::sort(scored.begin(), scored.end(),
            [](const Edge& x, const Edge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  for (const Edge& edge : scored) result.scored.push_back({edge.a, edge.b, edge.units / steps});
  whole.reviews = review_list(result, number_of, edges, scored, must, cannot, rules, control);
  const std::vector<CardReview>& reviews = whole.reviews.pairs;
  result.review.assign(reviews.begin(), reviews.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                              reviews.size(), options.review_pairs)));
  inherit_ids(result.ids, number_of, result.size(), input.previous, input.next_id);
  control.report("clusters", 1);
  return whole;
}

}  // namespace klientela
