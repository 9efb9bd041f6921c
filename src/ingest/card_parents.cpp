// Parents of new cards: see card_parents.hpp.
#include "ingest/card_parents.hpp"

#include <algorithm>
#include <unordered_map>
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
  // Cycles among the cards of this delivery; older cards' parents lead out of it or back in.
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
  std::vector<std::uint32_t> state(rows, 0);  // by row: 0 unseen, else the last walk that saw it
  std::uint32_t walk = 0;
  using Cycle = std::pair<std::uint32_t, std::string>;  // a card of this delivery that is on one, and how it goes
  const auto cycles_from = [&](const std::vector<std::uint32_t>& starts) {
    std::vector<Cycle> cycles;
    std::unordered_map<std::uint32_t, std::uint32_t> old_seen;  // older cards on the way: the walk that saw them
    const std::uint32_t earlier = walk;
    std::size_t steps = 0;
    for (const std::uint32_t start : starts) {
      ++walk;
      std::vector<std::uint32_t> path;  // codes
      std::uint32_t code = start;
      while (code != no_code) {
        if (++steps % 65'536 == 0) in.control.check();
        const std::uint32_t row = own_row(code);
        std::uint32_t& seen = row != no_code ? state[row] : old_seen.try_emplace(code, 0).first->second;
        if (seen > earlier) break;
        seen = walk;
        path.push_back(code);
        code = card_parent(code);
      }
      if (code == no_code) continue;
      const auto loop = std::find(path.begin(), path.end(), code);
      if (loop == path.end()) continue;  // ran into an earlier walk
      for (auto at = loop; at != path.end(); ++at) {
        const std::uint32_t row = own_row(*at);
        if (row == no_code) continue;  // an older card stays; the new one that closes the circle goes
        std::string value;
        auto step = at;
        const std::ptrdiff_t length = path.end() - loop;
        for (std::ptrdiff_t k = 0; k <= length && value.size() < 180; ++k) {
          if (k > 0) value += " < ";
          value += names.id_of(*step).to_text();
          if (++step == path.end()) step = loop;
        }
        cycles.emplace_back(row, std::move(value));
      }
    }
    return cycles;
  };
  // An id whose new card goes has its older one again, or none: then its children's parent is unknown.
  std::vector<std::uint32_t> fallen_back;
  std::vector<std::uint32_t> gone;
  const auto drop = [&](std::uint32_t row, RejectReason reason, std::string value) {
    const std::uint32_t code = in.codes[row];
    own_row(code) = no_code;
    in.reject(row, reason, std::move(value));
    (has_card(in.data, code) ? fallen_back : gone).push_back(code);
  };
  std::vector<std::pair<std::uint32_t, std::uint32_t>> children;  // parent's code, row; made when first needed
  const auto drop_orphans = [&] {
    if (gone.empty()) return;
    if (children.empty()) {
      for (std::size_t row = 0; row < rows; ++row)
        if (!in.rejected.test(row) && in.parents[row] != no_code)
          children.emplace_back(in.parents[row], static_cast<std::uint32_t>(row));
      std::sort(children.begin(), children.end());
    }
    for (std::size_t steps = 0; !gone.empty(); ++steps) {
      if (steps % 4'096 == 0) in.control.check();
      const std::uint32_t code = gone.back();
      gone.pop_back();
      for (auto child = std::lower_bound(children.begin(), children.end(), std::pair(code, 0U));
           child != children.end() && child->first == code; ++child)
        if (!in.rejected.test(child->second)) drop(child->second, RejectReason::unknown_client, {});
    }
  };
  std::vector<std::uint32_t> starts;
  for (std::size_t row = 0; row < rows; ++row)
    if (!in.rejected.test(row)) starts.push_back(in.codes[row]);
  for (bool first = true; first || !starts.empty(); first = false) {
    while (!starts.empty()) {
      for (auto& [row, value] : cycles_from(starts)) drop(row, RejectReason::parent_cycle, std::move(value));
      starts = std::exchange(fallen_back, {});
    }
    for (std::size_t row = 0; first && row < rows; ++row) {
      if (row % 65'536 == 0) in.control.check();
      if (in.rejected.test(row) || !in.keys.has_value(row)) continue;
      const std::uint32_t code = in.parents[row];
      if (code == no_code || (own_row(code) == no_code && !has_card(in.data, code)))
        drop(static_cast<std::uint32_t>(row), RejectReason::unknown_client, {});
    }
    drop_orphans();
    starts = std::exchange(fallen_back, {});
  }
}

}  // namespace klientela::detail
