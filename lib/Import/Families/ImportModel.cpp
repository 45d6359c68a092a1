// Builds the module of a model: groups its layers into kinds, and runs them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Import/ImportModel.h"
#include "dialects/Tenon/QueryBlocks.h"
#include "dialects/Tenon/Roles.h"
#include "tenon/Support/FirstDiagnostic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "Family.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace tenon;

namespace {
/// Layers that share a function, and its weights.
struct LayerKind {
  LayerStructure structure;
  std::string name;
  func::FuncOp function;
  std::vector<WeightStack> weights;
  std::vector<WeightView> views;
  SmallVector<int64_t> layers;
};

class ModuleBuilder {
public:
  ModuleBuilder(MLIRContext *context, const ModelSource &source,
                const ImportOptions &options, const Family &family)
      : context(context), source(source), options(options), family(family),
        formats(context, source, options.weights), builder(context) {}

  llvm::Expected<OwningOpRef<ModuleOp>> build();

private:
  llvm::Expected<int64_t> getContextLength() const;
  void setTypes();
  llvm::Error findKinds();
  llvm::Expected<bool> isStoredLike(const LayerKind &kind, int64_t layer) const;
  std::string getUnusedName(llvm::StringRef name) const;
  llvm::Error addKind(LayerStructure structure, int64_t layer);
  func::FuncOp createStep();
  llvm::Error buildStep();
  ValueRange buildLoop(OpBuilder &body, func::FuncOp step, Value x);
  SmallVector<Value> callKind(OpBuilder &body, Value layer, ValueRange operands,
                              TypeRange results);
  llvm::Error createWeights();
  llvm::Error verifyModule() const;

  MLIRContext *context;
  const ModelSource &source;
  const ImportOptions &options;
  const Family &family;
  WeightFormats formats;
  OpBuilder builder;
  OwningOpRef<ModuleOp> module;
  RankedTensorType rowType, indexType, blockType;
  SmallVector<Type> cacheTypes;
  std::vector<LayerKind> kinds;
  SmallVector<int64_t> schedule;
  std::vector<WeightStack> outerWeights;
};
} // namespace

llvm::Expected<int64_t> ModuleBuilder::getContextLength() const {
  if (options.maxContext == 0)
    return family.positions;
  if (options.maxContext > 0 && options.maxContext <= family.contextLength)
    return options.maxContext;
  return source.getConfig().makeError(
      "max_position_embeddings", "allows " + llvm::Twine(family.contextLength) +
                                     " positions, but a context of " +
                                     llvm::Twine(options.maxContext) +
                                     " was asked for; expects 1 to that many");
}

void ModuleBuilder::setTypes() {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  rowType =
      RankedTensorType::get({dynamic, family.hidden}, builder.getF32Type());
  indexType = RankedTensorType::get({dynamic}, builder.getI32Type());
  blockType =
      RankedTensorType::get({dynamic, kBlockColumns}, builder.getI32Type());
  Type element = options.cacheType == CacheType::BF16
                     ? Type(builder.getBF16Type())
                     : Type(builder.getF32Type());
  for (ArrayRef<int64_t> row : family.getCacheRows()) {
    // What an encoder keeps is read before the next layer writes over it.
    int64_t layers = family.isEncoder() ? 1 : family.layers;
    SmallVector<int64_t> shape{layers, dynamic, dynamic};
    shape.append(row.begin(), row.end());
    cacheTypes.push_back(RankedTensorType::get(shape, element));
  }
}

//===----------------------------------------------------------------------===//
// Kinds of layers
//===----------------------------------------------------------------------===//

llvm::Expected<bool> ModuleBuilder::isStoredLike(const LayerKind &kind,
                                                 int64_t layer) const {
  bool alike = true;
  for (const WeightStack &weight : kind.weights) {
    llvm::Expected<StoredAs> stored = formats.getStored(weight.spec, layer);
    if (!stored)
      return stored.takeError();
    alike &= *stored == weight.stored;
  }
  return alike;
}

/// The first kind of a name has the name itself, the others with a number appended.
std::string ModuleBuilder::getUnusedName(llvm::StringRef name) const {
  std::string result = name.str();
  for (unsigned number = 2; llvm::any_of(
           kinds, [&](const LayerKind &kind) { return kind.name == result; });
       ++number)
    result = (name + llvm::Twine(number)).str();
  return result;
}

/// Gives the first arguments of a function these roles; what follows are caches.
static void setRoles(func::FuncOp function, ArrayRef<Role> roles) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    setRole(function, i, i < roles.size() ? roles[i] : Role::Cache);
}

