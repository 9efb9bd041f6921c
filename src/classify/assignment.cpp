// The journal of assignments, and the coverage of attributes.
#include "klientela/classify/assignment.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

namespace klientela {
namespace {

constexpr std::size_t longest = 1000;

void check(const Assignment& line) {
  if (line.client.empty()) throw Error(Code::invalid_argument, "an assignment needs a client", "client");
  if (line.attribute.empty()) throw Error(Code::invalid_argument, "an assignment needs an attribute", "attribute");
  if (line.source != ValueSource::hand && line.source != ValueSource::bulk)
    throw Error(Code::invalid_argument,
                "values are assigned by hand or in bulk, not by \"" + std::string(name(line.source)) + '"', "source");
  for (const auto& [text, where] : {std::pair{&line.client, "client"}, std::pair{&line.attribute, "attribute"},
                                    std::pair{&line.value, "value"}, std::pair{&line.by, "by"}})
    if (text->size() > longest)
      throw Error(Code::invalid_argument, std::string(where) + " must not be longer than 1000 bytes", where);
}

std::string key_of(std::string_view client) { return ClientId(client).to_text(); }

/// Whether the value of a row says something.
class Known {
 public:
  Known(const Column& column, const std::vector<std::string>& none) : column_(column), none_(none) {
    text_ =
        column.type() == ColumnType::label || column.type() == ColumnType::term || column.type() == ColumnType::text;
  }
  [[nodiscard]] bool at(std::size_t row) const {
    if (column_.is_null(row)) return false;
    if (!text_) return true;
    const std::string_view value = column_.text(row);
    return !value.empty() && std::find(none_.begin(), none_.end(), value) == none_.end();
  }

 private:
  const Column& column_;
  const std::vector<std::string>& none_;
  bool text_;
};

}  // namespace

Assignments::Assignments() : lines_(std::make_shared<std::vector<Assignment>>()) {}

std::vector<Assignment>& Assignments::own() {
  if (lines_.use_count() > 1) lines_ = std::make_shared<std::vector<Assignment>>(*lines_);
  return *lines_;
}

Assignments Assignments::from_table(const Table& table) {
  const Column& clients = table.column("client");
  const Column& attributes = table.column("attribute");
  const Column& values = table.column("value");
  const Column* sources = table.find("source");
  const Column* days = table.find("day");
  const Column* by = table.find("by");
  auto lines = std::make_shared<std::vector<Assignment>>();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto fail = [&](const std::string& message, const std::string& where) {
      throw Error(Code::bad_data, "row " + std::to_string(row + 1) + " of the assignments: " + message, where);
    };
    Assignment line;
    line.client = key_of(clients.to_text(row));
    line.attribute = attributes.to_text(row);
    line.value = values.is_null(row) ? std::string() : values.to_text(row);
    const std::string source = sources == nullptr || sources->is_null(row) ? "hand" : sources->to_text(row);
    if (source == "bulk")
      line.source = ValueSource::bulk;
    else if (source != "hand")
      fail("source is \"" + source + "\", neither hand nor bulk", "source");
    if (days != nullptr && !days->is_null(row)) {
      line.day = parse_day(days->to_text(row));
      if (!line.day) fail("\"" + days->to_text(row) + "\" is not a day", "day");
    }
    if (by != nullptr && !by->is_null(row)) line.by = by->to_text(row);
    try {
      check(line);
    } catch (const Error& error) {
      fail(error.what(), error.where());
    }
    lines->push_back(std::move(line));
  }
  Assignments made;
  made.lines_ = std::move(lines);
  return made;
}

Table Assignments::table() const {
  std::vector<std::string> clients;
  std::vector<std::string> attributes;
  std::vector<std::optional<std::string>> values;
  std::vector<std::string> sources;
  std::vector<std::optional<std::string>> by;
  Buffer<std::int32_t> days(lines_->size(), 0);
  Buffer<std::uint8_t> valid((lines_->size() + 7) / 8, 0);
  for (std::size_t row = 0; row < lines_->size(); ++row) {
    const Assignment& line = (*lines_)[row];
    clients.push_back(line.client);
    attributes.push_back(line.attribute);
    values.push_back(line.value.empty() ? std::nullopt : std::optional(line.value));
    sources.emplace_back(name(line.source));
    by.push_back(line.by.empty() ? std::nullopt : std::optional(line.by));
    if (!line.day) continue;
    days[row] = static_cast<std::int32_t>(line.day->time_since_epoch().count());
    valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
  }
  std::vector<Column> columns;
  columns.emplace_back("client", clients);
  columns.emplace_back("attribute", attributes);
  columns.emplace_back("value", values);
  columns.emplace_back("source", sources);
  columns.emplace_back("day", ColumnType::day, std::move(days), std::move(valid));
  columns.emplace_back("by", by);
  return Table(std::move(columns));
}

void Assignments::assign(Assignment line) {
  check(line);
  line.client = key_of(line.client);
  own().push_back(std::move(line));
}

void Assignments::assign(std::span<const std::string> clients, std::string_view attribute, std::string_view value,
                         std::optional<Day> day, std::string_view by) {
  std::vector<Assignment> lines;
  lines.reserve(clients.size());
  for (const std::string& client : clients) {
    Assignment line{.client = client,
                    .attribute = std::string(attribute),
                    .value = std::string(value),
                    .source = ValueSource::bulk,
                    .day = day,
                    .by = std::string(by)};
    check(line);
    line.client = key_of(client);
    lines.push_back(std::move(line));
  }
  std::vector<Assignment>& all = own();
  all.reserve(all.size() + lines.size());
  for (Assignment& line : lines) all.push_back(std::move(line));
}

