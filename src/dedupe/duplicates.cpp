// From prepared cards to clusters: pairs, weights, scores.
#include "klientela/dedupe/duplicates.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/prefetch.hpp"
#include "dedupe/card_data.hpp"
#include "dedupe/duplicates_data.hpp"
#include "dedupe/link_patterns.hpp"
#include "dedupe/link_training.hpp"
#include "dedupe/pair_comparer.hpp"
#include "dedupe/pair_scorer.hpp"
#include "dedupe/radix_sort.hpp"
#include "dedupe/rule_search.hpp"

namespace klientela {
namespace {

using dedupe::FieldColumn;
using dedupe::level_of;
using dedupe::PairComparer;
using dedupe::PairScorer;
using dedupe::Pattern;

/// A value that fewer cards share than one in ten thousand tells no more than one that so many do: typing errors are
/// rare, too.
constexpr double smallest_share = 1e-4;
constexpr std::size_t task_pairs = 16384;
/// Chance that two cards are one client's where there is nothing to learn it from.
constexpr double expected_prior = 1e-4;
constexpr std::uint32_t most_sampled = 100'000'000;
constexpr std::size_t pairs_below = 2000;  ///< drawn of each rule to tell what lies below the edges

constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
  return x ^ (x >> 31);
}

/// Likeness short of equality is more frequent among candidate pairs of two clients than among random pairs: e-mails
/// follow names, phones households, names cities. So the levels between are expected in this share of the pairs, with
/// this weight beside those that were drawn.
constexpr double expected_between = 0.02;
constexpr double expected_u_share = 0.1;
constexpr double least_expected = 100;  ///< pairs: of a few cards, chance is not to be learnt

/// Two kinds of pairs can be told apart by how three comparisons go together, not by how two do (Goodman 1974): where
/// fewer have values, in this share of the cards, m is held as it is expected, and with a single one u too.
constexpr double fewest_filled = 0.01;
constexpr double as_expected = 1e9;
/// Share of the candidate pairs with values on both sides in what a class does not share, without which it would be
/// learnt as one client, or as it was to begin with.
constexpr double fewest_told = 0.1;

/// Of two mailboxes that are made of the same names, this part is similar.
constexpr double similar_by_names = 0.5;
constexpr std::size_t most_mailboxes = 20'000;  ///< cards that are looked at
constexpr std::size_t fewest_mailboxes = 20;    ///< cards that tell; with fewer every mailbox counts as made of names
constexpr std::size_t shortest_name_in_mailbox = 3;  ///< bytes: a shorter name is in a mailbox by chance

/// Share of the mailboxes that hold a name of their card, among cards with both.
double mailboxes_of_names(const PreparedCards& cards) {
  const std::size_t n = cards.size();
  const std::size_t looked_at = std::min(n, most_mailboxes);
  std::size_t mailboxes = 0;
  std::size_t of_names = 0;
  for (std::size_t i = 0; i < looked_at; ++i) {
    const auto card = static_cast<std::uint32_t>(std::uint64_t{i} * n / looked_at);
    std::vector<std::string_view> names = cards.values(card, CardField::given_name);
    for (const std::string_view each : cards.values(card, CardField::family_name)) names.push_back(each);
    std::erase_if(names, [](std::string_view each) { return each.size() < shortest_name_in_mailbox; });
    if (names.empty()) continue;
    for (const std::string_view mailbox : cards.values(card, CardField::email, "local")) {
      ++mailboxes;
      of_names += std::any_of(names.begin(), names.end(),
                              [&](std::string_view each) { return mailbox.find(each) != std::string_view::npos; });
    }
  }
  return mailboxes < fewest_mailboxes ? 1 : static_cast<double>(of_names) / static_cast<double>(mailboxes);
}

/// \param named  mailboxes_of_names()
std::vector<double> expected_u(const Comparison& comparison, double named) {
  const std::size_t count = levels(comparison.kind).size();
  std::vector<double> u(count, count > 2 ? expected_between / static_cast<double>(count - 2) : 0);
  u.front() = 1;
  u.back() = 1e-6;
  // Names that two persons share make their mailboxes similar, where both are made of names.
  if (comparison.kind == ComparisonKind::email) u[1] = std::max(u[1], similar_by_names * named * named);
  return u;
}

/// How many pairs show each pattern.
class PatternCounter {
 public:
  void add(Pattern pattern, double count = 1) { counts_[pattern] += count; }
  void add(const PatternCounter& other) {
    for (const auto& [pattern, count] : other.counts_) counts_[pattern] += count;
  }
  [[nodiscard]] PatternCounts counts(std::size_t comparisons) const {
    std::vector<std::pair<Pattern, double>> sorted(counts_.begin(), counts_.end());
    std::sort(sorted.begin(), sorted.end());
    PatternCounts counts;
    counts.fields = comparisons;
    std::vector<std::uint8_t> levels(comparisons);
    for (const auto& [pattern, count] : sorted) {
      for (std::size_t i = 0; i < comparisons; ++i) levels[i] = level_of(pattern, i);
      counts.add(levels, count);
    }
    return counts;
  }

 private:
  std::unordered_map<Pattern, double> counts_;
};

/// By card: the first one that equals it in every value of every field, itself where a link names it.
std::vector<std::uint32_t> representatives_of(const Duplicates::Data& found) {
  const PreparedCards::Data& data = *found.cards.data();
  const std::vector<std::uint8_t> linked = dedupe::linked_cards(found);
  const std::size_t n = data.codes.size();
  std::vector<std::uint64_t> hashes(n, 0);
  for (std::size_t f = 0; f < data.fields.size(); ++f) {
    if (data.fields[f].empty()) continue;
    for (std::uint32_t card = 0; card < n; ++card)
      data.fields[f].each(card,
                          [&](std::uint32_t code) { hashes[card] = dedupe::content_mixed(hashes[card], f, code); });
  }
  std::vector<std::uint32_t> representatives(n);
  std::iota(representatives.begin(), representatives.end(), 0U);
  ColumnVector<dedupe::KeyedCard> order;
  order.reserve(n);
  for (std::uint32_t card = 0; card < n; ++card)
    if (linked[card] == 0) order.push_back({hashes[card], card});
  dedupe::radix_sort(order);
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    for (; end < order.size() && order[end].key == order[begin].key; ++end)
      if (data.same_content(order[begin].card, order[end].card)) representatives[order[end].card] = order[begin].card;
    begin = end;
  }
  return representatives;
}

