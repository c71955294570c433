#include "io/curl_http.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "io/late_library.h"
#include "io/socket_address.h"

namespace ops {

static constexpr size_t kMaxBody = size_t{1024} * 1024;
static constexpr size_t kMaxHeader = size_t{64} * 1024;

namespace {

// Loaded when a channel needs it: with what it needs in turn (28 libraries) it is the most of what
// the program would hold in memory while all is well.
struct Curl : LateLibrary {
    Late<decltype(::curl_global_init)> global_init{*this, "curl_global_init"};
    Late<decltype(::curl_easy_init)> easy_init{*this, "curl_easy_init"};
    Late<decltype(::curl_easy_cleanup)> easy_cleanup{*this, "curl_easy_cleanup"};
    Late<decltype(::curl_easy_setopt)> easy_setopt{*this, "curl_easy_setopt"};
    Late<decltype(::curl_easy_perform)> easy_perform{*this, "curl_easy_perform"};
    Late<decltype(::curl_easy_getinfo)> easy_getinfo{*this, "curl_easy_getinfo"};
    Late<decltype(::curl_easy_strerror)> easy_strerror{*this, "curl_easy_strerror"};
    Late<decltype(::curl_slist_append)> slist_append{*this, "curl_slist_append"};
    Late<decltype(::curl_slist_free_all)> slist_free_all{*this, "curl_slist_free_all"};

    Curl() : LateLibrary("libcurl.so.4") {
        // easy_init fails when this did. Never undone: other threads may still use it at the end.
        if (is_loaded().ok()) (void)global_init(CURL_GLOBAL_DEFAULT);
    }
};

const Curl& curl_library() { return late_library<Curl>(); }

using Easy = std::unique_ptr<CURL, void (*)(CURL*)>;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

struct Guard {
    LinkLocal link_local = LinkLocal::refused;
    std::string refused;  // the address that was
};

struct Incoming {
    HttpReply reply;
    size_t header_bytes = 0;
    bool too_large = false;
};

struct Outgoing {
    std::string_view rest;
};

}  // namespace

// Called with every address before a socket is made for it: a name may resolve to anything.
static curl_socket_t open_socket(void* given, curlsocktype, curl_sockaddr* address) {
    auto* guard = static_cast<Guard*>(given);
    const auto known = SocketAddress::of(address->addr, 0);
    if (known && known->is_link_local() && guard->link_local == LinkLocal::refused) {
        guard->refused = known->print();
        guard->refused = guard->refused.substr(0, guard->refused.rfind(':'));
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_header(char* at, size_t, size_t size, void* given) {
    auto* incoming = static_cast<Incoming*>(given);
    const std::string_view line = trim({at, size});
    incoming->header_bytes += size;
    if (incoming->header_bytes > kMaxHeader) {
        incoming->too_large = true;
        return 0;
    }
    // Of interim replies (100) nothing is kept.
    if (line.substr(0, 5) == "HTTP/") incoming->reply.headers.clear();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.substr(0, 5) == "HTTP/") return size;
    incoming->reply.headers.emplace_back(to_lower(line.substr(0, colon)),
                                         std::string(trim(line.substr(colon + 1))));
    return size;
}

static size_t take_body(char* at, size_t, size_t size, void* given) {
    auto* incoming = static_cast<Incoming*>(given);
    if (incoming->reply.body.size() + size > kMaxBody) {
        incoming->too_large = true;
        return 0;
    }
    incoming->reply.body.append(at, size);
    return size;
}

static size_t give_text(char* into, size_t, size_t room, void* given) {
    auto* outgoing = static_cast<Outgoing*>(given);
    const size_t size = std::min(room, outgoing->rest.size());
    std::copy_n(outgoing->rest.data(), size, into);
    outgoing->rest.remove_prefix(size);
    return size;
}

// Unavailable only where nothing can have reached the other side; what broke off later may have had
// its effect.
static Fault fault_of(CURLcode code) {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL: return Fault::invalid;
        case CURLE_LOGIN_DENIED:
        case CURLE_PEER_FAILED_VERIFICATION: return Fault::denied;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_USE_SSL_FAILED:
        case CURLE_FAILED_INIT:
        case CURLE_OUT_OF_MEMORY: return Fault::unavailable;
        default: return Fault::timeout;
    }
}

static void set_up(CURL* curl, const std::string& url, Duration time_limit, Guard& guard,
                   char* words) {
    const Curl& library = curl_library();
    words[0] = '\0';
    library.easy_setopt(curl, CURLOPT_URL, url.c_str());
    library.easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                        static_cast<long>(std::max<int64_t>(time_limit.count(), 1)));
    library.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    library.easy_setopt(curl, CURLOPT_PROXY, "");
    library.easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    library.easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    // With Debian's default curl parses all 145 authorities of the folder for each connection; the
    // file has them too.
    library.easy_setopt(curl, CURLOPT_CAPATH, nullptr);
    // As everything else that uses OpenSSL; curl's library does not ask for it by itself.
    if (const char* own = ::getenv("SSL_CERT_FILE"); own != nullptr && *own != '\0') {
        library.easy_setopt(curl, CURLOPT_CAINFO, own);
    }
    library.easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    library.easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &guard);
    library.easy_setopt(curl, CURLOPT_USERAGENT, "ops-agent");
}

