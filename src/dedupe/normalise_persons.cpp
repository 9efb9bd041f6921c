// Names of persons: given, middle and family name told apart, titles off, one form for many spellings.
#include <algorithm>

#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

/// One token of a person's name.
struct NameToken {
  std::string_view latin;  ///< hyphens of a compound in it
  std::string_view folded;
  std::uint8_t kinds;  ///< bits of PersonWordKind
  bool is_given;       ///< in the list of given names
  bool behind_comma;
  [[nodiscard]] bool is(PersonWordKind kind) const noexcept { return (kinds & kind) != 0; }
  [[nodiscard]] bool is_initial() const noexcept { return latin.size() == 1 && is_letter(latin[0]); }
};

/// More tokens than a name has; what is behind them is left off.
constexpr std::size_t most_name_tokens = 24;

struct NameTokens {
  std::array<NameToken, most_name_tokens> at;  // of which size are set
  std::size_t size{};
  std::size_t comma{};  ///< tokens in front of the first comma; size where there is none

  void erase(std::size_t i) noexcept {
    std::move(at.begin() + static_cast<std::ptrdiff_t>(i) + 1, at.begin() + static_cast<std::ptrdiff_t>(size),
              at.begin() + static_cast<std::ptrdiff_t>(i));
    --size;
    if (i < comma) --comma;
  }
};

/// "Son" and "daughter" as words of their own behind the father's name.
bool is_turkic_child(std::string_view folded) noexcept {
  return folded == "ogli" || folded == "oglu" || folded == "ugli" || folded == "kizi" || folded == "gizi" ||
         folded == "ulu";
}

/// Whether a folded token looks like a patronymic.
bool is_patronymic(std::string_view folded) noexcept {
  static constexpr std::string_view sons[] = {"ovich", "evich", "avich", "mich", "tich", "kich", "lich"};
  static constexpr std::string_view daughters[] = {"ovna", "evna", "avna", "ivna", "ichna"};
  static constexpr std::string_view turkic[] = {"ogli", "ugli", "uli", "kizi", "gizi"};
  const auto ends = [&](const auto& endings) {
    return std::any_of(std::begin(endings), std::end(endings),
                       [&](std::string_view end) { return folded.ends_with(end); });
  };
  if (folded.size() < 6) return folded == "ilich" || is_turkic_child(folded);
  switch (folded.back()) {
    case 'h': return ends(sons);
    case 'a': return ends(daughters);
    case 'i': return ends(turkic);
    case 'u': return folded.ends_with("oglu") || folded.ends_with("ulu");
    default: return false;
  }
}

/// Endings that surnames have and given names do not.
bool is_slavic_surname(std::string_view folded) noexcept {
  static constexpr std::string_view endings[] = {"ov",  "ova",  "ev",    "eva",  "av",     "ava",    "in",   "ina",
                                                 "ski", "ska",  "skaia", "tski", "tskaia", "enko",   "chuk", "iuk",
                                                 "ik",  "skii", "nko",   "ian",  "dze",    "shvili", "ikh",  "ih"};
  if (folded.size() < 5) return false;
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view end) { return folded.ends_with(end); });
}

/// Whether a token is one syllable of pinyin.
bool is_pinyin(std::string_view token) noexcept {
  static constexpr std::string_view initials[] = {"zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g",
                                                  "k",  "h",  "j",  "q", "x", "r", "z", "c", "s", "y", "w", ""};
  static constexpr std::string_view finals[] = {
      "a",  "o",  "e",   "i",   "u",   "v",   "ai", "ei", "ui", "ao",  "ou",  "iu",  "ie",  "ue",   "er",   "an",  "en",
      "in", "un", "ang", "eng", "ing", "ong", "ia", "ua", "uo", "uai", "iao", "ian", "uan", "iang", "uang", "iong"};
  if (token.empty() || token.size() > 6) return false;
  for (const std::string_view initial : initials) {
    if (!token.starts_with(initial)) continue;
    const std::string_view rest = token.substr(initial.size());
    if (std::find(std::begin(finals), std::end(finals), rest) != std::end(finals)) return true;
  }
  return false;
}