/// Builds the function of a new kind, whose first layer this is.
llvm::Error ModuleBuilder::addKind(LayerStructure structure, int64_t layer) {
  LayerKind kind;
  kind.structure = structure;
  kind.name = getUnusedName(structure.name);
  kind.layers = {layer};
  Type index = builder.getIndexType();
  SmallVector<Type> inputs{rowType,   index,     index,
                           indexType, indexType, blockType};
  SmallVector<Type> results{rowType};
  inputs.append(cacheTypes);
  results.append(cacheTypes);
  std::string name = "layer." + kind.name;
  builder.setInsertionPointToEnd(module->getBody());
  kind.function =
      func::FuncOp::create(builder, NameLoc::get(builder.getStringAttr(name)),
                           name, builder.getFunctionType(inputs, results));
  kind.function.setPrivate();
  Block *entry = kind.function.addEntryBlock();

  setRoles(kind.function, {Role::Hidden, Role::Ordinal, Role::Layer,
                           Role::Positions, Role::Slots, Role::Blocks});
  auto get = [&](Role role) { return getOperand(kind.function, role); };
  StepOperands step;
  step.positions = get(Role::Positions);
  step.slots = get(Role::Slots);
  step.blocks = get(Role::Blocks);
  step.layer = get(Role::Layer);
  step.ordinal = get(Role::Ordinal);
  SmallVector<BlockArgument> caches = getOperands(kind.function, Role::Cache);
  BlockBuilder block(OpBuilder::atBlockEnd(entry), formats, kind.name + ".",
                     "model.layers.{l}.", layer, step,
                     SmallVector<Value>(caches.begin(), caches.end()));
  SmallVector<Value> returned{
      family.buildLayer(block, structure, get(Role::Hidden))};
  returned.append(block.getCaches().begin(), block.getCaches().end());
  func::ReturnOp::create(block.getBuilder(), kind.function.getLoc(), returned);
  kind.weights = block.getWeights().vec();
  kind.views = block.getViews().vec();
  kinds.push_back(std::move(kind));
  return block.takeError();
}

