// Cards grouped by the keys of rules, large groups split, and every pair made once.
#include "klientela/dedupe/blocking.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "dedupe/block_keys.hpp"
#include "dedupe/block_split.hpp"
#include "dedupe/card_data.hpp"
#include "dedupe/radix_sort.hpp"
#include "dedupe/rule_search.hpp"

namespace klientela {
namespace {

using dedupe::BlockPairs;
using dedupe::KeyedCard;
using dedupe::max_cut_length;
using dedupe::max_rule_keys;
using dedupe::RuleKeys;

constexpr std::size_t max_rules = 32;
constexpr std::uint64_t always_allowed = 1'000'000;
constexpr std::uint64_t unit_pairs = std::uint64_t{1} << 18;
constexpr std::size_t batch_pairs = 4096;

BlockPairs block_pairs(const PreparedCards& cards) noexcept {
  return cards.two_lists() ? BlockPairs(static_cast<std::uint32_t>(cards.first_list())) : BlockPairs();
}

/// Cards in groups, one after the other, ascending within each.
struct GroupedCards {
  ColumnVector<std::uint32_t> members;
  ColumnVector<std::uint32_t> begins{0};

  [[nodiscard]] std::size_t size() const noexcept { return begins.size() - 1; }
  [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t i) const noexcept {
    return std::span(members).subspan(begins[i], begins[i + 1] - begins[i]);
  }
};

/// Blocks of one rule.
struct RuleBlocks : GroupedCards {
  std::vector<std::uint64_t> pairs_before{0};  ///< by block and the end
  /// Further blocks of cards with several keys: by card and the end; empty where no card has any.
  std::vector<std::uint32_t> more_begin;
  std::vector<std::uint32_t> more;

  void add(std::span<const std::uint32_t> cards, std::uint64_t pairs) {
    members.insert(members.end(), cards.begin(), cards.end());
    begins.push_back(static_cast<std::uint32_t>(members.size()));
    pairs_before.push_back(pairs_before.back() + pairs);
  }
};

/// Rows [row_begin, row_end) of one block, or all rows of several.
struct Unit {
  std::uint32_t rule;
  std::uint32_t first_block;
  std::uint32_t last_block;  ///< exclusive
  std::uint32_t row_begin;
  std::uint32_t row_end;  ///< of the only block; 0: whole blocks
};

}  // namespace

struct Blocks::Data {
  PreparedCards cards;
  BlockPairs pairs;
  BlockingOptions options;
  std::uint32_t limit{0};
  std::vector<RuleBlocks> rules;
  std::vector<BlockingRuleReport> reports;
  std::vector<std::uint32_t> column_of;  ///< by rule: its column in block_of; no_code where it has no blocks
  std::size_t stride{0};                 ///< columns
  /// By card, then column: its first block; a number that no other card has where it is in none.
  ColumnVector<std::uint32_t> block_of;
  std::vector<std::uint32_t> several;  ///< by card: the rules, as bits, by which it is in several blocks; empty: none
  std::vector<Unit> units;

