// Rows to columns to Arrow streams, so that built bases pass the same checks as delivered ones.
#include "klientela/ingest/builder.hpp"

#include <algorithm>

#include "klientela/core/table.hpp"

namespace klientela {

struct BaseBuilder::Rows {
  std::vector<ClientRow> clients;
  std::vector<ContactRow> contacts;
  std::vector<DirectoryRow> directories;
  std::vector<ConsentRow> consents;
  std::vector<TransactionRow> transactions;
  std::vector<RequestRow> requests;
  std::vector<InteractionRow> interactions;
  std::vector<FeedbackRow> feedback;
};

namespace {

std::optional<std::string> cell(const ClientId& id) { return id.to_text(); }
std::optional<std::string> cell(const std::optional<ClientId>& id) {
  return id ? std::optional(id->to_text()) : std::nullopt;
}
std::optional<std::string> cell(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }
std::optional<std::string> cell(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    if (text.find(';') != std::string::npos)
      throw Error(Code::invalid_argument, "a value of a list holds ';': \"" + text + "\"");
    if (!joined.empty()) joined += ';';
    joined += text;
  }
  return joined.empty() ? std::nullopt : std::optional(joined);
}

/// Columns of one table; a column without any value is left out.
template <class Row>
class Columns {
 public:
  explicit Columns(const std::vector<Row>& rows) : rows_(rows) {}

  template <class Member>
  Columns& text(const char* name, Member Row::*member, bool always = false) {
    std::vector<std::optional<std::string>> values;
    values.reserve(rows_.size());
    bool any = always;
    for (const Row& row : rows_) {
      values.push_back(cell(row.*member));
      any = any || values.back().has_value();
    }
    if (any) table_.add(Column(name, values));
    return *this;
  }
  Columns& money(const char* name, std::optional<Money> Row::*member) {
    return typed<std::int64_t>(name, ColumnType::money, member, [](Money value) { return value.units(); });
  }
  Columns& instant(const char* name, std::optional<Instant> Row::*member, bool always = false) {
    return typed<std::int64_t>(
        name, ColumnType::instant, member, [](Instant value) { return value.time_since_epoch().count(); }, always);
  }
  Columns& day(const char* name, std::optional<Day> Row::*member) {
    return typed<std::int32_t>(name, ColumnType::day, member,
                               [](Day value) { return static_cast<std::int32_t>(value.time_since_epoch().count()); });
  }
  Columns& boolean(const char* name, std::optional<bool> Row::*member) {
    return typed<std::uint8_t>(name, ColumnType::boolean, member,
                               [](bool value) { return static_cast<std::uint8_t>(value ? 1 : 0); });
  }
  void into(TableId table, Tables& tables) const {
    if (rows_.empty()) return;
    ArrowArrayStream stream{};
    export_stream(table_, &stream);
    tables.add(table, ArrowStream(&stream));
  }
  [[nodiscard]] bool has(const char* name) const noexcept { return table_.find(name) != nullptr; }
  Columns& nulls(const char* name) {
    table_.add(Column(name, std::vector<std::optional<std::string>>(rows_.size())));
    return *this;
  }

 private:
  template <class Stored, class Value, class Store>
  Columns& typed(const char* name, ColumnType type, std::optional<Value> Row::*member, Store store,
                 bool always = false) {
    Buffer<Stored> values(rows_.size());
    Buffer<std::uint8_t> valid((rows_.size() + 7) / 8, std::uint8_t{0});
    bool any = always;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& value = rows_[i].*member;
      values[i] = value ? static_cast<Stored>(store(*value)) : Stored{};
      if (value) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
      any = any || value.has_value();
    }
    if (any) table_.add(Column(name, type, std::move(values), std::move(valid)));
    return *this;
  }

  const std::vector<Row>& rows_;
  Table table_;
};

}  // namespace

BaseBuilder::BaseBuilder() : rows_(std::make_unique<Rows>()) {}
BaseBuilder::~BaseBuilder() = default;
BaseBuilder::BaseBuilder(BaseBuilder&&) noexcept = default;
BaseBuilder& BaseBuilder::operator=(BaseBuilder&&) noexcept = default;

