// Points out of a table, scaling, k-means++ and Lloyd's iterations over columns, silhouettes; see points.hpp.
#include "classify/points.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "classify/client_order.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "core/simd.hpp"

namespace klientela::classifying {
namespace {

constexpr std::size_t block = 512;

std::uint64_t mixed(std::uint64_t value) noexcept {  // splitmix64
  value += 0x9E37'79B9'7F4A'7C15U;
  value = (value ^ (value >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  value = (value ^ (value >> 27)) * 0x94D0'49BB'1331'11EBU;
  return value ^ (value >> 31);
}

std::uint64_t hash_of(const IdView& id) noexcept {
  if (!id.is_text) return mixed(static_cast<std::uint64_t>(id.number));
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;  // FNV-1a
  for (const char c : id.text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3U;
  return mixed(hash ^ 0x5851'F42D'4C95'7F2DU);
}

/// In (0, 1).
double chance(std::uint64_t hash) noexcept { return (static_cast<double>(hash >> 12) + 0.5) * 0x1p-52; }

// dist[i] (+)= the squares of the distances in 1 to 4 coordinates.
KLIENTELA_CLONES void add_squares(const double* const* x, std::size_t d, std::size_t begin, std::size_t n,
                                  const double* center, bool first, double* dist) noexcept {
  const double* const a = x[0] + begin;
  const double* const b = d > 1 ? x[1] + begin : a;
  const double* const c = d > 2 ? x[2] + begin : a;
  const double* const e = d > 3 ? x[3] + begin : a;
  const double ca = center[0];
  const double cb = d > 1 ? center[1] : 0;
  const double cc = d > 2 ? center[2] : 0;
  const double ce = d > 3 ? center[3] : 0;
  const auto square = [](double v) { return v * v; };
  if (first) {
    switch (d) {
      case 1:
        for (std::size_t i = 0; i < n; ++i) dist[i] = square(a[i] - ca);
        return;
      case 2:
        for (std::size_t i = 0; i < n; ++i) dist[i] = square(a[i] - ca) + square(b[i] - cb);
        return;
      case 3:
        for (std::size_t i = 0; i < n; ++i) dist[i] = square(a[i] - ca) + square(b[i] - cb) + square(c[i] - cc);
        return;
      default:
        for (std::size_t i = 0; i < n; ++i)
          dist[i] = square(a[i] - ca) + square(b[i] - cb) + square(c[i] - cc) + square(e[i] - ce);
        return;
    }
  }
  switch (d) {
    case 1:
      for (std::size_t i = 0; i < n; ++i) dist[i] += square(a[i] - ca);
      return;
    case 2:
      for (std::size_t i = 0; i < n; ++i) dist[i] += square(a[i] - ca) + square(b[i] - cb);
      return;
    case 3:
      for (std::size_t i = 0; i < n; ++i) dist[i] += square(a[i] - ca) + square(b[i] - cb) + square(c[i] - cc);
      return;
    default:
      for (std::size_t i = 0; i < n; ++i)
        dist[i] += square(a[i] - ca) + square(b[i] - cb) + square(c[i] - cc) + square(e[i] - ce);
      return;
  }
}

KLIENTELA_CLONES void take_nearer(const double* dist, std::size_t n, std::int64_t c, double* best,
                                  std::int64_t* label) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const bool nearer = dist[i] < best[i];
    best[i] = nearer ? dist[i] : best[i];
    label[i] = nearer ? c : label[i];
  }
}

std::vector<const double*> pointers(const Points& points) {
  std::vector<const double*> x;
  for (const Buffer<double>& column : points.x) x.push_back(column.data());
  return x;
}

/// Sums of one piece for the next centres.
struct Sums {
  std::vector<double> x;  ///< k rows of d
  std::vector<std::uint64_t> counts;
  std::uint64_t changed{0};
};

struct Farthest {
  double distance;
  std::size_t point;
};

/// Gives empty clusters the points farthest from their centres, farthest first, of equals the first point.
void refill(const Points& points, const std::vector<double>& centers, const std::vector<std::uint16_t>& labels,
            Sums& total) {
  const std::size_t d = points.d();
  std::vector<std::size_t> empty;
  for (std::size_t c = 0; c < total.counts.size(); ++c)
    if (total.counts[c] == 0) empty.push_back(c);
  if (empty.empty()) return;
  std::vector<Farthest> farthest(points.n);
  for (std::size_t i = 0; i < points.n; ++i) {
    double distance = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double away = points.x[j][i] - centers[labels[i] * d + j];
      distance += away * away;
    }
    farthest[i] = {distance, i};
  }
  const std::size_t wanted = std::min(empty.size(), farthest.size());
  std::partial_sort(farthest.begin(), farthest.begin() + static_cast<std::ptrdiff_t>(wanted), farthest.end(),
                    [](const Farthest& a, const Farthest& b) {
                      return a.distance != b.distance ? a.distance > b.distance : a.point < b.point;
                    });
  for (std::size_t e = 0; e < wanted; ++e) {
    const std::size_t point = farthest[e].point;
    const std::size_t from = labels[point];
    if (farthest[e].distance == 0) return;
    for (std::size_t j = 0; j < d; ++j) {
      total.x[from * d + j] -= points.x[j][point];
      total.x[empty[e] * d + j] = points.x[j][point];
    }
    --total.counts[from];
    total.counts[empty[e]] = 1;
  }
}

}  // namespace

double transformed(Scaling scaling, double value) noexcept {
  return scaling == Scaling::log ? std::copysign(std::log1p(std::fabs(value)), value) : value;
}

double unscaled(Scaling scaling, const Scale& scale, double value) noexcept {
  const double inner = value * scale.factor + scale.shift;
  return scaling == Scaling::log ? std::copysign(std::expm1(std::fabs(inner)), inner) : inner;
}

void for_pieces(std::size_t n, const Control& control,
                const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  control.check();
  const std::size_t pieces = (n + piece_rows - 1) / piece_rows;
  const std::size_t tasks = std::clamp<std::size_t>(pieces / 2, 1, std::max<std::size_t>(1, 4 * control.concurrency()));
  control.run(tasks, [&](std::size_t task) {
    for (std::size_t piece = pieces * task / tasks; piece < pieces * (task + 1) / tasks; ++piece)
      body(piece, piece * piece_rows, std::min(n, (piece + 1) * piece_rows));
  });
}

Points points_of(const Table& table, const std::vector<std::string>& names, const Control& control) {
  std::vector<Measure> measures;
  for (const std::string& name : names) measures.emplace_back(table, name);
  std::vector<const Measure*> borrowed;
  for (const Measure& measure : measures) borrowed.push_back(&measure);
  const RowSet set = rows_with_values(borrowed, control);
  Points points;
  points.rows.reserve(set.count);
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (set.has(row)) points.rows.push_back(static_cast<std::uint32_t>(row));
  points.n = points.rows.size();
  bool in_place = set.all();  // point i is row i
  points.hashes.resize(points.n);
  if (table.find("client") != nullptr) {
    const ClientOrder clients(table);
    const Column& ids = table.column("client");
    const auto sort = [&](const auto& id) {
      const auto before = [&](std::uint32_t a, std::uint32_t b) { return id(a) < id(b); };
      if (std::is_sorted(points.rows.begin(), points.rows.end(), before)) return;
      in_place = false;
      std::stable_sort(points.rows.begin(), points.rows.end(), before);
    };
    if (ids.type() == ColumnType::int64) {
      const std::int64_t* const numbers = ids.values<std::int64_t>().data();
      sort([numbers](std::uint32_t row) { return numbers[row]; });
      for_pieces(points.n, control, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i)
          points.hashes[i] = mixed(static_cast<std::uint64_t>(numbers[points.rows[i]]));
      });
    } else {
      sort([&](std::uint32_t row) { return clients.id(row); });
      for_pieces(points.n, control, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) points.hashes[i] = hash_of(clients.id(points.rows[i]));
      });
    }
  } else {
    for (std::size_t i = 0; i < points.n; ++i) points.hashes[i] = mixed(points.rows[i]);
  }
  for (const Measure& measure : measures) {
    Buffer<double> x(points.n);
    for_pieces(points.n, control, [&](std::size_t, std::size_t begin, std::size_t end) {
      if (in_place && measure.is_real()) {
        std::copy_n(static_cast<const double*>(measure.column().data()) + begin, end - begin, x.data() + begin);
        return;
      }
      for (std::size_t i = begin; i < end; ++i) x[i] = number_of(measure, points.rows[i]);
    });
    points.x.push_back(std::move(x));
  }
  return points;
}

