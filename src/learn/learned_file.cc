#include "learn/learned_file.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

constexpr std::string_view kHead =
    "# Written by ops-agent: what it learned from repairs that people made (docs/learning.md).\n"
    "# 'ops-agent runbook candidates' shows how each of these does; promote and demote move them.\n"
    "# A change by hand makes another entry, which begins in shadow; comments are not kept.\n"
    "common_issues:";
constexpr std::string_view kRung = "    autonomy: ";
constexpr size_t kAround = 3;  // lines of a diff

// As YAML reads it back, whatever is in it: JSON's strings are YAML's.
std::string quoted(std::string_view text) { return Json(std::string(text)).dump(); }

std::string commands_yaml(const std::vector<CommandText>& commands) {
    std::vector<std::string> items;
    for (const CommandText& command : commands) {
        items.push_back(command.shell ? "{command: " + quoted(command.text) + ", shell: true}"
                                      : quoted(command.text));
    }
    return "[" + join(items, ", ") + "]";
}

std::string last_word(std::string_view text) {
    return std::string(text.substr(text.rfind(' ') + 1));
}

std::string what_it_does(const Step& step) {
    switch (step.kind) {
        case Step::Kind::command: return "command: " + quoted(step.text);
        case Step::Kind::wait: return "wait: " + step.text;
        case Step::Kind::verify: return "verify: " + quoted(step.verification.text);
        case Step::Kind::alert_if: return "alert_if: " + quoted(step.text);
        case Step::Kind::restart:
            return "restart: " + quoted(step.service.empty() ? "{service}" : step.service);
        case Step::Kind::clear_cache: return "clear_cache: " + quoted(last_word(step.text));
        case Step::Kind::rotate_logs: return "rotate_logs: " + quoted(last_word(step.text));
        case Step::Kind::alert: return "alert: " + quoted(step.text);
        case Step::Kind::collect: return "collect: " + commands_yaml(step.collect);
        case Step::Kind::http: break;
    }
    return "http: {method: " + step.http_method + ", url: " + quoted(step.http_url) +
           ", body: " + quoted(step.http_body) + "}";
}

std::vector<std::string_view> lines_of(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.empty()) return {};
    return split(text, '\n');
}

}  // namespace

std::string step_yaml(const Step& step, std::string_view indent) {
    const std::string more = "\n" + std::string(indent) + "  ";
    std::string out = std::string(indent) + "- " + what_it_does(step);
    if (step.command.shell) out += more + "shell: true";
    if (step.timeout > Duration::zero()) out += more + "timeout: " + format_duration(step.timeout);
    if (!step.as_user.empty()) out += more + "as: " + quoted(step.as_user);
    if (step.continue_on_error) out += more + "continue_on_error: true";
    if (!step.undo.empty()) out += more + "undo: " + commands_yaml(step.undo);
    return out + "\n";
}

LearnedBlock block_of(const Entry& entry) {
    LearnedBlock block;
    block.name = entry.name;
    block.autonomy = entry.autonomy;
    block.risk = entry.risk;
    for (const expr::Expression& symptom : entry.symptoms) block.symptoms.push_back(symptom.text());
    for (const Step& step : entry.steps) block.steps.push_back(step_yaml(step, "      "));
    for (const CommandText& command : entry.undo) block.undo.push_back(command.text);
    return block;
}

std::string block_yaml(const LearnedBlock& block) {
    std::string out;
    for (const std::string& comment : block.comments) {
        out += "  # " + printable(clip_end(comment, 300), Lines::flatten) + "\n";
    }
    out += "  - name: " + quoted(block.name) + "\n    learned: true\n";
    out += std::string(kRung) + std::string(name_of(block.autonomy)) + "\n";
    out += "    risk: " + std::string(name_of(block.risk)) + "\n    symptoms:\n";
    for (const std::string& symptom : block.symptoms) out += "      - " + quoted(symptom) + "\n";
    out += "    auto_resolve:\n";
    for (const std::string& step : block.steps) out += step;
    if (block.undo.empty()) return out;
    out += "    undo:\n";
    for (const std::string& command : block.undo) out += "      - " + quoted(command) + "\n";
    return out;
}

std::string with_rung(std::string_view block, Autonomy autonomy) {
    std::string out(block);
    const size_t at = out.find(kRung);
    if (at == std::string::npos) return out;
    const size_t end = out.find('\n', at);
    return out.replace(at + kRung.size(), end - at - kRung.size(), name_of(autonomy));
}

std::string learned_file(const std::vector<std::string>& blocks) {
    std::string out(kHead);
    if (blocks.empty()) return out + " []\n";
    for (const std::string& block : blocks) out += "\n" + block;
    return out;
}

std::string diff_of(std::string_view before, std::string_view after) {
    if (before == after) return "";
    const std::vector<std::string_view> old = lines_of(before), now = lines_of(after);
    size_t same = 0;
    while (same < old.size() && same < now.size() && old[same] == now[same]) ++same;
    size_t tail = 0;
    while (tail < old.size() - same && tail < now.size() - same &&
           old[old.size() - 1 - tail] == now[now.size() - 1 - tail]) {
        ++tail;
    }
    const size_t from = same - std::min(same, kAround);
    const size_t around = std::min(tail, kAround);
    const size_t old_end = old.size() - tail, now_end = now.size() - tail;
    const auto range = [&](size_t end) {
        const size_t count = end + around - from;
        return std::to_string(count == 0 ? 0 : from + 1) + "," + std::to_string(count);
    };
    std::string out = "@@ -" + range(old_end) + " +" + range(now_end) + " @@\n";
    const auto add = [&](char mark, std::string_view line) {
        out.append(1, mark).append(line).append("\n");
    };
    for (size_t i = from; i < same; ++i) add(' ', old[i]);
    for (size_t i = same; i < old_end; ++i) add('-', old[i]);
    for (size_t i = same; i < now_end; ++i) add('+', now[i]);
    for (size_t i = old_end; i < old_end + around; ++i) add(' ', old[i]);
    return out;
}

}  // namespace ops
