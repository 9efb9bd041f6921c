// The base as it is seen after merges: survivors' cards, contacts without repeats, parents without circles.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>
#include <tuple>
#include <unordered_map>

#include "dedupe/merge_state.hpp"
#include "model/consent_order.hpp"
#include "model/mapped_chunks.hpp"
#include "model/own_values.hpp"

namespace klientela {
namespace {

using dedupe::CardValue;
using dedupe::client_fields;
using dedupe::EditedCards;
using index::OwnChunk;
using index::OwnValues;
using State = MergedBase::State;

constexpr std::size_t block_rows = 4096;

ClientMap map_of(const State& state, const std::vector<std::uint32_t>& used) {
  const auto codes = state.base().codes_in_order();
  std::vector<std::uint32_t> canonical(codes.begin(), codes.end());
  for (const std::uint32_t c : used)
    for (const std::uint32_t code : state.clusters[c].cards)
      canonical[state.rank(code)] = state.clusters[c].survivor->code;
  return {state.base(), canonical};
}

/// Parents of the survivors as they are seen: of no circle, and never the client itself. By place in `used`.
class Parents {
 public:
  Parents(const State& state, const ClientMap& map, const std::vector<std::uint32_t>& used)
      : state_(state), map_(map), used_(used), parents_(used.size(), no_code) {
    for (std::uint32_t i = 0; i < used.size(); ++i) {
      const State::Cluster& cluster = state.clusters[used[i]];
      place_.emplace(cluster.survivor->code, i);
      const std::uint32_t from = cluster.survivor->from[static_cast<std::size_t>(ClientField::parent)];
      if (from == dedupe::from_none) continue;
      const auto edits = state.edits(cluster.cards[from]);
      const CardValue value = dedupe::EditedCard(state.reader, cluster.cards[from], &edits).value(ClientField::parent);
      if (!value.has) continue;
      const std::uint32_t parent = map(static_cast<std::uint32_t>(value.number));
      if (parent != cluster.survivor->code) parents_[i] = parent;
    }
  }

  /// In every circle the survivor with the smallest id loses its parent.
  std::vector<std::uint32_t> break_circles(std::vector<MergeConflict>& conflicts) {
    std::unordered_map<std::uint32_t, std::uint32_t> walked;  // code -> walk
    for (std::uint32_t i = 0; i < used_.size(); ++i) {
      std::uint32_t code = state_.clusters[used_[i]].survivor->code;
      while (code != no_code && walked.try_emplace(code, i).second) code = parent(code);
      if (code == no_code || walked[code] != i) continue;
      std::uint32_t first = no_code;
      std::uint32_t at = code;
      do {
        if (place_.contains(at) && (first == no_code || state_.rank(at) < state_.rank(first))) first = at;
        at = parent(at);
      } while (at != code);
      if (first == no_code) continue;  // delivered so; ingest leaves no circles
      const ClientBase& base = state_.base();
      const std::uint32_t lost = parents_[place_[first]];
      conflicts.push_back({base.id_of(first),
                           TableId::clients,
                           "parent",
                           {},
                           {{base.id_of(first), base.id_of(lost).to_text()}},
                           {},
                           "circle"});
      parents_[place_[first]] = no_code;
    }
    return parents_;
  }

 private:
  [[nodiscard]] std::uint32_t parent(std::uint32_t code) const {
    if (const auto survivor = place_.find(code); survivor != place_.end()) return parents_[survivor->second];
    const CardValue value = state_.reader.value(code, ClientField::parent);
    if (!value.has) return no_code;
    const std::uint32_t parent = map_(static_cast<std::uint32_t>(value.number));
    return parent == code ? no_code : parent;
  }

