// Owners: who fits, who stays, how even the loads are, and that the order of rows changes nothing.
#include "klientela/plan/owners.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace klientela {
namespace {

std::vector<std::int64_t> loads(std::size_t managers, const std::vector<OwnerClient>& clients,
                                const std::vector<Ownership>& owners) {
  std::vector<std::int64_t> sum(managers);
  for (std::size_t c = 0; c < clients.size(); ++c)
    if (owners[c].manager != no_owner) sum[owners[c].manager] += clients[c].minutes;
  return sum;
}

TEST(Owners, HaveWhatTheClientNeeds) {
  const std::vector<OwnerManager> managers{
      {{"north", "english"}, 100}, {{"south", "english", "french"}, 100}, {{"south"}, 0}, {{"north"}, 100, true}};
  const std::vector<OwnerClient> clients{
      {1, 10, {"north"}},  {2, 10, {"french", "south"}}, {3, 10, {"english"}},       {4, 10, {"south"}, 2},
      {5, 10, {"german"}}, {6, 10, {}, no_owner, true},  {7, 10, {"north"}, 0, true}};
  const std::vector<Ownership> owners = assign_owners(managers, clients);
  const std::vector<Ownership> expected{
      {0, OwnerReason::only_one},          {1, OwnerReason::only_one}, {0, OwnerReason::least_load},
      {1, OwnerReason::only_one},  // the owner is absent
      {no_owner, OwnerReason::no_manager}, {3, OwnerReason::only_one}, {3, OwnerReason::only_one}};
  EXPECT_EQ(owners, expected);
}

TEST(Owners, StayUnlessAskedNotTo) {
  const std::vector<OwnerManager> managers(2);
  const std::vector<OwnerClient> clients{{1, 50, {}, 1}, {2, 50, {}, 1}, {3, 20}, {4, 20}};
  EXPECT_EQ(
      assign_owners(managers, clients),
      (std::vector<Ownership>{
          {1, OwnerReason::kept}, {1, OwnerReason::kept}, {0, OwnerReason::least_load}, {0, OwnerReason::least_load}}));
  EXPECT_EQ(loads(2, clients, assign_owners(managers, clients, {.keep = false})), (std::vector<std::int64_t>{70, 70}));
}

TEST(Owners, OfCardsWinOverThoseAnnouncedWhereTheyFit) {
  std::vector<OwnerManager> managers(3);
  managers[2].minutes = 0;  // away
  const auto client = [](std::int64_t id, std::uint32_t owner, std::uint32_t announced) {
    OwnerClient made{id, 50};
    made.owner = owner;
    made.announced = announced;
    return made;
  };
  const std::vector<OwnerClient> clients{client(1, 0, 1), client(2, no_owner, 1), client(3, 2, 1), client(4, 2, 2)};
  EXPECT_EQ(assign_owners(managers, clients),
            (std::vector<Ownership>{
                {0, OwnerReason::kept}, {1, OwnerReason::kept}, {1, OwnerReason::kept}, {0, OwnerReason::least_load}}));
  // Where cards do not count, what was announced still does.
  EXPECT_EQ(assign_owners(managers, clients, {.keep = false}).front(), (Ownership{1, OwnerReason::kept}));
  EXPECT_THROW(static_cast<void>(assign_owners(managers, std::vector{client(1, no_owner, 3)})), Error);
}

TEST(Owners, DifferByTheLargestClientAtMostWhereNothingForbidsIt) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::vector<OwnerManager> managers(1 + random() % 6, OwnerManager{{}, 480});
    std::vector<OwnerClient> clients;
    std::int64_t largest = 0;
    const std::size_t count = 1 + random() % 60;
    for (std::size_t c = 0; c < count; ++c) {
      clients.push_back({static_cast<std::int64_t>(c), static_cast<std::int64_t>(random() % 300)});
      largest = std::max(largest, clients.back().minutes);
    }
    const std::vector<std::int64_t> sums = loads(managers.size(), clients, assign_owners(managers, clients));
    const auto [least, most] = std::minmax_element(sums.begin(), sums.end());
    ASSERT_LE(*most - *least, largest) << round;
  }
}

TEST(Owners, AreTheSameForAnyOrderOfRows) {
  std::mt19937_64 random(4);
  const std::vector<std::string> tags{"a", "b", "c"};
  for (int round = 0; round < 50; ++round) {
    std::vector<OwnerManager> managers(4);
    for (OwnerManager& manager : managers) {
      manager.minutes = static_cast<std::int64_t>(random() % 3 * 100);
      for (const std::string& tag : tags)
        if (random() % 2 == 0) manager.tags.push_back(tag);
    }
    std::vector<OwnerClient> clients;
    for (std::int64_t c = 0; c < 40; ++c) {
      OwnerClient client{c, static_cast<std::int64_t>(random() % 5 * 10)};
      if (random() % 2 == 0) client.needs = {tags[random() % 3], tags[random() % 3]};
      if (random() % 3 == 0) client.owner = static_cast<std::uint32_t>(random() % 4);
      clients.push_back(client);
    }
    std::map<ClientId, Ownership> expected;
    const std::vector<Ownership> owners = assign_owners(managers, clients);
    for (std::size_t c = 0; c < clients.size(); ++c) expected[clients[c].id] = owners[c];
    std::shuffle(clients.begin(), clients.end(), random);
    const std::vector<Ownership> shuffled = assign_owners(managers, clients);
    for (std::size_t c = 0; c < clients.size(); ++c) ASSERT_EQ(shuffled[c], expected[clients[c].id]) << round;
  }
}

TEST(Owners, EvenOutWhatTheFirstChoiceCouldNotSee) {
  // The client of 60 goes to manager 0, of equals the first; then only manager 0 fits the one of 50.
  const std::vector<OwnerManager> managers{{{"a"}, 100}, {{}, 100}};
  const std::vector<OwnerClient> clients{{1, 60}, {2, 50, {"a"}}, {3, 10, {"a"}}};
  const std::vector<Ownership> owners = assign_owners(managers, clients);
  EXPECT_EQ(loads(2, clients, owners), (std::vector<std::int64_t>{60, 60}));
  EXPECT_EQ(owners[0], (Ownership{1, OwnerReason::balanced}));
}

TEST(Owners, RefuseWhatMakesNoSense) {
  const auto where = [](std::vector<OwnerManager> managers, std::vector<OwnerClient> clients) {
    try {
      static_cast<void>(assign_owners(managers, clients));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string();
  };
  EXPECT_EQ(where({{{}, -1}}, {}), "managers[0]");
  EXPECT_EQ(where({{}}, {{1, 0, {}, 1}}), "clients[0]");
  EXPECT_EQ(where({{}}, {{1, -5}}), "clients[0]");
  EXPECT_EQ(where({{}}, {{1}, {1}}), "clients[1]");
  EXPECT_EQ(where({}, {}), "");
}

}  // namespace
}  // namespace klientela
