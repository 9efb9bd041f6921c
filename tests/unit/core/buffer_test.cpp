// Buffers never share memory, whatever was freed before, and cost a process no more than it once held.
#include "klientela/core/buffer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace klientela {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// A buffer whose every word says whose it is.
struct Marked {
  Buffer<std::uint32_t> words;
  std::uint32_t mark;

  Marked(std::size_t bytes, std::uint32_t with) : words(bytes / sizeof(std::uint32_t)), mark(with) {
    for (std::uint32_t& word : words) word = mark;
  }
  [[nodiscard]] bool intact() const {
    for (const std::uint32_t word : words)
      if (word != mark) return false;
    return true;
  }
};

void allocate_and_free(std::uint64_t seed, bool& intact) {
  std::mt19937_64 random(seed);
  std::vector<Marked> live;
  intact = true;
  for (std::uint32_t step = 0; step < 400; ++step) {
    // Around every limit of the allocator: the heap's, small pages, huge pages, and sizes just past a whole page.
    static constexpr std::size_t sizes[] = {64,          511 * kib, 512 * kib,   513 * kib, 2 * mib - 4, 2 * mib,
                                            2 * mib + 4, 4 * mib,   5 * mib / 2, 6 * mib,   576 * kib,   1 * mib};
    if (live.size() > 12 || (random() % 3 == 0 && !live.empty())) {
      const std::size_t which = random() % live.size();
      intact = intact && live[which].intact();
      std::swap(live[which], live.back());
      live.pop_back();
    } else {
      const std::size_t bytes = sizes[random() % std::size(sizes)];
      live.emplace_back(bytes, static_cast<std::uint32_t>(seed * 1000 + step));
      intact = intact && reinterpret_cast<std::uintptr_t>(live.back().words.data()) % 64 == 0;
    }
  }
  for (const Marked& one : live) intact = intact && one.intact();
}

TEST(Buffer, SharesNoMemoryOnAnyNumberOfThreads) {
  constexpr std::size_t count = 4;
  bool intact[count];
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < count; ++t) threads.emplace_back([t, &intact] { allocate_and_free(t + 1, intact[t]); });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t t = 0; t < count; ++t) EXPECT_TRUE(intact[t]) << t;
}

#ifdef __linux__
std::size_t address_space() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages;
  return pages * 4096;
}

TEST(Buffer, KeepsNoMoreThanWasHeldAtOnce) {
  { const Marked warm(64 * mib, 1); }
  const std::size_t before = address_space();
  for (std::size_t size = 2; size <= 64; ++size) const Marked one(size * mib, 2);
  EXPECT_LE(address_space(), before + 4 * mib);
  // Half a gigabyte held at once leaves no more than 128 MiB behind.
  {
    std::vector<Buffer<char>> many;
    for (int i = 0; i < 16; ++i) many.emplace_back(32 * mib);
  }
  EXPECT_LE(address_space(), before + 132 * mib);
}
#endif

#if defined(__linux__) && !defined(__SANITIZE_THREAD__)
TEST(Buffer, WorksInAChildOfAForkWhateverOtherThreadsDo) {
  std::atomic<bool> stop{false};
  std::thread busy([&stop] {
    for (std::uint32_t i = 0; !stop; ++i) const Marked one(2 * mib, i);
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (int k = 0; k < 3; ++k)
        if (!Marked(4 * mib, 7).intact()) _exit(1);
      _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  busy.join();
}
#endif

TEST(Buffer, RefusesWhatNoMemoryHolds) {
  EXPECT_THROW(Buffer<char>(std::size_t{1} << 62), std::bad_alloc);
  EXPECT_THROW(Buffer<char>(static_cast<std::size_t>(-1)), std::bad_alloc);
}

TEST(Buffer, NothingIsNothing) {
  const Buffer<int> none(0);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.begin(), none.end());
}

}  // namespace
}  // namespace klientela
