// Whether a free text names a client: by name, address or number, however they are written.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/model/client_base.hpp"

namespace klientela::dedupe {

/// What a client is known by.
class Mentions {
 public:
  /// A value of a field of the client's cards; those that many share (city, language, a given name) are not looked for.
  void add(ClientField field, std::string_view value);
  void add_id(const ClientId& id);
  /// Given and family name of one card.
  void add_name(std::string_view given, std::string_view family);
  /// Whether a text holds one: names, addresses, e-mails and ids of five letters and more without regard to case (Latin
  /// and Cyrillic), blanks, '_', '-' and '.'; family names and numeric ids as whole words; numbers of seven digits and
  /// more by their last ten digits. O(text x values)
  [[nodiscard]] bool in(std::string_view text) const;

 private:
  std::set<std::string, std::less<>> parts_;
  std::set<std::string, std::less<>> words_;
  std::set<std::string, std::less<>> numbers_;
};

}  // namespace klientela::dedupe
