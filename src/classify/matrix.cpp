// The contact matrix: bands by edges or labels, cells, and groups by a look-up over cells and conditions.
#include "klientela/classify/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "classify/decimal.hpp"
#include "classify/matrix_groups.hpp"
#include "classify/measure.hpp"
#include "classify/options.hpp"
#include "classify/reasoning.hpp"
#include "classify/scoring.hpp"
#include "classify/threshold_json.hpp"
#include "classify/wording.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

/// One axis as fitted: which scale is in force, and its edges.
struct FittedAxis {
  enum class Use : std::uint8_t { none, scale, substitute };
  Use use{Use::none};
  std::vector<Threshold> edges;
};

const AxisScale* scale_of(const MatrixAxis& axis, FittedAxis::Use use) {
  if (use == FittedAxis::Use::none) return nullptr;
  return use == FittedAxis::Use::scale ? &axis.scale : &*axis.substitute;
}

bool is_text(ColumnType type) {
  return type == ColumnType::label || type == ColumnType::term || type == ColumnType::text;
}

/// The column if it is there and has a value. Throws where the scale cannot cut its type.
const Column* usable(const Table& table, const AxisScale& scale) {
  const Column* column = table.find(scale.measure);
  if (column == nullptr) return nullptr;
  if (!scale.labels.empty() && !is_text(column->type()))
    throw Error(
        Code::invalid_argument,
        "column " + scale.measure + " holds " + std::string(name(column->type())) + ", but the axis is cut by labels",
        scale.measure);
  if (scale.labels.empty()) static_cast<void>(Measure(*column));
  return column;
}

/// False where no row has a value: all null, or NaN and infinite.
bool has_data(const Column& column) {
  if (column.size() == 0) return true;
  if (column.null_count() == column.size()) return false;
  if (is_text(column.type())) return true;
  const Measure measure(column);
  if (!measure.is_real()) return true;
  for (std::size_t row = 0; row < column.size(); ++row)
    if (measure.has_value(row)) return true;
  return false;
}

FittedAxis fit_axis(const MatrixAxis& axis, const Table& table, const Control& control) {
  FittedAxis fitted;
  const Column* column = usable(table, axis.scale);
  fitted.use = column != nullptr ? FittedAxis::Use::scale : FittedAxis::Use::none;
  if ((column == nullptr || !has_data(*column)) && axis.substitute) {
    if (const Column* other = usable(table, *axis.substitute)) {
      column = other;
      fitted.use = FittedAxis::Use::substitute;
    }
  }
  const AxisScale* scale = scale_of(axis, fitted.use);
  if (scale == nullptr || !scale->labels.empty()) return fitted;
  const Measure measure(*column);
  const Measure* const one[1] = {&measure};
  const RowSet set = rows_with_values(one, control);
  std::vector<std::uint32_t> parts;
  std::optional<double> floor;
  for (const BandEdge& edge : scale->edges) {
    if (edge.quantile) {
      parts.push_back(*parts_of(edge.value, 6));
    } else {
      floor = edge.value;
      fitted.edges.push_back(Threshold::real(edge.value));
    }
  }
  if (parts.empty()) return fitted;
  std::optional<std::int64_t> above;
  if (floor) above = measure.floor_key(Threshold::real(*floor));
  for (Threshold& edge : quantiles(measure, set, parts, 1'000'000, control, above)) {
    // Nobody above the last fixed edge: the bands between begin where that one ends.
    fitted.edges.push_back(edge.form() == Threshold::Form::lowest && floor ? Threshold::real(*floor) : edge);
  }
  return fitted;
}

/// Bands of blocks of rows of one axis; the number of bands stands for unknown.
class Bands {
 public:
  Bands(const MatrixAxis& axis, const FittedAxis& fitted, const Table& table, const Control& control)
      : count_(axis.bands.size()), scale_(scale_of(axis, fitted.use)) {
    const Column* column = scale_ ? usable(table, *scale_) : nullptr;
    if (column == nullptr) return;
    column_ = *column;
    if (scale_->labels.empty()) {
      measure_.emplace(*column_);
      const Measure* const one[1] = {&*measure_};
      set_ = rows_with_values(one, control);
      edges_ = BinEdges(*measure_, fitted.edges);
      return;
    }
    for (std::size_t b = 0; b < scale_->labels.size(); ++b)
      for (const std::string& label : scale_->labels[b]) band_of_[label] = static_cast<std::uint8_t>(b);
    if (column_->type() == ColumnType::text) return;
    for (const std::string& label : column_->labels()) band_of_code_.push_back(band_of(label));
  }
  [[nodiscard]] bool present() const noexcept { return column_.has_value(); }
  [[nodiscard]] const std::optional<Column>& column() const noexcept { return column_; }
  [[nodiscard]] const std::optional<Measure>& measure() const noexcept { return measure_; }
  [[nodiscard]] const AxisScale* scale() const noexcept { return scale_; }

