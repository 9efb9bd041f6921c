// Hysteresis by distance: classes reached with moved thresholds against brute force, and what a history keeps by them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include "classify/measure.hpp"
#include "classify/row_judge.hpp"
#include "classify/row_place.hpp"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"
#include "unit/classify/tables.hpp"
#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using classifying::CellValue;
using classifying::IdView;
using classifying::Measure;
using classifying::moved;
using classifying::RowColumn;
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

TEST(Margin, MovesThresholdsByAShareOfTheirSize) {
  EXPECT_EQ(moved(100, 0.1), 110);
  EXPECT_EQ(moved(100, -0.1), 90);
  EXPECT_EQ(moved(70, 0.1), 77);  // 70 * 1.1 is 77.00000000000001
  EXPECT_EQ(moved(0.3, 0.1), 0.33);
  EXPECT_EQ(moved(-100, 0.1), -90);
  EXPECT_EQ(moved(-100, -0.1), -110);
  EXPECT_EQ(moved(0, 0.1), 0);
  EXPECT_EQ(moved(1e308, 0.9), 1e308);  // past the largest number it stays
}

/// A kind whose thresholds are numbers of its options.
struct Kind {
  std::vector<double> edges;
  std::function<AnyClassifier(const std::vector<double>& edges)> make;
  std::vector<std::string> labels;  ///< its label columns
};

std::vector<Kind> kinds() {
  std::vector<Kind> list;
  list.push_back({{10, 50, 2, 5, 100, 400},
                  [](const std::vector<double>& e) {
                    RfmOptions options;
                    options.bins = 3;
                    options.method = ScoreMethod::fixed;
                    options.recency.cutoffs = {e[0], e[1]};
                    options.frequency.cutoffs = {e[2], e[3]};
                    options.money.cutoffs = {e[4], e[5]};
                    return AnyClassifier(RfmClassifier(options));
                  },
                  {"rfm_segment"}});
  list.push_back(
      {{10, 50, 100, 400, 3, 200},
       [](const std::vector<double>& e) {
         MatrixOptions options(
             MatrixAxis{{"old", "late", "new"}, {"recency_days", {{e[0], false}, {e[1], false}}, true}},
             MatrixAxis{{"small", "middle", "large"}, {"money_net", {{e[2], false}, {e[3], false}}}},
             {MatrixGroup{"often", {GroupRule{{"new"}, {}, {{"frequency", std::nullopt, e[4], std::nullopt, {}}}}}},
              MatrixGroup{"rich",
                          {GroupRule{{}, {"large"}, {}},
                           GroupRule{{}, {}, {{"money_net", e[5], std::nullopt, std::nullopt, {}}}}}},
              MatrixGroup{"rest", {GroupRule{}}}});
         return AnyClassifier(MatrixClassifier(options));
       },
       {"matrix_x", "matrix_y", "cell", "group"}});
  list.push_back({{20, 60},
                  [](const std::vector<double>& e) {
                    return AnyClassifier(XyzClassifier({.measure = "recency_days", .x = e[0], .y = e[1]}));
                  },
                  {"xyz"}});
  list.push_back({{3, 300},
                  [](const std::vector<double>& e) {
                    TierOptions options;
                    options.measures = {{"frequency", {{e[0], false}}, 1}, {"money_net", {{e[1], false}}, 1}};
                    return AnyClassifier(TierClassifier(options));
                  },
                  {"tier"}});
  return list;
}

