// Group rules of a matrix with their bands resolved, in order of precedence.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/matrix.hpp"

namespace klientela::classifying {

inline constexpr std::string_view unknown_band = "unknown";

struct GroupRules {
  struct Rule {
    std::size_t group;
    std::size_t place;    // among the group's rules
    std::vector<bool> x;  // by band, unknown last
    std::vector<bool> y;
    std::vector<MeasureCondition> conditions;
    [[nodiscard]] bool fits(std::size_t x_band, std::size_t y_band) const { return x[x_band] && y[y_band]; }
  };
  /// \throws Error bad_policy below `pointer` naming an unknown band
  GroupRules(const MatrixOptions& options, const std::string& pointer);

  std::size_t x_bands;  // unknown included
  std::size_t y_bands;
  std::vector<Rule> rules;
};

}  // namespace klientela::classifying
