# What goes wrong in the libraries and the programs of tenon.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""One class for every error that tenon reports."""


class Error(Exception):
    """One line that says what was wrong and what to do.

    Arguments of a wrong type or a wrong value are a TypeError or a ValueError instead,
    where Python can tell before tenon is asked.
    """
