#!/usr/bin/env bash
# Fails when what we write calls something with a known vulnerability, in a module or in Go's standard library.
#
#   hack/vulnerabilities.sh [PACKAGE...]   of the operator's module; ./... without one
#
#   VULNDB=URL       another database than Go's: http, https or file
#   STRICT=1         fail when the database cannot be read; without it that is said, and nothing was checked
#   VULNDB_TIMEOUT   how many seconds the database has to answer; 20 without it
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -gt 0 ] || set -- ./...

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tool=$tmp/govulncheck
database=()
if [ -n "${VULNDB:-}" ]; then database=(-db "$VULNDB"); fi
seconds=${VULNDB_TIMEOUT:-20}

go build -modfile=hack/tools/govulncheck/go.mod -o "$tool" golang.org/x/vuln/cmd/govulncheck || exit 1

# Whether there is a database is asked apart from the check: whatever fails after this question is a failure.
# No version of ours has an entry, so that the answer needs the index and nothing else.
timeout "$seconds" "$tool" ${database[@]+"${database[@]}"} -mode query -format json github.com/appenv/appenv-operator@v0.0.0 >"$tmp/answer" 2>"$tmp/why"
code=$?
if [ "$code" != 0 ]; then
  if [ "$code" = 124 ]; then echo "no answer within $seconds seconds" >"$tmp/why"; fi
  echo "NOT CHECKED for known vulnerabilities: the database cannot be read: $(tr '\n' ' ' <"$tmp/why")"
  if [ "${STRICT:-}" = 1 ]; then exit 1; fi
  echo "STRICT=1 makes this a failure"
  exit 0
fi
echo "database of $(sed -nE 's/^ *"db_last_modified": "([^"]+)".*/\1/p' "$tmp/answer")"

# 3 is govulncheck's code for a vulnerability in what is called; what is only linked it tells, and ends with 0.
"$tool" ${database[@]+"${database[@]}"} "$@"
code=$?
case $code in
  0) echo "nothing with a known vulnerability is called" ;;
  3) echo "something with a known vulnerability is called" ;;
  *) echo "the check for known vulnerabilities ended with $code, and says nothing about them" ;;
esac
[ "$code" = 0 ]
