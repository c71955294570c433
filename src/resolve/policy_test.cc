#include "resolve/policy.h"

#include <gtest/gtest.h>

#include <functional>

#include "resolve/kit_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using Verdict = Decision::Verdict;

// Everything a question refers to, all in favour; each row of a table changes what it is about.
struct Case {
    Entry entry = make_entry("restart web", {command_step({"systemctl", "restart", "web"})});
    PlannedCommand command;
    Inventory inventory = make_inventory();
    Limits limits;
    Protected things = protected_with({"/srv/agent/var"});
    Mode mode = Mode::automatic;
    int attempt = 1;
    KillSwitch kill_switch{false, ""};
    bool systemic = false, proposed = false;
    BudgetAnswer budget;
    std::optional<Approval> approval;
    std::optional<Time> used_at;
    std::string plan = sha256_hex("plan");
    Time now = Time(std::chrono::hours(500'000));

    Case() {
        command.target = "web";
        command.argv = {"systemctl", "restart", "web"};
        command.effect = Effect::idempotent;
    }
    void approve(std::vector<std::string> by, Duration ago = minutes(1)) {
        approval = Approval{"q", std::move(by), plan, now - ago};
    }
    Decision ask() const {
        return judge({.entry = entry,
                      .command = command,
                      .attempt = attempt,
                      .plan_sha256 = plan,
                      .inventory = inventory,
                      .mode = mode,
                      .limits = limits,
                      .kill_switch = kill_switch,
                      .systemic = systemic,
                      .proposed = proposed,
                      .budget = budget,
                      .approval = approval,
                      .approval_used_at = used_at,
                      .protected_things = things,
                      .now = now});
    }
};

struct Row {
    const char* why;
    std::function<void(Case&)> change;
    Verdict verdict;
    Refusal refusal;
    int needed = 0;
};

const Row kControls[] = {
    {"all in favour", [](Case&) {}, Verdict::allow, Refusal::none},
    // kill switch
    {"the kill switch is on", [](Case& c) { c.kill_switch.on = true; }, Verdict::refuse,
     Refusal::paused},
    {"a question without an answer about it is on", [](Case& c) { c.kill_switch = KillSwitch{}; },
     Verdict::refuse, Refusal::paused},
    {"it stops reads too",
     [](Case& c) {
         c.kill_switch.on = true;
         c.command.kind = TicketKind::collect;
     },
     Verdict::refuse, Refusal::paused},
    // mode
    {"observe never acts", [](Case& c) { c.mode = Mode::observe; }, Verdict::refuse,
     Refusal::policy},
    {"observe does not even collect",
     [](Case& c) {
         c.mode = Mode::observe;
         c.command.kind = TicketKind::collect;
     },
     Verdict::refuse, Refusal::policy},
    {"what a model proposed needs a yes, though the entry and the mode do not",
     [](Case& c) { c.proposed = true; }, Verdict::ask, Refusal::approval, 1},
    {"and is allowed with one",
     [](Case& c) {
         c.proposed = true;
         c.approve({"ann"});
     },
     Verdict::allow, Refusal::none, 0},
    {"ask asks about every action", [](Case& c) { c.mode = Mode::ask; }, Verdict::ask,
     Refusal::approval, 1},
    {"evidence needs no asking",
     [](Case& c) {
         c.mode = Mode::ask;
         c.command.kind = TicketKind::collect;
     },
     Verdict::allow, Refusal::none},
    {"nor does a verify command",
     [](Case& c) {
         c.mode = Mode::ask;
         c.command.kind = TicketKind::verify_command;
     },
     Verdict::allow, Refusal::none},
    {"an undo does",
     [](Case& c) {
         c.mode = Mode::ask;
         c.command.kind = TicketKind::undo;
     },
     Verdict::ask, Refusal::approval, 1},
    // the entry
    {"a disabled entry", [](Case& c) { c.entry.enabled = false; }, Verdict::refuse, Refusal::entry},
    {"a shadow only watches", [](Case& c) { c.entry.autonomy = Autonomy::shadow; }, Verdict::refuse,
     Refusal::policy},
    {"autonomy ask", [](Case& c) { c.entry.autonomy = Autonomy::ask; }, Verdict::ask,
     Refusal::approval, 1},
    // risk
    {"medium acts by itself when the entry may", [](Case& c) { c.entry.risk = Risk::medium; },
     Verdict::allow, Refusal::none},
    {"medium asks when it may not",
     [](Case& c) {
         c.entry.risk = Risk::medium;
         c.entry.autonomy = Autonomy::ask;
     },
     Verdict::ask, Refusal::approval, 1},
    {"high asks one", [](Case& c) { c.entry.risk = Risk::high; }, Verdict::ask, Refusal::approval,
     1},
    {"destructive asks two", [](Case& c) { c.entry.risk = Risk::destructive; }, Verdict::ask,
     Refusal::approval, 2},
    {"a learned entry is never destructive, whoever says yes",
     [](Case& c) {
         c.entry.risk = Risk::destructive;
         c.entry.learned = true;
         c.approve({"ann", "bob"});
     },
     Verdict::refuse, Refusal::policy},
    // target and words
    {"a target that is not in the inventory", [](Case& c) { c.command.target = "elsewhere"; },
     Verdict::refuse, Refusal::target},
    {"no target", [](Case& c) { c.command.target.clear(); }, Verdict::refuse, Refusal::target},
    {"no words", [](Case& c) { c.command.argv.clear(); }, Verdict::refuse, Refusal::argv},
    {"an empty program", [](Case& c) { c.command.argv[0].clear(); }, Verdict::refuse,
     Refusal::argv},
    {"a relative program", [](Case& c) { c.command.argv[0] = "./restart"; }, Verdict::refuse,
     Refusal::argv},
    {"an absolute one", [](Case& c) { c.command.argv[0] = "/usr/bin/systemctl"; }, Verdict::allow,
     Refusal::none},
    {"a NUL byte", [](Case& c) { c.command.argv[2] = std::string("w\0b", 3); }, Verdict::refuse,
     Refusal::argv},
    {"words without end", [](Case& c) { c.command.argv.push_back(std::string(70'000, 'x')); },
     Verdict::refuse, Refusal::argv},
    // attempts
    {"the third attempt", [](Case& c) { c.attempt = 3; }, Verdict::allow, Refusal::none},
    {"the fourth", [](Case& c) { c.attempt = 4; }, Verdict::refuse, Refusal::budget},
    {"the entry allows no retry",
     [](Case& c) {
         c.attempt = 2;
         c.entry.retries = 0;
     },
     Verdict::refuse, Refusal::budget},
    {"the entry cannot raise the limit",
     [](Case& c) {
         c.attempt = 4;
         c.entry.retries = 9;
     },
     Verdict::refuse, Refusal::budget},
    // self-protection
    {"ssh is not restarted by the way",
     [](Case& c) {
         c.command.argv = {"systemctl", "restart", "sshd"};
     },
     Verdict::refuse, Refusal::policy},
    {"a destructive entry may, approved by two",
     [](Case& c) {
         c.command.argv = {"systemctl", "restart", "sshd"};
         c.entry.risk = Risk::destructive;
         c.approve({"ann", "bob"});
     },
     Verdict::allow, Refusal::none},
    {"looking at it is free",
     [](Case& c) {
         c.command.argv = {"systemctl", "status", "sshd"};
         c.command.kind = TicketKind::collect;
     },
     Verdict::allow, Refusal::none},
    {"an undo is not",
     [](Case& c) {
         c.command.argv = {"systemctl", "stop", "sshd"};
         c.command.kind = TicketKind::undo;
     },
     Verdict::refuse, Refusal::policy},
    // mass failure
    {"a member of a systemic incident", [](Case& c) { c.systemic = true; }, Verdict::refuse,
     Refusal::policy},
    {"the entry for the common cause",
     [](Case& c) {
         c.systemic = true;
         c.entry.common_cause = true;
     },
     Verdict::allow, Refusal::none},
    // budgets
    {"another one is not settled",
     [](Case& c) {
         c.budget = {BudgetAnswer::Verdict::wait, "the limit", std::nullopt};
     },
     Verdict::wait, Refusal::busy},
    {"the budget is spent",
     [](Case& c) {
         c.budget = {BudgetAnswer::Verdict::spent, "the limit", std::nullopt};
     },
     Verdict::refuse, Refusal::budget},
    {"reads do not ask the budget",
     [](Case& c) {
         c.budget = {BudgetAnswer::Verdict::spent, "the limit", std::nullopt};
         c.command.kind = TicketKind::verify_command;
     },
     Verdict::allow, Refusal::none},
    {"nobody is asked to approve what the budget refuses",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.budget = {BudgetAnswer::Verdict::spent, "the limit", std::nullopt};
     },
     Verdict::refuse, Refusal::budget},
    // approvals
    {"one yes for high",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"});
     },
     Verdict::allow, Refusal::none},
    {"one yes for destructive",
     [](Case& c) {
         c.entry.risk = Risk::destructive;
         c.approve({"ann"});
     },
     Verdict::ask, Refusal::approval, 2},
    {"the same person twice is one",
     [](Case& c) {
         c.entry.risk = Risk::destructive;
         c.approve({"ann", " Ann "});
     },
     Verdict::ask, Refusal::approval, 2},
    {"nobody is nobody",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"", " "});
     },
     Verdict::ask, Refusal::approval, 1},
    {"of other words",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"});
         c.plan = sha256_hex("plan, changed");
     },
     Verdict::ask, Refusal::approval, 1},
    {"of ten minutes ago",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, minutes(10));
     },
     Verdict::allow, Refusal::none},
    {"of a moment longer ago",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, minutes(10) + Duration(1));
     },
     Verdict::ask, Refusal::approval, 1},
    {"of the future",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, -Duration(1));
     },
     Verdict::ask, Refusal::approval, 1},
    {"taken up in time: the same plan goes on under it",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, minutes(25));
         c.used_at = c.now - minutes(20);
     },
     Verdict::allow, Refusal::none},
    {"taken up too late",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, minutes(25));
         c.used_at = c.now - minutes(5);
     },
     Verdict::ask, Refusal::approval, 1},
    {"not for ever",
     [](Case& c) {
         c.entry.risk = Risk::high;
         c.approve({"ann"}, minutes(62));
         c.used_at = c.now - minutes(61);
     },
     Verdict::ask, Refusal::approval, 1},
};

