// Cards read from a base, normalised once a distinct value, and coded.
#include "klientela/dedupe/cards.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "dedupe/card_data.hpp"
#include "dedupe/text_index.hpp"

namespace klientela {
namespace {

using dedupe::FieldColumn;
using dedupe::max_forms;
using dedupe::TextIndex;
using dedupe::Texts;

struct FieldNames {
  std::string_view name;
  std::vector<std::string_view> forms;
};

const std::array<FieldNames, card_field_count>& field_names() {
  static const std::array<FieldNames, card_field_count> names{{
      {"given_name", {"latin", "folded", "roots"}},
      {"middle_name", {"latin", "folded"}},
      {"family_name", {"latin", "folded", "stem"}},
      {"birthday", {"day"}},
      {"organisation_name", {"core", "folded", "sorted", "acronym"}},
      {"email", {"mailbox", "local", "domain"}},
      {"phone", {"number"}},
      {"address", {"text", "sorted", "street", "house"}},
      {"city", {"latin", "folded"}},
      {"region", {"latin", "folded"}},
      {"postcode", {"text"}},
      {"country", {"folded"}},
      {"tax_number", {"number"}},
      {"identifier", {"text"}},
      {"website", {"registrable"}},
  }};
  return names;
}

/// What a delivered text becomes: the fields that it feeds, each with all forms of one value.
enum class Source : std::uint8_t {
  person,
  organisation,
  email,
  phone,
  address,
  city,
  region,
  postcode,
  country,
  tax_number,
  identifier,
  website
};
constexpr std::size_t source_count = 12;

constexpr std::array<std::array<CardField, 3>, source_count> source_fields{{
    {CardField::given_name, CardField::middle_name, CardField::family_name},
    {CardField::organisation_name},
    {CardField::email},
    {CardField::phone},
    {CardField::address},
    {CardField::city},
    {CardField::region},
    {CardField::postcode},
    {CardField::country},
    {CardField::tax_number},
    {CardField::identifier},
    {CardField::website},
}};
constexpr std::size_t fields_of(Source source) noexcept { return source == Source::person ? 3 : 1; }

/// Between the parts of a value that is put together; no normalised form holds it, and append_part() takes it out.
constexpr char part_mark = '\x1F';

/// The first characters of a text, as many as are looked at.
std::string_view cut(std::string_view text) noexcept {
  if (text.size() <= max_value_characters) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U && ++characters > max_value_characters)
      return text.substr(0, i);
  return text;
}

void append_part(std::string& value, std::string_view part) {
  const std::size_t begin = value.size();
  value.append(cut(part));
  std::replace(value.begin() + static_cast<std::ptrdiff_t>(begin), value.end(), part_mark, ' ');
}

/// The delivered texts of one source, coded as they are.
struct RawColumn {
  std::vector<std::uint32_t> begins;  ///< by card and the end
  std::vector<std::uint32_t> codes;
  Texts texts;  ///< by code, until they are normalised

  void add(TextIndex& index, std::string_view text, std::uint64_t hash) {
    const auto next = static_cast<std::uint32_t>(texts.size());
    const std::uint32_t code = index.code(hash, next, [&](std::uint32_t c) { return texts[c] == text; });
    if (code == next) texts.push_back(text);
    codes.push_back(code);
  }
};

/// Adds texts to a column some at a time, so that the memory of their index is asked for before it is looked at.
class RawTexts {
 public:
  explicit RawTexts(std::size_t cards) : cards_(cards) {
    raw_.begins.reserve(cards + 1);
    raw_.begins.push_back(0);
  }
  void add(std::string_view text) {
    const std::uint64_t hash = TextIndex::hash(text);
    index_.ask(hash);
    texts_.append(text);
    waiting_.emplace_back(texts_.size(), hash);
    if (waiting_.size() == at_once) code_them();
  }
  void end_card() {
    const std::size_t count = raw_.codes.size() + waiting_.size();
    if (count >= no_code) throw Error(Code::out_of_range, "cards have 2^32 values of one field and more", "clients");
    raw_.begins.push_back(static_cast<std::uint32_t>(count));
  }
  RawColumn done() {
    code_them();
    return std::move(raw_);
  }

