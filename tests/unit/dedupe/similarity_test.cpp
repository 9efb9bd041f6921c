// Tests of the text kernels: published results, plain dynamic programming beside them, cutoffs, and the batch kernel.
#include "klientela/dedupe/similarity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dedupe/similarity_lanes.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/dedupe/similarity_batch.hpp"

namespace klientela {
namespace {

using namespace std::string_view_literals;

struct Winkler {
  std::string_view a, b;
  double jaro, boosted;
};

// Winkler's table (1994) with the boost above 0.7 only.
constexpr Winkler winkler_table[] = {{"MARTHA", "MARHTA", .944444, .961111},
                                     {"DWAYNE", "DUANE", .822222, .840000},
                                     {"DIXON", "DICKSONX", .766667, .813333},
                                     {"SHACKLEFORD", "SHACKELFORD", .969697, .981818},
                                     {"DUNNINGHAM", "CUNNIGHAM", .896296, .896296},
                                     {"NICHLESON", "NICHULSON", .925926, .955556},
                                     {"JONES", "JOHNSON", .790476, .832381},
                                     {"MASSEY", "MASSIE", .888889, .933333},
                                     {"ABROMS", "ABRAMS", .888889, .922222},
                                     {"JERALDINE", "GERALDINE", .925926, .925926},
                                     {"MICHELLE", "MICHAEL", .869048, .921429},
                                     {"SEAN", "SUSAN", .783333, .805000},
                                     {"JON", "JOHN", .916667, .933333},
                                     {"HARDIN", "MARTINEZ", .722222, .722222},
                                     {"ITMAN", "SMITH", .466667, .466667},
                                     {"CRATE", "TRACE", .733333, .733333}};

TEST(Similarity, AgreesWithWinklersTable) {
  for (const Winkler& row : winkler_table) {
    SCOPED_TRACE(row.a);
    EXPECT_NEAR(jaro_similarity(row.a, row.b), row.jaro, 5e-7);
    EXPECT_NEAR(jaro_winkler_similarity(row.a, row.b), row.boosted, 5e-7);
    EXPECT_NEAR(jaro_similarity(row.b, row.a), row.jaro, 5e-7);
    EXPECT_NEAR(jaro_winkler_similarity(PreparedText(row.a), row.b), row.boosted, 5e-7);
  }
}

TEST(Similarity, SoundexIsThatOfTheNationalArchives) {
  const auto coded = [](std::string_view name) {
    const auto letters = soundex(name);
    return std::string(letters.data(), letters.size());
  };
  const std::map<std::string_view, std::string> published{
      {"Washington", "W252"}, {"Lee", "L000"},     {"Gutierrez", "G362"}, {"Pfister", "P236"},
      {"Jackson", "J250"},    {"Tymczak", "T522"}, {"Ashcraft", "A261"}};
  for (const auto& [name, code] : published) EXPECT_EQ(coded(name), code) << name;
  EXPECT_EQ(coded("o'hara-SMITH"), coded("OHara Smith"));
  EXPECT_EQ(soundex(U"Ли"sv)[0], '\0');
  EXPECT_EQ(soundex(""sv)[3], '\0');
  static_assert(soundex("Lee"sv)[0] == 'L');
}

TEST(Similarity, CountsSwapsAsEachDistanceDoes) {
  EXPECT_EQ(damerau_levenshtein_distance("jellyifhs"sv, "jellyfish"sv), 2U);
  EXPECT_EQ(damerau_levenshtein_distance("ca"sv, "abc"sv), 2U);
  EXPECT_EQ(osa_distance("ca"sv, "abc"sv), 3U);
  EXPECT_EQ(osa_distance("ab"sv, "ba"sv), 1U);
  EXPECT_EQ(levenshtein_distance("ab"sv, "ba"sv), 2U);
  EXPECT_EQ(levenshtein_distance("kitten"sv, "sitting"sv), 3U);
}

TEST(Similarity, TokensComeInAnyOrderAndOnce) {
  EXPECT_DOUBLE_EQ(token_sort_ratio("fuzzy wuzzy was a bear"sv, " wuzzy fuzzy was  a bear "sv), 100);
  EXPECT_DOUBLE_EQ(token_set_ratio("fuzzy was a bear"sv, "fuzzy fuzzy was a bear"sv), 100);
  EXPECT_NEAR(token_sort_ratio("fuzzy was a bear"sv, "fuzzy fuzzy was a bear"sv), 84.210526, 1e-6);
  EXPECT_DOUBLE_EQ(token_set_ratio(""sv, ""sv), 0);
  EXPECT_DOUBLE_EQ(token_set_ratio("a"sv, " \t"sv), 0);
  EXPECT_DOUBLE_EQ(token_sort_ratio(""sv, ""sv), 100);
  EXPECT_DOUBLE_EQ(token_sort_ratio(U"иван\u00A0петров"sv, U"петров иван"sv), 100);
  EXPECT_DOUBLE_EQ(token_sort_ratio("abc"sv, "abd"sv, 99), 0);
}

TEST(Similarity, QgramsAreDiceOfMultisets) {
  EXPECT_DOUBLE_EQ(qgram_similarity("night"sv, "nacht"sv), 0.25);
  EXPECT_DOUBLE_EQ(qgram_similarity("aaaa"sv, "aa"sv), 0.5);  // of three and one pair, one in common
  EXPECT_DOUBLE_EQ(qgram_similarity<3>("night"sv, "nights"sv), 2.0 * 3 / 7);
  EXPECT_DOUBLE_EQ(qgram_similarity("a"sv, "a"sv), 1);
  EXPECT_DOUBLE_EQ(qgram_similarity("a"sv, "ab"sv), 0);
  EXPECT_DOUBLE_EQ(qgram_similarity(""sv, ""sv), 1);
  EXPECT_DOUBLE_EQ(qgram_similarity("night"sv, "nacht"sv, 0.3), 0);
}

TEST(Similarity, EmptyTextsAndCharactersOfManyTypes) {
  EXPECT_EQ(jaro_similarity(""sv, ""sv), 1);
  EXPECT_EQ(jaro_similarity("a"sv, ""sv), 0);
  EXPECT_EQ(jaro_winkler_similarity(PreparedText(), ""sv), 1);
  EXPECT_EQ(levenshtein_distance(""sv, "abc"sv), 3U);
  EXPECT_EQ(osa_similarity(""sv, ""sv), 1);
  EXPECT_EQ(levenshtein_similarity("abc"sv, ""sv), 0);
  EXPECT_EQ(levenshtein_distance("a\0b"sv, "ab"sv), 1U);
  // A character is its unsigned value, whatever its type: 0xE9 is U+00E9.
  EXPECT_EQ(levenshtein_distance("caf\xE9"sv, U"caf\u00E9"sv), 0U);
  EXPECT_EQ(jaro_similarity(U"Иванов"sv, u"Иванов"sv), 1);
  const std::vector<std::uint32_t> numbers{0xFFFFFFFF, 7};
  EXPECT_EQ(osa_distance(numbers, std::vector<std::uint32_t>{7, 0xFFFFFFFF}), 1U);
}

TEST(Similarity, NumbersAndPlaces) {
  EXPECT_EQ(relative_difference(0, 0), 0);
  EXPECT_DOUBLE_EQ(relative_difference(80, 100), 0.2);
  EXPECT_DOUBLE_EQ(relative_difference(-1e308, 1e308), 2);
  EXPECT_TRUE(std::isnan(relative_difference(NAN, 1)));
  EXPECT_EQ(relative_difference(INFINITY, 1), 1);
  EXPECT_EQ(haversine_distance(10, 20, 10, 20), 0);
  // A quarter and a half of a great circle.
  EXPECT_NEAR(haversine_distance(0, 0, 90, 0), earth_radius * std::numbers::pi / 2, 1e-6);
  EXPECT_NEAR(haversine_distance(0, -90, 0, 90), earth_radius * std::numbers::pi, 1e-6);
  // Nashville to Los Angeles airport, Rosetta Code: 2887.2599506 km on a sphere of 6372.8 km.
  EXPECT_NEAR(haversine_distance(36.12, -86.67, 33.94, -118.40), 2887259.9506 * earth_radius / 6372800, 0.1);
  EXPECT_TRUE(std::isnan(haversine_distance(NAN, 0, 0, 0)));
}

// ---- Plain definitions ----

template <class S>
std::size_t plain_edits(const S& a, const S& b, bool transpose) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U)});
      if (transpose && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

// Lowrance and Wagner (1975): every earlier pair of crossing matches may be the swapped one.
template <class S>
std::size_t plain_damerau(const S& a, const S& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U)});
      for (std::size_t k = 1; k < i; ++k)
        for (std::size_t l = 1; l < j; ++l)
          if (a[k - 1] == b[j - 1] && a[i - 1] == b[l - 1])
            d[i][j] = std::min(d[i][j], d[k - 1][l - 1] + (i - k - 1) + 1 + (j - l - 1));
    }
  }
  return d[a.size()][b.size()];
}

