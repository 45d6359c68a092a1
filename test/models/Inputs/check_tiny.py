# Runs check_copies.py on every tiny checkpoint.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_tiny.py TENON GOLDENS FOLDER"""

import pathlib
import subprocess
import sys

tenon, goldens, folder = sys.argv[1:]
maker = pathlib.Path(goldens) / "make_checkpoints.py"
subprocess.run([sys.executable, maker, folder], stdout=subprocess.DEVNULL, check=True)
models = sorted(config.parent for config in pathlib.Path(folder).glob("*/config.json"))
check = pathlib.Path(__file__).parent / "check_copies.py"
subprocess.run([sys.executable, check, tenon, *models], check=True)
