// RFM options: reading, writing and checking them.
#include <algorithm>
#include <cmath>

#include "classify/options.hpp"

namespace klientela::classifying {
namespace {

using json::Node;
using json::Object;
using json::Value;

const std::vector<std::string_view> methods{"quantile", "rank", "fixed"};
const std::vector<std::string_view> tie_policies{"average", "min", "max", "first"};
const std::vector<std::string_view> bests{"high", "low"};
const std::vector<std::string_view> nestings{"independent", "nested"};
const std::vector<std::string_view> matches{"first", "unique"};

SegmentTable mirrored(SegmentTable table, int bins) {
  const auto flip = [bins](ScoreRange& range) { range = {bins + 1 - range.high, bins + 1 - range.low}; };
  for (SegmentRow& row : table.rows) {
    flip(row.recency);
    flip(row.frequency);
    flip(row.money);
  }
  return table;
}

std::string named(const std::vector<ScoreCell>& cells) {
  std::string text;
  for (const ScoreCell& cell : cells) text += (text.empty() ? "" : ", ") + to_text(cell);
  return text;
}

void check_segment_table(const SegmentTable& table, int bins, const std::string& pointer) {
  if (table.rows.empty()) json::fail(pointer + "/rows", "a segment table needs rows");
  if (table.otherwise == "none") json::fail(pointer + "/otherwise", "\"none\" is for clients without scores");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const SegmentRow& row = table.rows[i];
    const std::string at = pointer + "/rows/" + std::to_string(i);
    check_text(row.segment, at + "/segment", "a segment's name");
    if (row.segment == "none") json::fail(at + "/segment", "\"none\" is for clients without scores");
    const auto check_range = [&](const ScoreRange& range, const char* key) {
      if (range.low < 1 || range.high > bins || range.low > range.high)
        json::fail(at + '/' + key, "the range " + std::to_string(range.low) + " to " + std::to_string(range.high) +
                                       " is not within 1 to " + std::to_string(bins));
    };
    check_range(row.recency, "recency");
    check_range(row.frequency, "frequency");
    check_range(row.money, "money");
  }
  const SegmentCheck found = check_segments(table.rows, bins);
  if (!found.complete() && table.otherwise.empty())
    json::fail(pointer,
               "no row fits these cells (recency/frequency/money), and no segment is named for them by "
               "\"otherwise\": " +
                   named(found.missing));
  if (!found.disjoint() && table.match == SegmentMatch::unique) {
    const SegmentCheck::Overlap& first = found.overlapping[0];
    const std::string at = pointer + "/rows/" + std::to_string(first.rows[1]);
    json::fail(at, "overlaps row " + std::to_string(first.rows[0]) + " (" + table.rows[first.rows[0]].segment +
                       ") at " + to_text(first.cell) + "; in all " + std::to_string(found.overlapping.size()) +
                       " cells have several rows; set \"match\" to \"first\" if the order should decide");
  }
  if (!found.unreachable_rows.empty()) {
    const std::uint32_t row = found.unreachable_rows[0];
    json::fail(pointer + "/rows/" + std::to_string(row),
               "no client can get here (" + table.rows[row].segment + "): earlier rows take all of its cells");
  }
}

}  // namespace

void check_name(const std::string& name, const std::string& pointer) {
  check_text(name, pointer, "a classifier's name");
}

void check_text(const std::string& text, const std::string& pointer, std::string_view what) {
  if (text.empty()) json::fail(pointer, std::string(what) + " must not be empty");
  if (text.size() > 200) json::fail(pointer, std::string(what) + " must not be longer than 200 bytes");
}

void check_kind(Object& object, std::string_view kind) {
  if (const auto node = object.find("kind"))
    if (node->text() != kind) node->fail("must be \"" + std::string(kind) + '"');
}

SegmentTable segments_in_use(const RfmOptions& options) {
  if (options.segments) return *options.segments;
  const SegmentTable table = default_segments(options.bins);
  return options.best == BestScore::low ? mirrored(table, options.bins) : table;
}

