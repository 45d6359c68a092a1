// Writes device code for the kernels of a module, kernel by kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/NVPTX/EmitPtx.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringSet.h"
#include "DeviceKernel.h"
#include "PtxBackend.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// PTX has no `.` in names, and ours have no `$`.
static std::string getSymbol(StringRef name) {
  std::string symbol;
  for (char letter : name) {
    if (llvm::isAlnum(letter) || letter == '_')
      symbol += letter;
    else
      symbol += letter == '.' ? "$" : "$$" + llvm::utohexstr(uint8_t(letter));
  }
  return symbol;
}

/// The op that decides how a kernel is written; null for ops on rows alone.
static Operation *getRoot(tile::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<LinearOp, HeadLinearOp, GroupedLinearOp, AttentionOp,
            MlaAttentionOp, MoeDispatchOp, RouterOp>(op))
      return &op;
  return nullptr;
}

static Refusal emitKernel(DeviceKernel &kernel) {
  Operation *root = getRoot(kernel.op);
  if (!root)
    return emitRows(kernel);
  if (auto attention = dyn_cast<AttentionOp>(root))
    return emitAttention(kernel, attention);
  if (auto router = dyn_cast<RouterOp>(root))
    return emitRouter(kernel, router);
  if (auto group = dyn_cast<MoeDispatchOp>(root))
    return emitGroup(kernel, group);
  if (isa<LinearOp, HeadLinearOp, GroupedLinearOp>(root))
    return emitContraction(kernel, root);
  return "there is no device code for " + root->getName().getStringRef().str();
}

namespace {
/// Names kernels as outlining does.
class KernelNames {
public:
  explicit KernelNames(ModuleOp module) {
    for (Operation &op : *module.getBody())
      if (auto symbol = dyn_cast<SymbolOpInterface>(op))
        taken.insert(symbol.getName());
  }

  std::string add(StringRef name) {
    SmallString<64> free(name);
    if (taken.contains(name))
      free = SymbolTable::generateSymbolName<64>(
          name, [&](StringRef other) { return taken.contains(other); },
          counter);
    taken.insert(free);
    return free.str().str();
  }

private:
  llvm::StringSet<> taken;
  unsigned counter = 0;
};

/// Writes all kernels into one module of device functions.
class ModuleEmitter {
public:
  ModuleEmitter(ModuleOp formed, machine::GpuAttr machine)
      : formed(formed), machine(machine), names(formed),
        device(ModuleOp::create(formed.getLoc())) {
    OpBuilder builder = OpBuilder::atBlockBegin(device->getBody());
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    LLVM::GlobalOp::create(builder, formed.getLoc(), bytes,
                           /*isConstant=*/false, LLVM::Linkage::External,
                           "shared", Attribute(),
                           /*alignment=*/128, /*addrSpace=*/3);
  }

  llvm::Expected<PtxModule> run() {
    formed.walk([&](tile::KernelOp op) { emit(op); });
    if (result.kernels.empty())
      return std::move(result);
    llvm::Expected<std::string> text =
        translateToPtx(*device, machine.getName());
    if (!text)
      return text.takeError();
    result.text = std::move(*text);
    return std::move(result);
  }

private:
  void emit(tile::KernelOp op) {
    auto func = op->getParentOfType<func::FuncOp>();
    auto bucket =
        func->getAttrOfType<tile::BucketAttr>(tile::TileDialect::kBucketName);
    std::string name = names.add(op.getName());
    if (!bucket)
      return skip(op, name, "its function has no bucket");
    DeviceKernel kernel(op, bucket.getTokens(), machine, *device,
                        getSymbol(name));
    Refusal refusal = emitKernel(kernel);
    if (!refusal && kernel.sharedBytes > machine.getShared())
      refusal = "it needs " + std::to_string(kernel.sharedBytes) +
                " bytes of shared memory, but a block has " +
                std::to_string(machine.getShared());
    if (refusal) {
      kernel.abandon();
      return skip(op, name, *refusal);
    }
    kernel.finish();
    LLVM::LLVMFuncOp function = keepDistinct(kernel.getFunction());
    result.kernels.push_back({function.getName().str(), name, kernel.threads,
                              kernel.sharedBytes, kernel.blocks});
  }

  /// The first function that is this one but for its name; others are erased.
  /// Kernels of large buckets are the same.
  LLVM::LLVMFuncOp keepDistinct(LLVM::LLVMFuncOp function) {
    for (LLVM::LLVMFuncOp other : functions)
      if (areEqual(function, other)) {
        function.erase();
        return other;
      }
    functions.push_back(function);
    return function;
  }

  static bool areEqual(LLVM::LLVMFuncOp a, LLVM::LLVMFuncOp b) {
    auto listAttributes = [](LLVM::LLVMFuncOp function) {
      NamedAttrList attributes(function->getAttrDictionary());
      attributes.erase(SymbolTable::getSymbolAttrName());
      return attributes.getDictionary(function.getContext());
    };
    return listAttributes(a) == listAttributes(b) &&
           OperationEquivalence::isRegionEquivalentTo(
               &a.getBody(), &b.getBody(),
               OperationEquivalence::IgnoreLocations);
  }

  void skip(tile::KernelOp op, const std::string &name, std::string reason) {
    emitRemark(op.getLoc()) << "skipped: " << name << ": " << reason;
    result.skipped.push_back({name, std::move(reason)});
  }

  ModuleOp formed;
  machine::GpuAttr machine;
  KernelNames names;
  OwningOpRef<ModuleOp> device;
  /// Those of the module, of which no two are equal.
  SmallVector<LLVM::LLVMFuncOp> functions;
  PtxModule result;
};
} // namespace

llvm::Expected<PtxModule> tenon::emitPtx(ModuleOp formed,
                                         machine::GpuAttr machine) {
  formed.getContext()
      ->loadDialect<arith::ArithDialect, cf::ControlFlowDialect,
                    LLVM::LLVMDialect, NVVM::NVVMDialect, scf::SCFDialect>();
  return ModuleEmitter(formed, machine).run();
}
