// Classifications and the wording of reasons in English and Russian.
#include "klientela/classify/classification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "classify/guarded.hpp"

namespace klientela {
namespace {

struct Words {
  std::string_view column;
  std::string_view english;
  std::string_view russian;
};

// What the best known measures mean; others are called by their column alone.
constexpr std::array<Words, 22> measure_words{{
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
    {"requests", "requests", "число обращений"},
    {"csat", "satisfaction", "удовлетворённость"},
    {"nps", "recommendation score", "готовность рекомендовать"},
    {"products", "different products", "число разных товаров"},
    {"categories", "different categories", "число разных категорий"},
    {"tier_points", "points of the tier", "баллы уровня клиента"},
    {"gap_days_last", "days between the last two purchases", "дней между двумя последними покупками"},
    {"period_money_cv", "variation of money between periods", "разброс сумм по периодам"},
    {"period_orders_cv", "variation of orders between periods", "разброс числа заказов по периодам"},
    {"first_purchase", "day of the first purchase", "день первой покупки"},
    {"lifecycle_overdue", "spreads past the client's own gap", "отклонений сверх обычного для клиента перерыва"},
}};

// What our own labels mean in Russian; the label itself stands beside it, as it stands in the columns.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> russian_labels{{
    {"strategic", "стратегический"},
    {"important", "важный"},
    {"ordinary", "обычный"},
    {"potential", "потенциальный"},
    {"new", "новый"},
    {"active", "активный"},
    {"cooling", "остывающий"},
    {"sleeping", "спящий"},
    {"lost", "потерянный"},
    {"returned", "вернувшийся"},
    {"unclassified", "не определён"},
}};

std::string in_russian(const std::string& label) {
  for (const auto& [name, meaning] : russian_labels)
    if (name == label) return fmt::format("«{}» ({})", label, meaning);
  return "«" + label + "»";
}

std::string called(const std::string& measure, Language language) {
  for (const Words& words : measure_words)
    if (words.column == measure)
      return fmt::format("{} ({})", language == Language::russian ? words.russian : words.english, measure);
  return measure;
}

Quantity quantity_of(const Column& column, std::size_t row) {
  Quantity quantity{.text = column.to_text(row), .is_float = column.type() == ColumnType::float64};
  if (column.is_null(row)) return quantity;
  switch (column.type()) {
    case ColumnType::instant:
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::text: break;
    default: {
      const std::uint32_t only[1] = {static_cast<std::uint32_t>(row)};
      quantity.number = column.take(only).to_doubles().front();
    }
  }
  return quantity;
}

/// A float with at most four decimals, anything else exact.
std::string rounded(const Quantity& quantity) {
  if (!quantity.is_float || !(std::fabs(quantity.number) < 1e15)) return quantity.text;
  std::string text = fmt::format("{:.4f}", quantity.number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  if (text == "-0" || text == "0") return quantity.number == 0 ? "0" : quantity.text;
  return text;
}

/// The reason with its quantities as they are read out: rounded, unless that would make an edge of what is beside it.
Reason read_out(const Reason& exact) {
  Reason out = exact;
  out.value.text = rounded(exact.value);
  if (exact.low) out.low->text = rounded(*exact.low);
  if (exact.high) out.high->text = rounded(*exact.high);
  const auto merged = [&](const std::optional<Quantity>& before, const std::optional<Quantity>& after) {
    return before && after->text == out.value.text && before->text != exact.value.text;
  };
  return merged(exact.low, out.low) || merged(exact.high, out.high) ? exact : out;
}

/// "above 3 and at most 7", in words; empty without edges.
std::string within(const Reason& reason, bool russian) {
  std::string text;
  if (reason.low) {
    text = russian ? (reason.low_included ? "не меньше " : "больше ") : (reason.low_included ? "at least " : "above ");
    text += reason.low->text;
  }
  if (reason.high) {
    if (!text.empty()) text += russian ? " и " : " and ";
    text +=
        russian ? (reason.high_included ? "не больше " : "меньше ") : (reason.high_included ? "at most " : "below ");
    text += reason.high->text;
  }
  return text;
}

}  // namespace

