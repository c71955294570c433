// The prober as a real process behind a real socket: what it runs, and what it does not.
#include "prober/prober.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/shell_words.h"
#include "io/posix_files.h"
#include "io/real_clock.h"
#include "io/wire.h"
#include "monitor/checks.h"
#include "prober/prober_client.h"
#include "prober/programs.h"
#include "resolve/rules.h"

namespace ops {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Environment nothing() {
    return [](const std::string&) { return std::nullopt; };
}

// A company whose checks and channel are programs that leave traces in a folder.
struct Company {
    std::string folder;
    PosixFiles files;
    RealClock clock;
    std::string config;

    Company() {
        std::string name = (std::filesystem::temp_directory_path() / "ops-prober-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        config = folder + "/ops-agent.yaml";
        EXPECT_TRUE(files.make_folder(folder + "/var").ok());
        configure("check: {command: \"echo well\", timeout: 2s}");
    }
    ~Company() { std::filesystem::remove_all(folder); }

    void configure(const std::string& check) {
        write("ops-agent.yaml",
              "agent: {name: test, data_dir: ./var}\n"
              "hosts: [{name: here, local: true}, {name: far, ssh: ops@far.invalid}]\n"
              "services: [{name: web, host: here, " +
                  check +
                  "}]\n"
                  "channels: [{name: pager, command: {run: \"tee " +
                  folder + "/told\"}}]\n");
    }
    void write(const std::string& name, const std::string& text) {
        ASSERT_TRUE(files.replace(folder + "/" + name, text).ok());
    }
    std::string read(const std::string& name) {
        const Result<std::string> text = files.read(folder + "/" + name);
        return text.ok() ? text.value() : "";
    }
    std::string socket() const { return folder + "/var/prober.sock"; }
    ProberClient client() {
        return {socket(), std::make_unique<KeptChild>("/proc/self/exe", "prober", config, socket(),
                                                      KeptChild::Lost::elsewhere)};
    }
};

Command words(const std::string& text, Duration limit = seconds(2)) {
    Command command;
    for (const Word& word : split_placed_words(text).words) command.argv.push_back(word.text);
    command.time_limit = limit;
    return command;
}

TEST(Prober, RunsWhatTheConfigurationSaysAndNothingElse) {
    Company company;
    ProberClient client = company.client();
    const Result<Exit> well = client.run(words("echo well"));
    ASSERT_TRUE(well.ok()) << well.error().message;
    EXPECT_EQ(well.value().output, "well\n");
    EXPECT_TRUE(well.value().good());

    struct Row {
        const char* why;
        Command command;
    };
    Command with_input = words("echo well");
    with_input.input = "data";
    Command as_root = words("echo well");
    as_root.as_user = "root";
    Command told = words("echo well");
    told.tells = true;
    const Row rows[] = {
        {"another program", words("touch " + company.folder + "/owned")},
        {"one more word", words("echo well well")},
        {"another user", as_root},
        {"input of its own", with_input},
        {"a check's program as if it were a channel's", told},
        {"the channel's program without being told", words("tee " + company.folder + "/told")},
        {"no words", Command{}},
    };
    for (const Row& row : rows) {
        const Result<Exit> refused = client.run(row.command);
        ASSERT_FALSE(refused.ok()) << row.why;
        EXPECT_EQ(refused.error().fault, Fault::denied) << row.why;
    }
    EXPECT_EQ(company.read("owned"), "");
}

// The prober may not read the password of supervisord: it comes from the core, as a word.
TEST(Prober, APasswordComesFromTheCore) {
    Company company;
    company.configure(
        "check: {command: \"echo well\"}}, {name: worker, host: far, check: {supervisor: w, "
        "via: \"http://127.0.0.1:9001/RPC2\", user: u, password_file: pw}");
    Problems problems;
    const auto texts = read_config_texts(company.files, company.config);
    const auto settings = read_settings(texts.value(), nothing(), problems);
    ASSERT_TRUE(settings) << problems.print();
    const SecretReader secrets = [](const std::string&) { return std::string("hush"); };
    std::optional<Command> core;
    for (const auto& check : make_checks(*settings, problems, secrets).checks) {
        if (check->target() == "worker") core = std::get<CommandAsk>(check->ask().question).command;
    }
    ASSERT_TRUE(core && !core->secret.empty());

    PermittedPrograms programs(company.files, company.clock, company.config, nothing());
    Result<Command> prober = programs.find(identity_of(*core));
    ASSERT_TRUE(prober.ok()) << prober.error().message;
    EXPECT_NE(prober.value().secret, core->secret) << "it did not read it";
    Command told = std::move(prober).value();
    take_secret(told, core->secret);
    EXPECT_EQ(whole_input(told).value(), whole_input(*core).value());
    Command other = words("echo well");
    take_secret(other, "x");
    EXPECT_EQ(other.secret, "") << "a program that needs none gets none";
}

TEST(Prober, ACheckGetsStandardErrorApart) {
    Company company;
    company.configure("check: {command: \"sh -c 'echo 42; echo hm >&2'\", timeout: 2s}");
    ProberClient client = company.client();
    const Result<Exit> exit = client.run(words("sh -c 'echo 42; echo hm >&2'"));
    ASSERT_TRUE(exit.ok()) << exit.error().message;
    EXPECT_EQ(exit.value().output, "42\n");
    EXPECT_EQ(exit.value().errors, "hm\n");
}

TEST(Prober, AChannelIsToldTheAlertAndNoMore) {
    Company company;
    ProberClient client = company.client();
    Command command = words("tee " + company.folder + "/told");
    command.tells = true;
    command.input = "web is down\n";
    command.environment = {{"OPS_ALERT", "{}"}, {"LD_PRELOAD", "/tmp/evil.so"}};
    const Result<Exit> told = client.run(command);
    ASSERT_TRUE(told.ok()) << told.error().message;
    EXPECT_EQ(company.read("told"), "web is down\n");
    EXPECT_EQ(told.value().output, "web is down\n") << "no word of a loader about a library";
}

TEST(Prober, TheOperatorsNewWordsHoldAtOnceAndHisOldOnesNoMore) {
    Company company;
    ProberClient client = company.client();
    ASSERT_TRUE(client.run(words("echo well")).ok());
    company.configure("check: {command: \"echo fine\", timeout: 2s}");
    const Result<Exit> fine = client.run(words("echo fine"));
    ASSERT_TRUE(fine.ok()) << fine.error().message;
    EXPECT_FALSE(client.run(words("echo well")).ok());

    company.configure("check: {comand: \"echo bad\"}");  // a mistake: what was read stays in force
    const Result<Exit> bad = client.run(words("echo bad"));
    ASSERT_FALSE(bad.ok());
    EXPECT_NE(bad.error().message.find("unknown kind of check 'comand'"), std::string::npos)
        << bad.error().message;
    EXPECT_TRUE(client.run(words("echo fine")).ok());
}

TEST(Prober, RunsTheLookOverSshThatTheCoreAsksFor) {
    Company company;
    Problems problems;
    const auto settings =
        read_settings({{company.config, company.read("ops-agent.yaml")}}, nothing(), problems);
    ASSERT_TRUE(settings) << problems.print();
    const CheckList list = make_checks(*settings, problems);
    PermittedPrograms programs(company.files, company.clock, company.config, nothing());
    ASSERT_TRUE(programs.load().ok());
    size_t looks = 0;
    for (const auto& check : list.checks) {
        const Ask ask = check->ask();
        const auto* asked = std::get_if<CommandAsk>(&ask.question);
        if (asked == nullptr || asked->command.argv[0] != "ssh") continue;
        ++looks;
        const Result<Command> found = programs.find(identity_of(asked->command));
        ASSERT_TRUE(found.ok()) << found.error().message;
        EXPECT_EQ(found.value().argv, asked->command.argv);
        EXPECT_EQ(found.value().input, asked->command.input);
    }
    EXPECT_EQ(looks, 2U) << "disks and machine of the far host";
}

TEST(Prober, GivesNoMoreTimeThanTheOperatorAllows) {
    Company company;
    company.configure("check: {command: \"sleep 30\", timeout: 200ms}");
    ProberClient client = company.client();
    const Result<Exit> slow = client.run(words("sleep 30", std::chrono::hours(1)));
    ASSERT_TRUE(slow.ok()) << slow.error().message;
    EXPECT_EQ(slow.value().how, Exit::How::timed_out);
    EXPECT_EQ(slow.value().time_limit, milliseconds(200));
}

TEST(Prober, OneThatDiedIsStartedAgain) {
    Company company;
    company.configure("check: {command: \"sh -c 'kill -9 $PPID'\", timeout: 2s}");
    ProberClient client = company.client();
    const Result<Exit> lost = client.run(words("sh -c 'kill -9 $PPID'"));
    ASSERT_FALSE(lost.ok()) << "its own check killed it";
    company.configure("check: {command: \"echo well\", timeout: 2s}");
    Result<Exit> again = client.run(words("echo well"));
    for (int i = 0; i < 500 && !again.ok(); ++i) {  // until the kernel has told of the death
        ::poll(nullptr, 0, 5);
        again = client.run(words("echo well"));
    }
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(again.value().output, "well\n");
}

TEST(Prober, AStopWaitsForNoProgram) {
    Company company;
    company.configure("check: {command: \"sh -c 'touch " + company.folder +
                      "/began; exec sleep 60'\", timeout: 60s}");
    ProberClient client = company.client();
    std::jthread check([&] {
        const Result<Exit> result = client.run(
            words("sh -c 'touch " + company.folder + "/began; exec sleep 60'", seconds(60)));
        EXPECT_FALSE(result.ok());
    });
    for (int i = 0; i < 2000 && !std::filesystem::exists(company.folder + "/began"); ++i) {
        ::poll(nullptr, 0, 5);
    }
    client.end_all();
    check.join();
    EXPECT_FALSE(client.run(words("echo well")).ok());
}

TEST(Prober, NobodyThereIsAnErrorThatSaysSo) {
    Company company;
    ProberClient client(company.folder + "/nobody.sock", nullptr);
    const Result<Exit> none = client.run(words("echo well"));
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().fault, Fault::unavailable);
    EXPECT_TRUE(none.error().message.starts_with("reach the prober: connect to '"))
        << none.error().message;
}

TEST(Prober, RefusesWhatIsNoRequest) {
    Company company;
    const auto child =
        OwnChild::start("/proc/self/exe", "prober", company.config, company.socket());
    ASSERT_TRUE(child.ok()) << child.error().message;
    const std::string many_zeros(64, '0');
    for (const std::string& line :
         {std::string("{}"), std::string("rubbish"), std::string(3000, '['), std::string(),
          std::string("{\"do\":\"run\",\"argv\":[\"id\"]}"),
          "{\"do\":\"run\",\"program\":\"" + many_zeros + "\"}"}) {
        const Result<Descriptor> fd = connect_to(company.socket());
        ASSERT_TRUE(fd.ok());
        const Duration until = company.clock.steady() + seconds(5);
        ASSERT_TRUE(write_line(fd.value().get(), line, company.clock, until).ok());
        const Result<std::string> reply = read_line(fd.value().get(), company.clock, until);
        ASSERT_TRUE(reply.ok()) << line;
        EXPECT_TRUE(Json::parse(reply.value()).value().has("error")) << line;
    }
    EXPECT_FALSE(child.value()->has_ended());
}

}  // namespace
}  // namespace ops
