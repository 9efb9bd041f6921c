// Taking in one table: columns to fields, checks block by block, codes for clients and terms, the chunk.
#include "ingest/table_ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "ingest/term_coder.hpp"

namespace klientela::detail {

namespace {

__extension__ using Int128 = __int128;

constexpr std::size_t block_rows = 4096;
constexpr std::size_t wave_segments = 64;  // segments between two looks at the host's wish to stop
constexpr std::uint8_t no_field = 0xFF;

template <class Field>
constexpr std::size_t index_of(Field field) noexcept {
  return static_cast<std::size_t>(field);
}

/// A field of the table and what feeds it; nothing where it was not delivered.
struct Slot {
  std::shared_ptr<const Source> source;
  std::shared_ptr<Field> field;      // numbers, times, booleans, texts
  std::unique_ptr<ClientKeys> keys;  // clients
  std::shared_ptr<OwnCodes> codes;   // clients and terms
  std::span<const ClosedValue> closed;
};

/// Order in which a row's fields are looked at: clients, times, amounts, then the rest.
int rank(FieldType type) noexcept {
  switch (type) {
    case FieldType::client: return 0;
    case FieldType::instant:
    case FieldType::day: return 1;
    case FieldType::money:
    case FieldType::number: return 2;
    default: return 3;
  }
}

std::size_t marked(std::span<const Mark> marks) noexcept {
  std::size_t count = 0;
  for (const Mark row : marks) count += row != fine ? 1 : 0;
  return count;
}

class TableIngest {
 public:
  TableIngest(TableId table, Intake& intake) : table_(table), spec_(spec(table)), intake_(intake) {
    slots_.resize(spec_.fields.size());
    for (std::size_t f = 0; f < slots_.size(); ++f) {
      slots_[f].closed = closed_values(table, f);
      order_.push_back(f);
    }
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return rank(spec_.fields[a].type) < rank(spec_.fields[b].type);
    });
  }

  void run(ArrowStream stream) {
    read(std::move(stream));
    prepare();
    check_rows();
    code_clients();
    code_terms_of_fields();
    finish();
  }

 private:
  [[nodiscard]] std::string where(std::string_view column) const { return fmt::format("{}.{}", spec_.name, column); }
  [[nodiscard]] bool has(std::size_t field) const noexcept { return slots_[field].source != nullptr; }
  template <class F>
  [[nodiscard]] Slot& slot(F field) noexcept {
    return slots_[index_of(field)];
  }

  // Which column feeds which field.
  void read(ArrowStream stream) {
    StreamReader reader(std::move(stream), std::string(spec_.name));
    const auto& names = reader.names();
    for (std::size_t i = 0; i < names.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (names[i] == names[k])
          throw Error(Code::bad_data, fmt::format("table {} has two columns \"{}\"", spec_.name, names[i]),
                      where(names[i]));
    std::vector<std::size_t> field_of(names.size(), no_list);
    std::vector<std::size_t> column_of(slots_.size(), no_list);
    std::vector<bool> said(slots_.size(), false);
    std::vector<bool> consumed(names.size(), false);
    if (const auto mapping = intake_.options.mappings.find(table_); mapping != intake_.options.mappings.end()) {
      for (const auto& entry : mapping->second.columns) {
        const std::string& field_name = entry.first;
        const std::string& column = entry.second;
        const auto field = std::find_if(spec_.fields.begin(), spec_.fields.end(),
                                        [&](const FieldSpec& f) { return f.name == field_name; });
        if (field == spec_.fields.end())
          throw Error(Code::invalid_argument,
                      fmt::format("table {} has no field \"{}\" to map a column to", spec_.name, field_name),
                      where(field_name));
        const auto f = static_cast<std::size_t>(field - spec_.fields.begin());
        said[f] = true;
        if (column.empty()) continue;  // the field is to stay empty
        const auto found = std::find(names.begin(), names.end(), column);
        if (found == names.end())
          throw Error(Code::bad_data,
                      fmt::format("table {} has no column \"{}\" for the field {}", spec_.name, column, field_name),
                      where(column));
        const auto i = static_cast<std::size_t>(found - names.begin());
        if (consumed[i])
          throw Error(Code::invalid_argument,
                      fmt::format("the column \"{}\" of table {} is mapped to two fields", column, spec_.name),
                      where(column));
        consumed[i] = true;
        field_of[i] = f;
        column_of[f] = i;
      }
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (consumed[i]) continue;
      const auto f = field_for(table_, names[i]);
      if (!f || said[*f]) {
        intake_.result->unused_columns.push_back(where(names[i]));
        continue;
      }
      if (column_of[*f] != no_list)
        throw Error(
            Code::bad_data,
            fmt::format("the columns \"{}\" and \"{}\" of table {} both feed the field {}; say by a mapping which "
                        "one is meant",
                        names[column_of[*f]], names[i], spec_.name, spec_.fields[*f].name),
            where(names[i]));
      column_of[*f] = i;
      field_of[i] = *f;
    }
    require_columns(column_of, names);
    std::vector<bool> keep(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) keep[i] = field_of[i] != no_list;
    Delivery delivery = reader.read(keep);
    rows_ = delivery.rows;
    batches_ = std::move(delivery.batches);
    std::size_t c = 0;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (keep[i]) slots_[field_of[i]].source = std::make_shared<const Source>(std::move(delivery.columns[c++]));
  }

  void require_columns(const std::vector<std::size_t>& column_of, const std::vector<std::string>& names) const {
    const auto given = [&](auto field) { return column_of[index_of(field)] != no_list; };
    for (std::size_t f = 0; f < slots_.size(); ++f) {
      if (!spec_.fields[f].required || column_of[f] != no_list) continue;
      if (table_ == TableId::transactions && f == index_of(TransactionField::amount) &&
          given(TransactionField::unit_price))
        continue;
      throw Error(Code::bad_data,
                  fmt::format("table {} has no column for the required field {}; {}", spec_.name, spec_.fields[f].name,
                              columns_found(names)),
                  where(spec_.fields[f].name));
    }
    if (table_ == TableId::interactions && !given(InteractionField::planned_from) &&
        !given(InteractionField::started_at))
      throw Error(
          Code::bad_data,
          fmt::format("table interactions has no column for planned_from or started_at; {}", columns_found(names)),
          where("started_at"));
  }

  /// What was delivered instead of a required column, and how to say which column is meant; of a bounded length.
  [[nodiscard]] std::string columns_found(const std::vector<std::string>& names) const {
    constexpr std::size_t most_names = 20;
    std::string list;
    for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i)
      list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", shown(names[i], 40));
    if (names.size() > most_names) list += fmt::format(" and {} more", names.size() - most_names);
    return fmt::format("columns found: {}; the policy key ingest.mappings.{}.columns can name the column of a field",
                       list.empty() ? "none" : list, spec_.name);
  }

