// Measures of every client at many days out of one pass over the lines; see timeline.hpp.
#include "features/timeline.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <mutex>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "core/simd.hpp"
#include "features/exchange.hpp"
#include "features/options.hpp"
#include "klientela/features/summary.hpp"

namespace klientela::features_internal {
namespace {

constexpr unsigned local_bits = 13;
static_assert(Timeline::block_clients == std::size_t{1} << local_bits);
constexpr std::uint32_t local_mask = (1U << local_bits) - 1;
constexpr unsigned key_bits = local_bits + 16;  // and the day, from the epoch
constexpr std::int64_t largest_narrow = (std::int64_t{1} << (63 - key_bits)) - 1;
constexpr std::size_t most_narrow_lines = std::size_t{1} << 28;  // so that no sum of narrow amounts leaves int64
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

__extension__ typedef __int128 Int128;

// A line on its way to its block: place within the block, day from the epoch and amount in one word.
struct NarrowLine {
  std::uint64_t bits;
  [[nodiscard]] std::uint32_t local() const noexcept { return static_cast<std::uint32_t>(bits) & local_mask; }
  [[nodiscard]] std::uint32_t day() const noexcept { return static_cast<std::uint32_t>(bits >> local_bits) & 0xFFFFU; }
  [[nodiscard]] std::int64_t amount() const noexcept { return static_cast<std::int64_t>(bits) >> key_bits; }
  static std::uint64_t pack(std::uint32_t local, std::uint32_t day, std::int64_t amount) noexcept {
    return (static_cast<std::uint64_t>(amount) << key_bits) | (std::uint64_t{day} << local_bits) | local;
  }
};
// The same with its order; later the day of its order, and whether it is the order's first line.
struct OrderLine {
  std::uint32_t words[2];
  std::uint32_t order;
  [[nodiscard]] std::uint64_t bits() const noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, words, sizeof value);
    return value;
  }
  [[nodiscard]] std::uint32_t local() const noexcept { return NarrowLine{bits()}.local(); }
  [[nodiscard]] std::uint32_t day() const noexcept { return NarrowLine{bits()}.day(); }
  [[nodiscard]] std::int64_t amount() const noexcept { return NarrowLine{bits()}.amount(); }
};
static_assert(sizeof(OrderLine) == 12);
struct WideLine {
  std::int64_t money;
  std::int64_t profit;
  std::int64_t quantity;
  std::uint32_t place;
  std::uint32_t days;
  std::uint32_t order;
  [[nodiscard]] std::uint32_t local() const noexcept { return place; }
  [[nodiscard]] std::uint32_t day() const noexcept { return days; }
  [[nodiscard]] std::int64_t amount() const noexcept { return money; }
};

template <class Line>
constexpr bool is_wide = std::is_same_v<Line, WideLine>;
template <class Line>
constexpr bool has_order = !std::is_same_v<Line, NarrowLine>;

constexpr std::uint32_t first_of_order = 0x8000'0000U;  // over the day of the order

enum class What : std::uint8_t {
  recency,
  frequency,
  lines,
  refund_lines,
  gross,
  refunds,
  net,
  first,
  last,
  tenure,
  profit,
  quantity,
  gap_mean,
  gap_cv,
  repeat_frequency,
  repeat_recency,
  repeat_age,
  repeat_money,
};
struct Known {
  What what;
  FeatureGroup group;
  std::string_view name;
  ColumnType type;
};
constexpr std::array<Known, 18> known_columns{{
    {What::recency, FeatureGroup::purchases, "recency_days", ColumnType::int32},
    {What::frequency, FeatureGroup::purchases, "frequency", ColumnType::int32},
    {What::lines, FeatureGroup::purchases, "lines", ColumnType::int32},
    {What::refund_lines, FeatureGroup::purchases, "refund_lines", ColumnType::int32},
    {What::gross, FeatureGroup::purchases, "money_gross", ColumnType::money},
    {What::refunds, FeatureGroup::purchases, "money_refunds", ColumnType::money},
    {What::net, FeatureGroup::purchases, "money_net", ColumnType::money},
    {What::first, FeatureGroup::purchases, "first_purchase", ColumnType::day},
    {What::last, FeatureGroup::purchases, "last_purchase", ColumnType::day},
    {What::tenure, FeatureGroup::purchases, "tenure_days", ColumnType::int32},
    {What::profit, FeatureGroup::purchases, "profit", ColumnType::money},
    {What::quantity, FeatureGroup::purchases, "quantity", ColumnType::money},
    {What::gap_mean, FeatureGroup::gaps, "gap_days_mean", ColumnType::float64},
    {What::gap_cv, FeatureGroup::gaps, "gap_days_cv", ColumnType::float64},
    {What::repeat_frequency, FeatureGroup::repeats, "repeat_frequency", ColumnType::int32},
    {What::repeat_recency, FeatureGroup::repeats, "repeat_recency", ColumnType::int32},
    {What::repeat_age, FeatureGroup::repeats, "repeat_age", ColumnType::int32},
    {What::repeat_money, FeatureGroup::repeats, "repeat_money_mean", ColumnType::float64},
}};

bool given_by(const Layout& layout, const FeatureOptions& options, const Known& column) noexcept {
  if (!wants(options, column.name)) return false;
  if (column.what == What::profit) return layout.profit;
  if (column.what == What::quantity) return layout.quantity;
  return layout.has(column.group);
}

const Known* find_known(std::string_view name) noexcept {
  for (const Known& column : known_columns)
    if (column.name == name) return &column;
  return nullptr;
}

// Groups of columns that are null in the same rows.
enum class Nulls : std::uint8_t { none, bought, gap_mean, gap_cv, profit, quantity };
constexpr std::size_t null_sets = 6;

constexpr Nulls nulls_of(What what) noexcept {
  switch (what) {
    case What::recency:
    case What::first:
    case What::last:
    case What::tenure:
    case What::repeat_frequency:
    case What::repeat_recency:
    case What::repeat_age:
    case What::repeat_money: return Nulls::bought;
    case What::profit: return Nulls::profit;
    case What::quantity: return Nulls::quantity;
    case What::gap_mean: return Nulls::gap_mean;
    case What::gap_cv: return Nulls::gap_cv;
    default: return Nulls::none;
  }
}