/// By the first card, then the second: to the place of the first card, and within it the few that there are.
/// O(edges + cards)
std::vector<CardEdge> in_order(std::vector<std::vector<CardEdge>> parts, std::size_t cards) {
  std::vector<std::uint32_t> ends(cards + 1, 0);
  for (const auto& part : parts)
    for (const CardEdge& edge : part) ++ends[edge.a + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<CardEdge> edges(ends.back());
  for (auto& part : parts) {
    for (const CardEdge& edge : part) edges[ends[edge.a]++] = edge;
    part = {};
  }
  for (std::size_t begin = 0; begin < edges.size();) {
    const std::size_t end = ends[edges[begin].a];
    std::sort(edges.begin() + static_cast<std::ptrdiff_t>(begin), edges.begin() + static_cast<std::ptrdiff_t>(end),
              [](const CardEdge& x, const CardEdge& y) { return x.b < y.b; });
    begin = end;
  }
  return edges;
}

void check(const DedupeOptions& options, bool two_lists) {
  const auto bad = [](const std::string& why, const std::string& where) {
    throw Error(Code::invalid_argument, why, where);
  };
  if (options.random_pairs < 1000 || options.random_pairs > most_sampled)
    bad("random_pairs lies between 1000 and 100,000,000", "random_pairs");
  if (options.training_pairs < 100 || options.training_pairs > most_sampled)
    bad("training_pairs lies between 100 and 100,000,000", "training_pairs");
  std::vector<ComparisonSpec> fields;
  for (std::size_t f = 0; f < card_field_count; ++f)
    fields.push_back({std::string(name(static_cast<CardField>(f))), {}});
  linking::check(options.classes, fields);
  const CardSourceRule sources = options.clusters.sources;
  if (!two_lists && (sources == CardSourceRule::one_to_one || sources == CardSourceRule::one_to_many))
    bad("one_to_one and one_to_many link two lists, and there is one", "sources");
}

/// The given model's fields in the order of the comparisons.
LinkModel fitted_to(const LinkModel& model, std::span<const Comparison> comparisons) {
  std::vector<LinkField> fields;
  for (const Comparison& comparison : comparisons) {
    const ComparisonSpec wanted = spec(comparison);
    const auto found = std::find_if(model.fields().begin(), model.fields().end(),
                                    [&](const LinkField& field) { return field.comparison.name == wanted.name; });
    if (found == model.fields().end())
      throw Error(Code::invalid_argument, "the model has no weights of " + wanted.name, "model");
    if (found->comparison.levels != wanted.levels)
      throw Error(Code::invalid_argument, "the model has other levels of " + wanted.name + " than its comparison",
                  "model");
    fields.push_back(*found);
  }
  std::vector<LinkClass> classes;  // of the fields that are compared
  for (LinkClass each : model.classes()) {
    std::erase_if(each.fields, [&](const LinkClassField& field) {
      return std::none_of(fields.begin(), fields.end(),
                          [&](const LinkField& kept) { return kept.comparison.name == field.comparison; });
    });
    if (!each.fields.empty()) classes.push_back(std::move(each));
  }
  return {model.prior(), std::move(fields), std::move(classes)};
}

}  // namespace

std::vector<LinkClassSpec> default_link_classes() {
  const auto shared = [](std::initializer_list<CardField> fields) {
    std::vector<LinkClassSpec::Shared> made;
    for (const CardField field : fields) made.push_back({std::string(name(field))});
    return made;
  };
  using F = CardField;
  return {{"household", shared({F::family_name, F::phone, F::address, F::city, F::region, F::postcode})},
          {"branch", shared({F::organisation_name, F::email, F::phone, F::website})}};
}

Duplicates::Duplicates() : data_(std::make_shared<const Data>()) {}
const PreparedCards& Duplicates::cards() const noexcept { return data_->cards; }
const DedupeOptions& Duplicates::options() const noexcept { return data_->options; }
const std::vector<Comparison>& Duplicates::comparisons() const noexcept { return data_->options.comparisons; }
const LinkModel& Duplicates::model() const noexcept { return data_->model; }
const LinkTraining* Duplicates::training() const& noexcept { return data_->training ? &*data_->training : nullptr; }
const std::vector<BlockingRuleReport>& Duplicates::rules() const& noexcept { return data_->rules; }
const RuleProposals* Duplicates::proposals() const& noexcept { return data_->proposals ? &*data_->proposals : nullptr; }
std::uint64_t Duplicates::pairs() const noexcept { return data_->pairs; }
std::span<const CardEdge> Duplicates::edges() const& noexcept { return data_->edges; }
std::span<const std::uint32_t> Duplicates::cluster_of() const& noexcept { return data_->cluster_of; }
std::span<const std::string> Duplicates::labels() const& noexcept { return data_->labels; }
const CardGroups& Duplicates::groups() const& noexcept { return data_->groups; }
const CardClusters& Duplicates::clusters() const noexcept { return data_->solved.clusters; }
std::span<const std::uint32_t> Duplicates::representatives() const& noexcept { return data_->representatives; }

