// Codes of distinct texts, or of what has several, in order of first appearance.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>

#include "core/column_vector.hpp"
#include "klientela/model/values.hpp"

namespace klientela::dedupe {

/// Open addressing, at most half full. The texts stand with whoever asks.
class TextIndex {
 public:
  [[nodiscard]] static std::uint64_t hash(std::string_view text) noexcept {
    return std::hash<std::string_view>{}(text);
  }
  /// Asks for the memory in which a text of this hash is looked for.
  void ask(std::uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(slots_.data() + (hash & (slots_.size() - 1)));
  }
  /// Makes room for so many, that adding them moves none.
  void reserve(std::size_t count) {
    if (2 * count > slots_.size()) resize(std::bit_ceil(2 * count));
  }
  /// The code of what has this hash and same(code) where that is there, else `next`, which is put in.
  template <class Same>
  std::uint32_t code(std::uint64_t hash, std::uint32_t next, Same same) {
    if (2 * (used_ + 1) > slots_.size()) resize(slots_.empty() ? 64 : slots_.size() * 2);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.code == no_code) {
        slot = {tag, static_cast<std::uint32_t>(hash), next};
        ++used_;
        return next;
      }
      if (slot.tag == tag && same(slot.code)) return slot.code;
    }
  }

 private:
  struct Slot {
    std::uint32_t tag;
    std::uint32_t low;
    std::uint32_t code;
  };

  void resize(std::size_t size) {
    ColumnVector<Slot> wider(size, Slot{0, 0, no_code});
    for (const Slot& slot : slots_) {
      if (slot.code == no_code) continue;
      std::size_t i = slot.low & (wider.size() - 1);
      while (wider[i].code != no_code) i = (i + 1) & (wider.size() - 1);
      wider[i] = slot;
    }
    slots_ = std::move(wider);
  }

  ColumnVector<Slot> slots_;
  std::size_t used_{0};
};

}  // namespace klientela::dedupe
