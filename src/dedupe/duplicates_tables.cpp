// Duplicates as tables: ids in place of card numbers, words in place of codes.
#include "klientela/dedupe/duplicates_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dedupe/duplicates_data.hpp"

namespace klientela {
namespace {

/// Client rows of all cards of one list.
std::vector<std::uint32_t> rows_of(const PreparedCards& cards, std::size_t list) {
  std::vector<std::uint32_t> rows;
  const ClientBase& base = cards.base(list);
  const auto order = base.codes_in_order();
  auto card = static_cast<std::uint32_t>(list == 0 ? 0 : cards.first_list());
  const auto end = static_cast<std::uint32_t>(list == 0 ? cards.first_list() : cards.size());
  for (std::uint32_t row = 0; row < order.size() && card < end; ++row) {
    if (cards.client_code(card) != order[row]) continue;
    rows.push_back(row);
    ++card;
  }
  return rows;
}

/// Ids by card number, as columns.
class Ids {
 public:
  explicit Ids(const PreparedCards& cards) : cards_(cards) {
    for (std::size_t list = 0; list < (cards.two_lists() ? 2U : 1U); ++list) {
      rows_[list] = rows_of(cards, list);
      columns_.push_back(cards.base(list).client_column());
    }
  }
  /// \pre the cards are of one list
  [[nodiscard]] Column column(const std::string& name, std::span<const std::uint32_t> cards,
                              std::size_t list = 0) const {
    std::vector<std::uint32_t> rows;
    rows.reserve(cards.size());
    const std::size_t before = list == 0 ? 0 : cards_.first_list();
    for (const std::uint32_t card : cards) rows.push_back(rows_[list][card - before]);
    return columns_[list].take(rows).renamed(name);
  }
  /// The two sides of pairs; the list of each where there are two.
  [[nodiscard]] std::array<Column, 2> pair(const std::vector<std::uint32_t>& a,
                                           const std::vector<std::uint32_t>& b) const {
    if (!cards_.two_lists()) return {column("id_a", a), column("id_b", b)};
    const auto texts = [&](const std::vector<std::uint32_t>& cards) {
      std::vector<std::string> list;
      for (const std::uint32_t card : cards) list.push_back(text(card));
      return list;
    };
    const auto first = [&](std::uint32_t card) { return card < cards_.first_list(); };
    if (std::all_of(a.begin(), a.end(), first) && std::none_of(b.begin(), b.end(), first))
      return {column("id_a", a, 0), column("id_b", b, 1)};
    return {Column("id_a", texts(a)), Column("id_b", texts(b))};
  }
  /// Of two lists with the list in front.
  [[nodiscard]] std::string text(std::uint32_t card) const {
    const std::string id = cards_.id(card).to_text();
    return cards_.two_lists() ? (card < cards_.first_list() ? "1:" : "2:") + id : id;
  }

