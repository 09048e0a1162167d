#!/usr/bin/env bash
# Puts bin/kubectl-appenv, and what kubectl asks for its completion, into a folder.
#
#   hack/install-plugin.sh FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:?usage: hack/install-plugin.sh FOLDER}

mkdir -p "$folder"
install -m 0755 bin/kubectl-appenv "$folder/.kubectl-appenv.new"
mv "$folder/.kubectl-appenv.new" "$folder/kubectl-appenv"
# kubectl runs a program of this name to complete the words of a plugin.
cat >"$folder/.kubectl_complete-appenv.new" <<'SCRIPT'
#!/usr/bin/env sh
exec kubectl-appenv __complete "$@"
SCRIPT
chmod 0755 "$folder/.kubectl_complete-appenv.new"
mv "$folder/.kubectl_complete-appenv.new" "$folder/kubectl_complete-appenv"

echo "kubectl-appenv is in $folder"
case ":$PATH:" in
  *":$folder:"*) ;;
  *) echo "put it on the PATH: export PATH=\"$folder:\$PATH\"" ;;
esac
