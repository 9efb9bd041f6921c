// Values of cards one at a time: as delivered, as somebody wrote them, and as text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::dedupe {

inline constexpr std::size_t client_fields = static_cast<std::size_t>(ClientField::updated_at) + 1;

[[nodiscard]] FieldType type_of(ClientField field) noexcept;

/// Borrowed from the base or an OwnCardValue. Texts of blanks alone are no value.
struct CardValue {
  bool has{false};
  std::int64_t number{0};                ///< day, instant, code of a client
  std::uint32_t term{no_code};           ///< code of a delivered term; no_code where somebody wrote it
  std::string_view text{};               ///< of a text or term
  std::vector<std::string_view> list{};  ///< of texts, none of blanks alone
};

/// What somebody wrote into a field.
class OwnCardValue {
 public:
  /// \throws Error invalid_argument "values" for what the field cannot hold
  OwnCardValue(ClientField field, std::vector<std::string> values);
  /// Of a parent: the id, whose code has still to be found.
  [[nodiscard]] std::optional<ClientId> id() const;
  void set_number(std::int64_t number) noexcept { number_ = number; }
  [[nodiscard]] CardValue value() const;

 private:
  FieldType type_;
  std::vector<std::string> values_;
  std::int64_t number_{0};
};

/// "2026-11-21T10:00:00.5Z", also with a blank for T, without seconds, with +03:00 for Z; nullopt for anything else.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text) noexcept;

/// Reads the newest cards of a base. Thread-safe.
class CardReader {
 public:
  explicit CardReader(ClientBase base);
  [[nodiscard]] const ClientBase& base() const noexcept { return base_; }
  [[nodiscard]] CardValue value(std::uint32_t code, ClientField field) const;
  [[nodiscard]] std::string to_text(ClientField field, const CardValue& value, std::string_view between = "; ") const;

 private:
  ClientBase base_;
  std::array<std::span<const std::string_view>, client_fields> terms_;
};

}  // namespace klientela::dedupe
