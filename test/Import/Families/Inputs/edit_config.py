# Copies the configuration of a model with some values replaced.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""edit_config.py MODEL OUT KEY=JSON... : a folder OUT with config.json; a value
of `-` removes the key, and a key with dots goes into objects."""

import json
import pathlib
import sys


def edit(config, key, value):
    *path, last = key.split(".")
    for part in path:
        config = config[part]
    if value == "-":
        del config[last]
    else:
        config[last] = json.loads(value)


def main(model, out, *edits):
    folder = pathlib.Path(__file__).parent / model
    config = json.loads((folder / "config.json").read_text())
    for text in edits:
        edit(config, *text.split("=", 1))
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    (pathlib.Path(out) / "config.json").write_text(json.dumps(config))


main(*sys.argv[1:])
