// The inside of ProbeEngine: its mailbox, its flights, and the loop that its one thread runs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "io/check_schedule.h"
#include "io/descriptor.h"
#include "io/local_looks.h"
#include "io/name_cache.h"
#include "io/net_flight.h"
#include "io/probe_engine.h"
#include "io/worker_pool.h"

namespace ops {

using ProbeSchedule = CheckSchedule<PreparedQuestion>;

// What other threads tell the loop.
struct AskNow {
    uint32_t check;
    Duration time_limit;
    std::shared_ptr<const PreparedQuestion> question;
};
struct NewSchedule {
    std::vector<ProbeSchedule::Entry> entries;
};
struct NewQuestion {
    uint32_t check;
    std::shared_ptr<const PreparedQuestion> question;
};
struct Watch {
    uint32_t check;
    ProcessIdentity process;
};
struct JobDone {
    uint64_t flight;
    Result<Answer> answer;
};
struct Stop {};
using Letter =
    std::variant<AskNow, NewSchedule, NewQuestion, Watch, NameCache::Found, JobDone, Stop>;

// Outlives the loop as long as a thread that may post is left.
class Mailbox {
public:
    Mailbox();
    void post(Letter letter);  // wakes the loop once per batch
    std::vector<Letter> take();
    int wake_descriptor() const { return wake_.get(); }

private:
    std::mutex mutex_;
    std::vector<Letter> letters_;
    Descriptor wake_;
};

class ProbeEngine::Loop {
public:
    Loop(Clock& clock, Processes& processes, Deliver deliver, Descriptor epoll);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void start_thread();
    void post(Letter letter) { mailbox_->post(std::move(letter)); }

private:
    // A command or a look that a pool has; a thread that comes to it late sees that nobody waits.
    enum class JobState { waiting, running, given_up, done };
    struct Job {
        std::atomic<JobState> state = JobState::waiting;
    };
    struct Flight {
        uint32_t check = 0, generation = 0, skipped = 0;
        bool in_use = false, is_scheduled = false;
        int64_t began = 0, deadline = 0;  // deadline: when something must be done about it
        Duration late{}, time_limit{};
        uint32_t heap_at = 0;
        int64_t look_again_at = 0;  // when its second look begins; 0: never
        uint64_t first = 0;         // of a second look: the tag of the first; 0: it is none
        uint64_t second = 0;        // the tag of its second look in flight; 0: none
        std::vector<Reply> seen{};  // what its second look came to
        std::unique_ptr<NetFlight> net;
        std::shared_ptr<Job> job;
    };
    struct Watched {
        ProcessIdentity process;
        uint32_t generation = 0;
        Descriptor pidfd;
    };

    void run();
    void rest(int64_t next) const;
    bool wait_and_handle();  // false: more may be waiting
    int64_t next_moment() const;
    void read_mail();
    void take(AskNow letter);
    void take(NewSchedule letter);
    void take(NewQuestion letter);
    void take(Watch letter);
    void take(NameCache::Found letter);
    void take(JobDone letter);
    void take(Stop letter);

    // probe_loop_flights.cc
    void launch(const std::shared_ptr<const PreparedQuestion>& question, Flight flight);
    void launch_job(uint32_t index, const std::shared_ptr<const PreparedQuestion>& question);
    void go_on(uint32_t index, NetFlight::Step step);
    void finish(uint32_t index, Result<Answer> answer, std::optional<Time> certificate);
    void drop(uint32_t index);
    void expire(int64_t now);
    void look_again(uint32_t index, int64_t now);
    std::vector<Reply> take_second_look(uint32_t index, const Reply& first);
    Flight* find(uint64_t tag);
    uint64_t tag_of(uint32_t index) const;
    void heap_add(uint32_t index);
    void heap_remove(uint32_t index);
    void heap_fix(size_t at);
    void look_soon(uint32_t index);
    void look_at_unwatched();

    void process_ended(uint32_t check);
    void look_at_unwatchable();
    void tell(ProbeEvent event);
    void deliver(bool at_once);

    Clock& clock_;
    Processes& processes_;
    const Deliver deliver_;
    const std::shared_ptr<Mailbox> mailbox_;
    const Descriptor epoll_;
    std::thread thread_;
    bool stopping_ = false;
    int64_t now_ = 0, woke_at_ = 0;

    ProbeSchedule schedule_;
    NetFlight::Shared shared_;
    std::vector<Flight> flights_;
    std::vector<uint32_t> free_, heap_;  // heap: flights by deadline, the earliest first
    size_t second_looks_ = 0;            // in flight
    // Those whose answer is looked for before epoll is told of them, the oldest first.
    struct Unwatched {
        uint64_t flight;
        int64_t since;
    };
    std::vector<Unwatched> unwatched_;
    std::unordered_map<uint32_t, Watched> watched_;
    uint32_t watch_generation_ = 0;
    size_t unwatchable_ = 0;
    std::vector<ProbeEvent> told_;
    int64_t deliver_at_ = 0;  // of what is in told_

    const std::shared_ptr<LocalLooks> looks_;
    NameCache names_;
    std::unordered_map<uint32_t, std::shared_ptr<Job>> last_looks_;  // at this machine, by check
    WorkerPool commands_, local_, disks_;
};

}  // namespace ops
