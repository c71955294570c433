#include "agent/security_book.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

using std::chrono::minutes;

// From here on the kernel hands out ports by itself (ip_local_port_range): which one says nothing.
constexpr int kFirstEphemeralPort = 32'768;
constexpr size_t kMostListed = 10;
constexpr size_t kMostPending = 100;

std::string listed(const std::vector<std::string>& names) {
    std::vector<std::string> some = names;
    if (some.size() > kMostListed) {
        some.resize(kMostListed);
        some.push_back("and " + std::to_string(names.size() - kMostListed) + " more");
    }
    return join(some, ", ");
}

std::string counted(size_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string clean(std::string_view text) { return printable(text, Lines::flatten); }

std::string by(const AuthEvent& event) {
    return event.method == "publickey" ? "a key" : "a " + event.method;
}

constexpr const char* kProgramUnseen =
    " (its program may not be seen by ops-agent's own user; the evidence 'listening_ports' of "
    "'ops-agent show' has what the executor saw)";

// Whose a port is: its program, or where that may not be seen the user who opened it.
struct PortOwner {
    std::string words;  // " of nginx", " of user www-data"
    bool is_user = false;
};
PortOwner owner_of(const ListeningPort& port, const std::vector<AccountSeen>& accounts) {
    if (!port.program.empty()) return {" of " + clean(port.program)};
    if (port.uid < 0) return {};
    const auto account = std::find_if(accounts.begin(), accounts.end(),
                                      [&](const AccountSeen& one) { return one.uid == port.uid; });
    return {account != accounts.end() ? " of user " + clean(account->name)
                                      : " of user id " + std::to_string(port.uid),
            true};
}

std::string port_thing(const ListeningPort& port, const PortOwner& owner) {
    if (port.port >= kFirstEphemeralPort && !owner.words.empty()) return "high port" + owner.words;
    return "port " + std::to_string(port.port) + (owner.is_user ? "" : owner.words);
}

// Two keys of one account differ by their last letters, which `cat` shows at the end, too.
std::string key_words(const KeySeen& key) {
    const std::string tail =
        key.key.size() > 12 ? "..." + key.key.substr(key.key.size() - 12) : key.key;
    return clean(key.type) + " " + clean(tail) + (key.comment.empty() ? "" : " " + key.comment) +
           " of " + clean(key.account);
}

Result<Time> time_in(const Json& json) {
    if (!json.is_number()) return Error{Fault::corrupt, "a time is no number"};
    return Time(Duration(json.as_int()));
}
Json time_out(Time at) { return static_cast<int64_t>(at.time_since_epoch().count()); }

}  // namespace

Json SecurityNews::to_json() const {
    return Json::object({{"id", id}, {"target", target}, {"title", title}, {"text", text}});
}

Result<SecurityNews> SecurityNews::from_json(const Json& json) {
    SecurityNews news{json["id"].as_string(), json["target"].as_string(), json["title"].as_string(),
                      json["text"].as_string()};
    if (news.id.empty() || news.title.empty())
        return Error{Fault::corrupt, "a finding without an id or title"};
    return news;
}

void SecurityBook::changed(Change change) { change_ = std::max(change_, change); }

void SecurityBook::find(const std::string& target, std::string title, std::string text, Time at) {
    changed(Change::findings);
    if (pending_.size() >= kMostPending) return;  // it is known from now on, and so are the others
    pending_.push_back({"security@" + std::to_string(at.time_since_epoch().count()) + "." +
                            std::to_string(++found_),
                        target, std::move(title), std::move(text)});
}

void SecurityBook::told(std::string_view id) {
    const size_t removed =
        std::erase_if(pending_, [id](const SecurityNews& news) { return news.id == id; });
    if (removed > 0) changed(Change::findings);
}

bool SecurityBook::is_new(const std::string& thing, Time at) {
    if (!known_.emplace(thing, at).second) return false;
    changed(Change::findings);
    if (known_.size() > kMostKnown) {
        known_.erase(
            std::min_element(known_.begin(), known_.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; }));
    }
    return true;
}

std::vector<std::string> SecurityBook::known_with(std::string_view prefix) const {
    std::vector<std::string> found;
    for (auto one = known_.lower_bound(std::string(prefix));
         one != known_.end() && one->first.starts_with(prefix); ++one) {
        found.push_back(one->first.substr(prefix.size()));
    }
    return found;
}

// --- logins ---

