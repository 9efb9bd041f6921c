// The base classified as of a series of days: one pass over the lines where measures allow it, else day by day.
#include "klientela/classify/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>

#include "classify/client_order.hpp"
#include "classify/history_data.hpp"
#include "classify/kinds.hpp"
#include "classify/margin.hpp"
#include "classify/measure.hpp"
#include "classify/row_judge.hpp"
#include "classify/states.hpp"
#include "classify/tracker_columns.hpp"
#include "features/options.hpp"
#include "features/timeline.hpp"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/ideal_client.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/migration.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals
using features_internal::Timeline;

static_assert(History::never == Timeline::never);

namespace {

constexpr std::size_t most_narrow_labels = 254;
constexpr std::size_t most_days = Timeline::never - 1;

/// The classifier whose options a model was fitted with, of the kinds that come with the library.
template <class Model, class Classifier>
bool classifier_as(const AnyModel& model, std::optional<AnyClassifier>& into) {
  const Model* found = model.get_if<Model>();
  if (found != nullptr) into.emplace(Classifier(found->options(), model.name()));
  return found != nullptr;
}

std::optional<AnyClassifier> classifier_of(const AnyModel& model) {
  std::optional<AnyClassifier> classifier;
  static_cast<void>(classifier_as<RulesModel, RulesClassifier>(model, classifier));
  static_cast<void>(classifier_as<RfmModel, RfmClassifier>(model, classifier) ||
                    classifier_as<AbcModel, AbcClassifier>(model, classifier) ||
                    classifier_as<MatrixModel, MatrixClassifier>(model, classifier) ||
                    classifier_as<XyzModel, XyzClassifier>(model, classifier) ||
                    classifier_as<TierModel, TierClassifier>(model, classifier) ||
                    classifier_as<LifecycleModel, LifecycleClassifier>(model, classifier) ||
                    classifier_as<IdealClientModel, IdealClientClassifier>(model, classifier) ||
                    classifier_as<CohortModel, CohortClassifier>(model, classifier));
  return classifier;
}

void add_new(std::vector<std::string>& list, const std::string& name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
}

void check_days(std::span<const Day> days) {
  if (days.empty()) throw Error(Code::invalid_argument, "a history needs at least one day", "days");
  if (days.size() > most_days)
    throw Error(Code::invalid_argument, fmt::format("a history has at most {} days, not {}", most_days, days.size()),
                "days");
  for (std::size_t k = 0; k < days.size(); ++k) {
    if (days[k] < first_day || days[k] >= end_day)
      throw Error(Code::invalid_argument,
                  fmt::format("day {} of the history is outside 1900-01-01 to 2199-12-31", k + 1), "days");
    if (k > 0 && days[k] <= days[k - 1])
      throw Error(
          Code::invalid_argument,
          fmt::format("the days of a history must ascend, but {} follows {}", to_text(days[k]), to_text(days[k - 1])),
          "days");
  }
}

void check_history_options(const HistoryOptions& options) {
  if (options.hold < 1 || options.hold > static_cast<std::int32_t>(most_days))
    throw Error(Code::invalid_argument, fmt::format("hold must be from 1 to {}, not {}", most_days, options.hold),
                "hold");
  if (!(options.margin >= 0 && options.margin < 1))
    throw Error(Code::invalid_argument, fmt::format("margin must be at least 0 and below 1, not {}", options.margin),
                "margin");
  for (std::size_t i = 0; i < options.columns.size(); ++i)
    if (std::find(options.columns.begin(), options.columns.begin() + static_cast<std::ptrdiff_t>(i),
                  options.columns[i]) != options.columns.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error(Code::invalid_argument, "column " + options.columns[i] + " is named twice", "columns");
}

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
    case ColumnType::int8: return 1;
    case ColumnType::int32:
    case ColumnType::day: return 4;
    case ColumnType::int64:
    case ColumnType::float64:
    case ColumnType::money:
    case ColumnType::instant: return 8;
    default: return 0;
  }
}

/// Names of the columns that a history can keep.
std::string known_columns(const Classified& classified) {
  std::string names;
  for (const Classification& classification : classified.classifications)
    for (const Column& column : classification.columns())
      if (column.type() == ColumnType::label || width_of(column.type()) != 0)
        names += (names.empty() ? "" : ", ") + column.name();
  return names.empty() ? "none" : names;
}

/// Places from the money of one day to that of the next: whole huge pages where that wastes little. Blocks of clients
/// are filled one after the other on every day, and a page with the end of one day and the beginning of the next would
/// be in use from the first block on.
std::size_t stride_of(std::size_t clients) {
  constexpr std::size_t page = (std::size_t{2} << 20) / sizeof(std::int64_t);
  const std::size_t padded = (clients + page - 1) / page * page;
  return padded - clients <= clients / 8 ? padded : clients;
}

/// Fills a History as tables come, whole or block by block.
class Recorder {
 public:
  Recorder(History::Data& data, bool growing) : data_(data), growing_(growing) {}

