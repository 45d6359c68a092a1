# Compares inputs that tenon-run makes of short texts with what TestInputs.h promises.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_inputs.py TENON_RUN FOLDER

Functions give back their arguments, which are written to files of NumPy and read here.
"""

import pathlib
import subprocess
import sys

import numpy as np

STEP_TYPES = ["?xi32"] * 4 + ["?x4xi32", "2x?x?x3xf32", "2x?x?x3xf32", "?x9xf32"]
ROLES = ["tokens", "positions", "slots", "rows", "blocks", "cache", "cache", "logits"]


class Tool:
    def __init__(self, tool, folder):
        self.tool, self.folder = tool, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.wrong = 0

    def run(self, types, *options):
        """What a function of these types gets, as arrays, or None if it is refused."""
        types = [t if t in ("index", "f32") else f"tensor<{t}>" for t in types]
        names = [f"%a{i}" for i in range(len(types))]
        roles = [f" {{tenon.role = #tenon.role<{role}>}}" for role in ROLES]
        if len(types) != len(ROLES):
            roles = [""] * len(types)
        arguments = ", ".join(f"{n}: {t}{r}" for n, t, r in zip(names, types, roles))
        module = self.folder / "echo.mlir"
        module.write_text(
            f"func.func @main({arguments}) -> ({', '.join(types)}) {{\n"
            f"  return {', '.join(names)} : {', '.join(types)}\n}}\n"
        )
        files = [self.folder / f"{i}.npy" for i in range(len(types))]
        outputs = [f"--output={file}" for file in files]
        command = [self.tool, module, *options, *outputs]
        done = subprocess.run(command, stderr=subprocess.DEVNULL)
        # What is refused has a message; a crash is none.
        self.expect(f"code {done.returncode} of {options}", done.returncode in (0, 1))
        return None if done.returncode else [np.load(file) for file in files]

    def expect(self, what, good):
        if not good:
            print(f"wrong: {what}")
            self.wrong += 1

    def equal(self, what, got, want):
        good = got is not None and np.array_equal(got, np.array(want), equal_nan=True)
        self.expect(f"{what}: expects {want}, but got {got}", good)


def list_step(tokens, starts, slots, block, all_rows):
    """Parts of a step by the comment of StepPlan."""
    positions, of_slot, rows, blocks, row = [], [], [], [], 0
    for i, (count, start) in enumerate(zip(tokens, starts)):
        slot = slots - 1 - i
        positions += range(start, start + count)
        of_slot += [slot] * count
        wanted = range(count) if all_rows else range(count - 1, count) if count else []
        rows += [row + at for at in wanted]
        for at in range(0, count, block):
            blocks.append([row + at, min(block, count - at), slot, start + at])
        row += count
    return positions, of_slot, rows, np.array(blocks, int).reshape(-1, 4)


STEPS = [
    ("", (1,), (0,), 1, 4, False, 4),
    ("tokens:5+2,start:3+0", (5, 2), (3, 0), 2, 4, False, 11),
    ("tokens:9,block:3,rows:all,slots:4", (9,), (0,), 4, 3, True, 12),
    (
        "tokens:1+1+1,start:4+7,slots:3,context:20",
        (1, 1, 1),
        (4, 7, 0),
        3,
        4,
        False,
        20,
    ),
    (
        "tokens:4+0+8,start:1+2+0,block:4,rows:last",
        (4, 0, 8),
        (1, 2, 0),
        3,
        4,
        False,
        11,
    ),
    ("tokens:7,start:2,block:1,seed:9", (7,), (2,), 1, 1, False, 12),
]


def check_steps(tool):
    for text, tokens, starts, slots, block, all_rows, context in STEPS:
        got = tool.run(STEP_TYPES, f"--step={text}")
        want = list_step(tokens, starts, slots, block, all_rows)
        tool.expect(f"{text} is read", got is not None)
        if got is None:
            continue
        for name, part, list_ in zip(
            ("positions", "slots", "rows", "blocks"), got[1:], want
        ):
            tool.equal(f"{name} of {text}", part, list_)
        tool.expect(f"tokens of {text}", len(got[0]) == sum(tokens) and
                    (got[0] >= 0).all() and (got[0] < 32).all())  # fmt: skip
        for cache in got[5:7]:
            tool.equal(f"cache of {text}", cache.shape, (2, slots, context, 3))
            tool.expect("numbers of a cache", np.abs(cache).max() <= 1)
        tool.expect("each cache has numbers of its own", not np.array_equal(*got[5:7]))
        tool.equal(f"logits of {text}", got[7], np.full((len(want[2]), 9), np.nan))
    for text in ("tokens:4,slots:0,context:3", "tokens:1+1,slots:1", "block:0", "tokens:-1",
                 "vocabulary:0", "words:3", "rows:some", "slots:1+2", "tokens:3,rows:3",
                 "tokens:3,ids:1+2", "tokens:3,start:1+2", "tokens:1+1,slot:0+0",
                 "tokens:1,slot:0+1", "tokens:"):  # fmt: skip
        tool.expect(
            f"{text} is refused", tool.run(STEP_TYPES, f"--step={text}") is None
        )


def check_random(tool):
    """Seeds give numbers of their own, and the numbers fill their range."""
    types = STEP_TYPES[:1] + ["100x100xf32", "5x?xf32"]
    options = ["--input=tokens", "--input=seed:7", "--input=seed:7", "--dims=3"]

    def draw(step):
        return tool.run(types, f"--step=tokens:400,vocabulary:5,seed:{step}", *options)

    first, again, other = draw(1), draw(1), draw(2)
    tool.equal("tokens of all numbers", np.unique(first[0]), np.arange(5))
    tool.expect("a seed gives the same tokens", np.array_equal(first[0], again[0]))
    tool.expect("another seed gives others", not np.array_equal(first[0], other[0]))
    numbers = first[1].ravel()
    tool.expect("numbers are from -1 to 1", -1 <= numbers.min() and numbers.max() <= 1)
    # 10^4 uniform numbers: the mean deviates by 1 / sqrt(3 10^4), and none of 10^4 lies
    # in a given part of 1/100 with a chance of e^-100.
    spread = 6 / np.sqrt(3e4)
    tool.expect("numbers around 0", abs(numbers.mean()) < spread)
    tool.expect(
        "numbers up to the ends", numbers.min() < -0.98 and numbers.max() > 0.98
    )
    tool.equal("a shape of dims", first[2].shape, (5, 3))


def check_texts(tool):
    got = tool.run(
        ["?x3xf32", "?xi32", "2x2xf32", "4xi32", "?xi32", "2xf32", "index", "f32", "?x?x2xf32",
         "?x?xf32", "3xbf16"],
        "--input=floats:1,2.5,-3,4,5,6", "--input=iota:4", "--input=fill:3", "--input=zeros",
        "--input=ints:1,-2,3", "--input=unwritten", "--input=ints:-5", "--input=floats:0.1",
        "--input=zeros@1x4x2", "--input=fill:-1.5", "--input=floats:1.01,2,0.3",
        "--dims=2,3",
    )  # fmt: skip
    want = [
        [[1, 2.5, -3], [4, 5, 6]], [0, 1, 2, 3], np.full((2, 2), 3), [0] * 4, [1, -2, 3],
        [np.nan] * 2, -5, np.float32(0.1), np.zeros((1, 4, 2)), np.full((2, 3), -1.5),
        np.array([1 + 2.0**-7, 2, 0.30078125]),
    ]  # fmt: skip
    for i, value in enumerate(want):
        tool.equal(f"input {i}", got[i], value)
    kinds = "".join(array.dtype.kind for array in got)
    tool.expect(f"kinds of elements: {kinds}", kinds == "fifiififfff")
    for text, type_ in (("ints:1,2", "3xi32"), ("ints:1,2", "?xf32"), ("floats:1,x", "2xf32"), ("iota:x", "?xi32"),
                        ("zeros@2xx", "?x?xf32"), ("zeros@-1", "?xf32")):  # fmt: skip
        tool.expect(f"{text} is refused", tool.run([type_], f"--input={text}") is None)


def check_files(tool):
    """Every type of a file as every kind of element."""
    numbers = np.array([[1.5, -2.25, 3e-9], [0.1, 2**20 + 0.5, -0.0]])
    whole = np.array([[1, -2, 3], [2**31 - 1, -(2**31), 0]])
    for dtype in ("<f4", "<f8"):
        file = tool.folder / "in.npy"
        np.save(file, numbers.astype(dtype))
        got = tool.run(["?x3xf32"], f"--input={file}")[0]
        tool.equal(f"{dtype} as f32", got, numbers.astype("<f4"))
        tool.expect(
            f"{dtype} as integers", tool.run(["?x3xi32"], f"--input={file}") is None
        )
    for dtype in ("<i4", "<i8"):
        np.save(file, whole.astype(dtype))
        got = tool.run(["2x?xi32"], f"--input={file}")[0]
        tool.equal(f"{dtype} as i32", got, whole)
        tool.equal("four bytes", got.dtype.itemsize, 4)
        got = tool.run(["2x?xi64"], f"--input={file}")[0]
        tool.equal(f"{dtype} as i64", got, whole)
        tool.equal("eight bytes", got.dtype.itemsize, 8)
        got = tool.run(["2x?xi8"], f"--input={file}")[0]
        tool.equal(f"{dtype} as i8", got, whole.astype("i1"))
        tool.expect(
            f"{dtype} as floats", tool.run(["?x3xf32"], f"--input={file}") is None
        )
    # An index has eight bytes, too.
    got = tool.run(["index", "?xindex"], "--input=ints:5", f"--input=ints:{2**40},-1")
    tool.equal("an index", got[0], 5)
    tool.equal("indices", got[1], [2**40, -1])
    # Headers whose length has four bytes, in two versions of the format.
    for version in ((2, 0), (3, 0)):
        with open(file, "wb") as stream:
            np.lib.format.write_array(stream, whole.astype("<i4"), version)
        tool.equal(
            f"version {version}", tool.run(["?x3xi32"], f"--input={file}")[0], whole
        )
    np.save(file, np.float32(7))
    tool.equal("no dimensions", tool.run(["f32"], f"--input={file}")[0], np.float32(7))
    np.save(file, np.zeros((0, 3), "<f4"))
    tool.equal("no rows", tool.run(["?x3xf32"], f"--input={file}")[0], np.zeros((0, 3)))
    for name, array in (
        ("turned", np.asfortranarray(numbers)),
        ("short", whole.astype("<i2")),
    ):
        np.save(file, array)
        refused = tool.run(
            ["?x3xf64" if name == "turned" else "?x3xi32"], f"--input={file}"
        )
        tool.expect(f"{name} is refused", refused is None)
    np.save(file, numbers)
    data = file.read_bytes()
    for name, wrong in (
        ("cut", data[:-1]),
        ("long", data + b"\0"),
        ("other", b"x" + data[1:]),
    ):
        file.write_bytes(wrong)
        tool.expect(
            f"{name} is refused", tool.run(["?x3xf32"], f"--input={file}") is None
        )


def main(program, folder):
    tool = Tool(program, folder)
    check_steps(tool)
    check_random(tool)
    check_texts(tool)
    check_files(tool)
    return 1 if tool.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