Table random_table(Random& random, std::size_t rows) {
  test::Days recency;
  test::Counts frequency;
  test::Counts money;
  for (std::size_t i = 0; i < rows; ++i) {
    const bool none = random.one_in(10);
    recency.push_back(none ? std::nullopt : std::optional(static_cast<std::int32_t>(random.below(90))));
    frequency.emplace_back(none ? 0 : random.below(8));
    money.emplace_back(random.below(6'000'000) - 500'000);
  }
  // Values at the moved edges themselves.
  for (const std::int64_t at : {90, 110, 180, 220, 270, 330, 360, 440}) {
    recency.emplace_back(9 + static_cast<std::int32_t>(at) % 4);
    frequency.emplace_back(3);
    money.emplace_back(at * Money::scale + random.below(2));
  }
  return test::measures(recency, frequency, money);
}

/// Rows of a table as judges take them.
class RowsOf {
 public:
  explicit RowsOf(const Table& table) : table_(table) {
    for (const Column& column : table.columns())
      columns.push_back(
          {column.name(), column.type(), column.type() == ColumnType::label ? &column.labels() : nullptr});
  }
  [[nodiscard]] std::size_t place(const std::string& name) const {
    std::size_t at = 0;
    while (columns[at].name != name) ++at;
    return at;
  }
  [[nodiscard]] std::vector<CellValue> row(std::size_t row) const {
    std::vector<CellValue> values;
    for (const Column& column : table_.columns()) {
      if (column.type() == ColumnType::label) {
        values.push_back({column.values<std::uint16_t>()[row], !column.is_null(row)});
      } else {
        const Measure measure(column);
        values.push_back({measure.key(row), measure.has_value(row)});
      }
    }
    return values;
  }
  std::vector<RowColumn> columns;

 private:
  Table table_;
};

TEST(Margin, ReachesWhatSomeMoveOfTheThresholdsGives) {
  constexpr double margin = 0.1;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Random random(seed);
    const Table table = random_table(random, 200);
    for (const Kind& kind : kinds()) {
      const std::vector<AnyClassifier> classifiers{kind.make(kind.edges)};
      const Classified classified = classify(table, std::span<const AnyClassifier>(classifiers));
      const RowsOf rows(classified.table);
      const std::size_t own = table.columns().size();
      const auto judge = classifying::row_judge(classified.models[0], rows.columns, own, margin);
      ASSERT_NE(judge, nullptr);
      std::vector<std::vector<std::set<std::string>>> reached(kind.labels.size(),
                                                              std::vector<std::set<std::string>>(table.rows()));
      for (std::size_t bits = 0; bits < std::size_t{1} << kind.edges.size(); ++bits) {
        std::vector<double> edges;
        for (std::size_t e = 0; e < kind.edges.size(); ++e)
          edges.push_back(moved(kind.edges[e], ((bits >> e) & 1) != 0 ? margin : -margin));
        const Classification other = kind.make(edges).fit(table).classify(table);
        for (std::size_t c = 0; c < kind.labels.size(); ++c)
          for (std::size_t row = 0; row < table.rows(); ++row)
            reached[c][row].insert(other.column(kind.labels[c]).to_text(row));
      }
      std::size_t several = 0;
      for (std::size_t row = 0; row < table.rows(); ++row) {
        std::vector<CellValue> values = rows.row(row);
        const std::vector<CellValue> want = values;
        const IdView client = IdView::of(classified.table.column("client").values<std::int64_t>()[row]);
        judge->judge(values.data(), client);
        for (std::size_t c = own; c < values.size(); ++c) {
          ASSERT_EQ(values[c].known, want[c].known) << rows.columns[c].name << " of row " << row;
          if (want[c].known) {
            ASSERT_EQ(values[c].key, want[c].key) << rows.columns[c].name << " of row " << row;
          }
        }
        for (std::size_t c = 0; c < kind.labels.size(); ++c) {
          const std::size_t at = rows.place(kind.labels[c]);
          const std::vector<std::string>& labels = *rows.columns[at].labels;
          for (std::size_t code = 0; code < labels.size(); ++code)
            ASSERT_EQ(judge->reaches(want.data(), client, at, static_cast<std::int64_t>(code)),
                      reached[c][row].contains(labels[code]))
                << kind.labels[c] << " of row " << row << " and label " << labels[code];
          several += reached[c][row].size() > 1 ? 1U : 0U;
        }
      }
      EXPECT_GT(several, 5U) << classified.models[0].kind();
    }
  }
}

