// Draws who moved between classes: see flow.hpp.
#include "report/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace klientela::report {
namespace {

// The picture is narrow so that its letters can be read on a phone.
constexpr double width = 560;
constexpr double margin = 84;  // beside the columns: counts
constexpr double bar = 9;
constexpr double tallest = 300;  // of all clients together
constexpr double least_pitch = 27;
constexpr double gap = 9;

/// One class on one day: where its bar stands, and down to where bands have been put to it.
struct Node {
  std::uint64_t clients{0};
  double top{0};
  double height{0};
  double taken{0};
};

/// Puts bars below each other, each with room for a line of text. \returns the height used
double place(std::vector<Node>& nodes, double scale) {
  double y = 4;
  for (Node& node : nodes) {
    if (node.clients == 0) continue;
    node.height = std::max(1.5, static_cast<double>(node.clients) * scale);
    const double pitch = std::max(least_pitch, node.height + gap);
    node.top = y + (pitch - gap - node.height) / 2;
    y += pitch;
  }
  return y;
}

}  // namespace

std::string flow_picture(const std::vector<FlowClass>& classes, const std::vector<std::uint64_t>& clients,
                         std::string_view about, const Speech& say) {
  const std::size_t n = classes.size();
  std::vector<Node> before(n), after(n);
  std::uint64_t all = 0;
  for (std::size_t from = 0; from < n; ++from)
    for (std::size_t to = 0; to < n; ++to) {
      const std::uint64_t moved = clients[from * n + to];
      before[from].clients += moved;
      after[to].clients += moved;
      all += moved;
    }
  if (all == 0) return {};
  const double scale = tallest / static_cast<double>(all);
  const double height = std::max(place(before, scale), place(after, scale));

  constexpr double left = margin + bar;
  constexpr double right = width - margin - bar;
  std::string svg = fmt::format("<svg class=\"flow\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">",
                                width, height, about);
  // Bands of those who stayed first, so that those who moved lie on them.
  std::vector<std::string> bands;
  for (std::size_t from = 0; from < n; ++from)
    for (std::size_t to = 0; to < n; ++to) {
      const std::uint64_t moved = clients[from * n + to];
      if (moved == 0) continue;
      const double thick = std::max(0.6, static_cast<double>(moved) * scale);
      const double y0 = before[from].top + before[from].taken;
      const double y1 = after[to].top + after[to].taken;
      before[from].taken += static_cast<double>(moved) * scale;
      after[to].taken += static_cast<double>(moved) * scale;
      constexpr double middle = (left + right) / 2;
      const std::string band = fmt::format(
          "<path class=\"{} {}\" d=\"M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}V{:.1f}C{:.1f} {:.1f} "
          "{:.1f} {:.1f} {:.1f} {:.1f}Z\"><title>{} → {}: {}</title></path>",
          from == to ? "stay" : "move", classes[from].colour, left, y0, middle, y0, middle, y1, right, y1, y1 + thick,
          middle, y1 + thick, middle, y0 + thick, left, y0 + thick, classes[from].name, classes[to].name,
          say.clients(moved));
      if (from == to)
        svg += band;
      else
        bands.push_back(band);
    }
  for (const std::string& band : bands) svg += band;
  for (const bool first : {true, false})
    for (std::size_t i = 0; i < n; ++i) {
      const Node& node = first ? before[i] : after[i];
      if (node.clients == 0) continue;
      const double middle = node.top + node.height / 2 + 5;
      fmt::format_to(
          std::back_inserter(svg),
          "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\"/>"
          "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>"
          "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
          classes[i].colour, first ? margin : right, node.top, bar, node.height, first ? "name" : "name end",
          first ? left + 7 : right - 7, middle, classes[i].name, first ? "end" : "start",
          first ? margin - 7 : width - margin + 7, middle,
          node.clients < 1'000'000 ? say.count(node.clients) : say.compact(static_cast<double>(node.clients)));
    }
  return svg + "</svg>";
}

}  // namespace klientela::report
