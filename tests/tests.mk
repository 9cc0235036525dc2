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

# The time that these see is theirs to say.
$(filter $(O)/unit/core/identity/test_containers% $(O)/unit/core/control/test_errands $(O)/unit/core/control/test_hooks $(O)/unit/core/control/test_clock_set,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=clock_monotonic_ns
$(filter $(O)/unit/core/control/test_metrics,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=auditor_state
$(filter $(O)/unit/core/control/test_touches,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=clock_realtime_ns
$(filter $(O)/unit/core/control/test_hooks,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=clock_boottime_ns,--wrap=clock_realtime_ns,--wrap=vault_commit
$(filter $(O)/unit/core/control/test_clock_set,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=clock_boottime_ns,--wrap=clock_realtime_ns
$(filter $(O)/unit/core/control/test_keys_wrong,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=clock_boottime_ns,--wrap=vault_unlock
$(filter $(O)/unit/core/control/test_keys_crash,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=seal_random,--wrap=seal_wipe,--wrap=vault_begin,--wrap=vault_commit
$(filter $(O)/unit/core/audit/test_faults,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=pwrite,--wrap=fdatasync,--wrap=fsync,--wrap=ftruncate,--wrap=unlinkat

$(filter $(O)/unit/core/store/test_replace $(O)/unit/core/control/test_restore,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=linkat,--wrap=renameat,--wrap=unlinkat,--wrap=fsync

$(filter $(O)/unit/cli/import/test_journal,$(UNIT_TESTS)): ALL_LDFLAGS += -Wl,--wrap=write,--wrap=fsync,--wrap=mkdirat,--wrap=unlinkat,--wrap=renameat,--wrap=linkat,--wrap=fchmod

unit: $(UNIT_TESTS)
	$(Q)sh tests/support/run-units.sh $(UNIT_TESTS)

# The second reader of the formats, against the vectors and the golden stores. Debian's python, which has its libsodium.
.PHONY: reader
reader:
	$(Q)/usr/bin/python3 -B tests/reader/test_reader.py --quiet

# Programs that run inside containers of any image: static, and never sanitized.
STATIC_FLAGS := -std=gnu17 -O2 -static -D_GNU_SOURCE $(WARNINGS)
PROBE        := $(O)/tests/probe
PROBE_SOURCES := $(wildcard tests/support/probe/*.c)
$(PROBE): $(PROBE_SOURCES) $(wildcard tests/support/probe/*.h)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $(PROBE_SOURCES)

# An agent whose core crashes in one kind of request, or between two steps: for 31-poison.sh, 43-rotation-crash.sh.
CRASHING := $(O)/tests/crashing
$(CRASHING)/tacit-core: $(O)/agent/core/main.o $(O)/tests/support/crash.o $(call archives,core/control) $(SUPPORT)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(foreach f,on_open vault_begin vault_commit model_write_lock errands_run,-Wl,--wrap=$(f)) -o $@ $^ $(call libraries,core/control)
$(CRASHING)/%: $(O)/bin/%
	$(Q)mkdir -p $(@D) && cp $< $@
CRASHING_ALL := $(PROGRAMS:%=$(CRASHING)/%)

# A stand-in for systemd's descriptor store: for 32-descriptor-store.sh.
MANAGER := $(O)/tests/manager
$(MANAGER): tests/support/manager.c
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $<

# Programs of the host that tests measure and disturb with.
TIMING := $(O)/tests/timing
CYCLES_PROGRAM := $(O)/tests/cycles
PROXY  := $(O)/tests/proxy
TOOLS  := $(TIMING) $(CYCLES_PROGRAM) $(PROXY)
$(TIMING): tests/support/timing.c tests/support/http.c
$(CYCLES_PROGRAM): tests/support/cycles.c tests/support/http.c tests/support/probe/gate.c
$(PROXY): tests/support/proxy.c
$(TOOLS): tests/support/http.h tests/support/probe/gate.h
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(STATIC_FLAGS) -o $@ $(filter %.c,$^) -lm

# TESTS="20-rotate.sh ..." runs some of them.
TESTS ?= $(notdir $(sort $(wildcard tests/integration/[0-9]*.sh)))
integration: $(BINARIES) $(PROBE) $(CRASHING_ALL) $(MANAGER) $(TOOLS)
	$(Q)TACIT_BUILD=$(CURDIR)/$(O) bash tests/support/run-integration.sh $(TESTS:%=tests/integration/%)

check: deps-if-missing
	$(Q)$(MAKE) --no-print-directory layers unit reader torture fuzz-corpus integration

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
	$(Q)TACIT_BUILD=$(CURDIR)/$(O) bash tests/bench/scan.sh

# What made tests/golden/store-*: for the next format, not for every day.
GOLDEN := $(O)/tests/golden/make_store
$(GOLDEN): $(O)/tests/golden/make_store.o $(call archives,core/store) $(call archive,core/audit) $(call archive,wire)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $< $(call archive,core/audit) $(call archives,core/store) $(call archives,wire) $(LIBS_core/store) $(LIBS_seal)

# Fuzzers: tests/fuzz/fuzz_NAME.c with its corpus, over the layers that FUZZ_NAME names (libFuzzer, clang).
FUZZ_SECONDS ?= 60
FUZZERS      := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_access   := base
FUZZ_anchor   := core/store
FUZZ_api_body := api
FUZZ_audit    := core/audit
FUZZ_auditlog := core/audit
FUZZ_backup   := core/store
FUZZ_cgroup   := core/identity
FUZZ_compose  := cli/compose
FUZZ_config   := base
FUZZ_doc      := api
FUZZ_engine_events := engine
FUZZ_engine_json := engine
FUZZ_frame    := wire
FUZZ_gate_request := gate
FUZZ_ignore   := cli/walk
FUZZ_keyring  := seal
FUZZ_members  := seal
FUZZ_names    := base
FUZZ_record   := seal
FUZZ_records  := core/store
FUZZ_scan     := cli/scan
FUZZ_template := base
FUZZ_PROGRAMS := $(FUZZERS:%=build/fuzz/%)
define fuzz_rule
build/fuzz/$(1): tests/fuzz/fuzz_$(1).c $(foreach l,$(call closure,$(FUZZ_$(1))),$(call sources,$(l)))
	$$(call say,FUZZ,$$@)mkdir -p $$(@D) && clang -std=gnu17 -O1 -g $$(DEFS) -fsanitize=fuzzer,address,undefined \
	  -fno-sanitize-recover=undefined -o $$@ $$^ $(call libraries,$(FUZZ_$(1)))
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rule,$(f))))

fuzz: $(FUZZ_PROGRAMS)
	$(Q)for f in $(FUZZERS); do mkdir -p build/fuzz/new/$$f && build/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ \
	  build/fuzz/new/$$f tests/fuzz/corpus/$$f >build/fuzz/$$f.log 2>&1 || { tail -n 30 build/fuzz/$$f.log; exit 1; }; \
	  printf '  ok    fuzz %-12s %s\n' $$f "$$(grep -o 'Done [0-9]* runs' build/fuzz/$$f.log)"; done

# Every file of the corpora once: a part of the check.
.PHONY: fuzz-corpus
fuzz-corpus: $(FUZZ_PROGRAMS)
	$(Q)for f in $(FUZZERS); do build/fuzz/$$f tests/fuzz/corpus/$$f/* >build/fuzz/$$f.log 2>&1 || { tail -n 30 build/fuzz/$$f.log; exit 1; }; done
	@echo "fuzz: $(words $(FUZZERS)) targets, every file of their corpora"

# Store, anchor, backups and audit log under a disk that fails at each of its calls, and a hand that changes each of their
# bits: tests/torture/torture.h. By lot; FULL=1 for every point, PARTS="kill refuse damage rules" for some. Its disk stands in
# for functions that sanitizers stand in for, too.
TORTURE := $(O)/tests/torture/torture
TORTURE_ARCHIVES := $(call archive,core/audit) $(call archive,core/store) $(foreach l,wire seal base,$(call archive,$(l)))
$(TORTURE): $(call objects,$(wildcard tests/torture/*.c)) $(TORTURE_ARCHIVES)
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -rdynamic -o $@ $^ $(LIBS_core/store) $(LIBS_seal)
.PHONY: torture
torture: $(if $(filter asan tsan,$(VARIANT)),,$(TORTURE))
	$(if $(filter asan tsan,$(VARIANT)),@echo "torture: not in a sanitized build",$(Q)$(if $(FULL),TORTURE_FULL=1) $(TORTURE) $(PARTS))
