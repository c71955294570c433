#include "patterns/templates.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "patterns/shapes.h"

namespace ops {
namespace {

TEST(Masks, TakeValuesOfAnyProgram) {
    struct Row {
        const char* why;
        const char* line;
        const char* masked;
    };
    const Row rows[] = {
        {"IPv4 and port", "from 10.0.0.1:80 port 22", "from <ip>:<num> port <num>"},
        {"IPv6", "to [2001:db8::1]:443 and fe80::1", "to [<ip>]:<num> and <ip>"},
        {"Java's address", "client /10.1.2.3:5 x", "client <ip>:<num> x"},
        {"five numbers are no address", "v 1.2.3.4.5", "v <num>"},
        {"UUID", "[instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d]", "[instance: <uuid>]"},
        {"hexadecimal", "at 0x7fff, mask deadbee5", "at <hex>, mask <hex>"},
        {"words are not", "decade facade added", "decade facade added"},
        {"hardware", "mac c8:5b:76:00:11:22 pci 0000:00:1e.0", "mac <mac> pci <mac>"},
        {"paths", "open /etc/x.conf: and C:\\a\\b.dll", "open <path>: and <path>"},
        {"relative paths", "conf/a.txt a/b/c", "<path> <path>"},
        {"a slash is no path", "read/write input/output", "read/write input/output"},
        {"URL", "GET https://a.b/c?d=1, done", "GET <url>, done"},
        {"mail address", "rcpt <bob@example.com>:", "rcpt <<mail>>:"},
        {"host", "from a1.cable.example.nl by www.example.com", "from <host> by <host>"},
        {"a class is no host", "at java.io.IOException", "at java.io.IOException"},
        {"numbers with units", "took 12ms 5.2GHz 126MB -1 1.5%",
         "took <num> <num> <num> <num> <num>%"},
        {"sizes in two words", "(estimated size 384.0 B, free 3 MB)",
         "(estimated size <size>, free <size>)"},
        {"times", "at 2026-01-29T14:30:00Z or 14:30:00,1", "at <time> or <clock>"},
        {"times in words", "at Fri Jul 22 19:29:09 2005 end", "at <time> end"},
        {"identifiers", "block blk_-160899 rdd_42_1", "block <id> <id>"},
        {"numbers in words stay", "L3 ssh2 core.862 node-7", "L3 ssh2 core.<num> node-<num>"},
        {"leaders", "enable......0", "enable......<num>"},
        {"values", "uid=0 user=bob ok=true tag=\"a b\"",
         "uid=<num> user=bob ok=<bool> tag=\"<str>\""},
        {"prose in quotes stays", "msg=\"no route\" n=1", "msg=\"no route\" n=<num>"},
        {"nothing", "", ""},
        {"control characters go",
         "a\x1b[31mb\xe2\x80\xae"
         "c",
         "abc"},
    };
    for (const Row& row : rows) {
        std::string masked;
        for (const MaskedToken& token : mask_line(row.line))
            masked += (masked.empty() ? "" : " ") + token.text;
        EXPECT_EQ(masked, row.masked) << row.why;
    }
}

std::vector<std::string> texts(const Templates& templates) {
    std::vector<std::string> texts;
    for (const Template* one : templates.all()) texts.push_back(one->text());
    return texts;
}

using Texts = std::vector<std::string>;

TEST(Templates, LinesThatDifferInValuesAreOne) {
    Templates templates;
    const auto first =
        templates.learn("Failed password for invalid user bob from 1.2.3.4 port 1 ssh2");
    const auto second =
        templates.learn("Failed password for invalid user eve from 1.2.3.5 port 2 ssh2");
    EXPECT_TRUE(first.is_new);
    EXPECT_FALSE(second.is_new);
    EXPECT_EQ(first.id, second.id);
    EXPECT_EQ(texts(templates),
              Texts{"Failed password for invalid user <*> from <ip> port <num> ssh2"});
    EXPECT_EQ(templates.find("nothing like it"), nullptr);
    EXPECT_NE(templates.find("Failed password for invalid user x from ::1 port 3 ssh2"), nullptr);
}

TEST(Templates, APlainWordVariesOnlyWhenItWasSeenToOften) {
    Templates templates;
    for (const char* word : {"started", "stopped", "paused", "resumed"})
        templates.learn("machine has " + std::string(word) + " now");
    EXPECT_EQ(templates.size(), 4U);
    const auto before = templates.learn("machine has started now");
    EXPECT_FALSE(before.is_new);
    templates.learn("machine has vanished now");
    EXPECT_EQ(texts(templates), Texts{"machine has <*> now"});
    EXPECT_EQ(templates.all().front()->count, 6U);
    // What was joined is still found by the id it had.
    EXPECT_EQ(templates.by_id(before.id), templates.all().front());
    EXPECT_FALSE(templates.learn("machine has exploded now").is_new);
}

TEST(Templates, TwoStatesEachAreNoValues) {
    Templates templates;
    for (const char* a : {"UP", "DOWN", "STARTING"})
        for (const char* b : {"UP", "DOWN", "STARTING"})
            templates.learn("the state of the peer went from " + std::string(a) + " to " + b);
    EXPECT_EQ(templates.size(), 9U);
}

TEST(Templates, AreBoundedAndForgetTheOldest) {
    Templates templates(16);
    templates.learn("this was the first line");
    std::string word = "a";
    for (int i = 0; i < 200; ++i) {
        templates.learn(word + " " + word);
        word += static_cast<char>('a' + i % 26);
        templates.learn("this was the first line");
        ASSERT_LE(templates.size(), 16U);
    }
    EXPECT_EQ(templates.learn("this was the first line").id, 1U);
    EXPECT_GT(templates.forgotten(), 100U);
}

TEST(Templates, BytesAreBoundedToo) {
    Templates templates(1000000);
    for (int i = 0; i < 5000; ++i) {
        std::string line;
        for (int w = 0; w < 100; ++w)
            line += std::string(1 + static_cast<size_t>(w % 20),
                                static_cast<char>('a' + (i + w) % 26)) +
                    "_" + std::string(1, static_cast<char>('a' + i % 26)) +
                    std::string(1, static_cast<char>('a' + i / 26 % 26)) +
                    std::string(1, static_cast<char>('a' + i / 676)) + " ";
        templates.learn(line);
    }
    EXPECT_GT(templates.forgotten(), 0U);
    EXPECT_LE(templates.save().size(), 2 * kMostTemplateBytes);
}

TEST(Templates, HostileLinesAreCut) {
    Templates templates;
    std::string many;
    for (int i = 0; i < 10000; ++i) many += "x ";
    for (const std::string& line :
         {std::string(20000, 'a'), many, std::string(20000, '('), std::string(20000, ':'),
          std::string(20000, '/'), std::string(20000, '1'), std::string(20000, '=')}) {
        const auto learned = templates.learn(line);
        EXPECT_LE(templates.by_id(learned.id)->tokens.size(), kMostTokens + 1);
        EXPECT_TRUE(templates.by_id(learned.id)->text().ends_with("<rest>"));
        EXPECT_FALSE(templates.learn(line).is_new);
    }
}

TEST(Templates, AreSavedAndRestored) {
    Templates templates;
    for (const char* word : {"a", "b", "c", "d", "e", "f"})
        templates.learn("door (" + std::string(word) + ") opened at 12:00:00");
    templates.learn("");
    templates.learn("user bob has \"quotes\" and \\ and \xc3\xa4");
    const std::string saved = templates.save();
    Result<Templates> back = Templates::restore(saved);
    ASSERT_TRUE(back.ok()) << back.error().message;
    Templates restored = std::move(back).value();
    EXPECT_EQ(restored.save(), saved);
    EXPECT_FALSE(restored.learn("door (z) opened at 12:00:01").is_new);
    EXPECT_NE(restored.by_id(3), nullptr);
    const Result<Templates> smaller = Templates::restore(saved, 2);
    ASSERT_TRUE(smaller.ok());
    EXPECT_LE(smaller.value().size(), 2U);
}

TEST(Templates, WhatIsNoStateIsRefused) {
    const auto with = [](const std::string& templates, const std::string& aliases) {
        return R"({"version":1,"lines":9,"next_id":9,"forgotten":0,"templates":[)" + templates +
               R"(],"aliases":[)" + aliases + "]}";
    };
    ASSERT_TRUE(Templates::restore(with(R"([1,1,1,"a b","a b"])", "[2,1]")).ok());
    const std::pair<const char*, std::string> rows[] = {
        {"no JSON", "x"},
        {"another version", R"({"version":2})"},
        {"parts missing", R"({"version":1})"},
        {"an id not yet given", with(R"([9,1,1,"a","a"])", "")},
        {"id 0 is none", with(R"([0,1,1,"a","a"])", "")},
        {"ids out of order", with(R"([2,1,1,"a","a"],[1,1,1,"b","b"])", "")},
        {"more words than keys", with(R"([1,1,1,"a b","a"])", "")},
        {"an empty word", with(R"([1,1,1,"a  b","a b c"])", "")},
        {"a text without a key", with(R"([1,1,1,"a",""])", "")},
        {"seen in the future", with(R"([1,1,10,"a","a"])", "")},
        {"twice the same", with(R"([1,1,1,"a","a"],[2,1,1,"a","a"])", "")},
        {"a negative count", with(R"([1,-1,1,"a","a"])", "")},
        {"control characters", with(R"([1,1,1,"\u001b","a"])", "")},
        {"an alias to a younger one", with("", "[2,3]")},
        {"an alias to itself", with("", "[2,2]")},
        {"an alias of a living one", with(R"([2,1,1,"a","a"])", "[2,1]")},
        {"too many words", with(
                               "[1,1,1,\"a" +
                                   [] {
                                       std::string s;
                                       for (int i = 0; i < 300; ++i) s += " a";
                                       return s + "\",\"a" + s + "\"";
                                   }() +
                                   "]",
                               "")},
    };
    for (const auto& [why, text] : rows) EXPECT_FALSE(Templates::restore(text).ok()) << why;
}

RC_GTEST_PROP(TemplatesProperty, SavingLosesNothing, (const std::vector<std::string>& lines)) {
    Templates templates(8);
    for (const std::string& line : lines) {
        const auto learned = templates.learn(line);
        RC_ASSERT(templates.by_id(learned.id) != nullptr);
        RC_ASSERT(templates.find(line) == templates.by_id(learned.id));
    }
    const Result<Templates> back = Templates::restore(templates.save(), 8);
    RC_ASSERT(back.ok());
    RC_ASSERT(back.value().save() == templates.save());
}

// Words out of few, so that templates meet, join and are forgotten.
RC_GTEST_PROP(TemplatesProperty, LearningIsDeterministicAndFindsAgain, ()) {
    const auto word =
        rc::gen::element<std::string>("a", "b", "c", "d", "e", "f", "user", "x=1", "(u)", "7",
                                      "x=", "()", "10.0.0.1", "k=v", "\"q\"", "n2");
    const auto lines = *rc::gen::container<std::vector<std::vector<std::string>>>(
        rc::gen::container<std::vector<std::string>>(word));
    Templates one(20);
    Templates two(20);
    for (const auto& words : lines) {
        std::string line;
        for (const std::string& w : words) line += w + " ";
        const auto learned = one.learn(line);
        const auto again = two.learn(line);
        RC_ASSERT(learned.id == again.id && learned.is_new == again.is_new);
        RC_ASSERT(one.size() <= 20U);
        RC_ASSERT(one.find(line) != nullptr);
    }
    RC_ASSERT(one.save() == two.save());
    RC_ASSERT(Templates::restore(one.save(), 20).ok());
}

}  // namespace
}  // namespace ops
