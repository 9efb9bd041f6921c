// Binds classifiers written in Python: an adapter between klientela._plugins and the concepts of classify.
#include <algorithm>
#include <map>
#include <optional>

#include "classify/guarded.hpp"
#include "core/json_reader.hpp"
#include "klientela/classify/classifier.hpp"
#include "stages.hpp"

namespace klientela::python {
namespace {

/// str() of an object, lone surrogates escaped; none where there is no such text.
std::optional<std::string> shown(const py::handle& object) {
  try {
    const auto text = py::reinterpret_steal<py::object>(PyObject_Str(object.ptr()));
    if (!text) throw py::error_already_set();
    const auto bytes =
        py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "backslashreplace"));
    if (!bytes) throw py::error_already_set();
    return std::string(std::string_view(bytes));
  } catch (py::error_already_set&) {
    return std::nullopt;
  }
}

/// The code of what was raised, as that of a callback in C that fails alike.
/// \param making  TypeError, ValueError and LookupError are about the options then
Code code_of(const py::object& raised, bool ours, bool making) {
  const auto is = [&](PyObject* type) { return PyErr_GivenExceptionMatches(raised.ptr(), type) != 0; };
  if (!ours) {
    if (is(PyExc_MemoryError)) return Code::out_of_memory;
    const bool about_options = is(PyExc_TypeError) || is(PyExc_ValueError) || is(PyExc_LookupError);
    return making && about_options ? Code::bad_policy : Code::internal;
  }
  const auto code = static_cast<Code>(raised.attr("number").cast<int>());
  if (klientela::name(code) == "unknown") return Code::internal;
  const bool about_options = code == Code::invalid_argument || code == Code::not_found || code == Code::out_of_range;
  return making && about_options ? Code::bad_policy : code;
}

/// Runs Python with the GIL. What it raises becomes an Error that names the classifier and keeps the exception.
/// \param pointer  where an exception is about the policy: the place in it; else null
template <class Work>
auto with_python(const std::string& name, Work&& work, const std::string* pointer = nullptr) {
  const py::gil_scoped_acquire acquire;
  try {
    return work();
  } catch (py::error_already_set& error) {
    py::object raised = error.value();
    if (error.trace()) PyException_SetTraceback(raised.ptr(), error.trace().ptr());
    const bool ours = py::isinstance(raised, py::module_::import("klientela._errors").attr("KlientelaError"));
    // What cannot be caught by naming a classifier: Ctrl-C and an exit; and what names it already.
    bool itself = !PyErr_GivenExceptionMatches(raised.ptr(), PyExc_Exception);
    const Code code = code_of(raised, ours, pointer != nullptr);
    const std::string type = shown(py::type::handle_of(raised).attr("__name__")).value_or("an exception");
    const std::optional<std::string> said = shown(raised);
    const std::string what = !said ? type : ours ? *said : type + ": " + *said;
    if (ours && what.rfind("classifier " + name + ' ', 0) == 0 && !pointer) itself = true;
    std::string where = name;
    if (ours && code != Code::internal)
      if (const auto told = shown(py::getattr(raised, "where", py::str())); told && !told->empty()) where = *told;
    if (pointer && code == Code::bad_policy) where = *pointer;
    throw PluginError(code, "classifier " + name + " failed: " + what, where, raised, itself);
  } catch (const Error& error) {  // what Python gave is no text, say
    if (!pointer) throw;
    throw Error(Code::bad_policy, "classifier " + name + " failed: " + error.what(), *pointer);
  }
}

/// A classifier as klientela._plugins made it.
struct Made {
  std::string name;
  std::string kind;
  std::string options;  ///< "kind" included
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  bool learns{false};
  std::shared_ptr<const Held> object;

  [[nodiscard]] Table inputs_of(const Table& table) const {
    Table chosen;
    for (const std::string& input : inputs) chosen.add(table.column(input));
    return chosen;
  }
};

py::object in_python(Table table) { return py::cast(PyTable{std::move(table), {}}); }

Quantity edge_of(const py::handle& value) {
  Quantity edge{.text = py::str(value).cast<std::string>(), .is_float = py::isinstance<py::float_>(value)};
  if (py::isinstance<py::float_>(value) || py::isinstance<py::int_>(value)) edge.number = value.cast<double>();
  return edge;
}

