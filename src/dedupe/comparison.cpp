// Kinds of comparisons by name, what suits each field, and levels of pairs for whoever asks.
#include "klientela/dedupe/comparison.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "dedupe/pair_comparer.hpp"

namespace klientela {
namespace {

struct KindNames {
  std::string_view name;
  std::vector<std::string_view> levels;
};

const std::array<KindNames, 9>& kind_names() {
  static const std::array<KindNames, 9> names{{
      {"name", {"different", "initial", "similar", "close", "crossed", "variant", "same"}},
      {"birthday", {"different", "same_year", "near", "close", "slip", "same"}},
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
  for (std::size_t f = 0; f < card_field_count; ++f)
    if (const auto field = static_cast<CardField>(f); field != CardField::country) all.push_back(comparison(field));
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
