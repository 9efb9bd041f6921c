// Event by event: the same features and classes as a recompute of the extended base, byte for byte.
#include "klientela/classify/tracker.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"
#include "klientela/features/periods.hpp"
#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using sample::day;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

struct Shape {
  bool orders{false};
  bool profit{false};
  bool contacts{false};
  bool cards{false};
};

Instant moment(Random& random, const char* from, int days) {
  return Instant{std::chrono::microseconds{sample::noon(from) + random.below(days) * sample::day_micros}};
}

TransactionRow purchase(Random& random, const Shape& shape, std::int64_t clients) {
  TransactionRow line{.client = random.below(clients), .at = moment(random, "2025-01-01", 170)};
  line.amount = Money::from_units(random.below(3'000'000) - 400'000);
  if (random.one_in(15)) line.amount = Money::from_units(0);
  if (random.one_in(8)) line.refund = true;
  if (shape.orders && !random.one_in(4)) line.order = "order " + std::to_string(random.below(30));
  if (shape.profit && !random.one_in(3)) line.profit = Money::from_units(random.below(300'000) - 60'000);
  if (shape.profit && !random.one_in(3)) line.quantity = Money::from_units(random.below(5) * Money::scale);
  return line;
}

InteractionRow contact(Random& random, std::int64_t clients) {
  InteractionRow row{.client = random.below(clients)};
  if (!random.one_in(3)) row.channel = random.one_in(2) ? "phone" : "mail";
  if (!random.one_in(3)) row.initiative = random.one_in(2) ? "inbound" : "outbound";
  if (!random.one_in(3)) row.topic = "offer";
  if (!random.one_in(4)) row.started_at = moment(random, "2025-01-01", 170);
  if (!random.one_in(2)) row.planned_from = moment(random, "2025-01-01", 170);
  const char* states[] = {"completed", "planned", "cancelled"};
  if (random.one_in(2)) row.state = states[random.below(3)];
  if (!row.started_at && !row.planned_from) row.started_at = moment(random, "2025-01-01", 170);
  return row;
}

ClientRow card(Random& random, std::int64_t client) {
  ClientRow row{.client = client};
  const char* types[] = {"", "client", "non-client", "partner of ours"};
  row.relationship_type = types[random.below(4)];
  if (!random.one_in(3)) row.city = random.one_in(2) ? "Riga" : "Tartu";
  if (!random.one_in(3)) row.category = random.one_in(2) ? "retail" : "trade";
  if (!random.one_in(4)) row.name = random.one_in(2) ? "Alpha works" : "Beta";
  if (!random.one_in(4)) row.birthday = day("1990-01-01") + std::chrono::days{random.below(9000)};
  return row;
}

/// Values and nulls of every column, floats by their bits.
std::string bytes(const Table& table) {
  std::string text;
  for (const Column& column : table.columns()) {
    text += column.name() + '|' + std::string(name(column.type())) + '|';
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (column.is_null(row)) {
        text += "null,";
      } else if (column.type() == ColumnType::float64) {
        const double value = column.values<double>()[row];
        text.append(reinterpret_cast<const char*>(&value), sizeof value);
      } else {
        text += column.to_text(row) + ',';
      }
    }
    text += '\n';
  }
  return text;
}

IngestOptions create() {
  IngestOptions options;
  options.time_zone = "Europe/London";
  options.unknown_clients = UnknownClients::create;
  return options;
}

/// The tracker's columns as computed for a base.
Table recomputed(const ClientBase& base, const Tracker& tracker, const FeatureOptions& features) {
  const FeatureTable all = compute_features(base, tracker.as_of(), features);
  const Table tracked = tracker.snapshot();
  Table table({all.column("client")});
  for (const Column& column : all.table().columns())
    if (column.name() != "client" && tracked.find(column.name()) != nullptr) table.add(column);
  if (tracked.find("gap_days_last") != nullptr)
    table.add(period_table(base, tracker.as_of(), {}, features).column("gap_days_last"));
  std::vector<std::string> said;
  for (const Column& column : tracked.columns())
    if (column.name() == "as_of" || column.name() == "requests" || column.name() == "last_request" ||
        column.name().starts_with("card."))
      said.push_back(column.name());
  table = with_base_columns(base, table, tracker.as_of(), said);
  return classify(table, std::span<const AnyModel>(tracker.models())).table;
}

/// Rules and others over what the base says beside the features, of every type.
void add_readers_of_cards(std::vector<AnyClassifier>& list) {
  const auto rules = [&](const char* name, const std::vector<std::pair<const char*, const char*>>& when_then) {
    RuleOptions options;
    for (const auto& [when, then] : when_then)
      options.rules.push_back({.when = Expression::parse(when), .value = then});
    list.emplace_back(RulesClassifier(options, name));
  };
  rules("care", {{"requests > 3 and card.city = 'Riga'", "asks in Riga"},
                 {"last_request > as_of - 60 days and tier in ('strategic', 'important')", "asked lately"},
                 {"card.birthday < date '2000-01-01' and money_net / frequency > 50", "grown up"},
                 {"rfm_r >= 4 or engagement > 2", "near"},
                 {"abc = 'A' and not card.category like '%tail'", "others' best"}});
  rules("named",
        {{"card.name starts with 'alpha' ignoring case and requests > 1", "alpha"}, {"frequency > 5", "often"}});
  RuleOptions open = RuleOptions::named("relationship_type");
  open.values.clear();  // then cards bring labels of their own
  open.precedence = {ValueSource::hand, ValueSource::bulk, ValueSource::delivered, ValueSource::rules};
  list.emplace_back(RulesClassifier(open, "as_said"));
  MatrixOptions by_card(MatrixAxis{{"shop", "trade"}, {.measure = "card.category", .labels = {{"retail"}, {"trade"}}}},
                        MatrixAxis{{"quiet", "asking"}, {"requests", {{1, false}}}},
                        {MatrixGroup{"here", {GroupRule{{"shop"}, {}, {{"card.city", {}, {}, {}, {}, {"Riga"}}}}}},
                         MatrixGroup{"rest", {GroupRule{}}}});
  list.emplace_back(MatrixClassifier(by_card, "by_card"));
}

std::vector<AnyClassifier> classifiers_for(const Shape& shape) {
  std::vector<AnyClassifier> list = default_classifiers();
  if (shape.cards) add_readers_of_cards(list);
  RfmOptions ranks;
  ranks.method = ScoreMethod::rank;
  ranks.ties = TiePolicy::first;
  ranks.nesting = Nesting::nested;
  ranks.bins = 4;
  list.emplace_back(RfmClassifier(ranks, "ranks"));
  AbcOptions pairs;
  pairs.measures = {"money_gross"};
  if (shape.profit) pairs.measures.emplace_back("profit");
  pairs.convention = AbcConvention::stay;
  list.emplace_back(AbcClassifier(pairs, "pairs"));
  MatrixOptions labels(
      MatrixAxis{{"c", "b", "a"}, {.measure = "abc", .labels = {{"C"}, {"B"}, {"A"}}}},
      MatrixAxis{{"old", "new"}, {"recency_days", {{60, false}}, true}},
      {MatrixGroup{"best", {GroupRule{{"a"}, {"new"}, {{"frequency", std::nullopt, 3.0, std::nullopt, std::nullopt}}}}},
       MatrixGroup{"good", {GroupRule{{}, {}, {{"money_net", 100.0, std::nullopt, std::nullopt, 900.0}}}}}},
      "rest");
  list.emplace_back(MatrixClassifier(labels, "labels"));
  return list;
}

void check(std::uint64_t seed, const Shape& shape, int base_lines, int events, bool more_classifiers,
           FeatureOptions features) {
  Random random(seed);
  BaseBuilder builder;
  for (std::int64_t client = 0; shape.cards && client < 170; client += 1 + random.below(2))
    builder.add(card(random, client));
  for (int i = 0; i < base_lines; ++i) {
    builder.add(purchase(random, shape, 150));
    if (shape.contacts && random.one_in(4)) builder.add(contact(random, 150));
    if (shape.contacts && random.one_in(6))
      builder.add(RequestRow{.client = random.below(150), .at = moment(random, "2025-01-01", 170)});
  }
  const ClientBase base = builder.build(create()).base;
  std::vector<AnyClassifier> classifiers = classifiers_for(shape);
  if (more_classifiers) {
    classifiers.emplace_back(LifecycleClassifier());
    classifiers.emplace_back(XyzClassifier({.measure = "gap_days_cv", .x = 0.5, .y = 1, .cross = "abc"}));
  }
  const Day as_of = day("2025-06-30");
  FeatureTable fitted = compute_features(base, day("2025-05-31"), features);
  fitted.add(period_table(base, day("2025-05-31"), {}, features).column("gap_days_last"));
  const std::vector<AnyModel> models =
      classify(with_base_columns(base, fitted.table(), day("2025-05-31"), inputs_of(classifiers)),
               std::span<const AnyClassifier>(classifiers))
          .models;
  TrackerOptions options;
  options.columns = {"lines",         "refund_lines", "money_gross", "money_refunds", "first_purchase",
                     "last_purchase", "tenure_days",  "profit",      "quantity"};
  if (more_classifiers)
    for (const char* column :
         {"gap_days_mean", "gap_days_cv", "repeat_frequency", "repeat_recency", "repeat_age", "repeat_money_mean"})
      options.columns.emplace_back(column);
  if (shape.contacts)
    for (const char* column :
         {"interactions", "interactions_inbound", "interactions_outbound", "last_interaction", "engagement"})
      options.columns.emplace_back(column);
  Tracker tracker(base, as_of, models, features, options);
  if (shape.cards && shape.contacts) {
    for (const char* column : {"requests", "last_request", "as_of", "card.relationship_type", "card.name"})
      EXPECT_NE(tracker.snapshot().find(column), nullptr) << column;
  }
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(base, tracker, features)));
  BaseBuilder fresh;
  std::size_t moves = 0, created = 0;
  for (int i = 0; i < events; ++i) {
    TrackerChange change;
    if (shape.contacts && random.one_in(4)) {
      const InteractionRow row = contact(random, 200);
      change = tracker.apply(row);
      fresh.add(row);
    } else if (shape.contacts && random.one_in(6)) {
      const RequestRow row{.client = random.below(200), .at = moment(random, "2025-01-01", 170)};
      change = tracker.apply(row);
      fresh.add(row);
    } else {
      const TransactionRow row = purchase(random, shape, 200);
      change = tracker.apply(row);
      fresh.add(row);
    }
    moves += change.moves.size();
    created += change.new_client ? 1U : 0U;
  }
  const ClientBase extended = extend(base, fresh.take_tables(), create()).base;
  ASSERT_EQ(extended.clients(), tracker.clients());
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, features)));
  EXPECT_GT(moves, 10U);
  EXPECT_GT(created, 5U);
  EXPECT_EQ(tracker.events(), static_cast<std::uint64_t>(events));
  tracker.advance(day("2025-07-31"));
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, features)));
}

