// XYZ: two fixed edges on a coefficient of variation, and the crossing with another label column.
#include "klientela/classify/xyz.hpp"

#include <cmath>

#include "classify/kinds.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

constexpr std::uint16_t no_class = 3;

void check(const XyzOptions& options, const std::string& pointer) {
  check_text(options.measure, pointer + "/measure", "a measure");
  if (!std::isfinite(options.x) || options.x < 0) json::fail(pointer + "/x", "must be a finite number from 0");
  if (!std::isfinite(options.y) || options.y <= options.x) json::fail(pointer + "/y", "must be above x");
  if (!options.cross.empty()) {
    check_text(options.cross, pointer + "/cross", "a column");
    if (options.cross == options.measure) json::fail(pointer + "/cross", "must be another column than the measure");
  }
}

json::Value to_value(const XyzOptions& options) {
  json::Value value;
  value["kind"] = "xyz";
  value["measure"] = options.measure;
  value["x"] = options.x;
  value["y"] = options.y;
  if (!options.cross.empty()) value["cross"] = options.cross;
  return value;
}

XyzOptions options_of(const json::Node& node) {
  XyzOptions options;
  json::Object object(node);
  check_kind(object, "xyz");
  object.read("measure", options.measure);
  object.read("x", options.x, 0, std::numeric_limits<double>::max());
  object.read("y", options.y, 0, std::numeric_limits<double>::max());
  object.read("cross", options.cross);
  object.done();
  check(options, node.pointer());
  return options;
}

/// Codes of a label, term or text column, texts numbered by bytes.
struct Crossing {
  std::vector<std::string> labels;
  std::vector<std::uint32_t> codes;  ///< by row; labels.size() where there is none
};

Crossing crossing_of(const Column& column) {
  Crossing crossing;
  if (column.type() == ColumnType::text) {
    for (std::size_t row = 0; row < column.size(); ++row)
      if (!column.is_null(row)) crossing.labels.emplace_back(column.text(row));
    std::sort(crossing.labels.begin(), crossing.labels.end());
    crossing.labels.erase(std::unique(crossing.labels.begin(), crossing.labels.end()), crossing.labels.end());
  } else {
    crossing.labels = column.labels();
  }
  const std::size_t count = crossing.labels.size();
  if (count * 3 + 1 > 65'535)
    throw Error(Code::invalid_argument,
                "column " + column.name() + " has " + std::to_string(count) + " labels, too many to be crossed",
                column.name());
  for (std::size_t row = 0; row < column.size(); ++row) {
    std::size_t code = count;
    if (!column.is_null(row)) {
      if (column.type() == ColumnType::label)
        code = column.values<std::uint16_t>()[row];
      else if (column.type() == ColumnType::term)
        code = column.values<std::uint32_t>()[row];
      else
        code = static_cast<std::size_t>(
            std::lower_bound(crossing.labels.begin(), crossing.labels.end(), column.text(row)) -
            crossing.labels.begin());
    }
    crossing.codes.push_back(static_cast<std::uint32_t>(code));
  }
  return crossing;
}

const Column& label_column(const Table& table, const std::string& name) {
  const Column& column = table.column(name);
  if (!is_textual(column.type()))
    throw Error(Code::invalid_argument,
                "column " + name + " holds " + std::string(klientela::name(column.type())) + ", which has no labels",
                name);
  return column;
}

std::vector<std::string> inputs_of(const XyzOptions& options) {
  std::vector<std::string> columns{options.measure};
  if (!options.cross.empty()) columns.push_back(options.cross);
  return columns;
}

}  // namespace

