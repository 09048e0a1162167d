#!/usr/bin/env bash
# Runs every test. The real API server, etcd and controllers that the tests drive are built first,
# from their Go modules, into bin/; nothing else is downloaded and nothing that Git tracks changes.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. hack/steps.sh

# The race detector needs a C compiler and several times the processor; RACE=1 turns it on.
# -count=1: golden files and built components stand outside of what Go's test cache looks at.
flags=(-timeout 20m -count=1)
if [ "${RACE:-}" = 1 ]; then flags+=(-race); fi

# The contract modules use packages of Argo CD, which were compiled with these settings for bin/ or will be:
# Go compiles them once.
nested() {
  case $1 in
    test/contract/argocd-*) CGO_ENABLED=0 GOFLAGS=-buildvcs=false go -C "$1" test -trimpath -timeout 20m -count=1 ./... ;;
    *) go -C "$1" test "${flags[@]}" ./... ;;
  esac
}

packages=$(go list ./...) || exit 1
# Tests that start a control plane of their own run one package at a time: several API servers at
# once on a small machine would turn deadlines into chance.
# make verify runs test/manifests, make boundary test/boundary,
# make operations test/operations, make chaos test/chaos, make speed test/speed.
mapfile -t alone < <(grep '/test/' <<<"$packages" | grep -Ev '/test/(manifests|boundary|operations|chaos|speed)$')
mapfile -t together < <(grep -v '/test/' <<<"$packages")
# Nested modules that hold code of ours, not only pinned tools.
mapfile -t nested < <(ls hack/local/go.mod hack/demo/go.mod hack/google-standin/go.mod hack/licenses/go.mod test/bench/go.mod test/fuzz/go.mod test/upkeep/go.mod test/contract/*/go.mod 2>/dev/null | xargs -n1 dirname)
total=$((2 + ${#alone[@]} + ${#nested[@]}))

step "components that the tests drive" hack/components/build.sh test
step "packages of the operator" go test "${flags[@]}" "${together[@]}"
for package in "${alone[@]}"; do
  step "${package#*/appenv-operator/}" go test "${flags[@]}" "$package"
done
for module in "${nested[@]}"; do
  step "$module" nested "$module"
done
finish
