// What a threshold of scores is expected to find and to miss, and scores set right by judged pairs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "klientela/dedupe/link_model.hpp"

namespace klientela {

/// What is expected when all pairs that score at least `threshold` count as one client.
struct ThresholdRow {
  double threshold{0};    ///< bits; inclusive
  double probability{0};  ///< that a pair of just this score is one client
  double pairs{0};        ///< at or above it
  double matches{0};      ///< expected pairs of one client among them
  double precision{0};    ///< matches / pairs; 1 without pairs
  double recall{0};       ///< matches / expected matches of all candidate pairs; 1 without any
  double f1{0};           ///< 2 precision x recall / (precision + recall); 0 without matches
};

/// A row for each different score, the highest first: pairs, matches and recall rise, precision falls (or stays).
/// Expectations are sums of the pairs' probabilities: as good as these, and of the candidate pairs alone. Matches that
/// no blocking rule found are not among them.
class ThresholdTable {
 public:
  /// The same bytes for any order. O(n log n)
  /// \param scores  bits, finite, at most 1e6 in size; one for each pair or pattern
  /// \param counts  pairs by score, 0 to 1e15; empty: one each
  /// \throws Error invalid_argument naming the argument, as in "counts[2]": no pair at all, lengths that differ
  ThresholdTable(std::span<const double> scores, std::span<const double> counts);
  /// Of candidate pairs by pattern; without term frequencies. \throws Error as LinkModel::score(), "patterns"
  ThresholdTable(const LinkModel& model, const PatternCounts& patterns);

  [[nodiscard]] const std::vector<ThresholdRow>& rows() const noexcept { return rows_; }
  /// For any threshold: its own, and the figures of the pairs at or above it. O(log n)
  /// \throws Error invalid_argument "threshold" for NaN
  [[nodiscard]] ThresholdRow at(double threshold) const;
  /// The lowest threshold at which precision is expected to be no lower; none: it is nowhere. O(n)
  /// \throws Error out_of_range "precision" unless in [0, 1]
  [[nodiscard]] std::optional<ThresholdRow> for_precision(double precision) const;
  /// The row of the best expected F1, of several the highest threshold.
  [[nodiscard]] ThresholdRow best_f1() const;

 private:
  std::vector<ThresholdRow> rows_;
  double matches_{0};  ///< expected of all pairs
};

/// A curve from scores to probabilities, learnt from judged pairs, for where the model's own are off (comparisons that
/// depend on each other make them too sure).
class ScoreCalibration {
 public:
  /// Changes nothing.
  ScoreCalibration() = default;
  /// log2 odds = slope x score + offset (Platt 1999): two numbers, for some tens of judged pairs. Fitted by Newton's
  /// method to targets (n1 + 1) / (n1 + 2) and 1 / (n2 + 2), as published, which keeps it finite; slope is at least 0.
  /// O(n)
  /// \param scores   bits, finite, at most 1e6 in size
  /// \param matches  how many of the pairs of a score were judged one client; \param others  two clients
  /// \throws Error invalid_argument naming the argument: no match, or no other; lengths that differ
  [[nodiscard]] static ScoreCalibration platt(std::span<const double> scores, std::span<const double> matches,
                                              std::span<const double> others);

  [[nodiscard]] double slope() const noexcept { return slope_; }
  [[nodiscard]] double offset() const noexcept { return offset_; }  ///< bits
  /// The score that stands for the same evidence and means what it says.
  [[nodiscard]] double operator()(double score) const noexcept { return slope_ * score + offset_; }

 private:
  double slope_{1};
  double offset_{0};
};

}  // namespace klientela
