// Memory behind Buffer: aligned, uninitialised, and on huge pages where that saves page faults.
#include "klientela/core/buffer.hpp"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace klientela::detail {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::align_val_t alignment_for(std::size_t bytes) noexcept {
  return std::align_val_t{bytes >= huge_page ? huge_page : std::size_t{64}};
}

}  // namespace

void* allocate_column(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const std::align_val_t alignment = alignment_for(bytes);
  void* memory = ::operator new(bytes, alignment);
#ifdef __linux__
  // Whole huge pages only, so that the advice never spreads to a neighbour. A refusal costs speed, nothing else.
  if (bytes >= huge_page) ::madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return memory;
}

void free_column(void* memory, std::size_t bytes) noexcept {
  if (memory != nullptr) ::operator delete(memory, alignment_for(bytes));
}

}  // namespace klientela::detail
