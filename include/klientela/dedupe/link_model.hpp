// Weights of evidence that two cards are one client, after Fellegi and Sunter (1969), and scores that explain
// themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace klientela {

inline constexpr std::size_t max_comparisons = 64;          ///< of a link model
inline constexpr std::size_t max_comparison_levels = 32;    ///< of one comparison, the level without evidence left out
inline constexpr double max_weight_bits = 60;               ///< size of a weight, and of the prior's
inline constexpr double smallest_link_probability = 1e-12;  ///< of m, u and shares in a model
inline constexpr std::size_t max_link_classes = 8;          ///< of a link model

/// A comparison and its levels. Level 0 means no evidence (a side has no value) and has no name; levels[i] names level
/// i + 1: 1 disagrees, then rising agreement, the last is exact agreement.
struct ComparisonSpec {
  std::string name{};                 ///< not empty, unique in a model
  std::vector<std::string> levels{};  ///< 2 to max_comparison_levels, not empty, unique

  bool operator==(const ComparisonSpec&) const = default;
};

/// How many pairs show each pattern of levels. Rows in any order; a pattern may stand in several.
struct PatternCounts {
  std::size_t fields{0};               ///< comparisons; columns of `levels`
  std::vector<std::uint8_t> levels{};  ///< rows() x fields, row by row
  std::vector<double> counts{};        ///< pairs by row: finite, 0 to 1e15

  [[nodiscard]] std::size_t rows() const noexcept { return counts.size(); }
  [[nodiscard]] std::span<const std::uint8_t> row(std::size_t i) const noexcept {
    return std::span(levels).subspan(i * fields, fields);
  }
  /// Appends a row. \throws Error invalid_argument "pattern" unless it has `fields` levels
  void add(std::span<const std::uint8_t> pattern, double count = 1);
};

/// What a model knows of one comparison: m and u of levels 1, 2, ..., or the weights themselves.
struct LinkField {
  ComparisonSpec comparison{};
  std::vector<double> m{};        ///< chance of a level among pairs of one client that have both values; about 1 in sum
  std::vector<double> u{};        ///< the same among pairs of two clients
  std::vector<double> weights{};  ///< bits, up to max_weight_bits in size; empty where m and u are given
  double tf_weight{0};            ///< 0 to 1: power of the term frequency's Bayes factor; 0: not adjusted
  double tf_minimum_u{0};         ///< 0 to 1: shares below it count as this one
  /// Chance of exact agreement that the weight of the last level stands for, in (0, 1]; see average_u(). none: u of
  /// that level. Required where weights are given and tf_weight is above 0.
  std::optional<double> tf_average_u{};

  bool operator==(const LinkField&) const = default;
};

/// What pairs of a class have in common in one comparison.
struct LinkClassField {
  std::string comparison{};  ///< its name; m and u of that field are given
  std::vector<double> m{};   ///< chance of levels 1, 2, ... among pairs of the class with both values; about 1 in sum

  bool operator==(const LinkClassField&) const = default;
};

/// Pairs of two clients that have more in common than chance would have it: of one household, of one organisation's
/// branches. What its fields do not name they have in common by chance, as u says.
struct LinkClass {
  std::string name{};                    ///< not empty, unique in a model
  double share{0};                       ///< of all pairs of two clients, [0, 0.9]; of all classes at most 0.9 in sum
  std::vector<LinkClassField> fields{};  ///< at least one, each comparison once

  bool operator==(const LinkClass&) const = default;
};

/// What one comparison says of a pair.
struct FieldEvidence {
  std::size_t field{0};
  std::uint8_t level{0};
  double weight{0};       ///< of the level, bits
  double term_weight{0};  ///< on top of it, for how rare the value is that both sides have; bits
};

/// Why a pair has its score: score == prior_weight + all weights and term weights + shared_weight, exactly and in any
/// order of addition.
struct ScoreExplanation {
  double prior_weight{0};
  std::vector<FieldEvidence> fields{};  ///< in the order of the model
  /// What a class of two clients explains of the evidence above, bits: below 0 as far as it does. 0 without classes.
  double shared_weight{0};
  std::optional<std::size_t> shared_by{};  ///< the class that explains most, where shared_weight is below 0
  double score{0};
};

/// Prior and weights. A value; const calls are thread-safe.
///
/// weight(field, level) = log2(m / u), 0 for level 0; score(pattern) = log2(prior / (1 - prior)) + the weights of its
/// levels, which takes comparisons as independent given that the pair is, or is not, one client (Fellegi and Sunter
/// 1969). Weights are rounded to multiples of 2^-40 bits, so that sums of them are exact: a score does not depend on
/// the order of comparisons.
///
/// With classes the pairs of two clients are a mixture: comparisons are independent given the class of the pair, and
/// the chance of a pattern is that by u times 1 - sum s_k + sum s_k r_k, with s_k the share of class k and r_k the
/// product of m_k / u over its fields. So log2 of that factor, shared_weight(), is taken off the score: what members of
/// a household share is no evidence that they are one person. Mixtures of more than two classes for record linkage:
/// Winkler, Improved Decision Rules in the Fellegi-Sunter Model of Record Linkage, 1993 (other persons of a household
/// as a third class); Larsen and Rubin, Iterative Automated Record Linkage Using Mixture Models, JASA 96, 2001.
class LinkModel {
 public:
  /// No comparison; prior 1/2.
  LinkModel() = default;
  /// \param prior  chance that two cards taken at random are one client's; at least 1e-18, below 1
  /// \throws Error invalid_argument naming the argument, as in "fields[2].m": no number in its range, lengths that do
  /// not fit the levels, m or u more than 0.01 off 1 in sum, a name that is empty or comes twice, both or neither of
  /// m and u and weights; a class alike, as in "classes[0].fields[1].m": shares above 0.9 in sum ("classes"), a
  /// comparison that the model has not, that has no m and u, or that comes twice
  LinkModel(double prior, std::vector<LinkField> fields, std::vector<LinkClass> classes = {});

