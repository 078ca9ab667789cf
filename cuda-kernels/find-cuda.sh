#!/usr/bin/env bash
# The folder of a CUDA toolkit of 12.4 or later: that of the nvcc on the PATH, CUDA_HOME, or /usr/local/cuda.
set -uo pipefail
least=12.4

# An nvcc may be a script that calls another: nvcc itself knows where it lies.
on_path() {
  local top
  top=$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
  [ -d "$top" ] && (cd "$top" && pwd)
}

too_old=
for folder in "$(on_path)" "${CUDA_HOME:-}" /usr/local/cuda; do
  [ -n "$folder" ] && [ -x "$folder/bin/nvcc" ] || continue
  release=$("$folder/bin/nvcc" --version | sed -n 's/.* release \([0-9.]*\),.*/\1/p')
  [ "$(printf '%s\n' "$least" "$release" | sort -V | head -n 1)" != "$least" ] || { echo "$folder" && exit 0; }
  too_old+=" $folder has ${release:-no release}."
done
echo "There is no CUDA toolkit of $least or later on the PATH, in CUDA_HOME ('${CUDA_HOME:-}') or in /usr/local/cuda.$too_old" >&2
echo "Install one, or name its folder:   CUDA_HOME=/path/to/cuda" >&2
exit 1
