// The report page: nothing of the data becomes markup, nothing is loaded, its size is bounded, both languages are
// there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "klientela/ingest/builder.hpp"
#include "unit/report/markup.hpp"
#include "unit/report/sample.hpp"

namespace klientela {
namespace {

using testing::expect_well_formed;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Page, StandsAlone) {
  testing::Sample sample;
  const std::string page = html(sample.input());
  expect_well_formed(page);
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr(" style=")));
  EXPECT_THAT(page, Not(HasSubstr(" href=")));
  EXPECT_THAT(page, Not(HasSubstr(" src=")));
  EXPECT_FALSE(std::regex_search(page, std::regex(" on[a-z]+=")));
}

TEST(Page, HasEverySection) {
  testing::Sample sample;
  const std::string page = html(sample.input());
  for (const char* id : {"matrix", "rfm", "abc", "top", "rejected", "definitions"})
    EXPECT_THAT(page, HasSubstr("<h2 id=\"" + std::string(id) + "\">"));
  EXPECT_THAT(page, HasSubstr("The axis x was replaced."));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page, HasSubstr("class=\"curve\""));
  EXPECT_THAT(page, HasSubstr("1,150.50"));
}

TEST(Page, SpeaksRussian) {
  testing::Sample sample;
  ReportOptions options;
  options.language = Language::russian;
  const std::string page = html(sample.input(), options);
  expect_well_formed(page);
  EXPECT_THAT(page, HasSubstr("<html lang=\"ru\">"));
  EXPECT_THAT(page, HasSubstr("Матрица контактов"));
  EXPECT_THAT(page, HasSubstr("Чемпионы"));
  EXPECT_THAT(page, HasSubstr("4\xC2\xA0октября 2024"));
}

TEST(Page, EscapesEverythingFromTheData) {
  for (const std::string& hostile :
       {std::string("<script>alert(1)</script>"), std::string("\"><img src=x onerror=alert(1)>"),
        std::string("' onmouseover='x"), std::string("</title></style><b>"), std::string("--><svg onload=x>"),
        std::string("</text></svg><i>"), std::string("{}{0}%s&amp;"), std::string("\xE2\x80\xAE evil \xE2\x81\xA6"),
        std::string("a\nb\rc\0d", 7), std::string("\xFF\xC0\x80")}) {
    testing::Sample sample;
    sample.ids[0] = hostile;
    sample.band = hostile;
    sample.group = hostile;
    sample.segment = hostile;
    sample.note = hostile;
    sample.reject_value = hostile;
    ReportOptions options;
    options.title = hostile;
    const std::string page = html(sample.input(), options);
    expect_well_formed(page);
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_THAT(page, Not(HasSubstr("<i>")));
    EXPECT_THAT(page, Not(HasSubstr("' onmouseover")));
    EXPECT_EQ(page.find('\0'), std::string::npos);
    EXPECT_EQ(page.find('\xFF'), std::string::npos);
  }
}

TEST(Page, CutsLongTexts) {
  testing::Sample sample;
  const std::string usual = html(sample.input());
  sample.ids[0] = std::string(1'000'000, 'x');
  sample.group = std::string(1'000'000, 'y');
  sample.segment = std::string(1'000'000, 'z');
  const std::string page = html(sample.input());
  EXPECT_LT(page.size(), usual.size() + 20'000);
}

TEST(Page, LeavesOutWhatThereIsNot) {
  testing::Sample sample;
  sample.with_classes = false;
  const std::string page = html(sample.input());
  expect_well_formed(page);
  EXPECT_THAT(page, Not(HasSubstr("id=\"matrix\"")));
  EXPECT_THAT(page, Not(HasSubstr("id=\"abc\"")));
  ReportOptions options;
  options.top_clients = 0;
  testing::Sample whole;
  EXPECT_THAT(html(whole.input(), options), Not(HasSubstr("id=\"top\"")));
}

TEST(Page, CallsAGroupTheSameEverywhere) {
  testing::Sample sample;
  const std::string page = html(sample.input());
  EXPECT_THAT(page, HasSubstr("</span><span>partner <span class=\"count\">1"));
  EXPECT_THAT(page, Not(HasSubstr("potential partner")));
}

TEST(Page, CountsTheLabelsOfEveryClassifierWithoutAPicture) {
  testing::Sample sample;
  ReportInput input = sample.input();
  EXPECT_THAT(html(input), Not(HasSubstr("id=\"classes\""))) << "all three have pictures";
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) many.push_back("value " + std::to_string(i));
  sample.classes.emplace_back(
      "tiers", "tiers",
      std::vector<Column>{testing::labels("tier", {0, 1, 1, 2}, {"strategic", "ordinary", "potential", "<odd>"})});
  sample.classes.emplace_back("mine", "a host's own",
                              std::vector<Column>{testing::labels("mine", {39, 39, 39, 0}, many),
                                                  testing::labels("mine_source", {0, 0, 1, 1}, {"hand", "rule:x"})},
                              Classification::Reasons{}, std::vector<Note>{{"mine.note", "x", "Mine says so.", ""}});
  sample.classes.emplace_back("abc", "abc", std::vector<Column>{testing::labels("second", {0, 0, 0, 1}, {"A", "B"})});
  input.classes = sample.classes;
  const std::string page = html(input);
  expect_well_formed(page);
  const std::string part =
      page.substr(page.find("id=\"classes\""), page.find("id=\"top\"") - page.find("id=\"classes\""));
  EXPECT_THAT(part, HasSubstr("<bdi>tier</bdi></th>"));
  EXPECT_THAT(part, HasSubstr("strategic</th>"));
  EXPECT_THAT(part, HasSubstr("<td class=\"num\">2 <span class=\"share\">50.0%</span></td>"));
  EXPECT_THAT(part, HasSubstr("<td class=\"num\">1k <span class=\"share\">86.9%</span></td>"));
  EXPECT_THAT(part, HasSubstr("&lt;odd&gt;")) << "labels without clients too";
  EXPECT_THAT(part, HasSubstr("value 39"));
  EXPECT_THAT(part, HasSubstr("value 27</bdi>"));
  EXPECT_THAT(part, Not(HasSubstr("value 28</bdi>"))) << "one of the eleven that are summed";
  EXPECT_THAT(part, HasSubstr("other labels: 11"));
  EXPECT_THAT(part, HasSubstr("<bdi>second</bdi></th>"));
  EXPECT_THAT(part, HasSubstr("Mine says so."));
  EXPECT_THAT(part, HasSubstr("rule:x"));
  EXPECT_THAT(part, Not(HasSubstr("Champions"))) << "RFM has a picture";
}

