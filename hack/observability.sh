#!/usr/bin/env bash
# Checks the alerts and the dashboard of config/prometheus. Every expression must ask for metrics and labels
# that the operator exposes; promtool reads the rules, and plays series to them to see when alerts fire.
#
# promtool is built from its module into bin/, without what discovers targets in every cloud.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. hack/steps.sh
total=3

export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
export PROMTOOL=$PWD/bin/promtool
mkdir -p bin

# -count=1: what is checked stands outside of what Go's test cache looks at.
tests=(go -C test/observability test -count=1)
played='^TestAlertsFireWhenTheyShould$'
step "promtool" go -C test/observability build -trimpath -tags remove_all_sd -o "$PROMTOOL" github.com/prometheus/prometheus/cmd/promtool
step "alerts and dashboard ask for what the operator exposes" "${tests[@]}" -skip "$played" ./...
step "alerts fire when they should" "${tests[@]}" -v -run "$played" ./...
finish
