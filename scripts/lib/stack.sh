# shellcheck shell=bash
# Questions to the running stack, each put to the server that knows, from inside its own container: that works with
# any engine, remote ones included, and needs no client program here. No answer prints nothing.

# inside SERVICE COMMAND…: runs it in the first running container of a service, for at most 5 seconds.
inside() {
    local id
    id=$(running "$1")
    [[ -n $id ]] || return 1
    shift
    timeout 5 docker exec -i "$id" "$@"
}

# One line per Postgres node: name, role, state, lag in bytes ("-" for the primary), timeline. The first that answers tells.
# Patroni lists a killed node as it last was, until its lease ends: "gone" is what the engine knows of its container.
postgres_members() {
    local service lines up
    up=$(containers --filter status=running | awk '$1 ~ /^postgres-[0-9]+$/ {print $1}')
    for service in $up; do
        lines=$(inside "$service" python3 - <"$SCRIPTS/lib/members.py" 2>/dev/null) || continue
        [[ -n $lines ]] || continue
        awk -v up=" ${up//$'\n'/ } " 'index(up, " " $1 " ") == 0 {$3 = "gone"} {print}' <<<"$lines"
        return
    done
}

postgres_primary() { postgres_members | awk '$2 == "leader" && $3 == "running" {name = $1} END {if (name) print name}'; }
postgres_standby() { postgres_members | awk '$2 != "leader" && $3 ~ /^(streaming|running)$/ && !name {name = $1} END {if (name) print name}'; }

# The Redis node that a Sentinel names; looking it up needs no password.
redis_master() {
    local sentinel address
    for sentinel in sentinel-1 sentinel-2 sentinel-3; do
        address=$(inside "$sentinel" redis-cli -p 26379 sentinel get-master-addr-by-name main 2>/dev/null | sed -n 1p) || continue
        if [[ $address =~ ^[0-9.]+\.4([1-9])$ ]]; then say "redis-${BASH_REMATCH[1]}"; return; fi
    done
}

redis_replica() {
    local master service
    master=$(redis_master)
    [[ -n $master ]] || return 0
    for service in redis-1 redis-2 redis-3; do
        if [[ $service != "$master" && -n $(running "$service") ]]; then say "$service"; return; fi
    done
}

# replicas_of HAPROXY: service, name, status (UP, DOWN, MAINT…) and address of each replica in its rotations.
replicas_of() {
    inside "$1" bash -c '
        exec 3<>/dev/tcp/127.0.0.1/8404
        printf "GET /;csv HTTP/1.0\r\nAuthorization: Basic %s\r\n\r\n" "$(printf "admin:%s" "$(</run/secrets/haproxy_stats)" | base64 -w0)" >&3
        cat <&3' 2>/dev/null |
        awk -F, '/^# pxname/ {for (i = 1; i <= NF; i++) column[$i] = i}
                 sub(/_safe$/, "", $1) && index($2, $1 "-") == 1 && $column["status"] !~ /^MAINT/ {print $1, $2, $column["status"], $column["addr"]}' || true
}

# The answer of /health/ asked through the edge, TLS and all: the status line's number.
edge_health() {
    inside nginx bash -c '
        printf "GET /health/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$SITE_HOST" |
            openssl s_client -quiet -connect 127.0.0.1:8443 -servername "$SITE_HOST" 2>/dev/null' 2>/dev/null |
        awk 'NR == 1 && /^HTTP/ {print $2}' || true
}

# Every container of the project: service, name, state, exit code, restart policy, restarts, health.
container_facts() {
    local ids
    mapfile -t ids < <(containers -a | awk '{print $3}')
    ((${#ids[@]} == 0)) || docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}} {{slice .Name 1}} {{.State.Status}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}}' \
        "${ids[@]}" 2>/dev/null | sort -V || true
}