void append(std::string& out, std::string_view token) {
  if (token.empty()) return;
  if (!out.empty()) out.push_back(' ');
  const std::size_t begin = out.size();
  out.append(token);
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '-', ' ');
}

/// Reads a text with punctuation into tokens; views point into `latin` and `folded`.
void tokenise(const Normaliser::Data& data, std::string_view value, std::string& latin, std::string& folded,
              NameTokens& tokens) {
  data.latinizer.latin(value, latin, Keep::punctuation);
  // Folding looks no further than a blank: punctuation becomes one, where it does not hold a compound together.
  bool comma = false;
  bool any_comma = false;
  std::size_t begin = 0;
  std::array<std::size_t, 2 * most_name_tokens> bounds;
  std::array<bool, most_name_tokens> behind;
  std::size_t n = 0;
  const auto close = [&](std::size_t end) {
    std::size_t first = begin;
    std::size_t last = end;
    while (first < last && latin[first] == '-') ++first;
    while (last > first && latin[last - 1] == '-') --last;
    if (last > first && n < most_name_tokens) {
      bounds[2 * n] = first;
      bounds[2 * n + 1] = last;
      behind[n++] = comma;
    }
    begin = end + 1;
  };
  for (std::size_t i = 0; i < latin.size(); ++i) {
    const char c = latin[i];
    if (c == ' ' || c == '.' || c == '/' || c == ',') {
      close(i);
      if (c == ',' && n > 0) comma = any_comma = true;
    }
  }
  close(latin.size());
  // One pass of folding for all of them: what is between them is blanked, hyphens too.
  for (char& c : latin)
    if (c == '.' || c == '/' || c == ',') c = ' ';
  const std::size_t end_of_last = n ? bounds[2 * n - 1] : 0;
  fold(std::string_view(latin).substr(0, end_of_last), folded);
  // Walk both in step: tokens are what lies between runs of blanks.
  const std::string_view all(folded);
  std::size_t at = 0;
  tokens.size = n;
  tokens.comma = n;
  for (std::size_t i = 0; i < n; ++i) {
    NameToken& token = tokens.at[i];
    token.latin = std::string_view(latin).substr(bounds[2 * i], bounds[2 * i + 1] - bounds[2 * i]);
    for (;;) {
      while (at < all.size() && all[at] == ' ') ++at;
      const std::size_t end = std::min(all.find(' ', at), all.size());
      token.folded = all.substr(at, end - at);
      at = end;
      // Hyphens that stood alone have been left out above.
      while (!token.folded.empty() && token.folded.front() == '-') token.folded.remove_prefix(1);
      while (!token.folded.empty() && token.folded.back() == '-') token.folded.remove_suffix(1);
      if (!token.folded.empty() || at >= all.size()) break;
    }
    token.behind_comma = behind[i];
    if (any_comma && behind[i] && tokens.comma == n) tokens.comma = i;
    token.kinds = 0;
    token.is_given = false;
    if (token.latin.size() == 1 && is_letter(token.latin[0])) continue;
    if (const std::uint32_t kinds = data.name_words.find(token.latin); kinds != WordMap::none)
      token.kinds = static_cast<std::uint8_t>(kinds);
    token.is_given = data.given_names.contains(token.folded);
  }
}

/// Titles and generations off, unless nothing else is left.
void drop_titles(NameTokens& tokens) noexcept {
  std::size_t others = 0;
  for (std::size_t i = 0; i < tokens.size; ++i)
    others += !(tokens.at[i].is(title_word) || tokens.at[i].is(generation_word));
  if (others == 0) return;
  // Degrees behind a full name: "Sidorov Petr Alekseevich, k.t.n."
  const auto first = tokens.at.begin();
  const auto comma = first + static_cast<std::ptrdiff_t>(tokens.comma);
  const auto end = first + static_cast<std::ptrdiff_t>(tokens.size);
  if (comma != end && std::all_of(comma, end, [](const NameToken& t) { return t.is_initial(); }) &&
      std::any_of(first, comma, [](const NameToken& t) { return is_patronymic(t.folded); }))
    tokens.size = tokens.comma;
  for (std::size_t i = tokens.size; i-- > 0;) {
    const bool last = i + 1 == tokens.size;
    if (tokens.size > 1 && (tokens.at[i].is(title_word) ||
                            (tokens.at[i].is(generation_word) && i > 0 && (last || tokens.at[i].behind_comma))))
      tokens.erase(i);
  }
}

