// What duplicates show goes with them: it cannot be taken of a temporary.
#include "klientela/dedupe/duplicates.hpp"

using namespace klientela;

std::size_t edges_of(const Duplicates& kept) {
#ifdef KLIENTELA_MUST_NOT_COMPILE
  return Duplicates(kept).edges().size();
#else
  return kept.edges().size();
#endif
}
