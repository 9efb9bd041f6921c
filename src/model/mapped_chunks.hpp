// Chunks seen through a map of their clients: the columns are the original's, only whose rows they are is new.
#pragma once

#include <functional>
#include <memory>

#include "klientela/core/executor.hpp"
#include "model/base_data.hpp"

namespace klientela::index {

/// Adds to `data` the rows of transactions, requests, interactions and feedback of `base` as `map` has them. Chunks of
/// which no row changes hands are shared as they are; those of which none counts are left out.
void append_mapped(const ClientBase& base, const CodeMap& map, ClientBase::Data& data, const Control& control);

/// The tables whose rows are mapped.
inline constexpr std::array mapped_tables{TableId::transactions, TableId::requests, TableId::interactions,
                                          TableId::feedback};

}  // namespace klientela::index
