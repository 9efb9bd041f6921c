// Tables out through the Arrow C stream interface, and the owning wrapper that hosts' streams come in by.
#pragma once

#include <utility>

#include "klientela/core/arrow_abi.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Owns one Arrow C stream and releases it once. Move-only.
class ArrowStream {
 public:
  ArrowStream() noexcept = default;
  /// Takes the stream over: `stream->release` becomes null, as the specification asks of a move.
  /// \throws Error invalid_argument if the pointer is null or the stream is already released
  explicit ArrowStream(ArrowArrayStream* stream);
  ~ArrowStream();
  ArrowStream(ArrowStream&& other) noexcept : stream_(std::exchange(other.stream_, ArrowArrayStream{})) {}
  ArrowStream& operator=(ArrowStream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  [[nodiscard]] ArrowArrayStream* get() noexcept { return &stream_; }
  [[nodiscard]] bool released() const noexcept { return stream_.release == nullptr; }

 private:
  ArrowArrayStream stream_{};
};

/// Writes a stream of one record batch into `out`. Values are shared where the layouts agree (all but money, booleans):
/// the stream keeps them alive. \throws Error invalid_argument if out is null
void export_stream(const Table& table, ArrowArrayStream* out);

}  // namespace klientela
