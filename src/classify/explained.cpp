// Why a label changed, out of the reasons before and now.
#include "classify/explained.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace klientela {

using classifying::Explained;

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

}  // namespace

Explained classifying::explain_change(const std::vector<Reason>& before, const std::vector<Reason>& now,
                                      const std::string& column, Language language) {
  Explained why;
  const bool russian = language == Language::russian;
  for (const auto& [former, latter] : changes(before, now, column)) {
    const bool known = !former->value.text.empty() && !latter->value.text.empty();
    const bool moved = known && former->value.text == latter->value.text;
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
    const std::string none = russian ? "нет" : "none";
    const std::string old_text = former->value.text.empty() ? none : former->value.text;
    const std::string new_text = latter->value.text.empty() ? none : latter->value.text;
    why.text += latter->measure;
    if (moved) {
      why.text.append(russian ? ": осталось " : " stayed ").append(new_text);
      why.text += russian ? ", сдвинулись пороги. " : ", the thresholds moved. ";
    } else {
      why.text.append(russian ? ": было " : " went from ").append(old_text);
      why.text.append(russian ? ", стало " : " to ").append(new_text).append(". ");
    }
    why.text += to_text(*latter, language);
  }
  // What decides the column now, where that is a rule over others.
  for (const Reason& reason : now)
    if (reason.column == column) why.rule = reason.rule;
  return why;
}

}  // namespace klientela
