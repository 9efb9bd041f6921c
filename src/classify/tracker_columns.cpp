// Chooses the columns that a tracker keeps, and reads those of the base that stay as they are.
#include "classify/tracker_columns.hpp"

#include <set>
#include <type_traits>
#include <utility>

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

/// The attribute and the source of hand.A and bulk.A.
std::optional<std::pair<std::string, ValueSource>> attribute_of(const std::string& column) {
  if (!column.starts_with("hand.") && !column.starts_with("bulk.")) return std::nullopt;
  return std::pair(column.substr(5), column.starts_with("hand.") ? ValueSource::hand : ValueSource::bulk);
}

}  // namespace

bool is_assigned(const std::string& column, const Assignments& assignments) {
  const auto attribute = attribute_of(column);
  const std::vector<Assignment>& lines = assignments.lines();
  return attribute && std::any_of(lines.begin(), lines.end(), [&](const Assignment& line) {
           return line.attribute == attribute->first && line.source == attribute->second;
         });
}

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
          is_assigned(column, options.assignments) || holds(reads.needed, column))
        add_new(found.base, column);
    }
    for (const std::string& column : reads.written) add_new(written, column);
  }
  for (const std::string& column : options.columns)
    if (!add_feature(column)) throw Error(Code::not_found, "there is no feature column " + column, column);
  return found;
}

Constant::Constant(Column column, const ClientBase& base, const Assignments& assignments) : column_(std::move(column)) {
  const auto attribute = attribute_of(column_.name());
  if (!attribute) return;
  std::set<std::string> others;
  for (const Assignment& line : assignments.lines())
    if (line.attribute == attribute->first && line.source == attribute->second && !base.row_of(ClientId(line.client)))
      others.insert(line.client);
  if (others.empty()) return;
  // The labels are of everybody who was assigned a value, so the codes are the same.
  const std::vector<std::string> clients(others.begin(), others.end());
  const Column values =
      assignments.column(Column("client", clients), attribute->first, attribute->second, column_.name());
  for (std::size_t row = 0; row < clients.size(); ++row)
    if (!values.is_null(row)) later_.emplace(ClientId(clients[row]), values.values<std::uint32_t>()[row]);
}

CellValue Constant::value(std::uint32_t place, const ClientId& client) const {
  if (place >= column_.size()) {
    const auto found = later_.find(client);
    return found == later_.end() ? CellValue{0, false} : CellValue{found->second, true};
  }
  if (column_.is_null(place)) return {0, false};
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

Column Constant::take(std::span<const std::uint32_t> places, std::span<const ClientId> arrived) const {
  const std::size_t n = places.size();
  const ClientId nobody(0);
  const auto value_at = [&](std::uint32_t place) {
    return value(place, place < column_.size() ? nobody : arrived[place - column_.size()]);
  };
  if (column_.type() == ColumnType::text) {
    std::vector<std::optional<std::string>> texts;
    texts.reserve(n);
    for (const std::uint32_t place : places) texts.push_back(text(value_at(place)));
    return Column(column_.name(), texts);
  }
  const auto filled = [&]<class T>(T none) {
    Buffer<T> values(n, none);
    Buffer<std::uint8_t> valid((n + 7) / 8, 0);
    for (std::size_t i = 0; i < n; ++i) {
      const CellValue cell = value_at(places[i]);
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
