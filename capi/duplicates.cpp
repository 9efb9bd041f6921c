// C ABI of the dedupe stage: which cards are one client, cards looked up, and cards that come later.
#include <cmath>

#include "call_guard.hpp"
#include "klientela/dedupe/card_search_tables.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/dedupe/link_model_json.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

using IdPairs = std::vector<std::pair<ClientId, ClientId>>;

IdPairs need_pairs(const klt_client_pair* pairs, std::size_t count, const char* argument) {
  IdPairs list;
  if (count != 0) need(pairs, argument);
  for (std::size_t i = 0; i < count; ++i)
    list.emplace_back(need_text(pairs[i].a, argument), need_text(pairs[i].b, argument));
  return list;
}

std::vector<CardPair> cards_of(const PreparedCards& cards, const IdPairs& pairs, const char* argument) {
  std::vector<CardPair> list;
  const auto card_of = [&](const ClientId& id, std::size_t of_list) {
    const auto card = cards.card_of(id, of_list);
    if (!card) throw Error(Code::not_found, "client " + id.to_text() + " has no card", argument);
    return *card;
  };
  for (const auto& [a, b] : pairs) list.push_back({card_of(a, 0), card_of(b, cards.two_lists() ? 1 : 0)});
  return list;
}

/// Ids of cards and the names of their clusters.
IdPairs previous_of(const Table& table) {
  const auto texts = [&](const char* name) -> const Column& {
    const Column* column = table.find(name);
    if (column == nullptr)
      throw Error(Code::invalid_argument, std::string("the earlier clusters have no column ") + name, "previous");
    return *column;
  };
  const Column &ids = texts("id"), &clusters = texts("cluster");
  IdPairs rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (ids.is_null(row) || clusters.is_null(row))
      throw Error(Code::invalid_argument, "row " + std::to_string(row + 1) + " lacks an id or a cluster", "previous");
    rows.emplace_back(ClientId(ids.to_text(row)), ClientId(clusters.to_text(row)));
  }
  return rows;
}

std::vector<LabelledPair> labelled_pairs(const PreparedCards& cards, const klt_labelled_pair* pairs,
                                         std::size_t count) {
  if (count != 0) need(pairs, "labelled");
  IdPairs ids;
  for (std::size_t i = 0; i < count; ++i) {
    if ((pairs[i].match != 0 && pairs[i].match != 1) || pairs[i].reserved != 0)
      throw Error(Code::invalid_argument, "match is 0 or 1, and reserved 0", "labelled");
    ids.emplace_back(need_text(pairs[i].a, "labelled"), need_text(pairs[i].b, "labelled"));
  }
  std::vector<LabelledPair> judged;
  for (const CardPair& pair : cards_of(cards, ids, "labelled"))
    judged.push_back({pair, pairs[judged.size()].match == 1});
  return judged;
}

void find(klt_context* context, const klt_base* first, const klt_base* second, const char* first_name,
          const klt_duplicates_options* given, klt_duplicates** out) {
  const ClientBase& one = need(first, first_name).base;
  need(out, "out");
  const klt_duplicates_options read = read_struct(given, klt_duplicates_options KLT_DUPLICATES_OPTIONS_INIT, "options");
  DedupeOptions options = read.policy != nullptr ? read.policy->policy.dedupe : Policy().dedupe;
  const IdPairs must = need_pairs(read.must_links, read.must_link_count, "must_links");
  const IdPairs cannot = need_pairs(read.cannot_links, read.cannot_link_count, "cannot_links");
  const Running call(*context);
  const Normaliser normaliser(options.normaliser);
  const PreparedCards cards = second != nullptr ? prepare_cards(one, second->base, normaliser, call.control())
                                                : prepare_cards(one, normaliser, call.control());
  DedupeKnowledge known;
  if (read.known != nullptr) {
    if (second != nullptr)
      throw Error(Code::invalid_argument, "a merged base knows the cards of one list", "options.known");
    const InUse use(read.known);
    known = read.known->merged.knowledge(cards);
  }
  const auto add = [](std::vector<CardPair>& links, const std::vector<CardPair>& more) {
    links.insert(links.end(), more.begin(), more.end());
  };
  add(known.must_links, cards_of(cards, must, "must_links"));
  add(known.cannot_links, cards_of(cards, cannot, "cannot_links"));
  if (read.previous != nullptr) know_previous(cards, previous_of(read.previous->table), known);
  if (read.labelled_count != 0)
    take_labelled(cards, labelled_pairs(cards, read.labelled, read.labelled_count), options, known, call.control());
  give(out, find_duplicates(cards, options, known, call.control()));
}

/// Gives what table_of() makes of duplicates.
template <class TableOf>
klt_status give_table(klt_context* context, const klt_duplicates* duplicates, klt_table** out, TableOf table_of) {
  return guard(context, [&] {
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    need(out, "out");
    give(out, table_of(found));
  });
}

