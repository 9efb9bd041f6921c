// The contact plan on the report page: how good it is, who is busy when, what each manager does, and what found no
// room.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t columns_of_load = 31;
constexpr std::size_t managers_in_load = 60;
constexpr std::size_t calendars = 12;
constexpr std::size_t contacts_of_calendar = 25;
constexpr std::size_t refused_shown = 15;
constexpr std::size_t bins_shown = 12;

constexpr Word channels[]{
    {"phone", "call", "звонок"},
    {"call", "call", "звонок"},
    {"email", "e-mail", "письмо"},
    {"meeting", "meeting", "встреча"},
    {"visit", "visit", "визит"},
    {"letter", "letter", "письмо почтой"},
    {"sms", "text message", "СМС"},
    {"messenger", "messenger", "мессенджер"},
    {"chat", "chat", "чат"},
    {"social", "social media", "соцсети"},
    {"video", "video call", "видеозвонок"},
};

constexpr Word refusals[]{
    {"no_manager", "no manager may do it", "некому поручить"},
    {"no_channel", "the client permits none of its channels", "клиент не разрешил ни одного из каналов"},
    {"outside_period", "its days lie outside the period", "дни контакта вне периода"},
    {"no_value", "worth nothing on any of its days", "ни в один из дней не имеет ценности"},
    {"no_time", "nobody has time in the hours it may take place", "в допустимые часы ни у кого нет времени"},
    {"past_contacts", "too soon after earlier contacts", "слишком скоро после прежних контактов"},
    {"capacity", "no time is left, or it goes to contacts that are worth more",
     "времени не осталось, или оно отдано более ценным контактам"},
    {"other_touches", "does not fit beside the client's other contacts and in its turn among them",
     "не совмещается с другими контактами этого клиента в их порядке"},
};

/// One column of a table that may lack it: empty, zero or null then.
class Cells {
 public:
  Cells(const Table& table, std::string_view name) : column_(table.find(name)) {}
  [[nodiscard]] bool has(std::size_t row) const { return column_ != nullptr && !column_->is_null(row); }
  [[nodiscard]] std::string text(std::size_t row) const { return has(row) ? column_->to_text(row) : std::string(); }
  /// Units of money, microseconds or days, whole numbers: the value as it is stored. \throws Error invalid_argument
  [[nodiscard]] std::int64_t number(std::size_t row) const {
    if (!has(row)) return 0;
    const bool wide = column_->type() == ColumnType::money || column_->type() == ColumnType::instant;
    if (wide || column_->type() == ColumnType::int64) return column_->values<std::int64_t>()[row];
    return column_->values<std::int32_t>()[row];
  }
  /// \throws Error invalid_argument
  [[nodiscard]] std::optional<Day> day(std::size_t row) const {
    if (!has(row)) return std::nullopt;
    return Day{std::chrono::days{column_->values<std::int32_t>()[row]}};
  }

 private:
  const Column* column_;
};

/// What a manager's days hold: minutes planned, and how many there are.
struct Load {
  std::int64_t used{0}, capacity{0}, contacts{0};
  void add(const Load& other) {
    used += other.used;
    capacity += other.capacity;
    contacts += other.contacts;
  }
};

/// The section, written part by part.
class Section {
 public:
  Section(Page& page, const PlanTables& plan)
      : page_(page),
        say_(page.say),
        plan_(plan),
        client_(plan.planned, "client"),
        name_(plan.planned, "name"),
        manager_(plan.planned, "manager"),
        minutes_(plan.planned, "minutes"),
        start_(plan.planned, "start"),
        end_(plan.planned, "end"),
        zone_(plan.planned, "time_zone") {
    for (std::size_t row = 0; row < plan.planned.rows(); ++row) by_manager_[manager_.text(row)].push_back(row);
    for (auto& [manager, rows] : by_manager_)
      std::stable_sort(rows.begin(), rows.end(),
                       [&](std::size_t a, std::size_t b) { return start_.number(a) < start_.number(b); });
  }

  void put() {
    page_.open("plan", say_("Contact plan", "План контактов"));
    put_summary();
    put_load();
    put_calendars();
    put_refused();
    put_prices();
    page_.close();
  }

