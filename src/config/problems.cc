#include <algorithm>
#include <tuple>

#include "config/yaml.h"

namespace ops {

std::string Place::print() const {
    if (line == 0) return file;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::print() const {
    std::string text = place.print();
    if (!text.empty()) text += ": ";
    return text + (kind == Kind::error ? "error: " : "warning: ") + message;
}

void Problems::error(const Place& place, std::string message) {
    problems_.push_back({Problem::Kind::error, place, std::move(message)});
}

void Problems::warning(const Place& place, std::string message) {
    problems_.push_back({Problem::Kind::warning, place, std::move(message)});
}

void Problems::add(Problems others) {
    for (Problem& problem : others.problems_) problems_.push_back(std::move(problem));
}

bool Problems::has_errors() const {
    return std::any_of(problems_.begin(), problems_.end(),
                       [](const Problem& problem) { return problem.kind == Problem::Kind::error; });
}

void Problems::sort_by_place() {
    // Files stay in the order in which they were first complained about; the main file is read
    // first.
    std::vector<std::string> files;
    for (const Problem& problem : problems_) {
        if (std::find(files.begin(), files.end(), problem.place.file) == files.end()) {
            files.push_back(problem.place.file);
        }
    }
    const auto key = [&files](const Problem& problem) {
        const auto file = std::find(files.begin(), files.end(), problem.place.file);
        return std::tuple(file - files.begin(), problem.place.line, problem.place.column);
    };
    std::stable_sort(problems_.begin(), problems_.end(),
                     [&key](const Problem& a, const Problem& b) { return key(a) < key(b); });
}

std::string Problems::print() const {
    std::string text;
    for (const Problem& problem : problems_) text += problem.print() + "\n";
    return text;
}

}  // namespace ops
