// How alike two texts are: bit-parallel kernels over spans of characters, and distances of numbers and places.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace klientela {

// What holds for every function of texts here:
//
// - A text is a contiguous range (string, string_view, span, vector) of characters of at most 32 bits, not necessarily
//   of one type in both texts of a call. A character is its unsigned value: give code points where a character may lie
//   beyond ASCII, since of UTF-8 each byte counts. NUL and lone surrogates are characters like others.
// - A cutoff ends work early. Distances above it come out as cutoff + 1, similarities below it as 0.
// - Thread-safe. Nothing is thrown but std::bad_alloc, and that only where memory is asked for: by texts beyond 64
//   characters (both of them for Jaro and Damerau-Levenshtein, else the shorter one), 32 tokens or 128 characters of
//   tokens. All others work on the stack.

/// What texts are made of.
template <class C>
concept Character = std::integral<C> && !std::same_as<std::remove_cv_t<C>, bool> && sizeof(C) <= 4;

/// A contiguous range of characters. Arrays are none, since a literal would count its NUL.
template <class T>
concept CharacterRange = !std::is_array_v<std::remove_cvref_t<T>> && requires(const T& text) {
  { std::size(text) } -> std::convertible_to<std::size_t>;
  requires std::is_pointer_v<decltype(std::data(text))>;
  requires Character<std::remove_cvref_t<decltype(*std::data(text))>>;
};

/// Distances are searched to the end.
inline constexpr std::size_t no_cutoff = std::numeric_limits<std::size_t>::max();

namespace detail {

template <class C>
using Characters = std::span<const C>;

template <CharacterRange T>
[[nodiscard]] constexpr auto characters(const T& text) noexcept {
  using C = std::remove_cvref_t<decltype(*std::data(text))>;
  return Characters<C>(std::data(text), static_cast<std::size_t>(std::size(text)));
}

template <Character C>
[[nodiscard]] constexpr std::uint32_t code(C character) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::make_unsigned_t<C>>(character));
}

/// Some values on the stack, many on the heap.
template <class T, std::size_t N>
class Few {
 public:
  static_assert(std::is_trivially_copy_constructible_v<T> && std::is_trivially_destructible_v<T>);
  Few() noexcept {}  // leaves the bytes as they are: most are never looked at
  explicit Few(std::size_t size, T value = {}) : size_(size), capacity_(std::max(size, N)) {
    if (size > N) {
      many_.resize(size);
      data_ = many_.data();
    }
    std::fill_n(data_, size, value);
  }
  Few(const Few&) = delete;
  Few& operator=(const Few&) = delete;
  void push_back(const T& value) {
    if (size_ == capacity_) {
      std::vector<T> more(capacity_ * 2);
      std::copy_n(data_, size_, more.data());
      many_.swap(more);
      data_ = many_.data();
      capacity_ *= 2;
    }
    data_[size_++] = value;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  alignas(T) std::byte few_[N * sizeof(T)];
  std::vector<T> many_;
  T* data_{reinterpret_cast<T*>(few_)};
  std::size_t size_{0};
  std::size_t capacity_{N};
};

template <class A, class B>
[[nodiscard]] constexpr bool same(Characters<A> a, Characters<B> b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](A x, B y) { return code(x) == code(y); });
}

/// Characters that both begin with.
template <class A, class B>
[[nodiscard]] constexpr std::size_t common_prefix(Characters<A> a, Characters<B> b) noexcept {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t n = 0;
  while (n < most && code(a[n]) == code(b[n])) ++n;
  return n;
}

/// Takes away what both begin with, and what both then end with.
template <class A, class B>
constexpr void trim_common(Characters<A>& a, Characters<B>& b) noexcept {
  const std::size_t front = common_prefix(a, b);
  a = a.subspan(front);
  b = b.subspan(front);
  while (!a.empty() && !b.empty() && code(a.back()) == code(b.back())) {
    a = a.first(a.size() - 1);
    b = b.first(b.size() - 1);
  }
}

[[nodiscard]] constexpr std::uint64_t low_bits(std::size_t count) noexcept {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// Masks of the characters of at most 64, for one comparison: cleared only where the other text looks.
class WordMasks {
 public:
  template <class P, class T>
  WordMasks(Characters<P> pattern, Characters<T> text) noexcept {
    bool wide = false;
    for (const T c : text) wide |= clear(code(c));
    for (const P c : pattern) wide |= clear(code(c));
    if (wide)
      for (Slot& slot : slots_) slot = {};
    std::uint64_t bit = 1;
    for (const P c : pattern) {
      const std::uint32_t value = code(c);
      if (value < low_.size()) {
        low_[value] |= bit;
      } else {
        Slot& slot = slots_[place(value)];
        slot.character = value;
        slot.mask |= bit;
      }
      bit <<= 1;
    }
  }
  /// Positions of a character of either text.
  template <class C>
  [[nodiscard]] std::uint64_t operator()(C character) const noexcept {
    const std::uint32_t value = code(character);
    return value < low_.size() ? low_[value] : slots_[place(value)].mask;
  }

 private:
  struct Slot {
    std::uint32_t character;  // 0: free
    std::uint64_t mask;
  };

  bool clear(std::uint32_t value) noexcept {
    if (value >= low_.size()) return true;
    low_[value] = 0;
    return false;
  }
  [[nodiscard]] std::size_t place(std::uint32_t value) const noexcept {
    std::size_t at = (value * 0x9E3779B1U) >> 25;
    while (slots_[at].character != value && slots_[at].character != 0) at = (at + 1) % slots_.size();
    return at;
  }

  std::array<std::uint64_t, 256> low_;
  std::array<Slot, 128> slots_;  // at most half of them taken
};

}  // namespace detail

