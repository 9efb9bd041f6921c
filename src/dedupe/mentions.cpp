// Looking for a client in free texts.
#include "dedupe/mentions.hpp"

#include <algorithm>
#include <cstdint>

#include "core/characters.hpp"
#include "klientela/model/schema.hpp"

namespace klientela::dedupe {
namespace {

constexpr std::size_t shortest_value = 5;
constexpr std::size_t shortest_joined = 8;
constexpr std::size_t shortest_id = 6;  // of digits alone: shorter ones are amounts and counts, too
constexpr std::size_t shortest_number = 7;
constexpr std::size_t longest_number = 10;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool has_digit(std::string_view text) { return std::any_of(text.begin(), text.end(), is_digit); }

/// Bytes of the character that begins at `at`, and its number; what is no UTF-8 is a byte.
std::size_t character(std::string_view text, std::size_t at, std::uint32_t& number) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const std::uint32_t lead = byte(0);
  const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size > text.size() - at) {
    number = lead;
    return 1;
  }
  number = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) number = number << 6 | (byte(i) & 0x3F);
  return size;
}

bool within(std::uint32_t number, std::uint32_t first, std::uint32_t last) noexcept {
  return number >= first && number <= last;
}

bool is_letter(std::uint32_t c) noexcept {
  if (c < 0x80) return within(c, '0', '9') || within(c, 'a', 'z') || within(c, 'A', 'Z');
  return !(within(c, 0x80, 0xBF) || c == 0xD7 || c == 0xF7 || within(c, 0x2000, 0x206F) || within(c, 0x3000, 0x3004) ||
           within(c, 0x3008, 0x3020) || c == 0x30FB || within(c, 0xFE10, 0xFE6F) || c == 0xFEFF ||
           within(c, 0xFF00, 0xFF0F) || within(c, 0xFF1A, 0xFF20) || within(c, 0xFF3B, 0xFF40) ||
           within(c, 0xFF5B, 0xFF65));
}

/// Of a script that puts no blanks between words.
bool stands_alone(std::uint32_t c) noexcept {
  return within(c, 0x0E00, 0x0EFF) || within(c, 0x2E80, 0x9FFF) || within(c, 0xAC00, 0xD7AF) ||
         within(c, 0xF900, 0xFAFF) || within(c, 0x20000, 0x3FFFF);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (std::string word = folded_name(text.substr(begin, end - begin)); !word.empty())
      words.push_back(std::move(word));
  };
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t c = 0;
    const std::size_t size = character(text, at, c);
    if (!is_letter(c) || stands_alone(c)) {
      end_word(at);
      begin = stands_alone(c) ? at : at + size;
      if (stands_alone(c)) {
        end_word(at + size);
        begin = at + size;
      }
    }
    at += size;
  }
  end_word(text.size());
  return words;
}

std::size_t letters(const std::vector<std::string>& words) noexcept {
  std::size_t sum = 0;
  for (const std::string& word : words) sum += detail::characters(word);
  return sum;
}

bool without_blanks(const std::vector<std::string>& words) noexcept {
  std::uint32_t c = 0;
  return !words.empty() && std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return character(word, 0, c) == word.size() && stands_alone(c);
  });
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (is_digit(c)) digits += c;
  return digits;
}

/// Whether one of the numbers stands in a text: it ends where digits end, and begins where they begin unless it is of
/// ten digits, before which a country's code may stand. What stands within one number is passed over.
bool names_number(std::string_view text, const std::set<std::string, std::less<>>& numbers) {
  std::string digits;
  std::vector<std::uint8_t> begins;  // by digit, whether digits begin there
  const auto ends_with_one = [&] {
    for (const std::string& number : numbers)
      if (digits.ends_with(number) && (number.size() == longest_number || begins[digits.size() - number.size()] != 0))
        return true;
    return false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      begins.push_back(i == 0 || !is_digit(text[i - 1]) ? 1 : 0);
      digits += text[i];
      if ((i + 1 == text.size() || !is_digit(text[i + 1])) && ends_with_one()) return true;
    } else if (std::string_view(" -().+/").find(text[i]) == std::string_view::npos) {
      digits.clear();
      begins.clear();
    }
  }
  return false;
}

/// A website as it is spoken of.
std::string_view bare_site(std::string_view site) noexcept {
  if (const std::size_t scheme = site.find("://"); scheme != std::string_view::npos) site.remove_prefix(scheme + 3);
  if (folded_name(site.substr(0, 4)) == "www") site.remove_prefix(4);
  return site;
}

}  // namespace

void Mentions::add_words(const std::vector<std::string>& words) {
  std::string run;
  std::string joined;
  for (const std::string& word : words) {
    run += (run.empty() ? "" : " ") + word;
    joined += word;
  }
  longest_ = std::max(longest_, joined.size());
  runs_.insert(std::move(run));
  if (letters(words) >= shortest_joined) joined_.insert(std::move(joined));
}

void Mentions::add(ClientField field, std::string_view value) {
  switch (field) {
    case ClientField::phones:
    case ClientField::tax_numbers:
    case ClientField::identifiers: {
      const std::string digits = digits_of(value);
      if (digits.size() >= shortest_number)
        numbers_.insert(digits.substr(digits.size() - std::min(digits.size(), longest_number)));
      if (field == ClientField::phones) return;
      break;
    }
    case ClientField::addresses:
      if (!has_digit(value)) return;
      break;
    case ClientField::websites: value = bare_site(value); break;
    case ClientField::name:
    case ClientField::family_name:
    case ClientField::emails: break;
    default: return;
  }
  const auto words = words_of(value);
  if (letters(words) >= shortest_value || (field == ClientField::name && words.size() > 2 && without_blanks(words)))
    add_words(words);
}

void Mentions::add_id(const ClientId& id) {
  const auto words = words_of(id.to_text());
  const std::string text = id.to_text();
  const bool number = std::all_of(text.begin(), text.end(), is_digit);
  if (letters(words) >= (number ? shortest_id : shortest_value)) add_words(words);
}

void Mentions::add_name(std::string_view given, std::string_view family) {
  auto first = words_of(given);
  auto last = words_of(family);
  if (first.empty() || last.empty()) return;
  const bool long_enough = letters(first) + letters(last) >= shortest_value && letters(first) > 1;
  if (!long_enough && !(without_blanks(first) && without_blanks(last))) return;
  for (int order = 0; order < 2; ++order, std::swap(first, last)) {
    auto words = first;
    words.insert(words.end(), last.begin(), last.end());
    add_words(words);
  }
}

void Mentions::add_street(std::string_view street, std::string_view house) {
  if (words_of(street).empty() || (!has_digit(street) && !has_digit(house))) return;
  const auto words = words_of(has_digit(street) ? std::string(street) : std::string(street) + ' ' + std::string(house));
  if (letters(words) >= shortest_value) add_words(words);
}

bool Mentions::in(std::string_view text) const {
  if (text.empty()) return false;
  if (!numbers_.empty() && names_number(text, numbers_)) return true;
  if (runs_.empty()) return false;
  const auto words = words_of(text);
  std::string run;
  std::string joined;
  for (std::size_t first = 0; first < words.size(); ++first) {
    run.clear();
    joined.clear();
    for (std::size_t word = first; word < words.size() && joined.size() + words[word].size() <= longest_; ++word) {
      run += (run.empty() ? "" : " ") + words[word];
      joined += words[word];
      if (runs_.contains(run) || joined_.contains(joined)) return true;
    }
  }
  return false;
}

}  // namespace klientela::dedupe
