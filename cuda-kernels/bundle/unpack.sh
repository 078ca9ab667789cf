# Sourced by check and bench, which set `here`: what is packed in the bundle, and how its Java runtime is started.

# unpack: the Java runtime, the CUDA library and the test programs; once
unpack() {
  [ -e "$here/runtime" ] || tar -xJf "$here/packed.tar.xz" -C "$here" 2>/dev/null ||
    python3 -m tarfile -e "$here/packed.tar.xz" "$here"
}

# java_command CACHE_DIR: sets `java` to how a class of the library or its tests is started
java_command() {
  java=("$here/runtime/bin/java" --enable-native-access=ALL-UNNAMED -Xmx4g -Dorg.bytedeco.javacpp.cachedir="$1"
    -cp "$here/tests:$(printf '%s:' "$here"/lib/*.jar)")
}