/// A text with the positions of its characters as masks, made once and compared with many. The functions below that
/// take one in place of their first text give what they would for that text.
/// Memory: 2 KiB and, for more than 64 characters or such beyond U+00FF, what they need. Immutable; thread-safe.
class PreparedText {
 public:
  PreparedText() : PreparedText(std::span<const char>()) {}
  template <CharacterRange T>
  explicit PreparedText(const T& text) {
    const auto all = detail::characters(text);
    size_ = all.size();
    words_ = std::max<std::size_t>((size_ + 63) / 64, 1);
    if (words_ > 1) low_.resize(256 * (words_ - 1));
    std::size_t wide = 0;
    for (const auto c : all) wide += detail::code(c) > 0xFF ? 1 : 0;
    if (wide > 0) {
      characters_.resize(std::bit_ceil(2 * wide));
      masks_.resize(characters_.size() * words_);
    }
    for (std::size_t i = 0; i < size_; ++i) {
      const std::uint32_t value = detail::code(all[i]);
      const std::uint64_t bit = std::uint64_t{1} << (i % 64);
      if (value > 0xFF) {
        const std::size_t at = place(value);
        characters_[at] = value;
        masks_[at * words_ + i / 64] |= bit;
      } else if (i < 64) {
        first_[value] |= bit;
      } else {
        low_[value * (words_ - 1) + i / 64 - 1] |= bit;
      }
    }
  }

  /// Characters.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Masks per character, at least 1.
  [[nodiscard]] std::size_t words() const noexcept { return words_; }
  /// Bit i: whether the character stands at 64 * word + i. word < words().
  template <Character C>
  [[nodiscard]] std::uint64_t mask(C character, std::size_t word = 0) const noexcept {
    const std::uint32_t value = detail::code(character);
    if (value <= 0xFF) return word == 0 ? first_[value] : low_[value * (words_ - 1) + word - 1];
    if (characters_.empty()) return 0;
    return masks_[place(value) * words_ + word];
  }

 private:
  [[nodiscard]] std::size_t place(std::uint32_t value) const noexcept {
    std::size_t at = (value * 0x9E3779B1U) & (characters_.size() - 1);
    while (characters_[at] != value && characters_[at] != 0) at = (at + 1) & (characters_.size() - 1);
    return at;
  }

  std::size_t size_{0};
  std::size_t words_{1};
  std::array<std::uint64_t, 256> first_{};
  std::vector<std::uint64_t> low_;         // the other words of characters up to U+00FF
  std::vector<std::uint32_t> characters_;  // those beyond, by hash; 0: free
  std::vector<std::uint64_t> masks_;
};

