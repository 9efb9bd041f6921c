// compute_features and refresh_features: which groups run over which rows, and the table over the result.
#include "klientela/features/features.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "features/options.hpp"
#include "features/state.hpp"
#include "features/tables.hpp"

namespace klientela {
namespace features_internal {
namespace {

bool delivered(const ClientBase& base, TransactionField field) {
  for (const auto& chunk : base.chunks(TableId::transactions))
    if ((*chunk)[field] != nullptr) return true;
  return false;
}

Column column_of(const Slot& slot, const std::vector<Slot>& group, const std::shared_ptr<Store>& store) {
  const Slot& validity = slot.valid_as < 0 ? slot : group[static_cast<std::size_t>(slot.valid_as)];
  const std::size_t nulls = slot.nullable ? validity.nulls : 0;
  const std::uint8_t* valid = nulls == 0 ? nullptr : validity.valid.data();
  const std::size_t n = store->rows;
  if (slot.type == ColumnType::term)
    return Column::view(slot.name, slot.type, std::span(reinterpret_cast<const std::uint32_t*>(slot.narrow.data()), n),
                        store, valid, nulls, slot.labels);
  if (slot.is_narrow())
    return Column::view(slot.name, slot.type, std::span(slot.narrow.data(), n), store, valid, nulls);
  if (slot.type == ColumnType::float64)
    return Column::view(slot.name, slot.type, std::span(slot.real.data(), n), store, valid, nulls);
  return Column::view(slot.name, slot.type, std::span(slot.wide.data(), n), store, valid, nulls);
}

// Whether `pointer` and `holders` - 1 others of the caller's are all that hold the object. use_count orders nothing;
// dropping one more reference does, so that the last reads of those who let go come before our writes.
template <class T>
bool held_by(const std::shared_ptr<T>& pointer, long holders) {
  if (pointer.use_count() != holders) return false;
  std::shared_ptr<T>(pointer).reset();
  return true;
}

}  // namespace

Layout layout_of(const ClientBase& base, const FeatureOptions& options) {
  Layout layout;
  const bool lines = base.accepted(TableId::transactions) > 0;
  layout.orders = delivered(base, TransactionField::order);
  const bool products =
      delivered(base, TransactionField::product) || delivered(base, TransactionField::product_category);
  if (options.groups.empty() && !options.columns.empty()) {
    for (const std::string& column : options.columns)
      if (const auto group = group_of(column)) layout.groups[static_cast<std::size_t>(*group)] = true;
  } else if (options.groups.empty()) {
    const bool interactions = base.accepted(TableId::interactions) > 0;
    layout.groups = {true,
                     lines,
                     lines,
                     lines && products,
                     interactions,
                     interactions || base.accepted(TableId::requests) > 0,
                     base.accepted(TableId::feedback) > 0};
  }
  for (const FeatureGroup group : options.groups) layout.groups[static_cast<std::size_t>(group)] = true;
  if (layout.has(FeatureGroup::purchases)) {
    layout.profit = delivered(base, TransactionField::profit);
    layout.quantity = delivered(base, TransactionField::quantity);
  }
  return layout;
}

std::shared_ptr<Buffer<std::uint32_t>> rows_by_code(const ClientBase& base, const CodeIndex& index,
                                                    const Control& control) {
  auto rows = std::make_shared<Buffer<std::uint32_t>>(index.size());
  const std::span<const std::uint32_t> codes = base.codes_in_order();
  over_rows(control, index.size(),
            [&](std::size_t begin, std::size_t end) { std::fill(rows->data() + begin, rows->data() + end, no_code); });
  over_rows(control, codes.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) (*rows)[index(codes[r])] = static_cast<std::uint32_t>(r);
  });
  return rows;
}

Table table_of(const std::shared_ptr<Store>& store, const Layout& layout, const FeatureOptions& options,
               Column client) {
  Table table;
  table.add(std::move(client));
  for (const std::vector<Slot>& group : store->groups)
    for (const Slot& slot : group) {
      const Column column = column_of(slot, group, store);
      if (&group == store->groups.data() && slot.name == "lines" && !layout.orders && wants(options, "frequency"))
        table.add(column.renamed("frequency"));
      if (wants(options, slot.name)) table.add(column);
    }
  return table;
}

