# The tests: cmocka programs under tests/unit (mirroring agent/), scripts under tests/integration.
# tests/unit/LAYER.../test_NAME.c links LAYER and what is below it.
UNIT_SOURCES := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | sort)
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT_SOURCES))
unit_layer    = $(patsubst %/,%,$(dir $(1:tests/unit/%=%)))

define unit_rule
$(patsubst tests/unit/%.c,$(O)/unit/%,$(1)): $(O)/$(1:.c=.o) $(call archives,$(call unit_layer,$(1)))
	$$(call say,LD,$$@)mkdir -p $$(@D) && $$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $(call libraries,$(call unit_layer,$(1))) -lcmocka
endef
$(foreach t,$(UNIT_SOURCES),$(eval $(call unit_rule,$(t))))

unit: $(UNIT_TESTS)
	$(Q)sh tests/support/run-units.sh $(UNIT_TESTS)

# Programs that run inside containers of any image: static, and never sanitized.
STATIC_FLAGS := -std=gnu17 -O2 -static -D_GNU_SOURCE $(WARNINGS)
PROBE        := $(O)/tests/probe
PROBE_SOURCES := $(wildcard tests/support/probe/*.c)
$(PROBE): $(PROBE_SOURCES) $(wildcard tests/support/probe/*.h)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $(PROBE_SOURCES)

# An agent whose core crashes in one kind of request: for 31-poison.sh.
CRASHING := $(O)/tests/crashing
$(CRASHING)/tacit-core: $(O)/agent/core/main.o $(O)/tests/support/crash.o $(call archives,core/control) $(SUPPORT)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -Wl,--wrap=on_open -o $@ $^ $(call libraries,core/control)
$(CRASHING)/%: $(O)/bin/%
	$(Q)mkdir -p $(@D) && cp $< $@
CRASHING_ALL := $(PROGRAMS:%=$(CRASHING)/%)

# A stand-in for systemd's descriptor store: for 32-descriptor-store.sh.
MANAGER := $(O)/tests/manager
$(MANAGER): tests/support/manager.c
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $<

# TESTS="20-rotate.sh ..." runs some of them.
TESTS ?= $(notdir $(sort $(wildcard tests/integration/[0-9]*.sh)))
integration: $(BINARIES) $(PROBE) $(CRASHING_ALL) $(MANAGER)
	$(Q)TACIT_BUILD=$(CURDIR)/$(O) bash tests/support/run-integration.sh $(TESTS:%=tests/integration/%)

check: deps-if-missing
	$(Q)$(MAKE) --no-print-directory layers unit integration

demo: deps-if-missing
	$(Q)$(MAKE) --no-print-directory demo-now
.PHONY: demo-now
demo-now: $(BINARIES) $(PROBE)
	$(Q)TACIT_BUILD=$(CURDIR)/$(O) bash tests/support/demo.sh

BENCH := $(addprefix $(O)/tests/bench/,null_fs reader creates bare_sqlite)
BENCH_LIBS_null_fs     := -lfuse3
BENCH_LIBS_bare_sqlite := -lsqlite3
BENCH_LIBS_creates     := $(LIBS_seal)
$(filter-out %/reader,$(BENCH)): $(O)/tests/bench/%: $(O)/tests/bench/%.o $(call archives,seal)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(BENCH_LIBS_$*)
$(O)/tests/bench/reader: tests/bench/reader.c
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $<

bench: deps-if-missing
	$(Q)$(MAKE) --no-print-directory bench-now
.PHONY: bench-now
bench-now: $(BINARIES) $(PROBE) $(BENCH)
	$(Q)TACIT_BUILD=$(CURDIR)/$(O) bash tests/bench/bench.sh
