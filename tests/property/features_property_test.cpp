// Features of random bases: against a naive computation, in any order of rows, on any number of threads, refreshed and
// merged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::bytes_of;
using sample::Data;
using sample::day;
using sample::Text;

constexpr std::int64_t micros = sample::day_micros;

struct Shape {
  int clients;
  int lines;
  int days;
  bool orders, products, profit, contacts;
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  Text text(const char* prefix, int n) {
    if (one_in(6)) return {};
    return prefix + std::to_string(below(n));
  }
  template <class T>
  void shuffle(std::vector<T>& rows) {
    for (std::size_t i = rows.size(); i > 1; --i)
      std::swap(rows[i - 1], rows[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  }

 private:
  std::mt19937_64 engine_;
};

const Day origin = day("2025-11-20");

Shape random_shape(Random& random) {
  return {1 + static_cast<int>(random.below(60)),
          static_cast<int>(random.below(400)),
          1 + static_cast<int>(random.below(150)),
          random.one_in(2),
          random.one_in(2),
          random.one_in(2),
          random.one_in(2)};
}

Data random_data(Random& random, const Shape& shape) {
  Data data;
  const auto client = [&] { return random.below(shape.clients) * 37 - 200; };
  const auto moment = [&] { return origin.time_since_epoch().count() * micros + random.below(shape.days * micros); };
  for (int i = 0; i < shape.lines; ++i) {
    sample::Line line{client(), moment(), random.below(2'000'000) - 300'000};
    if (random.one_in(12)) line.amount = 0;
    if (random.one_in(10)) line.amount = random.below(20'000'000'000'000) - 1'000'000'000;
    if (shape.orders) line.order = random.text("order ", 40);
    if (shape.products) line.product = random.text("product ", 9), line.category = random.text("category ", 4);
    if (shape.profit && !random.one_in(4)) line.profit = random.below(500'000) - 100'000;
    if (shape.profit && !random.one_in(4)) line.quantity = (random.below(9) - 2) * Money::scale;
    data.lines.push_back(line);
  }
  if (!shape.contacts) return data;
  const char* states[] = {"completed", "planned", "cancelled"};
  const char* initiatives[] = {"inbound", "outbound"};
  for (int i = 0; i < shape.lines / 2; ++i) {
    sample::Contact contact{client()};
    if (!random.one_in(3)) contact.started_at = moment();
    if (!random.one_in(3)) contact.planned_from = moment();
    contact.channel = random.text("channel ", 3);
    if (!random.one_in(5)) contact.initiative = initiatives[random.below(2)];
    contact.topic = random.text("topic ", 3);
    if (!random.one_in(4)) contact.state = states[random.below(3)];
    data.contacts.push_back(contact);
    if (random.one_in(3)) data.requests.push_back({client(), moment()});
    const char* measures[] = {"csat", "nps", "ces"};
    const int measure = static_cast<int>(random.below(3));
    const std::int64_t low[] = {1, 0, 1};
    const std::int64_t high[] = {5, 10, 7};
    if (random.one_in(2))
      data.answers.push_back({client(), moment(), measures[measure],
                              (low[measure] + random.below(high[measure] - low[measure] + 1)) * Money::scale});
  }
  return data;
}

FeatureOptions random_options(Random& random) {
  FeatureOptions options;
  if (random.one_in(3)) options.window_days = static_cast<std::int32_t>(1 + random.below(90));
  if (!options.window_days && random.one_in(3)) options.window_months = static_cast<std::int32_t>(1 + random.below(4));
  options.period = static_cast<Period>(random.below(5));
  options.include_first = random.one_in(2);
  options.engagement.half_life_days = 1 + static_cast<double>(random.below(60));
  options.engagement.channel = {{"channel 1", 2.5}, {"channel 2", 0.0}};
  options.engagement.initiative = {{"inbound", 1.75}};
  options.engagement.topic = {{"topic 0", 3.1}};
  if (random.one_in(3)) options.max_interaction_columns = 4;
  return options;
}

std::string money(std::int64_t units) { return Money::from_units(units).to_text(); }

std::map<std::string, std::string> naive(const Data& data, std::int64_t client, const TimeZone& zone, Day as_of,
                                         const FeatureOptions& options, bool orders, bool products) {
  std::map<std::string, std::string> cells;
  const Day from = feature_window(as_of, options).first;
  struct Purchase {
    Day when;
    std::int64_t amount;
    Text order;
  };
  std::vector<Purchase> bought;
  std::int64_t refund_lines = 0;
  std::int64_t gross = 0, refunds = 0, profit = 0, quantity = 0;
  bool any_profit = false, any_quantity = false;
  std::map<std::string, std::pair<std::int64_t, bool>> by_product, by_category;
  for (const sample::Line& line : data.lines) {
    const Day when = zone.day_of(Instant{std::chrono::microseconds{line.at}});
    if (line.client != client || when < from || when > as_of) continue;
    if (line.profit) profit += *line.profit, any_profit = true;
    if (line.quantity) quantity += *line.quantity, any_quantity = true;
    if (line.amount > 0) bought.push_back({when, line.amount, line.order}), gross += line.amount;
    if (line.amount < 0) ++refund_lines, refunds -= line.amount;
    for (auto* const side : {&by_product, &by_category}) {
      const Text& term = side == &by_product ? line.product : line.category;
      if (!term) continue;
      (*side)[*term].first += line.amount;
      (*side)[*term].second |= line.amount > 0;
    }
  }
  cells["lines"] = std::to_string(bought.size());
  cells["refund_lines"] = std::to_string(refund_lines);
  cells["money_gross"] = money(gross);
  cells["money_refunds"] = money(refunds);
  cells["money_net"] = money(gross - refunds);
  cells["profit"] = any_profit ? money(profit) : "";
  cells["quantity"] = any_quantity ? money(quantity) : "";
  cells["recency_days"] = cells["tenure_days"] = cells["first_purchase"] = cells["last_purchase"] = "";
  if (!bought.empty()) {
    const auto less = [](const Purchase& a, const Purchase& b) { return a.when < b.when; };
    const Day first = std::min_element(bought.begin(), bought.end(), less)->when;
    const Day last = std::max_element(bought.begin(), bought.end(), less)->when;
    cells["first_purchase"] = to_text(first);
    cells["last_purchase"] = to_text(last);
    cells["recency_days"] = std::to_string((as_of - last).count());
    cells["tenure_days"] = std::to_string((as_of - first).count());
  }
  std::map<std::string, Day> order_day;
  std::size_t lone = 0;
  for (const Purchase& p : bought) {
    if (!orders || !p.order) {
      ++lone;
      continue;
    }
    const auto [place, fresh] = order_day.emplace(*p.order, p.when);
    if (!fresh) place->second = std::min(place->second, p.when);
  }
  cells["frequency"] = std::to_string(lone + order_day.size());
  std::set<Day> days;
  std::map<std::int32_t, std::int64_t> periods;
  for (const Purchase& p : bought) {
    const Day when = orders && p.order ? order_day.at(*p.order) : p.when;
    days.insert(when);
    periods[period_index(when, options.period)] += p.amount;
  }
  cells["gap_days_mean"] = cells["gap_days_cv"] = "";
  std::vector<double> gaps;
  for (auto d = days.begin(); d != days.end() && std::next(d) != days.end(); ++d)
    gaps.push_back(static_cast<double>((*std::next(d) - *d).count()));
  // Floats are compared as numbers, by the caller.
  if (!gaps.empty()) {
    const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / static_cast<double>(gaps.size());
    cells["gap_days_mean"] = std::to_string(mean);
    double squares = 0;
    for (const double gap : gaps) squares += (gap - mean) * (gap - mean);
    if (gaps.size() > 1)
      cells["gap_days_cv"] = std::to_string(std::sqrt(squares / static_cast<double>(gaps.size() - 1)) / mean);
  }
  cells["repeat_frequency"] = cells["repeat_recency"] = cells["repeat_age"] = cells["repeat_money_mean"] = "";
  if (!periods.empty()) {
    const std::int32_t first = periods.begin()->first;
    cells["repeat_recency"] = std::to_string(periods.rbegin()->first - first);
    cells["repeat_age"] = std::to_string(period_index(as_of, options.period) - first);
    if (!options.include_first) periods.erase(periods.begin());
    cells["repeat_frequency"] = std::to_string(periods.size());
    std::int64_t sum = 0;
    for (const auto& [period, amount] : periods) sum += amount;
    cells["repeat_money_mean"] = std::to_string(
        periods.empty() ? 0.0 : static_cast<double>(sum) / static_cast<double>(periods.size()) / 10000.0);
  }
  if (products) {
    for (auto* const side : {&by_product, &by_category}) {
      int count = 0;
      std::string top;
      std::int64_t best = 0;
      for (const auto& [term, sums] : *side) {
        if (!sums.second) continue;
        if (count++ == 0 || sums.first > best) best = sums.first, top = term;
      }
      cells[side == &by_product ? "products" : "categories"] = std::to_string(count);
      cells[side == &by_product ? "top_product" : "top_category"] = top;
    }
  }
  int all = 0, inbound = 0;
  double engagement = 0;
  const auto decayed = [&](Day when) {
    return std::exp2(-static_cast<double>((as_of - when).count()) / options.engagement.half_life_days);
  };
  const auto weight = [](const auto& weights, const Text& term) {
    const auto found = weights.find(term.value_or(""));
    return found == weights.end() ? 1.0 : found->second;
  };
  for (const sample::Contact& contact : data.contacts) {
    if (contact.client != client) continue;
    const bool done = contact.state ? *contact.state == "completed" : contact.started_at.has_value();
    const auto moment = contact.started_at ? contact.started_at : contact.planned_from;
    if (!done || !moment) continue;
    const Day when = zone.day_of(Instant{std::chrono::microseconds{*moment}});
    if (when < from || when > as_of) continue;
    ++all;
    inbound += contact.initiative == "inbound" ? 1 : 0;
    engagement += decayed(when) * weight(options.engagement.channel, contact.channel) *
                  weight(options.engagement.initiative, contact.initiative) *
                  weight(options.engagement.topic, contact.topic);
  }
  for (const sample::Request& request : data.requests) {
    const Day when = zone.day_of(Instant{std::chrono::microseconds{request.at}});
    if (request.client == client && when >= from && when <= as_of) engagement += 5 * decayed(when);
  }
  for (const auto& [order, when] : order_day) engagement += 10 * decayed(when);
  for (const Purchase& p : bought)
    if (!orders || !p.order) engagement += 10 * decayed(p.when);
  cells["interactions"] = std::to_string(all);
  cells["interactions_inbound"] = std::to_string(inbound);
  cells["engagement"] = std::to_string(engagement);
  return cells;
}

Control on(ThreadPool& pool) {
  Control control;
  control.executor = &pool;
  return control;
}

const char* zones[] = {"UTC", "Europe/Moscow", "America/New_York", "Asia/Shanghai"};

TEST(FeaturesProperty, AgreeWithTheNaiveComputation) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const Shape shape = random_shape(random);
    const Data data = random_data(random, shape);
    const FeatureOptions options = random_options(random);
    const ClientBase base = base_of(data, zones[seed % 4]);
    const Day as_of = origin + std::chrono::days(random.below(shape.days + 20));
    const FeatureTable features = compute_features(base, as_of, options);
    ASSERT_EQ(features.rows(), base.clients());
    const bool orders = std::any_of(data.lines.begin(), data.lines.end(), [](const auto& l) { return l.order; });
    for (std::size_t r = 0; r < features.rows(); ++r) {
      const std::int64_t client = features.column("client").values<std::int64_t>()[r];
      const auto expected =
          naive(data, client, base.time_zone(), as_of, options, orders, features.find("products") != nullptr);
      for (const Column& column : features.table().columns()) {
        const auto cell = expected.find(column.name());
        if (cell == expected.end()) continue;
        if (column.type() != ColumnType::float64) {
          ASSERT_EQ(column.to_text(r), cell->second) << column.name() << " of " << client;
        } else if (cell->second.empty()) {
          ASSERT_TRUE(column.is_null(r)) << column.name() << " of " << client;
        } else {
          const double value = std::stod(cell->second);
          ASSERT_NEAR(column.values<double>()[r], value, 1e-6 + 1e-9 * std::abs(value))
              << column.name() << " of " << client;
        }
      }
    }
  }
}

TEST(FeaturesProperty, SameBytesInAnyOrderOnAnyThreads) {
  ThreadPool two(2), seven(7);
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 10'000);
    const Shape shape = random_shape(random);
    Data data = random_data(random, shape);
    const FeatureOptions options = random_options(random);
    const Day as_of = origin + std::chrono::days(random.below(shape.days + 20));
    const std::string one = bytes_of(compute_features(base_of(data), as_of, options).table());
    random.shuffle(data.lines);
    random.shuffle(data.contacts);
    random.shuffle(data.requests);
    random.shuffle(data.answers);
    for (ThreadPool* pool : {&two, &seven}) {
      const Control control = on(*pool);
      ASSERT_EQ(bytes_of(compute_features(base_of(data, "UTC", control), as_of, options, control).table()), one);
    }
  }
}

// Large enough for several segments, buckets and slabs.
TEST(FeaturesProperty, LargeBasesAreTheSameOnAnyThreads) {
  ThreadPool two(2), seven(7);
  for (const bool rich : {false, true}) {
    Random random(rich ? 5 : 6);
    Data data = random_data(random, {40'000, 300'000, 400, rich, rich, rich, rich});
    const Day as_of = origin + std::chrono::days(380);
    FeatureOptions options;
    if (!rich) options.groups = {FeatureGroup::purchases};
    const ClientBase base = base_of(data);
    const std::string one = bytes_of(compute_features(base, as_of, options).table());
    for (ThreadPool* pool : {&two, &seven})
      ASSERT_EQ(bytes_of(compute_features(base, as_of, options, on(*pool)).table()), one);
    random.shuffle(data.lines);
    random.shuffle(data.answers);
    random.shuffle(data.contacts);
    ASSERT_EQ(bytes_of(compute_features(base_of(data), as_of, options, on(two)).table()), one);
  }
}

Data slice(const Data& data, std::size_t part, std::size_t parts) {
  Data out;
  const auto cut = [&](const auto& rows, auto& into) {
    into.assign(rows.begin() + static_cast<std::ptrdiff_t>(rows.size() * part / parts),
                rows.begin() + static_cast<std::ptrdiff_t>(rows.size() * (part + 1) / parts));
  };
  cut(data.lines, out.lines);
  cut(data.contacts, out.contacts);
  cut(data.requests, out.requests);
  cut(data.answers, out.answers);
  return out;
}

TEST(FeaturesProperty, RefreshingIsComputingAnew) {
  ThreadPool two(2);
  const Control control = on(two);
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 20'000);
    const Shape shape = random_shape(random);
    const Data data = random_data(random, shape);
    FeatureOptions options = random_options(random);
    if (random.one_in(2)) options.window_days.reset(), options.window_months.reset();
    if (random.one_in(2))
      options.groups = {FeatureGroup::purchases, FeatureGroup::gaps,         FeatureGroup::repeats,
                        FeatureGroup::products,  FeatureGroup::interactions, FeatureGroup::satisfaction};
    if (random.one_in(3)) options.groups = {FeatureGroup::purchases};
    constexpr std::size_t parts = 4;
    ClientBase base = base_of(slice(data, 0, parts));
    std::int64_t past = random.below(shape.days + 20);
    FeatureTable features = compute_features(base, origin + std::chrono::days(past), options, control);
    for (std::size_t part = 1; part < parts; ++part) {
      base = sample::extended(base, slice(data, part, parts));
      if (random.one_in(2)) past += random.below(30);
      const Day as_of = origin + std::chrono::days(past);
      const std::string whole = bytes_of(compute_features(base, as_of, options).table());
      if (random.one_in(2)) {
        const FeatureTable held = features;
        const std::string before = bytes_of(held.table());
        features = refresh_features(held, base, as_of, control);
        ASSERT_EQ(bytes_of(held.table()), before);
      } else {
        features = refresh_features(std::move(features), base, as_of, control);
      }
      ASSERT_EQ(bytes_of(features.table()), whole) << "part " << part;
    }
  }
}

