// Duplicates on the report page: what was merged, cards of one client side by side, the evidence, what waits for
// review.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "dedupe/card_values.hpp"
#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t clusters_shown = 6;
constexpr std::size_t pairs_shown = 10;
constexpr std::size_t cuts_shown = 5;
constexpr std::size_t cards_shown = 4;
constexpr std::size_t joins_shown = 6;

/// Fields of cards and of comparisons.
constexpr Word fields[]{
    {"kind", "Kind", "Вид"},
    {"parent", "Belongs to", "Входит в"},
    {"name", "Name", "Название, имя"},
    {"given_name", "Given name", "Имя"},
    {"middle_name", "Middle name", "Отчество"},
    {"family_name", "Family name", "Фамилия"},
    {"organisation_name", "Organisation", "Организация"},
    {"emails", "E-mail", "Эл. почта"},
    {"email", "E-mail", "Эл. почта"},
    {"phones", "Phone", "Телефон"},
    {"phone", "Phone", "Телефон"},
    {"addresses", "Address", "Адрес"},
    {"address", "Address", "Адрес"},
    {"street", "Street", "Улица"},
    {"house", "House", "Дом"},
    {"street_2", "Second line", "Вторая строка"},
    {"city", "City", "Город"},
    {"region", "Region", "Регион"},
    {"postcode", "Postcode", "Индекс"},
    {"country", "Country", "Страна"},
    {"tax_numbers", "Tax number", "ИНН, рег. номер"},
    {"tax_number", "Tax number", "ИНН, рег. номер"},
    {"identifiers", "Other ids", "Другие номера"},
    {"identifier", "Other ids", "Другие номера"},
    {"websites", "Web site", "Сайт"},
    {"website", "Web site", "Сайт"},
    {"birthday", "Birthday", "День рождения"},
    {"language", "Language", "Язык"},
    {"time_zone", "Time zone", "Часовой пояс"},
    {"source", "Source", "Источник"},
    {"owner", "Manager", "Менеджер"},
    {"relationship_type", "Type of relationship", "Тип отношений"},
    {"category", "Category", "Категория"},
    {"industry", "Industry", "Отрасль"},
    {"created_at", "Made", "Создана"},
    {"updated_at", "Changed", "Изменена"},
};

constexpr Word kinds[]{{"organisation", "organisation", "организация"}, {"person", "person", "частное лицо"}};

/// Levels of comparisons.
constexpr Word outcomes[]{
    {"different", "different", "разное"},
    {"initial", "an initial", "инициал"},
    {"similar", "similar", "похоже"},
    {"close", "close", "очень похоже"},
    {"crossed", "crossed with another name", "имена переставлены"},
    {"variant", "a variant", "вариант имени"},
    {"same", "the same", "совпадает"},
    {"same_year", "the same year", "тот же год"},
    {"slip", "one slip", "одна опечатка"},
    {"same_end", "the same end", "тот же конец"},
    {"same_mailbox", "the same mailbox", "тот же ящик"},
    {"same_house", "the same house number", "тот же номер дома"},
    {"similar_same_house", "similar, the same house number", "похоже, тот же номер дома"},
    {"close_same_house", "close, the same house number", "очень похоже, тот же номер дома"},
    {"acronym", "an acronym", "сокращение"},
    {"related", "related", "связано"},
};

/// What classes of two clients explain evidence by.
constexpr Word classes[]{
    {"household", "by one household", "одним домохозяйством"},
    {"branch", "by one organisation", "одной организацией"},
};

std::string_view word_for(std::span<const Word> words, std::string_view name, const Speech& say) {
  const Word* const word = word_named(words, name);
  return word == nullptr ? name : say(word->english, word->russian);
}

/// Writes the section; reads cards as they were before they were merged.
class Section {
 public:
  explicit Section(Page& page)
      : page_(page), say_(page.say), found_(*page.input.duplicates), reader_(found_.cards().base()) {
    if (page.input.merged != nullptr) {
      map_.emplace(page.input.merged->map());
      merged_.emplace(page.input.merged->base());
    }
  }