  /// Learns which columns are kept from some classification of the same models.
  void learn(const Classified& classified, const Table& features) {
    const std::size_t days = data_.days.size();
    const auto keep = [&](const Column& column, std::size_t model) {
      KeptColumn kept;
      kept.name = column.name();
      kept.model = model;
      kept.type = column.type();
      if (column.type() == ColumnType::label) {
        kept.labels = column.shared_labels();
        kept.width = kept.labels->size() <= most_narrow_labels ? 1 : 2;
      } else {
        kept.width = width_of(column.type());
        if (kept.width == 0)
          throw Error(Code::invalid_argument,
                      "column " + column.name() + " holds " + std::string(name(column.type())) +
                          ", which a history does not keep",
                      "columns");
        kept.valid = Buffer<std::uint8_t>(days * ((data_.clients + 7) / 8));
      }
      kept.values = Buffer<std::uint8_t>(days * data_.clients * kept.width);
      data_.columns.push_back(std::move(kept));
    };
    for (std::size_t m = 0; m < classified.classifications.size(); ++m)
      for (const Column& column : classified.classifications[m].columns()) {
        const bool asked = std::find(data_.options.columns.begin(), data_.options.columns.end(), column.name()) !=
                           data_.options.columns.end();
        if (data_.options.columns.empty() ? column.type() == ColumnType::label : asked) keep(column, m);
      }
    for (const std::string& wanted : data_.options.columns)
      if (std::none_of(data_.columns.begin(), data_.columns.end(),
                       [&](const KeptColumn& kept) { return kept.name == wanted; }))
        throw Error(Code::invalid_argument,
                    "no classifier writes a column " + wanted + "; there are " + known_columns(classified), "columns");
    for (const KeptColumn& kept : data_.columns) data_.names.push_back(kept.name);
    if (data_.options.margin > 0 && std::none_of(data_.columns.begin(), data_.columns.end(), [&](const auto& kept) {
          return kept.is_label() && has_thresholds(classified.models[kept.model]);
        }))
      throw Error(Code::invalid_argument,
                  "none of the columns kept has thresholds that a margin could act on; rules, clusters, cohorts, ideal "
                  "clients and plug-ins have none",
                  "margin");
    if (!data_.options.money.empty()) {
      const Column& money = features.column(data_.options.money);
      if (money.type() != ColumnType::money)
        throw Error(Code::invalid_argument,
                    "column " + money.name() + " holds " + std::string(name(money.type())) + ", not money", "money");
      data_.money_stride = stride_of(data_.clients);
      data_.money = Buffer<std::int64_t>(days * data_.money_stride);
    }
  }

  /// Stores the columns of rows [first, first + table.rows()), first a multiple of 64. Calls for different rows may run
  /// at the same time where labels do not grow.
  void store(std::size_t first, std::size_t day, const Table& features, const Classified& classified) {
    const std::vector<Classification>& classes = classified.classifications;
    const std::size_t n = features.rows();
    for (KeptColumn& kept : data_.columns) {
      const Column& column = classes[kept.model].column(kept.name);
      if (column.type() != kept.type)
        throw Error(Code::internal,
                    "classifier " + classes[kept.model].name() + " gave column " + kept.name + " another type",
                    kept.name);
      const std::size_t at = day * data_.clients + first;
      if (kept.is_label()) {
        store_labels(kept, column, at, n);
        continue;
      }
      if (n != 0) std::memcpy(kept.values.data() + at * kept.width, column.data(), n * kept.width);
      const std::size_t bytes = (n + 7) / 8;
      std::uint8_t* const valid = kept.valid.data() + day * ((data_.clients + 7) / 8) + first / 8;
      if (bytes == 0) continue;
      if (column.validity() != nullptr)
        std::memcpy(valid, column.validity(), bytes);
      else
        std::memset(valid, 0xFF, bytes);
    }
    if (data_.options.margin > 0 && day > 0) keep_within_margin(data_, first, day, classified);
    if (data_.money.empty()) return;
    const Column& money = features.column(data_.options.money);
    std::int64_t* const to = data_.money.data() + day * data_.money_stride + first;
    if (n != 0) std::memcpy(to, money.data(), n * sizeof(std::int64_t));
    if (money.null_count() == 0) return;
    for (std::size_t row = 0; row < n; ++row)
      if (money.is_null(row)) to[row] = 0;
  }

 private:
  void store_labels(KeptColumn& kept, const Column& column, std::size_t at, std::size_t n) {
    const std::uint16_t* const codes = column.values<std::uint16_t>().data();
    std::vector<std::uint16_t> other;  // by its own code: ours
    if (column.shared_labels() != kept.labels && column.labels() != *kept.labels)
      other = unite(kept, column.labels(), at);
    const std::uint16_t none = kept.width == 1 ? 0xFF : History::no_label;
    const bool plain = other.empty() && column.null_count() == 0;
    const auto code = [&](std::size_t row) {
      if (column.is_null(row)) return none;
      return other.empty() ? codes[row] : other[codes[row]];
    };
    if (kept.width == 1) {
      std::uint8_t* const to = kept.values.data() + at;
      if (plain) {
        for (std::size_t row = 0; row < n; ++row) to[row] = static_cast<std::uint8_t>(codes[row]);
      } else {
        for (std::size_t row = 0; row < n; ++row) to[row] = static_cast<std::uint8_t>(code(row));
      }
      return;
    }
    std::uint8_t* const to = kept.values.data() + 2 * at;
    if (plain) {
      if (n != 0) std::memcpy(to, codes, 2 * n);
      return;
    }
    for (std::size_t row = 0; row < n; ++row) {
      const std::uint16_t value = code(row);
      std::memcpy(to + 2 * row, &value, sizeof value);
    }
  }

