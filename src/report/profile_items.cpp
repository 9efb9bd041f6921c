// Tests of items: see profile_items.hpp.
#include "report/profile_items.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "report/columns.hpp"
#include "report/hypergeometric.hpp"

namespace klientela::report {

namespace {

constexpr std::uint64_t most_pairs = 50'000'000;

template <class T>
using Cells = std::vector<std::optional<T>>;

}  // namespace

void put_items(const Grouping& grouping, std::size_t column, const Baskets& baskets, std::uint16_t kind,
               const ProfileOptions& options, std::vector<ItemRow>& rows, const Control& control) {
  const std::size_t items = baskets.texts().size();
  const std::size_t groups = grouping.size();
  // Clients with any item, and with each.
  std::vector<std::int64_t> with_any(groups, 0);
  std::vector<std::vector<std::uint32_t>> parts(control.concurrency());
  share_out(control, groups, [&](std::size_t worker, std::size_t g) {
    auto& counts = parts[worker];
    if (counts.empty()) counts.assign(items, 0);
    for (const std::uint32_t row : grouping.of(g)) {
      const auto basket = baskets.of(row);
      with_any[g] += basket.empty() ? 0 : 1;
      for (const std::uint32_t item : basket) ++counts[item];
    }
  });
  std::vector<std::int64_t> totals(items, 0);
  for (const auto& counts : parts)
    for (std::size_t item = 0; item < counts.size(); ++item) totals[item] += counts[item];
  parts.clear();
  const std::int64_t all = std::accumulate(with_any.begin(), with_any.end(), std::int64_t{0});
  const auto tested = [&](std::size_t item) { return totals[item] >= options.min_clients; };
  std::uint64_t tested_items = 0;
  for (std::size_t item = 0; item < items; ++item) tested_items += tested(item) ? 1 : 0;
  std::uint64_t tested_groups = 0;
  for (const std::int64_t n : with_any) tested_groups += n > 0 ? 1 : 0;
  const std::uint64_t tests = tested_items * tested_groups;
  const bool two_sided = options.test == ProfileTest::two_sided;
  if (two_sided && tests > most_pairs)
    throw Error(Code::invalid_argument,
                std::to_string(tests) + " two-sided tests of column " + grouping.column + " are more than " +
                    std::to_string(most_pairs) + "; ask for `greater`, or raise min_clients",
                "test");

  struct Entry {
    std::uint32_t item;
    std::int64_t clients;
    double p;
    double q;
  };
  std::vector<std::vector<Entry>> found(groups);
  std::vector<std::vector<std::int64_t>> counts_of(control.concurrency());
  share_out(control, groups, [&](std::size_t worker, std::size_t g) {
    const std::int64_t n = with_any[g];
    if (n == 0) return;
    control.check();
    auto& counts = counts_of[worker];
    if (counts.empty()) counts.assign(items, 0);
    std::vector<std::uint32_t> touched;
    for (const std::uint32_t row : grouping.of(g))
      for (const std::uint32_t item : baskets.of(row))
        if (tested(item) && counts[item]++ == 0) touched.push_back(item);
    if (two_sided) {
      touched.clear();
      for (std::size_t item = 0; item < items; ++item)
        if (tested(item)) touched.push_back(static_cast<std::uint32_t>(item));
    }
    found[g].reserve(touched.size());
    for (const std::uint32_t item : touched) {
      const Hypergeometric chance(all, totals[item], n);
      const std::int64_t k = std::exchange(counts[item], 0);
      found[g].push_back({item, k, two_sided ? chance.two_sided(k) : chance.at_least(k), 1});
    }
  });

  // What nobody of a group has counts as a test too: its one-sided p is 1, behind all others.
  std::vector<Entry*> entries;
  for (auto& of_group : found)
    for (Entry& entry : of_group) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->p < b->p; });
  std::vector<double> p;
  p.reserve(entries.size());
  for (const Entry* entry : entries) p.push_back(entry->p);
  const std::vector<double> q = false_discovery_rates(p, static_cast<double>(tests));
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i]->q = q[i];

  __extension__ typedef __int128 Wide;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::int64_t n = with_any[g];
    auto& mine = found[g];
    const auto rest = [&](const Entry& entry) { return totals[entry.item] - entry.clients; };
    if (!two_sided)
      std::erase_if(mine, [&](const Entry& entry) { return Wide{entry.clients} * (all - n) <= Wide{rest(entry)} * n; });
    // Lifts as fractions: clients / n over rest / (all - n); n and all - n are the same for all of a group.
    const auto before = [&](const Entry& a, const Entry& b) {
      if (a.p != b.p) return a.p < b.p;
      const Wide left = Wide{a.clients} * rest(b);
      const Wide right = Wide{b.clients} * rest(a);
      if (left != right) return left > right;
      return baskets.texts()[a.item] < baskets.texts()[b.item];
    };
    const std::size_t listed = options.top == 0 ? mine.size() : std::min<std::size_t>(mine.size(), options.top);
    std::partial_sort(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(listed), mine.end(), before);
    for (std::size_t i = 0; i < listed; ++i) {
      const Entry& entry = mine[i];
      rows.push_back({column, g, kind, baskets.texts()[entry.item], entry.clients, rest(entry),
                      share_of(entry.clients, n), share_of(rest(entry), all - n), entry.p, entry.q});
    }
  }
}

Table item_table(std::vector<ItemRow>& rows, const std::vector<Grouping>& groupings) {
  // Kinds came one after the other for all columns.
  std::stable_sort(rows.begin(), rows.end(), [](const ItemRow& a, const ItemRow& b) {
    return a.column != b.column ? a.column < b.column : a.group < b.group;
  });
  std::vector<std::string> columns, groups, items;
  std::vector<std::uint16_t> kinds;
  Cells<std::int64_t> clients, rest_clients;
  Cells<double> shares, rest_shares, lifts, p, q;
  for (const ItemRow& row : rows) {
    columns.push_back(groupings[row.column].column);
    groups.push_back(groupings[row.column].labels[row.group]);
    kinds.push_back(row.kind);
    items.emplace_back(row.item);
    clients.emplace_back(row.clients);
    rest_clients.emplace_back(row.rest_clients);
    shares.push_back(row.share);
    rest_shares.push_back(row.rest_share);
    lifts.push_back(row.rest_clients > 0 ? std::optional(*row.share / *row.rest_share) : std::nullopt);
    p.emplace_back(row.p);
    q.emplace_back(row.q);
  }
  Table table;
  table.add(Column("column", columns));
  table.add(Column("group", groups));
  table.add(label_column("kind", kinds, {"product", "category", "requested", "topic"}));
  table.add(Column("item", items));
  table.add(column_of("clients", ColumnType::int64, clients));
  table.add(column_of("share", ColumnType::float64, shares));
  table.add(column_of("rest_clients", ColumnType::int64, rest_clients));
  table.add(column_of("rest_share", ColumnType::float64, rest_shares));
  table.add(column_of("lift", ColumnType::float64, lifts));
  table.add(column_of("p", ColumnType::float64, p));
  table.add(column_of("q", ColumnType::float64, q));
  return table;
}

}  // namespace klientela::report
