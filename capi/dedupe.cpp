// C ABI of the dedupe stage: how alike two texts are, and lists of them; blocking rules that suit the cards.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "call_guard.hpp"
#include "handles.hpp"
#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/dedupe/similarity_batch.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

Scorer need_scorer(klt_scorer scorer) {
  if (scorer < 0 || static_cast<std::size_t>(scorer) >= scorer_count)
    throw Error(Code::invalid_argument, "scorer is none of KLT_SCORER_...", "scorer");
  return static_cast<Scorer>(scorer);
}

std::optional<double> cutoff_or_none(double cutoff) {
  if (std::isnan(cutoff)) throw Error(Code::invalid_argument, "cutoff is not a number", "cutoff");
  return cutoff < 0 ? std::nullopt : std::optional(cutoff);
}

std::string_view need_utf8(const char* text, std::size_t size, const char* argument) {
  const std::string_view view(&need(text, argument), size);
  if (!is_utf8(view))
    throw Error(Code::invalid_argument, std::string("argument '") + argument + "' is not UTF-8", argument);
  return view;
}

bool is_ascii(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

/// Code points of valid UTF-8.
void decode(std::string_view text, std::vector<char32_t>& points) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    unsigned point = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t k = 1; k <= more; ++k) point = point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    points.push_back(point);
    i += more + 1;
  }
}

std::vector<char32_t> decoded(std::string_view text) {
  std::vector<char32_t> points;
  points.reserve(text.size());
  decode(text, points);
  return points;
}

/// A list as the caller holds it, checked.
struct Given {
  Given(const std::int64_t* offset, const char* bytes, std::size_t count, const char* offset_name,
        const char* byte_name)
      : offsets(&need(offset, offset_name), count < SIZE_MAX ? count + 1 : 0) {
    need(bytes, byte_name);
    if (offsets.empty()) throw Error(Code::out_of_range, "there are more texts than memory can hold", offset_name);
    for (std::size_t i = 0; i <= count; ++i)
      if (offsets[i] < (i == 0 ? 0 : offsets[i - 1]))
        throw Error(Code::invalid_argument, std::string(offset_name) + " fall or are negative", offset_name);
    characters = {bytes, static_cast<std::size_t>(offsets[count])};
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view text = (*this)[i];
      if (!is_utf8(text))
        throw Error(Code::invalid_argument, "text " + std::to_string(i) + " of '" + byte_name + "' is not UTF-8",
                    byte_name);
      ascii = ascii && is_ascii(text);
    }
  }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return characters.substr(static_cast<std::size_t>(offsets[i]),
                             static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
  }
  [[nodiscard]] TextList<char> bytes() const noexcept { return {offsets, {characters.data(), characters.size()}}; }

  std::span<const std::int64_t> offsets;
  std::string_view characters;
  bool ascii{true};
};

struct Points {
  explicit Points(const Given& given) {
    for (std::size_t i = 0; i + 1 < given.offsets.size(); ++i) {
      decode(given[i], characters);
      offsets.push_back(static_cast<std::int64_t>(characters.size()));
    }
  }
  [[nodiscard]] TextList<char32_t> list() const noexcept { return {offsets, characters}; }
  std::vector<std::int64_t> offsets{0};
  std::vector<char32_t> characters;
};

}  // namespace

extern "C" {

klt_status klt_similarity(klt_context* context, klt_scorer scorer, const char* a, size_t a_size, const char* b,
                          size_t b_size, double cutoff, double* out) {
  return guard(context, [&] {
    const std::string_view one = need_utf8(a, a_size, "a");
    const std::string_view other = need_utf8(b, b_size, "b");
    need(out, "out");
    const Scorer wanted = need_scorer(scorer);
    const std::optional<double> limit = cutoff_or_none(cutoff);
    if (is_ascii(one) && is_ascii(other))
      *out = similarity<char>(wanted, one, other, limit);
    else
      *out = similarity<char32_t>(wanted, decoded(one), decoded(other), limit);
  });
}

klt_status klt_similarity_many(klt_context* context, klt_scorer scorer, const int64_t* query_offsets,
                               const char* query_bytes, size_t query_count, const int64_t* choice_offsets,
                               const char* choice_bytes, size_t choice_count, double cutoff, double* out) {
  return guard(context, [&] {
    const Given queries(query_offsets, query_bytes, query_count, "query_offsets", "query_bytes");
    const Given choices(choice_offsets, choice_bytes, choice_count, "choice_offsets", "choice_bytes");
    need(out, "out");
    const Scorer wanted = need_scorer(scorer);
    const std::optional<double> limit = cutoff_or_none(cutoff);
    if (choice_count != 0 && query_count > SIZE_MAX / sizeof(double) / choice_count)
      throw Error(Code::out_of_range, "there are more pairs than memory can hold", "query_count");
    const std::span<double> room(out, query_count * choice_count);
    const Running call(*context);
    if (queries.ascii && choices.ascii)
      similarity_many(queries.bytes(), choices.bytes(), wanted, room, limit, call.control());
    else
      similarity_many(Points(queries).list(), Points(choices).list(), wanted, room, limit, call.control());
  });
}

klt_status klt_soundex(klt_context* context, const char* name, size_t name_size, char* out) {
  return guard(context, [&] {
    const auto code = soundex(need_utf8(name, name_size, "name"));
    need(out, "out");
    std::memcpy(out, code.data(), code.size());
    out[code.size()] = '\0';
  });
}

double klt_relative_difference(double a, double b) { return relative_difference(a, b); }

double klt_haversine_distance(double latitude_a, double longitude_a, double latitude_b, double longitude_b) {
  return haversine_distance(latitude_a, longitude_a, latitude_b, longitude_b);
}

klt_status klt_propose_rules(klt_context* context, const klt_base* base, const klt_base* second, const char* dedupe,
                             klt_table** out) {
  return guard(context, [&] {
    const ClientBase& first = need(base, "base").base;
    need(out, "out");
    const DedupeOptions options =
        dedupe == nullptr ? DedupeOptions() : dedupe_options_from_json(need_text(dedupe, "dedupe"));
    const Running call(*context);
    const Normaliser normaliser(options.normaliser);
    const PreparedCards cards = second == nullptr ? prepare_cards(first, normaliser, call.control())
                                                  : prepare_cards(first, second->base, normaliser, call.control());
    give(out, rule_proposals_table(propose_rules(cards, options, call.control())));
  });
}

}  // extern "C"
