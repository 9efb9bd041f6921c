// What code of a host throws becomes an Error that names its classifier, and what it gave is checked.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>

#include "klientela/core/error.hpp"

namespace klientela::classifying {

/// Runs a classifier of whatever origin; what is no Error of ours becomes one that names it.
/// \param of_host  an Error of ours then names the classifier too
template <class Work>
auto guarded(const std::string& name, Work&& work, bool of_host = false) {
  try {
    return work();
  } catch (const Error& error) {
    // Bindings derive from Error to carry more; these name the classifier themselves.
    if (!of_host || typeid(error) != typeid(Error) || error.code() == Code::cancelled ||
        std::string_view(error.what()).find("classifier " + name) != std::string_view::npos)
      throw;
    throw Error(error.code(), "classifier " + name + ": " + error.what(), error.where());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(Code::internal, "classifier " + name + " failed: " + error.what(), name);
  } catch (...) {
    throw Error(Code::internal, "classifier " + name + " failed", name);
  }
}

/// \param is_null  of a row; its code does not matter
/// \throws Error internal naming the classifier, the row and the code that is none of `labels`
template <class Number, class IsNull>
void check_codes(const std::string& name, const std::string& column, std::span<const Number> codes, std::size_t labels,
                 IsNull&& is_null) {
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (static_cast<std::size_t>(codes[row]) < labels || is_null(row)) continue;  // a negative one is a large one
    throw Error(Code::internal,
                fmt::format("classifier {} gave code {} in row {} of column {}, which has {} labels", name, codes[row],
                            row, column, labels),
                name);
  }
}

}  // namespace klientela::classifying
