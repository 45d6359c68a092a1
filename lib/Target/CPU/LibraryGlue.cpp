// What a library needs besides code: workers that meet, a choice of variants.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LibraryGlue.h"
#include "tenon/Runtime/Format.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

#include <array>

using namespace tenon;

/// `$name` stands for an offset.
static constexpr llvm::StringLiteral kText = R"(
declare void @llvm.x86.sse2.pause()

define internal void @tenon.work(ptr %job, i64 %worker) {
  %context.place = getelementptr i8, ptr %job, i64 $context
  %step.place = getelementptr i8, ptr %job, i64 $step
  %context = load ptr, ptr %context.place
  %step = load ptr, ptr %step.place
  call void %step(ptr %context, i64 %worker)
  ret void
}

; The last worker that arrives opens the next round. It resets what the others
; do not read before they see that round, which a release publishes.
; Who waits long gives its CPU away (sched_yield), for there may be fewer CPUs
; than workers.
define internal void @tenon.barrier(ptr %context, i64 %worker) {
  %meeting.place = getelementptr i8, ptr %context, i64 $runtime
  %meeting = load ptr, ptr %meeting.place
  %arrived = getelementptr i8, ptr %meeting, i64 $arrived
  %workers.place = getelementptr i8, ptr %meeting, i64 $workers
  %tickets = getelementptr i8, ptr %meeting, i64 $tickets
  %rounds = getelementptr i8, ptr %meeting, i64 $rounds
  %workers = load i64, ptr %workers.place
  %round = load atomic i64, ptr %rounds monotonic, align 8
  %before = atomicrmw add ptr %arrived, i64 1 acq_rel
  %number = add i64 %before, 1
  %last = icmp eq i64 %number, %workers
  br i1 %last, label %open, label %wait
open:
  store atomic i64 0, ptr %arrived monotonic, align 8
  store i64 0, ptr %tickets
  %next = add i64 %round, 1
  store atomic i64 %next, ptr %rounds release, align 8
  ret void
wait:
  %turn = phi i64 [ 0, %0 ], [ %more, %again ]
  %seen = load atomic i64, ptr %rounds acquire, align 8
  %done = icmp ne i64 %seen, %round
  br i1 %done, label %end, label %idle
idle:
  call void @llvm.x86.sse2.pause()
  %more = add i64 %turn, 1
  %phase = and i64 %more, 1023
  %long = icmp eq i64 %phase, 0
  br i1 %long, label %yield, label %again
yield:
  call i64 asm sideeffect "syscall", "={rax},{rax},~{rcx},~{r11},~{memory}"(i64 24)
  br label %again
again:
  br label %wait
end:
  ret void
}

define internal { i32, i32, i32, i32 } @tenon.cpuid(i32 %leaf, i32 %subleaf) {
  %words = call { i32, i32, i32, i32 } asm sideeffect "cpuid", "={eax},={ebx},={ecx},={edx},{eax},{ecx}"(i32 %leaf, i32 %subleaf)
  ret { i32, i32, i32, i32 } %words
}

; Fails to read nothing: a leaf that the CPU does not have is not asked for.
define internal i32 @tenon.read_cpuid(i32 %leaf, i32 %subleaf, i32 %word) {
  %range = and i32 %leaf, 2147483648
  %top = call { i32, i32, i32, i32 } @tenon.cpuid(i32 %range, i32 0)
  %most = extractvalue { i32, i32, i32, i32 } %top, 0
  %has = icmp uge i32 %most, %leaf
  br i1 %has, label %subleaves, label %none
subleaves:
  %first = call { i32, i32, i32, i32 } @tenon.cpuid(i32 %leaf, i32 0)
  %last = extractvalue { i32, i32, i32, i32 } %first, 0
  %plain = icmp eq i32 %subleaf, 0
  %listed = icmp uge i32 %last, %subleaf
  %good = or i1 %plain, %listed
  br i1 %good, label %read, label %none
read:
  %words = call { i32, i32, i32, i32 } @tenon.cpuid(i32 %leaf, i32 %subleaf)
  %a = extractvalue { i32, i32, i32, i32 } %words, 0
  %b = extractvalue { i32, i32, i32, i32 } %words, 1
  %c = extractvalue { i32, i32, i32, i32 } %words, 2
  %d = extractvalue { i32, i32, i32, i32 } %words, 3
  switch i32 %word, label %none [ i32 0, label %eax
                                  i32 1, label %ebx
                                  i32 2, label %ecx
                                  i32 3, label %edx ]
eax:
  ret i32 %a
ebx:
  ret i32 %b
ecx:
  ret i32 %c
edx:
  ret i32 %d
none:
  ret i32 0
}

define internal i32 @tenon.read_xcr0() {
  %ecx = call i32 @tenon.read_cpuid(i32 1, i32 0, i32 2)
  %bit = and i32 %ecx, 134217728
  %has = icmp ne i32 %bit, 0
  br i1 %has, label %read, label %none
read:
  %halves = call { i32, i32 } asm sideeffect "xgetbv", "={eax},={edx},{ecx}"(i32 0)
  %low = extractvalue { i32, i32 } %halves, 0
  ret i32 %low
none:
  ret i32 0
}
)";

