// The best that one client's touches yield at given prices: a longest path over (touch, day), gaps and limits kept.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

inline constexpr std::int64_t forbidden = std::numeric_limits<std::int64_t>::max() / 4;

/// The capacities of one group, one after the other: for each manager and day one of slots or minutes, then, where
/// contacts are limited, one for each channel.
class Resources {
 public:
  Resources(const Model& model, const Group& group);
  std::vector<std::int64_t> capacity;
  std::vector<std::uint8_t> by_slot;  ///< of bins: contacts are counted, not minutes
  std::size_t bins;
  std::size_t channels;  ///< 0: contacts are not limited
  std::size_t days;

  [[nodiscard]] std::size_t bin(std::size_t place, std::size_t day) const { return place * days + day; }
  [[nodiscard]] std::size_t contact(std::size_t bin, std::size_t channel) const {
    return bins + bin * channels + channel;
  }
  [[nodiscard]] std::int64_t use(std::size_t bin, std::int32_t minutes) const {
    return by_slot[bin] != 0 ? 1 : minutes;
  }
};

/// One client's candidates in a group.
struct Unit {
  std::uint32_t begin{0};  ///< into Group::touches
  std::uint32_t end{0};
  std::uint32_t client{0};
  bool limited{false};                  ///< rolling limits beyond gaps
  bool by_channel{false};               ///< which of them count only some channels that the touches may use
  bool one_manager{false};              ///< of several
  std::vector<std::uint32_t> managers;  ///< who can do some of its touches, where it must be one
};

/// By Group::unit_begin.
[[nodiscard]] std::vector<Unit> units_of(const Model& model, const Group& group);

/// What each kind of touch costs on each day, at the cheapest manager and channel; forbidden where there is no room.
/// A row is a kind, with any manager or a certain one, by any channel or a certain one.
class Menu {
 public:
  struct Pick {
    std::uint32_t manager{none};
    std::uint32_t channel{0};
  };

  Menu(const Model& model, const Group& group, const Resources& resources, std::span<const Unit> units);
  /// no_row for a manager who is not in the kind's pool.
  [[nodiscard]] std::size_t row(std::uint32_t kind, std::uint32_t manager, std::uint32_t channel) const;
  static constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();
  [[nodiscard]] const std::int64_t* costs(std::size_t row) const { return cost_.data() + row * model_->days; }
  [[nodiscard]] Pick pick(std::size_t row, std::size_t day) const { return pick_[row * model_->days + day]; }
  /// Costs of all rows. \param room  what is left of each resource; empty: whatever is asked
  void price(std::span<const std::int64_t> prices, std::span<const std::int64_t> room);
  /// How the room of a manager's day has changed: between so much and so much of the bin, and the channels by which a
  /// last contact was taken or given back.
  struct Change {
    std::int64_t less{0}, more{0};
    std::uint32_t channels{0};
  };
  /// Costs of one manager's day again, where the change matters.
  void price_again(std::size_t place, std::size_t day, const Change& change, std::span<const std::int64_t> prices,
                   std::span<const std::int64_t> room);

 private:
  struct Row {
    std::uint32_t kind;
    std::uint32_t manager;  // none: any
    std::uint32_t channel;  // none: any
  };
  void price_one(std::size_t row, std::size_t day, std::span<const std::int64_t> prices,
                 std::span<const std::int64_t> room);

  const Model* model_;
  const Resources* resources_;
  std::vector<Row> rows_;
  struct KindRows {
    std::size_t begin{0};
    bool used{false}, by_manager{false}, by_channel{false};
  };
  std::vector<KindRows> kinds_;
  struct RowOf {
    std::size_t row;
    std::int32_t minutes;
    std::uint32_t channels;
  };
  std::vector<std::vector<RowOf>> rows_of_;  // by manager of the group
  std::vector<std::int64_t> cost_;
  std::vector<Pick> pick_;
};

/// For each gap and state the first day that lies at least so far behind it; as many as there are days without one.
/// State 0 is before all days, state d + 1 is day d.
class DaysAfter {
 public:
  explicit DaysAfter(const Model& model);
  [[nodiscard]] const std::uint16_t* of(std::size_t gap) const { return after_.data() + gap * states_; }

 private:
  std::size_t states_;
  std::vector<std::uint16_t> after_;
};

/// Solves one client after the other; holds the memory that this takes. One per thread.
class ClientPath {
 public:
  struct Step {
    std::uint32_t position;  ///< into Group::touches
    std::uint32_t day;
    Menu::Pick pick;
  };

