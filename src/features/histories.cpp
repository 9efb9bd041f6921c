// Each client's lines together: orders, gaps, repeats, products, and what orders add to engagement.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <optional>
#include <type_traits>

#include "features/decay.hpp"
#include "features/exchange.hpp"
#include "features/state.hpp"
#include "klientela/features/summary.hpp"

namespace klientela::features_internal {
namespace {

// A line among those of its client. Order, product and category are read only where some column needs them.
struct ShortLine {
  std::uint32_t target;
  std::int32_t day;
  std::int64_t amount;
};
struct LongLine {
  std::uint32_t target;
  std::int32_t day;
  std::int64_t amount;
  std::uint32_t order;
  std::uint32_t product;
  std::uint32_t category;
};

constexpr std::size_t records_budget = std::size_t{768} << 20;  // bytes of lines held at a time

template <class Line>
void sort_by_day(std::span<Line> lines) {
  if (lines.size() > 32) {
    std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.day < b.day; });
    return;
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Line line = lines[i];
    std::size_t at = i;
    for (; at > 0 && line.day < lines[at - 1].day; --at) lines[at] = lines[at - 1];
    lines[at] = line;
  }
}

// Gives every line the day of its order. Lines are positive. Returns how many orders there are.
std::size_t join_orders(std::span<LongLine> lines) {
  std::sort(lines.begin(), lines.end(), [](const LongLine& a, const LongLine& b) {
    return a.order != b.order ? a.order < b.order : a.day < b.day;
  });
  std::size_t orders = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].order != no_code && i > 0 && lines[i].order == lines[i - 1].order) {
      lines[i].day = lines[i - 1].day;
    } else {
      ++orders;
    }
  }
  return orders;
}

struct Breadth {
  std::int32_t count{0};
  std::uint32_t top{no_code};
};

// How many terms positive lines name, and the one with the most net money among them.
template <class TermOf>
Breadth breadth_of(std::span<LongLine> lines, const std::vector<std::string_view>& texts, TermOf term_of) {
  __extension__ typedef __int128 Wide;
  std::sort(lines.begin(), lines.end(), [&](const LongLine& a, const LongLine& b) { return term_of(a) < term_of(b); });
  Breadth breadth;
  Wide best = 0;
  for (std::size_t i = 0; i < lines.size();) {
    const std::uint32_t term = term_of(lines[i]);
    Wide net = 0;
    bool bought = false;
    for (; i < lines.size() && term_of(lines[i]) == term; ++i) {
      net += lines[i].amount;
      bought = bought || lines[i].amount > 0;
    }
    if (term == no_code || !bought) continue;
    if (breadth.count == 0 || net > best || (net == best && texts[term] < texts[breadth.top])) {
      best = net;
      breadth.top = term;
    }
    ++breadth.count;
  }
  return breadth;
}

struct Out {
  std::int32_t* frequency{nullptr};
  double* gap_mean{nullptr};
  double* gap_cv{nullptr};
  std::int32_t* repeat_frequency{nullptr};
  std::int32_t* repeat_recency{nullptr};
  std::int32_t* repeat_age{nullptr};
  double* repeat_money{nullptr};
  std::int32_t* holdout_frequency{nullptr};
  double* holdout_money{nullptr};
  std::int32_t* products{nullptr};
  std::int32_t* categories{nullptr};
  std::uint32_t* top_product{nullptr};
  std::uint32_t* top_category{nullptr};
  std::int64_t* engagement{nullptr};
};

struct Job {
  Out out;
  Period period{Period::day};
  bool include_first{false};
  std::int32_t as_of{0};       // last day that counts
  std::int32_t end_period{0};  // as_of's period
  bool orders{false};
  const Decay* decay{nullptr};
  double purchase_weight{0};
  const std::vector<std::string_view>* products{nullptr};
  const std::vector<std::string_view>* categories{nullptr};
  std::atomic<std::uint32_t>* overflow_row{nullptr};
  HistorySum* sums{nullptr};
  std::uint8_t* late{nullptr};  // by row; where set, lines are added to sums
  std::size_t known_orders{0};  // codes of orders that may have lines already
};

