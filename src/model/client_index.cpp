// Growing, joining and ordering the index of client ids.
#include "model/client_index.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>
#include <span>
#include <string>

namespace klientela::index {

std::string_view Arena::keep(std::string_view text) {
  constexpr std::size_t block = std::size_t{64} << 10;
  if (text.empty()) return {};
  if (size_ - used_ < text.size()) {
    size_ = std::max(block, text.size());
    blocks_.push_back(std::unique_ptr<char[]>(new char[size_]));
    used_ = 0;
  }
  char* const place = blocks_.back().get() + used_;
  std::memcpy(place, text.data(), text.size());
  used_ += text.size();
  return {place, text.size()};
}

std::uint32_t Partition::next_code(std::uint32_t partition) const {
  const std::uint32_t local = next_local();
  if (local > max_local) throw Error(Code::overflow, "more than 268 million clients in a base");
  return local * partitions + partition;
}

std::uint32_t Partition::add(std::uint32_t partition, std::int64_t key, std::uint64_t hash) {
  const std::uint32_t code = next_code(partition);
  number_table.insert(key, hash, code);
  numbers.push_back(key);
  if (!is_text.empty()) is_text.push_back(0);
  return code;
}

std::uint32_t Partition::add(std::uint32_t partition, std::string_view text, const TextKey& key, std::uint64_t hash) {
  const std::uint32_t code = next_code(partition);
  const std::string_view kept = arena.keep(text);
  TextSlot slot{key.a, key.b, key.length, code};
  if (key.length > 16) slot.b = reinterpret_cast<std::uintptr_t>(kept.data());
  text_table.insert(hash, slot);
  is_text.resize(numbers.size(), 0);
  is_text.push_back(1);
  numbers.push_back(static_cast<std::int64_t>(texts.size()));
  texts.push_back(kept);
  return code;
}

void Layer::append(const Layer& other) {
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const Partition& from = other.parts[p];
    for (std::size_t i = 0; i < from.numbers.size(); ++i) {
      if (from.holds_text(i)) {
        const std::string_view text = from.texts[static_cast<std::size_t>(from.numbers[i])];
        const TextKey key = key_of(text);
        parts[p].add(p, text, key, hash_of(key));
      } else {
        parts[p].add(p, from.numbers[i], hash_of(from.numbers[i]));
      }
    }
  }
}

namespace {

std::shared_ptr<Layer> copy_of(const Layer& layer) {
  auto out = std::make_shared<Layer>();
  bool texts = false;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    out->parts[p].first_local = layer.parts[p].first_local;
    texts = texts || !layer.parts[p].texts.empty();
  }
  if (texts) {
    out->append(layer);
    return out;
  }
  for (std::uint32_t p = 0; p < partitions; ++p) {
    out->parts[p].numbers = layer.parts[p].numbers;
    out->parts[p].number_table = layer.parts[p].number_table.copy();
  }
  return out;
}

const Partition* holder(const ClientIndex& index, std::uint32_t partition, std::uint32_t local) noexcept {
  if (local >= index.sizes[partition]) return nullptr;
  if (index.overlay && local >= index.overlay->parts[partition].first_local) return &index.overlay->parts[partition];
  return &index.base->parts[partition];
}

/// One entry of the canonical order of texts.
struct TextEntry {
  std::string_view text;
  std::uint32_t code;
};

}  // namespace

std::uint32_t ClientIndex::find(std::int64_t key) const noexcept {
  const std::uint64_t hash = hash_of(key);
  const auto p = static_cast<std::uint32_t>(hash >> (64 - partition_bits));
  std::uint32_t code = base ? base->parts[p].find(key, hash) : no_code;
  if (code == no_code && overlay) code = overlay->parts[p].find(key, hash);
  return code;
}

std::uint32_t ClientIndex::find(std::string_view text) const noexcept {
  text = plain_id(text);
  std::int64_t number = 0;
  if (canonical_integer(text, number)) return find(number);
  const TextKey key = key_of(text);
  const std::uint64_t hash = hash_of(key);
  const auto p = static_cast<std::uint32_t>(hash >> (64 - partition_bits));
  std::uint32_t code = base ? base->parts[p].find(text, key, hash) : no_code;
  if (code == no_code && overlay) code = overlay->parts[p].find(text, key, hash);
  return code;
}

ClientId ClientIndex::id_of(std::uint32_t code) const {
  const std::uint32_t local = code / partitions;
  const Partition* part = holder(*this, code % partitions, local);
  if (part == nullptr)
    throw Error(Code::out_of_range, "no client of this base has the code " + std::to_string(code), "code");
  const std::size_t i = local - part->first_local;
  if (part->holds_text(i)) return ClientId(part->texts[static_cast<std::size_t>(part->numbers[i])]);
  return ClientId(part->numbers[i]);
}

