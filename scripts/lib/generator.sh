# shellcheck shell=bash
# What whoever starts the load generator tells compose about the machine.

# Under cgroup v1 a container may compute in real time only with a budget of its own, which the engine's group has not to
# give: so outside of that group. Under v2 the capability in docker-compose.yml is enough. There is one such budget on a
# machine, and a container that asks for more is not started: the load generator of a second stack goes without.
allow_real_time() {
    [[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us && $(docker info --format '{{.CgroupDriver}}' 2>/dev/null) == cgroupfs ]] || return 0
    [[ -z $(docker ps -q --filter label=com.docker.compose.service=loadtest) ]] || return 0
    export LOADTEST_CGROUP_PARENT=${LOADTEST_CGROUP_PARENT:-/} LOADTEST_REAL_TIME=${LOADTEST_REAL_TIME:-800000}
}
