// The function of a gated linear unit, as a property of ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_GATEDACTIVATION_TD
#define TENON_DIALECTS_TENON_GATEDACTIVATION_TD

include "mlir/IR/Properties.td"

/// `silu`, or with parameters `silu<alpha = 1.702, beta = 1.0, limit = 7.0>`; `tenon.glu`
/// says what they mean.
def Tenon_GatedActivation : Property<"::tenon::GatedActivation",
    "gated activation with a positive alpha and a positive limit"> {
  let predicate = CPred<"($_self).isValid()">;
  let parser = [{
    ::mlir::OptionalParseResult parsed =
        ::tenon::parseGatedActivation($_parser, $_storage);
    if (!parsed.has_value())
      return $_parser.emitError($_parser.getCurrentLocation(),
                                "expected an activation function");
    return *parsed;
  }];
  let optionalParser = "return ::tenon::parseGatedActivation($_parser, $_storage);";
  let printer = "::tenon::printGatedActivation($_printer, $_storage)";
  let convertToAttribute = "return ::tenon::convertToAttribute($_ctxt, $_storage);";
  let convertFromAttribute =
      "return ::tenon::convertFromAttribute($_storage, $_attr, $_diag);";
  let hashProperty = "::tenon::hash_value($_storage)";
  let writeToMlirBytecode = [{
    $_writer.writeAttribute(::tenon::convertToAttribute($_ctxt, $_storage));
  }];
  let readFromMlirBytecode = [{
    ::mlir::Attribute attribute;
    if (::mlir::failed($_reader.readAttribute(attribute)) ||
        ::mlir::failed(::tenon::convertFromAttribute(
            $_storage, attribute, [&] { return $_reader.emitError(); })))
      return ::mlir::failure();
  }];
}

#endif // TENON_DIALECTS_TENON_GATEDACTIVATION_TD
