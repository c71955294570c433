#include "patterns/header.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

constexpr size_t kMostJsonBytes = size_t{64} * 1024;

// What is left of a line while its header is taken off from the front.
class Header {
public:
    explicit Header(std::string_view line) : rest_(trim(line)) {}

    LogLine strip() {
        take_priority();
        if (take_rfc5424() || take_access_log() || take_glog()) return result();
        const bool timed = take_time();
        if (timed) {
            if (form_ != Form::spaced) take_syslog_host_and_tag();
            take_logger_fields();
        } else {
            take_logfmt_fields();
            take_python_default();
            take_leading_level();
        }
        return result();
    }

private:
    LogLine result() {
        line_.content = std::string(trim(rest_));
        return std::move(line_);
    }

    std::string_view word() const { return rest_.substr(0, rest_.find_first_of(" \t")); }

    void drop(size_t bytes) {
        rest_.remove_prefix(std::min(bytes, rest_.size()));
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
            rest_.remove_prefix(1);
    }

    void set_level(LogLevel level) {
        if (line_.level == LogLevel::unknown) line_.level = level;
    }

    // <13>
    void take_priority() {
        const size_t end = rest_.substr(0, 5).find('>');
        if (!rest_.starts_with('<') || end == rest_.npos || !all_digits(rest_.substr(1, end - 1)))
            return;
        int priority = 0;
        for (const char c : rest_.substr(1, end - 1)) priority = priority * 10 + (c - '0');
        constexpr std::array<LogLevel, 8> kSeverities = {
            LogLevel::fatal,   LogLevel::fatal, LogLevel::fatal, LogLevel::error,
            LogLevel::warning, LogLevel::info,  LogLevel::info,  LogLevel::debug};
        set_level(kSeverities[static_cast<size_t>(priority % 8)]);
        drop(end + 1);
        has_priority_ = true;
    }

    // 1 2026-01-29T14:30:00Z host app 123 ID47 [sd a="b"] message
    bool take_rfc5424() {
        if (!has_priority_ || !rest_.starts_with("1 ")) return false;
        Header after(*this);
        after.drop(2);
        if (after.word() != "-" && date_length(after.word()) == 0) return false;
        after.drop(after.word().size());
        after.drop(after.word().size());  // host
        const std::string_view program = after.word();
        after.drop(program.size());
        after.drop(after.word().size());  // process
        after.drop(after.word().size());  // message id
        if (after.rest_.starts_with('-')) {
            after.drop(1);
        } else {
            while (after.rest_.starts_with('[')) after.drop(after.end_of_structured_data());
        }
        if (after.rest_.starts_with("\xef\xbb\xbf")) after.drop(3);
        *this = after;
        if (program != "-") line_.program = program;
        return true;
    }