  const State& state_;
  const ClientMap& map_;
  const std::vector<std::uint32_t>& used_;
  std::vector<std::uint32_t> parents_;
  std::unordered_map<std::uint32_t, std::uint32_t> place_;
};

/// Terms of the base, longer where somebody wrote a new one.
class Terms {
 public:
  explicit Terms(const ClientBase& base) : lists_(base.data()->terms) {}
  std::uint32_t code_of(ClientField field, std::string_view text) {
    const auto f = static_cast<std::size_t>(field);
    const std::size_t list = term_list_of(TableId::clients, f);
    auto& own = own_[list];
    if (!own) {
      own = std::make_shared<TermList>();
      if (lists_[list]) {
        own->terms = lists_[list]->terms.copy();
        own->owners = lists_[list]->owners;
      } else {
        for (const ClosedValue& value : closed_values(TableId::clients, f))
          own->terms.code_of(value.name, [](std::string_view kept) { return kept; });
      }
      own->owners.push_back(std::make_shared<index::Arena>());
    }
    index::Arena& arena = *own->owners.back();
    return own->terms.code_of(text, [&](std::string_view kept) { return arena.keep(kept); });
  }
  [[nodiscard]] std::vector<std::shared_ptr<const TermList>> lists() const {
    auto all = lists_;
    for (const auto& [list, own] : own_) all[list] = own;
    return all;
  }

 private:
  std::vector<std::shared_ptr<const TermList>> lists_;
  std::unordered_map<std::size_t, std::shared_ptr<TermList>> own_;
};

std::shared_ptr<const Chunk> survivor_cards(const State& state, const std::vector<std::uint32_t>& used,
                                            const std::vector<std::uint32_t>& parents, Terms& terms,
                                            const Control& control) {
  std::vector<std::shared_ptr<OwnValues>> columns(client_fields);
  const auto chunks = state.base().chunks(TableId::clients);
  std::size_t rows = 0;
  const auto column = [&](std::size_t f) -> OwnValues& {  // from the first row on that needs it
    if (!columns[f]) {
      columns[f] = std::make_shared<OwnValues>(dedupe::type_of(static_cast<ClientField>(f)), state.base().time_zone());
      for (std::size_t row = 0; row < rows; ++row) columns[f]->add_null();
    }
    return *columns[f];
  };
  for (std::size_t f = 0; f < client_fields; ++f)
    if (std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return chunk->values(f) != nullptr; }))
      static_cast<void>(column(f));
  for (std::size_t i = 0; i < used.size(); ++i) {
    if ((i & 0xFFF) == 0) control.check();
    const State::Cluster& cluster = state.clusters[used[i]];
    const bool any = std::any_of(cluster.cards.begin(), cluster.cards.end(), [&](std::uint32_t code) {
      return state.base().card_of(code).has_value() || state.edited(code);
    });
    if (!any) continue;  // known by their purchases alone
    const EditedCards edited(state, cluster);
    column(0).add_code(cluster.survivor->code);
    for (std::size_t f = 1; f < client_fields; ++f) {
      const auto field = static_cast<ClientField>(f);
      const std::uint32_t from = cluster.survivor->from[f];
      if (from == dedupe::from_all) {
        const auto values = dedupe::union_of(edited.cards, field);
        if (columns[f] || !values.empty()) column(f).add_texts(values);
        continue;
      }
      CardValue value;
      if (from != dedupe::from_none) value = edited.cards[from].value(field);
      if (field == ClientField::parent) {
        value.has = parents[i] != no_code;
        value.number = parents[i];
      }
      if (!value.has) {
        if (columns[f]) columns[f]->add_null();
        continue;
      }
      OwnValues& to = column(f);
      switch (to.type()) {
        case FieldType::text: to.add_text(value.text); break;
        case FieldType::texts: to.add_texts(value.list); break;
        case FieldType::term: to.add_code(value.term != no_code ? value.term : terms.code_of(field, value.text)); break;
        case FieldType::client: to.add_code(static_cast<std::uint32_t>(value.number)); break;
        case FieldType::day: to.add_day(static_cast<std::int32_t>(value.number)); break;
        default: to.add_number(value.number);
      }
    }
    ++rows;
  }
  if (rows == 0) return nullptr;
  return std::make_shared<const OwnChunk>(
      TableId::clients, rows, std::vector<std::shared_ptr<const OwnValues>>(columns.begin(), columns.end()));
}