 private:
  static constexpr std::size_t at_once = 32;

  void code_them() {
    std::size_t begin = 0;
    for (const auto& [end, hash] : waiting_) {
      raw_.add(index_, std::string_view(texts_).substr(begin, end - begin), hash);
      begin = end;
    }
    texts_.clear();
    waiting_.clear();
    // When an eighth of them is coded, the rest is taken to be like it where most differ: nothing is moved then.
    if (looked_at_ || raw_.begins.size() < cards_ / 8) return;
    looked_at_ = true;
    const double times = static_cast<double>(cards_) / static_cast<double>(raw_.begins.size());
    raw_.codes.reserve(static_cast<std::size_t>(1.05 * times * static_cast<double>(raw_.codes.size())));
    if (raw_.texts.size() <= raw_.codes.size() / 2) return;
    index_.reserve(static_cast<std::size_t>(times * static_cast<double>(raw_.texts.size())));
    raw_.texts.reserve_times(times);
  }

  std::size_t cards_;
  bool looked_at_{false};  ///< what there is, for what is to come
  RawColumn raw_;
  TextIndex index_;
  std::string texts_;                                           ///< that wait, after each other
  std::vector<std::pair<std::size_t, std::uint64_t>> waiting_;  ///< where each ends, its hash
};

/// Reads fields of cards wherever their chunks are.
class CardFields {
 public:
  explicit CardFields(const PreparedCards::Data& data) : data_(data) {
    positions_.reserve(data.codes.size());
    for (std::size_t card = 0; card < data.codes.size(); ++card)
      positions_.push_back(*base_of(card).card_of(data.codes[card]));
  }
  [[nodiscard]] std::size_t size() const noexcept { return positions_.size(); }
  /// Whether the file of some card has one of the columns.
  [[nodiscard]] bool has_any(std::span<const ClientField> fields) const {
    for (const ClientBase& base : data_.bases)
      for (const auto& chunk : base.chunks(TableId::clients))
        if (std::any_of(fields.begin(), fields.end(), [&](ClientField field) { return (*chunk)[field] != nullptr; }))
          return true;
    return false;
  }
  [[nodiscard]] std::string_view text(std::size_t card, ClientField field) const {
    const Values* values = column(card, field);
    return values == nullptr ? std::string_view() : values->text(positions_[card].row);
  }
  [[nodiscard]] std::vector<std::string_view> texts(std::size_t card, ClientField field) const {
    const Values* values = column(card, field);
    return values == nullptr ? std::vector<std::string_view>() : values->texts(positions_[card].row);
  }
  [[nodiscard]] std::uint32_t term(std::size_t card, ClientField field) const {
    const Values* values = column(card, field);
    std::uint32_t code = no_code;
    if (values != nullptr) values->codes(positions_[card].row, {&code, 1});
    return code;
  }
  [[nodiscard]] std::string_view term_text(std::size_t card, ClientField field) const {
    const std::uint32_t code = term(card, field);
    return code == no_code ? std::string_view()
                           : base_of(card).terms(TableId::clients, static_cast<std::size_t>(field))[code];
  }
  [[nodiscard]] std::int32_t day(std::size_t card, ClientField field) const {
    const Values* values = column(card, field);
    std::int32_t day = null_day;
    if (values != nullptr) values->days(positions_[card].row, {&day, 1});
    return day;
  }

 private:
  [[nodiscard]] const Values* column(std::size_t card, ClientField field) const {
    return (*base_of(card).chunks(TableId::clients)[positions_[card].chunk])[field];
  }
  [[nodiscard]] const ClientBase& base_of(std::size_t card) const noexcept {
    return data_.bases[card < data_.first_list ? 0 : 1];
  }

