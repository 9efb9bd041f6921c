// The Python handles of the later stages, shared by the binding files that pass them on.
#pragma once

#include "common.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/pipeline/policy.hpp"

namespace klientela::python {

/// A client's id: a text or a whole number. \throws Error invalid_argument for anything else
[[nodiscard]] ClientId client_from(const py::handle& id);
/// The whole number or the text that an id is.
[[nodiscard]] py::object id_to_python(const ClientId& id);
/// Streams of {"transactions": data, ...}; data is anything with __arrow_c_stream__ or a mapping of columns.
[[nodiscard]] Tables tables_from(const py::dict& tables);
/// {"transactions": {"rows_read": ..., "rows_used": ..., "rows_rejected": ..., "by_reason": {...}}, ...}
[[nodiscard]] py::dict counts_to_python(const std::map<TableId, TableCounts>& counts);
/// "roots", "every_node", a level, or a mapping of options.
[[nodiscard]] RollUpOptions roll_up_from(const py::object& wanted, std::string_view pointer);
/// None, a Policy, a mapping, a preset's name, JSON text, or a path to a JSON file.
[[nodiscard]] Policy policy_from(const py::object& policy);
/// "en" or "ru". \throws Error invalid_argument
[[nodiscard]] Language language_from(const std::string& name);
[[nodiscard]] py::list notes_to_python(const std::vector<Note>& notes, Language language);
/// The registry given, or the kinds that come with the library.
[[nodiscard]] inline ClassifierRegistry registry_or_own(const ClassifierRegistry* registry) {
  return registry != nullptr ? *registry : ClassifierRegistry();
}
/// The table behind a Table, a FeatureTable, or any column table.
[[nodiscard]] Table column_table(const py::object& data);
/// \throws Error not_found naming the tables there are
[[nodiscard]] TableId table_id(const std::string& name);

}  // namespace klientela::python
