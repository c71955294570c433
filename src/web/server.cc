#include "web/server.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"

namespace ops {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr size_t kMaxConnections = 256;
constexpr uint32_t kMaxHeader = 16 * 1024;
constexpr uint64_t kMaxBody = 1024 * 1024;
constexpr auto kRequestTime = std::chrono::seconds(10);
constexpr auto kIdleTime = std::chrono::seconds(30);
constexpr auto kFarewell = std::chrono::seconds(2);
constexpr size_t kMaxStreams = 32;
constexpr size_t kMostBehind = 1024 * 1024;
constexpr auto kSignOfLife = std::chrono::seconds(15);  // proxies cut what is silent for a minute

struct ListenAddress {
    tcp::endpoint endpoint;
};

Result<tcp::endpoint> parse_listen(const std::string& listen) {
    const size_t colon = listen.rfind(':');
    if (colon == std::string::npos) {
        return Error{Fault::invalid, "listen '" + listen + "' is not ADDRESS:PORT"};
    }
    std::string host = listen.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(host, bad);
    const std::string port = listen.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos;
    if (bad || !digits || std::stoul(port) > 65535) {
        return Error{Fault::invalid, "listen '" + listen + "' is not ADDRESS:PORT"};
    }
    return tcp::endpoint(address, static_cast<uint16_t>(std::stoul(port)));
}

std::string as_host(const asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    const asio::ip::address_v6 six = address.to_v6();
    if (six.is_v4_mapped()) {  // who listens on [::] takes both
        return asio::ip::make_address_v4(asio::ip::v4_mapped, six).to_string();
    }
    return "[" + six.to_string() + "]";
}

}  // namespace

// One connection at a time handles one request: read, hand on, wait for the reply, write, again.
class Server::Loop {
public:
    Loop(Deliver deliver) : deliver_(std::move(deliver)), acceptor_(context_) {}

    Result<> listen(const std::string& where) {
        const tcp::endpoint endpoint = TRY(parse_listen(where));
        boost::system::error_code bad;
        acceptor_.open(endpoint.protocol(), bad);
        if (!bad) acceptor_.set_option(asio::socket_base::reuse_address(true), bad);
        if (!bad) acceptor_.bind(endpoint, bad);
        if (!bad) acceptor_.listen(asio::socket_base::max_listen_connections, bad);
        if (bad == asio::error::address_in_use) {
            return Error{
                Fault::unavailable,
                "listen on '" + where +
                    "': another program listens there, perhaps another ops-agent: stop it, "
                    "or change agent: listen"};
        }
        if (bad) return Error{Fault::unavailable, "listen on '" + where + "': " + bad.message()};
        port_ = acceptor_.local_endpoint(bad).port();
        accept();
        show_life();
        thread_ = std::thread([this] { context_.run(); });
        return {};
    }

    ~Loop() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }

    void reply(uint64_t id, WebReply reply) {
        asio::post(context_, [this, id, reply = std::move(reply)]() mutable {
            const auto found = connections_.find(id);
            if (found == connections_.end()) return;
            if (reply.stays_open) return stay_open(found->second, std::move(reply));
            write(found->second, std::move(reply));
        });
    }

    void publish(std::string text) {
        if (streams_ == 0) return;
        asio::post(context_, [this, text = std::move(text)] { tell_streams(text); });
    }

    uint16_t port() const { return port_; }

