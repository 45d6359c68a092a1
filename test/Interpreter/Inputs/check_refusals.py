# Tries the last index that an op may have, and those beside the first and the last one.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_refusals.py TENON_RUN FOLDER

A case is a function of one index. `Range` says which values it takes: both ends must be
executed, and what lies next to them must be refused with the rule and the value."""

import dataclasses
import pathlib
import re
import subprocess
import sys

WEIGHTS = """
tenon.weight @table "t" : !tenon.weight<5x4, <f32>>
tenon.weight @stack "s{l}" layers [0, 1, 2] : !tenon.weight<3x5x4, <f32>>
tenon.weight @panels "p" : !tenon.weight<3x20x4, <f32>, <16x1>>
tenon.weight @sinks "k" : !tenon.weight<5, <f32>>
tenon.weight @gate "g" : !tenon.weight<4x3x2, <f32>>
tenon.weight @down "d" : !tenon.weight<4x2x3, <f32>>
tenon.weight @expand "e" : !tenon.weight<3x2, <f32>>
#rope = #tenon.rope<dims = 4, pairing = half, theta = 1.0e4 : f64>
tenon.rope_table @angles #rope positions 300 : !tenon.weight<258x4, <f32>>
"""


@dataclasses.dataclass
class Range:
    what: str
    first: int
    last: int
    body: str

    @property
    def rule(self):
        return f"expects {self.what} from {self.first} to {self.last}, but got "


@dataclasses.dataclass
class Rule:
    """Values that are executed, and others that break a rule in words of its own."""

    rule: str
    good: list
    bad: list
    body: str


PLACE = """  %i32 = arith.index_cast %i : index to i32
  %one = tensor.from_elements %i32 : tensor<1xi32>
  %list = tensor.cast %one : tensor<1xi32> to tensor<?xi32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %z0 = arith.constant dense<0> : tensor<1xi32>
  %zero = tensor.cast %z0 : tensor<1xi32> to tensor<?xi32>
  %block0 = arith.constant dense<[[0, 1, 0, 0]]> : tensor<1x4xi32>
  %block = tensor.cast %block0 : tensor<1x4xi32> to tensor<?x4xi32>
  %x = arith.constant dense<1.0> : tensor<6x4xf32>
  %row = arith.constant dense<1.0> : tensor<1x4xf32>
"""


def use(symbol, type_):
    return f"  %w = tenon.weight_ref @{symbol} : {type_}\n"


def with_cache(layer="%c0", positions="%zero", slots="%zero", blocks="%block"):
    """An attention over 2 layers, 3 slots and 7 positions."""
    return f"""  %cache = arith.constant dense<1.0> : tensor<2x3x7x4xf32>
  %q = arith.constant dense<1.0> : tensor<1x2x4xf32>
  %y = tenon.attention %q, %cache[{layer}] at {positions} in {slots} blocks {blocks} scale 1.0
    mask <causal> value_first 2 : tensor<1x2x4xf32>, tensor<2x3x7x4xf32>, tensor<?xi32>,
    tensor<?x4xi32> -> tensor<1x2x2xf32>
"""


def with_latent(layer="%c0", positions="%zero", slots="%zero"):
    return use("expand", "!tenon.weight<3x2, <f32>>") + f"""
  %cache = arith.constant dense<1.0> : tensor<2x3x7x3xf32>
  %q = arith.constant dense<1.0> : tensor<1x1x2xf32>
  %y = tenon.mla_attention %q, %cache[{layer}], %w at {positions} in {slots} blocks %block nope 1
    scale 1.0 mask <causal> : tensor<1x1x2xf32>, tensor<2x3x7x3xf32>,
    !tenon.weight<3x2, <f32>>, tensor<?xi32>, tensor<?x4xi32> -> tensor<1x1x2xf32>
"""


def with_block(first="%zero32", count="%one32", slot="%zero32", position="%zero32"):
    return f"""  %zero32 = arith.constant 0 : i32
  %one32 = arith.constant 1 : i32
  %b = tensor.from_elements {first}, {count}, {slot}, {position} : tensor<1x4xi32>
  %mine = tensor.cast %b : tensor<1x4xi32> to tensor<?x4xi32>
""" + with_cache(blocks="%mine")


def update(layer="%c0", positions="%zero", slots="%zero"):
    return f"""  %cache = arith.constant dense<1.0> : tensor<2x3x7x4xf32>
  %y = tenon.cache_update %row into %cache[{layer}] at {positions} in {slots}
    : tensor<1x4xf32> into tensor<2x3x7x4xf32>, tensor<?xi32>
