/* klientela.h: the whole C ABI of klientela, the only part of the library with a stability promise (see ABI.md).
 *
 * Manners, valid for every function below unless it says otherwise:
 *
 *  - Errors. A call that can fail returns klt_status. KLT_OK is 0; anything else left the objects it was called on as
 *    they were and wrote nothing to its out-arguments. The context keeps the code, a sentence for a person and the name
 *    of what it is about (an argument, "table.column", a JSON pointer) until the next call with that context. A
 * required pointer that is NULL is KLT_INVALID_ARGUMENT naming the argument; a NULL context is KLT_INVALID_ARGUMENT
 * too, with nowhere to say more. No exception and no abort leaves the library.
 *  - Lifetime. Handles are opaque. Every handle that a function writes to `klt_... **out` belongs to the caller, who
 *    ends it with the klt_..._free() of its type, once. klt_..._free(NULL) does nothing. A handle never borrows
 * another: handles may be freed in any order (they share memory inside). Pointers that getters return are borrowed and
 * live as long as the handle they were asked of.
 *  - Threads. A context, a klt_tables and a klt_table_builder are for one thread at a time. Every other handle is
 *    immutable: any number of threads may read it at once, each with a context of its own; free it when nobody does.
 *  - Text is UTF-8. Arguments are NUL-terminated; results come with their size and are NUL-terminated where it says so.
 *  - Money is exact: int64 in units of 1/10000 of the base's one currency. Days are days since 1970-01-01 in the base's
 *    time zone, instants are UTC microseconds since 1970-01-01.
 *  - Structs that the caller fills begin with struct_size and have an _INIT macro, which must be used. A caller
 *    built against an older header gets the defaults of the members it does not know; a larger struct is accepted while
 *    every byte past the ones this library knows is zero.
 *  - "Since ABI n" says which value of klt_abi_version() is the first that has the symbol.
 */
#ifndef KLIENTELA_H
#define KLIENTELA_H

#include <stddef.h>
#include <stdint.h>

/* The ABI that this header describes. It grows by one with each release that adds to it; nothing is ever taken away
 * without a new name of the shared library. */
#define KLT_ABI_VERSION 2

#ifndef KLT_API
#if defined(_WIN32)
#if defined(KLT_BUILDING)
#define KLT_API __declspec(dllexport)
#else
#define KLT_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define KLT_API __attribute__((visibility("default")))
#else
#define KLT_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The Arrow C data and stream interfaces, as the Arrow specification publishes them, under its own guards ---- */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* ---- Handles ---- */

typedef struct klt_context klt_context;               /* one per thread: last error, threads, callbacks */
typedef struct klt_string klt_string;                 /* a text that the library made */
typedef struct klt_table klt_table;                   /* named columns of equal length */
typedef struct klt_table_builder klt_table_builder;   /* makes a klt_table out of plain C arrays */
typedef struct klt_tables klt_tables;                 /* what goes into an ingest or a run: streams by table name */
typedef struct klt_base klt_base;                     /* a client base */
typedef struct klt_ingest_result klt_ingest_result;   /* a base, the rows it was made of and those it was not */
typedef struct klt_merged_base klt_merged_base;       /* a base whose duplicate cards count as one client */
typedef struct klt_features klt_features;             /* one row of measures per client, as of a day */
typedef struct klt_classifier klt_classifier;         /* how to classify, before it has seen data */
typedef struct klt_model klt_model;                   /* a classifier with its thresholds frozen */
typedef struct klt_registry klt_registry;             /* the kinds of classifiers, those of a host among them */
typedef struct klt_classification klt_classification; /* classes and reasons, one row per client */
typedef struct klt_expression klt_expression;         /* a condition or a value over columns */
typedef struct klt_assignments klt_assignments;       /* a journal of what people assigned */
typedef struct klt_history klt_history;               /* everybody's classes as of several days */
typedef struct klt_tracker klt_tracker;               /* features and classes kept up to date event by event */
typedef struct klt_profiles klt_profiles;             /* what groups of clients are like */
typedef struct klt_duplicates klt_duplicates;         /* which cards are the same client */
typedef struct klt_card_index klt_card_index;         /* looks a card up, and takes in cards that come later */
typedef struct klt_policy klt_policy;                 /* the document that holds every choice */
typedef struct klt_result klt_result;                 /* everything that a run found */
typedef struct klt_schedule klt_schedule;             /* contacts of a period, on the days of managers */

/* ---- Status ---- */

/* What became of a call. The numbers never change; new ones may be added. Since ABI 1. */
typedef int32_t klt_status;
enum {
  KLT_OK = 0,
  KLT_INVALID_ARGUMENT = 1, /* an argument that no data could make right */
  KLT_NOT_FOUND = 2,        /* a name, column, preset or client that does not exist */
  KLT_OUT_OF_RANGE = 3,     /* an index, date or number outside its documented range */
  KLT_OVERFLOW = 4,         /* exact arithmetic left int64 */
  KLT_BAD_DATA = 5,         /* a table that cannot be read at all; single rows are rejected instead */
  KLT_BAD_POLICY = 6,       /* a malformed or contradictory policy; where is a JSON pointer */
  KLT_CANCELLED = 7,        /* the host asked to stop */
  KLT_UNSUPPORTED = 8,      /* this build lacks an optional part */
  KLT_OUT_OF_MEMORY = 9,
  KLT_INTERNAL = 10 /* a defect of klientela, or of a host's classifier, which where then names */
};

/* The ABI of the library that is linked; at least KLT_ABI_VERSION of the header it was built against. Never fails.
 * Any thread. Since ABI 1. */
KLT_API int32_t klt_abi_version(void);
/* The version of the library as "major.minor.patch". Static, NUL-terminated. Any thread. Since ABI 1. */
KLT_API const char* klt_version(void);
/* The machine-readable name of a status, for example "bad_policy"; "ok" for KLT_OK, "unknown" for a number that is no
 * status. Static, NUL-terminated. Any thread. Since ABI 1. */
KLT_API const char* klt_status_name(klt_status status);

/* ---- Context: last error, threads, cancellation, progress ---- */

/* Makes a context: the caller's thread only, never cancelled, silent. KLT_OUT_OF_MEMORY. Any thread. Since ABI 1. */
KLT_API klt_status klt_context_new(klt_context** out);
/* Ends a context and the threads it owns. Not from inside a callback. Since ABI 1. */
KLT_API void klt_context_free(klt_context* context);

/* Status of the last call that was given this context; KLT_OK for a fresh or NULL one. Since ABI 1. */
KLT_API klt_status klt_context_last_status(const klt_context* context);
/* Sentence about the last error, empty after success; cited bytes that are no UTF-8 stand in it as U+FFFD.
 * NUL-terminated, never NULL; lives until the next call with this context. Since ABI 1. */
KLT_API const char* klt_context_last_message(const klt_context* context);
/* What the last error is about: an argument's name, "table.column", a column, a JSON pointer; empty where there is
 * nothing to name. NUL-terminated, never NULL; lives until the next call with this context. Since ABI 1. */
KLT_API const char* klt_context_last_where(const klt_context* context);

/* How many threads long calls use, the caller's included; 1 is the beginning, 0 means one per core. Results do not
 * depend on it. Replaces an executor set before. KLT_OUT_OF_RANGE above 1024. Since ABI 1. */
KLT_API klt_status klt_context_set_threads(klt_context* context, uint32_t threads);

/* A host's own thread pool. Since ABI 1. */
typedef struct klt_executor {
  size_t struct_size;
  /* How many tasks can run at once, 1 .. 1024; a hint for splitting work. */
  size_t concurrency;
  /* Calls task(i, task_data) once for each i in [0, tasks), in any order on any thread, and returns 0 when all have
   * ended. Another return, or a task left out, fails the call with KLT_INVALID_ARGUMENT naming "executor.run"; a task
   * called again does nothing. Exceptions must not leave it. Called on the thread of the klientela call. */
  int (*run)(size_t tasks, void (*task)(size_t index, void* task_data), void* task_data, void* user_data);
  void* user_data;
} klt_executor;
#define KLT_EXECUTOR_INIT \
  { sizeof(klt_executor), 1, NULL, NULL }

/* Long calls run their tasks on the host's executor. The struct is copied; user_data must outlive its use. NULL goes
 * back to the caller's thread. KLT_OUT_OF_RANGE for a concurrency outside its range. Since ABI 1. */
KLT_API klt_status klt_context_set_executor(klt_context* context, const klt_executor* executor);

/* Asked between blocks of long calls, on the thread of the call: a non-zero return stops the call with KLT_CANCELLED
 * and nothing has changed. It must not call klientela with the same context. NULL removes it. Since ABI 1. */
typedef int (*klt_cancel_callback)(void* user_data);
KLT_API klt_status klt_context_set_cancel(klt_context* context, klt_cancel_callback cancel, void* user_data);

/* Told between blocks of long calls, on the thread of the call: the stage's name ("ingest", "features", ...;
 * NUL-terminated, lives for the callback) and the share of it that is done, 0 to 1. A non-zero return cancels like
 * klt_cancel_callback. NULL removes it. Since ABI 1. */
typedef int (*klt_progress_callback)(const char* stage, double done, void* user_data);
KLT_API klt_status klt_context_set_progress(klt_context* context, klt_progress_callback progress, void* user_data);

/* Stops the long call that runs with this context, which then returns KLT_CANCELLED; without one it does nothing. The
 * only function that another thread may call with a context in use (which must not be freed meanwhile). NULL does
 * nothing. Since ABI 1. */
KLT_API void klt_context_cancel(klt_context* context);

/* ---- Strings and days ---- */

/* The bytes, NUL-terminated (a NUL may also stand inside). "" for NULL. Since ABI 1. */
KLT_API const char* klt_string_data(const klt_string* string);
/* Bytes without the ending NUL; 0 for NULL. Since ABI 1. */
KLT_API size_t klt_string_size(const klt_string* string);
/* A text of the host's own, which callbacks hand over: `text` is NUL-terminated UTF-8 and copied. Since ABI 2. */
KLT_API klt_status klt_string_new(klt_context* context, const char* text, klt_string** out);
KLT_API void klt_string_free(klt_string* string); /* Since ABI 1. */

/* Reads "2026-11-21" as days since 1970-01-01. KLT_INVALID_ARGUMENT naming "text" for anything else and for a day that
 * does not exist. Since ABI 1. */
KLT_API klt_status klt_parse_day(klt_context* context, const char* text, int32_t* out);

/* ---- Tables: plain getters, Arrow, CSV ---- */

/* What a column holds; in brackets the C type behind klt_table_column_data(). Numbers never change. Since ABI 1. */
typedef int32_t klt_column_type;
enum {
  KLT_COLUMN_BOOLEAN = 0, /* [uint8_t, 0 or 1] Arrow bool */
  KLT_COLUMN_INT8 = 1,    /* [int8_t] int8 */
  KLT_COLUMN_INT32 = 2,   /* [int32_t] int32 */
  KLT_COLUMN_INT64 = 3,   /* [int64_t] int64 */
  KLT_COLUMN_DOUBLE = 4,  /* [double] double */
  KLT_COLUMN_MONEY = 5,   /* [int64_t, units of 1/10000] decimal128(19, 4) */
  KLT_COLUMN_DAY = 6,     /* [int32_t, days since 1970-01-01] date32 */
  KLT_COLUMN_INSTANT = 7, /* [int64_t, UTC microseconds] timestamp[us, UTC] */
  KLT_COLUMN_LABEL = 8,   /* [uint16_t, index of a label] dictionary<uint16, utf8> */
  KLT_COLUMN_TERM = 9,    /* [uint32_t, index of a label] dictionary<uint32, utf8> */
  KLT_COLUMN_TEXT = 10    /* [see klt_table_text_data()] large_utf8 */
};

KLT_API void klt_table_free(klt_table* table); /* Since ABI 1. */
/* 0 for NULL. Since ABI 1. */
KLT_API size_t klt_table_row_count(const klt_table* table);
/* 0 for NULL. Since ABI 1. */
KLT_API size_t klt_table_column_count(const klt_table* table);
/* Name of a column, NUL-terminated; lives as long as the table. NULL for a NULL table or a column out of range.
 * Since ABI 1. */
KLT_API const char* klt_table_column_name(const klt_table* table, size_t column);
/* -1 for a NULL table or a column out of range. Since ABI 1. */
KLT_API klt_column_type klt_table_column_type(const klt_table* table, size_t column);
/* How many rows have no value; 0 for a NULL table or a column out of range. Since ABI 1. */
KLT_API size_t klt_table_null_count(const klt_table* table, size_t column);
/* Index of the column of that name. KLT_NOT_FOUND names it and those there are. O(columns). Since ABI 1. */
KLT_API klt_status klt_table_find_column(klt_context* context, const klt_table* table, const char* name, size_t* out);

/* Whether a cell has no value: 1 or 0. KLT_OUT_OF_RANGE for the column or row. Since ABI 1. */
KLT_API klt_status klt_table_is_null(klt_context* context, const klt_table* table, size_t column, size_t row, int* out);
/* One number: booleans, whole numbers, money (units), days, instants, label codes; 0 where null.
 * KLT_INVALID_ARGUMENT naming "column" for doubles and text, KLT_OUT_OF_RANGE for the column or row. Since ABI 1. */
KLT_API klt_status klt_table_get_int64(klt_context* context, const klt_table* table, size_t column, size_t row,
                                       int64_t* out);
/* One number: booleans, whole numbers, doubles, days, and money in whole currency; NaN where null.
 * KLT_INVALID_ARGUMENT naming "column" for the rest, KLT_OUT_OF_RANGE for the column or row. Since ABI 1. */
KLT_API klt_status klt_table_get_double(klt_context* context, const klt_table* table, size_t column, size_t row,
                                        double* out);
/* The text of a text, label or term cell: *text borrowed from the table and not NUL-terminated, NULL where null.
 * KLT_INVALID_ARGUMENT naming "column" for another type, KLT_OUT_OF_RANGE for the column or row. Since ABI 1. */
KLT_API klt_status klt_table_get_text(klt_context* context, const klt_table* table, size_t column, size_t row,
                                      const char** text, size_t* size);
/* Any cell as a person reads it: money exact, days ISO 8601, doubles shortest round-trip, empty where null.
 * KLT_OUT_OF_RANGE for the column or row. Since ABI 1. */
KLT_API klt_status klt_table_render(klt_context* context, const klt_table* table, size_t column, size_t row,
                                    klt_string** out);

/* Many numbers at once, as klt_table_get_int64(): rows [first_row, first_row + count) to values[0 .. count). `valid`
 * gets 1 or 0 per row; it may be NULL. KLT_OUT_OF_RANGE where the rows leave the table. O(count). Since ABI 1. */
