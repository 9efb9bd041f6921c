// Parents of the cards of one delivery: each has a card, and nobody is left their own ancestor.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ingest/client_coder.hpp"
#include "ingest/reject_map.hpp"
#include "klientela/ingest/ingest.hpp"
#include "model/base_data.hpp"

namespace klientela::detail {

/// Whether a base has a card of a client.
[[nodiscard]] bool has_card(const ClientBase::Data& data, std::uint32_t code) noexcept;

/// The cards of a delivery, coded already but for their parents.
struct NewCards {
  const ClientBase::Data& data;          ///< the base before them
  const index::ClientIndex& old;         ///< its ids
  const index::Layer& layer;             ///< those that the delivery brings
  const ClientKeys& keys;                ///< of the parents
  std::span<const std::uint32_t> codes;  ///< of the cards
  std::span<std::uint32_t> parents;      ///< to be filled: codes; no_code: none
  const RejectMap& rejected;
  std::array<std::vector<std::uint32_t>, index::partitions>&
      row_of;  ///< row of a card by its code; no_code once rejected
  const Control& control;
  std::function<void(std::size_t row, RejectReason reason)> reject;  ///< also marks it in `rejected`
  std::function<void(std::size_t row, std::string circle)> cut;      ///< told of a card that has lost its parent
};

/// Codes the parents; rejects cards whose parent has no card, and takes the parent of one card of every circle away: of
/// those that this delivery brings the one with the smallest id. O(cards log cards).
void check_parents(NewCards& in);

}  // namespace klientela::detail
