// C ABI of report: tables for other tools and pages for people, out of what the earlier stages gave.
#include "klientela/report/report.hpp"

#include <algorithm>
#include <limits>

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

/// The C++ input, and the list of classifications that it borrows.
class Input {
 public:
  explicit Input(const klt_report_input* given) {
    need(given, "input");
    input_ = read_struct(given, klt_report_input KLT_REPORT_INPUT_INIT, "input");
    need(input_.ingest, "input.ingest");
    need(input_.features, "input.features");
    if (input_.classification_count > 0) need(input_.classifications, "input.classifications");
    for (std::size_t i = 0; i < input_.classification_count; ++i) {
      const klt_classification& one = need(input_.classifications[i], "input.classifications");
      if (one.classification.rows() != input_.features->features.rows())
        throw Error(Code::invalid_argument,
                    "classification \"" + one.classification.name() + "\" has " +
                        std::to_string(one.classification.rows()) + " rows, the features have " +
                        std::to_string(input_.features->features.rows()),
                    "input.classifications");
      classes_.push_back(one.classification);
    }
    if (input_.features->features.rows() != input_.ingest->base->clients())
      throw Error(Code::invalid_argument,
                  "the features have " + std::to_string(input_.features->features.rows()) + " rows, the base has " +
                      std::to_string(input_.ingest->base->clients()) + " clients",
                  "input.features");
  }
  ReportInput get() const {
    return {*input_.ingest->base, input_.features->features, classes_, *input_.ingest->rejects, *input_.ingest->counts};
  }
  /// With everything that only the page shows, but for what it hides. Lives as long as this.
  ReportInput page(const ReportOptions& options, const Control& control) {
    ReportInput shown = get();
    if (!options.hides(PageSection::profiles))
      shown.profiles = input_.profiles != nullptr
                           ? &input_.profiles->profiles
                           : &profiles_.emplace(group_profiles(shown, options.profiles, control));
    if (input_.history != nullptr && !options.hides(PageSection::movement)) shown.history = &input_.history->history;
    if (input_.attention != nullptr && !options.hides(PageSection::attention))
      shown.attention = &input_.attention->table;
    if (options.hides(PageSection::coverage)) return shown;
    if (input_.coverage != nullptr) shown.coverage = &input_.coverage->table;
    check_rule_models(control);
    shown.rules = rules_;
    return shown;
  }

 private:
  void check_rule_models(const Control& control) {
    if (input_.rule_model_count == 0) return;
    need(input_.rule_models, "input.rule_models");
    const Table& rows = need(input_.rule_table, "input.rule_table").table;
    if (rows.rows() != input_.ingest->base->clients())
      throw Error(Code::invalid_argument,
                  "the table has " + std::to_string(rows.rows()) + " rows, the base has " +
                      std::to_string(input_.ingest->base->clients()) + " clients",
                  "input.rule_table");
    for (std::size_t i = 0; i < input_.rule_model_count; ++i) {
      const AnyModel& model = need(input_.rule_models[i], "input.rule_models").model;
      const auto* set = model.get_if<RulesModel>();
      if (set == nullptr)
        throw Error(Code::invalid_argument, "model " + model.name() + " is of kind " + model.kind() + ", not rules",
                    "input.rule_models");
      rules_.push_back({model.name(), check_rules(*set, rows, control)});
    }
  }

  klt_report_input input_{};
  std::vector<Classification> classes_;
  std::optional<Profiles> profiles_;
  std::vector<RuleSetCheck> rules_;
};

/// \param defaults  of what neither the options nor a policy in them say
ReportOptions read_options(const klt_report_options* given, const ReportOptions& defaults = Policy().report) {
  const klt_report_options choice = read_struct(given, klt_report_options KLT_REPORT_OPTIONS_INIT, "options");
  ReportOptions options = choice.policy != nullptr ? choice.policy->policy.report : defaults;
  if (choice.title != nullptr) options.title = need_text(choice.title, "options.title");
  if (choice.language < KLT_LANGUAGE_POLICY || choice.language > KLT_LANGUAGE_RUSSIAN)
    throw Error(Code::invalid_argument, "options.language is none of KLT_LANGUAGE_...", "options.language");
  if (choice.language >= 0) options.language = static_cast<Language>(choice.language);
  if (choice.top_clients < -1 || choice.top_clients > 1000)
    throw Error(Code::out_of_range, "options.top_clients must be 0 .. 1000", "options.top_clients");
  if (choice.top_clients >= 0) options.top_clients = static_cast<std::uint32_t>(choice.top_clients);
  if (choice.hide_count != 0) need(choice.hide, "options.hide");
  if (choice.hide != nullptr) {
    const std::vector<std::string_view>& names = page_section_names();
    options.hide.clear();
    for (std::size_t i = 0; i < choice.hide_count; ++i) {
      const std::string_view part = need_text(choice.hide[i], "options.hide");
      const auto found = std::find(names.begin(), names.end(), part);
      if (found == names.end())
        throw Error(Code::invalid_argument, "\"" + std::string(part) + "\" is no part of the page", "options.hide");
      options.hide.push_back(static_cast<PageSection>(found - names.begin()));
    }
  }
  return options;
}