PairEvidence Duplicates::explain(CardPair pair) const {
  if (pair.a == pair.b || std::max(pair.a, pair.b) >= data_->cards.size())
    throw Error(Code::out_of_range,
                "pair (" + std::to_string(pair.a) + ", " + std::to_string(pair.b) + ") of " +
                    std::to_string(data_->cards.size()) + " cards",
                "pair");
  if (pair.a > pair.b) std::swap(pair.a, pair.b);
  const PairComparer& comparer = *data_->comparer;
  PairEvidence evidence{pair, {}, {}};
  const Pattern pattern = comparer(pair);
  const std::size_t comparisons = comparer.comparisons().size();
  std::vector<double> shares(comparisons, 0.0);
  std::vector<double> adjusted(comparisons, 0.0);
  for (std::size_t i = 0; i < comparisons; ++i) {
    evidence.levels.push_back(level_of(pattern, i));
    if (evidence.levels.back() != comparer.highest(i)) continue;
    const std::uint32_t value = comparer.common_value(pair, i);
    if (value == no_code) continue;
    shares[i] = data_->scorer->share(i, value);
    adjusted[i] = data_->scorer->adjusted(i, value);
  }
  evidence.explanation = data_->model.explain(evidence.levels, shares, adjusted);
  return evidence;
}

std::vector<std::uint8_t> dedupe::linked_cards(const Duplicates::Data& data) {
  std::vector<std::uint8_t> linked(data.cards.size(), 0);
  for (const auto* links : {&data.must_links, &data.cannot_links})
    for (const CardPair& pair : *links)
      for (const std::uint32_t card : {pair.a, pair.b})
        if (card < linked.size()) linked[card] = 1;
  return linked;
}

void dedupe::check_links(const PreparedCards& cards, std::span<const CardPair> must, std::span<const CardPair> cannot) {
  const auto contradiction = find_contradiction(static_cast<std::uint32_t>(cards.size()), must, cannot);
  if (!contradiction) return;
  std::string chain;
  for (const std::uint32_t card : contradiction->chain)
    chain += (chain.empty() ? "" : " = ") + cards.id(card).to_text();
  throw Error(Code::invalid_argument,
              "cards " + cards.id(contradiction->cannot_link.a).to_text() + " and " +
                  cards.id(contradiction->cannot_link.b).to_text() +
                  " must not be one client, but by must-links they are: " + chain,
              "cannot_links");
}

std::vector<std::uint32_t> dedupe::sources_of(const Duplicates::Data& data) {
  if (data.options.clusters.sources == CardSourceRule::any) return {};
  const PreparedCards& cards = data.cards;
  const auto n = static_cast<std::uint32_t>(cards.size());
  std::vector<std::uint32_t> of(n);
  if (cards.two_lists()) {
    for (std::uint32_t card = 0; card < n; ++card) of[card] = card < cards.first_list() ? 0 : 1;
    return of;
  }
  const ClientBase& base = cards.base();
  const auto terms = base.terms(TableId::clients, static_cast<std::size_t>(ClientField::source)).size();
  for (std::uint32_t card = 0; card < n; ++card) {
    const auto position = *base.card_of(cards.client_code(card));
    const Values* values = (*base.chunks(TableId::clients)[position.chunk])[ClientField::source];
    std::uint32_t code = no_code;
    if (values != nullptr) values->codes(position.row, {&code, 1});
    of[card] = code == no_code ? static_cast<std::uint32_t>(terms) + card : code;
  }
  return of;
}

namespace {

/// Clusters of several cards, in the order of their first ones; with each go the cards that equal one of its own, which
/// stand alone among the clusters. \param equal  first card of the cluster, card that equals one of it; sorted
CardGroups groups_of(const CardClusters& clusters, std::span<const CardPair> equal) {
  CardGroups groups;
  std::vector<std::uint32_t> together;
  auto next = equal.begin();
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    const std::uint32_t begin = clusters.starts[c];
    const std::uint32_t first = clusters.order[begin];
    const bool joined = next != equal.end() && next->a == first;
    if (clusters.starts[c + 1] - begin == 1 && !joined) continue;
    const std::span<const std::uint32_t> cards = clusters.cards(c);
    if (!joined) {
      groups.add(cards);
      continue;
    }
    together.assign(cards.begin(), cards.end());
    for (; next != equal.end() && next->a == first; ++next) together.push_back(next->b);
    std::sort(together.begin(), together.end());
    groups.add(together);
  }
  return groups;
}

}  // namespace

void dedupe::cluster(Duplicates::Data& data, const Control& control, const clustering::Earlier* earlier) {
  const auto n = static_cast<std::uint32_t>(data.cards.size());
  const auto& same = data.representatives;
  std::vector<CardEdge> between;  // of cards that no earlier one equals, where some cards are equal
  std::vector<CardPair> equal;    // that one earlier, and the card
  if (!same.empty()) {
    constexpr std::size_t ahead = 24;
    between.reserve(data.edges.size());
    for (std::size_t i = 0; i < data.edges.size(); ++i) {
      if (i + ahead < data.edges.size()) prefetch(&same[data.edges[i + ahead].b]);
      const CardEdge& edge = data.edges[i];
      if (same[edge.b] != edge.a)
        between.push_back(edge);
      else if (edge.score >= data.options.clusters.threshold)
        equal.push_back({edge.a, edge.b});
    }
  }
  const CardClusterOptions& options = data.options.clusters;
  CardClusterInput input;
  input.cards = n;
  input.edges = same.empty() ? data.edges : between;
  input.must_links = data.must_links;
  input.cannot_links = data.cannot_links;
  const std::vector<std::uint32_t> sources = sources_of(data);
  input.sources = sources;
  input.scorer = [&](std::uint32_t a, std::uint32_t b) {
    const dedupe::Pattern pattern = (*data.comparer)(CardPair{a, b});
    const double score = (*data.scorer)({a, b}, pattern);
    return pattern == dedupe::no_evidence ? std::min(score, options.unscored) : score;
  };
  data.solved = earlier == nullptr ? clustering::solved(input, options, control)
                                   : clustering::solved_again(input, options, control, *earlier);
  const CardClusters& clusters = data.solved.clusters;
  for (CardPair& pair : equal) pair.a = clusters.ids[pair.a];
  std::sort(equal.begin(), equal.end());
  control.run(2, [&](std::size_t task) {
    if (task == 0) {
      data.groups = groups_of(clusters, equal);
    } else {
      data.cluster_of = clusters.ids;
      for (const CardPair& pair : equal) data.cluster_of[pair.b] = pair.a;
    }
  });
}

