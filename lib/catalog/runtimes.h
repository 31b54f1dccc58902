#pragma once

#include <span>
#include <string_view>

namespace mlpack {

// What is known of serving runtimes: a file of templates/runtimes each. Members are called as the
// keys there are. A flag is written as it is typed (`--port`, `-m`); `positional` is a word without
// one, and what does not begin with `-` a variable of the environment. Everything lives as long as
// the program.

/// An official image. In `image`, `{release}` stands for the runtime's release and `{python}` for
/// the version of Python without its dot; in `tag_ends`, `{cuda}` for the version of CUDA.
struct RuntimeImage {
  /// both: where some machines have a GPU, and some have none; any: everywhere.
  enum class For { cuda, cpu, both, any };
  For what;
  std::string_view image;
  std::string_view cuda;                // its major; empty: any
  std::string_view compute_capability;  // `8.9`, of the only GPUs that it is for; empty: any
  std::string_view arch;                // empty: any
  /// What may stand behind the tag, each after a `-`: `cu{cuda}`, `amd64`.
  std::span<const std::string_view> tag_ends;
};

/// A way to start it: its words, and how they are told what to serve (empty: not at all).
struct RuntimeForm {
  std::span<const std::string_view> program;
  std::string_view model;
};

struct RuntimePort {
  /// Whether the flag is always written, or where the port is another.
  enum class Said { always, changed };
  std::string_view name;
  unsigned number;
  unsigned unprivileged;  // what takes its place where the user is not root; 0: nothing
  std::string_view flag;  // empty: it has none
  Said said;
};

struct RuntimeAdapters {
  enum class Form {
    none,    // it has no adapters
    pairs,   // FLAG NAME=PATH NAME=PATH
    joined,  // FLAG NAME=PATH,NAME=PATH
    list,    // FLAG PATH,PATH
    folder   // FLAG is a variable with the folder that holds them all
  };
  Form form;
  std::string_view flag;
  std::string_view enable;          // a flag before it
  std::string_view rank;            // a flag for the largest rank
  unsigned default_rank;            // up to which that flag is not needed
  std::span<const unsigned> ranks;  // that the flag takes; empty: any
};

/// What becomes of `runtime.args`.
struct RuntimeArgsForm {
  enum class Form {
    flags,
    environment,  // a variable each: `variable`, and the key in capitals
    passthrough   // flags again, in one variable
  };
  enum class Lists {
    words,   // --key a b
    repeat,  // --key a --key b
    comma    // --key a,b
  };
  Form form;
  Lists lists;
  std::string_view joint;  // between flag and value: a blank is two words
  std::string_view on;     // value of `true`; empty: the flag alone
  std::string_view variable;
  std::span<const std::string_view> short_flags;  // of several letters, with one dash
};

/// Flags that decide how much of a GPU's memory a model takes, or may take; empty: there is none.
struct RuntimeMemory {
  /// What becomes of a context that is longer than the model's own.
  enum class Longer {
    kept,
    shortened,
    limited,  // shortened, unless something there stretches the model's
    refused   // the server does not start with it
  } longer;
  std::span<const std::string_view> longer_with;  // keys of `args`, or variables, that allow it
  /// What becomes of bfloat16 where a GPU has none.
  enum class Bfloat16 {
    unknown,
    needed,   // the server does not start, if `dtype` asks for it
    replaced  // it computes in float16, whatever it is told
  } bfloat16;
  std::string_view half_since;    // earlier releases need it for `auto`, too
  std::string_view share;         // of the memory of a GPU
  std::string_view static_share;  // the same, of weights, keys and values alone
  std::string_view dtype;         // what is computed in
  unsigned auto_bytes;            // of an element where `dtype` is `auto`; 0: as in the files
  std::string_view quantisation;  // of weights while they are loaded
  std::string_view offload;       // GiB of the weights that stay in the memory of the machine
  std::string_view cache_bytes;   // for keys and values, on each GPU; `share` does not count then
  std::string_view cache_blocks;  // the same in blocks, which comes before it
  std::string_view block_tokens;  // of a block
  std::string_view cache_tokens;  // keys and values of so many at most: a context is no longer
  std::string_view cache_share;   // for keys and values, of what weights and overhead leave
};

/// What `runtime.config` is for.
struct RuntimeConfig {
  enum class Use {
    none,
    flag,          // FLAG PATH
    positional,    // the last word of the program
    beside_model,  // a file in the folder of the model: `name`
    modelfile      // Ollama's: read while the image is built
  };
  Use use;
  std::string_view name;  // the flag, or the file
};

/// What is said where a condition holds; the conditions are functions in lib/resolve.
struct RuntimeNote {
  enum class When {
    always,
    not_root,      // the user of the image is not root
    own_command,   // `run` replaces the command
    several_gpus,  // a container has more than one
    fixed_port,    // `port` names another than the runtime's, and no `config` is given
    vllm_port      // VLLM_PORT is in `env`
  };
  When when;
  std::string_view what;
  std::string_view why;
  std::string_view fix;
};

/// In `value`: `{model}`, `{name}`, `{port}`, `{home}` and `{cache}`.
struct RuntimeVariable {
  std::string_view name;
  std::string_view value;
};

/// A serving runtime.
struct ServingRuntime {
  enum class NeedsGpu {
    required,  // it starts only where there is one
    usual,     // there are builds for machines without one, which are others
    optional
  };
  enum class Status { active, maintenance, unmaintained };
  /// What the model has to be, and where it lies.
  enum class Serves {
    folder,       // a folder with the files of one model, or a single file in GGUF
    sentences,    // such a folder, with those of sentence-transformers
    gguf,         // a file in GGUF, the first of its shards
    repository,   // MODEL/VERSION/FILE
    store,        // Ollama's
    application,  // whatever the application makes of it
  };
  using Flag = std::span<const std::string_view>;  // flag and value, or the flag alone