 private:
  const PreparedCards& cards_;
  std::array<std::vector<std::uint32_t>, 2> rows_;
  std::vector<Column> columns_;
};

template <class T, class Of>
Column numbers(const std::string& name, ColumnType type, std::size_t rows, Of of) {
  Buffer<T> values(rows);
  for (std::size_t row = 0; row < rows; ++row) values[row] = static_cast<T>(of(row));
  return {name, type, std::move(values)};
}

/// Null for NaN.
template <class Of>
Column nullable(const std::string& name, std::size_t rows, Of of) {
  Buffer<double> values(rows);
  Buffer<std::uint8_t> valid((rows + 7) / 8);
  std::fill_n(valid.data(), valid.size(), std::uint8_t{0});
  for (std::size_t row = 0; row < rows; ++row) {
    const double value = of(row);
    values[row] = std::isnan(value) ? 0 : value;
    if (!std::isnan(value)) valid[row / 8] = static_cast<std::uint8_t>(valid[row / 8] | 1U << (row % 8));
  }
  return {name, ColumnType::float64, std::move(values), std::move(valid)};
}

/// Smallest card of each card's cluster.
std::vector<std::uint32_t> first_cards(const Duplicates& found) {
  const auto n = static_cast<std::uint32_t>(found.cards().size());
  std::vector<std::uint32_t> first(n);
  for (std::uint32_t card = 0; card < n; ++card) first[card] = card;
  for (const auto& group : found.groups())
    for (const std::uint32_t card : group) first[card] = group.front();
  return first;
}

/// By card: what its cluster is called where earlier ones had labels.
std::vector<std::string> cluster_names(const Duplicates& found, const Ids& ids) {
  const std::vector<std::uint32_t> first = first_cards(found);
  const auto labels = found.labels();
  std::unordered_set<std::string> taken(labels.begin(), labels.end());
  std::vector<std::vector<std::uint32_t>> cards(first.size());
  for (std::uint32_t card = 0; card < first.size(); ++card) cards[first[card]].push_back(card);
  std::vector<std::string> names(first.size());
  for (std::uint32_t card = 0; card < first.size(); ++card) {
    if (first[card] != card) {
      names[card] = names[first[card]];
      continue;
    }
    if (const std::uint32_t number = found.cluster_of()[card]; number < labels.size()) {
      names[card] = labels[number];
      continue;
    }
    names[card] = dedupe::default_cluster_name(cards[card], taken, [&](std::uint32_t each) { return ids.text(each); });
    taken.insert(names[card]);
  }
  return names;
}

/// Texts as a column of integers where all are.
Column named_column(const std::string& name, const std::vector<std::string>& texts) {
  Buffer<std::int64_t> numbers(texts.size());
  for (std::size_t row = 0; row < texts.size(); ++row) {
    const ClientId id{std::string_view(texts[row])};
    if (!id.is_integer()) return {name, texts};
    numbers[row] = id.integer();
  }
  return {name, ColumnType::int64, std::move(numbers)};
}

std::string_view name(CardJoinReason reason) noexcept {
  constexpr std::array<std::string_view, 6> names{"edge", "must_link", "average", "total", "centre", "assigned"};
  return names.at(static_cast<std::size_t>(reason));
}
std::string_view name(CardCutReason reason) noexcept {
  constexpr std::array<std::string_view, 7> names{"average",     "total",  "minimum_cut", "cannot_link",
                                                  "same_source", "centre", "assigned"};
  return names.at(static_cast<std::size_t>(reason));
}

/// What joins and cuts have in common.
struct Reasoned {
  std::vector<std::string> cluster;
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::string> reason;
  std::vector<double> score;
  std::vector<double> average;
  std::vector<std::int64_t> scored;
  std::vector<std::string> english;
  std::vector<std::string> russian;