  void bands(std::size_t begin, std::size_t end, std::uint8_t* out) const {
    const auto unknown = static_cast<std::uint8_t>(count_);
    if (!column_) {
      std::fill_n(out, end - begin, unknown);
      return;
    }
    if (measure_) {
      edges_.bins(*measure_, begin, end, out);
      if (scale_->falling)
        for (std::size_t i = 0; i < end - begin; ++i) out[i] = static_cast<std::uint8_t>(count_ - 1 - out[i]);
      for_words(set_, begin, end, [&](std::size_t first, std::size_t last, std::uint64_t word) {
        for_absent(first, last, word, [&](std::size_t row) { out[row - begin] = unknown; });
      });
      return;
    }
    for (std::size_t row = begin; row < end; ++row) {
      std::uint8_t band = unknown;
      if (!column_->is_null(row)) {
        if (column_->type() == ColumnType::label)
          band = band_of_code_[static_cast<const std::uint16_t*>(column_->data())[row]];
        else if (column_->type() == ColumnType::term)
          band = band_of_code_[static_cast<const std::uint32_t*>(column_->data())[row]];
        else
          band = band_of(std::string(column_->text(row)));
      }
      out[row - begin] = band;
    }
  }

 private:
  [[nodiscard]] std::uint8_t band_of(const std::string& label) const {
    const auto found = band_of_.find(label);
    return found == band_of_.end() ? static_cast<std::uint8_t>(count_) : found->second;
  }

  std::size_t count_;
  const AxisScale* scale_;
  std::optional<Column> column_;
  std::optional<Measure> measure_;
  RowSet set_;
  BinEdges edges_;
  std::unordered_map<std::string, std::uint8_t> band_of_;
  std::vector<std::uint8_t> band_of_code_;
};

/// One condition against one table.
class Condition {
 public:
  Condition(const MeasureCondition& condition, const Table& table) : condition_(condition) {
    const Column* column = table.find(condition.measure);
    if (column == nullptr) return;
    if (!condition.labels.empty()) {
      if (!is_text(column->type()))
        throw Error(Code::invalid_argument,
                    "column " + condition.measure + " holds " + std::string(name(column->type())) +
                        ", but a group asks for its labels",
                    condition.measure);
      if (column->type() != ColumnType::text)
        for (const std::string& label : column->labels()) fits_code_.push_back(fits(label));
    } else {
      measure_.emplace(*column);
      const auto floor = [&](double bound) { return measure_->floor_key(Threshold::real(bound)); };
      // Whether a key can equal the bound decides how at_least and below round.
      const auto below = [&](double bound) {
        const std::int64_t key = floor(bound);
        if (measure_->is_real()) return key - 1;
        const bool whole = floor_scaled(-bound, measure_->scale()) == -floor_scaled(bound, measure_->scale());
        return whole && key > std::numeric_limits<std::int64_t>::min() ? key - 1 : key;
      };
      if (condition.above) above_ = floor(*condition.above);
      if (condition.at_least) above_ = below(*condition.at_least);
      if (condition.at_most) at_most_ = floor(*condition.at_most);
      if (condition.below) at_most_ = below(*condition.below);
    }
    column_ = *column;
  }
  [[nodiscard]] bool holds(std::size_t row) const {
    if (!column_ || column_->is_null(row)) return false;
    if (measure_) {
      if (!measure_->has_value(row)) return false;
      const std::int64_t key = measure_->key(row);
      return key > above_ && key <= at_most_;
    }
    if (column_->type() == ColumnType::label) return fits_code_[column_->values<std::uint16_t>()[row]];
    if (column_->type() == ColumnType::term) return fits_code_[column_->values<std::uint32_t>()[row]];
    return fits(column_->text(row));
  }
  /// ok[i] &= holds(begin + i). begin: a multiple of 64; at most block_rows rows.
  void restrict(std::size_t begin, std::size_t end, std::uint8_t* ok) const {
    if (!measure_ || measure_->is_real()) {
      for (std::size_t row = begin; row < end; ++row)
        if (ok[row - begin] != 0 && !holds(row)) ok[row - begin] = 0;
      return;
    }
    if (column_->type() == ColumnType::int32 || column_->type() == ColumnType::day) {
      keep_between(static_cast<const std::int32_t*>(column_->data()) + begin, end - begin, above_, at_most_, ok);
    } else {
      std::int64_t scratch[block_rows];
      keep_between(measure_->keys(begin, end, scratch), end - begin, above_, at_most_, ok);
    }
    const std::uint8_t* valid = column_->validity();
    if (valid == nullptr) return;
    for (std::size_t row = begin; row < end; row += 8) {
      if (valid[row >> 3] == 0xFF) continue;
      for (std::size_t i = row; i < std::min(end, row + 8); ++i)
        ok[i - begin] = static_cast<std::uint8_t>(ok[i - begin] & (valid[row >> 3] >> (i & 7)));
    }
  }
  [[nodiscard]] Quantity value(std::size_t row) const {
    if (!column_) return {};
    return measure_ ? quantity_of(*measure_, row) : Quantity{.text = column_->to_text(row)};
  }
  [[nodiscard]] const MeasureCondition& condition() const noexcept { return condition_; }

