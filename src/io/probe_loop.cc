#include "io/probe_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <limits>

#include "base/assert.h"
#include "io/proc.h"

namespace ops {

using namespace std::chrono_literals;

static constexpr int64_t kMillisecond = 1'000'000;
// Deliveries wait for whole ticks while more replies may come, so that one serves several.
static constexpr int64_t kTick = 5 * kMillisecond;
// Replies that come close together are taken in one wake-up: latencies are told in whole
// milliseconds.
static constexpr int64_t kRest = kMillisecond / 2;
static constexpr size_t kStartsAtOnce = 32;  // then replies are looked at before more start
static constexpr size_t kDeliverAtOnce = 512;
static constexpr int64_t kLookAgain = 200 * kMillisecond;  // at processes without a pidfd
static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What epoll hands back: the top bit says what it is, then a generation, then an index.
static constexpr uint64_t kWatchBit = uint64_t{1} << 63U;
static constexpr uint64_t kWakeTag = std::numeric_limits<uint64_t>::max();

Mailbox::Mailbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { ASSERT(wake_.is_open()); }

void Mailbox::post(Letter letter) {
    bool is_first = false;
    {
        const std::lock_guard lock(mutex_);
        is_first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (is_first) ::eventfd_write(wake_.get(), 1);
}

std::vector<Letter> Mailbox::take() {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    const std::lock_guard lock(mutex_);
    return std::exchange(letters_, {});
}

static std::function<void(NameCache::Found)> into(const std::shared_ptr<Mailbox>& mailbox) {
    return [mailbox](NameCache::Found found) { mailbox->post(std::move(found)); };
}

ProbeEngine::Loop::Loop(Clock& clock, Processes& processes, Deliver deliver, Descriptor epoll)
    : clock_(clock),
      processes_(processes),
      deliver_(std::move(deliver)),
      mailbox_(std::make_shared<Mailbox>()),
      epoll_(std::move(epoll)),
      shared_{epoll_.get(), clock, {}, std::vector<char>(size_t{64} * 1024)},
      looks_(std::make_shared<LocalLooks>()),
      names_(into(mailbox_)),
      commands_(16, 1000),
      local_(4, 1000),
      disks_(2, 100) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeTag;
    ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox_->wake_descriptor(), &event) == 0);
}

ProbeEngine::Loop::~Loop() {
    if (thread_.joinable()) {
        post(Stop{});
        thread_.join();
    }
    // Threads in getaddrinfo or on a dead disk are not waited for: all they touch is theirs.
    names_.stop(10ms);
    disks_.abandon_after(10ms);
    local_.abandon_after(500ms);
}

void ProbeEngine::Loop::start_thread() {
    sigset_t all{}, before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread_.native_handle(), "probes");
}

void ProbeEngine::Loop::run() {
    now_ = monotonic_ns();
    while (!stopping_) {
        const bool all_taken = wait_and_handle();
        now_ = monotonic_ns();
        // Nobody is told to have been silent whose answer lies there and was not looked at yet.
        if (all_taken) expire(now_);
        if (unwatchable_ > 0) look_at_unwatchable();
        schedule_.start_due(now_, kStartsAtOnce, [this](ProbeSchedule::Entry& entry, int64_t due) {
            Flight flight;
            flight.check = entry.check;
            flight.is_scheduled = true;
            flight.skipped = std::exchange(entry.skipped, 0);
            flight.late = Duration((now_ - due) / kMillisecond);
            flight.time_limit = entry.time_limit;
            if (entry.second_look && entry.was_quick) {
                flight.look_again_at = now_ + nanoseconds_of(entry.time_limit) / 2;
            }
            launch(entry.question, std::move(flight));
        });
        deliver(false);
    }
    deliver(true);
}

static int64_t whole_tick(int64_t at) { return (at + kTick - 1) / kTick * kTick; }

int64_t ProbeEngine::Loop::next_moment() const {
    int64_t next = kNever;
    if (const std::optional<int64_t> due = schedule_.next_due()) next = *due;
    if (!heap_.empty()) next = std::min(next, flights_[heap_[0]].deadline);
    if (!told_.empty()) next = std::min(next, deliver_at_);
    if (unwatchable_ > 0) next = std::min(next, now_ + kLookAgain);
    if (!unwatched_.empty()) next = std::min(next, unwatched_.back().since + kRest);
    return next;
}

void ProbeEngine::Loop::rest(int64_t next) const {
    if (heap_.size() < 2) return;
    const int64_t until = std::min(woke_at_ + kRest, next);
    if (until <= monotonic_ns()) return;
    const timespec at = {until / 1'000'000'000, until % 1'000'000'000};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

bool ProbeEngine::Loop::wait_and_handle() {
    std::array<epoll_event, 256> events;
    const int64_t next = next_moment();
    rest(next);
    const int64_t wait = std::max<int64_t>(next - monotonic_ns(), 0);
    const timespec span = {wait / 1'000'000'000, wait % 1'000'000'000};
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                     next == kNever ? nullptr : &span, nullptr);
    woke_at_ = monotonic_ns();
    for (int i = 0; i < count; ++i) {
        const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
        if (tag == kWakeTag) {
            read_mail();
        } else if ((tag & kWatchBit) != 0) {
            const auto check = static_cast<uint32_t>(tag);
            const auto found = watched_.find(check);
            const uint64_t generation = (tag & ~kWatchBit) >> 32U;
            if (found != watched_.end() && found->second.generation == generation) {
                process_ended(check);
            }
        } else if (Flight* flight = find(tag); flight != nullptr && flight->net != nullptr) {
            go_on(static_cast<uint32_t>(tag), flight->net->ready());
        }
    }
    look_at_unwatched();
    return count < static_cast<int>(events.size());
}

