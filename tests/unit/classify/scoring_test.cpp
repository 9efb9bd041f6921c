// The vectorised loops of the classifiers against plain ones, at every length and at the ends of every type.
#include "classify/scoring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace klientela::classifying {
namespace {

constexpr std::array<std::size_t, 9> lengths{0, 1, 7, 31, 32, 33, 64, 100, 2048};

template <class Key>
void expect_between(const std::vector<Key>& keys, std::int64_t above, std::int64_t at_most) {
  std::vector<std::uint8_t> ok(keys.size());
  std::vector<std::uint8_t> want(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ok[i] = i % 5 == 0 ? 0 : 1;
    want[i] = ok[i] != 0 && keys[i] > above && keys[i] <= at_most ? 1 : 0;
  }
  keep_between(keys.data(), keys.size(), above, at_most, ok.data());
  EXPECT_EQ(ok, want) << above << " to " << at_most << " of " << keys.size();
}

template <class Key>
void expect_between_all() {
  using Limits = std::numeric_limits<Key>;
  using Wide = std::numeric_limits<std::int64_t>;
  std::mt19937_64 random(5);
  std::vector<std::int64_t> bounds{Wide::min(), Wide::max(), -1, 0, 1, 100, Limits::min(), Limits::max()};
  for (const std::int64_t bound : {std::int64_t{Limits::min()}, std::int64_t{Limits::max()}}) {
    if (bound > Wide::min()) bounds.push_back(bound - 1);
    if (bound < Wide::max()) bounds.push_back(bound + 1);
  }
  for (const std::size_t length : lengths) {
    std::vector<Key> keys(length);
    for (Key& key : keys) {
      const std::uint64_t r = random();
      key = r % 4 == 0   ? Limits::min()
            : r % 4 == 1 ? Limits::max()
                         : static_cast<Key>(static_cast<std::int64_t>(r >> 8) % 200 - 100);
    }
    for (const std::int64_t above : bounds)
      for (const std::int64_t at_most : bounds) expect_between(keys, above, at_most);
  }
}

TEST(Scoring, KeepsWhatLiesBetween) {
  expect_between_all<std::int64_t>();
  expect_between_all<std::int32_t>();
}

TEST(Scoring, LooksGroupsUpInTablesOfAnySize) {
  std::mt19937_64 random(6);
  for (const unsigned bits : {0U, 1U, 3U})
    for (const std::size_t cells : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{17}, std::size_t{64},
                                    std::size_t{127}, std::size_t{128}, std::size_t{129}, std::size_t{1000}}) {
      std::vector<std::uint16_t> table(cells << bits);
      for (std::uint16_t& entry : table) entry = static_cast<std::uint16_t>(random());
      for (const std::size_t length : lengths) {
        std::vector<std::uint16_t> cell(length);
        std::vector<std::uint8_t> facts(length);
        std::vector<std::uint16_t> want(length);
        std::vector<std::uint16_t> found(length);
        for (std::size_t i = 0; i < length; ++i) {
          cell[i] = static_cast<std::uint16_t>(random() % cells);
          facts[i] = static_cast<std::uint8_t>(random() % (1U << bits));
          want[i] = table[(std::size_t{cell[i]} << bits) | facts[i]];
        }
        look_up_groups(cell.data(), facts.data(), length, bits, table, found.data());
        EXPECT_EQ(found, want) << cells << " cells, " << bits << " bits, " << length << " rows";
      }
    }
}

}  // namespace
}  // namespace klientela::classifying
