# Compares the sizes of the code and the kernels of two artifacts.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""compare_code.py TENON A.tenon B.tenon"""

import json
import pathlib
import struct
import subprocess
import sys


def measure_text(path):
    """Bytes of the section .text of a 64-bit little-endian ELF file."""
    data = pathlib.Path(path).read_bytes()
    (table,) = struct.unpack_from("<Q", data, 40)
    entry, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<II4Q", data, table + entry * i) for i in range(count)]
    text = headers[names][4]
    for name, _, _, _, _, size in headers:
        if data[text + name :].startswith(b".text\0"):
            return size
    sys.exit(f"{path}: there is no section .text")


def list_kernels(tenon, artifact):
    printed = subprocess.run([tenon, "inspect", artifact], check=True, capture_output=True)
    variants = json.loads(printed.stdout)["variants"]
    steps = [step for variant in variants for step in variant["steps"]]
    return sorted(kernel for step in steps for kernel in step["kernels"])


def main():
    tenon, *artifacts = sys.argv[1:]
    sizes = [measure_text(f"{artifact}/model.so") for artifact in artifacts]
    kernels = [list_kernels(tenon, artifact) for artifact in artifacts]
    if sizes[0] != sizes[1]:
        sys.exit(f"the code has {sizes[0]} and {sizes[1]} bytes")
    if kernels[0] != kernels[1]:
        sys.exit(f"kernels of one alone: {set(kernels[0]) ^ set(kernels[1])}")
    print(f"the same {sizes[0]} bytes of code, the same {len(kernels[0])} kernels")


if __name__ == "__main__":
    main()
