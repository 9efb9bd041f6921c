// What stands behind a FeatureTable: columns in row order that a refresh may write to, and where each client's row is.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/purchases.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/features/features.hpp"
#include "klientela/features/summary.hpp"

namespace klientela::features_internal {

inline constexpr std::int32_t null_int32 = null_day;  ///< marks null in int32 slots that can be null

/// One column in the making. Null rows hold a marker (null_day, null_number, NaN, no_code), so that validity can be
/// told from the values alone and moves with them.
struct Slot {
  std::string name;
  ColumnType type{ColumnType::int32};
  bool nullable{false};
  int valid_as{-1};             ///< index in the same group of a slot with the same nulls, or -1
  bool derived{false};          ///< follows from other slots: whoever inserts rows computes it again
  Buffer<std::int32_t> narrow;  ///< int32, day, term
  Buffer<std::int64_t> wide;    ///< int64, money
  Buffer<double> real;          ///< float64
  Buffer<std::uint8_t> valid;   ///< made by seal()
  std::size_t nulls{0};
  std::shared_ptr<const std::vector<std::string>> labels;

  [[nodiscard]] bool is_narrow() const noexcept {
    return type == ColumnType::int32 || type == ColumnType::day || type == ColumnType::term;
  }
  [[nodiscard]] std::int32_t* int32s() noexcept { return narrow.data(); }
  [[nodiscard]] std::uint32_t* codes() noexcept { return reinterpret_cast<std::uint32_t*>(narrow.data()); }
  [[nodiscard]] std::int64_t* int64s() noexcept { return wide.data(); }
  [[nodiscard]] double* doubles() noexcept { return real.data(); }
};

/// A client's purchase days and periods so far, which later orders are added to.
struct HistorySum {
  GapSummary gaps;
  ActivityAccumulator activity;
};

/// All slots by group, n rows each. Owner of every column given out.
struct Store {
  std::size_t rows{0};
  Buffer<HistorySum> sums;  ///< by row; empty where no group needs it, or more would have to be kept
  std::array<std::vector<Slot>, feature_group_count> groups;

