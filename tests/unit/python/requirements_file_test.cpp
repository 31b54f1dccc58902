#include "lib/python/requirements_file.h"

#include "lib/error.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace mlpack;

namespace {

const std::string a64(64, 'a');
const std::string b64(64, 'b');

RequirementsFile read_text(std::map<std::string, std::string> files) {
  return read_requirements("/p/r.txt",
                           {[&](const fs::path& path) {
                              const auto found = files.find(path.string());
                              if (found == files.end())
                                fail(Fault::input, "`{}` is missing", path.string());
                              return found->second;
                            },
                            [](const std::string& name) {
                              return name == "TOKEN" ? std::optional<std::string>("s3cr3t")
                                                     : std::nullopt;
                            }});
}

RequirementsFile read_text(const std::string& text) {
  return read_text({{"/p/r.txt", text}});
}

std::string requirement_problems(const std::string& text) {
  try {
    read_text(text);
  } catch (const Error& error) {
    std::string all = error.what();
    for (const Where& where : error.where())
      all += "\n" + std::to_string(where.line) + ": " + where.message;
    return all;
  }
  return "none";
}

PythonFacts python_of_bookworm() {
  return {"3.11.2",
          {3, 11, "x86_64", {LibcVersion::Kind::glibc, 2, 36}},
          linux_markers("3.11.2", "x86_64")};
}

}  // namespace

TEST_CASE("a file that pip-compile wrote is locked") {
  const RequirementsFile file = read_text(
      "# by pip-compile\n--index-url https://u:${TOKEN}@i.example/simple\n"
      "six==1.17.0 \\\n    --hash=sha256:" +
      a64 + " \\\n    --hash=sha256:" + b64 +
      "\n    # via x\n\nA.b[c]==1.0 ; python_version >= \"3.8\" --hash=sha256:" + a64 + "\r\n");
  REQUIRE(file.requirements.size() == 2);
  CHECK(is_locked(file));
  CHECK(file.index_url == "https://u:s3cr3t@i.example/simple");
  CHECK(file.requirements[0].sha256.size() == 2);
  CHECK(file.requirements[0].where.line == 3);
  CHECK(file.requirements[1].requirement.name == "a-b");
  const PythonSelection selection = select_requirements(file, python_of_bookworm());
  CHECK(selection.problems.empty());
  REQUIRE(selection.packages.size() == 2);
  CHECK(selection.packages[0].name == "a-b");
  CHECK(selection.packages[1].version == "1.17.0");
}

TEST_CASE("a file with a mark at its head is read as without, in UTF-8 and UTF-16") {
  using namespace std::string_literals;
  const std::string texts[] = {"\xEF\xBB\xBFsix==1.0\n",
                               "\xFF\xFEs\0i\0x\0=\0=\0"
                               "1\0.\0"
                               "0\0\r\0\n\0"s,
                               "\xFE\xFF\0s\0i\0x\0=\0=\0"
                               "1\0.\0"
                               "0\0\n"s};
  for (const std::string& text : texts) {
    const RequirementsFile file = read_text(text);
    REQUIRE(file.requirements.size() == 1);
    CHECK(file.requirements[0].text == "six==1.0");
  }
  const std::string face = "\xFF\xFE#\0\x3D\xD8\x00\xDE\n\0"s;
  CHECK(read_text(face).requirements.empty());
  CHECK(requirement_problems("\xFF\xFEs"s) == "`/p/r.txt` is no text");
  CHECK(requirement_problems("\xFF\xFE\x3D\xD8"s) == "`/p/r.txt` is no text");
}

TEST_CASE("paths of wheels are looked up from the folder of the first file, as pip and uv do it") {
  const RequirementsFile file =
      read_text({{"/p/r.txt", "-r sub/more.txt\n./one.whl\n"},
                 {"/p/sub/more.txt", "./w/two-1-py3-none-any.whl\n--find-links here\n-e lib\n"}});
  REQUIRE(file.local.size() == 3);
  CHECK(file.local[0].path == "/p/w/two-1-py3-none-any.whl");
  CHECK(file.local[1].path == "/p/lib");
  CHECK(file.local[2].path == "/p/one.whl");
  CHECK(file.find_links == std::vector<std::string>{"/p/sub/here"});
}