namespace {

/// Everything that one search holds while it runs.
class Search {
 public:
  Search(const PreparedCards& cards, DedupeOptions options, const DedupeKnowledge& known, const Control& control)
      : cards_(cards), known_(known), control_(control), data_(std::make_shared<Duplicates::Data>()) {
    data_->cards = cards;
    data_->options = std::move(options);
    data_->must_links = known.must_links;
    data_->cannot_links = known.cannot_links;
    if (data_->options.model) data_->training = known.training;
    if (data_->options.comparisons.empty()) data_->options.comparisons = default_comparisons();
    check(data_->options, cards.two_lists());
  }

  Duplicates run() {
    check_knowledge();
    begin();
    BlockingOptions blocking = data_->options.blocking;
    if (blocking.propose) {
      if (!blocking.rules.empty()) throw Error(Code::invalid_argument, "rules are either given or proposed", "rules");
      data_->proposals = propose();
      blocking.rules = data_->proposals->taken();
      blocking.propose = false;
    }
    // Where every pair fits the budget, and one block, none has to be left out.
    const double budget = static_cast<double>(pair_budget(blocking, cards_.size()));
    if (blocking.rules.empty() && distinct_.size() <= blocking.max_block && 2 * all_pairs() <= budget) {
      blocking.rules = default_blocking_rules();
      blocking.rules.emplace_back();
    }
    const Blocks blocks = block(cards_, blocking, data_->representatives, control_);
    data_->rules = blocks.rules();
    data_->blocking = blocks.options().rules;
    data_->split_by = blocks.options().split_by;
    data_->block_limit = blocks.block_limit();
    learn(blocks);
    auto scorer = std::make_shared<PairScorer>(*comparer_, data_->model, data_->representatives, control_);
    if (data_->options.discount_shared) discount_shared_values(*scorer);
    data_->scorer = std::move(scorer);
    score(blocks);
    data_->chance_below = chance_below(blocks);
    cluster();
    return Duplicates(std::move(data_));
  }

  RuleProposals propose_only() {
    begin();
    return propose();
  }

 private:
  /// Which cards there are to compare.
  void begin() {
    const bool usable = std::any_of(data_->options.comparisons.begin(), data_->options.comparisons.end(),
                                    [&](const Comparison& c) { return cards_.filled(c.field) > 0; });
    if (!usable && cards_.size() > 0)
      throw Error(Code::invalid_argument,
                  "no card has a value that duplicates could be told by; name, e-mail, phone, address and the like are "
                  "looked at",
                  "clients");
    const CardClusterOptions& clusters = data_->options.clusters;
    const bool plain = clusters.sources == CardSourceRule::any && !cards_.two_lists();
    control_.run(2, [&](std::size_t task) {
      if (task == 0) comparer_ = std::make_shared<const PairComparer>(cards_, data_->options.comparisons);
      if (task == 1 && plain) data_->representatives = representatives_of(*data_);
    });
    data_->comparer = comparer_;
    for (std::uint32_t card = 0; card < cards_.size(); ++card)
      if (!plain || data_->representatives[card] == card) distinct_.push_back(card);
    first_list_ = cards_.two_lists() ? cards_.first_list() : distinct_.size();
  }
  /// Rules chosen by what pairs of all candidates are worth.
  RuleProposals propose() {
    const BlockingOptions& options = data_->options.blocking;
    const dedupe::RuleCandidates candidates = dedupe::rule_candidates(cards_, options);
    if (candidates.drawn == 0) return {};
    BlockingOptions drawn = options;
    drawn.propose = false;
    drawn.rules.assign(candidates.rules.begin(),
                       candidates.rules.begin() + static_cast<std::ptrdiff_t>(candidates.drawn));
    drawn.max_pairs = ~std::uint64_t{0};  // a few of them are looked at
    drawn.pairs_per_card = ~std::uint32_t{0};
    const Blocks blocks = block(cards_, drawn, data_->representatives, control_);
    learn(blocks);
    const PairScorer scorer(*comparer_, data_->model, data_->representatives, control_);
    const double threshold = data_->options.clusters.threshold;
    return dedupe::choose_rules(
        candidates, blocks, options, data_->representatives,
        [&](CardPair pair) {
          const double score = scorer(pair, (*comparer_)(pair));
          return score >= threshold ? link_probability(score) : 0.0;
        },
        control_);
  }
  void check_knowledge() {
    dedupe::check_links(cards_, known_.must_links, known_.cannot_links);
    if (known_.previous.size() > cards_.size())
      throw Error(Code::invalid_argument, "there are fewer cards than earlier clusters of cards", "previous");
    if (known_.labels.empty()) return;
    if (cards_.two_lists()) throw Error(Code::invalid_argument, "clusters of two lists have no labels", "labels");
    const std::set<std::string_view> distinct(known_.labels.begin(), known_.labels.end());
    if (distinct.size() != known_.labels.size())
      throw Error(Code::invalid_argument, "a label of a cluster comes twice", "labels");
    for (const std::uint32_t cluster : known_.previous)
      if (cluster != no_card_cluster && cluster >= known_.labels.size())
        throw Error(Code::out_of_range, "cluster " + std::to_string(cluster) + " has no label", "previous");
    data_->labels = known_.labels;
  }
  /// Pairs of distinct cards that could be looked at.
  [[nodiscard]] double all_pairs() const noexcept {
    const auto n = static_cast<double>(distinct_.size());
    const auto first = static_cast<double>(first_list_);
    return cards_.two_lists() ? first * (n - first) : n * (n - 1) / 2;
  }

