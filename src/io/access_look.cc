#include "io/access_look.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>

#include "base/text.h"
#include "io/descriptor.h"
#include "io/proc.h"
#include "io/system_error.h"

namespace ops {
namespace {

constexpr size_t kMostAccounts = 10'000, kMostKeys = 10'000;
constexpr size_t kMostFile = 1u << 20, kMostKeyBytes = 16 * 1024, kMostComment = 80;

bool is_key_type(std::string_view word) {
    return word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-") ||
           word.starts_with("sk-ssh-") || word.starts_with("sk-ecdsa-");
}

// The words of a line; blanks inside double quotes are of an option: command="a b".
std::vector<std::string> words_in(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '"' && (i == 0 || line[i - 1] != '\\')) quoted = !quoted;
        if (!quoted && (c == ' ' || c == '\t')) {
            if (!word.empty()) words.push_back(std::move(word));
            word.clear();
        } else {
            word += c;
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

// The file is its owner's, not ours: it may be a pipe that nobody writes to, or grow for ever.
Result<std::string> read_of_somebody(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.is_open()) return system_error("read '" + path + "'", errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return system_error("read '" + path + "'", errno);
    if (!S_ISREG(status.st_mode)) return Error{Fault::invalid, "'" + path + "' is no file"};
    std::string bytes(std::min<size_t>(static_cast<size_t>(status.st_size), kMostFile), '\0');
    const ssize_t got = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return system_error("read '" + path + "'", errno);
    bytes.resize(static_cast<size_t>(got));
    return bytes;
}

}  // namespace

std::vector<AccountSeen> parse_accounts(std::string_view passwd) {
    std::vector<AccountSeen> accounts;
    for (const std::string_view line : split(passwd, '\n')) {
        const auto fields = split(line, ':');  // name:password:uid:gid:comment:home:shell
        if (fields.size() != 7 || fields[0].empty() || fields[0].starts_with('#')) continue;
        AccountSeen account{.name = std::string(fields[0]), .home = std::string(fields[5])};
        const auto [end, error] =
            std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), account.uid);
        if (error != std::errc() || end != fields[2].data() + fields[2].size()) continue;
        const std::string_view shell = fields[6];
        account.can_log_in =
            !shell.ends_with("/nologin") && !shell.ends_with("/false") && !shell.ends_with("/sync");
        accounts.push_back(std::move(account));
        if (accounts.size() == kMostAccounts) break;
    }
    return accounts;
}

std::vector<KeySeen> parse_authorized_keys(std::string_view text) {
    std::vector<KeySeen> keys;
    for (const std::string_view raw : split(text, '\n')) {
        const std::string_view line = trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        const std::vector<std::string> words = words_in(line);
        const auto type = std::find_if(words.begin(), words.end(),
                                       [](const std::string& word) { return is_key_type(word); });
        if (type == words.end() || type + 1 == words.end() || type - words.begin() > 1) continue;
        if ((type + 1)->size() > kMostKeyBytes) continue;
        KeySeen key{.account = "", .type = *type, .comment = "", .key = *(type + 1)};
        key.comment = clip_end(
            printable(join(std::vector<std::string>(type + 2, words.end()), " "), Lines::flatten),
            kMostComment);
        keys.push_back(std::move(key));
        if (keys.size() == kMostKeys) break;
    }
    return keys;
}

Result<AccessSeen> look_at_access(const std::string& passwd_file) {
    AccessSeen seen;
    seen.ports = listening_ports();
    seen.accounts = parse_accounts(TRY(read_proc(passwd_file, kMostFile)));
    std::set<std::string> homes;  // several accounts of the system share one
    for (const AccountSeen& account : seen.accounts) {
        if (!account.home.starts_with('/') || !homes.insert(account.home).second) continue;
        for (const char* name : {"/.ssh/authorized_keys", "/.ssh/authorized_keys2"}) {
            const Result<std::string> text = read_of_somebody(account.home + name);
            if (!text.ok()) {
                if (text.error().fault == Fault::denied) seen.unread.push_back(account.name);
                continue;  // most have none
            }
            for (KeySeen& key : parse_authorized_keys(text.value())) {
                key.account = account.name;
                if (seen.keys.size() < kMostKeys) seen.keys.push_back(std::move(key));
            }
        }
    }
    return seen;
}

}  // namespace ops