// Purchases by period, where a line may come after others and belong to an earlier period: that of its order.
struct Activity {
  Int128 total{0};
  Int128 first_total{0};
  std::int32_t periods{0};
  std::int32_t first{0};
  std::int32_t last{0};
};

std::array<std::size_t, null_sets> total_of(const std::vector<std::array<std::size_t, null_sets>>& parts) noexcept {
  std::array<std::size_t, null_sets> total{};
  for (const auto& part : parts)
    for (std::size_t s = 0; s < null_sets; ++s) total[s] += part[s];
  return total;
}

KLIENTELA_CLONES std::size_t mark_bought(const std::uint32_t* __restrict lines, std::size_t n,
                                         std::uint8_t* __restrict bits) noexcept {
  std::size_t bought = 0;
  for (std::size_t r = 0; r < n; r += 8) {
    unsigned byte = 0;
    const std::size_t width = std::min<std::size_t>(8, n - r);
    for (std::size_t k = 0; k < width; ++k) byte |= (lines[r + k] != 0 ? 1U : 0U) << k;
    bits[r / 8] = static_cast<std::uint8_t>(byte);
    bought += static_cast<std::size_t>(std::popcount(byte));
  }
  return bought;
}

KLIENTELA_CLONES void days_since(const std::uint32_t* __restrict lines, const std::int32_t* __restrict days,
                                 std::size_t n, std::int32_t as_of, std::int32_t* __restrict out) noexcept {
  for (std::size_t r = 0; r < n; ++r) out[r] = lines[r] == 0 ? null_int32 : as_of - days[r];
}

KLIENTELA_CLONES void days_or_null(const std::uint32_t* __restrict lines, const std::int32_t* __restrict days,
                                   std::size_t n, std::int32_t* __restrict out) noexcept {
  for (std::size_t r = 0; r < n; ++r) out[r] = lines[r] == 0 ? null_int32 : days[r];
}

}  // namespace

struct Timeline::Needs {
  std::vector<Known> columns;
  std::array<bool, known_columns.size()> wants{};
  bool orders{false};  // order codes are read
  bool wide{false};    // profit or quantity
  bool exact{false};   // lines are sorted by day: gaps or repeats
  bool windowed{false};
  bool simple{false};  // lines, last and net are all that is summed
  [[nodiscard]] bool want(What what) const noexcept { return wants[static_cast<std::size_t>(what)]; }
  [[nodiscard]] bool last() const noexcept { return want(What::recency) || want(What::last); }
  [[nodiscard]] bool first() const noexcept { return want(What::first) || want(What::tenure); }
  [[nodiscard]] bool gaps() const noexcept { return want(What::gap_mean) || want(What::gap_cv); }
  [[nodiscard]] bool repeats() const noexcept {
    return want(What::repeat_frequency) || want(What::repeat_recency) || want(What::repeat_age) ||
           want(What::repeat_money);
  }
};

// Days that count from and up to the same of the asked days share a slot; slots are in the order of days.
struct Timeline::Slots {
  std::vector<Day> days;
  std::int32_t epoch{0};
  std::vector<std::uint32_t> of;  // by day from the epoch; `count` for days after the last
  std::uint32_t count{0};
  std::vector<std::uint32_t> entered;  // by asked day: slots whose lines count from it on, or from one before it
  std::vector<std::uint32_t> left;     // by asked day: slots whose lines do not count any more
};

// What one block's clients have bought so far.
struct Timeline::Sums {
  void reset(const Needs& needs, std::size_t clients, bool wide_lines) {
    n = clients;
    set(lines, true, 0U);
    set(last, needs.last() || needs.windowed, null_int32);
    set(first, needs.first(), std::numeric_limits<std::int32_t>::max());
    set(refund_lines, needs.want(What::refund_lines) || wide_lines, 0U);
    set(gross, needs.want(What::gross), std::int64_t{0});
    set(refunds, needs.want(What::refunds), std::int64_t{0});
    set(net, needs.want(What::net), std::int64_t{0});
    set(orders, needs.orders && needs.want(What::frequency), 0U);
    set(money, wide_lines, WideMoney{});
    set(more, needs.want(What::profit) || needs.want(What::quantity), WideSum{});
    set(gap_sums, needs.gaps(), GapSummary{});
    set(activity, needs.repeats(), Activity{});
  }
  struct WideMoney {
    Int128 gross{0};
    Int128 refunds{0};
  };
  std::size_t n{0};
  Buffer<std::uint32_t> lines;
  Buffer<std::int32_t> last;
  Buffer<std::int32_t> first;
  Buffer<std::uint32_t> refund_lines;
  Buffer<std::int64_t> gross;
  Buffer<std::int64_t> refunds;
  Buffer<std::int64_t> net;
  Buffer<std::uint32_t> orders;
  Buffer<WideMoney> money;
  Buffer<WideSum> more;
  Buffer<GapSummary> gap_sums;
  Buffer<Activity> activity;

 private:
  template <class T>
  void set(Buffer<T>& values, bool wanted, T value) {
    if (!wanted) return;
    if (values.size() < n) values = Buffer<T>(n);
    std::fill_n(values.data(), n, value);
  }
};

// Columns that measures are written to: those of a block, or of all clients.
struct Timeline::Output {
  Output(const Needs& needs, std::size_t clients) {
    for (const Known& known : needs.columns) {
      if (known.type == ColumnType::float64) {
        real.emplace_back(clients);
        narrow.emplace_back();
        wide.emplace_back();
      } else if (known.type == ColumnType::money) {
        wide.emplace_back(clients);
        narrow.emplace_back();
        real.emplace_back();
      } else {
        narrow.emplace_back(clients);
        wide.emplace_back();
        real.emplace_back();
      }
    }
    for (auto& bits : valid) bits = Buffer<std::uint8_t>((clients + 7) / 8);
  }
  std::vector<Buffer<std::int32_t>> narrow;
  std::vector<Buffer<std::int64_t>> wide;
  std::vector<Buffer<double>> real;
  std::array<Buffer<std::uint8_t>, null_sets> valid;
};

