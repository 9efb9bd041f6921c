// Memory behind Buffer: aligned, uninitialised, on huge pages where that saves page faults and address lookups, and
// handed out again where that saves clearing it.
#include "klientela/core/buffer.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>
#include <type_traits>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace klientela::detail {

namespace {

constexpr std::align_val_t line{64};

#ifdef __linux__

constexpr std::size_t small_page = 4096;
constexpr std::size_t huge_page = std::size_t{2} << 20;

constexpr std::size_t rounded(std::size_t bytes, std::size_t unit) noexcept { return (bytes + unit - 1) / unit * unit; }

/// Fresh pages. Huge ones begin at a huge page's boundary; the heap is no place for those: what it hands out again has
/// small pages already, and advice about them comes too late.
void* map_fresh(std::size_t size) {
  const bool huge = size >= huge_page;
  const std::size_t more = huge ? huge_page : 0;
  void* const mapped = ::mmap(nullptr, size + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  if (!huge) return mapped;
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t aligned = rounded(begin, huge_page);
  if (aligned > begin) ::munmap(mapped, aligned - begin);
  const std::size_t after = begin + huge_page - aligned;
  if (after > 0) ::munmap(reinterpret_cast<void*>(aligned + size), after);
  void* const memory = reinterpret_cast<void*>(aligned);
  ::madvise(memory, size, MADV_HUGEPAGE);  // a refusal costs speed, nothing else
  return memory;
}

// Where addresses are checked nothing is kept: a use after the end would go unnoticed.
#if defined(__SANITIZE_ADDRESS__)
#define KLIENTELA_KEEPS_PAGES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KLIENTELA_KEEPS_PAGES 0
#endif
#endif
#ifndef KLIENTELA_KEEPS_PAGES
#define KLIENTELA_KEEPS_PAGES 1
#endif

/// Pages that nobody holds any more, for those who ask next: the kernel clears every page that it hands out, which
/// costs as much as filling it, and far more on a virtual machine whose host has to find the page first. What is kept
/// and what is held never exceed together three quarters of what was once held at a time, so that no process grows by
/// it, and no more than `most` is kept; the kernel may take huge ones back when it is short of memory. Contents never
/// matter.
class KeptPages {
 public:
  /// \param unit  all sizes are multiples of it
  constexpr KeptPages(std::size_t unit, std::size_t most) noexcept : unit_(unit), most_(most) {}

  /// Bytes to map for so many, or 0 where too much would lie idle behind them to be kept.
  [[nodiscard]] std::size_t size_for(std::size_t bytes) const noexcept {
    const std::size_t size = rounded(bytes, unit_);
    return size - bytes <= bytes / 8 ? size : 0;
  }

  /// Counts `size` bytes as held; gives kept pages for them, or null.
  void* take(std::size_t size) noexcept {
    const std::size_t held = held_.fetch_add(size, std::memory_order_relaxed) + size;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return nullptr;
    peak_ = std::max(peak_, held);
    Span* best = nullptr;
    for (std::size_t i = 0; i < count_; ++i)
      if (spans_[i].size >= size && (best == nullptr || spans_[i].size < best->size)) best = &spans_[i];
    void* found = nullptr;
    if (best != nullptr) {
      found = reinterpret_cast<void*>(best->begin);
      kept_ -= size;
      best->begin += size;
      best->size -= size;
      if (best->size == 0) *best = spans_[--count_];
    }
    shrink(limit(held));
    return found;
  }

  void count(std::size_t size) noexcept { held_.fetch_add(size, std::memory_order_relaxed); }
  /// Counts them as held no more: there were none.
  void forget(std::size_t size) noexcept { held_.fetch_sub(size, std::memory_order_relaxed); }
  /// Gives everything back to the kernel.
  void drop() noexcept {
    const std::lock_guard lock(mutex_);
    shrink(0);
  }

  /// Counts them as held no more and takes them, or says that they are to be unmapped.
  bool give(void* memory, std::size_t size) noexcept {
    const std::size_t held = held_.fetch_sub(size, std::memory_order_relaxed) - size;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || count_ == spans_.size()) return false;
    if (size >= huge_page) ::madvise(memory, size, MADV_FREE);  // of small ones there are few, and asking costs more
    Span span{reinterpret_cast<std::uintptr_t>(memory), size};
    for (std::size_t i = 0; i < count_;) {  // neighbours become one
      const Span& other = spans_[i];
      if (other.begin + other.size != span.begin && span.begin + span.size != other.begin) {
        ++i;
        continue;
      }
      span = {std::min(span.begin, other.begin), span.size + other.size};
      spans_[i] = spans_[--count_];
    }
    spans_[count_++] = span;
    kept_ += size;
    shrink(limit(held));
    return true;
  }

 private:
  struct Span {
    std::uintptr_t begin;
    std::size_t size;
  };

  /// Not every page that is held has been touched: to keep a quarter less makes up for those that have not.
  [[nodiscard]] std::size_t limit(std::size_t held) const noexcept {
    const std::size_t sum = peak_ - peak_ / 4;
    return std::min(most_, sum - std::min(sum, held));
  }
  void shrink(std::size_t limit) noexcept {
    while (kept_ > limit) {
      Span& last = spans_[count_ - 1];
      const std::size_t less = std::min(last.size, rounded(kept_ - limit, unit_));
      last.size -= less;
      kept_ -= less;
      ::munmap(reinterpret_cast<void*>(last.begin + last.size), less);
      if (last.size == 0) --count_;
    }
  }

  // Whoever finds it locked goes to the kernel, so that a fork never leaves a child waiting for a thread it lacks.
  std::mutex mutex_;
  std::size_t unit_;
  std::size_t most_;
  std::array<Span, 128> spans_{};
  std::size_t count_{0};
  std::size_t kept_{0};
  std::size_t peak_{0};
  std::atomic<std::size_t> held_{0};
};

// No constructor or destructor of these runs: buffers of static objects may outlive everything else.
static_assert(std::is_trivially_destructible_v<KeptPages>);
constinit KeptPages huge_pages(huge_page, std::size_t{128} << 20);
constinit KeptPages small_pages(16 * small_page, std::size_t{16} << 20);
constexpr std::size_t least_bytes = 128 * small_page;  // what is smaller is the heap's

/// Where so many bytes belong once they are free.
KeptPages& keeper_of(std::size_t bytes) noexcept { return bytes >= huge_page ? huge_pages : small_pages; }

void* map_column(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(PTRDIFF_MAX)) throw std::bad_alloc();
  KeptPages& keeper = keeper_of(bytes);
  const std::size_t size = KLIENTELA_KEEPS_PAGES != 0 ? keeper.size_for(bytes) : 0;
  if (size == 0) return map_fresh(rounded(bytes, small_page));
  if (void* const kept = keeper.take(size)) return kept;
  try {
    return map_fresh(size);
  } catch (const std::bad_alloc&) {
    keeper.forget(size);
  }
  for (KeptPages* each : {&huge_pages, &small_pages}) each->drop();
  void* const fresh = map_fresh(size);
  keeper.count(size);
  return fresh;
}

void unmap_column(void* memory, std::size_t bytes) noexcept {
  KeptPages& keeper = keeper_of(bytes);
  const std::size_t size = KLIENTELA_KEEPS_PAGES != 0 ? keeper.size_for(bytes) : 0;
  if (size != 0 && keeper.give(memory, size)) return;
  ::munmap(memory, size != 0 ? size : rounded(bytes, small_page));
}

#endif

}  // namespace

void* allocate_column(std::size_t bytes) {
  if (bytes == 0) return nullptr;
#ifdef __linux__
  if (bytes >= least_bytes) return map_column(bytes);
#endif
  return ::operator new(bytes, line);
}

void free_column(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
#ifdef __linux__
  if (bytes >= least_bytes) return unmap_column(memory, bytes);
#endif
  ::operator delete(memory, line);
}

}  // namespace klientela::detail
