# Runs products with weights in each format of blocks, beside the interpreter.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""Usage: check_block_formats.py <tenon-run> <folder> <machine>

Plain and gated products, those of experts, and a table of embeddings, as native code.
512 columns are two blocks of two-level scales; 480 are an odd number of the others'."""

import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(here.parents[4] / "Pipelines/Inputs"))
from for_machine import MACHINES  # noqa: E402

FORMATS = {
    "ui4, zero 8, scale f16 per 1x32": 480,
    "ui4, scale f16 per 1x32, offset": 480,
    "ui5, zero 16, scale f16 per 1x32": 480,
    "ui5, scale f16 per 1x32, offset": 480,
    "ui8, zero 128, scale f16 per 1x32": 480,
    "ui4, scale f16 per 1x256, scale ui8 per 1x32, offset": 512,
    "ui5, scale f16 per 1x256, scale ui8 per 1x32, offset": 512,
    "ui6, zero 32, scale f16 per 1x256, scale i8 per 1x16": 512,
    "f4E2M1FN, scale f8E8M0FNU per 1x32": 480,
    "ui2, scale f16 per 1x256, scale ui8 per 1x16, offset": 512,
    "ui3, values [-7, 1, 9, 0, -9, -1, 7, 0], scale f32 per 1x256, scale ui8 per 1x32": 512,
    "ui4, values [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],"
    " scale f16 per 1x32": 480,
}
PIPELINE = (
    "builtin.module(tenon-simplify-pipeline,"
    "tenon-form-pipeline{buckets=BUCKET positions=64},tenon-tile-pipeline)"
)


def inputs(tokens, columns):
    """Activations, tokens of which some share a panel, experts, and results."""
    names = [i * 32 // max(tokens - 1, 1) for i in range(tokens)]
    choices = [(i + j) % 3 for i in range(tokens) for j in range(2)]
    yield f"seed:1@{tokens}x{columns}"
    yield "ints:" + ",".join(map(str, names))
    yield f"ints:{','.join(map(str, choices))}@{tokens}x2"
    for rows, width in [(1, columns), (1, 33), (1, 19), (1, 33), (2, 20)]:
        yield f"unwritten@{rows * tokens}x{width}"


def main(runner, folder, machine):
    template = here.with_name("block-format.mlir").read_text()
    module = pathlib.Path(folder) / "module.mlir"
    for form, columns in FORMATS.items():
        text = template.replace("MACHINE", MACHINES[machine])
        text = text.replace("COLUMNS", str(columns)).replace("FORMAT", f"<{form}>")
        module.write_text(text)
        # One row, whole and cut tiles of rows, in small and large buckets.
        for tokens, bucket in [(1, 1), (5, 9), (37, 64)]:
            command = [runner, module, "--engine=native", "--compare=interpret"]
            command += [f"--pipeline={PIPELINE.replace('BUCKET', str(bucket))}"]
            command += ["--entry=f"]
            command += [f"--input={text}" for text in inputs(tokens, columns)]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode:
                print(f"{form}, {tokens} tokens:\n{run.stdout}{run.stderr}")
                return 1
        print(f"{form}: passed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
