// Learns m, u and the prior of a link model by expectation and maximisation over pattern counts.
#include "dedupe/link_training.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "dedupe/link_patterns.hpp"
#include "ingest/cells.hpp"
#include "klientela/core/error.hpp"

namespace klientela {

using namespace linking;  // NOLINT: the stage's own internals

namespace {

constexpr std::size_t chunk_rows = 8192;  // of one task: sums are added chunk by chunk, whoever computes them
constexpr std::size_t max_passes = 4;
constexpr double rested = 1e-3;      // of ln u between passes
constexpr double seen_share = 0.01;  // of a block's pairs: a level that the block lets through
constexpr double smallest_prior = 1e-18;
constexpr double default_prior = 1e-4;
constexpr double start_class_share = 0.1;    // of a block's pairs
constexpr double most_of_a_class = 0.2;      // of all pairs
constexpr double most_of_all_classes = 0.9;  // of pairs of two clients, as a model has it
constexpr double dependence_bits = 1;
constexpr double dependence_pairs = 10;  // fewer that agree together say nothing

double bounded(double chance) noexcept {
  return std::clamp(chance, smallest_link_probability, 1 - smallest_link_probability);
}

std::vector<double> spread(std::size_t levels, double first, double last) {
  const double between = levels > 2 ? (1 - first - last) / static_cast<double>(levels - 2) : 0;
  std::vector<double> chances(levels, between);
  chances.front() = first;
  chances.back() = levels > 2 ? last : 1 - first;
  return chances;
}

/// One table of numbers by comparison (in canonical order) and level from 0.
struct LevelTable {
  std::size_t stride{0};
  std::vector<double> values;

  LevelTable(std::size_t fields, std::size_t by) : stride(by), values(fields * by, 0.0) {}
  double& at(std::size_t field, std::size_t level) noexcept { return values[field * stride + level]; }
  [[nodiscard]] double at(std::size_t field, std::size_t level) const noexcept {
    return values[field * stride + level];
  }
};

struct Block {
  std::size_t place{0};  ///< among the caller's
  std::string name;
  std::vector<bool> free;            ///< by comparison in canonical order
  Patterns patterns;                 ///< comparisons that are fixed have level 0 everywhere; no row without evidence
  LevelTable seen;                   ///< 1 where the block lets a level of a fixed comparison through
  bool among_all{true};              ///< total_pairs has its pairs
  std::vector<std::uint8_t> told{};  ///< by row: bit k where a comparison that class k shares has evidence
  double share{0};
  double matches{0};
  std::vector<double> class_shares{};  ///< by class
  std::vector<double> class_pairs{};   ///< expected
  std::vector<double> told_pairs{};    ///< those among them that class k is told by
  double log_u{0};                     ///< sum of ln u over all pairs

  /// Share of pairs of two clients that have nothing in common.
  [[nodiscard]] double rest() const noexcept {
    return bounded(1 - share - std::accumulate(class_shares.begin(), class_shares.end(), 0.0));
  }
};

struct Class {
  std::string name;
  std::vector<double> chance;  ///< by comparison; 0: not shared
  LevelTable expected;         ///< m, from u as it is
  LevelTable m;
  LevelTable pairs;            ///< expected, by level, in blocks that do not fix the comparison
  double share;                ///< of all pairs
  std::vector<double> random;  ///< chance by row of the random pairs
};

/// Where sums of expected pairs stand: by level for pairs of one client and of each class, then how many pairs of each
/// there are, and how many of those have evidence in what the class shares, then the log-likelihood.
struct Sums {
  std::size_t table;  ///< size of one
  std::size_t kinds;  ///< one client, and classes
  [[nodiscard]] std::size_t pairs() const noexcept { return table * kinds; }
  [[nodiscard]] std::size_t told() const noexcept { return pairs() + kinds; }
  [[nodiscard]] std::size_t log_likelihood() const noexcept { return told() + kinds; }
  [[nodiscard]] std::size_t size() const noexcept { return log_likelihood() + 1; }
};

/// Adds to `sums`, over rows [begin, end); the log-likelihood but for what is the same for all rows.
/// \param told      as in Block
/// \param weights   by kind, ln of its chance over u, 0 where nothing counts
/// \param log_odds  by kind, ln of its share over that of the rest
void expect(const Patterns& patterns, std::span<const std::uint8_t> told, std::span<const LevelTable> weights,
            std::span<const double> log_odds, std::size_t begin, std::size_t end, std::span<double> sums) noexcept {
  const std::size_t fields = patterns.fields;
  const std::size_t stride = weights[0].stride;
  const std::size_t kinds = weights.size();
  const Sums at{fields * stride, kinds};
  std::array<double, 1 + max_link_classes> expected{};
  double log_likelihood = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint8_t* const row = patterns.row(i);
    for (std::size_t k = 0; k < kinds; ++k) {
      double t = log_odds[k];
      for (std::size_t f = 0; f < fields; ++f) t += weights[k].values[f * stride + row[f]];
      expected[k] = t;
    }
    if (kinds == 1) {
      const double t = expected[0];
      const double e = std::exp(-std::fabs(t));
      const double smaller = e / (1 + e);
      expected[0] = patterns.counts[i] * (t >= 0 ? 1 - smaller : smaller);
      log_likelihood += patterns.counts[i] * (std::max(t, 0.0) + std::log1p(e));
    } else {
      double most = 0;
      for (std::size_t k = 0; k < kinds; ++k) most = std::max(most, expected[k]);
      double all = std::exp(-most);
      for (std::size_t k = 0; k < kinds; ++k) all += expected[k] = std::exp(expected[k] - most);
      for (std::size_t k = 0; k < kinds; ++k) expected[k] *= patterns.counts[i] / all;
      log_likelihood += patterns.counts[i] * (most + std::log(all));
    }
    for (std::size_t k = 0; k < kinds; ++k) {
      sums[at.pairs() + k] += expected[k];
      if (k > 0 && (told[i] >> (k - 1) & 1U) != 0) sums[at.told() + k] += expected[k];
      double* const by_level = sums.data() + k * at.table;
      for (std::size_t f = 0; f < fields; ++f) by_level[f * stride + row[f]] += expected[k];
    }
  }
  sums[at.log_likelihood()] += log_likelihood;
}

class Trainer {
 public:
  Trainer(std::span<const ComparisonSpec> comparisons, const PatternCounts& random,
          std::span<const TrainingBlock> blocks, double total_pairs, const LinkTrainingOptions& options,
          const Control& control, std::span<const LinkClassSpec> classes)
      : comparisons_(comparisons),
        total_pairs_(total_pairs),
        options_(options),
        control_(control),
        order_(order_by_name(comparisons)),
        fields_(comparisons.size()),
        stride_(widest(comparisons)),
        prior_m_(fields_, stride_),
        prior_u_(fields_, stride_),
        m_(fields_, stride_),
        u_(fields_, stride_),
        matches_(fields_, stride_),
        random_(canonical(random, comparisons, order_, "random")) {
    if (!(random_.pairs > 0)) refuse_option("random", "must have at least one pair");
    read_expected("prior_m", options.prior_m, 0.05, 0.85, 0.95, prior_m_);
    read_expected("prior_u", options.prior_u, 0.95, 0.01, 0.95, prior_u_);
    m_ = prior_m_;
    for (const LinkClassSpec& each : classes) read_class(each);
    read_blocks(blocks);
    random_evidence_.resize(fields_);
    for (std::size_t i = 0; i < random_.rows(); ++i)
      for (std::size_t f = 0; f < fields_; ++f)
        if (random_.row(i)[f] != 0) random_evidence_[f] += random_.counts[i];
  }

