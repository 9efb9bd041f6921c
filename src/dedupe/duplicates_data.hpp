// What a search for duplicates found and keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dedupe/pair_comparer.hpp"
#include "dedupe/pair_scorer.hpp"
#include "klientela/dedupe/duplicates.hpp"

namespace klientela {

struct Duplicates::Data {
  PreparedCards cards;
  DedupeOptions options;
  std::shared_ptr<const dedupe::PairComparer> comparer;
  std::shared_ptr<const dedupe::PairScorer> scorer;
  LinkModel model;
  std::optional<LinkTraining> training;
  std::vector<BlockingRuleReport> rules;
  std::vector<BlockingRule> blocking;  ///< as they were used
  std::uint64_t pairs{0};
  std::vector<CardEdge> edges;
  std::vector<std::uint32_t> cluster_of;
  std::vector<std::string> labels;  ///< DedupeKnowledge::labels
  std::vector<std::vector<std::uint32_t>> groups;
  CardClusters clusters;
  std::vector<std::uint32_t> representatives;
};

}  // namespace klientela
