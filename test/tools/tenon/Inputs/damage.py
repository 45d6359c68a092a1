# Makes a damaged copy of an artifact.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""damage.py ARTIFACT COPY FILE HOW: FILE of the copy is cut in half with `cut`, has
the byte N flipped with `N`, or is of the format version 99 with `version`. A version
comes with right hashes, as another release would write it; the offset of the
manifest in the code is found by its magic."""

import pathlib
import shutil
import struct
import sys

MASK = (1 << 64) - 1
PRIMES = [
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
]


def rotate(x, count):
    return (x << count | x >> 64 - count) & MASK


def mix(lane, word):
    return rotate((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxhash64(data):
    """XXH64 with seed 0, which is the hash of the format."""
    at, end = 0, len(data)
    if end >= 32:
        lanes = [PRIMES[0] + PRIMES[1] & MASK, PRIMES[1], 0, -PRIMES[0] & MASK]
        while at + 32 <= end:
            words = struct.unpack_from("<4Q", data, at)
            lanes = [mix(lane, word) for lane, word in zip(lanes, words)]
            at += 32
        h = sum(rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = (h ^ mix(0, lane)) * PRIMES[0] + PRIMES[3] & MASK
    else:
        h = PRIMES[4]
    h = h + end & MASK
    while at + 8 <= end:
        h ^= mix(0, *struct.unpack_from("<Q", data, at))
        h = rotate(h, 27) * PRIMES[0] + PRIMES[3] & MASK
        at += 8
    if at + 4 <= end:
        h ^= struct.unpack_from("<I", data, at)[0] * PRIMES[0] & MASK
        h = rotate(h, 23) * PRIMES[1] + PRIMES[2] & MASK
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * PRIMES[4] & MASK, 11) * PRIMES[0] & MASK
    h = (h ^ h >> 33) * PRIMES[1] & MASK
    h = (h ^ h >> 29) * PRIMES[2] & MASK
    return h ^ h >> 32


def change_version(data):
    """Of the manifest; then its hash and that of the code are those of the change."""
    at = data.index(b"TENONMF1\2\0\0\0")
    size = struct.unpack_from("<I", data, at + 12)[0]
    struct.pack_into("<IIQ", data, at + 8, 99, size, 0)
    struct.pack_into("<Q", data, at + 16, xxhash64(data[at : at + size]))
    struct.pack_into("<Q", data, len(data) - 8, xxhash64(data[:-24]))


def main():
    artifact, copy, name, how = sys.argv[1:]
    shutil.copytree(artifact, copy)
    path = pathlib.Path(copy) / name
    data = bytearray(path.read_bytes())
    if how == "cut":
        del data[len(data) // 2 :]
    elif how == "version":
        change_version(data)
    else:
        data[int(how)] ^= 1
    path.write_bytes(data)


if __name__ == "__main__":
    main()
