# Compares what tenon makes of drawn configurations with what the published classes do.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""compare_published.py PROGRAM TABLES... : PROGRAM answers a configuration a line, as
DescribeImports does. The tables are those of python/goldens/published_configs.py.

A configuration that the class accepts is accepted with the same facts, and one that
it refuses is refused. LIMITS, LENIENT and EXCUSED are the exceptions, each a rule that
says for which configurations. All of those that LIMITS names must be refused, with the
text it says. An exception that no row needs is an error, too.
"""

import copy
import itertools
import json
import pathlib
import subprocess
import sys

# tenon holds scales as f32: half a unit in the last place.
F32_ROUNDING = 2.0**-24


def scaling(raw):
    """The scaling of layers that see everything, in whichever spelling."""
    found = dict(raw.get("rope_scaling") or {})
    new = raw.get("rope_parameters") or {}
    found |= new.get("full_attention", {}) if is_nested(new) else new
    if is_of(raw, "gpt_oss") and not found:
        found = {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096}
    found.setdefault("rope_type", found.get("type", "default"))
    return found


def is_nested(parameters):
    return "full_attention" in parameters or "sliding_attention" in parameters


def local_scaling(raw):
    return (raw.get("rope_parameters") or {}).get("sliding_attention") or {}


def is_of(raw, *beginnings):
    return raw["model_type"].startswith(beginnings)


def number_of(raw, key, absent):
    value = raw.get(key)
    return absent if value is None else value


def has_windows(raw):
    return is_of(raw, "gemma", "gpt_oss") or raw.get("use_sliding_window")


def activation(raw):
    keys = {"gemma2": "hidden_activation", "gemma3_text": "hidden_activation"}
    keys["gpt2"] = "activation_function"
    return raw.get(keys.get(raw["model_type"], "hidden_act"))


def splits_unevenly(raw):
    heads = number_of(raw, "num_attention_heads", 8 if is_of(raw, "gemma") else 32)
    return number_of(raw, "hidden_size", 4096) % heads != 0


def experts(raw):
    """How many experts there are, are chosen, are in a group, and may be chosen from."""
    glm4 = is_of(raw, "glm4")
    v3 = is_of(raw, "deepseek_v3") or glm4
    count = number_of(raw, "n_routed_experts", 128 if glm4 else 256 if v3 else 64)
    top = number_of(raw, "num_experts_per_tok", 8)
    if not v3 and raw.get("topk_method") != "group_limited_greedy":
        return count, top, 1, count
    groups = number_of(raw, "n_group", 1 if glm4 else 8)
    kept = number_of(raw, "topk_group", 1 if glm4 else 4)
    return count, top, groups, count // groups * kept


# What tenon refuses although the class takes it: the text of the message, for which
# configurations, and why.
LIMITS = [
    (
        "known: silu, gelu_pytorch_tanh, gelu, relu",
        lambda raw: activation(raw) == "mish",
        "the ops have four activations",
    ),
    (
        "; remove one of the two",
        lambda raw: len({raw.get("dtype"), raw.get("torch_dtype")} - {None}) == 2,
        "two spellings that disagree are an accident, and the class takes either",
    ),
    (
        "expects an integer from 1 to",
        lambda raw: raw.get("hidden_size") == 0 or raw.get("type_vocab_size") == 0,
        "a model has at least one channel, and an encoder one segment",
    ),
    (
        "'sliding_window' is 0, but",
        lambda raw: is_of(raw, "gemma3") and raw.get("sliding_window") == 0,
        "a window holds at least the token itself",
    ),
    (
        "frequencies of layers with a window can only be",
        lambda raw: local_scaling(raw).get("rope_type", "default") != "default",
        "no published model stretches the context of layers with a window",
    ),
    (
        "'use_bidirectional_attention' is true",
        lambda raw: raw.get("use_bidirectional_attention"),
        "the mask is causal",
    ),
    (
        "'final_logit_softcapping' caps logits",
        lambda raw: is_of(raw, "gemma3") and raw.get("final_logit_softcapping") is not None,
        "no published Gemma 3 caps its logits",
    ),
    (
        "expects 'full_attention' or 'sliding_attention'",
        lambda raw: has_windows(raw) and "attention" in (raw.get("layer_types") or []),
        "layers have the two types of these families, by their present names",
    ),
    (
        "expects a multiple of 'num_attention_heads'",
        lambda raw: is_of(
            raw, "granite", "llama4", "mistral", "mixtral", "phi3", "qwen2", "smollm3"
        )
        and raw.get("head_dim") is None
        and splits_unevenly(raw),
        "the width of a head that the class rounds down is an accident",
    ),
    (
        "'num_experts_per_tok' expects 1",
        lambda raw: is_of(raw, "llama4") and raw.get("num_experts_per_tok") == 2,
        "experts that scale what they read are those of the published models: one",
    ),
    (
        "'attention_chunk_size' is missing, but",
        lambda raw: is_of(raw, "llama4")
        and raw.get("attention_chunk_size", 1) is None
        and "chunked_attention" in (raw.get("layer_types") or []),
        "layers that read chunks need their size",
    ),
    (
        "'q_lora_rank' is null, but the indexer's",
        lambda raw: is_of(raw, "deepseek_v32") and raw.get("q_lora_rank", 1) is None,
        "the indexer reads the latent of the queries, and the class has none then",
    ),
    (
        "'mlp_bias' is true",
        lambda raw: is_of(raw, "deepseek") and raw.get("mlp_bias"),
        "no published DeepSeek has biases in its MLPs",
    ),
    (
        "'scoring_func' is '",
        lambda raw: raw.get("scoring_func")
        not in (None, "sigmoid" if is_of(raw, "deepseek_v3") else "softmax"),
        "the class ignores the scores that the file asks for",
    ),
    (
        "'topk_method' is '",
        lambda raw: is_of(raw, "deepseek_v3") and raw.get("topk_method") not in (None, "noaux_tc"),
        "the class ignores the method that the file asks for",
    ),
    (
        "'n_routed_experts' expects a multiple of 'n_group'",
        lambda raw: is_of(raw, "deepseek") and experts(raw)[0] % experts(raw)[2] != 0,
        "the class mixes experts of different tokens if groups are not even",
    ),
    (
        "'num_experts_per_tok' expects at most",
        lambda raw: is_of(raw, "deepseek", "glm4") and experts(raw)[1] > experts(raw)[3],
        "more experts than a token may choose from: the class takes masked ones, or "
        "has no layer with experts",
    ),
]

# What tenon takes although the class stops: for which configurations, and why.
LENIENT = [
    (
        lambda raw: is_of(raw, "llama", "gemma") and splits_unevenly(raw),
        "channels need not be a multiple of heads whose width is given or has a default",
    ),
    (
        lambda raw: is_of(raw, "gpt_oss", "mistral", "mixtral")
        and "num_key_value_heads" in raw
        and raw["num_key_value_heads"] is None,
        "null heads of keys are as many as those of queries, as the class says before "
        "it checks their type",
    ),
    (
        lambda raw: is_of(raw, "mixtral")
        and raw.get("head_dim") is None
        and scaling(raw)["rope_type"] in ("llama3", "yarn"),
        "the width of a head follows from the others where the class computes with null",
    ),
    (
        lambda raw: is_of(raw, "phi3") and scaling(raw)["rope_type"] == "su",
        "the first files of LongRoPE call it so",
    ),
    (
        lambda raw: is_of(raw, "deepseek") and raw.get("head_dim") is not None,
        "the parts of a head of latent attention have widths of their own",
    ),
    (
        lambda raw: is_of(raw, "deepseek_v3") and experts(raw)[0] == experts(raw)[2],
        "the two best experts of a group of one are that one",
    ),
    (
        lambda raw: raw.get("layer_types") is not None and not has_windows(raw),
        "types of layers say who has a window, and windows are switched off",
    ),
]

# Facts in which tenon follows another rule than the class: for which configurations,
# which facts, and why.
EXCUSED = [
    (
        lambda raw: is_of(raw, "deepseek")
        and "n_shared_experts" in raw
        and raw["n_shared_experts"] is None,
        "weights/shared_experts",
        "the authors' null is none, and the class refuses null",
    ),
    (
        lambda raw: "rope_interleave" in raw and raw["rope_interleave"] is None,
        "rope/pairing",
        "null is an absent key, for which both pair neighbors; the class takes it for false",
    ),
]


def rebuild(base, changed):
    """The facts of a row from those of the base."""
    facts = {key: value for key, value in base.items() if key != "kinds"}
    kinds = base["kinds"]
    for path, value in changed.items():
        if path != "kinds":
            put(facts, path, value)
    if "kinds" in changed:
        kinds = []
        for kind in changed["kinds"]:
            facts_of_kind = copy.deepcopy(base["kinds"][kind["like"]])
            for path, value in kind.items():
                if path != "like":
                    put(facts_of_kind, path, value)
            # A layer without a rotation, or without experts.
            kinds.append({key: fact for key, fact in facts_of_kind.items() if fact != {}})
    return facts | {"kinds": kinds}


def put(facts, path, value):
    *parts, last = path.split("/")
    for part in parts:
        facts = facts.setdefault(part, {})
    if value is None:
        del facts[last]
    else:
        facts[last] = value


def shorten(name):
    for part in ("self_attn.", "mlp.", "_proj", ".weight"):
        name = name.replace(part, "")
    return name


def thin(values):
    step = -(-len(values) // 8)
    return values[:-1:step] + values[-1:]


def prepare(facts):
    """Brings an answer of the program into the form of the table."""
    for kind in facts["kinds"]:
        kind["weights"] = {shorten(name): size for name, size in kind["weights"].items()}
        if "rope" in kind:
            kind["rope"]["frequencies"] = thin(kind["rope"]["frequencies"])
    runs = itertools.groupby(facts["schedule"])
    facts["schedule"] = " ".join(f"{kind}x{len(list(run))}" for kind, run in runs)
    return facts


def differences(expected, found, limit, path=""):
    """Paths at which two sets of facts differ, with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(key), found.get(key), limit, f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for n, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, limit, f"{path}/{n}")
    elif is_number(expected) and is_number(found):
        if abs(expected - found) > limit * abs(expected):
            yield f"{path}: published {expected}, tenon {found}"
    elif expected != found:
        yield f"{path}: published {expected}, tenon {found}"


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Comparison:
    def __init__(self):
        self.failures, self.used = [], set()

    def compare(self, raw, said, found, limit):
        if isinstance(said, dict):
            return self.compare_accepted(raw, said, found, limit)
        if "error" in found:
            return []
        return self.compare_lenient(raw)

    def compare_accepted(self, raw, facts, found, limit):
        reasons = [(text, why) for text, holds, why in LIMITS if holds(raw)]
        if "error" in found:
            for text, why in reasons:
                if text in found["error"]:
                    self.used.add(why)
                    return []
            return [f"the class accepts it, tenon says: {found['error']}"]
        if reasons:
            return [f"expects a refusal, because {reasons[0][1]}"]
        longest = facts.pop("max_position_embeddings")
        stretched = scaling(raw)
        length = stretched.get("original_max_position_embeddings")
        if length and stretched["rope_type"] in ("llama3", "yarn"):
            longest = max(longest, int(length * stretched["factor"]))
        found = list(differences(facts | {"context": longest}, prepare(found), limit))
        for holds, fact, why in EXCUSED:
            if holds(raw) and any(fact in line for line in found):
                self.used.add(why)
                found = [line for line in found if fact not in line]
        return found

    def compare_lenient(self, raw):
        for holds, why in LENIENT:
            if holds(raw):
                self.used.add(why)
                return []
        return ["the class refuses it, tenon does not"]


