// Reads the lists: one entry a line, "head: word, word", comments behind #.
#include "dedupe/normalise_lists.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "ingest/cells.hpp"
#include "klientela/core/error.hpp"

namespace klientela::dedupe_internal {

std::uint32_t& WordMap::operator[](std::string_view word) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const std::uint64_t key = hash(word);
  const auto high = static_cast<std::uint32_t>(key >> 32);
  for (std::size_t i = key & mask_;; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (slot.length == empty) {
      slot.hash = high;
      slot.begin = static_cast<std::uint32_t>(bytes_.size());
      slot.length = static_cast<std::uint32_t>(word.size());
      bytes_.append(word);
      ++used_;
      return slot.value;
    }
    if (slot.hash == high && std::string_view(bytes_).substr(slot.begin, slot.length) == word) return slot.value;
  }
}

std::uint32_t& PhraseMap::operator[](std::string_view phrase) {
  const auto words = static_cast<std::uint32_t>(std::count(phrase.begin(), phrase.end(), ' ')) + 1;
  const auto raise = [&](std::uint32_t& most) { most = most == WordMap::none ? words : std::max(most, words); };
  raise(begins_[phrase.substr(0, phrase.find(' '))]);
  raise(ends_[phrase.substr(phrase.rfind(' ') + 1)]);
  return phrases_[phrase];
}

void WordMap::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_.assign(old.empty() ? 64 : old.size() * 2, Slot{});
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.length == empty) continue;
    std::size_t i = hash(std::string_view(bytes_).substr(slot.begin, slot.length)) & mask_;
    while (slots_[i].length != empty) i = (i + 1) & mask_;
    slots_[i] = slot;
  }
}

