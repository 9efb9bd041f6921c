// The tree of clients out of parents and contacts, without recursion, and bases rolled up along it.
#include "klientela/model/roll_up.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "model/mapped_chunks.hpp"

namespace klientela {

struct Hierarchy::Data {
  ClientBase base;
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> roots;
  std::vector<std::int32_t> levels;
  std::vector<ClientLink> links;
  std::vector<std::uint32_t> by_level;  ///< rows, those of level 1 first
  std::int32_t depth{0};
  std::size_t undecided{0};
};

namespace {

constexpr std::size_t block_rows = 4096;

/// Rows of a base by the codes that count as them.
class Rows {
 public:
  explicit Rows(const ClientBase& base)
      : map_(base.data()->map.get()), places_(base.partition_sizes()), rows_(places_.size(), no_code) {
    const auto codes = base.codes_in_order();
    for (std::size_t row = 0; row < codes.size(); ++row) rows_[places_(codes[row])] = static_cast<std::uint32_t>(row);
  }
  [[nodiscard]] std::uint32_t operator()(std::uint32_t code) const noexcept {
    if (code != no_code && map_ != nullptr) code = (*map_)(code);
    return code == no_code ? no_code : rows_[places_(code)];
  }

 private:
  const index::CodeMap* map_;
  index::CodeIndex places_;
  std::vector<std::uint32_t> rows_;
};

std::vector<std::uint32_t> codes_of(const Values* values, std::size_t rows) {
  std::vector<std::uint32_t> codes(rows, no_code);
  for (std::size_t begin = 0; values != nullptr && begin < rows; begin += block_rows)
    values->codes(begin, std::span(codes).subspan(begin, std::min(block_rows, rows - begin)));
  return codes;
}

void link_parents(Hierarchy::Data& data, const Rows& row_of) {
  std::vector<std::vector<std::uint32_t>> parents;
  for (const auto& chunk : data.base.chunks(TableId::clients))
    parents.push_back(codes_of((*chunk)[ClientField::parent], chunk->rows()));
  const auto codes = data.base.codes_in_order();
  for (std::size_t row = 0; row < codes.size(); ++row) {
    const auto card = data.base.card_of(codes[row]);
    if (!card) continue;
    const std::uint32_t parent = row_of(parents[card->chunk][card->row]);
    if (parent == no_code || parent == row) continue;
    data.parents[row] = parent;
    data.links[row] = ClientLink::parent;
  }
}

void link_contacts(Hierarchy::Data& data, const Rows& row_of, std::optional<Day> on) {
  struct Edge {
    std::uint32_t contact;
    std::uint32_t organisation;
    bool primary;
  };
  std::vector<Edge> edges;
  const auto day = on ? static_cast<std::int32_t>(on->time_since_epoch().count()) : 0;
  for (const auto& chunk : data.base.chunks(TableId::contacts)) {
    const auto organisations = codes_of((*chunk)[ContactField::organisation], chunk->rows());
    const Values* primary = (*chunk)[ContactField::primary];
    const Values* since = (*chunk)[ContactField::since];
    const Values* until = (*chunk)[ContactField::until];
    std::array<std::int32_t, block_rows> first;
    std::array<std::int32_t, block_rows> last;
    std::array<std::uint8_t, block_rows> main;
    first.fill(null_day);
    last.fill(null_day);
    main.fill(2);
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block_rows) {
      const std::size_t n = std::min(block_rows, chunk->rows() - begin);
      if (primary != nullptr) primary->booleans(begin, std::span(main.data(), n));
      if (since != nullptr) since->days(begin, std::span(first.data(), n));
      if (until != nullptr) until->days(begin, std::span(last.data(), n));
      for (std::size_t i = 0; i < n; ++i) {
        if (chunk->is_rejected(begin + i)) continue;
        if (on && ((first[i] != null_day && first[i] > day) || (last[i] != null_day && last[i] < day))) continue;
        const std::uint32_t contact = row_of(chunk->clients()[begin + i]);
        const std::uint32_t organisation = row_of(organisations[begin + i]);
        if (contact == no_code || organisation == no_code || contact == organisation) continue;
        if (data.links[contact] == ClientLink::none) edges.push_back({contact, organisation, main[i] == 1});
      }
    }
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return a.contact != b.contact ? a.contact < b.contact : a.organisation < b.organisation;
  });
  for (std::size_t begin = 0; begin < edges.size();) {
    std::size_t end = begin;
    const std::uint32_t contact = edges[begin].contact;
    std::size_t organisations = 0;
    std::size_t primaries = 0;
    std::uint32_t only = no_code;
    while (end < edges.size() && edges[end].contact == contact) {
      bool primary = false;
      const std::uint32_t organisation = edges[end].organisation;
      for (; end < edges.size() && edges[end].contact == contact && edges[end].organisation == organisation; ++end)
        primary = primary || edges[end].primary;
      ++organisations;
      if (primary) ++primaries;
      if (primary || organisations == 1) only = organisation;
    }
    if (organisations == 1 || primaries == 1) {
      data.parents[contact] = only;
      data.links[contact] = ClientLink::contact;
    } else {
      data.links[contact] = ClientLink::undecided;
      ++data.undecided;
    }
    begin = end;
  }
}

