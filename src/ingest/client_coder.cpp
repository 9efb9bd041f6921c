// Coding of client ids: every thread owns some partitions, looks at every key and codes those that are its own.
#include "ingest/client_coder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "ingest/columns.hpp"
#include "ingest/number_kernels.hpp"

namespace klientela::detail {

namespace {

using index::Partition;
using index::partitions;

constexpr std::size_t block = 2048;  // divides RejectMap::segment_rows
constexpr unsigned partition_shift = 64 - index::partition_bits;
constexpr std::size_t ahead = 64;  // lookups between asking for a slot and reading it
constexpr std::uint32_t no_hash = 0xFFFF'FFFF;

[[nodiscard]] std::uint32_t partition_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash >> partition_shift);
}

template <class T>
void widen(const ArrayView& array, std::int64_t first, std::size_t n, std::int64_t* out) noexcept {
  const T* values = array.values<T>() + first;
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::int64_t>(values[i]);
}

void widen_any(const ArrayView& array, std::int64_t first, std::size_t n, std::int64_t* out) {
  switch (array.type->kind) {
    case Kind::int8: widen<std::int8_t>(array, first, n, out); return;
    case Kind::int16: widen<std::int16_t>(array, first, n, out); return;
    case Kind::int32: widen<std::int32_t>(array, first, n, out); return;
    case Kind::int64: widen<std::int64_t>(array, first, n, out); return;
    case Kind::uint8: widen<std::uint8_t>(array, first, n, out); return;
    case Kind::uint16: widen<std::uint16_t>(array, first, n, out); return;
    case Kind::uint32: widen<std::uint32_t>(array, first, n, out); return;
    default:
      for (std::size_t i = 0; i < n; ++i) {
        Mark why = fine;
        out[i] = 0;
        static_cast<void>(integer_at(array, first + static_cast<std::int64_t>(i), out[i], why));
      }
  }
}

/// One id on its way to its table.
struct TextId {
  std::string_view text;
  index::TextKey key;
  std::uint64_t hash{0};
  std::int64_t number{0};
  bool is_number{false};

  explicit TextId(std::string_view plain) : text(plain) {
    is_number = index::canonical_integer(text, number);
    if (!is_number) key = index::key_of(text);
    hash = is_number ? index::hash_of(number) : index::hash_of(key);
  }
};

std::uint32_t find_id(const Partition& part, const TextId& id) noexcept {
  return id.is_number ? part.find(id.number, id.hash) : part.find(id.text, id.key, id.hash);
}

std::uint32_t code_id(const index::ClientIndex& known, index::Layer& layer, const TextId& id) {
  const std::uint32_t p = partition_of(id.hash);
  std::uint32_t code = known.base ? find_id(known.base->parts[p], id) : no_code;
  if (code == no_code) code = find_id(layer.parts[p], id);
  if (code == no_code)
    code = id.is_number ? layer.parts[p].add(p, id.number, id.hash) : layer.parts[p].add(p, id.text, id.key, id.hash);
  return code;
}

using TextView = index::SlotTable<index::TextSlot>::View;

/// The code of an id of at most 16 bytes that is no number, where it is in the table; else no_code, which says nothing.
[[gnu::always_inline]] inline std::uint32_t find_short(const TextView& table, std::string_view id,
                                                       std::uint64_t hash) noexcept {
  const char lead = id[0];
  if (id.size() > 16 || lead == '-' || (lead >= '0' && lead <= '9')) return no_code;
  const index::TextKey key = index::key_of(id);
  for (std::size_t i = table.place(hash);; i = (i + 1) & table.mask) {
    const index::TextSlot& slot = table.slots[i];
    if (slot.code == no_code) return no_code;
    if (slot.a == key.a && slot.b == key.b && slot.length == key.length) return slot.code;
  }
}

/// How many tasks code so many rows, and which partitions are a task's own: a bit each.
std::size_t tasks_for(std::size_t rows, const Control& control) noexcept {
  return rows < 20'000 ? 1 : std::min<std::size_t>(std::max<std::size_t>(control.concurrency(), 1), partitions);
}
std::uint32_t owned_by(std::size_t task, std::size_t tasks) noexcept {
  std::uint32_t owned = 0;
  for (std::size_t p = task; p < partitions; p += tasks) owned |= 1U << p;
  return owned;
}

}  // namespace