namespace {

FeatureTable finished(std::shared_ptr<FeatureTable::State> state, Column client, Day as_of) {
  Table table = table_of(state->store, state->layout, state->options, std::move(client));
  return FeatureTable(std::move(table), as_of, std::move(state));
}

[[noreturn]] void fail_engagement(const ClientBase& base, const EngagementOverflow& overflow) {
  fail_overflow(base.id_of(base.codes_in_order()[overflow.row]).to_text(), "engagement");
}

std::size_t count_of(const CodeIndex& index) noexcept {
  std::size_t count = 0;
  for (std::size_t p = 0; p < ClientBase::client_partitions; ++p) count += index.size(p);
  return count;
}

struct Arrival {
  std::uint32_t row;
  std::uint32_t code;
};

// The clients that an earlier index does not have, by row.
std::vector<Arrival> arrivals_of(const ClientBase& base, const CodeIndex& before, const CodeIndex& index) {
  const std::span<const std::uint32_t> codes = base.codes_in_order();
  std::vector<Arrival> arrivals;
  if (base.clients() / 64 > base.clients() - std::min(base.clients(), count_of(before))) {
    // Few: find each one's place by its id.
    for (std::uint32_t p = 0; p < ClientBase::client_partitions; ++p)
      for (std::size_t local = before.size(p); local < index.size(p); ++local) {
        const std::uint32_t code = static_cast<std::uint32_t>(local) * ClientBase::client_partitions + p;
        const ClientId id = base.id_of(code);
        const auto place =
            std::lower_bound(codes.begin(), codes.end(), id,
                             [&](std::uint32_t other, const ClientId& wanted) { return base.id_of(other) < wanted; });
        if (place != codes.end() && *place == code)
          arrivals.push_back({static_cast<std::uint32_t>(place - codes.begin()), code});
      }
    std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) { return a.row < b.row; });
    return arrivals;
  }
  for (std::size_t r = 0; r < codes.size(); ++r)
    if (codes[r] / ClientBase::client_partitions >= before.size(codes[r] % ClientBase::client_partitions))
      arrivals.push_back({static_cast<std::uint32_t>(r), codes[r]});
  return arrivals;
}

// Moves every row by the arrivals before it, in place: cheaper than asking for all rows again, since it goes in order.
void shift_rows(Buffer<std::uint32_t>& rows, const CodeIndex& index, std::span<const Arrival> arrivals,
                std::size_t former_rows, const Control& control) {
  constexpr std::uint32_t several = 0x8000'0000U;
  struct Block {                // 64 former rows
    std::uint32_t before{0};    // arrivals before its first row; `several` where more than one falls inside
    std::uint32_t at{no_code};  // former row that the one inside comes before
  };
  std::vector<std::uint32_t> at(arrivals.size());
  for (std::size_t k = 0; k < at.size(); ++k) at[k] = arrivals[k].row - static_cast<std::uint32_t>(k);
  std::vector<Block> blocks(former_rows / 64 + 1);
  std::size_t k = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    blocks[b].before = static_cast<std::uint32_t>(k);
    const std::size_t inside = k;
    while (k < at.size() && at[k] < (b + 1) * 64) ++k;
    if (k - inside == 1) blocks[b].at = at[inside];
    if (k - inside > 1) blocks[b].before |= several;
  }
  over_rows(control, index.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t row = rows[i];
      if (row == no_code) continue;
      const Block block = blocks[row / 64];
      if ((block.before & several) != 0) [[unlikely]] {
        rows[i] = row + static_cast<std::uint32_t>(std::upper_bound(at.begin(), at.end(), row) - at.begin());
      } else {
        rows[i] = row + block.before + (row >= block.at ? 1U : 0U);
      }
    }
  });
  for (const Arrival& arrival : arrivals) rows[index(arrival.code)] = arrival.row;
}

bool moving(const FeatureOptions& options) noexcept { return options.window_days || options.window_months; }

/// The layout with some groups alone.
Layout only(Layout layout, std::initializer_list<FeatureGroup> groups) {
  const auto all = layout.groups;
  layout.groups.fill(false);
  for (const FeatureGroup group : groups)
    layout.groups[static_cast<std::size_t>(group)] = all[static_cast<std::size_t>(group)];
  return layout;
}

}  // namespace
}  // namespace features_internal

