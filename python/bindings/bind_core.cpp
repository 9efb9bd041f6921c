// Binds the core stage: errors, tables, days; and the helpers that every other binding uses.
#include <pybind11/chrono.h>
#include <pybind11/numpy.h>

#include <algorithm>
#include <limits>

#include "common.hpp"
#include "ingest/cells.hpp"

namespace klientela::python {
namespace {

/// Exception classes by code; never freed, since translators outlive the module object.
PyObject* error_classes[11] = {};

const Column& column_named(const PyTable& table, const std::string& name) {
  const Column* column = table.table.find(name);
  if (column != nullptr) return *column;
  std::string known;
  for (const Column& each : table.table.columns()) {
    if (!known.empty()) known += ", ";
    known += each.name();
  }
  throw py::key_error("no column '" + name + "'; there are: " + known);
}

/// The mask of nulls, true where null.
py::array_t<bool> null_mask(const Column& column) {
  py::array_t<bool> mask(static_cast<py::ssize_t>(column.size()));
  bool* out = mask.mutable_data();
  for (std::size_t i = 0; i < column.size(); ++i) out[i] = column.is_null(i);
  return mask;
}

/// A read-only view of the column's own memory.
template <class T>
py::array shared_view(const Column& column, const py::dtype& type) {
  auto* keep = new Column(column);
  const py::capsule base(keep, [](void* kept) { delete static_cast<Column*>(kept); });
  py::array view(type, std::vector<py::ssize_t>{static_cast<py::ssize_t>(column.size())}, column.data(), base);
  view.attr("flags").attr("writeable") = false;
  (void)sizeof(T);
  return view;
}

template <class T>
py::object with_mask(const Column& column, const py::dtype& type) {
  py::array values = shared_view<T>(column, type);
  if (column.null_count() == 0) return values;
  return py::module_::import("numpy").attr("ma").attr("array")(values, py::arg("mask") = null_mask(column),
                                                               py::arg("copy") = false);
}

/// int64 or int32 ticks as datetime64, with NaT where null.
template <class T>
py::object moments(const Column& column, const char* unit) {
  const py::dtype type = py::dtype::from_args(py::str(std::string("datetime64[") + unit + "]"));
  if (std::is_same_v<T, std::int64_t> && column.null_count() == 0) return shared_view<T>(column, type);
  py::array_t<std::int64_t> ticks(static_cast<py::ssize_t>(column.size()));
  std::int64_t* out = ticks.mutable_data();
  const std::span<const T> values = column.values<T>();
  for (std::size_t i = 0; i < column.size(); ++i)
    out[i] = column.is_null(i) ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(values[i]);
  return ticks.attr("view")(type);
}

py::str decode(std::string_view text) {
  PyObject* object = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(object);
}

py::object strings(const Column& column) {
  const auto n = static_cast<py::ssize_t>(column.size());
  py::array result = py::module_::import("numpy").attr("empty")(n, py::arg("dtype") = "object");
  auto** out = static_cast<PyObject**>(result.mutable_data());
  const bool coded = column.type() == ColumnType::label || column.type() == ColumnType::term;
  std::vector<py::object> labels;
  if (coded)
    for (const std::string& label : column.labels()) labels.push_back(decode(label));
  for (std::size_t i = 0; i < column.size(); ++i) {
    py::object value = py::none();
    if (!column.is_null(i)) {
      if (column.type() == ColumnType::label)
        value = labels[column.values<std::uint16_t>()[i]];
      else if (column.type() == ColumnType::term)
        value = labels[column.values<std::uint32_t>()[i]];
      else
        value = decode(column.text(i));
    }
    Py_XDECREF(out[i]);
    out[i] = value.release().ptr();
  }
  return result;
}

/// One value as the Python type a person expects: Decimal for money, date, datetime, str, int, float, bool, None.
py::object cell(const PyTable& table, const Column& column, std::size_t row) {
  if (column.is_null(row)) return py::none();
  switch (column.type()) {
    case ColumnType::boolean: return py::bool_(column.values<std::uint8_t>()[row] != 0);
    case ColumnType::int8: return py::int_(static_cast<int>(column.values<std::int8_t>()[row]));
    case ColumnType::int32: return py::int_(column.values<std::int32_t>()[row]);
    case ColumnType::int64: return py::int_(column.values<std::int64_t>()[row]);
    case ColumnType::float64: return py::float_(column.values<double>()[row]);
    case ColumnType::money: return py::module_::import("decimal").attr("Decimal")(column.to_text(row));
    case ColumnType::day: return from_day(Day{std::chrono::days{column.values<std::int32_t>()[row]}});
    case ColumnType::instant: {
      const py::module_ datetime = py::module_::import("datetime");
      const bool zoneless = table.zoneless.contains(column.name());
      const py::object epoch = datetime.attr("datetime")(
          1970, 1, 1, py::arg("tzinfo") = zoneless ? py::none() : py::object(datetime.attr("timezone").attr("utc")));
      return epoch + datetime.attr("timedelta")(py::arg("microseconds") = column.values<std::int64_t>()[row]);
    }
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::text: return decode(column.text(row));
  }
  return py::none();
}

/// What is wrong with a str that cannot be encoded.
std::string no_utf8(const py::handle& text) {
  std::string shown = py::repr(text);  // surrogates escaped
  if (shown.size() > 200) shown.replace(197, std::string::npos, "...");
  return "the text " + detail::shown(shown) + " holds a lone surrogate, which is no character";
}

Buffer<std::uint8_t> packed(const py::object& valid, std::size_t rows, const std::string& name) {
  if (valid.is_none()) return {};
  const auto flags = py::array_t<bool, py::array::c_style | py::array::forcecast>(valid);
  if (static_cast<std::size_t>(flags.size()) != rows)
    throw Error(Code::invalid_argument, "the validity of column '" + name + "' has another length", name);
  Buffer<std::uint8_t> bits((rows + 7) / 8, 0);
  bool any = false;
  for (std::size_t i = 0; i < rows; ++i) {
    if (flags.data()[i])
      bits[i >> 3] = static_cast<std::uint8_t>(bits[i >> 3] | (1U << (i & 7)));
    else
      any = true;
  }
  return any ? std::move(bits) : Buffer<std::uint8_t>{};
}

template <class T>
Column from_array(const std::string& name, ColumnType type, const py::object& values, const py::object& valid) {
  const auto array = py::array_t<T, py::array::c_style>::ensure(values);
  if (!array) throw py::error_already_set();
  const auto rows = static_cast<std::size_t>(array.size());
  Buffer<T> buffer(rows);
  std::copy_n(array.data(), rows, buffer.data());
  return {name, type, std::move(buffer), packed(valid, rows, name)};
}

Column from_strings(const std::string& name, const py::list& values) {
  const std::size_t rows = py::len(values);
  std::string characters;
  Buffer<std::int64_t> offsets(rows + 1);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0);
  bool any_null = false;
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const py::object value = values[i];
    if (value.is_none()) {
      any_null = true;
    } else {
      Py_ssize_t size = 0;
      const char* text = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
      if (text == nullptr) {
        PyErr_Clear();
        throw Error(Code::bad_data,
                    "column '" + name + "', row " + std::to_string(i + 1) + " counted from 1: " + no_utf8(value), name);
      }
      characters.append(text, static_cast<std::size_t>(size));
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    }
    offsets[i + 1] = static_cast<std::int64_t>(characters.size());
  }
  Buffer<char> bytes(characters.size());
  std::copy(characters.begin(), characters.end(), bytes.data());
  return {name, std::move(offsets), std::move(bytes), any_null ? std::move(valid) : Buffer<std::uint8_t>{}};
}

