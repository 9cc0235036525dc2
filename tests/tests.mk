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
