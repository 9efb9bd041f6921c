// The batch kernels: queries in groups of vector lanes, texts in tiles, everything else pair by pair.
#include "klientela/dedupe/similarity_batch.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/simd.hpp"
#include "dedupe/similarity_lanes.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed within this file alone
#endif

namespace klientela {
namespace lanes {

#define KLIENTELA_LANES_NAME narrow
#define KLIENTELA_LANES_BYTES 16
#define KLIENTELA_LANES_TARGET
#include "dedupe/similarity_lanes.inc"
#undef KLIENTELA_LANES_NAME
#undef KLIENTELA_LANES_BYTES
#undef KLIENTELA_LANES_TARGET

#ifdef KLIENTELA_WIDE
#define KLIENTELA_LANES_NAME wide
#define KLIENTELA_LANES_BYTES 32
#define KLIENTELA_LANES_TARGET __attribute__((target("avx2")))
#include "dedupe/similarity_lanes.inc"
#undef KLIENTELA_LANES_NAME
#undef KLIENTELA_LANES_BYTES
#undef KLIENTELA_LANES_TARGET

#define KLIENTELA_LANES_NAME widest
#define KLIENTELA_LANES_BYTES 64
#define KLIENTELA_LANES_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#include "dedupe/similarity_lanes.inc"
#undef KLIENTELA_LANES_NAME
#undef KLIENTELA_LANES_BYTES
#undef KLIENTELA_LANES_TARGET
#endif

std::vector<const Kernels*> usable_kernels() {
  std::vector<const Kernels*> usable;
#ifdef KLIENTELA_WIDE
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw"))
    usable.push_back(&widest::kernels);
  if (__builtin_cpu_supports("avx2")) usable.push_back(&wide::kernels);
#endif
  usable.push_back(&narrow::kernels);
  return usable;
}

}  // namespace lanes

namespace {

constexpr std::string_view names[scorer_count] = {"jaro_similarity",
                                                  "jaro_winkler_similarity",
                                                  "levenshtein_distance",
                                                  "levenshtein_similarity",
                                                  "osa_distance",
                                                  "osa_similarity",
                                                  "damerau_levenshtein_distance",
                                                  "damerau_levenshtein_similarity",
                                                  "token_sort_ratio",
                                                  "token_set_ratio",
                                                  "bigram_similarity",
                                                  "trigram_similarity"};

void check(Scorer scorer) {
  if (static_cast<std::size_t>(scorer) >= scorer_count)
    throw Error(Code::invalid_argument, "there is no scorer " + std::to_string(static_cast<int>(scorer)), "scorer");
}

/// A cutoff of similarities; 0 ends nothing early and loses nothing.
double similarity_cutoff(std::optional<double> cutoff) noexcept { return cutoff.value_or(0); }

/// A cutoff of distances; one below 0 or NaN is 0.
std::size_t distance_cutoff(std::optional<double> cutoff) noexcept {
  constexpr double most = 1e15;
  if (!cutoff || *cutoff >= most) return no_cutoff;
  return *cutoff > 0 ? static_cast<std::size_t>(*cutoff) : 0;
}

/// Small numbers for the characters of the queries, from 1; 0 for all others.
class Alphabet {
 public:
  template <class C>
  void add(std::span<const C> characters) {
    for (const C c : characters) {
      const std::uint32_t value = detail::code(c);
      if (value / 256 >= pages_.size()) pages_.resize(value / 256 + 1, 0);
      std::uint32_t& page = pages_[value / 256];
      if (page == 0) {
        page = static_cast<std::uint32_t>(codes_.size() / 256);
        codes_.resize(codes_.size() + 256, 0);
      }
      std::uint32_t& code = codes_[std::size_t{page} * 256 + value % 256];
      if (code == 0) code = ++size_;
    }
  }
  [[nodiscard]] std::uint32_t code(std::uint32_t value) const noexcept {
    return value / 256 < pages_.size() ? codes_[std::size_t{pages_[value / 256]} * 256 + value % 256] : 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::vector<std::uint32_t> pages_;
  std::vector<std::uint32_t> codes_ = std::vector<std::uint32_t>(256, 0);  // page 0 is empty
  std::uint32_t size_{0};
};

template <class C>
void check(const TextList<C>& texts, const char* argument) {
  if (texts.offsets.empty()) return;
  std::int64_t last = 0;
  for (const std::int64_t offset : texts.offsets) {
    if (offset < last)
      throw Error(Code::invalid_argument, std::string("the offsets of ") + argument + " fall or are negative",
                  argument);
    last = offset;
  }
  if (static_cast<std::uint64_t>(last) > texts.characters.size())
    throw Error(Code::invalid_argument, std::string("the offsets of ") + argument + " lead beyond the characters",
                argument);
  if constexpr (sizeof(C) > 1)
    for (const C c : texts.characters)
      if (detail::code(c) > 0x10FFFF)
        throw Error(Code::invalid_argument, std::string(argument) + " hold a number beyond U+10FFFF", argument);
}

constexpr std::size_t tile_texts = 1024;  // choices of one task
constexpr std::size_t tile_groups = 16;   // groups of queries of one task

enum class Family { levenshtein, osa, jaro, other };

Family family(Scorer scorer) noexcept {
  switch (scorer) {
    case Scorer::jaro_similarity:
    case Scorer::jaro_winkler_similarity: return Family::jaro;
    case Scorer::levenshtein_distance:
    case Scorer::levenshtein_similarity: return Family::levenshtein;
    case Scorer::osa_distance:
    case Scorer::osa_similarity: return Family::osa;
    default: return Family::other;
  }
}

/// The words of every text of a list, sorted, and joined where asked for: made once instead of for each pair.
template <class C>
class Words {
 public:
  Words(const TextList<C>& texts, bool joined) : begins_{0}, offsets_{0} {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      detail::Tokens<C> tokens;
      detail::split_sorted(texts[i], tokens);
      if (joined) {
        detail::Joined<C> text;
        detail::join<C>({tokens.data(), tokens.size()}, text);
        joined_.insert(joined_.end(), text.begin(), text.end());
        offsets_.push_back(joined_.size());
      } else {
        tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
        begins_.push_back(tokens_.size());
      }
    }
  }
  [[nodiscard]] std::span<const detail::Characters<C>> tokens(std::size_t i) const noexcept {
    return std::span(tokens_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
  }
  [[nodiscard]] detail::Characters<C> joined(std::size_t i) const noexcept {
    return std::span(joined_).subspan(offsets_[i], offsets_[i + 1] - offsets_[i]);
  }

 private:
  std::vector<detail::Characters<C>> tokens_;
  std::vector<std::size_t> begins_;
  std::vector<C> joined_;
  std::vector<std::size_t> offsets_;
};

/// Queries that go through the vector units together.
struct Group {
  std::size_t width;  // index of the lanes' type
  std::size_t begin;  // in the order of queries
  std::size_t end;
};

template <class C, class T>
class Batch {
 public:
  Batch(const TextList<C>& queries, const TextList<C>& choices, Scorer scorer, std::span<T> out,
        std::optional<double> cutoff, const lanes::Kernels& kernels)
      : queries_(queries),
        choices_(choices),
        scorer_(scorer),
        out_(out),
        cutoff_(cutoff),
        family_(family(scorer)),
        kernels_(kernels) {
    const bool sorted = scorer == Scorer::token_sort_ratio;
    if (!sorted && scorer != Scorer::token_set_ratio) return;
    query_words_.emplace(queries, sorted);
    choice_words_.emplace(choices, sorted);
  }