std::string_view ClientIndex::text_of(std::uint32_t code) const noexcept {
  const std::uint32_t local = code / partitions;
  const Partition* part = holder(*this, code % partitions, local);
  return part->texts[static_cast<std::size_t>(part->numbers[local - part->first_local])];
}

void ClientIndex::texts_of(std::span<const std::uint32_t> codes, std::string_view* out) const noexcept {
  constexpr std::size_t ahead = 16;
  // Two looks lead to a text; both are asked for in time.
  const auto number = [&](std::size_t k) {
    const std::uint32_t local = codes[k] / partitions;
    const Partition* part = holder(*this, codes[k] % partitions, local);
    return std::pair{part, &part->numbers[local - part->first_local]};
  };
  for (std::size_t k = 0; k < codes.size(); ++k) {
    if (k + 2 * ahead < codes.size()) __builtin_prefetch(number(k + 2 * ahead).second);
    if (k + ahead < codes.size()) {
      const auto [part, at] = number(k + ahead);
      __builtin_prefetch(&part->texts[static_cast<std::size_t>(*at)]);
    }
    out[k] = text_of(codes[k]);
  }
}

std::shared_ptr<Layer> writable_layer(const ClientIndex& old) {
  if (old.overlay) return copy_of(*old.overlay);
  auto layer = std::make_shared<Layer>();
  for (std::uint32_t p = 0; p < partitions; ++p) layer->parts[p].first_local = old.sizes[p];
  return layer;
}

