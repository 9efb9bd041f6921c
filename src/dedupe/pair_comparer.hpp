// Levels of pairs, remembered by distinct values.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/column_vector.hpp"
#include "core/prefetch.hpp"
#include "dedupe/birth_date.hpp"
#include "dedupe/card_data.hpp"
#include "dedupe/grown.hpp"
#include "dedupe/value_levels.hpp"
#include "dedupe/value_sketch.hpp"
#include "klientela/dedupe/comparison.hpp"

namespace klientela::dedupe {

/// The levels of one pair: four bits a comparison, the first one lowest.
using Pattern = std::uint64_t;
[[nodiscard]] constexpr std::uint8_t level_of(Pattern pattern, std::size_t comparison) noexcept {
  return static_cast<std::uint8_t>(pattern >> (4 * comparison) & 0xF);
}
static_assert(max_card_comparisons <= 16);
/// No field in which both have a value: nothing is known of the pair, and it is no edge.
inline constexpr Pattern no_evidence = 0;

/// `count` cards that stand after each other as they did before, there from `from` on; no_code: they are new.
struct CardRun {
  std::uint32_t from;
  std::uint32_t count;
};

/// Compares pairs. Immutable but for the memory that each thread brings.
class PairComparer {
 public:
  /// \throws Error invalid_argument naming the comparison
  PairComparer(const PreparedCards& cards, std::span<const Comparison> comparisons);
  /// The same comparisons of cards that grew out of those: values keep their codes. O(cards + values that came)
  /// \param runs  all cards, by where they stood
  PairComparer(const PairComparer& before, const PreparedCards& cards, std::span<const CardRun> runs);

  /// What one thread remembers: levels by pairs of distinct values, the newest where two want one place.
  class Memory {
   public:
    explicit Memory(std::size_t comparisons) : slots_(comparisons << bits) {}

   private:
    friend class PairComparer;
    static constexpr std::size_t bits = 13;
    struct Slot {
      std::uint64_t key{~std::uint64_t{0}};
      std::uint8_t level{0};
    };
    std::vector<Slot> slots_;
  };
  [[nodiscard]] Memory memory() const { return Memory(live_.size()); }

  /// Asks for the memory that the pairs of a list want, some pairs ahead of the one that is compared: cards lie far
  /// apart, and waiting for them would take longer than comparing.
  void ask_ahead(std::span<const CardPair> pairs, std::size_t at) const noexcept {
    constexpr std::size_t cards_ahead = 64;
    constexpr std::size_t values_ahead = 24;
    if (at + cards_ahead < pairs.size()) {
      const CardPair& pair = pairs[at + cards_ahead];
      for (const std::uint32_t card : {pair.a, pair.b}) {  // a row may lie on two lines
        prefetch(row(card));
        prefetch(row(card) + stride_ - 1);
      }
    }
    if (at + values_ahead >= pairs.size()) return;
    const std::uint32_t* const a = row(pairs[at + values_ahead].a);
    const std::uint32_t* const b = row(pairs[at + values_ahead].b);
    for (std::size_t k = 0; k < live_.size(); ++k) {
      if (a[k] == b[k] || a[k] == no_code || b[k] == no_code) continue;
      if (k == born_place_) {
        prefetch(&born_[a[k]]);
        prefetch(&born_[b[k]]);
      }
      if (sketches_[live_[k]].empty()) continue;
      prefetch(&sketches_[live_[k]][a[k]]);
      prefetch(&sketches_[live_[k]][b[k]]);
    }
  }