template <class S>
double plain_jaro(const S& a, const S& b) {
  if (a.empty() && b.empty()) return 1;
  if (a.empty() || b.empty()) return 0;
  const auto m = static_cast<std::ptrdiff_t>(a.size());
  const auto n = static_cast<std::ptrdiff_t>(b.size());
  const std::ptrdiff_t reach = std::max<std::ptrdiff_t>(std::max(m, n) / 2 - 1, 0);
  std::vector<bool> used(a.size());
  S from_b;
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, j - reach); i < std::min(m, j + reach + 1); ++i) {
      if (used[static_cast<std::size_t>(i)] || a[static_cast<std::size_t>(i)] != b[static_cast<std::size_t>(j)])
        continue;
      used[static_cast<std::size_t>(i)] = true;
      from_b.push_back(b[static_cast<std::size_t>(j)]);
      break;
    }
  }
  S from_a;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (used[i]) from_a.push_back(a[i]);
  if (from_a.empty()) return 0;
  std::size_t out_of_order = 0;
  for (std::size_t i = 0; i < from_a.size(); ++i) out_of_order += from_a[i] != from_b[i] ? 1 : 0;
  const auto c = static_cast<double>(from_a.size());
  const auto t = static_cast<double>(out_of_order / 2);
  return (c / static_cast<double>(m) + c / static_cast<double>(n) + (c - t) / c) / 3;
}

