# Computes the logits of a checkpoint with the published implementation, in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Runs transformers (5.15 or later) on the stored weights, dequantized; where it
departs from the models' authors, the authors' rule is put in its place.

  reference.py CHECKPOINTS...             writes NAME.logits.npy beside NAME
  reference.py --excerpts=DIR ...         writes DIR/NAME.npy: a few rows of logits
  reference.py --check ...                compares NAME.logits.npy, however made

transformers keeps its norms, softmaxes, routers and rotations in float32, hence
agrees with a float64 evaluation to about 1e-6 of the spread of the logits.
"""

import argparse
import json
import pathlib
import sys

import numpy
import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import checkpoint_cases  # noqa: E402
import make_checkpoints  # noqa: E402
from formats import safetensors_file  # noqa: E402

LIMIT = 1e-5


def build(config):
    """An untrained model for a config.json. It must not be built in the type of
    the file: the root that Gemma scales its embeddings by would be rounded."""
    foreign = ["model_type", "quantization_config", "torch_dtype"]
    # Scores in float32 whatever the type of the model: they are in float64 here.
    foreign.append("reorder_and_upcast_attn")
    fields = {key: value for key, value in config.items() if key not in foreign}
    if fields.get("topk_method") == "gready":
        fields["topk_method"] = "greedy"
    # The port has no class for it; the authors' is that of deepseek_v3.
    family = {"kimi_k2": "deepseek_v3"}.get(config["model_type"], config["model_type"])
    kind = transformers.AutoConfig.for_model(family, **fields)
    kind._attn_implementation = "eager"
    kind._experts_implementation = "eager"
    if family == "bert":
        return transformers.AutoModel.from_config(kind).double()
    return transformers.AutoModelForCausalLM.from_config(kind).double()


def use_dense_layers(model, config):
    """deepseek_v2: a layer between every moe_layer_freq-th has no experts; the
    port knows first_k_dense_replace only."""
    from transformers.models.deepseek_v2 import modeling_deepseek_v2

    for n, layer in enumerate(model.model.layers):
        if n % config.get("moe_layer_freq", 1):
            mlp = modeling_deepseek_v2.DeepseekV2MLP(model.config)
            layer.mlp = mlp.double()


def renormalize(router, inputs, outputs):
    """deepseek_v2: norm_topk_prob replaces the scaling factor; the port always
    multiplies. Undoing the factor first leaves the chosen probabilities."""
    logits, weights, chosen = outputs
    plain = weights / router.routed_scaling_factor
    return logits, plain / (plain.sum(dim=-1, keepdim=True) + 1e-20), chosen


def correct(model, config):
    if config["model_type"] != "deepseek_v2":
        return
    use_dense_layers(model, config)
    if config.get("norm_topk_prob") and config["num_experts_per_tok"] > 1:
        for layer in model.model.layers:
            if hasattr(layer.mlp, "gate"):
                layer.mlp.gate.register_forward_hook(renormalize)


# The embedding, where a checkpoint does not call it as most do.
EMBEDDINGS = {"gpt2": "wte.weight"}


def fused(weights, target, experts):
    """The port holds the experts of a layer in two tensors."""
    prefix, kind = target.rsplit(".", 1)
    names = {"gate": "gate_proj", "up": "up_proj", "down": "down_proj"}
    if f"{prefix}.0.gate_proj.weight" not in weights:
        prefix = prefix.replace("mlp", "block_sparse_moe")
        names = {"gate": "w1", "up": "w3", "down": "w2"}

    def stack(role):
        tensors = [f"{prefix}.{e}.{names[role]}.weight" for e in range(experts)]
        return numpy.stack([weights[name] for name in tensors])

    if kind == "down_proj":
        return stack("down")
    return numpy.concatenate([stack("gate"), stack("up")], axis=1)


def fill_encoder(model, weights):
    """The model has a pooler even where the checkpoint has none."""
    plain = {name.removeprefix("bert."): weights[name] for name in weights}
    old = {".gamma": ".weight", ".beta": ".bias"}
    for before, after in old.items():
        plain = {name.replace(before, after): value for name, value in plain.items()}
    state = model.state_dict()
    for name, tensor in state.items():
        if name in plain:
            state[name] = torch.from_numpy(plain[name].astype(numpy.float64)).to(tensor.dtype)
        elif not name.startswith("pooler.") and not name.endswith("_ids"):
            raise KeyError(f"the checkpoint has no tensor '{name}'")
    model.load_state_dict(state)


def fill(model, config, weights):
    """Copies every tensor; the checkpoint must name each of the model's."""
    if config["model_type"] == "bert":
        return fill_encoder(model, weights)
    state = {}
    for name, tensor in model.state_dict().items():
        if name in weights:
            value = weights[name]
        elif name.removeprefix("transformer.") in weights:
            value = weights[name.removeprefix("transformer.")]
        elif f"{name}_blocks" in weights:
            value = weights[f"{name}_blocks"].swapaxes(1, 2)
        elif ".mlp.experts." in name:
            value = fused(weights, name, make_checkpoints.count_experts(config))
        elif name.replace("mlp.gate", "block_sparse_moe.gate") in weights:
            value = weights[name.replace("mlp.gate", "block_sparse_moe.gate")]
        elif name == "lm_head.weight" and model.config.tie_word_embeddings:
            value = weights[EMBEDDINGS.get(config["model_type"], "model.embed_tokens.weight")]
        else:
            raise KeyError(f"the checkpoint has no tensor '{name}'")
        state[name] = torch.from_numpy(value.astype(numpy.float64)).to(tensor.dtype)
    model.load_state_dict(state)


@torch.no_grad()
def logits(folder, tokens):
    config = json.loads((folder / "config.json").read_text())
    model = build(config)
    correct(model, config)
    fill(model, config, safetensors_file.Folder(folder))
    if config["model_type"] == "bert":
        return model.eval()(torch.tensor([tokens])).last_hidden_state[0].numpy()
    result = model.eval()(torch.tensor([tokens]), use_cache=False).logits[0]
    return result.numpy()


def disagreement(expected, given):
    """The largest difference over the spread of what was expected."""
    return numpy.abs(expected - given).max() / expected.std()


def handle(folder, options):
    beside = folder.parent / folder.name
    tokens = json.loads(beside.with_name(f"{beside.name}.tokens.json").read_text())
    result = logits(folder, tokens)
    file = beside.with_name(f"{beside.name}.logits.npy")
    if options.excerpts:
        options.excerpts.mkdir(parents=True, exist_ok=True)
        rows = result[checkpoint_cases.excerpt_rows(len(tokens))].astype(numpy.float32)
        numpy.save(options.excerpts / f"{beside.name}.npy", rows)
    elif not options.check:
        numpy.save(file, result.astype(numpy.float32))
    if not options.check:
        return True
    error = disagreement(result, numpy.load(file))
    print(f"{folder.name}: differs by {error:.1e} of the spread")
    return error <= LIMIT


def main():
    parser = argparse.ArgumentParser(description="logits of the published models")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--excerpts", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    good = [handle(folder, options) for folder in options.folders]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
