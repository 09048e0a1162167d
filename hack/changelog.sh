#!/usr/bin/env bash
# Prints what changed between two tags as Markdown, grouped by the area that a subject names before its colon.
#
#   hack/changelog.sh [FROM [TO]]   FROM: the last release before TO, or everything; TO: HEAD
#
# Merges and commits of the area "release" are left out. A FROM of '' is the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  echo "hack/changelog.sh: $1" >&2
  exit 2
}

# exists fails unless $1 names a commit.
exists() {
  case $1 in -*) fail "$1 is no tag" ;; esac
  git rev-parse --quiet --verify "$1^{commit}" >/dev/null || fail "$1 is neither a tag nor a commit"
}

[ $# -le 2 ] || fail "give at most two tags"
to=${2:-HEAD}
exists "$to"
[ "$(git rev-parse --is-shallow-repository)" = false ] || fail "this clone is shallow, run: git fetch --unshallow --tags"
# Behind a tag, what it brought is of interest, not that nothing came after it.
from=${1:-$(git describe --tags --abbrev=0 --match 'v[0-9]*' "$to^" 2>/dev/null || true)}
range=$to
if [ -n "$from" ]; then
  exists "$from"
  git merge-base --is-ancestor "$from" "$to" || fail "$from does not come before $to"
  range=$from..$to
fi
title=$(git describe --tags --exact-match --match 'v[0-9]*' "$to" 2>/dev/null || echo Unreleased)

# Each line: rank of the area, area, position in the history, text. What names no area comes last.
entries() {
  git log --no-merges --topo-order --format=%s "$range" | awk '
    BEGIN { n = split("api config component controller status apply", first, " "); for (i = 1; i <= n; i++) rank[first[i]] = i }
    {
      area = "Everything else"; text = $0; order = 99
      # An area is a name, or several with commas or "and" between them; a sentence that has a colon is none.
      if (match($0, /^[-A-Za-z0-9_.\/]+((, | and )[-A-Za-z0-9_.\/]+)*: /)) {
        area = substr($0, 1, RLENGTH - 2); text = substr($0, RLENGTH + 1)
        top = area; sub(/[,\/ ].*/, "", top)
        order = (top in rank) ? rank[top] : 50
      }
      if (area == "release" || seen[area, text]++) next
      printf "%02d\t%s\t%06d\t%s\n", order, area, NR, text
    }' | LC_ALL=C sort
}

printf '## %s\n' "$title"
entries | awk -F '\t' '
  # Outside of `code`, what Markdown or HTML would take for its own is escaped.
  function plain(text,    parts, n, i, out) {
    n = split(text, parts, "`")
    for (i = 1; i <= n; i++) {
      if (i % 2 == 1 || i == n) gsub(/[*<[]/, "\\\\&", parts[i])
      out = out (i > 1 ? "`" : "") parts[i]
    }
    return out
  }
  $2 != area { area = $2; printf "\n### %s\n\n", area }
  { text = $4; for (i = 5; i <= NF; i++) text = text "\t" $i; print "- " plain(text) }
  END { if (NR == 0) print "\nNothing changed." }'