template <class S>
std::size_t plain_subsequence(const S& a, const S& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const auto x : a) {
    std::size_t corner = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = x == b[j - 1] ? corner + 1 : std::max(above, row[j - 1]);
      corner = above;
    }
  }
  return row[b.size()];
}

// Texts and such made of them by a few edits, swaps among them; lengths often about 64 and 128.
template <class C>
class Pairs {
 public:
  explicit Pairs(unsigned seed) : random_(seed) {}
  std::pair<std::basic_string<C>, std::basic_string<C>> next(std::size_t most) {
    std::basic_string<C> a = text(most);
    std::basic_string<C> b = below(3) == 0 ? text(most) : a;
    for (std::size_t edits = below(6); edits > 0 && b.size() > 2; --edits) {
      const std::size_t at = below(b.size() - 1);
      switch (below(5)) {
        case 0: b.erase(at, 1); break;
        case 1: b.insert(at, 1, character()); break;
        case 2: b[at] = character(); break;
        case 3: b.erase(0, below(b.size())); break;
        default: std::swap(b[at], b[at + 1]);
      }
    }
    return {a, b};
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

 private:
  C character() {
    const std::size_t kind = sizeof(C) > 1 ? below(3) : 0;
    if (kind == 0) return static_cast<C>('a' + below(letters_));
    return static_cast<C>(kind == 1 ? 0x430 + below(letters_) : 0x10F000 + 37 * below(letters_));
  }
  std::basic_string<C> text(std::size_t most) {
    letters_ = 2 + below(20);
    const std::size_t sizes[] = {below(12), below(most + 1), 62 + below(5), 126 + below(5)};
    std::basic_string<C> made(std::min(sizes[below(4)], most), C{});
    for (C& c : made) c = character();
    return made;
  }
  std::mt19937 random_;
  std::size_t letters_{2};
};

template <class C>
class Kernels : public testing::Test {};
using Types = testing::Types<char, char32_t>;
TYPED_TEST_SUITE(Kernels, Types);

TYPED_TEST(Kernels, AreWhatTheirDefinitionsSay) {
  Pairs<TypeParam> pairs(1);
  for (int i = 0; i < 4000; ++i) {
    const auto [a, b] = pairs.next(200);
    const PreparedText prepared(a);
    const std::size_t levenshtein = plain_edits(a, b, false);
    const std::size_t osa = plain_edits(a, b, true);
    const double jaro = plain_jaro(a, b);
    const std::size_t lcs = plain_subsequence(a, b);
    ASSERT_EQ(levenshtein_distance(a, b), levenshtein) << i;
    ASSERT_EQ(levenshtein_distance(prepared, b), levenshtein) << i;
    ASSERT_EQ(osa_distance(a, b), osa) << i;
    ASSERT_EQ(osa_distance(prepared, b), osa) << i;
    ASSERT_DOUBLE_EQ(jaro_similarity(a, b), jaro) << i;
    ASSERT_EQ(jaro_similarity(prepared, b), jaro_similarity(a, b)) << i;
    ASSERT_EQ(jaro_winkler_similarity(prepared, b), jaro_winkler_similarity(a, b)) << i;
    const double sizes = std::max(1.0, static_cast<double>(a.size() + b.size()));
    ASSERT_NEAR(token_sort_ratio(a, b), a.empty() && b.empty() ? 100 : 200 * static_cast<double>(lcs) / sizes, 1e-9)
        << i;
    // Every cutoff about the distance.
    for (std::size_t cutoff = osa < 3 ? 0 : osa - 3; cutoff < osa + 3; ++cutoff) {
      ASSERT_EQ(osa_distance(a, b, cutoff), std::min(osa, cutoff + 1)) << i;
      ASSERT_EQ(osa_distance(prepared, b, cutoff), std::min(osa, cutoff + 1)) << i;
      ASSERT_EQ(levenshtein_distance(a, b, cutoff), std::min(levenshtein, cutoff + 1)) << i;
    }
    const double cut = static_cast<double>(pairs.below(100)) / 100;
    const double boosted = jaro_winkler_similarity(a, b);
    ASSERT_EQ(jaro_winkler_similarity(a, b, cut), boosted < cut ? 0 : boosted) << i;
    ASSERT_EQ(jaro_winkler_similarity(a, b, boosted), boosted) << i;
    ASSERT_TRUE(jaro_winkler_reaches(a, b, boosted)) << i;
    ASSERT_FALSE(jaro_winkler_reaches(a, b, boosted + 1e-12)) << i;
    ASSERT_EQ(jaro_winkler_reaches(a, b, cut), boosted >= cut) << i;
    const double similar = osa_similarity(a, b);
    ASSERT_EQ(osa_similarity(a, b, cut), similar < cut ? 0 : similar) << i;
    ASSERT_EQ(osa_similarity(prepared, b, similar), similar) << i;
  }
}

TYPED_TEST(Kernels, DamerauIsThatOfLowranceAndWagner) {
  Pairs<TypeParam> pairs(2);
  for (int i = 0; i < 3000; ++i) {
    const auto [a, b] = pairs.next(i % 100 == 0 ? 80 : 14);
    const std::size_t distance = plain_damerau(a, b);
    ASSERT_EQ(damerau_levenshtein_distance(a, b), distance) << i;
    ASSERT_EQ(damerau_levenshtein_distance(b, a, distance), distance) << i;
    if (distance > 0) {
      ASSERT_EQ(damerau_levenshtein_distance(a, b, distance - 1), distance) << i;
    }
  }
}

// ---- Lists ----

template <class C>
struct Texts {
  std::vector<std::int64_t> offsets{0};
  std::basic_string<C> characters;
  void add(const std::basic_string<C>& text) {
    characters += text;
    offsets.push_back(static_cast<std::int64_t>(characters.size()));
  }
  [[nodiscard]] TextList<C> list() const { return {offsets, {characters.data(), characters.size()}}; }
};

/// Queries of all sizes about those at which the lanes change, and choices, some beyond what lanes take.
template <class C>
std::pair<Texts<C>, Texts<C>> lists(std::size_t queries, std::size_t choices) {
  Pairs<C> pairs(3);
  std::pair<Texts<C>, Texts<C>> made;
  for (std::size_t i = 0; i < std::max(queries, choices); ++i) {
    const std::size_t most[] = {8, 9, 16, 17, 32, 33, 64, 65, 200};
    const auto [a, b] = pairs.next(most[i % 9]);
    if (i < queries) made.first.add(a);
    if (i < choices) made.second.add(b);
  }
  return made;
}

TYPED_TEST(Kernels, ListsAreWhatTheirPairsAreOnAllVectorUnits) {
  const auto [queries, choices] = lists<TypeParam>(150, 170);
  const auto q = queries.list();
  const auto c = choices.list();
  std::vector<double> out(q.size() * c.size());
  for (std::size_t s = 0; s < scorer_count; ++s) {
    const auto scorer = static_cast<Scorer>(s);
    SCOPED_TRACE(name(scorer));
    EXPECT_EQ(scorer_named(name(scorer)), scorer);
    for (const lanes::Kernels* kernels : lanes::usable_kernels()) {
      for (const std::optional<double> cutoff :
           {std::optional<double>(), std::optional<double>(is_distance(scorer) ? 9
                                                           : s == 8 || s == 9  ? 55
                                                                               : 0.55)}) {
        lanes::similarity_many_by(*kernels, q, c, scorer, std::span<double>(out), cutoff, Control{});
        for (std::size_t i = 0; i < q.size(); ++i)
          for (std::size_t j = 0; j < c.size(); ++j)
            ASSERT_EQ(out[i * c.size() + j], similarity<TypeParam>(scorer, q[i], c[j], cutoff))
                << kernels->bytes << " bytes, pair " << i << ", " << j;
      }
    }
  }
}

TEST(SimilarityMany, IsTheSameForAnyThreadsAndRoundedToItsType) {
  const auto [queries, choices] = lists<char>(700, 2300);
  const auto q = queries.list();
  const auto c = choices.list();
  const std::size_t n = q.size() * c.size();
  std::vector<double> alone(n);
  std::vector<double> shared(n);
  std::vector<float> rounded(n);
  std::vector<std::int32_t> whole(n);
  ThreadPool pool(3);
  Control control;
  control.executor = &pool;
  similarity_many(q, c, Scorer::jaro_winkler_similarity, std::span(alone));
  similarity_many(q, c, Scorer::jaro_winkler_similarity, std::span(shared), {}, control);
  EXPECT_EQ(alone, shared);
  similarity_many(q, c, Scorer::jaro_winkler_similarity, std::span(rounded), {}, control);
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(rounded[i], static_cast<float>(alone[i]));
  similarity_many(q, c, Scorer::osa_distance, std::span(alone));
  similarity_many(q, c, Scorer::osa_distance, std::span(whole), {}, control);
  for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(whole[i], static_cast<std::int32_t>(alone[i]));
}

TEST(SimilarityMany, RefusesWhatItCannotAnswer) {
  const std::vector<std::int64_t> offsets{0, 2, 3};
  const std::string characters = "abc";
  const TextList<char> good{offsets, characters};
  std::vector<double> out(4);
  std::vector<std::int32_t> whole(4);
  const auto where = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.where();
    }
    return "nothing was thrown";
  };
  const std::span<double> room(out);
  const auto many = [&](const TextList<char>& q, const TextList<char>& c, std::span<double> to) {
    return where([&] { similarity_many(q, c, Scorer::osa_distance, to); });
  };
  EXPECT_EQ(many(good, good, room.first(3)), "out");
  const std::vector<std::int64_t> falling{2, 1, 3};
  const std::vector<std::int64_t> beyond{0, 1, 4};
  EXPECT_EQ(many({falling, characters}, good, room), "queries");
  EXPECT_EQ(many(good, {beyond, characters}, room), "choices");
  EXPECT_EQ(where([&] { similarity_many(good, good, Scorer::jaro_similarity, std::span(whole)); }), "out");
  EXPECT_EQ(where([&] { similarity_many(good, good, static_cast<Scorer>(99), room); }), "scorer");
  const std::u32string far = {0x110000, 1, 2};
  const TextList<char32_t> high{offsets, far};
  EXPECT_EQ(where([&] { similarity_many(high, high, Scorer::osa_distance, room); }), "queries");
  std::stop_source stop;
  stop.request_stop();
  Control control;
  control.stop = stop.get_token();
  try {
    similarity_many(good, good, Scorer::osa_distance, room, {}, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
  similarity_many(TextList<char>{}, good, Scorer::osa_distance, std::span<double>());
}

}  // namespace
}  // namespace klientela
