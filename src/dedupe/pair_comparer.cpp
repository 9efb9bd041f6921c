// Levels of pairs: shortcuts by sketches, memory of values compared before.
#include "dedupe/pair_comparer.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace klientela::dedupe {
namespace {

std::string_view first_form(const FieldColumn& column, std::uint32_t card) noexcept {
  const std::uint32_t code = column.empty() ? no_code : column.first[card];
  return code == no_code ? std::string_view() : column.forms[0][code];
}

}  // namespace

PairComparer::PairComparer(const PreparedCards& cards, std::span<const Comparison> comparisons)
    : cards_(cards), comparisons_(comparisons.begin(), comparisons.end()), given_(nowhere), family_(nowhere) {
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
  add_rows(cards_.size());
}

PairComparer::PairComparer(const PairComparer& before, const PreparedCards& cards, std::span<const CardRun> runs)
    : cards_(cards),
      comparisons_(before.comparisons_),
      highest_(before.highest_),
      sketches_(before.sketches_),
      verdicts_(before.verdicts_),
      born_(before.born_),
      given_(before.given_),
      family_(before.family_) {
  look_up();
  rows_.reserve(cards_.size() * stride_);
  if (live_ == before.live_ && several_ == before.several_) {
    std::size_t end = 0;
    for (const CardRun& run : runs) {
      end += run.count;
      if (run.from == no_code) continue;
      add_rows(end - run.count);
      const std::uint32_t* const from = before.row(run.from);
      rows_.insert(rows_.end(), from, from + run.count * stride_);
    }
  }
  add_rows(cards_.size());
}

void PairComparer::look_up() {
  for (std::size_t i = 0; i < comparisons_.size(); ++i) {
    const FieldColumn& column = (*cards_.data())[comparisons_[i].field];
    columns_.push_back(&column);
    add_sketches(column, comparisons_[i], sketches_[i]);
    several_ = several_ || !column.more_begin.empty();
    if (comparisons_[i].kind == ComparisonKind::birthday)
      for (std::size_t code = born_.size(); code < column.distinct(); ++code)
        born_.emplace_back(day_of(column.forms[0][code]));
    if (column.empty()) continue;
    if (i == given_) given_place_ = live_.size();
    if (i == family_) family_place_ = live_.size();
    if (comparisons_[i].kind == ComparisonKind::birthday) born_place_ = live_.size();
    live_.push_back(static_cast<std::uint8_t>(i));
    asked_forms_.push_back(first_forms(comparisons_[i]));
  }
  if (given_place_ == nowhere || family_place_ == nowhere) given_place_ = family_place_ = nowhere;
  stride_ = live_.size() + (several_ ? 1 : 0);
}

void PairComparer::add_rows(std::size_t all) {
  std::size_t begin = stride_ == 0 ? all : rows_.size() / stride_;
  if (begin == all) return;
  rows_.resize(all * stride_);
  constexpr std::size_t block = 1024;  // cards whose rows stay in the cache
  for (std::size_t end = begin; begin < all; begin = end) {
    end = std::min(all, begin + block);
    for (std::size_t k = 0; k < live_.size(); ++k) {
      const auto& first = columns_[live_[k]]->first;
      for (std::size_t card = begin; card < end; ++card) rows_[card * stride_ + k] = first[card];
      const auto& more = columns_[live_[k]]->more_begin;
      if (more.empty()) continue;
      for (std::size_t card = begin; card < end; ++card)
        rows_[card * stride_ + live_.size()] |= std::uint32_t{more[card] < more[card + 1]} << k;
    }
  }
}

std::uint8_t PairComparer::level_by_texts(std::size_t place, std::uint32_t x, std::uint32_t y, Memory* memory) const {
  const std::size_t i = live_[place];
  const auto compare = [&] {
    return full_level(comparisons_[i], *columns_[i], std::min(x, y), *columns_[i], std::max(x, y));
  };
  if (memory == nullptr) return compare();
  const std::uint64_t key = std::uint64_t{std::min(x, y)} << 32 | std::max(x, y);
  const std::uint64_t hash = key * 0x9E37'79B9'7F4A'7C15U;
  Memory::Slot& slot = memory->slots_[(place << Memory::bits) + static_cast<std::size_t>(hash >> (64 - Memory::bits))];
  if (slot.key != key) {
    slot.level = compare();
    slot.key = key;
  }
  return slot.level;
}

std::uint8_t PairComparer::level(std::size_t place, std::uint32_t x, std::uint32_t y, Memory* memory) const {
  const std::size_t i = live_[place];
  if (x == y) return highest_[i];
  if (comparisons_[i].kind == ComparisonKind::birthday) return birthday_level(x, y);
  return surely_different(i, x, y) ? std::uint8_t{1} : level_by_texts(place, x, y, memory);
}

std::uint8_t PairComparer::best_of_several(std::size_t place, CardPair pair, Memory* memory) const {
  const std::size_t i = live_[place];
  std::uint8_t best = 0;
  columns_[i]->each(pair.a, [&](std::uint32_t a) {
    columns_[i]->each(pair.b, [&](std::uint32_t b) {
      if (best < highest_[i]) best = std::max(best, level(place, a, b, memory));
    });
  });
  return best;
}

Pattern PairComparer::compared(CardPair pair, Memory* memory) const {
  Pattern pattern = 0;
  const std::uint32_t* const a = row(pair.a);
  const std::uint32_t* const b = row(pair.b);
  const std::uint32_t more = several(a, b);
  for (std::size_t k = 0; k < live_.size(); ++k) {
    if (a[k] == no_code || b[k] == no_code) continue;
    std::uint8_t best = level(k, a[k], b[k], memory);
    if ((more >> k & 1U) != 0) best = std::max(best, best_of_several(k, pair, memory));
    pattern |= Pattern{best} << (4 * live_[k]);
  }
  if (given_place_ != nowhere && family_place_ != nowhere) {
    std::uint8_t given = level_of(pattern, given_);
    std::uint8_t family = level_of(pattern, family_);
    const auto names = [&](std::uint32_t card) {
      return Names{first_form(*columns_[given_], card), first_form(*columns_[family_], card)};
    };
    if (given <= name_similar && family <= name_similar && !surely_not_crossed(a, b)) {
      cross_names(names(pair.a), names(pair.b), given, family, comparisons_[family_].close);
      const Pattern mask = Pattern{0xF} << (4 * given_) | Pattern{0xF} << (4 * family_);
      pattern = (pattern & ~mask) | Pattern{given} << (4 * given_) | Pattern{family} << (4 * family_);
    }
  }
  return pattern;
}

std::uint32_t PairComparer::common_value(CardPair pair, std::size_t i) const {
  const FieldColumn& column = *columns_[i];
  if (column.more_begin.empty()) {
    const std::uint32_t x = column.first[pair.a];
    return x == column.first[pair.b] ? x : no_code;
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
