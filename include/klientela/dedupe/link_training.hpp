// Learns a link model: from pairs that nobody has judged, by expectation and maximisation, or from judged ones, by
// logistic regression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/link_model.hpp"

namespace klientela {

/// How learning ended, the worst first: of several that hold, the first is told.
enum class LinkFit : std::uint8_t {
  too_few_pairs,    ///< fewer than min_pairs pairs with evidence
  one_class_empty,  ///< less than one expected pair of one client, or of two, in all blocks
  labels_swapped,   ///< agreement speaks against one client in more than half of the comparisons
  iteration_limit,
  converged,
};
/// "too_few_pairs", ...
[[nodiscard]] std::string_view name(LinkFit fit) noexcept;

/// A class of pairs of two clients that may be among the pairs, and what its pairs are expected to have in common.
struct LinkClassSpec {
  struct Shared {
    std::string comparison{};  ///< its name
    double chance{0.5};        ///< (0, 1]: that a pair of the class has one value there, not by chance

    bool operator==(const Shared&) const = default;
  };
  std::string name{};            ///< not empty, UTF-8, unique
  std::vector<Shared> shared{};  ///< at least one, each comparison once

  bool operator==(const LinkClassSpec&) const = default;
};

/// Candidate pairs of one blocking rule; all of them, or a sample that no other rule has thinned out.
struct TrainingBlock {
  std::string name{};
  PatternCounts patterns{};
  /// Places of the comparisons that the rule decides; nothing is learnt about them from this block.
  std::vector<std::size_t> fixed{};
  /// Whether the pairs are among total_pairs. Others, such as copies that were left out, count as one more block for m
  /// and the prior, but not for the shares of classes, which are of what is left.
  bool among_all{true};
};

struct LinkTrainingOptions {
  /// Chance that two cards taken at random are one client's, [1e-18, 0.5]. none: estimated from the blocks.
  std::optional<double> prior{};
  std::size_t max_iterations{500};  ///< 1 to 100,000, of each pass
  double tolerance{1e-6};           ///< (0, 1): converged once no m and no share of a block moves by more
  double start_share{0.1};          ///< (0, 1): share of pairs of one client in a block to begin with
  double smoothing_m{10};           ///< pairs that prior_m counts as, [0, 1e9]
  double smoothing_u{10};           ///< pairs that prior_u counts as, [0, 1e9]
  double smoothing_classes{500};    ///< pairs that what is expected of a class counts as, [0, 1e9]
  /// What is expected of levels 1, 2, ... of each comparison before any pair is seen: numbers above 0, scaled to a sum
  /// of 1. Empty, or empty for a comparison: m 0.05 for the first level, 0.85 for the last (0.95 of two), u 0.95 and
  /// 0.01 (0.05 of two); the levels between share the rest evenly.
  std::vector<std::vector<double>> prior_m{};
  std::vector<std::vector<double>> prior_u{};
  /// Whether a higher level must not weigh less: neighbours that do are pooled (pool adjacent violators). Not of
  /// classes.
  bool monotone{true};
  /// Largest m of level 1, (0, 1]: where duplicates are few, what else pairs have in common (a country, an alphabet)
  /// would be taken for being one client, with names that differ in most of them. 1: any.
  double max_disagreement{0.4};
  double min_pairs{100};  ///< [1, 1e15]: in the random pairs and in all blocks together

