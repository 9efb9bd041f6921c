// Why a label changed: the measure that crossed a threshold, for machines and in words.
#pragma once

#include <string>
#include <vector>

#include "klientela/classify/classification.hpp"

namespace klientela::classifying {

struct Explained {
  std::string measure;  ///< of several, as behind a segment, the first that moved
  std::string before;   ///< its value, exact; empty: none
  std::string after;
  std::string threshold;  ///< that lies between, by the model of now
  std::string rule;       ///< that decides now
  std::string text;       ///< a sentence for each measure that moved
  bool moved{false};      ///< the value stayed, the thresholds moved
};

/// \param before, now  one row's reasons by one model then and now
[[nodiscard]] Explained explain_change(const std::vector<Reason>& before, const std::vector<Reason>& now,
                                       const std::string& column, Language language);

}  // namespace klientela::classifying
