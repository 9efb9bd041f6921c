// The client base: immutable tables in chunks, client codes and their canonical order, interned terms.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/schema.hpp"
#include "klientela/model/values.hpp"

namespace klientela {

/// A client's id as the company writes it. Canonical decimal integers that fit int64 ("0", "-7", "17850"; not "007",
/// "+7") are integers however they came; everything else is text, without the blanks around it and the apostrophe that
/// a CSV of ours puts before = + - @. Canonical order: integers ascending, then texts by bytes.
class ClientId {
 public:
  template <std::integral Number>
  ClientId(Number number)  // NOLINT: ids convert freely
      : number_(std::in_range<std::int64_t>(number) ? static_cast<std::int64_t>(number) : 0),
        is_text_(!std::in_range<std::int64_t>(number)),
        text_(is_text_ ? std::to_string(number) : std::string()) {}
  ClientId(std::string_view text);                                         // NOLINT
  ClientId(const std::string& text) : ClientId(std::string_view(text)) {}  // NOLINT
  ClientId(const char* text) : ClientId(std::string_view(text)) {}         // NOLINT
  [[nodiscard]] bool is_integer() const noexcept { return !is_text_; }
  [[nodiscard]] std::int64_t integer() const noexcept { return number_; }
  [[nodiscard]] std::string to_text() const { return is_text_ ? text_ : std::to_string(number_); }
  friend bool operator==(const ClientId&, const ClientId&) = default;
  friend std::strong_ordering operator<=>(const ClientId& a, const ClientId& b) noexcept {
    if (a.is_text_ != b.is_text_) return a.is_text_ ? std::strong_ordering::greater : std::strong_ordering::less;
    if (!a.is_text_) return a.number_ <=> b.number_;
    return a.text_.compare(b.text_) <=> 0;
  }

 private:
  std::int64_t number_{0};
  bool is_text_;
  std::string text_;
};

/// The rows one ingest added to one table. Immutable. Columns are parallel; rejected rows stay in place and are
/// skipped.
class Chunk {
 public:
  virtual ~Chunk() = default;
  [[nodiscard]] virtual TableId table() const noexcept = 0;
  /// Rows as delivered, rejected ones included.
  [[nodiscard]] virtual std::size_t rows() const noexcept = 0;
  [[nodiscard]] virtual std::size_t accepted() const noexcept = 0;
  /// The table's `client` field, one code per row; no_code for every rejected row (and only for those in tables whose
  /// client is required). For `contacts` this is the contact, for `directories` it is empty.
  [[nodiscard]] virtual std::span<const std::uint32_t> clients() const noexcept = 0;
  [[nodiscard]] virtual bool is_rejected(std::size_t row) const noexcept = 0;
  /// Null pointer where the field was not delivered. `field` is the table's field enumeration as a number.
  [[nodiscard]] virtual const Values* values(std::size_t field) const noexcept = 0;
  template <class Field>
  [[nodiscard]] const Values* operator[](Field field) const noexcept {
    return values(static_cast<std::size_t>(field));
  }
};

/// An immutable client base. Copying shares it; extending one (see ingest) shares its chunks. Thread-safe.
///
/// A client has a **code** and a **row**. Codes are stable: a base made by extending another keeps its codes. They are
/// sparse: code = local * client_partitions + partition, with local < partition_sizes()[partition]; a client's
/// partition depends on its id alone. Rows are canonical: row r is the r-th client in id order, so rows change when
/// clients are added. Work that accumulates goes by code (threads own disjoint partitions), what is shown goes by row.
class ClientBase {
 public:
  static constexpr std::uint32_t client_partitions = 16;

  /// An empty base in UTC without a currency.
  ClientBase();

  [[nodiscard]] const TimeZone& time_zone() const noexcept;
  [[nodiscard]] const std::string& currency() const noexcept;  ///< ISO 4217 code; empty where it was not said

  [[nodiscard]] std::size_t clients() const noexcept;
  /// Codes handed out in each partition; client_partitions numbers.
  [[nodiscard]] std::span<const std::uint32_t> partition_sizes() const noexcept;
  /// row -> code, clients() long. Lives as long as the base.
  [[nodiscard]] std::span<const std::uint32_t> codes_in_order() const noexcept;
  [[nodiscard]] ClientId id_of(std::uint32_t code) const;
  /// Of a mapped base: the code of the client that the one of this id counts as. O(1)
  [[nodiscard]] std::optional<std::uint32_t> code_of(const ClientId& id) const;
  /// The same as a row. O(log clients)
  [[nodiscard]] std::optional<std::size_t> row_of(const ClientId& id) const;
  /// The ids in canonical order: an int64 column where every id is an integer, else text. Named "client". O(1) after
  /// the first call.
  [[nodiscard]] Column client_column() const;

  /// The chunks of a table, oldest first.
  [[nodiscard]] std::span<const std::shared_ptr<const Chunk>> chunks(TableId table) const noexcept;
  /// Rows delivered and rows in use, over all chunks.
  [[nodiscard]] std::size_t rows(TableId table) const noexcept;
  [[nodiscard]] std::size_t accepted(TableId table) const noexcept;
  /// Whether a client's card was given, and where: (chunk, row) of table `clients`, the newest delivery.
  struct CardPosition {
    std::uint32_t chunk;
    std::uint32_t row;
  };
  [[nodiscard]] std::optional<CardPosition> card_of(std::uint32_t code) const;

  /// The texts behind term codes of a field: code -> text. Codes are in order of first appearance, so orderings shown
  /// to people must go by text. Fields that mean the same thing share a list (product of transactions and requests,
  /// channel of interactions, consents and feedback). Lives as long as the base. Empty for a field never delivered.
  [[nodiscard]] std::span<const std::string_view> terms(TableId table, std::size_t field) const;
  /// Day of the last accepted transaction in the base's zone; nullopt without any.
  [[nodiscard]] std::optional<Day> last_purchase_day() const noexcept;
  /// Whether this base was made by extending `earlier`: every chunk of that one stands in this one at the same place. A
  /// mapped base extends itself alone.
  [[nodiscard]] bool extends(const ClientBase& earlier) const noexcept;
  /// Whether mapped() or roll_up() made this base: its chunks are another base's, seen through a map of its clients. It
  /// cannot be extended.
  [[nodiscard]] bool is_mapped() const noexcept;
  /// Whether a row may count for several clients, as after roll_up() to every node: sums over clients say nothing then.
  [[nodiscard]] bool repeats_rows() const noexcept;

  struct Data;  ///< made by ingest; opaque to everybody else
  explicit ClientBase(std::shared_ptr<const Data> data) noexcept;
  [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

 private:
  std::shared_ptr<const Data> data_;
};

}  // namespace klientela
