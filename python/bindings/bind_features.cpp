// Binds the features stage: what each client did as of a day, refreshed and merged.
#include "klientela/features/features_json.hpp"
#include "stages.hpp"

namespace klientela::python {

void bind_features(py::module_& module) {
  py::class_<FeatureTable>(
      module, "FeatureTable",
      "What each client did, as of a day: one row per client in canonical order. Has the methods of Table.")
      .def("__len__", &FeatureTable::rows)
      .def_property_readonly(
          "as_of", [](const FeatureTable& self) { return from_day(self.as_of()); }, "The last day that counts.")
      .def_property_readonly(
          "table",
          [](const FeatureTable& self) {
            return PyTable{self.table(), {}};
          },
          "The columns as a Table.");

  module.def(
      "features",
      [](const ClientBase& base, const py::object& as_of, std::size_t threads, const py::object& progress,
         const py::kwargs& options) {
        const Day day = to_day(as_of, "as_of");
        const FeatureOptions parsed = feature_options_from_json(to_json(options), "");
        return long_call(threads, progress,
                         [&](const Control& control) { return compute_features(base, day, parsed, control); });
      },
      py::arg("base"), py::arg("as_of"), py::kw_only(), py::arg("threads") = 0, py::arg("progress") = py::none(),
      R"doc(Measure every client as of a day.

Parameters
----------
base : ClientBase
as_of : datetime.date or str
    Last day that counts, inclusive, in the base's time zone.
threads : int
    0: one per core.
progress : callable, optional
    Called with the stage and the share done.
**options
    The features part of a policy: groups, window_days, window_months, period, include_first, engagement.

Returns
-------
FeatureTable)doc");
  module.def(
      "refresh",
      [](const FeatureTable& previous, const ClientBase& base, const py::object& as_of, std::size_t threads,
         const py::object& progress) {
        const Day day = to_day(as_of, "as_of");
        return long_call(threads, progress,
                         [&](const Control& control) { return refresh_features(previous, base, day, control); });
      },
      py::arg("previous"), py::arg("base"), py::arg("as_of"), py::kw_only(), py::arg("threads") = 0,
      py::arg("progress") = py::none(),
      R"doc(Bring features up to date with a base that extends theirs, at the cost of what changed.

The result equals ``features(base, as_of)`` with the options of ``previous``, which stays as it is.)doc");
  module.def(
      "merge",
      [](const FeatureTable& earlier, const FeatureTable& later) {
        const py::gil_scoped_release release;
        return merge_features(earlier, later);
      },
      py::arg("earlier"), py::arg("later"),
      "Join the features of disjoint clients, or of consecutive times that split no order and no period.");
}

}  // namespace klientela::python
