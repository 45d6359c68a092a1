# Prints how many parameters the shapes of random_model.py have.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import math
import sys

sys.path.insert(0, sys.argv[1])
import random_model  # noqa: E402

for name, (config, _) in random_model.SHAPES.items():
    shapes = random_model.make_checkpoints.shapes(config)
    print(name, sum(math.prod(shape) for _, shape in shapes))
