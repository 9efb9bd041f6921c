// Why cards are together or apart, in words.
#include <fmt/format.h>

#include <string>

#include "klientela/dedupe/card_clusters.hpp"

namespace klientela {

namespace {

/// Two digits at most after the point, none that say nothing.
std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

struct Named {
  std::string english;
  std::string russian;
};

/// A card and how many stand with it.
Named side(std::uint32_t card, std::uint32_t cards, const CardNamer& namer) {
  Named named;
  if (namer)
    named.english = named.russian = namer(card);
  else
    named = {fmt::format("card {}", card), fmt::format("карточка {}", card)};
  if (cards > 1) {
    named.english += fmt::format(" (with {} more)", cards - 1);
    named.russian += fmt::format(" (и ещё {})", cards - 1);
  }
  return named;
}

struct Numbers {
  std::string score, average;
  std::uint64_t pairs, scored;
};

template <class Reason>
Numbers numbers_of(const Reason& reason) {
  return {number(reason.score), number(reason.average), std::uint64_t{reason.cards_a} * reason.cards_b, reason.scored};
}

CardReasonWords sentence(const Named& a, const Named& b, const std::string& english, const std::string& russian) {
  return {fmt::format("{} and {} {}.", a.english, b.english, english),
          fmt::format("{} и {}: {}.", a.russian, b.russian, russian)};
}

}  // namespace

CardReasonWords words(const CardJoin& join, const CardNamer& namer) {
  const Named a = side(join.a, join.cards_a, namer);
  const Named b = side(join.b, join.cards_b, namer);
  const auto [score, average, pairs, scored] = numbers_of(join);
  switch (join.reason) {
    case CardJoinReason::edge:
      return sentence(a, b, fmt::format("were joined by their score of {}", score),
                      fmt::format("объединены, оценка пары {}", score));
    case CardJoinReason::must_link:
      return sentence(a, b, "were joined because a link or an earlier merge makes them one client",
                      "объединены, так как по связи или прежнему слиянию это один клиент");
    case CardJoinReason::average:
      return sentence(
          a, b,
          fmt::format("were joined by a mean score of {} over {} pairs, {} of them scored; the highest is {}", average,
                      pairs, scored, score),
          fmt::format("объединены, средняя оценка {} (пар: {}, с оценкой: {}), наибольшая {}", average, pairs, scored,
                      score));
    case CardJoinReason::total:
      return sentence(
          a, b,
          fmt::format("were joined because all scores between them together speak for it: the mean of {} pairs is {}, "
                      "{} of them scored; the highest is {}",
                      pairs, average, scored, score),
          fmt::format("объединены по сумме оценок (пар: {}, средняя: {}, с оценкой: {}), наибольшая {}", pairs, average,
                      scored, score));
    case CardJoinReason::centre:
      return sentence(a, b, fmt::format("were joined by a score of {} with the centre of the cluster", score),
                      fmt::format("объединены, оценка с центром кластера {}", score));
    case CardJoinReason::assigned:
      return sentence(a, b, fmt::format("were linked by their score of {}, the best choice of all", score),
                      fmt::format("связаны, оценка пары {}: лучший выбор из всех", score));
  }
  return {};
}

CardReasonWords words(const CardCut& cut, const CardNamer& namer) {
  const Named a = side(cut.a, cut.cards_a, namer);
  const Named b = side(cut.b, cut.cards_b, namer);
  const auto [score, average, pairs, scored] = numbers_of(cut);
  const Named one = side(cut.apart.a, 1, namer);
  const Named other = side(cut.apart.b, 1, namer);
  switch (cut.reason) {
    case CardCutReason::average:
      return sentence(
          a, b,
          fmt::format("stay apart in spite of a score of {}: the mean of the {} pairs between them is {}, {} of them "
                      "scored",
                      score, pairs, average, scored),
          fmt::format("не объединены при оценке {}: средняя оценка {} (пар: {}, с оценкой: {})", score, average, pairs,
                      scored));
    case CardCutReason::total:
      return sentence(
          a, b,
          fmt::format("stay apart in spite of a score of {}: all scores between them together speak against it, the "
                      "mean of {} pairs is {}, {} of them scored",
                      score, pairs, average, scored),
          fmt::format("не объединены при оценке {}: сумма оценок против (пар: {}, средняя: {}, с оценкой: {})", score,
                      pairs, average, scored));
    case CardCutReason::minimum_cut:
      return sentence(
          a, b,
          fmt::format("were cut apart in spite of a score of {}: {} of the {} pairs between them have a score, the "
                      "whole would not be dense",
                      score, scored, pairs),
          fmt::format("разделены при оценке {}: связей мало (пар: {}, с оценкой: {})", score, pairs, scored));
    case CardCutReason::cannot_link:
      return sentence(a, b,
                      fmt::format("stay apart in spite of a score of {}: somebody said that {} and {} are two clients",
                                  score, one.english, other.english),
                      fmt::format("не объединены при оценке {}: указано, что {} и {} — разные клиенты", score,
                                  one.russian, other.russian));
    case CardCutReason::same_source:
      return sentence(
          a, b,
          fmt::format("stay apart in spite of a score of {}: {} and {} come from one source", score, one.english,
                      other.english),
          fmt::format("не объединены при оценке {}: {} и {} из одного источника", score, one.russian, other.russian));
    case CardCutReason::centre:
      return sentence(a, b,
                      fmt::format("stay apart in spite of a score of {}: their clusters have other centres", score),
                      fmt::format("не объединены при оценке {}: у кластеров другие центры", score));
    case CardCutReason::assigned:
      return sentence(
          a, b,
          fmt::format("were not linked in spite of a score of {}: of all choices together others are better", score),
          fmt::format("не связаны при оценке {}: в целом лучше другой выбор", score));
  }
  return {};
}

CardReasonWords words(const CardReview& review, const CardNamer& namer) {
  const Named a = side(review.a, 1, namer);
  const Named b = side(review.b, 1, namer);
  const std::string percent = number(100 * review.probability);
  return review.together
             ? sentence(a, b,
                        fmt::format("are together, with a chance of {} % to be one client; a no would part {} pairs of "
                                    "cards",
                                    percent, review.changed),
                        fmt::format("объединены, вероятность одного клиента {} %; ответ «нет» разделит пар: {}",
                                    percent, review.changed))
             : sentence(a, b,
                        fmt::format("are apart, with a chance of {} % to be one client; a yes would join {} pairs of "
                                    "cards",
                                    percent, review.changed),
                        fmt::format("не объединены, вероятность одного клиента {} %; ответ «да» объединит пар: {}",
                                    percent, review.changed));
}

}  // namespace klientela