    size_t end_of_structured_data() const {
        bool quoted = false;
        for (size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '\\') {
                ++i;
            } else if (rest_[i] == '"') {
                quoted = !quoted;
            } else if (rest_[i] == ']' && !quoted) {
                return i + 1;
            }
        }
        return rest_.size();
    }

    // 1.2.3.4 - user [29/Jan/2026:14:30:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl"
    bool take_access_log() {
        const size_t open = rest_.find(" [");
        if (open == rest_.npos || open > 300) return false;
        const size_t close = rest_.find("] \"", open);
        if (close == rest_.npos || close - open > 40 || open + 5 >= rest_.size() ||
            rest_[open + 4] != '/' || !is_digit(rest_[open + 2]))
            return false;
        const std::string_view request = rest_.substr(close + 2);
        const size_t end = request.find('"', 1);
        if (end == request.npos) return false;
        rest_ = request;
        const std::string_view status = trim(request.substr(end + 1)).substr(0, 3);
        if (all_digits(status) && status.size() == 3) {
            set_level(status[0] == '5'   ? LogLevel::error
                      : status[0] == '4' ? LogLevel::warning
                                         : LogLevel::info);
        }
        return true;
    }

    // E0129 14:30:00.123456   12345 file.cc:12] message
    bool take_glog() {
        const std::string_view first = word();
        if (first.size() != 5 || !all_digits(first.substr(1))) return false;
        const LogLevel level = first[0] == 'I'   ? LogLevel::info
                               : first[0] == 'W' ? LogLevel::warning
                               : first[0] == 'E' ? LogLevel::error
                               : first[0] == 'F' ? LogLevel::fatal
                                                 : LogLevel::unknown;
        const size_t end = rest_.substr(0, 200).find("] ");
        if (level == LogLevel::unknown || end == rest_.npos) return false;
        if (clock_length(trim(rest_.substr(5, 20))) == 0) return false;
        set_level(level);
        drop(end + 2);
        return true;
    }

    // Any time at the front, in brackets or not.
    bool take_time() {
        Header after(*this);
        const bool bracket = after.rest_.starts_with('[');
        if (bracket) after.drop(1);
        if (!after.take_bare_time()) return false;
        if (bracket) {
            if (!after.rest_.starts_with(']')) return false;
            after.drop(1);
        }
        *this = after;
        return true;
    }

    bool take_bare_time() {
        if (const size_t date = date_length(rest_); date > 0) {
            form_ = date > 10 ? Form::iso : Form::spaced;
            drop(date);
            if (const size_t clock = clock_length(rest_); clock > 0) drop(clock);
            const std::string_view zone = rest_.substr(0, rest_.find_first_of(" ]\t"));
            const bool offset = zone.size() >= 5 && (zone[0] == '+' || zone[0] == '-') &&
                                is_digit(zone[1]) && is_digit(zone[2]);
            if (zone == "Z" || zone == "UTC" || zone == "GMT" || offset) drop(zone.size());
            return true;
        }
        const std::vector<std::string_view> words = first_words();
        if (const size_t count = date_words(words, 0); count > 0) {
            const std::string_view last = words[count - 1];
            const auto offset = static_cast<size_t>(last.data() - rest_.data());
            drop(offset + last.size());
            form_ = Form::syslog;
            return true;
        }
        return false;
    }

    // Up to six words, where ']' is none's part.
    std::vector<std::string_view> first_words() const {
        std::vector<std::string_view> words;
        size_t at = 0;
        while (words.size() < 6 && at < rest_.size() && rest_[at] != ']') {
            const size_t end = std::min(rest_.find_first_of(" \t]", at), rest_.size());
            if (end > at) words.push_back(rest_.substr(at, end - at));
            at = rest_.find_first_not_of(" \t", end);
            if (at == rest_.npos) break;
        }
        return words;
    }

    // host tag[pid]: message
    void take_syslog_host_and_tag() {
        const std::string_view host = word();
        if (host.empty() || host.size() > 255 || !is_alnum(host[0])) return;
        const auto is_host = [](char c) {
            return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
        };
        if (!std::ranges::all_of(host, is_host) || host.ends_with(':')) return;
        if (level_named(host) != LogLevel::unknown) return;
        Header after(*this);
        after.drop(host.size());
        const std::string_view tag = after.word();
        if (!tag.ends_with(':') || tag.size() > 128 || tag.size() < 2) return;
        std::string_view name = tag.substr(0, tag.size() - 1);
        const size_t pid = name.find('[');
        if (pid != name.npos) {
            if (!name.ends_with(']')) return;
            name = name.substr(0, pid);
        }
        if (name.empty() || name == "-" || level_named(name) != LogLevel::unknown) return;
        // What an application writes after its own time may look the same: "worker failed: ...".
        if (form_ == Form::iso && pid == tag.npos && name != "kernel") return;
        after.drop(tag.size());
        *this = after;
        line_.program = name;
        take_leading_level();
    }

    // What loggers write behind the time: " - name - ERROR - ", "[main] ERROR c.e.App - ",
    // "[error] 12#12: *3 ", "| WARN |".
    void take_logger_fields() {
        for (int i = 0; i < 8; ++i) {
            const std::string_view first = word();
            if (first == "-" || first == "|" || first == ":" || first == "---") {
                drop(first.size());
            } else if (take_level_word() || take_bracket() || take_named_field() || take_number()) {
                continue;
            } else {
                break;
            }
        }
    }

    bool take_level_word() {
        std::string_view first = word();
        const size_t bytes = first.size();
        while (!first.empty() && (first.back() == ':' || first.back() == ','))
            first.remove_suffix(1);
        const LogLevel level = level_named(first);
        if (level == LogLevel::unknown || line_.level != LogLevel::unknown) return false;
        // "error" as the first word of what is said is no level of a logger, "error:" and "ERROR"
        // are.
        if (is_lower(first[0]) && first.size() == bytes) return false;
        set_level(level);
        drop(bytes);
        return true;
    }

    // [error], [core:error], [pid 12:tid 13], [main], [client 1.2.3.4:5]
    bool take_bracket() {
        if (!rest_.starts_with('[')) return false;
        size_t end = 0;
        int depth = 0;
        for (; end < std::min<size_t>(rest_.size(), 160); ++end) {
            if (rest_[end] == '[') ++depth;
            if (rest_[end] == ']' && --depth == 0) break;
        }
        if (end >= rest_.size() || rest_[end] != ']' || depth != 0) return false;
        const std::string_view inside = rest_.substr(1, end - 1);
        for (const std::string_view part : split(inside, ':')) {
            if (const LogLevel level = level_named(trim(part)); level != LogLevel::unknown)
                set_level(level);
        }
        drop(end + 1);
        return true;
    }

    // "name - ERROR": a name belongs to the header where " - " or " | " follows.
    bool take_named_field() {
        const std::string_view first = word();
        if (first.empty() || first.size() > 100) return false;
        const std::string_view behind = rest_.substr(first.size());
        if (!behind.starts_with(" - ") && !behind.starts_with(" | ") &&
            !behind.starts_with(" --- "))
            return false;
        if (line_.program.empty()) line_.program = first;
        drop(first.size());
        return true;
    }

    // 12#12: and *3 of nginx.
    bool take_number() {
        const std::string_view first = word();
        const bool worker = first.size() > 3 && first.ends_with(':') && is_digit(first[0]) &&
                            first.find('#') != first.npos;
        const bool connection = first.size() > 1 && first[0] == '*' && all_digits(first.substr(1));
        if (!worker && !connection) return false;
        drop(first.size());
        return true;
    }

    // ts=2026-01-29T14:30:00Z level=error msg="x"
    void take_logfmt_fields() {
        for (int i = 0; i < 4; ++i) {
            const std::string_view first = word();
            const size_t equals = first.find('=');
            if (equals == first.npos) return;
            const std::string_view key = first.substr(0, equals);
            std::string_view value = first.substr(equals + 1);
            if (value.size() > 1 && value.starts_with('"') && value.ends_with('"'))
                value = value.substr(1, value.size() - 2);
            if (key == "level" || key == "lvl" || key == "severity") {
                set_level(level_named(value));
            } else if (key != "ts" && key != "time" && key != "t" && key != "timestamp") {
                return;
            }
            drop(first.size());
        }
    }

    // ERROR:root:message
    void take_python_default() {
        const std::string_view first = word();
        const size_t colon = first.find(':');
        const size_t second = colon == first.npos ? first.npos : first.find(':', colon + 1);
        if (second == first.npos || second > 100 || !is_upper(first[0])) return;
        const LogLevel level = level_named(first.substr(0, colon));
        if (level == LogLevel::unknown) return;
        set_level(level);
        line_.program = first.substr(colon + 1, second - colon - 1);
        drop(second + 1);
    }

    // "ERROR message", "[ERROR] message", "error: message"
    void take_leading_level() {
        if (rest_.starts_with('[')) {
            const size_t end = rest_.substr(0, 12).find(']');
            if (end != rest_.npos && level_named(rest_.substr(1, end - 1)) != LogLevel::unknown)
                (void)take_bracket();
        } else {
            (void)take_level_word();
        }
    }

    std::string_view rest_;
    bool has_priority_ = false;
    // Of the time: "Jan 29 14:30:00", "2026-01-29T14:30:00Z", "2026-01-29 14:30:00".
    enum class Form { syslog, iso, spaced } form_ = Form::spaced;
    LogLine line_;
};

