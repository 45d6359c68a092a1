// Compiles and runs every dot product of the table of targets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Runtime/Format.h"
#include "tenon/Support/Targets.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "lib/Target/CPU/EmitObject.h"

#include <cmath>
#include <cstring>
#include "gtest/gtest.h"

using namespace tenon;

/// LLVM's spelling of an element type.
static std::string typeOf(llvm::StringRef element) {
  if (element == "f32")
    return "float";
  return element == "bf16" ? "bfloat" : "i" + element.drop_front().str();
}

static std::string vectorOf(int64_t count, llvm::StringRef element) {
  return llvm::formatv("<{0} x {1}>", count, typeOf(element));
}

/// `void dot(sums, weights, activations)`, which updates the sums in memory.
static std::string writeFunction(const DotInstruction &dot) {
  std::string sums = vectorOf(dot.lanes, dot.sums),
              weights = vectorOf(dot.lanes * dot.products, dot.weights),
              activations = vectorOf(dot.lanes * dot.products, dot.activations);
  std::string s = sums + " %s", w = weights + " %w", a = activations + " %a";
  std::string operands = s + ", " + w + ", " + a;
  if (dot.products == 1)
    operands = w + ", " + a + ", " + s;
  if (dot.bound)
    operands = w + ", " + a;
  return llvm::formatv(R"(
define void @dot(ptr %sums, ptr %weights, ptr %activations) {{
  %s = load {0}, ptr %sums, align 1
  %w = load {1}, ptr %weights, align 1
  %a = load {2}, ptr %activations, align 1
  %r = call {0} @{3}({4})
  store {0} %r, ptr %sums, align 1
  ret void
}
)",
                       sums, weights, activations, dot.intrinsic, operands);
}

static std::unique_ptr<llvm::Module> parse(const DotInstruction &dot,
                                           llvm::LLVMContext &context) {
  llvm::SMDiagnostic diagnostic;
  // An undeclared intrinsic is declared with the types of its call.
  std::unique_ptr<llvm::Module> module =
      llvm::parseAssemblyString(writeFunction(dot), diagnostic, context);
  EXPECT_TRUE(module) << diagnostic.getMessage().str();
  EXPECT_FALSE(module && llvm::verifyModule(*module, &llvm::errs()));
  return module;
}

TEST(DotInstruction, IsOneInstruction) {
  for (const CpuLevel &level : getCpuLevels())
    for (const DotInstruction *dot : level.getDotInstructions()) {
      llvm::LLVMContext context;
      std::unique_ptr<llvm::Module> module = parse(*dot, context);
      ASSERT_TRUE(module);
      llvm::SmallVector<char, 0> object;
      std::string text;
      ASSERT_FALSE(emitObject(
          *module, {level.cpu.str(), level.getLlvmFeatures(), level.lanes * 32},
          EmitKind::Assembly, object, &text));
      llvm::StringRef code = text;
      EXPECT_EQ(code.count("\t" + dot->name.str()) +
                    code.count("} " + dot->name.str()),
                1u)
          << text;
      EXPECT_EQ(code.count("call"), 0u) << text;
    }
}

TEST(DotInstruction, BelongsToALevel) {
  for (const DotInstruction &dot : getDotInstructions())
    EXPECT_TRUE(llvm::any_of(getCpuLevels(), [&](const CpuLevel &level) {
      return llvm::is_contained(level.getDotInstructions(), &dot);
    })) << dot.intrinsic.str();
}