/// columns: [(name, kind, values, valid or None)], as klientela._columns prepares them.
PyTable from_columns(const py::list& columns) {
  PyTable result;
  for (const py::handle& each : columns) {
    const auto [name, kind, values, valid] = each.cast<std::tuple<std::string, std::string, py::object, py::object>>();
    if (kind == "int64")
      result.table.add(from_array<std::int64_t>(name, ColumnType::int64, values, valid));
    else if (kind == "float64")
      result.table.add(from_array<double>(name, ColumnType::float64, values, valid));
    else if (kind == "boolean")
      result.table.add(from_array<std::uint8_t>(name, ColumnType::boolean, values, valid));
    else if (kind == "money")
      result.table.add(from_array<std::int64_t>(name, ColumnType::money, values, valid));
    else if (kind == "day")
      result.table.add(from_array<std::int32_t>(name, ColumnType::day, values, valid));
    else if (kind == "instant" || kind == "zoneless") {
      result.table.add(from_array<std::int64_t>(name, ColumnType::instant, values, valid));
      if (kind == "zoneless") result.zoneless.insert(name);
    } else if (kind == "label") {
      const auto [codes, labels] = values.cast<std::pair<py::object, std::vector<std::string>>>();
      const Column plain = from_array<std::int32_t>(name, ColumnType::int32, codes, valid);
      Buffer<std::uint16_t> narrow(plain.size());
      for (std::size_t i = 0; i < plain.size(); ++i)
        narrow[i] = static_cast<std::uint16_t>(plain.values<std::int32_t>()[i]);
      result.table.add(Column(name, std::move(narrow), std::make_shared<const std::vector<std::string>>(labels),
                              packed(valid, plain.size(), name)));
    } else if (kind == "text")
      result.table.add(from_strings(name, values.cast<py::list>()));
    else
      throw Error(Code::invalid_argument, "no column kind '" + kind + "'", name);
  }
  return result;
}

