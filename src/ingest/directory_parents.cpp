// Circles among the parents of entries: see directory_parents.hpp.
#include "ingest/directory_parents.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "klientela/model/schema.hpp"

namespace klientela::detail {

namespace {

constexpr std::size_t old_row = static_cast<std::size_t>(-1);

struct Entry {
  std::size_t row;  // of this delivery, or old_row
  std::string parent;
  std::size_t walk{0};  // the last one that saw it
};
using Entries = std::unordered_map<std::string, Entry>;  // of one directory by code

/// What a directory goes by: a plural is the same one as its singular.
std::string key_of(std::string_view name) {
  std::string key = folded_name(name);
  if (key.ends_with("ies"))
    key.replace(key.size() - 3, 3, "y");
  else if (key.ends_with('s'))
    key.pop_back();
  return key;
}

class Directories {
 public:
  explicit Directories(const NewEntries& in) : in_(in) {
    const auto& list =
        in.data.terms[term_list_of(TableId::directories, static_cast<std::size_t>(DirectoryField::directory))];
    if (list)
      for (const std::string_view name : list->terms.texts()) of_code_.push_back(&entries_[key_of(name)]);
    for (const auto& chunk : in.data.chunks[static_cast<std::size_t>(TableId::directories)]) {
      const Values* directory = (*chunk)[DirectoryField::directory];
      const Values* code = (*chunk)[DirectoryField::code];
      if (directory == nullptr || code == nullptr) continue;
      for (std::size_t row = 0; row < chunk->rows(); ++row)
        if (!chunk->is_rejected(row)) add(*directory, *code, (*chunk)[DirectoryField::parent], row, old_row);
    }
    for (std::size_t row = 0; row < in.code.size(); ++row)
      if (!in.rejected.test(row)) add(in.directory, in.code, &in.parent, row, row);
  }

  [[nodiscard]] std::vector<std::pair<std::size_t, std::string>> circles() {
    std::vector<std::pair<std::size_t, std::string>> found;
    for (auto& [name, entries] : entries_) circles(entries, found);
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  void add(const Values& directory, const Values& code, const Values* parent, std::size_t row, std::size_t number) {
    if (row % 65'536 == 0) in_.control.check();
    std::uint32_t which = no_code;
    directory.codes(row, {&which, 1});
    if (which >= of_code_.size()) return;
    (*of_code_[which])[std::string(code.text(row))] = {
        number, parent == nullptr ? std::string() : std::string(parent->text(row))};
  }

  void circles(Entries& entries, std::vector<std::pair<std::size_t, std::string>>& found) {
    std::size_t walk = 0;
    std::size_t steps = 0;
    for (auto& [start, entry] : entries) {
      if (entry.walk != 0) continue;
      ++walk;
      auto at = entries.find(start);
      for (; at != entries.end() && at->second.walk == 0; at = entries.find(at->second.parent)) {
        if (++steps % 65'536 == 0) in_.control.check();
        at->second.walk = walk;
      }
      if (at == entries.end() || at->second.walk != walk) continue;  // at the top, or where another walk has been
      const auto next = [&](Entries::iterator from) { return entries.find(from->second.parent); };
      auto first = entries.end();
      auto step = at;
      do {
        if (step->second.row != old_row && (first == entries.end() || step->first < first->first)) first = step;
        step = next(step);
      } while (step != at);
      if (first == entries.end()) continue;
      std::string circle = first->first;
      step = first;
      do {
        step = next(step);
        circle += " < " + step->first;
      } while (step != first && circle.size() < 180);
      found.emplace_back(first->second.row, std::move(circle));
    }
  }

  const NewEntries& in_;
  std::map<std::string, Entries> entries_;  // by key_of() the directory
  std::vector<Entries*> of_code_;           // by code of the directory's name
};

}  // namespace

std::vector<std::pair<std::size_t, std::string>> directory_circles(const NewEntries& in) {
  return Directories(in).circles();
}

std::string_view TextsWithout::text(std::size_t row) const {
  return std::binary_search(rows_.begin(), rows_.end(), row) ? std::string_view() : texts_->text(row);
}

bool TextsWithout::is_null(std::size_t row) const {
  return std::binary_search(rows_.begin(), rows_.end(), row) || texts_->is_null(row);
}

}  // namespace klientela::detail