ClientKeys::ClientKeys(std::shared_ptr<const Source> source) : source_(std::move(source)) {
  const ArrowType& type = *source_->type;
  const bool texts = type.decoded().is_text() || type.kind == Kind::null;
  if (!texts && !is_numbers()) source_ = as_texts(*source_, owner_);
}

bool ClientKeys::is_numbers() const noexcept {
  return (source_->type->is_integer() && source_->type->kind != Kind::uint64) || source_->type->is_float();
}

bool ClientKeys::has_value(std::size_t row) const noexcept {
  const auto& part = source_->at(row);
  const auto i = static_cast<std::int64_t>(row - part.begin);
  if (part.array.is_null(i)) return false;
  if (!source_->type->is_float()) {
    if (!source_->type->decoded().is_text()) return true;
    const auto text = part.array.text(i);
    return !text || !index::plain_id(*text).empty();
  }
  std::int64_t number = 0;
  Mark why = fine;
  return integer_at(part.array, i, number, why) || why != fine;
}

void ClientKeys::check(std::size_t begin, std::span<Mark> marks, bool required) const {
  if (!is_numbers()) {
    if (source_->type->kind == Kind::null) {
      for (Mark& row : marks)
        if (row == fine && required) row = mark(RejectReason::missing_value);
      return;
    }
    check_texts(*source_, begin, marks, required);
    return;
  }
  if (source_->type->is_integer() && (!required || !source_->may_hold_nulls(begin, marks.size()))) return;
  source_->for_parts(
      begin, marks.size(), [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
          Mark& row = marks[done + i];
          if (row != fine) continue;
          std::int64_t number = 0;
          if (!integer_at(array, first + static_cast<std::int64_t>(i), number, row) && row == fine && required)
            row = mark(RejectReason::missing_value);
        }
      });
}

const std::int64_t* ClientKeys::numbers(std::size_t begin, std::size_t n, std::int64_t* scratch) const {
  const Source::Part& part = source_->at(begin);
  if (source_->type->kind == Kind::int64 && begin + n <= part.begin + part.size)
    return part.array.values<std::int64_t>() + (begin - part.begin);
  source_->for_parts(begin, n, [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t count) {
    widen_any(array, first, count, scratch + done);
  });
  return scratch;
}

const std::uint8_t* ClientKeys::skips(const RejectMap& rejected, std::size_t begin, std::size_t n,
                                      std::uint8_t* scratch) const {
  const bool rejects = rejected.segments() > 0 && rejected.any(begin / RejectMap::segment_rows);
  const bool nulls = source_->type->is_float() || source_->may_hold_nulls(begin, n);
  if (!rejects && !nulls) return nullptr;
  for (std::size_t i = 0; i < n; ++i) scratch[i] = rejects && rejected.test(begin + i) ? 1 : 0;
  if (nulls)
    for (std::size_t i = 0; i < n; ++i)
      if (scratch[i] == 0 && !has_value(begin + i)) scratch[i] = 2;
  return scratch;
}

