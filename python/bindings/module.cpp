// The module klientela._core: one bind function per stage, called in the order of the flow.
#include "common.hpp"
#include "klientela/core/version.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled part of klientela; use it through the package klientela.";
  module.attr("__version__") = klientela::version();
  klientela::python::register_errors(module);
  klientela::python::bind_core(module);
  klientela::python::bind_ingest(module);
  klientela::python::bind_dedupe(module);
  klientela::python::bind_duplicates(module);
  klientela::python::bind_merge(module);
  klientela::python::bind_features(module);
  klientela::python::bind_rules(module);
  klientela::python::bind_plugins(module);
  klientela::python::bind_classify(module);
  klientela::python::bind_periods(module);
  klientela::python::bind_report(module);
  klientela::python::bind_plan(module);
  klientela::python::bind_pipeline(module);
  klientela::python::bind_history(module);
}
