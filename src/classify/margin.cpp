// Keeps a client's class of the day before where its thresholds, moved by the margin, would still give it; else judges
// by the labels that the client has.
#include "classify/margin.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "classify/client_order.hpp"
#include "classify/measure.hpp"
#include "classify/row_judge.hpp"
#include "classify/row_place.hpp"

namespace klientela::classifying {
namespace {

/// Places of labels of one list in another; none: absent.
class LabelMap {
 public:
  LabelMap(const std::vector<std::string>& from, const std::vector<std::string>& to)
      : from_(from), to_(to), known_(from.size(), unknown) {}
  [[nodiscard]] std::optional<std::int64_t> operator()(std::uint16_t code) {
    std::int64_t& place = known_[code];
    if (place == unknown) place = label_code(to_, from_[code]);
    if (place == static_cast<std::int64_t>(to_.size())) return std::nullopt;
    return place;
  }

 private:
  static constexpr std::int64_t unknown = -1;
  const std::vector<std::string>& from_;
  const std::vector<std::string>& to_;
  std::vector<std::int64_t> known_;
};

/// The rows of one day's table as row judges see them.
class Rows {
 public:
  Rows(const History::Data& data, std::size_t first, std::size_t day, const Classified& classified)
      : data_(data), at_(day * data.clients + first), classified_(classified), clients_(classified.table) {
    for (const Column& column : classified.table.columns()) {
      const bool coded = column.type() == ColumnType::label || column.type() == ColumnType::term;
      columns_.push_back({column.name(), column.type(), coded ? &column.labels() : nullptr});
    }
    values_.resize(columns_.size());
  }

  [[nodiscard]] std::size_t place(const std::string& column) const {
    return static_cast<std::size_t>(
        std::find_if(columns_.begin(), columns_.end(), [&](const RowColumn& one) { return one.name == column; }) -
        columns_.begin());
  }

  /// Reads what a model looks at from here on.
  [[nodiscard]] std::unique_ptr<const RowJudge> judge(std::size_t model) {
    const std::size_t own = place(classified_.classifications[model].columns().front().name());
    reads_.clear();
    for (const std::string& input : reads_of(classified_.models[model]).inputs) {
      const std::size_t at = place(input);
      if (at >= own) continue;
      Read read{at, nullptr, std::nullopt, std::nullopt};
      const Column& column = classified_.table.columns()[at];
      if (!is_text(column.type())) {
        read.measure.emplace(column);
      } else if (column.type() == ColumnType::text) {
        number_texts(column, at);
      } else {
        // An earlier classifier's label is the one that the client has that day, within the margin too.
        for (const KeptColumn& kept : data_.columns)
          if (kept.name == input && kept.is_label()) {
            read.kept = &kept;
            read.map.emplace(*kept.labels, column.labels());
          }
      }
      reads_.push_back(std::move(read));
    }
    return row_judge(classified_.models[model], columns_, own, data_.options.margin);
  }

  [[nodiscard]] CellValue* values(std::size_t row) {
    for (Read& read : reads_) {
      CellValue& value = values_[read.at];
      const Column& column = classified_.table.columns()[read.at];
      if (read.measure) {
        value = {read.measure->key(row), read.measure->has_value(row)};
      } else if (read.kept != nullptr) {
        const std::uint16_t code = History::Data::code(*read.kept, at_ + row);
        const auto place = code == History::no_label ? std::nullopt : (*read.map)(code);
        value = {place.value_or(0), place.has_value()};
      } else if (column.type() == ColumnType::label) {
        value = {column.values<std::uint16_t>()[row], !column.is_null(row)};
      } else if (column.type() == ColumnType::term) {
        value = {column.values<std::uint32_t>()[row], !column.is_null(row)};
      } else {
        value = {static_cast<std::int64_t>(row), !column.is_null(row)};
      }
    }
    return values_.data();
  }
  [[nodiscard]] IdView client(std::size_t row) const { return clients_.id(row); }