  const PreparedCards::Data& data_;
  std::vector<ClientBase::CardPosition> positions_;
};

constexpr std::uint32_t organisation_kind = 0;  // places in closed_values() of the field
constexpr std::uint32_t person_kind = 1;

/// Whose name the whole name of a card is.
bool names_organisation(const CardFields& reader, std::size_t card) {
  const std::uint32_t kind = reader.term(card, ClientField::kind);
  if (kind == organisation_kind || kind == person_kind) return kind == organisation_kind;
  return reader.text(card, ClientField::given_name).empty() && reader.text(card, ClientField::family_name).empty();
}

/// What a source has to say of one card; `part` is memory to put parts together in.
template <class Add>
void read_source(const CardFields& reader, std::size_t card, Source source, std::string& part, Add add) {
  const auto list = [&](ClientField field) {
    for (const std::string_view text : reader.texts(card, field)) add(cut(text));
  };
  const auto one = [&](std::string_view text) {
    if (!text.empty()) add(cut(text));
  };
  part.clear();
  switch (source) {
    case Source::person: {
      const std::string_view given = reader.text(card, ClientField::given_name);
      const std::string_view middle = reader.text(card, ClientField::middle_name);
      const std::string_view family = reader.text(card, ClientField::family_name);
      if (given.empty() && family.empty()) {
        const std::string_view whole = reader.text(card, ClientField::name);
        if (whole.empty() || names_organisation(reader, card)) return;
        append_part(part, whole);
        add(part);
        return;
      }
      append_part(part, given);
      part += part_mark;
      append_part(part, middle);
      part += part_mark;
      append_part(part, family);
      add(part);
      return;
    }
    case Source::organisation:
      if (names_organisation(reader, card)) one(reader.text(card, ClientField::name));
      return;
    case Source::email: list(ClientField::emails); return;
    case Source::phone: {
      const std::string_view country = reader.term_text(card, ClientField::country);
      const bool region = country.size() == 2;
      for (const std::string_view text : reader.texts(card, ClientField::phones)) {
        part.clear();
        append_part(part, text);
        if (region) part.append(1, part_mark).append(country);
        add(part);
      }
      return;
    }
    case Source::address: {
      list(ClientField::addresses);
      const std::string_view street = reader.text(card, ClientField::street);
      const std::string_view house = reader.text(card, ClientField::house);
      const std::string_view more = reader.text(card, ClientField::street_2);
      if (street.empty() && more.empty()) return;
      for (const std::string_view text : {house, street, more}) {
        if (text.empty()) continue;
        if (!part.empty()) part += ' ';
        part.append(cut(text));
      }
      add(part);
      return;
    }
    case Source::city: one(reader.text(card, ClientField::city)); return;
    case Source::region: one(reader.term_text(card, ClientField::region)); return;
    case Source::postcode: one(reader.text(card, ClientField::postcode)); return;
    case Source::country: one(reader.term_text(card, ClientField::country)); return;
    case Source::tax_number: list(ClientField::tax_numbers); return;
    case Source::identifier: list(ClientField::identifiers); return;
    case Source::website: list(ClientField::websites); return;
  }
}

/// The columns that may say something of a source.
std::span<const ClientField> columns_of(Source source) noexcept {
  static constexpr ClientField person[] = {ClientField::given_name, ClientField::middle_name, ClientField::family_name,
                                           ClientField::name};
  static constexpr ClientField organisation[] = {ClientField::name};
  static constexpr ClientField email[] = {ClientField::emails};
  static constexpr ClientField phone[] = {ClientField::phones};
  static constexpr ClientField address[] = {ClientField::addresses, ClientField::street, ClientField::street_2};
  static constexpr ClientField city[] = {ClientField::city};
  static constexpr ClientField region[] = {ClientField::region};
  static constexpr ClientField postcode[] = {ClientField::postcode};
  static constexpr ClientField country[] = {ClientField::country};
  static constexpr ClientField tax_number[] = {ClientField::tax_numbers};
  static constexpr ClientField identifier[] = {ClientField::identifiers};
  static constexpr ClientField website[] = {ClientField::websites};
  switch (source) {
    case Source::person: return person;
    case Source::organisation: return organisation;
    case Source::email: return email;
    case Source::phone: return phone;
    case Source::address: return address;
    case Source::city: return city;
    case Source::region: return region;
    case Source::postcode: return postcode;
    case Source::country: return country;
    case Source::tax_number: return tax_number;
    case Source::identifier: return identifier;
    case Source::website: return website;
  }
  return {};
}

RawColumn read_raw(const CardFields& reader, Source source) {
  if (!reader.has_any(columns_of(source))) return {};
  RawTexts raw(reader.size());
  std::string part;
  for (std::size_t card = 0; card < reader.size(); ++card) {
    read_source(reader, card, source, part, [&](std::string_view text) { raw.add(text); });
    raw.end_card();
  }
  return raw.done();
}

/// The forms of one value, as its normaliser holds them until the next. Empty in the first form: no value.
struct Forms {
  std::array<std::string_view, max_forms> texts;
};

/// A Latin form without its blanks.
void alphanumeric(std::string_view from, std::string& to) {
  to.clear();
  for (const char c : from)
    if (c != ' ') to += c;
}

/// Normalises texts of one source. One to a thread.
class SourceNormaliser {
 public:
  SourceNormaliser(const Normaliser& normaliser, Source source) : normaliser_(normaliser), source_(source) {}

