// Values by number, to which some are added at the price of those alone.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "core/column_vector.hpp"

namespace klientela::dedupe {

/// Copies share what stood there at the last settle(), and copy what came after.
template <class T>
class Grown {
 public:
  Grown() = default;
  explicit Grown(ColumnVector<T> all) : recent_(std::move(all)) { settle(); }
  [[nodiscard]] std::size_t size() const noexcept { return settled_count_ + recent_.size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// \pre i < size(); lives until settle() or the next push_back()
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept {
    return i < settled_count_ ? settled_begin_[i] : recent_[i - settled_count_];
  }
  void reserve(std::size_t all) {
    if (all > settled_count_) recent_.reserve(all - settled_count_);
  }
  void push_back(T value) { recent_.push_back(std::move(value)); }
  /// Settles where copies would copy more than an eighth; amortised O(values that came)
  void settle_if_many() {
    if (recent_.size() > settled_count_ / 8) settle();
  }
  /// O(values); O(1) the first time
  void settle() {
    ColumnVector<T> all;
    if (settled_count_ == 0) {
      all = std::move(recent_);
    } else {
      all.reserve(size());
      all.assign(settled_->begin(), settled_->end());
      all.insert(all.end(), recent_.begin(), recent_.end());
    }
    recent_ = {};
    settled_ = std::make_shared<const ColumnVector<T>>(std::move(all));
    settled_begin_ = settled_->data();
    settled_count_ = settled_->size();
  }

 private:
  std::shared_ptr<const ColumnVector<T>> settled_;
  const T* settled_begin_{nullptr};  ///< within settled_
  std::size_t settled_count_{0};
  ColumnVector<T> recent_;
};

}  // namespace klientela::dedupe