std::int32_t period_of(const Job& job, std::int32_t day) noexcept {
  return period_index(Day{std::chrono::days{day}}, job.period);
}

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

void add_line(const Job& job, HistorySum& sum, std::int32_t day, std::int64_t amount) noexcept {
  sum.gaps.add(day);
  sum.activity.add(period_of(job, day), amount);
}

void write_sum(const Job& job, std::size_t row, const HistorySum& sum) noexcept {
  const Out& out = job.out;
  if (out.gap_mean != nullptr) {
    out.gap_mean[row] = sum.gaps.mean().value_or(nothing);
    out.gap_cv[row] = sum.gaps.variation().value_or(nothing);
  }
  if (out.repeat_frequency == nullptr) return;
  if (sum.activity.empty()) {
    out.repeat_frequency[row] = null_int32;
    out.repeat_recency[row] = null_int32;
    out.repeat_age[row] = null_int32;
    out.repeat_money[row] = nothing;
    return;
  }
  const ActivitySummary summary = sum.activity.summary(job.end_period, job.include_first);
  out.repeat_frequency[row] = summary.frequency;
  out.repeat_recency[row] = summary.recency;
  out.repeat_age[row] = summary.age;
  out.repeat_money[row] = summary.money_mean;
}

// Writes one client's row. Lines are those up to the end of the holdout.
template <class Line>
void write_client(const Job& job, std::size_t row, std::span<Line> lines) {
  const Out& out = job.out;
  std::span<Line> held;  // after as_of
  if (out.holdout_frequency != nullptr) {
    const auto cut =
        std::partition(lines.begin(), lines.end(), [&](const Line& line) { return line.day <= job.as_of; });
    const auto kept = static_cast<std::size_t>(cut - lines.begin());
    held = lines.subspan(kept);
    lines = lines.first(kept);
  }
  std::span<Line> positive = lines;
  if constexpr (std::is_same_v<Line, LongLine>) {
    if (job.products != nullptr) {
      const Breadth products = breadth_of(lines, *job.products, [](const LongLine& l) { return l.product; });
      out.products[row] = products.count;
      out.top_product[row] = products.top;
    }
    if (job.categories != nullptr) {
      const Breadth categories = breadth_of(lines, *job.categories, [](const LongLine& l) { return l.category; });
      out.categories[row] = categories.count;
      out.top_category[row] = categories.top;
    }
    const auto is_positive = [](const Line& line) { return line.amount > 0; };
    positive =
        lines.first(static_cast<std::size_t>(std::partition(lines.begin(), lines.end(), is_positive) - lines.begin()));
    held = held.first(static_cast<std::size_t>(std::partition(held.begin(), held.end(), is_positive) - held.begin()));
  }
  std::size_t orders = positive.size();
  if constexpr (std::is_same_v<Line, LongLine>) {
    if (job.orders) orders = join_orders(positive);
  }
  if (out.frequency != nullptr) out.frequency[row] = static_cast<std::int32_t>(orders);
  if (out.engagement != nullptr) {
    std::int64_t sum = out.engagement[row];
    bool bad = false;
    for (std::size_t i = 0; i < positive.size(); ++i) {
      if constexpr (std::is_same_v<Line, LongLine>) {
        if (job.orders && i > 0 && positive[i].order != no_code && positive[i].order == positive[i - 1].order) continue;
      }
      bad |= __builtin_add_overflow(sum, job.decay->units(job.purchase_weight, positive[i].day), &sum);
    }
    out.engagement[row] = sum;
    if (bad) note_smallest(*job.overflow_row, static_cast<std::uint32_t>(row));
  }
  if (out.gap_mean == nullptr && out.repeat_frequency == nullptr) return;
  sort_by_day(positive);
  HistorySum sum;
  for (const Line& line : positive) add_line(job, sum, line.day, line.amount);
  write_sum(job, row, sum);
  if (job.sums != nullptr) job.sums[row] = sum;
  if (out.holdout_frequency != nullptr) {
    if constexpr (std::is_same_v<Line, LongLine>) {
      if (job.orders) (void)join_orders(held);
    }
    sort_by_day(held);
    ActivityAccumulator later;
    for (const Line& line : held) later.add(period_of(job, line.day), line.amount);
    const bool empty = sum.activity.empty();
    out.holdout_frequency[row] = empty ? null_int32 : later.periods();
    out.holdout_money[row] = empty ? nothing : later.mean();
  }
}