  void prepare() {
    if (rows_ > std::size_t{no_code})
      throw Error(Code::out_of_range, fmt::format("table {} has more than 2^32 rows in one delivery", spec_.name),
                  std::string(spec_.name));
    rejected_ = std::make_shared<RejectMap>(rows_);
    for (std::size_t f = 0; f < slots_.size(); ++f) {
      Slot& s = slots_[f];
      if (!s.source) continue;
      const FieldType type = spec_.fields[f].type;
      if (!can_feed(type, *s.source->type))
        throw Error(Code::bad_data,
                    fmt::format("column {} cannot feed the field {}: {} cannot be read from its Arrow type",
                                s.source->where, spec_.fields[f].name, klientela::name(type)),
                    s.source->where);
      if (type == FieldType::client) {
        s.keys = std::make_unique<ClientKeys>(s.source);
        s.codes = std::make_shared<OwnCodes>(type, Buffer<std::uint32_t>(rows_));
      } else if (type == FieldType::term) {
        s.field = make_field(FieldType::text, s.source, intake_.reading);
        s.codes = std::make_shared<OwnCodes>(type, Buffer<std::uint32_t>(rows_));
      } else {
        s.field = make_field(type, s.source, intake_.reading);
      }
    }
    if (table_ == TableId::transactions) {
      const bool computed = !has(index_of(TransactionField::amount));
      const bool refunds = has(index_of(TransactionField::refund));
      if (computed || refunds) own_amount_ = std::make_shared<OwnNumbers>(FieldType::money, rows_);
      if (refunds && has(index_of(TransactionField::profit)))
        own_profit_ = std::make_shared<OwnNumbers>(FieldType::money, rows_);
      if (refunds && has(index_of(TransactionField::quantity)))
        own_quantity_ = std::make_shared<OwnNumbers>(FieldType::number, rows_);
    }
    if (table_ == TableId::interactions && !has(index_of(InteractionField::state)))
      slot(InteractionField::state).codes = std::make_shared<OwnCodes>(FieldType::term, Buffer<std::uint32_t>(rows_));
    if (table_ != TableId::clients && !intake_.create_clients)
      for (Slot& s : slots_) lookup_ = lookup_ || s.keys != nullptr;
    if (table_ == TableId::clients) parent_lookup_ = has(index_of(ClientField::parent));
  }

  /// What a block of rows is checked with.
  struct Block {
    std::size_t begin;
    std::size_t n;
    std::array<Mark, block_rows> marks;
    std::array<std::uint8_t, block_rows> fields;
    std::size_t bad{0};

