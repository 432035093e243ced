# The only door. `make` alone lists what there is.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build run stop test test-bdd test-the-tests model chaos steps bench lint images ci
# Parts share one machine with timing in it.
.NOTPARALLEL:

help: ## This list
	@echo 'make TARGET [VARIABLE=value]...'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | column -t -s '|'
	@echo
	@sed -n 's/^#: \([A-Z_]*\) *\(.*\)/  \1|\2/p' Makefile | column -t -s '|'

# Variables given on the command line reach the scripts through the environment.
#: PG_PROVIDER auto (default), container or local: where PostgreSQL comes from
#: PG_IMAGE a container image of PostgreSQL to use
#: PG_BIN a directory with postgres and initdb to use
#: PG_MAJOR the major version to use (15)
#: TAGS which scenarios, such as '@auth-query and not @slow'
#: REPEAT run the features so many times, up to the first red
#: SEED what make chaos follows from, which half of the faults make ci tries (the day's number)
#: MINUTES how long make chaos lets faults happen (1)
#: CLIENTS how many clients make chaos has (24)
#: USERS how many users they come as (8)
#: DEFECT a fault of our own making that make chaos has to notice
#: FULL 1: make model tries every way to fail in every order (minutes)
#: POOLER pgturnstile (default), pgbouncer or none: what the features try
#: TOXIPROXY the address or the image of a real Toxiproxy for the plain faults (else ours)
#: CONFIG make run serves this file and brings up no PostgreSQL
#: PORT the pooler's port in make run (6432)

build: ## target/release/pgturnstile and target/release/pgtoxiproxy
	@ci/build

run: ## The pooler against a PostgreSQL it brings up; Ctrl-C ends both
	@ci/serve

stop: ## End what a make run left, also after a crash
	@ci/serve --stop

test: ## Everything: unit, doc, features with both providers, other poolers, the tests of the tests
	@ci/test

test-bdd: ## The features only
	@ci/bdd

test-the-tests: ## Faults of our own making, each of which the tests must notice
	@ci/test-the-tests

model: ## Registry, guard and GC in every order of their steps, under loom and shuttle
	@ci/model/run

chaos: ## Seeded faults under much work, and judges over all that happened; a report to look at
	@ci/chaos

bench: ## The benchmark beside other poolers
	@ci/bench

steps: ## Every step that a feature can use
	@ci/steps

lint: ## Format, clippy, licences, shell scripts, spelling
	@ci/lint

images: ## The container images of PostgreSQL
	@ci/images/build 15 18

ci: ## All that CI runs, with the time of each part
	@ci/all
