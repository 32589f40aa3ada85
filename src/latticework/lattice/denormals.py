"""Flush-to-zero for kernels whose tiny values do not matter: on x86 they cost a hundred cycles each."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# MXCSR with all exceptions masked, flush-to-zero and denormals-are-zero.
FLUSH = np.uint32(0x9FC0)
_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


@intrinsic
def _swap_mxcsr(_context, _mode):
    def generate(_context, builder, _signature, arguments):
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


# The typing context is numba's business: callers pass the mode alone.
_swap: Any = _swap_mxcsr

if _IS_X86:

    @njit(cache=True, nogil=True)
    def set_mode(mode):
        """Set this thread's floating-point mode; returns the one before, to be set again at the end."""
        return _swap(mode)

else:

    @njit(cache=True, nogil=True)
    def set_mode(mode):
        """Other processors handle tiny values at full speed."""
        return mode
