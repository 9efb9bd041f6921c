// From branches and contact persons up to the organisation: the tree of clients, and the base with groups as clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/model/client_map.hpp"

namespace klientela {

/// Which clients a rolled-up base has.
enum class RollUpTo : std::uint8_t {
  roots,       ///< those that belong to nobody, each with all below it
  level,       ///< those at levels 1 to RollUpOptions::level; the last ones with all below them, the others alone
  every_node,  ///< all, each with all below it: a row counts for its client and for everybody above
};

struct RollUpOptions {
  RollUpTo to{RollUpTo::roots};
  std::int32_t level{1};  ///< for `level`: >= 1; 1 is the same as `roots`
  /// Whether a client without a parent on its card belongs to the organisation that it is a contact of.
  bool contacts{true};
  /// Contacts in force on that day count (since and until inclusive); unset: all that were ever given. In a policy it
  /// is the as-of day.
  std::optional<Day> on{};
  /// for `every_node`: rows are seen once per level, so deeper trees are refused; in [1, 1000]
  std::int32_t max_levels{64};
  friend bool operator==(const RollUpOptions&, const RollUpOptions&) = default;
};

/// Why a client belongs to another.
enum class ClientLink : std::uint8_t {
  none,
  parent,     ///< its card says so
  contact,    ///< it has no parent, and is a contact of one organisation, or marked primary at one only
  undecided,  ///< it has no parent, and is a contact of several organisations alike: it belongs to none
};

/// The tree of a base's clients. The parent is that of the newest card. A client that is a contact of itself, or whose
/// parent counts as itself in a mapped base, has no link by that. By row of the base; immutable, thread-safe.
class Hierarchy {
 public:
  /// Ingest rejects cards with an unknown parent and leaves parents out that close a circle; contacts can still close
  /// one. O(clients + contacts), whatever the depth. `options.to` and its level are not looked at.
  /// \throws Error bad_data for a circle: the one with the smallest id in it, as "1 < 7 < 3 < 1" from that id on, each
  ///         before the one that it belongs to; where() is "clients.parent" or "contacts.organisation"
  explicit Hierarchy(const ClientBase& base, const RollUpOptions& options = {});

  [[nodiscard]] const ClientBase& base() const noexcept;
  /// Row that a client belongs to; no_code for a root. As the other spans: lives as long as this or a copy.
  [[nodiscard]] std::span<const std::uint32_t> parents() const noexcept;
  /// Row at the top of a client's branch; its own for a root.
  [[nodiscard]] std::span<const std::uint32_t> roots() const noexcept;
  /// 1 for a root, one more than that of the parent for the others.
  [[nodiscard]] std::span<const std::int32_t> levels() const noexcept;
  /// The deepest level; 0 for an empty base.
  [[nodiscard]] std::int32_t depth() const noexcept;
  /// Clients with ClientLink::undecided.
  [[nodiscard]] std::size_t undecided() const noexcept;
  /// One row per client in canonical order: client, parent (null for a root), root, level (int32), children (int64,
  /// next below), members (int64: itself and all below), link (label: parent, contact, undecided; null without).
  /// O(clients)
  [[nodiscard]] Table table() const;
  /// Everybody below a level counts as the one above at that level; level 1: as the root. O(clients)
  /// \throws Error invalid_argument if level < 1
  [[nodiscard]] ClientMap to_level(std::int32_t level) const;

  struct Data;  ///< opaque
  [[nodiscard]] const Data& data() const noexcept { return *data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// The base with groups as clients: what a member bought, asked, said and answered is its group's own, in every later
/// stage exactly as if it had been delivered so. An order of two members with one order id is one order. Shares the
/// chunks as mapped() does; to every node, four bytes more for every row and level. O(clients + rows), to every node
/// O((clients + rows) x depth); parallel.
/// \throws Error invalid_argument naming the option, out_of_range naming "max_levels" and the deepest client; as
///         Hierarchy and mapped
[[nodiscard]] ClientBase roll_up(const ClientBase& base, const RollUpOptions& options = {},
                                 const Control& control = {});
/// The same by a tree that is there already. `options.contacts` and `on` are not looked at.
[[nodiscard]] ClientBase roll_up(const Hierarchy& hierarchy, const RollUpOptions& options = {},
                                 const Control& control = {});

}  // namespace klientela
