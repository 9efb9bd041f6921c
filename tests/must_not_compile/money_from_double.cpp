// A double is not money: the host says how to round by calling Money::from_double().
#include "klientela/core/money.hpp"

klientela::Money f(klientela::Money a) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  a = 1.5;
#endif
  return a + klientela::Money{};
}
