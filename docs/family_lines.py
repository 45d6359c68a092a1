"""Counts the lines that each family of models costs: the table of howto/AddAFamily.md.

  docs/family_lines.py            prints the table
  docs/family_lines.py --check    fails where the page has another one

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/howto/AddAFamily.md"


def count(path):
    """Lines with something on them."""
    if not path.exists():
        return 0
    return sum(bool(line.strip()) for line in path.read_text().splitlines())


def spell(model_type):
    """How tests are called: without what tells the text model of another one."""
    return model_type.removesuffix("_text").replace("_", "-")


def find_test(folder, model_type):
    """The test of a family, whose name may leave out what all in it share."""
    name = spell(model_type)
    names = [name, name.replace("-v", ""), name.replace("deepseek", "deepseek-")]
    return next((f for n in names if (f := folder / f"{n}.test").exists()), folder / "-")


def count_rows(path, model_type):
    """Rows of a table that name the family."""
    return len(re.findall(rf'"{model_type}"', path.read_text()))


def make_rows():
    families = ROOT / "lib/Import/Families"
    containers = ROOT / "lib/Import/Containers"
    listed = re.findall(
        r"FAMILY\((\w+), (\w+)\)", (families / "Families.def").read_text()
    )
    for model_type, name in listed:
        tests = [ROOT / "test/Import/Families", ROOT / "test/e2e"]
        yield (
            model_type,
            count(families / f"{name}.cpp"),
            sum(
                count_rows(containers / table, model_type)
                for table in ("GgufArchitectures.cpp", "HuggingFaceDefaults.cpp")
            ),
            sum(count(find_test(folder, model_type)) for folder in tests),
        )


def make_table():
    rows = sorted(make_rows(), key=lambda row: (row[1], row[0]))
    lines = [
        "| Family | Lines of its file | Rows of tables | Lines of its tests |",
        "|---|---:|---:|---:|",
    ]
    lines += ["| `{}` | {} | {} | {} |".format(*row) for row in rows]
    smallest, largest = rows[0], rows[-1]
    lines += [
        "",
        f"The smallest is `{smallest[0]}` with {smallest[1]} lines, the largest "
        f"`{largest[0]}` with {largest[1]}.",
    ]
    return "\n".join(lines)


def main():
    table = make_table()
    if sys.argv[1:] != ["--check"]:
        print(table)
        return 0
    if f"<!-- family_lines.py -->\n{table}\n<!-- end -->" in PAGE.read_text():
        return 0
    print(f"{PAGE.name} has another table than docs/family_lines.py prints:\n{table}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
