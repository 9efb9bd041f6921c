// Values in the forms that duplicates are compared by: tables of cases, hostile input, the libraries as judges.
#include "klientela/dedupe/normalise.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#ifdef KLIENTELA_WITH_PHONENUMBER
#include <phonenumbers/phonenumberutil.h>
#endif

#include "klientela/core/error.hpp"

namespace klientela {
namespace {

const Normaliser& normaliser() {
  static const Normaliser made([] {
    NormaliserOptions options;
    options.region = "RU";
    return options;
  }());
  return made;
}

NormalText text(std::string_view value) {
  NormalText out;
  normaliser().text(value, out);
  return out;
}
PersonName person(std::string_view value) {
  PersonName out;
  normaliser().person(value, out);
  return out;
}
OrganisationName organisation(std::string_view value) {
  OrganisationName out;
  normaliser().organisation(value, out);
  return out;
}
EmailAddress email(std::string_view value) {
  EmailAddress out;
  normaliser().email(value, out);
  return out;
}
PhoneNumber phone(std::string_view value, std::string_view region = {}) {
  PhoneNumber out;
  normaliser().phone(value, out, region);
  return out;
}
PostalAddress address(std::string_view value) {
  PostalAddress out;
  normaliser().address(value, out);
  return out;
}
TaxNumber tax(std::string_view value) {
  TaxNumber out;
  normaliser().tax_number(value, out);
  return out;
}
WebDomain domain(std::string_view value) {
  WebDomain out;
  normaliser().domain(value, out);
  return out;
}

/// Numbers that are the same in every run.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

std::string utf8(char32_t c) {
  std::string out;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

TEST(Text, IsWrittenInLatin) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"", ""},
      {"  two\t words\n", "two words"},
      {"O'Brien-Smith, JR.", "obrien smith jr"},
      {"Щербаков", "shcherbakov"},
      {"Дмитрий", "dmitry"},
      {"Красный", "krasny"},
      {"Підгайний Ґанок Їжак", "pidgayny ganok izhak"},
      {"Љубица Ђорђевић", "ljubitsa djordjevic"},
      {"Müller Straße", "muller strasse"},
      {"Łódź Åre Ærø Œuvre Þór", "lodz are aero oeuvre thor"},
      {"Nguyễn Văn Đức", "nguyen van duc"},
      {"王小明", "wang xiao ming"},
      {"ＦＵＬＬ Width １２", "full width 12"},
      {"Алексе\u0301й", "aleksey"},
      {"и\u0306од Дмитрии\u0306", "yod dmitry"},
      {"Γιώργος", "giorgos"},
      {"김철수", "gimcheolsu"},
      {"شكرًا", "shkrana"},
      {"a\u202Eb\u200Bc\uFEFFd\u00ADe", "abcde"},
      {"дом №5", "dom 5"},
  };
  for (const auto& [value, latin] : cases) EXPECT_EQ(text(value).latin, latin) << value;
}

TEST(Text, FoldsSpellingsOfOneNameIntoOne) {
  const std::vector<std::vector<const char*>> groups{
      {"Щербаков", "Shcherbakov", "Scherbakov", "Sherbakov"},
      {"Дмитрий", "Dmitry", "Dmitriy", "Dmitrii", "Dmitrij", "Dmitri"},
      {"Кузнецов", "Kuznetsov", "Kuznecov"},
      {"Цветкова", "Tsvetkova", "Cvetkova"},
      {"Хабаров", "Khabarov", "Habarov"},
      {"Александр", "Aleksandr", "Alexandr"},
      {"Юлия", "Yulia", "Iuliia", "Yuliya", "Julija"},
      {"Яковлев", "Yakovlev", "Iakovlev", "Jakovlev"},
      {"Фёдор", "Fedor", "Fyodor"},
      {"Елена", "Elena", "Yelena", "Jelena"},
      {"Николаев", "Nikolaev", "Nikolayev", "Nikolajev"},
      {"Müller", "Mueller", "Muller"},
      {"Сергей", "Sergey", "Sergei", "Sergej"},
      {"Смирнов", "Smirnov", "Smirnoff"},
      {"Чайковский", "Tchaikovsky", "Chaykovskiy"},
  };
  for (const auto& group : groups)
    for (const char* const value : group) EXPECT_EQ(text(value).folded, text(group[0]).folded) << value;
  std::set<std::string> all;
  for (const auto& group : groups) all.insert(text(group[0]).folded);
  EXPECT_EQ(all.size(), groups.size());
}

