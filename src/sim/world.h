// World: everything outside the program, simulated from one seed. Time jumps to the next event;
// services die, hang, lie and recover; commands have effects and write them into a ledger that no
// power cut undoes; writes can be the last before the power fails.
//
// It knows nothing of the agent: the twin of each port is handed out below, and whoever drives the
// world (scenario/runner.h) connects the inbox.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/http.h"
#include "io/mail.h"
#include "io/probes.h"
#include "io/processes.h"
#include "io/random.h"
#include "io/workers.h"
#include "sim/power.h"

namespace ops::sim {

enum class Condition {
    up,       // answers well
    failing,  // process runs, HTTP 500
    hanging,  // process runs, never answers
    slow,     // answers well after 3 s
    garbage,  // answers with what is no HTTP
    dead,     // process gone, connection refused
    fatal,    // supervisord gave up
    stopped,  // SIGSTOP: process is there, nothing answers
};

// What a restart does to a service.
enum class RestartBehaviour {
    works,
    fails,              // the command exits 1
    changes_nothing,    // exits 0, and the service stays as it was
    hangs,              // the command never ends
    works_for_a_while,  // up, and bad again after 20 s
};

struct SimService {
    std::string name;
    std::string host;
    Condition condition = Condition::up;
    Condition bad_as = Condition::dead;  // how it was bad last
    RestartBehaviour on_restart = RestartBehaviour::works;
    std::string on_restart_breaks;  // another service that a restart of this one takes down
    Duration starts_in = std::chrono::milliseconds(1500);
    double memory_percent = 10;
    int pid = 0;
    uint64_t start_ticks = 0;
    Time since{};
    Time since_by_wall{};  // as our own machine's clock showed it
    int restarts = 0;
    Duration heartbeat_every{};  // zero: sends none
    std::string says;            // in the body and a header of its answers; empty: what is usual
    int generation = 0;          // of its planned changes; a newer plan voids the older
};

struct SimHost {
    std::string name;
    bool local = false;
    bool up = true;
    double disk_percent = 40;
    double memory_percent = 30;
    double swap_percent = 0;
    double inode_percent = 10;
    double load = 0.5;
    bool disk_read_only = false;
};

// One effect that really happened in the world.
struct Effect {
    Time at;
    std::string step_key;  // from the command's environment
    std::string command;   // argv joined by spaces
};

// A command whose line contains `part` does this when it runs.
struct CommandRule {
    std::string part;
    std::function<Exit(class World&)> run;
};

class World {
public:
    explicit World(uint64_t seed);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Clock& clock();
    Random& random();
    Files& files();
    Processes& processes();
    Probes& probes();
    Workers& workers();
    Http& http();
    Mail& mail();
    Power& power() { return power_; }

    // Where the replies of probes go. Set before the first ask.
    void deliver_probes_to(std::function<void(ProbeEvent)> receiver) {
        receiver_ = std::move(receiver);
    }
    void deliver_heartbeats_to(std::function<void(const std::string&)> receiver) {
        heartbeat_receiver_ = std::move(receiver);
    }

    // When it is, in the world: goes on steadily. What the clocks of our own machine show is
    // wall().
    Time now() const { return now_; }
    Time wall() const { return now_ + clock_set_by_; }
    void set_clock_by(Duration by) { clock_set_by_ += by; }
    Time from_wall(Time shown) const { return shown - clock_set_by_; }
    // Does `what` at that moment; what is planned for one moment happens in the order planned.
    void at(Time when, std::function<void()> what);
    void in(Duration span, std::function<void()> what) { at(now_ + span, std::move(what)); }
    // For the end of a worker's job: at the time its commands have taken.
    void after_job(std::function<void()> what) { at(now_ + job_took_, std::move(what)); }
    // Does the next planned thing, if it is planned for `until` or before; else jumps to `until`
    // and returns false.
    bool step(Time until);
    // The machine the program runs on has lost its power or the program was killed: its jobs,
    // schedule and watches are gone; services live on.
    void forget_program();

    SimService& service(const std::string& name);
    SimService* find_service(std::string_view name);
    SimHost& host(const std::string& name);
    std::map<std::string, SimService>& services() { return services_; }
    std::map<std::string, SimHost>& hosts() { return hosts_; }
    void set_condition(SimService& service, Condition condition);
    void restart(SimService& service);  // as its behaviour says
    bool reachable(const SimService& service);

