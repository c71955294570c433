// NetFlight: one HTTP or TCP ask over the network, from its start to its answer. It never blocks;
// the loop that owns it says when its socket is ready or its time has come.
//
// System calls decide what a check costs, so there are few: connect, send, recv twice and the
// connect that makes the socket as new (SpareSockets) for a plain HTTP check that is answered in
// one piece by a service that closes. On the loopback the connection stands when
// connect() returns (as it says EINPROGRESS all the same), so the request is sent at once. The
// answer is looked for once, a moment later, and only if it is not there yet epoll is told to wait
// for it.
//
// An Error says whose it is: Fault::denied is our own (a right we do not have, a limit that is
// reached, a name server that is silent, no authorities to judge a certificate by), so nothing was
// seen of the other side. Fault::corrupt is a certificate that is not good, Fault::not_found a name
// that does not exist.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/descriptor.h"
#include "io/http_exchange.h"
#include "io/name_cache.h"
#include "io/prepared_question.h"
#include "io/spare_sockets.h"
#include "io/tls_stream.h"

namespace ops {

int64_t monotonic_ns();

class NetFlight {
public:
    // What all flights of a loop share.
    struct Shared {
        int epoll;
        Clock& clock;
        TlsContext tls;
        std::vector<char> buffer;
        SpareSockets sockets{};
        std::string spare_text{};  // of a request that was sent: its memory
    };
    enum class Step { waiting, needs_name, done };

    // Requires: the question is PreparedHttp or PreparedTcp. `tag` comes back from epoll.
    NetFlight(std::shared_ptr<const PreparedQuestion> question, Duration time_limit, uint64_t tag,
              Shared& shared);
    NetFlight(const NetFlight&) = delete;
    NetFlight& operator=(const NetFlight&) = delete;

    Step start();
    Step resolved(const Addresses& addresses);  // after needs_name
    Step ready();
    // Waits for an answer that nobody is told of: ready() is to be called soon, or watch().
    bool is_unwatched() const { return state_ == State::receiving && !listens_; }
    void watch();
    Step expired();  // deadline() has come: the next address, or the end
    int64_t deadline() const { return deadline_; }
    int64_t last_moment() const { return last_moment_; }
    bool is_naming() const { return state_ == State::naming; }

    std::string name() const;  // that must be looked up
    // When done.
    Result<Answer> take_answer() { return std::move(answer_); }
    std::optional<Time> certificate_expires() const { return certificate_expires_; }
    bool found_nobody() const { return !ever_connected_; }

private:
    enum class State { naming, connecting, shaking, sending, receiving };

    const PreparedHttp* http() const;
    const PreparedTcp* tcp() const;
    bool is_tls() const;
    std::string peer() const;  // for messages
    Duration since_begin() const;

    Step begin_hop();
    Step connect_next();
    int open_socket();       // 0, or the errno
    Step go_on_connected();  // after connect() was called: send at once, or wait
    Step check_connected();
    Step shake_hands();
    Step send_request();
    Step receive();
    Step take(std::string_view bytes);
    Step take_end();
    Step finish_http(Duration total);
    Step finish_tcp();
    void end_connection();
    Step follow(const Url& to, int status);
    Step try_next_address(int number);
    Step fail(Fault fault, std::string message);
    void listen(uint32_t events);
    long receive_some(int& number);

    std::shared_ptr<const PreparedQuestion> question_;
    std::unique_ptr<PreparedHttp> hop_;  // where a redirect led
    Shared& shared_;
    const uint64_t tag_;
    const Duration time_limit_;
    const int64_t began_;
    const int64_t last_moment_;
    int64_t deadline_;

    State state_ = State::naming;
    bool listens_ = false, is_edge_ = false, ever_connected_ = false;
    Descriptor socket_;
    std::unique_ptr<TlsStream> tls_;
    std::vector<SocketAddress> addresses_;
    size_t next_address_ = 0;
    int redirects_left_ = 0;
    std::string request_;
    size_t sent_ = 0;
    std::optional<HttpReplyReader> reader_;
    TcpAnswer tcp_answer_;
    HttpPhases phases_;
    std::optional<Time> certificate_expires_;
    Result<Answer> answer_ = Error{Fault::unavailable, "not asked yet"};
};

}  // namespace ops
