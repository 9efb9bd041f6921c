// Postal addresses: tokens with one name for each kind of street, and the numbers of house, block, flat and box apart.
#include <algorithm>

#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

constexpr std::size_t most_address_tokens = 40;  // what is behind them is left off

enum class Role : std::uint8_t { word, kind, number, dropped };

struct Piece {
  std::string_view latin;
  std::string_view text;  ///< folded
  char before{};          ///< ' ', ',', '-' or '/'
  bool ordinal{};         ///< "5th": never a house
  Role role{Role::word};
  std::string_view name;  ///< what stands for it
  [[nodiscard]] bool is_number() const noexcept { return !ordinal && !text.empty() && is_digit(text[0]); }
};

struct Pieces {
  std::array<Piece, most_address_tokens> at;  // of which size are set
  std::size_t size{};
};

bool is_ordinal_suffix(std::string_view text) noexcept {
  static constexpr std::string_view suffixes[] = {"st", "nd", "rd",  "th", "ya",  "aya", "y",   "yy",  "iy",
                                                  "oy", "go", "ogo", "mu", "omu", "er",  "eme", "ere", "yi"};
  return std::find(std::begin(suffixes), std::end(suffixes), text) != std::end(suffixes);
}

/// Bytes of the German word for street that a name ends with.
std::size_t german_street(std::string_view token) noexcept {
  for (const std::string_view kind : {"strasse", "strase", "str"})
    if (token.size() >= kind.size() + 3 && token.ends_with(kind)) return kind.size();
  return 0;
}

bool all_digits(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_digit); }

/// Splits Latin with punctuation into tokens in `spaced` ("a b 5"), folds them into `folded`, and gives the pieces.
void split(std::string_view latin, const PhraseMap& words, std::string& spaced, std::string& folded, Pieces& pieces) {
  spaced.clear();
  pieces.size = 0;
  char before = ',';
  const auto is_word = [](char c) { return c != ' ' && c != ',' && c != '.' && c != '-' && c != '/'; };
  const auto add = [&](std::string_view text, bool ordinal) {
    if (pieces.size == most_address_tokens || text.empty()) return;
    Piece& piece = pieces.at[pieces.size++];
    piece = Piece{};
    piece.before = before;
    piece.ordinal = ordinal;
    if (!spaced.empty()) spaced.push_back(' ');
    spaced.append(text);
    before = ' ';
  };
  std::size_t i = 0;
  while (i < latin.size()) {
    const char c = latin[i];
    if (!is_word(c)) {
      if (c == ',' || ((c == '-' || c == '/') && before != ',')) before = c;
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < latin.size() && is_word(latin[end])) ++end;
    const std::string_view token = latin.substr(i, end - i);
    std::size_t digits = 0;
    while (digits < token.size() && is_digit(token[digits])) ++digits;
    std::size_t letters = 0;
    while (letters < token.size() && !is_digit(token[letters])) ++letters;
    if (digits > 0 && digits < token.size()) {
      const std::string_view rest = token.substr(digits);
      if (is_ordinal_suffix(rest)) {
        add(token.substr(0, digits), true);
      } else if (rest.size() > 1 && (rest[0] == 'k' || rest[0] == 's' || rest[0] == 'b') &&
                 all_digits(rest.substr(1))) {
        add(token.substr(0, digits), false);  // "5k2": house and block
        before = '/';
        add(rest.substr(1), false);
      } else if (rest.size() > 2 && std::none_of(rest.begin(), rest.end(), is_digit)) {
        add(token.substr(0, digits), false);  // "27hao"
        add(rest, false);
      } else {
        add(token, false);
      }
    } else if (digits == token.size()) {
      // "1-ya": an ordinal behind a hyphen; "5-a": the letter of a house.
      bool ordinal = false;
      if (end + 1 < latin.size() && latin[end] == '-') {
        std::size_t behind = end + 1;
        while (behind < latin.size() && is_word(latin[behind])) ++behind;
        if (is_ordinal_suffix(latin.substr(end + 1, behind - end - 1))) {
          ordinal = true;
          end = behind;
        }
      }
      add(token, ordinal);
    } else if (letters > 0 && letters < token.size() && all_digits(token.substr(letters)) &&
               words.contains(token.substr(0, letters))) {
      add(token.substr(0, letters), false);  // "d5", "apt12"
      add(token.substr(letters), false);
    } else if (const std::size_t kind = german_street(token); kind > 0) {
      add(token.substr(0, token.size() - kind), false);  // "hauptstr"
      add("strasse", false);
    } else {
      add(token, false);
    }
    i = end;
  }
  fold(spaced, folded);
  const auto next = [](std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view token = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return token;
  };
  std::string_view rest(folded);
  std::string_view rest_latin(spaced);
  for (std::size_t k = 0; k < pieces.size; ++k) {
    pieces.at[k].text = pieces.at[k].name = next(rest);
    pieces.at[k].latin = next(rest_latin);
  }
}

bool is_letter_pair(std::string_view text) noexcept {
  return text.size() == 2 && is_letter(text[0]) && is_letter(text[1]);
}

