#!/usr/bin/env bash
# Lets the operator die before and after each of its writes, and prints the matrix of how that ended.
#
#   RUN=part-of-a-journey hack/boundary.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

hack/components/build.sh test
echo "compiling test/boundary"
go test -c -o bin/boundary.test ./test/boundary
# As go test would run it; but what it prints is printed as it comes. It keeps many caches, and collects garbage less often.
export GOGC=400
cd test/boundary
exec ../../bin/boundary.test -test.timeout 30m -test.run "/${RUN:-}"
