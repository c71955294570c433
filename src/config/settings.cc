#include "config/settings.h"

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "config/fields.h"
#include "config/merge.h"
#include "config/settings_parts.h"

namespace ops {
namespace {

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

// "127.0.0.1:8321", "[::1]:8321", ":8321" (every address).
void check_listen(Fields& fields, const AgentSettings& agent, Problems& problems) {
    const std::string_view listen = agent.listen;
    const size_t colon = listen.rfind(':');
    const std::string_view host = listen.substr(0, std::min(colon, listen.size()));
    int port = -1;
    if (colon != std::string_view::npos) {
        const char* const end = listen.data() + listen.size();
        const auto read = std::from_chars(listen.data() + colon + 1, end, port);
        if (read.ec != std::errc{} || read.ptr != end) port = -1;
    }
    const bool unbracketed = host.find(':') != std::string_view::npos && !host.starts_with('[');
    if (port < 0 || port > 65535 || unbracketed) {
        problems.error(fields.place_of("listen"),
                       "'listen' must be ADDRESS:PORT, such as 127.0.0.1:8321 or [::1]:8321");
        return;
    }
    if (!is_loopback(host) && agent.password_file.empty()) {
        problems.error(fields.place_of("listen"),
                       "'" + agent.listen +
                           "' can be reached from other machines: set 'password_file' "
                           "as well, or listen on 127.0.0.1");
    }
}

void check_span(Fields& fields, std::string_view key, Duration span, Problems& problems) {
    if (span > Duration::zero()) return;
    problems.error(fields.place_of(key), "'" + std::string(key) + "' must be longer than nothing");
}

void read_keep(const Node& node, AgentSettings& agent, Problems& problems) {
    Fields fields(node, "keep", problems);
    agent.keep_raw = fields.duration("raw", agent.keep_raw);
    agent.keep_minutes = fields.duration("minutes", agent.keep_minutes);
    agent.keep_hours = fields.duration("hours", agent.keep_hours);
    agent.keep_incidents = fields.duration("incidents", agent.keep_incidents);
    check_span(fields, "raw", agent.keep_raw, problems);
    check_span(fields, "minutes", agent.keep_minutes, problems);
    check_span(fields, "hours", agent.keep_hours, problems);
    check_span(fields, "incidents", agent.keep_incidents, problems);
    fields.done();
}

Node merge_texts(const std::vector<ConfigText>& texts, Problems& problems) {
    Node tree;
    for (const ConfigText& text : texts) {
        Node root = parse_yaml(text.text, text.file, problems);
        if (root.is_scalar() || root.is_list()) {
            problems.error(root.place,
                           "a configuration is a map of sections such as 'services:', this is " +
                               root.describe());
            continue;
        }
        merge_into(tree, std::move(root), problems);
    }
    return tree;
}

Node read_tree(const std::vector<ConfigText>& texts, const Environment& environment,
               Problems& problems) {
    Node tree = merge_texts(texts, problems);
    if (tree.members.empty() && !texts.empty() && !problems.has_errors()) {
        // A file cut to nothing, by a full disk or an editor, must not end the watch at a reload.
        problems.error({texts.front().file, 1, 1},
                       "is empty, and nothing would be watched: a configuration is a map of "
                       "sections such as 'services:'");
    }
    fill_in_environment(tree, environment, problems);
    refuse_clear_secrets(tree, problems);
    return tree;
}

void read_sections(const Node& tree, SettingsDraft& draft) {
    Settings& settings = draft.settings;
    Fields root(tree, "the configuration", draft.problems);
    const Node& agent = root.node("agent");
    read_agent(agent, settings.agent, draft.problems);
    read_limits(root.node("limits"), settings.limits, draft.problems);
    read_facts(root.node("facts"), draft);
    read_events(root.node("events"), draft);
    const Place agent_place = agent["name"] ? agent["name"].place : Place{settings.file, 0, 0};
    read_hosts(root.node("hosts"), agent_place, draft);
    read_services(root.node("services"), draft);
    read_signals(root.node("signals"), draft);
    read_named_commands(root.node("caches"), "caches", settings.caches, draft.problems);
    read_named_commands(root.node("rotations"), "rotations", settings.rotations, draft.problems);
    settings.signals = root.node("signals");
    settings.logs = root.node("logs");
    settings.channels = root.node("channels");
    settings.escalation = root.node("escalation");
    settings.brain = root.node("brain");
    settings.ai = read_ai(root.node("ai"), settings.limits, draft.problems);
    settings.learn = read_learn(root.node("learn"), draft.problems);
    read_brain(settings.brain, draft.problems);
    root.done();
    check_references(draft);
    settings.inventory.index();
}

}  // namespace

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::observe: return "observe";
        case Mode::ask: return "ask";
        case Mode::automatic: return "auto";
    }
    return "?";
}