/// Ends that tell a woman's surname from a man's.
void stem(std::string_view latin, std::string_view folded, std::string& out) {
  const auto one = [](std::string_view name, bool hard_y) {
    const auto cut = [&](std::size_t n) { return name.substr(0, name.size() - n); };
    if (hard_y && name.size() >= 4 && name.ends_with("i")) return cut(1);
    if (name.size() < 5) return name;
    if (name.ends_with("skaia") || name.ends_with("tskaia")) return cut(3);
    if (name.ends_with("aia")) return cut(3);
    if (name.ends_with("ova") || name.ends_with("eva") || name.ends_with("ina") || name.ends_with("ava")) return cut(1);
    if (name.ends_with("ski") || name.ends_with("tski") || name.ends_with("ska") || name.ends_with("tska"))
      return cut(1);
    if (name.ends_with("oi")) return cut(2);
    return name;
  };
  out.clear();
  while (!folded.empty()) {
    const std::size_t end = std::min(folded.find(' '), folded.size());
    const std::size_t latin_end = std::min(latin.find(' '), latin.size());
    const std::string_view spelled = latin.substr(0, latin_end);
    const bool hard_y = spelled.size() > 2 && spelled.back() == 'y' &&
                        std::string_view("aeiouy").find(spelled[spelled.size() - 2]) == std::string_view::npos;
    if (!out.empty()) out.push_back(' ');
    out.append(one(folded.substr(0, end), hard_y));
    folded.remove_prefix(std::min(end + 1, folded.size()));
    latin.remove_prefix(std::min(latin_end + 1, latin.size()));
  }
}

void clear(PersonName& out) noexcept {
  out.given.clear();
  out.middle.clear();
  out.family.clear();
  out.given_roots.clear();
}

/// Fills what follows from given, middle and family.
void finish(const Normaliser::Data& data, PersonName& out) {
  fold(out.given, out.given_folded);
  fold(out.middle, out.middle_folded);
  fold(out.family, out.family_folded);
  stem(out.family, out.family_folded, out.family_stem);
  out.given_is_initial = out.given.size() == 1;
  out.middle_is_initial = out.middle.size() == 1;
  out.given_roots.clear();
  if (out.given_folded.empty() || out.given_is_initial) return;
  const std::string_view folded(out.given_folded);
  std::uint32_t known = data.given_names.find(folded);
  if (known == WordMap::none) known = data.given_names.find(folded.substr(0, folded.find(' ')));
  out.given_roots = known == WordMap::none ? folded : std::string_view(data.roots[known]);
}

/// A name in Han characters alone: surname first, of one character or in the list.
bool person_in_han(const Normaliser::Data& data, std::string_view value, PersonName& out) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < value.size(); ++characters) {
    const Decoded next = decode(value.substr(i));
    if (next.code < 0x3400 || next.code >= 0xA000 || (next.code >= 0x4DC0 && next.code < 0x4E00)) return false;
    i += next.bytes;
  }
  if (characters < 2 || characters > 5) return false;
  std::size_t cut = decode(value).bytes;
  std::string_view reading;
  for (std::size_t bytes = std::min(data.longest_han_surname, value.size() - 1); bytes > 0; --bytes) {
    if (const auto found = data.han_surnames.find(value.substr(0, bytes)); found != data.han_surnames.end()) {
      cut = bytes;
      reading = found->second;
      break;
    }
  }
  if (reading.empty())
    data.latinizer.latin(value.substr(0, cut), out.family);
  else
    out.family = reading;
  std::erase(out.family, ' ');
  data.latinizer.latin(value.substr(cut), out.given);
  std::erase(out.given, ' ');
  return true;
}

