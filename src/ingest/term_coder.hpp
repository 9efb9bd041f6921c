// From delivered texts to the codes of a list of terms, in parallel and the same for any number of threads.
#pragma once

#include <memory>
#include <span>

#include "ingest/arrow_column.hpp"
#include "ingest/reject_map.hpp"
#include "klientela/core/executor.hpp"
#include "model/base_data.hpp"

namespace klientela::detail {

/// Codes a column of texts (or of a dictionary of texts) into `list`, which is copied before it is written to. Rejected
/// rows, nulls and blank texts get no_code.
void code_terms(const Source& source, const RejectMap& rejected, std::shared_ptr<const TermList>& list,
                std::span<std::uint32_t> codes, const Control& control);

/// The list that begins with the values of a closed list.
[[nodiscard]] std::shared_ptr<const TermList> closed_list(std::span<const ClosedValue> values);

}  // namespace klientela::detail