namespace {

struct Pair {
  std::uint64_t key;
  std::uint32_t code;
};

/// Splits by the leading bits of the range into pieces of a few pairs each; `other` is as long as `pairs`. What falls
/// into one piece is split again, so any distribution takes at most a handful of levels.
void sort_bucket(Pair* pairs, Pair* other, std::size_t n) {
  constexpr std::size_t few = 24;
  if (n <= few) {
    for (std::size_t i = 1; i < n; ++i) {
      const Pair moved = pairs[i];
      std::size_t k = i;
      for (; k > 0 && moved.key < pairs[k - 1].key; --k) pairs[k] = pairs[k - 1];
      pairs[k] = moved;
    }
    return;
  }
  std::uint64_t low = pairs[0].key;
  std::uint64_t high = low;
  for (std::size_t i = 1; i < n; ++i) {
    low = std::min(low, pairs[i].key);
    high = std::max(high, pairs[i].key);
  }
  if (low == high) return;
  constexpr unsigned most_bits = 11;
  const unsigned used = 64 - static_cast<unsigned>(__builtin_clzll(high - low));
  const unsigned wanted = std::min(most_bits, 64 - static_cast<unsigned>(__builtin_clzll(n)));
  const unsigned shift = used > wanted ? used - wanted : 0;
  std::array<std::uint32_t, (std::size_t{1} << most_bits) + 1> ends{};
  const std::size_t pieces = std::size_t{1} << wanted;
  for (std::size_t i = 0; i < n; ++i) ++ends[(pairs[i].key - low) >> shift];
  std::uint32_t sum = 0;
  for (std::size_t d = 0; d < pieces; ++d) {
    const std::uint32_t own = ends[d];
    ends[d] = sum;
    sum += own;
  }
  for (std::size_t i = 0; i < n; ++i) other[ends[(pairs[i].key - low) >> shift]++] = pairs[i];
  std::memcpy(static_cast<void*>(pairs), other, n * sizeof(Pair));
  if (shift == 0) return;
  std::uint32_t begin = 0;
  for (std::size_t d = 0; d < pieces; ++d) {
    if (ends[d] - begin > 1) sort_bucket(pairs + begin, other + begin, ends[d] - begin);
    begin = ends[d];
  }
}

/// The ids of a layer that come after the old ones, ascending by key_of(part, place), with their codes; places where
/// `wanted(part, place)` is false are left out. Buckets by the leading bits of the keys' range, each bucket then on its
/// own; parallel, deterministic. `keys` and `codes` are as long as there are such ids. O(n).
template <class Wanted, class KeyOf>
void sort_new(const Layer& layer, const ClientIndex& old, Wanted wanted, KeyOf key_of, std::span<std::uint64_t> keys,
              std::span<std::uint32_t> codes, const Control& control) {
  const std::size_t n = keys.size();
  if (n == 0) return;
  const std::size_t tasks = n < 50'000 ? 1 : std::min<std::size_t>(control.concurrency(), partitions);
  const auto for_partitions = [&](auto visit) {
    control.run(tasks, [&](std::size_t task) {
      for (auto p = static_cast<std::uint32_t>(task); p < partitions; p += static_cast<std::uint32_t>(tasks)) visit(p);
    });
  };
  const auto for_ids = [&](std::uint32_t p, auto visit) {
    const Partition& part = layer.parts[p];
    for (std::size_t i = old.sizes[p] - part.first_local; i < part.numbers.size(); ++i)
      if (wanted(part, i)) visit(key_of(part, i), i);
  };
  std::array<std::uint64_t, partitions> lows;
  std::array<std::uint64_t, partitions> highs;
  for_partitions([&](std::uint32_t p) {
    std::uint64_t low = ~std::uint64_t{0};
    std::uint64_t high = 0;
    for_ids(p, [&](std::uint64_t key, std::size_t /*i*/) {
      low = std::min(low, key);
      high = std::max(high, key);
    });
    lows[p] = low;
    highs[p] = high;
  });
  const std::uint64_t origin = *std::min_element(lows.begin(), lows.end());
  const std::uint64_t range = *std::max_element(highs.begin(), highs.end()) - origin;
  constexpr unsigned bucket_bits = 10;
  const unsigned used = range == 0 ? 1 : 64 - static_cast<unsigned>(__builtin_clzll(range));
  const unsigned shift = used > bucket_bits ? used - bucket_bits : 0;
  constexpr std::size_t buckets = std::size_t{1} << bucket_bits;

  std::vector<std::array<std::size_t, buckets>> places(partitions);
  for_partitions([&](std::uint32_t p) {
    places[p].fill(0);
    for_ids(p, [&](std::uint64_t key, std::size_t /*i*/) { ++places[p][(key - origin) >> shift]; });
  });
  std::vector<std::size_t> begins(buckets + 1);
  std::size_t sum = 0;
  for (std::size_t b = 0; b < buckets; ++b) {
    begins[b] = sum;
    for (auto& of : places) {
      const std::size_t own = of[b];
      of[b] = sum;
      sum += own;
    }
  }
  begins[buckets] = sum;
  for_partitions([&](std::uint32_t p) {
    auto& at = places[p];
    const std::uint32_t first = layer.parts[p].first_local;
    for_ids(p, [&](std::uint64_t key, std::size_t i) {
      const std::size_t place = at[(key - origin) >> shift]++;
      keys[place] = key;
      codes[place] = (first + static_cast<std::uint32_t>(i)) * partitions + p;
    });
  });
  std::atomic<std::size_t> next{0};  // buckets differ in size
  control.run(tasks, [&](std::size_t /*task*/) {
    std::vector<Pair> pairs;
    std::vector<Pair> other;
    for (std::size_t b = next++; b < buckets; b = next++) {
      const std::size_t size = begins[b + 1] - begins[b];
      if (size < 2) continue;
      if (other.size() < size) {
        pairs.resize(size);
        other.resize(size);
      }
      std::uint64_t* const bucket_keys = keys.data() + begins[b];
      std::uint32_t* const bucket_codes = codes.data() + begins[b];
      for (std::size_t i = 0; i < size; ++i) pairs[i] = {bucket_keys[i], bucket_codes[i]};
      sort_bucket(pairs.data(), other.data(), size);
      for (std::size_t i = 0; i < size; ++i) {
        bucket_keys[i] = pairs[i].key;
        bucket_codes[i] = pairs[i].code;
      }
    }
  });
}

/// The integer ids of a layer that come after the old ones, ascending, with their codes.
void sort_new_numbers(const Layer& layer, const ClientIndex& old, std::span<std::int64_t> ids,
                      std::span<std::uint32_t> codes, const Control& control) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  // The signed and the unsigned type of one size may stand in for each other.
  const std::span<std::uint64_t> keys(reinterpret_cast<std::uint64_t*>(ids.data()), ids.size());
  sort_new(
      layer, old, [](const Partition& part, std::size_t i) { return !part.holds_text(i); },
      [](const Partition& part, std::size_t i) { return static_cast<std::uint64_t>(part.numbers[i]) ^ sign; }, keys,
      codes, control);
  for (std::uint64_t& key : keys) key ^= sign;
}

