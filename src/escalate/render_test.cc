#include "escalate/render.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace ops {
namespace {

TEST(Escaped, NothingOfTheTextMeansAnything) {
    struct Row {
        const char* why;
        const Markup& markup;
        const char* text;
        const char* said;
    };
    const Row rows[] = {
        {"a tag", kTelegramMarkup, "<b>x</b> & \"y\"", "&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;"},
        {"an entity stays one that is seen", kHtmlMarkup, "&lt;", "&amp;lt;"},
        {"everybody, a person, a channel", kSlackMarkup, "<!channel> <@U123> <#C1> a&b",
         "&lt;!channel&gt; &lt;@U123&gt; &lt;#C1&gt; a&amp;b"},
        {"quotes are nothing to Slack", kSlackMarkup, "\"x\"", "\"x\""},
        {"mentions and marks", kDiscordMarkup, "@everyone <@1> **b** [x](y) `c` ||s|| # h",
         "\\@everyone \\<\\@1\\> \\*\\*b\\*\\* \\[x\\](y) \\`c\\` \\|\\|s\\|\\| \\# h"},
        {"plain", kPlainMarkup, "<b>&*_", "<b>&*_"},
    };
    for (const Row& row : rows) EXPECT_EQ(escaped(row.text, row.markup, 1000), row.said) << row.why;
}

TEST(Escaped, IsCutBeforeACharacterAndNeverInAnEscape) {
    struct Row {
        const char* why;
        const Markup& markup;
        const char* text;
        size_t limit;
        const char* said;
    };
    const Row rows[] = {
        {"fits exactly", kPlainMarkup, "12345", 5, "12345"},
        {"one too many", kPlainMarkup, "123456", 5, "12…"},
        {"characters of two bytes", kPlainMarkup, "üüüü", 7, "üü…"},
        {"no room for half an entity", kHtmlMarkup, "a&&", 9, "a&amp;…"},
        {"nor of the mark", kHtmlMarkup, "&&", 5, "…"},
        {"not UTF-8", kPlainMarkup, "\xff\xff\xff\xff\xff\xff", 5, "\xff\xff…"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(escaped(row.text, row.markup, row.limit), row.said) << row.why;
    }
}

AlertLines lines_with(size_t rows, const std::string& value) {
    AlertLines lines;
    lines.sign = "🚨";
    lines.headline = "CRITICAL: x";
    lines.rows.emplace_back("Time", "2026-01-29 14:30");
    for (size_t i = 0; i < rows; ++i) lines.rows.emplace_back("Row " + std::to_string(i), value);
    lines.ask = "👉 No action needed";
    return lines;
}

TEST(Render, IsTheTextInTheMarkup) {
    const AlertLines lines = lines_with(1, "a < b");
    EXPECT_EQ(render(lines, kPlainMarkup, 4096, Headline::shown),
              "🚨 CRITICAL: x\nTime: 2026-01-29 14:30\nRow 0: a < b\n👉 No action needed");
    EXPECT_EQ(render(lines, kTelegramMarkup, 4096, Headline::shown),
              "<b>🚨 CRITICAL: x</b>\n<b>Time:</b> 2026-01-29 14:30\n<b>Row 0:</b> a &lt; b\n"
              "👉 No action needed");
    EXPECT_EQ(render(lines, kSlackMarkup, 4096, Headline::left_out),
              "*Time:* 2026-01-29 14:30\n*Row 0:* a &lt; b\n👉 No action needed");
}

TEST(Render, WhatIsAskedStaysWhenRowsDoNotFit) {
    const std::string text =
        render(lines_with(50, std::string(100, 'x')), kPlainMarkup, 500, Headline::shown);
    EXPECT_LE(text.size(), 500U);
    EXPECT_TRUE(text.starts_with("🚨 CRITICAL: x\nTime: ")) << text;
    EXPECT_TRUE(text.ends_with("…\n👉 No action needed")) << text;
    EXPECT_EQ(text.find("Row 9"), std::string::npos);
}

RC_GTEST_PROP(Render, NeverIsLongerThanTheLimit, (const std::vector<std::string>& values)) {
    AlertLines lines = lines_with(0, "");
    for (const std::string& value : values) lines.rows.emplace_back(value, value + value);
    lines.headline += *rc::gen::container<std::string>(rc::gen::elementOf(std::string("&<>@*x")));
    lines.ask += *rc::gen::container<std::string>(rc::gen::elementOf(std::string("&<>@*x")));
    const auto limit = static_cast<size_t>(*rc::gen::inRange(250, 700));
    for (const Markup* markup :
         {&kPlainMarkup, &kTelegramMarkup, &kHtmlMarkup, &kSlackMarkup, &kDiscordMarkup}) {
        RC_ASSERT(render(lines, *markup, limit, Headline::shown).size() <= limit);
        RC_ASSERT(render(lines, *markup, limit, Headline::left_out).size() <= limit);
    }
}

}  // namespace
}  // namespace ops
