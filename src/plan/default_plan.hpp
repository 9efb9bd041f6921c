// The plan policy that comes with the library, as a JSON document: channels, limits, and a playbook for every group,
// tier and class.
#pragma once

#include <string_view>

namespace klientela::planning {

inline constexpr std::string_view default_plan = R"json({
  "channels": [
    {"name": "phone", "en": "phone call", "ru": "звонок", "aliases": ["call", "telephone", "tel", "телефон", "звонок", "телефонный звонок", "电话"], "minutes": 15, "contacts": 60},
    {"name": "meeting", "en": "meeting", "ru": "встреча", "aliases": ["visit", "appointment", "video", "встреча", "визит", "会议"], "minutes": 60, "contacts": 5},
    {"name": "email", "en": "e-mail", "ru": "электронное письмо", "aliases": ["e-mail", "mail", "электронная почта", "электронное письмо", "эп", "邮件"], "minutes": 5, "contacts": 200},
    {"name": "letter", "en": "letter", "ru": "письмо", "aliases": ["post", "postal", "письмо", "почта", "почтовое письмо", "信函"], "minutes": 5, "contacts": 50},
    {"name": "sms", "en": "text message", "ru": "SMS-сообщение", "aliases": ["text", "смс", "sms-сообщение", "短信"], "minutes": 2, "contacts": 200},
    {"name": "messenger", "en": "message", "ru": "сообщение в мессенджере", "aliases": ["chat", "whatsapp", "telegram", "wechat", "мессенджер", "чат", "微信"], "minutes": 5, "contacts": 200},
    {"name": "social", "en": "social media", "ru": "социальные сети", "aliases": ["social media", "ads", "соцсети", "реклама", "社交媒体"], "minutes": 2, "contacts": 200}
  ],
  "playbooks": [
    {"name": "strategic", "set": "tier", "when": "tier = 'strategic'",
     "en": "A dedicated manager and a solution of the client's own; regular revisits and invitations to exclusive events.",
     "ru": "Персональный менеджер и индивидуальное решение; регулярные визиты и приглашения на закрытые мероприятия.",
     "quotas": [
       {"name": "call", "channels": ["phone"], "contacts": 2, "per": "month", "topic": "service", "value": 12, "gap_days": 5, "minutes": 20, "consent": "service",
        "purposes": [{"en": "how the solution serves them", "ru": "как работает решение"}, {"en": "plans and needs", "ru": "планы и потребности"}]},
       {"name": "revisit", "channels": ["meeting"], "contacts": 1, "per": "month", "topic": "service", "value": 30, "gap_days": 3, "minutes": 90, "consent": "service",
        "purposes": [{"en": "regular revisit", "ru": "регулярный визит"}]},
       {"name": "event", "channels": ["email", "letter"], "contacts": 1, "per": "quarter", "topic": "event", "value": 8, "gap_days": 2,
        "purposes": [{"en": "invitation to an exclusive event", "ru": "приглашение на закрытое мероприятие"}]}]},
    {"name": "important", "set": "tier", "when": "tier = 'important'",
     "en": "Preferential prices, priority service and fast answers; satisfaction is asked for, and care shown.",
     "ru": "Льготные цены, приоритетное обслуживание и быстрый ответ; опросы удовлетворённости и забота.",
     "quotas": [
       {"name": "call", "channels": ["phone"], "contacts": 1, "per": "month", "topic": "service", "value": 8, "gap_days": 5, "consent": "service",
        "purposes": [{"en": "needs and priority service", "ru": "потребности и приоритетное обслуживание"}]},
       {"name": "price", "channels": ["email"], "contacts": 1, "per": "month", "topic": "offer", "value": 4, "gap_days": 3,
        "purposes": [{"en": "preferential price", "ru": "льготная цена"}]},
       {"name": "survey", "channels": ["email"], "contacts": 1, "per": "quarter", "topic": "survey", "value": 4, "gap_days": 3, "consent": "survey",
        "purposes": [{"en": "satisfaction survey", "ru": "опрос удовлетворённости"}]}]},
    {"name": "ordinary", "set": "tier", "when": "tier = 'ordinary'",
     "en": "Promotion mail and discounts; care and surveys.",
     "ru": "Рассылка акций и скидок; забота и опросы.",
     "quotas": [
       {"name": "promotion", "channels": ["email"], "contacts": 1, "per": "month", "topic": "promotion", "value": 2, "gap_days": 3, "minutes": 2,
        "purposes": [{"en": "promotions and discounts", "ru": "акции и скидки"}]},
       {"name": "survey", "channels": ["email"], "contacts": 1, "per": "year", "topic": "survey", "value": 2, "gap_days": 3, "minutes": 2, "consent": "survey",
        "purposes": [{"en": "satisfaction survey", "ru": "опрос удовлетворённости"}]}]},
    {"name": "potential", "set": "tier", "when": "tier = 'potential'",
     "en": "Advertising, social media, trials and coupons.",
     "ru": "Реклама, социальные сети, пробные предложения и купоны.",
     "quotas": [
       {"name": "trial", "channels": ["email", "social"], "contacts": 1, "per": "month", "topic": "offer", "value": 1, "gap_days": 3, "minutes": 2,
        "purposes": [{"en": "trial or coupon", "ru": "пробное предложение или купон"}]}]},
    {"name": "partner", "set": "group", "when": "group = 'partner'",
     "en": "Special terms for the long run.",
     "ru": "Особые долгосрочные условия.",
     "quotas": [
       {"name": "terms", "channels": ["meeting", "phone"], "contacts": 1, "per": "quarter", "topic": "terms", "value": 20, "gap_days": 5, "minutes": 60, "consent": "service",
        "purposes": [{"en": "terms of long-term cooperation", "ru": "условия долгосрочного сотрудничества"}]}]},
    {"name": "hot", "set": "group", "when": "group = 'hot'",
     "en": "A fast deal, and offers for loyalty.",
     "ru": "Быстрая сделка и предложения за лояльность.",
     "quotas": [
       {"name": "deal", "channels": ["phone"], "contacts": 1, "per": "month", "topic": "deal", "value": 10, "gap_days": 2,
        "purposes": [{"en": "close the deal", "ru": "завершение сделки"}]},
       {"name": "loyalty", "channels": ["email"], "contacts": 1, "per": "month", "topic": "offer", "value": 4, "gap_days": 2,
        "purposes": [{"en": "loyalty offer", "ru": "предложение за лояльность"}]}]},
    {"name": "warm", "set": "group", "when": "group = 'warm'",
     "en": "Personal promotions, reminders and bonuses.",
     "ru": "Персональные акции, напоминания и бонусы.",
     "quotas": [
       {"name": "personal", "channels": ["email", "messenger"], "least": 1, "most": 2, "per": "month", "topic": "promotion", "value": 3, "keep": 0.5, "gap_days": 3,
        "purposes": [{"en": "personal promotion", "ru": "персональная акция"}, {"en": "reminder and bonus", "ru": "напоминание и бонус"}]}]},
    {"name": "cold", "set": "group", "when": "group = 'cold'",
     "en": "Mailing, or a discount.",
     "ru": "Рассылка или скидка.",
     "quotas": [
       {"name": "mailing", "channels": ["email"], "contacts": 1, "per": "month", "topic": "promotion", "value": 1, "gap_days": 3, "minutes": 2,
        "purposes": [{"en": "mailing with a discount", "ru": "рассылка со скидкой"}]}]},
    {"name": "class A", "set": "abc", "when": "abc = 'A'",
     "en": "Service to measure.",
     "ru": "Индивидуальное обслуживание.",
     "quotas": [
       {"name": "service", "channels": ["phone"], "contacts": 1, "per": "quarter", "topic": "service", "value": 6, "gap_days": 3, "consent": "service",
        "purposes": [{"en": "service to measure", "ru": "индивидуальное обслуживание"}]}]},
    {"name": "class B", "set": "abc", "when": "abc = 'B'",
     "en": "Standard service, and offers that make them buy more often and for more.",
     "ru": "Стандартное обслуживание и предложения, повышающие частоту и сумму покупок.",
     "quotas": [
       {"name": "offer", "channels": ["email"], "contacts": 1, "per": "quarter", "topic": "offer", "value": 3, "gap_days": 3,
        "purposes": [{"en": "offer to buy more often and for more", "ru": "предложение покупать чаще и на большую сумму"}]}]},
    {"name": "class C", "set": "abc", "when": "abc = 'C'",
     "en": "Promotions.",
     "ru": "Акции.",
     "quotas": [
       {"name": "promotion", "channels": ["email"], "contacts": 1, "per": "quarter", "topic": "promotion", "value": 1, "gap_days": 3, "minutes": 2,
        "purposes": [{"en": "promotion", "ru": "акция"}]}]}
  ],
  "care": [
    {"name": "birthday", "when": "tier in ('strategic', 'important', 'ordinary')", "on": "card.birthday", "after_days": 3,
     "en": "Congratulations on the birthday.", "ru": "Поздравление с днём рождения.",
     "contact": {"channels": ["phone", "email"], "topic": "care", "value": 5, "minutes": 5, "consent": "service",
                 "purposes": [{"en": "birthday", "ru": "день рождения"}]}}
  ],
  "revisits": {
    "en": "They asked to be called again.", "ru": "Клиент просил вернуться к разговору.", "within_days": 7, "overdue_days": 30,
    "contact": {"channels": ["phone"], "topic": "interest", "value": 15, "consent": "service",
                "purposes": [{"en": "come back to the request", "ru": "вернуться к запросу"}]}
  },
  "limits": [{"contacts": 3, "days": 7}, {"contacts": 2, "days": 7, "channels": ["phone", "meeting"]}],
  "hours": {"Mon-Fri": "09:00-20:00", "Sat": "10:00-18:00"},
  "on_holidays": false,
  "advertising": ["marketing", "advertising"],
  "owners": {"keep": true, "needs": ["card.language"], "dedicated": "tier = 'strategic'"},
  "batching": {"channels": ["meeting"], "by": "card.city", "value": 0.2}
})json";

}  // namespace klientela::planning
