#!/usr/bin/env bash
# Fails when something generated is stale, or something is unformatted, unused or out of place.
# Changes nothing: what can be generated is generated into a temporary folder and compared.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. hack/steps.sh
total=13
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Files of ours, tracked or about to be; without Git, everything but what is built.
files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
  else
    find . \( -path ./bin -o -path ./.git -o -path ./.demo -o -path ./.e2e -o -path ./.bench \) -prune -o -type f -print | cut -c3-
  fi
}
[ "$(files | grep -c '^api/.*\.go$')" -gt 0 ] || { echo "found no Go files below api"; exit 1; }

# Modules that hold code of ours, not only pinned tools.
modules() {
  echo .
  for module in hack/local hack/demo hack/google-standin hack/licenses test/bench test/e2e test/fuzz test/observability test/upkeep test/contract/*; do
    if [ -f "$module/go.mod" ]; then echo "$module"; fi
  done
}

generated() {
  mkdir -p "$tmp"/api/v1alpha1 "$tmp"/config/{crd/bases,rbac}
  hack/generate.sh "$tmp" || return 1
  local file status=0
  while IFS= read -r file; do
    if ! diff -u --label "$file as it is" --label "$file as generated" "$file" "$tmp/$file"; then status=1; fi
  done < <(cd "$tmp" && find api config -type f | sort)
  # What was generated once and no longer is.
  for file in $(files | grep -E '^(api/.*/zz_generated.*|config/crd/bases/.*)$'); do
    [ -e "$tmp/$file" ] || { echo "$file is no longer generated: remove it"; status=1; }
  done
  [ "$status" = 0 ] || echo "run: make generate"
  return "$status"
}

formatted() {
  local bad
  bad=$(files | grep '\.go$' | xargs gofmt -l) || return 1
  [ -z "$bad" ] || { echo "not formatted, run make fmt:"; echo "$bad"; return 1; }
}

scripts() {
  local file status=0
  for file in $(files | grep '\.sh$') .ci/run; do bash -n "$file" || status=1; done
  return "$status"
}

lint() {
  local module status=0 tool=$tmp/golangci-lint
  go build -modfile=hack/tools/golangci-lint/go.mod -o "$tool" github.com/golangci/golangci-lint/v2/cmd/golangci-lint || return 1
  for module in $(modules); do
    (
      cd "$module" || exit 1
      # What uses Argo CD's packages shares what was compiled for bin/ and by make test.
      case $module in test/contract/argocd-*) export CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false' ;; esac
      "$tool" run --config "$root/.golangci.yml" ./...
    ) || status=1
  done
  return "$status"
}

# Code that no program reaches, and code of tests that no test reaches. What runs components here is
# looked at together with everything that uses it. The contract modules are one test each, and following
# them through all of Argo CD would take minutes and gigabytes.
dead() {
  local found status=0 module tool=$tmp/deadcode local=()
  go build -modfile=hack/tools/deadcode/go.mod -o "$tool" golang.org/x/tools/cmd/deadcode || return 1
  echo 'go 1.26.8' >"$tmp/go.work"
  for module in $(modules | grep -v '^test/contract/'); do
    case $module in hack/local | hack/demo | test/bench | test/e2e) local+=("./$module/..."); printf 'use %s\n' "$root/$module" >>"$tmp/go.work"; continue ;; esac
    found=$(cd "$module" && "$tool" -test ./...) || status=1
    [ -z "$found" ] || { echo "$found"; status=1; }
  done
  found=$(GOWORK=$tmp/go.work "$tool" -test -filter 'appenv-operator/(hack|test)/' "${local[@]}") || status=1
  [ -z "$found" ] || { echo "$found"; status=1; }
  found=$("$tool" ./cmd/...) || status=1
  [ -z "$found" ] || { echo "$found"; status=1; }
  return "$status"
}

tidy() {
  local module status=0
  for module in $(modules); do go -C "$module" mod tidy -diff || status=1; done
  for module in $(files | grep -E '(^|/)go\.mod$'); do
    [ -s "${module%.mod}.sum" ] || { echo "${module%.mod}.sum is missing"; status=1; }
  done
  return "$status"
}

# The API server and kubeconform are asked about everything in config; make test has built what that needs.
manifests() { hack/components/build.sh test >/dev/null && go test -count=1 -v ./test/manifests | grep -v '^=== '; }

# The samples are what people begin with. Tags of the demo's images move, because nothing is behind them.
samples() {
  go build -o "$tmp/kubectl-appenv" ./cmd/kubectl-appenv &&
    "$tmp/kubectl-appenv" lint -f config/samples --fail-on warning &&
    "$tmp/kubectl-appenv" lint -f config/samples --repo hack/demo/repo --fail-on error
}

# What the last release accepted is still accepted. The check itself is checked: without a field it fails.
compatible() {
  local crd=config/crd/bases/platform.appenv.dev_appenvironments.yaml released=test/compatibility/released.yaml
  sed 's/^\( *\)deletionPolicy:$/\1deletionPolicies:/' "$crd" >"$tmp/incompatible.yaml"
  if go tool -modfile=hack/tools/crdify/go.mod crdify "file://$crd" "file://$tmp/incompatible.yaml" >/dev/null; then
    echo "crdify does not see that a field is gone"
    return 1
  fi
  go tool -modfile=hack/tools/crdify/go.mod crdify "file://$released" "file://$crd"
}

# The project speaks of itself alone. An image reference is right where a program must pull it and
# in the examples of image overrides, whose projects do not exist.
words() {
  local found status=0
  found=$(files | grep -v -e '^LICENSE$' -e 'go\.sum$' -e '^hack/verify\.sh$' |
    xargs grep -nIE '\b(TODO|FIXME|XXX)\b|(^|[^A-Za-z0-9._-])/(root|home|work|Users)/|([a-z0-9-]+\.)?(gcr|ghcr|quay|docker)\.io\b|[a-z0-9.-]+\.pkg\.dev|\bprox[y]\.[a-z]+\.[a-z]+' |
    grep -v -e 'gcr\.io/distroless/static:nonroot' -e 'ghcr\.io/appenv/appenv-operator' -e 'asia-northeast1-docker\.pkg\.dev/')
  [ -z "$found" ] || { echo "$found"; status=1; }
  return "$status"
}

# The tree is as it was before.
fingerprint() { files | LC_ALL=C sort | xargs sha256sum; }
fingerprint >"$tmp/before" || exit 1
unchanged() {
  fingerprint >"$tmp/after"
  diff "$tmp/before" "$tmp/after" || { echo "files changed while this ran"; return 1; }
}

step "generated files are current" generated
step "README tables are current" go test -run TestReadmeHoldsWhatIsGenerated ./test/arch
step "Go files are formatted" formatted
step "scripts parse" scripts
step "lint" lint
step "no dead code" dead
step "modules are tidy" tidy
step "manifests are of their schema, and accepted" manifests
step "samples are without findings" samples
step "the CRD is compatible with the last released one" compatible
step "rules and dashboard" hack/observability.sh
step "no open ends, machine paths or registry hosts" words
step "nothing was changed" unchanged
finish