std::string to_text(const Reason& told, Language language) {
  const Reason reason = read_out(told);
  const bool russian = language == Language::russian;
  std::string text;
  switch (reason.aspect) {
    case Aspect::missing:
      text = russian
                 ? fmt::format("{}: {}, так как нет значения: {}", reason.column,
                               reason.result.empty() ? "без оценки" : reason.result, called(reason.measure, language))
                 : fmt::format("{}: {}, because there is no value of {}", reason.column,
                               reason.result.empty() ? "no score" : reason.result, called(reason.measure, language));
      break;
    case Aspect::segment:
      text = russian ? fmt::format("{}: «{}» по оценкам {}", reason.column, reason.result, reason.value.text)
                     : fmt::format("{}: \"{}\" by the scores {}", reason.column, reason.result, reason.value.text);
      break;
    case Aspect::group:
      text = russian ? fmt::format("{}: «{}», так как {}: {}", reason.column, reason.result,
                                   called(reason.measure, language), reason.value.text)
                     : fmt::format("{}: \"{}\", because {} is {}", reason.column, reason.result,
                                   called(reason.measure, language), reason.value.text);
      break;
    case Aspect::level:
      text = russian ? fmt::format("{}: уровень {}, так как {}: {}", reason.column, reason.result,
                                   called(reason.measure, language), reason.value.text)
                     : fmt::format("{}: level {}, because {} is {}", reason.column, reason.result,
                                   called(reason.measure, language), reason.value.text);
      break;
    case Aspect::met:
    case Aspect::missed: {
      const bool met = reason.aspect == Aspect::met;
      const std::string value = !reason.value.text.empty() ? reason.value.text : russian ? "нет значения" : "unknown";
      text = russian ? fmt::format("{}: {} ({}), {}: {}", reason.column, met ? "выполнено" : "не выполнено",
                                   reason.result, called(reason.measure, language), value)
                     : fmt::format("{}: {} ({}), {} is {}", reason.column, met ? "met" : "missed", reason.result,
                                   called(reason.measure, language), value);
      break;
    }
    case Aspect::rule:
    case Aspect::assigned: {
      const std::string& why = russian ? reason.russian : reason.english;
      text = russian ? fmt::format("{}: «{}», {}", reason.column, reason.result, why)
                     : fmt::format("{}: \"{}\", {}", reason.column, reason.result, why);
      if (!reason.value.text.empty()) text += " (" + reason.value.text + ')';
      break;
    }
    default: {
      const bool named = reason.aspect != Aspect::score;
      const std::string result = reason.result.empty() ? (russian ? "нет значения" : "no value")
                                 : !named              ? reason.result
                                 : russian             ? in_russian(reason.result)
                                                       : '"' + reason.result + '"';
      const std::string& own =
          (russian && !reason.russian.empty()) || reason.english.empty() ? reason.russian : reason.english;
      if (!own.empty())
        text = fmt::format("{}: {}, {}", reason.column, result, own);
      else
        text = russian ? fmt::format("{}: {}, так как {}: {}", reason.column, result, called(reason.measure, language),
                                     reason.value.text)
                       : fmt::format("{}: {}, because {} is {}", reason.column, result,
                                     called(reason.measure, language), reason.value.text);
      break;
    }
  }
  if (const std::string edges = within(reason, russian); !edges.empty()) text += " (" + edges + ')';
  if (!reason.tie.empty())
    text += russian ? fmt::format("; равные значения разделены после клиента {}", reason.tie)
                    : fmt::format("; equal values are parted after client {}", reason.tie);
  return text + '.';
}

Classification::Classification(std::string name, std::string kind, std::vector<Column> columns, Reasons reasons,
                               std::vector<Note> notes, ReasonThreads threads)
    : name_(std::move(name)),
      kind_(std::move(kind)),
      reasons_(std::move(reasons)),
      notes_(std::move(notes)),
      threads_(threads) {
  for (Column& column : columns) table_.add(std::move(column));
}

std::vector<Reason> Classification::reasons(std::size_t row) const {
  if (row >= rows())
    throw Error(Code::out_of_range, fmt::format("row {} of a classification with {} rows", row, rows()), "row");
  if (!reasons_) return {};
  return classifying::guarded(name_, [&] { return reasons_(row); });
}

Classification::Reasons reasons_by_measures(Table measures, std::vector<Column> columns) {
  return [measures = std::move(measures), columns = std::move(columns)](std::size_t row) {
    std::vector<Reason> reasons;
    for (const Column& column : columns)
      for (const Column& measure : measures.columns()) {
        Reason& reason = reasons.emplace_back();
        reason.column = column.name();
        reason.result = column.to_text(row);
        reason.measure = measure.name();
        reason.value = quantity_of(measure, row);
        reason.rule = reason.column + '.' + reason.result;
        if (measure.is_null(row))
          reason.aspect = Aspect::missing;
        else if (column.type() != ColumnType::label && column.type() != ColumnType::term &&
                 column.type() != ColumnType::text)
          reason.aspect = Aspect::score;
      }
    return reasons;
  };
}

std::string Classification::explain(std::size_t row, Language language) const {
  std::string text;
  for (const Reason& reason : reasons(row)) {
    if (!text.empty()) text += ' ';
    text += to_text(reason, language);
  }
  return text;
}

std::vector<std::uint64_t> count_labels(const Column& column) {
  std::vector<std::uint64_t> counts(column.labels().size());
  const auto count = [&](const auto codes) {
    for (std::size_t row = 0; row < codes.size(); ++row)
      if (!column.is_null(row)) ++counts[codes[row]];
  };
  if (column.type() == ColumnType::label)
    count(column.values<std::uint16_t>());
  else
    count(column.values<std::uint32_t>());
  return counts;
}

}  // namespace klientela
