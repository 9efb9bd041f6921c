// ThreadPool: a fixed set of threads that share the tasks of one loop at a time.
#include "klientela/core/executor.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace klientela {

namespace {

/// One run(): workers take the next index until there is none.
struct Job {
  std::size_t tasks;
  const std::function<void(std::size_t)>* task;
  std::atomic<std::size_t> next{0};
  std::mutex failure_mutex;
  std::size_t failed_task{0};
  std::exception_ptr failure;

  void work() noexcept {
    for (std::size_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) {
      try {
        (*task)(i);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure || i < failed_task) {
          failure = std::current_exception();
          failed_task = i;
        }
      }
    }
  }
};

/// Looks for `ready` for some microseconds before giving up: loops follow one another closely, and waking a thread
/// takes longer than many of them.
template <class Ready>
void spin(Ready ready) noexcept {
  for (int i = 0; i < 1000 && !ready(); ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
}

}  // namespace

struct ThreadPool::State {
  std::mutex turn;  // one run() at a time
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable idle;
  Job* job{nullptr};
  std::atomic<std::uint64_t> generation{0};  // these three are written under the mutex, and watched without it
  std::atomic<std::size_t> working{0};
  std::atomic<bool> ending{false};
  std::vector<std::thread> threads;

  void loop() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      lock.unlock();
      spin([&] { return ending.load() || generation.load() != seen; });
      lock.lock();
      wake.wait(lock, [&] { return ending || (job != nullptr && generation != seen); });
      if (ending) return;
      seen = generation;
      Job* const mine = job;
      ++working;
      lock.unlock();
      mine->work();
      lock.lock();
      if (--working == 0) idle.notify_all();
    }
  }

  void end() noexcept {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  constexpr std::size_t most = 1024;
  if (threads > most)
    throw Error(Code::out_of_range, "at most 1024 threads work on a call, not " + std::to_string(threads), "threads");
  if (threads == 0) threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most);
  state_->threads.reserve(threads - 1);
  try {
    for (std::size_t i = 1; i < threads; ++i) state_->threads.emplace_back([state = state_.get()] { state->loop(); });
  } catch (const std::system_error& error) {
    state_->end();
    throw Error(Code::out_of_memory, std::to_string(threads) + " threads cannot be had: " + error.what(), "threads");
  } catch (...) {
    state_->end();
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->end(); }

std::size_t ThreadPool::concurrency() const noexcept { return state_->threads.size() + 1; }

void ThreadPool::run(std::size_t tasks, const std::function<void(std::size_t)>& task) {
  const std::lock_guard turn(state_->turn);
  Job job{.tasks = tasks, .task = &task, .failure_mutex = {}, .failure = {}};
  if (tasks > 1 && !state_->threads.empty()) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->job = &job;
      ++state_->generation;
    }
    state_->wake.notify_all();
    job.work();
    std::unique_lock lock(state_->mutex);
    state_->job = nullptr;  // who has not begun by now finds nothing to do
    lock.unlock();
    spin([&] { return state_->working.load() == 0; });
    lock.lock();
    state_->idle.wait(lock, [&] { return state_->working == 0; });
  } else {
    job.work();
  }
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace klientela
