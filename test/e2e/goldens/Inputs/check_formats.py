# Decodes random blocks of every GGUF format element by element, and rounds to e4m3 and bfloat16.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import sys

import numpy

sys.path[:0] = sys.argv[1:]
from stored_blocks import BLOCKS  # noqa: E402

from formats import gguf_file, safetensors_file  # noqa: E402


# Sums of two products, which float32 rounds; everything else is exact: numbers of 11
# bits times integers of up to 13.
ROUNDED = ("Q4_1", "Q5_1", "Q4_K", "Q5_K")
LIMIT = 3e-7
# Powers of two whose products are subnormal, and usual ones.
EXPONENTS = [0, 1, 120, 127, 130]


def check_blocks():
    """stored_blocks.py decodes them too, bit field after bit field."""
    random = numpy.random.RandomState(11)
    for name, elements, _, decode in gguf_file.FORMATS.values():
        if elements == 1:
            continue
        block = BLOCKS[name]
        data = block.draw(random, len(EXPONENTS))
        for at in block.powers:
            data[:, at] = EXPONENTS
        expected = block.decode(data)
        error = numpy.abs(decode(data) - expected).max() / numpy.abs(expected).max()
        limit = LIMIT if name in ROUNDED else 0
        print(name, "agrees" if error <= limit else f"differs by {error}")


def check_rounding():
    values = safetensors_file.E4M3
    codes = numpy.arange(256)[~numpy.isnan(values)]
    again = safetensors_file.to_e4m3(values[codes])
    print("e4m3", "agrees" if (again == codes).all() else "differs")
    # Halfway between two codes the even one wins; next to it, the nearer.
    low = numpy.arange(126)
    middle = (values[low].astype(float) + values[low + 1]) / 2
    ties = safetensors_file.to_e4m3(middle) == low + low % 2
    above = safetensors_file.to_e4m3(middle * (1 + 1e-9)) == low + 1
    below = safetensors_file.to_e4m3(-middle * (1 - 1e-9)) == (low | 128)
    good = ties.all() and above.all() and below.all()
    print("e4m3 ties", "agrees" if good else "differs")
    bits = numpy.array([0x3F808000, 0x3F818000, 0x3F808001, 0xC0FFFFFF], numpy.uint32)
    given = safetensors_file.to_bfloat16(bits.view(numpy.float32))
    good = given.tolist() == [0x3F80, 0x3F82, 0x3F81, 0xC100]
    print("bfloat16", "agrees" if good else "differs")


check_blocks()
check_rounding()
