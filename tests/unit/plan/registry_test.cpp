// The registry: a worked example in full, matching against the plain greedy choice, any order of rows, hostile tables.
#include "klientela/plan/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

constexpr std::int64_t hour = 3'600'000'000;

/// So many hours after Tuesday, 2026-12-01, 00:00 UTC.
std::int64_t micros(std::int64_t hours) {
  return Day{std::chrono::year{2026} / 12 / 1}.time_since_epoch().count() * 24 * hour + hours * hour;
}
Instant at(std::int64_t hours) { return Instant(std::chrono::microseconds(micros(hours))); }

struct Row {
  std::string id, client, manager, channel;
  std::optional<std::string> topic;
  std::int64_t start;  // hours
  std::int32_t minutes;
};

Table table_of(const std::vector<Row>& rows) {
  std::vector<std::string> id, client, manager, channel;
  std::vector<std::optional<std::string>> topic;
  Buffer<std::int64_t> start(rows.size());
  Buffer<std::int32_t> minutes(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    id.push_back(rows[i].id);
    client.push_back(rows[i].client);
    manager.push_back(rows[i].manager);
    channel.push_back(rows[i].channel);
    topic.push_back(rows[i].topic);
    start[i] = micros(rows[i].start);
    minutes[i] = rows[i].minutes;
  }
  Table table;
  table.add(Column("id", id));
  table.add(Column("client", client));
  table.add(Column("manager", manager));
  table.add(Column("channel", channel));
  table.add(Column("topic", topic));
  table.add(Column("start", ColumnType::instant, std::move(start)));
  table.add(Column("minutes", ColumnType::int32, std::move(minutes)));
  return table;
}

ClientBase base_of(const std::vector<InteractionRow>& rows) {
  BaseBuilder builder;
  for (const InteractionRow& row : rows) builder.add(row);
  IngestOptions options;
  options.unknown_clients = UnknownClients::create;
  return builder.build(options).base;
}

InteractionRow held(const std::string& id, const std::string& client, const std::string& channel,
                    const std::string& topic, std::int64_t started, std::int64_t minutes = 30) {
  InteractionRow row{.interaction = id, .client = client};
  row.channel = channel;
  row.topic = topic;
  row.started_at = at(started);
  row.ended_at = *row.started_at + std::chrono::minutes{minutes};
  row.responsible = "Anna";
  return row;
}

/// Columns from `state` on, as text, "-" for null.
std::vector<std::string> told(const Table& registry, bool with_text = false) {
  std::vector<std::string> rows;
  for (std::size_t row = 0; row < registry.rows(); ++row) {
    std::string text;
    for (const char* name : {"id", "state", "interaction", "match", "candidates", "fault", "text"}) {
      if (!with_text && std::string_view(name) == "text") continue;
      const Column& column = registry.column(name);
      text += (text.empty() ? "" : " | ") + (column.is_null(row) ? "-" : column.to_text(row));
    }
    rows.push_back(text);
  }
  return rows;
}

std::vector<Row> example_rows() {
  return {{"p1", "1", "Anna", "call", "offer", 10, 30},       {"p2", "2", "Anna", "call", "offer", 11, 30},
          {"p3", "3", "Anna", "call", "offer", 34, 30},       {"p4", "4", "Anna", "meeting", "review", 35, 60},
          {"p5", "5", "Boris", "call", std::nullopt, 36, 30}, {"p6", "6", "Boris", "call", "offer", 58, 30},
          {"p7", "7", "Anna", "call", "offer", 59, 30},       {"p8", "nobody", "Anna", "call", "offer", 60, 30},
          {"p9", "9", "Anna", "call", "offer", 400, 30}};
}

