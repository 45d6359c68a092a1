# Reads and writes safetensors files with NumPy alone, bfloat16 and e4m3 included.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import json
import pathlib

import numpy

BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
PLAIN = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def e4m3_values():
    """The value of each of the 256 codes: bias 7, no infinity, NaN is 0x7F and
    0xFF, and exponent 0 holds the subnormal numbers."""
    codes = numpy.arange(256)
    exponent, mantissa = codes >> 3 & 15, codes & 7
    normal = (8 + mantissa) * 2.0 ** (exponent - 10)
    value = numpy.where(exponent == 0, mantissa * 2.0**-9, normal)
    value[codes & 127 == 127] = numpy.nan
    return numpy.where(codes >= 128, -value, value).astype(numpy.float32)


E4M3 = e4m3_values()
# Sign, two bits of exponent with bias 1, one of mantissa.
E2M1 = numpy.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], numpy.float32)
E2M1 = numpy.concatenate([E2M1, -E2M1])


def decode_blocks(blocks, scales):
    """Floats of 4 bits, [..., blocks, 16] bytes with the first one of each pair in the
    low half, times a power of two for each block: [..., 32 blocks]."""
    codes = numpy.stack([blocks & 15, blocks >> 4], axis=-1)
    values = E2M1[codes].reshape(*scales.shape, 32)
    values = numpy.ldexp(values, scales.astype(int)[..., None] - 127)
    return values.reshape(*scales.shape[:-1], -1).astype(numpy.float32)


def to_e4m3(values):
    """Rounds to the nearest code, ties to the even one; beyond 448 saturates."""
    magnitudes = E4M3[:127].astype(numpy.float64)
    size = numpy.minimum(numpy.abs(values).astype(numpy.float64), 448.0)
    upper = numpy.clip(numpy.searchsorted(magnitudes, size), 1, 126)
    below, above = size - magnitudes[upper - 1], magnitudes[upper] - size
    take_lower = (below < above) | ((below == above) & (upper % 2 == 1))
    code = numpy.where(take_lower, upper - 1, upper).astype(numpy.uint8)
    return code | (numpy.signbit(values).astype(numpy.uint8) << 7)


def to_bfloat16(values):
    """Rounds float32 to the nearest bfloat16, ties to even; gives the codes."""
    bits = numpy.ascontiguousarray(values, numpy.float32).view(numpy.uint32)
    odd = bits >> 16 & 1
    return ((bits + 0x7FFF + odd) >> 16).astype("<u2")


def encode(values, dtype):
    """The stored form of an array, as an array whose bytes are the data."""
    if dtype == "BF16":
        return to_bfloat16(values)
    if dtype == "F8_E4M3":
        return to_e4m3(values)
    return numpy.ascontiguousarray(values).astype(PLAIN[dtype])


def decode(data, dtype):
    """Bytes to an array; the narrow floating-point formats become float32."""
    if dtype == "BF16":
        wide = numpy.frombuffer(data, "<u2").astype(numpy.uint32) << 16
        return wide.view(numpy.float32)
    if dtype == "F8_E4M3":
        return E4M3[numpy.frombuffer(data, "u1")]
    if dtype not in PLAIN:
        raise ValueError(
            f"expects one of the formats {', '.join(BYTES)}, but got {dtype}"
        )
    values = numpy.frombuffer(data, PLAIN[dtype])
    return values.astype(numpy.float32) if dtype == "F16" else values


def write(path, entries, produce, metadata=None):
    """Writes one file. `entries` is a list of (name, dtype, shape);
    `produce(name)` gives the values when their turn comes, or an iterator over
    flat pieces of them, so that a large tensor never lies in memory."""
    header, end = {"__metadata__": {"format": "pt", **(metadata or {})}}, 0
    for name, dtype, shape in entries:
        size = BYTES[dtype] * int(numpy.prod(shape, dtype=numpy.int64))
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [end, end + size],
        }
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        start = file.tell()
        for name, dtype, _ in entries:
            values = produce(name)
            pieces = [values] if isinstance(values, numpy.ndarray) else values
            for piece in pieces:
                file.write(encode(piece, dtype).tobytes())
            if file.tell() - start != header[name]["data_offsets"][1]:
                raise ValueError(f"the values of '{name}' do not fill its shape")


def write_sharded(folder, entries, produce, shards):
    """Writes `shards` files of consecutive tensors, and their index if the
    folder has more than one."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for old in [
        *folder.glob("*.safetensors"),
        *folder.glob("*.safetensors.index.json"),
    ]:
        old.unlink()
    if shards == 1:
        write(folder / "model.safetensors", entries, produce)
        return
    weight_map, total = {}, 0
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        low, high = (len(entries) * i // shards for i in (shard, shard + 1))
        write(folder / name, entries[low:high], produce)
        for entry, dtype, shape in entries[low:high]:
            weight_map[entry] = name
            total += BYTES[dtype] * int(numpy.prod(shape, dtype=numpy.int64))
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    text = json.dumps(index, indent=2) + "\n"
    (folder / "model.safetensors.index.json").write_text(text)


class Folder:
    """The tensors of a Hugging Face folder, read one by one on demand."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.places = {}
        index = self.folder / "model.safetensors.index.json"
        if index.exists():
            weight_map = json.loads(index.read_text())["weight_map"]
            files = sorted(set(weight_map.values()))
        else:
            files = ["model.safetensors"]
        for name in files:
            self.read_header(self.folder / name)

    def read_header(self, path):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        for name, entry in header.items():
            low, high = entry["data_offsets"]
            place = (path, 8 + length + low, high - low)
            self.places[name] = (entry["dtype"], entry["shape"], place)

    def __contains__(self, name):
        return name in self.places

    def __iter__(self):
        return iter(self.places)

    def stored(self, name):
        """The values as they are stored, the scales of blocks not applied."""
        dtype, shape, (path, start, size) = self.places[name]
        with open(path, "rb") as file:
            file.seek(start)
            return decode(file.read(size), dtype).reshape(shape)

    def __getitem__(self, name):
        """The values that the model computes with, as float32. The product of
        an e4m3 number and a float32 scale is rounded to float32 once."""
        values = self.stored(name)
        if name.endswith("_blocks"):
            return decode_blocks(values, self.stored(f"{name.removesuffix('_blocks')}_scales"))
        scales = name.removesuffix(".weight") + ".weight_scale_inv"
        if self.places[name][0] != "F8_E4M3" or scales not in self.places:
            return values
        grid = self.stored(scales).repeat(128, axis=0).repeat(128, axis=1)
        rows, columns = values.shape
        return values * grid[:rows, :columns]