void release_capsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
  if (stream == nullptr) return;
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

}  // namespace

std::string_view utf8(const py::handle& text) {
  Py_ssize_t size = 0;
  const char* const data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (data != nullptr) return {data, static_cast<std::size_t>(size)};
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) throw py::error_already_set();
  PyErr_Clear();
  throw Error(Code::invalid_argument, no_utf8(text), "text");
}

void register_errors(py::module_& module) {
  const py::module_ errors = py::module_::import("klientela._errors");
  for (const char* name :
       {"KlientelaError", "InvalidArgumentError", "NotFoundError", "OutOfRangeError", "ArithmeticOverflowError",
        "BadDataError", "BadPolicyError", "CancelledError", "UnsupportedError", "OutOfMemoryError", "InternalError"}) {
    const py::object type = errors.attr(name);
    const auto code = type.attr("number").cast<int>();
    error_classes[code] = py::object(type).release().ptr();
    module.attr(name) = type;
  }
  py::register_exception_translator([](std::exception_ptr pointer) {
    const auto raise = [](const Error& error) {
      const auto code = static_cast<std::size_t>(error.code());
      PyObject* type = error_classes[code < std::size(error_classes) ? code : 0];
      py::object value = py::reinterpret_borrow<py::object>(type)(decode(error.what()), decode(error.where()));
      PyErr_SetObject(type, value.ptr());
      return value;
    };
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const PluginError& error) {
      if (error.itself()) {
        PyErr_SetObject(py::type::handle_of(error.raised()).ptr(), error.raised().ptr());
        return;
      }
      const py::object value = raise(error);
      PyException_SetCause(value.ptr(), py::object(error.raised()).release().ptr());
    } catch (const Error& error) {
      (void)raise(error);
    }
  });
}

Held::~Held() {
#if PY_VERSION_HEX >= 0x030D0000
  const bool ending = !Py_IsInitialized() || Py_IsFinalizing();
#else
  const bool ending = !Py_IsInitialized() || _Py_IsFinalizing();
#endif
  if (ending) {  // nobody can take the GIL any more
    (void)object.release();
    return;
  }
  const py::gil_scoped_acquire acquire;
  object = py::object();
}

ArrowStream stream_from(const py::object& object, const std::string& what) {
  if (!py::hasattr(object, "__arrow_c_stream__"))
    throw py::type_error(what +
                         " must have __arrow_c_stream__ (pandas, polars, pyarrow, duckdb, klientela.Table), not " +
                         std::string(py::str(py::type::of(object).attr("__name__"))));
  const py::object capsule = object.attr("__arrow_c_stream__")();
  if (PyCapsule_IsValid(capsule.ptr(), "arrow_array_stream") == 0)
    throw Error(Code::bad_data,
                "the __arrow_c_stream__ of " + what + " gave " + std::string(py::repr(capsule)) +
                    ", which is no capsule of an Arrow stream",
                what);
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
  return ArrowStream(stream);
}

py::object column_array(const PyTable& table, const std::string& name) {
  const Column& column = column_named(table, name);
  switch (column.type()) {
    case ColumnType::boolean: return with_mask<std::uint8_t>(column, py::dtype("?"));
    case ColumnType::int8: return with_mask<std::int8_t>(column, py::dtype::of<std::int8_t>());
    case ColumnType::int32: return with_mask<std::int32_t>(column, py::dtype::of<std::int32_t>());
    case ColumnType::int64: return with_mask<std::int64_t>(column, py::dtype::of<std::int64_t>());
    case ColumnType::float64:
      if (column.null_count() == 0) return shared_view<double>(column, py::dtype::of<double>());
      [[fallthrough]];
    case ColumnType::money: {
      const std::vector<double> values = column.to_doubles();
      return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
    }
    case ColumnType::day: return moments<std::int32_t>(column, "D");
    case ColumnType::instant: return moments<std::int64_t>(column, "us");
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::text: return strings(column);
  }
  return py::none();
}

Day to_day(const py::handle& value, const std::string& what) {
  if (PyUnicode_Check(value.ptr())) {
    const auto text = value.cast<std::string>();
    if (const auto day = parse_day(text)) return *day;
    throw Error(Code::invalid_argument, what + " must be a date like 2026-11-21, not '" + text + "'", what);
  }
  if (!py::hasattr(value, "toordinal"))
    throw py::type_error(what + " must be a date or a text like 2026-11-21, not " +
                         std::string(py::str(py::type::of(value).attr("__name__"))));
  constexpr int epoch = 719'163;  // date(1970, 1, 1).toordinal()
  return Day{std::chrono::days{value.attr("toordinal")().cast<int>() - epoch}};
}