  LinkTraining train() {
    LinkTraining result;
    const double pairs = std::accumulate(blocks_.begin(), blocks_.end(), 0.0,
                                         [](double sum, const Block& block) { return sum + block.patterns.pairs; });
    random_matches_.assign(random_.rows(), 0.0);
    for (Class& each : classes_) each.random.assign(random_.rows(), 0.0);
    estimate_u();
    for (Class& each : classes_) each.m = each.expected;
    double prior = options_.prior.value_or(default_prior);
    bool converged = false;
    for (std::size_t pass = 1;; ++pass) {
      converged = maximise(result);
      prior = estimate_shares();
      if (pass == max_passes) break;
      const LevelTable before = u_;
      judge_random(prior);
      estimate_u();
      if (distance(before, u_) < rested) break;
    }

    double matches = 0;
    for (const Block& block : blocks_) matches += block.matches;
    std::vector<double> evidence(fields_, 0.0);  // expected matches by comparison
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; l < stride_; ++l) evidence[f] += matches_.at(f, l);
    std::size_t trained = 0;
    std::size_t against = 0;
    result.trained.assign(fields_, false);
    for (std::size_t f = 0; f < fields_; ++f) {
      if (evidence[f] < 1) continue;
      result.trained[order_[f]] = true;
      ++trained;
      const std::size_t last = levels(f);
      if (m_.at(f, last) / u_.at(f, last) < m_.at(f, 1) / u_.at(f, 1)) ++against;
    }
    const bool swapped = against * 2 > trained;

    if (pairs < options_.min_pairs || random_.pairs < options_.min_pairs) {
      result.status = LinkFit::too_few_pairs;
      result.advice = fmt::format(
          "Too few pairs to learn from (candidates with evidence: {:.0f}, at random: {:.0f}, asked for: {:.0f} each): "
          "where little was seen, the weights are those expected beforehand. Judge some pairs of the review list; of a "
          "long list, widen the blocks or sample more pairs.",
          pairs, random_.pairs, options_.min_pairs);
    } else if (matches < 1 || pairs - matches < 1) {
      result.status = LinkFit::one_class_empty;
      result.advice =
          matches < 1
              ? "The blocks hold no pair that looks like one client: check that they can find duplicates, or that "
                "there are any; the weights are those expected beforehand."
              : "All pairs in the blocks look like one client: take wider blocks, so that there is something "
                "to tell them from.";
    } else if (swapped) {
      result.status = LinkFit::labels_swapped;
      result.advice =
          "Pairs that disagree were taken for one client: take narrower blocks, which hold more duplicates, or expect "
          "more of prior_m; the weights are those expected beforehand.";
    } else if (!converged) {
      result.status = LinkFit::iteration_limit;
      result.advice =
          fmt::format("Stopped after {} iterations, before the weights rested: raise max_iterations or tolerance.",
                      options_.max_iterations);
    } else {
      result.status = LinkFit::converged;
    }
    if (swapped) {
      m_ = prior_m_;
      prior = options_.prior.value_or(default_prior);
      for (Class& each : classes_) {
        each.m = each.expected;
        each.share = std::min(prior, most_of_a_class);
      }
    }

