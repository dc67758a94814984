# shellcheck shell=bash
# What scripts/drill and scripts/drills share.

# run_drills ARGUMENTS…: `python -m drills` beside the stack. Each wrong call is found before anything is broken.
run_drills() {
    load_settings
    engine_answers || usage_error "no container engine answers here. 'make up' starts one; 'make doctor' says more."
    [[ -n $(containers) ]] || usage_error "the stack '$PROJECT' is not running. Start it with: make up"
    mkdir -p "$REPORTS_DIR" 2>/dev/null && [[ -w $REPORTS_DIR ]] || usage_error "cannot write in $REPORTS_DIR: check its owner and mode."
    "$SCRIPTS/build" loadtest
    exec "$ROOT/tools/run" python -m drills "$@"
}