  /// Blocks of a card by a rule.
  template <class Visit>
  void each_block(std::uint32_t card, std::size_t rule, Visit visit) const {
    visit(block_of[card * stride + column_of[rule]]);
    const RuleBlocks& blocks = rules[rule];
    if (blocks.more_begin.empty()) return;
    for (std::uint32_t i = blocks.more_begin[card]; i < blocks.more_begin[card + 1]; ++i) visit(blocks.more[i]);
  }
  /// The smallest block that both are in by a rule; no_code for none.
  [[nodiscard]] std::uint32_t common_block(std::uint32_t a, std::uint32_t b, std::size_t rule) const {
    std::uint32_t common = no_code;
    if (column_of[rule] == no_code) return common;
    each_block(a, rule, [&](std::uint32_t x) {
      each_block(b, rule, [&](std::uint32_t y) {
        if (x == y) common = std::min(common, x);
      });
    });
    return common;
  }
  /// Whether this block of this rule is the one that makes the pair.
  [[nodiscard]] bool makes(std::uint32_t a, std::uint32_t b, std::size_t rule, std::uint32_t block) const {
    const std::uint32_t* x = block_of.data() + a * stride;
    const std::uint32_t* y = block_of.data() + b * stride;
    for (std::size_t c = 0; c < column_of[rule]; ++c)
      if (x[c] == y[c]) return false;
    if (several.empty()) return true;
    const std::uint32_t either = several[a] | several[b];
    if (either == 0) return true;
    for (std::size_t r = 0; r < rule; ++r)
      if ((either >> r & 1U) != 0 && common_block(a, b, r) != no_code) return false;
    return (either >> rule & 1U) == 0 || common_block(a, b, rule) == block;
  }
};

namespace {

std::vector<BlockingKey> default_split() {
  std::vector<BlockingKey> keys;
  for (const std::string_view text : {"birthday",
                                      "family_name.stem:soundex",
                                      "given_name.folded:soundex",
                                      "postcode",
                                      "address.house",
                                      "address.street:longest",
                                      "city.folded",
                                      "organisation_name.folded:longest",
                                      "phone",
                                      "email",
                                      "tax_number",
                                      "identifier",
                                      "website",
                                      "family_name.folded",
                                      "given_name.folded",
                                      "middle_name.folded",
                                      "address.sorted",
                                      "organisation_name.sorted",
                                      "region.folded",
                                      "country"})
    keys.push_back(blocking_key(text));
  return keys;
}

void check(const BlockingOptions& options) {
  const auto bad = [](const std::string& message, const std::string& where) {
    throw Error(Code::invalid_argument, message, where);
  };
  if (options.propose) bad("rules that are to be proposed have to be chosen before: propose_rules()", "propose");
  const auto check_key = [&](const BlockingKey& key, const std::string& where) {
    if (static_cast<std::size_t>(key.field) >= card_field_count || key.cut > KeyCut::longest)
      bad("a key of a blocking rule names a field or a cut that there is not", where);
    const auto known = forms(key.field);
    if (!key.form.empty() && std::find(known.begin(), known.end(), key.form) == known.end())
      bad(std::string(name(key.field)) + " has no form \"" + key.form + '"', where);
    if ((key.cut == KeyCut::prefix || key.cut == KeyCut::suffix) && (key.length < 1 || key.length > max_cut_length))
      bad("a prefix or suffix has 1 to 64 bytes", where);
    if (const std::string_view why = dedupe::cut_refused(key); !why.empty()) bad(std::string(why), where);
  };
  if (options.rules.size() > max_rules) bad("at most 32 blocking rules", "rules");
  for (std::size_t r = 0; r < options.rules.size(); ++r) {
    const std::string where = "rules[" + std::to_string(r) + "]";
    if (options.rules[r].keys.size() > max_rule_keys) bad("a blocking rule has at most 8 keys", where);
    for (const BlockingKey& key : options.rules[r].keys) check_key(key, where);
  }
  for (std::size_t k = 0; k < options.split_by.size(); ++k)
    check_key(options.split_by[k], "split_by[" + std::to_string(k) + "]");
  if (options.max_block < 2 || options.max_block > 1'000'000)
    bad("max_block lies between 2 and 1,000,000", "max_block");
  if (options.max_pairs < 1) bad("max_pairs is at least 1", "max_pairs");
  if (options.pairs_per_card < 1) bad("pairs_per_card is at least 1", "pairs_per_card");
}

/// Most pairs that blocks have of which none has more than `limit` cards of one list.
std::uint64_t count_within(const GroupedCards& runs, BlockPairs pairs, std::uint64_t limit) noexcept {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) all += pairs.count_within(runs[i].size(), pairs.rows(runs[i]), limit);
  return all;
}

/// Cards of equal keys, where they have a pair.
GroupedCards runs_of(const RuleKeys& rule, const PreparedCards& cards, std::span<const std::uint32_t> representatives,
                     BlockingRuleReport& report) {
  std::vector<std::uint64_t> keys;
  ColumnVector<KeyedCard> sorted;
  sorted.reserve(cards.size());
  for (std::uint32_t card = 0; card < cards.size(); ++card) {
    if (!representatives.empty() && representatives[card] != card) continue;
    report.crowded += rule.of(card, keys) ? 1 : 0;
    report.cards += keys.empty() ? 0 : 1;
    for (const std::uint64_t key : keys) sorted.push_back({key, card});
  }
  dedupe::radix_sort(sorted);
  const BlockPairs pairs = block_pairs(cards);
  GroupedCards found;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && sorted[end].key == sorted[begin].key) ++end;
    if (end - begin > 1) {
      for (std::size_t i = begin; i < end; ++i) found.members.push_back(sorted[i].card);
      if (pairs.count(std::span<const std::uint32_t>(found.members).last(end - begin)) > 0) {
        found.begins.push_back(static_cast<std::uint32_t>(found.members.size()));
        report.largest = std::max<std::uint64_t>(report.largest, end - begin);
      } else {
        found.members.resize(found.begins.back());
      }
    }
    begin = end;
  }
  return found;
}

}  // namespace