bool SettingsDraft::claim(std::string_view kind, const std::string& name, const Place& place) {
    // The records take no longer ones.
    constexpr size_t kLongestName = 128;
    if (name.size() > kLongestName) {
        error_once(place, "the name '" + clip_end(name, 64) + "' is longer than " +
                              std::to_string(kLongestName) + " characters");
        return false;
    }
    if (!is_safe_word(name)) {
        error_once(place,
                   "the name '" + printable(clip_end(name, 64), Lines::flatten) +
                       "' may hold letters, digits, '.', '_' and '-' only, and not begin with '-'");
        return false;
    }
    const auto [taken, is_new] = names.emplace(name, std::pair(std::string(kind), place));
    if (is_new) return true;
    error_once(place, "the name '" + name + "' is taken by the " + taken->second.first + " at " +
                          taken->second.second.print());
    return false;
}

void SettingsDraft::error_once(const Place& place, const std::string& message) {
    if (told.emplace(place.print() + message, true).second) problems.error(place, message);
}

std::vector<const Node*> maps_of(const Node& section, std::string_view what, Problems& problems) {
    std::vector<const Node*> maps;
    if (section.is_scalar() || section.is_map()) {
        problems.error(section.place, "'" + std::string(what) +
                                          "' must be a list of maps ('- name: ...'), not " +
                                          section.describe());
    }
    for (const Node& item : section.items) {
        if (item.is_map()) {
            maps.push_back(&item);
        } else if (!item.damaged) {
            problems.error(item.place, "an item of '" + std::string(what) +
                                           "' must be a map ('- name: ...'), not " +
                                           item.describe());
        }
    }
    return maps;
}

std::string read_public_url(Fields& fields, Problems& problems) {
    std::string url = fields.text("public_url");
    while (url.ends_with('/')) url.pop_back();
    const size_t host = url.find("://") + 3;
    const bool is_url = (url.starts_with("http://") || url.starts_with("https://")) &&
                        url.size() > host &&
                        url.find_first_of(" \t\r\n\"<>?#") == std::string::npos;
    if (!url.empty() && !is_url) {
        problems.error(fields.place_of("public_url"),
                       "'public_url' is http:// or https://, a name and perhaps a port and a path");
    }
    return url;
}

void read_agent(const Node& node, AgentSettings& agent, Problems& problems) {
    Fields fields(node, "agent", problems);
    agent.name = fields.text("name", agent.name);
    const std::string mode = fields.choice("mode", {"observe", "ask", "auto"}, "auto");
    agent.mode = mode == "observe" ? Mode::observe : mode == "ask" ? Mode::ask : Mode::automatic;
    agent.data_dir = fields.text("data_dir", agent.data_dir);
    agent.listen = fields.text("listen", agent.listen);
    agent.runbook = fields.text("runbook", agent.runbook);
    agent.store = fields.text("store", agent.store);
    agent.time_zone = fields.text("time_zone", agent.time_zone);
    agent.password_file = fields.text("password_file", agent.password_file);
    agent.public_url = read_public_url(fields, problems);
    agent.push_token_file = fields.text("push_token_file", agent.push_token_file);
    agent.uplink = fields.texts("uplink");
    read_keep(fields.node("keep"), agent, problems);
    agent.executor_socket = fields.text("executor_socket", agent.executor_socket);
    agent.prober_socket = fields.text("prober_socket", agent.prober_socket);
    if (fields.has("name") && node["name"].is_scalar() && node["name"].text.empty()) {
        problems.error(fields.place_of("name"), "'name' of agent is empty");
    }
    if (agent.store != "sqlite") {
        problems.error(fields.place_of("store"),
                       "'store' must be sqlite, this version has no other");
    }
    check_listen(fields, agent, problems);
    if (!agent.public_url.empty() &&
        (agent.password_file.empty() || agent.push_token_file.empty())) {
        problems.error(fields.place_of("public_url"),
                       "'public_url' lets others in, and behind a proxy everybody seems to come "
                       "from this machine: set 'password_file' and 'push_token_file' as well");
    }
    fields.done();
}

