// The rules of survivorship at work.
#include "dedupe/survivors.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "core/characters.hpp"
#include "core/text.hpp"

namespace klientela::dedupe {
namespace {

std::string folded(ClientField field, std::string_view text) {
  std::string key;
  for (const char c : detail::trimmed(text)) {
    const bool digit = c >= '0' && c <= '9';
    if (field == ClientField::phones) {
      if (digit) key += c;
    } else {
      key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return key.empty() ? std::string(text) : key;
}

class Choice {
 public:
  Choice(std::span<const EditedCard> cards, const SurvivorshipPolicy& policy, const SurvivorFunctions& functions)
      : cards_(cards), policy_(policy), functions_(functions) {
    for (const EditedCard& card : cards) codes_.push_back(card.code());
    std::sort(codes_.begin(), codes_.end());
  }

  [[nodiscard]] Survivor survivor(std::optional<std::uint32_t> keep) {
    Survivor result;
    std::bitset<client_fields> done;
    const auto put = [&](ClientField field, std::uint32_t from, bool edited) {
      result.from[static_cast<std::size_t>(field)] = from;
      result.edited[static_cast<std::size_t>(field)] = edited;
      done.set(static_cast<std::size_t>(field));
    };
    result.code = keep ? *keep : cards_[id_holder()].code();
    put(ClientField::client, from_none, false);
    for (std::size_t f = 1; f < client_fields; ++f) {
      const auto field = static_cast<ClientField>(f);
      if (const auto edited = last_edit(field)) put(field, *edited, true);
    }
    for (const SurvivorGroup& group : policy_.groups) {
      const std::uint32_t from = chosen(group.fields, group.by);
      for (const ClientField field : group.fields)
        if (!done.test(static_cast<std::size_t>(field))) put(field, from, false);
    }
    for (std::size_t f = 1; f < client_fields; ++f) {
      const auto field = static_cast<ClientField>(f);
      if (done.test(f)) continue;
      if (field == ClientField::created_at || field == ClientField::updated_at) {
        put(field, extreme(field), false);
        continue;
      }
      const Survivorship& by = rule_of(policy_, field);
      if (by.rule == SurvivorRule::union_) {
        put(field, from_all, false);
      } else {
        put(field, chosen(std::span(&field, 1), by), false);
      }
    }
    return result;
  }

 private:
  [[nodiscard]] std::int64_t instant(std::size_t card, ClientField field, std::int64_t null) const {
    const CardValue value = cards_[card].value(field);
    return value.has ? value.number : null;
  }

  [[nodiscard]] std::size_t id_holder() const {
    if (policy_.survivor == SurvivorId::smallest) return 0;
    std::size_t best = 0;
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < cards_.size(); ++i) {
      const std::int64_t created = instant(i, ClientField::created_at, std::numeric_limits<std::int64_t>::max());
      if (created < first) {
        first = created;
        best = i;
      }
    }
    return best;
  }

  [[nodiscard]] std::optional<std::uint32_t> last_edit(ClientField field) const {
    std::optional<std::uint32_t> last;
    std::uint64_t operation = 0;
    for (std::size_t i = 0; i < cards_.size(); ++i) {
      if (cards_[i].edit(field) <= operation) continue;
      operation = cards_[i].edit(field);
      last = static_cast<std::uint32_t>(i);
    }
    return last;
  }

  /// The earliest creation, the latest change.
  [[nodiscard]] std::uint32_t extreme(ClientField field) const {
    std::uint32_t from = from_none;
    std::int64_t best = 0;
    for (std::size_t i = 0; i < cards_.size(); ++i) {
      const CardValue value = cards_[i].value(field);
      if (!value.has) continue;
      if (from != from_none && (field == ClientField::created_at ? value.number >= best : value.number <= best))
        continue;
      best = value.number;
      from = static_cast<std::uint32_t>(i);
    }
    return from;
  }

  [[nodiscard]] std::size_t filled(std::size_t card) {
    if (filled_.empty()) filled_.assign(cards_.size(), client_fields);
    if (filled_[card] == client_fields) {
      filled_[card] = 0;
      for (std::size_t f = 1; f < static_cast<std::size_t>(ClientField::created_at); ++f)
        filled_[card] += cards_[card].value(static_cast<ClientField>(f)).has ? 1 : 0;
    }
    return filled_[card];
  }

  struct Candidate {
    std::uint32_t card;
    std::vector<CardValue> values;  ///< by field
  };

  /// Of equals the first.
  template <class Worth>
  [[nodiscard]] static std::uint32_t best(const std::vector<Candidate>& candidates, Worth worth) {
    std::size_t best = 0;
    auto most = worth(candidates[0]);
    for (std::size_t i = 1; i < candidates.size(); ++i) {
      if (auto each = worth(candidates[i]); most < each) {
        most = std::move(each);
        best = i;
      }
    }
    return candidates[best].card;
  }

  [[nodiscard]] std::string written(std::span<const ClientField> fields, const Candidate& candidate) const {
    std::string all;
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if (f > 0) all += '\x1F';
      all += detail::trimmed(cards_[0].reader().to_text(fields[f], candidate.values[f], "\x1E"));
    }
    return all;
  }

  [[nodiscard]] std::uint32_t chosen(std::span<const ClientField> fields, const Survivorship& by) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < cards_.size(); ++i) {
      Candidate candidate{static_cast<std::uint32_t>(i), {}};
      bool any = false;
      for (const ClientField field : fields) {
        // What somebody wrote is kept apart from its group.
        const bool apart = fields.size() > 1 && cards_[i].edit(field) != 0;
        candidate.values.push_back(apart ? cards_[i].reader().value(cards_[i].code(), field) : cards_[i].value(field));
        CardValue& value = candidate.values.back();
        // A parent that is the same client now.
        if (field == ClientField::parent && value.has)
          value.has = !std::binary_search(codes_.begin(), codes_.end(), static_cast<std::uint32_t>(value.number));
        any = any || value.has;
      }
      if (any) candidates.push_back(std::move(candidate));
    }
    if (candidates.empty()) return from_none;
    if (candidates.size() == 1 && by.rule != SurvivorRule::custom) return candidates.front().card;
    constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();
    switch (by.rule) {
      case SurvivorRule::newest:
        return best(candidates, [&](const Candidate& each) {
          const std::int64_t updated = instant(each.card, ClientField::updated_at, never);
          return updated != never ? updated : instant(each.card, ClientField::created_at, never);
        });
      case SurvivorRule::most_complete:
        return best(candidates, [&](const Candidate& each) {
          const auto own = static_cast<std::size_t>(
              std::count_if(each.values.begin(), each.values.end(), [](const CardValue& value) { return value.has; }));
          return std::pair(fields.size() > 1 ? own : 0, filled(each.card));
        });
      case SurvivorRule::most_trusted:
        return best(candidates, [&](const Candidate& each) {
          const CardValue source = cards_[each.card].value(ClientField::source);
          const auto place = std::find(policy_.trusted_sources.begin(), policy_.trusted_sources.end(), source.text);
          return policy_.trusted_sources.end() - place;
        });
      case SurvivorRule::most_frequent: {
        std::unordered_map<std::string, std::size_t> times;
        for (const Candidate& each : candidates) ++times[written(fields, each)];
        return best(candidates, [&](const Candidate& each) { return times[written(fields, each)]; });
      }
      case SurvivorRule::longest:
        return best(candidates, [&](const Candidate& each) {
          std::size_t values = 0;
          std::size_t length = 0;
          for (std::size_t f = 0; f < fields.size(); ++f) {
            values += each.values[f].list.size();
            length += detail::characters(detail::trimmed(cards_[0].reader().to_text(fields[f], each.values[f])));
          }
          return std::pair(values, length);
        });
      case SurvivorRule::custom: return asked(fields, candidates, by.function);
      case SurvivorRule::union_: break;
    }
    throw Error(Code::internal, "a rule that chooses no card");
  }

