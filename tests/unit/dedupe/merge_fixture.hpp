// A base with every table for tests of merging, and its bytes as exported.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "klientela/ingest/builder.hpp"
#include "klientela/model/base_tables.hpp"

namespace klientela::test {

/// Every cell of a table, nulls told from empty texts.
inline std::string bytes_of(const Table& table) {
  std::string bytes;
  for (const Column& column : table.columns()) {
    bytes += column.name() + '\n';
    for (std::size_t row = 0; row < column.size(); ++row)
      bytes += column.is_null(row) ? std::string("\x01\n") : column.to_text(row) + '\n';
  }
  return bytes;
}

/// All tables of a base.
inline std::string bytes_of(const ClientBase& base) {
  std::string bytes;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<TableId>(t);
    bytes += std::string(spec(table).name) + '\n' + bytes_of(table_of(base, table));
  }
  for (std::size_t row = 0; row < base.clients(); ++row) bytes += base.client_column().to_text(row) + '\n';
  return bytes;
}

inline Instant at(int day, int hour = 0) {
  return Instant(first_day + std::chrono::days(40'000 + day)) + std::chrono::hours(hour);
}

/// Persons 1 to n, every tenth number an organisation, with roles, purchases, requests, interactions, answers.
inline ClientBase random_base(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  const auto any = [&](std::size_t most) { return static_cast<std::int64_t>(random() % most); };
  const auto text = [&](const char* stem, std::size_t most) { return stem + std::to_string(any(most)); };
  const auto somebody = [&] { return ClientId(1 + any(n)); };
  BaseBuilder builder;
  const std::vector<std::string> sources{"site", "shop", "call"};
  const std::vector<std::string> roles{"buyer", "user", "decider", ""};
  for (std::size_t i = 1; i <= n; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(i)};
    if (i % 10 == 0) {
      row.kind = "organisation";
      row.name = text("Works ", 500);
      if (i > 100) row.parent = ClientId(static_cast<std::int64_t>(10 * (1 + any(i / 10 - 1))));
    } else {
      if (i % 3 != 0) row.kind = "person";
      row.given_name = text("given", 50);
      row.family_name = text("family", 300);
    }
    if (any(3) > 0) row.emails = {text("mail", 5000) + "@example.com"};
    if (any(3) > 0) row.phones = {"+7 912 " + std::to_string(1'000'000 + any(9'000'000)), text("+49 30 ", 99999)};
    if (any(2) > 0) row.city = text("city", 40);
    if (any(2) > 0) row.street = text("street ", 400);
    if (any(2) > 0) row.region = text("region", 9);
    if (any(2) > 0) row.postcode = text("1", 9999);
    if (any(2) > 0) row.birthday = first_day + std::chrono::days(20'000 + any(20'000));
    row.source = sources[static_cast<std::size_t>(any(3))];
    if (any(4) > 0) row.created_at = at(static_cast<int>(any(900)));
    if (any(4) > 0) row.updated_at = at(static_cast<int>(900 + any(900)));
    builder.add(row);
  }
  for (std::size_t i = 0; i < n; ++i) {
    builder.add(ContactRow{
        .contact = somebody(),
        .organisation = ClientId(10 * (1 + any(n / 10))),
        .role = roles[static_cast<std::size_t>(any(4))],
        .title = any(2) > 0 ? text("title ", 20) : "",
        .primary = any(2) > 0 ? std::optional(any(2) > 0) : std::nullopt,
        .since = any(2) > 0 ? std::optional(first_day + std::chrono::days(30'000 + any(999))) : std::nullopt});
    builder.add(ConsentRow{.client = somebody(),
                           .channel = any(2) > 0 ? "email" : "phone",
                           .purpose = any(2) > 0 ? "marketing" : "",
                           .granted = any(2) > 0,
                           .since = at(static_cast<int>(any(999)))});
    for (int k = 0; k < 2; ++k)
      builder.add(TransactionRow{.client = somebody(),
                                 .at = at(static_cast<int>(any(999)), static_cast<int>(any(24))),
                                 .amount = Money::from_units(any(10'000'000)),
                                 .order = text("order", n),
                                 .product = text("product", 50)});
    builder.add(InteractionRow{.interaction = text("call ", n),
                               .client = somebody(),
                               .contact = any(2) > 0 ? std::optional(somebody()) : std::nullopt,
                               .channel = "phone",
                               .started_at = at(static_cast<int>(any(999))),
                               .subject = text("said ", 99)});
    builder.add(RequestRow{
        .client = somebody(), .at = at(static_cast<int>(any(999))), .source = "site", .subject = text("asked ", 99)});
    builder.add(FeedbackRow{.client = somebody(),
                            .at = at(static_cast<int>(any(999))),
                            .measure = "nps",
                            .score = Money::from_units(10'000 * any(11)),
                            .comment = text("wrote ", 99)});
  }
  IngestResult result = builder.build();
  return result.base;
}

}  // namespace klientela::test