namespace detail {

/// Levenshtein distance of a pattern of 1 to 64 characters; OSA where transpositions count. Hyyrö, "A bit-vector
/// algorithm for computing Levenshtein and Damerau edit distances", Nordic Journal of Computing 10 (2003).
template <bool transpose, class Mask, class T>
[[nodiscard]] std::size_t edits_in_word(const Mask& mask, std::size_t size, Characters<T> text,
                                        std::size_t cutoff) noexcept {
  std::uint64_t vp = ~std::uint64_t{0};
  std::uint64_t vn = 0;
  std::uint64_t d0 = 0;
  std::uint64_t before = 0;
  const std::size_t n = text.size();
  const std::uint64_t last = std::uint64_t{1} << (size - 1);
  const bool limited = cutoff < std::max(size, n);
  std::size_t distance = size;
  for (std::size_t j = 0; j < n; ++j) {
    const std::uint64_t x = mask(text[j]);
    const std::uint64_t swapped = transpose ? ((~d0 & x) << 1) & before : 0;
    d0 = (((x & vp) + vp) ^ vp) | x | vn | swapped;
    std::uint64_t hp = vn | ~(d0 | vp);
    std::uint64_t hn = d0 & vp;
    if (limited) {
      distance += (hp & last) != 0 ? 1 : 0;
      distance -= (hn & last) != 0 ? 1 : 0;
      // Each character that is left can lower the distance by one.
      if (distance > cutoff && distance - cutoff > n - 1 - j) return cutoff + 1;
    }
    hp = (hp << 1) | 1;
    hn <<= 1;
    vp = hn | ~(d0 | hp);
    vn = hp & d0;
    if constexpr (transpose) before = x;
  }
  // Down the last column from n: its steps are what vp and vn say.
  const std::uint64_t rows = low_bits(size);
  return n + static_cast<std::size_t>(std::popcount(vp & rows)) - static_cast<std::size_t>(std::popcount(vn & rows));
}

/// The same for patterns of any length above 0.
template <bool transpose, class T>
[[nodiscard]] std::size_t edits_in_words(const PreparedText& pattern, Characters<T> text, std::size_t cutoff) {
  struct Column {
    std::uint64_t vp{~std::uint64_t{0}};
    std::uint64_t vn{0};
    std::uint64_t d0{0};
    std::uint64_t mask{0};
  };
  const std::size_t words = pattern.words();
  const std::size_t n = text.size();
  const std::uint64_t last = std::uint64_t{1} << ((pattern.size() - 1) % 64);
  Few<Column, 16> columns(words);
  std::size_t distance = pattern.size();
  for (std::size_t j = 0; j < n; ++j) {
    std::uint64_t carry_hp = 1;
    std::uint64_t carry_hn = 0;
    std::uint64_t carry_swap = 0;
    for (std::size_t w = 0; w < words; ++w) {
      Column& column = columns[w];
      const std::uint64_t mask = pattern.mask(text[j], w);
      std::uint64_t swapped = 0;
      if constexpr (transpose) {
        const std::uint64_t first = ~column.d0 & mask;
        swapped = ((first << 1) | carry_swap) & column.mask;
        carry_swap = first >> 63;
        column.mask = mask;
      }
      const std::uint64_t x = mask | carry_hn;
      const std::uint64_t d0 = (((x & column.vp) + column.vp) ^ column.vp) | x | column.vn | swapped;
      std::uint64_t hp = column.vn | ~(d0 | column.vp);
      std::uint64_t hn = d0 & column.vp;
      if (w + 1 == words) {
        distance += (hp & last) != 0 ? 1 : 0;
        distance -= (hn & last) != 0 ? 1 : 0;
      }
      const std::uint64_t out_hp = hp >> 63;
      const std::uint64_t out_hn = hn >> 63;
      hp = (hp << 1) | carry_hp;
      hn = (hn << 1) | carry_hn;
      carry_hp = out_hp;
      carry_hn = out_hn;
      column.vp = hn | ~(d0 | hp);
      column.vn = hp & d0;
      column.d0 = d0;
    }
    if (distance > cutoff && distance - cutoff > n - 1 - j) return cutoff + 1;
  }
  return distance;
}

[[nodiscard]] constexpr std::size_t limited(std::size_t distance, std::size_t cutoff) noexcept {
  return distance <= cutoff ? distance : cutoff + 1;
}

template <bool transpose, class T>
[[nodiscard]] std::size_t edits(const PreparedText& pattern, Characters<T> text, std::size_t cutoff) {
  const std::size_t m = pattern.size();
  const std::size_t n = text.size();
  if ((m > n ? m - n : n - m) > cutoff) return cutoff + 1;
  if (m == 0 || n == 0) return limited(m + n, cutoff);
  if (pattern.words() == 1)
    return limited(edits_in_word<transpose>([&](T c) { return pattern.mask(c); }, m, text, cutoff), cutoff);
  return limited(edits_in_words<transpose>(pattern, text, cutoff), cutoff);
}

template <bool transpose, class A, class B>
[[nodiscard]] std::size_t edits(Characters<A> a, Characters<B> b, std::size_t cutoff) {
  if (a.size() > b.size()) return edits<transpose>(b, a, cutoff);
  if (b.size() - a.size() > cutoff) return cutoff + 1;
  trim_common(a, b);
  if (a.empty()) return limited(b.size(), cutoff);
  if (cutoff == 0) return 1;
  if (a.size() > 64) return limited(edits_in_words<transpose>(PreparedText(a), b, cutoff), cutoff);
  const WordMasks masks(a, b);
  return limited(edits_in_word<transpose>(masks, a.size(), b, cutoff), cutoff);
}

/// Rows where characters stood last.
template <class C>
class LastRows {
 public:
  explicit LastRows(std::size_t rows) : slots_(sizeof(C) > 1 ? std::bit_ceil(2 * rows) : 0) { low_.fill(0); }
  [[nodiscard]] std::size_t get(std::uint32_t value) const noexcept {
    if (value < low_.size()) return low_[value];
    return slots_.empty() ? 0 : slots_[place(value)].row;
  }
  void set(std::uint32_t value, std::size_t row) noexcept {
    if (value < low_.size())
      low_[value] = row;
    else
      slots_[place(value)] = {value, row};
  }