  /// Patterns of pairs; the same for any number of threads, since counts are whole.
  PatternCounts patterns(std::span<const CardPair> pairs) const {
    const std::size_t tasks = (pairs.size() + task_pairs - 1) / task_pairs;
    std::vector<PatternCounter> counters(tasks);
    control_.check();
    control_.run(tasks, [&](std::size_t task) {
      if (control_.stop.stop_requested()) return;
      auto memory = comparer_->memory();
      const std::size_t end = std::min(pairs.size(), (task + 1) * task_pairs);
      comparer_->each_compared(pairs.subspan(task * task_pairs, end - task * task_pairs), memory,
                               [&](CardPair, Pattern pattern) { counters[task].add(pattern); });
    });
    control_.check();
    PatternCounter all;
    for (const PatternCounter& counter : counters) all.add(counter);
    return all.counts(comparer_->comparisons().size());
  }

  /// Pairs out of all of them: every one where they are few, else evenly drawn, with repeats.
  std::vector<CardPair> random_pairs() const {
    const auto n = static_cast<std::uint32_t>(distinct_.size());
    const auto first = static_cast<std::uint32_t>(first_list_);
    const bool lists = cards_.two_lists();
    std::vector<CardPair> pairs;
    const auto add = [&](std::uint32_t a, std::uint32_t b) { pairs.push_back({distinct_[a], distinct_[b]}); };
    if (all_pairs() <= data_->options.random_pairs) {
      for (std::uint32_t a = 0; a < first; ++a)
        for (std::uint32_t b = lists ? first : a + 1; b < n; ++b) add(a, b);
      return pairs;
    }
    pairs.reserve(data_->options.random_pairs);
    for (std::uint64_t i = 0; pairs.size() < data_->options.random_pairs; ++i) {
      const std::uint64_t h = mixed(i + 1);
      const auto part = [](std::uint64_t bits, std::uint32_t begin, std::uint32_t end) {
        return begin + static_cast<std::uint32_t>((bits & 0xFFFF'FFFFU) * (end - begin) >> 32);
      };
      const std::uint32_t a = part(h, 0, first);
      const std::uint32_t b = part(h >> 32, lists ? first : 0, n);
      if (a != b) add(std::min(a, b), std::max(a, b));
    }
    return pairs;
  }

  /// Cards that equal an earlier one, each with the first of them, evenly drawn where they are many.
  std::vector<CardPair> equal_pairs() const {
    std::vector<CardPair> pairs;
    for (std::uint32_t card = 0; card < data_->representatives.size(); ++card)
      if (data_->representatives[card] != card) pairs.push_back({data_->representatives[card], card});
    const std::size_t limit = data_->options.training_pairs;
    if (pairs.size() <= limit) return pairs;
    for (std::size_t i = 0; i < limit; ++i) pairs[i] = pairs[i * pairs.size() / limit];
    pairs.resize(limit);
    return pairs;
  }

  void learn(const Blocks& blocks) {
    const auto& comparisons = data_->options.comparisons;
    if (data_->options.model) {
      data_->model = fitted_to(*data_->options.model, comparisons);
      return;
    }
    std::vector<ComparisonSpec> specs;
    for (const Comparison& comparison : comparisons) specs.push_back(spec(comparison));
    if (all_pairs() < 1) return only_expected(specs);
    const std::vector<CardPair> drawn = random_pairs();
    const std::size_t random_count = drawn.size();
    const PatternCounts random = patterns(drawn);
    control_.report("learn", 0.3);
    std::vector<TrainingBlock> training;
    std::vector<std::vector<CardPair>> samples(blocks.rules().size());
    control_.run(samples.size(), [&](std::size_t r) {
      if (blocks.rules()[r].pairs > 0 && !control_.stop.stop_requested())
        samples[r] = blocks.sample(r, data_->options.training_pairs);
    });
    for (std::size_t r = 0; r < samples.size(); ++r) {
      if (blocks.rules()[r].pairs == 0) continue;
      TrainingBlock of_rule;
      of_rule.name = blocks.rules()[r].rule;
      of_rule.patterns = patterns(std::exchange(samples[r], {}));
      if (of_rule.patterns.rows() == 0) continue;
      for (std::size_t i = 0; i < comparisons.size(); ++i) {
        const auto& keys = blocks.options().rules[r].keys;
        if (std::any_of(keys.begin(), keys.end(),
                        [&](const BlockingKey& k) { return k.field == comparisons[i].field; }))
          of_rule.fixed.push_back(i);
      }
      training.push_back(std::move(of_rule));
    }
    // Cards with a single field: all that there is to learn from is what the rules look at.
    if (std::none_of(training.begin(), training.end(), says_more))
      for (TrainingBlock& of_rule : training) of_rule.fixed.clear();
    if (const std::vector<CardPair> equal = equal_pairs(); !equal.empty()) {
      TrainingBlock same;
      same.name = "equal in every field";
      same.patterns = patterns(equal);
      same.among_all = false;  // all_pairs() counts distinct cards
      training.push_back(std::move(same));
    }
    std::erase_if(training, is_silent);  // cards without any value equal each other
    if (training.empty()) return only_expected(specs);
    data_->training = train_link_model(
        specs, random, training, all_pairs(),
        training_options(std::max(least_expected, expected_u_share * static_cast<double>(random_count))), control_,
        classes(training));
    control_.report("learn", 1);
    take_learnt_model();
  }
  /// The options, with the u that cards are expected to have where they say none.
  [[nodiscard]] LinkTrainingOptions training_options(double smoothing_u) const {
    LinkTrainingOptions options = data_->options.training;
    const std::size_t told_by = comparisons_with_values();
    if (told_by < 3 && options.smoothing_m == LinkTrainingOptions().smoothing_m) options.smoothing_m = as_expected;
    if (!options.prior_u.empty()) return options;
    const double named = mailboxes_of_names(cards_);
    for (const Comparison& each : data_->options.comparisons) options.prior_u.push_back(expected_u(each, named));
    options.smoothing_u = told_by < 2 ? as_expected : smoothing_u;
    return options;
  }
  [[nodiscard]] bool has_values(const Comparison& each) const {
    return static_cast<double>(cards_.filled(each.field)) >= fewest_filled * static_cast<double>(cards_.size());
  }
  [[nodiscard]] std::size_t comparisons_with_values() const {
    const auto& comparisons = data_->options.comparisons;
    return static_cast<std::size_t>(std::count_if(comparisons.begin(), comparisons.end(),
                                                  [&](const Comparison& each) { return has_values(each); }));
  }
  /// The classes that can be told from one client: by what they share, and by what they do not, which has to be seen in
  /// some of the candidate pairs. \param training  empty: nothing is seen
  [[nodiscard]] std::vector<LinkClassSpec> classes(std::span<const TrainingBlock> training) const {
    const auto& comparisons = data_->options.comparisons;
    const auto named = [](const LinkClassSpec& each) {  // by whom: there is no household without a family name
      return std::any_of(each.shared.begin(), each.shared.end(), [](const LinkClassSpec::Shared& one) {
        return one.comparison == name(CardField::family_name) || one.comparison == name(CardField::organisation_name);
      });
    };
    std::vector<LinkClassSpec> kept = data_->options.classes;
    std::vector<std::string> by_name;
    for (const LinkClassSpec& each : kept)
      if (named(each)) by_name.push_back(each.name);
    for (LinkClassSpec& each : kept)
      std::erase_if(each.shared, [&](const LinkClassSpec::Shared& shared) {
        return std::none_of(comparisons.begin(), comparisons.end(),
                            [&](const Comparison& c) { return name(c.field) == shared.comparison && has_values(c); });
      });
    const std::size_t all = comparisons_with_values();
    std::erase_if(kept, [&](const LinkClassSpec& each) {
      const auto shares = [&](std::string_view field) {
        return std::any_of(each.shared.begin(), each.shared.end(),
                           [&](const LinkClassSpec::Shared& one) { return one.comparison == field; });
      };
      const auto telling = std::count_if(each.shared.begin(), each.shared.end(), [](const LinkClassSpec::Shared& one) {
        return one.comparison != name(CardField::city) && one.comparison != name(CardField::region) &&
               one.comparison != name(CardField::postcode);
      });
      const bool nameless = std::find(by_name.begin(), by_name.end(), each.name) != by_name.end() && !named(each);
      if (telling < 2 || each.shared.size() == all || nameless) return true;
      std::vector<bool> unshared;
      for (const Comparison& c : comparisons) unshared.push_back(!shares(name(c.field)));
      double pairs = 0;
      double told = 0;
      for (const TrainingBlock& block : training) {
        if (!block.among_all) continue;
        std::vector<bool> tells = unshared;
        for (const std::size_t place : block.fixed) tells[place] = false;
        for (std::size_t row = 0; row < block.patterns.rows(); ++row) {
          const auto levels = block.patterns.row(row);
          bool seen = false;
          for (std::size_t i = 0; i < levels.size(); ++i) seen = seen || (tells[i] && levels[i] != 0);
          pairs += block.patterns.counts[row];
          if (seen) told += block.patterns.counts[row];
        }
      }
      return told < fewest_told * pairs;
    });
    return kept;
  }
  void take_learnt_model() {
    std::vector<LinkField> fields = data_->training->model.fields();
    const bool u_was_held = comparisons_with_values() < 2;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Comparison& comparison = data_->options.comparisons[i];
      fields[i].tf_weight = comparison.tf_weight;
      fields[i].tf_minimum_u = smallest_share;
      const auto& counts = (*cards_.data())[comparison.field].counts;
      // The u that was held is not how often values agree by chance here.
      if (u_was_held && comparison.tf_weight > 0 && !counts.empty())
        fields[i].tf_average_u = average_u(std::vector<double>(counts.begin(), counts.end()));
    }
    data_->model = LinkModel(data_->training->model.prior(), std::move(fields), data_->training->model.classes());
  }
  static bool is_silent(const TrainingBlock& block) {
    return std::all_of(block.patterns.levels.begin(), block.patterns.levels.end(),
                       [](std::uint8_t level) { return level == 0; });
  }
  /// Whether some pair has evidence in a comparison that the block's rule does not decide.
  static bool says_more(const TrainingBlock& block) {
    for (std::size_t row = 0; row < block.patterns.rows(); ++row) {
      const auto levels = block.patterns.row(row);
      for (std::size_t i = 0; i < levels.size(); ++i)
        if (levels[i] != 0 && std::find(block.fixed.begin(), block.fixed.end(), i) == block.fixed.end()) return true;
    }
    return false;
  }
  /// Nothing to learn from: two cards at most, all the same, or no two that agree on a rule.
  void only_expected(std::span<const ComparisonSpec> specs) {
    // A pair that counts next to nothing, so that the weights are those expected beforehand, as with few pairs.
    PatternCounts nothing;
    nothing.fields = specs.size();
    nothing.add(std::vector<std::uint8_t>(specs.size(), 1), 1e-9);
    LinkTrainingOptions options = training_options(1);
    if (!options.prior) options.prior = expected_prior;
    data_->training = train_link_model(specs, nothing, std::vector<TrainingBlock>{{"", nothing, {}}}, 0, options,
                                       control_, classes({}));
    data_->training->blocks.clear();
    take_learnt_model();
  }

  /// What is left of the odds of one client, as agreement on one comparison alone says, where its term weight is t:
  /// odds x 2^t / (constant + by_term x 2^t).
  struct Alone {
    double odds;
    double constant{1};
    double by_term{0};
  };
  [[nodiscard]] Alone alone(std::size_t i) const {
    const LinkModel& model = data_->model;
    Alone found{std::exp2(model.prior_weight() + model.weight(i, comparer_->highest(i)))};
    const LinkField& field = model.fields()[i];
    for (const LinkClass& each : model.classes())
      for (const LinkClassField& shared : each.fields) {
        if (shared.comparison != field.comparison.name) continue;
        const double u = field.u.back();
        const double beyond = (shared.m.back() - u) / (1 - u);
        found.constant += each.share * (beyond > 0 ? -beyond : shared.m.back() / u - 1);
        found.by_term += each.share * std::max(beyond, 0.0) / u;
      }
    return found;
  }

  /// A phone, e-mail or site that three clients or more have, as the other fields tell them apart, leaves one in so
  /// many: agreement on it alone is worth no more than these odds, after what classes explain of it.
  void discount_shared_values(PairScorer& scorer) const {
    constexpr std::size_t fewest = 3;
    constexpr std::size_t looked_at_most = 64;  // of the cards with one value
    const auto& comparisons = data_->options.comparisons;
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      const CardField field = comparisons[i].field;
      if (field != CardField::phone && field != CardField::email && field != CardField::website) continue;
      control_.check();
      const FieldColumn& column = (*cards_.data())[field];
      ColumnVector<std::uint32_t> holders(column.distinct(), 0);
      for (const std::uint32_t card : distinct_) column.each(card, [&](std::uint32_t code) { ++holders[code]; });
      std::vector<std::pair<std::uint32_t, std::uint32_t>> shared;  // value, card
      for (const std::uint32_t card : distinct_)
        column.each(card, [&](std::uint32_t code) {
          if (holders[code] >= fewest) shared.emplace_back(code, card);
        });
      std::sort(shared.begin(), shared.end());
      const Alone by = alone(i);
      const Pattern others = ~(Pattern{0xF} << (4 * i));
      std::vector<std::uint32_t> cards;
      for (std::size_t begin = 0, all = 0; begin < shared.size(); begin += all) {
        const std::uint32_t code = shared[begin].first;
        all = holders[code];
        cards.clear();
        for (std::size_t k = 0; k < std::min(all, looked_at_most); ++k) cards.push_back(shared[begin + k].second);
        std::vector<std::size_t> above(cards.size());
        std::iota(above.begin(), above.end(), std::size_t{0});
        const auto top = [&](std::size_t place) {
          while (above[place] != place) place = above[place] = above[above[place]];
          return place;
        };
        std::size_t clients = cards.size();
        for (std::size_t x = 0; x < cards.size(); ++x) {
          for (std::size_t y = x + 1; y < cards.size(); ++y) {
            if (top(x) == top(y) || two_clients(scorer, {cards[x], cards[y]}, others)) continue;
            above[top(y)] = top(x);
            --clients;
          }
        }
        if (clients < fewest) continue;
        const double sharing =
            static_cast<double>(clients) * static_cast<double>(all) / static_cast<double>(cards.size());
        const double odds = 1 / (sharing - 1);
        if (by.odds > odds * (by.constant + by.by_term))
          scorer.adjust(i, code, linking::on_grid(std::log2(odds * by.constant / (by.odds - odds * by.by_term))));
      }
    }
  }
  /// Whether some fields speak for two clients: one of them differs, and they score below even odds.
  [[nodiscard]] bool two_clients(const PairScorer& scorer, CardPair pair, Pattern fields) const {
    const Pattern pattern = (*comparer_)(pair)&fields;
    for (std::size_t i = 0; i < comparer_->comparisons().size(); ++i)
      if (level_of(pattern, i) == 1) return scorer(pair, pattern) < 0;
    return false;
  }

