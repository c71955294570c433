#include "escalate/render.h"

#include <algorithm>

#include "base/text.h"

namespace ops {
namespace {

constexpr std::string_view kCut = "…";

std::string_view escape_nothing(char) { return {}; }

std::string_view escape_html(char c) {
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        default: return {};
    }
}

// These three and no others, as Slack's page on formatting says; so no <!channel>, no <@U123>.
std::string_view escape_slack(char c) { return c == '"' ? std::string_view() : escape_html(c); }

std::string_view escape_discord(char c) {
    switch (c) {
        case '\\': return "\\\\";
        case '*': return "\\*";
        case '_': return "\\_";
        case '~': return "\\~";
        case '`': return "\\`";
        case '|': return "\\|";
        case '<': return "\\<";
        case '>': return "\\>";
        case '[': return "\\[";
        case ']': return "\\]";
        case '#': return "\\#";
        case '@': return "\\@";
        default: return {};
    }
}

std::string row_of(const std::pair<std::string, std::string>& row, const Markup& markup,
                   size_t limit) {
    std::string text(markup.strong);
    text += escaped(row.first + ":", markup, limit / 3);
    text += std::string(markup.strong_end) + " ";
    const size_t left = limit - std::min(limit, text.size());
    return left < kCut.size() ? "" : text + escaped(row.second, markup, left);
}

}  // namespace

const Markup kPlainMarkup{escape_nothing};
const Markup kTelegramMarkup{escape_html, "<b>", "</b>"};
const Markup kHtmlMarkup{escape_html, "<strong>", "</strong>", "<br>\n"};
const Markup kSlackMarkup{escape_slack, "*", "*"};
const Markup kDiscordMarkup{escape_discord, "**", "**"};

std::string escaped(std::string_view text, const Markup& markup, size_t limit) {
    std::string done;
    size_t fits = 0;  // bytes of `done` after which "…" still has room
    while (!text.empty()) {
        const size_t length = std::max<size_t>(first_character(text).length, 1);
        const std::string_view instead = markup.escape(text[0]);
        const std::string_view next = instead.empty() ? text.substr(0, length) : instead;
        if (done.size() + next.size() > limit) {
            done.resize(fits);
            return done + std::string(kCut);
        }
        done += next;
        if (done.size() + kCut.size() <= limit) fits = done.size();
        text.remove_prefix(length);
    }
    return done;
}

std::string shortened(std::string_view text, size_t limit) {
    return escaped(text, kPlainMarkup, limit);
}

std::string render(const AlertLines& lines, const Markup& markup, size_t limit, Headline headline) {
    const std::string end(markup.line_end);
    std::string text;
    if (headline == Headline::shown) {
        text = std::string(markup.strong) +
               escaped(lines.sign + " " + lines.headline, markup, limit / 3) +
               std::string(markup.strong_end);
    }
    const std::string ask = escaped(lines.ask, markup, limit / 3);
    const size_t kept = ask.empty() ? 0 : end.size() + ask.size();
    const size_t cut = end.size() + kCut.size();
    for (size_t i = 0; i < lines.rows.size(); ++i) {
        const bool is_last = i + 1 == lines.rows.size();
        const size_t taken = text.size() + end.size() + kept + (is_last ? 0 : cut);
        const size_t room = limit - std::min(limit, taken);
        const std::string whole = row_of(lines.rows[i], markup, limit * 2);
        constexpr size_t kWorthIt = 40;  // less of a row than that says nothing
        const bool fits = whole.size() <= room;
        const std::string row = fits              ? whole
                                : room < kWorthIt ? std::string(kCut)
                                                  : row_of(lines.rows[i], markup, room);
        if (!text.empty()) text += end;
        text += row;
        if (!fits && room < kWorthIt) break;
    }
    if (!ask.empty() && !text.empty()) text += end;
    return text + ask;
}

}  // namespace ops