// The url may hold a token (a webhook's often does), so only the host is told.
static std::string place_of(const std::string& url) {
    const size_t scheme = url.find("://");
    const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
    const std::string host = url.substr(begin, end - begin);
    const size_t at = host.rfind('@');
    return "'" + printable(at == std::string::npos ? host : host.substr(at + 1), Lines::flatten) +
           "'";
}

static Error failure(const std::string& url, CURLcode code, const char* words, const Guard& guard) {
    const Curl& library = curl_library();
    const std::string doing = "reach " + place_of(url) + ": ";
    if (!guard.refused.empty()) {
        return {Fault::denied, doing + "the address " + guard.refused +
                                   " is link-local or gives a cloud's metadata, which is refused"};
    }
    std::string text = words[0] != '\0' ? words : library.easy_strerror(code);
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return {fault_of(code), doing + text};
}

static bool breaks_lines(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

CurlHttp::CurlHttp(LinkLocal link_local) : link_local_(link_local) {}

Result<HttpReply> CurlHttp::send(const HttpRequest& request) {
    if (breaks_lines(request.method) || breaks_lines(request.url)) {
        return Error{Fault::invalid, "http: the method or the url holds a line break"};
    }
    const Curl& library = curl_library();
    TRY(library.is_loaded());
    const Easy curl(library.easy_init(), library.easy_cleanup);
    if (curl == nullptr) return Error{Fault::unavailable, "http: curl could not be set up"};
    Guard guard{link_local_, ""};
    std::array<char, CURL_ERROR_SIZE> words{};
    set_up(curl.get(), request.url, request.time_limit, guard, words.data());
    library.easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    if (request.stall_limit.count() > 0) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.stall_limit);
        library.easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes a second
        library.easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(seconds.count()));
    }
    library.easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.method == "HEAD") library.easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
    const bool has_body = !request.body.empty() || request.method == "POST" ||
                          request.method == "PUT" || request.method == "PATCH";
    if (has_body) {
        library.easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                            static_cast<curl_off_t>(request.body.size()));
        library.easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.data());
    }
    // Curl would wait a second for "100 Continue" before larger bodies, and says what kind the body
    // is without being asked.
    List headers(library.slist_append(nullptr, "Expect:"), library.slist_free_all);
    const auto add = [&](const std::string& line) {
        curl_slist* longer = library.slist_append(headers.get(), line.c_str());
        if (longer == nullptr) return;
        (void)headers.release();  // it is the head of the longer one
        headers.reset(longer);
    };
    bool says_type = false;
    for (const auto& [name, value] : request.headers) {
        if (breaks_lines(name) || breaks_lines(value)) {
            return Error{Fault::invalid, "http: header '" + printable(name, Lines::flatten) +
                                             "' holds a line break"};
        }
        says_type = says_type || to_lower(name) == "content-type";
        add(value.empty() ? name + ";" : name + ": " + value);
    }
    if (!says_type) add("Content-Type:");
    library.easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    Incoming incoming;
    library.easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, take_header);
    library.easy_setopt(curl.get(), CURLOPT_HEADERDATA, &incoming);
    library.easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_body);
    library.easy_setopt(curl.get(), CURLOPT_WRITEDATA, &incoming);
    const CURLcode code = library.easy_perform(curl.get());
    if (incoming.too_large) {
        return Error{Fault::timeout,
                     "reach " + place_of(request.url) + ": the reply is over 1 MiB"};
    }
    if (code != CURLE_OK) {
        Error error = failure(request.url, code, words.data(), guard);
        long asked = 0;  // bytes of requests
        library.easy_getinfo(curl.get(), CURLINFO_REQUEST_SIZE, &asked);
        // An answer that is no HTTP has the code of a url that is none.
        if (code == CURLE_UNSUPPORTED_PROTOCOL && asked > 0) error.fault = Fault::timeout;
        return error;
    }
    long status = 0;
    library.easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    incoming.reply.status = static_cast<int>(status);
    return std::move(incoming.reply);
}

Result<> CurlHttp::prepare() { return curl_library().is_loaded(); }

// --- mail
// -------------------------------------------------------------------------------------------

namespace {

// What the server said. Curl waits for the answer to each command, so one belongs to the last.
struct Talk {
    std::string receiver;              // asked for, not answered
    std::string last;                  // answer, "550 no such user"
    std::vector<std::string> refused;  // "a@example.com: 550 no such user"
    bool is_wanted_later = false;      // a receiver was put off
    bool is_over = false;              // what is said to QUIT is of no interest
};

constexpr size_t kMostSaid = 200;

}  // namespace