 private:
  struct Read {
    std::size_t at;
    const KeptColumn* kept;
    std::optional<Measure> measure;
    std::optional<LabelMap> map;
  };
  /// Every row's text is a label of its own.
  void number_texts(const Column& column, std::size_t at) {
    if (columns_[at].labels != nullptr) return;
    std::vector<std::string>& labels = texts_.emplace_back();
    for (std::size_t row = 0; row < column.size(); ++row) labels.emplace_back(column.text(row));
    columns_[at].labels = &labels;
  }

  const History::Data& data_;
  std::size_t at_;
  const Classified& classified_;
  ClientOrder clients_;
  std::vector<RowColumn> columns_;
  std::deque<std::vector<std::string>> texts_;
  std::vector<Read> reads_;
  std::vector<CellValue> values_;
};

void put(KeptColumn& kept, std::size_t place, std::uint16_t code) {
  if (kept.width == 1)
    kept.values[place] = static_cast<std::uint8_t>(code);
  else
    std::memcpy(kept.values.data() + 2 * place, &code, sizeof code);
}

}  // namespace

void keep_within_margin(History::Data& data, std::size_t first, std::size_t day, const Classified& classified) {
  const std::size_t now = day * data.clients + first;
  const std::size_t before = now - data.clients;
  const std::size_t n = classified.table.rows();
  std::optional<Rows> rows;
  /// A column of labels that is settled: where it lies in a row, and who has another class than the day's.
  struct Settled {
    const KeptColumn* kept;
    std::size_t place;
    LabelMap map;
    std::vector<std::size_t> held;
  };
  std::deque<Settled> settled;  // only those where somebody has
  std::vector<bool> looked_at(n);
  for (KeptColumn& kept : data.columns) {  // in the order of the models, so that earlier labels are final
    if (!kept.is_label() || !has_thresholds(classified.models[kept.model])) continue;
    bool any = false;
    for (std::size_t row = 0; row < n; ++row) {
      looked_at[row] = History::Data::code(kept, before + row) != History::Data::code(kept, now + row);
      any = any || looked_at[row];
    }
    // Who has another label of those that the model reads, or writes before, may belong elsewhere than the day says.
    if (!settled.empty()) {
      const std::vector<std::string> inputs = reads_of(classified.models[kept.model]).inputs;
      for (const Settled& other : settled) {
        if (other.kept->model != kept.model &&
            std::find(inputs.begin(), inputs.end(), other.kept->name) == inputs.end())
          continue;
        for (const std::size_t row : other.held) looked_at[row] = true;
        any = true;
      }
    }
    if (!any) continue;
    if (!rows) rows.emplace(data, first, day, classified);
    const std::unique_ptr<const RowJudge> judge = rows->judge(kept.model);
    if (judge == nullptr) continue;
    const std::vector<std::string>& labels = classified.table.column(kept.name).labels();
    Settled mine{&kept, rows->place(kept.name), LabelMap(*kept.labels, labels), {}};
    LabelMap back(labels, *kept.labels);
    for (std::size_t row = 0; row < n; ++row) {
      if (!looked_at[row] || data.since[first + row] >= day) continue;
      const std::uint16_t was = History::Data::code(kept, before + row);
      const std::uint16_t is = History::Data::code(kept, now + row);
      if (was == History::no_label || is == History::no_label) continue;
      CellValue* const values = rows->values(row);
      const IdView client = rows->client(row);
      judge->judge(values, client);
      for (Settled& other : settled)
        if (other.kept->model == kept.model)
          if (const auto code = other.map(History::Data::code(*other.kept, now + row))) values[other.place].key = *code;
      const auto code = back(static_cast<std::uint16_t>(judge->kept(values, client, mine.place, mine.map(was))));
      if (!code || *code == is) continue;
      put(kept, now + row, static_cast<std::uint16_t>(*code));
      mine.held.push_back(row);
    }
    if (!mine.held.empty()) settled.push_back(std::move(mine));
  }
}

}  // namespace klientela::classifying
