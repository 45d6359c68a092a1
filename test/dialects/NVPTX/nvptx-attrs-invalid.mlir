// RUN: tenon-opt %s --split-input-file --verify-diagnostics

/// A product. C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got 12 and 2}}
#a = #nvptx.contraction<tokens = 12, panels = 2, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got 8 and 3}}
#a = #nvptx.contraction<tokens = 8, panels = 3, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C2
// expected-error@+1 {{expects at least 2 stages and 1 part, and between 1 and 32 warps, but got 1, 8 and 8}}
#a = #nvptx.contraction<tokens = 8, panels = 2, stages = 1, parts = 8, columns = split, warps = 8>

// -----

// C2
// expected-error@+1 {{expects at least 2 stages and 1 part, and between 1 and 32 warps, but got 2, 64 and 64}}
#a = #nvptx.contraction<tokens = 8, panels = 2, stages = 2, parts = 64, columns = split, warps = 64>

// -----

// C3
// expected-error@+1 {{expects split columns to have 2 panels and a warp for each part, but got 4 panels, 8 parts and 8 warps}}
#a = #nvptx.contraction<tokens = 8, panels = 4, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C3
// expected-error@+1 {{expects split columns to have 2 panels and a warp for each part, but got 2 panels, 8 parts and 4 warps}}
#a = #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 4>

// -----

// C4
// expected-error@+1 {{expects warps to share pairs of a power of two of panels and multiples of 8 tokens, but got 6 panels, 32 tokens and 6 warps}}
#a = #nvptx.contraction<tokens = 32, panels = 6, stages = 3, parts = 8, columns = whole, warps = 6>

// -----

// C4
// expected-error@+1 {{but got 8 panels, 32 tokens and 6 warps}}
#a = #nvptx.contraction<tokens = 32, panels = 8, stages = 3, parts = 8, columns = whole, warps = 6>

// -----

// C4
// expected-error@+1 {{but got 8 panels, 8 tokens and 8 warps}}
#a = #nvptx.contraction<tokens = 8, panels = 8, stages = 3, parts = 8, columns = whole, warps = 8>

// -----

/// Attention. C1
// expected-error@+1 {{expects tokens, a multiple of 16 rows, and a power of two of keys that is a multiple of 16 times splits, but got 8 tokens, 24 rows, 64 keys and 1 splits}}
#a = #nvptx.attention<tokens = 8, rows = 24, keys = 64, splits = 1>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 32 keys and 4 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 32, splits = 4>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 96 keys and 2 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 96, splits = 2>

// -----

// C1
// expected-error@+1 {{but got 0 tokens, 16 rows, 64 keys and 1 splits}}
#a = #nvptx.attention<tokens = 0, rows = 16, keys = 64, splits = 1>

// -----

// C2
// expected-error@+1 {{expects at most 32 warps, but got 64}}
#a = #nvptx.attention<tokens = 8, rows = 256, keys = 64, splits = 4>

// -----

/// Rows, and choices of experts. C1
// expected-error@+1 {{expects between 1 and 32 warps, but got 33}}
#a = #nvptx.rows<warps = 33>

// -----

// C1
// expected-error@+1 {{expects between 1 and 32 warps, but got 0}}
#a = #nvptx.dispatch<warps = 0>

// -----

/// A selection of keys. C1
// expected-error@+1 {{expects between 1 and 32 warps, but got 33}}
#a = #nvptx.selection<keys = 512, warps = 33>

// -----

// C2
// expected-error@+1 {{expects between 1 and 65536 keys, but got 0}}
#a = #nvptx.selection<keys = 0, warps = 8>

// -----

// C2
// expected-error@+1 {{expects between 1 and 65536 keys, but got 65537}}
#a = #nvptx.selection<keys = 65537, warps = 8>

// -----

/// A launch. C1
// expected-error@+1 {{expects at least one block, but got 0}}
#a = #nvptx.launch<@kernels::@f, blocks = 0>

// -----

