// A base with merged cards: the same chunks, which client each card counts as, the survivors' cards, and the journal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/dedupe/journal.hpp"
#include "klientela/dedupe/survivorship.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/model/client_map.hpp"

namespace klientela {

/// The reason in the journal of what a program merged by itself because it was found: it may be found again.
inline constexpr std::string_view found_reason = "found as duplicates";

/// Cards of one client: ids in any order, two or more different ones.
struct MergeCluster {
  std::vector<ClientId> cards;
  std::optional<ClientId> keep{};  ///< one of them, whose id the client keeps; none: as the policy says
};

/// The clusters of two cards and more, for MergedBase::merge. \throws Error invalid_argument of two linked lists
[[nodiscard]] std::vector<MergeCluster> merge_clusters(const Duplicates& found);

/// Those of them that are sure, for merging unseen: of clusters with no more cards than `sure` allows those, or the
/// parts of them, that hang together by joins that reach both its figures, or by must-links; a card that equals another
/// in every field by the score of the two. An organisation and a person are only together where the survivorship of the
/// search's options allows it. In order of their smallest card. O(cards + joins x comparisons)
/// \throws Error as merge_clusters(found); invalid_argument "threshold", "corroboration", "max_cards" out of range
[[nodiscard]] std::vector<MergeCluster> merge_clusters(const Duplicates& found, const MergeOptions& sure);

/// What a merge would do.
struct MergePreview {
  std::vector<ClientId> survivors{};       ///< one per cluster that would be there, in order of ids
  std::vector<MergeConflict> conflicts{};  ///< of these clusters
  Table cards{};                           ///< the survivors' cards, as table_of(base, TableId::clients)
  /// One row per client that would count as another than now: client, counts_as, and how many rows of each table would
  /// change hands with it: contacts, consents, transactions, requests, interactions, feedback (int64; of contacts and
  /// interactions those that name it as organisation or contact are among them).
  Table moves{};
};

/// Merges cards of a base, and takes it back. The state is that of the journal replayed without what is undone, so a
/// merge can be undone after others and edits; without any operation that counts, base() is the base itself.
///
/// Merging is symmetric and transitive: the operations that count join cards to clusters. Whatever policy version the
/// last merge of a cluster names rules its card. An edit belongs to the card it names and stays with it when a merge is
/// undone. Parents, contacts, consents and every other row are read through the map; of the contacts of one person at
/// one organisation in one role that were several cards' there is one, and a contact of a client with itself is none.
///
/// One thread at a time. What it hands out is immutable and outlives it. After a throw it is as it was.
class MergedBase {
 public:
  /// Nothing merged yet. \throws Error invalid_argument "base" for a base that was mapped or rolled up; as
  /// check_policy()
  explicit MergedBase(const ClientBase& base, SurvivorshipPolicy policy = {}, SurvivorFunctions functions = {},
                      const Control& control = {});
  /// As a journal says. O(cards + records). \throws Error invalid_argument "journal" if it belongs to another base;
  ///         not_found for a client, or a custom rule's function, that is not there; bad_data "operation 7" for what
  ///         cannot have happened: two cards merged that are said to be two clients
  MergedBase(const ClientBase& base, Journal journal, SurvivorshipPolicy policy = {}, SurvivorFunctions functions = {},
             const Control& control = {});
  ~MergedBase();
  MergedBase(MergedBase&&) noexcept;
  MergedBase& operator=(MergedBase&&) noexcept;

  /// As a journal says whose base may have changed since: cards delivered again, new ones, cards that are gone. Where
  /// it has, the journal says so from here on, and operations of before may name cards that are gone: a merge is one of
  /// the cards that are left, the others are without_cards(). Cards that were one client by a gone one alone are so no
  /// longer; where it comes back and somebody said meanwhile that they are two, the merge is undone, and the journal
  /// says so. \throws Error as the constructors
  [[nodiscard]] static MergedBase rebase(const ClientBase& base, Journal journal, const JournalNote& note = {},
                                         SurvivorshipPolicy policy = {}, SurvivorFunctions functions = {},
                                         const Control& control = {});
  /// rebase() with its own journal, policy and functions.
  [[nodiscard]] MergedBase rebased(const ClientBase& base, const JournalNote& note = {},
                                   const Control& control = {}) const;

  [[nodiscard]] const ClientBase& original() const noexcept;
  [[nodiscard]] const Journal& journal() const noexcept;
  [[nodiscard]] const std::string& digest() const noexcept;  ///< base_digest(original())
  [[nodiscard]] const SurvivorshipPolicy& policy() const noexcept;
  [[nodiscard]] const SurvivorFunctions& functions() const noexcept;

