// How the ops of the tile dialect move from tensors to memrefs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace tenon;

namespace {
/// Every destination-style op moves in the same way: operands that are tensors
/// become their buffers, and its results the buffers of its outs.
template <typename OpTy>
struct DestinationModel
    : DstBufferizableOpInterfaceExternalModel<DestinationModel<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<OpTy>(op).isDpsInit(&operand) ||
           op->hasTrait<tile::ReadsOuts>();
  }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &,
                                     ArrayRef<OpOperand *>) const {
    return op->hasTrait<tile::WorksInPlace>();
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    Operation *moved = Operation::create(
        op->getLoc(), op->getName(), /*resultTypes=*/TypeRange(), operands,
        op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
        /*successors=*/BlockRange(), /*numRegions=*/0);
    rewriter.insert(moved);
    SmallVector<Value> results;
    for (OpOperand &out : cast<OpTy>(op).getDpsInitsMutable())
      if (isa<TensorType>(out.get().getType()))
        results.push_back(operands[out.getOperandNumber()]);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

template <typename OpTy>
static void attachModel(MLIRContext *context) {
  if constexpr (OpTy::template hasTrait<DestinationStyleOpInterface::Trait>())
    OpTy::template attachInterface<DestinationModel<OpTy>>(*context);
}

template <typename... OpTys>
static void attachModels(MLIRContext *context) {
  (attachModel<OpTys>(context), ...);
}

void tenon::tile::registerBufferizationModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TileDialect *) {
    attachModels<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
        >(context);
  });
}
