// Cards that come after a search: only they are normalised and compared, and only the clusters that they touch are made
// again.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/prefetch.hpp"
#include "dedupe/block_keys.hpp"
#include "dedupe/block_split.hpp"
#include "dedupe/card_clusters_component.hpp"
#include "dedupe/card_index.hpp"

namespace klientela {
namespace {

using dedupe::CardRun;
using dedupe::FieldColumn;
using dedupe::Grown;
using dedupe::KeyedCard;
using dedupe::PairComparer;
using dedupe::PairScorer;
using dedupe::RuleKeys;

constexpr std::uint32_t none = no_card_cluster;  // no card
static_assert(none == no_code);
constexpr std::size_t parts_of_rule = 4;        // in which candidates are looked up
constexpr std::size_t tasks = 16;               // in which pairs are made
constexpr std::size_t slots_ahead = 16;         // whose cards are asked for
constexpr std::size_t keys_ahead = 12;          // whose slots are asked for
constexpr std::size_t edges_ahead = 24;         // whose ends are asked for
constexpr std::uint32_t firsts_ahead = 24;      // whose numbers are asked for
constexpr std::size_t placed_at_once = 1024;    // cards of a batch
constexpr std::size_t named_at_once = 1 << 16;  // cards

/// Card `a` of one preparation beside card `b` of another whose values have the same codes.
bool same_values(const PreparedCards::Data& x, std::uint32_t a, const PreparedCards::Data& y, std::uint32_t b) {
  std::vector<std::uint32_t> of_a;
  std::vector<std::uint32_t> of_b;
  for (std::size_t f = 0; f < card_field_count; ++f) {
    of_a.clear();
    of_b.clear();
    x.fields[f].each(a, [&](std::uint32_t code) { of_a.push_back(code); });
    y.fields[f].each(b, [&](std::uint32_t code) { of_b.push_back(code); });
    if (of_a != of_b) return false;
  }
  return true;
}

/// Everything that one call of CardIndex::add() holds. "Before" is the index that it is called on, "now" what it gives;
/// the batch are the cards that were delivered, and those that a link names for the first time.
class Update {
 public:
  Update(const CardIndex::Data& before, const ClientBase& base, const CardChanges& changes, const Control& control)
      : before_(before),
        was_(*before.found.data()),
        old_(*was_.cards.data()),
        old_size_(static_cast<std::uint32_t>(old_.codes.size())),
        base_(base),
        changes_(changes),
        control_(control),
        data_(std::make_shared<Duplicates::Data>()),
        index_(std::make_shared<CardIndex::Data>()) {}

  CardIndex run() {
    find_batch();
    number_cards();
    grow_cards();
    take_links();
    grow_keys_and_scorer();
    make_edges();
    cluster();
    name_clusters();
    control_.check();
    const std::size_t slots = index_->card_of.size();
    Duplicates found(std::move(data_));
    if (slots > 2 * now_.size() + 1024) return CardIndex(found, control_);  // mostly slots of cards that are gone
    index_->found = std::move(found);
    return CardIndex(std::move(index_));
  }

 private:
  /// Codes of the cards that are new to the search, in canonical order, and of those that are gone.
  void find_batch() {
    std::vector<std::uint32_t> codes;
    const auto chunks = base_.chunks(TableId::clients);
    for (std::size_t c = old_.bases[0].chunks(TableId::clients).size(); c < chunks.size(); ++c)
      for (const std::uint32_t code : chunks[c]->clients())
        if (code != no_code && base_.card_of(code)->chunk == c) codes.push_back(code);
    std::sort(codes.begin(), codes.end());
    const auto delivered = [&](std::uint32_t code) { return std::binary_search(codes.begin(), codes.end(), code); };
    dead_.assign(old_size_, 0);
    std::vector<std::uint32_t> removed;
    for (const ClientId& id : changes_.removed) {
      const std::uint32_t code = code_of(id, delivered, "removed");
      removed.push_back(code);
      if (const auto card = was_.cards.card_of(id)) dead_[*card] = 1;
    }
    std::sort(removed.begin(), removed.end());
    const auto gone = [&](std::uint32_t code) { return std::binary_search(removed.begin(), removed.end(), code); };
    const std::vector<std::uint8_t> linked = dedupe::linked_cards(was_);
    std::vector<std::uint32_t> named;
    const auto read = [&](const auto& pairs, const char* argument, std::vector<CardPair>& links) {
      for (const auto& [a, b] : pairs) {
        const std::array ids{&a, &b};
        std::array<std::uint32_t, 2> ends{};
        for (std::size_t i = 0; i < 2; ++i) {
          ends[i] = code_of(*ids[i], delivered, argument);
          if (gone(ends[i]))
            throw Error(Code::not_found, "client " + ids[i]->to_text() + " is removed, and linked", argument);
          const auto card = was_.cards.card_of(*ids[i]);
          if (card && linked[*card] == 0) named.push_back(ends[i]);
        }
        if (ends[0] == ends[1])
          throw Error(Code::invalid_argument, "card " + a.to_text() + " is linked with itself", argument);
        links.push_back({ends[0], ends[1]});
      }
    };
    // A card whose last link goes with the other end may equal others again.
    std::vector<std::uint8_t> still(old_size_, 0);
    for (const auto* links : {&was_.must_links, &was_.cannot_links})
      for (const CardPair& pair : *links)
        if (dead_[pair.a] == 0 && dead_[pair.b] == 0) still[pair.a] = still[pair.b] = 1;
    for (std::uint32_t card = 0; card < old_size_; ++card)
      if (linked[card] != 0 && still[card] == 0 && dead_[card] == 0) named.push_back(old_.codes[card]);
    read(changes_.must_links, "must_links", new_must_);
    read(changes_.cannot_links, "cannot_links", new_cannot_);
    std::erase_if(codes, gone);
    codes.insert(codes.end(), named.begin(), named.end());
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    std::vector<std::pair<ClientId, std::uint32_t>> in_order;
    for (const std::uint32_t code : codes) in_order.emplace_back(base_.id_of(code), code);
    std::sort(in_order.begin(), in_order.end());
    for (std::size_t i = 0; i < in_order.size(); ++i) codes[i] = in_order[i].second;
    places_.resize(in_order.size());
    std::vector<std::uint8_t> replaces(in_order.size());
    control_.run((in_order.size() + placed_at_once - 1) / placed_at_once, [&](std::size_t k) {
      const auto before = [&](std::uint32_t old, const ClientId& wanted) { return base_.id_of(old) < wanted; };
      const std::size_t end = std::min(in_order.size(), (k + 1) * placed_at_once);
      auto at = old_.codes.begin();
      for (std::size_t i = k * placed_at_once; i < end; ++i) {
        const auto& [id, code] = in_order[i];
        std::ptrdiff_t step = 1;  // doubled until the id is passed: the next one is seldom far
        while (step < old_.codes.end() - at && before(at[step], id)) step *= 2;
        at = std::lower_bound(at, at + std::min(step, old_.codes.end() - at), id, before);
        places_[i] = static_cast<std::uint32_t>(at - old_.codes.begin());
        replaces[i] = at != old_.codes.end() && *at == code ? 1 : 0;
      }
    });
    replaces_.assign(replaces.begin(), replaces.end());
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (replaces_[i]) dead_[places_[i]] = 1;
    control_.check();
    batch_ = dedupe::prepare_some(base_, std::move(codes), *old_.normaliser, control_);
  }
  template <class Delivered>
  std::uint32_t code_of(const ClientId& id, const Delivered& delivered, const char* argument) const {
    const auto code = base_.code_of(id);
    if (!code || (!was_.cards.card_of(id) && !delivered(*code)))
      throw Error(Code::not_found, "client " + id.to_text() + " has no card", argument);
    return *code;
  }

