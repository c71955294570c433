#include "io/net_flight.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/assert.h"
#include "base/units.h"
#include "io/system_error.h"

namespace ops {

using namespace std::chrono_literals;

static constexpr int64_t kMillisecond = 1'000'000;

int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

NetFlight::NetFlight(std::shared_ptr<const PreparedQuestion> question, Duration time_limit,
                     uint64_t tag, Shared& shared)
    : question_(std::move(question)),
      shared_(shared),
      tag_(tag),
      time_limit_(time_limit),
      began_(monotonic_ns()),
      last_moment_(began_ + time_limit.count() * kMillisecond),
      deadline_(last_moment_) {}

const PreparedHttp* NetFlight::http() const {
    return hop_ != nullptr ? hop_.get() : std::get_if<PreparedHttp>(question_.get());
}

const PreparedTcp* NetFlight::tcp() const { return std::get_if<PreparedTcp>(question_.get()); }

bool NetFlight::is_tls() const {
    return http() != nullptr && http()->url.scheme() == Url::Scheme::https;
}

std::string NetFlight::name() const {
    return http() != nullptr ? std::string(http()->url.host()) : tcp()->ask->host;
}

std::string NetFlight::peer() const {
    if (http() != nullptr && http()->url.scheme() == Url::Scheme::unix_socket) {
        return "'" + std::string(http()->url.socket_path()) + "'";
    }
    if (next_address_ == 0 || next_address_ > addresses_.size()) return "'" + name() + "'";
    const std::string address = addresses_[next_address_ - 1].print();
    const bool is_literal =
        http() != nullptr ? http()->literal.has_value() : tcp()->literal.has_value();
    return is_literal ? address : "'" + name() + "' (" + address + ")";
}

Duration NetFlight::since_begin() const {
    return Duration((monotonic_ns() - began_ + kMillisecond / 2) / kMillisecond);
}

NetFlight::Step NetFlight::fail(Fault fault, std::string message) {
    answer_ = Error{fault, std::move(message)};
    tls_.reset();
    socket_.reset();
    return Step::done;
}

NetFlight::Step NetFlight::start() {
    ASSERT(http() != nullptr || tcp() != nullptr);
    if (http() != nullptr) redirects_left_ = http()->ask->max_redirects;
    return begin_hop();
}

NetFlight::Step NetFlight::begin_hop() {
    tls_.reset();
    socket_.reset();
    state_ = State::naming;
    deadline_ = last_moment_;
    sent_ = 0;
    next_address_ = 0;
    addresses_.clear();
    const std::optional<SocketAddress>* literal = nullptr;
    if (http() != nullptr) {
        phases_ = {};
        request_ = std::move(shared_.spare_text);
        write_request(*http()->ask, http()->url, request_);
        reader_.emplace(*http()->ask);
        if (http()->url.scheme() == Url::Scheme::unix_socket) return connect_next();
        literal = &http()->literal;
    } else {
        request_ = tcp()->ask->send;
        literal = &tcp()->literal;
    }
    if (!literal->has_value()) return Step::needs_name;
    addresses_.push_back(**literal);
    return connect_next();
}

NetFlight::Step NetFlight::resolved(const Addresses& addresses) {
    phases_.dns = since_begin();
    if (!addresses.ok()) return fail(addresses.error().fault, addresses.error().message);
    addresses_ = addresses.value();
    const uint16_t port = http() != nullptr ? http()->url.port() : tcp()->ask->port;
    for (SocketAddress& address : addresses_) address.set_port(port);
    return connect_next();
}

static std::string out_of_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return "open a socket: the limit of " + std::to_string(limit.rlim_cur) +
           " open files (RLIMIT_NOFILE) is reached";
}

