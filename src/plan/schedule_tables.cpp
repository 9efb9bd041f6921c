// The tables of a schedule, and its figures: numbers turned back into words.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <unordered_map>

#include "core/json_reader.hpp"
#include "plan/schedule_data.hpp"

namespace klientela {
namespace {

using planning::Activity;
using planning::AskedBy;

template <class T>
Buffer<T> buffer(const std::vector<T>& values) {
  Buffer<T> out(values.size());
  std::copy(values.begin(), values.end(), out.begin());
  return out;
}

/// A column of terms, filled by text; an empty optional is null.
class Terms {
 public:
  void add(const std::string& text) {
    const auto [at, added] = places_.try_emplace(text, static_cast<std::uint32_t>(labels_.size()));
    if (added) labels_.push_back(text);
    codes_.push_back(at->second);
  }
  /// A label whose place is known; see place_of().
  void add_code(std::uint32_t code) { codes_.push_back(code); }
  [[nodiscard]] std::uint32_t place_of(std::string text) {
    labels_.push_back(std::move(text));
    return static_cast<std::uint32_t>(labels_.size() - 1);
  }
  void add_null() {
    nulls_.push_back(codes_.size());
    codes_.push_back(0);
  }
  [[nodiscard]] Column column(std::string name) {
    Buffer<std::uint8_t> valid;
    if (!nulls_.empty()) {
      valid = Buffer<std::uint8_t>((codes_.size() + 7) / 8, 0xFF);
      for (const std::size_t row : nulls_) valid[row / 8] &= static_cast<std::uint8_t>(~(1U << row % 8));
      if (labels_.empty()) labels_.emplace_back();
    }
    return Column(std::move(name), buffer(codes_), std::make_shared<const std::vector<std::string>>(std::move(labels_)),
                  std::move(valid));
  }

 private:
  std::unordered_map<std::string, std::uint32_t> places_;
  std::vector<std::string> labels_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::size_t> nulls_;
};

std::string lower_words(const PlanChannel& channel, Language language) {
  const std::string& words = channel.words.text(language);
  return words.empty() ? channel.name : words;
}

/// Words of touches: what depends on the activity and the number alone is said once.
class Words {
 public:
  Words(const ContactSchedule::Data& data, Language language)
      : data_(data), russian_(language == Language::russian), language_(language) {}

  [[nodiscard]] std::string purpose(const Activity& activity, std::int32_t number) const {
    const std::vector<PlanWords>& purposes = data_.quota_of(activity).purposes;
    if (purposes.empty()) return {};
    const auto at = static_cast<std::size_t>(activity.skip) + static_cast<std::size_t>(number);
    return purposes[std::min(at, purposes.size() - 1)].text(language_);
  }

  /// "call 2 of 6 in 2026-12".
  [[nodiscard]] std::string counted(const Activity& activity, std::int32_t number, const std::string& channel) const {
    const std::int32_t n = activity.skip + number + 1;
    if (activity.asked_by != AskedBy::playbook)
      return activity.most == 1
                 ? channel
                 : fmt::format(fmt::runtime(russian_ ? "{} {} из {}" : "{} {} of {}"), channel, n, activity.most);
    return fmt::format(fmt::runtime(russian_ ? "{} {} из {} за {}" : "{} {} of {} in {}"), channel, n, activity.most,
                       activity.period);
  }

