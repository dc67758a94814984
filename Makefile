# The menu. Each target is one line; the work lies in scripts/, which CI calls by the same names.
# Settings come from the environment, from .env (see .env.example), or from the call: make up HTTP_PORT=9080

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
export S N C FORCE CMD TAIL FOLLOW

##@ Start and stop
.PHONY: up down reset status doctor
up: ## start everything: checks the machine, builds, starts, waits, prints the URLs
	@scripts/up
down: ## stop everything; data, passwords and images stay
	@scripts/down
reset: ## stop everything and delete its data (asks first; FORCE=1 does not)
	@scripts/reset
status: ## every container, its health, and who leads
	@scripts/status
doctor: ## say whether this machine can run the stack, and what to do if not
	@scripts/doctor

##@ Watch it survive    (S= is a service, a replica, or a role: web, web-2, postgres-1, postgres-primary, redis-master)
.PHONY: kill stop start restart logs switchover scale watch
kill: ## S=web kills one container at once, as if its machine had gone
	@scripts/container kill "$$S"
stop: ## S=postgres-primary asks one container to end, and waits
	@scripts/container stop "$$S"
start: ## S=web starts what of it does not run
	@scripts/container start "$$S"
restart: ## S=haproxy-1 restarts one service (without S: all)
	@scripts/container restart "$$S"
logs: ## S=web follows its log (without S: everybody's)
	@scripts/container logs "$$S"
switchover: ## hand the Postgres primary over to a standby, as planned work does
	@scripts/switchover
scale: ## S=web N=5 runs that many replicas, until the next make up
	@scripts/scale "$$S" "$$N"
watch: ## a live screen: who is up, who leads, rate, errors, latency; PROBE=0 DURATION= NO_COLOR=1
	@scripts/watch

##@ Prove it         (V= is a victim, F= a fault: make drill lists them)
.PHONY: drill drills
drill: ## V=postgres-primary F=kill breaks one thing under load, mends it, judges what a client saw; AWAY= RUNS= UNDO=1
	@scripts/drill
drills: ## all drills, or SET=ci (some eight minutes); goes on where it was interrupted
	@scripts/drills

##@ Look inside
.PHONY: psql shell seed passwords trust
psql: ## SQL on the primary (DB=web; C='select 1' runs that and ends)
	@scripts/psql
shell: ## S=web opens a shell in one container (CMD='python3 manage.py …' runs that)
	@scripts/container shell "$$S"
seed: ## run the seeding jobs again: products, accounts, reviews; what is there stays
	@scripts/seed
passwords: ## which file holds whose password (prints none)
	@scripts/secrets where
trust: ## how to make this computer trust the local certificates
	@scripts/trust

##@ Work on it
.PHONY: dev build secrets check lint test test-stack loadtest
dev: ## the same stack with the code mounted and reloading
	@COMPOSE_DEV=1 scripts/up
build: ## build the images (FORCE=1 even when nothing has changed)
	@scripts/build
secrets: ## make the passwords that are missing; never replaces one
	@scripts/secrets make
loadtest: ## PROFILE=mixed RATE= USERS= DURATION= UI=1: open-loop load; progress, a report, a verdict
	@scripts/loadtest
lint: ## style and mistakes that reading finds
	@scripts/check lint
check: ## lint, unit tests and configuration tests; needs no running stack
	@scripts/check
test: ## check, the model of the failover, the bus, then test-stack: what CI runs
	@scripts/test
test-stack: ## a second stack under its own name: browser, kills, bad input
	@scripts/test-stack

.PHONY: help
help: ## this menu
	@scripts/menu "$(firstword $(MAKEFILE_LIST))"