void ClientKeys::find(const index::ClientIndex& known, std::size_t begin, std::span<std::uint32_t> codes) const {
  if (source_->type->kind == Kind::null) {
    std::fill(codes.begin(), codes.end(), no_code);
    return;
  }
  std::array<std::int64_t, block> scratch;
  std::array<std::uint8_t, block> skip_scratch;
  std::array<std::uint64_t, block> hashes;
  const RejectMap none;
  const index::Layer* const layers[2] = {known.base.get(), known.overlay.get()};
  for (std::size_t done = 0; done < codes.size(); done += block) {
    const std::size_t n = std::min(block, codes.size() - done);
    const std::size_t first = begin + done;
    std::uint32_t* const out = codes.data() + done;
    const std::uint8_t* skip = skips(none, first, n, skip_scratch.data());
    if (is_numbers()) {
      const std::int64_t* keys = numbers(first, n, scratch.data());
      for (std::size_t i = 0; i < n; ++i) hashes[i] = index::hash_of(keys[i]);
      for (std::size_t i = 0; i < n; ++i) {
        if (i + ahead < n && layers[0] != nullptr)
          layers[0]->parts[partition_of(hashes[i + ahead])].number_table.prefetch(hashes[i + ahead]);
        out[i] = no_code;
        if (skip != nullptr && skip[i] != 0) continue;
        const std::uint32_t p = partition_of(hashes[i]);
        for (const index::Layer* layer : layers)
          if (layer != nullptr && out[i] == no_code) out[i] = layer->parts[p].find(keys[i], hashes[i]);
      }
      continue;
    }
    source_->for_parts(first, n, [&](const ArrayView& array, std::int64_t from, std::size_t at, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t& code = out[at + i];
        code = no_code;
        if (skip != nullptr && skip[at + i] != 0) continue;
        const auto text = array.text(from + static_cast<std::int64_t>(i));
        if (text) code = known.find(*text);
      }
    });
  }
}

void ClientKeys::code_numbers(std::uint32_t owned, const index::ClientIndex& known, index::Layer& layer,
                              const RejectMap& rejected, std::span<std::uint32_t> codes, const Control& control) const {
  std::array<std::int64_t, block> scratch;
  std::array<std::uint8_t, block> skip_scratch;
  std::array<std::uint64_t, block + 8> hashes;
  std::array<std::uint32_t, block + 8> places;
  // The table that most keys are in: the old base's where there is one, else the one that grows.
  const index::Layer* const base = known.base && known.base->size() > 0 ? known.base.get() : nullptr;
  TableViews views;
  const auto view = [&](std::uint32_t p) {
    const auto& part = base != nullptr && !base->parts[p].number_table.empty() ? base->parts[p] : layer.parts[p];
    views[p] = part.number_table.view();
  };
  for (std::uint32_t p = 0; p < partitions; ++p) {
    if (((owned >> p) & 1) == 0) continue;
    layer.parts[p].number_table.reserve_first(p);
    view(p);
  }
  const std::size_t rows = codes.size();
  for (std::size_t begin = 0; begin < rows; begin += block) {
    if (begin % (block * 512) == 0) control.check();
    const std::size_t n = std::min(block, rows - begin);
    const std::int64_t* keys = numbers(begin, n, scratch.data());
    const std::uint8_t* skip = skips(rejected, begin, n, skip_scratch.data());
    std::uint32_t* const out = codes.data() + begin;
    std::size_t own = pick_owned(keys, n, owned, hashes.data(), places.data());
    if (skip != nullptr) {
      std::size_t kept = 0;
      for (std::size_t j = 0; j < own; ++j) {
        hashes[kept] = hashes[j];
        places[kept] = places[j];
        kept += skip[places[j]] == 0 ? 1 : 0;
      }
      own = kept;
      // A null has no partition: the owner of the first one writes it.
      for (std::size_t i = 0; i < n && (owned & 1) != 0; ++i)
        if (skip[i] == 2) out[i] = no_code;
    }
    for (std::size_t j = 0;;) {
      j = look_up(views, keys, hashes.data(), places.data(), j, own, out);
      if (j == own) break;
      // Not in its first bucket: further on, in the other layer, or new.
      const std::uint64_t hash = hashes[j];
      const std::uint32_t p = partition_of(hash);
      const std::int64_t key = keys[places[j]];
      Partition& part = layer.parts[p];
      std::uint32_t code = no_code;
      if (base != nullptr) {  // else look_up() has been everywhere
        code = base->parts[p].find(key, hash);
        if (code == no_code) code = part.number_table.find(key, hash);
      }
      if (code == no_code) {
        code = part.add(p, key, hash);
        view(p);
      }
      out[places[j++]] = code;
    }
  }
}