  template <class Of>
  void add(const Of& of, std::string_view why, CardReasonWords words) {
    a.push_back(of.a);
    b.push_back(of.b);
    reason.emplace_back(why);
    score.push_back(of.score);
    average.push_back(of.average);
    scored.push_back(static_cast<std::int64_t>(of.scored));
    english.push_back(std::move(words.english));
    russian.push_back(std::move(words.russian));
  }
  [[nodiscard]] Table table(const Ids& ids) const {
    Table out;
    if (!cluster.empty() || a.empty()) out.add(named_column("cluster", cluster));
    for (Column& column : ids.pair(a, b)) out.add(std::move(column));
    out.add(Column("reason", reason));
    out.add(numbers<double>("score", ColumnType::float64, a.size(), [&](std::size_t i) { return score[i]; }));
    out.add(numbers<double>("average", ColumnType::float64, a.size(), [&](std::size_t i) { return average[i]; }));
    out.add(numbers<std::int64_t>("scored", ColumnType::int64, a.size(), [&](std::size_t i) { return scored[i]; }));
    out.add(Column("words", english));
    out.add(Column("words_ru", russian));
    return out;
  }
};

}  // namespace

Table clusters_table(const Duplicates& found) {
  const PreparedCards& cards = found.cards();
  const Ids ids(cards);
  const std::vector<std::uint32_t> first = first_cards(found);
  std::vector<std::uint32_t> all(first.size());
  for (std::uint32_t card = 0; card < all.size(); ++card) all[card] = card;
  Table out;
  if (!cards.two_lists()) {
    out.add(ids.column("id", all));
    if (found.labels().empty()) {
      out.add(ids.column("cluster", first));
    } else {
      out.add(named_column("cluster", cluster_names(found, ids)));
    }
    return out;
  }
  std::vector<std::string> texts;
  std::vector<std::string> clusters;
  for (const std::uint32_t card : all) {
    texts.push_back(cards.id(card).to_text());
    clusters.push_back(ids.text(first[card]));
  }
  out.add(numbers<std::int32_t>("list", ColumnType::int32, all.size(),
                                [&](std::size_t card) { return card < cards.first_list() ? 1 : 2; }));
  out.add(Column("id", texts));
  out.add(Column("cluster", clusters));
  return out;
}

Table pairs_table(const Duplicates& found, double min_score, const Control& control) {
  if (std::isnan(min_score)) throw Error(Code::invalid_argument, "min_score is a number", "min_score");
  std::vector<CardEdge> edges;
  for (const CardEdge& edge : found.edges())
    if (edge.score >= min_score) edges.push_back(edge);
  const std::size_t n = edges.size();
  const auto& comparisons = found.comparisons();
  std::vector<PairEvidence> evidence(n);
  constexpr std::size_t task_rows = 4096;
  control.check();
  control.run((n + task_rows - 1) / task_rows, [&](std::size_t task) {
    if (control.stop.stop_requested()) return;
    for (std::size_t i = task * task_rows; i < std::min(n, (task + 1) * task_rows); ++i)
      evidence[i] = found.explain({edges[i].a, edges[i].b});
  });
  control.check();
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  for (const CardEdge& edge : edges) {
    a.push_back(edge.a);
    b.push_back(edge.b);
  }
  Table out;
  for (Column& column : Ids(found.cards()).pair(a, b)) out.add(std::move(column));
  out.add(numbers<double>("score", ColumnType::float64, n, [&](std::size_t i) { return edges[i].score; }));
  out.add(numbers<double>("probability", ColumnType::float64, n,
                          [&](std::size_t i) { return link_probability(edges[i].score); }));
  out.add(numbers<std::uint8_t>("together", ColumnType::boolean, n, [&](std::size_t i) {
    return found.cluster_of()[edges[i].a] == found.cluster_of()[edges[i].b] ? 1 : 0;
  }));
  out.add(numbers<double>("prior_weight", ColumnType::float64, n,
                          [&](std::size_t i) { return evidence[i].explanation.prior_weight; }));
  out.add(numbers<double>("shared_weight", ColumnType::float64, n,
                          [&](std::size_t i) { return evidence[i].explanation.shared_weight; }));
  std::vector<std::optional<std::string>> shared_by(n);
  for (std::size_t i = 0; i < n; ++i)
    if (const auto& by = evidence[i].explanation.shared_by) shared_by[i] = found.model().classes()[*by].name;
  out.add(Column("shared_by", shared_by));
  for (std::size_t c = 0; c < comparisons.size(); ++c) {
    if (found.cards().filled(comparisons[c].field) == 0) continue;
    const std::string field(name(comparisons[c].field));
    auto labels = std::make_shared<std::vector<std::string>>();
    for (const std::string_view level : levels(comparisons[c].kind)) labels->emplace_back(level);
    Buffer<std::uint16_t> codes(n);
    Buffer<double> weights(n);
    Buffer<std::uint8_t> valid((n + 7) / 8);
    std::fill_n(valid.data(), valid.size(), std::uint8_t{0});
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint8_t level = evidence[i].levels[c];
      codes[i] = static_cast<std::uint16_t>(level == 0 ? 0 : level - 1);
      const FieldEvidence& of = evidence[i].explanation.fields[c];
      weights[i] = of.weight + of.term_weight;
      if (level != 0) valid[i / 8] = static_cast<std::uint8_t>(valid[i / 8] | 1U << (i % 8));
    }
    out.add(Column(field, std::move(codes), labels, std::move(valid)));
    out.add(Column(field + "_weight", ColumnType::float64, std::move(weights)));
  }
  return out;
}

Table links_table(const Duplicates& found) {
  std::vector<CardEdge> links;
  if (found.cards().two_lists())
    for (const CardJoin& join : found.clusters().joins)
      links.push_back({join.a, join.b, found.explain({join.a, join.b}).explanation.score});
  std::sort(links.begin(), links.end(),
            [](const CardEdge& x, const CardEdge& y) { return std::pair(x.a, x.b) < std::pair(y.a, y.b); });
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  for (const CardEdge& link : links) {
    a.push_back(link.a);
    b.push_back(link.b);
  }
  Table out;
  for (Column& column : Ids(found.cards()).pair(a, b)) out.add(std::move(column));
  out.add(numbers<double>("score", ColumnType::float64, links.size(), [&](std::size_t i) { return links[i].score; }));
  out.add(numbers<double>("probability", ColumnType::float64, links.size(),
                          [&](std::size_t i) { return link_probability(links[i].score); }));
  return out;
}

