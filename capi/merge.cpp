// C ABI of merging: cards that count as one client, the journal that takes it back, and erasure.
#include "klientela/dedupe/merge.hpp"

#include <algorithm>
#include <map>
#include <new>
#include <vector>

#include "call_guard.hpp"
#include "klientela/dedupe/erasure.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

static_assert(sizeof(klt_note) % 8 == 0 && sizeof(klt_merge_options) % 8 == 0 && sizeof(klt_erasure) % 8 == 0);

JournalNote note_of(const klt_note* given) {
  const klt_note note = read_struct(given, klt_note KLT_NOTE_INIT, "note");
  JournalNote read{text_or_empty(note.who, "note.who"), text_or_empty(note.reason, "note.reason"), std::nullopt};
  if (note.at != KLT_NO_INSTANT) read.at = Instant(std::chrono::microseconds(note.at));
  return read;
}

ClientId client_of(const char* client, const char* argument = "client") {
  return ClientId(need_text(client, argument));
}

/// A host's function, with the user_data that it owns once the base is made.
struct HostFunction {
  std::string name;
  klt_survivor_function calls;
  bool owned{false};

  explicit HostFunction(const klt_survivor_function& given)
      : name(need_text(given.name, "functions.name")), calls(given) {
    if (name.empty()) throw Error(Code::invalid_argument, "a survivorship function needs a name", "functions.name");
    need(calls.choose, "functions.choose");
    calls.name = nullptr;  // the caller's
  }
  ~HostFunction() {
    if (!owned || calls.user_data == nullptr || calls.free_user_data == nullptr) return;
    try {
      calls.free_user_data(calls.user_data);
    } catch (...) {  // destructors have nobody to tell
    }
  }
  HostFunction(const HostFunction&) = delete;
  HostFunction& operator=(const HostFunction&) = delete;

  [[nodiscard]] std::optional<std::size_t> choose(const SurvivorQuestion& question) const {
    const auto micros = [](const std::optional<Instant>& at) {
      return at ? static_cast<std::int64_t>(at->time_since_epoch().count()) : KLT_NO_INSTANT;
    };
    const std::size_t count = question.candidates.size();
    std::vector<std::string> clients(count);
    std::vector<std::vector<const char*>> values(count);
    std::vector<klt_survivor_candidate> candidates(count);
    std::vector<const klt_survivor_candidate*> shown(count);
    for (std::size_t i = 0; i < count; ++i) {
      const SurvivorCandidate& of = question.candidates[i];
      clients[i] = of.client.to_text();
      for (const std::string& value : of.values) values[i].push_back(value.c_str());
      candidates[i] = {
          sizeof(klt_survivor_candidate), clients[i].c_str(),   values[i].data(), values[i].size(), of.source.c_str(),
          micros(of.created_at),          micros(of.updated_at)};
      shown[i] = &candidates[i];
    }
    klt_context context;
    std::size_t chosen = KLT_NO_CANDIDATE;
    const std::string field(spec(TableId::clients).fields[static_cast<std::size_t>(question.field)].name);
    const klt_status status = calls.choose(&context, field.c_str(), shown.data(), count, &chosen, calls.user_data);
    if (status != KLT_OK) {
      const bool told = klt_context_last_status(&context) == status;
      throw Error(Code::internal, std::string("it returned ") + klt_status_name(status) +
                                      (told ? std::string(": ") + klt_context_last_message(&context) : std::string()));
    }
    return chosen == KLT_NO_CANDIDATE ? std::nullopt : std::optional(chosen);
  }
};

/// Work on the thread of the call where a host's functions are asked, whatever executor the context has.
Control control_of(const Running& call, const MergedBase& merged) {
  Control control = call.control();
  if (!merged.functions().empty()) control.executor = nullptr;
  return control;
}