LogLevel level_of(const Json& value) {
    if (value.is_string()) return level_named(value.as_string());
    if (!value.is_number()) return LogLevel::unknown;
    // Numbers are bunyan's and pino's from 10 on, syslog's below.
    const int64_t number = value.as_int(-1);
    if (number < 0) return LogLevel::unknown;
    if (number < 10) {
        return number <= 2   ? LogLevel::fatal
               : number == 3 ? LogLevel::error
               : number == 4 ? LogLevel::warning
               : number <= 6 ? LogLevel::info
                             : LogLevel::debug;
    }
    return number >= 60   ? LogLevel::fatal
           : number >= 50 ? LogLevel::error
           : number >= 40 ? LogLevel::warning
           : number >= 30 ? LogLevel::info
                          : LogLevel::debug;
}

std::optional<LogLine> from_json(std::string_view line) {
    if (!line.starts_with('{') || line.size() > kMostJsonBytes) return std::nullopt;
    const Result<Json> parsed = Json::parse(line);
    if (!parsed.ok()) return std::nullopt;
    const Json& json = parsed.value();
    LogLine result;
    for (const std::string_view key :
         {"level", "severity", "lvl", "log.level", "levelname", "loglevel", "PRIORITY"}) {
        if (result.level == LogLevel::unknown) result.level = level_of(json[key]);
    }
    for (const std::string_view key : {"logger", "service", "app", "SYSLOG_IDENTIFIER"}) {
        if (result.program.empty()) result.program = json[key].as_string();
    }
    for (const std::string_view key :
         {"message", "msg", "MESSAGE", "log", "text", "short_message", "event"}) {
        if (!json[key].is_string()) continue;
        result.content = json[key].as_string();
        for (const std::string_view error : {"error", "err", "exception"}) {
            if (json[error].is_string()) result.content += " " + json[error].as_string();
        }
        return result;
    }
    return std::nullopt;
}

}  // namespace