    result.blocks.resize(blocks_.size());
    for (const Block& block : blocks_)
      result.blocks[block.place] = {block.name, block.patterns.pairs, block.patterns.rows() == 0 ? 0.0 : block.share,
                                    block.matches};
    if (pairs < 1)  // nothing was seen of them
      for (Class& each : classes_) each.share = std::min(prior, most_of_a_class);
    result.dependences = dependences();
    std::vector<LinkField> fields = model_fields();
    result.model = LinkModel(prior, fields, model_classes(prior, fields));
    return result;
  }

 private:
  static std::size_t widest(std::span<const ComparisonSpec> comparisons) {
    std::size_t most = 0;
    for (const ComparisonSpec& comparison : comparisons) most = std::max(most, comparison.levels.size());
    return most + 1;
  }
  [[nodiscard]] std::size_t levels(std::size_t field) const noexcept {
    return comparisons_[order_[field]].levels.size();
  }

  void read_expected(const char* option, const std::vector<std::vector<double>>& given, double first, double last,
                     double first_of_two, LevelTable& into) {
    if (!given.empty() && given.size() != fields_)
      refuse_option(option, fmt::format("must be empty or have an entry for each of the {} comparisons", fields_));
    for (std::size_t f = 0; f < fields_; ++f) {
      const std::size_t place = order_[f];
      std::vector<double> chances = given.empty() ? std::vector<double>{} : given[place];
      if (chances.empty())
        chances = levels(f) > 2 ? spread(levels(f), first, last)
                                : spread(2, option == std::string_view("prior_m") ? 1 - first_of_two : first_of_two, 0);
      if (chances.size() != levels(f))
        refuse_option(fmt::format("{}[{}]", option, place), fmt::format("must have {} numbers", levels(f)));
      const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
      for (std::size_t l = 0; l < chances.size(); ++l) into.at(f, l + 1) = bounded(chances[l] / sum);
    }
  }

  void read_class(const LinkClassSpec& spec) {
    Class& made = classes_.emplace_back(Class{spec.name,
                                              std::vector<double>(fields_, 0.0),
                                              LevelTable(fields_, stride_),
                                              LevelTable(fields_, stride_),
                                              LevelTable(fields_, stride_),
                                              0,
                                              {}});
    for (std::size_t f = 0; f < fields_; ++f)
      for (const LinkClassSpec::Shared& each : spec.shared)
        if (each.comparison == comparisons_[order_[f]].name) made.chance[f] = each.chance;
  }

