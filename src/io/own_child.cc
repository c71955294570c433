#include "io/own_child.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "io/system_error.h"
#include "io/wire.h"

namespace ops {
namespace {

using Identity = std::pair<uint64_t, uint64_t>;

std::string folder_of(const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
}

// {0, 0} when there is none.
Identity identity_of(const std::string& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino};
}

uint64_t inode_of(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<std::unique_ptr<OwnChild>> OwnChild::start(const std::string& program,
                                                  const std::string& verb,
                                                  const std::string& config_file,
                                                  const std::string& socket_path) {
    const Descriptor listening = TRY(listen_at(socket_path));
    const uint64_t inode = inode_of(socket_path);
    auto started = TRY(ChildProgram::start({program, verb, "--config", config_file,
                                            "--listening-fd", "3", "--life-fd", "{life}"},
                                           {listening.get()})
                           .during("start the " + verb));
    return std::unique_ptr<OwnChild>(new OwnChild(socket_path, inode, std::move(started)));
}

bool OwnChild::can_be_reached() const {
    return socket_inode_ != 0 && inode_of(socket_path_) == socket_inode_;
}

KeptChild::KeptChild(std::string program, std::string verb, std::string config_file,
                     std::string socket_path, Lost lost)
    : program_(std::move(program)),
      verb_(std::move(verb)),
      config_file_(std::move(config_file)),
      socket_path_(std::move(socket_path)),
      lost_(lost),
      folder_(identity_of(folder_of(socket_path_))) {}

KeptChild::~KeptChild() {
    std::error_code ignored;
    if (!elsewhere_.empty()) std::filesystem::remove_all(elsewhere_, ignored);
}

Result<std::unique_ptr<OwnChild>> KeptChild::start_in_place() const {
    const std::string folder = folder_of(socket_path_);
    if (identity_of(folder) != folder_ || folder_ == Identity{}) {
        return Error{Fault::unavailable, "'" + folder + "' is not the folder that it was: no " +
                                             verb_ +
                                             " is started; put it back, or start ops-agent again"};
    }
    return OwnChild::start(program_, verb_, config_file_, socket_path_);
}

Result<std::unique_ptr<OwnChild>> KeptChild::start_elsewhere() {
    if (elsewhere_.empty()) {
        std::error_code ignored;
        std::string name = (std::filesystem::temp_directory_path(ignored) / "ops-agent-XXXXXX");
        if (::mkdtemp(name.data()) == nullptr) return system_error("make '" + name + "'", errno);
        elsewhere_ = name;
    }
    return OwnChild::start(program_, verb_, config_file_, elsewhere_ + "/" + verb_ + ".sock");
}

Result<std::string> KeptChild::ensure() {
    const std::lock_guard lock(mutex_);
    if (!child_ || child_->has_ended() || !child_->can_be_reached()) {
        child_.reset();  // what it runs it finishes, and writes down how that ended
        auto started = start_in_place();
        if (!started.ok() && lost_ == Lost::elsewhere) started = start_elsewhere();
        child_ = TRY(std::move(started));
    }
    return child_->socket_path();
}

}  // namespace ops