// The lines of some blocks, as they were read. They go in groups, as soon as nobody needs their blocks any more.
template <class Line>
struct Timeline::Held {
  using Writer = BucketWriter<Line, GroupedPages<Line>>;
  std::size_t first{0};  // block
  std::size_t blocks{0};
  std::unique_ptr<GroupedPages<Line>> pages;
  std::vector<Writer> writers;
  std::vector<std::atomic<std::size_t>> needed;  // by group: blocks that somebody needs still

  void open(std::size_t lines, std::size_t tasks) {
    writers.clear();
    pages = std::make_unique<GroupedPages<Line>>(lines, tasks, blocks);
    writers.assign(tasks, Writer(*pages, blocks));
    needed = std::vector<std::atomic<std::size_t>>(pages->groups());
    for (std::size_t block = 0; block < blocks; ++block) ++needed[pages->group_of(block)];
  }
  template <class Visit>
  void each_page(std::size_t block, Visit&& visit) const {
    for (const Writer& writer : writers) writer.each_page(block - first, visit);
  }
  void done_with(std::size_t block) noexcept {
    const std::size_t group = pages->group_of(block - first);
    if (needed[group].fetch_sub(1) == 1) pages->release(group);
  }
};

template <class Line>
struct Timeline::Pass {
  const Timeline& self;
  const Needs& needs;
  const Slots& slots;
  Period period;

  // The lines of one block in the order of slots, in one piece or in several that each hold a stretch of slots.
  struct Sorted {
    Buffer<Line> own;                   // of the one piece
    std::vector<std::uint32_t> begins;  // by slot: lines before it
    std::vector<std::uint32_t> cuts;    // by piece: its first slot; and the end
    std::vector<Line*> pieces;
    std::vector<Line*> ends;  // by slot: where its next line goes

    // Calls visit(span of lines) for the slots [from, to), in order.
    template <class Visit>
    void each(std::uint32_t from, std::uint32_t to, Visit&& visit) const {
      for (std::size_t p = 0; p < pieces.size(); ++p) {
        const std::uint32_t low = std::max(from, cuts[p]);
        const std::uint32_t high = std::min(to, cuts[p + 1]);
        if (low < high) visit(std::span<Line>(pieces[p] + (begins[low] - begins[cuts[p]]), begins[high] - begins[low]));
      }
    }
  };

  void count(const Held<Line>& held, std::size_t block, Sorted& into) const {
    std::vector<std::uint32_t>& begins = into.begins;
    begins.assign(slots.count + 2, 0);
    const std::uint32_t* const slot_of = slots.of.data();
    held.each_page(block, [&](std::span<const Line> page) {
      for (const Line& line : page) ++begins[slot_of[line.day()] + 1];
    });
    for (std::size_t s = 1; s < begins.size(); ++s) begins[s] += begins[s - 1];
  }

  // Puts the lines where they belong. They were counted, and there are pieces for them.
  void place(const Held<Line>& held, std::size_t block, Sorted& into) const {
    into.ends.resize(slots.count + 1);
    for (std::size_t p = 0; p < into.pieces.size(); ++p)
      for (std::uint32_t s = into.cuts[p]; s < into.cuts[p + 1]; ++s)
        into.ends[s] = into.pieces[p] + (into.begins[s] - into.begins[into.cuts[p]]);
    const std::uint32_t* const slot_of = slots.of.data();
    Line** const ends = into.ends.data();
    held.each_page(block, [&](std::span<const Line> page) {
      for (const Line& line : page) *ends[slot_of[line.day()]]++ = line;
    });
    if constexpr (has_order<Line>) {
      if (needs.orders) join_orders(into);
    }
  }

  // Where to cut the slots so that the stretches hold about as many lines of all blocks each.
  [[nodiscard]] std::vector<std::uint32_t> cut(std::span<const Sorted> blocks) const {
    constexpr std::size_t most = 8;
    std::size_t lines = 0;
    for (const Sorted& block : blocks) lines += block.begins.back();
    std::vector<std::uint32_t> cuts{0};
    for (std::uint32_t s = 1; s <= slots.count && cuts.size() < most; ++s) {
      std::size_t before = 0;
      for (const Sorted& block : blocks) before += block.begins[s];
      if (before * most >= lines * cuts.size() && before > 0) cuts.push_back(s);
    }
    cuts.push_back(slots.count + 1);
    return cuts;
  }

  void sort(const Held<Line>& held, std::size_t block, Sorted& into) const {
    count(held, block, into);
    const std::size_t lines = into.begins.back();
    if (into.own.size() < lines) into.own = Buffer<Line>(lines + lines / 8);
    into.cuts.assign({0, slots.count + 1});
    into.pieces.assign({into.own.data()});
    place(held, block, into);
  }