/// What ICU makes of a text by rules.
class Icu {
 public:
  explicit Icu(const char* rules) {
    UErrorCode status = U_ZERO_ERROR;
    UChar id[128];
    u_uastrcpy(id, rules);
    how_ = utrans_openU(id, -1, UTRANS_FORWARD, nullptr, 0, nullptr, &status);
    EXPECT_TRUE(U_SUCCESS(status)) << u_errorName(status);
  }
  Icu(const Icu&) = delete;
  Icu& operator=(const Icu&) = delete;
  ~Icu() { utrans_close(how_); }
  std::string operator()(const std::string& value) const {
    UErrorCode status = U_ZERO_ERROR;
    std::vector<UChar> wide(4096);
    std::int32_t n{};
    u_strFromUTF8(wide.data(), 4096, &n, value.data(), static_cast<std::int32_t>(value.size()), &status);
    std::int32_t limit = n;
    utrans_transUChars(how_, wide.data(), &n, 4096, 0, &limit, &status);
    std::string out(8192, '\0');
    std::int32_t bytes{};
    u_strToUTF8(out.data(), 8192, &bytes, wide.data(), n, &status);
    EXPECT_TRUE(U_SUCCESS(status)) << u_errorName(status);
    out.resize(static_cast<std::size_t>(bytes));
    return out;
  }

 private:
  UTransliterator* how_{};
};

TEST(Text, TableOfLatinEqualsIcu) {
  const Icu icu("NFKD; Latin-ASCII; [:M:] Remove; Lower");
  // Choices of ours: the schwa of Azerbaijan is an a in its passports, eth a d; iota is folded before ICU sees it.
  const std::set<char32_t> ours{0xD0, 0xF0, 0x18F, 0x259, 0x138, 0x149, 0x14A, 0x14B, 0x196};
  std::size_t checked = 0;
  const auto check = [&](char32_t c) {
    if (!u_isalpha(static_cast<UChar32>(c)) || ours.contains(c)) return;
    const std::string library = icu(utf8(c));
    if (!std::all_of(library.begin(), library.end(), [](char b) { return b >= 'a' && b <= 'z'; })) return;
    EXPECT_EQ(text(utf8(c)).latin, library) << std::hex << static_cast<unsigned>(c);
    ++checked;
  };
  for (char32_t c = 0x80; c < 0x250; ++c) check(c);
  for (char32_t c = 0x1E00; c < 0x1F00; ++c) check(c);
  EXPECT_GT(checked, 500U);
}

TEST(Text, TableOfPinyinEqualsIcu) {
  const Icu icu("Han-Latin; NFD; [:M:] Remove; Lower");
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const char32_t c = 0x4E00 + random() % 0x51A5;
    const std::string library = icu(utf8(c));
    if (library == utf8(c)) continue;
    EXPECT_EQ(text(utf8(c)).latin, library) << std::hex << static_cast<unsigned>(c);
  }
}

TEST(Text, CyrillicFoldsAsWhatIcuMakesOfIt) {
  const Icu icu("Russian-Latin/BGN; Latin-ASCII; Lower");
  Random random(11);
  // Consonants and vowels by turns: where signs meet, BGN and passports part ways.
  const std::u32string consonants = U"бвгджзклмнпрстфхцчш";
  const std::u32string vowels = U"аеиоуюя";
  for (int i = 0; i < 2000; ++i) {
    std::string word;
    for (int k = 0; k < 4; ++k) {
      word += utf8(consonants[random() % consonants.size()]);
      word += utf8(vowels[random() % vowels.size()]);
    }
    NormalText library;
    normaliser().text(icu(word), library);
    EXPECT_EQ(text(word).folded, library.folded) << word << " " << library.latin;
  }
}

TEST(Text, NormalisedAgainIsTheSame) {
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string value;
    for (std::uint32_t k = random() % 12; k > 0; --k) {
      char32_t c = random() % 4 == 0 ? random() % 0x3000 : random() % 3 == 0 ? 0x410 + random() % 64 : random() % 0x180;
      if (random() % 20 == 0) c = 0x3041 + random() % 0x7000;
      if (c >= 0xD800 && c < 0xE000) c = ' ';
      value += utf8(c);
    }
    const NormalText once = text(value);
    const NormalText twice = text(once.latin);
    EXPECT_EQ(twice.latin, once.latin) << value;
    EXPECT_EQ(twice.folded, once.folded) << value;
  }
  // Behind an Arabic letter a mark is read as a vowel, which no other letter makes of it.
  for (char32_t c = 0x80; c < 0x10000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const std::string once = text("\u0644" + utf8(c)).latin;
    ASSERT_EQ(text(once).latin, once) << std::hex << static_cast<unsigned>(c);
  }
}

struct PersonCase {
  const char* value;
  const char* given;
  const char* middle;
  const char* family;
};

