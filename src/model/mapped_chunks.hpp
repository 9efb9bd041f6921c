// Chunks seen through a map of their clients: the columns are the original's, only whose rows they are is new.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/model/client_map.hpp"
#include "model/base_data.hpp"

namespace klientela::index {

/// Adds to `data` the rows of transactions, requests, interactions and feedback of `base` as `map` has them. Chunks of
/// which no row changes hands are shared as they are; those of which none counts are left out.
void append_mapped(const ClientBase& base, const CodeMap& map, ClientBase::Data& data, const Control& control);

/// The tables whose rows are mapped.
inline constexpr std::array mapped_tables{TableId::transactions, TableId::requests, TableId::interactions,
                                          TableId::feedback};

/// What a merge adds to a map.
struct Overlay {
  /// By place of the client: 1 where the cards that were delivered are no longer seen. Of all clients that count as
  /// another, and of those that `cards` has.
  std::vector<std::uint8_t> changed;
  std::shared_ptr<const Chunk> cards;                  ///< in their place; null: none
  std::vector<std::vector<std::uint8_t>> no_contact;   ///< by chunk of contacts: empty, or by row: 1 where it is none
  std::shared_ptr<const Chunk> contacts;               ///< in their place; null: none
  std::vector<std::shared_ptr<const TermList>> terms;  ///< those of the base, longer where the cards need it
};

/// The base with the clients that are left as mapped() has it, and everything else read through the map too: parents
/// of cards, both ends of contacts, consents, the contacts of interactions. \pre the base is none that was mapped
[[nodiscard]] ClientBase merged_base(const ClientMap& map, const Overlay& overlay, const Control& control);

}  // namespace klientela::index
