# The commands of this project. `make` alone lists them. Each sees to its own set-up first and is safe to run twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

JOBS ?= $(shell nproc)
# In CI, warnings are errors.
DEV := $(if $(CI),ci,dev)
export CTEST_PARALLEL_LEVEL ?= $(JOBS)

# $(call build,PRESET[,TARGETS]): configures and builds build/PRESET.
define build
	@if command -v ninja >/dev/null && [ ! -f build/$(1)/CMakeCache.txt ]; then export CMAKE_GENERATOR=Ninja; fi; \
	echo "== configuring build/$(1)"; \
	mkdir -p build; cmake --preset $(1) >build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }; \
	echo "== building build/$(1)"; \
	cmake --build --preset $(1) -j $(JOBS) $(if $(2),--target $(2))
endef

# $(call run_tests,PRESET): every test; ends with ctest's closing line.
define run_tests
	@echo "== testing build/$(1)"
	@ctest --preset $(1) $(CTEST_FLAGS)
endef

.PHONY: help
help: ## this list
	@echo "make demo    install what is missing, build, show what it does"
	@echo "make test    install what is missing, build, run every test"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | grep -vE '^(demo|test):' | sed -E 's/^([a-z-]+):.*## (.*)/make \1|\2/' | \
		awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

.PHONY: setup
setup:
	@tools/setup.sh build

.PHONY: demo
demo: setup ## install what is missing, build, show what it does
	@tools/setup.sh guests
	$(call build,release,mortise_command example_wapc)
	@examples/demo/run.sh build/release/bin/mortise

.PHONY: test
test: setup ## install what is missing, build, run every test
	@tools/setup.sh guests
	$(call build,$(DEV))
	$(call run_tests,$(DEV))

.PHONY: build
build: setup ## build for development, into build/dev
	$(call build,dev)

.PHONY: release
release: setup ## build optimised, into build/release
	$(call build,release)

.PHONY: asan
asan: setup ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call build,asan)
	$(call run_tests,asan)

.PHONY: tsan
tsan: setup ## every test under ThreadSanitizer
	$(call build,tsan)
	$(call run_tests,tsan)

.PHONY: clang
clang: setup ## every test, built with clang 19
	@tools/setup.sh clang
	$(call build,clang)
	$(call run_tests,clang)

.PHONY: check
check: test asan tsan ## test, asan and tsan one after the other

.PHONY: engines
engines: setup ## build with each engine alone, native included, and run its contract suite (ENGINES=wasmi)
	@JOBS=$(JOBS) tools/engines.sh $(ENGINES)

.PHONY: engines-doc
engines-doc: setup ## what the engines can do and what was tested of it, into docs/engines.md
	$(call build,$(DEV),mortise_command test_engine)
	@python3 tools/engines_doc.py --mortise build/$(DEV)/bin/mortise --tests build/$(DEV)/bin/test_engine docs/engines.md

.PHONY: test-wasmer
test-wasmer: setup ## build Wasmer's C API with cargo (a quarter of an hour or more) and run the contract suite on it
	$(call build,$(DEV),test_engine wasmer_library)
	@tools/test_wasmer.sh build/$(DEV)

.PHONY: bench
bench: setup ## run the benchmarks, optimised
	$(call build,release)
	@tools/bench.sh build/release $(BENCH_FLAGS)

.PHONY: bench-peers
bench-peers: setup ## other hosts of plugins, built from their registries, on the same guests
	$(call build,release)
	@python3 bench/peers/run.py build/release/bin/peer_ours $(PEER_FLAGS)

.PHONY: bench-report
bench-report: setup ## run all of it, and write docs/performance.md with its plots
	$(call build,release)
	@tools/bench_report.sh build/release

.PHONY: fuzz
fuzz: setup ## run every fuzzer for a minute (FUZZ_SECONDS)
	@tools/setup.sh clang
	$(call build,fuzz,fuzzers)
	@tools/fuzz.sh build/fuzz

.PHONY: format
format: ## bring the sources into the project's format
	@tools/setup.sh clang
	@tools/format.sh

.PHONY: lint
lint: setup ## clang-tidy and the checks of layers
	@tools/setup.sh clang
	@python3 tools/check_layers.py
	$(call build,dev)
	@tools/lint.sh build/dev

.PHONY: install
install: release ## install into PREFIX (default /usr/local)
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

.PHONY: clean
clean: ## remove the build folder; the built engines stay in the cache
	@rm -rf build
