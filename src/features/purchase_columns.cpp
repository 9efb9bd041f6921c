// The columns of the purchases group, from a whole pass or from the lines that came since.
#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "features/exchange.hpp"
#include "features/options.hpp"
#include "features/state.hpp"

namespace klientela::features_internal {
namespace {

constexpr FeatureGroup group = FeatureGroup::purchases;
constexpr std::size_t ahead = 16;

/// Null where the store has no such slot.
struct Slots {
  explicit Slots(Store& store)
      : recency(int32s(store, "recency_days")),
        lines(int32s(store, "lines")),
        refund_lines(int32s(store, "refund_lines")),
        gross(int64s(store, "money_gross")),
        refunds(int64s(store, "money_refunds")),
        net(int64s(store, "money_net")),
        first(int32s(store, "first_purchase")),
        last(int32s(store, "last_purchase")),
        tenure(int32s(store, "tenure_days")),
        profit(int64s(store, "profit")),
        quantity(int64s(store, "quantity")) {}
  std::int32_t* recency;
  std::int32_t* lines;
  std::int32_t* refund_lines;
  std::int64_t* gross;
  std::int64_t* refunds;
  std::int64_t* net;
  std::int32_t* first;
  std::int32_t* last;
  std::int32_t* tenure;
  std::int64_t* profit;
  std::int64_t* quantity;

 private:
  static Slot* find(Store& store, std::string_view name) noexcept {
    for (Slot& slot : store[group])
      if (slot.name == name) return &slot;
    return nullptr;
  }
  static std::int32_t* int32s(Store& store, std::string_view name) noexcept {
    Slot* slot = find(store, name);
    return slot == nullptr ? nullptr : slot->int32s();
  }
  static std::int64_t* int64s(Store& store, std::string_view name) noexcept {
    Slot* slot = find(store, name);
    return slot == nullptr ? nullptr : slot->int64s();
  }
};

template <class T>
void set(T* slot, std::size_t row, T value) noexcept {
  if (slot != nullptr) slot[row] = value;
}

constexpr std::uint64_t largest_money = std::numeric_limits<std::int64_t>::max();

bool fits(WideSum::Wide sum) noexcept {
  return sum >= -static_cast<WideSum::Wide>(largest_money) && sum <= static_cast<WideSum::Wide>(largest_money);
}

struct ExactMoney {
  WideSum::Wide gross{0};
  WideSum::Wide refunds{0};
};

// Sums that cannot wrap, by index: asked for once some client's have, to tell whose.
std::vector<ExactMoney> exact_money(const ClientBase& base, const CodeIndex& index, DaySpan span) {
  std::vector<ExactMoney> sums(index.size());
  PurchaseBlock block;
  for (const auto& chunk : base.chunks(TableId::transactions)) {
    const PurchaseColumns columns(*chunk);
    if (!columns.complete()) continue;
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block_rows) {
      const std::size_t n = std::min(block_rows, chunk->rows() - begin);
      columns.read(begin, n, block);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t code = chunk->clients()[begin + i];
        const std::int64_t amount = block.amounts[i];
        if (code == no_code || amount == null_number || block.days[i] < span.from || block.days[i] > span.to) continue;
        ExactMoney& sum = sums[index(code)];
        (amount > 0 ? sum.gross : sum.refunds) += amount > 0 ? amount : -amount;
      }
    }
  }
  return sums;
}

// The column of a client's sums that does not fit; empty where all do.
std::string_view overflowing(const PurchaseSum& sum, const ExactMoney* exact, const WideSum* wide) noexcept {
  if (sum.lines > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) return "lines";
  if (sum.refund_lines > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) return "refund_lines";
  if (exact != nullptr && !fits(exact->gross)) return "money_gross";
  if (exact != nullptr && !fits(exact->refunds)) return "money_refunds";
  if (wide != nullptr && !fits(wide->profit)) return "profit";
  if (wide != nullptr && !fits(wide->quantity)) return "quantity";
  return {};
}

void check_rows(const ClientBase& base) {
  if (base.rows(TableId::transactions) > std::numeric_limits<std::uint32_t>::max())
    throw Error(Code::overflow, "more than 4,294,967,295 transactions in one base", "transactions");
}

}  // namespace

void add_purchase_slots(Store& store, const Layout& layout, const FeatureOptions& options) {
  const auto add = [&](const char* name, ColumnType type, bool nullable, int valid_as = -1, bool derived = false) {
    if (wants(options, name)) store.add(group, name, type, nullable, valid_as).derived = derived;
  };
  // Tells which clients have bought at all, so it stands where other columns are null for those who have not.
  store.add(group, "recency_days", ColumnType::int32, true).derived = true;
  if (layout.orders) store.add(group, "frequency", ColumnType::int32, false);
  // Where every line is an order of its own, frequency is another name of lines.
  if (wants(options, "lines") || (!layout.orders && wants(options, "frequency")))
    store.add(group, "lines", ColumnType::int32, false);
  add("refund_lines", ColumnType::int32, false);
  add("money_gross", ColumnType::money, false);
  add("money_refunds", ColumnType::money, false);
  add("money_net", ColumnType::money, false);
  add("first_purchase", ColumnType::day, true, 0);
  add("last_purchase", ColumnType::day, true, 0);
  add("tenure_days", ColumnType::int32, true, 0, true);
  if (layout.profit) add("profit", ColumnType::money, true);
  if (layout.quantity) add("quantity", ColumnType::money, true);
}

