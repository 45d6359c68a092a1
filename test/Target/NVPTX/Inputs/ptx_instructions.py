"""What each instruction of PTX does: text becomes functions of a selection of lanes."""

import re

import numpy as np

from ptx_memory import bf16_to_f32, f32_to_bf16, f32_to_tf32

U32 = np.uint32
U64 = np.uint64
TYPES = {"u16": np.uint16, "s16": np.int16, "b16": np.uint16, "u32": np.uint32,
         "s32": np.int32, "b32": np.uint32, "u64": np.uint64, "s64": np.int64,
         "b64": np.uint64, "f32": np.float32, "u8": np.uint8, "s8": np.int8,
         "b8": np.uint8, "f16": np.float16, "bf16": np.uint16, "bf16x2": np.uint32,
         "f16x2": np.uint32, "tf32": np.uint32, "f64": np.float64, "pred": np.bool_}
UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
WIDER = {np.uint16: np.uint32, np.int16: np.int32, np.uint32: np.uint64,
         np.int32: np.int64}


class Instruction:
    """`execute(launch, warps, mask)` does its work for a selection; `control(launch,
    at, warps, mask, lanes, alone)` also says where the selection goes on, or None if
    its program counters are set. `lanes` are those that the guard lets through."""

    def __init__(self, line, is_leader):
        match = re.fullmatch(r"(?:@(!?)(%p\d+) )?\s*([\w.:]+)\s*(.*);", line)
        if not match:
            raise RuntimeError(f"cannot read: {line}")
        self.line, self.is_leader = line, is_leader
        self.guard = (match[2], match[1] == "!") if match[2] else None
        self.name = match[3].split(".")
        self.operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", match[4])
        self.execute = self.control = None


def decode(line, program, is_leader):
    """Reads an instruction; an unknown one is an error."""
    instruction = Instruction(line, is_leader)
    base = instruction.name[0]
    try:
        if base in CONTROLS:
            instruction.control = CONTROLS[base](instruction, program)
        else:
            decoder = globals().get(f"decode_{base}")
            if not decoder:
                raise RuntimeError("unknown instruction")
            instruction.execute = decoder(
                instruction.name[1:], instruction.operands, program)
    except (RuntimeError, KeyError, ValueError, IndexError) as error:
        raise RuntimeError(f"{line}: {error}") from error
    return instruction


def names_of(operand):
    """Registers of a list in braces, or of a single one."""
    return [name.strip() for name in operand.strip("{}").split(",")]


# Operands ---------------------------------------------------------------------


def constant(name, dtype):
    if name.startswith("0f"):
        value = int(name[2:], 16)
    else:
        value = int(name.rstrip("U"), 0)
    size = np.dtype(dtype).itemsize
    unsigned = UNSIGNED[size]
    return np.array(value & (256 ** size - 1), unsigned).view(dtype)[()]


def reader(name, dtype, program):
    """A function of launch and warps that gives an operand as numbers of a type."""
    if name == "shared":
        name = "0"
    if not name.startswith("%"):
        value = constant(name, dtype)
        return lambda launch, warps: value
    held = program.registers[name]
    if held is np.bool_:
        return lambda launch, warps: launch.register(name)[warps]
    size = np.dtype(dtype).itemsize
    if np.dtype(held).itemsize == size:
        return lambda launch, warps: launch.register(name)[warps].view(dtype)
    unsigned = UNSIGNED[size]
    return lambda launch, warps: launch.register(name)[warps].astype(unsigned).view(dtype)


def writer(name, program):
    """A function of launch, warps, mask and value that sets a register."""
    if name == "_":
        return lambda launch, warps, mask, value: None
    held = program.registers[name]

    def write(launch, warps, mask, value):
        value = np.asarray(value)
        if held is not np.bool_ and value.dtype != held:
            unsigned = UNSIGNED[value.dtype.itemsize]
            value = np.ascontiguousarray(value).view(unsigned)
            if unsigned is not held:
                value = value.astype(held)
        register = launch.register(name)
        if mask is None:
            register[warps] = value
        elif isinstance(warps, slice):
            np.copyto(register[warps], value, where=mask)
        else:
            old = register[warps]
            np.copyto(old, value, where=mask)
            register[warps] = old
    return write