BaseBuilder& BaseBuilder::add(ClientRow row) {
  rows_->clients.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(ContactRow row) {
  rows_->contacts.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(DirectoryRow row) {
  rows_->directories.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(ConsentRow row) {
  rows_->consents.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(TransactionRow row) {
  rows_->transactions.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(RequestRow row) {
  rows_->requests.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(InteractionRow row) {
  rows_->interactions.push_back(std::move(row));
  return *this;
}
BaseBuilder& BaseBuilder::add(FeedbackRow row) {
  rows_->feedback.push_back(std::move(row));
  return *this;
}

Tables BaseBuilder::take_tables() {
  Tables tables;
  {
    using R = ClientRow;
    Columns<R> c(rows_->clients);
    c.text("client", &R::client, true).text("kind", &R::kind).text("parent", &R::parent).text("name", &R::name);
    c.text("given_name", &R::given_name).text("middle_name", &R::middle_name).text("family_name", &R::family_name);
    c.text("emails", &R::emails).text("phones", &R::phones).text("addresses", &R::addresses);
    c.text("street", &R::street)
        .text("house", &R::house)
        .text("street_2", &R::street_2)
        .text("city", &R::city)
        .text("region", &R::region)
        .text("postcode", &R::postcode);
    c.text("country", &R::country).text("tax_numbers", &R::tax_numbers).text("identifiers", &R::identifiers);
    c.text("websites", &R::websites).day("birthday", &R::birthday).text("language", &R::language);
    c.text("time_zone", &R::time_zone).text("source", &R::source).text("owner", &R::owner);
    c.text("relationship_type", &R::relationship_type).text("category", &R::category);
    c.text("industry", &R::industry).instant("created_at", &R::created_at).instant("updated_at", &R::updated_at);
    c.into(TableId::clients, tables);
  }
  {
    using R = ContactRow;
    Columns<R> c(rows_->contacts);
    c.text("contact", &R::contact, true).text("organisation", &R::organisation, true).text("role", &R::role);
    c.text("title", &R::title).boolean("primary", &R::primary).day("since", &R::since).day("until", &R::until);
    c.into(TableId::contacts, tables);
  }
  {
    using R = DirectoryRow;
    Columns<R> c(rows_->directories);
    c.text("directory", &R::directory, true).text("code", &R::code, true).text("title", &R::title);
    c.text("parent", &R::parent).text("aliases", &R::aliases);
    c.into(TableId::directories, tables);
  }
  {
    using R = ConsentRow;
    Columns<R> c(rows_->consents);
    c.text("client", &R::client, true).text("channel", &R::channel, true).text("purpose", &R::purpose);
    c.boolean("granted", &R::granted).instant("since", &R::since).instant("until", &R::until);
    c.text("source", &R::source);
    if (!c.has("granted")) c.nulls("granted");
    c.into(TableId::consents, tables);
  }
  {
    using R = TransactionRow;
    Columns<R> c(rows_->transactions);
    c.text("client", &R::client, true).instant("at", &R::at, true).money("amount", &R::amount);
    c.money("unit_price", &R::unit_price).money("quantity", &R::quantity).money("profit", &R::profit);
    c.text("order", &R::order).text("product", &R::product).text("product_category", &R::product_category);
    c.boolean("refund", &R::refund).text("currency", &R::currency);
    if (!c.has("amount") && !c.has("unit_price")) c.nulls("amount");
    c.into(TableId::transactions, tables);
  }
  {
    using R = RequestRow;
    Columns<R> c(rows_->requests);
    c.text("request", &R::request).text("client", &R::client, true).instant("at", &R::at, true);
    c.text("source", &R::source).text("state", &R::state).text("product", &R::product);
    c.day("revisit_on", &R::revisit_on).text("subject", &R::subject).text("owner", &R::owner);
    c.into(TableId::requests, tables);
  }
  {
    using R = InteractionRow;
    Columns<R> c(rows_->interactions);
    c.text("interaction", &R::interaction).text("client", &R::client, true).text("contact", &R::contact);
    c.text("channel", &R::channel).text("initiative", &R::initiative).text("topic", &R::topic);
    c.instant("planned_from", &R::planned_from, true).instant("planned_to", &R::planned_to);
    c.instant("started_at", &R::started_at, true).instant("ended_at", &R::ended_at).text("state", &R::state);
    c.text("responsible", &R::responsible).text("outcome", &R::outcome).text("subject", &R::subject);
    c.into(TableId::interactions, tables);
  }
  {
    using R = FeedbackRow;
    Columns<R> c(rows_->feedback);
    c.text("client", &R::client, true).instant("at", &R::at, true).text("measure", &R::measure, true);
    c.money("score", &R::score).text("channel", &R::channel).text("interaction", &R::interaction);
    c.text("comment", &R::comment);
    if (!c.has("score")) c.nulls("score");
    c.into(TableId::feedback, tables);
  }
  *rows_ = Rows{};
  return tables;
}

IngestResult BaseBuilder::build(const IngestOptions& options, const Control& control) {
  return ingest(take_tables(), options, control);
}

}  // namespace klientela
