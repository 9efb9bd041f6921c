// A host that links the installed C++ library and asks which version it got.
#include <iostream>
#include <klientela/core/version.hpp>

int main(int argc, char** argv) {
  std::cout << klientela::version() << '\n';
  return argc == 2 && klientela::version() == argv[1] ? 0 : 1;
}
