#include "diagnose/investigation.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using namespace std::chrono_literals;

const Time kStart = parse_rfc3339("2026-01-29T14:30:00Z").value();

InvestigationCase the_case(int calls = 8) {
    InvestigationCase one;
    one.incident = "inc-1";
    one.target = "api";
    one.title = "Service down: api";
    one.evidence = {{"", "facts", "api", kStart, "disk_usage: 97"}};
    one.entries = {"Disk full"};
    one.diagnostics = {{"disks", "space"}, {"unit_log", "last lines"}};
    one.facts = {"disk_usage"};
    one.calls = calls;
    return one;
}

Completion says(std::string text) {
    Completion completion;
    completion.text = std::move(text);
    return completion;
}
Completion looks(const std::vector<std::string>& diagnostics, const char* tool = "look") {
    Completion completion;
    completion.stop = Completion::Stop::calls;
    for (const std::string& id : diagnostics) {
        completion.calls.push_back({"c" + std::to_string(completion.calls.size()), tool,
                                    Json::object({{"diagnostic", id}})});
    }
    return completion;
}

constexpr const char* kProposal =
    R"({"cause":"the disk is full","evidence":["e1"],"confidence":0.9,)"
    R"("proposal":{"entry":"Disk full"},"predicts":{"fact":"disk_usage","is":">","value":95}})";
constexpr const char* kUnknown =
    R"({"cause":"I do not know","evidence":["e1"],"confidence":0.1,"proposal":null,"predicts":null})";

// An investigation and what it ordered last.
struct Desk {
    explicit Desk(InvestigationCase one = the_case()) : investigation(std::move(one), kStart) {
        take(InvestigationBegin{});
    }
    void take(const InvestigationInput& input, Duration after = 1s) {
        order = investigation.take(input, kStart + after);
    }
    void answer(Completion completion) { take(ModelAnswered{std::move(completion), "", {}}); }
    void give(const std::string& diagnostic, const std::string& text) {
        take(DiagnosticDone{diagnostic, EvidenceItem{"", diagnostic, "api", kStart, text}, ""});
    }
    const Prompt& prompt() const { return std::get<AskModel>(order).prompt; }
    const Concluded& end() const { return std::get<Concluded>(order); }
    std::string last_result() const { return prompt().turns.back().results.back().second; }
    bool asks() const { return std::holds_alternative<AskModel>(order); }
    std::string run() const {
        const auto* run = std::get_if<RunDiagnostic>(&order);
        return run == nullptr ? "" : run->diagnostic + std::to_string(run->run);
    }

    Investigation investigation;
    InvestigationOrder order;
};

TEST(Investigation, LooksAndProposesAndIsChecked) {
    Desk desk;
    EXPECT_NE(desk.prompt().turns[0].text.find("[e1] facts of api"), std::string::npos);
    ASSERT_EQ(desk.prompt().tools.size(), 1u);
    desk.answer(looks({"disks", "unit_log"}));
    EXPECT_EQ(desk.run(), "disks0");
    desk.give("disks", "/ 97%");
    EXPECT_EQ(desk.run(), "unit_log0");
    desk.give("unit_log", "No space left on device");
    ASSERT_TRUE(desk.asks());
    EXPECT_EQ(desk.prompt().turns.back().results.size(), 2u);
    EXPECT_NE(desk.last_result().find("[e3] unit_log of api"), std::string::npos);
    desk.answer(says(kProposal));
    ASSERT_TRUE(std::holds_alternative<CheckPrediction>(desk.order));
    EXPECT_EQ(std::get<CheckPrediction>(desk.order).prediction.print(), "disk_usage > 95");
    desk.take(PredictionChecked{PredictionChecked::Is::so, "disk_usage is 97"});
    EXPECT_EQ(desk.end().how, Concluded::How::proposed);
    EXPECT_EQ(desk.end().hypothesis->entry, "Disk full");
    EXPECT_TRUE(desk.investigation.take_refusals().empty());
    desk.answer(says(kProposal));
    EXPECT_EQ(desk.order.index(), 0u) << "it is over";
}

TEST(Investigation, APredictionThatIsNotSoIsNotBelieved) {
    for (const auto is : {PredictionChecked::Is::not_so, PredictionChecked::Is::unknown}) {
        Desk desk;
        desk.answer(says(kProposal));
        desk.take(PredictionChecked{is, "disk_usage is 42"});
        ASSERT_TRUE(desk.asks());
        EXPECT_NE(desk.prompt().turns.back().text.find("but disk_usage is 42"), std::string::npos);
        desk.answer(says(kUnknown));
        EXPECT_EQ(desk.end().how, Concluded::How::cause);
        EXPECT_FALSE(desk.end().hypothesis->entry);
    }
}

