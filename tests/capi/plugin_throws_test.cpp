// Callbacks of a C++ host that throw, on purpose or not: a status, whatever they threw.
#include <klientela.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>

namespace {

int thrown = 0;  // 0: std::runtime_error, 1: an int, 2: nothing
int failures = 0;
int freed = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "failed: %s\n", what);
  ++failures;
}

klt_status make(klt_context*, const char*, const char*, klt_plugin_shape* shape, void** classifier, void*) {
  static const char* const inputs[] = {"client"};
  static const char* const labels[] = {"one"};
  static const klt_plugin_column column = {sizeof column, nullptr, labels, 1, KLT_COLUMN_LABEL, 0};
  static const klt_plugin_column* const columns[] = {&column};
  if (thrown == 3) throw std::runtime_error("no power");
  if (thrown == 4) throw std::bad_alloc();
  *classifier = &failures;
  shape->inputs = inputs;
  shape->input_count = 1;
  shape->columns = columns;
  shape->column_count = 1;
  return KLT_OK;
}

klt_status classify(klt_context*, const void*, const void*, const klt_table* inputs, void* const* values,
                    std::uint8_t* const*, void*) {
  if (thrown == 0) throw std::runtime_error("no power");
  if (thrown == 1) throw 5;
  for (std::size_t row = 0; row < klt_table_row_count(inputs); ++row) static_cast<std::uint16_t*>(values[0])[row] = 0;
  return KLT_OK;
}

klt_status reasons(klt_context*, const void*, const void*, const klt_table*, std::size_t,
                   void (*)(const klt_plugin_reason*, void*), void*, void*) {
  throw std::runtime_error("no words");
}

void free_classifier(void*, void*) {
  ++freed;
  throw std::runtime_error("not free");
}

void free_user_data(void*) {
  ++freed;
  throw 5;
}

}  // namespace

int main() {
  klt_context* context = nullptr;
  klt_registry* registry = nullptr;
  klt_classifier_callbacks calls = KLT_CLASSIFIER_CALLBACKS_INIT;
  calls.make = make;
  calls.classify = classify;
  calls.reasons = reasons;
  calls.free_classifier = free_classifier;
  calls.free_user_data = free_user_data;
  check(klt_context_new(&context) == KLT_OK, "context");
  check(klt_registry_new(context, &registry) == KLT_OK, "registry");
  check(klt_registry_add(context, registry, "one", &calls, &freed) == KLT_OK, "add");

  const std::int64_t ids[] = {1, 2};
  klt_table_builder* builder = nullptr;
  klt_table* table = nullptr;
  check(klt_table_builder_new(context, 2, &builder) == KLT_OK, "builder");
  check(klt_table_builder_add_int64(context, builder, "client", ids, nullptr) == KLT_OK, "column");
  check(klt_table_builder_finish(context, builder, &table) == KLT_OK, "table");

  klt_classifier* classifier = nullptr;
  klt_model* model = nullptr;
  klt_classification* classes = nullptr;
  klt_string* text = nullptr;
  thrown = 3;
  check(klt_classifier_from_json_with(context, registry, "mine", "{\"kind\": \"one\"}", &classifier) == KLT_INTERNAL,
        "make throws");
  thrown = 4;
  check(
      klt_classifier_from_json_with(context, registry, "mine", "{\"kind\": \"one\"}", &classifier) == KLT_OUT_OF_MEMORY,
      "make has no memory");
  thrown = 0;
  check(klt_classifier_from_json_with(context, registry, "mine", "{\"kind\": \"one\"}", &classifier) == KLT_OK, "make");
  check(klt_classifier_fit(context, classifier, table, &model) == KLT_OK, "nothing to learn");
  check(klt_model_classify(context, model, table, &classes) == KLT_INTERNAL, "classify throws");
  check(std::strstr(klt_context_last_message(context), "mine failed in classify: no power") != nullptr, "its message");
  check(std::strcmp(klt_context_last_where(context), "mine") == 0, "its name");
  thrown = 1;
  check(klt_model_classify(context, model, table, &classes) == KLT_INTERNAL, "classify throws an int");
  thrown = 2;
  check(klt_model_classify(context, model, table, &classes) == KLT_OK, "classify");
  check(klt_classification_explain(context, classes, 0, KLT_LANGUAGE_ENGLISH, &text) == KLT_INTERNAL, "reasons throw");
  check(std::strstr(klt_context_last_message(context), "no words") != nullptr, "their message");

  // Without fit there is nothing to write but the options, and so it comes back.
  klt_string* json = nullptr;
  klt_model* again = nullptr;
  check(klt_model_to_json(context, model, &json) == KLT_OK, "to JSON");
  check(klt_model_from_json_with(context, registry, klt_string_data(json), &again) == KLT_OK, "from JSON");

  klt_string_free(json);
  klt_model_free(again);
  klt_classification_free(classes);
  klt_model_free(model);
  klt_classifier_free(classifier);
  klt_table_free(table);
  klt_table_builder_free(builder);
  klt_registry_free(registry);
  check(freed == 3, "two classifiers and the user data are freed, whatever that throws");
  klt_context_free(context);
  if (failures == 0) std::puts("every check held");
  return failures == 0 ? 0 : 1;
}
