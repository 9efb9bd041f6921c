// Binds steadiness over periods, cohorts and the attention list.
#include "klientela/classify/attention.hpp"
#include "klientela/features/features_json.hpp"
#include "klientela/features/periods.hpp"
#include "stages.hpp"

namespace klientela::python {

void bind_periods(py::module_& module) {
  module.def(
      "periods",
      [](const ClientBase& base, const py::object& as_of, const py::object& window_days,
         const py::object& window_months, std::size_t threads, const py::kwargs& options) {
        const Day day = to_day(as_of, "as_of");
        const PeriodOptions parsed = period_options_from_json(to_json(options), "");
        py::dict window;
        if (!window_days.is_none()) window["window_days"] = window_days;
        if (!window_months.is_none()) window["window_months"] = window_months;
        const FeatureOptions features = feature_options_from_json(to_json(window), "");
        return PyTable{
            long_call(threads, py::none(),
                      [&](const Control& control) { return period_table(base, day, parsed, features, control); }),
            {}};
      },
      py::arg("base"), py::arg("as_of"), py::kw_only(), py::arg("window_days") = py::none(),
      py::arg("window_months") = py::none(), py::arg("threads") = 0,
      R"doc(Measure how steadily every client buys over calendar periods.

Parameters
----------
base : ClientBase
as_of : datetime.date or str
    Last day that counts, inclusive, in the base's time zone.
window_days, window_months : int, optional
    Look-back that ends on as_of; at most one of them.
threads : int
    0: one per core.
**options
    period ("month"), start ("first_purchase" or "window"), empty_periods (True), incomplete (False), deviation
    ("population" or "sample"): the periods part of a policy.

Returns
-------
Table
    A row per client: periods, period_money_mean, period_money_cv, period_orders_mean, period_orders_cv,
    gap_days_last.)doc");
  module.def(
      "cohorts",
      [](const ClientBase& base, const py::object& as_of, const std::string& period, std::size_t threads) {
        const Day day = to_day(as_of, "as_of");
        py::dict option;
        option["period"] = period;
        const PeriodOptions parsed = period_options_from_json(to_json(option), "");
        return PyTable{
            long_call(threads, py::none(),
                      [&](const Control& control) { return cohort_table(base, day, parsed.period, control); }),
            {}};
      },
      py::arg("base"), py::arg("as_of"), py::arg("period") = "month", py::kw_only(), py::arg("threads") = 0,
      R"doc(Follow the clients who began in the same period.

Parameters
----------
base : ClientBase
as_of : datetime.date or str
    Last day that counts, inclusive, in the base's time zone.
period : {"day", "week", "month", "quarter", "year"}
    Cohorts are the periods of first purchases; ages are counted in them.
threads : int
    0: one per core.

Returns
-------
Table
    A row per cohort and age: cohort, cohort_begin, age, period, complete, cohort_clients, clients, retention, orders,
    money_gross, money_net.)doc");
  module.def(
      "attention",
      [](const py::object& data, const std::optional<Classification>& lifecycle, std::size_t threads,
         const py::kwargs& options) {
        const Table table = column_table(data);
        const AttentionOptions parsed = attention_options_from_json(to_json(options), "");
        return PyTable{long_call(threads, py::none(),
                                 [&](const Control& control) {
                                   return attention_list(table, lifecycle ? &*lifecycle : nullptr, parsed, control);
                                 }),
                       {}};
      },
      py::arg("data"), py::arg("lifecycle") = py::none(), py::kw_only(), py::arg("threads") = 0,
      R"doc(List the clients who need accompaniment now, the largest value at risk first.

Parameters
----------
data : FeatureTable, Table, data frame or mapping of columns
    Features with client, recency_days, tenure_days and the value, where it can be gap_days_mean, gap_days_cv,
    gap_days_last and csat_trend.
lifecycle : Classification, optional
    Of kind "lifecycle", of the same rows. None: one with default options is fitted to the data.
threads : int
    0: one per core.
**options
    value ("money_net"), states (["cooling", "sleeping"]), least_risk (1), satisfaction_drop (0.1), limit (0: all),
    language ("en" or "ru").

Returns
-------
Table
    rank, client, state, loss_risk, value, value_at_risk, rule, reason.)doc");
}

}  // namespace klientela::python
