// The runbook: what can go wrong, how it shows, and what to do; read and checked from runbook.yaml
// (product.md 4).
//
// Pure. The core and the executor each load their own copy, and an entry is known by its hash, so a
// ticket for an entry that was changed meanwhile is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/settings.h"
#include "config/yaml.h"
#include "expr/expr.h"
#include "model/fact.h"
#include "model/inventory.h"

namespace ops {

enum class Risk {
    low,
    medium,
    high,
    destructive
};  // in order: a comparison is a comparison of danger
enum class Effect { read, idempotent, once };
enum class Autonomy { shadow, ask, automatic };
enum class EscalateWhen { never, on_failure, always };
enum class Level { none, log, warning, alert, critical };  // in order
std::string_view name_of(Risk risk);
std::string_view name_of(Effect effect);
std::string_view name_of(Autonomy autonomy);
std::string_view name_of(Level level);
std::optional<Level> parse_level(std::string_view text);

// A command as written: split into words, placeholders still in them.
struct CommandText {
    std::string text;                // as the operator wrote it
    std::vector<std::string> words;  // of the command itself; {name}, {service} ... unfilled
    std::string host;                // destination of `ssh HOST '...'`, or empty: runs here
    bool shell = false;              // words are {"/bin/sh", "-c", script}
    // Stands for the `restart:` command of whatever target it is filled in for; words are empty.
    bool restart_target = false;
};

struct Verification {
    enum class Kind { checks, http, heartbeat, expression, command };
    Kind kind = Kind::checks;
    std::string text;  // as written
    std::optional<expr::Expression> expression;
    CommandText command;
    Duration timeout{};  // zero: the limit's default
};

struct Step {
    enum class Kind {
        command,
        wait,
        verify,
        alert_if,
        restart,
        clear_cache,
        rotate_logs,
        http,
        alert,
        collect
    };
    Kind kind = Kind::command;
    Place place;
    std::string text;     // as written, for people
    CommandText command;  // command, restart, clear_cache, rotate_logs: all become one
    Duration wait{};
    Verification verification;
    std::optional<expr::Expression> condition;  // alert_if
    std::string http_method, http_url, http_body;
    std::vector<CommandText> collect;
    std::string service;  // restart: SERVICE; empty: the incident's own target
    Duration timeout{};   // zero: the limit's default
    std::string as_user;
    bool continue_on_error = false;
    Effect effect = Effect::once;
    bool effect_given = false;
    Risk risk = Risk::low;  // of this step alone, by the table in docs/runbook.md
    std::vector<CommandText> undo;
    bool has_effect()
        const;  // runs something in the world: command, restart, clear_cache, rotate_logs, http
};

struct Entry {
    std::string name;
    Place place;
    std::vector<expr::Expression> symptoms;
    // Facts in the symptoms that only members of a group have: name and group, such as
    // worker_process_status and worker.
    std::vector<std::pair<std::string, std::string>> group_facts;
    bool any = false;
    Duration hold{};  // `for:` the symptoms must hold so long
    std::vector<Step> steps;
    std::vector<CommandText> undo;
    Risk risk = Risk::low;
    bool risk_given = false;
    Effect effect = Effect::once;
    Autonomy autonomy = Autonomy::automatic;
    EscalateWhen escalate = EscalateWhen::on_failure;
    std::optional<Level> level;
    Duration cooldown{};
    std::optional<int> max_per_hour, max_per_day, retries;
    std::string owner, url;
    bool enabled = true;
    bool learned = false;
    bool common_cause =
        false;            // names a host, parent or supervisord: may run in a systemic incident
    std::string sha256;   // of its canonical text
    bool alerts() const;  // has an `alert` step: tells people even when repaired
};

struct Criterion {
    std::string name;
    std::optional<expr::Expression> when;  // nothing: an incident whose attempts are spent
    Level level = Level::alert;
    Place place;
};

struct RunbookTest {
    std::string name;
    Place place;
    std::vector<Fact> given;  // `service` among them names the target
    std::string entry;        // expected; empty: none may match
    std::vector<std::string> commands;
};

struct Runbook {
    std::string file;
    std::vector<Entry> entries;
    std::vector<Criterion>
        criteria;  // the built-in ones of product.md 4.4 unless the file changes them
    std::vector<RunbookTest> tests;
    std::string sha256;
    const Entry* find(std::string_view name) const;
};

// Nothing when there was an error; every problem is noted, warnings too (an entry that can never
// match, verify missing, command not idempotent). `settings` gives the inventory, restart commands
// and declared facts.
std::optional<Runbook> read_runbook(const ConfigText& text, const Settings& settings,
                                    Problems& problems);

// Which names the language knows for targets of this kind (facts, group-prefixed facts, events,
// signals).
class TargetNames final : public expr::Names {
public:
    explicit TargetNames(const Settings& settings) : settings_(settings) {}
    std::optional<Type> fact(std::string_view name) const override;
    bool event(std::string_view name) const override;
    std::vector<std::string> all() const override;

private:
    const Settings& settings_;
};

// What a command becomes on one target: words after filling placeholders with inventory values that
// pass is_safe_word; for a remote one the ssh words around it. Fault::denied names the placeholder
// that may not be filled.
struct CommandLine {
    std::vector<std::string> argv;
    std::string host;  // where it has its effect
    std::string text;  // as written, filled in: "ssh pc 'supervisorctl restart worker_3'"
    // What it would touch that only a `destructive` entry may: "sshd", "ops-agent"; empty: nothing.
    std::string protects;
};
Result<CommandLine> fill_in(const CommandText& command, std::string_view target,
                            const Inventory& inventory);
// The same for a text that is no command: the URL, body or alert of a step.
Result<std::string> fill_in_text(std::string_view text, std::string_view target,
                                 const Inventory& inventory);

// Splits as a POSIX shell would, without running one. Problem offsets are in `text`.
struct SplitWords {
    std::vector<std::string> words;
    std::vector<expr::Problem> problems;  // unterminated quote, shell operator outside quotes
};
SplitWords split_words(std::string_view text);

// True when the entry could match this target at all: its facts exist for it, `service == "x"`
// names it.
bool may_match(const Entry& entry, std::string_view target, const Inventory& inventory);

}  // namespace ops