Table joins_table(const Duplicates& found) {
  const Ids ids(found.cards());
  const CardNamer namer = [&](std::uint32_t card) { return ids.text(card); };
  std::vector<std::string> names;
  if (found.labels().empty()) {
    for (const std::uint32_t first : first_cards(found)) names.push_back(ids.text(first));
  } else {
    names = cluster_names(found, ids);
  }
  Reasoned rows;
  for (std::size_t c = 0; c < found.clusters().size(); ++c) {
    for (const CardJoin& join : found.clusters().joins_of(c)) {
      rows.cluster.push_back(names[join.a]);
      rows.add(join, name(join.reason), words(join, namer));
    }
  }
  const auto same = found.representatives();
  for (const CardEdge& edge : found.edges()) {
    if (same.empty() || same[edge.b] != edge.a || found.cluster_of()[edge.a] != found.cluster_of()[edge.b]) continue;
    CardJoin join;
    join.a = edge.a;
    join.b = edge.b;
    join.score = join.average = edge.score;
    join.scored = 1;
    rows.cluster.push_back(names[join.a]);
    rows.add(join, "equal",
             {ids.text(join.a) + " and " + ids.text(join.b) + " are equal in every field.",
              ids.text(join.a) + " и " + ids.text(join.b) + " совпадают во всех полях."});
  }
  return rows.table(ids);
}

Table cuts_table(const Duplicates& found) {
  const Ids ids(found.cards());
  Reasoned rows;
  for (const CardCut& cut : found.clusters().cuts)
    rows.add(cut, name(cut.reason), words(cut, [&](std::uint32_t card) { return ids.text(card); }));
  Table out = rows.table(ids);
  if (out.find("cluster") == nullptr) return out;
  std::vector<Column> columns(out.columns().begin() + 1, out.columns().end());
  return Table(std::move(columns));
}

Table review_table(const Duplicates& found) {
  const Ids ids(found.cards());
  const auto& review = found.clusters().review;
  const std::size_t n = review.size();
  std::vector<std::uint32_t> a;
  std::vector<std::uint32_t> b;
  std::vector<std::string> english;
  std::vector<std::string> russian;
  for (const CardReview& each : review) {
    a.push_back(each.a);
    b.push_back(each.b);
    CardReasonWords said = words(each, [&](std::uint32_t card) { return ids.text(card); });
    english.push_back(std::move(said.english));
    russian.push_back(std::move(said.russian));
  }
  Table out;
  for (Column& column : ids.pair(a, b)) out.add(std::move(column));
  out.add(numbers<double>("score", ColumnType::float64, n, [&](std::size_t i) { return review[i].score; }));
  out.add(numbers<double>("average", ColumnType::float64, n, [&](std::size_t i) { return review[i].average; }));
  out.add(numbers<double>("probability", ColumnType::float64, n, [&](std::size_t i) { return review[i].probability; }));
  out.add(numbers<std::uint8_t>("together", ColumnType::boolean, n, [&](std::size_t i) { return review[i].together; }));
  out.add(numbers<std::int64_t>("changed", ColumnType::int64, n, [&](std::size_t i) { return review[i].changed; }));
  out.add(numbers<double>("expected_change", ColumnType::float64, n,
                          [&](std::size_t i) { return review[i].expected_change; }));
  out.add(Column("words", english));
  out.add(Column("words_ru", russian));
  return out;
}

Table link_model_table(const LinkModel& model) {
  std::vector<std::string> comparison;
  std::vector<std::string> level;
  std::vector<double> m;
  std::vector<double> u;
  std::vector<double> weight;
  bool given = false;
  for (std::size_t f = 0; f < model.fields().size(); ++f) {
    const LinkField& field = model.fields()[f];
    for (std::size_t i = 0; i < field.comparison.levels.size(); ++i) {
      comparison.push_back(field.comparison.name);
      level.push_back(field.comparison.levels[i]);
      given = given || field.m.empty();
      m.push_back(field.m.empty() ? std::nan("") : field.m[i]);
      u.push_back(field.u.empty() ? std::nan("") : field.u[i]);
      weight.push_back(model.weight(f, i + 1));
    }
  }
  const std::size_t n = comparison.size();
  const auto chances = [&](const std::string& name, const std::vector<double>& from) {
    return given ? nullable(name, n, [&](std::size_t i) { return from[i]; })
                 : numbers<double>(name, ColumnType::float64, n, [&](std::size_t i) { return from[i]; });
  };
  Table out;
  out.add(Column("comparison", comparison));
  out.add(Column("level", level));
  out.add(chances("m", m));
  out.add(chances("u", u));
  out.add(numbers<double>("weight", ColumnType::float64, n, [&](std::size_t i) { return weight[i]; }));
  given = true;  // from here on some may be null
  for (const LinkClass& each : model.classes()) {
    std::vector<double> of;
    for (const LinkField& field : model.fields()) {
      const auto shared = std::find_if(each.fields.begin(), each.fields.end(), [&](const LinkClassField& one) {
        return one.comparison == field.comparison.name;
      });
      for (std::size_t i = 0; i < field.comparison.levels.size(); ++i)
        of.push_back(shared == each.fields.end() ? std::nan("") : shared->m[i]);
    }
    out.add(chances("m_" + each.name, of));
  }
  return out;
}

