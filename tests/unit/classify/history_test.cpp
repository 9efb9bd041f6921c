// Classes through time: the same as each day alone, for any thread count, window, order ids and way of computing.
#include "klientela/classify/history.hpp"

#include <gtest/gtest.h>

#include <random>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/xyz.hpp"
#include "unit/classify/tables.hpp"
#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::Data;
using sample::day;
using sample::noon;
using test::for_thread_counts;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

struct Shape {
  int clients{40};
  int lines{300};
  bool orders{false};
  bool profit{false};
  bool large{false};
  bool contacts{false};
};

const Day origin = day("2025-01-10");

Data random_data(Random& random, const Shape& shape) {
  Data data;
  const auto client = [&] { return random.below(shape.clients) * 7 - 20; };
  const auto moment = [&] {
    return origin.time_since_epoch().count() * sample::day_micros + random.below(200 * sample::day_micros);
  };
  for (int i = 0; i < shape.clients / 4; ++i) data.cards.push_back(client());
  for (int i = 0; i < shape.lines; ++i) {
    sample::Line line{client(), moment(), random.below(2'000'000) - 400'000};
    if (random.one_in(12)) line.amount = 0;
    if (shape.large && random.one_in(9)) line.amount = random.below(90'000'000'000'000) - 1'000'000'000;
    if (shape.orders && !random.one_in(5)) line.order = "order " + std::to_string(random.below(25));
    if (shape.profit && !random.one_in(4)) line.profit = random.below(500'000) - 100'000;
    data.lines.push_back(line);
    if (shape.contacts && random.one_in(3)) {
      sample::Contact contact{client()};
      contact.started_at = moment();
      contact.channel = "phone";
      data.contacts.push_back(contact);
      data.requests.push_back({client(), moment()});
    }
  }
  return data;
}

std::vector<Day> random_days(Random& random) {
  std::vector<Day> days;
  Day at = origin - std::chrono::days{random.below(30)};
  const std::int64_t count = 1 + random.below(9);
  for (std::int64_t k = 0; k < count; ++k) {
    days.push_back(at);
    at += std::chrono::days{1 + random.below(60)};
  }
  return days;
}

/// What somebody reads of a column: values and nulls as text.
std::string seen(const Column& column) {
  std::string text = column.name() + '|' + std::string(name(column.type())) + '|';
  for (std::size_t row = 0; row < column.size(); ++row)
    text += column.is_null(row) ? std::string("<null>,") : column.to_text(row) + ',';
  return text;
}

std::vector<AnyClassifier> classifiers_for(const Shape& shape) {
  std::vector<AnyClassifier> list = default_classifiers();
  AbcOptions gross;
  gross.measures = {"money_gross"};
  if (shape.profit) gross.measures.emplace_back("profit");
  list.emplace_back(AbcClassifier(gross, "abc_gross"));
  RfmOptions ranks;
  ranks.method = ScoreMethod::rank;
  ranks.ties = TiePolicy::first;
  ranks.recency.column = "tenure_days";
  list.emplace_back(RfmClassifier(ranks, "ranks"));
  return list;
}

bool with_profit(const ClientBase& base) {
  for (const auto& chunk : base.chunks(TableId::transactions))
    if ((*chunk)[TransactionField::profit] != nullptr) return true;
  return false;
}

/// Features of one day with steadiness over periods, as a run computes them.
Table measured(const ClientBase& base, Day on, const FeatureOptions& features) {
  Table table = compute_features(base, on, features).table();
  const Table periods = period_table(base, on, {}, features);
  for (const Column& column : periods.columns())
    if (table.find(column.name()) == nullptr) table.add(column);
  const std::vector<AnyClassifier> usual = default_classifiers();
  return with_base_columns(base, std::move(table), on, inputs_of(usual));
}

/// Every class column of a day as computed for that day alone.
void expect_as_alone(const History& found, std::span<const AnyClassifier> classifiers, const FeatureOptions& features,
                     const HistoryOptions& options) {
  std::vector<AnyModel> models;
  if (options.thresholds == HistoryThresholds::frozen) {
    const Day on = options.frozen_on.value_or(found.days().back());
    models = classify(measured(found.base(), on, features), classifiers).models;
  }
  for (std::size_t k = 0; k < found.days().size(); ++k) {
    const Table table = measured(found.base(), found.days()[k], features);
    const Classified alone =
        models.empty() ? classify(table, classifiers) : classify(table, std::span<const AnyModel>(models));
    for (const std::string& column : found.columns())
      ASSERT_EQ(seen(found.column(column, k)), seen(alone.table.column(column)))
          << "day " << to_text(found.days()[k]) << " of " << column;
    const Column& money = alone.table.column(options.money);
    for (std::size_t row = 0; row < found.clients(); ++row)
      ASSERT_EQ(found.money(k)[row], money.is_null(row) ? 0 : money.values<std::int64_t>()[row]);
    // Known: a positive line, a request, a contact or an answer up to the day.
    const FeatureTable ever = compute_features(found.base(), found.days()[k]);
    for (std::size_t row = 0; row < found.clients(); ++row) {
      const bool bought = ever.column("lines").values<std::int32_t>()[row] > 0;
      if (bought) {
        ASSERT_LE(found.since()[row], k);
      }
      if (!bought && ever.find("interactions") == nullptr) {
        ASSERT_GT(found.since()[row], k);
      }
    }
  }
}

class AllWays : public testing::TestWithParam<int> {};

TEST_P(AllWays, EqualEachDayAlone) {
  Random random(static_cast<std::uint64_t>(GetParam()));
  for (int round = 0; round < 12; ++round) {
    Shape shape;
    shape.clients = 1 + static_cast<int>(random.below(60));
    shape.lines = static_cast<int>(random.below(400));
    shape.orders = random.one_in(3);
    shape.profit = random.one_in(3);
    shape.large = random.one_in(4);
    shape.contacts = random.one_in(4);
    const ClientBase base = base_of(random_data(random, shape), "Europe/London");
    if (base.rows(TableId::transactions) == 0) continue;
    const std::vector<Day> days = random_days(random);
    FeatureOptions features;
    if (random.one_in(4)) features.window_days = static_cast<std::int32_t>(1 + random.below(90));
    if (!features.window_days && random.one_in(4))
      features.window_months = static_cast<std::int32_t>(1 + random.below(3));
    features.period = static_cast<Period>(random.below(5));
    HistoryOptions options;
    options.thresholds = random.one_in(3) ? HistoryThresholds::refit : HistoryThresholds::frozen;
    if (random.one_in(3)) options.frozen_on = origin + std::chrono::days{random.below(250)};
    std::vector<AnyClassifier> classifiers = classifiers_for({.profit = with_profit(base)});
    if (random.one_in(3)) {
      classifiers.emplace_back(XyzClassifier());
      classifiers.emplace_back(LifecycleClassifier());
      classifiers.emplace_back(CohortClassifier());
    }
    if (random.one_in(2)) options.columns = {"rfm_r", "rfm_segment", "ranks_m", "abc", "group", "abc_gross"};
    std::string first;
    for_thread_counts([&](const Control& control) {
      const History found =
          history(base, days, std::span<const AnyClassifier>(classifiers), features, options, control);
      std::string all;
      for (std::size_t k = 0; k < days.size(); ++k)
        for (const std::string& column : found.columns()) all += seen(found.column(column, k));
      if (first.empty()) {
        expect_as_alone(found, classifiers, features, options);
        first = all;
      }
      ASSERT_EQ(all, first);
    });
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, AllWays, testing::Range(0, 12));

/// A classifier of a host over the columns that one pass gives too: gaps and repeats.
struct Cadence {
  struct Model {
    [[nodiscard]] std::string name() const { return "cadence"; }
    [[nodiscard]] std::string kind() const { return "cadence"; }
    [[nodiscard]] std::vector<std::string> inputs() const { return Cadence().inputs(); }
    [[nodiscard]] std::string to_json() const { return "{}"; }
    [[nodiscard]] Classification classify(const Table& table, const Control& /*control*/) const {
      std::vector<Column> columns;
      for (const std::string& measure : inputs()) columns.push_back(table.column(measure).renamed("c_" + measure));
      return Classification("cadence", "cadence", std::move(columns));
    }
  };
  [[nodiscard]] std::string name() const { return "cadence"; }
  [[nodiscard]] std::string kind() const { return "cadence"; }
  [[nodiscard]] std::string to_json() const { return R"({"kind": "cadence"})"; }
  [[nodiscard]] std::vector<std::string> inputs() const {
    return {"gap_days_mean",     "gap_days_cv", "repeat_frequency", "repeat_recency", "repeat_age",
            "repeat_money_mean", "frequency",   "first_purchase",   "lines",          "refund_lines",
            "money_refunds",     "tenure_days", "last_purchase"};
  }
  [[nodiscard]] Model fit(const Table& /*table*/, const Control& /*control*/) const { return {}; }
};

TEST(History, GivesMeasuresThemselvesAsAlone) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed + 100);
    Shape shape;
    shape.orders = random.one_in(2);
    shape.large = random.one_in(4);
    shape.lines = 1 + static_cast<int>(random.below(600));
    const ClientBase base = base_of(random_data(random, shape));
    const std::vector<Day> days = random_days(random);
    FeatureOptions features;
    features.period = static_cast<Period>(random.below(5));
    features.include_first = random.one_in(2);
    HistoryOptions options;
    for (const std::string& measure : Cadence().inputs()) options.columns.push_back("c_" + measure);
    const std::vector<AnyClassifier> classifiers{AnyClassifier(Cadence())};
    const History found = history(base, days, std::span<const AnyClassifier>(classifiers), features, options);
    EXPECT_TRUE(found.one_pass());
    expect_as_alone(found, classifiers, features, options);
  }
}

