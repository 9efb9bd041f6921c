// Memory for columns: shared immutable arrays, and the uninitialised aligned buffers that they are made from.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

namespace klientela {

namespace detail {
/// Uninitialised memory aligned to 64 bytes, on huge pages where it is large. Throws std::bad_alloc.
[[nodiscard]] void* allocate_column(std::size_t bytes);
void free_column(void* memory, std::size_t bytes) noexcept;
}  // namespace detail

/// A fixed-size array of plain values, not initialised, owned by one holder until it is shared. Move-only.
template <class T>
requires std::is_trivially_copyable_v<T>
class Buffer {
 public:
  Buffer() noexcept = default;
  explicit Buffer(std::size_t size) : data_(static_cast<T*>(detail::allocate_column(size * sizeof(T)))), size_(size) {}
  Buffer(std::size_t size, T value) : Buffer(size) {
    for (std::size_t i = 0; i < size; ++i) data_[i] = value;
  }
  ~Buffer() { detail::free_column(data_, size_ * sizeof(T)); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }

 private:
  T* data_{nullptr};
  std::size_t size_{0};
};

}  // namespace klientela
