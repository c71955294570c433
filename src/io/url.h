// Url: http://, https:// and unix:///path/to.sock:/request/path, taken apart without copying.
//
// Kept small, because ten thousand of them stay in memory: the text and where its parts are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

// Every byte beyond ASCII as %XX, as browsers send a URL that is written with umlauts.
std::string ascii_of_url(std::string_view text);

class Url {
public:
    enum class Scheme : uint8_t { http, https, unix_socket };

    // Refuses user names, control characters, blanks, and more than 8,000 bytes. A fragment is left
    // out.
    static Result<Url> parse(std::string_view text);

    const std::string& text() const { return text_; }
    Scheme scheme() const { return scheme_; }
    std::string_view host() const { return part(host_at_, host_size_); }  // without the [] of IPv6
    uint16_t port() const { return port_; }
    std::string_view socket_path() const { return part(host_at_, host_size_); }  // of unix_socket
    // As it stands in the request line.
    void append_request_target(std::string& text) const;
    // For the Host header: with [] and with the port where it is not the scheme's own.
    void append_authority(std::string& text) const;

    // Where a redirect leads, if that is the same host and not from https back to http.
    std::optional<Url> follow(std::string_view location) const;

private:
    std::string_view part(uint16_t at, uint16_t size) const {
        return std::string_view(text_).substr(at, size);
    }
    Result<> parse_authority(size_t begin, size_t end);

    std::string text_;
    uint16_t host_at_ = 0, host_size_ = 0, target_at_ = 0;
    uint16_t port_ = 0;
    Scheme scheme_ = Scheme::http;
};

}  // namespace ops
