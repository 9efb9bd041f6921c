// Link models: what they accept, weights, scores and their explanation.
#include "klientela/dedupe/link_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "dedupe/link_patterns.hpp"
#include "ingest/cells.hpp"
#include "klientela/core/error.hpp"

namespace klientela {
namespace {

constexpr double smallest_prior = 1e-18;  // its weight stays below max_weight_bits
constexpr double most_shared = 0.9;
constexpr double most_more = 512;  // bits

[[noreturn]] void refuse(const std::string& where, const std::string& why, Code code = Code::invalid_argument) {
  throw Error(code, where + ' ' + why, where);
}

bool within(double value, double low, double high) noexcept { return value >= low && value <= high; }  // NaN: false

void check_chances(const std::vector<double>& chances, std::size_t levels, const std::string& where) {
  if (chances.size() != levels) refuse(where, fmt::format("must have one number for each of the {} levels", levels));
  for (const double chance : chances)
    if (!within(chance, smallest_link_probability, 1)) refuse(where, "must be numbers from 1e-12 to 1");
  if (!within(std::accumulate(chances.begin(), chances.end(), 0.0), 0.99, 1.01)) refuse(where, "must be 1 in sum");
}

void check(const LinkField& field, const std::string& where) {
  linking::check(field.comparison, where);
  const std::size_t levels = field.comparison.levels.size();
  const bool has_chances = !field.m.empty() || !field.u.empty();
  if (has_chances && !field.weights.empty()) refuse(where + ".weights", "cannot be given together with m and u");
  if (field.weights.empty()) {
    check_chances(field.m, levels, where + ".m");
    check_chances(field.u, levels, where + ".u");
  } else {
    if (field.weights.size() != levels)
      refuse(where + ".weights", fmt::format("must have one number for each of the {} levels", levels));
    for (const double weight : field.weights)
      if (!within(weight, -max_weight_bits, max_weight_bits))
        refuse(where + ".weights", "must be numbers from -60 to 60");
  }
  if (!within(field.tf_weight, 0, 1)) refuse(where + ".tf_weight", "must be from 0 to 1");
  if (!within(field.tf_minimum_u, 0, 1)) refuse(where + ".tf_minimum_u", "must be from 0 to 1");
  if (field.tf_average_u && !within(*field.tf_average_u, smallest_link_probability, 1))
    refuse(where + ".tf_average_u", "must be from 1e-12 to 1");
  if (field.tf_weight > 0 && !field.tf_average_u && field.u.empty())
    refuse(where + ".tf_average_u", "must be given where weights are and tf_weight is above 0");
}

}  // namespace

namespace linking {

double on_grid(double bits) noexcept { return std::nearbyint(bits * 0x1p40) * 0x1p-40; }

void check(const ComparisonSpec& comparison, const std::string& where) {
  if (comparison.name.empty()) refuse(where + ".name", "must not be empty");
  if (!detail::valid_utf8(comparison.name)) refuse(where + ".name", "is not UTF-8");
  if (comparison.levels.size() < 2 || comparison.levels.size() > max_comparison_levels)
    refuse(where + ".levels", fmt::format("must be from 2 to {} names", max_comparison_levels));
  std::set<std::string> names;
  for (const std::string& level : comparison.levels) {
    if (level.empty()) refuse(where + ".levels", "must not have an empty name");
    if (!detail::valid_utf8(level)) refuse(where + ".levels", "must have names in UTF-8");
    if (!names.insert(level).second) refuse(where + ".levels", "name \"" + level + "\" twice");
  }
}

void check(std::span<const ComparisonSpec> comparisons, const std::string& where) {
  if (comparisons.empty()) refuse(where, "must not be empty");
  if (comparisons.size() > max_comparisons) refuse(where, fmt::format("must be at most {}", max_comparisons));
  std::set<std::string> names;
  for (std::size_t f = 0; f < comparisons.size(); ++f) {
    const std::string here = fmt::format("{}[{}]", where, f);
    check(comparisons[f], here);
    if (!names.insert(comparisons[f].name).second) refuse(here + ".name", "is that of an earlier comparison");
  }
}

std::vector<std::size_t> order_by_name(std::span<const ComparisonSpec> comparisons) {
  std::vector<std::size_t> order(comparisons.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return comparisons[a].name < comparisons[b].name; });
  return order;
}

Patterns canonical(const PatternCounts& patterns, std::span<const ComparisonSpec> comparisons,
                   std::span<const std::size_t> order, const std::string& where, const std::vector<bool>& counted) {
  const std::size_t fields = comparisons.size();
  const std::size_t rows = patterns.rows();
  if (patterns.fields != fields)
    refuse(where + ".fields", fmt::format("must be the {} of the comparisons, not {}", fields, patterns.fields));
  if (patterns.levels.size() != rows * fields)
    refuse(where + ".levels",
           fmt::format("must be rows x fields, {} numbers, not {}", rows * fields, patterns.levels.size()));
  std::vector<std::uint8_t> levels(rows * fields);
  for (std::size_t i = 0; i < rows; ++i) {
    if (!within(patterns.counts[i], 0, largest_count))
      refuse(fmt::format("{}.counts[{}]", where, i), "must be from 0 to 1e15");
    for (std::size_t c = 0; c < fields; ++c) {
      const std::uint8_t level = patterns.levels[i * fields + order[c]];
      if (level > comparisons[order[c]].levels.size())
        refuse(fmt::format("{}.levels[{}]", where, i * fields + order[c]),
               fmt::format("is level {} of \"{}\", which has levels 0 to {}", level, comparisons[order[c]].name,
                           comparisons[order[c]].levels.size()),
               Code::out_of_range);
      levels[i * fields + c] = counted.empty() || counted[c] ? level : std::uint8_t{0};
    }
  }

  struct Row {
    std::uint64_t key;  ///< the first levels, most significant first: most comparisons end here
    std::uint32_t at;
  };
  if (rows > 0xFFFF'FFFFU) refuse(where, "must have fewer than 2^32 rows");
  std::vector<Row> sorted;
  sorted.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    if (!(patterns.counts[i] > 0)) continue;
    std::uint64_t key = 0;
    for (std::size_t c = 0; c < 8; ++c) key = key << 8U | (c < fields ? levels[i * fields + c] : 0U);
    sorted.push_back({key, static_cast<std::uint32_t>(i)});
  }
  const std::size_t rest = fields > 8 ? fields - 8 : 0;
  const auto compare = [&](const Row& a, const Row& b) noexcept {
    if (a.key != b.key) return a.key < b.key ? -1 : 1;
    return rest == 0 ? 0 : std::memcmp(&levels[a.at * fields + 8], &levels[b.at * fields + 8], rest);
  };
  // Equal patterns by count: their sum does not depend on the order of rows either.
  std::sort(sorted.begin(), sorted.end(), [&](const Row& a, const Row& b) noexcept {
    const int sign = compare(a, b);
    return sign != 0 ? sign < 0 : patterns.counts[a.at] < patterns.counts[b.at];
  });

  Patterns result;
  result.fields = fields;
  result.levels.reserve(sorted.size() * fields);
  result.counts.reserve(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const Row& row = sorted[i];
    if (i > 0 && compare(sorted[i - 1], row) == 0) {
      result.counts.back() += patterns.counts[row.at];
      continue;
    }
    const auto* const from = levels.data() + row.at * fields;
    result.levels.insert(result.levels.end(), from, from + fields);
    result.counts.push_back(patterns.counts[row.at]);
  }
  for (const double count : result.counts) result.pairs += count;
  return result;
}

}  // namespace linking

