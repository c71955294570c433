// SecurityBook: what is known of who comes into this machine and how, and what of it is new.
//
// Fed by the auth lines of logs and by looks at ports, accounts and keys; what it finds is told
// once, as the event `security`, each finding with what was compared with what. Quiet on a normal
// machine: guessed passwords alone are no finding (every machine on the internet sees thousands),
// only that one was let in after many; what was there at the first look is normal, and so is where
// root comes from in the first days; what was told once is known from then on.
//
// Pure. Invariant: a finding is told at most once, whatever crashes. It waits in `pending`, which
// is saved before anybody is told; after a restart the journal says whether it was.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "monitor/checks.h"

namespace ops {

struct SecurityNews {
    std::string id;      // "security@1769696400000.1"
    std::string target;  // where it was seen: the log's or the signal's
    std::string title;   // "Root logged in from an address never seen"
    std::string text;    // what was compared with what; printable, lines kept

    Json to_json() const;
    static Result<SecurityNews> from_json(const Json& json);
    bool operator==(const SecurityNews&) const = default;
};

class SecurityBook {
public:
    static constexpr Duration kWindow = std::chrono::hours(1);  // in which failures are counted
    static constexpr int kSudoFailures = 3;                     // of one user within the window
    static constexpr size_t kMostKnown = 10'000;                // the longest known go first
    static constexpr size_t kMostSources = 10'000;

    // `row` says what a log counts as too many, and how long it learns.
    void observe(const LogRow& row, const std::vector<AuthEvent>& events, Time at);
    // The first look at a target is what is normal there.
    void observe(const std::string& target, const AccessSeen& seen, Time at);

    // What is to be told now. It stays the same until told() says that it is in the journal.
    const SecurityNews* next() const { return pending_.empty() ? nullptr : &pending_.front(); }
    void told(std::string_view id);
    const std::deque<SecurityNews>& pending() const { return pending_; }

    // Whether what is known changed so that it must be saved before anything is told (`findings`),
    // or at leisure (`counts`: failures of the last hour).
    enum class Change { nothing, counts, findings };
    Change change() const { return change_; }
    void saved() { change_ = Change::nothing; }
    void forget_old(Time at);  // failures before the window; now and then, and before it is saved
    Json to_json() const;
    // Any JSON is either a book or refused.
    static Result<SecurityBook> from_json(const Json& json);

private:
    struct Failures {
        std::deque<std::pair<Time, unsigned>> times;  // by the minute
        Time last{};
        bool told = false;              // of this series: one who was let in is told once
        std::deque<std::string> ports;  // of the newest connections that failed; not saved
    };
    void on_login(const LogRow& row, const AuthEvent& event, Time at);
    void on_failure(const AuthEvent& event, Time at);
    void on_sudo(const LogRow& row, const AuthEvent& event, Time at);
    unsigned failures_of(const std::string& key, Time at);
    void count(const std::string& key, unsigned times, Time at);
    bool is_new(const std::string& thing, Time at);  // and known from now on
    std::vector<std::string> known_with(std::string_view prefix) const;
    void find(const std::string& target, std::string title, std::string text, Time at);
    void changed(Change change);

    std::map<std::string, Time> known_;             // "root from 10.0.0.1" and since when
    std::map<std::string, Time> since_;             // "log auth", "access alien": learning began
    std::map<std::string, Failures> failures_;      // "from 203.0.113.5", "sudo bob"
    std::map<std::string, std::string> seen_once_;  // ports that must be seen again; not saved
    std::deque<SecurityNews> pending_;
    uint64_t found_ = 0;
    Change change_ = Change::nothing;
};

}  // namespace ops
