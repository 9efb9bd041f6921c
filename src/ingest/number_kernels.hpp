// The two inner loops of coding integer ids, for machines with 512-bit vectors and for all others; same results.
#pragma once

#include <array>
#include <cstdint>

#include "model/client_index.hpp"

namespace klientela::detail {

using TableViews = std::array<index::NumberTable::View, index::partitions>;

/// Picks the keys whose partition is owned: their hashes and places, in order; returns how many. Both outputs have room
/// for n + 8.
std::size_t pick_owned(const std::int64_t* keys, std::size_t n, std::uint32_t owned, std::uint64_t* hashes,
                       std::uint32_t* places) noexcept;

/// Looks up picks [first, count) and writes out[place] = code until one is not there; returns its number, or count.
/// Every table must have buckets.
std::size_t look_up(const TableViews& views, const std::int64_t* keys, const std::uint64_t* hashes,
                    const std::uint32_t* places, std::size_t first, std::size_t count, std::uint32_t* out) noexcept;

}  // namespace klientela::detail
