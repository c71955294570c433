// The executor as a real process behind a real socket, on a real disk: killed, abandoned, lied to.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/text.h"
#include "io/descriptor.h"
#include "io/own_child.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/real_clock.h"
#include "io/wire.h"
#include "resolve/executor_client.h"
#include "resolve/executor_server.h"
#include "resolve/kit_for_test.h"
#include "resolve/plan.h"

namespace ops {
namespace {

using std::chrono::seconds;
using Status = TicketReply::Status;
using What = Seen::What;

// A folder that goes away with the test.
struct Folder {
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "ops-resolve-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

// Waits for a file to be there by looking again; the step that makes it is already under way.
bool comes(const std::string& path) {
    for (int i = 0; i < 2000; ++i) {
        if (std::filesystem::exists(path)) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

// A company of one service, whose repair writes its step key into a ledger and then waits for a
// file.
struct Company {
    Folder folder;
    PosixFiles files;
    RealClock clock;
    std::string config = folder.path + "/ops-agent.yaml";
    std::string ledger = folder.path + "/ledger";
    std::string gate = folder.path + "/gate";
    Rules rules;

    Company() {
        write("ops-agent.yaml",
              "agent: {name: test, data_dir: ./var, runbook: runbook.yaml}\n"
              "hosts: [{name: here, local: true}]\n"
              "services:\n"
              "  - {name: web, host: here, check: {command: \"true\"}}\n"
              "  - {name: api, host: here, check: {command: \"true\"}}\n");
        write("runbook.yaml",
              "common_issues:\n"
              "  - name: slow\n"
              "    symptoms: [status == \"down\"]\n"
              "    auto_resolve:\n"
              "      - command: \"echo $OPS_STEP_KEY >> " +
                  ledger + "; while [ ! -e " + gate +
                  " ]; do sleep 0.02; done; echo through\"\n"
                  "        shell: true\n");
        EXPECT_TRUE(files.make_folder(folder.path + "/var").ok());
        RuleFiles source(files, config, [](const std::string&) { return std::nullopt; });
        Result<std::optional<Rules>> read = source.read_if_changed();
        EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
        if (read.ok()) rules = *std::move(read).value();
    }
    void write(const std::string& name, const std::string& text) {
        EXPECT_TRUE(files.replace(folder.path + "/" + name, text).ok());
    }
    Ticket ticket(const std::string& incident = "inc-1", uint64_t epoch = 1) {
        Ticket one;
        one.incident = incident;
        one.entry = "slow";
        one.target = "web";
        one.epoch = epoch;
        one.not_after = clock.now() + seconds(60);
        const Entry& entry = *rules.runbook.find("slow");
        one.entry_sha256 = entry.sha256;
        const auto planned =
            plan_command(entry, TicketKind::run, 0, 0, "web", rules.settings.inventory);
        EXPECT_TRUE(planned.ok());
        one.argv_sha256 = planned.value().argv_sha256;
        return one;
    }
    size_t effects() {
        const Result<std::string> text = files.read(ledger);
        return text.ok() ? split(trim(text.value()), '\n').size() : 0;
    }
    std::unique_ptr<OwnChild> start() {
        auto child = OwnChild::start("/proc/self/exe", "executor", config,
                                     folder.path + "/var/executor.sock");
        EXPECT_TRUE(child.ok()) << (child.ok() ? "" : child.error().message);
        return std::move(child).value();
    }
    std::string marker(const Ticket& one, const char* suffix) const {
        return folder.path + "/var/executor/" + step_key(one) + suffix;
    }
};

void wait_for_end(OwnChild& child) {
    for (int i = 0; i < 2000 && !child.has_ended(); ++i) ::poll(nullptr, 0, 5);
    EXPECT_TRUE(child.has_ended());
}

TEST(ExecutorProcess, AnswersOverItsSocket) {
    Company company;
    const auto child = company.start();
    ExecutorClient client(child->socket_path());
    struct stat status {};
    ASSERT_EQ(::stat(child->socket_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    const Ticket ticket = company.ticket();
    Result<Seen> seen = client.look({step_key(ticket), 1});
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    EXPECT_EQ(seen.value().what, What::never);

    std::jthread step([&] {
        const Result<TicketReply> reply = client.execute(ticket);
        ASSERT_TRUE(reply.ok()) << reply.error().message;
        EXPECT_EQ(reply.value().status, Status::done) << reply.value().reason;
        EXPECT_EQ(reply.value().exit->output, "through\n");
    });
    ASSERT_TRUE(comes(company.ledger));
    seen = client.look({step_key(ticket), 1});
    ASSERT_TRUE(seen.ok()) << "others are served while it runs";
    EXPECT_EQ(seen.value().what, What::running);
    EXPECT_EQ(client.execute(ticket).value().refusal, Refusal::seen);
    EXPECT_EQ(client.execute(company.ticket("inc-2")).value().refusal, Refusal::busy);
    company.write("gate", "");
    step.join();
    EXPECT_EQ(client.look({step_key(ticket), 1}).value().what, What::done);
    ASSERT_TRUE(client.set_paused(true, "ann").ok());
    EXPECT_EQ(client.execute(company.ticket("inc-3")).value().refusal, Refusal::paused);
    EXPECT_EQ(company.effects(), 1U);
}

// With the folder the kill switch and the markers are gone: an executor that began anew there would
// know of nothing.
TEST(ExecutorProcess, IsNotStartedWhereTheDataFolderIsNotTheOneItWas) {
    Company company;
    const std::string folder = company.folder.path + "/var", path = folder + "/executor.sock";
    KeptChild kept("/proc/self/exe", "executor", company.config, path, KeptChild::Lost::refuse);
    KeptChild other_child("/proc/self/exe", "executor", company.config, folder + "/prober.sock",
                          KeptChild::Lost::elsewhere);
    ASSERT_TRUE(kept.ensure().ok());
    const Look look{step_key(company.ticket()), 1};
    ASSERT_TRUE(ExecutorClient(path).look(look).ok()) << "it has begun";
    std::filesystem::rename(folder, folder + ".away");
    EXPECT_FALSE(kept.ensure().ok());
    EXPECT_FALSE(std::filesystem::exists(folder)) << "it is made by nobody";
    std::filesystem::create_directory(folder);
    const Result<std::string> other = kept.ensure();
    ASSERT_FALSE(other.ok()) << "an empty one is not ours";
    EXPECT_NE(other.error().message.find("is not the folder that it was"), std::string::npos);
    // Who tells people of it keeps no records, and is needed now.
    const Result<std::string> elsewhere = other_child.ensure();
    ASSERT_TRUE(elsewhere.ok()) << elsewhere.error().message;
    EXPECT_FALSE(elsewhere.value().starts_with(company.folder.path));
    ASSERT_TRUE(ExecutorClient(elsewhere.value()).look(look).ok());
    std::filesystem::remove_all(folder);
    std::filesystem::rename(folder + ".away", folder);
    EXPECT_EQ(kept.ensure().value(), path);
    ASSERT_TRUE(ExecutorClient(path).look(look).ok());
}

TEST(ExecutorProcess, OneWhoseSocketWasTakenAwayIsFollowedByTheNext) {
    Company company;
    const std::string path = company.folder.path + "/var/executor.sock";
    KeptChild kept("/proc/self/exe", "executor", company.config, path, KeptChild::Lost::refuse);
    ASSERT_TRUE(kept.ensure().ok());
    const Ticket ticket = company.ticket();
    ExecutorClient client(path);
    std::jthread step([&] {
        const Result<TicketReply> reply = client.execute(ticket);
        ASSERT_TRUE(reply.ok()) << "what runs is answered: " << reply.error().message;
        EXPECT_EQ(reply.value().status, Status::done) << reply.value().reason;
    });
    ASSERT_TRUE(comes(company.ledger));
    ASSERT_TRUE(std::filesystem::remove(path));
    EXPECT_EQ(client.look({step_key(ticket), 1}).error().fault, Fault::unavailable);
    ASSERT_TRUE(kept.ensure().ok());
    const Result<Seen> seen = client.look({step_key(ticket), 1});
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    EXPECT_EQ(seen.value().what, What::running) << "by the first, as its marker says";
    EXPECT_EQ(client.execute(ticket).value().refusal, Refusal::seen);
    company.write("gate", "");
    step.join();
    EXPECT_EQ(company.effects(), 1U);
    company.write("var/executor.sock.new", "");
    std::filesystem::rename(company.folder.path + "/var/executor.sock.new", path);
    ASSERT_TRUE(kept.ensure().ok());
    EXPECT_TRUE(client.look({step_key(ticket), 1}).ok()) << "something else lay in its place";
}

TEST(ExecutorProcess, AKilledOneIsAnsweredForByTheNext) {
    Company company;
    auto child = company.start();
    const Ticket ticket = company.ticket();
    std::jthread step([&, path = child->socket_path()] {
        const Result<TicketReply> reply = ExecutorClient(path).execute(ticket);
        ASSERT_FALSE(reply.ok());
        EXPECT_EQ(reply.error().fault, Fault::timeout) << "sent, effect unknown";
    });
    ASSERT_TRUE(comes(company.ledger));
    ASSERT_TRUE(comes(company.marker(ticket, ".started")));
    ::kill(child->pid(), SIGKILL);
    step.join();
    wait_for_end(*child);
    child = company.start();
    ExecutorClient client(child->socket_path());
    EXPECT_EQ(client.look({step_key(ticket), 2}).value().what, What::running);
    EXPECT_EQ(client.execute(company.ticket("inc-2", 2)).value().refusal, Refusal::busy)
        << "it still has its target";
    company.write("gate", "");
    What what = What::running;
    for (int i = 0; i < 500 && what == What::running; ++i) {
        what = client.look({step_key(ticket), 2}).value().what;
        ::poll(nullptr, 0, 5);
    }
    EXPECT_EQ(what, What::unknown) << "it has ended, and nobody saw how";
    EXPECT_EQ(client.execute(company.ticket("inc-1", 2)).value().refusal, Refusal::seen);
    EXPECT_EQ(client.execute(company.ticket("inc-9", 1)).value().refusal, Refusal::epoch);
    EXPECT_EQ(client.next_epoch(1).value(), 3U);
    EXPECT_EQ(client.execute(company.ticket("inc-9", 2)).value().refusal, Refusal::epoch);
    EXPECT_EQ(company.effects(), 1U);
}

TEST(ExecutorProcess, AnAbandonedOneWritesDownWhatItRuns) {
    Company company;
    auto child = company.start();
    const Ticket ticket = company.ticket();
    std::jthread step([&, path = child->socket_path()] {
        (void)ExecutorClient(path).execute(ticket);  // whether the reply still comes is a race
    });
    ASSERT_TRUE(comes(company.ledger));
    const std::string socket = child->socket_path();
    child.reset();  // as when the core is gone
    company.write("gate", "");
    step.join();
    ASSERT_TRUE(comes(company.marker(ticket, ".outcome")));
    child = company.start();
    const Seen seen = ExecutorClient(child->socket_path()).look({step_key(ticket), 2}).value();
    ASSERT_EQ(seen.what, What::done);
    EXPECT_EQ(seen.exit->output, "through\n");
    EXPECT_EQ(company.effects(), 1U);
}

TEST(ExecutorProcess, OneKeyFromManyAtOnceRunsOnce) {
    Company company;
    company.write("gate", "");
    const auto child = company.start();
    const Ticket ticket = company.ticket();
    std::atomic<int> done = 0, refused = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 24; ++i) {
            threads.emplace_back([&] {
                const auto reply = ExecutorClient(child->socket_path()).execute(ticket);
                if (!reply.ok()) return;
                if (reply.value().status == Status::done) ++done;
                if (reply.value().refusal == Refusal::seen) ++refused;
            });
        }
    }
    EXPECT_EQ(done, 1);
    EXPECT_EQ(refused, 23);
    EXPECT_EQ(company.effects(), 1U);
}

TEST(ExecutorProcess, RefusesWhatIsNoRequest) {
    Company company;
    const auto child = company.start();
    RealClock clock;
    const std::string deep(3000, '[');
    for (const std::string& line :
         {std::string("{}"), std::string("rubbish"), std::string("{\"do\":\"shell\"}"),
          std::string("{\"do\":\"execute\",\"ticket\":{\"argv\":[\"rm\"]}}"),
          std::string("{\"do\":\"look\",\"step_key\":\"../../etc/passwd\",\"epoch\":1}"),
          std::string("{\"do\":\"pause\",\"paused\":\"no\"}"), deep, std::string()}) {
        Result<Descriptor> fd = connect_to(child->socket_path());
        ASSERT_TRUE(fd.ok());
        const Duration until = clock.steady() + seconds(5);
        ASSERT_TRUE(write_line(fd.value().get(), line, clock, until).ok());
        const Result<std::string> reply = read_line(fd.value().get(), clock, until);
        ASSERT_TRUE(reply.ok()) << line;
        EXPECT_EQ(Json::parse(reply.value()).value()["error"]["fault"].as_string(), "invalid")
            << line;
    }
    {
        Result<Descriptor> fd = connect_to(child->socket_path());
        ASSERT_TRUE(fd.ok());
        const std::string half = "{\"do\":\"execute\"";  // no end of line: no request
        ASSERT_GT(::send(fd.value().get(), half.data(), half.size(), MSG_NOSIGNAL), 0);
    }
    EXPECT_EQ(company.effects(), 0U);
    EXPECT_FALSE(child->has_ended());
}

// Another user than ours, root or the configured one is not listened to, even if it could connect.
TEST(ExecutorProcess, ListensToItsOwnUserOnly) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    Company company;
    const auto child = company.start();
    ::chmod(company.folder.path.c_str(), 0755);
    ::chmod((company.folder.path + "/var").c_str(), 0755);
    ::chmod(child->socket_path().c_str(), 0666);
    std::jthread somebody([&] {
        // Of this thread alone: the C library would change the user of all of them.
        ASSERT_EQ(::syscall(SYS_setresuid, 65534, 65534, 65534), 0);
        const Result<Seen> seen =
            ExecutorClient(child->socket_path()).look({std::string(64, 'a'), 1});
        ASSERT_FALSE(seen.ok());
        EXPECT_EQ(seen.error().fault, Fault::denied) << seen.error().message;
    });
}

TEST(ExecutorClient, NotSentIsNotUnknown) {
    Folder folder;
    Company company;
    const auto reply = ExecutorClient(folder.path + "/nobody.sock").execute(company.ticket());
    ASSERT_FALSE(reply.ok());
    EXPECT_EQ(reply.error().fault, Fault::unavailable);
    const auto long_path = ExecutorClient("/" + std::string(200, 'x')).execute(company.ticket());
    EXPECT_EQ(long_path.error().fault, Fault::invalid);
}

// The rules are read anew for every ticket: what the operator takes back is taken back at once.
TEST(RuleFiles, SeeAChangeAndKeepTheOldWhenTheNewIsBad) {
    Company company;
    RuleFiles source(company.files, company.config,
                     [](const std::string&) { return std::nullopt; });
    ASSERT_TRUE(source.read_if_changed().value().has_value());
    EXPECT_FALSE(source.read_if_changed().value().has_value()) << "nothing changed";
    company.write("runbook.yaml", "common_issues: [");
    EXPECT_FALSE(source.read_if_changed().ok());
    EXPECT_FALSE(source.read_if_changed().ok()) << "and again";
    company.write("runbook.yaml", "common_issues: []\n");
    const auto changed = source.read_if_changed();
    ASSERT_TRUE(changed.ok()) << changed.error().message;
    ASSERT_TRUE(changed.value().has_value());
    EXPECT_EQ(changed.value()->runbook.find("slow"), nullptr);
    EXPECT_EQ(absolute_data_folder(company.config, changed.value()->settings),
              company.folder.path + "/var");
    EXPECT_TRUE(changed.value()->settings.checks.empty()) << "an executor looks at nothing";
}

TEST(RuleFiles, NeedNoRunbookUnlessOneIsNamed) {
    Company company;
    RuleFiles source(company.files, company.config,
                     [](const std::string&) { return std::nullopt; });
    ASSERT_TRUE(company.files.remove(company.folder.path + "/runbook.yaml").ok());
    const auto without = source.read_if_changed();
    ASSERT_TRUE(without.ok()) << without.error().message;
    EXPECT_EQ(without.value()->runbook.find("slow"), nullptr);
    company.write("ops-agent.yaml", "agent: {runbook: other.yaml}\n");
    EXPECT_FALSE(source.read_if_changed().ok());
}

}  // namespace
}  // namespace ops