  /// Why a client is asked at all, as a sentence.
  [[nodiscard]] std::string why(const Activity& activity, std::int32_t number, const std::string& channel) const {
    const std::string what = counted(activity, number, channel);
    switch (activity.asked_by) {
      case AskedBy::playbook: {
        const Playbook& playbook = data_.policy.playbooks[activity.part];
        return whole(
            fmt::format(fmt::runtime(russian_ ? "сценарий «{}»: {}" : "playbook \"{}\": {}"), activity.name, what),
            playbook.when, data_.quota_of(activity).only_if);
      }
      case AskedBy::care: {
        const CareContact& care = data_.policy.care[activity.part];
        const std::string date =
            activity.date_name.empty() ? activity.period : activity.period + " (" + activity.date_name + ")";
        return whole(fmt::format("{}: {}, {}", said(care.words, care.name), date, what), care.when,
                     care.contact.only_if);
      }
      case AskedBy::survey: {
        const PlanSurvey& survey = data_.policy.surveys[activity.part];
        return whole(
            fmt::format(fmt::runtime(russian_ ? "опрос «{}» нужен с {}: {}" : "survey \"{}\" is due from {} on: {}"),
                        survey.name, activity.period, what),
            survey.when, survey.contact.only_if);
      }
      case AskedBy::campaign: {
        const Campaign& campaign = data_.policy.campaigns[activity.part];
        return whole(fmt::format(fmt::runtime(russian_ ? "кампания «{}» до {}: {}" : "campaign \"{}\" until {}: {}"),
                                 campaign.name, activity.period, what),
                     campaign.when, campaign.contact.only_if);
      }
      case AskedBy::revisit: break;
    }
    return fmt::format(fmt::runtime(russian_ ? "вернуться к запросу {}: {}" : "request to come back to on {}: {}"),
                       activity.period, what);
  }

  [[nodiscard]] std::string refused(const RefusedTouch& row, const Activity& activity) const {
    switch (row.reason) {
      case Refusal::no_manager:
        return russian_ ? "нет менеджера, который мог бы провести этот контакт"
                        : "there is no manager who may hold this contact";
      case Refusal::no_channel:
        return fmt::format(fmt::runtime(russian_ ? "клиент не разрешил ни одного из каналов для цели «{}»"
                                                 : "the client permits none of the channels for the purpose \"{}\""),
                           data_.quota_of(activity).consent);
      case Refusal::outside_period:
        return russian_ ? "в окне контакта нет ни одного рабочего дня плана"
                        : "no day of the plan on which anybody works lies in its window";
      case Refusal::no_value:
        return russian_ ? "контакт ничего не стоит ни в один день окна"
                        : "it is worth nothing on any day of its window";
      case Refusal::no_time:
        return russian_ ? "ни в один день окна у подходящего менеджера нет столько времени и контакта по такому каналу "
                          "в часы, когда клиенту можно звонить или писать"
                        : "on no day of its window does a manager who may hold it have so much time, and a contact by "
                          "such a channel, within the hours in which the client may be contacted";
      case Refusal::past_contacts:
        return russian_ ? "прошлые контакты не оставляют подходящего дня: перерыв или предел частоты"
                        : "contacts before the plan leave no such day, by gap or limit";
      case Refusal::capacity:
        if (row.surplus > 0)  // nobody else pays more for it
          return russian_
                     ? "оставшегося в эти дни времени менеджеров мало, или оно слишком раздроблено"
                     : "what is left of the managers' time and contacts on its days is too little or too scattered";
        return russian_ ? "время и контакты менеджеров дороже стоят для других"
                        : "the time and contacts of managers are worth more for others";
      case Refusal::other_touches:
        return russian_ ? "не помещается рядом с другими контактами этого клиента в их порядке"
                        : "it does not fit beside the client's other contacts and in its turn among them";
    }
    return {};
  }

  [[nodiscard]] std::string owner(const Ownership& own) const {
    switch (own.reason) {
      case OwnerReason::kept: return russian_ ? "был ответственным и подходит" : "was the owner already and fits";
      case OwnerReason::only_one: return russian_ ? "больше никто не подходит" : "nobody else fits";
      case OwnerReason::least_load:
        return russian_ ? "наименьшая загрузка среди подходящих" : "the least load of those who fit";
      case OwnerReason::balanced:
        return russian_ ? "передан, чтобы выровнять загрузку" : "given over to even out loads";
      case OwnerReason::no_manager: return russian_ ? "никто не подходит" : "nobody fits";
    }
    return {};
  }

 private:
  [[nodiscard]] const std::string& said(const PlanWords& words, const std::string& otherwise) const {
    const std::string& text = words.text(language_);
    return text.empty() ? otherwise : text;
  }
  [[nodiscard]] std::string whole(std::string text, const Expression& when,
                                  const std::optional<Expression>& only_if) const {
    std::string conditions;
    if (when.text() != "true") conditions = when.text();
    if (only_if) conditions += (conditions.empty() ? "" : "; ") + only_if->text();
    if (!conditions.empty()) text += (russian_ ? ", так как " : ", because ") + conditions;
    return text;
  }