std::uint64_t pair_budget(const BlockingOptions& options, std::size_t cards) noexcept {
  return std::min(options.max_pairs,
                  std::max<std::uint64_t>(always_allowed, std::uint64_t{options.pairs_per_card} * cards));
}

dedupe::RuleCost dedupe::rule_cost(const PreparedCards& cards, const BlockingRule& rule, std::uint32_t max_block,
                                   std::span<const std::uint32_t> representatives) {
  BlockingRuleReport report;
  const GroupedCards runs = runs_of(RuleKeys(*cards.data(), rule), cards, representatives, report);
  return {report.cards, count_within(runs, block_pairs(cards), max_block), report.largest};
}

Blocks::Blocks() : data_(std::make_shared<const Data>()) {}
const PreparedCards& Blocks::cards() const noexcept { return data_->cards; }
const BlockingOptions& Blocks::options() const noexcept { return data_->options; }
std::uint32_t Blocks::block_limit() const noexcept { return data_->limit; }
const std::vector<BlockingRuleReport>& Blocks::rules() const& noexcept { return data_->reports; }
std::size_t Blocks::units() const noexcept { return data_->units.size(); }
std::size_t Blocks::rule_of(std::size_t unit) const noexcept { return data_->units[unit].rule; }

void Blocks::pairs(std::size_t unit, const std::function<void(std::span<const CardPair>)>& take) const {
  if (unit >= units())
    throw Error(Code::out_of_range, "unit " + std::to_string(unit) + " of " + std::to_string(units()), "unit");
  const Unit& u = data_->units[unit];
  const RuleBlocks& rule = data_->rules[u.rule];
  std::vector<CardPair> batch;
  batch.reserve(batch_pairs);
  for (std::uint32_t b = u.first_block; b < u.last_block; ++b) {
    const auto cards = rule[b];
    const std::size_t rows = data_->pairs.rows(cards);
    const std::size_t last = u.row_end == 0 ? rows : u.row_end;
    for (std::size_t i = u.row_begin; i < last; ++i) {
      for (std::size_t j = data_->pairs.two_lists() ? rows : i + 1; j < cards.size(); ++j) {
        if (!data_->makes(cards[i], cards[j], u.rule, b)) continue;
        batch.push_back({cards[i], cards[j]});
        if (batch.size() < batch_pairs) continue;
        take(batch);
        batch.clear();
      }
    }
  }
  if (!batch.empty()) take(batch);
}

