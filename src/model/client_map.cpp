// Maps of clients, and chunks whose rows are another client's.
#include "klientela/model/client_map.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "model/mapped_chunks.hpp"
#include "model/own_values.hpp"

namespace klientela {

struct ClientMap::Codes : index::CodeMap {};

namespace {

/// Whose rows they are, as a column.
class MappedClients final : public Values {
 public:
  explicit MappedClients(Buffer<std::uint32_t> codes) : codes_(std::move(codes)) {}
  [[nodiscard]] std::span<const std::uint32_t> all() const noexcept { return {codes_.data(), codes_.size()}; }
  [[nodiscard]] FieldType type() const noexcept override { return FieldType::client; }
  [[nodiscard]] std::size_t size() const noexcept override { return codes_.size(); }
  [[nodiscard]] bool is_null(std::size_t row) const override { return codes_[row] == no_code; }
  void codes(std::size_t begin, std::span<std::uint32_t> out) const override {
    if (begin > codes_.size() || out.size() > codes_.size() - begin)
      throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(codes_.size()), "begin");
    std::copy_n(codes_.data() + begin, out.size(), out.begin());
  }

 private:
  Buffer<std::uint32_t> codes_;
};

/// A chunk with client codes of its own; rows that count for nobody are as rejected ones.
class MappedChunk final : public Chunk {
 public:
  struct Mapped {
    std::size_t field;
    std::shared_ptr<const MappedClients> codes;
  };
  /// \param columns  the first of them says whose the rows are
  MappedChunk(std::shared_ptr<const Chunk> chunk, std::vector<Mapped> columns, std::size_t accepted)
      : chunk_(std::move(chunk)), columns_(std::move(columns)), accepted_(accepted) {}
  [[nodiscard]] TableId table() const noexcept override { return chunk_->table(); }
  [[nodiscard]] std::size_t rows() const noexcept override { return chunk_->rows(); }
  [[nodiscard]] std::size_t accepted() const noexcept override { return accepted_; }
  [[nodiscard]] std::span<const std::uint32_t> clients() const noexcept override {
    return columns_.front().codes->all();
  }
  [[nodiscard]] bool is_rejected(std::size_t row) const noexcept override { return clients()[row] == no_code; }
  [[nodiscard]] const Values* values(std::size_t field) const noexcept override {
    for (const Mapped& mapped : columns_)
      if (mapped.field == field) return mapped.codes.get();
    return chunk_->values(field);
  }

 private:
  std::shared_ptr<const Chunk> chunk_;
  std::vector<Mapped> columns_;
  std::size_t accepted_;
};

constexpr std::size_t task_rows = std::size_t{1} << 18;

}  // namespace

namespace index {

void append_mapped(const ClientBase& base, const CodeMap& map, ClientBase::Data& data, const Control& control) {
  for (const TableId table : mapped_tables) {
    const auto t = static_cast<std::size_t>(table);
    for (const auto& chunk : base.chunks(table)) {
      control.check();
      const std::span<const std::uint32_t> from = chunk->clients();
      Buffer<std::uint32_t> codes(from.size());
      std::atomic<std::size_t> accepted{0};
      std::atomic<bool> changed{false};
      control.run((from.size() + task_rows - 1) / task_rows, [&](std::size_t task) {
        const std::size_t end = std::min(from.size(), (task + 1) * task_rows);
        std::size_t counting = 0;
        std::uint32_t difference = 0;
        for (std::size_t row = task * task_rows; row < end; ++row) {
          const std::uint32_t code = from[row] == no_code ? no_code : map(from[row]);
          codes[row] = code;
          difference |= code ^ from[row];
          counting += code != no_code ? 1 : 0;
        }
        accepted.fetch_add(counting, std::memory_order_relaxed);
        if (difference != 0) changed.store(true, std::memory_order_relaxed);
      });
      // A chunk of rejected rows alone stays: its columns may be all that says which fields were delivered.
      if (accepted == 0 && chunk->accepted() != 0) continue;
      data.rows[t] += chunk->rows();
      data.accepted[t] += accepted;
      if (!changed) {
        data.chunks[t].push_back(chunk);
        continue;
      }
      auto clients = std::make_shared<const MappedClients>(std::move(codes));
      data.chunks[t].push_back(std::make_shared<const MappedChunk>(
          chunk, std::vector<MappedChunk::Mapped>{{client_field(table), std::move(clients)}}, accepted));
    }
  }
}

}  // namespace index

