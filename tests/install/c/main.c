/* A host that links the installed C library with the C compiler alone and asks what it got. */
#include <klientela.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  printf("klientela %s, ABI %d\n", klt_version(), (int)klt_abi_version());
  if (klt_abi_version() != KLT_ABI_VERSION) return 1;
  return argc == 2 && strcmp(klt_version(), argv[1]) == 0 ? 0 : 1;
}