std::string tenon::getLibraryGlue() {
  const std::pair<llvm::StringRef, int64_t> offsets[] = {
      {"$context", kJobContext},
      {"$step", kJobStep},
      {"$runtime", offsetof(tenon_step_context, runtime)},
      {"$arrived", kMeetingArrived},
      {"$workers", kMeetingWorkers},
      {"$tickets", kMeetingTickets},
      {"$rounds", kMeetingRounds}};
  std::string text = kText.str();
  for (auto [name, offset] : offsets)
    for (size_t at; (at = text.find(name)) != std::string::npos;)
      text.replace(at, name.size(), std::to_string(offset));
  return text;
}

//===----------------------------------------------------------------------===//
// The choice of a variant
//===----------------------------------------------------------------------===//

namespace {
/// Words of the table of targets.
enum CpuWord {
  LEAF1_ECX,
  LEAF7_EBX,
  LEAF7_ECX,
  LEAF7_EDX,
  LEAF7_1_EAX,
  LEAF7_1_EDX,
  LEAF80000001_ECX,
  XCR0,
  NumWords
};

/// Where `cpuid` has a word: a leaf, its part, and a register.
struct WordPlace {
  uint32_t leaf, subleaf, word;
};

/// A bit that a feature consists of.
struct FeatureBit {
  uint32_t feature;
  CpuWord word;
  int bit;
};
} // namespace

static constexpr WordPlace kPlaces[] = {{1, 0, 2},         {7, 0, 1}, {7, 0, 2},
                                        {7, 0, 3},         {7, 1, 0}, {7, 1, 3},
                                        {0x80000001, 0, 2}};

static constexpr FeatureBit kBits[] = {
#define TENON_CPUID(id, word, bit) {TENON_CPU_##id, word, bit},
#include "tenon/Support/Targets.def"
};

/// The bits of each word that features consist of.
static std::array<uint32_t, NumWords> getMasks(uint32_t features) {
  std::array<uint32_t, NumWords> masks = {};
  for (const FeatureBit &bit : kBits)
    if (features & bit.feature)
      masks[bit.word] |= 1u << bit.bit;
  return masks;
}

/// The body of the choice: the variants are in the order of preference.
static llvm::Value *chooseByCpu(llvm::IRBuilder<> &b, llvm::Module &module,
                                llvm::ArrayRef<CompiledVariant> variants) {
  std::array<llvm::Value *, NumWords> words;
  for (auto [word, place] : llvm::zip(words, kPlaces))
    word = b.CreateCall(module.getFunction("tenon.read_cpuid"),
                        {b.getInt32(place.leaf), b.getInt32(place.subleaf),
                         b.getInt32(place.word)});
  words[XCR0] = b.CreateCall(module.getFunction("tenon.read_xcr0"));
  llvm::Value *chosen = b.getInt64(variants.size());
  for (int64_t i = variants.size() - 1; i >= 0; --i) {
    llvm::Value *runs = b.getTrue();
    for (auto [word, mask] :
         llvm::zip_equal(words, getMasks(variants[i].features)))
      if (mask)
        runs = b.CreateAnd(
            runs, b.CreateICmpEQ(b.CreateAnd(word, mask), b.getInt32(mask)));
    chosen = b.CreateSelect(runs, b.getInt64(i), chosen);
  }
  return chosen;
}

void tenon::completeGlue(llvm::Module &module,
                         llvm::ArrayRef<CompiledVariant> variants) {
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> b(context);
  auto *known = new llvm::GlobalVariable(
      module, b.getInt64Ty(), /*isConstant=*/false,
      llvm::GlobalValue::InternalLinkage, b.getInt64(-1), "tenon.chosen");
  auto *choose = llvm::Function::Create(
      llvm::FunctionType::get(b.getInt64Ty(), false),
      llvm::GlobalValue::InternalLinkage, kChooseName, module);
  auto *entry = llvm::BasicBlock::Create(context, "", choose);
  auto *first = llvm::BasicBlock::Create(context, "first", choose);
  auto *later = llvm::BasicBlock::Create(context, "later", choose);
  b.SetInsertPoint(entry);
  // All threads find the same number, and it publishes nothing else.
  llvm::LoadInst *before =
      b.CreateAlignedLoad(b.getInt64Ty(), known, llvm::Align(8));
  before->setAtomic(llvm::AtomicOrdering::Monotonic);
  b.CreateCondBr(b.CreateICmpSLT(before, b.getInt64(0)), first, later);
  b.SetInsertPoint(first);
  llvm::Value *chosen = chooseByCpu(b, module, variants);
  b.CreateAlignedStore(chosen, known, llvm::Align(8))
      ->setAtomic(llvm::AtomicOrdering::Monotonic);
  b.CreateRet(chosen);
  b.SetInsertPoint(later);
  b.CreateRet(before);
}
