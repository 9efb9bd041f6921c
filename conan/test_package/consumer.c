/* A C host of the Conan package: the header and the library speak of the same ABI. */
#include <klientela.h>
#include <stdio.h>

int main(void) {
  printf("klientela %s, ABI %d\n", klt_version(), (int)klt_abi_version());
  return klt_abi_version() == KLT_ABI_VERSION ? 0 : 1;
}