std::vector<InteractionRow> example_interactions() {
  std::vector<InteractionRow> rows{held("i1", "1", "Call", "offer", 10),   held("i2", "2", "call", "offer", 36),
                                   held("i3", "3", "e-mail", "offer", 34), held("p4", "4", "phone", "other", 100),
                                   held("i5", "5", "call", "survey", 40),  held("i7a", "7", "call", "offer", 57),
                                   held("i7b", "7", "call", "offer", 62),  held("late", "3", "call", "offer", 290)};
  InteractionRow refused{.interaction = "i6", .client = "6"};
  refused.channel = "call";
  refused.topic = "offer";
  refused.planned_from = at(58);
  refused.state = "cancelled";
  refused.outcome = "No show";
  rows.push_back(refused);
  return rows;
}

TEST(Registry, TellsWhatBecameOfEveryPlannedRow) {
  std::vector<RegistryManager> managers{
      {"Anna", 60, {{Day{std::chrono::year{2026} / 12 / 2}, Day{std::chrono::year{2026} / 12 / 2}}}}, {"Boris"}};
  const Table registry = make_registry(table_of(example_rows()), base_of(example_interactions()), managers, at(200));
  const std::vector<std::string> expected{
      "p1 | completed | i1 | window | - | - | completed on 2026-12-01, the planned day",
      "p2 | completed | i2 | window | - | - | completed on 2026-12-02, 1 day later than planned",
      "p3 | overdue | - | none | - | absence | overdue; the manager was absent",
      "p4 | completed | p4 | exact | - | - | completed on 2026-12-05, 3 days later than planned",
      "p5 | completed | i5 | window | - | - | completed on 2026-12-02, the planned day",
      "p6 | cancelled | i6 | window | - | client | cancelled on 2026-12-03, the planned day; by the client",
      "p7 | completed | i7a | ambiguous | i7b | - | completed on 2026-12-03, the planned day; the match is ambiguous",
      "p8 | overdue | - | none | - | over_capacity | overdue; the client is not in the base; the manager had no time "
      "left that day",
      "p9 | planned | - | none | - | - | planned; the client is not in the base"};
  EXPECT_EQ(told(registry, true), expected);
  std::vector<std::string> names;
  for (const Column& column : registry.columns()) names.push_back(column.name());
  EXPECT_EQ(names, (std::vector<std::string>{"id", "client", "manager", "channel", "topic", "start", "end", "state",
                                             "interaction", "match", "candidates", "fault", "text"}));
  EXPECT_EQ(registry.column("end").values<std::int64_t>()[0], micros(10) + hour / 2);
}

TEST(Registry, KnowsOnlyWhatHadHappenedByTheInstant) {
  const Table registry = make_registry(table_of(example_rows()), base_of(example_interactions()), {}, at(11));
  EXPECT_EQ(told(registry)[0], "p1 | completed | i1 | window | - | -");
  EXPECT_EQ(told(registry)[1], "p2 | planned | - | none | - | -");
  const Table later = make_registry(table_of(example_rows()), base_of(example_interactions()), {}, at(12));
  EXPECT_EQ(told(later)[1], "p2 | overdue | - | none | - | manager");
}

TEST(Registry, FollowsAPlannedInteractionUnlessOneWasHeld) {
  InteractionRow planned{.interaction = "x", .client = "1"};
  planned.channel = "call";
  planned.planned_from = at(10);
  planned.planned_to = at(300);
  const Table rows = table_of({{"a", "1", "Anna", "call", "offer", 10, 30}});
  EXPECT_EQ(told(make_registry(rows, base_of({planned}), {}, at(100)))[0], "a | planned | x | window | - | -");
  EXPECT_EQ(told(make_registry(rows, base_of({planned}), {}, at(300)))[0], "a | overdue | x | window | - | manager");
  EXPECT_EQ(told(make_registry(rows, base_of({planned, held("y", "1", "call", "offer", 50)}), {}, at(100)))[0],
            "a | completed | y | window | - | -");
}

TEST(Registry, ListsRowsThatLostTheirChance) {
  const Table rows =
      table_of({{"a", "1", "Anna", "call", "offer", 10, 30}, {"b", "1", "Anna", "call", "offer", 14, 30}});
  const Table registry = make_registry(rows, base_of({held("x", "1", "call", "offer", 11)}), {}, at(100));
  EXPECT_EQ(told(registry), (std::vector<std::string>{"a | completed | x | ambiguous | - | -",
                                                      "b | overdue | - | ambiguous | x | manager"}));
}

