# gotk: Flux 2's controllers in C. `make help` lists the targets.
#
# One non-recursive makefile: sources by wildcard, libraries by pkg-config, objects under build/ (build/address and
# build/thread for the sanitizers), binaries in build/bin. Anything longer than a recipe lives in tests/.

CONTROLLERS := source-controller kustomize-controller helm-controller
# helm-controller has a sub-command so far, and no controller to run in a pod.
IMAGED := source-controller kustomize-controller
SAN ?=
OUT := build$(if $(SAN),/$(SAN))
PKGS := libcurl libuv yaml-0.1 libcjson libcrypto libssl libmicrohttpd libarchive libpcre2-8 libseccomp libgit2 libssh zlib librnp libcrypt

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wimplicit-fallthrough \
        -Werror -Wno-maybe-uninitialized
# gcc 14 does not know that a failure's code is negative and warns of paths that cannot be; clang's analyser, which err.h
# tells so, looks for the same in `make lint`.
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero -fno-common
LDHARDEN := -pie -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack
ifeq ($(SAN),)
  HARDEN += -D_FORTIFY_SOURCE=2
else ifeq ($(SAN),address)
  SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
  SANFLAGS := -fsanitize=thread -fno-omit-frame-pointer
else ifeq ($(SAN),fuzz)
  # libFuzzer comes with clang alone, which takes neither all of gcc's warnings nor, in version 14, the zeroing of variables.
  WARN := -Wall -Wno-unknown-warning-option
  HARDEN := -fPIE -fno-common
  SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -D__SANITIZE_ADDRESS__=1
else
  $(error SAN is '$(SAN)': it can be address (with undefined), thread or fuzz)
endif

