// Clusters of one component by recursive minimum cuts, until every part is dense.
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/one_bit_color_map.hpp>
#include <boost/graph/stoer_wagner_min_cut.hpp>
#include <numeric>
#include <utility>

#include "dedupe/card_clusters_component.hpp"

namespace klientela::clustering {

namespace {

using Weight = std::int64_t;
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                                    boost::property<boost::edge_weight_t, Weight>>;

/// Which side of the minimum cut each vertex is on.
std::vector<bool> sides_of(const Graph& graph) {
  const auto vertices = boost::num_vertices(graph);
  auto sides = boost::make_one_bit_color_map(vertices, boost::get(boost::vertex_index, graph));
  boost::stoer_wagner_min_cut(graph, boost::get(boost::edge_weight, graph), boost::parity_map(sides));
  std::vector<bool> result(vertices);
  for (std::size_t v = 0; v < vertices; ++v) result[v] = boost::get(sides, v) != boost::one_bit_white;
  return result;
}

}  // namespace

void Component::min_cut() {
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  std::vector<std::vector<std::uint32_t>> parts(1);
  if (cannot_.empty() && rules_.options.sources == CardSourceRule::any) {
    parts[0].resize(nodes);
    std::iota(parts[0].begin(), parts[0].end(), 0U);
  } else {
    // What may not be together is parted first, the strongest edges kept.
    const std::size_t begun = out_->joins.size();
    join_strongest(CardJoinReason::edge);
    out_->joins.resize(begun);
    parts.resize(nodes);
    for (std::uint32_t node = 0; node < nodes; ++node) parts[root(node)].push_back(node);
    std::erase_if(parts, [](const auto& part) { return part.empty(); });
    build();
  }

  std::vector<std::uint32_t> labels(nodes, none);
  std::vector<std::uint32_t> place(nodes, none);
  while (!parts.empty()) {
    rules_.control.check();
    const std::vector<std::uint32_t> part = std::move(parts.back());
    parts.pop_back();
    for (std::uint32_t i = 0; i < part.size(); ++i) place[part[i]] = i;
    std::vector<std::uint32_t> inside;
    std::uint64_t cards = 0;
    std::uint64_t dense = 0;  // pairs that reach the threshold or count as must-linked
    for (const std::uint32_t node : part) {
      const std::uint64_t size = size_[node];
      cards += size;
      dense += size * (size - 1) / 2;
      for (std::uint32_t half = head_[node]; half != none; half = next_half_[half]) {
        const Link& link = links_[half / 2];
        if ((half & 1) != 0 || link.reaching == 0 || place[link.v] == none) continue;
        inside.push_back(half / 2);
        dense += link.reaching;
      }
    }
    const std::uint64_t work = part.size() * (part.size() + inside.size());
    const bool is_dense = static_cast<double>(dense) >=
                          rules_.options.density * static_cast<double>(cards) * (static_cast<double>(cards) - 1) / 2;
    if (part.size() == 1 || is_dense || work > work_) {
      const bool too_large = part.size() > 1 && !is_dense;
      for (const std::uint32_t node : part) labels[node] = static_cast<std::uint32_t>(by_average_.size());
      by_average_.push_back(too_large ? 1 : 0);
      inexact_ = inexact_ || too_large;
    } else {
      work_ -= work;
      Graph graph(part.size());
      for (const std::uint32_t index : inside) {
        const Link& link = links_[index];
        const auto reaching = static_cast<Weight>(link.reaching);
        const Weight above = link.sum - Weight{rules_.threshold} * static_cast<Weight>(link.scored);
        boost::add_edge(place[link.u], place[link.v], std::max(above, Weight{0}) + reaching, graph);
      }
      const std::vector<bool> sides = sides_of(graph);
      parts.resize(parts.size() + 2);
      for (std::uint32_t i = 0; i < part.size(); ++i) parts[parts.size() - (sides[i] ? 1 : 2)].push_back(part[i]);
    }
    for (const std::uint32_t node : part) place[node] = none;
  }
  label_ = std::move(labels);
  for (const Link& link : strongest_links())
    if (by_average_[label_[link.u]] == 0) try_join(link, CardJoinReason::edge);
  if (inexact_) agglomerate(Measure::average);
}

}  // namespace klientela::clustering
