# tiktokads: PGXS build, tests, demo.  `make help` lists the targets.

EXTENSION = tiktokads
MODULE_big = tiktokads
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" tiktokads.control)
EXTENSION_SCRIPT = $(EXTENSION)--$(EXTVERSION).sql

# The rooms of the house in reading order: a room uses those before it.
ROOMS = base net model api store account sync quality worker retention attribution funnel anomaly schedule

OBJS = src/tiktokads.o \
	$(foreach room,$(ROOMS),$(patsubst %.c,%.o,$(sort $(wildcard src/$(room)/*.c))))
ROOM_SQL = $(foreach room,$(ROOMS),$(sort $(wildcard src/$(room)/*.sql))) src/tiktokads.sql
HEADERS = $(wildcard src/*.h src/*/*.h)

# One transition for each released version that may be updated from.
UPDATE_SCRIPTS = $(patsubst src/upgrade/%.sql,$(EXTENSION)--%--$(EXTVERSION).sql,$(wildcard src/upgrade/*.sql))

DATA_built = $(EXTENSION_SCRIPT) $(UPDATE_SCRIPTS)
TESTS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --encoding=UTF8 --load-extension=$(EXTENSION)
EXTRA_CLEAN = $(EXTENSION)--*.sql output_iso tmp_check regress

PG_CONFIG ?= pg_config
HAVE_SERVER := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

all: ## build the extension for the server of PG_CONFIG

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /|/' | \
		awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'
	@echo "  make install        install it into that server (as root)"
	@echo "  make installcheck   regression tests against a running server that has it"
	@echo "  make clean          remove what was built"

ifneq ($(HAVE_SERVER),)
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server) -DEXTENSION_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers $(if $(CI),-Werror)
SHLIB_LINK = -lcurl -lcrypto -lm
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# calls within the library stay in it, whatever other libraries of the server name their functions
ifeq ($(PORTNAME),linux)
CFLAGS += -fno-semantic-interposition
SHLIB_LINK += -Wl,-Bsymbolic-functions
endif

# each test has a database of its own: what one leaves would be in another's sums
installcheck: $(addprefix installcheck-,$(TESTS))
$(addprefix installcheck-,$(TESTS)): installcheck-%:
	@mkdir -p regress/$*
	$(pg_regress_installcheck) $(REGRESS_OPTS) --outputdir=regress/$* --dbname=contrib_regression_$* $*
.PHONY: $(addprefix installcheck-,$(TESTS))

$(OBJS): $(HEADERS) Makefile tiktokads.control
# loops over matrices and chains, as the server builds its checksums
src/attribution/dense.o src/attribution/walk.o: CFLAGS += $(CFLAGS_UNROLL_LOOPS) $(CFLAGS_VECTORIZE)
else
all: packages
	$(MAKE) all
endif

$(EXTENSION_SCRIPT): $(ROOM_SQL) tiktokads.control test/lint/script Makefile
	@{ printf '%s\n\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
		for part in $(ROOM_SQL); do echo "-- $$part"; cat $$part; echo; done; } > $@.new
	@test/lint/script $@.new
	@mv $@.new $@

$(UPDATE_SCRIPTS): $(EXTENSION)--%--$(EXTVERSION).sql: src/upgrade/%.sql $(EXTENSION_SCRIPT) src/upgrade/update
	src/upgrade/update $(EXTENSION_SCRIPT) $< > $@.new && mv $@.new $@

packages: ## install the Debian packages that are missing
	@test/packages

simulator: ## build the Ads API simulator
	$(MAKE) -C test/simulator

test: packages ## build and run every test in private servers
	@test/run

demo: packages ## a private server with three synced ad accounts to look around in
	@test/demo/start

demo-stop: ## stop and remove what `make demo` left
	@test/demo/stop

bench: packages ## ratios against a baseline of the same run (BENCH_SCALE=1 for full sizes)
	@test/bench/run $(BENCH)

dist: ## a PGXN archive of HEAD, with the version filled in
	git archive --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD
	mkdir -p $(EXTENSION)-$(EXTVERSION)
	sed 's/@VERSION@/$(EXTVERSION)/' META.json > $(EXTENSION)-$(EXTVERSION)/META.json
	zip -q $(EXTENSION)-$(EXTVERSION).zip $(EXTENSION)-$(EXTVERSION)/META.json
	rm -r $(EXTENSION)-$(EXTVERSION)

reference: packages ## doc/reference.md from the comments of the database
	test/sandbox -f doc/reference.sql > doc/reference.md.new && mv doc/reference.md.new doc/reference.md

lint: packages ## format, static analysis, function length, direction of includes
	@test/lint/run $(ROOMS)

memcheck: packages ## unit tests and a sync under valgrind
	@test/memcheck

.PHONY: help packages reference simulator test demo demo-stop bench dist lint memcheck
