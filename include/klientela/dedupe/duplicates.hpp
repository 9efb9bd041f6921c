// Who is whom: the duplicates of a base, or the links between two lists, with the evidence behind every answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/blocking.hpp"
#include "klientela/dedupe/card_clusters.hpp"
#include "klientela/dedupe/cards.hpp"
#include "klientela/dedupe/comparison.hpp"
#include "klientela/dedupe/link_model.hpp"
#include "klientela/dedupe/link_training.hpp"
#include "klientela/dedupe/normalise.hpp"
#include "klientela/dedupe/rule_proposals.hpp"
#include "klientela/dedupe/survivorship.hpp"

namespace klientela {

/// What a run may merge without asking anybody. Every join of a cluster has to reach both figures.
struct MergeOptions {
  double threshold{10};  ///< bits, the mean score of all pairs between the two sides; in [-1024, 1024]
  /// Bits that the pair of the highest score still has without its strongest field, so that nobody is merged by a
  /// switchboard's number or a family's mailbox alone; in [-1024, 1024].
  double corroboration{4};
  std::uint32_t max_cards{20};  ///< of one client, 2 or more; larger clusters are left to a person as a whole
  friend bool operator==(const MergeOptions&, const MergeOptions&) = default;
};

/// Households (who share family names, phones and addresses) and branches (which share an organisation's name, phones,
/// e-mails and sites).
[[nodiscard]] std::vector<LinkClassSpec> default_link_classes();

struct DedupeOptions {
  NormaliserOptions normaliser{};
  BlockingOptions blocking{};
  std::vector<Comparison> comparisons{};  ///< at most one a field; empty: default_comparisons()
  /// Weights by hand, or learnt before: its fields are named as the comparisons' fields are and have their levels. Its
  /// classes count, not those below: a model by hand, of labelled pairs or of before there were classes has none, and
  /// takes what a household shares for evidence of one client as far as its weights say so. none: learnt from the
  /// cards.
  std::optional<LinkModel> model{};
  LinkTrainingOptions training{};
  /// What pairs of two clients may have in common beyond chance: learnt with the weights, so that it is no evidence of
  /// one client; a given `model` has classes of its own, or none. Comparisons are named as fields are; those that are
  /// not compared or that hardly a card has do not count. A class counts where two fields that it shares have values,
  /// cities, regions and postcodes left out, since many who have nothing else in common share them; among them a
  /// family's or organisation's name if it shares one; and where a tenth of the candidate pairs have values in
  /// something that it does not share. Empty: none.
  std::vector<LinkClassSpec> classes = default_link_classes();
  std::uint32_t random_pairs{300'000};    ///< sampled for u, 1000 to 100,000,000
  std::uint32_t training_pairs{200'000};  ///< of each blocking rule for m, 100 to 100,000,000
  /// Whether a phone, e-mail or site that three clients or more have is worth less than one that no others have.
  bool discount_shared{true};
  CardClusterOptions clusters{};
  SurvivorshipPolicy survivorship{};  ///< of the MergedBase that merges what was found; finding does not read it
  std::optional<MergeOptions> merge{MergeOptions{}};  ///< of run(), which looks for no duplicates where there is none
};

/// What is known beyond the cards.
struct DedupeKnowledge {
  std::vector<CardPair> must_links{};
  std::vector<CardPair> cannot_links{};
  std::vector<std::uint32_t> previous{};  ///< by card: its cluster before, no_card_cluster; empty: none
  /// Of the clusters in `previous`, by number, each once: what clusters_table() calls those that go on. Empty: they are
  /// called after their first card, as new ones are. Not of two lists.
  std::vector<std::string> labels{};
  /// How DedupeOptions::model was learnt from labelled pairs, for Duplicates::training(). Without a model it does not
  /// count.
  std::optional<LinkTraining> training{};
};

/// Two cards that somebody looked at.
struct LabelledPair {
  CardPair pair{};
  bool match{false};  ///< one client
};

/// What an earlier search called the clusters of cards, card by card, as DedupeKnowledge::previous and labels; cards
/// that are gone are passed over. O(rows log cards). \param rows  id of a card, label of its cluster \throws Error
/// invalid_argument "previous" for a card in two clusters, and for two lists
void know_previous(const PreparedCards& cards, std::span<const std::pair<ClientId, ClientId>> rows,
                   DedupeKnowledge& known);

/// Why two cards score as they do.
struct PairEvidence {
  CardPair pair{};
  std::vector<std::uint8_t> levels{};  ///< by comparison
  ScoreExplanation explanation{};
};

/// Groups of cards, one after the other in one list; a container of spans.
class CardGroups {
 public:
  using value_type = std::span<const std::uint32_t>;
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = CardGroups::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = value_type;
    const_iterator() = default;
    const_iterator(const CardGroups& of, std::size_t at) noexcept : of_(&of), at_(at) {}
    [[nodiscard]] value_type operator*() const noexcept { return (*of_)[at_]; }
    const_iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) noexcept { return {*of_, at_++}; }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    const CardGroups* of_{nullptr};
    std::size_t at_{0};
  };

  [[nodiscard]] std::size_t size() const noexcept {
    return starts_.empty() ? 0 : starts_.size() - 1;  // moved from
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] value_type operator[](std::size_t group) const noexcept {
    return std::span(cards_).subspan(starts_[group], starts_[group + 1] - starts_[group]);
  }
  [[nodiscard]] const_iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] const_iterator end() const noexcept { return {*this, size()}; }
  /// Adds a group, its cards ascending.
  void add(std::span<const std::uint32_t> cards) {
    cards_.insert(cards_.end(), cards.begin(), cards.end());
    starts_.push_back(static_cast<std::uint32_t>(cards_.size()));
  }
  friend bool operator==(const CardGroups&, const CardGroups&) = default;

