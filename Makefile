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
	@cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null  # else `make fuzz` stops

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
	@scripts/packages valgrind
	@cargo test --locked --workspace

# How large, for how long, and by which seed, may be said: make chaos FAULTS_SCALE=1 FAULTS_MINUTES=5
FAULTS_SCALE ?= 4
FAULTS_MINUTES ?= 30
CHAOS = FAULTS_SCALE=$(FAULTS_SCALE) FAULTS_MINUTES=$(FAULTS_MINUTES) $(if $(FAULTS_SEED),FAULTS_SEED=$(FAULTS_SEED)) \
	cargo test --locked --workspace --test faults -- --nocapture
.PHONY: chaos
chaos: servers  ## Break one thing after another under load, with figures, then anything at random
	$(call say,faults at $(FAULTS_SCALE) times the usual load)
	@$(CHAOS) --test-threads 1 --skip random
	@$(MAKE) chaos-at-random

.PHONY: chaos-at-random
chaos-at-random: servers  ## Only the latter, for FAULTS_MINUTES=30; with a FAULTS_SEED and for 0, one round again
	$(call say,random faults for $(FAULTS_MINUTES) minutes)
	@$(CHAOS) random

# The suite is for Python 2.7; `pyenv install 2.7.18` makes one where the system has none.
AUTOBAHN := gateway/tests/conformance/.packages
PYTHON2 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/2.7*/bin/python) $(shell command -v python2.7))
.PHONY: conformance
conformance: $(AUTOBAHN)/complete  ## Try the sockets with the WebSocket suite of Autobahn; PYTHON2=/path/to/python2.7
	$(call say,WebSocket conformance)
	@AUTOBAHN_PYTHON="$(PYTHON2)" PYTHONPATH="$(abspath $(AUTOBAHN))" cargo test --locked --workspace \
		--features gateway/conformance --test conformance -- --nocapture

# With coverage, as cargo-fuzz builds it, but by the usual compiler. What it finds on the way stays
# in fuzz/found; what is worth keeping goes into fuzz/corpus by hand.
FUZZ ?= token
FUZZ_SECONDS ?= 60
HOST = $(shell rustc --print host-tuple)
COVERAGE := level=4 inline-8bit-counters pc-table trace-compares
.PHONY: fuzz
fuzz:  ## Fuzz what strangers may send: FUZZ=token, socket_frames, socket_message, json_body or upload; FUZZ_SECONDS=60
	$(call say,fuzzing $(FUZZ))
	@RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module $(COVERAGE:%=-Cllvm-args=-sanitizer-coverage-%)" \
		cargo build --locked --manifest-path fuzz/Cargo.toml --target $(HOST) --bin $(FUZZ)
	@mkdir -p fuzz/found/$(FUZZ)
	@cd fuzz && target/$(HOST)/debug/$(FUZZ) found/$(FUZZ) corpus/$(FUZZ) -max_total_time=$(FUZZ_SECONDS)

.PHONY: bench
bench: servers web/dist/index.html  ## Measure what Scorecast costs, in a release build, within a quarter of an hour
	@scripts/packages chromium fonts-dejavu-core valgrind
	@cargo build --locked --release --workspace --bins
	@$(TARGET)/release/bench all
	$(call say,frames a second of the page)
	@cd web && BUILT="$(abspath $(TARGET))/release" npm run --silent bench

.PHONY: counts
counts:  ## Write bench/counts.json anew: instructions of single steps and bytes of frames, which tests hold to it
	@scripts/packages valgrind
	@WRITE_COUNTS=1 cargo test --locked --workspace --quiet --test counts

.PHONY: audit
audit: $(TARGET)/tools/bin/cargo-deny  ## Check the licences and sources of all dependencies, offline
	$(call say,dependencies)
	@cargo fetch --locked --quiet
	@$< --offline --locked check licenses sources bans

.PHONY: interop
interop: .venv/complete servers  ## Run the Python client against a running Scorecast
	$(call say,client in another language)
	@cargo build --locked --workspace --quiet
	@BUILT="$(TARGET)/debug" .venv/bin/pytest tests/interop

.PHONY: trace
trace: .venv/complete servers  ## Print the trace of one answer as a table
	@cargo build --locked --workspace --quiet
	@BUILT="$(TARGET)/debug" .venv/bin/python tests/interop/journey.py

.PHONY: browser
browser: web/dist/index.html  ## Try the page in Chromium against the running services
	$(call say,page in a browser)
	@scripts/packages chromium fonts-dejavu-core
	@cargo build --locked --workspace --quiet
	@cd web && BUILT="$(abspath $(TARGET))/debug" npm run --silent browser

.PHONY: screenshots lighthouse
screenshots:  ## Take the pictures of the page for the README
lighthouse:  ## Let Lighthouse judge the page
screenshots lighthouse: web/dist/index.html
	$(call say,$@)
	@scripts/packages chromium fonts-dejavu-core
	@cargo build --locked --workspace --quiet
	@cd web && BUILT="$(abspath $(TARGET))/debug" npm run --silent $@

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
	@rm -rf node_modules web/node_modules .venv deploy/.venv $(AUTOBAHN)
	@git clean -fdqX web/dist

# What they need

.PHONY: servers
servers:
	@scripts/packages curl libfaketime postgresql redis-server

node_modules/.package-lock.json: package.json package-lock.json
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
node_modules/.package-lock.json web/node_modules/.package-lock.json:
	$(call say,installing the npm packages of $<)
	@npm ci --prefix $(<D) --ignore-scripts --no-audit --no-fund
	@touch $@

$(AUTOBAHN)/complete: gateway/tests/conformance/requirements.txt
	$(call say,installing the Python packages of $<)
	@[ -n "$(PYTHON2)" ] || { echo "Python 2.7 is needed: pyenv install 2.7.18" >&2; exit 1; }
	@rm -rf $(@D)
	@$(PYTHON2) -m pip install --disable-pip-version-check --no-input --quiet --target $(@D) -r $<
	@touch $(@D)/zope/__init__.py $@

$(TARGET)/tools/bin/cargo-deny:
	$(call say,building cargo-deny)
	@cargo install --locked --debug --quiet --root $(TARGET)/tools cargo-deny@0.20.2

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
