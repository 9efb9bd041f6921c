// One row by a rule set: its programs bound once to a table of one row whose cells are written anew for every event.
#include <algorithm>
#include <memory>
#include <vector>

#include "classify/history_data.hpp"
#include "classify/row_judge.hpp"
#include "classify/row_place.hpp"
#include "classify/rules_bound.hpp"

namespace klientela::classifying {
namespace {

class RulesJudge final : public RowJudge {
 public:
  RulesJudge(std::shared_ptr<const RulesModel::Data> data, std::size_t own)
      : data_(std::move(data)), own_(own), scratch_(std::make_unique<Program::Scratch>()) {}

  /// Adds a column that the rules may read.
  void add(const RowColumn& column, std::size_t place) {
    cells_.push_back(std::make_shared<Cell>(Cell{place, column.type}));
    Cell& cell = *cells_.back();
    // The cells are this judge's alone, which writes them between one judgement and the next.
    const auto view = [&]<class T>(const T& value) {
      std::shared_ptr<const std::vector<std::string>> labels;
      if (column.labels != nullptr) labels = {cells_.back(), column.labels};
      row_.add(Column::view(column.name, column.type, std::span<const T>(&value, 1), cells_.back(), &cell.valid, 1,
                            std::move(labels)));
    };
    switch (column.type) {
      case ColumnType::boolean: view(cell.boolean); break;
      case ColumnType::int8: view(cell.int8); break;
      case ColumnType::int32:
      case ColumnType::day: view(cell.int32); break;
      case ColumnType::float64: view(cell.real); break;
      case ColumnType::label: view(cell.label); break;
      case ColumnType::term: view(cell.term); break;
      default: view(cell.int64); break;
    }
  }
  /// Binds the rules; false where they would not give the labels of the column.
  bool bind(const RowColumn& column) {
    applied_ = apply_rules(*data_, row_);
    return column.labels != nullptr && labels_of(*applied_) == *column.labels;
  }

  void judge(CellValue* values, const IdView& /*client*/) const override {
    for (const std::shared_ptr<Cell>& cell : cells_) cell->write(values[cell->place]);
    std::uint16_t value = 0;
    std::uint16_t source = 0;
    decide(*data_, *applied_, 0, 1, *scratch_, &value, &source);
    values[own_] = {value, true};
    values[own_ + 1] = {source, true};
  }

 private:
  struct Cell {
    std::size_t place;
    ColumnType type;
    std::uint8_t valid{0};
    std::uint8_t boolean{0};
    std::int8_t int8{0};
    std::uint16_t label{0};
    std::int32_t int32{0};
    std::uint32_t term{0};
    std::int64_t int64{0};
    double real{0};
    void write(const CellValue& value) {
      valid = value.known ? 1 : 0;
      if (!value.known) return;
      switch (type) {
        case ColumnType::boolean: boolean = static_cast<std::uint8_t>(value.key); break;
        case ColumnType::int8: int8 = static_cast<std::int8_t>(value.key); break;
        case ColumnType::int32:
        case ColumnType::day: int32 = static_cast<std::int32_t>(value.key); break;
        case ColumnType::float64: real = real_of(value.key); break;
        case ColumnType::label: label = static_cast<std::uint16_t>(value.key); break;
        case ColumnType::term: term = static_cast<std::uint32_t>(value.key); break;
        default: int64 = value.key; break;
      }
    }
  };
  std::shared_ptr<const RulesModel::Data> data_;
  std::size_t own_;
  std::vector<std::shared_ptr<Cell>> cells_;
  Table row_;
  std::shared_ptr<const Applied> applied_;
  std::unique_ptr<Program::Scratch> scratch_;
};

}  // namespace

std::unique_ptr<const RowJudge> rules_judge(const RulesModel& model, const std::vector<RowColumn>& columns,
                                            std::size_t own) {
  const std::vector<std::string> inputs = model.inputs();
  // Ids are no cells, and values that only cards name would be labels of the cards at hand: such rows need tables.
  const bool open = model.options().values.empty() && !model.options().assigned.empty();
  if (open || std::find(inputs.begin(), inputs.end(), "client") != inputs.end()) return nullptr;
  auto data = std::make_shared<const RulesModel::Data>(model.name(), model.options());
  auto judge = std::make_unique<RulesJudge>(std::move(data), own);
  for (std::size_t c = 0; c < own; ++c) {
    if (std::find(inputs.begin(), inputs.end(), columns[c].name) == inputs.end()) continue;
    if (columns[c].type == ColumnType::text) return nullptr;  // of a length of its own in every row
    judge->add(columns[c], c);
  }
  if (!judge->bind(columns[own])) return nullptr;
  return judge;
}

}  // namespace klientela::classifying
