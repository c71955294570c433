#include "io/log_tail.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <vector>

#include "base/text.h"
#include "io/descriptor.h"
#include "io/log_lines.h"
#include "io/system_error.h"

namespace ops {

static constexpr size_t kMaxFiles = 200;
static constexpr uint64_t kMaxRead = uint64_t{64} * 1024 * 1024;
static constexpr size_t kMaxPending = size_t{64} * 1024;  // of a line without an end
static constexpr std::string_view kHeader = "log1\n";     // a cursor, even of no file at all

namespace {

struct Place {
    uint64_t device = 0, inode = 0, offset = 0;
};
using Places = std::map<std::string, Place>;

struct Opened {
    Descriptor fd;
    Place place;  // its offset: the size
};

}  // namespace

static std::string print_cursor(const Places& places) {
    std::string text(kHeader);
    for (const auto& [path, place] : places) {
        text += std::to_string(place.device) + ":" + std::to_string(place.inode) + ":" +
                std::to_string(place.offset) + " " + path + "\n";
    }
    return text;
}

static Places parse_cursor(std::string_view text) {
    Places places;
    for (const std::string_view line : split(text.substr(kHeader.size()), '\n')) {
        const size_t blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        const std::vector<std::string_view> numbers = split(line.substr(0, blank), ':');
        if (numbers.size() != 3) continue;
        Place place;
        uint64_t* const into[] = {&place.device, &place.inode, &place.offset};
        for (size_t i = 0; i < 3; ++i) {
            std::from_chars(numbers[i].data(), numbers[i].data() + numbers[i].size(), *into[i]);
        }
        places[std::string(line.substr(blank + 1))] = place;
    }
    return places;
}

static Result<Opened> open_log(const std::string& path) {
    // Without waiting for the other end, should it be a named pipe.
    Opened log{Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), {}};
    if (!log.fd.is_open()) return system_error("log '" + path + "'", errno);
    struct stat status {};
    if (::fstat(log.fd.get(), &status) != 0) return system_error("log '" + path + "'", errno);
    if (!S_ISREG(status.st_mode)) {
        return Error{Fault::invalid, "log '" + path + "': not a regular file"};
    }
    log.place = {status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size)};
    return log;
}

// Adds the whole lines between the offset and the end; returns where the first unread byte is.
static Result<uint64_t> read_lines(const Opened& log, const std::string& path, uint64_t offset,
                                   LogLines& lines) {
    std::string pending;
    std::vector<char> buffer(kMaxPending);
    const uint64_t stop = std::min(log.place.offset, offset + kMaxRead);
    uint64_t at = offset;
    while (at < stop) {
        const size_t wanted = std::min<uint64_t>(buffer.size(), stop - at);
        const ssize_t got = ::pread(log.fd.get(), buffer.data(), wanted, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("log '" + path + "'", errno);
        if (got == 0) break;
        at += static_cast<uint64_t>(got);
        std::string_view bytes(buffer.data(), static_cast<size_t>(got));
        for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
            pending.append(bytes.substr(0, end));
            if (!pending.empty() && pending.back() == '\r') pending.pop_back();
            lines.add(pending);
            pending.clear();
            bytes.remove_prefix(end + 1);
        }
        pending.append(bytes);
        if (pending.size() > kMaxPending) {  // nobody ends this line: it is told in pieces
            lines.add(pending);
            pending.clear();
        }
    }
    return at - pending.size();
}

static bool is_same_file(const Place& a, const Place& b) {
    return a.device == b.device && a.inode == b.inode;
}

static Result<> tail_one(const std::string& path, const Place* known, Places& next,
                         LogLines& lines) {
    const Opened log = TRY(open_log(path));
    Place place = log.place;
    uint64_t offset = 0;
    if (known != nullptr && is_same_file(*known, log.place)) {
        // Shorter than before: it was cut and written anew.
        offset = known->offset <= log.place.offset ? known->offset : 0;
    } else if (known != nullptr) {
        const Result<Opened> old = open_log(path + ".1");
        if (old.ok() && is_same_file(old.value().place, *known) &&
            known->offset <= old.value().place.offset) {
            TRY(read_lines(old.value(), path + ".1", known->offset, lines));
        }
    }
    place.offset = TRY(read_lines(log, path, offset, lines));
    next[path] = place;
    return {};
}

static std::vector<std::string> expand(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; ++i) {
            const std::string path = found.gl_pathv[i];
            if (path.find('\n') == std::string::npos) paths.push_back(path);
        }
    }
    ::globfree(&found);
    std::sort(paths.begin(), paths.end());
    if (paths.size() > kMaxFiles) paths.resize(kMaxFiles);
    return paths;
}

Result<LogSeen> tail_log(const std::string& pattern, const std::string& cursor) {
    const bool is_first = cursor.substr(0, kHeader.size()) != kHeader;
    const bool is_glob = pattern.find_first_of("*?[") != std::string::npos;
    const Places known = is_first ? Places{} : parse_cursor(cursor);
    const std::vector<std::string> paths =
        is_glob ? expand(pattern) : std::vector<std::string>{pattern};
    Places next;
    LogLines lines;
    for (const std::string& path : paths) {
        const auto place = known.find(path);
        Result<> good;
        if (is_first) {
            Result<Opened> log = open_log(path);
            if (log.ok()) {
                next[path] = log.value().place;
            } else {
                good = std::move(log).error();
            }
        } else {
            good = tail_one(path, place == known.end() ? nullptr : &place->second, next, lines);
        }
        if (good.ok()) continue;
        // Between the two moves of a rotation there is no file: its place is kept.
        const bool is_gone = good.error().fault == Fault::not_found;
        if (is_gone && place != known.end()) {
            next[path] = place->second;
        } else if (!is_glob) {
            return std::move(good).error();
        }
    }
    return lines.take(print_cursor(next));
}

}  // namespace ops