FeatureOptions with_groups(const Shape& shape, bool gaps) {
  FeatureOptions features;
  features.groups = {FeatureGroup::purchases};
  if (gaps) features.groups.insert(features.groups.end(), {FeatureGroup::gaps, FeatureGroup::repeats});
  if (shape.contacts)
    features.groups.insert(features.groups.end(), {FeatureGroup::interactions, FeatureGroup::engagement});
  features.period = Period::month;
  features.engagement.channel = {{"phone", 2.5}};
  features.engagement.initiative = {{"outbound", 0.5}};
  return features;
}

TEST(Tracker, TenThousandEventsEqualARecompute) {
  const Shape shape{.orders = true, .profit = true, .contacts = true, .cards = true};
  check(1, shape, 2000, 10'000, true, with_groups(shape, true));
}

TEST(Tracker, TenThousandEventsByTheDefaultPolicyEqualARecompute) {
  // Nothing but the default classifiers and features, on a base with requests, interactions and cards.
  Random random(3);
  const Shape shape{.orders = true, .profit = true, .contacts = true, .cards = true};
  BaseBuilder builder;
  for (std::int64_t client = 0; client < 170; ++client) builder.add(card(random, client));
  for (int i = 0; i < 1500; ++i) builder.add(purchase(random, shape, 120));
  for (int i = 0; i < 300; ++i) builder.add(contact(random, 170));
  for (int i = 0; i < 200; ++i)
    builder.add(RequestRow{.client = random.below(170), .at = moment(random, "2025-01-01", 170)});
  const ClientBase base = builder.build(create()).base;
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const Day as_of = day("2025-06-30");
  const std::vector<AnyModel> models =
      classify(with_base_columns(base, compute_features(base, as_of).table(), as_of, inputs_of(classifiers)),
               std::span<const AnyClassifier>(classifiers))
          .models;
  Tracker tracker(base, as_of, models);
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(base, tracker, {})));
  BaseBuilder fresh;
  std::set<std::string> types;
  for (int i = 0; i < 10'000; ++i) {
    TrackerChange change;
    if (random.one_in(5)) {
      const InteractionRow row = contact(random, 250);
      change = tracker.apply(row);
      fresh.add(row);
    } else if (random.one_in(4)) {
      const RequestRow row{.client = random.below(250), .at = moment(random, "2025-01-01", 170)};
      change = tracker.apply(row);
      EXPECT_TRUE(change.counted);
      fresh.add(row);
    } else {
      const TransactionRow row = purchase(random, shape, 200);
      change = tracker.apply(row);
      fresh.add(row);
    }
    for (const TrackerMove& move : change.moves)
      if (move.column == "relationship_type") types.insert(move.from + " to " + move.to);
    if (i % 1000 == 0 && !change.moves.empty()) {
      EXPECT_EQ(tracker.explain(change).size(), change.moves.size());
    }
  }
  EXPECT_TRUE(types.contains("potential to client"));
  EXPECT_TRUE(types.contains(" to potential"));
  EXPECT_TRUE(types.contains("other to potential") || types.contains("target to potential"));
  const ClientBase extended = extend(base, fresh.take_tables(), create()).base;
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, {})));
  tracker.advance(day("2025-07-31"));
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, {})));
}

