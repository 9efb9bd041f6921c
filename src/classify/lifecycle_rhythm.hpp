// What is found out about one client's rhythm and state, the same for whole tables and for single rows.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "classify/row_place.hpp"
#include "klientela/classify/lifecycle.hpp"

namespace klientela::classifying {

/// Codes of the state column.
enum State : std::uint16_t { fresh, active, cooling, sleeping, lost, returned, unknown };

inline constexpr const char* recency_column = "recency_days";
inline constexpr const char* tenure_column = "tenure_days";
inline constexpr const char* mean_column = "gap_days_mean";
inline constexpr const char* cv_column = "gap_days_cv";
inline constexpr const char* last_column = "gap_days_last";

/// One client's measures; NaN where there is no value.
struct Lived {
  double recency;
  double tenure;
  double mean;
  double cv;
  double last;
};

struct Rhythm {
  double gap;     ///< expected
  double spread;  ///< in days
  [[nodiscard]] double limit(double spreads) const noexcept { return gap + spreads * spread; }
};

/// What is found out about one client.
struct Judgement {
  State state{unknown};
  double recency{0};
  double gaps{0};  ///< how many
  Rhythm own{};
  double return_limit{0};  ///< the last gap was above it, where the client is returned
  double overdue{std::numeric_limits<double>::quiet_NaN()};
  double risk{std::numeric_limits<double>::quiet_NaN()};
};

class LifecycleRhythm {
 public:
  LifecycleRhythm(const LifecycleOptions& options, double gap, double variation)
      : options_(options), gap_(gap), variation_(variation) {}

  [[nodiscard]] Rhythm rhythm(double gaps, double mean, double cv) const noexcept {
    const double prior = options_.prior_gaps;
    Rhythm found{};
    found.gap = gaps > 0 ? (prior * gap_ + gaps * mean) / (prior + gaps) : gap_;
    double variation = variation_;
    if (gaps >= 2 && cv == cv) variation = (prior * variation_ + (gaps - 1) * cv) / (prior + gaps - 1);
    found.spread = found.gap * std::clamp(variation, options_.least_cv, std::max(options_.least_cv, 1e6));
    return found;
  }

  [[nodiscard]] Judgement judge(const Lived& client) const noexcept {
    Judgement found;
    found.recency = client.recency;
    const double tenure = client.tenure;
    if (!(found.recency >= 0) || !(tenure >= found.recency)) return found;
    const double mean = client.mean;
    const double cv = client.cv;
    const double bought = tenure - found.recency;  // days from the first purchase to the last
    if (mean > 0) found.gaps = std::max(1.0, std::round(bought / mean));
    found.own = rhythm(found.gaps, mean, cv);
    found.overdue = (found.recency - found.own.gap) / found.own.spread;
    found.risk = loss_risk(found.gaps, bought, tenure, options_.prior_gaps, options_.prior_gaps * gap_,
                           options_.dropout_a, options_.dropout_b);
    if (found.recency > found.own.limit(options_.lost))
      found.state = lost;
    else if (found.recency > found.own.limit(options_.sleeping))
      found.state = sleeping;
    else if (found.recency > found.own.limit(options_.cooling))
      found.state = cooling;
    else if (bought <= 0)
      found.state = fresh;
    else
      found.state = active;
    if (found.state != active || found.gaps < 1 || !(client.last > 0)) return found;
    const double limit = return_limit(found.gaps, client);
    if (client.last > limit) {
      found.return_limit = limit;
      found.state = returned;
    }
    return found;
  }

  /// Whether the client is in the state with the limits moved, each by itself, by up to the margin.
  [[nodiscard]] bool reaches(const Lived& client, double margin, State state) const {
    const Judgement found = judge(client);
    if (found.state == unknown || state == unknown) return found.state == state;
    const std::array<double, 3> limits{found.own.limit(options_.cooling), found.own.limit(options_.sleeping),
                                       found.own.limit(options_.lost)};
    int least = 0;
    int most = 0;
    for (const double limit : limits) {
      least += client.recency > moved(limit, margin) ? 1 : 0;
      most += client.recency > moved(limit, -margin) ? 1 : 0;
    }
    if (state == cooling) return least <= 1 && 1 <= most;
    if (state == sleeping) return least <= 2 && 2 <= most;
    if (state == lost) return most == 3;
    if (least > 0 || (state == fresh) != (client.tenure <= client.recency)) return false;
    if (state == fresh) return true;
    const bool has_last = found.gaps >= 1 && client.last > 0;
    if (!has_last) return state == active;
    const double limit = return_limit(found.gaps, client);
    return state == returned ? client.last > moved(limit, -margin) : !(client.last > moved(limit, margin));
  }

 private:
  [[nodiscard]] double return_limit(double gaps, const Lived& client) const noexcept {
    return rhythm_before(gaps, client.mean, client.cv, client.last).limit(options_.returned);
  }
  /// The rhythm without the last gap.
  [[nodiscard]] Rhythm rhythm_before(double gaps, double mean, double cv, double last) const noexcept {
    const double others = gaps - 1;
    if (others < 1) return rhythm(0, 0, 0);
    const double sum = gaps * mean - last;
    const double earlier = sum > 0 ? sum / others : 0;
    double variation = std::numeric_limits<double>::quiet_NaN();
    if (others >= 2 && earlier > 0 && cv == cv) {
      const double squares = (gaps - 1) * cv * mean * cv * mean + gaps * mean * mean - last * last;
      variation = std::sqrt(std::max(0.0, (squares - others * earlier * earlier) / (others - 1))) / earlier;
    }
    return rhythm(others, earlier, variation);
  }

  LifecycleOptions options_;
  double gap_;
  double variation_;
};

}  // namespace klientela::classifying
