// What a CardIndex holds: the keys of cards and values under numbers that stay when cards are added.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dedupe/card_beginnings.hpp"
#include "dedupe/duplicates_data.hpp"
#include "dedupe/key_index.hpp"
#include "klientela/dedupe/card_search.hpp"

namespace klientela {

/// A card has a number in `found`, its place in canonical order, and a slot, which it keeps. One that is delivered
/// again gets another slot.
struct CardIndex::Data {
  Duplicates found;
  std::vector<dedupe::KeyIndex> rules;                      ///< by rule: keys to slots
  std::array<dedupe::KeyIndex, card_field_count> values{};  ///< by field: value_hash() to value
  dedupe::KeyIndex contents;           ///< PreparedCards::Data::content() to slots, of cards that no link names
  std::vector<std::uint32_t> slot_of;  ///< by card
  std::vector<std::uint32_t> card_of;  ///< by slot; no_code where the card is gone
  dedupe::CardBeginnings beginnings;
};

namespace dedupe {

/// Of all forms of a value.
[[nodiscard]] std::uint64_t value_hash(const FieldColumn& column, std::uint32_t code) noexcept;
/// Whether all cards of a rule's fields may have keys.
[[nodiscard]] bool has_values(const PreparedCards::Data& cards, const BlockingRule& rule);

}  // namespace dedupe
}  // namespace klientela