// Adds a client's new lines, all positive, to what is known of it; or leaves it and says so.
template <class Line>
void append_client(const Job& job, std::size_t row, std::span<Line> lines) {
  if (lines.empty()) return;
  std::size_t orders = lines.size();
  if constexpr (std::is_same_v<Line, LongLine>) {
    for (const Line& line : lines)
      if (line.order != no_code && line.order < job.known_orders) {
        job.late[row] = 1;
        return;
      }
    orders = join_orders(lines);
  }
  sort_by_day(lines);
  HistorySum& sum = job.sums[row];
  if (sum.gaps.days() != 0 && lines.front().day < sum.gaps.last()) {
    job.late[row] = 1;
    return;
  }
  if (job.out.frequency != nullptr) job.out.frequency[row] += static_cast<std::int32_t>(orders);
  for (const Line& line : lines) add_line(job, sum, line.day, line.amount);
  write_sum(job, row, sum);
}

template <class Line>
void read_lines(const Segment& segment, std::span<const Source> sources, DaySpan span, bool positive_only,
                const Terms* orders, const Terms* products, const Terms* categories, std::size_t bucket_targets,
                std::size_t first_bucket, std::size_t buckets, BucketWriter<Line>& writer) {
  constexpr bool is_long = std::is_same_v<Line, LongLine>;
  const Chunk& chunk = *segment.chunk;
  const PurchaseColumns columns(chunk);
  if (!columns.complete()) return;
  const Source& source = sources[segment.source];
  const Buffer<std::uint32_t>& row_of = *source.row_of;
  const Values* const order_values = orders == nullptr ? nullptr : chunk[TransactionField::order];
  const Values* const product_values = products == nullptr ? nullptr : chunk[TransactionField::product];
  const Values* const category_values = categories == nullptr ? nullptr : chunk[TransactionField::product_category];
  PurchaseBlock block;
  std::array<std::uint32_t, block_rows> targets;
  std::array<std::uint32_t, is_long ? block_rows : 1> order, product, category;
  order.fill(no_code);
  product.fill(no_code);
  category.fill(no_code);
  for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
    const std::size_t n = std::min(block_rows, segment.end - begin);
    const std::uint32_t* const codes = chunk.clients().data() + begin;
    const auto put = [&](std::size_t i, std::size_t value) {  // row i of the block, whose values stand at `value`
      const std::uint32_t target = targets[i];
      const std::int64_t amount = block.amounts[value];
      if (target == no_code || amount == null_number || amount == 0 || (positive_only && amount < 0)) return;
      if (block.days[value] < span.from || block.days[value] > span.to) return;
      const std::size_t bucket = target / bucket_targets;
      if (bucket < first_bucket || bucket - first_bucket >= buckets) return;
      if constexpr (is_long) {
        const std::size_t s = segment.source;
        writer.put(bucket - first_bucket,
                   {target, block.days[value], amount, orders ? (*orders)(s, order[value]) : no_code,
                    products ? (*products)(s, product[value]) : no_code,
                    categories ? (*categories)(s, category[value]) : no_code},
                   true);
      } else {
        writer.put(bucket - first_bucket, {target, block.days[value], amount}, true);
      }
    };
    const auto read = [&](std::size_t from, std::size_t count) {
      columns.read(from, count, block);
      if constexpr (is_long) {
        if (order_values) order_values->codes(from, std::span(order.data(), count));
        if (product_values) product_values->codes(from, std::span(product.data(), count));
        if (category_values) category_values->codes(from, std::span(category.data(), count));
      }
    };
    if (source.some) {
      // Few clients are asked for: find their rows by bits that stay in the cache, and read no more than those.
      std::array<std::uint16_t, block_rows> found;
      std::size_t count = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t place = codes[i] == no_code ? 0 : source.index(codes[i]);
        const bool wanted = (((*source.some)[place / 64] >> (place % 64)) & 1) != 0 && codes[i] != no_code;
        found[count] = static_cast<std::uint16_t>(i);
        count += wanted ? 1 : 0;
      }
      for (std::size_t k = 0; k < count; ++k) targets[found[k]] = row_of[source.index(codes[found[k]])];
      if (count * 16 > n) read(begin, n);
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t i = found[k];
        if (count * 16 > n) {
          put(i, i);
        } else {
          read(begin + i, 1);
          put(i, 0);
        }
      }
      continue;
    }
    for (std::size_t i = 0; i < n; ++i) targets[i] = codes[i] == no_code ? no_code : row_of[source.index(codes[i])];
    read(begin, n);
    for (std::size_t i = 0; i < n; ++i) put(i, i);
  }
}

}  // namespace

