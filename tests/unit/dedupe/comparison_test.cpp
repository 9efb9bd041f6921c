// Levels of comparisons by hand, and shortcuts that must not change them.
#include "klientela/dedupe/comparison.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "dedupe/value_levels.hpp"
#include "dedupe/value_sketch.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

/// The names of the levels of the first two cards.
std::map<std::string, std::string> levels_of(const ClientRow& a, const ClientRow& b) {
  BaseBuilder builder;
  builder.add(a).add(b);
  const PreparedCards cards = prepare_cards(builder.build().base, Normaliser());
  const std::vector<Comparison> comparisons = default_comparisons();
  const CardPair pair{0, 1};
  const auto row = compare(cards, comparisons, {&pair, 1});
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; i < comparisons.size(); ++i)
    if (row[i] != 0) names[std::string(name(comparisons[i].field))] = levels(comparisons[i].kind)[row[i] - 1U];
  return names;
}

using Levels = std::map<std::string, std::string>;

TEST(Comparison, TellsNamesApart) {
  const auto names = [](const std::string& g, const std::string& f, const std::string& g2, const std::string& f2) {
    return levels_of({.client = 1, .given_name = g, .family_name = f},
                     {.client = 2, .given_name = g2, .family_name = f2});
  };
  EXPECT_EQ(names("Robert", "Ivanov", "Robert", "Ivanov"), (Levels{{"given_name", "same"}, {"family_name", "same"}}));
  EXPECT_EQ(names("Bob", "Ivanova", "Robert", "Ivanov"),
            (Levels{{"given_name", "variant"}, {"family_name", "variant"}}));
  EXPECT_EQ(names("R.", "Ivanov", "Robert", "Ivnaov"), (Levels{{"given_name", "initial"}, {"family_name", "close"}}));
  EXPECT_EQ(names("Robert", "Meyer", "Meyer", "Robert"),
            (Levels{{"given_name", "crossed"}, {"family_name", "crossed"}}));
  // One name in common is evidence once.
  EXPECT_EQ(names("Robert", "Meyer", "", "Robert"), (Levels{{"family_name", "crossed"}}));
  EXPECT_EQ(names("", "Robert", "Robert", "Meyer"), (Levels{{"family_name", "crossed"}}));
  EXPECT_EQ(names("Robert", "Meyer", "Meyer", ""), (Levels{{"given_name", "crossed"}}));
  EXPECT_EQ(names("Meyer", "", "", "Meyer"), (Levels{{"family_name", "crossed"}}));
  EXPECT_EQ(names("Robert", "Meyer", "", "Quist"), (Levels{{"family_name", "different"}}));
  EXPECT_EQ(names("Robert", "Meyer", "Zoe", "Quist"),
            (Levels{{"given_name", "different"}, {"family_name", "different"}}));
  EXPECT_EQ(names("Robert", "", "Zoe", "Quist"), (Levels{{"given_name", "different"}}));
  EXPECT_EQ(names("Мария", "Щербакова", "Mariya", "Shcherbakova"),
            (Levels{{"given_name", "same"}, {"family_name", "same"}}));
  // Middle names have no roots.
  const auto middle = [](const std::string& a, const std::string& b) {
    return levels_of({.client = 1, .given_name = "Anna", .middle_name = a},
                     {.client = 2, .given_name = "Anna", .middle_name = b})
        .at("middle_name");
  };
  EXPECT_EQ(middle("Quentin", "Marlowe"), "different");
  EXPECT_EQ(middle("Quentin", "Quentyn"), "variant");
  EXPECT_EQ(middle("Quentin", "Quenton"), "close");
}

TEST(Comparison, TellsNumbersAndMailApart) {
  const auto of = [](ClientRow a, ClientRow b) {
    a.client = 1;
    b.client = 2;
    return levels_of(a, b);
  };
  ClientRow a{.client = 1, .emails = {"ann.lee77@a.example"}, .phones = {"+4930123456"}, .postcode = "10115"};
  ClientRow b = a;
  EXPECT_EQ(of(a, b), (Levels{{"email", "same"}, {"phone", "same"}, {"postcode", "same"}}));
  b.emails = {"ann.lee77@b.example"};
  b.phones = {"+4930123465"};
  b.postcode = "10151";
  EXPECT_EQ(of(a, b), (Levels{{"email", "same_mailbox"}, {"phone", "slip"}, {"postcode", "slip"}}));
  b.emails = {"ann.lee78@b.example"};
  b.phones = {"+4989999999", "+4930123456"};
  b.postcode = "99999";
  EXPECT_EQ(of(a, b), (Levels{{"email", "similar"}, {"phone", "same"}, {"postcode", "different"}}));
  b.emails = {"qorvux@b.example", "an.lee77@a.example"};
  EXPECT_EQ(of(a, b).at("email"), "close");
  const auto mail = [&](const std::string& x, const std::string& y) {
    a.emails = {x};
    b.emails = {y};
    return of(a, b).at("email");
  };
  EXPECT_EQ(mail("ann.lee@nordwind.example", "an.lee@nordwnid.example"), "close");
  EXPECT_EQ(mail("ann.lee@nordwind.example", "ann.lee@norwind.exampel"), "close");
  EXPECT_EQ(mail("ann.lee@nordwind.example", "ann.lee@adler.example"), "similar");
  EXPECT_EQ(mail("ann.lee@amail.example", "ann.lee@bmail.example"), "close");
  EXPECT_EQ(mail("ann.lee@gmail.com", "ann.lee@ymail.com"), "similar");          // two short ones
  EXPECT_EQ(mail("ann.lee@mail1.example", "ann.lee@mail2.example"), "similar");  // two by their digits
}