"""


def contract(at="%c0, %c0", count="%c1", order="", matrix="%c0", panel="%c0", wide=4):
    return use("panels", "!tenon.weight<3x20x4, <f32>, <16x1>>") + f"""
  %in = arith.constant dense<1.0> : tensor<6x{wide}xf32>
  %o = arith.constant dense<[0, 11, 2, 3]> : tensor<4xi32>
  %e = tensor.empty() : tensor<3x16xf32>
  %y = tile.contract %in[{at}] along 0 count {count} {order}, %w[{matrix}] panel {panel} into %e
    : tensor<6x{wide}xf32>, !tenon.weight<3x20x4, <f32>, <16x1>> into tensor<3x16xf32>
    -> tensor<3x16xf32>
"""


def attend(rows="%c3", key="%c0, %c0, %c0", value="%c0, %c0", count="%c2"):
    return f"""  %q = arith.constant dense<1.0> : tensor<4x4xf32>
  %k = arith.constant dense<1.0> : tensor<6x3x4xf32>
  %v = arith.constant dense<1.0> : tensor<6x2xf32>
  %a = arith.constant dense<0.0> : tensor<4x2xf32>
  %m = arith.constant dense<0.0> : tensor<4xf32>
  %y:3 = tile.online_attention %q rows {rows}, %k[{key}] along 0, %v[{value}] along 0 keys 4 first %c0
    count {count} at %c0 of %c3 heads 2 scale 1.0 into %a, %m, %m
    : tensor<4x4xf32>, tensor<6x3x4xf32>, tensor<6x2xf32> into tensor<4x2xf32>, tensor<4xf32>,
    tensor<4xf32> -> tensor<4x2xf32>, tensor<4xf32>, tensor<4xf32>
"""


def combine(place="%one2", token="%c0", tile=True):
    begin = f"""  %p = arith.constant dense<0> : tensor<2x1xi32>
  %one2 = tensor.expand_shape %one [[0, 1]] output_shape [1, 1] : tensor<1xi32> into tensor<1x1xi32>
  %f = arith.constant dense<1.0> : tensor<{2 if place == '%p' else 1}x1xf32>
"""
    type_ = f"tensor<{2 if place == '%p' else 1}x1x"
    if tile:
        return begin + f"""
  %y = tile.moe_combine %x, {place}, %f of {token} into %row : tensor<6x4xf32>, {type_}i32>,
    {type_}f32> into tensor<1x4xf32> -> tensor<1x4xf32>
"""
    return begin + f"""
  %y = tenon.moe_combine %x, {place}, %f init %row : tensor<6x4xf32>, {type_}i32>, {type_}f32>,
    tensor<1x4xf32>
"""


CHOICE = """  %choice = tensor.expand_shape %one [[0, 1]] output_shape [1, 1]
    : tensor<1xi32> into tensor<1x1xi32>
"""
GROUPED = use("gate", "!tenon.weight<4x3x2, <f32>>")

CASES = {
    "kind": Range("a layer", 0, 4, "  %k = tenon.kind %i in <0 x 3, 1 x 2>\n"),
    "ordinal": Range("a layer", 0, 4, "  %k = tenon.ordinal %i in <0 x 3, 1 x 2>\n"),
    "use": Range("an index", 0, 2, "  %w = tenon.weight_ref @stack[%i] : !tenon.weight<5x4, <f32>>\n"),
    "embedding": Range("a token", 0, 4, use("table", "!tenon.weight<5x4, <f32>>") + """
  %y = tenon.embedding %list, %w : tensor<?xi32>, !tenon.weight<5x4, <f32>> -> tensor<?x4xf32>
"""),
    "embed": Range("a token", 0, 4, use("table", "!tenon.weight<5x4, <f32>>") + """
  %y = tile.embed %i, %w into %row : !tenon.weight<5x4, <f32>> into tensor<1x4xf32> -> tensor<1x4xf32>
"""),
    "gather": Range("a row", 0, 5, """
  %y = tenon.gather_rows %x, %list : tensor<6x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
