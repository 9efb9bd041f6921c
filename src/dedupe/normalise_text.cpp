// Latin by table for Latin and Cyrillic, pinyin by a table that ICU fills when it is needed, the rest by ICU itself.
#include "dedupe/normalise_text.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "klientela/core/error.hpp"

namespace klientela::dedupe_internal {
namespace {

enum Kind : std::uint8_t { unknown, written, nothing, blank, mark, hyphen, comma, point, slash };

/// Letters whose Latin form is a choice; U+0400 and on by the common romanisation of passports and road signs, without
/// marks. Ukrainian, Belarusian, Serbian, Macedonian and Bulgarian letters are read as their own languages do where no
/// other language has them.
struct Choice {
  char32_t code;
  const char* text;
};
constexpr Choice choices[] = {
    {0xC6, "ae"},    {0xD0, "d"},    {0xD8, "o"},   {0xDE, "th"},  {0xDF, "ss"},  {0xE6, "ae"},  {0xF0, "d"},
    {0xF8, "o"},     {0xFE, "th"},   {0x110, "d"},  {0x111, "d"},  {0x126, "h"},  {0x127, "h"},  {0x130, "i"},
    {0x131, "i"},    {0x138, "q"},   {0x141, "l"},  {0x142, "l"},  {0x149, "n"},  {0x14A, "ng"}, {0x14B, "ng"},
    {0x152, "oe"},   {0x153, "oe"},  {0x166, "t"},  {0x167, "t"},  {0x17F, "s"},  {0x18F, "a"},  {0x259, "a"},
    {0x1E9E, "ss"},  {0x2B9, ""},    {0x2BA, ""},   {0x2BB, ""},   {0x2BC, ""},   {0x2BD, ""},   {0x2BE, ""},
    {0x2BF, ""},     {0x2C0, ""},    {0x2C1, ""},   {0x430, "a"},  {0x431, "b"},  {0x432, "v"},  {0x433, "g"},
    {0x434, "d"},    {0x435, "e"},   {0x436, "zh"}, {0x437, "z"},  {0x438, "i"},  {0x439, "y"},  {0x43A, "k"},
    {0x43B, "l"},    {0x43C, "m"},   {0x43D, "n"},  {0x43E, "o"},  {0x43F, "p"},  {0x440, "r"},  {0x441, "s"},
    {0x442, "t"},    {0x443, "u"},   {0x444, "f"},  {0x445, "kh"}, {0x446, "ts"}, {0x447, "ch"}, {0x448, "sh"},
    {0x449, "shch"}, {0x44A, ""},    {0x44B, "y"},  {0x44C, ""},   {0x44D, "e"},  {0x44E, "yu"}, {0x44F, "ya"},
    {0x450, "e"},    {0x451, "e"},   {0x452, "dj"}, {0x453, "gj"}, {0x454, "ye"}, {0x455, "dz"}, {0x456, "i"},
    {0x457, "i"},    {0x458, "j"},   {0x459, "lj"}, {0x45A, "nj"}, {0x45B, "c"},  {0x45C, "kj"}, {0x45D, "i"},
    {0x45E, "u"},    {0x45F, "dzh"}, {0x463, "e"},  {0x473, "f"},  {0x475, "i"},  {0x491, "g"},  {0x493, "g"},
    {0x495, "g"},    {0x497, "zh"},  {0x499, "z"},  {0x49B, "k"},  {0x49D, "k"},  {0x49F, "k"},  {0x4A1, "k"},
    {0x4A3, "n"},    {0x4A5, "ng"},  {0x4AB, "s"},  {0x4AF, "u"},  {0x4B1, "u"},  {0x4B3, "kh"}, {0x4B7, "j"},
    {0x4B9, "ch"},   {0x4BB, "h"},   {0x4CA, "n"},  {0x4CF, ""},   {0x4C0, ""},   {0x4D9, "a"},  {0x4E9, "o"},
};

constexpr bool is_han(char32_t c) noexcept { return (c >= 0x4E00 && c < 0xA000) || (c >= 0x3400 && c < 0x4E00); }

constexpr std::array<std::uint8_t, 128> ascii_kinds = [] {
  std::array<std::uint8_t, 128> kinds{};
  for (std::size_t c = 0; c < 128; ++c) kinds[c] = c <= 0x20 || c == 0x7F ? nothing : blank;
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) kinds[static_cast<std::size_t>(c)] = blank;
  for (std::size_t c = 0; c < 128; ++c)
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) kinds[c] = written;
  kinds['\''] = nothing;
  kinds['`'] = nothing;
  kinds['-'] = hyphen;
  kinds[','] = comma;
  kinds['.'] = point;
  kinds['/'] = slash;
  return kinds;
}();

