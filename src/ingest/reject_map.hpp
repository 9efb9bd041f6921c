// Which rows of a table were rejected: one bit a row, kept only where there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace klientela::detail {

class RejectMap {
 public:
  static constexpr std::size_t segment_rows = 65'536;

  RejectMap() = default;
  explicit RejectMap(std::size_t rows) : segments_((rows + segment_rows - 1) / segment_rows) {}
  [[nodiscard]] std::size_t segments() const noexcept { return segments_.size(); }
  [[nodiscard]] bool any(std::size_t segment) const noexcept { return segments_[segment] != nullptr; }
  [[nodiscard]] bool test(std::size_t row) const noexcept {
    const auto& bits = segments_[row / segment_rows];
    return bits != nullptr && ((bits[row % segment_rows / 64] >> (row % 64)) & 1) != 0;
  }
  /// Different segments may be set at the same time.
  void set(std::size_t row) {
    auto& bits = segments_[row / segment_rows];
    if (bits == nullptr) bits = std::make_unique<std::uint64_t[]>(segment_rows / 64);
    bits[row % segment_rows / 64] |= std::uint64_t{1} << (row % 64);
  }

 private:
  std::vector<std::unique_ptr<std::uint64_t[]>> segments_;
};

}  // namespace klientela::detail
