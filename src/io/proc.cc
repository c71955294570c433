#include "io/proc.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "io/descriptor.h"
#include "io/system_error.h"

namespace ops {

Result<std::string> read_proc(const std::string& path, size_t limit) {
    // A pidfile may be anything: a named pipe would wait for its other end, and for good.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!fd.is_open() || ::fstat(fd.get(), &status) != 0)
        return system_error("read '" + path + "'", errno);
    if (!S_ISREG(status.st_mode))
        return Error{Fault::invalid, "read '" + path + "': not a regular file"};
    std::string text;
    std::array<char, 4096> buffer;
    while (text.size() < limit) {
        const ssize_t got =
            ::read(fd.get(), buffer.data(), std::min(buffer.size(), limit - text.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("read '" + path + "'", errno);
        if (got == 0) break;
        text.append(buffer.data(), static_cast<size_t>(got));
    }
    return text;
}

template <class Number>
static bool take(std::string_view field, Number& into) {
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), into);
    return error == std::errc() && end == field.data() + field.size();
}

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
    const size_t close = text.rfind(')');
    if (close == std::string_view::npos || close + 3 > text.size()) return std::nullopt;
    text.remove_prefix(close + 2);
    ProcStat stat;
    // proc(5) counts from 1 and the state is field 3.
    for (int field = 3; field <= 24; ++field) {
        const size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        bool good = !word.empty();
        if (field == 3 && good) stat.state = word[0];
        if (field == 4) good = take(word, stat.parent);
        if (field == 14) good = take(word, stat.user_ticks);
        if (field == 15) good = take(word, stat.system_ticks);
        if (field == 22) good = take(word, stat.start_ticks);
        if (field == 24) good = take(word, stat.rss_pages);
        if (!good) return std::nullopt;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return stat;
}

std::optional<ProcStat> read_proc_stat(int pid) {
    const Result<std::string> text = read_proc("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!text.ok()) return std::nullopt;
    return parse_proc_stat(text.value());
}

}  // namespace ops
