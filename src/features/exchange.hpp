// Rows of many chunks to the owners of their clients: read and converted once each, then handed over in batches.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "klientela/core/buffer.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::features_internal {

inline constexpr std::size_t block_rows = 2048;         ///< rows converted at a time: their values stay in L1
inline constexpr std::size_t segment_rows = 32 * 1024;  ///< rows a task takes at a time
inline constexpr std::size_t page_records = 1024;

/// Rows [begin, end) of one chunk. `source` numbers the base that the chunk belongs to.
struct Segment {
  const Chunk* chunk;
  std::size_t begin;
  std::size_t end;
  std::size_t source;
};

/// Cuts chunks into segments and appends them.
inline void append_segments(std::span<const std::shared_ptr<const Chunk>> chunks, std::size_t source,
                            std::vector<Segment>& segments) {
  for (const auto& chunk : chunks)
    for (std::size_t begin = 0; begin < chunk->rows(); begin += segment_rows)
      segments.push_back({chunk.get(), begin, std::min(chunk->rows(), begin + segment_rows), source});
}

/// Values of a block of transactions.
struct PurchaseBlock {
  alignas(64) std::array<std::int32_t, block_rows> days;
  alignas(64) std::array<std::int64_t, block_rows> amounts;  ///< refunds are negative
};
struct WidePurchaseBlock : PurchaseBlock {
  alignas(64) std::array<std::int64_t, block_rows> profits;
  alignas(64) std::array<std::int64_t, block_rows> quantities;
};

/// The columns of a chunk of transactions that purchases are summed from.
class PurchaseColumns {
 public:
  explicit PurchaseColumns(const Chunk& chunk) noexcept
      : at_(chunk[TransactionField::at]),
        amount_(chunk[TransactionField::amount]),
        profit_(chunk[TransactionField::profit]),
        quantity_(chunk[TransactionField::quantity]) {}
  /// Whether the chunk has what every line needs.
  [[nodiscard]] bool complete() const noexcept { return at_ != nullptr && amount_ != nullptr; }
  /// Reads n <= block_rows rows. \pre complete()
  void read(std::size_t begin, std::size_t n, PurchaseBlock& block) const {
    at_->days(begin, std::span(block.days.data(), n));
    amount_->numbers(begin, std::span(block.amounts.data(), n));
  }
  void read(std::size_t begin, std::size_t n, WidePurchaseBlock& block) const {
    read(begin, n, static_cast<PurchaseBlock&>(block));
    read(profit_, begin, n, block.profits);
    read(quantity_, begin, n, block.quantities);
  }

 private:
  static void read(const Values* values, std::size_t begin, std::size_t n, std::array<std::int64_t, block_rows>& into) {
    if (values != nullptr) {
      values->numbers(begin, std::span(into.data(), n));
    } else {
      std::fill_n(into.data(), n, null_number);
    }
  }
  const Values* at_;
  const Values* amount_;
  const Values* profit_;
  const Values* quantity_;
};

/// Pages of records that the tasks of one slab take from; sized for the slab, touched as far as it is used.
template <class Record>
class Pages {
 public:
  Pages(std::size_t records, std::size_t writers, std::size_t buckets)
      : count_(records / page_records + writers * buckets), records_(count_ * page_records), next_(count_) {}
  [[nodiscard]] std::uint32_t take(std::size_t /*bucket*/) noexcept {
    return used_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] Record* page(std::uint32_t number) noexcept { return records_.data() + number * page_records; }
  [[nodiscard]] std::uint32_t& next(std::uint32_t number) noexcept { return next_[number]; }
  void clear() noexcept { used_.store(0, std::memory_order_relaxed); }

 private:
  std::size_t count_;
  Buffer<Record> records_;
  Buffer<std::uint32_t> next_;
  std::atomic<std::uint32_t> used_{0};
};

/// Pages that are mapped as they are taken, for buckets in groups of neighbours; what a group holds can be given back
/// while other groups are in use.
template <class Record>
class GroupedPages {
 public:
  /// \param records  all that will come, at most
  GroupedPages(std::size_t records, std::size_t writers, std::size_t buckets)
      : buckets_per_group_(std::max<std::size_t>(1, (buckets + most_groups - 1) / most_groups)),
        groups_((buckets + buckets_per_group_ - 1) / buckets_per_group_) {
    const std::size_t pages = std::max<std::size_t>(1, records / page_records + writers * buckets);
    while (pages_per_slab() > pages) --slab_bits_;
    slabs_ = std::vector<Buffer<Record>>(pages / pages_per_slab() + groups_.size());
    next_ = Buffer<std::uint32_t>(slabs_.size() * pages_per_slab());
  }
  /// May be called from many threads. Throws std::bad_alloc.
  [[nodiscard]] std::uint32_t take(std::size_t bucket) {
    Group& group = groups_[group_of(bucket)];
    const std::lock_guard lock(group.mutex);
    if (group.next == group.end) {
      const std::uint32_t slab = used_.fetch_add(1, std::memory_order_relaxed);
      slabs_[slab] = Buffer<Record>(pages_per_slab() * page_records);
      group.slabs.push_back(slab);
      group.next = slab << slab_bits_;
      group.end = group.next + static_cast<std::uint32_t>(pages_per_slab());
    }
    return group.next++;
  }
  [[nodiscard]] Record* page(std::uint32_t number) noexcept {
    return slabs_[number >> slab_bits_].data() + (number & (pages_per_slab() - 1)) * page_records;
  }
  [[nodiscard]] std::uint32_t& next(std::uint32_t number) noexcept { return next_[number]; }
  [[nodiscard]] std::size_t groups() const noexcept { return groups_.size(); }
  [[nodiscard]] std::size_t group_of(std::size_t bucket) const noexcept { return bucket / buckets_per_group_; }
  /// Gives back what the group's buckets hold. Other groups may be read meanwhile; nothing may be taken.
  void release(std::size_t group) noexcept {
    for (const std::uint32_t slab : groups_[group].slabs) slabs_[slab] = {};
    groups_[group].slabs.clear();
  }