  /// The base as merged: ids of merged cards are understood as the survivor's. O(clients + rows) after a change, else
  /// O(1); cards are only worked out anew for clusters that changed. Parallel. \throws Error internal naming the host's
  /// function that threw or named no candidate; cancelled
  [[nodiscard]] ClientBase base(const Control& control = {}) const;
  /// Which client each one counts as. O(clients)
  [[nodiscard]] ClientMap map() const;
  /// \throws Error not_found "client"; so do all that take an id
  [[nodiscard]] ClientId counts_as(const ClientId& client) const;
  /// The cards that count as the same client as this one, itself included, in order of ids.
  [[nodiscard]] std::vector<ClientId> cards_of(const ClientId& client) const;
  /// The clusters of two cards and more: survivor and its cards, in order of the survivors' ids.
  [[nodiscard]] std::vector<std::pair<ClientId, std::vector<ClientId>>> clusters() const;
  /// One row per client whose card is not just the delivered one: merged or edited. As table_of(base(), clients).
  [[nodiscard]] Table survivors(const Control& control = {}) const;
  /// By client id; clients first, then contacts, then consents; fields in the schema's order.
  [[nodiscard]] std::vector<MergeConflict> conflicts(const Control& control = {}) const;
  /// Pairs that somebody said are two clients, the smaller id first, in order.
  [[nodiscard]] std::vector<std::pair<ClientId, ClientId>> not_duplicates() const;
  /// Operations that are in the journal and count, but have no effect, since their cards are gone from the base: merges
  /// with less than two cards left, edits and not_duplicates of a card that is gone, a parent that is. They have it
  /// again where the cards come back. Ascending.
  [[nodiscard]] std::vector<std::uint64_t> without_cards() const;
  /// What the journal knows, for find_duplicates() over cards of original() or base(): merged cards are must-links,
  /// not_duplicates() cannot-links. Cards that are not there are left out.
  [[nodiscard]] DedupeKnowledge knowledge(const PreparedCards& cards) const;

  /// What merge() would do; nothing changes. O(clusters + rows) \throws Error as merge()
  [[nodiscard]] MergePreview preview(std::span<const MergeCluster> clusters, const Control& control = {}) const;
  /// One operation per cluster, all or none; their numbers. Amortised O(cards log cards).
  /// \throws Error invalid_argument "clusters": one card alone or twice, a card to keep that is none of them, an
  ///         organisation and a person unless policy.across_kinds, two cards said to be two clients; not_found
  std::vector<std::uint64_t> merge(std::span<const MergeCluster> clusters, const JournalNote& note = {});
  /// Writes a field of a card. \param values  as they would be delivered: ISO 8601 for days and instants; none: null
  /// \throws Error invalid_argument "field" for `client`, "values" for what the field cannot hold, and for a parent
  ///         without a card or the card itself
  std::uint64_t edit(const ClientId& client, ClientField field, std::vector<std::string> values,
                     const JournalNote& note = {});
  /// The same by the field's name. \throws Error not_found "field" naming those there are
  std::uint64_t edit(const ClientId& client, std::string_view field, std::vector<std::string> values,
                     const JournalNote& note = {});
  /// \throws Error not_found "operation"; invalid_argument "operation" for what is undone already, erased, an erasure
  /// or
  ///         a rebase, or where two clients that are said to be two would be one again. O(cards of its cluster)
  std::uint64_t undo(std::uint64_t operation, const JournalNote& note = {});
  /// \throws Error invalid_argument "clients" for one and the same, or while they are merged (undo that first)
  std::uint64_t not_duplicate(const ClientId& a, const ClientId& b, const JournalNote& note = {});
  /// The policy of merges from now on. \throws Error as Journal::add_policy; not_found for a function
  void set_policy(const SurvivorshipPolicy& policy);

  struct State;  ///< opaque
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  struct Copy {};
  MergedBase(const MergedBase& other, Copy);
  explicit MergedBase(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// What `found` adds to what is merged.
struct ProposedMerges {
  std::vector<MergeCluster> clusters{};  ///< for merge(), one card for each client that there is now
  /// Those that merge() would not take, with all their cards: of an organisation and a person where merged.policy()
  /// does not allow it, or with two cards that somebody said are two clients.
  std::vector<MergeCluster> refused{};
};
/// Clusters whose cards are several clients now, in order of their first cards. Best of what was found with
/// merged.knowledge(): then no two of them share a client. O(cards)
/// \throws Error invalid_argument "found" of two linked lists; not_found for a card that the base has not
[[nodiscard]] ProposedMerges proposed_merges(const Duplicates& found, const MergedBase& merged);
/// The same of clusters, such as those that are sure. \throws Error not_found for a card that the base has not
[[nodiscard]] ProposedMerges proposed_merges(std::span<const MergeCluster> found, const MergedBase& merged);

/// One row per client with a card: `client`, `cards` (text: the ids of all that count as it, "; " between them), and
/// the fields as in table_of(merged.base(), TableId::clients). O(clients x fields)
[[nodiscard]] Table merged_cards_table(const MergedBase& merged, const Control& control = {});
/// One row per card of a cluster of two and more: `id`, `cluster` (the survivor's id); by survivor, then id.
[[nodiscard]] Table merged_clusters_table(const MergedBase& merged);
/// One row per value, all as text: cluster (the survivor's id), table, field, row, client, value, chosen, rule.
[[nodiscard]] Table conflicts_table(std::span<const MergeConflict> conflicts);

}  // namespace klientela
