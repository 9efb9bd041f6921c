// C ABI of plug-ins: classifiers that a host writes as a table of callbacks, behind the concepts of classify.
#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <span>

#include "call_guard.hpp"
#include "classify/guarded.hpp"
#include "core/json_reader.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

constexpr std::uint16_t no_code = 0xFFFF;

/// Calls a free callback for what is not null. What it throws is swallowed: destructors have nobody to tell.
template <class... UserData>
void free_by(void (*callback)(void*, UserData...), void* object, UserData... user_data) noexcept {
  if (object == nullptr || callback == nullptr) return;
  try {
    callback(object, user_data...);
  } catch (...) {
  }
}

/// A kind as the host gave it, with the user_data that it owns.
struct HostKind {
  std::string kind;
  klt_classifier_callbacks calls;
  void* user_data;
  bool owned{false};  ///< set once the registry has it: until then user_data is the caller's

  HostKind(std::string name, const klt_classifier_callbacks& callbacks, void* data)
      : kind(std::move(name)), calls(callbacks), user_data(data) {}
  ~HostKind() {
    if (owned) free_by(calls.free_user_data, user_data);
  }
  HostKind(const HostKind&) = delete;
  HostKind& operator=(const HostKind&) = delete;
};

struct HostColumn {
  std::string suffix;
  std::string name;
  ColumnType type;
  std::shared_ptr<const std::vector<std::string>> labels;
};

/// What make() made.
struct Made {
  std::shared_ptr<const HostKind> kind;
  std::string name;
  std::string options;  ///< "kind" included
  std::vector<std::string> inputs;
  std::vector<HostColumn> columns;
  void* object{nullptr};

  Made() = default;
  ~Made() {
    if (kind != nullptr) free_by(kind->calls.free_classifier, object, kind->user_data);
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;

  [[nodiscard]] std::vector<std::string> outputs() const {
    std::vector<std::string> names;
    for (const HostColumn& column : columns) names.push_back(column.name);
    return names;
  }
  [[nodiscard]] Table inputs_of(const Table& table) const {
    Table chosen;
    for (const std::string& input : inputs) chosen.add(table.column(input));
    return chosen;
  }
};

/// What fit() or model_from_json() made.
struct Fitted {
  std::shared_ptr<const Made> made;
  void* object{nullptr};

