// The items that set a group apart: tests of every item of every group, and the table of those that stand out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "klientela/report/profiles.hpp"
#include "report/grouping.hpp"
#include "report/profile_counts.hpp"

namespace klientela::report {

/// A row of the table of items.
struct ItemRow {
  std::size_t column;
  std::size_t group;
  std::uint16_t kind;
  std::string_view item;
  std::int64_t clients;
  std::int64_t rest_clients;
  std::optional<double> share, rest_share;
  double p;
  double q;
};

/// Adds the rows of one kind of items for the groups of a column. \throws Error invalid_argument "test" for too many
/// two-sided tests
void put_items(const Grouping& grouping, std::size_t column, const Baskets& baskets, std::uint16_t kind,
               const ProfileOptions& options, std::vector<ItemRow>& rows, const Control& control);

/// The rows in the order of columns and groups. Reorders them.
[[nodiscard]] Table item_table(std::vector<ItemRow>& rows, const std::vector<Grouping>& groupings);

}  // namespace klientela::report
