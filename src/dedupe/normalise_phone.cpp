// Phone numbers to E.164: usual forms by the list of phone plans, the rest by libphonenumber where the build has it.
#include <algorithm>
#include <cstring>

#ifdef KLIENTELA_WITH_PHONENUMBER
#include <phonenumbers/phonenumberutil.h>
#endif

#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

constexpr std::size_t longest_phone = 250;  // bytes, as in libphonenumber

/// Words in front of an extension, longest first; in lower case.
constexpr std::string_view extension_words[] = {
    ";ext=", "extension", "extn.", "extn", "ext.", "ext", "добавочный",  "доб.",      "доб",  "внутр.",
    "внутр", "вн.",       "вн",    "#",    "xtn",  "x",   "nebenstelle", "durchwahl", "分机", "转"};

/// Writes digits as ASCII, signs without width off, letters small; small Cyrillic too.
void clean(std::string_view value, std::string& out) {
  out.clear();
  std::size_t i = 0;
  while (i < value.size()) {
    const auto lead = static_cast<unsigned char>(value[i]);
    if (lead < 0x80) {
      if (lead >= 'A' && lead <= 'Z')
        out.push_back(static_cast<char>(lead + 32));
      else if (lead >= 0x20 && lead != 0x7F)
        out.push_back(value[i]);
      else
        out.push_back(' ');
      ++i;
      continue;
    }
    const Decoded next = decode(value.substr(i));
    char32_t c = next.code;
    if (c >= 0xFF01 && c <= 0xFF5E) {
      c -= 0xFEE0;
      out.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
    } else if (c >= 0x660 && c <= 0x669) {
      out.push_back(static_cast<char>('0' + (c - 0x660)));
    } else if (c >= 0x6F0 && c <= 0x6F9) {
      out.push_back(static_cast<char>('0' + (c - 0x6F0)));
    } else if (c >= 0x966 && c <= 0x96F) {
      out.push_back(static_cast<char>('0' + (c - 0x966)));
    } else if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212) {
      out.push_back('-');
    } else if (c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x3000 || c == 0xFFFFFFFF) {
      out.push_back(' ');
    } else if (c >= 0x410 && c < 0x430) {
      const char32_t small = c + 32;
      out.push_back(static_cast<char>(0xC0 | small >> 6));
      out.push_back(static_cast<char>(0x80 | (small & 0x3F)));
    } else if (!(c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                 (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF)) {
      out.append(value.substr(i, next.bytes));
    }
    i += next.bytes;
  }
}

/// Takes an extension off the end; at most 9 digits.
std::string_view without_extension(std::string_view text, std::string& extension) {
  extension.clear();
  std::size_t end = text.size();
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '.' || text[end - 1] == ')')) --end;
  std::size_t digits = end;
  while (digits > 0 && is_digit(text[digits - 1])) --digits;
  if (digits == end || end - digits > 9 || digits == 0) return text;
  std::size_t word_end = digits;
  while (word_end > 0 && (text[word_end - 1] == ' ' || text[word_end - 1] == ':' || text[word_end - 1] == '.'))
    --word_end;
  for (const std::string_view word : extension_words) {
    for (const std::size_t last : {word_end, digits}) {
      if (!text.substr(0, last).ends_with(word)) continue;
      std::size_t begin = last - word.size();
      while (begin > 0 && std::strchr(" ,;(.-", text[begin - 1])) --begin;
      // A number stands in front.
      if (std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), is_digit) < 5) return text;
      extension.assign(text.substr(digits, end - digits));
      return text.substr(0, begin);
    }
  }
  return text;
}

bool takes_short_way(const PhonePlan& plan, std::string_view national) noexcept {
  if (national.empty() || !(plan.first >> (national[0] - '0') & 1)) return false;
  return national.size() == plan.lengths[0] || (plan.lengths[1] != 0 && national.size() == plan.lengths[1]);
}

/// The plan whose country code the digits begin with.
const PhonePlan* plan_in_front(const Normaliser::Data& data, std::string_view digits, std::size_t& code_length) {
  std::size_t code = 0;
  for (code_length = 1; code_length <= 3 && code_length < digits.size(); ++code_length) {
    code = code * 10 + static_cast<std::size_t>(digits[code_length - 1] - '0');
    if (code == 0) return nullptr;
    if (const std::int16_t at = data.plan_of_country[code]; at >= 0) return &data.plans[static_cast<std::size_t>(at)];
  }
  return nullptr;
}

void assign_international(std::string& out, std::size_t country, std::string_view national) {
  out.assign(1, '+');
  out.append(std::to_string(country));
  out.append(national);
}

}  // namespace

bool has_phone_library() noexcept {
#ifdef KLIENTELA_WITH_PHONENUMBER
  return true;
#else
  return false;
#endif
}

