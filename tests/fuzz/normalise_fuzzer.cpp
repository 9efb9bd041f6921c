// Feeds bytes to every way a value is normalised: nothing may break, and what is normal stays as it is.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/core/error.hpp"
#include "klientela/dedupe/normalise.hpp"

namespace {

using namespace klientela;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Normaliser normaliser;
  static NormalText text;
  static PersonName person;
  static OrganisationName organisation;
  static EmailAddress email;
  static PhoneNumber phone;
  static PostalAddress address;
  static TaxNumber tax;
  static WebDomain domain;
  const std::string_view value(reinterpret_cast<const char*>(data), size);

  normaliser.text(value, text);
  require(text.latin.find("  ") == std::string::npos && !text.latin.starts_with(' ') && !text.latin.ends_with(' '));
  NormalText again;
  normaliser.text(text.latin, again);
  require(again == text);

  normaliser.person(value, person);
  PersonName fresh;
  normaliser.person(value, fresh);
  require(fresh == person);
  const std::size_t cut = size / 3;
  normaliser.person(value.substr(0, cut), value.substr(cut, cut), value.substr(2 * cut), person);

  normaliser.organisation(value, organisation);
  require(organisation.core.empty() == organisation.folded.empty());

  normaliser.email(value, email);
  if (email.valid) {
    EmailAddress same;
    normaliser.email(email.mailbox, same);
    require(same.valid && same.mailbox == email.mailbox);
  }
  normaliser.phone(value, phone, "RU");
  if (phone.valid) {
    PhoneNumber same;
    normaliser.phone(phone.number, same);
    require(same.valid && same.number == phone.number);
  }
  normaliser.address(value, address);
  normaliser.tax_number(value, tax);
  require(tax.valid || !tax.checked);
  normaliser.domain(value, domain);
  if (domain.valid) {
    WebDomain same;
    normaliser.domain(domain.registrable, same);
    require(same.valid && same.registrable == domain.registrable);
  }
  try {
    const NormaliserOptions options = normaliser_options_from_json(value);
    require(normaliser_options_from_json(to_json(options)) == options);
  } catch (const Error& error) {
    require(error.code() == Code::bad_policy);
  }
  return 0;
}
