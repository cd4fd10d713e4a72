# Epochal: one Makefile. `make help` says what there is.
#
# Objects and programs go to build/ (build/sanitize, build/check for those builds). Every folder of src/ becomes an archive
# of its own, and a test links its folder's archive and those the folder may use, so that a stray dependency fails to link.

VERSION := $(shell sed -n 's/^.define EPO_VERSION_STRING "\(.*\)"/\1/p' include/epochal/version.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))
BUILD ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share/epochal
MANDIR ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR ?=

# --- packages -------------------------------------------------------------------------------------------------------
PACKAGES := gcc make pkg-config libcfitsio-dev libdnnl-dev libopenblas-openmp-dev libsqlite3-dev zlib1g-dev libdeflate-dev \
            libjansson-dev libsnappy-dev nettle-dev libsep-dev libpng-dev
TEST_PACKAGES := libcmocka-dev libavro-dev sqlite3 strace python3-h5py
CHECK_PACKAGES := g++ cppcheck clang-tidy
FORMAT_PACKAGES := clang-format
FUZZ_PACKAGES := clang libclang-rt-14-dev libomp-dev libcmocka-dev
MODULES := cfitsio openblas sqlite3 zlib libdeflate jansson nettle libpng

# --- flags: CFLAGS and LDFLAGS are the user's, EPO_* are ours ----------------------------------------------------------
CC ?= gcc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wno-format-truncation
EPO_CPPFLAGS := -Iinclude -Isrc -D_GNU_SOURCE $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
# -ffp-contract=off: no a*b+c of ours becomes one rounding where the processor can do it, whatever compiler builds it. gcc's
# -std=c17 implies that already (-std=gnu17 would not); clang 14 and later fuse within an expression unless it is said.
EPO_CFLAGS := -std=c17 -fPIC -fopenmp -fvisibility=default -ffp-contract=off -fstack-protector-strong $(WARNINGS) $(WERROR)
# glibc's checked copies need an optimiser, and hide from the sanitizers what these would find. -U: some compilers set it themselves.
FORTIFY := $(if $(SANITIZE),,$(if $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS)))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
EPO_CPPFLAGS += $(FORTIFY)
EPO_LDFLAGS := -fopenmp -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS := $(shell pkg-config --libs $(MODULES) 2>/dev/null) -ldnnl -lsnappy -lsep -lpthread -lm
COMPILE = $(CC) $(EPO_CPPFLAGS) $(CPPFLAGS) $(EPO_CFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(EPO_LDFLAGS) $(LDFLAGS)
# commands are shown by a short name; V=1 shows them whole
SHOW = @$(if $(V),,printf '  %-4s %s\n' $(1) $@;)$(if $(V),set -x;)
# a make inside make uses every processor, unless the caller has chosen
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# --- folders, in the order of their ranks; USES_x are the folders whose archives x needs (ARCHITECTURE.md, "Ranks") --------
FOLDERS := base store formats image nn metrics forest lightcurve data arch train report
USES_base :=
USES_store := base
USES_formats := base
USES_image := base
USES_nn := base
USES_metrics := base
USES_forest := base
USES_lightcurve := base
USES_data := store formats image base
USES_arch := nn formats image base
USES_train := data arch store formats image nn metrics forest lightcurve base
USES_report := train $(USES_train)
USES_cli := report $(USES_report)
USES_fuzz := report $(USES_report)

SOURCES := $(foreach f,$(FOLDERS),$(wildcard src/$(f)/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
COMMAND_SOURCES := $(wildcard tools/epochal/*.c)
COMMAND_OBJECTS := $(COMMAND_SOURCES:%.c=$(BUILD)/%.o)
COMMANDS := $(patsubst tools/epochal/cmd_%.c,%,$(wildcard tools/epochal/cmd_*.c))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
TEST_SOURCES := $(wildcard tests/*/test_*.c)
TESTS := $(TEST_SOURCES:tests/%.c=$(BUILD)/tests/%)
GENERATED := $(BUILD)/generated
LIBRARY := $(BUILD)/libepochal.so.$(VERSION)
MAN_PAGES := $(BUILD)/man/epochal.1 $(COMMANDS:%=$(BUILD)/man/epochal-%.1)
COMPLETION := $(BUILD)/completion/epochal

.PHONY: all demo test faults run-tests fuzz fuzz-corpus kills tsan valgrind check run-check sanitize bench scaling models run-bench install install-files uninstall clean format help deps deps-test \
        deps-check ready man FORCE
.SECONDARY:

## all        the library (static and shared), the command, its man pages and completion
all: ready $(BUILD)/epochal $(BUILD)/libepochal.a $(LIBRARY) $(MAN_PAGES) $(COMPLETION)

# without the packages the compiler would fail on some header; this says what to do instead
ready:
	@command -v pkg-config >/dev/null && pkg-config --exists $(MODULES) || { \
	    echo "packages are missing; to install them: make deps" >&2; exit 1; }

# --- the library ------------------------------------------------------------------------------------------------------
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call SHOW,CC)$(COMPILE) -c $< -o $@

# the store's tables live in db/schema.sql, a report's look in style.css; both are compiled in as strings
$(GENERATED)/schema_sql.h: db/schema.sql
$(GENERATED)/style_css.h: src/report/style.css
$(GENERATED)/schema_sql.h $(GENERATED)/style_css.h:
	@mkdir -p $(@D)
	$(call SHOW,GEN)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@
# and so do the statements that bring a store of an older version to this one: { version, statements },
MIGRATIONS := $(wildcard db/migrations/*.sql)
$(GENERATED)/migrations_sql.h: $(MIGRATIONS)
	@mkdir -p $(@D)
	$(call SHOW,GEN)for f in $(MIGRATIONS); do n=$${f##*/}; echo "{ $${n%%-*},"; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; echo "},"; done > $@
STORE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/store/*.c))
$(STORE_OBJECTS): $(GENERATED)/schema_sql.h $(GENERATED)/migrations_sql.h
$(STORE_OBJECTS): EPO_CPPFLAGS += -I$(GENERATED)
$(BUILD)/src/report/html.o: $(GENERATED)/style_css.h
$(BUILD)/src/report/html.o: EPO_CPPFLAGS += -I$(GENERATED)

# what computes, so that what it computed is not taken for what something else would: kept encodings name it
$(GENERATED)/computing.h: $(wildcard src/nn/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(call SHOW,GEN){ cat $(sort $(wildcard src/nn/*.[ch])); $(CC) --version; echo "$(EPO_CFLAGS) $(CFLAGS) $(SANITIZE)"; } | sha256sum | \
	    sed 's/^\([0-9a-f]*\).*/#define EPO_COMPUTING "\1"/' > $@
$(BUILD)/src/train/encoder_digest.o: $(GENERATED)/computing.h
$(BUILD)/src/train/encoder_digest.o: EPO_CPPFLAGS += -I$(GENERATED)

# where `make install` puts the network texts; made anew when that changes
$(GENERATED)/datadir: FORCE
	@mkdir -p $(@D)
	@echo '$(DATADIR)' | cmp -s - $@ || echo '$(DATADIR)' > $@
$(BUILD)/src/arch/network_files.o: $(GENERATED)/datadir
$(BUILD)/src/arch/network_files.o: EPO_CPPFLAGS += -DEPO_DATADIR='"$(DATADIR)"'

define folder_archive
$(BUILD)/lib/$(1).a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/$(1)/*.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call SHOW,AR)ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_archive,$(f))))

$(BUILD)/libepochal.a: $(OBJECTS)
	@rm -f $@
	$(call SHOW,AR)ar rcs $@ $^

$(LIBRARY): $(OBJECTS) src/libepochal.map
	$(call SHOW,LD)$(LINK) -shared -Wl,--no-undefined -Wl,-soname,libepochal.so.$(SOVERSION) -Wl,--version-script=src/libepochal.map -o $@ $(OBJECTS) $(LIBS)

# --- the command: it sees the public headers only ----------------------------------------------------------------------
$(COMMAND_OBJECTS): EPO_CPPFLAGS := -Iinclude -D_GNU_SOURCE $(FORTIFY)

$(BUILD)/epochal: $(COMMAND_OBJECTS) $(BUILD)/libepochal.a
	$(call SHOW,LD)$(LINK) -pie -o $@ $^ $(LIBS)

man: $(MAN_PAGES)
$(BUILD)/man/epochal.1: $(BUILD)/epochal
	@mkdir -p $(@D)
	$(call SHOW,MAN)$(BUILD)/epochal help --man > $@
$(BUILD)/man/epochal-%.1: $(BUILD)/epochal
	@mkdir -p $(@D)
	$(call SHOW,MAN)$(BUILD)/epochal help --man $* > $@
$(COMPLETION): $(BUILD)/epochal
	@mkdir -p $(@D)
	$(call SHOW,GEN)$(BUILD)/epochal help --completion > $@

# --- tests -------------------------------------------------------------------------------------------------------------
ONLY ?= *
RUN_TESTS = $(filter $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/$(ONLY)/test_*.c)),$(TESTS))

# the command's own parts, for tests/cli
$(BUILD)/lib/command.a: $(filter-out $(BUILD)/tools/epochal/main.o,$(COMMAND_OBJECTS))
	@mkdir -p $(@D)
	@rm -f $@
	$(call SHOW,AR)ar rcs $@ $^
OWN_cli := $(BUILD)/lib/command.a
# the parsers that are fuzzed, and the inputs of the short form
OWN_fuzz := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/target*.c) tests/fuzz/corpus.c)

define folder_tests
OWN_$(1) += $(if $(filter $(1),$(FOLDERS)),$(BUILD)/lib/$(1).a) $(patsubst %,$(BUILD)/lib/%.a,$(USES_$(1)))
$(BUILD)/tests/$(1)/test_%: $(BUILD)/tests/$(1)/test_%.o $(SUPPORT_OBJECTS) $$(OWN_$(1))
	$$(call SHOW,LD)$$(LINK) -o $$@ $$< $(SUPPORT_OBJECTS) $$(OWN_$(1)) $$(LIBS) -lcmocka -lavro
endef
$(foreach f,$(FOLDERS) cli fuzz,$(eval $(call folder_tests,$(f))))
$(BUILD)/tests/%.o: EPO_CPPFLAGS += -Itests
# in these the library's clock runs fast, so that what is done every second or two is done often
$(BUILD)/tests/data/test_kill $(BUILD)/tests/data/test_power_cut $(BUILD)/tests/train/test_kill_scoring: EPO_LDFLAGS += -Wl,--wrap=epo__seconds
$(BUILD)/tests/cli/%.o $(BUILD)/tests/faults/%.o: EPO_CPPFLAGS += -Itests -Itools/epochal

# tests/faults has the whole command in it, and its allocations go through alloc.c
FAULT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/faults/test_%,$(wildcard tests/faults/*.c)))
FAULT_WRAPS := malloc calloc aligned_alloc realloc strdup realpath free fdopen opendir gzdopen inflateInit2_ libdeflate_alloc_decompressor
FAULT_PARTS := $(FAULT_OBJECTS) $(SUPPORT_OBJECTS) $(BUILD)/lib/command.a $(BUILD)/libepochal.a
$(BUILD)/tests/faults/test_%: $(BUILD)/tests/faults/test_%.o $(FAULT_PARTS)
	$(call SHOW,LD)$(LINK) $(FAULT_WRAPS:%=-Wl,--wrap=%) -o $@ $< $(FAULT_PARTS) $(LIBS) -lcmocka

## test       installs what is missing, builds, runs the tests; ONLY=nn for those of one folder
test: deps deps-test
	@$(MAKE) --no-print-directory $(JOBS) run-tests

run-tests: ready $(if $(findstring /tests/cli/,$(RUN_TESTS)),$(BUILD)/epochal) $(RUN_TESTS)
	@EPOCHAL=$(abspath $(BUILD)/epochal) sh tests/run.sh $(RUN_TESTS)

# --- what is done to Epochal to see whether it breaks: docs/reliability.md -------------------------------------------------------
FAULT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/faults/test_*.c))

## faults     the long form of tests/faults: every allocation and every write of every command fails once (hours); ONLY=memory for one
faults: deps deps-test
	@$(MAKE) --no-print-directory $(JOBS) $(FAULT_TESTS)
	@for t in $(if $(filter-out *,$(ONLY)),$(BUILD)/tests/faults/test_$(ONLY),$(FAULT_TESTS)); do \
	    EPOCHAL_FAULTS=long TMPDIR=$${TMPDIR:-$$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)} $$t || exit 1; done

## sanitize   the tests under the address and undefined behaviour sanitizers
sanitize: deps deps-test
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:use_sigaltstack=0 UBSAN_OPTIONS=print_stacktrace=1 $(MAKE) --no-print-directory $(JOBS) BUILD=build/sanitize \
	    CFLAGS="-O1 -g" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" run-tests

# seeds are made once and committed; what fuzzing found lies beside them
$(BUILD)/tests/fuzz/make_corpus: $(BUILD)/tests/fuzz/make_corpus.o $(SUPPORT_OBJECTS) $(OWN_fuzz)
	$(call SHOW,LD)$(LINK) -o $@ $^ $(LIBS) -lcmocka
fuzz-corpus: $(BUILD)/tests/fuzz/make_corpus
	@$< tests/fuzz/corpus

# the targets without a main: libFuzzer brings its own
$(BUILD)/fuzz: $(BUILD)/tests/fuzz/libfuzzer.o $(OWN_fuzz)
	$(call SHOW,LD)$(LINK) -fsanitize=fuzzer -o $@ $(filter-out %/corpus.o,$^) $(LIBS)

## fuzz       the parsers under libFuzzer, with sanitizers; ONLY=fits for one of them, FUZZ_RUNS=5000000 inputs each
fuzz:
	@sh tools/deps.sh $(PACKAGES) $(FUZZ_PACKAGES)
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/fuzz CC=clang CFLAGS="-O1 -g" build/fuzz/fuzz \
	    SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
	@sh tools/fuzz.sh build/fuzz '$(ONLY)'

## kills      KILLS=2000 kills each of imports, scorings and trainings, POINTS=500 power cuts, SECONDS=600 with READERS=8: about an hour
KILLS ?= 2000
POINTS ?= 500
SECONDS ?= 600
READERS ?= 8
kills: deps deps-test
	@for t in data/test_kill data/test_power_cut train/test_kill_scoring train/test_resume cli/test_many; do \
	    $(MAKE) --no-print-directory $(JOBS) $(BUILD)/epochal $(BUILD)/tests/$$t >/dev/null || exit 1; done
	@EPOCHAL=$(abspath $(BUILD)/epochal) EPOCHAL_KILLS=$(KILLS) EPOCHAL_POINTS=$(POINTS) EPOCHAL_MANY_SECONDS=$(SECONDS) \
	    EPOCHAL_READERS=$(READERS) EPOCHAL_SHOW=1 OMP_WAIT_POLICY=passive TEST_TIMEOUT=86400 sh tests/run.sh $(BUILD)/tests/data/test_kill \
	    $(BUILD)/tests/data/test_power_cut $(BUILD)/tests/train/test_kill_scoring $(BUILD)/tests/train/test_resume $(BUILD)/tests/cli/test_many

## tsan       the tests in which our threads meet, under the thread sanitizer
# OpenMP's threads are not started: gcc's libgomp is not instrumented, and every barrier of it would look like none
TSAN_TESTS := base/test_base data/test_import data/test_loader data/test_loader_examples data/test_simulate data/test_augment \
              train/test_score train/test_classify train/test_photometry train/test_lightcurves train/test_forest train/test_supply \
              train/test_training train/test_same
tsan: deps deps-test
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/tsan CFLAGS="-O1 -g" SANITIZE="-fsanitize=thread -fno-omit-frame-pointer" \
	    $(TSAN_TESTS:%=build/tsan/tests/%)
	@TSAN_OPTIONS="suppressions=tests/tsan.supp halt_on_error=1 second_deadlock_stack=1" OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 \
	    TEST_TIMEOUT=3600 sh tests/run.sh $(TSAN_TESTS:%=build/tsan/tests/%)

## valgrind   the tests under memcheck, but those named in VALGRIND_WITHOUT; ONLY=store for those of one folder (hours for all of them)
# those are: tests of the built command and of processes that are killed, whose work is in other processes; and tens of thousands of
# damaged inputs and failed allocations, which would take days and are run under the sanitizers
VALGRIND_WITHOUT := cli/% fuzz/% faults/% data/test_kill data/test_power_cut train/test_kill_scoring train/test_resume
VALGRIND_TESTS = $(filter-out $(VALGRIND_WITHOUT:%=$(BUILD)/tests/%),$(RUN_TESTS))
valgrind: deps deps-test
	@sh tools/deps.sh valgrind
	@$(MAKE) --no-print-directory $(JOBS) $(VALGRIND_TESTS)
	@OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell TEST_TIMEOUT=36000 EPOCHAL_UNDER="valgrind -q --fair-sched=yes --error-exitcode=9 \
	    --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp" \
	    sh tests/run.sh $(VALGRIND_TESTS)

## check      warnings as errors, who includes whom, banned calls, hardening, cppcheck, clang-tidy
check: deps deps-test deps-check
	@$(MAKE) --no-print-directory run-check

run-check: ready $(GENERATED)/computing.h $(GENERATED)/schema_sql.h $(GENERATED)/migrations_sql.h $(GENERATED)/style_css.h
	@CPPFLAGS_OF_BUILD='$(EPO_CPPFLAGS) -I$(GENERATED)' sh tools/check.sh

# what check.sh builds with warnings as errors
everything: $(BUILD)/epochal $(LIBRARY) $(TESTS) $(BUILD)/make_survey $(BUILD)/tests/fuzz/make_corpus $(BUILD)/tests/fuzz/libfuzzer.o

# --- demo and benchmarks -------------------------------------------------------------------------------------------------
$(BUILD)/make_survey: tools/demo/make_survey.c
	@mkdir -p $(@D)
	$(call SHOW,CC)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $< -lm

## demo       installs what is missing, builds, and shows the main jobs: a simulated survey, classified and scored by the shipped models
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/epochal
	@BUILD=$(BUILD) sh tools/demo.sh

## bench      how fast the main jobs are on this machine, beside the peers that are here; ONLY=train for one of them
bench: deps
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/epochal $(BUILD)/make_survey
	@BUILD=$(BUILD) sh tools/bench.sh

## scaling    how cost and memory of classifying grow with objects and nights: docs/results/scaling.md
scaling: deps
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/epochal
	@BUILD=$(BUILD) sh tools/scaling.sh

## models     trains the shipped models again, and says whether they are the same bytes (three quarters of an hour)
models: deps
	@$(MAKE) --no-print-directory $(JOBS) $(BUILD)/epochal
	@BUILD=$(BUILD) sh tools/models.sh

# --- installation --------------------------------------------------------------------------------------------------------
define PC_FILE
Name: epochal
Description: classifies sequences of astronomical images
Version: $(VERSION)
Cflags: -I$(INCLUDEDIR)
Libs: -L$(LIBDIR) -lepochal
Requires.private: $(MODULES)
Libs.private: -ldnnl -lsnappy -lsep -lgomp -lpthread -lm
endef
export PC_FILE

## install    command, library, headers, networks, man pages, completion; PREFIX=/usr/local, DESTDIR=
install:
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory install-files

install-files:
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/epochal $(DESTDIR)$(DATADIR)/models \
	    $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(COMPLETIONDIR)
	install -m 755 $(BUILD)/epochal $(DESTDIR)$(BINDIR)/
	install -m 644 $(BUILD)/libepochal.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(LIBRARY) $(DESTDIR)$(LIBDIR)/
	ln -sf libepochal.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libepochal.so.$(SOVERSION)
	ln -sf libepochal.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libepochal.so
	install -m 644 include/epochal/*.h $(DESTDIR)$(INCLUDEDIR)/epochal/
	install -m 644 $(wildcard models/*.net models/*.safetensors) $(DESTDIR)$(DATADIR)/models/
	install -m 644 $(MAN_PAGES) $(DESTDIR)$(MANDIR)/man1/
	install -m 644 $(COMPLETION) $(DESTDIR)$(COMPLETIONDIR)/
	printf '%s\n' "$$PC_FILE" > $(DESTDIR)$(LIBDIR)/pkgconfig/epochal.pc
	@if [ -z "$(DESTDIR)" ]; then ldconfig 2>/dev/null || echo "run ldconfig as root, so that libepochal.so.$(SOVERSION) is found"; fi

## uninstall  removes what install put there
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/epochal $(DESTDIR)$(LIBDIR)/libepochal.a $(DESTDIR)$(LIBDIR)/libepochal.so* \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/epochal.pc $(patsubst %,$(DESTDIR)$(MANDIR)/man1/%,$(notdir $(MAN_PAGES))) $(DESTDIR)$(COMPLETIONDIR)/epochal
	rm -rf $(DESTDIR)$(INCLUDEDIR)/epochal $(DESTDIR)$(DATADIR)

## clean      removes build/
clean:
	rm -rf build

## format     clang-format over all sources
format:
	@sh tools/deps.sh $(FORMAT_PACKAGES)
	clang-format -i $$(git ls-files '*.c' '*.h')

## deps       installs the packages that are missing (deps-test, deps-check: those for tests and checks)
deps:
	@sh tools/deps.sh $(PACKAGES)
deps-test:
	@sh tools/deps.sh $(TEST_PACKAGES)
deps-check:
	@sh tools/deps.sh $(CHECK_PACKAGES)

## help       this list
help:
	@sed -n 's/^## /  make /p' Makefile

-include $(OBJECTS:.o=.d) $(COMMAND_OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) $(FAULT_OBJECTS:.o=.d) $(TESTS:=.d) $(wildcard $(BUILD)/tests/fuzz/*.d)