  /// \param most_work  comparisons of labels in one search
  ClientPath(const Model& model, const Group& group, const DaysAfter& after, std::size_t most_work = 200'000)
      : model_(model), group_(group), after_(after), most_work_(most_work) {}
  /// \returns what the best choice yields; steps() are that choice, by touch. With rolling limits it
  /// may be more than can be had where they ask to remember more than 8 contacts, or leave too many ways to space them;
  /// steps() then are the best that was found.
  std::int64_t solve(const Unit& unit, const Menu& menu);
  [[nodiscard]] std::span<const Step> steps() const { return steps_; }
  /// Searches so far that were too much work.
  [[nodiscard]] std::size_t cut_short() const { return cut_short_; }

 private:
  using History = std::array<std::uint16_t, 8>;  // latest first: days from -1023 in 11 bits, channel in 5; 0: none
  struct Label {
    History history;
    std::int64_t value;
    std::uint32_t before;  // label
    std::uint16_t stage;   // the touch that is next
    std::uint16_t born;    // and was when the label was made
    std::uint16_t state;
    std::uint16_t touch;  // the one planned last, from the unit's first on
    std::uint16_t day;
    Menu::Pick pick;
  };
  struct Open {
    std::int64_t promise;
    std::uint32_t label;
    friend bool operator<(const Open& a, const Open& b) {
      return a.promise != b.promise ? a.promise < b.promise
                                    : a.label < b.label;  // of equals the later one: it is deeper
    }
  };
  struct Stage {
    std::size_t row;
    const Candidate* one;
    std::int64_t value;
    const std::int64_t* extra;
    std::int32_t next;        // offset of the first day of later touches
    std::uint16_t low, high;  // states that touches before can end in, but 0; none where low > high
    [[nodiscard]] std::int64_t worth(std::size_t day) const { return value + (extra != nullptr ? extra[day] : 0); }
  };
  std::int64_t once(const Unit& unit, const Menu& menu, std::uint32_t manager);
  std::int64_t relax(const Unit& unit, const Menu& menu, std::uint32_t manager);
  void trace(const Unit& unit, const Menu& menu);
  [[nodiscard]] bool within_limits(const Unit& unit) const;
  std::int64_t search(const Unit& unit, const Menu& menu, std::uint32_t manager, std::size_t depth);
  void beam(const Unit& unit, const Menu& menu, std::uint32_t manager, std::size_t depth);
  template <class Visit>
  void plan_next(const Unit& unit, const Menu& menu, std::uint32_t manager, std::uint32_t before, const Label& label,
                 std::size_t depth, Visit visit) const;
  void trace_label(const Unit& unit, std::uint32_t label);
  [[nodiscard]] std::int64_t tail(std::size_t stage, std::size_t state) const {
    return tails_[stage * (model_.days + 1) + state];
  }
  [[nodiscard]] History begin_history(const Unit& unit, std::size_t depth) const;
  [[nodiscard]] bool allowed(const History& history, std::int32_t day, std::uint32_t channel) const;
  [[nodiscard]] History after(const History& history, std::int32_t day, std::uint32_t channel, std::size_t depth,
                              std::int32_t next) const;
  [[nodiscard]] bool as_good(const Label& a, const Label& b);
  void keep(const Label& label, std::int64_t promise);

  const Model& model_;
  const Group& group_;
  const DaysAfter& after_;
  std::size_t most_work_;
  std::vector<Step> steps_, best_steps_;
  std::vector<Stage> stages_;
  std::vector<std::int64_t> tails_, from_day_;
  std::span<const RollingLimit> limits_;
  std::size_t work_{0}, cut_short_{0};
  std::vector<Label> labels_;
  std::vector<Open> open_;
  std::vector<std::vector<std::uint32_t>> by_state_;  // labels that count
};

/// Whether a client's touch may be on a day with what else is planned for the client: order, gaps, limits, one manager.
/// Reads no place of another group.
[[nodiscard]] bool fits_client(const Model& model, std::span<const Place> places, std::uint32_t touch,
                               const Place& place);

/// The same where the days make the order of the client's touches: those of one quota alone keep to theirs, and of two
/// on one day the one with a gap is the first, else the one that is listed first. \param quotas  by touch; alike for
/// different clients counts for nothing
[[nodiscard]] bool fits_client_in_any_turn(const Model& model, std::span<const Place> places,
                                           std::span<const std::uint64_t> quotas, std::uint32_t touch,
                                           const Place& place);

}  // namespace klientela::planning
