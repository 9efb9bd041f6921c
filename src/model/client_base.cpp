// Reading a client base: ids, order, chunks, cards and terms.
#include "klientela/model/client_base.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "model/base_data.hpp"

namespace klientela {

ClientId::ClientId(std::string_view text) : is_text_(!index::canonical_integer(index::plain_id(text), number_)) {
  if (is_text_) {
    number_ = 0;
    text_ = index::plain_id(text);
  }
}

namespace {

/// Fields that mean the same share a list; every other term field has its own.
struct TermLists {
  std::array<std::vector<std::size_t>, table_count> of;
  std::size_t count{0};
};

TermLists make_term_lists() {
  TermLists lists;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto fields = spec(static_cast<TableId>(t)).fields;
    lists.of[t].assign(fields.size(), no_list);
    for (std::size_t f = 0; f < fields.size(); ++f)
      if (fields[f].type == FieldType::term) lists.of[t][f] = lists.count++;
  }
  const auto share = [&](TableId table, auto field, TableId with, auto with_field) {
    lists.of[static_cast<std::size_t>(table)][static_cast<std::size_t>(field)] =
        lists.of[static_cast<std::size_t>(with)][static_cast<std::size_t>(with_field)];
  };
  share(TableId::requests, RequestField::product, TableId::transactions, TransactionField::product);
  share(TableId::consents, ConsentField::channel, TableId::interactions, InteractionField::channel);
  share(TableId::feedback, FeedbackField::channel, TableId::interactions, InteractionField::channel);
  share(TableId::requests, RequestField::source, TableId::clients, ClientField::source);
  share(TableId::requests, RequestField::owner, TableId::clients, ClientField::owner);
  share(TableId::interactions, InteractionField::responsible, TableId::clients, ClientField::owner);
  return lists;
}

const TermLists& term_lists() {
  static const TermLists lists = make_term_lists();
  return lists;
}

const std::shared_ptr<const ClientBase::Data>& empty_data() {
  static const std::shared_ptr<const ClientBase::Data> empty = [] {
    auto data = std::make_shared<ClientBase::Data>();
    data->clients = std::make_shared<const index::ClientIndex>();
    data->cards = std::make_shared<const Cards>();
    data->terms.resize(term_list_count());
    return data;
  }();
  return empty;
}

}  // namespace

std::size_t term_list_of(TableId table, std::size_t field) noexcept {
  const auto& lists = term_lists().of[static_cast<std::size_t>(table)];
  return field < lists.size() ? lists[field] : no_list;
}

std::size_t term_list_count() noexcept { return term_lists().count; }

ClientBase::ClientBase() : data_(empty_data()) {}