/// A classifier of a host with a label for every number of lines that somebody has when it is fitted.
struct ByLines {
  struct Model {
    std::shared_ptr<const std::vector<std::string>> labels;
    [[nodiscard]] std::string name() const { return "by_lines"; }
    [[nodiscard]] std::string kind() const { return "by_lines"; }
    [[nodiscard]] std::vector<std::string> inputs() const { return {"lines"}; }
    [[nodiscard]] std::string to_json() const { return "{}"; }
    [[nodiscard]] Classification classify(const Table& table, const Control& /*control*/) const {
      Buffer<std::uint16_t> codes(table.rows());
      const auto lines = table.column("lines").values<std::int32_t>();
      for (std::size_t row = 0; row < codes.size(); ++row) {
        const std::string label = std::to_string(lines[row]);
        codes[row] = static_cast<std::uint16_t>(std::find(labels->begin(), labels->end(), label) - labels->begin());
      }
      return Classification("by_lines", "by_lines", {Column("by_lines", std::move(codes), labels)});
    }
  };
  [[nodiscard]] std::string name() const { return "by_lines"; }
  [[nodiscard]] std::string kind() const { return "by_lines"; }
  [[nodiscard]] std::string to_json() const { return R"({"kind": "by_lines"})"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"lines"}; }
  [[nodiscard]] Model fit(const Table& table, const Control& /*control*/) const {
    std::vector<std::string> labels;
    for (const std::int32_t lines : table.column("lines").values<std::int32_t>())
      if (std::find(labels.begin(), labels.end(), std::to_string(lines)) == labels.end())
        labels.push_back(std::to_string(lines));
    return {std::make_shared<const std::vector<std::string>>(std::move(labels))};
  }
};