TEST(Comparison, NeverTakesAShortcutThatChangesALevel) {
  std::mt19937 random(9);
  static const char* const parts[] = {"an", "bel", "cor", "da", "el", "fin", "77", "4", "mar", "st", "o", "road"};
  const auto text = [&](std::size_t most, bool words) {
    std::string made;
    for (std::size_t n = 1 + random() % most; n > 0; --n) {
      if (words && !made.empty() && random() % 2 == 0) made += ' ';
      made += parts[random() % std::size(parts)];
    }
    return made;
  };
  const auto slipped = [&](std::string made) {
    for (std::size_t n = random() % 3; n > 0 && made.size() > 2; --n) {
      const std::size_t at = random() % (made.size() - 1);
      switch (random() % 4) {
        case 0: made.erase(at, 1); break;
        case 1: made.insert(at, 1, static_cast<char>('a' + random() % 26)); break;
        case 2: made[at] = static_cast<char>('0' + random() % 10); break;
        default: std::swap(made[at], made[at + 1]);
      }
    }
    return made;
  };
  BaseBuilder builder;
  ClientRow row{.client = 0};
  for (std::int64_t i = 0; i < 900; ++i) {
    row = i % 3 == 0 ? ClientRow{.client = i} : row;
    row.client = i;
    const auto value = [&](const std::string& old, std::size_t most, bool words) {
      return i % 3 == 0 ? text(most, words) : slipped(old);
    };
    row.given_name = value(row.given_name, 3, false);
    row.family_name = value(row.family_name, 4, false);
    row.city = value(row.city, 4, true);
    row.street = value(row.street, 5, true);
    row.postcode = value(row.postcode, 3, false);
    row.emails = {value(row.emails.empty() ? "" : row.emails[0], 4, false) + (i % 3 == 0 ? "@a.example" : "")};
    row.phones = {"+49" + std::to_string(100'000'000 + random() % 1000)};
    builder.add(row);
    ClientRow firm{.client = i + 10'000, .name = text(5, true)};
    builder.add(firm);
  }
  const PreparedCards cards = prepare_cards(builder.build().base, Normaliser());
  std::size_t shortcuts = 0;
  std::size_t similar = 0;
  for (const Comparison& comparison : default_comparisons()) {
    const dedupe::FieldColumn& column = (*cards.data())[comparison.field];
    dedupe::Grown<dedupe::Sketch> sketched;
    dedupe::add_sketches(column, comparison, sketched);
    if (sketched.empty()) continue;
    const dedupe::Verdict verdict(comparison);
    const std::vector<Comparison> one{comparison};
    std::map<std::uint32_t, std::uint32_t> card_of;
    for (std::uint32_t card = 0; card < cards.size(); ++card)
      if (!column.empty() && column.first[card] != no_code) card_of.emplace(column.first[card], card);
    for (std::size_t trial = 0; trial < 60'000 && sketched.size() > 1; ++trial) {
      const auto x = static_cast<std::uint32_t>(random() % sketched.size());
      const auto y = static_cast<std::uint32_t>(std::min<std::size_t>(sketched.size() - 1, x + 1 + random() % 4));
      if (x == y || card_of.count(x) == 0 || card_of.count(y) == 0) continue;
      const dedupe::Likeness likeness = verdict.likeness(sketched[x], sketched[y]);
      if (likeness == dedupe::Likeness::unknown) continue;
      ++(likeness == dedupe::Likeness::different ? shortcuts : similar);
      EXPECT_LE(dedupe::full_level(comparison, column, x, column, y),
                likeness == dedupe::Likeness::different ? 1 : dedupe::Verdict::similar)
          << column.forms[0][x] << " | " << column.forms[0][y];
    }
  }
  EXPECT_GT(shortcuts, 1000U);
  EXPECT_GT(similar, 100U);
}

TEST(Comparison, RefusesWhatDoesNotFit) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .city = "Bonn"}).add(ClientRow{.client = 2, .city = "Bonn"});
  const PreparedCards cards = prepare_cards(builder.build().base, Normaliser());
  const CardPair pair{0, 1};
  const auto where = [&](const Comparison& comparison) {
    try {
      static_cast<void>(compare(cards, std::vector<Comparison>{comparison}, {&pair, 1}));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where({CardField::city, ComparisonKind::email}), "comparisons[0]");
  EXPECT_EQ(where({CardField::city, ComparisonKind::text, 0.8, 0.9}), "comparisons[0]");
  EXPECT_EQ(where({.field = CardField::city, .kind = ComparisonKind::text, .tf_weight = 2}), "comparisons[0]");
  EXPECT_EQ(where(comparison(CardField::city)), "nothing");
  const CardPair outside{0, 2};
  EXPECT_THROW(static_cast<void>(compare(cards, default_comparisons(), {&outside, 1})), Error);
}

}  // namespace
}  // namespace klientela