  /// Numbers in canonical order of what stayed and what came.
  void number_cards() {
    const auto batch = static_cast<std::uint32_t>(batch_.size());
    to_.assign(old_size_, none);
    same_client_.assign(old_size_, none);
    const auto take = [&] {
      number_of_batch_.push_back(size_++);
      if (!runs_.empty() && runs_.back().from == no_code)
        ++runs_.back().count;
      else
        runs_.push_back({no_code, 1});
    };
    for (std::uint32_t old = 0; old < old_size_; ++old)
      if (dead_[old] != 0) gone_.push_back(old);
    std::uint32_t old = 0;  // those before it have their numbers
    auto gone = gone_.begin();
    const auto keep_until = [&](std::uint32_t end) {
      while (old < end) {
        const std::uint32_t stop = gone == gone_.end() ? end : std::min(end, *gone);
        if (old < stop) runs_.push_back({old, stop - old});
        for (; old < stop; ++old) to_[old] = same_client_[old] = size_++;
        if (old == end) return;
        ++old;
        ++gone;
      }
    };
    for (std::uint32_t b = 0; b < batch; ++b) {
      keep_until(places_[b]);
      if (replaces_[b]) same_client_[old] = size_;
      take();
    }
    keep_until(old_size_);
  }
  /// Numbers by card now out of those of the cards before, and those of the batch. \param before  none where empty
  template <class Numbers, class Batch>
  [[nodiscard]] Numbers gathered(const Numbers& before, const Batch& batch) const {
    Numbers all;
    all.reserve(size_);
    std::uint32_t b = 0;
    for (const CardRun& run : runs_) {
      if (run.from == no_code)
        for (std::uint32_t i = 0; i < run.count; ++i) all.push_back(batch(b++));
      else if (before.empty())
        all.insert(all.end(), run.count, none);
      else
        all.insert(all.end(), before.begin() + run.from, before.begin() + run.from + run.count);
    }
    return all;
  }