  void read_blocks(std::span<const TrainingBlock> blocks) {
    if (blocks.empty()) refuse_option("blocks", "must not be empty");
    bool any = false;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const std::string here = fmt::format("blocks[{}]", b);
      std::vector<bool> fixed(fields_, false);  // by place
      for (const std::size_t place : blocks[b].fixed) {
        if (place >= fields_) refuse_option(here + ".fixed", fmt::format("must be below {}", fields_));
        fixed[place] = true;
      }
      if (std::find(fixed.begin(), fixed.end(), false) == fixed.end())
        refuse_option(here + ".fixed", "leaves no comparison to learn about");
      Block& block = blocks_.emplace_back(
          Block{.place = b, .name = blocks[b].name, .free = {}, .patterns = {}, .seen = LevelTable(fields_, stride_)});
      for (const std::size_t place : order_) block.free.push_back(!fixed[place]);
      const Patterns all = canonical(blocks[b].patterns, comparisons_, order_, here + ".patterns");
      any = any || all.pairs > 0;
      find_seen(all, block);
      block.patterns = blocks[b].fixed.empty()
                           ? all
                           : canonical(blocks[b].patterns, comparisons_, order_, here + ".patterns", block.free);
      drop_silent(block.patterns);
      block.among_all = blocks[b].among_all;
      tell_classes(block);
      block.share = options_.start_share;
      block.class_shares.assign(classes_.size(), start_class_share * (1 - options_.start_share));
      block.class_pairs.assign(classes_.size(), 0.0);
      block.told_pairs.assign(classes_.size(), 0.0);
    }
    if (!any) refuse_option("blocks", "must have at least one pair");
    if (std::all_of(blocks_.begin(), blocks_.end(), [](const Block& block) { return block.patterns.rows() == 0; }))
      refuse_option("blocks", "have no pair with evidence in a comparison that its block does not fix");
    std::sort(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) {
      return std::tie(a.name, a.free, a.among_all, a.patterns.levels, a.patterns.counts, a.seen.values) <
             std::tie(b.name, b.free, b.among_all, b.patterns.levels, b.patterns.counts, b.seen.values);
    });
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      for (std::size_t begin = 0; begin < blocks_[b].patterns.rows(); begin += chunk_rows)
        chunks_.push_back({b, begin, std::min(begin + chunk_rows, blocks_[b].patterns.rows()), {}});
  }

  static void find_seen(const Patterns& all, Block& block) {
    for (std::size_t f = 0; f < all.fields; ++f) {
      if (block.free[f]) continue;
      for (std::size_t i = 0; i < all.rows(); ++i) block.seen.at(f, all.row(i)[f]) += all.counts[i];
      for (std::size_t l = 0; l < block.seen.stride; ++l)
        block.seen.at(f, l) = l > 0 && block.seen.at(f, l) > seen_share * all.pairs ? 1 : 0;
    }
  }

  void tell_classes(Block& block) const {
    static_assert(max_link_classes <= 8, "one bit for each class");
    block.told.assign(block.patterns.rows(), 0);
    for (std::size_t i = 0; i < block.patterns.rows(); ++i)
      for (std::size_t f = 0; f < fields_; ++f)
        for (std::size_t k = 0; block.patterns.row(i)[f] != 0 && k < classes_.size(); ++k)
          if (classes_[k].chance[f] > 0) block.told[i] = static_cast<std::uint8_t>(block.told[i] | 1U << k);
  }

  /// Takes out the row without evidence, which is the first if there is one.
  static void drop_silent(Patterns& patterns) {
    if (patterns.rows() == 0) return;
    const auto end = patterns.levels.begin() + static_cast<std::ptrdiff_t>(patterns.fields);
    if (std::any_of(patterns.levels.begin(), end, [](std::uint8_t level) { return level != 0; })) return;
    patterns.levels.erase(patterns.levels.begin(), end);
    patterns.counts.erase(patterns.counts.begin());
    patterns.pairs = std::accumulate(patterns.counts.begin(), patterns.counts.end(), 0.0);
  }

  /// u from the random pairs, each counting as its chance to be two clients that have nothing in common; then what
  /// depends on u.
  void estimate_u() {
    LevelTable counts(fields_, stride_);
    for (std::size_t i = 0; i < random_.rows(); ++i) {
      const double count = random_.counts[i] * rest_of_random(i);
      for (std::size_t f = 0; f < fields_; ++f) counts.at(f, random_.row(i)[f]) += count;
    }
    smooth(counts, prior_u_, options_.smoothing_u, u_);
    for (Class& each : classes_)
      for (std::size_t f = 0; f < fields_; ++f)
        for (std::size_t l = 1; l <= levels(f); ++l)
          each.expected.at(f, l) = each.chance[f] * prior_m_.at(f, l) + (1 - each.chance[f]) * u_.at(f, l);
    for (Class& each : classes_) hold_unshared(each);
    LevelTable log_u(fields_, stride_);
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; l <= levels(f); ++l) log_u.at(f, l) = std::log(u_.at(f, l));
    for (Block& block : blocks_) {
      block.log_u = 0;
      for (std::size_t i = 0; i < block.patterns.rows(); ++i) {
        double sum = 0;
        for (std::size_t f = 0; f < fields_; ++f) sum += log_u.at(f, block.patterns.row(i)[f]);
        block.log_u += block.patterns.counts[i] * sum;
      }
    }
  }

  /// What a class does not share its pairs have in common by chance.
  void hold_unshared(Class& each) const {
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; each.chance[f] <= 0 && l <= levels(f); ++l) each.m.at(f, l) = u_.at(f, l);
  }

  /// The chance of a random pattern to be of two clients that have nothing in common.
  [[nodiscard]] double rest_of_random(std::size_t i) const noexcept {
    double rest = 1 - random_matches_[i];
    for (const Class& each : classes_) rest -= each.random[i];
    return std::max(rest, 0.0);
  }

  void smooth(const LevelTable& counts, const LevelTable& expected, double strength, LevelTable& into) const {
    for (std::size_t f = 0; f < fields_; ++f) {
      double total = strength;
      for (std::size_t l = 1; l <= levels(f); ++l) total += counts.at(f, l);
      for (std::size_t l = 1; l <= levels(f); ++l)
        into.at(f, l) =
            total > 0 ? bounded((counts.at(f, l) + strength * expected.at(f, l)) / total) : expected.at(f, l);
    }
  }

  /// By kind, ln(m / u) where a block lets a comparison count.
  [[nodiscard]] std::vector<LevelTable> log_weights(const std::vector<bool>& free) const {
    std::vector<LevelTable> weights(1 + classes_.size(), LevelTable(fields_, stride_));
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; free[f] && l <= levels(f); ++l) {
        weights[0].at(f, l) = std::log(m_.at(f, l) / u_.at(f, l));
        for (std::size_t k = 0; k < classes_.size(); ++k)
          if (classes_[k].chance[f] > 0) weights[1 + k].at(f, l) = std::log(classes_[k].m.at(f, l) / u_.at(f, l));
      }
    return weights;
  }
  [[nodiscard]] std::vector<LevelTable> log_weights() const { return log_weights(std::vector<bool>(fields_, true)); }

  /// The most likely m under the bound: what is above it goes to the other levels as they stand to each other.
  void bound_disagreement() {
    const double most = bounded(options_.max_disagreement);
    for (std::size_t f = 0; f < fields_; ++f) {
      if (m_.at(f, 1) <= most) continue;
      double others = 0;  // not what is left of 1: each of them is above 0 even where nothing is left
      for (std::size_t l = 2; l <= levels(f); ++l) others += m_.at(f, l);
      m_.at(f, 1) = most;
      for (std::size_t l = 2; l <= levels(f); ++l) m_.at(f, l) = bounded(m_.at(f, l) * (1 - most) / others);
    }
  }

  /// Runs to convergence with u as it is; whether it got there.
  bool maximise(LinkTraining& result) {
    result.log_likelihood.clear();
    for (std::size_t iteration = 1; iteration <= options_.max_iterations; ++iteration) {
      control_.check();
      ++result.iterations;
      result.log_likelihood.push_back(expectation());
      double moved = 0;
      for (Block& block : blocks_) {
        if (block.patterns.rows() == 0) continue;
        const double share = bounded(block.matches / block.patterns.pairs);
        moved = std::max(moved, std::fabs(share - block.share));
        block.share = share;
        for (std::size_t k = 0; k < classes_.size(); ++k) {
          const double of_class = bounded(block.class_pairs[k] / block.patterns.pairs);
          moved = std::max(moved, std::fabs(of_class - block.class_shares[k]));
          block.class_shares[k] = of_class;
        }
      }
      for (Class& each : classes_) {
        const LevelTable before = each.m;
        smooth(each.pairs, each.expected, options_.smoothing_classes, each.m);
        hold_unshared(each);
        for (std::size_t i = 0; i < before.values.size(); ++i)
          moved = std::max(moved, std::fabs(each.m.values[i] - before.values[i]));
      }
      const LevelTable before = m_;
      smooth(matches_, prior_m_, options_.smoothing_m, m_);
      bound_disagreement();
      for (std::size_t i = 0; i < m_.values.size(); ++i)
        moved = std::max(moved, std::fabs(m_.values[i] - before.values[i]));
      control_.report("link_model", static_cast<double>(result.iterations) /
                                        static_cast<double>(options_.max_iterations * max_passes));
      if (moved <= options_.tolerance) return true;
    }
    return false;
  }

  /// Expected matches and pairs of classes under the parameters as they are; the objective.
  double expectation() {
    const Sums at{fields_ * stride_, 1 + classes_.size()};
    std::vector<std::vector<LevelTable>> weights;
    std::vector<std::vector<double>> log_odds;
    for (const Block& block : blocks_) {
      weights.push_back(log_weights(block.free));
      std::vector<double>& odds = log_odds.emplace_back();
      odds.push_back(std::log(block.share / block.rest()));
      for (const double share : block.class_shares) odds.push_back(std::log(share / block.rest()));
    }
    control_.run(chunks_.size(), [&](std::size_t c) {
      Chunk& chunk = chunks_[c];
      chunk.sums.assign(at.size(), 0.0);
      const Block& block = blocks_[chunk.block];
      expect(block.patterns, block.told, weights[chunk.block], log_odds[chunk.block], chunk.begin, chunk.end,
             chunk.sums);
    });
    std::fill(matches_.values.begin(), matches_.values.end(), 0.0);
    for (Class& each : classes_) std::fill(each.pairs.values.begin(), each.pairs.values.end(), 0.0);
    double objective = 0;
    for (Block& block : blocks_) {
      block.matches = 0;
      std::fill(block.class_pairs.begin(), block.class_pairs.end(), 0.0);
      std::fill(block.told_pairs.begin(), block.told_pairs.end(), 0.0);
      objective += block.log_u + block.patterns.pairs * std::log(block.rest());
    }
    for (const Chunk& chunk : chunks_) {
      Block& block = blocks_[chunk.block];
      for (std::size_t k = 0; k <= classes_.size(); ++k) {
        LevelTable& into = k == 0 ? matches_ : classes_[k - 1].pairs;
        const double* const by_level = chunk.sums.data() + k * at.table;
        for (std::size_t f = 0; f < fields_; ++f)
          for (std::size_t l = 1; block.free[f] && l < stride_; ++l) into.at(f, l) += by_level[f * stride_ + l];
        (k == 0 ? block.matches : block.class_pairs[k - 1]) += chunk.sums[at.pairs() + k];
        if (k > 0) block.told_pairs[k - 1] += chunk.sums[at.told() + k];
      }
      objective += chunk.sums[at.log_likelihood()];
    }
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; l <= levels(f); ++l) {
        objective += options_.smoothing_m * prior_m_.at(f, l) * std::log(m_.at(f, l));
        for (const Class& each : classes_)
          if (each.chance[f] > 0)
            objective += options_.smoothing_classes * each.expected.at(f, l) *
                         std::log(each.m.at(f, l) / each.expected.at(f, l));
      }
    return objective;
  }

  /// The chance of each random pattern to be a match, and to be of each class.
  void judge_random(double prior) {
    const std::vector<LevelTable> weights = log_weights();
    double rest = 1 - prior;
    for (const Class& each : classes_) rest -= each.share;
    rest = std::max(rest, 1e-3);
    std::array<double, 1 + max_link_classes> chances{};
    for (std::size_t i = 0; i < random_.rows(); ++i) {
      double most = 0;
      for (std::size_t k = 0; k <= classes_.size(); ++k) {
        double t = std::log((k == 0 ? prior : std::max(classes_[k - 1].share, smallest_prior)) / rest);
        for (std::size_t f = 0; f < fields_; ++f) t += weights[k].at(f, random_.row(i)[f]);
        chances[k] = t;
        most = std::max(most, t);
      }
      double all = std::exp(-most);
      for (std::size_t k = 0; k <= classes_.size(); ++k) all += chances[k] = std::exp(chances[k] - most);
      random_matches_[i] = chances[0] / all;
      for (std::size_t k = 0; k < classes_.size(); ++k) classes_[k].random[i] = chances[1 + k] / all;
    }
  }

  [[nodiscard]] double distance(const LevelTable& a, const LevelTable& b) const {
    double most = 0;
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t l = 1; l <= levels(f); ++l) most = std::max(most, std::fabs(std::log(a.at(f, l) / b.at(f, l))));
    return most;
  }

  struct Reach {
    double lets_through{1};  ///< chance that a pair of the kind falls in the block
    double log_odds{0};      ///< what the block's fixed comparisons speak for the kind
  };
  [[nodiscard]] Reach reach_of(const Block& block, const LevelTable& chances) const {
    Reach reach;
    for (std::size_t f = 0; f < fields_; ++f) {
      if (block.free[f]) continue;
      double m = 0;
      double u = 0;
      for (std::size_t l = 1; l <= levels(f); ++l) {
        m += block.seen.at(f, l) * chances.at(f, l);
        u += block.seen.at(f, l) * u_.at(f, l);
      }
      if (!(m > 0)) continue;  // decided by a comparison that has no value here
      reach.lets_through *= m * random_evidence_[f] / random_.pairs;
      reach.log_odds += std::log(m / u);
    }
    return reach;
  }

  /// How frequent a kind of pairs is among all.
  struct Frequency {
    std::optional<double> share;  ///< where total_pairs tells
    std::optional<double> odds;   ///< to pairs that have nothing in common, where it does not
  };
  /// \param kind  0: one client; k + 1: class k, of which only pairs with evidence in what it shares count, since of
  /// the others nothing tells whether they are of it
  [[nodiscard]] Frequency estimated(std::size_t kind) const {
    double pairs = 0;
    double reach = 0;
    double log_odds = 0;
    for (const Block& block : blocks_) {
      if (block.patterns.rows() == 0 || (kind > 0 && !block.among_all)) continue;
      const Reach of = reach_of(block, kind == 0 ? m_ : classes_[kind - 1].m);
      double told = kind == 0 ? block.patterns.pairs : 0;
      for (std::size_t i = 0; kind > 0 && i < block.patterns.rows(); ++i)
        if ((block.told[i] >> (kind - 1) & 1U) != 0) told += block.patterns.counts[i];
      const double own = kind == 0 ? block.matches : block.told_pairs[kind - 1];
      const double share = kind == 0 ? block.share : block.class_shares[kind - 1];
      pairs += own;
      reach += of.lets_through * told / block.patterns.pairs;
      log_odds += own * (std::log(share / block.rest()) - of.log_odds);
    }
    if (total_pairs_ > 0 && reach > 0) return {pairs / reach / total_pairs_, {}};
    if (pairs > 0) return {{}, std::exp(std::min(log_odds / pairs, 100.0))};
    return {};
  }

  /// Shares of classes among all pairs, and the prior, which is returned; as given where it is.
  double estimate_shares() {
    std::vector<Frequency> found;
    double all_odds = 1;
    for (std::size_t kind = 0; kind <= classes_.size(); ++kind) {
      found.push_back(estimated(kind));
      all_odds += found.back().odds.value_or(0);
    }
    const auto share = [&](std::size_t kind, double otherwise) {
      if (found[kind].share) return *found[kind].share;
      return found[kind].odds ? *found[kind].odds / all_odds : otherwise;
    };
    const double prior = options_.prior.value_or(std::min(share(0, default_prior), 0.5));
    for (std::size_t k = 0; k < classes_.size(); ++k)
      classes_[k].share = std::min(share(1 + k, prior), most_of_a_class);
    const double highest = bound_by_random(prior);
    return options_.prior.value_or(std::clamp(std::min(prior, highest), smallest_prior, 0.5));
  }

  /// What the random pairs allow: the shares of classes, and of matches unless the prior is given, that are most likely
  /// among them, and three pairs more. Lowers the classes' to that. \returns the highest prior
  double bound_by_random(double prior) {
    std::vector<double> estimates;
    for (const Class& each : classes_) estimates.push_back(each.share);
    const double negligible = 1e-2 / random_.pairs;
    for (std::size_t iteration = 0; iteration < 100; ++iteration) {
      judge_random(bounded(prior));
      bool rests = true;
      const auto move = [&](double& share, const std::vector<double>& chances) {
        double pairs = 0;
        for (std::size_t i = 0; i < random_.rows(); ++i) pairs += random_.counts[i] * chances[i];
        const double before = share;
        share = pairs / random_.pairs;
        rests = rests && std::fabs(share - before) <= std::max(1e-3 * before, negligible);
      };
      if (!options_.prior) move(prior, random_matches_);
      for (Class& each : classes_) move(each.share, each.random);
      if (rests) break;
    }
    for (std::size_t k = 0; k < classes_.size(); ++k)
      classes_[k].share = std::min(estimates[k], classes_[k].share + 3 / random_.pairs);
    return prior + 3 / random_.pairs;
  }

  [[nodiscard]] std::vector<LinkField> model_fields() const {
    std::vector<LinkField> fields(fields_);
    for (std::size_t f = 0; f < fields_; ++f) {
      LinkField& field = fields[order_[f]];
      field.comparison = comparisons_[order_[f]];
      std::vector<double> ratio;
      for (std::size_t l = 1; l <= levels(f); ++l) {
        field.u.push_back(u_.at(f, l));
        ratio.push_back(m_.at(f, l) / u_.at(f, l));
        field.m.push_back(m_.at(f, l));
      }
      if (!options_.monotone || std::is_sorted(ratio.begin(), ratio.end())) continue;
      make_rising(ratio, field.u);
      for (std::size_t i = 0; i < ratio.size(); ++i) field.m[i] = bounded(ratio[i] * field.u[i]);
    }
    return fields;
  }

  [[nodiscard]] std::vector<LinkClass> model_classes(double prior, std::span<const LinkField> fields) const {
    const double sum = std::accumulate(classes_.begin(), classes_.end(), 0.0,
                                       [](double before, const Class& each) { return before + each.share; });
    const double of_two_clients = 1 / std::max(1 - prior, sum / most_of_all_classes);
    std::vector<LinkClass> classes;
    for (const Class& each : classes_) {
      LinkClass& made = classes.emplace_back(LinkClass{each.name, each.share * of_two_clients, {}});
      for (std::size_t place = 0; place < fields_; ++place) {
        const auto f = static_cast<std::size_t>(std::find(order_.begin(), order_.end(), place) - order_.begin());
        if (each.chance[f] <= 0) continue;
        LinkClassField& field = made.fields.emplace_back(LinkClassField{fields[place].comparison.name, {}});
        for (std::size_t l = 1; l <= levels(f); ++l) field.m.push_back(each.m.at(f, l));
      }
    }
    return classes;
  }

  [[nodiscard]] std::vector<LinkDependence> dependences() const {
    struct Joint {
      double pairs{0};  ///< with evidence in both
      double first{0};
      double second{0};
      double both{0};
    };
    std::vector<Joint> joints(fields_ * fields_);
    for (std::size_t i = 0; i < random_.rows(); ++i) {
      const std::uint8_t* const row = random_.row(i);
      const double count = random_.counts[i] * rest_of_random(i);
      for (std::size_t f = 0; f < fields_; ++f) {
        if (row[f] == 0) continue;
        const bool first = row[f] == levels(f);
        for (std::size_t g = f + 1; g < fields_; ++g) {
          if (row[g] == 0) continue;
          const bool second = row[g] == levels(g);
          Joint& joint = joints[f * fields_ + g];
          joint.pairs += count;
          if (first) joint.first += count;
          if (second) joint.second += count;
          if (first && second) joint.both += count;
        }
      }
    }
    std::vector<LinkDependence> found;
    for (std::size_t f = 0; f < fields_; ++f)
      for (std::size_t g = f + 1; g < fields_; ++g) {
        const Joint& joint = joints[f * fields_ + g];
        if (joint.both < dependence_pairs) continue;
        const double bits = std::log2(joint.both * joint.pairs / (joint.first * joint.second));
        if (bits > dependence_bits)
          found.push_back({std::min(order_[f], order_[g]), std::max(order_[f], order_[g]), bits});
      }
    std::sort(found.begin(), found.end(), [&](const LinkDependence& a, const LinkDependence& b) {
      return std::tie(b.bits, comparisons_[a.first].name, comparisons_[a.second].name) <
             std::tie(a.bits, comparisons_[b.first].name, comparisons_[b.second].name);
    });
    return found;
  }

  struct Chunk {
    std::size_t block;
    std::size_t begin;
    std::size_t end;
    std::vector<double> sums;
  };

  std::span<const ComparisonSpec> comparisons_;
  double total_pairs_;
  const LinkTrainingOptions& options_;
  const Control& control_;
  std::vector<std::size_t> order_;
  std::size_t fields_;
  std::size_t stride_;
  LevelTable prior_m_;
  LevelTable prior_u_;
  LevelTable m_;
  LevelTable u_;
  LevelTable matches_;  ///< expected, by level, in blocks that do not fix the comparison
  Patterns random_;
  std::vector<double> random_matches_;   ///< chance by row
  std::vector<double> random_evidence_;  ///< pairs by comparison
  std::vector<Class> classes_;
  std::vector<Block> blocks_;  ///< in canonical order
  std::vector<Chunk> chunks_;
};

