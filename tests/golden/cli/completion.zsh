#compdef mlpack
_mlpack() {
  local command='' i depth=1
  local -a commands
  for ((i = 2; i < CURRENT; i++)); do
    case "${command:+$command }${words[i]}" in
      'plan') command='plan'; depth=$i ;;
      'build') command='build'; depth=$i ;;
      'push') command='push'; depth=$i ;;
      'pull') command='pull'; depth=$i ;;
      'copy') command='copy'; depth=$i ;;
      'fetch') command='fetch'; depth=$i ;;
      'lock') command='lock'; depth=$i ;;
      'inspect') command='inspect'; depth=$i ;;
      'check') command='check'; depth=$i ;;
      'doctor') command='doctor'; depth=$i ;;
      'diff') command='diff'; depth=$i ;;
      'catalog') command='catalog'; depth=$i ;;
      'store') command='store'; depth=$i ;;
      'store ls') command='store ls'; depth=$i ;;
      'store rm') command='store rm'; depth=$i ;;
      'store gc') command='store gc'; depth=$i ;;
      'store verify') command='store verify'; depth=$i ;;
      'login') command='login'; depth=$i ;;
      'logout') command='logout'; depth=$i ;;
      'completion') command='completion'; depth=$i ;;
      'help') command='help'; depth=$i ;;
    esac
  done
  words=("${(@)words[depth,-1]}")
  (( CURRENT -= depth - 1 ))
  case "$command" in
    '')
      if [[ $PREFIX == -* ]]; then
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      && return
      fi
      commands=( \
      'plan:say what would be built, and why; write nothing' \
      'build:build an image from a spec' \
      'push:push an image to registries' \
      'pull:pull an image from a registry into the store' \
      'copy:copy an image between registries, layouts and archives' \
      'fetch:fill the store for `build --offline`' \
      'lock:pin what the spec leaves open' \
      'inspect:say what is in an image' \
      'check:say whether an image will run there, proved from its bytes' \
      'doctor:say whether this host, or a cluster, can run GPU containers, or an image' \
      'diff:say what differs between two images' \
      'catalog:show the compatibility data, its sources and its age' \
      'store:list, clean and check the local store' \
      'login:log in to a registry' \
      'logout:forget the credentials for a registry' \
      'completion:print a completion script for bash, zsh or fish' \
      'help:say what a command does and takes' \
      )
      _describe command commands ;;
    'plan')
      _arguments \
      '*--explain[say what led to WHAT\: base, cuda, driver, python, runtime, fit, a framework or a layer]:WHAT: ' \
      '*--as-of[choose among what was released by DATE (2025-10-31, say)]:DATE: ' \
      '*--platform[plan for P (linux/arm64, say), not for the spec'\''s platforms]:P: ' \
      '*--var[set a variable that the spec declares]:NAME=VALUE: ' \
      '*--offline[use no network\: plan from the catalog, the lock and the store]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':SPEC:_files' \
      && return ;;
    'build')
      _arguments \
      '*-t[name the image; `\:TAG` appends to the spec'\''s own name]:REF: ' \
      '*--tag[name the image; `\:TAG` appends to the spec'\''s own name]:REF: ' \
      '*-o[write it to oci\:DIR\[\:TAG\], oci-archive\:FILE or docker-archive\:FILE (`-`\: stdout)]:DEST:_files' \
      '*--output[write it to oci\:DIR\[\:TAG\], oci-archive\:FILE or docker-archive\:FILE (`-`\: stdout)]:DEST:_files' \
      '*--push[push it to the registries that its names name]' \
      '*--platform[build for P (linux/arm64, say), not for the spec'\''s platforms]:P: ' \
      '*--var[set a variable that the spec declares]:NAME=VALUE: ' \
      '*--label[set a label]:KEY=VALUE: ' \
      '*--also[make REF of the same weights\: a weights-image, a weights-volume or a modelpack]:KIND=REF: ' \
      '*--attach[put an artifact beside the image that refers to it]:KIND:(image-compatibility)' \
      '*--locked[fail where the lock is missing or does not fit the spec]' \
      '*--offline[use no network\: only what the store holds]' \
      '*--verify-cache[read every file again, also where nothing seems changed]' \
      '*--reshard[split weights that are too large for a layer into shards]' \
      '*--no-check[do not check what a spec with a `fleet` made]' \
      '*--ignore[pass over a finding of the check, and record why]:ID=REASON: ' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      '*:SPEC:_files' \
      && return ;;
    'push')
      _arguments \
      '*--dry-run[say what would become of every blob, and send nothing]' \
      '*--explain[say why, for every blob]' \
      '*--forbid-upload[fail rather than upload layers of ROLE]:ROLE:(base system python weights files config)' \
      '*--if-match[move the tag only if it leads to DIGEST so far (`none`\: is not there)]:DIGEST: ' \
      '*--receipt[write what was pushed to FILE, as JSON]:FILE:_files' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':IMAGE:_files' \
      '*:REF: ' \
      && return ;;
    'pull')
      _arguments \
      '*--platform[of several platforms, pull P alone (linux/arm64, say)]:P: ' \
      '*--referrers[pull what refers to the image, too, such as signatures]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':REF: ' \
      && return ;;
    'copy')
      _arguments \
      '*--platform[of several platforms, copy P alone (linux/arm64, say)]:P: ' \
      '*--referrers[copy what refers to the image, too, such as signatures]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':SRC:_files' \
      ':DST:_files' \
      && return ;;
    'fetch')
      _arguments \
      '*--platform[fetch for P (linux/arm64, say), not for the spec'\''s platforms]:P: ' \
      '*--var[set a variable that the spec declares]:NAME=VALUE: ' \
      '*--also[fetch what `build --also KIND=REF` needs too]:KIND=REF: ' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':SPEC:_files' \
      && return ;;
    'lock')
      _arguments \
      '*--upgrade[choose anew what NAME names (base, system_packages, python, a package of it, weights), or everything]' \
      '*--check[write nothing; fail where the lock would change]' \
      '*--platform[lock for P (linux/arm64, say), not for the spec'\''s platforms]:P: ' \
      '*--var[set a variable that the spec declares]:NAME=VALUE: ' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':SPEC:_files' \
      && return ;;
    'inspect')
      _arguments \
      '*--layers[list the layers]' \
      '*--files[list the files of every layer]' \
      '*--size[say how much each kind of layer takes]' \
      '*--model[say what model is in it\: format, parameters, shape]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':IMAGE:_files' \
      && return ;;
    'check')
      _arguments \
      '*--gpu[a GPU that it must run on, or cpu (repeatable)]:NAME\[\:N\]: ' \
      '*--driver[the oldest driver of these machines]:VERSION: ' \
      '*--fleet[take the machines from the fleet of a spec; - is the standard input]:SPEC:_files' \
      '*--strict[fail, too, where something could not be decided]' \
      '*--ignore[pass over a finding, and say why (repeatable)]:ID=REASON: ' \
      '*--sarif[write the findings to FILE as SARIF, too; - is the standard output]:FILE:_files' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':IMAGE:_files' \
      && return ;;
    'doctor')
      _arguments \
      '*--nodes[look at the nodes in what `kubectl get nodes -o json` printed; - is the standard input]:FILE:_files' \
      '*--registry[see whether this registry can be used, too, and how it takes uploads]:HOST\[/REPOSITORY\]: ' \
      '*--root[look at the captured host in DIR in place of this one]:DIR:_files' \
      '*--capture[write what was looked at to DIR, for --root and bug reports]:DIR:_files' \
      '*--run[compute on every GPU, too, and measure how fast it is]' \
      '*--fix[print commands that mend what was found; nothing is run]' \
      '*--strict[fail, too, where something could not be decided]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':IMAGE:_files' \
      && return ;;
    'diff')
      _arguments \
      '*--packages[list the Python packages that differ, and nothing else]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':IMAGE:_files' \
      ':OTHER:_files' \
      && return ;;
    'catalog')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':TABLE:(cuda_toolkits nvcc_archs architectures target_families ptx_versions drivers forward_compat compat_packages image_requirements gpus gpu_families gpu_processors mig_profiles capability_features quantisations memory_overheads gpu_memory cudnn cudnn_changes cudnn_images cudnn_wheels nccl nccl_targets nccl_images nccl_wheels tensorrt tensorrt_changes torch torch_builds frameworks onnxruntime_in_triton runtime_releases runtime_processors triton_versions cuda_images cuda_images_later python_images distroless os_images ngc_pytorch distros glibcxx_gcc manylinux musllinux facts)' \
      ':NAME: ' \
      && return ;;
    'store')
      if [[ $PREFIX == -* ]]; then
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      && return
      fi
      commands=( \
      'ls:list the images of the store' \
      'rm:take names away' \
      'gc:remove what no name leads to' \
      'verify:read everything in the store and compare it with its digest' \
      )
      _describe command commands ;;
    'store ls')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      && return ;;
    'store rm')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      '*:REF: ' \
      && return ;;
    'store gc')
      _arguments \
      '*--all[remove downloads too that no image is made from]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      && return ;;
    'store verify')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      && return ;;
    'login')
      _arguments \
      '*-u[who to log in as]:USER: ' \
      '*--username[who to log in as]:USER: ' \
      '*--password-stdin[read the password from stdin instead of asking for it]' \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':REGISTRY: ' \
      && return ;;
    'logout')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':REGISTRY: ' \
      && return ;;
    'completion')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      ':SHELL:(bash zsh fish)' \
      && return ;;
    'help')
      _arguments \
      '*--store[where images, recipes and downloads are kept (default\: $MLPACK_STORE, else mlpack in $XDG_CACHE_HOME or ~/.cache)]:DIR:_files' \
      '*--json[print the result as one JSON document]' \
      '*--progress[show progress as auto, tty, plain or none]:STYLE:(auto tty plain none)' \
      '*-q[say nothing but warnings and errors]' \
      '*--quiet[say nothing but warnings and errors]' \
      '*-v[say more about what is done]' \
      '*--verbose[say more about what is done]' \
      '*--color[colour messages\: auto, always or never]:WHEN:(auto always never)' \
      '*-j[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--jobs[do at most N things at a time (default\: one for each processor)]:N: ' \
      '*--plain-http[talk to registries without TLS, not just to loopback ones]' \
      '*--ca[trust the certificates in FILE too]:FILE:_files' \
      '*--catalog[replace and add rows of the compatibility data (mlpack-catalog)]:DIR:_files' \
      '*-h[print help]' \
      '*--help[print help]' \
      '*--version[print the version]' \
      '*:COMMAND:(plan build push pull copy fetch lock inspect check doctor diff catalog store login logout completion help)' \
      && return ;;
  esac
}
_mlpack "$@"