/// Rows of a table that a merge may have brought together.
struct Touched {
  std::uint32_t client;  ///< as seen
  std::uint32_t other;   ///< organisation of a contact, as seen; channel of a consent
  std::uint32_t client_before;
  std::uint32_t other_before;  ///< organisation; purpose of a consent
  std::uint32_t chunk;
  std::uint32_t row;
};

/// What a row of consents says.
struct Said {
  std::uint32_t client;
  std::uint32_t chunk;
  bool granted;
  std::int64_t since;  ///< null_instant: ever
  std::int64_t until;  ///< exclusive; the largest: for good
};

class RowConflicts {
 public:
  RowConflicts(const State& state, const ClientMap& map, std::vector<MergeConflict>& conflicts)
      : state_(state), base_(state.base()), map_(map), conflicts_(conflicts) {}

  /// One contact where several cards had one.
  void contacts(index::Overlay& overlay, const Control& control) {
    const auto chunks = base_.chunks(TableId::contacts);
    overlay.no_contact.resize(chunks.size());
    std::vector<Touched> touched;
    std::vector<std::uint32_t> organisations(block_rows);
    for (std::uint32_t c = 0; c < chunks.size(); ++c) {
      control.check();
      const Values* at = (*chunks[c])[ContactField::organisation];
      for (std::size_t begin = 0; at != nullptr && begin < chunks[c]->rows(); begin += block_rows) {
        const std::size_t n = std::min(block_rows, chunks[c]->rows() - begin);
        at->codes(begin, std::span(organisations.data(), n));
        for (std::size_t i = 0; i < n; ++i) {
          const std::uint32_t client = chunks[c]->clients()[begin + i];
          const std::uint32_t other = organisations[i];
          if (client == no_code || other == no_code || (!is_shared(client) && !is_shared(other))) continue;
          const auto row = static_cast<std::uint32_t>(begin + i);
          if (map_(client) == map_(other) && client != other) {
            hide(overlay, c, row);
          } else {
            touched.push_back({map_(client), map_(other), client, other, c, row});
          }
        }
      }
    }
    std::sort(touched.begin(), touched.end(), [&](const Touched& a, const Touched& b) { return key(a) < key(b); });
    const auto columns =
        std::array{field(ContactField::contact), field(ContactField::organisation), field(ContactField::role),
                   field(ContactField::title),   field(ContactField::primary),      field(ContactField::since),
                   field(ContactField::until)};
    for (std::size_t begin = 0; begin < touched.size();) {
      std::size_t end = begin;
      while (end < touched.size() && touched[end].client == touched[begin].client &&
             touched[end].other == touched[begin].other)
        ++end;
      const std::span<const Touched> edge(touched.data() + begin, end - begin);
      begin = end;
      if (!of_several(edge)) continue;
      for (const auto& role : by_role(edge))
        if (of_several(role)) join(role, columns, overlay);
    }
    const std::size_t rows = columns[0]->size();
    if (rows == 0) return;
    std::vector<std::shared_ptr<const OwnValues>> own;
    for (std::size_t f = 0; f < columns.size(); ++f) {
      const bool delivered = f < 2 || std::any_of(chunks.begin(), chunks.end(),
                                                  [&](const auto& chunk) { return chunk->values(f) != nullptr; });
      own.push_back(delivered ? columns[f] : nullptr);
    }
    overlay.contacts = std::make_shared<const OwnChunk>(TableId::contacts, rows, std::move(own));
  }

