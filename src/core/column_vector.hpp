// Vectors whose memory is that of Buffer, for what is large and looked up all over.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "klientela/core/buffer.hpp"

namespace klientela::detail {

template <class T>
struct ColumnAllocator {
  using value_type = T;
  ColumnAllocator() noexcept = default;
  template <class U>
  explicit ColumnAllocator(const ColumnAllocator<U>& /*other*/) noexcept {}
  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(allocate_column(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { free_column(memory, count * sizeof(T)); }
  template <class U>
  bool operator==(const ColumnAllocator<U>&) const noexcept {
    return true;
  }
};

}  // namespace klientela::detail

namespace klientela {

/// A vector that begins at a line of memory, and whose pages are huge where it is large: looking up all over small
/// pages waits for their addresses more than for the data.
template <class T>
using ColumnVector = std::vector<T, detail::ColumnAllocator<T>>;

}  // namespace klientela
