// Feeds two texts to the text kernels: bit-parallel, prepared and batch ones must agree with each other and with plain
// dynamic programming, and obey what distances obey.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "klientela/dedupe/similarity_batch.hpp"

namespace {

using namespace klientela;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

template <class C>
std::size_t plain_edits(std::span<const C> a, std::span<const C> b, bool transpose) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      d[i][j] = i + j;
      if (i == 0 || j == 0) continue;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U)});
      if (transpose && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

template <class C>
void compare(std::span<const C> a, std::span<const C> b) {
  const PreparedText prepared(a);
  const std::size_t osa = osa_distance(a, b);
  const std::size_t levenshtein = levenshtein_distance(a, b);
  require(levenshtein == plain_edits(a, b, false) && levenshtein == levenshtein_distance(prepared, b));
  require(osa == plain_edits(a, b, true) && osa == osa_distance(prepared, b));
  require(damerau_levenshtein_distance(a, b) <= osa && osa <= levenshtein);
  for (std::size_t cutoff = osa < 2 ? 0 : osa - 2; cutoff < osa + 2; ++cutoff) {
    require(osa_distance(a, b, cutoff) == std::min(osa, cutoff + 1));
    require(osa_distance(prepared, b, cutoff) == std::min(osa, cutoff + 1));
  }
  require(jaro_winkler_similarity(prepared, b) == jaro_winkler_similarity(a, b));

  // The batch of both texts beside both, at whatever lanes they fall into.
  std::vector<C> characters(a.begin(), a.end());
  characters.insert(characters.end(), b.begin(), b.end());
  const std::vector<std::int64_t> offsets{0, static_cast<std::int64_t>(a.size()),
                                          static_cast<std::int64_t>(characters.size())};
  const TextList<C> list{offsets, characters};
  std::vector<double> out(4);
  for (std::size_t s = 0; s < scorer_count; ++s) {
    const auto scorer = static_cast<Scorer>(s);
    similarity_many(list, list, scorer, std::span<double>(out));
    for (std::size_t i = 0; i < 4; ++i) {
      const double one = similarity<C>(scorer, list[i / 2], list[i % 2]);
      require(out[i] == one && one >= 0 && (is_distance(scorer) || one <= 100));
    }
    if (is_distance(scorer)) require(out[0] == 0 && out[3] == 0 && out[1] == out[2]);
  }
}

}  // namespace

// The first byte says where the second text begins and whether characters are bytes or code points.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 500) return 0;
  const std::size_t rest = size - 1;
  const std::size_t cut = (data[0] / 2U) * rest / 127;
  const std::string text(reinterpret_cast<const char*>(data + 1), rest);
  if (data[0] % 2 == 0) {
    const std::span<const char> all(text);
    compare(all.first(cut), all.subspan(cut));
  } else {
    // Runs of the same page and such from all over Unicode.
    std::u32string points;
    for (const char c : text) {
      const auto value = static_cast<unsigned char>(c);
      points.push_back(value < 128 ? value : (value - 128U) * (value % 2 == 0 ? 5 : 8700));
    }
    const std::span<const char32_t> all(points);
    compare(all.first(cut), all.subspan(cut));
  }
  return 0;
}
