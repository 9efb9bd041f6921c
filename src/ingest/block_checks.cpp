// Checks of blocks of rows: see block_checks.hpp.
#include "ingest/block_checks.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

namespace klientela::detail {

namespace {

__extension__ using Int128 = __int128;

class Checks {
 public:
  Checks(std::span<Slot> slots, const OwnAmounts& own, const Intake& intake)
      : slots_(slots), own_(own), intake_(intake) {}

  void check_transactions(Block& block) {
    constexpr auto amount_field = index_of(TransactionField::amount);
    constexpr auto price_field = index_of(TransactionField::unit_price);
    constexpr auto quantity_field = index_of(TransactionField::quantity);
    const bool computed = !has(amount_field);
    const bool zeros = intake_.options.reject_zero_amounts;
    if (own_.amount || zeros) {
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
      if (own_.amount) {
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
          turn_own(own_.profit.get(), TransactionField::profit);
          turn_own(own_.quantity.get(), TransactionField::quantity);
        }
        std::copy(amount.begin(), amount.end(), own_.amount->buffer().data() + block.begin);
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

 private:
  [[nodiscard]] bool has(std::size_t field) const noexcept { return slots_[field].source != nullptr; }
  template <class F>
  [[nodiscard]] Slot& slot(F field) const noexcept {
    return slots_[index_of(field)];
  }

  std::span<Slot> slots_;
  const OwnAmounts& own_;
  const Intake& intake_;
};

}  // namespace

void check_closed(TableId table, std::size_t field, Slot& slot, bool required, Block& block) {
  slot.field->check(block.begin, block.rows(), false);
  std::unordered_map<std::string, std::uint32_t> known;
  for (std::size_t i = 0; i < block.n; ++i) {
    std::uint32_t& code = slot.codes->buffer()[block.begin + i];
    code = no_code;
    if (block.marks[i] != fine) continue;
    const std::string_view text = trimmed(slot.field->text(block.begin + i));
    if (text.empty()) {
      if (required) block.marks[i] = mark(RejectReason::missing_value);
      continue;
    }
    const auto [entry, added] = known.try_emplace(std::string(text), no_code);
    if (added)
      if (const auto value = closed_value(table, field, text)) entry->second = static_cast<std::uint32_t>(*value);
    code = entry->second;
    if (code == no_code) block.marks[i] = mark(RejectReason::unknown_value);
  }
}

void check_rows_of(TableId table, std::span<Slot> slots, const OwnAmounts& own, const Intake& intake, Block& block) {
  Checks checks(slots, own, intake);
  switch (table) {
    case TableId::transactions: checks.check_transactions(block); break;
    case TableId::interactions: checks.check_interactions(block); break;
    case TableId::contacts:
      checks.check_days(block, index_of(ContactField::since), index_of(ContactField::until));
      break;
    case TableId::consents:
      checks.check_instants(block, index_of(ConsentField::since), index_of(ConsentField::until));
      break;
    case TableId::feedback: checks.check_scores(block); break;
    default: break;
  }
}

}  // namespace klientela::detail
