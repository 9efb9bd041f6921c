// Parents of new cards: see card_parents.hpp.
#include "ingest/card_parents.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "ingest/table_ingest.hpp"

namespace klientela::detail {

namespace {

std::uint32_t older_parent(const ClientBase::Data& data, std::uint32_t code) {
  if (!has_card(data, code)) return no_code;
  const auto position = (*data.cards)[code % index::partitions][code / index::partitions];
  const Chunk& chunk = *data.chunks[index_of(TableId::clients)][position.chunk];
  const Values* parents = chunk[ClientField::parent];
  if (parents == nullptr) return no_code;
  std::uint32_t parent = no_code;
  parents->codes(position.row, std::span(&parent, 1));
  return parent;
}

}  // namespace

bool has_card(const ClientBase::Data& data, std::uint32_t code) noexcept {
  const auto& cards = (*data.cards)[code % index::partitions];
  const std::size_t local = code / index::partitions;
  return local < cards.size() && cards[local].chunk != no_code;
}

void check_parents(NewCards& in) {
  const std::size_t rows = in.codes.size();
  const auto own_row = [&](std::uint32_t code) -> std::uint32_t& {
    return in.row_of[code % index::partitions][code / index::partitions];
  };
  {
    // A view of the index with the new ids, to look parents up in.
    index::ClientIndex both;
    both.base = in.old.base;
    both.overlay = std::shared_ptr<const index::Layer>(std::shared_ptr<const index::Layer>(), &in.layer);
    in.control.run(in.rejected.segments(), [&](std::size_t segment) {
      const std::size_t begin = segment * RejectMap::segment_rows;
      const std::size_t n = std::min(RejectMap::segment_rows, rows - begin);
      std::vector<std::uint32_t> found(n);
      // Unreadable parents are rejected already; their cells are not to be looked at.
      in.keys.find(both, begin, found);
      for (std::size_t i = 0; i < n; ++i) in.parents[begin + i] = in.rejected.test(begin + i) ? no_code : found[i];
    });
  }
  // A card whose parent has none goes; its id has its older card again, or none: then its children go as well.
  std::vector<std::uint32_t> gone;
  const auto drop = [&](std::uint32_t row, RejectReason reason) {
    const std::uint32_t code = in.codes[row];
    own_row(code) = no_code;
    in.reject(row, reason);
    if (!has_card(in.data, code)) gone.push_back(code);
  };
  for (std::size_t row = 0; row < rows; ++row) {
    if (row % 65'536 == 0) in.control.check();
    if (in.rejected.test(row) || !in.keys.has_value(row)) continue;
    const std::uint32_t code = in.parents[row];
    if (code == no_code || (own_row(code) == no_code && !has_card(in.data, code)))
      drop(static_cast<std::uint32_t>(row), RejectReason::unknown_client);
  }
  if (!gone.empty()) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> children;  // parent's code, row
    for (std::size_t row = 0; row < rows; ++row)
      if (!in.rejected.test(row) && in.parents[row] != no_code)
        children.emplace_back(in.parents[row], static_cast<std::uint32_t>(row));
    std::sort(children.begin(), children.end());
    for (std::size_t steps = 0; !gone.empty(); ++steps) {
      if (steps % 4'096 == 0) in.control.check();
      const std::uint32_t code = gone.back();
      gone.pop_back();
      for (auto child = std::lower_bound(children.begin(), children.end(), std::pair(code, 0U));
           child != children.end() && child->first == code; ++child)
        if (!in.rejected.test(child->second)) drop(child->second, RejectReason::unknown_client);
    }
  }
  // What is left has cards, and may go round: older cards' parents lead out of the delivery or back into it.
  const auto card_parent = [&](std::uint32_t code) -> std::uint32_t {
    if (const std::uint32_t row = own_row(code); row != no_code) return in.parents[row];
    return older_parent(in.data, code);
  };
  index::ClientIndex names = in.old;
  names.overlay = std::shared_ptr<const index::Layer>(std::shared_ptr<const index::Layer>(), &in.layer);
  for (std::uint32_t p = 0; p < index::partitions; ++p) names.sizes[p] = in.layer.parts[p].next_local();
  if (!in.old.base) {
    names.base = names.overlay;
    names.overlay = nullptr;
  }
  std::vector<bool> seen(rows, false);
  std::unordered_set<std::uint32_t> old_seen;  // codes of older cards
  std::size_t steps = 0;
  for (std::size_t start = 0; start < rows; ++start) {
    if (in.rejected.test(start) || seen[start]) continue;
    std::vector<std::uint32_t> path;  // codes
    std::uint32_t code = in.codes[start];
    for (; code != no_code; code = card_parent(code)) {
      if (++steps % 65'536 == 0) in.control.check();
      const std::uint32_t row = own_row(code);
      if (row != no_code ? seen[row] : !old_seen.insert(code).second) break;
      if (row != no_code) seen[row] = true;
      path.push_back(code);
    }
    const auto loop = std::find(path.begin(), path.end(), code);
    if (loop == path.end()) continue;  // at the top, or where an earlier walk has been
    // Whatever the order of rows, the smallest id of this delivery is cut off; older cards stay as they are.
    auto first = path.end();
    for (auto at = loop; at != path.end(); ++at)
      if (own_row(*at) != no_code && (first == path.end() || names.id_of(*at) < names.id_of(*first))) first = at;
    if (first == path.end()) continue;
    std::string value = names.id_of(*first).to_text();
    for (auto at = first; value.size() < 180;) {
      if (++at == path.end()) at = loop;
      value += " < " + names.id_of(*at).to_text();
      if (at == first) break;
    }
    const std::uint32_t row = own_row(*first);
    in.parents[row] = no_code;
    in.cut(row, std::move(value));
  }
}

}  // namespace klientela::detail
