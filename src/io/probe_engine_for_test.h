// A ProbeEngine on the real network of this machine, and what to ask it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/inbox.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"

namespace ops {

using namespace std::chrono_literals;

inline std::string reply(const std::string& head, const std::string& body) {
    return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

class ProbeEngineTest : public testing::Test {
protected:
    void SetUp() override {
        auto started = ProbeEngine::start(
            clock_, processes_,
            [this](std::vector<ProbeEvent> batch) { (void)inbox_.push_batch(std::move(batch)); });
        ASSERT_TRUE(started.ok());
        engine_ = std::move(started).value();
    }

    // The next event; fails the test when none comes.
    std::optional<ProbeEvent> next() {
        while (waiting_.empty()) {
            std::vector<ProbeEvent> taken = inbox_.take_all(20s);
            if (taken.empty()) {
                ADD_FAILURE() << "nothing came";
                return std::nullopt;
            }
            std::move(taken.begin(), taken.end(), std::back_inserter(waiting_));
        }
        ProbeEvent event = std::move(waiting_.front());
        waiting_.erase(waiting_.begin());
        return event;
    }
    Reply next_reply() {
        std::optional<ProbeEvent> event = next();
        if (event && std::holds_alternative<Reply>(*event))
            return std::get<Reply>(std::move(*event));
        ADD_FAILURE() << "no reply came";
        return Reply{.check = 0, .at = {}, .took = {}, .answer = Error{Fault::invalid, "none"}};
    }
    Reply ask(Question question, Duration time_limit = 10s) {
        engine_->start({.check = 7, .question = std::move(question), .time_limit = time_limit});
        return next_reply();
    }
    HttpAnswer get(const HttpAsk& question) {
        Reply got = ask(question);
        if (got.answer.ok()) return std::get<HttpAnswer>(std::move(got.answer).value());
        ADD_FAILURE() << got.answer.error().message;
        return {};
    }
    Error fails(Question question, Duration time_limit = 10s) {
        const Reply got = ask(std::move(question), time_limit);
        if (!got.answer.ok()) return got.answer.error();
        ADD_FAILURE() << "an answer came";
        return {Fault::invalid, ""};
    }
    static HttpAsk http(const std::string& url) {
        HttpAsk asked;
        asked.url = url;
        return asked;
    }

    RealClock clock_;
    PosixProcesses processes_{50ms};
    Inbox<ProbeEvent> inbox_{10'000};
    std::vector<ProbeEvent> waiting_;
    std::unique_ptr<ProbeEngine> engine_;
};

}  // namespace ops
