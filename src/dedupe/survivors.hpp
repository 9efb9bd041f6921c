// One card out of a client's several: which of them each field is taken from.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dedupe/card_values.hpp"
#include "klientela/dedupe/survivorship.hpp"

namespace klientela::dedupe {

/// A card with what was written into it.
class EditedCard {
 public:
  struct Edit {
    std::uint64_t operation{0};  ///< 0: none
    const OwnCardValue* value{nullptr};
  };
  using Edits = std::array<Edit, client_fields>;
  /// \param edits  borrowed; null: none
  EditedCard(const CardReader& reader, std::uint32_t code, const Edits* edits)
      : reader_(&reader), code_(code), edits_(edits) {}
  [[nodiscard]] std::uint32_t code() const noexcept { return code_; }
  [[nodiscard]] CardValue value(ClientField field) const {
    const OwnCardValue* edited = edits_ == nullptr ? nullptr : (*edits_)[static_cast<std::size_t>(field)].value;
    return edited != nullptr ? edited->value() : reader_->value(code_, field);
  }
  /// The operation that wrote the field; 0: as delivered.
  [[nodiscard]] std::uint64_t edit(ClientField field) const noexcept {
    return edits_ == nullptr ? 0 : (*edits_)[static_cast<std::size_t>(field)].operation;
  }
  [[nodiscard]] const CardReader& reader() const noexcept { return *reader_; }

 private:
  const CardReader* reader_;
  std::uint32_t code_;
  const Edits* edits_;
};

inline constexpr std::uint32_t from_all = 0xFFFF'FFFFU;   ///< a field that keeps the values of all cards
inline constexpr std::uint32_t from_none = 0xFFFF'FFFEU;  ///< one that is null

struct Survivor {
  std::uint32_t code{no_code};                      ///< the client's id
  std::array<std::uint32_t, client_fields> from{};  ///< place of the card, from_all or from_none
  std::bitset<client_fields> edited{};              ///< taken because somebody wrote it
};

/// \param cards  by client id, at least one; \param keep  code whose id stays; none: as the policy says
/// O(cards x fields) \throws Error internal naming the host's function that threw or named no candidate
[[nodiscard]] Survivor choose(std::span<const EditedCard> cards, const SurvivorshipPolicy& policy,
                              const SurvivorFunctions& functions, std::optional<std::uint32_t> keep);

/// The values of all cards without repeats. Borrowed from the cards.
[[nodiscard]] std::vector<std::string_view> union_of(std::span<const EditedCard> cards, ClientField field);

/// The rule by which a field is kept, of a group: the group's.
[[nodiscard]] const Survivorship& rule_of(const SurvivorshipPolicy& policy, ClientField field) noexcept;

/// The functions that a policy names. \throws Error not_found naming the first that is not there
void check_functions(const SurvivorshipPolicy& policy, const SurvivorFunctions& functions);

}  // namespace klientela::dedupe
