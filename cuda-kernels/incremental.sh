# Sourced by the build scripts: compiles only what changed, as many files at once as there are processors.

# stale OUTPUT INPUT...: whether OUTPUT is missing or older than an input or than the script
stale() {
  local output=$1 input
  shift
  [ -e "$output" ] || return 0
  for input in "$@" "$0"; do [ "$input" -nt "$output" ] && return 0; done
  return 1
}

# run COMMAND...: in the background
run() {
  while [ "$(jobs -rp | wc -l)" -ge "$(getconf _NPROCESSORS_ONLN)" ]; do wait -n || true; done
  { "$@" || touch "$build/failed"; } &
}

# begin BUILD_DIR; finish ends the script if anything that ran since has failed
begin() {
  build=$1
  mkdir -p "$build"
  rm -f "$build/failed"
}
finish() {
  wait
  [ ! -e "$build/failed" ] || exit 1
}