  void score(const Blocks& blocks) {
    const PairScorer& scorer = *data_->scorer;
    const double kept = data_->options.clusters.threshold - dedupe::kept_below;
    std::vector<std::vector<CardEdge>> edges(blocks.units());
    std::vector<std::uint64_t> made(blocks.units());
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<std::size_t> done{0};
    std::atomic<bool> failed{false};
    control_.run(blocks.units(), [&](std::size_t unit) {
      if (control_.stop.stop_requested() || failed) return;
      auto memory = comparer_->memory();
      blocks.pairs(unit, [&](std::span<const CardPair> pairs) {
        made[unit] += pairs.size();
        scorer.each_at_least(kept, pairs, memory, [&](CardPair pair, double score) {
          edges[unit].push_back({pair.a, pair.b, score});
        });
      });
      edges[unit].shrink_to_fit();
      const std::size_t by_now = ++done;
      if (by_now == blocks.units() || std::this_thread::get_id() != caller) return;
      try {
        control_.report("score", static_cast<double>(by_now) / static_cast<double>(blocks.units()));
      } catch (...) {
        failed = true;
        throw;
      }
    });
    control_.check();
    control_.report("score", 1);
    for (std::size_t unit = 0; unit < made.size(); ++unit) {
      data_->rules[blocks.rule_of(unit)].added += made[unit];
      data_->pairs += made[unit];
    }
    std::vector<CardEdge> equal;
    for (std::uint32_t card = 0; card < data_->representatives.size(); ++card) {
      const CardPair pair{data_->representatives[card], card};
      if (pair.a == pair.b) continue;
      ++data_->pairs;
      const Pattern pattern = (*comparer_)(pair);
      if (const double score = scorer(pair, pattern); pattern != dedupe::no_evidence && score >= kept)
        equal.push_back({pair.a, pair.b, score});
    }
    edges.push_back(std::move(equal));
    data_->edges = in_order(std::move(edges), cards_.size());
  }

