// E-mail addresses and web domains: trimmed, in ASCII, and one form for all spellings that reach one mailbox or owner.
#include <algorithm>
#include <cstring>

#include <unicode/uidna.h>

#include "dedupe/normalise_lists.hpp"
#include "klientela/core/error.hpp"

namespace klientela {

using namespace dedupe_internal;

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// A text without blanks around it and without what has no width, in lower case if it is ASCII. Full-width signs that
/// Asian keyboards write are made ASCII.
void clean(std::string_view value, std::string& out) {
  out.clear();
  std::size_t i = 0;
  while (i < value.size()) {
    const auto lead = static_cast<unsigned char>(value[i]);
    if (lead < 0x80) {
      if (lead > 0x20 && lead != 0x7F)
        out.push_back(lower(value[i]));
      else if (lead == ' ' || (lead >= '\t' && lead <= '\r'))
        out.push_back(' ');
      ++i;
      continue;
    }
    const Decoded next = decode(value.substr(i));
    const char32_t c = next.code;
    if (c >= 0xFF01 && c <= 0xFF5E) {
      out.push_back(lower(static_cast<char>(c - 0xFF01 + 0x21)));
    } else if (c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x2028 || c == 0x2029 ||
               c == 0xFFFFFFFF) {
      out.push_back(' ');
    } else if (c == 0x3002 || c == 0xFF61) {
      out.push_back('.');
    } else if (!(c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                 (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0x80 && c < 0xA0) || c == 0x61C ||
                 (c >= 0xFE00 && c <= 0xFE0F) || c == 0x180E || (c >= 0xE0000 && c <= 0xE0FFF))) {
      out.append(value.substr(i, next.bytes));
    }
    i += next.bytes;
  }
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) {
    out.clear();
    return;
  }
  out.resize(out.find_last_not_of(' ') + 1);
  out.erase(0, first);
}

/// Whether text is a host name with a point, as DNS takes it; lower-case ASCII.
bool is_host(std::string_view host) noexcept {
  if (host.size() > 253 || host.empty()) return false;
  std::size_t labels = 0;
  std::string_view last;
  while (true) {
    const std::size_t end = std::min(host.find('.'), host.size());
    const std::string_view label = host.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (const char c : label)
      if (!is_letter(c) && !is_digit(c) && c != '-') return false;
    ++labels;
    last = label;
    if (end == host.size()) break;
    host.remove_prefix(end + 1);
  }
  return labels >= 2 && last.size() >= 2 && !std::all_of(last.begin(), last.end(), is_digit);
}

const UIDNA* idna() {
  struct Opened {
    UIDNA* handle{};
    Opened() {
      UErrorCode status = U_ZERO_ERROR;
      handle = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ, &status);
      if (U_FAILURE(status)) throw Error(Code::internal, std::string("ICU says ") + u_errorName(status));
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    ~Opened() { uidna_close(handle); }
  };
  static const Opened opened;  // immutable
  return opened.handle;
}

/// A domain as ASCII in place; false: it is none, and stays.
bool to_ascii(std::string& domain) {
  while (!domain.empty() && domain.back() == '.') domain.pop_back();
  if (is_ascii(domain)) return is_host(domain);
  if (domain.size() > 1024) return false;
  UErrorCode status = U_ZERO_ERROR;
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  char ascii[256];
  const std::int32_t n = uidna_nameToASCII_UTF8(idna(), domain.data(), static_cast<std::int32_t>(domain.size()), ascii,
                                                sizeof ascii, &info, &status);
  if (U_FAILURE(status) || info.errors != 0 || n <= 0 || n > static_cast<std::int32_t>(sizeof ascii)) return false;
  domain.assign(ascii, static_cast<std::size_t>(n));
  return is_host(domain);
}