  // Replaces order codes by the order's day and whether the line is its order's first one. Lines are in the order of
  // slots, so an order's first line comes first, up to the days of one slot.
  void join_orders(const Sorted& sorted) const {
    const std::size_t places = std::bit_ceil(std::size_t{sorted.begins[slots.count]} * 2 + 1);
    struct Entry {
      std::uint64_t key;
      std::uint32_t day;
    };
    constexpr std::uint64_t empty = ~std::uint64_t{0};
    std::vector<Entry> entries(places, Entry{empty, 0});
    sorted.each(0, slots.count, [&](std::span<Line> lines) {
      for (Line& line : lines) {
        if (line.amount() <= 0) continue;
        if (line.order == no_code) {
          line.order = line.day() | first_of_order;
          continue;
        }
        const std::uint64_t key = (std::uint64_t{line.local()} << 32) | line.order;
        std::size_t place = (key * 0x9E37'79B9'7F4A'7C15ULL >> 20) & (places - 1);
        while (entries[place].key != empty && entries[place].key != key) place = (place + 1) & (places - 1);
        if (entries[place].key == empty) {
          entries[place] = {key, line.day()};
          line.order = line.day() | first_of_order;
        } else {
          line.order = entries[place].day;
        }
      }
    });
  }

  void add(Sums& sums, std::span<const Line> lines) const {
    if constexpr (std::is_same_v<Line, NarrowLine>) {
      if (needs.simple) {
        std::uint32_t* const count = sums.lines.data();
        std::int32_t* const last = sums.last.data();
        std::int64_t* const net = sums.net.data();
        for (const Line& line : lines) {
          const std::uint32_t i = line.local();
          const std::int64_t amount = line.amount();
          const std::int32_t day = slots.epoch + static_cast<std::int32_t>(line.day());
          net[i] += amount;
          count[i] += amount > 0 ? 1U : 0U;
          last[i] = amount > 0 ? std::max(last[i], day) : last[i];
        }
        return;
      }
    }
    for (const Line& line : lines) change<true>(sums, line);
  }
  void take(Sums& sums, std::span<const Line> lines) const {
    for (const Line& line : lines) change<false>(sums, line);
  }

  template <bool adding>
  void change(Sums& sums, const Line& line) const {
    const std::uint32_t i = line.local();
    const std::int64_t amount = line.amount();
    const auto signed_of = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    const auto move = [&](Buffer<std::int64_t>& sum, std::int64_t by) {
      if (sum.empty()) return;
      sum[i] =
          static_cast<std::int64_t>(adding ? signed_of(sum[i]) + signed_of(by) : signed_of(sum[i]) - signed_of(by));
    };
    const auto count = [&](Buffer<std::uint32_t>& sum) {
      if (!sum.empty()) sum[i] += adding ? 1U : ~0U;
    };
    if constexpr (is_wide<Line>) {
      if (!sums.money.empty()) {
        if (amount > 0) sums.money[i].gross += adding ? amount : -static_cast<Int128>(amount);
        if (amount < 0) sums.money[i].refunds -= adding ? amount : -static_cast<Int128>(amount);
      }
      if (!sums.more.empty()) {
        WideSum& more = sums.more[i];
        if (line.profit != null_number) {
          more.profit += adding ? Int128{line.profit} : -Int128{line.profit};
          more.profit_lines += adding ? 1U : ~0U;
        }
        if (line.quantity != null_number) {
          more.quantity += adding ? Int128{line.quantity} : -Int128{line.quantity};
          more.quantity_lines += adding ? 1U : ~0U;
        }
      }
    }
    move(sums.net, amount);
    if (amount < 0) {
      move(sums.refunds, static_cast<std::int64_t>(0 - signed_of(amount)));
      count(sums.refund_lines);
      return;
    }
    if (amount == 0) return;
    move(sums.gross, amount);
    count(sums.lines);
    if constexpr (!adding) {
      return;
    } else {
      std::uint32_t order_day = line.day();
      bool counts = true;
      if constexpr (has_order<Line>) {
        if (needs.orders) {
          order_day = line.order & ~first_of_order;
          counts = (line.order & first_of_order) != 0;
        }
      }
      if (counts) count(sums.orders);
      const std::int32_t day = slots.epoch + static_cast<std::int32_t>(line.day());
      if (!sums.last.empty()) sums.last[i] = std::max(sums.last[i], day);
      if (!sums.first.empty()) sums.first[i] = std::min(sums.first[i], day);
      // A later line of an order adds to the day of its order, which is there already.
      if (!sums.gap_sums.empty() && counts) sums.gap_sums[i].add(day);
      if (!sums.activity.empty()) {
        Activity& activity = sums.activity[i];
        const std::int32_t ordinal =
            period_index(Day{std::chrono::days{slots.epoch + static_cast<std::int32_t>(order_day)}}, period);
        if (activity.periods == 0) activity.first = ordinal;
        if (activity.periods == 0 || ordinal > activity.last) {
          ++activity.periods;
          activity.last = ordinal;
        }
        activity.total += amount;
        if (ordinal == activity.first) activity.first_total += amount;
      }
    }
  }

  // Brings the sums from the asked day before to this one.
  void advance(Sums& sums, const Sorted& sorted, std::size_t day) const {
    const auto since = [day](const std::vector<std::uint32_t>& bounds) { return day == 0 ? 0 : bounds[day - 1]; };
    sorted.each(since(slots.entered), slots.entered[day], [&](std::span<const Line> lines) { add(sums, lines); });
    if (needs.windowed)
      sorted.each(since(slots.left), slots.left[day], [&](std::span<const Line> lines) { take(sums, lines); });
  }

  // Writes the measures of a block to rows from `to` on. Null counts are added to `nulls`.
  void write(const Sums& sums, std::size_t day, Output& out, std::size_t to,
             std::array<std::size_t, null_sets>& nulls) const {
    const std::size_t n = sums.n;
    const std::int32_t as_of = number(slots.days[day]);
    if constexpr (is_wide<Line>) check_sums(sums, to);
    const auto mark = [&](Nulls set, auto has_value) {
      std::uint8_t* const bits = out.valid[static_cast<std::size_t>(set)].data() + to / 8;
      std::size_t count = 0;
      for (std::size_t r = 0; r < n; r += 8) {
        unsigned byte = 0;
        const std::size_t width = std::min<std::size_t>(8, n - r);
        for (std::size_t k = 0; k < width; ++k) byte |= (has_value(r + k) ? 1U : 0U) << k;
        bits[r / 8] = static_cast<std::uint8_t>(byte);
        count += width - static_cast<std::size_t>(std::popcount(byte));
      }
      nulls[static_cast<std::size_t>(set)] += count;
    };
    nulls[static_cast<std::size_t>(Nulls::bought)] +=
        n - mark_bought(sums.lines.data(), n, out.valid[static_cast<std::size_t>(Nulls::bought)].data() + to / 8);
    if (needs.want(What::gap_mean)) mark(Nulls::gap_mean, [&](std::size_t r) { return sums.gap_sums[r].days() >= 2; });
    if (needs.want(What::gap_cv)) mark(Nulls::gap_cv, [&](std::size_t r) { return sums.gap_sums[r].days() >= 3; });
    if (needs.want(What::profit)) mark(Nulls::profit, [&](std::size_t r) { return sums.more[r].profit_lines != 0; });
    if (needs.want(What::quantity))
      mark(Nulls::quantity, [&](std::size_t r) { return sums.more[r].quantity_lines != 0; });
    const std::int32_t end_period = period_index(slots.days[day], period);
    const bool include_first = self.plan_.options.include_first;
    const std::uint32_t* const lines = sums.lines.data();
    for (std::size_t c = 0; c < needs.columns.size(); ++c) {
      std::int32_t* const narrow = out.narrow[c].empty() ? nullptr : out.narrow[c].data() + to;
      std::int64_t* const wide = out.wide[c].empty() ? nullptr : out.wide[c].data() + to;
      double* const real = out.real[c].empty() ? nullptr : out.real[c].data() + to;
      const auto fill = [n](auto* values, auto value) {
        for (std::size_t r = 0; r < n; ++r) values[r] = value(r);
      };
      const auto repeats = [&](auto* values, auto none, auto value) {
        fill(values, [&](std::size_t r) { return sums.activity[r].periods == 0 ? none : value(sums.activity[r]); });
      };
      switch (needs.columns[c].what) {
        case What::recency: days_since(lines, sums.last.data(), n, as_of, narrow); break;
        case What::tenure: days_since(lines, sums.first.data(), n, as_of, narrow); break;
        case What::first: days_or_null(lines, sums.first.data(), n, narrow); break;
        case What::last: days_or_null(lines, sums.last.data(), n, narrow); break;
        case What::frequency:
          std::memcpy(narrow, needs.orders ? sums.orders.data() : lines, n * sizeof(std::int32_t));
          break;
        case What::lines: std::memcpy(narrow, lines, n * sizeof(std::int32_t)); break;
        case What::refund_lines: std::memcpy(narrow, sums.refund_lines.data(), n * sizeof(std::int32_t)); break;
        case What::gross: std::memcpy(wide, sums.gross.data(), n * sizeof(std::int64_t)); break;
        case What::refunds: std::memcpy(wide, sums.refunds.data(), n * sizeof(std::int64_t)); break;
        case What::net: std::memcpy(wide, sums.net.data(), n * sizeof(std::int64_t)); break;
        case What::profit:
          fill(wide, [&](std::size_t r) {
            return sums.more[r].profit_lines == 0 ? null_number : static_cast<std::int64_t>(sums.more[r].profit);
          });
          break;
        case What::quantity:
          fill(wide, [&](std::size_t r) {
            return sums.more[r].quantity_lines == 0 ? null_number : static_cast<std::int64_t>(sums.more[r].quantity);
          });
          break;
        case What::gap_mean:
          fill(real, [&](std::size_t r) { return sums.gap_sums[r].mean().value_or(nothing); });
          break;
        case What::gap_cv:
          fill(real, [&](std::size_t r) { return sums.gap_sums[r].variation().value_or(nothing); });
          break;
        case What::repeat_frequency:
          repeats(narrow, null_int32, [&](const Activity& a) { return include_first ? a.periods : a.periods - 1; });
          break;
        case What::repeat_recency:
          repeats(narrow, null_int32, [](const Activity& a) { return a.last - a.first; });
          break;
        case What::repeat_age:
          repeats(narrow, null_int32, [&](const Activity& a) { return end_period - a.first; });
          break;
        case What::repeat_money:
          repeats(real, nothing, [&](const Activity& a) {
            const std::int32_t periods = include_first ? a.periods : a.periods - 1;
            const Int128 units = include_first ? a.total : a.total - a.first_total;
            if (periods == 0) return 0.0;
            return static_cast<double>(units) / (static_cast<double>(periods) * static_cast<double>(Money::scale));
          });
          break;
      }
    }
  }

  // As compute_features does: the first client in order, and its first column.
  void check_sums(const Sums& sums, std::size_t first) const {
    constexpr auto most = static_cast<Int128>(std::numeric_limits<std::int64_t>::max());
    constexpr auto most_lines = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    const auto fits = [](Int128 value) { return value <= most && value >= -most; };
    for (std::size_t r = 0; r < sums.n; ++r) {
      std::string_view column;
      if (!sums.more.empty() && !fits(sums.more[r].quantity)) column = "quantity";
      if (!sums.more.empty() && !fits(sums.more[r].profit)) column = "profit";
      if (sums.money[r].refunds > most) column = "money_refunds";
      if (sums.money[r].gross > most) column = "money_gross";
      if (sums.refund_lines[r] > most_lines) column = "refund_lines";
      if (sums.lines[r] > most_lines) column = "lines";
      if (!column.empty()) fail_overflow(self.client_column_.to_text(first + r), column);
    }
  }

  [[nodiscard]] std::vector<Column> columns(const std::shared_ptr<const Output>& out, std::size_t rows,
                                            const std::array<std::size_t, null_sets>& nulls) const {
    std::vector<Column> list;
    for (std::size_t c = 0; c < needs.columns.size(); ++c) {
      const Known& known = needs.columns[c];
      const auto set = static_cast<std::size_t>(nulls_of(known.what));
      const std::size_t count = set == 0 ? 0 : nulls[set];
      const std::uint8_t* const valid = count == 0 ? nullptr : out->valid[set].data();
      const std::string name(known.name);
      if (known.type == ColumnType::float64) {
        list.push_back(
            Column::view(name, known.type, std::span<const double>(out->real[c].data(), rows), out, valid, count));
      } else if (known.type == ColumnType::money) {
        list.push_back(Column::view(name, known.type, std::span<const std::int64_t>(out->wide[c].data(), rows), out,
                                    valid, count));
      } else {
        list.push_back(Column::view(name, known.type, std::span<const std::int32_t>(out->narrow[c].data(), rows), out,
                                    valid, count));
      }
    }
    return list;
  }

  // Puts the lines of a segment into the blocks of [first, first + buckets). Returns false where one does not fit.
  [[nodiscard]] bool extract(const Segment& segment, std::uint32_t width, std::size_t first, std::size_t buckets,
                             typename Held<Line>::Writer& writer) const {
    const Chunk& chunk = *segment.chunk;
    const PurchaseColumns columns(chunk);
    if (!columns.complete()) return true;
    const Values* const order_values = needs.orders ? chunk[TransactionField::order] : nullptr;
    const Buffer<std::uint32_t>& target_of = *self.target_of_;
    std::conditional_t<is_wide<Line>, WidePurchaseBlock, PurchaseBlock> block;
    std::array<std::uint32_t, block_rows> targets;
    std::array<std::uint32_t, has_order<Line> ? block_rows : 1> order;
    order.fill(no_code);
    bool fits = true;
    for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
      const std::size_t n = std::min(block_rows, segment.end - begin);
      const std::uint32_t* const codes = chunk.clients().data() + begin;
      // Places first, so that the loads of many lines are under way together.
      for (std::size_t i = 0; i < n; ++i) targets[i] = codes[i] == no_code ? no_code : target_of[self.index_(codes[i])];
      columns.read(begin, n, block);
      if constexpr (has_order<Line>) {
        if (order_values != nullptr) order_values->codes(begin, std::span(order.data(), n));
      }
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t target = targets[i];
        const std::int64_t amount = block.amounts[i];
        const std::uint32_t day = static_cast<std::uint32_t>(block.days[i]) - static_cast<std::uint32_t>(slots.epoch);
        const bool used =
            (target != no_code) & (amount != null_number) & (day <= width) & (is_wide<Line> | (amount != 0));
        const std::size_t bucket = (target >> local_bits) - first;
        const bool mine = used & (bucket < buckets);
        const std::size_t to = mine ? bucket : 0;
        const std::uint32_t local = target & local_mask;
        if constexpr (is_wide<Line>) {
          writer.put(to, {amount, block.profits[i], block.quantities[i], local, day, order[i]}, mine);
        } else {
          fits = fits & ((used & ((amount > largest_narrow) | (amount < -largest_narrow))) == false);
          const std::uint64_t bits = NarrowLine::pack(local, day, amount);
          if constexpr (has_order<Line>) {
            OrderLine line{};
            std::memcpy(line.words, &bits, sizeof bits);
            line.order = order[i];
            writer.put(to, line, mine);
          } else {
            writer.put(to, {bits}, mine);
          }
        }
      }
    }
    return fits;
  }

  // Reads the lines up to a day, from the epoch, of some blocks. False where a line does not fit.
  [[nodiscard]] bool read(std::span<const Segment> segments, std::size_t lines, std::uint32_t width, Held<Line>& held,
                          const Control& control) const {
    control.check();
    const std::size_t writers = std::min(control.concurrency(), std::max<std::size_t>(1, segments.size()));
    held.open(lines, writers);
    std::atomic<std::size_t> next{0};
    std::atomic<bool> misfit{false};
    control.run(writers, [&](std::size_t writer) {
      for (std::size_t s = next.fetch_add(1); s < segments.size(); s = next.fetch_add(1)) {
        if (misfit.load(std::memory_order_relaxed) || control.stop.stop_requested()) return;
        if (!extract(segments[s], width, held.first, held.blocks, held.writers[writer]))
          misfit.store(true, std::memory_order_relaxed);
      }
    });
    control.check();
    return !misfit.load();
  }

  // The sums of one block at the last of the slots' days, from lines in any order.
  void sum_up(const Held<Line>& held, std::size_t block, Sums& sums) const {
    const std::uint32_t from = slots.left.empty() ? 0 : slots.left.back();
    held.each_page(block, [&](std::span<const Line> page) {
      if (from == 0 && slots.of.back() < slots.count) {
        add(sums, page);
        return;
      }
      for (const Line& line : page) {
        const std::uint32_t slot = slots.of[line.day()];
        if (slot < slots.entered.back() && slot >= from) add(sums, std::span(&line, 1));
      }
    });
  }

  // From which asked day on the clients of a block have a line. `known` are those found before.
  void note_since(const Sums& sums, const Output& out, std::size_t to, std::size_t day, std::uint16_t* since) const {
    const std::uint8_t* const bits = out.valid[static_cast<std::size_t>(Nulls::bought)].data() + to / 8;
    for (std::size_t r = 0; r < sums.n; ++r) {
      const bool bought = needs.windowed ? sums.last[r] != null_int32 : ((bits[r >> 3] >> (r & 7)) & 1) != 0;
      since[r] = since[r] == never && bought ? static_cast<std::uint16_t>(day) : since[r];
    }
  }
};