void PatternCounts::add(std::span<const std::uint8_t> pattern, double count) {
  if (pattern.size() != fields) refuse("pattern", fmt::format("must have {} levels, not {}", fields, pattern.size()));
  counts.push_back(count);
  try {
    levels.insert(levels.end(), pattern.begin(), pattern.end());
  } catch (...) {
    counts.pop_back();
    throw;
  }
}

LinkModel::LinkModel(double prior, std::vector<LinkField> fields, std::vector<LinkClass> classes)
    : prior_(prior), fields_(std::move(fields)), classes_(std::move(classes)) {
  if (!(prior >= smallest_prior && prior < 1)) refuse("prior", "must be at least 1e-18 and below 1");
  if (fields_.size() > max_comparisons) refuse("fields", fmt::format("must be at most {}", max_comparisons));
  std::set<std::string> names;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const std::string here = fmt::format("fields[{}]", f);
    const LinkField& field = fields_[f];
    check(field, here);
    if (!names.insert(field.comparison.name).second) refuse(here + ".name", "is that of an earlier field");
    weights_.push_back(0);
    for (std::size_t i = 0; i < field.comparison.levels.size(); ++i)
      weights_.push_back(
          linking::on_grid(field.weights.empty() ? std::log2(field.m[i] / field.u[i]) : field.weights[i]));
    begins_.push_back(weights_.size());
  }
  prior_weight_ = linking::on_grid(std::log2(prior / (1 - prior)));
  add_classes();
}

