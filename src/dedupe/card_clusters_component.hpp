// One component of the graph of cards, and the ways to part it into clusters; what its steps share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "klientela/dedupe/card_clusters.hpp"

namespace klientela::clustering {

/// Scores as whole steps, so that sums are exact in any order.
using Units = std::int32_t;
inline constexpr double steps = 65536;
inline constexpr double largest_score = 1024;
/// What the threshold is above `unscored` at least: how often a link can lose rank before it is out depends on it.
inline constexpr double least_penalty = 1;
inline constexpr Units no_score = std::numeric_limits<Units>::min();

[[nodiscard]] inline Units units_of(double score) noexcept {
  return static_cast<Units>(std::lrint(std::clamp(score, -largest_score, largest_score) * steps));
}

/// a < b
struct Edge {
  std::uint32_t a;
  std::uint32_t b;
  Units units;
};

/// What holds for all components of a call.
struct Rules {
  const CardClusterOptions& options;
  Units threshold;
  Units unscored;
  std::span<const std::uint32_t> sources;  ///< empty: none
  const CardPairScorer& scorer;
  const Control& control;
  std::span<const std::uint32_t> local_of;  ///< place of each card in its component
  std::span<std::uint32_t> leader_of;       ///< written: smallest card of each card's cluster
};

/// What a range of components gives.
struct Output {
  std::vector<CardJoin> joins;
  std::vector<CardCut> cuts;
  std::vector<Edge> scored;
  std::vector<std::uint32_t> inexact;  ///< a card of each component that was too large for the exact way
};

/// From two numbers to one, open addressing. Forgets nothing; reset() keeps the memory.
class PairTable {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  void reset(std::size_t expected) {
    bits_ = 3;
    while ((std::size_t{1} << bits_) < 2 * expected) ++bits_;
    keys_.assign(std::size_t{1} << bits_, empty);
    values_.resize(keys_.size());
    used_ = 0;
  }
  [[nodiscard]] std::uint32_t find(std::uint32_t u, std::uint32_t v) const noexcept {
    const std::uint64_t key = key_of(u, v);
    for (std::size_t i = place(key);; i = (i + 1) & (keys_.size() - 1)) {
      if (keys_[i] == key) return values_[i];
      if (keys_[i] == empty) return none;
    }
  }
  /// Overwrites.
  void put(std::uint32_t u, std::uint32_t v, std::uint32_t value) {
    if (2 * (used_ + 1) > keys_.size()) grow();
    const std::uint64_t key = key_of(u, v);
    std::size_t i = place(key);
    while (keys_[i] != key && keys_[i] != empty) i = (i + 1) & (keys_.size() - 1);
    if (keys_[i] == empty) ++used_;
    keys_[i] = key;
    values_[i] = value;
  }

 private:
  static constexpr std::uint64_t empty = ~std::uint64_t{0};
  static std::uint64_t key_of(std::uint32_t u, std::uint32_t v) noexcept { return std::uint64_t{u} << 32 | v; }
  [[nodiscard]] std::size_t place(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> (64 - bits_));
  }
  void grow() {
    std::vector<std::uint64_t> keys(keys_.size() * 2, empty);
    std::vector<std::uint32_t> values(keys.size());
    keys.swap(keys_);
    values.swap(values_);
    ++bits_;
    used_ = 0;
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (keys[i] != empty)
        put(static_cast<std::uint32_t>(keys[i] >> 32), static_cast<std::uint32_t>(keys[i]), values[i]);
  }

  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> values_;
  std::size_t used_{0};
  unsigned bits_{0};
};

/// All that is known of the pairs between two nodes.
struct Link {
  std::uint32_t u;  ///< u < v until one of them is merged into a third
  std::uint32_t v;
  std::int64_t sum{0};        ///< of the scores
  std::uint64_t scored{0};    ///< pairs with a score
  std::uint64_t reaching{0};  ///< those whose score reaches the threshold
  Units best{no_score};       ///< the highest, of the cards a and b
  std::uint32_t a{0};
  std::uint32_t b{0};
  double key{0};               ///< what it stands with in the heap; -infinity: not there
  bool apart{false};           ///< a cannot-link lies between
  bool counts_missing{false};  ///< its missing pairs cannot be scored any more
  bool alive{true};
};

