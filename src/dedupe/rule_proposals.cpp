// Chooses blocking rules: expected coverage from sampled pairs, cost from the cards, greedily within the budget.
#include "klientela/dedupe/rule_proposals.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dedupe/block_keys.hpp"
#include "dedupe/card_data.hpp"
#include "dedupe/rule_search.hpp"

namespace klientela {

std::string_view name(RuleVerdict verdict) noexcept {
  switch (verdict) {
    case RuleVerdict::taken: return "taken";
    case RuleVerdict::covered: return "covered";
    case RuleVerdict::too_many_pairs: return "too_many_pairs";
  }
  return {};
}

std::vector<BlockingRule> RuleProposals::taken() const {
  std::vector<BlockingRule> taken;
  for (const RuleProposal& each : rules)
    if (each.verdict == RuleVerdict::taken) taken.push_back(each.rule);
  return taken;
}

RuleWords words(const RuleProposal& p) {
  const auto percent = [](double share) { return fmt::format("{:.2f} %", 100 * share); };
  const std::string english = fmt::format("{} of the cards have its keys, {} of the expected pairs of one client agree",
                                          percent(p.completeness), percent(p.coverage));
  const std::string russian = fmt::format("ключи есть у {} карточек, по ним совпадают {} ожидаемых пар одного клиента",
                                          percent(p.completeness), percent(p.coverage));
  switch (p.verdict) {
    case RuleVerdict::taken:
      return {fmt::format("Taken: {}, {} on no rule before it, for {} pairs.", english, percent(p.gain), p.pairs),
              fmt::format("Взято: {}, из них {} не нашло ни одно правило до него; пар: {}.", russian, percent(p.gain),
                          p.pairs)};
    case RuleVerdict::covered:
      return {fmt::format("Not taken: {}, all but {} on rules that were taken.", english, percent(p.gain)),
              fmt::format("Не взято: {}, все, кроме {}, находят взятые правила.", russian, percent(p.gain))};
    case RuleVerdict::too_many_pairs:
      return {fmt::format("Not taken: {}, {} on no rule taken, but its {} pairs do not fit into the budget.", english,
                          percent(p.gain), p.pairs),
              fmt::format("Не взято: {}, {} не находит ни одно взятое правило, но {} пар не укладываются в бюджет.",
                          russian, percent(p.gain), p.pairs)};
  }
  return {};
}

namespace dedupe {
namespace {

/// Rules that pairs are drawn by; block() takes no more.
constexpr std::size_t most_drawn = 32;
/// A key whose pairs are fewer than this share of the budget is telling enough by itself.
constexpr double telling_share = 0.05;
/// A rule is worth taking if it adds this share of the expected pairs of one client.
constexpr double least_gain = 5e-4;
constexpr std::size_t drawn_pairs = 10'000;  ///< of each rule

constexpr std::string_view single_keys[] = {"tax_number",
                                            "identifier",
                                            "email",
                                            "email.local",
                                            "phone",
                                            "phone:suffix7",
                                            "website",
                                            "birthday",
                                            "birthday:prefix4",
                                            "family_name.folded",
                                            "family_name.stem:soundex",
                                            "given_name.roots",
                                            "given_name.folded:soundex",
                                            "middle_name.folded",
                                            "organisation_name.sorted",
                                            "organisation_name.folded:words",
                                            "organisation_name.folded:longest",
                                            "address.sorted",
                                            "address.street:longest",
                                            "address.house",
                                            "postcode",
                                            "city.folded:prefix4"};

/// A key, and the pairs of cards that have the same one.
struct SingleKey {
  BlockingKey key;
  double pairs;
  double completeness;
};

/// Pairs by how frequent values are. O(distinct values); of two lists O(cards)
SingleKey single_key(const PreparedCards& cards, const BlockingKey& key) {
  const FieldColumn& column = (*cards.data())[key.field];
  struct Size {
    std::uint64_t first;  ///< list
    std::uint64_t all;
  };
  std::vector<Size> sizes;
  for (const std::uint32_t count : column.counts) sizes.push_back({0, count});
  if (cards.two_lists())
    for (std::uint32_t card = 0; card < cards.first_list(); ++card)
      column.each(card, [&](std::uint32_t code) { ++sizes[code].first; });
  if (key.cut != KeyCut::whole || !key.form.empty()) {
    const ValueKeys keys = value_keys(*cards.data(), key);
    std::unordered_map<std::uint64_t, Size> counts;
    for (std::uint32_t code = 0; code < column.distinct(); ++code)
      keys.each(code, [&](std::uint64_t k) {
        Size& size = counts[k];
        size.first += sizes[code].first;
        size.all += sizes[code].all;
      });
    sizes.clear();
    for (const auto& [k, size] : counts) sizes.push_back(size);
  }
  std::uint64_t pairs = 0;  // whole, so that the order of the map does not matter
  for (const Size& size : sizes)
    pairs += cards.two_lists() ? size.first * (size.all - size.first) : size.all * (size.all - 1) / 2;
  return {key, static_cast<double>(pairs), static_cast<double>(column.filled) / static_cast<double>(cards.size())};
}

}  // namespace

RuleCandidates rule_candidates(const PreparedCards& cards, const BlockingOptions& options) {
  RuleCandidates found;
  if (cards.size() < 2) return found;
  const auto n = static_cast<double>(cards.size());
  const auto first = static_cast<double>(cards.first_list());
  const double all = cards.two_lists() ? first * (n - first) : n * (n - 1) / 2;
  if (all < 1) return found;
  const auto budget = static_cast<double>(pair_budget(options, cards.size()));
  std::vector<SingleKey> singles;
  for (const std::string_view text : single_keys)
    if (const BlockingKey key = blocking_key(text); cards.filled(key.field) > 0)
      singles.push_back(single_key(cards, key));
  const auto pairs_of_key = [&](const BlockingKey& key) {
    const auto known = std::find_if(singles.begin(), singles.end(), [&](const SingleKey& s) { return s.key == key; });
    return known != singles.end() ? known->pairs : single_key(cards, key).pairs;
  };
  const auto add = [&](BlockingRule rule, double pairs) {
    if (std::find(found.rules.begin(), found.rules.end(), rule) != found.rules.end()) return;
    found.rules.push_back(std::move(rule));
    found.pairs.push_back(pairs);
  };
  for (const BlockingRule& rule : default_blocking_rules()) {
    double share = 1;
    bool usable = true;
    for (const BlockingKey& key : rule.keys) {
      usable = usable && cards.filled(key.field) > 0;
      if (usable) share *= pairs_of_key(key) / all;
    }
    if (usable) add(rule, share * all);
  }
  for (const SingleKey& single : singles)
    if (single.pairs <= budget) add({{single.key}}, single.pairs);
  struct Both {
    BlockingRule rule;
    double pairs;
    double completeness;
  };
  std::vector<Both> both;
  for (std::size_t i = 0; i < singles.size(); ++i) {
    for (std::size_t j = i + 1; j < singles.size(); ++j) {
      const SingleKey& a = singles[i];
      const SingleKey& b = singles[j];
      const double pairs = a.pairs * b.pairs / all;
      if (a.key.field == b.key.field || std::min(a.pairs, b.pairs) < telling_share * budget || pairs > budget) continue;
      both.push_back({{{a.key, b.key}}, pairs, a.completeness * b.completeness});
    }
  }
  std::stable_sort(both.begin(), both.end(), [](const Both& x, const Both& y) {
    return x.completeness != y.completeness ? x.completeness > y.completeness : x.pairs < y.pairs;
  });
  for (Both& each : both) add(std::move(each.rule), each.pairs);
  found.drawn = std::min(most_drawn, found.rules.size());
  return found;
}

std::vector<ExpectedPair> expected_pairs(const Blocks& blocks, std::size_t limit, const PairChance& chance,
                                         const Control& control) {
  const auto& reports = blocks.rules();
  std::vector<double> rates;
  for (const BlockingRuleReport& report : reports)
    rates.push_back(report.pairs == 0 ? 0
                                      : std::min(1.0, static_cast<double>(limit) / static_cast<double>(report.pairs)));
  std::vector<std::vector<ExpectedPair>> parts(reports.size());
  control.check();
  control.run(reports.size(), [&](std::size_t r) {
    if (control.stop.stop_requested() || reports[r].pairs == 0) return;
    for (const CardPair& pair : blocks.sample(r, limit)) {
      const double p = chance(pair);
      if (p <= 0) continue;
      double draws = 0;
      for (std::size_t other = 0; other < rates.size(); ++other)
        if (rates[other] > 0 && (other == r || blocks.together(pair, other))) draws += rates[other];
      parts[r].push_back({pair, p / draws});
    }
  });
  control.check();
  std::vector<ExpectedPair> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const ExpectedPair& x, const ExpectedPair& y) { return x.pair < y.pair; });
  std::size_t kept = 0;
  for (const ExpectedPair& each : all) {
    if (kept > 0 && all[kept - 1].pair == each.pair)
      all[kept - 1].weight += each.weight;
    else
      all[kept++] = each;
  }
  all.resize(kept);
  return all;
}

