/* Similarity of texts over the C ABI: pairs, lists, UTF-8 and what is none. */
#include "check.h"

static void check_pairs(klt_context* context) {
  double value = -7;
  CHECK_OK(context, klt_similarity(context, KLT_SCORER_JARO_WINKLER_SIMILARITY, "MARTHA", 6, "MARHTA", 6, KLT_NO_CUTOFF,
                                   &value));
  CHECK_NUMBER(value, 17.3 / 18);
  CHECK_OK(context, klt_similarity(context, KLT_SCORER_DAMERAU_LEVENSHTEIN_DISTANCE, "jellyifhs", 9, "jellyfish", 9,
                                   KLT_NO_CUTOFF, &value));
  CHECK_NUMBER(value, 2);
  CHECK_OK(context, klt_similarity(context, KLT_SCORER_OSA_DISTANCE, "ca", 2, "abc", 3, 1, &value));
  CHECK_NUMBER(value, 2); /* one more than the cutoff */
  /* Code points count, not bytes; NUL is a character. */
  CHECK_OK(context, klt_similarity(context, KLT_SCORER_LEVENSHTEIN_DISTANCE, "\xD0\x98\xD0\xB2\xE6\x9D\x8E", 7,
                                   "\xD0\x98\xF0\x9F\x98\x80\0", 7, KLT_NO_CUTOFF, &value));
  CHECK_NUMBER(value, 2);
  CHECK_OK(context, klt_similarity(context, KLT_SCORER_LEVENSHTEIN_SIMILARITY, "", 0, "", 0, KLT_NO_CUTOFF, &value));
  CHECK_NUMBER(value, 1);
  value = -7;
  CHECK_ERROR(context, klt_similarity(context, 0, "\xED\xA0\x80", 3, "a", 1, KLT_NO_CUTOFF, &value),
              KLT_INVALID_ARGUMENT, "a");
  CHECK_ERROR(context, klt_similarity(context, 0, "a", 1, "\xC3", 1, KLT_NO_CUTOFF, &value), KLT_INVALID_ARGUMENT, "b");
  CHECK_ERROR(context, klt_similarity(context, 12, "a", 1, "a", 1, KLT_NO_CUTOFF, &value), KLT_INVALID_ARGUMENT,
              "scorer");
  CHECK_ERROR(context, klt_similarity(context, 256, "a", 1, "a", 1, KLT_NO_CUTOFF, &value), KLT_INVALID_ARGUMENT,
              "scorer");
  CHECK_NUMBER(value, -7);
}

static void check_lists(klt_context* context) {
  static const int64_t offsets[] = {0, 4, 4, 9};
  static const int64_t falling[] = {0, 4, 3, 9};
  static const int64_t cut[] = {0, 6, 6, 9}; /* within a character */
  static const char bytes[] = "annah\xC3\xA4ns";
  double out[9];
  int i, j, scorer;
  CHECK_OK(context, klt_context_set_threads(context, 2));
  for (scorer = KLT_SCORER_JARO_SIMILARITY; scorer <= KLT_SCORER_TRIGRAM_SIMILARITY; ++scorer) {
    CHECK_OK(context, klt_similarity_many(context, scorer, offsets, bytes, 3, offsets, bytes, 3, KLT_NO_CUTOFF, out));
    for (i = 0; i < 3; ++i) {
      for (j = 0; j < 3; ++j) {
        double one = -7;
        CHECK_OK(context,
                 klt_similarity(context, scorer, bytes + offsets[i], (size_t)(offsets[i + 1] - offsets[i]),
                                bytes + offsets[j], (size_t)(offsets[j + 1] - offsets[j]), KLT_NO_CUTOFF, &one));
        CHECK_NUMBER(out[3 * i + j], one);
      }
    }
  }
  CHECK_ERROR(context, klt_similarity_many(context, 0, falling, bytes, 3, offsets, bytes, 3, KLT_NO_CUTOFF, out),
              KLT_INVALID_ARGUMENT, "query_offsets");
  CHECK_ERROR(context, klt_similarity_many(context, 0, offsets, bytes, 3, cut + 1, bytes, 2, KLT_NO_CUTOFF, out),
              KLT_INVALID_ARGUMENT, "choice_bytes");
  CHECK_ERROR(context,
              klt_similarity_many(context, 0, offsets, bytes, (size_t)-1, offsets, bytes, 3, KLT_NO_CUTOFF, out),
              KLT_OUT_OF_RANGE, "query_offsets");
  CHECK_OK(context, klt_similarity_many(context, 0, offsets, bytes, 0, offsets, bytes, 3, KLT_NO_CUTOFF, out));
}

static void check_others(klt_context* context) {
  char code[5] = "????";
  CHECK_OK(context, klt_soundex(context, "Ashcraft", 8, code));
  CHECK_TEXT(code, "A261");
  CHECK_OK(context, klt_soundex(context, "\xD0\x98", 2, code));
  CHECK_TEXT(code, "");
  CHECK_NUMBER(klt_relative_difference(80, 100), 0.2);
  CHECK(klt_haversine_distance(0, 0, 0, 180) > 20015114 && klt_haversine_distance(0, 0, 0, 180) < 20015115);
}

int main(void) {
  klt_context* context = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  check_pairs(context);
  check_lists(context);
  check_others(context);
  klt_context_free(context);
  return check_result();
}
