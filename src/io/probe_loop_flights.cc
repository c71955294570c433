// The flights of ProbeEngine's loop: asks on their way, and the heap of their deadlines.
#include <algorithm>

#include "base/assert.h"
#include "base/units.h"
#include "io/probe_loop.h"

namespace ops {

using namespace std::chrono_literals;

static constexpr int64_t kMillisecond = 1'000'000;
// A command is ended by its own limit, 2 s for SIGKILL and 5 s for a kernel that does not let go;
// only one that never got a thread is answered here.
static constexpr Duration kCommandGrace = 3s;
// When more than these hang at once, it is not one service: the others are asked again afterwards.
static constexpr size_t kSecondLooks = 256;

uint64_t ProbeEngine::Loop::tag_of(uint32_t index) const {
    return uint64_t{flights_[index].generation} << 32U | index;
}

ProbeEngine::Loop::Flight* ProbeEngine::Loop::find(uint64_t tag) {
    const auto index = static_cast<uint32_t>(tag);
    if (tag == 0 || index >= flights_.size()) return nullptr;
    Flight& flight = flights_[index];
    return flight.in_use && flight.generation == tag >> 32U ? &flight : nullptr;
}

void ProbeEngine::Loop::launch(const std::shared_ptr<const PreparedQuestion>& question,
                               Flight flight) {
    uint32_t index = static_cast<uint32_t>(flights_.size());
    if (free_.empty()) {
        flights_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    flight.generation = (flights_[index].generation + 1) & 0x7fffffffU;
    if (flight.generation == 0) flight.generation = 1;  // so that no tag is 0
    flight.in_use = true;
    flight.time_limit = std::clamp(flight.time_limit, Duration(1), Duration(1h));
    flight.began = monotonic_ns();
    flight.deadline = flight.began + flight.time_limit.count() * kMillisecond;
    flights_[index] = std::move(flight);
    Flight& placed = flights_[index];
    if (placed.first != 0) {
        find(placed.first)->second = tag_of(index);
        ++second_looks_;
    }
    if (const auto* error = std::get_if<Error>(question.get())) {
        heap_add(index);
        finish(index, *error, std::nullopt);
    } else if (std::holds_alternative<PreparedCommand>(*question) ||
               std::holds_alternative<LocalAsk>(*question)) {
        if (std::holds_alternative<PreparedCommand>(*question)) {
            placed.deadline += kCommandGrace.count() * kMillisecond;
        }
        placed.look_again_at = 0;
        heap_add(index);
        launch_job(index, question);
    } else {
        heap_add(index);
        placed.net =
            std::make_unique<NetFlight>(question, placed.time_limit, tag_of(index), shared_);
        go_on(index, placed.net->start());
    }
}

static Result<Answer> as_answer(auto result) {
    if (!result.ok()) return std::move(result).error();
    return Answer(std::move(result).value());
}

void ProbeEngine::Loop::launch_job(uint32_t index,
                                   const std::shared_ptr<const PreparedQuestion>& question) {
    Flight& flight = flights_[index];
    const auto job = std::make_shared<Job>();
    flight.job = job;
    const auto takes_it = [job] {
        JobState expected = JobState::waiting;
        return job->state.compare_exchange_strong(expected, JobState::running);
    };
    const uint64_t tag = tag_of(index);
    if (const auto* local = std::get_if<LocalAsk>(question.get())) {
        std::shared_ptr<Job>& last = last_looks_[flight.check];
        if (last != nullptr && last->state == JobState::running) {
            // Else one that hangs would take all threads, and blind every other check.
            return finish(index, Error{Fault::unavailable, "the look before this one still hangs"},
                          std::nullopt);
        }
        last = job;
        const bool is_disks = local->what == LocalAsk::What::disks;
        WorkerPool& pool = is_disks ? disks_ : local_;
        const bool taken =
            pool.submit([takes_it, job, question, tag, looks = looks_, to = mailbox_] {
                if (!takes_it()) return;
                Result<Answer> answer = as_answer(looks->look(std::get<LocalAsk>(*question)));
                job->state = JobState::done;
                to->post(JobDone{tag, std::move(answer)});
            });
        if (taken) return;
        finish(index,
               Error{Fault::unavailable,
                     is_disks ? "look at disks: 2 looks hang and 100 wait, which is the limit"
                              : "look at this machine: 4 looks run and 1000 wait, which is the "
                                "limit"},
               std::nullopt);
        return;
    }
    const bool taken =
        commands_.submit([this, takes_it, question, tag, to = mailbox_, limit = flight.time_limit] {
            if (!takes_it()) return;
            Command command = std::get<PreparedCommand>(*question)->command;
            command.time_limit = limit;
            to->post(JobDone{tag, as_answer(processes_.run(command))});
        });
    if (taken) return;
    finish(index,
           Error{Fault::unavailable,
                 "run a check's command: 16 run and 1000 wait, which is the limit"},
           std::nullopt);
}

void ProbeEngine::Loop::go_on(uint32_t index, NetFlight::Step step) {
    Flight& flight = flights_[index];
    while (step == NetFlight::Step::needs_name) {
        const Addresses* known = names_.find(flight.net->name(), tag_of(index), monotonic_ns());
        step = known == nullptr ? NetFlight::Step::waiting : flight.net->resolved(*known);
    }
    if (step == NetFlight::Step::waiting) {
        if (flight.net->is_unwatched()) look_soon(index);
        int64_t next = flight.net->deadline();
        if (flight.look_again_at != 0) next = std::min(next, flight.look_again_at);
        if (flight.deadline != next) {
            flight.deadline = next;
            heap_fix(flight.heap_at);
        }
        return;
    }
    if (flight.net->found_nobody()) names_.forget(flight.net->name());
    const std::optional<Time> certificate = flight.net->certificate_expires();
    finish(index, flight.net->take_answer(), certificate);
}

// One alone is watched: there is no round of others that its look could be part of.
void ProbeEngine::Loop::look_soon(uint32_t index) {
    if (heap_.size() < 2) return flights_[index].net->watch();
    unwatched_.push_back({tag_of(index), monotonic_ns()});
}

void ProbeEngine::Loop::finish(uint32_t index, Result<Answer> answer,
                               std::optional<Time> certificate) {
    Flight& flight = flights_[index];
    const int64_t took = (monotonic_ns() - flight.began + kMillisecond / 2) / kMillisecond;
    Reply reply{.check = flight.check,
                .at = clock_.now(),
                .took = Duration(took),
                .answer = std::move(answer),
                .certificate_expires = certificate,
                .skipped_rounds = flight.skipped,
                .late = flight.late};
    if (flight.first != 0) {
        find(flight.first)->seen.push_back(std::move(reply));
        return drop(index);
    }
    if (flight.is_scheduled) {
        ProbeSchedule::Entry* entry = schedule_.find(flight.check);
        if (entry != nullptr) {
            entry->in_flight = false;
            entry->was_quick = reply.answer.ok() && is_quick(reply.took, flight.time_limit);
        }
    }
    if (!reply.answer.ok() && reply.answer.error().fault == Fault::timeout) {
        reply.second_look = take_second_look(index, reply);
    }
    tell(std::move(reply));
    drop(index);
}

// What the second look came to by the end of the first.
std::vector<Reply> ProbeEngine::Loop::take_second_look(uint32_t index, const Reply& first) {
    Flight& flight = flights_[index];
    std::vector<Reply> seen = std::move(flight.seen);
    const Flight* const second = find(flight.second);
    if (second != nullptr && !second->net->is_naming()) {  // a name server's silence is not its own
        const auto took = Duration((monotonic_ns() - second->began) / kMillisecond);
        seen.push_back(Reply{.check = flight.check,
                             .took = took,
                             .answer = first.answer.error(),
                             .certificate_expires = first.certificate_expires});
    }
    for (Reply& reply : seen) reply.at = first.at;  // known, and of use, only now
    return seen;
}

void ProbeEngine::Loop::drop(uint32_t index) {
    Flight& flight = flights_[index];
    ASSERT(flight.in_use);
    heap_remove(index);
    if (flight.first != 0) {
        --second_looks_;
        if (Flight* first = find(flight.first)) first->second = 0;
    }
    if (find(flight.second) != nullptr) drop(static_cast<uint32_t>(flight.second));
    if (flight.job != nullptr) {  // one that runs goes on until it is done
        JobState expected = JobState::waiting;
        flight.job->state.compare_exchange_strong(expected, JobState::given_up);
    }
    flight.net.reset();
    flight.job.reset();
    flight.seen.clear();
    flight.in_use = false;
    free_.push_back(index);
}

void ProbeEngine::Loop::expire(int64_t now) {
    while (!heap_.empty() && flights_[heap_[0]].deadline <= now) {
        const uint32_t index = heap_[0];
        Flight& flight = flights_[index];
        if (flight.look_again_at != 0 && flight.look_again_at <= now) {
            look_again(index, now);
            continue;
        }
        if (flight.net != nullptr) {
            go_on(index, flight.net->expired());
            continue;
        }
        const bool had_begun = flight.job->state.load() != JobState::waiting;
        finish(index,
               Error{had_begun ? Fault::timeout : Fault::unavailable,
                     (had_begun ? "no answer in " : "no thread was free for ") +
                         format_duration(flight.time_limit)},
               std::nullopt);
    }
}

// Half the time limit is over without an answer: the second look, unless it could prove nothing.
void ProbeEngine::Loop::look_again(uint32_t index, int64_t now) {
    Flight& first = flights_[index];
    const int64_t limit = nanoseconds_of(first.time_limit);
    const int64_t late = now - std::exchange(first.look_again_at, 0);
    go_on(index, NetFlight::Step::waiting);  // its next moment is the end
    const ProbeSchedule::Entry* entry = schedule_.find(first.check);
    // One that begins much later, as we ourselves were held up, or that waits for the same
    // name server, is no second witness.
    if (entry == nullptr || late > limit / 4 || first.net->is_naming()) return;
    if (second_looks_ >= kSecondLooks) return;
    Flight second;
    second.check = first.check;
    // Not to end before the first one, so rounded up.
    second.time_limit = Duration((first.net->last_moment() - now) / kMillisecond + 1);
    second.first = tag_of(index);
    launch(entry->question, std::move(second));
}

void ProbeEngine::Loop::heap_add(uint32_t index) {
    heap_.push_back(index);
    flights_[index].heap_at = static_cast<uint32_t>(heap_.size() - 1);
    heap_fix(heap_.size() - 1);
}

void ProbeEngine::Loop::heap_remove(uint32_t index) {
    const size_t at = flights_[index].heap_at;
    ASSERT(heap_[at] == index);
    heap_[at] = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    flights_[heap_[at]].heap_at = static_cast<uint32_t>(at);
    heap_fix(at);
}

// Moves the flight at this place of the heap to where its deadline belongs.
void ProbeEngine::Loop::heap_fix(size_t at) {
    const auto deadline = [this](size_t place) { return flights_[heap_[place]].deadline; };
    const auto exchange = [this](size_t a, size_t b) {
        std::swap(heap_[a], heap_[b]);
        flights_[heap_[a]].heap_at = static_cast<uint32_t>(a);
        flights_[heap_[b]].heap_at = static_cast<uint32_t>(b);
    };
    while (at > 0 && deadline(at) < deadline((at - 1) / 2)) {
        exchange(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    while (true) {
        size_t least = 2 * at + 1;
        if (least >= heap_.size()) return;
        if (least + 1 < heap_.size() && deadline(least + 1) < deadline(least)) ++least;
        if (deadline(least) >= deadline(at)) return;
        exchange(at, least);
        at = least;
    }
}

}  // namespace ops
