// Clusters made again where cards changed: those are clustered among themselves, and the others taken over.
#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/prefetch.hpp"
#include "dedupe/card_clusters_component.hpp"
#include "dedupe/card_clusters_solved.hpp"
#include "dedupe/some_cards.hpp"

namespace klientela::clustering {
namespace {

constexpr std::uint32_t gone = no_card_cluster;
constexpr std::uint32_t blocks_about = 64;
constexpr std::size_t ahead = 16;  // cards whose numbers are asked for
constexpr int passes = 16;         // over all edges, until everything connected is reached

/// Adds every card that strong edges and must-links connect with one of them. False: it is too far from them.
bool add_connected(const CardClusterInput& input, Units threshold, SomeCards& some) {
  bool more = true;
  const auto join = [&](std::uint32_t a, std::uint32_t b) {
    some.add(a);
    some.add(b);
    more = true;
  };
  const auto join_edge = [&](const CardEdge& edge) {
    if (some.has(edge.a) != some.has(edge.b) && units_of(edge.score) >= threshold) join(edge.a, edge.b);
  };
  for (int pass = 0; more && pass < passes; ++pass) {  // forwards and backwards in turn
    more = false;
    if (pass % 2 == 0)
      for (const CardEdge& edge : input.edges) join_edge(edge);
    else
      std::for_each(input.edges.rbegin(), input.edges.rend(), join_edge);
    for (const CardPair& pair : input.must_links)
      if (some.has(pair.a) != some.has(pair.b)) join(pair.a, pair.b);
  }
  return !more;
}

/// The cards of all components that changed, and of those that an edge connects with them, so that whatever is asked
/// about the former is among them. \returns nullopt  they are many, or far from what changed
std::optional<SomeCards> cards_again(const CardClusterInput& input, Units threshold, const Earlier& earlier) {
  SomeCards some(input.cards);
  for (std::uint32_t card = 0; card < input.cards; ++card)
    if (earlier.changed[card] != 0) some.add(card);
  if (!add_connected(input, threshold, some)) return std::nullopt;
  SomeCards with_others = some;
  for (const CardEdge& edge : input.edges) {
    if (some.has(edge.a) == some.has(edge.b)) continue;
    with_others.add(edge.a);
    with_others.add(edge.b);
  }
  if (!add_connected(input, threshold, with_others)) return std::nullopt;
  return with_others;
}

/// The pairs of which both cards are among some, by their places.
template <class Pair>
std::vector<Pair> among(std::span<const Pair> pairs, const SomeCards& some) {
  std::vector<Pair> within;
  for (Pair pair : pairs) {
    if (!some.has(pair.a) || !some.has(pair.b)) continue;
    pair.a = some.place(pair.a);
    pair.b = some.place(pair.b);
    within.push_back(pair);
  }
  return within;
}

Solved solved_among(const CardClusterInput& input, const CardClusterOptions& options, const Control& control,
                    const SomeCards& some, std::span<const std::uint32_t> cards) {
  const std::vector<CardEdge> edges = among(input.edges, some);
  const std::vector<CardPair> must = among(input.must_links, some);
  const std::vector<CardPair> cannot = among(input.cannot_links, some);
  std::vector<std::uint32_t> sources;
  if (!input.sources.empty())
    for (const std::uint32_t card : cards) sources.push_back(input.sources[card]);
  CardClusterInput part;
  part.cards = static_cast<std::uint32_t>(cards.size());
  part.edges = edges;
  part.must_links = must;
  part.cannot_links = cannot;
  part.sources = sources;
  if (input.scorer) part.scorer = [&](std::uint32_t a, std::uint32_t b) { return input.scorer(cards[a], cards[b]); };
  Control quiet = control;  // the whole reports its progress
  quiet.progress = {};
  return solved(part, options, quiet);
}

template <class Of>
Of renumbered(Of of, std::span<const std::uint32_t> to) {
  of.a = to[of.a];
  of.b = to[of.b];
  return of;
}
CardCut renumbered(CardCut cut, std::span<const std::uint32_t> to) {
  cut.a = to[cut.a];
  cut.b = to[cut.b];
  cut.apart = renumbered(cut.apart, to);
  return cut;
}

/// One whole out of what stands of the earlier call and what was made again.
class Whole {
 public:
  /// \param part  of `cards`, numbered by their places
  Whole(std::uint32_t cards, const Earlier& earlier, const Solved& part, std::span<const std::uint32_t> cards_of_part,
        const SomeCards& some)
      : cards_(cards), earlier_(earlier), part_(part), of_part_(cards_of_part), some_(some) {}