ClientMap::ClientMap(const ClientBase& base, std::span<const std::uint32_t> canonical) : base_(base) {
  const auto fail = [](const std::string& message) -> void {
    throw Error(Code::invalid_argument, message, "canonical");
  };
  const auto codes = base.codes_in_order();
  if (canonical.size() != codes.size())
    fail("the map has " + std::to_string(canonical.size()) + " codes, the base " + std::to_string(codes.size()) +
         " clients");
  const auto sizes = base.partition_sizes();
  auto map = std::make_shared<Codes>();
  map->places = index::CodeIndex(sizes);
  // What is no client of the base counts as nobody.
  map->codes = Buffer<std::uint32_t>(map->places.size(), no_code);
  for (std::size_t row = 0; row < codes.size(); ++row) map->codes[map->places(codes[row])] = canonical[row];
  for (std::size_t row = 0; row < codes.size(); ++row) {
    const std::uint32_t code = canonical[row];
    const bool known =
        code / ClientBase::client_partitions < sizes[code % ClientBase::client_partitions] && (*map)(code) != no_code;
    if (!known)
      fail("client " + base.id_of(codes[row]).to_text() + " counts as the code " + std::to_string(code) +
           ", which is none of a client of the base");
    if ((*map)(code) != code)
      fail("client " + base.id_of(codes[row]).to_text() + " counts as " + base.id_of(code).to_text() +
           ", which counts as another");
    clients_ += code == codes[row] ? 1 : 0;
  }
  codes_ = std::move(map);
}

std::uint32_t ClientMap::operator()(std::uint32_t code) const noexcept { return (*codes_)(code); }

namespace {

/// The clients that are left, in their order, and what the others count as.
void set_clients(const ClientMap& map, ClientBase::Data& data) {
  const ClientBase& base = map.base();
  auto clients = std::make_shared<index::ClientIndex>(*base.data()->clients);
  const auto codes = base.codes_in_order();
  const std::size_t numbers = clients->numbers_in_order ? clients->numbers_in_order->size() : 0;
  std::size_t left_numbers = 0;
  for (std::size_t row = 0; row < numbers; ++row) left_numbers += map(codes[row]) == codes[row] ? 1 : 0;
  Buffer<std::uint32_t> order(map.clients());
  Buffer<std::int64_t> ids(left_numbers);
  std::size_t at = 0;
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (map(codes[row]) != codes[row]) continue;
    if (row < numbers) ids[at] = (*clients->numbers_in_order)[row];
    order[at++] = codes[row];
  }
  clients->order = std::make_shared<const Buffer<std::uint32_t>>(std::move(order));
  clients->numbers_in_order = std::make_shared<const Buffer<std::int64_t>>(std::move(ids));
  data.clients = std::move(clients);

  auto whole = std::make_shared<index::CodeMap>();
  whole->places = map.codes()->places;
  whole->codes = Buffer<std::uint32_t>(whole->places.size());
  for (std::size_t i = 0; i < whole->codes.size(); ++i) whole->codes[i] = map.codes()->codes[i];
  if (const auto& before = base.data()->map)  // ids that counted as another already
    for (std::size_t i = 0; i < whole->codes.size(); ++i)
      if (before->codes[i] != no_code) whole->codes[i] = map(before->codes[i]);
  data.map = std::move(whole);
}