bool Timeline::can(const ClientBase& base, const Plan& plan) {
  if (plan.options.holdout_until || plan.days.empty() || plan.days.size() >= never) return false;
  const Layout layout = layout_of(base, plan.options);
  const bool windowed = plan.options.window_days || plan.options.window_months;
  for (const std::string& name : plan.columns) {
    const Known* column = find_known(name);
    const std::optional<FeatureGroup> group = group_of(name);
    if (!group) return false;
    if (!layout.has(*group) || !wants(plan.options, name)) continue;  // compute_features would not give it
    if (column == nullptr) return false;
    if (!given_by(layout, plan.options, *column)) continue;
    if (!windowed) continue;
    if (column->group != FeatureGroup::purchases || column->what == What::first || column->what == What::tenure)
      return false;
    if (column->what == What::frequency && layout.orders) return false;
  }
  return true;
}

std::shared_ptr<const Timeline::Slots> Timeline::slots_for(std::span<const Day> asked, std::uint32_t width) const {
  auto slots = std::make_shared<Slots>();
  slots->days.assign(asked.begin(), asked.end());
  const std::size_t days = asked.size();
  slots->epoch = number(first_day);
  const auto last = static_cast<std::uint32_t>(number(asked.back()) - slots->epoch);
  std::vector<std::uint32_t> starts(days, 0);
  for (std::size_t k = 0; k < days; ++k)
    starts[k] = static_cast<std::uint32_t>(span_of(plan_.options, asked[k]).from - slots->epoch);
  slots->of.resize(std::max(width, last) + 1);
  slots->entered.assign(days, 0);
  slots->left.assign(days, 0);
  std::size_t in = 0;
  std::size_t out = 0;
  std::pair<std::size_t, std::size_t> former{};
  for (std::uint32_t day = 0; day <= last; ++day) {
    while (number(asked[in]) - slots->epoch < static_cast<std::int32_t>(day)) ++in;
    while (out < days && starts[out] <= day) ++out;
    // A line that no window reaches comes and goes at once.
    const std::pair<std::size_t, std::size_t> now{in, std::max(in, out)};
    if (day == 0 || now != former || needs_->exact) ++slots->count;
    former = now;
    slots->of[day] = slots->count - 1;
    slots->entered[now.first] = slots->count;
    if (now.second < days) slots->left[now.second] = slots->count;
  }
  for (std::uint32_t day = last + 1; day <= width; ++day) slots->of[day] = slots->count;
  for (std::size_t k = 1; k < days; ++k) {
    slots->entered[k] = std::max(slots->entered[k], slots->entered[k - 1]);
    slots->left[k] = std::max(slots->left[k], slots->left[k - 1]);
  }
  return slots;
}

