// Fields reads one YAML map: asks for keys by name and type, notes every mistake with its place,
// and at the end reports the keys that nobody asked for with the nearest of those that somebody
// did.
//
//     Fields fields(node, "service", problems);
//     service.name = fields.required_text("name");
//     service.interval = fields.duration("interval", 30s);
//     fields.done();
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/yaml.h"

namespace ops {

class Fields {
public:
    // Notes an error when `node` is something else than a map; everything asked is then absent.
    // A node that is missing or empty is a map without members. `node` must outlive this.
    Fields(const Node& node, std::string_view what, Problems& problems);

    std::string required_text(std::string_view key);
    std::string text(std::string_view key, std::string_view otherwise = "");
    std::optional<std::string> optional_text(std::string_view key);
    Duration duration(std::string_view key, Duration otherwise);
    int64_t size(std::string_view key, int64_t otherwise);
    int integer(std::string_view key, int otherwise, int least, int most);
    double number(std::string_view key, double otherwise);
    // "50%" or "50 %", as 50.
    int percentage(std::string_view key, int otherwise);
    bool boolean(std::string_view key, bool otherwise);
    // One of `choices`; notes the nearest when it is none of them.
    std::string choice(std::string_view key, std::initializer_list<std::string_view> choices,
                       std::string_view otherwise);
    std::vector<std::string> texts(std::string_view key);  // a list of scalars, or one scalar
    const Node& node(std::string_view key);                // any kind; a missing node when absent
    bool has(std::string_view key) const;
    // An unknown key looks like this one: done() will say so, and that it is missing need not be
    // said.
    bool has_misspelt(std::string_view key) const;
    Place place_of(std::string_view key) const;  // of its value; of the map when absent

    // Notes the keys nobody asked for. Call it last.
    void done();

private:
    const Node& take(std::string_view key);

    const Node& node_;
    std::string what_;
    Problems& problems_;
    std::vector<std::string> asked_;
};

}  // namespace ops
