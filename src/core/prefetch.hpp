// Asks for memory that is wanted soon.
#pragma once

namespace klientela {

/// Begins to fetch the line of memory at an address, which may be any.
inline void prefetch(const void* at) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(at);
  // GCC 12 takes functions that do nothing else for free of effects and leaves their calls out; not with a statement.
  asm volatile("");
#else
  static_cast<void>(at);
#endif
}

}  // namespace klientela
