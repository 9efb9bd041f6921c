// What is merged now: clusters of cards, the operations of each card, and the base as it is seen then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dedupe/journal_access.hpp"
#include "dedupe/survivors.hpp"
#include "klientela/dedupe/merge.hpp"
#include "model/base_data.hpp"
#include "model/code_index.hpp"

namespace klientela {

struct MergedBase::State {
  /// The base seen so. Immutable.
  struct View {
    ClientBase base;
    ClientMap map;
    std::vector<MergeConflict> conflicts;  ///< of contacts, consents and circles; in no order
    std::vector<std::uint32_t> survivors;  ///< clusters in order of the survivors' ids
  };
  /// Cards of one client; of a single card, if something was written into it.
  struct Cluster {
    std::vector<std::uint32_t> cards;          ///< codes
    std::optional<dedupe::Survivor> survivor;  ///< none: to be chosen; where there is one the cards are in order of ids
    std::uint8_t kinds{unknown_kinds};         ///< bit 0: an organisation is among them, bit 1: a person
  };
  static constexpr std::uint8_t unknown_kinds = 0xFF;
  static constexpr std::uint8_t both_kinds = 3;
  /// Places of records, ascending, counting or not.
  struct CardOperations {
    std::vector<std::uint32_t> merges, edits, apart;
  };

  /// \param rebased  of a journal that was just rebased: merges that what was said while cards were gone speaks against
  ///                 are undone; none: they are an error
  State(const ClientBase& base, Journal history, SurvivorshipPolicy rules, SurvivorFunctions hosts,
        const Control& control, const JournalNote* rebased = nullptr);

  // Records that count or no longer do. `record` is a place, its sequence less one.
  /// \throws Error not_found for a client the base has not; where that was another base, the record is one of none
  void index(std::size_t record);
  void unindex(std::size_t record);  ///< of the last one
  /// After the journal says that it counts. \returns the record that says two of its cards are two clients, if any;
  /// then it has still to be taken back
  [[nodiscard]] std::optional<std::size_t> begin_counting(std::size_t record);
  void end_counting(std::size_t record);  ///< after the journal says that it does not
  /// Appends and begins counting. \throws Error and nothing has happened
  std::uint64_t add(JournalRecord record);
  void take_back();  ///< the last record, which counts

  [[nodiscard]] const ClientBase& base() const noexcept { return reader.base(); }
  [[nodiscard]] std::optional<std::uint32_t> find(const ClientId& client) const;
  [[nodiscard]] std::uint32_t code_of(const ClientId& client, const char* where = "client") const;
  [[nodiscard]] std::uint32_t rank(std::uint32_t code) const noexcept { return ranks[places(code)]; }
  [[nodiscard]] bool counts(std::size_t record) const { return journal.counts(record + 1); }
  /// Whether a record is without effect since cards of it are gone.
  [[nodiscard]] bool gone(std::size_t record) const {
    return cards[record].empty() && !journal.records()[record].cards.empty();
  }
  [[nodiscard]] std::uint8_t kinds(Cluster& cluster) const;
  [[nodiscard]] dedupe::EditedCard::Edits edits(std::uint32_t code) const;
  [[nodiscard]] bool edited(std::uint32_t code) const;
  [[nodiscard]] const SurvivorshipPolicy& policy_of(const Cluster& cluster, std::optional<std::uint32_t>& keep) const;
  /// Chooses where it has not been done.
  void choose(Cluster& cluster) const;
  [[nodiscard]] std::vector<std::uint32_t> used_clusters() const;
  /// Of one of its clusters; in order of fields.
  void add_conflicts(const Cluster& cluster, const ClientMap& map, std::vector<MergeConflict>& out) const;
  [[nodiscard]] const View& seen(const Control& control);

  dedupe::CardReader reader;
  Journal journal;
  SurvivorshipPolicy policy;
  SurvivorFunctions functions;
  std::string digest;
  std::size_t last_rebase{0};  ///< its record, before which cards may be gone; 0: there is none
  index::CodeIndex places;
  std::vector<std::uint32_t> ranks;       ///< by place: the row
  std::vector<std::uint32_t> cluster_of;  ///< by place; no_code: an unchanged card
  std::vector<Cluster> clusters;          ///< empty ones are free
  std::vector<std::uint32_t> free_clusters;
  std::unordered_map<std::uint32_t, CardOperations> operations;  ///< by code
  std::vector<std::vector<std::uint32_t>> cards;                 ///< by record: codes; none of gone ones
  std::unordered_map<std::uint32_t, std::shared_ptr<const dedupe::OwnCardValue>> written;  ///< by record
  std::shared_ptr<const View> view;                                                        ///< none: to be made

 private:
  void take_apart(std::size_t merge, const JournalNote& note);
  std::uint32_t new_cluster();
  void release(std::uint32_t cluster);
  void changed(std::uint32_t cluster);
  [[nodiscard]] std::optional<std::size_t> join(std::size_t record);
  void split(std::size_t record);
};

namespace dedupe {

/// A cluster's cards as they are edited. Not to be moved or copied.
struct EditedCards {
  EditedCards(const MergedBase::State& state, const MergedBase::State::Cluster& cluster);
  EditedCards(const EditedCards&) = delete;
  EditedCards& operator=(const EditedCards&) = delete;
  std::vector<EditedCard::Edits> edits;
  std::vector<EditedCard> cards;
};

}  // namespace dedupe
}  // namespace klientela