namespace {

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (const std::string_view part = trim(text.substr(0, end)); !part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<unsigned> number(std::string_view text) noexcept {
  unsigned value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_domain(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
}

}  // namespace

bool split_line(std::string_view line, std::string_view& head, std::vector<std::string_view>& words) {
  line = trim(line.substr(0, line.find('#')));
  const std::size_t colon = line.find(':');
  head = trim(line.substr(0, colon));
  words = colon == std::string_view::npos ? std::vector<std::string_view>{} : split(line.substr(colon + 1), ',');
  return !line.empty();
}

}  // namespace klientela::dedupe_internal

namespace klientela {

using namespace dedupe_internal;

std::string Normaliser::Data::latin(std::string_view text) const {
  std::string out;
  latinizer.latin(text, out);
  return out;
}

std::string Normaliser::Data::organisation_latin(std::string_view text) const {
  std::string latin;
  latinizer.latin(text, latin, Keep::punctuation);
  std::string out;
  organisation_tokens(latin, out);
  return out;
}

std::string Normaliser::Data::folded(std::string_view text) const {
  std::string out;
  fold(latin(text), out);
  return out;
}

void Normaliser::Data::mark(std::string_view name, std::uint8_t kind) {
  std::string word;  // hyphens stay, as in a name
  latinizer.latin(name, word, Keep::punctuation);
  std::uint32_t& kinds = name_words[word];
  kinds = (kinds == WordMap::none ? 0U : kinds) | kind;
}

std::string Normaliser::Data::add_nickname(std::string_view head, const std::vector<std::string_view>& words) {
  std::string root = folded(head);
  std::erase(root, ' ');
  if (root.empty()) return "does not begin with a name and a colon";
  const auto add_root = [&](std::string_view form) {
    std::uint32_t& at = given_names[folded(form)];
    if (at == WordMap::none) {
      at = static_cast<std::uint32_t>(roots.size());
      roots.emplace_back();
    }
    std::set<std::string> known;
    for (const std::string_view one : split(roots[at], ' ')) known.emplace(one);
    known.insert(root);
    roots[at].clear();
    for (const std::string& one : known) {
      if (!roots[at].empty()) roots[at] += ' ';
      roots[at] += one;
    }
  };
  add_root(head);
  for (const std::string_view form : words) {
    if (folded(form).empty()) return "has a name without letters";
    add_root(form);
  }
  return {};
}

std::string Normaliser::Data::add_name_word(std::string_view head, const std::vector<std::string_view>& words) {
  std::uint8_t kind = 0;
  if (head == "title")
    kind = title_word;
  else if (head == "generation")
    kind = generation_word;
  else if (head == "particle")
    kind = particle_word;
  else
    return "does not begin with title, generation or particle and a colon";
  for (const std::string_view word : words) mark(word, kind);
  return {};
}

std::string Normaliser::Data::add_surname(std::string_view head, const std::vector<std::string_view>& words) {
  const std::string reading = latin(head);
  if (reading.empty()) return "does not begin with a surname and a colon";
  mark(head, surname_word);
  for (const std::string_view word : words) {
    if (static_cast<unsigned char>(word.front()) < 0x80) {
      mark(word, surname_word);
      continue;
    }
    han_surnames[std::string(word)] = reading;
    longest_han_surname = std::max(longest_han_surname, word.size());
  }
  return {};
}

std::string Normaliser::Data::add_legal_form(std::string_view head, const std::vector<std::string_view>& words) {
  const std::vector<std::string_view> parts = split(head, ' ');
  if (parts.size() != 2 || (parts[0] != "front" && parts[0] != "end" && parts[0] != "both"))
    return "does not begin with front, end or both, the name of a form and a colon";
  const bool front = parts[0] != "end";
  const bool end = parts[0] != "front";
  for (const std::string_view word : words) {
    const std::string key = organisation_latin(word);
    if (key.empty()) return "has a form without letters";
    std::uint32_t& at = legal_words[key];
    if (at == WordMap::none) {
      at = static_cast<std::uint32_t>(legal_forms.size());
      legal_forms.push_back({std::string(parts[1]), front, end});
    } else {
      legal_forms[at].front |= front;
      legal_forms[at].end |= end;
    }
  }
  return {};
}

std::string Normaliser::Data::add_organisation_word(std::string_view head, const std::vector<std::string_view>& words) {
  if (head != "branch" && head != "and") return "does not begin with branch or and and a colon";
  const auto kind =
      static_cast<std::uint32_t>(head == "branch" ? OrganisationWord::branch : OrganisationWord::conjunction);
  for (const std::string_view word : words) {
    const std::string key = organisation_latin(word);
    if (key.empty()) return "has a word without letters";
    organisation_words[key] = kind;
  }
  return {};
}

std::string Normaliser::Data::add_address_word(std::string_view head, const std::vector<std::string_view>& words) {
  static constexpr std::string_view kinds[] = {"kind",       "house",  "block",     "unit", "po_box", "floor",
                                               "settlement", "number", "direction", "word", "country"};
  const std::vector<std::string_view> parts = split(head, ' ');
  const auto* const kind = std::find(std::begin(kinds), std::end(kinds), parts.empty() ? std::string_view{} : parts[0]);
  if (parts.size() != 2 || kind == std::end(kinds))
    return "does not begin with a kind of word (kind, house, block, unit, po_box, floor, settlement, number, "
           "direction, word, country), its name and a colon";
  for (const std::string_view word : words) {
    const std::string key = latin(word);
    if (key.empty()) return "has a word without letters";
    std::uint32_t& at = address_words[key];
    if (at == WordMap::none) {
      at = static_cast<std::uint32_t>(addresses.size());
      addresses.emplace_back();
    }
    addresses[at] = {static_cast<AddressWordKind>(kind - std::begin(kinds)), latin(parts[1])};
  }
  return {};
}

std::string Normaliser::Data::add_provider(std::string_view head, const std::vector<std::string_view>& words) {
  const std::vector<std::string_view> parts = split(head, ' ');
  if (parts.empty() || !is_domain(parts[0])) return "does not begin with a domain";
  MailProvider provider{std::string(parts[0]), false, false, '\0'};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i] == "dots")
      provider.dots = true;
    else if (parts[i] == "hyphens")
      provider.hyphens = true;
    else if (parts[i] == "tag+" || parts[i] == "tag-")
      provider.tag = parts[i][3];
    else
      return "has a rule that is none of dots, hyphens, tag+ and tag-";
  }
  const auto at = static_cast<std::uint32_t>(providers.size());
  for (const std::string_view word : words)
    if (!is_domain(word)) return "names something that is no domain";
  providers.push_back(provider);
  mail_domains[parts[0]] = at;
  for (const std::string_view word : words) mail_domains[word] = at;
  return {};
}

std::string Normaliser::Data::add_suffix(std::string_view head, const std::vector<std::string_view>& words) {
  if (!is_domain(head)) return "does not begin with a domain";
  for (const std::string_view word : words) {
    if (!is_domain(word)) return "names something that is no domain";
    suffixes[std::string(word) + "." + std::string(head)] = 0;
  }
  return {};
}

