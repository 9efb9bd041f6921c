// A classifier of a host's own wherever the library's stand: policy, axis, history, transitions, tracker; and bad ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "klientela/classify/history.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/tracker.hpp"
#include "unit/classify/tables.hpp"
#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::Data;
using sample::day;
using sample::noon;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::thread::id>& callers() {
  static std::vector<std::thread::id> threads;
  return threads;
}

/// Who has spent more than the mean of those it learnt from, and how many times the mean.
struct SpenderModel {
  std::string called;
  double mean;
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "spender"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"client", "money_net"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called, called + "_ratio"}; }
  [[nodiscard]] Classification classify(const Table& table, const Control&) const {
    callers().push_back(std::this_thread::get_id());
    const Column& money = table.column("money_net");
    const std::vector<double> spent = money.to_doubles();
    Buffer<std::uint16_t> codes(spent.size());
    Buffer<double> ratios(spent.size());
    for (std::size_t row = 0; row < spent.size(); ++row) {
      ratios[row] = spent[row] / mean;
      codes[row] = ratios[row] > 1 ? 1 : 0;
    }
    std::vector<Column> columns;
    columns.emplace_back(called, std::move(codes),
                         std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"small", "large"}));
    columns.emplace_back(called + "_ratio", ColumnType::float64, std::move(ratios));
    return Classification(called, "spender", columns,
                          reasons_by_measures(Table({table.column("client"), money}), columns));
  }
  [[nodiscard]] std::string to_json() const { return nlohmann::json{{"mean", mean}}.dump(); }
};

struct Spender {
  std::string called{"size"};
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "spender"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"client", "money_net"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called, called + "_ratio"}; }
  [[nodiscard]] SpenderModel fit(const Table& table, const Control&) const {
    double sum = 0;
    for (const double value : table.column("money_net").to_doubles()) sum += value;
    return {called, sum / static_cast<double>(table.rows())};
  }
  [[nodiscard]] std::string to_json() const { return R"({"kind": "spender"})"; }
};

ClassifierRegistry registry() {
  ClassifierRegistry registry;
  registry.add("spender",
               {.make = [](const std::string& name, std::string_view,
                           const std::string&) { return AnyClassifier(Spender{name}); },
                .load =
                    [](const std::string& name, std::string_view json, const std::string&) {
                      return AnyModel(SpenderModel{name, nlohmann::json::parse(json).at("mean").get<double>()});
                    },
                .schema = {}});
  return registry;
}

std::vector<AnyClassifier> classifiers() {
  return classifiers_from_json(R"({
    "size": {"kind": "spender"},
    "matrix": {
      "x": {"measure": "size", "bands": ["low", "high"], "labels": [["small"], ["large"]]},
      "y": {"measure": "size_ratio", "bands": ["little", "some", "much"], "edges": [0.5, 2]},
      "groups": [{"name": "ours", "rules": [{"x": ["high"]}]}, {"name": "others", "rules": [{}]}]
    }
  })",
                               registry());
}

