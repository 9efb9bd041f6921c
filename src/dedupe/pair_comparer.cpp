// Levels of pairs: shortcuts by sketches, memory of values compared before.
#include "dedupe/pair_comparer.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "dedupe/value_levels.hpp"

namespace klientela::dedupe {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

std::string_view first_form(const FieldColumn& column, std::uint32_t card) noexcept {
  const std::uint32_t code = column.empty() ? no_code : column.first[card];
  return code == no_code ? std::string_view() : column.forms[0][code];
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
    highest_.push_back(static_cast<std::uint8_t>(levels(c.kind).size()));
    verdicts_.emplace_back(c);
    if (c.kind == ComparisonKind::name && c.field == CardField::given_name) given_ = i;
    if (c.kind == ComparisonKind::name && c.field == CardField::family_name) family_ = i;
  }
  sketches_.resize(comparisons_.size());
  look_up();
}

PairComparer::PairComparer(const PairComparer& before, const PreparedCards& cards)
    : cards_(cards),
      comparisons_(before.comparisons_),
      highest_(before.highest_),
      sketches_(before.sketches_),
      verdicts_(before.verdicts_),
      days_(before.days_),
      given_(before.given_),
      family_(before.family_) {
  look_up();
}

void PairComparer::look_up() {
  const std::size_t width = comparisons_.size();
  for (std::size_t i = 0; i < width; ++i) {
    const FieldColumn& column = (*cards_.data())[comparisons_[i].field];
    columns_.push_back(&column);
    add_sketches(column, comparisons_[i], sketches_[i]);
    several_ = several_ || !column.more_begin.empty();
    if (comparisons_[i].kind == ComparisonKind::birthday)
      for (std::size_t code = days_.size(); code < column.distinct(); ++code)
        days_.push_back(day_of(column.forms[0][code]));
  }
  rows_.assign(cards_.size() * width, no_code);
  constexpr std::size_t block = 1024;  // cards whose rows stay in the cache
  for (std::size_t begin = 0; begin < cards_.size(); begin += block) {
    const std::size_t end = std::min(cards_.size(), begin + block);
    for (std::size_t i = 0; i < width; ++i) {
      const std::vector<std::uint32_t>& first = columns_[i]->first;
      for (std::size_t card = begin; card < std::min(end, first.size()); ++card) rows_[card * width + i] = first[card];
    }
  }
}

std::uint8_t PairComparer::compared(std::size_t i, std::uint32_t x, std::uint32_t y) const {
  if (comparisons_[i].kind == ComparisonKind::birthday) return birthday_level(days_[x], days_[y]);
  return full_level(comparisons_[i], *columns_[i], x, *columns_[i], y);
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
    column.each(pair.b, [&](std::uint32_t b) {
      if (best < highest_[i]) best = std::max(best, level(i, a, b, memory));
    });
  });
  return best;
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
    const auto names = [&](std::uint32_t card) {
      return Names{first_form(*columns_[given_], card), first_form(*columns_[family_], card)};
    };
    if (given <= name_similar && family <= name_similar &&
        names_crossed(names(pair.a), names(pair.b), given, family, comparisons_[family_].close)) {
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

}  // namespace klientela::dedupe