  /// nullopt: what stands and what was made again are not all cards
  std::optional<Solved> made(const Control& control) {
    if (!take_clusters(control)) return std::nullopt;
    control.check();
    take_cuts_and_scored();
    count_components();
    return std::move(whole_);
  }

  /// The first questions of all; nullopt: some may be missing among the first `wanted`.
  [[nodiscard]] std::optional<ReviewList> reviews(std::size_t wanted) const {
    ReviewList list;
    list.all = earlier_.solved.reviews.all && part_.reviews.all;
    std::size_t sure = 2 * wanted;
    std::vector<CardReview> kept;
    for (const CardReview& each : earlier_.solved.reviews.pairs) {
      const std::uint32_t a = earlier_.now[each.a];
      const std::uint32_t b = earlier_.now[each.b];
      if (a != gone && b != gone && !(some_.has(a) && some_.has(b))) kept.push_back(renumbered(each, earlier_.now));
    }
    std::vector<CardReview> again;
    for (const CardReview& each : part_.reviews.pairs) again.push_back(renumbered(each, of_part_));
    std::merge(kept.begin(), kept.end(), again.begin(), again.end(), std::back_inserter(list.pairs),
               ReviewList::before);
    // Of a list that goes on nothing is known behind its last one.
    if (!earlier_.solved.reviews.all) {
      CardReview last = earlier_.solved.reviews.pairs.back();
      last.b = earlier_.now[last.a] == gone ? 0 : next_card(last.b);
      last.a = next_card(last.a);
      sure = std::min(sure, place(list.pairs, last));
    }
    if (!part_.reviews.all) sure = std::min(sure, place(list.pairs, again.back()) + 1);
    if (!list.all && sure < wanted) return std::nullopt;
    if (sure < list.pairs.size()) {
      list.pairs.resize(sure);
      list.all = false;
    }
    return list;
  }

 private:
  /// The number now of an earlier card, or of the next one that is there.
  [[nodiscard]] std::uint32_t next_card(std::size_t card) const {
    while (card < earlier_.now.size() && earlier_.now[card] == gone) ++card;
    return card == earlier_.now.size() ? gone : earlier_.now[card];
  }
  static std::size_t place(const std::vector<CardReview>& list, const CardReview& review) {
    return static_cast<std::size_t>(std::lower_bound(list.begin(), list.end(), review, ReviewList::before) -
                                    list.begin());
  }

  /// Calls old(c, first) for clusters that stand, and again(c, first) for others, by their first cards now.
  template <class Old, class Again>
  void each_cluster(std::uint32_t block, const Old& old, const Again& again) const {
    const CardClusters& was = earlier_.solved.clusters;
    const CardClusters& part = part_.clusters;
    std::size_t c = first_cluster_[block];
    std::size_t p = first_again_[block];
    const std::size_t end = first_cluster_[block + 1];
    const std::size_t end_again = first_again_[block + 1];
    const auto first_again = [&] { return of_part_[part.order[part.starts[p]]]; };
    std::uint32_t next = p < end_again ? first_again() : gone;
    for (; c < end; ++c) {
      const std::uint32_t first = earlier_.now[was.order[was.starts[c]]];
      if (first == gone || some_.has(first)) continue;
      while (next < first) {
        again(p, next);
        ++p;
        next = p < end_again ? first_again() : gone;
      }
      old(c, first);
    }
    for (; p < end_again; ++p) again(p, first_again());
  }