 private:
  [[nodiscard]] bool fits(std::string_view label) const {
    return std::find(condition_.labels.begin(), condition_.labels.end(), label) != condition_.labels.end();
  }
  MeasureCondition condition_;
  std::optional<Column> column_;
  std::optional<Measure> measure_;
  std::int64_t above_{std::numeric_limits<std::int64_t>::min()};
  std::int64_t at_most_{std::numeric_limits<std::int64_t>::max()};
  std::vector<bool> fits_code_;
};

/// The rules against one table.
struct Rules {
  Rules(const MatrixOptions& options, const Table& table) : resolved(options, "") {
    for (const GroupRules::Rule& rule : resolved.rules) {
      std::vector<Condition>& list = conditions.emplace_back();
      for (const MeasureCondition& condition : rule.conditions) list.emplace_back(condition, table);
    }
    // The rules that can decide a cell, up to the first without conditions.
    for (std::size_t x = 0; x < resolved.x_bands; ++x)
      for (std::size_t y = 0; y < resolved.y_bands; ++y) {
        std::vector<std::uint32_t>& program = programs.emplace_back();
        for (std::size_t r = 0; r < resolved.rules.size(); ++r) {
          if (!resolved.rules[r].fits(x, y)) continue;
          program.push_back(static_cast<std::uint32_t>(r));
          if (resolved.rules[r].conditions.empty()) break;
        }
      }
  }
  /// The first rule that fits, or the number of rules.
  [[nodiscard]] std::size_t rule(std::size_t cell, std::size_t row) const {
    for (const std::uint32_t r : programs[cell]) {
      const std::vector<Condition>& all = conditions[r];
      if (std::all_of(all.begin(), all.end(), [row](const Condition& one) { return one.holds(row); })) return r;
    }
    return resolved.rules.size();
  }
  GroupRules resolved;
  std::vector<std::vector<Condition>> conditions;
  std::vector<std::vector<std::uint32_t>> programs;
};

/// The group of a block of rows from their cells: each rule with conditions that some cell asks for is a bit of what is
/// known about a row, and a table over (cell, bits) has the answer. With more of them than a table is worth, the rules
/// are gone through one by one.
class Groups {
 public:
  /// \param group_of_rule  by rule, and last for none
  Groups(const Rules& rules, std::vector<std::uint16_t> group_of_rule)
      : rules_(rules), group_of_rule_(std::move(group_of_rule)) {
    constexpr std::size_t most_bits = 8;
    constexpr std::size_t most_entries = std::size_t{1} << 16;
    std::vector<std::uint32_t> bit_of(rules.conditions.size(), no_bit);
    for (const std::vector<std::uint32_t>& program : rules.programs)
      for (const std::uint32_t r : program)
        if (!rules.conditions[r].empty() && bit_of[r] == no_bit) {
          bit_of[r] = static_cast<std::uint32_t>(asked_.size());
          asked_.push_back(r);
        }
    if (asked_.size() > most_bits || (rules.programs.size() << asked_.size()) > most_entries) return;
    for (const std::vector<std::uint32_t>& program : rules.programs)
      for (std::uint32_t facts = 0; facts < 1U << asked_.size(); ++facts) {
        const auto fits = [&](std::uint32_t r) { return bit_of[r] == no_bit || ((facts >> bit_of[r]) & 1U) != 0; };
        const auto found = std::find_if(program.begin(), program.end(), fits);
        table_.push_back(found == program.end() ? group_of_rule_.back() : group_of_rule_[*found]);
      }
  }
  /// begin: a multiple of 64; at most block_rows rows.
  void of(std::size_t begin, std::size_t end, const std::uint16_t* cells, std::uint16_t* out) const {
    const std::size_t count = end - begin;
    if (table_.empty()) {
      for (std::size_t i = 0; i < count; ++i) out[i] = group_of_rule_[rules_.rule(cells[i], begin + i)];
      return;
    }
    std::uint8_t facts[block_rows];
    std::uint8_t holds[block_rows];
    std::fill_n(facts, count, std::uint8_t{0});
    for (std::size_t bit = 0; bit < asked_.size(); ++bit) {
      std::fill_n(holds, count, std::uint8_t{1});
      for (const Condition& condition : rules_.conditions[asked_[bit]]) condition.restrict(begin, end, holds);
      add_bit(holds, count, static_cast<unsigned>(bit), facts);
    }
    look_up_groups(cells, facts, count, static_cast<unsigned>(asked_.size()), table_, out);
  }

