// The lists that values are normalised by, read from their text files and the host's lines into tables for look-up.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dedupe/normalise_text.hpp"
#include "klientela/dedupe/normalise.hpp"

namespace klientela::dedupe_internal {

/// Numbers by words; open addressing, no allocation to find. Words are bytes, of any length.
class WordMap {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  /// The number of the word, for reading and writing; a new word has none.
  std::uint32_t& operator[](std::string_view word);
  [[nodiscard]] std::uint32_t find(std::string_view word) const noexcept {
    if (slots_.empty()) return none;
    const std::uint64_t key = hash(word);
    for (std::size_t i = key & mask_;; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.length == empty) return none;
      if (slot.hash == static_cast<std::uint32_t>(key >> 32) && slot.length == word.size() &&
          std::memcmp(bytes_.data() + slot.begin, word.data(), word.size()) == 0)
        return slot.value;
    }
  }
  [[nodiscard]] bool contains(std::string_view word) const noexcept { return find(word) != none; }

 private:
  static constexpr std::uint32_t empty = 0xFFFFFFFF;
  struct Slot {
    std::uint32_t hash{};
    std::uint32_t begin{};
    std::uint32_t length{empty};
    std::uint32_t value{none};
  };
  [[nodiscard]] static std::uint64_t hash(std::string_view word) noexcept {
    std::uint64_t h = 0x9E3779B97F4A7C15U ^ word.size();
    std::size_t i = 0;
    for (; i + 8 <= word.size(); i += 8) {
      std::uint64_t part;
      std::memcpy(&part, word.data() + i, 8);
      h = (h ^ part) * 0xFF51AFD7ED558CCDU;
      h ^= h >> 32;
    }
    std::uint64_t rest = 0;
    for (; i < word.size(); ++i) rest = rest << 8 | static_cast<unsigned char>(word[i]);
    h = (h ^ rest) * 0xC4CEB9FE1A85EC53U;
    return h ^ h >> 29;
  }
  void grow();

  std::vector<Slot> slots_;
  std::string bytes_;
  std::size_t mask_{};
  std::size_t used_{};
};

/// Numbers by phrases of one or more words between single blanks.
class PhraseMap {
 public:
  std::uint32_t& operator[](std::string_view phrase);
  [[nodiscard]] std::uint32_t find(std::string_view phrase) const noexcept { return phrases_.find(phrase); }
  [[nodiscard]] bool contains(std::string_view phrase) const noexcept { return find(phrase) != WordMap::none; }
  /// Words of the longest phrase that begins, or ends, with a word; 0: none does.
  [[nodiscard]] std::size_t longest_from(std::string_view word) const noexcept { return length(begins_, word); }
  [[nodiscard]] std::size_t longest_to(std::string_view word) const noexcept { return length(ends_, word); }

 private:
  [[nodiscard]] static std::size_t length(const WordMap& map, std::string_view word) noexcept {
    const std::uint32_t found = map.find(word);
    return found == WordMap::none ? 0 : found;
  }
  WordMap phrases_;
  WordMap begins_;
  WordMap ends_;
};

/// A built-in list: its name and the text of its file.
struct BuiltinList {
  std::string_view name;
  std::string_view text;
};
[[nodiscard]] std::span<const BuiltinList> builtin_lists() noexcept;

/// What a word may be in a person's name; several at once.
enum PersonWordKind : std::uint8_t {
  title_word = 1,
  generation_word = 2,
  particle_word = 4,
  surname_word = 8,  ///< a Chinese one
};

struct LegalForm {
  std::string name;
  bool front{};
  bool end{};
};

enum class OrganisationWord : std::uint32_t { branch, conjunction };

