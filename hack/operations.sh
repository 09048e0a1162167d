#!/usr/bin/env bash
# Changes environments rightly and wrongly, takes every change back, and compares; see test/operations/doc.go.
#
#   SEED=1 hack/operations.sh    LANES=8 environments at once
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/components/build.sh test
echo "compiling test/operations"
go test -c -o bin/operations.test ./test/operations
# As go test would run it; but what it prints is printed as it comes. It keeps many caches, and collects garbage less often.
export GOGC=400
cd test/operations
exec ../../bin/operations.test -test.timeout 30m -operations.seed "${SEED:-1}" -operations.lanes "${LANES:-8}"
