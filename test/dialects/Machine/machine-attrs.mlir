// RUN: tenon-opt %s --split-input-file | tenon-opt --split-input-file | FileCheck %s

/// A level of each kind.
// CHECK: module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>}
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {}

// -----

// CHECK: module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = 65536>} {}

// -----

/// The examples of the attributes' descriptions; the first one is the narrowest processor.
// CHECK: module attributes {machine.target = #machine.cpu<name = "small", lanes = 4, registers = 8>}
module attributes {machine.target = #machine.cpu<name = "small", lanes = 4, registers = 8>} {}

// -----

// CHECK: module attributes {machine.target = #machine.gpu<name = "small", shared = 49152, registers = 32768>}
module attributes {machine.target = #machine.gpu<name = "small", shared = 49152, registers = 32768>} {}

// -----

/// The widest processor.
// CHECK: lanes = 16, registers = 32
module attributes {machine.target = #machine.cpu<name = "x86-64-v4", lanes = 16, registers = 32>} {}
