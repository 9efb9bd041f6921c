// Directories: the lists of codes that terms come from (relationship types, industries, roles), their trees,
// crosswalks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

struct DirectoryEntry {
  std::string code{};
  std::string title{};                 ///< for people, in English or the company's own language
  std::string title_ru{};              ///< in Russian; may be empty
  std::string parent{};                ///< code of the entry above; empty: none
  std::vector<std::string> aliases{};  ///< other spellings of the code
  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

/// A list of codes, possibly a tree. Copying shares. Immutable and thread-safe.
class Directory {
 public:
  /// An empty directory without a name.
  Directory();
  /// \throws Error bad_data naming an empty or repeated code, a parent that is no entry, or a cycle with its codes in
  ///         order; where() is the code
  Directory(std::string name, std::vector<DirectoryEntry> entries);
  /// Out of a table with a text column `code` and, where there are any, title, title_ru, parent, aliases (cut at ';').
  /// Rows without a code are an error. \throws Error as above; not_found without a column `code`
  [[nodiscard]] static Directory from_table(std::string name, const Table& table);
  /// One that comes with the library: "relationship_type"; "industry" (the 21 sections and 88 divisions of ISIC
  /// Rev. 4, United Nations 2008, which NACE Rev. 2 and OKVED 2 share at these levels); "role" (the roles of a buying
  /// centre after Webster and Wind 1972, with the initiator of Bonoma 1982).
  /// \throws Error not_found naming those there are
  [[nodiscard]] static Directory builtin(std::string_view name);
  [[nodiscard]] static std::vector<std::string> builtin_names();
  /// The entries that a base was delivered under this name (or its plural); where there are none, the built-in one,
  /// and without one an empty directory. Of several deliveries of one code the newest counts.
  /// \throws Error as the constructor
  [[nodiscard]] static Directory of(const ClientBase& base, std::string_view name);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::span<const DirectoryEntry> entries() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return entries().empty(); }
  /// By code as it stands; else by code, title or alias without case, blanks, '_', '-' and '.', where one entry alone
  /// is called so. nullopt where there is none. O(1).
  [[nodiscard]] std::optional<std::size_t> find(std::string_view text) const;
  /// As find(). \throws Error not_found naming the code and the directory
  [[nodiscard]] std::size_t at(std::string_view text) const;
  /// The entry above; nullopt at the top. \throws Error out_of_range
  [[nodiscard]] std::optional<std::size_t> parent(std::size_t entry) const;
  /// 1 at the top.
  [[nodiscard]] std::size_t level(std::size_t entry) const;
  /// The deepest level; 0 where it is empty.
  [[nodiscard]] std::size_t levels() const noexcept;
  /// The entry itself or one above it, at a level from 1; nullopt where the entry stands above that level.
  [[nodiscard]] std::optional<std::size_t> ancestor(std::size_t entry, std::size_t level) const;
  /// Whether an entry is `above` or stands below it.
  [[nodiscard]] bool is_under(std::size_t entry, std::size_t above) const;
  /// directory, code, title, title_ru, parent, aliases (joined by ';'), level: in the order of the entries.
  [[nodiscard]] Table table() const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

/// Which codes of one directory stand for which of another.
class Crosswalk {
 public:
  /// \param table  text columns `from` and `to`, one pair a row; a code may have several counterparts
  /// \throws Error not_found naming a code that its directory lacks; bad_data for a row without one
  [[nodiscard]] static Crosswalk from_table(const Directory& from, const Directory& to, const Table& table);
  /// Codes of the other directory, in the order of the table; for a code without counterparts those of the nearest
  /// entry above it that has some. \throws Error not_found for a code that is none
  [[nodiscard]] std::vector<std::string> map(std::string_view code) const;

 private:
  Directory from_;
  Directory to_;
  std::vector<std::vector<std::size_t>> pairs_;
};

}  // namespace klientela
