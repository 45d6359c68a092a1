// How many bytes of weights one token needs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TokenBytes.h"
#include "dialects/Tenon/Tenon.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tenon;

namespace {
/// The part of each weight that is read, by its name. A weight that several ops
/// use counts once, with the largest part: the others find it in a cache.
class Reads {
public:
  explicit Reads(ModuleOp module) : symbols(module) {}

  void visit(func::FuncOp function);
  uint64_t count() const;

private:
  SymbolTable symbols;
  llvm::MapVector<StringAttr, double> parts;
  llvm::SmallPtrSet<Operation *, 8> seen;
};
} // namespace

/// Experts that a token is sent to, by the router of a function.
static int64_t getChosenExperts(func::FuncOp function) {
  int64_t chosen = 0;
  function.walk([&](RouterOp router) { chosen = router.getTop(); });
  return chosen;
}

/// The part of a weight that one of its users reads for one token.
static double getPart(Operation *user, WeightType type, int64_t chosen) {
  if (isa<EmbeddingOp>(user))
    return 1.0 / type.getRows();
  if (isa<GroupedLinearOp, ExpertsOp>(user))
    return std::min(1.0, double(chosen) / type.getMatrices());
  return 1;
}

void Reads::visit(func::FuncOp function) {
  if (!seen.insert(function).second)
    return;
  int64_t chosen = getChosenExperts(function);
  function.walk([&](WeightRefOp use) {
    auto type = use.getResult().getType();
    double &part = parts[use.getWeightAttr().getAttr()];
    bool isTable = isa<RopeTableOp>(symbols.lookup(use.getWeight()));
    for (Operation *user : use->getUsers())
      part = std::max(part, isTable ? 1.0 / type.getRows()
                                    : getPart(user, type, chosen));
  });
  function.walk([&](func::CallOp call) {
    if (auto callee = symbols.lookup<func::FuncOp>(call.getCallee()))
      visit(callee);
  });
}

uint64_t Reads::count() const {
  double bytes = 0;
  for (auto [name, part] : parts)
    if (auto weight = symbols.lookup<WeightSymbolOpInterface>(name))
      bytes += part * weight.getWeightType().getPackedBytes();
  return uint64_t(bytes);
}

uint64_t tenon::countTokenBytes(ModuleOp module) {
  func::FuncOp smallest;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (function.isPublic() && tile::getBucketTokens(function) &&
        (!smallest ||
         tile::getBucketTokens(function) < tile::getBucketTokens(smallest)))
      smallest = function;
  if (!smallest)
    return 0;
  Reads reads(module);
  reads.visit(smallest);
  return reads.count();
}
