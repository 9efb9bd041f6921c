// Sorting by keys: as a stable sort does, whatever keys there are.
#include "dedupe/radix_sort.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace klientela::dedupe {
namespace {

TEST(RadixSort, SortsAsAStableSort) {
  std::mt19937_64 random(1);
  const std::vector<std::function<std::uint64_t()>> kinds = {
      [&] { return random(); }, [&] { return random() % 50 * 0x9E37'79B9'7F4A'7C15U; },  // large groups
      [&] { return random() % 1000; },                                                   // no hashes
      [&] { return random() % 3 != 0 ? ~std::uint64_t{0} : random() >> 7; }  // one group that is most of all
  };
  for (const auto& key : kinds) {
    for (const std::size_t size : {0U, 1U, 2U, 30U, 64U, 65U, 3000U, 40'000U}) {
      ColumnVector<KeyedCard> items;
      for (std::uint32_t i = 0; i < size; ++i) items.push_back({key(), i});
      ColumnVector<KeyedCard> wanted = items;
      std::stable_sort(wanted.begin(), wanted.end(),
                       [](const KeyedCard& a, const KeyedCard& b) { return a.key < b.key; });
      radix_sort(items);
      ASSERT_EQ(items.size(), wanted.size());
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(items[i].key, wanted[i].key);
        ASSERT_EQ(items[i].card, wanted[i].card);
      }
    }
  }
}

}  // namespace
}  // namespace klientela::dedupe
