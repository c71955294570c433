// What an HTTP answer must look like, and what differs when it does not.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/fields.h"
#include "io/probes.h"
#include "monitor/pattern.h"

namespace ops {

// Status codes: 200, "2xx", "200-299", or a list of these.
class StatusSet {
public:
    static Result<StatusSet> parse(const std::vector<std::string>& texts);
    bool contains(int status) const;
    std::string print() const { return text_; }
    bool operator==(const StatusSet&) const = default;

private:
    std::vector<std::pair<int, int>> ranges_;
    std::string text_;
};

// The value at "checks[0].state" or "checks.0.state"; null when there is none.
const Json* find_json(const Json& root, std::string_view path);

class HttpExpectation {
public:
    // Reads `expect:`, a map or just the status; a missing node expects 2xx.
    static HttpExpectation read(const Node& node, Problems& problems);

    bool wants_body() const;
    // What differs, for people: `HTTP 500`, `body lacks "ok"`; at most three. Empty: as expected.
    std::string differences(const HttpAnswer& answer) const;
    // Of two with regular expressions it is not known, so they are not equal.
    bool operator==(const HttpExpectation& other) const;

private:
    struct AtPath {
        std::string path;
        std::vector<std::string> any_of;
        bool operator==(const AtPath&) const = default;
    };
    std::optional<StatusSet> status_;  // nothing: 2xx, without saying so
    std::vector<std::string> body_;    // texts it must contain
    std::vector<Pattern> matches_;
    std::vector<AtPath> json_;
    std::vector<std::pair<std::string, std::string>> headers_;  // name, contained text

    void read_map(const Node& node, Problems& problems);
    void read_status(const Node& node, Problems& problems);
    void read_json(const Node& node, Problems& problems);
    void compare_body(const HttpAnswer& answer, std::vector<std::string>& differences) const;
    void compare_json(const HttpAnswer& answer, std::vector<std::string>& differences) const;
};

}  // namespace ops
