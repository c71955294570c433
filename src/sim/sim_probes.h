// SimProbes: answers checks from the state of the simulated services and hosts, in simulated time.
//
// How a question finds its service: the host of a URL before ".sim" (http://brain-api.sim/health),
// the process name in a supervisor call, the unit, pattern or pidfile name of a local look.
#pragma once

#include <map>
#include <vector>

#include "sim/world.h"

namespace ops::sim {

class SimProbes final : public Probes {
public:
    explicit SimProbes(World& world) : world_(world) {}
    void start(Ask ask) override;
    void schedule(std::vector<Scheduled> all) override;
    void replace_question(uint32_t check, Question question) override;
    void watch_process(uint32_t check, ProcessIdentity process) override;

    void process_died(int pid);
    void forget();  // the program is gone: its schedule, its asks and its watches with it

private:
    struct Timing {
        Result<Answer> answer;
        Duration takes;
    };
    struct Began {  // of what is under way
        int life, schedule;
    };
    Timing timed(const Ask& ask);
    void plan_round(uint32_t check, Duration in);
    void ask_now(const Ask& ask);
    void ask_in_round(const Ask& ask);
    void reply(uint32_t check, Timing timing, const Began& began, std::vector<Reply> second = {});
    Began now() const { return {life_, schedule_}; }
    bool is_wanted(uint32_t check, const Began& began) const;
    Timing answer(const Ask& ask);
    Timing answer_http(const HttpAsk& ask, Duration time_limit);
    Timing answer_supervisor(const HttpAsk& ask, Duration time_limit);
    Timing answer_local(const LocalAsk& ask);
    LogSeen seen_log(const LocalAsk& ask);
    Timing answer_command(const CommandAsk& ask, Duration time_limit);
    SimService* named_in(const std::string& text);
    SimHost& local_host();

    World& world_;
    int life_ = 0;      // of the program
    int schedule_ = 0;  // the newest
    struct Round {
        Scheduled scheduled;
        Time next;
    };
    std::map<uint32_t, Round> rounds_;
    std::map<uint32_t, bool> quick_;  // was the round before? As of Ask::second_look
    std::map<uint32_t, ProcessIdentity> watched_;
};

}  // namespace ops::sim