"""),
    "update_layer": Range("a layer", 0, 1, update(layer="%i")),
    "update_slot": Range("a slot", 0, 2, update(slots="%list")),
    "update_position": Range("a position", 0, 6, update(positions="%list")),
    "attention_layer": Range("a layer", 0, 1, with_cache(layer="%i")),
    "attention_slot": Rule("a slot from 0 to 2|blocks to agree", [0], [-1, 1, 3],
                           with_cache(slots="%list")),
    "attention_position": Rule("a position from 0 to 6|blocks to agree", [0], [-1, 1, 7],
                               with_cache(positions="%list")),
    "latent_layer": Range("a layer", 0, 1, with_latent(layer="%i")),
    "latent_slot": Rule("a slot from 0 to 2|blocks to agree", [0], [-1, 1, 3],
                        with_latent(slots="%list")),
    "block_first": Rule("blocks to agree", [0], [-1, 1], with_block(first="%i32")),
    "block_count": Rule("blocks to (agree|cover every row)", [1], [0, 2], with_block(count="%i32")),
    "block_slot": Rule("blocks to agree", [0], [-1, 1], with_block(slot="%i32")),
    "block_position": Rule("blocks to agree", [0], [-1, 1], with_block(position="%i32")),
    "contract_count": Range("a count", 1, 3, contract(count="%i")),
    "contract_row": Range("an index", 0, 5, contract(at="%i, %c0")),
    "contract_rows": Rule("an index from 0 to 5", [0, 3], [4, 5], contract(at="%i, %c0", count="%c3")),
    "contract_column": Rule("the last column from 0 to 6|an index", [0, 3], [-1, 4],
                            contract(at="%c0, %i", wide=7)),
    "contract_matrix": Range("a matrix", 0, 2, contract(matrix="%i")),
    "contract_panel": Rule("a panel from 0, but got -1", [0, 1, 9], [-1], contract(panel="%i")),
    "contract_order": Rule("a row from 0 to 3", [0, 2], [-1, 3], contract(
        at="%i, %c0", count="%c2", order="rows %o : tensor<4xi32> choices 2")),
    "contract_token": Rule("an index from 0 to 5", [0, 11], [-2, 12], contract(
        at="%c0, %c0", order="rows %list : tensor<?xi32> choices 2")),
    "attend_rows": Range("rows", 0, 4, attend(rows="%i")),
    "attend_count": Range("a count", 0, 4, attend(count="%i")),
    "attend_key": Rule("an index from 0 to 5", [0, 4], [-1, 5], attend(key="%i, %c0, %c0")),
    "attend_head": Range("an index", 0, 2, attend(key="%c0, %i, %c0")),
    "attend_column": Rule("an index from 0 to 3", [0], [-1, 1], attend(key="%c0, %c0, %i")),
    "attend_value": Rule("an index from 0 to 5", [0, 4], [-1, 5], attend(value="%i, %c0")),
    "attend_value_column": Rule("an index from 0 to 1", [0], [-1, 1], attend(value="%c0, %i")),
    "finish_head": Rule("a head from 0 to 4", [0, 3], [-1, 4], use("sinks", "!tenon.weight<5, <f32>>") + """
  %m = arith.constant dense<1.0> : tensor<6xf32>
  %y = tile.attention_finish %m, %m sinks %w : !tenon.weight<5, <f32>> from %i heads 2 into %x
    : tensor<6xf32>, tensor<6xf32> into tensor<6x4xf32> -> tensor<6x4xf32>
"""),
    "rope": Range("a position", 0, 511, use("angles", "!tenon.weight<258x4, <f32>>") + """
  %y = tile.rope %row at %i first #rope, %w into %row : tensor<1x4xf32>,
    !tenon.weight<258x4, <f32>> into tensor<1x4xf32> -> tensor<1x4xf32>
"""),
    "combine_place": Range("a place", 0, 5, combine(tile=False)),
    "tile_place": Range("a place", 0, 5, combine()),
    "tile_token": Range("a token", 0, 1, combine(place="%p", token="%i")),
    "group": Range("an expert", 0, 3, CHOICE + """
  %y:3 = tenon.moe_dispatch %choice : tensor<1x1xi32> -> tensor<?xi32>, tensor<1x1xi32>, tensor<5xi32>
"""),
    "experts": Range("an expert", 0, 3, CHOICE + GROUPED + """
  %d = tenon.weight_ref @down : !tenon.weight<4x2x3, <f32>>
  %in = arith.constant dense<1.0> : tensor<1x2xf32>
  %f = arith.constant dense<1.0> : tensor<1x1xf32>
  %y = tenon.experts relu %in, %choice, %f, %w, %w, %d : tensor<1x2xf32>, tensor<1x1xi32>,
    tensor<1x1xf32>, !tenon.weight<4x3x2, <f32>>, !tenon.weight<4x3x2, <f32>>, !tenon.weight<4x2x3, <f32>>
