// What the parts of danger.h share: a command line as its program would read it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runbook/danger.h"

namespace ops {

using Words = std::span<const std::string>;

// "/usr/bin/rm" is rm.
std::string_view base_name(std::string_view path);
// True for "b" of "a b c".
bool is_one_of(std::string_view parts, std::string_view name, char separator = ' ');

// Options that take the word after them: the letters of "-u ops", the names ("user|group") of
// "--user ops", without dashes.
struct ValueOptions {
    std::string_view letters, names;
};
// Where the operands stand among the arguments. An option that is not known to take a word is
// taken not to.
std::vector<size_t> find_operands(Words arguments, const ValueOptions& options);

Danger worse(const Danger& a, const Danger& b);

// danger_table.cc: of one program that runs no other; nothing when the program is not known.
struct TableAnswer {
    Danger danger;
    bool is_certain = true;  // false: the program is known, what it is told to do is not
};
std::optional<TableAnswer> danger_in_table(std::string_view program, Words arguments);
// The positions of the operands of a program of the table.
std::vector<size_t> operands_of(std::string_view program, Words arguments);
bool is_sql_client(std::string_view program);
// What statements of SQL, or commands of a key-value store, that come in by standard input do.
Danger danger_of_input(std::string_view program, std::string_view text);

// wrappers.cc: the words of the command that these words run (sudo -u ops rm ..., docker exec,
// find -exec). `is_certain` is false when an option was not understood: any word may begin it.
struct Wrapped {
    Words inner;
    bool is_certain = true;
    Danger least{Effect::read, Risk::low, Effect::read};  // however harmless the inner command is
    bool in_container = false;  // where pid 1 is the first of the container's processes
    bool many = false;  // the inner command is run on what nobody sees here: xargs, find -exec
};
std::optional<Wrapped> unwrap(Words words);

// interpreters.cc: python -c CODE and the like, or code from standard input. A file of code is a
// program as any other.
bool runs_unread_code(std::string_view program, Words arguments);

}  // namespace ops
