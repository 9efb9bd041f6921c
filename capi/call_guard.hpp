// The one guard that turns every exception behind the C ABI into a status, and the checks of what callers hand in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "handles.hpp"
#include "klientela/core/error.hpp"

namespace klientela::capi {

/// Keeps an error in the context; falls back to a fixed sentence where there is no memory for the real one.
klt_status keep_error(klt_context& context, klt_status status, const char* message, const char* where) noexcept;

/// Marks a context as in use for the length of a call.
class Entry {
 public:
  explicit Entry(klt_context& context) noexcept : context_(context), entered_(!context.busy.exchange(true)) {}
  ~Entry() {
    if (entered_) context_.busy.store(false);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  [[nodiscard]] bool entered() const noexcept { return entered_; }

 private:
  klt_context& context_;
  bool entered_;
};

/// Runs the body of a public function. Whatever it throws becomes a status that the context remembers; a context that
/// is in use (by a callback of its own call or by another thread) is refused without touching what it remembers.
template <class Body>
klt_status guard(klt_context* context, Body&& body) noexcept {
  if (context == nullptr) return KLT_INVALID_ARGUMENT;
  const Entry entry(*context);
  if (!entry.entered()) return KLT_INVALID_ARGUMENT;
  context->status = KLT_OK;
  context->message.clear();
  context->where.clear();
  context->fixed_message = nullptr;
  try {
    std::forward<Body>(body)();
    return KLT_OK;
  } catch (const Error& error) {
    return keep_error(*context, static_cast<klt_status>(error.code()), error.what(), error.where().c_str());
  } catch (const std::bad_alloc&) {
    return keep_error(*context, KLT_OUT_OF_MEMORY, "out of memory", "");
  } catch (const std::length_error&) {
    return keep_error(*context, KLT_OUT_OF_MEMORY, "more memory was asked for than there can be", "");
  } catch (const std::system_error& error) {
    return keep_error(*context, KLT_OUT_OF_MEMORY, error.what(), "");
  } catch (const std::exception& error) {
    return keep_error(*context, KLT_INTERNAL, error.what(), "");
  } catch (...) {
    return keep_error(*context, KLT_INTERNAL, "an exception of an unknown type", "");
  }
}

/// The object behind a required pointer. \throws Error invalid_argument naming the argument
template <class T>
T& need(T* pointer, const char* argument) {
  if (pointer == nullptr)
    throw Error(Code::invalid_argument, std::string("argument '") + argument + "' must not be NULL", argument);
  return *pointer;
}

/// A merged base is for one call at a time: another thread's, or a callback's, is refused.
class InUse {
 public:
  explicit InUse(const klt_merged_base* merged) : merged_(need(merged, "merged")) {
    if (merged_.busy.exchange(true))
      throw Error(Code::invalid_argument, "the merged base is in use by another call", "merged");
  }
  ~InUse() { merged_.busy.store(false); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  const klt_merged_base& merged_;
};

/// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// A required text argument. \throws Error invalid_argument where it is NULL or not UTF-8
[[nodiscard]] std::string_view need_text(const char* text, const char* argument);

/// A table by its name. \throws Error not_found naming the argument and the tables there are
[[nodiscard]] TableId need_table_name(const char* text, const char* argument = "table_name");

/// An index below a size. \throws Error out_of_range naming the argument
void need_index(std::size_t index, std::size_t size, const char* argument);

/// A day number as a day. \throws Error out_of_range outside [1900, 2200)
[[nodiscard]] Day need_day(std::int32_t day, const char* argument);

/// The same, or none for KLT_NO_DAY.
[[nodiscard]] std::optional<Day> day_or_none(std::int32_t day, const char* argument);

/// An optional text argument: empty for NULL. \throws Error invalid_argument where it is not UTF-8
[[nodiscard]] std::string text_or_empty(const char* text, const char* argument);

/// A language of texts for people. \throws Error invalid_argument naming the argument
[[nodiscard]] Language need_language(klt_language language, const char* argument = "language");

/// An option that is 1, 0 or -1 (leave as it is). \throws Error invalid_argument naming the option
void apply_flag(std::int32_t given, bool& value, const char* option);

/// A struct that the caller filled, over the defaults of the members that the caller's header did not have. Sizes are
/// multiples of 8, so that no member is cut. \throws Error invalid_argument for a size that no header of ours has, or
/// for bytes that are not zero past the members known here
template <class T>
[[nodiscard]] T read_struct(const T* given, const T& defaults, const char* argument) {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> && offsetof(T, struct_size) == 0);
  if (given == nullptr) return defaults;
  const std::size_t size = given->struct_size;
  const std::string where = std::string(argument) + ".struct_size";
  if (size != sizeof(T) && (size < 2 * sizeof(std::size_t) || size % 8 != 0 || size > 4096))
    throw Error(Code::invalid_argument,
                "struct_size is " + std::to_string(size) + ", which no version of this struct has; use its _INIT macro",
                where);
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(T); i < size; ++i)
    if (bytes[i] != 0)
      throw Error(Code::invalid_argument, "the struct sets a member that this version of the library does not know",
                  where);
  T read = defaults;
  std::memcpy(&read, given, size < sizeof(T) ? size : sizeof(T));
  read.struct_size = sizeof(T);
  return read;
}

/// Fills a struct of the caller's, as far as its header knows the members. Same size rules as read_struct().
template <class T>
void write_struct(T* out, const T& values, const char* argument) {
  const std::size_t size = need(out, argument).struct_size;
  if (size != sizeof(T) && (size < 2 * sizeof(std::size_t) || size % 8 != 0 || size > 4096))
    throw Error(Code::invalid_argument,
                "struct_size is " + std::to_string(size) + ", which no version of this struct has; use its _INIT macro",
                std::string(argument) + ".struct_size");
  T copy = values;
  copy.struct_size = size;
  std::memcpy(out, &copy, size < sizeof(T) ? size : sizeof(T));
}

/// The streams of a collection, which is empty afterwards; its column mappings stay.
[[nodiscard]] Tables take_streams(klt_tables& tables);

/// Makes a handle and hands it to the caller as the last thing that can fail.
template <class Handle, class... Values>
void give(Handle** out, Values&&... values) {
  *out = new Handle{std::forward<Values>(values)...};
}

/// The same of a classifier or a model, beside which its handle keeps name and kind.
template <class Handle, class Any>
void give_named(Handle** out, Any any) {
  std::string name = any.name();
  std::string kind = any.kind();
  give(out, std::move(any), std::move(name), std::move(kind));
}

/// kind, schema.
[[nodiscard]] Table kinds_table(const ClassifierRegistry& registry);

/// What a long call hands to the stages: the context's executor and progress, and a stop token that the context's
/// callbacks and klt_context_cancel() trip. One per call, on the call's thread.
class Running {
 public:
  explicit Running(klt_context& context);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  [[nodiscard]] const Control& control() const noexcept { return control_; }
  /// The call that a control was handed out by, if it has a cancel callback to ask; else null.
  [[nodiscard]] static Running* of(const Control& control) noexcept;
  /// Asks the cancel callback, on the call's thread only; one that throws stops the call.
  [[nodiscard]] bool is_stopped() noexcept;

 private:
  class Watched;
  void ask();

  klt_context& context_;
  std::stop_source stop_;
  std::thread::id caller_{std::this_thread::get_id()};
  std::unique_ptr<Watched> executor_;
  Control control_;
};

}  // namespace klientela::capi
