#!/usr/bin/env bash
# Builds the kubectl plugin for every platform, each into an archive of bin/plugin with the licence, and the checksums of
# all of them. The same sources give the same archives.
#
#   hack/plugin-archives.sh VERSION [PLATFORM...]
#   hack/plugin-archives.sh platforms     prints them all, as linux/amd64
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64)
version=${1:?usage: hack/plugin-archives.sh VERSION [PLATFORM...]}
shift
if [ "$version" = platforms ]; then
  printf '%s\n' "${platforms[@]}"
  exit
fi
[ $# -eq 0 ] || platforms=("$@")
commit=$(git rev-parse HEAD)
date=$(git log -1 --format=%ct)
config=github.com/appenv/appenv-operator/internal/config

rm -rf bin/plugin
mkdir -p bin/plugin
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
for platform in "${platforms[@]}"; do
  os=${platform%/*} arch=${platform#*/} program=kubectl-appenv
  if [ "$os" = windows ]; then program=kubectl-appenv.exe; fi
  folder=$staging/$os-$arch
  mkdir "$folder"
  cp LICENSE "$folder/"
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X $config.Version=$version -X $config.Commit=$commit" -o "$folder/$program" ./cmd/kubectl-appenv
  # Neither who built it nor when is in the archive.
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" --mode=a+rX,u+w,go-w \
    --directory "$folder" LICENSE "$program" | gzip --no-name --best >"bin/plugin/kubectl-appenv_${os}_$arch.tar.gz"
  echo "bin/plugin/kubectl-appenv_${os}_$arch.tar.gz"
done
(cd bin/plugin && sha256sum -- *.tar.gz >checksums.txt)