  /// \param filled  values stored so far, where labels grow: those of the days before
  std::vector<std::uint16_t> unite(KeptColumn& kept, const std::vector<std::string>& labels, std::size_t filled) const {
    std::vector<std::uint16_t> map;
    std::vector<std::string> all = *kept.labels;
    for (const std::string& label : labels) {
      const auto place = static_cast<std::size_t>(std::find(all.begin(), all.end(), label) - all.begin());
      if (place == all.size()) all.push_back(label);
      map.push_back(static_cast<std::uint16_t>(place));
    }
    if (all.size() > kept.labels->size()) {
      if (!growing_ || all.size() >= History::no_label)
        throw Error(Code::internal, "column " + kept.name + " got labels that it did not have before", kept.name);
      if (kept.width == 1 && all.size() > most_narrow_labels) {
        Buffer<std::uint8_t> wide(2 * kept.values.size());
        for (std::size_t place = 0; place < filled; ++place) {
          const std::uint16_t code = History::Data::code(kept, place);
          std::memcpy(wide.data() + 2 * place, &code, sizeof code);
        }
        kept.values = std::move(wide);
        kept.width = 2;
      }
      kept.labels = std::make_shared<const std::vector<std::string>>(std::move(all));
    }
    return map;
  }

  History::Data& data_;
  bool growing_;
};

/// Lowers since[row] to the first of the days that is not before a row's day, for every row of a table.
template <class DayOf>
void note_known(const ClientBase& base, TableId table, const std::vector<std::uint16_t>& place_of,
                const features_internal::CodeIndex& index, Buffer<std::uint16_t>& since,
                const std::vector<std::uint32_t>& row_of, DayOf&& day_of) {
  for (const auto& chunk : base.chunks(table)) {
    const std::span<const std::uint32_t> codes = chunk->clients();
    constexpr std::size_t block = 2048;
    std::vector<std::int32_t> when(block);
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block) {
      const std::size_t n = std::min(block, chunk->rows() - begin);
      day_of(*chunk, begin, std::span(when.data(), n));
      for (std::size_t i = 0; i < n; ++i) {
        if (codes[begin + i] == no_code || when[i] == null_day) continue;
        const std::int64_t offset = std::int64_t{when[i]} - features_internal::number(first_day);
        if (offset < 0 || offset >= static_cast<std::int64_t>(place_of.size())) continue;
        std::uint16_t& known = since[row_of[index(codes[begin + i])]];
        known = std::min(known, place_of[static_cast<std::size_t>(offset)]);
      }
    }
  }
}

void read_days(const Values* values, std::size_t begin, std::span<std::int32_t> into) {
  if (values != nullptr)
    values->days(begin, into);
  else
    std::fill(into.begin(), into.end(), null_day);
}

/// Which of the days a client is known on first, beyond what purchases say; with `lines` by purchases too.
void note_known(History::Data& data, bool lines) {
  const ClientBase& base = data.base;
  const auto has = [&](TableId table) { return base.accepted(table) > 0; };
  const bool others = has(TableId::requests) || has(TableId::interactions) || has(TableId::feedback);
  if (!others && !lines) return;
  const std::int32_t origin = features_internal::number(first_day);
  std::vector<std::uint16_t> place_of(static_cast<std::size_t>(features_internal::number(data.days.back()) - origin) +
                                      1);
  std::size_t place = 0;
  for (std::size_t offset = 0; offset < place_of.size(); ++offset) {
    while (features_internal::number(data.days[place]) - origin < static_cast<std::int32_t>(offset)) ++place;
    place_of[offset] = static_cast<std::uint16_t>(place);
  }
  const features_internal::CodeIndex index(base.partition_sizes());
  std::vector<std::uint32_t> row_of(index.size());
  const auto codes = base.codes_in_order();
  for (std::size_t row = 0; row < codes.size(); ++row) row_of[index(codes[row])] = static_cast<std::uint32_t>(row);
  const auto note = [&](TableId table, auto&& day_of) {
    note_known(base, table, place_of, index, data.since, row_of, day_of);
  };
  if (lines)
    note(TableId::transactions, [](const Chunk& chunk, std::size_t begin, std::span<std::int32_t> out) {
      const Values* amount = chunk[TransactionField::amount];
      read_days(amount == nullptr ? nullptr : chunk[TransactionField::at], begin, out);
      if (amount == nullptr) return;
      std::vector<std::int64_t> amounts(out.size());
      amount->numbers(begin, amounts);
      for (std::size_t i = 0; i < out.size(); ++i)
        if (amounts[i] == null_number || amounts[i] <= 0) out[i] = null_day;
    });
  note(TableId::requests, [](const Chunk& chunk, std::size_t begin, std::span<std::int32_t> out) {
    read_days(chunk[RequestField::at], begin, out);
  });
  note(TableId::feedback, [](const Chunk& chunk, std::size_t begin, std::span<std::int32_t> out) {
    read_days(chunk[FeedbackField::at], begin, out);
  });
  note(TableId::interactions, [](const Chunk& chunk, std::size_t begin, std::span<std::int32_t> out) {
    read_days(chunk[InteractionField::started_at], begin, out);
    std::vector<std::int32_t> other(out.size());
    for (const InteractionField field :
         {InteractionField::ended_at, InteractionField::planned_from, InteractionField::planned_to}) {
      read_days(chunk[field], begin, other);
      for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i] == null_day) out[i] = other[i];
    }
  });
}

