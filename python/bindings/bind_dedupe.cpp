// Binds the dedupe stage: how alike texts, numbers and places are.
#include <pybind11/numpy.h>

#include <algorithm>

#include "common.hpp"
#include "klientela/dedupe/similarity_batch.hpp"

namespace klientela::python {
namespace {

/// The code points of a str in their own width; bytes where all are ASCII.
struct Points {
  Points(const py::handle& text, const std::string& argument) {
    if (!PyUnicode_Check(text.ptr()))
      throw Error(Code::invalid_argument,
                  argument + " cannot be of the type " + py::type::of(text).attr("__name__").cast<std::string>(),
                  argument);
    object = text.ptr();
    size = static_cast<std::size_t>(PyUnicode_GET_LENGTH(object));
    is_ascii = PyUnicode_IS_ASCII(object) != 0;
    if (is_ascii) return;
    for (std::size_t i = 0; i < size; ++i)
      if ((*this)[i] >= 0xD800 && (*this)[i] <= 0xDFFF) utf8(text);  // says what is wrong
  }
  [[nodiscard]] Py_UCS4 operator[](std::size_t i) const noexcept {
    return PyUnicode_READ_CHAR(object, static_cast<Py_ssize_t>(i));
  }
  [[nodiscard]] std::span<const char> bytes() const noexcept {
    return {static_cast<const char*>(PyUnicode_DATA(object)), size};
  }
  void append_to(std::vector<char32_t>& characters) const {
    for (std::size_t i = 0; i < size; ++i) characters.push_back((*this)[i]);
  }

  PyObject* object;
  std::size_t size;
  bool is_ascii;
};

double compare(Scorer scorer, const py::handle& a, const py::handle& b, std::optional<double> cutoff) {
  const Points one(a, "a");
  const Points other(b, "b");
  if (one.is_ascii && other.is_ascii) return similarity(scorer, one.bytes(), other.bytes(), cutoff);
  std::vector<char32_t> x;
  std::vector<char32_t> y;
  x.reserve(one.size);
  y.reserve(other.size);
  one.append_to(x);
  other.append_to(y);
  return similarity<char32_t>(scorer, x, y, cutoff);
}

Scorer scorer_from(const std::string& given) {
  if (const auto scorer = scorer_named(given)) return *scorer;
  std::string known;
  for (std::size_t i = 0; i < scorer_count; ++i)
    known += (i == 0 ? "" : ", ") + std::string(name(static_cast<Scorer>(i)));
  throw Error(Code::not_found, "there is no scorer \"" + given + "\"; there are " + known, "scorer");
}

std::vector<Points> points_of(const py::list& texts, const std::string& argument) {
  std::vector<Points> points;
  points.reserve(texts.size());
  for (const py::handle text : texts) {
    if (!PyUnicode_Check(text.ptr()))
      throw Error(Code::invalid_argument,
                  argument + "[" + std::to_string(points.size()) + "] is no text but of the type " +
                      py::type::of(text).attr("__name__").cast<std::string>(),
                  argument);
    points.emplace_back(text, argument);
  }
  return points;
}

template <class C>
struct Texts {
  explicit Texts(const std::vector<Points>& points) {
    offsets.reserve(points.size() + 1);
    for (const Points& each : points) {
      if constexpr (sizeof(C) == 1)
        characters.insert(characters.end(), each.bytes().begin(), each.bytes().end());
      else
        each.append_to(characters);
      offsets.push_back(static_cast<std::int64_t>(characters.size()));
    }
  }
  [[nodiscard]] TextList<C> list() const noexcept { return {offsets, characters}; }