int NetFlight::open_socket() {
    listens_ = false;
    const bool is_unix = http() != nullptr && http()->url.scheme() == Url::Scheme::unix_socket;
    socket_ = is_unix ? Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
                      : shared_.sockets.take(addresses_[next_address_].family());
    ++next_address_;
    if (!socket_.is_open()) return errno;
    int result = 0;
    if (is_unix) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string_view path = http()->url.socket_path();
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        result =
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        const SocketAddress& address = addresses_[next_address_ - 1];
        result = ::connect(socket_.get(), address.get(), address.size());
    }
    return result == 0 || errno == EINPROGRESS ? 0 : errno;
}

NetFlight::Step NetFlight::connect_next() {
    state_ = State::connecting;
    const int number = open_socket();
    if (number == EMFILE || number == ENFILE) return fail(Fault::denied, out_of_descriptors());
    if (number == EADDRNOTAVAIL) {
        return fail(Fault::denied, "connect to " + peer() +
                                       ": no local port is free (all of them wait out "
                                       "earlier connections)");
    }
    if (number != 0) return try_next_address(number);
    // With more addresses to come none may use up all the time.
    const size_t left = addresses_.size() - std::min(next_address_, addresses_.size());
    deadline_ = last_moment_;
    if (left > 0) {
        const int64_t now = monotonic_ns();
        const int64_t share = (last_moment_ - now) / static_cast<int64_t>(left + 1);
        deadline_ = now + std::min(share, 2000 * kMillisecond);
    }
    return go_on_connected();
}

// What our own machine forbids (a socket's mode, a rule of its firewall) or has no memory for says
// nothing of the other side.
static Fault fault_of_connecting(int number) {
    switch (number) {
        case ETIMEDOUT: return Fault::timeout;
        case EACCES:
        case EPERM:
        case ENOBUFS:
        case ENOMEM: return Fault::denied;
        default: return Fault::unavailable;
    }
}

NetFlight::Step NetFlight::try_next_address(int number) {
    const std::string message = "connect to " + peer() + ": " + system_words(number);
    if (next_address_ < addresses_.size()) {
        socket_.reset();
        return connect_next();
    }
    return fail(fault_of_connecting(number), message);
}

// One registration for the life of a socket: while it connects for everything and edge-triggered,
// so that it needs no change later; once the request is out only for what comes in.
void NetFlight::listen(uint32_t events) {
    if (listens_) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag_;
    is_edge_ = (events & EPOLLET) != 0;
    ASSERT(::epoll_ctl(shared_.epoll, EPOLL_CTL_ADD, socket_.get(), &event) == 0);
    listens_ = true;
}

