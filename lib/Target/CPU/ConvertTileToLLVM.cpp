// Converts what is left of a step to the LLVM dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "StepContext.h"

namespace tenon {
#define GEN_PASS_DEF_CONVERTTILETOLLVM
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
/// barrier(context, worker) -> context->barrier(context, worker)
struct CallBarrier : ConvertOpToLLVMPattern<tile::BarrierOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(tile::BarrierOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type pointer = LLVM::LLVMPointerType::get(op.getContext());
    Value callee =
        loadContextField(rewriter, op.getLoc(), adaptor.getStep(),
                         offsetof(tenon_step_context, barrier), pointer);
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(op.getContext()),
                                    {pointer, rewriter.getI64Type()});
    LLVM::CallOp::create(
        rewriter, op.getLoc(), type,
        ValueRange{callee, adaptor.getStep(), adaptor.getWorker()});
    rewriter.eraseOp(op);
    return success();
  }
};

/// next_ticket(context) -> the counter before an atomic addition of one. Only
/// the number counts; barriers order everything else.
struct AddTicket : ConvertOpToLLVMPattern<tile::NextTicketOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(tile::NextTicketOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type pointer = LLVM::LLVMPointerType::get(op.getContext());
    Value counter =
        loadContextField(rewriter, op.getLoc(), adaptor.getStep(),
                         offsetof(tenon_step_context, tickets), pointer);
    Value one = LLVM::ConstantOp::create(rewriter, op.getLoc(),
                                         rewriter.getI64Type(), 1);
    rewriter.replaceOpWithNewOp<LLVM::AtomicRMWOp>(
        op, LLVM::AtomicBinOp::add, counter, one,
        LLVM::AtomicOrdering::monotonic);
    return success();
  }
};

/// weight_view(w, offset) -> a memref at w + offset
struct PointIntoWeight : ConvertOpToLLVMPattern<tile::WeightViewOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(tile::WeightViewOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type pointer = LLVM::LLVMPointerType::get(op.getContext());
    Value address = LLVM::GEPOp::create(
        rewriter, op.getLoc(), pointer, rewriter.getI8Type(),
        adaptor.getWeight(), ArrayRef<LLVM::GEPArg>{adaptor.getOffset()});
    rewriter.replaceOp(op, {MemRefDescriptor::fromStaticShape(
                               rewriter, op.getLoc(), *getTypeConverter(),
                               op.getType(), address)});
    return success();
  }
};

struct ConvertTileToLLVM
    : tenon::impl::ConvertTileToLLVMBase<ConvertTileToLLVM> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    LowerToLLVMOptions options(context);
    LLVMTypeConverter types(context, options);
    auto asPointer = [](Type type) -> Type {
      return LLVM::LLVMPointerType::get(type.getContext());
    };
    types.addConversion([&](WeightType type) { return asPointer(type); });
    types.addConversion(
        [&](tile::ContextType type) { return asPointer(type); });

    // Kernels stay functions of their own: their names are what tools show.
    getOperation().walk([&](func::FuncOp func) {
      func->setAttr(
          "passthrough",
          ArrayAttr::get(context, {StringAttr::get(context, "noinline")}));
      func->removeAttr(tile::TileDialect::kBucketName);
      func->removeAttr(tile::TileDialect::kMemoryName);
    });

    if (failed(materializeMasks()))
      return signalPassFailure();
    RewritePatternSet patterns(context);
    arith::populateArithToLLVMConversionPatterns(types, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(types, patterns);
    populateFuncToLLVMConversionPatterns(types, patterns);
    populateMathToLLVMConversionPatterns(types, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(types, patterns);
    populateVectorToLLVMConversionPatterns(types, patterns);
    ub::populateUBToLLVMConversionPatterns(types, patterns);
    patterns.add<CallBarrier, AddTicket, PointIntoWeight>(types);

    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    if (failed(
            applyFullConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }

private:
  /// Masks become compares of vectors of 32-bit numbers.
  LogicalResult materializeMasks() {
    RewritePatternSet patterns(&getContext());
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/true);
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};
} // namespace