TEST(Person, OrderIsGuessed) {
  const std::vector<PersonCase> cases{
      {"", "", "", ""},
      {"Иванов Иван Иванович", "ivan", "ivanovich", "ivanov"},
      {"Иван Иванович Иванов", "ivan", "ivanovich", "ivanov"},
      {"Ivanov, Ivan", "ivan", "", "ivanov"},
      {"Ivan Ivanov", "ivan", "", "ivanov"},
      {"Ivanov Ivan", "ivan", "", "ivanov"},
      {"I. I. Ivanov", "i", "i", "ivanov"},
      {"Иванов И.И.", "i", "i", "ivanov"},
      {"Иванов И. И.", "i", "i", "ivanov"},
      {"Dr. John F. Kennedy Jr.", "john", "f", "kennedy"},
      {"Smith, John, Jr.", "john", "", "smith"},
      {"John Smith III", "john", "", "smith"},
      {"Иван Петрович", "ivan", "petrovich", ""},
      {"Ivan Petrovich", "ivan", "", "petrovich"},
      {"Roman Abramovich", "roman", "", "abramovich"},
      {"Роман Абрамович", "roman", "", "abramovich"},
      {"Roman Arkadyevich Abramovich", "roman", "arkadyevich", "abramovich"},
      {"Абрамович Роман Аркадьевич", "roman", "arkadevich", "abramovich"},
      {"Роман Аркадьевич Абрамович", "roman", "arkadevich", "abramovich"},
      {"Николаев Николай Николаевич", "nikolay", "nikolaevich", "nikolaev"},
      {"Алиева Лейла Гасан кызы", "leyla", "gasan kyzy", "alieva"},
      {"Анна-Мария Иванова-Петрова", "anna mariya", "", "ivanova petrova"},
      {"Ludwig van Beethoven", "ludwig", "", "van beethoven"},
      {"Maria Garcia Lopez", "maria", "garcia", "lopez"},
      {"王小明", "xiaoming", "", "wang"},
      {"欧阳娜娜", "nana", "", "ouyang"},
      {"单田芳", "tianfang", "", "shan"},
      {"Wang Xiaoming", "xiaoming", "", "wang"},
      {"Xiaoming Wang", "xiaoming", "", "wang"},
      {"Wang Xiao Ming", "xiaoming", "", "wang"},
      {"Bruce Lee", "bruce", "", "lee"},
      {"von Neumann John", "john", "", "von neumann"},
      {"Сидоров Пётр Алексеевич, к.т.н.", "petr", "alekseevich", "sidorov"},
      {"г-н Петров", "", "", "petrov"},
      {"Mr", "", "", "mr"},
  };
  for (const PersonCase& each : cases) {
    const PersonName name = person(each.value);
    EXPECT_EQ(name.given, each.given) << each.value;
    EXPECT_EQ(name.middle, each.middle) << each.value;
    EXPECT_EQ(name.family, each.family) << each.value;
  }
}

TEST(Person, FieldsStayWhereTheyAre) {
  PersonName name;
  normaliser().person("Mr. Ivan", "Иванович", "Иванов", name);
  EXPECT_EQ(name.given, "ivan");
  EXPECT_EQ(name.middle, "ivanovich");
  EXPECT_EQ(name.family, "ivanov");
  normaliser().person("Иван Иванович", "", "Иванов", name);
  EXPECT_EQ(name.given, "ivan");
  EXPECT_EQ(name.middle, "ivanovich");
  normaliser().person("小明", "", "王", name);
  EXPECT_EQ(name.given, "xiaoming");
  EXPECT_EQ(name.family, "wang");
  normaliser().person("", "", "Ivanov Ivan", name);
  EXPECT_EQ(name.given, "ivan");
  EXPECT_EQ(name.family, "ivanov");
  normaliser().person("", "", "Mr. Thomas", name);  // a given name in the list
  EXPECT_EQ(name.given, "");
  EXPECT_EQ(name.given_roots, "");
  EXPECT_EQ(name.family, "thomas");
  EXPECT_EQ(name.family_folded, "tomas");
  normaliser().person("J", "R", "Tolkien", name);
  EXPECT_TRUE(name.given_is_initial);
  EXPECT_TRUE(name.middle_is_initial);
}

TEST(Person, DiminutivesHaveTheRootsOfTheirNames) {
  const auto roots = [](std::string_view given) {
    PersonName name;
    normaliser().person(given, "", "x", name);
    return name.given_roots;
  };
  const auto shares = [&](std::string_view a, std::string_view b) {
    const std::string other = " " + roots(b) + " ";
    std::string mine = roots(a) + " ";
    while (!mine.empty()) {
      if (other.find(" " + mine.substr(0, mine.find(' ') + 1)) != std::string::npos) return true;
      mine.erase(0, mine.find(' ') + 1);
    }
    return false;
  };
  EXPECT_EQ(roots("Саша"), "aleksandr aleksandra");
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{{"Саша", "Александр"},
                                                                             {"Саша", "Александра"},
                                                                             {"Шура", "Alexander"},
                                                                             {"Bob", "Robert"},
                                                                             {"Rob", "Bobby"},
                                                                             {"Pepe", "José"},
                                                                             {"Uschi", "Ursula"},
                                                                             {"Катя", "Ekaterina"},
                                                                             {"Bill", "Will"},
                                                                             {"Маша", "Mary"}})
    EXPECT_TRUE(shares(a, b)) << a << " " << b;
  EXPECT_FALSE(shares("Robert", "Richard"));
  EXPECT_FALSE(shares("Дмитрий", "Денис"));
  EXPECT_EQ(roots("Qwertyn"), text("Qwertyn").folded);
}

