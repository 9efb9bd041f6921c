// C ABI of what lasts: histories of classes with their migration, and trackers that take events one by one.
#include "klientela/classify/history.hpp"

#include <algorithm>

#include "call_guard.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/tracker.hpp"
#include "klientela/core/money.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

std::vector<std::string> need_texts(const char* const* texts, std::size_t count, const char* argument) {
  std::vector<std::string> list;
  if (count != 0) need(texts, argument);
  for (std::size_t i = 0; i < count; ++i) list.emplace_back(need_text(texts[i], argument));
  return list;
}

std::vector<Day> need_days(const std::int32_t* days, std::size_t count) {
  std::vector<Day> list;
  if (count != 0) need(days, "days");
  for (std::size_t i = 0; i < count; ++i) list.push_back(need_day(days[i], "days"));
  return list;
}

std::vector<AnyModel> need_models(const klt_model* const* models, std::size_t count) {
  std::vector<AnyModel> list;
  if (count != 0) need(models, "models");
  for (std::size_t i = 0; i < count; ++i) list.push_back(need(models[i], "models").model);
  return list;
}

/// What the caller chose, and the policy behind it.
struct HistoryChoice {
  Policy policy;
  HistoryOptions options;
};

HistoryChoice read_options(const klt_history_options* given) {
  const klt_history_options read = read_struct(given, klt_history_options KLT_HISTORY_OPTIONS_INIT, "options");
  HistoryChoice choice;
  if (read.policy != nullptr) choice.policy = read.policy->policy;
  choice.options.periods = choice.policy.periods;
  if (read.reserved != 0) throw Error(Code::invalid_argument, "options.reserved must be 0", "options.reserved");
  if (read.refit != 0 && read.refit != 1)
    throw Error(Code::invalid_argument, "options.refit is neither 0 nor 1", "options.refit");
  choice.options.thresholds = read.refit == 1 ? HistoryThresholds::refit : HistoryThresholds::frozen;
  choice.options.frozen_on = day_or_none(read.frozen_on, "options.frozen_on");
  choice.options.hold = read.hold;
  choice.options.margin = read.margin;
  if (read.columns != nullptr || read.column_count != 0)
    choice.options.columns = need_texts(read.columns, read.column_count, "options.columns");
  if (read.money != nullptr) choice.options.money = need_text(read.money, "options.money");
  return choice;
}

klt_migration_options read_options(const klt_migration_options* given) {
  return read_struct(given, klt_migration_options KLT_MIGRATION_OPTIONS_INIT, "options");
}

MigrationStates states_of(const klt_migration_options& options) {
  MigrationStates states;
  states.column = text_or_empty(options.column, "options.column");
  if (options.outside != nullptr)
    states.outside = need_texts(options.outside, options.outside_count, "options.outside");
  return states;
}

ProjectionOptions projection_of(const klt_migration_options& options) {
  ProjectionOptions projection{states_of(options), day_or_none(options.from, "options.from")};
  projection.prior = options.prior;
  projection.steps = options.steps;
  return projection;
}

/// A table that is made of a history by some choices.
template <class Make>
klt_status tell(klt_context* context, const klt_history* history, const klt_migration_options* options, klt_table** out,
                Make&& make) {
  return guard(context, [&] {
    const History& given = need(history, "history").history;
    const klt_migration_options choice = read_options(options);
    need(out, "out");
    const Running call(*context);
    give(out, make(given, choice, call.control()));
  });
}

/// A text of each reason; null where there is none.
Column day_column(std::span<const Day> days) {
  Buffer<std::int32_t> numbers(days.size());
  for (std::size_t i = 0; i < days.size(); ++i)
    numbers[i] = static_cast<std::int32_t>(days[i].time_since_epoch().count());
  return Column("day", ColumnType::day, std::move(numbers));
}

Column texts(const char* name, const std::vector<std::optional<TrackerReason>>& reasons,
             std::string TrackerReason::*member) {
  std::vector<std::optional<std::string>> values;
  for (const std::optional<TrackerReason>& reason : reasons)
    values.push_back(reason ? std::optional((*reason).*member) : std::nullopt);
  return Column(name, values);
}

