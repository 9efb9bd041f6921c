// What profiles count of the base: which items every client has, and which contacts were answered.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "features/contact_rows.hpp"
#include "klientela/report/profiles.hpp"

namespace klientela::report {

/// The different items that every client has: products, categories, topics.
class Baskets {
 public:
  Baskets(std::span<const std::string_view> texts, std::size_t rows)
      : texts_(texts), first_(rows, nullptr), count_(rows, 0) {}

  /// \param read  as of by_row(); puts records. Defined where it is used.
  template <class Read>
  void fill(std::span<const features_internal::Source> sources, TableId table, const Control& control, Read&& read);
  struct Record {
    std::uint32_t row;
    std::uint32_t item;
  };

  [[nodiscard]] std::span<const std::string_view> texts() const noexcept { return texts_; }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t row) const noexcept { return {first_[row], count_[row]}; }

 private:
  std::span<const std::string_view> texts_;
  std::vector<const std::uint32_t*> first_;
  std::vector<std::uint32_t> count_;
  std::mutex mutex_;
  std::vector<std::vector<std::uint32_t>> items_;  // in no order; first_ points into them
};

/// What positive lines name in a field.
void fill_bought(Baskets& baskets, std::span<const features_internal::Source> sources, const FeatureOptions& options,
                 std::size_t field, const Control& control);
/// Products of requests.
void fill_requested(Baskets& baskets, std::span<const features_internal::Source> sources, const FeatureOptions& options,
                    const Control& control);
/// Topics of inbound interactions.
void fill_topics(Baskets& baskets, std::span<const features_internal::Source> sources,
                 const features_internal::InteractionReader& reader, const Control& control);

/// How many outbound interactions of a client by one channel there were, and how many of them were answered.
struct Tally {
  std::uint32_t row;
  std::uint32_t channel;
  std::int64_t outbound;
  std::int64_t answered;
};

/// Every client's by channel, in no order.
[[nodiscard]] std::vector<Tally> tallies_of(std::span<const features_internal::Source> sources,
                                            const features_internal::InteractionReader& reader,
                                            const ProfileOptions& options, std::size_t rows, const Control& control);

}  // namespace klientela::report