/// The text ids of a layer that come after the old ones, ascending by bytes, with their codes.
std::vector<TextEntry> sort_new_texts(const Layer& layer, const ClientIndex& old, std::size_t n,
                                      const Control& control) {
  std::vector<TextEntry> entries(n);
  if (n == 0) return entries;
  const auto text_at = [](const Partition& part, std::size_t i) {
    return part.texts[static_cast<std::size_t>(part.numbers[i])];
  };
  const auto text_of = [&](std::uint32_t code) {
    const Partition& part = layer.parts[code % partitions];
    return text_at(part, code / partitions - part.first_local);
  };
  // What all of them begin with says nothing; the eight bytes after it nearly everything.
  std::optional<std::string_view> common;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const Partition& part = layer.parts[p];
    for (std::size_t i = old.sizes[p] - part.first_local; i < part.is_text.size(); ++i) {
      if (!part.holds_text(i)) continue;
      const std::string_view text = text_at(part, i);
      if (!common) common = text;
      if (!text.starts_with(*common))
        common = common->substr(
            0, static_cast<std::size_t>(std::mismatch(common->begin(), common->end(), text.begin(), text.end()).first -
                                        common->begin()));
    }
  }
  const auto key_of = [&, skip = common->size()](const Partition& part, std::size_t i) {
    const std::string_view rest = text_at(part, i).substr(skip);
    std::uint64_t key = 0;
    if (std::endian::native == std::endian::little && rest.size() >= 8) {
      key = __builtin_bswap64(load(rest.data(), 8));
    } else {
      for (std::size_t k = 0; k < std::min<std::size_t>(rest.size(), 8); ++k)
        key |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest[k])) << (56 - 8 * k);
    }
    return key;
  };
  Buffer<std::uint64_t> keys(n);
  Buffer<std::uint32_t> codes(n);
  sort_new(
      layer, old, [](const Partition& part, std::size_t i) { return part.holds_text(i); }, key_of,
      std::span(keys.data(), n), std::span(codes.data(), n), control);
  for (std::size_t i = 0; i < n; ++i) entries[i] = {text_of(codes[i]), codes[i]};
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    while (end < n && keys[end] == keys[begin]) ++end;
    if (end - begin > 1)
      std::sort(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                entries.begin() + static_cast<std::ptrdiff_t>(end),
                [](const TextEntry& a, const TextEntry& b) { return a.text < b.text; });
    begin = end;
  }
  return entries;
}

}  // namespace

std::shared_ptr<const ClientIndex> grown(const std::shared_ptr<const ClientIndex>& old, std::shared_ptr<Layer> layer,
                                         const Control& control) {
  std::array<std::uint32_t, partitions> sizes{};
  std::size_t added = 0;
  std::size_t added_texts = 0;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const Partition& part = layer->parts[p];
    sizes[p] = part.next_local();
    added += sizes[p] - old->sizes[p];
    for (std::size_t i = old->sizes[p] - part.first_local; i < part.is_text.size(); ++i) added_texts += part.is_text[i];
  }
  if (added == 0) return old;

  // The new ids, sorted.
  Buffer<std::int64_t> ids(added - added_texts);
  Buffer<std::uint32_t> codes(added - added_texts);
  sort_new_numbers(*layer, *old, std::span(ids.data(), ids.size()), std::span(codes.data(), codes.size()), control);
  const std::vector<TextEntry> texts = sort_new_texts(*layer, *old, added_texts, control);

  auto index = std::make_shared<ClientIndex>();
  index->sizes = sizes;
  const std::size_t old_numbers = old->numbers_in_order ? old->numbers_in_order->size() : 0;
  const std::size_t old_size = old->size();
  if (old_size == 0 && texts.empty()) {
    index->order = std::make_shared<const Buffer<std::uint32_t>>(std::move(codes));
    index->numbers_in_order = std::make_shared<const Buffer<std::int64_t>>(std::move(ids));
  } else {
    // Merge with the old order, which is sorted too.
    Buffer<std::uint32_t> order(old_size + added);
    Buffer<std::int64_t> numbers(old_numbers + ids.size());
    std::size_t a = 0;
    std::size_t b = 0;
    std::size_t out = 0;
    for (; out < numbers.size(); ++out) {
      const bool from_old = b == ids.size() || (a < old_numbers && (*old->numbers_in_order)[a] < ids[b]);
      numbers[out] = from_old ? (*old->numbers_in_order)[a] : ids[b];
      order[out] = from_old ? (*old->order)[a] : codes[b];
      a += from_old ? 1 : 0;
      b += from_old ? 0 : 1;
    }
    std::size_t t = 0;
    for (; out < order.size(); ++out) {
      const bool from_old = t == texts.size() || (a < old_size && old->text_of((*old->order)[a]) < texts[t].text);
      order[out] = from_old ? (*old->order)[a++] : texts[t++].code;
    }
    index->order = std::make_shared<const Buffer<std::uint32_t>>(std::move(order));
    index->numbers_in_order = std::make_shared<const Buffer<std::int64_t>>(std::move(numbers));
  }

  const std::size_t base_size = old->base ? old->base->size() : 0;
  if (!old->base) {
    index->base = std::move(layer);
  } else if (layer->size() * 4 > base_size) {
    auto joined = copy_of(*old->base);
    joined->append(*layer);
    index->base = std::move(joined);
  } else {
    index->base = old->base;
    index->overlay = std::move(layer);
  }
  return index;
}

}  // namespace klientela::index
