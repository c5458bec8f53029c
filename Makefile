# fmbench: see README.md. `make help` lists the targets, `make V=1` shows the commands.

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
CFLAGS_ALL := -std=c17 -D_GNU_SOURCE -Isrc -fopenmp -ffp-contract=off $(WARNINGS) \
	$(OPTIMISE_$(MODE)) $(CFLAGS)
LDLIBS := -lopenblas -llapacke -ljansson -lz -lcrypto -lm
LDLIBS_TEST := -lcriterion

# The version for each instruction set of a *_simd.c file, see src/numerics/simd.h.
SIMD_portable := -DSIMD_SUFFIX=_portable
SIMD_avx2 := -DSIMD_SUFFIX=_avx2 -mavx2 -mfma -mbmi -mbmi2 -mf16c -mpopcnt -mlzcnt
SIMD_avx512 := -DSIMD_SUFFIX=_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi \
	-mavx512vbmi2 -mavx512vnni -mavx2 -mfma -mbmi -mbmi2 -mpopcnt -mlzcnt -mprefer-vector-width=512

SOURCES := $(sort $(shell find src -name '*.c'))
SIMD_SOURCES := $(filter %_simd.c,$(SOURCES))
PLAIN_SOURCES := $(filter-out %_simd.c,$(SOURCES))
TEST_SOURCES := $(sort $(shell find tests -name '*.c'))
OBJECTS := $(PLAIN_SOURCES:%.c=$(BUILD)/%.o) \
	$(foreach isa,portable avx2 avx512,$(SIMD_SOURCES:%.c=$(BUILD)/%.$(isa).o))
MAIN := $(BUILD)/src/runner/main.o
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/%.o)
Q := $(if $(V),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all test asan format clean help FORCE

all: build/fmbench ## build the program at build/fmbench

build/fmbench: build/release/fmbench
	$(Q)cp -f $< $@.tmp && mv -f $@.tmp $@

$(BUILD)/fmbench: $(OBJECTS)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/run: $(TEST_OBJECTS) $(filter-out $(MAIN),$(OBJECTS))
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS) $(LDLIBS_TEST)

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

# T='suite/name' runs the tests that match; one job and two threads, wherever it runs.
test: build/fmbench $(BUILD)/tests/run ## build and run all tests; T='knn/ties' runs one
	$(Q)OMP_NUM_THREADS=2 FMBENCH=$(CURDIR)/$(BUILD)/fmbench $(BUILD)/tests/run -j1 --full-stats \
		$(if $(T),--filter '$(T)')

asan: ## the tests again under AddressSanitizer and UndefinedBehaviorSanitizer
	$(Q)ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) --no-print-directory MODE=asan test

format: ## format the C sources in place
	$(Q)$(CLANG_FORMAT) -i $(shell find src tests -name '*.[ch]')

clean: ## remove what was built
	$(Q)rm -rf build compile_commands.json

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16
