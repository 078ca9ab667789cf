# Sourced by the build scripts: compiles only what changed, as many files at once as there are processors.

# stale OUTPUT INPUT...: whether OUTPUT is missing, or older than an input, what OUTPUT.d names or the script
stale() {
  local output=$1 input named=()
  [ -e "$output" ] || return 0
  # shellcheck disable=SC2162  # blanks are escaped there, and so are the ends of lines
  [ ! -e "$output.d" ] || read -a named <"$output.d"
  for input in "${@:2}" "${named[@]}" "$script"; do [ ! "$input" -nt "$output" ] || return 0; done
  return 1
}

# run COMMAND...: in the background
run() {
  while [ "$(jobs -rp | wc -l)" -ge "$(getconf _NPROCESSORS_ONLN)" ]; do wait -n || true; done
  { "$@" || touch "$build/failed"; } &
}

# begin BUILD_DIR: goes to the top folder, from which all that lies in it is named: so OUTPUT.d holds in a copy, too.
# finish ends the script if anything that ran since has failed
begin() {
  local top
  script=$(realpath "$0")
  mkdir -p "$1"
  build=$(cd "$1" && pwd -P)
  cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
  top=$(pwd -P)
  build=${build#"$top/"}
  rm -f "$build/failed"
}
finish() {
  wait
  [ ! -e "$build/failed" ] || exit 1
}
