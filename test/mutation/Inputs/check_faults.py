# Checks that planted faults fit the sources and name tests that there are.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""check_faults.py ROOT FAULTS.json

The text that a fault replaces stands once in its file, and each of its tests is
the beginning of the path of some test.
"""

import json
import pathlib
import sys


def list_tests(folder):
    for path in folder.rglob("*"):
        if path.suffix in (".mlir", ".test"):
            yield str(path.relative_to(folder))


def main():
    root = pathlib.Path(sys.argv[1])
    faults = json.loads(pathlib.Path(sys.argv[2]).read_text())
    tests = sorted(list_tests(root / "test"))
    failed = False
    for fault in faults:
        count = (root / fault["file"]).read_text().count(fault["before"])
        if count != 1:
            failed = True
            print(f"{fault['name']}: its text stands {count} times in {fault['file']}")
        for name in fault["tests"]:
            if not any(test.startswith(name) for test in tests):
                failed = True
                print(f"{fault['name']}: no test begins with {name}")
    print(f"{len(faults)} faults")
    sys.exit(failed or not faults)


if __name__ == "__main__":
    main()
