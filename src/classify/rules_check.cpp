// What the rules of a set do on a base: which fire, which are hidden, which contradict one another.
#include <algorithm>
#include <map>

#include "classify/rules_bound.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

struct Pair {
  std::uint64_t rows{0};
  std::size_t example{0};
};

/// Counts of one range of rows.
struct Tally {
  std::vector<std::uint64_t> fits;
  std::vector<std::uint64_t> undecided;
  std::map<std::pair<std::size_t, std::size_t>, Pair> pairs;  // by places in the order of precedence
};

Column numbers(std::string name, const std::vector<std::uint64_t>& from) {
  Buffer<std::int64_t> values(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) values[i] = static_cast<std::int64_t>(from[i]);
  return Column(std::move(name), ColumnType::int64, std::move(values));
}

}  // namespace

RuleCheck check_rules(const RulesModel& model, const Table& table, const Control& control) {
  const RulesModel::Data data(model.name(), model.options());
  const std::vector<Program> programs = bind_rules(data, table);
  const std::size_t rows = table.rows();
  const std::size_t rules = data.order.size();
  std::vector<Tally> tallies(std::max<std::size_t>(1, range_count(rows, control)));
  for_ranges(rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    Tally& tally = tallies[index];
    tally.fits.assign(rules, 0);
    tally.undecided.assign(rules, 0);
    const auto scratch = std::make_unique<Program::Scratch>();
    std::vector<Mask> fit(rules);
    for (std::size_t from = begin; from < end; from += block_rows) {
      control.check();
      const std::size_t to = std::min(end, from + block_rows);
      const Mask all = Mask::first(to - from);
      for (std::size_t k = 0; k < rules; ++k) {
        Truth truth;
        programs[data.order[k]].truth(from, to, all, *scratch, truth);
        fit[k] = truth.yes;
        tally.fits[k] += truth.yes.count();
        tally.undecided[k] += to - from - truth.yes.count() - truth.no.count();
      }
      for (std::size_t a = 0; a < rules; ++a) {
        if (!fit[a].any()) continue;
        for (std::size_t b = a + 1; b < rules; ++b) {
          if (data.options.rules[data.order[a]].value == data.options.rules[data.order[b]].value) continue;
          Mask both = fit[a];
          both &= fit[b];
          const std::size_t count = both.count();
          if (count == 0) continue;
          Pair& pair = tally.pairs[{a, b}];
          if (pair.rows == 0)
            for (std::size_t w = 0; w < Mask::words; ++w)
              if (both.word[w] != 0) {
                pair.example = from + w * 64 + static_cast<std::size_t>(std::countr_zero(both.word[w]));
                break;
              }
          pair.rows += count;
        }
      }
    }
  });

  const Classification classes = model.classify(table, control);
  const std::vector<std::uint64_t> decided = count_labels(classes.column(data.name + "_source"));
  RuleCheck check;
  for (std::size_t k = 0; k < rules; ++k) {
    const std::size_t r = data.order[k];
    RuleCheck::PerRule rule{data.id(r), data.options.rules[r].value, 0, decided[3 + r], 0};
    for (const Tally& tally : tallies) {
      if (tally.fits.empty()) continue;
      rule.fits += tally.fits[k];
      rule.undecided += tally.undecided[k];
    }
    check.rules.push_back(std::move(rule));
  }
  std::map<std::pair<std::size_t, std::size_t>, Pair> pairs;
  for (const Tally& tally : tallies)  // in the order of the rows, so that the example is the first
    for (const auto& [key, pair] : tally.pairs) {
      Pair& whole = pairs[key];
      if (whole.rows == 0) whole.example = pair.example;
      whole.rows += pair.rows;
    }
  for (const auto& [key, pair] : pairs) {
    const RuleCheck::PerRule& first = check.rules[key.first];
    const RuleCheck::PerRule& second = check.rules[key.second];
    check.contradictions.push_back({first.id, second.id, first.value, second.value, pair.rows, pair.example});
  }
  return check;
}

Table RuleCheck::rules_table() const {
  std::vector<std::string> ids;
  std::vector<std::string> values;
  std::vector<std::uint64_t> fits;
  std::vector<std::uint64_t> decides;
  std::vector<std::uint64_t> undecided;
  std::vector<std::string> states;
  for (const PerRule& rule : rules) {
    ids.push_back(rule.id);
    values.push_back(rule.value);
    fits.push_back(rule.fits);
    decides.push_back(rule.decides);
    undecided.push_back(rule.undecided);
    states.emplace_back(rule.fits == 0 ? "never fires" : rule.decides == 0 ? "hidden" : "fires");
  }
  std::vector<Column> columns;
  columns.emplace_back("rule", ids);
  columns.emplace_back("value", values);
  columns.push_back(numbers("fits", fits));
  columns.push_back(numbers("decides", decides));
  columns.push_back(numbers("undecided", undecided));
  columns.emplace_back("state", states);
  return Table(std::move(columns));
}

Table RuleCheck::contradictions_table(const Table& table) const {
  std::vector<std::string> first;
  std::vector<std::string> second;
  std::vector<std::string> first_value;
  std::vector<std::string> second_value;
  std::vector<std::uint64_t> counts;
  std::vector<std::string> examples;
  const Column* client = table.find("client");
  for (const Contradiction& each : contradictions) {
    first.push_back(each.first);
    second.push_back(each.second);
    first_value.push_back(each.first_value);
    second_value.push_back(each.second_value);
    counts.push_back(each.rows);
    if (client != nullptr) examples.push_back(client->to_text(each.example));
  }
  std::vector<Column> columns;
  columns.emplace_back("first", first);
  columns.emplace_back("second", second);
  columns.emplace_back("first_value", first_value);
  columns.emplace_back("second_value", second_value);
  columns.push_back(numbers("rows", counts));
  if (client != nullptr) columns.emplace_back("example", examples);
  return Table(std::move(columns));
}

}  // namespace klientela
