// merge_features: rows of two tables under one order of clients.
#include <algorithm>

#include "features/options.hpp"
#include "features/state.hpp"
#include "features/tables.hpp"

namespace klientela {
namespace features_internal {
namespace {

constexpr FeatureGroup purchases = FeatureGroup::purchases;

// Rows of both tables in the order of the merged one; no_code where a table lacks the client.
struct Pairing {
  std::vector<std::uint32_t> earlier;
  std::vector<std::uint32_t> later;
};

template <class EarlierId, class LaterId>
Pairing pair_rows(std::size_t a, EarlierId&& earlier, std::size_t b, LaterId&& later) {
  Pairing pairing;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a || j < b) {
    const bool first = j == b || (i < a && earlier(i) <= later(j));
    const bool second = i == a || (j < b && later(j) <= earlier(i));
    pairing.earlier.push_back(first ? static_cast<std::uint32_t>(i) : no_code);
    pairing.later.push_back(second ? static_cast<std::uint32_t>(j) : no_code);
    i += first ? 1 : 0;
    j += second ? 1 : 0;
  }
  return pairing;
}

ClientId id_at(const Column& clients, std::size_t row) {
  if (clients.type() == ColumnType::int64) return ClientId(clients.values<std::int64_t>()[row]);
  return ClientId(clients.text(row));
}

Pairing pair_rows(const Column& earlier, const Column& later) {
  if (earlier.type() == ColumnType::int64 && later.type() == ColumnType::int64) {
    const auto a = earlier.values<std::int64_t>();
    const auto b = later.values<std::int64_t>();
    return pair_rows(
        a.size(), [&](std::size_t i) { return a[i]; }, b.size(), [&](std::size_t i) { return b[i]; });
  }
  return pair_rows(
      earlier.size(), [&](std::size_t i) { return id_at(earlier, i); }, later.size(),
      [&](std::size_t i) { return id_at(later, i); });
}

Column merged_clients(const Column& earlier, const Column& later, const Pairing& pairing) {
  const std::size_t rows = pairing.earlier.size();
  // An empty base has no type of id of its own.
  const bool integers = (earlier.type() == ColumnType::int64 || earlier.size() == 0) &&
                        (later.type() == ColumnType::int64 || later.size() == 0) &&
                        (earlier.type() == ColumnType::int64 || later.type() == ColumnType::int64);
  const auto from = [&](std::size_t r) -> std::pair<const Column&, std::size_t> {
    if (pairing.earlier[r] != no_code) return {earlier, pairing.earlier[r]};
    return {later, pairing.later[r]};
  };
  if (integers) {
    Buffer<std::int64_t> ids(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto [column, row] = from(r);
      ids[r] = column.values<std::int64_t>()[row];
    }
    return Column("client", ColumnType::int64, std::move(ids));
  }
  std::vector<std::string> ids(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto [column, row] = from(r);
    ids[r] = column.to_text(row);
  }
  return Column("client", ids);
}

// A source of one of the tables, its clients' rows those of the merged table.
Source placed(const Source& source, const std::vector<std::uint32_t>& merged_row) {
  auto rows = std::make_shared<Buffer<std::uint32_t>>(source.index.size());
  for (std::size_t i = 0; i < source.index.size(); ++i) {
    const std::uint32_t row = (*source.row_of)[i];
    (*rows)[i] = row == no_code ? no_code : merged_row[row];
  }
  Source copy = source;
  copy.row_of = std::move(rows);
  return copy;
}

std::vector<std::uint32_t> merged_rows(const std::vector<std::uint32_t>& rows, std::size_t count) {
  std::vector<std::uint32_t> merged(count);
  for (std::size_t r = 0; r < rows.size(); ++r)
    if (rows[r] != no_code) merged[rows[r]] = static_cast<std::uint32_t>(r);
  return merged;
}

bool has_slot(const Store& store, std::string_view name) {
  for (const Slot& slot : store.groups[static_cast<std::size_t>(purchases)])
    if (slot.name == name) return true;
  return false;
}

struct Merger {
  const Pairing& pairing;
  Store& earlier;
  Store& later;
  Store& out;
  const Column& clients;