class PythonModel {
 public:
  PythonModel(std::shared_ptr<const Made> made, std::shared_ptr<const Held> learnt)
      : made_(std::move(made)), learnt_(std::move(learnt)) {}
  [[nodiscard]] const std::string& name() const noexcept { return made_->name; }
  [[nodiscard]] const std::string& kind() const noexcept { return made_->kind; }
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return made_->inputs; }
  [[nodiscard]] const std::vector<std::string>& outputs() const noexcept { return made_->outputs; }

  [[nodiscard]] Classification classify(const Table& table, const Control& control) const {
    control.check();
    Table inputs = made_->inputs_of(table);
    bool tells = false;
    std::vector<Column> columns = with_python(name(), [&] {
      tells = made_->object->object.attr("tells_reasons").cast<bool>();
      return made_->object->object.attr("classify")(learnt_->object, in_python(inputs)).cast<PyTable>().table.columns();
    });
    control.check();
    if (!tells) return Classification(name(), kind(), columns, reasons_by_measures(std::move(inputs), columns));
    auto reasons = [made = made_, learnt = learnt_, inputs = std::move(inputs), columns](std::size_t row) {
      const std::uint32_t rows[1] = {static_cast<std::uint32_t>(row)};
      const Table measures = inputs.take(rows);
      const Table given = Table(columns).take(rows);
      return with_python(made->name, [&] {
        std::vector<Reason> found;
        for (const py::handle& each :
             made->object->object.attr("reasons")(learnt->object, in_python(measures), in_python(given))) {
          const auto told = each.cast<py::dict>();
          const auto text = [&](const char* key) { return told[key].cast<std::string>(); };
          Reason reason =
              reasons_by_measures(Table({measures.column(text("measure"))}), {given.column(text("column"))})(0).front();
          if (!told["low"].is_none()) reason.low = edge_of(told["low"]);
          if (!told["high"].is_none()) reason.high = edge_of(told["high"]);
          if (const std::string rule = text("rule"); !rule.empty()) reason.rule = rule;
          reason.english = text("en");
          reason.russian = text("ru");
          if (!(reason.english.empty() && reason.russian.empty()) && reason.aspect == Aspect::missing)
            reason.aspect = Aspect::other;
          found.push_back(std::move(reason));
        }
        return found;
      });
    };
    return Classification(name(), kind(), columns, std::move(reasons), {}, ReasonThreads::caller);
  }

  [[nodiscard]] std::string to_json() const {
    json::Value value;
    value["options"] = json::parse(made_->options, "options");
    const std::string kept =
        with_python(name(), [&] { return python::to_json(made_->object->object.attr("dump")(learnt_->object)); });
    value.update(json::parse(kept, "model"));
    return value.dump(2);
  }

 private:
  std::shared_ptr<const Made> made_;
  std::shared_ptr<const Held> learnt_;
};

class PythonClassifier {
 public:
  explicit PythonClassifier(std::shared_ptr<const Made> made) : made_(std::move(made)) {}
  [[nodiscard]] const std::string& name() const noexcept { return made_->name; }
  [[nodiscard]] const std::string& kind() const noexcept { return made_->kind; }
  [[nodiscard]] const std::vector<std::string>& inputs() const noexcept { return made_->inputs; }
  [[nodiscard]] const std::vector<std::string>& outputs() const noexcept { return made_->outputs; }
  [[nodiscard]] const std::string& to_json() const noexcept { return made_->options; }
  [[nodiscard]] PythonModel fit(const Table& table, const Control& control) const {
    control.check();
    const Table inputs = made_->inputs_of(table);
    return PythonModel(made_, with_python(name(), [&] {
                         return std::make_shared<const Held>(made_->object->object.attr("fit")(in_python(inputs)));
                       }));
  }
  /// \param learnt  what to_dict() gave; none where there is nothing to learn. \param types  of columns by suffix
  [[nodiscard]] PythonModel load(const std::optional<json::Node>& learnt, const std::optional<json::Node>& types,
                                 const std::string& pointer) const {
    if (made_->learns != learnt.has_value())
      json::fail(pointer, learnt ? "has \"learnt\", and there is nothing to learn" : "lacks \"learnt\"");
    const auto known = with_python(name(), [&] { return made_->object->object.attr("types").cast<Types>(); });
    if (types)
      for (const auto& [suffix, node] : types->members()) {
        const auto column = known.find(suffix);
        if (column == known.end()) node.fail("is the type of a column that classifier " + name() + " does not write");
        if (std::find(column->second.begin(), column->second.end(), node.text()) == column->second.end())
          node.fail("is no type of a column");
      }
    const std::string document = learnt ? learnt->value().dump() : "null";
    const std::string columns = types ? types->value().dump() : "{}";
    return PythonModel(made_, with_python(name(), [&] {
                         return std::make_shared<const Held>(
                             made_->object->object.attr("load")(from_json(document), from_json(columns)));
                       }));
  }

