// Cards by the keys of blocking rules, and a card's likes among them.
#include "klientela/dedupe/card_search.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "dedupe/block_keys.hpp"
#include "dedupe/duplicates_data.hpp"
#include "dedupe/radix_sort.hpp"
#include "dedupe/value_levels.hpp"

namespace klientela {
namespace {

using dedupe::FieldColumn;
using dedupe::KeyedCard;
using dedupe::RuleKeys;

/// The keys of one rule, ascending, and whose they are.
struct SortedKeys {
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> cards;

  [[nodiscard]] std::span<const std::uint32_t> with(std::uint64_t key) const noexcept {
    const auto [begin, end] = std::equal_range(keys.begin(), keys.end(), key);
    return std::span(cards).subspan(static_cast<std::size_t>(begin - keys.begin()),
                                    static_cast<std::size_t>(end - begin));
  }
};

constexpr std::size_t task_cards = 256;

void check(const CardSearchOptions& options) {
  const auto bad = [](const std::string& why, const std::string& where) {
    throw Error(Code::invalid_argument, why, where);
  };
  if (options.limit < 1 || options.limit > 10'000) bad("limit lies between 1 and 10,000", "limit");
  if (options.max_candidates < 1 || options.max_candidates > 1'000'000)
    bad("max_candidates lies between 1 and 1,000,000", "max_candidates");
  if (!(options.min_score == options.min_score)) bad("min_score is a number", "min_score");
}

bool has_values(const PreparedCards::Data& cards, const BlockingRule& rule) {
  return std::all_of(rule.keys.begin(), rule.keys.end(),
                     [&](const BlockingKey& key) { return cards[key.field].filled > 0; });
}

}  // namespace

struct CardIndex::Data {
  Duplicates found;
  Normaliser normaliser;
  std::vector<SortedKeys> rules;  ///< by rule; empty where no card has a key
};

namespace {

/// Cards that are looked up: the rules' keys, and levels against indexed cards.
class Query {
 public:
  Query(const CardIndex::Data& index, const PreparedCards& cards) : index_(index), cards_(*cards.data()) {
    const Duplicates::Data& found = *index.found.data();
    for (std::size_t r = 0; r < found.blocking.size(); ++r)
      if (!index.rules[r].keys.empty() && has_values(cards_, found.blocking[r]))
        rules_.emplace_back(r, RuleKeys(cards_, found.blocking[r]));
  }

  std::vector<CardMatch> search(std::uint32_t card, const CardSearchOptions& options) const {
    std::vector<CardMatch> matches;
    for (const std::uint32_t other : candidates(card, options.max_candidates)) {
      PairEvidence evidence = compared(card, other);
      if (evidence.explanation.score < options.min_score) continue;
      const double score = evidence.explanation.score;
      matches.push_back({other, score, std::move(evidence)});
    }
    const auto better = [](const CardMatch& a, const CardMatch& b) {
      return a.score != b.score ? a.score > b.score : a.card < b.card;
    };
    const std::size_t kept = std::min<std::size_t>(matches.size(), options.limit);
    std::partial_sort(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(kept), matches.end(), better);
    matches.resize(kept);
    return matches;
  }

