// Terms: every stretch of rows interns its own, then the stretches are joined in order.
#include "ingest/term_coder.hpp"

#include <algorithm>

#include "ingest/cells.hpp"

namespace klientela::detail {

namespace {

constexpr std::size_t stretch = std::size_t{1} << 20;

}  // namespace

void code_terms(const Source& source, const RejectMap& rejected, std::shared_ptr<const TermList>& list,
                std::span<std::uint32_t> codes, const Control& control) {
  if (source.type->kind == Kind::null) {
    std::fill(codes.begin(), codes.end(), no_code);
    return;
  }
  const std::size_t tasks = (codes.size() + stretch - 1) / stretch;
  std::vector<index::Interner> own(tasks);
  control.run(tasks, [&](std::size_t task) {
    control.check();
    index::Interner& terms = own[task];
    const std::size_t begin = task * stretch;
    const std::size_t n = std::min(stretch, codes.size() - begin);
    std::vector<std::uint32_t> by_entry;
    const ArrayView* dictionary = nullptr;
    constexpr std::uint32_t unseen = no_code - 1;
    const auto intern = [&](const ArrayView& array, std::int64_t i) {
      const std::string_view text = trimmed(array.text(i).value_or(std::string_view{}));
      return text.empty() ? no_code : terms.code_of(text, [](std::string_view kept) { return kept; });
    };
    source.for_parts(begin, n, [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t count) {
      const bool coded = array.type->kind == Kind::dictionary;
      if (coded && array.child.get() != dictionary) {
        dictionary = array.child.get();
        by_entry.assign(static_cast<std::size_t>(dictionary->length), unseen);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = begin + done + i;
        const std::int64_t at = first + static_cast<std::int64_t>(i);
        codes[row] = no_code;
        if (rejected.test(row) || array.is_null(at)) continue;
        if (!coded) {
          codes[row] = intern(array, at);
          continue;
        }
        const std::int64_t entry = array.code(at);
        if (entry < 0) continue;
        std::uint32_t& known = by_entry[static_cast<std::size_t>(entry)];
        if (known == unseen) known = intern(*dictionary, entry);
        codes[row] = known;
      }
    });
  });

  // Join: new terms are known by the end of the joint list only.
  std::vector<std::vector<std::uint32_t>> joined(tasks);
  std::shared_ptr<TermList> grown;
  for (std::size_t task = 0; task < tasks; ++task) {
    joined[task].reserve(own[task].texts().size());
    for (const std::string_view text : own[task].texts()) {
      if (!grown) {
        grown = std::make_shared<TermList>();
        if (list) {
          grown->terms = list->terms.copy();
          grown->owners = list->owners;
        }
        grown->owners.push_back(std::make_shared<index::Arena>());
      }
      index::Arena& arena = *grown->owners.back();
      joined[task].push_back(grown->terms.code_of(text, [&](std::string_view kept) { return arena.keep(kept); }));
    }
  }
  if (grown && (!list || grown->terms.texts().size() > list->terms.texts().size())) list = std::move(grown);
  if (!list) list = std::make_shared<const TermList>();
  control.run(tasks, [&](std::size_t task) {
    const std::size_t end = std::min((task + 1) * stretch, codes.size());
    const std::uint32_t* const to = joined[task].data();
    for (std::size_t row = task * stretch; row < end; ++row)
      if (codes[row] != no_code) codes[row] = to[codes[row]];
  });
}

std::shared_ptr<const TermList> closed_list(std::span<const ClosedValue> values) {
  auto list = std::make_shared<TermList>();
  for (const ClosedValue& value : values) list->terms.code_of(value.name, [](std::string_view text) { return text; });
  return list;
}

}  // namespace klientela::detail