/// Clusters of the columns id and cluster, in order of their first rows; `keep`, where it is there, marks ids that
/// stay.
std::vector<MergeCluster> clusters_of(const klt_table* table) {
  const Table& rows = need(table, "clusters").table;
  const Column& ids = rows.column("id");
  const Column& names = rows.column("cluster");
  const Column* keep = rows.find("keep");
  if (keep != nullptr && keep->type() != ColumnType::boolean)
    throw Error(Code::invalid_argument, "the column \"keep\" holds no booleans", "clusters");
  std::vector<MergeCluster> clusters;
  std::map<std::string, std::size_t> places;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::string name = names.is_null(row) ? std::string() : names.to_text(row);
    if (name.empty()) continue;
    const auto [place, is_new] = places.emplace(std::move(name), clusters.size());
    if (is_new) clusters.emplace_back();
    MergeCluster& cluster = clusters[place->second];
    cluster.cards.emplace_back(std::string_view(ids.to_text(row)));
    if (keep == nullptr || keep->is_null(row) || keep->to_text(row) != "true") continue;
    if (cluster.keep) throw Error(Code::invalid_argument, "cluster " + place->first + " keeps two cards", "clusters");
    cluster.keep = cluster.cards.back();
  }
  return clusters;
}

/// A table made under a control, from the merged base.
template <class Make>
klt_status give_table(klt_context* context, const klt_merged_base* merged, klt_table** out, Make&& make) {
  return guard(context, [&] {
    const InUse use(merged);
    need(out, "out");
    const Running call(*context);
    give(out, make(merged->merged, control_of(call, merged->merged)));
  });
}

Table ids_table(const char* name, const std::vector<ClientId>& ids) {
  std::vector<std::string> texts;
  for (const ClientId& id : ids) texts.push_back(id.to_text());
  return Table({Column(name, texts)});
}

/// Handles that are given to the caller together, or not at all.
template <class Handle, class Value>
std::unique_ptr<Handle> held(Handle** wanted, Value&& value) {
  return wanted == nullptr ? nullptr : std::unique_ptr<Handle>(new Handle{std::forward<Value>(value)});
}

template <class Handle>
void hand_over(Handle** out, std::unique_ptr<Handle>& made) noexcept {
  if (out != nullptr) *out = made.release();
}

}  // namespace

extern "C" {

klt_status klt_merged_base_new(klt_context* context, const klt_base* base, const klt_merge_options* options,
                               klt_merged_base** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    const klt_merge_options read = read_struct(options, klt_merge_options KLT_MERGE_OPTIONS_INIT, "options");
    bool rebase = false;
    apply_flag(read.rebase, rebase, "options.rebase");
    if (read.reserved != 0) throw Error(Code::invalid_argument, "options.reserved must be 0", "options.reserved");
    SurvivorshipPolicy policy;
    if (read.survivorship_json != nullptr)
      policy = survivorship_policy_from_json(need_text(read.survivorship_json, "options.survivorship_json"));
    Journal journal;
    if (read.journal != nullptr) journal = Journal::from_text({read.journal, read.journal_size});
    std::vector<std::shared_ptr<HostFunction>> hosts;
    SurvivorFunctions functions;
    if (read.function_count != 0) need(read.functions, "options.functions");
    for (std::size_t i = 0; i < read.function_count; ++i) {
      hosts.push_back(std::make_shared<HostFunction>(read_struct(&need(read.functions[i], "options.functions"),
                                                                 klt_survivor_function KLT_SURVIVOR_FUNCTION_INIT,
                                                                 "options.functions")));
      const auto asked = [host = hosts.back()](const SurvivorQuestion& question) { return host->choose(question); };
      if (!functions.emplace(hosts.back()->name, asked).second)
        throw Error(Code::invalid_argument, "the function \"" + hosts.back()->name + "\" is there twice",
                    "options.functions");
    }
    const Running call(*context);
    give(out, rebase ? MergedBase::rebase(given, std::move(journal), note_of(read.note), std::move(policy),
                                          std::move(functions), call.control())
                     : MergedBase(given, std::move(journal), std::move(policy), std::move(functions), call.control()));
    for (const auto& host : hosts) host->owned = true;
  });
}

void klt_merged_base_free(klt_merged_base* merged) { delete merged; }

klt_status klt_merged_base_rebased(klt_context* context, const klt_merged_base* merged, const klt_base* base,
                                   const klt_note* note, klt_merged_base** out) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    const Running call(*context);
    give(out, merged->merged.rebased(given, note_of(note), call.control()));
  });
}

klt_status klt_merged_base_original(klt_context* context, const klt_merged_base* merged, klt_base** out) {
  return guard(context, [&] {
    const InUse use(merged);
    give(&need(out, "out"), merged->merged.original());
  });
}

