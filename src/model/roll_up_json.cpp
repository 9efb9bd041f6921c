// Roll-up options from and to policy JSON, and the schema of that part of the document.
#include "klientela/model/roll_up_json.hpp"

#include "core/json_reader.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> to_names{"roots", "level", "every_node"};
constexpr std::int64_t deepest_level = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t most_levels = 1000;

}  // namespace

RollUpOptions roll_up_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  RollUpOptions options;
  object.read("to", options.to, to_names);
  object.read("level", options.level, 1, deepest_level);
  object.read("contacts", options.contacts);
  object.read("max_levels", options.max_levels, 1, most_levels);
  object.done();
  return options;
}

std::string to_json(const RollUpOptions& options) {
  json::Value document = json::Value::object();
  document["to"] = to_names.at(static_cast<std::size_t>(options.to));
  document["level"] = options.level;
  document["contacts"] = options.contacts;
  document["max_levels"] = options.max_levels;
  return document.dump(2);
}

std::string roll_up_options_schema() {
  return R"({
  "type": "object",
  "title": "Roll-up",
  "additionalProperties": false,
  "description": "Classifies groups of clients instead of single ones: holdings with their branches and contact persons.",
  "properties": {
    "to": {"enum": ["roots", "level", "every_node"], "default": "roots",
      "description": "Which clients are looked at: those that belong to nobody, those down to a level, or all, each with all below it."},
    "level": {"type": "integer", "minimum": 1, "maximum": 2147483647, "default": 1, "description": "For level; 1 is that of the roots."},
    "contacts": {"type": "boolean", "default": true,
      "description": "Whether a client without a parent belongs to the organisation that it is a contact of on the as-of day."},
    "max_levels": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 64, "description": "For every_node: deeper trees are refused."}
  }
})";
}

}  // namespace klientela
