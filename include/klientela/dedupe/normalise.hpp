// One value of a card in the forms that duplicates are compared by: texts, names, e-mails, phones, addresses, numbers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace klientela {

/// Memory that a result keeps from call to call, so that a result used again allocates nothing. Of no meaning itself.
struct NormaliserMemory {
  std::string text;
  std::string other;
  std::string third;
  std::vector<std::uint32_t> numbers;
  std::vector<std::string_view> views;

  /// Memory is no part of a value: all are equal.
  friend bool operator==(const NormaliserMemory&, const NormaliserMemory&) noexcept { return true; }
};

/// A text in Latin. Tokens are separated by single blanks. All strings of this header are lower case.
struct NormalText {
  std::string latin;  ///< readable: "Щербаков" is "shcherbakov"; letters a-z, digits; what ICU cannot write in Latin
                      ///< stays in its own script
  std::string folded;  ///< latin with its usual spellings made one: kh and h, y, i and j, ts and c, ks and x, doubled
                       ///< letters, ...; for comparison only
  NormaliserMemory memory;
  friend bool operator==(const NormalText&, const NormalText&) = default;
};

struct PersonName {
  std::string given;   ///< Latin; tokens of a compound name by blanks; a single letter where only an initial is known
  std::string middle;  ///< Latin; patronymic or other middle names
  std::string family;  ///< Latin; a double surname is two tokens
  std::string given_folded;  ///< as NormalText::folded
  std::string middle_folded;
  std::string family_folded;
  std::string given_roots;  ///< sorted folded roots of the given name ("sasha": aleksandr aleksandra); without any in
                            ///< the list: given_folded
  std::string family_stem;  ///< family_folded without the endings that tell women from men ("ivanova": ivanov)
  bool given_is_initial{};
  bool middle_is_initial{};
  NormaliserMemory memory;
  friend bool operator==(const PersonName&, const PersonName&) = default;
};

struct OrganisationName {
  std::string core;     ///< Latin tokens without legal form, branch words and words for "and"; never empty unless the
                        ///< name is
  std::string folded;   ///< the same, folded
  std::string sorted;   ///< the tokens of folded in byte order, each once
  std::string acronym;  ///< first letters of the tokens of core, where there are two or more; else empty
  std::string legal_form;  ///< names of the legal forms as the list has them ("llc"), sorted
  bool branch{};           ///< a word for a branch or department was there
  NormaliserMemory memory;
  friend bool operator==(const OrganisationName&, const OrganisationName&) = default;
};

struct EmailAddress {
  std::string address;  ///< trimmed, lower case, domain as ASCII; empty without an @
  std::string mailbox;  ///< where it is delivered: tags and dots off and domains made one as the provider's rules say
  std::string local;    ///< of mailbox, in front of the @
  std::string domain;   ///< of mailbox, behind it
  bool valid{};         ///< could be delivered as far as its spelling goes
  NormaliserMemory memory;
  friend bool operator==(const EmailAddress&, const EmailAddress&) = default;
};

struct PhoneNumber {
  std::string number;     ///< "+74951234567" where valid; else the digits as they were written
  std::string extension;  ///< digits; empty without one
  bool valid{};           ///< number is E.164 and as long as numbers of its country are
  NormaliserMemory memory;
  friend bool operator==(const PhoneNumber&, const PhoneNumber&) = default;
};

struct PostalAddress {
  std::string text;  ///< folded tokens in order, kinds of street by their names in the list, numbers with them; without
                     ///< postcode
  std::string sorted;  ///< the tokens of text in byte order, each once
  std::string street;  ///< tokens of text that are neither number nor kind of street nor its marker
  std::string house;   ///< "5", "5a"
  std::string block;   ///< building or block at the number
  std::string unit;    ///< flat, office, suite
  std::string po_box;
  std::string postcode;  ///< without blanks
  NormaliserMemory memory;
  friend bool operator==(const PostalAddress&, const PostalAddress&) = default;
};

enum class TaxNumberKind : std::uint8_t {
  unknown,
  inn_organisation,  ///< Russia, 10 digits, one check digit
  inn_person,        ///< Russia, 12 digits, two
  kpp,               ///< Russia, 9 characters, no check digit
  ogrn,              ///< Russia, 13 or 15 digits, one check digit
  eu_vat,            ///< VAT number of the European Union or the United Kingdom with its country in front
  uscc,              ///< China, 18 characters, one check character
  ein,               ///< United States, 2 and 7 digits, a prefix in use
};
[[nodiscard]] std::string_view name(TaxNumberKind kind) noexcept;

