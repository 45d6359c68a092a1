"""A machine that runs PTX on a CPU, for the few instructions that kernels use.

All threads of a block run together: of those that can go on, the ones that are
furthest behind take the next step. Asynchronous copies land only when a thread
waits for them, shared memory begins as NaN, and an access outside a buffer fails,
so that a kernel which is right by luck alone fails here.
"""

import re

import numpy as np

U32 = np.uint32
NAN_BYTES = 0xFF


def bf16_to_f32(halves):
    """Numbers of an array of 16-bit patterns."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def f32_to_bf16(values):
    """Patterns of numbers rounded to nearest even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(values), 0x7FFF, rounded).astype(np.uint32)


class Memory:
    """Bytes with room between the buffers, which no one may touch."""

    GAP = 4096

    def __init__(self):
        self.data = np.zeros(self.GAP, np.uint8)
        self.valid = np.zeros(self.GAP, bool)

    def add(self, array):
        """Copies an array into memory and returns its address."""
        begin, size = len(self.data), array.nbytes
        room = (size + self.GAP + 255) // 256 * 256
        self.data = np.concatenate([self.data, np.zeros(room, np.uint8)])
        self.valid = np.concatenate([self.valid, np.zeros(room, bool)])
        self.data[begin:begin + size] = np.frombuffer(array.tobytes(), np.uint8)
        self.valid[begin:begin + size] = True
        return begin

    def get(self, address, like):
        """Returns the bytes at an address as an array."""
        raw = self.data[address:address + like.nbytes]
        return np.frombuffer(raw.tobytes(), like.dtype).reshape(like.shape)

    def locate(self, addresses, size, what):
        """Returns indices of the bytes of each access."""
        at = addresses.astype(np.int64)[:, None] + np.arange(size)
        if at.size and (at.min() < 0 or at.max() >= len(self.data) or not self.valid[at].all()):
            raise RuntimeError(f"access outside of a buffer: {what}")
        if (addresses % size if size else addresses).any():
            raise RuntimeError(f"access that is not aligned: {what}")
        return at


class Shared(Memory):
    def __init__(self, size):
        self.data = np.full(size, NAN_BYTES, np.uint8)
        self.valid = np.ones(size, bool)


class Program:
    """The instructions of one entry of a text."""

    def __init__(self, text, entry):
        start = text.index(f".entry {entry}(")
        head, body = text[start:text.index("\n}", start)].split("\n{", 1)
        self.parameters = re.findall(r"\.param \.(u64|u32)[^,\n]*?([\w$]+),?\n", head + "\n")
        self.threads = int(re.search(r"\.reqntid (\d+)", head)[1])
        self.code, self.labels = [], {}
        for line in body.replace("\t", " ").split("\n"):
            line = line.split("//")[0].strip()
            if line.startswith(".") or not line or line in "{}":
                continue
            if match := re.fullmatch(r"([\w$]+):", line):
                self.labels[match[1]] = len(self.code)
            elif self.code and not self.code[-1].endswith(";"):
                self.code[-1] += " " + line
            else:
                self.code.append(line)
        self.code = [self.parse(line) for line in self.code]

    @staticmethod
    def parse(line):
        """Splits an instruction into guard, name and operands."""
        match = re.fullmatch(r"(?:@(!?)(%p\d+) )?\s*([\w.:]+)\s*(.*);", line)
        if not match:
            raise RuntimeError(f"cannot read: {line}")
        guard = (match[2], match[1] == "!") if match[2] else None
        operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", match[4])
        return guard, match[3].split("."), operands, line


