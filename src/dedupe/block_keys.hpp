// The keys of a card by a rule: 64-bit numbers that are equal where the values are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/column_vector.hpp"
#include "dedupe/card_data.hpp"
#include "klientela/dedupe/blocking.hpp"

namespace klientela::dedupe {

/// Keys by value code: one each, or several where words are keys. 0 is none.
struct ValueKeys {
  ColumnVector<std::uint64_t> one;
  ColumnVector<std::uint32_t> begins;  ///< empty unless values have several
  std::vector<std::uint64_t> several;

  template <class Visit>
  void each(std::uint32_t code, Visit visit) const {
    if (begins.empty()) {
      if (one[code] != 0) visit(one[code]);
      return;
    }
    for (std::uint32_t i = begins[code]; i < begins[code + 1]; ++i) visit(several[i]);
  }
};

inline constexpr std::uint32_t max_cut_length = 64;
inline constexpr std::size_t max_rule_keys = 8;

/// Why a key cannot be used although its field has the form: a nickname's roots are keys themselves, each whole. Empty:
/// it can.
[[nodiscard]] std::string_view cut_refused(const BlockingKey& key) noexcept;

/// Of every distinct value of the key's field. O(bytes) \pre a key that blocking_key() could have read
[[nodiscard]] ValueKeys value_keys(const PreparedCards::Data& cards, const BlockingKey& key);

/// Soundex of the first word that begins with a letter, as the US National Archives do; empty without one.
[[nodiscard]] std::string soundex_of(std::string_view text);

inline constexpr std::size_t max_keys_of_card = 64;  ///< by one rule; what is above is left out and reported

/// The first key of a card by one key alone; 0 for none. What a table of value_keys() gives, for few cards. O(bytes)
[[nodiscard]] std::uint64_t first_key(const PreparedCards::Data& cards, const BlockingKey& key, std::uint32_t card);

/// A rule over the cards, its keys' values looked up once.
class RuleKeys {
 public:
  RuleKeys(const PreparedCards::Data& cards, const BlockingRule& rule);
  /// Distinct keys of a card, into `keys` (cleared before). \returns whether some were left out
  bool of(std::uint32_t card, std::vector<std::uint64_t>& keys) const;

 private:
  struct Part {
    const FieldColumn* column;
    ValueKeys keys;
  };
  std::vector<Part> parts_;
  bool any_order_;
  bool one_key_;  ///< no card has several
};

}  // namespace klientela::dedupe