// C5
// expected-error@+1 {{expects at most 512 tokens, 64 panels, 16 stages and 64 parts, but got 520, 8, 3 and 8}}
func.func private @large_contraction_0() attributes {test.config = #nvptx.contraction<tokens = 520, panels = 8, stages = 3, parts = 8, columns = split, warps = 8>}

// -----

// C5
// expected-error@+1 {{expects at most 512 tokens, 64 panels, 16 stages and 64 parts, but got 8, 66, 3 and 8}}
func.func private @large_contraction_1() attributes {test.config = #nvptx.contraction<tokens = 8, panels = 66, stages = 3, parts = 8, columns = split, warps = 8>}

// -----

// C5
// expected-error@+1 {{expects at most 512 tokens, 64 panels, 16 stages and 64 parts, but got 8, 2, 17 and 8}}
func.func private @large_contraction_2() attributes {test.config = #nvptx.contraction<tokens = 8, panels = 2, stages = 17, parts = 8, columns = split, warps = 8>}

// -----

// C5
// expected-error@+1 {{expects at most 512 tokens, 64 panels, 16 stages and 64 parts, but got 8, 2, 3 and 4294967296}}
func.func private @large_contraction_3() attributes {test.config = #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 4294967296, columns = split, warps = 8>}

// -----

// C3
// expected-error@+1 {{expects at most 1048576 tokens and 1024 keys, but got 2147483648 and 64}}
func.func private @large_attention_0() attributes {test.config = #nvptx.attention<tokens = 2147483648, rows = 16, keys = 64, splits = 1>}

// -----

// C3
// expected-error@+1 {{expects at most 1048576 tokens and 1024 keys, but got 8 and 2048}}
func.func private @large_attention_1() attributes {test.config = #nvptx.attention<tokens = 8, rows = 16, keys = 2048, splits = 1>}

// -----

/// The dialect verifies where its attributes are.
// expected-error@+1 {{expects nvptx.launch to be a #nvptx.launch, on a tile.kernel, but got}}
func.func private @launch_of_function() attributes {nvptx.launch = #nvptx.launch<@kernels::@f, blocks = 1>}

// -----

// expected-error@+1 {{expects nvptx.refused to be a string, on a tile.kernel, but got "no"}}
func.func private @refused_function() attributes {nvptx.refused = "no"}

// -----

// expected-error@+1 {{expects nvptx.shared_bytes to be a number of bytes, on a function, but got -1}}
func.func private @negative() attributes {nvptx.shared_bytes = -1 : i64}

// -----

// expected-error@+1 {{has unknown attribute "nvptx.warps"; the dialect knows nvptx.launch, nvptx.refused and nvptx.shared_bytes}}
func.func private @unknown() attributes {nvptx.warps = 8}

// -----

// C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got 0 and 2}}
#a = #nvptx.contraction<tokens = 0, panels = 2, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got -8 and 2}}
#a = #nvptx.contraction<tokens = -8, panels = 2, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got 8 and 0}}
#a = #nvptx.contraction<tokens = 8, panels = 0, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C1
// expected-error@+1 {{expects a positive multiple of 8 tokens and of 2 panels, but got 8 and -2}}
#a = #nvptx.contraction<tokens = 8, panels = -2, stages = 3, parts = 8, columns = split, warps = 8>

// -----

// C2
// expected-error@+1 {{expects at least 2 stages and 1 part, and between 1 and 32 warps, but got 3, 0 and 8}}
#a = #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 0, columns = split, warps = 8>

// -----

// C2
// expected-error@+1 {{expects at least 2 stages and 1 part, and between 1 and 32 warps, but got 3, 8 and 0}}
#a = #nvptx.contraction<tokens = 8, panels = 2, stages = 3, parts = 8, columns = split, warps = 0>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 0 rows, 64 keys and 1 splits}}
#a = #nvptx.attention<tokens = 8, rows = 0, keys = 64, splits = 1>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, -16 rows, 64 keys and 1 splits}}
#a = #nvptx.attention<tokens = 8, rows = -16, keys = 64, splits = 1>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 64 keys and 0 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = 0>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 64 keys and -1 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 64, splits = -1>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 1024 keys and 33 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 1024, splits = 33>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, 0 keys and 1 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = 0, splits = 1>

// -----

// C1
// expected-error@+1 {{but got 8 tokens, 16 rows, -9223372036854775808 keys and 1 splits}}
#a = #nvptx.attention<tokens = 8, rows = 16, keys = -9223372036854775808, splits = 1>