  /// Duplicates::Data::chance_below, by some pairs of each rule.
  [[nodiscard]] double chance_below(const Blocks& blocks) const {
    const std::uint64_t others = data_->pairs - std::min<std::uint64_t>(data_->pairs, data_->edges.size());
    if (others == 0) return 0;
    const double kept = data_->options.clusters.threshold - dedupe::kept_below;
    double matches = 0;
    for (const dedupe::ExpectedPair& each : dedupe::expected_pairs(
             blocks, pairs_below,
             [&](CardPair pair) {
               const double score = (*data_->scorer)(pair, (*comparer_)(pair));
               return score < kept ? link_probability(score) : 0;
             },
             control_))
      matches += each.weight;
    return std::min(matches / static_cast<double>(others), link_probability(kept));
  }

  void cluster() {
    dedupe::cluster(*data_, control_, nullptr);
    const auto n = static_cast<std::uint32_t>(cards_.size());
    std::vector<std::uint32_t> number_of(n);
    std::uint32_t clusters = 0;
    for (std::uint32_t card = 0; card < n; ++card) {
      const std::uint32_t first = data_->cluster_of[card];
      number_of[card] = first == card ? clusters++ : number_of[first];
    }
    data_->numbered = !known_.previous.empty() && known_.labels.empty();
    clustering::inherit_ids(data_->cluster_of, number_of, clusters, known_.previous,
                            static_cast<std::uint32_t>(known_.labels.size()));
    control_.report("cluster", 1);
  }