/// A letter of two bytes and more is at most twice as long in Latin.
constexpr std::size_t longest_letter = 4;

/// What a character of no letter and no digit counts as, outside of ASCII.
std::uint8_t kind_of_sign(char32_t c) noexcept {
  if (c == 0x2B9 || c == 0x2BB || c == 0x2BC || c == 0x2BD || c == 0x2C8 || c == 0xB4 || (c >= 0x2018 && c <= 0x201B) ||
      c == 0x2032 || c == 0xFF07)
    return nothing;
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFF0D || c == 0xFE63 || c == 0x2043) return hyphen;
  if (c == 0xFF0C || c == 0x3001 || c == 0x060C || c == 0xFE50) return comma;
  if (c == 0x3002 || c == 0xFF0E || c == 0x2024 || c == 0xFF61) return point;
  if (c == 0x2044 || c == 0x2215 || c == 0xFF0F) return slash;
  const auto code = static_cast<UChar32>(c);
  if (u_isUWhiteSpace(code) || c == 0xFFFD) return blank;
  if (u_hasBinaryProperty(code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) return nothing;
  switch (u_charType(code)) {
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_COMBINING_SPACING_MARK: return mark;
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR: return nothing;
    default: return blank;
  }
}

/// Calls an ICU function that writes UTF-16, again with the room it asks for.
template <class Call>
void fill_utf16(std::vector<UChar>& out, std::size_t room, const Call& call) {
  out.resize(room);
  for (int attempt = 0; attempt < 2; ++attempt) {
    UErrorCode status = U_ZERO_ERROR;
    const std::int32_t length = call(out.data(), static_cast<std::int32_t>(out.size()), &status);
    if (status == U_BUFFER_OVERFLOW_ERROR || (U_SUCCESS(status) && static_cast<std::size_t>(length) > out.size())) {
      out.resize(static_cast<std::size_t>(length));
      continue;
    }
    if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
    out.resize(static_cast<std::size_t>(length));
    return;
  }
  throw Error(Code::internal, "ICU asks for more room twice");
}

const UNormalizer2* casefold() {
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* instance = unorm2_getNFKCCasefoldInstance(&status);
  if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
  return instance;
}

}  // namespace

/// What ICU does: one transliterator behind a lock, and pinyin by blocks of 256 characters, filled once each.
struct Latinizer::Foreign {
  static constexpr std::size_t blocks = (0xA000 - 0x3400) / 256;
  struct Block {
    std::once_flag filled;
    std::array<std::array<char, 8>, 256> pinyin{};
  };

  std::mutex lock;
  UTransliterator* any_latin{};
  UTransliterator* han_latin{};
  std::unique_ptr<Block[]> han = std::make_unique<Block[]>(blocks);

  Foreign() = default;
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;
  ~Foreign() {
    if (any_latin) utrans_close(any_latin);
    if (han_latin) utrans_close(han_latin);
  }

  static UTransliterator* open(const char* rules) {
    UErrorCode status = U_ZERO_ERROR;
    std::vector<UChar> id(std::strlen(rules) + 1);
    u_uastrcpy(id.data(), rules);
    UTransliterator* made = utrans_openU(id.data(), -1, UTRANS_FORWARD, nullptr, 0, nullptr, &status);
    if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
    return made;
  }

  static void run(const UTransliterator* how, std::vector<UChar>& text) {
    const auto length = static_cast<std::int32_t>(text.size());
    std::size_t room = text.size() * 8 + 64;
    const std::vector<UChar> before = text;
    for (int attempt = 0; attempt < 3; ++attempt, room *= 8) {
      text = before;
      text.resize(room);
      UErrorCode status = U_ZERO_ERROR;
      std::int32_t written = length;
      std::int32_t limit = length;
      utrans_transUChars(how, text.data(), &written, static_cast<std::int32_t>(room), 0, &limit, &status);
      if (status == U_BUFFER_OVERFLOW_ERROR) continue;
      if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
      text.resize(static_cast<std::size_t>(written));
      return;
    }
    throw Error(Code::internal, "ICU makes a text too long");
  }