TEST(Policy, EveryControl) {
    for (const Row& row : kControls) {
        Case c;
        row.change(c);
        const Decision decision = c.ask();
        EXPECT_EQ(static_cast<int>(decision.verdict), static_cast<int>(row.verdict))
            << row.why << ": " << decision.reason;
        EXPECT_EQ(name_of(decision.refusal), name_of(row.refusal)) << row.why;
        EXPECT_EQ(decision.approvers_needed, row.needed) << row.why;
        EXPECT_EQ(decision.reason.empty(), decision.verdict == Verdict::allow) << row.why;
    }
}

TEST(Policy, KnowsWhatWeStandOn) {
    struct Line {
        std::vector<std::string> argv;
        const char* found;
        const char* why;
    };
    const Line lines[] = {
        {{"systemctl", "restart", "nginx"}, "", "any service"},
        {{"ssh", "-o", "BatchMode=yes", "--", "pc", "supervisorctl restart worker_3"},
         "",
         "the ssh that gets us there"},
        {{"ssh", "--", "pc", "systemctl restart ssh.service"}, "'ssh'", "ssh over there"},
        {{"systemctl", "restart", "sshd@12.service"}, "'sshd'", "an instance of it"},
        {{"/etc/init.d/networking", "restart"}, "'networking'", "by its script"},
        {{"/bin/sh", "-c", "ifdown eth0; ifup eth0"}, "'ifdown'", "in a shell's words"},
        {{"/bin/sh", "-c", "x=$(ip link set eth0 down)"}, "'ip'", "in a substitution"},
        {{"systemctl", "restart", "NetworkManager"}, "'networkmanager'", "in any case"},
        {{"supervisorctl", "restart", "agents:ops-agent"}, "'ops-agent'", "in a group"},
        {{"pkill", "-f", "ops-agent"}, "'ops-agent'", "ourselves"},
        {{"kill", "-9", "1"}, "pid 1", "init"},
        {{"kill", "-9", "-1"}, "pid 1", "everybody"},
        {{"kill", "-HUP", "1234"}, "", "somebody"},
        {{"docker", "exec", "app", "kill", "-USR1", "1"}, "", "the first of a container"},
        {{"ssh", "-o", "A=b", "--", "pc", "docker", "exec", "app", "kill", "1"}, "", "over there"},
        {{"sh", "-c", "docker exec app true; kill 1"}, "pid 1", "behind a container's"},
        {{"mytool", "kill", "1"}, "pid 1", "who knows"},
        {{"mytool", "--mode", "shutdown"}, "", "an end of its own"},
        {{"ssh", "--", "pc", "supervisorctl", "shutdown"}, "", "supervisord's"},
        {{"mytool", "shutdown", "-h", "now"}, "'shutdown'", "it may run it"},
        {{"sh", "-c", "$(which shutdown)"}, "'shutdown'", "in a script it is not known"},
        {{"/sbin/shutdown"}, "'shutdown'", "the machine's"},
        {{"reboot"}, "'reboot'", "the machine"},
        {{"ssh", "--", "pc", "sudo /sbin/shutdown -r now"}, "'shutdown'", "another machine"},
        {{"systemctl", "isolate", "rescue.target"}, "pid 1 (systemctl isolate)", "init's states"},
        {{"curl", "-X", "POST", "http://127.0.0.1:9/actuator/shutdown"},
         "",
         "a page that is called so"},
        {{"rm", "-rf", "/srv/agent/var/state.db"}, "'/srv/agent/var'", "our database"},
        {{"rm", "-rf", "/srv/agent/var/../var//x"}, "'/srv/agent/var'", "by a detour"},
        {{"rm", "-rf", "/srv/agent"}, "'/srv/agent/var'", "the folder above it"},
        {{"rm", "-rf", "/srv/*"}, "'/srv/agent/var'", "by a pattern"},
        {{"find", "/srv", "-name", "*.db", "-delete"}, "'/srv/agent/var'", "find can delete"},
        {{"find", "/srv", "-name", "*.db"}, "", "or only look"},
        {{"dd", "if=/dev/zero", "of=/srv/agent/var/state.db"}, "'/srv/agent/var'", "after of="},
        {{"rm", "-rf", "/srv/agent/variety"}, "", "a name that begins alike"},
        {{"rm", "-rf", "/var/cache/apt"}, "", "somewhere else"},
        {{"truncate", "-s0", "/etc/ssh/sshd_config"}, "'/etc/ssh'", "ssh's configuration"},
        {{"journalctl", "--vacuum-time=3d"}, "", "the founder's own"},
        {{"docker", "system", "prune", "-f"}, "", "the founder's own"},
        {{"systemctl", "restart", "grafana-server"}, "", "the founder's own"},
    };
    const Protected things = protected_with({"/srv/agent/var"});
    for (const Line& line : lines) {
        EXPECT_EQ(find_protected(line.argv, "web", things), line.found) << line.why;
    }
    EXPECT_EQ(find_protected({"/usr/local/bin/fix"}, "sshd", things), "'sshd'")
        << "a target of that name, whatever the words";
}

TEST(KillSwitch, IsAFileAndUnreadableIsOn) {
    Power power;
    MemoryFiles files(power);
    files.contents["/data/state.db"] = "x";
    EXPECT_FALSE(read_kill_switch(files, "/data").on);
    files.contents["/data/pause"] = "";
    EXPECT_TRUE(read_kill_switch(files, "/data").on) << "touch is enough";
    files.contents.erase("/data/pause");
    files.unreadable = "/data";
    EXPECT_TRUE(read_kill_switch(files, "/data").on) << "who cannot look must not act";
    files.unreadable.clear();
    ASSERT_TRUE(set_kill_switch(files, "/data", true, "ann", Time{}).ok());
    EXPECT_TRUE(read_kill_switch(files, "/data").on);
    EXPECT_NE(files.contents["/data/pause"].find("ann"), std::string::npos);
    ASSERT_TRUE(set_kill_switch(files, "/data", false, "ann", Time{}).ok());
    EXPECT_FALSE(read_kill_switch(files, "/data").on);
}

}  // namespace
}  // namespace ops