 private:
  [[nodiscard]] std::size_t place(std::uint32_t value) const noexcept {
    std::size_t at = (value * 0x9E3779B1U) & (slots_.size() - 1);
    while (slots_[at].character != value && slots_[at].character != 0) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  struct Slot {
    std::uint32_t character{0};  // 0: free
    std::size_t row{0};
  };
  std::array<std::size_t, 256> low_;
  Few<Slot, 128> slots_;
};

/// Zhao and Sahni, "Linear space string correction algorithm using the Damerau-Levenshtein distance", BMC
/// Bioinformatics 21 (2020).
template <class A, class B>
[[nodiscard]] std::size_t damerau(Characters<A> a, Characters<B> b) {
  const auto m = static_cast<std::int64_t>(a.size());
  const auto n = static_cast<std::int64_t>(b.size());
  const std::int64_t never = std::max(m, n) + 1;
  LastRows<A> last_rows(a.size());
  const std::size_t width = b.size() + 2;  // one column before the first
  Few<std::int64_t, 66> matched(width, never);
  Few<std::int64_t, 66> one(width, never);
  Few<std::int64_t, 66> other(width, never);
  std::int64_t* row = one.data() + 1;
  std::int64_t* above = other.data() + 1;
  std::int64_t* const before = matched.data() + 1;
  std::iota(row, row + n + 1, std::int64_t{0});
  for (std::int64_t i = 1; i <= m; ++i) {
    std::swap(row, above);
    const std::uint32_t x = code(a[static_cast<std::size_t>(i - 1)]);
    std::int64_t column = -1;      // where x stood last in b
    std::int64_t two_up = row[0];  // two rows up, one column back
    std::int64_t swapped = never;
    row[0] = i;
    for (std::int64_t j = 1; j <= n; ++j) {
      const std::uint32_t y = code(b[static_cast<std::size_t>(j - 1)]);
      std::int64_t best = std::min({above[j - 1] + (x != y ? 1 : 0), row[j - 1] + 1, above[j] + 1});
      if (x == y) {
        column = j;
        before[j] = above[j - 2];
        swapped = two_up;
      } else {
        const auto k = static_cast<std::int64_t>(last_rows.get(y));
        if (j - column == 1 && k > 0)
          best = std::min(best, before[j] + (i - k));
        else if (i - k == 1 && k > 0)
          best = std::min(best, swapped + (j - column));
      }
      two_up = row[j];
      row[j] = best;
    }
    last_rows.set(x, static_cast<std::size_t>(i));
  }
  return static_cast<std::size_t>(row[n]);
}

/// Length of the longest common subsequence. Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
template <class A, class B>
[[nodiscard]] std::size_t common_subsequence(Characters<A> a, Characters<B> b) {
  if (a.size() > b.size()) return common_subsequence(b, a);
  const std::size_t all = a.size();
  trim_common(a, b);
  const std::size_t trimmed = all - a.size();
  if (a.empty()) return trimmed;
  if (a.size() <= 64) {
    const WordMasks masks(a, b);
    std::uint64_t s = ~std::uint64_t{0};
    for (const B c : b) {
      const std::uint64_t u = s & masks(c);
      s = (s + u) | (s - u);
    }
    return trimmed + static_cast<std::size_t>(std::popcount(~s & low_bits(a.size())));
  }
  const PreparedText pattern(a);
  Few<std::uint64_t, 16> words(pattern.words(), ~std::uint64_t{0});
  for (const B c : b) {
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words.size(); ++w) {
      const std::uint64_t s = words[w];
      const std::uint64_t u = s & pattern.mask(c, w);
      const std::uint64_t part = s + u;
      const std::uint64_t sum = part + carry;
      carry = (part < s ? 1U : 0U) | (sum < part ? 1U : 0U);
      words[w] = sum | (s - u);
    }
  }
  std::size_t length = trimmed;
  for (std::size_t w = 0; w < words.size(); ++w)
    length += static_cast<std::size_t>(std::popcount(~words[w] & low_bits(a.size() - 64 * w)));
  return length;
}

/// How far apart equal characters may stand to be common, for the longer of two texts of so many characters.
[[nodiscard]] constexpr std::size_t jaro_reach(std::size_t longer) noexcept { return longer < 4 ? 0 : longer / 2 - 1; }

/// half: half the transpositions, rounded down.
[[nodiscard]] constexpr double jaro_of(std::size_t common, std::size_t half, std::size_t m, std::size_t n) noexcept {
  const auto c = static_cast<double>(common);
  return (c / static_cast<double>(m) + c / static_cast<double>(n) + (c - static_cast<double>(half)) / c) / 3.0;
}

inline constexpr double winkler_threshold = 0.7;
inline constexpr double winkler_weight = 0.1;
inline constexpr std::size_t winkler_prefix = 4;

[[nodiscard]] constexpr double winkler_of(double jaro, std::size_t prefix) noexcept {
  return jaro > winkler_threshold ? jaro + static_cast<double>(prefix) * winkler_weight * (1.0 - jaro) : jaro;
}

/// Jaro of a pattern of m and a text of 1 to 64 characters, boosted for the `prefix` that both begin with.
template <class Mask, class T>
[[nodiscard]] double jaro_in_word(const Mask& mask, std::size_t m, Characters<T> text, std::size_t prefix,
                                  double cutoff) noexcept {
  const std::size_t n = text.size();
  const std::size_t reach = jaro_reach(std::max(m, n));
  const std::size_t end = std::min(n, m + reach);
  std::uint64_t window = low_bits(reach + 1);
  std::uint64_t in_pattern = 0;
  std::uint64_t in_text = 0;
  for (std::size_t j = 0; j < end; ++j) {
    const std::uint64_t found = mask(text[j]) & window & ~in_pattern;
    in_pattern |= found & (~found + 1);
    in_text |= static_cast<std::uint64_t>(found != 0) << j;
    window = (window << 1) | static_cast<std::uint64_t>(j < reach);
  }
  if (in_pattern == 0) return 0;
  const auto common = static_cast<std::size_t>(std::popcount(in_pattern));
  if (cutoff > 0 && winkler_of(jaro_of(common, 0, m, n), prefix) < cutoff) return 0;
  std::size_t transpositions = 0;
  while (in_text != 0) {
    const std::uint64_t bit = in_pattern & (~in_pattern + 1);
    const auto j = static_cast<std::size_t>(std::countr_zero(in_text));
    transpositions += (mask(text[j]) & bit) == 0 ? 1 : 0;
    in_pattern ^= bit;
    in_text &= in_text - 1;
  }
  const double similarity = winkler_of(jaro_of(common, transpositions / 2, m, n), prefix);
  return similarity < cutoff ? 0 : similarity;
}

/// The same for texts of any length above 0.
template <class T>
[[nodiscard]] double jaro_in_words(const PreparedText& pattern, Characters<T> text, std::size_t prefix, double cutoff) {
  const std::size_t m = pattern.size();
  const std::size_t n = text.size();
  const std::size_t reach = jaro_reach(std::max(m, n));
  const std::size_t end = std::min(n, m + reach);
  Few<std::uint64_t, 16> in_pattern(pattern.words());
  Few<std::uint64_t, 16> in_text((end + 63) / 64);
  std::size_t common = 0;
  for (std::size_t j = 0; j < end; ++j) {
    const std::size_t low = j > reach ? j - reach : 0;
    const std::size_t high = std::min(m - 1, j + reach);  // inclusive
    for (std::size_t w = low / 64; w <= high / 64; ++w) {
      std::uint64_t found = pattern.mask(text[j], w) & ~in_pattern[w];
      if (w == low / 64) found &= ~low_bits(low % 64);
      if (w == high / 64) found &= low_bits(high % 64 + 1);
      if (found == 0) continue;
      in_pattern[w] |= found & (~found + 1);
      in_text[j / 64] |= std::uint64_t{1} << (j % 64);
      ++common;
      break;
    }
  }
  if (common == 0) return 0;
  if (cutoff > 0 && winkler_of(jaro_of(common, 0, m, n), prefix) < cutoff) return 0;
  std::size_t transpositions = 0;
  std::size_t w = 0;
  for (std::size_t v = 0; v < in_text.size(); ++v) {
    for (std::uint64_t left = in_text[v]; left != 0; left &= left - 1) {
      const std::size_t j = 64 * v + static_cast<std::size_t>(std::countr_zero(left));
      while (in_pattern[w] == 0) ++w;
      const std::uint64_t bit = in_pattern[w] & (~in_pattern[w] + 1);
      transpositions += (pattern.mask(text[j], w) & bit) == 0 ? 1 : 0;
      in_pattern[w] ^= bit;
    }
  }
  const double similarity = winkler_of(jaro_of(common, transpositions / 2, m, n), prefix);
  return similarity < cutoff ? 0 : similarity;
}

/// Whether texts of these lengths could reach the cutoff at all.
[[nodiscard]] constexpr bool jaro_may_reach(std::size_t m, std::size_t n, std::size_t prefix, double cutoff) noexcept {
  return cutoff <= 0 || winkler_of(jaro_of(std::min(m, n), 0, m, n), prefix) >= cutoff;
}

template <class T>
[[nodiscard]] double jaro(const PreparedText& pattern, Characters<T> text, bool boost, double cutoff) {
  const std::size_t m = pattern.size();
  if (m == 0 || text.empty()) return m == text.size() && cutoff <= 1 ? 1 : 0;
  std::size_t prefix = 0;
  if (boost)
    while (prefix < std::min({winkler_prefix, m, text.size()}) && (pattern.mask(text[prefix]) >> prefix & 1) != 0)
      ++prefix;
  if (!jaro_may_reach(m, text.size(), prefix, cutoff)) return 0;
  if (m <= 64 && text.size() <= 64) return jaro_in_word([&](T c) { return pattern.mask(c); }, m, text, prefix, cutoff);
  return jaro_in_words(pattern, text, prefix, cutoff);
}

template <class A, class B>
[[nodiscard]] double jaro(Characters<A> a, Characters<B> b, bool boost, double cutoff) {
  if (a.empty() || b.empty()) return a.size() == b.size() && cutoff <= 1 ? 1 : 0;
  std::size_t prefix = 0;
  if (boost) prefix = common_prefix(a.first(std::min(a.size(), winkler_prefix)), b);
  if (!jaro_may_reach(a.size(), b.size(), prefix, cutoff)) return 0;
  if (a.size() > 64 || b.size() > 64) return jaro_in_words(PreparedText(a), b, prefix, cutoff);
  const WordMasks masks(a, b);
  return jaro_in_word(masks, a.size(), b, prefix, cutoff);
}

/// 1 - distance / longer; 1 for two empty texts; 0 below the cutoff.
template <class Distance>
[[nodiscard]] double normalised(std::size_t longer, double cutoff, const Distance& distance) {
  if (longer == 0) return cutoff <= 1 ? 1 : 0;
  const auto size = static_cast<double>(longer);
  // One more than the cutoff asks for: rounding must not lose a pair that is just on it.
  const double most = cutoff > 0 ? std::max((1 - cutoff) * size, 0.0) : size;
  const double similarity = 1 - static_cast<double>(distance(static_cast<std::size_t>(most) + 1)) / size;
  return similarity < cutoff ? 0 : similarity;
}

}  // namespace detail

