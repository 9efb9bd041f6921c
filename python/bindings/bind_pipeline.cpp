// Binds the pipeline stage: policies, and run(), tables in and the classified base out.
#include "klientela/pipeline/run.hpp"

#include <algorithm>

#include "classify/options.hpp"
#include "klientela/classify/attention.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/model/roll_up_json.hpp"
#include "klientela/report/report_json.hpp"
#include "schedule.hpp"

namespace klientela::python {
namespace {

/// Rows of one table that a file reader could not cut into columns: their numbers in the file, from 0, and their text.
struct Malformed {
  std::uint64_t row;
  std::string column;
  std::string value;
};

/// Puts the reader's own rejects among the others, which move behind the lines that never reached ingest.
void add_malformed(RunResult& result, TableId table, std::vector<Malformed> lines) {
  if (lines.empty()) return;
  std::sort(lines.begin(), lines.end(), [](const Malformed& a, const Malformed& b) { return a.row < b.row; });
  TableCounts& counts = result.counts[table];
  counts.rows_read += lines.size();
  counts.rows_rejected += lines.size();
  counts.by_reason[RejectReason::malformed_row] += lines.size();
  std::vector<Reject> merged;
  merged.reserve(result.rejects.size() + lines.size());
  const auto append = [&](Malformed& line) {
    merged.push_back({table, line.row, std::move(line.column), std::move(line.value), RejectReason::malformed_row});
  };
  std::size_t next = 0;
  bool placed = false;
  for (Reject& reject : result.rejects) {
    if (reject.table < table) {
      merged.push_back(std::move(reject));
      continue;
    }
    if (reject.table == table) {
      while (next < lines.size() && lines[next].row <= reject.row + next) append(lines[next++]);
      reject.row += next;
    } else if (!placed) {
      while (next < lines.size()) append(lines[next++]);
      placed = true;
    }
    merged.push_back(std::move(reject));
  }
  while (next < lines.size()) append(lines[next++]);
  result.rejects = std::move(merged);
}

/// Row of a client in canonical order. O(log clients).
std::size_t row_of(const ClientBase& base, const py::handle& id) {
  const ClientId wanted = client_from(id);
  if (const auto row = base.row_of(wanted)) return *row;
  throw Error(Code::not_found, "there is no client " + wanted.to_text(), "client");
}

py::str page(const std::string& text) {
  PyObject* object = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(object);
}

template <class Render>
auto without_gil(Render&& render) {
  const py::gil_scoped_release release;
  return render();
}

ProfileOptions profile_options_over(const ReportOptions& base, const py::kwargs& given) {
  py::dict options = from_json(to_json(base)).cast<py::dict>()["profiles"].cast<py::dict>();
  for (const auto& [name, value] : given) options[name] = value;
  return profile_options_from_json(to_json(options), "");
}

ReportOptions with(const RunResult& result, const py::object& language, const py::object& title, const py::object& top,
                   const py::object& hide) {
  ReportOptions options = result.report_options;
  if (!language.is_none()) options.language = language_from(argument<std::string>(language, "language"));
  if (!title.is_none()) options.title = argument<std::string>(title, "title");
  if (!top.is_none()) options.top_clients = argument<std::uint32_t>(top, "top_clients");
  if (!hide.is_none()) {
    py::dict part;
    part["hide"] = hide;
    options.hide = report_options_from_json(to_json(part), "").hide;
  }
  return options;
}

/// The plan of a run's history: a period's name over the policy's own plan, a mapping, or whether there is one.
std::optional<HistoryPlan> history_plan_over(const std::optional<HistoryPlan>& plan, const py::object& wanted) {
  if (py::isinstance<py::str>(wanted)) {
    HistoryPlan chosen = plan.value_or(HistoryPlan());
    py::dict every;
    every["every"] = wanted;
    chosen.every = history_plan_from_json(to_json(every), "/history")->every;
    return chosen;
  }
  if (py::isinstance<py::bool_>(wanted) && wanted.cast<bool>()) return plan.value_or(HistoryPlan());
  return history_plan_from_json(to_json(wanted), "/history");
}

}  // namespace

Policy policy_from(const py::object& policy) {
  if (py::isinstance<Policy>(policy)) return policy.cast<Policy>();
  return py::module_::import("klientela._policy").attr("policy_of")(policy).cast<Policy>();
}

void bind_pipeline(py::module_& module) {
  py::class_<Policy>(module, "Policy",
                     "The one document that holds every choice a company makes. Without arguments: the default.")
      .def(py::init<>())
      .def_static(
          "from_json",
          [](const std::string& json, const ClassifierRegistry* registry) {
            return Policy::from_json(json, registry_or_own(registry));
          },
          py::arg("json"), py::arg("registry") = nullptr,
          "Read a policy from JSON text; BadPolicyError says where it is wrong. ``registry`` has the kinds that are "
          "plugged in.")
      .def_static(
          "from_dict",
          [](const py::dict& document, const ClassifierRegistry* registry) {
            return Policy::from_json(to_json(document), registry_or_own(registry));
          },
          py::arg("document"), py::arg("registry") = nullptr, "Read a policy from a mapping.")
      .def_static("preset", &Policy::preset, py::arg("name"), "Give a named policy.")
      .def_static("presets", &Policy::presets, "Names of the policies that come with the library.")
      .def_static(
          "schema",
          [](const ClassifierRegistry* registry) { return from_json(Policy::schema(registry_or_own(registry))); },
          py::arg("registry") = nullptr, "JSON Schema of the document.")
      .def("_add",
           [](const Policy& self, const std::vector<AnyClassifier>& more) {
             Policy policy = self;
             for (const AnyClassifier& classifier : more)
               policy.classifiers.emplace_back(classifier.name(), classifier);
             std::vector<AnyClassifier> all;
             for (const auto& [name, classifier] : policy.classifiers) all.push_back(classifier);
             classifying::check_outputs(all, "/classifiers");
             return policy;
           })
      .def("to_json", &Policy::to_json, "As JSON text, defaults written out.")
      .def(
          "to_dict", [](const Policy& self) { return from_json(self.to_json()); },
          "As a mapping, defaults written out.")
      .def("__eq__",
           [](const Policy& self, const py::object& other) {
             return py::isinstance<Policy>(other) && self.to_json() == other.cast<const Policy&>().to_json();
           })
      .def("__hash__", [](const Policy& self) { return py::hash(py::str(self.to_json())); })
      .def("__repr__", [](const Policy& self) {
        std::string names;
        for (const auto& [name, classifier] : self.classifiers) {
          if (!names.empty()) names += ", ";
          names += name;
        }
        return "<klientela.Policy: " + names + ">";
      });

  py::class_<Profiles>(module, "Profiles", "What the groups of a column are like.")
      .def_property_readonly(
          "groups",
          [](const Profiles& self) {
            return PyTable{self.groups, {}};
          },
          "Size, money, frequency, recency, tenure and satisfaction of every group.")
      .def_property_readonly(
          "products",
          [](const Profiles& self) {
            return PyTable{self.products, {}};
          },
          "What sets each group apart: products, categories, requests and topics, with lift, p and q.")
      .def_property_readonly(
          "channels",
          [](const Profiles& self) {
            return PyTable{self.channels, {}};
          },
          "What share of outbound interactions each group answers, by channel.");

  py::class_<RunResult, std::shared_ptr<RunResult>>(module, "Result", "Everything a run found.")
      .def_readonly("base", &RunResult::base, "The client base.")
      .def_readonly("features", &RunResult::features, "Measures and classes of every client, as a FeatureTable.")
      .def_property_readonly(
          "as_of", [](const RunResult& self) { return from_day(self.as_of); }, "The last day that counted.")
      .def_property_readonly(
          "clients",
          [](const RunResult& self) {
            // The pool has a thread per core; Ctrl-C stops it.
            return PyTable{long_call(0, py::none(), [&](const Control& control) { return self.clients(control); }), {}};
          },
          "One row per client: id, name, features, scores, classes, cell, group, reasons.")
      .def_property_readonly(
          "matrix",
          [](const RunResult& self) {
            return PyTable{without_gil([&] { return self.matrix(); }), {}};
          },
          "One row per cell of the contact matrix, empty cells included.")
      .def_property_readonly(
          "rejected",
          [](const RunResult& self) {
            return PyTable{without_gil([&] { return self.rejected(); }), {}};
          },
          "The rows that were not used: table, row (from 1), column, value, reason.")
      .def_property_readonly(
          "coverage",
          [](const RunResult& self) {
            return PyTable{long_call(0, py::none(), [&](const Control& control) { return self.coverage(control); }),
                           {}};
          },
          "What share of the cards has each attribute, in all and by kind of client, and where values come from.")
      .def_property_readonly(
          "unknown_assignments",
          [](const RunResult& self) {
            return PyTable{self.unknown_assignments, {}};
          },
          "The lines of the assignments that name a client or a value that is not known: row (from 1), client, "
          "attribute, value, reason.")
      .def_property_readonly(
          "hierarchy",
          [](const RunResult& self) -> py::object {
            if (!self.hierarchy) return py::none();
            return py::cast(PyTable{without_gil([&] { return self.hierarchy->table(); }), {}});
          },
          "The tree of all clients where the run rolled them up, else None: client, parent, root, level, children, "
          "members, link.")
      .def_property_readonly(
          "duplicates",
          [](const RunResult& self) -> py::object {
            return self.duplicates ? py::cast(*self.duplicates) : py::object(py::none());
          },
          "The duplicates among the cards as they were delivered, or None where none were looked for.")
      .def_property_readonly("_merging",
                             [](const RunResult& self) -> py::object {
                               if (!self.merged) return py::none();
                               return py::make_tuple(self.merged->original(), from_json(to_json(self.merged->policy())),
                                                     self.merged->journal().to_text());
                             })
      .def_property_readonly(
          "conflicts",
          [](const RunResult& self) -> py::object {
            if (!self.merged) return py::none();
            return py::cast(PyTable{without_gil([&] { return conflicts_table(self.merged->conflicts()); }), {}});
          },
          "Where merged cards say different things, and what the client's one card says; None where nothing was to be "
          "merged.")
      .def(
          "profiles",
          [](const RunResult& self, const std::optional<std::string>& column, const py::kwargs& options) {
            if (!column && options.empty())
              return long_call(0, py::none(), [&](const Control& control) { return self.profiles(control); });
            ProfileOptions wanted = profile_options_over(self.report_options, options);
            if (column) wanted.columns = {*column};
            return long_call(0, py::none(),
                             [&](const Control& control) { return group_profiles(self.report(), wanted, control); });
          },
          py::arg("column") = py::none(), R"doc(Say what each group of clients is like.

Parameters
----------
column : str, optional
    A column of labels by its name or the end of it, such as ``"segment"``. None: those of the policy.
**options
    test ("greater" or "two_sided"), min_clients, top (listed per group and kind; 0: all), positive_outcomes,
    reply_days: over those of the policy.

Returns
-------
Profiles
    Tables ``groups``, ``products`` and ``channels``.)doc")
      .def(
          "attention",
          [](const RunResult& self, const py::kwargs& options) {
            if (options.empty())
              return PyTable{long_call(0, py::none(), [&](const Control& control) { return self.attention(control); }),
                             {}};
            AttentionOptions base = self.report_options.attention;
            base.language = self.report_options.language;
            py::dict wanted = from_json(to_json(base)).cast<py::dict>();
            for (const auto& [name, value] : options) wanted[name] = value;
            const AttentionOptions parsed = attention_options_from_json(to_json(wanted));
            const auto lifecycle = std::find_if(self.classes.begin(), self.classes.end(),
                                                [](const Classification& each) { return each.kind() == "lifecycle"; });
            return PyTable{long_call(0, py::none(),
                                     [&](const Control& control) {
                                       return attention_list(self.features.table(),
                                                             lifecycle == self.classes.end() ? nullptr : &*lifecycle,
                                                             parsed, control);
                                     }),
                           {}};
          },
          R"doc(Say who needs accompaniment now, the largest value at risk first.

Parameters
----------
**options
    value, states, least_risk, satisfaction_drop, limit, language: over those of the policy's ``report.attention``; see
    :func:`klientela.attention`.

Returns
-------
Table
    rank, client, state, loss_risk, value, value_at_risk, rule, reason.)doc")
      .def_property_readonly("_has_attention", &RunResult::has_attention)
      .def(
          "cohorts",
          [](const RunResult& self, const std::optional<std::string>& period) {
            std::optional<Period> chosen;
            if (period) {
              py::dict option;
              option["period"] = *period;
              chosen = period_options_from_json(to_json(option), "").period;
            }
            return PyTable{long_call(0, py::none(),
                                     [&](const Control& control) {
                                       return chosen ? self.cohorts(*chosen, control) : self.cohorts(control);
                                     }),
                           {}};
          },
          py::arg("period") = py::none(), R"doc(Follow the clients who began in the same period.

Parameters
----------
period : {"day", "week", "month", "quarter", "year"}, optional
    None: that of the policy's first classifier of kind cohort, or months.

Returns
-------
Table
    As :func:`klientela.cohorts`.)doc")
      .def(
          "_planned_history",
          [](const RunResult& self, std::size_t threads, const py::object& progress) -> py::object {
            const History* found =
                long_call(threads, progress, [&](const Control& control) { return self.history(control); });
            return found == nullptr ? py::object(py::none()) : py::cast(*found);
          },
          py::arg("threads") = 0, py::arg("progress") = py::none())
      .def_property_readonly("_has_history", [](const RunResult& self) { return self.policy && self.policy->history; })
      .def_property_readonly(
          "_language",
          [](const RunResult& self) { return self.report_options.language == Language::russian ? "ru" : "en"; })
      .def(
          "check_rules",
          [](const RunResult& self, const std::string& classifier) {
            const RuleCheck check =
                long_call(0, py::none(), [&](const Control& control) { return self.check_rules(classifier, control); });
            py::dict tables;
            tables["rules"] = PyTable{check.rules_table(), {}};
            tables["contradictions"] = PyTable{check.contradictions_table(self.features.table()), {}};
            return tables;
          },
          py::arg("classifier"), "Tables ``rules`` (which fire, never fire or are hidden) and ``contradictions``.")
      .def_property_readonly(
          "summary", [](const RunResult& self) { return from_json(without_gil([&] { return self.summary(); })); },
          "Counts, exact totals, class sizes and notes.")
      .def("summary_json", &RunResult::summary, "The summary as JSON text.")
      .def(
          "html",
          [](const RunResult& self, const py::object& language, const py::object& title, const py::object& top,
             const py::object& hide, const PySchedule* schedule) {
            const ReportOptions options = with(self, language, title, top, hide);
            return page(long_call(0, py::none(), [&](const Control& control) {
              return schedule == nullptr ? self.page(options, control)
                                         : self.page(options, &schedule->schedule, control);
            }));
          },
          py::kw_only(), py::arg("language") = py::none(), py::arg("title") = py::none(),
          py::arg("top_clients") = py::none(), py::arg("hide") = py::none(), py::arg("schedule") = py::none(),
          R"doc(Give the report as a page that stands alone.

Parameters
----------
language : str, optional
    en or ru; by default the policy's.
title : str, optional
    Of the page.
top_clients : int, optional
    How many clients are shown per cell.
hide : sequence of str, optional
    Parts that the page goes without, out of matrix, rfm, abc, classes, movement, attention, plan, top, profiles,
    duplicates, coverage, rejected and definitions; by default the policy's.
schedule : Schedule, optional
    A plan of contacts that the page tells of; None: that of the run.)doc")
      .def_property_readonly(
          "plan",
          [](const std::shared_ptr<RunResult>& self) -> py::object {
            if (!self->plan) return py::none();
            return py::cast(PySchedule{self, self->planned_for->managers, std::nullopt, self->planned_for->known,
                                       self->report_options.language, *self->plan});
          },
          "The calendar of contacts as a Schedule; None where the run was given no managers.")
      .def_property_readonly(
          "counts", [](const RunResult& self) { return counts_to_python(self.counts); },
          "By table: rows read, used and rejected, and how many were rejected by reason.")
      .def_property_readonly(
          "unused_columns", [](const RunResult& self) { return self.unused_columns; },
          "Columns that fed no field, as table.column.")
      .def_property_readonly(
          "classes",
          [](const RunResult& self) {
            py::dict classes;
            for (const Classification& each : self.classes) classes[py::str(each.name())] = each;
            return classes;
          },
          "Classifications by the name of their classifier, in the policy's order.")
      .def_property_readonly(
          "models",
          [](const RunResult& self) {
            py::dict models;
            for (const AnyModel& each : self.models) models[py::str(each.name())] = each;
            return models;
          },
          "Frozen models by the name of their classifier, in the policy's order.")
      .def(
          "notes",
          [](const RunResult& self, const std::string& language) {
            py::list notes;
            for (const Classification& each : self.classes)
              for (const py::handle& note : notes_to_python(each.notes(), language_from(language))) notes.append(note);
            return notes;
          },
          py::arg("language") = "en", "What to know about the classifications as a whole.")
      .def(
          "row_of", [](const RunResult& self, const py::handle& client) { return row_of(self.base, client); },
          py::arg("client"), "Row of a client in the tables of this result, from 0.")
      .def(
          "explain",
          [](const RunResult& self, const py::handle& client, const std::string& language) {
            const std::size_t row = row_of(self.base, client);
            const Language wanted = language_from(language);
            py::dict result;
            for (const Classification& each : self.classes) result[py::str(each.name())] = each.explain(row, wanted);
            return result;
          },
          py::arg("client"), py::arg("language") = "en",
          "Why a client is where it is: words by classifier, in English (en) or Russian (ru).")
      .def("_add_malformed", [](RunResult& self, const std::string& table,
                                const std::vector<std::tuple<std::uint64_t, std::string, std::string>>& lines) {
        std::vector<Malformed> parsed;
        parsed.reserve(lines.size());
        for (const auto& [row, column, value] : lines) parsed.push_back({row, column, value});
        add_malformed(self, table_id(table), std::move(parsed));
      });

  module.def(
      "_run",
      [](const py::dict& tables, const py::object& policy, const py::object& as_of, std::size_t threads,
         const py::object& progress, const py::object& assignments, const py::object& roll_up,
         const py::object& history, const std::optional<std::string>& journal, bool rebase, const py::object& managers,
         const std::string& period, const py::object& holidays) {
        Policy parsed = policy_from(policy);
        if (!history.is_none()) parsed.history = history_plan_over(parsed.history, history);
        if (!roll_up.is_none()) parsed.roll_up = roll_up_from(roll_up, "/roll_up");
        RunKnowledge known;
        if (!assignments.is_none()) known.assignments = argument<Assignments>(assignments, "assignments");
        if (journal) known.journal = Journal::from_text(*journal);
        known.rebase = rebase;
        if (!managers.is_none()) {
          RunManagers& there = known.managers.emplace(column_table(managers), SchedulePeriod::parse(period));
          if (!holidays.is_none()) there.known.holidays = HolidayTable::from(column_table(holidays));
        }
        const std::optional<Day> day = as_of.is_none() ? std::nullopt : std::optional(to_day(as_of, "as_of"));
        Tables streams = tables_from(tables);
        return std::make_shared<RunResult>(long_call(threads, progress, [&](const Control& control) {
          return run(std::move(streams), parsed, day, known, control);
        }));
      },
      py::arg("tables"), py::arg("policy"), py::arg("as_of"), py::arg("threads"), py::arg("progress"),
      py::arg("assignments") = py::none(), py::arg("roll_up") = py::none(), py::arg("history") = py::none(),
      py::arg("journal") = py::none(), py::arg("rebase") = false, py::arg("managers") = py::none(),
      py::arg("period") = "", py::arg("holidays") = py::none());
}

}  // namespace klientela::python
