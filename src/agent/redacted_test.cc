#include "agent/redacted.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Redacted, WhatANameSaysIsASecretIsOneWhateverItIs) {
    const Json body = Json::parse(R"({
        "password": 20191124,
        "account": {"user": "ann", "password": ["hunter2", "hunter3"]},
        "api_key": {"value": "hunter4"},
        "password=hunter5": 1,
        "has_token": true,
        "token": null,
        "version": 12
    })")
                          .value();
    const std::string said = redacted(body).dump();
    EXPECT_EQ(said.find("20191124"), std::string::npos) << said;
    EXPECT_EQ(said.find("hunter"), std::string::npos) << said;
    EXPECT_NE(said.find("\"ann\""), std::string::npos) << said;
    EXPECT_NE(said.find("\"version\":12"), std::string::npos) << said;
    EXPECT_NE(said.find("\"has_token\":true"), std::string::npos) << "yes or no is no secret";
}

TEST(Redacted, NamesAreHarmless) {
    const Json body = Json::object({{"a\x1b[2Jb", 1}});
    EXPECT_EQ(redacted(body).dump().find("\\u001b"), std::string::npos) << redacted(body).dump();
}

TEST(Redacted, ThePartsOfAnEventThatCameFromOutside) {
    Event event;
    event.kind = "incident.noted";
    event.body = Json::object({{"text", "HTTP 302 to 'https://sso/?access_token=hunter2abc'"},
                               {"argv_sha256", "password=kept"}});
    redact(event);
    EXPECT_EQ(event.body["text"].as_string().find("hunter2abc"), std::string::npos);
    EXPECT_EQ(event.body["argv_sha256"].as_string(), "password=kept") << "it is compared";
}

}  // namespace
}  // namespace ops
