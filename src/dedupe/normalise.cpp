// The normaliser as hosts see it: its options, their JSON and schema, and texts.
#include "klientela/dedupe/normalise.hpp"

#include <algorithm>

#include "core/json_reader.hpp"
#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

bool is_region(const std::string& text) noexcept {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Lists are immutable, so those without a host's lines are one for all.
std::shared_ptr<const Normaliser::Data> lists_of(const NormaliserOptions& options) {
  if (!options.without.empty() || !options.lists.empty()) return std::make_shared<const Normaliser::Data>(options);
  static const auto builtin = std::make_shared<const Normaliser::Data>(NormaliserOptions());
  return builtin;
}

}  // namespace

Normaliser::Normaliser(const NormaliserOptions& options)
    : options_(std::make_shared<const NormaliserOptions>(options)) {
  if (!options.region.empty() && !is_region(options.region))
    throw Error(Code::invalid_argument, "region must be two capital letters, such as RU", "region");
  data_ = lists_of(options);
}

const NormaliserOptions& Normaliser::options() const noexcept { return *options_; }

void Normaliser::text(std::string_view value, NormalText& out) const {
  data_->latinizer.latin(value, out.latin);
  fold(out.latin, out.folded);
}

std::vector<std::string_view> normaliser_lists() {
  std::vector<std::string_view> names;
  for (const BuiltinList& list : builtin_lists()) names.push_back(list.name);
  std::sort(names.begin(), names.end());
  return names;
}

NormaliserOptions normaliser_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  NormaliserOptions options;
  object.read("region", options.region);
  object.read("strip_tags", options.strip_tags);
  const std::vector<std::string_view> names = normaliser_lists();
  if (const auto without = object.find("without"))
    for (const json::Node& item : without->items()) options.without.emplace(names[item.choice(names)]);
  if (const auto lists = object.find("lists"))
    for (const auto& [name, node] : lists->members()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) node.fail("is no list");
      for (const json::Node& line : node.items()) options.lists[name].push_back(line.text());
    }
  object.done();
  try {
    const Normaliser check(options);
  } catch (const Error& error) {
    if (error.code() != Code::invalid_argument) throw;
    std::string where = "/" + error.where();
    std::replace(where.begin(), where.end(), '.', '/');
    json::fail(std::string(pointer) + where, error.what());
  }
  return options;
}

std::string to_json(const NormaliserOptions& options) {
  json::Value out = json::Value::object();
  out["region"] = options.region;
  out["strip_tags"] = options.strip_tags;
  if (!options.without.empty()) out["without"] = options.without;
  if (!options.lists.empty()) {
    json::Value lists = json::Value::object();
    for (const auto& [name, lines] : options.lists) lists[name] = lines;
    out["lists"] = std::move(lists);
  }
  return out.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

std::string normaliser_options_schema() {
  json::Value names = json::Value::array();
  json::Value lists = json::Value::object();
  for (const std::string_view name : normaliser_lists()) {
    names.push_back(name);
    lists[std::string(name)] = {{"type", "array"}, {"items", {{"type", "string"}}}};
  }
  return json::Value{{"type", "object"},
                     {"additionalProperties", false},
                     {"properties",
                      {{"region",
                        {{"type", "string"},
                         {"pattern", "^([A-Z]{2})?$"},
                         {"default", ""},
                         {"description", "country of phones written without one; empty: they stay as their digits"}}},
                       {"strip_tags",
                        {{"type", "boolean"},
                         {"default", true},
                         {"description", "what follows a + in front of the @ is no part of a mailbox"}}},
                       {"without",
                        {{"type", "array"},
                         {"items", {{"type", "string"}, {"enum", names}}},
                         {"description", "built-in lists that are not used"}}},
                       {"lists",
                        {{"type", "object"},
                         {"additionalProperties", false},
                         {"properties", lists},
                         {"description", "lines to add to lists"}}}}}}
      .dump();
}

}  // namespace klientela