/// The parts of a full name by position: [family) may lie in front or behind.
struct Parts {
  std::size_t given{WordMap::none};
  std::size_t middle_begin{};
  std::size_t middle_end{};
  std::size_t family_begin{};
  std::size_t family_end{};
};

/// \param cyrillic  whether the name came in Cyrillic letters
Parts guess(const Normaliser::Data& data, const NameTokens& tokens, bool cyrillic) {
  const std::size_t n = tokens.size;
  const auto& at = tokens.at;
  const auto family_first = [&](std::size_t family) {
    Parts parts;
    parts.family_end = family;
    if (family < n) {
      parts.given = family;
      parts.middle_begin = family + 1;
      parts.middle_end = n;
    }
    return parts;
  };
  const auto given_first = [&](std::size_t family) {
    Parts parts;
    parts.given = 0;
    parts.middle_begin = 1;
    parts.middle_end = family;
    parts.family_begin = family;
    parts.family_end = n;
    return parts;
  };
  if (n == 1) {
    if (at[0].is_given && !at[0].is(surname_word)) return given_first(1);
    return family_first(1);
  }
  if (tokens.comma > 0 && tokens.comma < n) return family_first(tokens.comma);
  if (n > 2 && at[0].is(particle_word) && !at[0].is_given) return family_first(n - 1);  // "von Neumann John"
  // Particles begin a family name: "Ludwig van Beethoven".
  for (std::size_t i = 1; i + 1 < n; ++i)
    if (at[i].is(particle_word) && !at[i].is_initial()) return given_first(i);
  // A patronymic stands behind the given name.
  for (std::size_t i = n; i-- > 1;) {
    if (!is_patronymic(at[i].folded) || at[i - 1].is_initial()) continue;
    if (is_turkic_child(at[i].folded)) {
      if (i < 2) continue;
      return i + 1 == n ? family_first(i - 2) : given_first(i + 1);
    }
    if (i == 1 && n == 2) {
      // "Иван Петрович" is how people are addressed who write Cyrillic: the father's name is in the list. In Latin
      // letters, and of Abram, whom few are named after today, the second word is a surname: "Roman Abramovich".
      std::string_view father = at[1].folded;
      for (const std::string_view end : {"ovich", "evich", "ich", "ovna", "evna", "ivna"})
        if (father.ends_with(end)) {
          father.remove_suffix(end.size());
          break;
        }
      return given_first(cyrillic && at[0].is_given && father != "abram" && data.given_names.contains(father) ? 2 : 1);
    }
    if (i == 1) return given_first(2);
    // "Roman Arkadyevich Abramovich": of two in a row the last is the surname.
    if (i + 1 == n && is_patronymic(at[i - 1].folded)) return given_first(i);
    return i + 1 == n ? family_first(i - 1) : given_first(i + 1);
  }
  const std::size_t initials = static_cast<std::size_t>(std::count_if(
      at.begin(), at.begin() + static_cast<std::ptrdiff_t>(n), [](const NameToken& t) { return t.is_initial(); }));
  if (initials > 0 && initials < n) {
    if (at[n - 1].is_initial()) {
      std::size_t first = n;
      while (first > 0 && at[first - 1].is_initial()) --first;
      if (first >= 2 && n - first == 1 && (at[0].is_given || at[1].is_given)) {
        // "Kennedy John F."; "John Kennedy F." is read likewise by who is a given name.
        if (at[first - 1].is_given || !at[0].is_given) return family_first(first - 1);
      }
      return family_first(first);
    }
    if (at[0].is_initial()) {
      std::size_t last = 0;
      while (at[last].is_initial()) ++last;
      if (last >= 2 || n - last == 1) return given_first(last);
      return given_first(n - 1);
    }
    return given_first(n - 1);
  }
  // Chinese names in pinyin.
  const bool pinyin = std::all_of(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(n),
                                  [](const NameToken& t) { return is_pinyin(t.latin); });
  if (n >= 2 && n <= 3 && pinyin && at[0].is(surname_word)) return family_first(1);
  if (n == 2 && at[0].is(surname_word) != at[1].is(surname_word) && !at[0].is_given && !at[1].is_given)
    return at[0].is(surname_word) ? family_first(1) : given_first(1);
  if (n == 2) {
    if (at[1].is_given && !at[0].is_given) return family_first(1);
    if (at[0].is_given != at[1].is_given) return given_first(1);
    if (is_slavic_surname(at[0].folded) && !is_slavic_surname(at[1].folded)) return family_first(1);
    return given_first(1);
  }
  if (!at[0].is_given && at[1].is_given && is_slavic_surname(at[0].folded)) return family_first(1);
  return given_first(n - 1);
}

}  // namespace