void ClientKeys::hash_texts(std::size_t begin, const RejectMap& rejected, std::span<std::uint32_t> hashes) const {
  const bool rejects = rejected.any(begin / RejectMap::segment_rows);
  source_->for_parts(begin, hashes.size(),
                     [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                       for (std::size_t i = 0; i < n; ++i) {
                         std::uint32_t& hash = hashes[done + i];
                         hash = no_hash;
                         const std::int64_t at = first + static_cast<std::int64_t>(i);
                         if ((rejects && rejected.test(begin + done + i)) || array.is_null(at)) continue;
                         const std::string_view text = index::plain_id(*array.text(at));
                         if (text.empty()) continue;  // a blank id is none
                         hash = std::min(static_cast<std::uint32_t>(TextId(text).hash >> 32), no_hash - 1);
                       }
                     });
}

void ClientKeys::code_hashed(std::uint32_t owned, std::size_t begin, std::span<const std::uint32_t> hashes,
                             const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                             std::span<std::uint32_t> codes) const {
  std::array<std::uint32_t, block> places;
  // The table that most ids are in: the old base's where there is one, else the one that grows.
  std::array<TextView, partitions> views;
  const auto view = [&](std::uint32_t p) {
    const bool old = known.base && !known.base->parts[p].text_table.empty();
    views[p] = (old ? known.base->parts[p] : layer.parts[p]).text_table.view();
  };
  for (std::uint32_t p = 0; p < partitions; ++p)
    if (((owned >> p) & 1) != 0) view(p);  // others may be writing to theirs
  for (std::size_t done = 0; done < hashes.size(); done += block) {
    const std::size_t n = std::min(block, hashes.size() - done);
    const std::uint32_t* const hash = hashes.data() + done;
    std::uint32_t* const out = codes.data() + begin + done;
    std::size_t own = 0;
    std::size_t none = 0;
    for (std::size_t i = 0; i < n; ++i) {
      places[own] = static_cast<std::uint32_t>(i);
      own += hash[i] != no_hash ? (owned >> (hash[i] >> (partition_shift - 32))) & 1 : 0;
      none += hash[i] == no_hash ? 1 : 0;
    }
    // What has no id has no partition: the owner of the first one writes it.
    for (std::size_t i = 0; i < n && none > 0 && (owned & 1) != 0; ++i)
      if (hash[i] == no_hash && !rejected.test(begin + done + i)) out[i] = no_code;
    const auto prefetch = [&](std::size_t j) __attribute__((always_inline)) {
      const std::uint64_t wide = std::uint64_t{hash[places[j]]} << 32;
      const TextView& table = views[partition_of(wide)];
      __builtin_prefetch(table.slots + table.place(wide), 0, 2);
    };
    for (std::size_t j = 0; j < std::min(ahead, own); ++j) prefetch(j);
    source_->for_parts(begin + done, n,
                       [&, j = std::size_t{0}](const ArrayView& array, std::int64_t first, std::size_t from,
                                               std::size_t count) mutable {
                         for (; j < own && places[j] < from + count; ++j) {
                           if (j + ahead < own) prefetch(j + ahead);
                           const auto at = first + static_cast<std::int64_t>(places[j] - from);
                           const std::string_view id = index::plain_id(*array.text(at));
                           const std::uint64_t wide = std::uint64_t{hash[places[j]]} << 32;
                           const std::uint32_t p = partition_of(wide);
                           std::uint32_t code = find_short(views[p], id, wide);
                           if (code == no_code) {
                             code = code_id(known, layer, TextId(id));
                             view(p);
                           }
                           out[places[j]] = code;
                         }
                       });
  }
}

void ClientKeys::code_texts(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                            std::span<std::uint32_t> codes, const Control& control) const {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    layer.parts[p].number_table.reserve_first(p);
    layer.parts[p].text_table.reserve_first();
  }
  // Wave by wave: every id is hashed once by whoever comes to it, then coded by the owner of its partition.
  constexpr std::size_t wave_segments = 8;
  constexpr std::size_t wave = wave_segments * RejectMap::segment_rows;
  Buffer<std::uint32_t> hashes(std::min(wave, codes.size()));
  const std::size_t coders = tasks_for(codes.size(), control);
  for (std::size_t begin = 0; begin < codes.size(); begin += wave) {
    control.check();
    const std::size_t n = std::min(wave, codes.size() - begin);
    const std::span<std::uint32_t> own(hashes.data(), n);
    control.run((n + RejectMap::segment_rows - 1) / RejectMap::segment_rows, [&](std::size_t segment) {
      const std::size_t first = segment * RejectMap::segment_rows;
      hash_texts(begin + first, rejected, own.subspan(first, std::min(RejectMap::segment_rows, n - first)));
    });
    control.run(coders, [&](std::size_t task) {
      code_hashed(owned_by(task, coders), begin, own, known, layer, rejected, codes);
    });
  }
}