/// The same once one pass has told `lines`, for each client the place of the first purchase; empty: nothing has.
void learn_known(History::Data& data, std::span<const std::uint16_t> lines) {
  if (data.options.margin > 0) return;  // started() did
  std::copy(lines.begin(), lines.end(), data.since.begin());
  note_known(data, lines.empty());
}

/// Label columns that hold as one: the cell of a matrix and its bands, any other alone.
std::vector<std::vector<KeptColumn*>> held_together(History::Data& data) {
  std::vector<std::vector<KeptColumn*>> held;
  std::map<std::size_t, std::size_t> place_of;  // by model
  for (KeptColumn& kept : data.columns) {
    if (!kept.is_label()) continue;
    const AnyModel& model = data.models.front()[kept.model];
    if (model.get_if<MatrixModel>() != nullptr && kept.name != reads_of(model).written.back()) {  // all but its group
      const auto [place, fresh] = place_of.emplace(kept.model, held.size());
      if (!fresh) {
        held[place->second].push_back(&kept);
        continue;
      }
    }
    held.push_back({&kept});
  }
  return held;
}

/// Hysteresis: see HistoryOptions::hold.
void settle(History::Data& data, const Control& control) {
  const std::size_t hold = static_cast<std::size_t>(data.options.hold);
  if (hold <= 1) return;
  for (const std::vector<KeptColumn*>& held : held_together(data)) {
    using Codes = std::array<std::uint16_t, 3>;  // of those columns; 0 past them
    const auto codes_at = [&](std::size_t place) {
      Codes codes{};
      for (std::size_t c = 0; c < held.size(); ++c) codes[c] = History::Data::code(*held[c], place);
      return codes;
    };
    const auto has_null = [](const Codes& codes) {
      return std::find(codes.begin(), codes.end(), History::no_label) != codes.end();
    };
    const auto put = [&](std::size_t place, const Codes& codes) {
      for (std::size_t c = 0; c < held.size(); ++c) {
        if (held[c]->width == 1)
          held[c]->values[place] = static_cast<std::uint8_t>(codes[c]);
        else
          std::memcpy(held[c]->values.data() + 2 * place, &codes[c], sizeof codes[c]);
      }
    };
    for_ranges(data.clients, control, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        const std::size_t known = data.since[row];
        if (known >= data.days.size()) continue;
        Codes stands = codes_at(known * data.clients + row);
        Codes next = stands;
        std::size_t times = 0;
        for (std::size_t day = known + 1; day < data.days.size(); ++day) {
          const std::size_t place = day * data.clients + row;
          const Codes now = codes_at(place);
          if (now == stands) {
            times = 0;
            continue;
          }
          times = times > 0 && now == next ? times + 1 : 1;
          next = now;
          if (has_null(now) || has_null(stands) || times >= hold) {
            stands = now;
            times = 0;
          } else {
            put(place, stands);
          }
        }
      }
    });
  }
}

/// Feature columns that classifiers read, without those that they write.
struct Reads {
  bool known{true};  ///< whether each of them says what it reads
  std::vector<std::string> columns;
  std::vector<std::string> written;
  std::vector<std::string> needed;  ///< those that rules must find, with data or without

  /// What one pass over the lines has to give: columns without any data may be missing where nothing needs them.
  [[nodiscard]] std::vector<std::string> with_data(const History::Data& data) const {
    std::vector<std::string> kept = columns_with_data(data.base, columns);
    for (const std::string& column : needed) add_new(kept, column);
    for (const std::string& column : columns)
      if (is_assigned(column, data.options.assignments)) add_new(kept, column);
    return kept;
  }
  void add(const std::vector<std::string>& inputs, std::vector<std::string> outputs) {
    if (inputs.empty()) known = false;
    for (const std::string& column : inputs)  // the ids are there at any time
      if (column != "client" && std::find(written.begin(), written.end(), column) == written.end())
        add_new(columns, column);
    for (std::string& column : outputs) written.push_back(std::move(column));
  }
  void add(const AnyClassifier& classifier) {
    if (const auto* rules = classifier.get_if<RulesClassifier>()) {
      const std::vector<std::string>& absent = rules->options().may_be_absent;
      for (const Rule& rule : rules->options().rules)
        for (const std::string& column : rule.when.columns())
          if (std::find(absent.begin(), absent.end(), column) == absent.end() &&
              std::find(written.begin(), written.end(), column) == written.end())
            add_new(needed, column);
    }
    add(classifier.inputs(), classifier.outputs());
  }
};

