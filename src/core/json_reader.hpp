// Reads policy JSON strictly: unknown keys, wrong types and repeated keys are errors that name the JSON pointer.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "klientela/core/error.hpp"

namespace klientela::json {

using Value = nlohmann::ordered_json;

/// Parses a whole document. \throws Error bad_policy with line and column, for a repeated key with its pointer, or for
/// a document nested deeper than 64 levels
[[nodiscard]] Value parse(std::string_view text, std::string_view what = "policy");

/// One key as a JSON pointer token ('~' and '/' escaped).
[[nodiscard]] std::string token(std::string_view key);

[[noreturn]] void fail(const std::string& pointer, const std::string& message);

/// A value in a document and the pointer to it. Borrows the document.
class Node {
 public:
  Node(const Value& value, std::string pointer) : value_(&value), pointer_(std::move(pointer)) {}

  [[nodiscard]] const Value& value() const noexcept { return *value_; }
  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }
  [[noreturn]] void fail(const std::string& message) const { json::fail(pointer_, message); }

  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer(std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t high = std::numeric_limits<std::int64_t>::max()) const;
  /// A finite number in [low, high].
  [[nodiscard]] double number(double low = std::numeric_limits<double>::lowest(),
                              double high = std::numeric_limits<double>::max()) const;
  [[nodiscard]] const std::string& text() const;
  /// The index of the text in `choices`.
  [[nodiscard]] std::size_t choice(const std::vector<std::string_view>& choices) const;
  /// The elements of an array.
  [[nodiscard]] std::vector<Node> items() const;
  /// The members of an object with free keys, in document order.
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const;
  [[nodiscard]] bool is_null() const noexcept { return value_->is_null(); }

 private:
  const Value* value_;
  std::string pointer_;
};

/// An object with fixed keys: ask for every known key, then call done().
class Object {
 public:
  explicit Object(const Node& node);
  [[nodiscard]] std::optional<Node> find(const char* key);
  [[nodiscard]] Node require(const char* key);
  /// \throws Error bad_policy naming the first key nobody asked for, and the known ones
  void done() const;

  void read(const char* key, bool& into) {
    if (auto node = find(key)) into = node->boolean();
  }
  void read(const char* key, std::string& into) {
    if (auto node = find(key)) into = node->text();
  }
  void read(const char* key, double& into, double low, double high) {
    if (auto node = find(key)) into = node->number(low, high);
  }
  template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>) void read(const char* key, Integer& into,
                                                                                    std::int64_t low,
                                                                                    std::int64_t high) {
    if (auto node = find(key)) into = static_cast<Integer>(node->integer(low, high));
  }
  /// An enumeration whose enumerators count from 0 in the order of `choices`.
  template <class Enum>
  requires std::is_enum_v<Enum>
  void read(const char* key, Enum& into, const std::vector<std::string_view>& choices) {
    if (auto node = find(key)) into = static_cast<Enum>(node->choice(choices));
  }
  [[nodiscard]] const Node& node() const noexcept { return node_; }

 private:
  Node node_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace klientela::json
