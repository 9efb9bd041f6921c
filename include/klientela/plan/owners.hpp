// Who is responsible for which client: managers who fit, kept where they are, and as evenly loaded as that allows.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/model/client_base.hpp"

namespace klientela {

inline constexpr std::uint32_t no_owner = std::numeric_limits<std::uint32_t>::max();

struct OwnerManager {
  std::vector<std::string> tags{};  ///< what the manager can do and where: territories, industries, languages, skills
  std::int64_t minutes{1};          ///< of contacts in the period, 0 to 1e7; 0: absent. Loads are shared in proportion
  bool dedicated{false};            ///< takes dedicated clients only
};

struct OwnerClient {
  ClientId id;
  std::int64_t minutes{0};            ///< load: minutes of contacts in the period, 0 to 1e7
  std::vector<std::string> needs{};   ///< tags that the owner must have, all of them
  std::uint32_t owner{no_owner};      ///< whose the client is already
  bool dedicated{false};              ///< wants a dedicated manager, as strategic clients do
  std::uint32_t announced{no_owner};  ///< whom an earlier plan gave it: kept where `owner` is not
};

enum class OwnerReason : std::uint8_t {
  kept,        ///< was the owner already, or announced as such, and fits
  only_one,    ///< nobody else fits
  least_load,  ///< of those who fit, the one with the least load for the time there is
  balanced,    ///< given to this one afterwards, to even out what others have
  no_manager,  ///< nobody fits: the client has no owner
};
[[nodiscard]] std::string_view name(OwnerReason reason) noexcept;

struct Ownership {
  std::uint32_t manager{no_owner};
  OwnerReason reason{OwnerReason::no_manager};
  friend bool operator==(const Ownership&, const Ownership&) = default;
};

struct OwnerOptions {
  bool keep{true};  ///< owners who fit and are there stay owners; those announced do in any case
  friend bool operator==(const OwnerOptions&, const OwnerOptions&) = default;
};

/// One row per client, in the order of `clients`. The largest loads are given first, each to whom has the least load
/// for the minutes there are; equal loads go by client id, equal managers by index, so that the order of rows changes
/// nothing. Then clients who were not kept move from manager to manager while that evens out two of them. Where nothing
/// is kept, everybody fits and managers have equal minutes, the loads of two managers differ by the largest client's at
/// most (Graham 1969). O(clients log clients + clients x managers).
/// \throws Error with Code::invalid_argument for minutes out of range, an owner who does not exist or two rows of one
/// id
[[nodiscard]] std::vector<Ownership> assign_owners(std::span<const OwnerManager> managers,
                                                   std::span<const OwnerClient> clients,
                                                   const OwnerOptions& options = {});

}  // namespace klientela
