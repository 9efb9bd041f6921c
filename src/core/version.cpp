// Answers the version that the build read from the file VERSION.
#include "klientela/core/version.hpp"

namespace klientela {

std::string_view version() noexcept { return KLIENTELA_VERSION; }

}  // namespace klientela