  /// Writes fields_of(source) values.
  void operator()(std::string_view raw, std::span<Forms> out) {
    switch (source_) {
      case Source::person: person(raw, out); return;
      case Source::organisation:
        normaliser_.organisation(raw, organisation_);
        set(out[0], {organisation_.core, organisation_.folded, organisation_.sorted, organisation_.acronym});
        return;
      case Source::email:
        normaliser_.email(raw, email_);
        set(out[0], {email_.mailbox, email_.local, email_.domain});
        return;
      case Source::phone: {
        const std::size_t mark = raw.find(part_mark);
        const std::string_view region = mark == raw.npos ? std::string_view() : raw.substr(mark + 1);
        normaliser_.phone(raw.substr(0, mark), phone_, known_region(region) ? region : std::string_view());
        set(out[0], {phone_.number});
        return;
      }
      case Source::address:
        normaliser_.address(raw, address_);
        set(out[0], {address_.text, address_.sorted, address_.street, address_.house});
        return;
      case Source::city:
      case Source::region:
        normaliser_.text(raw, text_);
        set(out[0], {text_.latin, text_.folded});
        return;
      case Source::country:
        normaliser_.text(raw, text_);
        set(out[0], {text_.folded});
        return;
      case Source::postcode:
      case Source::identifier:
        normaliser_.text(raw, text_);
        alphanumeric(text_.latin, alphanumeric_);
        set(out[0], {alphanumeric_});
        return;
      case Source::tax_number:
        normaliser_.tax_number(raw, tax_);
        set(out[0], {tax_.number});
        return;
      case Source::website:
        normaliser_.domain(raw, domain_);
        set(out[0], {domain_.registrable});
        return;
    }
  }

