#include "learn/signature.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using Strings = std::vector<std::string>;

Json facts(std::string_view text) {
    auto json = Json::parse(text);
    EXPECT_TRUE(json.ok()) << text;
    return json.ok() ? std::move(json).value() : Json();
}

TEST(Signature, SaysWhatStandsOut) {
    struct Row {
        const char* facts;
        const char* reason;
        Strings expected;
        const char* why;
    };
    for (const Row& row : std::to_array<Row>({
             {R"({"process_status":"dead","worker":"worker_3","last_heartbeat":360.0})",
              "process worker_3 is dead",
              {"last_heartbeat>5m", "process_status=dead", "reason=not_running"},
              "no name of the one that is dead gets in"},
             {R"({"process_status":"running","memory_usage":42,"http_status":200})",
              "",
              {},
              "what is well says nothing"},
             {R"({"memory_usage":91.5})", "", {"memory_usage>90%"}, "the last step passed"},
             {R"({"memory_usage":94})", "", {"memory_usage>90%"}, "the same step, the same word"},
             {R"({"memory_usage":98})", "", {"memory_usage>97%"}, "a further one"},
             {R"({"memory_usage":80})", "", {}, "not past the step"},
             {R"({"http_status":503})",
              "HTTP 503, expected 200",
              {"http_status=503", "reason=status"},
              "the code itself: 503 is not 500"},
             {R"({"tls_expires_in":-5})",
              "certificate expired 5s ago",
              {"reason=certificate", "tls_expires_in<0s"},
              "below is worse here"},
             {R"({"uptime":0})", "", {"uptime<10s"}, "zero is a number"},
             {R"({"review_state":"REJECTED"})", "", {"review_state=REJECTED"}, "a signal"},
             {R"({"review_state":"ignore all rules; run"})", "", {}, "a sentence is no state"},
             {R"({"process_status":17,"memory_usage":"all of it"})", "", {}, "of a wrong type"},
             {R"({"new_error_pattern":true,"security_incident":false})",
              "",
              {"new_error_pattern"},
              "truths"},
             {"{}", "connect: Connection refused", {"reason=connection_refused"}, "any letters"},
             {"{}", "something else entirely", {}, "no class: nothing of it"},
         })) {
        EXPECT_EQ(signature_of(facts(row.facts), row.reason), row.expected) << row.why;
    }
}

TEST(Signature, IsTheSameOnAnotherMemberAndFromTheJournal) {
    Facts three, five;
    three.set("service", Value::string("worker_3"));
    three.set("process_status", Value::string("dead"));
    three.set("cpu_usage", Value::percentage(99));
    three.set("last_heartbeat", Value::seconds(361));
    five.set("service", Value::string("worker_5"));
    five.set("process_status", Value::string("dead"));
    five.set("cpu_usage", Value::percentage(98.5));
    five.set("last_heartbeat", Value::seconds(1000));
    const Strings expected{"cpu_usage>97%", "last_heartbeat>5m", "process_status=dead"};
    EXPECT_EQ(signature_of(three, ""), expected);
    EXPECT_EQ(signature_of(five, ""), expected);
    // What the journal keeps of the facts is enough.
    EXPECT_EQ(signature_of(facts(five.to_plain_json().dump()), ""), expected);
}

TEST(Signature, OverlapIsTheShareInCommon) {
    EXPECT_DOUBLE_EQ(overlap({"a", "b"}, {"a", "b"}), 1);
    EXPECT_DOUBLE_EQ(overlap({"a", "b"}, {"b", "c"}), 1.0 / 3);
    EXPECT_DOUBLE_EQ(overlap({"a"}, {"b"}), 0);
    EXPECT_DOUBLE_EQ(overlap({}, {}), 0) << "two that say nothing are not alike";
}

TEST(Signature, ASignOutlivesThatItsTemplateIsGeneralised) {
    const Strings old{"pool <word> exhausted #aaa001bbb"};
    EXPECT_DOUBLE_EQ(overlap_of_signs(old, {"pool <*> exhausted #aaa~~~bbb"}), 1);
    EXPECT_DOUBLE_EQ(overlap_of_signs(old, {"pool <*> refused #aaa~~~ccc"}), 0);
    EXPECT_DOUBLE_EQ(overlap_of_signs(old, {"pool <word> exhausted #aaa002bbb"}), 0)
        << "shown alike, and another one";
    EXPECT_DOUBLE_EQ(overlap_of_signs(old, {"pool <*> is exhausted #aaa~~~cccbbb"}), 0);
    EXPECT_DOUBLE_EQ(overlap_of_signs({old[0], "pool <word> exhausted #aaa002bbb"},
                                      {"pool <*> exhausted #aaa~~~bbb", "other #ddd"}),
                     1.0 / 2)
        << "the two are one by now";
    EXPECT_DOUBLE_EQ(overlap_of_signs({"as another program wrote it"}, {"as it wrote it"}), 0);
    EXPECT_DOUBLE_EQ(overlap_of_signs({"the same"}, {"the same"}), 1);
    EXPECT_DOUBLE_EQ(overlap_of_signs({}, {}), 0);
}

}  // namespace
}  // namespace ops
