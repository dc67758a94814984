# shellcheck shell=bash disable=SC2034  # the variables are for the scripts that read this file
# What every script starts with: strict mode, where the project lies, messages, settings, compose.

set -Eeuo pipefail
shopt -s inherit_errexit 2>/dev/null || true

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SCRIPTS=$ROOT/scripts
STATE=${STATE_DIR:-$ROOT/.state}   # stamps, build log, locks: may be deleted at any time

# -- Messages -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
usage_error() { printf 'error: %s\n' "$*" >&2; exit 2; }

# step NAME COMMAND…: runs the command under a heading and says how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '== %s\n' "$name"
    "$@"
    printf '   %s: %s s\n' "$name" "$((SECONDS - start))"
}

# -- Settings -----------------------------------------------------------------------------------------------------------

# The shell wins over .env, .env over the defaults. The file is read, never executed.
load_env_file() {
    local line key value
    [[ -e $1 ]] || return 0
    [[ -r $1 ]] || die "$1 cannot be read: check its owner and mode."
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line%$'\r'}
        [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
        [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] \
            || die "$1: this line is not NAME=value: $line"
        key=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
        case $value in
            \"*\"*) value=${value#\"} value=${value%%\"*} ;;
            \'*\'*) value=${value#\'} value=${value%%\'*} ;;
            *) value=${value%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
        esac
        [[ -n ${!key+set} ]] || export "$key=$value"
    done <"$1"
}

