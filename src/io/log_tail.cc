#include "io/log_tail.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "io/descriptor.h"
#include "io/log_lines.h"
#include "io/system_error.h"

namespace ops {

static constexpr size_t kMaxFiles = 1000;
static constexpr uint64_t kMaxRead = uint64_t{64} * 1024 * 1024;
static constexpr size_t kMaxPending = size_t{64} * 1024;  // of a line without an end
static constexpr uint64_t kMaxMissed = 10;  // looks that the place of a file outlives it

namespace {

struct Place {
    uint64_t device = 0, inode = 0, offset = 0;
    uint64_t missed = 0;  // looks in a row at which nothing of the pattern was this file
    std::string path;     // the last one
};
using Places = std::vector<Place>;

// Where files that went are now, in the folder they were in. A folder is read once a look.
class MovedFiles {
public:
    // The path, "" when it is not there under a name that begins as its own did.
    std::string find(const Place& gone);

private:
    static constexpr size_t kMaxNames = 10'000;
    static constexpr auto kPacked =
        std::to_array<std::string_view>({".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z"});
    using Folder = std::multimap<std::pair<uint64_t, uint64_t>, std::string>;

    const Folder& look_into(const std::string& path);

    std::map<std::string, Folder> folders_;
};

struct Opened {
    Descriptor fd;
    Place place;  // its offset: the size
};

struct Matching {
    std::vector<std::string> paths;
    size_t left_out = 0;
};

// One look at all files of a pattern, on its way.
struct Look {
    const Places known;
    const size_t left_out;  // files
    Places next{};
    MovedFiles moved{};
    LogLines lines{};
};

}  // namespace

static std::string print_cursor(const Places& places) {
    std::string text(kLogBeginning);
    for (const Place& place : places) {
        text += std::to_string(place.device) + ":" + std::to_string(place.inode) + ":" +
                std::to_string(place.offset) + ":" + std::to_string(place.missed) + " " +
                place.path + "\n";
    }
    return text;
}

static Places parse_cursor(std::string_view text) {
    Places places;
    for (const std::string_view line : split(text.substr(kLogBeginning.size()), '\n')) {
        const size_t blank = line.find(' ');
        if (blank == std::string_view::npos) continue;
        const std::vector<std::string_view> numbers = split(line.substr(0, blank), ':');
        if (numbers.size() != 4) continue;
        Place place;
        uint64_t* const into[] = {&place.device, &place.inode, &place.offset, &place.missed};
        for (size_t i = 0; i < numbers.size(); ++i) {
            std::from_chars(numbers[i].data(), numbers[i].data() + numbers[i].size(), *into[i]);
        }
        place.path = line.substr(blank + 1);
        places.push_back(std::move(place));
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
    log.place = {status.st_dev, status.st_ino, static_cast<uint64_t>(status.st_size), 0, path};
    return log;
}

// Adds the whole lines between the offset and the end; returns where the first unread byte is.
static Result<uint64_t> read_lines(const Opened& log, uint64_t offset, LogLines& lines) {
    std::string pending;
    std::vector<char> buffer(kMaxPending);
    const uint64_t stop = std::min(log.place.offset, offset + kMaxRead);
    uint64_t at = offset;
    while (at < stop) {
        const size_t wanted = std::min<uint64_t>(buffer.size(), stop - at);
        const ssize_t got = ::pread(log.fd.get(), buffer.data(), wanted, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("log '" + log.place.path + "'", errno);
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

static const Place* find_file(const Places& places, const Place& file) {
    const auto found = std::find_if(places.begin(), places.end(), [&](const Place& one) {
        return one.device == file.device && one.inode == file.inode;
    });
    return found == places.end() ? nullptr : &*found;
}

static void keep(Places& places, Place place) {
    std::erase_if(places, [&](const Place& one) {
        return one.device == place.device && one.inode == place.inode;
    });
    places.push_back(std::move(place));
}

const MovedFiles::Folder& MovedFiles::look_into(const std::string& path) {
    const auto [found, is_new] = folders_.try_emplace(path);
    if (!is_new) return found->second;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    for (size_t names = 0; folder != nullptr && names < kMaxNames; ++names) {
        const dirent* const entry = ::readdir(folder.get());
        struct stat status {};
        if (entry == nullptr) break;
        // Not by its d_ino, which is another one on an overlay.
        if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        found->second.emplace(std::pair(status.st_dev, status.st_ino), entry->d_name);
    }
    return found->second;
}

std::string MovedFiles::find(const Place& gone) {
    const size_t slash = gone.path.rfind('/') + 1;  // 0 without one
    const std::string folder = slash == 0 ? "./" : gone.path.substr(0, slash);
    const std::string_view name = std::string_view(gone.path).substr(slash);
    const std::string_view stem = name.substr(0, name.find('.', 1));
    const auto [first, last] = look_into(folder).equal_range({gone.device, gone.inode});
    for (auto file = first; file != last; ++file) {
        // The number of a file that was removed is soon another's: of one that was packed, say.
        const bool is_packed = std::any_of(kPacked.begin(), kPacked.end(), [&](auto ending) {
            return file->second.ends_with(ending);
        });
        if (file->second.starts_with(stem) && !is_packed) return folder + file->second;
    }
    return "";
}

// A file that went: what was still written to it is where rotation has moved it. It may also come
// back, under this name or another.
static Result<> follow_gone(Place gone, Look& look) {
    if (const std::string path = look.moved.find(gone); !path.empty()) {
        const Result<Opened> log = open_log(path);
        if (log.ok() && find_file({gone}, log.value().place) != nullptr &&
            gone.offset <= log.value().place.offset) {
            gone.offset = TRY(read_lines(log.value(), gone.offset, look.lines));
        }
    }
    if (++gone.missed <= kMaxMissed) keep(look.next, std::move(gone));
    return {};
}

// Goes on where this file was left, whatever its name was then.
static Result<> tail_one(const std::string& path, Look& look) {
    const Opened log = TRY(open_log(path));
    for (const Place& place : look.known) {
        if (place.path != path || find_file({place}, log.place) != nullptr) continue;
        if (find_file(look.next, place) == nullptr) TRY(follow_gone(place, look));
    }
    const Place* last = find_file(look.next, log.place);
    if (last == nullptr) last = find_file(look.known, log.place);
    Place place = log.place;
    uint64_t offset = 0;
    if (last != nullptr) {
        // Shorter than before: it was cut and written anew.
        offset = last->offset <= place.offset ? last->offset : 0;
    } else if (look.left_out > 0) {
        offset = place.offset;  // nobody knows how much of it is old
    }
    place.offset = TRY(read_lines(log, offset, look.lines));
    keep(look.next, std::move(place));
    return {};
}

// Of too many files those that were written to last.
static size_t leave_out_oldest(std::vector<std::string>& paths) {
    if (paths.size() <= kMaxFiles) return 0;
    using Written = std::tuple<int64_t, int64_t, std::string>;
    std::vector<Written> all;
    for (std::string& path : paths) {
        struct stat status {};
        (void)::stat(path.c_str(), &status);  // one that went is the oldest
        all.emplace_back(-status.st_mtim.tv_sec, -status.st_mtim.tv_nsec, std::move(path));
    }
    std::nth_element(all.begin(), all.begin() + kMaxFiles, all.end());
    const size_t left_out = all.size() - kMaxFiles;
    paths.clear();
    for (size_t i = 0; i < kMaxFiles; ++i) paths.push_back(std::move(std::get<2>(all[i])));
    return left_out;
}

// Fault::denied: nothing matches, and a folder of the pattern may not be read.
static Result<Matching> expand(const std::string& pattern) {
    glob_t found{};
    const auto closer = [](glob_t* glob) { ::globfree(glob); };
    const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, closer);
    const auto stop_at_denied = [](const char*, int error) { return error == EACCES ? 1 : 0; };
    int failed = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
    if (failed == GLOB_NOMATCH) {
        ::globfree(&found);
        failed = ::glob(pattern.c_str(), GLOB_NOSORT, stop_at_denied, &found);
    }
    if (failed == GLOB_ABORTED) return system_error("folder of log '" + pattern + "'", EACCES);
    Matching matching;
    for (size_t i = 0; failed == 0 && i < found.gl_pathc; ++i) {
        const std::string path = found.gl_pathv[i];
        if (path.find('\n') == std::string::npos) matching.paths.push_back(path);
    }
    matching.left_out = leave_out_oldest(matching.paths);
    std::sort(matching.paths.begin(), matching.paths.end());
    return matching;
}

// From the end of what is there now on.
static Result<> begin_one(const std::string& path, Look& look) {
    keep(look.next, TRY(open_log(path)).place);
    return {};
}

Result<LogSeen> tail_log(const std::string& pattern, const std::string& cursor) {
    const bool is_glob = pattern.find_first_of("*?[") != std::string::npos;
    const bool is_first = cursor.substr(0, kLogBeginning.size()) != kLogBeginning;
    const Matching matching = is_glob ? TRY(expand(pattern)) : Matching{{pattern}};
    Look look{is_first ? Places{} : parse_cursor(cursor), matching.left_out};
    std::optional<Error> wrong;
    for (const std::string& path : matching.paths) {
        Result<> good = is_first ? begin_one(path, look) : tail_one(path, look);
        // Between the two moves of a rotation there is no file.
        const bool is_gone = !good.ok() && good.error().fault == Fault::not_found;
        if (good.ok() || (is_gone && (is_glob || !look.known.empty()))) continue;
        if (!wrong) wrong = std::move(good).error();
    }
    if (wrong && look.next.empty()) return *wrong;
    for (const Place& place : look.known) {
        if (find_file(look.next, place) == nullptr) TRY(follow_gone(place, look));
    }
    return look.lines.take(print_cursor(look.next));
}

}  // namespace ops
