# Says in a module which machine it is for.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""for_machine.py MACHINE < module > module"""

import sys

MACHINES = {
    "v3": '#machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>',
    "v4": '#machine.cpu<name = "x86-64-v4", lanes = 16, registers = 32>',
    "sm_90a": '#machine.gpu<name = "sm_90a", shared = 232448, registers = 65536>',
}

if __name__ == "__main__":
    text = sys.stdin.read()
    head = "module attributes {"
    assert head in text, "the module has no attributes"
    sys.stdout.write(text.replace(head, f"{head}machine.target = {MACHINES[sys.argv[1]]}, ", 1))
