// Which client an id is: hash tables from ids to codes in 16 partitions, in at most two layers that bases share.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/formula.hpp"
#include "core/text.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::index {

__extension__ using Wide = unsigned __int128;

inline constexpr std::uint32_t partitions = ClientBase::client_partitions;
inline constexpr unsigned partition_bits = 4;
static_assert(1U << partition_bits == partitions);

/// Codes are local * partitions + partition and no_code is none of them.
inline constexpr std::uint32_t max_local = no_code / partitions - 1;

/// The top bits are the partition, the next ones the place in its table. Depends on the id alone.
[[nodiscard]] inline std::uint64_t hash_of(std::int64_t key) noexcept {
  const auto bits = static_cast<std::uint64_t>(key);
  return (bits ^ (bits >> 32)) * 0x9E37'79B9'7F4A'7C15U;
}

/// A text as its table compares it: up to 16 bytes in place, longer ones by a hash, then by their bytes.
struct TextKey {
  std::uint64_t a{0};
  std::uint64_t b{0};
  std::uint32_t length{0};
};

[[nodiscard]] inline std::uint64_t mixed(std::uint64_t x, std::uint64_t y) noexcept {
  const auto product = static_cast<Wide>(x ^ 0x9E37'79B9'7F4A'7C15U) * (y ^ 0xD1B5'4A32'D192'ED03U);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

[[nodiscard]] inline std::uint64_t load(const char* from, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

/// Of its 64 bits the upper 32 count, so that ingest can keep it in four bytes; they are never all ones.
[[nodiscard]] inline std::uint64_t hash_of(std::uint64_t a, std::uint64_t b, std::uint32_t length) noexcept {
  const std::uint64_t hash = mixed(a ^ length, length > 16 ? 0 : b) >> 32;
  return (hash - (hash == 0xFFFF'FFFFU ? 1 : 0)) << 32;
}

[[nodiscard]] inline TextKey key_of(std::string_view text) noexcept {
  TextKey key;
  const char* data = text.data();
  const std::size_t n = text.size();
  key.length = static_cast<std::uint32_t>(n);
  if (n <= 16) {
    if (n >= 8) {
      std::memcpy(&key.a, data, 8);
      std::uint64_t tail = 0;  // the last eight bytes, shifted so that only those past the first eight stay
      std::memcpy(&tail, data + n - 8, 8);
      key.b = n == 8 ? 0 : tail >> (8 * (16 - n));
    } else if (n >= 4) {
      std::uint32_t head = 0;
      std::uint32_t tail = 0;
      std::memcpy(&head, data, 4);
      std::memcpy(&tail, data + n - 4, 4);
      key.a = head | (static_cast<std::uint64_t>(tail) << (8 * (n - 4)));
    } else if (n > 0) {
      key.a = static_cast<std::uint64_t>(static_cast<unsigned char>(data[0])) |
              static_cast<std::uint64_t>(static_cast<unsigned char>(data[n / 2])) << (8 * (n / 2)) |
              static_cast<std::uint64_t>(static_cast<unsigned char>(data[n - 1])) << (8 * (n - 1));
    }
  } else {
    std::uint64_t state = n;
    std::size_t i = 0;
    for (; i + 16 < n; i += 16) state = mixed(state ^ load(data + i, 8), load(data + i + 8, 8));
    key.a = mixed(state ^ load(data + n - 16, 8), load(data + n - 8, 8));
  }
  return key;
}

[[nodiscard]] inline std::uint64_t hash_of(const TextKey& key) noexcept { return hash_of(key.a, key.b, key.length); }

/// An id as it counts: without blanks around it, and without the apostrophe that a CSV of ours puts before what a
/// spreadsheet would run. Empty: no id.
[[nodiscard]] inline std::string_view plain_id(std::string_view id) noexcept {
  const auto plain = [](char c, signed char least) { return static_cast<signed char>(c) > least; };  // and ASCII
  if (!id.empty() && plain(id.front(), '\'') && plain(id.back(), ' ')) return id;  // as nearly all are
  id = detail::trimmed(id);
  while (!id.empty() && id.front() == '\'' && detail::begins_formula(id.substr(1))) id = detail::trimmed(id.substr(1));
  return id;
}

/// Canonical decimal integers that fit int64: "0", "-7", "17850"; not "007", "+7", "-0".
[[nodiscard]] inline bool canonical_integer(std::string_view text, std::int64_t& value) noexcept {
  const std::size_t n = text.size();
  if (n == 0 || n > 20) return false;
  const bool negative = text[0] == '-';
  const std::size_t first = negative ? 1 : 0;
  if (n == first) return false;
  const char lead = text[first];
  if (lead < '0' || lead > '9') return false;
  if (lead == '0') {
    value = 0;
    return n == 1;
  }
  if (n - first > 19) return false;
  std::uint64_t digits = 0;
  for (std::size_t i = first; i < n; ++i) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[i])) - '0';
    if (digit > 9) return false;
    digits = digits * 10 + digit;  // 19 digits fit
  }
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (digits > (negative ? limit : limit - 1)) return false;
  value = static_cast<std::int64_t>(negative ? 0 - digits : digits);
  return true;
}

/// How many slots or buckets of so many bytes follow `size`, a power of two: twice as many, or at once enough for a
/// huge page, since looking up all over small pages waits for their addresses more than for the data.
[[nodiscard]] constexpr std::size_t next_size(std::size_t size, std::size_t bytes) noexcept {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t twice = 2 * size;
  return twice * bytes > huge_page / 8 && twice * bytes < huge_page ? huge_page / bytes : twice;
}

/// Open addressing with linear probing, at most 7/10 full. The place is the hash's bits below the partition's, so that
/// doubling a table keeps the order of its slots.
template <class Slot>
class SlotTable {
 public:
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::size_t place(std::uint64_t hash) const noexcept { return (hash << partition_bits) >> shift_; }
  /// Where a loop over many keys looks: slots[(hash << partition_bits) >> shift] and on, modulo mask + 1.
  struct View {
    const Slot* slots{nullptr};
    std::size_t mask{0};
    unsigned shift{0};
    [[nodiscard]] std::size_t place(std::uint64_t hash) const noexcept { return (hash << partition_bits) >> shift; }
  };
  [[nodiscard]] View view() const noexcept { return {slots_.data(), slots_.size() - 1, shift_}; }
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {  // else GCC drops it as free of effects
    __builtin_prefetch(
        reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(slots_.data()) + place(hash) * sizeof(Slot)), 0,
        2);
  }

  /// The code of the slot for which equal() holds, or no_code. The table must not be empty.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal equal) const noexcept {
    const Slot* const slots = slots_.data();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = place(hash);; i = (i + 1) & mask) {
      if (slots[i].code == no_code) return no_code;
      if (equal(slots[i])) return slots[i].code;
    }
  }

  /// Puts a slot that is not there yet. hash_of(slot) serves growing.
  void insert(std::uint64_t hash, const Slot& slot) {
    if ((count_ + 1) * 10 > slots_.size() * 7)
      grow(slots_.empty() ? first_size : next_size(slots_.size(), sizeof(Slot)));
    put(slots_, hash, slot);
    ++count_;
  }

  void reserve_first() {
    if (slots_.empty()) allocate(slots_, first_size);
  }

  [[nodiscard]] SlotTable copy() const {
    SlotTable out;
    if (slots_.empty()) return out;
    out.slots_ = Buffer<Slot>(slots_.size());
    std::memcpy(static_cast<void*>(out.slots_.data()), slots_.data(), slots_.size() * sizeof(Slot));
    out.shift_ = shift_;
    out.count_ = count_;
    return out;
  }

 private:
  static constexpr std::size_t first_size = 64;

  void allocate(Buffer<Slot>& slots, std::size_t size) {
    slots = Buffer<Slot>(size);
    std::memset(static_cast<void*>(slots.data()), 0xFF, size * sizeof(Slot));
    shift_ = 64 - static_cast<unsigned>(__builtin_ctzll(size));
  }

  void grow(std::size_t size) {
    Buffer<Slot> wider;
    allocate(wider, size);
    for (const Slot& slot : slots_)
      if (slot.code != no_code) put(wider, hash_of(slot), slot);
    slots_ = std::move(wider);
  }

  void put(Buffer<Slot>& slots, std::uint64_t hash, const Slot& slot) noexcept {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = place(hash);
    while (slots[i].code != no_code) i = (i + 1) & mask;
    slots[i] = slot;
  }

  Buffer<Slot> slots_;
  unsigned shift_{64 - 6};
  std::size_t count_{0};
};

