# What a checkout can do; `make` alone lists it. Needs Rust, Node, Python 3 and make, and sees to
# the rest itself. One cargo feature selection everywhere, so that nothing is built twice.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TARGET := $(or $(CARGO_TARGET_DIR),target)
say = @printf '\n\033[1m%s\033[0m\n' '$(1)'

.PHONY: help
help:  ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Running

.PHONY: run
run: web/dist/index.html  ## Build and start Scorecast; pass settings as in: make run ARGS="--gateway-listen 0.0.0.0:8080"
	@cargo run --locked --bin scorecast -- $(ARGS)

.PHONY: demo
demo:  ## Let a sample quiz be played on a running Scorecast; ARGS="--players 50"
	@cargo run --locked --bin scorecast -- demo $(ARGS)

# Checking

.PHONY: test
test: format web lint rust interop deployment browser  ## Check everything, as the build server does
	$(call say,everything passed)

.PHONY: format
format:
	$(call say,format)
	@cargo fmt --all --check

.PHONY: lint
lint: proto  ## Check the contract with buf and the Rust code with clippy, warnings being errors
	$(call say,clippy)
	@cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: proto
proto: node_modules/.package-lock.json
	$(call say,contract)
	@npx buf lint
	@scripts/breaking

.PHONY: web
web: web/node_modules/.package-lock.json web/dist/index.html  ## Check the page: lint, types, tests
	$(call say,page)
	@cd web && npm run --silent lint && npm run --silent types && npm run --silent test && npm run --silent budget

.PHONY: rust
rust: servers  ## Run the Rust tests
	$(call say,Rust tests)
	@cargo test --locked --workspace

.PHONY: chaos
chaos: servers  ## Take Postgres, gateways and links away under load
	$(call say,faults)
	@cargo test --locked --workspace --test chaos -- --nocapture --test-threads 1

.PHONY: interop
interop: .venv/complete servers  ## Run the Python client against a running Scorecast
	$(call say,client in another language)
	@cargo test --locked --workspace --no-run --quiet
	@BUILT="$(TARGET)/debug" .venv/bin/pytest tests/interop

.PHONY: browser
browser: web/dist/index.html  ## Try the page in Chromium against the running services
	$(call say,page in a browser)
	@scripts/packages chromium fonts-dejavu-core
	@cargo test --locked --workspace --no-run --quiet
	@cd web && CARGO_TARGET_DIR="$(abspath $(TARGET))" npm run --silent browser

.PHONY: screenshots
screenshots: web/dist/index.html  ## Take the pictures of the page for the README
	$(call say,pictures)
	@scripts/packages chromium fonts-dejavu-core
	@cargo test --locked --workspace --no-run --quiet
	@cd web && CARGO_TARGET_DIR="$(abspath $(TARGET))" npm run --silent screenshots

.PHONY: configuration
configuration:  ## Write docs/configuration.md from what the programs say of their settings
	@WRITE_CONFIGURATION=1 cargo test --locked --workspace --quiet --test it configuration

.PHONY: deployment
deployment: .venv/complete  ## Check compose, manifests and alerts, as far as it is quick
	$(call say,deployment)
	@scripts/alerts
	@PYTHON=.venv/bin/python scripts/manifests quick

.PHONY: manifests
manifests: deploy/.venv/complete  ## Render the Kubernetes manifests, together with each other, and check them
	$(call say,Kubernetes)
	@scripts/alerts
	@scripts/manifests

.PHONY: deploy-check
deploy-check: manifests  ## Also build the images and run them with compose
	$(call say,images and compose)
	@scripts/prove-images

.PHONY: fmt
fmt:  ## Format the Rust code
	@cargo fmt --all

.PHONY: clean
clean:  ## Remove what was built and installed here; data/ stays
	@cargo clean
	@rm -rf node_modules web/node_modules .venv deploy/.venv
	@git clean -fdqX web/dist

# What they need

.PHONY: servers
servers:
	@scripts/packages curl postgresql redis-server

node_modules/.package-lock.json: package.json package-lock.json
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
node_modules/.package-lock.json web/node_modules/.package-lock.json:
	$(call say,installing the npm packages of $<)
	@npm ci --prefix $(<D) --ignore-scripts --no-audit --no-fund
	@touch $@

# The page is built before the Rust code, which carries it.
web/dist/index.html: web/node_modules/.package-lock.json $(shell git ls-files web ':!web/dist' 2>/dev/null)
	$(call say,building the page)
	@cd web && npm run --silent build
	@touch $@

# One folder of Python packages beside each list of them.
.venv/complete: tests/interop/requirements.txt
deploy/.venv/complete: deploy/requirements.txt
.venv/complete deploy/.venv/complete:
	$(call say,installing the Python packages of $<)
	@scripts/packages python3-venv
	@python3 -m venv --clear $(@D)
	@$(@D)/bin/pip install --disable-pip-version-check --no-input -r $<
	@touch $@