def operation(function, dtypes, operands, program):
    """What reads operands of the given types and writes the first one."""
    write = writer(operands[0], program)
    read = [reader(x, dtype, program) for x, dtype in zip(operands[1:], dtypes)]
    if len(read) != len(dtypes):
        raise RuntimeError("has other operands")
    if len(read) == 1:
        one, = read
        return lambda g, w, m: write(g, w, m, function(one(g, w)))
    if len(read) == 2:
        a, b = read
        return lambda g, w, m: write(g, w, m, function(a(g, w), b(g, w)))
    return lambda g, w, m: write(g, w, m, function(*[x(g, w) for x in read]))


# Arithmetic -------------------------------------------------------------------


def on_halves(function):
    """The same on patterns of bf16."""
    return lambda *values: f32_to_bf16(
        function(*map(bf16_to_f32, values))).astype(np.uint16)


def binary(function):
    def decoder(name, operands, program):
        if name[-1] in ("bf16x2", "f16x2"):
            raise RuntimeError("unknown type")
        dtype = TYPES[name[-1]]
        return operation(on_halves(function) if name[-1] == "bf16" else function,
                         [dtype, dtype], operands, program)
    return decoder


decode_add = binary(np.add)
decode_sub = binary(np.subtract)
decode_min = binary(np.fmin)
decode_max = binary(np.fmax)
decode_rem = binary(np.remainder)
decode_and = binary(np.bitwise_and)
decode_or = binary(np.bitwise_or)
decode_xor = binary(np.bitwise_xor)


def decode_div(name, operands, program):
    return binary(np.divide if name[-1] == "f32" else np.floor_divide)(
        name, operands, program)


def decode_not(name, operands, program):
    return operation(np.invert, [TYPES[name[-1]]], operands, program)


def decode_neg(name, operands, program):
    if "bf16" in name[-1]:
        raise RuntimeError("unknown type")
    return operation(np.negative, [TYPES[name[-1]]], operands, program)


def shift(function):
    def decoder(name, operands, program):
        dtype = TYPES[name[-1].replace("s", "b") if function is np.left_shift else name[-1]]
        bits = np.dtype(dtype).itemsize * 8
        is_signed = np.issubdtype(dtype, np.signedinteger)

        def apply(value, amount):
            result = function(value, np.minimum(amount, U32(bits - 1)).astype(dtype))
            return result if is_signed else np.where(amount >= bits, dtype(0), result)
        return operation(apply, [dtype, np.uint32], operands, program)
    return decoder


decode_shl = shift(np.left_shift)
decode_shr = shift(np.right_shift)


def multiply_high(a, b):
    """The upper half of a product of two numbers of 64 bits."""
    low, half = U64(0xFFFFFFFF), U64(32)
    a0, a1, b0, b1 = a & low, a >> half, b & low, b >> half
    middle = a1 * b0 + (a0 * b0 >> half)
    other = a0 * b1 + (middle & low)
    return a1 * b1 + (middle >> half) + (other >> half)


def multiply(name, dtype):
    """The product of an integer or float multiplication."""
    if name[0] == "wide":
        wider = WIDER[dtype]
        return lambda a, b: a.astype(wider) * b.astype(wider)
    if name[0] == "hi" and dtype is U64:
        return multiply_high
    if name[0] == "hi":
        wider = WIDER[dtype]
        bits = wider(np.dtype(dtype).itemsize * 8)
        return lambda a, b: ((a.astype(wider) * b.astype(wider)) >> bits).astype(dtype)
    return np.multiply


def multiply_halves(a, b, c=None):
    def split(word):
        """Numbers of the lower and of the upper halves."""
        word = np.atleast_1d(word)
        return ((word << U32(16)).view(np.float32),
                (word & U32(0xFFFF0000)).view(np.float32))

    low, high = (x * y for x, y in zip(split(a), split(b)))
    if c is not None:
        low, high = (x + y for x, y in zip((low, high), split(c)))
    return f32_to_bf16(low) | f32_to_bf16(high) << U32(16)


def decode_mul(name, operands, program):
    dtype = TYPES[name[-1]]
    function = multiply_halves if name[-1] == "bf16x2" else multiply(name, dtype)
    if name[-1] == "bf16":
        function = on_halves(np.multiply)
    return operation(function, [dtype, dtype], operands, program)


def decode_mad(name, operands, program):
    dtype = TYPES[name[-1]]
    product = multiply(name, dtype)
    third = WIDER[dtype] if name[0] == "wide" else dtype
    return operation(lambda a, b, c: product(a, b) + c, [dtype, dtype, third],
                     operands, program)


