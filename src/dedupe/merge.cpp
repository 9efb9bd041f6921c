// Merging, editing, undoing: what a host asks, checked, and answered from the state.
#include "klientela/dedupe/merge.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "dedupe/merge_state.hpp"
#include "klientela/model/base_tables.hpp"
#include "model/own_values.hpp"

namespace klientela {
namespace {

using State = MergedBase::State;

constexpr double most_bits = 1024;

/// Rows of a table of cards that are of one of these clients.
Table rows_of(const Table& cards, const ClientBase& base, const std::vector<std::uint32_t>& codes) {
  std::vector<std::size_t> wanted;
  for (const std::uint32_t code : codes) wanted.push_back(*base.row_of(base.id_of(code)));
  std::sort(wanted.begin(), wanted.end());
  std::vector<std::uint32_t> rows;
  std::uint32_t row = 0;
  std::size_t at = 0;
  const auto order = base.codes_in_order();
  for (std::size_t client = 0; client < order.size() && at < wanted.size(); ++client) {
    const bool card = base.card_of(order[client]).has_value();
    if (client == wanted[at]) {
      if (card) rows.push_back(row);
      ++at;
    }
    row += card ? 1 : 0;
  }
  return cards.take(rows);
}

std::vector<std::uint32_t> survivor_codes(const State& state, const std::vector<std::uint32_t>& clusters) {
  std::vector<std::uint32_t> codes;
  for (const std::uint32_t c : clusters) codes.push_back(state.clusters[c].survivor->code);
  return codes;
}

/// All conflicts of these clusters; of the rows of contacts and consents those that name one of their survivors.
std::vector<MergeConflict> conflicts_of(State& state, const std::vector<std::uint32_t>& clusters,
                                        const Control& control) {
  const State::View& view = state.seen(control);
  std::vector<MergeConflict> all;
  std::set<std::uint32_t> survivors;
  for (const std::uint32_t c : clusters) {
    state.add_conflicts(state.clusters[c], view.map, all);
    survivors.insert(state.clusters[c].survivor->code);
  }
  for (const MergeConflict& conflict : view.conflicts)
    if (survivors.contains(*state.base().code_of(conflict.client))) all.push_back(conflict);
  std::stable_sort(all.begin(), all.end(), [](const MergeConflict& a, const MergeConflict& b) {
    return a.client != b.client ? a.client < b.client : a.table < b.table;
  });
  return all;
}

void count_rows(const State& state, TableId table, std::size_t field, const std::vector<std::uint32_t>& place_of,
                std::vector<std::int64_t>& rows) {
  constexpr std::size_t block = 4096;
  std::vector<std::uint32_t> codes(block);
  for (const auto& chunk : state.base().chunks(table)) {
    const Values* values = chunk->values(field);
    for (std::size_t begin = 0; values != nullptr && begin < chunk->rows(); begin += block) {
      const std::size_t n = std::min(block, chunk->rows() - begin);
      values->codes(begin, std::span(codes.data(), n));
      for (std::size_t i = 0; i < n; ++i) {
        if (codes[i] == no_code || chunk->is_rejected(begin + i)) continue;
        const std::uint32_t place = place_of[state.places(codes[i])];
        if (place != no_code) ++rows[place];
      }
    }
  }
}

void need_one_list(const Duplicates& found) {
  if (found.cards().two_lists())
    throw Error(Code::invalid_argument, "cards of two lists are linked, not merged", "found");
}

}  // namespace

std::vector<MergeCluster> merge_clusters(const Duplicates& found) {
  need_one_list(found);
  std::vector<MergeCluster> clusters;
  clusters.reserve(found.groups().size());
  for (const auto& group : found.groups()) {
    MergeCluster cluster;
    for (const std::uint32_t card : group) cluster.cards.push_back(found.cards().id(card));
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

namespace {

/// Cards by what they are together with; a part is open where one of its joins is not sure.
class Parts {
 public:
  explicit Parts(const Duplicates& found) : above_(found.cards().size()), kinds_(above_.size()), open_(above_.size()) {
    std::iota(above_.begin(), above_.end(), 0U);
    const dedupe::CardReader reader(found.cards().base());
    for (std::uint32_t card = 0; card < above_.size(); ++card) {
      const std::string_view kind = reader.value(found.cards().client_code(card), ClientField::kind).text;
      kinds_[card] = kind == "organisation" ? 1 : kind == "person" ? 2 : 0;
    }
  }
  /// Whether they are one part now.
  bool join(std::uint32_t a, std::uint32_t b, bool across_kinds) {
    const std::uint32_t x = top(a);
    const std::uint32_t y = top(b);
    if (open_[x] != 0 || open_[y] != 0 || (!across_kinds && (kinds_[x] | kinds_[y]) == 3)) return false;
    above_[std::max(x, y)] = std::min(x, y);
    kinds_[std::min(x, y)] = static_cast<std::uint8_t>(kinds_[x] | kinds_[y]);
    return true;
  }
  void open(std::uint32_t card) { open_[top(card)] = 1; }
  [[nodiscard]] std::uint32_t top(std::uint32_t card) noexcept {
    while (above_[card] != card) card = above_[card] = above_[above_[card]];
    return card;
  }

 private:
  std::vector<std::uint32_t> above_;
  std::vector<std::uint8_t> kinds_;
  std::vector<std::uint8_t> open_;
};

void check(const MergeOptions& sure) {
  const auto bits = [](double value, const char* where) {
    if (!(value >= -most_bits && value <= most_bits))
      throw Error(Code::invalid_argument, std::string("`") + where + "` must be in [-1024, 1024]", where);
  };
  bits(sure.threshold, "threshold");
  bits(sure.corroboration, "corroboration");
  if (sure.max_cards < 2) throw Error(Code::invalid_argument, "`max_cards` must be at least 2", "max_cards");
}

}  // namespace

std::vector<MergeCluster> merge_clusters(const Duplicates& found, const MergeOptions& sure) {
  need_one_list(found);
  check(sure);
  Parts parts(found);
  const bool across_kinds = found.options().survivorship.across_kinds;
  const auto corroborated = [&](CardPair pair) {
    const PairEvidence evidence = found.explain(pair);
    const ScoreExplanation& why = evidence.explanation;
    std::vector<std::uint8_t> levels = evidence.levels;
    std::vector<double> terms;
    for (const FieldEvidence& field : why.fields) terms.push_back(field.term_weight);
    double least = why.score;
    for (const FieldEvidence& field : why.fields) {
      const double weight = field.weight + field.term_weight;
      if (weight <= 0) continue;
      levels[field.field] = 0;  // what a class explains is less without it, too
      terms[field.field] = 0;
      least = std::min(least, why.score - why.shared_weight - weight + found.model().shared_weight(levels, terms));
      levels[field.field] = field.level;
      terms[field.field] = field.term_weight;
    }
    return least >= sure.corroboration;
  };
  const auto same = found.representatives();
  for (std::uint32_t card = 0; card < same.size(); ++card)
    if (const CardPair pair{same[card], card};
        pair.a != pair.b && found.cluster_of()[pair.a] == found.cluster_of()[card])
      if (found.explain(pair).explanation.score >= sure.threshold && corroborated(pair))
        parts.join(pair.a, pair.b, across_kinds);
  for (std::size_t c = 0; c < found.clusters().size(); ++c)
    for (const CardJoin& join : found.clusters().joins_of(c)) {
      const bool is_sure = join.reason == CardJoinReason::must_link ||
                           (join.average >= sure.threshold && corroborated({join.a, join.b}));
      if (is_sure && parts.join(join.a, join.b, across_kinds)) continue;
      parts.open(join.a);
      parts.open(join.b);
    }
  std::map<std::uint32_t, MergeCluster> clusters;
  for (const auto& group : found.groups()) {
    if (group.size() > sure.max_cards) continue;
    for (const std::uint32_t card : group) clusters[parts.top(card)].cards.push_back(found.cards().id(card));
  }
  std::vector<MergeCluster> several;
  for (auto& [part, cluster] : clusters)
    if (cluster.cards.size() > 1) several.push_back(std::move(cluster));
  return several;
}

MergedBase::MergedBase(const ClientBase& base, SurvivorshipPolicy policy, SurvivorFunctions functions,
                       const Control& control)
    : MergedBase(base, Journal(), std::move(policy), std::move(functions), control) {}
MergedBase::MergedBase(const ClientBase& base, Journal journal, SurvivorshipPolicy policy, SurvivorFunctions functions,
                       const Control& control)
    : state_(std::make_unique<State>(base, std::move(journal), std::move(policy), std::move(functions), control)) {}
MergedBase::MergedBase(std::unique_ptr<State> state) : state_(std::move(state)) {}
MergedBase::~MergedBase() = default;
MergedBase::MergedBase(MergedBase&&) noexcept = default;
MergedBase& MergedBase::operator=(MergedBase&&) noexcept = default;

MergedBase MergedBase::rebase(const ClientBase& base, Journal journal, const JournalNote& note,
                              SurvivorshipPolicy policy, SurvivorFunctions functions, const Control& control) {
  std::string digest = base_digest(base, control);
  const bool changed = !journal.records().empty() && journal.base() != digest;
  if (changed) {
    JournalRecord record;
    record.operation = JournalOperation::rebase;
    record.note = note;
    record.base = std::move(digest);
    journal.append(std::move(record));
  }
  return MergedBase(std::make_unique<State>(base, std::move(journal), std::move(policy), std::move(functions), control,
                                            changed ? &note : nullptr));
}

MergedBase MergedBase::rebased(const ClientBase& base, const JournalNote& note, const Control& control) const {
  return rebase(base, state_->journal, note, state_->policy, state_->functions, control);
}

const ClientBase& MergedBase::original() const noexcept { return state_->base(); }
const Journal& MergedBase::journal() const noexcept { return state_->journal; }
const std::string& MergedBase::digest() const noexcept { return state_->digest; }
const SurvivorshipPolicy& MergedBase::policy() const noexcept { return state_->policy; }
const SurvivorFunctions& MergedBase::functions() const noexcept { return state_->functions; }

ClientBase MergedBase::base(const Control& control) const { return state_->seen(control).base; }
ClientMap MergedBase::map() const { return state_->seen({}).map; }

ClientId MergedBase::counts_as(const ClientId& client) const {
  const std::uint32_t code = state_->code_of(client);
  const std::uint32_t cluster = state_->cluster_of[state_->places(code)];
  if (cluster == no_code) return state_->base().id_of(code);
  state_->choose(state_->clusters[cluster]);
  return state_->base().id_of(state_->clusters[cluster].survivor->code);
}

std::vector<ClientId> MergedBase::cards_of(const ClientId& client) const {
  const std::uint32_t code = state_->code_of(client);
  const std::uint32_t cluster = state_->cluster_of[state_->places(code)];
  if (cluster == no_code) return {state_->base().id_of(code)};
  std::vector<ClientId> ids;
  for (const std::uint32_t each : state_->clusters[cluster].cards) ids.push_back(state_->base().id_of(each));
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::pair<ClientId, std::vector<ClientId>>> MergedBase::clusters() const {
  std::vector<std::pair<ClientId, std::vector<ClientId>>> all;
  for (const std::uint32_t c : state_->seen({}).survivors) {
    const State::Cluster& cluster = state_->clusters[c];
    if (cluster.cards.size() < 2) continue;
    std::vector<ClientId> ids;
    for (const std::uint32_t code : cluster.cards) ids.push_back(state_->base().id_of(code));
    all.emplace_back(state_->base().id_of(cluster.survivor->code), std::move(ids));
  }
  return all;
}

Table MergedBase::survivors(const Control& control) const {
  const State::View& view = state_->seen(control);
  return rows_of(table_of(view.base, TableId::clients, control), view.base, survivor_codes(*state_, view.survivors));
}

std::vector<MergeConflict> MergedBase::conflicts(const Control& control) const {
  const State::View& view = state_->seen(control);
  std::vector<MergeConflict> all;
  for (const std::uint32_t c : view.survivors) state_->add_conflicts(state_->clusters[c], view.map, all);
  all.insert(all.end(), view.conflicts.begin(), view.conflicts.end());
  std::stable_sort(all.begin(), all.end(), [](const MergeConflict& a, const MergeConflict& b) {
    return a.client != b.client ? a.client < b.client : a.table < b.table;
  });
  return all;
}

std::vector<std::pair<ClientId, ClientId>> MergedBase::not_duplicates() const {
  std::set<std::pair<ClientId, ClientId>> pairs;
  for (std::size_t record = 0; record < state_->journal.records().size(); ++record) {
    if (state_->journal.records()[record].operation != JournalOperation::not_duplicate || !state_->counts(record) ||
        state_->gone(record))
      continue;
    const auto& cards = state_->journal.records()[record].cards;
    pairs.insert(std::minmax(cards[0], cards[1]));
  }
  return {pairs.begin(), pairs.end()};
}

std::vector<std::uint64_t> MergedBase::without_cards() const {
  std::vector<std::uint64_t> operations;
  for (std::size_t record = 0; record < state_->journal.records().size(); ++record)
    if (state_->counts(record) && state_->gone(record)) operations.push_back(record + 1);
  return operations;
}

DedupeKnowledge MergedBase::knowledge(const PreparedCards& cards) const {
  DedupeKnowledge known;
  const auto card_of = [&](const ClientId& id) {
    const auto card = cards.card_of(id);
    return card ? card : cards.card_of(counts_as(id));
  };
  const auto link = [&](std::vector<CardPair>& links, const ClientId& a, const ClientId& b) {
    const auto first = card_of(a);
    const auto second = card_of(b);
    if (first && second && *first != *second) links.push_back({std::min(*first, *second), std::max(*first, *second)});
  };
  for (const auto& [survivor, members] : clusters()) {
    const ClientId* last = nullptr;  // cards that were never delivered are left out of the chain
    for (const ClientId& each : members) {
      if (!card_of(each)) continue;
      if (last != nullptr) link(known.must_links, *last, each);
      last = &each;
    }
  }
  for (const auto& [a, b] : not_duplicates()) link(known.cannot_links, a, b);
  return known;
}

MergePreview MergedBase::preview(std::span<const MergeCluster> clusters, const Control& control) const {
  MergePreview preview;
  const ClientMap before = state_->seen(control).map;
  MergedBase after(*this, Copy{});
  after.merge(clusters);
  State& state = *after.state_;
  const State::View& view = state.seen(control);

  std::vector<std::uint32_t> joined;
  for (const MergeCluster& cluster : clusters)
    joined.push_back(state.cluster_of[state.places(state.code_of(cluster.cards.front()))]);
  const auto by_survivor = [&](std::uint32_t a, std::uint32_t b) {
    return state.rank(state.clusters[a].survivor->code) < state.rank(state.clusters[b].survivor->code);
  };
  std::sort(joined.begin(), joined.end(), by_survivor);
  joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
  const std::vector<std::uint32_t> survivors = survivor_codes(state, joined);
  for (const std::uint32_t code : survivors) preview.survivors.push_back(state.base().id_of(code));
  preview.conflicts = conflicts_of(state, joined, control);
  preview.cards = rows_of(table_of(view.base, TableId::clients, control), view.base, survivors);

  std::vector<std::uint32_t> moved;
  for (const std::uint32_t c : joined)
    for (const std::uint32_t code : state.clusters[c].cards)
      if (before(code) != view.map(code)) moved.push_back(code);
  std::sort(moved.begin(), moved.end(),
            [&](std::uint32_t a, std::uint32_t b) { return state.rank(a) < state.rank(b); });
  std::vector<std::uint32_t> place_of(state.places.size(), no_code);
  std::vector<std::uint32_t> from;
  std::vector<std::uint32_t> to;
  for (std::uint32_t i = 0; i < moved.size(); ++i) {
    place_of[state.places(moved[i])] = i;
    from.push_back(state.rank(moved[i]));
    to.push_back(state.rank(view.map(moved[i])));
  }
  const Column ids = state.base().client_column();
  preview.moves.add(ids.take(from));
  preview.moves.add(ids.take(to).renamed("counts_as"));
  for (const TableId table : {TableId::contacts, TableId::consents, TableId::transactions, TableId::requests,
                              TableId::interactions, TableId::feedback}) {
    control.check();
    std::vector<std::int64_t> rows(moved.size(), 0);
    for (std::size_t f = 0; f < spec(table).fields.size(); ++f)
      if (spec(table).fields[f].type == FieldType::client) count_rows(state, table, f, place_of, rows);
    Buffer<std::int64_t> counted(rows.size());
    std::copy(rows.begin(), rows.end(), counted.begin());
    preview.moves.add(Column(std::string(spec(table).name), ColumnType::int64, std::move(counted)));
  }
  return preview;
}

MergedBase::MergedBase(const MergedBase& other, Copy) : state_(std::make_unique<State>(*other.state_)) {}

std::vector<std::uint64_t> MergedBase::merge(std::span<const MergeCluster> clusters, const JournalNote& note) {
  State& state = *state_;
  std::vector<std::uint64_t> done;
  done.reserve(clusters.size());
  try {
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      const auto refuse = [&](const std::string& message) {
        const auto& cards = clusters[i].cards;
        throw Error(Code::invalid_argument,
                    (cards.empty() ? "cluster " + std::to_string(i) : "the cluster of " + cards.front().to_text()) +
                        ": " + message,
                    "clusters");
      };
      JournalRecord record;
      record.operation = JournalOperation::merge;
      record.note = note;
      record.policy = state.policy.version;
      std::set<std::uint32_t> codes;
      for (const ClientId& id : clusters[i].cards) {
        const std::uint32_t code = state.code_of(id, "clusters");
        if (!codes.insert(code).second) refuse("card " + id.to_text() + " is named twice");
        record.cards.push_back(state.base().id_of(code));
      }
      if (record.cards.size() < 2) refuse("a merge takes two cards or more");
      std::sort(record.cards.begin(), record.cards.end());
      if (clusters[i].keep) {
        record.keep = state.base().id_of(state.code_of(*clusters[i].keep, "clusters"));
        if (!std::binary_search(record.cards.begin(), record.cards.end(), *record.keep))
          refuse("card " + record.keep->to_text() + ", which is to be kept, is none of its cards");
      }
      done.push_back(state.add(std::move(record)));
    }
  } catch (...) {
    for (std::size_t i = done.size(); i-- > 0;) state.take_back();
    throw;
  }
  return done;
}

std::uint64_t MergedBase::edit(const ClientId& client, ClientField field, std::vector<std::string> values,
                               const JournalNote& note) {
  State& state = *state_;
  JournalRecord record;
  record.operation = JournalOperation::edit;
  record.note = note;
  record.cards = {state.base().id_of(state.code_of(client))};
  record.field = field;
  if (static_cast<std::size_t>(field) >= dedupe::client_fields || field == ClientField::client)
    throw Error(Code::invalid_argument, "the id of a card cannot be written", "field");
  if (field == ClientField::parent && values.size() == 1) {
    const std::uint32_t parent = state.code_of(ClientId(values.front()), "values");
    // Of clients that are merged later, or no more, the view takes care.
    if (parent == state.code_of(client))
      throw Error(Code::invalid_argument, "client " + client.to_text() + " cannot be its own parent", "values");
    if (!state.base().card_of(parent))
      throw Error(Code::invalid_argument, "the parent " + values.front() + " has no card", "values");
  }
  record.values = std::move(values);
  return state.add(std::move(record));
}

std::uint64_t MergedBase::edit(const ClientId& client, std::string_view field, std::vector<std::string> values,
                               const JournalNote& note) {
  const auto fields = spec(TableId::clients).fields;
  std::string known;
  for (std::size_t f = 0; f < fields.size(); ++f) {
    if (fields[f].name == field) return edit(client, static_cast<ClientField>(f), std::move(values), note);
    known += (f == 0 ? "" : ", ") + std::string(fields[f].name);
  }
  throw Error(Code::not_found, "cards have no field \"" + std::string(field) + "\"; there are " + known, "field");
}

std::uint64_t MergedBase::undo(std::uint64_t operation, const JournalNote& note) {
  JournalRecord record;
  record.operation = JournalOperation::undo;
  record.note = note;
  record.of = operation;
  if (operation == 0)
    throw Error(Code::not_found, "the journal has no operation 0: they are numbered from 1", "operation");
  try {
    return state_->add(std::move(record));
  } catch (const Error& error) {
    if (error.where() != "of") throw;
    throw Error(error.code(), error.what(), "operation");
  }
}

std::uint64_t MergedBase::not_duplicate(const ClientId& a, const ClientId& b, const JournalNote& note) {
  const ClientId first = state_->base().id_of(state_->code_of(a, "clients"));
  const ClientId second = state_->base().id_of(state_->code_of(b, "clients"));
  if (first == second)
    throw Error(Code::invalid_argument, "client " + first.to_text() + " is one and the same", "clients");
  JournalRecord record;
  record.operation = JournalOperation::not_duplicate;
  record.note = note;
  record.cards = {std::min(first, second), std::max(first, second)};
  return state_->add(std::move(record));
}

void MergedBase::set_policy(const SurvivorshipPolicy& policy) {
  dedupe::check_functions(policy, state_->functions);
  state_->journal.add_policy(policy);
  state_->policy = policy;
  state_->view.reset();
}

ProposedMerges proposed_merges(const Duplicates& found, const MergedBase& merged) {
  return proposed_merges(merge_clusters(found), merged);
}

ProposedMerges proposed_merges(std::span<const MergeCluster> found, const MergedBase& merged) {
  const State& state = merged.state();
  ProposedMerges proposed;
  for (const MergeCluster& cluster : found) {
    std::vector<std::uint32_t> clients;  // a card of each
    State::Cluster all;
    std::set<std::uint32_t> seen;
    for (const ClientId& id : cluster.cards) {
      const std::uint32_t code = state.code_of(id, "found");
      const std::uint32_t own = state.cluster_of[state.places(code)];
      if (own == no_code) {
        all.cards.push_back(code);
      } else if (seen.insert(own).second) {
        all.cards.insert(all.cards.end(), state.clusters[own].cards.begin(), state.clusters[own].cards.end());
      } else {
        continue;
      }
      clients.push_back(code);
    }
    if (clients.size() < 2) continue;
    const std::set<std::uint32_t> codes(all.cards.begin(), all.cards.end());
    bool refused = !merged.policy().across_kinds && state.kinds(all) == State::both_kinds;
    for (const std::uint32_t code : all.cards) {
      const auto own = state.operations.find(code);
      if (refused || own == state.operations.end()) continue;
      for (const std::uint32_t apart : own->second.apart)
        refused = refused || (state.counts(apart) && codes.contains(state.cards[apart][0]) &&
                              codes.contains(state.cards[apart][1]));
    }
    if (refused) {
      proposed.refused.push_back(cluster);
      continue;
    }
    MergeCluster joined;
    for (const std::uint32_t code : clients) joined.cards.push_back(state.base().id_of(code));
    proposed.clusters.push_back(std::move(joined));
  }
  return proposed;
}

Table merged_cards_table(const MergedBase& merged, const Control& control) {
  const ClientBase base = merged.base(control);
  const Table fields = table_of(base, TableId::clients, control);
  const State& state = merged.state();
  std::vector<std::string> cards;
  cards.reserve(fields.rows());
  for (const std::uint32_t code : base.codes_in_order()) {
    if (!base.card_of(code)) continue;
    const std::uint32_t cluster = state.cluster_of[state.places(code)];
    if (cluster == no_code) {
      cards.push_back(base.id_of(code).to_text());
      continue;
    }
    std::string ids;  // in order: the cluster has a survivor
    for (const std::uint32_t each : state.clusters[cluster].cards)
      ids += (ids.empty() ? "" : "; ") + state.base().id_of(each).to_text();
    cards.push_back(std::move(ids));
  }
  Table table;
  for (const Column& column : fields.columns()) {
    table.add(column);
    if (table.columns().size() == 1) table.add(Column("cards", cards));
  }
  return table;
}

Table merged_clusters_table(const MergedBase& merged) {
  static_cast<void>(merged.map());  // chooses the survivors
  const State& state = merged.state();
  std::vector<std::uint32_t> ids, clusters;
  for (const std::uint32_t c : state.view->survivors) {
    const State::Cluster& cluster = state.clusters[c];
    if (cluster.cards.size() < 2) continue;
    for (const std::uint32_t code : cluster.cards) {
      ids.push_back(state.rank(code));
      clusters.push_back(state.rank(cluster.survivor->code));
    }
  }
  const Column all = state.base().client_column();
  return Table({all.take(ids).renamed("id"), all.take(clusters).renamed("cluster")});
}

Table conflicts_table(std::span<const MergeConflict> conflicts) {
  std::vector<std::string> clusters, fields, rows, clients, values, chosen, rules, tables;
  for (const MergeConflict& conflict : conflicts) {
    for (const MergeConflict::Value& value : conflict.values) {
      clusters.push_back(conflict.client.to_text());
      tables.emplace_back(spec(conflict.table).name);
      fields.push_back(conflict.field);
      rows.push_back(conflict.row);
      clients.push_back(value.client.to_text());
      values.push_back(value.value);
      chosen.push_back(conflict.chosen);
      rules.push_back(conflict.rule);
    }
  }
  Table table;
  table.add(Column("cluster", clusters));
  table.add(Column("table", tables));
  table.add(Column("field", fields));
  table.add(Column("row", rows));
  table.add(Column("client", clients));
  table.add(Column("value", values));
  table.add(Column("chosen", chosen));
  table.add(Column("rule", rules));
  return table;
}

}  // namespace klientela
