# shellcheck shell=bash
# Questions about this machine and its settings, answered with bash and /proc alone: no ss, ip or python is needed.
# A problem_… function prints one sentence and its remedy when something is wrong, and nothing when all is well.

PORT_SETTINGS=(HTTP_PORT HTTPS_PORT STATS_PORT_1 STATS_PORT_2 GRAFANA_PORT PROMETHEUS_PORT)
PROC=${PROC:-/proc}   # settable for the tests

# -- Addresses ----------------------------------------------------------------------------------------------------------

is_ipv4() {
    local part parts
    [[ $1 =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}$ ]] || return 1
    IFS=. read -ra parts <<<"$1"
    for part in "${parts[@]}"; do
        ((10#$part <= 255)) && [[ $part == 0 || $part != 0* ]] || return 1
    done
}

to_number() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    printf '%s\n' "$(((a << 24) + (b << 16) + (c << 8) + d))"
}

# This host's own IPv4 addresses, from the kernel's table of local routes.
host_addresses() { awk '/32 host LOCAL/ {print last} {last = $2}' "$PROC/net/fib_trie" 2>/dev/null | sort -u; }

problem_bind() {
    if ! is_ipv4 "$BIND"; then
        say "BIND=$BIND is not an IPv4 address: use 127.0.0.1, an address of this machine, or 0.0.0.0 for all of them."
    elif [[ $BIND == 0.0.0.0 || $BIND == 127.* || ! -r $PROC/net/fib_trie ]]; then
        return
    elif ! host_addresses | grep -xF "$BIND" >/dev/null; then
        say "BIND=$BIND is not an address of this machine. It has: $(host_addresses | grep -v '^127\.' | paste -sd' ')."
    fi
}