private:
    struct Connection {
        Connection(uint64_t number, tcp::socket socket) : id(number), stream(std::move(socket)) {}
        uint64_t id;
        beast::tcp_stream stream;
        beast::flat_buffer buffer{kMaxHeader + kMaxBody};
        std::optional<http::request_parser<http::string_body>> parser;
        http::response<http::string_body> response;
        bool from_loopback = false;
        std::string local_address;
        bool waiting = false;  // for the reply of the deciding thread
        bool is_stream = false;
        bool is_written = false;          // a reply is on its way
        bool ends = false;                // with this reply: what comes next on it cannot be read
        std::string being_sent, to_send;  // of a stream
        std::array<char, 512> unread{};
    };
    using Held = std::shared_ptr<Connection>;  // shared with the handlers in flight, Asio's idiom

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code bad, tcp::socket socket) {
            if (!bad) make_room();
            if (!bad && connections_.size() < kMaxConnections) {
                boost::system::error_code ignored;
                const auto peer = socket.remote_endpoint(ignored).address();
                const auto socket_address = socket.local_endpoint(ignored).address();
                auto connection = std::make_shared<Connection>(++last_id_, std::move(socket));
                connection->from_loopback = peer.is_loopback();
                connection->local_address = as_host(socket_address);
                connections_[connection->id] = connection;
                read(connection, kRequestTime);
            }
            if (bad != asio::error::operation_aborted) accept();
        });
    }

    // Whoever holds connections open and asks nothing may not keep out who has something to ask.
    void make_room() {
        if (connections_.size() < kMaxConnections) return;
        const auto idle =
            std::find_if(connections_.begin(), connections_.end(), [](const auto& one) {
                return !one.second->waiting && !one.second->is_stream && !one.second->is_written;
            });
        if (idle == connections_.end()) return;
        idle->second->stream.close();
        connections_.erase(idle);
    }

    void drop(const Held& connection) {
        if (std::exchange(connection->is_stream, false)) {
            --streams_;
            connection->stream.close();  // its read has no end of its own
        }
        connections_.erase(connection->id);
    }

    // --- connections that stay open ---

    void stay_open(const Held& connection, WebReply reply) {
        if (!connection->waiting) return;
        if (streams_ >= kMaxStreams) {
            return write(connection, problem(503, "too many listen to events already"));
        }
        connection->waiting = false;
        connection->is_stream = true;
        ++streams_;
        connection->stream.expires_never();
        watch_for_end(connection);
        send(connection, "HTTP/1.1 200 OK\r\nContent-Type: " + reply.type +
                             "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                             "Connection: close\r\n\r\n" +
                             reply.body);
    }

    void watch_for_end(const Held& connection) {
        connection->stream.async_read_some(asio::buffer(connection->unread),
                                           [this, connection](beast::error_code bad, size_t) {
                                               if (bad) return drop(connection);
                                               watch_for_end(connection);
                                           });
    }

    void send(const Held& connection, std::string_view text) {
        const size_t behind = connection->being_sent.size() + connection->to_send.size();
        if (behind > kMostBehind) return drop(connection);
        connection->to_send += text;
        if (connection->being_sent.empty()) send_next(connection);
    }

    void send_next(const Held& connection) {
        connection->being_sent = std::exchange(connection->to_send, {});
        if (connection->being_sent.empty()) return;
        asio::async_write(connection->stream, asio::buffer(connection->being_sent),
                          [this, connection](beast::error_code bad, size_t) {
                              if (bad) return drop(connection);
                              send_next(connection);
                          });
    }

    void tell_streams(std::string_view text) {
        std::vector<Held> streams;  // sending may drop one
        for (const auto& [id, connection] : connections_) {
            if (connection->is_stream) streams.push_back(connection);
        }
        for (const Held& connection : streams) send(connection, text);
    }

    void show_life() {
        timer_.expires_after(kSignOfLife);
        timer_.async_wait([this](boost::system::error_code bad) {
            if (bad) return;
            tell_streams(":\n\n");
            show_life();
        });
    }

    void read(const Held& connection, std::chrono::seconds limit) {
        connection->parser.emplace();
        connection->parser->header_limit(kMaxHeader);
        connection->parser->body_limit(kMaxBody);
        connection->stream.expires_after(limit);
        http::async_read_header(connection->stream, connection->buffer, *connection->parser,
                                [this, connection](beast::error_code bad, size_t) {
                                    if (bad) return not_read(connection, bad);
                                    go_on(connection);
                                });
    }

    // Whoever asks whether the body is wanted would else wait a while before it sends one.
    void go_on(const Held& connection) {
        constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto& message = connection->parser->get();
        const auto expects = message[http::field::expect];
        const bool asks = message.version() >= 11 && !connection->parser->is_done() &&
                          to_lower({expects.data(), expects.size()}) == "100-continue";
        if (!asks) return read_body(connection);
        asio::async_write(connection->stream, asio::buffer(kGoOn),
                          [this, connection](beast::error_code bad, size_t) {
                              if (bad) return drop(connection);
                              read_body(connection);
                          });
    }

    void read_body(const Held& connection) {
        http::async_read(connection->stream, connection->buffer, *connection->parser,
                         [this, connection](beast::error_code bad, size_t) {
                             if (bad) return not_read(connection, bad);
                             hand_on(connection);
                         });
    }

    void not_read(const Held& connection, const beast::error_code& bad) {
        if (bad == http::error::body_limit) {
            refuse(connection, problem(413, "body over 1 MiB"));
        } else if (bad == http::error::header_limit) {
            refuse(connection, problem(431, "address and headers over 16 KiB"));
        } else if (is_no_http(bad)) {
            refuse(connection, problem(400, "this is no HTTP: " + bad.message()));
        } else {
            drop(connection);
        }
    }

    static bool is_no_http(const beast::error_code& bad) {
        return bad.category() == beast::error_code(http::error::bad_method).category() &&
               bad != http::error::end_of_stream && bad != http::error::partial_message;
    }

    void refuse(const Held& connection, WebReply reply) {
        connection->waiting = true;
        connection->ends = true;
        write(connection, std::move(reply));
    }

    // To close while more comes in would take back the reply that says why.
    void read_to_end(const Held& connection) {
        boost::system::error_code ignored;
        connection->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
        connection->stream.expires_after(kFarewell);
        watch_for_end(connection);
    }

    void hand_on(const Held& connection) {
        const auto& message = connection->parser->get();
        connection->waiting = true;
        connection->stream.expires_never();
        const auto target =
            parse_target(std::string_view(message.target().data(), message.target().size()));
        if (!target) return write(connection, problem(400, "the request's path cannot be decoded"));
        WebRequest request;
        request.connection = connection->id;
        request.method = std::string(message.method_string());
        request.path = target->path;
        request.query = target->query;
        request.body = message.body();
        request.from_loopback = connection->from_loopback;
        request.local_address = connection->local_address;
        for (const auto& field : message) {
            request.headers.emplace_back(
                to_lower({field.name_string().data(), field.name_string().size()}),
                std::string(field.value()));
        }
        if (!deliver_(std::move(request))) {
            write(connection, problem(503, "too busy, try again in a moment"));
        }
    }

    void write(const Held& connection, WebReply reply) {
        if (!connection->waiting) return;  // a second reply to one request
        connection->waiting = false;
        const auto& request = connection->parser->get();
        const bool head = request.method() == http::verb::head;
        const bool keep = request.keep_alive() && !connection->ends;
        connection->is_written = true;
        auto& response = connection->response;
        response = {static_cast<http::status>(reply.status), 11};
        response.set(http::field::content_type, reply.type);
        response.set(http::field::cache_control, "no-store");
        response.set("X-Content-Type-Options", "nosniff");
        if (reply.status == 401) response.set(http::field::www_authenticate, "Bearer");
        for (const auto& [name, value] : reply.headers) response.set(name, value);
        response.content_length(reply.body.size());
        if (!head) response.body() = std::move(reply.body);
        response.keep_alive(keep);
        connection->stream.expires_after(kRequestTime);
        http::async_write(connection->stream, response,
                          [this, connection, keep](beast::error_code bad, size_t) {
                              connection->is_written = false;
                              if (!bad && connection->ends) return read_to_end(connection);
                              if (bad || !keep) return drop(connection);
                              read(connection, kIdleTime);
                          });
    }

    Deliver deliver_;
    asio::io_context context_{1};
    tcp::acceptor acceptor_;
    asio::steady_timer timer_{context_};
    std::atomic<size_t> streams_{0};
    std::map<uint64_t, Held> connections_;
    uint64_t last_id_ = 0;
    uint16_t port_ = 0;
    std::thread thread_;
};

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const std::string& listen, Deliver deliver) {
    auto loop = std::make_unique<Loop>(std::move(deliver));
    TRY(loop->listen(listen));
    return std::unique_ptr<Server>(new Server(std::move(loop)));
}

void Server::reply(uint64_t connection, WebReply reply) {
    loop_->reply(connection, std::move(reply));
}
void Server::publish(std::string text) { loop_->publish(std::move(text)); }
uint16_t Server::port() const { return loop_->port(); }

}  // namespace ops
