// Verifiers of the ops of attention.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/ShapeVerification.h"
#include "dialects/Tenon/Tenon.h"

using namespace mlir;
using namespace tenon;

LogicalResult RopeOp::verify() {
  int64_t row = getDim(getType(), -1), dims = getRope().getDims();
  if (!ShapedType::isDynamic(row) && dims > row) // C1
    return emitOpError() << "expects a row of input to have at least " << dims
                         << " elements, but got " << row;
  if (getTable() &&
      failed(verifyAgree(*this, "rope and table", "number of dims", dims, // C3
                         getTable().getType().getCols())))
    return failure();
  return verifyAgree(*this, "input and positions", "number of tokens", // C2
                     getDim(getType(), 0), getDim(getPositions().getType(), 0));
}

LogicalResult CacheUpdateOp::verify() {
  ArrayRef<int64_t> input = getInput().getType().getShape();
  ArrayRef<int64_t> cache = getCache().getType().getShape();
  if (input.size() + 2 != cache.size()) // C1
    return emitOpError() << "expects cache to have two dimensions more than "
                            "input, but got "
                         << cache.size() << " and " << input.size();
  for (auto [a, b] : llvm::zip(input.drop_front(), cache.drop_front(3))) // C1
    if (failed(verifyAgree(*this, "input and cache", "row shape", a, b)))
      return failure();
  for (Type type : {Type(getPositions().getType()), Type(getSlots().getType())})
    if (failed(verifyAgree(*this, "input, positions and slots", // C2
                           "number of tokens", input.front(), getDim(type, 0))))
      return failure();
  return success();
}

/// Heads of a cache; one if it has no dimension for them.
static int64_t getCacheHeads(Type cache) {
  return cast<RankedTensorType>(cache).getRank() == 5 ? getDim(cache, 3) : 1;
}

/// What both kinds of attention ask of their tokens.
template <typename OpTy>
static LogicalResult verifyTokens(OpTy op) {
  int64_t tokens = getDim(op.getQuery().getType(), 0);
  if (failed(verifyAgree(op, "query and positions", "number of tokens", tokens,
                         getDim(op.getPositions().getType(), 0))))
    return failure();
  return verifyAgree(op, "query and result", "number of tokens", tokens,
                     getDim(op.getType(), 0));
}

static LogicalResult verifyCaches(AttentionOp op) {
  RankedTensorType key = op.getKey().getType();
  if (!op.getValue() == (op.getValueFirst() == 0)) // C5
    return op.emitOpError() << "expects either value or value_first";
  if (!op.getValue()) {
    int64_t size = key.getShape().back();
    if (op.getValueFirst() < 1 ||
        (!ShapedType::isDynamic(size) && op.getValueFirst() > size)) // C4
      return op.emitOpError() << "expects value_first to be positive and at "
                                 "most the head size, but got "
                              << op.getValueFirst() << " and " << size;
    return success();
  }
  RankedTensorType value = op.getValue().getType();
  if (key.getRank() != value.getRank()) // C3
    return op.emitOpError()
           << "expects key and value to agree on rank, but got "
           << key.getRank() << " and " << value.getRank();
  for (auto [a, b] : llvm::zip(key.getShape().drop_back(), // C3
                               value.getShape().drop_back()))
    if (failed(verifyAgree(op, "key and value", "all dimensions but the last",
                           a, b)))
      return failure();
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType query = getQuery().getType();
  if (failed(verifyAgree(*this, "query and key", "head size", // C1
                         getDim(query, 2), getDim(getKey().getType(), -1))))
    return failure();
  int64_t heads = getDim(query, 1), shared = getCacheHeads(getKey().getType());
  if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(shared) &&
      (shared == 0 || heads % shared != 0)) // C2
    return emitOpError() << "expects the head count of query to be a multiple "
                            "of the head count of key, but got "
                         << heads << " and " << shared;
  if (failed(verifyCaches(*this)))
    return failure();
  int64_t size =
      getValue() ? getDim(getValue().getType(), -1) : getValueFirst();
  if (failed(verifyAgree(*this, "value and result", "head size", size, // C4
                         getDim(getType(), 2))) ||
      failed(verifyAgree(*this, "query and result", "head count", heads, // C6
                         getDim(getType(), 1))) ||
      failed(verifyTokens(*this))) // C6
    return failure();
  if (!getSinks())
    return success();
  return verifyAgree(*this, "query and sinks", "head count", heads, // C7
                     getSinks().getType().getShape().front());
}

