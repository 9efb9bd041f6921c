// Scores of pairs as sums of table entries, the same as LinkModel::explain() gives.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "dedupe/card_data.hpp"
#include "dedupe/pair_comparer.hpp"
#include "klientela/dedupe/link_model.hpp"

namespace klientela::dedupe {

/// The share of a field's values among the cards that have one and equal no earlier card.
class Shares {
 public:
  Shares() = default;
  Shares(const FieldColumn& column, std::span<const std::uint32_t> same) : filled_(static_cast<double>(column.filled)) {
    ColumnVector<std::uint32_t> counts = column.counts;
    for (std::uint32_t card = 0; card < same.size(); ++card) {
      if (same[card] == card || column.empty() || column.first[card] == no_code) continue;
      column.each(card, [&](std::uint32_t code) { --counts[code]; });
      --filled_;
    }
    counts_ = Grown<std::uint32_t>(std::move(counts));
  }
  [[nodiscard]] std::size_t size() const noexcept { return counts_.size(); }
  /// Of values that came later: as if one of the cards had each of them.
  void grow(std::size_t distinct) {
    while (counts_.size() < distinct) counts_.push_back(1);
    counts_.settle_if_many();
  }
  /// 0 where none of the cards has a value.
  [[nodiscard]] double operator()(std::uint32_t code) const noexcept {
    return filled_ == 0 ? 0 : std::min(1.0, counts_[code] / filled_);
  }

 private:
  Grown<std::uint32_t> counts_;
  double filled_{0};
};

/// Scores of pairs: sums of table entries, the same as LinkModel::explain() gives but for what is adjusted.
class PairScorer {
 public:
  /// \param same  as Duplicates::representatives(): cards that equal an earlier one do not make a value frequent
  PairScorer(const PairComparer& comparer, const LinkModel& model, std::span<const std::uint32_t> same,
             const Control& control)
      : comparer_(&comparer), prior_(model.prior_weight()), shared_(shared(model)) {
    const auto& comparisons = comparer.comparisons();
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      const auto weights = model.weights(i);
      std::array<double, 16> row{};
      std::copy(weights.begin(), weights.end(), row.begin());
      weights_.push_back(row);
    }
    shares_.resize(comparisons.size());
    terms_.resize(comparisons.size());
    highest_term_.resize(comparisons.size());
    adjusted_.resize(comparisons.size());
    control.run(comparisons.size(), [&](std::size_t i) {
      shares_[i] = Shares((*comparer.cards().data())[comparisons[i].field], same);
      add_terms(model, i);
    });
    bound();
  }
  /// Of cards that grew out of those: shares are as they were.
  PairScorer(const PairScorer& before, const PairComparer& comparer, const LinkModel& model)
      : comparer_(&comparer),
        prior_(before.prior_),
        shared_(before.shared_),
        weights_(before.weights_),
        shares_(before.shares_),
        terms_(before.terms_),
        highest_term_(before.highest_term_),
        adjusted_(before.adjusted_) {
    const auto& comparisons = comparer.comparisons();
    for (std::size_t i = 0; i < comparisons.size(); ++i)
      shares_[i].grow((*comparer.cards().data())[comparisons[i].field].distinct());
    for (std::size_t i = 0; i < comparisons.size(); ++i) add_terms(model, i);
    bound();
    for (std::size_t i = 0; i < comparisons.size(); ++i)
      if (!terms_[i].empty()) terms_[i].resize(shares_[i].size(), 0);
  }