/// A row for each move, with why it happened. The event is counted by now, so a plug-in that fails to tell why is no
/// error: the reasons are null.
Table table_of(const Tracker& tracker, const TrackerChange& change, Language language) {
  std::vector<std::string> column;
  std::vector<std::optional<std::string>> from;
  std::vector<std::optional<std::string>> to;
  const auto optional = [](const std::string& label) {
    return label.empty() ? std::nullopt : std::optional<std::string>(label);
  };
  for (const TrackerMove& move : change.moves) {
    column.push_back(move.column);
    from.push_back(optional(move.from));
    to.push_back(optional(move.to));
  }
  std::vector<std::optional<TrackerReason>> reasons(change.moves.size());
  try {
    std::vector<TrackerReason> told = tracker.explain(change, language);
    std::move(told.begin(), told.end(), reasons.begin());
  } catch (const Error&) {
  }
  return Table(
      {Column("column", column), Column("from", from), Column("to", to),
       texts("measure", reasons, &TrackerReason::measure), texts("value_before", reasons, &TrackerReason::value_before),
       texts("value_after", reasons, &TrackerReason::value_after),
       texts("threshold", reasons, &TrackerReason::threshold), texts("reason", reasons, &TrackerReason::text)});
}

std::optional<Money> money_or_none(std::int64_t units) {
  if (units == KLT_NO_NUMBER) return std::nullopt;
  return Money::from_units(units);
}

std::optional<Instant> moment_or_none(std::int64_t micros) {
  if (micros == KLT_NO_NUMBER) return std::nullopt;
  return Instant{std::chrono::microseconds{micros}};
}

ClientId need_client(const char* client, const char* argument) { return ClientId(need_text(client, argument)); }

template <class Read>
klt_status apply(klt_context* context, klt_tracker* tracker, klt_language language, klt_table** out, Read&& read) {
  return guard(context, [&] {
    Tracker& given = need(tracker, "tracker").tracker;
    const Language words = need_language(language, "language");
    const TrackerChange change = given.apply(read());
    if (out != nullptr) give(out, table_of(given, change, words));
  });
}

}  // namespace

extern "C" {

klt_status klt_period_ends(klt_context* context, const klt_base* base, klt_period period, int32_t from, int32_t to,
                           klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    if (period < KLT_PERIOD_DAY || period > KLT_PERIOD_YEAR)
      throw Error(Code::invalid_argument, "period is none of KLT_PERIOD_...", "period");
    const std::optional<Day> first = day_or_none(from, "from");
    const std::optional<Day> last = to == KLT_NO_DAY ? given.last_purchase_day() : day_or_none(to, "to");
    need(out, "out");
    std::vector<Day> days;
    if (last)
      days = first ? period_ends(*first, *last, static_cast<Period>(period))
                   : period_ends(given, static_cast<Period>(period), last);
    if (days.empty()) throw Error(Code::not_found, "the base has no purchases that could tell the days", "base");
    give(out, Table({day_column(days)}));
  });
}

klt_status klt_history_of_policy(klt_context* context, const klt_base* base, const int32_t* days, size_t day_count,
                                 const klt_history_options* options, klt_history** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const std::vector<Day> list = need_days(days, day_count);
    const HistoryChoice choice = read_options(options);
    std::vector<AnyClassifier> classifiers;
    for (const auto& [name, classifier] : choice.policy.classifiers) classifiers.push_back(classifier);
    need(out, "out");
    const Running call(*context);
    give(out, history(given, list, std::span<const AnyClassifier>(classifiers), choice.policy.features, choice.options,
                      call.control()));
  });
}

klt_status klt_history_of_models(klt_context* context, const klt_base* base, const int32_t* days, size_t day_count,
                                 const klt_model* const* models, size_t model_count, const klt_history_options* options,
                                 klt_history** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const std::vector<Day> list = need_days(days, day_count);
    const std::vector<AnyModel> frozen = need_models(models, model_count);
    const HistoryChoice choice = read_options(options);
    need(out, "out");
    const Running call(*context);
    give(out, history(given, list, std::span<const AnyModel>(frozen), choice.policy.features, choice.options,
                      call.control()));
  });
}