  /// Cards that allowed and forbade the same.
  void consents(const Control& control) {
    const auto chunks = base_.chunks(TableId::consents);
    std::vector<Touched> touched;
    for (std::uint32_t c = 0; c < chunks.size(); ++c) {
      control.check();
      const Values* channel = (*chunks[c])[ConsentField::channel];
      const Values* purpose = (*chunks[c])[ConsentField::purpose];
      for (std::uint32_t row = 0; row < chunks[c]->rows(); ++row) {
        const std::uint32_t client = chunks[c]->clients()[row];
        if (client == no_code || !is_shared(client) || granted_of(c, row) == 2) continue;
        touched.push_back({map_(client), channel == nullptr ? no_code : index::code_at(*channel, row), client,
                           purpose == nullptr ? no_code : index::code_at(*purpose, row), c, row});
      }
    }
    std::stable_sort(touched.begin(), touched.end(), [&](const Touched& a, const Touched& b) {
      return std::tuple(state_.rank(a.client), a.other, a.other_before) <
             std::tuple(state_.rank(b.client), b.other, b.other_before);
    });
    for (std::size_t begin = 0; begin < touched.size();) {
      std::size_t end = begin;
      while (end < touched.size() && touched[end].client == touched[begin].client &&
             touched[end].other == touched[begin].other && touched[end].other_before == touched[begin].other_before)
        ++end;
      std::vector<Said> said;
      for (std::size_t i = begin; i < end; ++i) said.push_back(said_by(touched[i]));
      std::sort(said.begin(), said.end(), [](const Said& a, const Said& b) {
        return consent_order(a.since, a.chunk, a.granted) < consent_order(b.since, b.chunk, b.granted);
      });
      if (disagree(said)) {
        const auto word = [](const Said& row) { return std::string(row.granted ? "true" : "false"); };
        MergeConflict conflict{base_.id_of(touched[begin].client), TableId::consents, "granted", {}, {}, {}, "latest"};
        conflict.row = term(TableId::consents, static_cast<std::size_t>(ConsentField::channel), touched[begin].other);
        if (touched[begin].other_before != no_code)
          conflict.row += ", " + term(TableId::consents, static_cast<std::size_t>(ConsentField::purpose),
                                      touched[begin].other_before);
        conflict.chosen = word(said.front());
        std::stable_sort(said.begin(), said.end(),
                         [&](const Said& a, const Said& b) { return state_.rank(a.client) < state_.rank(b.client); });
        for (const Said& row : said) conflict.values.push_back({base_.id_of(row.client), word(row)});
        conflicts_.push_back(std::move(conflict));
      }
      begin = end;
    }
  }

 private:
  using Columns = std::array<std::shared_ptr<OwnValues>, 7>;

  [[nodiscard]] bool is_shared(std::uint32_t code) const {
    const std::uint32_t cluster = state_.cluster_of[state_.places(code)];
    return cluster != no_code && state_.clusters[cluster].cards.size() > 1;
  }
  [[nodiscard]] std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>
  key(const Touched& row) const {
    return {state_.rank(row.client),
            state_.rank(row.other),
            state_.rank(row.client_before),
            state_.rank(row.other_before),
            row.chunk,
            row.row};
  }
  [[nodiscard]] static bool of_several(std::span<const Touched> rows) {
    return std::any_of(rows.begin(), rows.end(), [&](const Touched& row) {
      return row.client_before != rows[0].client_before || row.other_before != rows[0].other_before;
    });
  }
  [[nodiscard]] std::shared_ptr<OwnValues> field(ContactField which) const {
    return std::make_shared<OwnValues>(spec(TableId::contacts).fields[static_cast<std::size_t>(which)].type,
                                       base_.time_zone());
  }
  void hide(index::Overlay& overlay, std::uint32_t chunk, std::uint32_t row) const {
    auto& rows = overlay.no_contact[chunk];
    if (rows.empty()) rows.assign(base_.chunks(TableId::contacts)[chunk]->rows(), 0);
    rows[row] = 1;
  }
  template <class Field>
  [[nodiscard]] const Values* values(TableId table, const Touched& row, Field of) const {
    return (*base_.chunks(table)[row.chunk])[of];
  }
  /// 2: it does not say.
  [[nodiscard]] std::uint8_t granted_of(std::uint32_t chunk, std::uint32_t row) const {
    const Values* of = (*base_.chunks(TableId::consents)[chunk])[ConsentField::granted];
    return of == nullptr ? 2 : index::boolean_at(*of, row);
  }
  [[nodiscard]] Said said_by(const Touched& row) const {
    const auto instant = [&](ConsentField which) {
      const Values* of = values(TableId::consents, row, which);
      return of == nullptr ? null_instant : index::instant_at(*of, row.row);
    };
    const std::int64_t until = instant(ConsentField::until);
    return {row.client_before, row.chunk, granted_of(row.chunk, row.row) == 1, instant(ConsentField::since),
            until == null_instant ? std::numeric_limits<std::int64_t>::max() : until};
  }
  /// Whether cards allowed and forbade the same for one time. `said` by falling since.
  [[nodiscard]] static bool disagree(std::span<const Said> said) {
    if (std::all_of(said.begin(), said.end(), [&](const Said& row) { return row.client == said[0].client; }))
      return false;
    std::array<std::int64_t, 2> until{null_instant, null_instant};  // of refusals and grants that begin no later
    for (std::size_t i = said.size(); i-- > 0;) {
      const Said& row = said[i];
      if (row.until <= row.since) continue;
      if (row.since < until[row.granted ? 0 : 1]) return true;
      std::int64_t& own = until[row.granted ? 1 : 0];
      own = std::max(own, row.until);
    }
    return false;
  }
  [[nodiscard]] std::string term(TableId table, std::size_t field, std::uint32_t code) const {
    return code == no_code ? std::string() : std::string(base_.terms(table, field)[code]);
  }
  [[nodiscard]] std::uint32_t role_of(const Touched& row) const {
    const Values* of = values(TableId::contacts, row, ContactField::role);
    return of == nullptr ? no_code : index::code_at(*of, row.row);
  }

