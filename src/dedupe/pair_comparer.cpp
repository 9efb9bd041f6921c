// What each kind of comparison makes of two values.
#include "dedupe/pair_comparer.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "klientela/dedupe/birthday.hpp"
#include "klientela/dedupe/similarity.hpp"

namespace klientela {
namespace dedupe {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Texts of one value's forms.
using Value = std::array<std::string_view, max_forms>;

bool one_slip(std::string_view a, std::string_view b) { return osa_distance(a, b, 1) <= 1; }

bool share_word(std::string_view a, std::string_view b) {
  while (!a.empty()) {
    const std::size_t end = std::min(a.find(' '), a.size());
    const std::string_view word = a.substr(0, end);
    for (std::string_view rest = b; !rest.empty();) {
      const std::size_t stop = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, stop) == word) return true;
      rest.remove_prefix(std::min(stop + 1, rest.size()));
    }
    a.remove_prefix(std::min(end + 1, a.size()));
  }
  return false;
}

enum : std::uint8_t {
  name_different = 1,
  name_initial,
  name_similar,
  name_close,
  name_crossed,
  name_variant,
  name_same
};

/// roots_or_stem: whether the third form holds several words of which one in common is enough.
std::uint8_t name_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return name_same;
  if (a[1] == b[1] && !a[1].empty()) return name_variant;
  if (!a[2].empty() && (c.field == CardField::given_name ? share_word(a[2], b[2]) : a[2] == b[2])) return name_variant;
  if (a[0].size() == 1 || b[0].size() == 1) return a[0][0] == b[0][0] ? name_initial : name_different;
  const double similarity = jaro_winkler_similarity(a[0], b[0], c.similar);
  if (similarity >= c.close || (std::min(a[0].size(), b[0].size()) > 3 && one_slip(a[0], b[0]))) return name_close;
  return similarity >= c.similar ? name_similar : name_different;
}

Day day_of(std::string_view text) noexcept {
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  return Day{std::chrono::year{number(0, 4)} / std::chrono::month{static_cast<unsigned>(number(5, 2))} /
             std::chrono::day{static_cast<unsigned>(number(8, 2))}};
}

std::uint8_t birthday_level(Day a, Day b) {
  return static_cast<std::uint8_t>(1 + static_cast<int>(compare_birthdays(a, b)));
}

std::uint8_t text_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return 4;
  if (!a[1].empty() && a[1] == b[1]) return 3;
  const double similarity = jaro_winkler_similarity(a[0], b[0], c.similar);
  if (similarity >= c.close || (std::min(a[0].size(), b[0].size()) > 3 && one_slip(a[0], b[0]))) return 3;
  return similarity >= c.similar || token_set_ratio(a[0], b[0], 90) >= 90 ? 2 : 1;
}

std::uint8_t code_level(const Value& a, const Value& b) {
  if (a[0] == b[0]) return 3;
  return std::min(a[0].size(), b[0].size()) > 2 && one_slip(a[0], b[0]) ? 2 : 1;
}

std::uint8_t phone_level(const Value& a, const Value& b) {
  if (a[0] == b[0]) return 4;
  if (std::min(a[0].size(), b[0].size()) < 6) return 1;
  if (one_slip(a[0], b[0])) return 3;
  const auto end = [](std::string_view text) {
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 7));
  };
  return end(a[0]) == end(b[0]) ? 2 : 1;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether the digits of both, read off one after the other, are the same; several: whether there are any.
bool same_digits(std::string_view a, std::string_view b, bool& any) noexcept {
  any = false;
  for (;;) {
    while (!a.empty() && !is_digit(a.front())) a.remove_prefix(1);
    while (!b.empty() && !is_digit(b.front())) b.remove_prefix(1);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (a.front() != b.front()) return false;
    any = true;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
}

/// E-mails are made of names, so likeness that names explain is a level of its own.
std::uint8_t email_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return 5;
  bool digits = false;
  const bool same_number = same_digits(a[1], b[1], digits);
  if (a[1] == b[1]) return digits ? 4 : 2;
  const bool one_domain = a[2] == b[2];
  if (same_number && osa_distance(a[1], b[1], 2) <= (digits ? 2U : 1U) && (digits || one_domain)) return 3;
  return jaro_winkler_similarity(a[1], b[1], c.similar) >= c.similar ? 2 : 1;
}

