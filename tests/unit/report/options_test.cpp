// Report options as JSON: defaults, round trip, errors that name their place.
#include <gtest/gtest.h>

#include "klientela/report/report_json.hpp"

namespace klientela {
namespace {

TEST(ReportOptionsJson, DefaultsAndRoundTrip) {
  EXPECT_EQ(to_json(report_options_from_json("{}")), to_json(ReportOptions{}));
  ReportOptions options;
  options.language = Language::russian;
  options.title = "Клиенты \"Ромашки\"";
  options.top_clients = 0;
  const ReportOptions read = report_options_from_json(to_json(options));
  EXPECT_EQ(read.language, Language::russian);
  EXPECT_EQ(read.title, options.title);
  EXPECT_EQ(read.top_clients, 0U);
}

TEST(ReportOptionsJson, NamesThePlaceOfAnError) {
  const auto where = [](std::string_view json) {
    try {
      (void)report_options_from_json(json, "/report");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::bad_policy);
      return error.where();
    }
    return std::string("no error");
  };
  EXPECT_EQ(where(R"({"language": "de"})"), "/report/language");
  EXPECT_EQ(where(R"({"top_clients": 1001})"), "/report/top_clients");
  EXPECT_EQ(where(R"({"top_clients": -1})"), "/report/top_clients");
  EXPECT_EQ(where(R"({"titel": "x"})"), "/report/titel");
  EXPECT_EQ(where(R"([])"), "/report");
}

}  // namespace
}  // namespace klientela
