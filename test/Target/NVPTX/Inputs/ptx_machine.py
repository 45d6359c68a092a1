"""A machine that runs PTX on a CPU, for the few instructions that kernels use.

All blocks of a launch run at once, and their warps in gangs: those of a gang step
together, and a gang runs until all of it waits before another one, drawn from a
seed, goes on. Of the lanes of a warp that can go on, the ones that are furthest
behind take the next step. Instructions that need a whole warp wait until it has
come together. An asynchronous copy lands at once or when a thread waits for it, as
the seed says; shared memory and registers begin as NaN, and an access outside a
buffer fails: so a kernel which is right by luck alone fails here.
"""

import re

import numpy as np

import ptx_instructions
from ptx_memory import Memory, Shared, bf16_to_f32, f32_to_bf16  # noqa: F401

U32 = np.uint32
ALL = slice(None)
REGISTER_TYPES = {"b16": np.uint16, "b32": np.uint32, "b64": np.uint64, "f32": np.uint32,
                  "f64": np.uint64, "pred": np.bool_}
# No program counter is as large.
NOWHERE = np.int32(1 << 30)


class Program:
    """The instructions of one entry of a text."""

    def __init__(self, text, entry):
        start = text.index(f".entry {entry}(")
        head, body = text[start:text.index("\n}", start)].split("\n{", 1)
        self.parameters = re.findall(r"\.param \.(u64|u32)[^,\n]*?([\w$]+),?\n", head + "\n")
        self.threads = int(re.search(r"\.reqntid (\d+)", head)[1])
        self.registers = {"%tid.x": np.uint32, "%ctaid.x": np.uint32, "%nctaid.x": np.uint32}
        lines, self.labels = [], {}
        for line in body.replace("\t", " ").split("\n"):
            line = line.split("//")[0].strip()
            if match := re.fullmatch(r"\.reg \.(\w+)\s+(%\w+)<(\d+)>;", line):
                for i in range(int(match[3])):
                    self.registers[f"{match[2]}{i}"] = REGISTER_TYPES[match[1]]
            if line.startswith(".") or not line or line in "{}":
                continue
            if match := re.fullmatch(r"([\w$]+):", line):
                self.labels[match[1]] = len(lines)
            elif lines and not lines[-1].endswith(";"):
                lines[-1] += " " + line
            else:
                lines.append(line)
        leaders = set(self.labels.values())
        self.code = [ptx_instructions.decode(line, self, number in leaders)
                     for number, line in enumerate(lines)]


