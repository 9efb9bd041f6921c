// Purchases by calendar period: how steady each client is, and what became of the clients who began together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/features/features.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// "2011-03", of a quarter "2011-Q1", of a week the ISO 8601 year and week "2011-W09", of a year "2011", of a day
/// "2011-03-09". O(1).
[[nodiscard]] std::string period_name(Day day, Period period);

/// The first period that counts for a client.
enum class PeriodStart : std::uint8_t {
  first_purchase,  ///< that of its first positive line inside the window: a client is not judged for when it was none
  window,          ///< that of the window's first day, without a window of the earliest line of anybody
};

/// What the variance is divided by.
enum class Deviation : std::uint8_t {
  population,  ///< n: the periods are all there are, as XYZ analysis has it
  sample,      ///< n - 1, as gap_days_cv has it; null for one period
};

struct PeriodOptions {
  Period period{Period::month};
  PeriodStart start{PeriodStart::first_purchase};
  bool empty_periods{true};  ///< periods without a line of the client count with zero; false: they do not count
  bool incomplete{false};    ///< whether a first or last period that the window cuts short counts too
  Deviation deviation{Deviation::population};
  friend bool operator==(const PeriodOptions&, const PeriodOptions&) = default;
};

/// Steadiness of every client over calendar periods, from the period given by `start` to that of as_of. Columns:
/// `client`; `periods` (int32, how many count); `period_money_mean`, `period_orders_mean` (float64, per period: net
/// money, and orders on the day of each); `period_money_cv`, `period_orders_cv` (float64, standard deviation over mean;
/// null without a period and where the mean is not above zero); `gap_days_last` (int32, days between the last two
/// different days with an order; null with fewer). Means are null without a period. Equal periods have a variation of
/// exactly 0: deviations are whole numbers until they are squared.
/// \param as_of     last day that counts, in the base's time zone; inclusive
/// \param features  gives the window; nothing else of it is looked at
/// \returns         base.clients() rows in canonical order; O(rows log rows of one client); memory of 16 bytes a line
/// \throws Error invalid_argument naming the option; cancelled
[[nodiscard]] Table period_table(const ClientBase& base, Day as_of, const PeriodOptions& options = {},
                                 const FeatureOptions& features = {}, const Control& control = {});

/// Whether period_table() gives a column of that name, `client` aside.
[[nodiscard]] bool is_period_column(std::string_view name) noexcept;

/// Retention by cohort: a client belongs to the cohort of the period of its first positive line up to as_of, whenever
/// that was. One row per cohort that has clients and age from 0 to as_of's period, by cohort, then age; columns:
/// `cohort` (label, period_name()), `cohort_begin` (day: the period's first), `age` (int32: periods after the
/// cohort's), `period` (text), `complete` (boolean: whether that period ended by as_of), `cohort_clients` (int64),
/// `clients` (int64: with a positive line in the period), `retention` (float64: clients / cohort_clients), `orders`
/// (int64, on the day of each), `money_gross` and `money_net` (money: positive lines, and all lines, by the line's day;
/// refunds before the cohort's period are left out). \throws Error invalid_argument naming the option; overflow naming
/// the cohort; cancelled
[[nodiscard]] Table cohort_table(const ClientBase& base, Day as_of, Period period = Period::month,
                                 const Control& control = {});

/// Reads {"period": "month", "start": "first_purchase", "empty_periods": true, "incomplete": false, "deviation":
/// "population"}; what is absent keeps its default. \throws Error bad_policy naming the JSON pointer
[[nodiscard]] PeriodOptions period_options_from_json(std::string_view json, std::string_view pointer = "");
[[nodiscard]] std::string to_json(const PeriodOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string period_options_schema();

}  // namespace klientela
