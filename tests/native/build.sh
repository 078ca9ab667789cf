#!/usr/bin/env bash
# build.sh BUILD_DIR [plain|asan|tsan]...
# Compiles the CUDA kernels and their tests for the CPU, against the emulation in simt/; only what changed.
#   BUILD_DIR/TARGET/NAME_test   one program per family, and one for the emulation: --list, --case NAME, --order NAME|all
#   BUILD_DIR/plain/libautoprog_cuda.so   all kernels, as Java loads them; AUTOPROG_CUBLASLT has to name it, too
# plain: optimised. asan: with the address and undefined-behaviour sanitizers. tsan: with the thread sanitizer, which
# sees races between the threads of a block. Nothing of CUDA is needed.
set -euo pipefail
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(plain)
tests=tests/native kernels=cuda-kernels
source "$(dirname "${BASH_SOURCE[0]}")/../../src/main/native/incremental.sh"
begin "$1"
: "${CXX:=g++}"
compiler "$CXX: $("$CXX" --version) ${CXXFLAGS:-}"

# no contraction: a multiply-add that is not fused here is not relied on; unknown-pragmas: of unrolling, by nvcc; psabi: no other compiler takes part
common=(-std=c++17 -fPIC -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-psabi -fno-strict-aliasing -ffp-contract=off -DAP_ISA='"emulated"'
  -I"$tests" -I"$kernels" -Isrc/main/native ${CXXFLAGS:-})
declare -A flags=(
  [plain]="-O2"
  [asan]="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"
  [tsan]="-O1 -g -fsanitize=thread")
# the scheduler of the fibers itself is not to be seen by the thread sanitizer
declare -A simt_flags=([plain]="-O2" [asan]="${flags[asan]}" [tsan]="-O1 -g -DSIMT_TSAN")

compiled=0
# compile OBJECT SOURCE FLAGS
compile() {
  if stale "$1" "$2"; then
    compiled=$((compiled + 1))
    # shellcheck disable=SC2086
    run "$1" "$CXX" "${common[@]}" $3 -MMD -MF "$1.d" -x c++ -c "$2"
  fi
}

for target in "${targets[@]}"; do
  mkdir -p "$build/$target"
  for test in "$tests"/*_test.cpp; do
    name=$(basename "$test" _test.cpp)
    compile "$build/$target/${name}_test.o" "$test" "${flags[$target]}"
  done
  for source in "$kernels"/*.cu; do
    name=$(basename "$source" .cu)
    compile "$build/$target/$name.o" "$source" "${flags[$target]}"
  done
  for source in "$tests"/simt/*.cpp; do
    compile "$build/$target/simt_$(basename "$source" .cpp).o" "$source" "${simt_flags[$target]}"
  done
done
finish
# simt_objects TARGET: of the sources that there are; objects of former ones may still lie beside them
simt_objects() {
  for source in "$tests"/simt/*.cpp; do echo "$build/$1/simt_$(basename "$source" .cpp).o"; done
}
for target in "${targets[@]}"; do
  mapfile -t simt < <(simt_objects "$target")
  for test in "$tests"/*_test.cpp; do
    name=$(basename "$test" _test.cpp)
    objects=("$build/$target"/{${name}_test,context,elementwise}.o "${simt[@]}")
    case $name in
      context | elementwise | emulation) ;;
      graph) objects+=("$build/$target"/{graph,memory,optimizer}.o) ;;
      convolution) objects+=("$build/$target"/{convolution,linear}.o) ;;
      *) objects+=("$build/$target/$name.o") ;;
    esac
    program=$build/$target/${name}_test
    # rdynamic: linear.cu finds the emulated cuBLASLt in the program
    # shellcheck disable=SC2086
    if stale "$program" "${objects[@]}"; then run "$program" "$CXX" ${flags[$target]} -rdynamic "${objects[@]}"; fi
  done
done
if [[ " ${targets[*]} " == *" plain "* ]]; then
  library=$build/plain/libautoprog_cuda.so
  mapfile -t objects < <(simt_objects plain)
  for source in "$kernels"/*.cu; do objects+=("$build/plain/$(basename "$source" .cu).o"); done
  if stale "$library" "${objects[@]}"; then run "$library" "$CXX" -shared "${objects[@]}" -Wl,--no-undefined; fi
fi
finish
echo "CUDA kernels on the CPU: $compiled files compiled (${targets[*]})"
