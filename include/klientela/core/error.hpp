// The one exception type of the library and its codes; every other header throws it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace klientela {

/// What kind of thing went wrong. The numbers are part of the C ABI (klt_status) and never change.
enum class Code : int {
  invalid_argument = 1,  ///< an argument that no data could make right
  not_found = 2,         ///< a name, column, preset or client that does not exist
  out_of_range = 3,      ///< an index, date or number outside its documented range
  overflow = 4,          ///< exact arithmetic left int64
  bad_data = 5,          ///< a table that cannot be read at all (single rows are rejected, not thrown)
  bad_policy = 6,        ///< a policy document that is malformed or contradicts itself; where() is a JSON pointer
  cancelled = 7,         ///< the host asked to stop
  unsupported = 8,       ///< this build lacks an optional part
  out_of_memory = 9,
  internal = 10,  ///< a defect of klientela, or of a host's classifier, which where() then names
};

/// The machine-readable name of a code, for example "bad_policy". Never throws.
[[nodiscard]] constexpr std::string_view name(Code code) noexcept {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::out_of_range: return "out_of_range";
    case Code::overflow: return "overflow";
    case Code::bad_data: return "bad_data";
    case Code::bad_policy: return "bad_policy";
    case Code::cancelled: return "cancelled";
    case Code::unsupported: return "unsupported";
    case Code::out_of_memory: return "out_of_memory";
    case Code::internal: return "internal";
  }
  return "unknown";
}

/// The only exception klientela throws on purpose. what() is a full sentence for a person; where() names the
/// argument, column or JSON pointer it is about and is empty where there is none.
class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message, std::string where = {})
      : std::runtime_error(message), code_(code), where_(std::move(where)) {}

  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  Code code_;
  std::string where_;
};

}  // namespace klientela