KLT_API klt_status klt_table_read_int64(klt_context* context, const klt_table* table, size_t column, size_t first_row,
                                        size_t count, int64_t* values, uint8_t* valid);
/* Many numbers at once, as klt_table_get_double(). O(count). Since ABI 1. */
KLT_API klt_status klt_table_read_double(klt_context* context, const klt_table* table, size_t column, size_t first_row,
                                         size_t count, double* values, uint8_t* valid);
/* The column's own memory, without a copy: klt_table_row_count() values of the C type named at klt_column_type, and one
 * bit per row (least significant first, set where there is a value), NULL where the column has no null. The values of
 * null rows are unspecified. KLT_INVALID_ARGUMENT naming "column" for text. Since ABI 1. */
KLT_API klt_status klt_table_column_data(klt_context* context, const klt_table* table, size_t column,
                                         const void** values, const uint8_t** validity_bits);
/* A text column's own memory: row i is characters[offsets[i]] up to characters[offsets[i + 1]]; validity as above.
 * KLT_INVALID_ARGUMENT naming "column" for another type. Since ABI 1. */
KLT_API klt_status klt_table_text_data(klt_context* context, const klt_table* table, size_t column,
                                       const int64_t** offsets, const char** characters, const uint8_t** validity_bits);
/* How many labels a label or term column has. KLT_INVALID_ARGUMENT naming "column" for another type. Since ABI 1. */
KLT_API klt_status klt_table_label_count(klt_context* context, const klt_table* table, size_t column, size_t* out);
/* The text of a label; NUL-terminated and borrowed from the table. KLT_OUT_OF_RANGE for the code. Since ABI 1. */
KLT_API klt_status klt_table_label(klt_context* context, const klt_table* table, size_t column, size_t code,
                                   const char** text, size_t* size);

/* Writes a stream of one record batch into *out, which the caller releases by its release callback. Values are shared,
 * not copied, where the layouts agree (all but money and booleans); the stream outlives the table. Since ABI 1. */
KLT_API klt_status klt_table_export_arrow(klt_context* context, const klt_table* table, struct ArrowArrayStream* out);
/* RFC 4180 with LF line ends and a header line, UTF-8. A text cell that a spreadsheet would run is written with a
 * leading apostrophe. Since ABI 1. */
KLT_API klt_status klt_table_to_csv(klt_context* context, const klt_table* table, klt_string** out);

/* ---- Table builder: tables from plain C arrays, for callers without Arrow ---- */

/* A builder for a table of that many rows. KLT_OUT_OF_RANGE above 2^40 rows. Since ABI 1. */
KLT_API klt_status klt_table_builder_new(klt_context* context, size_t rows, klt_table_builder** out);
KLT_API void klt_table_builder_free(klt_table_builder* builder); /* Since ABI 1. */
/* Each of these appends a column and copies one value per row. `valid` has one byte per row, 0 where there is no value;
 * NULL means that every row has one. KLT_INVALID_ARGUMENT for a name that is taken or empty, or values that are NULL
 * while there are rows; the builder is as before. O(rows). Since ABI 1. */
KLT_API klt_status klt_table_builder_add_int64(klt_context* context, klt_table_builder* builder, const char* name,
                                               const int64_t* values, const uint8_t* valid);
KLT_API klt_status klt_table_builder_add_double(klt_context* context, klt_table_builder* builder, const char* name,
                                                const double* values, const uint8_t* valid);
/* Units of 1/10000. KLT_OVERFLOW for INT64_MIN in a row that has a value. Since ABI 1. */
KLT_API klt_status klt_table_builder_add_money(klt_context* context, klt_table_builder* builder, const char* name,
                                               const int64_t* values, const uint8_t* valid);
/* Days since 1970-01-01. Since ABI 1. */
KLT_API klt_status klt_table_builder_add_day(klt_context* context, klt_table_builder* builder, const char* name,
                                             const int32_t* values, const uint8_t* valid);
/* UTC microseconds since 1970-01-01. Since ABI 1. */
KLT_API klt_status klt_table_builder_add_instant(klt_context* context, klt_table_builder* builder, const char* name,
                                                 const int64_t* values, const uint8_t* valid);
/* 0 or not 0. Since ABI 1. */
KLT_API klt_status klt_table_builder_add_boolean(klt_context* context, klt_table_builder* builder, const char* name,
                                                 const uint8_t* values, const uint8_t* valid);
/* NUL-terminated texts; NULL where there is no value. Invalid UTF-8 is kept here and becomes a rejected row.
 * Since ABI 1. */
KLT_API klt_status klt_table_builder_add_text(klt_context* context, klt_table_builder* builder, const char* name,
                                              const char* const* values);
/* Texts by size: row i is the sizes[i] bytes at values[i]. Since ABI 1. */
KLT_API klt_status klt_table_builder_add_sized_text(klt_context* context, klt_table_builder* builder, const char* name,
                                                    const char* const* values, const size_t* sizes,
                                                    const uint8_t* valid);
/* The table of all columns so far. The builder can go on and finish again. O(columns). Since ABI 1. */
KLT_API klt_status klt_table_builder_finish(klt_context* context, const klt_table_builder* builder, klt_table** out);

/* ---- Model: what tables there are, and what a base holds ---- */

/* The tables a base is made of and their fields, one row per field: table, field, type, required, aliases (joined with
 * ';'), note. Since ABI 1. */
KLT_API klt_status klt_schema(klt_context* context, klt_table** out);

KLT_API void klt_base_free(klt_base* base); /* Since ABI 1. */
/* 0 for NULL. Since ABI 1. */
KLT_API size_t klt_base_client_count(const klt_base* base);
/* IANA name of the base's time zone, NUL-terminated; lives as long as the base. "" for NULL. Since ABI 1. */
KLT_API const char* klt_base_time_zone(const klt_base* base);
/* ISO 4217 code of the base's currency, empty where it was not said; lives as long as the base. Since ABI 1. */
KLT_API const char* klt_base_currency(const klt_base* base);
/* Rows delivered to a table ("transactions", ...) and rows in use, over all deliveries. Either out-argument may be
 * NULL. KLT_NOT_FOUND naming "table_name". Since ABI 1. */
KLT_API klt_status klt_base_row_counts(klt_context* context, const klt_base* base, const char* table_name,
                                       uint64_t* delivered, uint64_t* used);
/* The ids of all clients in canonical order (whole numbers ascending, then texts by bytes) as a table of one column
 * "client": int64 where every id is a whole number, else text. Since ABI 1. */
KLT_API klt_status klt_base_clients(klt_context* context, const klt_base* base, klt_table** out);
/* The row of a client in canonical order, which is its row in features and classifications. `id` as text, also for a
 * whole number. KLT_NOT_FOUND naming "id". O(log clients). Since ABI 1. */
KLT_API klt_status klt_base_client_row(klt_context* context, const klt_base* base, const char* id, size_t* out);
/* The code of a client, which stays the same in every base that extends this one. KLT_NOT_FOUND naming "id". O(1).
 * Since ABI 1. */
KLT_API klt_status klt_base_client_code(klt_context* context, const klt_base* base, const char* id, uint32_t* out);
/* The id behind a code, as text. KLT_OUT_OF_RANGE naming "code" for one that was not handed out. Since ABI 1. */
KLT_API klt_status klt_base_client_id(klt_context* context, const klt_base* base, uint32_t code, klt_string** out);
/* The codes of all clients in canonical order, klt_base_client_count() long; borrowed from the base. NULL for NULL.
 * Since ABI 1. */
KLT_API const uint32_t* klt_base_codes(const klt_base* base);
/* The rows in use of one table, in order of delivery, one column per field that was ever delivered, normal types: ids
 * as in klt_base_clients(), terms as KLT_COLUMN_TERM, several texts joined with ';'. KLT_NOT_FOUND naming
 * "table_name". O(rows x fields). Since ABI 1. */
KLT_API klt_status klt_base_table(klt_context* context, const klt_base* base, const char* table_name, klt_table** out);
/* Day of the last purchase in use, in the base's time zone. KLT_NOT_FOUND where there is none. Since ABI 1. */
KLT_API klt_status klt_base_last_purchase_day(klt_context* context, const klt_base* base, int32_t* out);
/* 1 where `base` was made by extending `earlier`, 0 otherwise. Since ABI 1. */
KLT_API klt_status klt_base_extends(klt_context* context, const klt_base* base, const klt_base* earlier, int* out);

/* ---- Roll-up: from branches and contact persons up to the organisation ---- */

/* A day that is not said. Since ABI 2. */
#define KLT_NO_DAY INT32_MIN

/* Which clients a rolled-up base has. Since ABI 2. */
typedef int32_t klt_roll_up_to;
enum {
  KLT_ROLL_UP_ROOTS = 0,     /* those that belong to nobody, each with all below it */
  KLT_ROLL_UP_LEVEL = 1,     /* those down to a level; the last ones with all below them, the others alone */
  KLT_ROLL_UP_EVERY_NODE = 2 /* all, each with all below it: a row counts for its client and for everybody above */
};

/* Choices of a roll-up. Since ABI 2. */
typedef struct klt_roll_up_options {
  size_t struct_size;
  klt_roll_up_to to;
  int32_t level;      /* for KLT_ROLL_UP_LEVEL: 1 or more; 1 is that of the roots */
  int32_t contacts;   /* 1: a client without a parent belongs to the organisation that it is a contact of; 0: not */
  int32_t on;         /* contacts in force on that day count, in days since 1970-01-01; KLT_NO_DAY: all */
  int32_t max_levels; /* for KLT_ROLL_UP_EVERY_NODE: deeper trees are refused; 1 .. 1000 */
  int32_t reserved;   /* 0 */
} klt_roll_up_options;
#define KLT_ROLL_UP_OPTIONS_INIT \
  { sizeof(klt_roll_up_options), 0, 1, 1, KLT_NO_DAY, 64, 0 }

/* The tree of the clients, one row each in canonical order: client, parent (null: belongs to nobody), root, level (1
 * for a root), children, members (itself and all below it), link (parent, contact; undecided: a contact of several
 * organisations, of which none is the only one marked primary). `options` may be NULL; of it contacts and on are looked
 * at. O(clients + contacts). KLT_BAD_DATA for a circle, which the message names from its smallest id on. Since ABI 2.
 */
KLT_API klt_status klt_base_hierarchy(klt_context* context, const klt_base* base, const klt_roll_up_options* options,
                                      klt_table** out);
/* The base with groups as clients: transactions, requests, interactions and feedback of the members are their group's
 * own, in every later call as if they had been delivered so. Ids of members are understood as their group. Rows are
 * shared; the result cannot be extended. `options` may be NULL. O(clients + rows), to every node times the depth;
 * parallel. KLT_INVALID_ARGUMENT naming the option, KLT_OUT_OF_RANGE naming "max_levels", KLT_BAD_DATA as above,
 * KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_base_roll_up(klt_context* context, const klt_base* base, const klt_roll_up_options* options,
                                    klt_base** out);

/* ---- Policy: the document that holds every choice ---- */

/* The default policy: RFM, ABC, the contact matrix and tiers. Since ABI 1. */
KLT_API klt_status klt_policy_new(klt_context* context, klt_policy** out);
/* A policy from its JSON document. KLT_BAD_POLICY with the JSON pointer in where. Since ABI 1. */
KLT_API klt_status klt_policy_from_json(klt_context* context, const char* json, klt_policy** out);
/* A policy that comes with klientela, for example "online-retail". KLT_NOT_FOUND names those there are. Since ABI 1. */
KLT_API klt_status klt_policy_from_preset(klt_context* context, const char* name, klt_policy** out);
KLT_API void klt_policy_free(klt_policy* policy); /* Since ABI 1. */
/* The names of all presets, one row each, column "preset". Since ABI 1. */
KLT_API klt_status klt_policy_presets(klt_context* context, klt_table** out);
/* The whole document with defaults written out; reading it gives the same policy. Since ABI 1. */
KLT_API klt_status klt_policy_to_json(klt_context* context, const klt_policy* policy, klt_string** out);
/* JSON Schema (2020-12) of the document. Since ABI 1. */
KLT_API klt_status klt_policy_schema(klt_context* context, klt_string** out);
/* How many classifiers the policy names; 0 for NULL. Since ABI 1. */
KLT_API size_t klt_policy_classifier_count(const klt_policy* policy);
/* The name of a classifier, in the policy's order; NUL-terminated, lives as long as the policy. NULL for a NULL policy
 * or an index out of range. Since ABI 1. */
KLT_API const char* klt_policy_classifier_name(const klt_policy* policy, size_t index);
/* The classifier at an index. KLT_OUT_OF_RANGE naming "index". Since ABI 1. */
KLT_API klt_status klt_policy_classifier(klt_context* context, const klt_policy* policy, size_t index,
                                         klt_classifier** out);

/* ---- Ingest: tables in, a base out ---- */

/* An empty collection of tables. Since ABI 1. */
KLT_API klt_status klt_tables_new(klt_context* context, klt_tables** out);
/* Ends it and releases the streams it still holds. Since ABI 1. */
KLT_API void klt_tables_free(klt_tables* tables);
/* Adds a stream for a table ("transactions", "clients", ...) and takes it over: stream->release becomes NULL. The
 * stream is read by klt_ingest(), klt_extend() or klt_run(). On an error it stays the caller's. KLT_NOT_FOUND naming
 * "table_name"; KLT_INVALID_ARGUMENT for a table that was added before or a released stream. Since ABI 1. */
KLT_API klt_status klt_tables_add_stream(klt_context* context, klt_tables* tables, const char* table_name,
                                         struct ArrowArrayStream* stream);
/* Adds a table that a builder or another call made; the handle stays the caller's. Errors as above. Since ABI 1. */
KLT_API klt_status klt_tables_add_table(klt_context* context, klt_tables* tables, const char* table_name,
                                        const klt_table* table);
/* Says which delivered column feeds a field, for example ("transactions", "client", "CustomerID"); wins over names and
 * aliases and over the policy. Stays until klt_tables_free(). KLT_NOT_FOUND naming "table_name" or "field".
 * Since ABI 1. */
KLT_API klt_status klt_tables_map_column(klt_context* context, klt_tables* tables, const char* table_name,
                                         const char* field, const char* column);
/* How many tables wait in it; 0 for NULL and after they were read. Since ABI 1. */
KLT_API size_t klt_tables_count(const klt_tables* tables);

/* What to do with rows about a client that no card names. Since ABI 1. */
typedef int32_t klt_unknown_clients;
enum {
  KLT_UNKNOWN_CLIENTS_DEFAULT = -1,        /* as the policy says */
  KLT_UNKNOWN_CLIENTS_REJECT_IF_CARDS = 0, /* reject where a client table was ever delivered, else create */
  KLT_UNKNOWN_CLIENTS_CREATE = 1,
  KLT_UNKNOWN_CLIENTS_REJECT = 2
};