bool needs_histories(const Layout& layout) noexcept {
  return (layout.has(FeatureGroup::purchases) && layout.orders) || layout.has(FeatureGroup::gaps) ||
         layout.has(FeatureGroup::repeats) || layout.has(FeatureGroup::products) ||
         layout.has(FeatureGroup::engagement);
}

void add_history_slots(Store& store, const Layout& layout, const FeatureOptions& options) {
  const bool sums = layout.has(FeatureGroup::gaps) || layout.has(FeatureGroup::repeats);
  // Products would need every client's sums by product, engagement those by day.
  if (sums && !layout.has(FeatureGroup::products) && !layout.has(FeatureGroup::engagement) && !options.holdout_until)
    store.sums = Buffer<HistorySum>(store.rows + store.rows / 32 + 256);
  if (layout.has(FeatureGroup::gaps)) {
    store.add(FeatureGroup::gaps, "gap_days_mean", ColumnType::float64, true);
    store.add(FeatureGroup::gaps, "gap_days_cv", ColumnType::float64, true);
  }
  if (layout.has(FeatureGroup::repeats)) {
    store.add(FeatureGroup::repeats, "repeat_frequency", ColumnType::int32, true);
    store.add(FeatureGroup::repeats, "repeat_recency", ColumnType::int32, true, 0);
    store.add(FeatureGroup::repeats, "repeat_age", ColumnType::int32, true, 0);
    store.add(FeatureGroup::repeats, "repeat_money_mean", ColumnType::float64, true, 0);
    if (options.holdout_until) {
      store.add(FeatureGroup::repeats, "holdout_frequency", ColumnType::int32, true, 0);
      store.add(FeatureGroup::repeats, "holdout_money_mean", ColumnType::float64, true, 0);
    }
  }
  if (layout.has(FeatureGroup::products)) {
    store.add(FeatureGroup::products, "products", ColumnType::int32, false);
    store.add(FeatureGroup::products, "categories", ColumnType::int32, false);
    store.add(FeatureGroup::products, "top_product", ColumnType::term, true);
    store.add(FeatureGroup::products, "top_category", ColumnType::term, true);
  }
}

