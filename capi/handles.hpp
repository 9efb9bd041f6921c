// What stands behind the opaque handles of klientela.h: shared immutable C++ values, and what one context holds.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "klientela.h"
#include "klientela/classify/assignment.hpp"
#include "klientela/classify/classification.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/expression.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/tracker.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/card_search.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/pipeline/policy.hpp"
#include "klientela/pipeline/run.hpp"
#include "klientela/plan/reschedule.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela::capi {
class Running;
}

struct klt_context {
  klt_status status{KLT_OK};
  std::string message;
  std::string where;
  const char* fixed_message{nullptr};  ///< said instead of `message` where memory for one could not be had

  std::unique_ptr<klientela::Executor> executor;  ///< null: the caller's thread
  klt_cancel_callback cancel{nullptr};
  void* cancel_data{nullptr};
  klt_progress_callback progress{nullptr};
  void* progress_data{nullptr};

  std::atomic<bool> busy{false};  ///< a call is inside: another one with this context is refused
  std::mutex running_mutex;       ///< guards `running`, which klt_context_cancel() reads from other threads
  std::stop_source* running{nullptr};
  std::stop_token stop;                     ///< of a callback's context: that of the call which the callback belongs to
  klientela::capi::Running* call{nullptr};  ///< the same: that call, where it has a cancel callback
};

struct klt_string {
  std::string text;
};

struct klt_table {
  klientela::Table table;
};

struct klt_table_builder {
  std::size_t rows{0};
  std::vector<klientela::Column> columns;
};

struct klt_tables {
  std::vector<std::pair<klientela::TableId, klientela::ArrowStream>> streams;
  std::map<klientela::TableId, klientela::TableMapping> mappings;
};

struct klt_base {
  klientela::ClientBase base;
};

struct klt_merged_base {
  explicit klt_merged_base(klientela::MergedBase made) : merged(std::move(made)) {}
  klientela::MergedBase merged;
  mutable std::atomic<bool> busy{false};  ///< a call is inside: another one is refused
};

/// Points into an IngestResult or a RunResult that `owner` keeps alive.
struct klt_ingest_result {
  std::shared_ptr<const void> owner;
  const klientela::ClientBase* base{nullptr};
  const std::vector<klientela::Reject>* rejects{nullptr};
  const std::map<klientela::TableId, klientela::TableCounts>* counts{nullptr};
  const std::vector<std::string>* unused_columns{nullptr};
};

struct klt_features {
  klientela::FeatureTable features;
};

struct klt_classifier {
  klientela::AnyClassifier classifier;
  std::string name;
  std::string kind;
};

struct klt_model {
  klientela::AnyModel model;
  std::string name;
  std::string kind;
};

struct klt_registry {
  klientela::ClassifierRegistry registry;
};

struct klt_classification {
  klientela::Classification classification;
};

struct klt_expression {
  klientela::Expression expression;
};

struct klt_assignments {
  klientela::Assignments assignments;
};

struct klt_history {
  klientela::History history;
};

struct klt_tracker {
  klientela::Tracker tracker;
};

struct klt_duplicates {
  klientela::Duplicates duplicates;
};

struct klt_card_index {
  klientela::CardIndex index;
};

struct klt_profiles {
  klientela::Profiles profiles;
};

struct klt_policy {
  klientela::Policy policy;
};

struct klt_schedule {
  klientela::ContactSchedule schedule;
  std::optional<klientela::PlanPolicy> plan;  ///< with which it was made, where it was not the run's
  klientela::ScheduleKnowledge known;
  std::shared_ptr<const klientela::Reschedule> replanned{};  ///< where it replaces another one
};

struct klt_result {
  std::shared_ptr<const klientela::RunResult> run;
};
