// Which kernels of a model the time goes to.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelProfile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Object/ELFObjectFile.h"

#include <atomic>
#include <csignal>
#include <dlfcn.h>
#include <sys/time.h>
#include <ucontext.h>

using namespace tenon;

/// Samples until `take`. A signal handler may neither allocate nor lock.
static constexpr size_t kMostSamples = size_t(1) << 20;
static std::vector<uint64_t> samples;
static std::atomic<size_t> numSamples{0};

static void onTick(int, siginfo_t *, void *context) {
  size_t place = numSamples.fetch_add(1, std::memory_order_relaxed);
  if (place < samples.size())
    samples[place] =
        static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP];
}

llvm::Expected<KernelProfile> KernelProfile::open(const std::string &artifact,
                                                  const void *inside) {
  std::string path = artifact + "/model.so";
  llvm::Expected<llvm::object::OwningBinary<llvm::object::ObjectFile>> file =
      llvm::object::ObjectFile::createObjectFile(path);
  if (!file)
    return file.takeError();
  Dl_info place = {};
  if (!dladdr(inside, &place))
    return llvm::createStringError("'" + path + "' is not loaded");
  KernelProfile profile;
  profile.base = reinterpret_cast<uint64_t>(place.dli_fbase);
  for (const llvm::object::ELFSymbolRef symbol : file->getBinary()->symbols()) {
    if (symbol.getELFType() != llvm::ELF::STT_FUNC)
      continue;
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    llvm::Expected<uint64_t> address = symbol.getAddress();
    if (!name || !address) {
      llvm::consumeError(name.takeError());
      llvm::consumeError(address.takeError());
      continue;
    }
    profile.functions.push_back(
        {*address, *address + symbol.getSize(), name->str()});
  }
  llvm::sort(profile.functions, [](const Function &a, const Function &b) {
    return a.begin < b.begin;
  });
  return profile;
}

static llvm::Error setTimer(suseconds_t period) {
  itimerval timer = {};
  timer.it_interval.tv_usec = timer.it_value.tv_usec = period;
  if (setitimer(ITIMER_PROF, &timer, nullptr) == 0)
    return llvm::Error::success();
  return llvm::createStringError(
      std::error_code(errno, std::generic_category()),
      "cannot set a timer of the running time");
}

llvm::Error KernelProfile::start() {
  samples.resize(kMostSamples);
  struct sigaction action = {};
  action.sa_sigaction = onTick;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);
  return setTimer(/*period=*/1000);
}

void KernelProfile::stop() {
  llvm::consumeError(setTimer(0));
  // A tick that is on its way finds nobody who could be killed by it.
  struct sigaction action = {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPROF, &action, nullptr);
}

void KernelProfile::discard() { numSamples = 0; }

llvm::StringMap<uint64_t> KernelProfile::take() {
  size_t count = std::min(numSamples.exchange(0), samples.size());
  llvm::StringMap<uint64_t> hits;
  for (uint64_t sample : llvm::ArrayRef(samples).take_front(count)) {
    uint64_t at = sample - base;
    auto after =
        llvm::upper_bound(functions, at, [](uint64_t at, const Function &f) {
          return at < f.begin;
        });
    bool isKernel = after != functions.begin() && at < std::prev(after)->end;
    ++hits[isKernel ? llvm::StringRef(std::prev(after)->name) : "runtime"];
  }
  return hits;
}
