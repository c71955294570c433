// Checks: how one thing is looked at. The room's first page.
//
// A check is two pure halves: ask() makes a question for io::Probes, judge() turns the reply into
// an Observation. Nothing here touches the world, so every check works in the simulated one, and
// what it remembers (a counter to make a rate of, the process it saw last, a log's cursor) is lost
// with the process without harm.
//
// The table check_kinds() is the whole list: a kind is one file and one row, and the row's settings
// make lint, the help and docs/checks.md (a test compares them).
//
// Everything that comes back is hostile text: it is capped, parsed strictly, and what reaches a
// person went through printable().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/fields.h"
#include "config/settings.h"
#include "io/probes.h"
#include "model/observation.h"
#include "monitor/auth_log.h"

namespace ops {

// What a reply came to.
struct Judged {
    Observation observation;
    // When set, there is no observation yet: ask this at once (Probes::start, same check and time
    // limit) and judge that reply too. Always few in a row: two, or as many as a list has pages, up
    // to a bound.
    std::optional<Question> ask_now;
    std::optional<Question> next_question;  // for the next round: Probes::replace_question
    std::optional<ProcessIdentity> watch;   // Probes::watch_process; nothing: leave it as it is
    std::vector<std::string> events;        // "crash", "restart", "reboot" that this reply shows
    std::vector<std::string> error_lines;   // of a log, printable: for the pattern miner
    std::vector<std::string> last_lines;    // of a log, whatever they say, printable: the newest
    std::vector<AuthEvent> auth;            // of a log: who came in and who tried to
    std::shared_ptr<const AccessSeen> access{};  // who could come in
};

class Check {
public:
    virtual ~Check() = default;
    uint32_t index() const { return index_; }
    void set_index(uint32_t index) { index_ = index; }  // before it is asked for the first time
    const std::string& target() const { return target_; }
    std::string_view kind() const { return kind_; }  // "http"

    // The question as it stands now (a log's newest cursor): for the schedule and for a look
    // between rounds.
    virtual Ask ask() const = 0;
    virtual Judged judge(const Reply& reply) = 0;
    // The process it asked to have watched is gone. What that means depends (a supervisor may have
    // started it again already), so the usual answer is to look at once: `ask_now` is set.
    virtual Judged died(const ProcessDied& death);
    // What it has in common with another check of its kind need not be kept twice: of thousands it
    // is the most.
    virtual void share_with(const Check& /*alike*/) {}
    // `before` looked at this until the configuration changed how: what it knows of where it was
    // still holds.
    virtual void follow(const Check& /*before*/) {}

protected:
    Check(uint32_t index, std::string target, std::string_view kind)
        : index_(index), target_(std::move(target)), kind_(kind) {}

private:
    uint32_t index_;
    std::string target_;
    std::string_view kind_;
};

// Contents of a file with a secret (`password_file`), without the newline at its end; the path as
// written in the configuration. Left empty (lint without rights to read it), the secret is empty.
using SecretReader = std::function<Result<std::string>(const std::string& path)>;

struct SettingHelp {
    std::string_view name, type, otherwise, help;  // `otherwise`: the default; "" is required
};
struct CheckRequest;
struct CheckKind {
    std::string_view name, help;
    std::string_view subject;  // what `kind: VALUE` is called when `kind:` holds a map: url, unit
    std::vector<SettingHelp> settings;
    enum class Use { service, host, signal, log, any } use = Use::service;
    std::unique_ptr<Check> (*make)(CheckRequest& request) = nullptr;
};
const std::vector<CheckKind>& check_kinds();
const CheckKind* find_check_kind(std::string_view name);

// The check that `settings` describes: `check: {KIND: SUBJECT, setting: ...}` or `{KIND: {...}}`.
// Null when there was a mistake, each noted with its place and the nearest valid name.
// `identity`, when it is given, becomes that of the check (monitor/check_identity.h).
std::unique_ptr<Check> make_check(const CheckSettings& settings, uint32_t index,
                                  const Settings& all, Problems& problems,
                                  const SecretReader& secrets = {}, uint64_t* identity = nullptr);

// A row of `logs:`, beside its check: what its lines are learned as (agent/log_book.h).
struct LogRow {
    std::string name;
    uint32_t check = 0;  // its index
    std::string target;
    Duration learning = std::chrono::hours(72);  // what comes so long is normal
    // So many failed logins from an address within an hour, and then one that is let in, are a
    // security event.
    int brute_force = 10;
    bool root_logins = true;  // and so is root from an address that it never came from
};
// The rows of `logs:` as checks; they come after Settings::checks in the numbering. `rows`, when it
// is given, gets one for each.
std::vector<CheckSettings> log_checks(const Settings& settings, Problems& problems,
                                      std::vector<LogRow>* rows = nullptr);

// Every check of the configuration by its index. As it is made: Settings::checks, then
// log_checks(), and the heartbeats of services are numbered after them. Where no check has an index
// there is a null.
struct CheckList {
    std::vector<Duration> intervals;
    std::vector<std::unique_ptr<Check>> checks;  // as many
    std::vector<LogRow> logs;
    std::vector<uint64_t> identities;  // of checks and heartbeats, in the order above
};
CheckList make_checks(const Settings& settings, Problems& problems,
                      const SecretReader& secrets = {});
// Puts what was just made at its numbers, which stand in the order of `identities`. A check that
// `before` has under its number goes on as it is, with all it remembers.
void renumber(CheckList& list, const std::vector<uint32_t>& numbers, CheckList before);

}  // namespace ops