py::object from_day(Day day) {
  // What Python's dates reach; year_month_day itself wraps around further out.
  constexpr Day first{std::chrono::days{-719'162}};  // 0001-01-01
  constexpr Day last{std::chrono::days{2'932'896}};  // 9999-12-31
  if (day < first || day > last)
    throw Error(Code::out_of_range, "the day " + to_text(day) + " is outside the years 1 to 9999 of Python's dates");
  const std::chrono::year_month_day date{day};
  return py::module_::import("datetime")
      .attr("date")(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()));
}

std::string to_json(const py::handle& value) {
  return py::module_::import("klientela._policy").attr("json_of")(value).cast<std::string>();
}

py::object from_json(std::string_view text) { return py::module_::import("json").attr("loads")(decode(text)); }

void bind_core(py::module_& module) {
  py::class_<PyTable>(module, "Table", R"doc(Named columns of equal length; immutable.

Goes into and comes out of pandas, polars, pyarrow and DuckDB by ``__arrow_c_stream__``.

Parameters
----------
data : mapping of columns, or anything with ``__arrow_c_stream__``
    Columns are lists or NumPy arrays of equal length.)doc")
      .def(py::init([](const py::object& data) {
             return py::module_::import("klientela._columns").attr("table_of")(data).cast<PyTable>();
           }),
           py::arg("data"))
      .def_static("_from_columns", &from_columns)
      .def_static("_from_arrow",
                  [](const py::object& data) {
                    ArrowStream stream = stream_from(data, "data");
                    return import_table(std::move(stream));
                  })
      .def("__len__", [](const PyTable& self) { return self.table.rows(); })
      .def_property_readonly(
          "columns",
          [](const PyTable& self) {
            py::list names;
            for (const Column& column : self.table.columns()) names.append(column.name());
            return names;
          },
          "Names of the columns, in order.")
      .def_property_readonly(
          "types",
          [](const PyTable& self) {
            py::dict types;
            for (const Column& column : self.table.columns())
              types[py::str(column.name())] = std::string(name(column.type()));
            return types;
          },
          "Type of every column by name: boolean, int8, int32, int64, float64, money, day, instant, label, term or "
          "text.")
      .def("__contains__",
           [](const PyTable& self, const std::string& name) { return self.table.find(name) != nullptr; })
      .def("__getitem__", &column_array, py::arg("name"), R"doc(Give a column as a NumPy array.

Shares memory where it can: numbers without nulls are read-only views. Whole numbers with nulls are masked
arrays, real numbers have NaN, days and instants NaT, texts None. Money is float64; ``units`` gives it exactly.)doc")
      .def(
          "units",
          [](const PyTable& self, const std::string& name) {
            const Column& column = column_named(self, name);
            if (column.type() != ColumnType::money)
              throw Error(Code::invalid_argument, "column '" + name + "' is not money", name);
            return with_mask<std::int64_t>(column, py::dtype::of<std::int64_t>());
          },
          py::arg("name"), "Give a money column exactly, as int64 in units of 1/10000.")
      .def(
          "null_count",
          [](const PyTable& self, const std::string& name) { return column_named(self, name).null_count(); },
          py::arg("name"), "How many cells of a column are empty.")
      .def(
          "take",
          [](const PyTable& self, const std::vector<std::uint32_t>& rows) {
            return PyTable{self.table.take(rows), self.zoneless};
          },
          py::arg("rows"), "Give the rows of these numbers, in this order.")
      .def("_column",
           [](const PyTable& self, const std::string& name) {
             const Column& column = column_named(self, name);
             py::list values;
             for (std::size_t row = 0; row < column.size(); ++row) values.append(cell(self, column, row));
             return values;
           })
      .def("_texts",
           [](const PyTable& self, std::size_t rows) {
             py::list lines;
             for (std::size_t row = 0; row < std::min(rows, self.table.rows()); ++row) {
               py::list line;
               for (const Column& column : self.table.columns()) {
                 if (column.is_null(row))
                   line.append(py::none());
                 else
                   line.append(decode(column.to_text(row)));
               }
               lines.append(line);
             }
             return lines;
           })
      .def(
          "__arrow_c_stream__",
          [](const PyTable& self, const py::object&) {
            auto stream = std::make_unique<ArrowArrayStream>();
            ArrowStream exported = export_table(self);
            *stream = *exported.get();
            exported.get()->release = nullptr;
            PyObject* capsule = PyCapsule_New(stream.get(), "arrow_array_stream", &release_capsule);
            if (capsule == nullptr) {
              if (stream->release != nullptr) stream->release(stream.get());
              throw py::error_already_set();
            }
            (void)stream.release();
            return py::reinterpret_steal<py::object>(capsule);
          },
          py::arg("requested_schema") = py::none());
}

}  // namespace klientela::python
