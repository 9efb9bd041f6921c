// What a CardIndex holds: the keys of cards and values under numbers that stay when cards are added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dedupe/card_beginnings.hpp"
#include "dedupe/duplicates_data.hpp"
#include "dedupe/grown.hpp"
#include "dedupe/key_index.hpp"
#include "klientela/dedupe/card_search.hpp"

namespace klientela {

/// A card has a number in `found`, its place in canonical order, and a slot, which it keeps. One that is delivered
/// again gets another slot.
struct CardIndex::Data {
  Duplicates found;
  std::vector<dedupe::KeyIndex> rules;                      ///< by rule: keys to slots
  std::array<dedupe::KeyIndex, card_field_count> values{};  ///< by field: value_hash() to value
  dedupe::KeyIndex contents;            ///< PreparedCards::Data::content() to slots, of cards that no link names
  ColumnVector<std::uint32_t> slot_of;  ///< by card
  ColumnVector<std::uint32_t> card_of;  ///< by slot; no_code where the card is gone
  std::uint32_t in_order{0};            ///< slots below it are in the order of their cards
  /// The first two of the keys that split large blocks and that some card has, as places among them, and by slot its
  /// first_key() by each; how many keys there are, and empty, without one.
  std::array<std::size_t, 2> split_levels{};
  std::array<dedupe::Grown<std::uint64_t>, 2> split_keys;
  dedupe::CardBeginnings beginnings;
};

namespace dedupe {

/// Of all forms of a value.
[[nodiscard]] std::uint64_t value_hash(const FieldColumn& column, std::uint32_t code) noexcept;
/// CardIndex::Data::split_levels. \pre some keys
[[nodiscard]] std::array<std::size_t, 2> split_levels(const PreparedCards::Data& cards,
                                                      std::span<const BlockingKey> keys) noexcept;
/// first_key() of every card, settled. O(cards + bytes of distinct values)
[[nodiscard]] Grown<std::uint64_t> first_keys(const PreparedCards::Data& cards, const BlockingKey& key);
/// Whether all cards of a rule's fields may have keys.
[[nodiscard]] bool has_values(const PreparedCards::Data& cards, const BlockingRule& rule);

}  // namespace dedupe
}  // namespace klientela