/// Jaro similarity, 0 to 1: (c / |a| + c / |b| + (c - t) / c) / 3 of c common characters, t half the number of those
/// out of order, rounded down. Equal characters are common within max(|a|, |b|) / 2 - 1 places, each once, the first
/// free one of `a` for each of `b` in turn. Two empty texts: 1; one: 0. O(|a| |b| / 64). Source: Jaro, JASA 84 (1989)
/// 414-420; as rapidfuzz.distance.Jaro.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double jaro_similarity(const A& a, const B& b, double cutoff = 0) {
  return detail::jaro(detail::characters(a), detail::characters(b), false, cutoff);
}
template <CharacterRange B>
[[nodiscard]] double jaro_similarity(const PreparedText& a, const B& b, double cutoff = 0) {
  return detail::jaro(a, detail::characters(b), false, cutoff);
}

/// Jaro similarity s, above 0.7 raised to s + 0.1 p (1 - s), where the texts begin with p equal characters, at most 4
/// counted. O(|a| |b| / 64).
/// Source: Winkler, "String comparator metrics" (1990); as rapidfuzz.distance.JaroWinkler.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double jaro_winkler_similarity(const A& a, const B& b, double cutoff = 0) {
  return detail::jaro(detail::characters(a), detail::characters(b), true, cutoff);
}
template <CharacterRange B>
[[nodiscard]] double jaro_winkler_similarity(const PreparedText& a, const B& b, double cutoff = 0) {
  return detail::jaro(a, detail::characters(b), true, cutoff);
}