[[noreturn]] void fail_circle(const Hierarchy::Data& data, std::uint32_t first) {
  constexpr std::size_t most_bytes = 180;
  const auto codes = data.base.codes_in_order();
  std::string text = data.base.id_of(codes[first]).to_text();
  std::size_t clients = 0;
  bool contacts = false;
  for (std::uint32_t row = first; clients == 0 || row != first;) {
    contacts = contacts || data.links[row] == ClientLink::contact;
    row = data.parents[row];
    ++clients;
    if (text.size() < most_bytes) text += " < " + data.base.id_of(codes[row]).to_text();
  }
  if (text.size() >= most_bytes) text += " ...";
  throw Error(Code::bad_data,
              std::to_string(clients) + " clients belong to one another in a circle: " + text +
                  (contacts ? "; without contacts it can be rolled up by the parents alone" : ""),
              contacts ? "contacts.organisation" : "clients.parent");
}

/// Levels and roots by walking up from every client to one that is known, then back.
void find_levels(Hierarchy::Data& data) {
  constexpr std::int32_t unseen = 0;
  constexpr std::int32_t on_the_way = -1;
  const std::size_t rows = data.parents.size();
  data.levels.assign(rows, unseen);
  data.roots.resize(rows);
  std::vector<std::uint32_t> path;
  std::uint32_t circle = no_code;  // smallest row that is on one
  for (std::size_t start = 0; start < rows; ++start) {
    auto row = static_cast<std::uint32_t>(start);
    path.clear();
    while (row != no_code && data.levels[row] == unseen) {
      data.levels[row] = on_the_way;
      path.push_back(row);
      row = data.parents[row];
    }
    if (row != no_code && data.levels[row] == on_the_way) {
      for (auto at = path.rbegin();; ++at) {
        circle = std::min(circle, *at);
        if (*at == row) break;
      }
      row = no_code;  // as good as any: nothing comes of it
    }
    std::int32_t level = row == no_code ? 0 : data.levels[row];
    std::uint32_t root = row == no_code ? no_code : data.roots[row];
    for (auto at = path.rbegin(); at != path.rend(); ++at) {
      if (root == no_code) root = *at;
      data.levels[*at] = ++level;
      data.roots[*at] = root;
    }
  }
  if (circle != no_code) fail_circle(data, circle);
}

void sort_by_level(Hierarchy::Data& data) {
  for (const std::int32_t level : data.levels) data.depth = std::max(data.depth, level);
  std::vector<std::size_t> ends(static_cast<std::size_t>(data.depth) + 2, 0);
  for (const std::int32_t level : data.levels) ++ends[static_cast<std::size_t>(level) + 1];
  for (std::size_t level = 1; level < ends.size(); ++level) ends[level] += ends[level - 1];
  data.by_level.resize(data.levels.size());
  for (std::size_t row = 0; row < data.levels.size(); ++row)
    data.by_level[ends[static_cast<std::size_t>(data.levels[row])]++] = static_cast<std::uint32_t>(row);
}

/// The ids of other rows; null where there is none.
Column ids_of(std::string name, const Column& ids, const std::vector<std::uint32_t>& rows) {
  if (ids.type() == ColumnType::int64) {
    const auto from = ids.values<std::int64_t>();
    Buffer<std::int64_t> values(rows.size(), 0);
    Buffer<std::uint8_t> valid((rows.size() + 7) / 8, 0);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows[row] == no_code) continue;
      values[row] = from[rows[row]];
      valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
    }
    return Column(std::move(name), ColumnType::int64, std::move(values), std::move(valid));
  }
  std::vector<std::optional<std::string>> texts(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (rows[row] != no_code) texts[row] = std::string(ids.text(rows[row]));
  return Column(std::move(name), texts);
}

}  // namespace

Hierarchy::Hierarchy(const ClientBase& base, const RollUpOptions& options) {
  auto data = std::make_shared<Data>();
  data->base = base;
  data->parents.assign(base.clients(), no_code);
  data->links.assign(base.clients(), ClientLink::none);
  const Rows row_of(base);
  link_parents(*data, row_of);
  if (options.contacts) link_contacts(*data, row_of, options.on);
  find_levels(*data);
  sort_by_level(*data);
  data_ = std::move(data);
}

