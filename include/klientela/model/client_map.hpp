// Which client each client counts as, and a base seen through that: one mechanism for roll-ups and merged cards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// For every client of a base the one that it counts as. Immutable, thread-safe; copying shares.
class ClientMap {
 public:
  /// \param canonical  base.clients() codes, by row: the client that the row's client counts as, itself included.
  /// O(clients). \throws Error invalid_argument naming "canonical" if the length differs, a code is none of the base's
  ///         clients, or counts as another itself
  ClientMap(const ClientBase& base, std::span<const std::uint32_t> canonical);
  /// The base that is mapped.
  [[nodiscard]] const ClientBase& base() const noexcept { return base_; }
  /// The client that one of the base counts as. \pre code is of a client of base(). O(1)
  [[nodiscard]] std::uint32_t operator()(std::uint32_t code) const noexcept;
  /// How many are left: clients that count as themselves.
  [[nodiscard]] std::size_t clients() const noexcept { return clients_; }

  struct Codes;  ///< opaque
  [[nodiscard]] const std::shared_ptr<const Codes>& codes() const noexcept { return codes_; }

 private:
  ClientBase base_;
  std::shared_ptr<const Codes> codes_;
  std::size_t clients_{0};
};

/// The map's base with the clients that are left: transactions, requests, interactions and feedback of a client are
/// those of the client that it counts as, so that every later stage gives what it would give if they had been delivered
/// so. The chunks are shared; four bytes a row of those four tables are new, none where no row changes hands. Codes
/// stay as they are, and ids of clients that are not left are understood as the one that they count as. Cards,
/// contacts, consents and directories are nobody else's and stay as they are. O(clients + rows of the four tables);
/// parallel. \throws Error invalid_argument for a base whose rows count for several clients; cancelled
[[nodiscard]] ClientBase mapped(const ClientMap& map, const Control& control = {});

}  // namespace klientela