/// Whether jaro_winkler_similarity() reaches a limit, which a long common beginning tells without looking at the rest.
/// O(|a| |b| / 64)
template <CharacterRange A, CharacterRange B>
[[nodiscard]] bool jaro_winkler_reaches(const A& a, const B& b, double limit) {
  const auto x = detail::characters(a);
  const auto y = detail::characters(b);
  const std::size_t m = x.size();
  const std::size_t n = y.size();
  // Characters of a common beginning are common, each in its place. So long a one is worth more than any characters
  // behind it could take off by being out of order: the similarity is least where no other is common.
  const std::size_t both = detail::common_prefix(x, y);
  if (both > 0 && 2 * both * (m + n) >= m * n &&
      detail::winkler_of(detail::jaro_of(both, 0, m, n), std::min(both, detail::winkler_prefix)) >= limit + 1e-9)
    return true;
  return detail::jaro(x, y, true, limit) >= limit;
}

/// Fewest insertions, deletions and substitutions of a character that turn one text into the other. O(|a| |b| / 64).
/// Source: Myers, JACM 46 (1999) 395-415, in the form of Hyyrö (2003).
template <CharacterRange A, CharacterRange B>
[[nodiscard]] std::size_t levenshtein_distance(const A& a, const B& b, std::size_t cutoff = no_cutoff) {
  return detail::edits<false>(detail::characters(a), detail::characters(b), cutoff);
}
template <CharacterRange B>
[[nodiscard]] std::size_t levenshtein_distance(const PreparedText& a, const B& b, std::size_t cutoff = no_cutoff) {
  return detail::edits<false>(a, detail::characters(b), cutoff);
}

/// Optimal string alignment: the same with swaps of neighbours, where no place is edited twice ("ca", "abc": 3).
/// O(|a| |b| / 64). Source: Hyyrö (2003).
template <CharacterRange A, CharacterRange B>
[[nodiscard]] std::size_t osa_distance(const A& a, const B& b, std::size_t cutoff = no_cutoff) {
  return detail::edits<true>(detail::characters(a), detail::characters(b), cutoff);
}
template <CharacterRange B>
[[nodiscard]] std::size_t osa_distance(const PreparedText& a, const B& b, std::size_t cutoff = no_cutoff) {
  return detail::edits<true>(a, detail::characters(b), cutoff);
}

/// Unrestricted Damerau-Levenshtein distance: swapped neighbours may be edited again ("ca", "abc": 2). O(|a| |b|).
template <CharacterRange A, CharacterRange B>
[[nodiscard]] std::size_t damerau_levenshtein_distance(const A& a, const B& b, std::size_t cutoff = no_cutoff) {
  auto one = detail::characters(a);
  auto other = detail::characters(b);
  if ((one.size() > other.size() ? one.size() - other.size() : other.size() - one.size()) > cutoff) return cutoff + 1;
  detail::trim_common(one, other);
  if (one.empty() || other.empty()) return detail::limited(one.size() + other.size(), cutoff);
  return detail::limited(detail::damerau(one, other), cutoff);
}

/// 1 - distance / max(|a|, |b|), 0 to 1; two empty texts: 1.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double levenshtein_similarity(const A& a, const B& b, double cutoff = 0) {
  return detail::normalised(std::max<std::size_t>(std::size(a), std::size(b)), cutoff,
                            [&](std::size_t most) { return levenshtein_distance(a, b, most); });
}
template <CharacterRange B>
[[nodiscard]] double levenshtein_similarity(const PreparedText& a, const B& b, double cutoff = 0) {
  return detail::normalised(std::max<std::size_t>(a.size(), std::size(b)), cutoff,
                            [&](std::size_t most) { return levenshtein_distance(a, b, most); });
}
/// 1 - distance / max(|a|, |b|), 0 to 1; two empty texts: 1.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double osa_similarity(const A& a, const B& b, double cutoff = 0) {
  return detail::normalised(std::max<std::size_t>(std::size(a), std::size(b)), cutoff,
                            [&](std::size_t most) { return osa_distance(a, b, most); });
}
template <CharacterRange B>
[[nodiscard]] double osa_similarity(const PreparedText& a, const B& b, double cutoff = 0) {
  return detail::normalised(std::max<std::size_t>(a.size(), std::size(b)), cutoff,
                            [&](std::size_t most) { return osa_distance(a, b, most); });
}
/// 1 - distance / max(|a|, |b|), 0 to 1; two empty texts: 1.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double damerau_levenshtein_similarity(const A& a, const B& b, double cutoff = 0) {
  return detail::normalised(std::max<std::size_t>(std::size(a), std::size(b)), cutoff,
                            [&](std::size_t most) { return damerau_levenshtein_distance(a, b, most); });
}

