// Every text of one list beside every text of another, many pairs at a time on vector units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/similarity.hpp"

namespace klientela {

/// The functions of similarity.hpp that take two texts. The numbers are part of the C ABI (klt_scorer).
enum class Scorer : std::uint8_t {
  jaro_similarity = 0,
  jaro_winkler_similarity = 1,
  levenshtein_distance = 2,
  levenshtein_similarity = 3,
  osa_distance = 4,
  osa_similarity = 5,
  damerau_levenshtein_distance = 6,
  damerau_levenshtein_similarity = 7,
  token_sort_ratio = 8,
  token_set_ratio = 9,
  bigram_similarity = 10,   ///< qgram_similarity<2>
  trigram_similarity = 11,  ///< qgram_similarity<3>
};
inline constexpr std::size_t scorer_count = 12;

/// As the function is called, for example "osa_distance". \throws Error invalid_argument for a number that is none
[[nodiscard]] std::string_view name(Scorer scorer);
[[nodiscard]] std::optional<Scorer> scorer_named(std::string_view name) noexcept;
/// Whether it counts edits, so that equal texts have 0; else equal texts have the most.
[[nodiscard]] bool is_distance(Scorer scorer) noexcept;

/// Texts one after the other: text i is characters[offsets[i]] up to, not including, characters[offsets[i + 1]].
/// Offsets do not fall and lie within the characters; there is one more of them than texts, or none. Borrows both.
template <class C>
struct TextList {
  std::span<const std::int64_t> offsets;
  std::span<const C> characters;

  [[nodiscard]] std::size_t size() const noexcept { return offsets.empty() ? 0 : offsets.size() - 1; }
  [[nodiscard]] std::span<const C> operator[](std::size_t i) const noexcept {
    return characters.subspan(static_cast<std::size_t>(offsets[i]),
                              static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
  }
};

/// What a scorer says of two texts, as its function of similarity.hpp. C: char or char32_t; without a cutoff all is
/// said. \throws Error invalid_argument for a scorer that is none
template <class C>
[[nodiscard]] double similarity(Scorer scorer, std::span<const C> a, std::span<const C> b,
                                std::optional<double> cutoff = {});

/// out[i * choices.size() + j] = similarity(scorer, queries[i], choices[j], cutoff), rounded to the type of `out`.
/// C: char (bytes) or char32_t (code points); T: double, float, or std::int32_t for distances alone.
/// O(queries * choices) comparisons, in parallel; the same for any executor and any vector units. Jaro, Jaro-Winkler,
/// Levenshtein and OSA take 8 to 64 queries of at most 64 characters at once: give the longer list as choices.
/// \throws Error invalid_argument naming "queries" or "choices" (offsets, code points above U+10FFFF), "out" (its size
/// or its type) or "scorer"; cancelled, when `out` is written in part
template <class C, class T>
void similarity_many(const TextList<C>& queries, const TextList<C>& choices, Scorer scorer, std::span<T> out,
                     std::optional<double> cutoff = {}, const Control& control = {});

}  // namespace klientela