  [[nodiscard]] std::uint32_t asked(std::span<const ClientField> fields, const std::vector<Candidate>& candidates,
                                    const std::string& function) const {
    std::vector<SurvivorCandidate> shown;
    for (const Candidate& each : candidates) {
      const EditedCard& card = cards_[each.card];
      SurvivorCandidate candidate{card.reader().base().id_of(card.code()), {}, {}, {}, {}};
      for (std::size_t f = 0; f < fields.size(); ++f) {
        if (type_of(fields[f]) == FieldType::texts && fields.size() == 1) {
          candidate.values.assign(each.values[f].list.begin(), each.values[f].list.end());
        } else {
          candidate.values.push_back(card.reader().to_text(fields[f], each.values[f]));
        }
      }
      if (const CardValue at = card.value(ClientField::created_at); at.has)
        candidate.created_at = Instant(std::chrono::microseconds(at.number));
      if (const CardValue at = card.value(ClientField::updated_at); at.has)
        candidate.updated_at = Instant(std::chrono::microseconds(at.number));
      candidate.source = std::string(card.value(ClientField::source).text);
      shown.push_back(std::move(candidate));
    }
    std::optional<std::size_t> answer;
    try {
      answer = functions_.find(function)->second({fields.front(), shown});
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;  // the host wants to stop, and its function has not failed
      throw Error(Code::internal, "the survivorship function \"" + function + "\" threw: " + error.what(), function);
    } catch (const std::exception& error) {
      throw Error(Code::internal, "the survivorship function \"" + function + "\" threw: " + error.what(), function);
    } catch (...) {
      throw Error(Code::internal, "the survivorship function \"" + function + "\" threw", function);
    }
    if (!answer) return from_none;
    if (*answer >= candidates.size())
      throw Error(Code::internal,
                  "the survivorship function \"" + function + "\" named candidate " + std::to_string(*answer) + " of " +
                      std::to_string(candidates.size()),
                  function);
    return candidates[*answer].card;
  }