static int listen_in(CURL*, curl_infotype kind, char* at, size_t size, void* given) {
    auto* talk = static_cast<Talk*>(given);
    const std::string_view line = trim({at, size});
    constexpr std::string_view kReceiver = "RCPT TO:<";
    if (talk->is_over) return 0;
    if (kind == CURLINFO_HEADER_OUT) {
        talk->is_over = line == "QUIT";
        talk->receiver.clear();
        if (line.starts_with(kReceiver)) {
            talk->receiver = line.substr(kReceiver.size(), line.rfind('>') - kReceiver.size());
        }
    }
    // "250-SIZE" is not the end of an answer.
    if (kind != CURLINFO_HEADER_IN || line.size() < 3 || (line.size() > 3 && line[3] == '-')) {
        return 0;
    }
    talk->last = printable(clip_end(line, kMostSaid), Lines::flatten);
    if (!talk->receiver.empty() && (line[0] == '4' || line[0] == '5')) {
        talk->is_wanted_later = talk->is_wanted_later || line[0] == '4';
        talk->refused.push_back(talk->receiver + ": " + talk->last);
    }
    talk->receiver.clear();
    return 0;
}

// By the server's answer, where it was one: curl's own codes do not tell "later" from "never".
static Error mail_failure(const std::string& url, CURLcode code, const char* words,
                          const Guard& guard, const Talk& talk) {
    Error error = failure(url, code, words, guard);
    if (code == CURLE_OPERATION_TIMEDOUT || talk.last.empty()) return error;
    const bool is_later = talk.is_wanted_later || talk.last[0] == '4';
    if (!is_later && talk.last[0] != '5') return error;
    error.fault = is_later ? Fault::unavailable : Fault::denied;
    const std::string said = talk.refused.empty() ? talk.last : join(talk.refused, ", ");
    error.message = "reach " + place_of(url) + ": the server said " + said;
    return error;
}

CurlMail::CurlMail(LinkLocal link_local) : link_local_(link_local) {}

Result<> CurlMail::prepare() { return curl_library().is_loaded(); }

Result<MailTaken> CurlMail::send(const MailMessage& message) {
    // Each goes into a line of the protocol.
    for (const std::string& address : message.to) {
        if (breaks_lines(address) || address.empty()) {
            return Error{Fault::invalid, "mail: an address is empty or holds a line break"};
        }
    }
    if (message.to.empty() || breaks_lines(message.from) || breaks_lines(message.smtp_url)) {
        return Error{Fault::invalid, "mail: no receiver, or a line break in the sender"};
    }
    const Curl& library = curl_library();
    TRY(library.is_loaded());
    const Easy curl(library.easy_init(), library.easy_cleanup);
    if (curl == nullptr) return Error{Fault::unavailable, "mail: curl could not be set up"};
    Guard guard{link_local_, ""};
    std::array<char, CURL_ERROR_SIZE> words{};
    set_up(curl.get(), message.smtp_url, message.time_limit, guard, words.data());
    library.easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    // A password does not travel in clear, whatever the server offers.
    const bool is_encrypted = message.require_tls || !message.user.empty();
    library.easy_setopt(curl.get(), CURLOPT_USE_SSL,
                        static_cast<long>(is_encrypted ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    // Mail servers encrypt with certificates that they made themselves (Debian's do), and whoever
    // could forge one could as well leave the encryption out. So it counts only where it is wanted.
    const bool is_checked = is_encrypted || message.smtp_url.starts_with("smtps://");
    if (!is_checked) {
        library.easy_setopt(curl.get(), CURLOPT_SSL_VERIFYPEER, 0L);
        library.easy_setopt(curl.get(), CURLOPT_SSL_VERIFYHOST, 0L);
    }
    Talk talk;
    library.easy_setopt(curl.get(), CURLOPT_VERBOSE, 1L);
    library.easy_setopt(curl.get(), CURLOPT_DEBUGFUNCTION, listen_in);
    library.easy_setopt(curl.get(), CURLOPT_DEBUGDATA, &talk);
    if (!message.user.empty()) {
        library.easy_setopt(curl.get(), CURLOPT_USERNAME, message.user.c_str());
        library.easy_setopt(curl.get(), CURLOPT_PASSWORD, message.password.c_str());
    }
    library.easy_setopt(curl.get(), CURLOPT_MAIL_FROM, ("<" + message.from + ">").c_str());
    List receivers(nullptr, library.slist_free_all);
    for (const std::string& address : message.to) {
        curl_slist* longer = library.slist_append(receivers.get(), ("<" + address + ">").c_str());
        if (longer == nullptr) return Error{Fault::unavailable, "mail: no memory"};
        (void)receivers.release();  // it is the head of the longer one
        receivers.reset(longer);
    }
    library.easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, receivers.get());
    library.easy_setopt(curl.get(), CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    Outgoing outgoing{message.text};
    library.easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    library.easy_setopt(curl.get(), CURLOPT_READFUNCTION, give_text);
    library.easy_setopt(curl.get(), CURLOPT_READDATA, &outgoing);
    library.easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE,
                        static_cast<curl_off_t>(message.text.size()));
    const CURLcode code = library.easy_perform(curl.get());
    if (code != CURLE_OK) {
        return mail_failure(message.smtp_url, code, words.data(), guard, talk);
    }
    return MailTaken{std::move(talk.refused)};
}

}  // namespace ops