TEST_CASE("a URL of a wheel says the name itself; what has to be built is told") {
  const RequirementsFile file =
      read_text("https://h.example/whl/torch-2.5%2Bcu124-py3-none-any.whl#sha256=" + a64 +
                " ; python_version > '3'\nhttps://h.example/six-1.0-py3-none-any.whl#egg=six\n");
  REQUIRE(file.requirements.size() == 2);
  CHECK(file.requirements[0].requirement.name == "torch");
  CHECK(file.requirements[0].sha256.size() == 1);
  CHECK(file.requirements[1].requirement.name == "six");
  CHECK(requirement_problems(
            "x @ git+https://u:pw@h.example/x.git@main\n"
            "x @ https://h.example/x-1.0.tar.gz?token=pw\n"
            "--no-binary :all:\n-c https://u:pw@h.example/c.txt\nhttps://h.example/x\n") ==
        "`/p/r.txt` has 5 problems\n"
        "1: what is in a repository has to be built: name its wheel\n"
        "2: `x-1.0.tar.gz` are sources, which have to be built: name a wheel\n"
        "3: `--no-binary` wants sources, and wheels alone are installed: take it out, and name a "
        "wheel that was built\n"
        "4: requirements are not read from the network: download them, and name the file\n"
        "5: a URL needs a name in front of it: `name @ URL`");
  CHECK(read_text("--trusted-host h.example\nsix\n").requirements.size() == 1);
  for (const char* const none : {"--no-binary :none:", "--no-binary=:none:"})
    CHECK(read_text(std::string(none) + "\nsix\n").requirements.size() == 1);
  for (const char* const later : {"--no-binary :none:", "--only-binary :all:", "--only-binary a_b"})
    CHECK(read_text(std::string("--no-binary A.b\n") + later).requirements.empty());
  CHECK(requirement_problems("--no-binary :none:\n--no-binary a,b\n--only-binary a\n@\n")
            .starts_with("`/p/r.txt` has 2 problems\n2: `--no-binary` wants sources"));
}

TEST_CASE("a file whose requirements are open is not locked") {
  CHECK_FALSE(is_locked(read_text("six\n")));
  CHECK_FALSE(is_locked(read_text("six==1.0\n")));
  CHECK_FALSE(is_locked(read_text("six>=1.0 --hash=sha256:" + a64 + "\n")));
  CHECK_FALSE(is_locked(read_text("six==1.* --hash=sha256:" + a64 + "\n")));
  CHECK(is_locked(read_text("x @ https://h.example/x-1-py3-none-any.whl#sha256=" + a64)));
}

TEST_CASE("other files, folders and indexes are named relative to the file") {
  const RequirementsFile file = read_text(
      {{"/p/r.txt",
        "-r sub/a.txt\n-c c.txt\n--extra-index-url=https://e.example/s\n-f wheels\n--no-index"},
       {"/p/sub/a.txt", "-f ../more\nsix==1"},
       {"/p/c.txt", "six<1"}});
  CHECK(file.requirements.at(0).where.file == "/p/sub/a.txt");
  CHECK(file.constraints.size() == 1);
  CHECK(file.find_links == std::vector<std::string>{"/p/sub/../more", "/p/wheels"});
  CHECK(file.index == RequirementsFile::Index::none);
  const PythonSelection selection = select_requirements(file, python_of_bookworm());
  REQUIRE(selection.problems.size() == 1);
  CHECK(selection.problems[0].message == "the constraint excludes `six`");
}

TEST_CASE("markers leave out what the image does not need") {
  const std::string hash = " --hash=sha256:" + a64 + "\n";
  const RequirementsFile file =
      read_text("colorama==1 ; sys_platform == 'win32'" + hash + "six==1" + hash + "six==1" + hash);
  CHECK(select_requirements(file, python_of_bookworm()).packages.size() == 1);
  const PythonSelection twice =
      select_requirements(read_text("six==1" + hash + "six==2" + hash), python_of_bookworm());
  REQUIRE(twice.problems.size() == 1);
  CHECK(twice.problems[0].message == "`six` is here twice, differently");
}

TEST_CASE("what is on disk is told from what is asked of an index") {
  const RequirementsFile file = read_text(
      "./lib[x, y] ; python_version > '3'\n-e ../other\n--editable=/abs/\nx @ file:///a%20b/c\n"
      "w/x-1-py3-none-any.whl --hash=sha256:" +
      a64 + "\nw @ ./w-1-py3-none-any.whl#sha256=" + a64 + " ; sys_platform == 'linux'\n");
  REQUIRE(file.local.size() == 6);
  CHECK(file.local[0].path == "/p/lib");
  CHECK(file.local[0].marker == "python_version > '3'");
  CHECK(file.local[1].path == "/other");
  CHECK(file.local[2].path == "/abs/");
  CHECK(file.local[3].path == "/a b/c");
  CHECK(file.local[4].path == "/p/w/x-1-py3-none-any.whl");
  CHECK(file.local[4].sha256.size() == 1);
  CHECK(file.local[5].path == "/p/w-1-py3-none-any.whl");
  CHECK(file.local[5].sha256.size() == 1);
  CHECK(file.local[5].marker == "sys_platform == 'linux'");
  CHECK(file.requirements.empty());
  CHECK_FALSE(is_locked(file));
}