TEST(Page, ShortensLongCountsAndKeepsThemExact) {
  testing::Sample sample;
  const std::size_t n = 12'345;
  Table table;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < n; ++i) ids.push_back(std::to_string(i + 100'000));
  table.add(Column("client", ids));
  table.add(testing::money("money_net", std::vector<std::int64_t>(n, 1'000'000'0000)));
  const std::vector<std::uint16_t> zeros(n);
  sample.classes.emplace_back(
      "matrix", "matrix",
      std::vector<Column>{testing::labels("matrix_x", zeros, {"a", "b"}), testing::labels("matrix_y", zeros, {"c"}),
                          testing::labels("cell", zeros, {"a / c", "b / c"}),
                          testing::labels("group", zeros, {"hot"})});
  const FeatureTable features(std::move(table), Day{std::chrono::days{20000}}, nullptr);
  const std::string page = html(ReportInput{sample.base, features, sample.classes, sample.rejects, sample.counts});
  expect_well_formed(page);
  EXPECT_THAT(
      page,
      HasSubstr("<b><span class=\"full\">12,345</span><span class=\"brief\" aria-hidden=\"true\">12.3k</span></b>"));
  EXPECT_THAT(page, HasSubstr("title=\"12,345\u00A0clients, 12,345,000,000: hot: 12,345\""));
  EXPECT_THAT(page, HasSubstr("<span>12.3bn</span>"));
}

TEST(Page, ShowsTheLargestClientsFirst) {
  testing::Sample sample;
  ReportOptions options;
  options.top_clients = 1;
  const std::string page = html(sample.input(), options);
  EXPECT_THAT(page, HasSubstr("<bdi>10</bdi></th>"));
  EXPECT_THAT(page, Not(HasSubstr("<bdi>20</bdi></th>"))) << "the second of its cell";
}

/// Six cards of one client, who is called `name`, and two that may be one: all of it found, the six merged.
struct Repeated {
  explicit Repeated(const std::string& name) {
    BaseBuilder builder;
    for (std::int64_t id = 1; id <= 6; ++id) {
      ClientRow row{.client = id, .name = name, .emails = {"info@falk.example"}, .phones = {"+4930 5550100"}};
      row.city = id % 2 == 0 ? "Berlin" + name : "Köln" + name;
      if (id > 2) row.tax_numbers = {"00123456" + std::to_string(id)};
      builder.add(row);
    }
    builder.add(ClientRow{.client = 8, .name = "Nordwind", .phones = {"+4930 5550200"}});
    builder.add(ClientRow{.client = 9, .name = "Nordwind Logistik", .phones = {"+4930 5550200"}});
    builder.add(ClientRow{.client = "<b>", .name = "Adler", .phones = {"+4930 5550300"}});
    base = builder.build().base;
    DedupeOptions options;
    std::vector<LinkField> fields;
    for (const CardField field : {CardField::email, CardField::phone, CardField::city}) {
      options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
      fields.push_back({.comparison = spec(options.comparisons.back()), .weights = {-1, 10}, .tf_weight = 0});
    }
    options.model = LinkModel(1.0 / 1024, fields);
    options.blocking.rules = {blocking_rule("email"), blocking_rule("phone")};
    found = find_duplicates(base, options);
    merged.emplace(base);
    merged->merge(merge_clusters(found, {.threshold = 5, .corroboration = -1}));
    static_cast<void>(merged->base());
  }
  ClientBase base;
  Duplicates found;
  std::optional<MergedBase> merged;
};

/// The section about duplicates.
std::string duplicates_of(const std::string& page) {
  const std::size_t begin = page.find("<h2 id=\"duplicates\">");
  return begin == std::string::npos ? "" : page.substr(begin, page.find("</section>", begin) - begin);
}

TEST(Page, ShowsCardsOfOneClientSideBySideAndHowTheirScoreAddsUp) {
  testing::Sample sample;
  const Repeated repeated("Falk GmbH");
  ReportInput input = sample.input();
  EXPECT_EQ(duplicates_of(html(input)), "");
  input.duplicates = &repeated.found;
  input.merged = &*repeated.merged;
  for (const Language language : {Language::english, Language::russian}) {
    ReportOptions options;
    options.language = language;
    const std::string page = html(input, options);
    expect_well_formed(page);
    const std::string section = duplicates_of(page);
    EXPECT_THAT(section, HasSubstr("<bdi>Falk GmbH</bdi>"));
    EXPECT_THAT(section, HasSubstr("<td class=\"other\"><bdi>BerlinFalk GmbH</bdi></td>"));
    EXPECT_THAT(section, HasSubstr("<td><bdi>KölnFalk GmbH</bdi></td>")) << "as the first card has it";
    EXPECT_THAT(section, HasSubstr("class=\"now\""));
    EXPECT_THAT(section, HasSubstr("class=\"limit\""));
    EXPECT_THAT(section, HasSubstr("<td class=\"num\">\xE2\x88\x92" +
                                   std::string(language == Language::english ? "10.0" : "10,0")))
        << "what the odds of any two cards are";
    EXPECT_THAT(section, HasSubstr(language == Language::english ? "Not shown: 2 (clusters.csv)"
                                                                 : "Не показано: 2 (clusters.csv)"));
    EXPECT_THAT(section, HasSubstr("Nordwind Logistik")) << "waits for a person";
  }
  ReportOptions hidden;
  hidden.hide = {PageSection::duplicates};
  EXPECT_EQ(duplicates_of(html(input, hidden)), "");
  const std::string summary = summary_json(input);
  EXPECT_THAT(summary, HasSubstr("\"merged_cards\": 5"));
  EXPECT_THAT(summary, HasSubstr("\"to_review\": 1"));
}

TEST(Page, EscapesWhatCardsSay) {
  for (const std::string& hostile :
       {std::string("<script>alert(1)</script>"), std::string("\"><img src=x onerror=alert(1)>"),
        std::string("' onmouseover='x"), std::string("</table></section><i>"), std::string("{}{0}%s&amp;")}) {
    testing::Sample sample;
    const Repeated repeated(hostile);
    ReportInput input = sample.input();
    input.duplicates = &repeated.found;
    input.merged = &*repeated.merged;
    const std::string page = html(input);
    expect_well_formed(page);
    for (const char* bad : {"<script", "<img", "<i>", "' onmouseover", "<b><bdi><b>"})
      EXPECT_THAT(page, Not(HasSubstr(bad)));
  }
}

TEST(Page, TellsWhatAClassExplainsAndEscapesItsName) {
  BaseBuilder builder;
  for (std::int64_t id = 1; id <= 2; ++id)
    builder.add(ClientRow{.client = id, .name = "Falk", .emails = {"info@falk.example"}, .phones = {"+4930 5550100"}});
  const ClientBase base = builder.build().base;
  for (const auto& [name, shown] : std::vector<std::pair<std::string, std::string>>{
           {"household", "by one household"}, {"<b>of a door</b>", "&lt;b&gt;of a door&lt;/b&gt;"}}) {
    DedupeOptions options;
    std::vector<LinkField> fields;
    for (const CardField field : {CardField::email, CardField::phone}) {
      options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
      fields.push_back({.comparison = spec(options.comparisons.back()), .m = {0.1, 0.9}, .u = {0.999, 0.001}});
    }
    options.model = LinkModel(1.0 / 64, fields, {{name, 0.001, {{"phone", {0.5, 0.5}}}}});
    options.blocking.rules = {blocking_rule("email")};
    const Duplicates found = find_duplicates(base, options);
    ASSERT_EQ(found.groups().size(), 1U);
    testing::Sample sample;
    ReportInput input = sample.input();
    input.duplicates = &found;
    const std::string page = html(input);
    expect_well_formed(page);
    EXPECT_THAT(duplicates_of(page), HasSubstr("Explained"));
    EXPECT_THAT(duplicates_of(page), HasSubstr(shown));
    EXPECT_THAT(page, Not(HasSubstr("<b>of")));
  }
}

TEST(Page, SurvivesAnAbsenceOfMoney) {
  testing::Sample sample;
  sample.net = {0, 0, 0, 0};
  expect_well_formed(html(sample.input()));
}

}  // namespace
}  // namespace klientela
