#include "patterns/vocabulary.h"

#include <unordered_set>

#include "base/text.h"

namespace ops {
namespace {

// Nouns, states and outcomes; no imperatives that make sense on their own with what surrounds them,
// no names of products, no pronouns.
constexpr std::string_view kWords =
    "a abort aborted aborting absent accept accepted access accessible account acquire acquired "
    "action "
    "active address after again agent alarm alert alive all allocate allocated allocation allowed "
    "already "
    "an and api application argument as assert assertion at attempt attempts auth authentication "
    "authorization available background backend backoff bad balance bandwidth batch because before "
    "begin "
    "between bind block blocked body broken buffer bug busy but by byte bytes cache call called "
    "caller "
    "cannot capacity cause caused certificate chain change changed channel check checking checksum "
    "child "
    "chunk client clock close closed closing cluster code collection column command commit "
    "committed "
    "compaction complete completed config configuration configured conflict connect connected "
    "connecting "
    "connection connections constraint consumer container content context controller core corrupt "
    "corrupted corruption could count cpu crash crashed create created credentials critical "
    "current cycle "
    "daemon data database day days deadlock debug default degraded delay delayed delete deleted "
    "denied "
    "dependency deploy deployment descriptor descriptors destination detected device did directory "
    "disabled disconnect disconnected disk dns does done down dropped due dump dumped duplicate "
    "duration "
    "during early empty enabled end endpoint ended entry environment epoch error errors event "
    "events "
    "exceed exceeded exception exceptions exhausted exist exists exit exited exiting expected "
    "expired "
    "external fail failed failing failover fails failure failures fatal fault field file files "
    "filesystem "
    "finished first flush follower for forbidden format found free from full function gateway gc "
    "general "
    "generation got grace group handle handler handshake hang hardware has hash have header health "
    "healthcheck healthy heap heartbeat high hit host hostname hosts hour hours http https i idle "
    "if "
    "illegal image in inactive incoming incomplete index info information init initialization "
    "initialize "
    "initialized inode input instance insufficient integrity internal interrupt interrupted into "
    "invalid "
    "io is issue job jobs keepalive kernel key kill killed killer lag large last latency leader "
    "leak "
    "left length level limit limits line link listen listener listening load loaded loading local "
    "lock "
    "locked log login long loop lost low main malformed manager master max maximum memory message "
    "messages metric migration min minute minutes misconfigured mismatch missing mode module more "
    "mount "
    "mounted ms name network new no node nodes none not notice null object of off offline offset "
    "on once "
    "only open opened opening operation option or order orphaned out output over overflow overload "
    "overloaded owner packet packets page panic parameter parent parse parser parsing partial "
    "partition "
    "path paused payload peer pending per permission permitted persistent pid ping pipe pod point "
    "pointer "
    "pool port ports prepare primary priority process processes processing producer program "
    "protocol "
    "proxy query queue quota quorum rate raw reached read reader reading ready reason reboot "
    "rebooted "
    "received recovered recovering recovery redirect refused region register registered reject "
    "rejected "
    "release released reload reloaded remaining remote removed replica replication reply request "
    "requests "
    "required reset resolve resolver resource resources response restart restarted restarting "
    "restore "
    "restored result resumed retries retry retrying return returned role rollback root route row "
    "run "
    "running runtime schedule scheduled scheduler schema scope second secondary seconds section "
    "segfault "
    "segment sent sequence server servers service services session sessions shard shutdown "
    "shutting "
    "signal size skipped slave slow snapshot socket source space stack stale start started "
    "starting "
    "startup state status step still stop stopped stopping storage stream stuck success successful "
    "successfully suspended swap sync syntax system table target task tasks temporary terminated "
    "terminating than thread threads threshold throttled ticket tick time timed timeout timeouts "
    "timer "
    "times tls to token too topic total trace traceback transaction trap tree truncated trying "
    "type "
    "unable unauthorized unavailable unexpected unhealthy uninitialized unit unknown unreachable "
    "unrecoverable unsupported up update updated upstream uptime usage used user users value "
    "variable "
    "verification verified verify version violation volume waited waiting warn warning was watch "
    "watchdog while with without worker workers write writer writing wrong yet zone ssh sshd tcp "
    "udp ip "
    "ssl x509 get post put head patch msg err failed error code errno exited oom invoked password "
    "passwd "
    "secret credential cookie";

}  // namespace

bool is_ordinary_word(std::string_view word) {
    static const std::unordered_set<std::string_view> words = [] {
        std::unordered_set<std::string_view> set;
        for (const std::string_view one : split(kWords, ' ')) set.insert(one);
        return set;
    }();
    return word.size() <= 16 && words.contains(std::string_view(to_lower(word)));
}

}  // namespace ops