TEST(Registry, SpeaksRussian) {
  RegistryOptions options;
  options.language = Language::russian;
  const Table rows = table_of({{"a", "1", "Anna", "call", "offer", 10, 30}});
  const Table registry = make_registry(rows, base_of({held("x", "1", "call", "offer", 60)}), {}, at(100), options);
  EXPECT_EQ(registry.column("text").to_text(0), "выполнено 2026-12-03, позже плана на 2 дн.");
}

struct Case {
  std::vector<Row> rows;
  std::vector<InteractionRow> interactions;
};

/// Few clients, channels and topics, so that rows and interactions are close to several others.
Case random_case(std::uint64_t seed, std::int64_t step) {
  std::mt19937_64 random(seed);
  const auto up_to = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % (n + 1)); };
  Case made;
  const std::vector<std::string> channels{"call", "meeting"}, topics{"offer", "review", ""};
  for (std::int64_t i = up_to(12); i >= 0; --i) {
    const std::string& topic = topics[static_cast<std::size_t>(up_to(2))];
    made.rows.push_back({"p" + std::to_string(i), std::to_string(up_to(1)), "Anna",
                         channels[static_cast<std::size_t>(up_to(1))],
                         topic.empty() ? std::nullopt : std::optional(topic),
                         up_to(400 / static_cast<std::uint64_t>(step)) * step, 30});
  }
  for (std::int64_t i = up_to(12); i >= 0; --i) {
    InteractionRow row =
        held("i" + std::to_string(i), std::to_string(up_to(1)), channels[static_cast<std::size_t>(up_to(1))],
             topics[static_cast<std::size_t>(up_to(2))], up_to(400 / static_cast<std::uint64_t>(step)) * step);
    if (up_to(3) == 0) row.state = "cancelled";
    made.interactions.push_back(row);
  }
  return made;
}

TEST(Registry, MatchesTheClosestPairFirst) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Case made = random_case(seed, 1);
    // The plain greedy choice: all pairs by state, topics, distance.
    struct Pair {
      int state, topics;
      std::int64_t distance;
      std::size_t row, interaction;
    };
    std::vector<Pair> pairs;
    for (std::size_t p = 0; p < made.rows.size(); ++p)
      for (std::size_t i = 0; i < made.interactions.size(); ++i) {
        const Row& row = made.rows[p];
        const InteractionRow& one = made.interactions[i];
        if (ClientId(row.client) != one.client || row.channel != one.channel) continue;
        const std::int64_t start = one.started_at->time_since_epoch().count(), planned = micros(row.start);
        const std::int64_t late = start / (24 * hour) - planned / (24 * hour);
        if (late < -3 || late > 7) continue;
        int topics = 0;
        if (one.topic != row.topic.value_or("")) topics = !row.topic ? 1 : one.topic.empty() ? 2 : 3;
        if (topics == 3) continue;
        pairs.push_back({one.state == "cancelled" ? 1 : 0, topics, std::abs(start - planned), p, i});
      }
    std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
      return std::tie(a.state, a.topics, a.distance) < std::tie(b.state, b.topics, b.distance);
    });
    std::vector<std::optional<std::size_t>> taken(made.rows.size());
    std::vector<std::uint8_t> used(made.interactions.size());
    bool tie = false;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      if (taken[pairs[k].row] || used[pairs[k].interaction] != 0) continue;
      for (std::size_t other = k + 1; other < pairs.size() && pairs[other].distance == pairs[k].distance; ++other)
        tie |= pairs[other].row == pairs[k].row || pairs[other].interaction == pairs[k].interaction;
      taken[pairs[k].row] = pairs[k].interaction;
      used[pairs[k].interaction] = 1;
    }
    if (tie) continue;
    const Table registry = make_registry(table_of(made.rows), base_of(made.interactions), {}, at(1000));
    for (std::size_t r = 0; r < registry.rows(); ++r) {
      const std::string id = registry.column("id").to_text(r);
      const auto p = static_cast<std::size_t>(
          std::find_if(made.rows.begin(), made.rows.end(), [&](const Row& row) { return row.id == id; }) -
          made.rows.begin());
      ASSERT_EQ(registry.column("interaction").to_text(r), taken[p] ? made.interactions[*taken[p]].interaction : "")
          << seed << ' ' << id;
    }
  }
}

