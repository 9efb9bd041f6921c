// What rules may ask about beside the features: the cards, requests, the as-of day, what was assigned by hand.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/assignment.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// The names that with_base_columns knows without a prefix, and card.FIELD for every field of the table `clients`
/// but `client`; card.industry.1, card.industry.2, ... are added for directories that are trees.
[[nodiscard]] std::vector<std::string> base_column_names();

/// The table with those of the wanted columns that it lacks and that the base can give; others are left out.
///
/// | column | type | meaning |
/// |---|---|---|
/// | as_of | day | the last day that counts, in every row |
/// | requests | int64 | accepted requests of the client up to as_of |
/// | last_request | day | the day of the last one up to as_of |
/// | card.FIELD | term, text or day | the field of the client's newest card; several values are joined by "; ";
/// instants are days of the base's time zone; null without a card, and for everybody where the field was never
/// delivered | | card.relationship_type, card.category, card.industry | term | the code of the directory entry that the
/// card means (see Directory::find), or what stands there where it means none | | card.category.N, card.industry.N |
/// term | the code at level N of its tree, from 1 at the top | | hand.A, bulk.A | term | what was assigned to the
/// client for attribute A |
///
/// \param table  its column `client` is the base's client_column(): one row a client, in canonical order
/// O(clients x columns + requests).
/// \throws Error invalid_argument if the rows are not the base's clients; bad_data for a directory that is no tree
[[nodiscard]] Table with_base_columns(const ClientBase& base, Table table, Day as_of,
                                      std::span<const std::string> wanted, const Assignments& assignments = {},
                                      const Control& control = {});

/// The names without those of columns about which the base has no data: of cards without the field (an
/// attribute that is no field of a card among them), of requests and interactions without any, of assignments. O(names)
[[nodiscard]] std::vector<std::string> columns_with_data(const ClientBase& base, std::span<const std::string> names);

/// The columns that classifiers read, in order, each once.
[[nodiscard]] std::vector<std::string> inputs_of(std::span<const AnyClassifier> classifiers);

/// One row per contact (the edge of a person and an organisation) in the order contact, organisation, role: `client`
/// (the contact), organisation, role (the code of the directory entry that is meant), title, primary, since, until.
/// Rules on it assign roles. Edges that ended before as_of, or begin after it, are left out.
/// \throws Error bad_data for a directory `role` that is no tree
[[nodiscard]] Table contact_table(const ClientBase& base, Day as_of);

}  // namespace klientela