  std::string_view pinyin(char32_t c) {
    const std::size_t at = c - 0x3400;
    Block& block = han[at / 256];
    std::call_once(block.filled, [&] { fill(block, static_cast<char32_t>(0x3400 + at / 256 * 256)); });
    const auto& text = block.pinyin[at % 256];
    return {text.data(), std::strlen(text.data())};
  }

  void fill(Block& block, char32_t first) {
    const std::lock_guard guard(lock);
    if (!han_latin) han_latin = open("Han-Latin; NFD; [:M:] Remove; Lower");
    std::vector<UChar> text;
    for (char32_t i = 0; i < 256; ++i) {
      text.push_back(static_cast<UChar>(first + i));
      text.push_back(u'|');
    }
    run(han_latin, text);
    std::size_t row = 0;
    std::size_t n = 0;
    for (const UChar c : text) {
      if (c == u'|') {
        ++row;
        n = 0;
      } else if (row < 256 && c >= u'a' && c <= u'z' && n < 7) {
        block.pinyin[row][n++] = static_cast<char>(c);
      }
    }
  }
};

/// Appends what ICU writes to a string, blanks single and none in front.
class Latinizer::Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void put(char c) { out_.push_back(c); }
  void put(std::string_view text) { out_.append(text); }
  void blank() {
    if (!out_.empty() && out_.back() != ' ') out_.push_back(' ');
  }
  /// Puts what a sign counts as.
  void sign(std::uint8_t kind, Keep keep) {
    static constexpr char signs[] = "-,./";
    if (kind == Kind::nothing || kind == Kind::mark) return;
    if (kind >= Kind::hyphen && keep == Keep::punctuation)
      put(signs[kind - Kind::hyphen]);
    else
      blank();
  }

 private:
  std::string& out_;
};

Latinizer::Latinizer() : foreign_(std::make_unique<Foreign>()) { fill(); }
Latinizer::~Latinizer() = default;

void Latinizer::fill() {
  const auto set = [](Letter& letter, std::string_view text) {
    std::copy(text.begin(), text.end(), letter.text);
    letter.length = static_cast<std::uint8_t>(text.size());
    letter.kind = text.empty() ? nothing : written;
  };
  const auto slot = [&](char32_t c) -> Letter* {
    if (c < table_size) return &table_[c];
    if (c >= 0x1E00 && c < 0x1F00) return &additional_[c - 0x1E00];
    return nullptr;
  };
  for (char32_t c = 0; c < 128; ++c) {
    Letter& letter = table_[c];
    letter.kind = ascii_kinds[c];
    if (letter.kind == written) {
      letter.text[0] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      letter.length = 1;
    }
  }
  for (const Choice& choice : choices) set(*slot(choice.code), choice.text);
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* nfkd = unorm2_getNFKDInstance(&status);
  if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
  const auto derive = [&](char32_t c) {
    Letter& letter = *slot(c);
    if (letter.kind != unknown) return;
    const auto code = static_cast<UChar32>(c);
    if (!u_isalnum(code) && u_charType(code) != U_OTHER_NUMBER) {
      letter.kind = kind_of_sign(c);
      if (letter.kind != blank || c == 0xA0) return;
    }
    const auto lower = static_cast<char32_t>(u_foldCase(code, U_FOLD_CASE_DEFAULT));
    if (lower != c && slot(lower) && slot(lower)->kind != unknown) {
      letter = *slot(lower);
      return;
    }
    UChar parts[32];
    UErrorCode failure = U_ZERO_ERROR;
    const std::int32_t n = unorm2_getDecomposition(nfkd, code, parts, 32, &failure);
    if (U_FAILURE(failure) || n <= 0) return;
    std::string text;
    for (std::int32_t i = 0; i < n; ++i) {
      const char32_t part = parts[i];
      if (part == 0x2044) return;  // fractions are left to ICU
      if (u_charType(static_cast<UChar32>(part)) == U_NON_SPACING_MARK) continue;
      const auto base = static_cast<char32_t>(u_foldCase(static_cast<UChar32>(part), U_FOLD_CASE_DEFAULT));
      const Letter* known = slot(base);
      if (!known || (known->kind != written && known->kind != nothing)) return;
      text.append(known->text, known->length);
    }
    if (!text.empty() && text.size() <= longest_letter) set(letter, text);
  };
  // Small letters first: capitals follow them.
  for (const bool capitals : {false, true}) {
    const auto wanted = [&](char32_t c) {
      return capitals == (u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT) != static_cast<UChar32>(c));
    };
    for (char32_t c = 0x80; c < table_size; ++c)
      if (!(c >= 0x370 && c < 0x400) && u_isdefined(static_cast<UChar32>(c)) && wanted(c)) derive(c);
    for (char32_t c = 0x1E00; c < 0x1F00; ++c)
      if (wanted(c)) derive(c);
  }
}

