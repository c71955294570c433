// A condition that time alone cannot make true is left alone until something comes that can. What
// comes is never missed.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kOne = R"(
agent: {name: alien}
hosts: [{name: alien, local: true}]
services:
  - {name: api, host: alien, check: {http: "http://api.sim/"}}
)";

std::string book(const std::string& symptoms) {
    return "common_issues:\n  - {name: Watched, symptoms: [" + symptoms +
           "], auto_resolve: [{command: \"true\"}]}\n";
}

Fact process(const std::string& status) { return {"process_status", Value::string(status)}; }

TEST(Settled, WhatComesIsNeverMissed) {
    struct Row {
        std::string symptoms;
        std::function<void(Story&)> comes;
        std::string why;
    };
    const Row rows[] = {
        {"'count(deploy, 10m) > 0'",
         [](Story& story) { story.print_all(story.detector->push_event("", "deploy", story.now)); },
         "an event of the whole machine counts for what runs on it"},
        {"'count(crash, 1h) > 0'", [](Story& story) { story.dead("api"); },
         "a crash that an answer shows"},
        {"'count(crash, 1h) > 0'",
         [](Story& story) {
             story.print_all(story.detector->push_event("api", "crash", story.now));
         },
         "a crash that is pushed"},
        {"'process_status == \"dead\"', 'last_heartbeat > 5 minutes'",
         [](Story& story) { story.dead("api"); }, "the part that stood still changes"},
        {"'new_error_pattern'",
         [](Story& story) {
             story.print_all(story.detector->push_event("api", "new_error_pattern", story.now));
         },
         "an event that makes a fact true"},
        {"'last_heartbeat > 15 minutes'", [](Story& story) { story.pass("6m"); }, "time"},
        {"'memory_usage > 90%', 'last_heartbeat > 5 minutes'",
         [](Story& story) {
             story.print_all(story.detector->push_facts(
                 "api", {{"memory_usage", Value::percentage(95)}}, story.now));
         },
         "a fact that was not known before"},
    };
    for (const Row& row : rows) {
        Story story(kOne, book(row.symptoms));
        story.all_good();
        story.good("api", {process("running")});
        story.pass("10m");
        EXPECT_TRUE(story.detector->open_keys().empty()) << row.why;
        row.comes(story);
        story.pass("3s");
        bool told = false;
        for (const Change& change : story.last) {
            const auto* open = std::get_if<IncidentOpen>(&change);
            const auto* update = std::get_if<IncidentUpdate>(&change);
            told = told || (open != nullptr && open->key == "api" && open->rule == "Watched");
            told = told || (update != nullptr && update->key == "api");
        }
        EXPECT_TRUE(told) << row.why;
    }
}

}  // namespace
}  // namespace ops
