// The cards of a base as duplicates are looked for: every field normalised once a distinct value, and coded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/normalise.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// What cards are compared by. A field of the table `clients` feeds one of these, or, as a whole name, several.
enum class CardField : std::uint8_t {
  given_name,
  middle_name,
  family_name,
  birthday,
  organisation_name,
  email,
  phone,
  address,  ///< street, house and further lines, or the whole address where it comes as one text
  city,
  region,
  postcode,
  country,
  tax_number,
  identifier,
  website,
};
inline constexpr std::size_t card_field_count = 15;

/// The name used in policies, for example "given_name"; static lifetime.
[[nodiscard]] std::string_view name(CardField field) noexcept;
[[nodiscard]] std::optional<CardField> card_field_named(std::string_view name) noexcept;
/// Names of the forms that a field's values have, the one that two values are told apart by first: "latin", "folded",
/// "roots" of a given name. Static lifetime.
[[nodiscard]] std::span<const std::string_view> forms(CardField field) noexcept;

/// How many different values of a field a card is looked at by: the first ones. Each two of two cards are compared.
inline constexpr std::size_t max_card_values = 32;
/// How many characters of a value are looked at: the first ones.
inline constexpr std::size_t max_value_characters = 500;

/// All cards of a base, normalised. Card i is the i-th client with a card, in canonical order of ids. Of two lists that
/// are to be linked, the cards of the second follow those of the first. Immutable, thread-safe; copying shares.
class PreparedCards {
 public:
  /// None.
  PreparedCards();
  [[nodiscard]] std::size_t size() const noexcept;
  /// Cards of the first list; size() unless there are two.
  [[nodiscard]] std::size_t first_list() const noexcept;
  /// Whether they are of two lists, one or both of which may be empty.
  [[nodiscard]] bool two_lists() const noexcept;
  /// \param list  0, or 1 for the second one
  [[nodiscard]] const ClientBase& base(std::size_t list = 0) const noexcept;
  /// The client whose card it is, in the base of its list. \pre card < size()
  [[nodiscard]] std::uint32_t client_code(std::uint32_t card) const noexcept;
  [[nodiscard]] ClientId id(std::uint32_t card) const;
  /// The card of a client; nullopt where it has none. O(log size())
  [[nodiscard]] std::optional<std::uint32_t> card_of(const ClientId& id, std::size_t list = 0) const;
  /// How many cards have a value, and how many distinct ones there are.
  [[nodiscard]] std::size_t filled(CardField field) const noexcept;
  [[nodiscard]] std::size_t distinct(CardField field) const noexcept;
  /// A card's values in one of the field's forms, as they came in the card, repeats left out. Lives as long as this or
  /// a copy. \throws Error out_of_range "card"; not_found "form"
  [[nodiscard]] std::vector<std::string_view> values(std::uint32_t card, CardField field,
                                                     std::string_view form = {}) const;

  struct Data;  ///< opaque
  explicit PreparedCards(std::shared_ptr<const Data> data) noexcept;
  [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// Normalises the cards of a base. A whole name counts where given and family name are empty: as a person's where the
/// card says that it is one, else as an organisation's, word by word, which serves persons too. O(cards), every
/// distinct value once; parallel. \throws Error invalid_argument for a base whose rows count for several clients;
/// out_of_range for 2^32 values of one field and more; cancelled
[[nodiscard]] PreparedCards prepare_cards(const ClientBase& base, const Normaliser& normaliser,
                                          const Control& control = {});
/// The cards of two lists that are to be linked.
[[nodiscard]] PreparedCards prepare_cards(const ClientBase& first, const ClientBase& second,
                                          const Normaliser& normaliser, const Control& control = {});

}  // namespace klientela
