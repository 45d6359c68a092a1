"""Kernels of single operations, with formulas of what they compute."""

import dataclasses
from typing import Callable

import numpy as np

from ptx_machine import bf16_to_f32, f32_to_bf16

CASES = []


def round_bf16(values):
    """Rounds to the nearest bf16."""
    return bf16_to_f32(f32_to_bf16(np.asarray(values, np.float32))).astype(np.float64)


@dataclasses.dataclass
class Tensor:
    """An operand in plain order."""
    name: str
    type: str
    dtype: str = "f32"

    @property
    def dynamic(self):
        sizes = self.type[self.type.index("<") + 1:].split("x")
        return [i for i, size in enumerate(sizes) if size == "?"]

    def pack(self, value):
        if self.dtype == "bf16":
            return f32_to_bf16(value).astype(np.uint16)
        return np.asarray(value, {"f32": np.float32, "i32": np.int32}[self.dtype])

    def unpack(self, array):
        return bf16_to_f32(array) if self.dtype == "bf16" else array

    def value(self, array):
        """The numbers that it holds, in double precision."""
        return np.asarray(self.unpack(self.pack(array)), np.float64)


@dataclasses.dataclass
class Index:
    name: str
    type: str = "index"


FORMATS = {  # bytes of a code, columns of a scale, offset
    "f32": ("<f32>", 4, 0, False), "bf16": ("<bf16>", 2, 0, False),
    "f16": ("<f16>", 2, 0, False),
    "f8": ("<f8E4M3FN, scale f32 per 128x128>", 1, 128, False),
    "i8": ("<i8, scale f32 per 1x32>", 1, 32, False),
    "i8o": ("<i8, scale f32 per 1x32, offset>", 1, 32, True),
    "i8s": ("<i8, scale f32 per 1x16>", 1, 16, False),
}