 private:
  /// Who shares a key, those of rare keys first.
  [[nodiscard]] std::vector<std::uint32_t> candidates(std::uint32_t card, std::size_t most) const {
    std::vector<std::span<const std::uint32_t>> runs;
    std::vector<std::uint64_t> keys;
    for (const auto& [r, rule] : rules_) {
      rule.of(card, keys);
      for (const std::uint64_t key : keys)
        if (const auto run = index_.rules[r].with(key); !run.empty()) runs.push_back(run);
    }
    std::stable_sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    std::vector<std::uint32_t> found;
    for (const auto& run : runs) {
      const std::size_t before = found.size();
      found.insert(found.end(), run.begin(), run.begin() + static_cast<std::ptrdiff_t>(std::min(run.size(), most)));
      std::inplace_merge(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
      found.erase(std::unique(found.begin(), found.end()), found.end());
      if (found.size() >= most) break;
    }
    return found;
  }

  [[nodiscard]] PairEvidence compared(std::uint32_t card, std::uint32_t other) const {
    const Duplicates::Data& found = *index_.found.data();
    const PreparedCards::Data& known = *found.cards.data();
    const std::vector<Comparison>& comparisons = found.options.comparisons;
    PairEvidence evidence{{other, other}, std::vector<std::uint8_t>(comparisons.size()), {}};
    std::vector<double> shares(comparisons.size(), 0);
    std::size_t given = comparisons.size();
    std::size_t family = comparisons.size();
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      const Comparison& comparison = comparisons[i];
      if (comparison.kind == ComparisonKind::name && comparison.field == CardField::given_name) given = i;
      if (comparison.kind == ComparisonKind::name && comparison.field == CardField::family_name) family = i;
      const FieldColumn& mine = cards_[comparison.field];
      const FieldColumn& theirs = known[comparison.field];
      mine.each(card, [&](std::uint32_t x) {
        theirs.each(other, [&](std::uint32_t y) {
          const std::uint8_t level = dedupe::full_level(comparison, mine, x, theirs, y);
          if (level < evidence.levels[i]) return;
          evidence.levels[i] = level;
          if (level != found.comparer->highest(i)) return;
          const double share = found.scorer->share(i, y);
          if (shares[i] == 0 || share < shares[i]) shares[i] = share;
        });
      });
    }
    if (given < comparisons.size() && family < comparisons.size()) {
      const auto names = [](const PreparedCards::Data& of, std::uint32_t c) {
        const auto form = [&](CardField field) {
          const FieldColumn& column = of[field];
          const std::uint32_t code = column.empty() ? no_code : column.first[c];
          return code == no_code ? std::string_view() : column.forms[0][code];
        };
        return dedupe::Names{form(CardField::given_name), form(CardField::family_name)};
      };
      if (dedupe::names_crossed(names(cards_, card), names(known, other), evidence.levels[given],
                                evidence.levels[family], comparisons[family].close))
        evidence.levels[given] = evidence.levels[family] = dedupe::name_crossed;
    }
    evidence.explanation = found.model.explain(evidence.levels, shares);
    return evidence;
  }

  const CardIndex::Data& index_;
  const PreparedCards::Data& cards_;
  std::vector<std::pair<std::size_t, RuleKeys>> rules_;
};

}  // namespace

CardIndex::CardIndex() : CardIndex(Duplicates()) {}

CardIndex::CardIndex(const Duplicates& found, const Control& control) {
  auto data = std::make_shared<Data>();
  data->found = found;
  data->normaliser = Normaliser(found.options().normaliser);
  const PreparedCards::Data& cards = *found.cards().data();
  const std::vector<BlockingRule>& rules = found.data()->blocking;
  data->rules.resize(rules.size());
  control.check();
  control.run(rules.size(), [&](std::size_t r) {
    if (control.stop.stop_requested() || !has_values(cards, rules[r])) return;
    const RuleKeys rule(cards, rules[r]);
    std::vector<KeyedCard> sorted;
    std::vector<std::uint64_t> keys;
    for (std::uint32_t card = 0; card < found.cards().size(); ++card) {
      rule.of(card, keys);
      for (const std::uint64_t key : keys) sorted.push_back({key, card});
    }
    dedupe::radix_sort(sorted);
    data->rules[r].keys.reserve(sorted.size());
    data->rules[r].cards.reserve(sorted.size());
    for (const KeyedCard& each : sorted) {
      data->rules[r].keys.push_back(each.key);
      data->rules[r].cards.push_back(each.card);
    }
  });
  control.check();
  control.report("index cards", 1);
  data_ = std::move(data);
}

const Duplicates& CardIndex::found() const noexcept { return data_->found; }

std::vector<CardMatch> CardIndex::search(const ClientRow& row, const CardSearchOptions& options) const {
  BaseBuilder builder;
  builder.add(row);
  const ClientBase base = builder.build().base;
  check(options);
  if (base.accepted(TableId::clients) == 0) return {};
  const PreparedCards cards = prepare_cards(base, data_->normaliser);
  return Query(*data_, cards).search(0, options);
}

std::vector<std::vector<CardMatch>> CardIndex::search(const ClientBase& base, const CardSearchOptions& options,
                                                      const Control& control) const {
  check(options);
  const PreparedCards cards = prepare_cards(base, data_->normaliser, control);
  const Query query(*data_, cards);
  std::vector<std::vector<CardMatch>> matches(cards.size());
  control.run((cards.size() + task_cards - 1) / task_cards, [&](std::size_t task) {
    if (control.stop.stop_requested()) return;
    for (std::size_t card = task * task_cards; card < std::min(cards.size(), (task + 1) * task_cards); ++card)
      matches[card] = query.search(static_cast<std::uint32_t>(card), options);
  });
  control.check();
  return matches;
}

}  // namespace klientela
