// Whether the markup of a page is well formed, for tests of its parts.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace klientela::testing {

/// Fails where tags are not closed in order. Knows no comments, scripts or attributes with angle brackets: there are
/// none.
inline void expect_well_formed(const std::string& page) {
  static const std::set<std::string> empty{"meta", "col", "rect", "path", "!doctype"};
  std::vector<std::string> open;
  const std::size_t style = page.find("<style>");
  for (std::size_t i = page.find('<'); i != std::string::npos; i = page.find('<', i + 1)) {
    if (i > style && i < page.find("</style>")) continue;
    const std::size_t end = page.find('>', i);
    ASSERT_NE(end, std::string::npos);
    std::string tag = page.substr(i + 1, end - i - 1);
    const bool closes = tag.front() == '/';
    const bool self = tag.back() == '/';
    tag = tag.substr(closes ? 1 : 0);
    tag = tag.substr(0, tag.find_first_of(" \n/"));
    if (closes) {
      ASSERT_FALSE(open.empty()) << "at " << page.substr(i, 80);
      ASSERT_EQ(open.back(), tag) << "at " << page.substr(i, 80);
      open.pop_back();
    } else if (!self && !empty.contains(tag)) {
      open.push_back(tag);
    }
  }
  EXPECT_TRUE(open.empty());
}

}  // namespace klientela::testing
