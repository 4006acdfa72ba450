# Every target is one script in scripts/, which can be run by itself as well. `make help` lists them.
#
# Where things go. A packager sets DESTDIR and PREFIX=/usr; configuration is in /etc whatever the prefix.
PREFIX  ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR

.DEFAULT_GOAL := build
.PHONY: build run test test-quick test-long test-vm test-system lint sanitize fuzz bench deb install uninstall clean help

build: ## build .build/release/usherd and .build/release/usherctl
	@scripts/build

run: ## build, then run usherd in the foreground with config/usherd.toml
	@scripts/run

test: ## all checks and tests: lint, unit, end to end, packages, booted Debian, virtual machine, fuzz replay, sanitizers
	@scripts/test

test-quick: ## lint and the unit tests, for the inner loop
	@scripts/test-quick

test-long: ## what takes hours: the end-to-end tests twenty times beside a load, a search by the fuzzers, builds from nothing
	@scripts/test-long

test-vm: build ## boot a kernel with CAN, RDS and vsock under qemu, test there
	@scripts/test-vm

test-system: build ## boot a Debian, install the package there, and walk the whole way of a user
	@scripts/test-system

lint: ## formatting, scripts, man pages, and rules of the sources that the compiler does not check
	@scripts/lint

sanitize: ## the unit tests under the thread sanitizer, then under the address sanitizer
	@scripts/sanitize thread
	@scripts/sanitize address

fuzz: ## replay every input that a fuzzer ever stumbled over; FUZZ_SECONDS=60 also looks for new ones
	@scripts/fuzz

bench: ## measure the server's CPU time per operation against a minimal C program and the peers
	@scripts/bench

deb: build ## build usherd_VERSION_ARCH.deb in .build-deb, let lintian look at it, and say where it is
	@scripts/deb

# Installing builds only what is not there yet, so that `sudo make install` leaves no files of root in the tree.
install: | .build/release/usherd .build/release/usherctl ## install under $(DESTDIR)$(PREFIX) and $(DESTDIR)/etc
	@scripts/install

.build/release/usherd .build/release/usherctl:
	@scripts/build

uninstall: ## remove what install put there; a configuration that was edited stays
	@scripts/uninstall

clean: ## remove what was built
	@scripts/clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
