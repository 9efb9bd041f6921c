// Which pairs of cards are looked at: rules whose keys two cards must share, within a hard budget of pairs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_pair.hpp"
#include "klientela/dedupe/cards.hpp"

namespace klientela {

/// What of a form makes a key.
enum class KeyCut : std::uint8_t {
  whole,
  prefix,  ///< its first characters
  suffix,  ///< its last characters; none where it is shorter
  soundex,
  words,    ///< every word of it is a key
  longest,  ///< its longest word, the first of equals
};

/// A part of a key, written "field.form:cut", for example "family_name.folded:soundex", "phone:suffix7",
/// "city.folded:prefix4", "email.local", "birthday". Without a form: the field's first one. "given_name.roots" makes a
/// key of each root and takes no cut.
struct BlockingKey {
  CardField field{};
  std::string form;
  KeyCut cut{KeyCut::whole};
  std::uint32_t length{0};  ///< of prefix and suffix, bytes; 1 to 64
  friend bool operator==(const BlockingKey&, const BlockingKey&) = default;
};
/// \throws Error invalid_argument "key" saying what is wrong with it
[[nodiscard]] BlockingKey blocking_key(std::string_view text);
[[nodiscard]] std::string to_text(const BlockingKey& key);

/// Two cards agree on a rule if they share a value in each of its keys; a card without a value in one of them agrees
/// with none.
struct BlockingRule {
  std::vector<BlockingKey> keys;  ///< at most 8; none: every two cards agree
  bool any_order{false};          ///< the keys' values may be swapped, as given name and family name often are
  friend bool operator==(const BlockingRule&, const BlockingRule&) = default;
};
/// As in "family_name.folded:soundex + postcode"; any_order: "given_name.folded <> family_name.folded"; no keys: "*".
/// \throws Error invalid_argument "rule"
[[nodiscard]] BlockingRule blocking_rule(std::string_view text);
[[nodiscard]] std::string to_text(const BlockingRule& rule);

struct BlockingOptions {
  std::vector<BlockingRule> rules{};  ///< at most 32; empty: default_blocking_rules()
  /// Whether find_duplicates() and link_lists() take the rules that propose_rules() chooses; `rules` is empty then.
  bool propose{false};
  /// No more pairs than these are ever made, and no more than `pairs_per_card` times the cards (a million are always
  /// allowed): where rules would give more, large blocks are split further until they do not, and in the end the last
  /// rules are left out.
  std::uint64_t max_pairs{200'000'000};
  std::uint32_t pairs_per_card{50};
  /// A block with more cards is split by further keys (`split_by`), then, where they all agree, into runs of so many.
  /// Of two lists pairs between them alone count: a block is split where it has more of them than so many cards of one
  /// list have pairs, and in the end cards of one list stand beside as many of the other, in their order.
  std::uint32_t max_block{1000};
  std::vector<BlockingKey> split_by{};  ///< empty: every field's folded or first form, the most telling first
  friend bool operator==(const BlockingOptions&, const BlockingOptions&) = default;
};

/// Rules that serve persons and organisations alike: equal identifiers, e-mails, phones, birthdays; names that sound
/// alike with another hint of place or time; streets with house numbers; rare words of names.
[[nodiscard]] std::vector<BlockingRule> default_blocking_rules();

/// Most pairs that the options allow of so many cards.
[[nodiscard]] std::uint64_t pair_budget(const BlockingOptions& options, std::size_t cards) noexcept;

/// What a rule costs and gives. Of two lists pairs are those between them, and blocks those with cards of both.
struct BlockingRuleReport {
  std::string rule;
  std::uint64_t cards{0};    ///< with a key
  std::uint64_t crowded{0};  ///< of them, with more than 64: what is above was left out
  std::uint64_t blocks{0};   ///< of two cards and more, after splitting
  std::uint64_t largest{0};  ///< cards in its largest block, before splitting
  std::uint64_t split{0};    ///< blocks that were split
  std::uint64_t lost{0};     ///< pairs that splitting gave up, at most
  std::uint64_t pairs{0};    ///< pairs of its blocks, a pair that shares several keys counted each time
  std::uint64_t added{0};    ///< pairs that no rule before it has
};

/// Cards in blocks by every rule. Immutable; copying shares. What is shown lives as long as this or a copy. Every pair
/// of the blocks, of two lists every one between them, is made once, by the first rule that both cards agree on.
class Blocks {
 public:
  Blocks();
  [[nodiscard]] const PreparedCards& cards() const noexcept;
  [[nodiscard]] const BlockingOptions& options() const noexcept;
  /// The largest block that the budget allowed; at most options().max_block.
  [[nodiscard]] std::uint32_t block_limit() const noexcept;
  /// By rule. `added` is known once all pairs were made: 0 before.
  [[nodiscard]] const std::vector<BlockingRuleReport>& rules() const& noexcept;
  const std::vector<BlockingRuleReport>& rules() const&& = delete;
  /// Pairs in work units, each of some hundred thousand; a unit's pairs have one rule and come in one order.
  [[nodiscard]] std::size_t units() const noexcept;
  [[nodiscard]] std::size_t rule_of(std::size_t unit) const noexcept;  ///< \pre unit < units()
  /// The unit's pairs by calls of `take` with some thousands each. Thread-safe. \throws Error out_of_range "unit"
  void pairs(std::size_t unit, const std::function<void(std::span<const CardPair>)>& take) const;
  /// Pairs of a rule's blocks whether or not an earlier rule has them, at most `limit`, spread evenly over its blocks:
  /// what weights are learnt from without the bias of what earlier rules took. \throws Error out_of_range "rule"
  [[nodiscard]] std::vector<CardPair> sample(std::size_t rule, std::size_t limit) const;
  /// Whether a block of the rule has both cards. \pre rule < rules().size(), pair.a and pair.b < cards().size()
  [[nodiscard]] bool together(CardPair pair, std::size_t rule) const noexcept;

  struct Data;  ///< opaque
  explicit Blocks(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

/// Groups cards into blocks. O(rules x cards), radix sort; parallel over rules; the same blocks for any number of
/// threads. Cards equal in every field meet only the first of them. \param representatives  by card: the first card
/// that equals it in every field, itself where none does; empty: none are equal \throws Error invalid_argument naming
/// the option, "propose" where rules are still to be chosen; cancelled
[[nodiscard]] Blocks block(const PreparedCards& cards, const BlockingOptions& options = {},
                           std::span<const std::uint32_t> representatives = {}, const Control& control = {});

}  // namespace klientela