namespace {
/// Elements of one type in memory.
class Elements {
public:
  Elements(llvm::StringRef type, int64_t count, double value)
      : type(type), bytes(4 * count) {
    for (int64_t i = 0; i < count; ++i)
      write(i, value);
  }
  double operator[](int64_t i) const {
    if (type == "f32")
      return read<float>(i);
    return type == "i16" ? read<int16_t>(i) : read<int32_t>(i);
  }
  uint8_t *data() { return bytes.data(); }

private:
  template <typename Value>
  Value read(int64_t i) const {
    Value value;
    std::memcpy(&value, bytes.data() + i * sizeof(Value), sizeof(Value));
    return value;
  }
  template <typename Value>
  void put(int64_t i, Value value) {
    std::memcpy(bytes.data() + i * sizeof(Value), &value, sizeof(Value));
  }
  void write(int64_t i, double value) {
    float single = float(value);
    uint32_t bits;
    std::memcpy(&bits, &single, sizeof(bits));
    if (type == "f32")
      put(i, single);
    else if (type == "bf16")
      put(i, uint16_t(bits >> 16));
    else if (type == "i32")
      put(i, int32_t(value));
    else if (type == "i16")
      put(i, int16_t(value));
    else
      put(i, uint8_t(int64_t(value)));
  }

  llvm::StringRef type;
  std::vector<uint8_t> bytes;
};

/// A dot product that runs on this machine.
class Dot {
public:
  Dot(const CpuLevel &level, const DotInstruction &dot) : dot(dot) {
    llvm::orc::JITTargetMachineBuilder machine(
        llvm::Triple("x86_64-unknown-linux-gnu"));
    machine.setCPU(level.cpu.str());
    llvm::SmallVector<llvm::StringRef> features;
    std::string list = level.getLlvmFeatures();
    llvm::StringRef(list).split(features, ',', -1, /*KeepEmpty=*/false);
    machine.addFeatures({features.begin(), features.end()});
    jit = llvm::cantFail(llvm::orc::LLJITBuilder()
                             .setJITTargetMachineBuilder(std::move(machine))
                             .create());
    auto context = std::make_unique<llvm::LLVMContext>();
    std::unique_ptr<llvm::Module> module = parse(dot, *context);
    llvm::cantFail(jit->addIRModule({std::move(module), std::move(context)}));
    function = llvm::cantFail(jit->lookup("dot"))
                   .toPtr<void (*)(uint8_t *, uint8_t *, uint8_t *)>();
  }

  /// Returns one sum, which is that of all lanes. Each begins as `sum` where the
  /// instruction adds to one.
  double run(double sum, double weight, double activation) const {
    int64_t count = dot.lanes * dot.products;
    Elements sums(dot.sums, dot.lanes, sum);
    Elements weights(dot.weights, count, weight);
    Elements activations(dot.activations, count, activation);
    function(sums.data(), weights.data(), activations.data());
    for (int64_t i = 0; i < dot.lanes; ++i)
      EXPECT_EQ(sums[i], sums[0]);
    return sums[0];
  }

private:
  const DotInstruction &dot;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*function)(uint8_t *, uint8_t *, uint8_t *) = nullptr;
};
} // namespace

TEST(DotInstruction, DoesWhatTheTableSays) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  for (const CpuLevel &level : getCpuLevels()) {
    if (level.features & ~tenon_cpu_features())
      continue;
    for (const DotInstruction *dot : level.getDotInstructions()) {
      SCOPED_TRACE(level.name.str() + ": " + dot->intrinsic.str());
      Dot compiled(level, *dot);
      // Those with a bound do not add to their operand.
      double sum = dot->bound ? 0 : 5;
      EXPECT_EQ(compiled.run(5, 2, 3), sum + 6 * dot->products);
      if (dot->sums.starts_with("i")) {
        double largest = dot->weights == "u8" ? 255 : 127;
        double exact = largest * 127 * dot->products;
        EXPECT_GT(exact, dot->bound);
        EXPECT_EQ(compiled.run(5, largest, 127),
                  dot->bound ? dot->bound : sum + exact);
      } else {
        // Subnormal in both types of floats, and its product is not.
        double small = std::ldexp(1, -130), large = std::ldexp(1, 20);
        EXPECT_EQ(compiled.run(0, small, large),
                  dot->flushes ? 0 : dot->products * small * large);
      }
    }
  }
}