TEST(Tracker, EveryShapeEqualsARecompute) {
  for (int bits = 0; bits < 16; ++bits) {
    const Shape shape{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 5) == 5};
    FeatureOptions features = with_groups(shape, (bits & 8) != 0);
    if (bits % 3 == 1) features.window_days = 60;
    if (!features.window_days && bits % 5 == 2) features.window_months = 2;
    check(100 + static_cast<std::uint64_t>(bits), shape, 600, 900, (bits & 8) != 0, features);
  }
}

ClientBase small_base() {
  BaseBuilder builder;
  const auto at = [](const char* when) { return Instant{std::chrono::microseconds{sample::noon(when)}}; };
  builder.add(TransactionRow{.client = 1, .at = at("2025-01-10"), .amount = Money::from_units(50'0000)});
  builder.add(TransactionRow{.client = "b", .at = at("2025-02-10"), .amount = Money::from_units(500'0000)});
  return builder.build(create()).base;
}

AnyModel size_model(const ClientBase& base) {
  MatrixOptions options(MatrixAxis{{"small", "large"}, {"money_net", {{100, false}}}},
                        MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  return MatrixClassifier(options, "size").fit(compute_features(base, day("2025-03-01")).table());
}

Table base_table(const ClientBase& base) {
  return with_base_columns(base, compute_features(base, day("2025-03-01")).table(), day("2025-03-01"),
                           std::vector<std::string>{"requests", "last_request", "as_of"});
}

TransactionRow bought(ClientId client, const char* when, std::int64_t amount) {
  return {.client = std::move(client),
          .at = Instant{std::chrono::microseconds{sample::noon(when)}},
          .amount = Money::from_units(amount)};
}

TEST(Tracker, TellsWhatMovedAndWhy) {
  const ClientBase base = small_base();
  Tracker tracker(base, day("2025-03-01"), {size_model(base)});
  EXPECT_TRUE(tracker.apply(bought(1, "2025-01-01", 10'0000)).moves.empty());
  const TrackerChange change = tracker.apply(bought(1, "2025-02-01", 60'0000));
  EXPECT_FALSE(change.new_client);
  EXPECT_TRUE(change.counted);
  ASSERT_FALSE(change.moves.empty());
  const TrackerMove& move = change.moves[0];
  EXPECT_EQ(move.column, "size_x");
  EXPECT_EQ(move.from, "small");
  EXPECT_EQ(move.to, "large");
  const std::vector<TrackerReason> reasons = tracker.explain(change);
  ASSERT_EQ(reasons.size(), change.moves.size());
  EXPECT_EQ(reasons[0].measure, "money_net");
  EXPECT_EQ(reasons[0].value_before, "60");
  EXPECT_EQ(reasons[0].value_after, "120");
  EXPECT_EQ(reasons[0].threshold, "100");
  EXPECT_NE(reasons[0].text.find("money less refunds went from 60 to 120, "), std::string::npos);
  EXPECT_NE(tracker.explain(change, Language::russian)[0].text.find("стало 120"), std::string::npos);
  const TrackerChange fresh = tracker.apply(bought("a", "2025-02-01", 60'0000));
  EXPECT_TRUE(fresh.new_client);
  EXPECT_EQ(tracker.of_client("a").column("size_x").to_text(0), "small");
  EXPECT_EQ(tracker.snapshot().column("client").to_text(1), "a");  // 1, a, b
  EXPECT_EQ(tracker.of_client(1).column("money_net").to_text(0), "120");
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

TEST(Tracker, FollowsRequestsOnABaseThatHadNone) {
  const ClientBase base = small_base();
  RuleOptions lately;
  lately.rules = {{.when = Expression::parse("last_request > as_of - 1 year"), .value = "lately"}};
  const std::vector<AnyModel> models{
      RulesClassifier(RuleOptions::named("relationship_type"), "relationship_type").fit(base_table(base)),
      RulesClassifier(lately, "asked").fit(base_table(base))};
  FeatureOptions features;
  features.window_days = 30;  // of requests all are told
  Tracker tracker(base, day("2025-03-01"), models, features);
  EXPECT_EQ(tracker.of_client(1).column("requests").to_text(0), "0");
  EXPECT_EQ(tracker.of_client(1).column("last_request").to_text(0), "");
  const auto at = [](const char* when) { return Instant{std::chrono::microseconds{sample::noon(when)}}; };
  const TrackerChange change = tracker.apply(RequestRow{.client = 9, .at = at("2024-06-01")});
  EXPECT_TRUE(change.new_client);
  EXPECT_TRUE(change.counted);
  ASSERT_EQ(change.moves.size(), 4U);
  EXPECT_EQ(change.moves[2].to, "lately");
  EXPECT_EQ(change.moves[0].to, "potential");
  EXPECT_EQ(change.moves[1].to, "rule:asked");
  EXPECT_NE(tracker.explain(change)[0].text.find("requests = 1"), std::string::npos) << tracker.explain(change)[0].text;
  tracker.apply(RequestRow{.client = 9, .at = at("2024-05-01")});
  EXPECT_EQ(tracker.of_client(9).column("requests").to_text(0), "2");
  EXPECT_EQ(tracker.of_client(9).column("last_request").to_text(0), "2024-06-01");
  const TrackerChange bought_now = tracker.apply(bought(9, "2025-02-20", 10'0000));
  EXPECT_EQ(bought_now.moves[0].from, "potential");
  EXPECT_EQ(bought_now.moves[0].to, "client");
}

TEST(Tracker, KnowsWhatWasAssigned) {
  const ClientBase base = small_base();
  const Day as_of = day("2025-03-01");
  RuleOptions set;
  set.rules = {{.when = Expression::parse("frequency > 1"), .value = "often"}};
  set.assigned = "care";
  set.values = {"often", "vip", "new", "none"};
  set.otherwise = "none";
  TrackerOptions options;
  options.assignments.assign({.client = "b", .attribute = "care", .value = "vip"});
  options.assignments.assign({.client = "later", .attribute = "care", .value = "new", .source = ValueSource::bulk});
  options.assignments.assign({.client = "9", .attribute = "care", .value = "vip"});
  const auto classified = [&](const ClientBase& of) {
    const Table features(
        {compute_features(of, as_of).column("client"), compute_features(of, as_of).column("frequency")});
    const std::vector<std::string> read{"hand.care", "bulk.care"};
    return with_base_columns(of, features, as_of, read, options.assignments);
  };
  const std::vector<AnyModel> models{RulesClassifier(set, "care").fit(classified(base))};
  Tracker tracker(base, as_of, models, {}, options);
  EXPECT_EQ(tracker.of_client("b").column("care").to_text(0), "vip");
  EXPECT_EQ(tracker.apply(bought("later", "2025-02-01", 1'0000)).moves[0].to, "new");
  EXPECT_EQ(tracker.apply(bought(9, "2025-02-01", 1'0000)).moves[0].to, "vip");
  EXPECT_EQ(tracker.apply(bought("c", "2025-02-01", 1'0000)).moves[0].to, "none");
  EXPECT_EQ(tracker.apply(bought("c", "2025-02-02", 1'0000)).moves[0].to, "often");
  BaseBuilder fresh;
  for (const char* client : {"later", "9", "c"}) fresh.add(bought(client, "2025-02-01", 1'0000));
  fresh.add(bought("c", "2025-02-02", 1'0000));
  const Table whole = classified(extend(base, fresh.take_tables(), create()).base);
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(classify(whole, std::span<const AnyModel>(models)).table));
}

TEST(Tracker, ErrorsChangeNothing) {
  const ClientBase base = small_base();
  Tracker tracker(base, day("2025-03-01"), {size_model(base)});
  const std::string before = bytes(tracker.snapshot());
  expect_error(Code::out_of_range, "at", [&] { tracker.apply(bought(7, "2025-03-02", 1)); });
  expect_error(Code::invalid_argument, "at", [&] { tracker.apply(TransactionRow{.client = 7, .amount = Money()}); });
  TransactionRow no_amount = bought(7, "2025-02-02", 1);
  no_amount.amount.reset();
  expect_error(Code::invalid_argument, "amount", [&] { tracker.apply(no_amount); });
  expect_error(Code::invalid_argument, "at", [&] { tracker.apply(RequestRow{.client = 7}); });
  InteractionRow odd{.client = 7, .state = "perhaps"};
  expect_error(Code::invalid_argument, "state", [&] { tracker.apply(odd); });
  const TransactionRow most = bought(1, "2025-02-02", std::numeric_limits<std::int64_t>::max());
  expect_error(Code::overflow, "money_gross", [&] { tracker.apply(most); });
  expect_error(Code::invalid_argument, "as_of", [&] { tracker.advance(day("2025-02-01")); });
  expect_error(Code::not_found, "7", [&] { static_cast<void>(tracker.of_client(7)); });
  EXPECT_EQ(bytes(tracker.snapshot()), before);
  EXPECT_EQ(tracker.clients(), 2U);
  EXPECT_EQ(tracker.events(), 0U);
}

TEST(Tracker, TheFirstOrderIdKeepsTheEventsBeforeIt) {
  // Neither the base nor the first events have order ids; lines are kept from the first one on.
  const ClientBase base = small_base();
  Tracker tracker(base, day("2025-03-01"), {size_model(base)});
  std::vector<TransactionRow> lines{bought(1, "2025-02-01", 10'0000), bought(7, "2025-02-02", 10'0000),
                                    bought(7, "2025-02-03", 10'0000), bought(7, "2025-02-04", 5'0000)};
  lines.back().refund = true;
  for (const char* client : {"7", "7", "1"}) {
    lines.push_back(bought(client, "2025-02-05", 10'0000));
    lines.back().order = "one";
  }
  BaseBuilder fresh;
  for (const TransactionRow& line : lines) {
    tracker.apply(line);
    fresh.add(line);
  }
  const ClientBase extended = extend(base, fresh.take_tables(), create()).base;
  EXPECT_EQ(tracker.of_client(7).column("frequency").to_text(0), "3");
  EXPECT_EQ(tracker.of_client(1).column("frequency").to_text(0), "3");
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, {})));
  tracker.advance(day("2025-03-31"));
  EXPECT_EQ(bytes(tracker.snapshot()), bytes(recomputed(extended, tracker, {})));
}

TEST(Tracker, RefusesMeasuresThatItCannotKeep) {
  const ClientBase base = small_base();
  TrackerOptions options;
  options.columns = {"no such column"};
  expect_error(Code::not_found, "no such column",
               [&] { Tracker(base, day("2025-03-01"), {size_model(base)}, {}, options); });
  FeatureOptions features;
  features.groups = {FeatureGroup::purchases, FeatureGroup::satisfaction};
  options.columns = {"csat"};
  expect_error(Code::unsupported, "csat",
               [&] { Tracker(base, day("2025-03-01"), {size_model(base)}, features, options); });
}

TEST(Tracker, BeginsWithoutClients) {
  const ClientBase base = ClientBase();
  Tracker tracker(base, day("2025-03-01"), {size_model(base)});
  EXPECT_EQ(tracker.snapshot().rows(), 0U);
  EXPECT_TRUE(tracker.apply(bought(5, "2025-02-01", 60'0000)).new_client);
  EXPECT_EQ(tracker.snapshot().column("frequency").to_text(0), "1");
}

}  // namespace
}  // namespace klientela
