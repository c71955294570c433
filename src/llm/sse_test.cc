#include "llm/sse.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <iterator>

namespace ops {
namespace {

std::string print(std::string_view stream) {
    std::string text;
    for (const ServerEvent& event : parse_events(stream)) {
        text += "[" + event.name + "|" + event.data + "]";
    }
    return text;
}

TEST(Sse, AsTheStandardSays) {
    struct Row {
        const char* why;
        const char* stream;
        const char* expected;
    };
    const Row rows[] = {
        {"one", "data: a\n\n", "[message|a]"},
        {"named", "event: x\ndata: a\n\n", "[x|a]"},
        {"lines are joined", "data: a\ndata:b\ndata:  c\n\n", "[message|a\nb\n c]"},
        {"all three line ends", "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
         "[message|a][message|b][message|c]"},
        {"comments", ": hello\ndata: a\n:\n\n", "[message|a]"},
        {"other fields", "id: 7\nretry: 10\nfoo\ndata: a\n\n", "[message|a]"},
        {"no data, no event; the name does not stay", "event: x\n\ndata: a\n\n", "[message|a]"},
        {"empty data", "data\n\n", "[message|]"},
        {"a byte order mark",
         "\xEF\xBB\xBF"
         "data: a\n\n",
         "[message|a]"},
        {"cut before the blank line", "data: a\n\ndata: b\n", "[message|a]"},
        {"cut in a line", "data: a\n\ndata: b", "[message|a]"},
        {"nothing", "", ""},
    };
    for (const Row& row : rows) EXPECT_EQ(print(row.stream), row.expected) << row.why;
}

TEST(Sse, WhatWasWrittenIsRead) {
    EXPECT_TRUE(rc::check([](const std::vector<std::string>& texts) {
        std::string stream, expected;
        for (const std::string& text : texts) {
            std::string clean;
            std::copy_if(text.begin(), text.end(), std::back_inserter(clean),
                         [](char c) { return c != '\r' && c != '\n'; });
            stream += "data: " + clean + "\n\n";
            expected += "[message|" + clean + "]";
        }
        RC_ASSERT(print(stream) == expected);
    }));
}

}  // namespace
}  // namespace ops
