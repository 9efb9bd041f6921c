// Every table and field: names, types, aliases and notes, and the lists of values that are closed.
#include "klientela/model/schema.hpp"

#include <array>
#include <string>

#include "core/text.hpp"

namespace klientela {

namespace {

constexpr std::string_view clients_client_aliases[] = {
    "id",        "client_id",     "customer", "customer_id", "customer_no",  "customer_number", "cust_id",
    "client_no", "client_number", "account",  "account_id",  "company_id",   "contact_id",      "user_id",
    "card",      "card_id",       "rec_id",   "unique_id",   "id клиента",   "клиент",          "код клиента",
    "код",       "контрагент",    "客户编号", "客户id",      "kundennummer", "kunden_nr",       "kundennr"};
constexpr std::string_view clients_kind_aliases[] = {"type", "client_type", "entity_type", "client_kind",
                                                     "тип",  "тип клиента", "вид",         "客户类型"};
constexpr std::string_view clients_parent_aliases[] = {
    "parent_id",   "parent_client",        "parent_company", "parent_account", "holding",
    "head_office", "головная организация", "холдинг",        "родитель",       "母公司"};
constexpr std::string_view clients_name_aliases[] = {"full_name",
                                                     "client_name",
                                                     "customer_name",
                                                     "company",
                                                     "company_name",
                                                     "organisation_name",
                                                     "organization_name",
                                                     "organisation",
                                                     "organization",
                                                     "account_name",
                                                     "display_name",
                                                     "title",
                                                     "legal_name",
                                                     "site_name",
                                                     "business_name",
                                                     "наименование",
                                                     "название",
                                                     "имя клиента",
                                                     "фио",
                                                     "полное имя",
                                                     "компания",
                                                     "организация",
                                                     "姓名",
                                                     "名称",
                                                     "客户名称",
                                                     "公司名称",
                                                     "firma",
                                                     "firmenname"};
constexpr std::string_view clients_given_name_aliases[] = {"first_name", "firstname", "forename",
                                                           "имя",        "名",        "vorname"};
constexpr std::string_view clients_middle_name_aliases[] = {"patronymic", "second_name", "отчество"};
constexpr std::string_view clients_family_name_aliases[] = {"last_name", "lastname", "surname",     "фамилия",
                                                            "姓",        "nachname", "familienname"};
constexpr std::string_view clients_emails_aliases[] = {"email",          "e_mail",
                                                       "mail",           "email_address",
                                                       "e_mail_address", "email_addresses",
                                                       "почта",          "электронная почта",
                                                       "эл. почта",      "邮箱",
                                                       "电子邮件"};
constexpr std::string_view clients_phones_aliases[] = {
    "phone",        "phone_number", "phone_numbers", "telephone", "tel",       "mobile",
    "mobile_phone", "cell",         "телефон",       "телефоны",  "мобильный", "电话",
    "手机",         "telefon",      "telefonnummer", "handy",     "mobil"};
constexpr std::string_view clients_addresses_aliases[] = {"address", "full_address", "postal_address", "адрес",
                                                          "адреса",  "地址",         "anschrift"};
constexpr std::string_view clients_street_aliases[] = {"street_address", "address_1", "address_line_1", "address1",
                                                       "улица",          "街道",      "straße",         "strasse"};
constexpr std::string_view clients_house_aliases[] = {"house_number", "street_number", "building_number", "street_no",
                                                      "дом",          "номер дома",    "门牌号",          "hausnummer"};
constexpr std::string_view clients_street_2_aliases[] = {"address_2", "address_line_2", "address2", "street_address_2",
                                                         "street_line_2"};
constexpr std::string_view clients_city_aliases[] = {
    "town", "suburb", "locality", "settlement", "город", "населенный пункт", "城市", "ort", "stadt"};
constexpr std::string_view clients_region_aliases[] = {"state",  "province", "area", "district", "county",
                                                       "регион", "область",  "地区", "省"};
constexpr std::string_view clients_postcode_aliases[] = {"postal_code",     "zip",  "zip_code", "post_code",   "индекс",
                                                         "почтовый индекс", "邮编", "plz",      "postleitzahl"};
constexpr std::string_view clients_country_aliases[] = {"country_code", "country_name", "страна", "国家", "land"};
constexpr std::string_view clients_tax_numbers_aliases[] = {
    "tax_number", "tax_id", "vat",  "vat_number",       "vat_id", "inn",   "tin",         "ein",
    "инн",        "кпп",    "税号", "统一社会信用代码", "ust_id", "ustid", "steuernummer"};
constexpr std::string_view clients_identifiers_aliases[] = {
    "identifier", "other_ids", "external_id", "external_ids", "ids", "soc_sec_id", "ogrn", "огрн", "внешний код"};
constexpr std::string_view clients_websites_aliases[] = {"website", "web_site", "web",   "site", "url",     "homepage",
                                                         "domain",  "сайт",     "сайты", "网站", "webseite"};
constexpr std::string_view clients_birthday_aliases[] = {"birth_date",    "date_of_birth", "dob",  "birthdate",
                                                         "день рождения", "дата рождения", "生日", "出生日期",
                                                         "geburtstag",    "geburtsdatum"};
constexpr std::string_view clients_language_aliases[] = {"lang", "locale", "preferred_language", "язык", "语言"};
constexpr std::string_view clients_time_zone_aliases[] = {"timezone", "tz", "часовой пояс", "时区"};
constexpr std::string_view clients_source_aliases[] = {"lead_source",         "origin",   "channel_of_origin",
                                                       "acquisition_channel", "источник", "来源"};
constexpr std::string_view clients_owner_aliases[] = {"manager",       "responsible", "account_manager",
                                                      "assigned_to",   "owner_id",    "manager_id",
                                                      "ответственный", "менеджер",    "负责人"};
constexpr std::string_view clients_relationship_type_aliases[] = {"relationship", "relation", "relation_type",
                                                                  "тип отношений", "关系类型"};
constexpr std::string_view clients_category_aliases[] = {"client_category", "customer_category", "segment",
                                                         "группа",          "категория",         "类别"};
constexpr std::string_view clients_industry_aliases[] = {
    "sector", "branch", "line_of_business", "отрасль", "сфера деятельности", "行业"};
constexpr std::string_view clients_created_at_aliases[] = {"created",       "created_on",    "date_created",
                                                           "creation_date", "registered_at", "registration_date",
                                                           "создан",        "дата создания", "创建时间"};
constexpr std::string_view clients_updated_at_aliases[] = {
    "updated",       "modified", "modified_at", "updated_on",     "date_modified",
    "last_modified", "изменен",  "изменён",     "дата изменения", "更新时间"};

constexpr FieldSpec clients_fields[] = {
    {"client", FieldType::client, true, clients_client_aliases,
     "The id of the card; a second card with the same id in one delivery is rejected."},
    {"kind", FieldType::term, false, clients_kind_aliases, "organisation or person; null where it was not said."},
    {"parent", FieldType::client, false, clients_parent_aliases,
     "The card that this one belongs to, for example a holding; must have a card; one that would "
     "make the card its own ancestor counts as none."},
    {"name", FieldType::text, false, clients_name_aliases,
     "The whole name of an organisation or a person, as it is written."},
    {"given_name", FieldType::text, false, clients_given_name_aliases, "First name of a person."},
    {"middle_name", FieldType::text, false, clients_middle_name_aliases, "Middle name or patronymic of a person."},
    {"family_name", FieldType::text, false, clients_family_name_aliases, "Family name of a person."},
    {"emails", FieldType::texts, false, clients_emails_aliases, "E-mail addresses."},
    {"phones", FieldType::texts, false, clients_phones_aliases, "Phone numbers in any notation."},
    {"addresses", FieldType::texts, false, clients_addresses_aliases, "Whole addresses, each on one line."},
    {"street", FieldType::text, false, clients_street_aliases, "Street and house, where the address comes in parts."},
    {"house", FieldType::text, false, clients_house_aliases, "House number, where it comes apart from the street."},
    {"street_2", FieldType::text, false, clients_street_2_aliases,
     "Second line of the street: building, flat, district."},
    {"city", FieldType::text, false, clients_city_aliases, "City, where the address comes in parts."},
    {"region", FieldType::term, false, clients_region_aliases, "Region, a directory value."},
    {"postcode", FieldType::text, false, clients_postcode_aliases, "Postal code."},
    {"country", FieldType::term, false, clients_country_aliases, "Country, as a name or an ISO 3166 code."},
    {"tax_numbers", FieldType::texts, false, clients_tax_numbers_aliases, "Tax and registration numbers."},
    {"identifiers", FieldType::texts, false, clients_identifiers_aliases, "Ids of the same client in other systems."},
    {"websites", FieldType::texts, false, clients_websites_aliases, "Web sites or domains."},
    {"birthday", FieldType::day, false, clients_birthday_aliases,
     "Day of birth, or the day an organisation was founded."},
    {"language", FieldType::term, false, clients_language_aliases,
     "Language to speak to the client in, for example ru or en."},
    {"time_zone", FieldType::term, false, clients_time_zone_aliases, "IANA time zone of the client."},
    {"source", FieldType::term, false, clients_source_aliases, "Where the client came from."},
    {"owner", FieldType::term, false, clients_owner_aliases, "Who of the staff is responsible."},
    {"relationship_type", FieldType::term, false, clients_relationship_type_aliases,
     "Client, potential client, target client, non-client, or a type of the company's own."},
    {"category", FieldType::term, false, clients_category_aliases, "The company's own category of the client."},
    {"industry", FieldType::term, false, clients_industry_aliases, "Industry of an organisation, a directory value."},
    {"created_at", FieldType::instant, false, clients_created_at_aliases, "When the card was made."},
    {"updated_at", FieldType::instant, false, clients_updated_at_aliases, "When the card was last changed."},
};

constexpr std::string_view contacts_contact_aliases[] = {"contact_id", "person",  "person_id", "client",
                                                         "client_id",  "контакт", "联系人"};
constexpr std::string_view contacts_organisation_aliases[] = {
    "organization", "organisation_id", "organization_id", "company",  "company_id",
    "account",      "account_id",      "организация",     "компания", "公司"};
constexpr std::string_view contacts_role_aliases[] = {"contact_role", "function", "роль", "функция", "角色"};
constexpr std::string_view contacts_title_aliases[] = {"job_title", "position", "job", "должность", "职位"};
constexpr std::string_view contacts_primary_aliases[] = {"is_primary", "main", "is_main", "основной", "主要"};
constexpr std::string_view contacts_since_aliases[] = {"from", "start", "start_date", "valid_from", "с", "начало"};
constexpr std::string_view contacts_until_aliases[] = {"to", "end", "end_date", "valid_to", "по", "окончание"};

constexpr FieldSpec contacts_fields[] = {
    {"contact", FieldType::client, true, contacts_contact_aliases, "The person."},
    {"organisation", FieldType::client, true, contacts_organisation_aliases, "The organisation."},
    {"role", FieldType::term, false, contacts_role_aliases,
     "Role in dealings with us, a directory value: decides, pays, uses, ..."},
    {"title", FieldType::text, false, contacts_title_aliases, "Job title, as it is written."},
    {"primary", FieldType::boolean, false, contacts_primary_aliases,
     "Whether this is the first person to contact there."},
    {"since", FieldType::day, false, contacts_since_aliases, "First day of the role, inclusive."},
    {"until", FieldType::day, false, contacts_until_aliases, "Last day of the role, inclusive; not before `since`."},
};

constexpr std::string_view directories_directory_aliases[] = {"list", "dictionary", "directory_name", "справочник",
                                                              "目录"};
constexpr std::string_view directories_code_aliases[] = {"id", "value", "key", "entry", "код", "代码"};
constexpr std::string_view directories_title_aliases[] = {"name",     "label",        "description",
                                                          "название", "наименование", "名称"};
constexpr std::string_view directories_parent_aliases[] = {"parent_code", "parent_id", "group", "родитель", "группа"};
constexpr std::string_view directories_aliases_aliases[] = {"alias", "synonyms", "other_names", "синонимы", "别名"};

constexpr FieldSpec directories_fields[] = {
    {"directory", FieldType::term, true, directories_directory_aliases,
     "Which directory: relationship_type, category, industry, role, region, product or one of the "
     "company's own."},
    {"code", FieldType::text, true, directories_code_aliases, "The value as it stands in the other tables."},
    {"title", FieldType::text, false, directories_title_aliases, "The name for people."},
    {"parent", FieldType::text, false, directories_parent_aliases,
     "Code of the entry above this one in the same directory; one that would make the entry stand under itself counts "
     "as none."},
    {"aliases", FieldType::texts, false, directories_aliases_aliases, "Other spellings of the code."},
};

constexpr std::string_view consents_client_aliases[] = {
    "client_id",   "customer",      "customer_id", "customer_no", "customer_number", "cust_id",    "custid",
    "clientno",    "client_number", "account",     "account_id",  "buyer",           "buyer_id",   "user",
    "user_id",     "contact_id",    "company_id",  "card",        "card_id",         "id клиента", "клиент",
    "код клиента", "покупатель",    "контрагент",  "客户",        "客户编号",        "客户id"};
constexpr std::string_view consents_channel_aliases[] = {"contact_channel", "medium", "канал", "渠道"};
constexpr std::string_view consents_purpose_aliases[] = {"reason", "topic", "цель", "目的"};
constexpr std::string_view consents_granted_aliases[] = {"consent",  "allowed",   "opt_in", "is_granted",
                                                         "согласие", "разрешено", "同意"};
constexpr std::string_view consents_since_aliases[] = {"from", "valid_from", "granted_at", "at", "date", "дата", "с"};
constexpr std::string_view consents_until_aliases[] = {"to", "valid_to", "expires_at", "expires", "по", "действует до"};
constexpr std::string_view consents_source_aliases[] = {"origin", "proof", "document", "источник"};

constexpr FieldSpec consents_fields[] = {
    {"client", FieldType::client, true, consents_client_aliases, "Whose consent."},
    {"channel", FieldType::term, true, consents_channel_aliases,
     "Channel, in the words of the table interactions: phone, email, sms, ..."},
    {"purpose", FieldType::term, false, consents_purpose_aliases,
     "What for: marketing, service, survey, ...; null: any purpose."},
    {"granted", FieldType::boolean, true, consents_granted_aliases, "True: allowed; false: forbidden."},
    {"since", FieldType::instant, false, consents_since_aliases, "From when it holds, inclusive; null: ever since."},
    {"until", FieldType::instant, false, consents_until_aliases,
     "Until when it holds, exclusive; not before `since`; null: for good."},
    {"source", FieldType::term, false, consents_source_aliases, "How it was given."},
};

constexpr std::string_view transactions_client_aliases[] = {
    "client_id",   "customer",      "customer_id", "customer_no", "customer_number", "cust_id",    "custid",
    "clientno",    "client_number", "account",     "account_id",  "buyer",           "buyer_id",   "user",
    "user_id",     "contact_id",    "company_id",  "card",        "card_id",         "id клиента", "клиент",
    "код клиента", "покупатель",    "контрагент",  "客户",        "客户编号",        "客户id"};
constexpr std::string_view transactions_at_aliases[] = {
    "date",         "datetime",   "time",         "timestamp",        "purchase_date",
    "purchased_at", "order_date", "invoice_date", "transaction_date", "transaction_time",
    "sale_date",    "event_time", "paid_at",      "created_at",       "day",
    "ds",           "дата",       "дата покупки", "дата продажи",     "дата заказа",
    "время",        "日期",       "时间",         "购买日期"};
constexpr std::string_view transactions_amount_aliases[] = {
    "total",   "sum",          "price_total", "line_total", "total_amount",   "amount_total", "total_price",
    "sales",   "sales_amount", "revenue",     "value",      "monetary_value", "money",        "dollars",
    "payment", "сумма",        "стоимость",   "выручка",    "оплата",         "金额",         "销售额"};
constexpr std::string_view transactions_unit_price_aliases[] = {
    "price", "unit_cost", "price_per_unit", "item_price", "цена", "цена за единицу", "单价"};
constexpr std::string_view transactions_quantity_aliases[] = {"qty", "units",      "count",  "items", "pieces",
                                                              "cds", "количество", "кол-во", "数量"};
constexpr std::string_view transactions_profit_aliases[] = {"margin",  "gross_profit", "gross_margin", "contribution",
                                                            "прибыль", "маржа",        "利润"};
constexpr std::string_view transactions_order_aliases[] = {
    "order_id",       "order_no",   "order_number", "invoice",  "invoice_no", "invoice_id", "invoice_number",
    "receipt",        "receipt_id", "receipt_no",   "check_id", "basket",     "basket_id",  "transaction",
    "transaction_id", "заказ",      "номер заказа", "чек",      "накладная",  "订单",       "订单号"};
constexpr std::string_view transactions_product_aliases[] = {
    "product_id",   "sku",   "item",    "item_id", "stock_code", "article", "product_code",
    "product_name", "товар", "артикул", "продукт", "产品",       "商品"};
constexpr std::string_view transactions_product_category_aliases[] = {
    "category",  "product_group",    "category_id",   "department", "group",
    "категория", "категория товара", "группа товара", "产品类别",   "类别"};
constexpr std::string_view transactions_refund_aliases[] = {"is_refund", "return",  "is_return",
                                                            "returned",  "возврат", "退款"};
constexpr std::string_view transactions_currency_aliases[] = {"currency_code", "ccy", "валюта", "货币"};

constexpr FieldSpec transactions_fields[] = {
    {"client", FieldType::client, true, transactions_client_aliases, "Who bought."},
    {"at", FieldType::instant, true, transactions_at_aliases, "When it was bought or returned."},
    {"amount", FieldType::money, true, transactions_amount_aliases,
     "Money of the line, negative for a refund. Where the column is absent it is quantity x "
     "unit_price, exact, rounded half-even only past four decimals."},
    {"unit_price", FieldType::money, false, transactions_unit_price_aliases,
     "Price of one unit; used where `amount` is absent."},
    {"quantity", FieldType::number, false, transactions_quantity_aliases,
     "How many units; negative for a refund. A row without it counts one where the amount is "
     "computed."},
    {"profit", FieldType::money, false, transactions_profit_aliases, "Profit of the line, in the sign of the amount."},
    {"order", FieldType::term, false, transactions_order_aliases,
     "Lines with the same order of the same client are one purchase; null: the line is an order of "
     "its own."},
    {"product", FieldType::term, false, transactions_product_aliases, "What was bought."},
    {"product_category", FieldType::term, false, transactions_product_category_aliases, "The product's category."},
    {"refund", FieldType::boolean, false, transactions_refund_aliases,
     "True turns a positive amount into a refund; an amount below zero is one in any case."},
    {"currency", FieldType::term, false, transactions_currency_aliases,
     "ISO 4217 code; must be the base's where both are given."},
};

constexpr std::string_view requests_request_aliases[] = {"request_id",   "id",     "lead",      "lead_id", "inquiry",
                                                         "inquiry_id",   "ticket", "ticket_id", "deal_id", "заявка",
                                                         "номер заявки", "лид",    "请求编号"};
constexpr std::string_view requests_client_aliases[] = {
    "client_id",   "customer",      "customer_id", "customer_no", "customer_number", "cust_id",    "custid",
    "clientno",    "client_number", "account",     "account_id",  "buyer",           "buyer_id",   "user",
    "user_id",     "contact_id",    "company_id",  "card",        "card_id",         "id клиента", "клиент",
    "код клиента", "покупатель",    "контрагент",  "客户",        "客户编号",        "客户id"};
constexpr std::string_view requests_at_aliases[] = {"date",    "datetime",    "time",        "timestamp",
                                                    "created", "created_at",  "received_at", "request_date",
                                                    "дата",    "дата заявки", "日期",        "时间"};
constexpr std::string_view requests_source_aliases[] = {"channel",  "lead_source", "origin",
                                                        "источник", "канал",       "来源"};
constexpr std::string_view requests_state_aliases[] = {"status", "stage",  "phase", "состояние",
                                                       "статус", "стадия", "状态"};
constexpr std::string_view requests_product_aliases[] = {"product_id", "sku",     "item",    "interest", "product_name",
                                                         "товар",      "продукт", "интерес", "产品"};
constexpr std::string_view requests_revisit_on_aliases[] = {
    "revisit",      "revisit_date", "follow_up",     "follow_up_on", "callback_date",
    "next_contact", "вернуться",    "дата возврата", "перезвонить",  "回访日期"};
constexpr std::string_view requests_subject_aliases[] = {"title", "text",     "description", "comment", "note",
                                                         "тема",  "описание", "комментарий", "主题"};
constexpr std::string_view requests_owner_aliases[] = {"manager",  "responsible",   "assigned_to", "manager_id",
                                                       "owner_id", "ответственный", "менеджер",    "负责人"};

constexpr FieldSpec requests_fields[] = {
    {"request", FieldType::text, false, requests_request_aliases, "The id of the request."},
    {"client", FieldType::client, true, requests_client_aliases, "Who asked."},
    {"at", FieldType::instant, true, requests_at_aliases, "When it was asked."},
    {"source", FieldType::term, false, requests_source_aliases, "Where it came in: site, call, visit, ..."},
    {"state", FieldType::term, false, requests_state_aliases, "State, in the company's own words."},
    {"product", FieldType::term, false, requests_product_aliases, "What it is about."},
    {"revisit_on", FieldType::day, false, requests_revisit_on_aliases,
     "Day to come back to it: \"did not buy today\"."},
    {"subject", FieldType::text, false, requests_subject_aliases, "What was said."},
    {"owner", FieldType::term, false, requests_owner_aliases, "Who of the staff works on it."},
};

constexpr std::string_view interactions_interaction_aliases[] = {
    "interaction_id", "id", "activity", "activity_id", "event_id", "call_id", "task_id", "номер", "编号"};
constexpr std::string_view interactions_client_aliases[] = {
    "client_id",  "customer",      "customer_id", "customer_no", "customer_number", "cust_id",  "custid",
    "clientno",   "client_number", "account",     "account_id",  "buyer",           "buyer_id", "user",
    "user_id",    "company_id",    "card",        "card_id",     "id клиента",      "клиент",   "код клиента",
    "покупатель", "контрагент",    "客户",        "客户编号",    "客户id"};
constexpr std::string_view interactions_contact_aliases[] = {
    "contact_id", "person", "person_id", "contact_person", "контакт", "контактное лицо", "联系人"};
constexpr std::string_view interactions_channel_aliases[] = {
    "type", "interaction_type", "contact_type", "medium", "activity_type", "канал",
    "тип",  "вид контакта",     "渠道",         "类型"};
constexpr std::string_view interactions_initiative_aliases[] = {"direction",  "initiator",   "initiated_by",
                                                                "инициатива", "направление", "方向"};
constexpr std::string_view interactions_topic_aliases[] = {"theme", "purpose", "reason", "category",
                                                           "тема",  "цель",    "主题"};
constexpr std::string_view interactions_planned_from_aliases[] = {
    "planned",  "planned_at", "planned_start", "scheduled_at",  "scheduled_for", "due",     "due_at",
    "due_date", "deadline",   "план",          "запланировано", "плановая дата", "计划时间"};
constexpr std::string_view interactions_planned_to_aliases[] = {"planned_until", "planned_end", "scheduled_until",
                                                                "due_until", "плановое окончание"};
constexpr std::string_view interactions_started_at_aliases[] = {
    "at",           "date",        "datetime",     "time", "timestamp", "started",       "start", "start_time",
    "actual_start", "happened_at", "completed_at", "дата", "начало",    "дата контакта", "日期",  "开始时间"};
constexpr std::string_view interactions_ended_at_aliases[] = {"ended",      "end",       "end_time", "finished_at",
                                                              "actual_end", "окончание", "завершен", "结束时间"};
constexpr std::string_view interactions_state_aliases[] = {"status", "состояние", "статус", "状态"};
constexpr std::string_view interactions_responsible_aliases[] = {
    "owner",      "manager",       "employee", "agent",     "assigned_to",
    "manager_id", "ответственный", "менеджер", "сотрудник", "负责人"};
constexpr std::string_view interactions_outcome_aliases[] = {"result", "disposition", "результат", "итог", "结果"};
constexpr std::string_view interactions_subject_aliases[] = {
    "title", "text", "description", "comment", "note", "summary", "описание", "комментарий", "содержание", "备注"};

constexpr FieldSpec interactions_fields[] = {
    {"interaction", FieldType::text, false, interactions_interaction_aliases, "The id of the interaction."},
    {"client", FieldType::client, true, interactions_client_aliases, "Whom it was with."},
    {"contact", FieldType::client, false, interactions_contact_aliases,
     "The person at the client, where that is another card."},
    {"channel", FieldType::term, false, interactions_channel_aliases,
     "meeting, phone, email, letter, sms, or any other."},
    {"initiative", FieldType::term, false, interactions_initiative_aliases,
     "inbound: the client's; outbound: the company's."},
    {"topic", FieldType::term, false, interactions_topic_aliases,
     "interest, presentation, complaint, service, consultation, or any other."},
    {"planned_from", FieldType::instant, false, interactions_planned_from_aliases, "Start of the planned interval."},
    {"planned_to", FieldType::instant, false, interactions_planned_to_aliases,
     "End of the planned interval, exclusive; not before `planned_from`."},
    {"started_at", FieldType::instant, false, interactions_started_at_aliases, "Start of what took place."},
    {"ended_at", FieldType::instant, false, interactions_ended_at_aliases,
     "End of what took place; not before `started_at`."},
    {"state", FieldType::term, false, interactions_state_aliases,
     "planned, completed or cancelled. Null: completed where `started_at` has a value, else "
     "planned. Overdue is derived as of an instant, never stored."},
    {"responsible", FieldType::term, false, interactions_responsible_aliases, "Who of the staff holds it."},
    {"outcome", FieldType::term, false, interactions_outcome_aliases, "What came of it."},
    {"subject", FieldType::text, false, interactions_subject_aliases, "What was said."},
};

constexpr std::string_view feedback_client_aliases[] = {
    "client_id",   "customer",      "customer_id", "customer_no", "customer_number", "cust_id",    "custid",
    "clientno",    "client_number", "account",     "account_id",  "buyer",           "buyer_id",   "user",
    "user_id",     "contact_id",    "company_id",  "card",        "card_id",         "id клиента", "клиент",
    "код клиента", "покупатель",    "контрагент",  "客户",        "客户编号",        "客户id"};
constexpr std::string_view feedback_at_aliases[] = {"date",        "datetime",     "time",        "timestamp",
                                                    "answered_at", "submitted_at", "survey_date", "дата",
                                                    "дата ответа", "日期",         "时间"};
constexpr std::string_view feedback_measure_aliases[] = {"metric", "type",       "question", "survey",
                                                         "kind",   "показатель", "метрика",  "指标"};
constexpr std::string_view feedback_score_aliases[] = {"rating", "value", "answer", "mark", "grade", "points",
                                                       "оценка", "балл",  "ответ",  "评分", "分数"};
constexpr std::string_view feedback_channel_aliases[] = {"source", "medium", "канал", "渠道"};
constexpr std::string_view feedback_interaction_aliases[] = {"interaction_id", "activity_id", "call_id", "event_id"};
constexpr std::string_view feedback_comment_aliases[] = {"text",        "note",  "verbatim", "remark",
                                                         "комментарий", "отзыв", "评论"};

constexpr FieldSpec feedback_fields[] = {
    {"client", FieldType::client, true, feedback_client_aliases, "Who answered."},
    {"at", FieldType::instant, true, feedback_at_aliases, "When it was answered."},
    {"measure", FieldType::term, true, feedback_measure_aliases, "csat (1 to 5), nps (0 to 10) or ces (1 to 7)."},
    {"score", FieldType::number, true, feedback_score_aliases, "The answer, in the range of its measure."},
    {"channel", FieldType::term, false, feedback_channel_aliases, "Where it was asked."},
    {"interaction", FieldType::text, false, feedback_interaction_aliases, "The interaction that it is about."},
    {"comment", FieldType::text, false, feedback_comment_aliases, "What the client wrote."},
};

constexpr std::array<TableSpec, table_count> tables{{
    {TableId::clients, "clients", clients_fields,
     "One card of an organisation or a person. The newest delivery of a card replaces the earlier one as a whole."},
    {TableId::contacts, "contacts", contacts_fields,
     "The role of a person at an organisation: one row an edge between two clients."},
    {TableId::directories, "directories", directories_fields, "The entries of the directories that terms come from."},
    {TableId::consents, "consents", consents_fields,
     "What a client allowed or forbade, by channel and purpose. Of rows about the same three that hold at one time the "
     "one "
     "with the latest `since` decides, then the later delivery, then a refusal."},
    {TableId::transactions, "transactions", transactions_fields, "One line of a purchase or a refund."},
    {TableId::requests, "requests", requests_fields,
     "What a client asked for: a lead, an inquiry, a wish to be called back."},
    {TableId::interactions, "interactions", interactions_fields,
     "A contact with a client that is planned or took place."},
    {TableId::feedback, "feedback", feedback_fields, "One answer to a satisfaction question."},
}};
constexpr std::string_view organisation_names[] = {"organization", "org",      "company", "legal",
                                                   "legal entity", "business", "b2b",     "account",
                                                   "организация",  "компания", "юрлицо",  "юридическое лицо",
                                                   "юр. лицо",     "公司",     "企业",    "组织"};
constexpr std::string_view person_names[] = {
    "individual", "private",   "private person",  "natural person", "consumer", "contact",      "b2c",
    "физлицо",    "физ. лицо", "физическое лицо", "человек",        "персона",  "частное лицо", "个人"};
constexpr ClosedValue kinds[] = {{"organisation", organisation_names}, {"person", person_names}};

constexpr std::string_view inbound_names[] = {"in",       "incoming", "client", "customer", "from client", "входящий",
                                              "входящая", "входящее", "клиент", "呼入",     "客户发起"};
constexpr std::string_view outbound_names[] = {"out",       "outgoing",  "company",  "us",   "to client", "исходящий",
                                               "исходящая", "исходящее", "компания", "呼出", "公司发起"};
constexpr ClosedValue initiatives[] = {{"inbound", inbound_names}, {"outbound", outbound_names}};

constexpr std::string_view planned_names[] = {
    "plan",        "scheduled", "open",         "new",           "pending",       "todo", "to do",  "not started",
    "in progress", "overdue",   "запланирован", "запланирована", "запланировано", "план", "открыт", "открыта",
    "новый",       "новая",     "в работе",     "просрочен",     "просрочена",    "计划", "待处理"};
constexpr std::string_view completed_names[] = {"complete",   "done",     "closed",    "finished",  "held",
                                                "success",    "завершен", "завершена", "завершено", "завершён",
                                                "завершено",  "выполнен", "выполнена", "выполнено", "состоялся",
                                                "состоялась", "закрыт",   "закрыта",   "完成",      "已完成"};
constexpr std::string_view cancelled_names[] = {"cancel",   "canceled", "dropped", "deleted", "void", "отменен",
                                                "отменена", "отменено", "отменён", "отмена",  "取消", "已取消"};
constexpr ClosedValue states[] = {
    {"planned", planned_names}, {"completed", completed_names}, {"cancelled", cancelled_names}};

constexpr std::string_view csat_names[] = {"customer satisfaction", "satisfaction", "удовлетворенность",
                                           "удовлетворённость", "满意度"};
constexpr std::string_view nps_names[] = {"net promoter score", "net promoter", "recommend", "готовность рекомендовать",
                                          "净推荐值"};
constexpr std::string_view ces_names[] = {"customer effort score", "customer effort", "effort", "усилия", "费力度"};
constexpr ClosedValue measures[] = {{"csat", csat_names}, {"nps", nps_names}, {"ces", ces_names}};

template <class Visit>
void for_each_folded(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_' || c == '-' || c == '.') continue;
    const auto first = static_cast<unsigned char>(c);
    const auto second = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (const std::size_t blank = detail::blank_in_front(text.substr(i))) {  // a byte order mark too
      i += blank - 1;
    } else if (first == 0xD0 && second >= 0x90 && second <= 0xAF) {  // А..Я: а..п in the same, р..я in the next block
      visit(static_cast<char>(second < 0xA0 ? 0xD0 : 0xD1));
      visit(static_cast<char>(second < 0xA0 ? second + 0x20 : second - 0x20));
      ++i;
    } else if (first == 0xD0 && second == 0x81) {  // Ё
      visit(static_cast<char>(0xD1));
      visit(static_cast<char>(0x91));
      ++i;
    } else {
      visit(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
  }
}

std::string folded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_folded(text, [&](char c) { out += c; });
  return out;
}

}  // namespace

std::string folded_name(std::string_view text) { return folded(text); }

const TableSpec& spec(TableId table) noexcept { return tables[static_cast<std::size_t>(table)]; }

std::optional<TableId> table_named(std::string_view name) noexcept {
  for (const TableSpec& table : tables)
    if (table.name == name) return table.id;
  return std::nullopt;
}

std::optional<std::size_t> field_for(TableId table, std::string_view column_name) noexcept {
  constexpr std::size_t longest = 200;  // no name is as long; keeps the fold on the stack
  if (column_name.size() > longest) return std::nullopt;
  std::array<char, longest> text;
  std::size_t length = 0;
  for_each_folded(column_name, [&](char c) { text[length++] = c; });
  const std::string_view wanted(text.data(), length);
  const auto equal = [&](std::string_view name) {
    std::size_t at = 0;
    bool same = true;
    for_each_folded(name, [&](char c) { same = same && at < wanted.size() && wanted[at++] == c; });
    return same && at == wanted.size();
  };
  const auto fields = spec(table).fields;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (equal(fields[i].name)) return i;
  for (std::size_t i = 0; i < fields.size(); ++i)
    for (const std::string_view alias : fields[i].aliases)
      if (equal(alias)) return i;
  return std::nullopt;
}

std::span<const ClosedValue> closed_values(TableId table, std::size_t field) noexcept {
  if (table == TableId::clients && field == static_cast<std::size_t>(ClientField::kind)) return kinds;
  if (table == TableId::interactions && field == static_cast<std::size_t>(InteractionField::initiative))
    return initiatives;
  if (table == TableId::interactions && field == static_cast<std::size_t>(InteractionField::state)) return states;
  if (table == TableId::feedback && field == static_cast<std::size_t>(FeedbackField::measure)) return measures;
  return {};
}

std::optional<std::size_t> closed_value(TableId table, std::size_t field, std::string_view text) {
  const std::string wanted = folded(text);
  const auto values = closed_values(table, field);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (folded(values[i].name) == wanted) return i;
    for (const std::string_view alias : values[i].aliases)
      if (folded(alias) == wanted) return i;
  }
  return std::nullopt;
}

std::string_view name(FieldType type) noexcept {
  switch (type) {
    case FieldType::client: return "client";
    case FieldType::text: return "text";
    case FieldType::texts: return "texts";
    case FieldType::term: return "term";
    case FieldType::money: return "money";
    case FieldType::number: return "number";
    case FieldType::day: return "day";
    case FieldType::instant: return "instant";
    case FieldType::boolean: return "boolean";
  }
  return "unknown";
}

}  // namespace klientela