# The same defaults as docker-compose.yml and .env.example; tests/scripts compares the three.
load_settings() {
    load_env_file "${ENV_FILE:-$ROOT/.env}"
    : "${COMPOSE_PROJECT_NAME:=flotilla}" "${IMAGE_PREFIX:=flotilla}" "${TAG:=local}"
    : "${NET_PREFIX:=10.77}" "${BIND:=127.0.0.1}" "${SITE_HOST:=shop.localhost}"
    : "${HTTP_PORT:=8080}" "${HTTPS_PORT:=8443}" "${STATS_PORT_1:=8404}" "${STATS_PORT_2:=8405}"
    : "${GRAFANA_PORT:=3000}" "${PROMETHEUS_PORT:=9090}" "${LOCUST_PORT:=8089}"
    : "${SECRETS_DIR:=./.secrets}" "${REPORTS_DIR:=./reports}"
    [[ $SECRETS_DIR == /* ]] || SECRETS_DIR=$ROOT/${SECRETS_DIR#./}
    [[ $REPORTS_DIR == /* ]] || REPORTS_DIR=$ROOT/${REPORTS_DIR#./}
    PROJECT=$COMPOSE_PROJECT_NAME
    [[ $PROJECT =~ ^[a-z0-9][a-z0-9_-]*$ ]] \
        || die "COMPOSE_PROJECT_NAME=$PROJECT: use lower-case letters, digits, - and _, starting with a letter or digit."
    export COMPOSE_PROJECT_NAME IMAGE_PREFIX TAG NET_PREFIX BIND SITE_HOST HTTP_PORT HTTPS_PORT STATS_PORT_1 STATS_PORT_2 \
        GRAFANA_PORT PROMETHEUS_PORT LOCUST_PORT SECRETS_DIR REPORTS_DIR
}

# -- Compose and the project's containers -------------------------------------------------------------------------------

# COMPOSE_DEV=1 adds the override of `make dev`, SMALL_DISKS=1 the one of a drill. COMPOSE_FILE of the shell is not ours and is not followed.
compose() {
    local files=(-f "$ROOT/docker-compose.yml")
    [[ -t 1 ]] || files+=(--ansi never)
    [[ ${COMPOSE_DEV:-} != 1 ]] || files+=(-f "$ROOT/docker-compose.dev.yml")
    [[ ${SMALL_DISKS:-} != 1 ]] || files+=(-f "$ROOT/drills/small-disks.yml")
    docker compose -p "$PROJECT" --project-directory "$ROOT" "${files[@]}" "$@"
}

# containers [docker ps options…]: one line each: service, number, id, state, name. One-off `run` containers are left out.
containers() {
    docker ps --filter "label=com.docker.compose.project=$PROJECT" --filter label=com.docker.compose.oneoff=False \
        --format '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.container-number"}} {{.ID}} {{.State}} {{.Names}}' \
        "$@" | sort -k1,1 -k2,2n
}

# left KIND: names of the project's networks or volumes.
left() { docker "$1" ls --quiet --filter "label=com.docker.compose.project=$PROJECT"; }

# take_away [--volumes …]: containers and networks, and what the options name. Engine 20.10 may count an endpoint on a network that
# no container has ("has active endpoints"), until it is started again: such a network stays, and the next start uses it.
take_away() {
    local said
    said=$(compose --progress quiet --profile '*' down --remove-orphans "$@" 2>&1) && return
    sleep 2
    said=$(compose --progress quiet --profile '*' down --remove-orphans "$@" 2>&1) && return
    if [[ $said != *"has active endpoints"* || -n $(containers -a) || (" $* " == *" --volumes "* && -n $(left volume)) ]]; then
        die "$said"
    fi
    warn "the engine keeps $(left network | wc -l) network(s) of '$PROJECT' that no container is on; 'make up' uses them again."
}

# running SERVICE: the id of its first running container, or nothing.
running() {
    containers --filter "label=com.docker.compose.service=$1" --filter status=running | { read -r _ _ id _ && printf '%s\n' "$id"; } || true
}

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

need_engine() { engine_answers || die "no container engine answers here. 'make up' starts one; 'make doctor' says more."; }

need_stack() {
    need_engine
    [[ -n $(containers -a) ]] || die "the stack '$PROJECT' is not there. Start it with: make up"
}

# On the edge network of a running stack now: address and name of each container.
edge_addresses() {
    docker network inspect --format '{{range .Containers}}{{.IPv4Address}} {{.Name}}{{println}}{{end}}' "${PROJECT}_edge" | sed 's|/[0-9]* | |'
}

# -- Calls that judge: 1 is a verdict there, so what cannot be served ends with 2, before anything begins ----------------

require_stack() {
    engine_answers || usage_error "no container engine answers here. 'make up' starts one; 'make doctor' says more."
    [[ -n $(containers) ]] || usage_error "the stack '$PROJECT' is not running. Start it with: make up"
}

require_reports() {
    mkdir -p "$REPORTS_DIR" 2>/dev/null && [[ -w $REPORTS_DIR ]] || usage_error "cannot write in $REPORTS_DIR: check its owner and mode, or set REPORTS_DIR."
}

# settings_only EXAMPLE ARGUMENTS…: refuses the arguments.
settings_only() { (($# == 1)) || usage_error "takes no arguments, but settings: $1"; }

# is_switch NAME: 1, or 0 or nothing.
is_switch() { [[ ${!1:-0} == [01] ]] || usage_error "$1=${!1}: use $1=1 or $1=0, or leave it out."; }

# -- State of this folder -----------------------------------------------------------------------------------------------

make_state_dir() {
    if ! mkdir -p "$STATE" 2>/dev/null || [[ ! -w $STATE ]]; then
        die "cannot write in $STATE: check the owner of this folder (a run as root may have made it)."
    fi
    [[ -e $STATE/.gitignore ]] || printf '*\n' >"$STATE/.gitignore"
}

# is_script PID: whether that process runs and is one of ours (a number may have gone to another program since).
is_script() {
    [[ $1 =~ ^[0-9]+$ ]] && kill -0 "$1" 2>/dev/null || return 1
    [[ ! -r /proc/$1/cmdline ]] || grep >/dev/null scripts/ "/proc/$1/cmdline"
}

# take_lock: one start, stop or reset of a project at a time. Freed when the script ends; a dead owner's lock is taken over.
take_lock() {
    local owner
    make_state_dir
    LOCK=$STATE/$PROJECT.lock
    if ! (set -o noclobber && echo $$ >"$LOCK") 2>/dev/null; then
        owner=$(cat "$LOCK" 2>/dev/null || true)
        if is_script "$owner"; then
            die "the stack '$PROJECT' is being started or stopped by process $owner: wait for it, or end it."
        fi
        echo $$ >"$LOCK"
    fi
    trap 'rm -f "$LOCK"' EXIT
}
