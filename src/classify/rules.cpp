// Rule sets: conditions asked in order of precedence, each about the rows that nothing before it decided.
#include "klientela/classify/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <unordered_map>

#include "classify/options.hpp"
#include "classify/reasoning.hpp"
#include "classify/rules_bound.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

const std::string unclassified = "unclassified";
constexpr std::uint16_t no_value = 0xFFFF;
/// Codes of NAME_source: the three sources, then the rules in order, then otherwise.
constexpr std::array<ValueSource, 3> assigned_sources{ValueSource::hand, ValueSource::bulk, ValueSource::delivered};

std::string column_of(const RuleOptions& options, ValueSource source) {
  return (source == ValueSource::delivered ? "card." : std::string(name(source)) + '.') + options.assigned;
}

/// What one source assigns: rows with their text.
struct Assigned {
  Column column;
  std::vector<std::uint16_t> by_code;                        // of a dictionary: codes of the result, or no_value
  std::unordered_map<std::string, std::uint16_t> by_text{};  // of a text column

  explicit Assigned(const Column& from) : column(from) {}
  [[nodiscard]] bool coded() const noexcept { return column.type() != ColumnType::text; }
  [[nodiscard]] std::size_t code(std::size_t row) const {
    return column.type() == ColumnType::label ? column.values<std::uint16_t>()[row]
                                              : column.values<std::uint32_t>()[row];
  }
  /// no_value where nothing usable was assigned.
  [[nodiscard]] std::uint16_t value(std::size_t row) const {
    if (column.is_null(row)) return no_value;
    if (coded()) return by_code[code(row)];
    const auto found = by_text.find(std::string(column.text(row)));
    return found == by_text.end() ? no_value : found->second;
  }
  /// Every text that some row has, with how many rows have it.
  [[nodiscard]] std::map<std::string, std::uint64_t> used() const {
    std::map<std::string, std::uint64_t> counts;
    if (coded()) {
      std::vector<std::uint64_t> rows(column.labels().size());
      for (std::size_t row = 0; row < column.size(); ++row)
        if (!column.is_null(row)) ++rows[code(row)];
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i] > 0) counts[column.labels()[i]] += rows[i];
    } else {
      for (std::size_t row = 0; row < column.size(); ++row)
        if (!column.is_null(row)) ++counts[std::string(column.text(row))];
    }
    counts.erase("");
    return counts;
  }
};

}  // namespace

struct classifying::Applied {
  std::vector<Program> programs;
  std::map<ValueSource, Assigned> assigned;
  std::vector<std::uint16_t> value_of_rule;
  std::uint16_t otherwise{0};
  std::vector<std::string> labels;
  std::vector<Note> notes;
};

namespace {

Note note_of(const std::string& name, const std::string& column, const std::map<std::string, std::uint64_t>& unknown) {
  std::uint64_t rows = 0;
  std::string some;
  std::size_t shown = 0;
  for (const auto& [text, count] : unknown) {
    rows += count;
    if (shown++ < 5) some += (some.empty() ? "" : ", ") + text;
  }
  if (shown > 5) some += ", ...";
  Note note;
  note.rule = name + ".unknown_value";
  note.subject = column;
  note.english = fmt::format("{} values of {} are not in the list and were not used: {}.", rows, column, some);
  note.russian =
      fmt::format("Значений {}, которых нет в списке и которые не использованы: {} ({}).", column, rows, some);
  return note;
}

Applied apply(const RulesModel::Data& data, const Table& table) {
  const RuleOptions& options = data.options;
  Applied applied;
  applied.programs = bind_rules(data, table);
  std::unordered_map<std::string, std::uint16_t> code_of;
  const auto add = [&](const std::string& label) {
    if (code_of.contains(label)) return;
    if (applied.labels.size() == no_value)
      throw Error(Code::out_of_range, "there are more than 65534 values of " + data.name, data.name);
    code_of.emplace(label, static_cast<std::uint16_t>(applied.labels.size()));
    applied.labels.push_back(label);
  };
  for (const std::string& value : options.values) add(value);
  if (options.values.empty())
    for (const Rule& rule : options.rules) add(rule.value);
  add(data.otherwise());
  std::map<ValueSource, std::map<std::string, std::uint64_t>> used;
  std::set<std::string> open;  // values that only assignments name
  for (const ValueSource source : assigned_sources)
    if (const Column* column = assigned_column(options, source, table)) {
      const Assigned& each = applied.assigned.emplace(source, *column).first->second;
      used[source] = each.used();
      if (options.values.empty())
        for (const auto& [text, count] : used[source]) open.insert(text);
    }
  for (const std::string& text : open) add(text);
  for (auto& [source, each] : applied.assigned) {
    std::map<std::string, std::uint64_t> unknown;
    const auto code = [&](const std::string& text) {
      const auto found = code_of.find(text);
      return found == code_of.end() || text.empty() ? no_value : found->second;
    };
    if (each.coded())
      for (const std::string& label : each.column.labels()) each.by_code.push_back(code(label));
    for (const auto& [text, count] : used[source]) {
      if (code(text) == no_value) unknown.emplace(text, count);
      if (!each.coded()) each.by_text.emplace(text, code(text));
    }
    if (!unknown.empty()) applied.notes.push_back(note_of(data.name, column_of(options, source), unknown));
  }
  for (const Rule& rule : options.rules) applied.value_of_rule.push_back(code_of.at(rule.value));
  applied.otherwise = code_of.at(data.otherwise());
  return applied;
}

/// "frequency = 7, requests = null": what the columns of a rule hold.
std::string values_of(const Program& program, std::size_t row) {
  std::string text;
  for (const auto& [column, values] : program.columns()) {
    const bool null = !values || values->is_null(row);
    text += (text.empty() ? "" : ", ") + column + " = " + (null ? std::string("null") : values->to_text(row));
  }
  return text;
}

/// Whether a rule is not known for one row.
bool undecided(const Program& program, std::size_t row, std::size_t rows, Program::Scratch& scratch) {
  const std::size_t begin = row / 64 * 64;
  Mask one;
  one.set(row - begin);
  Truth truth;
  program.truth(begin, std::min(begin + 64, rows), one, scratch, truth);
  return !truth.yes.any() && !truth.no.any();
}

}  // namespace

