// The thread pool runs every task once, rethrows the first failure and can be used by several callers.
#include "klientela/core/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace klientela {
namespace {

TEST(ThreadPool, RunsEveryTaskOnce) {
  for (const std::size_t threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.concurrency(), threads);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::atomic<int>> calls(100);
      pool.run(calls.size(), [&](std::size_t i) { ++calls[i]; });
      for (const auto& count : calls) ASSERT_EQ(count, 1);
    }
    pool.run(0, [](std::size_t) { FAIL(); });
  }
}

TEST(ThreadPool, DefaultsToOnePerCore) { EXPECT_GE(ThreadPool().concurrency(), 1U); }

TEST(ThreadPool, RethrowsTheFailureOfTheSmallestTaskAfterAllEnded) {
  ThreadPool pool(3);
  std::atomic<int> ended{0};
  try {
    pool.run(64, [&](std::size_t i) {
      ++ended;
      if (i % 10 == 3) throw Error(Code::bad_data, "task " + std::to_string(i));
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "task 3");
  }
  EXPECT_EQ(ended, 64);
}

TEST(ThreadPool, ConcurrentCallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int> sum{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) pool.run(10, [&](std::size_t) { ++sum; });
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 20 * 10);
}

TEST(Control, WithoutAnExecutorRunsInOrder) {
  const Control control;
  std::vector<std::size_t> order;
  control.run(4, [&](std::size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(control.concurrency(), 1U);
}

TEST(Control, StopIsCancelled) {
  std::stop_source source;
  const Control control{.stop = source.get_token()};
  EXPECT_NO_THROW(control.check());
  source.request_stop();
  try {
    control.check();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

}  // namespace
}  // namespace klientela
