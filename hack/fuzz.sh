#!/usr/bin/env bash
# Runs every fuzz target for a while, one after another. Targets are found, not listed: a function FuzzXxx in
# any module that holds code of ours is run from then on.
#
#   FUZZTIME=5m RUN=part-of-a-name hack/fuzz.sh
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. hack/steps.sh
FUZZTIME=${FUZZTIME:-10s}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Folders with fuzz targets. Go then says which there are: to ask it of every package would compile them all.
folders() { grep -rlE --include='*_test.go' '^func Fuzz[A-Z]' api cmd internal hack test | xargs -r -n1 dirname | sort -u; }

# A folder's tests are compiled once for all of its targets, with the coverage that guides Go. The contract modules are
# compiled as make test does: Argo CD with coverage would be compiled for as long as everything else is fuzzed; without it,
# Go tries inputs blindly.
run() {
  local folder=$1 binary=$tmp/${1//\//-}.test
  shift
  if [ ! -e "$binary" ]; then
    case $folder in
      test/contract/argocd-*) CGO_ENABLED=0 GOFLAGS=-buildvcs=false go -C "$folder" test -trimpath -c -o "$binary" . || return 1 ;;
      *) go -C "$folder" test -c -fuzz . -o "$binary" . || return 1 ;;
    esac
  fi
  (cd "$folder" && "$binary" -test.fuzzcachedir "$(go env GOCACHE)/fuzz/$folder" "${@/#-/-test.}")
}

# What was tried is printed as it goes; at a failure, where the input is and how to run it again.
fuzz() {
  local folder=$1 target=$2 status input
  run "$folder" -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -parallel 2 2>&1 | tee "$tmp/log"
  status=${PIPESTATUS[0]}
  input=$(sed -n 's/^ *Failing input written to //p' "$tmp/log" | head -n1)
  if [ -n "$input" ]; then
    echo "the input is $folder/$input: keep it, it is a test from now on. Again:"
    echo "  go -C $folder test -run '^$target\$/^${input##*/}\$' ."
  elif [ "$status" != 0 ] && [ "$(sed -n '/^--- FAIL/,/^FAIL$/p' "$tmp/log" | sed '1d;$d')" = "    context deadline exceeded" ]; then
    # Go says so when the time is up while it waits for a worker. No input has failed, and none hangs: Go has other
    # words for that.
    echo "the time was up; no input has failed"
    status=0
  fi
  return "$status"
}

# The CRDs of others are copied from their modules, once.
hack/components/build.sh crds || exit 1
found=()
for folder in $(folders); do
  echo "compiling the targets of $folder"
  names=$(run "$folder" -list '^Fuzz') || { echo "$names"; exit 1; }
  for name in $(grep "^Fuzz" <<<"$names" | grep -e "${RUN:-}"); do found+=("$folder $name"); done
done
total=${#found[@]}
[ "$total" -gt 0 ] || { echo "no fuzz target has \"${RUN:-}\" in its name"; exit 1; }
for each in "${found[@]}"; do
  read -r folder name <<<"$each"
  step "$folder: $name for $FUZZTIME" fuzz "$folder" "$name"
done
finish
