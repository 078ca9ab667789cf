#!/usr/bin/env bash
# glue.sh GLUE_DIR LIBRARY_DIR JAVA_HOME
# Compiles the JNI glue that JavaCPP wrote to GLUE_DIR, and links it to the kernels: LIBRARY_DIR/libjniNativeCuda.so.
# Where there are no kernels, because there was no nvcc, there is no glue. Only what changed is compiled.
set -euo pipefail
glue=$1 library=$2 java_home=$3
kernels=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$kernels/incremental.sh"
: "${CXX:=g++}"
if [ ! -e "$library/libautoprog_cuda.so" ]; then
  rm -f "$library/libjniNativeCuda.so"
  exit 0
fi
begin "$glue/objects"
objects=()
# JavaCPP writes its sources anew each time, their functions in any order: what counts is whether the lines are the same
for cpp in "$glue"/*.cpp; do
  copy=$build/$(basename "$cpp")
  object=${copy%.cpp}.o
  objects+=("$object")
  if [ ! -e "$copy" ] || ! cmp -s <(sort "$cpp") <(sort "$copy"); then cp "$cpp" "$copy"; fi
  if stale "$object" "$copy"; then
    run "$CXX" -std=c++17 -O3 -fPIC -fvisibility=hidden -march=x86-64 -Wall -I"$kernels" -I"$kernels/../src/main/native" \
      -I"$java_home/include" -I"$java_home/include/linux" -MMD -MF "$object.d" -c "$copy" -o "$object"
  fi
done
finish
if stale "$library/libjniNativeCuda.so" "${objects[@]}"; then
  run "$CXX" -shared -s -Wl,-z,noexecstack -Wl,--no-undefined -o "$library/libjniNativeCuda.so" "${objects[@]}" \
    -L"$library" -lautoprog_cuda
fi
finish