using namespace features_internal;

FeatureTable compute_features(const ClientBase& base, Day as_of, const FeatureOptions& options,
                              const Control& control) {
  check_options(options, as_of);
  control.check();
  auto state = std::make_shared<FeatureTable::State>();
  state->options = options;
  state->layout = layout_of(base, options);
  state->store = std::make_shared<Store>();
  Store& store = *state->store;
  store.rows = base.clients();
  Source source{base, as_of, CodeIndex(base.partition_sizes(), true), nullptr};
  const Layout& layout = state->layout;
  // Purchases alone, and never to be refreshed, need no way from a client to his row.
  const bool purchases_only = layout == only(layout, {FeatureGroup::purchases}) && !needs_histories(layout);
  if (!purchases_only || options.columns.empty()) source.row_of = rows_by_code(base, source.index, control);
  state->sources.push_back(source);
  if (layout.has(FeatureGroup::purchases)) {
    add_purchase_slots(store, layout, options);
    state->later_rows = fill_purchases(store, source, options, layout, control);
  }
  fill_others(
      store, state->sources, options, layout, as_of,
      [&](const EngagementOverflow& overflow) { fail_engagement(base, overflow); }, control);
  control.report("features", 1.0);
  return finished(std::move(state), base.client_column().renamed("client"), as_of);
}

