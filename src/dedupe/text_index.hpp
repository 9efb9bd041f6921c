// Codes of distinct texts, or of what has several, in order of first appearance.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>

#include "core/column_vector.hpp"
#include "core/prefetch.hpp"
#include "klientela/model/values.hpp"

namespace klientela::dedupe {

/// Open addressing, at most five eighths full. The texts stand with whoever asks.
class TextIndex {
 public:
  [[nodiscard]] static std::uint64_t hash(std::string_view text) noexcept {
    return std::hash<std::string_view>{}(text);
  }
  /// Asks for the memory in which a text of this hash is looked for.
  void ask(std::uint64_t hash) const noexcept {
    if (!slots_.empty()) prefetch(slots_.data() + place(tag(hash), slots_.size()));
  }
  /// Makes room for so many, that adding them moves none.
  void reserve(std::size_t count) {
    if (8 * count > 5 * slots_.size()) resize(std::bit_ceil((8 * count + 4) / 5));
  }
  /// The code of what has this hash and same(code) where that is there, else `next`, which is put in.
  template <class Same>
  std::uint32_t code(std::uint64_t hash, std::uint32_t next, Same same) {
    if (8 * (used_ + 1) > 5 * slots_.size()) resize(slots_.empty() ? 64 : slots_.size() * 2);
    const std::uint32_t wanted = tag(hash);
    for (std::size_t i = place(wanted, slots_.size());; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.code == no_code) {
        slot = {wanted, next};
        ++used_;
        return next;
      }
      if (slot.tag == wanted && same(slot.code)) return slot.code;
    }
  }

 private:
  /// What is kept of a hash: its first bits tell the place, so that what is moved need not be hashed again.
  struct Slot {
    std::uint32_t tag;
    std::uint32_t code;
  };

  [[nodiscard]] static std::uint32_t tag(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }
  [[nodiscard]] static std::size_t place(std::uint32_t tag, std::size_t size) noexcept {
    return static_cast<std::size_t>((std::uint64_t{tag} * size) >> 32);
  }
  void resize(std::size_t size) {
    ColumnVector<Slot> wider(size, Slot{0, no_code});
    for (const Slot& slot : slots_) {
      if (slot.code == no_code) continue;
      std::size_t i = place(slot.tag, size);
      while (wider[i].code != no_code) i = (i + 1) & (size - 1);
      wider[i] = slot;
    }
    slots_ = std::move(wider);
  }

  ColumnVector<Slot> slots_;
  std::size_t used_{0};
};

}  // namespace klientela::dedupe