klt_status klt_merged_base_base(klt_context* context, const klt_merged_base* merged, klt_base** out) {
  return guard(context, [&] {
    const InUse use(merged);
    need(out, "out");
    const Running call(*context);
    give(out, merged->merged.base(control_of(call, merged->merged)));
  });
}

klt_status klt_merged_base_counts_as(klt_context* context, const klt_merged_base* merged, const char* client,
                                     klt_string** out) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientId id = client_of(client);
    give(&need(out, "out"), merged->merged.counts_as(id).to_text());
  });
}

klt_status klt_merged_base_cards_of(klt_context* context, const klt_merged_base* merged, const char* client,
                                    klt_table** out) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientId id = client_of(client);
    give(&need(out, "out"), ids_table("id", merged->merged.cards_of(id)));
  });
}

klt_status klt_merged_base_cards(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out,
                    [](const MergedBase& of, const Control& control) { return merged_cards_table(of, control); });
}

klt_status klt_merged_base_clusters(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out, [](const MergedBase& of, const Control& control) {
    static_cast<void>(of.base(control));
    return merged_clusters_table(of);
  });
}

klt_status klt_merged_base_survivors(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out,
                    [](const MergedBase& of, const Control& control) { return of.survivors(control); });
}

klt_status klt_merged_base_conflicts(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out, [](const MergedBase& of, const Control& control) {
    return conflicts_table(of.conflicts(control));
  });
}

klt_status klt_merged_base_not_duplicates(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out, [](const MergedBase& of, const Control&) {
    std::vector<ClientId> first, second;
    for (const auto& [a, b] : of.not_duplicates()) {
      first.push_back(a);
      second.push_back(b);
    }
    Table pairs = ids_table("id_a", first);
    pairs.add(ids_table("id_b", second).column("id_b"));
    return pairs;
  });
}

klt_status klt_merged_base_journal(klt_context* context, const klt_merged_base* merged, klt_table** out) {
  return give_table(context, merged, out, [](const MergedBase& of, const Control&) { return of.journal().table(); });
}

klt_status klt_merged_base_journal_text(klt_context* context, const klt_merged_base* merged, klt_string** out) {
  return guard(context, [&] {
    const InUse use(merged);
    give(&need(out, "out"), merged->merged.journal().to_text());
  });
}

klt_status klt_merged_base_survivorship(klt_context* context, const klt_merged_base* merged, klt_string** out) {
  return guard(context, [&] {
    const InUse use(merged);
    give(&need(out, "out"), to_json(merged->merged.policy()));
  });
}

klt_status klt_merged_base_set_survivorship(klt_context* context, klt_merged_base* merged, const char* json) {
  return guard(context, [&] {
    const InUse use(merged);
    merged->merged.set_policy(survivorship_policy_from_json(need_text(json, "json")));
  });
}

klt_status klt_merged_base_proposed(klt_context* context, const klt_merged_base* merged,
                                    const klt_duplicates* duplicates, klt_table** clusters, klt_table** refused) {
  return guard(context, [&] {
    const InUse use(merged);
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    const ProposedMerges proposed = proposed_merges(found, merged->merged);
    const auto table = [](const std::vector<MergeCluster>& all) {
      std::vector<ClientId> ids, names;
      for (const MergeCluster& each : all)
        for (const ClientId& card : each.cards) {
          ids.push_back(card);
          names.push_back(each.cards.front());
        }
      Table rows = ids_table("id", ids);
      rows.add(ids_table("cluster", names).column("cluster"));
      return rows;
    };
    auto made_clusters = held(clusters, table(proposed.clusters));
    auto made_refused = held(refused, table(proposed.refused));
    hand_over(clusters, made_clusters);
    hand_over(refused, made_refused);
  });
}

klt_status klt_merged_base_preview(klt_context* context, const klt_merged_base* merged, const klt_table* clusters,
                                   klt_table** cards, klt_table** conflicts, klt_table** moves) {
  return guard(context, [&] {
    const InUse use(merged);
    const std::vector<MergeCluster> wanted = clusters_of(clusters);
    const Running call(*context);
    MergePreview preview = merged->merged.preview(wanted, control_of(call, merged->merged));
    auto made_cards = held(cards, std::move(preview.cards));
    auto made_conflicts = held(conflicts, conflicts_table(preview.conflicts));
    auto made_moves = held(moves, std::move(preview.moves));
    hand_over(cards, made_cards);
    hand_over(conflicts, made_conflicts);
    hand_over(moves, made_moves);
  });
}

