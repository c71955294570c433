// disks: space and inodes of every real file system of a host, or of those named.
//
// How full is too full is for the runbook to say; bad is a disk that is missing or that can no
// longer be written. The facts tell of the fullest one, and disk_mount says which that is.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "base/units.h"
#include "monitor/check_kind.h"
#include "monitor/machine_text.h"

namespace ops {
namespace {

// As df counts it: of what users other than root may use.
double used_share(const DiskSeen& disk) {
    const double usable = disk.used_bytes + disk.available_bytes;
    return usable > 0 ? 100.0 * disk.used_bytes / usable : 0;
}

double inode_share(const DiskSeen& disk) {
    return disk.inodes > 0 ? 100.0 * (disk.inodes - disk.inodes_free) / disk.inodes : 0;
}

class DisksCheck final : public Check {
public:
    DisksCheck(const CheckRequest& request, std::vector<std::string> mounts,
               std::vector<std::string> read_only_ok)
        : Check(request.index, request.settings.target, "disks"),
          mounts_(std::move(mounts)),
          read_only_ok_(std::move(read_only_ok)),
          timeout_(request.settings.timeout),
          of_host_(request.all.inventory.find_host(request.settings.target) != nullptr) {
        if (const Host* host = request.remote_host()) {
            remote_ = *host;
            question_ = ask_over_ssh(*host, timeout_, disk_sections(mounts_));
        } else {
            question_ = LocalAsk{LocalAsk::What::disks, "", mounts_, timeout_ / 2};
        }
    }

    Ask ask() const override {
        return {.check = index(), .question = question_, .time_limit = timeout_};
    }

    Judged judge(const Reply& reply) override {
        Judged judged;
        Observation& seen = judged.observation;
        seen = observe(*this, reply);
        const auto disks = disks_of(reply);
        if (!disks.ok()) {
            seen.reason = disks.error().message;
        } else if (disks.value().empty() && mounts_.empty()) {
            seen.reason = "no file system was found";
        } else {
            judge_disks(disks.value(), seen);
        }
        return judged;
    }

private:
    Result<std::vector<DiskSeen>> disks_of(const Reply& reply) const {
        if (remote_) return read_disks(TRY(read_sections(*remote_, reply.answer)), mounts_);
        if (!reply.answer.ok()) {
            return Error{reply.answer.error().fault, shown(reply.answer.error().message)};
        }
        const auto* local = std::get_if<LocalAnswer>(&reply.answer.value());
        if (local == nullptr) return Error{Fault::invalid, "an answer of another kind"};
        return local->disks;
    }

    void judge_disks(std::vector<DiskSeen> disks, Observation& seen) {
        std::vector<std::string> wrong = missing(disks), unseen;
        for (const DiskSeen& disk : disks) {
            if (!disk.trouble.empty())
                unseen.push_back(shown(disk.mount) + ": " + shown(disk.trouble));
        }
        std::erase_if(disks, [](const DiskSeen& disk) { return !disk.trouble.empty(); });
        if (disks.empty() && wrong.empty()) {
            seen.reason = join(unseen, "; ");  // and what could not be seen is not told as bad
            return;
        }
        if (!disks.empty()) add_usage(disks, seen);
        bool read_only = false;
        for (const DiskSeen& disk : disks) {
            if (!lost_its_writing(disk)) continue;
            read_only = true;
            wrong.push_back(shown(disk.mount) + " is mounted read-only");
        }
        add_fact(seen, "disk_read_only", Value::boolean(read_only));
        // A host with a bad disk is not down: what runs on it would be taken for its victims.
        seen.health = wrong.empty() || of_host_ ? Health::good : Health::bad;
        seen.degraded = (!wrong.empty() && of_host_) || (wrong.empty() && !unseen.empty());
        wrong.insert(wrong.end(), unseen.begin(), unseen.end());
        seen.reason = join(wrong, "; ");
        add_fact(seen, "disks", Value::string(list(disks)));
    }

