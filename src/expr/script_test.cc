// Runs tests/expr/*.test; tests/expr/README.md says what a script can say.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>

#include "base/text.h"
#include "base/units.h"
#include "expr/twin_for_test.h"

namespace ops::expr {
namespace {

std::string read_script(const std::string& path) {
    std::string text;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 65536> buffer;
    ssize_t count = 0;
    while (file >= 0 && (count = ::read(file, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<size_t>(count));
    }
    ::close(file);
    return text;
}

// Cuts the first word off `rest`.
std::string_view next_word(std::string_view& rest) {
    rest = trim(rest);
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest = trim(rest.substr(end));
    return word;
}

bool same(const Value& a, const Value& b) {
    if (!a.is_quantity() || !b.is_quantity()) return a == b;
    const double most = std::max({1.0, std::abs(a.amount()), std::abs(b.amount())});
    return a.type() == b.type() && std::abs(a.amount() - b.amount()) <= 1e-9 * most;
}

class Script {
public:
    Script(std::string path, std::string text) : path_(std::move(path)), text_(std::move(text)) {
        lines_ = split(text_, '\n');
    }

    int run() {
        while (line_ < lines_.size()) {
            std::string_view rest = lines_[line_++];
            if (trim(rest).empty() || rest.front() == '#') continue;
            const std::string_view word = next_word(rest);
            if (word == "load") {
                load(time_of(rest));
            } else if (word == "fact" || word == "untyped") {
                fact(rest, word == "untyped");
            } else if (word == "event") {
                event(rest);
            } else if (word == "clear") {
                world_ = {};
                names_ = {};
                given_.clear();
            } else if (word == "eval" || word == "condition") {
                eval(rest, word == "condition");
            } else if (word == "fail") {
                fail(rest);
            } else {
                complain("unknown word '" + std::string(word) + "'");
            }
        }
        return evals_;
    }

private:
    // Of the line read last.
    void complain(const std::string& message) {
        ADD_FAILURE_AT(path_.c_str(), static_cast<int>(line_)) << message;
    }

    Duration time_of(std::string_view text) {
        const Result<Duration> span = parse_duration(trim(text));
        if (!span.ok()) complain(span.error().message);
        return span.ok() ? span.value() : Duration{0};
    }

    Value constant(std::string_view text) {
        if (text == "unknown") return Value();
        const Parsed parsed = parse(text, TwinNames());
        if (parsed.expression) return evaluate(*parsed.expression, TwinWorld());
        complain("not a constant: '" + std::string(text) + "': " + parsed.problems[0].message);
        return Value();
    }

    std::vector<std::string_view> block() {
        std::vector<std::string_view> lines;
        while (line_ < lines_.size() && lines_[line_].starts_with("    ")) {
            lines.push_back(trim(lines_[line_++]));
        }
        return lines;
    }

    void load(Duration step) {
        for (std::string_view rest : block()) {
            const std::string name(next_word(rest));
            std::vector<Sample>& series = world_.history[name];
            Time at = Time{};
            while (!rest.empty()) {
                const std::string_view word = next_word(rest);
                const size_t times = word.find('x');
                const size_t plus = word.find('+', 1);
                const int more = times == std::string_view::npos
                                     ? 0
                                     : std::stoi(std::string(word.substr(times + 1)));
                const std::string_view first = word.substr(0, std::min(times, plus));
                double growth = 0;
                if (plus != std::string_view::npos) {
                    growth = constant(word.substr(plus + 1, times - plus - 1)).amount();
                }
                for (int i = 0; i <= more; ++i, at += step) {
                    if (first == "_") continue;
                    const Value value = constant(first);
                    if (!names_.fact(name)) names_.types[name] = value.type();
                    series.push_back({at, *series::sample_value(value) + growth * i});
                }
            }
        }
    }

    void fact(std::string_view rest, bool untyped) {
        const std::string name(next_word(rest));
        const Value value = constant(rest);
        if (untyped) names_.types[name] = Type::unknown;
        if (!names_.fact(name)) names_.types[name] = value.type();
        world_.facts.set(name, value);
        given_.push_back(name);
    }

    void event(std::string_view rest) {
        const std::string kind(next_word(rest));
        names_.kinds.push_back(kind);
        while (!rest.empty()) world_.happened[kind].push_back(Time{} + time_of(next_word(rest)));
    }

    // Facts of which there are series are known now by their newest sample.
    void move_to(Time now) {
        world_.at = now;
        for (const auto& [name, series] : world_.history) {
            if (std::find(given_.begin(), given_.end(), name) != given_.end()) continue;
            world_.facts.erase(name);
            const Type type = *names_.fact(name);
            if (type == Type::string) continue;
            for (const Sample& sample : series) {
                if (sample.at > now) continue;
                world_.facts.set(name, type == Type::boolean ? Value::boolean(sample.value != 0)
                                                             : Value::quantity(type, sample.value));
            }
        }
    }

    void eval(std::string_view rest, bool condition) {
        ++evals_;
        Time now{};
        if (rest.starts_with("at ")) {
            next_word(rest);
            now += time_of(next_word(rest));
        }
        move_to(now);
        const Parsed parsed = condition ? parse_condition(rest, names_) : parse(rest, names_);
        for (const Problem& problem : parsed.problems) {
            complain(std::to_string(problem.offset + 1) + ": " + problem.message);
        }
        if (!parsed.expression) return static_cast<void>(block());
        const Value value = evaluate(*parsed.expression, world_);
        const Explained explained = explain(*parsed.expression, world_);
        check_parts(value, explained);
        check_print(*parsed.expression, value, condition);
        const std::vector<std::string_view> expected = block();
        if (expected.empty()) complain("no value expected");
        for (size_t i = 0; i < expected.size(); ++i) {
            std::string_view line = expected[i];
            if (line.starts_with("print: ")) {
                expect_text(parsed.expression->print(), line.substr(7));
            } else if (line.starts_with("missing: ")) {
                expect_text(join(explained.missing, ", "), line.substr(9));
            } else if (line.starts_with("type: ")) {
                expect_text(name_of(parsed.expression->type()), line.substr(6));
            } else if (line.starts_with("unknown: ")) {
                if (!value.is_unknown()) complain("it is " + value.print());
                expect_text(explained.parts[0].why_unknown, line.substr(9));
            } else if (!same(value, constant(line))) {
                complain("it is " + value.print() + " " + explained.parts[0].why_unknown);
            }
        }
    }

    void expect_text(std::string_view is, std::string_view expected) {
        if (is != expected) {
            complain("it is '" + std::string(is) + "', not '" + std::string(expected) + "'");
        }
    }

    void check_parts(const Value& value, const Explained& explained) {
        if (explained.value != value) complain("explained as " + explained.value.print());
        for (const Part& part : explained.parts) {
            if (part.value.is_unknown() == part.why_unknown.empty()) {
                complain("part '" + part.text + "' is " + part.value.print() + " because '" +
                         part.why_unknown + "'");
            }
        }
    }

    void check_print(const Expression& expression, const Value& value, bool condition) {
        const std::string printed = expression.print();
        const Parsed again = condition ? parse_condition(printed, names_) : parse(printed, names_);
        if (!again.expression) return complain("its print does not parse: " + printed);
        if (again.expression->print() != printed) complain("printed differently: " + printed);
        if (evaluate(*again.expression, world_) != value) complain("its print differs: " + printed);
    }

    void fail(std::string_view rest) {
        ++evals_;
        const bool condition = rest.starts_with("condition ");
        if (condition) next_word(rest);
        const Parsed parsed = condition ? parse_condition(rest, names_) : parse(rest, names_);
        std::string found;
        for (const Problem& problem : parsed.problems) {
            found += std::to_string(problem.offset + 1) + ": " + problem.message + "\n";
        }
        std::string expected;
        for (const std::string_view line : block()) expected += std::string(line) + "\n";
        if (found != expected) complain("problems are:\n" + found);
        if (parsed.expression) complain("it parses");
    }

    std::string path_;
    std::string text_;
    std::vector<std::string_view> lines_;
    size_t line_ = 0;
    int evals_ = 0;
    TwinWorld world_;
    TwinNames names_;
    std::vector<std::string> given_;
};

std::vector<std::string> script_paths() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(OPS_SOURCE_DIR "/tests/expr")) {
        if (entry.path().extension() == ".test") paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

class Scripts : public testing::TestWithParam<std::string> {};

TEST_P(Scripts, Run) { EXPECT_GT(Script(GetParam(), read_script(GetParam())).run(), 0); }

std::string script_name(const testing::TestParamInfo<std::string>& script) {
    return std::filesystem::path(script.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(Expr, Scripts, testing::ValuesIn(script_paths()), script_name);

TEST(ScriptCount, NoneWentMissing) {
    int evals = 0;
    for (const std::string& path : script_paths()) evals += Script(path, read_script(path)).run();
    EXPECT_GE(evals, 250);
    EXPECT_GE(script_paths().size(), 12u);
}

}  // namespace
}  // namespace ops::expr
