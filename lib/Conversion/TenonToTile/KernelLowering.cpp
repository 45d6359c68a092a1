// Loops and slices of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "KernelLowering.h"
#include "dialects/Tenon/RowViews.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace tenon;

KernelLowering::KernelLowering(tile::KernelOp kernel, int64_t tokens)
    : builder(kernel), kernel(kernel), structure(kernel.getBody().front()),
      config(cast<tile::ConfigAttr>(kernel.getConfigAttr())), tokens(tokens),
      loc(kernel.getLoc()), oldYield(kernel.getYield()) {
  for (Operation &op : kernel.getBody().front())
    oldOps.push_back(&op);
  builder.setInsertionPoint(oldYield);
}

Value KernelLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value KernelLowering::dim(Value tensor, int64_t dim) {
  return tensor::DimOp::create(builder, loc, tensor, dim);
}

Value KernelLowering::add(Value a, Value b) {
  return builder.createOrFold<arith::AddIOp>(loc, a, b);
}

Value KernelLowering::mul(Value a, int64_t b) {
  if (b == 1)
    return a;
  return builder.createOrFold<arith::MulIOp>(loc, a, index(b));
}

Value KernelLowering::tileSize(int64_t bound, Value begin, Value end) {
  Value left = arith::SubIOp::create(builder, loc, end, begin);
  return arith::MinSIOp::create(builder, loc, left, index(bound));
}

Value KernelLowering::loadIndex(Value tensor, ValueRange at) {
  Value value = tensor::ExtractOp::create(builder, loc, tensor, at);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

Value KernelLowering::extract(Value source, const Slice &slice) {
  SmallVector<OpFoldResult> strides(slice.offsets.size(), attr(1));
  return tensor::ExtractSliceOp::create(builder, loc, source, slice.offsets,
                                        slice.sizes, strides);
}

Value KernelLowering::insert(Value source, Value into, const Slice &slice) {
  SmallVector<OpFoldResult> strides(slice.offsets.size(), attr(1));
  Type element = getElementTypeOrSelf(into);
  if (getElementTypeOrSelf(source) != element) {
    auto type = cast<RankedTensorType>(source.getType()).clone(element);
    Value place = tensor::ExtractSliceOp::create(
        builder, loc, type, into, slice.offsets, slice.sizes, strides);
    source = tile::ConvertOp::create(builder, loc, type, source, place)
                 ->getResult(0);
  }
  return tensor::InsertSliceOp::create(builder, loc, source, into,
                                       slice.offsets, slice.sizes, strides);
}

Value KernelLowering::empty(ArrayRef<int64_t> shape, Type element) {
  if (!element)
    element = builder.getF32Type();
  return tensor::EmptyOp::create(builder, loc, shape, element);
}

Value KernelLowering::out(unsigned number) {
  return kernel.getBody().getArgument(kernel.getInputs().size() + number);
}

SmallVector<Value> KernelLowering::loop(Value begin, Value end, int64_t step,
                                        ValueRange carried, LoopBody body) {
  auto loop =
      scf::ForOp::create(builder, loc, begin, end, index(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  // A loop without carried values has its terminator already.
  if (!carried.empty())
    scf::YieldOp::create(builder, loc, next);
  return SmallVector<Value>(loop.getResults());
}

ValueRange KernelLowering::parallel(ArrayRef<OpFoldResult> bounds,
                                    ValueRange shared, ParallelBody body,
                                    std::optional<tile::Split> split) {
  auto worker = tile::WorkerAttr::get(builder.getContext(),
                                      split.value_or(config.getSplit()));
  SmallVector<Attribute> mapping(bounds.size(), worker);
  auto forall = scf::ForallOp::create(builder, loc, bounds, shared,
                                      builder.getArrayAttr(mapping));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forall.getBody());
  SmallVector<Written> written =
      body(forall.getInductionVars(), forall.getRegionIterArgs());
  builder.setInsertionPointToStart(forall.getTerminator().getBody());
  for (Written &part : written) {
    SmallVector<OpFoldResult> strides(part.slice.offsets.size(), attr(1));
    tensor::ParallelInsertSliceOp::create(
        builder, loc, part.value, forall.getRegionIterArgs()[part.number],
        part.slice.offsets, part.slice.sizes, strides);
  }
  return forall.getResults();
}

LogicalResult KernelLowering::verifyBody() {
  OperationName last = structure.getLast()->getName();
  if (structure.foreign)
    return structure.foreign->emitOpError()
           << "cannot be written in one kernel with " << last;
  if (!structure.yieldsLast)
    return kernel.emitOpError()
           << "expects to yield all results of " << last << " and nothing else";
  return success();
}

LogicalResult KernelLowering::verifyLayout(Operation *op, WeightType weight,
                                           bool isPaired) {
  PanelAttr layout = weight.getLayout();
  if (!layout || layout.getRows() != kPanelHeight)
    return op->emitOpError() << "expects weights in panels of " << kPanelHeight
                             << " rows, but got " << weight
                             << "; run tenon-assign-weight-layouts first";
  if (layout.getPair() != isPaired)
    return op->emitOpError()
           << "expects panels of pairs with glu and no pairs without, but got "
           << weight << "; run tenon-assign-weight-layouts first";
  return success();
}

void KernelLowering::finish(ArrayRef<Value> results) {
  oldYield->setOperands(results);
  for (Operation *op : llvm::reverse(oldOps))
    if (op != oldYield && op->use_empty()) // views may still be read
      op->erase();
}
