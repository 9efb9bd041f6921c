// One table on its way into a base: its columns, its checks, its rejected rows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/client_coder.hpp"
#include "ingest/columns.hpp"
#include "ingest/reject_map.hpp"
#include "klientela/ingest/ingest.hpp"
#include "model/base_data.hpp"

namespace klientela::detail {

template <class Field>
[[nodiscard]] constexpr std::size_t index_of(Field field) noexcept {
  return static_cast<std::size_t>(field);
}

/// A rejected row before it is written out.
struct Rejection {
  std::uint64_t row;
  std::uint8_t field;
  RejectReason reason;
};

struct StoredChunk final : Chunk {
  TableId id{TableId::clients};
  std::size_t row_count{0};
  std::size_t accepted_count{0};
  std::shared_ptr<const Batches> batches;  // outlives the columns, which view it
  std::shared_ptr<const RejectMap> rejected;
  std::vector<std::shared_ptr<const Values>> columns;  // by field
  const OwnCodes* client_codes{nullptr};

  [[nodiscard]] TableId table() const noexcept override { return id; }
  [[nodiscard]] std::size_t rows() const noexcept override { return row_count; }
  [[nodiscard]] std::size_t accepted() const noexcept override { return accepted_count; }
  [[nodiscard]] std::span<const std::uint32_t> clients() const noexcept override {
    return client_codes != nullptr ? client_codes->all() : std::span<const std::uint32_t>{};
  }
  [[nodiscard]] bool is_rejected(std::size_t row) const noexcept override { return rejected->test(row); }
  [[nodiscard]] const Values* values(std::size_t field) const noexcept override {
    return field < columns.size() ? columns[field].get() : nullptr;
  }
};

/// What tables have in common while one delivery is taken in.
struct Intake {
  const IngestOptions& options;
  const Control& control;
  std::shared_ptr<const Reading> reading;
  std::string currency;
  std::shared_ptr<ClientBase::Data> data;  ///< the base in the making
  IngestResult* result;
  bool create_clients{true};
  std::size_t tables{1};       ///< how many are delivered,
  std::size_t tables_done{0};  ///< and how many of them are in
};

/// Reads one stream and adds its chunk, counts and rejects to the intake. \throws Error
void ingest_table(TableId table, ArrowStream stream, Intake& intake);

}  // namespace klientela::detail