  explicit Fitted(std::shared_ptr<const Made> by) : made(std::move(by)) {}
  ~Fitted() { free_by(made->kind->calls.free_model, object, made->kind->user_data); }
  Fitted(const Fitted&) = delete;
  Fitted& operator=(const Fitted&) = delete;
};

/// Calls back with a context of the callback's own. \throws Error naming the classifier where it fails
template <class Call>
void call_back(const std::string& name, const char* callback, const Control& control, Call&& call) {
  klt_context context;
  context.stop = control.stop;
  context.call = Running::of(control);
  const auto failed = [&](const std::string& why) {
    return "classifier " + name + " failed in " + callback + (why.empty() ? "" : ": " + why);
  };
  klt_status status = KLT_INTERNAL;
  try {
    status = call(&context);
  } catch (const std::bad_alloc&) {
    throw Error(Code::out_of_memory, failed("out of memory"), name);
  } catch (const std::exception& error) {
    throw Error(Code::internal, failed(error.what()), name);
  } catch (...) {
    throw Error(Code::internal, failed("an exception of an unknown type"), name);
  }
  if (status == KLT_OK) return;
  if (status == KLT_CANCELLED) throw Error(Code::cancelled, "classifier " + name + " cancelled the call", name);
  const bool told = klt_context_last_status(&context) == status;
  if (klientela::name(static_cast<Code>(status)) == "unknown")
    throw Error(Code::internal, failed("it returned " + std::to_string(status) + ", which is no status"), name);
  throw Error(static_cast<Code>(status), failed(told ? klt_context_last_message(&context) : ""),
              told && *klt_context_last_where(&context) != '\0' ? klt_context_last_where(&context) : name);
}

/// A text that a callback gave; NULL is `otherwise`. \throws Error internal where it is not UTF-8
std::string host_text(const std::string& name, const char* text, const char* what, std::string otherwise = {}) {
  if (text == nullptr) return otherwise;
  if (!is_utf8(text))
    throw Error(Code::internal, "classifier " + name + " gave a " + what + " that is not UTF-8", name);
  return text;
}

[[noreturn]] void bad_shape(const std::string& name, const std::string& what) {
  throw Error(Code::bad_policy, "classifier " + name + " was made " + what, name);
}

void read_shape(const klt_plugin_shape& shape, Made& made) {
  const std::string& name = made.name;
  if (shape.input_count == 0 || shape.inputs == nullptr) bad_shape(name, "without inputs");
  if (shape.column_count == 0 || shape.columns == nullptr) bad_shape(name, "without columns");
  for (std::size_t i = 0; i < shape.input_count; ++i) {
    std::string input = host_text(name, shape.inputs[i], "name of an input");
    if (input.empty()) bad_shape(name, "with an input without a name");
    if (std::find(made.inputs.begin(), made.inputs.end(), input) != made.inputs.end())
      bad_shape(name, "with the input " + input + " twice");
    made.inputs.push_back(std::move(input));
  }
  for (std::size_t i = 0; i < shape.column_count; ++i) {
    const klt_plugin_column given = read_struct(&need(shape.columns[i], "shape.columns"),
                                                klt_plugin_column KLT_PLUGIN_COLUMN_INIT, "shape.columns");
    HostColumn column;
    column.suffix = host_text(name, given.suffix, "suffix");
    column.name = name + column.suffix;
    for (const HostColumn& other : made.columns)
      if (other.name == column.name) bad_shape(name, "with the column " + column.name + " twice");
    if (given.type < KLT_COLUMN_BOOLEAN || given.type > KLT_COLUMN_LABEL)
      bad_shape(name, "with column " + column.name + " of a type that it cannot have");
    if (given.reserved != 0) bad_shape(name, "with column " + column.name + " whose reserved is not 0");
    column.type = static_cast<ColumnType>(given.type);
    if ((column.type == ColumnType::label) != (given.labels != nullptr && given.label_count > 0))
      bad_shape(name, "with column " + column.name +
                          (given.type == KLT_COLUMN_LABEL ? " of labels without any" : " of numbers with labels"));
    if (column.type == ColumnType::label) {
      if (given.label_count > no_code) bad_shape(name, "with more than 65,535 labels of column " + column.name);
      std::vector<std::string> labels;
      for (std::size_t l = 0; l < given.label_count; ++l)
        labels.push_back(host_text(name, &need(given.labels[l], "shape.columns.labels"), "label"));
      std::vector<std::string> sorted = labels;
      std::sort(sorted.begin(), sorted.end());
      if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
        bad_shape(name, "with the label " + *twice + " of column " + column.name + " twice");
      column.labels = std::make_shared<const std::vector<std::string>>(std::move(labels));
    }
    made.columns.push_back(std::move(column));
  }
}

/// Places for the values of one column, and what becomes of them.
class Output {
 public:
  virtual ~Output() = default;
  [[nodiscard]] virtual void* values() noexcept = 0;
  [[nodiscard]] std::uint8_t* valid() noexcept { return valid_.data(); }
  [[nodiscard]] virtual Column column(const HostColumn& as) = 0;

