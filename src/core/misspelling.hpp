// What a misspelt name was meant to be: the nearest of the names there are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace klientela::detail {

/// Edit distance of two texts after Levenshtein (1966), in bytes; more than `most` is at least most + 1.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > b.size() + most || b.size() > a.size() + most) return most + 1;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j - 1] + 1, above + 1, corner + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      corner = above;
    }
  }
  return row.back();
}

/// The one of `names` (strings) that `name` is a misspelling of: fewest edits, at most a third of its bytes and one
/// more, at most 3, and not all of them; of equals the first. nullptr where there is none, and for names longer than
/// 200 bytes.
template <class Names>
[[nodiscard]] const std::string* nearest_name(std::string_view name, const Names& names) {
  constexpr std::size_t longest = 200;
  if (name.size() < 2 || name.size() > longest) return nullptr;
  const std::size_t most = std::min({std::size_t{3}, name.size() / 3 + 1, name.size() - 1});
  const std::string* best = nullptr;
  std::size_t least = most + 1;
  for (const std::string& each : names) {
    if (each.size() > longest) continue;
    const std::size_t far = edit_distance(name, each, most);
    if (far >= least) continue;
    least = far;
    best = &each;
  }
  return best;
}

}  // namespace klientela::detail
