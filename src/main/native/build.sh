#!/usr/bin/env bash
# build.sh BUILD_DIR LIBRARY_DIR GLUE_DIR JAVA_HOME [FLAG...]
# Compiles the kernels once per instruction set, and the JNI glue that JavaCPP wrote to BUILD_DIR/glue; only what changed.
#   LIBRARY_DIR/{baseline,avx2,avx512,avx512bf16}/libautoprog.so   the same kernels; Java loads the best that the processor can run
#   GLUE_DIR/libjniautoprog.so   the glue, for these and for the CUDA kernels, neither of which it is linked to
set -euo pipefail
library=$2 glue=$3 java_home=$4
source=src/main/native cuda=cuda-kernels
source "$(dirname "${BASH_SOURCE[0]}")/incremental.sh"
: "${CXX:=g++}"

if ! command -v "$CXX" >/dev/null; then
  echo "AutoProg compiles its kernels with a C++17 compiler, and there is no '$CXX' on the PATH." >&2
  echo "Install one, then build again:   apt install g++   |   dnf install gcc-c++   |   apk add g++" >&2
  echo "or name another one:             CXX=/path/to/compiler ./mvnw verify" >&2
  exit 1
fi

begin "$1"
compiler "$CXX: $("$CXX" --version)"
onednn=$build/onednn/org/bytedeco/dnnl/linux-x86_64
# psabi: vectors never cross a library boundary
warnings=(-Wall -Wextra -Wno-psabi "${@:5}")
common=(-std=c++17 -O3 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden)
kernels=("${common[@]}" "${warnings[@]}" -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math -I"$onednn/include")
# no LZCNT: a processor of a virtual machine may have all but that
declare -A isa=([baseline]=x86-64-v2 [avx2]="x86-64-v3 -mno-lzcnt" [avx512]="x86-64-v4 -mno-lzcnt"
  [avx512bf16]="x86-64-v4 -mno-lzcnt -mavx512bf16")

compiled=0
# object OBJECT SOURCE FLAG...
object() {
  if stale "$1" "$2"; then
    compiled=$((compiled + 1))
    run "$1" "$CXX" "${@:3}" -MMD -MF "$1.d" -c "$2"
  fi
}
# copy_if_changed FROM TO: JavaCPP writes its sources anew each time, their functions in any order
copy_if_changed() {
  if [ ! -e "$2" ] || ! cmp -s <(sort "$1") <(sort "$2"); then cp "$1" "$2"; fi
}
# names MACRO HEADER...: a macro for each function that a header declares
names() {
  sed -n "s/^[a-z].*\b\(ap_[a-z0-9_]*\)(.*/$1(\1)/p" "${@:2}"
}

for level in "${!isa[@]}"; do
  mkdir -p "$build/$level" "$library/$level"
  for cpp in "$source"/*.cpp; do
    # shellcheck disable=SC2086
    object "$build/$level/$(basename "$cpp" .cpp).o" "$cpp" "${kernels[@]}" -march=${isa[$level]} -DAP_ISA="\"$level\""
  done
done
mkdir -p "$build/jni" "$glue"
{
  names AP_FUNCTION "$source/autoprog.h"
  names AP_OWN_FUNCTION "$source/autoprog_cpu.h" "$cuda/autoprog_cuda.h"
} >"$build/jni/functions.new"
copy_if_changed "$build/jni/functions.new" "$build/jni/functions.inc"
glue_objects=()
for name in jniautoprog jnijavacpp; do
  copy_if_changed "$build/glue/$name.cpp" "$build/jni/$name.cpp"
  glue_objects+=("$build/jni/$name.o")
  object "$build/jni/$name.o" "$build/jni/$name.cpp" "${common[@]}" -march=x86-64 -I"$source" -I"$cuda" -I"$build/jni" \
    -I"$java_home/include" -I"$java_home/include/linux"
done
finish

for level in "${!isa[@]}"; do
  objects=()
  for cpp in "$source"/*.cpp; do objects+=("$build/$level/$(basename "$cpp" .cpp).o"); done
  if stale "$library/$level/libautoprog.so" "${objects[@]}"; then
    run "$library/$level/libautoprog.so" "$CXX" -shared -fopenmp -s -Wl,-soname,libautoprog.so -Wl,-z,noexecstack \
      -Wl,--no-undefined "${objects[@]}" -L"$onednn" -l:libdnnl.so.3
  fi
done
if stale "$glue/libjniautoprog.so" "${glue_objects[@]}"; then
  run "$glue/libjniautoprog.so" "$CXX" -shared -s -Wl,-z,noexecstack -Wl,--no-undefined "${glue_objects[@]}" -ldl
fi
finish
echo "native code: $compiled files compiled"
