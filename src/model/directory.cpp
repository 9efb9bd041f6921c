// Directories: finding codes, checking trees, reading delivered entries, crosswalks.
#include "klientela/model/directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.hpp"
#include "klientela/model/schema.hpp"
#include "model/builtin_directories.hpp"

namespace klientela {

struct Directory::Data {
  std::string name;
  std::vector<DirectoryEntry> entries;
  std::vector<std::size_t> parents;  // none: entries.size()
  std::vector<std::size_t> levels;
  std::size_t deepest{0};
  std::unordered_map<std::string, std::size_t> by_code;
  std::unordered_map<std::string, std::size_t> by_name;  // folded; entries.size() where several are called so
};

namespace {

std::vector<std::string> cut(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view part = detail::trimmed(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

Directory::Directory() : data_(std::make_shared<const Data>()) {}

Directory::Directory(std::string name, std::vector<DirectoryEntry> entries) {
  auto data = std::make_shared<Data>();
  data->name = std::move(name);
  data->entries = std::move(entries);
  const std::size_t none = data->entries.size();
  const std::string& called = data->name;
  for (std::size_t i = 0; i < none; ++i) {
    const std::string& code = data->entries[i].code;
    if (code.empty())
      throw Error(Code::bad_data, "entry " + std::to_string(i + 1) + " of directory " + called + " has no code",
                  called);
    if (!data->by_code.emplace(code, i).second)
      throw Error(Code::bad_data, fmt::format("directory {} has the code {} twice", called, code), code);
  }
  for (const DirectoryEntry& entry : data->entries) {
    if (entry.parent.empty()) {
      data->parents.push_back(none);
      continue;
    }
    const auto found = data->by_code.find(entry.parent);
    if (found == data->by_code.end())
      throw Error(
          Code::bad_data,
          "directory " + called + ": " + entry.code + " stands under " + entry.parent + ", which is no code of it",
          entry.parent);
    data->parents.push_back(found->second);
  }
  // Levels from the top; a walk up that meets an entry of its own path has gone round.
  data->levels.assign(none, 0);
  std::vector<std::size_t> path;
  std::vector<bool> on_path(none, false);
  for (std::size_t i = 0; i < none; ++i) {
    path.clear();
    std::size_t at = i;
    while (at != none && data->levels[at] == 0) {
      if (on_path[at]) {
        std::string cycle;
        for (auto step = std::find(path.begin(), path.end(), at); step != path.end(); ++step)
          cycle += data->entries[*step].code + " -> ";
        cycle += data->entries[at].code;
        throw Error(Code::bad_data, fmt::format("directory {} has a cycle: {}", called, cycle), data->entries[at].code);
      }
      on_path[at] = true;
      path.push_back(at);
      at = data->parents[at];
    }
    std::size_t level = at == none ? 0 : data->levels[at];
    for (std::size_t step = path.size(); step-- > 0;) {
      data->levels[path[step]] = ++level;
      on_path[path[step]] = false;
    }
    data->deepest = std::max(data->deepest, level);
  }
  // Codes come before titles and these before aliases; a name of several entries of one rank is nobody's.
  const auto add = [&](const std::string& text, std::size_t entry, std::map<std::string, std::size_t>& rank) {
    const std::string folded = folded_name(text);
    if (folded.empty() || data->by_name.contains(folded)) return;
    const auto [found, fresh] = rank.emplace(folded, entry);
    if (!fresh && found->second != entry) found->second = none;
  };
  for (int rank = 0; rank < 3; ++rank) {
    std::map<std::string, std::size_t> names;
    for (std::size_t i = 0; i < none; ++i) {
      const DirectoryEntry& entry = data->entries[i];
      if (rank == 0) add(entry.code, i, names);
      if (rank == 1) {
        add(entry.title, i, names);
        add(entry.title_ru, i, names);
      }
      if (rank == 2)
        for (const std::string& alias : entry.aliases) add(alias, i, names);
    }
    data->by_name.insert(names.begin(), names.end());
  }
  data_ = std::move(data);
}

Directory Directory::from_table(std::string name, const Table& table) {
  const Column& codes = table.column("code");
  const Column* titles = table.find("title");
  const Column* russian = table.find("title_ru");
  const Column* parents = table.find("parent");
  const Column* aliases = table.find("aliases");
  const auto text = [](const Column* column, std::size_t row) {
    return column == nullptr || column->is_null(row) ? std::string() : column->to_text(row);
  };
  std::vector<DirectoryEntry> entries;
  for (std::size_t row = 0; row < table.rows(); ++row)
    entries.push_back({.code = text(&codes, row),
                       .title = text(titles, row),
                       .title_ru = text(russian, row),
                       .parent = text(parents, row),
                       .aliases = cut(text(aliases, row))});
  return Directory(std::move(name), std::move(entries));
}

Directory Directory::builtin(std::string_view name) {
  std::vector<DirectoryEntry> entries;
  const auto list = [&](const auto& from) {
    for (const model::BuiltinEntry& entry : from)
      entries.push_back({.code = std::string(entry.code),
                         .title = std::string(entry.title),
                         .title_ru = std::string(entry.title_ru),
                         .parent = std::string(entry.parent),
                         .aliases = cut(entry.aliases)});
  };
  if (name == "relationship_type")
    list(model::relationship_types);
  else if (name == "industry")
    list(model::industries);
  else if (name == "role")
    list(model::roles);
  else
    throw Error(Code::not_found,
                "no directory called \"" + std::string(name) +
                    "\" comes with the library; those that do: industry, relationship_type, role",
                std::string(name));
  return Directory(std::string(name), std::move(entries));
}

std::vector<std::string> Directory::builtin_names() { return {"industry", "relationship_type", "role"}; }

Directory Directory::of(const ClientBase& base, std::string_view name) {
  const auto names = base.terms(TableId::directories, static_cast<std::size_t>(DirectoryField::directory));
  const std::string wanted = folded_name(name);
  std::string plural = wanted + 's';
  if (wanted.ends_with('y')) plural = wanted.substr(0, wanted.size() - 1) + "ies";
  std::vector<bool> ours;
  for (const std::string_view each : names) {
    const std::string folded = folded_name(each);
    ours.push_back(folded == wanted || folded == plural);
  }
  std::vector<DirectoryEntry> entries;
  std::unordered_map<std::string, std::size_t> place;
  for (const auto& chunk : base.chunks(TableId::directories)) {
    const Values* directory = (*chunk)[DirectoryField::directory];
    const Values* code = (*chunk)[DirectoryField::code];
    const Values* title = (*chunk)[DirectoryField::title];
    const Values* parent = (*chunk)[DirectoryField::parent];
    const Values* aliases = (*chunk)[DirectoryField::aliases];
    if (directory == nullptr || code == nullptr) continue;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      if (chunk->is_rejected(row)) continue;
      std::uint32_t which = no_code;
      directory->codes(row, {&which, 1});
      if (which == no_code || which >= ours.size() || !ours[which]) continue;
      DirectoryEntry entry;
      entry.code = code->text(row);
      if (title != nullptr) entry.title = title->text(row);
      if (parent != nullptr) entry.parent = parent->text(row);
      if (aliases != nullptr)
        for (const std::string_view alias : aliases->texts(row)) entry.aliases.emplace_back(alias);
      const auto [found, fresh] = place.emplace(entry.code, entries.size());
      if (fresh)
        entries.push_back(std::move(entry));
      else
        entries[found->second] = std::move(entry);
    }
  }
  if (!entries.empty()) return Directory(std::string(name), std::move(entries));
  const std::vector<std::string> known = builtin_names();
  if (std::find(known.begin(), known.end(), name) != known.end()) return builtin(name);
  return Directory(std::string(name), {});
}

const std::string& Directory::name() const noexcept { return data_->name; }

std::span<const DirectoryEntry> Directory::entries() const noexcept { return data_->entries; }

std::optional<std::size_t> Directory::find(std::string_view text) const {
  if (const auto code = data_->by_code.find(std::string(text)); code != data_->by_code.end()) return code->second;
  const auto name = data_->by_name.find(folded_name(text));
  if (name == data_->by_name.end() || name->second == data_->entries.size()) return std::nullopt;
  return name->second;
}

std::size_t Directory::at(std::string_view text) const {
  if (const auto found = find(text)) return *found;
  throw Error(Code::not_found, "directory " + data_->name + " has no code " + std::string(text), std::string(text));
}

std::optional<std::size_t> Directory::parent(std::size_t entry) const {
  static_cast<void>(level(entry));
  const std::size_t above = data_->parents[entry];
  return above == data_->entries.size() ? std::nullopt : std::optional(above);
}

std::size_t Directory::level(std::size_t entry) const {
  if (entry >= data_->levels.size())
    throw Error(Code::out_of_range, "directory " + data_->name + " has no entry " + std::to_string(entry), "entry");
  return data_->levels[entry];
}

std::size_t Directory::levels() const noexcept { return data_->deepest; }

std::optional<std::size_t> Directory::ancestor(std::size_t entry, std::size_t wanted) const {
  if (level(entry) < wanted || wanted == 0) return std::nullopt;
  while (data_->levels[entry] > wanted) entry = data_->parents[entry];
  return entry;
}

bool Directory::is_under(std::size_t entry, std::size_t above) const {
  return ancestor(entry, level(above)) == std::optional(above);
}

Table Directory::table() const {
  std::vector<std::string> names;
  std::vector<std::string> codes;
  std::vector<std::string> titles;
  std::vector<std::optional<std::string>> russian;
  std::vector<std::optional<std::string>> parents;
  std::vector<std::optional<std::string>> aliases;
  Buffer<std::int32_t> levels(data_->entries.size());
  const auto unless_empty = [](std::string text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(std::move(text));
  };
  for (std::size_t i = 0; i < data_->entries.size(); ++i) {
    const DirectoryEntry& entry = data_->entries[i];
    std::string joined;
    for (const std::string& alias : entry.aliases) joined += (joined.empty() ? "" : ";") + alias;
    names.push_back(data_->name);
    codes.push_back(entry.code);
    titles.push_back(entry.title);
    russian.push_back(unless_empty(entry.title_ru));
    parents.push_back(unless_empty(entry.parent));
    aliases.push_back(unless_empty(std::move(joined)));
    levels[i] = static_cast<std::int32_t>(data_->levels[i]);
  }
  std::vector<Column> columns;
  columns.emplace_back("directory", names);
  columns.emplace_back("code", codes);
  columns.emplace_back("title", titles);
  columns.emplace_back("title_ru", russian);
  columns.emplace_back("parent", parents);
  columns.emplace_back("aliases", aliases);
  columns.emplace_back("level", ColumnType::int32, std::move(levels));
  return Table(std::move(columns));
}

Crosswalk Crosswalk::from_table(const Directory& from, const Directory& to, const Table& table) {
  Crosswalk walk;
  walk.from_ = from;
  walk.to_ = to;
  walk.pairs_.resize(from.entries().size());
  const Column& left = table.column("from");
  const Column& right = table.column("to");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (left.is_null(row) || right.is_null(row))
      throw Error(Code::bad_data, "row " + std::to_string(row + 1) + " of the crosswalk lacks a code",
                  left.is_null(row) ? "from" : "to");
    std::vector<std::size_t>& pairs = walk.pairs_[from.at(left.to_text(row))];
    const std::size_t other = to.at(right.to_text(row));
    if (std::find(pairs.begin(), pairs.end(), other) == pairs.end()) pairs.push_back(other);
  }
  return walk;
}

std::vector<std::string> Crosswalk::map(std::string_view code) const {
  std::optional<std::size_t> entry = from_.at(code);
  while (entry && pairs_[*entry].empty()) entry = from_.parent(*entry);
  std::vector<std::string> codes;
  if (entry)
    for (const std::size_t other : pairs_[*entry]) codes.push_back(to_.entries()[other].code);
  return codes;
}

}  // namespace klientela