  /// Rows in one role; those without one belong to the first role by its text.
  [[nodiscard]] std::vector<std::vector<Touched>> by_role(std::span<const Touched> edge) const {
    std::map<std::string, std::vector<Touched>> roles;
    for (const Touched& row : edge)
      roles[term(TableId::contacts, static_cast<std::size_t>(ContactField::role), role_of(row))].push_back(row);
    std::vector<std::vector<Touched>> result;
    std::vector<Touched> without;
    for (auto& [role, rows] : roles) {
      if (role.empty()) {
        without = std::move(rows);
      } else {
        result.push_back(std::move(rows));
      }
    }
    if (result.empty()) return {without};
    for (const Touched& row : without) result.front().push_back(row);
    std::sort(result.front().begin(), result.front().end(),
              [&](const Touched& a, const Touched& b) { return key(a) < key(b); });
    return result;
  }

  void join(const std::vector<Touched>& rows, const Columns& columns, index::Overlay& overlay) {
    std::uint32_t role = no_code;
    std::string title;
    std::int32_t newest = null_day;
    bool titled = false;
    std::uint8_t primary = 2;
    std::int32_t since = null_day;
    std::int32_t until = null_day;
    std::array<std::vector<std::string>, 4> said;  // title, primary, since, until
    const auto widen = [](std::int32_t& wide, std::int32_t day, std::size_t place, auto wider) {  // null has no end
      wide = place == 0 ? day : wide == null_day || day == null_day ? null_day : wider(wide, day);
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Touched& row = rows[i];
      hide(overlay, row.chunk, row.row);
      if (role == no_code) role = role_of(row);
      const auto day = [&](ContactField which) {
        const Values* of = values(TableId::contacts, row, which);
        return of == nullptr ? null_day : index::day_at(*of, row.row);
      };
      const std::int32_t begins = day(ContactField::since);
      const std::int32_t ends = day(ContactField::until);
      widen(since, begins, i, [](std::int32_t x, std::int32_t y) { return std::min(x, y); });
      widen(until, ends, i, [](std::int32_t x, std::int32_t y) { return std::max(x, y); });
      std::string own;
      if (const Values* of = values(TableId::contacts, row, ContactField::title)) own = std::string(of->text(row.row));
      if (!own.empty() && (!titled || begins > newest)) {
        title = own;
        newest = begins;
        titled = true;
      }
      std::uint8_t main = 2;
      if (const Values* of = values(TableId::contacts, row, ContactField::primary))
        main = index::boolean_at(*of, row.row);
      if (main != 2) primary = primary == 2 ? main : static_cast<std::uint8_t>(primary | main);
      said[0].push_back(own);
      said[1].push_back(main == 2 ? "" : main == 1 ? "true" : "false");
      said[2].push_back(begins == null_day ? "" : to_text(Day(std::chrono::days(begins))));
      said[3].push_back(ends == null_day ? "" : to_text(Day(std::chrono::days(ends))));
    }
    columns[0]->add_code(rows[0].client);
    columns[1]->add_code(rows[0].other);
    columns[2]->add_code(role);
    columns[3]->add_text(title);
    columns[4]->add_boolean(primary);
    columns[5]->add_day(since);
    columns[6]->add_day(until);

    const bool persons = std::any_of(rows.begin(), rows.end(),
                                     [&](const Touched& row) { return row.client_before != rows[0].client_before; });
    std::string where = base_.id_of(persons ? rows[0].other : rows[0].client).to_text();
    if (role != no_code) where += ", " + term(TableId::contacts, static_cast<std::size_t>(ContactField::role), role);
    const std::array<std::string, 4> chosen{title,
                                            primary == 2   ? ""
                                            : primary == 1 ? "true"
                                                           : "false",
                                            since == null_day ? "" : to_text(Day(std::chrono::days(since))),
                                            until == null_day ? "" : to_text(Day(std::chrono::days(until)))};
    static constexpr std::array<std::string_view, 4> fields{"title", "primary", "since", "until"};
    static constexpr std::array<std::string_view, 4> rules{"newest", "any", "widest", "widest"};
    for (std::size_t f = 0; f < fields.size(); ++f) {
      MergeConflict conflict{base_.id_of(persons ? rows[0].client : rows[0].other),
                             TableId::contacts,
                             std::string(fields[f]),
                             where,
                             {},
                             chosen[f],
                             std::string(rules[f])};
      bool differ = false;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (said[f][i].empty() && f < 2) continue;  // of days null means without end
        conflict.values.push_back({base_.id_of(persons ? rows[i].client_before : rows[i].other_before), said[f][i]});
        differ = differ || said[f][i] != chosen[f];
      }
      if (differ) conflicts_.push_back(std::move(conflict));
    }
  }

  const State& state_;
  const ClientBase& base_;
  const ClientMap& map_;
  std::vector<MergeConflict>& conflicts_;
};

}  // namespace