/* Choices of an ingest. A member left at its INIT value is as the policy says. Everything is borrowed for the call.
 * Since ABI 1. */
typedef struct klt_ingest_options {
  size_t struct_size;
  const klt_policy* policy; /* NULL: the default policy */
  const char* time_zone;    /* IANA name: what days and timestamps without a zone mean; NULL: as the policy */
  const char* currency;     /* ISO 4217; NULL: as the policy */
  const char* date_format;  /* text dates out of %Y %m %d %H %M %S and literals, tried after ISO 8601 */
  klt_unknown_clients unknown_clients; /* KLT_UNKNOWN_CLIENTS_... */
  int32_t reject_zero_amounts;         /* 1, 0, or -1 as the policy */
  int32_t decimal_comma;               /* 1, 0, or -1 as the policy: "1.234,50" in text numbers */
  int32_t reserved;                    /* 0 */
  int64_t max_rejects_kept;            /* more are counted but not listed; -1: as the policy */
  int32_t keep_unreadable_cards; /* 1, 0, or -1 as the policy: optional values of cards that cannot be read count as
                                  * none instead of rejecting the card; since ABI 2 */
  int32_t reserved_2;            /* 0; since ABI 2 */
} klt_ingest_options;
#define KLT_INGEST_OPTIONS_INIT \
  { sizeof(klt_ingest_options), NULL, NULL, NULL, NULL, -1, -1, -1, 0, -1, -1, 0 }

/* Reads every stream to its end and makes a base of them. Once reading has begun the streams are consumed, also on an
 * error; `tables` is then empty and can be filled again. `options` may be NULL. Host memory is shared where the layout
 * allows and the base keeps it alive. O(rows); parallel; the result does not depend on threads.
 * KLT_BAD_DATA for a stream that fails or a column that cannot be read, where is "table.column"; KLT_NOT_FOUND for a
 * time zone; KLT_CANCELLED. Since ABI 1. */
KLT_API klt_status klt_ingest(klt_context* context, klt_tables* tables, const klt_ingest_options* options,
                              klt_ingest_result** out);
/* The same onto a base, which stays as it is: the new one shares its chunks and keeps its codes. Time zone and currency
 * are the base's: left at INIT they are taken from it (and not from the policy), said they must agree. Since ABI 1. */
KLT_API klt_status klt_extend(klt_context* context, const klt_base* base, klt_tables* tables,
                              const klt_ingest_options* options, klt_ingest_result** out);
KLT_API void klt_ingest_result_free(klt_ingest_result* result); /* Since ABI 1. */
/* The base that was made. Since ABI 1. */
KLT_API klt_status klt_ingest_result_base(klt_context* context, const klt_ingest_result* result, klt_base** out);

/* Rows of one table of one delivery; rows_read == rows_used + rows_rejected, always. Since ABI 1. */
typedef struct klt_row_counts {
  size_t struct_size; /* set by the caller; only the members it knows are written */
  uint64_t rows_read;
  uint64_t rows_used;
  uint64_t rows_rejected;
} klt_row_counts;
#define KLT_ROW_COUNTS_INIT \
  { sizeof(klt_row_counts), 0, 0, 0 }

/* Counts of one table in this delivery; zeros for a table that was not delivered. KLT_NOT_FOUND naming "table_name".
 * Since ABI 1. */
KLT_API klt_status klt_ingest_result_counts(klt_context* context, const klt_ingest_result* result,
                                            const char* table_name, klt_row_counts* out);
/* How many rows were rejected and why: table, reason, rows; by table, then reason. Since ABI 1. */
KLT_API klt_status klt_ingest_result_reasons(klt_context* context, const klt_ingest_result* result, klt_table** out);
/* Every listed reject: table, row (from 1, as the reader of a file counts), column, value, reason. With the reason
 * parent_cycle the row was used, without the parent that closes the circle in `value`. Since ABI 1. */
KLT_API klt_status klt_ingest_result_rejected(klt_context* context, const klt_ingest_result* result, klt_table** out);
/* Delivered columns that fed no field: column "column" holds "table.column", in order of delivery. Since ABI 1. */
KLT_API klt_status klt_ingest_result_unused_columns(klt_context* context, const klt_ingest_result* result,
                                                    klt_table** out);
/* Values that count as none in rows that are used: those of cards that could not be read (keep_unreadable_cards), and
 * parents that would close a circle: column ("table.column"), values. Since ABI 2. */
KLT_API klt_status klt_ingest_result_ignored_values(klt_context* context, const klt_ingest_result* result,
                                                    klt_table** out);

/* ---- Dedupe: which cards are the same client ---- */

/* Two clients by their ids, or one card of each of two lists; borrowed for the call. Since ABI 2. */
typedef struct klt_client_pair {
  const char* a;
  const char* b;
} klt_client_pair;

/* Two cards that somebody looked at. Since ABI 2. */
typedef struct klt_labelled_pair {
  const char* a;
  const char* b;
  int32_t match;    /* 1: one client; 0: two */
  int32_t reserved; /* 0 */
} klt_labelled_pair;

/* What is known beyond the cards, and the policy whose part "dedupe" holds every choice. Everything is borrowed for the
 * call. Since ABI 2. */
typedef struct klt_duplicates_options {
  size_t struct_size;
  const klt_policy* policy;          /* NULL: the default policy */
  const klt_client_pair* must_links; /* one client, whatever scores say; of two lists a is of the first */
  size_t must_link_count;
  const klt_client_pair* cannot_links; /* two clients */
  size_t cannot_link_count;
  const klt_merged_base* known; /* what its journal knows counts as well: merged cards are one client, pairs that
                                 * somebody said are two stay two; NULL: nothing is known. Of one list only */
  const klt_table* previous;    /* id, cluster: what an earlier call gave (klt_duplicates_clusters()); clusters that go
                                 * on keep their names, the largest overlaps first. Of one list only; NULL: none */
  const klt_labelled_pair* labelled; /* weights are learnt from these, in place of the policy's and of those that cards
                                      * teach; 20 at least; pairs as those of links */
  size_t labelled_count;
} klt_duplicates_options;
#define KLT_DUPLICATES_OPTIONS_INIT \
  { sizeof(klt_duplicates_options), NULL, NULL, 0, NULL, 0, NULL, NULL, NULL, 0 }

/* Which cards of a base are the same client. `options` may be NULL. The same for any number of threads and any order of
 * rows; parallel. KLT_INVALID_ARGUMENT naming "clients" for cards without a value to compare by, "cannot_links" for
 * links that contradict each other, "previous" for a card in two clusters or a table of other columns, "labelled" for
 * pairs of which nothing can be learnt, or beside a policy with a model; KLT_NOT_FOUND naming "must_links",
 * "cannot_links" or "labelled" for a client without a card;
 * KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_find_duplicates(klt_context* context, const klt_base* base,
                                       const klt_duplicates_options* options, klt_duplicates** out);
/* Which cards of two lists are the same client: only pairs between them are looked at. Since ABI 2. */
KLT_API klt_status klt_link_lists(klt_context* context, const klt_base* first, const klt_base* second,
                                  const klt_duplicates_options* options, klt_duplicates** out);
KLT_API void klt_duplicates_free(klt_duplicates* duplicates); /* Since ABI 2. */
/* How many cards there are; 0 for NULL. Since ABI 2. */
KLT_API size_t klt_duplicates_cards(const klt_duplicates* duplicates);
/* The tables of docs/outputs.md: every card with its cluster; scored pairs that reach `min_score` (bits; not a NaN)
 * with the level and weight of every field; links between two lists; why cards are together; why clusters are apart;
 * pairs for clerical review; weights of levels; what blocking rules cost and give. Since ABI 2, all of them. */
