// Enums that ops of the tenon and tile dialects share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENONENUMS_TD
#define TENON_DIALECTS_TENON_TENONENUMS_TD

include "mlir/IR/EnumAttr.td"

def Tenon_Activation : I32Enum<"Activation", "activation function", [
    I32EnumCase<"Silu", 0, "silu">,
    I32EnumCase<"GeluTanh", 1, "gelu_tanh">,
    I32EnumCase<"Gelu", 2, "gelu">,
    I32EnumCase<"Relu", 3, "relu">]> {
  let cppNamespace = "::tenon";
}

def Tenon_PointwiseFunction : I32Enum<"PointwiseFunction",
    "function of single elements with one parameter", [
    I32EnumCase<"Scale", 0, "scale">,
    I32EnumCase<"Clamp", 1, "clamp">,
    I32EnumCase<"Softcap", 2, "softcap">]> {
  let cppNamespace = "::tenon";
}

def Tenon_NormKind : I32Enum<"NormKind", "kind of norm", [
    I32EnumCase<"RMS", 0, "rms">,
    I32EnumCase<"Layer", 1, "layer">]> {
  let cppNamespace = "::tenon";
}

def Tenon_NormOrder : I32Enum<"NormOrder", "where a norm rounds to its result type", [
    I32EnumCase<"CastThenScale", 1, "cast_then_scale">,
    I32EnumCase<"ScaleThenCast", 2, "scale_then_cast">,
    I32EnumCase<"OnePlus", 3, "one_plus">]> {
  let cppNamespace = "::tenon";
}

def Tenon_RopeEnd : I32Enum<"RopeEnd", "which elements of a row are rotated", [
    I32EnumCase<"First", 0, "first">,
    I32EnumCase<"Last", 1, "last">]> {
  let cppNamespace = "::tenon";
}

def Tenon_Scoring : I32Enum<"Scoring", "scoring function of a router", [
    I32EnumCase<"Softmax", 0, "softmax">,
    I32EnumCase<"Sigmoid", 1, "sigmoid">]> {
  let cppNamespace = "::tenon";
}

def Tenon_GroupScore : I32Enum<"GroupScore", "score of a group of experts", [
    I32EnumCase<"Max", 0, "max">,
    I32EnumCase<"Top2Sum", 1, "top2sum">]> {
  let cppNamespace = "::tenon";
}

def Tenon_Derivation : I32Enum<"Derivation", "how a weight is derived from others", [
    I32EnumCase<"ConcatRows", 0, "concat_rows">,
    I32EnumCase<"SplitRows", 1, "split_rows">,
    I32EnumCase<"SliceRows", 2, "slice_rows">,
    I32EnumCase<"Transpose", 3, "transpose">,
    I32EnumCase<"Cast", 4, "cast">]> {
  let cppNamespace = "::tenon";
}

#endif // TENON_DIALECTS_TENON_TENONENUMS_TD
