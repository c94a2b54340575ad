#!/usr/bin/env bash
# Searches with the fuzzers and keeps what they find:
#
#   tests/fuzz/run.sh MINUTES [TARGET...]    so long for each target (fuzz_TARGET.cpp); all of them if none is named
#   tests/fuzz/run.sh 0 [TARGET...]          only merges what was found before
#
# Two at a time, with little priority. What is new is merged into tests/fuzz/corpus, logs and inputs that break a claim are
# left in build/fuzz/found. The exit status is 1 if there are such inputs. FUZZ_JOBS: how many at a time; FUZZ_BUILD: another
# folder than build/fuzz, for a build that is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

(($# > 0)) && [[ $1 =~ ^[0-9]+$ ]] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "tests/fuzz/run.sh" >&2
  exit 2
}
minutes=$1
shift
build=${FUZZ_BUILD:-build/fuzz}
found=$build/found
corpus=$PWD/tests/fuzz/corpus
targets=("$@")
if ((${#targets[@]} == 0)); then
  for source in tests/fuzz/fuzz_*.cpp; do
    name=${source##*/fuzz_}
    targets+=("${name%.cpp}")
  done
fi

command -v clang++ >/dev/null || {
  echo "run.sh: clang++ is not in PATH; on Debian and Ubuntu: apt-get install clang libclang-rt-dev" >&2
  exit 2
}
[[ -f $build/build.ninja ]] || cmake --preset fuzz -B "$build"
nice -n 15 cmake --build "$build" -j 2 --target "${targets[@]/#/fuzz_}"

mkdir -p "$found"
scratch=$(mktemp -d "$([[ -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/devtask-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Small inputs that together reach all code that any of them reaches; no more than 300, of 4 KiB at most.
keep() {  # keep TARGET
  local merged=$scratch/$1.merged
  mkdir -p "$merged"
  "$build/bin/fuzz_$1" -merge=1 -use_counters=0 -max_len=4096 -timeout=20 "$merged" "$corpus/$1" "$found/$1" \
    >"$found/$1.merge.log" 2>&1 || return
  (cd "$merged" && ls -rS | tail -n +301 | xargs -r rm --)
  rm -rf "${corpus:?}/$1"
  mv "$merged" "$corpus/$1"
}

search() {  # search TARGET
  local binary=$build/bin/fuzz_$1 dictionary=tests/fuzz/$1.dict options=()
  [[ ! -f $dictionary ]] || options+=(-dict="$dictionary")
  mkdir -p "$found/$1" "$corpus/$1" "$scratch/$1"
  # A claim that is broken ends a process; the others go on.
  ((minutes == 0)) || TMPDIR=$scratch/$1 nice -n 15 "$binary" -fork=1 -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 \
    -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=3000 -max_len=8192 "${options[@]}" \
    -artifact_prefix="$found/$1-" "$found/$1" "$corpus/$1" >"$found/$1.log" 2>&1 || :
  TMPDIR=$scratch/$1 keep "$1" || echo "$1: merging failed, see $found/$1.merge.log"
  printf '%-16s %s; %d inputs kept\n' "$1" "$(grep -ahE '^#[0-9]+: cov: ' "$found/$1.log" /dev/null | tail -n 1)" \
    "$(find "$corpus/$1" -type f | wc -l)"
}

export -f search keep
export minutes build found corpus scratch
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'search "$1"' _ {}

broken=$(find "$found" -maxdepth 1 -name '*-crash-*' -o -maxdepth 1 -name '*-timeout-*' -o -maxdepth 1 -name '*-oom-*' -o -maxdepth 1 -name '*-leak-*')
[[ -z $broken ]] || {
  printf 'inputs that break a claim; run the fuzzer on one to see which:\n%s\n' "$broken"
  exit 1
}
