// From the forms of values to the keys of rules, and rules and keys in writing.
#include "dedupe/block_keys.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "core/text.hpp"
#include "klientela/dedupe/similarity.hpp"

namespace klientela {
namespace dedupe {
namespace {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t h = (a ^ (b + 0x9E37'79B9'7F4A'7C15U + (a << 6) + (a >> 2))) * 0xFF51'AFD7'ED55'8CCDU;
  h ^= h >> 32;
  return h == 0 ? 1 : h;
}

std::uint64_t key_of(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const std::uint64_t h = std::hash<std::string_view>{}(text);
  return h == 0 ? 1 : h;
}

/// Calls visit with every word.
template <class Visit>
void each_word(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view longest_word(std::string_view text) {
  std::string_view longest;
  each_word(text, [&](std::string_view word) {
    if (word.size() > longest.size()) longest = word;
  });
  return longest;
}

}  // namespace

std::string_view cut_refused(const BlockingKey& key) noexcept {
  if (key.field != CardField::given_name || key.form != "roots" || key.cut == KeyCut::whole) return {};
  return "given_name.roots takes no cut, since each root is a key by itself; given_name.folded does";
}

std::string soundex_of(std::string_view text) {
  const auto letter = std::find_if(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (letter == text.end()) return std::string(text);
  text.remove_prefix(static_cast<std::size_t>(letter - text.begin()));
  const auto code = soundex(text.substr(0, text.find(' ')));
  return std::string(code.begin(), code.end());
}

namespace {

/// The place of the key's form, which is one of the field's.
std::size_t form_of(const BlockingKey& key) {
  const auto names = forms(key.field);
  const auto form = key.form.empty() ? names.begin() : std::find(names.begin(), names.end(), key.form);
  return static_cast<std::size_t>(form - names.begin());
}

/// Whether a value may have several keys: every word of it is one.
bool has_several(const BlockingKey& key) noexcept {
  return key.cut == KeyCut::words || (key.field == CardField::given_name && key.form == "roots");
}

std::uint64_t one_key(std::string_view text, const BlockingKey& key) {
  switch (key.cut) {
    case KeyCut::whole:
    case KeyCut::words: break;
    case KeyCut::prefix: return key_of(text.substr(0, key.length));
    case KeyCut::suffix: return text.size() < key.length ? 0 : key_of(text.substr(text.size() - key.length));
    case KeyCut::soundex: return key_of(soundex_of(text));
    case KeyCut::longest: return key_of(longest_word(text));
  }
  return key_of(text);
}

}  // namespace

ValueKeys value_keys(const PreparedCards::Data& cards, const BlockingKey& key) {
  const FieldColumn& column = cards[key.field];
  const Texts& texts = column.forms[form_of(key)];
  const bool several = has_several(key);
  ValueKeys keys;
  if (several) keys.begins.push_back(0);
  for (std::size_t code = 0; code < column.distinct(); ++code) {
    if (!several) {
      keys.one.push_back(one_key(texts[code], key));
      continue;
    }
    const std::size_t begin = keys.several.size();
    each_word(texts[code], [&](std::string_view word) {
      const std::uint64_t k = key_of(word);
      if (std::find(keys.several.begin() + static_cast<std::ptrdiff_t>(begin), keys.several.end(), k) ==
          keys.several.end())
        keys.several.push_back(k);
    });
    keys.begins.push_back(static_cast<std::uint32_t>(keys.several.size()));
  }
  return keys;
}

std::uint64_t first_key(const PreparedCards::Data& cards, const BlockingKey& key, std::uint32_t card) {
  const FieldColumn& column = cards[key.field];
  const Texts& texts = column.forms[form_of(key)];
  std::uint64_t first = 0;
  const auto take = [&](std::uint64_t value) {
    // As RuleKeys::of() gives it: mixed, the smallest of several.
    if (value == 0) return;
    const std::uint64_t one = mixed(0, value);
    first = first == 0 ? one : std::min(first, one);
  };
  column.each(card, [&](std::uint32_t code) {
    if (has_several(key))
      each_word(texts[code], [&](std::string_view word) { take(key_of(word)); });
    else
      take(one_key(texts[code], key));
  });
  return first;
}

RuleKeys::RuleKeys(const PreparedCards::Data& cards, const BlockingRule& rule) : any_order_(rule.any_order) {
  for (const BlockingKey& key : rule.keys) parts_.push_back({&cards[key.field], value_keys(cards, key)});
  one_key_ = !any_order_ && std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
    return !part.column->empty() && part.column->more_begin.empty() && part.keys.begins.empty();
  });
}

bool RuleKeys::of(std::uint32_t card, std::vector<std::uint64_t>& keys) const {
  keys.clear();
  if (one_key_) {
    std::uint64_t all = 0;
    for (const Part& part : parts_) {
      const std::uint32_t code = part.column->first[card];
      const std::uint64_t key = code == no_code ? 0 : part.keys.one[code];
      if (key == 0) return false;
      all = mixed(all, key);
    }
    keys.push_back(all);
    return false;
  }
  if (any_order_) {  // of first values alone
    std::uint64_t values[max_rule_keys];
    std::size_t n = 0;
    for (const Part& part : parts_) {
      if (part.column->empty() || part.column->first[card] == no_code) return false;
      values[n] = 0;
      part.keys.each(part.column->first[card], [&](std::uint64_t key) {
        if (values[n] == 0) values[n] = key;
      });
      if (values[n++] == 0) return false;
    }
    std::sort(values, values + n);
    std::uint64_t h = 0;
    for (std::size_t i = 0; i < n; ++i) h = mixed(h, values[i]);
    keys.push_back(h);
    return false;
  }
  bool left_out = false;
  keys.push_back(0);
  for (const Part& part : parts_) {
    const std::size_t before = keys.size();
    part.column->each(card, [&](std::uint32_t code) {
      part.keys.each(code, [&](std::uint64_t key) {
        for (std::size_t i = 0; i < before; ++i) {
          if (keys.size() == before + max_keys_of_card) {
            left_out = true;
            return;
          }
          keys.push_back(mixed(keys[i], key));
        }
      });
    });
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(before));
    if (keys.empty()) return false;
  }
  if (keys.size() > 1) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }
  return left_out;
}

}  // namespace dedupe

