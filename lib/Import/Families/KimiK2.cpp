// Kimi K2: DeepSeek-V3 with other numbers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Family.h"

using namespace tenon;

std::unique_ptr<Family> tenon::createKimiK2(mlir::MLIRContext *context,
                                            const ModelSource &source) {
  return createDeepSeekV3(context, source);
}
