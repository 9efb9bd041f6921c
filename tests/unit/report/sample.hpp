// A small client base made by hand, for tests of what the report stage writes about it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "klientela/report/report.hpp"

namespace klientela::testing {

template <class T>
Buffer<T> buffer(const std::vector<T>& values) {
  Buffer<T> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return out;
}

inline Column labels(std::string name, const std::vector<std::uint16_t>& codes, std::vector<std::string> texts) {
  return Column(std::move(name), buffer(codes), std::make_shared<const std::vector<std::string>>(std::move(texts)));
}

inline Column money(std::string name, std::vector<std::int64_t> units) {
  return Column(std::move(name), ColumnType::money, buffer(units));
}

/// Everything that a report borrows, kept together. Four clients; texts can be set to hostile ones first.
struct Sample {
  std::vector<std::string> ids{"10", "20", "30", "x-1"};
  std::vector<std::int64_t> net{1'000'0000, 200'5000, 0, -50'0000};
  std::string band{"first"};
  std::string group{"hot"};
  std::string segment{"Champions"};
  std::string note{"The axis x was replaced."};
  std::string reject_value{"abc"};
  bool with_classes{true};

  ClientBase base;
  FeatureTable features;
  std::vector<Classification> classes;
  std::vector<Reject> rejects;
  std::map<TableId, TableCounts> counts;

  ReportInput input() {
    Table table;
    table.add(Column("client", ids));
    table.add(Column("recency_days", ColumnType::int32, buffer(std::vector<std::int32_t>{0, 5, 30, 90})));
    table.add(Column("frequency", ColumnType::int32, buffer(std::vector<std::int32_t>{3, 2, 0, 0})));
    table.add(Column("lines", ColumnType::int32, buffer(std::vector<std::int32_t>{9, 2, 0, 0})));
    table.add(Column("refund_lines", ColumnType::int32, buffer(std::vector<std::int32_t>{0, 1, 0, 1})));
    std::vector<std::int64_t> gross = net;
    gross[1] += 10'0000;
    gross[3] = 0;
    table.add(money("money_gross", gross));
    table.add(money("money_refunds", {0, 10'0000, 0, 50'0000}));
    table.add(money("money_net", net));
    table.add(Column("last_purchase", ColumnType::day, buffer(std::vector<std::int32_t>{20000, 19995, 19970, 19910})));
    table.add(Column("first_purchase", ColumnType::day, buffer(std::vector<std::int32_t>{19900, 19905, 19970, 19910})));
    classes.clear();
    if (with_classes) {
      classes.emplace_back(
          "rfm", "rfm",
          std::vector<Column>{Column("rfm_r", ColumnType::int8, buffer(std::vector<std::int8_t>{5, 4, 2, 1})),
                              Column("rfm_f", ColumnType::int8, buffer(std::vector<std::int8_t>{5, 4, 1, 1})),
                              Column("rfm_m", ColumnType::int8, buffer(std::vector<std::int8_t>{5, 4, 2, 1})),
                              labels("rfm_segment", {0, 0, 1, 1}, {segment, "Lost", "none"})});
      classes.emplace_back("abc", "abc", std::vector<Column>{labels("abc", {0, 1, 2, 2}, {"A", "B", "C"})},
                           [](std::size_t) {
                             Reason reason;
                             reason.column = "abc";
                             reason.measure = "money_net";
                             return std::vector<Reason>{reason};
                           });
      classes.emplace_back(
          "matrix", "matrix",
          std::vector<Column>{
              labels("matrix_x", {1, 1, 0, 2}, {"none yet", band, "unknown"}),
              labels("matrix_y", {1, 1, 0, 0}, {"small", "big", "unknown"}),
              labels("cell", {4, 4, 0, 6},
                     {"none yet / small", "none yet / big", "none yet / unknown", band + " / small", band + " / big",
                      band + " / unknown", "unknown / small", "unknown / big", "unknown / unknown"}),
              labels("group", {0, 1, 2, 2}, {"partner", group, "cold"})},
          [](std::size_t) {
            Reason reason;
            reason.column = "matrix_x";
            reason.result = "r";
            reason.measure = "frequency";
            reason.value.text = "3";
            reason.aspect = Aspect::band;
            return std::vector<Reason>{reason};
          },
          std::vector<Note>{{"matrix.x.substitute", "x", note, note}});
    }
    for (const Classification& classification : classes)
      for (const Column& column : classification.columns()) table.add(column);
    features = FeatureTable(std::move(table), Day{std::chrono::days{20000}}, nullptr);
    rejects = {{TableId::transactions, 0, "Amount", reject_value, RejectReason::not_a_number},
               {TableId::transactions, 7, "Client", "", RejectReason::missing_value}};
    TableCounts& transactions = counts[TableId::transactions];
    transactions = {.rows_read = 15, .rows_used = 13, .rows_rejected = 2, .by_reason = {}};
    transactions.by_reason[RejectReason::not_a_number] = 1;
    transactions.by_reason[RejectReason::missing_value] = 1;
    return {base, features, classes, rejects, counts};
  }
};

}  // namespace klientela::testing