Latinizer::Letter Latinizer::letter(char32_t c) const noexcept {
  if (c < table_size) return table_[c];
  if (c >= 0x1E00 && c < 0x1F00) return additional_[c - 0x1E00];
  Letter found{};
  if (c >= 0xFF01 && c <= 0xFF5E) return table_[c - 0xFF01 + 0x21];
  if (c == 0x200D || c == 0x200C) {
    found.kind = nothing;
  } else if (c == 0x2116) {  // the sign for "number"
    found.kind = blank;
  } else if ((c >= 0x2000 && c < 0x2070) || (c >= 0x3000 && c < 0x3004) || c == 0xFEFF || c == 0xFFFFFFFF) {
    found.kind = c == 0xFFFFFFFF ? std::uint8_t{blank} : kind_of_sign(c);
  }
  return found;
}

std::size_t Latinizer::foreign_run(std::string_view text, std::size_t begin, Writer& writer, Keep keep) const {
  const Decoded first = decode(text.substr(begin));
  if (is_han(first.code)) {
    writer.blank();
    const std::string_view pinyin = foreign_->pinyin(first.code);
    writer.put(pinyin.empty() ? text.substr(begin, first.bytes) : pinyin);
    writer.blank();
    return begin + first.bytes;
  }
  const auto code_of = [](char32_t c) { return static_cast<UChar32>(c); };
  if (const std::int32_t digit = u_charDigitValue(code_of(first.code)); digit >= 0) {
    writer.put(static_cast<char>('0' + digit));
    return begin + first.bytes;
  }
  if (!u_isalpha(code_of(first.code)) && !u_isalnum(code_of(first.code))) {
    UChar pair[2];
    std::int32_t n = 0;
    U16_APPEND_UNSAFE(pair, n, code_of(first.code));
    UErrorCode status = U_ZERO_ERROR;
    if (unorm2_isNormalized(casefold(), pair, n, &status) || U_FAILURE(status)) {
      writer.sign(kind_of_sign(first.code), keep);
      return begin + first.bytes;
    }
  }
  std::size_t end = begin;
  std::vector<UChar> wide;
  constexpr std::size_t longest_run = 1024;  // keeps the work of ICU in proportion to the length
  while (end < text.size() && wide.size() < longest_run) {
    const Decoded next = decode(text.substr(end));
    const bool joins = next.code >= 0x300 && next.code < 0x370;
    if (next.code == 0xFFFFFFFF || is_han(next.code)) break;
    if (end > begin && !joins && letter(next.code).kind != unknown && next.code != 0x200D && next.code != 0x200C) break;
    if (end > begin && u_isUWhiteSpace(code_of(next.code))) break;
    UChar pair[2];
    std::int32_t n = 0;
    U16_APPEND_UNSAFE(pair, n, code_of(next.code));
    wide.insert(wide.end(), pair, pair + n);
    end += next.bytes;
  }
  std::vector<UChar> composed;
  const UNormalizer2* nfkc = casefold();
  fill_utf16(composed, wide.size() * 4 + 32, [&](UChar* to, std::int32_t room, UErrorCode* status) {
    return unorm2_normalize(nfkc, wide.data(), static_cast<std::int32_t>(wide.size()), to, room, status);
  });
  {
    const std::lock_guard guard(foreign_->lock);
    if (!foreign_->any_latin)
      foreign_->any_latin = Foreign::open("Any-Latin; Latin-ASCII; NFKD; [:M:] Remove; NFC; Lower");
    Foreign::run(foreign_->any_latin, composed);
  }
  for (std::size_t i = 0; i < composed.size();) {
    UChar32 c{};
    U16_NEXT(composed.data(), i, composed.size(), c);
    const auto code = static_cast<char32_t>(c);
    const Letter known = letter(code);
    if (known.kind == written) {
      writer.put({known.text, known.length});
    } else if (known.kind != unknown) {
      writer.sign(known.kind, keep);
    } else if (is_han(code)) {
      writer.blank();
      const std::string_view pinyin = foreign_->pinyin(code);
      if (!pinyin.empty()) {
        writer.put(pinyin);
        writer.blank();
        continue;
      }
    }
    if (known.kind != unknown) continue;
    if (const std::int32_t digit = u_charDigitValue(c); digit >= 0) {
      writer.put(static_cast<char>('0' + digit));
    } else if (u_isalnum(c)) {
      char bytes[4];
      std::int32_t n = 0;
      U8_APPEND_UNSAFE(bytes, n, c);
      writer.put({bytes, static_cast<std::size_t>(n)});
    } else {
      writer.sign(kind_of_sign(code), keep);
    }
  }
  return end;
}