  void grow_cards() {
    auto cards = std::make_shared<PreparedCards::Data>();
    cards->bases[0] = base_;
    cards->normaliser = old_.normaliser;
    cards->codes = gathered(old_.codes, [&](std::uint32_t b) { return batch_.client_code(b); });
    cards->first_list = cards->codes.size();
    control_.run(card_field_count, [&](std::size_t f) { cards->fields[f] = grown(f); });
    now_ = PreparedCards(std::move(cards));
    data_->cards = now_;
    data_->options = was_.options;
    data_->model = was_.model;
    data_->training = was_.training;
    data_->proposals = was_.proposals;
    data_->rules = was_.rules;
    data_->blocking = was_.blocking;
    data_->split_by = was_.split_by;
    data_->block_limit = was_.block_limit;
    data_->pairs = was_.pairs;
    data_->chance_below = was_.chance_below;
  }
  void grow_scorer() {
    auto comparer = std::make_shared<const PairComparer>(*was_.comparer, now_, runs_);
    data_->scorer = std::make_shared<const PairScorer>(*was_.scorer, *comparer, was_.model);
    data_->comparer = std::move(comparer);
  }
  FieldColumn grown(std::size_t f) {
    const FieldColumn& old = old_.fields[f];
    const FieldColumn& batch = batch_.data()->fields[f];
    dedupe::KeyIndex& index = index_->values[f];
    index = before_.values[f];
    if (old.empty() && batch.empty()) return {};
    FieldColumn column;
    column.forms = old.forms;
    column.counts = old.counts;
    column.filled = old.filled;
    const std::size_t form_count = forms(static_cast<CardField>(f)).size();
    std::vector<std::uint32_t> code_of(batch.distinct());
    ColumnVector<KeyedCard> added;
    for (std::uint32_t code = 0; code < code_of.size(); ++code) {
      const std::uint64_t hash = dedupe::value_hash(batch, code);
      std::uint32_t& known = code_of[code];
      known = no_code;
      index.each(hash, [&](std::uint32_t candidate) {
        bool same = known == no_code;
        for (std::size_t form = 0; same && form < form_count; ++form)
          same = column.forms[form][candidate] == batch.forms[form][code];
        if (same) known = candidate;
      });
      if (known != no_code) continue;
      known = static_cast<std::uint32_t>(column.counts.size());
      for (std::size_t form = 0; form < form_count; ++form) column.forms[form].push_back(batch.forms[form][code]);
      column.counts.push_back(0);
      added.push_back({hash, known});
    }
    index.add(std::move(added));
    for (std::size_t form = 0; form < form_count; ++form) column.forms[form].settle_if_many();
    for (const std::uint32_t card : gone_) {
      old.each(card, [&](std::uint32_t code) { --column.counts[code]; });
      column.filled -= old.empty() || old.first[card] == no_code ? 0U : 1U;
    }
    for (std::uint32_t b = 0; b < batch_.size(); ++b) {
      batch.each(b, [&](std::uint32_t code) { ++column.counts[code_of[code]]; });
      column.filled += batch.empty() || batch.first[b] == no_code ? 0U : 1U;
    }
    column.first = gathered(old.first, [&](std::uint32_t b) {
      return batch.empty() || batch.first[b] == no_code ? no_code : code_of[batch.first[b]];
    });
    if (old.more_begin.empty() && batch.more_begin.empty()) return column;
    column.more_begin.reserve(size_ + 1);
    column.more_begin.push_back(0);
    column.more.reserve(old.more.size() + batch.more.size());
    std::uint32_t b = 0;
    for (const CardRun& run : runs_) {
      for (std::uint32_t i = 0; i < run.count; ++i) {
        if (run.from == no_code) {
          for (const std::uint32_t code : batch.further(b)) column.more.push_back(code_of[code]);
          ++b;
        } else {
          const auto further = old.further(run.from + i);
          column.more.insert(column.more.end(), further.begin(), further.end());
        }
        column.more_begin.push_back(static_cast<std::uint32_t>(column.more.size()));
      }
    }
    return column;
  }

  /// Links between clients that still have cards.
  void take_links() {
    changed_.assign(now_.size(), 0);
    for (const std::uint32_t card : number_of_batch_) changed_[card] = 1;
    const auto take = [&](const std::vector<CardPair>& before, const std::vector<CardPair>& added,
                          std::vector<CardPair>& links) {
      for (const CardPair& pair : before) {
        const std::uint32_t a = same_client_[pair.a];
        const std::uint32_t b = same_client_[pair.b];
        if (a != none && b != none) {
          links.push_back({a, b});
          continue;
        }
        for (const std::uint32_t end : {a, b})
          if (end != none) changed_[end] = 1;
      }
      for (const CardPair& pair : added) {
        const CardPair link{*now_.card_of(base_.id_of(pair.a)), *now_.card_of(base_.id_of(pair.b))};
        for (const std::uint32_t end : {link.a, link.b}) changed_[end] = 1;
        links.push_back(link);
      }
    };
    take(was_.must_links, new_must_, data_->must_links);
    take(was_.cannot_links, new_cannot_, data_->cannot_links);
    dedupe::check_links(now_, data_->must_links, data_->cannot_links);
    linked_ = dedupe::linked_cards(*data_);
  }

  /// What the cards that are now are found and scored by, and which of them equal others: each looks at the cards
  /// alone.
  void grow_keys_and_scorer() {
    const auto slots = static_cast<std::uint32_t>(before_.card_of.size());
    const auto batch = static_cast<std::uint32_t>(batch_.size());
    index_->slot_of = gathered(before_.slot_of, [&](std::uint32_t b) { return slots + b; });
    index_->in_order = before_.in_order;
    index_->rules = before_.rules;
    index_->beginnings = before_.beginnings.grown();
    keys_.resize(index_->rules.size());
    control_.check();
    constexpr std::size_t others = 3;  // tasks
    control_.run(others + index_->rules.size(), [&](std::size_t task) {
      if (task == 0) return grow_scorer();
      if (task == 1) return find_equal_cards();
      if (task == 2) {
        index_->card_of.assign(slots + batch, no_code);
        for (std::uint32_t card = 0; card < now_.size(); ++card) index_->card_of[index_->slot_of[card]] = card;
        return;
      }
      const std::size_t r = task - others;
      if (!dedupe::has_values(*batch_.data(), was_.blocking[r])) return;
      const RuleKeys rule(*batch_.data(), was_.blocking[r]);
      std::vector<std::uint64_t> keys;
      ColumnVector<KeyedCard> added;
      for (std::uint32_t b = 0; b < batch; ++b) {
        rule.of(b, keys);
        for (const std::uint64_t key : keys) {
          keys_[r].push_back({key, b});
          added.push_back({key, slots + b});
        }
      }
      index_->rules[r].add(std::move(added));
    });
    index_->contents = before_.contents;
    ColumnVector<KeyedCard> added;
    for (std::uint32_t b = 0; b < batch; ++b)
      if (const std::uint32_t card = number_of_batch_[b]; linked_[card] == 0)
        added.push_back({now_.data()->content(card), slots + b});
    index_->contents.add(std::move(added));
    grow_split_keys();
    control_.report("index cards", 1);
  }

  void grow_split_keys() {
    const std::vector<BlockingKey>& keys = was_.split_by;
    index_->split_levels = dedupe::split_levels(*now_.data(), keys);
    for (std::size_t place = 0; place < index_->split_levels.size(); ++place) {
      const std::size_t level = index_->split_levels[place];
      if (level == keys.size()) continue;
      Grown<std::uint64_t>& by_slot = index_->split_keys[place];
      if (level == before_.split_levels[place]) {
        by_slot = before_.split_keys[place];
        for (std::uint32_t b = 0; b < batch_.size(); ++b)
          by_slot.push_back(dedupe::first_key(*batch_.data(), keys[level], b));
      } else {  // the first cards that have it
        const Grown<std::uint64_t> by_card = dedupe::first_keys(*now_.data(), keys[level]);
        for (const std::uint32_t card : index_->card_of) by_slot.push_back(card == no_code ? 0 : by_card[card]);
      }
      by_slot.settle_if_many();
    }
  }

