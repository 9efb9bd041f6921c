// The one document that holds every choice a company makes, composed of the stages' own options.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/classify/classifier.hpp"
#include "klientela/classify/history_plan.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/features/features.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/model/roll_up.hpp"
#include "klientela/plan/plan_policy.hpp"
#include "klientela/report/report.hpp"

namespace klientela {

/// {"version": 1, "preset": ..., "ingest": {...}, "dedupe": {...}, "roll_up": {...}, "features": {...}, "periods":
/// {...}, "classifiers": {...}, "history": {...}, "plan": {...}, "report": {...}}; every part optional. A policy may
/// name a preset, which it then overrides key by key (JSON merge patch, RFC 7396).
struct Policy {
  static constexpr int version = 1;
  IngestOptions ingest;
  DedupeOptions dedupe;  ///< of find_duplicates() and link_lists(), and of what run() merges
  std::optional<RollUpOptions>
      roll_up;  ///< unset: every client is looked at by itself; its `on` is the run's as-of day
  FeatureOptions features;
  PeriodOptions periods;  ///< of the columns of period_table() that some classifier reads
  std::vector<std::pair<std::string, AnyClassifier>>
      classifiers;                     ///< by name, in order; later ones may use earlier ones
  std::optional<HistoryPlan> history;  ///< unset: only the as-of day is looked at
  std::optional<PlanPolicy> plan;      ///< unset: nothing says how contacts are planned; PlanPolicy() is the default
  ReportOptions report;

  /// The default: RFM, ABC, the contact matrix and tiers.
  Policy();
  /// \throws Error bad_policy; where() is the JSON pointer
  [[nodiscard]] static Policy from_json(std::string_view json);
  [[nodiscard]] static Policy from_json(std::string_view json, const ClassifierRegistry& registry);
  /// \throws Error not_found naming the presets there are
  [[nodiscard]] static Policy preset(std::string_view name);
  [[nodiscard]] static std::vector<std::string> presets();
  /// The whole document, defaults written out; from_json(to_json()) is the same policy.
  [[nodiscard]] std::string to_json() const;
  /// JSON Schema (2020-12) of the document.
  [[nodiscard]] static std::string schema();
  [[nodiscard]] static std::string schema(const ClassifierRegistry& registry);
};

}  // namespace klientela
