#include "patterns/templates.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/assert.h"
#include "patterns/merge.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

// A new template is compared with kMostCompared, a line with as many general ones.
constexpr size_t kMostGeneral = 256;

std::string key_of(const std::vector<MaskedToken>& tokens) {
    size_t bytes = tokens.size();
    for (const MaskedToken& token : tokens) bytes += token.key.size();
    std::string key;
    key.reserve(bytes);
    for (const MaskedToken& token : tokens) {
        key += token.key;
        key += ' ';
    }
    return key;
}

std::string group_of(size_t tokens, std::string_view first) {
    return std::to_string(tokens).append(1, ' ').append(first);
}

std::string group_of(const std::vector<MaskedToken>& tokens) {
    return group_of(tokens.size(), tokens.empty() ? std::string_view() : tokens.front().key);
}

bool is_general(const Template& made) {
    return std::ranges::any_of(made.tokens,
                               [](const MaskedToken& token) { return is_open(token.key); });
}

// Where two templates of as many tokens differ; more than `most` places are cut off at most + 1.
std::vector<size_t> differing_places(const std::vector<MaskedToken>& a,
                                     const std::vector<MaskedToken>& b, size_t most) {
    std::vector<size_t> places;
    for (size_t i = 0; i < a.size() && places.size() <= most; ++i) {
        if (a[i].key != b[i].key) places.push_back(i);
    }
    return places;
}

size_t plain_words(const std::vector<MaskedToken>& tokens) {
    return static_cast<size_t>(std::ranges::count_if(tokens, [](const MaskedToken& token) {
        return std::ranges::any_of(token.key, is_letter);
    }));
}

size_t bytes_of(const Template& made) {
    size_t bytes = 0;
    for (const MaskedToken& token : made.tokens) bytes += token.text.size() + token.key.size();
    return bytes;
}

void remove(std::vector<uint64_t>& ids, uint64_t id) {
    ids.erase(std::remove(ids.begin(), ids.end(), id), ids.end());
}

}  // namespace

std::string Template::text() const {
    std::string all;
    for (const MaskedToken& token : tokens) {
        if (!all.empty()) all += ' ';
        all += token.text;
    }
    return all;
}

Templates::Learned Templates::learn(std::string_view content) {
    ++lines_;
    std::vector<MaskedToken> tokens = mask_line(content);
    Learned learned;
    learned.id = find_id(tokens);
    if (learned.id == 0) {
        const uint64_t made = add(std::move(tokens));
        learned.id = join_variants(made);
        learned.is_new = learned.id == made;
    } else {
        bytes_ += absorb(templates_.at(learned.id), tokens);
    }
    Template& of = templates_.at(learned.id);
    ++of.count;
    of.last_seen = lines_;
    while (templates_.size() > most_ || bytes_ > kMostTemplateBytes) forget_oldest();
    return learned;
}

const Template* Templates::find(std::string_view content) const {
    const uint64_t id = find_id(mask_line(content));
    return id == 0 ? nullptr : &templates_.at(id);
}

const Template* Templates::by_id(uint64_t id) const {
    // An alias points to what was alive when it was made, which may be joined again.
    for (auto alias = aliases_.find(id); alias != aliases_.end(); alias = aliases_.find(id))
        id = alias->second;
    const auto found = templates_.find(id);
    return found == templates_.end() ? nullptr : &found->second;
}

std::vector<const Template*> Templates::all() const {
    std::vector<const Template*> all;
    all.reserve(templates_.size());
    for (const auto& [id, made] : templates_) all.push_back(&made);
    return all;
}

uint64_t Templates::find_id(const std::vector<MaskedToken>& tokens) const {
    const auto found = by_key_.find(key_of(tokens));
    if (found != by_key_.end()) return found->second;
    return find_general(tokens, group_of(tokens));
}

uint64_t Templates::find_general(const std::vector<MaskedToken>& tokens,
                                 const std::string& group) const {
    const auto ids = general_.find(group);
    if (ids == general_.end()) return 0;
    size_t looked = 0;
    for (const uint64_t id : ids->second) {
        if (++looked > kMostGeneral) break;
        const std::vector<MaskedToken>& its = templates_.at(id).tokens;
        bool fits = true;
        for (size_t i = 0; fits && i < its.size(); ++i) fits = fits_open(its[i].key, tokens[i].key);
        if (fits) return id;
    }
    return 0;
}

