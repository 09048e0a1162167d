#!/usr/bin/env bash
# Builds the real components of tests and demo from their pinned modules into bin/ at the root.
#
#   hack/components/build.sh [all | base | test | bench | NAME...]
#
# A step is skipped when its stamp (nested go.mod and go.sum, flags, Go version) is unchanged.
# Results are renamed into place, so an interrupted build is simply started again; Go's build
# cache keeps what was compiled. A second build started meanwhile waits for the first.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=$root/bin
logs=$bin/logs
stamps=$bin/.stamps

# Equal for all nested modules, so that they share Go's build cache.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off

# What `make test` needs, and what everything else needs but for Argo CD, of which there are two.
test_steps=(etcd kube-apiserver kube-controller-manager kubectl kustomize crds)
base_steps=("${test_steps[@]}" kube-scheduler kwok external-dns external-secrets)
all_steps=("${base_steps[@]}" argocd argocd-v2)
# What the benchmarks need: kro is what they compare with, and nothing else needs it.
bench_steps=("${test_steps[@]}" kro)

# step NAME sets folder (of the nested module), package, module (which gives the version),
# expected (a cold build after the steps before it, on two cores) and variables (set by the linker).
step() {
  folder=$here/kubernetes module=k8s.io/kubernetes package= expected= variables=
  case $1 in
    etcd) module=go.etcd.io/etcd/server/v3 package=$module expected=45s ;;
    kube-apiserver) package=$module/cmd/kube-apiserver expected=4m30s ;;
    kube-controller-manager) package=$module/cmd/kube-controller-manager expected=1m30s ;;
    kubectl) package=$module/cmd/kubectl expected=30s ;;
    kube-scheduler) package=$module/cmd/kube-scheduler expected=20s ;;
    crds) folder=$here/crds module= expected=20s ;;
    kustomize) folder=$here/kustomize module=sigs.k8s.io/kustomize/kustomize/v5 package=$module expected=15s ;;
    kwok) folder=$here/kwok module=sigs.k8s.io/kwok package=$module/cmd/kwok expected=1m30s ;;
    external-dns) folder=$here/external-dns module=sigs.k8s.io/external-dns package=$module expected=3m30s ;;
    external-secrets) folder=$here/external-secrets module=github.com/external-secrets/external-secrets package=$module expected=4m30s ;;
    kro) folder=$here/kro module=github.com/kubernetes-sigs/kro package=$module/cmd/controller expected=1m30s ;;
    argocd) folder=$here/argocd module=github.com/argoproj/argo-cd/v3 package=$module/cmd expected=4m ;;
    argocd-v2) folder=$here/argocd-v2 module=github.com/argoproj/argo-cd/v2 package=$module/cmd expected=3m30s ;;
    *) return 1 ;;
  esac
  version=$(pinned "$folder" "$module")
  case $1 in
    kube*) variables="-X k8s.io/component-base/version.gitVersion=$version" ;;
    kustomize) variables="-X sigs.k8s.io/kustomize/api/provenance.version=$version" ;;
    argocd*) variables="-X $module/common.version=${version#v}" ;;
  esac
}

# pinned prints the version of module $2 in the go.mod of folder $1.
pinned() {
  awk -v module="$2" '$1 == module {print $2} $1 == "require" && $2 == module {print $3}' "$1/go.mod"
}

# compile builds the current step's package as $1.
compile() {
  go -C "$folder" build -v -trimpath -ldflags "-s -w $variables" -o "$bin/.$1.new" "$package"
  mv "$bin/.$1.new" "$bin/$1"
}

# source_of downloads module $2 of folder $1 and prints where Go keeps it.
source_of() {
  go -C "$1" mod download "$2" >&2
  go -C "$1" list -m -f '{{.Dir}}' "$2"
}

# External Secrets of major version 1, whose CRDs alone are of interest: its root module cannot be
# required by another one, so its checksum stands here and not in a go.sum.
eso1_version=v1.3.2
eso1_sum=h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=