Table blocking_table(const Duplicates& found) {
  const auto& rules = found.rules();
  std::vector<std::string> names;
  for (const BlockingRuleReport& rule : rules) names.push_back(rule.rule);
  Table out;
  out.add(Column("rule", names));
  const auto add = [&](const char* name, std::uint64_t BlockingRuleReport::*member) {
    out.add(
        numbers<std::int64_t>(name, ColumnType::int64, rules.size(), [&](std::size_t i) { return rules[i].*member; }));
  };
  add("cards", &BlockingRuleReport::cards);
  add("blocks", &BlockingRuleReport::blocks);
  add("largest", &BlockingRuleReport::largest);
  add("split", &BlockingRuleReport::split);
  add("lost", &BlockingRuleReport::lost);
  add("pairs", &BlockingRuleReport::pairs);
  add("added", &BlockingRuleReport::added);
  add("crowded", &BlockingRuleReport::crowded);
  return out;
}

Table rule_proposals_table(const RuleProposals& proposals) {
  const auto& rules = proposals.rules;
  std::vector<std::string> names;
  std::vector<std::string> verdicts;
  std::vector<std::string> english;
  std::vector<std::string> russian;
  for (const RuleProposal& each : rules) {
    names.push_back(to_text(each.rule));
    verdicts.emplace_back(name(each.verdict));
    RuleWords why = words(each);
    english.push_back(std::move(why.english));
    russian.push_back(std::move(why.russian));
  }
  Table out;
  out.add(Column("rule", names));
  out.add(Column("verdict", verdicts));
  const auto share = [&](const char* name, double RuleProposal::*member) {
    out.add(numbers<double>(name, ColumnType::float64, rules.size(), [&](std::size_t i) { return rules[i].*member; }));
  };
  share("completeness", &RuleProposal::completeness);
  share("coverage", &RuleProposal::coverage);
  share("gain", &RuleProposal::gain);
  const auto count = [&](const char* name, std::uint64_t RuleProposal::*member) {
    out.add(
        numbers<std::int64_t>(name, ColumnType::int64, rules.size(), [&](std::size_t i) { return rules[i].*member; }));
  };
  count("pairs", &RuleProposal::pairs);
  count("largest", &RuleProposal::largest);
  out.add(Column("words", english));
  out.add(Column("words_ru", russian));
  return out;
}

std::vector<ThresholdRow> expected_at(const Duplicates& found, std::span<const double> thresholds) {
  const double lowest = found.options().clusters.threshold - dedupe::kept_below;
  for (std::size_t i = 0; i < thresholds.size(); ++i)
    if (!(thresholds[i] >= (i == 0 ? lowest : thresholds[i - 1])))
      throw Error(Code::invalid_argument,
                  i == 0 ? fmt::format("must be at least {}, below which pairs are not kept", lowest)
                         : std::string("must not be lower than the one before"),
                  fmt::format("thresholds[{}]", i));
  std::vector<ThresholdRow> rows(thresholds.size());
  double below = 0;  // expected matches
  for (const CardEdge& edge : found.edges()) {
    const auto above = std::upper_bound(thresholds.begin(), thresholds.end(), edge.score) - thresholds.begin();
    if (above == 0) {
      below += link_probability(edge.score);
      continue;
    }
    ThresholdRow& row = rows[static_cast<std::size_t>(above) - 1];
    row.pairs += 1;
    row.matches += link_probability(edge.score);
  }
  const double kept = static_cast<double>(found.edges().size());
  const double dropped = std::max(static_cast<double>(found.pairs()) - kept, 0.0);
  if (dropped > 0) below += dropped * found.data()->chance_below;
  for (std::size_t i = rows.size(); i-- > 1;) {
    rows[i - 1].pairs += rows[i].pairs;
    rows[i - 1].matches += rows[i].matches;
  }
  const double matches = below + (rows.empty() ? 0 : rows[0].matches);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ThresholdRow& row = rows[i];
    row.threshold = thresholds[i];
    row.probability = link_probability(row.threshold);
    row.precision = row.pairs > 0 ? std::min(row.matches / row.pairs, 1.0) : 1;
    row.recall = matches > 0 || std::isnan(matches) ? row.matches / matches : 1;
    row.f1 = row.matches > 0 ? 2 * row.precision * row.recall / (row.precision + row.recall) : 0;
  }
  return rows;
}