void Normaliser::phone(std::string_view value, PhoneNumber& out, std::string_view region) const {
  const Data& data = *data_;
  if (region.empty()) region = options_->region;
  out.number.clear();
  out.extension.clear();
  out.valid = false;
  std::string& text = out.memory.text;
  clean(value.substr(0, std::min(value.size(), 4 * longest_phone)), text);
  std::string_view rest(text);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (rest.starts_with("tel:")) rest.remove_prefix(4);
  rest = without_extension(rest, out.extension);

  std::string& digits = out.memory.other;
  digits.clear();
  bool plain = value.size() <= longest_phone;
  bool plus = false;
  for (const char c : rest) {
    if (is_digit(c))
      digits.push_back(c);
    else if (c == '+' && digits.empty() && !plus)
      plus = true;
    else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.')
      plain = false;
  }
  // An international number behind 00, where that is how one is dialled.
  const PhonePlan* home = data.plan_of(region);
  if (plain) {
    const std::string_view all(digits);
    if (plus) {
      std::size_t code_length{};
      const PhonePlan* plan = plan_in_front(data, all, code_length);
      if (plan && takes_short_way(*plan, all.substr(code_length))) {
        assign_international(out.number, plan->country, all.substr(code_length));
        out.valid = true;
        return;
      }
    } else if (home && !(home->trunk == "8" && all.starts_with("810"))) {  // 8-10: dialled in front of numbers abroad

      std::string_view national = all;
      const std::string code = std::to_string(home->country);
      // "8 495 ..." and "495 ..."; "7 495 ..." is longer than any number at home.
      if (!home->trunk.empty() && national.starts_with(home->trunk) &&
          takes_short_way(*home, national.substr(home->trunk.size())))
        national.remove_prefix(home->trunk.size());
      else if (national.starts_with(code) && national.size() > home->longest &&
               takes_short_way(*home, national.substr(code.size())))
        national.remove_prefix(code.size());
      else if (!(home->trunk.empty() || home->trunk == "8" || home->trunk == "1"))
        national = {};
      if (takes_short_way(*home, national)) {
        assign_international(out.number, home->country, national);
        out.valid = true;
        return;
      }
    }
  }
#ifdef KLIENTELA_WITH_PHONENUMBER
  using i18n::phonenumbers::PhoneNumberUtil;
  if (value.size() <= longest_phone && !digits.empty()) {
    const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
    i18n::phonenumbers::PhoneNumber parsed;
    if (library.Parse(std::string(rest), region.empty() ? std::string("ZZ") : std::string(region), &parsed) ==
            PhoneNumberUtil::NO_PARSING_ERROR &&
        library.IsPossibleNumberWithReason(parsed) == PhoneNumberUtil::IS_POSSIBLE) {
      if (out.extension.empty() && parsed.has_extension()) out.extension = parsed.extension();
      library.Format(parsed, PhoneNumberUtil::E164, &out.number);
      out.valid = true;
      return;
    }
  }
#else
  if (plain && !digits.empty()) {
    std::string_view all(digits);
    bool international = plus;
    if (!plus && all.starts_with("00")) {
      all.remove_prefix(2);
      international = true;
    }
    std::size_t code_length{};
    const PhonePlan* plan = international ? plan_in_front(data, all, code_length) : home;
    if (plan) {
      std::string_view national = international ? all.substr(code_length) : all;
      if (!plan->trunk.empty() && national.starts_with(plan->trunk) && national.size() > plan->shortest)
        national.remove_prefix(plan->trunk.size());
      if (national.size() >= plan->shortest && national.size() <= plan->longest) {
        assign_international(out.number, plan->country, national);
        out.valid = true;
        return;
      }
    }
  }
#endif
  out.number = digits;
}

std::vector<std::string> Normaliser::phone_beginnings(std::string_view typed, std::string_view region) const {
  std::string text;
  clean(typed.substr(0, std::min(typed.size(), longest_phone)), text);
  std::string digits;
  bool plus = false;
  for (const char c : text) {
    if (is_digit(c)) digits.push_back(c);
    plus = plus || (c == '+' && digits.empty());
  }
  if (digits.empty()) return {};
  if (plus) return {"+" + digits};
  std::vector<std::string> beginnings{digits, "+" + digits};
  if (digits.size() > 2 && digits.starts_with("00")) beginnings.push_back("+" + digits.substr(2));
  if (const PhonePlan* home = data_->plan_of(region.empty() ? std::string_view(options_->region) : region)) {
    const std::string code = "+" + std::to_string(home->country);
    beginnings.push_back(code + digits);
    if (!home->trunk.empty() && digits.size() > home->trunk.size() && digits.starts_with(home->trunk))
      beginnings.push_back(code + digits.substr(home->trunk.size()));
  }
  return beginnings;
}

}  // namespace klientela
