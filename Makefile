# Epochal: one Makefile. `make help` says what there is.
#
# Objects and programs go to build/ (build/sanitize for the sanitizer build). Every folder of src/ becomes an archive of
# its own, and a test links its folder's archive and those the folder may use, so that a stray dependency fails to link.

VERSION := $(shell sed -n 's/^.define EPO_VERSION_STRING "\(.*\)"/\1/p' include/epochal/version.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))
BUILD ?= build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=

# --- packages -------------------------------------------------------------------------------------------------------
PACKAGES := gcc make pkg-config libcfitsio-dev libdnnl-dev libopenblas-openmp-dev libsqlite3-dev zlib1g-dev libjansson-dev \
            libavro-dev libsnappy-dev nettle-dev
TEST_PACKAGES := libcmocka-dev sqlite3 strace
MODULES := cfitsio openblas sqlite3 zlib jansson avro-c nettle

# --- flags: CFLAGS and LDFLAGS are the user's, EPO_* are ours ----------------------------------------------------------
CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-format-truncation
EPO_CPPFLAGS := -Iinclude -Isrc -D_GNU_SOURCE $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
EPO_CFLAGS := -std=c17 -fPIC -fopenmp -fvisibility=default -fstack-protector-strong $(WARNINGS) $(WERROR)
ifeq ($(SANITIZE),)
EPO_CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
EPO_LDFLAGS := -fopenmp -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS := $(shell pkg-config --libs $(MODULES) 2>/dev/null) -ldnnl -lsnappy -lpthread -lm
COMPILE = $(CC) $(EPO_CPPFLAGS) $(CPPFLAGS) $(EPO_CFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(EPO_LDFLAGS) $(LDFLAGS)

# --- folders, in the order of their ranks; USES_x are the folders whose archives x needs (ARCHITECTURE.md, "Ranks") --------
FOLDERS := base store formats image nn data arch train
USES_base :=
USES_store := base
USES_formats := base
USES_image := base
USES_nn := base
USES_data := store formats image base
USES_arch := nn formats base
USES_train := data arch store formats image nn base
USES_cli := $(USES_train)

SOURCES := $(foreach f,$(FOLDERS),$(wildcard src/$(f)/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
COMMAND_SOURCES := $(wildcard tools/epochal/*.c)
COMMAND_OBJECTS := $(COMMAND_SOURCES:%.c=$(BUILD)/%.o)
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TEST_SOURCES := $(wildcard tests/*/test_*.c)
TESTS := $(TEST_SOURCES:tests/%.c=$(BUILD)/tests/%)
GENERATED := $(BUILD)/generated

.PHONY: all test check sanitize bench demo install clean format help deps deps-test
.SECONDARY:

all: $(BUILD)/epochal $(BUILD)/libepochal.a $(BUILD)/libepochal.so.$(VERSION)

# --- the library ------------------------------------------------------------------------------------------------------
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

# the store's tables live in db/schema.sql, and are compiled in as a string
$(GENERATED)/schema_sql.h: db/schema.sql
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
$(patsubst %.c,$(BUILD)/%.o,$(wildcard src/store/*.c)): $(GENERATED)/schema_sql.h
$(patsubst %.c,$(BUILD)/%.o,$(wildcard src/store/*.c)): EPO_CPPFLAGS += -I$(GENERATED)

# where `make install` puts the network texts
$(BUILD)/src/arch/%.o: EPO_CPPFLAGS += -DEPO_DATADIR='"$(PREFIX)/share/epochal"'

define folder_archive
$(BUILD)/lib/$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/$(1)/*.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_archive,$(f))))

$(BUILD)/libepochal.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/libepochal.so.$(VERSION): $(OBJECTS) src/libepochal.map
	$(LINK) -shared -Wl,-soname,libepochal.so.$(SOVERSION) -Wl,--version-script=src/libepochal.map -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/epochal: $(COMMAND_OBJECTS) $(BUILD)/libepochal.a
	$(LINK) -pie -o $@ $^ $(LIBS)

# --- tests: `make test`, or `make test ONLY=nn` for one folder ---------------------------------------------------------------
ONLY ?= *
RUN_TESTS = $(filter $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/$(ONLY)/test_*.c)),$(TESTS))

define folder_tests
$(BUILD)/tests/$(1)/test_%: $(BUILD)/tests/$(1)/test_%.o $(SUPPORT_OBJECTS) $(if $(filter $(1),$(FOLDERS)),$(BUILD)/lib/$(1).a) $(patsubst %,$(BUILD)/lib/%.a,$(USES_$(1)))
	$$(LINK) -o $$@ $$< $(SUPPORT_OBJECTS) $(if $(filter $(1),$(FOLDERS)),$(BUILD)/lib/$(1).a) $(patsubst %,$(BUILD)/lib/%.a,$(USES_$(1))) $$(LIBS) -lcmocka
endef
$(foreach f,$(FOLDERS) cli,$(eval $(call folder_tests,$(f))))
$(BUILD)/tests/%.o: EPO_CPPFLAGS += -Itests

test:
	@$(MAKE) --no-print-directory run-tests

run-tests: $(BUILD)/epochal $(RUN_TESTS)
	@EPOCHAL=$(abspath $(BUILD)/epochal) sh tests/run.sh $(RUN_TESTS)

-include $(OBJECTS:.o=.d) $(COMMAND_OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) $(TESTS:=.d)