void SecurityBook::count(const std::string& key, unsigned times, Time at) {
    if (!failures_.contains(key) && failures_.size() >= kMostSources) {
        failures_.erase(std::min_element(
            failures_.begin(), failures_.end(),
            [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    }
    Failures& failures = failures_[key];
    failures.last = at;
    if (!failures.times.empty() && at - failures.times.back().first < minutes(1)) {
        failures.times.back().second += times;
    } else {
        failures.times.emplace_back(at, times);
    }
    changed(Change::counts);
}

unsigned SecurityBook::failures_of(const std::string& key, Time at) {
    const auto found = failures_.find(key);
    if (found == failures_.end()) return 0;
    auto& times = found->second.times;
    while (!times.empty() && at - times.front().first > kWindow) times.pop_front();
    if (times.empty()) {
        failures_.erase(found);
        return 0;
    }
    unsigned sum = 0;
    for (const auto& [when, number] : times) sum += number;
    return sum;
}

// Who leaves after passwords that were refused has failed as often as that, and not once more: of a
// server that takes keys only the leaving is all that is seen.
void SecurityBook::on_failure(const AuthEvent& event, Time at) {
    constexpr size_t kMostPorts = 32;
    const std::string series = "from " + event.source;
    const bool is_end = event.kind == AuthEvent::Kind::login_left;
    if (const auto known = failures_.find(series); is_end && known != failures_.end()) {
        const auto& ports = known->second.ports;
        if (std::find(ports.begin(), ports.end(), event.port) != ports.end()) return;
    }
    count(series, event.times, at);
    std::deque<std::string>& ports = failures_[series].ports;
    ports.push_back(event.port);
    if (ports.size() > kMostPorts) ports.pop_front();
}

void SecurityBook::on_login(const LogRow& row, const AuthEvent& event, Time at) {
    const std::string series = "from " + event.source;
    const unsigned failed = failures_of(series, at);
    if (failed >= static_cast<unsigned>(row.brute_force) && !failures_[series].told) {
        failures_[series].told = true;
        find(row.target,
             "Login as " + event.user + " after " + std::to_string(failed) + " failures",
             event.user + " was let in with " + by(event) + " from " + event.source + " after " +
                 std::to_string(failed) + " failed logins from there within an hour (" +
                 std::to_string(row.brute_force) + " are too many)",
             at);
    }
    if (event.user != "root" || !row.root_logins) return;
    const std::vector<std::string> before = known_with("root from ");
    if (!is_new("root from " + event.source, at)) return;
    const Time since = since_["log " + row.name];
    if (at - since < row.learning) return;
    find(row.target, "Root logged in from an address never seen",
         "root was let in with " + by(event) + " from " + event.source + "; since " +
             format_rfc3339(since) + " root came " +
             (before.empty() ? std::string("from nowhere") : "from " + listed(before)),
         at);
}

void SecurityBook::on_sudo(const LogRow& row, const AuthEvent& event, Time at) {
    const bool outsider = event.kind == AuthEvent::Kind::not_in_sudoers;
    const std::string series = (outsider ? "not in sudoers " : "sudo ") + event.user;
    (void)failures_of(series, at);  // a series that is over is forgotten
    count(series, event.times, at);
    const unsigned failed = failures_of(series, at);
    Failures& failures = failures_[series];
    if (failures.told || (!outsider && failed < unsigned{kSudoFailures})) return;
    failures.told = true;
    if (outsider) {
        find(row.target, event.user + " tried sudo, and may not",
             event.user + " is in no rule of sudoers and ran sudo", at);
    } else {
        find(row.target, event.user + " failed at sudo",
             event.user + " failed at sudo or su " + std::to_string(failed) +
                 " times within an hour (" + std::to_string(kSudoFailures) + " are too many)",
             at);
    }
}

void SecurityBook::forget_old(Time at) {
    std::erase_if(failures_, [at](const auto& one) { return at - one.second.last > kWindow; });
}

void SecurityBook::observe(const LogRow& row, const std::vector<AuthEvent>& events, Time at) {
    // Learning begins when the log is first read, whatever it says.
    if (since_.emplace("log " + row.name, at).second) changed(Change::counts);
    for (const AuthEvent& event : events) {
        switch (event.kind) {
            case AuthEvent::Kind::login_failed:
            case AuthEvent::Kind::login_left: on_failure(event, at); break;
            case AuthEvent::Kind::banned:
                // fail2ban counted them in a log that we may not read.
                count("from " + event.source, static_cast<unsigned>(row.brute_force), at);
                break;
            case AuthEvent::Kind::login: on_login(row, event, at); break;
            case AuthEvent::Kind::sudo_ran: break;  // everyday work
            case AuthEvent::Kind::sudo_failed:
            case AuthEvent::Kind::not_in_sudoers: on_sudo(row, event, at); break;
            case AuthEvent::Kind::account_added:
                if (is_new("account " + event.user, at)) {
                    find(row.target, "New account " + event.user,
                         "useradd made the account " + event.user, at);
                }
                break;
        }
    }
}

// --- ways in ---

void SecurityBook::observe(const std::string& target, const AccessSeen& seen, Time at) {
    const bool first = since_.emplace("access " + target, at).second;
    if (first) changed(Change::findings);
    const std::string before = counted(known_with("port ").size(), "port") + ", " +
                               counted(known_with("account ").size(), "account") + " and " +
                               counted(known_with("key ").size(), "ssh key");
    std::vector<std::string> titles, lines;
    const auto look = [&](const std::string& thing, const std::string& title,
                          const std::string& line) {
        if (!is_new(thing, at) || first) return;
        titles.push_back(title);
        lines.push_back(line);
    };
    for (const AccountSeen& account : seen.accounts) {
        const std::string name = clean(account.name);
        const std::string uid = "user id " + std::to_string(account.uid);
        look("account " + name, "New account " + name,
             "account " + name + " (" + uid + (account.can_log_in ? ", may log in)" : ")"));
        if (account.uid == 0 && account.name != "root") {
            look("root's id of " + name, name + " has root's user id",
                 "account " + name + " has user id 0, as root has");
        }
    }
    for (const KeySeen& key : seen.keys) {
        const std::string name = sha256_hex(key.type + " " + key.key).substr(0, 16);
        look("key " + name + " of " + clean(key.account), "New ssh key of " + clean(key.account),
             "key " + key_words(key));
    }
    // A port must be there at two looks in a row: what comes and goes is no service.
    std::map<std::string, std::string> now;
    for (const ListeningPort& port : seen.ports) {
        const PortOwner owner = owner_of(port, seen.accounts);
        const std::string thing = port_thing(port, owner);
        const std::string line = "port " + std::to_string(port.port) + owner.words;
        now.emplace(thing, line);
        if (first || seen_once_.contains(thing)) {
            look(thing, "New listening " + line, line + (owner.is_user ? kProgramUnseen : ""));
        }
    }
    seen_once_ = std::move(now);
    if (titles.empty()) return;
    const std::string more =
        titles.size() > 1 ? " and " + std::to_string(titles.size() - 1) + " more" : "";
    find(target, titles.front() + more,
         "new since the look before: " + listed(lines) + "; known were " + before + ", since " +
             format_rfc3339(since_["access " + target]),
         at);
}

// --- what must survive ---

Json SecurityBook::to_json() const {
    Json::Object known, since, failures;
    for (const auto& [thing, at] : known_) known.emplace_back(thing, time_out(at));
    for (const auto& [what, at] : since_) since.emplace_back(what, time_out(at));
    for (const auto& [key, one] : failures_) {
        Json times = Json::array();
        for (const auto& [at, number] : one.times)
            times.push(Json::object({{"at", time_out(at)}, {"n", static_cast<uint64_t>(number)}}));
        failures.emplace_back(key, Json::object({{"times", std::move(times)}, {"told", one.told}}));
    }
    Json pending = Json::array();
    for (const SecurityNews& news : pending_) pending.push(news.to_json());
    return Json::object({{"known", Json::of_members(std::move(known))},
                         {"since", Json::of_members(std::move(since))},
                         {"failures", Json::of_members(std::move(failures))},
                         {"pending", std::move(pending)},
                         {"found", found_}});
}

Result<SecurityBook> SecurityBook::from_json(const Json& json) {
    SecurityBook book;
    if (!json["known"].is_object() || !json["since"].is_object() || !json["failures"].is_object() ||
        !json["pending"].is_array()) {
        return Error{Fault::corrupt, "what is known of logins and ports has not its parts"};
    }
    for (const auto& [thing, at] : json["known"].members()) book.known_[thing] = TRY(time_in(at));
    for (const auto& [what, at] : json["since"].members()) book.since_[what] = TRY(time_in(at));
    for (const auto& [key, one] : json["failures"].members()) {
        Failures& failures = book.failures_[key];
        failures.told = one["told"].as_bool();
        for (const Json& time : one["times"].items()) {
            failures.last = TRY(time_in(time["at"]));
            failures.times.emplace_back(
                failures.last, static_cast<unsigned>(std::max<int64_t>(0, time["n"].as_int())));
        }
    }
    for (const Json& news : json["pending"].items())
        book.pending_.push_back(TRY(SecurityNews::from_json(news)));
    book.found_ = static_cast<uint64_t>(std::max<int64_t>(0, json["found"].as_int()));
    return book;
}

}  // namespace ops