void LinkModel::add_classes() {
  if (classes_.size() > max_link_classes) refuse("classes", fmt::format("must be at most {}", max_link_classes));
  std::set<std::string> names;
  for (std::size_t k = 0; k < classes_.size(); ++k) {
    const LinkClass& own = classes_[k];
    const std::string here = fmt::format("classes[{}]", k);
    if (own.name.empty()) refuse(here + ".name", "must not be empty");
    if (!detail::valid_utf8(own.name)) refuse(here + ".name", "is not UTF-8");
    if (!names.insert(own.name).second) refuse(here + ".name", "is that of an earlier class");
    if (!within(own.share, 0, most_shared)) refuse(here + ".share", "must be from 0 to 0.9");
    unshared_ -= own.share;
    if (own.fields.empty()) refuse(here + ".fields", "must not be empty");
    std::vector<Shared>& shared = shared_.emplace_back();
    for (std::size_t i = 0; i < own.fields.size(); ++i) {
      const auto& [comparison, m] = own.fields[i];
      const std::string of = fmt::format("{}.fields[{}]", here, i);
      const auto found = std::find_if(fields_.begin(), fields_.end(), [&, &name = comparison](const LinkField& field) {
        return field.comparison.name == name;
      });
      if (found == fields_.end()) refuse(of + ".comparison", "is none of the model's");
      if (found->u.empty()) refuse(of + ".comparison", "is one without m and u");
      const auto place = static_cast<std::size_t>(found - fields_.begin());
      if (std::any_of(shared.begin(), shared.end(), [&](const Shared& each) { return each.field == place; }))
        refuse(of + ".comparison", "is that of an earlier field");
      check_chances(m, found->u.size(), of + ".m");
      Shared& field =
          shared.emplace_back(Shared{place, {0}, std::max(0.0, (m.back() - found->u.back()) / (1 - found->u.back()))});
      for (std::size_t l = 0; l < m.size(); ++l)
        field.weights.push_back(linking::on_grid(std::log2(m[l] / found->u[l])));
    }
    std::sort(shared.begin(), shared.end(), [](const Shared& a, const Shared& b) { return a.field < b.field; });
  }
  if (unshared_ < 1 - most_shared - 1e-9) refuse("classes", "must have shares of at most 0.9 in sum");
  highest_shared_ = linking::on_grid(-std::log2(unshared_));
}

std::span<const double> LinkModel::weights(std::size_t field) const {
  if (field >= fields_.size()) refuse("field", fmt::format("must be below {}", fields_.size()), Code::out_of_range);
  return std::span(weights_).subspan(begins_[field], begins_[field + 1] - begins_[field]);
}

double LinkModel::weight(std::size_t field, std::size_t level) const {
  const std::span<const double> own = weights(field);
  if (level >= own.size()) refuse("level", fmt::format("must be below {}", own.size()), Code::out_of_range);
  return own[level];
}

double LinkModel::term_weight(std::size_t field, double share) const {
  if (field >= fields_.size()) refuse("field", fmt::format("must be below {}", fields_.size()), Code::out_of_range);
  if (!within(share, 0, 1)) refuse("share", "must be from 0 to 1", Code::out_of_range);
  const LinkField& own = fields_[field];
  if (own.tf_weight <= 0 || share <= 0) return 0;
  const double average = own.tf_average_u ? *own.tf_average_u : own.u.back();
  const double counts_as = std::max({share, own.tf_minimum_u, smallest_link_probability});
  return linking::on_grid(own.tf_weight * std::log2(average / counts_as));
}