namespace {

/// Sum of f(value) over a column, in pieces.
template <class Function>
double sum_over(const Buffer<double>& x, const Control& control, const Function& f) {
  std::vector<double> sums((x.size() + piece_rows - 1) / piece_rows, 0.0);
  for_pieces(x.size(), control, [&](std::size_t piece, std::size_t begin, std::size_t end) {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += f(x[i]);
    sums[piece] = sum;
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

struct Moments {
  double mean;
  double variance;  ///< of the population
};

Moments moments_of(const Buffer<double>& x, const Control& control) {
  const auto n = static_cast<double>(x.size());
  const double mean = sum_over(x, control, [](double v) { return v; }) / n;
  return {mean, sum_over(x, control, [mean](double v) { return (v - mean) * (v - mean); }) / n};
}

double quantile_of(std::vector<double>& values, std::size_t part, std::size_t parts) {
  const std::size_t scaled_place = (values.size() - 1) * part;
  const auto at = static_cast<std::ptrdiff_t>(scaled_place / parts);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  const double low = values[static_cast<std::size_t>(at)];
  if (scaled_place % parts == 0) return low;
  const double high = *std::min_element(values.begin() + at + 1, values.end());
  return low + (high - low) * (static_cast<double>(scaled_place % parts) / static_cast<double>(parts));
}

}  // namespace

std::vector<Scale> scale(Points& points, const ClusterOptions& options, const Control& control) {
  std::vector<Scale> scales;
  for (std::size_t j = 0; j < points.d(); ++j) {
    Buffer<double>& x = points.x[j];
    const std::string& measure = options.measures[j];
    Scale& found = scales.emplace_back();
    if (options.scaling == Scaling::log)
      for_pieces(points.n, control, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) x[i] = transformed(Scaling::log, x[i]);
      });
    if (points.n == 0) continue;
    const auto [least, most] = std::minmax_element(x.begin(), x.end());
    if (*least == *most)
      throw Error(Code::invalid_argument,
                  "measure " + measure + " is the same for every client, so that it tells none apart", measure);
    if (options.scaling == Scaling::none) continue;
    if (options.scaling == Scaling::robust) {
      std::vector<double> values(x.begin(), x.end());
      found.shift = quantile_of(values, 1, 2);
      found.factor = quantile_of(values, 3, 4) - quantile_of(values, 1, 4);
      if (!(found.factor > 0))
        throw Error(Code::invalid_argument,
                    "the quartiles of measure " + measure + " are equal, so that robust scaling has no width", measure);
    } else {
      const Moments moments = moments_of(x, control);
      found = {moments.mean, std::sqrt(moments.variance)};
    }
    if (!std::isfinite(found.shift) || !std::isfinite(found.factor) || !(found.factor > 0))
      throw Error(Code::invalid_argument, "measure " + measure + " has too wide a range to be scaled", measure);
    for_pieces(points.n, control, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) x[i] = (x[i] - found.shift) / found.factor;
    });
  }
  return scales;
}

