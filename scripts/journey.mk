# Copyright (C) ngx_journey_module contributors
#
# The parts that need no nginx, for scripts/build.sh and scripts/test.sh:
#
#   make -f scripts/journey.mk OUT=build/gcc CC=gcc command units
#
#   OUT     folder of what is made: objects, OUT/journey, OUT/t/test_*
#   CFLAGS, LDFLAGS  added to the project's own

top := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
src := $(top)/ngx_journey_module

OUT ?= $(top)/build
CC ?= gcc
CFLAGS ?= -O2 -g

# Headers are included by their plain names.
rooms := $(patsubst $(src)/%/,%,$(wildcard $(src)/report/*/))

flags := -std=gnu99 -Wall -Wextra -Werror -pthread \
         -I$(src)/core $(rooms:%=-I$(src)/%) -MMD -MP
libs := -lmaxminddb -lcrypto -lpcre2-8 -lz -lqrencode

# Members of a log inflate faster with libdeflate; it is no must.
ifneq ($(shell printf '\043include <libdeflate.h>\n' | \
               $(CC) -E -x c - > /dev/null 2>&1 && echo yes),)
flags += -DJOURNEY_LIBDEFLATE=1
libs += -ldeflate
endif

core := $(patsubst $(src)/%.c,$(OUT)/objs/%.o,$(wildcard $(src)/core/*.c))
report := $(patsubst $(src)/%.c,$(OUT)/objs/%.o,$(wildcard $(src)/report/*.c $(src)/report/*/*.c))
units := $(patsubst $(top)/t/unit/%.c,$(OUT)/t/%,\
                    $(wildcard $(top)/t/unit/test_*.c))

# Unit tests are of core/; those named test_report_* link report/ too, all of
# it but main().
main := $(patsubst $(src)/%.c,$(OUT)/objs/%.o,\
                   $(src)/report/journey.c)
report_lib := $(filter-out $(main),$(report))

.PHONY: command units
.SECONDARY:

# With its manual page and its completion, which are made of what it says of
# itself.
command: $(OUT)/journey $(OUT)/journey.1 $(OUT)/journey.bash

units: $(units)

# Other flags or another compiler: everything is made again.
stamp := $(CC) $(shell $(CC) -dumpversion) $(CFLAGS) $(LDFLAGS) $(flags)

$(OUT)/objs/stamp: FORCE
	@mkdir -p $(@D)
	@echo '$(stamp)' | cmp -s - $@ || echo '$(stamp)' > $@

FORCE:

$(OUT)/objs/%.o: $(src)/%.c $(OUT)/objs/stamp
	@mkdir -p $(@D)
	$(CC) $(flags) $(CFLAGS) -c -o $@ $<

$(OUT)/journey: $(core) $(report)
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(libs) -lm

$(OUT)/objs/help: $(OUT)/journey
	$(OUT)/journey help --list > $@.new
	mv -f $@.new $@

$(OUT)/journey.%: $(src)/shell/journey.%.in $(src)/shell/fill.awk $(OUT)/objs/help
	awk -f $(src)/shell/fill.awk $(OUT)/objs/help $< > $@.new
	mv -f $@.new $@

unit = mkdir -p $(@D) && $(CC) $(flags) -I$(top)/t/unit $(CFLAGS) $(LDFLAGS) \
       -o $@ $< $(filter %.o,$^) $(libs) -lm

$(OUT)/t/test_report_%: $(top)/t/unit/test_report_%.c $(core) $(report_lib)
	$(unit)

$(OUT)/t/test_%: $(top)/t/unit/test_%.c $(core)
	$(unit)

-include $(wildcard $(OUT)/objs/*/*.d $(OUT)/objs/*/*/*.d $(OUT)/t/*.d)
