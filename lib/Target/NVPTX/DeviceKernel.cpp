// One kernel while its device code is written: operands, threads, memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeviceKernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

/// Parameters of the function, for each operand.
static SmallVector<Type> getParameters(tile::KernelOp op) {
  MLIRContext *context = op.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context, 1);
  Type index = IntegerType::get(context, 64);
  SmallVector<Type> types;
  for (Value argument : op.getBody().getArguments()) {
    types.push_back(argument.getType().isIndex() ? index : pointer);
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      types.append(type.getNumDynamicDims(), index);
  }
  return types;
}

DeviceKernel::DeviceKernel(tile::KernelOp op, int64_t tokens,
                           gpu::GPUModuleOp module, StringRef symbol)
    : op(op), tokens(tokens),
      b(op.getLoc(), OpBuilder::atBlockEnd(module.getBody())),
      warps(cast<ConfigAttrInterface>(op.getConfigAttr()).getBlockWarps()),
      threads(kWarpSize * warps) {
  func = gpu::GPUFuncOp::create(b, symbol,
                                b.getFunctionType(getParameters(op), {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  Block *entry = &func.getBody().front();
  b.setInsertionPointToStart(entry);

  unsigned next = 0;
  for (Value argument : op.getBody().getArguments()) {
    if (isa<WeightType>(argument.getType())) {
      func.setArgAttr(next, "llvm.noalias", b.getUnitAttr());
      func.setArgAttr(next, "llvm.readonly", b.getUnitAttr());
    }
    pointers[argument] = entry->getArgument(next++);
    if (auto tensor = dyn_cast<RankedTensorType>(argument.getType()))
      for (unsigned i = tensor.getNumDynamicDims(); i > 0; --i)
        sizes[argument].push_back(entry->getArgument(next++));
  }
  thread = NVVM::ThreadIdXOp::create(b, b.getI32Type());
  lane = b.bitAnd(thread, kWarpSize - 1);
  warp = b.shr(thread, llvm::ConstantLog2<kWarpSize>());
}

Value DeviceKernel::getSize(Value argument, int64_t dim) {
  auto type = cast<RankedTensorType>(argument.getType());
  if (!type.isDynamicDim(dim))
    return b.i64(type.getDimSize(dim));
  return sizes[argument][type.getDynamicDimIndex(dim)];
}

Value DeviceKernel::getIndex(Value index) {
  APInt number;
  if (matchPattern(index, m_ConstantInt(&number)))
    return b.i64(number.getSExtValue());
  return pointers.at(index);
}

Value DeviceKernel::loadIndex(Value argument, Value at) {
  Value bytes = b.mul(b.zext64(at), 4);
  return b.load(b.getI32Type(), b.offset(getPointer(argument), bytes), 4);
}

Value DeviceKernel::reduceWarp(Value value,
                               llvm::function_ref<Value(Value, Value)> join) {
  for (int64_t mask = kWarpSize / 2; mask > 0; mask /= 2)
    value = join(value, b.shuffleXor(value, mask));
  return value;
}

int64_t DeviceKernel::reserve(int64_t bytes, int64_t alignment) {
  int64_t begin = llvm::alignTo(sharedBytes, alignment);
  sharedBytes = begin + bytes;
  return begin;
}

void DeviceKernel::forEachWorkItem(Value pieces,
                                   function_ref<void(Value)> body) {
  Value block = NVVM::BlockIdXOp::create(b, b.getI32Type());
  Value count = NVVM::GridDimXOp::create(b, b.getI32Type());
  b.loop(block, pieces, count, body);
}

Refusal DeviceKernel::refuseConfig() {
  std::string text;
  llvm::raw_string_ostream(text) << "its configuration is of another kind of "
                                    "kernel: "
                                 << op.getConfigAttr();
  return text;
}

void DeviceKernel::finish() {
  gpu::ReturnOp::create(b);
  func.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  func->setAttr(NvptxDialect::kSharedBytesName,
                b.getI64IntegerAttr(sharedBytes));
}
