# Compares models whose files say the same thing differently: their logits are the same bits.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_files.py TENON FOLDER VARIANT [NAME]...

Each pair of folders has the same weights and is the same model, as the published
classes read it; the second one says so in another way. Without names, all pairs.
"""

import json
import pathlib
import shutil
import sys

import checkpoints
import numpy
from checkpoints import make_checkpoints
from formats import safetensors_file

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
LLAMA = {
    "model_type": "llama",
    "vocab_size": 61,
    "hidden_size": 40,
    "intermediate_size": 56,
    "num_hidden_layers": 2,
    "num_attention_heads": 5,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
}
TIED = LLAMA | {"tie_word_embeddings": True}
QWEN3 = LLAMA | {"model_type": "qwen3", "head_dim": 128}
FP8 = LLAMA | {
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}
}
# Keys that a class fills in when they are null.
NULLS = ["rope_scaling", "rope_theta", "attention_bias", "sliding_window"]
SCALES = ("_scale_inv",)


def tensors_of(config, storage="F32"):
    case = {"name": "files", "config": config, "storage": storage}
    return make_checkpoints.stored_tensors(case)


def renamed(tensors, rule):
    return {rule(name): entry for name, entry in tensors.items()}


def prefixed(prefix, head):
    """The text model under a prefix, and the head under another."""

    def rule(name):
        if name.startswith("model."):
            return prefix + name[len("model.") :]
        return head + name

    return rule


def scales_as(tensors, kind):
    """Scales that the narrow type holds exactly, so that only the type differs."""
    return {
        name: (kind, numpy.exp2(numpy.round(numpy.log2(values))))
        if name.endswith(SCALES)
        else (stored, values)
        for name, (stored, values) in tensors.items()
    }


def with_head(tensors, head):
    return tensors | {HEAD: head}


def without(tensors, name):
    return {key: entry for key, entry in tensors.items() if key != name}


def norms_of_heads(config):
    values = 1 + 0.3 * numpy.sin(numpy.arange(config["head_dim"]))
    return {
        f"model.layers.{n}.self_attn.{part}_norm.weight": ("F32", values)
        for n in range(config["num_hidden_layers"])
        for part in "qk"
    }


class Pairs:
    """Name to two folders: (configuration, tensors, what else is written)."""

    def __init__(self):
        self.all = {}
        plain, tied = tensors_of(LLAMA), tensors_of(TIED)
        head = plain[HEAD]
        self.add("tied-other-head", TIED, with_head(tied, head), LLAMA,
                 with_head(tied, head))  # fmt: skip
        narrow = ("BF16", tied[EMBEDDING][1])
        self.add("tied-narrow-head", TIED, with_head(tied, narrow), LLAMA,
                 with_head(tied, narrow))  # fmt: skip
        shared = with_head(tied, tied[EMBEDDING])
        self.add("tied-equal-head", TIED, shared, TIED, tied)
        self.add("tied-head-alone", TIED, without(shared, EMBEDDING), TIED, tied)
        for name, model, outer in [
            ("base", "", ""),
            ("multimodal", "language_model.model.", "language_model."),
            ("multimodal-5", "model.language_model.", ""),
            ("data-parallel", "module.model.", "module."),
            ("compiled", "_orig_mod.model.", "_orig_mod."),
            ("text", "model.text_model.", "model."),
        ]:
            other = renamed(plain, prefixed(model, outer))
            self.add(f"names-{name}", LLAMA, other, LLAMA, plain)
        # Layers that predict further tokens have an embedding, too.
        further = {"model.layers.2.embed_tokens.weight": tied[EMBEDDING]}
        self.add("names-further", LLAMA, plain | further, LLAMA, plain)
        self.add_types(plain)
        self.add_configurations(plain)

    def add(self, name, config, tensors, plain_config, plain_tensors, **further):
        self.all[name] = (
            (config, tensors, further),
            (plain_config, plain_tensors, {}),
        )

    def add_types(self, plain):
        codes = scales_as(tensors_of(FP8), "F32")
        for kind in ("BF16", "F16"):
            self.add(f"scales-{kind}", FP8, scales_as(codes, kind), FP8, codes)
        for kind in ("F64", "I16"):
            unused = {"vision.weight": (kind, numpy.arange(6.0))}
            self.add(f"unused-{kind}", LLAMA, plain | unused, LLAMA, plain)
        self.add("unused-new-type", LLAMA, plain, LLAMA, plain, foreign="F7_E9")
        self.add("index-absent", LLAMA, plain, LLAMA, plain, index="absent")
        self.add("index-other-shard", LLAMA, plain, LLAMA, plain, index="other")
        self.add("index-less", LLAMA, plain, LLAMA, plain, index="less")

    def add_configurations(self, plain):
        nulls = LLAMA | dict.fromkeys(NULLS)
        self.add("null-keys", nulls, plain, LLAMA, plain)
        wide = tensors_of(QWEN3) | norms_of_heads(QWEN3)
        short = {key: QWEN3[key] for key in QWEN3 if key != "head_dim"}
        self.add("default-head-dim", short, wide, QWEN3, wide)
        self.add("null-head-dim", LLAMA | {"head_dim": None}, plain, LLAMA, plain)
        biases = {
            f"model.layers.{n}.self_attn.q_proj.bias": ("F32", numpy.ones(40))
            for n in range(2)
        }
        self.add("unused-biases", LLAMA, plain | biases, LLAMA, plain)
        old = {"model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", numpy.ones(4))}
        self.add("old-frequencies", LLAMA, plain | old, LLAMA, plain)
        other = LLAMA | {"torch_dtype": "float16"}
        self.add("dtype-differs", other, plain, LLAMA, plain)
        fewer = tensors_of(LLAMA | {"num_hidden_layers": 1})
        self.add("more-layers-stored", LLAMA | {"num_hidden_layers": 1}, plain,
                 LLAMA | {"num_hidden_layers": 1}, fewer | {HEAD: plain[HEAD]})  # fmt: skip


def rewrite_header(path, change):
    """Lets `change` edit the header of a safetensors file and its data."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, data = change(json.loads(data[8 : 8 + size]), data[8 + size :])
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def add_foreign(kind):
    def change(header, data):
        end = len(data)
        entry = {"dtype": kind, "shape": [3, 5], "data_offsets": [end, end + 11]}
        return header | {"vision.scale": entry}, data + bytes(11)

    return change


