// What every binding file shares: tables with their Python manners, streams from Python objects, long calls.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "klientela/core/arrow.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela::python {

/// The UTF-8 of a Python str, which keeps it. \throws Error invalid_argument showing a text with a lone surrogate,
/// which has none
std::string_view utf8(const pybind11::handle& text);

/// Texts without UTF-8 are errors of ours wherever a text goes in, not a TypeError or RuntimeError of pybind11.
template <class Caster>
class TextCaster : public Caster {
 public:
  bool load(pybind11::handle source, bool convert) {
    if (source && PyUnicode_Check(source.ptr())) utf8(source);
    return Caster::load(source, convert);
  }
};

}  // namespace klientela::python

template <>
class pybind11::detail::type_caster<std::string>
    : public klientela::python::TextCaster<pybind11::detail::string_caster<std::string>> {};
template <>
class pybind11::detail::type_caster<std::string_view>
    : public klientela::python::TextCaster<pybind11::detail::string_caster<std::string_view, true>> {};

namespace klientela::python {

namespace py = pybind11;

/// A table as Python sees it. Times that came without a zone stay without one on the way out.
struct PyTable {
  Table table;
  std::set<std::string> zoneless;  ///< names of instant columns whose values are wall clock readings
};

/// Reads a stream to its end into one table. \throws Error bad_data, invalid_argument naming the column
[[nodiscard]] PyTable import_table(ArrowStream stream);
/// The stream that a table is exported by; instants without a zone are marked as such.
[[nodiscard]] ArrowStream export_table(const PyTable& table);
/// Takes over the stream of any object with __arrow_c_stream__. \throws TypeError that names `what`
[[nodiscard]] ArrowStream stream_from(const py::object& object, const std::string& what);
/// A column as NumPy; shares memory where the layouts agree.
[[nodiscard]] py::object column_array(const PyTable& table, const std::string& name);

/// A Python object that may be let go of on any thread, with or without the GIL.
struct Held {
  explicit Held(py::object held) : object(std::move(held)) {}
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  py::object object;
};

/// What a classifier or another function written in Python raised, on its way through C++.
class PluginError : public Error {
 public:
  /// \param raised  the exception; \param itself  it says everything and is raised again as it is, else it is the cause
  PluginError(Code code, const std::string& message, const std::string& where, py::object raised, bool itself)
      : Error(code, message, where), raised_(std::make_shared<const Held>(std::move(raised))), itself_(itself) {}
  [[nodiscard]] const py::object& raised() const noexcept { return raised_->object; }
  [[nodiscard]] bool itself() const noexcept { return itself_; }

 private:
  std::shared_ptr<const Held> raised_;
  bool itself_;
};

/// Python exception classes by Code; set once when the module is made.
void register_errors(py::module_& module);

/// The value of an argument. \throws Error invalid_argument naming the argument where it has another type
template <class Value>
[[nodiscard]] Value argument(const py::handle& value, const std::string& name) {
  try {
    return value.cast<Value>();
  } catch (const py::cast_error&) {
    throw Error(Code::invalid_argument,
                name + " cannot be of the type " + py::type::of(value).attr("__name__").cast<std::string>(), name);
  }
}

/// Days from a date, a datetime (its date), or text "2026-11-21".
[[nodiscard]] Day to_day(const py::handle& value, const std::string& what);
[[nodiscard]] py::object from_day(Day day);

/// JSON text <-> Python values, through Python's own json module. \throws BadPolicyError with the JSON pointer of a
/// value that JSON does not know
[[nodiscard]] std::string to_json(const py::handle& value);
[[nodiscard]] py::object from_json(std::string_view text);

/// Runs `work(control)` on a thread of its own without the GIL while this one waits for Ctrl-C and shows progress.
/// What the callback or a signal handler raises stops the work and comes out of here.
template <class Work>
auto long_call(std::size_t threads, const py::object& progress, Work&& work) {
  using Result = std::invoke_result_t<Work&, const Control&>;
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool done{false};
    bool reported{false};
    std::string stage;
    double share{0};
  } shared;
  std::stop_source source;
  std::optional<Result> result;
  std::exception_ptr failure;
  std::exception_ptr interruption;

  ThreadPool pool(threads);
  Control control;
  control.executor = &pool;
  control.stop = source.get_token();
  control.progress = [&shared](std::string_view stage, double share) {
    const std::lock_guard lock(shared.mutex);
    shared.stage = stage;
    shared.share = share;
    shared.reported = true;
    shared.changed.notify_one();
  };

  {
    py::gil_scoped_release release;
    std::thread worker([&] {
      try {
        result.emplace(work(control));
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(shared.mutex);
      shared.done = true;
      shared.changed.notify_one();
    });
    std::unique_lock lock(shared.mutex);
    while (!shared.done) {
      shared.changed.wait_for(lock, std::chrono::milliseconds(50), [&] { return shared.done || shared.reported; });
      const bool report = std::exchange(shared.reported, false);
      const std::string stage = shared.stage;
      const double share = shared.share;
      lock.unlock();
      if (interruption == nullptr) {
        py::gil_scoped_acquire acquire;
        try {
          if (PyErr_CheckSignals() != 0) throw py::error_already_set();
          if (report && !progress.is_none()) progress(stage, share);
        } catch (...) {
          interruption = std::current_exception();
          source.request_stop();
        }
      }
      lock.lock();
    }
    lock.unlock();
    worker.join();
  }
  if (interruption != nullptr) std::rethrow_exception(interruption);
  if (failure != nullptr) std::rethrow_exception(failure);
  return std::move(*result);
}

void bind_core(py::module_& module);
void bind_ingest(py::module_& module);
void bind_dedupe(py::module_& module);
void bind_duplicates(py::module_& module);
void bind_merge(py::module_& module);
void bind_features(py::module_& module);
void bind_rules(py::module_& module);
void bind_classify(py::module_& module);
void bind_plugins(py::module_& module);
void bind_periods(py::module_& module);
void bind_plan(py::module_& module);
void bind_report(py::module_& module);
void bind_pipeline(py::module_& module);
void bind_history(py::module_& module);

}  // namespace klientela::python
