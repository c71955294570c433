// TlsStream: TLS over a non-blocking socket, as a client. TlsContext: what all of them share, made
// when first needed.
//
// The handshake goes on when the certificate is bad and the fault is told after it, before anything
// is sent: that way its end is known, and "expired 3 days ago" can be said.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace ops {

class TlsContext {
public:
    TlsContext() = default;
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ssl_ctx_st* get();  // null when OpenSSL cannot be set up

private:
    ssl_ctx_st* context_ = nullptr;
};

class TlsStream {
public:
    // `host` is what the certificate must name; an address is compared with its addresses.
    TlsStream(TlsContext& context, int fd, const std::string& host);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    enum class State { done, blocked, closed, failed };
    State handshake();
    // Bytes written or read; 0 unless the state is done.
    State write(std::string_view bytes, size_t& wrote);
    State read(char* into, size_t size, size_t& got);

    std::string failure() const;  // of the last call that failed
    // After the handshake. `now` is for the words "expired 3 days ago".
    Result<> verify(Time now) const;
    std::optional<Time> certificate_expires() const;
    const ssl_st* get() const { return stream_; }  // null when OpenSSL cannot be set up

private:
    State judge(int result);
    ssl_st* stream_ = nullptr;
    std::string host_, failure_;
};

}  // namespace ops