namespace {

Job job_of(Store& store, const HistoryTask& task) {
  const FeatureOptions& options = task.options;
  const Layout& layout = task.layout;
  const Day as_of = task.as_of;
  Job job;
  job.period = options.period;
  job.include_first = options.include_first;
  job.as_of = number(as_of);
  job.end_period = period_index(as_of, options.period);
  job.orders = layout.orders;
  job.sums = store.sums.empty() ? nullptr : store.sums.data();
  Out& out = job.out;
  if (layout.has(FeatureGroup::purchases) && layout.orders)
    out.frequency = store.slot(FeatureGroup::purchases, "frequency").int32s();
  if (layout.has(FeatureGroup::gaps)) {
    out.gap_mean = store.slot(FeatureGroup::gaps, "gap_days_mean").doubles();
    out.gap_cv = store.slot(FeatureGroup::gaps, "gap_days_cv").doubles();
  }
  if (layout.has(FeatureGroup::repeats)) {
    out.repeat_frequency = store.slot(FeatureGroup::repeats, "repeat_frequency").int32s();
    out.repeat_recency = store.slot(FeatureGroup::repeats, "repeat_recency").int32s();
    out.repeat_age = store.slot(FeatureGroup::repeats, "repeat_age").int32s();
    out.repeat_money = store.slot(FeatureGroup::repeats, "repeat_money_mean").doubles();
    if (options.holdout_until) {
      out.holdout_frequency = store.slot(FeatureGroup::repeats, "holdout_frequency").int32s();
      out.holdout_money = store.slot(FeatureGroup::repeats, "holdout_money_mean").doubles();
    }
  }
  return job;
}

std::size_t bucket_size(std::size_t targets) noexcept { return std::max<std::size_t>(2048, targets / 512 + 1); }

// Hands the lines of a bucket's targets [begin, end) to `write`, target by target.
template <class Line, class Write>
void by_target(std::span<const BucketWriter<Line>> writers, std::size_t chain, std::size_t begin, std::size_t end,
               Write&& write) {
  std::vector<std::uint32_t> ends(end - begin + 1, 0);
  for (const auto& writer : writers)
    writer.each_page(chain, [&](std::span<const Line> page) {
      for (const Line& line : page) ++ends[line.target - begin + 1];
    });
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  Buffer<Line> sorted(ends.back());
  std::vector<std::uint32_t> at(ends.begin(), ends.end() - 1);
  for (const auto& writer : writers)
    writer.each_page(chain, [&](std::span<const Line> page) {
      for (const Line& line : page) sorted[at[line.target - begin]++] = line;
    });
  for (std::size_t t = begin; t < end; ++t)
    write(t, std::span(sorted.data() + ends[t - begin], ends[t - begin + 1] - ends[t - begin]));
}

}  // namespace

void fill_histories(Store& store, std::span<const Source> sources, std::size_t targets,
                    std::span<const std::uint32_t> rows, const HistoryTask& task, EngagementSums& engagement,
                    const Control& control) {
  const FeatureOptions& options = task.options;
  const Layout& layout = task.layout;
  const Day as_of = task.as_of;
  Job job = job_of(store, task);
  Out& out = job.out;
  Terms order_terms, product_terms, category_terms;
  const bool products = layout.has(FeatureGroup::products);
  if (products) {
    product_terms = unite_terms(sources, TableId::transactions, static_cast<std::size_t>(TransactionField::product));
    category_terms =
        unite_terms(sources, TableId::transactions, static_cast<std::size_t>(TransactionField::product_category));
    job.products = &product_terms.texts;
    job.categories = &category_terms.texts;
    out.products = store.slot(FeatureGroup::products, "products").int32s();
    out.categories = store.slot(FeatureGroup::products, "categories").int32s();
    out.top_product = store.slot(FeatureGroup::products, "top_product").codes();
    out.top_category = store.slot(FeatureGroup::products, "top_category").codes();
  }
  if (layout.orders)
    order_terms = unite_terms(sources, TableId::transactions, static_cast<std::size_t>(TransactionField::order));
  std::atomic<std::uint32_t> overflow_row{no_code};
  std::optional<Decay> decay;
  if (layout.has(FeatureGroup::engagement)) {
    decay.emplace(options.engagement.half_life_days, number(as_of));
    out.engagement = engagement.data();
    job.decay = &*decay;
    job.purchase_weight = options.engagement.purchase;
    job.overflow_row = &overflow_row;
  }

  std::vector<Segment> segments;
  for (std::size_t s = 0; s < sources.size(); ++s)
    append_segments(sources[s].base.chunks(TableId::transactions), s, segments);
  std::size_t lines = 0;
  for (const Segment& segment : segments) lines += segment.end - segment.begin;
  const std::size_t bucket_targets = bucket_size(targets);
  const std::size_t buckets = (targets + bucket_targets - 1) / bucket_targets;

  const auto work = [&]<class Line>(Line /*type*/) {
    const std::size_t passes =
        std::min(std::max<std::size_t>(1, (lines * sizeof(Line) + records_budget - 1) / records_budget),
                 std::max<std::size_t>(1, buckets));
    const std::size_t step = (buckets + passes - 1) / passes;
    // Clients without a line are written too, in the buckets' own turn; without any segment nobody would come by.
    const auto take = [&](std::size_t bucket, std::span<const BucketWriter<Line>> writers) {
      const std::size_t begin = bucket * bucket_targets;
      by_target<Line>(
          writers, bucket % step, begin, std::min(targets, begin + bucket_targets),
          [&](std::size_t t, std::span<Line> mine) { write_client(job, rows.empty() ? t : rows[t], mine); });
    };
    for (std::size_t first = 0; first < buckets; first += step) {
      const std::size_t count = std::min(step, buckets - first);
      if (lines == 0) {
        for (std::size_t b = 0; b < count; ++b) take(first + b, {});
        continue;
      }
      exchange<Line>(
          control, "features", segments, count, count, lines,
          [&](const Segment& segment, BucketWriter<Line>& writer) {
            DaySpan span = span_of(options, sources[segment.source].as_of);
            if (out.holdout_frequency != nullptr) span.to = number(*options.holdout_until);
            read_lines<Line>(segment, sources, span, !products, layout.orders ? &order_terms : nullptr,
                             products ? &product_terms : nullptr, products ? &category_terms : nullptr, bucket_targets,
                             first, count, writer);
          },
          [&](std::size_t bucket, std::span<const BucketWriter<Line>> writers) { take(first + bucket, writers); });
    }
  };
  if (layout.orders || products) {
    work(LongLine{});
  } else {
    work(ShortLine{});
  }
  if (const std::uint32_t row = overflow_row.load(); row != no_code) throw EngagementOverflow{row};
  if (products) {
    seal_terms(store.slot(FeatureGroup::products, "top_product"), store.rows, product_terms.texts);
    seal_terms(store.slot(FeatureGroup::products, "top_category"), store.rows, category_terms.texts);
  }
  for (const FeatureGroup group : {FeatureGroup::gaps, FeatureGroup::repeats, FeatureGroup::products})
    seal(store, group, control);
}