void read_limits(const Node& node, Limits& limits, Problems& problems) {
    Fields fields(node, "limits", problems);
    const auto span = [&](std::string_view key, Duration& value) {
        value = fields.duration(key, value);
        check_span(fields, key, value, problems);
    };
    const auto count = [&](std::string_view key, int& value, int least, int most) {
        value = fields.integer(key, value, least, most);
    };
    count("attempts", limits.attempts, 1, 100);
    span("backoff_first", limits.backoff_first);
    span("backoff_most", limits.backoff_most);
    span("attempts_reset", limits.attempts_reset);
    count("actions_per_hour", limits.actions_per_hour, 0, 10'000);
    count("actions_per_day", limits.actions_per_day, 0, 100'000);
    limits.group_share_percent = fields.percentage("group_share", limits.group_share_percent);
    span("group_window", limits.group_window);
    count("mass_failure_least", limits.mass_failure_least, 2, 10'000);
    limits.mass_failure_percent =
        fields.percentage("mass_failure_share", limits.mass_failure_percent);
    span("mass_failure_window", limits.mass_failure_window);
    span("approval_valid", limits.approval_valid);
    limits.soak = fields.duration("soak", limits.soak);
    count("soak_checks", limits.soak_checks, 1, 100);
    span("verify_timeout", limits.verify_timeout);
    span("step_timeout", limits.step_timeout);
    count("inbox", limits.inbox, 64, 10'000'000);
    count("workers", limits.workers, 1, 256);
    limits.output = fields.size("output", limits.output);
    limits.http_body = fields.size("http_body", limits.http_body);
    span("http_timeout", limits.http_timeout);
    count("http_redirects", limits.http_redirects, 0, 20);
    count("llm_calls", limits.llm_calls, 0, 1'000);
    count("llm_tokens", limits.llm_tokens, 0, 10'000'000);
    count("evidence_looks", limits.evidence_looks, 0, 20);
    if (limits.backoff_most < limits.backoff_first) {
        problems.error(fields.place_of("backoff_most"),
                       "'backoff_most' is shorter than 'backoff_first'");
    }
    if (limits.actions_per_day < limits.actions_per_hour) {
        problems.warning(fields.place_of("actions_per_day"),
                         "'actions_per_day' is less than 'actions_per_hour'");
    }
    if (limits.verify_timeout < limits.soak) {
        problems.error(fields.place_of("soak"), "'soak' (" + format_duration(limits.soak) +
                                                    ") is longer than 'verify_timeout' (" +
                                                    format_duration(limits.verify_timeout) + ")");
    }
    fields.done();
}

Settings read_settings_leniently(const std::vector<ConfigText>& texts,
                                 const Environment& environment, Problems& problems) {
    Settings settings;
    std::string all;
    for (const ConfigText& text : texts) {
        all.append(text.file).append(1, '\0').append(text.text).append(1, '\0');
    }
    settings.sha256 = sha256_hex(all);
    if (!texts.empty()) settings.file = texts.front().file;
    const Node tree = read_tree(texts, environment, problems);
    SettingsDraft draft{settings, problems};
    read_sections(tree, draft);
    return settings;
}

std::optional<AgentSettings> read_whereabouts(const std::vector<ConfigText>& texts,
                                              const Environment& environment, Problems& problems) {
    Problems elsewhere;
    const Node tree = merge_texts(texts, elsewhere);
    Node agent = tree["agent"];
    if (tree.members.empty() && elsewhere.has_errors()) {
        problems.add(std::move(elsewhere));
        return std::nullopt;
    }
    std::erase_if(agent.members, [](const Node::Member& member) {
        // An address that others can reach is right only with the last of them.
        return member.key != "listen" && member.key != "data_dir" && member.key != "password_file";
    });
    fill_in_environment(agent, environment, problems);
    AgentSettings settings;
    read_agent(agent, settings, problems);
    if (problems.has_errors()) return std::nullopt;
    return settings;
}

std::optional<Settings> read_settings(const std::vector<ConfigText>& texts,
                                      const Environment& environment, Problems& problems) {
    Problems mine;
    Settings settings = read_settings_leniently(texts, environment, mine);
    const bool refused = mine.has_errors();
    problems.add(std::move(mine));
    if (refused) return std::nullopt;
    return settings;
}

}  // namespace ops