  void put() {
    const DuplicateCounts counts = duplicate_counts(page_.input);
    page_.open("duplicates", say_("Duplicates", "Дубликаты"));
    put_counts(counts);
    if (counts.clients < counts.cards) {
      put_clusters();
      put_cuts();
    }
    put_review();
    page_.close();
  }

 private:
  [[nodiscard]] std::uint32_t client(std::uint32_t card) const {
    const std::uint32_t code = found_.cards().client_code(card);
    return map_ ? (*map_)(code) : code;
  }
  [[nodiscard]] std::string id(std::uint32_t card) const { return found_.cards().id(card).to_text(); }
  /// For people: instants without the time.
  [[nodiscard]] std::string text(const dedupe::CardReader& reader, std::uint32_t code, ClientField field) const {
    std::string text = reader.to_text(field, reader.value(code, field));
    if (is_date(field)) return text.substr(0, 10);
    return field == ClientField::kind ? std::string(word_for(kinds, text, say_)) : text;
  }
  [[nodiscard]] std::string text(std::uint32_t card, ClientField field) const {
    return text(reader_, found_.cards().client_code(card), field);
  }
  /// Of the card, not of the client: differs as a matter of course.
  [[nodiscard]] static bool is_date(ClientField field) noexcept {
    return field == ClientField::created_at || field == ClientField::updated_at;
  }
  /// A card's own name; its id where it has none.
  [[nodiscard]] std::string name(std::uint32_t card) const {
    std::string name = text(card, ClientField::name);
    if (name.empty())
      for (const ClientField part : {ClientField::given_name, ClientField::middle_name, ClientField::family_name})
        if (const std::string value = text(card, part); !value.empty()) name += (name.empty() ? "" : " ") + value;
    return name.empty() ? id(card) : name;
  }
  [[nodiscard]] std::string bits(double score, bool sign = false) const {
    const std::string number = fmt::format("{:.1f}", std::abs(score));
    const bool zero = number == "0.0";
    return (zero ? "" : score < 0 ? "\xE2\x88\x92" : sign ? "+" : "") + say_.decimal(number);
  }
  [[nodiscard]] std::string cards(std::uint64_t number) const {
    return fmt::format("{}: {}", say_("cards", "карточек"), say_.count(number));
  }
  /// How many are not shown, and the file that has them; nothing where all are.
  void more(std::size_t all, std::size_t shown, std::string_view file) {
    if (all > shown)
      page_.put("<p class=\"note\">{} {} ({})</p>", say_("Not shown:", "Не показано:"), say_.count(all - shown), file);
  }

  void put_counts(const DuplicateCounts& counts) {
    const std::uint64_t repeated = counts.cards - counts.clients;
    if (repeated == 0) {
      page_.put("<p>{} {}.</p>",
                say_("No two cards are found to be of one client. Cards looked at:",
                     "Карточек одного и того же клиента не найдено. Просмотрено карточек:"),
                say_.count(counts.cards));
      return;
    }
    const double share = static_cast<double>(repeated) / static_cast<double>(counts.cards);
    page_.put(
        "<p>{}</p>",
        fmt::format(fmt::runtime(say_("{} cards stand for {}: {} ({}) are further cards of a client that has "
                                      "one. Merged: {}; left as they are: {}.",
                                      "Карточек {}, за ними {}: лишних карточек {} ({}). Объединено: {}; "
                                      "оставлено как есть: {}.")),
                    say_.count(counts.cards), say_.clients(counts.clients), say_.count(repeated), say_.percent(share),
                    say_.count(counts.merged), say_.count(repeated - std::min(repeated, counts.merged))));
    const auto& sure = found_.options().merge;
    page_.put("<p class=\"hint\">{}{}</p>",
              say_("Scores are in bits: 0 is even odds that two cards are one client, 10 is 1,024 to 1. ",
                   "Оценки в битах: 0 — шансы равны, 10 — 1024 к 1 за то, что клиент один. "),
              sure && map_ ? fmt::format(fmt::runtime(say_("Merged is what reaches {}, and {} without its strongest "
                                                           "field; the journal can undo it.",
                                                           "Объединяется то, что набирает {}, а без самого сильного "
                                                           "поля — {}; журнал позволяет отменить.")),
                                         bits(sure->threshold), bits(sure->corroboration))
                           : std::string());
  }

