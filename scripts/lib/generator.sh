# shellcheck shell=bash
# What whoever starts the load generator tells compose about the machine.

# Under cgroup v1 a container may compute in real time only with a budget of its own, which the engine's group has not to
# give: so outside of that group. Under v2 the capability in docker-compose.yml is enough.
allow_real_time() {
    [[ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us && $(docker info --format '{{.CgroupDriver}}' 2>/dev/null) == cgroupfs ]] || return 0
    export LOADTEST_CGROUP_PARENT=${LOADTEST_CGROUP_PARENT:-/} LOADTEST_REAL_TIME=${LOADTEST_REAL_TIME:-800000}
}