  const ContactSchedule::Data& data_;
  bool russian_;
  Language language_;
};

/// Columns that planned and refused touches have in common.
class TouchColumns {
 public:
  TouchColumns(const ContactSchedule::Data& data, Language language)
      : data_(data), language_(language), words_(data, language) {}

  void add(std::size_t touch) {
    const std::size_t a = data_.activity_of(touch);
    const Activity& activity = data_.activities[a];
    const auto number = static_cast<std::int32_t>(data_.origins[touch].number);
    const PlanQuota& quota = data_.quota_of(activity);
    ids_.push_back(data_.id_of(touch));
    rows_.push_back(data_.client_rows[data_.problem.touches[touch].client]);
    topics_.add(quota.topic);
    initiatives_.add(quota.initiative);
    playbooks_.add(activity.name);
    purposes_.add(words_.purpose(activity, number));
    minutes_.push_back(data_.problem.touches[touch].minutes);
  }

  /// The reason in words for a channel, or for several.
  void add_reason(std::size_t touch, std::uint32_t channels) {
    const std::size_t a = data_.activity_of(touch);
    const std::uint32_t number = data_.origins[touch].number;
    const auto [at, added] = known_.try_emplace({a, number, channels}, 0);
    if (added) {
      std::string names;
      for (std::size_t c = 0; c < data_.policy.channels.size(); ++c)
        if ((channels >> c & 1U) != 0)
          names += (names.empty()                    ? ""
                    : language_ == Language::russian ? " или "
                                                     : " or ") +
                   lower_words(data_.policy.channels[c], language_);
      at->second = reasons_.place_of(words_.why(data_.activities[a], static_cast<std::int32_t>(number), names));
    }
    reasons_.add_code(at->second);
  }

  [[nodiscard]] const Words& words() const noexcept { return words_; }
  [[nodiscard]] Column ids() const { return Column("id", ids_); }
  [[nodiscard]] Column clients() const { return data_.clients.take(rows_).renamed("client"); }
  [[nodiscard]] Column names() const { return data_.names.take(rows_).renamed("name"); }
  [[nodiscard]] Column topics() { return topics_.column("topic"); }
  [[nodiscard]] Column initiatives() { return initiatives_.column("initiative"); }
  [[nodiscard]] Column playbooks() { return playbooks_.column("playbook"); }
  [[nodiscard]] Column purposes() { return purposes_.column("purpose"); }
  [[nodiscard]] Column minutes() const { return Column("minutes", ColumnType::int32, buffer(minutes_)); }
  [[nodiscard]] Column reasons(const char* name) { return reasons_.column(name); }

