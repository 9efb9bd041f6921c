// Tax numbers: which kind they are, and whether their check digits fit.
#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

std::string_view name(TaxNumberKind kind) noexcept {
  switch (kind) {
    case TaxNumberKind::unknown: return "unknown";
    case TaxNumberKind::inn_organisation: return "inn_organisation";
    case TaxNumberKind::inn_person: return "inn_person";
    case TaxNumberKind::kpp: return "kpp";
    case TaxNumberKind::ogrn: return "ogrn";
    case TaxNumberKind::eu_vat: return "eu_vat";
    case TaxNumberKind::uscc: return "uscc";
    case TaxNumberKind::ein: return "ein";
  }
  return "unknown";
}

namespace {

int digit(char c) noexcept { return c - '0'; }
bool digits_only(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

int weighted(std::string_view text, std::initializer_list<int> weights) noexcept {
  int sum = 0;
  std::size_t i = 0;
  for (const int weight : weights) sum += weight * digit(text[i++]);
  return sum;
}

/// Remainder of the decimal number.
int remainder(std::string_view text, int by) noexcept {
  std::int64_t rest = 0;
  for (const char c : text) rest = (rest * 10 + digit(c)) % by;
  return static_cast<int>(rest);
}

bool luhn(std::string_view text) noexcept {
  int sum = 0;
  bool twice = false;
  for (std::size_t i = text.size(); i-- > 0; twice = !twice) {
    const int d = digit(text[i]) * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 == 0;
}

/// INN: order of the Federal Tax Service; sums mod 11 mod 10.
bool inn(std::string_view n) noexcept {
  if (n.size() == 10) return weighted(n, {2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit(n[9]);
  return weighted(n, {7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit(n[10]) &&
         weighted(n, {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit(n[11]);
}

bool ogrn(std::string_view n) noexcept {
  const int by = n.size() == 13 ? 11 : 13;
  return remainder(n.substr(0, n.size() - 1), by) % 10 == digit(n.back());
}

/// GB 32100-2015: powers of 3 mod 31 over 0-9 and A-Z without I, O, S, V, Z.
bool uscc(std::string_view n) noexcept {
  static constexpr std::string_view alphabet = "0123456789abcdefghjklmnpqrtuwxy";
  std::size_t sum = 0;
  std::size_t power = 1;
  for (std::size_t i = 0; i < 17; ++i) {
    const std::size_t at = alphabet.find(n[i]);
    if (at == std::string_view::npos) return false;
    sum += at * power;
    power = power * 3 % 31;
  }
  return alphabet.find(n[17]) == (31 - sum % 31) % 31;
}

/// ISO 7064, MOD 11,10.
bool mod_11_10(std::string_view n) noexcept {
  int product = 10;
  for (std::size_t i = 0; i + 1 < n.size(); ++i) {
    int sum = (digit(n[i]) + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (11 - product) % 10 == digit(n.back());
}

/// Spain: NIF, NIE or CIF.
bool spain(std::string_view n) noexcept {
  static constexpr std::string_view letters = "trwagmyfpdxbnjzsqvhlcke";
  const auto nif = [&](std::string_view number, char check) {
    return digits_only(number) && letters[static_cast<std::size_t>(remainder(number, 23))] == check;
  };
  const char first = n[0];
  if (is_digit(first)) return nif(n.substr(0, 8), n[8]);
  if (first == 'x' || first == 'y' || first == 'z') {
    std::string number(n.substr(0, 8));
    number[0] = static_cast<char>('0' + (first - 'x'));
    return nif(number, n[8]);
  }
  if (!digits_only(n.substr(1, 7))) return false;
  int sum = 0;
  for (std::size_t i = 1; i < 8; ++i) {
    const int d = digit(n[i]) * (i % 2 == 1 ? 2 : 1);
    sum += d / 10 + d % 10;
  }
  const int check = (10 - sum % 10) % 10;
  return n[8] == static_cast<char>('0' + check) || n[8] == "jabcdefghi"[check];
}

enum class Check : std::uint8_t { none, fits, fails };

/// A VAT number behind its country's two letters. Sources: each country's published algorithm, as the VIES pages list
/// the forms. Check::none where the form fits and the check digits are not known here.
Check vat(std::string_view country, std::string_view n) noexcept {
  const auto is = [&](bool fits) { return fits ? Check::fits : Check::fails; };
  const auto form = [&](bool fits) { return fits ? Check::none : Check::fails; };
  const auto length = [&](std::size_t l) { return n.size() == l && digits_only(n); };
  if (country == "de") return is(length(9) && n[0] != '0' && mod_11_10(n));
  if (country == "hr") return is(length(11) && mod_11_10(n));
  if (country == "at")
    return is(n.size() == 9 && n[0] == 'u' && digits_only(n.substr(1)) && [&] {
      int sum = 0;
      for (std::size_t i = 1; i < 8; ++i) {
        const int d = digit(n[i]) * (i % 2 == 0 ? 2 : 1);
        sum += d / 10 + d % 10;
      }
      return (10 - (sum + 4) % 10) % 10 == digit(n[8]);
    }());
  if (country == "fr") {
    if (n.size() != 11 || !digits_only(n.substr(2))) return Check::fails;
    if (!digits_only(n.substr(0, 2))) return Check::none;  // new style keys with letters
    const int key = digit(n[0]) * 10 + digit(n[1]);
    return is((12 + 3 * remainder(n.substr(2), 97)) % 97 == key);
  }
  if (country == "it") return is(length(11) && luhn(n));
  if (country == "es") return is(n.size() == 9 && spain(n));
  if (country == "nl") {
    if (n.size() != 12 || n[9] != 'b' || !digits_only(n.substr(0, 9)) || !digits_only(n.substr(10)))
      return Check::fails;
    if (weighted(n, {9, 8, 7, 6, 5, 4, 3, 2}) % 11 == digit(n[8])) return Check::fits;
    // Numbers of sole traders since 2020: "NL" and all with letters as two digits, mod 97 is 1.
    int rest = 0;
    for (const char c : {'n', 'l'}) rest = (rest * 100 + (c - 'a' + 10)) % 97;
    for (const char c : n) rest = is_digit(c) ? (rest * 10 + digit(c)) % 97 : (rest * 100 + (c - 'a' + 10)) % 97;
    return is(rest == 1);
  }
  if (country == "be")
    return is(length(10) && (n[0] == '0' || n[0] == '1') &&
              97 - remainder(n.substr(0, 8), 97) == remainder(n.substr(8), 100));
  if (country == "pl") return is(length(10) && weighted(n, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == digit(n[9]));
  if (country == "se") return is(length(12) && n.substr(10) != "00" && luhn(n.substr(0, 10)));
  if (country == "dk") return is(length(8) && n[0] != '0' && weighted(n, {2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0);
  if (country == "fi") return is(length(8) && weighted(n, {7, 9, 10, 5, 8, 4, 2, 1}) % 11 == 0);
  if (country == "pt") {
    if (!length(9) || n[0] == '0') return Check::fails;
    const int rest = 11 - weighted(n, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
    return is((rest > 9 ? 0 : rest) == digit(n[8]));
  }
  if (country == "lu") return is(length(8) && remainder(n.substr(0, 6), 89) == remainder(n.substr(6), 100));
  if (country == "el" || country == "gr") {
    if (!length(9)) return Check::fails;
    return is(weighted(n, {256, 128, 64, 32, 16, 8, 4, 2}) % 11 % 10 == digit(n[8]));
  }
  if (country == "hu") return is(length(8) && weighted(n, {9, 7, 3, 1, 9, 7, 3, 1}) % 10 == 0);
  if (country == "si") {
    if (!length(8) || n[0] == '0') return Check::fails;
    const int rest = 11 - weighted(n, {8, 7, 6, 5, 4, 3, 2}) % 11;
    return is(rest != 11 && (rest == 10 ? 0 : rest) == digit(n[7]));
  }
  if (country == "sk") return is(length(10) && n[0] != '0' && remainder(n, 11) == 0);
  if (country == "ee") return is(length(9) && weighted(n, {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0);
  if (country == "mt") return is(length(8) && weighted(n, {3, 4, 6, 7, 8, 9, 10, 1}) % 37 == 0);
  if (country == "ro") {
    if (n.size() < 2 || n.size() > 10 || !digits_only(n) || n[0] == '0') return Check::fails;
    static constexpr std::array<int, 9> weights{7, 5, 3, 2, 1, 7, 5, 3, 2};
    int sum = 0;
    for (std::size_t i = 0; i + 1 < n.size(); ++i) sum += digit(n[n.size() - 2 - i]) * weights[8 - i];
    return is(sum * 10 % 11 % 10 == digit(n.back()));
  }
  if (country == "gb" || country == "xi") {
    if (!(length(9) || length(12))) return Check::fails;
    const int sum = weighted(n, {8, 7, 6, 5, 4, 3, 2}) + remainder(n.substr(7, 2), 100);
    return is(sum % 97 == 0 || (sum + 55) % 97 == 0);
  }
  if (country == "cz") {
    if (n.size() < 8 || n.size() > 10 || !digits_only(n)) return Check::fails;
    if (n.size() != 8) return Check::none;
    int check = (11 - weighted(n, {8, 7, 6, 5, 4, 3, 2}) % 11) % 10;
    return is(check == digit(n[7]));
  }
  if (country == "lv") return form(length(11));
  if (country == "lt") return form(length(9) || length(12));
  if (country == "bg") return form(length(9) || length(10));
  if (country == "cy") return form(n.size() == 9 && digits_only(n.substr(0, 8)) && is_letter(n[8]));
  if (country == "ie") return form((n.size() == 8 || n.size() == 9) && digits_only(n.substr(2, 5)) && is_digit(n[0]));
  return Check::fails;
}

bool is_vat_country(std::string_view two) noexcept {
  static constexpr std::string_view countries[] = {"at", "be", "bg", "cy", "cz", "de", "dk", "ee", "el", "es",
                                                   "fi", "fr", "gb", "gr", "hr", "hu", "ie", "it", "lt", "lu",
                                                   "lv", "mt", "nl", "pl", "pt", "ro", "se", "si", "sk", "xi"};
  return std::binary_search(std::begin(countries), std::end(countries), two);
}

/// Prefixes of EINs that the Internal Revenue Service does not assign.
bool is_ein_prefix(std::string_view n) noexcept {
  static constexpr std::array<std::uint8_t, 17> unused{0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97};
  return std::find(unused.begin(), unused.end(), static_cast<std::uint8_t>(remainder(n.substr(0, 2), 100))) ==
         unused.end();
}

}  // namespace

void Normaliser::tax_number(std::string_view value, TaxNumber& out) const {
  out.number.clear();
  out.kind = TaxNumberKind::unknown;
  out.valid = false;
  out.checked = false;
  bool ein_hyphen = false;
  std::size_t i = 0;
  while (i < value.size()) {
    const auto lead = static_cast<unsigned char>(value[i]);
    if (lead < 0x80) {
      char c = value[i];
      if (c == '-' && out.number.size() == 2) ein_hyphen = true;
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      if (is_letter(c) || is_digit(c)) out.number.push_back(c);
      ++i;
      continue;
    }
    const Decoded next = decode(value.substr(i));
    if (next.code >= 0xFF10 && next.code <= 0xFF19) out.number.push_back(static_cast<char>('0' + (next.code - 0xFF10)));
    if (next.code >= 0xFF21 && next.code <= 0xFF3A) out.number.push_back(static_cast<char>('a' + (next.code - 0xFF21)));
    i += next.bytes;
  }
  // Labels in front of the number.
  for (const std::string_view label : {"inn", "kpp", "ogrnip", "ogrn", "vat", "ustid", "ein", "uscc"})
    if (out.number.size() > label.size() + 6 && out.number.starts_with(label)) {
      out.number.erase(0, label.size());
      break;
    }
  const std::string_view n(out.number);
  const auto is = [&](TaxNumberKind kind, bool valid, bool checked) {
    out.kind = kind;
    out.valid = valid;
    out.checked = valid && checked;
  };
  if (n.size() >= 4 && is_vat_country(n.substr(0, 2)) && !digits_only(n)) {
    const Check check = vat(n.substr(0, 2), n.substr(2));
    is(TaxNumberKind::eu_vat, check != Check::fails, check == Check::fits);
    return;
  }
  if (!digits_only(n)) {
    // Letters in the fifth and sixth place of a KPP say why it was given.
    if (n.size() == 18)
      is(TaxNumberKind::uscc, uscc(n), true);
    else if (n.size() == 9 && digits_only(n.substr(0, 4)) && digits_only(n.substr(6)))
      is(TaxNumberKind::kpp, true, false);
    return;
  }
  switch (n.size()) {
    case 9:
      if (ein_hyphen)
        is(TaxNumberKind::ein, is_ein_prefix(n), false);
      else
        is(TaxNumberKind::kpp, n.substr(0, 2) != "00", false);
      return;
    case 10: is(TaxNumberKind::inn_organisation, inn(n) && n.substr(0, 2) != "00", true); return;
    case 12: is(TaxNumberKind::inn_person, inn(n) && n.substr(0, 2) != "00", true); return;
    case 13:
    case 15: is(TaxNumberKind::ogrn, ogrn(n) && n[0] != '0', true); return;
    case 18: is(TaxNumberKind::uscc, uscc(n), true); return;
    default: return;
  }
}

}  // namespace klientela