Timeline::Timeline(const ClientBase& base, Plan plan, std::span<const std::uint32_t> rows, const Control& control)
    : base_(base),
      plan_(std::move(plan)),
      layout_(layout_of(base, plan_.options)),
      clients_(rows.empty() ? base.clients() : rows.size()),
      index_(base.partition_sizes()),
      client_column_(base.client_column().renamed("client")),
      since_(clients_, never) {
  auto needs = std::make_shared<Needs>();
  for (const Known& column : known_columns)
    if (given_by(layout_, plan_.options, column) &&
        std::find(plan_.columns.begin(), plan_.columns.end(), column.name) != plan_.columns.end()) {
      needs->columns.push_back(column);
      needs->wants[static_cast<std::size_t>(column.what)] = true;
    }
  needs->windowed = plan_.options.window_days || plan_.options.window_months;
  needs->exact = needs->gaps() || needs->repeats();
  needs->orders = layout_.orders && (needs->want(What::frequency) || needs->exact);
  needs->wide = needs->want(What::profit) || needs->want(What::quantity);
  needs->simple = !needs->windowed && !needs->exact && !needs->orders && !needs->wide && needs->last() &&
                  needs->want(What::net) && !needs->first() && !needs->want(What::gross) &&
                  !needs->want(What::refunds) && !needs->want(What::refund_lines);
  needs_ = needs;

  if (rows.empty()) {
    target_of_ = rows_by_code(base, index_, control);
  } else {
    target_of_ = std::make_shared<Buffer<std::uint32_t>>(index_.size(), no_code);
    for (std::size_t t = 0; t < rows.size(); ++t)
      (*target_of_)[index_(base.codes_in_order()[rows[t]])] = static_cast<std::uint32_t>(t);
    client_column_ = client_column_.take(rows);
  }
}

