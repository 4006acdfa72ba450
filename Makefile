# Every target runs one script in scripts/, which can also be run directly. `make help` lists the targets.
#
# Where to install: a packager sets DESTDIR and PREFIX=/usr. The configuration is always in /etc.
PREFIX  ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR

.DEFAULT_GOAL := build
.PHONY: build run test test-quick test-long test-vm test-system lint sanitize fuzz bench deb install uninstall clean help

build: ## build .build/release/usherd and .build/release/usherctl
	@scripts/build

run: ## build, then run usherd in the foreground with config/usherd.toml
	@scripts/run

test: ## run all checks and tests: lint, unit, end to end, packages, booted Debian, virtual machine, sanitizers, fuzz replay
	@scripts/test

test-quick: ## lint and the unit tests, for quick feedback
	@scripts/test-quick

test-long: ## tests that take hours: end-to-end tests twenty times under load, fuzzing for new inputs, builds from scratch
	@scripts/test-long

test-vm: build ## boot a kernel with CAN, RDS and vsock under qemu, and test there
	@scripts/test-vm

test-system: build ## boot a Debian and test the package there, from installation to purge
	@scripts/test-system

lint: ## check formatting, scripts, man pages, and source rules that the compiler does not check
	@scripts/lint

sanitize: ## run the unit tests under the thread sanitizer, then under the address sanitizer
	@scripts/sanitize thread
	@scripts/sanitize address

fuzz: ## replay every input on which a fuzzer found a bug; FUZZ_SECONDS=60 also searches for new ones
	@scripts/fuzz

bench: ## measure the server's CPU time per operation against a minimal C program and other servers
	@scripts/bench

deb: build ## build usherd_VERSION_ARCH.deb in .build-deb, run lintian on it, and print its path
	@scripts/deb

# Build only if no binaries exist, so that `sudo make install` after `make build` leaves no files of root in the tree.
install: | .build/release/usherd .build/release/usherctl ## install under $(DESTDIR)$(PREFIX) and $(DESTDIR)/etc
	@scripts/install

.build/release/usherd .build/release/usherctl:
	@scripts/build

uninstall: ## remove the installed files; keep an edited configuration
	@scripts/uninstall

clean: ## remove the build results
	@scripts/clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
