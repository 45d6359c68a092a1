# Compiles encoders and compares their embeddings with the reference in float64.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_embeddings.py TENON FOLDER VARIANTS WORDS

For each checkpoint whose name begins with these words: the embeddings of all tokens
with each of the code variants, in a bucket that is full and in one that is not, their
mean, and what the pooler makes of the first one. The first checkpoint is also compiled
from a GGUF file, and fed texts. The tolerance is that of check_logits.py.
"""

import json
import shutil
import sys

import checkpoints
import folder_to_gguf
import numpy
from check_logits import TOLERANCE
from checkpoints import numpy_reference

TOKENIZER = checkpoints.PYTHON.parent / "test/Text/Inputs/bert"


def texts_of(printed):
    """What --json says of each text, on one of the lines."""
    line = next(line for line in printed.splitlines() if line.startswith("{"))
    return json.loads(line)["texts"]


def compare(what, found, expected):
    error = numpy.abs(numpy.array(found) - expected).max() / expected.std()
    if not error <= TOLERANCE:
        sys.exit(f"{what} differs by {error:.1e} of the spread")
    print(f"{what} agrees", flush=True)


def unit(vector):
    return vector / numpy.sqrt((vector * vector).sum())


class Encoder:
    """A checkpoint of a test, and its embeddings in float64."""

    def __init__(self, cases, name, variants):
        self.cases, self.name, self.variants = cases, name, variants
        self.variant = variants.split(",")[0]
        cases.make(name)
        self.folder = cases.folder / name
        self.reference = cases.reference(name)
        self.rows = numpy.load(self.reference).astype(float)
        self.model = numpy_reference.load(self.folder)

    def compare_vector(self, what, expected, *options, name=None):
        """Compares the vector that the tokens become."""
        printed = self.cases.embed(name or self.name, "--json", *options, variant=self.variant)
        compare(f"{self.name}: {what}", texts_of(printed)[0]["embedding"], expected)

    def check_rows(self):
        output = self.cases.folder / f"{self.name}.npy"
        for buckets in (f"1,8,{len(self.rows)}", "1,129"):
            targets = checkpoints.targets_of(self.variants)
            self.cases.compile(self.name, targets, f"--buckets={buckets}")
            for variant in self.variants.split(","):
                self.cases.embed(self.name, f"--dump-embeddings={output}", variant=variant)
                what = f"{self.name}: embeddings with {variant}"
                checkpoints.expect_same(what, output, self.reference, TOLERANCE)
            print(f"{self.name}: embeddings agree with {self.variants}", flush=True)

    def check_vectors(self):
        mean = self.rows.mean(axis=0)
        self.compare_vector("mean", mean)
        self.compare_vector("unit vector", unit(mean), "--normalize")
        if f"{self.model.prefix}pooler.dense.weight" in self.model.weights:
            pooled = self.model.pooled(self.rows[:1])[0]
            self.compare_vector("pooled", pooled, "--pooling=pooler")

    def check_gguf(self):
        """The same weights as a GGUF file, whose pooling is that of the first token."""
        name = f"{self.name}.gguf"
        folder_to_gguf.write(self.folder, self.cases.folder / name)
        self.cases.copy_tokens(self.name, name)
        self.cases.compile(name, checkpoints.targets_of(self.variant), "--buckets=129")
        self.compare_vector("first of GGUF", self.rows[0], name=name)

    def embed_texts(self, *texts):
        artifact = self.cases.folder / f"{self.name}.tenon"
        command = [self.cases.tenon, "embed", artifact, "--json", *texts]
        return texts_of(checkpoints.call(*command, variant=self.variant))

    def check_texts(self):
        """Texts that share steps have the vectors that each has alone, to the last bit,
        and that of the reference."""
        self.write_sentence_files()
        self.cases.compile(
            self.name, checkpoints.targets_of(self.variant), "--buckets=1,8,80"
        )
        texts = ["The first text.", "", "A second one, with more words in it", "x"]
        together = self.embed_texts(*texts, *texts)
        alone = [self.embed_texts(text)[0] for text in texts]
        if together != alone + alone:
            sys.exit(f"{self.name}: texts in one step differ from those in their own")
        print(f"{self.name}: texts that share steps agree", flush=True)
        for found in alone:
            expected = unit(self.model.logits(found["tokens"])[0])
            compare(f"{self.name}: text", found["embedding"], expected)

    def write_sentence_files(self):
        """A tokenizer, and that the first token is normalized."""
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(TOKENIZER / file, self.folder)
        pooling = self.folder / "1_Pooling"
        pooling.mkdir()
        (pooling / "config.json").write_text('{"pooling_mode_cls_token": true}')
        modules = ["Transformer", "Pooling", "Normalize"]
        listed = [{"type": f"a.{module}", "path": "1_Pooling"} for module in modules]
        (self.folder / "modules.json").write_text(json.dumps(listed))


def main():
    tenon, folder, variants, words = sys.argv[1:]
    cases = checkpoints.Checkpoints(tenon, folder)
    encoders = [Encoder(cases, name, variants) for name in cases.names(words)]
    for encoder in encoders:
        encoder.check_rows()
        encoder.check_vectors()
    encoders[0].check_gguf()
    encoders[0].check_texts()


if __name__ == "__main__":
    main()
