// Feeds cards made of bytes to the search for duplicates: whatever they hold, answers agree with each other, links that
// somebody set are kept, and every table can be made.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/ingest/builder.hpp"

namespace {

using namespace klientela;

constexpr std::size_t most_cards = 24;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// The text up to the next mark, which is taken off, too.
std::string_view next(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// A card a line: kind, name, given, middle, family name, e-mails, phones, address, city, country, tax numbers, source,
/// day of birth as a byte, with | between; values of a list with a comma.
ClientRow card_of(std::string_view line, std::int64_t number) {
  const auto text = [&] { return std::string(next(line, '|')); };
  const auto list = [&] {
    std::vector<std::string> values;
    for (std::string_view rest = next(line, '|'); !rest.empty();) {
      values.emplace_back(next(rest, ','));
      std::replace(values.back().begin(), values.back().end(), ';', ' ');
    }
    return values;
  };
  ClientRow row{.client = number};
  const std::string kind = text();
  row.kind = kind == "p" ? "person" : kind == "o" ? "organisation" : "";
  row.name = text();
  row.given_name = text();
  row.middle_name = text();
  row.family_name = text();
  row.emails = list();
  row.phones = list();
  row.addresses = list();
  row.city = text();
  row.country = text();
  row.tax_numbers = list();
  row.source = text();
  if (!line.empty()) row.birthday = first_day + std::chrono::days(static_cast<unsigned char>(line[0]) * 100);
  return row;
}

/// The fuzzer's own view of what was found, which has to hold for any cards.
void check(const Duplicates& found, const DedupeKnowledge& known) {
  const PreparedCards& cards = found.cards();
  const auto n = static_cast<std::uint32_t>(cards.size());
  require(found.cluster_of().size() == n);
  std::vector<std::uint32_t> seen(n, 0);
  for (const auto& group : found.groups()) {
    require(group.size() > 1 && std::is_sorted(group.begin(), group.end()));
    for (const std::uint32_t card : group) {
      require(seen[card]++ == 0 && found.cluster_of()[card] == found.cluster_of()[group[0]]);
    }
  }
  for (const CardPair& pair : known.must_links) require(found.cluster_of()[pair.a] == found.cluster_of()[pair.b]);
  for (const CardPair& pair : known.cannot_links) require(found.cluster_of()[pair.a] != found.cluster_of()[pair.b]);
  std::vector<CardPair> pairs;  // each one and its reverse
  for (std::uint32_t a = 0; a < n; ++a)
    for (std::uint32_t b = a + 1; b < n; ++b) pairs.insert(pairs.end(), {{a, b}, {b, a}});
  const auto levels = compare(cards, found.comparisons(), pairs);
  const std::size_t width = found.comparisons().size();
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto row = levels.begin() + static_cast<std::ptrdiff_t>(i * width);
    const auto end = row + static_cast<std::ptrdiff_t>(width);
    require(std::equal(row, end, end));
    const PairEvidence evidence = found.explain(pairs[i]);
    require(std::equal(row, end, evidence.levels.begin(), evidence.levels.end()));
  }
  for (const CardEdge& edge : found.edges())
    require(edge.a < edge.b && found.explain({edge.a, edge.b}).explanation.score == edge.score);
  require(clusters_table(found).rows() == n);
  require(pairs_table(found, -1e9).rows() == found.edges().size());
  std::size_t joins = 0;
  for (const auto& group : found.groups()) joins += group.size() - 1;
  require(joins_table(found).rows() == joins);
  require(cuts_table(found).rows() == found.clusters().cuts.size());
  require(review_table(found).rows() == found.clusters().review.size());
  static_cast<void>(links_table(found));
  static_cast<void>(blocking_table(found));
  require(!duplicates_summary_json(found).empty());
}

}  // namespace

// The first line: a byte for the way of clustering, one for what sources say, one for how many cards are of a second
// list, and pairs of bytes that are must-links (small letters) or cannot-links (others).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Normaliser normaliser;
  if (size > 8192) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view head = next(rest, '\n');
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < head.size() ? static_cast<unsigned char>(head[i]) : 0;
  };
  DedupeOptions options;
  options.random_pairs = 1000;
  options.training_pairs = 100;
  options.clusters.method = static_cast<CardClusterMethod>(byte(0) % 6);
  options.clusters.sources = static_cast<CardSourceRule>(byte(1) % 4);
  options.blocking.max_block = 2 + byte(2) / 16;
  const std::size_t second = byte(2) % 16;

  std::array<BaseBuilder, 2> lists;
  for (std::int64_t number = 0; !rest.empty() && number < static_cast<std::int64_t>(most_cards); ++number)
    lists[static_cast<std::size_t>(number) < second ? 1 : 0].add(card_of(next(rest, '\n'), number));
  const ClientBase first = lists[0].build().base;
  const PreparedCards cards =
      second > 0 ? prepare_cards(first, lists[1].build().base, normaliser) : prepare_cards(first, normaliser);
  DedupeKnowledge known;
  for (std::size_t i = 3; i + 1 < head.size() && cards.size() > 1; i += 2) {
    const CardPair pair{static_cast<std::uint32_t>(byte(i) % cards.size()),
                        static_cast<std::uint32_t>(byte(i + 1) % cards.size())};
    if (pair.a == pair.b) continue;
    (byte(i) >= 'a' && byte(i) <= 'z' ? known.must_links : known.cannot_links).push_back(pair);
  }
  try {
    const Duplicates found = find_duplicates(cards, options, known);
    check(found, known);
    ThreadPool pool(3);
    Control control;
    control.executor = &pool;
    const Duplicates again = find_duplicates(cards, options, known, control);
    require(std::equal(found.edges().begin(), found.edges().end(), again.edges().begin(), again.edges().end()));
    require(found.groups() == again.groups());
  } catch (const Error& error) {
    require(error.code() == Code::invalid_argument);
    require(error.where() == "clients" || error.where() == "cannot_links" || error.where() == "sources");
  }
  return 0;
}