  bool operator==(const LinkTrainingOptions&) const = default;
};

/// What was found in one block.
struct BlockFit {
  std::string name{};
  double pairs{0};    ///< with evidence in a comparison that the block does not fix
  double share{0};    ///< of pairs of one client among them
  double matches{0};  ///< share x pairs
};

/// Two comparisons that agree together among pairs of two clients more often than each alone would have it: the model
/// counts their evidence twice.
struct LinkDependence {
  std::size_t first{0};
  std::size_t second{0};  ///< > first
  double bits{0};         ///< log2 of how much more often both are at their last level; > 0
};

struct LinkTraining {
  LinkModel model{};  ///< usable with every status: where there is nothing to learn from it holds what was expected
  LinkFit status{LinkFit::converged};
  std::string advice{};         ///< a sentence that says what to do; empty when converged
  std::vector<bool> trained{};  ///< by comparison: whether its m rests on at least one expected pair of one client
  std::vector<BlockFit> blocks{};
  /// By iteration of the last pass, with the log-density of the smoothing; never falls (but for rounding). Natural
  /// logarithm.
  std::vector<double> log_likelihood{};
  std::size_t iterations{0};                  ///< of all passes
  std::vector<LinkDependence> dependences{};  ///< of more than 1 bit, most first
};

/// u from randomly sampled pairs, m and the prior by expectation and maximisation (Winkler 1988) over all blocks at
/// once: blocks share m and each has a share of its own, so that a block counts by its expected matches; one that fixes
/// a comparison says nothing about it, nor does a pair without value there.
///
/// u is held, then estimated again from the random pairs with each counting as its chance to be two clients, and m
/// again from that, until u rests (at most 4 passes): a prior that is not tiny biases nothing. m and u are maximum a
/// posteriori under the Dirichlet densities that the smoothing options say.
///
/// Prior: expected matches of all blocks over the sum of the blocks' reach (the chance that a pair of one client falls
/// in a block, from m of what it fixes), over total_pairs. Without total_pairs: the odds in each block less the weights
/// of what it fixes, averaged by expected matches. In both cases at most the share that is most likely among the random
/// pairs, and three pairs more; 1e-4 where nothing tells. Where labels are swapped, m, the prior and the classes are as
/// expected before (the prior 1e-4 where none is given).
///
/// With classes the pairs of two clients are a mixture, as LinkModel says; each block has a share of each class, all of
/// them are estimated together with m (a latent class model: Larsen and Rubin 2001), and u counts the pairs of no
/// class. m of a class is expected to be chance x prior_m + (1 - chance) x u, and is as smoothing_classes lets it; what
/// it does not share is as u. Its share of all pairs comes about as the prior does, from pairs with evidence in what it
/// shares (where there are none such it is expected to be the prior), bounded by the random pairs also where the prior
/// is given. It is at most 0.2; all classes together at most 0.9 of the pairs of two clients, beyond that all are
/// lowered alike.
///
/// O(iterations x patterns x comparisons x (1 + classes)); the same bytes for any order of rows, comparisons and blocks
/// and any number of threads; thread-safe.
/// \param random       patterns of pairs sampled evenly from all pairs
/// \param total_pairs  pairs of all cards, n (n - 1) / 2, up to 1e18; 0: not known
/// \param classes      at most max_link_classes
/// \throws Error invalid_argument or out_of_range naming the argument, as in "blocks[0].patterns.counts[3]": no pair at
/// all, no pair with evidence, a count that is no number of pairs, a level out of range, lengths that do not fit
[[nodiscard]] LinkTraining train_link_model(std::span<const ComparisonSpec> comparisons, const PatternCounts& random,
                                            std::span<const TrainingBlock> blocks, double total_pairs = 0,
                                            const LinkTrainingOptions& options = {}, const Control& control = {},
                                            std::span<const LinkClassSpec> classes = {});

struct LogisticOptions {
  /// [1e-9, 1e9]: half of it times the sum of the squared coefficients (in nats, the intercept's left out) is the
  /// penalty.
  double l2{1};
  std::size_t max_iterations{100};  ///< 1 to 100,000
  double tolerance{1e-8};           ///< (0, 1): converged once no coefficient moves by more
  bool monotone{true};              ///< as for LinkTrainingOptions
  double min_pairs{20};             ///< [2, 1e15], judged
  /// Share of pairs of one client where the model will be used, (0, 1): moves the intercept there from the share among
  /// the judged pairs. none: they are a fair sample.
  std::optional<double> share{};

  bool operator==(const LogisticOptions&) const = default;
};

/// Weights by logistic regression with an L2 penalty, by Newton's method (iteratively reweighted least squares): one
/// coefficient for each level but 0, the intercept is the prior's log-odds. `blocks` stays empty, `trained` tells which
/// comparisons had evidence.
/// O(iterations x (patterns x comparisons^2 + levels^3)); the same bytes for any order of rows and comparisons.
/// \throws Error invalid_argument or out_of_range naming the argument: no pair at all, and as train_link_model()
[[nodiscard]] LinkTraining learn_link_model(std::span<const ComparisonSpec> comparisons, const PatternCounts& matches,
                                            const PatternCounts& non_matches, const LogisticOptions& options = {});

}  // namespace klientela
