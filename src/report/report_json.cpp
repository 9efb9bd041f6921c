// Report options from and to policy JSON, and the schema of that part of the document.
#include "klientela/report/report_json.hpp"

#include "core/json_reader.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> languages{"en", "ru"};
constexpr std::uint32_t most_top_clients = 1000;

}  // namespace

ReportOptions report_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  ReportOptions options;
  object.read("language", options.language, languages);
  object.read("title", options.title);
  object.read("top_clients", options.top_clients, 0, most_top_clients);
  object.done();
  return options;
}

std::string to_json(const ReportOptions& options) {
  json::Value document = json::Value::object();
  document["language"] = languages.at(static_cast<std::size_t>(options.language));
  document["title"] = options.title;
  document["top_clients"] = options.top_clients;
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
  const json::Value schema = {
      {"type", "object"}, {"title", "Report"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
