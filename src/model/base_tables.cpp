// A base's tables out as columns, one field after the other.
#include "klientela/model/base_tables.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "klientela/core/buffer.hpp"
#include "model/own_values.hpp"

namespace klientela {
namespace {

constexpr std::size_t block_rows = 4096;

/// Rows of one chunk that follow each other in the table; of `clients` mostly single ones.
struct Run {
  const Chunk* chunk;
  std::size_t begin;
  std::size_t rows;
};

std::vector<Run> runs_of(const ClientBase& base, TableId table) {
  std::vector<Run> runs;
  const auto add = [&](const Chunk& chunk, std::size_t row) {
    if (!runs.empty() && runs.back().chunk == &chunk && runs.back().begin + runs.back().rows == row &&
        runs.back().rows < block_rows) {
      ++runs.back().rows;
    } else {
      runs.push_back({&chunk, row, 1});
    }
  };
  if (table == TableId::clients) {
    for (const std::uint32_t code : base.codes_in_order())
      if (const auto card = base.card_of(code)) add(*base.chunks(table)[card->chunk], card->row);
    return runs;
  }
  for (const auto& chunk : base.chunks(table))
    for (std::size_t row = 0; row < chunk->rows(); ++row)
      if (!chunk->is_rejected(row)) add(*chunk, row);
  return runs;
}

/// One column in the making.
class Exported {
 public:
  Exported(const ClientBase& base, TableId table, std::size_t field, std::span<const Run> runs, std::size_t rows)
      : base_(base), table_(table), field_(field), runs_(runs), rows_(rows), valid_((rows + 7) / 8, std::uint8_t{0}) {}

  [[nodiscard]] Column column() {
    const FieldSpec& field = spec(table_).fields[field_];
    const std::string name(field.name);
    switch (field.type) {
      case FieldType::client: return clients(name);
      case FieldType::text:
        return texts(name, [](const Values& values, std::size_t row) { return std::string(values.text(row)); });
      case FieldType::texts:
        return texts(name, [](const Values& values, std::size_t row) {
          std::string joined;
          for (const std::string_view text : values.texts(row)) {
            if (!joined.empty()) joined += ';';
            joined += text;
          }
          return joined;
        });
      case FieldType::term: {
        const auto terms = base_.terms(table_, field_);
        auto codes = read<std::uint32_t>(no_code, &Values::codes);
        for (std::uint32_t& code : codes)
          if (code == no_code) code = 0;
        if (terms.empty()) return {name, std::vector<std::optional<std::string>>(rows_)};
        return {name, std::move(codes), std::make_shared<const std::vector<std::string>>(terms.begin(), terms.end()),
                std::move(valid_)};
      }
      case FieldType::money:
      case FieldType::number: return typed<std::int64_t>(name, ColumnType::money, null_number, &Values::numbers);
      case FieldType::day: return typed<std::int32_t>(name, ColumnType::day, null_day, &Values::days);
      case FieldType::instant: return typed<std::int64_t>(name, ColumnType::instant, null_instant, &Values::instants);
      case FieldType::boolean:
        return typed<std::uint8_t>(name, ColumnType::boolean, std::uint8_t{2}, &Values::booleans);
    }
    throw Error(Code::internal, "a field of no type", name);
  }

 private:
  void mark(std::size_t row) { valid_[row >> 3] = static_cast<std::uint8_t>(valid_[row >> 3] | (1U << (row & 7))); }

  template <class T>
  Buffer<T> read(T null, void (Values::*get)(std::size_t, std::span<T>) const) {
    Buffer<T> values(rows_);
    std::size_t at = 0;
    for (const Run& run : runs_) {
      const std::span<T> out(values.data() + at, run.rows);
      if (const Values* from = run.chunk->values(field_)) {
        (from->*get)(run.begin, out);
      } else {
        std::fill(out.begin(), out.end(), null);
      }
      for (std::size_t i = 0; i < run.rows; ++i)
        if (out[i] != null) mark(at + i);
      at += run.rows;
    }
    return values;
  }

  template <class T>
  Column typed(const std::string& name, ColumnType type, T null, void (Values::*get)(std::size_t, std::span<T>) const) {
    Buffer<T> values = read(null, get);
    for (T& value : values)
      if (value == null) value = T{};
    return {name, type, std::move(values), std::move(valid_)};
  }

  template <class Text>
  Column texts(const std::string& name, Text text_of) {
    Buffer<std::int64_t> offsets(rows_ + 1);
    std::string characters;
    std::size_t at = 0;
    offsets[0] = 0;
    for (const Run& run : runs_) {
      const Values* from = run.chunk->values(field_);
      for (std::size_t row = run.begin; row < run.begin + run.rows; ++row) {
        const std::string text = from == nullptr ? std::string() : text_of(*from, row);
        characters += text;
        if (!text.empty()) mark(at);
        offsets[++at] = static_cast<std::int64_t>(characters.size());
      }
    }
    Buffer<char> bytes(characters.size());
    std::copy(characters.begin(), characters.end(), bytes.begin());
    return {name, std::move(offsets), std::move(bytes), std::move(valid_)};
  }

  Column clients(const std::string& name) {
    Buffer<std::uint32_t> codes = read<std::uint32_t>(no_code, &Values::codes);
    if (base_.client_column().type() == ColumnType::int64) {
      Buffer<std::int64_t> ids(rows_, 0);
      bool texts = false;  // of clients that are not left in a base that was rolled up
      for (std::size_t row = 0; row < rows_ && !texts; ++row) {
        if (codes[row] == no_code) continue;
        const ClientId id = base_.id_of(codes[row]);
        ids[row] = id.integer();
        texts = !id.is_integer();
      }
      if (!texts) return {name, ColumnType::int64, std::move(ids), std::move(valid_)};
    }
    std::vector<std::optional<std::string>> ids(rows_);
    for (std::size_t row = 0; row < rows_; ++row)
      if (codes[row] != no_code) ids[row] = base_.id_of(codes[row]).to_text();
    return {name, ids};
  }

  const ClientBase& base_;
  TableId table_;
  std::size_t field_;
  std::span<const Run> runs_;
  std::size_t rows_;
  Buffer<std::uint8_t> valid_;
};

}  // namespace

Table table_of(const ClientBase& base, TableId table, const Control& control) {
  const std::vector<Run> runs = runs_of(base, table);
  std::size_t rows = 0;
  for (const Run& run : runs) rows += run.rows;
  Table result;
  for (std::size_t field = 0; field < spec(table).fields.size(); ++field) {
    control.check();
    const auto chunks = base.chunks(table);
    if (std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return chunk->values(field) != nullptr; }))
      result.add(Exported(base, table, field, runs, rows).column());
  }
  return result;
}

}  // namespace klientela
