// Measures of every client at many days out of one pass: lines are read once, sorted by the days that they count from,
// and added up day after day.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/state.hpp"
#include "klientela/features/features.hpp"

namespace klientela::features_internal {

/// The feature tables of many days, as far as lines alone tell them: values and nulls are those that compute_features
/// gives for each of the days.
class Timeline {
 public:
  /// Clients of one block; a multiple of 64.
  static constexpr std::size_t block_clients = 8192;
  /// A client without a line up to the last day.
  static constexpr std::uint16_t never = 0xFFFF;

  /// What is asked for.
  struct Plan {
    std::vector<Day> days;             ///< ascending, different, at most 65,534
    FeatureOptions options;            ///< without a holdout
    std::vector<std::string> columns;  ///< columns that classifiers read; those the base has no data for are left out
    /// Of lines that by_block() holds at a time; 0: enough for all where a line is 8 or 12 bytes (12 with order ids),
    /// a quarter of them where it is 40 (with profit, quantity or amounts above 1.7 million).
    std::size_t line_bytes{0};
  };
  /// Whether the columns can be had so: those of purchases, gaps and repeats, and with a window those of purchases
  /// but tenure_days, first_purchase and, with order ids, frequency. Columns that compute_features would not give do
  /// not matter.
  [[nodiscard]] static bool can(const ClientBase& base, const Plan& plan);

  /// \pre can(base, plan)
  /// \param rows  ascending rows of the base to look at; empty: all. Borrowed
  Timeline(const ClientBase& base, Plan plan, std::span<const std::uint32_t> rows, const Control& control);

  /// The columns without rows, as the passes give them.
  [[nodiscard]] Table empty() const;
  /// Clients looked at.
  [[nodiscard]] std::size_t clients() const noexcept { return clients_; }
  /// By client: the place among the days from which on the client has a positive line, in or before the window; never
  /// without one. Filled by the passes below.
  [[nodiscard]] const Buffer<std::uint16_t>& since() const noexcept { return since_; }

  /// Called with the clients [first, first + table.rows()) at days[day]. The columns are valid until it returns.
  using VisitBlock = std::function<void(std::size_t first, std::size_t day, const Table& table)>;
  /// Called with all clients, on the caller's thread. The columns may be kept.
  using VisitDay = std::function<void(std::size_t day, const Table& table)>;
  /// Block after block, each for all days in order; blocks in any order, on the control's threads. A block may be
  /// visited twice, with the same measures. Where `learn` is set it comes first, with day 0: all clients at `on`.
  /// Memory: lines held, which go in groups of blocks as these have been visited, beyond what one block needs; and with
  /// `learn` the columns of all clients for the while.
  /// \throws Error overflow naming client and column; cancelled; what visit throws
  void by_block(std::optional<Day> on, const VisitDay& learn, const VisitBlock& visit, const Control& control);
  /// All clients at days[day], days in order. Memory: all lines, which go in stretches of days as these are done, a
  /// good eighth of them twice for the while that they are sorted; the sums of every client and the columns.
  void by_day(const VisitDay& visit, const Control& control);

 private:
  struct Needs;
  struct Sums;
  struct Slots;
  struct Output;
  template <class Line>
  struct Held;
  template <class Line>
  struct Pass;

  template <class Line>
  [[nodiscard]] bool run_blocks(std::optional<Day> on, const VisitDay& learn, const VisitBlock& visit,
                                const Control& control);
  template <class Line>
  [[nodiscard]] bool run_days(const VisitDay& visit, const Control& control);
  template <class Run>
  void choose(Day last, Run&& run);
  /// For lines up to `width` days after first_day.
  [[nodiscard]] std::shared_ptr<const Slots> slots_for(std::span<const Day> asked, std::uint32_t width) const;
  [[nodiscard]] Table whole(std::vector<Column> columns) const;

  ClientBase base_;
  Plan plan_;
  Layout layout_;
  std::shared_ptr<const Needs> needs_;
  std::size_t clients_{0};
  CodeIndex index_;
  std::shared_ptr<Buffer<std::uint32_t>> target_of_;
  Column client_column_;
  Buffer<std::uint16_t> since_;
  std::uint32_t width_{0};
};

}  // namespace klientela::features_internal
