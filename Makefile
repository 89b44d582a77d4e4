# Everything that is done with this repository. `make` shows it.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# What the tests need from the system, as Debian packages.
PACKAGES := openssh-server sudo busybox mksh tcsh fish chromium fonts-liberation nodejs npm debootstrap iproute2 apt-utils dnf dnf-plugins-core rpm createrepo-c systemd iputils-ping
BIN      := drover

export CGO_ENABLED = 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build ./drover
	go build -trimpath -o $(BIN) ./cmd/drover

.PHONY: demo
demo: ## Try drover: a local Slack, four servers and the bot
	go run ./cmd/drover demo

.PHONY: prepare
prepare: ## Install what the tests need from the system
	@.ci/prepare $(PACKAGES)

.PHONY: test
test: prepare ## Run all tests with -race
	@go test -race -timeout 20m ./...; status=$$?; .ci/left-out; exit $$status

.PHONY: fuzz
fuzz: ## Fuzz each parser for half a minute
	@.ci/fuzz 30s

.PHONY: bench
bench: ## Measure acks, a run beside bare SSH, and one server against two
	go test -run '^$$' -bench . -benchtime 1x ./cmd/drover

.PHONY: bench-ssh
bench-ssh: ## Measure SSH beside the bare library and, where installed, pssh, clush, ansible and ssh
	go test -run '^$$' -bench Fleet -benchtime 1x -timeout 30m ./executor/ssh

.PHONY: lint
lint: ## gofmt, go vet, golangci-lint
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	go run $(GOLANGCI) run

.PHONY: ci
ci: lint build test ## What CI runs
