// Fuzzes the C ABI: strangers' JSON into policies, classifiers and models, and strangers' cells through a whole run.
#include <klientela.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void require(bool holds, const char* what, klt_context* context) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s; last error: %s [%s]\n", what, klt_context_last_message(context),
               klt_context_last_where(context));
  std::abort();
}

/// An error leaves the out-argument alone and says something. The handle comes by reference: the call that writes it
/// may be evaluated after the arguments beside it.
template <class Handle>
bool got(klt_context* context, klt_status status, Handle* const& handle) {
  require((status == KLT_OK) == (handle != nullptr), "the out-argument is written exactly on success", context);
  require(status == klt_context_last_status(context), "the context remembers the status", context);
  require((status == KLT_OK) == (klt_context_last_message(context)[0] == '\0'), "errors have a sentence", context);
  require(status != KLT_INTERNAL, "no input is a defect of the library", context);
  return status == KLT_OK;
}

klt_table* make_table(klt_context* context, const std::vector<const char*> names,
                      const std::vector<std::vector<std::string>>& rows) {
  klt_table_builder* builder = nullptr;
  klt_table* table = nullptr;
  require(klt_table_builder_new(context, rows.size(), &builder) == KLT_OK, "builder", context);
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::vector<const char*> cells;
    std::vector<std::size_t> sizes;
    std::vector<std::uint8_t> valid;
    for (const auto& row : rows) {
      cells.push_back(column < row.size() ? row[column].data() : nullptr);
      sizes.push_back(column < row.size() ? row[column].size() : 0);
      valid.push_back(column < row.size() ? 1 : 0);
    }
    require(klt_table_builder_add_sized_text(context, builder, names[column], cells.data(), sizes.data(),
                                             valid.data()) == KLT_OK,
            "column", context);
  }
  require(klt_table_builder_finish(context, builder, &table) == KLT_OK, "finish", context);
  klt_table_builder_free(builder);
  return table;
}

klt_table* measures(klt_context* context) {
  static const std::int64_t clients[] = {1, 2, 3, 4, 5};
  static const double values[] = {0.5, 12, 7.25, 12, -3};
  static const std::uint8_t valid[] = {1, 1, 1, 0, 1};
  klt_table_builder* builder = nullptr;
  klt_table* table = nullptr;
  require(klt_table_builder_new(context, 5, &builder) == KLT_OK, "builder", context);
  require(klt_table_builder_add_int64(context, builder, "client", clients, nullptr) == KLT_OK, "client", context);
  for (const char* name : {"recency_days", "frequency", "money_net", "money_gross", "engagement"})
    require(klt_table_builder_add_double(context, builder, name, values, valid) == KLT_OK, "measure", context);
  require(klt_table_builder_finish(context, builder, &table) == KLT_OK, "finish", context);
  klt_table_builder_free(builder);
  return table;
}

void classify(klt_context* context, const klt_model* model) {
  klt_table* table = measures(context);
  klt_classification* classes = nullptr;
  if (got(context, klt_model_classify(context, model, table, &classes), classes)) {
    for (std::size_t row = 0; row < 5; ++row) {
      klt_string* text = nullptr;
      require(klt_classification_explain(context, classes, row, KLT_LANGUAGE_RUSSIAN, &text) == KLT_OK, "reasons",
              context);
      klt_string_free(text);
    }
  }
  klt_classification_free(classes);
  klt_table_free(table);
}

void run(klt_context* context, const klt_policy* policy, const std::vector<std::vector<std::string>>& rows) {
  klt_table* table = make_table(context, {"client", "at", "amount", "quantity", "order", "product"}, rows);
  klt_tables* tables = nullptr;
  klt_result* result = nullptr;
  require(klt_tables_new(context, &tables) == KLT_OK, "tables", context);
  require(klt_tables_add_table(context, tables, "transactions", table) == KLT_OK, "add", context);
  klt_table_free(table);
  if (got(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result), result)) {
    klt_row_counts counts = KLT_ROW_COUNTS_INIT;
    klt_ingest_result* ingested = nullptr;
    klt_string* page = nullptr;
    require(klt_result_ingest(context, result, &ingested) == KLT_OK, "ingest", context);
    require(klt_ingest_result_counts(context, ingested, "transactions", &counts) == KLT_OK, "counts", context);
    require(counts.rows_read == rows.size() && counts.rows_read == counts.rows_used + counts.rows_rejected,
            "rows read are rows used and rows rejected", context);
    require(klt_result_html(context, result, &page) == KLT_OK, "page", context);
    klt_string_free(page);
    klt_ingest_result_free(ingested);
  }
  klt_result_free(result);
  klt_tables_free(tables);
}

void fuzz_policy(klt_context* context, const std::string& text) {
  klt_policy* policy = nullptr;
  if (got(context, klt_policy_from_json(context, text.c_str(), &policy), policy)) {
    klt_string* json = nullptr;
    klt_string* same = nullptr;
    klt_policy* again = nullptr;
    require(klt_policy_to_json(context, policy, &json) == KLT_OK, "a policy can be written", context);
    require(klt_policy_from_json(context, klt_string_data(json), &again) == KLT_OK, "and read back", context);
    require(klt_policy_to_json(context, again, &same) == KLT_OK, "and written again", context);
    require(std::strcmp(klt_string_data(json), klt_string_data(same)) == 0, "the same", context);
    klt_string_free(json);
    klt_string_free(same);
    klt_policy_free(again);
    run(context, policy, {{"1", "2020-01-01", "3.5"}, {"2", "2020-02-01", "-1"}, {"x", "2020-03-01", "9", "2"}});
  }
  klt_policy_free(policy);
}

void fuzz_classifier(klt_context* context, const std::string& text) {
  klt_classifier* classifier = nullptr;
  klt_model* model = nullptr;
  if (got(context, klt_classifier_from_json(context, "c", text.c_str(), &classifier), classifier)) {
    klt_table* table = measures(context);
    if (got(context, klt_classifier_fit(context, classifier, table, &model), model)) classify(context, model);
    klt_table_free(table);
  }
  klt_model_free(model);
  klt_classifier_free(classifier);
}

void fuzz_model(klt_context* context, const std::string& text) {
  klt_model* model = nullptr;
  if (got(context, klt_model_from_json(context, text.c_str(), &model), model)) classify(context, model);
  klt_model_free(model);
}

/// Cells are cut at '|', rows at line ends.
void fuzz_cells(klt_context* context, const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::size_t begin = 0;
  while (begin < text.size() && rows.size() < 500) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::vector<std::string> cells;
    for (std::size_t cell = begin; cell <= end;) {
      const std::size_t cut = std::min(text.find('|', cell), end);
      cells.push_back(text.substr(cell, cut - cell));
      cell = cut + 1;
    }
    rows.push_back(std::move(cells));
    begin = end + 1;
  }
  run(context, nullptr, rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  klt_context* context = nullptr;
  if (klt_context_new(&context) != KLT_OK) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: fuzz_policy(context, text); break;
    case 1: fuzz_classifier(context, text); break;
    case 2: fuzz_model(context, text); break;
    default: fuzz_cells(context, text); break;
  }
  klt_context_free(context);
  return 0;
}
