// Feeds bytes to the reader of policies: it accepts or refuses with a place, and what it accepts reads back the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/pipeline/policy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using klientela::Policy;
  std::string document;
  try {
    document = Policy::from_json(std::string_view(reinterpret_cast<const char*>(data), size)).to_json();
  } catch (const klientela::Error& error) {
    if (error.code() != klientela::Code::bad_policy) __builtin_trap();
    if (!error.where().empty() && error.where().front() != '/') __builtin_trap();
    return 0;
  }
  if (Policy::from_json(document).to_json() != document) __builtin_trap();
  return 0;
}
