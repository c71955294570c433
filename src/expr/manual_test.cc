// docs/language.md says of the functions what the table says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <set>

#include "base/text.h"
#include "base/units.h"
#include "expr/functions.h"
#include "expr/twin_for_test.h"

namespace ops::expr {
namespace {

std::string manual() {
    std::string text;
    const int file = ::open(OPS_SOURCE_DIR "/docs/language.md", O_RDONLY | O_CLOEXEC);
    std::array<char, 65536> buffer;
    for (ssize_t count = 0; (count = ::read(file, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<size_t>(count));
    }
    ::close(file);
    return text;
}

std::string row_of(const Function& function) {
    return "| `" + std::string(function.name) + "(" + std::string(function.arguments) + ")` | " +
           std::string(function.help) + " | " + std::string(function.needs) + " |\n";
}

TEST(Manual, ListsEveryFunction) {
    const std::string text = manual();
    std::string table;
    for (const Function& function : functions()) table += row_of(function);
    EXPECT_NE(text.find(table), std::string::npos) << "the table should be:\n" << table;
}

TEST(Manual, ListsNoOtherFunction) {
    size_t rows = 0;
    const std::string text = manual();
    for (const std::string_view line : split(text, '\n')) {
        rows += line.starts_with("| `") && line.find(")` |") != std::string_view::npos &&
                line.find('(') != std::string_view::npos && line[3] >= 'a';
    }
    EXPECT_EQ(rows, functions().size());
}

TEST(Manual, ItsExamplesParse) {
    const std::string text = manual();
    const size_t start = text.find("```\n") + 4;
    const std::string examples = text.substr(start, text.find("```\n", start) - start);
    int count = 0;
    for (const std::string_view line : split(examples, '\n')) {
        if (line.empty()) continue;
        ++count;
        const Parsed parsed = parse_condition(line, TwinNames());
        EXPECT_TRUE(parsed.problems.empty()) << line << ": " << parsed.problems[0].message;
    }
    EXPECT_EQ(count, 4);
}

TEST(Functions, HaveTheNamesOfTheContract) {
    const std::set<std::string_view> wanted = {
        "avg",  "min",   "max",  "p50",     "p95", "sum",      "rate",       "delta",  "stddev",
        "drop", "count", "rise", "changed", "age", "forecast", "time_until", "anomaly"};
    std::set<std::string_view> named;
    for (const Function& function : functions()) {
        EXPECT_TRUE(named.insert(function.name).second) << function.name << " is there twice";
        EXPECT_EQ(find_function(function.name), &function);
        EXPECT_EQ(function.compute == nullptr, takes_event(function)) << function.name;
        EXPECT_FALSE(function.help.empty() || function.needs.empty()) << function.name;
    }
    EXPECT_EQ(named, wanted);
    EXPECT_EQ(find_function("median"), nullptr);
}

}  // namespace
}  // namespace ops::expr
