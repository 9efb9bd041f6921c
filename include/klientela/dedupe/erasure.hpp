// Erases a client from base and journal so that no trace of its values is left (GDPR article 17, 152-FZ article 21).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/merge.hpp"

namespace klientela {

enum class ErasedTransactions : std::uint8_t {
  remove,     ///< go with the client
  anonymise,  ///< stay as those of `anonymous`: amounts, quantities, products and the day; without order and hour
};

struct ErasureOptions {
  ErasedTransactions transactions{ErasedTransactions::remove};
  std::string anonymous{"erased"};  ///< the client that anonymised transactions of all erased ones count for
  /// Whether free texts of others' rows (subjects, comments, outcomes, job titles), and who and reason in the journal,
  /// that name the client are emptied too: by given and family name, or the latter alone from five letters on, name,
  /// e-mail, phone, website, address with its house, tax number, identifier or id. Whole words count, and nothing
  /// shorter than five letters, six digits of a number: "Li" alone is not looked for. A name that is a word, too
  /// ("Price"), takes texts with that word: emptied_fields says where, and `merged` of before still has them.
  bool mentions{true};
  friend bool operator==(const ErasureOptions&, const ErasureOptions&) = default;
};
[[nodiscard]] ErasureOptions erasure_options_from_json(std::string_view json, std::string_view pointer = {});
[[nodiscard]] std::string to_json(const ErasureOptions& options);
[[nodiscard]] std::string erasure_options_schema();

/// A text or reference of others that an erasure emptied.
struct EmptiedField {
  std::optional<TableId> table{};  ///< none: the journal
  std::uint64_t row{0};            ///< from 0, of table_of(merged.original(), *table); of the journal the operation
  std::string_view field{};        ///< static lifetime
};

/// What an erasure did. Names nothing of the client's.
struct Erasure {
  MergedBase merged;
  std::uint64_t operation{0};  ///< its number in the journal
  std::uint64_t cards{0};      ///< clients erased: all cards that counted as the one; 0 for one whose cards are gone
  std::array<std::uint64_t, table_count> removed{};  ///< rows by table
  std::uint64_t anonymised{0};                       ///< transactions
  std::uint64_t emptied{0};                          ///< rows and records of others in which something was emptied
  std::vector<std::uint64_t> disabled{};             ///< operations that can be undone or redone no more, ascending
  /// What was emptied, by table, row and field; of cards the newest deliveries alone, the journal last.
  std::vector<EmptiedField> emptied_fields{};
};
/// One row per emptied field: table ("journal" for the journal), row (int64, as in EmptiedField), field.
[[nodiscard]] Table emptied_table(const Erasure& erased);

/// Erases a client: every card that counts as the same one now, the rows that are theirs, their places as contacts (the
/// interactions of an organisation with such a contact stay, without the contact and the texts), parents and journal
/// contents that name them. Base and journal are written anew, rejected rows and terms that nobody uses any longer left
/// out, so that no byte of the client's own stays in memory that the result holds; what others have too (a city, a
/// shared phone) stays theirs. `merged` stays as it is, with everything in it: the host lets go of it, and of files.
/// Merges among the others stand as they were. A client whose cards the base has no more is erased from the journal.
/// O(base); parallel where the base is. \throws Error not_found "client"; invalid_argument "anonymous" where it is
/// empty or a client of the base that has a
///         card; cancelled
[[nodiscard]] Erasure erase_client(const MergedBase& merged, const ClientId& client, const ErasureOptions& options = {},
                                   const JournalNote& note = {}, const Control& control = {});

}  // namespace klientela
