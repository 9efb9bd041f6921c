// Feeds bytes to the reader of rule packs: what it accepts reads back the same and answers for any day.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/plan/rule_pack.hpp"
#include "small_base.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace klientela;
  using fuzz::require;
  try {
    const RulePack pack = rule_pack_from_json(std::string_view(reinterpret_cast<const char*>(data), size), "/pack");
    require(rule_pack_from_json(to_json(pack), "/pack") == pack);
    const TimeZone zone = TimeZone::named("Australia/Lord_Howe");
    const std::vector<Day> days{fuzz::week.first, fuzz::week.last};
    for (const std::string_view channel : {"phone", "", "sms"})
      for (const std::string_view country : {"", "US", "de"}) {
        const ContactKind kind{country, channel, true};
        static_cast<void>(consent_required({&pack, 1}, kind, days.front(), days.back()));
        const std::vector<DatedHours> hours = hours_in_force({&pack, 1}, kind, {}, days.front(), days.back());
        require(hours_profile(hours, zone, {}, TimeZone::named("UTC"), days).size() == days.size());
      }
  } catch (const Error& error) {
    require(error.code() == Code::bad_policy);
    require(error.where().empty() || error.where().front() == '/');
  }
  return 0;
}
