// Who runs parallel loops, and how a host cancels and watches long work: the host hands these in, klientela owns none.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include "klientela/core/error.hpp"

namespace klientela {

/// Runs independent tasks. A host models it over its own thread pool, or takes ThreadPool.
class Executor {
 public:
  virtual ~Executor() = default;
  /// How many tasks can run at once, at least 1. A hint for splitting work; results never depend on it.
  [[nodiscard]] virtual std::size_t concurrency() const noexcept = 0;
  /// Calls task(i) once for each i in [0, tasks), in any order on any thread, and returns when all have ended.
  /// The exception of the smallest i that threw is rethrown after that. Not reentrant from inside a task.
  virtual void run(std::size_t tasks, const std::function<void(std::size_t)>& task) = 0;
};

/// A fixed set of threads; the caller's thread works too. Thread-safe: concurrent run() calls take turns.
class ThreadPool final : public Executor {
 public:
  /// \param threads  how many, the caller included; 0: one per core. \throws Error out_of_range above 1024
  explicit ThreadPool(std::size_t threads = 0);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  [[nodiscard]] std::size_t concurrency() const noexcept override;
  void run(std::size_t tasks, const std::function<void(std::size_t)>& task) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a host hands to long work. Default: on the caller's thread, never cancelled, silent.
struct Control {
  Executor* executor{nullptr};  ///< borrowed for the call; null: the caller's thread only
  std::stop_token stop{};       ///< asked between blocks; a stopped call throws Code::cancelled and changes nothing
  /// Called on the caller's thread between blocks: stage name and share done in [0, 1].
  std::function<void(std::string_view stage, double done)> progress{};

  [[nodiscard]] std::size_t concurrency() const noexcept { return executor ? executor->concurrency() : 1; }
  /// \throws Error with Code::cancelled when the host asked to stop
  void check() const {
    if (stop.stop_requested()) throw Error(Code::cancelled, "cancelled by the host");
  }
  void report(std::string_view stage, double done) const {
    if (progress) progress(stage, done);
  }
  /// Runs tasks on the executor, or one after the other without one.
  void run(std::size_t tasks, const std::function<void(std::size_t)>& task) const {
    if (executor && tasks > 1) {
      executor->run(tasks, task);
    } else {
      for (std::size_t i = 0; i < tasks; ++i) task(i);
    }
  }
};

}  // namespace klientela