CardSearchOptions read_options(const klt_card_search_options* given) {
  const klt_card_search_options read =
      read_struct(given, klt_card_search_options KLT_CARD_SEARCH_OPTIONS_INIT, "options");
  CardSearchOptions options;
  const auto count = [](std::int32_t value, std::uint32_t& option, const char* name) {
    if (value < -1) throw Error(Code::invalid_argument, std::string(name) + " must not be negative", name);
    if (value >= 0) option = static_cast<std::uint32_t>(value);
  };
  count(read.limit, options.limit, "options.limit");
  count(read.max_candidates, options.max_candidates, "options.max_candidates");
  if (read.incomplete != 0 && read.incomplete != 1)
    throw Error(Code::invalid_argument, "options.incomplete is neither 0 nor 1", "options.incomplete");
  if (read.reserved != 0) throw Error(Code::invalid_argument, "options.reserved must be 0", "options.reserved");
  options.incomplete = read.incomplete == 1;
  if (read.min_score > KLT_DEFAULT_SCORE || std::isnan(read.min_score)) options.min_score = read.min_score;
  return options;
}

}  // namespace

extern "C" {

klt_status klt_find_duplicates(klt_context* context, const klt_base* base, const klt_duplicates_options* options,
                               klt_duplicates** out) {
  return guard(context, [&] { find(context, base, nullptr, "base", options, out); });
}

klt_status klt_link_lists(klt_context* context, const klt_base* first, const klt_base* second,
                          const klt_duplicates_options* options, klt_duplicates** out) {
  return guard(context, [&] {
    need(first, "first");
    find(context, first, &need(second, "second"), "first", options, out);
  });
}

void klt_duplicates_free(klt_duplicates* duplicates) { delete duplicates; }

size_t klt_duplicates_cards(const klt_duplicates* duplicates) {
  return duplicates != nullptr ? duplicates->duplicates.cards().size() : 0;
}

klt_status klt_duplicates_clusters(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, clusters_table);
}

klt_status klt_duplicates_pairs(klt_context* context, const klt_duplicates* duplicates, double min_score,
                                klt_table** out) {
  return guard(context, [&] {
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    need(out, "out");
    if (std::isnan(min_score)) throw Error(Code::invalid_argument, "min_score is not a number", "min_score");
    const Running call(*context);
    give(out, pairs_table(found, min_score, call.control()));
  });
}

klt_status klt_duplicates_links(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, links_table);
}

klt_status klt_duplicates_joins(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, joins_table);
}

klt_status klt_duplicates_cuts(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, cuts_table);
}

klt_status klt_duplicates_review(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, review_table);
}

klt_status klt_duplicates_weights(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, [](const Duplicates& found) { return link_model_table(found.model()); });
}

klt_status klt_duplicates_model(klt_context* context, const klt_duplicates* duplicates, klt_string** out) {
  return guard(context, [&] {
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    need(out, "out");
    give(out, to_json(found.model()));
  });
}

klt_status klt_duplicates_rules(klt_context* context, const klt_duplicates* duplicates, klt_table** out) {
  return give_table(context, duplicates, out, blocking_table);
}

klt_status klt_duplicates_summary(klt_context* context, const klt_duplicates* duplicates, klt_string** out) {
  return guard(context, [&] {
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    need(out, "out");
    give(out, duplicates_summary_json(found));
  });
}

klt_status klt_card_index_new(klt_context* context, const klt_duplicates* duplicates, klt_card_index** out) {
  return guard(context, [&] {
    const Duplicates& found = need(duplicates, "duplicates").duplicates;
    need(out, "out");
    const Running call(*context);
    give(out, CardIndex(found, call.control()));
  });
}

void klt_card_index_free(klt_card_index* index) { delete index; }

klt_status klt_card_index_duplicates(klt_context* context, const klt_card_index* index, klt_duplicates** out) {
  return guard(context, [&] {
    const CardIndex& of = need(index, "index").index;
    need(out, "out");
    give(out, of.found());
  });
}

klt_status klt_card_index_search(klt_context* context, const klt_card_index* index, const char* const* fields,
                                 const char* const* values, size_t count, const klt_card_search_options* options,
                                 klt_table** out) {
  return guard(context, [&] {
    const CardIndex& of = need(index, "index").index;
    need(out, "out");
    if (count != 0) {
      need(fields, "fields");
      need(values, "values");
    }
    std::vector<std::pair<std::string, std::string>> said;
    for (std::size_t i = 0; i < count; ++i)
      said.emplace_back(need_text(fields[i], "fields"), need_text(values[i], "values"));
    give(out, matches_table(of, of.search(client_row(said), read_options(options))));
  });
}

klt_status klt_card_index_add(klt_context* context, const klt_card_index* index, const klt_base* base,
                              const klt_card_changes* changes, klt_card_index** out) {
  return guard(context, [&] {
    const CardIndex& of = need(index, "index").index;
    const ClientBase& later = need(base, "base").base;
    need(out, "out");
    const klt_card_changes read = read_struct(changes, klt_card_changes KLT_CARD_CHANGES_INIT, "changes");
    CardChanges known;
    if (read.removed_count != 0) need(read.removed, "removed");
    for (std::size_t i = 0; i < read.removed_count; ++i)
      known.removed.emplace_back(need_text(read.removed[i], "removed"));
    known.must_links = need_pairs(read.must_links, read.must_link_count, "must_links");
    known.cannot_links = need_pairs(read.cannot_links, read.cannot_link_count, "cannot_links");
    const Running call(*context);
    give(out, of.add(later, known, call.control()));
  });
}

}  // extern "C"
