// Sums over purchase lines by client, each bucket of clients owned by one task at a time.
#include "features/purchases.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "features/exchange.hpp"

namespace klientela::features_internal {
namespace {

constexpr std::size_t partitions = ClientBase::client_partitions;
constexpr std::size_t ahead = 24;  // lines between the prefetch of a client's sums and their update

// Clients of one bucket: their sums (1 MiB) stay in the second-level cache while its lines are added.
constexpr unsigned local_bits = 16;
constexpr std::uint32_t bucket_clients = 1U << local_bits;
constexpr std::uint32_t local_mask = bucket_clients - 1;

// One line on its way to the client's owner: place within the bucket and day from the epoch in one key.
template <class Key, bool wide>
struct Line;
template <class Key>
struct Line<Key, false> {
  Key key;
  std::uint32_t amount_words[2];  // an int64 in two words, so that a narrow line is 12 bytes
};
template <class Key>
struct Line<Key, true> {
  Key key;
  std::uint32_t amount_words[2];
  std::int64_t profit;
  std::int64_t quantity;
};
static_assert(sizeof(Line<std::uint32_t, false>) == 12);

template <class Key>
using DayOf = std::conditional_t<sizeof(Key) == 4, std::uint16_t, std::uint32_t>;

template <class Key, bool wide>
void extract_lines(const Segment& segment, DaySpan span, BucketWriter<Line<Key, wide>>& writer, std::size_t buckets,
                   std::uint64_t& later) {
  const Chunk& chunk = *segment.chunk;
  const std::span<const std::uint32_t> clients = chunk.clients();
  const PurchaseColumns columns(chunk);
  if (!columns.complete()) return;
  std::conditional_t<wide, WidePurchaseBlock, PurchaseBlock> block;
  const auto& days = block.days;
  const auto& amounts = block.amounts;
  const auto width = static_cast<std::uint32_t>(span.to) - static_cast<std::uint32_t>(span.from);
  std::uint64_t later_rows = 0;
  for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
    const std::size_t n = std::min(block_rows, segment.end - begin);
    columns.read(begin, n, block);
    const std::uint32_t* const codes = clients.data() + begin;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t code = codes[i];
      const std::uint32_t day = static_cast<std::uint32_t>(days[i]) - static_cast<std::uint32_t>(span.from);
      const bool used = (code != no_code) & (amounts[i] != null_number);
      const bool counts = wide | (amounts[i] != 0);
      later_rows += static_cast<std::uint64_t>(used & (days[i] > span.to));
      const std::uint32_t local = code / static_cast<std::uint32_t>(partitions);
      // A code that is none would name a bucket that does not exist.
      const std::size_t owner = code == no_code ? 0 : (local >> local_bits) * partitions + code % partitions;
      const std::size_t bucket = owner + (amounts[i] < 0 ? buckets : 0);
      Line<Key, wide> line;
      line.key = (static_cast<Key>(day) << local_bits) | (local & local_mask);
      std::memcpy(line.amount_words, &amounts[i], sizeof(std::int64_t));
      if constexpr (wide) {
        line.profit = block.profits[i];
        line.quantity = block.quantities[i];
      }
      writer.put(bucket, line, used & counts & (day <= width));
    }
  }
  later += later_rows;
}

// Adds the lines of one page to their clients. `sums` is Bought for lines of zero or more, Returned for negative ones.
template <class Key, bool wide, class Sum>
void add_lines(std::span<const Line<Key, wide>> lines, Sum* sums, WideSum* wides, std::uint64_t& sticky) {
  using ShortDay = DayOf<Key>;
  const std::size_t n = lines.size();
  const auto local_of = [&](std::size_t i) { return static_cast<std::uint32_t>(lines[i].key) & local_mask; };
  for (std::size_t i = 0; i < std::min(n, ahead); ++i) __builtin_prefetch(&sums[local_of(i)], 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < n; ++i) {
    __builtin_prefetch(&sums[local_of(std::min(i + ahead, n - 1))], 1);
    const std::uint32_t local = local_of(i);
    Sum& sum = sums[local];
    std::uint64_t amount;
    std::memcpy(&amount, lines[i].amount_words, sizeof amount);
    if constexpr (std::is_same_v<Sum, Returned>) {
      sum.refunds += 0 - amount;
      ++sum.refund_lines;
      seen |= sum.refunds;
    } else if (!wide || amount != 0) {
      const auto day = static_cast<ShortDay>(lines[i].key >> local_bits);
      sum.gross += amount;
      ++sum.lines;
      sum.first = std::min(sum.first, day);
      sum.last = std::max(sum.last, day);
      seen |= sum.gross;
    }
    if constexpr (wide) {
      WideSum& more = wides[local];
      if (lines[i].profit != null_number) {
        more.profit += lines[i].profit;
        ++more.profit_lines;
      }
      if (lines[i].quantity != null_number) {
        more.quantity += lines[i].quantity;
        ++more.quantity_lines;
      }
    }
  }
  sticky |= seen;
}

