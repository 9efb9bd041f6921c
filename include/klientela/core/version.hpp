// The version of the library, so that a host can tell what it is linked to.
#pragma once

#include <string_view>

namespace klientela {

/// Version of the library that is linked, as "major.minor.patch". Static storage; thread-safe.
[[nodiscard]] std::string_view version() noexcept;

}  // namespace klientela
