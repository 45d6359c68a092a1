# Runs a command and fails unless it ends with a certain exit code and one line of error.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""expect_code.py CODE COMMAND... prints the line."""

import subprocess
import sys

result = subprocess.run(sys.argv[2:], stderr=subprocess.PIPE, text=True)
print(result.stderr, end="")
if result.returncode != int(sys.argv[1]) or result.stderr.count("\n") != 1:
    sys.exit(f"ended with {result.returncode} and {result.stderr.count(chr(10))} lines")