void Latinizer::latin(std::string_view text, std::string& out, Keep keep) const {
  constexpr char32_t i_cyrillic = 0x438;
  constexpr char32_t y_cyrillic = 0x44B;
  const std::size_t size = text.size();
  // Room for every letter of the tables; only what ICU writes may be longer.
  out.resize(2 * size + 8);
  char* at = out.data();
  const auto sign = [&](std::uint8_t kind) {
    static constexpr char signs[] = "-,./";
    if (kind == nothing || kind == mark) return;
    if (kind >= hyphen && keep == Keep::punctuation)
      *at++ = signs[kind - hyphen];
    else if (at != out.data() && at[-1] != ' ')
      *at++ = ' ';
  };
  char32_t before = 0;  // Cyrillic letter in front, small
  char32_t second = 0;  // the one in front of it
  std::size_t i = 0;
  while (i < size) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      const Letter& known = table_[lead];
      if (known.kind == written)
        *at++ = known.text[0];
      else
        sign(known.kind);
      before = 0;
      ++i;
      continue;
    }
    const Decoded next = decode(text.substr(i));
    if (next.code >= 0x400 && next.code < 0x460) {
      char32_t small = next.code;
      if (small < 0x410)
        small += 80;
      else if (small < 0x430)
        small += 32;
      i += next.bytes;
      if (small == 0x439 && before == i_cyrillic) {
        at[-1] = 'y';  // -iy is -y, as in Dmitry
      } else if (small != 0x439 || before != y_cyrillic) {
        const Letter& known = table_[next.code];
        std::memcpy(at, known.text, longest_letter);
        at += known.length;
      }
      second = before;
      before = small;
      continue;
    }
    const Letter known = letter(next.code);
    switch (known.kind) {
      case written:
        std::memcpy(at, known.text, longest_letter);
        at += known.length;
        i += next.bytes;
        break;
      case mark:
        if (next.code == 0x306 && before == i_cyrillic) {
          if (second == i_cyrillic || second == y_cyrillic) --at;
          at[-1] = 'y';
        } else if (next.code == 0x301 && (before == 0x433 || before == 0x43A)) {
          *at++ = 'j';
        }
        i += next.bytes;
        break;
      case unknown: {
        out.resize(static_cast<std::size_t>(at - out.data()));
        Writer writer(out);
        i = foreign_run(text, i, writer, keep);
        const std::size_t used = out.size();
        out.resize(used + 2 * (size - i) + 8);
        at = out.data() + used;
        break;
      }
      default:
        sign(known.kind);
        i += next.bytes;
        if (known.kind == nothing) continue;
    }
    before = 0;
  }
  if (at != out.data() && at[-1] == ' ') --at;
  out.resize(static_cast<std::size_t>(at - out.data()));
}

