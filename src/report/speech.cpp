// Numbers, plurals and dates of the report page: see speech.hpp.
#include "report/speech.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "report/text.hpp"

namespace klientela::report {
namespace {

constexpr std::string_view nbsp = "\xC2\xA0";
constexpr std::string_view minus = "\xE2\x88\x92";

}  // namespace

std::string Speech::decimal(std::string_view text) const {
  std::string out;
  if (!text.empty() && text.front() == '-') {
    out += minus;
    text.remove_prefix(1);
  }
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::size_t left = whole.size() - i;
    if (i > 0 && left % 3 == 0 && !(russian_ && whole.size() == 4)) out += russian_ ? nbsp : std::string_view(",");
    out += whole[i];
  }
  if (point != std::string_view::npos) {
    out += russian_ ? ',' : '.';
    out += text.substr(point + 1);
  }
  return out;
}

std::string Speech::count(std::uint64_t number) const { return decimal(std::to_string(number)); }

std::string Speech::with_currency(const std::string& amount) const {
  return currency_.empty() ? amount : amount + std::string(nbsp) + escaped(currency_);
}

std::string Speech::amount(std::string text) const {
  const std::size_t point = text.find('.');
  if (point != std::string::npos && text.size() - point == 2) text += '0';
  return decimal(text);
}

std::string Speech::money(const Total& total) const { return with_currency(amount(total.to_text())); }

std::string Speech::money(std::int64_t units) const {
  return with_currency(amount(Money::from_units(units).to_text()));
}

std::string Speech::compact(double amount) const {
  struct Step {
    double size;
    std::string_view english, russian;
  };
  static constexpr std::array<Step, 5> steps{
      {{1, "", ""}, {1e3, "k", " тыс."}, {1e6, "M", " млн"}, {1e9, "bn", " млрд"}, {1e12, "tn", " трлн"}}};
  const double size = std::fabs(amount);
  std::size_t step = 0;
  while (step + 1 < steps.size() && size >= steps[step + 1].size * 0.9995) ++step;
  const double scaled = size / steps[step].size;
  const int decimals = step == 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", scaled, decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  std::string out = decimal((amount < 0 && text != "0" ? "-" : "") + text);
  const std::string_view suffix = russian_ ? steps[step].russian : steps[step].english;
  return out += suffix;
}

std::string Speech::percent(double share) const {
  if (share < 0) return share > -0.0005 ? percent(0) : std::string(minus) + percent(-share);
  const double percent = share * 100;
  std::string text = percent > 0 && percent < 0.05 ? "<0.1"
                     : percent < 100 && percent >= 99.95
                         ? "99.9"
                         : fmt::format("{:.{}f}", percent, percent > 0 && percent < 100 ? 1 : 0);
  if (russian_) {
    if (const auto point = text.find('.'); point != std::string::npos) text[point] = ',';
    text += nbsp;
  }
  if (text.front() == '<') text.replace(0, 1, "&lt;");
  return text + '%';
}

std::string Speech::day(Day day) const {
  static constexpr std::array<std::string_view, 12> english{"January",   "February", "March",    "April",
                                                            "May",       "June",     "July",     "August",
                                                            "September", "October",  "November", "December"};
  static constexpr std::array<std::string_view, 12> russian{"января",   "февраля", "марта",  "апреля",
                                                            "мая",      "июня",    "июля",   "августа",
                                                            "сентября", "октября", "ноября", "декабря"};
  const std::chrono::year_month_day date{day};
  const unsigned month = static_cast<unsigned>(date.month()) - 1;
  return fmt::format("{}{}{} {}", static_cast<unsigned>(date.day()), nbsp, (russian_ ? russian : english).at(month),
                     static_cast<int>(date.year()));
}

std::string_view Speech::plural(std::uint64_t number, std::string_view one, std::string_view few,
                                std::string_view many) const noexcept {
  if (!russian_) return number == 1 ? one : many;
  const std::uint64_t tens = number % 100;
  const std::uint64_t ones = number % 10;
  if (ones == 1 && tens != 11) return one;
  return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? few : many;
}

std::string Speech::clients(std::uint64_t number) const {
  return count(number) + std::string(nbsp) +
         std::string(russian_ ? plural(number, "клиент", "клиента", "клиентов")
                              : plural(number, "client", "", "clients"));
}

std::string Speech::rows(std::uint64_t number) const {
  return count(number) + std::string(nbsp) +
         std::string(russian_ ? plural(number, "строка", "строки", "строк") : plural(number, "row", "", "rows"));
}

}  // namespace klientela::report