  [[nodiscard]] std::vector<Slot>& operator[](FeatureGroup group) noexcept {
    return groups[static_cast<std::size_t>(group)];
  }
  [[nodiscard]] Slot& slot(FeatureGroup group, std::string_view name);
  /// Adds a slot whose values are not set yet.
  Slot& add(FeatureGroup group, std::string name, ColumnType type, bool nullable, int valid_as = -1);
  /// Makes room for rows: positions are those of the new rows afterwards, ascending. Values there are markers of null,
  /// or zero in slots without nulls; derived slots get
  /// room only.
  void insert_rows(std::span<const std::uint32_t> positions, const Control& control);
  [[nodiscard]] std::shared_ptr<Store> clone(const Control& control) const;
};

/// Validity bits of a slot from its markers. O(rows), parallel.
void seal(Slot& slot, std::size_t rows, const Control& control);
/// Seals every slot of a group.
void seal(Store& store, FeatureGroup group, const Control& control);
/// Renumbers a term slot by the texts that occur in it, in order. `texts` are what its codes mean now.
void seal_terms(Slot& slot, std::size_t rows, const std::vector<std::string_view>& texts);
/// Turns the codes of a sealed term slot back into codes of `texts`, in which its labels stand.
void unseal_terms(Slot& slot, std::size_t rows, const std::vector<std::string_view>& texts);

/// Calls body(begin, end) over [0, rows) in pieces whose ends are multiples of 64.
template <class Body>
void over_rows(const Control& control, std::size_t rows, Body&& body) {
  constexpr std::size_t step = 32 * 1024;
  control.run((rows + step - 1) / step,
              [&](std::size_t i) { body(i * step, rows < (i + 1) * step ? rows : (i + 1) * step); });
}

/// What a base brings, beyond that every table may be empty.
struct Layout {
  std::array<bool, feature_group_count> groups{};
  bool orders{false};
  bool profit{false};
  bool quantity{false};
  [[nodiscard]] bool has(FeatureGroup group) const noexcept { return groups[static_cast<std::size_t>(group)]; }
  friend bool operator==(const Layout&, const Layout&) = default;
};
[[nodiscard]] Layout layout_of(const ClientBase& base, const FeatureOptions& options);

/// A base whose rows count, and where its clients' rows are. A merged table has several.
struct Source {
  ClientBase base;
  Day as_of{};
  CodeIndex index;
  std::shared_ptr<Buffer<std::uint32_t>> row_of{};           ///< by index; no_code for a client that is no target
  std::shared_ptr<const std::vector<std::uint64_t>> some{};  ///< bits by index; none: every client may have a row
};

/// Days of a source that count.
[[nodiscard]] DaySpan span_of(const FeatureOptions& options, Day as_of);
[[nodiscard]] inline std::int32_t number(Day day) noexcept {
  return static_cast<std::int32_t>(day.time_since_epoch().count());
}

/// Row of every code: index -> row of the base, no_code at free places. Parallel.
[[nodiscard]] std::shared_ptr<Buffer<std::uint32_t>> rows_by_code(const ClientBase& base, const CodeIndex& index,
                                                                  const Control& control);

/// Codes of a field's terms in one list for several bases: code + shift[source] or by text.
struct Terms {
  std::vector<std::string_view> texts;              ///< in no particular order; borrowed from the bases
  std::vector<std::vector<std::uint32_t>> code_of;  ///< by source; empty where codes stay as they are
  [[nodiscard]] std::uint32_t operator()(std::size_t source, std::uint32_t code) const noexcept {
    return code == no_code || code_of[source].empty() ? code : code_of[source][code];
  }
};
[[nodiscard]] Terms unite_terms(std::span<const Source> sources, TableId table, std::size_t field);

// The groups. Each writes the rows of its slots and seals them.

void add_purchase_slots(Store& store, const Layout& layout, const FeatureOptions& options);
/// From a whole pass over the base's transactions. Returns how many accepted rows lie after as_of.
std::uint64_t fill_purchases(Store& store, const Source& source, const FeatureOptions& options, const Layout& layout,
                             const Control& control);
/// Adds the lines of some chunks to rows that are there. Returns as fill_purchases. Throws Overflow.
std::uint64_t add_purchases(Store& store, const Source& source, std::span<const std::shared_ptr<const Chunk>> chunks,
                            const FeatureOptions& options, const Layout& layout, const Control& control);
/// Some sum of add_purchases() left its column, perhaps only on its way; the slots are spoilt.
struct Overflow {};
/// recency_days and tenure_days from the days they follow from; seals the group.
void finish_purchases(Store& store, Day as_of, const Control& control);
/// \throws Error overflow naming the first client, in canonical order, and the column
[[noreturn]] void fail_overflow(const std::string& client, std::string_view column);

/// Whether a group, or the frequency of purchases, needs every client's lines together.
[[nodiscard]] bool needs_histories(const Layout& layout) noexcept;
void add_history_slots(Store& store, const Layout& layout, const FeatureOptions& options);
/// Fixed-point engagement sums by row, 2^-32 units; empty where the group is not asked for.
using EngagementSums = Buffer<std::int64_t>;
/// The smallest row whose engagement left int64.
struct EngagementOverflow {
  std::uint32_t row;
};
struct HistoryTask {
  const FeatureOptions& options;
  const Layout& layout;
  Day as_of;
};
/// Sorts each client's lines and writes frequency, gaps, repeats, products and the orders' part of engagement.
/// \param rows  by target: the row to write; empty: target t is row t
void fill_histories(Store& store, std::span<const Source> sources, std::size_t targets,
                    std::span<const std::uint32_t> rows, const HistoryTask& task, EngagementSums& engagement,
                    const Control& control);
/// Adds the orders of some chunks to Store::sums and the columns that follow from them. Returns, by row, 1 for those
/// left as they were because an order is not after all the former ones, or may be one of them: its code is below
/// known_orders.
[[nodiscard]] std::vector<std::uint8_t> append_histories(Store& store, const Source& source,
                                                         std::span<const std::shared_ptr<const Chunk>> chunks,
                                                         std::size_t known_orders, const HistoryTask& task,
                                                         const Control& control);
/// repeat_age after as_of moved.
void shift_repeat_age(Store& store, std::int32_t periods, const Control& control);

/// interactions, engagement and satisfaction, computed whole.
void fill_contacts(Store& store, std::span<const Source> sources, const FeatureOptions& options, const Layout& layout,
                   Day as_of, EngagementSums& engagement, const Control& control);

}  // namespace klientela::features_internal

namespace klientela {

struct FeatureTable::State {
  std::vector<features_internal::Source> sources;
  FeatureOptions options;
  features_internal::Layout layout;
  std::shared_ptr<features_internal::Store> store;
  std::uint64_t later_rows{0};  ///< transactions that lie after as_of
};

}  // namespace klientela
