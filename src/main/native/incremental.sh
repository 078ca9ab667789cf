# Sourced by the build scripts: compiles only what changed, as many files at once as there are processors.

# stale OUTPUT INPUT...: whether OUTPUT is missing, or older than an input, what OUTPUT.d names, the script or its compiler
stale() {
  local output=$1 input named=()
  [ -e "$output" ] || return 0
  # shellcheck disable=SC2162  # blanks are escaped there, and so are the ends of lines
  [ ! -e "$output.d" ] || read -a named <"$output.d"
  for input in "${@:2}" "${named[@]}" "$script" "$build/compiler"; do [ ! "$input" -nt "$output" ] || return 0; done
  return 1
}

# run OUTPUT COMMAND...: in the background, with -o and a name that becomes OUTPUT when all of it is there
run() {
  while [ "$(jobs -rp | wc -l)" -ge "$(getconf _NPROCESSORS_ONLN)" ]; do wait -n || true; done
  { "${@:2}" -o "$1.new" && mv "$1.new" "$1" || touch "$build/failed"; } &
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
# compiler NAME: with it, and for what, everything is made from here on
compiler() {
  [[ -e $build/compiler && $(<"$build/compiler") == "$1" ]] || echo "$1" >"$build/compiler"
}
finish() {
  wait
  [ ! -e "$build/failed" ] || exit 1
}