class Launch:
    """All blocks of a kernel while they run.

    A selection is the warps that take a step (an array of numbers, or a slice) and
    a mask of their lanes, which is None for all of them. Registers are arrays of
    warps and lanes. Warps are numbered so that those of a gang are neighbors.
    """

    def __init__(self, program, memory, arguments, shared_bytes, blocks, seed, gangs):
        self.program, self.memory = program, memory
        self.arguments = {name: value for (_, name), value
                          in zip(program.parameters, arguments, strict=True)}
        self.shared = Shared(shared_bytes, blocks)
        self.random = np.random.default_rng(seed)
        self.draw_gangs(program.threads // 32, blocks, gangs)
        count = self.count = len(self.block)
        self.block_column = self.block[:, None].astype(np.int64)
        lanes = np.arange(32, dtype=U32)
        self.registers = {
            "%tid.x": self.warp[:, None].astype(U32) * U32(32) + lanes,
            "%ctaid.x": np.repeat(self.block[:, None].astype(U32), 32, 1),
            "%nctaid.x": np.full((count, 32), blocks, U32)}
        self.pc = np.zeros((count, 32), np.int32)
        self.done = np.zeros((count, 32), bool)
        # Lanes that wait for the rest of their warp, and warps at a barrier.
        self.early = np.zeros((count, 32), bool)
        self.barrier = np.full(count, -1)
        # Of each lane: groups of copies that are committed, whether copies are not.
        self.committed = np.zeros((count, 32), np.int64)
        self.uncommitted = np.zeros((count, 32), bool)
        self.copies = []

    def draw_gangs(self, warps, blocks, gangs):
        """Sets block, number in the block, and bounds of gangs of warps."""
        gangs = max(1, min(gangs, warps))
        order = np.stack([self.random.permutation(warps) for _ in range(blocks)])
        parts = np.array_split(np.arange(warps), gangs)
        self.gangs, self.block, self.warp, begin = [], [], [], 0
        for part in parts:
            self.block.append(np.repeat(np.arange(blocks), len(part)))
            self.warp.append(order[:, part].reshape(-1))
            self.gangs.append(slice(begin, begin + blocks * len(part)))
            begin += blocks * len(part)
        self.block, self.warp = np.concatenate(self.block), np.concatenate(self.warp)

    def register(self, name):
        found = self.registers.get(name)
        if found is None:
            dtype = self.program.registers[name]
            fill = False if dtype is np.bool_ else np.iinfo(dtype).max
            found = self.registers[name] = np.full((self.count, 32), fill, dtype)
        return found

    # Scheduling -------------------------------------------------------------

    def run(self):
        with np.errstate(all="ignore"):
            gang, self.opened = None, True
            for _ in range(10_000_000):
                ready = ~self.early & ~self.done & (self.barrier < 0)[:, None]
                if self.opened or not ready[gang].any():
                    self.opened = False
                    able = [g for g in self.gangs if ready[g].any()]
                    if not able:
                        if self.done.all():
                            return
                        raise RuntimeError(self.complain())
                    gang = able[self.random.integers(len(able))]
                self.step(gang, ready[gang])
        raise RuntimeError("the kernel does not end")

    def step(self, gang, ready):
        """Runs those lanes of a gang that are furthest behind as far as they go."""
        pcs = np.where(ready, self.pc[gang], NOWHERE)
        at = int(pcs.min())
        lanes = pcs == at
        alone = bool((lanes == ready).all())
        warps, mask = gang, lanes
        chosen = lanes.any(1)
        if not chosen.all():
            warps = np.flatnonzero(chosen) + gang.start
            mask = lanes[chosen]
        if mask.all():
            mask = None
        self.run_from(at, warps, mask, alone)

    def run_from(self, at, warps, mask, alone):
        """Runs a selection until others may have to go first."""
        code = self.program.code
        first = True
        while at is not None:
            instruction = code[at]
            if instruction.is_leader and not alone and not first:
                self.set_pc(warps, mask, at)
                return
            first = False
            lanes = mask
            if instruction.guard:
                lanes = self.get_guarded(instruction, warps, mask)
                if lanes is False:
                    at += 1
                    continue
            try:
                if instruction.control:
                    at = instruction.control(self, at, warps, mask, lanes, alone)
                    continue
                instruction.execute(self, warps, lanes)
            except RuntimeError as error:
                raise RuntimeError(f"{instruction.line}: {error}") from error
            at += 1

    def get_guarded(self, instruction, warps, mask):
        """The lanes that a guard lets through, or False for none."""
        name, negated = instruction.guard
        lanes = self.register(name)[warps] != negated
        if mask is not None:
            lanes = lanes & mask
        if not lanes.any():
            return False
        if mask is None and lanes.all():
            return None
        return lanes

    def set_pc(self, warps, mask, at):
        if mask is None:
            self.pc[warps] = at
        else:
            self.pc[warps] = np.where(mask, at, self.pc[warps])

    def mark(self, what, warps, mask, value=True):
        if mask is None:
            what[warps] = value
        else:
            what[warps] = np.where(mask, value, what[warps])

    def numbers(self, warps):
        """The warps of a selection as an array."""
        return np.arange(self.count)[warps]

    def meet(self, at, warps, mask):
        """Whether a selection is of whole warps; others wait until all have come."""
        if mask is None:
            return True
        whole = mask.all(1)
        if whole.all():
            return True
        self.set_pc(warps, mask, at)
        late = self.numbers(warps)[~whole]
        self.early[late] |= mask[~whole]
        self.gather(late)
        return False

    def gather(self, warps=ALL):
        """Lets warps go on whose lanes have all come to the same instruction."""
        pc, early = self.pc[warps], self.early[warps]
        met = early.all(1) & (pc == pc[:, :1]).all(1)
        self.early[warps] &= ~met[:, None]

    def open_barriers(self):
        """Opens the barrier of blocks of which all warps have come."""
        waiting = self.barrier >= 0
        came = np.bincount(self.block[waiting], minlength=self.block.max() + 1)
        whole = came == self.program.threads // 32
        self.barrier[whole[self.block]] = -1
        self.opened |= whole.any()

    def complain(self):
        if self.early.any():
            at = self.pc[self.early].min()
            return f"{self.program.code[at].line}: lanes wait for others that do not come"
        return "warps wait at a barrier for others that do not come"

    # Asynchronous copies ----------------------------------------------------

    def add_copies(self, warps, mask, targets, values):
        """Copies words for each lane, now or when it waits for them."""
        lanes = np.arange(self.count * 32).reshape(-1, 32)[warps]
        select = np.ones(lanes.shape, bool) if mask is None else mask
        self.mark(self.uncommitted, warps, mask)
        lands = select & (self.random.random(lanes.shape) < 0.5)
        units = self.shared.data.view(U32).reshape(-1, values.shape[-1])
        units[targets[lands]] = values[lands]
        later = select & ~lands
        self.copies.append((lanes[later], targets[later], values[later],
                            self.committed[warps][later]))

    def commit_copies(self, warps, mask):
        self.mark(self.uncommitted, warps, mask, False)
        self.mark(self.committed, warps, mask, self.committed[warps] + 1)

    def wait_for_copies(self, warps, mask, groups):
        """Lands the copies of all but the last groups of each lane."""
        limit = np.full((self.count, 32), -1)
        self.mark(limit, warps, mask, self.committed[warps] - groups)
        limit = limit.reshape(-1)
        left = []
        for lanes, targets, values, group in self.copies:
            units = self.shared.data.view(U32).reshape(-1, values.shape[-1])
            lands = group < limit[lanes]
            units[targets[lands]] = values[lands]
            if not lands.all():
                left.append((lanes[~lands], targets[~lands], values[~lands], group[~lands]))
        self.copies = left


def run_program(program, memory, arguments, shared_bytes, blocks, seed=1, gangs=2):
    """Runs all blocks of a kernel. Each warp is a gang of its own with many gangs."""
    Launch(program, memory, arguments, shared_bytes, blocks, seed, gangs).run()


def run_kernel(text, entry, memory, arguments, shared_bytes, blocks, apart=False):
    """Runs all blocks of a kernel of a text.

    With `apart`, a warp runs until it has to wait before another one does, which
    finds barriers that are missing.
    """
    program = Program(text, entry)
    run_program(program, memory, arguments, shared_bytes, blocks, gangs=32 if apart else 2)
