// Money times money is no amount.
#include "klientela/core/money.hpp"

klientela::Money f(klientela::Money a) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  a = a * a;
#endif
  return a + klientela::Money{};
}
