// Parses, prints and stores the function of a gated linear unit.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/GatedActivation.h"
#include "dialects/Tenon/Tenon.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace tenon;

namespace {
struct Parameter {
  StringLiteral name;
  float GatedActivation::*value;
};
} // namespace

static constexpr Parameter kParameters[] = {
    {"alpha", &GatedActivation::alpha},
    {"beta", &GatedActivation::beta},
    {"limit", &GatedActivation::limit},
};

static uint32_t getBits(const GatedActivation &activation,
                        const Parameter &parameter) {
  return llvm::bit_cast<uint32_t>(activation.*parameter.value);
}

bool GatedActivation::isValid() const {
  return alpha > 0 && std::isfinite(alpha) && std::isfinite(beta) && limit > 0;
}

bool GatedActivation::operator==(const GatedActivation &other) const {
  return function == other.function &&
         llvm::all_of(kParameters, [&](const Parameter &parameter) {
           return getBits(*this, parameter) == getBits(other, parameter);
         });
}

llvm::hash_code tenon::hash_value(const GatedActivation &activation) {
  llvm::hash_code hash = llvm::hash_value(activation.function);
  for (const Parameter &parameter : kParameters)
    hash = llvm::hash_combine(hash, getBits(activation, parameter));
  return hash;
}

static ParseResult parseParameter(AsmParser &parser,
                                  GatedActivation &activation) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef name;
  if (parser.parseKeyword(&name) || parser.parseEqual())
    return failure();
  const Parameter *found =
      llvm::find_if(kParameters, [&](const Parameter &parameter) {
        return parameter.name == name;
      });
  if (found == std::end(kParameters))
    return parser.emitError(loc, "expected alpha, beta or limit");
  APFloat value(0.0f);
  if (parser.parseFloat(value.getSemantics(), value))
    return failure();
  activation.*found->value = value.convertToFloat();
  return success();
}

OptionalParseResult tenon::parseGatedActivation(AsmParser &parser,
                                                GatedActivation &activation) {
  FailureOr<std::optional<Activation>> function =
      FieldParser<std::optional<Activation>>::parse(parser);
  if (failed(function))
    return failure();
  if (!*function)
    return std::nullopt;
  activation = **function;
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::OptionalLessGreater,
      [&] { return parseParameter(parser, activation); });
}

void tenon::printGatedActivation(AsmPrinter &printer,
                                 const GatedActivation &activation) {
  printer << stringifyActivation(activation.function);
  const GatedActivation plain;
  SmallVector<Parameter> given;
  for (const Parameter &parameter : kParameters)
    if (activation.*parameter.value != plain.*parameter.value)
      given.push_back(parameter);
  if (given.empty())
    return;
  printer << '<';
  llvm::interleaveComma(given, printer, [&](const Parameter &parameter) {
    printer << parameter.name << " = ";
    printer.printFloat(APFloat(activation.*parameter.value));
  });
  printer << '>';
}

Attribute tenon::convertToAttribute(MLIRContext *context,
                                    const GatedActivation &activation) {
  Builder builder(context);
  SmallVector<Attribute> values = {
      builder.getI32IntegerAttr(static_cast<int32_t>(activation.function))};
  for (const Parameter &parameter : kParameters)
    values.push_back(builder.getF32FloatAttr(activation.*parameter.value));
  return builder.getArrayAttr(values);
}

LogicalResult tenon::convertFromAttribute(
    GatedActivation &activation, Attribute attribute,
    llvm::function_ref<InFlightDiagnostic()> emitError) {
  auto refuse = [&] {
    return emitError() << "expected an activation function, alpha, beta and "
                          "limit, but got "
                       << attribute;
  };
  auto values = dyn_cast_if_present<ArrayAttr>(attribute);
  if (!values || values.size() != 1 + std::size(kParameters))
    return refuse();
  auto function = dyn_cast<IntegerAttr>(values[0]);
  std::optional<Activation> known =
      function && function.getType().isInteger(32)
          ? symbolizeActivation(
                static_cast<uint32_t>(function.getValue().getZExtValue()))
          : std::nullopt;
  if (!known)
    return refuse();
  activation = *known;
  for (auto [parameter, value] :
       llvm::zip_equal(kParameters, values.getValue().drop_front())) {
    auto number = dyn_cast<FloatAttr>(value);
    if (!number || !number.getType().isF32())
      return refuse();
    activation.*parameter.value = number.getValue().convertToFloat();
  }
  return success();
}