/// The graph of one component at a time. A node is a card, or cards that must-links or joins have made one. Reused from
/// component to component for its memory. Nodes keep the order of their smallest cards.
class Component {
 public:
  explicit Component(const Rules& rules) : rules_(rules) {}

  /// \param cards ascending; edges within them, by (a, b); must and cannot: links within them, a < b
  void solve(std::span<const std::uint32_t> cards, std::span<const Edge> edges, std::span<const CardPair> must,
             std::span<const CardPair> cannot, Output& out);

 private:
  static constexpr std::uint32_t none = PairTable::none;
  enum class Measure { average, total };
  struct Entry {
    double key;
    std::uint32_t u, v, link;
  };
  /// Whether x comes out of the heap after y.
  static bool later(const Entry& x, const Entry& y) noexcept {
    if (x.key != y.key) return x.key < y.key;
    return x.u != y.u ? x.u > y.u : x.v > y.v;
  }

  // card_clusters_component.cpp: the graph
  void build();
  void join_must_links();
  void build_links();
  void add_to(Link& link, const Edge& edge) const noexcept;
  std::uint32_t link_between(std::uint32_t u, std::uint32_t v);
  std::uint32_t root(std::uint32_t node) noexcept;
  [[nodiscard]] bool is_apart(const Link& link) const;
  [[nodiscard]] std::uint64_t pairs_of(const Link& link) const noexcept {
    return std::uint64_t{size_[link.u]} * size_[link.v];
  }
  [[nodiscard]] double average_of(const Link& link) const noexcept;
  void record(const Link& link, CardJoinReason reason, std::uint32_t a, std::uint32_t b, Units best);
  void merge(std::uint32_t index);
  /// Makes the clusters of both ends of a link as built one; false: they are, or may not be.
  bool try_join(const Link& first, CardJoinReason reason);
  [[nodiscard]] std::vector<Link> strongest_links() const;
  Edge ask(std::uint32_t i, std::uint32_t j);
  void score_missing();
  void record_cuts();
  void set_reason(CardCut& cut, const Link& between) const;

  // the methods
  void join_strongest(CardJoinReason reason);
  double key_of(const Link& link, Measure measure) const noexcept;
  void push(std::uint32_t link, Measure measure);
  bool score_between(Link& link);
  void agglomerate(Measure measure);
  [[nodiscard]] std::vector<std::uint64_t> degrees() const;
  void star();
  void merge_center();
  void solve_method();
  // card_clusters_correlation.cpp
  void correlation();
  [[nodiscard]] double gain_of(std::int64_t sum, std::uint64_t scored, std::uint64_t pairs) const noexcept;
  void refine();
  [[nodiscard]] double objective() const;
  // card_clusters_cut.cpp
  void min_cut();
  // card_clusters_assignment.cpp
  [[nodiscard]] std::uint8_t lists_of(std::uint32_t node) const;
  void assign_one_to_one();
  void assign_one_to_many();

  const Rules& rules_;
  std::span<const std::uint32_t> cards_;
  std::span<const CardPair> must_;
  std::span<const CardPair> cannot_;
  Output* out_{nullptr};
  std::vector<Edge> edges_;  ///< given and scored; by place in the component
  std::uint64_t budget_{0};  ///< pairs that may still be scored

  std::vector<std::uint32_t> node_of_;                              ///< by card
  std::vector<std::uint32_t> next_;                                 ///< by card: the next of its node
  std::vector<std::uint32_t> first_, last_, size_, parent_, head_;  ///< by node; head_: its first half of a link
  std::vector<Link> links_;
  std::vector<std::uint32_t> next_half_;  ///< by half; halves 2i and 2i+1 of link i hang at its u and v
  PairTable table_;                       ///< node, node -> link
  PairTable known_;                       ///< card, card: has a score
  PairTable sources_;                     ///< node, source -> card
  std::vector<Entry> heap_;
  std::vector<std::uint32_t> touched_;  ///< links that the last merge changed
  std::vector<std::uint32_t> heads_;    ///< by node: smallest card of its cluster

  std::vector<std::uint32_t> label_;      ///< by node: what correlation and min_cut make one; empty: anything may be
  std::vector<std::uint8_t> by_average_;  ///< by label: parts that min_cut leaves to average linkage
  std::uint64_t work_{0};                 ///< steps left of exact work
  bool inexact_{false};
};

}  // namespace klientela::clustering
