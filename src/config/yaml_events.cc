#include "config/yaml_events.h"

#include <libfyaml.h>

#include <algorithm>
#include <map>
#include <memory>

namespace ops {
namespace {

struct DiagDeleter {
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};
struct ParserDeleter {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};

// The library would print to standard error.
void say_nothing(fy_diag*, void*, const char*, size_t) {}

std::unique_ptr<fy_diag, DiagDeleter> make_diag() {
    fy_diag_cfg settings;
    fy_diag_cfg_default(&settings);
    settings.fp = nullptr;
    settings.output_fn = say_nothing;
    std::unique_ptr<fy_diag, DiagDeleter> diag(fy_diag_create(&settings));
    if (diag) fy_diag_set_collect_errors(diag.get(), true);
    return diag;
}

// Line and column, both from 1, of a byte.
class Lines {
public:
    explicit Lines(std::string_view text) : text_(text) {
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') starts_.push_back(i + 1);
        }
    }
    std::pair<int, int> at(size_t offset) const {
        const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
        const size_t start = *(after - 1);
        int column = 1;
        for (size_t i = start; i < offset && i < text_.size(); ++i) {
            if ((static_cast<unsigned char>(text_[i]) & 0xc0) != 0x80) ++column;
        }
        return {static_cast<int>(after - starts_.begin()), column};
    }

private:
    std::string_view text_;
    std::vector<size_t> starts_{0};
};

bool is_null_word(std::string_view word) {
    return word.empty() || word == "~" || word == "null" || word == "Null" || word == "NULL";
}

// Builds the tree from the events. Nodes under construction stand on a stack.
class TreeBuilder {
public:
    TreeBuilder(std::string_view text, const std::string& file)
        : text_(text), file_(file), lines_(text) {}

    // False when nothing more is wanted.
    bool take(fy_event& event) {
        switch (event.type) {
            case FYET_DOCUMENT_START: return start_document(event);
            case FYET_SCALAR:
                refuse_marks(event.scalar.anchor, event.scalar.tag);
                finish(make_scalar(event));
                return true;
            case FYET_ALIAS: {
                Node node = make_node(event, Node::Kind::null);
                pass_.problems.error(node.place, "aliases are not supported, write the value out");
                node.damaged = true;
                finish(std::move(node));
                return true;
            }
            case FYET_SEQUENCE_START:
                refuse_marks(event.sequence_start.anchor, event.sequence_start.tag);
                return open(event, Node::Kind::list);
            case FYET_MAPPING_START:
                refuse_marks(event.mapping_start.anchor, event.mapping_start.tag);
                return open(event, Node::Kind::map);
            case FYET_SEQUENCE_END:
            case FYET_MAPPING_END: close(); return true;
            default: return true;
        }
    }

    YamlPass finish_pass() {
        while (!open_.empty()) close();  // after a stop: what there is so far
        return std::move(pass_);
    }

    void note_stop(const fy_diag_error& error) {
        YamlStop stop;
        stop.place = {file_, std::max(error.line, 1), std::max(error.column, 1)};
        stop.message = error.msg == nullptr ? "cannot be read" : error.msg;
        for (const Open& open : open_) {
            if (open.bracket == 0) continue;
            stop.open_bracket = open.node.place;
            stop.bracket = open.bracket;
            break;
        }
        pass_.stop = std::move(stop);
    }

private:
    struct Open {
        Node node;
        char bracket = 0;  // '{' or '[' of the flow style
        bool has_key = false;
        bool skip_value = false;  // the key was refused
        Node::Member member;
        std::map<std::string, Place, std::less<>> keys;
    };

    Place place_at(size_t offset) const {
        const auto [line, column] = lines_.at(offset);
        return {file_, line, column};
    }

    bool start_document(fy_event& event) {
        if (++documents_ == 1) return true;
        const fy_mark* const mark = fy_event_start_mark(&event);
        pass_.problems.error(mark == nullptr ? last_ : place_at(mark->input_pos),
                             "a second document starts here, a file holds one");
        return false;
    }

    Node make_node(fy_event& event, Node::Kind kind) {
        Node node;
        node.kind = kind;
        if (const fy_mark* const mark = fy_event_start_mark(&event)) {
            node.place = place_at(mark->input_pos);
        } else {
            node.place = last_;  // an empty value has no place of its own
        }
        last_ = node.place;
        return node;
    }

    void refuse_marks(fy_token* anchor, fy_token* tag) {
        if (anchor != nullptr) {
            const fy_mark* const mark = fy_token_start_mark(anchor);
            pass_.problems.error(mark == nullptr ? last_ : place_before(mark->input_pos, '&'),
                                 "anchors are not supported, write the value out where it is used");
        }
        if (tag != nullptr) {
            const fy_mark* const mark = fy_token_start_mark(tag);
            pass_.problems.error(mark == nullptr ? last_ : place_before(mark->input_pos, '!'),
                                 "tags are not supported, leave it out");
        }
    }

    // The library's mark may stand behind the sign itself.
    Place place_before(size_t offset, char sign) const {
        if (offset > 0 && offset <= text_.size() && text_[offset - 1] == sign) --offset;
        return place_at(offset);
    }

