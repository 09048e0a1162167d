# Every tool is a Go module pinned in this repository; nothing has to be installed but Go, Git, make and bash.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# A newer Go is never downloaded behind your back.
export GOTOOLCHAIN := local

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CONFIG := github.com/appenv/appenv-operator/internal/config
LINT := go tool -modfile=hack/tools/golangci-lint/go.mod golangci-lint

##@ Look
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Start real components and four environments here; everything keeps running
	@go -C hack/demo run . up

.PHONY: check-demo
check-demo: plugin ## Check the running demo, and print what was measured
	@go -C hack/demo run . check

.PHONY: demo-down
demo-down: ## Stop the demo
	@go -C hack/demo run . down

##@ Build
.PHONY: build
build: ## Build the operator into bin/manager
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X $(CONFIG).Version=$(VERSION) -X $(CONFIG).Commit=$(COMMIT)" -o bin/manager ./cmd

.PHONY: plugin
plugin: ## Build the kubectl plugin into bin/kubectl-appenv
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X $(CONFIG).Version=$(VERSION) -X $(CONFIG).Commit=$(COMMIT)" -o bin/kubectl-appenv ./cmd/kubectl-appenv

PLUGIN_DIR ?= $(HOME)/.local/bin
.PHONY: install-plugin
install-plugin: plugin ## Put the plugin and its completion into a folder of the PATH; PLUGIN_DIR=~/.local/bin
	@hack/install-plugin.sh "$(PLUGIN_DIR)"

.PHONY: install-manifest
install-manifest: ## Write what config/default installs into bin/install.yaml
	@mkdir -p bin
	@go run -modfile=hack/components/kustomize/go.mod sigs.k8s.io/kustomize/kustomize/v5 build config/default >bin/.install.yaml.new
	@mv bin/.install.yaml.new bin/install.yaml

.PHONY: components
components: ## Build Kubernetes, Argo CD, External Secrets and the rest into bin/, from their modules
	@hack/components/build.sh all

.PHONY: generate
generate: ## Generate deepcopy functions, CRD, roles and API reference
	@hack/generate.sh

.PHONY: fmt
fmt: ## Format the Go files
	@$(LINT) fmt

##@ Release
.PHONY: changelog
changelog: ## Print what changed since the last release; FROM=tag TO=tag
	@hack/changelog.sh "$(FROM)" $(TO)

.PHONY: release
release: ## Write a version into the tree, and print what comes next; VERSION=v1.2.3
	@hack/release.sh "$(VERSION)"

##@ Check
.PHONY: test
test: ## Run the tests, but for those with a target of their own; RACE=1 with the race detector
	@hack/test.sh

.PHONY: lint
lint: ## Lint the operator
	@$(LINT) run ./...

.PHONY: verify
verify: ## Fail on anything stale, unformatted, unused or out of place
	@hack/verify.sh

.PHONY: supply-chain
supply-chain: ## Check vulnerabilities, licences, reproducibility, gosec and permissions; STRICT=1 COLD=1
	@STRICT="$(STRICT)" COLD="$(COLD)" hack/supply-chain.sh

.PHONY: e2e
e2e: ## Run the scenarios on both majors of Argo CD; RUN=name, ARGOCD=3.5 or 2.14
	@RUN="$(RUN)" ARGOCD="$(ARGOCD)" hack/e2e.sh

.PHONY: boundary
boundary: ## Let the operator die before and after each of its writes; RUN=adopt
	@RUN="$(RUN)" hack/boundary.sh

.PHONY: operations
operations: ## Change environments rightly and wrongly, and take every change back; SEED=1 LANES=8
	@SEED="$(SEED)" LANES="$(LANES)" hack/operations.sh

.PHONY: chaos
chaos: ## Break everything around the operator while environments change; SEED=1 DURATION=3m, UPDATE=1
	@SEED="$(SEED)" DURATION="$(DURATION)" UPDATE="$(UPDATE)" hack/chaos.sh

.PHONY: fuzz
fuzz: ## Feed what is broken and hostile to every fuzz target; RUN=name FUZZTIME=5m
	@RUN="$(RUN)" FUZZTIME="$(FUZZTIME)" hack/fuzz.sh

# What it prints is what benchstat reads: redirect it to a file before a change, and to another after it.
COUNT ?= 6
.PHONY: microbench
microbench: ## Measure time and allocations of the pure functions; COUNT=6 times each
	@go test -run '^$$' -bench . -benchmem -count $(COUNT) ./internal/...

.PHONY: benchstat
benchstat: ## Compare two outputs of make microbench; OLD=file NEW=file
	@go tool -modfile=hack/tools/benchstat/go.mod benchstat "$(OLD)" "$(NEW)"

.PHONY: speed
speed: plugin ## Measure the kubectl plugin: start, render, lint, status of a fleet
	@hack/components/build.sh test
	@go test -count=1 -v ./test/speed | grep -v '^=== '

.PHONY: bench
bench: ## Measure the operator beside a plain client and kro; RUN=burst,drift N=200, PROFILE=5, UPDATE=1
	@go -C test/bench build -o ../../bin/bench .
	@RUN="$(RUN)" N="$(N)" PROFILE="$(PROFILE)" UPDATE="$(UPDATE)" bin/bench

.PHONY: sabotage
sabotage: ## Break the operator one line at a time; a test must notice each
	@go run ./hack/sabotage -results hack/sabotage/RESULTS.md
