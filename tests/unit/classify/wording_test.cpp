// How sentences say numbers and labels: rounded, but never so that a value seems to lie on the other side of an edge.
#include "classify/wording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/explained.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace classifying;  // NOLINT: what is tested

Quantity real(double number, const char* text) { return {number, text, true}; }

std::vector<std::string> rounded(std::vector<Quantity> quantities) {
  std::vector<Quantity*> pointers;
  for (Quantity& quantity : quantities) pointers.push_back(&quantity);
  round_together(pointers);
  std::vector<std::string> texts;
  for (const Quantity& quantity : quantities) texts.push_back(quantity.text);
  return texts;
}

TEST(RoundTogether, KeepsOrderAndWhatIsExact) {
  EXPECT_THAT(rounded({real(12.3333333, "12.3333333"), real(0.46347, "0.46347")}), ElementsAre("12.33", "0.4635"));
  EXPECT_THAT(rounded({{1234.5678, "1234.5678", false}, real(7.00001, "7.00001")}), ElementsAre("1234.5678", "7"));
  EXPECT_THAT(rounded({real(2.501, "2.501"), real(2.5, "2.5")}), ElementsAre("2.501", "2.5")) << "not its own edge";
  EXPECT_THAT(rounded({real(2.50000001, "2.50000001"), real(2.5, "2.5")}), ElementsAre("2.50000001", "2.5"));
  // Money stays exact, so an edge beside it must not be rounded past it.
  EXPECT_THAT(rounded({{20352.17, "20352.17", false}, real(20352.168, "20352.168")}),
              ElementsAre("20352.17", "20352.168"));
  EXPECT_THAT(rounded({{}, real(1.005, "1.005")}), ElementsAre("", ::testing::AnyOf("1", "1.01")));
}

Reason scored(const char* measure, double value, const char* text, std::optional<Quantity> low,
              std::optional<Quantity> high, const char* result) {
  Reason reason;
  reason.column = "rfm_r";
  reason.result = result;
  reason.measure = measure;
  reason.value = real(value, text);
  reason.low = std::move(low);
  reason.high = std::move(high);
  reason.rule = std::string("rfm.") + result;
  reason.aspect = Aspect::score;
  return reason;
}

TEST(Explained, TellsOneSentenceOfAMeasureThatCrossedAnEdge) {
  const std::vector<Reason> before{scored("gap_days_mean", 12.3333333, "12.3333333", {}, real(20, "20"), "5")};
  const std::vector<Reason> now{scored("gap_days_mean", 31.25, "31.25", real(20, "20"), real(40, "40"), "4")};
  const Explained rose = explain_change(before, now, "rfm_r", Language::english);
  EXPECT_EQ(rose.text, "mean days between purchases went from 12.33 to 31.25, above 20.");
  EXPECT_EQ(rose.before, "12.3333333") << "exact for machines";
  const Explained fell = explain_change(now, before, "rfm_r", Language::russian);
  EXPECT_EQ(fell.text, "среднее число дней между покупками: было 31.25, стало 12.33 (не больше 20).");
  EXPECT_EQ(fell.threshold, "20");
}

TEST(Explained, SaysWhenOnlyTheThresholdsMoved) {
  const std::vector<Reason> before{scored("frequency", 5, "5", {}, real(6, "6"), "1")};
  const std::vector<Reason> now{scored("frequency", 5, "5", real(4, "4"), {}, "2")};
  const Explained why = explain_change(before, now, "rfm_r", Language::english);
  EXPECT_TRUE(why.moved);
  EXPECT_EQ(why.text, "orders stayed 5, the thresholds moved. rfm_r: 2, because orders (frequency) is 5 (above 4).");
}

/// A group can change though its cell stays: by a rule with a condition on another measure.
TEST(Explained, NamesTheConditionByWhichAGroupChanged) {
  Reason cell;
  cell.column = "group";
  cell.result = "hot";
  cell.measure = "cell";
  cell.value.text = "active / large";
  cell.rule = "group.hot.0";
  cell.aspect = Aspect::group;
  Reason partner = cell;
  partner.result = "partner";
  partner.rule = "group.partner.1";
  Reason tenure = partner;
  tenure.measure = "tenure_days";
  tenure.value = {735, "735", false};
  tenure.low = real(730, "730");
  tenure.low_included = true;
  const Explained why = explain_change({cell}, {partner, tenure}, "group", Language::english);
  EXPECT_FALSE(why.moved);
  EXPECT_EQ(why.measure, "tenure_days");
  EXPECT_EQ(why.threshold, "730");
  EXPECT_EQ(why.rule, "group.partner.1");
  EXPECT_EQ(why.text, "group: \"partner\", because days since the first purchase (tenure_days) is 735 (at least 730).");
  const Explained back = explain_change({partner, tenure}, {cell}, "group", Language::english);
  EXPECT_THAT(back.text, Not(HasSubstr("thresholds moved")));
}

TEST(Wording, SaysLabelsInRussianBesideThemselves) {
  Reason reason = scored("engagement", 4, "4", real(3, "3"), {}, "interested");
  reason.aspect = Aspect::band;
  EXPECT_THAT(to_text(reason, Language::russian), HasSubstr("«interested» (интерес), так как оценка вовлечённости"));
  reason.result = "our own band";
  EXPECT_THAT(to_text(reason, Language::russian), HasSubstr("«our own band», так как"));
}

}  // namespace
}  // namespace klientela