llvm::Error ModuleBuilder::findKinds() {
  for (int64_t layer = 0; layer < family.layers; ++layer) {
    LayerStructure structure = family.getStructure(layer);
    std::optional<size_t> found;
    for (size_t k = 0; k < kinds.size() && !found; ++k) {
      if (!(kinds[k].structure == structure))
        continue;
      llvm::Expected<bool> alike = isStoredLike(kinds[k], layer);
      if (!alike)
        return alike.takeError();
      if (*alike)
        found = k;
    }
    if (found)
      kinds[*found].layers.push_back(layer);
    else if (llvm::Error error = addKind(structure, layer))
      return error;
    schedule.push_back(found.value_or(kinds.size() - 1));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The step
//===----------------------------------------------------------------------===//

/// Calls the function of the layer's kind. `operands` are those of such a
/// function but for the ordinal, which is the second.
SmallVector<Value> ModuleBuilder::callKind(OpBuilder &body, Value layer,
                                           ValueRange operands,
                                           TypeRange results) {
  auto call = [&](OpBuilder &at, LayerKind &kind, Value ordinal) {
    SmallVector<Value> all(operands);
    all.insert(all.begin() + 1, ordinal);
    return func::CallOp::create(at, kind.function.getLoc(), kind.function, all)
        .getResults();
  };
  // Of one kind, the number of a layer is its ordinal.
  if (kinds.size() == 1)
    return call(body, kinds.front(), layer);

  Location loc = NameLoc::get(builder.getStringAttr("layers"));
  auto attr = ScheduleAttr::get(context, schedule);
  Value kind = KindOp::create(body, loc, layer, attr);
  Value ordinal = OrdinalOp::create(body, loc, layer, attr);
  SmallVector<int64_t> cases;
  for (size_t k = 0; k + 1 < kinds.size(); ++k)
    cases.push_back(k);
  auto choice =
      scf::IndexSwitchOp::create(body, loc, results, kind, cases, cases.size());
  for (auto [k, entry] : llvm::enumerate(kinds)) {
    Region &region = k < cases.size() ? choice.getCaseRegions()[k]
                                      : choice.getDefaultRegion();
    OpBuilder at = OpBuilder::atBlockEnd(&region.emplaceBlock());
    scf::YieldOp::create(at, loc, call(at, entry, ordinal));
  }
  return choice.getResults();
}

/// Runs all layers. Returns the rows and the caches after the last one.
ValueRange ModuleBuilder::buildLoop(OpBuilder &body, func::FuncOp step,
                                    Value x) {
  Location loc = step.getLoc();
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(body, loc, value);
  };
  SmallVector<Value> carried{x};
  llvm::append_range(carried, getOperands(step, Role::Cache));
  Value lower = constant(0), upper = constant(family.layers);
  auto loop = scf::ForOp::create(body, loc, lower, upper, constant(1), carried);
  OpBuilder inside = OpBuilder::atBlockEnd(loop.getBody());
  Value layer = loop.getInductionVar();
  ValueRange state = loop.getRegionIterArgs();
  // The layer of the caches, of which an encoder has one.
  SmallVector<Value> operands{
      state.front(), family.isEncoder() ? loop.getLowerBound() : layer};
  for (Role role : {Role::Positions, Role::Slots, Role::Blocks})
    operands.push_back(getOperand(step, role));
  llvm::append_range(operands, state.drop_front());
  scf::YieldOp::create(
      inside, loc, callKind(inside, layer, operands, loop.getResultTypes()));
  return loop.getResults();
}

/// Creates the function, whose results are those of the last layer's rows, then
/// the caches.
func::FuncOp ModuleBuilder::createStep() {
  SmallVector<Role> roles{Role::Tokens, Role::Positions, Role::Slots,
                          Role::Rows};
  if (family.isEncoder())
    roles.push_back(Role::Types);
  SmallVector<Type> inputs(roles.size(), indexType), results;
  roles.push_back(Role::Blocks);
  inputs.push_back(blockType);
  SmallVector<StepOutput> outputs = family.getOutputs();
  for (const StepOutput &output : outputs)
    results.push_back(RankedTensorType::get(
        {ShapedType::kDynamic, output.width}, builder.getF32Type()));
  inputs.append(cacheTypes);
  results.append(cacheTypes);
  builder.setInsertionPointToStart(module->getBody());
  auto step =
      func::FuncOp::create(builder, NameLoc::get(builder.getStringAttr("step")),
                           "step", builder.getFunctionType(inputs, results));
  step.addEntryBlock();
  setRoles(step, roles);
  for (auto [index, output] : llvm::enumerate(outputs))
    step.setResultAttr(index, TenonDialect::kRoleName,
                       RoleAttr::get(context, output.role));
  return step;
}

llvm::Error ModuleBuilder::buildStep() {
  func::FuncOp step = createStep();
  StepOperands operands;
  operands.positions = getOperand(step, Role::Positions);
  operands.types = getOperand(step, Role::Types);
  BlockBuilder block(OpBuilder::atBlockEnd(&step.getBody().front()), formats,
                     /*prefix=*/"", /*path=*/"", /*layer=*/0, operands,
                     /*caches=*/{});
  Value x = family.buildEmbedding(block, getOperand(step, Role::Tokens));
  ValueRange state = buildLoop(block.getBuilder(), step, x);
  Value rows =
      GatherRowsOp::create(block.getBuilder(), block.getLoc("rows"), rowType,
                           state.front(), getOperand(step, Role::Rows));
  SmallVector<Value> returned = family.buildOutputs(block, rows);
  llvm::append_range(returned, state.drop_front());
  func::ReturnOp::create(block.getBuilder(), step.getLoc(), returned);
  outerWeights = block.getWeights().vec();
  return block.takeError();
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

llvm::Error ModuleBuilder::createWeights() {
  builder.setInsertionPointToStart(module->getBody());
  for (const WeightStack &weight : outerWeights)
    if (llvm::Error error = createWeight(builder, weight, {}, formats))
      return error;
  for (const LayerKind &kind : kinds) {
    for (const WeightStack &weight : kind.weights)
      if (llvm::Error error =
              createWeight(builder, weight, kind.layers, formats))
        return error;
    for (const WeightView &view : kind.views)
      createView(builder, view, kind.layers.size());
  }
  return llvm::Error::success();
}

/// What a configuration contradicts in a way that no family looks for ends
/// here, as one line.
llvm::Error ModuleBuilder::verifyModule() const {
  FirstDiagnostic diagnostic(context);
  if (succeeded(verify(*module)))
    return llvm::Error::success();
  return source.getConfig().makeError("model_type",
                                      "describes a model that cannot be: " +
                                          diagnostic.getLine());
}

llvm::Expected<OwningOpRef<ModuleOp>> ModuleBuilder::build() {
  llvm::Expected<int64_t> length = getContextLength();
  if (!length)
    return length.takeError();
  if (llvm::Error error = formats.read())
    return std::move(error);
  module =
      ModuleOp::create(NameLoc::get(builder.getStringAttr(source.getPath())));
  (*module)->setAttr(
      TenonDialect::kModelName,
      ModelAttr::get(context, source.getArchitecture(), *length));
  setTypes();
  for (auto part : {&ModuleBuilder::findKinds, &ModuleBuilder::buildStep,
                    &ModuleBuilder::createWeights})
    if (llvm::Error error = (this->*part)())
      return std::move(error);
  if (llvm::Error error = verifyModule())
    return std::move(error);
  warnOfUnusedTensors(*module, source, family.layers);
  return std::move(module);
}

llvm::Expected<OwningOpRef<ModuleOp>>
tenon::importModel(MLIRContext &context, const ModelSource &source,
                   const ImportOptions &options) {
  context.loadDialect<TenonDialect, arith::ArithDialect, func::FuncDialect,
                      scf::SCFDialect, tensor::TensorDialect>();
  llvm::Expected<std::unique_ptr<Family>> family =
      createFamily(&context, source);
  if (!family)
    return family.takeError();
  int64_t most = options.maxContext ? options.maxContext : options.usualContext;
  if (llvm::Error error = (*family)->read(most))
    return std::move(error);
  return ModuleBuilder(&context, source, options, **family).build();
}
