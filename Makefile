# tacit: make, make demo, make check. V=1 shows the commands, VARIANT=debug|asan|tsan|cov another build.
VARIANT   ?= release
CC        ?= gcc
PREFIX    ?= /usr
SBINDIR   ?= $(PREFIX)/sbin
BINDIR    ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/tacit
MANDIR    ?= $(PREFIX)/share/man
UNITDIR   ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DOCDIR    ?= $(PREFIX)/share/doc/tacit
DESTDIR   ?=
O         := build/$(VARIANT)$(if $(filter-out gcc cc,$(notdir $(CC))),-$(notdir $(CC)))
Q         := $(if $(V),,@)
say        = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

PACKAGES := gcc make pkg-config libsodium-dev libmicrohttpd-dev libjansson-dev libfuse3-dev libcmocka-dev \
  libsqlite3-dev libcurl4-gnutls-dev uthash-dev busybox-static docker.io docker-compose podman runc \
  iproute2 procps jq curl clang libclang-rt-14-dev strace sqlite3 nginx openssl postgresql \
  python3 python3-nacl libfyaml-dev musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static git

# Flags: those the compiler knows.
probe = $(shell $(CC) $(1) -Werror -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
WARNINGS := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
  -Wimplicit-fallthrough -Wconversion -Wno-sign-conversion -Wvla -Wwrite-strings -Werror=implicit \
  -Werror=incompatible-pointer-types -Werror=int-conversion $(call probe,-Wtrampolines) $(if $(CI),-Werror)
HARDEN := -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-aliasing -fno-strict-overflow \
  $(foreach f,-fstack-clash-protection -fcf-protection=full -mbranch-protection=standard \
  -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3 -fzero-call-used-regs=used-gpr,$(call probe,$(f)))
MODE_release := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 $(HARDEN)
MODE_debug   := -O0 -g3 $(HARDEN)
MODE_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
MODE_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
MODE_cov     := -O0 -g --coverage
MODE := $(or $(MODE_$(VARIANT)),$(error VARIANT is release, debug, asan, tsan or cov))

DEFS   := -D_GNU_SOURCE -DFUSE_USE_VERSION=314 -DLIBEXECDIR='"$(LIBEXECDIR)"' -Iagent -Iinclude -I.
CFLAGS ?=
ALL_CFLAGS := -std=gnu17 $(MODE) $(WARNINGS) -fPIE -pthread -MMD -MP -ffile-prefix-map=$(CURDIR)=. $(DEFS) \
  $(shell pkg-config --cflags fuse3 2>/dev/null) $(CFLAGS)
ALL_LDFLAGS := $(MODE) -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LDFLAGS)

# The layers, from the ground up: what each folder may use. A folder is an archive.
LAYERS := base seal wire exec holder toucher api engine gate core/identity core/policy core/store core/rotation core/audit core/model core/fuse core/control cli/walk cli/compose cli/scan cli/import cli
NEEDS_base          :=
NEEDS_seal          := base
NEEDS_wire          := base
NEEDS_exec          := base
NEEDS_holder        := wire base
NEEDS_toucher       := wire base
NEEDS_api           := wire base
NEEDS_engine        := wire base
NEEDS_gate          := wire base
NEEDS_core/identity := base
NEEDS_core/policy   := base
NEEDS_core/store    := seal base
NEEDS_core/rotation := core/store seal base
NEEDS_core/audit    := wire seal base
NEEDS_core/model    := core/store core/policy seal base
NEEDS_core/fuse     := core/model core/store core/policy core/identity core/audit wire seal base
NEEDS_core/control  := core/fuse core/model core/rotation core/store core/policy core/identity core/audit wire seal base
NEEDS_cli/walk      := base
NEEDS_cli/compose   := base
NEEDS_cli/scan      := cli/compose seal base
NEEDS_cli/import    := cli/scan cli/compose seal base
NEEDS_cli           := cli/walk cli/import cli/scan cli/compose seal base
LIBS_seal := -lsodium
LIBS_core/store := -lsqlite3
LIBS_core/fuse := -lfuse3
LIBS_api := -lmicrohttpd -ljansson
LIBS_engine := -ljansson
LIBS_cli/compose := -lfyaml
LIBS_cli/import := -ljansson
LIBS_cli := -lcurl -ljansson

PROGRAMS := tacitd tacit-core tacit-toucher tacit-api tacit-engine tacit-gate tacit
LAYER_tacitd := holder
LAYER_tacit-core := core/control
LAYER_tacit-toucher := toucher
LAYER_tacit-api := api
LAYER_tacit-engine := engine
LAYER_tacit-gate := gate
LAYER_tacit := cli

