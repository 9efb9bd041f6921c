// A C++ host of the Conan package: exact money, and the version it is linked to.
#include <iostream>
#include <klientela/core/money.hpp>
#include <klientela/core/version.hpp>

int main() {
  const auto sum = klientela::Money::from_text("0.1").value() + klientela::Money::from_text("0.2").value();
  std::cout << "klientela " << klientela::version() << ", 0.1 + 0.2 = " << sum.to_text() << '\n';
  return sum.to_text() == "0.3" ? 0 : 1;
}