bool is_local(std::string_view local) noexcept {
  if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.') return false;
  for (std::size_t i = 0; i < local.size(); ++i) {
    const auto c = static_cast<unsigned char>(local[i]);
    if (c == '.' && local[i - 1] == '.') return false;
    if (c >= 0x80 || is_letter(local[i]) || is_digit(local[i])) continue;
    if (!std::strchr(".!#$%&'*+-/=?^_{|}~", c)) return false;
  }
  return true;
}

}  // namespace

void Normaliser::email(std::string_view value, EmailAddress& out) const {
  std::string& text = out.memory.text;
  clean(value, text);
  std::string_view rest(text);
  // "Name <a@b.c>", "mailto:a@b.c?subject=", "a@b.c."
  if (const std::size_t open = rest.rfind('<'); open != std::string_view::npos) {
    const std::size_t shut = rest.find('>', open);
    rest = rest.substr(open + 1, shut == std::string_view::npos ? shut : shut - open - 1);
  }
  if (rest.starts_with("mailto:")) {
    rest.remove_prefix(7);
    rest = rest.substr(0, rest.find('?'));
  }
  const auto edge = [](char c) { return std::strchr(" .,;:<>()[]\"'", c) != nullptr; };
  while (!rest.empty() && edge(rest.front())) rest.remove_prefix(1);
  while (!rest.empty() && edge(rest.back())) rest.remove_suffix(1);
  out.address.clear();
  out.mailbox.clear();
  out.local.clear();
  out.domain.clear();
  out.valid = false;
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return;
  std::string_view local = rest.substr(0, at);
  out.domain = rest.substr(at + 1);
  out.valid = to_ascii(out.domain) && is_local(local);
  out.address.append(local).append("@").append(out.domain);
  if (!out.valid) {
    out.local = local;
    out.mailbox = out.address;
    return;
  }
  const std::uint32_t known = data_->mail_domains.find(out.domain);
  const MailProvider* provider = known == WordMap::none ? nullptr : &data_->providers[known];
  if (provider) out.domain = provider->domain;
  const char tag = provider && provider->tag ? provider->tag : options_->strip_tags ? '+' : '\0';
  if (tag)
    if (const std::size_t end = local.find(tag); end != 0 && is_local(local.substr(0, end)))
      local = local.substr(0, end);
  out.local = local;
  if (provider && provider->dots) {
    std::erase(out.local, '.');
  }
  if (provider && provider->hyphens) std::replace(out.local.begin(), out.local.end(), '.', '-');
  out.mailbox.append(out.local).append("@").append(out.domain);
}

void Normaliser::domain(std::string_view value, WebDomain& out) const {
  std::string& text = out.memory.text;
  clean(value, text);
  std::string_view rest(text);
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos)
    rest.remove_prefix(scheme + 3);
  else if (rest.starts_with("//"))
    rest.remove_prefix(2);
  rest = rest.substr(0, rest.find_first_of("/?#\\ ,;"));
  if (const std::size_t user = rest.rfind('@'); user != std::string_view::npos) rest.remove_prefix(user + 1);
  rest = rest.substr(0, rest.find(':'));
  out.host = rest;
  out.registrable.clear();
  out.valid = to_ascii(out.host);
  if (!out.valid) return;
  if (out.host.starts_with("www.") && is_host(std::string_view(out.host).substr(4))) out.host.erase(0, 4);
  // The longest known suffix, else the last label; and one label in front of it.
  const std::string_view host(out.host);
  std::size_t suffix = host.rfind('.') + 1;
  for (std::size_t begin = 0; begin < suffix;) {
    if (data_->suffixes.contains(host.substr(begin))) {
      suffix = begin;
      break;
    }
    begin = host.find('.', begin) + 1;
  }
  if (suffix == 0) {
    out.registrable = host;
    return;
  }
  const std::size_t dot = suffix >= 2 ? host.rfind('.', suffix - 2) : std::string_view::npos;
  out.registrable = dot == std::string_view::npos ? host : host.substr(dot + 1);
}

}  // namespace klientela