namespace detail {

/// ASCII blanks; of wider characters, whose text is code points, every White_Space and U+001C to U+001F, as Python.
template <class C>
[[nodiscard]] constexpr bool is_blank(C character) noexcept {
  const std::uint32_t c = code(character);
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || c >= 0x1C;
  if constexpr (sizeof(C) == 1) return false;
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

template <class A, class B>
[[nodiscard]] constexpr std::strong_ordering compare(Characters<A> a, Characters<B> b) noexcept {
  const std::size_t n = common_prefix(a, b);
  if (n == a.size() || n == b.size()) return a.size() <=> b.size();
  return code(a[n]) <=> code(b[n]);
}

template <class C>
using Tokens = Few<Characters<C>, 32>;
template <class C>
using Joined = Few<C, 128>;

/// What stands between blanks, sorted by code.
template <class C>
void split_sorted(Characters<C> text, Tokens<C>& tokens) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && !is_blank(text[end])) ++end;
    if (end > i) tokens.push_back(text.subspan(i, end - i));
    i = end + 1;
  }
  std::sort(tokens.begin(), tokens.end(), [](Characters<C> x, Characters<C> y) { return std::is_lt(compare(x, y)); });
}

template <class C>
void join(std::span<const Characters<C>> tokens, Joined<C>& joined) {
  for (const Characters<C> token : tokens) {
    if (!joined.empty()) joined.push_back(static_cast<C>(' '));
    for (const C c : token) joined.push_back(c);
  }
}

/// 0 to 100 of an insertion and deletion distance.
[[nodiscard]] constexpr double ratio_of(std::size_t distance, std::size_t sizes) noexcept {
  return sizes == 0 ? 100.0 : 100.0 - 100.0 * static_cast<double>(distance) / static_cast<double>(sizes);
}

/// 100 (1 - d / (|a| + |b|)), d the fewest insertions and deletions that turn one into the other.
template <class A, class B>
[[nodiscard]] double indel_ratio(Characters<A> a, Characters<B> b) {
  const std::size_t sizes = a.size() + b.size();
  return ratio_of(sizes - 2 * common_subsequence(a, b), sizes);
}

/// token_set_ratio() of sorted tokens.
template <class A, class B>
[[nodiscard]] double token_set(std::span<const Characters<A>> a, std::span<const Characters<B>> b) {
  if (a.empty() || b.empty()) return 0;
  Joined<A> only_a;
  Joined<B> only_b;
  std::size_t shared = 0;  // characters of the tokens of both, joined
  const auto add = [](const auto& token, auto& joined) {
    if (!joined.empty()) joined.push_back(static_cast<std::remove_cvref_t<decltype(token[0])>>(' '));
    for (const auto c : token) joined.push_back(c);
  };
  bool any_shared = false;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < a.size() || k < b.size()) {
    const std::strong_ordering order = i == a.size()   ? std::strong_ordering::greater
                                       : k == b.size() ? std::strong_ordering::less
                                                       : compare(a[i], b[k]);
    if (std::is_eq(order)) {
      shared += a[i].size() + (any_shared ? 1 : 0);
      any_shared = true;
    } else if (std::is_lt(order)) {
      add(a[i], only_a);
    } else {
      add(b[k], only_b);
    }
    // Each token counts once.
    if (std::is_lteq(order))
      for (const Characters<A> token = a[i]; i < a.size() && std::is_eq(compare(a[i], token));) ++i;
    if (std::is_gteq(order))
      for (const Characters<B> token = b[k]; k < b.size() && std::is_eq(compare(b[k], token));) ++k;
  }
  if (any_shared && (only_a.empty() || only_b.empty())) return 100;
  const std::size_t blank = any_shared ? 1 : 0;
  const std::size_t with_a = shared + blank + only_a.size();
  const std::size_t with_b = shared + blank + only_b.size();
  const Characters<A> rest_a(only_a.data(), only_a.size());
  const Characters<B> rest_b(only_b.data(), only_b.size());
  const std::size_t distance = rest_a.size() + rest_b.size() - 2 * common_subsequence(rest_a, rest_b);
  const double whole = ratio_of(distance, with_a + with_b);
  if (!any_shared) return whole;
  return std::max(
      {whole, ratio_of(blank + only_a.size(), shared + with_a), ratio_of(blank + only_b.size(), shared + with_b)});
}

}  // namespace detail

/// How alike the texts are whose words (what stands between blanks) are sorted by code and joined by one blank: 0 to
/// 100 (1 - d / (|a| + |b|)), d insertions and deletions. Two texts without words: 100. Blanks are those of ASCII and,
/// in characters wider than a byte, all of Unicode's. O(|a| |b| / 64). As rapidfuzz.fuzz.token_sort_ratio.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double token_sort_ratio(const A& a, const B& b, double cutoff = 0) {
  const auto one = detail::characters(a);
  const auto other = detail::characters(b);
  using C = typename decltype(one)::value_type;
  using D = typename decltype(other)::value_type;
  detail::Tokens<C> a_tokens;
  detail::Tokens<D> b_tokens;
  detail::Joined<C> a_joined;
  detail::Joined<D> b_joined;
  detail::split_sorted(one, a_tokens);
  detail::split_sorted(other, b_tokens);
  detail::join<C>({a_tokens.data(), a_tokens.size()}, a_joined);
  detail::join<D>({b_tokens.data(), b_tokens.size()}, b_joined);
  const double ratio = detail::indel_ratio(detail::Characters<C>(a_joined.data(), a_joined.size()),
                                           detail::Characters<D>(b_joined.data(), b_joined.size()));
  return ratio < cutoff ? 0 : ratio;
}

