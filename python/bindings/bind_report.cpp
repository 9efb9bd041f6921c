// Binds the report stage: tables as CSV that no spreadsheet runs.
#include "klientela/report/report.hpp"
#include "stages.hpp"

namespace klientela::python {

void bind_report(py::module_& module) {
  module.def(
      "to_csv",
      [](const py::object& data) {
        const Table table = column_table(data);
        std::string text;
        {
          const py::gil_scoped_release release;
          text = to_csv(table);
        }
        return text;
      },
      py::arg("table"),
      "Give a table as CSV text (RFC 4180); cells that a spreadsheet would run begin with an apostrophe.");
}

}  // namespace klientela::python
