// Which kernels of a model the time goes to.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_DRIVER_KERNELPROFILE_H
#define TENON_LIB_DRIVER_KERNELPROFILE_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tenon {

/// Samples the place of execution of all threads about a thousand times a
/// second of their running time. At most one profile may be taken at a time.
class KernelProfile {
public:
  /// Reads the functions of `<artifact>/model.so`, which lies in memory around
  /// `inside`.
  static llvm::Expected<KernelProfile> open(const std::string &artifact,
                                            const void *inside);

  /// Begins. What is measured may be shorter than the time between two samples,
  /// if it is measured often and the profile goes on meanwhile.
  llvm::Error start();
  void stop();

  /// Forgets the samples until now.
  void discard();
  /// How many samples fell into each function of model.so, and into `runtime`,
  /// which is everything outside it, since the last call of take or discard.
  llvm::StringMap<uint64_t> take();

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
