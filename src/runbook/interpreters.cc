// Programs whose words may hold a program in a language that is not read here.
#include <algorithm>
#include <array>

#include "runbook/danger_words.h"

namespace ops {
namespace {

struct Interpreter {
    std::string_view programs;        // without the digits of a version
    std::string_view letters, names;  // of the options that are code, or that code follows
    std::string_view attached;        // letters whose value is the rest of their word
    ValueOptions values;              // options before the file that take the next word
};

constexpr auto kInterpreters = std::to_array<Interpreter>({
    {"python pypy", "c", "", "WXQm", {"WXQ", ""}},
    {"perl", "eE", "", "MmIiFxCDd", {"I", ""}},
    {"ruby jruby", "e", "", "rICEFKTWxi", {"rICE", ""}},
    {"node nodejs bun", "ep", "eval|print", "rC", {"rC", "require|import|loader|conditions"}},
    {"php", "rRBE", "run|process-code|process-begin|process-end", "dcfSt", {"dc", "define"}},
    {"lua luajit", "e", "", "l", {"l", ""}},
    {"Rscript R julia groovy elixir", "eE", "eval|print", "", {}},
});

// python3.11 is python.
std::string_view without_version(std::string_view program) {
    const size_t last = program.find_last_not_of("0123456789.");
    return program.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool is_code(const Interpreter& interpreter, std::string_view option) {
    if (option.starts_with("--")) {
        return is_one_of(interpreter.names, option.substr(2, option.find('=') - 2), '|');
    }
    for (const char letter : option.substr(1)) {
        if (interpreter.letters.find(letter) != std::string_view::npos) return true;
        if (interpreter.attached.find(letter) != std::string_view::npos) return false;
    }
    return false;
}

}  // namespace

bool runs_unread_code(std::string_view program, Words arguments) {
    const std::string_view name = without_version(program);
    if (name == "deno") return !arguments.empty() && arguments[0] == "eval";
    const auto known = std::find_if(
        kInterpreters.begin(), kInterpreters.end(),
        [name](const Interpreter& interpreter) { return is_one_of(interpreter.programs, name); });
    if (known == kInterpreters.end()) return false;
    // Without anything it is standard input that is read.
    if (arguments.empty()) return true;
    const std::vector<size_t> operands = find_operands(arguments, known->values);
    const size_t file = operands.empty() ? arguments.size() : operands[0];
    if (file < arguments.size() && arguments[file] == "-") return true;
    const Words options = arguments.first(file);
    return std::any_of(options.begin(), options.end(), [known](const std::string& option) {
        return option.size() > 1 && option[0] == '-' && is_code(*known, option);
    });
}

}  // namespace ops