/// The best of three such ratios, each word counted once: of the words of both followed by those of one alone and of
/// the other alone, and of the words of both beside either. 100 where one has all words of the other; 0 where one has
/// none. O(|a| |b| / 64). As rapidfuzz.fuzz.token_set_ratio.
template <CharacterRange A, CharacterRange B>
[[nodiscard]] double token_set_ratio(const A& a, const B& b, double cutoff = 0) {
  const auto one = detail::characters(a);
  const auto other = detail::characters(b);
  using C = typename decltype(one)::value_type;
  using D = typename decltype(other)::value_type;
  detail::Tokens<C> a_tokens;
  detail::Tokens<D> b_tokens;
  detail::split_sorted(one, a_tokens);
  detail::split_sorted(other, b_tokens);
  const double ratio = detail::token_set<C, D>({a_tokens.data(), a_tokens.size()}, {b_tokens.data(), b_tokens.size()});
  return ratio < cutoff ? 0 : ratio;
}

/// Dice coefficient of the multisets of substrings of q characters, q 2 or 3, without padding: twice those in common by
/// those of both, 0 to 1. Equal texts: 1, also where shorter than q; else a text shorter than q is like none: 0.
/// O(n log n).
template <std::size_t q = 2, CharacterRange A, CharacterRange B>
[[nodiscard]] double qgram_similarity(const A& a, const B& b, double cutoff = 0) {
  static_assert(q == 2 || q == 3);
  struct Gram {
    std::uint64_t pair;
    std::uint32_t third;
    bool operator==(const Gram&) const = default;
    bool operator<(const Gram& other) const noexcept {
      return pair != other.pair ? pair < other.pair : third < other.third;
    }
  };
  const auto one = detail::characters(a);
  const auto other = detail::characters(b);
  const auto reached = [cutoff](double similarity) { return similarity < cutoff ? 0 : similarity; };
  if (detail::same(one, other)) return reached(1);
  if (one.size() < q || other.size() < q) return 0;
  const auto grams = [](const auto& text, detail::Few<Gram, 64>& sorted) {
    for (std::size_t i = 0; i + q <= text.size(); ++i) {
      const std::uint64_t pair = std::uint64_t{detail::code(text[i])} << 32 | detail::code(text[i + 1]);
      sorted.push_back({pair, q == 3 ? detail::code(text[i + q - 1]) : 0});
    }
    std::sort(sorted.begin(), sorted.end());
  };
  detail::Few<Gram, 64> a_grams;
  detail::Few<Gram, 64> b_grams;
  grams(one, a_grams);
  grams(other, b_grams);
  std::size_t common = 0;
  for (std::size_t i = 0, k = 0; i < a_grams.size() && k < b_grams.size();) {
    const bool equal = a_grams[i] == b_grams[k];
    const bool before = a_grams[i] < b_grams[k];
    common += equal ? 1 : 0;
    i += equal || before ? 1 : 0;
    k += equal || !before ? 1 : 0;
  }
  return reached(2.0 * static_cast<double>(common) / static_cast<double>(a_grams.size() + b_grams.size()));
}

/// The Soundex code of a name in ASCII letters of either case ("Ashcraft": A261): the first letter and three digits; H
/// and W do not part equal digits, vowels do. Other characters are passed over. Four NUL without any letter. O(n).
/// Source: US National Archives, "The Soundex Indexing System".
template <CharacterRange T>
[[nodiscard]] constexpr std::array<char, 4> soundex(const T& name) noexcept {
  constexpr char digits[] = "01230120022455012623010202";  // A to Z
  std::array<char, 4> result{};
  std::size_t filled = 0;
  char last = '0';
  for (const auto character : detail::characters(name)) {
    const std::uint32_t c = detail::code(character) | 0x20;  // lower case
    if (detail::code(character) > 0x7F || c < 'a' || c > 'z') continue;
    const char digit = digits[c - 'a'];
    if (filled == 0)
      result[filled++] = static_cast<char>(c - 'a' + 'A');
    else if (digit != '0' && digit != last && filled < result.size())
      result[filled++] = digit;
    if (c != 'h' && c != 'w') last = digit;
  }
  while (filled > 0 && filled < result.size()) result[filled++] = '0';
  return result;
}

/// |a - b| / max(|a|, |b|): 0 for equal numbers (also infinite ones), at most 2; NaN where a number is none, 1 for one
/// that is infinite beside one that is not.
[[nodiscard]] inline double relative_difference(double a, double b) noexcept {
  if (a == b) return 0;
  const double larger = std::max(std::abs(a), std::abs(b));
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(larger)) return std::isinf(a) && std::isinf(b) ? 2 : 1;
  return std::abs(a / larger - b / larger);
}

/// Mean radius of the Earth in metres (IUGG).
inline constexpr double earth_radius = 6'371'008.8;

/// Great-circle distance in metres of two places in degrees, north and east positive, on a sphere of earth_radius:
/// within 0.6 % of that on the ellipsoid. NaN where a number is none or infinite. Source: haversine formula, Sinnott,
/// Sky and Telescope 68 (1984) 159.
[[nodiscard]] inline double haversine_distance(double latitude_a, double longitude_a, double latitude_b,
                                               double longitude_b) noexcept {
  constexpr double radian = std::numbers::pi / 180;
  const double up = std::sin((latitude_b - latitude_a) * radian / 2);
  const double along = std::sin((longitude_b - longitude_a) * radian / 2);
  const double h = up * up + std::cos(latitude_a * radian) * std::cos(latitude_b * radian) * along * along;
  return 2 * earth_radius * std::asin(std::min(std::sqrt(h), 1.0));
}

}  // namespace klientela