// Enough lines for most of a bucket's cache lines to be used more than once per visit, within bounded memory.
std::size_t slab_rows(std::size_t buckets) noexcept {
  // Where all sums nearly fit the cache there is little to gain, and fresh memory is not free.
  const std::size_t lines = buckets <= 32 ? bucket_clients / 2 : bucket_clients;
  return std::clamp<std::size_t>(buckets * lines, 1U << 19, 1U << 23);
}

template <class Key, bool wide>
PurchaseSums sum_lines(std::span<const std::shared_ptr<const Chunk>> chunks, const CodeIndex& index, DaySpan span,
                       const Control& control) {
  using ShortDay = DayOf<Key>;
  PurchaseSums result;
  result.epoch = span.from;
  Buffer<Bought<ShortDay>> bought(index.size());
  result.returned = Buffer<Returned>(index.size());
  if (wide) result.wide = Buffer<WideSum>(index.size());
  control.run(partitions, [&](std::size_t p) {
    std::uninitialized_default_construct_n(bought.data() + index.begin(p), index.size(p));
    if (wide) std::uninitialized_default_construct_n(result.wide.data() + index.begin(p), index.size(p));
  });
  std::vector<Segment> segments;
  append_segments(chunks, 0, segments);
  std::atomic<std::uint64_t> later{0};
  std::atomic<std::uint64_t> sticky{0};
  // Where nobody gave anything back, the memory for it is never touched.
  const auto clear_returned = [&](std::size_t bucket) {
    const std::size_t begin = bucket / partitions * bucket_clients;
    const std::size_t end = index.size(bucket % partitions);
    if (begin < end)
      std::uninitialized_default_construct_n(result.returned.data() + index.begin(bucket % partitions) + begin,
                                             std::min<std::size_t>(end - begin, bucket_clients));
  };
  std::size_t largest = 0;
  for (std::size_t p = 0; p < partitions; ++p) largest = std::max(largest, index.size(p));
  const std::size_t buckets = partitions * ((largest + bucket_clients - 1) / bucket_clients);
  std::vector<std::uint8_t> returns(buckets, 0);  // by bucket: whether a line of it was a refund
  using Writer = BucketWriter<Line<Key, wide>>;
  // Refunds go to their owner by a second set of buckets: few, they would stall the lines between them.
  exchange<Line<Key, wide>>(
      control, "features", segments, 2 * buckets, buckets, slab_rows(buckets),
      [&](const Segment& segment, Writer& writer) {
        std::uint64_t rows = 0;
        extract_lines<Key, wide>(segment, span, writer, buckets, rows);
        if (rows != 0) later.fetch_add(rows, std::memory_order_relaxed);
      },
      [&](std::size_t bucket, std::span<const Writer> writers) {
        const std::size_t first = index.begin(bucket % partitions) + bucket / partitions * bucket_clients;
        WideSum* const wides = wide ? result.wide.data() + first : nullptr;
        std::uint64_t seen = 0;
        for (const Writer& writer : writers) {
          writer.each_page(bucket, [&](std::span<const Line<Key, wide>> lines) {
            add_lines<Key, wide>(lines, bought.data() + first, wides, seen);
          });
          writer.each_page(buckets + bucket, [&](std::span<const Line<Key, wide>> lines) {
            if (lines.empty()) return;
            if (std::exchange(returns[bucket], std::uint8_t{1}) == 0) clear_returned(bucket);
            add_lines<Key, wide>(lines, result.returned.data() + first, wides, seen);
          });
        }
        if ((seen >> 63) != 0) sticky.store(1, std::memory_order_relaxed);
      });
  if (std::find(returns.begin(), returns.end(), 1) == returns.end()) {
    result.returned = {};
  } else {
    for (std::size_t bucket = 0; bucket < buckets; ++bucket)
      if (returns[bucket] == 0) clear_returned(bucket);
  }
  result.later_rows = later.load();
  result.overflow = sticky.load() != 0;
  if constexpr (sizeof(Key) == 4) {
    result.bought = std::move(bought);
  } else {
    result.bought_wide = std::move(bought);
  }
  return result;
}

}  // namespace

PurchaseSums sum_purchases(std::span<const std::shared_ptr<const Chunk>> chunks, const CodeIndex& index, DaySpan days,
                           bool wide, const Control& control) {
  const bool narrow = std::int64_t{days.to} - days.from <= std::numeric_limits<std::uint16_t>::max();
  if (narrow) {
    return wide ? sum_lines<std::uint32_t, true>(chunks, index, days, control)
                : sum_lines<std::uint32_t, false>(chunks, index, days, control);
  }
  return wide ? sum_lines<std::uint64_t, true>(chunks, index, days, control)
              : sum_lines<std::uint64_t, false>(chunks, index, days, control);
}

}  // namespace klientela::features_internal