/// Finds the postcode and takes its tokens out.
void take_postcode(const PhraseMap& words, Pieces& pieces, std::string& postcode) {
  const std::size_t n = pieces.size;
  const auto take = [&](std::size_t first, std::size_t count) {
    for (std::size_t k = first; k < first + count; ++k) {
      postcode.append(pieces.at[k].latin);
      pieces.at[k].role = Role::dropped;
    }
  };
  const auto outward = [](std::string_view t) {  // "sw1a", "m1", "ec2"
    const std::size_t letters = t.size() > 1 && is_letter(t[1]) ? 2 : 1;
    return t.size() >= letters + 1 && t.size() <= letters + 2 && is_letter(t[0]) && is_digit(t[letters]);
  };
  const auto inward = [](std::string_view t) {
    return t.size() == 3 && is_digit(t[0]) && is_letter(t[1]) && is_letter(t[2]);
  };
  const auto canada = [](std::string_view t, bool letter_first) {
    if (t.size() != 3) return false;
    for (std::size_t i = 0; i < 3; ++i)
      if ((i % 2 == 0) == letter_first ? !is_letter(t[i]) : !is_digit(t[i])) return false;
    return true;
  };
  for (std::size_t k = n; k-- > 0;) {
    const std::string_view t = pieces.at[k].latin;
    if (pieces.at[k].ordinal) continue;
    if (t.size() == 6 && all_digits(t)) return take(k, 1);
    if (k > 0 &&
        ((inward(t) && outward(pieces.at[k - 1].latin)) || (canada(t, false) && canada(pieces.at[k - 1].latin, true))))
      return take(k - 1, 2);
    if (k > 0 && is_letter_pair(t) && pieces.at[k - 1].latin.size() == 4 && all_digits(pieces.at[k - 1].latin) &&
        k > 1 && pieces.at[k].before == ' ')
      return take(k - 1, 2);  // the Netherlands
    if (t.size() == 4 && k > 0 && all_digits(t) && pieces.at[k - 1].latin.size() == 5 &&
        all_digits(pieces.at[k - 1].latin) && pieces.at[k].before == '-') {
      take(k - 1, 1);  // ZIP+4: the five digits
      pieces.at[k].role = Role::dropped;
      return;
    }
    if (t.size() == 4 && k + 1 == n && k > 1 && all_digits(t)) {  // Australia, behind the state
      const std::string_view state = pieces.at[k - 1].latin;
      if (state.size() <= 3 && std::all_of(state.begin(), state.end(), is_letter) && !words.contains(state))
        return take(k, 1);
    }
    if (t.size() == 5 && all_digits(t)) {
      if (k > 0) return take(k, 1);
      for (std::size_t other = 1; other < n; ++other)
        if (pieces.at[other].is_number()) return take(0, 1);
    }
  }
}

}  // namespace