def decode_fma(name, operands, program):
    if name[-1] == "bf16x2":
        return operation(multiply_halves, [U32] * 3, operands, program)
    if name[-1] == "bf16":
        def fma_half(a, b, c):
            a, b, c = (bf16_to_f32(x).astype(np.float64) for x in (a, b, c))
            return f32_to_bf16(a * b + c).astype(np.uint16)
        return operation(fma_half, [np.uint16] * 3, operands, program)
    if name[-1] != "f32":
        raise RuntimeError("unknown type")

    def fma(a, b, c):
        wide = np.multiply(a, b, dtype=np.float64) + c
        return wide.astype(np.float32)
    return operation(fma, [np.float32] * 3, operands, program)


def unary(function):
    def decoder(name, operands, program):
        if name[-1] != "f32":
            raise RuntimeError("unknown type")
        return operation(lambda x: function(x.astype(np.float64)).astype(np.float32),
                         [np.float32], operands, program)
    return decoder


decode_ex2 = unary(np.exp2)
decode_lg2 = unary(np.log2)
decode_rcp = unary(lambda x: 1 / x)
decode_sqrt = unary(np.sqrt)
decode_rsqrt = unary(lambda x: 1 / np.sqrt(x))
decode_abs = unary(np.abs)
decode_tanh = unary(np.tanh)


def decode_popc(name, operands, program):
    def count(value):
        bits = np.unpackbits(np.ascontiguousarray(value).view(np.uint8), axis=-1)
        return bits.reshape(*value.shape, 32).sum(-1).astype(U32)
    return operation(count, [U32], operands, program)


def decode_copysign(name, operands, program):
    return operation(lambda sign, size: np.copysign(size, sign),
                     [np.float32, np.float32], operands, program)


def decode_bfe(name, operands, program):
    dtype = TYPES[name[-1]]
    one = U64(1)

    def extract(value, first, length):
        field = (value.astype(U64) >> first) & ((one << length) - one)
        if name[-1].startswith("s"):  # the highest bit of the field is the sign
            sign = one << (length - one)
            field = np.where(length > 0, (field ^ sign) - sign, field)
        return field.astype(dtype)
    return operation(extract, [UNSIGNED[np.dtype(dtype).itemsize], U64, U64], operands,
                     program)


def decode_lop3(name, operands, program):
    table = int(operands[4], 0)

    def look_up(a, b, c):
        result = np.zeros(np.broadcast(a, b, c).shape, U32)
        for i in range(8):
            if table >> i & 1:
                result |= ((a if i & 4 else ~a) & (b if i & 2 else ~b)
                           & (c if i & 1 else ~c))
        return result
    return operation(look_up, [U32] * 3, operands[:4], program)


def decode_prmt(name, operands, program):
    digits = [int(constant(operands[3], U32)) >> 4 * i & 7 for i in range(4)] \
        if not operands[3].startswith("%") else None

    def permute(a, b, selector):
        if digits:
            bytes_of = [((a if d < 4 else b) >> U32(8 * (d % 4))) & U32(255) for d in digits]
            return bytes_of[0] | bytes_of[1] << U32(8) | bytes_of[2] << U32(16) \
                | bytes_of[3] << U32(24)
        both = a.astype(U64) | b.astype(U64) << U64(32)
        word = np.zeros(np.broadcast(a, b, selector).shape, U32)
        for i in range(4):
            digit = ((selector >> U32(4 * i)) & U32(7)).astype(U64)
            byte = (both >> (digit * U64(8))) & U64(255)
            word |= byte.astype(U32) << U32(8 * i)
        return word
    return operation(permute, [U32] * 3, operands, program)


def decode_selp(name, operands, program):
    dtype = TYPES[name[-1]]
    return operation(lambda a, b, p: np.where(p, a, b), [dtype, dtype, np.bool_], operands,
                     program)


COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
           "gt": np.greater, "ge": np.greater_equal,
           "lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal,
           "nan": lambda a, b: np.isnan(a) | np.isnan(b),
           "num": lambda a, b: ~(np.isnan(a) | np.isnan(b))}
# Those that are true of numbers that have no order.
UNORDERED = {"equ": np.equal, "neu": np.not_equal, "ltu": np.less, "leu": np.less_equal,
             "gtu": np.greater, "geu": np.greater_equal}