uint64_t Templates::add(std::vector<MaskedToken> tokens) {
    const uint64_t id = next_id_++;
    Template& made = templates_[id];
    made.id = id;
    made.tokens = std::move(tokens);
    index(made);
    return id;
}

void Templates::index(const Template& made) {
    bytes_ += bytes_of(made);
    const std::string group = group_of(made.tokens);
    by_key_[key_of(made.tokens)] = made.id;
    groups_[group].push_back(made.id);
    if (is_general(made)) general_[group].push_back(made.id);
}

void Templates::unindex(const Template& gone) {
    bytes_ -= bytes_of(gone);
    const std::string group = group_of(gone.tokens);
    const auto key = by_key_.find(key_of(gone.tokens));
    if (key != by_key_.end() && key->second == gone.id) by_key_.erase(key);
    for (auto* index : {&groups_, &general_}) {
        const auto ids = index->find(group);
        if (ids == index->end()) continue;
        remove(ids->second, gone.id);
        if (ids->second.empty()) index->erase(ids);
    }
}

// Joins the new template `id` with those that differ from it in plain words at the same few places,
// once enough words have been seen at each of these; the id of what it then is part of.
uint64_t Templates::join_variants(uint64_t id) {
    const std::vector<MaskedToken>& tokens = templates_.at(id).tokens;
    const Group& group = groups_.at(group_of(tokens));
    const size_t most_places = std::max<size_t>(1, plain_words(tokens) / 4);
    std::map<std::vector<size_t>, Group> by_places;  // exactly these places differ
    const size_t first = group.size() > kMostCompared ? group.size() - kMostCompared : 0;
    for (size_t i = first; i < group.size(); ++i) {
        if (group[i] == id) continue;
        const auto places = differing_places(tokens, templates_.at(group[i]).tokens, most_places);
        if (!places.empty() && places.size() <= most_places) by_places[places].push_back(group[i]);
    }
    for (const auto& [places, exactly] : by_places) {
        Group ids{id};
        for (const auto& [its, others] : by_places) {
            if (std::ranges::includes(places, its))
                ids.insert(ids.end(), others.begin(), others.end());
        }
        const bool all_vary = std::ranges::all_of(places, [&](size_t place) {
            std::set<std::string_view> words;
            bool open = false;
            for (const uint64_t one : ids) {
                words.insert(templates_.at(one).tokens[place].key);
                open |= is_open(templates_.at(one).tokens[place].key);
            }
            return open || words.size() >= kVariants;
        });
        if (!all_vary) continue;
        std::ranges::sort(ids);
        join(ids, places);
        return ids.front();
    }
    return id;
}

// All become the oldest of them.
void Templates::join(const Group& ids, const std::vector<size_t>& places) {
    Template& into = templates_.at(ids.front());
    unindex(into);
    for (size_t i = 1; i < ids.size(); ++i) {
        const Template& other = templates_.at(ids[i]);
        unindex(other);
        (void)absorb(into, other.tokens);  // counted by index(), below
        for (const size_t place : places)
            into.tokens[place].key = open_key(into.tokens[place].key, other.tokens[place].key);
        into.count += other.count;
        into.last_seen = std::max(into.last_seen, other.last_seen);
        aliases_[ids[i]] = into.id;
        templates_.erase(ids[i]);
    }
    while (aliases_.size() > most_) aliases_.erase(aliases_.begin());
    index(into);
}

size_t Templates::absorb(Template& into, const std::vector<MaskedToken>& tokens) {
    ASSERT(into.tokens.size() == tokens.size());
    size_t grown = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
        std::string& text = into.tokens[i].text;
        if (text == tokens[i].text) continue;
        std::string merged = merge_texts(text, tokens[i].text);
        grown += merged.size() - text.size();
        text = std::move(merged);
    }
    return grown;
}

// An eighth goes at once, so that a log of nothing but new lines pays for it only now and then.
void Templates::forget_oldest() {
    std::vector<std::pair<uint64_t, uint64_t>> by_age;
    by_age.reserve(templates_.size());
    for (const auto& [id, made] : templates_) by_age.emplace_back(made.last_seen, id);
    std::ranges::sort(by_age);
    const size_t gone = std::max<size_t>(1, by_age.size() / 8);
    for (size_t i = 0; i < gone && i < by_age.size(); ++i) {
        const auto found = templates_.find(by_age[i].second);
        unindex(found->second);
        templates_.erase(found);
        ++forgotten_;
    }
    std::erase_if(aliases_, [&](const auto& alias) { return by_id(alias.first) == nullptr; });
}

}  // namespace ops