std::string Normaliser::Data::add_plan(std::string_view head, const std::vector<std::string_view>& words) {
  // "7 RU 10-10: trunk 8, first 3489, length 10"
  const std::vector<std::string_view> parts = split(head, ' ');
  if (parts.size() != 3) return "does not begin with a country code, a region and lengths";
  PhonePlan plan;
  const auto country = number(parts[0]);
  const std::size_t dash = parts[2].find('-');
  const auto shortest = number(parts[2].substr(0, dash));
  const auto longest = dash == std::string_view::npos ? shortest : number(parts[2].substr(dash + 1));
  if (!country || *country < 1 || *country > 999) return "has a country code that is not from 1 to 999";
  if (!shortest || !longest || *shortest < 1 || *longest > 15 || *shortest > *longest)
    return "has lengths that are not from 1 to 15";
  plan.country = static_cast<std::uint16_t>(*country);
  plan.region = parts[1];
  plan.shortest = static_cast<std::uint8_t>(*shortest);
  plan.longest = static_cast<std::uint8_t>(*longest);
  std::size_t lengths = 0;
  for (const std::string_view word : words) {
    const std::vector<std::string_view> pair = split(word, ' ');
    const auto value = pair.size() == 2 ? number(pair[1]) : std::nullopt;
    if (!value) return "has a rule that is no word and number";
    if (pair[0] == "trunk") {
      plan.trunk = pair[1];
    } else if (pair[0] == "first") {
      for (const char digit : pair[1]) plan.first = static_cast<std::uint16_t>(plan.first | 1U << (digit - '0'));
    } else if (pair[0] == "length" && lengths < plan.lengths.size()) {
      plan.lengths[lengths++] = static_cast<std::uint8_t>(*value);
    } else {
      return "has a rule that is none of trunk, first and length (twice at most)";
    }
  }
  if (plan.region.size() != 2 || plan.region[0] < 'A' || plan.region[0] > 'Z' || plan.region[1] < 'A' ||
      plan.region[1] > 'Z')
    return "has a region that is not two capital letters";
  const auto index = static_cast<std::int16_t>(plans.size());
  std::int16_t& at = plan_of_country[plan.country];
  if (at < 0) at = index;
  plan_of_region[static_cast<std::size_t>((plan.region[0] - 'A') * 26 + plan.region[1] - 'A')] = index;
  plans.push_back(std::move(plan));
  return {};
}

const PhonePlan* Normaliser::Data::plan_of(std::string_view region) const noexcept {
  if (region.size() != 2 || region[0] < 'A' || region[0] > 'Z' || region[1] < 'A' || region[1] > 'Z') return nullptr;
  const std::int16_t at = plan_of_region[static_cast<std::size_t>((region[0] - 'A') * 26 + region[1] - 'A')];
  return at < 0 ? nullptr : &plans[static_cast<std::size_t>(at)];
}

std::string Normaliser::Data::add(std::string_view list, std::string_view line) {
  std::string_view head;
  std::vector<std::string_view> words;
  if (!split_line(line, head, words)) return {};
  if (list == "nicknames") return add_nickname(head, words);
  if (list == "name_words") return add_name_word(head, words);
  if (list == "chinese_surnames") return add_surname(head, words);
  if (list == "legal_forms") return add_legal_form(head, words);
  if (list == "organisation_words") return add_organisation_word(head, words);
  if (list == "address_words") return add_address_word(head, words);
  if (list == "mail_providers") return add_provider(head, words);
  if (list == "public_suffixes") return add_suffix(head, words);
  return add_plan(head, words);
}

Normaliser::Data::Data(const NormaliserOptions& options) {
  plan_of_country.fill(-1);
  plan_of_region.fill(-1);
  const auto is_list = [](std::string_view name) {
    return std::any_of(builtin_lists().begin(), builtin_lists().end(),
                       [&](const BuiltinList& list) { return list.name == name; });
  };
  for (const std::string& name : options.without)
    if (!is_list(name))
      throw Error(Code::invalid_argument, "without names \"" + name + "\", which is no list", "without");
  for (const auto& [name, lines] : options.lists)
    if (!is_list(name))
      throw Error(Code::invalid_argument, "lists names \"" + name + "\", which is no list", "lists." + name);
  for (const BuiltinList& list : builtin_lists()) {
    if (options.without.contains(std::string(list.name))) continue;
    std::string_view rest = list.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      if (const std::string why = add(list.name, line); !why.empty())
        throw Error(Code::internal, "line \"" + std::string(line) + "\" of " + std::string(list.name) + " " + why);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const auto& [name, lines] : options.lists)
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string where = "lists." + name + "." + std::to_string(i);
      if (!detail::valid_utf8(lines[i])) throw Error(Code::invalid_argument, "the line is not UTF-8", where);
      if (const std::string why = add(name, lines[i]); !why.empty())
        throw Error(Code::invalid_argument, "line \"" + lines[i] + "\" " + why, where);
    }
}

}  // namespace klientela