def decode_setp(name, operands, program):
    dtype = TYPES[name[-1]]
    if "bf16" in name[-1]:
        raise RuntimeError("unknown type")
    if len(name) > 2 and name[1] != "ftz":
        raise RuntimeError("unknown form")
    compare = COMPARE.get(name[0])
    if name[0] == "ne" and name[-1] == "f32":
        def compare(a, b):
            return (a != b) & ~np.isnan(a) & ~np.isnan(b)
    if not compare:
        ordered = UNORDERED[name[0]]

        def compare(a, b):
            return ordered(a, b) | np.isnan(a) | np.isnan(b)
    return operation(compare, [dtype, dtype], operands, program)


def decode_cvt(name, operands, program):
    target, source = [x for x in name if x in TYPES]
    mode = next((x for x in name if x in ("rn", "rz", "rna")), "rn")
    if target == "bf16x2":
        return operation(lambda high, low: f32_to_bf16(high, mode) << U32(16)
                         | f32_to_bf16(low, mode), [np.float32] * 2, operands, program)
    if target == "bf16":
        return operation(lambda x: f32_to_bf16(x, mode).astype(np.uint16), [np.float32],
                         operands, program)
    if target == "tf32":
        return operation(lambda x: f32_to_tf32(x, mode), [np.float32], operands, program)
    if source == "bf16":
        return operation(bf16_to_f32, [np.uint16], operands, program)
    if "sat" in name or (target == "f16" and mode != "rn"):
        raise RuntimeError("unknown form")
    dtype = TYPES[target]
    function = decode_rounding(name) if TYPES[source] is np.float32 else None
    return operation(lambda x: (function(x) if function else x).astype(dtype),
                     [TYPES[source]], operands, program)


def decode_rounding(name):
    """How a float becomes an integral number, if it does."""
    return {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}.get(
        next((x for x in name if x.endswith("i")), None))


def decode_mov(name, operands, program):
    target, source = operands[:2]
    if source.startswith("{"):
        parts = names_of(source)
        return operation(lambda low, high: low.astype(U32) | high.astype(U32) << U32(16),
                         [np.uint16] * 2, [target] + parts, program)
    if target.startswith("{"):
        read = reader(source, U32, program)
        writes = [writer(x, program) for x in names_of(target)]

        def split(g, w, m):
            word = read(g, w)
            for i, write in enumerate(writes):
                write(g, w, m, (word >> U32(16 * i)).astype(np.uint16))
        return split
    return operation(lambda x: x, [TYPES[name[-1]]], operands, program)


# Memory -----------------------------------------------------------------------


def address_reader(operand, program):
    base, _, plus = operand.strip("[]").partition("+")
    offset = int(plus or 0)
    if base.lstrip("-").isdigit():
        offset, base = offset + int(base), "0"
    read = reader(base, np.uint64 if not base.startswith("%")
                  else program.registers[base], program)

    def addresses(g, w):
        value = np.asarray(read(g, w)).astype(np.int64) + offset
        if value.ndim == 0:
            value = np.broadcast_to(value, g.block_column[w].shape[:1] + (32,))
        return value
    return addresses


