// Assigns clients to managers: the largest load first, to whom has least, then moves that even out two managers.
#include "klientela/plan/owners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace klientela {

std::string_view name(OwnerReason reason) noexcept {
  switch (reason) {
    case OwnerReason::kept: return "kept";
    case OwnerReason::only_one: return "only_one";
    case OwnerReason::least_load: return "least_load";
    case OwnerReason::balanced: return "balanced";
    case OwnerReason::no_manager: return "no_manager";
  }
  return "unknown";
}

namespace {

constexpr std::int64_t most_minutes = 10'000'000;

class Assignment {
 public:
  Assignment(std::span<const OwnerManager> managers, std::span<const OwnerClient> clients)
      : managers_(managers), clients_(clients), owners_(clients.size()), load_(managers.size()) {
    check();
    std::map<std::pair<bool, std::vector<std::string>>, std::size_t> profiles;
    for (const OwnerClient& client : clients) {
      std::vector<std::string> needs = client.needs;
      std::sort(needs.begin(), needs.end());
      const auto [at, added] = profiles.try_emplace({client.dedicated, std::move(needs)}, fitting_.size());
      if (added) fitting_.push_back(fit(at->first.first, at->first.second));
      profile_.push_back(at->second);
    }
  }

  /// \param owners  whether those count whose the clients are already, before those who were announced
  void keep(bool owners) {
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      const std::vector<std::uint32_t>& fitting = fitting_[profile_[c]];
      for (const std::uint32_t who : {owners ? clients_[c].owner : no_owner, clients_[c].announced}) {
        if (!std::binary_search(fitting.begin(), fitting.end(), who)) continue;
        owners_[c] = {who, OwnerReason::kept};
        load_[who] += clients_[c].minutes;
        break;
      }
    }
  }

  void give() {
    order_.resize(clients_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      if (clients_[a].minutes != clients_[b].minutes) return clients_[a].minutes > clients_[b].minutes;
      return clients_[a].id < clients_[b].id;
    });
    for (const std::size_t c : order_) {
      if (owners_[c].manager != no_owner || fitting_[profile_[c]].empty()) continue;
      const std::vector<std::uint32_t>& fitting = fitting_[profile_[c]];
      const std::uint32_t least =
          *std::min_element(fitting.begin(), fitting.end(), [&](auto a, auto b) { return below(a, 0, b, 0); });
      owners_[c] = {least, fitting.size() == 1 ? OwnerReason::only_one : OwnerReason::least_load};
      load_[least] += clients_[c].minutes;
    }
  }

  /// Passes over the clients who may move, each to whom it evens out most, until a pass moves nobody.
  void balance() {
    for (int pass = 0; pass < 20; ++pass) {
      bool moved = false;
      for (const std::size_t c : order_) {
        Ownership& own = owners_[c];
        const std::int64_t minutes = clients_[c].minutes;
        if (own.reason != OwnerReason::least_load && own.reason != OwnerReason::balanced) continue;
        if (minutes == 0) continue;
        std::uint32_t best = own.manager;
        for (const std::uint32_t other : fitting_[profile_[c]]) {
          // With the client the other must stay below what the owner has with the client now.
          if (other == own.manager || !below(other, minutes, own.manager, 0)) continue;
          if (best == own.manager || below(other, 0, best, 0)) best = other;
        }
        if (best == own.manager) continue;
        load_[own.manager] -= minutes;
        load_[best] += minutes;
        own = {best, OwnerReason::balanced};
        moved = true;
      }
      if (!moved) return;
    }
  }

  [[nodiscard]] std::vector<Ownership> take() { return std::move(owners_); }

 private:
  void check() const {
    for (std::size_t m = 0; m < managers_.size(); ++m)
      if (managers_[m].minutes < 0 || managers_[m].minutes > most_minutes)
        throw Error(Code::invalid_argument, "minutes of a manager must be 0 to 10000000",
                    fmt::format("managers[{}]", m));
    std::vector<std::size_t> by_id(clients_.size());
    std::iota(by_id.begin(), by_id.end(), std::size_t{0});
    std::stable_sort(by_id.begin(), by_id.end(), [&](auto a, auto b) { return clients_[a].id < clients_[b].id; });
    for (std::size_t i = 0; i < by_id.size(); ++i) {
      const OwnerClient& client = clients_[by_id[i]];
      const std::string where = fmt::format("clients[{}]", by_id[i]);
      if (client.minutes < 0 || client.minutes > most_minutes)
        throw Error(Code::invalid_argument, "minutes of a client must be 0 to 10000000", where);
      for (const std::uint32_t owner : {client.owner, client.announced})
        if (owner != no_owner && owner >= managers_.size())
          throw Error(Code::invalid_argument, fmt::format("owner {} does not exist", owner), where);
      if (i > 0 && client.id == clients_[by_id[i - 1]].id)
        throw Error(Code::invalid_argument, "two rows have one client id", where);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> fit(bool dedicated, const std::vector<std::string>& needs) const {
    std::vector<std::uint32_t> fitting;
    for (std::uint32_t m = 0; m < managers_.size(); ++m) {
      const OwnerManager& manager = managers_[m];
      if (manager.minutes == 0 || manager.dedicated != dedicated) continue;
      if (std::all_of(needs.begin(), needs.end(), [&](const std::string& need) {
            return std::find(manager.tags.begin(), manager.tags.end(), need) != manager.tags.end();
          }))
        fitting.push_back(m);
    }
    return fitting;
  }

  /// Whether manager a with so many minutes more is loaded less than b, for the time that they have. Exact.
  [[nodiscard]] bool below(std::uint32_t a, std::int64_t more_a, std::uint32_t b, std::int64_t more_b) const {
    const auto share = [&](std::uint32_t m, std::int64_t more) {
      const std::int64_t load = load_[m] + more, minutes = managers_[m].minutes;
      return std::pair(load / minutes, std::pair(load % minutes, minutes));
    };
    const auto [whole_a, rest_a] = share(a, more_a);
    const auto [whole_b, rest_b] = share(b, more_b);
    if (whole_a != whole_b) return whole_a < whole_b;
    return rest_a.first * rest_b.second < rest_b.first * rest_a.second;
  }

  std::span<const OwnerManager> managers_;
  std::span<const OwnerClient> clients_;
  std::vector<Ownership> owners_;
  std::vector<std::int64_t> load_;
  std::vector<std::vector<std::uint32_t>> fitting_;  // managers by what clients need
  std::vector<std::size_t> profile_, order_;
};

}  // namespace

std::vector<Ownership> assign_owners(std::span<const OwnerManager> managers, std::span<const OwnerClient> clients,
                                     const OwnerOptions& options) {
  Assignment assignment(managers, clients);
  assignment.keep(options.keep);
  assignment.give();
  assignment.balance();
  return assignment.take();
}

}  // namespace klientela
