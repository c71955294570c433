#include "model/memory.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Memory, WhatIsWrittenIsReadAgain) {
    Memory memory;
    memory.id = "mem-1";
    memory.title = "worker_3 stopped";
    memory.text = "restarted by hand";
    memory.meta = Json::object({{"ticket", 7}});
    memory.provenance = Provenance::checks;
    memory.target = "worker_3";
    memory.signature = {"process_status=dead"};
    memory.commands = {"supervisorctl restart worker_3"};
    memory.outcome = MemoryOutcome::human;
    memory.at = parse_rfc3339("2026-01-29T14:30:00Z").value();
    memory.contradicted = 2;
    memory.expires_at = parse_rfc3339("2026-04-29T14:30:00Z").value();
    const Result<Memory> again = read_memory(memory.to_json());
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again.value().to_json(), memory.to_json());
}

TEST(Memory, WhatIsWrongIsNamed) {
    const auto error_of = [](const char* text) {
        const Result<Memory> read = read_memory(Json::parse(text).value());
        return read.ok() ? std::string("no error") : read.error().message;
    };
    EXPECT_EQ(error_of("[]"), "a memory is a JSON object");
    EXPECT_EQ(error_of(R"({"text":"x"})"), "'title' is missing");
    EXPECT_NE(error_of(R"({"title":"x","provenance":"god"})").find("'god'"), std::string::npos);
    EXPECT_NE(error_of(R"({"title":"x","outcome":"fine"})").find("'fine'"), std::string::npos);
    EXPECT_NE(error_of(R"({"title":"x","at":"yesterday"})").find("'at'"), std::string::npos);
}

}  // namespace
}  // namespace ops