void check(const RfmOptions& options, const std::string& pointer) {
  if (options.bins < 2 || options.bins > 9) json::fail(pointer + "/bins", "must be between 2 and 9");
  if (options.method == ScoreMethod::fixed && options.nesting == Nesting::nested)
    json::fail(pointer + "/nesting", "fixed cut-offs are the same in every bin: nested needs quantile or rank");
  const auto check_measure = [&](const RfmMeasure& measure, const char* key) {
    const std::string at = pointer + '/' + key;
    check_text(measure.column, at + "/measure", "a measure");
    const std::string cutoffs = at + "/cutoffs";
    if (options.method != ScoreMethod::fixed) {
      if (!measure.cutoffs.empty()) json::fail(cutoffs, "only the method \"fixed\" has cutoffs");
      return;
    }
    if (measure.cutoffs.size() != static_cast<std::size_t>(options.bins - 1))
      json::fail(cutoffs, std::to_string(options.bins) + " bins need " + std::to_string(options.bins - 1) +
                              " cutoffs, not " + std::to_string(measure.cutoffs.size()));
    for (std::size_t i = 0; i < measure.cutoffs.size(); ++i) {
      if (!std::isfinite(measure.cutoffs[i])) json::fail(cutoffs + '/' + std::to_string(i), "must be a finite number");
      if (i > 0 && measure.cutoffs[i] <= measure.cutoffs[i - 1])
        json::fail(cutoffs + '/' + std::to_string(i), "cutoffs must ascend");
    }
  };
  check_measure(options.recency, "recency");
  check_measure(options.frequency, "frequency");
  check_measure(options.money, "money");
  if (options.segments) check_segment_table(*options.segments, options.bins, pointer + "/segments");
}

Value to_value(const RfmOptions& options) {
  const auto measure = [&](const RfmMeasure& from) {
    Value value;
    value["measure"] = from.column;
    value["better"] = from.low_is_better ? "low" : "high";
    if (!from.cutoffs.empty()) value["cutoffs"] = from.cutoffs;
    return value;
  };
  Value value;
  value["kind"] = "rfm";
  value["recency"] = measure(options.recency);
  value["frequency"] = measure(options.frequency);
  value["money"] = measure(options.money);
  value["bins"] = options.bins;
  value["method"] = methods[static_cast<std::size_t>(options.method)];
  value["ties"] = tie_policies[static_cast<std::size_t>(options.ties)];
  value["best"] = bests[static_cast<std::size_t>(options.best)];
  value["nesting"] = nestings[static_cast<std::size_t>(options.nesting)];
  if (!options.segments) {
    value["segments"] = "default";
    return value;
  }
  Value& table = value["segments"];
  table["match"] = matches[static_cast<std::size_t>(options.segments->match)];
  if (!options.segments->otherwise.empty()) table["otherwise"] = options.segments->otherwise;
  Value& rows = table["rows"] = Value::array();
  const auto range = [](const ScoreRange& from) { return Value::array({from.low, from.high}); };
  for (const SegmentRow& row : options.segments->rows) {
    Value into;
    into["segment"] = row.segment;
    into["recency"] = range(row.recency);
    into["frequency"] = range(row.frequency);
    into["money"] = range(row.money);
    rows.push_back(std::move(into));
  }
  return value;
}

