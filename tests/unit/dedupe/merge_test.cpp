// Merging, undoing, previews: what is seen after each, and that it equals a replay without what was undone.
#include "klientela/dedupe/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "klientela/model/roll_up.hpp"
#include "unit/dedupe/merge_fixture.hpp"

namespace klientela {
namespace {

using test::at;
using test::bytes_of;
using test::random_base;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string cell(const Table& table, const char* column, std::size_t row = 0) {
  return table.column(column).to_text(row);
}

template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(Code::internal, "");
}

/// Two cards of Anna, one of Boris, two organisations that are one, and a third.
ClientBase small_base() {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1,
                        .kind = "person",
                        .parent = ClientId("acme"),
                        .given_name = "Anna",
                        .family_name = "Orlova",
                        .emails = {"anna@example.com"},
                        .phones = {"+7 912 000-00-01"},
                        .street = "Lenina 1",
                        .city = "Perm",
                        .source = "shop",
                        .created_at = at(10),
                        .updated_at = at(50)});
  builder.add(ClientRow{.client = 2,
                        .kind = "person",
                        .given_name = "Anya",
                        .family_name = "Orlova",
                        .emails = {"ANNA@example.com", "a.orlova@example.org"},
                        .phones = {"+79120000001", "+79120000002"},
                        .city = "Moscow",
                        .postcode = "101000",
                        .birthday = first_day + std::chrono::days(30'000),
                        .language = "ru",
                        .source = "site",
                        .created_at = at(5),
                        .updated_at = at(40)});
  builder.add(ClientRow{.client = 3, .kind = "person", .given_name = "Boris"});
  builder.add(ClientRow{.client = "acme", .kind = "organisation", .name = "Acme"});
  builder.add(ClientRow{.client = "acme2", .kind = "organisation", .parent = ClientId("holding"), .name = "ACME Ltd"});
  builder.add(ClientRow{.client = "holding", .kind = "organisation", .name = "Holding"});
  const auto day = [](int n) { return first_day + std::chrono::days(n); };
  builder.add(ContactRow{.contact = 1,
                         .organisation = "acme",
                         .role = "buyer",
                         .title = "Head",
                         .primary = false,
                         .since = day(100),
                         .until = day(300)});
  builder.add(ContactRow{.contact = 2,
                         .organisation = "acme2",
                         .role = "buyer",
                         .title = "Chief",
                         .primary = true,
                         .since = day(200),
                         .until = day(250)});
  builder.add(ContactRow{.contact = 2, .organisation = "acme2", .role = "user"});
  builder.add(ContactRow{.contact = 3, .organisation = "acme"});
  builder.add(ConsentRow{.client = 1, .channel = "email", .granted = true});
  builder.add(ConsentRow{.client = 2, .channel = "email", .granted = false});
  builder.add(TransactionRow{.client = 1, .at = at(1), .amount = Money::from_units(10'000)});
  builder.add(TransactionRow{.client = 2, .at = at(2), .amount = Money::from_units(20'000)});
  builder.add(InteractionRow{.client = "acme2", .contact = ClientId(2), .started_at = at(3)});
  builder.add(RequestRow{.client = 2, .at = at(4)});
  builder.add(FeedbackRow{.client = 3, .at = at(5), .measure = "nps", .score = Money::from_units(90'000)});
  IngestResult result = builder.build();
  EXPECT_THAT(result.rejects, IsEmpty());
  return result.base;
}

MergeCluster cluster(std::vector<ClientId> cards, std::optional<ClientId> keep = {}) {
  return {std::move(cards), std::move(keep)};
}

std::uint64_t merge(MergedBase& merged, std::vector<ClientId> cards, std::optional<ClientId> keep = {}) {
  const MergeCluster one = cluster(std::move(cards), std::move(keep));
  return merged.merge(std::span(&one, 1)).front();
}

TEST(MergedBase, ShowsOneCardWithTheValuesThatSurvive) {
  MergedBase merged(small_base());
  EXPECT_EQ(merge(merged, {1, 2}), 1U);
  EXPECT_EQ(merged.counts_as(1), ClientId(2));  // the older card
  EXPECT_THAT(merged.cards_of(2), ElementsAre(ClientId(1), ClientId(2)));
  const Table card = merged.survivors();
  ASSERT_EQ(card.rows(), 1U);
  EXPECT_EQ(cell(card, "client"), "2");
  EXPECT_EQ(cell(card, "given_name"), "Anna");  // of the card changed last
  EXPECT_EQ(cell(card, "emails"), "anna@example.com;a.orlova@example.org");
  EXPECT_EQ(cell(card, "phones"), "+7 912 000-00-01;+79120000002");
  EXPECT_EQ(cell(card, "birthday"), to_text(first_day + std::chrono::days(30'000)));
  // Both addresses have two parts; the second card has more fields.
  EXPECT_EQ(cell(card, "city"), "Moscow");
  EXPECT_EQ(cell(card, "postcode"), "101000");
  EXPECT_EQ(cell(card, "street"), "");
  EXPECT_EQ(cell(card, "created_at"), to_text(at(5)));
  EXPECT_EQ(cell(card, "updated_at"), to_text(at(50)));
  EXPECT_EQ(cell(card, "parent"), "acme");
}

TEST(MergedBase, ReadsEveryTableThroughTheMap) {
  MergedBase merged(small_base());
  merge(merged, {1, 2});
  merge(merged, {"acme2", "acme"}, ClientId("acme2"));
  const ClientBase base = merged.base();
  EXPECT_EQ(base.clients(), 4U);
  EXPECT_TRUE(base.is_mapped());
  EXPECT_EQ(*base.code_of(1), *base.code_of(2));
  EXPECT_EQ(bytes_of(table_of(base, TableId::clients)).find("acme\n"), std::string::npos);
  const Table contacts = table_of(base, TableId::contacts);
  // user's and Boris's own, and one out of the two as buyer.
  ASSERT_EQ(contacts.rows(), 3U);
  EXPECT_EQ(cell(contacts, "contact", 2), "2");
  EXPECT_EQ(cell(contacts, "organisation", 2), "acme2");
  EXPECT_EQ(cell(contacts, "role", 2), "buyer");
  EXPECT_EQ(cell(contacts, "title", 2), "Chief");
  EXPECT_EQ(cell(contacts, "primary", 2), "true");
  EXPECT_EQ(cell(contacts, "since", 2), to_text(first_day + std::chrono::days(100)));
  EXPECT_EQ(cell(contacts, "until", 2), to_text(first_day + std::chrono::days(300)));
  EXPECT_EQ(cell(contacts, "organisation", 1), "acme2");
  const Table transactions = table_of(base, TableId::transactions);
  EXPECT_EQ(cell(transactions, "client", 0), "2");
  EXPECT_EQ(cell(transactions, "client", 1), "2");
  EXPECT_EQ(cell(table_of(base, TableId::consents), "client"), "2");
  EXPECT_EQ(cell(table_of(base, TableId::interactions), "contact"), "2");
  EXPECT_EQ(cell(table_of(base, TableId::requests), "client"), "2");
  EXPECT_EQ(cell(table_of(base, TableId::clients), "parent", 0), "acme2");
  // The tree of clients is read through it as well.
  EXPECT_EQ(Hierarchy(base).depth(), 3);
  EXPECT_EQ(roll_up(base).clients(), 1U);
  EXPECT_EQ(cell(table_of(roll_up(base), TableId::transactions), "client", 0), "holding");

  std::vector<std::string> seen;
  for (const MergeConflict& conflict : merged.conflicts())
    seen.push_back(std::string(spec(conflict.table).name) + "." + conflict.field + " " + conflict.row + " = " +
                   conflict.chosen + " by " + conflict.rule);
  EXPECT_THAT(seen, testing::IsSupersetOf(
                        {"clients.given_name  = Anna by newest", "clients.city  = Moscow by most_complete",
                         "clients.street  =  by most_complete", "clients.source  = shop by newest",
                         "contacts.title acme2, buyer = Chief by newest", "contacts.primary acme2, buyer = true by any",
                         "consents.granted email = false by latest", "clients.name  = Acme by newest"}));
  const Table table = conflicts_table(merged.conflicts());
  EXPECT_GT(table.rows(), seen.size());
}

TEST(MergedBase, HasNoContactOfAClientWithItself) {
  SurvivorshipPolicy policy;
  policy.across_kinds = true;
  MergedBase merged(small_base(), policy);
  merge(merged, {3, "acme"});
  const Table contacts = table_of(merged.base(), TableId::contacts);
  EXPECT_EQ(contacts.rows(), 3U);
  EXPECT_EQ(merged.base().accepted(TableId::contacts), 3U);
}

TEST(MergedBase, BreaksCirclesOfParents) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1}).add(ClientRow{.client = 2, .parent = ClientId(1)});
  builder.add(ClientRow{.client = 3, .parent = ClientId(2)}).add(ClientRow{.client = 4, .parent = ClientId(3)});
  MergedBase merged(builder.build().base);
  merge(merged, {1, 3});  // 1 would belong to 2, which belongs to 1
  const ClientBase base = merged.base();
  EXPECT_EQ(cell(table_of(base, TableId::clients), "parent", 0), "");
  EXPECT_EQ(Hierarchy(base).depth(), 2);
  ASSERT_EQ(merged.conflicts().size(), 1U);
  EXPECT_EQ(merged.conflicts()[0].rule, "circle");
  EXPECT_EQ(merged.conflicts()[0].values[0].value, "2");
  // Edits can close one as well.
  MergedBase edited(merged.original());
  edited.edit(1, ClientField::parent, {"4"});
  EXPECT_EQ(Hierarchy(edited.base()).depth(), 4);
}

TEST(MergedBase, UndoesAMergeAfterLaterOnes) {
  const ClientBase base = small_base();
  MergedBase merged(base);
  const std::string before = bytes_of(base);
  const auto first = merge(merged, {1, 2});
  const auto second = merge(merged, {2, 3});
  const auto edit = merged.edit(1, ClientField::city, {"Kazan"}, {"clerk", "called", at(60)});
  EXPECT_EQ(cell(merged.survivors(), "city"), "Kazan");
  EXPECT_THAT(merged.cards_of(3), ElementsAre(ClientId(1), ClientId(2), ClientId(3)));
  merged.undo(first);
  EXPECT_THAT(merged.cards_of(3), ElementsAre(ClientId(2), ClientId(3)));
  EXPECT_EQ(merged.counts_as(1), ClientId(1));
  EXPECT_EQ(merged.survivors().rows(), 2U);  // 1 has an edit, 2 is merged
  EXPECT_EQ(cell(merged.survivors(), "city", 0), "Kazan");
  EXPECT_EQ(cell(merged.survivors(), "emails", 0), "anna@example.com");
  EXPECT_EQ(cell(merged.survivors(), "city", 1), "Moscow");
  merged.undo(edit);
  const auto last = merged.undo(second);
  EXPECT_EQ(bytes_of(merged.base()), before);
  EXPECT_FALSE(merged.base().is_mapped());
  // An undo of an undo is a redo.
  merged.undo(last);
  EXPECT_EQ(merged.counts_as(3), ClientId(2));
  EXPECT_TRUE(merged.journal().counts(second));
}

TEST(MergedBase, WritesNewTermsAndClearsFields) {
  MergedBase merged(small_base());
  const auto region = merged.edit(3, ClientField::region, {"Urals"});  // a field that nobody delivered
  merged.edit(3, ClientField::source, {"fair"});
  merged.edit(3, ClientField::kind, {"company"});  // an alias
  merged.edit(3, ClientField::birthday, {"2001-02-03"});
  merged.edit(3, ClientField::updated_at, {"2020-01-01T12:00:00+03:00"});
  merged.edit(3, ClientField::given_name, {});
  const Table card = merged.survivors();
  EXPECT_EQ(cell(card, "region"), "Urals");
  EXPECT_EQ(cell(card, "source"), "fair");
  EXPECT_EQ(cell(card, "kind"), "organisation");
  EXPECT_EQ(cell(card, "birthday"), "2001-02-03");
  EXPECT_EQ(cell(card, "updated_at"), "2020-01-01T09:00:00Z");
  EXPECT_EQ(cell(card, "given_name"), "");
  merged.undo(region);
  EXPECT_EQ(merged.survivors().find("region"), nullptr);
}

TEST(MergedBase, RemembersWhatIsNoDuplicate) {
  MergedBase merged(small_base());
  const auto apart = merged.not_duplicate(2, 1);
  EXPECT_THAT(merged.not_duplicates(), ElementsAre(std::pair(ClientId(1), ClientId(2))));
  const auto error = error_of([&] { merge(merged, {1, 2}); });
  EXPECT_EQ(error.where(), "clusters");
  EXPECT_THAT(error.what(), HasSubstr("operation 1"));
  merge(merged, {1, 3});
  EXPECT_EQ(error_of([&] { merge(merged, {2, 3}); }).code(), Code::invalid_argument);  // through a third one
  EXPECT_EQ(merged.journal().records().size(), 2U);
  EXPECT_EQ(merged.counts_as(2), ClientId(2));

  const PreparedCards cards = prepare_cards(merged.original(), Normaliser());
  const DedupeKnowledge known = merged.knowledge(cards);
  EXPECT_THAT(known.must_links, ElementsAre(CardPair{0, 2}));
  EXPECT_THAT(known.cannot_links, ElementsAre(CardPair{0, 1}));
  const PreparedCards seen = prepare_cards(merged.base(), Normaliser());
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_THAT(merged.knowledge(seen).must_links, IsEmpty());
  EXPECT_THAT(merged.knowledge(seen).cannot_links, ElementsAre(CardPair{0, 1}));

  const auto undone = merged.undo(apart);
  merge(merged, {1, 2});
  EXPECT_EQ(error_of([&] { merged.not_duplicate(1, 2); }).where(), "clients");
  const auto redo = error_of([&] { merged.undo(undone); });  // they are merged by now
  EXPECT_EQ(redo.where(), "operation");
  EXPECT_TRUE(merged.journal().counts(undone));
  EXPECT_THAT(merged.not_duplicates(), IsEmpty());
}

TEST(MergedBase, PreviewsWithoutChangingAnything) {
  MergedBase merged(small_base());
  const std::string before = bytes_of(merged.base());
  const MergeCluster clusters[] = {cluster({1, 2}), cluster({"acme", "acme2"})};
  const MergePreview preview = merged.preview(clusters);
  EXPECT_THAT(preview.survivors, ElementsAre(ClientId(2), ClientId("acme")));
  EXPECT_EQ(preview.cards.rows(), 2U);
  EXPECT_EQ(cell(preview.cards, "given_name"), "Anna");
  ASSERT_EQ(preview.moves.rows(), 2U);
  EXPECT_EQ(cell(preview.moves, "client"), "1");
  EXPECT_EQ(cell(preview.moves, "counts_as"), "2");
  EXPECT_EQ(cell(preview.moves, "transactions"), "1");
  EXPECT_EQ(cell(preview.moves, "contacts"), "1");
  EXPECT_EQ(cell(preview.moves, "client", 1), "acme2");
  EXPECT_EQ(cell(preview.moves, "contacts", 1), "2");
  EXPECT_EQ(cell(preview.moves, "interactions", 1), "1");
  EXPECT_EQ(merged.journal().records().size(), 0U);
  EXPECT_EQ(bytes_of(merged.base()), before);
  merged.merge(clusters);
  EXPECT_EQ(merged.conflicts(), preview.conflicts);
  EXPECT_EQ(bytes_of(merged.survivors()), bytes_of(preview.cards));
}

TEST(MergedBase, RefusesWhatCannotBe) {
  MergedBase merged(small_base());
  const auto where = [&](std::vector<MergeCluster> clusters) {
    const Error error = error_of([&] { merged.merge(clusters); });
    return std::string(name(error.code())) + " " + error.where();
  };
  EXPECT_EQ(where({cluster({1, 99})}), "not_found clusters");
  EXPECT_EQ(where({cluster({1, 1})}), "invalid_argument clusters");
  EXPECT_EQ(where({cluster({1, "1"})}), "invalid_argument clusters");
  EXPECT_EQ(where({cluster({1})}), "invalid_argument clusters");
  EXPECT_EQ(where({cluster({})}), "invalid_argument clusters");
  EXPECT_EQ(where({cluster({1, 2}, ClientId(3))}), "invalid_argument clusters");
  EXPECT_EQ(where({cluster({1, 2}), cluster({3, "acme"})}), "invalid_argument clusters");  // across kinds: none is done
  EXPECT_EQ(where({cluster({1, 2}), cluster({2, 3}), cluster({"acme", 3})}), "invalid_argument clusters");
  EXPECT_EQ(merged.journal().records().size(), 0U);
  EXPECT_EQ(merged.counts_as(1), ClientId(1));
  EXPECT_EQ(error_of([&] { merged.undo(1); }).code(), Code::not_found);
  EXPECT_EQ(error_of([&] { merged.undo(0); }).code(), Code::not_found);
  const auto done = merge(merged, {1, 2});
  const auto undone = merged.undo(done);
  EXPECT_EQ(error_of([&] { merged.undo(done); }).where(), "operation");
  EXPECT_EQ(error_of([&] { merged.edit(99, ClientField::name, {"x"}); }).code(), Code::not_found);
  EXPECT_EQ(error_of([&] { merged.edit(1, ClientField::client, {"x"}); }).where(), "field");
  for (const auto& [field, values] :
       std::vector<std::pair<ClientField, std::vector<std::string>>>{{ClientField::birthday, {"31.02.1980"}},
                                                                     {ClientField::updated_at, {"2020-01-01T12:00:00"}},
                                                                     {ClientField::name, {"a", "b"}},
                                                                     {ClientField::name, {" "}},
                                                                     {ClientField::name, {"\xFF"}},
                                                                     {ClientField::emails, {"a@b.example;c@d.example"}},
                                                                     {ClientField::kind, {"robot"}},
                                                                     {ClientField::parent, {"1"}},
                                                                     {ClientField::parent, {"nobody"}}})
    EXPECT_EQ(error_of([&, &f = field, &v = values] { merged.edit(1, f, v); }).where(), "values") << values[0];
  EXPECT_EQ(error_of([&] { merged.not_duplicate(1, 1); }).where(), "clients");
  EXPECT_EQ(merged.journal().records().size(), undone);
  EXPECT_EQ(error_of([&] { MergedBase(merged.base(), SurvivorshipPolicy{.version = 0}); }).code(), Code::bad_policy);
  merge(merged, {1, 2});
  EXPECT_EQ(error_of([&] { MergedBase again(merged.base()); }).where(), "base");
  SurvivorshipPolicy changed;
  changed.across_kinds = true;
  EXPECT_EQ(error_of([&] { merged.set_policy(changed); }).where(), "/version");
  changed.version = 2;
  merged.set_policy(changed);
  EXPECT_EQ(merged.journal().records()[merge(merged, {3, "acme"}) - 1].policy, 2U);
}

TEST(MergedBase, AsksTheHostsFunctions) {
  SurvivorshipPolicy policy;
  policy.fields[ClientField::given_name] = {SurvivorRule::custom, "shortest"};
  EXPECT_EQ(error_of([&] { MergedBase(small_base(), policy); }).where(), "functions");
  std::size_t answer = 1;
  bool throws = false;
  const SurvivorFunctions functions{{"shortest", [&](const SurvivorQuestion& question) -> std::optional<std::size_t> {
                                       if (throws) throw std::runtime_error("oh");
                                       EXPECT_EQ(question.field, ClientField::given_name);
                                       EXPECT_EQ(question.candidates[0].values[0], "Anna");
                                       EXPECT_EQ(question.candidates[1].client, ClientId(2));
                                       EXPECT_EQ(question.candidates[1].source, "site");
                                       return answer;
                                     }}};
  MergedBase merged(small_base(), policy, functions);
  const auto done = merge(merged, {1, 2});
  EXPECT_EQ(cell(merged.survivors(), "given_name"), "Anya");
  merged.undo(merged.undo(done));
  answer = 2;
  EXPECT_EQ(error_of([&] { static_cast<void>(merged.base()); }).where(), "shortest");
  throws = true;
  EXPECT_THAT(error_of([&] { static_cast<void>(merged.base()); }).what(), HasSubstr("oh"));
  throws = false;
  answer = 0;
  EXPECT_EQ(cell(merged.survivors(), "given_name"), "Anna");
}

TEST(MergedBase, GoesOnWithAChangedBase) {
  const ClientBase base = small_base();
  MergedBase merged(base);
  merge(merged, {1, 2});
  BaseBuilder builder;
  builder.add(TransactionRow{.client = 1, .at = at(7), .amount = Money::from_units(30'000)});
  const ClientBase purchases = extend(base, builder.take_tables()).base;
  EXPECT_EQ(base_digest(purchases), base_digest(base));  // purchases do not matter
  EXPECT_EQ(MergedBase(purchases, merged.journal()).counts_as(1), ClientId(2));
  builder.add(ClientRow{.client = 1, .kind = "person", .given_name = "Anna-Maria", .updated_at = at(90)});
  const ClientBase cards = extend(base, builder.take_tables()).base;
  EXPECT_EQ(error_of([&] { MergedBase(cards, merged.journal()); }).where(), "journal");
  MergedBase later = merged.rebased(cards);
  EXPECT_EQ(cell(later.survivors(), "given_name"), "Anna-Maria");
  EXPECT_EQ(later.journal().records().size(), 2U);
  EXPECT_EQ(error_of([&] { later.undo(2); }).where(), "operation");
  later.undo(1);
  EXPECT_EQ(bytes_of(later.base()), bytes_of(cards));
  EXPECT_THAT(merged.rebased(ClientBase()).without_cards(), ElementsAre(1U));
}

ClientBase cards_of_ids(std::initializer_list<int> ids) {
  BaseBuilder builder;
  for (const int id : ids) builder.add(ClientRow{.client = id, .given_name = "Anna" + std::to_string(id)});
  return builder.build().base;
}

TEST(MergedBase, GoesOnWithoutCardsThatAreGone) {
  const ClientBase all = cards_of_ids({1, 2, 3, 4, 5, 6});
  MergedBase merged(all);
  merge(merged, {1, 2, 3});                     // 1
  merge(merged, {4, 5}, ClientId(5));           // 2
  merged.edit(5, ClientField::city, {"Perm"});  // 3
  merged.edit(4, ClientField::city, {"Omsk"});  // 4
  merged.edit(1, ClientField::parent, {"5"});   // 5
  merged.not_duplicate(5, 6);                   // 6
  merged.not_duplicate(4, 6);                   // 7
  merge(merged, {3, 4});                        // 8
  merged.undo(8);                               // 9
  const ClientBase left = cards_of_ids({1, 3, 4, 6});
  MergedBase later = MergedBase::rebase(left, merged.journal());  // 10
  EXPECT_THAT(later.without_cards(), ElementsAre(2U, 3U, 5U, 6U));
  EXPECT_THAT(later.cards_of(3), ElementsAre(ClientId(1), ClientId(3)));
  EXPECT_THAT(later.cards_of(4), ElementsAre(ClientId(4)));
  EXPECT_THAT(later.not_duplicates(), ElementsAre(std::pair(ClientId(4), ClientId(6))));
  EXPECT_EQ(later.journal().records().size(), 10U);
  EXPECT_TRUE(later.journal().counts(2));
  // As any journal: from its text, with undos of what has no effect, and of those.
  const std::string seen = bytes_of(later.base());
  EXPECT_EQ(bytes_of(MergedBase(left, Journal::from_text(later.journal().to_text())).base()), seen);
  EXPECT_EQ(later.undo(2), 11U);
  EXPECT_EQ(later.undo(11), 12U);
  EXPECT_EQ(later.undo(3), 13U);
  EXPECT_THAT(later.without_cards(), ElementsAre(2U, 5U, 6U));
  EXPECT_EQ(bytes_of(later.base()), seen);
  later.undo(9);
  EXPECT_THAT(later.cards_of(4), ElementsAre(ClientId(1), ClientId(3), ClientId(4)));
  later.undo(8);
  EXPECT_EQ(bytes_of(later.base()), seen);
  const MergeCluster apart{{4, 6}};
  EXPECT_EQ(error_of([&] { later.merge(std::span(&apart, 1)); }).where(), "clusters");
  later.undo(1);
  later.undo(4);
  EXPECT_EQ(bytes_of(later.base()), bytes_of(left));
  // They come back, and with them what was said of them.
  const MergedBase again = merged.rebased(left).rebased(all);
  EXPECT_THAT(again.without_cards(), IsEmpty());
  EXPECT_EQ(bytes_of(again.base()), bytes_of(merged.base()));
  // What is said of the base itself names no cards that are not there.
  Journal journal = later.journal();
  JournalRecord record;
  record.operation = JournalOperation::not_duplicate;
  record.cards = {1, 5};
  record.base = later.digest();
  journal.append(record);
  EXPECT_EQ(error_of([&] { MergedBase(left, journal); }).code(), Code::not_found);
}

TEST(MergedBase, KeepsApartWhatWasSaidToBeTwoWhileACardWasGone) {
  const ClientBase all = cards_of_ids({4, 5, 7});
  const ClientBase left = cards_of_ids({4, 7});
  MergedBase merged(all);
  merge(merged, {4, 5});
  merge(merged, {5, 7});
  MergedBase gone = merged.rebased(left);  // 3
  gone.not_duplicate(4, 7);                // 4
  MergedBase back = gone.rebased(all, {.who = "sync"});
  ASSERT_EQ(back.journal().records().size(), 6U);  // an undo after the rebase
  EXPECT_EQ(back.journal().records()[5].of, 2U);
  EXPECT_EQ(back.journal().records()[5].note.who, "sync");
  EXPECT_THAT(back.cards_of(5), ElementsAre(ClientId(4), ClientId(5)));
  EXPECT_THAT(back.cards_of(7), ElementsAre(ClientId(7)));
  EXPECT_EQ(bytes_of(MergedBase(all, Journal::from_text(back.journal().to_text())).base()), bytes_of(back.base()));
  EXPECT_EQ(error_of([&] { back.undo(6); }).where(), "operation");
  // The other way about: what was said counts again while the card is gone.
  MergedBase other(all);
  other.not_duplicate(4, 7);
  other.undo(1);
  merge(other, {4, 5});
  merge(other, {5, 7});
  MergedBase later = other.rebased(left);
  later.undo(2);
  later = later.rebased(all);
  EXPECT_EQ(later.journal().records().back().of, 4U);
  EXPECT_THAT(later.cards_of(5), ElementsAre(ClientId(4), ClientId(5)));
  EXPECT_EQ(bytes_of(MergedBase(all, later.journal()).base()), bytes_of(later.base()));
}

TEST(MergedBase, IsTheReplayWhateverCardsComeAndGo) {
  std::mt19937 random(7);
  const auto any = [&](std::uint32_t below) { return static_cast<int>(random() % below); };
  for (int story = 0; story < 30; ++story) {
    ClientBase base = cards_of_ids({0, 1, 2, 3, 4, 5, 6, 7});
    MergedBase merged(base);
    for (int step = 0; step < 60; ++step) {
      try {
        const auto operations = static_cast<std::uint32_t>(merged.journal().records().size());
        switch (any(6)) {
          case 0:
          case 1: merge(merged, {any(8), any(8)}); break;
          case 2: merged.not_duplicate(any(8), any(8)); break;
          case 3: merged.edit(any(8), ClientField::city, {"City" + std::to_string(step)}); break;
          case 4: merged.undo(static_cast<std::uint64_t>(any(operations + 1))); break;
          default: {
            BaseBuilder builder;
            for (int id = 0; id < 8; ++id)
              if (any(4) > 0) builder.add(ClientRow{.client = id, .given_name = "Anna" + std::to_string(id)});
            base = builder.build().base;
            merged = merged.rebased(base);
          }
        }
      } catch (const Error& error) {
        ASSERT_TRUE(error.code() == Code::invalid_argument || error.code() == Code::not_found) << error.what();
      }
      const MergedBase again(base, Journal::from_text(merged.journal().to_text()));
      ASSERT_EQ(again.clusters(), merged.clusters()) << story << ' ' << step;
      ASSERT_EQ(again.without_cards(), merged.without_cards());
      ASSERT_EQ(bytes_of(again.survivors()), bytes_of(merged.survivors()));
    }
  }
}

TEST(MergedBase, TellsWhichConsentCountsAsPlansDo) {
  const auto conflicts = [](const std::vector<ConsentRow>& rows) {
    BaseBuilder builder;
    for (const int id : {1, 2}) builder.add(ClientRow{.client = id, .given_name = "Anna"});
    for (const ConsentRow& row : rows) builder.add(row);
    MergedBase merged(builder.build().base);
    merge(merged, {1, 2});
    std::string said;
    for (const MergeConflict& conflict : merged.conflicts()) {
      if (conflict.table != TableId::consents) continue;
      said += conflict.row + " = " + conflict.chosen + " by " + conflict.rule;
      for (const MergeConflict::Value& value : conflict.values)
        said += ", " + value.client.to_text() + ' ' + value.value;
    }
    return said;
  };
  const auto row = [](int client, bool granted, std::optional<Instant> since = {}, std::optional<Instant> until = {}) {
    return ConsentRow{.client = client, .channel = "email", .granted = granted, .since = since, .until = until};
  };
  EXPECT_EQ(conflicts({row(1, false, at(200)), row(2, true, at(100))}), "email = false by latest, 1 false, 2 true");
  EXPECT_EQ(conflicts({row(1, true, at(200)), row(2, false, at(100))}), "email = true by latest, 1 true, 2 false");
  EXPECT_EQ(conflicts({row(1, false), row(2, true)}), "email = false by latest, 1 false, 2 true");
  EXPECT_EQ(conflicts({row(2, true, at(1)), row(1, false)}), "email = true by latest, 1 false, 2 true");
  EXPECT_EQ(conflicts({row(1, true), row(2, true, at(3))}), "");
  // Of times that do not meet both hold.
  EXPECT_EQ(conflicts({row(1, true, at(1), at(5)), row(2, false, at(5), at(9))}), "");
  EXPECT_EQ(conflicts({row(1, true, at(1), at(6)), row(2, false, at(5), at(9))}),
            "email = false by latest, 1 true, 2 false");
}

TEST(MergedBase, TakesClustersFromDuplicates) {
  BaseBuilder builder;
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i % 20)) + "nderson" + std::to_string(i % 20);
    builder.add(ClientRow{.client = i,
                          .given_name = "Given" + std::to_string(i % 20),
                          .family_name = name,
                          .emails = {name + "@example.com"},
                          .phones = {"+4930123" + std::to_string(1000 + i % 20)}});
  }
  const ClientBase base = builder.build().base;
  const Duplicates found = find_duplicates(base);
  const std::vector<MergeCluster> clusters = merge_clusters(found);
  ASSERT_EQ(clusters.size(), 20U);
  MergedBase merged(base);
  merged.merge(clusters);
  EXPECT_EQ(merged.base().clients(), 20U);
  EXPECT_EQ(merged.clusters().size(), 20U);
}

/// The operations that count, but for undos, one after the other on a fresh base.
MergedBase replayed(const MergedBase& of) {
  MergedBase fresh(of.original(), of.policy());
  for (const JournalRecord& record : of.journal().records()) {
    if (!of.journal().counts(record.sequence)) continue;
    switch (record.operation) {
      case JournalOperation::merge: merge(fresh, record.cards, record.keep); break;
      case JournalOperation::edit: fresh.edit(record.cards[0], record.field, record.values); break;
      case JournalOperation::not_duplicate: fresh.not_duplicate(record.cards[0], record.cards[1]); break;
      default: break;
    }
  }
  return fresh;
}

TEST(MergedBase, EqualsTheReplayWithoutWhatWasUndone) {
  constexpr std::int64_t cards = 10'000;
  const ClientBase base = random_base(cards, 7);
  ASSERT_EQ(base.clients(), static_cast<std::size_t>(cards));
  const std::string original = bytes_of(base);
  SurvivorshipPolicy policy;
  policy.across_kinds = true;
  policy.trusted_sources = {"call", "shop"};
  policy.fields = {{ClientField::family_name, {SurvivorRule::most_frequent, {}}},
                   {ClientField::given_name, {SurvivorRule::longest, {}}},
                   {ClientField::birthday, {SurvivorRule::most_trusted, {}}},
                   {ClientField::phones, {SurvivorRule::longest, {}}}};
  MergedBase merged(base, policy);
  std::mt19937 random(11);
  const auto any = [&](std::int64_t most) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(most)); };
  // Half of the operations are among few cards, so that clusters meet.
  const auto card = [&] { return ClientId(1 + any(any(2) == 0 ? 300 : cards)); };
  std::size_t refused = 0;
  std::array<std::size_t, 4> done{};
  while (merged.journal().records().size() < 10'000) {
    const std::size_t before = merged.journal().records().size();
    const std::int64_t kind = any(10);
    try {
      if (kind < 4) {
        std::vector<ClientId> ids{card(), card()};
        if (any(3) == 0) ids.push_back(card());
        merge(merged, ids, any(4) == 0 ? std::optional(ids[0]) : std::nullopt);
        ++done[0];
      } else if (kind < 6) {
        const std::string number = std::to_string(any(1000));
        switch (any(6)) {
          case 0: merged.edit(card(), ClientField::city, {"Edited " + number}); break;
          case 1: merged.edit(card(), ClientField::region, {"new region " + number}); break;
          case 2: merged.edit(card(), ClientField::emails, {number + "@edited.example", "x@edited.example"}); break;
          case 3: merged.edit(card(), ClientField::parent, {card().to_text()}); break;
          case 4: merged.edit(card(), ClientField::updated_at, {"2019-01-01T00:00:00Z"}); break;
          default: merged.edit(card(), ClientField::birthday, {}); break;
        }
        ++done[1];
      } else if (kind < 9) {
        if (before == 0) continue;
        merged.undo(1 + static_cast<std::uint64_t>(any(static_cast<std::int64_t>(before))));
        ++done[2];
      } else {
        merged.not_duplicate(card(), card());
        ++done[3];
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), Code::invalid_argument) << error.what();
      ASSERT_EQ(merged.journal().records().size(), before);
      ++refused;
    }
    if (merged.journal().records().size() != before && merged.journal().records().size() % 2'000 == 0) {
      const std::string now = bytes_of(merged.base());
      const MergedBase fresh = replayed(merged);
      ASSERT_EQ(bytes_of(fresh.base()), now);
      ASSERT_EQ(fresh.conflicts(), merged.conflicts());
      ThreadPool threads(3);
      const Control control{.executor = &threads};
      ASSERT_EQ(
          bytes_of(MergedBase(base, Journal::from_text(merged.journal().to_text()), policy, {}, control).base(control)),
          now);
    }
  }
  EXPECT_GT(refused, 100U);
  for (const std::size_t each : done) EXPECT_GT(each, 500U);
  EXPECT_GT(merged.clusters().size(), 100U);
  EXPECT_NE(bytes_of(merged.base()), original);
  const std::size_t records = merged.journal().records().size();
  for (std::size_t i = records; i-- > 0;)
    if (merged.journal().records()[i].operation != JournalOperation::undo && merged.journal().counts(i + 1))
      merged.undo(i + 1);
  EXPECT_EQ(bytes_of(merged.base()), original);
  EXPECT_THAT(merged.conflicts(), IsEmpty());
}

TEST(MergedBase, EqualsTheReplayOfEveryStepOnFewCards) {
  const ClientBase base = random_base(30, 3);
  SurvivorshipPolicy policy;
  policy.across_kinds = true;
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    MergedBase merged(base, policy);
    const auto card = [&] { return ClientId(static_cast<std::int64_t>(1 + random() % 12)); };
    for (int step = 0; step < 60; ++step) {
      try {
        switch (random() % 5) {
          case 0:
          case 1: merge(merged, {card(), card()}); break;
          case 2: merged.edit(card(), ClientField::city, {"c" + std::to_string(random() % 9)}); break;
          case 3: merged.undo(1 + random() % (merged.journal().records().size() + 1)); break;
          default: merged.not_duplicate(card(), card()); break;
        }
      } catch (const Error&) {
      }
      ASSERT_EQ(bytes_of(merged.base()), bytes_of(replayed(merged).base())) << "seed " << seed << ", step " << step;
    }
  }
}

TEST(MergedBase, ProposesWhatWasFoundBeyondWhatIsMerged) {
  BaseBuilder builder;
  for (int i = 1; i <= 6; ++i)
    builder.add(ClientRow{.client = i,
                          .kind = i == 6   ? "organisation"
                                  : i == 5 ? "person"
                                           : "",
                          .given_name = i < 5 ? "Greta" : "",
                          .emails = {i < 5 ? "greta@example.com" : "info@example.com"}});
  const ClientBase base = builder.build().base;
  MergedBase merged(base);
  merge(merged, {1, 2});
  const PreparedCards cards = prepare_cards(base, Normaliser());
  DedupeKnowledge known = merged.knowledge(cards);
  known.must_links.push_back({2, 3});
  known.must_links.push_back({1, 2});
  known.must_links.push_back({4, 5});
  const ProposedMerges proposed = proposed_merges(find_duplicates(cards, {}, known), merged);
  ASSERT_EQ(proposed.clusters.size(), 1U);
  EXPECT_THAT(proposed.clusters[0].cards, ElementsAre(ClientId(1), ClientId(3), ClientId(4)));
  ASSERT_EQ(proposed.refused.size(), 1U);  // a person and an organisation
  EXPECT_THAT(proposed.refused[0].cards, ElementsAre(ClientId(5), ClientId(6)));
  merged.merge(proposed.clusters);
  const Duplicates found = find_duplicates(cards, {}, known);
  EXPECT_THAT(proposed_merges(found, merged).clusters, IsEmpty());
  // The first merge holds 1 and 2 together alone.
  merged.undo(1);
  EXPECT_THAT(merged.cards_of(1), ElementsAre(ClientId(1), ClientId(3), ClientId(4)));
  EXPECT_EQ(proposed_merges(found, merged).clusters.size(), 1U);
  merged.not_duplicate(2, 4);
  EXPECT_EQ(proposed_merges(found, merged).refused.size(), 2U);
  const Table table = merged_cards_table(merged);
  ASSERT_EQ(table.rows(), 4U);
  EXPECT_EQ(table.columns()[1].name(), "cards");
  EXPECT_EQ(cell(table, "cards"), "1; 3; 4");
  EXPECT_EQ(cell(table, "cards", 1), "2");
  EXPECT_EQ(cell(table, "emails"), "greta@example.com");
  const Table clusters = merged_clusters_table(merged);
  ASSERT_EQ(clusters.rows(), 3U);
  EXPECT_EQ(cell(clusters, "id", 2), "4");
  EXPECT_EQ(cell(clusters, "cluster", 2), "1");
}

TEST(MergedBase, GoesOnFromAJournalOfAnEarlierBase) {
  MergedBase merged(small_base());
  merge(merged, {1, 2});
  MergedBase same = MergedBase::rebase(small_base(), merged.journal());
  EXPECT_EQ(same.journal().records().size(), 1U);  // nothing has changed
  BaseBuilder builder;
  for (const int id : {1, 2, 9}) builder.add(ClientRow{.client = id, .given_name = "Anna"});
  MergedBase later = MergedBase::rebase(builder.build().base, merged.journal(), {.who = "sync"});
  ASSERT_EQ(later.journal().records().size(), 2U);
  EXPECT_EQ(later.journal().records()[1].operation, JournalOperation::rebase);
  EXPECT_EQ(later.journal().records()[1].note.who, "sync");
  EXPECT_EQ(later.counts_as(2), later.counts_as(1));
  EXPECT_EQ(error_of([&] { MergedBase(builder.build().base, merged.journal()); }).where(), "journal");
}

}  // namespace
}  // namespace klientela
