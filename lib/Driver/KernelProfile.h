// Which kernels of a model the time goes to.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_KERNELPROFILE_H
#define TENON_LIB_DRIVER_KERNELPROFILE_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// The part of the samples that fell into one function of model.so; `runtime`
/// is everything outside it.
struct KernelShare {
  std::string name;
  double share = 0;
};

/// Samples the place of execution of all threads about a thousand times a
/// second of their running time. At most one profile may be taken at a time.
class KernelProfile {
public:
  /// Reads the functions of `<artifact>/model.so`, which lies in memory around
  /// `inside`.
  static llvm::Expected<KernelProfile> open(const std::string &artifact,
                                            const void *inside);

  /// Begins or goes on.
  llvm::Error start();
  void stop();

  /// The samples until now, in any order, and forgets them.
  std::vector<KernelShare> take();

private:
  struct Function {
    uint64_t begin, end;
    std::string name;
  };
  /// Ascending.
  std::vector<Function> functions;
  uint64_t base = 0;
};

} // namespace tenon

#endif // TENON_LIB_DRIVER_KERNELPROFILE_H