  void run(const Control& control) {
    group();
    const std::size_t tiles = (choices_.size() + tile_texts - 1) / tile_texts;
    const std::size_t parts = (groups_.size() + tile_groups - 1) / tile_groups;
    const std::size_t singles = (singles_.size() + tile_groups - 1) / tile_groups;
    control.run(tiles * (parts + singles), [&](std::size_t task) {
      control.check();
      const std::size_t part = task / tiles;
      const std::size_t first = task % tiles * tile_texts;
      const std::size_t last = std::min(first + tile_texts, choices_.size());
      if (part < parts)
        do_groups(part * tile_groups, std::min((part + 1) * tile_groups, groups_.size()), first, last);
      else
        do_singles((part - parts) * tile_groups, std::min((part - parts + 1) * tile_groups, singles_.size()), first,
                   last);
    });
  }

 private:
  /// Sorts queries into lanes of 8, 16, 32 and 64 bits, and those that go alone.
  void group() {
    const std::size_t n = queries_.size();
    std::array<std::vector<std::uint32_t>, 4> by_width;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t size = queries_[i].size();
      if (family_ == Family::other || size == 0 || size > 64) {
        singles_.push_back(i);
        continue;
      }
      const auto width = static_cast<std::size_t>(std::max(static_cast<int>(std::bit_width(size - 1)) - 3, 0));
      by_width[width].push_back(static_cast<std::uint32_t>(i));
      alphabet_.add(queries_[i]);
    }
    for (std::size_t width = 0; width < by_width.size(); ++width) {
      const std::size_t lanes = kernels_.bytes >> width;
      for (std::size_t i = 0; i < by_width[width].size(); i += lanes) {
        const std::size_t end = std::min(i + lanes, by_width[width].size());
        groups_.push_back({width, order_.size(), order_.size() + end - i});
        order_.insert(order_.end(), by_width[width].begin() + static_cast<std::ptrdiff_t>(i),
                      by_width[width].begin() + static_cast<std::ptrdiff_t>(end));
      }
    }
  }