NetFlight::Step NetFlight::go_on_connected() {
    // Nothing to send: only epoll says whether the connection stands. TLS: its library writes at
    // once.
    if (is_tls() || request_.empty()) {
        if (is_tls()) {
            const int on = 1;
            ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        listen(EPOLLIN | EPOLLOUT | EPOLLET);
        return Step::waiting;
    }
    return send_request();
}

NetFlight::Step NetFlight::ready() {
    switch (state_) {
        case State::naming: return Step::waiting;
        case State::connecting: return check_connected();
        case State::shaking: return shake_hands();
        case State::sending: return send_request();
        case State::receiving: return receive();
    }
    return Step::waiting;
}

NetFlight::Step NetFlight::check_connected() {
    if (!is_tls() && !request_.empty()) return send_request();
    int number = 0;
    socklen_t size = sizeof number;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return try_next_address(number);
    ever_connected_ = true;
    deadline_ = last_moment_;
    phases_.connect = since_begin();
    if (is_tls()) {
        state_ = State::shaking;
        tls_ = std::make_unique<TlsStream>(shared_.tls, socket_.get(), name());
        return shake_hands();
    }
    if (tcp()->ask->read_up_to == 0) return finish_tcp();
    state_ = State::receiving;
    return receive();
}

NetFlight::Step NetFlight::shake_hands() {
    switch (tls_->handshake()) {
        case TlsStream::State::blocked: return Step::waiting;
        case TlsStream::State::closed:
        case TlsStream::State::failed:
            return fail(tls_->get() != nullptr ? Fault::unavailable : Fault::denied,
                        "tls handshake with " + peer() + ": " + tls_->failure());
        case TlsStream::State::done: break;
    }
    phases_.tls = since_begin();
    certificate_expires_ = tls_->certificate_expires();
    if (http()->ask->verify_tls) {
        const Result<> good = tls_->verify(shared_.clock.now());
        if (!good.ok()) return fail(good.error().fault, good.error().message);
    }
    state_ = State::sending;
    return send_request();
}

NetFlight::Step NetFlight::send_request() {
    while (sent_ < request_.size()) {
        const std::string_view rest = std::string_view(request_).substr(sent_);
        size_t wrote = 0;
        if (tls_ != nullptr) {
            const TlsStream::State state = tls_->write(rest, wrote);
            if (state == TlsStream::State::blocked) return Step::waiting;
            if (state != TlsStream::State::done) break;  // why is told by what comes back, or not
        } else {
            const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) {
                listen(EPOLLIN | EPOLLOUT | EPOLLET);
                return Step::waiting;
            }
            if (sent < 0 && state_ == State::connecting) return try_next_address(errno);
            if (sent < 0) break;
            wrote = static_cast<size_t>(sent);
        }
        if (state_ == State::connecting) {
            state_ = State::sending;
            ever_connected_ = true;
            deadline_ = last_moment_;
            phases_.connect = since_begin();
        }
        sent_ += wrote;
    }
    state_ = State::receiving;
    if (tcp() == nullptr) shared_.spare_text = std::move(request_);
    request_ = std::string();
    if (tcp() != nullptr && tcp()->ask->read_up_to == 0) return finish_tcp();
    return listens_ ? receive() : Step::waiting;
}

void NetFlight::watch() {
    ASSERT(is_unwatched());
    listen(EPOLLIN);
}

// How many bytes came; 0 at the end of the stream; below 0 with an errno, EAGAIN for "not now".
long NetFlight::receive_some(int& number) {
    if (tls_ == nullptr) {
        const ssize_t got = ::recv(socket_.get(), shared_.buffer.data(), shared_.buffer.size(), 0);
        number = errno;
        return got;
    }
    size_t got = 0;
    switch (tls_->read(shared_.buffer.data(), shared_.buffer.size(), got)) {
        case TlsStream::State::done: return static_cast<long>(got);
        case TlsStream::State::closed: return 0;
        case TlsStream::State::blocked: number = EAGAIN; return -1;
        case TlsStream::State::failed: number = EPROTO; return -1;
    }
    return -1;
}

NetFlight::Step NetFlight::receive() {
    while (true) {
        int number = 0;
        const long got = receive_some(number);
        if (got < 0 && number == EINTR) continue;
        if (got < 0 && number == EAGAIN) return Step::waiting;
        if (got < 0) {
            const std::string why = tls_ != nullptr ? tls_->failure() : system_words(number);
            return fail(Fault::unavailable, "read the reply of " + peer() + ": " + why);
        }
        if (got == 0) return take_end();
        if (phases_.first_byte == Duration(0)) phases_.first_byte = since_begin();
        const size_t size = static_cast<size_t>(got);
        const Step step = take({shared_.buffer.data(), size});
        if (step != Step::waiting) return step;
        // The kernel tells again what is left unread, unless it tells edges only.
        if (!is_edge_ && size < shared_.buffer.size()) return Step::waiting;
        if (!socket_.is_open() || state_ != State::receiving) return Step::waiting;  // redirected
    }
}

NetFlight::Step NetFlight::take(std::string_view bytes) {
    if (tcp() != nullptr) {
        const size_t room = tcp()->ask->read_up_to - tcp_answer_.bytes.size();
        tcp_answer_.bytes.append(bytes.substr(0, room));
        return tcp_answer_.bytes.size() == tcp()->ask->read_up_to ? finish_tcp() : Step::waiting;
    }
    switch (reader_->feed(bytes)) {
        case HttpReplyReader::State::more: return Step::waiting;
        case HttpReplyReader::State::done: return finish_http(since_begin());
        case HttpReplyReader::State::failed:
            return fail(Fault::unavailable, "reply of " + peer() + ": " + reader_->failure());
    }
    return Step::waiting;
}

