#include "monitor/xmlrpc.h"

#include <charconv>
#include <optional>

#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kMostBytes = 1024 * 1024;
constexpr int kMostLevels = 32;
constexpr size_t kMostMembers = 1024;  // of one struct

std::string escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '&': escaped += "&amp;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

void append_utf8(std::string& text, uint32_t code) {
    const auto put = [&text](uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 63));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 63));
        put(0x80 | (code & 63));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 63));
        put(0x80 | (code >> 6 & 63));
        put(0x80 | (code & 63));
    }
}

std::optional<uint32_t> character_of(std::string_view entity) {
    if (entity == "lt") return '<';
    if (entity == "gt") return '>';
    if (entity == "amp") return '&';
    if (entity == "quot") return '"';
    if (entity == "apos") return '\'';
    if (!entity.starts_with('#')) return {};
    entity.remove_prefix(1);
    const int base = entity.starts_with('x') ? 16 : 10;
    if (base == 16) entity.remove_prefix(1);
    uint32_t code = 0;
    const auto read = std::from_chars(entity.data(), entity.data() + entity.size(), code, base);
    const bool whole = read.ec == std::errc{} && read.ptr == entity.data() + entity.size();
    if (!whole || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
    return code;
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<XmlRpcReply> reply() {
        XmlRpcReply found;
        skip_space();
        if (rest().starts_with("<?xml")) {
            const size_t end = text_.find("?>", at_);
            if (end == std::string_view::npos) return error("a declaration without its end");
            at_ = end + 2;
        }
        TRY(open("methodResponse"));
        if (is_next("<fault>")) {
            TRY(open("fault"));
            const Json fault = TRY(value(0));
            TRY(close("fault"));
            found.is_fault = true;
            found.fault_code = static_cast<int>(fault["faultCode"].as_int());
            found.fault_text = fault["faultString"].as_string();
        } else {
            TRY(open("params"));
            TRY(open("param"));
            found.value = TRY(value(0));
            TRY(close("param"));
            TRY(close("params"));
        }
        TRY(close("methodResponse"));
        skip_space();
        if (at_ != text_.size()) return error("something after the end");
        return found;
    }

private:
    std::string_view rest() const { return text_.substr(at_); }

    void skip_space() {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
            ++at_;
        }
    }

    bool is_next(std::string_view tag) {
        skip_space();
        return rest().starts_with(tag);
    }

    Error error(std::string_view wrong) const {
        return {Fault::invalid,
                "no XML-RPC: " + std::string(wrong) + " at byte " + std::to_string(at_)};
    }

    Result<void> eat(const std::string& tag) {
        if (!is_next(tag)) return error("no " + tag);
        at_ += tag.size();
        return {};
    }
    Result<void> open(std::string_view name) { return eat("<" + std::string(name) + ">"); }
    Result<void> close(std::string_view name) { return eat("</" + std::string(name) + ">"); }

    // Characters up to the next tag, entities replaced.
    Result<std::string> characters() {
        std::string found;
        while (at_ < text_.size() && text_[at_] != '<') {
            if (text_[at_] != '&') {
                found += text_[at_++];
                continue;
            }
            const size_t end = text_.find(';', at_);
            if (end == std::string_view::npos || end - at_ > 10) return error("a '&' without ';'");
            const auto code = character_of(text_.substr(at_ + 1, end - at_ - 1));
            if (!code) return error("an unknown entity");
            append_utf8(found, *code);
            at_ = end + 1;
        }
        return found;
    }

    Result<Json> value(int level) {
        if (level > kMostLevels) return error("too many levels");
        if (is_next("<value/>")) {
            at_ += std::string_view("<value/>").size();
            return Json("");
        }
        TRY(eat("<value>"));
        const size_t start = at_;
        Json found;
        if (is_next("<") && !is_next("</value>")) {
            found = TRY(typed(level));
        } else {
            at_ = start;  // text without a type is a string, its spaces included
            found = Json(TRY(characters()));
        }
        TRY(close("value"));
        return found;
    }

    Result<Json> typed(int level) {
        const size_t end = text_.find('>', at_);
        if (end == std::string_view::npos || end - at_ > 32) return error("a tag without its end");
        std::string name(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        if (name.ends_with('/')) {
            name.pop_back();
            if (name == "string" || name == "nil") return name == "nil" ? Json() : Json("");
            return error("an empty <" + name + ">");
        }
        Json found;
        if (name == "struct") {
            found = TRY(members(level));
        } else if (name == "array") {
            found = TRY(items(level));
        } else {
            found = TRY(scalar(name));
        }
        TRY(close(name));
        return found;
    }

    Result<Json> scalar(const std::string& name) {
        const std::string text = TRY(characters());
        if (name == "string" || name == "base64" || name == "dateTime.iso8601") return Json(text);
        if (name == "boolean" && (text == "0" || text == "1")) return Json(text == "1");
        const char* end = text.data() + text.size();
        if (name == "int" || name == "i4" || name == "i8") {
            int64_t number = 0;
            const auto read = std::from_chars(text.data(), end, number);
            if (read.ec == std::errc{} && read.ptr == end) return Json(number);
        } else if (name == "double") {
            double number = 0;
            const auto read = std::from_chars(text.data(), end, number);
            if (read.ec == std::errc{} && read.ptr == end) return Json(number);
        } else if (name != "boolean") {
            return error("an unknown <" + shown_name(name) + ">");
        }
        return error("no value of type " + name);
    }

    static std::string shown_name(std::string_view name) { return printable(name, Lines::flatten); }

    Result<Json> members(int level) {
        Json found = Json::object();
        while (is_next("<member>")) {
            TRY(open("member"));
            TRY(open("name"));
            const std::string name = TRY(characters());
            TRY(close("name"));
            if (found.members().size() == kMostMembers) return error("too many members");
            found.set(name, TRY(value(level + 1)));
            TRY(close("member"));
        }
        return found;
    }

    Result<Json> items(int level) {
        Json found = Json::array();
        TRY(open("data"));
        while (is_next("<value")) found.push(TRY(value(level + 1)));
        TRY(close("data"));
        return found;
    }

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

std::string xmlrpc_call(std::string_view method, const std::vector<std::string>& parameters) {
    std::string call =
        "<?xml version='1.0'?><methodCall><methodName>" + escape(method) + "</methodName><params>";
    for (const std::string& parameter : parameters) {
        call += "<param><value><string>" + escape(parameter) + "</string></value></param>";
    }
    return call + "</params></methodCall>";
}

Result<XmlRpcReply> parse_xmlrpc(std::string_view text) {
    if (text.size() > kMostBytes) return Error{Fault::invalid, "no XML-RPC: over 1 MiB"};
    return Reader(text).reply();
}

}  // namespace ops
