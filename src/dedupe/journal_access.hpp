// What the state of a merged base and erasure do to a journal beyond appending to it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "klientela/dedupe/journal.hpp"

namespace klientela {

struct JournalAccess {
  /// The operation that in the end counts again or no more, by place; an undo of an undo changes what that one undid.
  struct Change {
    std::size_t record;
    bool counts;
  };
  /// One undo more (or less) of a record. O(undos of undos)
  static std::optional<Change> count_undo(Journal& journal, std::size_t record, bool more);
  /// As Journal::append(), and what an undo changed in the end.
  static std::uint64_t append(Journal& journal, JournalRecord record, std::optional<Change>& change);
  /// Takes the last record back; of an undo also what it did.
  static void take_back(Journal& journal);
  static std::vector<JournalRecord>& records(Journal& journal) noexcept { return journal.records_; }
  /// Counts all undos anew. \throws Error invalid_argument "of" naming the first undo of what did not count then
  static void recount(Journal& journal);
};

}  // namespace klientela