TEST(Person, SurnamesOfMenAndWomenHaveOneStem) {
  for (const auto& [woman, man] :
       std::vector<std::pair<const char*, const char*>>{{"Иванова", "Иванов"},
                                                        {"Чайковская", "Чайковский"},
                                                        {"Kowalska", "Kowalski"},
                                                        {"Белая", "Белый"},
                                                        {"Толстая", "Толстой"},
                                                        {"Пушкина", "Pushkin"},
                                                        {"Николаева", "Николаев"},
                                                        {"Иванова-Петрова", "Иванов-Петров"}}) {
    PersonName a;
    PersonName b;
    normaliser().person("x", "", woman, a);
    normaliser().person("x", "", man, b);
    EXPECT_EQ(a.family_stem, b.family_stem) << woman;
  }
}

TEST(Organisation, LegalFormsAreApart) {
  struct Case {
    const char* value;
    const char* core;
    const char* form;
  };
  const std::vector<Case> cases{
      {"ООО «Ромашка»", "romashka", "ooo"},
      {"Ромашка, ООО", "romashka", "ooo"},
      {"OOO \"Romashka\"", "romashka", "ooo"},
      {"Общество с ограниченной ответственностью \"Ромашка\"", "romashka", "ooo"},
      {"АО Альфа-Банк", "alfa bank", "ao"},
      {"ПАО Сбербанк", "sberbank", "pao"},
      {"ИП Иванов И.И.", "ivanov ii", "ip"},
      {"Romashka LLC", "romashka", "llc"},
      {"Romashka L.L.C.", "romashka", "llc"},
      {"Acme Limited", "acme", "ltd"},
      {"Siemens AG", "siemens", "ag"},
      {"Bosch GmbH", "bosch", "gmbh"},
      {"Müller GmbH & Co. KG", "muller", "gmbhcokg"},
      {"Fiat S.p.A.", "fiat", "spa"},
      {"Telefónica, S.A.", "telefonica", "sa"},
      {"Allegro Sp. z o.o.", "allegro", "spzoo"},
      {"Avast Software s.r.o.", "avast software", "sro"},
      {"Ikea AB", "ikea", "ab"},
      {"Philips N.V.", "philips", "nv"},
      {"北京字节跳动科技有限公司", "bei jing zi jie tiao dong ke ji", "youxian"},
      {"中国石油股份有限公司", "zhong guo shi you", "gufen"},
      {"LLC", "llc", ""},
      {"ООО", "ooo", ""},
      {"AS Roma", "as roma", ""},
  };
  for (const Case& each : cases) {
    const OrganisationName name = organisation(each.value);
    EXPECT_EQ(name.core, each.core) << each.value;
    EXPECT_EQ(name.legal_form, each.form) << each.value;
  }
}

TEST(Organisation, WordsForAndAndBranchesGo) {
  EXPECT_EQ(organisation("Johnson & Johnson").folded, organisation("Johnson and Johnson").folded);
  EXPECT_EQ(organisation("Рога и копыта").core, "roga kopyta");
  const OrganisationName branch = organisation("Филиал ООО \"Газпром\"");
  EXPECT_TRUE(branch.branch);
  EXPECT_EQ(branch.core, "gazprom");
  EXPECT_FALSE(organisation("Gazprom").branch);
  const OrganisationName name = organisation("International Business Machines Corp.");
  EXPECT_EQ(name.acronym, "ibm");
  EXPECT_EQ(name.sorted, organisation("Machines, Business International").sorted);
  EXPECT_EQ(organisation("IBM").acronym, "");
}

