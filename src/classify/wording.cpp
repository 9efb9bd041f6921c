// The words for measures and labels, and numbers rounded for reading: see wording.hpp.
#include "classify/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace klientela {
namespace {

struct Words {
  std::string_view column;
  std::string_view english;
  std::string_view russian;
};

// What the best known measures mean; others are called by their column alone.
constexpr std::array<Words, 34> measure_words{{
    {"recency_days", "days since the last purchase", "дней с последней покупки"},
    {"frequency", "orders", "число заказов"},
    {"money_net", "money less refunds", "сумма покупок за вычетом возвратов"},
    {"money_gross", "money before refunds", "сумма покупок без вычета возвратов"},
    {"money_refunds", "money refunded", "сумма возвратов"},
    {"profit", "profit", "прибыль"},
    {"quantity", "quantity bought", "купленное количество"},
    {"tenure_days", "days since the first purchase", "дней с первой покупки"},
    {"gap_days_mean", "mean days between purchases", "среднее число дней между покупками"},
    {"engagement", "engagement score", "оценка вовлечённости"},
    {"interactions", "contacts", "число контактов"},
    {"interactions_inbound", "contacts begun by the client", "число контактов по инициативе клиента"},
    {"interactions_outbound", "contacts begun by us", "число контактов по нашей инициативе"},
    {"last_interaction", "day of the last contact", "день последнего контакта"},
    {"requests", "requests", "число обращений"},
    {"last_request", "day of the last request", "день последнего обращения"},
    {"csat", "satisfaction", "удовлетворённость"},
    {"csat_trend", "change of satisfaction", "изменение удовлетворённости"},
    {"nps", "recommendation score", "готовность рекомендовать"},
    {"nps_trend", "change of the recommendation score", "изменение готовности рекомендовать"},
    {"ces", "customer effort score", "оценка усилий клиента"},
    {"products", "different products", "число разных товаров"},
    {"categories", "different categories", "число разных категорий"},
    {"tier_points", "points of the tier", "баллы уровня клиента"},
    {"gap_days_last", "days between the last two purchases", "дней между двумя последними покупками"},
    {"gap_days_cv", "variation of the gaps between purchases", "разброс перерывов между покупками"},
    {"period_money_mean", "mean money per period", "средняя сумма за период"},
    {"period_orders_mean", "mean orders per period", "среднее число заказов за период"},
    {"period_money_cv", "variation of money between periods", "разброс сумм по периодам"},
    {"period_orders_cv", "variation of orders between periods", "разброс числа заказов по периодам"},
    {"first_purchase", "day of the first purchase", "день первой покупки"},
    {"last_purchase", "day of the last purchase", "день последней покупки"},
    {"lifecycle_overdue", "spreads past the client's own gap", "отклонений сверх обычного для клиента перерыва"},
    {"lifecycle_loss_risk", "risk of losing the client", "риск потерять клиента"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 41> russian_labels{{
    // bands and groups of the contact matrix
    {"unknown", "неизвестно"},
    {"acquaintance", "знакомство"},
    {"interested", "интерес"},
    {"active", "активный"},
    {"engaged", "вовлечён"},
    {"regular buyer", "постоянный покупатель"},
    {"no order", "без заказов"},
    {"small volume", "малый объём"},
    {"medium volume", "средний объём"},
    {"large volume", "большой объём"},
    {"top volume", "наибольший объём"},
    {"cold", "холодные"},
    {"warm", "тёплые"},
    {"hot", "горячие"},
    {"partner", "партнёры"},
    // tiers, types of relationship and the lifecycle
    {"client", "клиент"},
    {"target", "целевой"},
    {"non-client", "не клиент"},
    {"other", "прочее"},
    {"strategic", "стратегический"},
    {"important", "важный"},
    {"ordinary", "обычный"},
    {"potential", "потенциальный"},
    {"new", "новый"},
    {"cooling", "остывающий"},
    {"sleeping", "спящий"},
    {"lost", "потерянный"},
    {"returned", "вернувшийся"},
    {"unclassified", "не определён"},
    // segments
    {"Champions", "Чемпионы"},
    {"Loyal", "Лояльные"},
    {"Potential Loyalist", "Потенциально лояльные"},
    {"New", "Новые"},
    {"Promising", "Перспективные"},
    {"Need Attention", "Требуют внимания"},
    {"About To Sleep", "Засыпающие"},
    {"Can't Lose", "Нельзя потерять"},
    {"At Risk", "В зоне риска"},
    {"Lost", "Потерянные"},
    {"Others", "Прочие"},
    {"none", "без покупок"},
}};

std::string with_decimals(const Quantity& quantity, int decimals) {
  std::string text = fmt::format("{:.{}f}", quantity.number, decimals);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  if (text == "-0" || text == "0") return quantity.number == 0 ? "0" : quantity.text;
  return text;
}

int order_of(double a, double b) noexcept { return a < b ? -1 : a > b ? 1 : 0; }

}  // namespace

std::string_view classifying::words_of(std::string_view measure, Language language) noexcept {
  for (const Words& words : measure_words)
    if (words.column == measure) return language == Language::russian ? words.russian : words.english;
  return {};
}

std::string classifying::called(const std::string& measure, Language language) {
  const std::string_view words = words_of(measure, language);
  return words.empty() ? measure : fmt::format("{} ({})", words, measure);
}

std::string_view classifying::russian_of(std::string_view label) noexcept {
  for (const auto& [name, meaning] : russian_labels)
    if (name == label) return meaning;
  return {};
}

void classifying::round_together(std::span<Quantity* const> quantities) {
  const auto rounds = [](const Quantity& quantity) {
    return !quantity.text.empty() && quantity.is_float && std::fabs(quantity.number) < 1e15;
  };
  for (const int most : {2, 4}) {
    std::vector<std::string> texts;
    std::vector<double> numbers;
    for (const Quantity* quantity : quantities) {
      texts.push_back(rounds(*quantity) ? with_decimals(*quantity, std::fabs(quantity->number) < 1 ? 4 : most)
                                        : quantity->text);
      double number = quantity->number;
      if (rounds(*quantity)) std::from_chars(texts.back().data(), texts.back().data() + texts.back().size(), number);
      numbers.push_back(number);
    }
    bool same = true;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        same = same && order_of(numbers[i], numbers[j]) == order_of(quantities[i]->number, quantities[j]->number);
    if (!same) continue;
    for (std::size_t i = 0; i < texts.size(); ++i) quantities[i]->text = std::move(texts[i]);
    return;
  }
}

}  // namespace klientela
