// Writes the JSON Schema of mlpack.yaml to the file that is named; runs while mlpack is built.

#include "lib/error.h"
#include "lib/file.h"
#include "lib/spec/spec.h"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_schema FILE\n", stderr);
    return 2;
  }
  try {
    mlpack::write_file(argv[1], mlpack::json_schema());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