LogLine strip_header(std::string_view line) {
    const std::string_view trimmed = trim(line);
    if (auto json = from_json(trimmed)) return *std::move(json);
    return Header(trimmed).strip();
}

LogLevel level_named(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, LogLevel>, 26> kLevels = {{
        {"trace", LogLevel::debug},      {"debug", LogLevel::debug},
        {"verbose", LogLevel::debug},    {"fine", LogLevel::debug},
        {"dbg", LogLevel::debug},        {"info", LogLevel::info},
        {"information", LogLevel::info}, {"notice", LogLevel::info},
        {"inf", LogLevel::info},         {"log", LogLevel::info},
        {"warn", LogLevel::warning},     {"warning", LogLevel::warning},
        {"wrn", LogLevel::warning},      {"error", LogLevel::error},
        {"err", LogLevel::error},        {"eror", LogLevel::error},
        {"severe", LogLevel::error},     {"fail", LogLevel::error},
        {"fatal", LogLevel::fatal},      {"crit", LogLevel::fatal},
        {"critical", LogLevel::fatal},   {"alert", LogLevel::fatal},
        {"emerg", LogLevel::fatal},      {"emergency", LogLevel::fatal},
        {"panic", LogLevel::fatal},      {"ftl", LogLevel::fatal},
    }};
    if (word.size() < 3 || word.size() > 11) return LogLevel::unknown;
    const std::string lower = to_lower(word);
    for (const auto& [name, level] : kLevels) {
        if (lower == name) return level;
    }
    return LogLevel::unknown;
}

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::unknown: return "unknown";
        case LogLevel::debug: return "debug";
        case LogLevel::info: return "info";
        case LogLevel::warning: return "warning";
        case LogLevel::error: return "error";
        case LogLevel::fatal: return "fatal";
    }
    return "unknown";
}

}  // namespace ops
