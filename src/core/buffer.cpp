// Memory behind Buffer: aligned, uninitialised, and on huge pages where that saves page faults and address lookups.
#include "klientela/core/buffer.hpp"

#include <cstdint>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace klientela::detail {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::align_val_t line{64};

#ifdef __linux__

constexpr std::size_t mapped_size(std::size_t bytes) noexcept { return (bytes + 4095) / 4096 * 4096; }

/// Fresh pages at a huge page's boundary. The heap is no place for these: what it hands out again has small pages
/// already, and advice about them comes too late.
void* map_column(std::size_t bytes) {
  const std::size_t size = mapped_size(bytes);
  void* const mapped = ::mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t aligned = (begin + huge_page - 1) / huge_page * huge_page;
  if (aligned > begin) ::munmap(mapped, aligned - begin);
  const std::size_t after = begin + huge_page - aligned;
  if (after > 0) ::munmap(reinterpret_cast<void*>(aligned + size), after);
  void* const memory = reinterpret_cast<void*>(aligned);
  ::madvise(memory, size, MADV_HUGEPAGE);  // a refusal costs speed, nothing else
  return memory;
}

#endif

}  // namespace

void* allocate_column(std::size_t bytes) {
  if (bytes == 0) return nullptr;
#ifdef __linux__
  if (bytes >= huge_page) return map_column(bytes);
#endif
  return ::operator new(bytes, line);
}

void free_column(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
#ifdef __linux__
  if (bytes >= huge_page) {
    ::munmap(memory, mapped_size(bytes));
    return;
  }
#endif
  ::operator delete(memory, line);
}

}  // namespace klientela::detail
