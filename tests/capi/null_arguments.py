"""Calls every function of the C library with NULL for everything, by ctypes: an error that names an argument, no crash."""

import ctypes
import sys
from pathlib import Path

from header import Function, Parameter, functions

INVALID_ARGUMENT = 1
# Functions for which all of this is right: NULL turns a setting off.
SETTERS = {"klt_context_set_executor", "klt_context_set_cancel", "klt_context_set_progress", "klt_context_set_threads"}


def zero(parameter: Parameter):
    if parameter.is_pointer:
        return ctypes.c_void_p(None)
    width = {"size_t": ctypes.c_size_t, "uint32_t": ctypes.c_uint32}.get(parameter.type, ctypes.c_int32)
    return width(0)


def call(library: ctypes.CDLL, function: Function, context):
    callee = library[function.name]  # an object of its own, unlike an attribute
    callee.restype = ctypes.c_void_p if "*" in function.returns else ctypes.c_int64
    if function.returns in ("klt_status", "int32_t", "klt_column_type"):
        callee.restype = ctypes.c_int32
    if function.returns == "void":
        callee.restype = None
    rest = function.parameters
    first = []
    if rest and rest[0].name == "context":
        first, rest = [context], rest[1:]
    return callee(*first, *(zero(parameter) for parameter in rest))


def main() -> int:
    library = ctypes.CDLL(sys.argv[1])
    library.klt_context_last_where.restype = ctypes.c_char_p
    library.klt_context_last_message.restype = ctypes.c_char_p
    context = ctypes.c_void_p()
    assert library.klt_context_new(ctypes.byref(context)) == 0
    faults = []
    asked = 0
    for function in functions(Path(sys.argv[2])):
        name = function.name
        if name == "klt_context_last_status":  # its status is an answer
            continue
        takes_context = bool(function.parameters) and function.parameters[0].name == "context"
        without = call(library, function, ctypes.c_void_p(None))
        if function.returns == "klt_status" and without != INVALID_ARGUMENT:
            faults.append(f"{name}: a NULL context gave status {without}")
        if not takes_context or function.returns != "klt_status":
            continue
        status = call(library, function, context)
        where = library.klt_context_last_where(context).decode()
        message = library.klt_context_last_message(context).decode()
        if name in SETTERS:
            if status != 0:
                faults.append(f"{name}: NULL should turn it off, gave {status}: {message}")
            continue
        asked += 1
        pointers = [p.name for p in function.parameters[1:] if p.is_pointer]
        if status != INVALID_ARGUMENT or where not in pointers or "NULL" not in message:
            faults.append(f"{name}: NULL arguments gave status {status}, where {where!r}, {message!r}")
    library.klt_context_free(context)
    print("\n".join(faults) or f"{asked} functions name the argument that is NULL")
    return 1 if faults or asked < 60 else 0


if __name__ == "__main__":
    sys.exit(main())