void nearest(const double* const* x, std::size_t d, std::size_t begin, std::size_t end, const double* centers,
             std::size_t k, double* best, std::int64_t* label) noexcept {
  const std::size_t n = end - begin;
  double dist[block];
  std::fill_n(best, n, std::numeric_limits<double>::infinity());
  std::fill_n(label, n, std::int64_t{0});
  for (std::size_t c = 0; c < k; ++c) {
    for (std::size_t j = 0; j < d; j += 4)
      add_squares(x + j, std::min<std::size_t>(4, d - j), begin, n, centers + c * d + j, j == 0, dist);
    take_nearer(dist, n, static_cast<std::int64_t>(c), best, label);
  }
}

double mean_variance(const Points& points, const Control& control) {
  double sum = 0;
  for (const Buffer<double>& x : points.x) sum += moments_of(x, control).variance;
  return points.d() == 0 ? 0 : sum / static_cast<double>(points.d());
}

void check_count(const Points& points, std::size_t k) {
  if (points.n < k)
    throw Error(Code::invalid_argument,
                std::to_string(k) + " clusters were asked for, but only " + std::to_string(points.n) +
                    " clients have a value in every measure",
                "k");
}

Lloyd lloyd(const Points& points, std::vector<double> centers, int max_iterations, double tolerance,
            const Control& control) {
  const std::size_t n = points.n;
  const std::size_t d = points.d();
  const std::size_t k = centers.size() / d;
  const std::vector<const double*> x = pointers(points);
  const std::size_t pieces = (n + piece_rows - 1) / piece_rows;
  Lloyd found;
  found.labels.assign(n, 0xFFFF);
  std::vector<Sums> parts(pieces);
  for (Sums& part : parts) {
    part.x.resize(k * d);
    part.counts.resize(k);
  }
  bool settled = false;  // no label changed: the centres are the means of their clusters
  while (found.iterations < max_iterations) {
    ++found.iterations;
    for_pieces(n, control, [&](std::size_t piece, std::size_t begin, std::size_t end) {
      Sums& part = parts[piece];
      std::fill(part.x.begin(), part.x.end(), 0.0);
      std::fill(part.counts.begin(), part.counts.end(), 0U);
      part.changed = 0;
      double best[block];
      std::int64_t label[block];
      for (std::size_t from = begin; from < end; from += block) {
        const std::size_t to = std::min(end, from + block);
        nearest(x.data(), d, from, to, centers.data(), k, best, label);
        for (std::size_t i = from; i < to; ++i) {
          const auto c = static_cast<std::size_t>(label[i - from]);
          part.changed += found.labels[i] != c ? 1 : 0;
          found.labels[i] = static_cast<std::uint16_t>(c);
          ++part.counts[c];
          double* const sum = part.x.data() + c * d;
          for (std::size_t j = 0; j < d; ++j) sum[j] += x[j][i];
        }
      }
    });
    Sums total{std::vector<double>(k * d, 0.0), std::vector<std::uint64_t>(k, 0), 0};
    for (const Sums& part : parts) {
      for (std::size_t i = 0; i < k * d; ++i) total.x[i] += part.x[i];
      for (std::size_t c = 0; c < k; ++c) total.counts[c] += part.counts[c];
      total.changed += part.changed;
    }
    refill(points, centers, found.labels, total);
    double moved = 0;
    for (std::size_t c = 0; c < k; ++c) {
      if (total.counts[c] == 0) continue;  // nothing to give it: it stays where it was
      for (std::size_t j = 0; j < d; ++j) {
        const double next = total.x[c * d + j] / static_cast<double>(total.counts[c]);
        const double step = next - centers[c * d + j];
        moved += step * step;
        centers[c * d + j] = next;
      }
    }
    if (total.changed == 0) {
      settled = found.converged = true;
      break;
    }
    if (moved <= tolerance) {
      found.converged = true;
      break;
    }
  }
  // The labels, where the centres moved after them, and the sum of squared distances.
  std::vector<double> inertia(pieces, 0.0);
  for_pieces(n, control, [&](std::size_t piece, std::size_t begin, std::size_t end) {
    double best[block];
    std::int64_t label[block];
    double sum = 0;
    for (std::size_t from = begin; from < end; from += block) {
      const std::size_t to = std::min(end, from + block);
      nearest(x.data(), d, from, to, centers.data(), k, best, label);
      for (std::size_t i = from; i < to; ++i) {
        if (!settled) found.labels[i] = static_cast<std::uint16_t>(label[i - from]);
        sum += best[i - from];
      }
    }
    inertia[piece] = sum;
  });
  found.inertia = std::accumulate(inertia.begin(), inertia.end(), 0.0);
  found.centers = std::move(centers);
  return found;
}