  /// Which cards equal others: representatives of those before are kept or moved, with the edges that they have.
  void find_equal_cards() {
    edge_end_ = to_;
    stands_.assign(old_size_, 1);
    if (was_.representatives.empty()) {
      fresh_ = number_of_batch_;
      return;
    }
    std::vector<std::uint32_t>& same = data_->representatives;
    same.reserve(size_);
    for (const CardRun& run : runs_)
      for (std::uint32_t i = 0; i < run.count; ++i)
        same.push_back(run.from == no_code ? static_cast<std::uint32_t>(same.size())
                                           : to_[was_.representatives[run.from + i]]);
    std::map<std::uint32_t, std::vector<std::uint32_t>> touched;  // by representative before: cards of the batch
    for (const std::uint32_t old : gone_) touched[was_.representatives[old]];
    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> unseen;  // by content: firsts of the batch
    const PreparedCards::Data& now = *now_.data();
    for (const std::uint32_t card : number_of_batch_) {
      if (linked_[card] != 0) {
        fresh_.push_back(card);
        continue;
      }
      const std::uint64_t content = now.content(card);
      if (const std::uint32_t equal = equal_before(card, content); equal != none) {
        touched[equal].push_back(card);
        continue;
      }
      std::vector<std::uint32_t>& firsts = unseen[content];
      const auto first = std::find_if(firsts.begin(), firsts.end(),
                                      [&](std::uint32_t other) { return now.same_content(card, other); });
      if (first != firsts.end()) {
        same[card] = *first;
        equal_.emplace_back(*first, card);
      } else {
        firsts.push_back(card);
        fresh_.push_back(card);
      }
    }
    for (auto& each : touched) {
      const std::uint32_t old = each.first;
      std::vector<std::uint32_t>& cards = each.second;
      before_.contents.each(old_.content(old), [&](std::uint32_t slot) {
        const std::uint32_t other = before_.card_of[slot];
        if (other != no_code && was_.representatives[other] == old && to_[other] != none) cards.push_back(to_[other]);
      });
      std::sort(cards.begin(), cards.end());
      cards.erase(std::unique(cards.begin(), cards.end()), cards.end());
      stands_[old] = 0;
      edge_end_[old] = cards.empty() ? none : cards.front();
      for (const std::uint32_t card : cards) {
        same[card] = cards.front();
        if (card != cards.front()) equal_.emplace_back(cards.front(), card);
      }
    }
  }

  /// The representative before of the cards that equal a card now; none: there are none. Stops at the first of them, as
  /// many may be equal, such as empty cards.
  [[nodiscard]] std::uint32_t equal_before(std::uint32_t card, std::uint64_t content) const {
    for (const auto part : before_.contents.with(content))
      for (const std::uint32_t slot : part)
        if (const std::uint32_t old = before_.card_of[slot];
            old != no_code && same_values(*now_.data(), card, old_, old))
          return was_.representatives[old];
    return none;
  }

  /// Edges before that stand, those that lead to another equal card now, and which cards lost some.
  void keep_edges() {
    kept_.reserve(was_.edges.size());
    const clustering::Units threshold = clustering::units_of(was_.options.clusters.threshold);  // as clusters are made
    const auto& same = was_.representatives;
    for (std::size_t i = 0; i < was_.edges.size(); ++i) {
      if (i + edges_ahead < was_.edges.size()) {
        const std::uint32_t other = was_.edges[i + edges_ahead].b;
        if (!same.empty()) prefetch(&same[other]);
        prefetch(&edge_end_[other]);
        prefetch(&to_[other]);
      }
      const CardEdge& edge = was_.edges[i];
      const bool equal = !same.empty() && same[edge.b] == edge.a;
      if (equal) {
        if (stands_[edge.a] != 0) kept_.push_back({to_[edge.a], to_[edge.b], edge.score});
        continue;
      }
      const std::uint32_t a = edge_end_[edge.a];
      const std::uint32_t b = edge_end_[edge.b];
      const std::array ends{a, b, to_[edge.a], to_[edge.b]};  // of two cards, and of two that may equal others now
      const auto change = [&] {
        for (const std::uint32_t end : ends)
          if (end != none) changed_[end] = 1;
      };
      if (a == none || b == none) {
        if (clustering::units_of(edge.score) >= threshold) change();
        continue;
      }
      const bool moved = a != ends[2] || b != ends[3];
      if (moved) {
        change();
        moved_.push_back({std::min(a, b), std::max(a, b), edge.score});
      } else {
        kept_.push_back({a, b, edge.score});
      }
    }
  }

  void make_edges() {
    std::vector<CardEdge> added = new_edges();
    added.insert(added.end(), moved_.begin(), moved_.end());
    const double threshold = was_.options.clusters.threshold;
    data_->pairs += equal_.size();
    for (std::size_t begin = 0, end = 0; begin < equal_.size(); begin = end) {
      const CardPair pair{equal_[begin].first, equal_[begin].second};
      const dedupe::Pattern pattern = (*data_->comparer)(pair);
      const double score = (*data_->scorer)(pair, pattern);
      const bool is_edge = pattern != dedupe::no_evidence && score >= threshold - dedupe::kept_below;
      for (; end < equal_.size() && equal_[end].first == pair.a; ++end)
        if (is_edge) added.push_back({pair.a, equal_[end].second, score});
    }
    const auto before = [](const CardEdge& x, const CardEdge& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; };
    std::sort(added.begin(), added.end(), before);
    data_->edges.resize(kept_.size() + added.size());
    std::merge(kept_.begin(), kept_.end(), added.begin(), added.end(), data_->edges.begin(), before);
  }