"""),
    "grouped_token": Range("a token", 0, 1, GROUPED + """
  %in = arith.constant dense<1.0> : tensor<2x2xf32>
  %at = arith.constant dense<[0, 0, 1, 1, 1]> : tensor<5xi32>
  %y = tenon.grouped_linear %in rows %list : tensor<?xi32> choices 1 of %at, %w : tensor<2x2xf32>,
    tensor<5xi32>, !tenon.weight<4x3x2, <f32>> -> tensor<?x3xf32>
"""),
    "grouped_rows": Rule("agree on rows", [2], [1, 3], GROUPED + """
  %in = arith.constant dense<1.0> : tensor<2x2xf32>
  %z = arith.constant 0 : i32
  %at = tensor.from_elements %z, %z, %z, %z, %i32 : tensor<5xi32>
  %y = tenon.grouped_linear %in of %at, %w : tensor<2x2xf32>, tensor<5xi32>,
    !tenon.weight<4x3x2, <f32>> -> tensor<?x3xf32>
"""),
    "extract": Range("an index", 0, 5, "  %y = tensor.extract %x[%i, %c3] : tensor<6x4xf32>\n"),
    "insert": Range("an index", 0, 3, """
  %f = arith.constant 1.0 : f32
  %y = tensor.insert %f into %x[%c0, %i] : tensor<6x4xf32>
"""),
    "dim": Range("a dimension", 0, 1, "  %y = tensor.dim %x, %i : tensor<6x4xf32>\n"),
    "slice_offset": Rule("a slice inside of dimension 0 of 6", [0, 3], [-1, 4], """
  %y = tensor.extract_slice %x[%i, 0] [2, 4] [2, 1] : tensor<6x4xf32> to tensor<2x4xf32>
"""),
    "slice_size": Rule("a slice inside of dimension 0 of 6", [0, 4], [-1, 5], """
  %y = tensor.extract_slice %x[2, 0] [%i, 4] [1, 1] : tensor<6x4xf32> to tensor<?x4xf32>
"""),
    "insert_slice": Rule("a slice inside of dimension 0 of 6", [0, 5], [-1, 6], """
  %y = tensor.insert_slice %row into %x[%i, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<6x4xf32>
"""),
    "empty": Rule("dimensions that are not negative", [0, 2], [-1], "  %y = tensor.empty(%i) : tensor<?xf32>\n"),
    "elements": Rule("at most 2.28 elements", [0, 3], [2**28, 2**60], "  %y = tensor.empty(%i) : tensor<?x2xf32>\n"),
    "for": Rule("a positive step", [1, 3], [0, -1], """
  scf.for %j = %c0 to %c3 step %i {
  }
"""),
    "forall": Rule("a positive step", [1, 3], [0, -1], """
  %y = scf.forall (%j) = (0) to (3) step (%i) shared_outs(%o = %row) -> (tensor<1x4xf32>) {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %row into %o[0, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x4xf32>
    }
  }
"""),
    "map": Rule("divides by a number that is not positive", [1, 2], [0, -1],
                "  %y = affine.apply affine_map<()[s0] -> (7 floordiv s0)>()[%i]\n"),
    "tokens": Rule("agree on tokens", [1], [0, 2], """
  %p = tensor.splat %i32[%i] : tensor<?xi32>
  %y = tenon.rope %row at %p first #rope : tensor<1x4xf32>, tensor<?xi32>
"""),
}  # fmt: skip


def good_and_bad(case):
    if isinstance(case, Rule):
        return case.good, case.bad
    return [case.first, case.last], [case.first - 1, case.last + 1]


def write_module(path):
    """A function for each case, and one that executes all good values."""
    lines = [WEIGHTS]
    for name, case in CASES.items():
        lines.append(
            f"func.func @{name}(%i: index) {{\n{PLACE}{case.body}  return\n}}\n"
        )
    lines.append("func.func @good() {\n")
    for name, case in CASES.items():
        for at, value in enumerate(good_and_bad(case)[0]):
            lines.append(f"  %{name}{at} = arith.constant {value} : index\n")
            lines.append(f"  func.call @{name}(%{name}{at}) : (index) -> ()\n")
    path.write_text("".join([*lines, "  return\n}\n"]))


def main(tool, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    module = folder / "refusals.mlir"
    write_module(module)
    wrong = subprocess.run([tool, module, "--entry=good"]).returncode
    for name, case in CASES.items():
        for value in good_and_bad(case)[1]:
            command = [tool, module, f"--entry={name}", f"--input=ints:{value}"]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            said = done.returncode == 1 and re.search(case.rule, done.stderr)
            if isinstance(case, Range) and said:
                said = f"but got {value}" in done.stderr
            if not said:
                wrong += 1
                print(f"{name} of {value}: {done.stderr.strip() or 'is executed'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