 protected:
  explicit Output(std::size_t rows) : valid_(rows, std::uint8_t{1}) {}
  [[nodiscard]] Buffer<std::uint8_t> bits() const {
    if (std::find(valid_.begin(), valid_.end(), std::uint8_t{0}) == valid_.end()) return {};
    Buffer<std::uint8_t> packed((valid_.size() + 7) / 8, std::uint8_t{0});
    for (std::size_t row = 0; row < valid_.size(); ++row)
      if (valid_[row] != 0) packed[row >> 3] = static_cast<std::uint8_t>(packed[row >> 3] | (1U << (row & 7)));
    return packed;
  }
  Buffer<std::uint8_t> valid_;
};

template <class T>
class OutputOf final : public Output {
 public:
  OutputOf(std::size_t rows, T blank) : Output(rows), values_(rows, blank) {}
  void* values() noexcept override { return values_.data(); }
  Column column(const HostColumn& as) override {
    for (std::size_t row = 0; row < values_.size(); ++row)
      if (valid_[row] == 0) values_[row] = T{};
    if constexpr (std::is_same_v<T, std::uint16_t>) {
      // A view, for AnyModel::classify() checks the codes, those of every host alike.
      struct Kept {
        Buffer<T> codes;
        Buffer<std::uint8_t> bits;
      };
      const auto nulls = static_cast<std::size_t>(std::count(valid_.begin(), valid_.end(), std::uint8_t{0}));
      const auto kept = std::make_shared<const Kept>(Kept{std::move(values_), bits()});
      return Column::view<T>(as.name, as.type, std::span<const T>(kept->codes.data(), kept->codes.size()), kept,
                             kept->bits.empty() ? nullptr : kept->bits.data(), nulls, as.labels);
    } else {
      if (as.type == ColumnType::boolean)
        for (T& value : values_) value = value != T{} ? T{1} : T{0};
      return Column(as.name, as.type, std::move(values_), bits());
    }
  }

 private:
  Buffer<T> values_;
};

std::unique_ptr<Output> output_of(ColumnType type, std::size_t rows) {
  switch (type) {
    case ColumnType::boolean: return std::make_unique<OutputOf<std::uint8_t>>(rows, std::uint8_t{0});
    case ColumnType::int8: return std::make_unique<OutputOf<std::int8_t>>(rows, std::int8_t{0});
    case ColumnType::int32:
    case ColumnType::day: return std::make_unique<OutputOf<std::int32_t>>(rows, 0);
    case ColumnType::float64: return std::make_unique<OutputOf<double>>(rows, std::numeric_limits<double>::quiet_NaN());
    case ColumnType::label: return std::make_unique<OutputOf<std::uint16_t>>(rows, no_code);
    default: return std::make_unique<OutputOf<std::int64_t>>(rows, std::int64_t{0});
  }
}

/// Reasons as the host tells them, over those that would be told without.
class Told {
 public:
  Told(const Made& made, const Table& inputs, const std::vector<Column>& columns, std::size_t row)
      : made_(made), inputs_(inputs), columns_(columns), row_(row) {}

  /// The callback that the host calls: nothing may be thrown through its frames.
  static void tell(const klt_plugin_reason* reason, void* data) noexcept {
    Told& told = *static_cast<Told*>(data);
    if (told.failure_ != nullptr) return;
    try {
      told.add(read_struct(&need(reason, "reason"), klt_plugin_reason KLT_PLUGIN_REASON_INIT, "reason"));
    } catch (...) {
      told.failure_ = std::current_exception();
    }
  }

  [[nodiscard]] std::vector<Reason> take() {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return std::move(reasons_);
  }

 private:
  void add(const klt_plugin_reason& given) {
    const std::string& name = made_.name;
    const std::string suffix = host_text(name, given.suffix, "suffix");
    const auto found = std::find_if(made_.columns.begin(), made_.columns.end(),
                                    [&](const HostColumn& column) { return column.suffix == suffix; });
    if (found == made_.columns.end())
      throw Error(Code::internal,
                  "classifier " + name + " told a reason of \"" + suffix + "\", which is none of its suffixes", name);
    const Column& column = columns_[static_cast<std::size_t>(found - made_.columns.begin())];
    const std::string measure = host_text(name, given.measure, "measure", made_.inputs.front());
    if (inputs_.find(measure) == nullptr)
      throw Error(Code::internal, "classifier " + name + " told a reason of " + measure + ", which it does not read",
                  name);
    Reason reason = reasons_by_measures(Table({inputs_.column(measure)}), {column})(row_).front();
    const auto edge = [&](const char* text) {
      return text == nullptr ? std::nullopt : std::optional(Quantity{.text = host_text(name, text, "edge")});
    };
    reason.low = edge(given.low);
    reason.high = edge(given.high);
    reason.rule = host_text(name, given.rule, "rule", reason.rule);
    reason.english = host_text(name, given.english, "reason");
    reason.russian = host_text(name, given.russian, "reason");
    if (reason.aspect == Aspect::missing && !(reason.english.empty() && reason.russian.empty()))
      reason.aspect = Aspect::other;
    reasons_.push_back(std::move(reason));
  }