std::shared_ptr<History::Data> started(const ClientBase& base, std::span<const Day> days,
                                       const FeatureOptions& features, const HistoryOptions& options) {
  check_days(days);
  check_history_options(options);
  for (const Day day : days) features_internal::check_options(features, day);
  auto data = std::make_shared<History::Data>();
  data->base = base;
  data->features = features;
  // Where columns are chosen, the money that migration is weighed by is one of them.
  if (!features.columns.empty() && !options.money.empty()) add_new(data->features.columns, options.money);
  data->options = options;
  data->days.assign(days.begin(), days.end());
  data->clients = base.clients();
  data->client = base.client_column().renamed("client");
  data->since = Buffer<std::uint16_t>(data->clients, History::never);
  if (options.margin > 0) note_known(*data, true);  // it begins where a client is known
  return data;
}

/// Computes features day by day, for measures that no pass over the lines gives.
template <class Take>
void each_day(const History::Data& data, Take&& take, const Control& control) {
  for (std::size_t day = 0; day < data.days.size(); ++day) {
    control.check();
    take(day, features_at(data, data.days[day], control));
  }
}

/// Classifies every day by the same models; `fit` gives them for all clients at `on` where there are none yet.
void run_frozen(History::Data& data, std::vector<AnyModel> models, std::optional<Day> on,
                std::span<const AnyClassifier> classifiers, const Reads& reads, const Control& control) {
  Timeline::Plan plan{data.days, data.features, reads.with_data(data)};
  data.one_pass = reads.known && Timeline::can(data.base, plan);
  const auto fit = [&](const Table& table) { models = classify(table, classifiers, control).models; };
  std::optional<Recorder> recorder;
  const auto take = [&](std::size_t day, const Table& table) {
    const Classified classified = classify(table, std::span<const AnyModel>(models), control);
    if (!recorder) recorder.emplace(data, true).learn(classified, table);
    recorder->store(0, day, table, classified);
  };
  // What comes with the library may judge blocks of clients on any thread; a host's own is called on this one.
  bool rows = true;
  for (const AnyModel& model : models) rows = rows && is_own(model);
  for (const AnyClassifier& classifier : classifiers) rows = rows && is_own(classifier);
  if (!data.one_pass) {
    if (on) fit(features_at(data, *on, control));
    each_day(data, take, control);
    learn_known(data, {});
  } else {
    Timeline timeline(data.base, std::move(plan), {}, control);
    const auto learn = [&](const Table& table) {
      if (on) fit(table);
      if (!rows) return;
      recorder.emplace(data, false);
      recorder->learn(classify(timeline.empty(), std::span<const AnyModel>(models)), timeline.empty());
    };
    if (rows) {
      if (!on) learn({});
      timeline.by_block(
          on, on ? Timeline::VisitDay([&](std::size_t, const Table& table) { learn(table); }) : nullptr,
          [&](std::size_t first, std::size_t day, const Table& table) {
            Control inside;  // this runs on the executor's threads already
            inside.stop = control.stop;
            const Classified classified = classify(table, std::span<const AnyModel>(models), inside);
            recorder->store(first, day, table, classified);
          },
          control);
    } else {
      if (on) {
        Timeline once(data.base, {{*on}, data.features, reads.with_data(data)}, {}, control);
        once.by_day([&](std::size_t, const Table& table) { fit(table); }, control);
      }
      timeline.by_day(take, control);
    }
    learn_known(data, {timeline.since().data(), timeline.since().size()});
  }
  data.models = {models};
}

void run_refit(History::Data& data, std::span<const AnyClassifier> classifiers, const Reads& reads,
               const Control& control) {
  Timeline::Plan plan{data.days, data.features, reads.with_data(data)};
  data.one_pass = reads.known && Timeline::can(data.base, plan);
  Recorder recorder(data, true);
  const auto take = [&](std::size_t day, const Table& table) {
    Classified classified = classify(table, classifiers, control);
    if (day == 0) recorder.learn(classified, table);
    recorder.store(0, day, table, classified);
    data.models.push_back(std::move(classified.models));
  };
  if (!data.one_pass) {
    each_day(data, take, control);
    learn_known(data, {});
    return;
  }
  Timeline timeline(data.base, std::move(plan), {}, control);
  timeline.by_day(take, control);
  learn_known(data, {timeline.since().data(), timeline.since().size()});
}

}  // namespace

ModelReads classifying::reads_of(const AnyModel& model) {
  const std::optional<AnyClassifier> classifier = classifier_of(model);
  if (!classifier) return {model.inputs(), model.outputs(), {}};
  Reads reads;
  reads.add(*classifier);
  return {classifier->inputs(), reads.written, reads.needed};
}

Table classifying::features_at(const History::Data& data, Day day, const Control& control) {
  FeatureTable features = compute_features(data.base, day, data.features, control);
  std::vector<std::string> wanted;
  for (const std::string& column : data.inputs)
    if (is_period_column(column) && features.find(column) == nullptr) wanted.push_back(column);
  if (wanted.empty())
    return with_base_columns(data.base, features.table(), day, data.inputs, data.options.assignments, control);
  const Table measured = period_table(data.base, day, data.options.periods, data.features, control);
  for (const Column& column : measured.columns())
    if (std::find(wanted.begin(), wanted.end(), column.name()) != wanted.end()) features.add(column);
  return with_base_columns(data.base, features.table(), day, data.inputs, data.options.assignments, control);
}

