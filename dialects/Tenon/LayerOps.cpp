// The schedule of layers: syntax and constraints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace tenon;

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> kinds;
  auto parseRun = [&]() -> ParseResult {
    int64_t kind = 0, count = 0;
    SMLoc loc;
    if (parser.parseInteger(kind) || parser.parseKeyword("x") ||
        parser.getCurrentLocation(&loc) || parser.parseInteger(count))
      return failure();
    // A run is expanded, so its length must be one that a model can have.
    if (count < 1 || count > 1 << 16)
      return parser.emitError(loc)
             << "expects a run of 1 to 65536 layers, but got " << count;
    kinds.append(count, kind);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseRun))
    return {};
  return parser.getChecked<ScheduleAttr>(parser.getContext(),
                                         ArrayRef<int64_t>(kinds));
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  printer << '<';
  ArrayRef<int64_t> rest = getKinds();
  while (!rest.empty()) {
    int64_t kind = rest.front();
    ArrayRef<int64_t> next =
        rest.drop_while([&](int64_t other) { return other == kind; });
    printer << kind << " x " << rest.size() - next.size()
            << (next.empty() ? "" : ", ");
    rest = next;
  }
  printer << '>';
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<int64_t> kinds) {
  if (kinds.empty()) // C1
    return emitError() << "expects at least one layer";
  int64_t largest = *llvm::max_element(kinds);
  if (*llvm::min_element(kinds) < 0) // C1
    return emitError() << "expects kinds not to be negative, but got "
                       << *llvm::min_element(kinds);
  for (int64_t kind = 0; kind < largest; ++kind)
    if (!llvm::is_contained(kinds, kind)) // C1
      return emitError() << "expects each kind up to " << largest
                         << " to occur, but kind " << kind << " does not";
  return success();
}

SmallVector<int64_t> ScheduleAttr::getOrdinals() const {
  SmallVector<int64_t> ordinals, next;
  for (int64_t kind : getKinds()) {
    if (kind >= static_cast<int64_t>(next.size()))
      next.resize(kind + 1, 0);
    ordinals.push_back(next[kind]++);
  }
  return ordinals;
}
