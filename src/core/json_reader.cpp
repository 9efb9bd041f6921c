// Strict reading of policy JSON: see json_reader.hpp.
#include "core/json_reader.hpp"

#include <cmath>

#include "core/misspelling.hpp"

namespace klientela::json {
namespace {

constexpr std::size_t max_depth = 64;

/// Builds the pointer of the place the parser is at, to name repeated keys.
struct Scope {
  bool is_array;
  std::size_t elements{0};
  std::set<std::string, std::less<>> keys{};
  std::string last_key{};
};

std::string pointer_of(const std::vector<Scope>& scopes) {
  std::string pointer;
  for (const Scope& scope : scopes) {
    if (scope.is_array && scope.elements > 0) pointer += '/' + std::to_string(scope.elements - 1);
    if (!scope.is_array && !scope.keys.empty()) pointer += '/' + token(scope.last_key);
  }
  return pointer;
}

std::string shown(const Value& value) {
  std::string text = value.dump(-1, ' ', false, Value::error_handler_t::replace);
  if (text.size() > 60) {
    std::size_t end = 57;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;  // not inside a character
    text = text.substr(0, end) + "...";
  }
  return text;
}

}  // namespace

std::string token(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~')
      escaped += "~0";
    else if (c == '/')
      escaped += "~1";
    else
      escaped += c;
  }
  return escaped;
}

void fail(const std::string& pointer, const std::string& message) {
  throw Error(Code::bad_policy, (pointer.empty() ? std::string("policy") : pointer) + ": " + message, pointer);
}

Value parse(std::string_view text, std::string_view what) {
  // The parser would take it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
    fail("", std::string(what) + " is not JSON: byte " + std::to_string(zero) + " is NUL");
  std::vector<Scope> scopes;
  const auto watch = [&scopes](int depth, Value::parse_event_t event, Value& parsed) {
    if (static_cast<std::size_t>(depth) > max_depth) fail(pointer_of(scopes), "is nested too deeply");
    const bool opens = event == Value::parse_event_t::object_start || event == Value::parse_event_t::array_start;
    if ((opens || event == Value::parse_event_t::value) && !scopes.empty() && scopes.back().is_array)
      ++scopes.back().elements;
    switch (event) {
      case Value::parse_event_t::object_start:
      case Value::parse_event_t::array_start:
        scopes.push_back({.is_array = event == Value::parse_event_t::array_start});
        break;
      case Value::parse_event_t::object_end:
      case Value::parse_event_t::array_end: scopes.pop_back(); break;
      case Value::parse_event_t::key: {
        scopes.back().last_key = parsed.get<std::string>();
        if (!scopes.back().keys.insert(scopes.back().last_key).second)
          fail(pointer_of(scopes), "the key appears twice in its object");
        break;
      }
      default: break;
    }
    return true;
  };
  try {
    return Value::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& error) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i + 1 < error.byte && i < text.size(); ++i) {
      column = text[i] == '\n' ? 1 : column + 1;
      line += text[i] == '\n' ? 1 : 0;
    }
    throw Error(Code::bad_policy, std::string(what) + " is not valid JSON at line " + std::to_string(line) +
                                      ", column " + std::to_string(column));
  } catch (const nlohmann::json::exception&) {
    throw Error(Code::bad_policy, std::string(what) + " is not valid JSON");
  }
}

bool Node::boolean() const {
  if (!value_->is_boolean()) fail("must be true or false, not " + shown(*value_));
  return value_->get<bool>();
}

std::int64_t Node::integer(std::int64_t low, std::int64_t high) const {
  const bool too_large =
      value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value_->is_number_integer() || too_large) fail("must be a whole number, not " + shown(*value_));
  const auto number = value_->get<std::int64_t>();
  if (number < low || number > high)
    fail("must be between " + std::to_string(low) + " and " + std::to_string(high) + ", not " + shown(*value_));
  return number;
}

double Node::number(double low, double high) const {
  if (!value_->is_number()) fail("must be a number, not " + shown(*value_));
  const auto number = value_->get<double>();
  if (!std::isfinite(number) || number < low || number > high)
    fail("must be between " + Value(low).dump() + " and " + Value(high).dump() + ", not " + shown(*value_));
  return number;
}

const std::string& Node::text() const {
  if (!value_->is_string()) fail("must be a text, not " + shown(*value_));
  return value_->get_ref<const std::string&>();
}

std::size_t Node::choice(const std::vector<std::string_view>& choices) const {
  const std::string& chosen = text();
  std::string known;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == chosen) return i;
    known += (i ? ", \"" : "\"") + std::string(choices[i]) + '"';
  }
  fail("must be one of " + known + ", not " + shown(*value_));
}

std::vector<Node> Node::items() const {
  if (!value_->is_array()) fail("must be an array, not " + shown(*value_));
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) nodes.emplace_back((*value_)[i], pointer_ + '/' + std::to_string(i));
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  if (!value_->is_object()) fail("must be an object, not " + shown(*value_));
  std::vector<std::pair<std::string, Node>> nodes;
  for (const auto& [key, value] : value_->items()) nodes.emplace_back(key, Node(value, pointer_ + '/' + token(key)));
  return nodes;
}

Object::Object(const Node& node) : node_(node) {
  if (!node.value().is_object()) node.fail("must be an object, not " + shown(node.value()));
}

std::optional<Node> Object::find(const char* key) {
  asked_.insert(key);
  const auto found = node_.value().find(key);
  if (found == node_.value().end()) return std::nullopt;
  return Node(*found, node_.pointer() + '/' + token(key));
}

Node Object::require(const char* key) {
  if (auto node = find(key)) return *node;
  // A misspelt key is a missing one too: the keys that nobody has asked for so far tell which.
  std::vector<std::string> others;
  for (const auto& [other, value] : node_.value().items())
    if (!asked_.contains(other)) others.push_back(other);
  std::string message = "is missing";
  if (const std::string* near = detail::nearest_name(key, others)) {
    message += "; is \"" + *near + "\" meant for it?";
  } else {
    for (std::size_t i = 0; i < others.size() && i < 10; ++i) message += (i == 0 ? "; there is: " : ", ") + others[i];
  }
  json::fail(node_.pointer() + '/' + token(key), message);
}

void Object::done() const {
  for (const auto& [key, value] : node_.value().items()) {
    if (asked_.contains(key)) continue;
    std::string message = "is not a known key; ";
    if (const std::string* near = detail::nearest_name(key, asked_)) message += "did you mean \"" + *near + "\"? ";
    message += "known here: ";
    bool first = true;
    for (const std::string& name : asked_) {
      message += (first ? "" : ", ") + name;
      first = false;
    }
    json::fail(node_.pointer() + '/' + token(key), message);
  }
}

}  // namespace klientela::json