 private:
  /// Values are points, or money, as the policy has it: a number of at most two decimals.
  [[nodiscard]] std::string worth(std::int64_t units) const {
    constexpr std::int64_t hundredth = Money::scale / 100;
    const std::int64_t rest = units % hundredth;
    const std::int64_t cut = units - rest;
    const bool away =
        std::abs(rest) * 2 >= hundredth && std::abs(cut) <= std::numeric_limits<std::int64_t>::max() - hundredth;
    return say_.amount(Money::from_units(away ? cut + (rest < 0 ? -hundredth : hundredth) : cut).to_text());
  }
  [[nodiscard]] std::string contacts(std::uint64_t number) const {
    return fmt::format("{}: {}", say_("contacts", "контактов"), say_.count(number));
  }
  /// The name of a manager, who else is called by the id.
  [[nodiscard]] std::string manager(const std::string& id) const {
    const auto found = plan_.managers.find(id);
    return cell(found == plan_.managers.end() || found->second.empty() ? id : found->second, 60);
  }
  [[nodiscard]] std::string channel(std::string_view name) const {
    const Word* const word = word_named(channels, name);
    return word == nullptr ? cell(name, 40) : std::string(say_(word->english, word->russian));
  }
  /// Channels joined by "; ".
  [[nodiscard]] std::string channels_of(std::string_view names) const {
    std::string out;
    for (std::size_t begin = 0; begin < names.size();) {
      const std::size_t end = std::min(names.find(';', begin), names.size());
      std::string_view one = names.substr(begin, end - begin);
      while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
      out += (out.empty() ? "" : ", ") + channel(one);
      begin = end + 1;
    }
    return out;
  }
  [[nodiscard]] std::string_view weekday(Day day) const {
    static constexpr std::array<std::string_view, 7> english{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 7> russian{"вс", "пн", "вт", "ср", "чт", "пт", "сб"};
    const unsigned place = std::chrono::weekday{day}.c_encoding();
    return say_(english.at(place), russian.at(place));
  }
  [[nodiscard]] std::string_view month(Day day) const {
    static constexpr std::array<std::string_view, 12> english{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static constexpr std::array<std::string_view, 12> russian{"янв", "фев", "мар", "апр", "мая", "июн",
                                                              "июл", "авг", "сен", "окт", "ноя", "дек"};
    const unsigned place = static_cast<unsigned>(std::chrono::year_month_day{day}.month()) - 1;
    return say_(english.at(place), russian.at(place));
  }
  static unsigned number_in_month(Day day) { return static_cast<unsigned>(std::chrono::year_month_day{day}.day()); }
  /// Mon 7 Dec.
  [[nodiscard]] std::string short_day(Day day) const {
    return fmt::format("{}\u00A0{}\u00A0{}", weekday(day), number_in_month(day), month(day));
  }

  /// A zone by its name; where there is none of that name, the base's.
  [[nodiscard]] const TimeZone& zone(const std::string& name) {
    const auto [place, fresh] = zones_.try_emplace(name, page_.input.base.time_zone());
    if (fresh && !name.empty()) try {
        place->second = TimeZone::named(name);
      } catch (const Error& error) {
        if (error.code() != Code::not_found) throw;
      }
    return place->second;
  }
  [[nodiscard]] Day day_of(std::size_t row) {
    return zone(zone_.text(row)).day_of(Instant{std::chrono::microseconds{start_.number(row)}});
  }
  /// The day of the plan, on which the capacity of the manager counts.
  [[nodiscard]] Day day_of_plan(std::size_t row) {
    return plan_.time_zone.empty()
               ? day_of(row)
               : zone(plan_.time_zone).day_of(Instant{std::chrono::microseconds{start_.number(row)}});
  }
  /// 10:30 on the clock of the manager.
  [[nodiscard]] std::string clock(const Cells& column, std::size_t row) {
    const Instant instant{std::chrono::microseconds{column.number(row)}};
    const TimeZone& of = zone(zone_.text(row));
    const auto local = instant + std::chrono::microseconds{of.offset_micros(instant)};
    const auto minute = std::chrono::floor<std::chrono::minutes>(local - std::chrono::floor<std::chrono::days>(local));
    return fmt::format("{:02}:{:02}", minute.count() / 60, minute.count() % 60);
  }
  /// How many are not shown, and the file that has them; nothing where all are.
  void more(std::size_t all, std::size_t shown, std::string_view file) {
    if (all > shown)
      page_.put("<p class=\"note\">{} {} ({})</p>", say_("Not shown:", "Не показано:"), say_.count(all - shown), file);
  }
  void put_figure(std::string_view name, const std::string& value, const std::string& below = {}) {
    page_.put("<div class=\"figure\"><dt>{}</dt><dd>{}", name, value);
    if (!below.empty()) page_.put("<span class=\"sub\">{}</span>", below);
    page_.raw("</dd></div>");
  }

  void put_summary() {
    const std::uint64_t planned = plan_.planned.rows();
    const std::uint64_t refused = plan_.refused.rows();
    page_.put("<p class=\"lead\">{} – {}</p>", say_.day(plan_.first), say_.day(plan_.last));
    if (planned + refused == 0) {
      page_.put("<p>{}</p>", say_("No contacts are wanted in this period: no playbook fits any client.",
                                  "На этот период контакты не нужны: ни один сценарий не подошёл клиентам."));
      return;
    }
    const auto share = [&](std::uint64_t part) {
      return fmt::format("{} {}", say_.percent(static_cast<double>(part) / static_cast<double>(planned + refused)),
                         say_("of those wanted", "от нужных"));
    };
    const bool proved = plan_.objective >= plan_.upper_bound;
    const double gap = proved || plan_.upper_bound <= 0
                           ? 0
                           : (static_cast<double>(plan_.upper_bound) - static_cast<double>(plan_.objective)) /
                                 static_cast<double>(plan_.upper_bound);
    page_.raw("<dl class=\"figures\">");
    put_figure(say_("Contacts planned", "Контактов в плане"), say_.count(planned), share(planned));
    put_figure(say_("Refused", "Не вошло"), say_.count(refused), share(refused));
    put_figure(say_("Worth of the plan", "Ценность плана"), worth(plan_.objective),
               fmt::format("{} {}", say_("at most possible:", "возможно не более:"), worth(plan_.upper_bound)));
    put_figure(say_("Below the best by at most", "Ниже лучшего не более чем на"), say_.percent(gap),
               std::string(proved ? say_("proved to be the best", "доказано, что план лучший") : ""));
    page_.raw("</dl>");
    if (proved)
      page_.put("<p>{}</p>",
                say_("No other plan under the same hours, limits and consents, with each client's contacts in the same "
                     "order, can be worth more.",
                     "Никакой другой план при тех же часах, лимитах, согласиях и порядке контактов "
                     "каждого клиента не может быть ценнее."));
    else
      page_.put(
          "<p>{} {}{}.</p>",
          say_("Whatever plan is made under the same hours, limits and consents, with each client's contacts in the "
               "same "
               "order, it cannot be worth more than this one by more than",
               "При тех же часах, лимитах, согласиях и порядке контактов каждого клиента любой другой план может быть "
               "ценнее этого не более чем на"),
          worth(plan_.upper_bound - plan_.objective),
          plan_.limited ? say_(" (a limit of work ended the search)", " (поиск остановлен пределом работы)") : "");
  }

  /// The columns of the heat map: days, weeks or months, whichever are few enough.
  struct Spans {
    Period period{Period::day};
    std::map<std::int32_t, Day> first;  ///< of each, by the period's ordinal
  };
  [[nodiscard]] static Spans spans_of(const std::map<std::pair<std::string, Day>, Load>& loads) {
    for (const Period period : {Period::day, Period::week, Period::month}) {
      Spans spans{period, {}};
      for (const auto& [key, load] : loads) {
        const auto place = spans.first.try_emplace(period_index(key.second, period), key.second).first;
        place->second = std::min(place->second, key.second);
      }
      if (spans.first.size() <= columns_of_load) return spans;
      if (period == Period::month) {  // the first ones
        while (spans.first.size() > columns_of_load) spans.first.erase(std::prev(spans.first.end()));
        return spans;
      }
    }
    return {};
  }

  void put_load() {
    std::map<std::pair<std::string, Day>, Load> loads;
    bool capacity = false;
    const Cells resource(plan_.prices, "resource"), of(plan_.prices, "manager"), on(plan_.prices, "day"),
        all(plan_.prices, "capacity");
    for (std::size_t row = 0; row < plan_.prices.rows(); ++row) {
      const std::optional<Day> day = on.day(row);
      if (!day || resource.text(row) != "minute") continue;
      loads[{of.text(row), *day}].capacity += all.number(row);
      capacity = capacity || all.number(row) > 0;
    }
    for (const auto& [manager, rows] : by_manager_)
      for (const std::size_t row : rows) loads[{manager, day_of_plan(row)}].add({minutes_.number(row), 0, 1});
    if (loads.empty()) return;
    const Spans spans = spans_of(loads);
    std::map<std::string, std::map<std::int32_t, Load>> by_manager;
    std::int64_t most = 1;
    for (const auto& [key, load] : loads) {
      Load& sum = by_manager[key.first][period_index(key.second, spans.period)];
      sum.add(load);
      most = std::max(most, sum.used);
    }
    const std::string_view head = say_("Load of the managers", "Загрузка менеджеров");
    page_.put("<h3>{}</h3><p class=\"hint\">{}</p>", head,
              capacity
                  ? say_("Share of the minutes for contacts that is planned, in percent; full days stand out.",
                         "Какая доля минут, отведённых на контакты, занята планом, в процентах; полные дни выделены.")
                  : say_("Minutes of contacts.", "Минуты контактов."));
    page_.open_scroll(head);
    page_.put("<table class=\"heat wide load\"><thead><tr><th class=\"corner\" scope=\"col\">{}</th>",
              say_("Manager", "Менеджер"));
    for (const auto& [index, day] : spans.first) {
      if (spans.period == Period::day)
        page_.put("<th scope=\"col\"><span>{}</span> {}</th>", weekday(day), number_in_month(day));
      else if (spans.period == Period::week)
        page_.put("<th scope=\"col\"><span>{}</span> {}</th>", month(day), number_in_month(day));
      else
        page_.put("<th scope=\"col\"><span>{}</span> {}</th>", month(day),
                  static_cast<int>(std::chrono::year_month_day{day}.year()));
    }
    page_.put("<th scope=\"col\" class=\"apart\">{}</th></tr></thead><tbody>", say_("All", "Всего"));
    std::size_t shown = 0;
    for (const auto& [id, row] : by_manager) {
      if (shown++ == managers_in_load) break;
      page_.put("<tr><th scope=\"row\">{}</th>", manager(id));
      Load total;
      for (const auto& [index, day] : spans.first) {
        const auto found = row.find(index);
        if (found != row.end()) total.add(found->second);
        put_load_cell(found == row.end() ? Load{} : found->second, capacity, most,
                      spans.period == Period::day ? short_day(day) : "");
      }
      put_load_cell(total, capacity, 0, {});
      page_.raw("</tr>");
    }
    page_.raw("</tbody></table></div>");
    more(by_manager.size(), managers_in_load, "prices.csv");
  }

  /// \param most  minutes that the deepest colour stands for where capacities are not known; 0: a sum, without colour
  void put_load_cell(const Load& load, bool capacity, std::int64_t most, const std::string& day) {
    const std::string_view apart = most == 0 ? " apart" : "";
    if (load.used == 0 && load.capacity == 0) {
      page_.put("<td class=\"none{}\"></td>", apart);
      return;
    }
    const double share = static_cast<double>(load.used) /
                         static_cast<double>(std::max<std::int64_t>(capacity ? load.capacity : most, 1));
    const std::string text = capacity ? fmt::format("{}", std::lround(std::min(share, 9.99) * 100))
                                      : say_.count(static_cast<std::uint64_t>(load.used));
    std::string title = day.empty() ? "" : day + ": ";
    title += fmt::format("{} {}", say_.count(static_cast<std::uint64_t>(load.used)), say_("min", "мин"));
    if (capacity)
      title += fmt::format(" {} {}", say_("of", "из"), say_.count(static_cast<std::uint64_t>(load.capacity)));
    title += ", " + contacts(static_cast<std::uint64_t>(load.contacts));
    const std::string depth = most == 0 ? std::string()
                              : load.used == 0
                                  ? std::string(" free")
                                  : fmt::format(" {} i{}", capacity && share >= 0.995 ? "k1" : "k4",
                                                std::clamp(static_cast<int>(std::lround(share * 9)), 0, 9));
    page_.put("<td class=\"cell{}{}\" title=\"{}\">{}</td>", depth, apart, title, text);
  }

  void put_calendars() {
    if (by_manager_.empty()) return;
    std::vector<const std::string*> order;
    for (const auto& [manager, rows] : by_manager_) order.push_back(&manager);
    std::stable_sort(order.begin(), order.end(), [&](const std::string* a, const std::string* b) {
      return by_manager_.at(*a).size() > by_manager_.at(*b).size();
    });
    const std::size_t shown = std::min(order.size(), calendars);
    order.resize(shown);
    std::sort(order.begin(), order.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
    page_.put("<h3>{}</h3>", say_("Calendar of each manager", "Календарь каждого менеджера"));
    for (const std::string* each : order) put_calendar(*each, by_manager_.at(*each));
    more(by_manager_.size(), shown, "plan.csv");
  }

  void put_calendar(const std::string& id, const std::vector<std::size_t>& rows) {
    std::int64_t minutes = 0;
    for (const std::size_t row : rows) minutes += minutes_.number(row);
    const std::string of = zone_.text(rows.front());
    page_.put("<details><summary><b>{}</b>{}<span class=\"right\">{}, {} {}</span></summary>", manager(id),
              of.empty() ? std::string() : fmt::format("<span class=\"tag\">{}</span>", cell(of, 60)),
              contacts(rows.size()), say_.count(static_cast<std::uint64_t>(minutes)), say_("min", "мин"));
    const std::string_view with = say_("Client", "Клиент");
    const std::string_view what = say_("What", "Что");
    const std::string_view why = say_("Why", "Почему");
    const Cells channel_of(plan_.planned, "channel"), topic(plan_.planned, "topic"), purpose(plan_.planned, "purpose"),
        reason(plan_.planned, "reason");
    page_.open_scroll(say_("Calendar", "Календарь"));
    page_.put(
        "<table class=\"list stacked agenda\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
        "scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
        say_("When", "Когда"), with, what, why);
    std::optional<Day> before;
    for (std::size_t i = 0; i < std::min(rows.size(), contacts_of_calendar); ++i) {
      const std::size_t row = rows[i];
      const Day day = day_of(row);
      page_.put("<tr{}><th scope=\"row\"><span class=\"date{}\">{}</span> <span class=\"clock\">{}–{}</span></th>",
                before && *before != day ? " class=\"next\"" : "", before == day ? " again" : "", short_day(day),
                clock(start_, row), clock(end_, row));
      before = day;
      page_.put("<td data-of=\"{}\">{}</td><td data-of=\"{}\">{}</td><td class=\"why\" data-of=\"{}\">{}</td></tr>",
                with, client(client_.text(row), name_.text(row)), what,
                content(channel(channel_of.text(row)), topic.text(row), purpose.text(row)), why,
                reason.has(row) ? cell(reason.text(row), 300) : std::string());
    }
    page_.raw("</tbody></table></div>");
    more(rows.size(), contacts_of_calendar, "plan.csv");
    page_.raw("</details>");
  }

  /// A client as people speak of it: the name, and below it the id.
  [[nodiscard]] static std::string client(const std::string& id, const std::string& name) {
    return name.empty() ? cell(id, 64) : fmt::format("{}<span class=\"sub\">{}</span>", cell(name, 80), cell(id, 64));
  }
  /// By which channel, about what, and below it what for.
  [[nodiscard]] static std::string content(std::string by, const std::string& topic, const std::string& purpose) {
    if (!topic.empty()) by += (by.empty() ? "" : ": ") + cell(topic, 80);
    if (!purpose.empty()) by += fmt::format("<span class=\"sub\">{}</span>", cell(purpose, 120));
    return by;
  }

  void put_refused() {
    const Table& refused = plan_.refused;
    if (refused.rows() == 0) return;
    const Cells reason(refused, "reason"), value(refused, "value"), minutes(refused, "minutes");
    struct Sum {
      std::uint64_t contacts{0};
      std::int64_t minutes{0};
      Total value;
    };
    std::map<std::string, Sum> sums;
    for (std::size_t row = 0; row < refused.rows(); ++row) {
      Sum& sum = sums[reason.text(row)];
      ++sum.contacts;
      sum.minutes += minutes.number(row);
      sum.value.add(value.number(row));
    }
    std::vector<std::pair<std::string, Sum>> order(sums.begin(), sums.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.second.contacts > b.second.contacts; });
    const std::string_view head = say_("What found no room, and why", "Что не вошло и почему");
    const std::string_view number = say_("Contacts", "Контактов");
    const std::string_view time = say_("Minutes", "Минут");
    const std::string_view value_of = say_("Worth", "Ценность");
    page_.put("<h3>{}</h3>", head);
    page_.open_scroll(head);
    page_.put(
        "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th "
        "scope=\"col\" class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th></tr></thead><tbody>",
        say_("Reason", "Причина"), number, time, value_of);
    for (const auto& [name, sum] : order)
      page_.put(
          "<tr><th scope=\"row\">{}</th><td class=\"num\" data-of=\"{}\">{} <span class=\"share\">{}</span></td><td "
          "class=\"num\" data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td></tr>",
          refusal(name), number, say_.count(sum.contacts),
          say_.percent(static_cast<double>(sum.contacts) / static_cast<double>(refused.rows())), time,
          say_.count(static_cast<std::uint64_t>(std::max<std::int64_t>(sum.minutes, 0))), value_of,
          sum.value.units() ? worth(*sum.value.units()) : say_.amount(sum.value.to_text()));
    page_.raw("</tbody></table></div>");
    put_most_valuable(value);
  }
  [[nodiscard]] std::string refusal(std::string_view name) const {
    const Word* const word = word_named(refusals, name);
    return word == nullptr ? say_.term(name) : std::string(say_(word->english, word->russian));
  }

  void put_most_valuable(const Cells& value) {
    const Table& refused = plan_.refused;
    std::vector<std::size_t> order(refused.rows());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t shown = std::min(order.size(), refused_shown);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return value.number(a) != value.number(b) ? value.number(a) > value.number(b) : a < b;
                      });
    const Cells client_of(refused, "client"), name(refused, "name"), channel_of(refused, "channel"),
        topic(refused, "topic"), purpose(refused, "purpose"), first(refused, "first"), last(refused, "last"),
        reason(refused, "reason"), text(refused, "text"), surplus(refused, "surplus");
    const std::string_view head = say_("The most valuable of them", "Самые ценные из них");
    const std::string_view what = say_("What", "Что");
    const std::string_view when = say_("When", "Когда");
    const std::string_view of = say_("Worth", "Ценность");
    const std::string_view why = say_("Why not", "Почему нет");
    page_.put("<details><summary><b>{}</b><span class=\"right\">{}</span></summary>", head, contacts(shown));
    page_.open_scroll(head);
    page_.put(
        "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
        "scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
        say_("Client", "Клиент"), what, when, of, why);
    for (std::size_t i = 0; i < shown; ++i) {
      const std::size_t row = order[i];
      const auto from = first.day(row), to = last.day(row);
      std::string days;
      if (from) days = short_day(*from);
      if (to && to != from) days += (days.empty() ? "" : " – ") + short_day(*to);
      std::string because = text.has(row) ? cell(text.text(row), 300) : refusal(reason.text(row));
      if (surplus.number(row) < 0)
        because +=
            fmt::format("<span class=\"sub\">{} {}</span>",
                        say_("it would have to be worth more by", "ценности не хватает:"), worth(-surplus.number(row)));
      page_.put(
          "<tr><th scope=\"row\">{}</th><td data-of=\"{}\">{}</td><td data-of=\"{}\">{}</td><td class=\"num\" "
          "data-of=\"{}\">{}</td><td class=\"why\" data-of=\"{}\">{}</td></tr>",
          client(client_of.text(row), name.text(row)), what,
          content(channels_of(channel_of.text(row)), topic.text(row), purpose.text(row)), when, days, of,
          worth(value.number(row)), why, because);
    }
    page_.raw("</tbody></table></div>");
    more(refused.rows(), shown, "refused.csv");
    page_.raw("</details>");
  }