  void put_clusters() {
    const auto& groups = found_.groups();
    std::vector<std::size_t> order(groups.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t shown = std::min(order.size(), clusters_shown);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return groups[a].size() != groups[b].size() ? groups[a].size() > groups[b].size() : a < b;
                      });
    page_.put("<h3>{}</h3>", say_("Clients with most cards", "Клиенты, у которых больше всего карточек"));
    for (std::size_t k = 0; k < shown; ++k) put_cluster(groups[order[k]]);
    more(order.size(), shown, "clusters.csv");
  }

  void put_cluster(std::span<const std::uint32_t> group) {
    std::set<std::uint32_t> clients;
    for (const std::uint32_t card : group) clients.insert(client(card));
    const std::string_view state = clients.size() == 1              ? say_("merged", "объединены")
                                   : clients.size() == group.size() ? say_("not merged", "не объединены")
                                                                    : say_("merged in part", "объединены частично");
    page_.put("<details><summary><b>{}</b><span class=\"tag\">{}</span><span class=\"right\">{}, {}</span></summary>",
              cell(name(group.front()), 80), cell(id(group.front()), 40), cards(group.size()), state);
    put_cards(group, map_ && clients.size() == 1 ? std::optional(*clients.begin()) : std::nullopt);
    const std::vector<CardJoin> joins = joins_of(group);
    page_.put("<p class=\"hint\">{}</p><ul class=\"why\">", say_("Why they are together:", "Почему они вместе:"));
    for (std::size_t i = 0; i < std::min(joins.size(), joins_shown); ++i) put_sentence(words(joins[i], namer()));
    if (joins.empty()) page_.put("<li>{}</li>", say_("They are equal in every field.", "Совпадают во всех полях."));
    page_.raw("</ul>");
    more(joins.size(), joins_shown, "joins.csv");
    if (joins.empty()) {
      put_waterfall({group[0], group[1]});
    } else {
      const auto weakest = std::min_element(joins.begin(), joins.end(),
                                            [](const CardJoin& a, const CardJoin& b) { return a.average < b.average; });
      put_waterfall({weakest->a, weakest->b});
    }
    page_.raw("</details>");
  }

  /// Joins of distinct cards; each that equals another one stands alone there.
  [[nodiscard]] std::vector<CardJoin> joins_of(std::span<const std::uint32_t> group) const {
    const CardClusters& clusters = found_.clusters();
    std::size_t low = 0;
    for (std::size_t high = clusters.size(); low < high;) {
      const std::size_t middle = (low + high) / 2;
      if (clusters.cards(middle).front() < group.front())
        low = middle + 1;
      else
        high = middle;
    }
    if (low == clusters.size() || clusters.cards(low).front() != group.front()) return {};
    const auto joins = clusters.joins_of(low);
    return {joins.begin(), joins.end()};
  }

  [[nodiscard]] CardNamer namer() const {
    return [this](std::uint32_t card) { return id(card); };
  }
  void put_sentence(const CardReasonWords& words) {
    page_.put("<li><bdi>{}</bdi></li>",
              escaped(shortened(page_.options.language == Language::russian ? words.russian : words.english, 600)));
  }

  /// Cards side by side, values that differ from the first one's marked; with the card that the client has now.
  void put_cards(std::span<const std::uint32_t> group, std::optional<std::uint32_t> survivor) {
    const std::size_t shown = std::min(group.size(), cards_shown);
    const std::optional<dedupe::CardReader> now =
        survivor && merged_ ? std::optional<dedupe::CardReader>(std::in_place, *merged_) : std::nullopt;
    page_.open_scroll(say_("Cards side by side", "Карточки рядом"));
    page_.put("<table class=\"list sides\"><thead><tr><th scope=\"col\">{}</th>", say_("Card", "Карточка"));
    for (std::size_t i = 0; i < shown; ++i) page_.put("<th scope=\"col\">{}</th>", cell(id(group[i]), 40));
    if (now) page_.put("<th scope=\"col\">{}</th>", say_("The client now", "Клиент теперь"));
    page_.raw("</tr></thead><tbody>");
    for (std::size_t f = 1; f < dedupe::client_fields; ++f) {
      const auto field = static_cast<ClientField>(f);
      std::vector<std::string> values;
      for (std::size_t i = 0; i < shown; ++i) values.push_back(text(group[i], field));
      const auto first =
          std::find_if(values.begin(), values.end(), [](const std::string& value) { return !value.empty(); });
      if (first == values.end()) continue;
      const auto differs = [&](const std::string& value) {
        return !is_date(field) && !value.empty() && value != *first;
      };
      const bool any = std::any_of(values.begin(), values.end(), differs);
      page_.put("<tr{}><th scope=\"row\">{}{}</th>", any ? " class=\"differ\"" : "",
                word_for(fields, spec(TableId::clients).fields[f].name, say_),
                any ? fmt::format(" <span class=\"hidden\">({})</span>", say_("differs", "различается")) : "");
      for (const std::string& value : values)
        page_.put("<td{}>{}</td>", differs(value) ? " class=\"other\"" : "", value.empty() ? "–" : cell(value, 100));
      if (now) {
        const std::string value = text(*now, *survivor, field);
        page_.put("<td class=\"now\">{}</td>", value.empty() ? "–" : cell(value, 200));
      }
      page_.raw("</tr>");
    }
    page_.raw("</tbody></table></div>");
    more(group.size(), shown, "clusters.csv");
  }

  /// How the score of a pair adds up: from the odds of any two cards, field by field.
  void put_waterfall(CardPair pair) {
    const PairEvidence evidence = found_.explain(pair);
    struct Step {
      std::string_view field;
      std::string level;
      double from, to;
    };
    double sum = evidence.explanation.prior_weight;
    std::vector<Step> steps{{say_("Any two cards", "Любые две карточки"), {}, 0, sum}};
    for (std::size_t i = 0; i < evidence.levels.size(); ++i) {
      if (evidence.levels[i] == 0) continue;
      const Comparison& comparison = found_.comparisons()[i];
      const FieldEvidence& of = evidence.explanation.fields[i];
      const double next = sum + of.weight + of.term_weight;
      steps.push_back({word_for(fields, klientela::name(comparison.field), say_),
                       std::string(word_for(outcomes, levels(comparison.kind)[evidence.levels[i] - 1U], say_)), sum,
                       next});
      sum = next;
    }
    if (const auto& by = evidence.explanation.shared_by) {
      const double next = sum + evidence.explanation.shared_weight;
      const std::string& name = found_.model().classes()[*by].name;  // a policy's own text where it is none of ours
      const Word* const known = word_named(classes, name);
      steps.push_back({say_("Explained", "Объясняется"),
                       known != nullptr ? std::string(say_(known->english, known->russian)) : cell(name, 40), sum,
                       next});
    }
    steps.push_back({say_("Score", "Оценка"), {}, 0, evidence.explanation.score});
    double low = 0;
    double high = found_.options().merge ? std::max(0.0, found_.options().merge->threshold) : 0;
    for (const Step& step : steps) {
      low = std::min({low, step.from, step.to});
      high = std::max({high, step.from, step.to});
    }
    const double span = std::max(high - low, 1e-9);
    const auto x = [&](double score) { return (score - low) / span * 100; };
    std::string marks = fmt::format("<rect class=\"zero\" x=\"{:.2f}\" width=\"0.4\" height=\"10\"/>", x(0));
    if (found_.options().merge && map_)
      marks += fmt::format("<rect class=\"limit\" x=\"{:.2f}\" width=\"0.4\" height=\"10\"/>",
                           x(found_.options().merge->threshold));
    std::string head = fmt::format("{} {} {} {}", say_("How the score adds up:", "Из чего складывается оценка:"),
                                   cell(id(pair.a), 40), say_("and", "и"), cell(id(pair.b), 40));
    if (found_.options().merge && map_)
      head += fmt::format(". {} {}",
                          say_("The marks are 0 and the threshold of merging,", "Отметки — 0 и порог объединения,"),
                          bits(found_.options().merge->threshold));
    page_.open_scroll(say_("How the score adds up", "Из чего складывается оценка"));
    page_.put(
        "<table class=\"list waterfall\"><caption>{}</caption><thead class=\"hidden\"><tr><th scope=\"col\">{}</th>"
        "<td></td><th scope=\"col\">{}</th></tr></thead><tbody>",
        head, say_("Field", "Поле"), say_("Bits", "Биты"));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      const bool total = i + 1 == steps.size();
      const std::string_view colour = total ? "sum" : step.to < step.from ? "against" : "for";
      const double begin = x(std::min(step.from, step.to));
      const double width = std::max(std::abs(step.to - step.from) / span * 100, 0.6);
      page_.put(
          "<tr{}><th scope=\"row\">{}{}</th><td class=\"barcell\"><svg class=\"bar\" viewBox=\"0 0 100 10\" "
          "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"{}\" x=\"{:.2f}\" width=\"{:.2f}\" "
          "height=\"10\"/>{}</svg></td><td class=\"num\">{}</td></tr>",
          total ? " class=\"total\"" : "", step.field,
          step.level.empty() ? std::string() : fmt::format("<span class=\"sub\">{}</span>", step.level), colour, begin,
          width, marks, bits(step.to - step.from, !total));
    }
    page_.raw("</tbody></table></div>");
  }

  void put_review() {
    const std::vector<CardReview> waiting = waiting_pairs(page_.input);
    if (waiting.empty()) return;
    page_.put("<h3>{}</h3><p class=\"hint\">{}</p>", say_("For a person to judge", "На проверку человеку"),
              say_("Pairs whose answer would change most come first.",
                   "Сначала пары, ответ по которым изменит больше всего."));
    const std::size_t shown = std::min(waiting.size(), pairs_shown);
    for (std::size_t i = 0; i < shown; ++i) {
      const CardReview& pair = waiting[i];
      page_.put(
          "<details><summary><b>{}</b><span class=\"tag\">{} {} {}</span><span class=\"right\">{} {}, {}</span>"
          "</summary>",
          cell(name(pair.a), 60), cell(id(pair.a), 40), say_("and", "и"), cell(id(pair.b), 40), say_("score", "оценка"),
          bits(pair.score), say_.percent(pair.probability));
      put_cards(std::array{pair.a, pair.b}, std::nullopt);
      page_.raw("<ul class=\"why\">");
      put_sentence(words(pair, namer()));
      page_.raw("</ul>");
      put_waterfall({pair.a, pair.b});
      page_.raw("</details>");
    }
    more(waiting.size(), shown, "review.csv");
  }

  void put_cuts() {
    const auto& cuts = found_.clusters().cuts;
    if (cuts.empty()) return;
    page_.put("<h3>{}</h3><ul class=\"why\">", say_("Kept apart though alike", "Похожи, но не объединены"));
    for (std::size_t i = 0; i < std::min(cuts.size(), cuts_shown); ++i) put_sentence(words(cuts[i], namer()));
    page_.raw("</ul>");
    more(cuts.size(), cuts_shown, "cuts.csv");
  }

  Page& page_;
  const Speech& say_;
  const Duplicates& found_;
  dedupe::CardReader reader_;
  std::optional<ClientMap> map_;
  std::optional<ClientBase> merged_;
};

}  // namespace

void put_duplicates(Page& page) {
  if (page.input.duplicates == nullptr || page.input.duplicates->cards().size() == 0) return;
  Section(page).put();
}

}  // namespace klientela::report
