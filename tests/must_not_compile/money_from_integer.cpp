// An integer is not money: whole units or ten-thousandths, the host has to say.
#include "klientela/core/money.hpp"

klientela::Money f(klientela::Money a) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  a = 15;
#endif
  return a + klientela::Money{};
}
