#include "io/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "io/descriptor.h"
#include "io/system_error.h"

namespace ops {

static constexpr size_t kMaxRead = size_t{256} * 1024 * 1024;

static std::string doing(const char* verb, const std::string& path) {
    return std::string(verb) + " '" + path + "'";
}

static Error sync_failed(const std::string& path, int number) {
    return {Fault::corrupt, "sync '" + path + "': " + system_words(number) + ", effect unknown"};
}

static std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

static Result<> sync_folder(const std::string& folder) {
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // The name was already written in it, so not reaching the folder now leaves the same doubt.
    if (!fd.is_open()) return sync_failed(folder, errno);
    if (::fsync(fd.get()) != 0) return sync_failed(folder, errno);
    return {};
}

static Result<> write_all(int fd, const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
        if (wrote < 0) {
            if (errno == EINTR) continue;
            return system_error(doing("write", path), errno);
        }
        bytes.remove_prefix(static_cast<size_t>(wrote));
    }
    return {};
}

Result<std::string> PosixFiles::read(const std::string& path) {
    // Of a pipe nobody knows when it is opened at the other end, and somebody waits for us.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.is_open()) return system_error(doing("read", path), errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return system_error(doing("read", path), errno);
    if (S_ISDIR(status.st_mode)) return system_error(doing("read", path), EISDIR);
    if (S_ISFIFO(status.st_mode)) return Error{Fault::invalid, doing("read", path) + ": is a pipe"};
    std::string bytes;
    size_t size = 0;
    // The size told is a hint only: files in /proc say 0, and a log may grow meanwhile.
    size_t room = static_cast<size_t>(std::max<off_t>(status.st_size, 0)) + 4096;
    while (true) {
        bytes.resize(std::min(room, kMaxRead + 1));
        const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(doing("read", path), errno);
        if (got == 0) break;
        size += static_cast<size_t>(got);
        if (size > kMaxRead) {
            return Error{Fault::invalid, doing("read", path) + ": over 256 MiB"};
        }
        if (size == bytes.size()) room = size * 2;
    }
    bytes.resize(size);
    return bytes;
}

// `like`, when given: whose owner and mode the new file gets.
static Result<> put_in_place(const std::string& path, std::string_view bytes,
                             const struct stat* like) {
    static std::atomic<unsigned> count{0};
    const std::string temporary = path + ".new-" + std::to_string(::getpid()) + "-" +
                                  std::to_string(count.fetch_add(1, std::memory_order_relaxed));
    Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open() && errno == EEXIST) {
        // Left by an earlier process of the same id that died in between.
        ::unlink(temporary.c_str());
        fd = Descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    }
    if (!fd.is_open()) return system_error(doing("replace", path), errno);
    Result<> written = write_all(fd.get(), path, bytes);
    const bool is_alike = like == nullptr || (::fchown(fd.get(), like->st_uid, like->st_gid) == 0 &&
                                              ::fchmod(fd.get(), like->st_mode & 07777U) == 0);
    if (written.ok() && !is_alike) {
        written = system_error(doing("keep owner and mode of", path), errno);
    }
    if (!written.ok()) {
        ::unlink(temporary.c_str());
        return written;
    }
    if (::fsync(fd.get()) != 0) {
        const int number = errno;
        ::unlink(temporary.c_str());
        return sync_failed(path, number);
    }
    fd.reset();
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const int number = errno;
        ::unlink(temporary.c_str());
        return system_error(doing("replace", path), number);
    }
    return sync_folder(folder_of(path));
}

Result<> PosixFiles::replace(const std::string& path, std::string_view bytes) {
    return put_in_place(path, bytes, nullptr);
}

Result<> PosixFiles::rewrite(const std::string& path, std::string_view bytes) {
    struct stat like {};
    if (::stat(path.c_str(), &like) != 0) return system_error(doing("rewrite", path), errno);
    return put_in_place(path, bytes, &like);
}

Result<> PosixFiles::create_new(const std::string& path, std::string_view bytes) {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) return system_error(doing("create", path), errno);
    // A file half written stays: its name is what says "this has been begun".
    TRY(write_all(fd.get(), path, bytes));
    if (::fsync(fd.get()) != 0) return sync_failed(path, errno);
    return sync_folder(folder_of(path));
}

Result<> PosixFiles::remove(const std::string& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return system_error(doing("remove", path), errno);
    }
    return sync_folder(folder_of(path));
}

Result<> PosixFiles::make_folder(const std::string& path) {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        const std::string part = path.substr(0, end);
        if (::mkdir(part.c_str(), 0700) == 0) {
            TRY(sync_folder(folder_of(part)));
        } else if (errno != EEXIST) {
            return system_error(doing("make folder", part), errno);
        }
        if (end == std::string::npos) break;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return system_error(doing("make folder", path), errno);
    if (!S_ISDIR(status.st_mode)) return system_error(doing("make folder", path), ENOTDIR);
    return {};
}

Result<std::vector<std::string>> PosixFiles::list(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
    if (open == nullptr) return system_error(doing("list", folder), errno);
    std::vector<std::string> names;
    while (true) {
        errno = 0;
        const dirent* entry = ::readdir(open.get());
        if (entry == nullptr) break;
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    if (errno != 0) return system_error(doing("list", folder), errno);
    std::sort(names.begin(), names.end());
    return names;
}

Result<DiskSpace> PosixFiles::space(const std::string& folder) {
    struct statvfs told {};
    if (::statvfs(folder.c_str(), &told) != 0) {
        return system_error(doing("look at the disk of", folder), errno);
    }
    const auto block = static_cast<double>(told.f_frsize);
    return DiskSpace{
        .bytes = static_cast<double>(told.f_blocks - told.f_bfree + told.f_bavail) * block,
        .free_bytes = static_cast<double>(told.f_bavail) * block,
        .inodes = static_cast<double>(told.f_files),
        .free_inodes = static_cast<double>(told.f_favail),
        .read_only = (told.f_flag & ST_RDONLY) != 0};
}

}  // namespace ops