def read_table(path):
    table = json.loads(pathlib.Path(path).read_text())
    for changed, said in table["rows"]:
        raw = {"model_type": pathlib.Path(path).stem} | table["base"] | changed
        raw = {key: value for key, value in raw.items() if value != "-"}
        if isinstance(said, list) and said[0] == "loosely":
            said = said[1]
        if isinstance(said, dict):
            said = rebuild(copy.deepcopy(table["facts"]), said)
        # Half a unit in the last digit of the table.
        yield raw, said, 0.5 * 10.0 ** (1 - table["digits"]) + F32_ROUNDING


def main(program, *tables):
    rows = [row for path in tables for row in read_table(path)]
    lines = "".join(json.dumps(raw) + "\n" for raw, _, _ in rows)
    answers = subprocess.run([program], input=lines, text=True, capture_output=True, check=True)
    comparison, failed = Comparison(), 0
    for (raw, said, limit), line in zip(rows, answers.stdout.splitlines(), strict=True):
        found = comparison.compare(raw, said, json.loads(line), limit)
        failed += bool(found)
        if found:
            print(json.dumps(raw), *found[:6], sep="\n    ")
    for *_, why in LIMITS + LENIENT + EXCUSED:
        if why not in comparison.used:
            print(f"no row needs the rule: {why}")
            failed += 1
    print(f"{len(rows)} configurations, {failed} failures")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