TEST(Email, ReachesOneMailbox) {
  struct Case {
    const char* value;
    const char* mailbox;
    bool valid;
  };
  const std::vector<Case> cases{
      {" John.Doe+news@GoogleMail.com ", "johndoe@gmail.com", true},
      {"mailto:a@b.org?subject=x", "a@b.org", true},
      {"Иван <ivan@почта.рф>", "ivan@xn--80a1acny.xn--p1ai", true},
      {"ivan.petrov@ya.ru", "ivan-petrov@yandex.ru", true},
      {"a@mail.ru", "a@mail.ru", true},
      {"a@inbox.ru", "a@inbox.ru", true},
      {"x.y+z@firm.com", "x.y@firm.com", true},
      {"ａ＠ｂ.ｃｏｍ", "a@b.com", true},
      {"a\u200B@b.com.", "a@b.com", true},
      {"bad@@x.com", "bad@@x.com", false},
      {"a@b", "a@b", false},
      {"a b@c.com", "a b@c.com", false},
      {"..a@c.com", "a@c.com", true},
      {"a..b@c.com", "a..b@c.com", false},
      {"a@-c.com", "a@-c.com", false},
      {"a@1.2.3.4", "a@1.2.3.4", false},
      {"nothing", "", false},
      {"", "", false},
      {"@", "@", false},
  };
  for (const Case& each : cases) {
    const EmailAddress mail = email(each.value);
    EXPECT_EQ(mail.mailbox, each.mailbox) << each.value;
    EXPECT_EQ(mail.valid, each.valid) << each.value;
    if (mail.valid) {
      EXPECT_EQ(email(mail.mailbox).mailbox, mail.mailbox) << each.value;
    }
  }
  EXPECT_EQ(email("John.Doe+news@GoogleMail.com").address, "john.doe+news@googlemail.com");
}

TEST(Phone, BecomesE164) {
  struct Case {
    const char* value;
    const char* region;
    const char* number;
    const char* extension;
    bool valid;
  };
  const std::vector<Case> cases{
      {"+7 (495) 123-45-67", "", "+74951234567", "", true},
      {"8 495 123-45-67", "", "+74951234567", "", true},
      {"74951234567", "", "+74951234567", "", true},
      {"495 1234567", "", "+74951234567", "", true},
      {"8-495-123-45-67 доб. 12", "", "+74951234567", "12", true},
      {"+1 650 253 0000 ext 5", "", "+16502530000", "5", true},
      {"(650) 253-0000 x5", "US", "+16502530000", "5", true},
      {"1-650-253-0000", "US", "+16502530000", "", true},
      {"020 7946 0958", "GB", "+442079460958", "", true},
      {"＋７ ９１６ １２３ ４５ ６７", "", "+79161234567", "", true},
      {"138 1234 5678", "CN", "+8613812345678", "", true},
      {"12", "", "12", "", false},
      {"", "", "", "", false},
      {"none", "", "", "", false},
  };
  for (const Case& each : cases) {
    const PhoneNumber number = phone(each.value, each.region);
    EXPECT_EQ(number.number, each.number) << each.value;
    EXPECT_EQ(number.extension, each.extension) << each.value;
    EXPECT_EQ(number.valid, each.valid) << each.value;
    if (number.valid) {
      EXPECT_EQ(phone(number.number).number, number.number) << each.value;
    }
  }
}

TEST(Phone, ShortWayEqualsTheLibrary) {
#ifdef KLIENTELA_WITH_PHONENUMBER
  ASSERT_TRUE(has_phone_library());
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  Random random(17);
  const std::vector<std::pair<const char*, const char*>> plans{
      {"RU", "7"},   {"KZ", "7"},   {"US", "1"},  {"CA", "1"},   {"GB", "44"}, {"FR", "33"}, {"ES", "34"},
      {"PL", "48"},  {"CN", "86"},  {"IN", "91"}, {"UA", "380"}, {"NL", "31"}, {"AU", "61"}, {"ZA", "27"},
      {"TR", "90"},  {"CZ", "420"}, {"CH", "41"}, {"MX", "52"},  {"CL", "56"}, {"GR", "30"}, {"PT", "351"},
      {"HK", "852"}, {"SG", "65"},  {"BE", "32"}, {"SE", "46"},  {"NO", "47"}, {"DK", "45"}, {"RO", "40"},
      {"LV", "371"}, {"CO", "57"},  {"DE", "49"}, {"IT", "39"}};
  std::size_t valid = 0;
  for (int i = 0; i < 30000; ++i) {
    const auto& [region, code] = plans[random() % plans.size()];
    static const char* const fronts[] = {"+", "", "0", "8", "1", "", "+", "00", "06"};
    std::string value = fronts[random() % std::size(fronts)];
    if (random() % 2 == 0) value += code;
    for (std::uint32_t k = 7 + random() % 5; k > 0; --k) {
      value += static_cast<char>('0' + random() % 10);
      if (random() % 5 == 0) value += " -().."[random() % 4];
    }
    i18n::phonenumbers::PhoneNumber parsed;
    std::string number;
    const bool known = library.Parse(value, region, &parsed) == PhoneNumberUtil::NO_PARSING_ERROR &&
                       library.IsPossibleNumberWithReason(parsed) == PhoneNumberUtil::IS_POSSIBLE;
    if (known) library.Format(parsed, PhoneNumberUtil::E164, &number);
    const PhoneNumber ours = phone(value, region);
    EXPECT_EQ(ours.valid, known) << region << " " << value << " " << number;
    if (known && ours.valid) {
      EXPECT_EQ(ours.number, number) << region << " " << value;
    }
    valid += known;
  }
  EXPECT_GT(valid, 5000U);
#else
  EXPECT_FALSE(has_phone_library());
  GTEST_SKIP() << "this build has no libphonenumber";
#endif
}

