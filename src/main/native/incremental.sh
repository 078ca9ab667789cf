# Sourced by the build scripts: compiles only what changed, as many files at once as there are processors.

# stale OUTPUT INPUT...: whether OUTPUT is missing, or older than an input, what OUTPUT.d names or the script
stale() {
  local output=$1 input inputs=("${@:2}" "$0")
  [ -e "$output" ] || return 0
  # shellcheck disable=SC2207
  [ ! -e "$output.d" ] || inputs+=($(sed 's/^[^ ]*: *//; s/\\$//' "$output.d"))
  for input in "${inputs[@]}"; do [ ! "$input" -nt "$output" ] || return 0; done
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
