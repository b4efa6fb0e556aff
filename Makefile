# Short names for the scripts in deploy/local. A fresh Debian or Ubuntu needs a Rust toolchain, git and make; the rest is
# installed where it is missing.

.DEFAULT_GOAL := help
.PHONY: help run run-many test check bench fmt

help: ## Show these targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

run: ## Start the whole platform as one process, with its own PostgreSQL, Redis and demo data in .halley.
	@deploy/local/install-packages build servers web
	@deploy/local/web build
	cargo build --release -p halley
	exec target/release/halley serve --target all --data-dir $$(deploy/local/data-dir)

run-many: ## The same as many processes: one for each service, two gateway nodes, two messaging replicas.
	@deploy/local/install-packages build servers web
	@deploy/local/web build
	cargo build --release -p halley
	exec deploy/local/run-many

test: ## Run all tests on private throwaway servers.
	@deploy/local/install-packages build servers python web browser
	@deploy/local/test

check: ## Check formatting, lints, contracts, dependencies, documents and deployment files.
	@deploy/local/check

bench: ## Measure this machine: one-to-one and group messages, stored before they are acknowledged.
	@deploy/local/install-packages build servers
	@deploy/local/bench

fmt: ## Format the code and the contracts.
	cargo fmt --all
	@deploy/local/install-tools buf
	target/tools/buf/node_modules/.bin/buf format --write proto
