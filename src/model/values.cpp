// The reads that a column of another type does not answer.
#include "klientela/model/values.hpp"

#include <string>

#include "klientela/core/error.hpp"

namespace klientela {

namespace {

[[noreturn]] void wrong_type(const Values& values, const char* wanted) {
  throw Error(Code::invalid_argument,
              "a column of type " + std::string(name(values.type())) + " has no " + std::string(wanted));
}

}  // namespace

void Values::numbers(std::size_t /*begin*/, std::span<std::int64_t> /*out*/) const { wrong_type(*this, "numbers"); }
void Values::instants(std::size_t /*begin*/, std::span<std::int64_t> /*out*/) const { wrong_type(*this, "instants"); }
void Values::days(std::size_t /*begin*/, std::span<std::int32_t> /*out*/) const { wrong_type(*this, "days"); }
void Values::codes(std::size_t /*begin*/, std::span<std::uint32_t> /*out*/) const { wrong_type(*this, "codes"); }
void Values::booleans(std::size_t /*begin*/, std::span<std::uint8_t> /*out*/) const { wrong_type(*this, "booleans"); }
std::string_view Values::text(std::size_t /*row*/) const { wrong_type(*this, "text"); }
std::vector<std::string_view> Values::texts(std::size_t /*row*/) const { wrong_type(*this, "texts"); }

}  // namespace klientela
