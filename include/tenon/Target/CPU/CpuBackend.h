// The back end of CPUs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_CPU_CPUBACKEND_H
#define TENON_TARGET_CPU_CPUBACKEND_H

namespace tenon {

class Backend;

const Backend &getCpuBackend();

} // namespace tenon

#endif // TENON_TARGET_CPU_CPUBACKEND_H