const State::View& State::seen(const Control& control) {
  if (view) return *view;
  std::vector<std::uint32_t> used = used_clusters();
  constexpr std::size_t stretch = 256;
  control.run((used.size() + stretch - 1) / stretch, [&](std::size_t task) {
    control.check();
    for (std::size_t i = task * stretch; i < std::min(used.size(), (task + 1) * stretch); ++i)
      choose(clusters[used[i]]);
  });
  std::sort(used.begin(), used.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rank(clusters[a].survivor->code) < rank(clusters[b].survivor->code);
  });
  ClientMap map = map_of(*this, used);
  if (used.empty()) {
    view = std::make_shared<const View>(View{base(), std::move(map), {}, {}});
    return *view;
  }
  index::Overlay overlay;
  overlay.changed.assign(places.size(), 0);
  for (const std::uint32_t c : used)
    for (const std::uint32_t code : clusters[c].cards) overlay.changed[places(code)] = 1;
  std::vector<MergeConflict> conflicts;
  const std::vector<std::uint32_t> parents = Parents(*this, map, used).break_circles(conflicts);
  Terms terms(base());
  overlay.cards = survivor_cards(*this, used, parents, terms, control);
  overlay.terms = terms.lists();
  RowConflicts rows(*this, map, conflicts);
  rows.contacts(overlay, control);
  rows.consents(control);
  ClientBase merged = index::merged_base(map, overlay, control);
  view = std::make_shared<const View>(View{std::move(merged), std::move(map), std::move(conflicts), std::move(used)});
  return *view;
}

}  // namespace klientela
