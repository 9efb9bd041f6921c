// Looks one card up among many, about a millisecond for a million, without scanning them; takes in later cards too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {

struct CardSearchOptions {
  std::uint32_t limit{10};  ///< most cards to find, 1 to 10,000
  /// Bits: log2 of the odds that it is the same client. none: 0, and any where values are incomplete
  std::optional<double> min_score{};
  /// Most cards to compare with, 1 to 1,000,000: rarest keys first, and of a key that many share the first cards in
  /// order. Of incomplete values, at least half are left to how they begin.
  std::uint32_t max_candidates{1000};
  /// Whether values may be unfinished, as while somebody types: cards are found by how their names, organisations,
  /// e-mails, phones, cities, postcodes, tax numbers, identifiers and websites begin, too. A whole name's words may
  /// begin a given name, a family name or an organisation's name.
  bool incomplete{false};
};

/// A card that may be the same client's. Where an incomplete value begins one of the card's and that says more than
/// their likeness, its comparison has level 0 and, as term_weight, log2 of one over the share of values that begin so,
/// at most the weight of its highest level.
struct CardMatch {
  std::uint32_t card{0};
  double score{0};
  PairEvidence evidence{};  ///< `pair` names the card twice
};

/// What became known since an index was made, beyond the cards that were delivered.
struct CardChanges {
  std::vector<ClientId> removed{};  ///< cards that are gone, whatever the base says
  /// One client, and two clients; kept from then on, with those of DedupeKnowledge.
  std::vector<std::pair<ClientId, ClientId>> must_links{}, cannot_links{};
};

/// The keys of all cards, sorted. Immutable, thread-safe; copying shares.
class CardIndex {
 public:
  CardIndex();
  /// Indexes the cards by the rules and weights that found their duplicates. O(cards x rules), radix sort; 12 bytes a
  /// key, a value and a card; parallel. \throws Error cancelled
  explicit CardIndex(const Duplicates& found, const Control& control = {});
  [[nodiscard]] const Duplicates& found() const noexcept;

  /// The cards that share a key with a new one and reach min_score, by falling score, then by number. `row.client` says
  /// nothing. A score is what find_duplicates() gives, with the term frequencies of the indexed cards.
  /// O(rules x log cards + candidates x comparisons); the first search of incomplete values O(values log values)
  /// \throws Error invalid_argument naming the option out of range, or a list of the row that holds ';'
  [[nodiscard]] std::vector<CardMatch> search(const ClientRow& row, const CardSearchOptions& options = {}) const;
  /// The same for every card of a base, by its card number there; parallel. \throws Error invalid_argument "incomplete"
  [[nodiscard]] std::vector<std::vector<CardMatch>> search(const ClientBase& base,
                                                           const CardSearchOptions& options = {},
                                                           const Control& control = {}) const;

  /// An index, and with it Duplicates, of the cards with those delivered since: `base` extends the indexed one, and the
  /// newest delivery of a client's card counts. This one stays as it is.
  ///
  /// Clusters are those that find_duplicates() gives of all cards with the same model, but that
  ///  - weights, and with them term frequencies, stay as they were learnt; a value that no card had counts as if one
  ///    card had it;
  ///  - the limit of blocks stays as the budget of pairs made it, and pairs that were compared stay, also where their
  ///    block has outgrown the limit since.
  /// So search anew from time to time, when there are tenths more cards. Cards are numbered anew, in canonical order. A
  /// cluster that goes on keeps what clusters_table() calls it. rules() tells of the first search, but that `added` and
  /// pairs() count on.
  ///
  /// O(cards + edges) words copied, and the work of find_duplicates() for the cards that came and for the components
  /// that they touch; parallel. \throws Error invalid_argument "base" for one that does not extend the indexed one, or
  /// an index of two lists; not_found "removed", "must_links" or "cannot_links" for a client without a card; as
  /// find_duplicates() for links; cancelled
  [[nodiscard]] CardIndex add(const ClientBase& base, const CardChanges& changes = {},
                              const Control& control = {}) const;

  struct Data;  ///< opaque
  explicit CardIndex(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

}  // namespace klientela
