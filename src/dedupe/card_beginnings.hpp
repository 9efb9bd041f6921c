// Cards by how their values begin, for searches while somebody types.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "dedupe/card_data.hpp"

namespace klientela::dedupe {

/// Values of one field in the order of their first forms, and the slots of cards with each.
class Beginnings {
 public:
  Beginnings() = default;
  /// Of the cards with slots from first_slot on. \param card_of  by slot; no_code where the card is gone
  Beginnings(const FieldColumn& column, std::uint32_t first_slot, std::span<const std::uint32_t> card_of);
  /// Slots of cards with a value that begins with a text; those of one value together. O(log values)
  [[nodiscard]] std::span<const std::uint32_t> with(const FieldColumn& column, std::string_view text) const;

 private:
  std::vector<std::uint32_t> codes_;      ///< by text
  std::vector<std::uint32_t> begins_{0};  ///< by place in codes_, and the end
  std::vector<std::uint32_t> slots_;
};

/// Those of all fields that people search by, made when they are first asked for. Thread-safe.
class CardBeginnings {
 public:
  struct Part {
    std::uint32_t first_slot{0};
    std::uint32_t end_slot{0};
    std::array<Beginnings, card_field_count> fields{};
  };
  using Parts = std::array<std::shared_ptr<const Part>, 2>;  ///< a large one that grown indexes share, and a recent one

  CardBeginnings() : made_(std::make_shared<Made>()) {}
  /// For an index that grew out of that of these.
  [[nodiscard]] CardBeginnings grown() const;
  /// O(values log values) the first time; of a grown index O(values that came).
  [[nodiscard]] Parts get(const PreparedCards::Data& cards, std::span<const std::uint32_t> card_of) const;

 private:
  struct Made {
    std::mutex mutex;
    std::shared_ptr<const Part> earlier;  ///< of an index that this one grew out of
    Parts parts;                          ///< null: not made yet
  };
  std::shared_ptr<Made> made_;
};

}  // namespace klientela::dedupe
