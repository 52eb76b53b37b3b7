# Every command a reader or CI needs. `make help` lists them.
SHELL := /bin/bash
GO    ?= go
BIN   := bin/picket

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

FUZZTIME  ?= 30s
BENCHTIME ?= 1s
BENCHCOUNT ?= 6

.PHONY: help demo build image test integration bench lint fmt vet check fuzz clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## alerts from bundled Sysmon events on an in-process Kafka; needs nothing but Go
	./$(BIN) demo

build: ## bin/picket
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/picket

image: ## picket:dev, the container image; needs Docker
	docker build --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --tag picket:dev .

test: ## unit tests, no Docker and no broker
	$(GO) test $$($(GO) list ./... | grep -v /integration)

# Ryuk, testcontainers' own cleaner, is an image from a registry; the tests remove their containers themselves.
integration: build ## black-box tests on Apache Kafka in a container; needs Docker
	PICKET_BINARY=$(CURDIR)/$(BIN) TESTCONTAINERS_RYUK_DISABLED=true $(GO) test -count=1 -timeout 20m -v ./integration/...

bench: ## every benchmark, with allocations; compare two runs with `go tool benchstat`
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(BENCHCOUNT) ./...

fmt: ## rewrite the sources with gofmt
	gofmt -w $$(git ls-files '*.go')

lint: ## golangci-lint, at the version pinned in go.mod
	$(GO) tool golangci-lint run ./...

vet:
	$(GO) vet ./...

check: ## what a commit must pass: format, vet, lint, unit tests with -race
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool golangci-lint run ./...
	$(GO) test -race $$($(GO) list ./... | grep -v /integration)

# Shrinking what it finds new for a minute each, as is the default, is most of what a short run would do.
fuzz: ## each fuzz target for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$pkg; \
	  done; done

clean: ## remove what the build made
	rm -rf bin dist