 private:
  static void set(Forms& out, std::initializer_list<std::string_view> texts) {
    std::copy(texts.begin(), texts.end(), out.texts.begin());
  }
  static bool known_region(std::string_view region) noexcept {
    return region.size() == 2 && std::all_of(region.begin(), region.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  }
  void person(std::string_view raw, std::span<Forms> out) {
    const std::size_t first = raw.find(part_mark);
    if (first == raw.npos) {
      normaliser_.person(raw, person_);
    } else {
      const std::size_t second = raw.find(part_mark, first + 1);
      normaliser_.person(raw.substr(0, first), raw.substr(first + 1, second - first - 1), raw.substr(second + 1),
                         person_);
    }
    set(out[0], {person_.given, person_.given_folded, person_.given_roots});
    set(out[1], {person_.middle, person_.middle_folded});
    set(out[2], {person_.family, person_.family_folded, person_.family_stem});
  }

  const Normaliser& normaliser_;
  Source source_;
  NormalText text_;
  std::string alphanumeric_;
  PersonName person_;
  OrganisationName organisation_;
  EmailAddress email_;
  PhoneNumber phone_;
  PostalAddress address_;
  TaxNumber tax_;
  WebDomain domain_;
};

/// Forms of some values of one field, after each other.
struct FormRows {
  std::array<Texts, max_forms> forms;
  std::vector<std::uint64_t> hashes;  ///< by value, of all its forms

  void push_back(const Forms& value, std::size_t form_count) {
    std::uint64_t hash = 0;
    for (std::size_t f = 0; f < form_count; ++f) {
      forms[f].push_back(value.texts[f]);
      hash = hash * 0x9E37'79B9'7F4A'7C15U ^ TextIndex::hash(value.texts[f]);
    }
    hashes.push_back(hash);
  }
  /// Keeps the memory.
  void clear() {
    for (Texts& each : forms) each.clear();
    hashes.clear();
  }
};

/// Codes the values of one field that delivered texts normalise to, in the order of the texts.
class FieldCoder {
 public:
  /// \param distinct  delivered texts
  explicit FieldCoder(std::size_t form_count, std::size_t distinct)
      : form_count_(form_count), distinct_(distinct), code_of_(distinct, no_code) {}

  void add(const FormRows& rows) {
    const std::size_t size = rows.hashes.size();
    for (std::size_t r = 0; r < size; ++r, ++coded_) {
      constexpr std::size_t ahead = 16;
      if (r + ahead < size) index_.ask(rows.hashes[r + ahead]);
      if (rows.forms[0][r].empty()) continue;
      const auto next = static_cast<std::uint32_t>(column_.forms[0].size());
      code_of_[coded_] = index_.code(rows.hashes[r], next, [&](std::uint32_t c) {
        for (std::size_t f = 0; f < form_count_; ++f)
          if (column_.forms[f][c] != rows.forms[f][r]) return false;
        return true;
      });
      if (code_of_[coded_] != next) continue;
      for (std::size_t f = 0; f < form_count_; ++f) column_.forms[f].push_back(rows.forms[f][r]);
    }
    // When an eighth of them is coded, the rest is taken to be like it where most differ: nothing is moved then.
    if (looked_at_ || coded_ < distinct_ / 8) return;
    looked_at_ = true;
    if (column_.forms[0].size() <= coded_ / 2) return;
    const double times = static_cast<double>(distinct_) / static_cast<double>(coded_);
    index_.reserve(static_cast<std::size_t>(times * static_cast<double>(column_.forms[0].size())));
    for (std::size_t f = 0; f < form_count_; ++f) column_.forms[f].reserve_times(times);
  }

  /// The column of the cards that delivered those texts, once all are added.
  FieldColumn column(const RawColumn& raw, std::size_t cards) {
    FieldColumn column = std::move(column_);
    if (column.forms[0].size() == 0) return column;
    column.counts.assign(column.forms[0].size(), 0);
    column.first.assign(cards, no_code);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> further;
    for (std::size_t card = 0; card < cards; ++card) {
      const std::size_t more = further.size();
      std::size_t count = 0;
      for (std::uint32_t v = raw.begins[card]; v < raw.begins[card + 1]; ++v) {
        const std::uint32_t code = code_of_[raw.codes[v]];
        if (code == no_code || code == column.first[card]) continue;
        if (column.first[card] == no_code) {
          column.first[card] = code;
          ++column.filled;
        } else {
          const auto same = [&](const auto& pair) { return pair.second == code; };
          if (std::any_of(further.begin() + static_cast<std::ptrdiff_t>(more), further.end(), same)) continue;
          further.emplace_back(static_cast<std::uint32_t>(card), code);
        }
        ++column.counts[code];
        if (++count == max_card_values) break;
      }
    }
    if (!further.empty()) {
      column.more_begin.assign(cards + 1, 0);
      for (const auto& [card, code] : further) {
        ++column.more_begin[card + 1];
        column.more.push_back(code);
      }
      for (std::size_t card = 0; card < cards; ++card) column.more_begin[card + 1] += column.more_begin[card];
    }
    for (Texts& texts : column.forms) texts.settle();
    return column;
  }

