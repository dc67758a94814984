# shellcheck shell=bash
# What S= may name, and the containers it means:
#   web                 a service          web-2             its second replica          postgres-1    a service of one container
#   postgres-primary, postgres-standby, redis-master, redis-replica         roles, asked of the running stack at that moment

ROLES=(postgres-primary postgres-standby redis-master redis-replica)

list_services() { say "Services: $(compose --profile '*' config --services | sort -V | paste -sd' ')." "Replicas: web-1, web-2, …; roles: ${ROLES[*]}."; }

# refuse_name TEXT: one clear sentence, the list, and make's own status for a wrong call.
refuse_name() {
    printf 'error: %s\n' "$1" >&2
    list_services >&2
    exit 2
}

is_service() { compose --profile '*' config --services | grep -xF "$1" >/dev/null; }

# service_of ROLE: who has it now.
service_of() {
    local service
    case $1 in
        postgres-primary) service=$(postgres_primary) ;;
        postgres-standby) service=$(postgres_standby) ;;
        redis-master) service=$(redis_master) ;;
        redis-replica) service=$(redis_replica) ;;
    esac
    [[ -n $service ]] || die "nobody is $1 at this moment: 'make status' shows who is up."
    say "$service"
}

# find_name S: sets SERVICE, and NUMBER when one replica is meant.
find_name() {
    local name=${1#"$PROJECT"-} example=${2:-web-2}
    NUMBER=
    [[ -n $name ]] || refuse_name "say which container: for example S=$example."
    if [[ " ${ROLES[*]} " == *" $name "* ]]; then
        SERVICE=$(service_of "$name")
        say "$name is $SERVICE"
    elif is_service "$name"; then
        SERVICE=$name
    elif is_service "${name%-*}" && [[ ${name##*-} =~ ^[1-9][0-9]*$ ]]; then
        SERVICE=${name%-*} NUMBER=${name##*-}
    else
        refuse_name "there is no service, replica or role '$1'."
    fi
}

# matching [docker ps options…]: the containers that SERVICE and NUMBER mean: number, id, state, name.
matching() {
    containers -a --filter "label=com.docker.compose.service=$SERVICE" "$@" |
        awk -v number="$NUMBER" 'number == "" || $2 == number {print $2, $3, $4, $5}'
}
