// Columns of features in the making: slots by group, rows inserted in place, validity told from the values.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "features/state.hpp"

namespace klientela::features_internal {
namespace {

// Some room for new clients, untouched until it is needed.
std::size_t capacity_for(std::size_t rows) noexcept { return rows + rows / 32 + 256; }

std::int32_t empty_narrow(const Slot& slot) noexcept {
  if (!slot.nullable) return 0;
  return slot.type == ColumnType::term ? std::bit_cast<std::int32_t>(no_code) : null_int32;
}

std::int64_t empty_wide(const Slot& slot) noexcept { return slot.nullable ? null_number : 0; }

double empty_real(const Slot& slot) noexcept { return slot.nullable ? std::numeric_limits<double>::quiet_NaN() : 0.0; }

template <class T>
void insert_values(Buffer<T>& values, std::size_t rows, std::span<const std::uint32_t> positions, T empty,
                   bool derived = false) {
  const std::size_t total = rows + positions.size();
  if (values.size() < total) {
    Buffer<T> larger(capacity_for(total));
    if (rows != 0) std::memcpy(static_cast<void*>(larger.data()), values.data(), rows * sizeof(T));
    values = std::move(larger);
  }
  if (derived) return;
  std::size_t to = total;
  std::size_t from = rows;
  for (std::size_t k = positions.size(); k-- > 0;) {
    const std::size_t position = positions[k];
    const std::size_t count = to - position - 1;
    from -= count;
    if (count != 0)
      std::memmove(static_cast<void*>(values.data() + position + 1), values.data() + from, count * sizeof(T));
    values[position] = empty;
    to = position;
  }
}

template <class T>
Buffer<T> copy_of(const Buffer<T>& values, std::size_t rows) {
  if (values.empty()) return {};
  Buffer<T> copy(capacity_for(rows));
  if (rows != 0) std::memcpy(static_cast<void*>(copy.data()), values.data(), rows * sizeof(T));
  return copy;
}

template <class IsNull>
void mark_valid(std::uint8_t* bits, std::size_t begin, std::size_t end, IsNull is_null) {
  for (std::size_t r = begin; r < end; r += 8) {
    unsigned byte = 0;
    const std::size_t n = std::min<std::size_t>(8, end - r);
    for (std::size_t k = 0; k < n; ++k) byte |= (is_null(r + k) ? 0U : 1U) << k;
    bits[r / 8] = static_cast<std::uint8_t>(byte);
  }
}

}  // namespace

Slot& Store::slot(FeatureGroup group, std::string_view name) {
  for (Slot& slot : (*this)[group])
    if (slot.name == name) return slot;
  throw Error(Code::internal, "no feature slot " + std::string(name), std::string(name));
}

Slot& Store::add(FeatureGroup group, std::string name, ColumnType type, bool nullable, int valid_as) {
  Slot slot;
  slot.name = std::move(name);
  slot.type = type;
  slot.nullable = nullable;
  slot.valid_as = valid_as;
  if (slot.is_narrow()) {
    slot.narrow = Buffer<std::int32_t>(capacity_for(rows));
  } else if (slot.type == ColumnType::float64) {
    slot.real = Buffer<double>(capacity_for(rows));
  } else {
    slot.wide = Buffer<std::int64_t>(capacity_for(rows));
  }
  return (*this)[group].emplace_back(std::move(slot));
}

void Store::insert_rows(std::span<const std::uint32_t> positions, const Control& control) {
  if (positions.empty()) return;
  std::vector<Slot*> all;
  for (auto& group : groups)
    for (Slot& slot : group) all.push_back(&slot);
  control.run(all.size(), [&](std::size_t i) {
    Slot& slot = *all[i];
    if (slot.is_narrow()) {
      insert_values(slot.narrow, rows, positions, empty_narrow(slot), slot.derived);
    } else if (slot.type == ColumnType::float64) {
      insert_values(slot.real, rows, positions, empty_real(slot), slot.derived);
    } else {
      insert_values(slot.wide, rows, positions, empty_wide(slot), slot.derived);
    }
  });
  if (!sums.empty()) insert_values(sums, rows, positions, HistorySum{});
  rows += positions.size();
}

std::shared_ptr<Store> Store::clone(const Control& control) const {
  auto copy = std::make_shared<Store>();
  copy->rows = rows;
  copy->sums = copy_of(sums, rows);
  std::vector<std::pair<const Slot*, Slot*>> pairs;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    copy->groups[g].resize(groups[g].size());
    for (std::size_t i = 0; i < groups[g].size(); ++i) pairs.emplace_back(&groups[g][i], &copy->groups[g][i]);
  }
  control.run(pairs.size(), [&](std::size_t i) {
    const auto& [from, to] = pairs[i];
    to->name = from->name;
    to->type = from->type;
    to->nullable = from->nullable;
    to->valid_as = from->valid_as;
    to->derived = from->derived;
    to->narrow = copy_of(from->narrow, rows);
    to->wide = copy_of(from->wide, rows);
    to->real = copy_of(from->real, rows);
    to->nulls = from->nulls;
    to->labels = from->labels;
    if (!from->valid.empty()) {
      to->valid = Buffer<std::uint8_t>(from->valid.size());
      std::memcpy(to->valid.data(), from->valid.data(), from->valid.size());
    }
  });
  return copy;
}

