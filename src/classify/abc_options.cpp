// ABC options: reading, writing and checking them.
#include "classify/decimal.hpp"
#include "classify/options.hpp"

namespace klientela::classifying {
namespace {

const std::vector<std::string_view> limits{"shares", "computed"};
const std::vector<std::string_view> conventions{"reach", "stay"};

}  // namespace

void check(const AbcOptions& options, const std::string& pointer) {
  const std::string measures = pointer + "/measures";
  if (options.measures.empty() || options.measures.size() > 2)
    json::fail(measures, "one or two measures, not " + std::to_string(options.measures.size()));
  for (std::size_t i = 0; i < options.measures.size(); ++i)
    check_text(options.measures[i], measures + '/' + std::to_string(i), "a measure");
  if (options.measures.size() == 2 && options.measures[0] == options.measures[1])
    json::fail(measures + "/1", "the two measures must differ");
  const auto check_limit = [&](double value, const char* key) {
    if (!(value > 0 && value <= 1)) json::fail(pointer + '/' + key, "must be above 0 and at most 1");
    if (!parts_of(value, 9)) json::fail(pointer + '/' + key, "must not have more than 9 decimals");
  };
  check_limit(options.a, "a");
  check_limit(options.b, "b");
  if (options.a >= options.b) json::fail(pointer + "/b", "must be above a");
}

json::Value to_value(const AbcOptions& options) {
  json::Value value;
  value["kind"] = "abc";
  value["measures"] = options.measures;
  value["limits"] = limits[static_cast<std::size_t>(options.limits)];
  value["a"] = options.a;
  value["b"] = options.b;
  value["convention"] = conventions[static_cast<std::size_t>(options.convention)];
  return value;
}

AbcOptions abc_options(const json::Node& node) {
  AbcOptions options;
  json::Object object(node);
  check_kind(object, "abc");
  if (const auto measures = object.find("measures")) {
    options.measures.clear();
    for (const json::Node& item : measures->items()) options.measures.push_back(item.text());
  }
  object.read("limits", options.limits, limits);
  object.read("a", options.a, 0, 1);
  object.read("b", options.b, 0, 1);
  object.read("convention", options.convention, conventions);
  object.done();
  check(options, node.pointer());
  return options;
}

std::string abc_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "kind": {"const": "abc"},
    "measures": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "minItems": 1,
      "maxItems": 2, "uniqueItems": true, "default": ["money_net"]},
    "limits": {"enum": ["shares", "computed"], "default": "shares",
      "description": "computed: from the curve itself, after Ultsch and Loetsch"},
    "a": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.8},
    "b": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.95},
    "convention": {"enum": ["reach", "stay"], "default": "reach",
      "description": "reach: the client that crosses a limit is above it; stay: below"}
  }
})";
}

}  // namespace klientela::classifying