    [[nodiscard]] std::span<Mark> rows() noexcept { return {marks.data(), n}; }
    /// Says which field the marks made since the last call are about.
    void attribute(std::size_t field) noexcept {
      const std::size_t now = marked({marks.data(), n});
      if (now == bad) return;
      for (std::size_t i = 0; i < n; ++i)
        if (marks[i] != fine && fields[i] == no_field) fields[i] = static_cast<std::uint8_t>(field);
      bad = now;
    }
    void reject(std::size_t i, std::size_t field, RejectReason reason) noexcept {
      if (marks[i] != fine) return;
      marks[i] = mark(reason);
      fields[i] = static_cast<std::uint8_t>(field);
      ++bad;
    }
  };

  struct SegmentResult {
    std::vector<Rejection> rejections;
    std::array<std::uint64_t, 16> by_reason{};
    std::uint64_t count{0};
    std::int32_t last_day{null_day};
  };

  void check_rows() {
    const std::size_t segments = rejected_->segments();
    for (std::size_t first = 0; first < segments; first += wave_segments) {
      const std::size_t tasks = std::min(wave_segments, segments - first);
      const bool listing = rejections_.size() < room();
      std::vector<SegmentResult> results(tasks);
      intake_.control.check();
      intake_.control.run(tasks, [&](std::size_t task) { check_segment(first + task, listing, results[task]); });
      for (SegmentResult& result : results) {
        for (std::size_t r = 0; r < result.by_reason.size(); ++r) by_reason_[r] += result.by_reason[r];
        rejected_count_ += result.count;
        last_day_ = std::max(last_day_, result.last_day);
        const std::size_t fits = std::min(result.rejections.size(), room() - rejections_.size());
        rejections_.insert(rejections_.end(), result.rejections.begin(),
                           result.rejections.begin() + static_cast<std::ptrdiff_t>(fits));
      }
      report(0.1 + 0.4 * static_cast<double>(first + tasks) / static_cast<double>(segments));
    }
  }

  [[nodiscard]] std::size_t room() const noexcept {
    const std::size_t most = intake_.options.max_rejects_kept;
    return most - std::min(most, intake_.result->rejects.size());
  }

  void check_segment(std::size_t segment, bool listing, SegmentResult& result) {
    const auto state = std::make_unique<Block>();
    const std::size_t end = std::min(rows_, (segment + 1) * RejectMap::segment_rows);
    for (std::size_t begin = segment * RejectMap::segment_rows; begin < end; begin += block_rows) {
      Block& block = *state;
      block.begin = begin;
      block.n = std::min(block_rows, end - begin);
      block.bad = 0;
      block.marks.fill(fine);
      block.fields.fill(no_field);
      check_block(block);
      if (table_ == TableId::transactions) result.last_day = std::max(result.last_day, last_day(block));
      if (block.bad == 0) continue;
      for (std::size_t i = 0; i < block.n; ++i) {
        if (block.marks[i] == fine) continue;
        const auto reason = static_cast<RejectReason>(block.marks[i] - 1);
        rejected_->set(begin + i);
        for (Slot& s : slots_)
          if (s.codes) s.codes->buffer()[begin + i] = no_code;
        ++result.count;
        ++result.by_reason[index_of(reason)];
        if (listing) result.rejections.push_back({begin + i, block.fields[i], reason});
      }
    }
  }

  void check_block(Block& block) {
    for (const std::size_t f : order_) {
      Slot& s = slots_[f];
      if (!s.source) continue;
      const bool required = spec_.fields[f].required;
      if (s.keys) {
        s.keys->check(block.begin, block.rows(), required);
        block.attribute(f);
        if (lookup_) find_clients(block, f);
      } else if (!s.closed.empty()) {
        check_closed(block, f, required);
      } else {
        s.field->check(block.begin, block.rows(), required);
      }
      block.attribute(f);
    }
    switch (table_) {
      case TableId::transactions: check_transactions(block); break;
      case TableId::interactions: check_interactions(block); break;
      case TableId::contacts: check_days(block, index_of(ContactField::since), index_of(ContactField::until)); break;
      case TableId::consents:
        check_instants(block, index_of(ConsentField::since), index_of(ConsentField::until));
        break;
      case TableId::feedback: check_scores(block); break;
      default: break;
    }
  }

  void find_clients(Block& block, std::size_t f) {
    Slot& s = slots_[f];
    const std::span<std::uint32_t> codes{s.codes->buffer().data() + block.begin, block.n};
    s.keys->find(*intake_.data->clients, block.begin, codes);
    for (std::size_t i = 0; i < block.n; ++i)
      if (codes[i] == no_code && block.marks[i] == fine && s.keys->has_value(block.begin + i))
        block.reject(i, f, RejectReason::unknown_client);
  }

