// Search of one card: the scores of a full run, and the cards that share a key.
#include "klientela/dedupe/card_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "klientela/dedupe/card_search_tables.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

std::vector<ClientRow> rows_of(std::size_t clients) {
  std::mt19937 random(3);
  static const char* const parts[] = {"ka", "lo", "mi", "ner", "to", "vi", "san", "bel", "dru", "fo", "gi", "ras"};
  const auto word = [&](std::size_t n) {
    std::string text;
    while (n-- > 0) text += parts[random() % std::size(parts)];
    return text;
  };
  std::vector<ClientRow> rows;
  for (std::size_t i = 0; i < clients; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(2 * i)};
    row.given_name = word(2);
    row.family_name = word(3);
    row.city = word(2);
    row.phones = {"+4930" + std::to_string(10'000'000 + random() % 80'000'000)};
    if (i % 5 == 0) row.phones.push_back("+4989" + std::to_string(10'000'000 + random() % 80'000'000));
    row.birthday = first_day + std::chrono::days(10'000 + random() % 30'000);
    rows.push_back(row);
    if (i % 2 == 1) continue;
    row.client = static_cast<std::int64_t>(2 * i + 1);
    if (i % 4 == 0) std::swap(row.given_name, row.family_name);
    if (i % 6 == 0) row.phones.pop_back();
    rows.push_back(row);
  }
  return rows;
}

ClientBase base_of(const std::vector<ClientRow>& rows) {
  BaseBuilder builder;
  for (const ClientRow& row : rows) builder.add(row);
  return builder.build().base;
}

TEST(CardSearch, GivesTheScoresOfAFullRun) {
  const std::vector<ClientRow> rows = rows_of(600);
  const Duplicates found = find_duplicates(base_of(rows));
  const CardIndex index(found);
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < rows.size(); i += 7) {
    const std::uint32_t self = *found.cards().card_of(rows[i].client);
    const auto matches = index.search(rows[i], {.limit = 100, .min_score = -5});
    ASSERT_FALSE(matches.empty());
    bool itself = false;
    for (const CardMatch& match : matches) {
      itself = itself || match.card == self;
      if (match.card == self) continue;
      ++pairs;
      EXPECT_EQ(match.score, found.explain({self, match.card}).explanation.score);
      EXPECT_EQ(match.evidence.levels, found.explain({self, match.card}).levels);
    }
    EXPECT_TRUE(itself);
    for (const CardEdge& edge : found.edges()) {
      if ((edge.a != self && edge.b != self) || edge.score < -5) continue;
      const std::uint32_t other = edge.a + edge.b - self;
      EXPECT_TRUE(std::any_of(matches.begin(), matches.end(), [&](const CardMatch& m) { return m.card == other; }));
    }
  }
  EXPECT_GT(pairs, 50U);
}

TEST(CardSearch, IsTheSameForManyAtOnce) {
  const std::vector<ClientRow> rows = rows_of(300);
  const CardIndex index(find_duplicates(base_of(rows)));
  ThreadPool pool(4);
  Control control;
  control.executor = &pool;
  const ClientBase base = base_of(rows);
  const auto all = index.search(base, {}, control);
  ASSERT_EQ(all.size(), rows.size());
  const PreparedCards cards = prepare_cards(base, Normaliser());
  for (std::size_t i = 0; i < rows.size(); i += 11) {
    const auto one = index.search(rows[i]);
    const auto& of = all[*cards.card_of(rows[i].client)];
    ASSERT_EQ(one.size(), of.size());
    for (std::size_t m = 0; m < one.size(); ++m) {
      EXPECT_EQ(one[m].card, of[m].card);
      EXPECT_EQ(one[m].score, of[m].score);
    }
  }
}

TEST(CardSearch, FindsNobodyForStrangersAndEmptyCards) {
  const CardIndex index(find_duplicates(base_of(rows_of(100))));
  EXPECT_TRUE(index.search(ClientRow{.client = 1}).empty());
  EXPECT_TRUE(index.search(ClientRow{.client = 1, .given_name = "Xuthqoz", .family_name = "Wyzzard"}).empty());
  EXPECT_TRUE(index.search(ClientBase()).empty());
  EXPECT_TRUE(CardIndex().search(ClientRow{.client = 1, .given_name = "kalo"}).empty());
  EXPECT_THROW(static_cast<void>(index.search(ClientRow{.client = 1}, {.limit = 0})), Error);
  EXPECT_THROW(static_cast<void>(index.search(ClientRow{.client = 1}, {.max_candidates = 0})), Error);
}

ClientRow card(std::int64_t id, const char* given, const char* family) {
  return {.client = id, .given_name = given, .family_name = family};
}

