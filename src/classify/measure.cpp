// Order statistics of a column by a histogram of its high bits; see measure.hpp.
#include "classify/measure.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "klientela/classify/kernels.hpp"

namespace klientela::classifying {

Measure::Measure(const Column& column) : column_(column), scale_(0) {
  try {
    scale_ = units_per_one(column.type());
  } catch (const Error&) {
    throw Error(Code::invalid_argument,
                "column " + column.name() + " holds " + std::string(name(column.type())) + ", which is not a number",
                column.name());
  }
}

bool Measure::has_value(std::size_t row) const noexcept {
  if (column_.is_null(row)) return false;
  return !is_real() || std::isfinite(static_cast<const double*>(column_.data())[row]);
}

std::int64_t Measure::key(std::size_t row) const noexcept {
  std::int64_t scratch = 0;
  return *keys(row, row + 1, &scratch);
}

const std::int64_t* Measure::keys(std::size_t begin, std::size_t end, std::int64_t* scratch) const noexcept {
  const auto widen = [&](const auto* values) {
    for (std::size_t i = begin; i < end; ++i) scratch[i - begin] = values[i];
    return scratch;
  };
  switch (column_.type()) {
    case ColumnType::int64:
    case ColumnType::money: return static_cast<const std::int64_t*>(column_.data()) + begin;
    case ColumnType::int32:
    case ColumnType::day: return widen(static_cast<const std::int32_t*>(column_.data()));
    case ColumnType::int8: return widen(static_cast<const std::int8_t*>(column_.data()));
    case ColumnType::boolean: return widen(static_cast<const std::uint8_t*>(column_.data()));
    default: break;
  }
  const auto* values = static_cast<const double*>(column_.data());
  for (std::size_t i = begin; i < end; ++i) scratch[i - begin] = key_of(values[i]);
  return scratch;
}

Threshold Measure::threshold(std::int64_t key) const {
  return is_real() ? Threshold::real(real_of(key)) : Threshold::exact(key, scale_);
}

std::int64_t Measure::floor_key(const Threshold& edge) const {
  if (edge.form() == Threshold::Form::lowest) return std::numeric_limits<std::int64_t>::min();
  return is_real() ? key_of(edge.to_double()) : edge.floor_units(scale_);
}

namespace {

/// The common validity bits of exact measures: so few bytes that one thread is done before another wakes up.
void and_validity(std::span<const Measure* const> measures, RowSet& set) {
  std::fill(set.bits.begin(), set.bits.end(), std::uint8_t{0xFF});
  if (set.rows % 8 != 0) set.bits[set.bits.size() - 1] = static_cast<std::uint8_t>((1U << (set.rows % 8)) - 1);
  for (const Measure* measure : measures) {
    const std::uint8_t* const valid = measure->column().validity();
    for (std::size_t i = 0; valid != nullptr && i < set.bits.size(); ++i) set.bits[i] &= valid[i];
  }
  set.count = 0;
  for (std::size_t row = 0; row < set.rows; row += 64) {
    // Bits past the last row are zero.
    std::uint64_t word = 0;
    std::memcpy(&word, set.bits.data() + row / 8, std::min<std::size_t>(8, set.bits.size() - row / 8));
    set.count += word == ~std::uint64_t{0} ? 64 : static_cast<std::size_t>(std::popcount(word));
  }
  if (set.count == set.rows) set.bits = {};
}

}  // namespace

RowSet rows_with_values(std::span<const Measure* const> measures, const Control& control) {
  RowSet set;
  set.rows = measures.empty() ? 0 : measures[0]->size();
  set.count = set.rows;
  const bool sure = std::all_of(measures.begin(), measures.end(), [](const Measure* measure) {
    return measure->column().null_count() == 0 && !measure->is_real();
  });
  if (sure) return set;
  set.bits = Buffer<std::uint8_t>((set.rows + 7) / 8);
  if (std::none_of(measures.begin(), measures.end(), [](const Measure* measure) { return measure->is_real(); })) {
    and_validity(measures, set);
    return set;
  }
  std::vector<std::size_t> counts(range_count(set.rows, control));
  for_ranges(set.rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    std::size_t count = 0;
    for (std::size_t row = begin; row < end; row += 8) {
      const std::size_t width = std::min<std::size_t>(8, end - row);
      unsigned byte = (1U << width) - 1;
      for (const Measure* measure : measures) {
        if (const std::uint8_t* valid = measure->column().validity()) byte &= valid[row >> 3];
        if (!measure->is_real()) continue;
        const auto* values = static_cast<const double*>(measure->column().data());
        for (std::size_t i = 0; i < width; ++i)
          if (!std::isfinite(values[row + i])) byte &= ~(1U << i);
      }
      set.bits[row >> 3] = static_cast<std::uint8_t>(byte);
      count += static_cast<std::size_t>(std::popcount(byte));
    }
    counts[index] = count;
  });
  set.count = 0;
  for (const std::size_t count : counts) set.count += count;
  if (set.count == set.rows) set.bits = {};
  return set;
}

