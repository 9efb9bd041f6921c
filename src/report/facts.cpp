// Totals, names and exact sums of a report's input: see facts.hpp.
#include "report/facts.hpp"

#include <algorithm>
#include <span>

#include "model/event_days.hpp"

namespace klientela::report {
namespace {

__extension__ using Wide = unsigned __int128;

std::string digits_of(Wide value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

/// Days of a day or instant column; null_day where null.
std::int32_t day_at(const Column& column, std::size_t row) {
  if (column.is_null(row)) return null_day;
  if (column.type() == ColumnType::day) return column.values<std::int32_t>()[row];
  const Instant instant{std::chrono::microseconds{column.values<std::int64_t>()[row]}};
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(instant).time_since_epoch().count());
}

std::string edge_day(const FeatureTable& features, const char* name, bool largest) {
  const Column* column = features.find(name);
  if (column == nullptr || (column->type() != ColumnType::day && column->type() != ColumnType::instant)) return {};
  std::optional<std::int32_t> edge;
  for (std::size_t row = 0; row < column->size(); ++row) {
    const std::int32_t day = day_at(*column, row);
    if (day != null_day && (!edge || (largest ? day > *edge : day < *edge))) edge = day;
  }
  return edge ? klientela::to_text(Day{std::chrono::days{*edge}}) : std::string();
}

}  // namespace

std::string Total::to_text() const {
  const bool negative = units_ < 0;
  const Wide size = negative ? 0 - static_cast<Wide>(units_) : static_cast<Wide>(units_);
  std::string text = (negative ? "-" : "") + digits_of(size / Money::scale);
  const auto rest = static_cast<std::uint64_t>(size % Money::scale);
  if (rest == 0) return text;
  std::string decimals = std::to_string(rest + Money::scale).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return text + '.' + decimals;
}

std::optional<Total> sum_money(const FeatureTable& features, const char* name) {
  const Column* column = features.find(name);
  if (column == nullptr || column->type() != ColumnType::money) return std::nullopt;
  Total total;
  const auto units = column->values<std::int64_t>();
  for (std::size_t row = 0; row < units.size(); ++row)
    if (!column->is_null(row)) total.add(units[row]);
  return total;
}

std::int64_t count_at(const Column& column, std::size_t row) {
  if (column.is_null(row)) return 0;
  switch (column.type()) {
    case ColumnType::boolean: return column.values<std::uint8_t>()[row];
    case ColumnType::int8: return column.values<std::int8_t>()[row];
    case ColumnType::int32: return column.values<std::int32_t>()[row];
    case ColumnType::int64: return column.values<std::int64_t>()[row];
    default: return 0;
  }
}

std::optional<std::int64_t> sum_counts(const FeatureTable& features, const char* name) {
  const Column* column = features.find(name);
  if (column == nullptr) return std::nullopt;
  std::int64_t sum = 0;
  for (std::size_t row = 0; row < column->size(); ++row) sum += count_at(*column, row);
  return sum;
}

std::string first_day_text(const FeatureTable& features, const char* column) {
  return edge_day(features, column, false);
}
std::string last_day_text(const FeatureTable& features, const char* column) { return edge_day(features, column, true); }

bool has_names(const ClientBase& base) {
  for (const auto& chunk : base.chunks(TableId::clients))
    for (const ClientField field : {ClientField::name, ClientField::given_name, ClientField::family_name})
      if ((*chunk)[field] != nullptr) return true;
  return false;
}

std::vector<std::uint8_t> buyers_of(const FeatureTable& features) {
  const Column* lines = features.find("lines");
  if (lines == nullptr) lines = features.find("frequency");
  std::vector<std::uint8_t> buyers(lines == nullptr ? 0 : lines->size());
  for (std::size_t row = 0; row < buyers.size(); ++row) buyers[row] = count_at(*lines, row) > 0 ? 1 : 0;
  return buyers;
}

LabelTotals totals_by_label(const Column& labels, const Column* money, const std::vector<std::uint8_t>& only) {
  LabelTotals totals{std::vector<std::uint64_t>(labels.labels().size()), std::vector<Total>(labels.labels().size())};
  const auto codes = labels.values<std::uint16_t>();
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (labels.is_null(row) || (!only.empty() && only[row] == 0)) continue;
    ++totals.clients[codes[row]];
    totals.money[codes[row]].add(money_at(money, row));
  }
  return totals;
}