  /// In blocks of earlier cards, whatever the threads.
  bool take_clusters(const Control& control) {
    const CardClusters& was = earlier_.solved.clusters;
    const CardClusters& part = part_.clusters;
    const auto before = static_cast<std::uint32_t>(earlier_.now.size());
    const std::uint32_t cards_a_block = before / blocks_about + 1;
    const std::uint32_t blocks = before / cards_a_block + 1;
    first_cluster_.assign(blocks + 1, was.size());
    first_again_.assign(blocks + 1, part.size());
    first_cluster_[0] = first_again_[0] = 0;
    const auto place = [](std::size_t clusters, const auto& is_before) {  // of the first one that is not
      std::size_t low = 0;
      for (std::size_t high = clusters; low < high;) {
        const std::size_t middle = (low + high) / 2;
        if (is_before(middle))
          low = middle + 1;
        else
          high = middle;
      }
      return low;
    };
    for (std::uint32_t block = 1; block < blocks; ++block) {
      const std::uint32_t card = block * cards_a_block;
      first_cluster_[block] = place(was.size(), [&](std::size_t c) { return was.order[was.starts[c]] < card; });
      const std::uint32_t bound = next_card(card);
      first_again_[block] =
          place(part.size(), [&](std::size_t p) { return of_part_[part.order[part.starts[p]]] < bound; });
    }
    struct Size {
      std::uint32_t clusters{0}, cards{0}, largest{0};
    };
    std::vector<Size> sizes(blocks + 1);
    control.run(blocks, [&](std::size_t block) {
      Size& size = sizes[block + 1];
      const auto count = [&](const CardClusters& of) {
        return [&](std::size_t c, std::uint32_t) {
          const std::uint32_t cards = of.starts[c + 1] - of.starts[c];
          ++size.clusters;
          size.cards += cards;
          size.largest = std::max(size.largest, cards);
        };
      };
      each_cluster(static_cast<std::uint32_t>(block), count(was), count(part));
    });
    CardClusters& all = whole_.clusters;
    std::uint32_t& largest = all.largest_component;  // count_components() adds those of several clusters
    for (std::size_t block = 0; block < blocks; ++block) {
      sizes[block + 1].clusters += sizes[block].clusters;
      sizes[block + 1].cards += sizes[block].cards;
      largest = std::max(largest, sizes[block + 1].largest);
    }
    if (sizes.back().cards != cards_) return false;
    const std::uint32_t clusters = sizes.back().clusters;
    all.ids.resize(cards_);
    all.order.resize(cards_);
    all.starts.resize(std::size_t{clusters} + 1);
    all.starts.back() = cards_;
    all.joins.resize(cards_ - clusters);
    control.run(blocks, [&](std::size_t block) {
      std::uint32_t number = sizes[block].clusters;
      std::uint32_t at = sizes[block].cards;
      const auto take = [&](const CardClusters& of, std::span<const std::uint32_t> to) {
        return [&, to](std::size_t c, std::uint32_t first) {
          all.starts[number] = at;
          std::uint32_t join = at - number++;
          for (std::size_t j = of.starts[c] - c; j < of.starts[c + 1] - (c + 1); ++j) {
            if (j + ahead < of.joins.size()) prefetch(&to[of.joins[j + ahead].b]);
            all.joins[join++] = renumbered(of.joins[j], to);
          }
          for (std::size_t i = of.starts[c]; i < of.starts[c + 1]; ++i) {
            if (i + 2 * ahead < of.order.size()) {
              prefetch(&to[of.order[i + 2 * ahead]]);
              if (const std::uint32_t card = to[of.order[i + ahead]]; card != gone) prefetch(&all.ids[card]);
            }
            all.order[at] = to[of.order[i]];
            all.ids[all.order[at++]] = first;
          }
        };
      };
      each_cluster(static_cast<std::uint32_t>(block), take(was, earlier_.now), take(part, of_part_));
    });
    return true;
  }