    // Lines of a log, by the path or unit that a check asks for; all that were ever written.
    std::map<std::string, std::vector<std::string>> logs;
    AccessSeen access;  // of our own machine
    DiskSpace own_disk{.bytes = 500e9, .free_bytes = 300e9, .inodes = 1e6, .free_inodes = 9e5};

    void on_command(std::string part, std::function<Exit(World&)> run);
    const std::vector<Effect>& ledger() const { return ledger_; }
    void set_network(bool up) { network_up_ = up; }
    bool network_up() const { return network_up_; }

    // What channels received: mails and HTTP posts, in order.
    struct Sent {
        Time at;
        std::string where;
        std::string text;
    };
    std::vector<Sent> sent;
    std::vector<std::string> tried;  // where anything was tried to be sent, with or without success
    // Of chats with buttons (sim_chat.h): presses that a bot has not fetched for good, presses
    // that were posted to a topic, and what was said to those who pressed.
    std::vector<Json> updates;
    std::vector<std::string> relayed, toasts;
    // Makes the next `count` sends fail: with a fault, or with an HTTP status when there is one.
    struct SendFailure {
        int count = 0;
        Fault fault = Fault::unavailable;
        int status = 0;
        std::string retry_after{};
        bool is_taken = false;  // the other side has it, and the connection is lost before it says
    };
    SendFailure send_failure;  // of any channel
    // What the language models at model.sim answer, in order; the last one for ever. Their spelling
    // is the OpenAI chat API's. A host that ends in model.sim is another one of the same mind.
    struct ModelAnswer {
        enum class How {
            whole,
            refuses,     // the side's own way to say no
            rambles,     // longer than it may be, and cut off
            breaks_off,  // a stream that ends in its middle
            truncated,   // half of the JSON of a reply
            garbage,     // no JSON at all
            empty,       // no words, no call
            error,       // status 400, with the text as the reason
        };
        std::string text;  // or, when empty:
        std::string look;  // a call of the tool `look`, for this diagnostic
        How how = How::whole;
        std::string tool{}, arguments{};  // or a call of anything, with any JSON
    };
    std::deque<ModelAnswer> model_answers;
    // Instead of them, when set: what it answers to this request's body.
    std::function<ModelAnswer(const std::string&)> model;
    std::vector<std::string> asked_of_models;  // bodies of all requests that came to one
    // What an outside Brain at brain.sim answers to every question, and what it was told: bodies.
    std::vector<Json> outside_memories, outside_told;
    std::vector<std::string> outside_asked;            // URLs of the questions
    std::map<std::string, SendFailure> send_failures;  // where the url or recipient holds the key
    // Kills the program at the `left`-th send from now: ProgramKilled is thrown.
    struct Death {
        enum class When { before_it_is_taken, once_it_is_taken };
        int left = 0;
        When when = When::before_it_is_taken;
    };
    Death death;

private:
    friend class SimClock;
    friend class SimRandom;
    friend class SimFiles;
    friend class SimProcesses;
    friend class SimProbes;
    friend class SimWorkers;
    friend class SimHttp;
    friend class SimMail;

    struct Planned {
        Time at;
        uint64_t order;
        std::function<void()> what;
        bool operator>(const Planned& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    void plan_heartbeat(const std::string& name, int generation);
    std::optional<SendFailure> take_send_failure(std::string_view where);
    void take(const std::string& where, const std::string& text);

    Time now_;
    Duration clock_set_by_{};  // the wall clock of our own machine
    uint64_t order_ = 0;
    uint64_t random_state_;
    Duration job_took_{};
    int program_generation_ = 0;
    int next_pid_ = 1000;
    bool network_up_ = true;
    Power power_;
    std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
    std::map<std::string, SimService> services_;
    std::map<std::string, SimHost> hosts_;
    std::vector<CommandRule> command_rules_;
    std::vector<Effect> ledger_;
    std::function<void(ProbeEvent)> receiver_;
    std::function<void(const std::string&)> heartbeat_receiver_;

    std::unique_ptr<Clock> clock_;
    std::unique_ptr<Random> random_;
    std::unique_ptr<Files> files_;
    std::unique_ptr<Processes> processes_;
    std::unique_ptr<class SimProbes> probes_;
    std::unique_ptr<Workers> workers_;
    std::unique_ptr<Http> http_;
    std::unique_ptr<Mail> mail_;
};

// Splits a HttpAsk's URL host: "http://brain-api.sim:80/x" is "brain-api".
std::string service_of_url(std::string_view url);

}  // namespace ops::sim
