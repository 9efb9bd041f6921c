// Looking for a client in free texts.
#include "dedupe/mentions.hpp"

#include <algorithm>

#include "klientela/model/schema.hpp"

namespace klientela::dedupe {
namespace {

constexpr std::size_t shortest_part = 5;
constexpr std::size_t shortest_word = 3;
constexpr std::size_t shortest_number = 7;
constexpr std::size_t longest_number = 10;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (is_digit(c)) digits += c;
  return digits;
}

/// Digits with what stands between those of one number left out, other things as one blank.
std::string numbers_in(std::string_view text) {
  std::string numbers;
  for (const char c : text) {
    if (is_digit(c)) {
      numbers += c;
    } else if (std::string_view(" -().+/").find(c) == std::string_view::npos && !numbers.empty() &&
               numbers.back() != ' ') {
      numbers += ' ';
    }
  }
  return numbers;
}

template <class Visit>
bool any_word(std::string_view text, Visit visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    if (!is_word(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (visit(text.substr(begin, end - begin))) return true;
    begin = end;
  }
  return false;
}

}  // namespace

void Mentions::add(ClientField field, std::string_view value) {
  switch (field) {
    case ClientField::family_name:
      if (value.size() >= shortest_word) words_.insert(folded_name(value));
      return;
    case ClientField::phones:
    case ClientField::tax_numbers:
    case ClientField::identifiers: {
      const std::string digits = digits_of(value);
      if (digits.size() >= shortest_number)
        numbers_.insert(digits.substr(digits.size() - std::min(digits.size(), longest_number)));
      if (field == ClientField::phones) return;
      break;
    }
    case ClientField::name:
    case ClientField::emails:
    case ClientField::addresses:
    case ClientField::websites:
    case ClientField::street: break;
    default: return;
  }
  const std::string part = folded_name(value);
  if (part.size() >= shortest_part) parts_.insert(part);
}

void Mentions::add_id(const ClientId& id) {
  const std::string text = folded_name(id.to_text());
  if (text.size() >= shortest_part) (id.is_integer() ? words_ : parts_).insert(text);
}

void Mentions::add_name(std::string_view given, std::string_view family) {
  if (given.empty() || family.empty()) return;
  parts_.insert(folded_name(std::string(given) + std::string(family)));
  parts_.insert(folded_name(std::string(family) + std::string(given)));
}

bool Mentions::in(std::string_view text) const {
  if (text.empty()) return false;
  const auto holds = [](const std::string& in, const auto& parts) {
    for (const std::string& part : parts)
      if (in.find(part) != std::string::npos) return true;
    return false;
  };
  if (holds(folded_name(text), parts_)) return true;
  if (!numbers_.empty() && holds(numbers_in(text), numbers_)) return true;
  return !words_.empty() && any_word(text, [&](std::string_view word) { return words_.contains(folded_name(word)); });
}

}  // namespace klientela::dedupe