 private:
  std::vector<std::uint32_t> cards_;
  std::vector<std::uint32_t> starts_{0};
};

/// What was found. Immutable, thread-safe; copying shares. What is shown lives as long as this or a copy.
class Duplicates {
 public:
  Duplicates();
  [[nodiscard]] const PreparedCards& cards() const noexcept;
  [[nodiscard]] const DedupeOptions& options() const noexcept;
  [[nodiscard]] const std::vector<Comparison>& comparisons() const noexcept;
  [[nodiscard]] const LinkModel& model() const noexcept;
  /// How learning went; where the model was given DedupeKnowledge::training, nullptr without.
  [[nodiscard]] const LinkTraining* training() const& noexcept;
  const LinkTraining* training() const&& = delete;
  [[nodiscard]] const std::vector<BlockingRuleReport>& rules() const& noexcept;
  const std::vector<BlockingRuleReport>& rules() const&& = delete;
  /// How the rules were chosen; nullptr unless options().blocking.propose.
  [[nodiscard]] const RuleProposals* proposals() const& noexcept;
  const RuleProposals* proposals() const&& = delete;
  [[nodiscard]] std::uint64_t pairs() const noexcept;  ///< compared
  /// Pairs whose score reaches eight bits below the threshold, by a, b. Cards that equal an earlier one in every field
  /// have the pair with the first of them alone.
  [[nodiscard]] std::span<const CardEdge> edges() const& noexcept;
  std::span<const CardEdge> edges() const&& = delete;
  /// By card: the smallest card of its cluster; or stable ids where earlier ones were given. Of cards that were added
  /// the numbers are of this result alone: what stays is the label.
  [[nodiscard]] std::span<const std::uint32_t> cluster_of() const& noexcept;
  std::span<const std::uint32_t> cluster_of() const&& = delete;
  /// DedupeKnowledge::labels: names of the clusters with smaller numbers than there are labels.
  [[nodiscard]] std::span<const std::string> labels() const& noexcept;
  std::span<const std::string> labels() const&& = delete;
  /// Clusters of two cards and more, by their smallest card; cards ascending.
  [[nodiscard]] const CardGroups& groups() const& noexcept;
  const CardGroups& groups() const&& = delete;
  /// As they were clustered: each card that equals an earlier one stands alone there.
  [[nodiscard]] const CardClusters& clusters() const noexcept;
  /// By card: the first card that equals it in every field, itself where none does or a link names it. Empty: not
  /// looked for, as of two lists and where sources matter.
  [[nodiscard]] std::span<const std::uint32_t> representatives() const& noexcept;
  std::span<const std::uint32_t> representatives() const&& = delete;

  /// Why any two cards score as they do. O(comparisons) \throws Error out_of_range "pair"
  [[nodiscard]] PairEvidence explain(CardPair pair) const;

  struct Data;  ///< opaque
  explicit Duplicates(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// Normalises, blocks, learns, scores and clusters. The same answer for any number of threads and any order of rows.
/// Of two lists only pairs between them are looked at, and options.clusters.sources says how many links a card may have
/// (any: all that belong together).
/// \throws Error invalid_argument naming the option: cards without any value that a comparison reads ("clients"),
///         limits out of range, a model that does not fit the comparisons, "classes[0].shared[1].comparison" and the
///         like for no class, "sources" for links of one list;
///         "cannot_links" for one within must-links, with the chain of ids; "labels" for one that comes twice, or any
///         of two lists; out_of_range for links and clusters that there are not; cancelled
[[nodiscard]] Duplicates find_duplicates(const PreparedCards& cards, const DedupeOptions& options = {},
                                         const DedupeKnowledge& known = {}, const Control& control = {});
/// The same from the base.
[[nodiscard]] Duplicates find_duplicates(const ClientBase& base, const DedupeOptions& options = {},
                                         const Control& control = {});
[[nodiscard]] Duplicates link_lists(const ClientBase& first, const ClientBase& second,
                                    const DedupeOptions& options = {}, const Control& control = {});

/// Blocking rules chosen from the cards: those that find most of the pairs which are expected to be one client, for the
/// fewest pairs to compare, within the budget of options.blocking (its `rules` and `propose` do not matter). The
/// default rules, single keys and pairs of keys are looked at: some pairs of each are drawn, weighed by options.model
/// or by what the draws teach, and those that reach the threshold of options.clusters say how many of them each rule
/// finds. Pairs that no rule looked at finds are not known of. Where no pair reaches the threshold: the default rules
/// that fit, cheapest first. The same for any order of rows and any number of threads. O(cards x rules). \throws Error
/// as find_duplicates()
[[nodiscard]] RuleProposals propose_rules(const PreparedCards& cards, const DedupeOptions& options = {},
                                          const Control& control = {});

/// Weights of the options' comparisons learnt from labelled pairs, for DedupeOptions::model; by default taken as a fair
/// sample of the candidate pairs. Pairs in any order and either way round; repeats count as often. The model has no
/// classes: judged pairs of two clients, households' among them, are what the weights are learnt from.
/// \throws Error out_of_range "labelled"; as compare() and learn_link_model()
[[nodiscard]] LinkTraining learn_link_model(const PreparedCards& cards, std::span<const LabelledPair> labelled,
                                            const DedupeOptions& options = {}, const LogisticOptions& how = {},
                                            const Control& control = {});
/// The same as the model of a search and what it knows of it: options.model, known.training.
/// \throws Error as that; invalid_argument "labelled" where the options have a model already or nothing can be learnt,
/// saying what to do
void take_labelled(const PreparedCards& cards, std::span<const LabelledPair> labelled, DedupeOptions& options,
                   DedupeKnowledge& known, const Control& control = {});

}  // namespace klientela
