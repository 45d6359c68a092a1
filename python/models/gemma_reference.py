# Computes the logits of a Gemma 3 GGUF file with NumPy on its dequantized weights.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""gemma_reference.py MODEL.gguf TOKENS.json LOGITS.npy [--type=float32]

TOKENS.json is a list of token numbers, LOGITS.npy becomes float32 [tokens,
vocabulary]. It is written a range of the vocabulary at a time, so that thousands
of tokens need little memory; --last=N keeps the last N positions only.
"""

import argparse
import json
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "goldens"))
import numpy_reference  # noqa: E402
from formats import gguf_file  # noqa: E402

# GGUF's name of a part -> that of Hugging Face.
LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
MODEL = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


def gguf_name(name):
    if name in MODEL:
        return MODEL[name]
    _, _, n, rest = name.split(".", 3)
    part, suffix = rest.rsplit(".", 1)
    return f"blk.{n}.{LAYER[part]}.{suffix}"


class Weights:
    """A GGUF file under Hugging Face's names. Norms are stored with the one
    added already; taking it off again is exact in float64 and near one."""

    def __init__(self, file):
        self.file = file

    def __contains__(self, name):
        return gguf_name(name) in self.file

    def __getitem__(self, name):
        tensor = self.file[gguf_name(name)]
        return (
            tensor.astype(numpy.float64) - 1 if name.endswith("norm.weight") else tensor
        )


def configuration(file):
    """What config.json would say. The pattern of the windows, the local theta
    and the scale are implied by the architecture."""
    metadata = file.metadata
    if metadata["general.architecture"] != "gemma3":
        raise SystemExit(
            f"'{file.path}' has architecture {metadata['general.architecture']}; "
            f"expects gemma3"
        )

    def key(name, default=None):
        return metadata.get(f"gemma3.{name}", default)

    size = key("attention.key_length")
    scaling = key("rope.scaling.factor", 1.0)
    linear = {"rope_type": "linear", "factor": scaling}
    return {
        "model_type": "gemma3_text",
        "hidden_size": key("embedding_length"),
        "vocab_size": file.places["token_embd.weight"][0][0],
        "num_hidden_layers": key("block_count"),
        "num_attention_heads": key("attention.head_count"),
        "num_key_value_heads": key("attention.head_count_kv"),
        "head_dim": size,
        "query_pre_attn_scalar": size,
        "rms_norm_eps": key("attention.layer_norm_rms_epsilon"),
        "sliding_window": key("attention.sliding_window"),
        "rope_theta": key("rope.freq_base", 1e6),
        "rope_scaling": linear if scaling != 1.0 else None,
        "tie_word_embeddings": "output.weight" not in file,
    }


def write_logits(model, tokens, output, last):
    hidden = model.hidden(tokens)
    hidden = hidden[len(hidden) - last :] if last is not None else hidden
    vocabulary = model.config["vocab_size"]
    shape = (len(hidden), vocabulary)
    result = numpy.lib.format.open_memmap(output, "w+", numpy.float32, shape)
    for low, high, part in model.head(hidden):
        result[:, low:high] = part
    result.flush()


def main():
    parser = argparse.ArgumentParser(description="logits of a Gemma 3 GGUF file")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("tokens", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--last", type=int, help="positions to write; default all")
    parser.add_argument("--type", choices=["float32", "float64"], default="float64")
    options = parser.parse_args()
    file = gguf_file.Gguf(options.model)
    tokens = json.loads(options.tokens.read_text())
    if options.last is not None and not 0 <= options.last <= len(tokens):
        parser.error(f"--last is {options.last}, but there are {len(tokens)} tokens")
    kind = numpy.dtype(options.type).type
    model = numpy_reference.Gemma3(configuration(file), Weights(file), kind)
    write_logits(model, tokens, options.output, options.last)


if __name__ == "__main__":
    main()