/// Integers to codes: buckets of one cache line each, so that nearly every lookup touches a single line and takes a
/// single, predictable branch. Full buckets overflow into the next one. At most 7/10 full.
class NumberTable {
 public:
  static constexpr std::uint32_t slots = 5;
  struct Bucket {
    std::int64_t keys[slots];
    std::uint32_t codes[slots];
    std::uint32_t used;

    /// Bit i set where slot i holds the key. Free slots hold a key of another partition, which nobody looks up here.
    [[nodiscard]] [[gnu::always_inline]] unsigned hits(std::int64_t key) const noexcept {
      unsigned bits = 0;
      for (unsigned i = 0; i < slots; ++i) bits |= static_cast<unsigned>(keys[i] == key) << i;
      return bits;
    }
  };
  static_assert(sizeof(Bucket) == 64);

  /// Where a loop over many keys finds the first bucket of each: buckets[(hash << partition_bits) >> shift].
  struct View {
    const Bucket* buckets{nullptr};
    std::uint64_t shift{0};
  };
  [[nodiscard]] View view() const noexcept { return {buckets_.data(), shift_}; }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {  // else GCC drops it as free of effects
    __builtin_prefetch(
        reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(buckets_.data()) + place(hash) * sizeof(Bucket)),
        0, 2);  // into the second-level cache: more of them can be on their way at once
  }
  /// The code of a key, or no_code. There must be buckets (reserve_first(), or not empty()).
  [[nodiscard]] [[gnu::always_inline]] std::uint32_t find(std::int64_t key, std::uint64_t hash) const noexcept {
    const Bucket* bucket = buckets_.data() + place(hash);
    for (;;) {
      const unsigned hits = bucket->hits(key);
      if (hits != 0) [[likely]]
        return bucket->codes[__builtin_ctz(hits)];
      if (bucket->used < slots) return no_code;
      if (++bucket == buckets_.data() + buckets_.size()) bucket = buckets_.data();
    }
  }
  /// Puts a key that is not there yet.
  void insert(std::int64_t key, std::uint64_t hash, std::uint32_t code) {
    if ((count_ + 1) * 10 > buckets_.size() * slots * 7) grow(partition_of(hash));
    put(buckets_, key, hash, code);
    ++count_;
  }
  void reserve_first(std::uint32_t partition) {
    if (buckets_.empty()) allocate(buckets_, first_size, partition);
  }
  [[nodiscard]] NumberTable copy() const {
    NumberTable out;
    if (buckets_.empty()) return out;
    out.buckets_ = Buffer<Bucket>(buckets_.size());
    std::memcpy(static_cast<void*>(out.buckets_.data()), buckets_.data(), buckets_.size() * sizeof(Bucket));
    out.shift_ = shift_;
    out.count_ = count_;
    return out;
  }

 private:
  static constexpr std::size_t first_size = 16;

  [[nodiscard]] static std::uint32_t partition_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> (64 - partition_bits));
  }
  [[nodiscard]] std::size_t place(std::uint64_t hash) const noexcept { return (hash << partition_bits) >> shift_; }

  void allocate(Buffer<Bucket>& buckets, std::size_t size, std::uint32_t partition) {
    buckets = Buffer<Bucket>(size);
    // 0 is of partition 0, and 1 is not.
    const std::int64_t stranger = partition == partition_of(hash_of(0)) ? 1 : 0;
    for (Bucket& bucket : buckets) bucket = {{stranger, stranger, stranger, stranger, stranger}, {}, 0};
    shift_ = 64 - static_cast<unsigned>(__builtin_ctzll(size));
  }
  void grow(std::uint32_t partition) {
    Buffer<Bucket> wider;
    allocate(wider, buckets_.empty() ? first_size : next_size(buckets_.size(), sizeof(Bucket)), partition);
    for (const Bucket& bucket : buckets_)
      for (std::uint32_t i = 0; i < bucket.used; ++i)
        put(wider, bucket.keys[i], hash_of(bucket.keys[i]), bucket.codes[i]);
    buckets_ = std::move(wider);
  }
  void put(Buffer<Bucket>& buckets, std::int64_t key, std::uint64_t hash, std::uint32_t code) noexcept {
    std::size_t i = place(hash);
    while (buckets[i].used == slots) i = (i + 1) & (buckets.size() - 1);
    Bucket& bucket = buckets[i];
    bucket.keys[bucket.used] = key;
    bucket.codes[bucket.used++] = code;
  }

  Buffer<Bucket> buckets_;
  unsigned shift_{64 - 4};
  std::size_t count_{0};
};

