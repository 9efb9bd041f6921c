// A sum that nobody reads is a mistake.
#include "klientela/core/money.hpp"

klientela::Money f(klientela::Money a) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  a + a;
#endif
  return a + klientela::Money{};
}
