// Makes a function that the runtime calls for each step function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepContext.h"
#include "dialects/Tile/Tile.h"
#include "tenon/Target/CPU/LoweringPasses.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace tenon {
#define GEN_PASS_DEF_CREATESTEPENTRIES
#include "tenon/Target/CPU/LoweringPasses.h.inc"
} // namespace tenon

using namespace mlir;
using namespace tenon;

namespace {
/// Builds the body of one entry.
class EntryBuilder {
public:
  EntryBuilder(OpBuilder &builder, Location loc, Value context, Value worker)
      : builder(builder), loc(loc), worker(worker),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        i64(builder.getI64Type()) {
    this->context =
        UnrealizedConversionCastOp::create(builder, loc, pointer, context)
            .getResult(0);
  }

  Value size(size_t offset) {
    return loadContextField(builder, loc, context, offset, i64);
  }
  Value address(size_t offset) {
    return loadContextField(builder, loc, context, offset, pointer);
  }
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64, value);
  }
  Value asIndex(Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value);
  }

  /// The state with this number.
  Value stateAddress(int64_t number) {
    Value table = address(offsetof(tenon_step_context, states));
    Value place = LLVM::GEPOp::create(
        builder, loc, pointer, pointer, table,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
    return LLVM::LoadOp::create(builder, loc, pointer, place);
  }

  /// The worker's own part of the scratch memory.
  Value scratchAddress() {
    Value base = address(offsetof(tenon_step_context, scratch));
    Value stride = size(offsetof(tenon_step_context, scratch_stride));
    Value number = arith::IndexCastOp::create(builder, loc, i64, worker);
    Value byte = LLVM::MulOp::create(builder, loc, number, stride);
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{byte});
  }

  /// A memref at an address; `dynamic` are its sizes that are not static.
  Value memref(MemRefType type, Value base, ArrayRef<Value> dynamic) {
    int64_t rank = type.getRank();
    auto array = LLVM::LLVMArrayType::get(i64, rank);
    auto descriptor = LLVM::LLVMStructType::getLiteral(
        builder.getContext(), {pointer, pointer, i64, array, array});
    Value value = LLVM::PoisonOp::create(builder, loc, descriptor);
    auto set = [&](Value part, ArrayRef<int64_t> at) {
      value = LLVM::InsertValueOp::create(builder, loc, value, part, at);
    };
    set(base, 0);
    set(base, 1);
    set(constant(0), 2);
    SmallVector<Value> sizes;
    for (int64_t size : type.getShape())
      if (ShapedType::isDynamic(size)) {
        sizes.push_back(dynamic.front());
        dynamic = dynamic.drop_front();
      } else {
        sizes.push_back(constant(size));
      }
    Value stride = constant(1);
    for (int64_t dim = rank - 1; dim >= 0; --dim) {
      set(sizes[dim], {3, dim});
      set(stride, {4, dim});
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[dim]);
    }
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }

private:
  OpBuilder &builder;
  Location loc;
  Value context, worker;
  Type pointer, i64;
};
} // namespace

/// The values that a step function is called with, read from the context. Its
/// arguments are, after the three of each worker: tokens, positions, slots,
/// rows, blocks, caches, logits, arena, scratch.
static SmallVector<Value> readArguments(func::FuncOp step, OpBuilder &builder,
                                        Value context, Value worker) {
  EntryBuilder entry(builder, step.getLoc(), context, worker);
  using Context = tenon_step_context;
  Value tokens = entry.size(offsetof(Context, num_tokens));
  Value rows = entry.size(offsetof(Context, num_rows));
  Value blocks = entry.size(offsetof(Context, num_blocks));
  Value slots = entry.size(offsetof(Context, num_slots));
  Value positions = entry.size(offsetof(Context, max_context));
  Value workers = entry.size(offsetof(Context, num_threads));

  SmallVector<Value> values = {context, worker, entry.asIndex(workers)};
  auto add = [&](Value base, ArrayRef<Value> dynamic) {
    auto type = cast<MemRefType>(step.getArgument(values.size()).getType());
    values.push_back(entry.memref(type, base, dynamic));
  };
  add(entry.address(offsetof(Context, tokens)), tokens);
  add(entry.address(offsetof(Context, positions)), tokens);
  add(entry.address(offsetof(Context, slots)), tokens);
  add(entry.address(offsetof(Context, rows)), rows);
  add(entry.address(offsetof(Context, blocks)), blocks);
  int64_t states = step.getNumArguments() - values.size() - 3;
  for (int64_t number = 0; number < states; ++number)
    add(entry.stateAddress(number), {slots, positions});
  add(entry.address(offsetof(Context, logits)), rows);
  auto memory =
      step->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
  add(entry.address(offsetof(Context, arena)),
      entry.constant(memory.getArena()));
  add(entry.scratchAddress(), entry.constant(memory.getScratch()));
  return values;
}

namespace {
struct CreateStepEntries
    : tenon::impl::CreateStepEntriesBase<CreateStepEntries> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> steps;
    for (func::FuncOp func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      std::string name = func.getName().str() + suffix;
      if (func->hasAttr(tile::TileDialect::kMemoryName))
        steps.push_back(func);
      if (failed(symbols.rename(func, name)))
        return signalPassFailure();
    }
    for (func::FuncOp step : steps)
      createEntry(step, symbols);
  }

private:
  static void createEntry(func::FuncOp step, SymbolTable &symbols) {
    OpBuilder builder(step);
    Type types[] = {tile::ContextType::get(step.getContext()),
                    builder.getIndexType()};
    auto entry = func::FuncOp::create(
        builder, step.getLoc(), ("entry." + step.getName()).str(),
        builder.getFunctionType(types, {}));
    for (StringRef name :
         {tile::TileDialect::kBucketName, tile::TileDialect::kMemoryName})
      entry->setAttr(name, step->getAttr(name));
    entry->remove();
    symbols.insert(entry);
    builder.setInsertionPointToStart(entry.addEntryBlock());
    SmallVector<Value> arguments = readArguments(
        step, builder, entry.getArgument(0), entry.getArgument(1));
    func::CallOp::create(builder, step.getLoc(), step, arguments);
    func::ReturnOp::create(builder, step.getLoc());
    step.setPrivate();
  }
};
} // namespace
