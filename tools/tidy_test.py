#!/usr/bin/env python3
"""Shows of every rule of tidy.py that it can fail, and that it spares what is fine."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402

ROOMS = {"base": set(), "io": {"base"}, "record": {"base", "io"}, "sim": {"base", "io"}}
HEADER = "// Says what it is.\n#pragma once\n"


class Tidy(unittest.TestCase):
    def setUp(self):
        self.before = os.getcwd()
        self.folder = tempfile.TemporaryDirectory()
        os.chdir(self.folder.name)

    def tearDown(self):
        os.chdir(self.before)
        self.folder.cleanup()

    def write(self, path, text):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def breaches(self, path, text):
        return list(tidy.check_file(self.write(path, text), ROOMS))

    def assert_breach(self, says, path, text):
        found = self.breaches(path, text)
        self.assertTrue(any(says in breach for breach in found), f"{text!r}: {found}")

    def assert_fine(self, path, text):
        self.assertEqual(self.breaches(path, text), [], text)

    def test_rooms_flow_one_way(self):
        self.write("src/base/result.h", HEADER)
        self.assertEqual(list(tidy.check_rooms({"base": set(), "io": {"base"}})), [])
        found = list(tidy.check_rooms({"base": {"io"}, "io": set()}))
        self.assertIn("base includes io, which is not listed above it", found[0])

    def test_rooms_are_listed_and_have_a_front_door(self):
        self.write("src/base/result.h", HEADER)
        self.write("src/attic/attic.h", HEADER)
        self.write("src/record/store.h", HEADER)
        self.write("src/learn/memory.h", HEADER)
        found = "\n".join(tidy.check_rooms(ROOMS | {"learn": set()}))
        self.assertIn("src/attic:1: no room of this name", found)
        self.assertIn("src/record/journal.h:1: missing", found)
        self.assertIn("src/learn/brain.h:1: missing", found)
        self.assertNotIn("result.h", found)
        self.assertNotIn("src/sim", found, "a room without files needs no door")

    def test_includes_keep_to_the_rooms(self):
        self.assert_breach("base may not include io", "src/base/a.cc", '#include "io/files.h"\n')
        self.assert_breach("base may not include io", "src/base/a.cc", '#  include "io/files.h"\n')
        self.assert_fine("src/record/a.cc", '#include "io/files.h"\n#include "record/b.h"\n')
        self.assert_fine("src/base/a_test.cc", '#include "sim/world.h"\n')
        self.assert_fine("src/base/a.cc", '// #include "io/files.h"\n')

    def test_own_header_comes_first(self):
        self.write("src/base/a.h", HEADER)
        self.assert_breach('include "base/a.h" first', "src/base/a.cc", '#include <string>\n#include "base/a.h"\n')
        self.assert_breach('include "base/a.h" first', "src/base/a_test.cc", "#include <gtest/gtest.h>\n")
        self.assert_fine("src/base/a.cc", '#include "base/a.h"\n\n#include <string>\n')
        self.assert_fine("src/base/no_header.cc", "#include <string>\n")

    def test_third_party_headers_stay_wrapped(self):
        self.assert_breach("only record, sim may include", "src/io/a.cc", "#include <sqlite3.h>\n")
        self.assert_breach("in the .cc that wraps it", "src/record/a.h", HEADER + "#include <sqlite3.h>\n")
        self.assert_fine("src/record/b.cc", "#include <sqlite3.h>\n")

    def test_columns(self):
        self.assert_breach("over 100 columns", "src/base/a.cc", "// " + "x" * 98 + "\n")
        self.assert_fine("src/base/a.cc", "// " + "x" * 97 + "\n")
        self.assert_fine("src/base/a.cc", "// see https://" + "x" * 98 + "\n")
        self.assert_fine("src/base/a.cc", 'auto a = R"(\n' + "x" * 120 + '\n)";\n')

    def test_banned_words(self):
        for code in (
            "auto now = std::chrono::system_clock::now();", "auto now = Steady_clock::now ();",
            "time(nullptr);", "std::this_thread::sleep_for(1s);", "usleep(5);", "int a = rand();",
            "std::random_device device;", 'getenv("HOME");', "pid_t child = fork();", "popen(a, b);",
            "system(command);", "std::ifstream file(path);", "FILE* file = fopen(path, mode);",
            "std::regex pattern;", "co_await next();", "throw 5;", "using namespace std;",
            "class PortManager {};", "struct ParseHelper {};", "class FilesImpl;",
            "posix_spawn(a, b);", "clock_gettime(a, b);", "std::mt19937 twister;",
            "workers.submit([this, id] {});", "workers.submit([id, &ports] {});", "workers.submit([=] {});",
        ):
            self.assert_breach("use ", "src/record/a.cc", code + "\n")

    def test_words_in_comments_and_strings_are_no_code(self):
        for code in (
            "// throw away, then fork() and system()", "/* a\n throw\n */ int a;",
            'auto a = "system(x) // no comment";', 'auto a = R"(throw "x" fork())";',
            'auto a = R"sql(throw )" fork())sql";', "char c = '\"'; // \" throw", "int n = 1'000; // ' throw",
            'auto a = "\\"throw\\"";', "char c = '\\''; // throw",
        ):
            self.assert_fine("src/record/a.cc", code + "\n")
        self.assert_breach("use", "src/record/a.cc", "int n = 1'000; throw 2'000;\n")
        self.assert_breach("use", "src/record/a.cc", 'log("a"); throw "b";\n')

    def test_words_that_only_look_alike(self):
        for code in ("int operand(int);", "journal_system_check();", "strand.post();",
                     "clock.now();", "using namespace std::chrono_literals;", "class Database {};",
                     "bool is_fork = true;", "unsleep(5);", "struct Helpers { int a; };",
                     "workers.submit([ports = ports_, id] {});"):
            self.assert_fine("src/record/a.cc", code + "\n")

    def test_some_rooms_and_tests_may_say_more(self):
        self.assert_fine("src/io/real_clock.cc", "auto now = std::chrono::system_clock::now();\n")
        self.assert_fine("src/sim/world.cc", "throw PowerLost{};\n")
        self.assert_fine("bench/a.cc", "auto now = std::chrono::steady_clock::now();\n")
        self.assert_breach("a timer", "bench/a.cc", "sleep(1);\n")
        self.assert_fine("src/record/a_test.cc", "std::ifstream golden(path);\n")
        self.assert_breach("a timer", "src/record/a_test.cc", "std::this_thread::sleep_for(1s);\n")
        self.assert_breach("a timer", "tests/fuzz/a.cc", "sleep(1);\n")

    def test_unfinished_work_is_an_issue(self):
        self.assert_breach("write an issue", "src/base/a.cc", "// TO" + "DO: later\n")
        self.assert_breach("write an issue", "src/base/a.cc", "// FIX" + "ME\n")
        self.assert_fine("src/base/a.cc", "// a todo list\n")

    def test_sizes_of_files(self):
        self.assert_breach("601 lines", "src/base/a.cc", "int a;\n" * 601)
        self.assert_fine("src/base/a.cc", "int a;\n" * 600)
        self.assert_breach("1001 lines", "src/base/a_test.cc", "int a;\n" * 1001)

    def test_sizes_of_functions(self):
        body = "    work();\n" * 69
        for opening, closing in (
            ("void a() {\n", "}\n"),
            ("    void A::b(int c) const noexcept override {\n", "}\n"),
            ("auto a(int b)\n    -> std::vector<int> {\n", "}\n"),
            ("A::A(int b) : b_(b) {\n", "}\n"),
            ("A::A(int b) : b_{b}, c_{1} {\n", "}\n"),
            ("class A {\n    void b() {\n", "    }\n};\n"),
            ("namespace ops {\nstruct A {\n    int b() && {\n", "}\n};\n}\n"),
            ("const auto a = [&](int b) {\n", "};\n"),
            ("TEST(A, B) {\n", "}\n"),
            ("void a() {\n    b([] {\n", "    });\n}\n"),
            ("template <class T>\nvoid a(T b = {}) {\n", "}\n"),
            ("void a(const std::function<void(int)>& b)\n{\n", "}\n"),
            ("bool operator==(A a) const {\n", "}\n"),
        ):
            self.assert_breach("a function of", "src/base/a.cc", opening + body + body + closing)
            short = "    work();\n" * 60
            self.assert_fine("src/base/a.cc", opening + short + closing)

    def test_what_is_no_function_has_no_limit(self):
        body = "    work,\n" * 100
        for opening, closing in (
            ("namespace ops {\n", "}\n"),
            ("enum class A {\n", "};\n"),
            ("struct A {\n", "};\n"),
            ("class A : public B {\n", "};\n"),
            ("constexpr auto kTable = std::to_array<Row>({\n", "});\n"),
            ("const std::vector<Row> kRows{\n", "};\n"),
            ("#define A(b) {\nnamespace {\n", "}\n"),
        ):
            self.assert_fine("src/base/a.cc", opening + body + closing)

    def test_functions_side_by_side_are_measured_one_by_one(self):
        function = "void a() {\n" + "    if (b) {\n        c();\n    }\n" * 20 + "}\n"
        self.assert_fine("src/base/a.cc", function * 5)

    def types(self, files):
        paths = [self.write(path, text) for path, text in files.items()]
        return "\n".join(tidy.check_types(sorted(paths), ROOMS))

    def test_one_type_of_a_name(self):
        here = "namespace ops {\nstruct Target {\n    int a;\n};\n}\n"
        hidden = "namespace ops {\nnamespace {\nstruct Target { int b; };\n}\n}\n"
        said = self.types({"src/io/a.cc": here, "src/record/b.cc": here})
        self.assertIn("src/record/b.cc:2: type 'ops::Target' is defined in src/io/a.cc too", said)
        for clash in ("enum class Target { a };", "class Target final : public Base {};",
                      "struct Target : Base { void f() {} };", "union Target { int i; };"):
            said = self.types({"src/io/a.cc": here, "src/record/b.cc": f"namespace ops {{ {clash} }}"})
            self.assertIn("src/record/b.cc:1", said, clash)
        for other in (hidden, here.replace("ops", "ops::sim"), "namespace ops { struct Target; }",
                      "namespace ops { class Outer { struct Target {}; }; }",
                      "namespace ops { void f() { struct Target {}; } }",
                      "namespace ops { struct Target make() { return {}; } }",
                      "namespace ops { struct Outer::Target {}; }",
                      "namespace ops { template <> struct Target<int> {}; }"):
            self.assertEqual(self.types({"src/io/a.cc": here, "src/record/b.cc": other}), "", other)

    def test_types_of_tests_clash_in_one_program_only(self):
        story = "namespace ops {\nclass Story {};\n}\n"
        self.assertEqual(
            self.types({"src/io/a_test.cc": story, "src/record/b_test.cc": story}), "")
        here = {"src/io/a_test.cc": "", "src/record/b_test.cc": story}
        self.assertIn("is defined in", self.types(here | {"src/record/c.cc": story}))
        self.assertIn("is defined in", self.types(here | {"src/record/c.cc": "", "src/io/d.cc": story}))
        self.assertEqual(self.types(here | {"src/io/d.cc": "", "src/sim/e.cc": story}), "",
                         "a test of record has no sim in it")

    def test_headers(self):
        self.assert_fine("src/base/a.h", HEADER)
        self.assert_breach("begin with a comment", "src/base/a.h", "#pragma once\n")
        self.assert_breach("has no #pragma once", "src/base/a.h", "// Says what it is.\n")


if __name__ == "__main__":
    unittest.main()