 private:
  static constexpr std::uint32_t no_bit = ~std::uint32_t{0};
  const Rules& rules_;
  std::vector<std::uint16_t> group_of_rule_;
  std::vector<std::uint32_t> asked_;  // rules by bit
  std::vector<std::uint16_t> table_;  // by cell << bits | facts; empty: too large
};

std::vector<std::string> with_unknown(std::vector<std::string> bands) {
  bands.emplace_back(unknown_band);
  return bands;
}

Note note_of(const std::string& rule, const MatrixAxis& axis, FittedAxis::Use fitted, bool present, char letter) {
  Note note;
  note.rule = rule;
  note.subject = axis.scale.measure;
  const std::string at(1, letter);
  if (present) {
    note.rule += ".substitute";
    const auto names = [&](Language language) {
      return std::pair{called(axis.substitute->measure, language), called(axis.scale.measure, language)};
    };
    const auto [shown, absent] = names(Language::english);
    note.english = "Axis " + at + " shows " + shown + " in place of " + absent + ", of which there are no data.";
    const auto [taken, missing] = names(Language::russian);
    note.russian = "По оси " + at + " показано: " + taken + ". Данных нет: " + missing + '.';
  } else {
    const std::string& missing = fitted == FittedAxis::Use::substitute ? axis.substitute->measure : axis.scale.measure;
    note.rule += ".unknown";
    note.subject = missing;
    note.english = "Axis " + at + " is unknown for everybody: there is no column " + missing + '.';
    note.russian = "Ось " + at + " неизвестна для всех: нет столбца " + missing + '.';
  }
  return note;
}

}  // namespace

struct MatrixModel::Data {
  std::string name;
  MatrixOptions options;
  FittedAxis x;
  FittedAxis y;
  std::string columns[4];
  std::shared_ptr<const std::vector<std::string>> labels[4];

  Data(std::string called, MatrixOptions chosen) : name(std::move(called)), options(std::move(chosen)) {
    columns[0] = name + "_x";
    columns[1] = name + "_y";
    columns[2] = name == "matrix" ? "cell" : name + "_cell";
    columns[3] = name == "matrix" ? "group" : name + "_group";
    const auto x_names = with_unknown(options.x.bands);
    const auto y_names = with_unknown(options.y.bands);
    std::vector<std::string> cells;
    for (const std::string& x_name : x_names)
      for (const std::string& y_name : y_names) cells.push_back(fmt::format("{} / {}", x_name, y_name));
    std::vector<std::string> groups;
    for (const MatrixGroup& group : options.groups) groups.push_back(group.name);
    if (!options.otherwise.empty() && std::find(groups.begin(), groups.end(), options.otherwise) == groups.end())
      groups.push_back(options.otherwise);
    labels[0] = std::make_shared<const std::vector<std::string>>(x_names);
    labels[1] = std::make_shared<const std::vector<std::string>>(y_names);
    labels[2] = std::make_shared<const std::vector<std::string>>(std::move(cells));
    labels[3] = std::make_shared<const std::vector<std::string>>(std::move(groups));
  }
  [[nodiscard]] std::uint16_t group_of_rule(const GroupRules& rules, std::size_t rule) const {
    if (rule < rules.rules.size()) return static_cast<std::uint16_t>(rules.rules[rule].group);
    const auto found = std::find(labels[3]->begin(), labels[3]->end(), options.otherwise);
    return static_cast<std::uint16_t>(found - labels[3]->begin());
  }
};

