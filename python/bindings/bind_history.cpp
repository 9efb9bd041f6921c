// Binds what lasts: histories of classes with their migration, and trackers that take events one by one.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "features/state.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/tracker.hpp"
#include "klientela/pipeline/run.hpp"
#include "stages.hpp"

namespace klientela::python {
namespace {

constexpr std::array<std::string_view, 5> period_names{"day", "week", "month", "quarter", "year"};

Period to_period(const std::string& name) {
  const auto found = std::find(period_names.begin(), period_names.end(), name);
  if (found == period_names.end())
    throw Error(Code::invalid_argument, "a period is day, week, month, quarter or year, not \"" + name + '"', "every");
  return static_cast<Period>(found - period_names.begin());
}

/// The options that a feature table was computed with.
FeatureOptions options_of(const FeatureTable& features) {
  return features.state() == nullptr ? FeatureOptions() : features.state()->options;
}

std::vector<Day> to_days(const ClientBase& base, const py::object& days, const py::object& every,
                         const py::object& since, const py::object& until) {
  std::vector<Day> list;
  if (!days.is_none()) {
    if (!every.is_none() || !since.is_none() || !until.is_none())
      throw Error(Code::invalid_argument, "days stand alone; every, since and until make a series of them", "days");
    for (const py::handle& day : days) list.push_back(to_day(day, "days"));
    return list;
  }
  const Period period = to_period(every.is_none() ? "month" : argument<std::string>(every, "every"));
  std::optional<Day> last;
  if (!until.is_none()) last = to_day(until, "until");
  if (since.is_none()) {
    list = period_ends(base, period, last);
  } else {
    if (!last) last = base.last_purchase_day();
    if (last) list = period_ends(to_day(since, "since"), *last, period);
  }
  if (list.empty())
    throw Error(Code::invalid_argument, "the base has no purchases that could tell the days; name them", "days");
  return list;
}

HistoryOptions to_options(const std::string& thresholds, const py::object& frozen_on, const py::object& columns,
                          const py::object& money, int hold, double margin) {
  HistoryOptions options;
  if (thresholds != "frozen" && thresholds != "refit")
    throw Error(Code::invalid_argument, "thresholds are \"frozen\" or \"refit\", not \"" + thresholds + '"',
                "thresholds");
  options.thresholds = thresholds == "refit" ? HistoryThresholds::refit : HistoryThresholds::frozen;
  if (!frozen_on.is_none()) options.frozen_on = to_day(frozen_on, "frozen_on");
  if (!columns.is_none()) options.columns = argument<std::vector<std::string>>(columns, "columns");
  options.money = money.is_none() ? std::string() : argument<std::string>(money, "money");
  options.hold = hold;
  options.margin = margin;
  return options;
}

MigrationStates to_states(const py::object& column, const std::vector<std::string>& outside) {
  return {column.is_none() ? std::string() : argument<std::string>(column, "column"), outside};
}

std::optional<Day> to_optional_day(const py::object& day, const char* name) {
  if (day.is_none()) return std::nullopt;
  return to_day(day, name);
}

PyTable in_table(Table table) { return PyTable{std::move(table), {}}; }

/// A datetime (without a zone: the base's), a date (its noon), or text of either.
Instant to_instant(const ClientBase& base, const py::handle& value, const char* name) {
  const py::module_ datetime = py::module_::import("datetime");
  py::object moment = py::reinterpret_borrow<py::object>(value);
  if (py::isinstance<py::str>(moment)) {
    try {
      moment = datetime.attr("datetime").attr("fromisoformat")(moment);
    } catch (const py::error_already_set&) {
      throw Error(Code::invalid_argument, std::string(name) + " is no date or time such as 2026-11-21", name);
    }
  }
  if (!py::isinstance(moment, datetime.attr("datetime"))) {
    const Day day = to_day(moment, name);
    const std::int64_t noon = day.time_since_epoch().count() * std::int64_t{86'400'000'000} + 43'200'000'000;
    return base.time_zone().from_local(noon);
  }
  const py::object zone = datetime.attr("timezone").attr("utc");
  const bool aware = !moment.attr("utcoffset")().is_none();
  const py::object epoch = datetime.attr("datetime")(1970, 1, 1);
  const py::object plain =
      aware ? py::object(moment.attr("astimezone")(zone).attr("replace")(py::arg("tzinfo") = py::none())) : moment;
  const py::object micros = (plain - epoch).attr("__floordiv__")(datetime.attr("timedelta")(0, 0, 1));
  const auto count = micros.cast<std::int64_t>();
  return aware ? Instant{std::chrono::microseconds{count}} : base.time_zone().from_local(count);
}

std::optional<Instant> to_moment(const ClientBase& base, const py::object& value, const char* name) {
  if (value.is_none()) return std::nullopt;
  return to_instant(base, value, name);
}

std::optional<Money> to_money(const py::object& value, const char* name) {
  if (value.is_none()) return std::nullopt;
  std::optional<Money> money;
  if (py::isinstance<py::float_>(value))
    money = Money::from_double(value.cast<double>());
  else
    money = Money::from_text(py::str(value).cast<std::string>());
  if (!money)
    throw Error(Code::invalid_argument, std::string(name) + " is no number with four decimals that fits", name);
  return money;
}

std::string to_text_or_empty(const py::object& value) {
  return value.is_none() ? std::string() : value.cast<std::string>();
}

/// Calls of one tracker take turns. The GIL is let go of before waiting: whoever has the turn may need it for a
/// plug-in.
class Turns {
 public:
  /// \throws Error invalid_argument where a plug-in calls the tracker that asks it
  void refuse_the_one_inside() const {
    if (owner_.load() == std::this_thread::get_id())
      throw Error(Code::invalid_argument, "a plug-in cannot call the tracker that is asking it", "tracker");
  }
  void lock() {
    refuse_the_one_inside();
    mutex_.lock();
    owner_.store(std::this_thread::get_id());
  }
  void unlock() {
    owner_.store({});
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
};

/// A tracker and the base whose zone its events are read in.
struct PyTracker {
  ClientBase base;
  Tracker tracker;
  std::unique_ptr<Turns> turns = std::make_unique<Turns>();
};

/// Runs work(tracker), which touches no Python, in its turn.
template <class Work>
auto in_turn(PyTracker& self, Work&& work) {
  const py::gil_scoped_release release;
  const std::lock_guard turn(*self.turns);
  return work(self.tracker);
}

template <class Row>
TrackerChange apply(PyTracker& self, const Row& row) {
  return in_turn(self, [&](Tracker& tracker) { return tracker.apply(row); });
}

}  // namespace

void bind_history(py::module_& module) {
  py::class_<History>(module, "History", "Classes of every client as of several days.")
      .def_property_readonly(
          "days",
          [](const History& self) {
            py::list days;
            for (const Day day : self.days()) days.append(from_day(day));
            return days;
          },
          "The days, ascending.")
      .def_property_readonly(
          "class_columns", [](const History& self) { return self.columns(); },
          "The kept columns, in the classifiers' order.")
      .def_property_readonly("one_pass", &History::one_pass, "Whether one pass over the data was enough.")
      .def_property_readonly("nbytes", &History::bytes, "Bytes of classes and money held.")
      .def("__len__", [](const History& self) { return self.days().size(); })
      .def(
          "labels", [](const History& self, const std::string& column) { return self.labels(column); },
          py::arg("column"), "Labels of a column, over all days.")
      .def(
          "on",
          [](const History& self, const py::object& day) {
            const std::size_t place = self.index_of(to_day(day, "day"));
            const py::gil_scoped_release release;
            return in_table(self.table(place));
          },
          py::arg("day"), "Every client's classes as of one of the days, as a Table.")
      .def(
          "of_client",
          [](const History& self, const py::handle& client, const std::string& column) {
            py::list entries;
            for (const HistoryEntry& entry : self.of_client(client_from(client), column))
              entries.append(py::make_tuple(
                  from_day(entry.day), entry.present && !entry.label.empty() ? py::cast(entry.label) : py::none()));
            return entries;
          },
          py::arg("client"), py::arg("column"), "One client's (day, label) through time; None: not known, or no label.")
      .def(
          "_table",
          [](const History& self, bool everybody) {
            return in_table(
                long_call(0, py::none(), [&](const Control& control) { return self.table(everybody, control); }));
          },
          py::arg("everybody") = false)
      .def(
          "migration",
          [](const History& self, const py::object& since, const py::object& until, const py::object& column,
             const std::vector<std::string>& outside) {
            const Day from = since.is_none() ? self.days().front() : to_day(since, "since");
            const Day to = until.is_none() ? self.days().back() : to_day(until, "until");
            const MigrationStates states = to_states(column, outside);
            return in_table(long_call(0, py::none(), [&](const Control& control) {
              return migration(self, from, to, states, control).table();
            }));
          },
          py::arg("since") = py::none(), py::arg("until") = py::none(), py::kw_only(), py::arg("column") = py::none(),
          py::arg("outside") = std::vector<std::string>{"none"}, R"doc(Who went where between two of the days.

Parameters
----------
since, until : datetime.date or str, optional
    Two of the days; by default the first and the last.
column : str, optional
    Label column; by default the first that is kept.
outside : list of str
    Labels that stand for being in no class, as null does.

Returns
-------
Table
    from, to, clients, share (of those who were in ``from``), money_before, money_after.)doc")
      .def(
          "migrations",
          [](const History& self, const py::object& column, const std::vector<std::string>& outside) {
            const MigrationStates states = to_states(column, outside);
            return in_table(long_call(0, py::none(),
                                      [&](const Control& control) { return migration_table(self, states, control); }));
          },
          py::kw_only(), py::arg("column") = py::none(), py::arg("outside") = std::vector<std::string>{"none"},
          "The matrices of every day and the one before it, below each other.")
      .def(
          "transitions",
          [](const History& self, const py::object& column, const py::object& since, const py::object& until,
             const py::object& client, bool reasons, std::size_t max_reasons, const std::string& language,
             const std::vector<std::string>& outside) {
            TransitionOptions options;
            options.states = to_states(column, outside);
            options.from = to_optional_day(since, "since");
            options.to = to_optional_day(until, "until");
            if (!client.is_none()) options.client = {client_from(client)};
            options.reasons = reasons;
            options.max_reasons = max_reasons;
            options.language = language_from(language);
            return in_table(
                long_call(0, py::none(), [&](const Control& control) { return transitions(self, options, control); }));
          },
          py::kw_only(), py::arg("column") = py::none(), py::arg("since") = py::none(), py::arg("until") = py::none(),
          py::arg("client") = py::none(), py::arg("reasons") = true, py::arg("max_reasons") = 10'000,
          py::arg("language") = "en", py::arg("outside") = std::vector<std::string>{"none"},
          R"doc(Every change of a client's class from one day to the next, with what crossed which threshold.

Parameters
----------
column : str, optional
    Label column; by default the first that is kept.
since, until : datetime.date or str, optional
    Changes after the one day and up to the other.
client : int or str, optional
    Of this client only.
reasons : bool
    Tell why; of the first ``max_reasons`` changes.
language : {"en", "ru"}
    Of the reasons.)doc")
      .def(
          "stay_times",
          [](const History& self, const py::object& column, const std::vector<std::string>& outside) {
            const MigrationStates states = to_states(column, outside);
            return in_table(
                long_call(0, py::none(), [&](const Control& control) { return stay_times(self, states, control); }));
          },
          py::kw_only(), py::arg("column") = py::none(), py::arg("outside") = std::vector<std::string>{"none"},
          "How long clients stay in each class, with censoring (Kaplan and Meier).")
      .def(
          "transition_probabilities",
          [](const History& self, const py::object& column, const py::object& since, double prior,
             const std::vector<std::string>& outside) {
            ProjectionOptions options{to_states(column, outside), to_optional_day(since, "since")};
            options.prior = prior;
            return in_table(long_call(0, py::none(), [&](const Control& control) {
              return transition_probabilities(self, options, control);
            }));
          },
          py::kw_only(), py::arg("column") = py::none(), py::arg("since") = py::none(), py::arg("prior") = 0.5,
          py::arg("outside") = std::vector<std::string>{"none"},
          R"doc(The Markov chain of the changes seen, with the first and the last day of the intervals learnt from.

A last interval that is cut short, as that of months up to a day in the middle of one, is not learnt from.)doc")
      .def(
          "project",
          [](const History& self, int steps, const py::object& column, const py::object& since, double prior,
             const std::vector<std::string>& outside) {
            ProjectionOptions options{to_states(column, outside), to_optional_day(since, "since")};
            options.steps = steps;
            options.prior = prior;
            return in_table(
                long_call(0, py::none(), [&](const Control& control) { return project(self, options, control); }));
          },
          py::arg("steps") = 12, py::kw_only(), py::arg("column") = py::none(), py::arg("since") = py::none(),
          py::arg("prior") = 0.5, py::arg("outside") = std::vector<std::string>{"none"},
          R"doc(Clients expected in each class some intervals ahead, with standard errors.

The chain of ``transition_probabilities`` starts from the last day; a step is one interval that is not cut short.)doc");

  module.def(
      "_history",
      [](const py::object& source, const py::object& policy, const py::object& days, const py::object& every,
         const py::object& since, const py::object& until, const std::string& thresholds, const py::object& frozen_on,
         const py::object& columns, const py::object& money, int hold, double margin, std::size_t threads,
         const py::object& progress) {
        HistoryOptions options = to_options(thresholds, frozen_on, columns, money, hold, margin);
        const bool ran = py::isinstance<RunResult>(source);
        if (!ran && !py::isinstance<ClientBase>(source))
          throw py::type_error("a history is made of a Result or a ClientBase");
        const ClientBase base = ran ? source.cast<const RunResult&>().base : source.cast<const ClientBase&>();
        const std::vector<Day> list = to_days(base, days, every, since, until);
        if (ran) {
          const RunResult& result = source.cast<const RunResult&>();
          options.assignments = result.assignments;
          if (result.policy) options.periods = result.policy->periods;
        }
        if (ran && policy.is_none() && options.thresholds == HistoryThresholds::frozen && !options.frozen_on) {
          const RunResult& result = source.cast<const RunResult&>();
          const FeatureOptions features = options_of(result.features);
          const std::vector<AnyModel> models = result.models;
          return long_call(threads, progress, [&](const Control& control) {
            return history(base, list, std::span<const AnyModel>(models), features, options, control);
          });
        }
        if (ran && policy.is_none())
          throw Error(Code::invalid_argument, "name the policy whose classifiers are fitted anew", "policy");
        const Policy chosen = policy_from(policy);
        options.periods = chosen.periods;
        std::vector<AnyClassifier> classifiers;
        for (const auto& [name, classifier] : chosen.classifiers) classifiers.push_back(classifier);
        return long_call(threads, progress, [&](const Control& control) {
          return history(base, list, std::span<const AnyClassifier>(classifiers), chosen.features, options, control);
        });
      },
      py::arg("source"), py::arg("policy"), py::arg("days"), py::arg("every"), py::arg("since"), py::arg("until"),
      py::arg("thresholds"), py::arg("frozen_on"), py::arg("columns"), py::arg("money"), py::arg("hold"),
      py::arg("margin"), py::arg("threads"), py::arg("progress"));

  py::class_<TrackerChange>(module, "TrackerChange", "What one event did.")
      .def_readonly("new_client", &TrackerChange::new_client, "Whether the client was not known before.")
      .def_readonly("counted", &TrackerChange::counted, "Whether some measure counts the event.")
      .def_property_readonly(
          "moves",
          [](const TrackerChange& self) {
            py::list moves;
            for (const TrackerMove& move : self.moves) {
              py::dict each;
              each["column"] = move.column;
              each["from"] = move.from.empty() ? py::object(py::none()) : py::cast(move.from);
              each["to"] = move.to.empty() ? py::object(py::none()) : py::cast(move.to);
              moves.append(std::move(each));
            }
            return moves;
          },
          "The labels that it changed: column, from, to.")
      .def("__repr__", [](const TrackerChange& self) {
        return "<klientela.TrackerChange: " + std::to_string(self.moves.size()) + " moves>";
      });

  py::class_<PyTracker>(module, "Tracker",
                        "Features and classes as of one day against frozen models, kept up to date event by event.")
      .def(py::init([](const RunResult& result, const std::vector<std::string>& columns) {
             TrackerOptions options;
             options.columns = columns;
             options.assignments = result.assignments;
             const FeatureOptions features = options_of(result.features);
             const ClientBase base = result.base;
             const Day as_of = result.as_of;
             std::vector<AnyModel> models = result.models;
             Tracker tracker = long_call(0, py::none(), [&](const Control& control) {
               return Tracker(base, as_of, models, features, options, control);
             });
             return PyTracker{base, std::move(tracker)};
           }),
           py::arg("result"), py::kw_only(), py::arg("columns") = std::vector<std::string>{},
           R"doc(Go on from a result.

Parameters
----------
result : Result
    What :func:`klientela.run` gave; its models are the frozen thresholds.
columns : list of str
    Feature columns kept beside those that the models read.)doc")
      .def(
          "purchase",
          [](PyTracker& self, const py::handle& client, const py::object& at, const py::object& amount,
             const py::object& order, const py::object& profit, const py::object& quantity, bool refund) {
            TransactionRow row{.client = client_from(client), .at = to_moment(self.base, at, "at")};
            row.amount = to_money(amount, "amount");
            row.order = to_text_or_empty(order);
            row.profit = to_money(profit, "profit");
            row.quantity = to_money(quantity, "quantity");
            row.refund = refund;
            return apply(self, row);
          },
          py::arg("client"), py::arg("at"), py::arg("amount"), py::kw_only(), py::arg("order") = py::none(),
          py::arg("profit") = py::none(), py::arg("quantity") = py::none(), py::arg("refund") = false,
          "Count one line; below zero, or with refund=True, it is a refund.")
      .def(
          "request",
          [](PyTracker& self, const py::handle& client, const py::object& at) {
            return apply(self, RequestRow{.client = client_from(client), .at = to_moment(self.base, at, "at")});
          },
          py::arg("client"), py::arg("at"), "Count one request.")
      .def(
          "interaction",
          [](PyTracker& self, const py::handle& client, const py::object& started_at, const py::object& ended_at,
             const py::object& channel, const py::object& initiative, const py::object& topic,
             const py::object& state) {
            InteractionRow row{.client = client_from(client)};
            row.started_at = to_moment(self.base, started_at, "started_at");
            row.ended_at = to_moment(self.base, ended_at, "ended_at");
            row.channel = to_text_or_empty(channel);
            row.initiative = to_text_or_empty(initiative);
            row.topic = to_text_or_empty(topic);
            row.state = to_text_or_empty(state);
            return apply(self, row);
          },
          py::arg("client"), py::arg("started_at"), py::kw_only(), py::arg("ended_at") = py::none(),
          py::arg("channel") = py::none(), py::arg("initiative") = py::none(), py::arg("topic") = py::none(),
          py::arg("state") = py::none(), "Count one contact.")
      .def(
          "explain",
          [](PyTracker& self, const TrackerChange& change, const std::string& language) {
            const Language words = language_from(language);
            const std::vector<TrackerReason> reasons =
                in_turn(self, [&](const Tracker& tracker) { return tracker.explain(change, words); });
            py::list list;
            for (const TrackerReason& reason : reasons) {
              py::dict each;
              each["column"] = reason.column;
              each["measure"] = reason.measure;
              each["value_before"] = reason.value_before;
              each["value_after"] = reason.value_after;
              each["threshold"] = reason.threshold;
              each["reason"] = reason.text;
              list.append(std::move(each));
            }
            return list;
          },
          py::arg("change"), py::arg("language") = "en", "Why each of a change's moves happened.")
      .def(
          "advance",
          [](PyTracker& self, const py::object& as_of) {
            const Day day = to_day(as_of, "as_of");
            self.turns->refuse_the_one_inside();  // the thread that works is another one, and would wait for this one
            long_call(0, py::none(), [&](const Control& control) {
              const std::lock_guard turn(*self.turns);
              self.tracker.advance(day, control);
              return true;
            });
          },
          py::arg("as_of"), "Move on to a later day; everybody is measured anew.")
      .def(
          "snapshot",
          [](PyTracker& self) {
            return in_turn(self, [](const Tracker& tracker) { return in_table(tracker.snapshot()); });
          },
          "Every client's features and classes, as a Table.")
      .def(
          "of_client",
          [](PyTracker& self, const py::handle& client) {
            const ClientId id = client_from(client);
            return in_turn(self, [&](const Tracker& tracker) { return in_table(tracker.of_client(id)); });
          },
          py::arg("client"), "The same of one client, as a Table of one row.")
      .def_property_readonly(
          "as_of",
          [](PyTracker& self) {
            return from_day(in_turn(self, [](const Tracker& tracker) { return tracker.as_of(); }));
          },
          "The last day that counts.")
      .def_property_readonly(
          "events",
          [](PyTracker& self) { return in_turn(self, [](const Tracker& tracker) { return tracker.events(); }); },
          "How many events were applied.")
      .def("__len__",
           [](PyTracker& self) { return in_turn(self, [](const Tracker& tracker) { return tracker.clients(); }); })
      .def("__repr__", [](PyTracker& self) {
        return in_turn(self, [](const Tracker& tracker) {
          return "<klientela.Tracker: " + std::to_string(tracker.clients()) + " clients as of " +
                 to_text(tracker.as_of()) + ", " + std::to_string(tracker.events()) + " events>";
        });
      });
}

}  // namespace klientela::python