  /// Closed lists are coded at once: their codes are fixed.
  void check_closed(Block& block, std::size_t f, bool required) {
    Slot& s = slots_[f];
    s.field->check(block.begin, block.rows(), false);
    std::unordered_map<std::string, std::uint32_t> known;
    for (std::size_t i = 0; i < block.n; ++i) {
      std::uint32_t& code = s.codes->buffer()[block.begin + i];
      code = no_code;
      if (block.marks[i] != fine) continue;
      const std::string_view text = trimmed(s.field->text(block.begin + i));
      if (text.empty()) {
        if (required) block.marks[i] = mark(RejectReason::missing_value);
        continue;
      }
      const auto [entry, added] = known.try_emplace(std::string(text), no_code);
      if (added)
        if (const auto value = closed_value(table_, f, text)) entry->second = static_cast<std::uint32_t>(*value);
      code = entry->second;
      if (code == no_code) block.marks[i] = mark(RejectReason::unknown_value);
    }
  }

  void check_transactions(Block& block) {
    constexpr auto amount_field = index_of(TransactionField::amount);
    constexpr auto price_field = index_of(TransactionField::unit_price);
    constexpr auto quantity_field = index_of(TransactionField::quantity);
    const bool computed = !has(amount_field);
    const bool zeros = intake_.options.reject_zero_amounts;
    if (own_amount_ || zeros) {
      std::array<std::int64_t, block_rows> amounts;
      std::array<std::int64_t, block_rows> other;
      const std::span<std::int64_t> amount{amounts.data(), block.n};
      if (computed) {
        slots_[price_field].field->numbers(block.begin, amount);
        if (has(quantity_field)) {
          slots_[quantity_field].field->numbers(block.begin, std::span(other.data(), block.n));
        } else {
          other.fill(Money::scale);
        }
        for (std::size_t i = 0; i < block.n; ++i) {
          if (block.marks[i] != fine) continue;
          if (amount[i] == null_number) {
            block.reject(i, price_field, RejectReason::missing_value);
            continue;
          }
          if (other[i] == null_number) other[i] = Money::scale;
          const bool free = amount[i] == 0;
          if (!multiply(amount[i], other[i], amount[i])) {
            block.reject(i, price_field, RejectReason::overflow);
          } else if (zeros && amount[i] == 0) {
            block.reject(i, free || !has(quantity_field) ? price_field : quantity_field, RejectReason::zero_amount);
          }
        }
      } else {
        slots_[amount_field].field->numbers(block.begin, amount);
        for (std::size_t i = 0; i < block.n && zeros; ++i)
          if (amount[i] == 0) block.reject(i, amount_field, RejectReason::zero_amount);
      }
      if (own_amount_) {
        if (has(index_of(TransactionField::refund))) {
          std::array<std::uint8_t, block_rows> refunds;
          slot(TransactionField::refund).field->booleans(block.begin, std::span(refunds.data(), block.n));
          turn(amount, refunds.data());
          const auto turn_own = [&](OwnNumbers* own, TransactionField field) {
            if (own == nullptr) return;
            const std::span<std::int64_t> values{own->buffer().data() + block.begin, block.n};
            slot(field).field->numbers(block.begin, values);
            turn(values, refunds.data());
          };
          turn_own(own_profit_.get(), TransactionField::profit);
          turn_own(own_quantity_.get(), TransactionField::quantity);
        }
        std::copy(amount.begin(), amount.end(), own_amount_->buffer().data() + block.begin);
      }
    }
    const Slot& currency = slot(TransactionField::currency);
    if (currency.source && !intake_.currency.empty()) {
      for (std::size_t i = 0; i < block.n; ++i) {
        if (block.marks[i] != fine) continue;
        const std::string_view text = trimmed(currency.field->text(block.begin + i));
        if (!text.empty() && !same_currency(text))
          block.reject(i, index_of(TransactionField::currency), RejectReason::wrong_currency);
      }
    }
  }

  /// What a refund gives back is negative, however it was delivered.
  static void turn(std::span<std::int64_t> values, const std::uint8_t* refunds) noexcept {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (refunds[i] == 1 && values[i] > 0) values[i] = -values[i];
  }

  /// Both in units of 1/10000; half-even past the fourth decimal. False where it does not fit.
  static bool multiply(std::int64_t a, std::int64_t b, std::int64_t& out) noexcept {
    const Int128 product = static_cast<Int128>(a) * b;
    Int128 whole = product / Money::scale;
    const auto rest = static_cast<std::int64_t>(product % Money::scale);
    const std::int64_t half = Money::scale / 2;
    const bool odd = (whole & 1) != 0;
    if (rest > half || (rest == half && odd)) ++whole;
    if (rest < -half || (rest == -half && odd)) --whole;
    constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
    if (whole > limit || whole < -limit) return false;
    out = static_cast<std::int64_t>(whole);
    return true;
  }