/// A chunk with all its client fields mapped, and without the rows for which hidden(row, client) holds.
template <class Hidden>
std::shared_ptr<const Chunk> seen_chunk(const std::shared_ptr<const Chunk>& chunk, const ClientMap& map, Hidden hidden,
                                        const Control& control) {
  const std::size_t rows = chunk->rows();
  const std::span<const std::uint32_t> owners = chunk->clients();
  const std::size_t owner = index::client_field(chunk->table());
  std::vector<std::size_t> fields{owner};
  const auto specs = spec(chunk->table()).fields;
  for (std::size_t f = 0; f < specs.size(); ++f)
    if (f != owner && specs[f].type == FieldType::client && chunk->values(f) != nullptr) fields.push_back(f);
  std::vector<MappedChunk::Mapped> columns;
  std::size_t accepted = 0;
  bool changed = false;
  for (const std::size_t field : fields) {
    Buffer<std::uint32_t> codes(rows);
    std::atomic<std::size_t> counted{0};
    std::atomic<bool> differs{false};
    control.run((rows + task_rows - 1) / task_rows, [&](std::size_t task) {
      const std::size_t begin = task * task_rows;
      const std::size_t end = std::min(rows, begin + task_rows);
      if (field == owner) {
        std::copy(owners.begin() + static_cast<std::ptrdiff_t>(begin),
                  owners.begin() + static_cast<std::ptrdiff_t>(end), codes.data() + begin);
      } else {
        chunk->values(field)->codes(begin, std::span(codes.data() + begin, end - begin));
      }
      std::size_t left = 0;
      std::uint32_t difference = 0;
      for (std::size_t row = begin; row < end; ++row) {
        const std::uint32_t from = codes[row];
        if (owners[row] == no_code || hidden(row, owners[row])) {
          codes[row] = no_code;
        } else if (from != no_code) {
          codes[row] = map(from);
        }
        difference |= codes[row] ^ from;
        left += codes[row] != no_code ? 1 : 0;
      }
      counted.fetch_add(left, std::memory_order_relaxed);
      if (difference != 0) differs.store(true, std::memory_order_relaxed);
    });
    if (field == owner) accepted = counted;
    changed = changed || differs;
    if (field == owner || differs) columns.push_back({field, std::make_shared<const MappedClients>(std::move(codes))});
  }
  if (!changed) return chunk;
  return std::make_shared<const MappedChunk>(chunk, std::move(columns), accepted);
}

}  // namespace

ClientBase mapped(const ClientMap& map, const Control& control) {
  const ClientBase& base = map.base();
  if (base.repeats_rows())
    throw Error(Code::invalid_argument, "the rows of a base that was rolled up to every node count for several clients",
                "base");
  auto data = index::copy_of(*base.data());
  data->derived = true;
  for (const TableId table : index::mapped_tables) {
    const auto t = static_cast<std::size_t>(table);
    data->chunks[t].clear();
    data->rows[t] = data->accepted[t] = 0;
  }
  index::append_mapped(base, *map.codes(), *data, control);
  set_clients(map, *data);
  return ClientBase(std::move(data));
}

namespace index {

ClientBase merged_base(const ClientMap& map, const Overlay& overlay, const Control& control) {
  const ClientBase& base = map.base();
  auto data = copy_of(*base.data());
  data->derived = true;
  data->terms = overlay.terms;
  const CodeIndex& places = map.codes()->places;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<TableId>(t);
    if (table == TableId::directories) continue;
    auto& chunks = data->chunks[t];
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      control.check();
      if (table == TableId::clients) {
        chunks[c] = seen_chunk(
            chunks[c], map, [&](std::size_t, std::uint32_t code) { return overlay.changed[places(code)] != 0; },
            control);
      } else if (table == TableId::contacts && c < overlay.no_contact.size() && !overlay.no_contact[c].empty()) {
        chunks[c] = seen_chunk(
            chunks[c], map, [&](std::size_t row, std::uint32_t) { return overlay.no_contact[c][row] != 0; }, control);
      } else {
        chunks[c] = seen_chunk(
            chunks[c], map, [](std::size_t, std::uint32_t) { return false; }, control);
      }
    }
  }

  auto cards = std::make_shared<Cards>(*data->cards);
  for (std::uint32_t p = 0; p < partitions; ++p) {
    (*cards)[p].resize(places.size(p), {no_code, no_code});
    for (std::size_t local = 0; local < places.size(p); ++local)
      if (overlay.changed[places.begin(p) + local] != 0) (*cards)[p][local] = {no_code, no_code};
  }
  if (overlay.cards) {
    auto& chunks = data->chunks[static_cast<std::size_t>(TableId::clients)];
    const auto codes = overlay.cards->clients();
    for (std::uint32_t row = 0; row < codes.size(); ++row)
      (*cards)[codes[row] % partitions][codes[row] / partitions] = {static_cast<std::uint32_t>(chunks.size()), row};
    chunks.push_back(overlay.cards);
    data->cards_delivered = true;
  }
  data->cards = std::move(cards);
  if (overlay.contacts) data->chunks[static_cast<std::size_t>(TableId::contacts)].push_back(overlay.contacts);
  for (std::size_t t = 0; t < table_count; ++t) {
    data->rows[t] = data->accepted[t] = 0;
    for (const auto& chunk : data->chunks[t]) {
      data->rows[t] += chunk->rows();
      data->accepted[t] += chunk->accepted();
    }
  }
  set_clients(map, *data);
  return ClientBase(std::move(data));
}

}  // namespace index
}  // namespace klientela