FeatureTable refresh_features(FeatureTable previous, const ClientBase& base, Day as_of, const Control& control) {
  std::shared_ptr<FeatureTable::State> former = previous.release_state();
  const Day former_day = previous.as_of();
  const std::optional<Column> former_clients = former ? std::optional<Column>(previous.column("client")) : std::nullopt;
  previous = FeatureTable();
  if (!former) throw Error(Code::invalid_argument, "there is no feature table to refresh", "previous");
  if (former->sources.size() != 1)
    throw Error(Code::invalid_argument, "a merged feature table cannot be refreshed", "previous");
  const FeatureOptions options = former->options;
  check_options(options, as_of);
  const Source& before = former->sources[0];
  if (!base.extends(before.base))
    throw Error(Code::invalid_argument, "the base does not extend the one that the features were made from", "base");
  if (as_of < former_day)
    throw Error(Code::invalid_argument,
                "as_of " + to_text(as_of) + " is before that of the features, " + to_text(former_day), "as_of");
  control.check();
  const auto fresh = [&](TableId table) { return base.chunks(table).subspan(before.base.chunks(table).size()); };
  const auto lines = fresh(TableId::transactions);
  const bool moved = as_of != former_day;
  const bool contacts =
      !fresh(TableId::interactions).empty() || !fresh(TableId::requests).empty() || !lines.empty() || moved;
  const Layout layout = layout_of(base, options);
  const bool anew = layout != former->layout || !options.columns.empty() || options.holdout_until ||
                    (moved && moving(options)) ||
                    (moved && (former->later_rows != 0 || !layout.has(FeatureGroup::purchases))) ||
                    (contacts && layout.has(FeatureGroup::engagement));
  if (anew) {
    former.reset();
    return compute_features(base, as_of, options, control);
  }

  // Whoever held a part of the former table has let go of it if these are the only ones.
  const bool mine = held_by(former, 1) && held_by(former->store, 1);
  auto state = std::make_shared<FeatureTable::State>();
  state->options = options;
  state->layout = layout;
  state->later_rows = former->later_rows;
  state->store = mine ? std::move(former->store) : former->store->clone(control);
  Store& store = *state->store;
  const std::size_t former_count = before.base.clients();
  Source source{base, as_of, before.index.grown(base.partition_sizes()), before.row_of};
  if (base.clients() != former_count) {
    const std::vector<Arrival> arrivals = arrivals_of(base, before.index, source.index);
    std::vector<std::uint32_t> positions;
    for (const Arrival& arrival : arrivals) positions.push_back(arrival.row);
    store.insert_rows(positions, control);
    // Rows of the former table are written over only where nobody has that table.
    if (mine && held_by(source.row_of, 2) && source.index.same_places(before.index)) {
      shift_rows(*source.row_of, source.index, arrivals, former_count, control);
    } else {
      source.row_of = rows_by_code(base, source.index, control);
    }
  }
  state->sources.push_back(source);

  if (layout.has(FeatureGroup::purchases)) {
    try {
      state->later_rows += add_purchases(store, source, lines, options, layout, control);
    } catch (const Overflow&) {
      return compute_features(base, as_of, options, control);
    }
    finish_purchases(store, as_of, control);
  }
  const Layout histories =
      only(layout, {FeatureGroup::purchases, FeatureGroup::gaps, FeatureGroup::repeats, FeatureGroup::products});
  if (layout.has(FeatureGroup::repeats) && moved)
    shift_repeat_age(store, period_index(as_of, options.period) - period_index(former_day, options.period), control);
  if (needs_histories(histories) && !lines.empty()) {
    const HistoryTask task{options, histories, as_of};
    std::vector<std::uint8_t> again;  // by row: clients that are gone through again, with all their lines
    if (!store.sums.empty()) {
      // Orders after all the former ones are added to what is known of the client.
      const auto order = static_cast<std::size_t>(TransactionField::order);
      again =
          append_histories(store, source, lines, before.base.terms(TableId::transactions, order).size(), task, control);
    } else {
      again.resize(store.rows, 0);
      for (const auto& chunk : lines)
        for (const std::uint32_t code : chunk->clients())
          if (code != no_code) again[(*source.row_of)[source.index(code)]] = 1;
    }
    std::vector<std::uint32_t> rows;
    for (std::size_t r = 0; r < again.size(); ++r)
      if (again[r] != 0) rows.push_back(static_cast<std::uint32_t>(r));
    Source touched = source;
    const std::span<const Source> sources(&touched, 1);
    if (!rows.empty()) {
      auto targets = std::make_shared<Buffer<std::uint32_t>>(source.index.size(), no_code);
      auto some = std::make_shared<std::vector<std::uint64_t>>(source.index.size() / 64 + 1, 0);
      for (std::size_t t = 0; t < rows.size(); ++t) {
        const std::size_t place = source.index(base.codes_in_order()[rows[t]]);
        (*targets)[place] = static_cast<std::uint32_t>(t);
        (*some)[place / 64] |= std::uint64_t{1} << (place % 64);
      }
      touched.row_of = std::move(targets);
      touched.some = std::move(some);
    }
    if (layout.has(FeatureGroup::products))
      for (const auto& [slot, field] : {std::pair{"top_product", TransactionField::product},
                                        std::pair{"top_category", TransactionField::product_category}})
        unseal_terms(store.slot(FeatureGroup::products, slot), store.rows,
                     unite_terms(sources, TableId::transactions, static_cast<std::size_t>(field)).texts);
    EngagementSums none;
    // Without rows this only seals the terms again.
    if (!rows.empty() || layout.has(FeatureGroup::products))
      fill_histories(store, sources, rows.size(), rows, task, none, control);
  }
  for (const FeatureGroup group :
       {FeatureGroup::gaps, FeatureGroup::repeats, FeatureGroup::products, FeatureGroup::engagement})
    seal(store, group, control);

  const bool interactions = moved || !fresh(TableId::interactions).empty();
  const bool feedback = moved || !fresh(TableId::feedback).empty();
  Layout contact = only(layout, {});
  if (layout.has(FeatureGroup::interactions) && interactions)
    contact.groups[static_cast<std::size_t>(FeatureGroup::interactions)] = true;
  if (layout.has(FeatureGroup::satisfaction) && feedback)
    contact.groups[static_cast<std::size_t>(FeatureGroup::satisfaction)] = true;
  for (const FeatureGroup group : {FeatureGroup::interactions, FeatureGroup::satisfaction}) {
    if (contact.has(group)) {
      store[group].clear();
    } else {
      seal(store, group, control);
    }
  }
  EngagementSums none;
  fill_contacts(store, state->sources, options, contact, as_of, none, control);
  control.report("features", 1.0);
  // The ids of an extended base are made when they are first asked for; without new clients they are the same.
  const bool same_clients = base.clients() == former_count;
  return finished(std::move(state), same_clients ? *former_clients : base.client_column().renamed("client"), as_of);
}

}  // namespace klientela