double LinkModel::shared_weight(std::span<const std::uint8_t> pattern, std::span<const double> terms,
                                std::optional<std::size_t>* most) const noexcept {
  if (classes_.empty()) return 0;
  std::array<double, max_link_classes> bits{};
  double most_bits = 0;
  for (std::size_t k = 0; k < shared_.size(); ++k) {
    for (const Shared& shared : shared_[k]) {
      const std::uint8_t level = pattern[shared.field];
      const double term = terms[shared.field];
      const double beyond = shared.beyond_chance;
      if (term == 0 || beyond <= 0 || level + 1U != shared.weights.size())
        bits[k] += shared.weights[level];
      else
        bits[k] += linking::on_grid(std::log2(beyond / fields_[shared.field].u.back() * std::exp2(term) + 1 - beyond));
    }
    most_bits = std::max(most_bits, bits[k]);
  }
  const double scale = most_bits > 1000 ? std::floor(most_bits) : 0;  // of many fields, out of range
  double factor = std::exp2(-scale) * unshared_;
  double largest = 0;
  std::optional<std::size_t> by;
  for (std::size_t k = 0; k < shared_.size(); ++k) {
    const double share = classes_[k].share * std::exp2(bits[k] - scale);
    factor += share;
    if (share > largest) {
      largest = share;
      by = k;
    }
  }
  const double weight = std::min(highest_shared_, linking::on_grid(-std::log2(factor) - scale));
  if (most != nullptr) *most = weight < 0 ? by : std::nullopt;
  return weight;
}

void LinkModel::check_pattern(std::span<const std::uint8_t> pattern, std::span<const double> shares,
                              std::span<const double> more) const {
  if (pattern.size() != fields_.size())
    refuse("pattern", fmt::format("must have {} levels, not {}", fields_.size(), pattern.size()));
  if (!shares.empty() && shares.size() != fields_.size())
    refuse("shares", fmt::format("must be {} or none, not {}", fields_.size(), shares.size()));
  for (std::size_t f = 0; f < pattern.size(); ++f)
    if (pattern[f] > fields_[f].comparison.levels.size())
      refuse("pattern",
             fmt::format("has level {} of \"{}\", which has levels 0 to {}", pattern[f], fields_[f].comparison.name,
                         fields_[f].comparison.levels.size()),
             Code::out_of_range);
  for (const double share : shares)
    if (!within(share, 0, 1)) refuse("shares", "must be from 0 to 1", Code::out_of_range);
  if (!more.empty() && more.size() != fields_.size())
    refuse("more", fmt::format("must be {} or none, not {}", fields_.size(), more.size()));
  for (const double bits : more)
    if (!within(bits, -most_more, most_more)) refuse("more", "must be from -512 to 512", Code::out_of_range);
}

double LinkModel::score(std::span<const std::uint8_t> pattern, std::span<const double> shares) const {
  check_pattern(pattern, shares, {});
  std::array<double, max_comparisons> terms{};
  double score = prior_weight_;
  for (std::size_t f = 0; f < pattern.size(); ++f) {
    score += weights_[begins_[f] + pattern[f]];
    if (!shares.empty() && pattern[f] == fields_[f].comparison.levels.size())
      score += terms[f] = term_weight(f, shares[f]);
  }
  return score + shared_weight(pattern, std::span(terms).first(pattern.size()));
}

ScoreExplanation LinkModel::explain(std::span<const std::uint8_t> pattern, std::span<const double> shares,
                                    std::span<const double> more) const {
  check_pattern(pattern, shares, more);
  ScoreExplanation explanation;
  explanation.prior_weight = explanation.score = prior_weight_;
  explanation.fields.reserve(pattern.size());
  std::vector<double> terms(pattern.size(), 0.0);
  for (std::size_t f = 0; f < pattern.size(); ++f) {
    FieldEvidence evidence{.field = f, .level = pattern[f], .weight = weights_[begins_[f] + pattern[f]]};
    if (pattern[f] == fields_[f].comparison.levels.size()) {
      if (!shares.empty()) evidence.term_weight = term_weight(f, shares[f]);
      if (!more.empty()) evidence.term_weight += more[f];
    }
    terms[f] = evidence.term_weight;
    explanation.score += evidence.weight + evidence.term_weight;
    explanation.fields.push_back(evidence);
  }
  explanation.shared_weight = shared_weight(pattern, terms, &explanation.shared_by);
  explanation.score += explanation.shared_weight;
  return explanation;
}

double link_probability(double score) noexcept { return 1 / (1 + std::exp2(-score)); }

double average_u(std::span<const double> counts) {
  double sum = 0;
  double squares = 0;
  for (const double count : counts) {
    if (!within(count, 0, linking::largest_count)) refuse("counts", "must be from 0 to 1e15");
    sum += count;
    squares += count * count;
  }
  if (!(sum > 0)) refuse("counts", "must not all be 0");
  return squares / sum / sum;
}

}  // namespace klientela