RulesModel::Data::Data(std::string called, RuleOptions chosen) : name(std::move(called)), options(std::move(chosen)) {
  order.resize(options.rules.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options.match == RuleMatch::priority)
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return options.rules[a].priority > options.rules[b].priority;
    });
}

const std::string& RulesModel::Data::otherwise() const noexcept {
  return options.otherwise.empty() ? unclassified : options.otherwise;
}

namespace classifying {

std::vector<Program> bind_rules(const RulesModel::Data& data, const Table& table) {
  std::vector<Program> programs;
  for (std::size_t r = 0; r < data.options.rules.size(); ++r) {
    const Expression& when = data.options.rules[r].when;
    try {
      const Program& program = programs.emplace_back(
          *when.tree(), Program::Names{.table = &table, .columns = std::nullopt, .absent = data.options.may_be_absent});
      if (program.kind() != Kind::boolean && program.kind() != Kind::null)
        throw Fault{
            Code::invalid_argument, "a rule needs a condition, which is true or false", {}, 0, when.text().size()};
    } catch (Fault& fault) {
      fault.message = "rule " + data.id(r) + " of " + data.name + ": " + fault.message;
      raise(when.text(), fault, fault.subject.empty() ? data.id(r) : fault.subject);
    }
  }
  return programs;
}

const Column* assigned_column(const RuleOptions& options, ValueSource source, const Table& table) {
  if (options.assigned.empty() || source == ValueSource::rules) return nullptr;
  const Column* column = table.find(column_of(options, source));
  if (column != nullptr && column->type() != ColumnType::text && column->type() != ColumnType::label &&
      column->type() != ColumnType::term)
    throw Error(Code::invalid_argument,
                "column " + column->name() + " holds " + std::string(klientela::name(column->type())) + ", not text",
                column->name());
  return column;
}

std::shared_ptr<const Applied> apply_rules(const RulesModel::Data& data, const Table& table) {
  return std::make_shared<const Applied>(apply(data, table));
}

const std::vector<std::string>& labels_of(const Applied& applied) noexcept { return applied.labels; }

void decide(const RulesModel::Data& data, const Applied& applied, std::size_t begin, std::size_t end,
            Program::Scratch& scratch, std::uint16_t* values, std::uint16_t* sources) {
  Mask left = Mask::first(end - begin);
  const auto give = [&](const Mask& fit, std::uint16_t value, std::uint16_t source) {
    fit.for_each([&](std::size_t i) {
      values[i] = value;
      sources[i] = source;
    });
    left.remove(fit);
  };
  for (const ValueSource source : data.options.precedence) {
    if (source == ValueSource::rules) {
      for (const std::size_t r : data.order) {
        if (!left.any()) break;
        Truth truth;
        applied.programs[r].truth(begin, end, left, scratch, truth);
        give(truth.yes, applied.value_of_rule[r], static_cast<std::uint16_t>(3 + r));
      }
      continue;
    }
    const auto found = applied.assigned.find(source);
    if (found == applied.assigned.end()) continue;
    Mask fit;
    left.for_each([&](std::size_t i) {
      const std::uint16_t value = found->second.value(begin + i);
      if (value == no_value) return;
      values[i] = value;
      sources[i] = static_cast<std::uint16_t>(source);
      fit.set(i);
    });
    left.remove(fit);
  }
  give(left, applied.otherwise, static_cast<std::uint16_t>(3 + data.options.rules.size()));
}

}  // namespace classifying

