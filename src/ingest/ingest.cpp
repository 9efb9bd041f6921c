// ingest() and extend(): every table in its turn onto a copy of the base, which nobody sees unless all went well.
#include "klientela/ingest/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ingest/table_ingest.hpp"

namespace klientela {

std::string_view name(RejectReason reason) noexcept {
  switch (reason) {
    case RejectReason::missing_value: return "missing_value";
    case RejectReason::not_a_number: return "not_a_number";
    case RejectReason::too_many_decimals: return "too_many_decimals";
    case RejectReason::overflow: return "overflow";
    case RejectReason::not_a_date: return "not_a_date";
    case RejectReason::date_out_of_range: return "date_out_of_range";
    case RejectReason::invalid_utf8: return "invalid_utf8";
    case RejectReason::unknown_client: return "unknown_client";
    case RejectReason::duplicate_client: return "duplicate_client";
    case RejectReason::zero_amount: return "zero_amount";
    case RejectReason::wrong_currency: return "wrong_currency";
    case RejectReason::unknown_value: return "unknown_value";
    case RejectReason::interval_backwards: return "interval_backwards";
    case RejectReason::parent_cycle: return "parent_cycle";
    case RejectReason::malformed_row: return "malformed_row";
  }
  return "unknown";
}

void Tables::add(TableId table, ArrowStream stream) {
  for (const auto& [id, given] : streams)
    if (id == table)
      throw Error(Code::invalid_argument, fmt::format("the table {} was added before", spec(table).name),
                  std::string(spec(table).name));
  streams.emplace_back(table, std::move(stream));
}

namespace {

void check_pattern(const std::string& pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    if (++i == pattern.size() || std::string_view("YmdHMS%").find(pattern[i]) == std::string_view::npos)
      throw Error(Code::invalid_argument,
                  fmt::format("the date format \"{}\" has something else than %Y %m %d %H %M %S %%", pattern),
                  "date_format");
  }
}

bool is_fresh(const ClientBase& base) noexcept {
  for (std::size_t t = 0; t < table_count; ++t)
    if (base.rows(static_cast<TableId>(t)) > 0) return false;
  return base.clients() == 0;
}

}  // namespace

IngestResult extend(const ClientBase& base, Tables tables, const IngestOptions& options, const Control& control) {
  check_pattern(options.date_format);
  if (base.is_mapped())
    throw Error(
        Code::invalid_argument,
        "a base that was mapped or rolled up cannot be extended: extend the one that it was made of, then map that",
        "base");
  IngestResult result;
  auto data = index::copy_of(*base.data());
  if (is_fresh(base)) {
    data->zone = TimeZone::named(options.time_zone);
    data->currency = options.currency;
  } else {
    if (options.time_zone != base.time_zone().name())
      throw Error(Code::invalid_argument,
                  fmt::format("the base is in {}, not in {}", base.time_zone().name(), options.time_zone), "time_zone");
    if (!options.currency.empty() && options.currency != base.currency())
      throw Error(Code::invalid_argument,
                  fmt::format("the base is in \"{}\", not in \"{}\"", base.currency(), options.currency), "currency");
  }
  auto reading = std::make_shared<detail::Reading>();
  reading->zone = data->zone;
  reading->date_format = options.date_format;
  reading->decimal_comma = options.decimal_comma;
  detail::Intake intake{options, control, std::move(reading), data->currency, data, &result};

  for (std::size_t i = 0; i < tables.streams.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (tables.streams[i].first == tables.streams[k].first)
        throw Error(Code::invalid_argument,
                    fmt::format("the table {} was given twice", spec(tables.streams[i].first).name),
                    std::string(spec(tables.streams[i].first).name));
  // Cards first: they say which clients there are.
  std::stable_sort(tables.streams.begin(), tables.streams.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  intake.tables = tables.streams.size();
  for (auto& [table, stream] : tables.streams) {
    control.check();
    intake.create_clients = options.unknown_clients == UnknownClients::create ||
                            (options.unknown_clients == UnknownClients::reject_if_cards && !data->cards_delivered);
    detail::ingest_table(table, std::move(stream), intake);
    ++intake.tables_done;
  }
  result.base = ClientBase(std::move(data));
  return result;
}

IngestResult ingest(Tables tables, const IngestOptions& options, const Control& control) {
  return extend(ClientBase(), std::move(tables), options, control);
}

}  // namespace klientela