 private:
  static constexpr std::size_t most_groups = 8;
  struct Group {
    std::mutex mutex;
    std::uint32_t next{0};
    std::uint32_t end{0};
    std::vector<std::uint32_t> slabs;
  };
  [[nodiscard]] std::size_t pages_per_slab() const noexcept { return std::size_t{1} << slab_bits_; }

  unsigned slab_bits_{sizeof(Record) % 8 == 0 ? 8U : 9U};  // whole huge pages
  std::size_t buckets_per_group_;
  std::vector<Group> groups_;
  std::vector<Buffer<Record>> slabs_;
  Buffer<std::uint32_t> next_;
  std::atomic<std::uint32_t> used_{0};
};

/// Records sorted into buckets as they come, by one task. Every bucket is a chain of pages.
template <class Record, class Source = Pages<Record>>
class BucketWriter {
 public:
  BucketWriter(Source& pages, std::size_t buckets) : pages_(&pages), heads_(buckets) {}

  /// Writes the record, and keeps it only if asked to, without a branch on that.
  void put(std::size_t bucket, const Record& record, bool keep) {
    Head& head = heads_[bucket];
    if (head.end == head.limit) [[unlikely]]
      turn(bucket);
    __builtin_prefetch(reinterpret_cast<const char*>(head.end) + 192, 1);  // hundreds of streams: no hardware sees them
    *head.end = record;
    head.end += keep ? 1 : 0;
  }
  void clear() noexcept { std::fill(heads_.begin(), heads_.end(), Head{}); }
  /// Calls visit(span<const Record>) for every page of the bucket.
  template <class Visit>
  void each_page(std::size_t bucket, Visit&& visit) const {
    const Head& head = heads_[bucket];
    if (head.end == nullptr) return;
    for (std::uint32_t page = head.first;; page = pages_->next(page)) {
      const Record* begin = pages_->page(page);
      if (page == head.last) {
        visit(std::span<const Record>(begin, head.end));
        return;
      }
      visit(std::span<const Record>(begin, page_records));
    }
  }

 private:
  struct Head {
    Record* end{nullptr};
    Record* limit{nullptr};
    std::uint32_t first{0};
    std::uint32_t last{0};
  };
  void turn(std::size_t bucket) {
    Head& head = heads_[bucket];
    const std::uint32_t page = pages_->take(bucket);
    if (head.end == nullptr) {
      head.first = page;
    } else {
      pages_->next(head.last) = page;
    }
    head.last = page;
    head.end = pages_->page(page);
    head.limit = head.end + page_records;
  }

  Source* pages_;
  std::vector<Head> heads_;
};

/// Reads every segment once and hands its records to the owner of their bucket, slab after slab. No two tasks own one
/// bucket at a time, and no task waits for another.
/// \param buckets  chains of pages a writer keeps; \param owners  tasks that consume: consume(i) for i < owners
/// \param slab_rows  rows read between two hand-overs; a bucket sees its records in one call per slab
/// \param extract  (const Segment&, BucketWriter<Record>&): puts the segment's records
/// \param consume  (std::size_t owner, std::span<const BucketWriter<Record>>): takes the bucket's pages out of them
template <class Record, class Extract, class Consume>
void exchange(const Control& control, std::string_view stage, std::span<const Segment> segments, std::size_t buckets,
              std::size_t owners, std::size_t slab_rows, Extract&& extract, Consume&& consume) {
  std::size_t rows = 0;
  for (const Segment& segment : segments) rows += segment.end - segment.begin;
  if (rows == 0 || buckets == 0) return;
  slab_rows = std::min(std::max(slab_rows, segment_rows), rows);
  const std::size_t writers = std::min(control.concurrency(), segments.size());
  Pages<Record> pages(slab_rows, writers, buckets);
  std::vector<BucketWriter<Record>> sets(writers, BucketWriter<Record>(pages, buckets));
  std::size_t begin = 0;
  while (begin < segments.size()) {
    std::size_t end = begin;
    for (std::size_t taken = 0; end < segments.size(); ++end) {
      taken += segments[end].end - segments[end].begin;
      if (taken > slab_rows) break;
    }
    control.check();
    control.report(stage, static_cast<double>(begin) / static_cast<double>(segments.size()));
    pages.clear();
    std::atomic<std::size_t> next{begin};
    control.run(writers, [&](std::size_t writer) {
      sets[writer].clear();
      for (std::size_t s = next.fetch_add(1); s < end; s = next.fetch_add(1)) extract(segments[s], sets[writer]);
    });
    control.run(owners, [&](std::size_t owner) { consume(owner, std::span<const BucketWriter<Record>>(sets)); });
    begin = end;
  }
}

}  // namespace klientela::features_internal
