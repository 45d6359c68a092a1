// The readers of all placed weights of a module.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "WeightReaders.h"
#include "DerivedReaders.h"
#include "StoredReader.h"

using namespace mlir;
using namespace tenon;

llvm::Expected<const MatrixReader *> WeightReaders::get(Operation *op) {
  // The verifier refuses a derivation in a circle.
  auto found = readers.find(op);
  if (found != readers.end())
    return found->second.get();
  llvm::Expected<std::unique_ptr<MatrixReader>> reader =
      make(cast<WeightSymbolOpInterface>(op));
  if (!reader)
    return reader.takeError();
  const MatrixReader *made = reader->get();
  readers[op] = std::move(*reader);
  return made;
}

llvm::Expected<std::unique_ptr<MatrixReader>>
WeightReaders::make(WeightSymbolOpInterface op) {
  SmallVector<const MatrixReader *> from;
  for (FlatSymbolRefAttr symbol : op.getDerivedFrom()) {
    llvm::Expected<const MatrixReader *> reader =
        get(module.lookupSymbol(symbol.getAttr()));
    if (!reader)
      return reader.takeError();
    from.push_back(*reader);
  }
  if (!from.empty())
    return makeDerivedReader(op, from);
  if (std::unique_ptr<MatrixReader> table = makeRopeTableReader(op))
    return table;
  return openStoredWeight(op, source);
}

SmallVector<PlacedOp> tenon::findPlacedOps(ModuleOp module) {
  SmallVector<PlacedOp> placed;
  for (auto weight : module.getOps<WeightSymbolOpInterface>())
    if (std::optional<uint64_t> offset = weight.getOffset())
      placed.push_back({weight, SymbolTable::getSymbolName(weight).getValue(),
                        weight.getWeightType(), static_cast<int64_t>(*offset)});
  llvm::sort(placed, [](const PlacedOp &a, const PlacedOp &b) {
    return std::tie(a.offset, a.name) < std::tie(b.offset, b.name);
  });
  return placed;
}

static llvm::Error checkType(const PlacedOp &op) {
  FormatAttr format = op.type.getFormat();
  PanelAttr panel = op.type.getLayout();
  if (format.hasScale() && !panel)
    return makePackError("@" + op.name +
                         " has a format with scales but no layout, and scales "
                         "lie inside of panels; give its type a panel");
  if (!panel)
    return llvm::Error::success();
  int64_t period = op.type.getPanelLayout().periodCols;
  if (format.hasScale() && format.getScaleCols() % period != 0)
    return makePackError("@" + op.name + " shares scales between " +
                         Twine(format.getScaleCols()) +
                         " columns, which is no multiple of the panel's "
                         "period of " +
                         Twine(period) + "; choose another depth");
  if (panel.getPair() && op.type.getRows() % 2)
    return makePackError("@" + op.name + " pairs the halves of " +
                         Twine(op.type.getRows()) +
                         " rows, whose number must be even; pack it without "
                         "pair");
  return llvm::Error::success();
}

llvm::Error tenon::checkPlacedOps(ArrayRef<PlacedOp> ops) {
  int64_t end = 0;
  StringRef before;
  for (const PlacedOp &op : ops) {
    if (op.offset < 0)
      return makePackError("@" + op.name + " lies at offset " +
                           Twine(op.offset) + "; place it at 0 or above");
    if (op.offset < end)
      return makePackError("@" + op.name + " lies at offset " +
                           Twine(op.offset) + ", inside of @" + before +
                           ", which ends at " + Twine(end) +
                           "; place the weights again");
    if (llvm::Error error = checkType(op))
      return error;
    end = op.offset + op.type.getPackedBytes();
    before = op.name;
  }
  return llvm::Error::success();
}