void seal(Slot& slot, std::size_t rows, const Control& control) {
  slot.nulls = 0;
  if (!slot.nullable || slot.valid_as >= 0) return;
  // Bits are made only where there are nulls at all; counting is much cheaper.
  std::atomic<std::size_t> nulls{0};
  const auto seal_by = [&](auto is_null) {
    over_rows(control, rows, [&](std::size_t begin, std::size_t end) {
      std::uint32_t mine = 0;
      for (std::size_t r = begin; r < end; ++r) mine += is_null(r) ? 1U : 0U;
      if (mine != 0) nulls.fetch_add(mine, std::memory_order_relaxed);
    });
    slot.nulls = nulls.load();
    if (slot.nulls == 0) return;
    const std::size_t bytes = (rows + 7) / 8;
    if (slot.valid.size() < bytes) slot.valid = Buffer<std::uint8_t>(capacity_for(bytes));
    over_rows(control, rows,
              [&](std::size_t begin, std::size_t end) { mark_valid(slot.valid.data(), begin, end, is_null); });
  };
  if (slot.is_narrow()) {
    seal_by([values = slot.int32s(), empty = empty_narrow(slot)](std::size_t r) { return values[r] == empty; });
  } else if (slot.type == ColumnType::float64) {
    seal_by([values = slot.doubles()](std::size_t r) { return values[r] != values[r]; });
  } else {
    seal_by([values = slot.int64s()](std::size_t r) { return values[r] == null_number; });
  }
}

void seal(Store& store, FeatureGroup group, const Control& control) {
  for (Slot& slot : store[group]) seal(slot, store.rows, control);
}

void seal_terms(Slot& slot, std::size_t rows, const std::vector<std::string_view>& texts) {
  std::uint32_t* codes = slot.codes();
  std::vector<std::uint32_t> place(texts.size(), no_code);
  for (std::size_t r = 0; r < rows; ++r)
    if (codes[r] != no_code) place[codes[r]] = 0;
  std::vector<std::uint32_t> used;
  for (std::uint32_t code = 0; code < place.size(); ++code)
    if (place[code] == 0) used.push_back(code);
  std::sort(used.begin(), used.end(), [&](std::uint32_t a, std::uint32_t b) { return texts[a] < texts[b]; });
  auto labels = std::make_shared<std::vector<std::string>>();
  labels->reserve(used.size());
  for (const std::uint32_t code : used) {
    // Two lists may bring one text under two codes.
    if (labels->empty() || labels->back() != texts[code]) labels->emplace_back(texts[code]);
    place[code] = static_cast<std::uint32_t>(labels->size() - 1);
  }
  for (std::size_t r = 0; r < rows; ++r)
    if (codes[r] != no_code) codes[r] = place[codes[r]];
  slot.labels = std::move(labels);
}

void unseal_terms(Slot& slot, std::size_t rows, const std::vector<std::string_view>& texts) {
  if (!slot.labels) return;
  std::unordered_map<std::string_view, std::uint32_t> labels;
  for (std::size_t i = 0; i < slot.labels->size(); ++i)
    labels.emplace((*slot.labels)[i], static_cast<std::uint32_t>(i));
  std::vector<std::uint32_t> code_of(labels.size(), no_code);
  for (std::size_t code = 0; code < texts.size(); ++code)
    if (const auto label = labels.find(texts[code]); label != labels.end())
      code_of[label->second] = static_cast<std::uint32_t>(code);
  std::uint32_t* codes = slot.codes();
  for (std::size_t r = 0; r < rows; ++r)
    if (codes[r] != no_code) codes[r] = code_of[codes[r]];
}

Terms unite_terms(std::span<const Source> sources, TableId table, std::size_t field) {
  Terms terms;
  terms.code_of.resize(sources.size());
  if (sources.size() == 1) {
    const auto texts = sources[0].base.terms(table, field);
    terms.texts.assign(texts.begin(), texts.end());
    return terms;
  }
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (std::size_t s = 0; s < sources.size(); ++s)
    for (const std::string_view text : sources[s].base.terms(table, field)) {
      const auto [place, fresh] = known.emplace(text, static_cast<std::uint32_t>(terms.texts.size()));
      if (fresh) terms.texts.push_back(text);
      terms.code_of[s].push_back(place->second);
    }
  return terms;
}

}  // namespace klientela::features_internal