namespace {

struct CutName {
  KeyCut cut;
  std::string_view name;
  bool has_length;
};
constexpr CutName cut_names[] = {{KeyCut::prefix, "prefix", true},
                                 {KeyCut::suffix, "suffix", true},
                                 {KeyCut::soundex, "soundex", false},
                                 {KeyCut::words, "words", false},
                                 {KeyCut::longest, "longest", false}};
using dedupe::max_cut_length;
using dedupe::max_rule_keys;
constexpr std::string_view every_pair = "*";

[[noreturn]] void bad_key(std::string_view text, const std::string& why) {
  throw Error(Code::invalid_argument, "blocking key \"" + std::string(text) + "\": " + why, "key");
}

std::string listed(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
  return list;
}

}  // namespace

BlockingKey blocking_key(std::string_view text) {
  const std::string_view whole = detail::trimmed(text);
  BlockingKey key;
  std::string_view rest = whole;
  if (const std::size_t colon = rest.find(':'); colon != rest.npos) {
    const std::string_view cut = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    bool found = false;
    for (const CutName& known : cut_names) {
      if (!cut.starts_with(known.name)) continue;
      const std::string_view length = cut.substr(known.name.size());
      key.cut = known.cut;
      if (known.has_length) {
        const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), key.length);
        if (error != std::errc() || end != length.data() + length.size() || key.length < 1 ||
            key.length > max_cut_length)
          bad_key(whole, std::string(known.name) + " needs a number from 1 to 64 behind it, as in " +
                             std::string(known.name) + "4");
      } else if (!length.empty()) {
        continue;
      }
      found = true;
      break;
    }
    if (!found) bad_key(whole, "after ':' comes prefixN, suffixN, soundex, words or longest");
  }
  std::string_view form;
  if (const std::size_t dot = rest.find('.'); dot != rest.npos) {
    form = rest.substr(dot + 1);
    rest = rest.substr(0, dot);
  }
  const auto field = card_field_named(rest);
  if (!field) {
    std::vector<std::string_view> names;
    for (std::size_t f = 0; f < card_field_count; ++f) names.push_back(name(static_cast<CardField>(f)));
    bad_key(whole, "no field \"" + std::string(rest) + "\"; there are " + listed(names));
  }
  key.field = *field;
  const auto known = forms(*field);
  if (!form.empty() || whole.find('.') != whole.npos) {
    if (std::find(known.begin(), known.end(), form) == known.end())
      bad_key(whole, std::string(rest) + " has no form \"" + std::string(form) + "\"; there are " + listed(known));
    if (form != known[0]) key.form = form;
  }
  if (const std::string_view why = dedupe::cut_refused(key); !why.empty()) bad_key(whole, std::string(why));
  return key;
}

std::string to_text(const BlockingKey& key) {
  std::string text(name(key.field));
  if (!key.form.empty()) text.append(1, '.').append(key.form);
  for (const CutName& known : cut_names) {
    if (known.cut != key.cut) continue;
    text.append(1, ':').append(known.name);
    if (known.has_length) text += std::to_string(key.length);
  }
  return text;
}

BlockingRule blocking_rule(std::string_view text) {
  BlockingRule rule;
  if (detail::trimmed(text) == every_pair) return rule;
  std::string_view rest = text;
  const bool any_order = rest.find("<>") != rest.npos;
  if (any_order && rest.find('+') != rest.npos)
    throw Error(Code::invalid_argument, "blocking rule \"" + std::string(text) + "\": either + or <>, not both",
                "rule");
  const std::string_view mark = any_order ? "<>" : "+";
  for (;;) {
    const std::size_t end = rest.find(mark);
    rule.keys.push_back(blocking_key(rest.substr(0, end)));
    if (end == rest.npos) break;
    rest.remove_prefix(end + mark.size());
  }
  if (rule.keys.size() > max_rule_keys)
    throw Error(Code::invalid_argument, "blocking rule \"" + std::string(text) + "\": more than 8 keys", "rule");
  rule.any_order = any_order;
  return rule;
}

std::string to_text(const BlockingRule& rule) {
  if (rule.keys.empty()) return std::string(every_pair);
  std::string text;
  for (const BlockingKey& key : rule.keys) {
    if (!text.empty()) text += rule.any_order ? " <> " : " + ";
    text += to_text(key);
  }
  return text;
}

std::vector<BlockingRule> default_blocking_rules() {
  std::vector<BlockingRule> rules;
  for (const std::string_view text : {
           "tax_number",
           "identifier",
           "email",
           "phone",
           "phone:suffix7",
           "email.local",
           "given_name.roots + family_name.stem:soundex",
           "given_name.folded:soundex <> family_name.folded:soundex",
           "family_name.stem:soundex + postcode",
           "given_name.folded:soundex + postcode",
           "family_name.stem:soundex + city.folded:prefix4",
           "given_name.folded:soundex + city.folded:prefix4",
           "family_name.stem:soundex + birthday:prefix4",
           "given_name.folded:soundex + birthday:prefix4",
           "address.house + address.street:longest",
           "address.sorted",
           "birthday",
           "website",
           "organisation_name.sorted",
           "organisation_name.folded:words",
       })
    rules.push_back(blocking_rule(text));
  return rules;
}

}  // namespace klientela