TEST(Address, PartsAreTold) {
  struct Case {
    const char* value;
    const char* text;
    const char* house;
    const char* block;
    const char* unit;
    const char* postcode;
  };
  const std::vector<Case> cases{
      {"г. Москва, ул. Ленина, д. 5, корп. 2, кв. 12", "moscow street lenina 5 2 12", "5", "2", "12", ""},
      {"101000, Москва, Ленина улица, дом 5, корпус 2, квартира 12", "moscow lenina street 5 2 12", "5", "2", "12",
       "101000"},
      {"Москва, Ленина ул., 5/2-12", "moscow lenina street 5 2 12", "5", "2", "12", ""},
      {"ul. Lenina 5 kv 12", "street lenina 5 12", "5", "", "12", ""},
      {"ул. Ленина 5к2", "street lenina 5 2", "5", "2", "", ""},
      {"ул. 8 Марта, д. 10", "street 8 marta 10", "10", "", "", ""},
      {"ул. Ленина, д. 5 а", "street lenina 5a", "5a", "", "", ""},
      {"221B Baker Street, London NW1 6XE", "221b baker street london", "221b", "", "", "nw16xe"},
      {"123 N Main St Apt 4B, Springfield IL 62704-1234", "123 n main street 4b springfeld il", "123", "", "4b",
       "62704"},
      {"Hauptstraße 5a, 10115 Berlin", "haupt street 5a berlin", "5a", "", "", "10115"},
      {"103 E. 58th St.", "103 e 58 street", "103", "", "", ""},
      {"8 Rosebery Close, Mount Waverley NSW 2112", "8 roseberi close mount vaverlei nsv", "8", "", "", "2112"},
      {"5th Avenue 10", "5 avenue 10", "10", "", "", ""},
      {"", "", "", "", "", ""},
  };
  for (const Case& each : cases) {
    const PostalAddress found = address(each.value);
    EXPECT_EQ(found.text, each.text) << each.value;
    EXPECT_EQ(found.house, each.house) << each.value;
    EXPECT_EQ(found.block, each.block) << each.value;
    EXPECT_EQ(found.unit, each.unit) << each.value;
    EXPECT_EQ(found.postcode, each.postcode) << each.value;
  }
  EXPECT_EQ(address("Goethe Str. 5").house, "5");
  EXPECT_EQ(address("ул. Ленина, 5, стр. 2").block, "2");
  EXPECT_EQ(address("P.O. Box 99, Springfield").po_box, "99");
  EXPECT_EQ(address("а/я 17, Казань").po_box, "17");
  EXPECT_EQ(address("北京市海淀区中关村大街27号").house, "27");
  EXPECT_EQ(address("Lenina street, 5").sorted, address("5 Lenina St").sorted);
  EXPECT_EQ(address("Москва, пр-т Мира 5").text, address("Moscow, prospekt Mira, 5").text);
}

