// What the probe engine asks again and again: rounds, second looks, processes that are watched.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <map>
#include <set>

#include "io/probe_engine_for_test.h"
#include "io/test_server.h"

namespace ops {
namespace {

TEST_F(ProbeEngineTest, AHangingTargetDelaysNoOther) {
    const TestServer silent(nullptr);
    TestServer server(TestServer::say(reply("200 OK", "x")));
    std::vector<Scheduled> all;
    for (uint32_t i = 0; i < 40; ++i) {
        all.push_back({.ask = {.check = i,
                               .question = http(i < 20 ? silent.url() : server.url()),
                               .time_limit = i < 20 ? Duration(1h) : Duration(10s)},
                       .interval = 50ms,
                       .phase = Duration(i)});
    }
    engine_->schedule(all);
    std::map<uint32_t, int> rounds;
    for (int i = 0; i < 100; ++i) {
        const Reply got = next_reply();
        EXPECT_TRUE(got.answer.ok());
        ++rounds[got.check];
        EXPECT_LT(got.late, 2s);  // generous: the machine may be busy
    }
    EXPECT_EQ(rounds.size(), 20U);
    for (const auto& [check, count] : rounds) EXPECT_GE(count, 2) << check;
}

TEST_F(ProbeEngineTest, AnAnswerAfterTheFirstLookIsTakenToo) {
    std::promise<void> gate;
    const TestServer slow([open = gate.get_future().share()](int fd) {
        (void)TestServer::read_request(fd);
        open.wait();
        TestServer::send_all(fd, reply("200 OK", "late"));
    });
    const TestServer quick(TestServer::say(reply("200 OK", "x")));
    for (const uint32_t check : {1U, 2U}) {
        engine_->start({.check = check, .question = http(slow.url()), .time_limit = 1h});
    }
    for (int round = 0; round < 20; ++round) {
        engine_->start({.check = 3, .question = http(quick.url()), .time_limit = 10s});
        EXPECT_EQ(next_reply().check, 3U);
    }
    gate.set_value();
    EXPECT_TRUE(next_reply().answer.ok());
    EXPECT_TRUE(next_reply().answer.ok());
}

TEST_F(ProbeEngineTest, CountsRoundsThatAreSkippedWhileOneIsInFlight) {
    const TestServer silent(nullptr);
    engine_->schedule({{.ask = {.check = 1, .question = http(silent.url()), .time_limit = 100ms},
                        .interval = 20ms,
                        .phase = 0ms}});
    EXPECT_EQ(next_reply().skipped_rounds, 0U);
    EXPECT_GE(next_reply().skipped_rounds, 3U);
}

// A reload: whatever is under way for a check that is not in the new schedule is nobody's.
TEST_F(ProbeEngineTest, DropsWhatIsUnderWayForACheckThatIsGone) {
    std::promise<void> gate;
    const std::shared_future<void> open = gate.get_future().share();
    const auto slow = [open](int fd) {
        (void)TestServer::read_request(fd);
        open.wait();
        TestServer::send_all(fd, reply("200 OK", "late"));
    };
    TestServer of_one(slow), of_two(slow), of_three(slow), of_four(slow);
    const auto scheduled = [&](uint32_t check, const TestServer& at) {
        return Scheduled{.ask = {.check = check, .question = http(at.url()), .time_limit = 1h},
                         .interval = 1h,
                         .phase = 0ms};
    };
    engine_->schedule({scheduled(1, of_one), scheduled(2, of_two)});
    engine_->start({.check = 1, .question = http(of_three.url()), .time_limit = 1h});
    engine_->start({.check = 2, .question = http(of_four.url()), .time_limit = 1h});
    for (const TestServer* each : {&of_one, &of_two, &of_three, &of_four}) {
        while (each->accepted() == 0) std::this_thread::yield();
    }
    engine_->schedule({scheduled(1, of_one)});
    gate.set_value();
    EXPECT_EQ(next_reply().check, 1U);
    EXPECT_EQ(next_reply().check, 1U);
    engine_->start({.check = 3, .question = TcpAsk{}});
    EXPECT_EQ(next_reply().check, 3U) << "nothing else was on its way";
}

TEST_F(ProbeEngineTest, ReplacesScheduleAndQuestion) {
    TestServer one(TestServer::say(reply("200 OK", "one")));
    TestServer two(TestServer::say(reply("200 OK", "two")));
    const auto body = [](const Reply& got) {
        return got.answer.ok() ? std::get<HttpAnswer>(got.answer.value()).body : "";
    };
    engine_->schedule(
        {{.ask = {.check = 1, .question = http(one.url())}, .interval = 10ms, .phase = 0ms}});
    EXPECT_EQ(body(next_reply()), "one");
    engine_->replace_question(1, http(two.url()));
    engine_->replace_question(99, http(two.url()));  // not scheduled: nothing happens
    std::string last;
    for (int i = 0; i < 1000 && last != "two"; ++i) last = body(next_reply());
    EXPECT_EQ(last, "two");
    // What is gone replies no more, not even from its round in flight; what stays goes on.
    const TestServer silent(nullptr);
    engine_->schedule({{.ask = {.check = 1, .question = http(silent.url()), .time_limit = 200ms},
                        .interval = 10ms,
                        .phase = 0ms}});
    engine_->schedule(
        {{.ask = {.check = 2, .question = http(two.url())}, .interval = 30ms, .phase = 0ms}});
    std::set<uint32_t> after;
    int seen_two = 0;
    while (seen_two < 10) {
        const Reply got = next_reply();
        if (got.check == 2) ++seen_two;
        if (seen_two > 1) after.insert(got.check);
    }
    EXPECT_EQ(after, std::set<uint32_t>{2});
    engine_->schedule({});
}

// The server answers its first `quick` connections at once; then `after` says what happens to each.
struct Hanging {
    explicit Hanging(int quick, std::function<void(int number, int fd)> after)
        : server([this, quick, after = std::move(after)](int fd) {
              const int number = ++taken - quick;
              if (number > 0) return after(number, fd);
              (void)TestServer::read_request(fd);
              TestServer::send_all(fd, reply("200 OK", "x"));
          }) {}
    std::atomic<int> taken = 0;
    TestServer server;
};

Scheduled with_second_look(const std::string& url, Duration time_limit) {
    HttpAsk asked;
    asked.url = url;
    return {.ask = {.check = 1, .question = asked, .time_limit = time_limit, .second_look = true},
            .interval = 20ms,
            .phase = 0ms};
}

TEST_F(ProbeEngineTest, ATimeOutBringsItsSecondLook) {
    std::promise<void> gate;
    const std::shared_future<void> open = gate.get_future().share();
    Hanging hanging(2, [open](int, int) { open.wait(); });
    engine_->schedule({with_second_look(hanging.server.url(), 400ms)});
    EXPECT_TRUE(next_reply().answer.ok());
    EXPECT_TRUE(next_reply().answer.ok());
    const Reply silent = next_reply();
    ASSERT_FALSE(silent.answer.ok());
    ASSERT_EQ(silent.second_look.size(), 1U);
    const Reply& second = silent.second_look.front();
    EXPECT_EQ(second.check, 1U);
    EXPECT_EQ(second.at, silent.at);
    // Both end together, however late that is on a busy machine; rounded each for itself.
    EXPECT_LE(second.took + 200ms, silent.took + 1ms) << "it began after half the limit";
    EXPECT_GE(second.took, 90ms) << "and was silent long enough to prove something";
    ASSERT_FALSE(second.answer.ok());
    EXPECT_EQ(second.answer.error().fault, Fault::timeout);
    EXPECT_EQ(second.answer.error().message, silent.answer.error().message);
    // It hangs already: no more than one look a round.
    EXPECT_TRUE(next_reply().second_look.empty());
    gate.set_value();
}

TEST_F(ProbeEngineTest, ASecondLookThatIsAnsweredSaysSo) {
    std::vector<Descriptor> held;
    Hanging lossy(1, [&held](int number, int fd) {
        if (number == 1) {  // lost: this connection is never answered
            held.emplace_back(::dup(fd));
            return;
        }
        (void)TestServer::read_request(fd);
        TestServer::send_all(fd, reply(number == 2 ? "500 Oops" : "200 OK", "x"));
    });
    engine_->schedule({with_second_look(lossy.server.url(), 400ms)});
    EXPECT_TRUE(next_reply().answer.ok());
    const Reply lost = next_reply();
    ASSERT_FALSE(lost.answer.ok());
    EXPECT_EQ(lost.answer.error().fault, Fault::timeout);
    ASSERT_EQ(lost.second_look.size(), 1U);
    ASSERT_TRUE(lost.second_look[0].answer.ok()) << lost.second_look[0].answer.error().message;
    EXPECT_EQ(std::get<HttpAnswer>(lost.second_look[0].answer.value()).status, 500);
    EXPECT_EQ(lost.second_look[0].at, lost.at) << "known only now, so nothing is newer";
    const Reply after = next_reply();
    EXPECT_TRUE(after.answer.ok());
    EXPECT_TRUE(after.second_look.empty());
}

TEST_F(ProbeEngineTest, ASlowAnswerMakesTheSecondLookNothing) {
    // The first connection is answered when the second look arrives, which is left hanging.
    std::vector<Descriptor> held;
    Hanging sluggish(1, [&held](int number, int fd) {
        (void)TestServer::read_request(fd);
        if (number <= 2) held.emplace_back(::dup(fd));
        if (number == 1) return;
        TestServer::send_all(number == 2 ? held.front().get() : fd, reply("200 OK", "x"));
        if (number == 2) held.erase(held.begin());  // the end of the first one's answer
    });
    engine_->schedule({with_second_look(sluggish.server.url(), 800ms)});
    EXPECT_TRUE(next_reply().answer.ok());
    const Reply slow = next_reply();
    ASSERT_TRUE(slow.answer.ok()) << slow.answer.error().message;
    EXPECT_GE(slow.took, 400ms);
    EXPECT_TRUE(slow.second_look.empty());
    const Reply after = next_reply();
    EXPECT_TRUE(after.answer.ok());
    EXPECT_LT(after.took, 400ms);
}

TEST_F(ProbeEngineTest, NoSecondLookUnlessTheAskAllowsIt) {
    std::promise<void> gate;
    const std::shared_future<void> open = gate.get_future().share();
    Hanging hanging(1, [open](int, int) { open.wait(); });
    Scheduled once = with_second_look(hanging.server.url(), 200ms);
    once.ask.second_look = false;
    engine_->schedule({once});
    EXPECT_TRUE(next_reply().answer.ok());
    const Reply silent = next_reply();
    EXPECT_FALSE(silent.answer.ok());
    EXPECT_TRUE(silent.second_look.empty());
    gate.set_value();
}

class WatchTest : public ProbeEngineTest {
protected:
    static pid_t spawn_sleeper() {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::pause();
            ::_exit(0);
        }
        return pid;
    }
    ProcessDied next_death() {
        std::optional<ProbeEvent> event = next();
        if (event && std::holds_alternative<ProcessDied>(*event))
            return std::get<ProcessDied>(*event);
        ADD_FAILURE() << "no death was told";
        return {};
    }
};

TEST_F(WatchTest, TellsADeathAtOnceAndOnce) {
    const pid_t pid = spawn_sleeper();
    const ProcessIdentity identity = processes_.identify(pid).value();
    engine_->watch_process(5, identity);
    engine_->watch_process(6, identity);
    engine_->watch_process(6, {});  // no more
    (void)ask(LocalAsk{});          // the engine has read all that by now
    const Duration killed = clock_.steady();
    ::kill(pid, SIGKILL);
    const ProcessDied died = next_death();
    EXPECT_LT(clock_.steady() - killed, 2s);
    EXPECT_EQ(died.check, 5U);
    EXPECT_EQ(died.process, identity);
    ::waitpid(pid, nullptr, 0);
    // Dead already; another process of this id; no process at all: each is a death.
    engine_->watch_process(8, identity);
    EXPECT_EQ(next_death().check, 8U);
    engine_->watch_process(9, {::getpid(), processes_.identify(::getpid())->start_ticks + 1});
    EXPECT_EQ(next_death().check, 9U);
    EXPECT_EQ(ask(LocalAsk{}).check, 7U) << "nothing was told twice";
}

}  // namespace
}  // namespace ops