std::vector<double> plus_plus(const Points& points, std::size_t k, std::uint64_t seed, const Control& control) {
  const std::size_t n = points.n;
  const std::size_t d = points.d();
  const std::vector<const double*> x = pointers(points);
  const std::size_t pieces = (n + piece_rows - 1) / piece_rows;
  std::vector<double> centers;
  Buffer<double> weight(n, 1.0);
  struct Draw {
    double key{std::numeric_limits<double>::infinity()};
    std::size_t point{0};
  };
  for (std::size_t c = 0; c < k; ++c) {
    const std::uint64_t salt = mixed(seed * 0x1'0001U + mixed(c + 1));
    std::vector<Draw> draws(pieces);
    for_pieces(n, control, [&](std::size_t piece, std::size_t begin, std::size_t end) {
      double dist[block];
      for (std::size_t from = begin; from < end; from += block) {
        const std::size_t to = std::min(end, from + block);
        if (c > 0) {
          const double* const last = centers.data() + (c - 1) * d;
          for (std::size_t j = 0; j < d; j += 4)
            add_squares(x.data() + j, std::min<std::size_t>(4, d - j), from, to - from, last + j, j == 0, dist);
          for (std::size_t i = from; i < to; ++i)
            weight[i] = c == 1 ? dist[i - from] : std::min(weight[i], dist[i - from]);
        }
        // The smallest of -log(u) / weight is each point's with a chance of its weight (Efraimidis and Spirakis 2006).
        for (std::size_t i = from; i < to; ++i) {
          if (!(weight[i] > 0)) continue;
          const double key = -std::log(chance(mixed(points.hashes[i] ^ salt))) / weight[i];
          if (key < draws[piece].key) draws[piece] = {key, i};
        }
      }
    });
    const auto drawn =
        std::min_element(draws.begin(), draws.end(), [](const Draw& a, const Draw& b) { return a.key < b.key; });
    if (drawn == draws.end() || !(drawn->key < std::numeric_limits<double>::infinity()))
      throw Error(Code::invalid_argument,
                  std::to_string(k) + " clusters were asked for, but the clients have only " + std::to_string(c) +
                      " different combinations of values",
                  "k");
    for (std::size_t j = 0; j < d; ++j) centers.push_back(points.x[j][drawn->point]);
  }
  return centers;
}

Lloyd best_lloyd(const Points& points, std::size_t k, const ClusterOptions& options, double tolerance, int starts,
                 const Control& control) {
  std::optional<Lloyd> best;
  for (int start = 0; start < starts; ++start) {
    const std::uint64_t seed = mixed(options.seed) + static_cast<std::uint64_t>(start);
    Lloyd found = lloyd(points, plus_plus(points, k, seed, control), options.max_iterations, tolerance, control);
    if (!best || found.inertia < best->inertia) best = std::move(found);
  }
  return std::move(*best);
}

std::optional<double> silhouette(const Points& points, const std::vector<std::uint16_t>& labels, std::size_t k,
                                 const ClusterOptions& options, const Control& control) {
  std::vector<std::uint32_t> sample(points.n);
  std::iota(sample.begin(), sample.end(), 0U);
  const auto size = static_cast<std::size_t>(options.silhouette_sample);
  if (sample.size() > size) {
    const std::uint64_t salt = mixed(options.seed ^ 0xA5A5'A5A5'5A5A'5A5AU);
    const auto key = [&](std::uint32_t i) { return mixed(points.hashes[i] ^ salt); };
    std::nth_element(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size), sample.end(),
                     [&](std::uint32_t a, std::uint32_t b) {
                       const std::uint64_t ka = key(a);
                       const std::uint64_t kb = key(b);
                       return ka != kb ? ka < kb : a < b;
                     });
    sample.resize(size);
    std::sort(sample.begin(), sample.end());
  }
  std::vector<std::size_t> counts(k, 0);
  for (const std::uint32_t i : sample) ++counts[labels[i]];
  if (std::count_if(counts.begin(), counts.end(), [](std::size_t c) { return c > 0; }) < 2) return std::nullopt;
  std::vector<double> values(sample.size());
  constexpr std::size_t step = 64;
  control.check();
  control.run((sample.size() + step - 1) / step, [&](std::size_t task) {
    std::vector<double> sums(k);
    for (std::size_t s = task * step; s < std::min(sample.size(), (task + 1) * step); ++s) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (const std::uint32_t other : sample) {
        double squares = 0;
        for (const Buffer<double>& x : points.x) squares += (x[sample[s]] - x[other]) * (x[sample[s]] - x[other]);
        sums[labels[other]] += std::sqrt(squares);
      }
      const std::size_t own = labels[sample[s]];
      values[s] = 0;
      if (counts[own] < 2) continue;
      const double inside = sums[own] / static_cast<double>(counts[own] - 1);
      double outside = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < k; ++c)
        if (c != own && counts[c] > 0) outside = std::min(outside, sums[c] / static_cast<double>(counts[c]));
      const double larger = std::max(inside, outside);
      if (larger > 0) values[s] = (outside - inside) / larger;
    }
  });
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::shared_ptr<const std::vector<std::string>> cluster_labels(std::size_t k) {
  std::vector<std::string> names;
  for (std::size_t c = 1; c <= k; ++c) names.push_back("cluster " + std::to_string(c));
  names.emplace_back(unclassified);
  return labels_of(std::move(names));
}

