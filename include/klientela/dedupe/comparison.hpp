// How two cards agree in each field: levels that weights are given to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/dedupe/blocking.hpp"
#include "klientela/dedupe/cards.hpp"
#include "klientela/dedupe/link_model.hpp"

namespace klientela {

/// The kinds of comparison. Level 0 is no evidence, wherever a card has no value; where a card has several values, the
/// best level of any two of them counts. Similarity is that of Jaro and Winkler, of the Latin forms.
enum class ComparisonKind : std::uint8_t {
  /// Given, middle and family names: 1 different, 2 initial (the one is the other's first letter), 3 similar (or
  /// two slips in more than four letters), 4 close (or one slip in more than three), 5 crossed (given and family name
  /// stand in each other's place: both comparisons show it; where a card has one of them alone, the one comparison that
  /// both have a value for, else that of family names), 6 variant (same when folded, by nickname, or but for a gendered
  /// ending), 7 same
  name,
  /// 1 different, 2 same_year, 3 near, 4 close, 5 slip, 6 same: see BirthdayAgreement
  birthday,
  /// Places and other words: 1 different, 2 similar (or nine tenths of the words), 3 close (or one slip), 4 same
  text,
  /// Numbers and codes: 1 different, 2 slip (one character wrong, missing, too many, or two swapped), 3 same
  code,
  /// 1 different, 2 same_end (the last seven digits), 3 slip, 4 same
  phone,
  /// 1 different, 2 similar (names explain it: mailboxes that are similar, or the same without a digit), 3 close (two
  /// slips at most in the mailbox, its digits the same; without digits one slip at most at the same domain, or at one
  /// of
  /// more than ten letters that is one slip off, of more than twelve two), 4 same_mailbox (with digits in it, at
  /// another
  /// domain), 5 same
  email,
  /// 1 different, 2 same_house, 3 similar, 4 similar_same_house, 5 close, 6 close_same_house, 7 same
  address,
  /// 1 different, 2 acronym, 3 related (most words of the one), 4 similar, 5 close, 6 same
  organisation,
  /// 1 different, 2 same
  exact,
};
[[nodiscard]] std::string_view name(ComparisonKind kind) noexcept;
[[nodiscard]] std::optional<ComparisonKind> comparison_kind_named(std::string_view name) noexcept;
/// Names of the levels from 1. Static lifetime.
[[nodiscard]] std::span<const std::string_view> levels(ComparisonKind kind) noexcept;

/// How one field is compared.
struct Comparison {
  CardField field{};
  ComparisonKind kind{};
  double close{0.92};    ///< similarity from which two values are close; above `similar`, at most 1
  double similar{0.82};  ///< and similar; above 0
  /// Power of the term frequency's weight, 0 to 1: how far a rare value in common says more than a frequent one.
  double tf_weight{0};
  friend bool operator==(const Comparison&, const Comparison&) = default;
};
/// That of a field in default_comparisons().
[[nodiscard]] Comparison comparison(CardField field) noexcept;
/// Every field in the way that suits it, with term frequencies for names and cities. Not the country: cities, phones
/// and scripts have said it already.
[[nodiscard]] std::vector<Comparison> default_comparisons();
/// For a link model: the field's name and the kind's levels.
[[nodiscard]] ComparisonSpec spec(const Comparison& comparison);

inline constexpr std::size_t max_card_comparisons = card_field_count;

/// Levels of pairs, row by row: pairs.size() x comparisons.size(). O(pairs x comparisons x length); parallel.
/// \throws Error invalid_argument naming the comparison: a kind that its field does not fit, limits out of order, a
/// field twice; out_of_range "pairs"; cancelled
[[nodiscard]] std::vector<std::uint8_t> compare(const PreparedCards& cards, std::span<const Comparison> comparisons,
                                                std::span<const CardPair> pairs, const Control& control = {});

}  // namespace klientela