std::size_t range_count(std::size_t rows, const Control& control) {
  constexpr std::size_t least = 32'768;  // below this another thread costs more than it saves
  return std::clamp<std::size_t>(rows / least, 1, std::max<std::size_t>(1, control.concurrency()));
}

Column label_column(std::string name, Buffer<std::uint16_t> codes,
                    std::shared_ptr<const std::vector<std::string>> labels) {
  const auto owner = std::make_shared<const Buffer<std::uint16_t>>(std::move(codes));
  return Column::view(std::move(name), ColumnType::label, std::span(owner->data(), owner->size()), owner, nullptr, 0,
                      std::move(labels));
}

void for_pieces(std::size_t rows, const Control& control, const std::function<void(std::size_t, std::size_t)>& task) {
  control.check();
  constexpr std::size_t step = 32'768;
  control.run((rows + step - 1) / step,
              [&](std::size_t index) { task(index * step, std::min(rows, (index + 1) * step)); });
}

void for_ranges(std::size_t rows, const Control& control,
                const std::function<void(std::size_t, std::size_t, std::size_t)>& task) {
  control.check();
  const std::size_t ranges = range_count(rows, control);
  const std::size_t step = (rows / ranges + 64) / 64 * 64;
  control.run(ranges, [&](std::size_t index) {
    const std::size_t begin = std::min(rows, index * step);
    const std::size_t end = index + 1 == ranges ? rows : std::min(rows, begin + step);
    task(index, begin, end);
  });
}

namespace {

template <bool Real>
void count_keys(std::span<const std::int64_t> keys, std::uint32_t* even, std::uint32_t* odd) noexcept {
  const auto bucket = [](std::int64_t key) { return Real ? Buckets::of_real(key) : Buckets::of_exact(key); };
  std::size_t i = 0;
  for (; i + 2 <= keys.size(); i += 2) {  // two tables, so that runs of one value do not wait for each other
    ++even[bucket(keys[i])];
    ++odd[bucket(keys[i + 1])];
  }
  if (i < keys.size()) ++even[bucket(keys[i])];
}

}  // namespace

Selector::Selector(const Measure& measure, const RowSet& set, const Control& control, std::optional<std::int64_t> above)
    : measure_(measure), set_(set), control_(control), above_(above), buckets_(measure.is_real()) {
  const std::size_t buckets = buckets_.count();
  std::vector<std::vector<std::uint32_t>> parts(range_count(set.rows, control));
  for_ranges(set.rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    std::vector<std::uint32_t>& counts = parts[index];
    counts.resize(2 * buckets);
    for_keys(measure_, set_, above_, begin, end, [&](std::span<const std::int64_t> keys) {
      if (measure_.is_real())
        count_keys<true>(keys, counts.data(), counts.data() + buckets);
      else
        count_keys<false>(keys, counts.data(), counts.data() + buckets);
    });
  });
  counts_.resize(buckets);
  for (const std::vector<std::uint32_t>& part : parts)
    for (std::size_t b = 0; b < buckets; ++b) counts_[b] += part[b] + part[buckets + b];
  for (const std::uint32_t count : counts_) count_ += count;
}