def units_of(g, name, size):
    """Memory that an instruction names, in units of a size that NumPy can index."""
    data = (g.shared if "shared" in name else g.memory).data
    word = min(size, 4)
    return data.view(UNSIGNED[word]).reshape(-1, size // word)


def locate(g, w, mask, name, addresses, size):
    if "shared" in name:
        return g.shared.locate(addresses, size, mask, g.block_column[w])
    if "global" not in name:
        raise RuntimeError("unknown space")
    return g.memory.locate(addresses, size, mask)


def shape_of(name):
    count = next((int(x[1:]) for x in name if re.fullmatch(r"v\d", x)), 1)
    return count, TYPES[name[-1]]


def decode_ld(name, operands, program):
    if name[0] == "param":
        return decode_parameter(name, operands, program)
    count, dtype = shape_of(name)
    size = np.dtype(dtype).itemsize
    addresses = address_reader(operands[1], program)
    targets = names_of(operands[0])
    writes = [writer(x, program) for x in targets]

    def load(g, w, m):
        at = locate(g, w, m, name, addresses(g, w), size * count)
        values = units_of(g, name, size * count)[at]
        values = values.reshape(*at.shape, -1).view(dtype)
        for i, (target, write) in enumerate(zip(targets, writes)):
            value = values[..., i]
            # Registers are wider than a byte, and %r than two.
            if target != "_" and size < (held := np.dtype(program.registers[target]).itemsize):
                kind = "int" if name[-1].startswith("s") else "uint"
                value = value.astype(f"{kind}{8 * held}")
            write(g, w, m, value)
    return load


def decode_parameter(name, operands, program):
    write = writer(operands[0], program)
    dtype = TYPES[name[-1]]
    parameter = operands[1].strip("[]")

    def load(g, w, m):
        value = g.arguments[parameter] & (256 ** np.dtype(dtype).itemsize - 1)
        write(g, w, m, np.array(value, UNSIGNED[np.dtype(dtype).itemsize]))
    return load


def decode_st(name, operands, program):
    count, dtype = shape_of(name)
    size = np.dtype(dtype).itemsize
    addresses = address_reader(operands[0], program)
    reads = [reader(x, dtype, program) for x in names_of(operands[1])]

    def store(g, w, m):
        at = locate(g, w, m, name, addresses(g, w), size * count)
        values = np.empty(at.shape + (count,), dtype)
        for i, read in enumerate(reads):
            values[..., i] = read(g, w)
        units = units_of(g, name, size * count)
        values = values.view(units.dtype).reshape(*at.shape, -1)
        if m is None:
            units[at] = values
        else:
            units[at[m]] = values[m]
    return store


def decode_cp(name, operands, program):
    if name[0] != "async":
        raise RuntimeError("unknown instruction")
    if name[1] == "commit_group":
        return lambda g, w, m: g.commit_copies(w, m)
    if name[1] == "wait_group":
        groups = int(operands[0])
        return lambda g, w, m: g.wait_for_copies(w, m, groups)
    if name[1] == "wait_all":
        return lambda g, w, m: (g.commit_copies(w, m), g.wait_for_copies(w, m, 0))
    width = int(operands[2])
    if width not in (4, 8, 16):
        raise RuntimeError("unknown size")
    target, source = (address_reader(x, program) for x in operands[:2])
    size = reader(operands[3] if len(operands) > 3 else operands[2], U32, program)

    def copy(g, w, m):
        targets = g.shared.locate(target(g, w), width, m, g.block_column[w])
        sizes = np.broadcast_to(size(g, w), targets.shape)
        if ((sizes != 0) & (sizes != width) & (True if m is None else m)).any():
            raise RuntimeError("copies of a part")
        # Nothing is read for a copy of no bytes.
        reads = sizes > 0 if m is None else (sizes > 0) & m
        sources = g.memory.locate(source(g, w), width, reads)
        values = units_of(g, ["global"], width)[sources]
        g.add_copies(w, m, targets, np.where((sizes > 0)[..., None], values, U32(0)))
    return copy


# Whole warps ------------------------------------------------------------------


def decode_shfl(name, operands, program):
    targets = [operands[0].split("|")[0], operands[1]]
    if name[1] == "idx":
        if operands[3] != "31":
            raise RuntimeError("unknown form")
        return operation(lambda x, lane: np.take_along_axis(
            x, np.broadcast_to(lane, x.shape).astype(np.int64) % 32, 1), [U32] * 2,
            targets + operands[2:3], program)
    if name[1] != "bfly":
        raise RuntimeError("unknown form")
    other = np.arange(32) ^ int(operands[2])
    return operation(lambda x: x[:, other], [U32], targets, program)


def decode_vote(name, operands, program):
    if name[1] != "ballot":
        raise RuntimeError("unknown form")

    def vote(votes):
        bits = (votes * (U64(1) << np.arange(32, dtype=U64))).sum(1).astype(U32)
        return np.repeat(bits[:, None], 32, 1)
    return operation(vote, [np.bool_], operands[:2], program)


def decode_ldmatrix(name, operands, program):
    addresses = address_reader(operands[1], program)
    writes = [writer(x, program) for x in names_of(operands[0])]
    transposed = "trans" in name

    def load(g, w, m):
        at = g.shared.locate(addresses(g, w)[:, :8 * len(writes)], 16, None,
                             g.block_column[w])
        rows = g.shared.data.view(np.uint16).reshape(-1, 8)[at]
        matrices = rows.reshape(len(at), len(writes), 8, 8)
        if transposed:
            matrices = matrices.transpose(0, 1, 3, 2)
        pairs = np.ascontiguousarray(matrices).view(U32).reshape(len(at), -1, 32)
        for i, write in enumerate(writes):
            write(g, w, m, pairs[:, i])
    return load


def spread(words, kind):
    """Numbers of a fragment's register: of warps, groups of lanes, and columns."""
    words = np.ascontiguousarray(np.broadcast_to(words, (len(words), 32)))
    if kind == "tf32":
        return (words & U32(0xFFFFE000)).view(np.float32).reshape(-1, 8, 4)
    halves = words.view(np.uint16).reshape(-1, 8, 8)
    return halves.view(np.float16) if kind == "f16" else bf16_to_f32(halves)


def decode_mma(name, operands, program):
    shape = next(x for x in name if re.fullmatch(r"m16n8k\d+", x))
    kind = name[-2]
    if name[-4:] != ["f32", kind, kind, "f32"] or kind not in ("bf16", "f16", "tf32"):
        raise RuntimeError("unknown types")
    depth = int(shape[6:])
    wide = 4 if kind == "tf32" else 8  # columns of one register of all lanes
    reads = [[reader(x, dtype, program) for x in names_of(operand)] for operand, dtype
             in zip(operands[1:], [U32, U32, np.float32])]
    writes = [writer(x, program) for x in names_of(operands[0])]
    if len(reads[0]) != 2 * depth // wide or len(reads[1]) != depth // wide:
        raise RuntimeError("has other operands")

    def multiply_matrices(g, w, m):
        sums = [read(g, w) for read in reads[2]]
        count = len(g.block_column[w])
        a, b = np.empty((count, 16, depth)), np.empty((count, 8, depth))
        for i, read in enumerate(reads[0]):
            row, column = 8 * (i % 2), wide * (i // 2)
            a[:, row:row + 8, column:column + wide] = spread(read(g, w), kind)
        for i, read in enumerate(reads[1]):
            b[:, :, wide * i:wide * (i + 1)] = spread(read(g, w), kind)
        product = a @ b.transpose(0, 2, 1)
        for i, write in enumerate(writes):
            row = 8 * (i // 2)
            part = product[:, row:row + 8, i % 2::2].reshape(count, 32)
            write(g, w, m, (part + sums[i]).astype(np.float32))
    return multiply_matrices


# Control ----------------------------------------------------------------------


def decode_bra(instruction, program):
    target = program.labels[instruction.operands[0]]

    def branch(g, at, warps, mask, lanes, alone):
        if lanes is not None and not (mask is not None and (lanes == mask).all()):
            g.set_pc(warps, mask, at + 1)
            g.set_pc(warps, lanes, target)
            return None
        if alone:
            return target
        g.set_pc(warps, mask, target)
        return None
    return branch


def decode_ret(instruction, program):
    def end(g, at, warps, mask, lanes, alone):
        if g.uncommitted[warps][... if lanes is None else lanes].any():
            raise RuntimeError("copies are not committed at the end")
        g.set_pc(warps, mask, at + 1)
        g.mark(g.done, warps, lanes)
        return None
    return end


def decode_bar(instruction, program):
    name, operands = instruction.name, instruction.operands
    if name[1:] == ["warp", "sync"]:
        return decode_meeting(instruction, program)
    if name[1:] != ["sync"] or len(operands) != 1:
        raise RuntimeError("unknown barrier")
    number = int(operands[0])

    def wait(g, at, warps, mask, lanes, alone):
        if g.meet(at, warps, mask):
            g.set_pc(warps, None, at + 1)
            g.barrier[warps] = number
            g.open_barriers()
        return None
    return wait


def decode_meeting(instruction, program):
    """An instruction that all lanes of a warp execute together."""
    execute = None
    if instruction.name[0] != "bar":
        decoder = globals()[f"decode_{instruction.name[0]}"]
        execute = decoder(instruction.name[1:], instruction.operands, program)
    if instruction.guard:
        raise RuntimeError("a guard before an instruction of whole warps")

    def meet(g, at, warps, mask, lanes, alone):
        if not g.meet(at, warps, mask):
            return None
        if execute:
            execute(g, warps, None)
        return at + 1
    return meet


CONTROLS = {"bra": decode_bra, "ret": decode_ret, "bar": decode_bar, "shfl": decode_meeting,
            "vote": decode_meeting, "mma": decode_meeting, "ldmatrix": decode_meeting}
