// Report options from and to policy JSON, and the schema of that part of the document.
#include "klientela/report/report_json.hpp"

#include "core/json_reader.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> languages{"en", "ru"};
const std::vector<std::string_view> tests{"greater", "two_sided"};
constexpr std::uint32_t most_top_clients = 1000;
constexpr std::int64_t most_listed = 1'000'000'000;
constexpr std::int64_t most_reply_days = 3650;

std::vector<std::string> texts_of(const json::Node& node) {
  std::vector<std::string> texts;
  for (const json::Node& item : node.items()) texts.push_back(item.text());
  return texts;
}

ProfileOptions read_profiles(const json::Node& node) {
  ProfileOptions options;
  json::Object object(node);
  if (const auto columns = object.find("columns"); columns && !columns->is_null()) options.columns = texts_of(*columns);
  object.read("test", options.test, tests);
  object.read("min_clients", options.min_clients, 1, most_listed);
  object.read("top", options.top, 0, most_listed);
  if (const auto outcomes = object.find("positive_outcomes")) options.positive_outcomes = texts_of(*outcomes);
  object.read("reply_days", options.reply_days, 0, most_reply_days);
  object.done();
  return options;
}

json::Value profiles_value(const ProfileOptions& options) {
  json::Value document = json::Value::object();
  document["columns"] = options.columns ? json::Value(*options.columns) : json::Value();
  document["test"] = tests.at(static_cast<std::size_t>(options.test));
  document["min_clients"] = options.min_clients;
  document["top"] = options.top;
  document["positive_outcomes"] = options.positive_outcomes;
  document["reply_days"] = options.reply_days;
  return document;
}

constexpr const char* profiles_schema = R"({
  "type": "object",
  "title": "Profiles of groups",
  "additionalProperties": false,
  "properties": {
    "columns": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}, "default": null,
      "description": "Columns of labels whose groups are profiled; null: the group of the contact matrix and the segment of RFM."},
    "test": {"enum": ["greater", "two_sided"], "default": "greater",
      "description": "Whether products count that more clients of a group buy than chance gives, or that more or fewer do."},
    "min_clients": {"type": "integer", "minimum": 1, "maximum": 1000000000, "default": 5,
      "description": "Products that fewer clients bought are not tested."},
    "top": {"type": "integer", "minimum": 0, "maximum": 1000000000, "default": 20, "description": "Products listed per group and kind; 0: all."},
    "positive_outcomes": {"type": "array", "items": {"type": "string", "minLength": 1}, "default": [],
      "description": "Outcomes of interactions that count as an answer."},
    "reply_days": {"type": "integer", "minimum": 0, "maximum": 3650, "default": 7,
      "description": "A later inbound interaction within so many days counts as an answer too."}
  }
})";

/// The attention list but for its language, which is the report's.
AttentionOptions read_attention(const json::Node& node) {
  if (node.value().is_object() && node.value().contains("language"))
    json::fail(node.pointer() + "/language", "is that of the report: report.language");
  return attention_options_from_json(node.value().dump(), node.pointer());
}

json::Value attention_value(const AttentionOptions& options) {
  json::Value value = json::Value::parse(to_json(options));
  value.erase("language");
  return value;
}

std::vector<PageSection> read_hidden(const json::Node& node) {
  std::vector<PageSection> hidden;
  for (const json::Node& item : node.items())
    hidden.push_back(static_cast<PageSection>(item.choice(page_section_names())));
  return hidden;
}

}  // namespace

const std::vector<std::string_view>& page_section_names() {
  static const std::vector<std::string_view> names{"matrix",    "rfm",      "abc",        "classes",  "movement",
                                                   "attention", "plan",     "top",        "profiles", "duplicates",
                                                   "coverage",  "rejected", "definitions"};
  return names;
}

ReportOptions report_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  ReportOptions options;
  object.read("language", options.language, languages);
  object.read("title", options.title);
  object.read("top_clients", options.top_clients, 0, most_top_clients);
  if (const auto profiles = object.find("profiles")) options.profiles = read_profiles(*profiles);
  if (const auto attention = object.find("attention")) options.attention = read_attention(*attention);
  if (const auto hide = object.find("hide")) options.hide = read_hidden(*hide);
  object.done();
  return options;
}

ProfileOptions profile_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  return read_profiles(json::Node(document, std::string(pointer)));
}

std::string to_json(const ReportOptions& options) {
  json::Value document = json::Value::object();
  document["language"] = languages.at(static_cast<std::size_t>(options.language));
  document["title"] = options.title;
  document["top_clients"] = options.top_clients;
  document["profiles"] = profiles_value(options.profiles);
  document["attention"] = attention_value(options.attention);
  document["hide"] = json::Value::array();
  for (const PageSection section : options.hide)
    document["hide"].push_back(page_section_names()[static_cast<std::size_t>(section)]);
  return document.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::string report_options_schema() {
  const ReportOptions defaults;
  json::Value properties = json::Value::object();
  properties["language"] = {
      {"enum", languages}, {"default", "en"}, {"description", "Language of the page and of the reasons."}};
  properties["title"] = {{"type", "string"}, {"default", ""}, {"description", "Of the page; empty: a default."}};
  properties["top_clients"] = {{"type", "integer"},
                               {"minimum", 0},
                               {"maximum", most_top_clients},
                               {"default", defaults.top_clients},
                               {"description", "Clients shown per cell of the contact matrix."}};
  properties["profiles"] = json::Value::parse(profiles_schema);
  properties["attention"] = json::Value::parse(attention_options_schema());
  properties["attention"]["properties"].erase("language");
  properties["hide"] = {{"type", "array"},
                        {"items", {{"enum", page_section_names()}}},
                        {"default", json::Value::array()},
                        {"description", "Parts that the page goes without."}};
  const json::Value schema = {
      {"type", "object"}, {"title", "Report"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
