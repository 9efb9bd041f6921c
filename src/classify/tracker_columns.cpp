// Chooses the columns that a tracker keeps, and reads those of the base that stay as they are.
#include "classify/tracker_columns.hpp"

#include <type_traits>

#include "classify/history_data.hpp"
#include "features/options.hpp"
#include "features/state.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/features/periods.hpp"

namespace klientela::classifying {
namespace {

using features_internal::group_of;
using features_internal::Layout;

bool holds(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}
void add_new(std::vector<std::string>& list, const std::string& name) {
  if (!holds(list, name)) list.push_back(name);
}

/// Whether with_base_columns() could give it.
bool is_base_column(const std::string& column) {
  return holds(base_column_names(), column) || column.starts_with("card.") || column.starts_with("hand.") ||
         column.starts_with("bulk.");
}

}  // namespace

TrackedColumns tracked_columns(std::span<const AnyModel> models, const TrackerOptions& options, const ClientBase& base,
                               const FeatureOptions& features) {
  TrackedColumns found;
  const Layout layout = features_internal::layout_of(base, features);
  const auto add_feature = [&](const std::string& column) {
    const std::optional<FeatureGroup> group = group_of(column);
    if (!group && column != last_gap) return false;  // a column of a model or of the base, or one that nobody has
    if (group && (!layout.has(*group) || !features_internal::wants(features, column))) return true;
    if (!kept_feature(column))
      throw Error(Code::unsupported, "column " + column + " cannot be kept up to date event by event", column);
    add_new(found.features, column);
    return true;
  };
  std::vector<std::string> written;
  for (const AnyModel& model : models) {
    const ModelReads reads = reads_of(model);
    if (reads.inputs.empty())
      throw Error(Code::unsupported, "model " + model.name() + " does not say which columns it reads", model.name());
    for (const std::string& column : reads.inputs) {
      if (holds(written, column) || add_feature(column)) continue;
      if (is_period_column(column))
        throw Error(Code::unsupported, "column " + column + " cannot be kept up to date event by event", column);
      if (!is_base_column(column)) continue;
      // Requests may come; of the rest, what the base says nothing about is there where rules must find it.
      const std::string one[1] = {column};
      if (kept_of_base(column) != Kept::constant || !columns_with_data(base, one).empty() ||
          holds(reads.needed, column))
        add_new(found.base, column);
    }
    for (const std::string& column : reads.written) add_new(written, column);
  }
  for (const std::string& column : options.columns)
    if (!add_feature(column)) throw Error(Code::not_found, "there is no feature column " + column, column);
  return found;
}

CellValue Constant::value(std::uint32_t place) const {
  if (place >= column_.size() || column_.is_null(place)) return {0, false};
  switch (column_.type()) {
    case ColumnType::term: return {column_.values<std::uint32_t>()[place], true};
    case ColumnType::day: return {column_.values<std::int32_t>()[place], true};
    default: return {place, true};
  }
}

std::optional<std::string> Constant::text(const CellValue& value) const {
  if (!value.known) return std::nullopt;
  return std::string(column_.text(static_cast<std::size_t>(value.key)));
}

Column Constant::take(std::span<const std::uint32_t> places) const {
  const std::size_t n = places.size();
  if (column_.type() == ColumnType::text) {
    std::vector<std::optional<std::string>> texts;
    texts.reserve(n);
    for (const std::uint32_t place : places) texts.push_back(text(value(place)));
    return Column(column_.name(), texts);
  }
  const auto filled = [&]<class T>(T none) {
    Buffer<T> values(n, none);
    Buffer<std::uint8_t> valid((n + 7) / 8, 0);
    for (std::size_t i = 0; i < n; ++i) {
      const CellValue cell = value(places[i]);
      if (!cell.known) continue;
      values[i] = static_cast<T>(cell.key);
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    }
    if constexpr (std::is_same_v<T, std::uint32_t>)
      return Column(column_.name(), std::move(values), column_.shared_labels(), std::move(valid));
    else
      return Column(column_.name(), column_.type(), std::move(values), std::move(valid));
  };
  return column_.type() == ColumnType::term ? filled(std::uint32_t{0}) : filled(std::int32_t{0});
}

}  // namespace klientela::classifying