  [[nodiscard]] bool same_currency(std::string_view text) const noexcept {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    return std::equal(text.begin(), text.end(), intake_.currency.begin(), intake_.currency.end(),
                      [&](char a, char b) { return upper(a) == upper(b); });
  }

  void check_interactions(Block& block) {
    check_instants(block, index_of(InteractionField::planned_from), index_of(InteractionField::planned_to));
    check_instants(block, index_of(InteractionField::started_at), index_of(InteractionField::ended_at));
    std::array<std::int64_t, block_rows> planned;
    std::array<std::int64_t, block_rows> started;
    instants_of(block, index_of(InteractionField::planned_from), planned);
    instants_of(block, index_of(InteractionField::started_at), started);
    auto& states = slot(InteractionField::state).codes->buffer();
    const bool stated = has(index_of(InteractionField::state));
    for (std::size_t i = 0; i < block.n; ++i) {
      if (planned[i] == null_instant && started[i] == null_instant)
        block.reject(i,
                     index_of(has(index_of(InteractionField::started_at)) ? InteractionField::started_at
                                                                          : InteractionField::planned_from),
                     RejectReason::missing_value);
      std::uint32_t& state = states[block.begin + i];
      if (!stated || state == no_code) state = started[i] != null_instant ? 1 : 0;
    }
  }

  template <std::size_t N>
  void instants_of(const Block& block, std::size_t f, std::array<std::int64_t, N>& out) const {
    if (slots_[f].field) {
      slots_[f].field->instants(block.begin, std::span(out.data(), block.n));
    } else {
      out.fill(null_instant);
    }
  }

  void check_instants(Block& block, std::size_t from, std::size_t to) {
    if (!has(from) || !has(to)) return;
    std::array<std::int64_t, block_rows> begins;
    std::array<std::int64_t, block_rows> ends;
    instants_of(block, from, begins);
    instants_of(block, to, ends);
    for (std::size_t i = 0; i < block.n; ++i)
      if (begins[i] != null_instant && ends[i] != null_instant && ends[i] < begins[i])
        block.reject(i, to, RejectReason::interval_backwards);
  }

  void check_days(Block& block, std::size_t from, std::size_t to) {
    if (!has(from) || !has(to)) return;
    std::array<std::int32_t, block_rows> begins;
    std::array<std::int32_t, block_rows> ends;
    slots_[from].field->days(block.begin, std::span(begins.data(), block.n));
    slots_[to].field->days(block.begin, std::span(ends.data(), block.n));
    for (std::size_t i = 0; i < block.n; ++i)
      if (begins[i] != null_day && ends[i] != null_day && ends[i] < begins[i])
        block.reject(i, to, RejectReason::interval_backwards);
  }

  void check_scores(Block& block) {
    std::array<std::int64_t, block_rows> scores;
    slot(FeedbackField::score).field->numbers(block.begin, std::span(scores.data(), block.n));
    const auto& measures = slot(FeedbackField::measure).codes->buffer();
    constexpr std::array<std::pair<std::int64_t, std::int64_t>, 3> ranges{{{1, 5}, {0, 10}, {1, 7}}};
    for (std::size_t i = 0; i < block.n; ++i) {
      if (block.marks[i] != fine) continue;
      const auto& [low, high] = ranges[measures[block.begin + i]];
      if (scores[i] < low * Money::scale || scores[i] > high * Money::scale)
        block.reject(i, index_of(FeedbackField::score), RejectReason::unknown_value);
    }
  }

  std::int32_t last_day(Block& block) {
    Field& at = *slot(TransactionField::at).field;
    if (block.bad == 0)
      if (const auto day = at.last_day(block.begin, block.n)) return *day;
    std::array<std::int32_t, block_rows> days;
    at.days(block.begin, std::span(days.data(), block.n));
    std::int32_t last = null_day;
    for (std::size_t i = 0; i < block.n; ++i)
      if (block.marks[i] == fine) last = std::max(last, days[i]);
    return last;
  }

  // Client codes.
  void code_clients() {
    const auto old = intake_.data->clients;
    if (lookup_) return;
    bool any = false;
    for (const Slot& s : slots_) any = any || s.keys != nullptr;
    if (!any) return;
    std::shared_ptr<index::Layer> layer = index::writable_layer(*old);
    if (table_ == TableId::clients) {
      layer = code_cards(*old, std::move(layer));
    } else {
      for (const std::size_t f : order_)
        if (slots_[f].keys) code_field(f, *old, *layer);
    }
    report(0.8);
    intake_.data->clients = index::grown(old, std::move(layer), intake_.control);
    report(0.9);
  }

  void code_field(std::size_t f, const index::ClientIndex& known, index::Layer& layer) {
    auto& codes = slots_[f].codes->buffer();
    slots_[f].keys->code(known, layer, *rejected_, {codes.data(), codes.size()}, intake_.control);
  }

