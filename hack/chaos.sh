#!/usr/bin/env bash
# Lets everything around the operator break while environments change all the time; see test/chaos/doc.go.
#
#   SEED=1 DURATION=3m hack/chaos.sh    UPDATE=1 adds what came of it to test/chaos/RESULTS.md
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/components/build.sh test
echo "compiling the operator and test/chaos"
make --no-print-directory build
go test -c -o bin/chaos.test ./test/chaos
results=()
if [ "${UPDATE:-}" = 1 ]; then results=("-chaos.results=$PWD/test/chaos/RESULTS.md"); fi
# As go test would run it; but what it prints is printed as it comes.
cd test/chaos
exec ../../bin/chaos.test -test.timeout 0 -chaos.seed "${SEED:-1}" -chaos.duration "${DURATION:-3m}" "${results[@]}"
