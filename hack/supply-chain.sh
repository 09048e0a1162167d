#!/usr/bin/env bash
# Checks what the operator is made of, and what it may do: known vulnerabilities, licences, that the same source gives
# the same program, careless code, and permissions. STRICT=1 fails when the database of vulnerabilities cannot be
# read; COLD=1 compiles the program anew for the comparison.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. hack/steps.sh
total=5
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

vulnerabilities() { hack/vulnerabilities.sh | tee "$tmp/vulnerabilities"; }

# The operator's module; make verify looks at every module with code of ours. The check itself is checked: where a
# name that somebody passes is opened, it finds that.
careless() {
  local tool=(go tool -modfile="$root/hack/tools/golangci-lint/go.mod" golangci-lint run --config "$root/.golangci.yml" --enable-only gosec)
  mkdir "$tmp/careless"
  printf 'module example.com/careless\n\ngo 1.26\n' >"$tmp/careless/go.mod"
  printf 'package careless\n\nimport "os"\n\nfunc Open(name string) (*os.File, error) { return os.Open(name) }\n' >"$tmp/careless/careless.go"
  if (cd "$tmp/careless" && "${tool[@]}" ./...) >"$tmp/found" 2>&1 || ! grep -q 'G304.*gosec' "$tmp/found"; then
    cat "$tmp/found"
    echo "gosec does not see what is careless"
    return 1
  fi
  "${tool[@]}" ./...
}

# A snapshot of every permission, and what must and must not be among them. A pattern that matches no test would pass.
permissions() {
  local tests=$tmp/tests
  go test -count=1 -v -run 'Permissions|May|Excesses|Roles|TheRole' ./test/arch ./internal/component >"$tests" || { cat "$tests"; return 1; }
  grep -q '^--- PASS: TestPermissionsAreThoseOfTheSnapshot' "$tests" || { echo "no test compares the snapshot"; return 1; }
  echo "$(wc -l <test/arch/testdata/permissions.txt) permissions; $(grep -c '^--- PASS' "$tests") tests hold them"
}

step "known vulnerabilities" vulnerabilities
step "licences of what is linked are allowed" go -C hack/licenses run .
step "two builds give the same program" hack/reproducible.sh
step "nothing is careless (gosec)" careless
step "permissions are those of the snapshot" permissions
# Said again where it is read: that step passed without an answer.
grep '^NOT CHECKED' "$tmp/vulnerabilities"
finish