enum class AddressWordKind : std::uint8_t {
  kind,        ///< of street: its name stays
  house,       ///< a number follows that is the house's
  block,       ///< ... the building's at that number
  unit,        ///< ... the flat's
  po_box,      ///< ... the post-office box's
  floor,       ///< ... of no use
  settlement,  ///< a name follows; the word itself goes
  number,      ///< stands in front of a number and says nothing: "no"
  direction,   ///< north, ...: its name stays
  word,        ///< another word that has a short form
  country,     ///< goes
};
struct AddressWord {
  AddressWordKind kind{};
  std::string name;
};

struct MailProvider {
  std::string domain;
  bool dots{};     ///< points in front of the @ count as nothing
  bool hyphens{};  ///< points there are the same as hyphens
  char tag{};      ///< begins what counts as nothing; '\0': the usual +
};

struct PhonePlan {
  std::uint16_t country{};
  std::string region;       ///< "US"
  std::uint8_t shortest{};  ///< digits behind the country code
  std::uint8_t longest{};
  std::string trunk;                      ///< what stands in front at home: "8", "0", "1", ""
  std::uint16_t first{};                  ///< bits of digits a number may begin with for the short way
  std::array<std::uint8_t, 2> lengths{};  ///< lengths that take the short way, and no others; 0: none
};

/// Tokens of an organisation's name out of Latin with punctuation: letters between points are one ("S. p. A." is spa).
void organisation_tokens(std::string_view latin, std::string& out);

/// Splits "head: a, b" into head and words, comments off. False for a line that says nothing.
[[nodiscard]] bool split_line(std::string_view line, std::string_view& head, std::vector<std::string_view>& words);

}  // namespace klientela::dedupe_internal

namespace klientela {

struct Normaliser::Data {
  /// By `without` and `lists`. \throws Error as Normaliser::Normaliser
  explicit Data(const NormaliserOptions& options);

  dedupe_internal::Latinizer latinizer;

  dedupe_internal::WordMap name_words;                           ///< by Latin word, bits of PersonWordKind
  dedupe_internal::WordMap given_names;                          ///< by folded name, into roots
  std::vector<std::string> roots;                                ///< sorted, separated by blanks
  std::map<std::string, std::string, std::less<>> han_surnames;  ///< by their characters, the reading
  std::size_t longest_han_surname{};                             ///< bytes
  dedupe_internal::PhraseMap legal_words;                        ///< by Latin words, into legal_forms
  std::vector<dedupe_internal::LegalForm> legal_forms;
  dedupe_internal::PhraseMap organisation_words;  ///< by Latin words, OrganisationWord
  dedupe_internal::PhraseMap address_words;       ///< by Latin words, into addresses
  std::vector<dedupe_internal::AddressWord> addresses;
  dedupe_internal::WordMap mail_domains;  ///< by ASCII domain, into providers
  std::vector<dedupe_internal::MailProvider> providers;
  dedupe_internal::WordMap suffixes;  ///< "co.uk"
  std::vector<dedupe_internal::PhonePlan> plans;
  std::array<std::int16_t, 1000> plan_of_country{};    ///< first plan by country code; -1: none
  std::array<std::int16_t, 26 * 26> plan_of_region{};  ///< by region; -1: none

  [[nodiscard]] const dedupe_internal::PhonePlan* plan_of(std::string_view region) const noexcept;

 private:
  /// \returns what is wrong with the line, empty: nothing
  [[nodiscard]] std::string add(std::string_view list, std::string_view line);
  [[nodiscard]] std::string add_nickname(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_name_word(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_surname(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_legal_form(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_organisation_word(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_address_word(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_provider(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_suffix(std::string_view head, const std::vector<std::string_view>& words);
  [[nodiscard]] std::string add_plan(std::string_view head, const std::vector<std::string_view>& words);
  void mark(std::string_view name, std::uint8_t kind);
  [[nodiscard]] std::string latin(std::string_view text) const;
  /// Latin with letters between points joined, as organisations' names are read.
  [[nodiscard]] std::string organisation_latin(std::string_view text) const;
  [[nodiscard]] std::string folded(std::string_view text) const;
};

}  // namespace klientela
