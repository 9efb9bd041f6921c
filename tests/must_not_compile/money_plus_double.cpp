// Money and a double do not add up silently.
#include "klientela/core/money.hpp"

klientela::Money f(klientela::Money a) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  a = a + 0.5;
#endif
  return a + klientela::Money{};
}