  void do_singles(std::size_t begin, std::size_t end, std::size_t first, std::size_t last) {
    for (std::size_t s = begin; s < end; ++s) {
      const std::size_t query = singles_[s];
      T* const row = out_.data() + query * choices_.size();
      if (family_ == Family::other) {
        for (std::size_t j = first; j < last; ++j) row[j] = static_cast<T>(one(query, j));
      } else {
        const PreparedText prepared(queries_[query]);
        for (std::size_t j = first; j < last; ++j) row[j] = one(prepared, choices_[j]);
      }
    }
  }

  [[nodiscard]] double one(std::size_t query, std::size_t choice) const {
    if (!query_words_) return similarity(scorer_, queries_[query], choices_[choice], cutoff_);
    const double ratio = scorer_ == Scorer::token_sort_ratio
                             ? detail::indel_ratio(query_words_->joined(query), choice_words_->joined(choice))
                             : detail::token_set(query_words_->tokens(query), choice_words_->tokens(choice));
    return ratio < similarity_cutoff(cutoff_) ? 0 : ratio;
  }

  [[nodiscard]] T one(const PreparedText& query, std::span<const C> choice) const {
    const double cut = similarity_cutoff(cutoff_);
    switch (scorer_) {
      case Scorer::jaro_similarity: return static_cast<T>(jaro_similarity(query, choice, cut));
      case Scorer::jaro_winkler_similarity: return static_cast<T>(jaro_winkler_similarity(query, choice, cut));
      case Scorer::levenshtein_distance:
        return static_cast<T>(levenshtein_distance(query, choice, distance_cutoff(cutoff_)));
      case Scorer::levenshtein_similarity: return static_cast<T>(levenshtein_similarity(query, choice, cut));
      case Scorer::osa_distance: return static_cast<T>(osa_distance(query, choice, distance_cutoff(cutoff_)));
      default: return static_cast<T>(osa_similarity(query, choice, cut));
    }
  }