namespace {

// The rows [begin, begin + n) of a client column; shares the ids where they are numbers.
Column slice(const Column& clients, std::size_t begin, std::size_t n) {
  if (clients.type() == ColumnType::int64)
    return Column::view("client", clients.type(), clients.values<std::int64_t>().subspan(begin, n), clients.owner(),
                        nullptr, 0);
  const auto offsets = clients.text_offsets();
  Buffer<std::int64_t> ends(n + 1);
  for (std::size_t i = 0; i <= n; ++i) ends[i] = offsets[begin + i] - offsets[begin];
  Buffer<char> characters(static_cast<std::size_t>(ends[n]));
  if (!characters.empty())
    std::memcpy(characters.data(), clients.text_characters().data() + offsets[begin], characters.size());
  return Column("client", std::move(ends), std::move(characters));
}

}  // namespace

Table Timeline::empty() const {
  const std::shared_ptr<const Slots> slots = slots_for(plan_.days, 0);
  const Pass<NarrowLine> pass{*this, *needs_, *slots, plan_.options.period};
  std::vector<Column> columns = pass.columns(std::make_shared<const Output>(*needs_, 0), 0, {});
  columns.insert(columns.begin(), slice(client_column_, 0, 0));
  return Table(std::move(columns));
}

namespace {

// Things that tasks use one after the other: memory that is there already is cheaper than fresh.
template <class T>
class Shelf {
 public:
  class Loan {
   public:
    Loan(Shelf& shelf, std::unique_ptr<T> thing) : shelf_(shelf), thing_(std::move(thing)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      const std::lock_guard lock(shelf_.mutex_);
      shelf_.things_.push_back(std::move(thing_));
    }
    T* operator->() const noexcept { return thing_.get(); }

