// Binds merging: the base with merged cards, its journal and erasure; klientela._merge gives them their Python manners.
#include "klientela/dedupe/erasure.hpp"
#include "klientela/model/base_tables.hpp"
#include "merged_base.hpp"

namespace klientela::python {
namespace {

PyTable plain(Table table) { return {std::move(table), {}}; }

/// (who, reason, microseconds or None)
JournalNote note_from(const py::tuple& given) {
  JournalNote note{argument<std::string>(given[0], "who"), argument<std::string>(given[1], "reason"), std::nullopt};
  if (!given[2].is_none()) note.at = Instant(std::chrono::microseconds(argument<std::int64_t>(given[2], "at")));
  return note;
}

py::object moment(const std::optional<Instant>& at) {
  if (!at) return py::none();
  const py::module_ datetime = py::module_::import("datetime");
  const py::object epoch =
      datetime.attr("datetime")(1970, 1, 1, py::arg("tzinfo") = datetime.attr("timezone").attr("utc"));
  return epoch + datetime.attr("timedelta")(py::arg("microseconds") = at->time_since_epoch().count());
}

/// Calls a Python function with the field and a list of candidates; what it raises comes out as an exception of C++,
/// but Ctrl-C and an exit as themselves.
SurvivorFunction function_from(const py::object& callable, const std::string& called) {
  if (PyCallable_Check(callable.ptr()) == 0)
    throw Error(Code::invalid_argument, "the survivorship function \"" + called + "\" cannot be called", "functions");
  auto held = std::make_shared<const Held>(callable);
  return [held, called](const SurvivorQuestion& question) -> std::optional<std::size_t> {
    const py::gil_scoped_acquire acquire;
    std::string problem;
    try {
      py::list candidates;
      for (const SurvivorCandidate& each : question.candidates) {
        py::dict candidate;
        candidate["client"] = id_to_python(each.client);
        candidate["values"] = py::cast(each.values);
        candidate["created_at"] = moment(each.created_at);
        candidate["updated_at"] = moment(each.updated_at);
        candidate["source"] = each.source.empty() ? py::object(py::none()) : py::str(each.source);
        candidates.append(std::move(candidate));
      }
      const auto field = std::string(spec(TableId::clients).fields[static_cast<std::size_t>(question.field)].name);
      const py::object answer = held->object(field, candidates);
      if (answer.is_none()) return std::nullopt;
      if (PyIndex_Check(answer.ptr()) == 0 || PyBool_Check(answer.ptr()))
        throw py::type_error("the answer is neither a place among the candidates nor None");
      const auto place = py::reinterpret_steal<py::object>(PyNumber_Index(answer.ptr()));
      const Py_ssize_t index = place ? PyLong_AsSsize_t(place.ptr()) : -1;
      if (PyErr_Occurred() != nullptr) throw py::error_already_set();
      if (index < 0) throw py::index_error("the answer is below 0");
      return static_cast<std::size_t>(index);
    } catch (const py::error_already_set& error) {
      const py::object raised = error.value();
      if (PyErr_GivenExceptionMatches(raised.ptr(), PyExc_Exception) == 0) {  // Ctrl-C, an exit
        if (error.trace()) PyException_SetTraceback(raised.ptr(), error.trace().ptr());
        throw PluginError(Code::cancelled, "a survivorship function was interrupted", called, raised, true);
      }
      problem = error.what();
    } catch (const std::exception& error) {  // not to leave with the GIL needed to read it
      problem = error.what();
    }
    throw Error(Code::internal, problem.substr(0, problem.find('\n')));
  };
}

SurvivorFunctions functions_from(const py::dict& given) {
  SurvivorFunctions functions;
  for (const auto& [name, callable] : given) {
    const auto called = argument<std::string>(name, "functions");
    functions[called] = function_from(py::reinterpret_borrow<py::object>(callable), called);
  }
  return functions;
}

std::unique_ptr<PyMergedBase> make(const ClientBase& base, const std::optional<py::object>& survivorship,
                                   const py::dict& functions, const std::optional<std::string>& journal, bool rebase,
                                   const py::tuple& note, std::size_t threads, const py::object& progress) {
  SurvivorshipPolicy policy =
      survivorship ? survivorship_policy_from_json(to_json(*survivorship)) : SurvivorshipPolicy();
  SurvivorFunctions known = functions_from(functions);
  const JournalNote said = note_from(note);
  return std::make_unique<PyMergedBase>(long_call(threads, progress, [&](const Control& control) {
    Journal read = journal ? Journal::from_text(*journal) : Journal();
    if (rebase) return MergedBase::rebase(base, std::move(read), said, std::move(policy), std::move(known), control);
    return MergedBase(base, std::move(read), std::move(policy), std::move(known), control);
  }));
}

/// [([id, ...], keep or None), ...]
std::vector<MergeCluster> clusters_from(const py::list& given) {
  std::vector<MergeCluster> clusters;
  clusters.reserve(given.size());
  for (const py::handle each : given) {
    const auto pair = py::reinterpret_borrow<py::tuple>(each);
    MergeCluster cluster;
    for (const py::handle id : py::reinterpret_borrow<py::list>(pair[0])) cluster.cards.push_back(client_from(id));
    if (!pair[1].is_none()) cluster.keep = client_from(pair[1]);
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

py::list ids_to_python(const std::vector<ClientId>& ids) {
  py::list out;
  for (const ClientId& id : ids) out.append(id_to_python(id));
  return out;
}

py::list clusters_to_python(const std::vector<MergeCluster>& clusters) {
  py::list out;
  for (const MergeCluster& each : clusters) out.append(ids_to_python(each.cards));
  return out;
}

py::list pairs_to_python(const std::vector<std::pair<ClientId, ClientId>>& pairs) {
  py::list out;
  for (const auto& [a, b] : pairs) out.append(py::make_tuple(id_to_python(a), id_to_python(b)));
  return out;
}

py::dict preview(const PyMergedBase& self, const py::list& clusters, std::size_t threads, const py::object& progress) {
  const InUse use(self);
  const std::vector<MergeCluster> wanted = clusters_from(clusters);
  MergePreview preview =
      long_call(threads, progress, [&](const Control& control) { return self.merged.preview(wanted, control); });
  py::dict out;
  out["survivors"] = ids_to_python(preview.survivors);
  out["cards"] = plain(std::move(preview.cards));
  out["conflicts"] = plain(conflicts_table(preview.conflicts));
  out["moves"] = plain(std::move(preview.moves));
  return out;
}

py::dict erase(const PyMergedBase& self, const py::object& client, const py::dict& options, const py::tuple& note,
               std::size_t threads, const py::object& progress) {
  const InUse use(self);
  const ClientId id = client_from(client);
  const ErasureOptions how = erasure_options_from_json(to_json(options));
  const JournalNote said = note_from(note);
  Erasure erased = long_call(threads, progress,
                             [&](const Control& control) { return erase_client(self.merged, id, how, said, control); });
  py::dict removed;
  for (std::size_t t = 0; t < table_count; ++t)
    removed[py::str(std::string(spec(static_cast<TableId>(t)).name))] = erased.removed[t];
  py::dict out;
  out["operation"] = erased.operation;
  out["cards"] = erased.cards;
  out["removed"] = removed;
  out["anonymised"] = erased.anonymised;
  out["emptied"] = erased.emptied;
  out["emptied_fields"] = plain(emptied_table(erased));
  out["disabled"] = py::cast(erased.disabled);
  out["merged"] = py::cast(std::make_unique<PyMergedBase>(std::move(erased.merged)));
  return out;
}

}  // namespace

void bind_merge(py::module_& module) {
  py::class_<PyMergedBase>(module, "_MergedBase", "What stands behind klientela.MergedBase.")
      .def(py::init(&make), py::arg("base"), py::arg("survivorship"), py::arg("functions"), py::arg("journal"),
           py::arg("rebase"), py::arg("note"), py::arg("threads"), py::arg("progress"))
      .def("original", [](const PyMergedBase& self) { return self.merged.original(); })
      .def("base",
           [](const PyMergedBase& self, std::size_t threads, const py::object& progress) {
             const InUse use(self);
             return long_call(threads, progress, [&](const Control& control) { return self.merged.base(control); });
           })
      .def("rebased",
           [](const PyMergedBase& self, const ClientBase& base, const py::tuple& note, std::size_t threads,
              const py::object& progress) {
             const InUse use(self);
             const JournalNote said = note_from(note);
             return std::make_unique<PyMergedBase>(long_call(
                 threads, progress, [&](const Control& control) { return self.merged.rebased(base, said, control); }));
           })
      .def("counts_as",
           [](const PyMergedBase& self, const py::object& client) {
             const InUse use(self);
             const ClientId id = client_from(client);
             const py::gil_scoped_release release;
             ClientId survivor = self.merged.counts_as(id);
             const py::gil_scoped_acquire acquire;
             return id_to_python(survivor);
           })
      .def("cards_of",
           [](const PyMergedBase& self, const py::object& client) {
             const InUse use(self);
             return ids_to_python(self.merged.cards_of(client_from(client)));
           })
      .def("cards",
           [](const PyMergedBase& self, std::size_t threads) {
             const InUse use(self);
             return plain(long_call(threads, py::none(),
                                    [&](const Control& control) { return merged_cards_table(self.merged, control); }));
           })
      .def("clusters",
           [](const PyMergedBase& self, std::size_t threads) {
             const InUse use(self);
             return plain(long_call(threads, py::none(), [&](const Control& control) {
               static_cast<void>(self.merged.base(control));
               return merged_clusters_table(self.merged);
             }));
           })
      .def("survivors",
           [](const PyMergedBase& self, std::size_t threads) {
             const InUse use(self);
             return plain(long_call(threads, py::none(),
                                    [&](const Control& control) { return self.merged.survivors(control); }));
           })
      .def("conflicts",
           [](const PyMergedBase& self, std::size_t threads) {
             const InUse use(self);
             return plain(long_call(threads, py::none(), [&](const Control& control) {
               return conflicts_table(self.merged.conflicts(control));
             }));
           })
      .def("not_duplicates",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return pairs_to_python(self.merged.not_duplicates());
           })
      .def("without_cards",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return self.merged.without_cards();
           })
      .def("journal",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return plain(self.merged.journal().table());
           })
      .def("journal_text",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return self.merged.journal().to_text();
           })
      .def("operations",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return self.merged.journal().records().size();
           })
      .def("policy",
           [](const PyMergedBase& self) {
             const InUse use(self);
             return from_json(klientela::to_json(self.merged.policy(), -1));
           })
      .def("set_policy",
           [](PyMergedBase& self, const py::object& policy) {
             const InUse use(self);
             self.merged.set_policy(survivorship_policy_from_json(to_json(policy)));
           })
      .def("proposed",
           [](const PyMergedBase& self, const Duplicates& found) {
             const InUse use(self);
             const ProposedMerges proposed = proposed_merges(found, self.merged);
             return py::make_tuple(clusters_to_python(proposed.clusters), clusters_to_python(proposed.refused));
           })
      .def("preview", &preview)
      .def("merge",
           [](PyMergedBase& self, const py::list& clusters, const py::tuple& note) {
             const InUse use(self);
             const std::vector<MergeCluster> wanted = clusters_from(clusters);
             const JournalNote said = note_from(note);
             const py::gil_scoped_release release;
             return self.merged.merge(wanted, said);
           })
      .def("edit",
           [](PyMergedBase& self, const py::object& client, const std::string& field,
              const std::vector<std::string>& values, const py::tuple& note) {
             const InUse use(self);
             return self.merged.edit(client_from(client), field, values, note_from(note));
           })
      .def("undo",
           [](PyMergedBase& self, std::uint64_t operation, const py::tuple& note) {
             const InUse use(self);
             return self.merged.undo(operation, note_from(note));
           })
      .def("not_duplicate",
           [](PyMergedBase& self, const py::object& a, const py::object& b, const py::tuple& note) {
             const InUse use(self);
             return self.merged.not_duplicate(client_from(a), client_from(b), note_from(note));
           })
      .def("erase", &erase);
  module.attr("_FOUND_REASON") = std::string(found_reason);
}

}  // namespace klientela::python