  /// Candidates of fresh cards by one rule, some of its keys: cards of a block, and which fresh card meets which
  /// stretch of them.
  struct RuleCandidates {
    std::size_t rule{0};
    std::vector<std::uint32_t> cards;
    struct Stretch {
      std::uint32_t fresh;
      std::size_t begin;
      std::size_t end;
    };
    std::vector<Stretch> stretches;
  };

  void find_representing() {
    representing_.resize(index_->card_of.size());
    for (std::uint32_t card = 0; card < now_.size(); ++card)
      representing_[index_->slot_of[card]] = data_->representatives.empty() || data_->representatives[card] == card;
  }

  std::vector<CardEdge> new_edges() {
    std::sort(fresh_.begin(), fresh_.end());
    is_fresh_.assign(now_.size(), false);
    for (const std::uint32_t card : fresh_) is_fresh_[card] = true;
    std::vector<std::uint32_t> fresh_place(batch_.size(), none);
    for (std::uint32_t b = 0, place = 0; b < fresh_place.size(); ++b)
      if (is_fresh_[number_of_batch_[b]]) fresh_place[b] = place++;
    control_.check();
    constexpr std::size_t others = 2;  // tasks
    control_.run(others + keys_.size(), [&](std::size_t task) {
      if (task == 0) return keep_edges();
      if (task == 1) return find_representing();
      const std::size_t r = task - others;
      std::erase_if(keys_[r], [&](const KeyedCard& each) { return fresh_place[each.card] == none; });
      dedupe::radix_sort(keys_[r]);
    });
    control_.check();
    std::vector<RuleCandidates> rules(parts_of_rule * keys_.size());  // by rule, then by part
    control_.run(rules.size(), [&](std::size_t i) {
      if (!control_.stop.stop_requested()) rules[i] = candidates(i / parts_of_rule, i % parts_of_rule, fresh_place);
    });
    control_.check();
    std::vector<std::size_t> starts(fresh_.size() + 1, 0);  // by fresh card: where its stretches begin
    for (const RuleCandidates& rule : rules)
      for (const auto& stretch : rule.stretches) ++starts[stretch.fresh + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> of(starts.back());  // rule, place of the stretch
    std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
    for (std::uint32_t r = 0; r < rules.size(); ++r)
      for (std::uint32_t s = 0; s < rules[r].stretches.size(); ++s) of[next[rules[r].stretches[s].fresh]++] = {r, s};
    const std::vector<CardPair> pairs = candidate_pairs(rules, starts, of);
    const double kept = was_.options.clusters.threshold - dedupe::kept_below;
    const std::size_t parts = 2 * control_.concurrency();  // few: each begins without memory of values
    std::vector<std::vector<CardEdge>> edges(parts);
    control_.run(parts, [&](std::size_t part) {
      if (control_.stop.stop_requested()) return;
      PairComparer::Memory memory = data_->comparer->memory();
      const std::size_t begin = pairs.size() * part / parts;
      const std::size_t end = pairs.size() * (part + 1) / parts;
      data_->scorer->each_at_least(kept, std::span(pairs).subspan(begin, end - begin), memory,
                                   [&](CardPair pair, double bits) {
                                     edges[part].push_back({pair.a, pair.b, bits});
                                   });
    });
    control_.check();
    control_.report("score", 1);
    std::vector<CardEdge> all;
    for (const std::vector<CardEdge>& some : edges) all.insert(all.end(), some.begin(), some.end());
    return all;
  }
  /// Pairs of a fresh card and another, by where the other one lies: what they are compared with, and how, is read in
  /// its order then. Counts them, too.
  /// \param starts  by fresh card: where its stretches begin in `of`, which holds rules and places of stretches
  std::vector<CardPair> candidate_pairs(const std::vector<RuleCandidates>& rules,
                                        const std::vector<std::size_t>& starts,
                                        const std::vector<std::pair<std::uint32_t, std::uint32_t>>& of) {
    std::vector<std::vector<CardPair>> made(tasks);  // fresh card, other card
    std::vector<std::vector<std::uint64_t>> by_rule(tasks, std::vector<std::uint64_t>(rules.size(), 0));
    control_.run(tasks, [&](std::size_t task) {
      std::vector<bool> met(now_.size());  // by card now: by the fresh card that is looked at
      std::vector<CardPair>& pairs = made[task];
      const std::size_t begin = fresh_.size() * task / tasks;
      const std::size_t end = fresh_.size() * (task + 1) / tasks;
      for (std::size_t place = begin; place < end && !control_.stop.stop_requested(); ++place) {
        const std::uint32_t card = fresh_[place];
        const std::size_t first = pairs.size();
        for (std::size_t i = starts[place]; i < starts[place + 1]; ++i) {  // by rule
          const auto [r, s] = of[i];
          const auto& stretch = rules[r].stretches[s];
          const std::size_t before = pairs.size();
          for (std::size_t k = stretch.begin; k < stretch.end; ++k) {
            const std::uint32_t other = rules[r].cards[k];
            if (met[other] || other == card || (other < card && is_fresh_[other]))
              continue;  // the first makes the pair
            met[other] = true;
            pairs.push_back({card, other});
          }
          by_rule[task][r] += pairs.size() - before;
        }
        for (std::size_t i = first; i < pairs.size(); ++i) met[pairs[i].b] = false;
      }
    });
    control_.check();
    for (const std::vector<std::uint64_t>& counts : by_rule)
      for (std::size_t r = 0; r < rules.size(); ++r) {
        data_->rules[rules[r].rule].added += counts[r];
        data_->pairs += counts[r];
      }
    constexpr unsigned near = 9;  // bits of cards that are near each other
    std::vector<std::size_t> next((now_.size() >> near) + 2, 0);
    for (const std::vector<CardPair>& some : made)
      for (const CardPair& pair : some) ++next[(pair.b >> near) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<CardPair> pairs(next.back());
    for (const std::vector<CardPair>& some : made)
      for (const auto& [card, other] : some)
        pairs[next[other >> near]++] = {std::min(card, other), std::max(card, other)};
    return pairs;
  }
  /// First keys of cards by the keys that split large blocks, looked up once a value.
  class SplitKeys {
   public:
    SplitKeys(const PreparedCards::Data& cards, const std::vector<BlockingKey>& keys)
        : cards_(cards), keys_(keys), of_value_(keys.size()) {}
    [[nodiscard]] std::size_t levels() const noexcept { return keys_.size(); }
    std::uint64_t operator()(std::size_t level, std::uint32_t card) {
      const FieldColumn& column = cards_[keys_[level].field];
      if (column.empty() || !column.further(card).empty()) return dedupe::first_key(cards_, keys_[level], card);
      if (column.first[card] == no_code) return 0;
      const auto [known, added] = of_value_[level].try_emplace(column.first[card]);
      if (added) known->second = dedupe::first_key(cards_, keys_[level], card);
      return known->second;
    }

   private:
    const PreparedCards::Data& cards_;
    const std::vector<BlockingKey>& keys_;
    std::vector<std::unordered_map<std::uint32_t, std::uint64_t>> of_value_;
  };

  /// \param nth  part of the rule's keys; \param fresh_place  by card of the batch: its place in fresh_; none
  RuleCandidates candidates(std::size_t r, std::size_t nth, const std::vector<std::uint32_t>& fresh_place) {
    RuleCandidates found;
    found.rule = r;
    const BlockingRuleReport& report = was_.rules[r];
    if (report.largest > 1 && report.blocks == 0 && report.split == 0) return found;  // left out for the budget
    const ColumnVector<KeyedCard>& all = keys_[r];
    const auto bound = [&](std::size_t of_part) {  // equal keys are in one part
      std::size_t at = all.size() * of_part / parts_of_rule;
      while (at > 0 && at < all.size() && all[at].key == all[at - 1].key) ++at;
      return at;
    };
    const std::size_t first_key = bound(nth);
    const std::span<const KeyedCard> keys = std::span(all).subspan(first_key, bound(nth + 1) - first_key);
    SplitKeys split_keys(*now_.data(), was_.split_by);
    std::vector<std::uint32_t> slots;
    std::vector<std::uint32_t> asking;  // places in fresh_
    const dedupe::KeyIndex& index = index_->rules[r];
    for (std::size_t begin = 0, end = 0; begin < keys.size(); begin = end) {
      asking.clear();
      for (; end < keys.size() && keys[end].key == keys[begin].key; ++end) {
        asking.push_back(fresh_place[keys[end].card]);
        if (end + 2 * keys_ahead < keys.size()) index.ask_beginning(keys[end + 2 * keys_ahead].key);
        if (end + keys_ahead < keys.size()) index.ask_neighbours(keys[end + keys_ahead].key);
      }
      const auto parts = index.with(keys[begin].key);
      slots.resize(parts[0].size() + parts[1].size());
      std::size_t size = 0;
      for (const auto part : parts) {
        for (const std::uint32_t slot : part) {
          slots[size] = slot;
          prefetch(&index_->card_of[slot]);
          size += representing_[slot] ? 1 : 0;
        }
      }
      const auto add = [&](std::span<const std::uint32_t> block) {
        const std::size_t first = found.cards.size();
        bool any = false;
        for (const std::uint32_t place : asking) {
          if (!std::binary_search(block.begin(), block.end(), fresh_[place])) continue;
          any = true;
          found.stretches.push_back({place, first, first + block.size()});
        }
        if (any) found.cards.insert(found.cards.end(), block.begin(), block.end());
      };
      if (size > 1) split(std::span(slots).first(size), asking, 0, split_keys, add);
    }
    return found;
  }
  /// The parts of a block in which fresh cards are: as split_block() makes them, but of what no fresh card is in, only
  /// that it is. \param asking  places in fresh_ of cards in it; \param level  in split_levels
  template <class Add>
  void split(std::span<const std::uint32_t> slots, const std::vector<std::uint32_t>& asking, std::size_t level,
             SplitKeys& keys, const Add& add) {
    if (slots.size() <= was_.block_limit || level == index_->split_levels.size() ||
        index_->split_levels[level] == keys.levels()) {
      std::vector<std::uint32_t> cards;
      cards.reserve(slots.size());
      for (const std::uint32_t slot : slots) cards.push_back(index_->card_of[slot]);
      if (!std::is_sorted(cards.begin(), cards.end())) std::sort(cards.begin(), cards.end());
      dedupe::split_block(std::span<const std::uint32_t>(cards), keys.levels(), was_.block_limit, keys, add,
                          level == 0 ? 0 : index_->split_levels[level - 1] + 1);
      return;
    }
    const Grown<std::uint64_t>& key_of = index_->split_keys[level];
    const auto key_at = [&](std::uint32_t place) { return key_of[index_->slot_of[fresh_[place]]]; };
    std::vector<std::uint64_t> wanted;
    for (const std::uint32_t place : asking) wanted.push_back(key_at(place));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    const auto each = [&](const auto& visit) {
      for (std::size_t i = 0; i < slots.size(); ++i) {
        if (i + slots_ahead < slots.size()) prefetch(&key_of[slots[i + slots_ahead]]);
        visit(slots[i], key_of[slots[i]]);
      }
    };
    if (wanted.size() == 1) {
      std::vector<std::uint32_t> part(slots.size());
      std::size_t size = 0;
      each([&](std::uint32_t slot, std::uint64_t key) {
        part[size] = slot;
        size += key == wanted[0] ? 1 : 0;
      });
      return split(std::span<const std::uint32_t>(part).first(size), asking, level + 1, keys, add);
    }
    const auto place_of = [&](std::uint64_t key) {
      return static_cast<std::size_t>(std::lower_bound(wanted.begin(), wanted.end(), key) - wanted.begin());
    };
    struct Part {
      std::vector<std::uint32_t> slots, asking;
    };
    std::vector<Part> parts(wanted.size());
    for (const std::uint32_t place : asking) parts[place_of(key_at(place))].asking.push_back(place);
    each([&](std::uint32_t slot, std::uint64_t key) {
      const std::size_t place = place_of(key);
      if (place < wanted.size() && wanted[place] == key) parts[place].slots.push_back(slot);
    });
    for (const Part& part : parts) split(std::span(part.slots), part.asking, level + 1, keys, add);
  }

  void cluster() {
    const clustering::Earlier earlier{was_.solved, to_, changed_};
    dedupe::cluster(*data_, control_, &earlier);
    control_.report("cluster", 1);
  }

  /// What visit(card before, list) puts into lists, in the order of cards.
  template <class T, class Visit>
  [[nodiscard]] std::vector<T> some_of_old(Visit visit) const {
    std::vector<std::vector<T>> lists((old_size_ + named_at_once - 1) / named_at_once);
    control_.run(lists.size(), [&](std::size_t k) {
      const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(old_size_, (k + 1) * named_at_once));
      for (auto old = static_cast<std::uint32_t>(k * named_at_once); old < end; ++old) visit(old, lists[k]);
    });
    std::vector<T> all;
    for (const std::vector<T>& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
  }

  /// Clusters that go on keep their names: a label where the first card's id does not say it.
  void name_clusters() {
    std::vector<std::uint32_t> of_groups;
    if (was_.numbered || !was_.labels.empty()) {  // else a cluster's first card is its id
      of_groups.resize(old_size_);
      std::iota(of_groups.begin(), of_groups.end(), 0U);
      for (const auto& group : was_.groups)
        for (const std::uint32_t card : group) of_groups[card] = group.front();
    }
    const std::vector<std::uint32_t>& first_before = of_groups.empty() ? was_.cluster_of : of_groups;
    const std::vector<std::uint32_t>& first_now = data_->cluster_of;
    // Clusters that are not the same cards as before: some came, some went elsewhere, or are gone.
    std::vector<bool> other_now(now_.size()), other_before(old_size_);
    for (const std::uint32_t card : number_of_batch_) other_now[first_now[card]] = true;
    const auto moved = some_of_old<std::uint32_t>([&](std::uint32_t old, auto& some) {
      if (old + firsts_ahead < old_size_) prefetch(&same_client_[first_before[old + firsts_ahead]]);
      const std::uint32_t card = same_client_[old];
      if (card == none || first_now[card] != same_client_[first_before[old]]) some.push_back(old);
    });
    for (const std::uint32_t old : moved) {
      other_before[first_before[old]] = true;
      if (same_client_[old] != none) other_now[first_now[same_client_[old]]] = true;
    }
    const auto goes_on_as = [&](std::uint32_t before) {  // the first card now of the same cards
      const std::uint32_t first = other_before[before] ? none : same_client_[before];
      return first == none || other_now[first] ? none : first;
    };
    // Of those: cards in common, cluster before, cluster now, by first cards.
    struct Overlap {
      std::uint32_t cards, before, now;
    };
    std::vector<Overlap> overlaps;
    auto seen = some_of_old<std::pair<std::uint32_t, std::uint32_t>>([&](std::uint32_t old, auto& some) {
      const std::uint32_t card = same_client_[old];
      if (card != none && (other_before[first_before[old]] || other_now[first_now[card]]))
        some.emplace_back(first_before[old], first_now[card]);
    });
    std::sort(seen.begin(), seen.end());
    for (std::size_t begin = 0, end = 0; begin < seen.size(); begin = end) {
      while (end < seen.size() && seen[end] == seen[begin]) ++end;
      overlaps.push_back({static_cast<std::uint32_t>(end - begin), seen[begin].first, seen[begin].second});
    }
    std::stable_sort(overlaps.begin(), overlaps.end(),
                     [](const Overlap& x, const Overlap& y) { return x.cards > y.cards; });
    std::unordered_map<std::uint32_t, std::uint32_t>
        goes_on;  // by first card now: first card of the cluster that it was
    std::unordered_set<std::uint32_t> taken;
    for (const Overlap& each : overlaps)
      if (goes_on.count(each.now) == 0 && taken.insert(each.before).second) goes_on.emplace(each.now, each.before);

    if (was_.numbered) {
      for (std::uint32_t old = 0; old < old_size_; ++old)
        if (const std::uint32_t first = first_before[old] == old ? goes_on_as(old) : none; first != none)
          goes_on.emplace(first, old);
      return keep_numbers(goes_on);
    }
    std::unordered_map<std::uint32_t, std::string> named = names_before(first_before);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> with_names(goes_on.begin(), goes_on.end());
    for (const auto& [before, name] : named)  // the others are called after their first card, as ever
      if (const std::uint32_t first = goes_on_as(before); first != none) with_names.emplace_back(first, before);
    std::sort(with_names.begin(), with_names.end());
    std::vector<std::uint32_t> labelled;
    for (const auto& [first, before] : with_names) {
      const auto name = named.find(before);
      if (name == named.end() && same_client_[before] == first) continue;
      std::string label = name != named.end() ? std::move(name->second) : was_.cards.id(before).to_text();
      if (label == now_.id(first).to_text()) continue;
      labelled.push_back(first);
      data_->labels.push_back(std::move(label));
    }
    if (labelled.empty()) return;
    std::vector<bool> has_label(now_.size());
    for (const std::uint32_t first : labelled) has_label[first] = true;
    const auto labels = static_cast<std::uint32_t>(labelled.size());
    for (std::uint32_t& cluster : data_->cluster_of)
      cluster = !has_label[cluster]
                    ? labels + cluster
                    : static_cast<std::uint32_t>(std::lower_bound(labelled.begin(), labelled.end(), cluster) -
                                                 labelled.begin());
  }
  /// \param goes_on  by first card now: first card of the cluster that it was
  void keep_numbers(const std::unordered_map<std::uint32_t, std::uint32_t>& goes_on) {
    data_->numbered = true;
    std::uint32_t next = 0;
    for (const std::uint32_t number : was_.cluster_of) next = std::max(next, number + 1);
    std::vector<std::uint32_t> number_of(now_.size());
    for (std::uint32_t card = 0; card < number_of.size(); ++card) {
      std::uint32_t& cluster = data_->cluster_of[card];
      const std::uint32_t first = cluster;
      if (first == card) {
        const auto before = goes_on.find(card);
        number_of[card] = before == goes_on.end() ? next++ : was_.cluster_of[before->second];
      }
      cluster = number_of[first];
    }
  }
  /// What clusters before were called other than their first card, by that card.
  [[nodiscard]] std::unordered_map<std::uint32_t, std::string> names_before(
      const std::vector<std::uint32_t>& first_before) const {
    std::unordered_map<std::uint32_t, std::string> named;
    if (was_.labels.empty()) return named;
    const std::unordered_set<std::string> labels(was_.labels.begin(), was_.labels.end());
    for (std::uint32_t card = 0; card < old_size_; ++card)
      if (first_before[card] == card && was_.cluster_of[card] < was_.labels.size())
        named.emplace(card, was_.labels[was_.cluster_of[card]]);
    // Clusters whose first card's id is the label of another one.
    std::map<std::uint32_t, std::vector<std::uint32_t>> others;
    for (const std::string& label : was_.labels) {
      const auto card = was_.cards.card_of(ClientId(label));
      if (card && first_before[*card] == *card && named.count(*card) == 0) others[*card];
    }
    if (others.empty()) return named;
    for (std::uint32_t card = 0; card < old_size_; ++card)
      if (const auto found = others.find(first_before[card]); found != others.end()) found->second.push_back(card);
    for (const auto& [first, cards] : others)
      named.emplace(first, dedupe::default_cluster_name(
                               cards, labels, [&](std::uint32_t card) { return was_.cards.id(card).to_text(); }));
    return named;
  }

  const CardIndex::Data& before_;
  const Duplicates::Data& was_;
  const PreparedCards::Data& old_;
  std::uint32_t old_size_;
  const ClientBase& base_;
  const CardChanges& changes_;
  const Control& control_;
  std::shared_ptr<Duplicates::Data> data_;
  std::shared_ptr<CardIndex::Data> index_;

  PreparedCards batch_;
  std::vector<std::uint32_t> places_;  ///< by card of the batch: before which card of old it stands
  std::vector<bool> replaces_;         ///< whether it takes that one's place
  std::vector<std::uint8_t> dead_;     ///< by card before: gone, or in the batch now
  std::vector<std::uint32_t> gone_;    ///< those
  std::vector<CardPair> new_must_;     ///< by client codes
  std::vector<CardPair> new_cannot_;
  std::uint32_t size_{0};                       ///< cards now
  std::vector<CardRun> runs_;                   ///< all of them
  std::vector<std::uint32_t> number_of_batch_;  ///< by place in the batch: card now
  ColumnVector<std::uint32_t> to_;              ///< by card before: card now; none: dead
  ColumnVector<std::uint32_t> same_client_;     ///< the same, also where the card is in the batch
  PreparedCards now_;
  std::vector<std::uint8_t> changed_;  ///< by card now: its component is to be clustered
  std::vector<std::uint8_t> linked_;
  std::vector<ColumnVector<KeyedCard>> keys_;  ///< by rule: keys of the batch
  std::vector<std::uint32_t> fresh_;           ///< cards now whose pairs are to be made
  std::vector<bool> is_fresh_;                 ///< by card now
  std::vector<bool> representing_;             ///< by slot: its card is there, and equals no earlier one
  ColumnVector<std::uint32_t> edge_end_;       ///< by card before: whom its edges belong to now; none: nobody
  std::vector<std::uint8_t> stands_;           ///< by representative before: those who equal it are the same as before
  std::vector<CardEdge> kept_;                 ///< of those before
  std::vector<CardEdge> moved_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> equal_;  ///< representative now, card that equals it
};

/// Of an index without cards: there is no model to keep. Cards that were removed from it before stay so.
CardIndex of_first_cards(const Duplicates& empty, const ClientBase& base, const CardChanges& changes,
                         const Control& control) {
  CardIndex index(find_duplicates(base, empty.options(), control), control);
  CardChanges all = changes;
  const std::size_t before = empty.cards().base().chunks(TableId::clients).size();
  for (const std::uint32_t code : base.codes_in_order())
    if (const auto card = base.card_of(code); card && card->chunk < before) all.removed.push_back(base.id_of(code));
  const bool nothing = all.removed.empty() && all.must_links.empty() && all.cannot_links.empty();
  return nothing || index.found().cards().size() == 0 ? index : index.add(base, all, control);
}

}  // namespace

CardIndex CardIndex::add(const ClientBase& base, const CardChanges& changes, const Control& control) const {
  const PreparedCards& cards = data_->found.cards();
  if (cards.two_lists())
    throw Error(Code::invalid_argument, "cards are added to an index of one list, not of two that were linked", "base");
  if (!base.extends(cards.base()) || base.is_mapped())
    throw Error(Code::invalid_argument, "the base does not extend the one that the index was made of", "base");
  if (cards.size() == 0) return of_first_cards(data_->found, base, changes, control);
  return Update(*data_, base, changes, control).run();
}

}  // namespace klientela
