// Cadences: what a playbook asks for, as quotas of contacts in a period, and the touches that they come to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// No condition: the quota holds for every client of its cadence.
inline constexpr std::uint32_t always = 64;

/// So many contacts of one kind with one client in the cadence's period.
struct Quota {
  std::int32_t least{0};                ///< contacts that should happen; >= 0
  std::int32_t most{1};                 ///< contacts that are asked for, least to 1000; equal to least: exactly so many
  std::uint32_t channels{1};            ///< bit c: channel c will do
  std::int32_t minutes{1};              ///< planned duration of each, 1 to max_day_minutes
  std::vector<std::uint32_t> purposes;  ///< in this order; further contacts have the last one. Empty: purpose 0
  std::int64_t value{0};                ///< of the first contact, units of 1/10000, 0 to 1e12
  std::int32_t keep_per_mille{1000};    ///< each further contact is worth so much of the one before, 0 to 1000
  std::int64_t least_value{0};          ///< what each of the first `least` is worth beside, 0 to 1e12
  std::int32_t gap_days{0};             ///< least calendar days after the client's contact before, of any quota
  std::uint32_t hours{no_profile};      ///< as PlanTouch
  std::uint32_t preference{no_profile};
  std::uint32_t condition{always};  ///< bit of CadenceClient::conditions that has to be set, 0 to 63
  /// Each contact has its share of the period to itself, one after the other; otherwise all have the whole period. Of
  /// fewer days than contacts several contacts share one.
  bool spread{false};
};

struct Cadence {
  Day first{};  ///< period, both days in
  Day last{};
  std::vector<Quota> quotas;
};

/// A client who is to be contacted by a cadence. One client may have several.
struct CadenceClient {
  std::uint32_t client{0};  ///< index into PlanProblem::clients
  std::uint32_t cadence{0};
  std::uint32_t pool{0};               ///< who may do it
  std::uint64_t conditions{0};         ///< those that hold for the client
  std::int32_t worth_per_mille{1000};  ///< times the values of the quotas, 0 to 1000000
};

/// Where a touch comes from.
struct TouchOrigin {
  std::uint32_t row{0};     ///< of the cadence clients
  std::uint32_t quota{0};   ///< of the cadence
  std::uint32_t number{0};  ///< of the quota's contacts, from 0
  friend bool operator==(const TouchOrigin&, const TouchOrigin&) = default;
};

struct CadenceTouches {
  std::vector<PlanTouch> touches;    ///< as PlanProblem::touches
  std::vector<TouchOrigin> origins;  ///< by touch
};

/// The touches of all clients, by client. Those of one client stand in the order in which they would lie if each
/// quota's were spread evenly over the period; of equals the earlier row, quota. O(touches log (touches of a client x
/// days)).
/// \param clients  by client, ascending
/// \param days     those that shares of a period are cut of, ascending: no share is of days off alone. A period with
///                 none of them, or an empty list: all calendar days
/// \throws Error with Code::invalid_argument naming what contradicts the text above, for example
/// "cadences[1].quotas[0]"
[[nodiscard]] CadenceTouches expand_cadences(std::span<const Cadence> cadences, std::span<const CadenceClient> clients,
                                             std::span<const Day> days = {});

/// A quota of which less is planned than it should be.
struct QuotaShortfall {
  std::uint32_t row{0};    ///< of the cadence clients
  std::uint32_t quota{0};  ///< of the cadence
  std::int32_t planned{0};
  std::int32_t least{0};
  friend bool operator==(const QuotaShortfall&, const QuotaShortfall&) = default;
};

/// By row, then quota; quotas whose condition does not hold are left out. O(touches + quotas of all clients).
/// \param plan  of a problem with exactly the expanded touches. \throws Error invalid_argument where it has others
[[nodiscard]] std::vector<QuotaShortfall> quota_shortfalls(std::span<const Cadence> cadences,
                                                           std::span<const CadenceClient> clients,
                                                           const CadenceTouches& expanded, const ContactPlan& plan);

}  // namespace klientela