  [[nodiscard]] double prior() const noexcept { return prior_; }
  [[nodiscard]] double prior_weight() const noexcept { return prior_weight_; }
  [[nodiscard]] const std::vector<LinkField>& fields() const noexcept { return fields_; }
  [[nodiscard]] const std::vector<LinkClass>& classes() const noexcept { return classes_; }
  /// The same fields and classes with another prior. \throws Error invalid_argument "prior"
  [[nodiscard]] LinkModel with_prior(double prior) const { return {prior, fields_, classes_}; }

  /// Bits; 0 for level 0. \throws Error out_of_range "field" or "level"
  [[nodiscard]] double weight(std::size_t field, std::size_t level) const;
  /// Bits by level from 0. Lives as long as the model is neither assigned nor gone. \throws Error out_of_range "field"
  [[nodiscard]] std::span<const double> weights(std::size_t field) const;

  /// What exact agreement on a value adds to the weight of the last level: tf_weight x log2(average u /
  /// max(share, tf_minimum_u)), so that with tf_weight 1 and the model's own u its Bayes factor is m / share. That is
  /// the term-frequency adjustment of Splink (Ministry of Justice), after Winkler (2000).
  /// \param share  of the value among the cards that have one, in (0, 1]; 0: not known, nothing is added
  /// \throws Error out_of_range "field" or "share"
  [[nodiscard]] double term_weight(std::size_t field, double share) const;

  /// Bits; above 0: rather one client than not. O(fields)
  /// \param pattern  a level for each field
  /// \param shares   a share for each field as for term_weight(), used where the level is the last; empty: none known
  /// \throws Error invalid_argument or out_of_range "pattern" or "shares"
  [[nodiscard]] double score(std::span<const std::uint8_t> pattern, std::span<const double> shares = {}) const;
  /// The same score with its parts.
  /// \param more  bits by field that are added to the term weight, used where the level is the last, from -512 to 512;
  /// empty: none
  /// \throws Error as score(), and invalid_argument or out_of_range "more"
  [[nodiscard]] ScoreExplanation explain(std::span<const std::uint8_t> pattern, std::span<const double> shares = {},
                                         std::span<const double> more = {}) const;

  /// What classes explain, bits to be added to a score: -log2(1 - sum s_k + sum s_k r_k). O(fields of classes)
  ///
  /// A value in common that is rarer than others, as its term weight t says, is so in a class, too: with s the part of
  /// m_k beyond chance, (m_k - u) / (1 - u), its factor in r_k is s / u x 2^t + 1 - s, which is m_k / u where t is 0.
  /// Where m_k is not above u, it is m_k / u whatever t is.
  /// \param terms  term weights by field, 0 where the level is not the last; from -1000 to 1000
  /// \param most   where to tell which class explains most; nullptr: nowhere
  /// \pre pattern.size() == terms.size() == fields().size(), each level one of its field's
  [[nodiscard]] double shared_weight(std::span<const std::uint8_t> pattern, std::span<const double> terms,
                                     std::optional<std::size_t>* most = nullptr) const noexcept;
  /// No shared_weight() is above it: -log2(1 - sum s_k).
  [[nodiscard]] double highest_shared_weight() const noexcept { return highest_shared_; }

  bool operator==(const LinkModel& other) const {
    return prior_ == other.prior_ && fields_ == other.fields_ && classes_ == other.classes_;
  }

 private:
  /// A field of a class.
  struct Shared {
    std::size_t field;
    std::vector<double> weights;  ///< by level from 0, bits
    double beyond_chance;         ///< of the last level
  };

  void add_classes();
  void check_pattern(std::span<const std::uint8_t> pattern, std::span<const double> shares,
                     std::span<const double> more) const;

  double prior_{0.5};
  double prior_weight_{0};
  std::vector<LinkField> fields_;
  std::vector<double> weights_;         ///< of all fields after each other, each from level 0
  std::vector<std::size_t> begins_{0};  ///< of each field in weights_, and the end
  std::vector<LinkClass> classes_;
  std::vector<std::vector<Shared>> shared_;  ///< by class, fields in the order of the model
  double unshared_{1};                       ///< share of the pairs of two clients that are of no class
  double highest_shared_{0};
};

/// 1 / (1 + 2^-score): chance from 0 to 1 that a pair of this score is one client.
[[nodiscard]] double link_probability(double score) noexcept;

/// Chance that two cards that have a value, taken at random with replacement, have the same one: the sum of the squares
/// of the values' shares. O(n). The same in any order as long as the squares of the counts are at most 2^53 in sum.
/// \param counts  cards by distinct value, 0 and more, not all 0. \throws Error invalid_argument "counts"
[[nodiscard]] double average_u(std::span<const double> counts);

}  // namespace klientela
