#include "config/yaml.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "config/fields.h"
#include "config/name_range.h"

namespace ops {
namespace {

Node parsed(std::string_view text) {
    Problems problems;
    Node node = parse_yaml(text, "f", problems);
    EXPECT_EQ(problems.print(), "") << text;
    return node;
}

TEST(Yaml, KnowsThePlaceOfEverything) {
    const Node root = parsed("a: 1\nb:\n  - x\n  - {c: 'y'}\nd:\n");
    EXPECT_EQ(root.place.print(), "f:1:1");
    EXPECT_EQ(root["a"].place.print(), "f:1:4");
    EXPECT_EQ(root["b"].items[0].place.print(), "f:3:5");
    EXPECT_EQ(root["b"].items[1].place.print(), "f:4:5");
    EXPECT_EQ(root["b"].items[1]["c"].place.print(), "f:4:9");
    EXPECT_EQ(root["d"].kind, Node::Kind::null);
    EXPECT_EQ(root["e"].kind, Node::Kind::missing);
    EXPECT_EQ(root.members[2].key_place.print(), "f:5:1");
}

TEST(Yaml, TellsEmptyFromNothing) {
    const Node root = parsed("a: ~\nb: null\nc:\nd: ''\ne: \"null\"\nf: \"\"\n");
    for (const std::string_view key : {"a", "b", "c"}) {
        EXPECT_EQ(root[key].kind, Node::Kind::null) << key;
    }
    for (const std::string_view key : {"d", "e", "f"}) {
        EXPECT_EQ(root[key].kind, Node::Kind::scalar) << key;
        EXPECT_TRUE(root[key].quoted) << key;
    }
    EXPECT_EQ(root["f"].place.print(), "f:6:4");
}

// The place of each marked character, in every style in which a text can be written.
TEST(Yaml, KnowsThePlaceInsideATextOfAnyStyle) {
    struct Row {
        std::string_view text;
        std::string place;  // of the '#'
        std::string_view why;
    };
    const std::vector<Row> rows = {
        {"a: xy#z\n", "f:1:6", "plain"},
        {"a: 'xy#z'\n", "f:1:7", "single quotes"},
        {"a: \"xy#z\"\n", "f:1:7", "double quotes"},
        {"a: 'it''s #'\n", "f:1:11", "a doubled quote is one character"},
        {"a: \"\\\"\\x41\\u00e9 #\"\n", "f:1:18", "escapes are longer than what they mean"},
        {"a: \"é日 x#\"\n", "f:1:9", "columns count characters, not bytes"},
        {"a: 'é日 x#'\n", "f:1:9", "also between single quotes"},
        {"a: one\n  two x#\n", "f:2:8", "a plain text over two lines"},
        {"a: \"one\n  two x#\"\n", "f:2:8", "a quoted text over two lines"},
        {"a: \"one\n\n\n  two x#\"\n", "f:4:8", "with empty lines between"},
        {"a: \"one \\\n  two x#\"\n", "f:2:8", "with an escaped newline"},
        {"a: |\n  one\n  two x#\n", "f:3:8", "a literal block"},
        {"a: |\n    one\n      two x#\n", "f:3:12", "with indentation of its own"},
        {"a: >\n  one\n  two x#\n", "f:3:8", "a folded block"},
        {"- b:\n    - c: \"x #\"\n", "f:2:13", "deep down"},
    };
    for (const Row& row : rows) {
        Node node = parsed(row.text);
        while (!node.is_scalar())
            node = node.is_map() ? Node(node.members[0].value) : Node(node.items[0]);
        const size_t offset = node.text.find('#');
        ASSERT_NE(offset, std::string::npos) << row.why;
        EXPECT_EQ(node.place_of(offset).print(), row.place) << row.why;
    }
}

TEST(Yaml, RefusesWhatIsNoText) {
    struct Row {
        std::string text;
        std::string_view said;
    };
    const std::vector<Row> rows = {
        {"a: \xff\n", "f:1:4: error: this is not UTF-8 text\n"},
        {"a: \xc0\xaf\n", "f:1:4: error: this is not UTF-8 text\n"},
        {"a: \xed\xa0\x80\n", "f:1:4: error: this is not UTF-8 text\n"},
        {std::string("a: x\0y\n", 7),
         "f:1:5: error: a control character may not stand in this file\n"},
        {"a: \x1b[1m\n", "f:1:4: error: a control character may not stand in this file\n"},
        {"é: 1\na: é\xff\n", "f:2:5: error: this is not UTF-8 text\n"},
        {std::string("\xff\xfe"
                     "a\0:\0",
                     6),
         "f:1:1: error: this is UTF-16 text, save it as UTF-8\n"},
        {std::string(1024 * 1024 + 1, ' '), "f: error: is larger than 1 MiB\n"},
    };
    for (const Row& row : rows) {
        Problems problems;
        parse_yaml(row.text, "f", problems);
        EXPECT_EQ(problems.print(), row.said);
    }
}

TEST(Yaml, TakesWindowsLinesAndAMark) {
    const Node root = parsed(
        "\xef\xbb\xbf"
        "a: x\r\nb: y\r\n");
    EXPECT_EQ(root["a"].text, "x");
    EXPECT_EQ(root["b"].text, "y");
    EXPECT_EQ(root["b"].place.print(), "f:2:4");
}

TEST(Yaml, StopsAtThirtyTwoLevels) {
    Problems fine;
    parse_yaml(std::string(32, '[') + std::string(32, ']'), "f", fine);
    EXPECT_FALSE(fine.has_errors()) << fine.print();
    Problems problems;
    parse_yaml(std::string(5000, '['), "f", problems);
    EXPECT_EQ(problems.print(), "f:1:33: error: nested deeper than 32 levels\n");
}

// Whatever the bytes are: it ends, it does not crash, and what is refused has a reason.
RC_GTEST_PROP(Yaml, NeverFailsWithoutAReason, ()) {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("ab:- \n\n\t\"'{}[],&*!|>#%@`\\?\xc3\xa9")));
    Problems problems;
    const Node root = parse_yaml(text, "f", problems);
    const bool blank = std::all_of(text.begin(), text.end(),
                                   [](char c) { return c == ' ' || c == '\n' || c == '\t'; });
    if (!root && !blank && text.find('#') == std::string::npos &&
        text.find('%') == std::string::npos) {
        RC_ASSERT(problems.has_errors());
    }
    for (const Problem& problem : problems.all()) {
        RC_ASSERT(problem.place.line >= 1);
        RC_ASSERT(problem.place.column >= 1);
    }
}