TEST(Tax, CheckDigitsAreChecked) {
  struct Case {
    const char* value;
    TaxNumberKind kind;
    bool valid;
    bool checked;
  };
  const std::vector<Case> cases{
      {"7707083893", TaxNumberKind::inn_organisation, true, true},
      {"ИНН 7707083893", TaxNumberKind::inn_organisation, true, true},
      {"7707083894", TaxNumberKind::inn_organisation, false, false},
      {"500100732259", TaxNumberKind::inn_person, true, true},
      {"500100732258", TaxNumberKind::inn_person, false, false},
      {"773601001", TaxNumberKind::kpp, true, false},
      {"1027700132195", TaxNumberKind::ogrn, true, true},
      {"1027700132196", TaxNumberKind::ogrn, false, false},
      {"DE 136 695 976", TaxNumberKind::eu_vat, true, true},
      {"DE136695977", TaxNumberKind::eu_vat, false, false},
      {"FR40303265045", TaxNumberKind::eu_vat, true, true},
      {"IT00743110157", TaxNumberKind::eu_vat, true, true},
      {"ATU13585627", TaxNumberKind::eu_vat, true, true},
      {"BE0428759497", TaxNumberKind::eu_vat, true, true},
      {"PL8567346215", TaxNumberKind::eu_vat, true, true},
      {"NL004495445B01", TaxNumberKind::eu_vat, true, true},
      {"DK13585628", TaxNumberKind::eu_vat, true, true},
      {"FI20774740", TaxNumberKind::eu_vat, true, true},
      {"SE123456789701", TaxNumberKind::eu_vat, true, true},
      {"PT501964843", TaxNumberKind::eu_vat, true, true},
      {"LU15027442", TaxNumberKind::eu_vat, true, true},
      {"EL094259216", TaxNumberKind::eu_vat, true, true},
      {"HU12892312", TaxNumberKind::eu_vat, true, true},
      {"SI50223054", TaxNumberKind::eu_vat, true, true},
      {"EE100931558", TaxNumberKind::eu_vat, true, true},
      {"MT11679112", TaxNumberKind::eu_vat, true, true},
      {"RO18547290", TaxNumberKind::eu_vat, true, true},
      {"SK2022749619", TaxNumberKind::eu_vat, true, true},
      {"CZ25123891", TaxNumberKind::eu_vat, true, true},
      {"HR33392005961", TaxNumberKind::eu_vat, true, true},
      {"GB980780684", TaxNumberKind::eu_vat, true, true},
      {"ES54362315K", TaxNumberKind::eu_vat, true, true},
      {"ESX2482300W", TaxNumberKind::eu_vat, true, true},
      {"ESJ99216582", TaxNumberKind::eu_vat, true, true},
      {"91110000802100433B", TaxNumberKind::uscc, true, true},
      {"91110000802100433C", TaxNumberKind::uscc, false, false},
      {"12-3456789", TaxNumberKind::ein, true, false},
      {"07-3456789", TaxNumberKind::ein, false, false},
      {"", TaxNumberKind::unknown, false, false},
      {"abc", TaxNumberKind::unknown, false, false},
  };
  for (const Case& each : cases) {
    const TaxNumber number = tax(each.value);
    EXPECT_EQ(number.kind, each.kind) << each.value << " " << name(number.kind);
    EXPECT_EQ(number.valid, each.valid) << each.value;
    EXPECT_EQ(number.checked, each.checked) << each.value;
  }
}

TEST(Domain, IsWhatCanBeRegistered) {
  struct Case {
    const char* value;
    const char* host;
    const char* registrable;
  };
  const std::vector<Case> cases{
      {"https://www.Shop.Example.co.uk/path?x=1", "shop.example.co.uk", "example.co.uk"},
      {"пример.рф", "xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"},
      {"http://user@example.com:80", "example.com", "example.com"},
      {"WWW.EXAMPLE.COM", "example.com", "example.com"},
      {"a.b.example.com.", "a.b.example.com", "example.com"},
      {"co.uk", "co.uk", "co.uk"},
      {"example", "example", ""},
      {"", "", ""},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(domain(each.value).host, each.host) << each.value;
    EXPECT_EQ(domain(each.value).registrable, each.registrable) << each.value;
  }
}

/// Calls everything with one value; what comes out is UTF-8 without controls.
void call_all(std::string_view value) {
  NormalText a;
  PersonName b;
  OrganisationName c;
  EmailAddress d;
  PhoneNumber e;
  PostalAddress f;
  TaxNumber g;
  WebDomain h;
  normaliser().text(value, a);
  normaliser().person(value, b);
  normaliser().person(value, value, value, b);
  normaliser().organisation(value, c);
  normaliser().email(value, d);
  normaliser().phone(value, e);
  normaliser().address(value, f);
  normaliser().tax_number(value, g);
  normaliser().domain(value, h);
  for (const std::string* out : {&a.latin, &a.folded, &b.given, &b.family, &c.core, &f.text, &f.street})
    for (const char byte : *out) EXPECT_TRUE(static_cast<unsigned char>(byte) >= 0x20) << *out;
}

