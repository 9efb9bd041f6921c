// A host that uses the header-only value types and links nothing of klientela.
#include <iostream>
#include <klientela/core/money.hpp>

int main() {
  const auto price = klientela::Money::from_text("12.50");
  const auto total = price.value() + klientela::Money::from_double(0.25).value();
  std::cout << total.to_text() << '\n';
  return total.to_text() == "12.75" ? 0 : 1;
}
