// Tables in, a client base out, and every row that could not be used with its reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/arrow.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// Why a row was not used. The names are stable (they stand in rejected.csv and in the C ABI).
enum class RejectReason : std::uint8_t {
  missing_value,      ///< a required value is null or empty
  not_a_number,       ///< text that is no number, NaN, infinity
  too_many_decimals,  ///< a decimal with a non-zero digit past the fourth
  overflow,           ///< does not fit int64 with four decimals
  not_a_date,         ///< text that is no date or instant in the accepted forms
  date_out_of_range,  ///< outside [1900, 2200)
  invalid_utf8,
  unknown_client,      ///< a client that the client table does not hold
  duplicate_client,    ///< a second card with the same id in one delivery
  zero_amount,         ///< where the options ask to reject it
  wrong_currency,      ///< another currency than the base's
  unknown_value,       ///< not one of a closed list (kind, initiative, state, measure, boolean)
  interval_backwards,  ///< an end before its start
  parent_cycle,        ///< a parent that makes its card or entry its own ancestor; the row is used without it
  malformed_row,       ///< a line that the file's reader could not cut into columns; never given by ingest itself
};
[[nodiscard]] std::string_view name(RejectReason reason) noexcept;

struct Reject {
  TableId table;
  std::uint64_t row;   ///< number of the row in its table's delivery, from 0 across all batches
  std::string column;  ///< the delivered column's name; the field's where the column is absent
  std::string value;   ///< as text, at most 200 bytes, cut at a character; invalid bytes as U+FFFD
  RejectReason reason;
};

enum class UnknownClients : std::uint8_t {
  reject_if_cards,  ///< reject where a client table was ever delivered, else create (default)
  create,
  reject,
};

/// How one table's columns are named and read.
struct TableMapping {
  std::map<std::string, std::string, std::less<>> columns;  ///< field name -> delivered column name; wins over aliases
};

struct IngestOptions {
  std::string time_zone{"UTC"};  ///< IANA name; what zoneless timestamps and days mean
  std::string currency;          ///< ISO 4217; a `currency` column must agree with it row by row where both are given
  UnknownClients unknown_clients{UnknownClients::reject_if_cards};
  bool reject_zero_amounts{false};
  /// Text dates as strftime-like pattern out of %Y %m %d %H %M %S and literals, tried after ISO 8601; empty: ISO only.
  std::string date_format;
  bool decimal_comma{false};  ///< "1.234,50" in text numbers, not "1,234.50"; docs/tables.md
  /// A card stays where an optional value of it cannot be read: the value counts as none, and is counted. Bytes that
  /// are no UTF-8, and parents that are not there, reject a card all the same.
  bool keep_unreadable_cards{false};
  std::map<TableId, TableMapping> mappings;  ///< by table
  std::size_t max_rejects_kept{1'000'000};   ///< more are counted but not listed
};

/// Counts of one delivery. rows_read == rows_used + rows_rejected, always.
struct TableCounts {
  std::uint64_t rows_read{0};
  std::uint64_t rows_used{0};
  std::uint64_t rows_rejected{0};
  std::map<RejectReason, std::uint64_t> by_reason;
  /// By delivered column: values that count as none in used rows: keep_unreadable_cards, parents that close a circle.
  std::map<std::string, std::uint64_t> ignored_values{};
};

/// Streams by table; each table at most once. Move-only.
struct Tables {
  std::vector<std::pair<TableId, ArrowStream>> streams;
  /// Takes the stream over. \throws Error invalid_argument if the table was added before
  void add(TableId table, ArrowStream stream);
};

struct IngestResult {
  ClientBase base;
  std::vector<Reject> rejects;  ///< by table, then row; at most max_rejects_kept; a parent_cycle shows "a < b < a"
  std::map<TableId, TableCounts> counts;    ///< tables of this delivery
  std::vector<std::string> unused_columns;  ///< "table.column" that fed no field, in order of delivery
};

/// Reads every stream to its end and makes a base of it. Host memory is shared, not copied, wherever the layout allows;
/// the base keeps it alive. O(rows); parallel over control.executor; deterministic.
/// \throws Error bad_data for a stream that fails, a column of a type its field cannot be read from, a duplicate column
///         name, two columns that feed one field, a required column that is missing; where() is "table.column".
///         cancelled. The streams are consumed also when it throws; nothing else has changed.
[[nodiscard]] IngestResult ingest(Tables tables, const IngestOptions& options = {}, const Control& control = {});

/// The same onto an existing base, which stays as it is: the result shares its chunks and keeps its codes.
/// Cost is that of the new rows plus O(clients) words. Time zone and currency must be the base's.
[[nodiscard]] IngestResult extend(const ClientBase& base, Tables tables, const IngestOptions& options = {},
                                  const Control& control = {});

}  // namespace klientela
