// Codes of countries by what cards call them.
#include "plan/countries.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "klientela/model/schema.hpp"

namespace klientela::planning {
namespace {

struct Country {
  std::string_view code;
  std::array<std::string_view, 5> names;  // three letters, English, Russian, others
};

// clang-format off: one country a line
constexpr std::array<Country, 48> countries{{
    {"AE", {"ARE", "United Arab Emirates", "ОАЭ", "UAE"}},
    {"AM", {"ARM", "Armenia", "Армения"}},
    {"AT", {"AUT", "Austria", "Австрия", "Österreich"}},
    {"AU", {"AUS", "Australia", "Австралия"}},
    {"AZ", {"AZE", "Azerbaijan", "Азербайджан"}},
    {"BE", {"BEL", "Belgium", "Бельгия"}},
    {"BG", {"BGR", "Bulgaria", "Болгария"}},
    {"BR", {"BRA", "Brazil", "Бразилия", "Brasil"}},
    {"BY", {"BLR", "Belarus", "Беларусь", "Белоруссия"}},
    {"CA", {"CAN", "Canada", "Канада"}},
    {"CH", {"CHE", "Switzerland", "Швейцария", "Schweiz"}},
    {"CN", {"CHN", "China", "Китай", "中国"}},
    {"CZ", {"CZE", "Czech Republic", "Чехия", "Czechia"}},
    {"DE", {"DEU", "Germany", "Германия", "Deutschland"}},
    {"DK", {"DNK", "Denmark", "Дания"}},
    {"EE", {"EST", "Estonia", "Эстония"}},
    {"ES", {"ESP", "Spain", "Испания", "España"}},
    {"FI", {"FIN", "Finland", "Финляндия"}},
    {"FR", {"FRA", "France", "Франция"}},
    {"GB", {"GBR", "United Kingdom", "Великобритания", "UK", "Great Britain"}},
    {"GE", {"GEO", "Georgia", "Грузия"}},
    {"GR", {"GRC", "Greece", "Греция"}},
    {"HU", {"HUN", "Hungary", "Венгрия"}},
    {"IE", {"IRL", "Ireland", "Ирландия", "EIRE"}},
    {"IL", {"ISR", "Israel", "Израиль"}},
    {"IN", {"IND", "India", "Индия"}},
    {"IT", {"ITA", "Italy", "Италия", "Italia"}},
    {"JP", {"JPN", "Japan", "Япония", "日本"}},
    {"KG", {"KGZ", "Kyrgyzstan", "Киргизия", "Кыргызстан"}},
    {"KR", {"KOR", "South Korea", "Южная Корея", "Korea"}},
    {"KZ", {"KAZ", "Kazakhstan", "Казахстан"}},
    {"LT", {"LTU", "Lithuania", "Литва"}},
    {"LV", {"LVA", "Latvia", "Латвия"}},
    {"MD", {"MDA", "Moldova", "Молдова", "Молдавия"}},
    {"MX", {"MEX", "Mexico", "Мексика"}},
    {"NL", {"NLD", "Netherlands", "Нидерланды", "Nederland"}},
    {"NO", {"NOR", "Norway", "Норвегия"}},
    {"PL", {"POL", "Poland", "Польша"}},
    {"PT", {"PRT", "Portugal", "Португалия"}},
    {"RO", {"ROU", "Romania", "Румыния"}},
    {"RS", {"SRB", "Serbia", "Сербия"}},
    {"RU", {"RUS", "Russia", "Россия", "Russian Federation", "Российская Федерация"}},
    {"SE", {"SWE", "Sweden", "Швеция"}},
    {"TJ", {"TJK", "Tajikistan", "Таджикистан"}},
    {"TR", {"TUR", "Turkey", "Турция", "Türkiye"}},
    {"UA", {"UKR", "Ukraine", "Украина"}},
    {"US", {"USA", "United States", "США", "United States of America", "America"}},
    {"UZ", {"UZB", "Uzbekistan", "Узбекистан"}},
}};
// clang-format on

}  // namespace

std::string country_code(std::string_view text) {
  text = detail::trimmed(text);
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  std::string code(text);
  std::transform(code.begin(), code.end(), code.begin(), upper);
  if (code == "UK") return "GB";
  if (code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
    return code;
  const std::string folded = folded_name(text);
  if (folded.empty()) return {};
  for (const Country& country : countries)
    for (const std::string_view name : country.names)
      if (!name.empty() && folded_name(name) == folded) return std::string(country.code);
  return {};
}

}  // namespace klientela::planning
