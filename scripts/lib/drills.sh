# shellcheck shell=bash
# What scripts/drill and scripts/drills share.

# run_drills ARGUMENTS…: `python -m drills` beside the stack. Each wrong call is found before anything is broken.
run_drills() {
    load_settings
    require_stack
    require_reports
    "$SCRIPTS/build" loadtest
    exec "$ROOT/tools/run" python -m drills "$@"
}