const KeptColumn& History::Data::find(std::string_view name) const {
  for (const KeptColumn& column : columns)
    if (column.name == name) return column;
  std::string kept;
  for (const std::string& one : names) kept += (kept.empty() ? "" : ", ") + one;
  throw Error(Code::not_found, fmt::format("the history keeps no column {}; it keeps: {}", name, kept),
              std::string(name));
}

const KeptColumn& History::Data::find_labels(std::string_view name) const {
  const KeptColumn& column = find(name);
  if (!column.is_label())
    throw Error(Code::invalid_argument,
                fmt::format("column {} holds {}, not labels", name, klientela::name(column.type)), std::string(name));
  return column;
}

History::History() : data_(std::make_shared<const Data>()) {}
const std::vector<Day>& History::days() const noexcept { return data_->days; }
std::size_t History::clients() const noexcept { return data_->clients; }
const Column& History::client() const noexcept { return data_->client; }
const ClientBase& History::base() const noexcept { return data_->base; }
const FeatureOptions& History::feature_options() const noexcept { return data_->features; }
const HistoryOptions& History::options() const noexcept { return data_->options; }
const std::vector<std::string>& History::columns() const noexcept { return data_->names; }
bool History::has_labels(std::string_view column) const { return data_->find(column).is_label(); }
const std::vector<std::string>& History::labels(std::string_view column) const {
  return *data_->find_labels(column).labels;
}
std::span<const std::uint16_t> History::since() const noexcept { return {data_->since.data(), data_->since.size()}; }
bool History::one_pass() const noexcept { return data_->one_pass; }

std::size_t History::bytes() const noexcept {
  const std::size_t money = data_->money.empty() ? 0 : data_->days.size() * data_->clients;
  std::size_t bytes = money * sizeof(std::int64_t) + data_->since.size() * sizeof(std::uint16_t);
  for (const KeptColumn& column : data_->columns) bytes += column.values.size() + column.valid.size();
  return bytes;
}

std::size_t History::index_of(Day day) const {
  const auto found = std::lower_bound(data_->days.begin(), data_->days.end(), day);
  if (found == data_->days.end() || *found != day)
    throw Error(Code::not_found, to_text(day) + " is none of the days of the history", to_text(day));
  return static_cast<std::size_t>(found - data_->days.begin());
}

namespace {

void check_place(const History::Data& data, std::size_t day) {
  if (day >= data.days.size())
    throw Error(Code::out_of_range, fmt::format("there is no day number {} among {}", day, data.days.size()), "day");
}

template <class T>
Column plain_column(const History::Data& data, const KeptColumn& kept, std::size_t day) {
  const std::size_t n = data.clients;
  Buffer<T> values(n);
  if (n != 0) std::memcpy(values.data(), kept.values.data() + day * n * sizeof(T), n * sizeof(T));
  const std::size_t bytes = (n + 7) / 8;
  Buffer<std::uint8_t> valid(bytes);
  if (bytes != 0) std::memcpy(valid.data(), kept.valid.data() + day * bytes, bytes);
  bool nulls = false;
  for (std::size_t row = 0; row < n && !nulls; ++row) nulls = ((valid[row >> 3] >> (row & 7)) & 1) == 0;
  return nulls ? Column(kept.name, kept.type, std::move(values), std::move(valid))
               : Column(kept.name, kept.type, std::move(values));
}

}  // namespace

void History::codes(std::string_view column, std::size_t day, std::span<std::uint16_t> out) const {
  const KeptColumn& kept = data_->find_labels(column);
  check_place(*data_, day);
  if (out.size() != data_->clients)
    throw Error(Code::invalid_argument, fmt::format("out has {} places for {} clients", out.size(), data_->clients),
                "out");
  for (std::size_t row = 0; row < out.size(); ++row) out[row] = Data::code(kept, day * out.size() + row);
}

Column History::column(std::string_view column, std::size_t day) const {
  const KeptColumn& kept = data_->find(column);
  check_place(*data_, day);
  switch (kept.type) {
    case ColumnType::boolean: return plain_column<std::uint8_t>(*data_, kept, day);
    case ColumnType::int8: return plain_column<std::int8_t>(*data_, kept, day);
    case ColumnType::int32:
    case ColumnType::day: return plain_column<std::int32_t>(*data_, kept, day);
    case ColumnType::int64:
    case ColumnType::money:
    case ColumnType::instant: return plain_column<std::int64_t>(*data_, kept, day);
    case ColumnType::float64: return plain_column<double>(*data_, kept, day);
    default: break;
  }
  Buffer<std::uint16_t> codes(data_->clients);
  Buffer<std::uint8_t> valid((data_->clients + 7) / 8, 0xFF);
  bool nulls = false;
  for (std::size_t row = 0; row < codes.size(); ++row) {
    const std::uint16_t code = Data::code(kept, day * data_->clients + row);
    codes[row] = code == no_label ? std::uint16_t{0} : code;
    if (code != no_label) continue;
    nulls = true;
    valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] & ~(1U << (row & 7)));
  }
  return nulls ? Column(kept.name, std::move(codes), kept.labels, std::move(valid))
               : Column(kept.name, std::move(codes), kept.labels);
}