TEST(Hostile, NothingBreaks) {
  const std::string long_name(10'000, 'a');
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "И. ";
  std::string han;
  for (int i = 0; i < 3000; ++i) han += "王";
  std::string thai;
  for (int i = 0; i < 3000; ++i) thai += "ก";
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "ООО и x ";
  std::string digits(10'000, '1');
  for (const std::string& value : {std::string(),
                                   std::string(" "),
                                   std::string("..,,--//"),
                                   std::string("\xFF\xFE\xC3\x28\xE2\x82"),
                                   std::string("a\0b", 3),
                                   std::string("\u200B\u202E\uFEFF"),
                                   std::string("-"),
                                   std::string(",,,"),
                                   std::string("@@@"),
                                   std::string("<>"),
                                   std::string("\u0306\u0301"),
                                   std::string("\xED\xA0\x80"),
                                   std::string("\xF4\x90\x80\x80"),
                                   std::string("и\u200B\u0306"),
                                   std::string("- - -"),
                                   std::string("٣٤٥"),
                                   std::string("½ №"),
                                   long_name,
                                   words,
                                   many,
                                   han,
                                   thai,
                                   digits})
    call_all(value);
  EXPECT_EQ(text("a\xFFz").latin, "a z");
  EXPECT_EQ(person("Ив\u200Bан\u202E Иванов").given, "ivan");
}

TEST(Threads, GiveTheSame) {
  const Normaliser fresh;
  std::vector<std::string> results(4);
  std::vector<std::jthread> threads;
  for (std::string& result : results)
    threads.emplace_back([&] {
      NormalText out;
      for (int i = 0; i < 50; ++i)
        for (const char* const value : {"王小明", "さくら", "Γιώργος", "Иван", "한국"}) {
          fresh.text(value, out);
          result += out.folded + ";";
        }
    });
  threads.clear();
  for (const std::string& result : results) EXPECT_EQ(result, results[0]);
}

TEST(Options, ListsAreExtended) {
  NormaliserOptions options = normaliser_options_from_json(
      R"({"region": "US", "lists": {"nicknames": ["robert: Bobster"], "legal_forms": ["end xyz: XYZ"]}})");
  EXPECT_EQ(options.region, "US");
  EXPECT_EQ(normaliser_options_from_json(to_json(options)), options);
  const Normaliser own(options);
  PersonName name;
  own.person("Bobster", "", "Smith", name);
  EXPECT_EQ(name.given_roots, "robert");
  OrganisationName firm;
  own.organisation("Acme XYZ", firm);
  EXPECT_EQ(firm.core, "acme");
  options.without.insert("nicknames");
  options.lists.erase("nicknames");
  Normaliser(options).person("Bob", "", "Smith", name);
  EXPECT_EQ(name.given_roots, "bob");
}

TEST(Options, ErrorsNameThePointer) {
  const auto where = [](const char* json) -> std::string {
    try {
      (void)normaliser_options_from_json(json, "/dedupe");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::bad_policy);
      return error.where();
    }
    return "no error";
  };
  EXPECT_EQ(where("{}"), "no error");
  EXPECT_EQ(where(R"({"region": "ru"})"), "/dedupe/region");
  EXPECT_EQ(where(R"({"regions": "RU"})"), "/dedupe/regions");
  EXPECT_EQ(where(R"({"without": ["nothing"]})"), "/dedupe/without/0");
  EXPECT_EQ(where(R"({"lists": {"nothing": []}})"), "/dedupe/lists/nothing");
  EXPECT_EQ(where(R"({"lists": {"nicknames": ["a: b", ": b"]}})"), "/dedupe/lists/nicknames/1");
  EXPECT_EQ(where(R"({"lists": {"phone_plans": ["7 RUS 10"]}})"), "/dedupe/lists/phone_plans/0");
  EXPECT_NE(normaliser_options_schema().find("phone_plans"), std::string::npos);
  NormaliserOptions options;
  options.lists["nicknames"] = {"robert: bob", "\xFF: x"};
  try {
    const Normaliser normaliser(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "lists.nicknames.1");
  }
  EXPECT_NE(to_json(options).find("bob"), std::string::npos);  // writes what it can
}

TEST(Phone, BeginsAsItIsTyped) {
  const Normaliser russia({.region = "RU"});
  const auto has = [](const std::vector<std::string>& all, const char* one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  EXPECT_TRUE(has(russia.phone_beginnings("8 (495) 1"), "+74951"));
  EXPECT_TRUE(has(russia.phone_beginnings("495 1"), "+74951"));
  EXPECT_TRUE(has(russia.phone_beginnings("0049 30"), "+4930"));
  EXPECT_TRUE(has(russia.phone_beginnings("030 55", "DE"), "+493055"));
  EXPECT_EQ(russia.phone_beginnings("+7 (49"), std::vector<std::string>{"+749"});
  EXPECT_TRUE(russia.phone_beginnings(" +() ").empty());
  EXPECT_TRUE(has(Normaliser().phone_beginnings("495"), "495"));
}

TEST(Normaliser, SharesListsAndNotOptions) {
  const Normaliser russia({.region = "RU"});
  const Normaliser germany({.region = "DE", .strip_tags = false});
  PhoneNumber phone;
  russia.phone("8 495 123-45-67", phone);
  EXPECT_EQ(phone.number, "+74951234567");
  germany.phone("030 5550100", phone);
  EXPECT_EQ(phone.number, "+49305550100");
  EmailAddress email;
  russia.email("anna+news@firm.example", email);
  EXPECT_EQ(email.local, "anna");
  germany.email("anna+news@firm.example", email);
  EXPECT_EQ(email.local, "anna+news");
  EXPECT_EQ(russia.options().region, "RU");
  EXPECT_EQ(germany.options().region, "DE");
}

}  // namespace
}  // namespace klientela