const ClientBase& Hierarchy::base() const noexcept { return data_->base; }
std::span<const std::uint32_t> Hierarchy::parents() const noexcept { return data_->parents; }
std::span<const std::uint32_t> Hierarchy::roots() const noexcept { return data_->roots; }
std::span<const std::int32_t> Hierarchy::levels() const noexcept { return data_->levels; }
std::int32_t Hierarchy::depth() const noexcept { return data_->depth; }
std::size_t Hierarchy::undecided() const noexcept { return data_->undecided; }

Table Hierarchy::table() const {
  const Data& data = *data_;
  const std::size_t rows = data.parents.size();
  const Column ids = data.base.client_column();
  Buffer<std::int32_t> levels(rows);
  Buffer<std::int64_t> children(rows, 0);
  Buffer<std::int64_t> members(rows, 1);
  Buffer<std::uint16_t> links(rows, 0);
  Buffer<std::uint8_t> linked((rows + 7) / 8, 0);
  std::copy(data.levels.begin(), data.levels.end(), levels.begin());
  for (auto row = data.by_level.rbegin(); row != data.by_level.rend(); ++row) {
    if (const ClientLink link = data.links[*row]; link != ClientLink::none) {
      links[*row] = static_cast<std::uint16_t>(static_cast<int>(link) - 1);
      linked[*row >> 3] = static_cast<std::uint8_t>(linked[*row >> 3] | (1U << (*row & 7)));
    }
    const std::uint32_t parent = data.parents[*row];
    if (parent == no_code) continue;
    ++children[parent];
    members[parent] += members[*row];
  }
  Table table;
  table.add(ids);
  table.add(ids_of("parent", ids, data.parents));
  table.add(ids.take(data.roots).renamed("root"));
  table.add(Column("level", ColumnType::int32, std::move(levels)));
  table.add(Column("children", ColumnType::int64, std::move(children)));
  table.add(Column("members", ColumnType::int64, std::move(members)));
  table.add(Column(
      "link", std::move(links),
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"parent", "contact", "undecided"}),
      std::move(linked)));
  return table;
}

ClientMap Hierarchy::to_level(std::int32_t level) const {
  if (level < 1) throw Error(Code::invalid_argument, "level must be 1 or more; 1 is that of the roots", "level");
  const Data& data = *data_;
  std::vector<std::uint32_t> canonical(data.parents.size());
  const auto codes = data.base.codes_in_order();
  for (const std::uint32_t row : data.by_level)
    canonical[row] = data.levels[row] <= level ? codes[row] : canonical[data.parents[row]];
  return ClientMap(data.base, canonical);
}

namespace {

ClientBase to_every_node(const Hierarchy::Data& tree, const RollUpOptions& options, const Control& control) {
  const ClientBase& base = tree.base;
  const auto codes = base.codes_in_order();
  if (options.max_levels < 1 || options.max_levels > 1000)
    throw Error(Code::invalid_argument, "max_levels must be in 1 .. 1000", "max_levels");
  if (tree.depth > options.max_levels)
    throw Error(Code::out_of_range,
                "client " + base.id_of(codes[tree.by_level.back()]).to_text() + " is at level " +
                    std::to_string(tree.depth) + ", and rows are seen once for each of at most " +
                    std::to_string(options.max_levels) + " levels",
                "max_levels");
  auto data = index::copy_of(*base.data());
  data->derived = true;
  data->repeated = tree.depth > 1;
  for (const TableId table : index::mapped_tables) {
    const auto t = static_cast<std::size_t>(table);
    data->chunks[t].clear();
    data->rows[t] = data->accepted[t] = 0;
  }
  index::CodeMap map{index::CodeIndex(base.partition_sizes()), {}};
  map.codes = Buffer<std::uint32_t>(map.places.size(), no_code);
  for (std::int32_t level = 1; level <= std::max(tree.depth, 1); ++level) {
    for (const std::uint32_t row : tree.by_level) {
      std::uint32_t& code = map.codes[map.places(codes[row])];
      if (tree.levels[row] < level) {
        code = no_code;
      } else {
        code = tree.levels[row] == level ? codes[row] : map.codes[map.places(codes[tree.parents[row]])];
      }
    }
    index::append_mapped(base, map, *data, control);
  }
  return ClientBase(std::move(data));
}

}  // namespace

ClientBase roll_up(const Hierarchy& hierarchy, const RollUpOptions& options, const Control& control) {
  if (hierarchy.base().repeats_rows())
    throw Error(Code::invalid_argument, "the base was rolled up to every node before", "base");
  switch (options.to) {
    case RollUpTo::roots: return mapped(hierarchy.to_level(1), control);
    case RollUpTo::level: return mapped(hierarchy.to_level(options.level), control);
    case RollUpTo::every_node: return to_every_node(hierarchy.data(), options, control);
  }
  throw Error(Code::invalid_argument, "`to` is none of roots, level, every_node", "to");
}

ClientBase roll_up(const ClientBase& base, const RollUpOptions& options, const Control& control) {
  return roll_up(Hierarchy(base, options), options, control);
}

}  // namespace klientela