RfmOptions rfm_options(const Node& node) {
  RfmOptions options;
  Object object(node);
  check_kind(object, "rfm");
  const auto read_measure = [&](const char* key, RfmMeasure& into) {
    const auto found = object.find(key);
    if (!found) return;
    if (found->value().is_string()) {
      into.column = found->text();
      return;
    }
    Object measure(*found);
    measure.read("measure", into.column);
    if (const auto better = measure.find("better")) into.low_is_better = better->choice({"high", "low"}) == 1;
    if (const auto cutoffs = measure.find("cutoffs"))
      for (const Node& item : cutoffs->items()) into.cutoffs.push_back(item.number());
    measure.done();
  };
  read_measure("recency", options.recency);
  read_measure("frequency", options.frequency);
  read_measure("money", options.money);
  object.read("bins", options.bins, 2, 9);
  object.read("method", options.method, methods);
  object.read("ties", options.ties, tie_policies);
  object.read("best", options.best, bests);
  object.read("nesting", options.nesting, nestings);
  if (const auto found = object.find("segments")) {
    if (found->value().is_string()) {
      if (found->choice({"default", "rfm10"}) == 1) {
        if (options.bins != 5) found->fail("the table rfm10 is for 5 bins");
        options.segments = rfm10_segments();
        if (options.best == BestScore::low) options.segments = mirrored(*options.segments, options.bins);
      }
    } else {
      SegmentTable& table = options.segments.emplace();
      Object given(*found);
      given.read("match", table.match, matches);
      given.read("otherwise", table.otherwise);
      for (const Node& item : given.require("rows").items()) {
        SegmentRow row;
        Object entry(item);
        row.segment = entry.require("segment").text();
        const auto read_range = [&](const char* key, ScoreRange& range) {
          range = {1, options.bins};
          const auto value = entry.find(key);
          if (!value) return;
          if (value->value().is_array()) {
            const auto ends = value->items();
            if (ends.size() != 2) value->fail("must be a score or a pair of the lowest and the highest");
            range = {static_cast<int>(ends[0].integer(1, options.bins)),
                     static_cast<int>(ends[1].integer(1, options.bins))};
          } else {
            range.low = range.high = static_cast<int>(value->integer(1, options.bins));
          }
        };
        read_range("recency", row.recency);
        read_range("frequency", row.frequency);
        read_range("money", row.money);
        entry.done();
        table.rows.push_back(std::move(row));
      }
      given.done();
    }
  }
  object.done();
  check(options, node.pointer());
  return options;
}

std::string rfm_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "kind": {"const": "rfm"},
    "recency": {"$ref": "#/$defs/rfm_measure", "default": {"measure": "recency_days", "better": "low"}},
    "frequency": {"$ref": "#/$defs/rfm_measure", "default": {"measure": "frequency", "better": "high"}},
    "money": {"$ref": "#/$defs/rfm_measure", "default": {"measure": "money_net", "better": "high"}},
    "bins": {"type": "integer", "minimum": 2, "maximum": 9, "default": 5},
    "method": {"enum": ["quantile", "rank", "fixed"], "default": "quantile",
      "description": "quantile: type-7 edges, equal values share a score; rank: bins of equal size; fixed: the measures' cutoffs"},
    "ties": {"enum": ["average", "min", "max", "first"], "default": "average",
      "description": "rank only: the rank of equal values; first: in client order"},
    "best": {"enum": ["high", "low"], "default": "high", "description": "low: 1 is the best score"},
    "nesting": {"enum": ["independent", "nested"], "default": "independent",
      "description": "nested: frequency within recency, money within frequency"},
    "segments": {
      "default": "default",
      "oneOf": [
        {"enum": ["default", "rfm10"]},
        {"type": "object", "additionalProperties": false, "required": ["rows"],
         "properties": {
           "match": {"enum": ["first", "unique"], "default": "first"},
           "otherwise": {"type": "string", "minLength": 1, "maxLength": 200},
           "rows": {"type": "array", "minItems": 1, "items": {
             "type": "object", "additionalProperties": false, "required": ["segment"],
             "properties": {
               "segment": {"type": "string", "minLength": 1, "maxLength": 200},
               "recency": {"$ref": "#/$defs/score_range"},
               "frequency": {"$ref": "#/$defs/score_range"},
               "money": {"$ref": "#/$defs/score_range"}}}}}}]}
  },
  "$defs": {
    "rfm_measure": {"oneOf": [
      {"type": "string", "minLength": 1, "maxLength": 200},
      {"type": "object", "additionalProperties": false, "properties": {
        "measure": {"type": "string", "minLength": 1, "maxLength": 200},
        "better": {"enum": ["high", "low"]},
        "cutoffs": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 8}}}]},
    "score_range": {"oneOf": [
      {"type": "integer", "minimum": 1, "maximum": 9},
      {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "minItems": 2, "maxItems": 2}]}
  }
})";
}

}  // namespace klientela::classifying