  /// Makes agreement on a value worth `bits` more; below 0: less.
  void adjust(std::size_t comparison, std::uint32_t code, double bits) {
    terms_[comparison].resize(shares_[comparison].size(), 0);
    terms_[comparison][code] += bits;
    highest_term_[comparison] = std::max(highest_term_[comparison], terms_[comparison][code]);
    adjusted_[comparison][code] += bits;
  }
  /// What adjust() made of it; 0 where it made nothing.
  [[nodiscard]] double adjusted(std::size_t comparison, std::uint32_t code) const noexcept {
    const auto found = adjusted_[comparison].find(code);
    return found == adjusted_[comparison].end() ? 0 : found->second;
  }
  /// The share of a value that a comparison finds in common. \pre code < distinct values of its field
  [[nodiscard]] double share(std::size_t comparison, std::uint32_t code) const noexcept {
    return shares_[comparison](code);
  }
  [[nodiscard]] double operator()(CardPair pair, Pattern pattern) const {
    double score = prior_;
    Terms terms{};
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const std::uint8_t level = level_of(pattern, i);
      score += weights_[i][level];
      if (terms_[i].empty() || level != comparer_->highest(i)) continue;
      const std::uint32_t value = comparer_->common_value(pair, i);
      if (value != no_code) score += terms[i] = terms_[i][value];
    }
    return score + shared_weight(pattern, terms);
  }

  /// Calls take(pair, score) for the pairs that score at least so many bits, in their order. What is cheap is looked at
  /// first, and nothing more once the rest cannot make up for it; sums of weights are exact, so what they are bounded
  /// by is, too. Texts are looked at last, and asked for ahead.
  template <class Take>
  void each_at_least(double least, std::span<const CardPair> pairs, PairComparer::Memory& memory, Take take) const {
    std::array<Begun, PairComparer::chunk> begun;
    for (std::size_t p = 0; p < pairs.size();) {
      std::size_t count = 0;
      for (; p < pairs.size() && count < begun.size(); ++p) {
        comparer_->ask_ahead(pairs, p);
        begun[count].pair = pairs[p];
        if (begin(least, begun[count])) ++count;
      }
      comparer_->each_asked(
          count,
          [&](std::size_t at) {
            return PairComparer::Open{begun[at].pair, begun[at].open};
          },
          [&](std::size_t at) {
            if (const double score = finish(least, begun[at], memory); score >= least) take(begun[at].pair, score);
          });
    }
  }

 private:
  using Terms = std::array<double, max_card_comparisons>;

  /// A pair of which all is known but what texts tell.
  struct Begun {
    CardPair pair;
    std::uint32_t open{0};     ///< places with two values whose level is not known
    std::uint32_t similar{0};  ///< those of them that are at most similar
    bool whole{false};         ///< several values, or names that may have changed places: all of it is to be compared
    double score{0};           ///< at most
    Pattern pattern{0};        ///< levels that are known
  };
  /// False: the pair cannot score so much.
  [[nodiscard]] bool begin(double least, Begun& pair) const;
  /// The score; a number below `least` where it is below.
  [[nodiscard]] double finish(double least, Begun pair, PairComparer::Memory& memory) const;

  /// A model where it has classes; else one without fields, which is cheap to copy.
  static LinkModel shared(const LinkModel& model) { return model.classes().empty() ? LinkModel() : model; }
  /// What classes explain of a pattern with these term weights.
  [[nodiscard]] double shared_weight(Pattern pattern, const Terms& terms) const {
    if (shared_.classes().empty()) return 0;
    std::array<std::uint8_t, max_card_comparisons> levels{};
    for (std::size_t i = 0; i < weights_.size(); ++i) levels[i] = level_of(pattern, i);
    return shared_.shared_weight({levels.data(), weights_.size()}, {terms.data(), weights_.size()});
  }
  /// What a comparison may be worth at most, by what is known of it.
  struct Most {
    double differing{0};  ///< the first values are not the same
    double similar{0};    ///< they are Likeness::at_most_similar
    double several{0};    ///< nothing is: a card has several values; without the term
  };

  void add_terms(const LinkModel& model, std::size_t i) {
    if (model.fields()[i].tf_weight <= 0) return;
    const std::size_t distinct = (*comparer_->cards().data())[comparer_->comparisons()[i].field].distinct();
    terms_[i].reserve(distinct);
    for (auto code = static_cast<std::uint32_t>(terms_[i].size()); code < distinct; ++code) {
      terms_[i].push_back(model.term_weight(i, shares_[i](code)));
      highest_term_[i] = std::max(highest_term_[i], terms_[i].back());
    }
  }
  void bound();

  const PairComparer* comparer_;
  double prior_;
  LinkModel shared_;
  std::vector<std::array<double, 16>> weights_;
  std::vector<Shares> shares_;
  std::vector<ColumnVector<double>> terms_;  ///< by value; empty: all 0
  std::vector<double> highest_term_;         ///< by comparison, at least 0
  std::vector<std::unordered_map<std::uint32_t, double>> adjusted_;
  std::vector<Most> most_;           ///< by comparison
  std::vector<std::uint8_t> order_;  ///< places in PairComparer::live(), those first that may tell of most
};

}  // namespace klientela::dedupe
