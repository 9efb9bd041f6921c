// Erases a client from base and journal so that no trace of its values is left (GDPR article 17, 152-FZ article 21).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/merge.hpp"

namespace klientela {

enum class ErasedTransactions : std::uint8_t {
  remove,     ///< go with the client
  anonymise,  ///< stay as those of `anonymous`: amounts, quantities, products and the day; without order and hour
};

struct ErasureOptions {
  ErasedTransactions transactions{ErasedTransactions::remove};
  std::string anonymous{"erased"};  ///< the client that anonymised transactions of all erased ones count for
  /// Whether free texts of others' rows (subjects, comments, outcomes, job titles) and reasons in the journal that hold
  /// a whole or family name, e-mail, phone, address, tax number, identifier or id of the client are emptied too.
  bool mentions{true};
  friend bool operator==(const ErasureOptions&, const ErasureOptions&) = default;
};
[[nodiscard]] ErasureOptions erasure_options_from_json(std::string_view json, std::string_view pointer = {});
[[nodiscard]] std::string to_json(const ErasureOptions& options);
[[nodiscard]] std::string erasure_options_schema();

/// What an erasure did. Names nothing of the client's.
struct Erasure {
  MergedBase merged;
  std::uint64_t operation{0};                        ///< its number in the journal
  std::uint64_t cards{0};                            ///< clients erased: all cards that counted as the one
  std::array<std::uint64_t, table_count> removed{};  ///< rows by table
  std::uint64_t anonymised{0};                       ///< transactions
  std::uint64_t emptied{0};                          ///< rows and records of others in which something was emptied
  std::vector<std::uint64_t> disabled{};             ///< operations that can be undone or redone no more, ascending
};

/// Erases a client: every card that counts as the same one now, the rows that are theirs, their places as contacts (the
/// interactions of an organisation with such a contact stay, without the contact and the texts), parents and journal
/// contents that name them. Base and journal are written anew, rejected rows and terms that nobody uses any longer left
/// out, so that no byte of the client's own stays in memory that the result holds; what others have too (a city, a
/// shared phone) stays theirs. `merged` stays as it is, with everything in it: the host lets go of it, and of files.
/// Merges among the others stand as they were. O(base); parallel where the base is.
/// \throws Error not_found "client"; invalid_argument "anonymous" where it is empty or a client of the base that has a
///         card; cancelled
[[nodiscard]] Erasure erase_client(const MergedBase& merged, const ClientId& client, const ErasureOptions& options = {},
                                   const JournalNote& note = {}, const Control& control = {});

}  // namespace klientela