/// Numbers and words of the street itself, for texts that differ only in kinds of street or order.
std::uint8_t address_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return 7;
  const bool houses = !a[3].empty() && !b[3].empty();
  const bool same_house = houses && a[3] == b[3];
  const bool other_house = houses && !same_house && !one_slip(a[3], b[3]);
  if (a[1] == b[1]) return 7;
  const std::string_view x = a[2].empty() ? a[0] : a[2];
  const std::string_view y = b[2].empty() ? b[0] : b[2];
  const double words = std::max(token_sort_ratio(x, y), token_set_ratio(x, y)) / 100;
  if (words >= 0.97) return same_house ? 7 : other_house ? 3 : 5;
  if (words >= 0.8 || jaro_winkler_similarity(x, y, c.close) >= c.close) return same_house ? 6 : other_house ? 3 : 5;
  if (words >= 0.65) return same_house ? 4 : other_house ? 1 : 3;
  return same_house ? 2 : 1;
}

std::uint8_t organisation_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0] || (!a[2].empty() && a[2] == b[2])) return 6;
  const double sorted = token_sort_ratio(a[1], b[1]) / 100;
  if (sorted >= c.close || jaro_winkler_similarity(a[0], b[0], c.close) >= c.close) return 5;
  const double set = token_set_ratio(a[1], b[1]) / 100;
  if (set >= 0.9 || sorted >= c.similar) return 4;
  if (set >= 0.75) return 3;
  return (!a[3].empty() && a[3] == b[0]) || (!b[3].empty() && b[3] == a[0]) ? 2 : 1;
}

}  // namespace

PairComparer::PairComparer(const PreparedCards& cards, std::span<const Comparison> comparisons)
    : cards_(cards), comparisons_(comparisons.begin(), comparisons.end()), given_(none), family_(none) {
  std::set<CardField> seen;
  for (std::size_t i = 0; i < comparisons_.size(); ++i) {
    const Comparison& c = comparisons_[i];
    const std::string where = "comparisons[" + std::to_string(i) + "]";
    const auto bad = [&](const std::string& why) { throw Error(Code::invalid_argument, why, where); };
    if (!seen.insert(c.field).second) bad(std::string(name(c.field)) + " is compared twice");
    if (!(c.similar > 0 && c.similar < c.close && c.close <= 1)) bad("0 < similar < close <= 1 is wanted");
    if (!(c.tf_weight >= 0 && c.tf_weight <= 1)) bad("tf_weight lies between 0 and 1");
    const bool names =
        c.field == CardField::given_name || c.field == CardField::middle_name || c.field == CardField::family_name;
    const bool fits = c.kind == ComparisonKind::exact || c.kind == ComparisonKind::code ||
                      (c.kind == ComparisonKind::name && names) ||
                      (c.kind == ComparisonKind::birthday && c.field == CardField::birthday) ||
                      (c.kind == ComparisonKind::text && c.field != CardField::birthday) ||
                      (c.kind == ComparisonKind::phone && c.field == CardField::phone) ||
                      (c.kind == ComparisonKind::email && c.field == CardField::email) ||
                      (c.kind == ComparisonKind::address && c.field == CardField::address) ||
                      (c.kind == ComparisonKind::organisation && c.field == CardField::organisation_name);
    if (!fits) bad(std::string(name(c.kind)) + " does not fit " + std::string(name(c.field)));
    columns_.push_back(&(*cards_.data())[c.field]);
    highest_.push_back(static_cast<std::uint8_t>(levels(c.kind).size()));
    sketches_.push_back(sketches(*columns_.back(), c));
    verdicts_.emplace_back(c);
    several_ = several_ || !columns_.back()->more_begin.empty();
    if (c.kind == ComparisonKind::birthday)
      for (std::size_t code = 0; code < columns_.back()->distinct(); ++code)
        days_.push_back(day_of(columns_.back()->forms[0][code]));
    if (c.kind == ComparisonKind::name && c.field == CardField::given_name) given_ = i;
    if (c.kind == ComparisonKind::name && c.field == CardField::family_name) family_ = i;
  }
  const std::size_t width = comparisons_.size();
  rows_.assign(cards_.size() * width, no_code);
  for (std::size_t i = 0; i < width; ++i) {
    const std::vector<std::uint32_t>& first = columns_[i]->first;
    for (std::size_t card = 0; card < first.size(); ++card) rows_[card * width + i] = first[card];
  }
}

std::uint8_t full_level(const Comparison& c, const FieldColumn& column, std::uint32_t x, std::uint32_t y) {
  Value a;
  Value b;
  const std::size_t count = forms(c.field).size();
  for (std::size_t f = 0; f < count; ++f) {
    a[f] = column.forms[f][x];
    b[f] = column.forms[f][y];
  }
  switch (c.kind) {
    case ComparisonKind::name: return name_level(a, b, c);
    case ComparisonKind::birthday: return birthday_level(day_of(a[0]), day_of(b[0]));
    case ComparisonKind::text: return text_level(a, b, c);
    case ComparisonKind::code: return code_level(a, b);
    case ComparisonKind::phone: return phone_level(a, b);
    case ComparisonKind::email: return email_level(a, b, c);
    case ComparisonKind::address: return address_level(a, b, c);
    case ComparisonKind::organisation: return organisation_level(a, b, c);
    case ComparisonKind::exact: break;
  }
  return 1;
}

