#include "base/counted.h"

#include <utility>

namespace ops {

std::string counted_as(std::string number, std::string_view what) {
    const bool is_one = number == "1";
    std::string out = std::move(number) + " " + std::string(what);
    if (is_one) return out;
    if (out.ends_with("ry")) return out.replace(out.size() - 1, 1, "ies");
    return out + "s";
}

}  // namespace ops
