// What each group of clients is like: size and money, what it over-buys, the channels it answers, how satisfied it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

struct ReportInput;

/// What is asked of chance about a group and a product.
enum class ProfileTest : std::uint8_t {
  greater,    ///< do more of the group's clients buy it than chance gives: Fisher's exact test, one-sided
  two_sided,  ///< do more or fewer
};

struct ProfileOptions {
  /// Label or term columns of the features whose values are groups; unset: the group of the first contact matrix and
  /// the segment of the first RFM; see profile_column()
  std::optional<std::vector<std::string>> columns{};
  ProfileTest test{ProfileTest::greater};
  std::int64_t min_clients{5};  ///< what fewer clients bought is not tested; >= 1
  std::uint32_t top{20};        ///< listed per group and kind, the least chance first; 0: all
  /// Outcomes of interactions that count as an answer, compared like column names.
  std::vector<std::string> positive_outcomes{};
  /// An outbound interaction is answered too where a later inbound one begins within so many days; >= 0, 0: the same
  /// day
  std::int32_t reply_days{7};
  friend bool operator==(const ProfileOptions&, const ProfileOptions&) = default;
};

/// Three tables, each by column (in the order asked for), then group (in the order of its labels). Clients without a
/// label are in no group and not among the rest.
struct Profiles {
  /// One row per group, empty ones included: column, group, clients, share (of clients with a label), buyers (clients
  /// with a positive line); money_sum (exact), money_share, money_mean, money_median (of money_net, or else
  /// money_gross); frequency_mean, frequency_median, and so of recency_days and tenure_days, over clients who have
  /// them; csat, csat_n, csat_low, csat_high, and so nps and ces: of all answers of the group as docs/glossary.md has
  /// them for one client. What the features or the base know nothing of has no columns. Medians are type-7 quantiles.
  Table groups;
  /// What sets a group's clients apart: column, group, kind (label: product, category: of positive lines; requested:
  /// product of a request; topic: of an inbound interaction), item, clients (of the group, who have it), share (of the
  /// group's clients who have any item of the kind), rest_clients, rest_share, lift (share over rest_share; null where
  /// nobody else has it), p (Fisher's exact test; clients are the units, whatever they bought), q (false discovery rate
  /// by Benjamini and Hochberg over all groups and tested items of the column and kind). Within a group by kind, p,
  /// lift (highest first, null before), item. With ProfileTest::greater only what is over-bought is listed.
  Table products;
  /// What becomes of outbound interactions: column, group, channel (empty where not said), outbound (completed ones),
  /// answered (with a positive outcome or a later inbound one in time, by any channel), share, low, high (95 %, Wilson;
  /// interactions are the units), rest_share (of the other groups by that channel; null without). By channel.
  Table channels;
};

/// The column that a name means: that of the name, or the only label or term column that ends in "_" + name, as
/// "segment" means "rfm_segment". \throws Error not_found naming those there are
[[nodiscard]] const Column& profile_column(const Table& features, std::string_view name);

/// Profiles of the groups in one or more columns of the features, within their window up to their as-of day.
/// O(clients + rows log rows of one client + tests); parallel; the same for any number of threads and order of rows.
/// \throws Error invalid_argument naming the option, for features that are not of the base's clients, or for two-sided
///         tests of more than 50 million pairs; not_found naming the column; overflow naming the group; cancelled
[[nodiscard]] Profiles group_profiles(const ReportInput& input, const ProfileOptions& options = {},
                                      const Control& control = {});

}  // namespace klientela
