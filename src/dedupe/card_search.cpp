// Cards by the keys of blocking rules, and a card's likes among them.
#include "klientela/dedupe/card_search.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "core/text.hpp"
#include "dedupe/block_keys.hpp"
#include "dedupe/card_index.hpp"
#include "dedupe/link_patterns.hpp"
#include "dedupe/value_levels.hpp"

namespace klientela {
namespace {

using dedupe::FieldColumn;
using dedupe::KeyedCard;
using dedupe::RuleKeys;

constexpr std::size_t task_cards = 256;

void check(const CardSearchOptions& options) {
  const auto bad = [](const std::string& why, const std::string& where) {
    throw Error(Code::invalid_argument, why, where);
  };
  if (options.limit < 1 || options.limit > 10'000) bad("limit lies between 1 and 10,000", "limit");
  if (options.max_candidates < 1 || options.max_candidates > 1'000'000)
    bad("max_candidates lies between 1 and 1,000,000", "max_candidates");
  if (options.min_score && std::isnan(*options.min_score)) bad("min_score is a number", "min_score");
}

constexpr std::size_t max_scanned = 100'000;  ///< cards that begin as one value does, looked at for the others
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

/// What somebody has typed into one field: what a value of one of several card fields may begin with.
struct Typed {
  std::vector<std::pair<CardField, std::string>> of;
  std::size_t whole{nowhere};  ///< the place of what this is a word of, which stands for it, too
  bool counts{true};           ///< among those by how many of which cards are ranked; not where its words do
};

/// What a row's values may begin, as the forms of cards are written.
std::vector<Typed> typed_values(const ClientRow& row, const Normaliser& normaliser) {
  std::vector<Typed> all;
  NormalText text;
  const auto latin = [&](std::string_view value) {
    normaliser.text(value, text);
    return text.latin;
  };
  const auto letters_and_digits = [&](std::string_view value) {
    std::string plain = latin(value);
    std::erase(plain, ' ');
    return plain;
  };
  const auto add = [&](CardField field, std::vector<std::string> beginnings) {
    Typed one;
    for (std::string& each : beginnings)
      if (!each.empty()) one.of.emplace_back(field, std::move(each));
    if (!one.of.empty()) all.push_back(std::move(one));
  };
  add(CardField::given_name, {latin(row.given_name)});
  add(CardField::family_name, {latin(row.family_name)});
  add(CardField::city, {latin(row.city)});
  add(CardField::postcode, {letters_and_digits(row.postcode)});
  if (!row.name.empty()) {
    OrganisationName organisation;
    normaliser.organisation(row.name, organisation);
    std::size_t whole = nowhere;
    if (row.kind != "person" && !organisation.core.empty()) {
      whole = all.size();
      all.push_back({{{CardField::organisation_name, organisation.core}}, nowhere, row.kind == "organisation"});
    }
    const std::string words = row.kind == "organisation" ? std::string() : latin(row.name);
    for (std::string_view rest = words; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const std::string word(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!word.empty()) all.push_back({{{CardField::given_name, word}, {CardField::family_name, word}}, whole, true});
    }
  }
  for (const std::string& value : row.emails) {
    std::string small(detail::trimmed(value));
    std::transform(small.begin(), small.end(), small.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    std::string undotted = small.substr(0, small.find_first_of("+@"));
    std::erase(undotted, '.');
    if (const std::size_t at = small.find('@'); at != small.npos) undotted += small.substr(at);
    if (undotted == small) undotted.clear();
    add(CardField::email, {small, undotted});
  }
  const bool region = row.country.size() == 2 && row.country[0] >= 'A' && row.country[0] <= 'Z' &&
                      row.country[1] >= 'A' && row.country[1] <= 'Z';
  for (const std::string& value : row.phones)
    add(CardField::phone,
        normaliser.phone_beginnings(value, region ? std::string_view(row.country) : std::string_view()));
  TaxNumber number;
  for (const std::string& value : row.tax_numbers) {
    normaliser.tax_number(value, number);
    add(CardField::tax_number, {number.number});
  }
  for (const std::string& value : row.identifiers) add(CardField::identifier, {letters_and_digits(value)});
  WebDomain domain;
  for (const std::string& value : row.websites) {
    normaliser.domain(value, domain);
    add(CardField::website, {domain.registrable, domain.host});
  }
  return all;
}

}  // namespace

std::uint64_t dedupe::value_hash(const FieldColumn& column, std::uint32_t code) noexcept {
  std::uint64_t hash = 0;
  for (std::size_t form = 0; form < column.forms.size() && column.forms[form].size() > 0; ++form)
    hash = content_mixed(hash ^ std::hash<std::string_view>{}(column.forms[form][code]), form, 0);
  return hash;
}

std::array<std::size_t, 2> dedupe::split_levels(const PreparedCards::Data& cards,
                                                std::span<const BlockingKey> keys) noexcept {
  std::array<std::size_t, 2> levels{keys.size(), keys.size()};
  for (std::size_t level = 0, found = 0; level < keys.size() && found < levels.size(); ++level)
    if (cards[keys[level].field].filled > 0) levels[found++] = level;
  return levels;
}

dedupe::Grown<std::uint64_t> dedupe::first_keys(const PreparedCards::Data& cards, const BlockingKey& key) {
  constexpr std::uint64_t unknown = ~std::uint64_t{0};  // one that is so is looked up anew
  const FieldColumn& column = cards[key.field];
  std::vector<std::uint64_t> of_value(column.distinct(), unknown);
  Grown<std::uint64_t> keys;
  keys.reserve(cards.codes.size());
  for (std::uint32_t card = 0; card < cards.codes.size(); ++card) {
    if (column.empty() || column.first[card] == no_code || !column.further(card).empty()) {
      keys.push_back(first_key(cards, key, card));
      continue;
    }
    std::uint64_t& known = of_value[column.first[card]];
    if (known == unknown) known = first_key(cards, key, card);
    keys.push_back(known);
  }
  keys.settle();
  return keys;
}

bool dedupe::has_values(const PreparedCards::Data& cards, const BlockingRule& rule) {
  return std::all_of(rule.keys.begin(), rule.keys.end(),
                     [&](const BlockingKey& key) { return cards[key.field].filled > 0; });
}

namespace {

/// Cards that are looked up: the rules' keys, and levels against indexed cards.
class Query {
  static constexpr std::size_t cards_ahead = 12;  // that are asked for
  static constexpr std::size_t values_ahead = 6;

 public:
  Query(const CardIndex::Data& index, const PreparedCards& cards) : index_(index), cards_(*cards.data()) {
    const Duplicates::Data& found = *index.found.data();
    for (std::size_t r = 0; r < found.blocking.size(); ++r)
      if (!index.rules[r].empty() && dedupe::has_values(cards_, found.blocking[r]))
        rules_.emplace_back(r, RuleKeys(cards_, found.blocking[r]));
    const std::vector<Comparison>& comparisons = found.options.comparisons;
    sketches_.resize(comparisons.size());
    for (std::size_t i = 0; i < comparisons.size(); ++i)
      dedupe::add_sketches(cards_[comparisons[i].field], comparisons[i], sketches_[i]);
  }

  /// \param typed  incomplete values; none where all are whole
  std::vector<CardMatch> search(std::uint32_t card, const CardSearchOptions& options,
                                const std::vector<Typed>& typed = {}) const {
    const double least = options.min_score.value_or(options.incomplete ? -HUGE_VAL : 0);
    // Of an unfinished card, at least half of them are left to how its values begin.
    const std::size_t most = options.max_candidates;
    std::vector<std::uint32_t> others =
        candidates(card, options.incomplete ? (most + 1) / 2 : most, options.incomplete);
    std::vector<double> shares;  // by typed value and field of it: of the values that begin so
    if (!typed.empty()) begun(typed, most, others, shares);
    std::vector<CardMatch> matches;
    for (std::size_t at = 0; at < others.size(); ++at) {
      const std::uint32_t other = others[at];
      if (at + cards_ahead < others.size()) ask_card(others[at + cards_ahead]);
      if (at + values_ahead < others.size()) ask_values(card, others[at + values_ahead]);
      PairEvidence evidence = compared(card, other);
      std::size_t alternative = 0;
      for (const Typed& one : typed)
        for (const auto& [field, text] : one.of) weigh_beginning(evidence, other, field, text, shares[alternative++]);
      const double score = evidence.explanation.score;
      const bool any = !typed.empty() || std::any_of(evidence.explanation.fields.begin(),
                                                     evidence.explanation.fields.end(), [](const FieldEvidence& field) {
                                                       return field.level != 0 || field.term_weight != 0;
                                                     });
      if (any && score >= least) matches.push_back({other, score, std::move(evidence)});
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
  /// Who shares a key, those of rare keys first, and of one key those first in order. \param named  leave out the rule
  /// of short lists that takes every card
  [[nodiscard]] std::vector<std::uint32_t> candidates(std::uint32_t card, std::size_t most, bool named) const {
    using Run = std::array<std::span<const std::uint32_t>, 2>;
    const auto size = [](const Run& run) { return run[0].size() + run[1].size(); };
    std::vector<Run> runs;
    std::vector<std::uint64_t> keys;
    for (const auto& [r, rule] : rules_) {
      if (named && index_.found.data()->blocking[r].keys.empty()) continue;
      rule.of(card, keys);
      for (const std::uint64_t key : keys)
        if (const Run run = index_.rules[r].with(key); size(run) > 0) runs.push_back(run);
    }
    std::vector<std::pair<std::size_t, std::size_t>> order;  // cards, place in runs
    std::size_t all = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      order.emplace_back(size(runs[i]), i);
      all += order.back().first;
    }
    if (all > most && index_.card_of.size() > index_.found.cards().size())  // slots of cards that are gone do not count
      for (auto& [cards, i] : order)
        for (const auto part : runs[i])
          cards -= static_cast<std::size_t>(
              std::count_if(part.begin(), part.end(), [&](std::uint32_t s) { return index_.card_of[s] == no_code; }));
    std::sort(order.begin(), order.end());
    std::vector<std::uint32_t> found;
    for (const auto& [cards, i] : order) {
      if (found.size() >= most) break;
      add_new(found, first_cards(runs[i], most), most);
    }
    return found;
  }
  /// The first cards, in order, of those that have slots; at least so many that others are not wanted. O(most + slots
  /// that came later)
  [[nodiscard]] std::vector<std::uint32_t> first_cards(const std::array<std::span<const std::uint32_t>, 2>& slots,
                                                       std::size_t most) const {
    std::vector<std::uint32_t> cards;
    for (const auto part : slots) {  // slots ascend
      for (auto slot = part.begin(); slot != part.end(); ++slot) {
        if (*slot < index_.in_order && cards.size() >= most) {
          slot = std::lower_bound(slot, part.end(), index_.in_order);
          if (slot == part.end()) break;
        }
        if (const std::uint32_t card = index_.card_of[*slot]; card != no_code) cards.push_back(card);
      }
    }
    std::sort(cards.begin(), cards.end());
    return cards;
  }
  /// Adds the first of some cards, ascending, that are not there yet, up to `most` in all.
  static void add_new(std::vector<std::uint32_t>& found, const std::vector<std::uint32_t>& cards, std::size_t most) {
    const std::size_t before = found.size();
    for (std::size_t i = 0, known = 0; i < cards.size() && found.size() < most; ++i) {
      while (known < before && found[known] < cards[i]) ++known;
      const bool there = (known < before && found[known] == cards[i]) || (i > 0 && cards[i - 1] == cards[i]);
      if (!there) found.push_back(cards[i]);
    }
    std::inplace_merge(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
  }

  [[nodiscard]] bool begins(std::uint32_t other, const Typed& typed) const {
    const PreparedCards::Data& known = *index_.found.cards().data();
    return std::any_of(typed.of.begin(), typed.of.end(), [&](const auto& one) {
      bool found = false;
      const FieldColumn& column = known[one.first];
      column.each(other, [&](std::uint32_t code) { found = found || column.forms[0][code].starts_with(one.second); });
      return found;
    });
  }
  /// Adds the cards whose values begin so, up to `most` in all: those that begin as most of the typed values do first.
  void begun(const std::vector<Typed>& typed, std::size_t most, std::vector<std::uint32_t>& others,
             std::vector<double>& shares) const {
    const PreparedCards::Data& known = *index_.found.cards().data();
    const auto parts = index_.beginnings.get(known, index_.card_of);
    std::vector<std::vector<std::span<const std::uint32_t>>> runs;  // by typed value
    std::vector<std::pair<std::size_t, std::size_t>> sizes;         // slots, typed value
    for (const Typed& one : typed) {
      std::size_t all = 0;
      runs.emplace_back();
      for (const auto& [field, text] : one.of) {
        std::size_t count = 0;
        for (const auto& part : parts) {
          runs.back().push_back(part->fields[static_cast<std::size_t>(field)].with(known[field], text));
          count += runs.back().back().size();
        }
        all += count;
        const auto filled = static_cast<double>(std::max<std::size_t>(known[field].filled, 1));
        shares.push_back(std::min(1.0, static_cast<double>(count) / filled));
      }
      if (all > 0) sizes.emplace_back(all, runs.size() - 1);
    }
    std::sort(sizes.begin(), sizes.end());
    // Rare beginnings as they are; of a frequent one, the cards with the other beginnings, too.
    for (std::size_t rank = 0; rank < sizes.size() && (rank == 0 || sizes[rank].first <= most); ++rank) {
      if (others.size() >= most) break;
      std::vector<std::uint32_t> begun;
      for (const auto run : runs[sizes[rank].second])
        for (const std::uint32_t slot : run)
          if (index_.card_of[slot] != no_code) begun.push_back(index_.card_of[slot]);
      if (begun.size() > max_scanned) {
        std::nth_element(begun.begin(), begun.begin() + max_scanned, begun.end());
        begun.resize(max_scanned);
      }
      std::erase_if(begun, [&](std::uint32_t card) { return std::binary_search(others.begin(), others.end(), card); });
      std::sort(begun.begin(), begun.end());
      begun.erase(std::unique(begun.begin(), begun.end()), begun.end());
      if (const std::size_t room = most - others.size(); begun.size() > room) {
        std::vector<std::pair<std::size_t, std::uint32_t>> ranked;  // typed values that it lacks, card
        for (const std::uint32_t card : begun) ranked.emplace_back(lacking(card, typed), card);
        std::nth_element(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(room), ranked.end());
        begun.clear();
        for (std::size_t i = 0; i < room; ++i) begun.push_back(ranked[i].second);
        std::sort(begun.begin(), begun.end());
      }
      add_new(others, begun, most);
    }
  }
  /// How many of the typed values a card's do not begin with.
  [[nodiscard]] std::size_t lacking(std::uint32_t card, const std::vector<Typed>& typed) const {
    std::vector<bool> has(typed.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < typed.size(); ++i) {  // a whole stands before its words
      has[i] = begins(card, typed[i]) || (typed[i].whole != nowhere && has[typed[i].whole]);
      if (typed[i].counts && !has[i]) ++count;
    }
    return count;
  }
  /// Lets a beginning count where it says more than the likeness of the values.
  void weigh_beginning(PairEvidence& evidence, std::uint32_t other, CardField field, const std::string& text,
                       double share) const {
    const Duplicates::Data& found = *index_.found.data();
    const std::vector<Comparison>& comparisons = found.options.comparisons;
    const auto comparison = std::find_if(comparisons.begin(), comparisons.end(),
                                         [&](const Comparison& each) { return each.field == field; });
    if (comparison == comparisons.end() || share <= 0 || !begins(other, {{{field, text}}})) return;
    const auto i = static_cast<std::size_t>(comparison - comparisons.begin());
    const double weight = linking::on_grid(std::min(-std::log2(share), found.model.weights(i).back()));
    FieldEvidence& of = evidence.explanation.fields[i];
    if (evidence.levels[i] == found.comparer->highest(i) || weight <= of.weight + of.term_weight) return;
    evidence.levels[i] = 0;
    of = {i, 0, 0, weight};
    ScoreExplanation& explanation = evidence.explanation;
    explanation.score = explanation.prior_weight;
    // Classes explain a beginning as they would a value in common that says as much.
    std::vector<std::uint8_t> levels = evidence.levels;
    std::vector<double> terms;
    for (const FieldEvidence& each : explanation.fields) {
      explanation.score += each.weight + each.term_weight;
      const bool begun = each.level == 0 && each.term_weight != 0;  // this one, or one before
      if (begun) levels[each.field] = found.comparer->highest(each.field);
      terms.push_back(begun ? each.term_weight - found.model.weights(each.field).back() : each.term_weight);
    }
    explanation.shared_weight = found.model.shared_weight(levels, terms, &explanation.shared_by);
    explanation.score += explanation.shared_weight;
  }

  /// Asks for the memory that tells an indexed card's values.
  void ask_card(std::uint32_t other) const noexcept {
    const PreparedCards::Data& known = *index_.found.data()->cards.data();
    for (const Comparison& comparison : index_.found.data()->options.comparisons)
      if (!cards_[comparison.field].empty() && !known[comparison.field].empty())
        prefetch(&known[comparison.field].first[other]);
  }
  /// Likewise for what tells that they are different.
  void ask_values(std::uint32_t card, std::uint32_t other) const noexcept {
    const Duplicates::Data& found = *index_.found.data();
    for (std::size_t i = 0; i < sketches_.size(); ++i) {
      const CardField field = found.options.comparisons[i].field;
      const FieldColumn& theirs = (*found.cards.data())[field];
      if (theirs.empty() || cards_[field].empty() || cards_[field].first[card] == no_code) continue;
      if (theirs.first[other] != no_code) found.comparer->ask_sketch(i, theirs.first[other]);
    }
  }
  [[nodiscard]] PairEvidence compared(std::uint32_t card, std::uint32_t other) const {
    const Duplicates::Data& found = *index_.found.data();
    const PreparedCards::Data& known = *found.cards.data();
    const std::vector<Comparison>& comparisons = found.options.comparisons;
    PairEvidence evidence{{other, other}, std::vector<std::uint8_t>(comparisons.size()), {}};
    std::vector<double> shares(comparisons.size(), 0);
    std::vector<std::uint32_t> common(comparisons.size(), no_code);  // the rarest value that is theirs and mine
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
          const std::uint8_t level = found.comparer->surely_different(i, sketches_[i], x, y)
                                         ? std::uint8_t{1}
                                         : dedupe::full_level(comparison, mine, x, theirs, y);
          if (level < evidence.levels[i]) return;
          evidence.levels[i] = level;
          if (level != found.comparer->highest(i)) return;
          const double share = found.scorer->share(i, y);
          if (common[i] != no_code && share >= shares[i]) return;
          shares[i] = share;
          common[i] = y;
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
      dedupe::cross_names(names(cards_, card), names(known, other), evidence.levels[given], evidence.levels[family],
                          comparisons[family].close);
    }
    std::vector<double> adjusted(comparisons.size(), 0);
    for (std::size_t i = 0; i < comparisons.size(); ++i)
      if (common[i] != no_code) adjusted[i] = found.scorer->adjusted(i, common[i]);
    evidence.explanation = found.model.explain(evidence.levels, shares, adjusted);
    return evidence;
  }

  const CardIndex::Data& index_;
  const PreparedCards::Data& cards_;
  std::vector<std::pair<std::size_t, RuleKeys>> rules_;
  std::vector<dedupe::Grown<dedupe::Sketch>> sketches_;  ///< by comparison: of the values that are looked up
};

}  // namespace

CardIndex::CardIndex() : CardIndex(Duplicates()) {}

CardIndex::CardIndex(const Duplicates& found, const Control& control) {
  auto data = std::make_shared<Data>();
  data->found = found;
  const PreparedCards::Data& cards = *found.cards().data();
  const std::vector<BlockingRule>& rules = found.data()->blocking;
  const auto n = static_cast<std::uint32_t>(found.cards().size());
  const std::vector<std::uint8_t> linked = dedupe::linked_cards(*found.data());
  data->rules.resize(rules.size());
  control.check();
  const std::vector<BlockingKey>& split_by = found.data()->split_by;
  data->split_levels = dedupe::split_levels(cards, split_by);
  control.run(rules.size() + card_field_count + 1 + data->split_levels.size(), [&](std::size_t task) {
    if (control.stop.stop_requested()) return;
    ColumnVector<KeyedCard> keyed;
    if (task < rules.size()) {
      if (!dedupe::has_values(cards, rules[task])) return;
      const RuleKeys rule(cards, rules[task]);
      std::vector<std::uint64_t> keys;
      for (std::uint32_t card = 0; card < n; ++card) {
        rule.of(card, keys);
        for (const std::uint64_t key : keys) keyed.push_back({key, card});
      }
      data->rules[task].add(std::move(keyed));
    } else if (const std::size_t field = task - rules.size(); field < card_field_count) {
      const FieldColumn& column = cards.fields[field];
      for (std::uint32_t code = 0; code < column.distinct(); ++code)
        keyed.push_back({dedupe::value_hash(column, code), code});
      data->values[field].add(std::move(keyed));
    } else if (field > card_field_count) {
      const std::size_t place = field - card_field_count - 1;
      if (const std::size_t level = data->split_levels[place]; level < split_by.size())
        data->split_keys[place] = dedupe::first_keys(cards, split_by[level]);
    } else {
      for (std::uint32_t card = 0; card < n; ++card)
        if (linked[card] == 0) keyed.push_back({cards.content(card), card});
      data->contents.add(std::move(keyed));
    }
  });
  control.check();
  for (std::uint32_t card = 0; card < n; ++card) data->slot_of.push_back(card);
  data->card_of = data->slot_of;
  data->in_order = n;
  control.report("index cards", 1);
  data_ = std::move(data);
}

const Duplicates& CardIndex::found() const noexcept { return data_->found; }

std::vector<CardMatch> CardIndex::search(const ClientRow& row, const CardSearchOptions& options) const {
  BaseBuilder builder;
  builder.add(row);
  const ClientBase base = builder.build().base;
  check(options);
  const std::optional<Normaliser>& normaliser = data_->found.cards().data()->normaliser;
  if (base.accepted(TableId::clients) == 0 || !normaliser) return {};
  const PreparedCards cards = prepare_cards(base, *normaliser);
  return Query(*data_, cards)
      .search(0, options, options.incomplete ? typed_values(row, *normaliser) : std::vector<Typed>());
}

std::vector<std::vector<CardMatch>> CardIndex::search(const ClientBase& base, const CardSearchOptions& options,
                                                      const Control& control) const {
  check(options);
  if (options.incomplete)
    throw Error(Code::invalid_argument, "cards of a base are whole; somebody types one card", "incomplete");
  const std::optional<Normaliser>& normaliser = data_->found.cards().data()->normaliser;
  if (!normaliser) return std::vector<std::vector<CardMatch>>(base.accepted(TableId::clients));
  const PreparedCards cards = prepare_cards(base, *normaliser, control);
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