struct TaxNumber {
  std::string number;  ///< digits and lower-case letters, nothing else
  TaxNumberKind kind{};
  bool valid{};    ///< length and check digits fit the kind
  bool checked{};  ///< the kind has check digits that are known here, and they fit
  friend bool operator==(const TaxNumber&, const TaxNumber&) = default;
};

struct WebDomain {
  std::string host;         ///< ASCII, without scheme, user, port, path and "www."
  std::string registrable;  ///< what can be bought: "example.co.uk" of "shop.example.co.uk"
  bool valid{};
  NormaliserMemory memory;
  friend bool operator==(const WebDomain&, const WebDomain&) = default;
};

struct NormaliserOptions {
  /// ISO 3166 code of the country of phones written without one; empty: they stay as their digits.
  std::string region{};
  /// What follows a + in front of the @ is no part of a mailbox, at every provider.
  bool strip_tags{true};
  /// Built-in lists that are not used, by name (see normaliser_lists()).
  std::set<std::string> without{};
  /// Lines to add to lists, by name of the list, as its file in src/dedupe/data describes them.
  std::map<std::string, std::vector<std::string>> lists{};
  friend bool operator==(const NormaliserOptions&, const NormaliserOptions&) = default;
};

/// Names of the lists that come with the library, sorted.
[[nodiscard]] std::vector<std::string_view> normaliser_lists();

/// Reads {"region": "RU", "strip_tags": true, "without": ["nicknames"], "lists": {"nicknames": ["robert: Bobster"]}}.
/// \param pointer  JSON pointer of this part in its document; begins the where() of errors
/// \throws Error bad_policy naming the pointer: not JSON, an unknown or repeated key or list, a wrong type, a region
/// that
///         is not two capital letters, a line that its list cannot read
[[nodiscard]] NormaliserOptions normaliser_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same.
[[nodiscard]] std::string to_json(const NormaliserOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string normaliser_options_schema();

/// Whether this build has libphonenumber; without it, numbers of countries that the list of phone plans lacks are
/// judged by their length alone.
[[nodiscard]] bool has_phone_library() noexcept;

/// Normalises values. Immutable; cheap to copy, and to make with the built-in lists as they are, which are read once a
/// process (0.1 s); every call is thread-safe, and gives the same for the same bytes and
/// options. Invalid UTF-8 counts as blanks, characters without width, marks of direction and controls as nothing. Every
/// call is O(bytes); of a person's name 24 tokens are read, of an organisation's or an address's 40, and the rest is
/// left off. Results are written over, their memory is used again. Calls throw std::bad_alloc, or Error internal where
/// the data of ICU are missing, and nothing else. Latin and Cyrillic take tables of our own; Han is written as pinyin
/// and every other script in Latin by ICU, behind a lock.
class Normaliser {
 public:
  /// \throws Error invalid_argument naming the option: a region that is not two capital letters, a list that does not
  ///         exist, a line that its list cannot read
  explicit Normaliser(const NormaliserOptions& options = {});

  [[nodiscard]] const NormaliserOptions& options() const noexcept;

  void text(std::string_view value, NormalText& out) const;
  /// Out of one text; the order of its parts is guessed: a comma, a patronymic, initials, names of the list, endings.
  void person(std::string_view full_name, PersonName& out) const;
  /// Out of fields; what is in the wrong one is left there, but a patronymic behind a given name, and titles. With
  /// neither given name nor middle name, a family name of several words is read as a full name.
  void person(std::string_view given, std::string_view middle, std::string_view family, PersonName& out) const;
  void organisation(std::string_view name, OrganisationName& out) const;
  void email(std::string_view value, EmailAddress& out) const;
  /// \param region  of this number, two capital letters; empty: that of the options
  void phone(std::string_view value, PhoneNumber& out, std::string_view region = {}) const;
  /// What numbers may begin with, as phone() writes them, whose first digits somebody has typed: with + or 00 in front,
  /// without, or as dialled at home. None without a digit.
  [[nodiscard]] std::vector<std::string> phone_beginnings(std::string_view typed, std::string_view region = {}) const;
  void address(std::string_view value, PostalAddress& out) const;
  void tax_number(std::string_view value, TaxNumber& out) const;
  void domain(std::string_view value, WebDomain& out) const;

  struct Data;

 private:
  std::shared_ptr<const Data> data_;
  std::shared_ptr<const NormaliserOptions> options_;
};

}  // namespace klientela