  std::vector<std::int64_t> offsets{0};
  std::vector<C> characters;
};

template <class C, class T>
py::array compare_all(const std::vector<Points>& queries, const std::vector<Points>& choices, Scorer scorer,
                      std::optional<double> cutoff, std::size_t threads) {
  const Texts<C> q(queries);
  const Texts<C> c(choices);
  py::array_t<T> result({queries.size(), choices.size()});
  const std::span<T> out(result.mutable_data(), queries.size() * choices.size());
  long_call(threads, py::none(), [&](const Control& control) {
    similarity_many(q.list(), c.list(), scorer, out, cutoff, control);
    return true;
  });
  return result;
}

py::array cdist(const py::list& queries, const py::list& choices, const std::string& scorer,
                std::optional<double> cutoff, const std::string& type, std::size_t threads) {
  const Scorer wanted = scorer_from(scorer);
  // The lists were made for this call: what they hold stays as it is without the GIL.
  const std::vector<Points> q = points_of(queries, "queries");
  const std::vector<Points> c = points_of(choices, "choices");
  const auto is_ascii = [](const Points& text) { return text.is_ascii; };
  const bool narrow = std::all_of(q.begin(), q.end(), is_ascii) && std::all_of(c.begin(), c.end(), is_ascii);
  const auto as = [&]<class T>(T) {
    return narrow ? compare_all<char, T>(q, c, wanted, cutoff, threads)
                  : compare_all<char32_t, T>(q, c, wanted, cutoff, threads);
  };
  if (type == "float32") return as(float{});
  if (type == "float64") return as(double{});
  if (type != "int32") throw Error(Code::invalid_argument, "dtype is float32, float64 or int32, not " + type, "dtype");
  if (!is_distance(wanted)) throw Error(Code::invalid_argument, "int32 cannot hold what " + scorer + " says", "dtype");
  return as(std::int32_t{});
}

template <Scorer scorer>
void bind_scorer(py::module_& module, const char* summary) {
  constexpr bool counts = scorer == Scorer::levenshtein_distance || scorer == Scorer::osa_distance ||
                          scorer == Scorer::damerau_levenshtein_distance;
  using Cutoff = std::conditional_t<counts, std::size_t, double>;
  const std::string documentation =
      std::string(summary) + R"doc(

Parameters
----------
a, b : str
    Compared by code points; a lone surrogate is an InvalidArgumentError.
cutoff : )doc" +
      (counts ? "int, optional\n    A distance above it comes out as cutoff + 1, in less time."
              : "float, optional\n    A similarity below it comes out as 0, in less time.");
  module.def(
      std::string(name(scorer)).c_str(),
      [](const py::object& a, const py::object& b, std::optional<Cutoff> cutoff) {
        const std::optional<double> limit = cutoff ? std::optional<double>(static_cast<double>(*cutoff)) : std::nullopt;
        return static_cast<std::conditional_t<counts, std::size_t, double>>(compare(scorer, a, b, limit));
      },
      py::arg("a"), py::arg("b"), py::kw_only(), py::arg("cutoff") = py::none(), documentation.c_str());
}

}  // namespace

void bind_dedupe(py::module_& module) {
  bind_scorer<Scorer::jaro_similarity>(
      module, "Jaro similarity, 0 to 1: characters in common within reach, and how many of them are out of order.");
  bind_scorer<Scorer::jaro_winkler_similarity>(
      module, "Jaro similarity, raised above 0.7 by a tenth of what is left per common first character, at most four.");
  bind_scorer<Scorer::levenshtein_distance>(module, "Fewest insertions, deletions and substitutions of a character.");
  bind_scorer<Scorer::levenshtein_similarity>(module, "1 - levenshtein_distance / the longer length, 0 to 1.");
  bind_scorer<Scorer::osa_distance>(
      module, "Levenshtein distance with swaps of neighbours, no place edited twice (optimal string alignment).");
  bind_scorer<Scorer::osa_similarity>(module, "1 - osa_distance / the longer length, 0 to 1.");
  bind_scorer<Scorer::damerau_levenshtein_distance>(
      module, "Levenshtein distance with swaps of neighbours that may be edited again (unrestricted).");
  bind_scorer<Scorer::damerau_levenshtein_similarity>(module,
                                                      "1 - damerau_levenshtein_distance / the longer length, 0 to 1.");
  bind_scorer<Scorer::token_sort_ratio>(
      module, "How alike the texts are with their words in alphabetical order, 0 to 100; insertions and deletions.");
  bind_scorer<Scorer::token_set_ratio>(
      module, "How alike the sets of words are, 0 to 100; 100 where one has all words of the other.");
  bind_scorer<Scorer::bigram_similarity>(module, "Dice coefficient of the pairs of neighbouring characters, 0 to 1.");
  bind_scorer<Scorer::trigram_similarity>(module,
                                          "Dice coefficient of the triples of neighbouring characters, 0 to 1.");
  module.def(
      "soundex",
      [](const py::object& text) {
        const Points points(text, "name");
        std::vector<char32_t> characters;
        points.append_to(characters);
        const auto code = soundex(characters);
        return code[0] == '\0' ? std::string() : std::string(code.data(), code.size());
      },
      py::arg("name"),
      R"doc(Soundex code of a name in ASCII letters, as the US National Archives make it: a letter and three digits.

Other characters are passed over; a name without any letter has the code "".)doc");
  module.def("relative_difference", &relative_difference, py::arg("a"), py::arg("b"),
             R"doc(|a - b| / max(|a|, |b|): 0 for equal numbers, at most 2; NaN where a number is NaN.)doc");
  module.def("haversine_distance", &haversine_distance, py::arg("latitude_a"), py::arg("longitude_a"),
             py::arg("latitude_b"), py::arg("longitude_b"),
             R"doc(Great-circle distance in metres of two places in degrees, north and east positive.)doc");
  module.def("_cdist", &cdist);
}

}  // namespace klientela::python
