// What a ClientBase holds; ingest makes it, everybody else reads it through ClientBase.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/model/client_base.hpp"
#include "model/client_index.hpp"
#include "model/code_index.hpp"

namespace klientela {

/// Interned texts: code -> text. Immutable once a base holds it; an extended base has a longer copy.
struct TermList {
  index::Interner terms;
  std::vector<std::shared_ptr<index::Arena>>
      owners;  ///< of the bytes; only the last one still grows, before it is shared
};

/// How many different lists of terms there are, and which one a field uses; no_list for a field that is no term.
inline constexpr std::size_t no_list = static_cast<std::size_t>(-1);
[[nodiscard]] std::size_t term_list_of(TableId table, std::size_t field) noexcept;
[[nodiscard]] std::size_t term_list_count() noexcept;

/// By local code: where the card is; chunk no_code where there is none.
using Cards = std::array<std::vector<ClientBase::CardPosition>, ClientBase::client_partitions>;

struct ClientBase::Data {
  TimeZone zone;
  std::string currency;
  std::shared_ptr<const index::ClientIndex> clients;
  std::array<std::vector<std::shared_ptr<const Chunk>>, table_count> chunks;
  std::array<std::size_t, table_count> rows{};
  std::array<std::size_t, table_count> accepted{};
  std::shared_ptr<const Cards> cards;
  bool cards_delivered{false};
  std::vector<std::shared_ptr<const TermList>> terms;  ///< by list; null where never delivered
  std::optional<Day> last_purchase_day;
  std::shared_ptr<const index::CodeMap> map;  ///< null unless some client counts as another
  bool derived{false};                        ///< made by mapped() or roll_up(), not by ingest
  bool repeated{false};                       ///< a row may count for several clients

  mutable std::once_flag client_column_made;
  mutable std::optional<Column> client_column;
};

namespace index {

/// The same chunks, clients, cards and terms, for a base that grows out of another or is derived from it.
[[nodiscard]] std::shared_ptr<ClientBase::Data> copy_of(const ClientBase::Data& data);

}  // namespace index
}  // namespace klientela