  std::string_view name;
  std::string_view title;
  NeedsGpu gpu;
  std::string_view min_compute_capability;    // of every release; empty: releases have their own
  std::span<const std::string_view> aliases;  // what else people call it
  Status status;
  std::span<const std::string_view> sources;
  std::string_view retrieved;
  std::span<const RuntimeImage> images;
  std::string_view python;             // of the images; empty: they do not say
  std::span<const RuntimeForm> forms;  // the first is the one without an official image
  Serves serves;
  std::string_view served_name;
  Flag host;
  std::span<const RuntimePort> ports;  // the first is that of HTTP
  std::span<const Flag> flags;         // always; `{prepared}` in them is the list of models
  std::string_view tensor_parallel;
  std::string_view pipeline_parallel;
  std::string_view context_parallel;         // GPUs that share a sequence, each with all weights
  std::string_view data_parallel;            // copies of the model, each on GPUs of its own
  std::string_view local_data_parallel;      // those of them that are on this machine
  std::string_view attention_data_parallel;  // a flag: attention alone is copied, on the same GPUs
  std::string_view machines;                 // how many work as one
  std::span<const std::string_view> elsewhere;  // keys of `args`, or `key=value`: others work, too
  std::string_view context;
  RuntimeMemory memory;
  std::string_view projector;  // a flag for a multimodal projector in GGUF
  RuntimeAdapters adapters;
  RuntimeArgsForm args;
  std::span<const std::string_view> reserved;  // keys of `args` that mlpack writes
  std::span<const Flag> same;                  // keys of `args`, or a variable, that mean the same
  std::string_view application_key;            // of `args`: the application, a word of its own
  std::string_view application;                // where `args` does not say it
  RuntimeConfig config;
  std::string_view readiness;
  std::string_view liveness;
  unsigned startup_seconds;
  std::string_view metrics_port;  // the name of a port; empty: it has no metrics
  std::string_view metrics_path;
  std::span<const RuntimeVariable> env;
  std::span<const std::string_view> writable;  // folders
  std::string_view shm_one_gpu;                // `2Gi`; empty: what containers have will do
  std::string_view shm_several_gpus;
  std::string_view stop_signal;
  std::string_view user;                       // where the base has none but root; empty: as always
  std::span<const std::string_view> packages;  // of a Debian base: what it needs at run time
  std::span<const RuntimeNote> notes;
  std::string_view compat_switch;  // a variable: 1 takes the compat package of the image
};

/// The row of `name` (no aliases); nullptr where there is none.
const ServingRuntime* find_runtime(std::string_view name);

std::span<const ServingRuntime> serving_runtimes();

}  // namespace mlpack