def change_index(path, kind):
    index = json.loads(path.read_text())
    names = index["weight_map"]
    files = sorted(set(names.values()))
    if kind == "absent":
        names["mtp.fc.weight"] = files[-1]
        names["vision.weight"] = files[0]
    if kind == "other":
        for name, file in names.items():
            names[name] = files[1 - files.index(file)]
    if kind == "less":
        for file in files:
            for name in [name for name in names if names[name] == file][1:]:
                del names[name]
    path.write_text(json.dumps(index))


def write(folder, config, tensors, index=None, foreign=None):
    shutil.rmtree(folder, ignore_errors=True)
    entries = [(name, kind, data.shape) for name, (kind, data) in tensors.items()]
    shards = 2 if index else 1
    safetensors_file.write_sharded(
        folder, entries, lambda name: tensors[name][1], shards
    )
    (folder / "config.json").write_text(json.dumps(config))
    if foreign:
        rewrite_header(folder / "model.safetensors", add_foreign(foreign))
    if index:
        change_index(folder / "model.safetensors.index.json", index)


def logits(tenon, folder, config, tensors, further, variant):
    write(folder, config, tensors, **further)
    artifact, output = folder.with_suffix(".tenon"), folder.with_suffix(".npy")
    target = f"--target={checkpoints.targets_of(variant)}"
    printed = checkpoints.call(
        tenon, "compile", folder, "-o", artifact, target, "--buckets=4"
    )
    tokens = "--tokens=" + ",".join(str(token * 7 % 61) for token in range(9))
    checkpoints.call(
        tenon, "run", artifact, tokens, "-n", 0, f"--dump-logits={output}"
    )
    return numpy.load(output), printed


def main():
    tenon, folder, variant, *names = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = Pairs().all
    # Many pairs have the same second model.
    plain = {}
    for name in names or pairs:
        first, second = pairs[name]
        ours, printed = logits(tenon, folder / f"{name}-0", *first, variant)
        known = (json.dumps(second[0], sort_keys=True), id(second[1]))
        if known not in plain:
            plain[known], _ = logits(tenon, folder / f"{name}-1", *second, variant)
        theirs = plain[known]
        if not numpy.isfinite(theirs).all() or theirs.std() < 0.1:
            sys.exit(f"{name}: the logits of the plain model say nothing")
        if ours.tobytes() != theirs.tobytes():
            sys.exit(f"{name}: logits differ by {numpy.abs(ours - theirs).max()}")
        for line in printed.splitlines():
            if "warning" in line and "has neither tokenizer.json" not in line:
                print(f"{name}: {line}")
        print(f"{name} agrees")


main()
