#!/usr/bin/env bash
# The folder of the CUDA toolkit: that of the nvcc on the PATH, CUDA_HOME, or /usr/local/cuda.
set -euo pipefail
if nvcc=$(command -v nvcc); then
  # an nvcc may be a script that calls another: nvcc itself knows where it lies
  top=$("$nvcc" --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
  [ -n "$top" ] && [ -d "$top" ] && { (cd "$top" && pwd) && exit 0; }
fi
for folder in "${CUDA_HOME:-}" /usr/local/cuda; do
  [ -n "$folder" ] && [ -x "$folder/bin/nvcc" ] && { echo "$folder" && exit 0; }
done
echo "There is no CUDA toolkit: no nvcc on the PATH, none in CUDA_HOME ('${CUDA_HOME:-}'), and no /usr/local/cuda." >&2
echo "Install CUDA 12.4 or later, or name its folder:   CUDA_HOME=/path/to/cuda" >&2
exit 1