std::vector<std::uint8_t> append_histories(Store& store, const Source& source,
                                           std::span<const std::shared_ptr<const Chunk>> chunks,
                                           std::size_t known_orders, const HistoryTask& task, const Control& control) {
  Job job = job_of(store, task);
  std::vector<std::uint8_t> late(store.rows, 0);
  job.late = late.data();
  job.known_orders = known_orders;
  std::vector<Segment> segments;
  append_segments(chunks, 0, segments);
  std::size_t lines = 0;
  for (const Segment& segment : segments) lines += segment.end - segment.begin;
  const std::span<const Source> sources(&source, 1);
  const Terms orders = unite_terms(sources, TableId::transactions, static_cast<std::size_t>(TransactionField::order));
  const DaySpan span = span_of(task.options, source.as_of);
  const std::size_t targets = bucket_size(store.rows);
  const std::size_t buckets = (store.rows + targets - 1) / targets;
  const auto work = [&]<class Line>(Line /*type*/) {
    using Writer = BucketWriter<Line>;
    exchange<Line>(
        control, "features", segments, buckets, buckets, lines,
        [&](const Segment& segment, Writer& writer) {
          read_lines<Line>(segment, sources, span, true, task.layout.orders ? &orders : nullptr, nullptr, nullptr,
                           targets, 0, buckets, writer);
        },
        [&](std::size_t bucket, std::span<const Writer> writers) {
          const std::size_t begin = bucket * targets;
          by_target<Line>(writers, bucket, begin, std::min(store.rows, begin + targets),
                          [&](std::size_t t, std::span<Line> mine) { append_client(job, t, mine); });
        });
  };
  if (task.layout.orders) {
    work(LongLine{});
  } else {
    work(ShortLine{});
  }
  return late;
}

void shift_repeat_age(Store& store, std::int32_t periods, const Control& control) {
  std::int32_t* const age = store.slot(FeatureGroup::repeats, "repeat_age").int32s();
  over_rows(control, store.rows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) age[r] += age[r] == null_int32 ? 0 : periods;
  });
}

}  // namespace klientela::features_internal
