"""The C interface of our library (src/main/native/autoprog.h), called on tensors of PyTorch."""

import ctypes
import sys

FLOAT32, BFLOAT16 = 0, 1


class Library:
    """A context of the library at `path`; library.gelu_forward(...) is ap_gelu_forward in it."""

    def __init__(self, path, threads):
        self._library = ctypes.CDLL(str(path))
        self._library.ap_context_create.restype = ctypes.c_void_p
        self._library.ap_last_error.restype = ctypes.c_char_p
        self._context = ctypes.c_void_p(self._library.ap_context_create(threads))

    def stream(self):
        """The cudaStream_t of the context, as a number."""
        self._library.ap_context_stream.restype = ctypes.c_void_p
        stream = self._library.ap_context_stream(self._context)
        return stream or self._fail()

    def __getattr__(self, name):
        function = getattr(self._library, "ap_" + name)

        def call(*arguments):
            if function(self._context, *map(_as_c, arguments)) != 0:
                self._fail()

        return call

    def _fail(self):
        sys.exit("the library says: " + self._library.ap_last_error(self._context).decode())


def _as_c(argument):
    """An int32_t is the lower half of what is passed: so x86-64 and AArch64 have it."""
    if argument is None:
        return ctypes.c_void_p()
    if isinstance(argument, int):
        return ctypes.c_int64(argument)
    if isinstance(argument, float):
        return ctypes.c_float(argument)
    if isinstance(argument, ctypes.Array):
        return argument
    return ctypes.c_void_p(argument.data_ptr())
