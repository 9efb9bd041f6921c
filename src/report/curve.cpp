// Draws the concentration curve: see curve.hpp.
#include "report/curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "report/text.hpp"

namespace klientela::report {
namespace {

constexpr double left = 86;
constexpr double top = 26;
constexpr double width = 404;
constexpr double height = 270;
constexpr std::size_t samples = 120;

double x_of(double share) { return left + width * share; }
double y_of(double share) { return top + height * (1 - share); }

}  // namespace

std::string concentration_curve(std::vector<std::int64_t> units,
                                const std::vector<std::pair<std::string, std::uint64_t>>& classes, const Speech& say) {
  for (std::int64_t& value : units) value = std::max<std::int64_t>(value, 0);
  std::sort(units.begin(), units.end(), std::greater<>());
  Total whole;
  for (const std::int64_t value : units) whole.add(value);
  if (!whole.positive()) return {};

  // Where the curve is read: denser where it bends most, and at every border of a class.
  const std::size_t clients = units.size();
  std::vector<std::size_t> stops{0, clients};
  for (std::size_t i = 1; i < samples; ++i) {
    const double t = static_cast<double>(i) / samples;
    stops.push_back(static_cast<std::size_t>(std::llround(t * t * static_cast<double>(clients))));
  }
  std::vector<std::size_t> borders;
  std::size_t reached = 0;
  for (const auto& [name, size] : classes) borders.push_back(reached = std::min(clients, reached + size));
  stops.insert(stops.end(), borders.begin(), borders.end());
  std::sort(stops.begin(), stops.end());
  stops.erase(std::unique(stops.begin(), stops.end()), stops.end());

  std::vector<double> shares;
  Total sum;
  std::size_t next = 0;
  for (const std::size_t stop : stops) {
    for (; next < stop; ++next) sum.add(units[next]);
    shares.push_back(sum.share_of(whole));
  }
  const auto share_at = [&](std::size_t stop) {
    return shares[static_cast<std::size_t>(std::lower_bound(stops.begin(), stops.end(), stop) - stops.begin())];
  };
  const auto part = [&](std::size_t stop) { return static_cast<double>(stop) / static_cast<double>(clients); };

  std::string described;
  for (std::size_t i = 0; i < classes.size(); ++i)
    described +=
        fmt::format("{}{}: {} {}, {} {}", i == 0 ? "" : "; ", escaped(classes[i].first), say.percent(part(borders[i])),
                    say("of clients", "клиентов"), say.percent(share_at(borders[i])), say("of money", "денег"));
  std::string svg = fmt::format(
      "<svg class=\"curve\" viewBox=\"0 0 520 348\" role=\"img\" aria-labelledby=\"curve-t curve-d\">"
      "<title id=\"curve-t\">{}</title><desc id=\"curve-d\">{}</desc>",
      say("Cumulative share of money by share of clients", "Накопленная доля денег по доле клиентов"), described);
  for (int i = 0; i <= 4; ++i) {
    const double share = i / 4.0;
    const std::string tick = fmt::format("{}{}%", i * 25, say("", "\xC2\xA0"));
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:.1f}H{2:.1f}\"/><text class=\"y\" x=\"{3:.1f}\" y=\"{4:.1f}\">{5}"
        "</text><text class=\"x\" x=\"{6:.1f}\" y=\"{7:.1f}\">{5}</text>",
        left, y_of(share), left + width, left - 8, y_of(share) + 4.5, tick, x_of(share), top + height + 21);
  }
  svg += fmt::format("<text class=\"x\" x=\"{:.1f}\" y=\"342\">{}</text>", left + width / 2,
                     say("share of clients, largest first", "доля клиентов, от крупных к мелким"));
  svg += fmt::format("<text class=\"x\" transform=\"translate(15 {:.1f}) rotate(-90)\">{}</text>", y_of(0.5),
                     say("share of money", "доля денег"));
  svg += fmt::format("<path class=\"even\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>", x_of(0), y_of(0), x_of(1), y_of(1));
  std::string line;
  for (std::size_t i = 0; i < stops.size(); ++i)
    line += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x_of(part(stops[i])), y_of(shares[i]));
  svg += fmt::format("<path class=\"fill\" d=\"{}V{:.1f}H{:.1f}Z\"/><path class=\"line\" d=\"{}\"/>", line, y_of(0),
                     x_of(0), line);
  std::size_t from = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::size_t to = borders[i];
    if (to - from > 0 && part(to) - part(from) > 0.03)
      svg += fmt::format("<text class=\"class\" x=\"{:.1f}\" y=\"17\">{}</text>", x_of((part(from) + part(to)) / 2),
                         escaped(shortened(classes[i].first, 16)));
    if (i + 1 < classes.size() && to > from)
      svg += fmt::format(
          "<path class=\"border\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><circle class=\"mark\" cx=\"{0:.1f}\" cy=\"{3:.1f}\" "
          "r=\"4.5\"><title>{4}: {5} {6}, {7} {8}</title></circle>",
          x_of(part(to)), top, y_of(0), y_of(share_at(to)), escaped(classes[i].first), say.percent(part(to)),
          say("of clients", "клиентов"), say.percent(share_at(to)), say("of money", "денег"));
    from = to;
  }
  return svg + "</svg>";
}

}  // namespace klientela::report