TEST(Problems, StandInTheOrderOfTheirPlaces) {
    Problems problems;
    problems.error({"b", 2, 1}, "third");
    problems.warning({"b", 1, 5}, "second");
    problems.error({"a", 1, 1}, "fourth");
    problems.error({"b", 1, 2}, "first");
    problems.sort_by_place();
    EXPECT_EQ(
        problems.print(),
        "b:1:2: error: first\nb:1:5: warning: second\nb:2:1: error: third\na:1:1: error: fourth\n");
    EXPECT_TRUE(problems.has_errors());
}

TEST(Fields, ReadsEachKind) {
    const Node root = parsed(
        "t: x\nd: 1h30m\ns: 3GB\ni: 7\nn: 2.5\np: 50 %\nb: yes\nc: ask\nl: [a, b]\nm: one\n");
    Problems problems;
    Fields fields(root, "a thing", problems);
    EXPECT_EQ(fields.required_text("t"), "x");
    EXPECT_EQ(fields.duration("d", Duration::zero()), std::chrono::minutes(90));
    EXPECT_EQ(fields.size("s", 0), 3'000'000'000);
    EXPECT_EQ(fields.integer("i", 0, 0, 10), 7);
    EXPECT_EQ(fields.number("n", 0), 2.5);
    EXPECT_EQ(fields.percentage("p", 0), 50);
    EXPECT_TRUE(fields.boolean("b", false));
    EXPECT_EQ(fields.choice("c", {"observe", "ask"}, "observe"), "ask");
    EXPECT_EQ(fields.texts("l"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(fields.texts("m"), std::vector<std::string>{"one"});
    fields.done();
    EXPECT_EQ(problems.print(), "");
}

TEST(Fields, LeavesWhatIsAbsentAsItWas) {
    const Node root = parsed("t:\n");
    Problems problems;
    Fields fields(root, "a thing", problems);
    EXPECT_EQ(fields.text("t", "x"), "x");
    EXPECT_EQ(fields.optional_text("u"), std::nullopt);
    EXPECT_EQ(fields.duration("d", std::chrono::seconds(5)), std::chrono::seconds(5));
    EXPECT_EQ(fields.integer("i", 3, 0, 10), 3);
    EXPECT_FALSE(fields.has("t"));
    EXPECT_FALSE(fields.node("n"));
    fields.done();
    EXPECT_EQ(problems.print(), "");
}

TEST(ExpandName, CountsAndLists) {
    const auto names = [](std::string_view name) {
        std::string all;
        const auto members = expand_name(name).value();
        for (const RangeMember& member : members) {
            all += member.name + "/" + member.own_name + "/" + std::to_string(member.number) + " ";
        }
        return all;
    };
    EXPECT_EQ(names("api"), "api/api/0 ");
    EXPECT_EQ(names("w_{1..3}"), "w_1/1/1 w_2/2/2 w_3/3/3 ");
    EXPECT_EQ(names("w_{08..10}.x"), "w_08.x/08/8 w_09.x/09/9 w_10.x/10/10 ");
    EXPECT_EQ(names("{eu, us}-shop"), "eu-shop/eu/0 us-shop/us/0 ");
    EXPECT_EQ(names("w{0..0}"), "w0/0/0 ");
    EXPECT_EQ(expand_name("w{1..10000}").value().size(), 10'000U);
    for (const std::string_view bad :
         {"w{", "w}", "}{", "{1..2}{1..2}", "{2..1}", "{a}", "{1..}", "{1..10001}", "{-1..2}",
          "{,}", "{99999999999..99999999999}"}) {
        EXPECT_FALSE(expand_name(bad).ok()) << bad;
    }
}

}  // namespace
}  // namespace ops