XyzClassifier::XyzClassifier(XyzOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> XyzClassifier::inputs() const { return inputs_of(options_); }
std::vector<std::string> XyzModel::inputs() const { return inputs_of(options_); }

XyzModel XyzClassifier::fit(const Table& table, const Control& control) const {
  control.check();
  static_cast<void>(Measure(table, options_.measure));
  if (!options_.cross.empty()) static_cast<void>(label_column(table, options_.cross));
  return {options_, name_};
}

Classification XyzModel::classify(const Table& table, const Control& control) const {
  const auto measure = std::make_shared<const Measure>(table, options_.measure);
  const std::size_t rows = table.rows();
  const std::int64_t edges[2] = {measure->floor_key(Threshold::real(options_.x)),
                                 measure->floor_key(Threshold::real(options_.y))};
  Buffer<std::uint16_t> codes(rows);
  for_rows(rows, control, [&](std::size_t row) {
    if (!measure->has_value(row)) {
      codes[row] = no_class;
      return;
    }
    const std::int64_t key = measure->key(row);
    codes[row] = static_cast<std::uint16_t>((key > edges[0] ? 1 : 0) + (key > edges[1] ? 1 : 0));
  });
  std::vector<Column> columns;
  if (!options_.cross.empty()) {
    const Crossing crossing = crossing_of(label_column(table, options_.cross));
    std::vector<std::string> names;
    for (const std::string& label : crossing.labels)
      for (const char* own : {"X", "Y", "Z"}) names.push_back(label + own);
    const auto nobody = static_cast<std::uint16_t>(names.size());
    names.emplace_back(unclassified);
    Buffer<std::uint16_t> crossed(rows);
    for (std::size_t row = 0; row < rows; ++row)
      crossed[row] = codes[row] == no_class || crossing.codes[row] == crossing.labels.size()
                         ? nobody
                         : static_cast<std::uint16_t>(crossing.codes[row] * 3 + codes[row]);
    columns.emplace_back(options_.cross + '_' + name_, std::move(crossed), labels_of(std::move(names)));
  }
  columns.emplace(columns.begin(), name_, std::move(codes), labels_of({"X", "Y", "Z", std::string(unclassified)}));
  auto reasons = [measure, columns, options = options_](std::size_t row) {
    const std::uint16_t code = columns[0].values<std::uint16_t>()[row];
    Reason reason;
    reason.column = columns[0].name();
    reason.result = std::string(columns[0].text(row));
    reason.measure = options.measure;
    reason.value = quantity_of(*measure, row);
    reason.rule = reason.column + '.' + options.measure + '.' + reason.result;
    reason.aspect = code == no_class ? Aspect::missing : Aspect::band;
    const Threshold ends[2] = {Threshold::real(options.x), Threshold::real(options.y)};
    if (code < no_class) set_edges(reason, ends, code);
    std::vector<Reason> found{std::move(reason)};
    if (columns.size() == 1) return found;
    Reason crossed;
    crossed.column = columns[1].name();
    crossed.result = std::string(columns[1].text(row));
    crossed.measure = columns[0].name();
    crossed.value.text = found[0].result;
    crossed.rule = crossed.column + '.' + crossed.result;
    crossed.aspect = Aspect::group;
    found.push_back(std::move(crossed));
    return found;
  };
  return Classification(name_, "xyz", std::vector<Column>(columns), std::move(reasons));
}

std::string XyzModel::to_json() const {
  json::Value value;
  value["options"] = to_value(options_);
  return written(value);
}

XyzModel XyzModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  return read_model(name, text, pointer,
                    [&](json::Object& object) { return XyzModel(options_of(object.require("options")), name); });
}

std::string XyzClassifier::to_json() const { return written(to_value(options_)); }

XyzClassifier XyzClassifier::from_json(std::string_view text, const std::string& name, const std::string& pointer) {
  return XyzClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string xyz_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "description": "How steadily a client buys: the coefficient of variation over calendar periods.",
  "properties": {
    "kind": {"const": "xyz"},
    "measure": {"type": "string", "minLength": 1, "maxLength": 200, "default": "period_money_cv"},
    "x": {"type": "number", "minimum": 0, "default": 0.1, "description": "X up to here, included."},
    "y": {"type": "number", "exclusiveMinimum": 0, "default": 0.25, "description": "Y up to here, Z above."},
    "cross": {"type": "string", "maxLength": 200, "default": "",
      "description": "A label column to cross with, such as abc: a second column abc_xyz with AX to CZ."}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
