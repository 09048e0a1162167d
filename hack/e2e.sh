#!/usr/bin/env bash
# Runs the end-to-end scenarios on real components, on one major of Argo CD after the other.
#
#   RUN=part-of-a-name ARGOCD=3.5|2.14 hack/e2e.sh    UPDATE=1 writes the golden texts
#
# State and logs are in .e2e/; what runs is stopped at the end, whatever happened.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. hack/steps.sh

read -ra majors <<<"${ARGOCD:-3.5 2.14}"
total=$((1 + ${#majors[@]}))
update=()
if [ "${UPDATE:-}" = 1 ]; then update=(-update); fi
binary=$PWD/bin/e2e.test

# The suite stops what it started. Should it have been killed, this does.
stop() {
  local major
  for major in "${majors[@]}"; do go -C hack/local run ./down ".e2e/argocd-$major" >/dev/null; done
}
trap stop EXIT
trap 'exit 130' INT TERM

# Scenarios mostly wait, so more of them run at once than there are processors.
scenarios() {
  (cd test/e2e && ARGOCD=$1 "$binary" -test.timeout 0 -test.parallel 10 -test.run "^TestScenarios\$/^(together|alone|last)\$/${RUN:-}" "${update[@]}")
}

mkdir -p bin
step "scenarios compiled" env GOWORK=off go -C test/e2e test -c -o "$binary" .
for major in "${majors[@]}"; do step "Argo CD $major" scenarios "$major"; done
if [ ${#majors[@]} = 2 ] && [ $((SECONDS - started)) -gt 720 ]; then
  echo "this took more than the 12 minutes that both majors should need once everything is built"
fi
finish