  [[nodiscard]] bool has_old_card(std::uint32_t code) const noexcept {
    const auto& cards = (*intake_.data->cards)[code % index::partitions];
    const std::size_t local = code / index::partitions;
    return local < cards.size() && cards[local].chunk != no_code;
  }

  void reject_later(std::size_t row, std::size_t field, RejectReason reason, std::string value = {}) {
    rejected_->set(row);
    for (Slot& s : slots_)
      if (s.codes) s.codes->buffer()[row] = no_code;
    ++rejected_count_;
    ++by_reason_[index_of(reason)];
    rejections_.push_back({row, static_cast<std::uint8_t>(field), reason});
    if (!value.empty()) values_.emplace(row, std::move(value));
  }

  /// Cards: the first of each id stays, parents must have a card, nobody is its own ancestor.
  std::shared_ptr<index::Layer> code_cards(const index::ClientIndex& old, std::shared_ptr<index::Layer> layer) {
    constexpr auto client = index_of(ClientField::client);
    constexpr auto parent = index_of(ClientField::parent);
    code_field(client, old, *layer);
    const std::uint64_t before = rejected_count_;
    const auto& codes = slots_[client].codes->buffer();
    std::array<std::vector<std::uint32_t>, index::partitions> row_of;  // by local code, of this delivery
    for (std::uint32_t p = 0; p < index::partitions; ++p) row_of[p].assign(layer->parts[p].next_local(), no_code);
    const auto own_row = [&](std::uint32_t code) -> std::uint32_t& {
      return row_of[code % index::partitions][code / index::partitions];
    };
    for (std::size_t row = 0; row < rows_; ++row) {
      if (rejected_->test(row)) continue;
      std::uint32_t& first = own_row(codes[row]);
      if (first == no_code) {
        first = static_cast<std::uint32_t>(row);
      } else {
        reject_later(row, client, RejectReason::duplicate_client);
      }
    }
    if (parent_lookup_) {
      const std::uint64_t duplicates = rejected_count_;
      check_parents(old, *layer, own_row);
      if (rejected_count_ != duplicates) {
        // Some ids of this delivery are no clients after all: code again, without them.
        layer = index::writable_layer(old);
        code_field(client, old, *layer);
        auto& parents = slots_[parent].codes->buffer();
        slots_[parent].keys->code(old, *layer, *rejected_, {parents.data(), parents.size()}, intake_.control);
      }
    }
    if (rejected_count_ != before)
      std::sort(rejections_.begin(), rejections_.end(),
                [](const Rejection& a, const Rejection& b) { return a.row < b.row; });
    if (rejections_.size() > room()) rejections_.resize(room());
    return layer;
  }