klt_status klt_merged_base_merge(klt_context* context, klt_merged_base* merged, const klt_table* clusters,
                                 const klt_note* note, uint64_t* first, uint64_t* count) {
  return guard(context, [&] {
    const InUse use(merged);
    const std::vector<MergeCluster> wanted = clusters_of(clusters);
    const auto operations = merged->merged.merge(wanted, note_of(note));
    if (first != nullptr) *first = operations.empty() ? 0 : operations.front();
    if (count != nullptr) *count = operations.size();
  });
}

klt_status klt_merged_base_edit(klt_context* context, klt_merged_base* merged, const char* client, const char* field,
                                const char* const* values, size_t value_count, const klt_note* note,
                                uint64_t* operation) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientId id = client_of(client);
    const std::string_view written = need_text(field, "field");
    std::vector<std::string> texts;
    if (value_count != 0) need(values, "values");
    for (std::size_t i = 0; i < value_count; ++i) texts.emplace_back(need_text(values[i], "values"));
    const std::uint64_t done = merged->merged.edit(id, written, std::move(texts), note_of(note));
    if (operation != nullptr) *operation = done;
  });
}

klt_status klt_merged_base_undo(klt_context* context, klt_merged_base* merged, uint64_t operation, const klt_note* note,
                                uint64_t* undo) {
  return guard(context, [&] {
    const InUse use(merged);
    const std::uint64_t done = merged->merged.undo(operation, note_of(note));
    if (undo != nullptr) *undo = done;
  });
}

klt_status klt_merged_base_not_duplicate(klt_context* context, klt_merged_base* merged, const char* a, const char* b,
                                         const klt_note* note, uint64_t* operation) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientId first = client_of(a, "a");
    const ClientId second = client_of(b, "b");
    const std::uint64_t done = merged->merged.not_duplicate(first, second, note_of(note));
    if (operation != nullptr) *operation = done;
  });
}

klt_status klt_merged_base_erase(klt_context* context, const klt_merged_base* merged, const char* client,
                                 const char* options_json, const klt_note* note, klt_merged_base** out,
                                 klt_erasure* erasure, klt_table** removed, klt_table** disabled) {
  return guard(context, [&] {
    const InUse use(merged);
    const ClientId id = client_of(client);
    need(out, "out");
    ErasureOptions options;
    if (options_json != nullptr) options = erasure_options_from_json(need_text(options_json, "options_json"));
    const Running call(*context);
    Erasure done = erase_client(merged->merged, id, options, note_of(note), control_of(call, merged->merged));
    std::vector<std::string> tables;
    Buffer<std::int64_t> rows(table_count), emptied(table_count, 0);
    for (const EmptiedField& each : done.emptied_fields)
      if (each.table) ++emptied[static_cast<std::size_t>(*each.table)];
    for (std::size_t t = 0; t < table_count; ++t) {
      tables.emplace_back(spec(static_cast<TableId>(t)).name);
      rows[t] = static_cast<std::int64_t>(done.removed[t]);
    }
    Table by_table({Column("table", tables)});
    by_table.add(Column("rows", ColumnType::int64, std::move(rows)));
    by_table.add(Column("emptied", ColumnType::int64, std::move(emptied)));
    Buffer<std::int64_t> operations(done.disabled.size());
    std::transform(done.disabled.begin(), done.disabled.end(), operations.begin(),
                   [](std::uint64_t each) { return static_cast<std::int64_t>(each); });
    auto made_removed = held(removed, std::move(by_table));
    auto made_disabled = held(disabled, Table({Column("operation", ColumnType::int64, std::move(operations))}));
    auto made = std::make_unique<klt_merged_base>(std::move(done.merged));
    if (erasure != nullptr) {
      const klt_erasure counts{sizeof(klt_erasure), done.operation, done.cards, done.anonymised, done.emptied};
      write_struct(erasure, counts, "erasure");
    }
    *out = made.release();
    hand_over(removed, made_removed);
    hand_over(disabled, made_disabled);
  });
}

}  // extern "C"