  const Made& made_;
  const Table& inputs_;
  const std::vector<Column>& columns_;
  std::size_t row_;
  std::vector<Reason> reasons_;
  std::exception_ptr failure_;
};

class HostModel {
 public:
  explicit HostModel(std::shared_ptr<const Fitted> fitted) : fitted_(std::move(fitted)) {}
  [[nodiscard]] const std::string& name() const noexcept { return made().name; }
  [[nodiscard]] const std::string& kind() const noexcept { return made().kind->kind; }
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return made().inputs; }
  [[nodiscard]] std::vector<std::string> outputs() const { return made().outputs(); }

  [[nodiscard]] Classification classify(const Table& table, const Control& control) const {
    control.check();
    klt_table inputs{made().inputs_of(table)};
    std::vector<std::unique_ptr<Output>> outputs;
    std::vector<void*> values;
    std::vector<std::uint8_t*> valid;
    for (const HostColumn& column : made().columns) {
      outputs.push_back(output_of(column.type, table.rows()));
      values.push_back(outputs.back()->values());
      valid.push_back(outputs.back()->valid());
    }
    const klt_classifier_callbacks& calls = made().kind->calls;
    call_back(name(), "classify", control, [&](klt_context* context) {
      return calls.classify(context, made().object, fitted_->object, &inputs, values.data(), valid.data(),
                            made().kind->user_data);
    });
    std::vector<Column> columns;
    for (std::size_t c = 0; c < outputs.size(); ++c) columns.push_back(outputs[c]->column(made().columns[c]));
    if (calls.reasons == nullptr)
      return Classification(name(), kind(), columns, reasons_by_measures(std::move(inputs.table), columns));
    auto reasons = [fitted = fitted_, inputs, columns](std::size_t row) {
      const Made& made = *fitted->made;
      Told told(made, inputs.table, columns, row);
      call_back(made.name, "reasons", {}, [&](klt_context* context) {
        return made.kind->calls.reasons(context, made.object, fitted->object, &inputs, row, &Told::tell, &told,
                                        made.kind->user_data);
      });
      return told.take();
    };
    return Classification(name(), kind(), columns, std::move(reasons), {}, ReasonThreads::caller);
  }

  [[nodiscard]] std::string to_json() const {
    const klt_classifier_callbacks& calls = made().kind->calls;
    json::Value value;
    value["options"] = json::parse(made().options, "options");
    if (calls.fit != nullptr) {
      if (calls.model_to_json == nullptr)
        throw Error(Code::unsupported,
                    "models of kind " + kind() + " cannot be written: classifier " + name() + " has no model_to_json",
                    name());
      klt_string* text = nullptr;
      call_back(name(), "model_to_json", {}, [&](klt_context* context) {
        return calls.model_to_json(context, made().object, fitted_->object, &text, made().kind->user_data);
      });
      const std::unique_ptr<klt_string> owned(text);
      if (text == nullptr) throw Error(Code::internal, "classifier " + name() + " wrote no model", name());
      try {
        value["learnt"] = json::parse(text->text, "model");
      } catch (const Error& error) {
        throw Error(Code::internal, "classifier " + name() + " wrote a model that is no JSON: " + error.what(), name());
      }
      if (!value["learnt"].is_object())
        throw Error(Code::internal, "classifier " + name() + " wrote a model that is no JSON object", name());
    }
    return value.dump(2, ' ', false, json::Value::error_handler_t::replace);
  }

