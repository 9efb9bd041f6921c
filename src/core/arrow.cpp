// Tables out as Arrow C streams of one record batch, and the owner of streams that come in.
#include "klientela/core/arrow.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace klientela {

ArrowStream::ArrowStream(ArrowArrayStream* stream) {
  if (stream == nullptr) throw Error(Code::invalid_argument, "the Arrow stream is a null pointer", "stream");
  if (stream->release == nullptr) throw Error(Code::invalid_argument, "the Arrow stream is released already", "stream");
  stream_ = *stream;
  stream->release = nullptr;
}

ArrowStream::~ArrowStream() {
  if (stream_.release != nullptr) stream_.release(&stream_);
}

namespace {

// Schemas and arrays own their parts through private_data; a child that was moved out has a null release.

struct SchemaParts {
  std::string format;
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
  std::unique_ptr<ArrowSchema> dictionary;

  SchemaParts() = default;
  SchemaParts(const SchemaParts&) = delete;
  SchemaParts& operator=(const SchemaParts&) = delete;
  ~SchemaParts() {
    for (ArrowSchema& child : children)
      if (child.release != nullptr) child.release(&child);
    if (dictionary && dictionary->release != nullptr) dictionary->release(dictionary.get());
  }
};

void release_schema(ArrowSchema* schema) {
  delete static_cast<SchemaParts*>(schema->private_data);
  schema->release = nullptr;
}

void finish_schema(ArrowSchema* out, std::unique_ptr<SchemaParts> parts, std::int64_t flags) {
  parts->pointers.reserve(parts->children.size());
  for (ArrowSchema& child : parts->children) parts->pointers.push_back(&child);
  *out = ArrowSchema{};
  out->format = parts->format.c_str();
  out->name = parts->name.c_str();
  out->flags = flags;
  out->n_children = static_cast<std::int64_t>(parts->children.size());
  out->children = parts->pointers.empty() ? nullptr : parts->pointers.data();
  out->dictionary = parts->dictionary.get();
  out->release = release_schema;
  out->private_data = parts.release();
}

struct ArrayParts {
  std::vector<std::shared_ptr<const void>> owners;
  std::vector<const void*> buffers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  std::unique_ptr<ArrowArray> dictionary;

  ArrayParts() = default;
  ArrayParts(const ArrayParts&) = delete;
  ArrayParts& operator=(const ArrayParts&) = delete;
  ~ArrayParts() {
    for (ArrowArray& child : children)
      if (child.release != nullptr) child.release(&child);
    if (dictionary && dictionary->release != nullptr) dictionary->release(dictionary.get());
  }
};

void release_array(ArrowArray* array) {
  delete static_cast<ArrayParts*>(array->private_data);
  array->release = nullptr;
}

void finish_array(ArrowArray* out, std::unique_ptr<ArrayParts> parts, std::size_t length, std::size_t nulls) {
  parts->pointers.reserve(parts->children.size());
  for (ArrowArray& child : parts->children) parts->pointers.push_back(&child);
  *out = ArrowArray{};
  out->length = static_cast<std::int64_t>(length);
  out->null_count = static_cast<std::int64_t>(nulls);
  out->n_buffers = static_cast<std::int64_t>(parts->buffers.size());
  out->buffers = parts->buffers.data();
  out->n_children = static_cast<std::int64_t>(parts->children.size());
  out->children = parts->pointers.empty() ? nullptr : parts->pointers.data();
  out->dictionary = parts->dictionary.get();
  out->release = release_array;
  out->private_data = parts.release();
}

const char* format_of(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean: return "b";
    case ColumnType::int8: return "c";
    case ColumnType::int32: return "i";
    case ColumnType::int64: return "l";
    case ColumnType::float64: return "g";
    case ColumnType::money: return "d:19,4";
    case ColumnType::day: return "tdD";
    case ColumnType::instant: return "tsu:UTC";
    case ColumnType::label: return "S";
    case ColumnType::term: return "I";
    case ColumnType::text: return "U";
  }
  return "n";
}

void make_schema(const Column& column, ArrowSchema* out) {
  auto parts = std::make_unique<SchemaParts>();
  parts->format = format_of(column.type());
  parts->name = column.name();
  if (column.type() == ColumnType::label || column.type() == ColumnType::term) {
    auto values = std::make_unique<SchemaParts>();
    values->format = "u";
    parts->dictionary = std::make_unique<ArrowSchema>();
    finish_schema(parts->dictionary.get(), std::move(values), 0);
  }
  finish_schema(out, std::move(parts), ARROW_FLAG_NULLABLE);
}

void make_schema(const Table& table, ArrowSchema* out) {
  auto parts = std::make_unique<SchemaParts>();
  parts->format = "+s";
  parts->children.resize(table.columns().size());
  for (std::size_t i = 0; i < table.columns().size(); ++i) make_schema(table.columns()[i], &parts->children[i]);
  finish_schema(out, std::move(parts), 0);
}