folder    = $(if $(filter cli cli/%,$(1)),$(1),agent/$(1))
# core/control has rooms of its own.
sources   = $(filter-out %/main.c,$(wildcard $(call folder,$(1))/*.c $(if $(filter core/control,$(1)),agent/core/control/*/*.c)))
archive   = $(O)/lib/$(subst /,-,$(1)).a
closure   = $(1) $(NEEDS_$(1))
archives  = $(foreach l,$(call closure,$(1)),$(call archive,$(l)))
libraries = $(foreach l,$(call closure,$(1)),$(LIBS_$(l)))
objects   = $(patsubst %.c,$(O)/%.o,$(1))

# What runs in containers of any image: static, the same in every variant, and a part of core, which serves it.
EXEC_CC    ?= $(if $(shell command -v musl-gcc),musl-gcc,$(CC))
EXEC_FLAGS := -std=gnu17 -Os -static -D_GNU_SOURCE -Iagent -Iinclude $(filter-out -Wtrampolines,$(WARNINGS)) -fstack-protector-strong \
  -ffunction-sections -fdata-sections -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -s
EXEC := $(O)/bin/tacit-exec

BINARIES := $(PROGRAMS:%=$(O)/bin/%) $(EXEC)

.PHONY: all deps demo check unit integration bench fuzz layers format install clean
all: $(BINARIES)

define layer_rule
$(call archive,$(1)): $(call objects,$(call sources,$(1)))
	$$(call say,AR,$$@)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

define program_rule
$(O)/bin/$(1): $(O)/$(call folder,$(firstword $(subst /, ,$(LAYER_$(1)))))/main.o $(call archives,$(LAYER_$(1))) $(SUPPORT)
	$$(call say,LD,$$@)mkdir -p $$(@D) && $$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $(call libraries,$(LAYER_$(1)))
endef
# A sanitized build gets its options from a file of its own: the roles run with an empty environment.
SUPPORT := $(if $(filter asan tsan,$(VARIANT)),$(O)/tests/support/sanitizer.o)
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

$(EXEC): $(wildcard agent/exec/*.c) agent/base/err.c $(wildcard agent/exec/*.h) agent/base/err.h agent/base/cleanup.h Makefile
	$(call say,LD,$@)mkdir -p $(@D) && $(EXEC_CC) $(EXEC_FLAGS) -o $@ $(filter %.c,$^)

$(O)/agent/core/fuse/program_image.o: $(EXEC)
$(O)/agent/core/fuse/program_image.o: private ALL_CFLAGS += -DEXEC_IMAGE='"$(EXEC)"'

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

# Each folder's archive, whole, against the archives below it and nothing else: an arrow that points up or sideways does not link.
layers: $(foreach l,$(LAYERS),$(call archive,$(l)))
	$(Q)printf 'int main(void){return 0;}' >$(O)/empty.c
	$(Q)$(foreach l,$(LAYERS),$(CC) $(ALL_LDFLAGS) -o $(O)/layer -x c $(O)/empty.c -x none -Wl,--whole-archive $(call archive,$(l)) \
	  -Wl,--no-whole-archive $(foreach n,$(NEEDS_$(l)),$(call archive,$(n))) $(call libraries,$(l)) || { echo "layers: $(l) reaches outside: $(or $(NEEDS_$(l)),nothing)"; exit 1; } &&) true
	$(Q)sh tests/support/includes.sh
	@echo "layers: every folder links against the folders below it alone"

include tests/tests.mk

deps:
	$(Q)sh tests/support/deps.sh $(PACKAGES)

# Only when something is missing.
.PHONY: deps-if-missing
deps-if-missing:
	$(Q)sh tests/support/deps.sh --if-missing $(PACKAGES)

format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) \
	  $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(PREFIX)/include/tacit $(DESTDIR)$(DOCDIR)
	install -m 0755 $(O)/bin/tacitd $(DESTDIR)$(SBINDIR)/tacitd
	install -m 0755 $(O)/bin/tacit $(DESTDIR)$(BINDIR)/tacit
	install -m 0755 $(filter-out %/tacitd %/tacit,$(BINARIES)) $(DESTDIR)$(LIBEXECDIR)
	sed 's|/usr/sbin/|$(SBINDIR)/|' agent/dist/tacitd.service >$(DESTDIR)$(UNITDIR)/tacitd.service
	chmod 0644 $(DESTDIR)$(UNITDIR)/tacitd.service
	install -m 0644 agent/dist/tacit.conf $(DESTDIR)$(DOCDIR)/tacit.conf
	install -m 0644 agent/dist/docker.service.d/tacit.conf $(DESTDIR)$(DOCDIR)/docker.service.d-tacit.conf
	install -m 0644 agent/dist/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/tacit.conf
	install -m 0644 agent/dist/*.1 $(DESTDIR)$(MANDIR)/man1
	install -m 0644 agent/dist/*.5 $(DESTDIR)$(MANDIR)/man5
	install -m 0644 agent/dist/*.8 $(DESTDIR)$(MANDIR)/man8
	install -m 0644 include/tacit/*.h $(DESTDIR)$(PREFIX)/include/tacit

clean:
	rm -rf build

-include $(shell find $(O) -name '*.d' 2>/dev/null)
