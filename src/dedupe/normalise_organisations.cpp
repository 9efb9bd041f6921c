// Names of organisations: legal forms and words that say little off, one form for many spellings.
#include <algorithm>

#include "dedupe/normalise_lists.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

/// More tokens than a name has; what is behind them is left off.
constexpr std::size_t most_organisation_tokens = 40;

}  // namespace

void dedupe_internal::organisation_tokens(std::string_view latin, std::string& out) {
  out.clear();
  const auto is_word = [](char c) { return c != ' ' && c != '.' && c != ',' && c != '-' && c != '/'; };
  bool joins = false;  // the last token is single letters with points behind them
  std::size_t i = 0;
  while (i < latin.size()) {
    if (!is_word(latin[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < latin.size() && is_word(latin[end])) ++end;
    const bool single = end == i + 1 && is_letter(latin[i]);
    const char behind = end < latin.size() ? latin[end] : '\0';
    if (!(single && joins) && !out.empty()) out.push_back(' ');
    out.append(latin.substr(i, end - i));
    joins = single && (behind == '.' || behind == '/');
    i = end;
  }
}

void Normaliser::organisation(std::string_view name, OrganisationName& out) const {
  const Data& data = *data_;
  std::string& latin = out.memory.text;
  std::string& tokens = out.memory.other;
  std::string& folded = out.memory.third;
  out.legal_form.clear();
  out.branch = false;
  data.latinizer.latin(name, latin, Keep::punctuation);
  organisation_tokens(latin, tokens);
  fold(tokens, folded);
  // Begin and end of every token in both texts.
  std::vector<std::uint32_t>& bounds = out.memory.numbers;
  bounds.clear();
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < tokens.size() && b < folded.size() && bounds.size() < 4 * most_organisation_tokens) {
    const std::size_t a_end = std::min(tokens.find(' ', a), tokens.size());
    const std::size_t b_end = std::min(folded.find(' ', b), folded.size());
    for (const std::size_t bound : {a, a_end, b, b_end}) bounds.push_back(static_cast<std::uint32_t>(bound));
    a = a_end + 1;
    b = b_end + 1;
  }
  std::vector<std::string_view>& forms = out.memory.views;
  forms.clear();
  std::size_t n = bounds.size() / 4;
  const auto key = [&](std::size_t first, std::size_t last) {
    return std::string_view(tokens).substr(bounds[4 * first], bounds[4 * last + 1] - bounds[4 * first]);
  };
  const auto folded_token = [&](std::size_t i) {
    return std::string_view(folded).substr(bounds[4 * i + 2], bounds[4 * i + 3] - bounds[4 * i + 2]);
  };
  const auto drop = [&](std::size_t first, std::size_t count) {
    bounds.erase(bounds.begin() + static_cast<std::ptrdiff_t>(4 * first),
                 bounds.begin() + static_cast<std::ptrdiff_t>(4 * (first + count)));
    n -= count;
  };
  // The phrase [first, first + count) lies in one piece.
  const auto whole = [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i + 1 < first + count; ++i)
      if (bounds[4 * i + 1] + 1 != bounds[4 * i + 4]) return false;
    return true;
  };
  const auto legal = [&](bool front) {
    const std::size_t longest =
        front ? data.legal_words.longest_from(key(0, 0)) : data.legal_words.longest_to(key(n - 1, n - 1));
    const std::size_t most = std::min(longest, n - 1);
    for (std::size_t count = most; count > 0; --count) {
      const std::size_t first = front ? 0 : n - count;
      if (!whole(first, count)) continue;
      const std::uint32_t at = data.legal_words.find(key(first, first + count - 1));
      if (at == WordMap::none) continue;
      const LegalForm& form = data.legal_forms[at];
      if (!(front ? form.front : form.end)) continue;
      forms.push_back(form.name);
      drop(first, count);
      return true;
    }
    return false;
  };
  const auto words = [&] {
    bool changed = false;
    for (std::size_t i = n; i-- > 0 && n > 1;) {
      for (std::size_t count = std::min(data.organisation_words.longest_from(key(i, i)), n - i); count > 0; --count) {
        if (count >= n || !whole(i, count)) continue;
        const std::uint32_t kind = data.organisation_words.find(key(i, i + count - 1));
        if (kind == WordMap::none) continue;
        if (static_cast<OrganisationWord>(kind) == OrganisationWord::branch)
          out.branch = true;
        else if (i == 0 || i + count == n)
          continue;  // a lone letter at either end is an initial
        drop(i, count);
        changed = true;
        break;
      }
    }
    return changed;
  };
  if (n > 1) {
    bool changed = true;
    while (changed && n > 1) {
      changed = false;
      while (n > 1 && legal(false)) changed = true;
      while (n > 1 && legal(true)) changed = true;
      if (n > 1 && words()) changed = true;
    }
  }
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  for (const std::string_view form : forms) {
    if (!out.legal_form.empty()) out.legal_form.push_back(' ');
    out.legal_form.append(form);
  }
  out.core.clear();
  out.folded.clear();
  out.sorted.clear();
  out.acronym.clear();
  forms.clear();
  for (std::size_t i = 0; i < n; ++i) {
    if (i) {
      out.core.push_back(' ');
      out.folded.push_back(' ');
    }
    out.core.append(tokens, bounds[4 * i], bounds[4 * i + 1] - bounds[4 * i]);
    out.folded.append(folded_token(i));
    forms.push_back(folded_token(i));
    if (n > 1 && static_cast<unsigned char>(tokens[bounds[4 * i]]) < 0x80) out.acronym.push_back(tokens[bounds[4 * i]]);
  }
  std::sort(forms.begin(), forms.end());
  forms.erase(std::unique(forms.begin(), forms.end()), forms.end());
  for (const std::string_view token : forms) {
    if (!out.sorted.empty()) out.sorted.push_back(' ');
    out.sorted.append(token);
  }
  forms.clear();
}

}  // namespace klientela
