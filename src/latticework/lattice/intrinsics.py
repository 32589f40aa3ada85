"""Three machine instructions that Numba does not offer: bits read as floats, and flush-to-zero."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from latticework.jit import HELPER

# MXCSR with all exceptions masked, flush-to-zero and denormals-are-zero.
FLUSH = np.uint32(0x9FC0)
_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


@intrinsic
def _float_of_bits(_context, _bits):
    def generate(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@intrinsic
def _double_of_bits(_context, _bits):
    def generate(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def _swap_mxcsr(_context, _mode):
    def generate(_context, builder, _signature, arguments):
        if not _IS_X86:
            return arguments[0]
        word, address = ir.IntType(32), ir.IntType(8).as_pointer()
        access = ir.FunctionType(ir.VoidType(), [address])
        slot = cgutils.alloca_once(builder, word)
        pointer = builder.bitcast(slot, address)
        builder.call(cgutils.get_or_insert_function(builder.module, access, "llvm.x86.sse.stmxcsr"), [pointer])
        before = builder.load(slot)
        builder.store(arguments[0], slot)
        builder.call(cgutils.get_or_insert_function(builder.module, access, "llvm.x86.sse.ldmxcsr"), [pointer])
        return before

    return types.uint32(types.uint32), generate


# The typing context is numba's business: callers pass the other arguments alone.
float_of_bits: Any = _float_of_bits
double_of_bits: Any = _double_of_bits
_swap: Any = _swap_mxcsr


@njit(**HELPER)
def set_mode(mode):
    """Set this thread's floating-point mode; returns the one before, to be set again at the end.

    On x86 a value below the normal range costs a hundred cycles; with FLUSH it is 0. Other
    processors handle such values at full speed, and nothing is set.
    """
    return _swap(mode)