bool within(double value, double low, double high) noexcept { return value >= low && value <= high; }  // NaN: false

}  // namespace

namespace linking {

void refuse_option(const std::string& option, const std::string& why) {
  throw Error(Code::invalid_argument, option + ' ' + why, option);
}

void check(const LinkTrainingOptions& options) {
  if (options.prior && !within(*options.prior, smallest_prior, 0.5))
    refuse_option("prior", "must be from 1e-18 to 0.5");
  if (options.max_iterations < 1 || options.max_iterations > 100'000)
    refuse_option("max_iterations", "must be from 1 to 100000");
  if (!(options.tolerance > 0 && options.tolerance < 1)) refuse_option("tolerance", "must be above 0 and below 1");
  if (!within(options.start_share, smallest_link_probability, 1 - smallest_link_probability))
    refuse_option("start_share", "must be above 0 and below 1");
  if (!within(options.smoothing_m, 0, 1e9)) refuse_option("smoothing_m", "must be from 0 to 1e9");
  if (!within(options.smoothing_u, 0, 1e9)) refuse_option("smoothing_u", "must be from 0 to 1e9");
  if (!within(options.smoothing_classes, 0, 1e9)) refuse_option("smoothing_classes", "must be from 0 to 1e9");
  if (!(options.max_disagreement > 0 && options.max_disagreement <= 1))
    refuse_option("max_disagreement", "must be above 0 and at most 1");
  if (!within(options.min_pairs, 1, largest_count)) refuse_option("min_pairs", "must be from 1 to 1e15");
  const auto check_expected = [](const char* option, const std::vector<std::vector<double>>& expected) {
    for (std::size_t f = 0; f < expected.size(); ++f)
      for (std::size_t l = 0; l < expected[f].size(); ++l)
        if (!within(expected[f][l], smallest_link_probability, 1e9))
          refuse_option(fmt::format("{}[{}][{}]", option, f, l), "must be from 1e-12 to 1e9");
  };
  check_expected("prior_m", options.prior_m);
  check_expected("prior_u", options.prior_u);
}

void check(std::span<const LinkClassSpec> classes, std::span<const ComparisonSpec> comparisons) {
  if (classes.size() > max_link_classes) refuse_option("classes", fmt::format("must be at most {}", max_link_classes));
  std::set<std::string_view> names;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    const std::string here = fmt::format("classes[{}]", k);
    if (classes[k].name.empty()) refuse_option(here + ".name", "must not be empty");
    if (!detail::valid_utf8(classes[k].name)) refuse_option(here + ".name", "is not UTF-8");
    if (!names.insert(classes[k].name).second) refuse_option(here + ".name", "is that of an earlier class");
    if (classes[k].shared.empty()) refuse_option(here + ".shared", "must not be empty");
    std::set<std::string_view> shared;
    for (std::size_t i = 0; i < classes[k].shared.size(); ++i) {
      const auto& [comparison, chance] = classes[k].shared[i];
      const std::string of = fmt::format("{}.shared[{}]", here, i);
      const bool known = std::any_of(comparisons.begin(), comparisons.end(),
                                     [&, &name = comparison](const ComparisonSpec& each) { return each.name == name; });
      if (!known) refuse_option(of + ".comparison", "is no comparison");
      if (!shared.insert(comparison).second) refuse_option(of + ".comparison", "is that of an earlier one");
      if (!(chance > 0 && chance <= 1)) refuse_option(of + ".chance", "must be above 0 and at most 1");
    }
  }
}

void check(const LogisticOptions& options) {
  if (!within(options.l2, 1e-9, 1e9)) refuse_option("l2", "must be from 1e-9 to 1e9");
  if (options.max_iterations < 1 || options.max_iterations > 100'000)
    refuse_option("max_iterations", "must be from 1 to 100000");
  if (!(options.tolerance > 0 && options.tolerance < 1)) refuse_option("tolerance", "must be above 0 and below 1");
  if (!within(options.min_pairs, 2, largest_count)) refuse_option("min_pairs", "must be from 2 to 1e15");
  if (options.share && !(*options.share > 0 && *options.share < 1))
    refuse_option("share", "must be above 0 and below 1");
}

void make_rising(std::span<double> values, std::span<const double> weights) {
  struct Pool {
    double value;
    double weight;
    std::size_t size;
  };
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Pool pool{values[i], weights[i], 1};
    while (!pools.empty() && pools.back().value >= pool.value) {
      const Pool& last = pools.back();
      const double weight = last.weight + pool.weight;
      pool = {(last.value * last.weight + pool.value * pool.weight) / weight, weight, last.size + pool.size};
      pools.pop_back();
    }
    pools.push_back(pool);
  }
  std::size_t at = 0;
  for (const Pool& pool : pools)
    for (std::size_t i = 0; i < pool.size; ++i) values[at++] = pool.value;
}

}  // namespace linking

std::string_view name(LinkFit fit) noexcept {
  switch (fit) {
    case LinkFit::too_few_pairs: return "too_few_pairs";
    case LinkFit::one_class_empty: return "one_class_empty";
    case LinkFit::labels_swapped: return "labels_swapped";
    case LinkFit::iteration_limit: return "iteration_limit";
    case LinkFit::converged: return "converged";
  }
  return "unknown";
}

LinkTraining train_link_model(std::span<const ComparisonSpec> comparisons, const PatternCounts& random,
                              std::span<const TrainingBlock> blocks, double total_pairs,
                              const LinkTrainingOptions& options, const Control& control,
                              std::span<const LinkClassSpec> classes) {
  check(comparisons, "comparisons");
  check(options);
  check(classes, comparisons);
  if (!within(total_pairs, 0, 1e18)) refuse_option("total_pairs", "must be from 0 to 1e18");
  return Trainer(comparisons, random, blocks, total_pairs, options, control, classes).train();
}

}  // namespace klientela
