// Binds the features stage: what each client did as of a day, refreshed and merged.
#include "klientela/features/features_json.hpp"
#include "stages.hpp"

namespace klientela::python {

void bind_features(py::module_& module) {
  py::class_<FeatureTable>(module, "FeatureTable")
      .def("__len__", &FeatureTable::rows)
      .def_property_readonly("as_of", [](const FeatureTable& self) { return from_day(self.as_of()); })
      .def_property_readonly("table", [](const FeatureTable& self) {
        return PyTable{self.table(), {}};
      });

  module.def(
      "features",
      [](const ClientBase& base, const py::object& as_of, std::size_t threads, const py::object& progress,
         const py::kwargs& options) {
        const Day day = to_day(as_of, "as_of");
        const FeatureOptions parsed = feature_options_from_json(to_json(options), "");
        return long_call(threads, progress,
                         [&](const Control& control) { return compute_features(base, day, parsed, control); });
      },
      py::arg("base"), py::arg("as_of"), py::kw_only(), py::arg("threads") = 0, py::arg("progress") = py::none());
  module.def(
      "refresh",
      [](const FeatureTable& previous, const ClientBase& base, const py::object& as_of, std::size_t threads,
         const py::object& progress) {
        const Day day = to_day(as_of, "as_of");
        return long_call(threads, progress,
                         [&](const Control& control) { return refresh_features(previous, base, day, control); });
      },
      py::arg("previous"), py::arg("base"), py::arg("as_of"), py::kw_only(), py::arg("threads") = 0,
      py::arg("progress") = py::none());
  module.def(
      "merge",
      [](const FeatureTable& earlier, const FeatureTable& later) {
        const py::gil_scoped_release release;
        return merge_features(earlier, later);
      },
      py::arg("earlier"), py::arg("later"));
}

}  // namespace klientela::python
