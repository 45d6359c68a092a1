// Building the body of a function that the runtime calls.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EntryBuilder.h"
#include "dialects/Tenon/Roles.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace tenon;

EntryBuilder::EntryBuilder(OpBuilder &builder, Location loc, Value context,
                           Value worker)
    : builder(builder), loc(loc), given(context), worker(worker),
      pointer(LLVM::LLVMPointerType::get(builder.getContext())),
      i64(builder.getI64Type()) {
  this->context =
      UnrealizedConversionCastOp::create(builder, loc, pointer, context)
          .getResult(0);
}

Value EntryBuilder::size(size_t offset) {
  return loadContextField(builder, loc, context, offset, i64);
}

Value EntryBuilder::address(size_t offset) {
  return loadContextField(builder, loc, context, offset, pointer);
}

Value EntryBuilder::constant(int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, i64, value);
}

Value EntryBuilder::asIndex(Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

Value EntryBuilder::stateAddress(int64_t number) {
  Value table = address(offsetof(tenon_step_context, states));
  Value place =
      LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(number)});
  return LLVM::LoadOp::create(builder, loc, pointer, place);
}

Value EntryBuilder::scratchAddress() {
  Value base = address(offsetof(tenon_step_context, scratch));
  Value stride = size(offsetof(tenon_step_context, scratch_stride));
  Value number = arith::IndexCastOp::create(builder, loc, i64, worker);
  Value byte = LLVM::MulOp::create(builder, loc, number, stride);
  return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{byte});
}

Value EntryBuilder::readWorkerOperand(func::FuncOp step,
                                      BlockArgument argument) {
  std::optional<Role> role = getRole(step, argument.getArgNumber());
  auto memory =
      step->getAttrOfType<tile::MemoryAttr>(tile::TileDialect::kMemoryName);
  auto bytes = dyn_cast<MemRefType>(argument.getType());
  if (role == Role::Context)
    return given;
  if (role == Role::Worker)
    return worker;
  if (role == Role::Workers)
    return asIndex(size(offsetof(tenon_step_context, num_threads)));
  if (role == Role::Arena) {
    Value arena = address(offsetof(tenon_step_context, arena));
    return memref(bytes, arena, constant(memory.getArena()));
  }
  if (role == Role::Scratch) {
    Value scratch = scratchAddress();
    return memref(bytes, scratch, constant(memory.getScratch()));
  }
  return {};
}

Type EntryBuilder::descriptorOf(MemRefType type) {
  auto array = LLVM::LLVMArrayType::get(i64, type.getRank());
  return LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {pointer, pointer, i64, array, array});
}

Value EntryBuilder::memref(MemRefType type, Value base,
                           ArrayRef<Value> dynamic) {
  int64_t rank = type.getRank();
  Value value = LLVM::PoisonOp::create(builder, loc, descriptorOf(type));
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

Value EntryBuilder::loadMemref(MemRefType type, Value address) {
  Value descriptor =
      LLVM::LoadOp::create(builder, loc, descriptorOf(type), address);
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

Value EntryBuilder::loadIndex(Value address) {
  return asIndex(LLVM::LoadOp::create(builder, loc, i64, address));
}

void tenon::createEntry(
    func::FuncOp step, SymbolTable &symbols,
    llvm::function_ref<SmallVector<Value>(OpBuilder &, Value, Value)>
        readArguments) {
  OpBuilder builder(step);
  Type types[] = {tile::ContextType::get(step.getContext()),
                  builder.getIndexType()};
  auto entry = func::FuncOp::create(builder, step.getLoc(),
                                    ("entry." + step.getName()).str(),
                                    builder.getFunctionType(types, {}));
  for (StringRef name :
       {tile::TileDialect::kBucketName, tile::TileDialect::kMemoryName})
    entry->setAttr(name, step->getAttr(name));
  entry->remove();
  symbols.insert(entry);
  builder.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> arguments =
      readArguments(builder, entry.getArgument(0), entry.getArgument(1));
  func::CallOp::create(builder, step.getLoc(), step, arguments);
  func::ReturnOp::create(builder, step.getLoc());
  step.setPrivate();
}

void tenon::addSuffix(ModuleOp module, StringRef suffix) {
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    func.setSymName((func.getName() + suffix).str());
  // All callees at once: a symbol table walks the module for each of them.
  module.walk([&](func::CallOp call) {
    call.setCallee((call.getCallee() + suffix).str());
  });
}

void tenon::forgetBuckets(ModuleOp module) {
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    if (func.isPrivate()) {
      func->removeAttr(tile::TileDialect::kBucketName);
      func->removeAttr(tile::TileDialect::kMemoryName);
      func.removeArgAttrsAttr();
      if (tile::isKernel(func))
        func->setAttr(tile::TileDialect::kKernelName,
                      UnitAttr::get(module.getContext()));
    }
}