struct alignas(32) TextSlot {  // so that none lies in two cache lines
  std::uint64_t a;
  std::uint64_t b;  // of longer texts: where the bytes are
  std::uint32_t length;
  std::uint32_t code;

  [[nodiscard]] bool holds(std::string_view text, const TextKey& key) const noexcept {
    if (a != key.a || length != key.length) return false;
    if (length <= 16) return b == key.b;
    return std::memcmp(reinterpret_cast<const char*>(b), text.data(), text.size()) == 0;
  }
};
[[nodiscard]] inline std::uint64_t hash_of(const TextSlot& slot) noexcept {
  return hash_of(slot.a, slot.b, slot.length);
}

/// Bytes of texts, at addresses that never move.
class Arena {
 public:
  [[nodiscard]] std::string_view keep(std::string_view text);

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_{0};
  std::size_t size_{0};
};

/// Texts by number, in order of first appearance.
class Interner {
 public:
  [[nodiscard]] const std::vector<std::string_view>& texts() const noexcept { return texts_; }
  /// The code of a text; `keep(text)` gives the bytes that a new one stays in.
  template <class Keep>
  std::uint32_t code_of(std::string_view text, Keep keep) {
    const TextKey key = key_of(text);
    const std::uint64_t hash = hash_of(key);
    if (!table_.empty()) {
      const std::uint32_t code = table_.find(hash, [&](const TextSlot& slot) { return slot.holds(text, key); });
      if (code != no_code) return code;
    }
    const std::string_view kept = keep(text);
    const auto code = static_cast<std::uint32_t>(texts_.size());
    TextSlot slot{key.a, key.b, key.length, code};
    if (key.length > 16) slot.b = reinterpret_cast<std::uintptr_t>(kept.data());
    table_.insert(hash, slot);
    texts_.push_back(kept);
    return code;
  }
  [[nodiscard]] Interner copy() const {
    Interner out;
    out.table_ = table_.copy();
    out.texts_ = texts_;
    return out;
  }

