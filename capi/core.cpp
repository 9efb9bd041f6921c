// C ABI of core: versions, statuses, contexts with their executors and callbacks, strings and days.
#include <atomic>
#include <exception>
#include <string>
#include <vector>

#include "call_guard.hpp"
#include "core/utf8.hpp"
#include "klientela/core/time.hpp"
#include "klientela/core/version.hpp"

namespace klientela::capi {

klt_status keep_error(klt_context& context, klt_status status, const char* message, const char* where) noexcept {
  context.status = status;
  try {
    // What a message cites may be bytes of the caller.
    context.message = detail::mended_utf8(message);
    context.where = detail::mended_utf8(where);
  } catch (...) {
    context.message.clear();
    context.where.clear();
    context.fixed_message = "no memory was left to say what went wrong";
  }
  return status;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = detail::character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string_view need_text(const char* text, const char* argument) {
  const std::string_view view = &need(text, argument);
  if (!is_utf8(view))
    throw Error(Code::invalid_argument, std::string("argument '") + argument + "' is not UTF-8", argument);
  return view;
}

TableId need_table_name(const char* text, const char* argument) {
  const std::string_view name = need_text(text, argument);
  if (const auto table = table_named(name)) return *table;
  std::string known;
  for (std::size_t i = 0; i < table_count; ++i)
    known += (i == 0 ? "" : ", ") + std::string(spec(static_cast<TableId>(i)).name);
  throw Error(Code::not_found, "there is no table \"" + std::string(name) + "\"; there are " + known, argument);
}

void need_index(std::size_t index, std::size_t size, const char* argument) {
  if (index >= size)
    throw Error(Code::out_of_range,
                std::string(argument) + " " + std::to_string(index) + " is not below " + std::to_string(size),
                argument);
}

Day need_day(std::int32_t day, const char* argument) {
  if (day < first_day.time_since_epoch().count() || day >= end_day.time_since_epoch().count())
    throw Error(Code::out_of_range, "day " + std::to_string(day) + " is outside 1900-01-01 .. 2199-12-31", argument);
  return Day{std::chrono::days{day}};
}

std::optional<Day> day_or_none(std::int32_t day, const char* argument) {
  if (day == KLT_NO_DAY) return std::nullopt;
  return need_day(day, argument);
}

std::string text_or_empty(const char* text, const char* argument) {
  return text == nullptr ? std::string() : std::string(need_text(text, argument));
}

Language need_language(klt_language language, const char* argument) {
  if (language != KLT_LANGUAGE_ENGLISH && language != KLT_LANGUAGE_RUSSIAN)
    throw Error(Code::invalid_argument,
                std::string(argument) + " is neither KLT_LANGUAGE_ENGLISH nor KLT_LANGUAGE_RUSSIAN", argument);
  return static_cast<Language>(language);
}

void apply_flag(std::int32_t given, bool& value, const char* option) {
  if (given < -1 || given > 1) throw Error(Code::invalid_argument, std::string(option) + " must be 1, 0 or -1", option);
  if (given >= 0) value = given == 1;
}

namespace {

/// A host's thread pool behind C callbacks. Exceptions of tasks stay on this side.
class HostExecutor final : public Executor {
 public:
  explicit HostExecutor(const klt_executor& host) : host_(host) {}
  std::size_t concurrency() const noexcept override { return host_.concurrency; }

  void run(std::size_t tasks, const std::function<void(std::size_t)>& task) override {
    if (tasks == 0) return;
    Batch batch(tasks, task);
    const int status = host_.run(tasks, &HostExecutor::call, &batch, host_.user_data);
    if (batch.error) std::rethrow_exception(batch.error);
    if (status != 0 || batch.ended.load() != tasks)
      throw Error(Code::invalid_argument,
                  "the host's executor ran " + std::to_string(batch.ended.load()) + " of " + std::to_string(tasks) +
                      " tasks and returned " + std::to_string(status),
                  "executor.run");
  }

 private:
  struct Batch {
    Batch(std::size_t tasks, const std::function<void(std::size_t)>& what) : task(what), begun(tasks) {}
    const std::function<void(std::size_t)>& task;
    std::vector<std::atomic<bool>> begun;
    std::atomic<std::size_t> ended{0};
    std::mutex mutex;
    std::size_t first_failed{0};
    std::exception_ptr error;
  };

  static void call(std::size_t index, void* data) noexcept {
    auto& batch = *static_cast<Batch*>(data);
    if (index >= batch.begun.size() || batch.begun[index].exchange(true)) return;
    try {
      batch.task(index);
    } catch (...) {
      const std::lock_guard lock(batch.mutex);
      if (!batch.error || index < batch.first_failed) {
        batch.error = std::current_exception();
        batch.first_failed = index;
      }
    }
    batch.ended.fetch_add(1);
  }

  klt_executor host_;
};

}  // namespace

/// The context's executor, with the host's cancel callback asked before each batch and, on the caller's thread, before
/// each task.
class Running::Watched final : public Executor {
 public:
  Watched(Running& call, Executor* inner) : call_(call), inner_(inner) {}
  std::size_t concurrency() const noexcept override { return inner_ != nullptr ? inner_->concurrency() : 1; }

  void run(std::size_t tasks, const std::function<void(std::size_t)>& task) override {
    call_.ask();
    call_.control_.check();
    if (inner_ == nullptr) {
      for (std::size_t i = 0; i < tasks; ++i) {
        if (i > 0) call_.ask();
        task(i);
      }
      return;
    }
    inner_->run(tasks, [&](std::size_t i) {
      if (std::this_thread::get_id() == call_.caller_) call_.ask();
      task(i);
    });
  }

  [[nodiscard]] Running& call() const noexcept { return call_; }

 private:
  Running& call_;
  Executor* inner_;
};

Running::Running(klt_context& context) : context_(context) {
  control_.stop = stop_.get_token();
  control_.executor = context.executor.get();
  if (context.cancel != nullptr) {
    executor_ = std::make_unique<Watched>(*this, context.executor.get());
    control_.executor = executor_.get();
  }
  if (context.cancel != nullptr || context.progress != nullptr) {
    control_.progress = [this](std::string_view stage, double done) {
      ask();
      if (context_.progress != nullptr &&
          context_.progress(std::string(stage).c_str(), done, context_.progress_data) != 0)
        stop_.request_stop();
    };
  }
  const std::lock_guard lock(context.running_mutex);
  context.running = &stop_;
}

Running::~Running() {
  const std::lock_guard lock(context_.running_mutex);
  context_.running = nullptr;
}

Running* Running::of(const Control& control) noexcept {
  const auto* watched = dynamic_cast<const Watched*>(control.executor);
  return watched != nullptr ? &watched->call() : nullptr;
}

bool Running::is_stopped() noexcept {
  try {
    if (std::this_thread::get_id() == caller_) ask();
  } catch (...) {
    stop_.request_stop();
  }
  return stop_.stop_requested();
}

void Running::ask() {
  if (context_.cancel != nullptr && !stop_.stop_requested() && context_.cancel(context_.cancel_data) != 0)
    stop_.request_stop();
}

}  // namespace klientela::capi

using namespace klientela;
using namespace klientela::capi;

namespace {

constexpr std::uint32_t most_threads = 1024;  // as many as a ThreadPool may have

}  // namespace

extern "C" {

int32_t klt_abi_version(void) { return KLT_ABI_VERSION; }

const char* klt_version(void) { return version().data(); }

const char* klt_status_name(klt_status status) {
  if (status == KLT_OK) return "ok";
  return name(static_cast<Code>(status)).data();
}

klt_status klt_context_new(klt_context** out) {
  if (out == nullptr) return KLT_INVALID_ARGUMENT;
  try {
    *out = new klt_context;
    return KLT_OK;
  } catch (...) {
    return KLT_OUT_OF_MEMORY;
  }
}

void klt_context_free(klt_context* context) { delete context; }

klt_status klt_context_last_status(const klt_context* context) { return context != nullptr ? context->status : KLT_OK; }

const char* klt_context_last_message(const klt_context* context) {
  if (context == nullptr) return "";
  return context->fixed_message != nullptr ? context->fixed_message : context->message.c_str();
}

const char* klt_context_last_where(const klt_context* context) {
  return context != nullptr ? context->where.c_str() : "";
}

klt_status klt_context_set_threads(klt_context* context, uint32_t threads) {
  return guard(context, [&] { context->executor = threads == 1 ? nullptr : std::make_unique<ThreadPool>(threads); });
}

klt_status klt_context_set_executor(klt_context* context, const klt_executor* executor) {
  return guard(context, [&] {
    if (executor == nullptr) {
      context->executor = nullptr;
      return;
    }
    const klt_executor host = read_struct(executor, klt_executor KLT_EXECUTOR_INIT, "executor");
    if (host.run == nullptr) throw Error(Code::invalid_argument, "executor.run must not be NULL", "executor.run");
    if (host.concurrency < 1 || host.concurrency > most_threads)
      throw Error(Code::out_of_range, "executor.concurrency must be 1 .. 1024", "executor.concurrency");
    context->executor = std::make_unique<HostExecutor>(host);
  });
}

klt_status klt_context_set_cancel(klt_context* context, klt_cancel_callback cancel, void* user_data) {
  return guard(context, [&] {
    context->cancel = cancel;
    context->cancel_data = user_data;
  });
}

klt_status klt_context_set_progress(klt_context* context, klt_progress_callback progress, void* user_data) {
  return guard(context, [&] {
    context->progress = progress;
    context->progress_data = user_data;
  });
}

void klt_context_cancel(klt_context* context) {
  if (context == nullptr) return;
  const std::lock_guard lock(context->running_mutex);
  if (context->running != nullptr) context->running->request_stop();
}

const char* klt_string_data(const klt_string* string) { return string != nullptr ? string->text.c_str() : ""; }

klt_status klt_string_new(klt_context* context, const char* text, klt_string** out) {
  return guard(context, [&] {
    const std::string_view given = need_text(text, "text");
    give(&need(out, "out"), std::string(given));
  });
}

size_t klt_string_size(const klt_string* string) { return string != nullptr ? string->text.size() : 0; }

void klt_string_free(klt_string* string) { delete string; }

klt_status klt_parse_day(klt_context* context, const char* text, int32_t* out) {
  return guard(context, [&] {
    const std::string_view given = need_text(text, "text");
    need(out, "out");
    const auto day = parse_day(given);
    if (!day)
      throw Error(Code::invalid_argument, "\"" + std::string(given) + "\" is not a day like 2026-11-21", "text");
    *out = static_cast<int32_t>(day->time_since_epoch().count());
  });
}

}  // extern "C"