  const PreparedCards& cards_;
  const DedupeKnowledge& known_;
  const Control& control_;
  std::shared_ptr<Duplicates::Data> data_;
  std::shared_ptr<const PairComparer> comparer_;
  std::vector<std::uint32_t> distinct_;  ///< cards that equal no earlier one
  std::size_t first_list_{0};            ///< how many of them are of the first list
};

}  // namespace

Duplicates find_duplicates(const PreparedCards& cards, const DedupeOptions& options, const DedupeKnowledge& known,
                           const Control& control) {
  return Search(cards, options, known, control).run();
}

Duplicates find_duplicates(const ClientBase& base, const DedupeOptions& options, const Control& control) {
  return find_duplicates(prepare_cards(base, Normaliser(options.normaliser), control), options, {}, control);
}

Duplicates link_lists(const ClientBase& first, const ClientBase& second, const DedupeOptions& options,
                      const Control& control) {
  return find_duplicates(prepare_cards(first, second, Normaliser(options.normaliser), control), options, {}, control);
}

RuleProposals propose_rules(const PreparedCards& cards, const DedupeOptions& options, const Control& control) {
  return Search(cards, options, {}, control).propose_only();
}

LinkTraining learn_link_model(const PreparedCards& cards, std::span<const LabelledPair> labelled,
                              const DedupeOptions& options, const LogisticOptions& how, const Control& control) {
  const std::vector<Comparison> comparisons = options.comparisons.empty() ? default_comparisons() : options.comparisons;
  std::vector<ComparisonSpec> specs;
  for (const Comparison& comparison : comparisons) specs.push_back(spec(comparison));
  std::vector<CardPair> pairs;
  for (const LabelledPair& each : labelled) {
    const CardPair pair{std::min(each.pair.a, each.pair.b), std::max(each.pair.a, each.pair.b)};
    if (pair.a == pair.b || pair.b >= cards.size())
      throw Error(Code::out_of_range, "a labelled pair is no pair of two cards", "labelled");
    pairs.push_back(pair);
  }
  const std::vector<std::uint8_t> levels = compare(cards, comparisons, pairs, control);
  std::array<PatternCounts, 2> counts;
  for (PatternCounts& each : counts) each.fields = comparisons.size();
  for (std::size_t i = 0; i < pairs.size(); ++i)
    counts[labelled[i].match ? 1 : 0].add(std::span(levels).subspan(i * comparisons.size(), comparisons.size()));
  return learn_link_model(specs, counts[1], counts[0], how);
}

void take_labelled(const PreparedCards& cards, std::span<const LabelledPair> labelled, DedupeOptions& options,
                   DedupeKnowledge& known, const Control& control) {
  if (options.model)
    throw Error(Code::invalid_argument, "weights are either given by model or learnt from labelled pairs", "labelled");
  LinkTraining training = learn_link_model(cards, labelled, options, {}, control);
  if (training.status != LinkFit::converged && training.status != LinkFit::iteration_limit)
    throw Error(Code::invalid_argument, training.advice, "labelled");
  options.model = training.model;
  known.training = std::move(training);
}

void know_previous(const PreparedCards& cards, std::span<const std::pair<ClientId, ClientId>> rows,
                   DedupeKnowledge& known) {
  if (cards.two_lists()) throw Error(Code::invalid_argument, "clusters of two lists have no earlier names", "previous");
  std::vector<ClientId> distinct;
  for (const auto& [id, label] : rows) distinct.push_back(label);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  known.labels.clear();
  for (const ClientId& label : distinct) known.labels.push_back(label.to_text());
  known.previous.assign(cards.size(), no_card_cluster);
  for (const auto& [id, label] : rows) {
    const auto card = cards.card_of(id);
    if (!card) continue;
    const auto number =
        static_cast<std::uint32_t>(std::lower_bound(distinct.begin(), distinct.end(), label) - distinct.begin());
    std::uint32_t& of = known.previous[*card];
    if (of != no_card_cluster && of != number)
      throw Error(Code::invalid_argument,
                  "card " + id.to_text() + " was in two clusters, " + known.labels[of] + " and " + label.to_text(),
                  "previous");
    of = number;
  }
}

}  // namespace klientela
