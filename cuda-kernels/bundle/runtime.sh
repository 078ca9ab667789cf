# Sourced by check and bench, which set `here`: the bundle's Java runtime and its class path.

# unpack_runtime: once
unpack_runtime() {
  [ -e "$here/runtime" ] || tar -xJf "$here/runtime.tar.xz" -C "$here" 2>/dev/null ||
    python3 -m tarfile -e "$here/runtime.tar.xz" "$here"
}

# java_command CACHE_DIR: sets `java` to how a class of the library or its tests is started
java_command() {
  java=("$here/runtime/bin/java" --enable-native-access=ALL-UNNAMED -Xmx4g -Dorg.bytedeco.javacpp.cachedir="$1"
    -cp "$here/tests:$(printf '%s:' "$here"/lib/*.jar)")
}