ProfileOptions read_options(const klt_profile_options* given) {
  const klt_profile_options choice = read_struct(given, klt_profile_options KLT_PROFILE_OPTIONS_INIT, "options");
  ProfileOptions options = choice.policy != nullptr ? choice.policy->policy.report.profiles : ProfileOptions();
  if (choice.test < KLT_PROFILE_TEST_POLICY || choice.test > KLT_PROFILE_TEST_TWO_SIDED)
    throw Error(Code::invalid_argument, "options.test is none of KLT_PROFILE_TEST_...", "options.test");
  if (choice.test >= 0) options.test = static_cast<ProfileTest>(choice.test);
  if (choice.reply_days != -1) options.reply_days = choice.reply_days;
  if (choice.min_clients != -1) options.min_clients = choice.min_clients;
  if (choice.top < -1 || choice.top > std::numeric_limits<std::uint32_t>::max())
    throw Error(Code::out_of_range, "options.top must be 0 .. 4294967295", "options.top");
  if (choice.top >= 0) options.top = static_cast<std::uint32_t>(choice.top);
  return options;
}

}  // namespace

extern "C" {

klt_status klt_report_clients(klt_context* context, const klt_report_input* input, const klt_report_options* options,
                              klt_table** out) {
  return guard(context, [&] {
    const Input given(input);
    const ReportOptions choice = read_options(options);
    need(out, "out");
    const Running call(*context);
    give(out, clients_table(given.get(), choice, call.control()));
  });
}

klt_status klt_report_matrix(klt_context* context, const klt_report_input* input, klt_table** out) {
  return guard(context, [&] {
    const Input given(input);
    need(out, "out");
    give(out, matrix_table(given.get()));
  });
}

klt_status klt_report_summary(klt_context* context, const klt_report_input* input, klt_string** out) {
  return guard(context, [&] {
    const Input given(input);
    need(out, "out");
    give(out, summary_json(given.get()));
  });
}

klt_status klt_report_html(klt_context* context, const klt_report_input* input, const klt_report_options* options,
                           klt_string** out) {
  return guard(context, [&] {
    Input given(input);
    const ReportOptions choice = read_options(options);
    need(out, "out");
    const Running call(*context);
    give(out, html(given.page(choice, call.control()), choice, call.control()));
  });
}

klt_status klt_result_page(klt_context* context, const klt_result* result, const klt_report_options* options,
                           klt_string** out) {
  return guard(context, [&] {
    const RunResult& run = *need(result, "result").run;
    const ReportOptions choice = read_options(options, run.report_options);
    need(out, "out");
    const Running call(*context);
    give(out, run.page(choice, call.control()));
  });
}

klt_status klt_report_profiles(klt_context* context, const klt_report_input* input, const klt_profile_options* options,
                               const char* column, klt_profiles** out) {
  return guard(context, [&] {
    const Input given(input);
    ProfileOptions choice = read_options(options);
    need(out, "out");
    if (column != nullptr) choice.columns = {std::string(need_text(column, "column"))};
    const Running call(*context);
    give(out, group_profiles(given.get(), choice, call.control()));
  });
}

void klt_profiles_free(klt_profiles* profiles) { delete profiles; }

klt_status klt_profiles_groups(klt_context* context, const klt_profiles* profiles, klt_table** out) {
  return guard(context, [&] {
    const Profiles& given = need(profiles, "profiles").profiles;
    give(&need(out, "out"), given.groups);
  });
}

klt_status klt_profiles_products(klt_context* context, const klt_profiles* profiles, klt_table** out) {
  return guard(context, [&] {
    const Profiles& given = need(profiles, "profiles").profiles;
    give(&need(out, "out"), given.products);
  });
}

klt_status klt_profiles_channels(klt_context* context, const klt_profiles* profiles, klt_table** out) {
  return guard(context, [&] {
    const Profiles& given = need(profiles, "profiles").profiles;
    give(&need(out, "out"), given.channels);
  });
}

}  // extern "C"