    Node make_scalar(fy_event& event) {
        Node node = make_node(event, Node::Kind::scalar);
        fy_token* const token = event.scalar.value;
        size_t length = 0;
        const char* const content = token == nullptr ? nullptr : fy_token_get_text(token, &length);
        if (content != nullptr) node.text.assign(content, length);
        const fy_mark* const start = fy_event_start_mark(&event);
        const fy_mark* const end = fy_event_end_mark(&event);
        if (token == nullptr || start == nullptr || end == nullptr) {
            node.kind = Node::Kind::null;
            return node;
        }
        size_t from = start->input_pos;
        const size_t to = std::min(std::max(end->input_pos, from), text_.size());
        switch (fy_token_scalar_style(token)) {
            case FYSS_SINGLE_QUOTED: node.style = Node::Style::single_quoted; break;
            case FYSS_DOUBLE_QUOTED: node.style = Node::Style::double_quoted; break;
            case FYSS_LITERAL: node.style = Node::Style::literal; break;
            case FYSS_FOLDED: node.style = Node::Style::folded; break;
            default: node.style = Node::Style::plain; break;
        }
        place_quoted(node, from);
        place_block(node, from, to);
        if (node.style == Node::Style::plain && is_null_word(node.text)) {
            node.kind = Node::Kind::null;
        }
        const std::string_view raw = text_.substr(from, to - from);
        if (raw != node.text) node.raw = raw;
        return node;
    }

    // The mark of quoted text is its first character, but that of an empty one is the quote.
    void place_quoted(Node& node, size_t& from) const {
        const char quote = node.style == Node::Style::single_quoted   ? '\''
                           : node.style == Node::Style::double_quoted ? '"'
                                                                      : '\0';
        node.quoted = quote != '\0';
        if (!node.quoted) return;
        if (from > 0 && text_[from - 1] == quote &&
            !(node.text.empty() && from + 1 < text_.size() && text_[from] == quote &&
              text_[from + 1] == quote)) {
            node.place = place_at(from - 1);
        } else if (from < text_.size() && text_[from] == quote) {
            node.place = place_at(from);
            ++from;
        }
    }

    // Of a literal or folded text the place is its first character, behind the indentation.
    void place_block(Node& node, size_t& from, size_t to) {
        if (node.style != Node::Style::literal && node.style != Node::Style::folded) return;
        pass_.block_lines.emplace_back(lines_.at(from).first,
                                       lines_.at(to == 0 ? 0 : to - 1).first);
        while (from < to && text_[from] == ' ') ++from;
        node.place = place_at(from);
    }

    bool open(fy_event& event, Node::Kind kind) {
        Open opened;
        opened.node = make_node(event, kind);
        if (open_.size() >= kYamlDepth) {
            pass_.problems.error(opened.node.place,
                                 "nested deeper than " + std::to_string(kYamlDepth) + " levels");
            return false;
        }
        // Only the flow style has a first token of its own: a block starts at nothing.
        const fy_mark* const start = fy_event_start_mark(&event);
        const fy_mark* const end = fy_event_end_mark(&event);
        if (start != nullptr && end != nullptr && end->input_pos > start->input_pos) {
            opened.bracket = kind == Node::Kind::list ? '[' : '{';
        }
        open_.push_back(std::move(opened));
        return true;
    }

    void close() {
        Node node = std::move(open_.back().node);
        open_.pop_back();
        finish(std::move(node));
    }

    // A node is complete: it is the root, an item, a key or a value.
    void finish(Node node) {
        if (open_.empty()) {
            if (!pass_.root) pass_.root = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.is_list()) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.has_key) {
            take_key(parent, node);
        } else {
            parent.has_key = false;
            if (node.damaged) parent.node.damaged = true;
            if (parent.skip_value) return;
            parent.member.value = std::move(node);
            parent.node.members.push_back(std::move(parent.member));
        }
    }

    void take_key(Open& parent, const Node& key) {
        parent.has_key = true;
        parent.skip_value = true;
        if (!key.is_scalar() && !(key.kind == Node::Kind::null && !key.text.empty())) {
            pass_.problems.error(key.place, "a key must be a word, not " + key.describe());
            return;
        }
        if (key.text == "<<" && !key.quoted) {
            pass_.problems.error(key.place, "merge keys are not supported, write the keys out");
            return;
        }
        const auto [first, is_new] = parent.keys.emplace(key.text, key.place);
        if (!is_new) {
            pass_.problems.error(key.place, "duplicate key " + key.describe() +
                                                ", first given at " +
                                                std::to_string(first->second.line) + ":" +
                                                std::to_string(first->second.column));
            return;
        }
        parent.skip_value = false;
        parent.member = {key.text, key.place, {}};
    }

    std::string_view text_;
    std::string file_;
    Lines lines_;
    YamlPass pass_;
    std::vector<Open> open_;
    Place last_{file_, 1, 1};
    int documents_ = 0;
};

}  // namespace

YamlPass read_yaml_events(std::string_view text, const std::string& file) {
    TreeBuilder builder(text, file);
    const std::unique_ptr<fy_diag, DiagDeleter> diag = make_diag();
    fy_parse_cfg settings{};
    // Duplicate keys are allowed there and refused here, because the library would stop at the
    // first.
    settings.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                                     FYPCF_ALLOW_DUPLICATE_KEYS);
    settings.diag = diag.get();
    const std::unique_ptr<fy_parser, ParserDeleter> parser(fy_parser_create(&settings));
    if (!diag || !parser || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
        fy_diag_error error{};
        error.msg = "cannot be read: out of memory";
        builder.note_stop(error);
        return builder.finish_pass();
    }
    bool go_on = true;
    while (go_on) {
        fy_event* const event = fy_parser_parse(parser.get());
        if (event == nullptr) break;
        go_on = event->type != FYET_STREAM_END && builder.take(*event);
        fy_parser_event_free(parser.get(), event);
    }
    void* position = nullptr;
    if (const fy_diag_error* const error = fy_diag_errors_iterate(diag.get(), &position)) {
        builder.note_stop(*error);
    } else if (go_on && fy_parser_get_stream_error(parser.get())) {
        fy_diag_error error_without_words{};
        builder.note_stop(error_without_words);
    }
    return builder.finish_pass();
}

}  // namespace ops