Table thresholds_table(const Duplicates& found) {
  constexpr double step = 0.5;
  const double threshold = found.options().clusters.threshold;
  double highest = threshold;
  for (const CardEdge& edge : found.edges()) highest = std::max(highest, edge.score);
  std::vector<double> thresholds;
  const auto above = static_cast<int>(std::floor((highest - threshold) / step));
  for (int i = -static_cast<int>(dedupe::kept_below / step); i <= above; ++i)
    thresholds.push_back(threshold + i * step);
  std::vector<ThresholdRow> rows = expected_at(found, thresholds);
  std::reverse(rows.begin(), rows.end());
  const bool known = std::none_of(rows.begin(), rows.end(), [](const ThresholdRow& r) { return std::isnan(r.recall); });
  Table out;
  const auto add = [&](const char* name, double ThresholdRow::*member) {
    const auto of = [&](std::size_t i) { return rows[i].*member; };
    out.add(known ? numbers<double>(name, ColumnType::float64, rows.size(), of) : nullable(name, rows.size(), of));
  };
  add("threshold", &ThresholdRow::threshold);
  add("probability", &ThresholdRow::probability);
  add("pairs", &ThresholdRow::pairs);
  add("matches", &ThresholdRow::matches);
  add("precision", &ThresholdRow::precision);
  add("recall", &ThresholdRow::recall);
  add("f1", &ThresholdRow::f1);
  return out;
}

std::string duplicates_summary_json(const Duplicates& found) {
  using Json = nlohmann::ordered_json;
  const std::size_t n = found.cards().size();
  std::size_t grouped = 0;
  std::size_t largest = n > 0 ? 1 : 0;
  for (const auto& group : found.groups()) {
    grouped += group.size();
    largest = std::max(largest, group.size());
  }
  Json out;
  out["cards"] = n;
  if (found.cards().two_lists()) out["first_list"] = found.cards().first_list();
  out["clusters"] = n - grouped + found.groups().size();
  out["duplicates"] = grouped - found.groups().size();
  out["groups"] = found.groups().size();
  out["largest_cluster"] = largest;
  out["pairs"] = found.pairs();
  out["threshold"] = found.options().clusters.threshold;
  out["prior"] = found.model().prior();
  Json expected = Json::array();
  const double threshold = found.options().clusters.threshold;
  for (const ThresholdRow& row :
       expected_at(found, std::array{threshold - 5, threshold, threshold + 5, threshold + 10}))
    expected.push_back({{"threshold", row.threshold},
                        {"pairs", row.pairs},
                        {"matches", row.matches},
                        {"precision", row.precision},
                        {"recall", std::isnan(row.recall) ? Json() : Json(row.recall)}});
  out["expected"] = std::move(expected);
  if (!found.model().classes().empty()) {
    Json classes = Json::array();
    for (const LinkClass& each : found.model().classes())
      classes.push_back({{"name", each.name}, {"share", each.share}});
    out["classes"] = std::move(classes);
  }
  if (const LinkTraining* training = found.training()) {
    Json of;
    of["status"] = std::string(name(training->status));
    of["advice"] = training->advice;
    of["iterations"] = training->iterations;
    Json blocks = Json::array();
    for (const BlockFit& block : training->blocks)
      blocks.push_back({{"rule", block.name}, {"pairs", block.pairs}, {"matches", block.matches}});
    of["blocks"] = std::move(blocks);
    out["training"] = std::move(of);
  }
  if (const RuleProposals* proposed = found.proposals())
    out["proposed"] = {{"coverage", proposed->coverage}, {"pairs", proposed->pairs}, {"budget", proposed->budget}};
  Json rules = Json::array();
  for (const BlockingRuleReport& rule : found.rules())
    if (rule.cards > 0)
      rules.push_back({{"rule", rule.rule},
                       {"cards", rule.cards},
                       {"blocks", rule.blocks},
                       {"largest", rule.largest},
                       {"pairs", rule.pairs},
                       {"added", rule.added},
                       {"lost", rule.lost},
                       {"crowded", rule.crowded}});
  out["rules"] = std::move(rules);
  return out.dump(2) + '\n';
}

}  // namespace klientela
