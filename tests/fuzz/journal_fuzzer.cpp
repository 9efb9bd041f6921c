// Feeds bytes to the reader of journals, and operations out of bytes to a merged base and to journals that it replays.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/dedupe/merge.hpp"
#include "klientela/ingest/builder.hpp"

namespace {

using namespace klientela;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

const ClientBase& base() {
  static const ClientBase made = [] {
    BaseBuilder builder;
    for (std::int64_t i = 1; i <= 8; ++i)
      builder.add(ClientRow{.client = i,
                            .kind = i == 8   ? "organisation"
                                    : i == 7 ? ""
                                             : "person",
                            .given_name = i % 2 == 0 ? "Anna" : "",
                            .emails = {"mail" + std::to_string(i % 3) + "@example.com"},
                            .city = "city" + std::to_string(i)});
    builder.add(TransactionRow{.client = 1, .at = Instant(first_day + std::chrono::days(40'000)), .amount = Money()});
    return builder.build().base;
  }();
  return made;
}

std::string clusters_of(const MergedBase& merged) {
  std::string text;
  for (const auto& [survivor, cards] : merged.clusters()) {
    text += survivor.to_text() + ':';
    for (const ClientId& card : cards) text += ' ' + card.to_text();
    text += '\n';
  }
  return text;
}

/// What a journal says is seen the same by whoever reads it again, and what it holds reads back the same.
void check_replay(const MergedBase& merged) {
  const std::string text = merged.journal().to_text();
  const Journal read = Journal::from_text(text);
  require(read.records() == merged.journal().records() && read.to_text() == text);
  static_cast<void>(read.table());
  const MergedBase again(base(), read, merged.policy());
  require(clusters_of(again) == clusters_of(merged));
  require(conflicts_table(again.conflicts()).rows() == conflicts_table(merged.conflicts()).rows());
  require(again.base().clients() == merged.base().clients());
}

/// A base either takes a journal or says what is wrong with it.
void seen(Journal journal) {
  try {
    SurvivorshipPolicy policy;
    policy.version = 1000;  // by which nothing was merged
    check_replay(MergedBase(base(), std::move(journal), std::move(policy)));
  } catch (const Error& error) {
    require(error.code() == Code::invalid_argument || error.code() == Code::not_found ||
            error.code() == Code::bad_data || error.code() == Code::bad_policy);
  }
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string text() {
    const std::size_t size = std::min<std::size_t>(next() % 12, bytes_.size());
    const std::string taken(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return taken;
  }
  /// Now and then one that the base has not.
  ClientId client() { return ClientId(static_cast<std::int64_t>(next() % 9)); }

 private:
  std::string_view bytes_;
};

/// Operations on a merged base: each is done, or refused with everything as it was.
void operate(Bytes bytes) {
  MergedBase merged(base());
  for (int step = 0; step < 64 && !bytes.empty(); ++step) {
    const std::size_t before = merged.journal().records().size();
    const std::string seen = clusters_of(merged);
    try {
      switch (bytes.next() % 5) {
        case 0: {
          MergeCluster cluster;
          for (int i = 2 + bytes.next() % 3; i > 0; --i) cluster.cards.push_back(bytes.client());
          if (bytes.next() % 4 == 0) cluster.keep = bytes.client();
          static_cast<void>(merged.preview(std::span(&cluster, 1)));
          merged.merge(std::span(&cluster, 1), {.who = bytes.text(), .reason = {}, .at = {}});
          break;
        }
        case 1: {
          std::vector<std::string> values;
          for (int i = bytes.next() % 3; i > 0; --i) values.push_back(bytes.text());
          const ClientId client = bytes.client();
          merged.edit(client, static_cast<ClientField>(bytes.next() % 32), std::move(values));
          break;
        }
        case 2: {
          const ClientId a = bytes.client();
          merged.not_duplicate(a, bytes.client());
          break;
        }
        default: merged.undo(bytes.next());
      }
      require(merged.journal().records().size() == before + 1);
    } catch (const Error& error) {
      require(error.code() != Code::internal);
      require(merged.journal().records().size() == before && clusters_of(merged) == seen);
    }
  }
  check_replay(merged);
}

/// A journal of any records that it takes: the base says what cannot have happened.
void replay(Bytes bytes) {
  Journal journal;
  for (int step = 0; step < 64 && !bytes.empty(); ++step) {
    JournalRecord record;
    record.operation = static_cast<JournalOperation>(bytes.next() % 6);
    record.base = bytes.next() % 8 == 0 ? std::string(32, 'a') : base_digest(base());
    for (int i = bytes.next() % 4; i > 0; --i) record.cards.push_back(bytes.client());
    if (bytes.next() % 4 == 0) record.keep = bytes.client();
    record.policy = bytes.next() % 3;
    record.field = static_cast<ClientField>(bytes.next() % 32);
    for (int i = bytes.next() % 3; i > 0; --i) record.values.push_back(bytes.text());
    record.of = bytes.next() % 16;
    record.erased_by = bytes.next() % 16 == 0 ? bytes.next() : 0;
    try {
      if (record.policy == 1) journal.add_policy({});
      journal.append(std::move(record));
    } catch (const Error& error) {
      require(error.code() != Code::internal);
    }
  }
  const std::string text = journal.to_text();
  require(Journal::from_text(text).records() == journal.records());
  seen(std::move(journal));
}

/// Text as it came.
void read(std::string_view text) {
  Journal journal;
  try {
    journal = Journal::from_text(text);
  } catch (const Error& error) {
    require(error.code() == Code::bad_data);
    return;
  }
  require(Journal::from_text(journal.to_text()).records() == journal.records());
  seen(std::move(journal));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: operate(Bytes(rest)); break;
    case 1: replay(Bytes(rest)); break;
    default: read(rest);
  }
  return 0;
}
