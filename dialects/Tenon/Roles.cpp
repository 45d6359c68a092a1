// Operands of functions by what they are, and the attributes that say so.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Roles.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tenon;

std::optional<Role> tenon::getRole(FunctionOpInterface function,
                                   unsigned index) {
  auto attr =
      function.getArgAttrOfType<RoleAttr>(index, TenonDialect::kRoleName);
  return attr ? std::optional(attr.getValue()) : std::nullopt;
}

std::optional<Role> tenon::getResultRole(FunctionOpInterface function,
                                         unsigned index) {
  auto attr =
      function.getResultAttrOfType<RoleAttr>(index, TenonDialect::kRoleName);
  return attr ? std::optional(attr.getValue()) : std::nullopt;
}

LogicalResult tenon::verifyNoOperands(FunctionOpInterface function,
                                      ArrayRef<Role> roles) {
  for (Role role : roles)
    if (BlockArgument argument = getOperand(function, role))
      return function.emitOpError()
             << "expects no argument with the role " << stringifyRole(role)
             << ", which is added by a pass, but got "
             << argument.getArgNumber();
  return success();
}

void tenon::setRole(FunctionOpInterface function, unsigned index,
                    std::optional<Role> role) {
  if (role)
    function.setArgAttr(index, TenonDialect::kRoleName,
                        RoleAttr::get(function->getContext(), *role));
}

SmallVector<BlockArgument> tenon::getOperands(FunctionOpInterface function,
                                              Role role) {
  SmallVector<BlockArgument> operands;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (getRole(function, i) == role)
      operands.push_back(function.getArgument(i));
  return operands;
}

BlockArgument tenon::getOperand(FunctionOpInterface function, Role role) {
  SmallVector<BlockArgument> operands = getOperands(function, role);
  return operands.empty() ? BlockArgument() : operands.front();
}

BlockArgument tenon::insertOperand(FunctionOpInterface function, unsigned index,
                                   Type type, std::optional<Role> role) {
  (void)function.insertArgument(index, type, {}, function.getLoc());
  setRole(function, index, role);
  return function.getArgument(index);
}

bool tenon::isOutput(std::optional<Role> role) {
  return role == Role::Logits || role == Role::Embeddings ||
         role == Role::Pooled;
}

bool tenon::isStep(FunctionOpInterface function) {
  if (!function.isPublic())
    return false;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (getRole(function, i) == Role::Tokens)
      return true;
  return false;
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

/// Whether a type is a tensor or memref of that rank and element type.
static bool isShaped(Type type, int64_t rank,
                     llvm::function_ref<bool(Type)> isElement) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped && isa<RankedTensorType, MemRefType>(type) &&
         shaped.hasRank() && shaped.getRank() == rank &&
         isElement(shaped.getElementType());
}

static bool fits(Role role, Type type) {
  auto isI32 = [](Type element) { return element.isInteger(32); };
  auto isFloat = llvm::IsaPred<FloatType>;
  auto isState = [](Type element) {
    return element.isF32() || element.isBF16();
  };
  switch (role) {
  case Role::Tokens:
  case Role::Positions:
  case Role::Slots:
  case Role::Rows:
  case Role::Types:
    return isShaped(type, 1, isI32);
  case Role::Blocks:
    return isShaped(type, 2, isI32);
  case Role::Cache:
    return isShaped(type, 4, isState) || isShaped(type, 5, isState);
  case Role::Logits:
  case Role::Embeddings:
  case Role::Pooled:
    return isShaped(type, 2, [](Type element) { return element.isF32(); });
  case Role::Hidden:
    return isShaped(type, 2, isFloat);
  case Role::Layer:
  case Role::Ordinal:
  case Role::Worker:
  case Role::Workers:
    return type.isIndex();
  case Role::Context:
    return !isa<ShapedType>(type);
  case Role::Arena:
  case Role::Scratch:
    return isShaped(type, 1, [](Type type) { return type.isInteger(8); });
  }
  llvm_unreachable("all roles are listed");
}

/// `what` is an argument or a result, and `types` are those of all of them.
static LogicalResult
verifyRole(Operation *op, NamedAttribute attr, StringRef what, unsigned index,
           llvm::function_ref<ArrayRef<Type>(FunctionOpInterface)> types) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return op->emitOpError() << "expects " << attr.getName() << " on " << what
                             << " of a function";
  if (attr.getName() != TenonDialect::kRoleName)
    return op->emitOpError()
           << "has unknown attribute " << attr.getName()
           << "; the dialect knows " << TenonDialect::kRoleName;
  Type type = types(function)[index];
  auto role = dyn_cast<RoleAttr>(attr.getValue());
  if (!role || !fits(role.getValue(), type)) // C1
    return op->emitOpError() << "expects a role that " << type
                             << " can have, but got " << attr.getValue();
  return success();
}

LogicalResult TenonDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                     unsigned index,
                                                     NamedAttribute attr) {
  auto getTypes = [](FunctionOpInterface f) { return f.getArgumentTypes(); };
  if (failed(verifyRole(op, attr, "an argument", index, getTypes)))
    return failure();
  Role role = cast<RoleAttr>(attr.getValue()).getValue();
  for (unsigned other = 0; other < index && role != Role::Cache; ++other)
    if (getRole(cast<FunctionOpInterface>(op), other) == role) // C2
      return op->emitOpError()
             << "expects one argument with the role " << stringifyRole(role)
             << ", but got " << other << " and " << index;
  return success();
}

LogicalResult TenonDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                        unsigned index,
                                                        NamedAttribute attr) {
  auto getTypes = [](FunctionOpInterface f) { return f.getResultTypes(); };
  if (failed(verifyRole(op, attr, "a result", index, getTypes)))
    return failure();
  Role role = cast<RoleAttr>(attr.getValue()).getValue();
  for (unsigned other = 0; other < index && role != Role::Cache; ++other)
    if (getResultRole(cast<FunctionOpInterface>(op), other) == role) // C2
      return op->emitOpError()
             << "expects one result with the role " << stringifyRole(role)
             << ", but got " << other << " and " << index;
  return success();
}

LogicalResult TenonDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attr) {
  if (attr.getName() != kModelName)
    return op->emitOpError() << "has unknown attribute " << attr.getName()
                             << "; the dialect knows " << kModelName;
  if (!isa<ModuleOp>(op) || !isa<ModelAttr>(attr.getValue()))
    return op->emitOpError()
           << "expects " << kModelName
           << " to describe a model, on a module, but got " << attr.getValue();
  return success();
}

LogicalResult ModelAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                StringRef family, int64_t length) {
  if (length < 1) // C1
    return emitError() << "expects context_length to be positive, but got "
                       << length;
  return success();
}
