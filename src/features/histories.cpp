// Each client's lines together: orders, gaps, repeats, products, and what orders add to engagement.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
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
  std::sort(lines.begin(), lines.end(),
            [&](const LongLine& a, const LongLine& b) { return term_of(a) < term_of(b); });
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
  std::int32_t as_of{0};         // last day that counts
  std::int32_t end_period{0};    // as_of's period
  bool orders{false};
  const Decay* decay{nullptr};
  double purchase_weight{0};
  const std::vector<std::string_view>* products{nullptr};
  const std::vector<std::string_view>* categories{nullptr};
  std::atomic<std::uint32_t>* overflow_row{nullptr};
};

std::int32_t period_of(const Job& job, std::int32_t day) noexcept {
  return period_index(Day{std::chrono::days{day}}, job.period);
}

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// Writes one client's row. Lines are those up to the end of the holdout.
template <class Line>
void write_client(const Job& job, std::size_t row, std::span<Line> lines) {
  const Out& out = job.out;
  std::span<Line> held;  // after as_of
  if (out.holdout_frequency != nullptr) {
    const auto cut = std::partition(lines.begin(), lines.end(), [&](const Line& line) { return line.day <= job.as_of; });
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
    positive = lines.first(
        static_cast<std::size_t>(std::partition(lines.begin(), lines.end(), is_positive) - lines.begin()));
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
  if (out.gap_mean != nullptr) {
    GapSummary gaps;
    for (const Line& line : positive) gaps.add(line.day);
    out.gap_mean[row] = gaps.mean().value_or(nothing);
    out.gap_cv[row] = gaps.variation().value_or(nothing);
  }
  if (out.repeat_frequency != nullptr) {
    ActivityAccumulator activity;
    for (const Line& line : positive) activity.add(period_of(job, line.day), line.amount);
    if (activity.empty()) {
      out.repeat_frequency[row] = null_int32;
      out.repeat_recency[row] = null_int32;
      out.repeat_age[row] = null_int32;
      out.repeat_money[row] = nothing;
    } else {
      const ActivitySummary summary = activity.summary(job.end_period, job.include_first);
      out.repeat_frequency[row] = summary.frequency;
      out.repeat_recency[row] = summary.recency;
      out.repeat_age[row] = summary.age;
      out.repeat_money[row] = summary.money_mean;
    }
    if (out.holdout_frequency != nullptr) {
      if constexpr (std::is_same_v<Line, LongLine>) {
        if (job.orders) (void)join_orders(held);
      }
      sort_by_day(held);
      ActivityAccumulator later;
      for (const Line& line : held) later.add(period_of(job, line.day), line.amount);
      out.holdout_frequency[row] = activity.empty() ? null_int32 : later.periods();
      out.holdout_money[row] = activity.empty() ? nothing : later.mean();
    }
  }
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
    bool any = false;
    for (std::size_t i = 0; i < n; ++i) {
      targets[i] = codes[i] == no_code ? no_code : row_of[source.index(codes[i])];
      any = any || targets[i] != no_code;
    }
    if (!any) continue;
    columns.read(begin, n, block);
    if constexpr (is_long) {
      if (order_values) order_values->codes(begin, std::span(order.data(), n));
      if (product_values) product_values->codes(begin, std::span(product.data(), n));
      if (category_values) category_values->codes(begin, std::span(category.data(), n));
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t target = targets[i];
      const std::int64_t amount = block.amounts[i];
      if (target == no_code || amount == null_number || amount == 0 || (positive_only && amount < 0)) continue;
      if (block.days[i] < span.from || block.days[i] > span.to) continue;
      const std::size_t bucket = target / bucket_targets;
      if (bucket < first_bucket || bucket - first_bucket >= buckets) continue;
      if constexpr (is_long) {
        const std::size_t s = segment.source;
        writer.put(bucket - first_bucket,
                   {target, block.days[i], amount, orders ? (*orders)(s, order[i]) : no_code,
                    products ? (*products)(s, product[i]) : no_code,
                    categories ? (*categories)(s, category[i]) : no_code},
                   true);
      } else {
        writer.put(bucket - first_bucket, {target, block.days[i], amount}, true);
      }
    }
  }
}

}  // namespace

bool needs_histories(const Layout& layout) noexcept {
  return (layout.has(FeatureGroup::purchases) && layout.orders) || layout.has(FeatureGroup::gaps) ||
         layout.has(FeatureGroup::repeats) || layout.has(FeatureGroup::products) ||
         layout.has(FeatureGroup::engagement);
}

void add_history_slots(Store& store, const Layout& layout, const FeatureOptions& options) {
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

void fill_histories(Store& store, std::span<const Source> sources, std::size_t targets,
                    std::span<const std::uint32_t> rows, const FeatureOptions& options, const Layout& layout, Day as_of,
                    EngagementSums& engagement, const Control& control) {
  Job job;
  job.period = options.period;
  job.include_first = options.include_first;
  job.as_of = number(as_of);
  job.end_period = period_index(as_of, options.period);
  job.orders = layout.orders;
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
  const Decay decay(options.engagement.half_life_days, number(as_of));
  if (layout.has(FeatureGroup::engagement)) {
    out.engagement = engagement.data();
    job.decay = &decay;
    job.purchase_weight = options.engagement.purchase;
    job.overflow_row = &overflow_row;
  }

  std::vector<Segment> segments;
  for (std::size_t s = 0; s < sources.size(); ++s)
    append_segments(sources[s].base.chunks(TableId::transactions), s, segments);
  std::size_t lines = 0;
  for (const Segment& segment : segments) lines += segment.end - segment.begin;
  const std::size_t bucket_targets = std::max<std::size_t>(2048, targets / 512 + 1);
  const std::size_t buckets = (targets + bucket_targets - 1) / bucket_targets;

  const auto work = [&]<class Line>(Line /*type*/) {
    const std::size_t passes =
        std::min(std::max<std::size_t>(1, (lines * sizeof(Line) + records_budget - 1) / records_budget),
                 std::max<std::size_t>(1, buckets));
    const std::size_t step = (buckets + passes - 1) / passes;
    // Clients without a line are written too, in the buckets' own turn; without any segment nobody would come by.
    const auto take = [&](std::size_t bucket, std::span<const BucketWriter<Line>> writers) {
      const std::size_t begin = bucket * bucket_targets;
      const std::size_t end = std::min(targets, begin + bucket_targets);
      std::vector<std::uint32_t> ends(end - begin + 1, 0);
      const std::size_t chain = bucket % step;
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
        write_client<Line>(job, rows.empty() ? t : rows[t],
                           std::span(sorted.data() + ends[t - begin], ends[t - begin + 1] - ends[t - begin]));
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

void shift_repeat_age(Store& store, std::int32_t periods, const Control& control) {
  std::int32_t* const age = store.slot(FeatureGroup::repeats, "repeat_age").int32s();
  over_rows(control, store.rows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) age[r] += age[r] == null_int32 ? 0 : periods;
  });
}

}  // namespace klientela::features_internal
