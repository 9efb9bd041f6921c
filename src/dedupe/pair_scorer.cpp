// Scores of the pairs that reach a limit; of the others as little as shows that they do not.
#include "dedupe/pair_scorer.hpp"

#include <limits>
#include <numeric>

#include "dedupe/value_levels.hpp"

namespace klientela::dedupe {

void PairScorer::bound() {
  const auto& comparisons = comparer_->comparisons();
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    const std::size_t highest = comparer_->highest(i);
    const auto most = [&](std::size_t end) {
      return *std::max_element(weights_[i].begin() + 1, weights_[i].begin() + static_cast<std::ptrdiff_t>(end));
    };
    // Values of several forms may differ and be the same where it counts.
    most_.push_back({.differing = most(forms(comparisons[i].field).size() > 1 ? highest + 1 : highest),
                     .similar = most(std::min<std::size_t>(Verdict::similar, highest) + 1),
                     .several = most(highest + 1)});
  }
  const auto live = comparer_->live();
  order_.resize(live.size());
  std::iota(order_.begin(), order_.end(), std::uint8_t{0});
  const auto gain = [&](std::size_t k) { return most_[live[k]].differing - weights_[live[k]][1]; };
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t x, std::size_t y) { return gain(x) > gain(y); });
}

bool PairScorer::begin(double least, Begun& begun) const {
  const PairComparer& comparer = *comparer_;
  const std::uint32_t* const a = comparer.row(begun.pair.a);
  const std::uint32_t* const b = comparer.row(begun.pair.b);
  const auto live = comparer.live();
  const std::uint32_t several = comparer.several(a, b);
  std::uint32_t open = 0;
  std::uint32_t similar = 0;
  bool any = false;  // value that both have
  double score = prior_ + shared_.highest_shared_weight();
  Pattern pattern = 0;
  for (std::size_t k = 0; k < live.size(); ++k) {
    if (a[k] == no_code || b[k] == no_code) continue;
    any = true;
    const std::size_t i = live[k];
    if ((several >> k & 1U) != 0) {
      score += most_[i].several + highest_term_[i];
    } else if (a[k] == b[k]) {
      pattern |= Pattern{comparer.highest(i)} << (4 * i);
      score += weights_[i][comparer.highest(i)];
      if (!terms_[i].empty()) score += terms_[i][a[k]];
    } else {
      score += most_[i].differing;
      open |= std::uint32_t{1} << k;
    }
  }
  // Names in each other's place have a level of their own, also where one of them is missing.
  bool may_cross = false;
  double crossed = 0;  // bits that count for it above
  if (const std::size_t given = comparer.given_place(); given != PairComparer::nowhere) {
    const std::size_t family = comparer.family_place();
    const auto missing = [&](std::size_t k) { return a[k] == no_code || b[k] == no_code; };
    may_cross = (missing(given) || a[given] != b[given]) && (missing(family) || a[family] != b[family]);
    for (const std::size_t k : {given, family})
      if (may_cross && missing(k)) crossed += std::max(0.0, weights_[live[k]][name_crossed]);
    score += crossed;
  }
  if (score < least) return false;
  const auto settle = [&](std::size_t k, std::uint8_t level) {
    score += weights_[live[k]][level] - most_[live[k]].differing;
    pattern |= Pattern{level} << (4 * live[k]);
    open &= ~(std::uint32_t{1} << k);
    return score < least;
  };
  if (const std::size_t born = comparer.born_place(); born != PairComparer::nowhere && (open >> born & 1U) != 0 &&
                                                      settle(born, comparer.birthday_level(a[born], b[born])))
    return false;
  begun.whole = may_cross && !comparer.surely_not_crossed(a, b);
  if (!begun.whole) {
    if (!any) return false;
    score -= crossed;
    if (score < least) return false;
    for (const std::size_t k : order_) {
      if ((open >> k & 1U) == 0) continue;
      const Likeness likeness = comparer.likeness(live[k], a[k], b[k]);
      if (likeness == Likeness::different && settle(k, 1)) return false;
      if (likeness != Likeness::at_most_similar) continue;
      similar |= std::uint32_t{1} << k;
      score += most_[live[k]].similar - most_[live[k]].differing;
      if (score < least) return false;
    }
    begun.whole = several != 0;
  }
  begun.open = open;
  begun.similar = similar;
  begun.score = score;
  begun.pattern = pattern;
  return true;
}

double PairScorer::finish(double least, Begun begun, PairComparer::Memory& memory) const {
  const PairComparer& comparer = *comparer_;
  if (begun.whole) {
    const Pattern pattern = comparer(begun.pair, memory);
    return pattern == no_evidence ? -std::numeric_limits<double>::infinity() : (*this)(begun.pair, pattern);
  }
  const std::uint32_t* const a = comparer.row(begun.pair.a);
  const std::uint32_t* const b = comparer.row(begun.pair.b);
  const auto live = comparer.live();
  for (const std::size_t k : order_) {
    if ((begun.open >> k & 1U) == 0) continue;
    const std::uint8_t level = comparer.level_by_texts(k, a[k], b[k], &memory);
    begun.pattern |= Pattern{level} << (4 * live[k]);
    const Most& most = most_[live[k]];
    begun.score += weights_[live[k]][level] - ((begun.similar >> k & 1U) != 0 ? most.similar : most.differing);
    if (begun.score < least) return begun.score;
  }
  if (shared_.classes().empty()) return begun.score;
  Terms terms{};
  for (std::size_t k = 0; k < live.size(); ++k)
    if (a[k] == b[k] && a[k] != no_code && !terms_[live[k]].empty()) terms[live[k]] = terms_[live[k]][a[k]];
  return begun.score + shared_weight(begun.pattern, terms) - shared_.highest_shared_weight();
}

}  // namespace klientela::dedupe
