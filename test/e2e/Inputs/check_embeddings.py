# Compiles encoders and compares their embeddings with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_embeddings.py TENON GOLDENS FOLDER VARIANT PREFIX

For each checkpoint whose name begins with PREFIX: the embeddings of all tokens, in a
bucket that is full and in one that is not, their mean, and what the pooler makes of
the first one. The tolerance is that of check_logits.py.
"""

import json
import shutil
import sys

import checkpoints
import numpy
from check_logits import TOLERANCE


def vector(cases, name, variant, *options):
    text = cases.embed(name, "--json", *options, variant=variant)
    # The line of the standard error stands beside it.
    line = next(line for line in text.splitlines() if line.startswith("{"))
    return numpy.array(json.loads(line)["texts"][0]["embedding"])


def compare(what, found, expected):
    error = numpy.abs(found - expected).max() / expected.std()
    if not error <= 1e-4:
        sys.exit(f"{what} differs by {error:.1e} of the spread")
    print(f"{what} agrees")


def check(cases, name, variant):
    import numpy_reference

    cases.make(name)
    cases.script("numpy_reference.py", cases.folder / name)
    reference = cases.folder / f"{name}.logits.npy"
    rows = numpy.load(reference).astype(float)
    for buckets in (f"1,8,{len(rows)}", "1,129"):
        cases.compile(name, f"cpu:x86-64-{variant}", f"--buckets={buckets}")
        output = cases.folder / f"{name}.npy"
        cases.embed(name, f"--dump-embeddings={output}", variant=variant)
        cases.script("compare_logits.py", output, reference, TOLERANCE)
        print(f"{name}: embeddings agree")
    mean = rows.mean(axis=0)
    compare(f"{name}: mean", vector(cases, name, variant), mean)
    length = numpy.sqrt((mean * mean).sum())
    unit = vector(cases, name, variant, "--normalize")
    compare(f"{name}: unit vector", unit, mean / length)
    model = numpy_reference.load(cases.folder / name)
    if f"{model.prefix}pooler.dense.weight" in model.weights:
        found = vector(cases, name, variant, "--pooling=pooler")
        compare(f"{name}: pooled", found, model.pooled(rows[:1])[0])


def embed_texts(cases, name, variant, *texts):
    command = [cases.tenon, "embed", cases.folder / f"{name}.tenon", "--json", *texts]
    text = checkpoints.call(*command, variant=variant)
    line = next(line for line in text.splitlines() if line.startswith("{"))
    return json.loads(line)["texts"]


def check_texts(cases, name, variant):
    """Texts that share steps have the vectors that each has alone, to the last bit,
    and that of the reference."""
    import numpy_reference

    inputs = cases.goldens.parent.parent / "test/Text/Inputs/bert"
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(inputs / file, cases.folder / name)
    pooling = cases.folder / name / "1_Pooling"
    pooling.mkdir()
    (pooling / "config.json").write_text('{"pooling_mode_cls_token": true}')
    modules = ["Transformer", "Pooling", "Normalize"]
    listed = [{"type": f"a.{module}", "path": "1_Pooling"} for module in modules]
    (cases.folder / name / "modules.json").write_text(json.dumps(listed))
    cases.compile(name, f"cpu:x86-64-{variant}", "--buckets=1,8,80")
    texts = ["The first text.", "", "A second one, with more words in it", "x"]
    together = embed_texts(cases, name, variant, *texts, *texts)
    alone = [embed_texts(cases, name, variant, text)[0] for text in texts]
    if together != alone + alone:
        sys.exit(f"{name}: texts in one step differ from those in steps of their own")
    print(f"{name}: texts that share steps agree")
    model = numpy_reference.load(cases.folder / name)
    for found in alone:
        first = model.logits(found["tokens"])[0]
        expected = first / numpy.sqrt((first * first).sum())
        compare(f"{name}: text", numpy.array(found["embedding"]), expected)


def check_gguf(cases, name, variant):
    """The same weights as a GGUF file, whose pooling is that of the first token."""
    sys.path.insert(0, str(cases.goldens.parent / "models"))
    import folder_to_gguf

    model = f"{name}.gguf"
    folder_to_gguf.write(cases.folder / name, cases.folder / model)
    tokens = (cases.folder / f"{name}.tokens.json").read_text()
    (cases.folder / f"{model}.tokens.json").write_text(tokens)
    cases.compile(model, f"cpu:x86-64-{variant}", "--buckets=129")
    rows = numpy.load(cases.folder / f"{name}.logits.npy").astype(float)
    compare(f"{name}: first of GGUF", vector(cases, model, variant), rows[0])


def main():
    tenon, goldens, folder, variant, prefix = sys.argv[1:]
    sys.path.insert(0, goldens)
    cases = checkpoints.Checkpoints(tenon, goldens, folder)
    for name in cases.names(prefix):
        check(cases, name, variant)
    check_gguf(cases, "bert-pooled-f32", variant)
    check_texts(cases, "bert-pooled-f32", variant)


if __name__ == "__main__":
    main()
