#!/usr/bin/env bash
# test.sh BUILD_DIR [plain|asan|tsan]...   builds the tests of the CUDA kernels for the CPU (build.sh), and runs them all in
# every order. Prints what failed, and a line per program.
set -euo pipefail
"$(dirname "${BASH_SOURCE[0]}")/build.sh" "$@"
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(plain)
failed=0
for target in "${targets[@]}"; do
  for program in "$1/$target"/*_test; do
    log=$program.log
    if "$program" --order all >"$log" 2>&1; then
      echo "$target $(basename "$program"): $(grep -c '^ok' "$log") cases"
    else
      failed=1
      echo "$target $(basename "$program"): FAILED"
      grep -v '^ok' "$log" || true
    fi
  done
done
exit $failed