Data data() {
  return {.lines = {{1, noon("2025-01-15"), 100'0000},
                    {1, noon("2025-03-10"), 50'0000},
                    {1, noon("2025-05-10"), 500'0000},
                    {2, noon("2025-02-20"), 300'0000},
                    {2, noon("2025-02-25"), -100'0000},
                    {3, noon("2025-01-02"), 50'0000}}};
}

TEST(PlugIn, IsAnAxisByLabelsAndByNumbers) {
  const ClientBase base = base_of(data());
  const Classified found = classify(compute_features(base, day("2025-06-15")).table(), classifiers());
  // 650, 200 and 50: the mean is 300.
  EXPECT_THAT(test::texts(found.table.column("size")), ElementsAre("large", "small", "small"));
  EXPECT_THAT(test::texts(found.table.column("matrix_x")), ElementsAre("high", "low", "low"));
  EXPECT_THAT(test::texts(found.table.column("matrix_y")), ElementsAre("much", "some", "little"));
  EXPECT_THAT(test::texts(found.table.column("group")), ElementsAre("ours", "others", "others"));
  EXPECT_EQ(found.classifications[0].explain(0, Language::english),
            "size: \"large\", because client is 1. "
            "size: \"large\", because money less refunds (money_net) is 650. "
            "size_ratio: 2.1666666666666665, because client is 1. "
            "size_ratio: 2.1666666666666665, because money less refunds (money_net) is 650.");
  EXPECT_THAT(found.classifications[0].explain(1, Language::russian),
              HasSubstr("size: «small», так как сумма покупок за вычетом возвратов (money_net): 200."));
  EXPECT_THAT(classifiers()[0].outputs(), ElementsAre("size", "size_ratio"));
}

TEST(PlugIn, ClashesAreFoundBeforeThereAreData) {
  try {
    (void)classifiers_from_json(R"({"size": {"kind": "spender"}, "size_ratio": {"kind": "abc"}})", registry());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    EXPECT_EQ(error.where(), "/classifiers/size_ratio");
  }
}

std::string through_time(const History& history, std::size_t row, std::string_view column) {
  std::string text;
  for (std::size_t k = 0; k < history.days().size(); ++k)
    text += (k ? " " : "") + history.column(column, k).to_text(row);
  return text;
}

TEST(PlugIn, GoesThroughTimeInOnePassOnTheCallersThread) {
  const ClientBase base = base_of(data());
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-06-15"), Period::month);
  const std::vector<AnyClassifier> made = classifiers();
  ThreadPool pool(3);
  Control control;
  control.executor = &pool;
  callers().clear();
  const History frozen = history(base, days, std::span<const AnyClassifier>(made), {}, {}, control);
  EXPECT_TRUE(frozen.one_pass());
  EXPECT_EQ(through_time(frozen, 0, "size"), "small small small small large large");
  EXPECT_EQ(through_time(frozen, 0, "group"), "others others others others ours ours");
  EXPECT_THAT(callers(), Each(std::this_thread::get_id()));
  // Of the models alone, loaded from JSON, the same.
  std::vector<AnyModel> models;
  for (const AnyModel& model : frozen.models(0)) models.push_back(registry().model_from_json(model.to_json()));
  const History loaded = history(base, days, std::span<const AnyModel>(models), {}, {}, control);
  EXPECT_TRUE(loaded.one_pass());
  EXPECT_EQ(through_time(loaded, 0, "cell"), through_time(frozen, 0, "cell"));
  // By each day's own mean: 50, 116.7, 133.3, 133.3, 300, 300.
  HistoryOptions refit;
  refit.thresholds = HistoryThresholds::refit;
  const History refitted = history(base, days, std::span<const AnyClassifier>(made), {}, refit, control);
  EXPECT_EQ(through_time(refitted, 0, "size"), "large small large large large large");
  EXPECT_EQ(through_time(refitted, 1, "size"), "small large large large small small");
}

TEST(PlugIn, MigratesWithReasons) {
  const ClientBase base = base_of(data());
  const std::vector<Day> days = period_ends(day("2025-01-01"), day("2025-06-15"), Period::month);
  const std::vector<AnyClassifier> made = classifiers();
  const History found = history(base, days, std::span<const AnyClassifier>(made));
  const Migration moved = migration(found, days[1], days[5], {.column = "size"});
  EXPECT_THAT(moved.states, ElementsAre("small", "large", "outside"));
  EXPECT_EQ(moved.clients[moved.cell(0, 1)], 1U);
  EXPECT_EQ(moved.clients[moved.cell(0, 0)], 2U);
  TransitionOptions options;
  options.states.column = "size";
  options.client = {ClientId(std::int64_t{1})};
  const Table all = transitions(found, options);
  ASSERT_EQ(all.rows(), 1U);
  EXPECT_EQ(all.column("to_day").to_text(0), "2025-05-31");
  EXPECT_EQ(all.column("measure").to_text(0), "money_net") << "not the id, which stayed";
  EXPECT_EQ(all.column("reason").to_text(0),
            "money less refunds went from 150 to 650. size: \"large\", because money less refunds (money_net) is 650.");
  EXPECT_EQ(all.column("rule").to_text(0), "size.large");
}

TEST(PlugIn, IsTracked) {
  const ClientBase base = base_of(data());
  const Day as_of = day("2025-05-31");
  const Classified found = classify(compute_features(base, as_of).table(), classifiers());
  Tracker tracker(base, as_of, found.models);
  TransactionRow line{ClientId(std::int64_t{3})};
  line.at = Instant{std::chrono::microseconds{noon("2025-05-30")}};
  line.amount = *Money::from_text("900");
  const TrackerChange change = tracker.apply(line);
  ASSERT_FALSE(change.moves.empty());
  EXPECT_EQ(change.moves[0].column, "size");
  EXPECT_EQ(change.moves[0].from, "small");
  EXPECT_EQ(change.moves[0].to, "large");
  EXPECT_EQ(tracker.of_client(line.client).column("group").to_text(0), "ours");
}

/// Gives what it says for one row, and something else for all.
struct UnsteadyModel {
  int how{0};
  [[nodiscard]] std::string name() const { return "odd"; }
  [[nodiscard]] std::string kind() const { return "odd"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"money_net"}; }
  [[nodiscard]] Classification classify(const Table& table, const Control&) const {
    const std::size_t rows = table.rows();
    std::vector<Column> columns;
    columns.emplace_back("odd", ColumnType::float64, Buffer<double>(rows, 0.5));
    if (rows == 1 && how == 0)
      columns[0] = Column("odd", ColumnType::int64, Buffer<std::int64_t>(rows, std::int64_t{1}));
    if (rows == 1 && how == 1)
      columns[0] = Column("odd", Buffer<std::uint16_t>(rows, std::uint16_t{0}),
                          std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a"}));
    if (rows == 1 && how == 2)
      for (int more = 0; more < 200; ++more)
        columns.emplace_back("odd" + std::to_string(more), ColumnType::float64, Buffer<double>(rows, 0.5));
    return Classification("odd", "odd", columns);
  }
  [[nodiscard]] std::string to_json() const { return "{}"; }
};

TEST(PlugIn, MayNotChangeItsColumnsInATracker) {
  const ClientBase base = base_of(data());
  for (const int how : {0, 1, 2}) {
    Tracker tracker(base, day("2025-05-31"), {AnyModel(UnsteadyModel{how})});
    TransactionRow line{ClientId(std::int64_t{3})};
    line.at = Instant{std::chrono::microseconds{noon("2025-05-30")}};
    line.amount = *Money::from_text("900");
    try {
      (void)tracker.apply(line);
      FAIL() << how;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::internal);
      EXPECT_EQ(error.where(), "odd");
    }
    EXPECT_EQ(tracker.events(), 0U);
  }
}

TEST(PlugIn, MayReplaceItsKindWhileItIsMade) {
  ClassifierRegistry registry;
  const auto alive = std::make_shared<std::string>("spender");
  ClassifierKind how;
  how.make = [&registry, alive](const std::string& name, std::string_view, const std::string&) {
    registry.add("spender", {.make = [](const std::string& called, std::string_view,
                                        const std::string&) { return AnyClassifier(Spender{called + "_new"}); },
                             .load = {},
                             .schema = {}});
    return AnyClassifier(Spender{name + '_' + *alive});  // what it has captured is there still
  };
  registry.add("spender", how);
  how = {};
  EXPECT_EQ(registry.make("size", R"({"kind": "spender"})").name(), "size_spender");
  EXPECT_EQ(registry.make("size", R"({"kind": "spender"})").name(), "size_new");
}

TEST(PlugIn, ModelsHaveNamesAsClassifiersHave) {
  for (const std::string& name : {std::string(), std::string(201, 'x')}) {
    const std::string text = nlohmann::json{{"name", name}, {"kind", "spender"}, {"model", {{"mean", 1.0}}}}.dump();
    try {
      (void)registry().model_from_json(text);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::bad_policy);
      EXPECT_EQ(error.where(), "/name");
    }
  }
}

/// Misbehaves as told.
struct BadModel {
  int how{0};
  [[nodiscard]] std::string name() const { return "bad"; }
  [[nodiscard]] std::string kind() const { return "abc"; }  // a name of the library does not make it one of its own
  [[nodiscard]] Classification classify(const Table& table, const Control& control) const {
    const std::size_t rows = table.rows();
    std::vector<Column> columns;
    if (how == 0) {
      Buffer<double> values(rows, 1.0);
      values[1] = std::numeric_limits<double>::quiet_NaN();
      columns.emplace_back("bad", ColumnType::float64, std::move(values));
    } else if (how == 1) {
      static const std::vector<std::uint16_t> codes(100, 3);
      columns.push_back(Column::view<std::uint16_t>(
          "bad", ColumnType::label, std::span(codes).first(rows), nullptr, nullptr, 0,
          std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b"})));
    } else if (how == 2) {
      throw Error(Code::not_found, "there is no file", "model.bin");
    } else if (how == 3) {
      throw 5;
    } else if (how == 4) {
      throw Error(Code::cancelled, "enough");
    } else if (how == 5) {
      control.check();
      columns.emplace_back("bad", ColumnType::int8, Buffer<std::int8_t>(rows, std::int8_t{1}));
      return Classification("bad", "abc", columns,
                            [](std::size_t) -> std::vector<Reason> { throw std::runtime_error("no words"); });
    }
    return Classification("bad", "abc", columns);
  }
  [[nodiscard]] std::string to_json() const { return "{}"; }
};

Error failure(int how) {
  const Table table = test::measures({1, 2, 3}, {1, 2, 3}, {1, 2, 3});
  try {
    (void)AnyModel(BadModel{how}).classify(table);
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::invalid_argument, "nothing thrown");
}

TEST(PlugIn, BadOnesAreNamed) {
  const Error nan = failure(0);
  EXPECT_EQ(nan.code(), Code::internal);
  EXPECT_EQ(nan.where(), "bad");
  EXPECT_THAT(nan.what(), HasSubstr("classifier bad gave NaN in row 1 of column bad"));
  const Error code = failure(1);
  EXPECT_EQ(code.where(), "bad");
  EXPECT_THAT(code.what(), HasSubstr("classifier bad gave code 3 in row 0 of column bad, which has 2 labels"));
  const Error file = failure(2);
  EXPECT_EQ(file.code(), Code::not_found);
  EXPECT_EQ(file.where(), "model.bin");
  EXPECT_STREQ(file.what(), "classifier bad: there is no file");
  EXPECT_EQ(failure(3).code(), Code::internal);
  EXPECT_EQ(failure(4).code(), Code::cancelled);
  const Classification silent = AnyModel(BadModel{5}).classify(test::measures({1, 2, 3}, {1, 2, 3}, {1, 2, 3}));
  try {
    (void)silent.reasons(0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_STREQ(error.what(), "classifier bad failed: no words");
  }
}

TEST(PlugIn, ReasonsInOneLanguageServeBoth) {
  Reason reason;
  reason.column = "vip";
  reason.result = "yes";
  reason.english = "as the board said";
  EXPECT_EQ(to_text(reason, Language::english), "vip: \"yes\", as the board said.");
  EXPECT_EQ(to_text(reason, Language::russian), "vip: «yes», as the board said.");
  reason.russian = "так решил совет";
  EXPECT_EQ(to_text(reason, Language::russian), "vip: «yes», так решил совет.");
  reason.result.clear();
  EXPECT_EQ(to_text(reason, Language::english), "vip: no value, as the board said.");
}

}  // namespace
}  // namespace klientela
