// Link models and how they are learnt, from and to policy JSON, and the JSON Schemas of these parts of the document.
#pragma once

#include <string>
#include <string_view>

#include "klientela/dedupe/link_model.hpp"
#include "klientela/dedupe/link_training.hpp"

namespace klientela {

/// Reads {"prior": 0.0001, "fields": [{"name": "city", "levels": ["different", "same"], "m": [0.1, 0.9],
/// "u": [0.99, 0.01], "tf_weight": 1, "tf_minimum_u": 0.001}, {"name": ..., "levels": ..., "weights": [-4, 2.5]}]}.
/// \param pointer  JSON pointer of this part in its document; begins the where() of errors
/// \throws Error bad_policy naming the pointer: not JSON, an unknown or repeated key, a wrong type, what LinkModel()
/// refuses
[[nodiscard]] LinkModel link_model_from_json(std::string_view json, std::string_view pointer = "");
/// The model as JSON that reads back the same, to the last bit.
[[nodiscard]] std::string to_json(const LinkModel& model);
/// JSON Schema of the object.
[[nodiscard]] std::string link_model_schema();

/// Reads the members of LinkTrainingOptions by their names; what is absent keeps its default.
/// \throws Error bad_policy as link_model_from_json(), and for what train_link_model() refuses
[[nodiscard]] LinkTrainingOptions link_training_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same; members without a value are left out.
[[nodiscard]] std::string to_json(const LinkTrainingOptions& options);
[[nodiscard]] std::string link_training_options_schema();

/// Reads the members of LogisticOptions by their names; what is absent keeps its default.
/// \throws Error bad_policy as link_model_from_json(), and for what learn_link_model() refuses
[[nodiscard]] LogisticOptions logistic_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same; members without a value are left out.
[[nodiscard]] std::string to_json(const LogisticOptions& options);
[[nodiscard]] std::string logistic_options_schema();

}  // namespace klientela