class Block:
    """One block of threads while it runs."""

    def __init__(self, program, memory, arguments, shared_bytes, block, blocks):
        self.program, self.memory = program, memory
        self.shared = Shared(shared_bytes)
        count = self.count = program.threads
        self.arguments = {name: value for (_, name), value
                          in zip(program.parameters, arguments, strict=True)}
        self.registers = {"%tid.x": np.arange(count, dtype=U32),
                          "%ctaid.x": np.full(count, block, U32),
                          "%nctaid.x": np.full(count, blocks, U32),
                          "shared": np.zeros(count, np.uint64)}
        self.pc = np.zeros(count, np.int64)
        self.waiting = np.zeros(count, bool)
        self.done = np.zeros(count, bool)
        self.early = np.zeros(count, bool)
        # Of each thread: copies that are not committed, and groups of copies.
        self.copies = [[] for _ in range(count)]
        self.groups = [[] for _ in range(count)]

    # Registers --------------------------------------------------------------

    def read(self, name, dtype, mask):
        if name.startswith("%") or name == "shared":
            value = self.registers.get(name)
            if value is None:
                value = np.zeros(self.count, U32)
            value = value[mask]
        else:
            value = np.full(int(mask.sum()), self.constant(name))
        size = np.dtype(dtype).itemsize
        unsigned = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[size]
        if value.dtype == bool:
            return value
        return value.astype(np.uint64).astype(unsigned).view(dtype)

    @staticmethod
    def constant(name):
        if name.startswith("0f"):
            return np.uint64(int(name[2:], 16))
        return np.uint64(int(name.rstrip("U"), 0) & 0xFFFFFFFFFFFFFFFF)

    def write(self, name, value, mask):
        value = np.ascontiguousarray(value)
        if value.dtype != bool:
            size = value.dtype.itemsize
            value = value.view({1: np.uint8, 2: np.uint16, 4: U32, 8: np.uint64}[size])
        old = self.registers.get(name)
        if old is None or old.dtype != value.dtype:
            old = self.registers[name] = np.zeros(self.count, value.dtype)
        old[mask] = value

    # Running ----------------------------------------------------------------

    def choose_warp(self, ready):
        """Returns those threads of one warp that are ready."""
        if not ready[self.running].any():
            warps = np.flatnonzero(ready.reshape(-1, 32).any(1))
            warp = self.random.choice(warps)
            self.running = slice(32 * warp, 32 * warp + 32)
        one = np.zeros_like(ready)
        one[self.running] = ready[self.running]
        return one

    def gather_early(self):
        """Lets warps go on whose lanes have all come to the same shuffle."""
        if self.early.any():
            pc = self.pc.reshape(-1, 32)
            met = self.early.reshape(-1, 32).all(1) & (pc == pc[:, :1]).all(1)
            self.early &= ~np.repeat(met, 32)

    def run(self, apart):
        code = self.program.code
        self.random, self.running = np.random.default_rng(1), slice(0, 32)
        for _ in range(10_000_000):
            self.gather_early()
            ready = ~self.waiting & ~self.done & ~self.early
            if not ready.any():
                if self.early.any():
                    raise RuntimeError("lanes wait for others that do not come")
                if self.done.all():
                    return
                self.waiting[:] = False
                continue
            if apart:
                ready = self.choose_warp(ready)
            at = self.pc[ready].min()
            mask = ready & (self.pc == at)
            guard, name, operands, line = code[at]
            self.pc[mask] += 1
            if guard:
                taken = self.registers[guard[0]][mask] != guard[1]
                mask = mask.copy()
                mask[mask] = taken
                if not mask.any():
                    continue
            try:
                getattr(self, "do_" + name[0])(name[1:], operands, mask)
            except Exception as error:
                raise RuntimeError(f"{line}: {error}") from error
        raise RuntimeError("the block does not end")

    TYPES = {"u16": np.uint16, "s16": np.int16, "b16": np.uint16, "u32": np.uint32,
             "s32": np.int32, "b32": np.uint32, "u64": np.uint64, "s64": np.int64,
             "b64": np.uint64, "f32": np.float32, "u8": np.uint8, "s8": np.int8,
             "b8": np.uint8, "f16": np.float16, "bf16": np.uint16}
    WIDER = {np.uint16: np.uint32, np.int16: np.int32, np.uint32: np.uint64,
             np.int32: np.int64}

    def binary(self, name, operands, mask, function):
        dtype = self.TYPES[name[-1]]
        a, b = (self.read(x, dtype, mask) for x in operands[1:3])
        with np.errstate(all="ignore"):
            self.write(operands[0], function(a, b).astype(dtype), mask)

    def predicate(self, operands, mask, function):
        a, b = (self.registers[x][mask] for x in operands[1:3])
        self.write(operands[0], function(a, b), mask)

    def do_add(self, name, operands, mask):
        self.binary(name, operands, mask, np.add)

    def do_sub(self, name, operands, mask):
        self.binary(name, operands, mask, np.subtract)

    def do_min(self, name, operands, mask):
        self.binary(name, operands, mask, np.fmin)

    def do_max(self, name, operands, mask):
        self.binary(name, operands, mask, np.fmax)

    def do_div(self, name, operands, mask):
        function = np.divide if name[-1] == "f32" else np.floor_divide
        self.binary(name, operands, mask, function)

    def do_rem(self, name, operands, mask):
        self.binary(name, operands, mask, np.remainder)

    def logic(self, name, operands, mask, function):
        if name[-1] == "pred":
            return self.predicate(operands, mask, function)
        return self.binary(name, operands, mask, function)

    def do_and(self, name, operands, mask):
        self.logic(name, operands, mask, np.bitwise_and)

    def do_or(self, name, operands, mask):
        self.logic(name, operands, mask, np.bitwise_or)

    def do_xor(self, name, operands, mask):
        self.logic(name, operands, mask, np.bitwise_xor)

    def do_not(self, name, operands, mask):
        if name[-1] == "pred":
            return self.write(operands[0], ~self.registers[operands[1]][mask], mask)
        return self.write(operands[0], ~self.read(operands[1], self.TYPES[name[-1]], mask), mask)

    def do_neg(self, name, operands, mask):
        value = self.read(operands[1], self.TYPES[name[-1]], mask)
        self.write(operands[0], -value, mask)

    def shift(self, name, operands, mask, function):
        dtype = self.TYPES[name[-1]]
        value = self.read(operands[1], dtype, mask)
        amount = self.read(operands[2], np.uint32, mask)
        bits = np.dtype(dtype).itemsize * 8
        result = function(value, np.minimum(amount, bits - 1).astype(dtype))
        empty = amount >= bits
        if not np.issubdtype(dtype, np.signedinteger):
            result = np.where(empty, 0, result)
        self.write(operands[0], result.astype(dtype), mask)

    def do_shl(self, name, operands, mask):
        self.shift([name[-1].replace("s", "b")], operands, mask, np.left_shift)

    def do_shr(self, name, operands, mask):
        self.shift(name, operands, mask, np.right_shift)

    def product(self, name, a, b, dtype):
        if name[0] == "wide":
            return a.astype(self.WIDER[dtype]) * b.astype(self.WIDER[dtype])
        if name[0] == "hi":
            bits = np.dtype(dtype).itemsize * 8
            full = a.astype(object) * b.astype(object)
            return np.array([int(x) >> bits for x in full], dtype)
        return a * b

    def do_mul(self, name, operands, mask):
        if name[-1] == "bf16x2":
            return self.multiply_halves(operands + ["-0"], mask)
        dtype = self.TYPES[name[-1]]
        a, b = (self.read(x, dtype, mask) for x in operands[1:3])
        with np.errstate(all="ignore"):
            self.write(operands[0], self.product(name, a, b, dtype), mask)

    def do_mad(self, name, operands, mask):
        dtype = self.TYPES[name[-1]]
        a, b = (self.read(x, dtype, mask) for x in operands[1:3])
        with np.errstate(all="ignore"):
            product = self.product(name, a, b, dtype)
            other = self.read(operands[3], product.dtype.type, mask)
            self.write(operands[0], product + other, mask)

    def multiply_halves(self, operands, mask):
        a, b = (self.read(x, U32, mask) for x in operands[1:3])
        c = np.zeros_like(a) if operands[3] == "-0" else self.read(operands[3], U32, mask)
        word = np.zeros_like(a)
        for shift in (0, 16):
            x, y, z = (bf16_to_f32((v >> shift) & 0xFFFF) for v in (a, b, c))
            word |= f32_to_bf16(x * y + z) << U32(shift)
        self.write(operands[0], word, mask)

    def do_fma(self, name, operands, mask):
        if name[-1] == "bf16x2":
            return self.multiply_halves(operands, mask)
        if name[-1] == "bf16":
            a, b, c = (bf16_to_f32(self.read(x, np.uint16, mask)) for x in operands[1:4])
            total = a.astype(np.float64) * b + c
            return self.write(operands[0], f32_to_bf16(total).astype(np.uint16), mask)
        a, b, c = (self.read(x, np.float32, mask).astype(np.float64) for x in operands[1:4])
        with np.errstate(all="ignore"):
            return self.write(operands[0], (a * b + c).astype(np.float32), mask)

    def unary(self, operands, mask, function):
        value = self.read(operands[1], np.float32, mask).astype(np.float64)
        with np.errstate(all="ignore"):
            self.write(operands[0], function(value).astype(np.float32), mask)

    def do_ex2(self, name, operands, mask):
        self.unary(operands, mask, np.exp2)

    def do_rcp(self, name, operands, mask):
        self.unary(operands, mask, lambda x: 1 / x)

    def do_rsqrt(self, name, operands, mask):
        self.unary(operands, mask, lambda x: 1 / np.sqrt(x))

    def do_abs(self, name, operands, mask):
        self.unary(operands, mask, np.abs)

    def do_popc(self, name, operands, mask):
        value = self.read(operands[1], U32, mask)
        bits = np.unpackbits(value.view(np.uint8).reshape(-1, 4), axis=1)
        self.write(operands[0], bits.sum(1).astype(U32), mask)

    def do_copysign(self, name, operands, mask):
        sign, size = (self.read(x, np.float32, mask) for x in operands[1:3])
        self.write(operands[0], np.copysign(size, sign), mask)

    def do_bfe(self, name, operands, mask):
        value = self.read(operands[1], np.uint64, mask)
        first, length = (self.read(x, np.uint64, mask) for x in operands[2:4])
        field = (value >> first) & ((np.uint64(1) << length) - np.uint64(1))
        if name[-1].startswith("s"):  # the highest bit of the field is the sign
            sign = np.uint64(1) << (length - np.uint64(1))
            field = np.where(length > 0, (field ^ sign) - sign, field)
        self.write(operands[0], field.astype(self.TYPES[name[-1]]), mask)

    def do_lop3(self, name, operands, mask):
        a, b, c = (self.read(x, U32, mask) for x in operands[1:4])
        table, result = int(operands[4], 0), np.zeros_like(a)
        for i in range(8):
            if table >> i & 1:
                result |= ((a if i & 4 else ~a) & (b if i & 2 else ~b) & (c if i & 1 else ~c))
        self.write(operands[0], result, mask)

    def do_prmt(self, name, operands, mask):
        a, b = (self.read(x, U32, mask).astype(np.uint64) for x in operands[1:3])
        selector = self.read(operands[3], U32, mask)
        both, word = a | b << np.uint64(32), np.zeros(len(a), U32)
        for i in range(4):
            digit = ((selector >> U32(4 * i)) & U32(7)).astype(np.uint64)
            byte = (both >> (digit * np.uint64(8))) & np.uint64(255)
            word |= byte.astype(U32) << U32(8 * i)
        self.write(operands[0], word, mask)

    def do_selp(self, name, operands, mask):
        dtype = self.TYPES[name[-1]]
        a, b = (self.read(x, dtype, mask) for x in operands[1:3])
        self.write(operands[0], np.where(self.registers[operands[3]][mask], a, b), mask)

    COMPARE = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
               "gt": np.greater, "ge": np.greater_equal,
               "nan": lambda a, b: np.isnan(a) | np.isnan(b),
               "num": lambda a, b: ~(np.isnan(a) | np.isnan(b))}

    def do_setp(self, name, operands, mask):
        dtype = self.TYPES[name[-1]]
        a, b = (self.read(x, dtype, mask) for x in operands[1:3])
        with np.errstate(all="ignore"):
            self.write(operands[0], self.COMPARE[name[0]](a, b), mask)

    def do_cvt(self, name, operands, mask):
        kinds = [x for x in name if x in self.TYPES or x == "bf16x2"]
        target, source = kinds
        if target == "bf16x2":
            high, low = (self.read(x, np.float32, mask) for x in operands[1:3])
            return self.write(operands[0], f32_to_bf16(high) << U32(16) | f32_to_bf16(low), mask)
        value = self.read(operands[1], self.TYPES[source], mask)
        if target == "bf16":
            return self.write(operands[0], f32_to_bf16(value).astype(np.uint16), mask)
        if source == "bf16":
            return self.write(operands[0], bf16_to_f32(value), mask)
        with np.errstate(all="ignore"):
            return self.write(operands[0], value.astype(self.TYPES[target]), mask)

    def do_mov(self, name, operands, mask):
        target, source = operands[:2]
        if target.startswith("{") or source.startswith("{"):
            return self.move_parts(target, source, mask)
        if name[-1] == "pred":
            return self.write(target, self.registers[source][mask], mask)
        return self.write(target, self.read(source, self.TYPES[name[-1]], mask), mask)

    def move_parts(self, target, source, mask):
        if source.startswith("{"):
            low, high = (self.read(x, np.uint16, mask).astype(U32) for x in names_of(source))
            return self.write(target, low | high << U32(16), mask)
        word = self.read(source, U32, mask)
        for i, part in enumerate(names_of(target)):
            if part != "_":
                self.write(part, (word >> U32(16 * i)).astype(np.uint16), mask)

    # Memory -----------------------------------------------------------------

    def addresses(self, operand, mask):
        base, _, plus = operand.strip("[]").partition("+")
        if base in self.registers or base.startswith("%"):
            value = self.read(base, np.uint64, mask)
        else:
            value = np.full(int(mask.sum()), int(base), np.uint64)
        return value.astype(np.int64) + int(plus or 0)

    def space(self, name):
        return self.shared if "shared" in name else self.memory

    @staticmethod
    def shape(name):
        count = next((int(x[1:]) for x in name if re.fullmatch(r"v\d", x)), 1)
        return count, Block.TYPES[name[-1]]

    def do_ld(self, name, operands, mask):
        if name[0] == "param":
            value = self.arguments[operands[1].strip("[]")]
            dtype = self.TYPES[name[-1]]
            value = np.full(int(mask.sum()), value & 0xFFFFFFFFFFFFFFFF, np.uint64)
            return self.write(operands[0], value.astype(dtype), mask)
        count, dtype = self.shape(name)
        space = self.space(name)
        size = np.dtype(dtype).itemsize
        at = space.locate(self.addresses(operands[1], mask), size * count, operands[1])
        values = np.ascontiguousarray(space.data[at]).view(dtype)
        for i, target in enumerate(names_of(operands[0])):
            if target == "_":
                continue
            value = np.ascontiguousarray(values[:, i])
            # Registers are wider than a byte, and %r than two.
            bits = 16 if target.startswith("%rs") else 32
            if size * 8 < bits:
                signed = "int" if name[-1].startswith("s") else "uint"
                value = value.astype(f"{signed}{bits}")
            self.write(target, value, mask)

    def do_st(self, name, operands, mask):
        count, dtype = self.shape(name)
        space = self.space(name)
        size = np.dtype(dtype).itemsize
        at = space.locate(self.addresses(operands[0], mask), size * count, operands[0])
        parts = [self.read(x, dtype, mask) for x in names_of(operands[1])]
        values = np.ascontiguousarray(np.stack(parts, 1))
        space.data[at] = values.view(np.uint8).reshape(len(at), size * count)

    def do_cp(self, name, operands, mask):
        threads = np.flatnonzero(mask)
        if name[1] == "commit_group":
            for thread in threads:
                self.groups[thread].append(self.copies[thread])
                self.copies[thread] = []
        elif name[1] == "wait_group":
            for thread in threads:
                groups = self.groups[thread]
                while len(groups) > int(operands[0]):
                    for at, data in groups.pop(0):
                        self.shared.data[at] = data
        else:
            self.copy(operands, mask, threads)

    def copy(self, operands, mask, threads):
        targets = self.shared.locate(self.addresses(operands[0], mask), 16, operands[0])
        sizes = np.full(len(threads), 16)
        if len(operands) > 3:
            sizes = self.read(operands[3], U32, mask)
        # Nothing is read for a copy of no bytes.
        sources = self.addresses(operands[1], mask)
        for thread, target, source, size in zip(threads, targets, sources, sizes):
            data = np.zeros(16, np.uint8)
            if size:
                data = self.memory.data[self.memory.locate(np.array([source]), 16, operands[1])[0]]
            self.copies[thread].append((target, data))

    # Between threads --------------------------------------------------------

    def do_bar(self, name, operands, mask):
        if name[0] == "warp":
            return
        self.waiting |= mask

    def do_bra(self, name, operands, mask):
        self.pc[mask] = self.program.labels[operands[0]]

    def do_ret(self, name, operands, mask):
        if any(self.copies[i] for i in np.flatnonzero(mask)):
            raise RuntimeError("copies are not committed at the end")
        self.done |= mask

    def warps(self, mask):
        warps = mask.reshape(-1, 32)
        if (warps.any(1) != warps.all(1)).any():
            raise RuntimeError("lanes of a warp are missing")
        return int(warps.any(1).sum())

    def meet(self, mask):
        """Returns the lanes of whole warps; others wait until all have come."""
        whole = np.repeat(mask.reshape(-1, 32).all(1), 32)
        self.pc[mask & ~whole] -= 1
        self.early |= mask & ~whole
        return mask & whole

    def do_shfl(self, name, operands, mask):
        mask = self.meet(mask)
        if not mask.any():
            return
        count = self.warps(mask)
        target = operands[0].split("|")[0]
        value = self.read(operands[1], U32, mask).reshape(count, 32)
        other = np.arange(32) ^ int(operands[2])
        self.write(target, value[:, other].reshape(-1), mask)

    def do_vote(self, name, operands, mask):
        mask = self.meet(mask)
        if not mask.any():
            return
        votes = self.registers[operands[1]][mask].reshape(self.warps(mask), 32)
        bits = (votes * (np.uint64(1) << np.arange(32, dtype=np.uint64))).sum(1)
        self.write(operands[0], np.repeat(bits, 32).astype(U32), mask)

    def do_ldmatrix(self, name, operands, mask):
        count = self.warps(mask)
        at = self.shared.locate(self.addresses(operands[1], mask), 16, operands[1])
        rows = np.ascontiguousarray(self.shared.data[at]).view(np.uint16)
        matrices = rows.reshape(count, 4, 8, 8)
        if "trans" in name:
            matrices = matrices.transpose(0, 1, 3, 2)
        pairs = np.ascontiguousarray(matrices).view(U32).reshape(count, 4, 32)
        for i, target in enumerate(names_of(operands[0])):
            self.write(target, pairs[:, i].reshape(-1), mask)

    def do_mma(self, name, operands, mask):
        count = self.warps(mask)
        group, column = np.arange(32) // 4, np.arange(32) % 4

        def halves(register):
            word = self.read(register, U32, mask).reshape(count, 32)
            return bf16_to_f32(word & 0xFFFF), bf16_to_f32(word >> U32(16))

        a, b = np.zeros((count, 16, 16)), np.zeros((count, 16, 8))
        for i, register in enumerate(names_of(operands[1])):
            for j, value in enumerate(halves(register)):
                a[:, group + 8 * (i % 2), 2 * column + 8 * (i // 2) + j] = value
        for i, register in enumerate(names_of(operands[2])):
            for j, value in enumerate(halves(register)):
                b[:, 2 * column + 8 * i + j, group] = value
        with np.errstate(all="ignore"):
            product = a @ b
        for i, (target, source) in enumerate(zip(names_of(operands[0]), names_of(operands[3]))):
            c = self.read(source, np.float32, mask).reshape(count, 32)
            sums = product[:, group + 8 * (i // 2), 2 * column + i % 2] + c
            self.write(target, sums.astype(np.float32).reshape(-1), mask)


def names_of(operand):
    """Registers of a list in braces, or of a single one."""
    return [name.strip() for name in operand.strip("{}").split(",")]


def run_kernel(text, entry, memory, arguments, shared_bytes, blocks, apart=False):
    """Runs all blocks of a kernel, one after the other.

    With `apart`, a warp runs until it has to wait before another one does, which
    finds barriers that are missing.
    """
    program = Program(text, entry)
    for block in range(blocks):
        Block(program, memory, arguments, shared_bytes, block, blocks).run(apart)
