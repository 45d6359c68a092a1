"""Memory of the PTX machine, and numbers that NumPy has no type for."""

import numpy as np

NAN_BYTES = 0xFF


def bf16_to_f32(halves):
    """Numbers of an array of 16-bit patterns."""
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)


def f32_to_bf16(values, mode="rn"):
    """Patterns of numbers rounded to nearest even, or toward zero with "rz"."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    if mode == "rn":
        bits = bits + (((bits >> np.uint32(16)) & np.uint32(1)) + np.uint32(0x7FFF))
    rounded = bits >> np.uint32(16)
    if (none := np.isnan(values)).any():
        rounded = np.where(none, np.uint32(0x7FFF), rounded)
    return rounded


def f32_to_tf32(values, mode="rna"):
    """Numbers rounded to 10 bits after the point: ties away from zero, or to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half = np.uint32(0x1000)
    if mode == "rn":
        half = np.uint32(0xFFF) + ((bits >> np.uint32(13)) & np.uint32(1))
    rounded = (bits + half) & np.uint32(0xFFFFE000)
    return np.where(np.isnan(values), bits, rounded)


class Memory:
    """Bytes with room between the buffers, which no one may touch.

    A buffer begins at a multiple of 256 bytes, so an aligned access is inside if its
    last byte is.
    """

    GAP = 4096

    def __init__(self, size=1 << 20):
        self.data = np.zeros(size, np.uint8)
        self.valid = np.zeros(size, bool)
        self.top = self.GAP

    def allocate(self, size):
        """Returns the address of a new buffer, which holds NaN."""
        begin = self.top
        self.top += (size + self.GAP + 255) // 256 * 256
        while self.top > len(self.data):
            self.data = np.concatenate([self.data, np.zeros_like(self.data)])
            self.valid = np.concatenate([self.valid, np.zeros_like(self.valid)])
        self.data[begin:begin + size] = NAN_BYTES
        self.valid[begin:begin + size] = True
        return begin

    def add(self, array):
        """Copies an array into memory and returns its address."""
        begin = self.allocate(array.nbytes)
        self.data[begin:begin + array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
        return begin

    def release(self, top):
        """Forgets the buffers from an address on."""
        self.valid[top:self.top] = False
        self.top = top

    def get(self, address, like):
        """Returns the bytes at an address as an array."""
        raw = self.data[address:address + like.nbytes]
        return np.frombuffer(raw.tobytes(), like.dtype).reshape(like.shape)

    def locate(self, addresses, size, mask):
        """Returns the number of each access in units of its size.

        Accesses that `mask` leaves out count as one of the first unit.
        """
        if mask is not None:
            addresses = np.where(mask, addresses, 0)
        units = addresses // size
        if (units * size != addresses).any():
            raise RuntimeError("access that is not aligned")
        outside = (addresses < 0) | (addresses > len(self.data) - size)
        if not outside.any():
            outside = ~self.valid[addresses + (size - 1)]
        if (outside if mask is None else outside & mask).any():
            raise RuntimeError("access outside of a buffer")
        return units


class Shared:
    """Shared memory of all blocks, one after the other; it begins as NaN."""

    def __init__(self, size, blocks):
        self.size = size
        self.stride = (size + 255) // 256 * 256
        self.data = np.full(max(self.stride * blocks, 256), NAN_BYTES, np.uint8)

    def locate(self, addresses, size, mask, block):
        """Returns the number of each access in units of its size."""
        if mask is not None:
            addresses = np.where(mask, addresses, 0)
        if (addresses % size).any():
            raise RuntimeError("access that is not aligned")
        outside = (addresses < 0) | (addresses > self.size - size)
        if (outside if mask is None else outside & mask).any():
            raise RuntimeError("access outside of shared memory")
        return (addresses + block * self.stride) // size
