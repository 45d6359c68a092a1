// The back end of NVIDIA GPUs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_NVPTX_NVPTXBACKEND_H
#define TENON_TARGET_NVPTX_NVPTXBACKEND_H

namespace tenon {

class Backend;

const Backend &getNvptxBackend();

} // namespace tenon

#endif // TENON_TARGET_NVPTX_NVPTXBACKEND_H