std::span<const std::int64_t> History::money(std::size_t day) const {
  check_place(*data_, day);
  if (data_->money.empty()) return {};
  return {data_->money.data() + day * data_->money_stride, data_->clients};
}

const std::vector<AnyModel>& History::models(std::size_t day) const {
  check_place(*data_, day);
  return data_->models[data_->models.size() == 1 ? 0 : day];
}

Table History::table(std::size_t day) const {
  check_place(*data_, day);
  Table table({data_->client});
  for (const std::string& name : data_->names) table.add(column(name, day));
  if (data_->money.empty()) return table;
  const auto units = money(day);
  Buffer<std::int64_t> values(units.size());
  std::copy(units.begin(), units.end(), values.begin());
  table.add(Column(data_->options.money, ColumnType::money, std::move(values)));
  return table;
}

namespace {

/// Columns of one name below each other.
template <class T>
Column joined(const std::vector<Column>& parts, std::size_t rows) {
  Buffer<T> values(rows);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0xFF);
  bool nulls = false;
  std::size_t at = 0;
  for (const Column& part : parts) {
    if (part.size() != 0) std::memcpy(values.data() + at, part.data(), part.size() * sizeof(T));
    for (std::size_t row = 0; part.null_count() != 0 && row < part.size(); ++row) {
      if (!part.is_null(row)) continue;
      nulls = true;
      valid[(at + row) >> 3] = static_cast<std::uint8_t>(valid[(at + row) >> 3] & ~(1U << ((at + row) & 7)));
    }
    at += part.size();
  }
  if (!nulls) valid = {};
  const Column& first = parts.front();
  if constexpr (std::is_same_v<T, std::uint16_t>)
    return Column(first.name(), std::move(values), first.shared_labels(), std::move(valid));
  else
    return Column(first.name(), first.type(), std::move(values), std::move(valid));
}

Column joined_texts(const std::vector<Column>& parts, std::size_t rows) {
  std::size_t bytes = 0;
  for (const Column& part : parts) bytes += part.text_characters().size();
  Buffer<std::int64_t> offsets(rows + 1);
  Buffer<char> characters(bytes);
  offsets[0] = 0;
  std::size_t at = 0;
  for (const Column& part : parts)
    for (std::size_t row = 0; row < part.size(); ++row, ++at) {
      const std::string_view text = part.text(row);
      if (!text.empty()) std::memcpy(characters.data() + offsets[at], text.data(), text.size());
      offsets[at + 1] = offsets[at] + static_cast<std::int64_t>(text.size());
    }
  return Column(parts.front().name(), std::move(offsets), std::move(characters));
}

}  // namespace

Column classifying::below_each_other(const std::vector<Column>& parts, std::size_t rows) {
  switch (parts.front().type()) {
    case ColumnType::boolean: return joined<std::uint8_t>(parts, rows);
    case ColumnType::int8: return joined<std::int8_t>(parts, rows);
    case ColumnType::int32:
    case ColumnType::day: return joined<std::int32_t>(parts, rows);
    case ColumnType::float64: return joined<double>(parts, rows);
    case ColumnType::label: return joined<std::uint16_t>(parts, rows);
    case ColumnType::text: return joined_texts(parts, rows);
    default: return joined<std::int64_t>(parts, rows);
  }
}

Table History::table(bool everybody, const Control& control) const {
  std::vector<std::vector<Column>> parts;
  std::size_t rows = 0;
  for (std::size_t day = 0; day < data_->days.size(); ++day) {
    control.check();
    Table table = this->table(day);
    if (!everybody) {
      std::vector<std::uint32_t> known;
      for (std::size_t row = 0; row < data_->clients; ++row)
        if (data_->since[row] <= day) known.push_back(static_cast<std::uint32_t>(row));
      if (known.size() != data_->clients) table = table.take(known);
    }
    rows += table.rows();
    Buffer<std::int32_t> days(table.rows(), features_internal::number(data_->days[day]));
    std::vector<Column> columns{Column("day", ColumnType::day, std::move(days))};
    for (const Column& column : table.columns()) columns.push_back(column);
    parts.resize(columns.size());
    for (std::size_t c = 0; c < columns.size(); ++c) parts[c].push_back(columns[c]);
  }
  Table all;
  for (const std::vector<Column>& part : parts) all.add(below_each_other(part, rows));
  return all;
}

std::vector<HistoryEntry> History::of_client(const ClientId& client, std::string_view column) const {
  const KeptColumn& kept = data_->find_labels(column);
  const auto codes = data_->base.codes_in_order();
  const auto place =
      std::lower_bound(codes.begin(), codes.end(), client,
                       [&](std::uint32_t other, const ClientId& wanted) { return data_->base.id_of(other) < wanted; });
  if (place == codes.end() || data_->base.id_of(*place) != client)
    throw Error(Code::not_found, "the base has no client " + client.to_text(), client.to_text());
  const auto row = static_cast<std::size_t>(place - codes.begin());
  std::vector<HistoryEntry> entries;
  for (std::size_t day = 0; day < data_->days.size(); ++day) {
    const std::uint16_t code = Data::code(kept, day * data_->clients + row);
    entries.push_back(
        {data_->days[day], code == no_label ? std::string() : (*kept.labels)[code], data_->since[row] <= day});
  }
  return entries;
}

