#include "layers/deb_shell.h"
#include "lib/text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

// The calls of `run` in the script, `/` between them, `?` for a word that cannot be told.
std::string calls_of(const std::string& script) {
  const ShellFacts facts{{"configure", ""},
                         {{"DPKG_MAINTSCRIPT_ARCH", "amd64"}, {"ARCH", "amd64"}},
                         [](const std::string& path) { return path == "/usr/bin/there"; }};
  const auto calls = read_shell(script, "run", facts);
  if (!calls) return "unreadable";
  std::vector<std::string> found;
  for (const ShellCall& call : *calls) {
    std::vector<std::string> words;
    for (const auto& word : call)
      words.push_back(word.value_or("?"));
    found.push_back(join(words, " "));
  }
  return join(found, " / ");
}

}  // namespace

TEST_CASE("a call is found with its words, over lines that go on") {
  CHECK(calls_of("#!/bin/sh\nset -e\nrun a 'b c' \"d\" \\\n  e # no word\n") == "a b c d e");
  CHECK(calls_of("run a; run b && run c || run d | run e &\n") == "a / b / c / d / e");
  CHECK(calls_of("#!/bin/bash -e\nrun a\n") == "a");
  CHECK(calls_of("echo run a; foo run b\n") == "");
  CHECK(calls_of("run") == "");
}

TEST_CASE("redirections and here-documents are no words") {
  CHECK(calls_of("run a >/dev/null 2>&1 </dev/null b\n") == "a b");
  CHECK(calls_of("run a &>log; run b >>x 2> y\n") == "a / b");
  CHECK(calls_of("cat <<EOF\nrun no\nEOF\nrun a <<-'END' b\n\trun no\n\tEND\n") == "a b");
}

TEST_CASE("variables have the value that they were given") {
  CHECK(calls_of("v=1.2\nrun /usr/lib/$v/x-${v}.$ARCH '$v'\n") == "/usr/lib/1.2/x-1.2.amd64 $v");
  CHECK(calls_of("v='a b'\nrun $v \"$v\"\n") == "a b a b");
  CHECK(calls_of("run ${v:-fallback} ${ARCH:-fallback}\n") == "fallback amd64");
  CHECK(calls_of("v=\nrun a$v \"$v\"\n") == "a ");
  CHECK(calls_of("export v=1 w=2; run $v$w\nunset v; run x$v\n") == "12 / x");
}

TEST_CASE("a value that the text does not tell is unknown") {
  CHECK(calls_of("run $unset a\n") == "? a");
  CHECK(calls_of("v=$(uname -r); run /lib/$v a\n") == "? a");
  CHECK(calls_of("run ${ARCH%64} $((1+1)) $# $? *.so\n") == "? ? ? ? ?");
  CHECK(calls_of("v=1; read v; run $v\n") == "?");
}

TEST_CASE("a value that may have changed is unknown") {
  CHECK(calls_of("v=1\nif test -e /x; then v=2; fi\nrun $v\n") == "?");
  CHECK(calls_of("v=1\nif test -e /x; then v=1; fi\nrun $v\n") == "1");
  CHECK(calls_of("v=1\n(v=2)\nrun $v\n") == "1");
}

TEST_CASE("what echo prints into a substitution is its value") {
  CHECK(calls_of("v=$(echo a b)\nrun \"$v\" $v `echo c`\n") == "a b a b c");
  CHECK(calls_of("f() { echo x-$1; }\nrun $(f 1)\n") == "x-1");
  CHECK(calls_of("run $(dpkg --print-architecture)\n") == "amd64");
  CHECK(calls_of("run $(echo a; cat /etc/hostname)\n") == "?");
  CHECK(calls_of("run $(echo a | sed s/a/b/)\n") == "?");
}

TEST_CASE("case on the first argument takes the arm of a first installation") {
  CHECK(calls_of(
            "case \"$1\" in\n  configure|reconfigure)\n    run a\n    ;;\n  *)\n    run b\n    ;;\n"
            "esac\n") == "a");
  CHECK(calls_of("case $1 in (remove) run a;; conf*) run b;; configure) run c; esac; run d\n") ==
        "b / d");
  CHECK(calls_of("case $unset in x) run a;; *) run b;; esac\n") == "a / b");
}

TEST_CASE("a condition that can be told decides, else both sides are read") {
  CHECK(calls_of("if [ \"$1\" = configure ]; then run a; else run b; fi\n") == "a");
  CHECK(calls_of("if [ \"$1\" != configure ] || [ -n \"$2\" ]; then run a; else run b; fi\n") ==
        "b");
  CHECK(calls_of("if [ -z \"$2\" ] && true; then run a; elif true; then run b; fi\n") == "a");
  CHECK(calls_of("if ! test x = y; then run a; fi; if false; then run b; fi\n") == "a");
  CHECK(calls_of("if [ -e /usr/bin/there ]; then run a; else run b; fi\n") == "a");
  CHECK(calls_of("if [ -e /usr/bin/other ]; then run a; else run b; fi\n") == "a / b");
  CHECK(calls_of("if which x >/dev/null; then run a; else run b; fi\n") == "a / b");
  CHECK(calls_of("[ \"$1\" = remove ] && run a\n[ \"$1\" = remove ] || run b\n") == "b");
}