namespace {

constexpr bool is_i(char c) noexcept { return c == 'i' || c == 'y' || c == 'j'; }
constexpr bool is_vowel(char c) noexcept {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/// Folds tokens one after the other.
class Folder {
 public:
  explicit Folder(char* out) noexcept : out_(out) {}

  char* token(const char* at, const char* end) noexcept {
    begin_ = out_;
    const char* const first = at;
    while (at < end) at = step(first, at, end);
    return out_;
  }
  void put(char c) noexcept { *out_++ = c; }
  [[nodiscard]] char* end() const noexcept { return out_; }

 private:
  void emit(char c) noexcept {
    if (out_ == begin_ || out_[-1] != c) *out_++ = c;
  }
  void emit(char a, char b) noexcept {
    emit(a);
    *out_++ = b;
  }
  /// ae, oe and ue are how umlauts are written without.
  void emit_e() noexcept {
    if (out_ != begin_ && (out_[-1] == 'a' || out_[-1] == 'o' || out_[-1] == 'u')) return;
    emit('e');
  }

  const char* step(const char* first, const char* at, const char* end) noexcept {
    const auto ahead = [&](std::ptrdiff_t n) { return at + n < end ? at[n] : '\0'; };
    const char c = *at;
    const char next = ahead(1);
    switch (c) {
      case 'e': emit_e(); return at + 1;
      case 'o':
        if (next == 'u') {
          emit('u');
          return at + 2;
        }
        emit('o');
        return at + 1;
      case 'd':
        if (next == 'j') return vowel_i(first, at + 1, at + 2, end);
        if (next == 'z' && ahead(2) == 'h') return vowel_i(first, at + 2, at + 3, end);
        break;
      case 'y':
      case 'i':
      case 'j': return vowel_i(first, at, at + 1, end);
      case 's':
        if (next == 'h') {
          emit('s', 'h');
          return ahead(2) == 'c' && ahead(3) == 'h' ? at + 4 : at + 2;
        }
        if (next == 'c' && ahead(2) == 'h') {
          emit('s', 'h');
          return at + 3;
        }
        if (next == 't' && ahead(2) == 'c' && ahead(3) == 'h') {
          emit('s', 'h');
          return at + 4;
        }
        if (next == 'z') {
          emit('s', 'h');
          return ahead(2) == 'c' && ahead(3) == 'z' ? at + 4 : at + 2;
        }
        break;
      case 't':
        if (next == 'c' && ahead(2) == 'h') {
          emit('c', 'h');
          return at + 3;
        }
        if (next == 's' && ahead(2) == 'c' && ahead(3) == 'h') {
          emit('c', 'h');
          return at + 4;
        }
        if (next == 's' || next == 'z') {
          emit('t', 's');
          return at + 2;
        }
        emit('t');
        return next == 'h' ? at + 2 : at + 1;
      case 'c': {
        if (next == 'h' || next == 'z') {
          emit('c', 'h');
          return at + 2;
        }
        const std::string_view rest(at + 1, static_cast<std::size_t>(end - at - 1));
        if (next == 'e' || next == 'i' || next == 'y' || next == 'v' || rest == "ov" || rest == "ova")
          emit('t', 's');
        else
          emit('k');
        return next == 'k' ? at + 2 : at + 1;
      }
      case 'k': emit(next == 'h' ? 'h' : 'k'); return next == 'h' ? at + 2 : at + 1;
      case 'g':
      case 'r': emit(c); return next == 'h' ? at + 2 : at + 1;
      case 'p': emit(next == 'h' ? 'f' : 'p'); return next == 'h' ? at + 2 : at + 1;
      case 'w': emit('v'); return next == 'h' ? at + 2 : at + 1;
      case 'q':
        emit('k');
        if (next != 'u') return at + 1;
        emit('v');
        return at + 2;
      case 'x': emit('k', 's'); return at + 1;
      case 'f':
        if (next == 'f' && at + 2 == end && end - first >= 5 && (at[-1] == 'o' || at[-1] == 'e')) {
          emit('v');
          return end;
        }
        break;
      default:
        if (!is_letter(c)) {
          *out_++ = c;
          return at + 1;
        }
    }
    emit(c);
    return at + 1;
  }

  /// \param from  the first letter that is read as i, y or j; \param to  behind it
  const char* vowel_i(const char* first, const char* from, const char* to, const char* end) noexcept {
    while (to < end && is_i(*to)) ++to;
    if (to < end && *to == 'e') {
      emit_e();
      return to + 1;
    }
    const bool after_vowel = from > first && is_vowel(from[-1]);
    if (to - from == 1 && *from == 'y' && to + 1 < end && *to == 'o' && !after_vowel) {
      emit_e();
      return to + 1;
    }
    emit('i');
    return to;
  }

  char* out_;
  char* begin_{};
};

}  // namespace

void fold(std::string_view latin, std::string& out) {
  out.resize(latin.size() * 2);
  Folder folder(out.data());
  const char* at = latin.data();
  const char* const end = at + latin.size();
  while (at < end) {
    const char* const blank = std::find(at, end, ' ');
    folder.token(at, blank);
    if (blank < end) folder.put(' ');
    at = blank < end ? blank + 1 : end;
  }
  out.resize(static_cast<std::size_t>(folder.end() - out.data()));
}

}  // namespace klientela::dedupe_internal
