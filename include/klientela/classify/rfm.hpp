// Recency, frequency, money: scores by quantiles, ranks or fixed cut-offs, and segments by a table that is checked.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/threshold.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

enum class ScoreMethod : std::uint8_t {
  quantile,  ///< edges are type-7 quantiles (Hyndman and Fan) at k/bins; bins are (lo, hi], so equal values share a
             ///< score
  rank,      ///< rank r of n, ascending, falls into bin ceil(r * bins / n); ties by TiePolicy
  fixed,     ///< edges are the measure's cutoffs; bins are (lo, hi]
};

/// The rank that equal values get. With average, min and max they share it, and so the score; first gives them
/// successive ranks in client order, so bins are of equal size and equal clients may differ.
enum class TiePolicy : std::uint8_t { average, min, max, first };

enum class BestScore : std::uint8_t {
  high,  ///< `bins` is best
  low,   ///< 1 is best
};

enum class Nesting : std::uint8_t {
  independent,  ///< each measure is cut over all clients
  nested,       ///< frequency is cut within each recency bin, money within each recency x frequency bin
};

enum class SegmentMatch : std::uint8_t {
  first,   ///< the first row that fits; rows may overlap
  unique,  ///< rows must not overlap
};

/// Whole scores from low to high, both in.
struct ScoreRange {
  int low{1};
  int high{9};
  friend bool operator==(const ScoreRange&, const ScoreRange&) = default;
};

/// Clients whose three scores lie in the ranges belong to the segment. A segment may have several rows.
struct SegmentRow {
  std::string segment;
  ScoreRange recency;
  ScoreRange frequency;
  ScoreRange money;
  friend bool operator==(const SegmentRow&, const SegmentRow&) = default;
};

struct SegmentTable {
  std::vector<SegmentRow> rows;
  SegmentMatch match{SegmentMatch::first};
  std::string otherwise{};  ///< segment of cells that no row covers; empty: there must be none
  friend bool operator==(const SegmentTable&, const SegmentTable&) = default;
};

struct ScoreCell {
  int recency;
  int frequency;
  int money;
  friend auto operator<=>(const ScoreCell&, const ScoreCell&) = default;
};
/// "5/4/1".
[[nodiscard]] std::string to_text(const ScoreCell& cell);

/// What check_segments found.
struct SegmentCheck {
  struct Overlap {
    ScoreCell cell;
    std::vector<std::uint32_t> rows;  ///< indexes of the two or more rows that fit, ascending
  };
  std::vector<ScoreCell> missing;    ///< cells that no row fits, in cell order; `otherwise` is not considered
  std::vector<Overlap> overlapping;  ///< in cell order
  std::vector<std::uint32_t> unreachable_rows;  ///< rows to which no cell goes when the first fit wins
  std::vector<std::string> unreachable;         ///< segments all of whose rows are unreachable, in table order
  [[nodiscard]] bool complete() const noexcept { return missing.empty(); }
  [[nodiscard]] bool disjoint() const noexcept { return overlapping.empty(); }
  [[nodiscard]] bool reachable() const noexcept { return unreachable.empty(); }
};

/// Looks at all bins^3 cells. Ranges may reach outside [1, bins]. O(bins^3 * rows).
/// \throws Error invalid_argument unless 2 <= bins <= 9
[[nodiscard]] SegmentCheck check_segments(std::span<const SegmentRow> rows, int bins);

/// Our own table: Champions, Loyal, Potential Loyalist, New, Promising, Need Attention, About To Sleep, Can't Lose,
/// At Risk, Lost; complete, disjoint and reachable for every number of bins from 3; for 2 bins the segments that need a
/// middle score are absent. Scores are with `bins` best. \throws Error invalid_argument unless 2 <= bins <= 9
[[nodiscard]] SegmentTable default_segments(int bins = 5);
/// The table of the R package rfm 0.3, for 5 bins with 5 best, in order of match; the rest is "Others".
[[nodiscard]] SegmentTable rfm10_segments();

struct RfmMeasure {
  std::string column;
  bool low_is_better{false};
  /// fixed only: bins - 1 ascending numbers; each stands for the shortest decimal that reads as that double
  std::vector<double> cutoffs{};
  friend bool operator==(const RfmMeasure&, const RfmMeasure&) = default;
};

struct RfmOptions {
  RfmMeasure recency{"recency_days", true};
  RfmMeasure frequency{"frequency", false};
  RfmMeasure money{"money_net", false};
  int bins{5};  ///< 2 to 9
  ScoreMethod method{ScoreMethod::quantile};
  TiePolicy ties{TiePolicy::average};  ///< rank only
  BestScore best{BestScore::high};
  Nesting nesting{Nesting::independent};  ///< nested is for quantile and rank
  /// In the scores that the clients get, so with BestScore::low 1 is best here too. None: default_segments(bins),
  /// mirrored for BestScore::low.
  std::optional<SegmentTable> segments;
  friend bool operator==(const RfmOptions&, const RfmOptions&) = default;
};

/// An edge of frozen RFM scores. A value above `at` is above the edge; where a tie was cut (TiePolicy::first), so is a
/// value equal to it of a client that comes after `last_client` in canonical order.
struct RfmEdge {
  Threshold at;
  std::optional<std::string> last_client;
  friend bool operator==(const RfmEdge&, const RfmEdge&) = default;
};

/// Frozen RFM. Columns: <prefix>_r, <prefix>_f, <prefix>_m (int8, 1 to bins; null, with value 0, where the client has
/// no score) and <prefix>_segment (label); the prefix is the classifier's name.
/// A client has scores where all three measures have a value (float measures: a finite one); others, such as clients
/// who never bought, get none and the segment "none".
class RfmModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "rfm"; }
  [[nodiscard]] const RfmOptions& options() const noexcept;
  /// The table in use.
  [[nodiscard]] const SegmentTable& segments() const noexcept;
  /// bins - 1 edges of measure 0 (recency), 1 or 2, ascending by value. Nested: of group 0 to bins^measure - 1, the
  /// group being the number of the earlier measures' bins (lowest values: 0, recency most significant). A group that
  /// nobody was in has the edges of the whole. \throws Error out_of_range
  [[nodiscard]] const std::vector<RfmEdge>& edges(std::size_t measure, std::size_t group = 0) const;
  /// O(rows). \throws Error not_found naming an absent column; invalid_argument for one that is not a number; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static RfmModel from_json(const std::string& name, std::string_view json,
                                          const std::string& pointer = {});

  struct Data;
  explicit RfmModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class RfmClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object, naming what contradicts itself:
  ///         a segment table with holes (the missing cells are in the message), overlaps, unreachable segments, cutoffs
  ///         that do not ascend, an empty name, bins out of range
  explicit RfmClassifier(RfmOptions options = {}, std::string name = "rfm");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "rfm"; }
  [[nodiscard]] const RfmOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// Edges out of the clients that have scores; without any, all edges are Threshold's lowest, and scores of later
  /// clients are the highest bin. On exact measures all edges and comparisons are exact; on float measures an edge is
  /// interpolated in double arithmetic and kept between its two neighbours, so the fitted clients are scored as exact
  /// arithmetic would. Deterministic for any number of threads. O(rows), no sort.
  /// \throws Error not_found naming an absent column; invalid_argument for one that is not a number, or if a tie must
  /// be
  ///         cut and the rows are not in client order; cancelled
  [[nodiscard]] RfmModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static RfmClassifier from_json(std::string_view json, const std::string& name = "rfm",
                                               const std::string& pointer = {});

 private:
  RfmOptions options_;
  std::string name_;
};

}  // namespace klientela
