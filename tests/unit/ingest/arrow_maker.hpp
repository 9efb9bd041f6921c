// Arrow arrays of every type for tests: nodes own their bytes, streams count what was released.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "klientela/core/arrow.hpp"

namespace klientela::testing {

/// One array and its type; copied into streams.
struct Node {
  std::string format;
  std::string name;
  std::int64_t length{0};
  std::int64_t offset{0};
  std::int64_t null_count{0};
  std::vector<std::vector<std::uint8_t>> buffers;  // an empty first one: no validity
  std::vector<Node> children;
  std::vector<Node> dictionary;  // none or one

  Node named(std::string text) const {
    Node copy = *this;
    copy.name = std::move(text);
    return copy;
  }
  /// Rows [begin, begin + count) as a slice with an offset.
  Node slice(std::int64_t begin, std::int64_t count) const {
    Node copy = *this;
    copy.offset += begin;
    copy.length = count;
    if (!copy.buffers.empty() && !copy.buffers[0].empty()) copy.null_count = -1;
    return copy;
  }
};

template <class T>
std::vector<std::uint8_t> bytes_of(const std::vector<T>& values) {
  std::vector<std::uint8_t> out(values.size() * sizeof(T) + 8);
  if (!values.empty()) std::memcpy(out.data(), values.data(), values.size() * sizeof(T));
  return out;
}

inline std::vector<std::uint8_t> bits_of(const std::vector<bool>& set) {
  std::vector<std::uint8_t> out(set.size() / 8 + 1);
  for (std::size_t i = 0; i < set.size(); ++i)
    if (set[i]) out[i / 8] = static_cast<std::uint8_t>(out[i / 8] | (1U << (i % 8)));
  return out;
}

inline Node with_nulls(Node node, const std::vector<bool>& valid) {
  node.buffers[0] = bits_of(valid);
  node.null_count = 0;
  for (const bool has : valid) node.null_count += has ? 0 : 1;
  return node;
}

template <class T>
Node fixed(std::string format, const std::vector<T>& values) {
  Node node;
  node.format = std::move(format);
  node.length = static_cast<std::int64_t>(values.size());
  node.buffers = {{}, bytes_of(values)};
  return node;
}

/// Any fixed-width format, nulls where the optional is empty.
template <class T>
Node fixed(std::string format, const std::vector<std::optional<T>>& values) {
  std::vector<T> plain;
  std::vector<bool> valid;
  for (const auto& value : values) {
    plain.push_back(value.value_or(T{}));
    valid.push_back(value.has_value());
  }
  return with_nulls(fixed(std::move(format), plain), valid);
}

/// "u", "z", "U" or "Z", or "vu" or "vz" for views.
inline Node texts(const std::vector<std::optional<std::string>>& values, std::string format = "u") {
  Node node;
  node.format = format;
  node.length = static_cast<std::int64_t>(values.size());
  std::vector<bool> valid;
  bool nulls = false;
  for (const auto& value : values) {
    valid.push_back(value.has_value());
    nulls = nulls || !value;
  }
  if (format == "vu" || format == "vz") {
    std::vector<std::uint8_t> views(values.size() * 16 + 16);
    std::vector<std::uint8_t> data;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string text = values[i].value_or("");
      const auto size = static_cast<std::int32_t>(text.size());
      std::memcpy(&views[i * 16], &size, 4);
      if (text.size() <= 12) {
        if (!text.empty()) std::memcpy(&views[i * 16 + 4], text.data(), text.size());
      } else {
        const std::int32_t buffer = 0;
        const auto at = static_cast<std::int32_t>(data.size());
        std::memcpy(&views[i * 16 + 4], text.data(), 4);
        std::memcpy(&views[i * 16 + 8], &buffer, 4);
        std::memcpy(&views[i * 16 + 12], &at, 4);
        data.insert(data.end(), text.begin(), text.end());
      }
    }
    const auto total = static_cast<std::int64_t>(data.size());
    data.push_back(0);
    node.buffers = {{}, views, data, bytes_of(std::vector<std::int64_t>{total})};
  } else {
    std::vector<std::int32_t> small{0};
    std::vector<std::int64_t> large{0};
    std::string all;
    for (const auto& value : values) {
      all += value.value_or("");
      small.push_back(static_cast<std::int32_t>(all.size()));
      large.push_back(static_cast<std::int64_t>(all.size()));
    }
    const bool wide = format == "U" || format == "Z";
    node.buffers = {{}, wide ? bytes_of(large) : bytes_of(small), bytes_of(std::vector<char>(all.begin(), all.end()))};
  }
  return nulls ? with_nulls(node, valid) : node;
}

inline Node booleans(const std::vector<std::optional<bool>>& values) {
  Node node;
  node.format = "b";
  node.length = static_cast<std::int64_t>(values.size());
  std::vector<bool> set;
  std::vector<bool> valid;
  for (const auto& value : values) {
    set.push_back(value.value_or(false));
    valid.push_back(value.has_value());
  }
  node.buffers = {{}, bits_of(set)};
  return with_nulls(node, valid);
}

template <class Index>
Node coded(std::string index_format, const std::vector<std::optional<Index>>& codes, Node values) {
  Node node = fixed<Index>(std::move(index_format), codes);
  node.dictionary.push_back(std::move(values));
  return node;
}

inline Node list(const std::vector<std::int32_t>& offsets, Node values) {
  Node node;
  node.format = "+l";
  node.length = static_cast<std::int64_t>(offsets.size()) - 1;
  node.buffers = {{}, bytes_of(offsets)};
  values.name = "item";
  node.children.push_back(std::move(values));
  return node;
}

