# Makes functions with random buffers, and checks where --tile-plan-memory puts them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""random_buffers.py make SEED COUNT > X.mlir
random_buffers.py check COUNT < PLANNED.mlir

Each of COUNT graphs of calls has functions f0 to f3, which call later ones, and
kernels k0 to k2. What is checked needs no knowledge of how buffers are placed:

 * every buffer is aligned, and overlaps none that is in use at the same time;
 * no buffer could begin lower: it begins where the function's memory does, or
   where one ends that is in use at the same time;
 * memory of a function begins at the largest end of its callers, and has as many
   bytes as its buffers reach, for the largest argument that a caller passes;
 * what the function says it needs is the largest of all that it calls.
"""

import dataclasses
import random
import re
import sys

ALIGNMENT = 64
BUCKET = 3
ELEMENT_BYTES = {"i1": 1, "i8": 1, "bf16": 2, "f32": 4, "index": 8}
FUNCTIONS = [f"f{i}" for i in range(4)]
KERNELS = [f"k{i}" for i in range(3)]


class Maker:
    """Writes one function, op by op; `values` are names and types in scope."""

    def __init__(self, name, callees):
        self.name, self.callees = name, callees
        self.lines, self.values, self.count = [], [], 0

    def fresh(self, prefix):
        self.count += 1
        return f"%{prefix}{self.count}"

    def alloc(self, indent):
        name = self.fresh("b")
        if random.random() < 0.5:
            kind = f"memref<{random.randrange(1, 300)}x{random.choice(list(ELEMENT_BYTES))}>"
            self.lines.append(f"{indent}{name} = memref.alloc() : {kind}")
        else:
            kind, size = "memref<?x4xf32>", self.fresh("n")
            self.lines.append(f"{indent}{size} = arith.muli %t, %c{random.randrange(1, 9)} : index")
            self.lines.append(f"{indent}{name} = memref.alloc({size}) : {kind}")
        return name, kind

    def use(self, indent, value):
        name, kind = value
        at = "%c0, %c0" if "x4x" in kind else "%c0"
        self.lines.append(f"{indent}{self.fresh('l')} = memref.load {name}[{at}] : {kind}")

    def view(self, value):
        name, kind = value
        wide = re.sub(r"<\d+", "<?", kind)
        if kind != wide:
            view = self.fresh("v")
            self.lines.append(f"  {view} = memref.cast {name} : {kind} to {wide}")
            self.values.append((view, wide))

    def loop(self):
        """A loop with buffers of its own, which also reads one from outside."""
        self.lines.append(f"  scf.for {self.fresh('i')} = %c0 to %t step %c1 {{")
        inner = [self.alloc("    ") for _ in range(random.randrange(3))]
        for value in inner + random.sample(self.values, 1):
            self.use("    ", value)
        self.lines.append("  }")

    def carry(self, value):
        """A loop that hands a buffer on."""
        result, inner = self.fresh("r"), self.fresh("s")
        name, kind = value
        head = f"iter_args({inner} = {name}) -> ({kind})"
        self.lines.append(f"  {result} = scf.for {self.fresh('i')} = %c0 to %t step %c1 {head} {{")
        self.use("    ", (inner, kind))
        self.lines += [f"    scf.yield {inner} : {kind}", "  }"]
        self.values.append((result, kind))

    def call(self, callee):
        argument = random.choice([v for v in self.values if v[1] == "memref<?x4xf32>"])
        self.lines.append(f"  call @{callee}({argument[0]}) : (memref<?x4xf32>) -> ()")

    def make(self):
        visibility = "" if self.name.endswith("f0") else "private "
        self.values.append(("%x", "memref<?x4xf32>"))
        calls = list(self.callees)
        for left in range(random.randrange(8, 24), -1, -1):
            recent = random.choice(self.values[-5:])
            action = random.randrange(8)
            if action < 3:
                self.values.append(self.alloc("  "))
            elif action < 5:
                self.use("  ", recent)
            elif action == 5:
                random.choice([self.view, self.carry])(recent)
            elif action == 6:
                self.loop()
            while calls and (left == 0 or random.random() < 0.15):
                self.call(calls.pop())
        constants = [f"  %c{i} = arith.constant {i} : index" for i in range(9)]
        size = "  %t = memref.dim %x, %c0 : memref<?x4xf32>"
        head = f"func.func {visibility}@{self.name}(%x: memref<?x4xf32>)"
        kernel = "" if self.callees else ", tile.kernel"
        bucket = f"attributes {{tile.bucket = #tile.bucket<tokens = {BUCKET}>{kernel}}} {{"
        return "\n".join([f"{head} {bucket}", *constants, size, *self.lines, "  return", "}"])


def make(count):
    for graph in range(count):
        names = FUNCTIONS + KERNELS
        for i, name in enumerate(FUNCTIONS):
            callees = random.sample(names[i + 1 :], random.randrange(1, 4))
            print(Maker(f"g{graph}{name}", [f"g{graph}{c}" for c in callees]).make())
        for name in KERNELS:
            print(Maker(f"g{graph}{name}", []).make())


@dataclasses.dataclass
class Buffer:
    offset: int
    size: int
    rows: int
    first: int
    last: int

    @property
    def end(self):
        return self.offset + -(-self.size // ALIGNMENT) * ALIGNMENT

    def meets(self, other):
        return self.first <= other.last and other.first <= self.last


class Planned:
    """A function as the pass printed it, for the most rows of its argument."""

    def __init__(self, name, rows, arena, scratch, lines):
        self.name, self.rows, self.arena, self.scratch = name, rows, arena, scratch
        self.buffers, self.calls, self.sources = [], [], set()
        # Numbers that are known, and the buffers that a value may be a part of.
        self.numbers, self.parts = {}, {"%arg0": set()}
        self.at = 0
        for line in lines:
            self.at += len(line) - len(line.lstrip()) == 4 and line.strip() != "}"
            self.read(line.strip())

    def read(self, line):
        result, text = re.match(r"(?:(%\w+) = )?(.*)", line).groups()
        names = re.findall(r"%\w+", text)
        if match := re.match(r"arith.constant (\d+) : index", text):
            self.numbers[result] = int(match[1])
        elif text.startswith("memref.dim %arg0"):
            self.numbers[result] = self.rows
        elif text.startswith("arith.muli"):
            self.numbers[result] = self.numbers[names[0]] * self.numbers[names[1]]
        elif text.startswith("memref.view"):
            self.read_view(result, text)
        else:
            self.read_use(text, result, names)

    def read_view(self, result, text):
        source, shift, sizes, shape = re.match(
            r"memref.view (%\w+)\[(%\w+)\]\[(%?\w*)\] : memref<\?xi8> to memref<(.*)>", text
        ).groups()
        *dims, element = re.fullmatch(r"([\d?]+)x(?:(4)x)?(\w+)", shape).groups()
        dims = [dim for dim in dims if dim]
        dims = [self.numbers[sizes] if dim == "?" else int(dim) for dim in dims]
        size = ELEMENT_BYTES[element]
        for dim in dims:
            size *= dim
        self.sources.add(source)
        self.parts[result] = {len(self.buffers)}
        self.buffers.append(Buffer(self.numbers[shift], size, dims[0], self.at, self.at))

    def read_use(self, text, result, names):
        # Names come again in other loops; what is loaded is no part of a buffer.
        carried = re.findall(r"iter_args\((%\w+) =", text)
        used = set().union(*(self.parts.get(name, set()) for name in names if name not in carried))
        for index in used:
            self.buffers[index].last = self.at
        for name in carried + [result]:
            self.parts[name] = set() if text.startswith("memref.load") else used
        if match := re.match(r"call @(\w+)\((%\w+), %arg1, %arg2\)", text):
            rows = [self.buffers[index].rows for index in self.parts[match[2]]]
            self.calls.append((match[1], max(rows, default=self.rows)))


def check_buffers(function, base):
    """Returns the end of the buffers of a function whose memory begins at `base`."""
    for number, buffer in enumerate(function.buffers):
        where = f"{function.name}: buffer {number}, {buffer}"
        assert buffer.offset >= base and buffer.offset % ALIGNMENT == 0, where
        others = [b for b in function.buffers if b is not buffer and buffer.meets(b)]
        for other in others:
            assert buffer.end <= other.offset or other.end <= buffer.offset, f"{where} overlaps {other}"
        starts = {base} | {other.end for other in others}
        assert buffer.offset in starts, f"{where} could begin lower"
    return max((buffer.end for buffer in function.buffers), default=base)


def check_graph(headers):
    """Checks functions in an order in which callers come first."""
    rows, bases, functions, ends = {}, {}, {}, {}
    for name, arena, scratch, lines in headers:
        is_kernel = "k" in name
        base = 0 if is_kernel else bases.get(name, 0)
        function = Planned(name, rows.get(name, BUCKET), arena, scratch, lines)
        assert function.sources <= {"%arg2" if is_kernel else "%arg1"}, f"{name}: {function.sources}"
        functions[name], ends[name] = function, check_buffers(function, base)
        for callee, passed in function.calls:
            rows[callee] = max(rows.get(callee, 0), passed)
            bases[callee] = max(bases.get(callee, 0), ends[name])
    needs = {}
    for name in reversed(functions):
        own = (0, ends[name]) if "k" in name else (ends[name], 0)
        parts = [own] + [needs[callee] for callee, _ in functions[name].calls]
        needs[name] = tuple(max(part) for part in zip(*parts))
        said = functions[name].arena, functions[name].scratch
        assert needs[name] == said, f"{name} needs {needs[name]}, but says {said}"
    return sum(len(function.buffers) for function in functions.values())


def check(count):
    pattern = r"func.func (?:private )?@(\w+)\([^\n]*arena = (\d+), scratch = (\d+)>\} \{\n(.*?)\n  \}\n"
    graphs = {}
    for name, arena, scratch, body in re.findall(pattern, sys.stdin.read(), re.S):
        graphs.setdefault(name[:-2], []).append((name, int(arena), int(scratch), body.split("\n")))
    assert len(graphs) == count, f"{len(graphs)} graphs"
    buffers = sum(check_graph(headers) for headers in graphs.values())
    assert buffers > 20 * count, f"{buffers} buffers"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        random.seed(int(sys.argv[2]))
        make(int(sys.argv[3]))
    else:
        check(int(sys.argv[2]))