@dataclasses.dataclass
class Panels:
    """A matrix, or a stack of matrices, in panels of 16 rows."""
    name: str
    shape: tuple
    format: str
    pair: bool = False
    dynamic = ()

    @property
    def type(self):
        text, size, _, _ = FORMATS[self.format]
        shape = "x".join(map(str, self.shape))
        return f"!tenon.weight<{shape}, {text}, <16x{4 // size}{', pair' if self.pair else ''}>>"

    def make(self, rng):
        """Codes, scales and offsets of every element."""
        if self.format.startswith("i8"):
            codes = rng.integers(-128, 128, self.shape).astype(np.float64)
        elif self.format == "f8":
            codes = decode_f8(rng.integers(0, 256, self.shape))
        else:
            codes = rng.standard_normal(self.shape)
            codes = (round_bf16(codes) if self.format == "bf16"
                     else codes.astype({"f16": np.float16, "f32": np.float32}[self.format]))
        _, _, columns, offset = FORMATS[self.format]
        groups = -(-self.shape[-1] // columns) if columns else 1
        rows = self.shape[:-1]
        scales = rng.uniform(0.01, 0.02, rows + (groups,)).astype(np.float32)
        if self.format == "f8":  # 128 rows share a scale
            scales[:] = scales[..., :1, :]
        offsets = rng.uniform(-1, 1, rows + (groups,)).astype(np.float32) * offset
        return codes.astype(np.float64), scales, offsets

    def values(self, parts):
        codes, scales, offsets = parts
        columns = FORMATS[self.format][2]
        if not columns:
            return codes
        spread = [np.repeat(x, columns, -1)[..., :codes.shape[-1]] for x in (scales, offsets)]
        return codes * spread[0] + spread[1]

    def pack(self, parts):
        flat = [x.reshape((-1,) + x.shape[-2:]) for x in parts]
        return np.concatenate([self.pack_matrix(*m) for m in zip(*flat)])

    def pack_matrix(self, codes, scales, offsets):
        _, size, columns, has_offset = FORMATS[self.format]
        rows, cols = codes.shape
        depth, half = 4 // size, rows // 2
        columns = columns or cols
        out = []
        for panel in range(-(-half // 8) if self.pair else -(-rows // 16)):
            place = np.arange(16)
            row = panel * 16 + place
            if self.pair:
                row = panel * 8 + place % 8
                row = np.where(row < half, row + (place >= 8) * half, rows)
            for group, first in enumerate(range(0, cols, columns)):
                width = min(columns, cols - first)
                tile = np.zeros((16, -(-width // depth) * depth))
                head = np.zeros((2, 16), np.float32)
                for i in place[row < rows]:
                    tile[i, :width] = codes[row[i], first:first + width]
                    head[:, i] = scales[row[i], group], offsets[row[i], group]
                if FORMATS[self.format][2]:
                    out.append(head[:1 + has_offset].tobytes())
                words = tile.reshape(16, -1, depth).transpose(1, 0, 2)
                out.append(encode(self.format, words).tobytes())
        return np.frombuffer(b"".join(out), np.uint8)


def decode_f8(codes):
    """Numbers of f8E4M3FN; the code of NaN becomes 0."""
    sign = np.where(codes & 128, -1.0, 1.0)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    value = np.where(exponent, (8 + mantissa) * 2.0 ** (exponent - 10.0), mantissa * 2.0 ** -9)
    return np.where(codes & 127 == 127, 0.0, sign * value)


F8 = decode_f8(np.arange(256))


def encode(name, values):
    if name == "f32":
        return values.astype(np.float32)
    if name == "f16":
        return values.astype(np.float16)
    if name == "bf16":
        return f32_to_bf16(values.astype(np.float32)).astype(np.uint16)
    if name == "f8":
        order = np.argsort(F8, kind="stable")
        return order[np.searchsorted(F8[order], values)].astype(np.uint8)
    return values.astype(np.int8)


@dataclasses.dataclass
class Vector:
    name: str
    size: int | str
    code: str = "f32"
    dynamic = ()

    @property
    def type(self):
        return f"!tenon.weight<{self.size}, <{self.code}>>"

    def round(self, value):
        """What is left of numbers that are stored so."""
        if self.code == "bf16":
            return round_bf16(value)
        kind = np.float16 if self.code == "f16" else np.float32
        return np.asarray(value, kind).astype(np.float64)

    def pack(self, value):
        if self.code == "bf16":
            return f32_to_bf16(np.asarray(value, np.float32)).astype(np.uint16)
        return np.asarray(value, np.float16 if self.code == "f16" else np.float32)


@dataclasses.dataclass
class Case:
    name: str
    bucket: int
    inputs: list
    outs: list
    body: str
    make: Callable
    reference: Callable
    grid: int = 3
    terms: int = 1  # of the longest sum
    chain: int = 1  # operations one after the other
    rounds: str = "f32"  # the coarsest type inside or at the end
    apart: bool = False
    like: str = ""  # another case, whose inputs and bits this one has

    @property
    def tolerance(self):
        """That of tenon/Interpreter/Tolerance.h, relative to the magnitude of an element."""
        roundoff = {"f32": 2.0 ** -24, "bf16": 2.0 ** -9}[self.rounds]
        return 16 * self.chain ** 0.5 * (0.4 * 2.0 ** -24 * self.terms ** 0.5 + roundoff)


def silu(x):
    return x / (1 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))


def gelu(x):
    import math
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


ACTIVATIONS = {"silu": silu, "gelu_tanh": gelu_tanh, "gelu": gelu,
               "relu": lambda x: np.maximum(x, 0)}


def limited_silu(gate, up):
    """The gate of gpt-oss, with a limit that is often passed."""
    gate = np.minimum(gate, 1.5)
    return gate / (1 + np.exp(-1.702 * gate)) * (np.clip(up, -1.5, 1.5) + 1)


LIMITED_SILU = "silu<alpha = 1.702, beta = 1.0, limit = 1.5>"
GLUS = {name: lambda gate, up, act=act: act(gate) * up for name, act in ACTIVATIONS.items()}
GLUS[LIMITED_SILU] = limited_silu

#===----------------------------------------------------------------------===//
# Contractions
#===----------------------------------------------------------------------===//


def linear(name, tokens, bucket, rows, cols, form, glu=None, bias=False, residual=False,
           kind="f32", **more):
    """Adds a case of tenon.linear; rows are of the type `kind`."""
    weight = Panels("w", (rows, cols), form, pair=bool(glu))
    width = rows // 2 if glu else rows
    x = Tensor("x", f"tensor<?x{cols}x{kind}>", kind)
    inputs = [x, weight]
    if bias:
        inputs.append(Vector("b", rows))
    y = Tensor("y", f"tensor<?x{width}x{kind}>", kind)
    body = (f"    %l = tenon.linear %a_x, %a_w {'bias %a_b ' if bias else ''}"
            f"{'glu ' + glu if glu else ''} : {x.type}, {weight.type}"
            f"{', ' + inputs[-1].type if bias else ''} -> {y.type}\n")
    if residual:
        body += f"    %s = arith.addf %a_y, %l : {y.type}\n"
    body += f"    tile.yield %{'s' if residual else 'l'} : {y.type}"

    def make(rng):
        return {"x": rng.standard_normal((tokens, cols)), "w": weight.make(rng),
                "b": rng.standard_normal(rows), "y": rng.standard_normal((tokens, width))}

    def reference(arrays):
        z = x.value(arrays["x"]) @ weight.values(arrays["w"]).T
        if bias:
            z = z + np.float32(arrays["b"])
        if glu:
            z = GLUS[glu](z[:, :width], z[:, width:])
        return [z + (y.value(arrays["y"]) if residual else 0)]

    CASES.append(Case(name, bucket, inputs, [y], body, make, reference, terms=cols,
                      chain=1 + residual, rounds=kind, **more))


def head_linear(name, tokens, bucket, heads, size, rows, cols, form, kind="f32"):
    """Adds a case of tenon.head_linear, with `keep` if heads are longer than matrices."""
    weight = Panels("w", (heads, rows, cols), form)
    kept = size - cols
    inputs = [Tensor("x", f"tensor<?x{heads}x{size}x{kind}>", kind), weight]
    outs = [Tensor("y", f"tensor<?x{heads}x{rows + kept}x{kind}>", kind)]
    body = (f"    %l = tenon.head_linear %a_x, %a_w {'keep' if kept else ''} : {inputs[0].type}, "
            f"{weight.type} -> {outs[0].type}\n    tile.yield %l : {outs[0].type}")

    def make(rng):
        return {"x": rng.standard_normal((tokens, heads, size)), "w": weight.make(rng),
                "y": np.zeros((tokens, heads, rows + kept))}

    def reference(arrays):
        x = inputs[0].value(arrays["x"])
        y = np.einsum("thk,hnk->thn", x[..., :cols], weight.values(arrays["w"]))
        return [np.concatenate([y, x[..., cols:]], -1)]

    CASES.append(Case(name, bucket, inputs, outs, body, make, reference, terms=cols, rounds=kind))


def grouped_linear(name, tokens, bucket, experts, choices, rows, cols, form, glu=None,
                   bias=False, kind="f32"):
    """Adds a case of tenon.grouped_linear: with glu from tokens, else from sorted rows."""
    weight = Panels("w", (experts, rows, cols), form, pair=bool(glu))
    width, count = rows // 2 if glu else rows, tokens * choices
    inputs = [Tensor("x", f"tensor<?x{cols}x{kind}>", kind),
              Tensor("order", "tensor<?xi32>", "i32"),
              Tensor("offsets", f"tensor<{experts + 1}xi32>", "i32"), weight]
    if bias:
        inputs.append(Vector("b", f"{experts}x{rows}x1"))
    outs = [Tensor("y", f"tensor<?x{width}x{kind}>", kind)]
    order = f"rows %a_order : tensor<?xi32> choices {choices} " if glu else ""
    body = (f"    %l = tenon.grouped_linear %a_x {order}of %a_offsets, %a_w "
            f"{f'bias %a_b : {inputs[-1].type} ' if bias else ''}{'glu ' + glu if glu else ''} : {inputs[0].type}, {inputs[2].type}, {weight.type} "
            f"-> {outs[0].type}\n    tile.yield %l : {outs[0].type}")

    def make(rng):
        chosen = rng.integers(0, experts - 1, count)  # the last one has no rows
        offsets = np.searchsorted(np.sort(chosen), np.arange(experts + 1))
        return {"x": rng.standard_normal((tokens if glu else count, cols)),
                "order": np.argsort(chosen, kind="stable"), "offsets": offsets,
                "w": weight.make(rng), "b": rng.standard_normal((experts, rows, 1)),
                "y": np.zeros((count, width))}

    def reference(arrays):
        matrices, y = weight.values(arrays["w"]), np.zeros((count, width))
        rows = inputs[0].value(arrays["x"])
        for e in range(experts):
            for j in range(arrays["offsets"][e], arrays["offsets"][e + 1]):
                z = matrices[e] @ rows[arrays["order"][j] // choices if glu else j]
                z = z + bias * np.float32(arrays["b"][e, :, 0])
                y[j] = GLUS[glu](z[:width], z[width:]) if glu else z
        return [y]

    CASES.append(Case(name, bucket, inputs, outs, body, make, reference, terms=cols, rounds=kind))


linear("linear.bf16.t8", 5, 8, 100, 90, "bf16", residual=True, apart=True)
linear("linear.bf16.t8.even", 8, 8, 32, 256, "bf16")
linear("linear.bf16.t16", 13, 16, 49, 133, "bf16", bias=True)
linear("linear.bf16.t32", 20, 32, 130, 200, "bf16", bias=True, apart=True)
linear("linear.bf16.t512", 70, 512, 144, 1100, "bf16", residual=True)
linear("linear.f32.t8", 3, 8, 17, 61, "f32")
linear("linear.f32.t512", 65, 512, 40, 100, "f32", glu="gelu")
linear("linear.f16.t8", 7, 8, 48, 64, "f16", glu="gelu_tanh", bias=True)
linear("linear.f8.t8", 8, 8, 48, 300, "f8", glu="silu")
linear("linear.f8.t512", 33, 512, 160, 1300, "f8", residual=True)
linear("linear.i8.t8", 2, 8, 33, 70, "i8", glu=None)
linear("linear.i8o.t16", 16, 16, 32, 200, "i8o", glu="relu")
linear("linear.i8o.t512", 40, 512, 70, 330, "i8o")
linear("linear.i8s.t8", 1, 8, 16, 129, "i8s")
for form, columns in (("bf16", 700), ("f8", 1200), ("i8o", 300)):
    linear(f"bits.{form}.t8", 6, 8, 40, columns, form)
    for bucket in (16, 32, 512):
        linear(f"bits.{form}.t{bucket}", 6, bucket, 40, columns, form, like=f"bits.{form}.t8")
linear("linear.f16.t512", 37, 512, 80, 130, "f16")
linear("linear.bf16.rounded.t8", 6, 8, 100, 90, "bf16", kind="bf16", residual=True, apart=True)
linear("linear.bf16.rounded.t16", 11, 16, 48, 256, "bf16", kind="bf16", glu="silu")
linear("linear.bf16.rounded.t512", 70, 512, 144, 133, "bf16", kind="bf16", bias=True)
linear("linear.f8.rounded.t512", 33, 512, 160, 1300, "f8", kind="bf16")
linear("linear.i8o.rounded.t8", 7, 8, 33, 70, "i8o", kind="bf16")
for bucket in (8, 16, 32, 512):
    like = "" if bucket == 8 else "bits.rounded.t8"
    linear(f"bits.rounded.t{bucket}", 6, bucket, 40, 700, "bf16", kind="bf16", like=like)
linear("linear.none.t8", 0, 8, 16, 16, "bf16")
head_linear("heads.keep.t8", 6, 8, 3, 24, 33, 16, "f8")
head_linear("heads.t512", 40, 512, 2, 48, 20, 48, "bf16")
head_linear("heads.rounded.t8", 6, 8, 3, 24, 33, 16, "bf16", kind="bf16")
grouped_linear("experts.rounded.t8", 7, 8, 6, 3, 32, 60, "f8", glu="silu", kind="bf16")
grouped_linear("experts.rounded.t512", 60, 512, 4, 2, 48, 70, "bf16", kind="bf16")
grouped_linear("experts.up.t8", 7, 8, 6, 3, 32, 60, "f8", glu="silu")
grouped_linear("experts.down.t8", 7, 8, 6, 3, 40, 36, "bf16")
grouped_linear("experts.biased.t8", 7, 8, 6, 3, 32, 60, "f8", glu=LIMITED_SILU, bias=True)
grouped_linear("experts.down.biased.t512", 60, 512, 4, 2, 48, 70, "bf16", bias=True)
grouped_linear("experts.up.t512", 60, 512, 4, 2, 48, 70, "bf16", glu="silu")