// Most local services answer within the rest, and one recv() is cheaper than to have epoll watch
// the socket. Whoever has not answered by then is watched.
void ProbeEngine::Loop::look_at_unwatched() {
    const auto fresh = std::find_if(
        unwatched_.begin(), unwatched_.end(),
        [until = woke_at_ - kRest](const Unwatched& one) { return one.since > until; });
    const std::vector<Unwatched> due(unwatched_.begin(), fresh);
    unwatched_.erase(unwatched_.begin(), fresh);
    for (const Unwatched& one : due) {
        const Flight* flight = find(one.flight);
        if (flight == nullptr || !flight->net->is_unwatched()) continue;
        const NetFlight::Step step = flight->net->ready();
        if (step == NetFlight::Step::waiting && flight->net->is_unwatched()) flight->net->watch();
        go_on(static_cast<uint32_t>(one.flight), step);
    }
}

void ProbeEngine::Loop::read_mail() {
    for (Letter& letter : mailbox_->take()) {
        std::visit([this](auto& one) { take(std::move(one)); }, letter);
    }
}

void ProbeEngine::Loop::take(AskNow letter) {
    Flight flight;
    flight.check = letter.check;
    flight.time_limit = letter.time_limit;
    launch(letter.question, std::move(flight));
}

void ProbeEngine::Loop::take(NewSchedule letter) {
    const std::vector<uint32_t> dropped =
        schedule_.replace(std::move(letter.entries), monotonic_ns());
    for (uint32_t index = 0; index < flights_.size(); ++index) {
        const Flight& flight = flights_[index];
        if (!flight.in_use) continue;
        const bool is_dropped =
            flight.is_scheduled && std::binary_search(dropped.begin(), dropped.end(), flight.check);
        if (is_dropped || schedule_.find(flight.check) == nullptr) drop(index);
    }
    const auto is_gone = [this](const auto& one) { return schedule_.find(one.first) == nullptr; };
    std::erase_if(last_looks_, is_gone);
    unwatchable_ -= std::erase_if(
        watched_, [&](const auto& one) { return is_gone(one) && !one.second.pidfd.is_open(); });
    std::erase_if(watched_, is_gone);
}

void ProbeEngine::Loop::take(NewQuestion letter) {
    ProbeSchedule::Entry* entry = schedule_.find(letter.check);
    if (entry != nullptr) entry->question = std::move(letter.question);
}

void ProbeEngine::Loop::take(NameCache::Found letter) {
    const std::string name = letter.name;
    for (const uint64_t waiter : names_.take_in(std::move(letter), monotonic_ns())) {
        Flight* flight = find(waiter);
        if (flight == nullptr || flight->net == nullptr) continue;
        go_on(static_cast<uint32_t>(waiter), flight->net->resolved(names_.get(name)));
    }
}

void ProbeEngine::Loop::take(JobDone letter) {
    if (find(letter.flight) == nullptr) return;  // its time was over
    finish(static_cast<uint32_t>(letter.flight), std::move(letter.answer), std::nullopt);
}

void ProbeEngine::Loop::take(Stop) { stopping_ = true; }

static bool is_alive(const ProcessIdentity& process) {
    const std::optional<ProcStat> stat = read_proc_stat(process.pid);
    return stat && stat->start_ticks == process.start_ticks && stat->state != 'Z' &&
           stat->state != 'X';
}

void ProbeEngine::Loop::take(Watch letter) {
    const auto old = watched_.find(letter.check);
    if (old != watched_.end()) {
        if (!old->second.pidfd.is_open()) --unwatchable_;
        watched_.erase(old);
    }
    if (letter.process.pid <= 0) return;
    Watched& watched = watched_[letter.check];
    watched.process = letter.process;
    watched.generation = ++watch_generation_ & 0x7fffffffU;
    watched.pidfd = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, letter.process.pid, 0)));
    if (!watched.pidfd.is_open()) ++unwatchable_;
    // Looked at after the pidfd is held: from here on that id is this process or it is dead.
    if (!is_alive(letter.process)) {
        process_ended(letter.check);
        return;
    }
    if (!watched.pidfd.is_open()) return;  // no descriptors left: looked at now and then
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWatchBit | uint64_t{watched.generation} << 32U | letter.check;
    ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watched.pidfd.get(), &event) == 0);
}

void ProbeEngine::Loop::process_ended(uint32_t check) {
    const auto found = watched_.find(check);
    ASSERT(found != watched_.end());
    if (!found->second.pidfd.is_open()) --unwatchable_;
    tell(ProcessDied{check, found->second.process, clock_.now()});
    watched_.erase(found);
    deliver_at_ = 0;  // a death does not wait for the tick
}

void ProbeEngine::Loop::look_at_unwatchable() {
    std::vector<uint32_t> ended;
    for (const auto& [check, watched] : watched_) {
        if (!watched.pidfd.is_open() && !is_alive(watched.process)) ended.push_back(check);
    }
    for (const uint32_t check : ended) process_ended(check);
}

void ProbeEngine::Loop::tell(ProbeEvent event) {
    if (told_.empty()) deliver_at_ = whole_tick(monotonic_ns()) + kTick;
    told_.push_back(std::move(event));
}

void ProbeEngine::Loop::deliver(bool at_once) {
    if (told_.empty()) return;
    // With nobody else in flight there is nothing to wait for.
    const bool waits = !heap_.empty() && now_ < deliver_at_ && told_.size() < kDeliverAtOnce;
    if (waits && !at_once) return;
    std::vector<ProbeEvent> told;
    told.reserve(told_.size());  // as many as this time are likely to come next time
    told.swap(told_);
    deliver_(std::move(told));
}

}  // namespace ops
