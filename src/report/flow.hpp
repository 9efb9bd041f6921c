// Who moved from which class to which, between two days, as inline SVG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/speech.hpp"

namespace klientela::report {

/// A class on both days. Nothing is escaped where it is drawn.
struct FlowClass {
  std::string name;    ///< as Speech::plain_term() gives it, escaped already, of at most most_letters
  std::string brief;   ///< the same of at most brief_letters, for narrow screens
  std::string colour;  ///< colour class of the style sheet
};
inline constexpr std::size_t most_letters = 22;
inline constexpr std::size_t brief_letters = 14;

/// Bands from the classes of the first day, on the left, to those of the second, as wide as there are clients.
/// \param clients  classes x classes, row of the first day; what is nowhere on both days is not drawn
/// \param before_day, after_day  what stands above the two sides; escaped
/// \param about    what the picture says, for those who do not see it; escaped
/// \returns        an <svg> of bounded size; empty where nobody is in a class. O(classes^2)
[[nodiscard]] std::string flow_picture(const std::vector<FlowClass>& classes, const std::vector<std::uint64_t>& clients,
                                       std::string_view before_day, std::string_view after_day, std::string_view about,
                                       const Speech& say);

}  // namespace klientela::report
