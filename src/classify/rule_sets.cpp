// Sets of rules that come with the library: relationship types.
#include "klientela/classify/rules.hpp"

namespace klientela {
namespace {

RuleOptions relationship_type() {
  RuleOptions set;
  const auto rule = [&](const char* id, const char* when, const char* value, const char* english, const char* russian) {
    set.rules.push_back({.id = id,
                         .when = Expression::parse(when),
                         .value = value,
                         .priority = 0,
                         .english = english,
                         .russian = russian});
  };
  // What a company says about a card it does not want any more stands above what was bought once.
  rule("declared_non_client", "card.relationship_type is not null and card.relationship_type = 'non-client'",
       "non-client", "the card says that they are no client of ours", "в карточке указано, что это не клиент");
  rule("bought", "frequency > 0", "client", "they have bought at least once", "есть хотя бы одна покупка");
  rule("asked", "requests > 0", "potential", "they have made a request and not bought yet",
       "есть обращение, но ещё нет покупок");
  rule("approached", "interactions_outbound > 0", "target", "we approach them, and they have neither asked nor bought",
       "мы обращаемся к ним, а запросов и покупок ещё нет");
  set.values = {"client", "potential", "target", "non-client", "other"};
  set.otherwise = "other";
  set.may_be_absent = {"card.relationship_type", "frequency", "requests", "interactions_outbound"};
  set.assigned = "relationship_type";
  return set;
}

}  // namespace

std::vector<std::string> RuleOptions::names() { return {"relationship_type"}; }

RuleOptions RuleOptions::named(std::string_view name) {
  if (name == "relationship_type") return relationship_type();
  throw Error(Code::not_found,
              "there is no set of rules called \"" + std::string(name) + "\"; the sets: relationship_type",
              std::string(name));
}

}  // namespace klientela
