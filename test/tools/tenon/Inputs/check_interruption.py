# Interrupts a compilation, which says so and leaves nothing.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_interruption.py TENON MODEL FOLDER"""

import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time


def check_interruption(tenon, model, folder):
    options = ["--target=cpu:x86-64-v3", "--buckets=1"]
    command = [tenon, "compile", model, "-o", folder / "a.tenon", *options]
    compiling = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # It listens as soon as the folder is there that will be the artifact.
    while not list(folder.iterdir()):
        assert compiling.poll() is None
        time.sleep(0.001)
    time.sleep(0.02)
    compiling.send_signal(signal.SIGINT)
    said = compiling.communicate()[1]
    assert said == "tenon: error: interrupted; nothing was written\n", said
    assert compiling.returncode == 1, compiling.returncode
    assert not list(folder.iterdir()), list(folder.iterdir())


def check_kill(tenon, model, folder):
    """What a compilation left that was killed goes with the next one; what belongs to
    somebody else stays."""
    options = ["--target=cpu:x86-64-v3", "--buckets=1"]
    command = [tenon, "compile", model, "-o", folder / "a.tenon", *options]
    left = folder / "a.tenon.0123abcd.tmp"
    other = folder / "b.tenon.0123abcd.tmp"
    for path in (left, other):
        path.mkdir()
        (path / "weights.bin").write_bytes(b"0")
        (path / "chat.json").write_bytes(b"0")
    used = folder / "a.tenon.89abcdef.tmp"
    used.mkdir()
    (used / "weights.bin").write_bytes(b"0")
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    for _ in range(2):
        subprocess.run(command, check=True)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["a.tenon", used.name, other.name], names


if __name__ == "__main__":
    check_kill(*sys.argv[1:3], pathlib.Path(sys.argv[3]) / "killed")
    check_interruption(*sys.argv[1:3], pathlib.Path(sys.argv[3]) / "interrupted")