 private:
  [[nodiscard]] const Made& made() const noexcept { return *fitted_->made; }
  std::shared_ptr<const Fitted> fitted_;
};

class HostClassifier {
 public:
  explicit HostClassifier(std::shared_ptr<const Made> made) : made_(std::move(made)) {}
  [[nodiscard]] const std::string& name() const noexcept { return made_->name; }
  [[nodiscard]] const std::string& kind() const noexcept { return made_->kind->kind; }
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return made_->inputs; }
  [[nodiscard]] std::vector<std::string> outputs() const { return made_->outputs(); }
  [[nodiscard]] const std::string& to_json() const noexcept { return made_->options; }

  [[nodiscard]] HostModel fit(const Table& table, const Control& control) const {
    control.check();
    const klt_table inputs{made_->inputs_of(table)};
    auto fitted = std::make_shared<Fitted>(made_);
    if (made_->kind->calls.fit != nullptr) {
      void* object = nullptr;
      call_back(name(), "fit", control, [&](klt_context* context) {
        return made_->kind->calls.fit(context, made_->object, &inputs, &object, made_->kind->user_data);
      });
      fitted->object = object;
    }
    return HostModel(std::move(fitted));
  }

  /// \param learnt  what model_to_json wrote; none where there is nothing to learn
  [[nodiscard]] HostModel load(const std::optional<json::Node>& learnt, const std::string& pointer) const {
    const klt_classifier_callbacks& calls = made_->kind->calls;
    auto fitted = std::make_shared<Fitted>(made_);
    if ((calls.fit != nullptr) != learnt.has_value())
      json::fail(pointer, learnt ? "has \"learnt\", and there is nothing to learn" : "lacks \"learnt\"");
    if (learnt) {
      if (calls.model_from_json == nullptr)
        throw Error(Code::unsupported,
                    "models of kind " + kind() + " cannot be loaded: classifier " + name() + " has no model_from_json",
                    name());
      const std::string text = learnt->value().dump();
      void* object = nullptr;
      call_back(name(), "model_from_json", {}, [&](klt_context* context) {
        return calls.model_from_json(context, made_->object, text.c_str(), &object, made_->kind->user_data);
      });
      fitted->object = object;
    }
    return HostModel(std::move(fitted));
  }

 private:
  std::shared_ptr<const Made> made_;
};

/// The place in the policy of what a failed make() was about: a key, or a pointer below the options.
std::string place(const std::string& pointer, const std::string& where, const std::string& name) {
  if (where.empty() || where == name) return pointer;
  return pointer + (where.front() == '/' ? where : '/' + json::token(where));
}

HostClassifier make(const std::shared_ptr<const HostKind>& kind, const std::string& name, std::string_view options,
                    const std::string& pointer) {
  auto made = std::make_shared<Made>();
  made->kind = kind;
  made->name = name;
  json::Value document = json::parse(options, "options");
  if (!document.is_object()) json::fail(pointer, "must be an object");
  document["kind"] = kind->kind;
  made->options = document.dump(2, ' ', false, json::Value::error_handler_t::replace);
  klt_plugin_shape shape{};
  shape.struct_size = sizeof shape;
  void* object = nullptr;
  try {
    call_back(name, "make", {}, [&](klt_context* context) {
      return kind->calls.make(context, name.c_str(), made->options.c_str(), &shape, &object, kind->user_data);
    });
  } catch (const Error& error) {
    switch (error.code()) {
      case Code::invalid_argument:
      case Code::not_found:
      case Code::out_of_range:
      case Code::bad_policy: throw Error(Code::bad_policy, error.what(), place(pointer, error.where(), name));
      default: throw;
    }
  }
  made->object = object;
  try {
    classifying::guarded(
        name, [&] { read_shape(shape, *made); }, true);
  } catch (const Error& error) {
    throw Error(Code::bad_policy, error.what(), pointer);
  }
  return HostClassifier(std::move(made));
}

