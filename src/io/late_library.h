// LateLibrary: a shared library that is loaded when it is first needed. What every process of ours
// is linked with stays in its memory for good, needed or not.
//
//     struct Curl : LateLibrary {
//         Curl() : LateLibrary("libcurl.so.4") {}
//         Late<decltype(::curl_easy_init)> easy_init{*this, "curl_easy_init"};
//     };
//     const Curl& curl = late_library<Curl>();
//     TRY(curl.is_loaded());
#pragma once

#include "base/result.h"

namespace ops {

class LateLibrary {
public:
    // Never unloaded: other threads may still use it at the end.
    explicit LateLibrary(const char* file);
    LateLibrary(const LateLibrary&) = delete;
    LateLibrary& operator=(const LateLibrary&) = delete;

    // Requires of whoever calls one of its functions: it is loaded.
    const Result<>& is_loaded() const { return is_loaded_; }
    // Of this library or of those it needs. Null, and not loaded, when there is none.
    void* find(const char* name);

private:
    const char* file_;
    void* handle_ = nullptr;
    Result<> is_loaded_;
};

// A function of one, called as if it were linked.
template <class Function>
class Late {
public:
    Late(LateLibrary& library, const char* name)
        : function_(reinterpret_cast<Function*>(library.find(name))) {}
    operator Function*() const { return function_; }  // which is what a call of it calls

private:
    Function* function_;
};

// Loaded once for the process, by the first that asks. A failure is tried again by the next start.
template <class Library>
const Library& late_library() {
    static const Library kLibrary;
    return kLibrary;
}

}  // namespace ops
