// One text beside a group of patterns, a pattern per vector lane: what the batch kernels hand to the vector units.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "klientela/dedupe/similarity_batch.hpp"

namespace klientela::lanes {

/// The widest vector there is.
struct alignas(64) Line {
  std::array<std::uint8_t, 64> bytes;
};

inline constexpr std::size_t most_texts = 64;        // of one call
inline constexpr std::size_t most_characters = 127;  // of a text in Jaro, whose places are bytes

/// How far about a place Jaro looks, for texts of each length; filled when first needed.
struct Windows {
  std::array<Line, most_characters + 1> window;
  std::array<Line, most_characters + 1> reach;
  std::array<bool, most_characters + 1> known;
};

/// Patterns of 1 to 8 * sizeof(W) characters, W being the type of a lane, and texts to put beside them.
struct Job {
  const std::uint8_t* table;    ///< for each code a vector: in each lane the places of the character in its pattern
  const std::uint8_t* sizes;    ///< of each lane's pattern; lanes without one have 1 and masks of 0
  const std::uint32_t* codes;   ///< the texts' characters; 0: in no pattern
  const std::uint32_t* begins;  ///< text i is codes[begins[i]] up to codes[begins[i + 1]]
  std::size_t texts;            ///< at most most_texts
  bool boost;                   ///< prefixes are asked for
  Windows* windows;             ///< Jaro only; emptied for each group of patterns
  // Out: for each text a byte for each lane.
  std::int8_t* change;           ///< edit distance less the size of the text
  std::uint8_t* common;          ///< Jaro, for texts of at most most_characters
  std::uint8_t* transpositions;  ///< not halved
  std::uint8_t* prefix;
};

/// The kernels for lanes of 1, 2, 4 and 8 bytes, and how many bytes the lanes of a vector have together.
struct Kernels {
  std::size_t bytes;
  std::array<void (*)(const Job&) noexcept, 4> levenshtein;
  std::array<void (*)(const Job&) noexcept, 4> osa;
  std::array<void (*)(const Job&) noexcept, 4> jaro;
  /// out[i] = Jaro or Jaro-Winkler of count texts of n[i] characters and a pattern of m, 0 below the cutoff.
  void (*finish_jaro)(const double* common, const double* half, const double* prefix, const double* n, double m,
                      double cutoff, std::size_t count, double* out) noexcept;
};

/// Those that this machine can run, the widest first; never empty.
[[nodiscard]] std::vector<const Kernels*> usable_kernels();

/// similarity_many() by given kernels, for tests of those that are not the machine's widest. T: double.
template <class C, class T>
void similarity_many_by(const Kernels& kernels, const TextList<C>& queries, const TextList<C>& choices, Scorer scorer,
                        std::span<T> out, std::optional<double> cutoff, const Control& control);

}  // namespace klientela::lanes
