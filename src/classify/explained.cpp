// Why a label changed, out of the reasons before and now.
#include "classify/explained.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "classify/wording.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

bool by_measure(const Reason& reason) {
  return reason.aspect == Aspect::score || reason.aspect == Aspect::share || reason.aspect == Aspect::band ||
         reason.aspect == Aspect::missing || reason.aspect == Aspect::other;
}

/// The pairs of reasons, before and now, that say why a column changed.
std::vector<std::pair<const Reason*, const Reason*>> changes(const std::vector<Reason>& before,
                                                             const std::vector<Reason>& now,
                                                             const std::string& column) {
  std::vector<std::pair<const Reason*, const Reason*>> own, parts;
  const std::size_t n = std::min(before.size(), now.size());
  for (std::size_t i = 0; i < n; ++i) {
    const bool same = before[i].result == now[i].result && before[i].rule == now[i].rule;
    if (same || before[i].column != now[i].column) continue;
    if (now[i].column == column) own.emplace_back(&before[i], &now[i]);
    if (by_measure(now[i])) parts.emplace_back(&before[i], &now[i]);
  }
  // Who only became known may have the class of nobody: then what decides it is told.
  for (std::size_t i = 0; own.empty() && parts.empty() && i < n; ++i)
    if (now[i].column == column && before[i].column == column) own.emplace_back(&before[i], &now[i]);
  // A host's classifier names all that it looks at: of that, what moved.
  const auto stayed = [](const auto& pair) {
    return pair.second->aspect == Aspect::other && pair.first->value.text == pair.second->value.text;
  };
  if (!std::all_of(own.begin(), own.end(), stayed)) std::erase_if(own, stayed);
  const bool plain =
      !own.empty() && std::all_of(own.begin(), own.end(), [](const auto& p) { return by_measure(*p.second); });
  return plain || parts.empty() ? own : parts;
}

/// Where a group changed though its cell did not: the conditions on other measures by which the rule of now fits.
std::vector<const Reason*> deciding_conditions(const std::vector<std::pair<const Reason*, const Reason*>>& pairs,
                                               const std::vector<Reason>& now, const std::string& column) {
  std::vector<const Reason*> conditions;
  for (const auto& [former, latter] : pairs)
    if (latter->aspect != Aspect::group || former->value.text != latter->value.text) return {};
  for (const Reason& reason : now)
    if (reason.column == column && reason.aspect == Aspect::group && (reason.low || reason.high))
      conditions.push_back(&reason);
  return pairs.empty() ? std::vector<const Reason*>() : conditions;
}

/// "orders went from 3 to 5, above 4."
/// \param edge  what was crossed, or the only edge there is; \param below  whether it is the lower one
std::string sentence(const Reason& before, const Reason& now, const std::optional<Quantity>& edge, bool below,
                     bool moved, Language language) {
  const bool russian = language == Language::russian;
  // A rule says by itself what it found; other values without an edge are told with what they are judged to be.
  if (now.aspect == Aspect::rule || now.aspect == Aspect::assigned) return to_text(now, language);
  if (now.aspect == Aspect::group && before.value.text == now.value.text) return to_text(now, language);
  const std::string_view words = words_of(now.measure, language);
  const std::string measure = words.empty() ? now.measure : std::string(words);
  Quantity old_value = before.value;
  Quantity new_value = now.value;
  std::optional<Quantity> threshold = edge;
  std::vector<Quantity*> quantities{&old_value, &new_value};
  if (threshold) quantities.push_back(&*threshold);
  round_together(quantities);
  const auto text = [&](const Quantity& quantity) {
    return !quantity.text.empty() ? quantity.text : std::string(russian ? "нет" : "none");
  };
  std::string crossed;
  if (threshold) {
    const bool included = below ? now.low_included : now.high_included;
    crossed = russian ? (below ? (included ? "не меньше " : "больше ") : (included ? "не больше " : "меньше "))
                      : (below ? (included ? "at least " : "above ") : (included ? "at most " : "below "));
    crossed += threshold->text;
  }
  std::string told;
  if (moved)
    told = russian ? fmt::format("{}: осталось {}, сдвинулись пороги", measure, text(new_value))
                   : fmt::format("{} stayed {}, the thresholds moved", measure, text(new_value));
  else
    told = russian ? fmt::format("{}: было {}, стало {}", measure, text(old_value), text(new_value))
                   : fmt::format("{} went from {} to {}", measure, text(old_value), text(new_value));
  if (threshold && !moved) return told + (russian ? " (" + crossed + ")." : ", " + crossed + '.');
  return told + ". " + to_text(now, language);
}

}  // namespace

Explained classifying::explain_change(const std::vector<Reason>& before, const std::vector<Reason>& now,
                                      const std::string& column, Language language) {
  Explained why;
  const auto pairs = changes(before, now, column);
  if (const std::vector<const Reason*> conditions = deciding_conditions(pairs, now, column); !conditions.empty()) {
    const Reason& first = *conditions.front();
    why.measure = first.measure;
    why.after = first.value.text;
    why.threshold = first.low ? first.low->text : first.high ? first.high->text : std::string();
    why.rule = first.rule;
    for (const Reason& former : before)
      if (former.measure == first.measure) why.before = former.value.text;
    for (const Reason* condition : conditions)
      why.text += (why.text.empty() ? "" : " ") + to_text(*condition, language);
    return why;
  }
  for (const auto& [former, latter] : pairs) {
    const bool known = !former->value.text.empty() && !latter->value.text.empty();
    const bool moved = known && by_measure(*latter) && former->value.text == latter->value.text;
    const bool rose = !known || latter->value.number > former->value.number;
    const std::optional<Quantity>& near = rose ? latter->low : latter->high;
    const std::optional<Quantity>& other = rose ? latter->high : latter->low;
    const std::string threshold = near ? near->text : other ? other->text : std::string();
    if (why.text.empty()) {
      why.measure = latter->measure;
      why.before = former->value.text;
      why.after = latter->value.text;
      why.threshold = threshold;
      why.moved = moved;
      why.rule = latter->rule;
    } else {
      why.text += ' ';
    }
    why.text += sentence(*former, *latter, near ? near : other, rose == near.has_value(), moved, language);
  }
  // What decides the column now, where that is a rule over others.
  for (const Reason& reason : now)
    if (reason.column == column) why.rule = reason.rule;
  return why;
}

}  // namespace klientela