 private:
  using Types = std::map<std::string, std::vector<std::string>>;
  std::shared_ptr<const Made> made_;
};

PythonClassifier make(const std::shared_ptr<const Held>& factory, const std::string& kind, const std::string& name,
                      std::string_view options, const std::string& pointer) {
  json::Value document = json::parse(options, "options");
  if (!document.is_object()) json::fail(pointer, "must be an object");
  document["kind"] = kind;
  auto made = std::make_shared<Made>();
  made->name = name;
  made->kind = kind;
  made->options = document.dump(2);
  with_python(
      name,
      [&] {
        py::object object = factory->object(name, from_json(made->options));
        made->inputs = object.attr("inputs").cast<std::vector<std::string>>();
        made->outputs = object.attr("outputs").cast<std::vector<std::string>>();
        made->learns = object.attr("learns").cast<bool>();
        made->object = std::make_shared<const Held>(std::move(object));
      },
      &pointer);
  return PythonClassifier(std::move(made));
}

ClassifierKind kind_of(std::shared_ptr<const Held> factory, const std::string& kind, std::string schema) {
  return {
      .make = [factory, kind](const std::string& name, std::string_view options, const std::string& pointer)
          -> AnyClassifier { return make(factory, kind, name, options, pointer); },
      .load = [factory, kind](const std::string& name, std::string_view model, const std::string& pointer) -> AnyModel {
        const json::Value document = json::parse(model, "model");
        json::Object object(json::Node(document, pointer));
        const json::Node options = object.require("options");
        const std::optional<json::Node> learnt = object.find("learnt");
        const std::optional<json::Node> types = object.find("types");
        object.done();
        return make(factory, kind, name, options.value().dump(), options.pointer()).load(learnt, types, pointer);
      },
      .schema = std::move(schema)};
}

}  // namespace

void bind_plugins(py::module_& module) {
  py::class_<ClassifierRegistry>(module, "ClassifierRegistry",
                                 R"doc(The kinds of classifiers that a policy may name: the library's, and your own.

Hand it to ``klientela.run(..., classifiers=registry)``, ``klientela.history`` or ``Policy.from_dict``.)doc")
      .def(py::init<>())
      .def_property_readonly("kinds", &ClassifierRegistry::kinds, "Names of the kinds, in order.")
      .def("__contains__", &ClassifierRegistry::has, py::arg("kind"))
      .def("__len__", [](const ClassifierRegistry& self) { return self.kinds().size(); })
      .def("_add",
           [](ClassifierRegistry& self, const std::string& kind, const py::object& factory, const std::string& schema) {
             if (ClassifierRegistry().has(kind))
               throw Error(Code::invalid_argument, "kind " + kind + " comes with the library", "kind");
             self.add(kind, kind_of(std::make_shared<const Held>(factory), kind, schema));
           })
      .def("_make", [](const ClassifierRegistry& self, const std::string& name,
                       const py::dict& options) { return self.make(name, to_json(options)); })
      .def("__repr__", [](const ClassifierRegistry& self) {
        const ClassifierRegistry own;
        std::string added;
        for (const std::string& kind : self.kinds())
          if (!own.has(kind)) added += (added.empty() ? "" : ", ") + kind;
        return "<klientela.ClassifierRegistry: " + (added.empty() ? "no plug-ins" : added) + ">";
      });
}

}  // namespace klientela::python