const Column* money_column(const FeatureTable& features) noexcept {
  for (const char* name : {"money_net", "money_gross"})
    if (const Column* column = features.find(name); column != nullptr && column->type() == ColumnType::money)
      return column;
  return nullptr;
}

std::int64_t money_at(const Column* money, std::size_t row) {
  return money == nullptr || money->is_null(row) ? 0 : money->values<std::int64_t>()[row];
}

const Classification* first_of_kind(const ReportInput& input, std::string_view kind) noexcept {
  for (const Classification& classification : input.classes)
    if (classification.kind() == kind) return &classification;
  return nullptr;
}

std::string MatrixView::measure_of(const Column& axis) const {
  const std::size_t rows = classification->rows();
  for (std::size_t row = 0; row < std::min<std::size_t>(rows, 1000); ++row)
    for (const Reason& reason : classification->reasons(row))
      if (reason.column == axis.name() && !reason.measure.empty()) return reason.measure;
  return {};
}

std::optional<MatrixView> matrix_of(const ReportInput& input) {
  const Classification* found = first_of_kind(input, "matrix");
  if (found == nullptr) return std::nullopt;
  if (found->columns().size() < 4)
    throw Error(Code::invalid_argument, "the contact matrix \"" + found->name() + "\" lacks its four columns",
                found->name());
  const MatrixView view{found, found->columns()[0], found->columns()[1], found->columns()[2], found->columns()[3]};
  for (const Column* column : {&view.x, &view.y, &view.cell, &view.group})
    if (column->type() != ColumnType::label)
      throw Error(Code::invalid_argument, "column \"" + column->name() + "\" of the contact matrix holds no labels",
                  column->name());
  return view;
}

std::optional<std::size_t> CellTotals::main_group() const {
  const auto most = std::max_element(groups.begin(), groups.end());
  if (most == groups.end() || *most == 0) return std::nullopt;
  return static_cast<std::size_t>(most - groups.begin());
}

std::vector<CellTotals> cells_of(const MatrixView& matrix, const Column* money) {
  std::vector<CellTotals> cells;
  for (std::size_t x = 0; x < matrix.x_bands(); ++x)
    for (std::size_t y = 0; y < matrix.y_bands(); ++y)
      cells.push_back({x, y, 0, {}, std::vector<std::uint64_t>(matrix.group.labels().size())});
  const auto xs = matrix.x.values<std::uint16_t>();
  const auto ys = matrix.y.values<std::uint16_t>();
  const auto groups = matrix.group.values<std::uint16_t>();
  for (std::size_t row = 0; row < xs.size(); ++row) {
    if (matrix.x.is_null(row) || matrix.y.is_null(row)) continue;
    CellTotals& cell = cells[xs[row] * matrix.y_bands() + ys[row]];
    ++cell.clients;
    cell.money.add(money_at(money, row));
    if (!matrix.group.is_null(row)) ++cell.groups[groups[row]];
  }
  return cells;
}

std::optional<std::string> name_of(const ReportInput& input, std::size_t row) {
  const ClientBase& base = input.base;
  std::optional<std::uint32_t> code;
  if (base.clients() == input.features.rows())
    code = base.codes_in_order()[row];
  else
    code = base.code_of(ClientId(std::string_view(input.features.column("client").to_text(row))));
  const auto card = code ? base.card_of(*code) : std::nullopt;
  if (!card) return std::nullopt;
  const Chunk& chunk = *base.chunks(TableId::clients)[card->chunk];
  const auto text = [&](ClientField field) {
    const Values* values = chunk[field];
    return values == nullptr ? std::string_view() : values->text(card->row);
  };
  if (const std::string_view whole = text(ClientField::name); !whole.empty()) return std::string(whole);
  std::string name;
  for (const ClientField field : {ClientField::given_name, ClientField::middle_name, ClientField::family_name})
    if (const std::string_view part = text(field); !part.empty()) name += (name.empty() ? "" : " ") + std::string(part);
  if (name.empty()) return std::nullopt;
  return name;
}

DuplicateCounts duplicate_counts(const ReportInput& input) {
  const Duplicates& found = *input.duplicates;
  DuplicateCounts counts;
  counts.cards = counts.clients = found.cards().size();
  for (const auto& group : found.groups()) counts.clients -= group.size() - 1;
  if (input.merged != nullptr) counts.merged = input.merged->original().clients() - input.merged->map().clients();
  counts.waiting = waiting_pairs(input).size();
  return counts;
}

