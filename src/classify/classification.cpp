// Classifications and the wording of reasons in English and Russian.
#include "klientela/classify/classification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "classify/guarded.hpp"
#include "classify/wording.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

/// The label as it stands in the columns, with what it means.
std::string in_russian(const std::string& label) {
  const std::string_view meaning = russian_of(label);
  return meaning.empty() ? "«" + label + "»" : fmt::format("«{}» ({})", label, meaning);
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

/// The reason with its quantities as they are read out.
Reason read_out(const Reason& exact) {
  Reason out = exact;
  std::vector<Quantity*> quantities{&out.value};
  if (out.low) quantities.push_back(&*out.low);
  if (out.high) quantities.push_back(&*out.high);
  round_together(quantities);
  return out;
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
      text = russian ? fmt::format("{}: {} по оценкам {}", reason.column, in_russian(reason.result), reason.value.text)
                     : fmt::format("{}: \"{}\" by the scores {}", reason.column, reason.result, reason.value.text);
      break;
    case Aspect::group:
      text = russian ? fmt::format("{}: {}, так как {}: {}", reason.column, in_russian(reason.result),
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
