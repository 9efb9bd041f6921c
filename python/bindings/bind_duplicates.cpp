// Binds the dedupe stage: duplicates of a base and links between lists, with their evidence, and looking cards up.
#include <algorithm>

#include "klientela/dedupe/card_search_tables.hpp"
#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/dedupe/link_model_json.hpp"
#include "merged_base.hpp"

namespace klientela::python {
namespace {

PyTable plain(Table table) { return {std::move(table), {}}; }

std::uint32_t card_named(const PreparedCards& cards, const py::object& id, std::size_t list, const char* argument) {
  const ClientId client = client_from(id);
  const auto card = cards.card_of(client, list);
  if (!card) throw Error(Code::not_found, "client " + client.to_text() + " has no card", argument);
  return *card;
}

py::dict evidence_to_python(const Duplicates& found, const PairEvidence& evidence) {
  py::list fields;
  for (std::size_t i = 0; i < evidence.levels.size(); ++i) {
    if (evidence.levels[i] == 0) continue;
    const Comparison& comparison = found.comparisons()[i];
    const FieldEvidence& of = evidence.explanation.fields[i];
    py::dict field;
    field["field"] = std::string(name(comparison.field));
    field["level"] = std::string(levels(comparison.kind)[evidence.levels[i] - 1U]);
    field["weight"] = of.weight;
    field["term_weight"] = of.term_weight;
    fields.append(field);
  }
  py::dict out;
  out["score"] = evidence.explanation.score;
  out["probability"] = link_probability(evidence.explanation.score);
  out["prior_weight"] = evidence.explanation.prior_weight;
  out["shared_weight"] = evidence.explanation.shared_weight;
  out["shared_by"] = py::none();
  if (const auto& by = evidence.explanation.shared_by) out["shared_by"] = found.model().classes()[*by].name;
  out["fields"] = fields;
  return out;
}

/// Pairs of ids as pairs of cards; of two lists the first and the second of each pair are of the first and second list.
std::vector<CardPair> pairs_named(const PreparedCards& cards, const py::list& pairs, const char* argument) {
  std::vector<CardPair> named;
  named.reserve(pairs.size());
  for (const py::handle each : pairs) {
    const auto pair = py::reinterpret_borrow<py::tuple>(each);
    const std::uint32_t a = card_named(cards, pair[0], 0, argument);
    const std::uint32_t b = card_named(cards, pair[1], cards.two_lists() ? 1 : 0, argument);
    if (a == b)
      throw Error(Code::invalid_argument, "card " + cards.id(a).to_text() + " is paired with itself", argument);
    named.push_back({a, b});
  }
  return named;
}

std::vector<std::pair<ClientId, ClientId>> id_pairs(const py::list& pairs) {
  std::vector<std::pair<ClientId, ClientId>> ids;
  for (const py::handle each : pairs) {
    const auto pair = py::reinterpret_borrow<py::tuple>(each);
    ids.emplace_back(client_from(pair[0]), client_from(pair[1]));
  }
  return ids;
}

Duplicates find(const ClientBase& first, const ClientBase* second, const py::list& must_links,
                const py::list& cannot_links, const py::list& previous, const py::list& labelled,
                const PyMergedBase* merged, const py::dict& options, std::size_t threads, const py::object& progress) {
  DedupeOptions parsed = dedupe_options_from_json(to_json(options), "");
  const PreparedCards cards = long_call(threads, progress, [&](const Control& control) {
    const Normaliser normaliser(parsed.normaliser);
    return second != nullptr ? prepare_cards(first, *second, normaliser, control)
                             : prepare_cards(first, normaliser, control);
  });
  DedupeKnowledge known;
  if (merged != nullptr) {
    const InUse use(*merged);
    known = long_call(threads, progress, [&](const Control&) { return merged->merged.knowledge(cards); });
  }
  const auto add = [](std::vector<CardPair>& links, const std::vector<CardPair>& more) {
    links.insert(links.end(), more.begin(), more.end());
  };
  add(known.must_links, pairs_named(cards, must_links, "must_links"));
  add(known.cannot_links, pairs_named(cards, cannot_links, "cannot_links"));
  if (previous.size() > 0) know_previous(cards, id_pairs(previous), known);
  if (labelled.size() > 0) {
    const std::vector<CardPair> pairs = pairs_named(cards, labelled, "labelled");
    std::vector<LabelledPair> judged;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      judged.push_back({pairs[i], py::reinterpret_borrow<py::tuple>(labelled[i])[2].cast<bool>()});
    known = long_call(threads, progress, [&](const Control& control) {
      take_labelled(cards, judged, parsed, known, control);
      return std::move(known);
    });
  }
  return long_call(threads, progress,
                   [&](const Control& control) { return find_duplicates(cards, parsed, known, control); });
}

CardSearchOptions search_options(std::uint32_t limit, std::optional<double> min_score, std::uint32_t max_candidates,
                                 bool incomplete) {
  return {limit, min_score, max_candidates, incomplete};
}

/// The matches of every card of a base, with the card that was looked up in front.
Table matches_of_base(const CardIndex& index, const ClientBase& base, const CardSearchOptions& options,
                      const Control& control) {
  const auto found = index.search(base, options, control);
  std::vector<CardMatch> all;
  std::vector<std::uint32_t> rows;
  std::uint32_t card = 0;
  const auto codes = base.codes_in_order();
  for (std::uint32_t row = 0; row < codes.size() && card < found.size(); ++row) {
    if (!base.card_of(codes[row])) continue;
    for (const CardMatch& match : found[card]) {
      all.push_back(match);
      rows.push_back(row);
    }
    ++card;
  }
  Table out;
  out.add(base.client_column().take(rows).renamed("client"));
  const Table matches = matches_table(index, all);
  for (const Column& column : matches.columns()) out.add(column);
  return out;
}

RuleProposals propose(const ClientBase& first, const ClientBase* second, const py::dict& options, std::size_t threads,
                      const py::object& progress) {
  const DedupeOptions parsed = dedupe_options_from_json(to_json(options), "");
  return long_call(threads, progress, [&](const Control& control) {
    const Normaliser normaliser(parsed.normaliser);
    const PreparedCards cards = second != nullptr ? prepare_cards(first, *second, normaliser, control)
                                                  : prepare_cards(first, normaliser, control);
    return propose_rules(cards, parsed, control);
  });
}

}  // namespace

void bind_duplicates(py::module_& module) {
  py::class_<RuleProposals>(module, "RuleProposals", "Which blocking rules suit the cards, and why. Immutable.")
      .def_property_readonly(
          "rules",
          [](const RuleProposals& self) {
            py::list rules;
            for (const BlockingRule& rule : self.taken()) rules.append(to_text(rule));
            return rules;
          },
          "The rules taken, as blocking={\"rules\": ...} reads them.")
      .def_property_readonly(
          "table", [](const RuleProposals& self) { return plain(rule_proposals_table(self)); },
          "Every rule that was looked at: its cost, what share of the expected duplicates it finds, and why it was "
          "taken "
          "or not.")
      .def_property_readonly(
          "coverage", [](const RuleProposals& self) { return self.coverage; },
          "Share of the expected pairs of one client that the rules taken find.")
      .def_property_readonly(
          "pairs", [](const RuleProposals& self) { return self.pairs; },
          "Pairs of the rules taken together; one of several rules counts each time.")
      .def_property_readonly(
          "budget", [](const RuleProposals& self) { return self.budget; }, "The most pairs that were allowed.");

  py::class_<Duplicates>(module, "Duplicates",
                         "Which cards are the same client, with the evidence behind every answer. Immutable.")
      .def(
          "__len__", [](const Duplicates& self) { return self.cards().size(); }, "How many cards there are.")
      .def_property_readonly(
          "clusters", [](const Duplicates& self) { return plain(clusters_table(self)); },
          "Every card with its cluster: columns id and cluster, which is the id of the cluster's first card, or its "
          "label from before. Of two lists there is a column list, 1 or 2.")
      .def(
          "pairs",
          [](const Duplicates& self, double min_score, std::size_t threads, const py::object& progress) {
            return plain(long_call(threads, progress,
                                   [&](const Control& control) { return pairs_table(self, min_score, control); }));
          },
          py::arg("min_score") = 0.0, py::kw_only(), py::arg("threads") = 0, py::arg("progress") = py::none(),
          "Scored pairs with the level and the weight of every field; scores are bits, 0 is even odds.")
      .def_property_readonly(
          "links", [](const Duplicates& self) { return plain(links_table(self)); },
          "Of two lists: which card of the first goes with which of the second. Empty of one list.")
      .def_property_readonly(
          "joins", [](const Duplicates& self) { return plain(joins_table(self)); }, "Why cards are together.")
      .def_property_readonly(
          "cuts", [](const Duplicates& self) { return plain(cuts_table(self)); },
          "Why clusters are apart although a pair between them reaches the threshold.")
      .def_property_readonly(
          "review", [](const Duplicates& self) { return plain(review_table(self)); },
          "Pairs for clerical review, those whose answer would change most first.")
      .def_property_readonly(
          "weights", [](const Duplicates& self) { return plain(link_model_table(self.model())); },
          "What each level of each comparison weighs.")
      .def_property_readonly(
          "rules", [](const Duplicates& self) { return plain(blocking_table(self)); },
          "What each blocking rule costs and adds.")
      .def_property_readonly(
          "thresholds", [](const Duplicates& self) { return plain(thresholds_table(self)); },
          "Every half bit, how many pairs score at least so much, and the precision and recall that the model expects "
          "of "
          "them, of the pairs compared.")
      .def_property_readonly(
          "proposals",
          [](const Duplicates& self) -> py::object {
            return self.proposals() == nullptr ? py::object(py::none()) : py::cast(*self.proposals());
          },
          "How the rules were chosen; None unless they were to be proposed.")
      .def_property_readonly(
          "model", [](const Duplicates& self) { return from_json(to_json(self.model())); },
          "The link model as a dict, which find_duplicates(model=...) takes.")
      .def_property_readonly(
          "summary", [](const Duplicates& self) { return from_json(duplicates_summary_json(self)); },
          "Counts, how learning went, and what the rules gave, as a dict.")
      .def(
          "explain",
          [](const Duplicates& self, const py::object& a, const py::object& b) {
            const bool two = self.cards().two_lists();
            const std::uint32_t x = card_named(self.cards(), a, 0, "a");
            const std::uint32_t y = card_named(self.cards(), b, two ? 1 : 0, "b");
            return evidence_to_python(self, self.explain({x, y}));
          },
          py::arg("a"), py::arg("b"),
          "Why two clients' cards score as they do: score, probability, the weight of every field, and what a class "
          "such as a household explains of it.");

  py::class_<CardIndex>(module, "CardIndex",
                        "Looks cards up among those that a search for duplicates was made of. Immutable.")
      .def(py::init([](const Duplicates& found, std::size_t threads, const py::object& progress) {
             return long_call(threads, progress, [&](const Control& control) { return CardIndex(found, control); });
           }),
           py::arg("found"), py::kw_only(), py::arg("threads") = 0, py::arg("progress") = py::none())
      .def(
          "__len__", [](const CardIndex& self) { return self.found().cards().size(); }, "How many cards there are.")
      .def_property_readonly(
          "duplicates", [](const CardIndex& self) { return self.found(); }, "What the index is of, as Duplicates.")
      .def_property_readonly(
          "base", [](const CardIndex& self) { return self.found().cards().base(); },
          "The base whose cards are indexed: extend it, and give the result to add().")
      .def("_search",
           [](const CardIndex& self, const std::vector<std::pair<std::string, std::string>>& values,
              std::uint32_t limit, std::optional<double> min_score, std::uint32_t max_candidates, bool incomplete) {
             const CardSearchOptions options = search_options(limit, min_score, max_candidates, incomplete);
             py::gil_scoped_release released;
             return plain(matches_table(self, self.search(client_row(values), options)));
           })
      .def("_search_base",
           [](const CardIndex& self, const ClientBase& base, std::uint32_t limit, std::optional<double> min_score,
              std::uint32_t max_candidates, bool incomplete, std::size_t threads, const py::object& progress) {
             const CardSearchOptions options = search_options(limit, min_score, max_candidates, incomplete);
             return plain(long_call(threads, progress, [&](const Control& control) {
               return matches_of_base(self, base, options, control);
             }));
           })
      .def("_add", [](const CardIndex& self, const ClientBase& base, const py::list& removed,
                      const py::list& must_links, const py::list& cannot_links, std::size_t threads,
                      const py::object& progress) {
        CardChanges changes;
        for (const py::handle id : removed) changes.removed.push_back(client_from(id));
        changes.must_links = id_pairs(must_links);
        changes.cannot_links = id_pairs(cannot_links);
        return long_call(threads, progress, [&](const Control& control) { return self.add(base, changes, control); });
      });

  module.def("_find_duplicates", &find, py::arg("first"), py::arg("second"), py::arg("must_links"),
             py::arg("cannot_links"), py::arg("previous"), py::arg("labelled"), py::arg("known"), py::arg("options"),
             py::arg("threads"), py::arg("progress"));
  module.def("_propose_rules", &propose, py::arg("first"), py::arg("second"), py::arg("options"), py::arg("threads"),
             py::arg("progress"));
}

}  // namespace klientela::python