TEST(Registry, IsTheSameForAnyOrderOfRows) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Case made = random_case(seed, 12);  // many ties
    const std::vector<RegistryManager> managers{{"Anna", 45, {}}};
    const auto run = [&] {
      return told(make_registry(table_of(made.rows), base_of(made.interactions), managers, at(200)), true);
    };
    const std::vector<std::string> first = run();
    std::mt19937_64 random(seed);
    std::shuffle(made.rows.begin(), made.rows.end(), random);
    std::shuffle(made.interactions.begin(), made.interactions.end(), random);
    ASSERT_EQ(run(), first) << seed;
  }
}

TEST(Registry, TakesALotOfOneClientInItsStride) {
  std::vector<Row> rows;
  std::vector<InteractionRow> interactions;
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back({"p" + std::to_string(i), "1", "Anna", "call", "offer", 10, 30});
    interactions.push_back(held("i" + std::to_string(i), "1", "call", "offer", 10));
  }
  const Table registry = make_registry(table_of(rows), base_of(interactions), {}, at(100));
  const std::vector<std::string> all = told(registry);
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const std::string& one) { return one.find("completed") != std::string::npos; }),
            20'000);
}

TEST(Registry, TakesTheMinutesOfSingleDaysInPlaceOfThoseOfAllDays) {
  const std::vector<Row> rows{{"p1", "1", "Anna", "call", "offer", 10, 30},
                              {"p2", "1", "Anna", "call", "offer", 34, 30}};
  RegistryManager anna{"Anna", 29, {}};
  const auto faults = [&] {
    std::string all;
    const Table made = make_registry(table_of(rows), ClientBase(), std::vector{anna}, at(200));
    for (std::size_t row = 0; row < made.rows(); ++row) all += made.column("fault").to_text(row) + ' ';
    return all;
  };
  EXPECT_EQ(faults(), "over_capacity over_capacity ");
  anna.days = {{Day{std::chrono::year{2026} / 12 / 2}, 30}};
  EXPECT_EQ(faults(), "over_capacity manager ");
  anna.minutes.reset();
  EXPECT_EQ(faults(), "manager manager ");
  anna.days[0].second = 29;
  EXPECT_EQ(faults(), "manager over_capacity ");
}

TEST(Registry, TellsManagersApartWhoseIdsDifferOnlyInHowTheyAreWritten) {
  const Day day{std::chrono::year{2026} / 12 / 1};
  const std::vector<RegistryManager> managers{{"1-1", 60, {{day, day}}}, {"11", 60, {}}, {"anna", 60, {{day, day}}}};
  const auto fault = [&](const char* manager) {
    const Table made =
        make_registry(table_of({{"p1", "1", manager, "call", "offer", 10, 30}}), ClientBase(), managers, at(200));
    return made.column("fault").to_text(0);
  };
  EXPECT_EQ(fault("1-1"), "absence");
  EXPECT_EQ(fault("11"), "manager");
  EXPECT_EQ(fault("Anna"), "absence");  // like one of them
  EXPECT_EQ(fault("1 1"), "manager");   // like two, and none of them
}

TEST(Registry, OfNothingIsEmpty) {
  EXPECT_EQ(make_registry(table_of({}), ClientBase(), {}, at(0)).rows(), 0U);
  EXPECT_EQ(told(make_registry(table_of({{"a", "1", "Anna", "call", "offer", 10, 0}}), ClientBase(), {}, at(0)))[0],
            "a | planned | - | none | - | -");
}