void fail_overflow(const std::string& client, std::string_view column) {
  throw Error(Code::overflow, std::string(column) + " of client " + client + " does not fit its column",
              std::string(column));
}

std::uint64_t fill_purchases(Store& store, const Source& source, const FeatureOptions& options, const Layout& layout,
                             const Control& control) {
  check_rows(source.base);
  const bool wide = (layout.profit && wants(options, "profit")) || (layout.quantity && wants(options, "quantity"));
  const CodeIndex index(source.base.partition_sizes());
  const PurchaseSums sums =
      sum_purchases(source.base.chunks(TableId::transactions), index, span_of(options, source.as_of), wide, control);
  const Slots out(store);
  const std::span<const std::uint32_t> codes = source.base.codes_in_order();
  const std::int32_t as_of = number(source.as_of);
  std::atomic<bool> overflow{sums.overflow};
  over_rows(control, store.rows, [&](std::size_t begin, std::size_t end) {
    bool bad = false;
    for (std::size_t r = begin; r < end; ++r) {
      sums.prefetch(index(codes[std::min(r + ahead, end - 1)]));
      const std::size_t i = index(codes[r]);
      const PurchaseSum sum = sums[i];
      bad |= sum.lines > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()) ||
             sum.refund_lines > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
      out.recency[r] = sum.lines == 0 ? null_int32 : as_of - sum.last;
      set(out.lines, r, static_cast<std::int32_t>(sum.lines));
      set(out.refund_lines, r, static_cast<std::int32_t>(sum.refund_lines));
      set(out.gross, r, static_cast<std::int64_t>(sum.gross));
      set(out.refunds, r, static_cast<std::int64_t>(sum.refunds));
      set(out.net, r, static_cast<std::int64_t>(sum.gross - sum.refunds));
      set(out.first, r, sum.first);
      set(out.last, r, sum.last);
      set(out.tenure, r, sum.lines == 0 ? null_int32 : as_of - sum.first);
      if (wide) {
        const WideSum& more = sums.wide[i];
        bad |= !fits(more.profit) || !fits(more.quantity);
        set(out.profit, r, more.profit_lines == 0 ? null_number : static_cast<std::int64_t>(more.profit));
        set(out.quantity, r, more.quantity_lines == 0 ? null_number : static_cast<std::int64_t>(more.quantity));
      }
    }
    if (bad) overflow.store(true, std::memory_order_relaxed);
  });
  if (overflow.load()) {
    std::vector<ExactMoney> exact;
    if (sums.overflow) exact = exact_money(source.base, index, span_of(options, source.as_of));
    for (const std::uint32_t code : codes) {
      const std::size_t i = index(code);
      const std::string_view column =
          overflowing(sums[i], exact.empty() ? nullptr : &exact[i], wide ? &sums.wide[i] : nullptr);
      if (!column.empty()) fail_overflow(source.base.id_of(code).to_text(), column);
    }
  }
  seal(store, group, control);
  return sums.later_rows;
}