TEST(FeaturesProperty, RefreshingLargeBases) {
  ThreadPool two(2);
  Random random(77);
  const Data data = random_data(random, {50'000, 200'000, 300, false, false, false, false});
  for (const bool move : {false, true}) {
    FeatureOptions options;
    options.groups = {FeatureGroup::purchases, FeatureGroup::gaps, FeatureGroup::repeats};
    const ClientBase base = base_of(slice(data, 0, 20));
    ClientBase more = base;
    for (std::size_t part = 1; part < 3; ++part) more = sample::extended(more, slice(data, part, 20));
    const Day from = origin + std::chrono::days(300);
    const Day to = from + std::chrono::days(move ? 40 : 0);
    const FeatureTable refreshed = refresh_features(compute_features(base, from, options, on(two)), more, to, on(two));
    EXPECT_EQ(bytes_of(refreshed.table()), bytes_of(compute_features(more, to, options).table()));
  }
}

TEST(FeaturesProperty, MergingDisjointClients) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed + 30'000);
    const Shape shape = random_shape(random);
    const Data data = random_data(random, shape);
    const FeatureOptions options = random_options(random);
    const Day as_of = origin + std::chrono::days(random.below(shape.days + 20));
    Data left, right;
    const auto deal = [&](const auto& rows, auto Data::*into) {
      for (const auto& row : rows) ((row.client % 2 == 0 ? left : right).*into).push_back(row);
    };
    deal(data.lines, &Data::lines);
    deal(data.contacts, &Data::contacts);
    deal(data.requests, &Data::requests);
    deal(data.answers, &Data::answers);
    const FeatureTable merged = merge_features(compute_features(base_of(left), as_of, options),
                                               compute_features(base_of(right), as_of, options));
    ASSERT_EQ(bytes_of(merged.table()), bytes_of(compute_features(base_of(data), as_of, options).table()));
  }
}

}  // namespace
}  // namespace klientela
