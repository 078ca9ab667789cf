#!/usr/bin/env bash
# bundle.sh [DIR]   (default: target/bundle)
# Makes a folder that tests and times the CUDA kernels on a machine that has a GPU, but neither a JDK, nor Maven, nor a
# network: a Java runtime, the library with its dependencies and its tests, and the kernels' own test programs.
#   DIR/check    tests everything on the GPU, and prints a table
#   DIR/bench    times kernels and networks beside those of PyTorch
# CUDA_ARCHITECTURES=90a compiles for that alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=$root/target
bundle=$(realpath -m -- "${1:-$target/bundle}")
java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
most_megabytes=55

fail() {
  printf 'bundle: %s\n' "$@" >&2
  exit 1
}

case ${1-} in
  -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" && exit ;;
  -*) fail "there is no option $1; --help says what there is." ;;
esac
(($# <= 1)) || fail "$# arguments ($*), expected one folder."
nvcc=$("$root/cuda-kernels/find-cuda.sh")/bin/nvcc
[ ! -e "$bundle" ] || [ -e "$bundle/check" ] || fail "$bundle exists, and is no bundle; name another folder."
echo 'building the library, its tests, and the test programs for a GPU …' >&2
cd "$root"
./mvnw -q -B -DskipTests package
./mvnw -q -B dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile="$target/bundle-classpath"
bash cuda-kernels/build.sh tests "$target/native/cuda"

rm -rf "$bundle"
mkdir -p "$bundle"/{lib,native,gpu}
# not compressed, so that xz can: a third of the size
"$java_home/bin/jlink" --output "$bundle/runtime" --strip-debug --no-header-files --no-man-pages --compress=0 --vm=server \
  --add-modules java.base,java.logging,java.management,java.xml,jdk.management,jdk.unsupported,jdk.zipfs

# all that the tests load; of libtorch and oneDNN only what classes name: their libraries are too large
jar=$(find "$target" -maxdepth 1 -regex '.*/autoprog-[0-9.]+\(-SNAPSHOT\)?\.jar')
cp "$jar" "$bundle/lib/"
tr ':' '\n' <"$target/bundle-classpath" |
  grep -vE '/(dnnl|openblas|pytorch|javacpp)-[^/]*-linux-x86_64\.jar$|/(jmh|jopt|djl|api-|pytorch-(engine|jni|native)|jna|batik|xchart|xmlgraphics|byte-buddy|gson|openblas|jqwik)[^/]*\.jar$' |
  xargs cp -t "$bundle/lib/"
cp "$(tr ':' '\n' <"$target/bundle-classpath" | grep -E '/javacpp-[^/]*-linux-x86_64\.jar$')" "$bundle/lib/"
cp -r "$target/test-classes" "$bundle/tests"
rm -rf "$bundle/tests/META-INF" # it would load libtorch first
cp "$target/classes/dev/autoprog/backend/cuda/linux-x86_64/libautoprog_cuda.so" "$bundle/lib/"
# linked to the library itself: twenty programs with all kernels in each would be too large
for test in "$target/native/cuda/tests"/*_test; do
  name=$(basename "$test")
  "$nvcc" -cudart static "$target/native/cuda/$name.o" -o "$bundle/native/$name" -L"$bundle/lib" -lautoprog_cuda \
    -Xlinker -s,-rpath,'$ORIGIN/../lib'
done
cp jmh/gpu/*.py "$bundle/gpu/"
cp cuda-kernels/bundle/{check,bench,unpack.sh} "$bundle/"
# together, as the programs are nearly the same; the runtime last, as it is looked for
packed=(native lib/libautoprog_cuda.so runtime)
XZ_OPT='-5 -T0' tar -cJf "$bundle/packed.tar.xz" -C "$bundle" "${packed[@]}"
(cd "$bundle" && rm -r "${packed[@]}")

size=$(du -sm --apparent-size "$bundle" | cut -f1)
((size <= most_megabytes)) || fail "$bundle has $size MB, expected at most $most_megabytes." "$(du -sm "$bundle"/* | sort -rn)"
echo "$bundle: $size MB. On a machine with a GPU: $bundle/check; with PyTorch, too: $bundle/bench" >&2
