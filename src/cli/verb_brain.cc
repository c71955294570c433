// `brain`: the memory of past incidents, of a running agent or of the data folder without one.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "agent/memory_views.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "io/posix_files.h"
#include "io/standard_output.h"
#include "learn/brain.h"

namespace ops {
namespace {

constexpr size_t kShownText = 1500;
constexpr size_t kPage = 200;

// The same words added twice in one second are one memory.
std::string new_id(const Json& json, Time now) {
    const std::string hash =
        sha256_hex(json["title"].as_string() + "\n" + json["text"].as_string());
    uint64_t number = 0;
    for (size_t i = 0; i < 15; ++i) {
        const char c = hash[i];
        number = number * 16 + static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return make_id("mem", now, number);
}

void print_found(const Json& found, Time now, const Terminal& terminal) {
    bool first = true;
    for (const Json& one : found["results"].items()) {
        if (!std::exchange(first, false)) terminal.line();
        std::array<char, 32> score;
        (void)std::snprintf(score.data(), score.size(), "%.2f", one["score"].as_number());
        const std::string outcome = one["outcome"].as_string();
        terminal.line(
            terminal.in(Colour::bold, printable(one["title"].as_string(), Lines::flatten)) + "  " +
            one["id"].as_string() + ", " + ago(one["at"].as_string(), now) +
            (outcome == "none" ? "" : ", " + outcome) + ", " + one["provenance"].as_string() +
            ", score " + score.data());
        const std::string text =
            printable(clip_middle(one["text"].as_string(), kShownText), Lines::keep);
        for (const std::string_view line : split(text, '\n')) {
            if (!trim(line).empty()) terminal.line("  " + std::string(line));
        }
    }
    if (first) terminal.line("nothing like it is remembered");
}

int search(const Invocation& invocation, Client& client, Terminal& terminal) {
    if (invocation.words.size() < 2) {
        terminal.problem("search for what? ops-agent brain search 'connection refused'");
        return kUsage;
    }
    View view{"brain/search", "", {{"q", invocation.words[1]}}};
    if (!invocation.option("--limit").empty()) view.filters["limit"] = invocation.option("--limit");
    bool from_records = false;
    const Result<Json> found = client.look(view, from_records);
    if (!found.ok()) return told(found.error(), terminal);
    if (invocation.json) {
        terminal.line(found.value().dump_pretty());
    } else {
        print_found(found.value(), invocation.now, terminal);
    }
    return kFine;
}

int export_all(Client& client, const Terminal& terminal) {
    View view{"brain/memories", "", {{"limit", std::to_string(kPage)}}};
    for (size_t pages = 0; pages <= kMostMemories / kPage; ++pages) {
        bool from_records = false;
        const Result<Json> page = client.look(view, from_records);
        if (!page.ok()) return told(page.error(), terminal);
        for (const Json& one : page.value()["memories"].items()) terminal.line(one.dump());
        if (page.value()["next"].is_null()) return kFine;
        view.filters["after"] = page.value()["next"].as_string();
    }
    return kFine;
}

// Into the running agent, or into its folder when none runs: then all of them or none.
Result<> put(Client& client, const std::vector<Memory>& memories, const std::string& by) {
    std::vector<StoredMemory> stored;
    for (const Memory& memory : memories) {
        Json body = memory.to_json();
        const std::string user = user_name();
        body.set("by", by.empty() ? user : by);
        body.set("user", user);
        const Result<Json> done = client.post("/api/v1/brain/memories", body);
        if (done.ok()) continue;
        if (done.error().fault != Fault::unavailable || &memory != &memories.front()) {
            return done.error();
        }
        for (const Memory& one : memories) stored.push_back(with_terms(one));
        auto opened = TRY(Memories::open(client.data_dir()));
        TRY(opened->put(stored));
        return {};
    }
    return {};
}

std::string standard_input() {
    std::string text;
    std::array<char, 4096> buffer;
    while (text.size() <= kMostMemoryText) {
        const size_t count = std::fread(buffer.data(), 1, buffer.size(), stdin);
        if (count == 0) break;
        text.append(buffer.data(), count);
    }
    return text;
}

int add(const Invocation& invocation, Client& client, Terminal& terminal) {
    Json json = Json::object({{"title", invocation.option("--title")},
                              {"text", invocation.option("--text")},
                              {"service", invocation.option("--service")}});
    if (invocation.option("--title").empty()) {
        terminal.problem(
            "add needs --title 'what it is about'; the text is --text or what comes "
            "on standard input");
        return kUsage;
    }
    if (invocation.option("--text").empty()) json.set("text", standard_input());
    const Result<Memory> memory =
        read_to_keep(json, new_id(json, invocation.now), invocation.now, client.keep());
    if (!memory.ok()) return told(memory.error(), terminal);
    const Result<> done = put(client, {memory.value()}, invocation.option("--by"));
    if (!done.ok()) return told(done.error(), terminal);
    terminal.line(invocation.json ? Json::object({{"id", memory.value().id}}).dump_pretty()
                                  : "remembered as " + memory.value().id);
    return kFine;
}

int import(const Invocation& invocation, Client& client, Terminal& terminal) {
    if (invocation.words.size() < 2) {
        terminal.problem("import what? ops-agent brain import FILE, with a memory a line");
        return kUsage;
    }
    const std::string& file = invocation.words[1];
    PosixFiles files;
    const Result<std::string> text = files.read(file);
    if (!text.ok()) {
        terminal.problem(text.error().message);
        return kUsage;
    }
    std::vector<Memory> memories;
    bool all_good = true;
    size_t number = 0;
    for (const std::string_view line : split(text.value(), '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        const Result<Json> json = Json::parse(line);
        Result<Memory> memory =
            json.ok() ? read_to_keep(json.value(), new_id(json.value(), invocation.now),
                                     invocation.now, client.keep())
                      : Result<Memory>(json.error());
        if (memory.ok()) {
            memories.push_back(std::move(memory).value());
            continue;
        }
        all_good = false;
        terminal.problem(file + ":" + std::to_string(number) +
                         ": error: " + printable(memory.error().message, Lines::flatten));
    }
    if (!all_good) {
        terminal.problem("nothing was imported");
        return kUnwell;
    }
    const Result<> done = put(client, memories, "");
    if (!done.ok()) return told(done.error(), terminal);
    terminal.line("imported " + std::to_string(memories.size()) +
                  (memories.size() == 1 ? " memory" : " memories"));
    return kFine;
}

}  // namespace

int verb_brain(const Invocation& invocation, Terminal& terminal) {
    const std::string& what = invocation.words[0];
    const std::vector<std::string> known{"search", "add", "export", "import"};
    if (std::find(known.begin(), known.end(), what) == known.end()) {
        terminal.problem("brain can " + join(known, ", ") + ", not '" +
                         printable(what, Lines::flatten) + "'" + did_you_mean(what, known));
        return kUsage;
    }
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    if (what == "search") return search(invocation, client, terminal);
    if (what == "add") return add(invocation, client, terminal);
    if (what == "export") return export_all(client, terminal);
    return import(invocation, client, terminal);
}

}  // namespace ops