void Normaliser::address(std::string_view value, PostalAddress& out) const {
  const Data& data = *data_;
  for (std::string* part :
       {&out.text, &out.sorted, &out.street, &out.house, &out.block, &out.unit, &out.po_box, &out.postcode})
    part->clear();
  data.latinizer.latin(value, out.memory.text, Keep::punctuation);
  Pieces pieces;
  split(out.memory.text, data.address_words, out.memory.other, out.memory.third, pieces);
  take_postcode(data.address_words, pieces, out.postcode);

  auto& at = pieces.at;
  const std::size_t n = pieces.size;
  const auto free_number = [&](std::size_t k) { return k < n && at[k].role != Role::dropped && at[k].is_number(); };
  /// The word, or words, at k in the list.
  const auto word_at = [&](std::size_t k, std::size_t& count) -> const AddressWord* {
    for (count = std::min(data.address_words.longest_from(at[k].latin), n - k); count > 0; --count) {
      const char* const begin = at[k].latin.data();
      const Piece& last = at[k + count - 1];
      bool whole = true;
      for (std::size_t i = k; i < k + count; ++i) whole = whole && at[i].role != Role::dropped && !at[i].ordinal;
      if (!whole) continue;
      const std::string_view key(begin, static_cast<std::size_t>(last.latin.data() + last.latin.size() - begin));
      if (const std::uint32_t found = data.address_words.find(key); found != WordMap::none)
        return &data.addresses[found];
    }
    return nullptr;
  };
  const auto join = [&](std::string& part, std::size_t k) {
    if (!part.empty()) part.push_back(' ');
    part.append(at[k].text);
    at[k].role = Role::number;
  };
  std::size_t loose_house = WordMap::none;  // where the house number was taken without a marker
  for (std::size_t k = 0; k < n;) {
    if (at[k].role != Role::word) {
      ++k;
      continue;
    }
    if (at[k].is_number()) {
      std::size_t count{};
      // "27 hao": the marker stands behind.
      const AddressWord* behind = k + 1 < n && !free_number(k + 1) ? word_at(k + 1, count) : nullptr;
      const bool marked = behind && at[k + 1].text.size() > 1 && !free_number(k + 1 + count) &&
                          (behind->kind == AddressWordKind::house || behind->kind == AddressWordKind::unit ||
                           behind->kind == AddressWordKind::block || behind->kind == AddressWordKind::floor);
      if (marked) {
        std::string* part = behind->kind == AddressWordKind::house   ? &out.house
                            : behind->kind == AddressWordKind::unit  ? &out.unit
                            : behind->kind == AddressWordKind::block ? &out.block
                                                                     : nullptr;
        if (part && part->empty())
          join(*part, k);
        else
          at[k].role = part ? Role::number : Role::dropped;
        for (std::size_t i = k + 1; i <= k + count; ++i) at[i].role = Role::dropped;
        k += 1 + count;
        continue;
      }
      if (out.house.empty()) {
        loose_house = k;
        join(out.house, k);
        // "5 a": the house's letter, but "5 n main st" is a direction.
        if (k + 1 < n && at[k + 1].role == Role::word && at[k + 1].text.size() == 1 && is_letter(at[k + 1].text[0]) &&
            at[k + 1].before != ',' && !word_at(k + 1, count)) {
          out.house.append(at[k + 1].text);
          at[k + 1].role = Role::dropped;
          at[k].name = {};
          ++k;
        }
      } else if (at[k].before == '/' && out.block.empty()) {
        join(out.block, k);
      } else if (out.unit.empty()) {
        join(out.unit, k);
      } else {
        at[k].role = Role::number;
      }
      ++k;
      continue;
    }
    std::size_t count{};
    const AddressWord* word = word_at(k, count);
    if (!word) {
      ++k;
      continue;
    }
    const auto drop = [&] {
      for (std::size_t i = k; i < k + count; ++i) at[i].role = Role::dropped;
    };
    const auto rename = [&](Role role) {
      drop();
      at[k].role = role;
      at[k].name = word->name;
    };
    // "str." is a building in Russian, behind the number of a house, and a street elsewhere.
    if (word->kind == AddressWordKind::block && out.house.empty() && at[k].latin == "str") {
      at[k].role = Role::kind;
      at[k].name = "street";
      ++k;
      continue;
    }
    std::size_t next = k + count;
    switch (word->kind) {
      case AddressWordKind::kind: rename(Role::kind); break;
      case AddressWordKind::direction:
      case AddressWordKind::word: rename(Role::word); break;
      case AddressWordKind::country:
        if ((k == 0 || next == n) && count < n) drop();
        break;
      case AddressWordKind::settlement:
        if (next < n && !free_number(next)) drop();
        break;
      case AddressWordKind::number:
        if (free_number(next)) drop();
        break;
      default: {
        // Another word for a number may stand between: "apt no 5".
        std::size_t between{};
        const AddressWord* second = next < n ? word_at(next, between) : nullptr;
        std::size_t number = next;
        if (second && second->kind == AddressWordKind::number && free_number(next + between)) number = next + between;
        const bool letter = word->kind != AddressWordKind::house && number < n && at[number].role == Role::word &&
                            at[number].text.size() == 1 && at[k].text.size() > 1;
        if (!free_number(number) && !letter) break;
        std::string* part = word->kind == AddressWordKind::house    ? &out.house
                            : word->kind == AddressWordKind::block  ? &out.block
                            : word->kind == AddressWordKind::unit   ? &out.unit
                            : word->kind == AddressWordKind::po_box ? &out.po_box
                                                                    : nullptr;
        drop();
        for (std::size_t i = next; i < number; ++i) at[i].role = Role::dropped;
        if (!part) {
          at[number].role = Role::dropped;
        } else if (part == &out.house && loose_house != WordMap::none) {
          // A number in front was part of the street's name: "8 Marta, d. 10".
          at[loose_house].role = Role::word;
          at[loose_house].name = at[loose_house].text;
          out.house.clear();
          loose_house = WordMap::none;
          join(out.house, number);
        } else if (part->empty()) {
          join(*part, number);
        } else {
          at[number].role = Role::number;
        }
        next = number + 1;
        // "d. 5 a"
        if (part == &out.house && next < n && at[next].role == Role::word && at[next].text.size() == 1 &&
            is_letter(at[next].text[0]) && at[next].before != ',' && !word_at(next, count)) {
          out.house.append(at[next].text);
          at[next].role = Role::dropped;
          at[number].name = {};
          ++next;
        }
      }
    }
    k = next;
  }

  std::vector<std::string_view>& tokens = out.memory.views;
  tokens.clear();
  for (std::size_t k = 0; k < n; ++k) {
    const Piece& piece = at[k];
    if (piece.role == Role::dropped) continue;
    const std::string_view name = piece.name.empty() ? std::string_view(out.house) : piece.name;
    if (!out.text.empty()) out.text.push_back(' ');
    out.text.append(name);
    tokens.push_back(name);
    if (piece.role == Role::word) {
      if (!out.street.empty()) out.street.push_back(' ');
      out.street.append(name);
    }
  }
  std::sort(tokens.begin(), tokens.end());
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  for (const std::string_view token : tokens) {
    if (!out.sorted.empty()) out.sorted.push_back(' ');
    out.sorted.append(token);
  }
  tokens.clear();
}

}  // namespace klientela