TEST(History, KeepsWhatItHasWhereLabelsGrowBeyondAByte) {
  Data data;
  for (int client = 0; client < 400; ++client)  // on day d client c has min(c, 100 d) lines
    for (int line = 0; line < client; ++line)
      data.lines.push_back({client, noon("2025-01-01") + line / 100 * sample::day_micros, 10'000});
  const ClientBase base = base_of(data);
  const std::vector<Day> days{day("2025-01-01"), day("2025-01-02"), day("2025-01-03"), day("2025-01-04")};
  HistoryOptions options;
  options.thresholds = HistoryThresholds::refit;
  const std::vector<AnyClassifier> classifiers{AnyClassifier(ByLines())};
  const History found = history(base, days, std::span<const AnyClassifier>(classifiers), {}, options);
  EXPECT_TRUE(found.one_pass());
  EXPECT_GT(found.labels("by_lines").size(), 390U);
  for (std::size_t k = 0; k < days.size(); ++k)
    for (std::size_t row = 0; row < found.clients(); ++row)
      ASSERT_EQ(found.column("by_lines", k).text(row),
                std::to_string(std::min<std::size_t>(row + 1, 100 * (k + 1))));  // who has no lines is no client
}

TEST(History, SaysWhetherOnePassWasEnough) {
  Random random(5);
  const Shape shape{.contacts = true};
  const ClientBase base = base_of(random_data(random, shape));
  const std::vector<Day> days{day("2025-03-01"), day("2025-04-01")};
  const std::vector<AnyClassifier> rfm{AnyClassifier(RfmClassifier())};
  EXPECT_TRUE(history(base, days, std::span<const AnyClassifier>(rfm)).one_pass());
  // The matrix asks for engagement, which decays from day to day.
  const std::vector<AnyClassifier> all = default_classifiers();
  EXPECT_FALSE(history(base, days, std::span<const AnyClassifier>(all)).one_pass());
  // What people assigned has no field on cards, and nobody was assigned anything.
  RuleOptions options;
  options.assigned = "care";
  options.rules = {{.id = "often", .when = Expression::parse("frequency > 3"), .value = "vip"}};
  const std::vector<AnyClassifier> care{AnyClassifier(RulesClassifier(options, "care"))};
  const History found = history(base, days, std::span<const AnyClassifier>(care));
  EXPECT_TRUE(found.one_pass());
  expect_as_alone(found, care, {}, {});
  HistoryOptions assigned;
  assigned.assignments.assign({.client = found.client().to_text(0), .attribute = "care", .value = "none"});
  EXPECT_FALSE(history(base, days, std::span<const AnyClassifier>(care), {}, assigned).one_pass());
}

TEST(History, TellsAnIntervalThatIsCutShort) {
  const auto cut = [](const std::vector<std::string>& days) {
    std::vector<Day> list;
    for (const std::string& one : days) list.push_back(day(one.c_str()));
    return is_cut_short(list);
  };
  EXPECT_TRUE(cut({"2025-11-30", "2025-12-31", "2026-01-15"}));
  EXPECT_TRUE(cut({"2025-11-30", "2025-12-31", "2026-01-30"}));
  EXPECT_FALSE(cut({"2025-11-30", "2025-12-31", "2026-01-31"}));
  EXPECT_FALSE(cut({"2025-12-31", "2026-01-31", "2026-02-28"}));  // shorter than the others, and whole
  EXPECT_TRUE(cut({"2025-12-28", "2026-01-04", "2026-01-10"}));   // Sundays, then a Saturday
  EXPECT_FALSE(cut({"2025-12-28", "2026-01-04", "2026-01-11"}));
  EXPECT_TRUE(cut({"2025-06-30", "2025-09-30", "2025-12-30"}));
  EXPECT_FALSE(cut({"2025-06-30", "2025-09-30", "2025-12-31"}));
  EXPECT_TRUE(cut({"2023-12-31", "2024-12-31", "2025-06-30"}));
  EXPECT_FALSE(cut({"2025-12-01", "2025-12-31", "2026-01-15"}));  // no ends of periods: the host's own days
  EXPECT_FALSE(cut({"2025-12-31", "2026-01-15"}));                // nothing to compare with
  EXPECT_FALSE(cut({"2026-01-01", "2026-01-02", "2026-01-03"}));
  EXPECT_FALSE(cut({}));
  EXPECT_TRUE(is_cut_short(period_ends(day("2025-10-05"), day("2026-01-15"), Period::month)));
}

TEST(History, ManyBlocksAndSeveralPasses) {
  Random random(17);
  Data data;
  for (int i = 0; i < 40'000; ++i)
    data.lines.push_back({random.below(20'000), noon(origin) + random.below(100) * sample::day_micros,
                          random.below(1'000'000) - 100'000});
  const ClientBase base = base_of(data);
  const std::vector<Day> days = period_ends(base, Period::month);
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  for_thread_counts([&](const Control& control) {
    const History found = history(base, days, std::span<const AnyClassifier>(classifiers), {}, {}, control);
    EXPECT_TRUE(found.one_pass());
    expect_as_alone(found, classifiers, {}, {});
  });
}

Data two_clients() {
  Data data;
  data.lines = {{1, noon("2025-01-15"), 100'0000},
                {1, noon("2025-03-10"), 50'0000},
                {1, noon("2025-05-10"), 500'0000},
                {2, noon("2025-02-20"), 300'0000},
                {2, noon("2025-02-25"), -100'0000}};
  return data;
}

AnyClassifier money_bands() {
  MatrixOptions options(MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
                        MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  return AnyClassifier(MatrixClassifier(options, "size"));
}

std::string labels_of(const History& found, std::size_t row, std::string_view column) {
  std::string text;
  for (std::size_t k = 0; k < found.days().size(); ++k) text += (k ? " " : "") + found.column(column, k).to_text(row);
  return text;
}

TEST(History, TellsWhoWasWhereWhen) {
  const ClientBase base = base_of(two_clients());
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-06-15"), Period::month);
  ASSERT_EQ(days.size(), 6U);
  EXPECT_EQ(to_text(days[1]), "2025-02-28");
  EXPECT_EQ(to_text(days[5]), "2025-06-15");
  const std::vector<AnyClassifier> classifiers{money_bands()};
  const History found = history(base, days, std::span<const AnyClassifier>(classifiers));
  EXPECT_EQ(labels_of(found, 0, "size_x"), "small small large large large large");
  EXPECT_EQ(labels_of(found, 1, "size_x"), "small large large large large large");
  EXPECT_EQ(found.since()[0], 0);
  EXPECT_EQ(found.since()[1], 1);
  EXPECT_EQ(found.money(4)[0], 650'0000);
  const std::vector<HistoryEntry> entries = found.of_client(2, "size_x");
  EXPECT_FALSE(entries[0].present);
  EXPECT_TRUE(entries[1].present);
  EXPECT_EQ(entries[1].label, "large");
  const Table all = found.table();
  EXPECT_EQ(all.rows(), 11U);
  EXPECT_EQ(all.column("day").to_text(0), "2025-01-31");
  EXPECT_EQ(found.table(true).rows(), 12U);
}

TEST(History, HoldsAClassUntilTheNewOneHasStood) {
  // Money goes above and below 120: each line flips the class.
  Data data;
  data.lines = {{1, noon("2025-01-10"), 100'0000},  {1, noon("2025-02-10"), 50'0000},
                {1, noon("2025-03-10"), -50'0000},  {1, noon("2025-04-10"), 50'0000},
                {1, noon("2025-06-10"), -100'0000}, {1, noon("2025-08-10"), 1'0000}};
  const ClientBase base = base_of(data);
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-08-31"), Period::month);
  const std::vector<AnyClassifier> classifiers{money_bands()};
  HistoryOptions options;
  const auto with = [&](std::int32_t hold) {
    options.hold = hold;
    return labels_of(history(base, days, std::span<const AnyClassifier>(classifiers), {}, options), 0, "size_x");
  };
  EXPECT_EQ(with(1), "small large small large large small small small");
  EXPECT_EQ(with(2), "small small small small large large small small");
  EXPECT_EQ(with(3), "small small small small small small small small");
}

TEST(History, HoldsTheCellOfAMatrixAndItsBandsAsOne) {
  // Money above 120 from February on; often from March on. Each band alone would have stood for two days before the
  // cell.
  MatrixOptions options(MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
                        MatrixAxis{{"seldom", "often"}, {"frequency", {{2, false}}}},
                        {MatrixGroup{"all", {GroupRule{}}}});
  const std::vector<AnyClassifier> matrix{AnyClassifier(MatrixClassifier(options, "size"))};
  Data data;
  data.lines = {{1, noon("2025-01-10"), 100'0000}, {1, noon("2025-02-10"), 50'0000}, {1, noon("2025-03-10"), 10'0000}};
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-05-31"), Period::month);
  HistoryOptions hold;
  hold.hold = 2;
  const History found = history(base_of(data), days, std::span<const AnyClassifier>(matrix), {}, hold);
  EXPECT_EQ(labels_of(found, 0, "size_x"), "small small small large large");
  EXPECT_EQ(labels_of(found, 0, "size_y"), "seldom seldom seldom often often");
  EXPECT_EQ(labels_of(found, 0, "size_cell"),
            "small / seldom small / seldom small / seldom large / often large / often");
  // Told as the move of a whole cell, on one day.
  TransitionOptions asked;
  asked.states.column = "size_cell";
  const Table moves = transitions(found, asked);
  ASSERT_EQ(moves.rows(), 1U);
  EXPECT_EQ(moves.column("to_day").to_text(0), "2025-04-30");
  EXPECT_NE(moves.column("reason").text(0).find("orders"), std::string_view::npos);
}

TEST(History, TakesFrozenModels) {
  Random random(3);
  const ClientBase base = base_of(random_data(random, {}));
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const std::vector<Day> days{day("2025-02-01"), day("2025-06-01")};
  const std::vector<AnyModel> models =
      classify(compute_features(base, days[1]).table(), std::span<const AnyClassifier>(classifiers)).models;
  const History by_models = history(base, days, std::span<const AnyModel>(models));
  const History by_classifiers = history(base, days, std::span<const AnyClassifier>(classifiers));
  EXPECT_TRUE(by_models.one_pass());
  for (std::size_t k = 0; k < days.size(); ++k)
    for (const std::string& column : by_models.columns())
      EXPECT_EQ(seen(by_models.column(column, k)), seen(by_classifiers.column(column, k)));
}

TEST(History, EmptyBaseAndDaysOutsideTheData) {
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const std::vector<Day> days{day("1900-01-01"), day("2025-06-01"), day("2199-12-31")};
  const History none = history(ClientBase(), days, std::span<const AnyClassifier>(classifiers));
  EXPECT_EQ(none.clients(), 0U);
  EXPECT_EQ(none.column("abc", 2).size(), 0U);
  EXPECT_EQ(none.table().rows(), 0U);
  EXPECT_TRUE(period_ends(ClientBase(), Period::month).empty());
  const ClientBase base = base_of(two_clients());
  for (const auto thresholds : {HistoryThresholds::frozen, HistoryThresholds::refit}) {
    HistoryOptions options;
    options.thresholds = thresholds;
    const History found = history(base, days, std::span<const AnyClassifier>(classifiers), {}, options);
    expect_as_alone(found, classifiers, {}, options);
    EXPECT_EQ(found.column("rfm_segment", 0).to_text(0), "none");
  }
}

template <class Work>
void expect_error(Code code, const std::string& where, Work&& work) {
  try {
    work();
    FAIL() << "no error about " << where;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.where(), where) << error.what();
  }
}

TEST(History, RefusesWhatCannotBe) {
  const ClientBase base = base_of(two_clients());
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const auto run = [&](const std::vector<Day>& days, const HistoryOptions& options = {}) {
    return history(base, days, std::span<const AnyClassifier>(classifiers), {}, options);
  };
  const Day one = day("2025-02-01");
  const Day two = day("2025-03-01");
  expect_error(Code::invalid_argument, "days", [&] { (void)run({}); });
  expect_error(Code::invalid_argument, "days", [&] { (void)run({two, one}); });
  expect_error(Code::invalid_argument, "days", [&] { (void)run({one, one}); });
  expect_error(Code::invalid_argument, "days", [&] { (void)run({end_day}); });
  HistoryOptions options;
  options.hold = 0;
  expect_error(Code::invalid_argument, "hold", [&] { (void)run({one}, options); });
  options = {};
  options.columns = {"no such"};
  expect_error(Code::invalid_argument, "columns", [&] { (void)run({one}, options); });
  options = {};
  options.money = "recency_days";
  expect_error(Code::invalid_argument, "money", [&] { (void)run({one}, options); });
  options.money = "profit";
  expect_error(Code::not_found, "profit", [&] { (void)run({one}, options); });
  const History found = run({one, two});
  expect_error(Code::not_found, "2025-02-02", [&] { (void)found.index_of(day("2025-02-02")); });
  expect_error(Code::not_found, "3", [&] { (void)found.of_client(3, "abc"); });
  expect_error(Code::not_found, "xyz", [&] { (void)found.labels("xyz"); });
  expect_error(Code::out_of_range, "day", [&] { (void)found.column("abc", 2); });
  expect_error(Code::invalid_argument, "from", [&] { (void)period_ends(two, one, Period::month); });
}

TEST(History, NamesTheClientWhoseMoneyOverflows) {
  Data data = two_clients();
  for (int i = 0; i < 3; ++i)
    data.lines.push_back({2, noon("2025-04-01"), std::numeric_limits<std::int64_t>::max() / 2});
  const ClientBase base = base_of(data);
  const std::vector<AnyClassifier> classifiers{AnyClassifier(AbcClassifier())};
  const auto run = [&](const std::vector<Day>& days) {
    return history(base, days, std::span<const AnyClassifier>(classifiers));
  };
  EXPECT_NO_THROW((void)run({day("2025-03-01")}));
  expect_error(Code::overflow, "money_gross", [&] { (void)run({day("2025-03-01"), day("2025-05-01")}); });
}

TEST(History, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  Control control;
  control.stop = source.get_token();
  const ClientBase base = base_of(two_clients());
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const std::vector<Day> days{day("2025-02-01")};
  expect_error(Code::cancelled, "",
               [&] { (void)history(base, days, std::span<const AnyClassifier>(classifiers), {}, {}, control); });
}

}  // namespace
}  // namespace klientela
