// Hysteresis by distance in a history: classes that clients keep because a threshold is near.
#pragma once

#include <cstddef>

#include "classify/history_data.hpp"

namespace klientela::classifying {

/// After the classes of rows [first, first + rows of the table) of a day were stored: puts back those of the day before
/// from which the client has not gone further than HistoryOptions::margin, and judges the others by the labels that the
/// client has. Calls for different rows may run at the same time. \pre day > 0, the classes of the same rows and
/// earlier days are final, and since is known. O(rows * label columns) \param classified  of the day, by the models
/// that the columns name
void keep_within_margin(History::Data& data, std::size_t first, std::size_t day, const Classified& classified);

}  // namespace klientela::classifying