  void take_cuts_and_scored() {
    CardClusters& all = whole_.clusters;
    const CardClusters& was = earlier_.solved.clusters;
    const auto stands = [&](std::uint32_t card) {
      const std::uint32_t now = earlier_.now[card];
      return now != gone && !some_.has(now);
    };
    for (const CardCut& cut : was.cuts)
      if (stands(cut.a)) all.cuts.push_back(renumbered(cut, earlier_.now));
    for (const CardCut& cut : part_.clusters.cuts) all.cuts.push_back(renumbered(cut, of_part_));
    const auto clusters_of = [&](const CardCut& cut) { return std::minmax({all.ids[cut.a], all.ids[cut.b]}); };
    std::sort(all.cuts.begin(), all.cuts.end(),
              [&](const CardCut& x, const CardCut& y) { return clusters_of(x) < clusters_of(y); });
    std::vector<CardEdge> kept;
    for (const CardEdge& edge : was.scored)
      if (stands(edge.a)) kept.push_back(renumbered(edge, earlier_.now));
    std::vector<CardEdge> again;
    for (const CardEdge& edge : part_.clusters.scored) again.push_back(renumbered(edge, of_part_));
    std::merge(kept.begin(), kept.end(), again.begin(), again.end(), std::back_inserter(all.scored),
               [](const CardEdge& x, const CardEdge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
    for (const std::uint32_t card : earlier_.solved.inexact)
      if (stands(card)) whole_.inexact.push_back(earlier_.now[card]);
    for (const std::uint32_t card : part_.inexact) whole_.inexact.push_back(of_part_[card]);
    all.inexact = whole_.inexact.size();
  }

  /// Clusters of one component have cuts between them that connect them all.
  void count_components() {
    CardClusters& all = whole_.clusters;
    std::vector<std::uint32_t> cut;  // smallest cards of clusters
    for (const CardCut& each : all.cuts) {
      cut.push_back(all.ids[each.a]);
      cut.push_back(all.ids[each.b]);
    }
    std::sort(cut.begin(), cut.end());
    cut.erase(std::unique(cut.begin(), cut.end()), cut.end());
    const auto place = [&](std::uint32_t card) {
      return static_cast<std::uint32_t>(std::lower_bound(cut.begin(), cut.end(), all.ids[card]) - cut.begin());
    };
    std::vector<std::uint32_t> above(cut.size()), cards(cut.size());
    std::iota(above.begin(), above.end(), 0U);
    const auto top = [&](std::uint32_t at) {
      while (above[at] != at) at = above[at] = above[above[at]];
      return at;
    };
    all.components = all.size();
    for (const CardCut& each : all.cuts) {
      const auto [low, high] = std::minmax({top(place(each.a)), top(place(each.b))});
      if (low == high) continue;
      above[high] = low;
      --all.components;
    }
    for (std::uint32_t at = 0; at < cut.size(); ++at) {
      const auto c = static_cast<std::size_t>(
          std::lower_bound(all.starts.begin(), all.starts.end() - 1, cut[at],
                           [&](const std::uint32_t& start, std::uint32_t card) { return all.order[start] < card; }) -
          all.starts.begin());
      std::uint32_t& size = cards[top(at)];
      size += all.starts[c + 1] - all.starts[c];
      all.largest_component = std::max(all.largest_component, size);
    }
  }

  std::uint32_t cards_;
  const Earlier& earlier_;
  const Solved& part_;
  std::span<const std::uint32_t> of_part_;
  const SomeCards& some_;
  std::vector<std::size_t> first_cluster_, first_again_;  ///< by block: of the earlier call, of the part
  Solved whole_;
};

}  // namespace

Solved solved_again(const CardClusterInput& input, const CardClusterOptions& options, const Control& control,
                    const Earlier& earlier) {
  std::optional<SomeCards> some = cards_again(input, units_of(options.threshold), earlier);
  if (!some) return solved(input, options, control);
  const std::vector<std::uint32_t> cards = some->count();
  if (cards.size() > input.cards / 2) return solved(input, options, control);
  control.check();
  const Solved part = solved_among(input, options, control, *some, cards);
  Whole whole(input.cards, earlier, part, cards, *some);
  std::optional<ReviewList> reviews = whole.reviews(options.review_pairs);
  if (!reviews) return solved(input, options, control);
  std::optional<Solved> made = whole.made(control);
  if (!made) return solved(input, options, control);
  made->reviews = std::move(*reviews);
  const auto& pairs = made->reviews.pairs;
  made->clusters.review.assign(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                                  pairs.size(), options.review_pairs)));
  return std::move(*made);
}

}  // namespace klientela::clustering