ClientBase::ClientBase(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

const TimeZone& ClientBase::time_zone() const noexcept { return data_->zone; }

const std::string& ClientBase::currency() const noexcept { return data_->currency; }

std::size_t ClientBase::clients() const noexcept { return data_->clients->size(); }

std::span<const std::uint32_t> ClientBase::partition_sizes() const noexcept { return data_->clients->sizes; }

std::span<const std::uint32_t> ClientBase::codes_in_order() const noexcept {
  if (!data_->clients->order) return {};
  return {data_->clients->order->data(), data_->clients->order->size()};
}

ClientId ClientBase::id_of(std::uint32_t code) const { return data_->clients->id_of(code); }

std::optional<std::uint32_t> ClientBase::code_of(const ClientId& id) const {
  const std::uint32_t code =
      id.is_integer() ? data_->clients->find(id.integer()) : data_->clients->find(std::string_view(id.to_text()));
  if (code == no_code) return std::nullopt;
  return data_->map ? (*data_->map)(code) : code;
}

std::optional<std::size_t> ClientBase::row_of(const ClientId& id) const {
  const auto code = code_of(id);
  if (!code) return std::nullopt;
  const auto codes = codes_in_order();
  const auto found = std::lower_bound(codes.begin(), codes.end(), id_of(*code),
                                      [&](std::uint32_t each, const ClientId& sought) { return id_of(each) < sought; });
  return static_cast<std::size_t>(found - codes.begin());
}

bool ClientBase::is_mapped() const noexcept { return data_->derived; }

bool ClientBase::repeats_rows() const noexcept { return data_->repeated; }

Column ClientBase::client_column() const {
  std::call_once(data_->client_column_made, [this] {
    const index::ClientIndex& clients = *data_->clients;
    const std::size_t numbers = clients.numbers_in_order ? clients.numbers_in_order->size() : 0;
    if (numbers == clients.size()) {
      const auto& ids = clients.numbers_in_order;
      data_->client_column =
          Column::view("client", ColumnType::int64,
                       ids ? std::span(ids->data(), numbers) : std::span<const std::int64_t>(), ids, nullptr, 0);
      return;
    }
    const std::size_t rows = clients.size();
    Buffer<std::string_view> texts(rows - numbers);
    clients.texts_of(std::span(clients.order->data() + numbers, texts.size()), texts.data());
    std::array<char, 20> digits;
    const auto number = [&](std::size_t row) -> std::string_view {
      const auto end = std::to_chars(digits.begin(), digits.end(), (*clients.numbers_in_order)[row]).ptr;
      return {digits.data(), static_cast<std::size_t>(end - digits.data())};
    };
    Buffer<std::int64_t> offsets(rows + 1);
    offsets[0] = 0;
    for (std::size_t row = 0; row < rows; ++row)
      offsets[row + 1] =
          offsets[row] + static_cast<std::int64_t>((row < numbers ? number(row) : texts[row - numbers]).size());
    Buffer<char> characters(static_cast<std::size_t>(offsets[rows]));
    constexpr std::size_t ahead = 16;
    for (std::size_t row = 0; row < rows; ++row) {
      if (row >= numbers && row + ahead < rows) __builtin_prefetch(texts[row + ahead - numbers].data());
      const std::string_view id = row < numbers ? number(row) : texts[row - numbers];
      std::copy(id.begin(), id.end(), characters.data() + offsets[row]);
    }
    data_->client_column.emplace("client", std::move(offsets), std::move(characters));
  });
  return *data_->client_column;
}

std::span<const std::shared_ptr<const Chunk>> ClientBase::chunks(TableId table) const noexcept {
  return data_->chunks[static_cast<std::size_t>(table)];
}

std::size_t ClientBase::rows(TableId table) const noexcept { return data_->rows[static_cast<std::size_t>(table)]; }

std::size_t ClientBase::accepted(TableId table) const noexcept {
  return data_->accepted[static_cast<std::size_t>(table)];
}

std::optional<ClientBase::CardPosition> ClientBase::card_of(std::uint32_t code) const {
  const auto& cards = (*data_->cards)[code % client_partitions];
  const std::size_t local = code / client_partitions;
  if (local >= cards.size() || cards[local].chunk == no_code) return std::nullopt;
  return cards[local];
}

std::span<const std::string_view> ClientBase::terms(TableId table, std::size_t field) const {
  const std::size_t list = term_list_of(table, field);
  if (list == no_list || !data_->terms[list]) return {};
  return data_->terms[list]->terms.texts();
}

std::optional<Day> ClientBase::last_purchase_day() const noexcept { return data_->last_purchase_day; }

bool ClientBase::extends(const ClientBase& earlier) const noexcept {
  if (data_ == earlier.data_) return true;
  if (is_mapped() || earlier.is_mapped()) return false;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto& before = earlier.data_->chunks[t];
    const auto& now = data_->chunks[t];
    if (before.size() > now.size() || !std::equal(before.begin(), before.end(), now.begin())) return false;
  }
  return true;
}

namespace index {

std::shared_ptr<ClientBase::Data> copy_of(const ClientBase::Data& data) {
  auto copy = std::make_shared<ClientBase::Data>();
  copy->zone = data.zone;
  copy->currency = data.currency;
  copy->clients = data.clients;
  copy->chunks = data.chunks;
  copy->rows = data.rows;
  copy->accepted = data.accepted;
  copy->cards = data.cards;
  copy->cards_delivered = data.cards_delivered;
  copy->terms = data.terms;
  copy->last_purchase_day = data.last_purchase_day;
  copy->map = data.map;
  copy->derived = data.derived;
  copy->repeated = data.repeated;
  return copy;
}

}  // namespace index
}  // namespace klientela