std::vector<Reason> cluster_reasons(const std::vector<Column>& columns, const std::vector<Measure>& measures,
                                    std::size_t row, std::size_t none, const std::optional<Quantity>& limit) {
  Reason cluster;
  cluster.column = columns[0].name();
  cluster.result = std::string(columns[0].text(row));
  cluster.rule = cluster.column + '.' + slug(cluster.result);
  if (columns[0].values<std::uint16_t>()[row] == none) {
    for (const Measure& measure : measures)
      if (!measure.has_value(row)) cluster.measure = measure.column().name();
    cluster.aspect = Aspect::missing;
    return {std::move(cluster)};
  }
  cluster.measure = columns[1].name();
  cluster.value = {columns[1].values<double>()[row], columns[1].to_text(row), true};
  cluster.aspect = Aspect::band;
  std::vector<Reason> found{cluster};
  found.front().high = limit;
  for (const Measure& measure : measures) {
    Reason value = cluster;
    value.measure = measure.column().name();
    value.value = quantity_of(measure, row);
    value.rule = cluster.rule + '.' + value.measure;
    value.aspect = Aspect::group;
    found.push_back(std::move(value));
  }
  return found;
}

std::vector<std::size_t> order_of(const std::vector<double>& centers, std::size_t k, std::size_t d) {
  std::vector<std::size_t> order(k);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::lexicographical_compare(centers.begin() + static_cast<std::ptrdiff_t>(a * d),
                                        centers.begin() + static_cast<std::ptrdiff_t>((a + 1) * d),
                                        centers.begin() + static_cast<std::ptrdiff_t>(b * d),
                                        centers.begin() + static_cast<std::ptrdiff_t>((b + 1) * d));
  });
  return order;
}

}  // namespace klientela::classifying
