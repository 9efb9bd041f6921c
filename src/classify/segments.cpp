// Segment tables: the built-in ones and the check that a table is complete, disjoint and reachable.
#include <algorithm>
#include <set>

#include "klientela/classify/rfm.hpp"

namespace klientela {
namespace {

void require_bins(int bins) {
  if (bins < 2 || bins > 9)
    throw Error(Code::invalid_argument, "bins must be between 2 and 9, not " + std::to_string(bins), "bins");
}

bool holds(const ScoreRange& range, int score) { return range.low <= score && score <= range.high; }

}  // namespace

std::string to_text(const ScoreCell& cell) {
  return std::to_string(cell.recency) + '/' + std::to_string(cell.frequency) + '/' + std::to_string(cell.money);
}

SegmentCheck check_segments(std::span<const SegmentRow> rows, int bins) {
  require_bins(bins);
  SegmentCheck check;
  std::vector<bool> reached(rows.size());
  for (int r = 1; r <= bins; ++r)
    for (int f = 1; f <= bins; ++f)
      for (int m = 1; m <= bins; ++m) {
        std::vector<std::uint32_t> fits;
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (holds(rows[i].recency, r) && holds(rows[i].frequency, f) && holds(rows[i].money, m))
            fits.push_back(static_cast<std::uint32_t>(i));
        if (fits.empty()) {
          check.missing.push_back({r, f, m});
          continue;
        }
        reached[fits[0]] = true;
        if (fits.size() > 1) check.overlapping.push_back({{r, f, m}, std::move(fits)});
      }
  std::set<std::string> reachable;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (reached[i])
      reachable.insert(rows[i].segment);
    else
      check.unreachable_rows.push_back(static_cast<std::uint32_t>(i));
  }
  for (const SegmentRow& row : rows)
    if (reachable.insert(row.segment).second) check.unreachable.push_back(row.segment);
  return check;
}

SegmentTable default_segments(int bins) {
  require_bins(bins);
  const int low_end = std::max(1, bins * 2 / 5);
  const ScoreRange low{1, low_end};
  const ScoreRange middle{low_end + 1, bins - low_end};  // empty for 2 bins
  const ScoreRange high{bins - low_end + 1, bins};
  const ScoreRange any{1, bins};
  const ScoreRange not_high{1, bins - low_end};
  SegmentTable table;
  table.match = SegmentMatch::unique;
  for (const SegmentRow& row :
       {SegmentRow{"Champions", high, high, high}, SegmentRow{"Loyal", high, high, not_high},
        SegmentRow{"Loyal", middle, high, any}, SegmentRow{"Potential Loyalist", high, middle, any},
        SegmentRow{"Promising", high, low, high}, SegmentRow{"New", high, low, not_high},
        SegmentRow{"Need Attention", middle, middle, any}, SegmentRow{"About To Sleep", middle, low, any},
        SegmentRow{"Can't Lose", low, high, high}, SegmentRow{"At Risk", low, high, not_high},
        SegmentRow{"At Risk", low, middle, any}, SegmentRow{"At Risk", low, low, high},
        SegmentRow{"Lost", low, low, not_high}}) {
    const bool empty =
        row.recency.low > row.recency.high || row.frequency.low > row.frequency.high || row.money.low > row.money.high;
    if (!empty) table.rows.push_back(row);
  }
  return table;
}

SegmentTable rfm10_segments() {
  return {.rows = {{"Champions", {5, 5}, {5, 5}, {5, 5}},
                   {"Potential Loyalist", {3, 5}, {3, 5}, {2, 5}},
                   {"Loyal", {2, 4}, {2, 4}, {2, 4}},
                   {"Promising", {3, 4}, {1, 3}, {3, 5}},
                   {"New", {4, 5}, {1, 3}, {1, 5}},
                   {"Can't Lose", {1, 2}, {3, 4}, {4, 5}},
                   {"At Risk", {1, 2}, {2, 5}, {4, 5}},
                   {"Need Attention", {1, 3}, {3, 5}, {3, 5}},
                   {"About To Sleep", {2, 3}, {1, 3}, {1, 4}},
                   {"Lost", {1, 1}, {1, 5}, {1, 5}}},
          .match = SegmentMatch::first,
          .otherwise = "Others"};
}

}  // namespace klientela
