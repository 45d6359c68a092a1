# Changes one byte of a file: flip_byte.py FILE OFFSET.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import sys

with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))