 private:
  const ContactSchedule::Data& data_;
  Language language_;
  Words words_;
  std::vector<std::string> ids_;
  std::vector<std::uint32_t> rows_;
  Terms topics_, initiatives_, playbooks_, purposes_, reasons_;
  std::vector<std::int32_t> minutes_;
  std::map<std::tuple<std::size_t, std::uint32_t, std::uint32_t>, std::uint32_t> known_;
};

Column money(const char* name, const std::vector<std::int64_t>& values) {
  return Column(name, ColumnType::money, buffer(values));
}

/// Null where a surplus is not said.
Column surpluses(const std::vector<RefusedTouch>& refused) {
  Buffer<std::int64_t> values(refused.size(), 0);
  Buffer<std::uint8_t> valid((refused.size() + 7) / 8, 0);
  for (std::size_t row = 0; row < refused.size(); ++row) {
    if (refused[row].surplus == no_surplus) continue;
    values[row] = refused[row].surplus;
    valid[row / 8] = static_cast<std::uint8_t>(valid[row / 8] | 1U << row % 8);
  }
  return Column("surplus", ColumnType::money, std::move(values), std::move(valid));
}

json::Value amount(std::int64_t units) { return static_cast<double>(units) / Money::scale; }

/// What a plan uses of each bin.
struct Used {
  std::vector<std::int64_t> contacts, minutes, by_channel;
};

/// Whether manager, day and channel of a row are there: of a plan that was read back they may not be.
bool is_there(const PlanProblem& problem, const PlannedTouch& row) {
  return row.manager < problem.managers && row.day < problem.days.size() && row.channel < problem.channels;
}

Used used(const PlanProblem& problem, const ContactPlan& plan) {
  const std::size_t bins = problem.managers * problem.days.size();
  Used out{std::vector<std::int64_t>(bins), std::vector<std::int64_t>(bins),
           std::vector<std::int64_t>(bins * problem.channels)};
  for (const PlannedTouch& touch : plan.planned) {
    if (!is_there(problem, touch)) continue;
    const std::size_t bin = problem.bin(touch.manager, touch.day);
    ++out.contacts[bin];
    out.minutes[bin] += problem.touches[touch.touch].minutes;
    ++out.by_channel[bin * problem.channels + touch.channel];
  }
  return out;
}

}  // namespace

Table ContactSchedule::planned(Language language) const {
  const Data& data = *data_;
  const PlanProblem& problem = data.problem;
  std::vector<std::string> zones;
  for (const PlanManager& manager : data.managers)
    zones.push_back(manager.time_zone.empty() ? data.zone.name() : manager.time_zone);
  std::vector<std::int64_t> day_starts;
  for (const Day day : problem.days) day_starts.push_back(data.zone.start_of(day).time_since_epoch().count());
  const auto start_of = [&](const PlannedTouch& touch) {
    return day_starts[touch.day] + std::int64_t{touch.start} * 60'000'000;
  };
  std::vector<std::uint32_t> order;
  for (std::uint32_t row = 0; row < plan_.planned.size(); ++row)
    if (is_there(problem, plan_.planned[row])) order.push_back(row);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const PlannedTouch &left = plan_.planned[a], &right = plan_.planned[b];
    const std::int64_t l = start_of(left), r = start_of(right);
    return std::tie(l, left.manager, left.touch) < std::tie(r, right.manager, right.touch);
  });
  TouchColumns columns(data, language);
  Terms managers, channels, zone_terms;
  std::vector<std::int64_t> starts, ends, values;
  for (const std::uint32_t at : order) {
    const PlannedTouch& planned = plan_.planned[at];
    const PlanTouch& touch = problem.touches[planned.touch];
    columns.add(planned.touch);
    columns.add_reason(planned.touch, std::uint32_t{1} << planned.channel);
    managers.add(data.managers[planned.manager].id);
    channels.add(data.channels[planned.channel]);
    zone_terms.add(zones[planned.manager]);
    starts.push_back(start_of(planned));
    ends.push_back(starts.back() + std::int64_t{touch.minutes} * 60'000'000);
    values.push_back(touch.value +
                     (touch.preference == no_profile ? 0 : problem.preferences[touch.preference][planned.day]));
  }
  return Table({columns.ids(), columns.clients(), columns.names(), managers.column("manager"),
                channels.column("channel"), columns.topics(), columns.purposes(), columns.initiatives(),
                Column("start", ColumnType::instant, buffer(starts)), Column("end", ColumnType::instant, buffer(ends)),
                zone_terms.column("time_zone"), columns.minutes(), money("value", values), columns.playbooks(),
                columns.reasons("reason")});
}

Table ContactSchedule::refused(Language language) const {
  const Data& data = *data_;
  const PlanProblem& problem = data.problem;
  TouchColumns columns(data, language);
  Terms managers, channels, reasons, texts;
  std::vector<std::int32_t> first, last;
  std::vector<std::int64_t> values;
  for (const RefusedTouch& refused : plan_.refused) {
    const PlanTouch& touch = problem.touches[refused.touch];
    columns.add(refused.touch);
    const std::uint32_t owner = data.owners[data.client_rows[touch.client]].manager;
    if (owner == no_owner) {
      managers.add_null();
    } else {
      managers.add(data.managers[owner].id);
    }
    std::string names;
    for (std::size_t c = 0; c < data.channels.size(); ++c)
      if ((touch.channels >> c & 1U) != 0) names += (names.empty() ? "" : "; ") + data.channels[c];
    channels.add(names);
    first.push_back(static_cast<std::int32_t>(touch.first.time_since_epoch().count()));
    last.push_back(static_cast<std::int32_t>(touch.last.time_since_epoch().count()));
    values.push_back(touch.value);
    reasons.add(std::string(name(refused.reason)));
    texts.add(columns.words().refused(refused, data.activities[data.activity_of(refused.touch)]));
  }
  return Table({columns.ids(), columns.clients(), columns.names(), managers.column("manager"),
                channels.column("channel"), columns.topics(), columns.purposes(),
                Column("first", ColumnType::day, buffer(first)), Column("last", ColumnType::day, buffer(last)),
                columns.minutes(), money("value", values), columns.playbooks(), reasons.column("reason"),
                texts.column("text"), surpluses(plan_.refused)});
}