  void put_prices() {
    const Table& prices = plan_.prices;
    const Cells price(prices, "price"), resource(prices, "resource"), of(prices, "manager"), on(prices, "day"),
        channel_of(prices, "channel"), capacity(prices, "capacity"), used(prices, "used");
    // A minute is compared with whole contacts by what a contact takes on average.
    std::int64_t minutes = 0;
    for (std::size_t row = 0; row < plan_.planned.rows(); ++row) minutes += minutes_.number(row);
    const double length = plan_.planned.rows() == 0 || minutes <= 0
                              ? 1
                              : static_cast<double>(minutes) / static_cast<double>(plan_.planned.rows());
    const auto weight = [&](std::size_t row) {
      return static_cast<double>(price.number(row)) * (resource.text(row) == "minute" ? length : 1);
    };
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t row = 0; row < prices.rows(); ++row)
      if (price.number(row) > 0) order.emplace_back(-weight(row), row);
    if (order.empty()) return;
    std::sort(order.begin(), order.end());
    const std::string_view head = say_("What more capacity would be worth", "Сколько стоит дополнительное время");
    const std::string_view day = say_("Day", "День");
    const std::string_view one = say_("One more", "Ещё одна единица");
    const std::string_view taken = say_("Used", "Занято");
    const bool proved = plan_.upper_bound <= plan_.objective;
    const std::string_view gives = proved ? say_("Adds at most", "Добавит не более") : say_("Priced at", "Оценка");
    page_.put(
        "<h3>{}</h3><p class=\"hint\">{}</p>", head,
        proved
            ? std::string(say_(
                  "Where one more would add most to the worth of the plan; of several at once each further adds less.",
                  "Где ещё одна единица добавит к ценности плана больше всего; каждая следующая добавляет меньше."))
            : fmt::format("{} {}; {}.",
                          say_("Where one more is priced highest. It adds its price at most, and what the plan may be "
                               "short of the best,",
                               "Где ещё одна единица оценена выше всего. Она добавит не больше своей оценки и того, "
                               "что план может недобирать до лучшего,"),
                          worth(plan_.upper_bound - plan_.objective),
                          say_("of several at once each further adds less", "каждая следующая добавляет меньше")));
    page_.open_scroll(head);
    page_.put(
        "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
        "scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" "
        "class=\"num\">{}</th></tr></thead><tbody>",
        say_("Manager", "Менеджер"), day, one, taken, gives);
    const std::size_t shown = std::min(order.size(), bins_shown);
    for (std::size_t i = 0; i < shown; ++i) {
      const std::size_t row = order[i].second;
      const std::string kind = resource.text(row);
      const auto date = on.day(row);
      page_.put(
          "<tr><th scope=\"row\">{}</th><td data-of=\"{}\">{}</td><td data-of=\"{}\">{}</td><td class=\"num\" "
          "data-of=\"{}\">{} {} {}</td><td class=\"num\" data-of=\"{}\">{}</td></tr>",
          manager(of.text(row)), day, date ? short_day(*date) : std::string(), one,
          kind == "minute" ? std::string(say_("minute", "минута"))
          : kind == "slot" ? std::string(say_("contact by any channel", "контакт по любому каналу"))
                           : channel(channel_of.text(row)),
          taken, say_.count(static_cast<std::uint64_t>(std::max<std::int64_t>(used.number(row), 0))), say_("of", "из"),
          say_.count(static_cast<std::uint64_t>(std::max<std::int64_t>(capacity.number(row), 0))), gives,
          worth(price.number(row)));
    }
    page_.raw("</tbody></table></div>");
    more(order.size(), shown, "prices.csv");
  }

  Page& page_;
  const Speech& say_;
  const PlanTables& plan_;
  const Cells client_, name_, manager_, minutes_, start_, end_, zone_;
  std::map<std::string, std::vector<std::size_t>> by_manager_;  ///< rows of the planned contacts, by start
  std::map<std::string, TimeZone> zones_;
};

}  // namespace

void put_plan(Page& page) {
  if (page.input.plan == nullptr) return;
  Section(page, *page.input.plan).put();
}

}  // namespace klientela::report
