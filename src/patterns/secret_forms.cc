#include "patterns/secret_forms.h"

#include <algorithm>
#include <array>

#include "patterns/shapes.h"

namespace ops {
namespace {

bool is_plain(char c) { return is_alnum(c); }
bool is_upper_alnum(char c) { return is_upper(c) || is_digit(c); }
bool is_dashed(char c) { return is_alnum(c) || c == '_' || c == '-'; }
bool is_dotted(char c) { return is_dashed(c) || c == '.'; }

struct Form {
    std::string_view kind;
    std::string_view prefix;
    bool (*is_part)(char);
    size_t least;  // behind the prefix
    // So telling that it counts even when it is glued to a word before.
    bool anywhere = true;
};

constexpr auto kForms = std::to_array<Form>({
    {"aws-key", "AKIA", is_upper_alnum, 16},
    {"aws-key", "ASIA", is_upper_alnum, 16},
    {"aws-key", "ABIA", is_upper_alnum, 16},
    {"aws-key", "ACCA", is_upper_alnum, 16},
    {"github", "ghp_", is_plain, 30},
    {"github", "gho_", is_plain, 30},
    {"github", "ghu_", is_plain, 30},
    {"github", "ghs_", is_plain, 30},
    {"github", "ghr_", is_plain, 30},
    {"github-fine", "github_pat_", is_dashed, 30},
    {"gitlab", "glpat-", is_dotted, 20},
    {"gitlab", "gldt-", is_dotted, 20},
    {"gitlab", "glrt-", is_dotted, 20},
    {"gitlab", "glcbt-", is_dotted, 20},
    {"gitlab", "glptt-", is_dotted, 20},
    {"slack", "xoxa-", is_dashed, 10},
    {"slack", "xoxb-", is_dashed, 10},
    {"slack", "xoxe-", is_dashed, 10},
    {"slack", "xoxo-", is_dashed, 10},
    {"slack", "xoxp-", is_dashed, 10},
    {"slack", "xoxr-", is_dashed, 10},
    {"slack", "xoxs-", is_dashed, 10},
    {"slack", "xapp-", is_dashed, 20},
    {"stripe", "sk_live_", is_plain, 10},
    {"stripe", "sk_test_", is_plain, 10},
    {"stripe", "rk_live_", is_plain, 10},
    {"stripe", "rk_test_", is_plain, 10},
    {"stripe", "whsec_", is_plain, 20},
    {"google", "AIza", is_dashed, 35},
    {"google", "GOCSPX-", is_dashed, 20},
    {"google", "ya29.", is_dashed, 20},
    {"anthropic", "sk-ant-", is_dashed, 20},
    {"openai", "sk-", is_dashed, 20, false},
    {"npm", "npm_", is_plain, 36},
    {"pypi", "pypi-", is_dashed, 50},
    {"sendgrid", "SG.", is_dotted, 60, false},
    {"twilio", "AC", is_hex_digit, 32, false},
    {"twilio", "SK", is_hex_digit, 32, false},
    {"digitalocean", "dop_v1_", is_hex_digit, 40},
    {"huggingface", "hf_", is_plain, 30, false},
    {"vault", "hvs.", is_dashed, 20},
    {"shopify", "shpat_", is_hex_digit, 32},
    {"shopify", "shpss_", is_hex_digit, 32},
});

size_t run(std::string_view text, size_t from, bool (*is_part)(char)) {
    size_t at = from;
    while (at < text.size() && is_part(text[at])) ++at;
    return at - from;
}

// Header and body of a JSON web token are base64 of "{\"...".
size_t jwt_length(std::string_view text) {
    if (!text.starts_with("eyJ")) return 0;
    const size_t header = run(text, 0, is_dashed);
    if (header < 12 || !text.substr(header).starts_with(".eyJ")) return 0;
    const size_t body = run(text, header + 1, is_dashed);
    size_t end = header + 1 + body;
    if (body < 8) return 0;
    if (end < text.size() && text[end] == '.') end += 1 + run(text, end + 1, is_dashed);
    return end;
}

size_t slack_hook_length(std::string_view text) {
    constexpr std::string_view kHook = "hooks.slack.com/";
    if (!text.starts_with(kHook)) return 0;
    return kHook.size() + run(text, kHook.size(), [](char c) { return is_dashed(c) || c == '/'; });
}

// 123456789:AA...: a bot's number and 35 characters.
size_t telegram_length(std::string_view text) {
    const size_t number = run(text, 0, is_digit);
    if (number < 8 || number > 10 || number >= text.size() || text[number] != ':') return 0;
    const size_t key = run(text.substr(0, number + 80), number + 1, is_dashed);
    return key >= 34 && key <= 40 ? number + 1 + key : 0;
}

// 40 characters of base64 that are no hash in hexadecimal and no path.
size_t aws_secret_length(std::string_view text) {
    const auto is_base64 = [](char c) { return is_alnum(c) || c == '/' || c == '+'; };
    const size_t length = run(text.substr(0, 41), 0, is_base64);
    if (length != 40 || text[0] == '/') return 0;
    size_t upper = 0;
    size_t lower = 0;
    size_t digits = 0;
    size_t slashes = 0;
    for (const char c : text.substr(0, length)) {
        upper += is_upper(c) ? 1U : 0U;
        lower += is_lower(c) ? 1U : 0U;
        digits += is_digit(c) ? 1U : 0U;
        slashes += c == '/' ? 1U : 0U;
    }
    return upper >= 4 && lower >= 4 && digits >= 1 && slashes <= 4 ? length : 0;
}

bool luhn(std::string_view digits) {
    int sum = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
        int value = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
        sum += value;
    }
    return sum % 10 == 0 && digits.front() >= '2' && digits.front() <= '6';
}

bool mod97(std::string_view account) {
    int rest = 0;
    const auto add = [&rest](char c) {
        const int value = is_digit(c) ? c - '0' : c - 'A' + 10;
        rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
    };
    for (const char c : account.substr(4)) add(c);
    for (const char c : account.substr(0, 4)) add(c);
    return rest == 1;
}

}  // namespace

