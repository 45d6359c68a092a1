# Mistakes that the types of the package show.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import tenon

model = tenon.load("artifact")

model.generate("text", m=3)
model.session(slots="2")
model.sessions