namespace {

bool share_a_key(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) noexcept {
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    if (*x == *y) return true;
    ++(*x < *y ? x : y);
  }
  return false;
}

/// By expected pair, a bit each: those that a rule finds.
using Found = std::vector<std::uint64_t>;

}  // namespace

RuleProposals choose_rules(const RuleCandidates& candidates, const Blocks& drawn, const BlockingOptions& options,
                           std::span<const std::uint32_t> representatives, const PairChance& chance,
                           const Control& control) {
  const PreparedCards& cards = drawn.cards();
  const std::size_t count = candidates.rules.size();
  RuleProposals proposals;
  proposals.budget = pair_budget(options, cards.size());
  const std::vector<ExpectedPair> expected = expected_pairs(drawn, drawn_pairs, chance, control);
  for (const ExpectedPair& each : expected) proposals.expected_pairs += each.weight;
  const double total = proposals.expected_pairs;

  std::vector<Found> finds(count);
  control.run(count, [&](std::size_t r) {
    if (control.stop.stop_requested()) return;
    finds[r].assign((expected.size() + 63) / 64, 0);
    const auto found = [&](std::size_t i) { finds[r][i / 64] |= std::uint64_t{1} << (i % 64); };
    if (r < candidates.drawn) {
      for (std::size_t i = 0; i < expected.size(); ++i)
        if (drawn.together(expected[i].pair, r)) found(i);
      return;
    }
    const RuleKeys keys(*cards.data(), candidates.rules[r]);
    std::vector<std::uint64_t> a;
    std::vector<std::uint64_t> b;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      keys.of(expected[i].pair.a, a);
      keys.of(expected[i].pair.b, b);
      if (share_a_key(a, b)) found(i);
    }
  });
  control.check();
  control.report("propose rules", 0.5);

  Found covered((expected.size() + 63) / 64, 0);
  /// Share of the expected pairs that a rule finds beyond some.
  const auto gain = [&](const Found& of, const Found& beyond) {
    double weight = 0;
    for (std::size_t word = 0; word < of.size(); ++word)
      for (std::uint64_t bits = of[word] & ~beyond[word]; bits != 0; bits &= bits - 1)
        weight += expected[64 * word + static_cast<std::size_t>(std::countr_zero(bits))].weight;
    return total > 0 ? weight / total : 0;
  };
  std::vector<RuleProposal> all(count);
  std::vector<double> gains(count);
  std::vector<bool> counted(count, false);
  for (std::size_t r = 0; r < count; ++r) {
    all[r].rule = candidates.rules[r];
    all[r].verdict = RuleVerdict::covered;
    all[r].pairs = static_cast<std::uint64_t>(candidates.pairs[r]);
    gains[r] = all[r].coverage = gain(finds[r], covered);
  }
  // Without an expected pair there is nothing to choose by but what rules cost: the default ones, the cheapest first.
  const auto default_rules = default_blocking_rules();
  if (total <= 0)
    for (std::size_t r = 0; r < count; ++r)
      gains[r] = std::find(default_rules.begin(), default_rules.end(), all[r].rule) != default_rules.end() ? 1 : 0;

  // Greedy by gain a pair: the cost of a rule is counted once it is about to be taken.
  std::vector<std::size_t> taken;
  std::vector<bool> out(count, false);
  while (taken.size() < most_drawn) {
    std::size_t best = count;
    double best_worth = 0;
    for (std::size_t r = 0; r < count; ++r) {
      if (out[r] || gains[r] < least_gain) continue;
      const double worth = gains[r] / (static_cast<double>(all[r].pairs) + 1);
      if (worth > best_worth) {
        best = r;
        best_worth = worth;
      }
    }
    if (best == count) break;
    RuleProposal& rule = all[best];
    if (!counted[best]) {
      control.check();
      const RuleCost cost = rule_cost(cards, rule.rule, options.max_block, representatives);
      rule.pairs = cost.pairs;
      rule.largest = cost.largest;
      rule.completeness = static_cast<double>(cost.cards) / static_cast<double>(cards.size());
      counted[best] = true;
      continue;
    }
    out[best] = true;
    if (rule.pairs > proposals.budget - proposals.pairs) {
      rule.verdict = RuleVerdict::too_many_pairs;
      continue;
    }
    rule.verdict = RuleVerdict::taken;
    rule.gain = total > 0 ? gains[best] : 0;
    proposals.pairs += rule.pairs;
    taken.push_back(best);
    for (std::size_t word = 0; word < covered.size(); ++word) covered[word] |= finds[best][word];
    if (total > 0)
      for (std::size_t r = 0; r < count; ++r) gains[r] = gain(finds[r], covered);
  }

  // What later rules made needless goes again, the dearest first.
  if (total > 0) {
    std::vector<std::size_t> dearest = taken;
    std::stable_sort(dearest.begin(), dearest.end(),
                     [&](std::size_t x, std::size_t y) { return all[x].pairs > all[y].pairs; });
    for (const std::size_t r : dearest) {
      Found others(covered.size(), 0);
      for (const std::size_t other : taken)
        if (other != r)
          for (std::size_t word = 0; word < others.size(); ++word) others[word] |= finds[other][word];
      if (gain(finds[r], others) >= least_gain) continue;
      all[r].verdict = RuleVerdict::covered;
      proposals.pairs -= all[r].pairs;
      taken.erase(std::find(taken.begin(), taken.end(), r));
      covered = std::move(others);
    }
    Found before(covered.size(), 0);
    for (const std::size_t r : taken) {
      all[r].gain = gain(finds[r], before);
      for (std::size_t word = 0; word < before.size(); ++word) before[word] |= finds[r][word];
    }
    proposals.coverage = total > 0 ? gain(covered, Found(covered.size(), 0)) : 0;
  }

  const auto n = static_cast<double>(cards.size());
  for (std::size_t r = 0; r < count; ++r) {
    RuleProposal& rule = all[r];
    if (!counted[r]) {
      rule.completeness = 1;
      for (const BlockingKey& key : rule.rule.keys)
        rule.completeness *= static_cast<double>(cards.filled(key.field)) / n;
    }
    if (rule.verdict != RuleVerdict::taken) rule.gain = gain(finds[r], covered);
  }
  for (const std::size_t r : taken) proposals.rules.push_back(all[r]);
  std::vector<RuleProposal> others;
  for (RuleProposal& rule : all)
    if (rule.verdict != RuleVerdict::taken) others.push_back(std::move(rule));
  std::stable_sort(others.begin(), others.end(),
                   [](const RuleProposal& x, const RuleProposal& y) { return x.gain > y.gain; });
  proposals.rules.insert(proposals.rules.end(), std::make_move_iterator(others.begin()),
                         std::make_move_iterator(others.end()));
  control.report("propose rules", 1);
  return proposals;
}

}  // namespace dedupe
}  // namespace klientela
