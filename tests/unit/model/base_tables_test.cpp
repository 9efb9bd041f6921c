// Tables out of a base: every type, null and order.
#include "klientela/model/base_tables.hpp"

#include <gtest/gtest.h>

#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

TEST(BaseTables, GiveBackWhatWasDelivered) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 20, .kind = "person", .emails = {"a", "b"}, .birthday = first_day});
  builder.add(ClientRow{.client = 3, .parent = ClientId(20), .name = "Three", .region = "north"});
  ClientBase base = builder.build().base;
  builder.add(ClientRow{.client = 20, .kind = "organisation", .phones = {"1"}});
  builder.add(
      TransactionRow{.client = 3, .at = Instant(first_day), .amount = Money::from_units(-15'000), .refund = true});
  builder.add(TransactionRow{.client = 4, .at = Instant(first_day), .amount = Money::from_units(1)});  // no card
  base = extend(base, builder.take_tables()).base;
  const Table clients = table_of(base, TableId::clients);
  ASSERT_EQ(clients.rows(), 2U);
  EXPECT_EQ(clients.column("client").type(), ColumnType::int64);
  EXPECT_EQ(clients.column("client").to_text(0), "3");
  EXPECT_EQ(clients.column("parent").to_text(0), "20");
  EXPECT_TRUE(clients.column("parent").is_null(1));
  EXPECT_EQ(clients.column("kind").to_text(1), "organisation");  // the newest card as a whole
  EXPECT_TRUE(clients.column("emails").is_null(1));
  EXPECT_EQ(clients.column("phones").to_text(1), "1");
  EXPECT_EQ(clients.column("region").to_text(0), "north");
  EXPECT_EQ(clients.find("city"), nullptr);
  const Table transactions = table_of(base, TableId::transactions);
  ASSERT_EQ(transactions.rows(), 1U);
  EXPECT_EQ(transactions.column("amount").to_text(0), "-1.5");
  EXPECT_EQ(transactions.column("refund").to_text(0), "true");
  EXPECT_EQ(transactions.column("at").type(), ColumnType::instant);
  EXPECT_EQ(table_of(base, TableId::feedback).columns().size(), 0U);
}

TEST(BaseTables, GiveListsAndIdsAsText) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = "x", .emails = {"a", "b"}}).add(ClientRow{.client = 7});
  const Table clients = table_of(builder.build().base, TableId::clients);
  EXPECT_EQ(clients.column("client").type(), ColumnType::text);
  EXPECT_EQ(clients.column("client").to_text(0), "7");
  EXPECT_EQ(clients.column("emails").to_text(1), "a;b");
}

}  // namespace
}  // namespace klientela
