// Overdue begins when the planned interval ends, and only for what is still planned.
#include "klientela/model/interaction_state.hpp"

#include <gtest/gtest.h>

namespace klientela {
namespace {

TEST(InteractionState, OverdueIsDerived) {
  const Instant due{std::chrono::seconds{1'000}};
  const std::int64_t at = due.time_since_epoch().count();
  EXPECT_EQ(state_as_of(0, 0, at, due), InteractionState::overdue);
  EXPECT_EQ(state_as_of(0, 0, at, due - std::chrono::microseconds{1}), InteractionState::planned);
  EXPECT_EQ(state_as_of(0, at, null_instant, due), InteractionState::overdue);
  EXPECT_EQ(state_as_of(0, null_instant, null_instant, due), InteractionState::planned);
  EXPECT_EQ(state_as_of(1, 0, 0, due), InteractionState::completed);
  EXPECT_EQ(state_as_of(2, 0, 0, due), InteractionState::cancelled);
  EXPECT_EQ(name(InteractionState::overdue), "overdue");
}

}  // namespace
}  // namespace klientela