std::vector<CardPair> Blocks::sample(std::size_t rule, std::size_t limit) const {
  if (rule >= data_->rules.size())
    throw Error(Code::out_of_range, "rule " + std::to_string(rule) + " of " + std::to_string(data_->rules.size()),
                "rule");
  const RuleBlocks& blocks = data_->rules[rule];
  const std::uint64_t all = blocks.pairs_before.back();
  const std::uint64_t taken = std::min<std::uint64_t>(all, limit);
  std::vector<CardPair> pairs;
  pairs.reserve(taken);
  for (std::uint64_t i = 0; i < taken; ++i) {
    // The i-th of as many equal stretches of all pairs, somewhere inside: a fixed step would keep to one row of a
    // block.
    const auto begin = static_cast<std::uint64_t>(static_cast<__uint128_t>(all) * i / taken);
    const auto end = static_cast<std::uint64_t>(static_cast<__uint128_t>(all) * (i + 1) / taken);
    const std::uint64_t place = begin + (i * 0x9E37'79B9'7F4A'7C15U >> 32) % (end - begin);
    const auto after = std::upper_bound(blocks.pairs_before.begin(), blocks.pairs_before.end(), place);
    const auto b = static_cast<std::size_t>(after - blocks.pairs_before.begin()) - 1;
    const auto cards = blocks[b];
    std::uint64_t left = place - blocks.pairs_before[b];
    if (data_->pairs.two_lists()) {
      const std::size_t rows = data_->pairs.rows(cards);
      pairs.push_back({cards[left / (cards.size() - rows)], cards[rows + left % (cards.size() - rows)]});
      continue;
    }
    std::size_t row = 0;
    for (; left >= cards.size() - 1 - row; ++row) left -= cards.size() - 1 - row;
    pairs.push_back({cards[row], cards[row + 1 + left]});
  }
  return pairs;
}

bool Blocks::together(CardPair pair, std::size_t rule) const noexcept {
  return data_->common_block(pair.a, pair.b, rule) != no_code;
}

Blocks block(const PreparedCards& cards, const BlockingOptions& options, std::span<const std::uint32_t> representatives,
             const Control& control) {
  check(options);
  if (!representatives.empty() && representatives.size() != cards.size())
    throw Error(Code::invalid_argument, "one representative a card is wanted", "representatives");
  auto data = std::make_shared<Blocks::Data>();
  data->cards = cards;
  data->pairs = block_pairs(cards);
  data->options = options;
  if (data->options.rules.empty()) data->options.rules = default_blocking_rules();
  if (data->options.split_by.empty()) data->options.split_by = default_split();
  const std::vector<BlockingRule>& rules = data->options.rules;
  const std::size_t n = cards.size();

  // Rules whose fields no card has cost nothing.
  std::vector<GroupedCards> runs(rules.size());
  data->reports.resize(rules.size());
  control.check();
  control.run(rules.size(), [&](std::size_t r) {
    data->reports[r].rule = to_text(rules[r]);
    for (const BlockingKey& key : rules[r].keys)
      if (cards.filled(key.field) == 0) return;
    if (!control.stop.stop_requested())
      runs[r] = runs_of(RuleKeys(*cards.data(), rules[r]), cards, representatives, data->reports[r]);
  });
  control.check();
  control.report("block", 0.5);

  const std::uint64_t budget = pair_budget(options, n);
  const auto total = [&](std::uint32_t limit) {
    std::uint64_t pairs = 0;
    for (const GroupedCards& each : runs) pairs += count_within(each, data->pairs, limit);
    return pairs;
  };
  std::uint32_t limit = options.max_block;
  if (total(limit) > budget) {
    std::uint32_t good = 2;
    std::uint32_t bad = limit;
    while (bad - good > 1) {
      const std::uint32_t middle = good + (bad - good) / 2;
      (total(middle) > budget ? bad : good) = middle;
    }
    limit = good;
  }
  data->limit = limit;
  for (std::size_t r = rules.size(); r-- > 0 && total(limit) > budget;) {
    for (std::size_t i = 0; i < runs[r].size(); ++i) data->reports[r].lost += data->pairs.count(runs[r][i]);
    runs[r] = GroupedCards();
  }

  const auto too_large = [&](std::span<const std::uint32_t> run) {
    return data->pairs.count(run) > BlockPairs::of_one_list(limit);
  };
  std::vector<std::uint8_t> split(rules.size(), 0);
  control.run(rules.size(), [&](std::size_t r) {
    for (std::size_t i = 0; i < runs[r].size() && split[r] == 0; ++i) split[r] = too_large(runs[r][i]) ? 1 : 0;
  });
  std::vector<RuleKeys> split_keys;
  if (std::find(split.begin(), split.end(), 1) != split.end()) {
    for (const BlockingKey& key : data->options.split_by)
      if (cards.filled(key.field) > 0) split_keys.emplace_back(*cards.data(), BlockingRule{{key}});
  }
  const auto split_key = [&](std::size_t level, std::uint32_t card, std::vector<std::uint64_t>& keys) {
    split_keys[level].of(card, keys);
    return keys.empty() ? 0 : keys.front();
  };
  data->rules.resize(rules.size());
  for (const GroupedCards& of_rule : runs)
    data->column_of.push_back(of_rule.size() == 0 ? no_code : static_cast<std::uint32_t>(data->stride++));
  data->block_of.reserve(n * data->stride);
  for (std::uint32_t card = 0; card < n; ++card) data->block_of.insert(data->block_of.end(), data->stride, ~card);
  std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> further(rules.size());
  control.run(rules.size(), [&](std::size_t r) {
    RuleBlocks& blocks = data->rules[r];
    BlockingRuleReport& report = data->reports[r];
    std::vector<std::uint64_t> keys;
    const auto key_of = [&](std::size_t level, std::uint32_t card) { return split_key(level, card, keys); };
    if (split[r] == 0) {
      static_cast<GroupedCards&>(blocks) = std::move(runs[r]);
      blocks.pairs_before.reserve(blocks.begins.size());
      for (std::size_t b = 0; b < blocks.size(); ++b)
        blocks.pairs_before.push_back(blocks.pairs_before.back() + data->pairs.count(blocks[b]));
    } else {
      for (std::size_t i = 0; i < runs[r].size(); ++i) {
        const std::span<const std::uint32_t> run = runs[r][i];
        const std::uint64_t before = blocks.pairs_before.back();
        dedupe::split_block(
            run, split_keys.size(), limit, key_of,
            [&](std::span<const std::uint32_t> block) { blocks.add(block, data->pairs.count(block)); }, 0, data->pairs);
        if (!too_large(run)) continue;
        ++report.split;
        report.lost += data->pairs.count(run) - (blocks.pairs_before.back() - before);
      }
    }
    runs[r] = GroupedCards();
    report.blocks = blocks.size();
    report.pairs = blocks.pairs_before.back();
    if (data->column_of[r] == no_code) return;
    const auto first_block = [&](std::size_t card) -> std::uint32_t& {
      return data->block_of[card * data->stride + data->column_of[r]];
    };
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      for (const std::uint32_t card : blocks[b]) {
        std::uint32_t& first = first_block(card);
        if (first == ~card)
          first = static_cast<std::uint32_t>(b);
        else
          further[r].emplace_back(card, static_cast<std::uint32_t>(b));
      }
    }
    if (further[r].empty()) return;
    std::sort(further[r].begin(), further[r].end());
    blocks.more_begin.assign(n + 1, 0);
    for (const auto& [card, b] : further[r]) {
      ++blocks.more_begin[card + 1];
      blocks.more.push_back(b);
    }
    std::partial_sum(blocks.more_begin.begin(), blocks.more_begin.end(), blocks.more_begin.begin());
  });
  for (std::size_t r = 0; r < rules.size(); ++r) {
    if (further[r].empty()) continue;
    data->several.resize(n);
    for (const auto& [card, b] : further[r]) data->several[card] |= std::uint32_t{1} << r;
  }
  for (std::size_t r = 0; r < rules.size(); ++r) {
    const RuleBlocks& blocks = data->rules[r];
    std::uint32_t first = 0;
    const auto close = [&](std::uint32_t b) {
      if (b > first) data->units.push_back({static_cast<std::uint32_t>(r), first, b, 0, 0});
      first = b;
    };
    for (std::uint32_t b = 0; b < blocks.size(); ++b) {
      if (blocks.pairs_before[b + 1] - blocks.pairs_before[b] > 2 * unit_pairs) {
        close(b);
        const auto all = static_cast<std::uint32_t>(data->pairs.rows(blocks[b]));
        const std::size_t others = blocks[b].size() - (data->pairs.two_lists() ? all : 0);
        const auto rows = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, unit_pairs / others));
        for (std::uint32_t row = 0; row < all; row += rows)
          data->units.push_back({static_cast<std::uint32_t>(r), b, b + 1, row, std::min(row + rows, all)});
        first = b + 1;
      } else if (blocks.pairs_before[b + 1] - blocks.pairs_before[first] >= unit_pairs) {
        close(b + 1);
      }
    }
    close(static_cast<std::uint32_t>(blocks.size()));
  }
  control.check();
  control.report("block", 1);
  return Blocks(std::move(data));
}

}  // namespace klientela