KLT_API klt_status klt_duplicates_clusters(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
KLT_API klt_status klt_duplicates_pairs(klt_context* context, const klt_duplicates* duplicates, double min_score,
                                        klt_table** out);
KLT_API klt_status klt_duplicates_links(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
KLT_API klt_status klt_duplicates_joins(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
KLT_API klt_status klt_duplicates_cuts(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
KLT_API klt_status klt_duplicates_review(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
KLT_API klt_status klt_duplicates_weights(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
/* The weights as the JSON object that a policy takes as "dedupe"."model": with it a later search scores as this one
 * does, whatever its cards would teach. Since ABI 2. */
KLT_API klt_status klt_duplicates_model(klt_context* context, const klt_duplicates* duplicates, klt_string** out);
KLT_API klt_status klt_duplicates_rules(klt_context* context, const klt_duplicates* duplicates, klt_table** out);
/* Counts, and how learning went, as one JSON object (docs/outputs.md). Since ABI 2. */
KLT_API klt_status klt_duplicates_summary(klt_context* context, const klt_duplicates* duplicates, klt_string** out);

/* An index of the cards by the rules and weights that found their duplicates: looks one card up, and takes in cards
 * that come later. O(cards x rules); parallel. Since ABI 2. */
KLT_API klt_status klt_card_index_new(klt_context* context, const klt_duplicates* duplicates, klt_card_index** out);
KLT_API void klt_card_index_free(klt_card_index* index); /* Since ABI 2. */
/* What the index is of; shared, not copied. Since ABI 2. */
KLT_API klt_status klt_card_index_duplicates(klt_context* context, const klt_card_index* index, klt_duplicates** out);

/* As a least score: the default. Since ABI 2. */
#define KLT_DEFAULT_SCORE (-1e300)

/* Choices of a search. A member left at its INIT value has its default. Since ABI 2. */
typedef struct klt_card_search_options {
  size_t struct_size;
  double min_score;       /* bits; KLT_DEFAULT_SCORE (INIT): 0, and any where values are incomplete */
  int32_t limit;          /* most cards to find: 1 .. 10,000; -1: 10 */
  int32_t max_candidates; /* most cards to compare with: 1 .. 1,000,000; -1: 1000 */
  int32_t incomplete;     /* 1: values may be unfinished, as while somebody types, and cards are found by how names,
                           * organisations, e-mails, phones, cities, postcodes, numbers and websites begin; 0 (INIT) */
  int32_t reserved;       /* 0 */
} klt_card_search_options;
#define KLT_CARD_SEARCH_OPTIONS_INIT \
  { sizeof(klt_card_search_options), KLT_DEFAULT_SCORE, -1, -1, 0, 0 }

/* The cards that may be the client of whom `fields` and `values`, `count` of each, say something: names of fields of
 * the table clients or their aliases, such as "family_name", "email" (may come again), "birthday" (2026-11-28). By
 * falling score: id, score, probability, prior_weight, shared_weight, shared_by (what a class such as a household
 * explains of the evidence), and for every field with evidence its level and weight; "begins" where an incomplete value
 * begins one of the card's. `options` may be NULL. KLT_NOT_FOUND naming a field that there is not; KLT_INVALID_ARGUMENT
 * naming a field or an option. Since ABI 2. */
KLT_API klt_status klt_card_index_search(klt_context* context, const klt_card_index* index, const char* const* fields,
                                         const char* const* values, size_t count,
                                         const klt_card_search_options* options, klt_table** out);

/* What became known since an index was made, beyond the cards that were delivered; borrowed for the call. Since ABI 2.
 */
typedef struct klt_card_changes {
  size_t struct_size;
  const char* const* removed; /* ids of cards that are gone, whatever the base says */
  size_t removed_count;
  const klt_client_pair* must_links; /* kept from then on, with those that there are */
  size_t must_link_count;
  const klt_client_pair* cannot_links;
  size_t cannot_link_count;
} klt_card_changes;
#define KLT_CARD_CHANGES_INIT \
  { sizeof(klt_card_changes), NULL, 0, NULL, 0, NULL, 0 }

/* An index, and with it duplicates, of the cards with those delivered since: `base` was made by klt_extend() of the
 * indexed one, and the newest delivery of a client's card counts. Weights stay as they were learnt, clusters that go on
 * keep their names; only what came is compared (docs/guide/dedupe.md). `changes` may be NULL; `index` stays as it is.
 * KLT_INVALID_ARGUMENT naming "base" for one that does not extend the indexed one, or an index of two lists;
 * KLT_NOT_FOUND naming "removed", "must_links" or "cannot_links" for a client without a card; KLT_CANCELLED.
 * Since ABI 2. */
KLT_API klt_status klt_card_index_add(klt_context* context, const klt_card_index* index, const klt_base* base,
                                      const klt_card_changes* changes, klt_card_index** out);

/* ---- Dedupe: how alike two texts are ---- */

/* Ways to compare two texts. Numbers never change. Since ABI 2. */
typedef int32_t klt_scorer;
enum {
  KLT_SCORER_JARO_SIMILARITY = 0,                /* 0 to 1 */
  KLT_SCORER_JARO_WINKLER_SIMILARITY = 1,        /* 0 to 1; raised above 0.7 for at most four equal first characters */
  KLT_SCORER_LEVENSHTEIN_DISTANCE = 2,           /* insertions, deletions, substitutions */
  KLT_SCORER_LEVENSHTEIN_SIMILARITY = 3,         /* 1 - distance / longer length */
  KLT_SCORER_OSA_DISTANCE = 4,                   /* and swaps of neighbours, no place edited twice */
  KLT_SCORER_OSA_SIMILARITY = 5,                 /* 1 - distance / longer length */
  KLT_SCORER_DAMERAU_LEVENSHTEIN_DISTANCE = 6,   /* and swaps of neighbours that may be edited again */
  KLT_SCORER_DAMERAU_LEVENSHTEIN_SIMILARITY = 7, /* 1 - distance / longer length */
  KLT_SCORER_TOKEN_SORT_RATIO = 8,               /* 0 to 100, words in alphabetical order */
  KLT_SCORER_TOKEN_SET_RATIO = 9,                /* 0 to 100, sets of words */
  KLT_SCORER_BIGRAM_SIMILARITY = 10,             /* Dice coefficient of pairs of characters, 0 to 1 */
  KLT_SCORER_TRIGRAM_SIMILARITY = 11             /* of triples */
};

/* A cutoff below zero: none. */
#define KLT_NO_CUTOFF (-1.0)

/* Compares two texts of so many bytes of UTF-8 by their code points; a NUL is a character. A distance above the cutoff
 * comes out as cutoff + 1, a similarity below it as 0. O(a_size * b_size). KLT_INVALID_ARGUMENT naming "a", "b" (not
 * UTF-8), "scorer" or "cutoff". Since ABI 2. */
KLT_API klt_status klt_similarity(klt_context* context, klt_scorer scorer, const char* a, size_t a_size, const char* b,
                                  size_t b_size, double cutoff, double* out);
/* out[i * choice_count + j] = klt_similarity() of query i and choice j. Text i of a list is the bytes from offset i up
 * to, not including, offset i + 1, of count + 1 offsets that do not fall. Many pairs at once on vector units: give the
 * longer list as choices. Parallel. KLT_INVALID_ARGUMENT naming "query_offsets", "query_bytes" (not UTF-8), the same of
 * choices, "scorer" or "cutoff"; KLT_CANCELLED, when `out` is written in part. Since ABI 2. */
KLT_API klt_status klt_similarity_many(klt_context* context, klt_scorer scorer, const int64_t* query_offsets,
                                       const char* query_bytes, size_t query_count, const int64_t* choice_offsets,
                                       const char* choice_bytes, size_t choice_count, double cutoff, double* out);
/* Soundex code of a name of so many bytes of UTF-8, by its ASCII letters (US National Archives): writes a letter, three
 * digits and a NUL, 5 bytes; 5 NUL where there is no letter. KLT_INVALID_ARGUMENT naming "name". Since ABI 2. */
KLT_API klt_status klt_soundex(klt_context* context, const char* name, size_t name_size, char* out);
/* |a - b| / max(|a|, |b|), 0 to 2; 0 for equal numbers, NaN where one is NaN. Since ABI 2. */
KLT_API double klt_relative_difference(double a, double b);
/* Great-circle distance in metres of two places in degrees, north and east positive, on a sphere. Since ABI 2. */
KLT_API double klt_haversine_distance(double latitude_a, double longitude_a, double latitude_b, double longitude_b);
/* Blocking rules chosen from the cards of a base, or (`second` not NULL) of two lists that are to be linked: one row a
 * rule that was looked at, those taken first: rule, verdict (taken, covered, too_many_pairs), completeness, coverage,
 * gain, pairs, largest, words, words_ru. `dedupe` is the part of a policy of that name as JSON, NULL: as it is by
 * default; its blocking has the budget. O(cards x rules). KLT_BAD_POLICY naming the JSON pointer;
 * KLT_INVALID_ARGUMENT naming "clients" where no card has a value to be told by. Since ABI 2. */
KLT_API klt_status klt_propose_rules(klt_context* context, const klt_base* base, const klt_base* second,
                                     const char* dedupe, klt_table** out);

/* ---- Dedupe: merging cards, and taking it back (docs/guide/merging.md) ---- */

/* An instant that is not said. Since ABI 2. */
#define KLT_NO_INSTANT INT64_MIN

/* Who did something, when and why, for the journal; the host says it. Since ABI 2. */
typedef struct klt_note {
  size_t struct_size;
  const char* who;    /* NULL: not said */
  const char* reason; /* NULL: not said */
  int64_t at;         /* UTC microseconds since 1970-01-01, or KLT_NO_INSTANT */
} klt_note;
#define KLT_NOTE_INIT \
  { sizeof(klt_note), NULL, NULL, KLT_NO_INSTANT }

/* One card's value as a survivorship function sees it; the library makes it, borrowed for the callback. Since ABI 2. */
typedef struct klt_survivor_candidate {
  size_t struct_size;
  const char* client;        /* its id as text */
  const char* const* values; /* of a group of fields: one per field, "" where null; else the field's, one or more */
  size_t value_count;
  const char* source; /* "" where null */
  int64_t created_at; /* UTC microseconds since 1970-01-01; KLT_NO_INSTANT where null */
  int64_t updated_at; /* the same */
} klt_survivor_candidate;

/* That no candidate survives: the field becomes null. Since ABI 2. */
#define KLT_NO_CANDIDATE SIZE_MAX

/* A survivorship function of the host's, which {"custom": "NAME"} in the survivorship asks. Since ABI 2. */
typedef struct klt_survivor_function {
  size_t struct_size;
  const char* name; /* copied */
  /* Sets *chosen to the place of the card that `field` (of a group: its first field) is taken from, or leaves it at
   * KLT_NO_CANDIDATE. The same question must get the same answer. Called on the thread of the call that needs it,
   * with a context of its own; any status but KLT_OK fails that call with KLT_INTERNAL naming the function. Required.
   */
  klt_status (*choose)(klt_context* context, const char* field, const klt_survivor_candidate* const* candidates,
                       size_t candidate_count, size_t* chosen, void* user_data);
  void* user_data;
  void (*free_user_data)(void* user_data); /* when the last merged base that asks it is freed; may be NULL */
} klt_survivor_function;
#define KLT_SURVIVOR_FUNCTION_INIT \
  { sizeof(klt_survivor_function), NULL, NULL, NULL, NULL }

/* How a base is merged. Everything but user_data is borrowed for the call. Since ABI 2. */
typedef struct klt_merge_options {
  size_t struct_size;
  const char* survivorship_json; /* whose value stays: dedupe.survivorship of a policy; NULL: the defaults */
  const char* journal;           /* text to go on from, as klt_merged_base_journal_text() gave it; NULL: none yet */
  size_t journal_size;
  const klt_survivor_function* const* functions; /* what the survivorship names; from success on it owns user_data */
  size_t function_count;
  const klt_note* note; /* for the journal where rebase makes an entry; may be NULL */
  int32_t rebase;       /* 1: the base may have changed since the journal was written, and the journal then says so */
  int32_t reserved;     /* 0 */
} klt_merge_options;
#define KLT_MERGE_OPTIONS_INIT \
  { sizeof(klt_merge_options), NULL, NULL, 0, NULL, 0, NULL, 0, 0 }

/* A base of which cards can be merged, edited and taken apart again: the cards stay, everything is read through a map
 * from card to client, and the journal holds every operation. For one call at a time: a second one, out of a callback
 * say, is KLT_INVALID_ARGUMENT naming "merged". `options` may be NULL. O(cards + records); parallel.
 * KLT_INVALID_ARGUMENT naming "base" (merged or rolled up already) or "journal" (of another base), KLT_BAD_DATA naming
 * the line or the operation, KLT_BAD_POLICY with the JSON pointer in where, KLT_NOT_FOUND for a client or a function
 * that is not there, KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_merged_base_new(klt_context* context, const klt_base* base, const klt_merge_options* options,
                                       klt_merged_base** out);
KLT_API void klt_merged_base_free(klt_merged_base* merged); /* Since ABI 2. */
/* Goes on with a base that has changed: cards delivered again, new ones, purchases; `merged` stays as it is. Of cards
 * that are gone operations stay in the journal, and a merge is one of those that are left. `note` may be NULL, here and
 * below. Since ABI 2. */
KLT_API klt_status klt_merged_base_rebased(klt_context* context, const klt_merged_base* merged, const klt_base* base,
                                           const klt_note* note, klt_merged_base** out);
/* The base as it was given. Since ABI 2. */
KLT_API klt_status klt_merged_base_original(klt_context* context, const klt_merged_base* merged, klt_base** out);
/* The base as merged, for everything that takes a base; ids of merged cards are understood as their client's. Rows are
 * shared; the result cannot be extended. O(clients + rows) after a change, else O(1); parallel. KLT_INTERNAL naming a
 * host's function that failed, KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_merged_base_base(klt_context* context, const klt_merged_base* merged, klt_base** out);
/* The id of the client that a card counts as, as text; `client` as text, also for a whole number. KLT_NOT_FOUND naming
 * "client". Since ABI 2. */
KLT_API klt_status klt_merged_base_counts_as(klt_context* context, const klt_merged_base* merged, const char* client,
                                             klt_string** out);
/* All cards that count as the same client, itself included, in order of ids: id (text). KLT_NOT_FOUND naming "client".
 * Since ABI 2. */
KLT_API klt_status klt_merged_base_cards_of(klt_context* context, const klt_merged_base* merged, const char* client,
                                            klt_table** out);
/* One row per client with a card: client, cards (text: ids of all that count as it, "; " between them), and the fields
 * as in klt_base_table(). Errors of this and the next three as of klt_merged_base_base(). Since ABI 2. */
KLT_API klt_status klt_merged_base_cards(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* One row per card that is merged with others: id, cluster (the client's id). Since ABI 2. */
KLT_API klt_status klt_merged_base_clusters(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* The cards of clients that were merged or edited, as in klt_base_table(). Since ABI 2. */
KLT_API klt_status klt_merged_base_survivors(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* Where cards of one client say different things, one row per value, all as text: cluster (the client), table, field,
 * row (of other tables than clients), client (whose value), value, chosen, rule. Since ABI 2. */
KLT_API klt_status klt_merged_base_conflicts(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* Pairs that somebody said are two clients: id_a, id_b (text). Since ABI 2. */
KLT_API klt_status klt_merged_base_not_duplicates(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* Every operation: sequence, operation, counts, at, who, reason, cards, keep, policy, field, values, of, erased_by,
 * base. Since ABI 2. */
KLT_API klt_status klt_merged_base_journal(klt_context* context, const klt_merged_base* merged, klt_table** out);
/* The journal as JSON lines; what is appended to a journal is appended to its text. Since ABI 2. */
KLT_API klt_status klt_merged_base_journal_text(klt_context* context, const klt_merged_base* merged, klt_string** out);
/* The survivorship of the next merges as JSON, with every default. Since ABI 2. */
KLT_API klt_status klt_merged_base_survivorship(klt_context* context, const klt_merged_base* merged, klt_string** out);
/* Another survivorship for merges from now on, with a version that the journal has not. KLT_BAD_POLICY with the JSON
 * pointer in where ("/version"), KLT_NOT_FOUND for a function that is not there. Since ABI 2. */
KLT_API klt_status klt_merged_base_set_survivorship(klt_context* context, klt_merged_base* merged, const char* json);
/* What duplicates add to what is merged, best found with klt_duplicates_options.known: `clusters` for
 * klt_merged_base_merge(), with one card for each client that there is now; `refused`, those that it would not take (an
 * organisation and a person, two cards said to be two clients). Both id, cluster (its first card); either may be NULL.
 * KLT_INVALID_ARGUMENT naming "found" of two linked lists, KLT_NOT_FOUND for a card that the base has not. Since ABI 2.
 */
KLT_API klt_status klt_merged_base_proposed(klt_context* context, const klt_merged_base* merged,
                                            const klt_duplicates* duplicates, klt_table** clusters,
                                            klt_table** refused);
/* What klt_merged_base_merge() would do; nothing changes. `cards`: of the clients that there would be; `conflicts`: as
 * klt_merged_base_conflicts(), of them alone; `moves`: client, counts_as, and how many rows of each table would count
 * as another's. Each may be NULL. Errors as of merging. Since ABI 2. */
KLT_API klt_status klt_merged_base_preview(klt_context* context, const klt_merged_base* merged,
                                           const klt_table* clusters, klt_table** cards, klt_table** conflicts,
                                           klt_table** moves);
/* Lets cards count as one client, all clusters or none. `clusters` has the columns id and cluster, one row per card:
 * rows with one cluster are one client, without one are passed over. A boolean column keep, if there is one, is true
 * for a card whose id stays. One operation per cluster, in order of first rows: *first is the number of the first,
 * *count how many; both may be NULL. KLT_INVALID_ARGUMENT naming "clusters" for one card alone or twice, an
 * organisation and a person (unless across_kinds), two cards said to be two clients; KLT_NOT_FOUND for a client or a
 * column. Since ABI 2. */
KLT_API klt_status klt_merged_base_merge(klt_context* context, klt_merged_base* merged, const klt_table* clusters,
                                         const klt_note* note, uint64_t* first, uint64_t* count);
/* Writes a field of a card, as it would be delivered; no value: null. It wins over every rule, also in later merges.
 * `operation` gets its number, here and below; it may be NULL. KLT_INVALID_ARGUMENT naming "field" or "values",
 * KLT_NOT_FOUND naming "client" or "field". Since ABI 2. */
KLT_API klt_status klt_merged_base_edit(klt_context* context, klt_merged_base* merged, const char* client,
                                        const char* field, const char* const* values, size_t value_count,
                                        const klt_note* note, uint64_t* operation);
/* Takes back an operation, whatever came after it; of an undo: does it again. `undo` gets the number of this one.
 * KLT_NOT_FOUND and KLT_INVALID_ARGUMENT (undone already, erased, an erasure or a rebase, or two clients that are said
 * to be two would be one) naming "operation". Since ABI 2. */
KLT_API klt_status klt_merged_base_undo(klt_context* context, klt_merged_base* merged, uint64_t operation,
                                        const klt_note* note, uint64_t* undo);
/* Remembers that two cards are two clients: they are never merged. KLT_INVALID_ARGUMENT naming "clients" for one and
 * the same, and while they are merged. Since ABI 2. */
KLT_API klt_status klt_merged_base_not_duplicate(klt_context* context, klt_merged_base* merged, const char* a,
                                                 const char* b, const klt_note* note, uint64_t* operation);

/* What an erasure did. Since ABI 2. */
typedef struct klt_erasure {
  size_t struct_size;  /* set by the caller; only the members it knows are written */
  uint64_t operation;  /* its number in the journal */
  uint64_t cards;      /* clients erased: all cards that counted as the one */
  uint64_t anonymised; /* transactions that stay as nobody's */
  uint64_t emptied;    /* rows and records of others in which something was emptied */
} klt_erasure;
#define KLT_ERASURE_INIT \
  { sizeof(klt_erasure), 0, 0, 0, 0 }

/* Erases a client from base and journal: all its cards, the rows that are theirs, and what names them; `merged` stays
 * as it is, with everything in it, so free it. `options_json`: {"transactions": "remove" or "anonymise", "anonymous",
 * "mentions"}; NULL: the defaults. `erasure`, `removed` (table, rows, and emptied: fields in rows of others) and
 * `disabled` (operation: those that can be undone or redone no more) may be NULL. A client whose cards are gone is
 * erased from the journal. O(base); parallel. KLT_NOT_FOUND naming "client", KLT_INVALID_ARGUMENT naming
 * "anonymous", KLT_BAD_POLICY with the JSON pointer in where, KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_merged_base_erase(klt_context* context, const klt_merged_base* merged, const char* client,
                                         const char* options_json, const klt_note* note, klt_merged_base** out,
                                         klt_erasure* erasure, klt_table** removed, klt_table** disabled);

/* ---- Features: what each client did, as of a day ---- */

/* Groups of columns that are computed together, as bits; docs/glossary.md defines every column. Since ABI 1. */
typedef uint32_t klt_feature_groups;
enum {
  KLT_FEATURES_POLICY = 0,    /* as the policy says, which by default is every group that the base has data for */
  KLT_FEATURES_PURCHASES = 1, /* recency, frequency, lines, money, first and last purchase, tenure, profit, quantity */
  KLT_FEATURES_GAPS = 2,      /* mean and variation of the gaps between purchase days */
  KLT_FEATURES_REPEATS = 4,   /* the summary that buy-till-you-die models take */
  KLT_FEATURES_PRODUCTS = 8,  /* breadth and top of products and categories */
  KLT_FEATURES_INTERACTIONS = 16, /* counts by channel x initiative x topic */
  KLT_FEATURES_ENGAGEMENT = 32,   /* decayed weighted sum of contacts, requests and purchases */
  KLT_FEATURES_SATISFACTION = 64  /* CSAT, NPS and CES with n, interval and trend */
};

/* Calendar periods; weeks begin on Monday. Since ABI 1. */
typedef int32_t klt_period;
enum {
  KLT_PERIOD_POLICY = -1, /* as the policy says */
  KLT_PERIOD_DAY = 0,
  KLT_PERIOD_WEEK = 1,
  KLT_PERIOD_MONTH = 2,
  KLT_PERIOD_QUARTER = 3,
  KLT_PERIOD_YEAR = 4
};

/* As window_days: no window, also where the policy has one. Since ABI 1. */
#define KLT_WHOLE_HISTORY INT32_MAX

/* Choices of the features. A member left at its INIT value is as the policy says. Since ABI 1. */
typedef struct klt_feature_options {
  size_t struct_size;
  const klt_policy* policy;  /* borrowed for the call; NULL: the default policy */
  klt_feature_groups groups; /* KLT_FEATURES_... or'ed */
  klt_period period;         /* of the repeats group */
  int32_t window_days;   /* look-back ending on the as-of day, both ends in: > 0; 0: as the policy; KLT_WHOLE_HISTORY */
  int32_t window_months; /* the same in calendar months; only one of the two may be set */
  int32_t include_first; /* repeats count the first period too: 1, 0, or -1 as the policy */
  int32_t reserved;      /* 0 */
  double half_life_days; /* of engagement: > 0; 0: as the policy */
  double purchase_weight; /* of an order in engagement: >= 0; -1: as the policy */
  double request_weight;  /* of a request in engagement: >= 0; -1: as the policy */
} klt_feature_options;
#define KLT_FEATURE_OPTIONS_INIT \
  { sizeof(klt_feature_options), NULL, 0, -1, 0, 0, -1, 0, 0.0, -1.0, -1.0 }

/* One row per client of the base in canonical order at the end of `as_of` (days since 1970-01-01 in the base's time
 * zone; inclusive). `options` may be NULL. O(transactions + interactions); parallel. KLT_INVALID_ARGUMENT naming the
 * option, KLT_OUT_OF_RANGE for a day outside [1900, 2200), KLT_OVERFLOW naming client and column, KLT_CANCELLED.
 * Since ABI 1. */
KLT_API klt_status klt_features_compute(klt_context* context, const klt_base* base, int32_t as_of,
                                        const klt_feature_options* options, klt_features** out);
/* The same as computing anew with the options of `previous`, at the cost of what changed: `base` must extend the base
 * of `previous`, and `as_of` must not be earlier. `previous` stays as it is. Since ABI 1. */
KLT_API klt_status klt_features_refresh(klt_context* context, const klt_features* previous, const klt_base* base,
                                        int32_t as_of, klt_features** out);
/* One out of two made with the same options: exact for disjoint clients, and for consecutive time ranges that split no
 * order and no period. The as-of day is the later one's. Since ABI 1. */
KLT_API klt_status klt_features_merge(klt_context* context, const klt_features* earlier, const klt_features* later,
                                      klt_features** out);
/* `features` with one more column, a measure of the host's own: a column of a table with a row per client in canonical
 * order (see klt_base_clients()). KLT_INVALID_ARGUMENT where the rows differ or the name is taken, KLT_OUT_OF_RANGE for
 * the column. The values are shared. Since ABI 1. */
KLT_API klt_status klt_features_with_column(klt_context* context, const klt_features* features, const klt_table* table,
                                            size_t column, klt_features** out);
/* `features` with the columns of steadiness over calendar periods (docs/glossary.md: periods, period_money_mean,
 * period_money_cv, period_orders_mean, period_orders_cv, gap_days_last), as the policy's "periods" say, in the window
 * of its "features"; NULL: the default policy. `base` is the one that the features are of. The classifiers "xyz" and
 * "lifecycle" read them; klt_run() adds by itself what its classifiers read. KLT_INVALID_ARGUMENT where the rows differ
 * or the columns are there already, KLT_OVERFLOW, KLT_CANCELLED. O(transactions). Since ABI 2. */
KLT_API klt_status klt_features_with_periods(klt_context* context, const klt_features* features, const klt_base* base,
                                             const klt_policy* policy, klt_features** out);
/* Retention by cohort, the period of a client's first purchase: a row per cohort and age up to as_of's period, with
 * cohort, cohort_begin, age, period, complete, cohort_clients, clients, retention, orders, money_gross, money_net.
 * `as_of` in days since 1970-01-01, inclusive. KLT_INVALID_ARGUMENT naming "period", KLT_OUT_OF_RANGE for the day,
 * KLT_OVERFLOW naming the cohort, KLT_CANCELLED. O(transactions). Since ABI 2. */
KLT_API klt_status klt_base_cohorts(klt_context* context, const klt_base* base, int32_t as_of, klt_period period,
                                    klt_table** out);
KLT_API void klt_features_free(klt_features* features); /* Since ABI 1. */
/* The as-of day as days since 1970-01-01; 0 for NULL. Since ABI 1. */
KLT_API int32_t klt_features_as_of(const klt_features* features);
/* The columns as a table; "client" is the first. Nothing is copied. Since ABI 1. */
KLT_API klt_status klt_features_table(klt_context* context, const klt_features* features, klt_table** out);

/* ---- Classify: classes with reasons ---- */

/* Language of texts for people. Since ABI 1. */
typedef int32_t klt_language;
enum {
  KLT_LANGUAGE_POLICY = -1 /* reports only: as the policy says */,
  KLT_LANGUAGE_ENGLISH = 0,
  KLT_LANGUAGE_RUSSIAN = 1
};

/* The kinds of classifiers there are and the JSON Schema of their options: kind, schema. Since ABI 1. */
KLT_API klt_status klt_classifier_kinds(klt_context* context, klt_table** out);
/* A classifier out of its options, a JSON object with "kind" (see klt_classifier_kinds()); `name` becomes the prefix of
 * its columns. KLT_BAD_POLICY with the JSON pointer in where, also for a segment table with holes (the message names
 * the missing cells). Since ABI 1. */
KLT_API klt_status klt_classifier_from_json(klt_context* context, const char* name, const char* json,
                                            klt_classifier** out);
KLT_API void klt_classifier_free(klt_classifier* classifier); /* Since ABI 1. */
/* NUL-terminated, lives as long as the classifier; NULL for NULL. Since ABI 1, both. */
KLT_API const char* klt_classifier_name(const klt_classifier* classifier);
KLT_API const char* klt_classifier_kind(const klt_classifier* classifier);
/* Its options with defaults written out; klt_classifier_from_json() reads them back. Since ABI 1. */
KLT_API klt_status klt_classifier_to_json(klt_context* context, const klt_classifier* classifier, klt_string** out);
/* Learns thresholds from a table of measures, such as klt_features_table(), whose first column is "client" and whose
 * rows stand in canonical client order. KLT_NOT_FOUND naming a column it needs; KLT_INVALID_ARGUMENT for a column of a
 * type it cannot use; KLT_CANCELLED. Parallel. Since ABI 1. */
KLT_API klt_status klt_classifier_fit(klt_context* context, const klt_classifier* classifier, const klt_table* table,
                                      klt_model** out);

/* A model that klt_model_to_json() wrote. KLT_BAD_POLICY with the JSON pointer in where; KLT_UNSUPPORTED for a kind
 * that cannot be loaded. Since ABI 1. */
KLT_API klt_status klt_model_from_json(klt_context* context, const char* json, klt_model** out);
KLT_API void klt_model_free(klt_model* model); /* Since ABI 1. */
/* NUL-terminated, lives as long as the model; NULL for NULL. Since ABI 1, both. */
KLT_API const char* klt_model_name(const klt_model* model);
KLT_API const char* klt_model_kind(const klt_model* model);
/* Name, kind and frozen thresholds as a JSON object. Since ABI 1. */
KLT_API klt_status klt_model_to_json(klt_context* context, const klt_model* model, klt_string** out);
/* Classifies any table that has the measures. The class of a row depends on that row alone. Errors as for
 * klt_classifier_fit(). O(rows); parallel. Since ABI 1. */
KLT_API klt_status klt_model_classify(klt_context* context, const klt_model* model, const klt_table* table,
                                      klt_classification** out);

KLT_API void klt_classification_free(klt_classification* classification); /* Since ABI 1. */
/* NUL-terminated, lives as long as the classification; NULL for NULL. Since ABI 1, both. */
KLT_API const char* klt_classification_name(const klt_classification* classification);
KLT_API const char* klt_classification_kind(const klt_classification* classification);
/* The new columns only, one row per classified row. Nothing is copied. Since ABI 1. */
KLT_API klt_status klt_classification_table(klt_context* context, const klt_classification* classification,
                                            klt_table** out);
/* How many rows have each label of a label column of it: label, clients; in the order of the labels. KLT_NOT_FOUND
 * naming the column, KLT_INVALID_ARGUMENT for a column without labels. Since ABI 1. */
KLT_API klt_status klt_classification_counts(klt_context* context, const klt_classification* classification,
                                             const char* column, klt_table** out);
/* Why a row got what it got, one row per reason: column, result, measure, value, low, high (exact texts, null where
 * there is none), low_included, high_included, tie, rule. KLT_OUT_OF_RANGE naming "row". Since ABI 1. */
KLT_API klt_status klt_classification_reasons(klt_context* context, const klt_classification* classification,
                                              size_t row, klt_table** out);
/* The same in words: KLT_LANGUAGE_ENGLISH or KLT_LANGUAGE_RUSSIAN. KLT_OUT_OF_RANGE naming "row". Since ABI 1. */
KLT_API klt_status klt_classification_explain(klt_context* context, const klt_classification* classification,
                                              size_t row, klt_language language, klt_string** out);
/* What to know about it as a whole, for example that an axis was replaced by its substitute: rule, subject, text.
 * Since ABI 1. */
KLT_API klt_status klt_classification_notes(klt_context* context, const klt_classification* classification,
                                            klt_language language, klt_table** out);
/* `features` with the columns of a classification of all its rows, for classifiers that use earlier ones and for
 * reports. KLT_INVALID_ARGUMENT where the rows differ or a name is taken. Nothing is copied. Since ABI 1. */
KLT_API klt_status klt_features_with_classification(klt_context* context, const klt_features* features,
                                                    const klt_classification* classification, klt_features** out);
/* Which clients need accompaniment now, the largest value at risk first: rank, client, state, loss_risk, value,
 * value_at_risk, rule, reason. `lifecycle` is a classification of kind "lifecycle" of the same rows; NULL: one with
 * default options is fitted to the features. `options_json` is an object with value, states, least_risk,
 * satisfaction_drop, limit, language ("en" or "ru"); NULL: the defaults. KLT_BAD_POLICY with the JSON pointer in where,
 * KLT_NOT_FOUND naming an absent column, KLT_INVALID_ARGUMENT naming "lifecycle", KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_attention_list(klt_context* context, const klt_features* features,
                                      const klt_classification* lifecycle, const char* options_json, klt_table** out);

/* ---- Plug-ins: classifiers of the host's own (docs/guide/plugins.md) ---- */

/* A column that a host's classifier writes. Since ABI 2. */
typedef struct klt_plugin_column {
  size_t struct_size;
  const char* suffix;        /* added to the classifier's name; NULL or "": the column is called as the classifier */
  const char* const* labels; /* of KLT_COLUMN_LABEL: 1 to 65,535 different texts in their order; else NULL */
  size_t label_count;
  klt_column_type type; /* any but KLT_COLUMN_TERM and KLT_COLUMN_TEXT */
  int32_t reserved;     /* 0 */
} klt_plugin_column;
#define KLT_PLUGIN_COLUMN_INIT \
  { sizeof(klt_plugin_column), NULL, NULL, 0, KLT_COLUMN_LABEL, 0 }

/* What one classifier reads and writes. The library makes it, sets struct_size and zeroes the rest; make() fills it.
 * What it points to is copied when make() returns. Since ABI 2. */
typedef struct klt_plugin_shape {
  size_t struct_size;
  const char* const* inputs; /* 1 or more columns: measures, columns of earlier classifiers, "client" */
  size_t input_count;
  const klt_plugin_column* const* columns; /* 1 or more, all of different suffix */
  size_t column_count;
} klt_plugin_shape;

/* Why a row got what it got in one column. Everything is copied when it is told. Since ABI 2. */
typedef struct klt_plugin_reason {
  size_t struct_size;
  const char* suffix;  /* of the column that it is about; NULL: "" */
  const char* measure; /* the input looked at; NULL: the first */
  const char* low;     /* the edge below, exact text; NULL: none */
  const char* high;    /* the edge above; bins are (low, high] */
  const char* rule;    /* id of what decided; NULL: "COLUMN.RESULT" */
  const char* english; /* why, as the end of a sentence; NULL: worded as those of the library, by measure and edges */
  const char* russian; /* NULL: as english, or worded by measure and edges where that is NULL too */
} klt_plugin_reason;
#define KLT_PLUGIN_REASON_INIT \
  { sizeof(klt_plugin_reason), NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/* How a host makes and runs classifiers of one kind. Each callback is called on the thread of the klientela call that
 * needs it, while that call runs, never on a thread of the executor; a model that several threads use is called by
 * several at once. `context` is one for the callback alone: with it, and not with the caller's, it reads tables and
 * evaluates expressions, and it dies when the callback returns. A callback that fails returns a status other than
 * KLT_OK, best what klt_context_fail() or a failed call with `context` gave: the call then fails with that status and
 * message, naming the classifier. Handles in arguments are borrowed for the callback. The codes, the same for plug-ins
 * in Python:
 *   KLT_BAD_POLICY     make returned KLT_INVALID_ARGUMENT, KLT_NOT_FOUND, KLT_OUT_OF_RANGE or KLT_BAD_POLICY (Python:
 *                      TypeError, ValueError, LookupError), or its shape is wrong: where is the JSON pointer; and where
 *                      the JSON of a model lacks what was learnt, or has it though there is nothing to learn
 *   KLT_CANCELLED      a callback returned it
 *   KLT_OUT_OF_MEMORY  a callback returned it, or std::bad_alloc (Python: MemoryError) left it
 *   KLT_INTERNAL       any other exception left a callback, it returned no status, or it gave bad values or bad JSON
 *   KLT_UNSUPPORTED    a model is written or read without the callback for it
 *   any other          as the callback returned it
 * Since ABI 2. */
typedef struct klt_classifier_callbacks {
  size_t struct_size;
  const char* schema; /* JSON Schema of the options, copied; NULL: any object with "kind" */
  /* Makes a classifier out of its options, a JSON object as it stands in the policy: fills `shape`, and sets
   * *classifier, which may stay NULL. Required. */
  klt_status (*make)(klt_context* context, const char* name, const char* options_json, klt_plugin_shape* shape,
                     void** classifier, void* user_data);
  /* Learns from the inputs, a table with the columns of the shape in its order and one row per client in canonical
   * order (klt_table_column_data() gives them without a copy, klt_table_export_arrow() as Arrow), and sets *model,
   * which is not changed afterwards. NULL: there is nothing to learn, and the model is NULL. */
  klt_status (*fit)(klt_context* context, const void* classifier, const klt_table* inputs, void** model,
                    void* user_data);
  /* Judges each row by itself: writes values[c][row] of the C type of column c, and may set valid[c][row] to 0 where
   * the row has no value. The places begin as valid and without a value (label codes of none, doubles that are NaN,
   * else zeros): a label or a double left out is an error. Required. */
  klt_status (*classify)(klt_context* context, const void* classifier, const void* model, const klt_table* inputs,
                         void* const* values, uint8_t* const* valid, void* user_data);
  /* Calls tell() once for each reason of one row, in the order of the columns. NULL: what the row holds in each input.
   */
  klt_status (*reasons)(klt_context* context, const void* classifier, const void* model, const klt_table* inputs,
                        size_t row, void (*tell)(const klt_plugin_reason* reason, void* tell_data), void* tell_data,
                        void* user_data);
  /* The model as a JSON object into *json, which the library frees, and back. NULL: models are KLT_UNSUPPORTED there;
   * without fit there is nothing to write. */
  klt_status (*model_to_json)(klt_context* context, const void* classifier, const void* model, klt_string** json,
                              void* user_data);
  klt_status (*model_from_json)(klt_context* context, const void* classifier, const char* json, void** model,
                                void* user_data);
  /* End what make, fit and model_from_json made, and user_data itself, when the last handle that needs it is freed, on
   * that thread. Each may be NULL; called for what is not NULL. An exception that leaves one is swallowed. */
  void (*free_classifier)(void* classifier, void* user_data);
  void (*free_model)(void* model, void* user_data);
  void (*free_user_data)(void* user_data);
} klt_classifier_callbacks;
#define KLT_CLASSIFIER_CALLBACKS_INIT \
  { sizeof(klt_classifier_callbacks), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/* The kinds that come with the library, to which a host adds its own; for one thread at a time. What is made of it
 * shares what it needs and outlives it. Since ABI 2. */
KLT_API klt_status klt_registry_new(klt_context* context, klt_registry** out);
KLT_API void klt_registry_free(klt_registry* registry); /* Since ABI 2. */
/* Adds a kind, or replaces one that was added before. The struct is copied; from success on the registry owns
 * user_data. KLT_INVALID_ARGUMENT naming "kind" for an empty name or a kind of the library, or a callback that is
 * missing. Since ABI 2. */
KLT_API klt_status klt_registry_add(klt_context* context, klt_registry* registry, const char* kind,
                                    const klt_classifier_callbacks* callbacks, void* user_data);
/* As klt_classifier_kinds(): kind, schema. Since ABI 2. */
KLT_API klt_status klt_registry_kinds(klt_context* context, const klt_registry* registry, klt_table** out);
/* As the functions without "_with", by the kinds of a registry. Since ABI 2, all of them. */
KLT_API klt_status klt_policy_from_json_with(klt_context* context, const klt_registry* registry, const char* json,
                                             klt_policy** out);
KLT_API klt_status klt_classifier_from_json_with(klt_context* context, const klt_registry* registry, const char* name,
                                                 const char* json, klt_classifier** out);
KLT_API klt_status klt_model_from_json_with(klt_context* context, const klt_registry* registry, const char* json,
                                            klt_model** out);
/* For callbacks: keeps an error in the context and returns its status. `where` names what it is about and may be NULL.
 * KLT_INVALID_ARGUMENT naming "status" for KLT_OK and for a number that is no status. Since ABI 2. */
KLT_API klt_status klt_context_fail(klt_context* context, klt_status status, const char* message, const char* where);
/* For callbacks: 1 where the call that this one belongs to is to stop, which long work asks now and then and then
 * returns KLT_CANCELLED; else 0. In fit and classify it looks for klt_context_cancel() and, on the callback's thread,
 * asks the cancel callback of the call's context; in the other callbacks and under klt_tracker_purchase(), _request()
 * and _interaction(), which cannot be cancelled, it is always 0. Since ABI 2. */
KLT_API int klt_context_is_cancelled(const klt_context* context);

/* ---- Rules: expressions, directories, assignments, coverage ---- */

/* An expression of docs/rules.md, parsed. KLT_BAD_POLICY with the line, the column and a caret under the character in
 * the message. Thread-safe. Since ABI 2. */
KLT_API klt_status klt_expression_parse(klt_context* context, const char* text, klt_expression** out);
KLT_API void klt_expression_free(klt_expression* expression); /* Since ABI 2. */
/* The columns that it reads: column. Since ABI 2. */
KLT_API klt_status klt_expression_columns(klt_context* context, const klt_expression* expression, klt_table** out);
/* Its value for every row of a table, in the column "value": boolean, int64, float64, money, text, day or instant.
 * KLT_NOT_FOUND naming a column, KLT_INVALID_ARGUMENT for types that clash; both point at the character. O(rows);
 * parallel. Since ABI 2. */
KLT_API klt_status klt_expression_evaluate(klt_context* context, const klt_expression* expression,
                                           const klt_table* table, klt_table** out);

/* The entries of a directory ("relationship_type", "industry", "role" or one of the company's own): those that the base
 * was delivered, or else those that come with the library; `base` may be NULL. Columns: directory, code, title,
 * title_ru, parent, aliases, level. KLT_BAD_DATA naming a repeated code, an unknown parent or a cycle. Since ABI 2. */
KLT_API klt_status klt_directory(klt_context* context, const klt_base* base, const char* name, klt_table** out);

/* A journal of what people assigned to clients by hand and in bulk: later lines win, none is forgotten. One thread at a
 * time writes. Since ABI 2. */
KLT_API klt_status klt_assignments_new(klt_context* context, klt_assignments** out);
/* Out of what klt_assignments_table() gave. KLT_BAD_DATA naming the row. Since ABI 2. */
KLT_API klt_status klt_assignments_from_table(klt_context* context, const klt_table* table, klt_assignments** out);
KLT_API void klt_assignments_free(klt_assignments* assignments); /* Since ABI 2. */
/* Sets an attribute of one client by hand; value "" takes back what was set by hand before. `day` are days since
 * 1970-01-01, KLT_NO_DAY: not said; `by` may be NULL. KLT_INVALID_ARGUMENT naming the argument; nothing is
 * written then. Since ABI 2. */
KLT_API klt_status klt_assignments_assign(klt_context* context, klt_assignments* assignments, const char* client,
                                          const char* attribute, const char* value, int32_t day, const char* by);
/* The same value in bulk for every row of the column "client" of a table; all or none. Since ABI 2. */
KLT_API klt_status klt_assignments_assign_bulk(klt_context* context, klt_assignments* assignments,
                                               const klt_table* clients, const char* attribute, const char* value,
                                               int32_t day, const char* by);
/* client, attribute, value (null: taken back), source, day, by: what the host keeps. Since ABI 2. */
KLT_API klt_status klt_assignments_table(klt_context* context, const klt_assignments* assignments, klt_table** out);

/* The table with those of the named columns that it lacks and the base can give: as_of, requests, last_request,
 * card.FIELD, hand.ATTRIBUTE, bulk.ATTRIBUTE. `names` has a text column "column", such as klt_expression_columns()
 * gives; `assignments` may be NULL. KLT_INVALID_ARGUMENT unless the rows are the base's clients in their order.
 * Since ABI 2. */
KLT_API klt_status klt_base_columns(klt_context* context, const klt_base* base, const klt_table* table, int32_t as_of,
                                    const klt_table* names, const klt_assignments* assignments, klt_table** out);
/* The contacts in force on a day: client (the person), organisation, role (a code), title, primary, since, until.
 * Since ABI 2. */
KLT_API klt_status klt_base_contacts(klt_context* context, const klt_base* base, int32_t as_of, klt_table** out);
/* What the rules of a model of kind "rules" do on a table, each asked about every row: rule, value, fits, decides,
 * undecided, state ("fires", "hidden", "never fires"); and pairs that contradict one another: first, second,
 * first_value, second_value, rows, example. KLT_INVALID_ARGUMENT for a model of another kind. Parallel.
 * Since ABI 2, both. */
KLT_API klt_status klt_model_rules(klt_context* context, const klt_model* model, const klt_table* table,
                                   klt_table** out);
KLT_API klt_status klt_model_contradictions(klt_context* context, const klt_model* model, const klt_table* table,
                                            klt_table** out);
/* What share of the rows has each attribute (every column NAME with a NAME_source), in all and by the values of the
 * column `split` (NULL: in all only): attribute, part, rows, known, share, hand, bulk, delivered, rules, given.
 * Since ABI 2. */
KLT_API klt_status klt_coverage(klt_context* context, const klt_table* table, const char* split, klt_table** out);

/* ---- Through time: histories, migration, trackers ---- */

/* Last days of the periods that [from, to] touches, in the column "day" (int32 days since 1970-01-01, ascending); `to`
 * stands for the end of its own. KLT_NO_DAY: from the base's first purchase, to its last. KLT_NOT_FOUND for a base
 * without purchases in between, KLT_INVALID_ARGUMENT naming "period" or "from". O(rows). Since ABI 2. */
KLT_API klt_status klt_period_ends(klt_context* context, const klt_base* base, klt_period period, int32_t from,
                                   int32_t to, klt_table** out);

/* Choices of a history. Everything is borrowed for the call. Since ABI 2. */
typedef struct klt_history_options {
  size_t struct_size;
  const klt_policy* policy;   /* features, periods and classifiers; NULL: the default policy */
  const char* const* columns; /* classifiers' columns to keep; NULL: every label column */
  size_t column_count;
  const char* money; /* measure kept by day, by which migration is weighed; "": none; NULL: money_net */
  int32_t refit;     /* 1: each day has thresholds of its own; 0: those of frozen_on judge every day */
  int32_t frozen_on; /* a day, or KLT_NO_DAY: the last of the days */
  int32_t hold;      /* hysteresis: days in a row that a new class must stand before a client moves; >= 1 */
  int32_t reserved;  /* 0 */
  /* Hysteresis by distance, before `hold`: the share of a threshold by which a measure must have passed it before the
   * client's class changes; at least 0 and below 1. Both begin on the first day on which the client is known. Acts on
   * labels of rfm, abc, matrix, tiers, xyz and lifecycle, and on nothing else; KLT_INVALID_ARGUMENT naming "margin"
   * where no kept column is one of those. */
  double margin;
} klt_history_options;
#define KLT_HISTORY_OPTIONS_INIT \
  { sizeof(klt_history_options), NULL, NULL, 0, NULL, 0, KLT_NO_DAY, 1, 0, 0 }

/* Classifies the base as of each day, in one pass over the lines where the measures allow it. `days` are strictly
 * ascending, at most 65,534. `options` may be NULL. KLT_INVALID_ARGUMENT naming "days", "columns", "money" or "margin",
 * KLT_NOT_FOUND for an absent money column, as klt_classifier_fit(), KLT_CANCELLED. Parallel. Since ABI 2. */
KLT_API klt_status klt_history_of_policy(klt_context* context, const klt_base* base, const int32_t* days,
                                         size_t day_count, const klt_history_options* options, klt_history** out);
/* The same by frozen models, in order, such as those of klt_result_model(); of the policy only features and periods
 * matter. Since ABI 2. */
KLT_API klt_status klt_history_of_models(klt_context* context, const klt_base* base, const int32_t* days,
                                         size_t day_count, const klt_model* const* models, size_t model_count,
                                         const klt_history_options* options, klt_history** out);
KLT_API void klt_history_free(klt_history* history); /* Since ABI 2. */
/* Whether one pass over the data gave it all: 1 or 0; 0 for NULL. Since ABI 2. */
KLT_API int32_t klt_history_one_pass(const klt_history* history);
/* The days: day (int32). Since ABI 2. */
KLT_API klt_status klt_history_days(klt_context* context, const klt_history* history, klt_table** out);
/* client, the kept columns and the money column as of one of the days; KLT_NO_DAY: of all days below each other, with
 * `day` in front, and of the clients known by each. KLT_NOT_FOUND naming "day". O(clients), times the days.
 * Since ABI 2. */
KLT_API klt_status klt_history_table(klt_context* context, const klt_history* history, int32_t day, klt_table** out);
/* One client's labels through time: day, label (null where there is none), known (boolean). KLT_NOT_FOUND naming
 * "client" or "column". Since ABI 2. */
KLT_API klt_status klt_history_of_client(klt_context* context, const klt_history* history, const char* client,
                                         const char* column, klt_table** out);

/* Which classes are the states that clients move between; those outside are one more, called "outside". Everything is
 * borrowed for the call. Since ABI 2. */
typedef struct klt_migration_options {
  size_t struct_size;
  const char* column;         /* label column; NULL: the first that the history keeps */
  const char* const* outside; /* labels that stand for being in no class, as null does; NULL: "none" */
  size_t outside_count;
  int32_t from;          /* a day, or KLT_NO_DAY: see each call */
  int32_t to;            /* the same */
  const char* client;    /* transitions of this client only; NULL: of everybody */
  int64_t max_reasons;   /* the first so many transitions tell why, >= 0 */
  double prior;          /* added to the count of each pair of states before shares are taken, >= 0 */
  klt_language language; /* of reasons */
  int32_t steps;         /* of a projection, 1 to 1000 */
} klt_migration_options;
#define KLT_MIGRATION_OPTIONS_INIT \
  { sizeof(klt_migration_options), NULL, NULL, 0, KLT_NO_DAY, KLT_NO_DAY, NULL, 10000, 0.5, KLT_LANGUAGE_ENGLISH, 12 }

/* Of all six: `options` may be NULL; KLT_NOT_FOUND naming a day, the column or the client, KLT_INVALID_ARGUMENT naming
 * a member, KLT_OVERFLOW where money does not fit, KLT_CANCELLED.
 *
 * Who was where on two days (KLT_NO_DAY: the first and the last): from, to, clients, share of those who were in `from`,
 * money_before, money_after. O(clients). Since ABI 2. */
KLT_API klt_status klt_history_migration(klt_context* context, const klt_history* history,
                                         const klt_migration_options* options, klt_table** out);
/* The same of every day and the one before it, with from_day and to_day in front. Since ABI 2. */
KLT_API klt_status klt_history_migrations(klt_context* context, const klt_history* history,
                                          const klt_migration_options* options, klt_table** out);
/* Every change of a client's state after `from` and up to `to` (KLT_NO_DAY: all): client, from_day, to_day, kind, from,
 * to, money_before, money_after, and why: measure, value_before, value_after, threshold, threshold_moved, rule, reason.
 * O(days * clients). Since ABI 2. */
KLT_API klt_status klt_history_transitions(klt_context* context, const klt_history* history,
                                           const klt_migration_options* options, klt_table** out);
/* How long clients stay, by Kaplan and Meier: state, spells, ended, censored, began_before, median_days, mean_days,
 * client_days. Since ABI 2. */
KLT_API klt_status klt_history_stay_times(klt_context* context, const klt_history* history,
                                          const klt_migration_options* options, klt_table** out);
/* The Markov chain of the transitions from `from` on (KLT_NO_DAY: all): from, to, clients, probability, se, first_day,
 * last_day: of the intervals learnt from. A last interval that is cut short, as that of months up to a day in the
 * middle of one, is not: the days before it are the ends of at least two consecutive weeks, months, quarters or years.
 * Since ABI 2. */
KLT_API klt_status klt_history_probabilities(klt_context* context, const klt_history* history,
                                             const klt_migration_options* options, klt_table** out);
/* The same chain started from the last day: step, day, state, clients, se_parameters, se, low, high. Since ABI 2. */
KLT_API klt_status klt_history_project(klt_context* context, const klt_history* history,
                                       const klt_migration_options* options, klt_table** out);

/* Features and classes of everybody as of one day against frozen models, kept up to date event by event; equal to
 * klt_features_compute() and klt_model_classify() over the base extended by the events; models may read the columns of
 * klt_base_columns() too: requests follow the events, cards stay as they were. `columns` are feature columns
 * kept beside those that the models read; NULL: none. `policy` has the features' options; NULL: the default one. The
 * tracker is for one thread at a time. KLT_UNSUPPORTED naming a column that cannot be kept. O(rows + clients).
 * Since ABI 2. */
KLT_API klt_status klt_tracker_new(klt_context* context, const klt_base* base, int32_t as_of,
                                   const klt_model* const* models, size_t model_count, const klt_policy* policy,
                                   const char* const* columns, size_t column_count, klt_tracker** out);
/* The same with what people assigned (may be NULL), as klt_run_assigned() took it: the columns hand.A and bulk.A.
 * Since ABI 2. */
KLT_API klt_status klt_tracker_new_assigned(klt_context* context, const klt_base* base, int32_t as_of,
                                            const klt_model* const* models, size_t model_count,
                                            const klt_policy* policy, const char* const* columns, size_t column_count,
                                            const klt_assignments* assignments, klt_tracker** out);
KLT_API void klt_tracker_free(klt_tracker* tracker); /* Since ABI 2. */

/* A number that is not said. Since ABI 2. */
#define KLT_NO_NUMBER INT64_MIN

/* One purchase line. Texts are borrowed for the call. Since ABI 2. */
typedef struct klt_purchase {
  size_t struct_size;
  const char* client;
  const char* order; /* lines of one order count once; NULL: an order of its own */
  int64_t at;        /* UTC microseconds */
  int64_t amount;    /* units of 1/10000; below zero: a refund */
  int64_t profit;    /* the same, or KLT_NO_NUMBER */
  int64_t quantity;  /* the same, or KLT_NO_NUMBER */
  int32_t refund;    /* 1: a refund whatever the sign; 0: as the sign says */
  int32_t reserved;  /* 0 */
} klt_purchase;
#define KLT_PURCHASE_INIT \
  { sizeof(klt_purchase), NULL, NULL, 0, 0, KLT_NO_NUMBER, KLT_NO_NUMBER, 0, 0 }

/* One contact. Texts are borrowed for the call; NULL: not said. Since ABI 2. */
typedef struct klt_interaction {
  size_t struct_size;
  const char* client;
  const char* channel;
  const char* initiative;
  const char* topic;
  const char* state;
  int64_t started_at; /* UTC microseconds, or KLT_NO_NUMBER */
  int64_t ended_at;   /* the same */
} klt_interaction;
#define KLT_INTERACTION_INIT \
  { sizeof(klt_interaction), NULL, NULL, NULL, NULL, NULL, KLT_NO_NUMBER, KLT_NO_NUMBER }

/* Counts one event, in microseconds, in any order of time. `out` may be NULL; else it gets a row for each label that
 * the event changed: column, from, to (null: none), measure, value_before, value_after, threshold, reason in
 * `language`; the last five are null where a plug-in fails to tell them. On an error the tracker is as it was:
 * KLT_INVALID_ARGUMENT naming the field, KLT_OUT_OF_RANGE for a day after as_of, KLT_OVERFLOW naming the column, or
 * what a plug-in's classify fails with. Since ABI 2, all three. */
KLT_API klt_status klt_tracker_purchase(klt_context* context, klt_tracker* tracker, const klt_purchase* purchase,
                                        klt_language language, klt_table** out);
KLT_API klt_status klt_tracker_request(klt_context* context, klt_tracker* tracker, const char* client, int64_t at,
                                       klt_language language, klt_table** out);
KLT_API klt_status klt_tracker_interaction(klt_context* context, klt_tracker* tracker,
                                           const klt_interaction* interaction, klt_language language, klt_table** out);
/* Moves on to a later day; everybody is measured anew. KLT_INVALID_ARGUMENT naming "as_of" for an earlier one. O(rows +
 * clients + events). Since ABI 2. */
KLT_API klt_status klt_tracker_advance(klt_context* context, klt_tracker* tracker, int32_t as_of);
/* The last day that counts; KLT_NO_DAY for NULL. Since ABI 2. */
KLT_API int32_t klt_tracker_as_of(const klt_tracker* tracker);
/* Everybody: client, the kept features, the models' columns. O(clients). Since ABI 2. */
KLT_API klt_status klt_tracker_snapshot(klt_context* context, const klt_tracker* tracker, klt_table** out);
/* The same of one client, in one row. KLT_NOT_FOUND naming "client". Since ABI 2. */
KLT_API klt_status klt_tracker_of_client(klt_context* context, const klt_tracker* tracker, const char* client,
                                         klt_table** out);

/* ---- Report: tables for other tools, pages for people ---- */

/* What a report is about; everything is borrowed for the call. Since ABI 1, from `profiles` on since ABI 2. */
typedef struct klt_report_input {
  size_t struct_size;
  const klt_ingest_result* ingest;                  /* required: base, rejects and counts */
  const klt_features* features;                     /* required: of that base */
  const klt_classification* const* classifications; /* in the order they were made; NULL where there are none */
  size_t classification_count;
  /* Shown on the page where they are given; the other reports do not look at them. */
  const klt_profiles* profiles;        /* NULL: made as the policy wants them */
  const klt_history* history;          /* of that base; movement of clients between classes */
  const klt_table* attention;          /* as klt_attention_list() gives it, in the page's language */
  const klt_table* coverage;           /* as klt_coverage() and klt_result_coverage() give it */
  const klt_model* const* rule_models; /* of kind "rules", whose rules are told with what they do on rule_table */
  size_t rule_model_count;
  const klt_table* rule_table; /* required for rule_models: one row per client of that base, as klt_base_columns() */
} klt_report_input;
#define KLT_REPORT_INPUT_INIT \
  { sizeof(klt_report_input), NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0, NULL }

/* Choices of the reports. A member left at its INIT value is as the policy says. Since ABI 1, `hide` since ABI 2. */
typedef struct klt_report_options {
  size_t struct_size;
  const klt_policy* policy; /* borrowed for the call; NULL: the default policy */
  const char* title;        /* of the page; NULL: as the policy; "": a default in the language */
  klt_language language;
  int32_t top_clients;     /* shown per cell of the matrix: 0 .. 1000; -1: as the policy */
  const char* const* hide; /* parts that the page goes without, as "report.hide" of a policy; NULL: as the policy */
  size_t hide_count;
} klt_report_options;
#define KLT_REPORT_OPTIONS_INIT \
  { sizeof(klt_report_options), NULL, NULL, -1, -1, NULL, 0 }

/* One row per client: id, name where known, features, scores, classes, cell, group, reasons. `options` may be NULL.
 * O(clients). Since ABI 1. */
KLT_API klt_status klt_report_clients(klt_context* context, const klt_report_input* input,
                                      const klt_report_options* options, klt_table** out);
/* One row per cell of the contact matrix, empty ones included: x, y, cell, group, clients, money, shares. Since ABI 1.
 */
KLT_API klt_status klt_report_matrix(klt_context* context, const klt_report_input* input, klt_table** out);
/* Counts, totals as exact decimal texts, class sizes and notes as one JSON object (docs/outputs.md). Since ABI 1. */
KLT_API klt_status klt_report_summary(klt_context* context, const klt_report_input* input, klt_string** out);
/* A page that stands alone, everything from the data escaped. `options` may be NULL. KLT_INVALID_ARGUMENT naming the
 * member of the input or the column of one of its tables that does not fit, KLT_NOT_FOUND naming a column that such a
 * table lacks, KLT_CANCELLED. Since ABI 1. */
KLT_API klt_status klt_report_html(klt_context* context, const klt_report_input* input,
                                   const klt_report_options* options, klt_string** out);

/* Whether a product counts as bought by more of a group than chance gives, or by more or fewer. Since ABI 2. */
typedef int32_t klt_profile_test;
enum { KLT_PROFILE_TEST_POLICY = -1, KLT_PROFILE_TEST_GREATER = 0, KLT_PROFILE_TEST_TWO_SIDED = 1 };

/* Choices of profiles. A member left at its INIT value is as the policy says. Since ABI 2. */
typedef struct klt_profile_options {
  size_t struct_size;
  const klt_policy* policy; /* borrowed for the call; NULL: the default policy */
  klt_profile_test test;
  int32_t reply_days;  /* a later inbound interaction within so many days counts as an answer; -1: as the policy */
  int64_t min_clients; /* products that fewer clients bought are not tested: 1 or more; -1: as the policy */
  int64_t top;         /* products listed per group and kind; 0: all; -1: as the policy */
} klt_profile_options;
#define KLT_PROFILE_OPTIONS_INIT \
  { sizeof(klt_profile_options), NULL, -1, -1, -1, -1 }

/* What the groups of a label or term column of the features are like: `column` is its name or the end of it, as
 * "segment" for "rfm_segment"; NULL: those that the policy names. `options` may be NULL. O(clients + rows log rows of
 * one client); parallel. KLT_NOT_FOUND naming the column, KLT_INVALID_ARGUMENT naming an option, KLT_CANCELLED.
 * Since ABI 2. */
KLT_API klt_status klt_report_profiles(klt_context* context, const klt_report_input* input,
                                       const klt_profile_options* options, const char* column, klt_profiles** out);
KLT_API void klt_profiles_free(klt_profiles* profiles); /* Since ABI 2. */
/* One row per column and group: size, share, buyers; sum, share, mean and median of money; mean and median of
 * frequency, recency and tenure; satisfaction with its interval (docs/outputs.md). Since ABI 2. */
KLT_API klt_status klt_profiles_groups(klt_context* context, const klt_profiles* profiles, klt_table** out);
/* What sets groups apart: column, group, kind (product, category, requested, topic), item, clients, share,
 * rest_clients, rest_share, lift, p (Fisher's exact test), q (Benjamini and Hochberg). Since ABI 2. */
KLT_API klt_status klt_profiles_products(klt_context* context, const klt_profiles* profiles, klt_table** out);
/* Which channels groups answer: column, group, channel, outbound, answered, share, low, high, rest_share. Since ABI 2.
 */
KLT_API klt_status klt_profiles_channels(klt_context* context, const klt_profiles* profiles, klt_table** out);

/* ---- Pipeline: every stage in one call ---- */

/* As an as-of day: the day of the last purchase in use, or of the last event where there is no purchase. Since ABI 1.
 */
#define KLT_AS_OF_LAST_EVENT INT32_MIN

/* klt_ingest(), duplicates among the cards found and merged unless "dedupe.merge" of the policy is false,
 * klt_base_roll_up() where the policy says so, klt_features_compute(), then every classifier of the policy (NULL: the
 * default one). Merged cards stay as they are; what comes later reads every row as the surviving client's. `as_of` in
 * days since 1970-01-01, inclusive, or KLT_AS_OF_LAST_EVENT, which is KLT_INVALID_ARGUMENT where nothing ever happened.
 * Once reading has begun the streams are consumed, also on an error. Errors are those of the stages. Since ABI 1. */
KLT_API klt_status klt_run(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                           klt_result** out);
/* The same with what people assigned (may be NULL), which rule sets with "assigned" take into account. Since ABI 2. */
KLT_API klt_status klt_run_assigned(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                                    const klt_assignments* assignments, klt_result** out);
/* The same, going on from a journal of merges (may be NULL): what was merged, undone, written and said to be two
 * clients counts, and duplicates are looked for beyond it. `rebase` is 1 where cards may have changed since the
 * journal was written, else 0. KLT_BAD_DATA naming the line that cannot be read; KLT_INVALID_ARGUMENT naming "journal"
 * for one of another base; KLT_NOT_FOUND for a client that it names and the base has not. Since ABI 2. */
KLT_API klt_status klt_run_with_journal(klt_context* context, klt_tables* tables, const klt_policy* policy,
                                        int32_t as_of, const klt_assignments* assignments, const char* journal,
                                        int32_t rebase, klt_result** out);
/* What a run may be given beside tables and policy. Since ABI 2. */
typedef struct klt_run_options {
  size_t struct_size;
  const klt_assignments* assignments; /* as klt_run_assigned() takes them; NULL: none */
  const char* journal;                /* as klt_run_with_journal() takes it; NULL: none */
  const klt_table* managers; /* whose contacts are planned, as klt_schedule_new() takes them; NULL: nothing is */
  const char* period;        /* that is planned; needed where there are managers */
  const klt_table* holidays; /* as klt_schedule_options has them; NULL: none known */
  int32_t rebase;            /* 1: cards may have changed since the journal was written, else 0 */
  int32_t reserved;          /* 0 */
} klt_run_options;
#define KLT_RUN_OPTIONS_INIT \
  { sizeof(klt_run_options), NULL, NULL, NULL, NULL, NULL, 0, 0 }
/* Everything in one call: klt_run_with_journal(), then the contacts planned by the policy's part "plan", or the
 * default, where managers are given; the page tells of the plan. `options` may be NULL. Errors as of both; of managers
 * and period before anything is read, and `tables` stays as it was then. Since ABI 2. */
KLT_API klt_status klt_run_with(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                                const klt_run_options* options, klt_result** out);
KLT_API void klt_result_free(klt_result* result); /* Since ABI 1. */
/* The as-of day as days since 1970-01-01; 0 for NULL. Since ABI 1. */
KLT_API int32_t klt_result_as_of(const klt_result* result);
/* The base, the rejected rows and the counts; shared, not copied. Since ABI 1. */
KLT_API klt_status klt_result_ingest(klt_context* context, const klt_result* result, klt_ingest_result** out);
/* The features with every classifier's columns appended. Since ABI 1. */
KLT_API klt_status klt_result_features(klt_context* context, const klt_result* result, klt_features** out);
/* klt_coverage() of the attributes that the rules of the policy give and cards say, by kind of client. Since ABI 2. */
KLT_API klt_status klt_result_coverage(klt_context* context, const klt_result* result, klt_table** out);
/* The lines of the assignments that name a client or a value that is not known: row (from 1), client, attribute, value,
 * reason (unknown_client, unknown_value). Since ABI 2. */
KLT_API klt_status klt_result_unknown_assignments(klt_context* context, const klt_result* result, klt_table** out);
/* klt_base_hierarchy() of all clients, where the policy rolls them up; KLT_NOT_FOUND where it does not. Since ABI 2. */
KLT_API klt_status klt_result_hierarchy(klt_context* context, const klt_result* result, klt_table** out);
/* The duplicates that the run found among the cards as they were delivered. KLT_NOT_FOUND naming "duplicates" where
 * none were looked for. Since ABI 2. */
KLT_API klt_status klt_result_duplicates(klt_context* context, const klt_result* result, klt_duplicates** out);
/* What is merged, with its journal, as a base of its own to go on from. KLT_NOT_FOUND naming "duplicates" where nothing
 * was looked for and there was no journal. O(cards + records). Since ABI 2. */
KLT_API klt_status klt_result_merged(klt_context* context, const klt_result* result, klt_merged_base** out);
/* klt_report_profiles() as the policy wants them, of `column`, or of the columns that the policy names (NULL).
 * Since ABI 2. */
KLT_API klt_status klt_result_profiles(klt_context* context, const klt_result* result, const char* column,
                                       klt_profiles** out);
/* Classes through time as the policy's "history" wants them, by the thresholds of the run unless it says otherwise;
 * made by the first call, then shared. In less than klt_run() takes where one pass gives it (klt_history_one_pass),
 * else by features computed for each of the days. KLT_NOT_FOUND naming "history" where the policy wants none, or where
 * the base has no purchase up to its last day; as klt_history_of_models(). Since ABI 2. */
KLT_API klt_status klt_result_history(klt_context* context, const klt_result* result, klt_history** out);
/* klt_attention_list() by "report.attention" of the policy and its language, of the first classification of kind
 * "lifecycle", or of one with default options; made by the first call, then shared. Since ABI 2. */
KLT_API klt_status klt_result_attention(klt_context* context, const klt_result* result, klt_table** out);
/* klt_base_cohorts() up to the as-of day, by the period of the first classifier of kind "cohort", or by months.
 * Since ABI 2. */
KLT_API klt_status klt_result_cohorts(klt_context* context, const klt_result* result, klt_table** out);
/* How many classifications (and models) there are, in the policy's order; 0 for NULL. Since ABI 1. */
KLT_API size_t klt_result_classification_count(const klt_result* result);
/* KLT_OUT_OF_RANGE naming "index". Since ABI 1. */
KLT_API klt_status klt_result_classification(klt_context* context, const klt_result* result, size_t index,
                                             klt_classification** out);
/* The frozen thresholds behind a classification. KLT_OUT_OF_RANGE naming "index". Since ABI 1. */
KLT_API klt_status klt_result_model(klt_context* context, const klt_result* result, size_t index, klt_model** out);
/* The calendar of contacts, where the run was given managers. KLT_NOT_FOUND naming "managers" where it was not.
 * Since ABI 2. */
KLT_API klt_status klt_result_plan(klt_context* context, const klt_result* result, klt_schedule** out);
/* The reports as the policy wants them; see klt_report_...(). Rendered by each call. Since ABI 1, all of them. */
KLT_API klt_status klt_result_clients(klt_context* context, const klt_result* result, klt_table** out);
KLT_API klt_status klt_result_matrix(klt_context* context, const klt_result* result, klt_table** out);
KLT_API klt_status klt_result_rejected(klt_context* context, const klt_result* result, klt_table** out);
KLT_API klt_status klt_result_summary(klt_context* context, const klt_result* result, klt_string** out);
KLT_API klt_status klt_result_html(klt_context* context, const klt_result* result, klt_string** out);
/* klt_result_html() with choices for this page alone; what they leave at INIT is as the policy of the run, or
 * `options->policy` where there is one, says. `options` may be NULL. Since ABI 2. */
KLT_API klt_status klt_result_page(klt_context* context, const klt_result* result, const klt_report_options* options,
                                   klt_string** out);

/* ---- Schedules: contacts of a period put on the days of managers, with a bound, prices and reasons ---- */

/* Choices of a schedule. Since ABI 2. */
typedef struct klt_schedule_options {
  size_t struct_size;
  const char* plan; /* the policy's part "plan" as JSON, which it stands for; NULL: that of the run, or the default */
  const klt_table* holidays; /* public ones: country, day, name and, where there is one, region; NULL: none known */
  int32_t as_of;           /* last day whose contacts are known, as days since 1970-01-01; KLT_NO_DAY: the day before */
  int32_t reserved;        /* 0 */
  const klt_table* owners; /* whom an announced plan gave the clients, as klt_schedule_owners() gives it: they keep that
                            * one, unless the card names another one who fits; NULL: none */
} klt_schedule_options;
#define KLT_SCHEDULE_OPTIONS_INIT \
  { sizeof(klt_schedule_options), NULL, NULL, KLT_NO_DAY, 0, NULL }

/* Plans the contacts of a period, "2026-12", "2026-W49", "2026-Q4", "2026", "2026-12-03" or "2026-12-03..2026-12-20",
 * with the managers of a table (docs/policy.md). `options` may be NULL. The same for any order of rows and number of
 * threads. O(clients x playbooks + contacts), and the planning. KLT_BAD_DATA and KLT_NOT_FOUND naming
 * "managers.COLUMN", the message the row; KLT_BAD_POLICY naming the JSON pointer below "/plan"; KLT_INVALID_ARGUMENT
 * naming "period"; KLT_CANCELLED. Since ABI 2. */
KLT_API klt_status klt_schedule_new(klt_context* context, const klt_result* result, const klt_table* managers,
                                    const char* period, const klt_schedule_options* options, klt_schedule** out);
KLT_API void klt_schedule_free(klt_schedule* schedule); /* Since ABI 2. */

/* First and last day that are planned, as days since 1970-01-01; 0 for NULL. Since ABI 2, both of them. */
KLT_API int32_t klt_schedule_first_day(const klt_schedule* schedule);
KLT_API int32_t klt_schedule_last_day(const klt_schedule* schedule);
/* How many contacts are planned; 0 for NULL. Since ABI 2. */
KLT_API size_t klt_schedule_planned_count(const klt_schedule* schedule);
/* How many are not; 0 for NULL. Since ABI 2. */
KLT_API size_t klt_schedule_refused_count(const klt_schedule* schedule);
/* What the planned contacts are worth, and what no plan is worth more than, in units of 1/10000. KLT_INVALID_ARGUMENT
 * for NULL. Since ABI 2, both of them. */
KLT_API klt_status klt_schedule_objective(klt_context* context, const klt_schedule* schedule, int64_t* out);
KLT_API klt_status klt_schedule_upper_bound(klt_context* context, const klt_schedule* schedule, int64_t* out);
/* The share of the bound that the plan may be short of the best one at most; 0: proved to be the best. Since ABI 2. */
KLT_API klt_status klt_schedule_gap(klt_context* context, const klt_schedule* schedule, double* out);

/* One row per planned contact: id, client, name, manager, channel, topic, purpose, initiative, start, end (instants),
 * time_zone (the manager's), minutes, value, playbook, reason; by start, manager, id. Rendered by each call. The
 * language is that of purpose and reason. Since ABI 2. */
KLT_API klt_status klt_schedule_planned(klt_context* context, const klt_schedule* schedule, klt_language language,
                                        klt_table** out);
/* One row per contact that is not planned: id, client, name, manager (the owner), channel, topic, purpose, first, last
 * (days of its window), minutes, value, playbook, reason (a name), text (the same in words), surplus. Since ABI 2. */
KLT_API klt_status klt_schedule_refused(klt_context* context, const klt_schedule* schedule, klt_language language,
                                        klt_table** out);
/* What one more of a resource is worth: manager, day, resource (slot, minute, contact), channel (of contacts),
 * capacity, used, price. Since ABI 2. */
KLT_API klt_status klt_schedule_prices(klt_context* context, const klt_schedule* schedule, klt_table** out);
/* Who looks after each client, and why: client, manager, reason (a name), text. Since ABI 2. */
KLT_API klt_status klt_schedule_owners(klt_context* context, const klt_schedule* schedule, klt_language language,
                                       klt_table** out);
/* Quotas that have fewer contacts than they should: client, playbook, quota, period, least, planned. Since ABI 2. */
KLT_API klt_status klt_schedule_shortfalls(klt_context* context, const klt_schedule* schedule, klt_table** out);
/* What to know about the plan as a whole, one row a note: note. Since ABI 2. */
KLT_API klt_status klt_schedule_notes(klt_context* context, const klt_schedule* schedule, klt_language language,
                                      klt_table** out);
/* Figures of the plan as one JSON object (docs/outputs.md). Since ABI 2. */
KLT_API klt_status klt_schedule_summary(klt_context* context, const klt_schedule* schedule, klt_language language,
                                        klt_string** out);

/* Verifies the plan by a checker that takes contacts, capacities and rules as the policy was compiled to them, and
 * nothing of the solver: violation, id, manager, day, text, the first `max_faults` faults; without rows where the plan
 * keeps every rule. O(contacts log contacts). Since ABI 2. */
KLT_API klt_status klt_schedule_check(klt_context* context, const klt_schedule* schedule, size_t max_faults,
                                      klt_table** out);
/* The same in figures, one JSON object: faults (how many), objective and upper_bound (recomputed, as amounts),
 * bound_verified, clients_left_open (docs/outputs.md). Since ABI 2. */
KLT_API klt_status klt_schedule_check_summary(klt_context* context, const klt_schedule* schedule, klt_string** out);
/* The schedule of the plan that tables say, as klt_schedule_planned(), _refused() and _prices() give them; columns that
 * only tell people something may be missing. Managers, channels and days that the schedule does not have are
 * what klt_schedule_check() lists. KLT_NOT_FOUND naming a column; KLT_BAD_DATA naming table and column of an id that
 * the schedule does not have or a cell that cannot be read, the message the row. Since ABI 2. */
KLT_API klt_status klt_schedule_read_back(klt_context* context, const klt_schedule* schedule, const klt_table* planned,
                                          const klt_table* refused, const klt_table* prices, klt_schedule** out);

/* Choices of planning again. Since ABI 2. */
typedef struct klt_replan_options {
  size_t struct_size;
  int64_t change_cost; /* what an announced contact's change must add to the plan's worth, units of 1/10000; -1: no
                        * worth outweighs a change */
  const char* const* missed; /* ids of announced contacts whose day is over and that were not held; NULL: none */
  size_t missed_count;
} klt_replan_options;
#define KLT_REPLAN_OPTIONS_INIT \
  { sizeof(klt_replan_options), -1, NULL, 0 }

/* Plans again so that as little as possible of what was announced changes: with the base and classes of `result`, the
 * managers as they are now, and the period and policy of `schedule`. Of days before `first_open` (days since
 * 1970-01-01) nothing changes. Clients keep the owners that `schedule` gave them, unless their card names another one
 * who fits. Completed contacts that the base has of days before `first_open` count for gaps and limits, and an
 * announced contact of a later day that one of them fulfilled (see klt_schedule_registry()) is dropped, held already.
 * `options` may be NULL. KLT_OUT_OF_RANGE and KLT_INVALID_ARGUMENT naming the argument; else as klt_schedule_new().
 * Since ABI 2. */
KLT_API klt_status klt_schedule_replan(klt_context* context, const klt_schedule* schedule, const klt_result* result,
                                       const klt_table* managers, int32_t first_open, const klt_replan_options* options,
                                       klt_schedule** out);
/* What differs from the schedule that this one replaces: id, client, change (moved, reassigned, added, dropped),
 * manager_before, start_before, manager, start, channel, price (what it adds to the plan's worth), text.
 * KLT_NOT_FOUND for a schedule that replaces none. Since ABI 2. */
KLT_API klt_status klt_schedule_changes(klt_context* context, const klt_schedule* schedule, klt_language language,
                                        klt_table** out);

/* How many announced contacts stay as they were and how many do not, and how few must change at least.
 * KLT_NOT_FOUND for a schedule that replaces none. Since ABI 2. */
KLT_API klt_status klt_schedule_change_counts(klt_context* context, const klt_schedule* schedule, size_t* stayed,
                                              size_t* changed, size_t* least_changed);
/* What the worth, less the cost of changes, may be short of the best with such changes at most, as a share of its
 * bound. KLT_NOT_FOUND for a schedule that replaces none. Since ABI 2. */
KLT_API klt_status klt_schedule_change_gap(klt_context* context, const klt_schedule* schedule, double* out);

/* Choices of the registry. Since ABI 2. */
typedef struct klt_schedule_registry_options {
  size_t struct_size;
  int32_t days_before; /* an interaction fulfils a contact so many days before its planned day at most; 0 to 366 */
  int32_t days_after;  /* and so many after it; 0 to 366 */
  const char* const* client_outcomes; /* outcomes by which it was the client who cancelled; NULL: the usual ones */
  size_t client_outcome_count;
} klt_schedule_registry_options;
#define KLT_SCHEDULE_REGISTRY_OPTIONS_INIT \
  { sizeof(klt_schedule_registry_options), 3, 7, NULL, 0 }

/* What was planned beside what was done, by the interactions of a base, as of an instant (UTC microseconds since
 * 1970-01-01): id, client, manager, channel, topic, start, end, state (planned, completed, cancelled, overdue),
 * interaction, match (exact, window, ambiguous, none), candidates, fault (client, absence, over_capacity, manager),
 * text. `options` may be NULL. O(n log n), n = contacts + interactions. KLT_OUT_OF_RANGE naming "as_of",
 * KLT_INVALID_ARGUMENT naming an option. Since ABI 2. */
KLT_API klt_status klt_schedule_registry(klt_context* context, const klt_schedule* schedule, const klt_base* base,
                                         int64_t as_of, klt_language language,
                                         const klt_schedule_registry_options* options, klt_table** out);

#ifdef __cplusplus
}
#endif

#endif /* KLIENTELA_H */