NetFlight::Step NetFlight::take_end() {
    if (tcp() != nullptr) {
        // Something came: the check judges it. Nothing: the service is not there behind its port.
        if (!tcp_answer_.bytes.empty()) return finish_tcp();
        return fail(Fault::unavailable, "reply of " + peer() + ": closed without a byte");
    }
    if (reader_->end() == HttpReplyReader::State::done) return finish_http(since_begin());
    return fail(Fault::unavailable, "reply of " + peer() + ": " + reader_->failure());
}

NetFlight::Step NetFlight::finish_tcp() {
    tcp_answer_.connect = phases_.connect;
    answer_ = Answer(std::move(tcp_answer_));
    socket_.reset();
    return Step::done;
}

static bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

NetFlight::Step NetFlight::finish_http(Duration total) {
    HttpAnswer& reply = reader_->answer();
    if (is_redirect(reply.status) && redirects_left_ > 0) {
        const auto location =
            std::find_if(reply.headers.begin(), reply.headers.end(),
                         [](const auto& header) { return header.first == "location"; });
        if (location != reply.headers.end()) {
            const std::optional<Url> to = http()->url.follow(location->second);
            if (to) return follow(*to, reply.status);
        }
    }
    phases_.total = total;
    reply.phases = phases_;
    reply.certificate_expires = certificate_expires_;
    reply.final_url = http()->url.text();
    answer_ = Answer(std::move(reply));
    end_connection();
    return Step::done;
}

// Whoever answered in one piece has mostly closed too, so that its socket can be used again.
void NetFlight::end_connection() {
    const bool is_plain_tcp = tls_ == nullptr && !addresses_.empty();
    tls_.reset();
    if (is_plain_tcp && !listens_) {
        shared_.sockets.give(std::move(socket_), addresses_[next_address_ - 1].family());
    }
    socket_.reset();
}

NetFlight::Step NetFlight::follow(const Url& to, int status) {
    --redirects_left_;
    auto next = std::make_unique<PreparedHttp>();
    HttpAsk ask = *http()->ask;
    if (status != 307 && status != 308 && ask.method != "HEAD") {
        ask.method = "GET";
        ask.body.clear();
    }
    next->ask = std::make_shared<const HttpAsk>(std::move(ask));
    next->url = to;
    if (to.scheme() != Url::Scheme::unix_socket) {
        next->literal = SocketAddress::literal(to.host(), to.port());
    }
    hop_ = std::move(next);
    return begin_hop();
}

NetFlight::Step NetFlight::expired() {
    if (monotonic_ns() < last_moment_) {
        if (state_ == State::connecting) return try_next_address(ETIMEDOUT);
        deadline_ = last_moment_;
        return Step::waiting;
    }
    const std::string limit = format_duration(time_limit_);
    switch (state_) {
        case State::naming:
            return fail(Fault::denied, "look up '" + name() + "': no answer in " + limit);
        case State::connecting:
            return fail(Fault::timeout, "connect to " + peer() + ": no answer in " + limit);
        case State::shaking:
            return fail(Fault::timeout, "tls handshake with " + peer() + ": no end in " + limit);
        case State::sending:
            return fail(Fault::timeout, "send to " + peer() + ": not taken in " + limit);
        case State::receiving: break;
    }
    if (http() != nullptr && reader_->is_endless()) {
        reader_->answer().body_cut = true;
        return finish_http(phases_.first_byte);
    }
    const bool begun = tcp() != nullptr ? !tcp_answer_.bytes.empty() : reader_->has_begun();
    return fail(Fault::timeout, "reply of " + peer() +
                                    (begun ? ": began but did not end in " : ": nothing came in ") +
                                    limit);
}

}  // namespace ops
