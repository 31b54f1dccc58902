# bash completion for mlpack
_mlpack() {
  local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local command='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${command:+$command }${COMP_WORDS[i]}" in
      'plan') command='plan' ;;
      'build') command='build' ;;
      'push') command='push' ;;
      'pull') command='pull' ;;
      'copy') command='copy' ;;
      'fetch') command='fetch' ;;
      'lock') command='lock' ;;
      'inspect') command='inspect' ;;
      'check') command='check' ;;
      'doctor') command='doctor' ;;
      'diff') command='diff' ;;
      'catalog') command='catalog' ;;
      'store') command='store' ;;
      'login') command='login' ;;
      'logout') command='logout' ;;
      'completion') command='completion' ;;
      'help') command='help' ;;
      'store ls') command='store ls' ;;
      'store rm') command='store rm' ;;
      'store gc') command='store gc' ;;
      'store verify') command='store verify' ;;
    esac
  done
  case "$previous" in
    --store) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --progress) COMPREPLY=($(compgen -W 'auto tty plain none' -- "$word")); return ;;
    --color) COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
    -j|--jobs) COMPREPLY=(); return ;;
    --ca) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --catalog) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --explain) COMPREPLY=(); return ;;
    --as-of) COMPREPLY=(); return ;;
    --platform) COMPREPLY=(); return ;;
    --var) COMPREPLY=(); return ;;
    -t|--tag) COMPREPLY=(); return ;;
    -o|--output) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --label) COMPREPLY=(); return ;;
    --also) COMPREPLY=(); return ;;
    --attach) COMPREPLY=($(compgen -W 'image-compatibility' -- "$word")); return ;;
    --ignore) COMPREPLY=(); return ;;
    --forbid-upload) COMPREPLY=($(compgen -W 'base system python weights files config' -- "$word")); return ;;
    --if-match) COMPREPLY=(); return ;;
    --receipt) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --gpu) COMPREPLY=(); return ;;
    --driver) COMPREPLY=(); return ;;
    --fleet) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --sarif) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --nodes) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --registry) COMPREPLY=(); return ;;
    --root) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --capture) COMPREPLY=($(compgen -f -- "$word")); return ;;
    -u|--username) COMPREPLY=(); return ;;
  esac
  case "$command" in
    '') words='plan build push pull copy fetch lock inspect check doctor diff catalog store login logout completion help --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'plan') words='--explain --as-of --platform --var --offline --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'build') words='-t --tag -o --output --push --platform --var --label --also --attach --locked --offline --verify-cache --reshard --no-check --ignore --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'push') words='--dry-run --explain --forbid-upload --if-match --receipt --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'pull') words='--platform --referrers --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'copy') words='--platform --referrers --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'fetch') words='--platform --var --also --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'lock') words='--upgrade --check --platform --var --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'inspect') words='--layers --files --size --model --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'check') words='--gpu --driver --fleet --strict --ignore --sarif --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'doctor') words='--nodes --registry --root --capture --run --fix --strict --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'diff') words='--packages --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='yes' ;;
    'catalog') words='cuda_toolkits nvcc_archs architectures target_families ptx_versions drivers forward_compat compat_packages image_requirements gpus gpu_families gpu_processors mig_profiles capability_features quantisations memory_overheads gpu_memory cudnn cudnn_changes cudnn_images cudnn_wheels nccl nccl_targets nccl_images nccl_wheels tensorrt tensorrt_changes torch torch_builds frameworks onnxruntime_in_triton runtime_releases runtime_processors triton_versions cuda_images cuda_images_later python_images distroless os_images ngc_pytorch distros glibcxx_gcc manylinux musllinux facts --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'store') words='ls rm gc verify --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'store ls') words='--store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'store rm') words='--store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'store gc') words='--all --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'store verify') words='--store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'login') words='-u --username --password-stdin --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'logout') words='--store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'completion') words='bash zsh fish --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
    'help') words='plan build push pull copy fetch lock inspect check doctor diff catalog store login logout completion help --store --json --progress -q --quiet -v --verbose --color -j --jobs --plain-http --ca --catalog -h --help --version' files='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ -z $files || $word == -* ]] || COMPREPLY+=($(compgen -f -- "$word"))
}
complete -o filenames -F _mlpack mlpack
