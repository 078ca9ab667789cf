#!/usr/bin/env bash
# build.sh BUILD_DIR LIBRARY_DIR JAVA_HOME [FLAG...]
# Compiles the kernels once per instruction set, and the JNI glue that JavaCPP wrote, and links them; only what changed.
#   LIBRARY_DIR/{baseline,avx2,avx512,avx512bf16}/libautoprog.so   the same kernels; Java loads the best that the processor can run
#   LIBRARY_DIR/libjniNativeCpu.so                      the glue
set -euo pipefail
build=$1 library=$2 java_home=$3
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${CXX:=g++}"

if ! command -v "$CXX" >/dev/null; then
  echo "AutoProg compiles its kernels with a C++17 compiler, and there is no '$CXX' on the PATH." >&2
  echo "Install one, then build again:   apt install g++   |   dnf install gcc-c++   |   apk add g++" >&2
  echo "or name another one:             CXX=/path/to/compiler ./mvnw verify" >&2
  exit 1
fi

onednn=$build/onednn/org/bytedeco/dnnl/linux-x86_64
# psabi: vectors never cross a library boundary
warnings=(-Wall -Wextra -Wno-psabi "${@:4}")
common=(-std=c++17 -O3 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden)
kernels=("${common[@]}" "${warnings[@]}" -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math -I"$onednn/include")
declare -A isa=([baseline]=x86-64-v2 [avx2]=x86-64-v3 [avx512]=x86-64-v4 [avx512bf16]="x86-64-v4 -mavx512bf16")

# stale OUTPUT INPUT...: whether OUTPUT is missing or older than an input or than this script
stale() {
  local output=$1 input
  shift
  [ -e "$output" ] || return 0
  for input in "$@" "$source/build.sh"; do [ "$input" -nt "$output" ] && return 0; done
  return 1
}

# run COMMAND...: in the background, as many at once as there are processors
jobs_limit=$(getconf _NPROCESSORS_ONLN)
failed=$build/failed
mkdir -p "$build"
rm -f "$failed"
run() {
  while [ "$(jobs -rp | wc -l)" -ge "$jobs_limit" ]; do wait -n || true; done
  { "$@" || touch "$failed"; } &
}
finish() {
  wait
  [ ! -e "$failed" ] || exit 1
}

headers=("$source"/*.h "$source"/*.hpp)
names=("$source"/*.cpp)
names=("${names[@]##*/}")
names=("${names[@]%.cpp}")
compiled=0
for level in "${!isa[@]}"; do
  mkdir -p "$build/$level" "$library/$level"
  for name in "${names[@]}"; do
    cpp=$source/$name.cpp object=$build/$level/$name.o
    if stale "$object" "$cpp" "${headers[@]}"; then
      compiled=$((compiled + 1))
      run "$CXX" "${kernels[@]}" -march=${isa[$level]} -DAP_ISA="\"$level\"" -c "$cpp" -o "$object"
    fi
  done
done
# JavaCPP writes its sources anew each time, their functions in any order: what counts is whether the lines are the same
glue_objects=()
for cpp in "$build"/glue/*.cpp; do
  copy=$build/$(basename "$cpp")
  object=${copy%.cpp}.o
  glue_objects+=("$object")
  if [ ! -e "$copy" ] || ! cmp -s <(sort "$cpp") <(sort "$copy"); then cp "$cpp" "$copy"; fi
  if stale "$object" "$copy" "$source/autoprog.h"; then
    compiled=$((compiled + 1))
    run "$CXX" "${common[@]}" -march=x86-64 -I"$source" -I"$java_home/include" -I"$java_home/include/linux" \
      -c "$copy" -o "$object"
  fi
done
finish

for level in "${!isa[@]}"; do
  objects=("${names[@]/#/$build/$level/}")
  objects=("${objects[@]/%/.o}")
  if stale "$library/$level/libautoprog.so" "${objects[@]}"; then
    run "$CXX" -shared -fopenmp -s -Wl,-soname,libautoprog.so -Wl,-z,noexecstack -Wl,--no-undefined \
      -o "$library/$level/libautoprog.so" "${objects[@]}" -L"$onednn" -l:libdnnl.so.3
  fi
done
finish
if stale "$library/libjniNativeCpu.so" "${glue_objects[@]}"; then
  run "$CXX" -shared -s -Wl,-z,noexecstack -Wl,--no-undefined -Wl,-rpath-link,"$onednn" \
    -o "$library/libjniNativeCpu.so" "${glue_objects[@]}" -L"$library/baseline" -lautoprog
fi
finish
echo "native code: $compiled files compiled"
