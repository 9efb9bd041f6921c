// What the report page calls klientela's own columns, bands, segments and reasons.
#include "classify/wording.hpp"
#include "report/speech.hpp"
#include "report/text.hpp"

namespace klientela::report {
namespace {

constexpr Word words[]{
    // columns
    {"engagement", "engagement", "вовлечённость"},
    {"frequency", "orders", "число заказов"},
    {"recency_days", "days since the last purchase", "дней с последней покупки"},
    {"tenure_days", "days since the first purchase", "дней с первой покупки"},
    {"money_net", "money less refunds", "деньги за вычетом возвратов"},
    {"money_gross", "money before refunds", "деньги до вычета возвратов"},
    {"money_refunds", "refunds", "возвраты"},
    {"profit", "profit", "прибыль"},
    {"quantity", "quantity", "количество"},
    {"lines", "purchase lines", "строки покупок"},
    {"interactions", "contacts", "контакты"},
    // classifiers' columns
    {"tier", "tier", "уровень"},
    {"relationship_type", "type of relationship", "тип отношений"},
    {"lifecycle", "lifecycle", "жизненный цикл"},
    {"group", "group of the contact matrix", "группа матрицы контактов"},
    {"rfm_segment", "RFM segment", "сегмент RFM"},
    {"abc", "ABC", "ABC"},
    {"card.category", "category", "категория"},
    {"card.industry", "industry", "отрасль"},
    {"card.relationship_type", "type of relationship, of the card", "тип отношений на карточке"},
    // labels that are called otherwise than in reasons
    {"unclassified", "unclassified", "не определено"},
    {"none", "no purchases", "без покупок"},
    {"outside", "outside", "вне классов"},
    {"organisation", "organisations", "организации"},
    {"person", "persons", "частные лица"},
    // tables
    {"clients", "clients", "клиенты"},
    {"contacts", "contacts", "контактные лица"},
    {"directories", "directories", "справочники"},
    {"consents", "consents", "согласия"},
    {"transactions", "transactions", "покупки"},
    {"requests", "requests", "обращения"},
    {"feedback", "feedback", "отзывы"},
};

struct ReasonWords {
  RejectReason reason;
  std::string_view english, russian;
};

constexpr ReasonWords reasons[]{
    {RejectReason::missing_value, "a required value is missing", "нет обязательного значения"},
    {RejectReason::not_a_number, "not a number", "не число"},
    {RejectReason::too_many_decimals, "more than four decimals", "больше четырёх знаков после запятой"},
    {RejectReason::overflow, "too large a number", "слишком большое число"},
    {RejectReason::not_a_date, "not a date", "не дата"},
    {RejectReason::date_out_of_range, "a date outside 1900 to 2199", "дата вне 1900–2199 годов"},
    {RejectReason::invalid_utf8, "text is not valid UTF-8", "текст не в UTF-8"},
    {RejectReason::unknown_client, "a client without a card", "клиент без карточки"},
    {RejectReason::duplicate_client, "a second card with the same id", "вторая карточка с тем же номером"},
    {RejectReason::zero_amount, "an amount of zero", "нулевая сумма"},
    {RejectReason::wrong_currency, "another currency", "другая валюта"},
    {RejectReason::unknown_value, "a value outside its list", "значение не из списка"},
    {RejectReason::interval_backwards, "ends before it begins", "конец раньше начала"},
    {RejectReason::parent_cycle, "a parent that closes a circle; the row is used without it",
     "родитель замыкает круг; строка учтена без него"},
};

}  // namespace

std::string Speech::known(std::string_view name) const {
  if (const Word* const word = word_named(words, name)) return std::string((*this)(word->english, word->russian));
  const Language language = russian_ ? Language::russian : Language::english;
  if (const std::string_view measure = classifying::words_of(name, language); !measure.empty())
    return std::string(measure);
  const std::string_view label = classifying::russian_of(name);
  return std::string(russian_ || label.empty() ? label : name);
}

std::string Speech::plain_term(std::string_view name, std::size_t characters) const {
  const std::string own = known(name);
  return escaped(shortened(own.empty() ? name : own, characters));
}

std::string Speech::term(std::string_view name) const {
  const std::string own = known(name);
  return own.empty() ? "<bdi>" + escaped(shortened(name, 60)) + "</bdi>" : escaped(own);
}

std::string_view Speech::reason(RejectReason reason) const noexcept {
  for (const ReasonWords& known : reasons)
    if (known.reason == reason) return russian_ ? known.russian : known.english;
  return name(reason);
}

}  // namespace klientela::report
