// Values in the order of their texts, so that those with one beginning stand together.
#include "dedupe/card_beginnings.hpp"

#include <algorithm>

namespace klientela::dedupe {
namespace {

constexpr std::array searched{CardField::given_name, CardField::family_name, CardField::organisation_name,
                              CardField::email,      CardField::phone,       CardField::city,
                              CardField::postcode,   CardField::tax_number,  CardField::identifier,
                              CardField::website};

std::shared_ptr<const CardBeginnings::Part> part_of(const PreparedCards::Data& cards, std::uint32_t first_slot,
                                                    std::span<const std::uint32_t> card_of) {
  auto part = std::make_shared<CardBeginnings::Part>();
  part->first_slot = first_slot;
  part->end_slot = static_cast<std::uint32_t>(card_of.size());
  for (const CardField field : searched)
    part->fields[static_cast<std::size_t>(field)] = Beginnings(cards[field], first_slot, card_of);
  return part;
}

}  // namespace

Beginnings::Beginnings(const FieldColumn& column, std::uint32_t first_slot, std::span<const std::uint32_t> card_of) {
  const auto each = [&](auto visit) {
    for (std::uint32_t slot = first_slot; slot < card_of.size(); ++slot)
      if (card_of[slot] != no_code) column.each(card_of[slot], [&](std::uint32_t code) { visit(code, slot); });
  };
  std::vector<std::uint32_t> counts(column.distinct(), 0);
  each([&](std::uint32_t code, std::uint32_t) { ++counts[code]; });
  for (std::uint32_t code = 0; code < counts.size(); ++code)
    if (counts[code] > 0) codes_.push_back(code);
  const Texts& texts = column.forms[0];
  std::sort(codes_.begin(), codes_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = texts[a].compare(texts[b]);
    return order != 0 ? order < 0 : a < b;
  });
  for (const std::uint32_t code : codes_) {
    const std::uint32_t begin = begins_.back();
    begins_.push_back(begin + counts[code]);
    counts[code] = begin;  // where its next slot goes
  }
  slots_.resize(begins_.back());
  each([&](std::uint32_t code, std::uint32_t slot) { slots_[counts[code]++] = slot; });
}

std::span<const std::uint32_t> Beginnings::with(const FieldColumn& column, std::string_view text) const {
  const Texts& texts = column.forms[0];
  const auto begin =
      std::partition_point(codes_.begin(), codes_.end(), [&](std::uint32_t c) { return texts[c] < text; });
  const auto end =
      std::partition_point(begin, codes_.end(), [&](std::uint32_t code) { return texts[code].starts_with(text); });
  const std::uint32_t first = begins_[static_cast<std::size_t>(begin - codes_.begin())];
  return std::span(slots_).subspan(first, begins_[static_cast<std::size_t>(end - codes_.begin())] - first);
}

CardBeginnings CardBeginnings::grown() const {
  CardBeginnings later;
  const std::scoped_lock lock(made_->mutex);
  later.made_->earlier = made_->parts[0] ? made_->parts[0] : made_->earlier;
  return later;
}

CardBeginnings::Parts CardBeginnings::get(const PreparedCards::Data& cards,
                                          std::span<const std::uint32_t> card_of) const {
  const std::scoped_lock lock(made_->mutex);
  if (made_->parts[0]) return made_->parts;
  const auto& earlier = made_->earlier;
  const bool few = earlier && (card_of.size() - earlier->end_slot) * 8 <= earlier->end_slot;
  made_->parts = {few ? earlier : part_of(cards, 0, card_of),
                  few ? part_of(cards, earlier->end_slot, card_of) : std::make_shared<const Part>()};
  return made_->parts;
}

}  // namespace klientela::dedupe
