// Roll-ups: the tree of clients, and features of groups, byte for byte those of a base delivered with the groups' ids.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "klientela/ingest/builder.hpp"
#include "klientela/model/roll_up.hpp"
#include "klientela/model/roll_up_json.hpp"
#include "sample_base.hpp"

namespace klientela {
namespace {

using sample::bytes_of;
using sample::day;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t day_micros = 86'400'000'000;

/// A random base: who belongs to whom, and rows that a relabelling may give to others.
struct World {
  std::map<std::string, std::string> parents;  // by id; empty: none
  std::vector<TransactionRow> lines;
  std::vector<RequestRow> requests;
  std::vector<InteractionRow> interactions;
  std::vector<FeedbackRow> answers;
};

World random_world(unsigned seed, std::size_t clients) {
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  const auto id = [](std::size_t i) { return i % 3 == 0 ? std::to_string(i * 7) : "branch " + std::to_string(i); };
  const auto at = [&] {
    return Instant{std::chrono::microseconds{(20'400 + static_cast<int>(pick(400))) * day_micros}};
  };
  World world;
  for (std::size_t i = 0; i < clients; ++i) world.parents[id(i)] = i == 0 || pick(4) == 0 ? "" : id(pick(i));
  for (std::size_t n = 0; n < clients * 8; ++n) {
    TransactionRow line{.client = ClientId(id(pick(clients))), .at = at()};
    line.amount = Money::from_units(static_cast<std::int64_t>(pick(100'000)) - 10'000);
    line.profit = Money::from_units(static_cast<std::int64_t>(pick(9'000)));
    if (pick(3) != 0) line.order = "order " + std::to_string(pick(clients * 2));
    line.product = "ware " + std::to_string(pick(20));
    line.product_category = "kind " + std::to_string(pick(4));
    world.lines.push_back(line);
  }
  for (std::size_t n = 0; n < clients * 2; ++n) {
    world.requests.push_back({.client = ClientId(id(pick(clients))), .at = at()});
    world.interactions.push_back({.client = ClientId(id(pick(clients))),
                                  .channel = pick(2) == 0 ? "phone" : "email",
                                  .initiative = pick(2) == 0 ? "inbound" : "outbound",
                                  .topic = "topic " + std::to_string(pick(3)),
                                  .started_at = at()});
    world.answers.push_back({.client = ClientId(id(pick(clients))),
                             .at = at(),
                             .measure = pick(2) == 0 ? "csat" : "nps",
                             .score = Money::from_units(static_cast<std::int64_t>(1 + pick(5)) * 10'000)});
  }
  return world;
}

/// The base with rows given to `owner(id)`, and cards of those only that `kept(id)`; rows of owner "" are left out.
template <class Owner, class Kept>
ClientBase delivered(const World& world, Owner owner, Kept kept, bool parents) {
  BaseBuilder builder;
  for (const auto& [id, parent] : world.parents) {
    ClientRow card{.client = ClientId(id)};
    if (parents && !parent.empty()) card.parent = ClientId(parent);
    if (kept(id)) builder.add(card);
  }
  const auto add = [&](const auto& rows) {
    for (auto row : rows) {
      const std::string to = owner(row.client.to_text());
      if (to.empty()) continue;
      row.client = ClientId(to);
      builder.add(row);
    }
  };
  add(world.lines);
  add(world.requests);
  add(world.interactions);
  add(world.answers);
  return builder.build().base;
}

ClientBase as_it_is(const World& world) {
  return delivered(
      world, [](const std::string& id) { return id; }, [](const std::string&) { return true; }, true);
}

std::vector<std::string> path_up(const World& world, const std::string& id) {
  std::vector<std::string> path{id};
  while (!world.parents.at(path.back()).empty()) path.push_back(world.parents.at(path.back()));
  return path;
}

std::string at_level(const World& world, const std::string& id, std::size_t level) {
  const auto path = path_up(world, id);
  return path.size() <= level ? id : path[path.size() - level];
}

TEST(RollUp, GroupsAreAsIfTheirMembersRowsWereDeliveredForThem) {
  ThreadPool pool(3);
  Control threads;
  threads.executor = &pool;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const World world = random_world(seed, 40 + 30 * seed);
    const ClientBase base = as_it_is(world);
    for (const std::int32_t level : {1, 2, 3, 50}) {
      const auto group = [&](const std::string& id) { return at_level(world, id, static_cast<std::size_t>(level)); };
      const ClientBase expected = delivered(
          world, group, [&](const std::string& id) { return group(id) == id; }, false);
      RollUpOptions options;
      options.to = level == 1 && seed % 2 == 0 ? RollUpTo::roots : RollUpTo::level;
      options.level = level;
      const ClientBase rolled = roll_up(base, options, seed % 2 == 0 ? threads : Control{});
      ASSERT_EQ(rolled.clients(), expected.clients());
      for (const auto& window : {std::optional<std::int32_t>(), std::optional<std::int32_t>(90)}) {
        FeatureOptions features;
        features.window_days = window;
        const Day as_of = day("2026-09-01");
        EXPECT_EQ(bytes_of(compute_features(rolled, as_of, features, threads).table()),
                  bytes_of(compute_features(expected, as_of, features).table()))
            << "seed " << seed << ", level " << level;
      }
    }
  }
}

TEST(RollUp, EveryNodeHasAllBelowIt) {
  for (unsigned seed = 10; seed < 14; ++seed) {
    const World world = random_world(seed, 25);
    const ClientBase rolled = roll_up(as_it_is(world), {.to = RollUpTo::every_node});
    ASSERT_EQ(rolled.clients(), world.parents.size());
    const Day as_of = day("2026-09-01");
    const FeatureTable features = compute_features(rolled, as_of);
    for (const auto& [node, parent] : world.parents) {
      const auto below = [&, name = node](const std::string& id) {
        const auto path = path_up(world, id);
        return std::find(path.begin(), path.end(), name) != path.end() ? name : std::string();
      };
      // The same columns for everybody: rows of others go to a client of their own.
      const ClientBase alone = delivered(
          world, [&](const std::string& id) { return below(id).empty() ? "others" : below(id); },
          [&, name = node](const std::string& id) { return id == name; }, false);
      ASSERT_EQ(alone.clients(), 1U);  // others have no card
      const std::size_t row = *rolled.row_of(ClientId(node));
      const FeatureTable one = compute_features(alone, as_of);
      for (const Column& column : one.table().columns()) {
        const Column* found = features.find(column.name());
        ASSERT_NE(found, nullptr) << column.name();
        EXPECT_EQ(found->to_text(row), column.to_text(0)) << node << ": " << column.name();
      }
    }
  }
}

ClientBase tree(std::initializer_list<std::pair<int, int>> links, std::vector<ContactRow> contacts = {}) {
  BaseBuilder builder;
  for (const auto& [id, parent] : links) {
    ClientRow card{.client = ClientId(id)};
    if (parent != 0) card.parent = ClientId(parent);
    builder.add(card);
  }
  for (const ContactRow& contact : contacts) builder.add(contact);
  return builder.build().base;
}

std::string told(const Table& table) {
  std::string text;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const Column& column : table.columns()) text += column.to_text(row) + ' ';
    text += '\n';
  }
  return text;
}

TEST(Hierarchy, SaysWhereEveryClientStands) {
  const Hierarchy hierarchy(tree({{5, 0}, {1, 5}, {2, 1}, {3, 1}, {4, 0}}));
  EXPECT_EQ(told(hierarchy.table()),
            "1 5 5 2 2 3 parent \n"
            "2 1 5 3 0 1 parent \n"
            "3 1 5 3 0 1 parent \n"
            "4  4 1 0 1  \n"
            "5  5 1 1 4  \n");
  EXPECT_EQ(hierarchy.depth(), 3);
  EXPECT_EQ(Hierarchy(ClientBase()).depth(), 0);
  EXPECT_EQ(Hierarchy(ClientBase()).table().rows(), 0U);
}

TEST(Hierarchy, ContactsBelongToTheirOrganisation) {
  const std::vector<ContactRow> contacts{
      {.contact = 11, .organisation = 1},
      {.contact = 11, .organisation = 1, .role = "buyer"},  // two roles at one organisation
      {.contact = 12, .organisation = 1},
      {.contact = 12, .organisation = 2, .primary = true},
      {.contact = 13, .organisation = 1},
      {.contact = 13, .organisation = 2},
      {.contact = 14, .organisation = 1, .until = day("2025-12-31")},
      {.contact = 14, .organisation = 2, .since = day("2026-01-01")},
      {.contact = 15, .organisation = 2},  // its card says otherwise
      {.contact = 2, .organisation = 2},   // itself: says nothing
  };
  const ClientBase base = tree({{1, 0}, {2, 0}, {11, 0}, {12, 0}, {13, 0}, {14, 0}, {15, 1}}, contacts);
  const auto links = [&](const RollUpOptions& options) {
    const Table table = Hierarchy(base, options).table();
    std::vector<std::string> text;
    for (std::size_t row = 0; row < table.rows(); ++row)
      text.push_back(table.column("parent").to_text(row) + table.column("link").to_text(row));
    return text;
  };
  EXPECT_THAT(links({}), ElementsAre("", "", "1contact", "2contact", "undecided", "undecided", "1parent"));
  RollUpOptions options;
  options.on = day("2026-01-01");
  EXPECT_THAT(links(options), ElementsAre("", "", "1contact", "2contact", "undecided", "2contact", "1parent"));
  options.on = day("2025-12-31");
  EXPECT_EQ(links(options)[5], "1contact");
  EXPECT_EQ(Hierarchy(base, options).undecided(), 1U);
  options.contacts = false;
  EXPECT_THAT(links(options), ElementsAre("", "", "", "", "", "", "1parent"));
}

TEST(Hierarchy, NamesACircleFromItsSmallestIdOn) {
  // 3 is a contact of 7, whose parent is 9, which is a contact of 3; another circle has larger ids.
  const ClientBase base =
      tree({{3, 0}, {7, 9}, {9, 0}, {20, 21}, {21, 0}, {2, 3}},
           {{.contact = 3, .organisation = 7}, {.contact = 9, .organisation = 3}, {.contact = 21, .organisation = 20}});
  try {
    (void)roll_up(base);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_EQ(error.where(), "contacts.organisation");
    EXPECT_THAT(error.what(), HasSubstr("3 clients belong to one another in a circle: 3 < 7 < 9 < 3"));
  }
  EXPECT_EQ(roll_up(base, {.contacts = false}).clients(), 3U);
}

TEST(Hierarchy, IngestRejectsUnknownParentsAndLeavesCirclesOut) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .parent = ClientId(2)}).add(ClientRow{.client = 2, .parent = ClientId(1)});
  builder.add(ClientRow{.client = 3, .parent = ClientId(99)}).add(ClientRow{.client = 4});
  const IngestResult read = builder.build();
  ASSERT_EQ(read.rejects.size(), 2U);
  EXPECT_EQ(read.rejects[0].reason, RejectReason::parent_cycle);
  EXPECT_EQ(read.rejects[0].row, 0U);
  EXPECT_EQ(read.rejects[0].value, "1 < 2 < 1");
  EXPECT_EQ(read.rejects[1].reason, RejectReason::unknown_client);
  EXPECT_EQ(read.rejects[1].row, 2U);
  EXPECT_EQ(read.rejects[1].column, "parent");
  EXPECT_EQ(roll_up(read.base).clients(), 2U);  // 1 with 2 below, and 4
}

TEST(Hierarchy, NamesACircleOfParentsInABaseThatWasMapped) {
  // 1 belongs to 2 and 2 to 3, which counts as 1.
  const ClientBase base = tree({{1, 2}, {2, 3}, {3, 0}}, {});
  std::vector<std::uint32_t> canonical(base.codes_in_order().begin(), base.codes_in_order().end());
  canonical[*base.row_of(ClientId(3))] = canonical[*base.row_of(ClientId(1))];
  const ClientBase merged = mapped(ClientMap(base, canonical));
  try {
    (void)roll_up(merged);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_EQ(error.where(), "clients.parent");
    EXPECT_THAT(error.what(), HasSubstr("2 clients belong to one another in a circle: 1 < 2 < 1"));
  }
}

TEST(RollUp, DeepChainsDoNotRecurse) {
  constexpr int depth = 1'000'000;
  Buffer<std::int64_t> ids(depth);
  Buffer<std::int64_t> parents(depth);
  Buffer<std::uint8_t> valid((depth + 7) / 8, 0xFF);
  for (int i = 0; i < depth; ++i) {
    ids[static_cast<std::size_t>(i)] = i;
    parents[static_cast<std::size_t>(i)] = i + 1;
  }
  valid[(depth - 1) / 8] = static_cast<std::uint8_t>(valid[(depth - 1) / 8] & ~(1U << ((depth - 1) % 8)));
  Table cards;
  cards.add(Column("client", ColumnType::int64, std::move(ids)));
  cards.add(Column("parent", ColumnType::int64, std::move(parents), std::move(valid)));
  sample::Data data;
  data.lines.push_back({0, sample::noon("2026-01-01"), sample::units("3")});
  data.lines.push_back({500'000, sample::noon("2026-01-02"), sample::units("4")});
  Tables tables = sample::tables_of(data);
  sample::add(tables, TableId::clients, cards);
  const ClientBase base = ingest(std::move(tables)).base;
  const Hierarchy hierarchy(base);
  EXPECT_EQ(hierarchy.depth(), depth);
  const ClientBase rolled = roll_up(hierarchy);
  ASSERT_EQ(rolled.clients(), 1U);
  EXPECT_EQ(sample::cell(compute_features(rolled, day("2026-01-02")), "money_net", 0), "7");
  EXPECT_EQ(roll_up(hierarchy, {.to = RollUpTo::level, .level = 250'000}).clients(), 250'000U);
  try {
    (void)roll_up(hierarchy, {.to = RollUpTo::every_node});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::out_of_range);
    EXPECT_EQ(error.where(), "max_levels");
    EXPECT_THAT(error.what(), HasSubstr("client 0 is at level 1000000"));
  }
}

TEST(RollUp, MembersAreKnownAsTheirGroup) {
  const ClientBase base = tree({{1, 0}, {2, 1}, {3, 2}, {4, 0}});
  const ClientBase rolled = roll_up(base);
  EXPECT_TRUE(rolled.is_mapped());
  EXPECT_FALSE(base.is_mapped());
  EXPECT_EQ(rolled.id_of(*rolled.code_of(3)).integer(), 1);
  EXPECT_EQ(rolled.row_of(4), 1U);
  EXPECT_EQ(rolled.code_of(99), std::nullopt);
  EXPECT_FALSE(rolled.extends(base));
  EXPECT_EQ(rolled.rows(TableId::clients), 4U);  // cards are nobody else's
  EXPECT_TRUE(rolled.extends(rolled));
  // In two steps it is the same as in one.
  const ClientBase twice = roll_up(roll_up(base, {.to = RollUpTo::level, .level = 2}));
  EXPECT_EQ(twice.clients(), 2U);
  EXPECT_EQ(twice.id_of(*twice.code_of(3)).integer(), 1);
  BaseBuilder more;
  more.add(ClientRow{.client = 9});
  EXPECT_THROW((void)extend(rolled, more.take_tables()), Error);
  const ClientBase nodes = roll_up(base, {.to = RollUpTo::every_node});
  EXPECT_TRUE(nodes.repeats_rows());
  EXPECT_THROW((void)roll_up(nodes), Error);
  EXPECT_EQ(nodes.id_of(*nodes.code_of(3)).integer(), 3);
}

TEST(ClientMap, RefusesWhatIsNoMap) {
  const ClientBase base = tree({{1, 0}, {2, 0}, {3, 0}});
  const auto codes = base.codes_in_order();
  const auto where = [&](std::vector<std::uint32_t> canonical) {
    try {
      const ClientMap map(base, canonical);
      return std::to_string(map.clients());
    } catch (const Error& error) {
      return error.where();
    }
  };
  EXPECT_EQ(where({codes[0], codes[0], codes[2]}), "2");
  EXPECT_EQ(where({codes[0], codes[0]}), "canonical");
  EXPECT_EQ(where({codes[0], codes[0], codes[1]}), "canonical");  // 3 counts as 2, which counts as 1
  EXPECT_EQ(where({codes[0], codes[1], no_code}), "canonical");
  EXPECT_EQ(where({codes[0], codes[1], 4'000'000}), "canonical");
}

TEST(RollUp, OptionsReadBack) {
  const RollUpOptions options{.to = RollUpTo::level, .level = 3, .contacts = false, .max_levels = 5};
  EXPECT_EQ(roll_up_options_from_json(to_json(options)), options);
  EXPECT_EQ(roll_up_options_from_json("{}"), RollUpOptions{});
  for (const char* wrong : {R"({"to": "leaves"})", R"({"level": 0})", R"({"max_levels": 1001})", R"({"on": "2026"})"})
    EXPECT_THROW((void)roll_up_options_from_json(wrong), Error) << wrong;
  EXPECT_THROW((void)roll_up(ClientBase(), {.to = RollUpTo::level, .level = 0}), Error);
  EXPECT_EQ(roll_up(ClientBase()).clients(), 0U);
}

}  // namespace
}  // namespace klientela
