// Draws who moved between classes: see flow.hpp.
#include "report/flow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/characters.hpp"

namespace klientela::report {
namespace {

// The picture is narrow so that its letters can be read on a phone, where they are as large as the style sheet says.
constexpr double width = 560;
constexpr double margin = 88;  // beside the columns: counts
constexpr double head = 22;    // above them: the days
constexpr double left = margin + 9;
constexpr double right = width - left;
constexpr double phone_letter = 20;  // of .flow text on narrow screens
constexpr double tallest = 300;      // of all clients together
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
  double y = head + 4;
  for (Node& node : nodes) {
    if (node.clients == 0) continue;
    node.height = std::max(1.5, static_cast<double>(node.clients) * scale);
    const double pitch = std::max(least_pitch, node.height + gap);
    node.top = y + (pitch - gap - node.height) / 2;
    y += pitch;
  }
  return y;
}

double middle(const Node& node) { return node.top + node.height / 2; }

/// About how wide a name is on a narrow screen.
double breadth(std::string_view name) { return static_cast<double>(detail::characters(name)) * phone_letter * 0.6; }

/// Whether the name of a class runs into one of the other side on a narrow screen.
bool is_crowded(const std::vector<FlowClass>& classes, std::size_t at, const std::vector<Node>& side,
                const std::vector<Node>& other) {
  for (std::size_t i = 0; i < other.size(); ++i)
    if (other[i].clients > 0 && std::abs(middle(other[i]) - middle(side[at])) < phone_letter &&
        breadth(classes[at].name) + breadth(classes[i].name) > right - left - phone_letter)
      return true;
  return false;
}

}  // namespace

std::string flow_picture(const std::vector<FlowClass>& classes, const std::vector<std::uint64_t>& clients,
                         std::string_view before_day, std::string_view after_day, std::string_view about,
                         const Speech& say) {
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

  std::string svg = fmt::format(
      "<svg class=\"flow\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\"><text class=\"head\" "
      "x=\"{:.0f}\" "
      "y=\"16\">{}</text><text class=\"head end\" x=\"{:.0f}\" y=\"16\">{}</text>",
      width, height, about, margin, before_day, width - margin, after_day);
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
      constexpr double half = (left + right) / 2;
      const std::string band = fmt::format(
          "<path class=\"{} {}\" d=\"M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}V{:.1f}C{:.1f} {:.1f} "
          "{:.1f} {:.1f} {:.1f} {:.1f}Z\"><title>{} → {}: {}</title></path>",
          from == to ? "stay" : "move", classes[from].colour, left, y0, half, y0, half, y1, right, y1, y1 + thick, half,
          y1 + thick, half, y0 + thick, left, y0 + thick, classes[from].name, classes[to].name, say.clients(moved));
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
      const auto put_name = [&](std::string_view name, std::string_view extra) {
        fmt::format_to(std::back_inserter(svg),
                       "<text class=\"name{}{}\" x=\"{:.1f}\" y=\"{:.1f}\" dy=\".35em\">{}</text>", first ? "" : " end",
                       extra, first ? left + 7 : right - 7, middle(node), name);
      };
      fmt::format_to(std::back_inserter(svg),
                     "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\"/>",
                     classes[i].colour, first ? margin : right, node.top, left - margin, node.height);
      if (is_crowded(classes, i, first ? before : after, first ? after : before)) {
        put_name(classes[i].name, " long");
        put_name(classes[i].brief, " brief");
      } else {
        put_name(classes[i].name, "");
      }
      fmt::format_to(std::back_inserter(svg), "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" dy=\".35em\">{}</text>",
                     first ? "end" : "start", first ? margin - 7 : width - margin + 7, middle(node),
                     node.clients < 100'000 ? say.count(node.clients) : say.compact(static_cast<double>(node.clients)));
    }
  return svg + "</svg>";
}

}  // namespace klientela::report
