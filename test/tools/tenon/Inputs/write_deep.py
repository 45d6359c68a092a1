# Writes modules that nest deep, and some that only look so.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""write_deep.py FOLDER DEPTH"""

import pathlib
import sys

folder, depth = pathlib.Path(sys.argv[1]), int(sys.argv[2])


def attribute(text, before=""):
    return f"{before}module attributes {{test.a = {text}}} {{}}\n"


def nested(first, inner, last, count=depth):
    return first * count + inner + last * count


def aliases(sign, first, rest):
    lines = [f"{sign}a0 = {first}\n"]
    lines += [f"{sign}a{i} = {rest.format(f'{sign}a{i - 1}')}\n" for i in range(1, depth)]
    return "".join(lines)


files = {
    "list": attribute(nested("[", "", "]")),
    "dict": attribute(nested("{b = ", "1", "}")),
    "regions": nested("module { ", "", " }") + "\n",
    "tuple": f"func.func private @f() -> {nested('tuple<', 'i32', '>')}\n",
    "map": attribute(f"affine_map<(d0) -> ({nested('(', 'd0', ')')})>"),
    "call": f'module {{}} loc({nested("callsite(unknown at ", "unknown", ")")})\n',
    "open": attribute("[" * depth),
    "mixed": attribute(nested("[{b = ", "1", "}]")),
    "signs": attribute(f"affine_map<(d0) -> ({'- ' * depth}d0)>"),
    "types": aliases("!", "tuple<i32>", "tuple<{}>")
    + f"func.func private @f() -> !a{depth - 1}\n",
    "attributes": attribute(f"#a{depth - 1}", aliases("#", "[]", "[{}]")),
    "flat": attribute("[" + ", ".join(["[1]"] * depth) + "]")
    + attribute('"' + "[" * depth + '\\"' + "{" * depth + '"')
    + "// "
    + "(" * depth
    + "\n"
    + attribute(f"affine_map<(d0) -> ({' + '.join(['d0'] * 300)})>")
    + "".join(f"func.func private @f{i}() -> ()\n" for i in range(300))
    + attribute("affine_set<(d0) : (" + ", ".join(["d0 >= 0"] * 300) + ")>")
    + attribute("[" + ", ".join(["-1"] * depth) + "]"),
    "limit": attribute("\n" + nested("[", "", "]", 255)),
    "beyond": attribute("\n" + nested("[", "", "]", 257)),
    "split": "// -----\n".join(
        attribute(nested("[", "", "]", 200), f"#a{i} = [[]]\n") for i in range(5)
    ),
}
for name, text in files.items():
    (folder / f"{name}.mlir").write_text(text)