std::vector<OrderStatistic> Selector::find(std::span<const std::uint64_t> positions) const {
  struct Wanted {
    std::size_t bucket;
    std::uint64_t before;
    std::vector<std::int64_t> keys;
  };
  std::vector<OrderStatistic> found(positions.size());
  std::vector<std::size_t> order(positions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return positions[a] < positions[b]; });

  std::vector<Wanted> wanted;
  std::vector<std::uint8_t> slots(buckets_.count());             // 0: not wanted, else 1 + place in wanted
  std::vector<std::size_t> slot_of(positions.size(), SIZE_MAX);  // of positions that need the keys of their bucket
  std::size_t bucket = 0;
  std::uint64_t before = 0;
  for (const std::size_t i : order) {
    while (before + counts_[bucket] <= positions[i]) before += counts_[bucket++];
    if (const auto key = buckets_.only_key(bucket)) {
      found[i] = {*key, before, counts_[bucket]};
      continue;
    }
    if (wanted.empty() || wanted.back().bucket != bucket) {
      wanted.push_back({bucket, before, {}});
      slots[bucket] = static_cast<std::uint8_t>(wanted.size());
    }
    slot_of[i] = wanted.size() - 1;
  }
  if (wanted.empty()) return found;
  if (wanted.size() > 255) throw Error(Code::internal, "too many order statistics were asked for at once");

  std::vector<std::vector<std::vector<std::int64_t>>> parts(range_count(set_.rows, control_));
  for_ranges(set_.rows, control_, [&](std::size_t index, std::size_t begin, std::size_t end) {
    parts[index].resize(wanted.size());
    for_keys(measure_, set_, above_, begin, end, [&](std::span<const std::int64_t> keys) {
      std::int64_t hits[block_rows];
      std::uint8_t hit_slots[block_rows];
      std::size_t n = 0;
      const auto collect = [&](auto bucket_of) {
        for (const std::int64_t key : keys) {
          const std::uint8_t slot = slots[bucket_of(key)];
          hits[n] = key;
          hit_slots[n] = slot;
          n += slot != 0 ? 1U : 0U;
        }
      };
      if (measure_.is_real())
        collect(Buckets::of_real);
      else
        collect(Buckets::of_exact);
      for (std::size_t i = 0; i < n; ++i) parts[index][hit_slots[i] - 1U].push_back(hits[i]);
    });
  });
  control_.run(wanted.size(), [&](std::size_t w) {
    std::vector<std::int64_t>& keys = wanted[w].keys;
    keys.reserve(counts_[wanted[w].bucket]);
    for (std::vector<std::vector<std::int64_t>>& part : parts) {
      keys.insert(keys.end(), part[w].begin(), part[w].end());
      part[w] = {};
    }
    std::size_t sorted = 0;  // keys before this place are not greater than those after it
    for (const std::size_t i : order) {
      if (slot_of[i] != w) continue;
      const std::size_t place = positions[i] - wanted[w].before;
      const auto at = keys.begin() + static_cast<std::ptrdiff_t>(place);
      if (place >= sorted) std::nth_element(keys.begin() + static_cast<std::ptrdiff_t>(sorted), at, keys.end());
      sorted = place;
      const std::int64_t key = *at;
      std::uint64_t less = 0;
      std::uint64_t equal = 0;
      for (const std::int64_t other : keys) {
        less += other < key ? 1U : 0U;
        equal += other == key ? 1U : 0U;
      }
      found[i] = {key, wanted[w].before + less, equal};
    }
  });
  return found;
}

Threshold edge_between(const Measure& measure, std::int64_t low, std::int64_t high, std::uint32_t numerator,
                       std::uint32_t denominator) {
  if (numerator == 0 || low == high) return measure.threshold(low);
  if (!measure.is_real()) {
    const kernels::WholeQuantile edge = kernels::between(low, high, numerator, denominator);
    return Threshold::exact(edge.whole, measure.scale(), edge.numerator, edge.denominator);
  }
  const double a = real_of(low);
  const double b = real_of(high);
  const double share = static_cast<double>(numerator) / denominator;
  const double distance = b - a;
  const double edge = std::isfinite(distance) ? a + distance * share : a * (1 - share) + b * share;
  // Rounding may not carry the edge to its upper neighbour, which is above the true one.
  return Threshold::real(std::clamp(edge, a, std::nextafter(b, a)));
}

std::vector<Threshold> quantiles(const Measure& measure, const RowSet& set, std::span<const std::uint32_t> parts,
                                 std::uint32_t of, const Control& control, std::optional<std::int64_t> above) {
  const Selector selector(measure, set, control, above);
  std::vector<Threshold> edges(parts.size());
  if (selector.count() == 0) return edges;
  const std::uint64_t last = selector.count() - 1;
  std::vector<std::uint64_t> positions;
  for (const std::uint32_t part : parts) {
    const std::uint64_t scaled = last * part;  // both below 2^32
    positions.push_back(scaled / of);
    positions.push_back(std::min(last, scaled / of + 1));
  }
  const std::vector<OrderStatistic> found = selector.find(positions);
  for (std::size_t i = 0; i < parts.size(); ++i)
    edges[i] = edge_between(measure, found[2 * i].key, found[2 * i + 1].key,
                            static_cast<std::uint32_t>(last * parts[i] % of), of);
  return edges;
}

}  // namespace klientela::classifying