TEST(Registry, NamesWhatIsWrong) {
  const auto broken = [](const auto& breaking) {
    Table table = table_of({{"a", "1", "Anna", "call", "offer", 10, 30}, {"b", "1", "Anna", "call", "offer", 11, 30}});
    std::vector<RegistryManager> managers{{"Anna"}, {"Boris"}};
    RegistryOptions options;
    breaking(table, managers, options);
    try {
      static_cast<void>(make_registry(table, ClientBase(), managers, at(0), options));
    } catch (const Error& error) {
      return std::string(name(error.code())) + ' ' + error.where();
    }
    return std::string("nothing");
  };
  using T = Table;
  using M = std::vector<RegistryManager>;
  using O = RegistryOptions;
  const std::vector<std::optional<std::string>> hole{"a", std::nullopt};
  EXPECT_EQ(broken([](T&, M&, O&) {}), "nothing");
  EXPECT_EQ(broken([](T& t, M&, O&) { t = Table({t.column("id")}); }), "not_found planned.client");
  for (const char* column : {"id", "client", "manager", "channel"})
    EXPECT_EQ(broken([&](T& t, M&, O&) { t.set(Column(column, hole)); }),
              std::string("invalid_argument planned.") + column + "[1]");
  EXPECT_EQ(broken([](T& t, M&, O&) { t.set(t.column("id").renamed("start")); }), "invalid_argument planned.start");
  EXPECT_EQ(broken([](T& t, M&, O&) { t.set(t.column("start").renamed("client")); }),
            "invalid_argument planned.client");
  EXPECT_EQ(broken([](T& t, M&, O&) { t.set(t.column("client").renamed("minutes")); }),
            "invalid_argument planned.minutes");
  EXPECT_EQ(broken([](T& t, M&, O&) {
              t.set(Column("id", std::vector<std::string>{"a", "a"}));
            }),
            "invalid_argument planned.id[1]");
  EXPECT_EQ(broken([](T& t, M&, O&) {
              Buffer<std::int64_t> ends(2, micros(9));
              t.add(Column("end", ColumnType::instant, std::move(ends)));
            }),
            "invalid_argument planned.end[0]");
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min() + 1, most = -least;
  EXPECT_EQ(broken([&](T& t, M&, O&) { t.set(Column("start", ColumnType::instant, Buffer<std::int64_t>(2, least))); }),
            "invalid_argument planned.start[0]");
  EXPECT_EQ(broken([&](T& t, M&, O&) { t.add(Column("end", ColumnType::instant, Buffer<std::int64_t>(2, most))); }),
            "invalid_argument planned.end[0]");
  EXPECT_EQ(broken([](T& t, M&, O&) { t.set(Column("minutes", ColumnType::int32, Buffer<std::int32_t>(2, -5))); }),
            "invalid_argument planned.minutes[0]");
  EXPECT_EQ(broken([](T&, M& m, O&) { m[1].manager = "Anna"; }), "invalid_argument managers[1]");
  EXPECT_EQ(broken([](T&, M& m, O&) { m[1].manager = "ANNA"; }), "nothing");
  EXPECT_EQ(broken([](T&, M& m, O&) { m[1].minutes = -1; }), "invalid_argument managers[1].minutes");
  EXPECT_EQ(broken([](T&, M& m, O&) { m[1].days = {{Day{}, -1}}; }), "invalid_argument managers[1].days");
  EXPECT_EQ(broken([](T&, M& m, O&) { m[0].days = {{Day{}, 1}, {Day{}, 1}}; }), "invalid_argument managers[0].days");
  EXPECT_EQ(broken([](T&, M& m, O&) {
              m[0].absences = {{Day{} + std::chrono::days{1}, Day{}}};
            }),
            "invalid_argument managers[0].absences");
  EXPECT_EQ(broken([](T&, M&, O& o) { o.days_before = -1; }), "invalid_argument days_before");
  EXPECT_EQ(broken([](T&, M&, O& o) { o.days_after = 367; }), "invalid_argument days_after");
}

}  // namespace
}  // namespace klientela
