// Runs every tests/scenarios/*.scn: adding a case needs no C++.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "scenario/runner.h"

namespace ops {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = fs::path(OPS_SOURCE_DIR) / "tests/scenarios";

Result<std::string> read(const fs::path& path) {
    std::ifstream file(path);
    if (!file) return Error{Fault::not_found, "no file '" + path.string() + "'"};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> scenarios() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".scn") names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsWritten) {
    const Result<std::string> text = read(kFolder / GetParam());
    ASSERT_TRUE(text.ok());
    const auto report = run_scenario(text.value(), GetParam(), 1,
                                     [](const std::string& name) { return read(kFolder / name); });
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_GT(report.value().expectations, 0) << "a scenario that expects nothing proves nothing";
    for (const std::string& failure : report.value().failures) ADD_FAILURE() << failure;
    if (HasFailure()) {
        for (const std::string& line : report.value().log) std::cout << "    " << line << "\n";
    }
}

INSTANTIATE_TEST_SUITE_P(Folder, Scenario, testing::ValuesIn(scenarios()), [](const auto& one) {
    std::string name = one.param.substr(0, one.param.find('.'));
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
    return name;
});

}  // namespace
}  // namespace ops