/// Labels as one utf8 array. \throws Error overflow where they exceed 2 GiB
void make_dictionary(const std::vector<std::string>& labels, ArrowArray* out) {
  std::size_t bytes = 0;
  for (const std::string& label : labels) bytes += label.size();
  if (bytes > std::size_t{0x7FFF'FFFF}) throw Error(Code::overflow, "the labels of a column exceed 2 GiB");
  auto offsets = std::make_shared<Buffer<std::int32_t>>(labels.size() + 1);
  auto characters = std::make_shared<Buffer<char>>(bytes + 1);
  std::size_t end = 0;
  (*offsets)[0] = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::memcpy(characters->data() + end, labels[i].data(), labels[i].size());
    end += labels[i].size();
    (*offsets)[i + 1] = static_cast<std::int32_t>(end);
  }
  auto parts = std::make_unique<ArrayParts>();
  parts->buffers = {nullptr, offsets->data(), characters->data()};
  parts->owners = {offsets, characters};
  finish_array(out, std::move(parts), labels.size(), 0);
}

void make_array(const Column& column, ArrowArray* out) {
  auto parts = std::make_unique<ArrayParts>();
  const std::size_t rows = column.size();
  parts->owners.push_back(std::make_shared<const Column>(column));
  const void* values = column.data();
  if (column.type() == ColumnType::boolean) {
    const auto bytes = column.values<std::uint8_t>();
    auto bits = std::make_shared<Buffer<std::uint8_t>>((rows + 7) / 8 + 1, std::uint8_t{0});
    for (std::size_t i = 0; i < rows; ++i)
      if (bytes[i] != 0) (*bits)[i >> 3] = static_cast<std::uint8_t>((*bits)[i >> 3] | (1U << (i & 7)));
    values = bits->data();
    parts->owners.push_back(std::move(bits));
  } else if (column.type() == ColumnType::money) {
    const auto units = column.values<std::int64_t>();
    auto wide = std::make_shared<Buffer<std::int64_t>>(2 * rows);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::int64_t value = column.is_null(i) ? 0 : units[i];
      (*wide)[2 * i] = value;
      (*wide)[2 * i + 1] = value < 0 ? -1 : 0;
    }
    values = wide->data();
    parts->owners.push_back(std::move(wide));
  }
  alignas(64) static constexpr std::array<std::int64_t, 8> nothing{};  // readers dislike null pointers for no rows
  if (values == nullptr) values = nothing.data();
  parts->buffers = {column.validity(), values};
  if (column.type() == ColumnType::text) {
    const auto characters = column.text_characters();
    parts->buffers.push_back(characters.data() != nullptr ? static_cast<const void*>(characters.data())
                                                          : nothing.data());
  }
  if (column.type() == ColumnType::label || column.type() == ColumnType::term) {
    parts->dictionary = std::make_unique<ArrowArray>();
    make_dictionary(column.labels(), parts->dictionary.get());
  }
  finish_array(out, std::move(parts), rows, column.null_count());
}

void make_array(const Table& table, ArrowArray* out) {
  auto parts = std::make_unique<ArrayParts>();
  parts->buffers = {nullptr};
  parts->children.resize(table.columns().size());
  for (std::size_t i = 0; i < table.columns().size(); ++i) make_array(table.columns()[i], &parts->children[i]);
  finish_array(out, std::move(parts), table.rows(), 0);
}

struct Export {
  Table table;
  bool given{false};
  std::string error;
};

/// Runs `body` and turns any exception into an errno, as the stream interface has no other way to fail.
template <class Body>
int guarded(ArrowArrayStream* stream, Body body) noexcept {
  auto* state = static_cast<Export*>(stream->private_data);
  try {
    body(*state);
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& error) {
    try {
      state->error = error.what();
    } catch (...) {
      return ENOMEM;
    }
    return EINVAL;
  }
}

int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  return guarded(stream, [out](Export& state) { make_schema(state.table, out); });
}

int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  return guarded(stream, [out](Export& state) {
    if (state.given) {
      *out = ArrowArray{};  // released: the end of the stream
      return;
    }
    make_array(state.table, out);
    state.given = true;
  });
}

const char* stream_error(ArrowArrayStream* stream) {
  const auto* state = static_cast<const Export*>(stream->private_data);
  return state->error.empty() ? nullptr : state->error.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  delete static_cast<Export*>(stream->private_data);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

void export_stream(const Table& table, ArrowArrayStream* out) {
  if (out == nullptr) throw Error(Code::invalid_argument, "the place for the Arrow stream is a null pointer", "out");
  auto state = std::make_unique<Export>();
  state->table = table;
  *out = ArrowArrayStream{};
  out->get_schema = stream_schema;
  out->get_next = stream_next;
  out->get_last_error = stream_error;
  out->release = release_stream;
  out->private_data = state.release();
}

}  // namespace klientela
