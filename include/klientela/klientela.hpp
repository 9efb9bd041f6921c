// All of klientela: the stages in the order in which data flows.
#pragma once

#include "klientela/core/arrow.hpp"
#include "klientela/core/arrow_abi.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/core/error.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/money.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/core/version.hpp"

#include "klientela/model/client_base.hpp"
#include "klientela/model/interaction_state.hpp"
#include "klientela/model/schema.hpp"
#include "klientela/model/values.hpp"

#include "klientela/ingest/builder.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/ingest/ingest_json.hpp"

#include "klientela/features/features.hpp"
#include "klientela/features/features_json.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/features/summary.hpp"

#include "klientela/classify/abc.hpp"
#include "klientela/classify/classification.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/expression.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/ideal_client.hpp"
#include "klientela/classify/kernels.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/threshold.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"

#include "klientela/report/report.hpp"
#include "klientela/report/report_json.hpp"

#include "klientela/pipeline/policy.hpp"
#include "klientela/pipeline/run.hpp"