  void do_groups(std::size_t begin, std::size_t end, std::size_t first, std::size_t last) {
    std::vector<std::uint32_t> codes;
    std::vector<std::uint32_t> begins{0};
    for (std::size_t j = first; j < last; ++j) {
      for (const C c : choices_[j]) codes.push_back(alphabet_.code(detail::code(c)));
      if (codes.size() > std::numeric_limits<std::uint32_t>::max())
        throw Error(Code::out_of_range, "a text of the choices is longer than 2^32 characters", "choices");
      begins.push_back(static_cast<std::uint32_t>(codes.size()));
    }
    std::vector<lanes::Line> table((alphabet_.size() + 1) * kernels_.bytes / sizeof(lanes::Line) + 1);
    auto* const bytes = table.data()->bytes.data();
    std::memset(bytes, 0, table.size() * sizeof(lanes::Line));
    const auto windows = family_ == Family::jaro ? std::make_unique<lanes::Windows>() : nullptr;
    for (std::size_t g = begin; g < end; ++g) {
      switch (groups_[g].width) {
        case 0: do_group<std::uint8_t>(groups_[g], bytes, windows.get(), codes, begins, first); break;
        case 1: do_group<std::uint16_t>(groups_[g], bytes, windows.get(), codes, begins, first); break;
        case 2: do_group<std::uint32_t>(groups_[g], bytes, windows.get(), codes, begins, first); break;
        default: do_group<std::uint64_t>(groups_[g], bytes, windows.get(), codes, begins, first);
      }
    }
  }

  template <class W>
  void do_group(const Group& group, std::uint8_t* table, lanes::Windows* windows,
                const std::vector<std::uint32_t>& codes, const std::vector<std::uint32_t>& begins, std::size_t first) {
    const std::size_t lane_count = kernels_.bytes / sizeof(W);
    const auto each_mask = [&](const auto& visit) {
      for (std::size_t i = group.begin; i < group.end; ++i) {
        const std::span<const C> query = queries_[order_[i]];
        for (std::size_t k = 0; k < query.size(); ++k) {
          const std::uint32_t code = alphabet_.code(detail::code(query[k]));
          visit(table + code * kernels_.bytes + (i - group.begin) * sizeof(W), static_cast<W>(W{1} << k));
        }
      }
    };
    each_mask([](std::uint8_t* at, W bit) {
      W mask;
      std::memcpy(&mask, at, sizeof mask);
      mask = static_cast<W>(mask | bit);
      std::memcpy(at, &mask, sizeof mask);
    });
    std::array<std::uint8_t, 64> sizes;
    sizes.fill(1);
    for (std::size_t i = group.begin; i < group.end; ++i)
      sizes[i - group.begin] = static_cast<std::uint8_t>(queries_[order_[i]].size());
    if (windows != nullptr) windows->known.fill(false);

    alignas(64) std::array<std::int8_t, lanes::most_texts * 64> change;
    alignas(64) std::array<std::uint8_t, lanes::most_texts * 64> common;
    alignas(64) std::array<std::uint8_t, lanes::most_texts * 64> transpositions;
    alignas(64) std::array<std::uint8_t, lanes::most_texts * 64> prefix;
    const std::size_t texts = begins.size() - 1;
    for (std::size_t t = 0; t < texts; t += lanes::most_texts) {
      const lanes::Job job{table,
                           sizes.data(),
                           codes.data(),
                           begins.data() + t,
                           std::min(lanes::most_texts, texts - t),
                           scorer_ == Scorer::jaro_winkler_similarity,
                           windows,
                           change.data(),
                           common.data(),
                           transpositions.data(),
                           prefix.data()};
      constexpr std::size_t width = std::bit_width(sizeof(W)) - 1;
      if (family_ == Family::jaro)
        kernels_.jaro[width](job);
      else if (family_ == Family::levenshtein)
        kernels_.levenshtein[width](job);
      else
        kernels_.osa[width](job);
      for (std::size_t i = group.begin; i < group.end; ++i) {
        T* const row = out_.data() + order_[i] * choices_.size() + first + t;
        if (family_ == Family::jaro)
          finish_jaro(job, i - group.begin, lane_count, order_[i], first + t, row);
        else
          finish_edits(job, i - group.begin, lane_count, row);
      }
    }
    each_mask([](std::uint8_t* at, W) { std::memset(at, 0, sizeof(W)); });
  }