AnyModel load(const std::shared_ptr<const HostKind>& kind, const std::string& name, std::string_view model,
              const std::string& pointer) {
  const json::Value document = json::parse(model, "model");
  json::Object object(json::Node(document, pointer));
  const json::Node options = object.require("options");
  const std::optional<json::Node> learnt = object.find("learnt");
  object.done();
  return make(kind, name, options.value().dump(), options.pointer()).load(learnt, pointer);
}

}  // namespace

extern "C" {

klt_status klt_registry_new(klt_context* context, klt_registry** out) {
  return guard(context, [&] { give(&need(out, "out")); });
}

void klt_registry_free(klt_registry* registry) { delete registry; }

klt_status klt_registry_add(klt_context* context, klt_registry* registry, const char* kind,
                            const klt_classifier_callbacks* callbacks, void* user_data) {
  return guard(context, [&] {
    klt_registry& into = need(registry, "registry");
    const std::string name(need_text(kind, "kind"));
    const klt_classifier_callbacks calls =
        read_struct(&need(callbacks, "callbacks"), klt_classifier_callbacks KLT_CLASSIFIER_CALLBACKS_INIT, "callbacks");
    if (ClassifierRegistry().has(name))
      throw Error(Code::invalid_argument, "kind " + name + " comes with the library", "kind");
    need(calls.make, "callbacks.make");
    need(calls.classify, "callbacks.classify");
    const std::string schema = calls.schema != nullptr ? std::string(need_text(calls.schema, "callbacks.schema")) : "";
    const auto host = std::make_shared<HostKind>(name, calls, user_data);
    into.registry.add(
        name,
        {.make = [host](const std::string& called, std::string_view options,
                        const std::string& pointer) { return AnyClassifier(make(host, called, options, pointer)); },
         .load = [host](const std::string& called, std::string_view model,
                        const std::string& pointer) { return load(host, called, model, pointer); },
         .schema = schema});
    host->owned = true;
  });
}

klt_status klt_registry_kinds(klt_context* context, const klt_registry* registry, klt_table** out) {
  return guard(context, [&] {
    const ClassifierRegistry& given = need(registry, "registry").registry;
    need(out, "out");
    give(out, kinds_table(given));
  });
}

klt_status klt_policy_from_json_with(klt_context* context, const klt_registry* registry, const char* json,
                                     klt_policy** out) {
  return guard(context, [&] {
    const ClassifierRegistry& kinds = need(registry, "registry").registry;
    const std::string_view given = need_text(json, "json");
    need(out, "out");
    give(out, Policy::from_json(given, kinds));
  });
}

klt_status klt_classifier_from_json_with(klt_context* context, const klt_registry* registry, const char* name,
                                         const char* json, klt_classifier** out) {
  return guard(context, [&] {
    const ClassifierRegistry& kinds = need(registry, "registry").registry;
    const std::string_view given = need_text(name, "name");
    const std::string_view options = need_text(json, "json");
    need(out, "out");
    give_named(out, kinds.make(std::string(given), options));
  });
}

klt_status klt_model_from_json_with(klt_context* context, const klt_registry* registry, const char* json,
                                    klt_model** out) {
  return guard(context, [&] {
    const ClassifierRegistry& kinds = need(registry, "registry").registry;
    const std::string_view given = need_text(json, "json");
    need(out, "out");
    give_named(out, kinds.model_from_json(given));
  });
}

klt_status klt_context_fail(klt_context* context, klt_status status, const char* message, const char* where) {
  return guard(context, [&] {
    const std::string text(need_text(message, "message"));
    const std::string place(where != nullptr ? need_text(where, "where") : std::string_view());
    if (status == KLT_OK || name(static_cast<Code>(status)) == "unknown")
      throw Error(Code::invalid_argument, std::to_string(status) + " is no status of a failure", "status");
    throw Error(static_cast<Code>(status), text, place);
  });
}

int klt_context_is_cancelled(const klt_context* context) {
  if (context == nullptr) return 0;
  if (context->call != nullptr && context->call->is_stopped()) return 1;
  return context->stop.stop_requested() ? 1 : 0;
}

}  // extern "C"
