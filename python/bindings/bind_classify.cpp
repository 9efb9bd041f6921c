// Binds the classify stage: classifiers, frozen models, classifications with their reasons, table checks.
#include <algorithm>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "stages.hpp"

namespace klientela::python {
namespace {

const char* aspect_name(Aspect aspect) {
  switch (aspect) {
    case Aspect::score: return "score";
    case Aspect::share: return "share";
    case Aspect::band: return "band";
    case Aspect::segment: return "segment";
    case Aspect::group: return "group";
    case Aspect::missing: return "missing";
    case Aspect::level: return "level";
    case Aspect::met: return "met";
    case Aspect::missed: return "missed";
    case Aspect::other: return "other";
    case Aspect::rule: return "rule";
    case Aspect::assigned: return "assigned";
  }
  return "other";
}

py::object quantity(const Quantity& value) {
  if (value.text.empty()) return py::none();
  return py::str(value.text);
}

py::dict reason_to_python(const Reason& reason, Language language) {
  py::dict result;
  result["column"] = reason.column;
  result["result"] = reason.result;
  result["measure"] = reason.measure;
  result["value"] = quantity(reason.value);
  result["low"] = reason.low ? quantity(*reason.low) : py::none();
  result["high"] = reason.high ? quantity(*reason.high) : py::none();
  result["low_included"] = reason.low_included;
  result["high_included"] = reason.high_included;
  result["tie"] = reason.tie.empty() ? py::object(py::none()) : py::str(reason.tie);
  result["rule"] = reason.rule;
  result["aspect"] = aspect_name(reason.aspect);
  result["text"] = to_text(reason, language);
  return result;
}

std::vector<SegmentRow> segment_rows(const py::list& rows) {
  std::vector<SegmentRow> result;
  for (const py::handle& each : rows) {
    if (!py::isinstance<py::dict>(each)) throw Error(Code::invalid_argument, "a row of segments is a mapping", "rows");
    const auto row = py::reinterpret_borrow<py::dict>(each);
    const auto range = [&](const char* key) {
      const auto pair = argument<std::pair<int, int>>(row[key], key);
      return ScoreRange{pair.first, pair.second};
    };
    result.push_back(
        {argument<std::string>(row["segment"], "segment"), range("recency"), range("frequency"), range("money")});
  }
  return result;
}

py::dict segments_to_python(const SegmentTable& table) {
  py::list rows;
  for (const SegmentRow& row : table.rows) {
    py::dict entry;
    entry["segment"] = row.segment;
    entry["recency"] = std::vector<int>{row.recency.low, row.recency.high};
    entry["frequency"] = std::vector<int>{row.frequency.low, row.frequency.high};
    entry["money"] = std::vector<int>{row.money.low, row.money.high};
    rows.append(entry);
  }
  py::dict result;
  result["rows"] = rows;
  result["match"] = table.match == SegmentMatch::first ? "first" : "unique";
  if (!table.otherwise.empty()) result["otherwise"] = table.otherwise;
  return result;
}

}  // namespace

Language language_from(const std::string& name) {
  if (name == "en" || name == "english") return Language::english;
  if (name == "ru" || name == "russian") return Language::russian;
  throw Error(Code::invalid_argument, "language must be 'en' or 'ru', not '" + name + "'", "language");
}

py::list notes_to_python(const std::vector<Note>& notes, Language language) {
  py::list result;
  for (const Note& note : notes) {
    py::dict entry;
    entry["rule"] = note.rule;
    entry["subject"] = note.subject;
    entry["text"] = note.text(language);
    result.append(entry);
  }
  return result;
}

Table column_table(const py::object& data) {
  if (py::isinstance<PyTable>(data)) return data.cast<const PyTable&>().table;
  if (py::isinstance<FeatureTable>(data)) return data.cast<const FeatureTable&>().table();
  return py::module_::import("klientela._columns").attr("table_of")(data).cast<const PyTable&>().table;
}

void bind_classify(py::module_& module) {
  py::class_<Classification>(
      module, "Classification",
      "New columns, one row per row that was classified, and the reason for each. Has the methods of Table.")
      .def("__len__", &Classification::rows)
      .def_property_readonly("name", &Classification::name, "The name, from which the names of columns are made.")
      .def_property_readonly("kind", &Classification::kind, "What the policy calls it by, such as abc.")
      .def_property_readonly(
          "table",
          [](const Classification& self) {
            return PyTable{self.table(), {}};
          },
          "The new columns as a Table.")
      .def(
          "notes",
          [](const Classification& self, const std::string& language) {
            return notes_to_python(self.notes(), language_from(language));
          },
          py::arg("language") = "en", "What to know about the classification as a whole: rule, subject and text.")
      .def(
          "reasons",
          [](const Classification& self, std::size_t row, const std::string& language) {
            const Language wanted = language_from(language);
            py::list result;
            for (const Reason& reason : self.reasons(row)) result.append(reason_to_python(reason, wanted));
            return result;
          },
          py::arg("row"), py::arg("language") = "en",
          "Why a row (from 0) got what it got: one mapping per column, with measure, value, edges, rule and text.")
      .def(
          "explain",
          [](const Classification& self, std::size_t row, const std::string& language) {
            return self.explain(row, language_from(language));
          },
          py::arg("row"), py::arg("language") = "en", "The reasons of a row in words, in English (en) or Russian (ru).")
      .def("__repr__", [](const Classification& self) {
        return "<klientela.Classification '" + self.name() + "' (" + self.kind() + "), " + std::to_string(self.rows()) +
               " rows>";
      });

  py::class_<AnyModel>(
      module, "Model",
      "A classifier with its thresholds frozen: classifies any table that has the measures, always the same way.")
      .def_property_readonly("name", &AnyModel::name, "The name, from which the names of columns are made.")
      .def_property_readonly("kind", &AnyModel::kind, "What the policy calls it by, such as abc.")
      .def(
          "classify",
          [](const AnyModel& self, const py::object& data, std::size_t threads) {
            const Table table = column_table(data);
            return long_call(threads, py::none(),
                             [&](const Control& control) { return self.classify(table, control); });
          },
          py::arg("data"), py::kw_only(), py::arg("threads") = 0, "Classify by the frozen thresholds.")
      .def("to_json", &AnyModel::to_json, "As JSON text that ``from_json`` reads back.")
      .def(
          "to_dict", [](const AnyModel& self) { return from_json(self.to_json()); },
          "As a mapping that ``from_dict`` reads back.")
      .def_static(
          "from_json",
          [](const std::string& json, const ClassifierRegistry* registry) {
            return registry_or_own(registry).model_from_json(json);
          },
          py::arg("json"), py::arg("registry") = nullptr,
          "Read what ``to_json`` wrote; ``registry`` has the kinds that are plugged in.")
      .def_static(
          "from_dict",
          [](const py::dict& document, const ClassifierRegistry* registry) {
            return registry_or_own(registry).model_from_json(to_json(document));
          },
          py::arg("document"), py::arg("registry") = nullptr, "Read what ``to_dict`` gave.")
      .def("__repr__",
           [](const AnyModel& self) { return "<klientela.Model '" + self.name() + "' (" + self.kind() + ")>"; });

  py::class_<AnyClassifier>(module, "Classifier", R"doc(A way to classify with its options, before it has seen data.

Parameters
----------
kind : str
    What the policy calls it by, such as abc.
name : str
    Prefix of the columns; by default the kind.
**options
    As in the classifiers part of a policy.)doc")
      .def(py::init([](const std::string& kind, const std::string& name, const py::kwargs& options) {
             py::dict document(options);
             document["kind"] = kind;
             return ClassifierRegistry().make(name.empty() ? kind : name, to_json(document));
           }),
           py::arg("kind"), py::arg("name") = "")
      .def_property_readonly("name", &AnyClassifier::name, "The name, from which the names of columns are made.")
      .def_property_readonly("kind", &AnyClassifier::kind, "What the policy calls it by, such as abc.")
      .def_property_readonly("inputs", &AnyClassifier::inputs, "Names of the columns that it reads.")
      .def_property_readonly("outputs", &AnyClassifier::outputs, "Names of the columns that it writes.")
      .def_property_readonly(
          "options", [](const AnyClassifier& self) { return from_json(self.to_json()); },
          "Every option, defaults written out.")
      .def(
          "fit",
          [](const AnyClassifier& self, const py::object& data, std::size_t threads) {
            const Table table = column_table(data);
            return long_call(threads, py::none(), [&](const Control& control) { return self.fit(table, control); });
          },
          py::arg("data"), py::kw_only(), py::arg("threads") = 0,
          "Learn thresholds from a table of measures and freeze them in a Model.")
      .def("__repr__", [](const AnyClassifier& self) {
        return "<klientela.Classifier '" + self.name() + "' (" + self.kind() + ")>";
      });

  module.def(
      "check_segments",
      [](const py::list& rows, int bins) {
        const std::vector<SegmentRow> parsed = segment_rows(rows);
        const SegmentCheck check = check_segments(parsed, bins);
        py::list missing;
        for (const ScoreCell& cell : check.missing)
          missing.append(py::make_tuple(cell.recency, cell.frequency, cell.money));
        py::list overlapping;
        for (const SegmentCheck::Overlap& overlap : check.overlapping)
          overlapping.append(py::make_tuple(
              py::make_tuple(overlap.cell.recency, overlap.cell.frequency, overlap.cell.money), overlap.rows));
        py::dict result;
        result["missing"] = missing;
        result["overlapping"] = overlapping;
        result["unreachable_rows"] = check.unreachable_rows;
        result["unreachable"] = check.unreachable;
        return result;
      },
      py::arg("rows"), py::arg("bins") = 5,
      R"doc(Look for holes, overlaps and unreachable segments in an RFM segment table.

Parameters
----------
rows : list of mapping
    ``{"segment": name, "recency": [low, high], "frequency": [low, high], "money": [low, high]}``, both ends in.
bins : int
    Number of scores, 2 to 9.

Returns
-------
dict
    missing and overlapping cells, unreachable rows and segments.)doc");
  module.def(
      "default_segments", [](int bins) { return segments_to_python(default_segments(bins)); }, py::arg("bins") = 5,
      "The segment table that is used where none is given.");
  module.def(
      "rfm10_segments", [] { return segments_to_python(rfm10_segments()); },
      "The segment table of the R package rfm 0.3.");
}

}  // namespace klientela::python
