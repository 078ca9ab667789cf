#!/usr/bin/env bash
# build.sh library BUILD_DIR LIBRARY_DIR [--if-nvcc] [-Werror]   the CUDA kernels: LIBRARY_DIR/libautoprog_cuda.so
# build.sh tests BUILD_DIR   the same, and their tests for a GPU: BUILD_DIR/tests/NAME_test
# --if-nvcc: where there is no CUDA compiler, or too old a one, says so and makes nothing. -Werror, and always with
# tests: a warning ends the build, and so does a kernel that spills registers to memory, or whose wgmma products wait
# for one another. Only what changed is compiled. The library needs no CUDA library beside it, and loads where there is
# no driver.
set -euo pipefail
what=$1 here=$(dirname "${BASH_SOURCE[0]}")
source "$here/../src/main/native/incremental.sh"
if ! cuda=$("$here/find-cuda.sh" 2>&1); then
  [[ " ${*:4} " == *' --if-nvcc '* ]] || { echo "$cuda" >&2 && exit 1; }
  echo "${cuda%%$'\n'*} The library is made without CUDA kernels."
  exit 0
fi
nvcc=$cuda/bin/nvcc
kernels=cuda-kernels
begin "$2"

# Ampere, Hopper with its own instructions, Blackwell, as far as this nvcc knows them; the oldest as PTX, too, from
# which the driver makes code for every other. CUDA_ARCHITECTURES=90a compiles for that alone, in a third of the time.
known=$("$nvcc" --list-gpu-arch)
architectures=() names= hopper=
for architecture in ${CUDA_ARCHITECTURES:-80 90a 100}; do
  grep -qx "compute_${architecture%a}" <<<"$known" || continue
  code=sm_$architecture
  [ "$architecture" != 90a ] || hopper=-DAP_HOPPER
  [ "$architecture" != 80 ] || code=[sm_80,compute_80]
  architectures+=(-gencode "arch=compute_$architecture,code=$code")
  names+="${names:+, }sm_$architecture"
done
[ -n "$names" ] || { echo "$nvcc knows none of sm_${CUDA_ARCHITECTURES:-80, sm_90a, sm_100}" >&2 && exit 1; }
flags=(-std=c++17 -O3 -cudart static -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra
  -I"$kernels" -Isrc/main/native -Itests/native -DAP_ISA="\"$names\"" $hopper)
strict=
if [[ $what == tests || " ${*:4} " == *' -Werror '* ]]; then
  strict=1
  flags+=(-Werror all-warnings -Xcompiler -Werror)
fi

# compile NAME SOURCE -o OBJECT
compile() {
  local log=$build/$1.o.log
  if ! "$nvcc" "${flags[@]}" "${architectures[@]}" -Xptxas -v -MMD -MF "$build/$1.o.d" -x cu -c "${@:2}" 2>"$log"; then
    cat "$log" >&2
    return 1
  fi
  [ -n "$strict" ] || return 0
  awk '/Compiling entry function/ { kernel = $0 }
       / bytes spill stores/ && $5 + $9 > 0 { print kernel; print; bad = 1 }
       /wgmma.* are serialized/ { print; bad = 1 } END { exit bad }' "$log" >&2
}
compiler "$nvcc: $names${strict:+, strictly}"

compiled=0
# object NAME SOURCE
object() {
  if stale "$build/$1.o" "$2"; then
    compiled=$((compiled + 1))
    run "$build/$1.o" compile "$1" "$2"
  fi
}

objects=()
for source in "$kernels"/*.cu; do
  name=$(basename "$source" .cu)
  object "$name" "$source"
  objects+=("$build/$name.o")
done
tests=()
if [ "$what" = tests ]; then
  for source in tests/native/*_test.cpp; do
    name=$(basename "$source" .cpp)
    [ -e "$kernels/${name%_test}.cu" ] || continue  # it tests the emulation
    object "$name" "$source"
    tests+=("$name")
  done
fi
finish

if [ "$what" = tests ]; then
  mkdir -p "$build/tests"
  for name in "${tests[@]}"; do
    if stale "$build/tests/$name" "$build/$name.o" "${objects[@]}"; then
      run "$build/tests/$name" "$nvcc" -cudart static "$build/$name.o" "${objects[@]}"
    fi
  done
else
  library=$3/libautoprog_cuda.so
  mkdir -p "$3"
  if stale "$library" "${objects[@]}"; then
    run "$library" "$nvcc" -shared -cudart static "${objects[@]}" \
      -Xlinker -s,-soname,libautoprog_cuda.so,-z,noexecstack,--no-undefined,--exclude-libs,ALL
  fi
fi
finish
echo "CUDA: $compiled files compiled ($what)"