 private:
  std::size_t form_count_;
  std::size_t distinct_;
  std::size_t coded_{0};                 ///< delivered texts
  bool looked_at_{false};                ///< what there is, for what is to come
  ColumnVector<std::uint32_t> code_of_;  ///< by code of a delivered text
  TextIndex index_;
  FieldColumn column_;
};

/// Dates of birth, as in "2026-11-21".
FieldColumn birthdays(const CardFields& reader) {
  RawColumn raw;
  TextIndex index;
  std::vector<std::int32_t> days;  // by code
  raw.begins.reserve(reader.size() + 1);
  raw.begins.push_back(0);
  for (std::size_t card = 0; card < reader.size(); ++card) {
    if (const std::int32_t day = reader.day(card, ClientField::birthday); day != null_day) {
      const auto next = static_cast<std::uint32_t>(days.size());
      const std::uint64_t hash = static_cast<std::uint32_t>(day) * std::uint64_t{0x9E37'79B9'7F4A'7C15U};
      raw.codes.push_back(index.code(hash, next, [&](std::uint32_t code) { return days[code] == day; }));
      if (raw.codes.back() == next) {
        days.push_back(day);
        raw.texts.push_back(to_text(Day{std::chrono::days{day}}));
      }
    }
    raw.begins.push_back(static_cast<std::uint32_t>(raw.codes.size()));
  }
  FormRows rows;
  for (std::size_t i = 0; i < raw.texts.size(); ++i) rows.push_back({{raw.texts[i]}}, 1);
  FieldCoder coder(1, raw.texts.size());
  coder.add(rows);
  return coder.column(raw, reader.size());
}

}  // namespace

std::string_view name(CardField field) noexcept { return field_names()[static_cast<std::size_t>(field)].name; }

std::optional<CardField> card_field_named(std::string_view name) noexcept {
  for (std::size_t f = 0; f < card_field_count; ++f)
    if (field_names()[f].name == name) return static_cast<CardField>(f);
  return std::nullopt;
}

std::span<const std::string_view> forms(CardField field) noexcept {
  return field_names()[static_cast<std::size_t>(field)].forms;
}

PreparedCards::PreparedCards() : data_(std::make_shared<const Data>()) {}
PreparedCards::PreparedCards(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
std::size_t PreparedCards::size() const noexcept { return data_->codes.size(); }
std::size_t PreparedCards::first_list() const noexcept { return data_->first_list; }
bool PreparedCards::two_lists() const noexcept { return data_->two_lists; }
const ClientBase& PreparedCards::base(std::size_t list) const noexcept { return data_->bases[list == 0 ? 0 : 1]; }
ClientId PreparedCards::id(std::uint32_t card) const {
  return base(card < first_list() ? 0 : 1).id_of(client_code(card));
}
std::uint32_t PreparedCards::client_code(std::uint32_t card) const noexcept { return data_->codes[card]; }
std::size_t PreparedCards::filled(CardField field) const noexcept { return (*data_)[field].filled; }
std::size_t PreparedCards::distinct(CardField field) const noexcept { return (*data_)[field].distinct(); }

std::optional<std::uint32_t> PreparedCards::card_of(const ClientId& id, std::size_t list) const {
  const auto middle = data_->codes.begin() + static_cast<std::ptrdiff_t>(first_list());
  const auto begin = list == 0 ? data_->codes.begin() : middle;
  const auto end = list == 0 ? middle : data_->codes.end();
  const ClientBase& of = base(list);
  const auto found = std::lower_bound(
      begin, end, id, [&](std::uint32_t code, const ClientId& wanted) { return of.id_of(code) < wanted; });
  if (found == end || of.id_of(*found) != id) return std::nullopt;
  return static_cast<std::uint32_t>(found - data_->codes.begin());
}

std::vector<std::string_view> PreparedCards::values(std::uint32_t card, CardField field, std::string_view form) const {
  if (card >= size())
    throw Error(Code::out_of_range, "card " + std::to_string(card) + " of " + std::to_string(size()), "card");
  const auto names = forms(field);
  const auto found = form.empty() ? names.begin() : std::find(names.begin(), names.end(), form);
  if (found == names.end())
    throw Error(Code::not_found, std::string(klientela::name(field)) + " has no form \"" + std::string(form) + '"',
                "form");
  const FieldColumn& column = (*data_)[field];
  const Texts& texts = column.forms[static_cast<std::size_t>(found - names.begin())];
  std::vector<std::string_view> values;
  column.each(card, [&](std::uint32_t code) { values.push_back(texts[code]); });
  return values;
}

namespace {

/// Codes of the clients of a base that have a card, in canonical order.
void add_list(const ClientBase& base, PreparedCards::Data& data) {
  if (base.repeats_rows())
    throw Error(Code::invalid_argument, "rows of the base count for several clients; give the one it was made of",
                "base");
  for (const std::uint32_t code : base.codes_in_order())
    if (base.card_of(code)) data.codes.push_back(code);
}

/// Delivered texts of one source that are normalised together.
struct Part {
  std::size_t source;
  std::size_t begin;
};
/// How many texts there are in a part: few where there are few, as some sources take far longer than others.
std::size_t part_size(std::span<const RawColumn> raws) noexcept {
  std::size_t texts = 0;
  for (const RawColumn& raw : raws) texts += raw.texts.size();
  return std::clamp<std::size_t>(texts / 64, 256, 4096);
}
std::size_t count_parts(const RawColumn& raw, std::size_t size) noexcept {
  return (raw.texts.size() + size - 1) / size;
}
/// Parts of a round: as large a share of every source.
std::vector<Part> parts_of(std::span<const RawColumn> raws, std::size_t size, std::size_t round, std::size_t rounds) {
  std::vector<Part> parts;
  for (std::size_t s = 0; s < raws.size(); ++s) {
    const std::size_t all = count_parts(raws[s], size);
    for (std::size_t p = all * round / rounds; p < all * (round + 1) / rounds; ++p) parts.push_back({s, p * size});
  }
  return parts;
}

/// The columns of all fields but birthdays. Texts are normalised in rounds, and those of the round before coded
/// meanwhile, so that few are held twice.
void normalise_and_code(std::array<RawColumn, source_count>& raws, const Normaliser& normaliser,
                        PreparedCards::Data& data, const Control& control) {
  struct FieldTask {
    std::size_t source;
    std::size_t field;
  };
  std::vector<FieldTask> fields;
  std::vector<FieldCoder> coders;
  for (std::size_t s = 0; s < source_count; ++s)
    for (std::size_t f = 0; f < fields_of(static_cast<Source>(s)); ++f) {
      fields.push_back({s, f});
      coders.emplace_back(forms(source_fields[s][f]).size(), raws[s].texts.size());
    }
  const std::size_t size = part_size(raws);
  // By round, even or odd: by field of the source, then by part.
  std::array<std::array<std::vector<FormRows>, 3>, 2> rows;
  const auto normalise_part = [&](const Part& part, std::size_t place, std::array<std::vector<FormRows>, 3>& of_round) {
    const auto source = static_cast<Source>(part.source);
    const Texts& texts = raws[part.source].texts;
    SourceNormaliser normalise(normaliser, source);
    std::array<Forms, 3> out;
    for (std::size_t f = 0; f < fields_of(source); ++f) of_round[f][place].clear();
    const std::size_t end = std::min(texts.size(), part.begin + size);
    for (std::size_t i = part.begin; i < end; ++i) {
      normalise(texts[i], out);
      for (std::size_t f = 0; f < fields_of(source); ++f)
        of_round[f][place].push_back(out[f], forms(source_fields[part.source][f]).size());
    }
  };
  std::size_t all_parts = 0;
  for (const RawColumn& raw : raws) all_parts += count_parts(raw, size);
  const std::size_t at_once = std::max<std::size_t>(64, 16 * control.concurrency());
  const std::size_t rounds = (all_parts + at_once - 1) / at_once;
  std::vector<Part> before;
  for (std::size_t round = 0; rounds > 0 && round <= rounds; ++round) {
    const std::vector<Part> parts = round < rounds ? parts_of(raws, size, round, rounds) : std::vector<Part>();
    auto& now = rows[round % 2];
    const auto& done = rows[1 - round % 2];
    for (std::vector<FormRows>& of_field : now) of_field.resize(std::max(of_field.size(), parts.size()));
    control.check();
    control.run(fields.size() + parts.size(), [&](std::size_t task) {
      if (control.stop.stop_requested()) return;
      if (task >= fields.size()) return normalise_part(parts[task - fields.size()], task - fields.size(), now);
      for (std::size_t place = 0; place < before.size(); ++place)
        if (before[place].source == fields[task].source) coders[task].add(done[fields[task].field][place]);
    });
    before = parts;
    control.check();
    control.report("normalise", static_cast<double>(std::min(round + 1, rounds)) / static_cast<double>(rounds));
  }
  if (rounds == 0) control.report("normalise", 1);
  rows = {};
  for (RawColumn& raw : raws) raw.texts = {};
  control.run(fields.size(), [&](std::size_t t) {
    const auto [s, f] = fields[t];
    data.fields[static_cast<std::size_t>(source_fields[s][f])] = coders[t].column(raws[s], data.codes.size());
  });
}

PreparedCards prepared(std::shared_ptr<PreparedCards::Data> data, const Normaliser& normaliser,
                       const Control& control) {
  const CardFields reader(*data);

  std::array<RawColumn, source_count> raws;
  control.check();
  control.run(source_count + 1, [&](std::size_t task) {
    if (task == 0)
      (*data).fields[static_cast<std::size_t>(CardField::birthday)] = birthdays(reader);
    else
      raws[task - 1] = read_raw(reader, static_cast<Source>(task - 1));
  });
  control.report("read cards", 1);

  normalise_and_code(raws, normaliser, *data, control);
  control.check();
  control.report("code cards", 1);
  data->normaliser = normaliser;
  return PreparedCards(std::move(data));
}

}  // namespace

PreparedCards dedupe::prepare_some(const ClientBase& base, std::vector<std::uint32_t> codes,
                                   const Normaliser& normaliser, const Control& control) {
  auto data = std::make_shared<PreparedCards::Data>();
  data->bases[0] = base;
  data->codes = std::move(codes);
  data->first_list = data->codes.size();
  return prepared(std::move(data), normaliser, control);
}

PreparedCards prepare_cards(const ClientBase& base, const Normaliser& normaliser, const Control& control) {
  auto data = std::make_shared<PreparedCards::Data>();
  data->bases[0] = base;
  add_list(base, *data);
  data->first_list = data->codes.size();
  return prepared(std::move(data), normaliser, control);
}

PreparedCards prepare_cards(const ClientBase& first, const ClientBase& second, const Normaliser& normaliser,
                            const Control& control) {
  auto data = std::make_shared<PreparedCards::Data>();
  data->bases = {first, second};
  data->two_lists = true;
  add_list(first, *data);
  data->first_list = data->codes.size();
  add_list(second, *data);
  return prepared(std::move(data), normaliser, control);
}

}  // namespace klientela