MatrixClassifier::MatrixClassifier(MatrixOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> MatrixClassifier::inputs() const {
  std::vector<std::string> columns;
  const auto add = [&](const std::string& column) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
  };
  for (const MatrixAxis* axis : {&options_.x, &options_.y}) {
    add(axis->scale.measure);
    if (axis->substitute) add(axis->substitute->measure);
  }
  for (const MatrixGroup& group : options_.groups)
    for (const GroupRule& rule : group.rules)
      for (const MeasureCondition& condition : rule.measures) add(condition.measure);
  return columns;
}

MatrixModel MatrixClassifier::fit(const Table& table, const Control& control) const {
  auto data = std::make_shared<MatrixModel::Data>(name_, options_);
  data->x = fit_axis(options_.x, table, control);
  data->y = fit_axis(options_.y, table, control);
  return MatrixModel(std::move(data));
}

const std::string& MatrixModel::name() const noexcept { return data_->name; }
const MatrixOptions& MatrixModel::options() const noexcept { return data_->options; }
const std::vector<Threshold>& MatrixModel::x_edges() const noexcept { return data_->x.edges; }
const std::vector<Threshold>& MatrixModel::y_edges() const noexcept { return data_->y.edges; }

namespace {
const std::string no_measure;
const std::string& measure_of(const MatrixAxis& axis, FittedAxis::Use use) noexcept {
  const AxisScale* scale = scale_of(axis, use);
  return scale ? scale->measure : no_measure;
}
}  // namespace

const std::string& MatrixModel::x_measure() const noexcept { return measure_of(data_->options.x, data_->x.use); }
const std::string& MatrixModel::y_measure() const noexcept { return measure_of(data_->options.y, data_->y.use); }

Classification MatrixModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  struct Applied {
    Applied(const Data& from, const Table& to, const Control& with)
        : x(from.options.x, from.x, to, with), y(from.options.y, from.y, to, with), rules(from.options, to) {}
    Bands x;
    Bands y;
    Rules rules;
  };
  const auto applied = std::make_shared<const Applied>(*data, table, control);
  const std::size_t rows = table.rows();
  std::array<Buffer<std::uint16_t>, 4> codes{Buffer<std::uint16_t>(rows), Buffer<std::uint16_t>(rows),
                                             Buffer<std::uint16_t>(rows), Buffer<std::uint16_t>(rows)};
  const std::size_t y_bands = applied->rules.resolved.y_bands;
  std::vector<std::uint16_t> group_of(applied->rules.resolved.rules.size() + 1);
  for (std::size_t r = 0; r < group_of.size(); ++r) group_of[r] = data->group_of_rule(applied->rules.resolved, r);
  const Groups groups(applied->rules, std::move(group_of));
  for_pieces(rows, control, [&](std::size_t begin, std::size_t end) {
    std::uint8_t x[block_rows];
    std::uint8_t y[block_rows];
    for (std::size_t from = begin; from < end; from += block_rows) {
      const std::size_t to = std::min(end, from + block_rows);
      applied->x.bands(from, to, x);
      applied->y.bands(from, to, y);
      cells_of(x, y, to - from, static_cast<unsigned>(y_bands), codes[0].data() + from, codes[1].data() + from,
               codes[2].data() + from);
      groups.of(from, to, codes[2].data() + from, codes[3].data() + from);
    }
  });
  std::vector<Column> columns;
  for (std::size_t c = 0; c < 4; ++c)
    columns.push_back(label_column(data->columns[c], std::move(codes[c]), data->labels[c]));
  std::vector<Note> notes;
  const auto note = [&](const MatrixAxis& axis, const FittedAxis& fitted, const Bands& bands, char letter) {
    if (!bands.present() || fitted.use == FittedAxis::Use::substitute)
      notes.push_back(note_of(data->name + '.' + letter, axis, fitted.use, bands.present(), letter));
  };
  note(data->options.x, data->x, applied->x, 'x');
  note(data->options.y, data->y, applied->y, 'y');

  const std::vector<Column> kept = columns;
  auto reasons = [data, applied, kept](std::size_t row) {
    std::vector<Reason> found;
    const auto band_reason = [&](std::size_t c, const MatrixAxis& axis, const FittedAxis& fitted, const Bands& bands) {
      Reason reason;
      reason.column = kept[c].name();
      reason.result = std::string(kept[c].text(row));
      reason.measure = bands.scale() ? bands.scale()->measure : axis.scale.measure;
      reason.rule = reason.column + '.' + slug(reason.result);
      reason.aspect = Aspect::band;
      if (bands.measure())
        reason.value = quantity_of(*bands.measure(), row);
      else if (bands.column())
        reason.value.text = bands.column()->to_text(row);
      const std::size_t band = kept[c].values<std::uint16_t>()[row];
      if (band == axis.bands.size()) {
        if (reason.value.text.empty()) reason.aspect = Aspect::missing;
      } else if (bands.measure()) {
        set_edges(reason, fitted.edges, bands.scale()->falling ? axis.bands.size() - 1 - band : band);
      }
      found.push_back(std::move(reason));
    };
    band_reason(0, data->options.x, data->x, applied->x);
    band_reason(1, data->options.y, data->y, applied->y);
    Reason reason;
    reason.column = kept[3].name();
    reason.result = std::string(kept[3].text(row));
    reason.measure = kept[2].name();
    reason.value.text = std::string(kept[2].text(row));
    reason.aspect = Aspect::group;
    const std::size_t rule = applied->rules.rule(kept[2].values<std::uint16_t>()[row], row);
    const bool ruled = rule < applied->rules.resolved.rules.size();
    reason.rule = reason.column + '.' + slug(reason.result) + '.' +
                  (ruled ? std::to_string(applied->rules.resolved.rules[rule].place) : std::string("otherwise"));
    found.push_back(reason);
    if (!ruled) return found;
    for (const Condition& condition : applied->rules.conditions[rule]) {
      Reason more;
      more.column = reason.column;
      more.result = reason.result;
      more.rule = reason.rule;
      more.aspect = Aspect::group;
      more.measure = condition.condition().measure;
      more.value = condition.value(row);
      const auto quantity = [](double bound) { return quantity_of(Threshold::real(bound)); };
      const MeasureCondition& bounds = condition.condition();
      if (bounds.above) more.low = quantity(*bounds.above);
      if (bounds.at_least) more.low = quantity(*bounds.at_least);
      more.low_included = bounds.at_least.has_value();
      if (bounds.at_most) more.high = quantity(*bounds.at_most);
      if (bounds.below) more.high = quantity(*bounds.below);
      more.high_included = !bounds.below;
      found.push_back(std::move(more));
    }
    return found;
  };
  return Classification(data->name, "matrix", std::move(columns), std::move(reasons), std::move(notes));
}

