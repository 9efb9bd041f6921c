// Strict reading of JSON: what is told of keys that are misspelt, unknown or missing.
#include "core/json_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace klientela::json {
namespace {

/// Reads {"when", "value", "priority" (optional)}, the required ones first; gives the message of the error.
std::string told(const std::string& text) {
  const Value document = parse(text);
  try {
    Object object(Node(document, "/rules/0"));
    static_cast<void>(object.require("when"));
    static_cast<void>(object.require("value"));
    static_cast<void>(object.find("priority"));
    object.done();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    EXPECT_EQ(std::string(error.what()).rfind(error.where() + ": ", 0), 0U);
    return error.what();
  }
  return "nothing";
}

TEST(JsonReader, TellsTheMisspeltKeyOfAMissingOne) {
  EXPECT_EQ(told(R"({"when": "a", "value": "x"})"), "nothing");
  EXPECT_EQ(told(R"({"wehn": "a", "value": "x"})"), "/rules/0/when: is missing; is \"wehn\" meant for it?");
  EXPECT_EQ(told(R"({"when": "a", "priority": 1, "valeu": "x"})"),
            "/rules/0/value: is missing; is \"valeu\" meant for it?");
  // What was asked for already is no misspelling, however near it is; of what is far all is told.
  EXPECT_EQ(told(R"({"if": "a", "value": "x"})"), "/rules/0/when: is missing; there is: if, value");
  EXPECT_EQ(told(R"({"when": "a"})"), "/rules/0/value: is missing");
  EXPECT_EQ(told("{}"), "/rules/0/when: is missing");
}

TEST(JsonReader, TellsTheNearestOfTheKnownKeys) {
  EXPECT_EQ(told(R"({"when": "a", "value": "x", "priorty": 1})"),
            "/rules/0/priorty: is not a known key; did you mean \"priority\"? known here: priority, value, when");
  EXPECT_EQ(told(R"({"when": "a", "value": "x", "colour": 1})"),
            "/rules/0/colour: is not a known key; known here: priority, value, when");
}

}  // namespace
}  // namespace klientela::json
