# Runs the cells of a notebook, and compares what they give with what is stored.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""run_notebook.py NOTEBOOK.ipynb [--update]

Runs without Jupyter, in the folder of the notebook: what a cell prints, and the value of
its last line, as text and as HTML. --update stores them.
"""

import ast
import contextlib
import io
import json
import os
import pathlib
import sys


def lines(text):
    return text.splitlines(keepends=True)


def run(source, names):
    """The outputs of a cell, as a notebook stores them without numbers of runs."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if last:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines(text)})
    if value is not None:
        data = {"text/plain": lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = lines(value._repr_html_())
        outputs.append({"data": data, "execution_count": None, "metadata": {}})
        outputs[-1]["output_type"] = "execute_result"
    return outputs


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    update = sys.argv[2:] == ["--update"]
    notebook = json.loads(path.read_text())
    os.chdir(path.parent)
    names, count = {}, 0
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        outputs = run("".join(cell["source"]), names)
        count += 1
        if update:
            cell["outputs"] = outputs
        elif cell["outputs"] != outputs:
            found, stored = (
                json.dumps(o, indent=1) for o in (outputs, cell["outputs"])
            )
            sys.exit(f"cell {index} gives\n{found}\nbut stored is\n{stored}")
    if update:
        text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
        path.write_text(text + "\n")
    print(f"{count} cells")


if __name__ == "__main__":
    main()
