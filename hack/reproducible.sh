#!/usr/bin/env bash
# Fails unless `make build` makes the same program of the same source in two folders.
#
#   hack/reproducible.sh [FOLDER]   of another program with such a target, for tests
#
# What was compiled before is used again, so that this takes seconds. With COLD=1 the second build has an empty
# cache, its own copy of every module, home and temporary folder; the compiler is then held to the same as the linker.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${1:-$root}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
one=$tmp/one two=$tmp/two/in/a/folder/further/down
for folder in "$one" "$two"; do
  mkdir -p "$folder"
  cp -R Makefile go.mod go.sum api cmd internal "$folder"
done

# build runs the target in folder $1, with more in its environment.
build() {
  local folder=$1
  shift
  env "$@" make --no-print-directory -C "$folder" build VERSION=v0.0.0 COMMIT=0000000
  [ -s "$folder/bin/manager" ] || { echo "make build made no bin/manager"; return 1; }
}

build "$one"
if [ "${COLD:-}" = 1 ]; then
  mkdir "$tmp/home" "$tmp/temporary"
  # Modules come from the files that were downloaded, as from a proxy; go.sum holds what is in them.
  build "$two" HOME="$tmp/home" TMPDIR="$tmp/temporary" GOCACHE="$tmp/cache" GOMODCACHE="$tmp/modules" \
    GOFLAGS="$(go env GOFLAGS) -modcacherw" GOPROXY="file://$(go env GOMODCACHE)/cache/download" GOSUMDB=off
else
  build "$two"
fi

first=$(sha256sum <"$one/bin/manager") second=$(sha256sum <"$two/bin/manager")
if [ "$first" != "$second" ]; then
  echo "two builds of the same source differ: ${first%% *} and ${second%% *}"
  exit 1
fi
echo "both builds have the SHA-256 ${first%% *}"
