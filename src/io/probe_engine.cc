#include "io/probe_engine.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>

#include "base/assert.h"
#include "io/prepared_question.h"
#include "io/probe_loop.h"
#include "io/system_error.h"

namespace ops {

// Each ask in flight is a descriptor, and many systems give 1,024 unless asked for more.
static void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // an ask that finds none left says so
}

Result<std::unique_ptr<ProbeEngine>> ProbeEngine::start(Clock& clock, Processes& processes,
                                                        Deliver deliver) {
    // OpenSSL writes to sockets that the other side may have closed; programs that we start get the
    // default back.
    std::signal(SIGPIPE, SIG_IGN);
    allow_many_descriptors();
    Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return system_error("start the probes", errno);
    auto loop = std::make_unique<Loop>(clock, processes, std::move(deliver), std::move(epoll));
    loop->start_thread();
    return std::unique_ptr<ProbeEngine>(new ProbeEngine(std::move(loop)));
}

ProbeEngine::ProbeEngine(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

ProbeEngine::~ProbeEngine() = default;

void ProbeEngine::start(Ask ask) {
    loop_->post(AskNow{ask.check, ask.time_limit, prepare(std::move(ask.question))});
}

void ProbeEngine::schedule(std::vector<Scheduled> all) {
    NewSchedule made;
    made.entries.reserve(all.size());
    std::shared_ptr<const HttpAsk> before;
    for (Scheduled& one : all) {
        ASSERT(one.interval > Duration(0));
        ProbeSchedule::Entry entry;
        entry.check = one.ask.check;
        entry.interval = one.interval;
        entry.time_limit = one.ask.time_limit;
        entry.second_look = one.ask.second_look;
        entry.due = nanoseconds_of(one.phase);  // replace() makes it a moment
        entry.question = prepare(std::move(one.ask.question), before);
        made.entries.push_back(std::move(entry));
    }
    loop_->post(std::move(made));
}

void ProbeEngine::replace_question(uint32_t check, Question question) {
    loop_->post(NewQuestion{check, prepare(std::move(question))});
}

void ProbeEngine::watch_process(uint32_t check, ProcessIdentity process) {
    loop_->post(Watch{check, process});
}

}  // namespace ops