AnyClassifier money_bands(std::string name = "size") {
  MatrixOptions options(MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
                        MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  return AnyClassifier(MatrixClassifier(options, std::move(name)));
}

std::string labels_of(const History& found, std::size_t row, std::string_view column) {
  std::string text;
  for (std::size_t k = 0; k < found.days().size(); ++k) text += (k ? " " : "") + found.column(column, k).to_text(row);
  return text;
}

/// One client whose money is as given at the end of each month of 2025.
ClientBase client_with(const std::vector<double>& money) {
  Data data;
  std::int64_t sum = 0;
  for (std::size_t month = 0; month < money.size(); ++month) {
    const std::int64_t now = std::llround(money[month] * 1e4);
    const std::string text = std::string("2025-") + (month < 9 ? "0" : "") + std::to_string(month + 1) + "-10";
    if (now != sum) data.lines.push_back({1, noon(text), now - sum});
    sum = now;
  }
  return base_of(data);
}

History run(const ClientBase& base, const std::vector<AnyClassifier>& classifiers, double margin,
            std::int32_t hold = 1) {
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-12-31"), Period::month);
  HistoryOptions options;
  options.margin = margin;
  options.hold = hold;
  return history(base, days, std::span<const AnyClassifier>(classifiers), {}, options);
}

TEST(Margin, HistoryKeepsAClassWithinIt) {
  // The edge is 120; a tenth more is 132, a tenth less 108.
  const ClientBase base = client_with({100, 125, 132, 132.0001, 121, 119, 108.0001, 108, 119, 131, 140, 115});
  const std::vector<AnyClassifier> bands{money_bands()};
  EXPECT_EQ(labels_of(run(base, bands, 0), 0, "size_x"),
            "small large large large large small small small small large large small");
  EXPECT_EQ(labels_of(run(base, bands, 0.1), 0, "size_x"),
            "small small small large large large large small small small large large");
  EXPECT_EQ(labels_of(run(base, bands, 0.1), 0, "size_cell"),
            "small / one small / one small / one large / one large / one large / one large / one small / one small / "
            "one small / one large / one large / one");
  EXPECT_EQ(labels_of(run(base, bands, 0.5), 0, "size_x"),
            "small small small small small small small small small small small small");
}

TEST(Margin, ComesBeforeHold) {
  const ClientBase base = client_with({100, 125, 140, 125, 100, 140, 100, 130, 135, 140, 140, 140});
  const std::vector<AnyClassifier> bands{money_bands()};
  EXPECT_EQ(labels_of(run(base, bands, 0.1), 0, "size_x"),
            "small small large large small large small small large large large large");
  // Two days in a row of the classes above: 140 and 125 count, a single 140 does not.
  EXPECT_EQ(labels_of(run(base, bands, 0.1, 2), 0, "size_x"),
            "small small small large large large large small small large large large");
  EXPECT_EQ(labels_of(run(base, bands, 0, 3), 0, "size_x"),
            "small small small large large large large large large large large large");
  EXPECT_EQ(labels_of(run(base, bands, 0.1, 3), 0, "size_x"),
            "small small small small small small small small small small large large");
}

TEST(Margin, ActsOnEveryMeasureOfASegment) {
  // Money rises past 120 by less than the margin while the recency stays: the segment stays, the scores tell the move.
  RfmOptions options;
  options.bins = 2;
  options.method = ScoreMethod::fixed;
  options.recency.cutoffs = {40};
  options.frequency.cutoffs = {100};
  options.money.cutoffs = {120};
  options.segments = SegmentTable{{{"good", {1, 2}, {1, 2}, {2, 2}}, {"poor", {1, 2}, {1, 2}, {1, 1}}}, {}, {}};
  const std::vector<AnyClassifier> rfm{AnyClassifier(RfmClassifier(options))};
  const ClientBase base = client_with({100, 125, 133, 115, 107, 107, 107, 107, 107, 107, 107, 107});
  EXPECT_EQ(labels_of(run(base, rfm, 0), 0, "rfm_segment"),
            "poor good good poor poor poor poor poor poor poor poor poor");
  EXPECT_EQ(labels_of(run(base, rfm, 0.1), 0, "rfm_segment"),
            "poor poor good good poor poor poor poor poor poor poor poor");
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-12-31"), Period::month);
  HistoryOptions kept;
  kept.margin = 0.1;
  kept.columns = {"rfm_m", "rfm_segment"};
  const History found = history(base, days, std::span<const AnyClassifier>(rfm), {}, kept);
  EXPECT_EQ(labels_of(found, 0, "rfm_m"), "1 2 2 1 1 1 1 1 1 1 1 1");
  EXPECT_EQ(labels_of(found, 0, "rfm_segment"), "poor poor good good poor poor poor poor poor poor poor poor");
}

TEST(Margin, LabelsThatAreReadAreThoseThatTheClientHas) {
  // Bands of the first matrix are the axis of the second, which has no threshold of its own.
  MatrixOptions second(MatrixAxis{{"down", "up"}, {.measure = "size_x", .labels = {{"small"}, {"large"}}}},
                       MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  const std::vector<AnyClassifier> both{money_bands(), AnyClassifier(MatrixClassifier(second, "way"))};
  const ClientBase base = client_with({100, 125, 133, 115, 107, 125, 125, 125, 125, 125, 125, 125});
  EXPECT_EQ(labels_of(run(base, both, 0.1), 0, "size_x"),
            "small small large large small small small small small small small small");
  EXPECT_EQ(labels_of(run(base, both, 0.1), 0, "way_x"), "down down up up down down down down down down down down");
}

/// Bands of the label size_x and of the number of orders; few up to 3, with a margin of a tenth up to 3.3.
MatrixOptions ways(std::vector<MatrixGroup> groups) {
  return {MatrixAxis{{"down", "up"}, {.measure = "size_x", .labels = {{"small"}, {"large"}}}},
          MatrixAxis{{"few", "many"}, {"frequency", {{3, false}}}}, std::move(groups)};
}

TEST(Margin, WhoLeavesAClassIsJudgedByTheLabelsThatTheClientHas) {
  const std::vector<AnyClassifier> both{
      money_bands(), AnyClassifier(MatrixClassifier(ways({MatrixGroup{"climbing", {GroupRule{{"up"}, {"many"}, {}}}},
                                                          MatrixGroup{"staying", {GroupRule{{"down"}, {"many"}, {}}}},
                                                          MatrixGroup{"all", {GroupRule{}}}}),
                                                    "way"))};
  // Large from 125 on but for the margin, which 133 passes; the orders pass theirs with the fourth.
  const History found = run(client_with({100, 125, 126, 127, 128, 133}), both, 0.1);
  EXPECT_EQ(labels_of(found, 0, "size_x").substr(0, 35), "small small small small small large");
  EXPECT_EQ(labels_of(run(client_with({100, 125, 126, 127, 128, 133}), both, 0), 0, "way_cell").substr(0, 48),
            "down / few up / few up / few up / many up / many");
  EXPECT_EQ(labels_of(found, 0, "way_cell").substr(0, 76),
            "down / few down / few down / few down / many down / many up / many up / many");
  EXPECT_EQ(labels_of(found, 0, "way_group").substr(0, 40), "all all all staying staying climbing cli");
}

TEST(Margin, WhoStaysInAClassIsJudgedByThemToo) {
  // In the third month the model says up, hence top, as the month before for few orders: but the client is down.
  const std::vector<AnyClassifier> both{
      money_bands(), AnyClassifier(MatrixClassifier(
                         ways({MatrixGroup{"top",
                                           {GroupRule{{"up"}, {}, {}},
                                            GroupRule{{}, {}, {{"frequency", std::nullopt, std::nullopt, 2.0, {}}}}}},
                               MatrixGroup{"rest", {GroupRule{}}}}),
                         "way"))};
  const ClientBase base = client_with({100, 125, 126, 127, 133});
  EXPECT_EQ(labels_of(run(base, both, 0), 0, "way_group").substr(0, 19), "top top top top top");
  EXPECT_EQ(labels_of(run(base, both, 0.1), 0, "way_group").substr(0, 21), "top top rest rest top");
}

TEST(Margin, KeepsEachPartOfAClassByItself) {
  MatrixOptions options(
      MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
      MatrixAxis{{"few", "many"}, {"frequency", {{3, false}}}},
      {MatrixGroup{"much", {GroupRule{{"large"}, {}, {}}}}, MatrixGroup{"often", {GroupRule{{"small"}, {"many"}, {}}}},
       MatrixGroup{"rest", {GroupRule{}}}});
  const std::vector<AnyClassifier> matrix{AnyClassifier(MatrixClassifier(options))};
  const ClientBase base = client_with({100, 125, 126, 127, 128, 133});
  const std::string cells = "small / few small / few small / few small / many small / many large / many large / many";
  EXPECT_EQ(labels_of(run(base, matrix, 0.1), 0, "cell").substr(0, cells.size()), cells);
  EXPECT_EQ(labels_of(run(base, matrix, 0.1), 0, "group").substr(0, 36), "rest rest rest often often much much");
  // The same where only the cell is kept.
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-07-31"), Period::month);
  HistoryOptions chosen;
  chosen.margin = 0.1;
  chosen.columns = {"cell"};
  EXPECT_EQ(labels_of(history(base, days, std::span<const AnyClassifier>(matrix), {}, chosen), 0, "cell"), cells);

  // A is from 500 up for money, and from 5 up for orders; 540 is within the margin, 6 is not.
  AbcOptions pairs;
  pairs.measures = {"money_net", "frequency"};
  pairs.a = 0.7;
  pairs.b = 0.9;
  const Table fitted = test::measures({1, 1, 1}, {10, 5, 2}, {1000'0000, 500'0000, 250'0000});
  const std::vector<AnyModel> models{AbcClassifier(pairs).fit(fitted)};
  const Table table = test::measures({1}, {6}, {540'0000});
  const Classified classified = classify(table, std::span<const AnyModel>(models));
  const RowsOf rows(classified.table);
  const std::size_t own = table.columns().size();
  const auto judge = classifying::row_judge(models[0], rows.columns, own, 0.1);
  const std::vector<CellValue> values = rows.row(0);
  const std::vector<std::string>& labels = *rows.columns[own].labels;
  const auto kept = [&](const std::string& was) {
    const auto code = std::find(labels.begin(), labels.end(), was) - labels.begin();
    return labels[static_cast<std::size_t>(judge->kept(values.data(), IdView::of(std::int64_t{1}), own, code))];
  };
  EXPECT_EQ(labels[static_cast<std::size_t>(values[own].key)], "AA");
  EXPECT_EQ(kept("BB"), "BA");
  EXPECT_EQ(kept("BC"), "BA");
  EXPECT_EQ(kept("AB"), "AA");
  EXPECT_EQ(kept("BA"), "BA");
  EXPECT_EQ(kept("CC"), "AA");
}

TEST(Margin, ActsOnTextsThatXyzIsCrossedWith) {
  Data data;
  std::int64_t sum = 0;
  int month = 0;
  for (const std::int64_t money : {100, 125, 133, 115, 107}) {
    data.lines.push_back({1, noon("2025-0" + std::to_string(++month) + "-10"), money * 10'000 - sum});
    sum = money * 10'000;
  }
  data.lines.push_back({2, noon("2025-01-10"), 500'0000});
  Tables tables = sample::tables_of(data);
  Table cards;
  cards.add(test::column<std::int64_t>("client", ColumnType::int64, {1, 2}));
  cards.add(Column("name", std::vector<std::string>{"Beta", "Alfa"}));
  sample::add(tables, TableId::clients, cards);
  const ClientBase base = ingest(std::move(tables)).base;
  const std::vector<AnyClassifier> xyz{
      AnyClassifier(XyzClassifier({.measure = "money_net", .x = 120, .y = 400, .cross = "card.name"}))};
  const std::vector<std::string> wanted{"card.name"};
  ASSERT_EQ(with_base_columns(base, compute_features(base, day("2025-05-31")).table(), day("2025-05-31"), wanted)
                .column("card.name")
                .type(),
            ColumnType::text);
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-05-31"), Period::month);
  HistoryOptions chosen;
  const auto with = [&](double margin, std::vector<std::string> columns) {
    chosen.margin = margin;
    chosen.columns = std::move(columns);
    return labels_of(history(base, days, std::span<const AnyClassifier>(xyz), {}, chosen), 0, "card.name_xyz");
  };
  EXPECT_EQ(with(0, {}), "BetaX BetaY BetaY BetaX BetaX");
  EXPECT_EQ(with(0.1, {}), "BetaX BetaX BetaY BetaY BetaX");
  EXPECT_EQ(with(0.1, {"card.name_xyz"}), "BetaX BetaX BetaY BetaY BetaX");
}

TEST(Margin, BeginsOnTheFirstDayOnWhichAClientIsKnown) {
  // Nobody yet, a client without a purchase would be small: that is no class to keep.
  const ClientBase base = client_with({0, 0, 125, 115, 107});
  const std::vector<AnyClassifier> bands{money_bands()};
  EXPECT_EQ(labels_of(run(base, bands, 0), 0, "size_x").substr(0, 29), "small small large small small");
  EXPECT_EQ(labels_of(run(base, bands, 0.1), 0, "size_x").substr(0, 29), "small small large large small");
  EXPECT_EQ(labels_of(run(base, bands, 0, 2), 0, "size_x").substr(0, 29), "small small large large small");
  const Table table = transitions(run(base, bands, 0.1));
  EXPECT_EQ(table.column("to").to_text(0), "large");
  EXPECT_EQ(table.column("kind").to_text(0), "entry");
  // A request before the first purchase makes one known, by one pass or day by day.
  Data data;
  data.lines = {{1, noon("2025-03-10"), 125'0000}};
  data.requests = {{1, noon("2025-02-10")}};
  EXPECT_EQ(labels_of(run(base_of(data), bands, 0.1), 0, "size_x").substr(0, 23), "small small small small");
}

TEST(Margin, LifecycleMovesItsLimits) {
  LifecycleOptions options;
  options.typical_gap_days = 100;
  options.typical_cv = 1;
  options.cooling = 1;  // limits of a client with one purchase: 200, 400, 700 days
  options.sleeping = 3;
  options.lost = 6;
  Data data;
  data.lines = {{1, noon("2025-01-01"), 10'0000}};
  const ClientBase base = base_of(data);
  const std::vector<AnyClassifier> lifecycle{AnyClassifier(LifecycleClassifier(options))};
  std::vector<Day> days;
  for (const int after : {100, 200, 201, 220, 221, 440, 441, 770, 771})
    days.push_back(day("2025-01-01") + std::chrono::days{after});
  HistoryOptions chosen;
  const auto with = [&](double margin) {
    chosen.margin = margin;
    return labels_of(history(base, days, std::span<const AnyClassifier>(lifecycle), {}, chosen), 0, "lifecycle");
  };
  EXPECT_EQ(with(0), "new new cooling cooling cooling sleeping sleeping lost lost");
  EXPECT_EQ(with(0.1), "new new new new cooling cooling sleeping sleeping lost");
}

TEST(Margin, AbcFallsAndRisesPastTheFrozenLimits) {
  // Of 1000, 500 and 250, with 70 and 90 percent: 1000 and 500 are A (500 reaches it), 250 the only B or C.
  Data data;
  data.lines = {{1, noon("2025-01-10"), 1000'0000}, {2, noon("2025-01-10"), 500'0000},
                {3, noon("2025-01-10"), 240'0000},  {3, noon("2025-02-10"), 300'0000},
                {3, noon("2025-03-10"), 20'0000},   {3, noon("2025-04-10"), -80'0000},
                {3, noon("2025-05-10"), -40'0000}};
  const ClientBase base = base_of(data);
  AbcOptions options;
  options.a = 0.7;
  options.b = 0.9;
  const AnyModel model = AbcClassifier(options).fit(compute_features(base, day("2025-01-31")).table());
  const std::vector<AnyModel> models{model};
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-05-31"), Period::month);
  HistoryOptions chosen;
  const auto with = [&](double margin) {
    chosen.margin = margin;
    return labels_of(history(base, days, std::span<const AnyModel>(models), {}, chosen), 2, "abc");
  };
  // Money of client 3: 240, 540, 560, 480, 440. A is from 500 up: past 550 with the margin, and down to 450 kept.
  EXPECT_EQ(with(0), "B A A B B");
  EXPECT_EQ(with(0.1), "B B A A B");
}

Data flapping(Random& random, int clients) {
  Data data;
  for (int client = 0; client < clients; ++client) {
    std::int64_t sum = 0;
    for (int month = 1; month <= 12; ++month) {
      const std::int64_t now = 1'000'000 + random.below(400'000);  // 100 to 140
      const std::string text = std::string("2025-") + (month < 10 ? "0" : "") + std::to_string(month) + "-10";
      data.lines.push_back({client, noon(text), now - sum});
      sum = now;
    }
  }
  return data;
}

std::size_t moves(const History& found, const std::string& column) {
  std::size_t count = 0;
  std::vector<std::uint16_t> before(found.clients());
  std::vector<std::uint16_t> now(found.clients());
  found.codes(column, 0, before);
  for (std::size_t k = 1; k < found.days().size(); ++k) {
    found.codes(column, k, now);
    for (std::size_t row = 0; row < now.size(); ++row) count += now[row] != before[row] ? 1U : 0U;
    before.swap(now);
  }
  return count;
}

TEST(Margin, TheWiderItIsTheLessClientsFlap) {
  Random random(11);
  const ClientBase base = base_of(flapping(random, 300));
  const std::vector<AnyClassifier> bands{money_bands()};
  std::vector<std::size_t> counts;
  for (const double margin : {0.0, 0.03, 0.06, 0.1, 0.2}) counts.push_back(moves(run(base, bands, margin), "size_x"));
  for (std::size_t i = 1; i < counts.size(); ++i) EXPECT_LT(counts[i], counts[i - 1]);
  EXPECT_GT(counts[0], 1000U);
  EXPECT_EQ(counts.back(), 0U);  // nobody has more than 140, and nobody comes down from there
}

std::string seen(const Column& column) {
  std::string text;
  for (std::size_t row = 0; row < column.size(); ++row)
    text += column.is_null(row) ? "null," : column.to_text(row) + ',';
  return text;
}

TEST(Margin, IsTheSameForAnyThreadsAndWayOfComputing) {
  Random random(12);
  Data data = flapping(random, 20'000);  // several blocks
  const ClientBase base = base_of(data);
  const Data with_contacts = [&] {
    Data more = data;
    more.contacts.push_back({.client = 3, .started_at = noon("2025-03-03")});
    return more;
  }();
  const ClientBase slow = base_of(with_contacts);  // engagement goes day by day
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-06-30"), Period::month);
  MatrixOptions plain(MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
                      MatrixAxis{{"few", "many"}, {"frequency", {{4, false}}}}, {MatrixGroup{"all", {GroupRule{}}}});
  const std::vector<AnyClassifier> list{AnyClassifier(RfmClassifier()), AnyClassifier(AbcClassifier()),
                                        AnyClassifier(TierClassifier()), AnyClassifier(MatrixClassifier(plain))};
  std::vector<AnyClassifier> by_days = list;
  by_days.emplace_back(MatrixClassifier({}, "contact"));
  const std::vector<std::string> columns{"rfm_segment", "abc", "tier", "matrix_x", "cell"};
  for (const auto thresholds : {HistoryThresholds::frozen, HistoryThresholds::refit}) {
    HistoryOptions options;
    options.thresholds = thresholds;
    const History none = history(base, days, std::span<const AnyClassifier>(list), {}, options);
    options.margin = 0.05;
    const History alone = history(slow, days, std::span<const AnyClassifier>(by_days), {}, options);
    EXPECT_FALSE(alone.one_pass());
    for_thread_counts([&](const Control& control) {
      const History found = history(base, days, std::span<const AnyClassifier>(list), {}, options, control);
      EXPECT_TRUE(found.one_pass());
      for (const std::string& column : columns) {
        EXPECT_LT(moves(found, column), moves(none, column)) << column;
        for (std::size_t k = 0; k < days.size(); ++k) {
          const Column now = found.column(column, k);
          ASSERT_EQ(seen(now), seen(alone.column(column, k))) << column << " on day " << k;
          // Either the class of the day or that of the day before; a cell is that of the bands.
          const Column raw = none.column(column, k);
          const Column x = found.column("matrix_x", k);
          const Column y = found.column("matrix_y", k);
          for (std::size_t row = 0; row < now.size(); row += 7)
            if (column == "cell") {
              ASSERT_EQ(now.to_text(row), x.to_text(row) + " / " + y.to_text(row));
            } else {
              ASSERT_TRUE(now.to_text(row) == raw.to_text(row) ||
                          (k > 0 && now.to_text(row) == found.column(column, k - 1).to_text(row)));
            }
        }
      }
    });
  }
}

TEST(Margin, TransitionsStillTellWhy) {
  const ClientBase base = client_with({100, 125, 140, 140, 140, 140, 140, 140, 140, 140, 140, 140});
  const std::vector<AnyClassifier> bands{money_bands()};
  const Table table = transitions(run(base, bands, 0.1));
  ASSERT_EQ(table.rows(), 1U);
  EXPECT_EQ(table.column("to_day").to_text(0), "2025-03-31");
  EXPECT_EQ(table.column("measure").to_text(0), "money_net");
  EXPECT_EQ(table.column("value_before").to_text(0), "100");  // 125 was past the threshold
  EXPECT_EQ(table.column("value_after").to_text(0), "140");
  EXPECT_EQ(table.column("threshold").to_text(0), "120");
}

Table moves_in(const History& found, const std::string& column) {
  TransitionOptions options;
  options.states.column = column;
  return transitions(found, options);
}

std::string told(const Table& table, std::size_t row) {
  std::string text;
  for (const char* column : {"to_day", "from", "to", "measure", "value_before", "value_after", "threshold"})
    text += (text.empty() ? "" : "|") + table.column(column).to_text(row);
  return text;
}

TEST(Margin, TransitionsTellOfTheDayOnWhichTheClassesParted) {
  // Three scores; the one of money is past its edge for two months before the segment follows.
  RfmOptions options;
  options.bins = 2;
  options.method = ScoreMethod::fixed;
  options.recency.cutoffs = {400};
  options.frequency.cutoffs = {100};
  options.money.cutoffs = {120};
  options.segments = SegmentTable{{{"good", {1, 2}, {1, 2}, {2, 2}}, {"poor", {1, 2}, {1, 2}, {1, 1}}}, {}, {}};
  const std::vector<AnyClassifier> rfm{AnyClassifier(RfmClassifier(options))};
  const ClientBase base = client_with({100, 125, 126, 140, 141, 115, 116, 105});
  const Table segments = moves_in(run(base, rfm, 0.1), "rfm_segment");
  ASSERT_EQ(segments.rows(), 2U);
  EXPECT_EQ(told(segments, 0), "2025-04-30|poor|good|money_net|100|140|120");
  EXPECT_EQ(told(segments, 1), "2025-08-31|good|poor|money_net|141|105|120");
  EXPECT_THAT(segments.column("reason").to_text(0), ::testing::HasSubstr("went from 100 to 140, above 120"));

  MatrixOptions both(MatrixAxis{{"small", "large"}, {"money_net", {{120, false}}}},
                     MatrixAxis{{"few", "many"}, {"frequency", {{3, false}}}},
                     {MatrixGroup{"much", {GroupRule{{"large"}, {}, {}}}},
                      MatrixGroup{"often", {GroupRule{{"small"}, {"many"}, {}}}}, MatrixGroup{"rest", {GroupRule{}}}});
  const std::vector<AnyClassifier> matrix{AnyClassifier(MatrixClassifier(both))};
  const ClientBase other = client_with({100, 125, 126, 127, 128, 133});
  for (const char* column : {"group", "cell"}) {
    // The model has said large since February; the orders alone moved in April, the money alone in June.
    const Table groups = moves_in(run(other, matrix, 0.1), column);
    ASSERT_EQ(groups.rows(), 2U);
    const bool cell = std::string(column) == "cell";
    EXPECT_EQ(told(groups, 0),
              std::string("2025-04-30|") + (cell ? "small / few|small / many" : "rest|often") + "|frequency|3|4|3");
    EXPECT_EQ(told(groups, 1), std::string("2025-06-30|") + (cell ? "small / many|large / many" : "often|much") +
                                   "|money_net|100|133|120");
    EXPECT_EQ(groups.column("threshold_moved").to_text(1), "false");
  }
}

TEST(Margin, TransitionsTellOfBothSidesWhereAClassHasToStand) {
  // 140 makes the client large, 115 within the margin counts as the second day: what made it so is the 140.
  const std::vector<AnyClassifier> bands{money_bands()};
  const Table one = transitions(run(client_with({100, 140, 115, 115, 115}), bands, 0.1, 2));
  ASSERT_EQ(one.rows(), 1U);
  EXPECT_EQ(told(one, 0), "2025-03-31|small|large|money_net|100|140|120");
  // A class that went by before the next one stood is not the one that was left.
  MatrixOptions three(MatrixAxis{{"small", "middle", "large"}, {"money_net", {{120, false}, {200, false}}}},
                      MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  const std::vector<AnyClassifier> list{AnyClassifier(MatrixClassifier(three, "size"))};
  const Table past = transitions(run(client_with({100, 150, 250, 260}), list, 0, 2));
  ASSERT_EQ(past.rows(), 1U);
  EXPECT_EQ(told(past, 0), "2025-04-30|small|large|money_net|100|260|200");
}

template <class Work>
void expect_error(const std::string& where, Work&& work) {
  try {
    work();
    FAIL() << "no error about " << where;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument) << error.what();
    EXPECT_EQ(error.where(), where) << error.what();
  }
}

TEST(Margin, RefusesWhatCannotBe) {
  const ClientBase base = client_with({100, 125, 140, 125, 100, 140, 100, 130, 135, 140, 140, 140});
  const std::vector<AnyClassifier> bands{money_bands()};
  for (const double margin : {-0.1, 1.0, std::numeric_limits<double>::quiet_NaN()})
    expect_error("margin", [&] { (void)run(base, bands, margin); });
  // Rules alone have no thresholds; beside others they stay as they are.
  const AnyClassifier rules(RulesClassifier(RuleOptions::named("relationship_type"), "relationship_type"));
  expect_error("margin", [&] { (void)run(base, {rules}, 0.1); });
  const History both = run(base, {rules, money_bands()}, 0.1);
  EXPECT_EQ(both.column("relationship_type", 3).to_text(0), "client");
}

}  // namespace
}  // namespace klientela
