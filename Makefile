# Every target does its own set-up; all of them are quick when there is nothing to do.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Programs that scripts/ensure-tools.sh has fetched; the machine's own come first.
export PATH := $(PATH):$(CURDIR)/build/tools/bin
MODULES := node_modules/.package-lock.json
# In this very process, so that nothing is left behind when make is ended.
TSX := node --import tsx

.PHONY: help run demo build image push test unit watch bench load overshoot screenshots check check-lint check-assembly check-format check-types check-documents format hooks clean fuzz estimate

help: ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(MODULES) tools-run build ## Start Redis, a fake LLM and the gateway, play a scene, and stay up for your own requests; it lists the scenes (SCENE=name)
	@$(TSX) tools/demo/main.ts --stay

demo: $(MODULES) tools-demo build ## The same scene, ending after it
	@$(TSX) tools/demo/main.ts

build: $(MODULES) ## Build build/*.wasm (release and debug) if their sources have changed, and print their sizes
	@node scripts/build.mjs
	@node scripts/bundle-fake-llm.mjs
	@node scripts/bundle-page.mjs

image: $(MODULES) build ## Write the modules as OCI images to build/image
	@node scripts/image.mjs

push: ## Push an image: IMAGE=registry/name:tag, PLUGIN=ai-quota, TARGET=envoy for Envoy, PLAIN_HTTP=1 without TLS
	@scripts/ensure-node.sh
	@image=$$(node scripts/push.mjs --ask) && $(MAKE) --no-print-directory image && node scripts/push.mjs -- "$$image"

test: $(MODULES) tools-test containers build ## Run every test
	@node_modules/.bin/vitest run

unit: $(MODULES) build ## Run the tests that need neither Redis nor root: the units, and the filter in a strict host
	@node_modules/.bin/vitest run --config vitest.unit.config.ts

watch: $(MODULES) build ## Run them again whenever a file changes, those that it concerns
	@node_modules/.bin/vitest watch --config vitest.unit.config.ts

fuzz: $(MODULES) build ## Feed a million mutated responses to the scanner, and more to the filter: FUZZ_RUNS=n, FUZZ_SEED=n
	@FUZZ_RUNS=$${FUZZ_RUNS:-1000000} node_modules/.bin/vitest run tests/unit/usage/usage.test.ts -t "neither trap"
	@FUZZ_RUNS=$${FUZZ_RUNS:-100000} node_modules/.bin/vitest run tests/conformance/hostile.test.ts --testTimeout 1200000

estimate: $(MODULES) ## Measure the error of token estimates against real tokenizers
	@$(TSX) scripts/estimate-error.ts

bench: $(MODULES) tools-bench build ## Measure the cost inside the VM: PEER=other.wasm, PEER_QUOTA=other.wasm, ROUNDS=n, ONLY=name, PUBLISH=1 for docs/bench
	@$(TSX) tools/bench/main.ts $(if $(PUBLISH),--publish)

load: $(MODULES) tools-load build ## Measure what a real Envoy bears with the filter and without: ROUNDS=n, PUBLISH=1 for docs/bench
	@$(TSX) tools/load/main.ts $(if $(PUBLISH),--publish)

overshoot: $(MODULES) tools-overshoot build ## Measure how far parallel calls exceed a limit: CALLS=1,10,100,1000, PEER=other.wasm, PUBLISH=1 for docs/bench
	@$(TSX) tools/overshoot/main.ts $(if $(PUBLISH),--publish)

screenshots: $(MODULES) tools-screenshots build ## Take the pictures of the page in docs/images, in a real browser
	@$(TSX) tools/screenshots/main.ts

check: $(MODULES) tools-check ## Check format, lint, types, directions of imports, shell scripts and documents
	@$(MAKE) --no-print-directory -j2 check-lint check-assembly check-format check-types check-documents

check-lint:
	@node_modules/.bin/eslint .

check-assembly:
	@$(TSX) scripts/check-assembly.ts
	@node scripts/build.mjs --check

check-format:
	@node_modules/.bin/prettier --check --log-level warn .

check-types:
	@node_modules/.bin/tsc

check-documents:
	@scripts/check-shell.sh
	@node_modules/.bin/remark --frail --quiet --ignore-pattern build .
	@$(TSX) scripts/check-documents.ts

format: $(MODULES) ## Format all code
	@node_modules/.bin/prettier --write --log-level warn .

hooks: $(MODULES) ## Check what is to be committed, from now on, before each commit (scripts/pre-commit.sh)
	@node_modules/.bin/simple-git-hooks

clean: ## Remove what was built and installed
	rm -rf build node_modules

# What is missing is fetched into build/tools; see scripts/ensure-tools.sh.
.PHONY: tools-run tools-demo tools-bench tools-overshoot tools-screenshots tools-load tools-test tools-check containers
tools-run tools-demo tools-bench:
	@scripts/ensure-tools.sh redis

tools-check:
	@scripts/ensure-tools.sh shellcheck

tools-overshoot:
	@scripts/ensure-tools.sh redis webdis envoy

tools-screenshots:
	@scripts/ensure-tools.sh redis chromium

tools-load:
	@scripts/ensure-tools.sh redis webdis envoy wrk

tools-test:
	@scripts/ensure-tools.sh redis webdis envoy wasmtime python-clients wrk skopeo registry redis-5 redis-6.2 valkey chromium

containers: tools-test
	@scripts/ensure-docker.sh
	@scripts/ensure-container-images.sh

$(MODULES): package.json package-lock.json scripts/ensure-node.sh
	@scripts/ensure-node.sh
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