TEST_CASE("a marker behind a path follows its semicolon, behind a URL one with a blank") {
  const RequirementsFile file = read_text(
      "./lib; python_version >= '3.9'\n./lib[x];python_version >= '3.9'\n"
      "file:///a;b; python_version >= '3.9'\nx @ file:///a;b ; python_version >= '3.9'\n"
      "-e ./lib ;python_version >= '3.9'\n");
  REQUIRE(file.local.size() == 5);
  CHECK(file.local[0].path == "/p/lib");
  CHECK(file.local[1].path == "/p/lib");
  CHECK(file.local[2].path == "/a;b");
  CHECK(file.local[3].path == "/a;b");
  CHECK(file.local[4].path == "/p/lib");
  for (const LocalRequirement& local : file.local)
    CHECK(local.marker == "python_version >= '3.9'");
}

TEST_CASE("extras that only end are a problem of the file") {
  CHECK(requirement_problems("./foo]\n-e ]\na @ file:///x]\n./x; y\n") ==
        "`/p/r.txt` has 4 problems\n"
        "1: `./foo]` has a `]`, and no `[` before it\n"
        "2: `]` has a `]`, and no `[` before it\n"
        "3: `file:///x]` has a `]`, and no `[` before it\n"
        "4: `y` is no marker");
}

TEST_CASE("all that is wrong with a file is told at once") {
  CHECK(
      requirement_problems("six==\n-e git+https://h.example/x\n--frob\nhttps://h.example/x\nsix==1 "
                           "--hash=sha256:zz\nsix==1 "
                           "--config-settings=x\nsix; x == 'y'\n--index-url x") ==
      "`/p/r.txt` has 7 problems\n"
      "1: `six==` is no requirement\n"
      "2: what is in a repository has to be built: name its wheel\n"
      "3: mlpack does not know the option `--frob`\n"
      "4: a URL needs a name in front of it: `name @ URL`\n"
      "5: `sha256:zz` is no sha256\n"
      "6: mlpack does not know the option `--config-settings` of a requirement\n"
      "7: `x == 'y'` is no marker");
  CHECK(requirement_problems("-r r.txt") == "`/p/r.txt` names itself");
  CHECK(requirement_problems("https://u:s3cr3t@h.example/x.whl").find("s3cr3t") ==
        std::string::npos);
}

TEST_CASE("a hash that is named and cannot be compared is told") {
  const std::string c128(128, 'c');
  const std::string none = "compares the sha256 of files, and there is none here";
  const auto told = [](const std::string& text, const std::string& words) {
    const std::string all = requirement_problems(text);
    INFO(all);
    CHECK(all.find(words) != std::string::npos);
  };
  told("six==1 --hash=sha512:" + c128 + "\n", none);
  told("six==1 --hash=sha384:" + c128 + "\n", none);
  told("./x-1-py3-none-any.whl --hash=sha512:" + c128 + "\n", none);
  told("six @ https://h.test/six-1-py3-none-any.whl#sha512=" + c128 + "\n", none);
  told("./x-1-py3-none-any.whl#sha512=" + c128 + "\n", none);
  told("six==1 --hash=SHA256:" + a64 + "\n", "`SHA256` is no kind of hash that is known");
  told("six==1 --hash=md5:0\n", "`md5` is no kind of hash that is known: write `sha256:…`");
  CHECK(is_locked(read_text("six==1 --hash=sha512:" + c128 + " --hash=sha256:" + a64 + "\n")));
}

TEST_CASE("--require-hashes wants a hash on every line") {
  const std::string hash = " --hash=sha256:" + a64 + "\n";
  const auto count = [](const std::string& text) {
    const std::string all = requirement_problems("--require-hashes\n" + text);
    std::size_t found = 0;
    for (std::size_t at = 0;
         (at = all.find("`--require-hashes` wants one", at)) != std::string::npos;
         ++at)
      ++found;
    return found;
  };
  CHECK(count("six==1" + hash + "a==1" + hash) == 0);
  CHECK(count("six==1" + hash + "a==1\n./x-1-py3-none-any.whl\n./lib\n") == 3);
  CHECK(count("./x-1-py3-none-any.whl" + hash) == 0);
}