std::string MatrixModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  const auto write = [](const FittedAxis& axis) {
    static constexpr const char* uses[3] = {"none", "scale", "substitute"};
    json::Value entry;
    entry["use"] = uses[static_cast<std::size_t>(axis.use)];
    json::Value& edges = entry["edges"] = json::Value::array();
    for (const Threshold& edge : axis.edges) edges.push_back(threshold_to_json(edge));
    return entry;
  };
  value["x"] = write(data_->x);
  value["y"] = write(data_->y);
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

MatrixModel MatrixModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, pointer));
  auto data = std::make_shared<Data>(name, matrix_options(object.require("options")));
  const auto read = [](const json::Node& node, const MatrixAxis& axis) {
    FittedAxis fitted;
    json::Object entry(node);
    entry.read("use", fitted.use, {"none", "scale", "substitute"});
    if (fitted.use == FittedAxis::Use::substitute && !axis.substitute) node.fail("the axis has no substitute");
    const json::Node edges = entry.require("edges");
    for (const json::Node& edge : edges.items()) fitted.edges.push_back(threshold_from_json(edge));
    entry.done();
    const AxisScale* scale = scale_of(axis, fitted.use);
    const std::size_t wanted = scale == nullptr || !scale->labels.empty() ? 0 : axis.bands.size() - 1;
    if (fitted.edges.size() != wanted) edges.fail("must have " + std::to_string(wanted) + " edges");
    return fitted;
  };
  data->x = read(object.require("x"), data->options.x);
  data->y = read(object.require("y"), data->options.y);
  object.done();
  return MatrixModel(std::move(data));
}

std::string MatrixClassifier::to_json() const {
  return to_value(options_).dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

MatrixClassifier MatrixClassifier::from_json(std::string_view text, const std::string& name,
                                             const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "options");
  return MatrixClassifier(matrix_options(json::Node(document, pointer)), name);
}

}  // namespace klientela
