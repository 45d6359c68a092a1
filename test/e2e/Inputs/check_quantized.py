# Compares tiny quantized folders of Hugging Face with the same numbers in float32.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_quantized.py TENON FOLDER VARIANTS CASE...

A case is a quantization. Its modules differ in what they store: with and without zero
points, groups in order and by a list, scales of tensors, rows and blocks. What they mean
is computed here from codes, zero points and scales before they are packed, by

    number[n, k] = (code[n, k] - zero[n, group of k]) * scale[n, group of k]
"""

import json
import sys
import zlib

import checkpoints
import numpy
from formats import safetensors_file

HIDDEN, INNER, HEADS, KEYS, SIZE, VOCABULARY, GROUP = 64, 96, 4, 2, 16, 48, 32
CONFIG = {
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_hidden_layers": 1,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEYS,
    "vocab_size": VOCABULARY,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 64,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
}
SHAPES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KEYS * SIZE, HIDDEN),
    "self_attn.v_proj": (KEYS * SIZE, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
# The lowest bits of a word of AWQ are of these columns.
ALTERNATING = [0, 2, 4, 6, 1, 3, 5, 7]


def words(numbers, bits, axis, order=None):
    """Numbers of some bits in words of 32 bits, along an axis, lowest bits first."""
    each = 32 // bits
    numbers = numpy.moveaxis(numpy.asarray(numbers, numpy.uint64), axis, -1)
    numbers = numpy.pad(numbers, [(0, 0), (0, -numbers.shape[1] % each)])
    numbers = numbers.reshape(len(numbers), -1, each)
    if order:
        numbers = numbers[:, :, order]
    shifts = numpy.arange(0, 32, bits, dtype=numpy.uint64)
    packed = (numbers << shifts).sum(axis=-1).astype("<u4").view("<i4")
    return numpy.ascontiguousarray(numpy.moveaxis(packed, -1, axis))


class Module:
    """Codes of one matrix, and what they are worth."""

    def __init__(self, name, shape, bits, options, scale_dtype="F16"):
        self.random = numpy.random.RandomState(zlib.crc32(name.encode()))
        self.name, self.bits, self.dtype = name, bits, scale_dtype
        rows, cols = self.shape = shape
        group = cols if "channel" in options else GROUP
        self.groups = cols // group
        self.index = numpy.arange(cols) // group
        if "order" in options:
            self.random.shuffle(self.index)
        self.codes = self.random.randint(0, 1 << bits, shape)
        grid = (rows, self.groups)
        # Any zero point but the lowest one, which a stored zero less 1 has not.
        self.zeros = self.random.randint(1, 1 << bits, grid)
        if "zeros" not in options:
            self.zeros[:] = 1 << bits - 1
        usual = (3 / cols) ** 0.5 / (1 << bits - 1)
        self.scales = self.stored(self.random.uniform(0.5, 1.5, grid) * usual)

    def stored(self, values):
        """Numbers of the type of scales."""
        data = safetensors_file.encode(values.astype("<f4"), self.dtype)
        decoded = safetensors_file.decode(data.tobytes(), self.dtype)
        return numpy.array(decoded).reshape(values.shape)

    def numbers(self):
        codes = self.codes - self.zeros[:, self.index]
        return codes * self.scales[:, self.index].astype(float)


def gptq(module, options, version):
    yield "qweight", "I32", words(module.codes.T, module.bits, 0)
    yield "qzeros", "I32", words(module.zeros.T - (version == 1), module.bits, 1)
    yield "scales", module.dtype, module.scales.T
    if "plain" not in options:
        yield "g_idx", "I32", module.index.astype("<i4")


def awq(module, options):
    yield "qweight", "I32", words(module.codes.T, 4, 1, ALTERNATING)
    yield "qzeros", "I32", words(module.zeros.T, 4, 1, ALTERNATING)
    yield "scales", module.dtype, module.scales.T


def packed(module, options):
    yield "weight_packed", "I32", words(module.codes, module.bits, 1)
    yield "weight_scale", module.dtype, module.scales
    yield "weight_shape", "I64", numpy.array(module.shape, "<i8")
    if "zeros" in options:
        yield "weight_zero_point", "I32", words(module.zeros, module.bits, 0)
    if "order" in options:
        yield "weight_g_idx", "I32", module.index.astype("<i4")


class Bytes(Module):
    """Signed bytes, or floats of 8 bits, with one scale for the tensor, rows or blocks."""

    def __init__(self, name, shape, options, scale_dtype):
        super().__init__(name, shape, 8, options, scale_dtype)
        self.codes = self.random.randint(-128, 128, shape)
        self.zeros = self.random.randint(-9, 9, self.scales.shape)
        if "zeros" not in options:
            self.zeros[:] = 0
        if "float" in options:
            self.codes = safetensors_file.E4M3[self.random.randint(0, 126, shape)]
            self.codes = self.codes * self.random.choice([-1, 1], shape)
            self.scales = self.stored(self.scales / 2)
        if "tensor" in options:
            self.scales[:] = self.scales[0, 0]


def bytes_(module, options):
    yield "weight", "F8_E4M3" if "float" in options else "I8", module.codes
    scales = module.scales[:1, 0] if "tensor" in options else module.scales
    suffix = "weight_scale_inv" if "inverse" in options else "weight_scale"
    if "scalar" in options:
        scales = scales.reshape(())
    yield suffix, module.dtype, scales
    if "zeros" in options:
        yield "weight_zero_point", "I8", module.zeros
    if "input" in options:
        yield "input_scale", "F32", numpy.ones(1)


# Per module: what it stores beside codes and scales, `plain` without a list of groups.
GPTQ = {
    "q_proj": "",
    "k_proj": "zeros",
    "v_proj": "zeros plain",
    "o_proj": "zeros order",
    "gate_proj": "zeros plain",
    "up_proj": "zeros plain",
    "down_proj": "order",
}


def case_gptq(name, shape):
    options = GPTQ[name]
    module = Module(name, shape, 4, options)
    return module, gptq(module, options, 1)


def case_gptq_v2(name, shape):
    options = {"q_proj": "channel", "o_proj": ""}.get(name, "zeros")
    module = Module(name, shape, 8, options)
    return module, gptq(module, options, 2)


def case_awq(name, shape):
    module = Module(name, shape, 4, "zeros")
    return module, awq(module, "zeros")


# Bits, options, and the type of scales.
PACKED = {
    "q_proj": (4, "", "BF16"),
    "k_proj": (4, "zeros", "F16"),
    "v_proj": (4, "channel", "F16"),
    "o_proj": (8, "zeros", "F16"),
    "gate_proj": (4, "zeros order", "BF16"),
    "up_proj": (4, "zeros order", "BF16"),
    "down_proj": (8, "", "F32"),
}
BYTES = {
    "q_proj": ("channel tensor", "BF16"),
    "k_proj": ("channel zeros", "F16"),
    "v_proj": ("channel tensor float input", "F32"),
    "o_proj": ("channel float", "BF16"),
    "gate_proj": ("float", "F32"),
    "up_proj": ("float", "F32"),
    "down_proj": ("channel", "F32"),
}


def case_packed(name, shape):
    bits, options, dtype = PACKED[name]
    module = Module(name, shape, bits, options, dtype)
    return module, packed(module, options)


def case_bytes(name, shape):
    options, dtype = BYTES[name]
    module = Bytes(name, shape, options, dtype)
    return module, bytes_(module, options)


def case_fp8(name, shape):
    inverse = "inverse" if name in ("q_proj", "k_proj") else ""
    options = f"channel tensor scalar float input {inverse}"
    module = Bytes(name, shape, options, "F32")
    return module, bytes_(module, options)


# A configuration, and files beside it.
CASES = {
    "gptq": (case_gptq, {"quant_method": "gptq", "bits": 4, "group_size": GROUP}, {}),
    "gptq_v2": (
        case_gptq_v2,
        None,
        {"quantize_config.json": {"bits": 8, "checkpoint_format": "gptq_v2"}},
    ),
    "awq": (case_awq, {"quant_method": "awq", "bits": 4, "version": "gemm"}, {}),
    "packed": (
        case_packed,
        {"quant_method": "compressed-tensors", "format": "pack-quantized"},
        {},
    ),
    "bytes": (
        case_bytes,
        {"quant_method": "compressed-tensors", "format": "mixed-precision"},
        {},
    ),
    "fp8": (case_fp8, {"quant_method": "fp8", "activation_scheme": "static"}, {}),
}


def write(folder, config, tensors, files):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name, values in files.items():
        (folder / name).write_text(json.dumps(values))
    entries = [(name, dtype, values.shape) for name, dtype, values in tensors]
    values = {name: values for name, _, values in tensors}
    safetensors_file.write(
        folder / "model.safetensors", entries, lambda name: numpy.array(values[name])
    )


def plain_tensors():
    """What quantizations leave alone."""
    random = numpy.random.RandomState(8)
    for name in ("model.embed_tokens", "lm_head"):
        values = random.standard_normal((VOCABULARY, HIDDEN)) / 8
        yield f"{name}.weight", "F16", values.astype("<f2")
    names = ["model.norm"]
    for norm in ("input_layernorm", "post_attention_layernorm"):
        names.append(f"model.layers.0.{norm}")
    for name in names:
        yield f"{name}.weight", "F32", 1 + 0.1 * random.standard_normal(HIDDEN)


def make(case, folder):
    build, quantization, files = CASES[case]
    stored, decoded = list(plain_tensors()), list(plain_tensors())
    for part, shape in SHAPES.items():
        name = f"model.layers.0.{part}"
        module, tensors = build(part.split(".")[1], shape)
        stored += [(f"{name}.{end}", *rest) for end, *rest in tensors]
        decoded.append((f"{name}.weight", "F32", module.numbers()))
    config = dict(CONFIG)
    if quantization:
        config["quantization_config"] = quantization
    write(folder / case, config, stored, files)
    write(folder / f"{case}.decoded", CONFIG, decoded, {})


def main():
    tenon, folder, variants, *names = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    for name in names or CASES:
        make(name, cases.folder)
        decoded = f"{name}.decoded"
        for model in (name, decoded):
            cases.draw_tokens(model, 24, VOCABULARY)
        cases.expect_same_numbers(name, decoded, variants, "--buckets=8")
        cases.print_formats(name, f"{name}: ")
        print(f"{name}: agrees with {variants}", flush=True)


if __name__ == "__main__":
    main()
