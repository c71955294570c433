// journal_bench FOLDER [SECONDS]: how long it takes until an intent is on the disk, and what a
// second of samples costs. Run it on the disk that is to be judged; it makes its files in
// FOLDER/bench. SECONDS of samples at each of three rates, 600 if not said; 0 for none.
//
// The loop below stands for a machine at work: intents one at a time as they come, the call of
// maintain() between them as the agent does when idle, and a second's samples of 10,000 targets.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "record/history.h"
#include "record/store.h"

namespace {

using namespace ops;
using Moment = std::chrono::steady_clock::time_point;

double milliseconds_since(Moment start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_mb() {
    double pages = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "r")) {
        double all = 0;
        if (std::fscanf(file, "%lf %lf", &all, &pages) != 2) pages = 0;
        std::fclose(file);
    }
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void print_quantiles(const std::string& what, std::vector<double> times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
        return times[std::min(times.size() - 1,
                              static_cast<size_t>(part * static_cast<double>(times.size())))];
    };
    fmt::print("{:<44} n {:>6}  p50 {:>7.3f} ms  p99 {:>7.3f} ms  max {:>7.3f} ms\n", what,
               times.size(), at(0.5), at(0.99), times.back());
}

Event intent(int number, Time at) {
    Event event;
    event.at = at;
    event.kind = "action.intent";
    event.incident = "inc-" + std::to_string(number / 3);
    event.target = "worker_" + std::to_string(number % 100);
    event.body = Json::object({{"action", std::string(56, 'a') + std::to_string(number)},
                               {"entry", "Worker stopped responding"},
                               {"entry_sha256", std::string(64, 'e')},
                               {"step", 1},
                               {"attempt", 1},
                               {"argv", Json::of_strings({"ssh", "pc", "supervisorctl restart"})},
                               {"argv_sha256", std::string(64, 'f')},
                               {"effect", "idempotent"},
                               {"epoch", 12},
                               {"before", Json::object({{"pid", 4242}, {"start", 99887766}})}});
    return event;
}

int fail(const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return 1;
}

int bench_journal(const std::string& folder) {
    auto opened = Store::open(folder);
    if (!opened.ok()) return fail(opened.error());
    Store& store = *opened.value();
    const auto run = [&](const std::string& what, int count, int batch) {
        std::vector<double> times;
        const double cpu_before = cpu_seconds();
        for (int i = 0; i < count; ++i) {
            std::vector<Event> events;
            const Time at = Time(Duration(1'770'000'000'000 + int64_t{i} * 10));
            for (int k = 0; k < batch; ++k) events.push_back(intent(i * batch + k, at));
            const Moment start = std::chrono::steady_clock::now();
            const auto done = store.append(events);
            times.push_back(milliseconds_since(start));
            if (!done.ok() || (i % 10 == 0 && !store.maintain().ok())) return 1;
        }
        print_quantiles(what, std::move(times));
        fmt::print("{:<44} {:.3f} ms\n", "  CPU of each, with its checkpoints",
                   (cpu_seconds() - cpu_before) * 1000 / count);
        return 0;
    };
    if (run("intent committed (synchronous=FULL)", 5000, 1) != 0) return 1;
    if (run("100 events committed together", 200, 100) != 0) return 1;
    Moment start = std::chrono::steady_clock::now();
    opened = Error{Fault::unavailable, "closed"};
    opened = Store::open(folder);
    if (!opened.ok()) return fail(opened.error());
    fmt::print("{:<44} {:.1f} ms\n", "close and open again, 25,000 events",
               milliseconds_since(start));
    start = std::chrono::steady_clock::now();
    const auto found =
        opened.value()->actions({.only = ActionQuery::Only::unsettled, .limit = 100});
    if (!found.ok()) return fail(found.error());
    fmt::print("{:<44} {:.2f} ms\n", "the 100 newest unsettled actions", milliseconds_since(start));
    return 0;
}

// `rows_per_second` samples of 30,000 series, some in each second as a schedule spreads them.
int bench_history(const std::string& folder, size_t rows_per_second, int seconds) {
    auto opened = History::open(folder);
    if (!opened.ok()) return fail(opened.error());
    History& history = *opened.value();
    std::vector<std::string> targets;
    for (int i = 0; i < 10'000; ++i) targets.push_back("service_" + std::to_string(i));
    const char* const facts[] = {"up", "http_status", "latency"};
    std::vector<double> adds;
    std::vector<double> steps;
    size_t next = 0;
    const double cpu_before = cpu_seconds();
    Time now = Time(Duration(1'770'000'000'000));
    for (int second = 0; second < seconds; ++second, now += std::chrono::seconds(1)) {
        std::vector<SampleRow> rows;
        for (size_t i = 0; i < rows_per_second; ++i, ++next) {
            const size_t fact = next % 3;
            const double value = fact == 0   ? 1
                                 : fact == 1 ? 200
                                             : 0.001 * static_cast<double>(next * 7919 % 1009);
            rows.push_back({targets[next / 3 % targets.size()], facts[fact],
                            now + Duration(i * 1000 / rows_per_second), value});
        }
        Moment start = std::chrono::steady_clock::now();
        const auto added = history.add(rows);
        adds.push_back(milliseconds_since(start));
        if (!added.ok()) return fail(added.error());
        for (int step = 0; step < 2; ++step) {
            start = std::chrono::steady_clock::now();
            const auto more = history.maintain(now);
            steps.push_back(milliseconds_since(start));
            if (!more.ok()) return fail(more.error());
            if (!more.value()) break;
        }
    }
    const double cpu = cpu_seconds() - cpu_before;
    fmt::print("\n{} samples a second of 30,000 series, {} s:\n", rows_per_second, seconds);
    print_quantiles("  add, once a second", adds);
    print_quantiles("  a step of maintain", steps);
    fmt::print("{:<44} {:.2f} % of one core, {:.0f} MB resident\n", "  CPU and memory",
               100 * cpu / seconds, resident_mb());
    for (const int hours : {1, 24, 24 * 7}) {
        const Moment start = std::chrono::steady_clock::now();
        const auto window =
            history.window("service_5000", "latency", now - std::chrono::hours(hours), now, 300);
        if (!window.ok()) return fail(window.error());
        fmt::print("{:<44} {:.2f} ms, {} points\n",
                   "  window of " + std::to_string(hours) + " h, at most 300 points",
                   milliseconds_since(start), window.value().size());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: journal_bench FOLDER [SECONDS]\n");
        return 2;
    }
    const std::string folder = std::string(argv[1]) + "/bench-" + std::to_string(getpid());
    const int seconds = argc > 2 ? std::stoi(argv[2]) : 600;
    if (bench_journal(folder) != 0) return 1;
    if (seconds == 0) return 0;
    for (const size_t rate : {size_t{1000}, size_t{3000}, size_t{5000}}) {
        if (bench_history(folder + "/h" + std::to_string(rate), rate, seconds) != 0) return 1;
    }
    return 0;
}