# source_of_eso1 downloads it, compares its checksum, and prints where Go keeps it.
source_of_eso1() {
  local answer
  answer=$(cd "$bin" && go mod download -json "github.com/external-secrets/external-secrets@$eso1_version") || return 1
  if ! grep -qF "\"Sum\": \"$eso1_sum\"" <<<"$answer"; then
    echo "external-secrets $eso1_version does not have the checksum $eso1_sum" >&2
    return 1
  fi
  sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p' <<<"$answer"
}

build_crds() {
  local new=$bin/.crds.new dir
  rm -rf "$new"
  mkdir -p "$new"/{argocd,argocd-v2,external-secrets,external-secrets-v1,external-dns,gke,cert-manager,prometheus-operator}
  dir=$(source_of "$here/argocd-v2" github.com/argoproj/argo-cd/v2)
  cp "$dir"/manifests/crds/*-crd.yaml "$new/argocd-v2/"
  dir=$(source_of_eso1)
  cp "$dir/deploy/crds/bundle.yaml" "$new/external-secrets-v1/"
  dir=$(source_of "$here/argocd" github.com/argoproj/argo-cd/v3)
  cp "$dir"/manifests/crds/*-crd.yaml "$new/argocd/"
  dir=$(source_of "$here/external-secrets" github.com/external-secrets/external-secrets)
  cp "$dir/deploy/crds/bundle.yaml" "$new/external-secrets/"
  dir=$(source_of "$here/external-dns" sigs.k8s.io/external-dns)
  cp "$dir"/config/crd/standard/*.yaml "$new/external-dns/"
  dir=$(source_of "$here/crds" github.com/GoogleCloudPlatform/gke-managed-certs)
  cp "$dir/deploy/managedcertificates-crd.yaml" "$new/gke/"
  dir=$(source_of "$here/crds" github.com/cert-manager/cert-manager)
  cp "$dir"/deploy/crds/*.yaml "$new/cert-manager/"
  dir=$(source_of "$here/crds" github.com/prometheus-operator/prometheus-operator)
  cp "$dir"/example/prometheus-operator-crd/monitoring.coreos.com_{prometheusrules,servicemonitors}.yaml "$new/prometheus-operator/"
  chmod -R u+w "$new"
  rm -rf "$bin/crds"
  mv "$new" "$bin/crds"
}

# build_kwok adds the stages that make a fake Node Ready and its Pods run, complete and go.
build_kwok() {
  local dir stage
  dir=$(source_of "$folder" "$module")/kustomize/stage
  for stage in node/fast/node-initialize node/heartbeat/node-heartbeat pod/fast/pod-ready pod/fast/pod-complete pod/fast/pod-delete; do
    echo ---
    cat "$dir/$stage.yaml"
  done >"$bin/.kwok-stages.new"
  mv "$bin/.kwok-stages.new" "$bin/kwok-stages.yaml"
  compile kwok
}

# What one binary of Argo CD is: its name chooses the program.
argocd_programs=(argocd-repo-server argocd-application-controller argocd-applicationset-controller)

# build_argocd adds the script that the repo-server calls even with GPG off.
build_argocd() {
  local dir name
  dir=$(source_of "$folder" "$module")
  install -m 0755 "$dir/hack/git-verify-wrapper.sh" "$bin/git-verify-wrapper.sh"
  compile argocd
  for name in "${argocd_programs[@]}"; do ln -sfn argocd "$bin/$name"; done
}

build_argocd-v2() {
  local dir name
  dir=$(source_of "$folder" "$module")
  mkdir -p "$bin/argocd-v2-programs"
  install -m 0755 "$dir/hack/git-verify-wrapper.sh" "$bin/argocd-v2-programs/git-verify-wrapper.sh"
  compile argocd-v2
  for name in "${argocd_programs[@]}"; do ln -sfn ../argocd-v2 "$bin/argocd-v2-programs/$name"; done
}

# build runs step $1, set by step before; the function of its own wins over a plain compile.
build() {
  if declare -F "build_$1" >/dev/null; then "build_$1"; else compile "$1"; fi
}

# complete says whether everything that step $1 makes is there.
complete() {
  local file also=
  case $1 in
    kwok) also=kwok-stages.yaml ;;
    argocd) also="git-verify-wrapper.sh ${argocd_programs[*]}" ;;
    argocd-v2) also="${argocd_programs[*]/#/argocd-v2-programs/} argocd-v2-programs/git-verify-wrapper.sh" ;;
    crds) also="crds/argocd crds/argocd-v2 crds/external-secrets crds/external-secrets-v1 crds/external-dns crds/gke crds/cert-manager crds/prometheus-operator" ;;
  esac
  for file in $1 $also; do [ -e "$bin/$file" ] || return 1; done
}

# stamp prints what the result of step $1 depends on.
stamp() {
  {
    go version
    echo "$CGO_ENABLED $GOFLAGS $package $variables"
    declare -f compile build "build_$1" 2>/dev/null || true
    if [ "$1" = crds ]; then cat "$here"/{crds,argocd,argocd-v2,external-secrets,external-dns}/go.{mod,sum}; echo "$eso1_version"; else cat "$folder"/go.{mod,sum}; fi
  } | sha256sum | cut -d' ' -f1
}

# follow shows on a terminal that job $1, which writes log $2, is alive.
follow() {
  while kill -0 "$1" 2>/dev/null; do
    if [ -t 1 ]; then
      printf '\r%s: %ds of about %s, %d lines in the log ' "$label" "$((SECONDS - began))" "$expected" "$(wc -l <"$2")"
    fi
    sleep 0.3
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

# fail shows why step $1 failed.
fail() {
  echo "$label: FAILED after $((SECONDS - began))s, log ${logs#"$root"/}/$1.log ends with:"
  tail -n 25 "$logs/$1.log"
  exit 1
}

# run_step builds step $1, number $2 of $3, unless it is up to date.
run_step() {
  local name=$1 want
  step "$name"
  label="[$2 of $3] $name${version:+ $version}"
  began=$SECONDS
  want=$(stamp "$name")
  if complete "$name" && [ "$(cat "$stamps/$name" 2>/dev/null)" = "$want" ]; then
    echo "$label: up to date"
    return
  fi
  [ -t 1 ] || echo "$label: building, about $expected when nothing is cached"
  rm -f "$stamps/$name"
  : >"$logs/$name.log"
  build "$name" >"$logs/$name.log" 2>&1 &
  job=$!
  follow "$job" "$logs/$name.log"
  wait "$job" || fail "$name"
  job=
  echo "$want" >"$stamps/$name"
  echo "$label: built in $((SECONDS - began))s"
}

# stop ends the running build with its compilers, which job control put in a group of their own.
stop() {
  trap '' INT TERM
  if [ -n "$job" ]; then kill -TERM -- "-$job" 2>/dev/null || true; fi
  echo "interrupted; start it again to go on"
  exit 130
}

main() {
  local names=() argument name number=0
  for argument in "${@:-all}"; do
    case $argument in
      all) names+=("${all_steps[@]}") ;;
      base) names+=("${base_steps[@]}") ;;
      test) names+=("${test_steps[@]}") ;;
      bench) names+=("${bench_steps[@]}") ;;
      *)
        step "$argument" || { echo "unknown component $argument; known: all, base, test, bench, ${all_steps[*]} kro" >&2; exit 2; }
        names+=("$argument")
        ;;
    esac
  done
  mkdir -p "$logs" "$stamps"
  exec 9>"$bin/.build.lock"
  if ! flock --nonblock 9; then
    echo "another build runs in this checkout; waiting for it"
    flock 9
  fi
  job=
  set -m
  trap stop INT TERM
  for name in "${names[@]}"; do
    number=$((number + 1))
    run_step "$name" "$number" "${#names[@]}"
  done
}

main "$@"