problem_site_host() {
    local label='[a-z0-9]([a-z0-9-]*[a-z0-9])?'
    [[ ${#SITE_HOST} -le 253 && $SITE_HOST =~ ^$label(\.$label)*$ ]] \
        || say "SITE_HOST=$SITE_HOST is not a host name: use lower-case letters, digits, - and dots, without https:// or a port."
}

# -- Ports --------------------------------------------------------------------------------------------------------------

problem_port_number() {
    local name=$1 value=${!1} other
    if ! [[ $value =~ ^[0-9]{1,5}$ ]] || ((10#$value < 1 || 10#$value > 65535)); then
        say "$name=$value is not a port: use a number from 1 to 65535."
        return
    fi
    for other in "${PORT_SETTINGS[@]}"; do
        [[ $other == "$name" ]] && return
        [[ ${!other} != "$value" ]] || { say "$name=$value is the same as $other: give each its own port."; return; }
    done
}

# Local addresses that listen on PORT, as the kernel writes them ("0100007F", "00000000"); state 0A is LISTEN.
listeners() {
    local hex
    printf -v hex '%04X' "$((10#$1))"
    awk -v port="$hex" '$4 == "0A" {split($2, local, ":"); if (local[2] == port) print local[1]}' \
        "$PROC/net/tcp" "$PROC/net/tcp6" 2>/dev/null
}

# hex_address 127.0.0.1 -> 0100007F: the kernel's byte order on every machine the stack runs on.
hex_address() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    printf '%02X%02X%02X%02X\n' "$d" "$c" "$b" "$a"
}

# A listener on every address blocks every BIND; BIND=0.0.0.0 is blocked by any listener.
port_taken() {
    local address want
    if [[ ! -r $PROC/net/tcp ]]; then   # macOS: ask by connecting
        (exec 3<>"/dev/tcp/${BIND/#0.0.0.0/127.0.0.1}/$1") 2>/dev/null
        return
    fi
    want=$(hex_address "$BIND")
    for address in $(listeners "$1"); do
        [[ $BIND == 0.0.0.0 || $address == "$want" || $address =~ ^0+$ || $address == 0000000000000000FFFF0000$want ]] && return 0
    done
    return 1
}

# What the engine's containers publish: project (or "-"), container, ports. Asked once for all ports.
published_ports() {
    docker ps --format '{{with .Label "com.docker.compose.project"}}{{.}}{{else}}-{{end}} {{.Names}} {{.Ports}}' 2>/dev/null
}

# A port that our own running stack publishes is fine. PUBLISHED is what published_ports printed.
problem_port_taken() {
    local port=${!1} project container
    port_taken "$port" || return 0
    read -r project container _ < <(grep -E ":$port->" <<<"$PUBLISHED") || true
    # shellcheck disable=SC2153  # PROJECT is set by load_settings
    [[ $project != "$PROJECT" ]] || return 0
    say "$1=$port is in use by ${container:+container }${container:-another program}: stop it, or set $1 to a free port in .env."
}

# -- Networks -----------------------------------------------------------------------------------------------------------

problem_net_prefix() {
    local a b
    if ! [[ $NET_PREFIX =~ ^([0-9]{1,3})\.([0-9]{1,3})$ ]]; then
        say "NET_PREFIX=$NET_PREFIX: give two numbers, like 10.77; the stack's five networks are NET_PREFIX.0.0/24 to .4.0/24."
        return
    fi
    a=$((10#${BASH_REMATCH[1]})) b=$((10#${BASH_REMATCH[2]}))
    ((b <= 255)) && ((a == 10 || a == 172 && b >= 16 && b <= 31 || a == 192 && b == 168)) \
        || say "NET_PREFIX=$NET_PREFIX is not a private range: use 10.0 to 10.255, 172.16 to 172.31 or 192.168."
}

# overlaps CIDR: whether it has an address in NET_PREFIX.0.0 to NET_PREFIX.4.255.
overlaps() {
    local base=${1%/*} bits=${1#*/} first size low high
    is_ipv4 "$base" || return 1   # IPv6 networks cannot
    size=$((1 << (32 - bits)))
    first=$(($(to_number "$base") / size * size))
    low=$(to_number "$NET_PREFIX.0.0")
    high=$((low + 5 * 256 - 1))
    ((first <= high && first + size - 1 >= low))
}

# Networks of the engine: project (or "-"), name, subnet.
engine_networks() {
    local ids
    mapfile -t ids < <(docker network ls -q --filter driver=bridge)
    ((${#ids[@]} == 0)) || docker network inspect "${ids[@]}" --format \
        '{{$p := index .Labels "com.docker.compose.project"}}{{$n := .Name}}{{range .IPAM.Config}}{{if $p}}{{$p}}{{else}}-{{end}} {{$n}} {{.Subnet}}{{println}}{{end}}' \
        2>/dev/null | sed '/^$/d'
}

# Routes of this host but the default one: interface and CIDR. The kernel prints them in hexadecimal, bytes reversed.
host_routes() {
    local interface destination mask number bits rest
    [[ -r $PROC/net/route ]] || return 0
    while read -r interface destination _ _ _ _ _ mask rest; do
        [[ $destination =~ ^[0-9A-F]{8}$ && $mask != 00000000 ]] || continue
        number=$((16#$mask)) bits=0
        while ((number > 0)); do bits=$((bits + (number & 1))) number=$((number >> 1)); done
        printf '%s %d.%d.%d.%d/%d\n' "$interface" "$((16#${destination:6:2}))" "$((16#${destination:4:2}))" \
            "$((16#${destination:2:2}))" "$((16#${destination:0:2}))" "$bits"
    done <"$PROC/net/route"
}

problem_net_overlap() {
    local project name subnet networks
    networks=$(engine_networks)
    while read -r project name subnet; do
        [[ -n $subnet ]] || continue
        if [[ $project == "$PROJECT" ]]; then
            overlaps "$subnet" || { say "NET_PREFIX=$NET_PREFIX, but the stack's network $name is $subnet: 'make down' first, then 'make up'."; return; }
        elif overlaps "$subnet"; then
            say "NET_PREFIX=$NET_PREFIX overlaps network $name ($subnet): set another NET_PREFIX in .env, for example 10.$((RANDOM % 100 + 100))."
            return
        fi
    done <<<"$networks"
    while read -r name subnet; do
        [[ -n $subnet ]] && overlaps "$subnet" || continue
        grep -qF " $subnet" <<<"$networks" && continue   # the route of a network that was judged above
        say "NET_PREFIX=$NET_PREFIX overlaps this machine's route $subnet on $name: set another NET_PREFIX in .env."
        return
    done < <(host_routes)
}

# -- Another stack ------------------------------------------------------------------------------------------------------

problem_other_folder() {
    local folder
    folder=$(docker ps -a --filter "label=com.docker.compose.project=$PROJECT" \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' 2>/dev/null | sort -u | grep -vxF "$ROOT" | sed -n 1p) || true
    [[ -z $folder ]] || say "a stack named '$PROJECT' belongs to $folder: 'make down' there, or set COMPOSE_PROJECT_NAME, NET_PREFIX and the ports in .env here."
}
