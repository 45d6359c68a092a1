# The frequencies of rotary embeddings and the two ways to pair elements.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import math

import numpy


# What a configuration means that does not say it.
THETA = {"gpt_oss": 150000.0, "llama4_text": 5e5, "mixtral": 1e6, "smollm3": 2e6}


def settings(config, layer_type=None):
    """The rotary settings in one form, whichever way the configuration spells
    them: rope_theta and rope_scaling, or rope_parameters, nested or not."""
    found = config.get("rope_parameters") or {}
    if layer_type in found:
        found = found[layer_type]
    elif "full_attention" in found or "sliding_attention" in found:
        found = {}
    if found:
        return {"rope_theta": THETA.get(config["model_type"], 1e4), **found}
    scaling = config.get("rope_scaling") or {}
    theta = config.get("rope_theta", THETA.get(config["model_type"], 1e4))
    if config["model_type"] == "gemma3_text":
        theta = config.get("rope_theta", 1e6)
        if layer_type == "sliding_attention":
            theta, scaling = config.get("rope_local_base_freq", 1e4), {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    result = {**scaling, "rope_theta": theta, "rope_type": kind}
    if kind == "longrope":
        # Phi-3 says beside the scaling what was stretched, and to which length.
        length = config["original_max_position_embeddings"]
        result["original_max_position_embeddings"] = length
        result.setdefault("factor", config["max_position_embeddings"] / length)
    return result


def mscale(factor, weight=1.0):
    return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0


def llama3(plain, rope):
    """Long waves are slowed down, short ones kept, those between are blended."""
    factor, length = rope["factor"], rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    wave = 2 * math.pi / plain
    # Nothing is between equal boundaries.
    blend = (length / wave - low) / ((high - low) or 1.0)
    mixed = (1 - blend) * plain / factor + blend * plain
    result = numpy.where(wave > length / low, plain / factor, mixed)
    return numpy.where(wave < length / high, plain, result)


def yarn(plain, rope):
    """A ramp between kept and slowed frequencies; also gives the factor of
    cosine and sine."""
    width, theta, factor = 2 * len(plain), rope["rope_theta"], rope["factor"]
    length = rope["original_max_position_embeddings"]

    def corner(beta):
        turns = length / (2 * math.pi * beta)
        return width * math.log(turns) / (2 * math.log(theta))

    low = corner(rope.get("beta_fast") or 32)
    high = corner(rope.get("beta_slow") or 1)
    if rope.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    if low == high:
        high += 0.001
    ramp = numpy.clip((numpy.arange(width // 2) - low) / (high - low), 0, 1)
    amplitude = rope.get("attention_factor")
    if amplitude is None:
        amplitude = mscale(factor)
        if rope.get("mscale") and rope.get("mscale_all_dim"):
            amplitude = mscale(factor, rope["mscale"])
            amplitude /= mscale(factor, rope["mscale_all_dim"])
    return plain / factor * ramp + plain * (1 - ramp), amplitude


def longrope(plain, rope, length):
    """One list of divisors for short sequences, and one for long."""
    original, factor = rope["original_max_position_embeddings"], rope["factor"]
    divisors = rope["long_factor" if length > original else "short_factor"]
    amplitude = rope.get("attention_factor")
    if amplitude is None:
        stretched = math.log(max(factor, 1)) / math.log(original)
        amplitude = math.sqrt(1 + stretched)
    return plain / numpy.array(divisors), amplitude


def frequencies(rope, width, length):
    """The angle per position of each pair, and the factor of cosine and sine, in a
    sequence of so many positions."""
    plain = rope["rope_theta"] ** (-numpy.arange(0, width, 2) / width)
    kind = rope.get("rope_type", "default")
    if kind == "default":
        return plain, 1.0
    if kind == "linear":
        return plain / rope["factor"], 1.0
    if kind == "llama3":
        return llama3(plain, rope), 1.0
    if kind == "yarn":
        return yarn(plain, rope)
    if kind == "longrope":
        return longrope(plain, rope, length)
    raise ValueError(
        "expects rope_type to be default, linear, llama3, yarn or longrope, but got "
        f"{kind}"
    )


def tables(rope, width, positions):
    """Cosine and sine, [tokens, width / 2], in float64."""
    inverse, amplitude = frequencies(rope, width, len(positions))
    angles = numpy.outer(positions, inverse)
    return amplitude * numpy.cos(angles), amplitude * numpy.sin(angles)


def rotate(x, cosine, sine, interleaved):
    """Rotates the pairs of the last axis of x [tokens, heads, width]."""
    half = x.shape[-1] // 2
    first = slice(0, None, 2) if interleaved else slice(0, half)
    second = slice(1, None, 2) if interleaved else slice(half, None)
    a, b = x[..., first], x[..., second]
    cosine, sine = cosine[:, None].astype(x.dtype), sine[:, None].astype(x.dtype)
    result = numpy.empty_like(x)
    result[..., first] = a * cosine - b * sine
    result[..., second] = b * cosine + a * sine
    return result