std::uint64_t add_purchases(Store& store, const Source& source, std::span<const std::shared_ptr<const Chunk>> chunks,
                            const FeatureOptions& options, const Layout& layout, const Control& control) {
  check_rows(source.base);
  struct Line {
    std::uint32_t row;
    std::int32_t day;
    std::int64_t amount;
  };
  struct WideLine {
    std::uint32_t row;
    std::int32_t day;
    std::int64_t amount;
    std::int64_t profit;
    std::int64_t quantity;
  };
  const DaySpan span = span_of(options, source.as_of);
  const Slots out(store);
  const Buffer<std::uint32_t>& row_of = *source.row_of;
  std::vector<Segment> segments;
  append_segments(chunks, 0, segments);
  std::size_t rows = 0;
  for (const Segment& segment : segments) rows += segment.end - segment.begin;
  constexpr std::size_t bucket_rows = 16 * 1024;
  constexpr std::size_t slab_rows = 64 * 1024;  // fresh memory costs more than a second visit to the columns
  const std::size_t buckets = (store.rows + bucket_rows - 1) / bucket_rows;
  std::atomic<std::uint64_t> later{0};
  std::atomic<bool> overflow{false};
  const auto pass = [&]<class Record>(Record /*type*/) {
    constexpr bool wide = std::is_same_v<Record, WideLine>;
    using Writer = BucketWriter<Record>;
    exchange<Record>(
        control, "features", segments, buckets, buckets, std::min(rows, slab_rows),
        [&](const Segment& segment, Writer& writer) {
          const Chunk& chunk = *segment.chunk;
          const PurchaseColumns columns(chunk);
          if (!columns.complete()) return;
          std::conditional_t<wide, WidePurchaseBlock, PurchaseBlock> block;
          std::uint64_t later_rows = 0;
          std::array<std::size_t, block_rows> places;
          for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
            const std::size_t n = std::min(block_rows, segment.end - begin);
            columns.read(begin, n, block);
            const std::uint32_t* const codes = chunk.clients().data() + begin;
            for (std::size_t i = 0; i < n; ++i) {
              places[i] = codes[i] == no_code ? 0 : source.index(codes[i]);
              __builtin_prefetch(&row_of[places[i]]);
            }
            for (std::size_t i = 0; i < n; ++i) {
              const bool used = codes[i] != no_code && block.amounts[i] != null_number;
              later_rows += used && block.days[i] > span.to ? 1 : 0;
              if (!used || block.days[i] < span.from || block.days[i] > span.to) continue;
              const std::uint32_t row = row_of[places[i]];
              if constexpr (wide) {
                writer.put(row / bucket_rows,
                           {row, block.days[i], block.amounts[i], block.profits[i], block.quantities[i]}, true);
              } else {
                writer.put(row / bucket_rows, {row, block.days[i], block.amounts[i]}, block.amounts[i] != 0);
              }
            }
          }
          later.fetch_add(later_rows, std::memory_order_relaxed);
        },
        [&](std::size_t bucket, std::span<const Writer> writers) {
          bool bad = false;
          const auto add = [&bad](std::int64_t& sum, std::int64_t more) {
            if (sum == null_number) sum = 0;
            bad |= __builtin_add_overflow(sum, more, &sum);
          };
          for (const Writer& writer : writers)
            writer.each_page(bucket, [&](std::span<const Record> lines) {
              for (std::size_t i = 0; i < lines.size(); ++i) {
                const Record& line = lines[i];
                const std::uint32_t next = lines[std::min(i + ahead, lines.size() - 1)].row;
                __builtin_prefetch(&out.gross[next], 1);
                __builtin_prefetch(&out.net[next], 1);
                __builtin_prefetch(&out.lines[next], 1);
                __builtin_prefetch(&out.last[next], 1);
                const std::size_t r = line.row;
                // Inside the range as long as gross and refunds are.
                out.net[r] = static_cast<std::int64_t>(static_cast<std::uint64_t>(out.net[r]) +
                                                       static_cast<std::uint64_t>(line.amount));
                if (line.amount > 0) {
                  bad |= __builtin_add_overflow(out.gross[r], line.amount, &out.gross[r]);
                  bad |= __builtin_add_overflow(out.lines[r], 1, &out.lines[r]);
                  // A line after the last one is not the first, unless there was none: first stays untouched.
                  const std::int32_t last = out.last[r];  // the marker of null is the smallest int32
                  if (last == null_day || line.day < last) {
                    if (out.first[r] == null_day || line.day < out.first[r]) out.first[r] = line.day;
                  }
                  if (line.day > last) out.last[r] = line.day;
                } else if (line.amount < 0) {
                  bad |= __builtin_sub_overflow(out.refunds[r], line.amount, &out.refunds[r]);
                  bad |= __builtin_add_overflow(out.refund_lines[r], 1, &out.refund_lines[r]);
                }
                if constexpr (wide) {
                  if (out.profit != nullptr && line.profit != null_number) add(out.profit[r], line.profit);
                  if (out.quantity != nullptr && line.quantity != null_number) add(out.quantity[r], line.quantity);
                  bad |= out.profit != nullptr && line.profit != null_number && out.profit[r] == null_number;
                  bad |= out.quantity != nullptr && line.quantity != null_number && out.quantity[r] == null_number;
                }
              }
            });
          if (bad) overflow.store(true, std::memory_order_relaxed);
        });
  };
  if (layout.profit || layout.quantity) {
    pass(WideLine{});
  } else {
    pass(Line{});
  }
  // A whole pass names the client, or finds that sums only left the range on their way.
  if (overflow.load()) throw Overflow{};
  return later.load();
}

void finish_purchases(Store& store, Day as_of, const Control& control) {
  const Slots out(store);
  const std::int32_t day = number(as_of);
  std::atomic<bool> nulls{false};
  over_rows(control, store.rows, [&](std::size_t begin, std::size_t end) {
    std::uint32_t missing = 0;
    for (std::size_t r = begin; r < end; ++r) {
      const std::int32_t first = out.first[r];
      const std::int32_t last = out.last[r];
      out.recency[r] = last == null_day ? null_int32 : day - last;
      out.tenure[r] = first == null_day ? null_int32 : day - first;
      missing |= last == null_day ? 1U : 0U;
    }
    if (missing != 0) nulls.store(true, std::memory_order_relaxed);
  });
  for (Slot& slot : store[group]) {
    if (slot.name == "recency_days" && !nulls.load()) {
      slot.nulls = 0;  // nothing to mark
    } else {
      seal(slot, store.rows, control);
    }
  }
}

}  // namespace klientela::features_internal
