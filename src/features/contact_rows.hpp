// Rows of contacts and of answers to surveys as every reader of them takes them: by client, and what counts of them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "features/exchange.hpp"
#include "features/state.hpp"
#include "klientela/features/summary.hpp"

namespace klientela::features_internal {

// Rows of the records of one bucket, and a call per page of them.
inline constexpr std::size_t bucket_targets = 4096;

// Reads a table of every source and hands its records to the owners of their rows, each bucket once.
// read: (const Segment&, begin, n, span<const uint32_t> rows, put): puts records of a block; rows are no_code for
// clients that have none. take: (begin, end, each_page): rows of a bucket.
template <class Record, class Read, class Take>
void by_row(std::span<const Source> sources, TableId table, std::size_t rows, const Control& control, Read&& read,
            Take&& take) {
  std::vector<Segment> segments;
  for (std::size_t s = 0; s < sources.size(); ++s) append_segments(sources[s].base.chunks(table), s, segments);
  std::size_t count = 0;
  for (const Segment& segment : segments) count += segment.end - segment.begin;
  const std::size_t targets = std::max(bucket_targets, rows / 512 + 1);
  const std::size_t buckets = (rows + targets - 1) / targets;
  exchange<Record>(
      control, "features", segments, buckets, buckets, count,
      [&](const Segment& segment, BucketWriter<Record>& writer) {
        const Source& source = sources[segment.source];
        const Buffer<std::uint32_t>& row_of = *source.row_of;
        std::array<std::uint32_t, block_rows> places;
        for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
          const std::size_t n = std::min(block_rows, segment.end - begin);
          const std::uint32_t* codes = segment.chunk->clients().data() + begin;
          for (std::size_t i = 0; i < n; ++i)
            places[i] = codes[i] == no_code ? no_code : row_of[source.index(codes[i])];
          read(segment, begin, n, std::span<const std::uint32_t>(places.data(), n),
               [&](const Record& record) { writer.put(record.row / targets, record, true); });
        }
      },
      [&](std::size_t bucket, std::span<const BucketWriter<Record>> writers) {
        take(bucket * targets, std::min(rows, (bucket + 1) * targets), [&](auto&& visit) {
          for (const auto& writer : writers) writer.each_page(bucket, visit);
        });
      });
}

// Days of a field, or null days where it was not delivered.
inline void read_days(const Values* values, std::size_t begin, std::span<std::int32_t> into) {
  if (values != nullptr) {
    values->days(begin, into);
  } else {
    std::fill(into.begin(), into.end(), null_day);
  }
}

inline void read_codes(const Values* values, std::size_t begin, std::span<std::uint32_t> into) {
  if (values != nullptr) {
    values->codes(begin, into);
  } else {
    std::fill(into.begin(), into.end(), no_code);
  }
}

inline std::size_t field(InteractionField value) noexcept { return static_cast<std::size_t>(value); }

// A channel, initiative and topic that occur together, by united codes; no_code where one is not said.
struct Combination {
  std::uint32_t channel;
  std::uint32_t initiative;
  std::uint32_t topic;
  friend bool operator==(const Combination&, const Combination&) = default;
};
struct CombinationHash {
  std::size_t operator()(const Combination& c) const noexcept {
    std::uint64_t hash = c.channel;
    hash = hash * 0x9E3779B97F4A7C15ULL + c.initiative;
    hash = hash * 0x9E3779B97F4A7C15ULL + c.topic;
    return static_cast<std::size_t>(hash ^ (hash >> 29));
  }
};

// The completed interactions of a block: reads what tells that, and when it was.
class InteractionReader {
 public:
  InteractionReader(std::span<const Source> sources, const FeatureOptions& options) {
    channels = unite_terms(sources, TableId::interactions, field(InteractionField::channel));
    initiatives = unite_terms(sources, TableId::interactions, field(InteractionField::initiative));
    topics = unite_terms(sources, TableId::interactions, field(InteractionField::topic));
    states_ = unite_terms(sources, TableId::interactions, field(InteractionField::state));
    for (const Source& source : sources) spans_.push_back(span_of(options, source.as_of));
    for (std::size_t code = 0; code < states_.texts.size(); ++code)
      if (states_.texts[code] == "completed") completed_ = static_cast<std::uint32_t>(code);
  }
  // Calls visit(i, day, combination) for each row of the block that counts.
  template <class Visit>
  void read(const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows,
            Visit&& visit) const {
    const Chunk& chunk = *segment.chunk;
    std::array<std::int32_t, block_rows> days, ended, from, to;
    std::array<std::uint32_t, block_rows> channel, initiative, topic, state;
    read_days(chunk[InteractionField::started_at], begin, std::span(days.data(), n));
    read_days(chunk[InteractionField::ended_at], begin, std::span(ended.data(), n));
    read_days(chunk[InteractionField::planned_from], begin, std::span(from.data(), n));
    read_days(chunk[InteractionField::planned_to], begin, std::span(to.data(), n));
    read_codes(chunk[InteractionField::channel], begin, std::span(channel.data(), n));
    read_codes(chunk[InteractionField::initiative], begin, std::span(initiative.data(), n));
    read_codes(chunk[InteractionField::topic], begin, std::span(topic.data(), n));
    read_codes(chunk[InteractionField::state], begin, std::span(state.data(), n));
    const std::size_t s = segment.source;
    for (std::size_t i = 0; i < n; ++i) {
      if (rows[i] == no_code) continue;
      const bool done = state[i] == no_code ? days[i] != null_day : states_(s, state[i]) == completed_;
      std::int32_t day = days[i];
      for (const auto* other : {&ended, &from, &to})
        if (day == null_day) day = (*other)[i];
      if (!done || day == null_day || day < spans_[s].from || day > spans_[s].to) continue;
      visit(i, day, Combination{channels(s, channel[i]), initiatives(s, initiative[i]), topics(s, topic[i])});
    }
  }