namespace {

/// The last day of the period that a day is in.
Day end_of_period(Day day, Period period) {
  using std::chrono::days;
  if (period == Period::day) return day;
  if (period == Period::week) return day + days(6 - (features_internal::number(day) + 3 + 7 * 7'000) % 7);
  const std::chrono::year_month_day date{day};
  const auto month = static_cast<unsigned>(date.month());
  const unsigned last = period == Period::month ? month : period == Period::quarter ? (month + 2) / 3 * 3 : 12;
  return Day{date.year() / std::chrono::month{last} / std::chrono::last};
}

}  // namespace

std::vector<Day> period_ends(Day from, Day to, Period period) {
  if (from < first_day || to >= end_day || to < from)
    throw Error(Code::invalid_argument,
                fmt::format("periods go from a day to one that is not earlier, within 1900 to 2199; not from {} to {}",
                            to_text(from), to_text(to)),
                "from");
  std::vector<Day> ends;
  for (Day day = from; day <= to; day = ends.back() + std::chrono::days(1)) {
    ends.push_back(std::min(end_of_period(day, period), to));
    if (ends.size() > most_days)
      throw Error(Code::invalid_argument, fmt::format("that makes more than {} days", most_days), "period");
  }
  return ends;
}

bool is_cut_short(std::span<const Day> days) {
  if (days.size() < 3) return false;
  const std::span<const Day> whole = days.first(days.size() - 1);
  for (const Period period : {Period::week, Period::month, Period::quarter, Period::year}) {
    const auto next = [&](Day day) { return end_of_period(day + std::chrono::days(1), period); };
    bool ends = end_of_period(whole.front(), period) == whole.front();
    for (std::size_t k = 1; ends && k < whole.size(); ++k) ends = whole[k] == next(whole[k - 1]);
    if (ends) return days.back() < next(whole.back());
  }
  return false;
}

std::optional<Day> classifying::first_purchase_day(const ClientBase& base) {
  std::int32_t first = std::numeric_limits<std::int32_t>::max();
  constexpr std::size_t block = 2048;
  std::vector<std::int32_t> days(block);
  std::vector<std::int64_t> amounts(block);
  for (const auto& chunk : base.chunks(TableId::transactions)) {
    const Values* at = (*chunk)[TransactionField::at];
    const Values* amount = (*chunk)[TransactionField::amount];
    if (at == nullptr || amount == nullptr) continue;
    const auto codes = chunk->clients();
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block) {
      const std::size_t n = std::min(block, chunk->rows() - begin);
      at->days(begin, std::span(days).first(n));
      amount->numbers(begin, std::span(amounts).first(n));
      for (std::size_t i = 0; i < n; ++i)
        if (codes[begin + i] != no_code && amounts[i] != null_number && amounts[i] > 0 && days[i] != null_day)
          first = std::min(first, days[i]);
    }
  }
  if (first == std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return std::max(first_day, Day{std::chrono::days{first}});
}

std::vector<Day> period_ends(const ClientBase& base, Period period, std::optional<Day> until) {
  const std::optional<Day> last = until ? until : base.last_purchase_day();
  const std::optional<Day> first = first_purchase_day(base);
  if (!last || !first || *first > *last) return {};
  return period_ends(*first, *last, period);
}

History history(const ClientBase& base, std::span<const Day> days, std::span<const AnyClassifier> classifiers,
                const FeatureOptions& features, const HistoryOptions& options, const Control& control) {
  auto data = started(base, days, features, options);
  Reads reads;
  for (const AnyClassifier& classifier : classifiers) reads.add(classifier);
  if (!options.money.empty()) add_new(reads.columns, options.money);
  data->inputs = reads.columns;
  control.check();
  if (options.thresholds == HistoryThresholds::refit) {
    run_refit(*data, classifiers, reads, control);
  } else {
    const Day on = options.frozen_on ? *options.frozen_on : days.back();
    features_internal::check_options(data->features, on);
    run_frozen(*data, {}, on, classifiers, reads, control);
  }
  settle(*data, control);
  control.report("history", 1.0);
  return History(std::move(data));
}

History history(const ClientBase& base, std::span<const Day> days, std::span<const AnyModel> models,
                const FeatureOptions& features, const HistoryOptions& options, const Control& control) {
  auto data = started(base, days, features, options);
  Reads reads;
  for (const AnyModel& model : models) {
    if (const std::optional<AnyClassifier> classifier = classifier_of(model))
      reads.add(*classifier);
    else
      reads.add(model.inputs(), model.outputs());
  }
  if (!options.money.empty()) add_new(reads.columns, options.money);
  data->inputs = reads.columns;
  control.check();
  run_frozen(*data, {models.begin(), models.end()}, std::nullopt, {}, reads, control);
  settle(*data, control);
  control.report("history", 1.0);
  return History(std::move(data));
}

}  // namespace klientela
