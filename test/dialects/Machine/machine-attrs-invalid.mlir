// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// C1
// expected-error@+1 {{expects lanes to be a power of two between 4 and 16, but got 12}}
module attributes {machine.target = #machine.cpu<name = "odd", lanes = 12, registers = 16>} {}

// -----

// C1
// expected-error@+1 {{expects lanes to be a power of two between 4 and 16, but got 2}}
module attributes {machine.target = #machine.cpu<name = "narrow", lanes = 2, registers = 16>} {}

// -----

// C1
// expected-error@+1 {{expects lanes to be a power of two between 4 and 16, but got 32}}
module attributes {machine.target = #machine.cpu<name = "wide", lanes = 32, registers = 16>} {}

// -----

// C2
// expected-error@+1 {{expects at least 8 registers, but got 7}}
module attributes {machine.target = #machine.cpu<name = "poor", lanes = 8, registers = 7>} {}

// -----

// C1
// expected-error@+1 {{expects shared and registers to be positive, but got 0 and 65536}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 0, registers = 65536>} {}

// -----

// C1
// expected-error@+1 {{expects shared and registers to be positive, but got 166912 and -1}}
module attributes {machine.target = #machine.gpu<name = "sm_80", shared = 166912, registers = -1>} {}

// -----

/// The dialect verifies where its attribute is.
// expected-error@+1 {{expects machine.target to describe a machine, on a module, but got "x86-64-v3"}}
module attributes {machine.target = "x86-64-v3"} {}

// -----

// expected-error@+1 {{expects machine.target to describe a machine, on a module, but got #machine.cpu}}
func.func private @target_of_function() attributes {
  machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>}

// -----

// expected-error@+1 {{has unknown attribute "machine.lanes"; the dialect knows machine.target}}
module attributes {machine.lanes = 8} {}