  /// Calls visit(at) for each pair of a list that of(at) gives as an Open; before it the memory is asked for that its
  /// texts want: where those of the first values lie, and, when that is there, them.
  template <class Of, class Visit>
  void each_asked(std::size_t count, Of of, Visit visit) const {
    constexpr std::size_t where_ahead = 12;
    constexpr std::size_t texts_ahead = 6;
    const auto ask_where = [&](std::size_t at) {
      if (at < count) each_text(of(at), [](const Texts& texts, std::uint32_t code) { texts.ask_where(code); });
    };
    for (std::size_t at = 0; at < where_ahead; ++at) ask_where(at);
    for (std::size_t at = 0; at < count; ++at) {
      ask_where(at + where_ahead);
      if (at + texts_ahead < count)
        each_text(of(at + texts_ahead), [](const Texts& texts, std::uint32_t code) { texts.ask(code); });
      visit(at);
    }
  }
  /// A pair, and the places, as bits, where texts are to be compared.
  struct Open {
    CardPair pair;
    std::uint32_t places;
  };
  static constexpr std::size_t chunk = 256;  ///< pairs that are begun before they are finished

  /// Calls take(pair, pattern) for each pair of a list, in their order.
  template <class Take>
  void each_compared(std::span<const CardPair> pairs, Memory& memory, Take take) const {
    std::array<Open, chunk> open;
    for (std::size_t begin = 0; begin < pairs.size(); begin += chunk) {
      const std::size_t count = std::min(chunk, pairs.size() - begin);
      for (std::size_t at = 0; at < count; ++at) {
        ask_ahead(pairs, begin + at);
        open[at] = {pairs[begin + at], open_places(pairs[begin + at])};
      }
      each_asked(
          count, [&](std::size_t at) { return open[at]; },
          [&](std::size_t at) { take(open[at].pair, compared(open[at].pair, &memory)); });
    }
  }

  /// The comparisons whose field some card has, in order.
  [[nodiscard]] std::span<const std::uint8_t> live() const noexcept { return live_; }
  /// The first values of a card by place in live(), and behind them, where some card has several values, the places,
  /// as bits, where this one has.
  [[nodiscard]] const std::uint32_t* row(std::uint32_t card) const noexcept { return rows_.data() + card * stride_; }
  /// The places where one of two rows has several values.
  [[nodiscard]] std::uint32_t several(const std::uint32_t* a, const std::uint32_t* b) const noexcept {
    return several_ ? a[live_.size()] | b[live_.size()] : 0;
  }
  /// Whether two values are different beyond doubt, without looking at their texts: the lowest level.
  [[nodiscard]] bool surely_different(std::size_t comparison, std::uint32_t x, std::uint32_t y) const noexcept {
    const Grown<Sketch>& sketches = sketches_[comparison];
    return !sketches.empty() && verdicts_[comparison].different(sketches[x], sketches[y]);
  }
  /// The same of value x of other cards, with its sketches by add_sketches(), and value y of these.
  [[nodiscard]] bool surely_different(std::size_t comparison, const Grown<Sketch>& xs, std::uint32_t x,
                                      std::uint32_t y) const noexcept {
    const Grown<Sketch>& sketches = sketches_[comparison];
    return !sketches.empty() && !xs.empty() && verdicts_[comparison].different(xs[x], sketches[y]);
  }
  void ask_sketch(std::size_t comparison, std::uint32_t value) const noexcept {
    if (!sketches_[comparison].empty()) prefetch(&sketches_[comparison][value]);
  }
  [[nodiscard]] Likeness likeness(std::size_t comparison, std::uint32_t x, std::uint32_t y) const noexcept {
    const Grown<Sketch>& sketches = sketches_[comparison];
    return sketches.empty() ? Likeness::unknown : verdicts_[comparison].likeness(sketches[x], sketches[y]);
  }
  /// The level of a pair of values. \pre x != y, of the place in live()
  [[nodiscard]] std::uint8_t level_by_texts(std::size_t place, std::uint32_t x, std::uint32_t y, Memory* memory) const;
  [[nodiscard]] std::uint8_t birthday_level(std::uint32_t x, std::uint32_t y) const noexcept {
    return static_cast<std::uint8_t>(1 + static_cast<int>(born_[x].compared(born_[y])));
  }
  /// Whether no names of the pair, in each other's place, are alike.
  [[nodiscard]] bool surely_not_crossed(const std::uint32_t* a, const std::uint32_t* b) const noexcept {
    const auto different = [&](std::uint32_t given, std::uint32_t family) {
      return given == no_code || family == no_code ||
             verdicts_[family_].different(sketches_[given_][given], sketches_[family_][family]);
    };
    return different(a[given_place_], b[family_place_]) && different(b[given_place_], a[family_place_]);
  }
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  /// Where given and family names that may stand in each other's place are, as places in live(); nowhere.
  [[nodiscard]] std::size_t given_place() const noexcept { return given_place_; }
  [[nodiscard]] std::size_t family_place() const noexcept { return family_place_; }
  /// The place of birthdays in live(); nowhere.
  [[nodiscard]] std::size_t born_place() const noexcept { return born_place_; }

