// The parts of the report page and what they share; html.cpp puts them together.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "klientela/report/report.hpp"
#include "report/facts.hpp"
#include "report/speech.hpp"
#include "report/text.hpp"

namespace klientela::report {

/// The page being written. Whatever is put in is HTML: text of strangers goes through cell(), escaped() or Speech.
class Page {
 public:
  Page(const ReportInput& about, const ReportOptions& wishes)
      : input(about),
        options(wishes),
        say(wishes.language, about.base.currency()),
        money(money_column(about.features)) {}

  const ReportInput& input;
  const ReportOptions& options;
  const Speech say;
  const Column* const money;  ///< what clients are compared by; null where the features have no money

  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }
  void raw(std::string_view html) { html_ += html; }
  [[nodiscard]] std::string take() { return std::move(html_); }

  /// Opens a section with its heading.
  void open(std::string_view id, std::string_view heading) {
    put("<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>", id, heading);
  }
  void close() { raw("</section>\n"); }
  /// What a classifier, or the run, has to say about its result as a whole.
  void notes(const std::vector<Note>& notes) {
    for (const Note& note : notes)
      put("<p class=\"note warn\"><bdi>{}</bdi></p>", escaped(note.text(options.language)));
  }
  /// A table that can be wider than the screen: opens the frame that scrolls, reachable by keyboard.
  void open_scroll(std::string_view label) {
    put("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">", label);
  }

 private:
  std::string html_;
};

/// Text of strangers as HTML, cut to a bounded length and isolated from the direction of the text around it.
[[nodiscard]] inline std::string cell(std::string_view text, std::size_t characters = 120) {
  return "<bdi>" + escaped(shortened(text, characters)) + "</bdi>";
}

/// A client: its id, and below it the name where a card says one.
[[nodiscard]] std::string client_cell(const Page& page, const ClientId& client);

/// A count for eyes in cells of tables: where it is long, its exact form on wide screens and 12.3k on narrow ones.
/// Readers of the page aloud always get the exact one.
[[nodiscard]] std::string cell_count(const Speech& say, std::uint64_t count);

/// Intensity class 0 to 9 of a count among counts up to `most`, by its logarithm; call for counts above 0.
[[nodiscard]] int intensity(std::uint64_t count, std::uint64_t most) noexcept;

/// Colour class of a group: cold, warm, hot and partner have colours of their own, others go by their place.
[[nodiscard]] std::string colour_of(std::string_view group, std::size_t place);

void put_figures(Page& page);
void put_matrix(Page& page, const MatrixView& matrix, const std::vector<CellTotals>& cells);
void put_rfm(Page& page, const Classification& rfm);
void put_abc(Page& page, const Classification& abc);
/// What the two bars of put_labels stand for.
[[nodiscard]] std::string meaning_of_bars(const Page& page);
/// A table of labels with bars, clients and money. \param legend  whether to say what the bars are
void put_labels(Page& page, std::string_view heading, const std::vector<std::string>& labels, const LabelTotals& totals,
                bool legend = true);
/// Counts, shares and money by the labels of every classifier that the page has no picture of.
void put_classes(Page& page);
void put_top(Page& page, const MatrixView& matrix, const std::vector<CellTotals>& cells);
/// Nothing where there is no history of at least two days.
void put_movement(Page& page, const Control& control);
void put_attention(Page& page);
/// Nothing where there is no plan.
void put_plan(Page& page);
void put_profiles(Page& page);
/// Nothing where no duplicates were looked for.
void put_duplicates(Page& page);
/// Nothing where no attribute of any card is known and there are no rules.
void put_coverage(Page& page);
void put_rejected(Page& page);
void put_definitions(Page& page);

}  // namespace klientela::report
