#!/usr/bin/env bash
# Prepares a release in the working tree, or says whether the tree is what a tag promises.
#
#   hack/release.sh VERSION     writes vMAJOR.MINOR.PATCH where it stands, and prints what comes next
#   hack/release.sh check TAG   fails when a file says something else than TAG
#
# What is wrong is found before anything is written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kustomization=config/manager/kustomization.yaml
application=config/argocd/platform/appenv/operator.yaml
crd=config/crd/bases/platform.appenv.dev_appenvironments.yaml
released=test/compatibility/released.yaml

fail() {
  echo "hack/release.sh: $1" >&2
  exit 1
}

# number prints a version such as v1.2.3 as a number that compares, and fails for everything else.
number() {
  [[ $1 =~ ^v(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$ ]] || return 1
  echo $(((BASH_REMATCH[1] * 100000 + BASH_REMATCH[2]) * 100000 + BASH_REMATCH[3]))
}

# last prints the greatest release that has a tag; nothing when there is none.
last() {
  local tag this greatest=-1 name=
  while IFS= read -r tag; do
    this=$(number "$tag") || continue
    if [ "$this" -gt "$greatest" ]; then greatest=$this name=$tag; fi
  done < <(git tag --list)
  echo "$name"
}

# stands prints the value of key $2 in file $1, where it must stand exactly once.
stands() {
  [ -f "$1" ] || fail "$1 is missing"
  local found
  found=$(sed -nE "s/^ +$2: +([^ #]+)( .*)?\$/\\1/p" "$1")
  [ "$(grep -cE "^ +$2:" "$1")" = 1 ] && [ -n "$found" ] || fail "$1 must have exactly one $2 with a value"
  echo "$found"
}

# write puts value $3 at key $2 of file $1 and leaves the rest of the line as it is.
write() {
  local new
  new=$(sed -E "s/^( +$2: +)[^ #]+/\\1$3/" "$1" && echo .)
  printf '%s' "${new%.}" >"$1"
}

check() {
  local status=0 file key value
  number "$1" >/dev/null || fail "$1 is no release: it must be vMAJOR.MINOR.PATCH, as in v1.2.3"
  while read -r file key; do
    value=$(stands "$file" "$key") || { status=1; continue; }
    [ "$value" = "$1" ] || { echo "$file: $key is $value and not $1" >&2; status=1; }
  done <<<"$kustomization newTag
$application targetRevision"
  cmp -s "$crd" "$released" || { echo "$released is not the CRD of this release, $crd" >&2; status=1; }
  [ "$status" = 0 ] || fail "the tree is not $1; prepare it: hack/release.sh $1"
  echo "the tree is $1"
}

prepare() {
  local version=$1 this before
  this=$(number "$version") || fail "'$version' is no version: give vMAJOR.MINOR.PATCH, as in v1.2.3"
  [ -z "$(git status --porcelain)" ] || fail "the working tree is not clean; commit what is in it, or put it away"
  if git rev-parse --quiet --verify "refs/tags/$version" >/dev/null; then fail "the tag $version exists"; fi
  before=$(last)
  [ -z "$before" ] || [ "$this" -gt "$(number "$before")" ] || fail "$version is not greater than $before, the last release"
  stands "$kustomization" newTag >/dev/null
  stands "$application" targetRevision >/dev/null
  [ -f "$crd" ] || fail "$crd is missing"
  [ -d "$(dirname "$released")" ] || fail "$(dirname "$released") is missing"

  write "$kustomization" newTag "$version"
  write "$application" targetRevision "$version"
  cp "$crd" "$released"
  check "$version"
  echo "Run the tests, read what changed (hack/changelog.sh), and then:"
  echo
  if [ -n "$(git status --porcelain)" ]; then
    echo "  git add $kustomization $application $released"
    echo "  git commit -m 'release: $version'"
  fi
  echo "  git tag -a $version -m $version"
  echo "  git push origin $version"
  echo
  echo "The tag makes the release workflow publish the image. Once it has, and not before, main may name it:"
  echo
  echo "  git push origin HEAD"
}

case $#:${1:-} in
  2:check) check "$2" ;;
  1:check | 0:*) fail "give a version, or check and a tag" ;;
  1:*) prepare "$1" ;;
  *) fail "give a version, or check and a tag" ;;
esac