CC := $(if $(filter fuzz,$(SAN)),clang,gcc)
VERSION ?= v0.1.0
REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) -I. -D_GNU_SOURCE -DGOTK_VERSION='"$(VERSION)"' \
             -include libgotk/base/banned.h -MMD -MP $(PKG_CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
# libarchive is linked in: of its forty formats we use tar and gzip, and the library on disk brings XML and Unicode tables
# along, 3 MB of memory in every process.
PKG_LIBS := $(patsubst -larchive,-l:libarchive.a,$(shell pkg-config --libs $(PKGS) 2>/dev/null))
READY := $(shell pkg-config --exists $(PKGS) 'libgit2 >= 1.8' 2>/dev/null && command -v $(CC))
CHECK = $(if $(READY),,$(error the compiler or a library is missing: run `make deps` first, as root or with sudo))

LIB_SRC := $(wildcard libgotk/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/%.o)
# Of a controller that has a small executable for its commands (libgotk/runtime/companion.h): what that one shares with the full one;
# its own files are in tool/. It is linked statically, with what follows; what has a sanitizer cannot be.
TOOL_kustomize-controller := build buildcommand question
TOOL_LIBS := -lyaml -lpcre2-8 -lcrypto -lz
# What has commands and no controller yet is linked so as a whole. OpenSSL's archive holds name look-ups that nothing here calls, of
# which the linker warns.
TOOL_ALONE := helm-controller
TOOL_ALONE_LIBS := -l:libarchive.a -lcrypt -lz
TOOL_STATIC := $(if $(SAN),-pie,-static-pie -Wl,--gc-sections)
comma := ,
TOOL_LD = $(patsubst -pie,$(TOOL_STATIC) $(if $(SAN),,-Wl$(comma)-z$(comma)pack-relative-relocs),$(LDHARDEN))
# On x86-64 the small executable of two is linked with musl where that is there (libgotk/runtime/lean.h); `make MUSL=` does without.
# The kernel's and the libraries' headers and archives are the distribution's. What is there for its speed is compiled for it (-O3),
# and functions that nobody calls are left out: each page that a process touches costs it more than a thousand instructions.
MUSL := $(if $(SAN),,$(patsubst %/rcrt1.o,%,$(wildcard /usr/lib/x86_64-linux-musl/rcrt1.o)))
MUSL_SRC = $(wildcard $(addprefix libgotk/,base/*.c doc/*.c job/*.c kustomize/*.c)) libgotk/net/url.c libgotk/ssa/subject.c \
           $(filter-out %/jsonschema_big.c,$(wildcard libgotk/helm/*.c)) $(addprefix libgotk/runtime/,companion.c lean.c options.c tool.c)
MUSL_CFLAGS = $(patsubst -O2,-O3,$(filter-out -D_FORTIFY_SOURCE=%,$(ALL_CFLAGS))) -ffunction-sections -fdata-sections \
              -include libgotk/base/musl.h -nostdinc -isystem $(MUSL:/usr/lib/%=/usr/include/%) \
              -isystem $(shell $(CC) -print-file-name=include) -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -Wno-conversion
# Of helm-controller the small one lacks what needs all of OpenSSL, libarchive or libxcrypt (helm-controller/tool/elsewhere.c); it is
# there with musl alone.
TOOL_LACKS := main elsewhere template/fn_certs template/fn_crypto template/decimal
TOOL_helm-controller := $(if $(MUSL),$(filter-out $(TOOL_LACKS),$(patsubst helm-controller/%.c,%,$(wildcard helm-controller/*.c helm-controller/template/*.c))))
MUSL_LD = $(patsubst -pie,$(TOOL_STATIC),$(LDHARDEN)) -nostdlib $(MUSL)/rcrt1.o $(MUSL)/crti.o
BINS := $(foreach c,$(CONTROLLERS),$(OUT)/bin/$(c) $(if $(TOOL_$(c)),$(OUT)/bin/$(c)-full))
# A controller's files but its main.c are linked into its unit tests too.
ctrl_obj = $(patsubst %.c,$(OUT)/%.o,$(filter-out $(1)/tool/%,$(wildcard $(1)/*.c $(1)/*/*.c)))
tool_obj = $(patsubst %.c,%.o,$(wildcard $(1)/tool/*.c)) $(TOOL_$(1):%=$(1)/%.o)
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | sort)
UNIT_BINS := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)
UNIT_LIB := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/unit/lib/*.c))

.PHONY: all
all: $(BINS) ## build the controllers into build/bin (SAN=address|thread into build/SAN/bin)

$(OUT)/libgotk.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/musl/libgotk.a: $(MUSL_SRC:%.c=$(OUT)/musl/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/musl/%.o: %.c Makefile
	@$(CHECK)mkdir -p $(@D)
	@echo "  CC   $@"
	@$(CC) $(MUSL_CFLAGS) -c -o $@ $<

define controller_rules
$(OUT)/bin/$(1)$(if $(TOOL_$(1)),-full): $(call ctrl_obj,$(1)) $(OUT)/libgotk.a
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$$(CC) $$(SANFLAGS) $$(LDHARDEN) -o $$@ $$(filter %.o,$$^) $(OUT)/libgotk.a $$(PKG_LIBS) -lpthread -lm
$(if $(TOOL_$(1)),$(call tool_rule,$(1)))
endef
define tool_rule
ifeq ($(MUSL),)
$(OUT)/bin/$(1): $(addprefix $(OUT)/,$(call tool_obj,$(1))) $(OUT)/libgotk.a $(OUT)/bin/$(1)-full
	@echo "  LINK $$@"
	@$$(CC) $$(SANFLAGS) $$(TOOL_LD) -o $$@ $$(filter %.o,$$^) $(OUT)/libgotk.a $$(TOOL_LIBS) -lm
else
$(OUT)/bin/$(1): $(addprefix $(OUT)/musl/,$(call tool_obj,$(1)) libgotk/runtime/leanlibc.o) $(OUT)/musl/libgotk.a $(OUT)/bin/$(1)-full
	@echo "  LINK $$@"
	@$$(CC) $$(MUSL_LD) -o $$@ $$(filter %.o,$$^) $(OUT)/musl/libgotk.a $$(TOOL_LIBS) $(MUSL)/libc.a -lgcc $(MUSL)/crtn.o
endif
endef
define alone_rule
$(OUT)/bin/$(1)$(if $(TOOL_$(1)),-full): $(call ctrl_obj,$(1)) $(OUT)/libgotk.a
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	@$$(CC) $$(SANFLAGS) $$(TOOL_LD) -o $$@ $$(filter %.o,$$^) $(OUT)/libgotk.a $$(TOOL_LIBS) $$(TOOL_ALONE_LIBS) -lm -Wl,-w
$(if $(TOOL_$(1)),$(call tool_rule,$(1)))
endef
$(foreach c,$(filter-out $(TOOL_ALONE),$(CONTROLLERS)),$(eval $(call controller_rules,$(c))))
$(foreach c,$(TOOL_ALONE),$(eval $(call alone_rule,$(c))))

$(OUT)/%.o: %.c Makefile
	@$(CHECK)mkdir -p $(@D)
	@echo "  CC   $@"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# tests/unit/<controller>/test_x.c links that controller's objects but main.o; the others link libgotk alone. So does
# tests/fuzz/<controller>/fuzz_x.c.
unit_extra = $(filter-out %/main.o,$(foreach c,$(CONTROLLERS),$(if $(findstring /$(c)/,$(1)),$(call ctrl_obj,$(c)))))
.PRECIOUS: $(OUT)/tests/%.o
.SECONDEXPANSION:
$(OUT)/unit/%: $(OUT)/tests/unit/%.o $(UNIT_LIB) $(OUT)/libgotk.a $$(call unit_extra,$$@)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) -o $@ $(filter %.o,$^) $(OUT)/libgotk.a $(PKG_LIBS) -lcmocka -lpthread -lm

# With SAN=fuzz alone. tests/fuzz/<layer>/fuzz_x.c becomes build/fuzz/targets/<layer>/fuzz_x.
FUZZ_SRC := $(shell find tests/fuzz -name 'fuzz_*.c' 2>/dev/null | sort)
FUZZ_BINS := $(FUZZ_SRC:tests/fuzz/%.c=$(OUT)/targets/%)
FUZZ_LIB := $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/fuzz/lib/*.c))
$(OUT)/targets/%: $(OUT)/tests/fuzz/%.o $(FUZZ_LIB) $(OUT)/libgotk.a $$(call unit_extra,$$@)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(SANFLAGS) -fsanitize=fuzzer $(LDHARDEN) -o $@ $(filter %.o,$^) $(OUT)/libgotk.a $(PKG_LIBS) -lpthread -lm

.PHONY: deps
deps: ## install the Debian packages everything here needs
	@tests/deps/install

# What tests/fuzz/kustomize_diff and helm_diff compare: our engines on many inputs.
$(OUT)/diff/%: $(OUT)/tests/fuzz/%.o $(OUT)/libgotk.a $$(call unit_extra,$$@)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(SANFLAGS) $(LDHARDEN) -o $@ $(filter %.o,$^) $(OUT)/libgotk.a $(PKG_LIBS) -lpthread -lm

.PHONY: units
units: $(UNIT_BINS)

.PHONY: unit
unit: deps ## build and run the unit tests (SAN=address|thread; T=name runs those whose path contains name)
	@$(MAKE) -s -j$(shell nproc) units
	@tests/rig/run-units --out $(OUT)/results $(if $(T),$(foreach t,$(T),$(shell echo $(UNIT_BINS) | tr ' ' '\n' | grep -- '$(t)')),$(UNIT_BINS))

.PHONY: fuzzers
fuzzers: $(filter %$(if $(T),/fuzz_$(T)),$(FUZZ_BINS))

.PHONY: fuzz
fuzz: deps ## search for inputs that break a parser (T=name for one target, SECONDS=n for each: 60); tests/fuzz/run tells more
	@$(MAKE) -s -j$(shell nproc) SAN=fuzz T=$(T) fuzzers
	@tests/fuzz/run --build build/fuzz --seconds $(or $(SECONDS),60) $(T)

.PHONY: valgrind
valgrind: deps ## the unit tests under valgrind's memcheck (T=name as for unit)
	@$(MAKE) -s -j$(shell nproc) units
	@tests/valgrind/run $(OUT)/results/valgrind $(if $(T),$(foreach t,$(T),$(shell echo $(UNIT_BINS) | tr ' ' '\n' | grep -- '$(t)')),$(UNIT_BINS))

.PHONY: flow
flow: deps ## build the controllers and run the flow tests on a real control plane (K=expression selects)
	@$(MAKE) -s -j$(shell nproc) all
	@tests/rig/run-flows --build $(OUT) $(if $(K),-k '$(K)')

.PHONY: flow-faults
flow-faults: deps ## fail every request of a life in every way, and loads in full size (minutes; `make test` takes samples)
	@$(MAKE) -s -j$(shell nproc) all
	@FAULTS=$(or $(K),all) tests/rig/run-flows --build $(OUT) -k '$(if $(K),test_faults,test_faults or test_load or test_disasters)'

.PHONY: fuzz-diff
fuzz-diff: deps ## random kustomizations, ours and the real kustomize's must come out equal (N=trees, SEED=first; SAN=address)
	@$(MAKE) -s -j$(shell nproc) $(OUT)/diff/build_many
	@tests/fuzz/kustomize_diff --build $(OUT) --count $(or $(N),2000) --seed $(or $(SEED),1)

.PHONY: fuzz-diff-helm
fuzz-diff-helm: deps ## random template snippets, ours and the real Helm's must come out equal (N=snippets, SEED=first; SAN=address)
	@$(MAKE) -s -j$(shell nproc) $(OUT)/diff/helm-controller/render_many
	@tests/fuzz/helm_diff --build $(OUT) --count $(or $(N),5000) --seed $(or $(SEED),1)

.PHONY: test
test: unit fuzz-diff fuzz-diff-helm flow ## everything that must pass: unit tests, 2,000 trees against kustomize, 5,000 snippets against helm, flows (SAN=)

.PHONY: lint
lint: deps ## format, static analysis, layers, sizes, banned functions, documented headers
	@tests/lint/run

# The images' files only: nothing is loaded or pushed anywhere.
IMAGES := $(IMAGED:%=$(OUT)/image/%.tar)
.PHONY: image
image: deps ## write the controllers' container images into build/image (VERSION=tag), for docker load, ctr import, skopeo
	@$(MAKE) -s -j$(shell nproc) images

.PHONY: images
images: $(IMAGES)

$(OUT)/image/%.tar: $(OUT)/bin/% manifests/image/write
	@manifests/image/write $< $@ $(VERSION)

.PHONY: test-cluster
test-cluster: ## install both controllers on a real node (containerd, kubelet) and watch them work; says why where it cannot
	@tests/deps/install && tests/deps/install cluster
	@$(MAKE) -s -j$(shell nproc) images
	@BUILD_DIR=$(OUT)/bin tests/cluster/run

.PHONY: demo
demo: deps ## a commit reaches a local cluster, step by step (KEEP=1 leaves it running)
	@$(MAKE) -s -j$(shell nproc) all
	@tests/rig/build >/dev/null
	@/usr/bin/python3 tests/demo/demo.py $(if $(KEEP),--keep)

.PHONY: bench
bench: deps ## measure the controllers and engines against the real ones
	@$(MAKE) -s -j$(shell nproc) all
	@tests/bench/run

.PHONY: rig
rig: ## build the control plane's programs and print their folder
	@tests/rig/build

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

-include $(shell find $(OUT) -name '*.d' -not -path 'build/*/results/*' 2>/dev/null)