  std::span<const EditedCard> cards_;
  const SurvivorshipPolicy& policy_;
  const SurvivorFunctions& functions_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::size_t> filled_;
};

}  // namespace

Survivor choose(std::span<const EditedCard> cards, const SurvivorshipPolicy& policy, const SurvivorFunctions& functions,
                std::optional<std::uint32_t> keep) {
  if (cards.size() == 1) {  // nothing to choose from: all stays as it is
    Survivor alone{cards[0].code(), {}, {}};
    for (std::size_t f = 1; f < client_fields; ++f) alone.edited[f] = cards[0].edit(static_cast<ClientField>(f)) != 0;
    return alone;
  }
  return Choice(cards, policy, functions).survivor(keep);
}

std::vector<std::string_view> union_of(std::span<const EditedCard> cards, ClientField field) {
  std::vector<std::string_view> all;
  std::unordered_set<std::string> known;
  for (const EditedCard& card : cards)
    for (const std::string_view text : card.value(field).list)
      if (known.insert(folded(field, text)).second) all.push_back(text);
  return all;
}

const Survivorship& rule_of(const SurvivorshipPolicy& policy, ClientField field) noexcept {
  for (const SurvivorGroup& group : policy.groups)
    if (std::find(group.fields.begin(), group.fields.end(), field) != group.fields.end()) return group.by;
  if (const auto own = policy.fields.find(field); own != policy.fields.end()) return own->second;
  return type_of(field) == FieldType::texts ? policy.lists_by_default : policy.fields_by_default;
}

void check_functions(const SurvivorshipPolicy& policy, const SurvivorFunctions& functions) {
  const auto check = [&](const Survivorship& by) {
    if (by.rule != SurvivorRule::custom) return;
    const auto known = functions.find(by.function);
    if (known == functions.end() || !known->second)
      throw Error(Code::not_found,
                  "the policy of version " + std::to_string(policy.version) + " names the function \"" + by.function +
                      "\", which the host did not give",
                  "functions");
  };
  check(policy.fields_by_default);
  check(policy.lists_by_default);
  for (const auto& [field, by] : policy.fields) check(by);
  for (const SurvivorGroup& group : policy.groups) check(group.by);
}

}  // namespace klientela::dedupe
