// Where what is kept by client code stands, and which code each one counts as.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "klientela/core/buffer.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::index {

/// Where a client's sums or row stand: by partition, then by local code.
class CodeIndex {
 public:
  CodeIndex() = default;
  /// \param room  places kept free in every partition, so that later clients find theirs without moving others
  explicit CodeIndex(std::span<const std::uint32_t> partition_sizes, bool room = false) {
    for (std::size_t p = 0; p < ClientBase::client_partitions; ++p) {
      sizes_[p] = p < partition_sizes.size() ? partition_sizes[p] : 0;
      offsets_[p + 1] = offsets_[p] + sizes_[p] + (room ? sizes_[p] / 32 + 64 : 0);
    }
  }
  /// The index of a base that extends this one's: with the same places where there is room for the new clients.
  [[nodiscard]] CodeIndex grown(std::span<const std::uint32_t> partition_sizes) const {
    CodeIndex larger = *this;
    for (std::size_t p = 0; p < ClientBase::client_partitions; ++p) {
      if (partition_sizes[p] > offsets_[p + 1] - offsets_[p]) return CodeIndex(partition_sizes, true);
      larger.sizes_[p] = partition_sizes[p];
    }
    return larger;
  }
  [[nodiscard]] bool same_places(const CodeIndex& other) const noexcept { return offsets_ == other.offsets_; }
  /// Places, free ones included.
  [[nodiscard]] std::size_t size() const noexcept { return offsets_[ClientBase::client_partitions]; }
  [[nodiscard]] std::size_t begin(std::size_t partition) const noexcept { return offsets_[partition]; }
  /// Codes of a partition.
  [[nodiscard]] std::size_t size(std::size_t partition) const noexcept { return sizes_[partition]; }
  [[nodiscard]] std::size_t operator()(std::uint32_t code) const noexcept {
    return offsets_[code % ClientBase::client_partitions] + code / ClientBase::client_partitions;
  }

 private:
  std::array<std::size_t, ClientBase::client_partitions + 1> offsets_{};
  std::array<std::uint32_t, ClientBase::client_partitions> sizes_{};
};

/// The code that each code handed out counts as.
struct CodeMap {
  CodeIndex places;
  Buffer<std::uint32_t> codes;  ///< by place
  [[nodiscard]] std::uint32_t operator()(std::uint32_t code) const noexcept { return codes[places(code)]; }
};

}  // namespace klientela::index