void Normaliser::person(std::string_view full_name, PersonName& out) const {
  clear(out);
  if (!full_name.empty() && static_cast<unsigned char>(full_name[0]) >= 0xE3 && person_in_han(*data_, full_name, out)) {
    finish(*data_, out);
    return;
  }
  NameTokens tokens;
  tokenise(*data_, full_name, out.memory.text, out.memory.other, tokens);
  drop_titles(tokens);
  if (tokens.size > 0) {
    const bool cyrillic = std::any_of(full_name.begin(), full_name.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xFCU) == 0xD0;  // U+0400 to U+04FF
    });
    const Parts parts = guess(*data_, tokens, cyrillic);
    if (parts.given != WordMap::none) append(out.given, tokens.at[parts.given].latin);
    // The given name of a Chinese is written in one, as by those who write it in pinyin.
    bool joined = parts.family_end == 1 && parts.family_begin == 0 && tokens.size == 3 &&
                  tokens.at[0].is(surname_word) && is_pinyin(tokens.at[1].latin) && is_pinyin(tokens.at[2].latin);
    for (std::size_t i = parts.middle_begin; i < parts.middle_end; ++i) {
      if (joined)
        out.given.append(tokens.at[i].latin);
      else
        append(out.middle, tokens.at[i].latin);
    }
    for (std::size_t i = parts.family_begin; i < parts.family_end; ++i) append(out.family, tokens.at[i].latin);
  }
  finish(*data_, out);
}

void Normaliser::person(std::string_view given, std::string_view middle, std::string_view family,
                        PersonName& out) const {
  if (given.empty() && middle.empty()) {
    person(family, out);
    // A single name is what its field says, also where it is in the list of given names.
    if (out.family.empty() && out.middle.empty() && !out.given.empty()) {
      std::swap(out.family, out.given);
      finish(*data_, out);
    }
    return;
  }
  clear(out);
  const auto read = [&](std::string_view value, std::string& part, const auto& use) {
    // One word that is no title needs no tokens.
    data_->latinizer.latin(value, out.memory.text, Keep::punctuation);
    if (out.memory.text.find_first_of(" ,./-") == std::string::npos && !data_->name_words.contains(out.memory.text)) {
      append(part, out.memory.text);
      return;
    }
    NameTokens tokens;
    tokenise(*data_, value, out.memory.text, out.memory.other, tokens);
    drop_titles(tokens);
    use(tokens);
  };
  read(given, out.given, [&](const NameTokens& tokens) {
    const bool han = !given.empty() && static_cast<unsigned char>(given[0]) >= 0xE3;
    for (std::size_t i = 0; i < tokens.size; ++i) {
      const NameToken& token = tokens.at[i];
      if (han)
        out.given.append(token.latin);
      else if (i == 0)
        append(out.given, token.latin);
      else
        append(out.middle, token.latin);
    }
  });
  read(middle, out.middle, [&](const NameTokens& tokens) {
    for (std::size_t i = 0; i < tokens.size; ++i) append(out.middle, tokens.at[i].latin);
  });
  if (const auto surname = data_->han_surnames.find(family); surname != data_->han_surnames.end()) {
    out.family = surname->second;
    std::erase(out.family, ' ');
  } else {
    read(family, out.family, [&](const NameTokens& tokens) {
      for (std::size_t i = 0; i < tokens.size; ++i) append(out.family, tokens.at[i].latin);
    });
  }
  finish(*data_, out);
}

}  // namespace klientela