void Assignments::resolve(std::string_view attribute, const Directory& directory) {
  auto lines = std::make_shared<std::vector<Assignment>>(*lines_);
  for (std::size_t row = 0; row < lines->size(); ++row) {
    Assignment& line = (*lines)[row];
    if (line.attribute != attribute || line.value.empty()) continue;
    const std::optional<std::size_t> entry = directory.find(line.value);
    if (!entry)
      throw Error(Code::not_found,
                  "row " + std::to_string(row + 1) + " of the assignments: directory " + directory.name() +
                      " has no code " + line.value,
                  line.value);
    line.value = directory.entries()[*entry].code;
  }
  lines_ = std::move(lines);
}

std::vector<std::string> Assignments::attributes() const {
  std::set<std::string> names;
  for (const Assignment& line : *lines_) names.insert(line.attribute);
  return {names.begin(), names.end()};
}

Column Assignments::column(const Column& clients, std::string_view attribute, ValueSource source,
                           std::string name) const {
  std::unordered_map<std::string_view, const std::string*> in_force;
  for (const Assignment& line : *lines_)
    if (line.attribute == attribute && line.source == source) in_force[line.client] = &line.value;
  std::map<std::string_view, std::uint32_t> codes;
  for (const auto& [client, value] : in_force)
    if (!value->empty()) codes.emplace(*value, 0);
  std::vector<std::string> labels;
  for (auto& [value, code] : codes) {
    code = static_cast<std::uint32_t>(labels.size());
    labels.emplace_back(value);
  }
  Buffer<std::uint32_t> values(clients.size(), 0);
  Buffer<std::uint8_t> valid((clients.size() + 7) / 8, 0);
  if (!in_force.empty())
    for (std::size_t row = 0; row < clients.size(); ++row) {
      const auto found = in_force.find(clients.to_text(row));
      if (found == in_force.end() || found->second->empty()) continue;
      values[row] = codes.at(*found->second);
      valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
    }
  if (labels.empty()) labels.emplace_back();  // nobody has a value; a code must still mean something
  return Column(std::move(name), std::move(values), std::make_shared<const std::vector<std::string>>(std::move(labels)),
                std::move(valid));
}

Table coverage_table(const Table& table, std::span<const CoverageAttribute> attributes, std::string_view split) {
  std::vector<CoverageAttribute> asked(attributes.begin(), attributes.end());
  if (asked.empty())
    for (const Column& column : table.columns())
      if (table.find(column.name() + "_source") != nullptr) asked.push_back({column.name(), {"unclassified"}});
  // Parts: everything, then the values of the splitting column.
  std::vector<std::string> parts{"all"};
  std::vector<std::uint32_t> part_of(table.rows(), 0);
  if (!split.empty()) {
    const Column& column = table.column(split);
    std::map<std::string, std::uint32_t> places;
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (!column.is_null(row)) places.emplace(column.to_text(row), 0);
    for (auto& [value, place] : places) {
      place = static_cast<std::uint32_t>(parts.size());
      parts.push_back(value);
    }
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (!column.is_null(row)) part_of[row] = places.at(column.to_text(row));
  }
  enum Origin : std::uint8_t { hand, bulk, delivered, rules, given, origins };
  struct Counts {
    std::uint64_t rows{0};
    std::uint64_t known{0};
    std::array<std::uint64_t, origins> from{};
  };
  std::vector<std::string> names;
  std::vector<std::string> part_names;
  std::vector<Counts> counts;
  for (const CoverageAttribute& attribute : asked) {
    const Column& column = table.column(attribute.column);
    const Column* source = table.find(attribute.column + "_source");
    const Known known(column, attribute.none);
    std::vector<Counts> by_part(parts.size());
    for (std::size_t row = 0; row < table.rows(); ++row) {
      const bool has = known.at(row);
      Origin from = given;
      if (has && source != nullptr && !source->is_null(row)) {
        const std::string text = source->to_text(row);
        from = text == "hand" ? hand : text == "bulk" ? bulk : text == "delivered" ? delivered : rules;
      }
      for (const std::uint32_t part : {0U, part_of[row]}) {
        ++by_part[part].rows;
        if (has) {
          ++by_part[part].known;
          ++by_part[part].from[from];
        }
        if (part_of[row] == 0) break;
      }
    }
    for (std::size_t part = 0; part < parts.size(); ++part) {
      names.push_back(attribute.column);
      part_names.push_back(parts[part]);
      counts.push_back(by_part[part]);
    }
  }
  const auto whole = [&](std::string name, auto pick) {
    Buffer<std::int64_t> values(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) values[i] = static_cast<std::int64_t>(pick(counts[i]));
    return Column(std::move(name), ColumnType::int64, std::move(values));
  };
  Buffer<double> shares(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i)
    shares[i] = counts[i].rows == 0 ? 0 : static_cast<double>(counts[i].known) / static_cast<double>(counts[i].rows);
  std::vector<Column> columns;
  columns.emplace_back("attribute", names);
  columns.emplace_back("part", part_names);
  columns.push_back(whole("rows", [](const Counts& each) { return each.rows; }));
  columns.push_back(whole("known", [](const Counts& each) { return each.known; }));
  columns.emplace_back("share", ColumnType::float64, std::move(shares));
  static constexpr std::array<const char*, origins> titles{"hand", "bulk", "delivered", "rules", "given"};
  for (std::size_t origin = 0; origin < origins; ++origin)
    columns.push_back(whole(titles[origin], [origin](const Counts& each) { return each.from[origin]; }));
  return Table(std::move(columns));
}

}  // namespace klientela