  [[nodiscard]] Pattern operator()(CardPair pair, Memory& memory) const { return compared(pair, &memory); }
  [[nodiscard]] Pattern operator()(CardPair pair) const { return compared(pair, nullptr); }
  /// The value that both cards have where the level is the highest, of several the rarest; no_code where none is.
  [[nodiscard]] std::uint32_t common_value(CardPair pair, std::size_t comparison) const;
  [[nodiscard]] const std::vector<Comparison>& comparisons() const noexcept { return comparisons_; }
  [[nodiscard]] const PreparedCards& cards() const noexcept { return cards_; }
  [[nodiscard]] std::uint8_t highest(std::size_t comparison) const noexcept { return highest_[comparison]; }

 private:
  template <class Visit>
  void each_text(Open open, Visit visit) const noexcept {
    for (; open.places != 0; open.places &= open.places - 1) {
      const auto k = static_cast<std::size_t>(std::countr_zero(open.places));
      for (std::size_t form = asked_forms_[k].begin; form < asked_forms_[k].end; ++form) {
        visit(columns_[live_[k]]->forms[form], row(open.pair.a)[k]);
        visit(columns_[live_[k]]->forms[form], row(open.pair.b)[k]);
      }
    }
  }
  /// The places where the first values of a pair do not tell the level without their texts.
  [[nodiscard]] std::uint32_t open_places(CardPair pair) const noexcept {
    const std::uint32_t* const a = row(pair.a);
    const std::uint32_t* const b = row(pair.b);
    std::uint32_t open = 0;
    for (std::size_t k = 0; k < live_.size(); ++k)
      if (a[k] != no_code && b[k] != no_code && a[k] != b[k] &&
          comparisons_[live_[k]].kind != ComparisonKind::birthday && !surely_different(live_[k], a[k], b[k]))
        open |= std::uint32_t{1} << k;
    return open;
  }
  /// What is looked up by value, and which comparisons are live.
  void look_up();
  /// Rows of the cards that have none yet, up to `all`.
  void add_rows(std::size_t all);
  [[nodiscard]] Pattern compared(CardPair pair, Memory* memory) const;
  [[nodiscard]] std::uint8_t level(std::size_t place, std::uint32_t x, std::uint32_t y, Memory* memory) const;
  [[nodiscard]] std::uint8_t best_of_several(std::size_t place, CardPair pair, Memory* memory) const;

  PreparedCards cards_;
  std::vector<Comparison> comparisons_;
  std::vector<const FieldColumn*> columns_;
  std::vector<std::uint8_t> highest_;
  std::vector<std::uint8_t> live_;
  std::vector<FormRange> asked_forms_;  ///< by place in live()
  std::size_t stride_{0};
  ColumnVector<std::uint32_t> rows_;  ///< by card: row(), so that a card is a line of memory
  std::vector<Grown<Sketch>> sketches_;
  std::vector<Verdict> verdicts_;
  ColumnVector<BirthDate> born_;  ///< by code of birthdays
  bool several_{false};           ///< whether some card has several values
  std::size_t given_;             ///< place among the comparisons; nowhere
  std::size_t family_;
  std::size_t given_place_{nowhere};  ///< the same among those that are live
  std::size_t family_place_{nowhere};
  std::size_t born_place_{nowhere};
};

}  // namespace klientela::dedupe