RulesClassifier::RulesClassifier(RuleOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> RulesClassifier::inputs() const {
  std::vector<std::string> columns;
  const auto add = [&](const std::string& column) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
  };
  for (const Rule& rule : options_.rules)
    for (const std::string& column : rule.when.columns()) add(column);
  if (!options_.assigned.empty())
    for (const ValueSource source : assigned_sources) add(column_of(options_, source));
  return columns;
}

RulesModel RulesClassifier::fit(const Table& table, const Control& control) const {
  control.check();
  auto data = std::make_shared<RulesModel::Data>(name_, options_);
  static_cast<void>(bind_rules(*data, table));
  for (const ValueSource source : assigned_sources) static_cast<void>(assigned_column(options_, source, table));
  return RulesModel(std::move(data));
}

const std::string& RulesModel::name() const noexcept { return data_->name; }
const RuleOptions& RulesModel::options() const noexcept { return data_->options; }
std::vector<std::string> RulesModel::inputs() const { return RulesClassifier(data_->options, data_->name).inputs(); }

Classification RulesModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const std::shared_ptr<const Applied> applied = apply_rules(*data, table);
  const std::size_t rows = table.rows();
  const std::size_t rules = data->options.rules.size();
  const auto otherwise_source = static_cast<std::uint16_t>(3 + rules);
  Buffer<std::uint16_t> values(rows);
  Buffer<std::uint16_t> sources(rows);
  for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
    const auto scratch = std::make_unique<Program::Scratch>();
    for (std::size_t from = begin; from < end; from += block_rows) {
      control.check();
      decide(*data, *applied, from, std::min(end, from + block_rows), *scratch, values.data() + from,
             sources.data() + from);
    }
  });
  std::vector<std::string> source_labels{"hand", "bulk", "delivered"};
  for (std::size_t r = 0; r < rules; ++r) source_labels.push_back("rule:" + data->id(r));
  source_labels.emplace_back("otherwise");
  std::vector<Column> columns;
  columns.emplace_back(data->name, std::move(values),
                       std::make_shared<const std::vector<std::string>>(applied->labels));
  columns.emplace_back(data->name + "_source", std::move(sources),
                       std::make_shared<const std::vector<std::string>>(std::move(source_labels)));
  const std::vector<Column> kept = columns;
  std::vector<Note> notes = applied->notes;
  auto reasons = [data, applied, kept, otherwise_source](std::size_t row) {
    Reason reason;
    reason.column = data->name;
    reason.result = std::string(kept[0].text(row));
    const std::uint16_t source = kept[1].values<std::uint16_t>()[row];
    if (source < 3) {
      reason.aspect = Aspect::assigned;
      reason.measure = column_of(data->options, static_cast<ValueSource>(source));
      reason.rule = data->name + '.' + std::string(klientela::name(static_cast<ValueSource>(source)));
      static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> words{
          {{"set by hand", "задано вручную"},
           {"set in bulk", "задано списком"},
           {"as the card says", "так указано в карточке"}}};
      reason.english = words[source].first;
      reason.russian = words[source].second;
    } else if (source == otherwise_source) {
      reason.aspect = Aspect::rule;
      reason.rule = data->name + ".otherwise";
      reason.english = "because no rule fits";
      reason.russian = "так как ни одно правило не подходит";
      std::string unknown;
      const auto scratch = std::make_unique<Program::Scratch>();
      for (const std::size_t r : data->order)
        if (undecided(applied->programs[r], row, kept[0].size(), *scratch))
          unknown += (unknown.empty() ? "" : ", ") + data->id(r);
      if (!unknown.empty()) {
        reason.english += "; not known for lack of values: " + unknown;
        reason.russian += "; не хватает значений для: " + unknown;
      }
    } else {
      const std::size_t r = source - 3U;
      const Rule& rule = data->options.rules[r];
      reason.aspect = Aspect::rule;
      reason.measure = rule.when.text();
      reason.value.text = values_of(applied->programs[r], row);
      reason.rule = data->name + '.' + data->id(r);
      reason.english = "because " + (rule.english.empty() ? rule.when.text() : rule.english);
      reason.russian = "так как " + (rule.russian.empty() ? rule.when.text() : rule.russian);
    }
    return std::vector<Reason>{std::move(reason)};
  };
  return Classification(data->name, "rules", std::move(columns), std::move(reasons), std::move(notes));
}

std::string RulesModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

RulesModel RulesModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, pointer));
  auto data = std::make_shared<Data>(name, rule_options(object.require("options")));
  object.done();
  return RulesModel(std::move(data));
}

std::string RulesClassifier::to_json() const {
  return to_value(options_).dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

RulesClassifier RulesClassifier::from_json(std::string_view text, const std::string& name, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "options");
  return RulesClassifier(rule_options(json::Node(document, pointer)), name);
}

}  // namespace klientela