inline Node nothing(std::int64_t length) {
  Node node;
  node.format = "n";
  node.length = length;
  node.null_count = length;
  return node;
}

/// What was handed out and is not released yet.
struct Live {
  int schemas{0};
  int arrays{0};
  int streams{0};
  [[nodiscard]] bool none() const { return schemas == 0 && arrays == 0 && streams == 0; }
};

namespace maker {

struct SchemaState {
  Node node;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> pointers;
  std::unique_ptr<ArrowSchema> dictionary;
  Live* live;
};

inline void make_schema(const Node& node, ArrowSchema* out, Live* live) {
  auto* state = new SchemaState{node, {}, {}, nullptr, live};
  for (const Node& child : node.children) {
    state->children.push_back(std::make_unique<ArrowSchema>());
    make_schema(child, state->children.back().get(), live);
    state->pointers.push_back(state->children.back().get());
  }
  if (!node.dictionary.empty()) {
    state->dictionary = std::make_unique<ArrowSchema>();
    make_schema(node.dictionary[0], state->dictionary.get(), live);
  }
  *out = ArrowSchema{};
  out->format = state->node.format.c_str();
  out->name = state->node.name.c_str();
  out->flags = ARROW_FLAG_NULLABLE;
  out->n_children = static_cast<std::int64_t>(state->pointers.size());
  out->children = state->pointers.data();
  out->dictionary = state->dictionary.get();
  out->private_data = state;
  ++live->schemas;
  out->release = [](ArrowSchema* schema) {
    auto* own = static_cast<SchemaState*>(schema->private_data);
    for (auto& child : own->children)
      if (child->release != nullptr) child->release(child.get());
    if (own->dictionary && own->dictionary->release != nullptr) own->dictionary->release(own->dictionary.get());
    --own->live->schemas;
    delete own;
    schema->release = nullptr;
  };
}

struct ArrayState {
  std::vector<std::vector<std::uint8_t>> buffers;
  std::vector<const void*> pointers;
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> child_pointers;
  std::unique_ptr<ArrowArray> dictionary;
  Live* live;
};

inline void make_array(const Node& node, ArrowArray* out, Live* live) {
  auto* state = new ArrayState{node.buffers, {}, {}, {}, nullptr, live};
  for (std::size_t i = 0; i < state->buffers.size(); ++i)
    state->pointers.push_back(i == 0 && state->buffers[0].empty() ? nullptr : state->buffers[i].data());
  for (const Node& child : node.children) {
    state->children.push_back(std::make_unique<ArrowArray>());
    make_array(child, state->children.back().get(), live);
    state->child_pointers.push_back(state->children.back().get());
  }
  if (!node.dictionary.empty()) {
    state->dictionary = std::make_unique<ArrowArray>();
    make_array(node.dictionary[0], state->dictionary.get(), live);
  }
  *out = ArrowArray{};
  out->length = node.length;
  out->offset = node.offset;
  out->null_count = node.null_count;
  out->n_buffers = static_cast<std::int64_t>(state->pointers.size());
  out->buffers = state->pointers.data();
  out->n_children = static_cast<std::int64_t>(state->child_pointers.size());
  out->children = state->child_pointers.data();
  out->dictionary = state->dictionary.get();
  out->private_data = state;
  ++live->arrays;
  out->release = [](ArrowArray* array) {
    auto* own = static_cast<ArrayState*>(array->private_data);
    for (auto& child : own->children)
      if (child->release != nullptr) child->release(child.get());
    if (own->dictionary && own->dictionary->release != nullptr) own->dictionary->release(own->dictionary.get());
    --own->live->arrays;
    delete own;
    array->release = nullptr;
  };
}

struct StreamState {
  Node schema;
  std::vector<Node> batches;
  std::size_t next{0};
  std::optional<std::size_t> fail_at;
  Live* live;
};

}  // namespace maker

inline Node record(const std::vector<Node>& columns) {
  Node node;
  node.format = "+s";
  node.length = columns.empty() ? 0 : columns[0].length;
  node.buffers = {{}};
  node.children = columns;
  return node;
}

inline Live& leaked() {
  static Live live;
  return live;
}

/// A stream of batches that all have the first one's columns; fails before batch `fail_at`.
inline ArrowStream stream_of(std::vector<Node> batches, std::optional<std::size_t> fail_at = std::nullopt,
                             Live* live = &leaked()) {
  auto* state = new maker::StreamState{batches.at(0), std::move(batches), 0, fail_at, live};
  ArrowArrayStream raw{};
  raw.private_data = state;
  raw.get_schema = [](ArrowArrayStream* stream, ArrowSchema* out) {
    auto* own = static_cast<maker::StreamState*>(stream->private_data);
    maker::make_schema(own->schema, out, own->live);
    return 0;
  };
  raw.get_next = [](ArrowArrayStream* stream, ArrowArray* out) {
    auto* own = static_cast<maker::StreamState*>(stream->private_data);
    if (own->fail_at && own->next == *own->fail_at) return 5;
    if (own->next == own->batches.size()) {
      *out = ArrowArray{};
      return 0;
    }
    maker::make_array(own->batches[own->next++], out, own->live);
    return 0;
  };
  raw.get_last_error = [](ArrowArrayStream*) -> const char* { return "the line went dead"; };
  raw.release = [](ArrowArrayStream* stream) {
    auto* own = static_cast<maker::StreamState*>(stream->private_data);
    --own->live->streams;
    delete own;
    stream->release = nullptr;
  };
  ++live->streams;
  return ArrowStream(&raw);
}

inline ArrowStream stream_of(const std::vector<Node>& columns, Live* live) {
  return stream_of(std::vector<Node>{record(columns)}, std::nullopt, live);
}

}  // namespace klientela::testing
