// What a library needs besides code: workers that meet, a choice of variants.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_CPU_LIBRARYGLUE_H
#define TENON_LIB_TARGET_CPU_LIBRARYGLUE_H

#include "tenon/Target/Target.h"

namespace llvm {
class Module;
} // namespace llvm

namespace tenon {

/// `void (context, worker)`: the barrier of a step context whose `runtime` is a
/// meeting.
inline constexpr char kBarrierName[] = "tenon.barrier";
/// `void (job, worker)`: runs the step of a job.
inline constexpr char kWorkName[] = "tenon.work";
/// `i64 ()`: the number of the best variant that this CPU runs, or the number
/// of variants.
inline constexpr char kChooseName[] = "tenon.choose";

/// Fields of a meeting, which is 0 but for the number of workers. Each worker
/// reads `rounds` while others arrive, so that it has a line of the
/// cache for itself.
inline constexpr int64_t kMeetingArrived = 0, kMeetingWorkers = 8,
                         kMeetingTickets = 64, kMeetingRounds = 128,
                         kMeetingBytes = 192;
/// Fields of a job.
inline constexpr int64_t kJobContext = 0, kJobStep = 8;

/// LLVM IR of the functions above but the last.
std::string getLibraryGlue();

/// Adds the last one to a module that has the text.
void completeGlue(llvm::Module &module,
                  llvm::ArrayRef<CompiledVariant> variants);

} // namespace tenon

#endif // TENON_LIB_TARGET_CPU_LIBRARYGLUE_H
