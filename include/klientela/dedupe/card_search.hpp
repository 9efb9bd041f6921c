// Looks one card up among many: who it may be, in well under a millisecond, without scanning them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {

struct CardSearchOptions {
  std::uint32_t limit{10};             ///< most cards to find, 1 to 10,000
  double min_score{0};                 ///< bits: log2 of the odds that it is the same client
  std::uint32_t max_candidates{1000};  ///< most cards to compare with, rarest keys first; 1 to 1,000,000
};

/// A card that may be the same client's.
struct CardMatch {
  std::uint32_t card{0};
  double score{0};
  PairEvidence evidence{};  ///< `pair` names the card twice
};

/// The keys of all cards, sorted. Immutable, thread-safe; copying shares.
class CardIndex {
 public:
  CardIndex();
  /// Indexes the cards by the rules and weights that found their duplicates. O(cards x rules), radix sort; 12 bytes a
  /// card and rule that has a key; parallel. \throws Error cancelled
  explicit CardIndex(const Duplicates& found, const Control& control = {});
  [[nodiscard]] const Duplicates& found() const noexcept;

  /// The cards that share a key with a new one and reach min_score, by falling score, then by number. `row.client` says
  /// nothing. A score is what find_duplicates() gives, with the term frequencies of the indexed cards.
  /// O(rules x log cards + candidates x comparisons)
  /// \throws Error invalid_argument naming the option out of range, or a list of the row that holds ';'
  [[nodiscard]] std::vector<CardMatch> search(const ClientRow& row, const CardSearchOptions& options = {}) const;
  /// The same for every card of a base, by its card number there; parallel.
  [[nodiscard]] std::vector<std::vector<CardMatch>> search(const ClientBase& base,
                                                           const CardSearchOptions& options = {},
                                                           const Control& control = {}) const;

  struct Data;  ///< opaque
  explicit CardIndex(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

}  // namespace klientela
