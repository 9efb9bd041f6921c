// What was merged, edited, undone and erased in a base, by whom and why: append-only, in order, replayable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/dedupe/survivorship.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// 32 hexadecimal digits by which a base is told from others: of its client ids and of the newest card of each, in any
/// order of rows. What else was delivered does not count, so a journal goes on when purchases come in. O(cards);
/// parallel. It tells mistakes, not forgers.
[[nodiscard]] std::string base_digest(const ClientBase& base, const Control& control = {});

enum class JournalOperation : std::uint8_t {
  merge,          ///< cards are one client
  edit,           ///< a field of a card was written
  undo,           ///< an operation no longer counts; of an undo: what it undid counts again
  not_duplicate,  ///< two cards are two clients: never merged, and told to whoever looks for duplicates
  erase,          ///< a client was erased; nothing of it is left, here either
  rebase,         ///< the base has changed; from here on the journal belongs to another digest
};
/// For example "not_duplicate". Static lifetime.
[[nodiscard]] std::string_view name(JournalOperation operation) noexcept;

/// Who did something, when and why; the host says it. All optional; valid UTF-8.
struct JournalNote {
  std::string who{};
  std::string reason{};
  std::optional<Instant> at{};
  friend bool operator==(const JournalNote&, const JournalNote&) = default;
};

struct JournalRecord {
  std::uint64_t sequence{0};  ///< from 1, without gaps
  JournalOperation operation{JournalOperation::merge};
  std::string base{};  ///< base_digest() of the base it belongs to
  JournalNote note{};
  std::vector<ClientId> cards{};           ///< merge: two or more; not_duplicate: two; edit: the one; else none
  std::optional<ClientId> keep{};          ///< merge: the card whose id stays, if it was named
  std::uint32_t policy{0};                 ///< merge: version
  ClientField field{ClientField::client};  ///< edit
  std::vector<std::string> values{};       ///< edit: what was written; none: null
  std::uint64_t of{0};                     ///< undo: of which operation
  /// The erase operation that took the contents of this one; 0: none. Such an operation counts no more, and has
  /// neither cards, values, who nor reason.
  std::uint64_t erased_by{0};
  friend bool operator==(const JournalRecord&, const JournalRecord&) = default;
};

/// Append-only. A value: copying copies. Not thread-safe while it is appended to.
class Journal {
 public:
  [[nodiscard]] const std::vector<JournalRecord>& records() const noexcept { return records_; }
  /// By version, those that merges name.
  [[nodiscard]] const std::map<std::uint32_t, SurvivorshipPolicy>& policies() const noexcept { return policies_; }
  /// Whether an operation counts: it is neither undone nor erased. \throws Error not_found for a number it has not
  [[nodiscard]] bool counts(std::uint64_t sequence) const;
  /// The digest of the base that it belongs to; empty: any, there is no record.
  [[nodiscard]] std::string_view base() const noexcept;

  /// Gives the record the next number. \throws Error invalid_argument naming the member that does not fit the
  /// operation, and "erased_by"; not_found for an undo of what is not there, or a merge by a policy nobody added; the
  /// journal is unchanged. O(1), of an undo O(undos of undos)
  std::uint64_t append(JournalRecord record);
  /// \throws Error bad_policy "/version" where another policy has this version; as check_policy()
  void add_policy(const SurvivorshipPolicy& policy);

  /// JSON lines: {"klientela_journal": 1}, then a line for each record, before it one for a policy that was not named
  /// before; so what is appended to a journal is appended to its text. Each line but the first ends
  /// with a check of itself and all before it, so that none can be lost or altered on the way unseen, but for the last
  /// ones.
  [[nodiscard]] std::string to_text() const;
  /// \throws Error bad_data; the message and where() name the line ("line 7"): unreadable JSON, unknown keys and
  ///         operations, a check that does not fit, numbers that do not follow, another version of the form
  [[nodiscard]] static Journal from_text(std::string_view text);
  /// One row per record: sequence (int64), operation (label), counts (boolean), at, who, reason, cards (text, "; "
  /// between ids), keep, policy (int64), field, values (text), of (int64), erased_by (int64), base (text).
  [[nodiscard]] Table table() const;

 private:
  friend struct JournalAccess;  // erasure, which writes a journal anew
  std::vector<JournalRecord> records_;
  std::vector<std::uint32_t> undone_;  ///< by record: how many undos of it count
  std::map<std::uint32_t, SurvivorshipPolicy> policies_;
};

}  // namespace klientela