void klt_history_free(klt_history* history) { delete history; }

int32_t klt_history_one_pass(const klt_history* history) {
  return history != nullptr && history->history.one_pass() ? 1 : 0;
}

klt_status klt_history_days(klt_context* context, const klt_history* history, klt_table** out) {
  return guard(context, [&] {
    const History& given = need(history, "history").history;
    need(out, "out");
    give(out, Table({day_column(given.days())}));
  });
}

klt_status klt_history_table(klt_context* context, const klt_history* history, int32_t day, klt_table** out) {
  return guard(context, [&] {
    const History& given = need(history, "history").history;
    const std::optional<Day> chosen = day_or_none(day, "day");
    need(out, "out");
    const Running call(*context);
    give(out, chosen ? given.table(given.index_of(*chosen)) : given.table(false, call.control()));
  });
}

klt_status klt_history_of_client(klt_context* context, const klt_history* history, const char* client,
                                 const char* column, klt_table** out) {
  return guard(context, [&] {
    const History& given = need(history, "history").history;
    const std::vector<HistoryEntry> entries =
        given.of_client(need_client(client, "client"), need_text(column, "column"));
    need(out, "out");
    Buffer<std::int32_t> days(entries.size());
    Buffer<std::uint8_t> known(entries.size());
    std::vector<std::optional<std::string>> labels;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      days[i] = static_cast<std::int32_t>(entries[i].day.time_since_epoch().count());
      known[i] = entries[i].present ? 1 : 0;
      labels.push_back(entries[i].label.empty() ? std::nullopt : std::optional(entries[i].label));
    }
    give(out, Table({Column("day", ColumnType::day, std::move(days)), Column("label", labels),
                     Column("known", ColumnType::boolean, std::move(known))}));
  });
}

klt_status klt_history_migration(klt_context* context, const klt_history* history, const klt_migration_options* options,
                                 klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    if (given.days().empty()) throw Error(Code::not_found, "the history has no days", "history");
    const Day from = day_or_none(choice.from, "options.from").value_or(given.days().front());
    const Day to = day_or_none(choice.to, "options.to").value_or(given.days().back());
    return migration(given, from, to, states_of(choice), control).table();
  });
}

klt_status klt_history_migrations(klt_context* context, const klt_history* history,
                                  const klt_migration_options* options, klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    return migration_table(given, states_of(choice), control);
  });
}

klt_status klt_history_transitions(klt_context* context, const klt_history* history,
                                   const klt_migration_options* options, klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    TransitionOptions chosen;
    chosen.states = states_of(choice);
    chosen.from = day_or_none(choice.from, "options.from");
    chosen.to = day_or_none(choice.to, "options.to");
    if (choice.client != nullptr) chosen.client = {need_client(choice.client, "options.client")};
    if (choice.max_reasons < 0)
      throw Error(Code::invalid_argument, "options.max_reasons is below zero", "options.max_reasons");
    chosen.reasons = choice.max_reasons > 0;
    chosen.max_reasons = static_cast<std::size_t>(choice.max_reasons);
    chosen.language = need_language(choice.language, "options.language");
    return transitions(given, chosen, control);
  });
}

klt_status klt_history_stay_times(klt_context* context, const klt_history* history,
                                  const klt_migration_options* options, klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    return stay_times(given, states_of(choice), control);
  });
}

klt_status klt_history_probabilities(klt_context* context, const klt_history* history,
                                     const klt_migration_options* options, klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    return transition_probabilities(given, projection_of(choice), control);
  });
}

klt_status klt_history_project(klt_context* context, const klt_history* history, const klt_migration_options* options,
                               klt_table** out) {
  return tell(context, history, options, out, [](const History& given, const auto& choice, const Control& control) {
    return project(given, projection_of(choice), control);
  });
}

klt_status klt_tracker_new(klt_context* context, const klt_base* base, int32_t as_of, const klt_model* const* models,
                           size_t model_count, const klt_policy* policy, const char* const* columns,
                           size_t column_count, klt_tracker** out) {
  return klt_tracker_new_assigned(context, base, as_of, models, model_count, policy, columns, column_count, nullptr,
                                  out);
}