    static void add_usage(const std::vector<DiskSeen>& disks, Observation& seen) {
        const auto fullest = std::max_element(
            disks.begin(), disks.end(),
            [](const auto& a, const auto& b) { return used_share(a) < used_share(b); });
        const auto most_inodes = std::max_element(
            disks.begin(), disks.end(),
            [](const auto& a, const auto& b) { return inode_share(a) < inode_share(b); });
        add_fact(seen, "disk_usage", Value::percentage(used_share(*fullest)));
        add_fact(seen, "disk_free", Value::size(fullest->available_bytes));
        add_fact(seen, "disk_mount", Value::string(shown(fullest->mount)));
        add_fact(seen, "inode_usage", Value::percentage(inode_share(*most_inodes)));
    }

    std::vector<std::string> missing(const std::vector<DiskSeen>& disks) const {
        std::vector<std::string> missing;
        for (const std::string& mount : mounts_) {
            const bool found = std::any_of(disks.begin(), disks.end(), [&](const DiskSeen& disk) {
                return disk.mount == mount;
            });
            if (!found) missing.push_back("nothing is mounted on " + mount);
        }
        return missing;
    }

    // Linux makes a file system read-only when its disk fails. One that always was is meant so,
    // unless it is the root or one that somebody named.
    bool lost_its_writing(const DiskSeen& disk) {
        const auto is_in = [&](const std::vector<std::string>& list) {
            return std::find(list.begin(), list.end(), disk.mount) != list.end();
        };
        if (!disk.read_only) {
            if (writable_.size() < 1000) writable_.insert(disk.mount);
            return false;
        }
        if (is_in(read_only_ok_)) return false;
        return disk.mount == "/" || is_in(mounts_) || writable_.contains(disk.mount);
    }

    // "/ 45%, /data 91%", the fullest first, at most ten.
    static std::string list(std::vector<DiskSeen> disks) {
        std::stable_sort(disks.begin(), disks.end(), [](const auto& a, const auto& b) {
            return used_share(a) > used_share(b);
        });
        std::vector<std::string> parts;
        for (const DiskSeen& disk : disks) {
            if (parts.size() == 10) {
                parts.push_back("and " + std::to_string(disks.size() - 10) + " more");
                break;
            }
            parts.push_back(shown(disk.mount) + " " + format_number(used_share(disk), 0) + "%");
        }
        return join(parts, ", ");
    }

    std::vector<std::string> mounts_, read_only_ok_;
    Duration timeout_;
    bool of_host_;  // and not of a service
    std::optional<Host> remote_;
    Question question_;
    std::set<std::string> writable_;  // mount points that were, at an earlier look
};

std::unique_ptr<Check> make_disks(CheckRequest& request) {
    std::vector<std::string> mounts;
    const Node& subject = request.subject;
    if (subject.is_scalar() && !subject.text.empty()) mounts.push_back(subject.text);
    for (const Node& item : subject.items) mounts.push_back(item.text);
    if (mounts.empty() && request.host() != nullptr) mounts = request.host()->disks;
    for (const std::string& mount : mounts) {
        if (!mount.starts_with('/')) {
            request.error(subject.place,
                          "'" + shown(mount) + "' is no mount point, it begins with '/'");
        }
    }
    return std::make_unique<DisksCheck>(request, std::move(mounts),
                                        request.fields.texts("read_only_ok"));
}

}  // namespace

CheckKind disks_check_kind() {
    return {.name = "disks",
            .help = "space and inodes of a host's disks; every host has this check by itself",
            .subject = "mounts",
            .settings = {{"mounts", "list of paths", "every real file system of this machine",
                          "mount points to look at, and no others"},
                         {"read_only_ok", "list of paths", "none",
                          "mount points that may be read-only"}},
            .use = CheckKind::Use::host,
            .make = make_disks};
}

}  // namespace ops
