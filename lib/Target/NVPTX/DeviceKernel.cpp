// One kernel while its device code is written: operands, threads, views.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "DeviceKernel.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::nvptx;

int64_t tenon::nvptx::getRowLength(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return ShapedType::getNumElements(type.getShape().drop_front());
}

/// Parameters of the function: what stands for each operand.
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
                           machine::GpuAttr machine, ModuleOp module,
                           StringRef symbol)
    : op(op), tokens(tokens), machine(machine),
      b(op.getLoc(), OpBuilder::atBlockEnd(module.getBody())) {
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()), getParameters(op));
  func = LLVM::LLVMFuncOp::create(b, symbol, type);
  func->setAttr("nvvm.kernel", b.getUnitAttr());
  Block *entry = func.addEntryBlock(b);
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
  lane = b.bitAnd(thread, 31);
  warp = b.shr(thread, 5);
}

Value DeviceKernel::getSize(Value argument, int64_t dim) {
  auto type = cast<RankedTensorType>(argument.getType());
  if (!type.isDynamicDim(dim))
    return b.i64(type.getDimSize(dim));
  return sizes[argument][type.getDynamicDimIndex(dim)];
}

Value DeviceKernel::getOut(int64_t result) {
  return op.getBody().getArgument(op.getInputs().size() + result);
}

Value DeviceKernel::loadIndex(Value argument, Value at) {
  Value bytes = b.mul(b.zext64(at), 4);
  return b.load(b.getI32Type(), b.offset(getPointer(argument), bytes), 4);
}

FailureOr<RowView> DeviceKernel::resolveRows(Value value) {
  RowView view;
  for (Operation *def = value.getDefiningOp(); def;
       def = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
      if (slice.getSourceType().getRank() != 2 || !slice.hasUnitStride() ||
          slice.getStaticOffset(0) != 0 || slice.isDynamicOffset(1))
        return failure();
      view.first += slice.getStaticOffset(1);
      value = slice.getSource();
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(def)) {
      value = expand.getSrc();
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(def)) {
      value = collapse.getSrc();
    } else {
      return failure();
    }
    if (ShapedType::isDynamicShape(
            cast<RankedTensorType>(value.getType()).getShape().drop_front()))
      return failure();
  }
  view.base = value;
  view.stride = getRowLength(value);
  return view;
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

void DeviceKernel::setThreads(int64_t count) { threads = count; }

void DeviceKernel::finish() {
  LLVM::ReturnOp::create(b, ValueRange());
  func->setAttr("nvvm.reqntid",
                b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  func->setAttr("nvvm.minctasm", b.getI32IntegerAttr(1));
}
