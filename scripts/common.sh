# Sourced by the scripts beside it: what they all need to talk, to wait and to clean up.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=""
pids=()

bold="" dim="" green="" red="" plain=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

now() { printf '%s' "${EPOCHREALTIME/,/.}"; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", b - a }'; }
mb() { awk -v n="$1" 'BEGIN { if (n < 1e4) print n " bytes"; else if (n < 1e6) printf "%.1f kB", n / 1e3; else printf "%.1f MB", n / 1e6 }'; }

# Makes $work, a folder that goes at the exit together with every process noted in pids.
temporary_work() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/mlpack-$1-XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

clean_up() {
  local status=$? pid
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do stop "$pid"; done
  rm -rf "$work"
  exit "$status"
}

# Ends a process of ours: asks first, insists after ten seconds.
stop() {
  local pid=$1
  kill "$pid" 2> /dev/null || return 0
  wait_for 10 gone "$pid" || kill -KILL "$pid" 2> /dev/null || true
  wait "$pid" 2> /dev/null || true
}

gone() { ! kill -0 "$1" || grep -q '^State:.*zombie' "/proc/$1/status"; }

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local tries=$(($1 * 10))
  shift
  until "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

# Runs a command with its output in a log, which is shown only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" > "$log" 2>&1 || status=$?
  if [ "$status" != 0 ]; then
    tail -n 60 "$log" >&2
    printf '%sfailed with exit code %d: %s%s\n' "$red" "$status" "$*" "$plain" >&2
  fi
  rm -f "$log"
  return "$status"
}

# build_in FOLDER OPTIONS...: configures and builds in build/FOLDER, several files of a library in one go: all, or what
# $targets names.
build_in() {
  local folder=$root/build/$1
  shift
  export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache}
  quietly cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=12 "$@" &&
    quietly cmake --build "$folder" ${targets:+--target $targets}
}

# install_mlpack OPTIONS...: mlpack as it is shipped, built with g++ and installed under build/gcc/installed.
install_mlpack() {
  build_in gcc -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE='-O2 -DNDEBUG' -DCMAKE_CXX_COMPILER=g++ \
    -DCMAKE_INSTALL_PREFIX="$root/build/gcc/installed" "$@" &&
    quietly cmake --install "$root/build/gcc"
}

# need_root_mount "$0" "$@": a plain chroot has no /proc, and its / is no mount point. Runs the script again where both
# are as on any machine.
need_root_mount() {
  if grep -qs '^[^ ]* [^ ]* [^ ]* [^ ]* / ' /proc/self/mountinfo || [ "$(id -u)" != 0 ]; then return 0; fi
  exec "$root/scripts/own-root" "$@"
}

# start_registry NAME: docker-registry on a free loopback port, its data in $work/NAME. Sets $registry to host:port.
start_registry() {
  local name=$1 log=$work/$1.log
  cat > "$work/$name.yml" <<EOF
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/$name}, delete: {enabled: true}}
http: {addr: "127.0.0.1:0"}
EOF
  docker-registry serve "$work/$name.yml" > "$log" 2>&1 &
  pids+=($!)
  wait_for 20 grep -q 'listening on' "$log" || { cat "$log" >&2; return 1; }
  registry=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" | head -n 1)
  wait_for 20 curl -fsS "http://$registry/v2/"
}