TEST(CardSearch, FindsWhatSomebodyIsTyping) {
  std::vector<ClientRow> rows = rows_of(300);
  rows.push_back(card(10'001, "Ксения", "Щербакова"));
  rows.back().phones = {"+7 495 123-45-67"};
  rows.back().emails = {"k.sherbakova@gmail.com"};
  rows.push_back(card(10'002, "Jörg", "Quitzow"));
  rows.back().emails = {"joerg@quitzow.example"};
  rows.push_back(ClientRow{.client = 10'003, .kind = "organisation", .name = "Zwiebel Handel GmbH"});
  rows.back().tax_numbers = {"7707083893"};
  DedupeOptions options;
  options.normaliser.region = "RU";
  const CardIndex index(find_duplicates(base_of(rows), options));
  const auto first = [&](const ClientRow& typed) -> std::string {
    EXPECT_TRUE(index.search(typed).empty());  // nothing is whole
    const auto matches = index.search(typed, {.limit = 3, .incomplete = true});
    return matches.empty() ? "nobody" : index.found().cards().id(matches[0].card).to_text();
  };
  EXPECT_EQ(first({.client = 0, .family_name = "Щер"}), "10001");
  EXPECT_EQ(first({.client = 0, .family_name = "shcher"}), "10001");
  EXPECT_EQ(first({.client = 0, .name = "Quit"}), "10002");
  EXPECT_EQ(first({.client = 0, .name = "Jorg quit"}), "10002");
  EXPECT_EQ(first({.client = 0, .name = "zwieb"}), "10003");
  EXPECT_EQ(first({.client = 0, .emails = {"k.sherb"}}), "10001");  // the provider does not mind points
  EXPECT_EQ(first({.client = 0, .emails = {"Joerg@qu"}}), "10002");
  EXPECT_EQ(first({.client = 0, .phones = {"8 (495) 12"}}), "10001");
  EXPECT_EQ(first({.client = 0, .phones = {"+749"}}), "10001");
  EXPECT_EQ(first({.client = 0, .tax_numbers = {"77070"}}), "10003");
  EXPECT_EQ(first({.client = 0, .family_name = "Xylo"}), "nobody");
}

TEST(CardSearch, WeighsBeginningsByHowRareTheyAre) {
  std::vector<ClientRow> rows = rows_of(300);
  rows.push_back(card(10'002, "Joerg", "Quitzow"));
  const CardIndex index(find_duplicates(base_of(rows)));
  const CardSearchOptions typing{.limit = 1000, .incomplete = true};
  const auto matches = index.search({.client = 0, .family_name = "Qui"}, typing);
  ASSERT_EQ(matches.size(), 1U);
  const ScoreExplanation& why = matches[0].evidence.explanation;
  double sum = why.prior_weight + why.shared_weight;
  double begins = 0;
  for (std::size_t i = 0; i < why.fields.size(); ++i) {
    sum += why.fields[i].weight + why.fields[i].term_weight;
    if (index.found().comparisons()[i].field == CardField::family_name) begins = why.fields[i].term_weight;
  }
  EXPECT_EQ(matches[0].score, sum);
  EXPECT_GT(begins, 3);
  // Both beginnings are frequent: those who have both come first.
  const auto both = index.search({.client = 0, .given_name = "ka", .family_name = "lo"}, typing);
  ASSERT_GT(both.size(), 1U);
  const auto begins_with = [&](const CardMatch& match, CardField field, std::string_view text) {
    return index.found().cards().values(match.card, field)[0].starts_with(text);
  };
  EXPECT_TRUE(begins_with(both[0], CardField::given_name, "ka"));
  EXPECT_TRUE(begins_with(both[0], CardField::family_name, "lo"));
  EXPECT_FALSE(begins_with(both.back(), CardField::given_name, "ka") &&
               begins_with(both.back(), CardField::family_name, "lo"));
  EXPECT_THROW(static_cast<void>(index.search(base_of(rows), typing)), Error);
}

/// A model by hand of whose fields households share all but the given name.
DedupeOptions with_households() {
  DedupeOptions options;
  std::vector<LinkField> fields;
  LinkClass household{"household", 0.02, {}};
  for (const CardField field : {CardField::given_name, CardField::family_name, CardField::phone}) {
    options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
    fields.push_back({.comparison = spec(options.comparisons.back()), .m = {0.1, 0.9}, .u = {0.999, 0.001}});
    if (field != CardField::given_name) household.fields.push_back({std::string(name(field)), {0.4, 0.6}});
  }
  options.model = LinkModel(1e-4, fields, {household});
  options.discount_shared = false;
  return options;
}

// What a household shares is no better evidence half typed than whole.
TEST(CardSearch, LetsClassesExplainBeginningsToo) {
  std::vector<ClientRow> rows = rows_of(300);
  ClientRow anna = card(10'001, "Anna", "Quitzow");
  anna.phones = {"+493055501234"};
  rows.push_back(anna);
  const CardIndex index(find_duplicates(base_of(rows), with_households()));
  ClientRow son = card(0, "Otto", "Quitzow");
  son.phones = anna.phones;
  const CardSearchOptions any{.limit = 1, .min_score = -100};
  CardSearchOptions typing = any;
  typing.incomplete = true;
  const auto whole = index.search(son, any);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_LT(whole[0].evidence.explanation.shared_weight, -5);
  for (const char* begun : {"Qui", "Quitzo", "Quitzow"}) {
    son.family_name = begun;
    const auto matches = index.search(son, typing);
    ASSERT_EQ(matches.size(), 1U) << begun;
    const ScoreExplanation& why = matches[0].evidence.explanation;
    EXPECT_LE(matches[0].score, whole[0].score + 0.5) << begun;
    double sum = why.prior_weight + why.shared_weight;
    for (const FieldEvidence& each : why.fields) sum += each.weight + each.term_weight;
    EXPECT_EQ(matches[0].score, sum);
  }
}

// A number that many have is worth little; typing must not make it worth more.
TEST(CardSearch, KeepsTheDiscountOfAValueTypedInFull) {
  std::vector<ClientRow> rows = rows_of(300);
  for (std::int64_t i = 0; i < 5; ++i) {
    static const char* const names[] = {"aara", "bolu", "cemi", "dino", "ezra"};
    static const char* const families[] = {"Pilow", "Quandt", "Rembe", "Stolz", "Tamm"};
    rows.push_back(card(20'000 + i, names[i], families[i]));
    rows.back().phones = {"+493055509876"};
  }
  const CardIndex index(find_duplicates(base_of(rows)));
  const ClientRow typed{.client = 0, .phones = {"+493055509876"}};
  const auto whole = index.search(typed, {.limit = 1, .min_score = -100});
  const auto typing = index.search(typed, {.limit = 1, .min_score = -100, .incomplete = true});
  ASSERT_EQ(whole.size(), 1U);
  ASSERT_EQ(typing.size(), 1U);
  EXPECT_EQ(typing[0].score, whole[0].score);
  EXPECT_LT(whole[0].score, 0);
}

TEST(CardSearch, FindsBeginningsOfCardsThatCameLater) {
  ClientBase base = base_of(rows_of(100));
  CardIndex index(find_duplicates(base));
  const CardSearchOptions typing{.incomplete = true};
  EXPECT_TRUE(index.search(card(0, "", "Quit"), typing).empty());
  BaseBuilder delivered;
  delivered.add(card(10'002, "Joerg", "Quitzow"));
  base = extend(base, delivered.take_tables()).base;
  const CardIndex later = index.add(base);
  ASSERT_EQ(later.search(card(0, "", "Quit"), typing).size(), 1U);
  EXPECT_TRUE(index.search(card(0, "", "Quit"), typing).empty());
  EXPECT_TRUE(later.add(base, {.removed = {10'002}}).search(card(0, "", "Quit"), typing).empty());
}

/// Many of one family and town, so that many share a key.
std::vector<ClientRow> relatives(std::int64_t first, std::int64_t step, std::size_t count) {
  std::vector<ClientRow> rows = rows_of(count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].client = first + step * static_cast<std::int64_t>(i);
    rows[i].family_name = "Quitzow";
    rows[i].city = "Neustadt";
  }
  return rows;
}

TEST(CardSearch, ComparesWithNoMoreThanIsAllowed) {
  const CardIndex index(find_duplicates(base_of(relatives(0, 1, 100))));
  const ClientRow whole = relatives(0, 1, 2)[0];
  const ClientRow typed{.client = 0, .given_name = "k", .family_name = "Quit", .city = "Neu"};
  for (const std::uint32_t most : {1U, 2U, 7U, 40U, 1000U}) {
    CardSearchOptions options{.limit = 10'000, .min_score = -1e6, .max_candidates = most};
    const std::size_t cards = index.found().cards().size();
    EXPECT_EQ(index.search(whole, options).size(), std::min<std::size_t>(most, cards)) << most;
    options.incomplete = true;
    for (const ClientRow& row : {whole, typed}) {
      const std::size_t found = index.search(row, options).size();
      EXPECT_LE(found, most);
      EXPECT_GE(found, std::min<std::size_t>(most, cards) / 2) << most;
    }
  }
}

TEST(CardSearch, TakesTheFirstOfManyWhateverCameWhen) {
  const std::vector<ClientRow> early = relatives(1, 2, 60);  // odd ids; then even ones among them
  std::vector<ClientRow> late = relatives(0, 2, 40);
  for (std::size_t i = 0; i < 20; ++i) {
    late.push_back(early[3 * i]);
    late.back().given_name = "Adalbert";
  }
  const ClientBase base = base_of(early);
  BaseBuilder delivered;
  for (const ClientRow& row : late) delivered.add(row);
  const ClientBase all = extend(base, delivered.take_tables()).base;
  const CardIndex grown = CardIndex(find_duplicates(base)).add(all);
  const CardIndex made(find_duplicates(all));
  const auto cards_of = [](const std::vector<CardMatch>& matches) {
    std::vector<std::uint32_t> cards;
    for (const CardMatch& match : matches) cards.push_back(match.card);
    std::sort(cards.begin(), cards.end());
    return cards;
  };
  const ClientRow typed{.client = 0, .family_name = "Quit"};
  for (const std::uint32_t most : {1U, 5U, 30U, 50U}) {
    CardSearchOptions options{.limit = 10'000, .min_score = -1e6, .max_candidates = most};
    EXPECT_EQ(cards_of(grown.search(late[0], options)), cards_of(made.search(late[0], options))) << most;
    options.incomplete = true;
    EXPECT_EQ(cards_of(grown.search(typed, options)), cards_of(made.search(typed, options))) << most;
  }
}

TEST(CardSearch, CountsAnOrganisationsNameOnceHoweverManyWordsItHas) {
  std::vector<ClientRow> rows;
  const auto add = [&](const char* name, const char* city, const char* postcode, const char* phone) {
    ClientRow row{.client = static_cast<std::int64_t>(rows.size()), .kind = "organisation", .name = name};
    row.city = city;
    row.postcode = postcode;
    row.phones = {phone};
    rows.push_back(row);
  };
  for (int i = 0; i < 8; ++i) {
    add(("Nora West Hafen " + std::string(1, static_cast<char>('A' + i))).c_str(), "Bonn", "20002", "+49 40 5550103");
    add(("Lager " + std::to_string(i)).c_str(), "Kiel", "10119", "+49 30 5550104");
  }
  add("Nora West Hafen", "Musterstadt", "20001", "+49 40 5550101");  // the name, the city
  add("Kontor Alpen", "Mustersee", "10115", "+49 30 5550102");       // all but the name
  const CardIndex index(find_duplicates(base_of(rows)));
  ClientRow typed{.client = 0, .kind = "organisation", .name = "Nora West Ha"};
  typed.city = "Muster";
  typed.postcode = "101";
  typed.phones = {"+49 30"};
  // Two of three are left to keys; the third is one of the two that begin as the rarest value does.
  const auto matches = index.search(typed, {.min_score = -1e6, .max_candidates = 3, .incomplete = true});
  const auto found = [&](std::uint32_t card) {
    return std::any_of(matches.begin(), matches.end(), [&](const CardMatch& match) { return match.card == card; });
  };
  EXPECT_EQ(matches.size(), 3U);
  EXPECT_TRUE(found(17));
  EXPECT_FALSE(found(16));
}

TEST(CardSearch, ReadsCardsOutOfNamedValues) {
  using Values = std::vector<std::pair<std::string, std::string>>;
  const ClientRow row = client_row(Values{{"Surname", " Berg "},
                                          {"email", "a@x.example; b@x.example"},
                                          {"E-Mail", "c@x.example"},
                                          {"birthday", "1980-05-03"},
                                          {"city", ""}});
  EXPECT_EQ(row.family_name, "Berg");
  EXPECT_EQ(row.emails, (std::vector<std::string>{"a@x.example", "b@x.example", "c@x.example"}));
  EXPECT_EQ(row.birthday, parse_day("1980-05-03"));
  const auto where = [](const Values& values) {
    try {
      static_cast<void>(client_row(values));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where({{"shoe size", "38"}}), "shoe size");
  EXPECT_EQ(where({{"surname", "a"}, {"family_name", "b"}}), "family_name");
  EXPECT_EQ(where({{"birthday", "3 May"}}), "birthday");
  EXPECT_EQ(where({{"category", "x"}}), "category");
}

TEST(CardSearch, ShowsMatchesAsATable) {
  std::vector<ClientRow> rows = rows_of(200);
  rows.push_back(card(10'002, "Joerg", "Quitzow"));
  const CardIndex index(find_duplicates(base_of(rows)));
  const Table typed = matches_table(index, index.search({.client = 0, .family_name = "Quit"}, {.incomplete = true}));
  ASSERT_EQ(typed.rows(), 1U);
  EXPECT_EQ(typed.column("id").to_text(0), "10002");
  EXPECT_EQ(typed.column("family_name").to_text(0), "begins");
  EXPECT_EQ(typed.find("phone"), nullptr);
  EXPECT_EQ(matches_table(index, {}).rows(), 0U);
}

}  // namespace
}  // namespace klientela