std::vector<CardReview> waiting_pairs(const ReportInput& input) {
  constexpr double unlikely = 0.05;
  const Duplicates& found = *input.duplicates;
  const std::optional<ClientMap> map = input.merged != nullptr ? std::optional(input.merged->map()) : std::nullopt;
  const auto client = [&](std::uint32_t card) {
    const std::uint32_t code = found.cards().client_code(card);
    return map ? (*map)(code) : code;
  };
  std::vector<CardReview> waiting;
  for (const CardReview& each : found.clusters().review)
    if (client(each.a) != client(each.b) && (each.together || each.probability >= unlikely)) waiting.push_back(each);
  return waiting;
}

namespace {

std::optional<Note> cards_were_merged(const ReportInput& input) {
  if (input.duplicates == nullptr) return std::nullopt;
  const DuplicateCounts counts = duplicate_counts(input);
  if (counts.merged == 0) return std::nullopt;
  const std::string merged = std::to_string(counts.merged);
  const std::string cards = std::to_string(counts.cards);
  return Note{"report.duplicates.merged", "clients",
              "Of " + cards + " cards " + merged +
                  " count as another card's client: they were merged as duplicates, which the journal can undo.",
              "Из карточек (" + cards + ") к другим присоединено как дубликаты: " + merged +
                  ". Журнал позволяет это отменить."};
}

std::optional<Note> no_purchase_counts(const ReportInput& input) {
  const std::vector<std::uint8_t> buyers = buyers_of(input.features);
  const auto last = input.base.last_purchase_day();
  if (!last || std::find(buyers.begin(), buyers.end(), std::uint8_t{1}) != buyers.end()) return std::nullopt;
  const auto days = detail::days_of(input.base, TableId::transactions, static_cast<std::size_t>(TransactionField::at));
  const Day first = days ? days->first : *last;
  const std::string as_of = klientela::to_text(input.features.as_of());
  const std::string from = klientela::to_text(first);
  if (input.features.as_of() < first)
    return Note{"report.as_of.before_purchases", "as_of",
                "No purchase counts: the as-of day, " + as_of + ", is before the first one, " + from + ".",
                "Ни одна покупка не учтена: дата отчёта, " + as_of + ", раньше первой покупки, " + from + "."};
  const std::string to = klientela::to_text(*last);
  return Note{"report.as_of.no_purchases", "as_of",
              "No purchase counts as of " + as_of + ": what was delivered lies from " + from + " to " + to +
                  " and is refunds, outside of the window, or later.",
              "На дату " + as_of + " не учтено ни одной покупки: всё, что передано, лежит с " + from + " по " + to +
                  " и относится к возвратам, не входит в окно или позже."};
}

std::optional<Note> long_after_everything(const ReportInput& input) {
  constexpr std::chrono::days a_year{366};
  const Day as_of = input.features.as_of();
  std::optional<Day> last = input.base.last_purchase_day();
  if (last && as_of - *last <= a_year) return std::nullopt;
  last = std::max(last, detail::last_contact_day(input.base));
  if (!last || as_of - *last <= a_year) return std::nullopt;
  const std::string count = std::to_string((as_of - *last).count());
  const std::string day = klientela::to_text(as_of);
  const std::string end = klientela::to_text(*last);
  return Note{"report.as_of.long_after", "as_of",
              "The as-of day, " + day + ", is " + count + " days after the last thing that was delivered, " + end +
                  ": everybody looks as if they had been silent since. Name another day if that one is wrong.",
              "Дата отчёта, " + day + ", на " + count + " дн. позже последнего переданного события, " + end +
                  ": все клиенты выглядят замолчавшими. Если дата неверна, укажите другую."};
}

}  // namespace

std::vector<Note> notes_of(const ReportInput& input) {
  std::vector<Note> notes;
  auto note = no_purchase_counts(input);
  if (!note) note = long_after_everything(input);
  if (note) notes.push_back(*std::move(note));
  if (auto merged = cards_were_merged(input)) notes.push_back(*std::move(merged));
  return notes;
}

TableCounts counts_of(const ReportInput& input, TableId table) {
  const auto found = input.counts.find(table);
  return found == input.counts.end() ? TableCounts{} : found->second;
}

}  // namespace klientela::report
