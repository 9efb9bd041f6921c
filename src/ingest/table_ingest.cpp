// Taking in one table: columns to fields, checks block by block, codes for clients and terms, the chunk.
#include "ingest/table_ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "ingest/block_checks.hpp"
#include "ingest/card_parents.hpp"
#include "ingest/column_choice.hpp"
#include "ingest/directory_parents.hpp"
#include "ingest/term_coder.hpp"

namespace klientela::detail {

namespace {

constexpr std::size_t wave_segments = 64;  // segments between two looks at the host's wish to stop

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

class TableIngest {
 public:
  TableIngest(TableId table, Intake& intake) : table_(table), spec_(spec(table)), intake_(intake) {
    slots_.resize(spec_.fields.size());
    ignored_.assign(slots_.size(), 0);
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
    cut_directory_circles();
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
    const std::vector<std::size_t> field_of =
        fields_of_columns(table_, names, intake_.options, intake_.result->unused_columns);
    std::vector<bool> keep(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) keep[i] = field_of[i] != no_list;
    Delivery delivery = reader.read(keep);
    rows_ = delivery.rows;
    batches_ = std::move(delivery.batches);
    std::size_t c = 0;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (keep[i]) slots_[field_of[i]].source = std::make_shared<const Source>(std::move(delivery.columns[c++]));
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
      if (computed || refunds) own_.amount = std::make_shared<OwnNumbers>(FieldType::money, rows_);
      if (refunds && has(index_of(TransactionField::profit)))
        own_.profit = std::make_shared<OwnNumbers>(FieldType::money, rows_);
      if (refunds && has(index_of(TransactionField::quantity)))
        own_.quantity = std::make_shared<OwnNumbers>(FieldType::number, rows_);
    }
    if (table_ == TableId::interactions && !has(index_of(InteractionField::state)))
      slot(InteractionField::state).codes = std::make_shared<OwnCodes>(FieldType::term, Buffer<std::uint32_t>(rows_));
    if (table_ != TableId::clients && !intake_.create_clients)
      for (Slot& s : slots_) lookup_ = lookup_ || s.keys != nullptr;
    if (table_ == TableId::clients) parent_lookup_ = has(index_of(ClientField::parent));
  }