TEST_CASE("loops over words are run, others are read once") {
  CHECK(calls_of("for i in a b; do\n  run $i\ndone\n") == "a / b");
  CHECK(calls_of("l='a b'; for i in $l c; do for j in 1 2; do run $i$j; done; done\n") ==
        "a1 / a2 / b1 / b2 / c1 / c2");
  CHECK(calls_of("for i in $(ls); do run $i; done\n") == "?");
  CHECK(calls_of("for i in; do run $i; done; run z\n") == "z");
  CHECK(calls_of("while read l; do run $l; done; until false; do run u; done\n") == "? / u");
}

TEST_CASE("functions are read where they are called, with their arguments") {
  CHECK(calls_of("f() {\n  run $1 \"$2\"\n}\nf a b\nf c\n") == "a b / c ");
  CHECK(calls_of("f () { run \"$@\"; shift; run $1; }\nf a b\nrun $1\n") == "a b / b / configure");
  CHECK(calls_of("never() { run a; }\n") == "");
  CHECK(calls_of("f() { return 0; run a; }\nf; run b\n") == "b");
  CHECK(calls_of("f() { [ $1 = x ]; }\nf x && run a; f y && run b; f y || run c\n") == "a / c");
  CHECK(calls_of("f() { return 1; }\nf || run a; f && exit 1; run b\n") == "a / b");
}

TEST_CASE("what comes after a certain exit is not read") {
  CHECK(calls_of("run a; exit 0; run b\n") == "a");
  CHECK(calls_of("if [ \"$1\" = configure ]; then exit 0; fi; run b\n") == "");
  CHECK(calls_of("if [ -e /x ]; then exit 0; fi; run b\n") == "b");
  CHECK(calls_of("f() { exit 0; }\nf\nrun b\n") == "");
  CHECK(calls_of("v=$(exit 1)\nrun b\n") == "b");
}

TEST_CASE("an exit that depends on a subshell is not certain") {
  CHECK(calls_of("(test -e /x) && exit 0\nrun b\n") == "b");
  CHECK(calls_of("( exit 1 )\nrun b\n") == "b");
  CHECK(calls_of("( run a; (run b) ) && run c || (run d) 2>&1; run e\n") == "a / b / c / d / e");
  CHECK(calls_of("case x in x) (run a);; esac; if (true); then (run b) fi; f() (run c); f\n") ==
        "a / b / c");
  CHECK(calls_of("{ test -e /x; } && exit 0\nrun b\n") == "b");
  CHECK(calls_of("grep -q x /y | cat && exit 0\nrun b\n") == "b");
}

TEST_CASE("arguments that set puts in place are the arguments") {
  CHECK(calls_of("set -- a b; run $1 $2\n") == "a b");
  CHECK(calls_of("set -eu; set -o pipefail; set +x; run $1\n") == "configure");
  CHECK(calls_of("set -e -- a b c; shift 2; run $1 $2\n") == "c");
  CHECK(calls_of("set --; run x$1\n") == "x");
  CHECK(calls_of("if [ -e /x ]; then shift; fi; run $1\n") == "?");
}

TEST_CASE("what is no shell script cannot be read") {
  CHECK(calls_of("#!/usr/bin/perl\nrun a\n") == "unreadable");
  for (const char* script :
       {"run 'a\n", "run \"a\n", "run `a\n", "run $(a\n", "run ${a\n", "cat <<EOF\nrun a\n"}) {
    INFO(script);
    CHECK(calls_of(script) == "unreadable");
  }
}

TEST_CASE("a script that never ends, or tells too much, is given up") {
  CHECK(calls_of("f() { f; }\nf\n") == "unreadable");
  CHECK(calls_of("f() { g; g; }\ng() { f; f; }\nf\n") == "unreadable");
  std::string loops = "run x";
  for (int i = 0; i < 8; ++i)
    loops = fmt::format("for v{} in a b c d e f; do {}; done", i, loops);
  CHECK(calls_of(loops) == "unreadable");
  std::string doubling = "v=0123456789\n";
  for (int i = 0; i < 40; ++i)
    doubling += "v=$v$v\n";
  CHECK(calls_of(doubling + "run $v a\n") == "? a");
  CHECK(calls_of(std::string(1000, '(')) == "unreadable");
}

TEST_CASE("no cut of a script crashes") {
  const std::string script =
      "f() { case \"$1\" in a|b) for i in 1 2; do run $i `echo x` $(echo \"y\"); done;; esac; }\n"
      "if [ -n \"${v:-w}\" ]; then f a; else (f b) 2>&1; fi\ncat <<E\nx\nE\nwhile read l; do :; "
      "done\n";
  for (std::size_t length = 0; length <= script.size(); ++length)
    calls_of(script.substr(0, length));
  CHECK(calls_of(script) == "1 x y / 2 x y");
}