std::uint8_t PairComparer::compared(std::size_t i, std::uint32_t x, std::uint32_t y) const {
  if (comparisons_[i].kind == ComparisonKind::birthday) return birthday_level(days_[x], days_[y]);
  return full_level(comparisons_[i], *columns_[i], x, y);
}

std::uint8_t PairComparer::level(std::size_t i, std::uint32_t x, std::uint32_t y, Memory* memory) const {
  if (x == y) return highest_[i];
  if (!sketches_[i].empty() && verdicts_[i].different(sketches_[i][x], sketches_[i][y])) return 1;
  if (memory == nullptr) return compared(i, std::min(x, y), std::max(x, y));
  const std::uint64_t key = std::uint64_t{std::min(x, y)} << 32 | std::max(x, y);
  const std::uint64_t hash = key * 0x9E37'79B9'7F4A'7C15U;
  Memory::Slot& slot = memory->slots_[(i << Memory::bits) + static_cast<std::size_t>(hash >> (64 - Memory::bits))];
  if (slot.key != key) {
    slot.level = compared(i, std::min(x, y), std::max(x, y));
    slot.key = key;
  }
  return slot.level;
}

std::uint8_t PairComparer::best_of_several(std::size_t i, CardPair pair, Memory* memory) const {
  const FieldColumn& column = *columns_[i];
  if (column.further(pair.a).empty() && column.further(pair.b).empty()) return 0;
  std::uint8_t best = 0;
  column.each(pair.a, [&](std::uint32_t a) {
    column.each(pair.b, [&](std::uint32_t b) { best = std::max(best, level(i, a, b, memory)); });
  });
  return best;
}

bool PairComparer::crossed(CardPair pair, std::uint8_t given, std::uint8_t family) const {
  const FieldColumn& givens = *columns_[given_];
  const FieldColumn& families = *columns_[family_];
  const auto view = [](const FieldColumn& column, std::uint32_t card, std::size_t form) {
    const std::uint32_t code = column.empty() ? no_code : column.first[card];
    return code == no_code ? std::string_view() : column.forms[form][code];
  };
  const auto level = [&](std::uint32_t g, std::uint32_t f) -> std::uint8_t {
    const std::string_view x = view(givens, g, 0);
    const std::string_view y = view(families, f, 0);
    if (x.empty() || y.empty()) return 0;
    if (x == y) return name_same;
    if (x.size() == 1 || y.size() == 1) return name_different;
    const Comparison& c = comparisons_[family_];
    return jaro_winkler_similarity(x, y, c.close) >= c.close ? name_close : name_different;
  };
  const std::uint8_t one = level(pair.a, pair.b);
  const std::uint8_t other = level(pair.b, pair.a);
  if (one >= name_close && other >= name_close) return true;
  return std::min(one, other) == 0 && std::max(one, other) >= name_close && std::max(given, family) <= name_different;
}

Pattern PairComparer::compared(CardPair pair, Memory* memory) const {
  Pattern pattern = 0;
  const std::size_t width = comparisons_.size();
  const std::uint32_t* const a_row = rows_.data() + pair.a * width;
  const std::uint32_t* const b_row = rows_.data() + pair.b * width;
  for (std::size_t i = 0; i < width; ++i) {
    if (a_row[i] == no_code || b_row[i] == no_code) continue;
    std::uint8_t best = level(i, a_row[i], b_row[i], memory);
    if (several_ && best < highest_[i]) best = std::max(best, best_of_several(i, pair, memory));
    pattern |= Pattern{best} << (4 * i);
  }
  if (given_ != none && family_ != none) {
    const std::uint8_t given = level_of(pattern, given_);
    const std::uint8_t family = level_of(pattern, family_);
    if (given <= name_similar && family <= name_similar && crossed(pair, given, family)) {
      const Pattern mask = Pattern{0xF} << (4 * given_) | Pattern{0xF} << (4 * family_);
      pattern = (pattern & ~mask) | Pattern{name_crossed} << (4 * given_) | Pattern{name_crossed} << (4 * family_);
    }
  }
  return pattern;
}

