// Values that people gave to clients, by hand or in bulk: a journal that remembers, and where values come from at all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/rules.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/model/directory.hpp"

namespace klientela {

/// One line of the journal.
struct Assignment {
  std::string client;                     ///< a person or an organisation, as ClientId::to_text writes it
  std::string attribute;                  ///< for example "relationship_type", "category", "industry", "role"
  std::string value;                      ///< empty: what was assigned before from this source is taken back
  ValueSource source{ValueSource::hand};  ///< hand or bulk
  std::optional<Day> day{};               ///< when; nothing depends on it
  std::string by{};                       ///< who
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

/// A journal of assignments: later lines win over earlier ones of the same client, attribute and source; nothing is
/// ever forgotten, so every value can be explained and undone. A plain value: the host keeps it between runs as a
/// table. Copying shares what was written before. Reading is thread-safe.
class Assignments {
 public:
  Assignments();
  /// Out of a table with text columns client (integers too), attribute, value and, where there are any, source ("hand"
  /// where it is null or absent), day, by. Null values take back. \throws Error not_found naming a column; bad_data
  /// naming the row
  [[nodiscard]] static Assignments from_table(const Table& table);
  /// client, attribute, value (null: taken back), source, day, by: in the order of writing.
  [[nodiscard]] Table table() const;

  /// \throws Error invalid_argument for an empty client or attribute, a source other than hand and bulk, and a text
  ///         longer than 1000 bytes; nothing is written then
  void assign(Assignment line);
  /// The same value for many clients, source bulk. All or none. \throws Error as assign
  void assign(std::span<const std::string> clients, std::string_view attribute, std::string_view value,
              std::optional<Day> day = std::nullopt, std::string_view by = {});
  /// Puts every assigned value in the place of the code that the directory knows it by.
  /// \throws Error not_found naming row and value of the first that the directory lacks; nothing is changed then
  void resolve(std::string_view attribute, const Directory& directory);

  [[nodiscard]] const std::vector<Assignment>& lines() const noexcept { return *lines_; }
  /// The same lines in the same order.
  friend bool operator==(const Assignments& a, const Assignments& b) noexcept { return *a.lines_ == *b.lines_; }
  /// The attributes that somebody has a value for, in byte order.
  [[nodiscard]] std::vector<std::string> attributes() const;
  /// What is in force for each row of a column of clients; null where nothing is. A term column of the given name,
  /// its labels in byte order. O(rows + lines)
  [[nodiscard]] Column column(const Column& clients, std::string_view attribute, ValueSource source,
                              std::string name) const;

 private:
  /// The lines for writing: copied first where somebody else holds them.
  std::vector<Assignment>& own();
  std::shared_ptr<std::vector<Assignment>> lines_;
};

/// One attribute whose coverage is asked for: the column of its values, the column of where they come from, and what
/// counts as none.
struct CoverageAttribute {
  std::string column;
  std::vector<std::string> none{};  ///< values that say nothing, for example "unclassified"
};

/// What share of the rows has each attribute: attribute, part ("all", and with a text column `split` each of its values
/// in byte order), rows, known, share, and how many of the known came from where: hand, bulk, delivered, rules, all of
/// the others in `given` (columns without COLUMN_source). Without attributes: every column with a COLUMN_source.
/// \throws Error not_found naming a column
[[nodiscard]] Table coverage_table(const Table& table, std::span<const CoverageAttribute> attributes = {},
                                   std::string_view split = {});

}  // namespace klientela