  void finish_edits(const lanes::Job& job, std::size_t lane, std::size_t lane_count, T* row) const {
    const std::int64_t m = job.sizes[lane];
    const bool distances = is_distance(scorer_);
    const std::size_t most = distances ? distance_cutoff(cutoff_) : no_cutoff;
    const double cut = similarity_cutoff(cutoff_);
    for (std::size_t k = 0; k < job.texts; ++k) {
      const auto n = static_cast<std::int64_t>(job.begins[k + 1] - job.begins[k]);
      const std::int64_t distance = n + job.change[k * lane_count + lane];
      if (distances) {
        row[k] = static_cast<T>(detail::limited(static_cast<std::size_t>(distance), most));
      } else {
        const double similarity = 1 - static_cast<double>(distance) / static_cast<double>(std::max(m, n));
        row[k] = static_cast<T>(similarity < cut ? 0 : similarity);
      }
    }
  }

  void finish_jaro(const lanes::Job& job, std::size_t lane, std::size_t lane_count, std::size_t query,
                   std::size_t choice, T* row) const {
    std::array<double, lanes::most_texts> common;
    std::array<double, lanes::most_texts> half;
    std::array<double, lanes::most_texts> prefix;
    std::array<double, lanes::most_texts> n;
    std::array<double, lanes::most_texts> result;
    bool any_long = false;
    for (std::size_t k = 0; k < job.texts; ++k) {
      const std::size_t at = k * lane_count + lane;
      common[k] = job.common[at];
      const auto halved = job.transpositions[at] / 2;
      half[k] = halved;
      prefix[k] = job.boost ? job.prefix[at] : 0;
      const std::uint32_t size = job.begins[k + 1] - job.begins[k];
      n[k] = size;
      any_long |= size > lanes::most_characters;
    }
    kernels_.finish_jaro(common.data(), half.data(), prefix.data(), n.data(), job.sizes[lane],
                         similarity_cutoff(cutoff_), job.texts, result.data());
    for (std::size_t k = 0; k < job.texts; ++k) row[k] = static_cast<T>(result[k]);
    if (!any_long) return;
    const PreparedText prepared(queries_[query]);
    for (std::size_t k = 0; k < job.texts; ++k)
      if (job.begins[k + 1] - job.begins[k] > lanes::most_characters) row[k] = one(prepared, choices_[choice + k]);
  }

  const TextList<C>& queries_;
  const TextList<C>& choices_;
  Scorer scorer_;
  std::span<T> out_;
  std::optional<double> cutoff_;
  Family family_;
  const lanes::Kernels& kernels_;
  std::optional<Words<C>> query_words_;
  std::optional<Words<C>> choice_words_;
  Alphabet alphabet_;
  std::vector<std::uint32_t> order_;
  std::vector<Group> groups_;
  std::vector<std::size_t> singles_;
};

}  // namespace

std::string_view name(Scorer scorer) {
  check(scorer);
  return names[static_cast<std::size_t>(scorer)];
}

std::optional<Scorer> scorer_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < scorer_count; ++i)
    if (names[i] == name) return static_cast<Scorer>(i);
  return std::nullopt;
}

bool is_distance(Scorer scorer) noexcept {
  return scorer == Scorer::levenshtein_distance || scorer == Scorer::osa_distance ||
         scorer == Scorer::damerau_levenshtein_distance;
}