void ClientKeys::code_dictionaries(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                                   std::span<std::uint32_t> codes, const Control& control) const {
  std::size_t p = 0;
  while (p < source_->parts.size()) {
    // Parts that share one dictionary go together.
    const ArrayView& dictionary = *source_->parts[p].array.child;
    std::size_t end = p + 1;
    while (end < source_->parts.size()) {
      const ArrayView& next = *source_->parts[end].array.child;
      if (next.data != dictionary.data || next.offset != dictionary.offset || next.length != dictionary.length ||
          next.characters != dictionary.characters || next.validity != dictionary.validity)
        break;
      ++end;
    }
    const std::size_t first_row = source_->parts[p].begin;
    const std::size_t last_row = source_->parts[end - 1].begin + source_->parts[end - 1].size;
    const auto entries = static_cast<std::size_t>(dictionary.length);
    // Only entries that a used row names become clients, in the order of the dictionary.
    std::vector<std::uint8_t> used(entries, 0);
    const std::size_t first_segment = first_row / RejectMap::segment_rows;
    const std::size_t last_segment = (last_row - 1) / RejectMap::segment_rows;
    const auto for_segment = [&](std::size_t task, auto visit) {
      const std::size_t begin = std::max(first_row, (first_segment + task) * RejectMap::segment_rows);
      const std::size_t stop = std::min(last_row, (first_segment + task + 1) * RejectMap::segment_rows);
      source_->for_parts(begin, stop - begin,
                         [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                           for (std::size_t i = 0; i < n; ++i) {
                             const std::size_t row = begin + done + i;
                             if (rejected.test(row)) continue;
                             const std::int64_t at = first + static_cast<std::int64_t>(i);
                             visit(row, array.is_null(at) ? -1 : array.code(at));
                           }
                         });
    };
    const std::size_t tasks = last_segment - first_segment + 1;
    control.run(tasks, [&](std::size_t task) {
      for_segment(task, [&](std::size_t /*row*/, std::int64_t code) {
        if (code >= 0)
          std::atomic_ref<std::uint8_t>(used[static_cast<std::size_t>(code)]).store(1, std::memory_order_relaxed);
      });
    });
    control.check();
    std::vector<std::uint32_t> entry_codes(entries, no_code);
    for (std::size_t e = 0; e < entries; ++e) {
      if (used[e] == 0) continue;
      const auto text = dictionary.text(static_cast<std::int64_t>(e));
      if (!text) continue;
      if (const std::string_view id = index::plain_id(*text); !id.empty())
        entry_codes[e] = code_id(known, layer, TextId(id));
    }
    control.run(tasks, [&](std::size_t task) {
      for_segment(task, [&](std::size_t row, std::int64_t code) {
        codes[row] = code < 0 ? no_code : entry_codes[static_cast<std::size_t>(code)];
      });
    });
    p = end;
  }
}

void ClientKeys::code(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                      std::span<std::uint32_t> codes, const Control& control) const {
  if (codes.empty()) return;
  if (source_->type->kind == Kind::null) {
    for (std::size_t row = 0; row < codes.size(); ++row)
      if (!rejected.test(row)) codes[row] = no_code;
    return;
  }
  if (source_->type->kind == Kind::dictionary) {
    code_dictionaries(known, layer, rejected, codes, control);
    return;
  }
  if (!is_numbers()) {
    code_texts(known, layer, rejected, codes, control);
    return;
  }
  const std::size_t tasks = tasks_for(codes.size(), control);
  control.run(tasks,
              [&](std::size_t task) { code_numbers(owned_by(task, tasks), known, layer, rejected, codes, control); });
}

}  // namespace klientela::detail