  Terms channels;
  Terms initiatives;
  Terms topics;

 private:
  Terms states_;
  std::uint32_t completed_{no_code - 1};
  std::vector<DaySpan> spans_;
};

// Answers to one question within some days.
struct Answers {
  std::int64_t n{0};
  std::int64_t good{0};     // satisfied, or promoters
  std::int64_t bad{0};      // detractors
  std::int64_t sum{0};      // of scores in units of 1/10000
  std::int64_t squares{0};  // of scores; room for a thousand million answers of one client

  Answers& operator+=(const Answers& other) noexcept {
    n += other.n;
    good += other.good;
    bad += other.bad;
    sum += other.sum;
    squares += other.squares;
    return *this;
  }
};

enum class Measure : std::uint8_t { csat, nps, ces };
inline constexpr std::string_view measure_names[] = {"csat", "nps", "ces"};
inline constexpr std::int64_t unit = Money::scale;

inline bool in_range(Measure measure, std::int64_t score) noexcept {
  switch (measure) {
    case Measure::csat: return score >= 1 * unit && score <= 5 * unit;
    case Measure::nps: return score >= 0 && score <= 10 * unit;
    case Measure::ces: return score >= 1 * unit && score <= 7 * unit;
  }
  return false;
}

inline void add(Answers& answers, Measure measure, std::int64_t score) noexcept {
  ++answers.n;
  if (measure == Measure::csat) answers.good += score >= 4 * unit ? 1 : 0;
  if (measure == Measure::nps) {
    answers.good += score >= 9 * unit ? 1 : 0;
    answers.bad += score <= 6 * unit ? 1 : 0;
  }
  if (measure == Measure::ces) {
    answers.sum += score;
    answers.squares += score * score;
  }
}

inline double level(Measure measure, const Answers& answers) noexcept {
  const auto n = static_cast<double>(answers.n);
  switch (measure) {
    case Measure::csat: return static_cast<double>(answers.good) / n;
    case Measure::nps: return net_promoter_score(answers.good, answers.bad, answers.n).score;
    case Measure::ces: return static_cast<double>(answers.sum) / (n * static_cast<double>(unit));
  }
  return 0;
}

inline Interval interval(Measure measure, const Answers& answers) noexcept {
  switch (measure) {
    case Measure::csat: return wilson_interval(answers.good, answers.n);
    case Measure::nps: return net_promoter_score(answers.good, answers.bad, answers.n).interval;
    case Measure::ces: break;
  }
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  if (answers.n < 2) return {nothing, nothing};
  const auto n = static_cast<double>(answers.n);
  const auto sum = static_cast<double>(answers.sum);
  const double variance = std::fmax(0.0, (static_cast<double>(answers.squares) - sum * sum / n) / (n - 1));
  const double half = normal_quantile_95 * std::sqrt(variance / n) / static_cast<double>(unit);
  const double mean = level(measure, answers);
  return {mean - half, mean + half};
}

// The answers of a block that count.
class AnswerReader {
 public:
  AnswerReader(std::span<const Source> sources, const FeatureOptions& options)
      : measures_(unite_terms(sources, TableId::feedback, static_cast<std::size_t>(FeedbackField::measure))) {
    for (const Source& source : sources) spans_.push_back(span_of(options, source.as_of));
  }
  // Calls visit(i, day, measure, score) for each row of the block that counts.
  template <class Visit>
  void read(const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows,
            Visit&& visit) const {
    const Chunk& chunk = *segment.chunk;
    const DaySpan span = spans_[segment.source];
    std::array<std::int32_t, block_rows> days;
    std::array<std::uint32_t, block_rows> measure;
    std::array<std::int64_t, block_rows> score;
    const Values* scores = chunk[FeedbackField::score];
    if (scores == nullptr) return;
    read_days(chunk[FeedbackField::at], begin, std::span(days.data(), n));
    read_codes(chunk[FeedbackField::measure], begin, std::span(measure.data(), n));
    scores->numbers(begin, std::span(score.data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      if (rows[i] == no_code || measure[i] == no_code || days[i] < span.from || days[i] > span.to) continue;
      const std::string_view text = measures_.texts[measures_(segment.source, measure[i])];
      for (std::size_t m = 0; m < std::size(measure_names); ++m)
        if (text == measure_names[m] && in_range(static_cast<Measure>(m), score[i]))
          visit(i, days[i], static_cast<Measure>(m), score[i]);
    }
  }

 private:
  Terms measures_;
  std::vector<DaySpan> spans_;
};

}  // namespace klientela::features_internal