size_t private_key_length(std::string_view text) {
    constexpr std::string_view kBegin = "-----BEGIN ";
    if (!text.starts_with(kBegin)) return 0;
    const size_t name_end = text.substr(0, 80).find("-----", kBegin.size());
    if (name_end == text.npos) return 0;
    if (text.substr(0, name_end).find("PRIVATE KEY") == text.npos) return 0;
    const size_t end = text.find("-----END ", name_end);
    if (end == text.npos) return text.size();  // the rest is the key, as far as anybody knows
    const size_t close = text.substr(0, end + 80).find("-----", end + 9);
    return close == text.npos ? text.size() : close + 5;
}

// 14 to 19 digits, or groups as they are embossed.
size_t card_length(std::string_view text) {
    const size_t first = run(text.substr(0, 20), 0, is_digit);
    if (first >= 14 && first <= 19) return luhn(text.substr(0, first)) ? first : 0;
    if (first != 4 || text.size() < 5 || (text[4] != ' ' && text[4] != '-')) return 0;
    std::array<char, 20> digits{};
    size_t count = 0;
    size_t at = 0;
    size_t length = 0;
    while (at < text.size() && count < 19) {
        const size_t group = run(text.substr(0, at + 7), at, is_digit);
        if (group < 3 || group > 6 || count + group > 19) break;
        for (size_t i = 0; i < group; ++i) digits[count++] = text[at + i];
        at += group;
        if (count >= 14 && luhn({digits.data(), count})) length = at;
        if (at >= text.size() || text[at] != text[4]) break;
        ++at;
    }
    return length;
}

size_t iban_length(std::string_view text) {
    if (text.size() < 15 || !is_upper(text[0]) || !is_upper(text[1]) || !is_digit(text[2]) ||
        !is_digit(text[3]))
        return 0;
    std::array<char, 34> account{};
    size_t count = 0;
    size_t length = 0;
    bool spaced = false;
    for (size_t at = 0; at < text.size() && count < account.size(); ++at) {
        if (text[at] == ' ' && count > 0 && count % 4 == 0 && (spaced || count == 4)) {
            spaced = true;
            continue;
        }
        if (!is_upper_alnum(text[at])) break;
        account[count++] = text[at];
        const bool ends = at + 1 == text.size() || !is_alnum(text[at + 1]);
        if (ends && count >= 15 && mod97({account.data(), count})) length = at + 1;
    }
    return length;
}

SecretForm secret_form(std::string_view text, Before before) {
    for (const Form& form : kForms) {
        if (text[0] != form.prefix[0] || !text.starts_with(form.prefix)) continue;
        if (before == Before::word && !form.anywhere) continue;
        const size_t length = run(text, form.prefix.size(), form.is_part);
        if (length >= form.least) return {form.kind, form.prefix.size() + length};
    }
    if (const size_t n = private_key_length(text)) return {"private-key", n};
    if (const size_t n = slack_hook_length(text)) return {"slack-hook", n};
    if (is_digit(text[0])) {
        if (const size_t n = telegram_length(text)) return {"telegram", n};
    }
    if (before == Before::word) return {};
    if (const size_t n = jwt_length(text)) return {"jwt", n};
    if (is_digit(text[0])) {
        if (const size_t n = card_length(text)) return {"card", n};
    }
    if (const size_t n = iban_length(text)) return {"iban", n};
    if (const size_t n = aws_secret_length(text)) return {"aws-secret", n};
    return {};
}

}  // namespace ops