Table ContactSchedule::prices() const {
  const Data& data = *data_;
  const PlanProblem& problem = data.problem;
  const Used use = used(problem, plan_);
  // The shortest touch that each manager may hold: as long is a slot.
  std::vector<std::int32_t> shortest_of_pool(problem.pools.size(), max_day_minutes + 1);
  for (const PlanTouch& touch : problem.touches)
    shortest_of_pool[touch.pool] = std::min(shortest_of_pool[touch.pool], touch.minutes);
  std::vector<std::int32_t> shortest(problem.managers, max_day_minutes + 1);
  for (std::size_t p = 0; p < problem.pools.size(); ++p)
    for (const std::uint32_t m : problem.pools[p]) shortest[m] = std::min(shortest[m], shortest_of_pool[p]);
  Terms managers, resources, channels;
  std::vector<std::int32_t> days;
  std::vector<std::int64_t> capacity, taken, price;
  const auto priced = [](const std::vector<std::int64_t>& prices, std::size_t at) {
    return at < prices.size() ? prices[at] : 0;
  };
  const auto add = [&](std::size_t m, std::size_t d, const char* resource, const std::string* channel, std::int64_t of,
                       std::int64_t use_of, std::int64_t at) {
    if (of == 0 && use_of == 0 && at == 0) return;
    managers.add(data.managers[m].id);
    days.push_back(static_cast<std::int32_t>(problem.days[d].time_since_epoch().count()));
    resources.add(resource);
    if (channel == nullptr) {
      channels.add_null();
    } else {
      channels.add(*channel);
    }
    capacity.push_back(of);
    taken.push_back(use_of);
    price.push_back(at);
  };
  for (std::size_t m = 0; m < problem.managers; ++m)
    for (std::size_t d = 0; d < problem.days.size(); ++d) {
      const std::size_t bin = problem.bin(m, d);
      const std::int64_t slots = shortest[m] > max_day_minutes ? 0 : contacts_that_fit(problem, m, d, shortest[m]);
      add(m, d, "slot", nullptr, slots, use.contacts[bin], priced(plan_.prices.slot, bin));
      add(m, d, "minute", nullptr, problem.minutes[bin], use.minutes[bin], priced(plan_.prices.minute, bin));
      for (std::size_t c = 0; c < problem.channels && !problem.contacts.empty(); ++c) {
        const std::size_t at = bin * problem.channels + c;
        const bool binds = problem.minutes[bin] > 0 && problem.contacts[at] != unlimited_contacts;
        if (!binds && priced(plan_.prices.contact, at) == 0) continue;
        add(m, d, "contact", &data.channels[c], problem.contacts[at], use.by_channel[at],
            priced(plan_.prices.contact, at));
      }
    }
  return Table({managers.column("manager"), Column("day", ColumnType::day, buffer(days)), resources.column("resource"),
                channels.column("channel"), Column("capacity", ColumnType::int64, buffer(capacity)),
                Column("used", ColumnType::int64, buffer(taken)), money("price", price)});
}

Table ContactSchedule::owners(Language language) const {
  const Data& data = *data_;
  const Words words(data, language);
  Terms managers, reasons, texts;
  for (const Ownership& own : data.owners) {
    if (own.manager == no_owner) {
      managers.add_null();
    } else {
      managers.add(data.managers[own.manager].id);
    }
    reasons.add(std::string(name(own.reason)));
    texts.add(words.owner(own));
  }
  return Table(
      {data.clients.renamed("client"), managers.column("manager"), reasons.column("reason"), texts.column("text")});
}

