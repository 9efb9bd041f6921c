// Links the cards of two lists within one component: pairs with the largest sum of scores, or the best for each card.
#include <unordered_map>
#include <utility>

#include "dedupe/card_clusters_component.hpp"

namespace klientela::clustering {

namespace {

/// An edge of a left vertex.
struct Choice {
  std::uint32_t right;
  std::int64_t weight;  ///< > 0
  std::uint32_t id;
};

/// The ids of edges that share no vertex and have the largest sum of weights. Shortest augmenting paths with potentials
/// (Jonker and Volgenant 1987), one left vertex after the other; each also has a right vertex of its own with weight 0.
std::vector<std::uint32_t> best_matching(const std::vector<std::vector<Choice>>& lefts, std::size_t rights,
                                         const Control& control) {
  constexpr std::uint32_t none = 0xFFFFFFFF;
  constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();
  std::int64_t highest = 0;
  for (const auto& choices : lefts)
    for (const Choice& choice : choices) highest = std::max(highest, choice.weight);
  const std::size_t all_rights = rights + lefts.size();
  std::vector<std::int64_t> left_potential(lefts.size(), 0), right_potential(all_rights, 0), distance(all_rights, far);
  std::vector<std::uint32_t> match(all_rights, none), match_id(all_rights, none), from(all_rights), from_id(all_rights);
  std::vector<std::uint8_t> settled(all_rights, 0);
  std::vector<std::uint32_t> right_of(lefts.size(), none), reached;
  std::vector<std::pair<std::int64_t, std::uint32_t>> heap;
  const auto nearer_last = [](const auto& x, const auto& y) { return x > y; };

  for (std::uint32_t start = 0; start < lefts.size(); ++start) {
    control.check();
    reached.clear();
    heap.clear();
    const auto relax = [&](std::uint32_t left, std::int64_t base) {
      const auto offer = [&](std::uint32_t right, std::int64_t weight, std::uint32_t id) {
        const std::int64_t to = base + (highest - weight) - left_potential[left] - right_potential[right];
        if (settled[right] != 0 || to >= distance[right]) return;
        if (distance[right] == far) reached.push_back(right);
        distance[right] = to;
        from[right] = left;
        from_id[right] = id;
        heap.emplace_back(to, right);
        std::push_heap(heap.begin(), heap.end(), nearer_last);
      };
      for (const Choice& choice : lefts[left]) offer(choice.right, choice.weight, choice.id);
      offer(static_cast<std::uint32_t>(rights + left), 0, none);
    };
    relax(start, 0);
    std::uint32_t end = none;
    while (end == none) {
      std::pop_heap(heap.begin(), heap.end(), nearer_last);
      const auto [to, right] = heap.back();
      heap.pop_back();
      if (settled[right] != 0) continue;
      settled[right] = 1;
      if (match[right] == none)
        end = right;
      else
        relax(match[right], to);
    }
    const std::int64_t length = distance[end];
    left_potential[start] += length;
    for (const std::uint32_t right : reached) {
      if (settled[right] != 0 && right != end) {
        right_potential[right] += distance[right] - length;
        left_potential[match[right]] += length - distance[right];
      }
    }
    // Back to the start, over the right vertex that each left one had before.
    for (std::uint32_t right = end;;) {
      const std::uint32_t former = right_of[from[right]];
      match[right] = from[right];
      match_id[right] = from_id[right];
      right_of[from[right]] = right;
      if (from[right] == start) break;
      right = former;
    }
    for (const std::uint32_t right : reached) {
      distance[right] = far;
      settled[right] = 0;
    }
  }
  std::vector<std::uint32_t> ids;
  for (std::size_t right = 0; right < rights; ++right)
    if (match_id[right] != none) ids.push_back(match_id[right]);
  return ids;
}

/// Of links with the same sum those of smaller cards, and such that do not cross: cards that are all alike are linked
/// in their order. \param links  between a node of list 1 and one of list 2 each; \param taken  the link of each node,
/// none without one
void prefer_smaller(const std::vector<Link>& links, const std::vector<std::uint8_t>& lists,
                    std::vector<std::uint32_t>& taken) {
  constexpr std::uint32_t none = PairTable::none;
  constexpr int most_sweeps = 32;
  std::unordered_map<std::uint64_t, std::uint32_t> link_of;
  const auto key = [](std::uint32_t left, std::uint32_t right) { return std::uint64_t{left} << 32 | right; };
  const auto left_of = [&](std::uint32_t i) { return lists[links[i].u] == 1 ? links[i].u : links[i].v; };
  const auto right_of = [&](std::uint32_t i) { return lists[links[i].u] == 1 ? links[i].v : links[i].u; };
  for (std::uint32_t i = 0; i < links.size(); ++i) link_of.emplace(key(left_of(i), right_of(i)), i);
  bool moved = true;
  for (int sweep = 0; moved && sweep < most_sweeps; ++sweep) {
    moved = false;
    for (std::uint32_t i = 0; i < links.size(); ++i) {
      const std::uint32_t left = left_of(i);
      const std::uint32_t right = right_of(i);
      const std::uint32_t mine = taken[left];
      const std::uint32_t theirs = taken[right];
      if (mine == theirs) continue;  // it is taken, or both are free, and no sum with it is as large
      if (mine == none || theirs == none) {
        const std::uint32_t old = mine == none ? theirs : mine;
        const bool smaller = mine == none ? left < left_of(old) : right < right_of(old);
        if (!smaller || links[old].best != links[i].best) continue;
        taken[left_of(old)] = taken[right_of(old)] = none;
      } else {
        const std::uint32_t other_left = left_of(theirs);
        const std::uint32_t other_right = right_of(mine);
        const auto other = link_of.find(key(other_left, other_right));
        if ((left < other_left) != (right < other_right) || other == link_of.end() ||
            std::int64_t{links[i].best} + links[other->second].best !=
                std::int64_t{links[mine].best} + links[theirs].best)
          continue;
        taken[other_left] = taken[other_right] = other->second;
      }
      taken[left] = taken[right] = i;
      moved = true;
    }
  }
}

}  // namespace

/// Which lists a node has cards of: 1: source 0, 2: source 1, 3: both.
std::uint8_t Component::lists_of(std::uint32_t node) const {
  std::uint8_t lists = 0;
  for (std::uint32_t card = first_[node]; card != none; card = next_[card])
    lists = static_cast<std::uint8_t>(lists | (rules_.sources[cards_[card]] == 0 ? 1 : 2));
  return lists;
}

void Component::assign_one_to_one() {
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  std::vector<std::uint8_t> lists(nodes);
  for (std::uint32_t node = 0; node < nodes; ++node) lists[node] = lists_of(node);
  std::vector<Link> candidates = strongest_links();
  std::erase_if(candidates, [&](const Link& link) { return link.apart || (lists[link.u] ^ lists[link.v]) != 3; });
  std::erase_if(candidates, [&](const Link& link) { return lists[link.u] == 3 || lists[link.v] == 3; });
  if (candidates.size() == 1) {
    try_join(candidates[0], CardJoinReason::assigned);
    return;
  }
  std::vector<std::uint32_t> place(nodes, none);
  std::vector<std::vector<Choice>> lefts;
  std::uint32_t rights = 0;
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const Link& link = candidates[i];
    const std::uint32_t left = lists[link.u] == 1 ? link.u : link.v;
    const std::uint32_t right = left == link.u ? link.v : link.u;
    if (place[left] == none) {
      place[left] = static_cast<std::uint32_t>(lefts.size());
      lefts.emplace_back();
    }
    if (place[right] == none) place[right] = rights++;
    lefts[place[left]].push_back({place[right], std::int64_t{link.best} - rules_.threshold + 1, i});
  }
  if (lefts.size() * (candidates.size() + rights + lefts.size()) <= work_) {
    std::vector<std::uint32_t> taken(nodes, none);  // the link of each node
    for (const std::uint32_t i : best_matching(lefts, rights, rules_.control))
      taken[candidates[i].u] = taken[candidates[i].v] = i;
    prefer_smaller(candidates, lists, taken);
    for (std::uint32_t i = 0; i < candidates.size(); ++i)
      if (taken[candidates[i].u] == i) try_join(candidates[i], CardJoinReason::assigned);
    return;
  }
  inexact_ = true;
  std::vector<bool> taken(nodes);
  for (const Link& link : candidates) {
    if (taken[link.u] || taken[link.v]) continue;
    taken[link.u] = taken[link.v] = try_join(link, CardJoinReason::assigned);
  }
}

void Component::assign_one_to_many() {
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  std::vector<std::uint8_t> lists(nodes);
  for (std::uint32_t node = 0; node < nodes; ++node) lists[node] = lists_of(node);
  for (const Link& link : strongest_links()) {
    // A card of source 1 that has no partner yet, and a node with a card of source 0.
    const std::uint32_t many = lists[link.u] == 2 ? link.u : link.v;
    const std::uint32_t one = many == link.u ? link.v : link.u;
    if (lists[many] != 2 || (lists[one] & 1) == 0) continue;
    if (try_join(link, CardJoinReason::assigned)) lists[many] = 4;  // has its partner
  }
}

}  // namespace klientela::clustering
