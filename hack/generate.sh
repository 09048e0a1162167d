#!/usr/bin/env bash
# Generates the deepcopy functions, the CRD, the roles, the API reference and README's tables from the Go sources.
#
#   hack/generate.sh [FOLDER]   writes below FOLDER, laid out as the repository; by default into it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-.}

go tool -modfile=hack/tools/controller-gen/go.mod controller-gen \
  object:headerFile=hack/boilerplate.go.txt \
  crd \
  paths=./api/... \
  output:object:dir="$out/api/v1alpha1" \
  output:crd:dir="$out/config/crd/bases"
go tool -modfile=hack/tools/controller-gen/go.mod controller-gen \
  rbac:roleName=manager-role \
  paths=./internal/controller/... \
  output:rbac:dir="$out/config/rbac"
reference=$(mktemp)
trap 'rm -f "$reference"' EXIT
go tool -modfile=hack/tools/crd-ref-docs/go.mod crd-ref-docs \
  --config hack/tools/crd-ref-docs/config.yaml --renderer markdown --log-level ERROR \
  --source-path api/v1alpha1 --output-path "$reference"
cat -s "$reference" >"$out/api/v1alpha1/README.md"
if [ "$out" = . ]; then go test -run TestReadmeHoldsWhatIsGenerated ./test/arch -update; fi