  struct SegmentResult {
    std::vector<Rejection> rejections;
    std::array<std::uint64_t, 16> by_reason{};
    std::uint64_t count{0};
    std::vector<std::uint64_t> ignored;  // values by field
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
        for (std::size_t f = 0; f < result.ignored.size(); ++f) ignored_[f] += result.ignored[f];
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
    result.ignored.assign(slots_.size(), 0);
    const std::size_t end = std::min(rows_, (segment + 1) * RejectMap::segment_rows);
    for (std::size_t begin = segment * RejectMap::segment_rows; begin < end; begin += block_rows) {
      Block& block = *state;
      block.begin = begin;
      block.n = std::min(block_rows, end - begin);
      block.bad = 0;
      block.marks.fill(fine);
      block.fields.fill(no_field);
      check_block(block, result.ignored);
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

  void check_block(Block& block, std::span<std::uint64_t> ignored) {
    const bool keep = table_ == TableId::clients && intake_.options.keep_unreadable_cards;
    for (const std::size_t f : order_) {
      Slot& s = slots_[f];
      if (!s.source) continue;
      const bool required = spec_.fields[f].required;
      const std::array<Mark, block_rows> before = block.marks;
      if (s.keys) {
        s.keys->check(block.begin, block.rows(), required);
        block.attribute(f);
        if (lookup_) find_clients(block, f);
      } else if (!s.closed.empty()) {
        check_closed(table_, f, s, required, block);
      } else {
        s.field->check(block.begin, block.rows(), required);
      }
      // What is no value of its type reads as null by itself.
      for (std::size_t i = 0; keep && !required && !s.keys && i < block.n; ++i) {
        if (block.marks[i] == before[i] || block.marks[i] == mark(RejectReason::invalid_utf8)) continue;
        block.marks[i] = fine;
        ++ignored[f];
      }
      block.attribute(f);
    }
    check_rows_of(table_, slots_, own_, intake_, block);
  }

  void find_clients(Block& block, std::size_t f) {
    Slot& s = slots_[f];
    const std::span<std::uint32_t> codes{s.codes->buffer().data() + block.begin, block.n};
    s.keys->find(*intake_.data->clients, block.begin, codes);
    for (std::size_t i = 0; i < block.n; ++i)
      if (codes[i] == no_code && block.marks[i] == fine && s.keys->has_value(block.begin + i))
        block.reject(i, f, RejectReason::unknown_client);
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

  void reject_later(std::size_t row, std::size_t field, RejectReason reason) {
    rejected_->set(row);
    for (Slot& s : slots_)
      if (s.codes) s.codes->buffer()[row] = no_code;
    ++rejected_count_;
    ++by_reason_[index_of(reason)];
    rejections_.push_back({row, static_cast<std::uint8_t>(field), reason});
  }

  /// The row stays, without the parent that closes a circle.
  void cut_parent(std::size_t row, std::size_t field, std::string circle) {
    cut_.push_back(row);
    ++ignored_[field];
    rejections_.push_back({row, static_cast<std::uint8_t>(field), RejectReason::parent_cycle});
    values_.emplace(row, std::move(circle));
  }

  /// What was listed after the rows were looked at in order.
  void sort_rejections() {
    std::sort(rejections_.begin(), rejections_.end(),
              [](const Rejection& a, const Rejection& b) { return a.row < b.row; });
    if (rejections_.size() > room()) rejections_.resize(room());
  }

  /// Cards: the first of each id stays, parents must have a card, nobody is left its own ancestor.
  std::shared_ptr<index::Layer> code_cards(const index::ClientIndex& old, std::shared_ptr<index::Layer> layer) {
    constexpr auto client = index_of(ClientField::client);
    constexpr auto parent = index_of(ClientField::parent);
    code_field(client, old, *layer);
    const std::size_t listed = rejections_.size();
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
      NewCards cards{*intake_.data,
                     old,
                     *layer,
                     *slots_[parent].keys,
                     {codes.data(), codes.size()},
                     {slots_[parent].codes->buffer().data(), rows_},
                     *rejected_,
                     row_of,
                     intake_.control,
                     [&](std::size_t row, RejectReason reason) { reject_later(row, parent, reason); },
                     [&](std::size_t row, std::string circle) { cut_parent(row, parent, std::move(circle)); }};
      check_parents(cards);
      if (rejected_count_ != duplicates) {
        // Some ids of this delivery are no clients after all: code again, without them.
        layer = index::writable_layer(old);
        code_field(client, old, *layer);
        auto& parents = slots_[parent].codes->buffer();
        slots_[parent].keys->code(old, *layer, *rejected_, {parents.data(), parents.size()}, intake_.control);
        for (const std::size_t row : cut_) parents[row] = no_code;
      }
    }
    if (rejections_.size() != listed) sort_rejections();
    return layer;
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

  /// Entries of directories: none is left to stand under itself.
  void cut_directory_circles() {
    constexpr auto parent = index_of(DirectoryField::parent);
    if (table_ != TableId::directories || !has(parent)) return;
    const auto value = [&](DirectoryField field) -> const Values& {
      const Slot& s = slots_[index_of(field)];
      return s.codes ? static_cast<const Values&>(*s.codes) : *s.field;
    };
    const NewEntries entries{*intake_.data,
                             value(DirectoryField::directory),
                             value(DirectoryField::code),
                             value(DirectoryField::parent),
                             *rejected_,
                             intake_.control};
    for (auto& [row, circle] : directory_circles(entries)) cut_parent(row, parent, std::move(circle));
    if (!cut_.empty()) sort_rejections();
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
    if (table_ == TableId::directories && !cut_.empty()) {
      std::shared_ptr<const Values>& parents = chunk->columns[index_of(DirectoryField::parent)];
      std::sort(cut_.begin(), cut_.end());
      parents = std::make_shared<TextsWithout>(std::move(parents), std::move(cut_));
    }
    if (own_.amount) chunk->columns[index_of(TransactionField::amount)] = own_.amount;
    if (own_.profit) chunk->columns[index_of(TransactionField::profit)] = own_.profit;
    if (own_.quantity) chunk->columns[index_of(TransactionField::quantity)] = own_.quantity;
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
    for (std::size_t f = 0; f < ignored_.size(); ++f)
      if (ignored_[f] > 0) counts.ignored_values[slots_[f].source->name] = ignored_[f];
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
  OwnAmounts own_;
  bool lookup_{false};
  bool parent_lookup_{false};
  std::vector<Rejection> rejections_;
  std::map<std::uint64_t, std::string> values_;  ///< to be listed in the place of the cell
  std::vector<std::size_t> cut_;                 ///< rows that have lost their parent
  std::array<std::uint64_t, 16> by_reason_{};
  std::uint64_t rejected_count_{0};
  std::vector<std::uint64_t> ignored_;  ///< by field
  std::int32_t last_day_{null_day};
};

}  // namespace

void ingest_table(TableId table, ArrowStream stream, Intake& intake) {
  TableIngest(table, intake).run(std::move(stream));
}

}  // namespace klientela::detail
