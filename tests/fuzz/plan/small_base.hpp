// What the fuzzers of plans share: a base of three clients, and how they stop.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/table.hpp"
#include "klientela/ingest/builder.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela::fuzz {

inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

inline const ClientBase& base() {
  static const ClientBase made = [] {
    BaseBuilder builder;
    for (int id = 1; id <= 3; ++id) {
      ClientRow row{.client = id};
      row.city = id == 1 ? "Tver" : "Perm";
      row.country = id == 2 ? "US" : "RU";
      row.time_zone = id == 3 ? "America/New_York" : "";
      row.birthday = Day{std::chrono::year{1988} / 2 / 29} + std::chrono::days{id * 280};
      builder.add(row);
    }
    builder.add(ConsentRow{.client = 1, .channel = "phone", .purpose = "marketing", .granted = false});
    builder.add(RequestRow{.client = 2,
                           .at = Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}},
                           .state = "lost",
                           .revisit_on = Day{std::chrono::year{2026} / 12 / 3}});
    return builder.build().base;
  }();
  return made;
}

inline constexpr SchedulePeriod week{Day{std::chrono::year{2026} / 11 / 30}, Day{std::chrono::year{2026} / 12 / 6}};

/// Parts of a text, the last one too.
inline std::vector<std::string> cut(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
    end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  return parts;
}

}  // namespace klientela::fuzz
