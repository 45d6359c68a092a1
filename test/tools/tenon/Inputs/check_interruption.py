# Interrupts a compilation, which says so and leaves nothing.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_interruption.py TENON MODEL FOLDER"""

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


if __name__ == "__main__":
    check_interruption(*sys.argv[1:3], pathlib.Path(sys.argv[3]))
