// Tables row by row, for C++ programs without Arrow: typed rows in, through the same checks as any other delivery.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "klientela/core/money.hpp"
#include "klientela/ingest/ingest.hpp"

namespace klientela {

// One row of each table, meant for designated initialisers. What is left out is null; an empty text is null too. Fields
// mean what docs/tables.md says. Numbers (quantity, score) are exact with four decimals, like money. A value of a list
// (emails, phones, ...) holds no ';'.

struct ClientRow {
  ClientId client;
  std::string kind{};  ///< "organisation" or "person"
  std::optional<ClientId> parent{};
  std::string name{}, given_name{}, middle_name{}, family_name{};
  std::vector<std::string> emails{}, phones{}, addresses{};
  std::string street{}, house{}, street_2{}, city{}, region{}, postcode{}, country{};
  std::vector<std::string> tax_numbers{}, identifiers{}, websites{};
  std::optional<Day> birthday{};
  std::string language{}, time_zone{}, source{}, owner{}, relationship_type{}, category{}, industry{};
  std::optional<Instant> created_at{}, updated_at{};
};

struct ContactRow {
  ClientId contact;
  ClientId organisation;
  std::string role{}, title{};
  std::optional<bool> primary{};
  std::optional<Day> since{}, until{};
};

struct DirectoryRow {
  std::string directory{}, code{}, title{}, parent{};
  std::vector<std::string> aliases{};
};

struct ConsentRow {
  ClientId client;
  std::string channel{}, purpose{};
  std::optional<bool> granted{};
  std::optional<Instant> since{}, until{};
  std::string source{};
};

struct TransactionRow {
  ClientId client;
  std::optional<Instant> at{};
  std::optional<Money> amount{};  ///< null in every row: quantity x unit_price
  std::optional<Money> unit_price{}, quantity{}, profit{};
  std::string order{}, product{}, product_category{};
  std::optional<bool> refund{};
  std::string currency{};
};

struct RequestRow {
  std::string request{};
  ClientId client;
  std::optional<Instant> at{};
  std::string source{}, state{}, product{};
  std::optional<Day> revisit_on{};
  std::string subject{}, owner{};
};

struct InteractionRow {
  std::string interaction{};
  ClientId client;
  std::optional<ClientId> contact{};
  std::string channel{}, initiative{}, topic{};
  std::optional<Instant> planned_from{}, planned_to{}, started_at{}, ended_at{};
  std::string state{}, responsible{}, outcome{}, subject{};
};

struct FeedbackRow {
  ClientId client;
  std::optional<Instant> at{};
  std::string measure{};  ///< "csat", "nps" or "ces"
  std::optional<Money> score{};
  std::string channel{}, interaction{}, comment{};
};

/// Collects rows and makes a base of them. Not thread-safe. Rejected rows count per table in the order of add().
class BaseBuilder {
 public:
  BaseBuilder();
  ~BaseBuilder();
  BaseBuilder(BaseBuilder&&) noexcept;
  BaseBuilder& operator=(BaseBuilder&&) noexcept;

  /// Amortised O(size of the row); returns *this.
  BaseBuilder& add(ClientRow row);
  BaseBuilder& add(ContactRow row);
  BaseBuilder& add(DirectoryRow row);
  BaseBuilder& add(ConsentRow row);
  BaseBuilder& add(TransactionRow row);
  BaseBuilder& add(RequestRow row);
  BaseBuilder& add(InteractionRow row);
  BaseBuilder& add(FeedbackRow row);

  /// The rows so far as streams, one for each table that has any; the builder is empty afterwards.
  /// \throws Error invalid_argument for a value of a list that holds ';'
  [[nodiscard]] Tables take_tables();
  /// ingest(take_tables(), options, control)
  [[nodiscard]] IngestResult build(const IngestOptions& options = {}, const Control& control = {});

 private:
  struct Rows;
  std::unique_ptr<Rows> rows_;
};

}  // namespace klientela