 private:
  SlotTable<TextSlot> table_;
  std::vector<std::string_view> texts_;
};

/// The ids of one partition that one layer holds. One thread at a time writes it.
struct Partition {
  std::uint32_t first_local{0};       ///< local of numbers[0]
  std::vector<std::int64_t> numbers;  ///< by local - first_local: the id, or its place in texts
  std::vector<std::uint8_t> is_text;  ///< the same, empty while there are no texts
  std::vector<std::string_view> texts;
  Arena arena;
  NumberTable number_table;
  SlotTable<TextSlot> text_table;

  [[nodiscard]] bool holds_text(std::size_t i) const noexcept { return !is_text.empty() && is_text[i] != 0; }
  [[nodiscard]] std::uint32_t find(std::int64_t key, std::uint64_t hash) const noexcept {
    if (number_table.empty()) return no_code;
    return number_table.find(key, hash);
  }
  [[nodiscard]] std::uint32_t find(std::string_view text, const TextKey& key, std::uint64_t hash) const noexcept {
    if (text_table.empty()) return no_code;
    return text_table.find(hash, [&](const TextSlot& slot) { return slot.holds(text, key); });
  }
  /// \throws Error overflow where the partition is full
  std::uint32_t add(std::uint32_t partition, std::int64_t key, std::uint64_t hash);
  std::uint32_t add(std::uint32_t partition, std::string_view text, const TextKey& key, std::uint64_t hash);
  [[nodiscard]] std::uint32_t next_local() const noexcept {
    return first_local + static_cast<std::uint32_t>(numbers.size());
  }

 private:
  std::uint32_t next_code(std::uint32_t partition) const;
};

struct Layer {
  std::array<Partition, partitions> parts;
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t total = 0;
    for (const Partition& part : parts) total += part.numbers.size();
    return total;
  }
  /// Adds every id of another layer that follows this one.
  void append(const Layer& other);
};

/// An immutable index and its canonical order.
struct ClientIndex {
  std::shared_ptr<const Layer> base;
  std::shared_ptr<const Layer> overlay;  ///< ids added since; null where there are none
  std::array<std::uint32_t, partitions> sizes{};
  std::shared_ptr<const Buffer<std::uint32_t>> order;  ///< row -> code; null while there are no clients
  /// The integer ids in canonical order; rows from its end on are texts.
  std::shared_ptr<const Buffer<std::int64_t>> numbers_in_order;

  [[nodiscard]] std::size_t size() const noexcept { return order ? order->size() : 0; }
  [[nodiscard]] std::uint32_t find(std::int64_t key) const noexcept;
  /// By the plain_id() of a text.
  [[nodiscard]] std::uint32_t find(std::string_view text) const noexcept;
  /// The ids of codes that were handed out and are texts.
  void texts_of(std::span<const std::uint32_t> codes, std::string_view* out) const noexcept;
  /// The partition and place of a code; \throws Error out_of_range for a code that was not handed out
  [[nodiscard]] ClientId id_of(std::uint32_t code) const;
  /// The id of a code as text, for a code that was handed out and is a text.
  [[nodiscard]] std::string_view text_of(std::uint32_t code) const noexcept;
};

/// An index that grew: `layer` is what coding wrote (a copy of the old overlay plus new ids, or a whole base).
[[nodiscard]] std::shared_ptr<const ClientIndex> grown(const std::shared_ptr<const ClientIndex>& old,
                                                       std::shared_ptr<Layer> layer, const Control& control);
/// The layer that coding onto `old` writes to.
[[nodiscard]] std::shared_ptr<Layer> writable_layer(const ClientIndex& old);

}  // namespace klientela::index