klt_status klt_tracker_new_assigned(klt_context* context, const klt_base* base, int32_t as_of,
                                    const klt_model* const* models, size_t model_count, const klt_policy* policy,
                                    const char* const* columns, size_t column_count, const klt_assignments* assignments,
                                    klt_tracker** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const Day day = need_day(as_of, "as_of");
    std::vector<AnyModel> frozen = need_models(models, model_count);
    const FeatureOptions features = policy != nullptr ? policy->policy.features : FeatureOptions();
    TrackerOptions options;
    if (columns != nullptr || column_count != 0) options.columns = need_texts(columns, column_count, "columns");
    if (assignments != nullptr) options.assignments = assignments->assignments;
    need(out, "out");
    const Running call(*context);
    give(out, Tracker(given, day, std::move(frozen), features, options, call.control()));
  });
}

void klt_tracker_free(klt_tracker* tracker) { delete tracker; }

klt_status klt_tracker_purchase(klt_context* context, klt_tracker* tracker, const klt_purchase* purchase,
                                klt_language language, klt_table** out) {
  return apply(context, tracker, language, out, [&] {
    need(purchase, "purchase");
    const klt_purchase line = read_struct(purchase, klt_purchase KLT_PURCHASE_INIT, "purchase");
    if (line.reserved != 0) throw Error(Code::invalid_argument, "purchase.reserved must be 0", "purchase.reserved");
    TransactionRow row{.client = need_client(line.client, "purchase.client"), .at = moment_or_none(line.at)};
    row.amount = money_or_none(line.amount);
    row.profit = money_or_none(line.profit);
    row.quantity = money_or_none(line.quantity);
    row.order = text_or_empty(line.order, "purchase.order");
    bool refund = false;
    apply_flag(line.refund, refund, "purchase.refund");
    row.refund = refund;
    return row;
  });
}

klt_status klt_tracker_request(klt_context* context, klt_tracker* tracker, const char* client, int64_t at,
                               klt_language language, klt_table** out) {
  return apply(context, tracker, language, out,
               [&] { return RequestRow{.client = need_client(client, "client"), .at = moment_or_none(at)}; });
}

klt_status klt_tracker_interaction(klt_context* context, klt_tracker* tracker, const klt_interaction* interaction,
                                   klt_language language, klt_table** out) {
  return apply(context, tracker, language, out, [&] {
    need(interaction, "interaction");
    const klt_interaction given = read_struct(interaction, klt_interaction KLT_INTERACTION_INIT, "interaction");
    InteractionRow row{.client = need_client(given.client, "interaction.client")};
    row.channel = text_or_empty(given.channel, "interaction.channel");
    row.initiative = text_or_empty(given.initiative, "interaction.initiative");
    row.topic = text_or_empty(given.topic, "interaction.topic");
    row.state = text_or_empty(given.state, "interaction.state");
    row.started_at = moment_or_none(given.started_at);
    row.ended_at = moment_or_none(given.ended_at);
    return row;
  });
}

klt_status klt_tracker_advance(klt_context* context, klt_tracker* tracker, int32_t as_of) {
  return guard(context, [&] {
    Tracker& given = need(tracker, "tracker").tracker;
    const Day day = need_day(as_of, "as_of");
    const Running call(*context);
    given.advance(day, call.control());
  });
}

int32_t klt_tracker_as_of(const klt_tracker* tracker) {
  if (tracker == nullptr) return KLT_NO_DAY;
  return static_cast<int32_t>(tracker->tracker.as_of().time_since_epoch().count());
}

klt_status klt_tracker_snapshot(klt_context* context, const klt_tracker* tracker, klt_table** out) {
  return guard(context, [&] {
    const Tracker& given = need(tracker, "tracker").tracker;
    give(&need(out, "out"), given.snapshot());
  });
}

klt_status klt_tracker_of_client(klt_context* context, const klt_tracker* tracker, const char* client,
                                 klt_table** out) {
  return guard(context, [&] {
    const Tracker& given = need(tracker, "tracker").tracker;
    const ClientId id = need_client(client, "client");
    need(out, "out");
    give(out, given.of_client(id));
  });
}

}  // extern "C"
