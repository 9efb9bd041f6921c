// Which cards are one client after each operation, without replaying those before.
#include "dedupe/merge_state.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/text.hpp"

namespace klientela {
namespace {

std::vector<std::uint32_t> rows_by_place(const ClientBase& base, const index::CodeIndex& places) {
  std::vector<std::uint32_t> ranks(places.size(), no_code);
  const auto codes = base.codes_in_order();
  for (std::uint32_t row = 0; row < codes.size(); ++row) ranks[places(codes[row])] = row;
  return ranks;
}

}  // namespace

using State = MergedBase::State;

State::State(const ClientBase& base, Journal history, SurvivorshipPolicy rules, SurvivorFunctions hosts,
             const Control& control, const JournalNote* rebased)
    : reader(base), journal(std::move(history)), policy(std::move(rules)), functions(std::move(hosts)) {
  if (base.is_mapped())
    throw Error(Code::invalid_argument,
                "a base that was mapped, merged or rolled up cannot be merged: merge the one that it was made of",
                "base");
  digest = base_digest(base, control);
  if (!journal.records().empty() && journal.base() != digest)
    throw Error(Code::invalid_argument,
                "the journal belongs to the base " + std::string(journal.base()) + ", this one is " + digest +
                    "; where the cards have changed, go on with rebased()",
                "journal");
  dedupe::check_functions(policy, functions);
  for (const auto& [version, each] : journal.policies()) dedupe::check_functions(each, functions);
  journal.add_policy(policy);
  places = index::CodeIndex(base.partition_sizes());
  ranks = rows_by_place(base, places);
  cluster_of.assign(places.size(), no_code);
  for (std::size_t record = journal.records().size(); record-- > 0 && last_rebase == 0;)
    if (journal.records()[record].operation == JournalOperation::rebase) last_rebase = record;
  for (std::size_t record = 0; record < journal.records().size(); ++record) index(record);
  for (std::size_t record = 0; record < journal.records().size(); ++record) {
    if ((record & 0xFFF) == 0) control.check();
    if (!counts(record)) continue;
    if (const auto against = begin_counting(record)) {  // at a merge: it looks at all that is said to be two
      if (rebased != nullptr) {
        take_apart(record, *rebased);
        continue;
      }
      const std::string where = "operation " + std::to_string(std::max(record, *against) + 1);
      throw Error(Code::bad_data,
                  "journal, " + where + ": it cannot count while operation " +
                      std::to_string(std::min(record, *against) + 1) + " does",
                  where);
    }
  }
}

void State::take_apart(std::size_t merge, const JournalNote& note) {
  JournalRecord record;
  record.operation = JournalOperation::undo;
  record.note = {note.who, "two of its clients were said to be two while a card of it was gone", note.at};
  record.base = digest;
  record.of = merge + 1;
  journal.append(std::move(record));
  index(journal.records().size() - 1);
  end_counting(merge);
}

std::optional<std::uint32_t> State::find(const ClientId& client) const {
  const auto code = base().code_of(client);
  return code && ranks[places(*code)] != no_code ? code : std::nullopt;
}

std::uint32_t State::code_of(const ClientId& client, const char* where) const {
  const auto code = find(client);
  if (!code) throw Error(Code::not_found, "the base has no client " + client.to_text(), where);
  return *code;
}

void State::index(std::size_t record) {
  const JournalRecord& of = journal.records()[record];
  const std::string where = "operation " + std::to_string(record + 1);
  const auto there = [&](const ClientId& id) {  // of another base it may be gone since
    return record < last_rebase ? find(id) : std::optional(code_of(id, where.c_str()));
  };
  std::vector<std::uint32_t> codes;
  codes.reserve(of.cards.size());
  for (const ClientId& id : of.cards)
    if (const auto code = there(id)) codes.push_back(*code);
  if (codes.size() < of.cards.size() && (of.operation != JournalOperation::merge || codes.size() < 2)) codes.clear();
  if (of.operation == JournalOperation::edit && !codes.empty()) {
    auto value = std::make_shared<dedupe::OwnCardValue>(of.field, of.values);
    const auto id = value->id();
    const auto parent = id ? there(*id) : std::nullopt;
    if (parent) value->set_number(*parent);
    if (id && !parent) {
      codes.clear();
    } else {
      written.emplace(static_cast<std::uint32_t>(record), std::move(value));
    }
  }
  for (const std::uint32_t code : codes) {
    CardOperations& own = operations[code];
    auto& list = of.operation == JournalOperation::merge  ? own.merges
                 : of.operation == JournalOperation::edit ? own.edits
                                                          : own.apart;
    list.push_back(static_cast<std::uint32_t>(record));
  }
  cards.push_back(std::move(codes));
}

void State::unindex(std::size_t record) {
  const JournalRecord& of = journal.records()[record];
  for (const std::uint32_t code : cards[record]) {
    CardOperations& own = operations[code];
    auto& list = of.operation == JournalOperation::merge  ? own.merges
                 : of.operation == JournalOperation::edit ? own.edits
                                                          : own.apart;
    list.pop_back();
  }
  written.erase(static_cast<std::uint32_t>(record));
  cards.pop_back();
}

std::uint32_t State::new_cluster() {
  if (free_clusters.empty()) {
    clusters.emplace_back();
    return static_cast<std::uint32_t>(clusters.size() - 1);
  }
  const std::uint32_t cluster = free_clusters.back();
  free_clusters.pop_back();
  return cluster;
}

void State::release(std::uint32_t cluster) {
  clusters[cluster] = {};
  free_clusters.push_back(cluster);
}

void State::changed(std::uint32_t cluster) {
  clusters[cluster].survivor.reset();
  clusters[cluster].kinds = unknown_kinds;
}

std::optional<std::size_t> State::join(std::size_t record) {
  std::uint32_t into = no_code;
  for (const std::uint32_t code : cards[record]) {
    const std::uint32_t own = cluster_of[places(code)];
    if (own != no_code && (into == no_code || clusters[own].cards.size() > clusters[into].cards.size())) into = own;
  }
  if (into == no_code) into = new_cluster();
  const std::size_t before = clusters[into].cards.size();
  std::uint8_t kinds = before == 0 ? 0 : clusters[into].kinds;
  const auto with = [&](std::uint8_t more) {
    kinds = kinds == unknown_kinds || more == unknown_kinds ? unknown_kinds : static_cast<std::uint8_t>(kinds | more);
  };
  for (const std::uint32_t code : cards[record]) {
    const std::uint32_t own = cluster_of[places(code)];
    if (own == into) continue;
    if (own == no_code) {
      clusters[into].cards.push_back(code);
      cluster_of[places(code)] = into;
      Cluster alone{{code}, {}, unknown_kinds};
      with(this->kinds(alone));
      continue;
    }
    with(clusters[own].kinds);
    for (const std::uint32_t other : clusters[own].cards) cluster_of[places(other)] = into;
    clusters[into].cards.insert(clusters[into].cards.end(), clusters[own].cards.begin(), clusters[own].cards.end());
    release(own);
  }
  clusters[into].survivor.reset();
  clusters[into].kinds = kinds;
  for (std::size_t i = before; i < clusters[into].cards.size(); ++i) {
    const auto own = operations.find(clusters[into].cards[i]);
    if (own == operations.end()) continue;
    for (const std::uint32_t apart : own->second.apart)
      if (counts(apart) && cluster_of[places(cards[apart][0])] == into && cluster_of[places(cards[apart][1])] == into)
        return apart;
  }
  return std::nullopt;
}

void State::split(std::size_t record) {
  const std::uint32_t whole = cluster_of[places(cards[record].front())];
  const std::vector<std::uint32_t> all = std::move(clusters[whole].cards);
  release(whole);
  for (const std::uint32_t code : all) cluster_of[places(code)] = no_code;
  std::unordered_set<std::uint32_t> walked;
  for (const std::uint32_t first : all) {
    if (cluster_of[places(first)] != no_code) continue;
    const std::uint32_t part = new_cluster();
    clusters[part].cards.push_back(first);
    cluster_of[places(first)] = part;
    for (std::size_t i = 0; i < clusters[part].cards.size(); ++i) {
      const auto own = operations.find(clusters[part].cards[i]);
      if (own == operations.end()) continue;
      for (const std::uint32_t merge : own->second.merges) {
        if (!counts(merge) || !walked.insert(merge).second) continue;
        for (const std::uint32_t other : cards[merge]) {
          if (cluster_of[places(other)] != no_code) continue;
          cluster_of[places(other)] = part;
          clusters[part].cards.push_back(other);
        }
      }
    }
    if (clusters[part].cards.size() == 1 && !edited(first)) {
      cluster_of[places(first)] = no_code;
      release(part);
    }
  }
}

std::optional<std::size_t> State::begin_counting(std::size_t record) {
  view.reset();
  if (cards[record].empty()) return std::nullopt;  // neither are those of undo, erase and rebase
  switch (journal.records()[record].operation) {
    case JournalOperation::merge: return join(record);
    case JournalOperation::edit: {
      const std::uint32_t code = cards[record].front();
      std::uint32_t& cluster = cluster_of[places(code)];
      if (cluster == no_code) {
        cluster = new_cluster();
        clusters[cluster].cards.push_back(code);
      }
      changed(cluster);
      return std::nullopt;
    }
    case JournalOperation::not_duplicate: {
      const std::uint32_t cluster = cluster_of[places(cards[record][0])];
      if (cluster == no_code || cluster != cluster_of[places(cards[record][1])]) return std::nullopt;
      // The last merge of the first one stands for those that hold them together.
      const auto own = operations.find(cards[record][0]);
      for (auto merge = own->second.merges.rbegin(); merge != own->second.merges.rend(); ++merge)
        if (counts(*merge)) return *merge;
      return record;
    }
    default: return std::nullopt;
  }
}

void State::end_counting(std::size_t record) {
  view.reset();
  if (cards[record].empty()) return;
  switch (journal.records()[record].operation) {
    case JournalOperation::merge: split(record); break;
    case JournalOperation::edit: {
      const std::uint32_t code = cards[record].front();
      std::uint32_t& cluster = cluster_of[places(code)];
      if (clusters[cluster].cards.size() == 1 && !edited(code)) {
        release(cluster);
        cluster = no_code;
      } else {
        changed(cluster);
      }
      break;
    }
    default: break;
  }
}

std::uint64_t State::add(JournalRecord record) {
  record.base = digest;
  std::optional<JournalAccess::Change> change;
  const std::uint64_t sequence = JournalAccess::append(journal, std::move(record), change);
  const auto at = static_cast<std::size_t>(sequence - 1);
  bool indexed = false;
  std::optional<std::size_t> against;
  std::size_t moved = at;
  try {
    index(at);
    indexed = true;
    if (journal.records()[at].operation != JournalOperation::undo) {
      against = begin_counting(at);
    } else if (change) {
      moved = change->record;
      if (change->counts) {
        against = begin_counting(moved);
      } else {
        end_counting(moved);
      }
    }
  } catch (...) {
    if (indexed) unindex(at);
    JournalAccess::take_back(journal);
    throw;
  }
  const JournalRecord& of = journal.records()[moved];
  const bool merge = of.operation == JournalOperation::merge;
  std::string refused;
  if (against) {
    refused = (merge ? "clients that operation " + std::to_string(*against + 1) + " says are two would be one"
                     : of.cards[0].to_text() + " and " + of.cards[1].to_text() +
                           " are merged, the last time by operation " + std::to_string(*against + 1)) +
              "; undo that first";
  } else if (merge && counts(moved) && !cards[moved].empty() && !journal.policies().at(of.policy).across_kinds &&
             kinds(clusters[cluster_of[places(cards[moved].front())]]) == both_kinds) {
    refused = "an organisation and a person would be one client (across_kinds of the policy allows it)";
  }
  if (refused.empty()) return sequence;
  const char* where = moved != at ? "operation" : merge ? "clusters" : "clients";
  if (moved == at && merge) {
    take_back();
  } else {
    unindex(at);
    JournalAccess::take_back(journal);
    if (merge) end_counting(moved);
  }
  throw Error(Code::invalid_argument, refused, where);
}

void State::take_back() {
  const std::size_t record = journal.records().size() - 1;
  // It counts no more, and is still there to be split by.
  JournalAccess::count_undo(journal, record, true);
  end_counting(record);
  unindex(record);
  JournalAccess::take_back(journal);
}

std::uint8_t State::kinds(Cluster& cluster) const {
  if (cluster.kinds != unknown_kinds) return cluster.kinds;
  std::uint8_t kinds = 0;
  for (const std::uint32_t code : cluster.cards) {
    const dedupe::EditedCard::Edits own = edits(code);
    const dedupe::CardValue kind = dedupe::EditedCard(reader, code, &own).value(ClientField::kind);
    if (!kind.has) continue;
    const auto known = closed_value(TableId::clients, static_cast<std::size_t>(ClientField::kind), kind.text);
    if (known) kinds = static_cast<std::uint8_t>(kinds | (1U << *known));
  }
  return cluster.kinds = kinds;
}

dedupe::EditedCard::Edits State::edits(std::uint32_t code) const {
  dedupe::EditedCard::Edits last{};
  const auto own = operations.find(code);
  if (own == operations.end()) return last;
  for (const std::uint32_t record : own->second.edits)
    if (counts(record))
      last[static_cast<std::size_t>(journal.records()[record].field)] = {record + std::uint64_t{1},
                                                                         written.at(record).get()};
  return last;
}

bool State::edited(std::uint32_t code) const {
  const auto own = operations.find(code);
  return own != operations.end() && std::any_of(own->second.edits.begin(), own->second.edits.end(),
                                                [&](std::uint32_t record) { return counts(record); });
}

const SurvivorshipPolicy& State::policy_of(const Cluster& cluster, std::optional<std::uint32_t>& keep) const {
  std::optional<std::uint32_t> last;
  std::optional<std::uint32_t> keeping;
  for (const std::uint32_t code : cluster.cards) {
    const auto own = operations.find(code);
    if (own == operations.end()) continue;
    for (auto merge = own->second.merges.rbegin(); merge != own->second.merges.rend(); ++merge) {
      if (!counts(*merge)) continue;
      if (!last || *last < *merge) last = *merge;
      if (journal.records()[*merge].keep && (!keeping || *keeping < *merge)) keeping = *merge;
    }
  }
  if (keeping) keep = base().code_of(*journal.records()[*keeping].keep);
  return last ? journal.policies().at(journal.records()[*last].policy) : policy;
}

dedupe::EditedCards::EditedCards(const State& state, const State::Cluster& cluster) {
  edits.reserve(cluster.cards.size());
  cards.reserve(cluster.cards.size());
  for (const std::uint32_t code : cluster.cards) {
    edits.push_back(state.edits(code));
    cards.emplace_back(state.reader, code, &edits.back());
  }
}

void State::choose(Cluster& cluster) const {
  if (cluster.survivor) return;
  std::sort(cluster.cards.begin(), cluster.cards.end(),
            [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  std::optional<std::uint32_t> keep;
  const SurvivorshipPolicy& rules = policy_of(cluster, keep);
  const dedupe::EditedCards edited_cards(*this, cluster);
  cluster.survivor = dedupe::choose(edited_cards.cards, rules, functions, keep);
}

std::vector<std::uint32_t> State::used_clusters() const {
  std::vector<std::uint32_t> used;
  for (std::uint32_t c = 0; c < clusters.size(); ++c)
    if (!clusters[c].cards.empty()) used.push_back(c);
  return used;
}

void State::add_conflicts(const Cluster& cluster, const ClientMap& map, std::vector<MergeConflict>& out) const {
  if (cluster.cards.size() < 2) return;
  const dedupe::EditedCards edited_cards(*this, cluster);
  const dedupe::Survivor& survivor = *cluster.survivor;
  std::optional<std::uint32_t> keep;
  const SurvivorshipPolicy& rules = policy_of(cluster, keep);
  for (std::size_t f = 1; f < static_cast<std::size_t>(ClientField::created_at); ++f) {
    const auto field = static_cast<ClientField>(f);
    if (survivor.from[f] == dedupe::from_all) continue;
    const auto text_of = [&](const dedupe::CardValue& value) {
      return std::string(detail::trimmed(reader.to_text(field, value)));
    };
    const auto value_of = [&](std::size_t card) {
      dedupe::CardValue value = edited_cards.cards[card].value(field);
      if (field == ClientField::parent && value.has) {
        value.number = map(static_cast<std::uint32_t>(value.number));
        value.has = value.number != survivor.code;
      }
      return value;
    };
    MergeConflict conflict{base().id_of(survivor.code), TableId::clients, {}, {}, {}, {}, {}};
    if (survivor.from[f] != dedupe::from_none) conflict.chosen = text_of(value_of(survivor.from[f]));
    bool differ = false;
    for (std::size_t i = 0; i < edited_cards.cards.size(); ++i) {
      const dedupe::CardValue value = value_of(i);
      if (!value.has) continue;
      conflict.values.push_back({base().id_of(edited_cards.cards[i].code()), text_of(value)});
      differ = differ || conflict.values.back().value != conflict.chosen;
    }
    if (!differ) continue;
    conflict.field = std::string(spec(TableId::clients).fields[f].name);
    conflict.rule = survivor.edited.test(f) ? "edit" : std::string(name(dedupe::rule_of(rules, field).rule));
    out.push_back(std::move(conflict));
  }
}

}  // namespace klientela
