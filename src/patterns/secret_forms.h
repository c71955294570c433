// The forms of secrets that need no name before them. Each function takes the text from where a
// secret could begin and says how long it is, 0 when there is none.
#pragma once

#include <cstddef>
#include <string_view>

namespace ops {

struct SecretForm {
    std::string_view kind;
    size_t length = 0;
};

// `at_word`: nothing that could belong to the same word stands before.
enum class Before { word, nothing };
SecretForm secret_form(std::string_view text, Before before);

size_t private_key_length(std::string_view text);
size_t card_length(std::string_view text);
size_t iban_length(std::string_view text);

}  // namespace ops
