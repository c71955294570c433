#include "monitor/remote.h"

#include "base/text.h"
#include "model/ssh_words.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

constexpr size_t kMostOutput = 1024 * 1024;
constexpr size_t kMostLines = 20000;

// What ssh said, which is its last line: before it may stand a greeting.
std::string last_line(std::string_view output) {
    const std::string_view text = trim(output);
    return shown(text.substr(text.rfind('\n') + 1));
}

}  // namespace

std::string section(std::string_view name, std::string_view commands) {
    return std::string("echo '@").append(name).append("'\n").append(commands).append("\n");
}

CommandAsk ask_over_ssh(const Host& host, Duration time_limit, const std::string& sections) {
    CommandAsk ask;
    ask.command.argv = ssh_words(host.ssh, time_limit);
    ask.command.argv.emplace_back("sh -s");
    ask.command.input =
        "LC_ALL=C; export "
        "LC_ALL\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "exec 2>/dev/null\necho '@ops 1'\n" +
        sections + "echo '@end'\n";
    ask.command.time_limit = time_limit;
    ask.command.output_limit = kMostOutput;
    ask.command.errors_apart = true;
    return ask;
}

Result<Sections> read_sections(const Host& host, const Result<Answer>& answer) {
    const std::string who = "ssh " + host.ssh;
    if (!answer.ok()) {
        return Error{answer.error().fault, who + ": " + shown(answer.error().message)};
    }
    const Exit* exit = std::get_if<Exit>(&answer.value());
    if (exit == nullptr) return Error{Fault::invalid, who + ": an answer of another kind"};
    if (exit->how == Exit::How::timed_out) {
        return Error{Fault::timeout, who + ": " + exit->print()};
    }
    // Its end is there, its middle is not: what stood there must not look as if it were gone.
    if (exit->output_bytes > kMostOutput) {
        return Error{Fault::invalid, who + ": an answer over 1 MiB, of which a part was left out"};
    }
    Sections sections;
    std::vector<std::string>* lines = nullptr;
    bool begun = false, ended = false;
    size_t count = 0;
    for (const std::string_view line : split(exit->output, '\n')) {
        if (!begun) {
            begun = line == "@ops 1";
        } else if (line == "@end") {
            ended = true;
            break;
        } else if (line.starts_with('@')) {
            lines = &sections[std::string(line.substr(1, 32))];
        } else if (lines != nullptr && ++count > kMostLines) {
            return Error{Fault::invalid,
                         who + ": an answer over " + std::to_string(kMostLines) + " lines"};
        } else if (lines != nullptr) {
            lines->emplace_back(line);
        }
    }
    if (ended) return sections;
    if (begun) return Error{Fault::invalid, who + ": the answer was cut short"};
    const std::string said = last_line(trim(exit->errors).empty() ? exit->output : exit->errors);
    return Error{Fault::unavailable, who + ": " + (said.empty() ? exit->print() : said)};
}

const std::vector<std::string>& lines_of(const Sections& sections, std::string_view name) {
    static const std::vector<std::string> kNone;
    const auto found = sections.find(name);
    return found == sections.end() ? kNone : found->second;
}

}  // namespace ops