  // combine(x, y) of the values that are there.
  template <class T, class Values, class Combine>
  void merge(const std::string& name, T empty, Values&& values, Combine&& combine) {
    const T* a = has_slot(earlier, name) ? values(earlier.slot(purchases, name)) : nullptr;
    const T* b = has_slot(later, name) ? values(later.slot(purchases, name)) : nullptr;
    T* to = values(out.slot(purchases, name));
    for (std::size_t r = 0; r < out.rows; ++r) {
      const T x = a == nullptr || pairing.earlier[r] == no_code ? empty : a[pairing.earlier[r]];
      const T y = b == nullptr || pairing.later[r] == no_code ? empty : b[pairing.later[r]];
      to[r] = combine(r, x, y);
    }
  }
  void sums(const std::string& name, bool nullable) {
    const std::int64_t empty = nullable ? null_number : 0;
    merge<std::int64_t>(
        name, empty, [](Slot& slot) { return slot.int64s(); },
        [&](std::size_t r, std::int64_t x, std::int64_t y) {
          if (nullable && x == null_number) return y;
          if (nullable && y == null_number) return x;
          std::int64_t sum = 0;
          if (__builtin_add_overflow(x, y, &sum) || sum == null_number) fail_overflow(clients.to_text(r), name);
          return sum;
        });
  }
  void counts(const std::string& name) {
    merge<std::int32_t>(
        name, 0, [](Slot& slot) { return slot.int32s(); },
        [&](std::size_t r, std::int32_t x, std::int32_t y) {
          std::int32_t sum = 0;
          if (__builtin_add_overflow(x, y, &sum)) fail_overflow(clients.to_text(r), name);
          return sum;
        });
  }
  void days(const std::string& name, bool first) {
    merge<std::int32_t>(
        name, null_day, [](Slot& slot) { return slot.int32s(); },
        [&](std::size_t, std::int32_t x, std::int32_t y) {
          if (x == null_day || y == null_day) return x == null_day ? y : x;
          return first ? std::min(x, y) : std::max(x, y);
        });
  }
};

Layout united(const Layout& a, const Layout& b) {
  Layout out = a;
  for (std::size_t g = 0; g < feature_group_count; ++g) out.groups[g] = a.groups[g] || b.groups[g];
  out.orders = a.orders || b.orders;
  out.profit = a.profit || b.profit;
  out.quantity = a.quantity || b.quantity;
  return out;
}

}  // namespace
}  // namespace features_internal

using namespace features_internal;

FeatureTable merge_features(const FeatureTable& earlier, const FeatureTable& later) {
  if (!earlier.state()) throw Error(Code::invalid_argument, "there is no feature table to merge", "earlier");
  if (!later.state()) throw Error(Code::invalid_argument, "there is no feature table to merge", "later");
  const FeatureTable::State& a = *earlier.state();
  const FeatureTable::State& b = *later.state();
  if (a.options != b.options)
    throw Error(Code::invalid_argument, "the tables were computed with different options", "later");
  if (earlier.as_of() > later.as_of())
    throw Error(Code::invalid_argument,
                "as_of of earlier, " + to_text(earlier.as_of()) + ", is after that of later, " + to_text(later.as_of()),
                "earlier");
  const FeatureOptions& options = a.options;
  if (!options.columns.empty())
    throw Error(Code::invalid_argument, "tables with chosen columns lack what a merge adds up", "earlier");
  if (earlier.as_of() != later.as_of() && (options.window_days || options.window_months || options.holdout_until))
    throw Error(Code::invalid_argument, "tables with a window or a holdout merge only as of the same day", "earlier");

  const Column& first = earlier.column("client");
  const Column& second = later.column("client");
  const Pairing pairing = pair_rows(first, second);
  auto state = std::make_shared<FeatureTable::State>();
  state->options = options;
  state->layout = united(a.layout, b.layout);
  state->later_rows = a.later_rows + b.later_rows;
  state->store = std::make_shared<Store>();
  Store& store = *state->store;
  store.rows = pairing.earlier.size();
  const Column clients = merged_clients(first, second, pairing);
  const std::vector<std::uint32_t> from_earlier = merged_rows(pairing.earlier, first.size());
  const std::vector<std::uint32_t> from_later = merged_rows(pairing.later, second.size());
  for (const Source& source : a.sources) state->sources.push_back(placed(source, from_earlier));
  for (const Source& source : b.sources) state->sources.push_back(placed(source, from_later));

  const Control control;
  const Layout& layout = state->layout;
  if (layout.has(purchases)) {
    add_purchase_slots(store, layout, options);
    Merger merger{pairing, *a.store, *b.store, store, clients};
    for (const char* name : {"lines", "refund_lines"}) merger.counts(name);
    for (const char* name : {"money_gross", "money_refunds"}) merger.sums(name, false);
    const std::int64_t* gross = store.slot(purchases, "money_gross").int64s();
    const std::int64_t* refunds = store.slot(purchases, "money_refunds").int64s();
    std::int64_t* net = store.slot(purchases, "money_net").int64s();
    for (std::size_t r = 0; r < store.rows; ++r) net[r] = gross[r] - refunds[r];
    merger.days("first_purchase", true);
    merger.days("last_purchase", false);
    if (layout.profit) merger.sums("profit", true);
    if (layout.quantity) merger.sums("quantity", true);
    finish_purchases(store, later.as_of(), control);
  }
  fill_others(
      store, state->sources, options, layout, later.as_of(),
      [&](const EngagementOverflow& overflow) { fail_overflow(clients.to_text(overflow.row), "engagement"); }, control);
  Table table = table_of(state->store, layout, options, clients);
  return FeatureTable(std::move(table), later.as_of(), std::move(state));
}

}  // namespace klientela
