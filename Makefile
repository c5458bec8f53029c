# fmbench: see README.md. `make help` lists the targets, `make V=1` shows the commands.

comma := ,
MODE ?= release
BUILD := build/$(MODE)
CC ?= gcc
CLANG_FORMAT ?= clang-format
PREFIX ?= /usr/local

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes
ifdef WERROR
WARNINGS += -Werror
endif
OPTIMISE_release := -O3 -g
OPTIMISE_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
OPTIMISE_coverage := -O1 -g --coverage
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -Isrc -fopenmp -ffp-contract=off $(WARNINGS) \
	$(OPTIMISE_$(MODE)) $(CFLAGS)
# Where both builds of OpenBLAS are installed, the system's alternatives pick the one without OpenMP.
OPENBLAS_DIR := $(firstword $(wildcard /usr/lib/*/openblas-openmp))
LDFLAGS += $(if $(OPENBLAS_DIR),-L$(OPENBLAS_DIR) -Wl$(comma)-rpath$(comma)$(OPENBLAS_DIR))
LDLIBS := -lopenblas -llapacke -ljansson -lz -lzip -lcrypto -lm
LDLIBS_TEST := -lcriterion

# The version for each instruction set of a *_simd.c file, see src/numerics/simd.h.
SIMD_portable := -DSIMD_SUFFIX=_portable
SIMD_avx2 := -DSIMD_SUFFIX=_avx2 -mavx2 -mfma -mbmi -mbmi2 -mf16c -mpopcnt -mlzcnt
SIMD_avx512 := -DSIMD_SUFFIX=_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi \
	-mavx512vbmi2 -mavx512vnni -mavx2 -mfma -mbmi -mbmi2 -mpopcnt -mlzcnt -mprefer-vector-width=512

SOURCES := $(sort $(shell find src -name '*.c'))
SIMD_SOURCES := $(filter %_simd.c,$(SOURCES))
PLAIN_SOURCES := $(filter-out %_simd.c,$(SOURCES))
TEST_SOURCES := $(sort $(wildcard tests/*.c))
OBJECTS := $(PLAIN_SOURCES:%.c=$(BUILD)/%.o) \
	$(foreach isa,portable avx2 avx512,$(SIMD_SOURCES:%.c=$(BUILD)/%.$(isa).o))
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/%.o)
ifeq ($(MODE),coverage)
OBJECTS += $(BUILD)/tests/coverage/exit.o
$(TEST_OBJECTS): CFLAGS_ALL := $(filter-out --coverage,$(CFLAGS_ALL))
LDFLAGS += -Wl$(comma)--wrap=_exit
endif
MAIN := $(BUILD)/src/runner/main.o
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all setup bench quick demo peers scaling limits data table readme page page-test verify \
	test kills asan valgrind fuzz coverage mutations reliability analyse lint format install \
	uninstall clean image-test compile-commands run-tests help memory processors determinism \
	slurm-test FORCE

all: build/fmbench ## build the program at build/fmbench

build/fmbench: build/release/fmbench
	$(Q)cp -f $< $@.tmp && mv -f $@.tmp $@

$(BUILD)/fmbench: $(OBJECTS)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LDLIBS)

$(BUILD)/tests/run: $(TEST_OBJECTS) $(filter-out $(MAIN),$(OBJECTS))
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LDLIBS) $(LDLIBS_TEST)

# What is fuzzed, each tests/fuzz/NAME.c: here without a fuzzer, on the inputs that one kept.
FUZZ_TARGETS := csv grid idx journal npy reply
REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)
$(REPLAYS): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/target.o \
		$(BUILD)/tests/fuzz/replay.o $(filter-out $(MAIN),$(OBJECTS))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LDLIBS)

# And with libFuzzer, which clang has: all but the classifiers and their kernels is instrumented.
CLANG ?= clang
FUZZ_FLAGS := -std=c17 -D_GNU_SOURCE -Isrc $(WARNINGS) -O1 -g -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
NOT_FUZZED := $(filter build/release/src/classifiers/% build/release/src/numerics/% \
	build/release/src/runner/version.o,$(OBJECTS))
FUZZED := $(filter-out $(NOT_FUZZED:build/release/%.o=%.c) src/runner/main.c,$(PLAIN_SOURCES))
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c -o $@ $<

$(FUZZ_TARGETS:%=build/fuzz/%): build/fuzz/%: build/fuzz/tests/fuzz/%.o \
		build/fuzz/tests/fuzz/target.o $(FUZZED:%.c=build/fuzz/%.o) $(NOT_FUZZED)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDFLAGS) $(LDLIBS) -lgomp

# What the program is built from goes into one object alone, so that a commit does not rebuild
# everything. The source is told by its content too: of a modified one the commit is not enough.
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null)
MODIFIED := $(if $(COMMIT),$(if $(shell git --no-optional-locks status --porcelain -- Makefile src),1,0),-1)
SOURCE_HASH := $(shell find Makefile src -name '*.[ch]' -o -name Makefile | LC_ALL=C sort | \
	xargs sha256sum | sha256sum | cut -d ' ' -f 1)
# Warnings do not change what is compiled.
BUILD_FLAGS := $(subst ",\",$(filter-out $(WARNINGS),$(CFLAGS_ALL)))
VERSION_FLAGS := -DFMBENCH_VERSION='"$(VERSION)"' -DFMBENCH_COMMIT='"$(COMMIT)"' \
	-DFMBENCH_MODIFIED=$(MODIFIED) -DFMBENCH_SOURCE='"$(SOURCE_HASH)"' \
	-DFMBENCH_FLAGS='"$(BUILD_FLAGS)"'
$(BUILD)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(COMMIT) $(MODIFIED) $(SOURCE_HASH)' | cmp -s - $@ || \
		echo '$(VERSION) $(COMMIT) $(MODIFIED) $(SOURCE_HASH)' > $@
$(BUILD)/src/runner/version.o: CFLAGS_ALL += $(VERSION_FLAGS)
$(BUILD)/src/runner/version.o: $(BUILD)/version

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define simd_rule
$$(BUILD)/%_simd.$(1).o: %_simd.c $$(BUILD)/flags
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(SIMD_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,portable avx2 avx512,$(eval $(call simd_rule,$(isa))))

# Rewritten only when the compiler or its flags change, which rebuilds everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(SIMD_avx2) $(SIMD_avx512)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS_ALL) $(SIMD_avx2) $(SIMD_avx512)' > $@

-include $(shell find build -name '*.d' 2>/dev/null)

setup: ## install the Debian packages that building and testing need
	$(Q)scripts/install-packages build test

# In sub-makes, since what they build with is there only after the set-up.
REPEATS ?= 1
JOBS ?= $(shell nproc)
GRID ?=
RUN_OPTIONS ?= --repeats $(REPEATS) --jobs $(JOBS)
BENCH_OPTIONS = $(GRID:%=--grid %) $(RUN_OPTIONS)
DATASETS ?= fashion mnist
bench quick: export DATASETS := $(DATASETS)
bench: ## the whole table: set-up, data, build, run, results/table.md; DATASETS='fashion kmnist'
	$(Q)scripts/install-packages build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/bench $(BENCH_OPTIONS)

quick: ## the same grid on the first 6,000 training rows, into results/quick
	$(Q)scripts/install-packages build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/bench -r results/quick --limit-train 6000 $(BENCH_OPTIONS)

demo: ## the same grid on the built-in synthetic pair, into results/demo
	$(Q)scripts/install-packages build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/bench --demo $(BENCH_OPTIONS)

PEERS_OPTIONS ?=
peers: ## ours beside other implementations, in turn, into results/peers.md; PEERS_OPTIONS='-n 5'
	$(Q)scripts/install-packages build
	$(Q)scripts/install-packages peers || echo "peers: goes on without what is missing" >&2
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/peers $(PEERS_OPTIONS)

SCALING_OPTIONS ?=
scaling: ## how cost grows with the rows, into results/scaling.md; SCALING_OPTIONS=-q is shorter
	$(Q)scripts/install-packages build
	$(Q)scripts/install-packages plot || echo "scaling: goes on without a plot" >&2
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/scaling $(SCALING_OPTIONS)

MEMORY_OPTIONS ?=
memory: all ## what memory each classifier takes on millions of rows, into results/memory.md
	$(Q)scripts/memory $(MEMORY_OPTIONS)

PROCESSORS_OPTIONS ?=
processors: all ## the predictions that other processors change, into results/processors.md
	$(Q)scripts/get-data -d data fashion
	$(Q)scripts/processors $(PROCESSORS_OPTIONS)

data: ## get and verify the data sets of DATASETS, from DATA_MIRRORS or their own addresses
	$(Q)scripts/get-data -d data $(DATASETS)

RESULTS ?= results
table: all ## write $(RESULTS)/table.md from the journals in $(RESULTS)
	$(Q)build/fmbench table --results $(RESULTS) > $(RESULTS)/.table.md.tmp
	$(Q)mv -f $(RESULTS)/.table.md.tmp $(RESULTS)/table.md

readme: all ## results/table.md, table.json, errors.svg and the README's rows, from the committed run
	$(Q)scripts/install-packages plot || echo "readme: goes on without a picture" >&2
	$(Q)scripts/readme

DATA ?= data
page: all ## write $(RESULTS)/index.html: the table and its pictures, to open from disk; DATA=data
	$(Q)scripts/install-packages page
	$(Q)scripts/page --results $(RESULTS) --data $(DATA)

page-test: all ## the page in a real browser; on results of yours too with RESULTS=results
	$(Q)scripts/install-packages page browser
	$(Q)tests/page.sh build/fmbench $(if $(filter command line,$(origin RESULTS)),$(RESULTS) $(DATA))

limits: all ## write $(RESULTS)/limits.md: the work of each row beside this machine's peaks
	$(Q)build/fmbench limits --results $(RESULTS) > $(RESULTS)/.limits.md.tmp
	$(Q)mv -f $(RESULTS)/.limits.md.tmp $(RESULTS)/limits.md

REFERENCE ?= reference/scikit-learn-1.2.1.jsonl
verify: all ## compare the journals in $(RESULTS) with $(REFERENCE)
	$(Q)build/fmbench verify --results $(RESULTS) --reference $(REFERENCE)

# T='suite/name' runs the tests that match; one job and two threads, wherever it runs, which sleep
# while they wait: on a busy machine spinning takes most of the time.
test: ## set-up, then all tests; T='knn/ties' runs one
	$(Q)scripts/install-packages build test
	$(Q)$(MAKE) --no-print-directory run-tests

# Tests of the program from outside.
OUTSIDE_TESTS := end_to_end.sh table_formats.sh command_line.sh install.sh cell_limits.sh \
	readme.sh kills.py disk.py stopped.py determinism.sh processors.sh same_program.sh data_check.sh \
	shards.sh memory.sh traps.py reliability.sh
run-tests: export OMP_WAIT_POLICY = passive
run-tests: $(BUILD)/fmbench $(BUILD)/tests/run $(REPLAYS)
	$(Q)OMP_NUM_THREADS=2 $(BUILD)/tests/run -j1 $(if $(T),--filter '$(T)')
	$(Q)$(if $(T),,tests/fuzz/replay.sh $(BUILD)/fuzz && tests/get_data.sh && \
		for test in $(OUTSIDE_TESTS); do tests/$$test $(BUILD)/fmbench || exit 1; done)

KILLS ?= 200
kills: all ## the tests of killed runs, torn journals and full disks at many more places; KILLS=200
	$(Q)KILLS=$(KILLS) CUTS=all tests/kills.py build/fmbench
	$(Q)DISKS=45 PLACES=60 tests/disk.py build/fmbench

slurm-test: all ## a grid on a real Slurm of two nodes on this machine, with tasks killed and nodes lost; as root
	$(Q)scripts/install-packages build slurm
	$(Q)tests/slurm.sh build/fmbench > build/slurm-test.txt || { cat build/slurm-test.txt; exit 1; }
	$(Q)mv -f build/slurm-test.txt results/slurm-test.txt && cat results/slurm-test.txt

determinism: all ## that all rows predict the same however they run, on 6,000 rows of fashion
	$(Q)scripts/get-data -d data fashion
	$(Q)OMP_WAIT_POLICY=passive tests/determinism.sh build/fmbench --data data --dataset fashion \
		--limit-train 6000

asan: ## the tests again under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)ASAN_OPTIONS=abort_on_error=1:handle_sigbus=0 UBSAN_OPTIONS=print_stacktrace=1 DETERMINISM_ROWS=200 \
		CELL_CPU_S=100 $(MAKE) --no-print-directory MODE=asan test

VALGRIND_SUITES ?=
valgrind: ## the unit tests under valgrind's memcheck, see scripts/valgrind; VALGRIND_SUITES='store idx'
	$(Q)scripts/install-packages build test valgrind
	$(Q)$(MAKE) --no-print-directory build/release/tests/run
	$(Q)scripts/valgrind $(VALGRIND_SUITES)

FUZZ_OPTIONS ?=
fuzz: ## the readers under a fuzzer for hours, see scripts/fuzz; FUZZ_OPTIONS='-s 60 idx' is shorter
	$(Q)scripts/install-packages build fuzz
	$(Q)$(MAKE) --no-print-directory $(FUZZ_TARGETS:%=build/fuzz/%)
	$(Q)scripts/fuzz $(FUZZ_OPTIONS)

# The lines of src/ that no test reaches go to build/coverage/lines.txt; below this share it fails.
COVERAGE_MIN := 90
coverage: ## the tests again, counting the lines of src/ that they reach
	$(Q)scripts/install-packages build test
	$(Q)mkdir -p build/coverage && find build/coverage -name '*.gcda' -delete
	$(Q)FIGURES= $(MAKE) --no-print-directory MODE=coverage run-tests
	$(Q)scripts/coverage build/coverage $(COVERAGE_MIN) > build/coverage/lines.txt; \
		status=$$?; head -1 build/coverage/lines.txt; exit $$status

mutations: ## breaks each safety property in turn: does the test that has to fail then fail?
	$(Q)scripts/install-packages build test
	$(Q)scripts/mutations

reliability: ## write docs/reliability.md; with FIGURES=FILE from what tests have measured into it
	$(Q)scripts/reliability $(FIGURES)

# Its date is that of the last commit, or of the file where there is no repository.
MAN_DATE = $(shell git log -1 --format=%cs 2>/dev/null || date -r man/fmbench.1 +%F)
MAN_PAGE = sed -e 's/@DATE@/$(MAN_DATE)/' -e 's/@VERSION@/$(VERSION)/' man/fmbench.1

lint: ## formatting, static analysis of the C sources and of the scripts, the manual page
	$(Q)scripts/install-packages build test lint
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(shell find src tests -name '*.[ch]')
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppressions-list=.cppcheck-suppressions -D__x86_64__ -DSIMD_SUFFIX=_portable -Isrc src
	$(Q)shellcheck $(shell grep -L '^.!/usr/bin/python3' $(filter-out scripts/slurm,$(wildcard scripts/* scripts/slurm/*))) .ci/run $(wildcard tests/*.sh) tests/external_command
	$(Q)shellcheck -s bash completions/fmbench.bash
	$(Q)$(MAN_PAGE) | mandoc -T lint -W warning

# Once for each source that changed, or whose headers did. gcc takes what is stored through a pointer
# for lost, which the tests hold under AddressSanitizer; it knows neither OpenMP's regions nor shifts
# of vectors.
ANALYSER := -O1 -fanalyzer -Werror -Wno-analyzer-malloc-leak \
	-Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-shift-count-overflow
ANALYSER_MACROS := -std=c17 -D_GNU_SOURCE -Isrc -fopenmp -DSIMD_SUFFIX=_portable
analyse: ## static analysis of the C sources by clang-tidy and gcc
	$(Q)scripts/install-packages build lint
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(SOURCES:%.c=build/analysis/%.ok)

build/analysis/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(ANALYSER_MACROS) 2> $@.log || { cat $@.log >&2; exit 1; }
	$(Q)$(CC) $(ANALYSER_MACROS) $(WARNINGS) $(ANALYSER) -MMD -MP -MT $@ -MF $(@:.ok=.d) -c -o /dev/null $<
	@touch $@

format: ## format the C sources in place
	$(Q)$(CLANG_FORMAT) -i $(shell find src tests -name '*.[ch]')

SHARE := $(DESTDIR)$(PREFIX)/share/fmbench
MAN := $(DESTDIR)$(PREFIX)/share/man/man1
COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
PROGRAM ?= build/fmbench
install: all ## install program, manual page, completion to $(PREFIX), its files to share/fmbench there
	$(Q)install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/fmbench
	$(Q)install -d $(MAN) $(COMPLETIONS)
	$(Q)$(MAN_PAGE) > $(MAN)/fmbench.1
	$(Q)install -m 644 completions/fmbench.bash $(COMPLETIONS)/fmbench
	$(Q)install -d $(SHARE)/configs $(SHARE)/reference $(SHARE)/schemas
	$(Q)install -m 644 configs/published.json configs/complete.json configs/costs.json configs/datasets.json \
		$(SHARE)/configs
	$(Q)install -m 644 reference/*.jsonl $(SHARE)/reference
	$(Q)install -m 644 schemas/*.json $(SHARE)/schemas

uninstall: ## remove what install put there
	$(Q)rm -f $(DESTDIR)$(PREFIX)/bin/fmbench $(MAN)/fmbench.1 $(COMPLETIONS)/fmbench
	$(Q)rm -rf $(SHARE)

compile-commands: ## write compile_commands.json for editors, with bear
	$(Q)$(MAKE) --no-print-directory clean
	$(Q)bear -- $(MAKE) --no-print-directory all

image-test: ## build the container image and run a part of the grid in it on the real data
	$(Q)scripts/image-test

clean: ## remove what was built
	$(Q)rm -rf build compile_commands.json

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16