  template <class OwnRow>
  void check_parents(const index::ClientIndex& old, const index::Layer& layer, OwnRow own_row) {
    constexpr auto client = index_of(ClientField::client);
    constexpr auto parent = index_of(ClientField::parent);
    const ClientKeys& keys = *slots_[parent].keys;
    auto& parents = slots_[parent].codes->buffer();
    const auto& codes = slots_[client].codes->buffer();
    {
      // A view of the index with the new ids, to look parents up in.
      index::ClientIndex both;
      both.base = old.base;
      both.overlay = std::shared_ptr<const index::Layer>(std::shared_ptr<const index::Layer>(), &layer);
      intake_.control.run(rejected_->segments(), [&](std::size_t segment) {
        const std::size_t begin = segment * RejectMap::segment_rows;
        const std::size_t n = std::min(RejectMap::segment_rows, rows_ - begin);
        std::vector<std::uint32_t> found(n);
        // Unreadable parents are rejected already; their cells are not to be looked at.
        keys.find(both, begin, found);
        for (std::size_t i = 0; i < n; ++i) parents[begin + i] = rejected_->test(begin + i) ? no_code : found[i];
      });
    }
    // Cycles among the cards of this delivery; older cards' parents lead out of it or back in.
    const auto card_parent = [&](std::uint32_t code) -> std::uint32_t {
      if (const std::uint32_t row = own_row(code); row != no_code) return parents[row];
      return older_parent(code);
    };
    index::ClientIndex names = old;
    names.overlay = std::shared_ptr<const index::Layer>(std::shared_ptr<const index::Layer>(), &layer);
    for (std::uint32_t p = 0; p < index::partitions; ++p) names.sizes[p] = layer.parts[p].next_local();
    if (!old.base) {
      names.base = names.overlay;
      names.overlay = nullptr;
    }
    std::vector<std::uint32_t> state(rows_, 0);  // by row: 0 unseen, else the last walk that saw it
    std::uint32_t walk = 0;
    using Cycle = std::pair<std::uint32_t, std::string>;  // a card of this delivery that is on one, and how it goes
    const auto cycles_from = [&](const std::vector<std::uint32_t>& starts) {
      std::vector<Cycle> cycles;
      std::unordered_map<std::uint32_t, std::uint32_t> old_seen;  // older cards on the way: the walk that saw them
      const std::uint32_t earlier = walk;
      std::size_t steps = 0;
      for (const std::uint32_t start : starts) {
        ++walk;
        std::vector<std::uint32_t> path;  // codes
        std::uint32_t code = start;
        while (code != no_code) {
          if (++steps % 65'536 == 0) intake_.control.check();
          const std::uint32_t row = own_row(code);
          std::uint32_t& seen = row != no_code ? state[row] : old_seen.try_emplace(code, 0).first->second;
          if (seen > earlier) break;
          seen = walk;
          path.push_back(code);
          code = card_parent(code);
        }
        if (code == no_code) continue;
        const auto loop = std::find(path.begin(), path.end(), code);
        if (loop == path.end()) continue;  // ran into an earlier walk
        for (auto at = loop; at != path.end(); ++at) {
          const std::uint32_t row = own_row(*at);
          if (row == no_code) continue;  // an older card stays; the new one that closes the circle goes
          std::string value;
          auto step = at;
          const std::ptrdiff_t length = path.end() - loop;
          for (std::ptrdiff_t k = 0; k <= length && value.size() < 180; ++k) {
            if (k > 0) value += " < ";
            value += names.id_of(*step).to_text();
            if (++step == path.end()) step = loop;
          }
          cycles.emplace_back(row, std::move(value));
        }
      }
      return cycles;
    };
    // An id whose new card goes has its older one again, or none: then its children's parent is unknown.
    std::vector<std::uint32_t> fallen_back;
    std::vector<std::uint32_t> gone;
    const auto drop = [&](std::uint32_t row, RejectReason reason, std::string value) {
      const std::uint32_t code = codes[row];
      own_row(code) = no_code;
      reject_later(row, parent, reason, std::move(value));
      (has_old_card(code) ? fallen_back : gone).push_back(code);
    };
    std::vector<std::pair<std::uint32_t, std::uint32_t>> children;  // parent's code, row; made when first needed
    const auto drop_orphans = [&] {
      if (gone.empty()) return;
      if (children.empty()) {
        for (std::size_t row = 0; row < rows_; ++row)
          if (!rejected_->test(row) && parents[row] != no_code)
            children.emplace_back(parents[row], static_cast<std::uint32_t>(row));
        std::sort(children.begin(), children.end());
      }
      for (std::size_t steps = 0; !gone.empty(); ++steps) {
        if (steps % 4'096 == 0) intake_.control.check();
        const std::uint32_t code = gone.back();
        gone.pop_back();
        for (auto child = std::lower_bound(children.begin(), children.end(), std::pair(code, 0U));
             child != children.end() && child->first == code; ++child)
          if (!rejected_->test(child->second)) drop(child->second, RejectReason::unknown_client, {});
      }
    };
    std::vector<std::uint32_t> starts;
    for (std::size_t row = 0; row < rows_; ++row)
      if (!rejected_->test(row)) starts.push_back(codes[row]);
    for (bool first = true; first || !starts.empty(); first = false) {
      while (!starts.empty()) {
        for (auto& [row, value] : cycles_from(starts)) drop(row, RejectReason::parent_cycle, std::move(value));
        starts = std::exchange(fallen_back, {});
      }
      for (std::size_t row = 0; first && row < rows_; ++row) {
        if (row % 65'536 == 0) intake_.control.check();
        if (rejected_->test(row) || !keys.has_value(row)) continue;
        const std::uint32_t code = parents[row];
        if (code == no_code || (own_row(code) == no_code && !has_old_card(code)))
          drop(static_cast<std::uint32_t>(row), RejectReason::unknown_client, {});
      }
      drop_orphans();
      starts = std::exchange(fallen_back, {});
    }
  }

  [[nodiscard]] std::uint32_t older_parent(std::uint32_t code) const {
    if (!has_old_card(code)) return no_code;
    const auto position = (*intake_.data->cards)[code % index::partitions][code / index::partitions];
    const Chunk& chunk = *intake_.data->chunks[index_of(TableId::clients)][position.chunk];
    const Values* parents = chunk[ClientField::parent];
    if (parents == nullptr) return no_code;
    std::uint32_t parent = no_code;
    parents->codes(position.row, std::span(&parent, 1));
    return parent;
  }

  void code_terms_of_fields() {
    for (std::size_t f = 0; f < slots_.size(); ++f) {
      Slot& s = slots_[f];
      if (!s.codes || spec_.fields[f].type != FieldType::term) continue;
      auto& list = intake_.data->terms[term_list_of(table_, f)];
      if (!s.closed.empty()) {
        if (!list) list = closed_list(s.closed);
        continue;
      }
      auto& codes = s.codes->buffer();
      code_terms(s.field->source(), *rejected_, list, {codes.data(), codes.size()}, intake_.control);
      s.field.reset();
    }
  }

  void finish() {
    auto chunk = std::make_shared<StoredChunk>();
    chunk->id = table_;
    chunk->row_count = rows_;
    chunk->accepted_count = rows_ - rejected_count_;
    chunk->batches = batches_;
    chunk->rejected = rejected_;
    chunk->columns.resize(slots_.size());
    for (std::size_t f = 0; f < slots_.size(); ++f) {
      Slot& s = slots_[f];
      if (s.codes) {
        chunk->columns[f] = s.codes;
      } else if (s.field) {
        chunk->columns[f] = s.field;
      }
    }
    if (own_amount_) chunk->columns[index_of(TransactionField::amount)] = own_amount_;
    if (own_profit_) chunk->columns[index_of(TransactionField::profit)] = own_profit_;
    if (own_quantity_) chunk->columns[index_of(TransactionField::quantity)] = own_quantity_;
    std::size_t client = no_list;
    switch (table_) {
      case TableId::directories: break;
      case TableId::requests: client = index_of(RequestField::client); break;
      case TableId::interactions: client = index_of(InteractionField::client); break;
      default: client = 0; break;
    }
    if (client != no_list) chunk->client_codes = slots_[client].codes.get();

    ClientBase::Data& data = *intake_.data;
    const std::size_t t = index_of(table_);
    if (table_ == TableId::clients) {
      data.cards_delivered = true;
      if (chunk->accepted_count > 0) {
        auto cards = std::make_shared<Cards>(*data.cards);
        for (std::uint32_t p = 0; p < index::partitions; ++p)
          (*cards)[p].resize(data.clients->sizes[p], ClientBase::CardPosition{no_code, no_code});
        const auto number = static_cast<std::uint32_t>(data.chunks[t].size());
        const auto codes = chunk->clients();
        for (std::size_t row = 0; row < rows_; ++row)
          if (codes[row] != no_code && !rejected_->test(row))
            (*cards)[codes[row] % index::partitions][codes[row] / index::partitions] = {
                number, static_cast<std::uint32_t>(row)};
        data.cards = std::move(cards);
      }
    }
    data.rows[t] += rows_;
    data.accepted[t] += chunk->accepted_count;
    if (last_day_ != null_day) {
      const Day day{std::chrono::days{last_day_}};
      data.last_purchase_day = std::max(data.last_purchase_day.value_or(day), day);
    }
    if (rows_ > 0) data.chunks[t].push_back(std::move(chunk));

    TableCounts& counts = intake_.result->counts[table_];
    counts.rows_read = rows_;
    counts.rows_rejected = rejected_count_;
    counts.rows_used = rows_ - rejected_count_;
    for (std::size_t r = 0; r < by_reason_.size(); ++r)
      if (by_reason_[r] > 0) counts.by_reason[static_cast<RejectReason>(r)] = by_reason_[r];
    std::string scratch;
    for (const Rejection& rejection : rejections_) {
      Reject out{table_, rejection.row, {}, {}, rejection.reason};
      const Slot& s = slots_[rejection.field];
      if (s.source) {
        out.column = s.source->name;
        const auto& part = s.source->at(rejection.row);
        out.value = shown(text_at(part.array, static_cast<std::int64_t>(rejection.row - part.begin), scratch));
      } else {
        out.column = spec_.fields[rejection.field].name;
      }
      if (const auto value = values_.find(rejection.row); value != values_.end()) out.value = shown(value->second);
      intake_.result->rejects.push_back(std::move(out));
    }
    report(1);
  }

  void report(double done) const {
    intake_.control.report("ingest",
                           (static_cast<double>(intake_.tables_done) + done) / static_cast<double>(intake_.tables));
  }

  TableId table_;
  const TableSpec& spec_;
  Intake& intake_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> order_;
  std::size_t rows_{0};
  std::shared_ptr<const Batches> batches_;
  std::shared_ptr<RejectMap> rejected_;
  std::shared_ptr<OwnNumbers> own_amount_;
  std::shared_ptr<OwnNumbers> own_profit_;
  std::shared_ptr<OwnNumbers> own_quantity_;
  bool lookup_{false};
  bool parent_lookup_{false};
  std::vector<Rejection> rejections_;
  std::map<std::uint64_t, std::string> values_;
  std::array<std::uint64_t, 16> by_reason_{};
  std::uint64_t rejected_count_{0};
  std::int32_t last_day_{null_day};
};

}  // namespace

void ingest_table(TableId table, ArrowStream stream, Intake& intake) {
  TableIngest(table, intake).run(std::move(stream));
}

}  // namespace klientela::detail