TEST(Investigation, TheSameLookIsRefusedUntilSomethingChanged) {
    Desk desk;
    desk.answer(looks({"disks"}));
    desk.give("disks", "/ 97%");
    desk.answer(looks({"disks"}));
    ASSERT_TRUE(desk.asks());
    EXPECT_NE(desk.last_result().find("looked at before (e2)"), std::string::npos);
    desk.take(SomethingChanged{});
    desk.answer(looks({"disks"}));
    EXPECT_EQ(desk.run(), "disks1");
    EXPECT_EQ(desk.investigation.take_refusals().size(), 1u);
}

TEST(Investigation, WhatWasLookedAtAtTheOpeningIsNotLookedAtAgain) {
    InvestigationCase one = the_case();
    one.looked = {{"disks", "e1"}};
    Desk desk(std::move(one));
    desk.answer(looks({"disks"}));
    ASSERT_TRUE(desk.asks());
    EXPECT_NE(desk.last_result().find("looked at before (e1)"), std::string::npos);
    desk.take(SomethingChanged{});
    desk.answer(looks({"disks"}));
    EXPECT_EQ(desk.run(), "disks1") << "the executor runs each step key once";
}

TEST(Investigation, RefusesWhatItDidNotOffer) {
    Completion extra = looks({"disks"});
    extra.calls[0].arguments.set("argv", "rm");
    for (const Completion& wrong :
         {looks({"rm -rf /"}), looks({"disks"}, "shell"), looks({""}), extra}) {
        Desk desk;
        desk.answer(wrong);
        ASSERT_TRUE(desk.asks());
        EXPECT_EQ(desk.last_result(), "refused: there is no such look");
    }
    Desk many;
    many.answer(looks({"disks", "unit_log", "a", "b", "c", "disks"}));
    many.give("disks", "");
    many.give("unit_log", "");
    EXPECT_EQ(many.last_result(), "refused: too many looks");
    EXPECT_EQ(many.prompt().turns.back().results.size(), 6u) << "each call has its result";
}

TEST(Investigation, EndsWhateverTheModelDoes) {
    Desk looking(the_case(3));
    looking.answer(looks({"disks"}));
    looking.give("disks", "");
    looking.answer(looks({"unit_log"}));
    looking.give("unit_log", "");
    EXPECT_TRUE(looking.prompt().tools.empty()) << "none with the last call";
    EXPECT_NE(looking.prompt().turns.back().text.find("last answer"), std::string::npos);
    looking.answer(looks({"disks"}));
    EXPECT_EQ(looking.end().how, Concluded::How::unknown);

    Desk rambling(the_case(2));
    rambling.answer(says("Let me think about it."));
    rambling.answer(says("Well."));
    EXPECT_EQ(rambling.end().reason, "2 calls of the model gave no conclusion");

    Desk cut;
    Completion half = looks({"disks"});
    half.stop = Completion::Stop::length;
    cut.answer(half);
    ASSERT_TRUE(cut.asks());
    EXPECT_TRUE(cut.prompt().turns[1].calls.empty()) << "a call that may be half is not answered";

    Desk refusing;
    Completion no;
    no.stop = Completion::Stop::refused;
    refusing.answer(no);
    EXPECT_EQ(refusing.end().reason, "the model refused to answer");

    Desk slow;
    slow.take(ModelAnswered{says(kUnknown), "", {}}, 5min);
    EXPECT_EQ(slow.end().how, Concluded::How::unknown);
}

TEST(Investigation, WaitsForAModelThatRestsButNotForEver) {
    Desk desk;
    desk.take(ModelAnswered{{}, "HTTP 529", kStart + 20s});
    EXPECT_EQ(std::get<WaitUntil>(desk.order).at, kStart + 20s);
    desk.take(InvestigationTime{}, 20s);
    EXPECT_TRUE(desk.asks());
    desk.take(ModelAnswered{{}, "HTTP 529", kStart + 40s}, 21s);
    desk.take(InvestigationTime{}, 40s);
    desk.take(ModelAnswered{{}, "HTTP 529", kStart + 60s}, 41s);
    EXPECT_EQ(desk.end().reason, "HTTP 529") << "three in a row";

    Desk broke;
    broke.take(ModelAnswered{{}, "the next call could take the day over 5.00 USD", {}});
    EXPECT_EQ(broke.end().how, Concluded::How::unknown) << "nothing to wait for";
    Desk late;
    late.take(ModelAnswered{{}, "HTTP 429", kStart + 10min});
    EXPECT_EQ(late.end().reason, "HTTP 429") << "not within its patience";
}

}  // namespace
}  // namespace ops
