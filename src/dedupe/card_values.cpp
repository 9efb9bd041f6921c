// Reading single values of cards, and checking those that somebody writes.
#include "dedupe/card_values.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "ingest/cells.hpp"
#include "model/own_values.hpp"

namespace klientela::dedupe {
namespace {

[[noreturn]] void refuse(ClientField field, const std::string& message) {
  throw Error(Code::invalid_argument,
              std::string(spec(TableId::clients).fields[static_cast<std::size_t>(field)].name) + ": " + message,
              "values");
}

/// So many digits as a number; -1 for anything else.
int digits(std::string_view text, std::size_t begin, std::size_t count) noexcept {
  if (text.size() < begin + count) return -1;
  int value = 0;
  for (const char c : text.substr(begin, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

FieldType type_of(ClientField field) noexcept {
  return spec(TableId::clients).fields[static_cast<std::size_t>(field)].type;
}

std::optional<Instant> parse_instant(std::string_view text) noexcept {
  const auto day = parse_day(text.substr(0, 10));
  if (!day || text.size() < 17 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') return std::nullopt;
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  int second = 0;
  std::int64_t micros = 0;
  std::size_t at = 16;
  if (text[at] == ':') {
    second = digits(text, at + 1, 2);
    at += 3;
    if (at < text.size() && text[at] == '.') {
      ++at;
      std::int64_t unit = 100'000;
      const std::size_t first = at;
      for (; at < text.size() && digits(text, at, 1) >= 0; ++at, unit /= 10) micros += unit * digits(text, at, 1);
      if (at == first || at - first > 6) return std::nullopt;
    }
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  std::int64_t offset = 0;
  const std::string_view zone = text.substr(std::min(at, text.size()));
  if (zone != "Z") {
    const int hours = digits(zone, 1, 2);
    const int minutes = digits(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours < 0 || hours > 23 ||
        minutes < 0 || minutes > 59)
      return std::nullopt;
    offset = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const std::int64_t seconds = ((hour * 60 + minute - offset) * 60) + second;
  return Instant(*day) + std::chrono::microseconds(seconds * 1'000'000 + micros);
}

OwnCardValue::OwnCardValue(ClientField field, std::vector<std::string> values)
    : type_(type_of(field)), values_(std::move(values)) {
  if (field == ClientField::client) refuse(field, "the id of a card is no value of it");
  if (values_.empty()) return;
  if (type_ != FieldType::texts && values_.size() > 1) refuse(field, "has one value");
  for (std::string& value : values_) {
    if (!detail::valid_utf8(value)) refuse(field, "a value is not UTF-8");
    if (detail::trimmed(value).empty()) refuse(field, "a value is empty; null is no value at all");
    if (type_ == FieldType::term) value = std::string(detail::trimmed(value));
    if (type_ == FieldType::texts && value.find(';') != std::string::npos)
      refuse(field, "\"" + value + "\" holds ';', which stands between values");
  }
  const std::string& value = values_.front();
  if (type_ == FieldType::day) {
    const auto day = parse_day(value);
    if (!day || *day < first_day || *day >= end_day) refuse(field, "\"" + value + "\" is no day of 1900 to 2199");
    number_ = day->time_since_epoch().count();
  } else if (type_ == FieldType::instant) {
    const auto instant = parse_instant(value);
    if (!instant || !detail::in_range(instant->time_since_epoch().count()))
      refuse(field, "\"" + value + "\" is no instant of 1900 to 2199 with Z or an offset, like 2026-11-21T10:00:00Z");
    number_ = instant->time_since_epoch().count();
  } else if (const auto closed = closed_values(TableId::clients, static_cast<std::size_t>(field)); !closed.empty()) {
    const auto known = closed_value(TableId::clients, static_cast<std::size_t>(field), value);
    if (!known) refuse(field, "\"" + value + "\" is none of its values");
    values_.front() = std::string(closed[*known].name);
  }
}

std::optional<ClientId> OwnCardValue::id() const {
  if (type_ != FieldType::client || values_.empty()) return std::nullopt;
  return ClientId(values_.front());
}

CardValue OwnCardValue::value() const {
  CardValue value;
  value.has = !values_.empty();
  value.number = number_;
  if (type_ == FieldType::texts) {
    value.list.assign(values_.begin(), values_.end());
  } else if (value.has) {
    value.text = values_.front();
  }
  return value;
}

CardReader::CardReader(ClientBase base) : base_(std::move(base)) {
  for (std::size_t f = 0; f < client_fields; ++f) terms_[f] = base_.terms(TableId::clients, f);
}

CardValue CardReader::value(std::uint32_t code, ClientField field) const {
  CardValue value;
  const auto card = base_.card_of(code);
  if (!card) return value;
  const Values* values = (*base_.chunks(TableId::clients)[card->chunk])[field];
  if (values == nullptr) return value;
  switch (values->type()) {
    case FieldType::text:
      value.text = values->text(card->row);
      value.has = !detail::trimmed(value.text).empty();
      break;
    case FieldType::texts:
      value.list = values->texts(card->row);
      std::erase_if(value.list, [](std::string_view text) { return detail::trimmed(text).empty(); });
      value.has = !value.list.empty();
      break;
    case FieldType::term:
      value.term = index::code_at(*values, card->row);
      value.has = value.term != no_code;
      if (value.has) value.text = terms_[static_cast<std::size_t>(field)][value.term];
      break;
    case FieldType::client: {
      const std::uint32_t other = index::code_at(*values, card->row);
      value.number = other;
      value.has = other != no_code;
      break;
    }
    case FieldType::day:
      value.number = index::day_at(*values, card->row);
      value.has = value.number != null_day;
      break;
    case FieldType::instant:
      value.number = index::instant_at(*values, card->row);
      value.has = value.number != null_instant;
      break;
    default: break;  // no field of cards
  }
  return value;
}

std::string CardReader::to_text(ClientField field, const CardValue& value, std::string_view between) const {
  if (!value.has) return {};
  switch (type_of(field)) {
    case FieldType::client: return base_.id_of(static_cast<std::uint32_t>(value.number)).to_text();
    case FieldType::day: return klientela::to_text(Day(std::chrono::days(value.number)));
    case FieldType::instant: return klientela::to_text(Instant(std::chrono::microseconds(value.number)));
    case FieldType::texts: {
      std::string joined;
      for (const std::string_view text : value.list) {
        if (!joined.empty()) joined += between;
        joined += text;
      }
      return joined;
    }
    default: return std::string(value.text);
  }
}

}  // namespace klientela::dedupe