template <class C>
double similarity(Scorer scorer, std::span<const C> a, std::span<const C> b, std::optional<double> cutoff) {
  check(scorer);
  const double cut = similarity_cutoff(cutoff);
  const std::size_t most = distance_cutoff(cutoff);
  switch (scorer) {
    case Scorer::jaro_similarity: return jaro_similarity(a, b, cut);
    case Scorer::jaro_winkler_similarity: return jaro_winkler_similarity(a, b, cut);
    case Scorer::levenshtein_distance: return static_cast<double>(levenshtein_distance(a, b, most));
    case Scorer::levenshtein_similarity: return levenshtein_similarity(a, b, cut);
    case Scorer::osa_distance: return static_cast<double>(osa_distance(a, b, most));
    case Scorer::osa_similarity: return osa_similarity(a, b, cut);
    case Scorer::damerau_levenshtein_distance: return static_cast<double>(damerau_levenshtein_distance(a, b, most));
    case Scorer::damerau_levenshtein_similarity: return damerau_levenshtein_similarity(a, b, cut);
    case Scorer::token_sort_ratio: return token_sort_ratio(a, b, cut);
    case Scorer::token_set_ratio: return token_set_ratio(a, b, cut);
    case Scorer::bigram_similarity: return qgram_similarity<2>(a, b, cut);
    case Scorer::trigram_similarity: return qgram_similarity<3>(a, b, cut);
  }
  return 0;
}

template <class C, class T>
void lanes::similarity_many_by(const Kernels& kernels, const TextList<C>& queries, const TextList<C>& choices,
                               Scorer scorer, std::span<T> out, std::optional<double> cutoff, const Control& control) {
  check(scorer);
  check(queries, "queries");
  check(choices, "choices");
  const std::size_t n = queries.size();
  const std::size_t m = choices.size();
  if ((m != 0 && n > no_cutoff / m) || out.size() != n * m)
    throw Error(Code::invalid_argument,
                "there is room for " + std::to_string(out.size()) + " results of " + std::to_string(n) +
                    " queries and " + std::to_string(m) + " choices",
                "out");
  if (std::is_integral_v<T> && !is_distance(scorer))
    throw Error(Code::invalid_argument, "whole numbers cannot hold what " + std::string(name(scorer)) + " says", "out");
  if (n > std::numeric_limits<std::uint32_t>::max())
    throw Error(Code::out_of_range, "there are more than 2^32 queries", "queries");
  if (out.empty()) return;
  Batch<C, T>(queries, choices, scorer, out, cutoff, kernels).run(control);
}

template <class C, class T>
void similarity_many(const TextList<C>& queries, const TextList<C>& choices, Scorer scorer, std::span<T> out,
                     std::optional<double> cutoff, const Control& control) {
  static const lanes::Kernels& kernels = *lanes::usable_kernels().front();
  lanes::similarity_many_by(kernels, queries, choices, scorer, out, cutoff, control);
}

template void lanes::similarity_many_by(const Kernels&, const TextList<char>&, const TextList<char>&, Scorer,
                                        std::span<double>, std::optional<double>, const Control&);
template void lanes::similarity_many_by(const Kernels&, const TextList<char32_t>&, const TextList<char32_t>&, Scorer,
                                        std::span<double>, std::optional<double>, const Control&);
template double similarity(Scorer, std::span<const char>, std::span<const char>, std::optional<double>);
template double similarity(Scorer, std::span<const char32_t>, std::span<const char32_t>, std::optional<double>);
template void similarity_many(const TextList<char>&, const TextList<char>&, Scorer, std::span<double>,
                              std::optional<double>, const Control&);
template void similarity_many(const TextList<char>&, const TextList<char>&, Scorer, std::span<float>,
                              std::optional<double>, const Control&);
template void similarity_many(const TextList<char>&, const TextList<char>&, Scorer, std::span<std::int32_t>,
                              std::optional<double>, const Control&);
template void similarity_many(const TextList<char32_t>&, const TextList<char32_t>&, Scorer, std::span<double>,
                              std::optional<double>, const Control&);
template void similarity_many(const TextList<char32_t>&, const TextList<char32_t>&, Scorer, std::span<float>,
                              std::optional<double>, const Control&);
template void similarity_many(const TextList<char32_t>&, const TextList<char32_t>&, Scorer, std::span<std::int32_t>,
                              std::optional<double>, const Control&);

}  // namespace klientela