LogicalResult MlaAttentionOp::verify() {
  RankedTensorType query = getQuery().getType();
  WeightType expand = getExpand().getType();
  int64_t heads = getDim(query, 1), size = getDim(query, 2);
  if (getNope() < 1 ||
      (!ShapedType::isDynamic(size) && getNope() >= size)) // C4
    return emitOpError() << "expects nope to be positive and smaller than the "
                            "head size of query, but got "
                         << getNope() << " and " << size;
  if (failed(verifyAgree(
          *this, "cache and expand with query", "row length", // C1
          getDim(getCache().getType(), -1),
          ShapedType::isDynamic(size) ? size
                                      : expand.getCols() + size - getNope())))
    return failure();
  int64_t value = getDim(getType(), 2);
  bool isStatic =
      !ShapedType::isDynamic(heads) && !ShapedType::isDynamic(value);
  if (isStatic &&
      failed(verifyAgree(*this, "expand and result", "rows of all heads", // C2
                         expand.getRows() * expand.getMatrices(),
                         heads * (getNope() + value))))
    return failure();
  if (expand.getRank() == 3 &&
      failed(verifyAgree(*this, "expand and query", "head count", // C2
                         expand.getShape().front(), heads)))
    return failure();
  if (failed(verifyAgree(*this, "query and result", "head count", heads, // C3
                         getDim(getType(), 1))))
    return failure();
  if (!getSelected())
    return verifyTokens(*this); // C3
  MaskAttr mask = getMask();
  if (mask.getKind() != MaskKind::Causal || mask.getWindow() ||
      mask.getChunk()) // C5
    return emitOpError() << "expects mask to be causal, without window and "
                            "chunk, with selected, but got "
                         << mask;
  if (failed(verifyAgree(*this, "query and selected", "number of tokens", // C5
                         getDim(query, 0), getDim(getSelected().getType(), 0))))
    return failure();
  return verifyTokens(*this); // C3
}

/// A cache whose rows have no heads, and are as long as those of the query.
template <typename OpT>
static LogicalResult verifySharedCache(OpT op) {
  RankedTensorType cache = op.getCache().getType();
  if (cache.getRank() != 4)
    return op.emitOpError()
           << "expects cache to have rank 4, but got " << cache.getRank();
  return verifyAgree(op, "query and cache", "row length",
                     getDim(op.getQuery().getType(), 2), getDim(cache, -1));
}

LogicalResult IndexTopkOp::verify() {
  RankedTensorType query = getQuery().getType();
  if (failed(verifySharedCache(*this))) // C1
    return failure();
  if (failed(verifyAgree(*this, "query and weights", "head count", // C2
                         getDim(query, 1), getDim(getWeights().getType(), 1))))
    return failure();
  for (Value value :
       {Value(getWeights()), Value(getPositions()), Value(getSelected())})
    if (failed(verifyAgree(*this, "query, weights, positions and result", // C3
                           "number of tokens", getDim(query, 0),
                           getDim(value.getType(), 0))))
      return failure();
  int64_t top = getDim(getType(), 1);
  if (getContext() < 1 || (!ShapedType::isDynamic(top) && top < 1)) // C4
    return emitOpError() << "expects context and the columns of the result to "
                            "be positive, but got "
                         << getContext() << " and " << top;
  return success();
}

LogicalResult SelectedAttentionOp::verify() {
  RankedTensorType query = getQuery().getType();
  if (failed(verifySharedCache(*this))) // C1
    return failure();
  int64_t size = getDim(getType(), 2), row = getDim(getCache().getType(), -1);
  if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(row) &&
      size > row) // C2
    return emitOpError() << "expects a head of the result to be no longer than "
                            "a row of cache, but got "
                         << size << " and " << row;
  if (failed(verifyAgree(*this, "query and result", "head count", // C3
                         getDim(query, 1), getDim(getType(), 1))))
    return failure();
  for (Value value :
       {Value(getSelected()), Value(getPositions()), Value(getResult())})
    if (failed(verifyAgree(*this, "query, selected, positions and result", // C3
                           "number of tokens", getDim(query, 0),
                           getDim(value.getType(), 0))))
      return failure();
  return success();
}
