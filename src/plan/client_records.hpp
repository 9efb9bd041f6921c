// What a base knows of clients that bears on plans: consents, contacts that took place, requests to come back to,
// answers to surveys.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/plan/plan_policy.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela::planning {

/// Rows of a base by client code.
class ClientRows {
 public:
  explicit ClientRows(const ClientBase& base);
  /// no_code for a code of no client. Of a mapped base: of the client that it counts as.
  [[nodiscard]] std::uint32_t operator()(std::uint32_t code) const;

 private:
  ClientBase base_;
  std::vector<std::uint32_t> rows_;
};

struct ConsentLine {
  std::uint32_t row{0};       ///< of the base
  std::uint32_t channels{0};  ///< mask
  std::uint32_t purpose{0};   ///< place among the purposes; any_purpose
  bool granted{false};
  std::int64_t since{0};  ///< UTC microseconds; the smallest int64 where there is none
  std::int64_t until{0};  ///< exclusive; the largest where there is none
  std::uint32_t delivery{0};
};
inline constexpr std::uint32_t any_purpose = no_code;

/// Lines that name a channel and a purpose of the plan, by row, then in order of precedence: the later `since` first,
/// of equals the later delivery, of equals a refusal. \param unknown  channels that are none of the plan's
[[nodiscard]] std::vector<ConsentLine> consent_lines(const ClientBase& base, const ClientRows& rows,
                                                     const PlanPolicy& policy, const std::vector<std::string>& purposes,
                                                     std::set<std::string>& unknown);

struct ContactLine {
  std::uint32_t row{0};
  std::uint32_t channel{0};
  std::int32_t day{0};
  friend auto operator<=>(const ContactLine&, const ContactLine&) = default;
};

/// Completed contacts of the company's initiative, or of none said, on days [from, to], by row, day, channel.
[[nodiscard]] std::vector<ContactLine> contact_lines(const ClientBase& base, const ClientRows& rows,
                                                     const PlanPolicy& policy, Day from, Day to,
                                                     std::set<std::string>& unknown);

/// Days of the interactions that were completed until a day, by id; those without one are left out.
[[nodiscard]] std::unordered_map<std::string, std::int32_t> contacts_held(const ClientBase& base, Day to);

struct RequestLine {
  std::uint32_t row{0};
  std::int32_t day{0};  ///< on which to come back
  // clang-tidy 14 sees a zero for a null pointer in what the compiler writes.
  friend auto operator<=>(const RequestLine&, const RequestLine&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Requests up to as_of whose day to come back lies in [from, to], by row and day, each once; without one, those in a
/// state of `recycle` so many days after them.
[[nodiscard]] std::vector<RequestLine> request_lines(const ClientBase& base, const ClientRows& rows,
                                                     const Revisits& revisits, Day as_of, Day from, Day to);

/// Day of the last answer of each row up to as_of; null_day without one. \param measure  empty: any
[[nodiscard]] std::vector<std::int32_t> last_answers(const ClientBase& base, const ClientRows& rows,
                                                     const std::string& measure, Day as_of);

}  // namespace klientela::planning