std::uint32_t PairComparer::common_value(CardPair pair, std::size_t i) const {
  const FieldColumn& column = *columns_[i];
  if (column.more_begin.empty()) {
    const std::uint32_t x = rows_[pair.a * comparisons_.size() + i];
    return x == rows_[pair.b * comparisons_.size() + i] ? x : no_code;
  }
  std::uint32_t rarest = no_code;
  column.each(pair.a, [&](std::uint32_t a) {
    column.each(pair.b, [&](std::uint32_t b) {
      if (a == b && (rarest == no_code || column.counts[a] < column.counts[rarest])) rarest = a;
    });
  });
  return rarest;
}

}  // namespace dedupe

namespace {

struct KindNames {
  std::string_view name;
  std::vector<std::string_view> levels;
};

const std::array<KindNames, 9>& kind_names() {
  static const std::array<KindNames, 9> names{{
      {"name", {"different", "initial", "similar", "close", "crossed", "variant", "same"}},
      {"birthday", {"different", "same_year", "close", "slip", "same"}},
      {"text", {"different", "similar", "close", "same"}},
      {"code", {"different", "slip", "same"}},
      {"phone", {"different", "same_end", "slip", "same"}},
      {"email", {"different", "similar", "close", "same_mailbox", "same"}},
      {"address", {"different", "same_house", "similar", "similar_same_house", "close", "close_same_house", "same"}},
      {"organisation", {"different", "acronym", "related", "similar", "close", "same"}},
      {"exact", {"different", "same"}},
  }};
  return names;
}

}  // namespace

std::string_view name(ComparisonKind kind) noexcept { return kind_names()[static_cast<std::size_t>(kind)].name; }

std::optional<ComparisonKind> comparison_kind_named(std::string_view name) noexcept {
  const auto& names = kind_names();
  for (std::size_t k = 0; k < names.size(); ++k)
    if (names[k].name == name) return static_cast<ComparisonKind>(k);
  return std::nullopt;
}

std::span<const std::string_view> levels(ComparisonKind kind) noexcept {
  return kind_names()[static_cast<std::size_t>(kind)].levels;
}

Comparison comparison(CardField field) noexcept {
  Comparison c{field, ComparisonKind::code};
  switch (field) {
    case CardField::given_name:
    case CardField::middle_name:
    case CardField::family_name:
      c.kind = ComparisonKind::name;
      c.tf_weight = 1;
      break;
    case CardField::birthday: c.kind = ComparisonKind::birthday; break;
    case CardField::organisation_name:
      c.kind = ComparisonKind::organisation;
      c.tf_weight = 1;
      break;
    case CardField::email: c.kind = ComparisonKind::email; break;
    case CardField::phone: c.kind = ComparisonKind::phone; break;
    case CardField::address: c.kind = ComparisonKind::address; break;
    case CardField::city:
      c.kind = ComparisonKind::text;
      c.tf_weight = 1;
      break;
    case CardField::region:
    case CardField::country: c.kind = ComparisonKind::exact; break;
    case CardField::postcode:
    case CardField::tax_number:
    case CardField::identifier: break;
    case CardField::website: c.kind = ComparisonKind::exact; break;
  }
  return c;
}

std::vector<Comparison> default_comparisons() {
  std::vector<Comparison> all;
  for (std::size_t f = 0; f < card_field_count; ++f) all.push_back(comparison(static_cast<CardField>(f)));
  return all;
}

ComparisonSpec spec(const Comparison& comparison) {
  ComparisonSpec spec{std::string(name(comparison.field)), {}};
  for (const std::string_view level : levels(comparison.kind)) spec.levels.emplace_back(level);
  return spec;
}

std::vector<std::uint8_t> compare(const PreparedCards& cards, std::span<const Comparison> comparisons,
                                  std::span<const CardPair> pairs, const Control& control) {
  const dedupe::PairComparer comparer(cards, comparisons);
  for (const CardPair& pair : pairs)
    if (pair.a >= cards.size() || pair.b >= cards.size())
      throw Error(Code::out_of_range,
                  "pair (" + std::to_string(pair.a) + ", " + std::to_string(pair.b) + ") of " +
                      std::to_string(cards.size()) + " cards",
                  "pairs");
  std::vector<std::uint8_t> rows(pairs.size() * comparisons.size());
  constexpr std::size_t task_pairs = 16384;
  control.check();
  control.run((pairs.size() + task_pairs - 1) / task_pairs, [&](std::size_t task) {
    if (control.stop.stop_requested()) return;
    auto memory = comparer.memory();
    for (std::size_t p = task * task_pairs; p < std::min(pairs.size(), (task + 1) * task_pairs); ++p) {
      const dedupe::Pattern pattern = comparer(pairs[p], memory);
      for (std::size_t i = 0; i < comparisons.size(); ++i)
        rows[p * comparisons.size() + i] = dedupe::level_of(pattern, i);
    }
  });
  control.check();
  return rows;
}

}  // namespace klientela