Table ContactSchedule::shortfalls() const {
  const Data& data = *data_;
  std::vector<std::size_t> begin{0};  // of the quotas of each row
  for (const CadenceClient& row : data.rows) begin.push_back(begin.back() + data.cadences[row.cadence].quotas.size());
  std::vector<std::int32_t> planned(begin.back());
  for (const PlannedTouch& touch : plan_.planned) {
    const TouchOrigin& origin = data.origins[touch.touch];
    ++planned[begin[origin.row] + origin.quota];
  }
  for (const TouchOrigin& origin : data.held) ++planned[begin[origin.row] + origin.quota];
  std::vector<std::uint32_t> rows;
  Terms playbooks, quotas, periods;
  std::vector<std::int32_t> least, happened;
  for (std::size_t r = 0; r < data.rows.size(); ++r) {
    const CadenceClient& row = data.rows[r];
    const Cadence& cadence = data.cadences[row.cadence];
    for (std::size_t q = 0; q < cadence.quotas.size(); ++q) {
      const Quota& quota = cadence.quotas[q];
      if (quota.condition != always && (row.conditions >> quota.condition & 1U) == 0) continue;
      const std::int32_t count = planned[begin[r] + q];
      if (count >= quota.least) continue;
      const Activity& activity = data.activities[data.first_activity[row.cadence] + q];
      rows.push_back(data.client_rows[row.client]);
      playbooks.add(activity.name);
      quotas.add(activity.quota_id);
      periods.add(activity.period);
      least.push_back(quota.least);
      happened.push_back(count);
    }
  }
  return Table({data.clients.take(rows).renamed("client"), playbooks.column("playbook"), quotas.column("quota"),
                periods.column("period"), Column("least", ColumnType::int32, buffer(least)),
                Column("planned", ColumnType::int32, buffer(happened))});
}

std::string ContactSchedule::summary_json(Language language) const {
  const Data& data = *data_;
  const PlanProblem& problem = data.problem;
  json::Value out = json::Value::object();
  out["period"] = {{"first", to_text(data.period.first)}, {"last", to_text(data.period.last)}};
  out["time_zone"] = data.zone.name();
  out["clients"] = data.client_rows.size();
  out["contacts"] = problem.touches.size();
  out["objective"] = amount(plan_.objective);
  out["upper_bound"] = amount(plan_.upper_bound);
  out["gap"] = plan_.gap();
  out["proved"] = plan_.proved();
  out["planned"] = plan_.planned.size();
  std::array<std::size_t, static_cast<std::size_t>(Refusal::other_touches) + 1> reasons{};
  for (const RefusedTouch& touch : plan_.refused) ++reasons.at(static_cast<std::size_t>(touch.reason));
  json::Value& refused = out["refused"] = json::Value::object();
  for (std::size_t r = 0; r < reasons.size(); ++r)
    if (reasons.at(r) > 0) refused[std::string(name(static_cast<Refusal>(r)))] = reasons.at(r);
  const Used use = used(problem, plan_);
  json::Value& managers = out["managers"] = json::Value::array();
  for (std::size_t m = 0; m < problem.managers; ++m) {
    std::int64_t minutes = 0, of = 0, contacts = 0;
    for (std::size_t d = 0; d < problem.days.size(); ++d) {
      minutes += use.minutes[problem.bin(m, d)];
      of += problem.minutes[problem.bin(m, d)];
      contacts += use.contacts[problem.bin(m, d)];
    }
    managers.push_back({{"manager", data.managers[m].id},
                        {"name", data.managers[m].name},
                        {"contacts", contacts},
                        {"minutes", minutes},
                        {"minutes_capacity", of}});
  }
  out["exact_groups"] = plan_.exact_groups;
  out["coupled_groups"] = plan_.coupled_groups;
  out["rounds"] = plan_.rounds;
  out["limited"] = plan_.limited;
  json::Value& notes = out["notes"] = json::Value::array();
  for (const PlanWords& note : data.notes) notes.push_back(note.text(language));
  return out.dump(2, ' ', false, json::Value::error_handler_t::replace) + '\n';
}

}  // namespace klientela