   private:
    Shelf& shelf_;
    std::unique_ptr<T> thing_;
  };
  [[nodiscard]] Loan take() {
    {
      const std::lock_guard lock(mutex_);
      if (!things_.empty()) {
        std::unique_ptr<T> thing = std::move(things_.back());
        things_.pop_back();
        return Loan(*this, std::move(thing));
      }
    }
    return Loan(*this, std::make_unique<T>());
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> things_;
};

}  // namespace

template <class Line>
bool Timeline::run_blocks(std::optional<Day> on, const VisitDay& learn, const VisitBlock& visit,
                          const Control& control) {
  struct Bench {
    typename Pass<Line>::Sorted sorted;
    Sums sums;
    std::shared_ptr<Output> out;
  };
  const std::size_t all = (clients_ + block_clients - 1) / block_clients;
  const std::shared_ptr<const Slots> slots = slots_for(plan_.days, width_);
  const Pass<Line> pass{*this, *needs_, *slots, plan_.options.period};
  std::vector<Segment> segments;
  append_segments(base_.chunks(TableId::transactions), 0, segments);
  std::size_t lines = 0;
  for (const Segment& segment : segments) lines += segment.end - segment.begin;
  const std::size_t budget =
      std::max<std::size_t>(1, plan_.line_bytes != 0 ? plan_.line_bytes : std::size_t{64 << 20} + 12 * lines);
  const std::size_t passes =
      std::clamp<std::size_t>((lines * sizeof(Line) + budget - 1) / budget, 1, std::max<std::size_t>(1, all));
  const std::size_t step = (all + passes - 1) / passes;
  const auto over_parts = [&](Held<Line>& held, auto&& use) {
    for (std::size_t first = 0; first < all; first += step) {
      const std::size_t blocks = std::min(step, all - first);
      if (held.pages == nullptr || held.first != first || held.blocks != blocks) {
        held.first = first;
        held.blocks = blocks;
        if (!pass.read(segments, lines, width_, held, control)) return false;
      }
      control.run(blocks, [&](std::size_t b) {
        if (!control.stop.stop_requested()) use(first + b);
      });
      control.check();
    }
    return true;
  };
  const auto clients_of = [&](std::size_t block) { return std::min(block_clients, clients_ - block * block_clients); };
  Shelf<Bench> shelf;
  Held<Line> held;
  if (learn) {
    const Day one[1] = {*on};
    const std::shared_ptr<const Slots> then = slots_for(one, width_);
    const Pass<Line> at{*this, *needs_, *then, plan_.options.period};
    const auto out = std::make_shared<Output>(*needs_, clients_);
    std::vector<std::array<std::size_t, null_sets>> nulls(all);
    const bool done = over_parts(held, [&](std::size_t block) {
      const auto bench = shelf.take();
      bench->sums.reset(*needs_, clients_of(block), is_wide<Line>);
      if (needs_->exact || needs_->orders) {
        at.sort(held, block, bench->sorted);
        at.advance(bench->sums, bench->sorted, 0);
      } else {
        at.sum_up(held, block, bench->sums);
      }
      at.write(bench->sums, 0, *out, block * block_clients, nulls[block]);
    });
    if (!done) return false;
    learn(0, whole(at.columns(out, clients_, total_of(nulls))));
  }
  return over_parts(held, [&](std::size_t block) {
    const auto bench = shelf.take();
    pass.sort(held, block, bench->sorted);
    held.done_with(block);
    const std::size_t begin = block * block_clients;
    const std::size_t n = clients_of(block);
    bench->sums.reset(*needs_, n, is_wide<Line>);
    const Column ids = slice(client_column_, begin, n);
    for (std::size_t day = 0; day < slots->days.size(); ++day) {
      // Somebody may have kept a column of the day before.
      if (bench->out == nullptr || bench->out.use_count() != 1)
        bench->out = std::make_shared<Output>(*needs_, block_clients);
      pass.advance(bench->sums, bench->sorted, day);
      std::array<std::size_t, null_sets> nulls{};
      pass.write(bench->sums, day, *bench->out, 0, nulls);
      pass.note_since(bench->sums, *bench->out, 0, day, since_.data() + begin);
      std::vector<Column> columns{ids};
      for (Column& column : pass.columns(bench->out, n, nulls)) columns.push_back(std::move(column));
      visit(begin, day, Table(std::move(columns)));
    }
  });
}

Table Timeline::whole(std::vector<Column> columns) const {
  columns.insert(columns.begin(), client_column_);
  return Table(std::move(columns));
}

template <class Line>
bool Timeline::run_days(const VisitDay& visit, const Control& control) {
  const std::shared_ptr<const Slots> slots = slots_for(plan_.days, width_);
  const Pass<Line> pass{*this, *needs_, *slots, plan_.options.period};
  std::vector<Segment> segments;
  append_segments(base_.chunks(TableId::transactions), 0, segments);
  std::size_t lines = 0;
  for (const Segment& segment : segments) lines += segment.end - segment.begin;
  const std::size_t all = (clients_ + block_clients - 1) / block_clients;
  std::vector<typename Pass<Line>::Sorted> sorted(all);
  std::vector<Buffer<Line>> pieces;  // lines of all blocks by stretches of slots, which go when their days are done
  std::vector<std::uint32_t> cuts;
  {
    Held<Line> held;
    held.blocks = all;
    if (!pass.read(segments, lines, width_, held, control)) return false;
    control.run(all, [&](std::size_t block) { pass.count(held, block, sorted[block]); });
    cuts = pass.cut(sorted);
    for (std::size_t p = 0; p + 1 < cuts.size(); ++p) {
      std::size_t place = 0;
      for (auto& each : sorted) place += each.begins[cuts[p + 1]] - each.begins[cuts[p]];
      Line* at = pieces.emplace_back(place).data();
      for (auto& each : sorted) {
        each.pieces.push_back(at);
        at += each.begins[cuts[p + 1]] - each.begins[cuts[p]];
      }
    }
    control.run(all, [&](std::size_t block) {
      sorted[block].cuts = cuts;
      pass.place(held, block, sorted[block]);
      sorted[block].ends = {};
      held.done_with(block);
    });
  }
  std::vector<Sums> sums(all);
  std::shared_ptr<Output> out;
  for (std::size_t day = 0; day < plan_.days.size(); ++day) {
    control.check();
    // Somebody may have kept a column of the day before.
    if (out == nullptr || out.use_count() != 1) out = std::make_shared<Output>(*needs_, clients_);
    std::vector<std::array<std::size_t, null_sets>> nulls(all);
    control.run(all, [&](std::size_t block) {
      const std::size_t begin = block * block_clients;
      if (day == 0) sums[block].reset(*needs_, std::min(block_clients, clients_ - begin), is_wide<Line>);
      pass.advance(sums[block], sorted[block], day);
      pass.write(sums[block], day, *out, begin, nulls[block]);
      pass.note_since(sums[block], *out, begin, day, since_.data() + begin);
    });
    const std::uint32_t over = needs_->windowed ? slots->left[day] : slots->entered[day];
    for (std::size_t p = 0; p < pieces.size() && cuts[p + 1] <= over; ++p) pieces[p] = {};
    visit(day, whole(pass.columns(out, clients_, total_of(nulls))));
  }
  return true;
}

template <class Run>
void Timeline::choose(Day last, Run&& run) {
  width_ = static_cast<std::uint32_t>(number(std::max(last, plan_.days.back())) - number(first_day));
  const bool narrow = !needs_->wide && width_ <= 0xFFFF && base_.rows(TableId::transactions) <= most_narrow_lines;
  if (narrow) {
    const bool done = needs_->orders ? run(OrderLine{}) : run(NarrowLine{});
    if (done) return;
    std::fill(since_.begin(), since_.end(), never);
  }
  (void)run(WideLine{});
}

void Timeline::by_block(std::optional<Day> on, const VisitDay& learn, const VisitBlock& visit, const Control& control) {
  choose(on.value_or(first_day),
         [&]<class Line>(Line /*type*/) { return run_blocks<Line>(on, learn, visit, control); });
}

void Timeline::by_day(const VisitDay& visit, const Control& control) {
  choose(first_day, [&]<class Line>(Line /*type*/) { return run_days<Line>(visit, control); });
}

}  // namespace klientela::features_internal
