// Which query blocks a step is compiled for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/AllDialects.h"
#include "tenon/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tenon;

/// A step of at most 64 tokens that calls two kernels; returns what becomes of
/// it, "" without an error.
static std::string compile(StringRef firstConfig, StringRef secondConfig,
                           int64_t &blockRows) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  std::string source = R"(
module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
  func.func private @a(%arena: memref<?xi8>, %scratch: memref<?xi8>) attributes {
    tile.bucket = #tile.bucket<tokens = 64>, tile.kernel = #tile.config)" +
                       firstConfig.str() + R"(} {
    return
  }
  func.func private @b(%arena: memref<?xi8>, %scratch: memref<?xi8>) attributes {
    tile.bucket = #tile.bucket<tokens = 64>, tile.kernel = #tile.config)" +
                       secondConfig.str() + R"(} {
    return
  }
  func.func @step(%arena: memref<?xi8> {tenon.role = #tenon.role<arena>},
                  %scratch: memref<?xi8> {tenon.role = #tenon.role<scratch>}) attributes {
    tile.bucket = #tile.bucket<tokens = 64>, tile.memory = #tile.memory<arena = 0, scratch = 0>} {
    call @a(%arena, %scratch) : (memref<?xi8>, memref<?xi8>) -> ()
    call @b(%arena, %scratch) : (memref<?xi8>, memref<?xi8>) -> ()
    return
  }
})";
  auto module = parseSourceString<ModuleOp>(source, ParserConfig(&context));
  if (!module)
    return "no module";
  llvm::Expected<CompiledVariant> variant =
      compileForCpu(*module, EmitKind::Object);
  if (!variant)
    return llvm::toString(variant.takeError());
  blockRows = variant->steps.front().blockRows;
  return "";
}

TEST(QueryBlocks, areWhatTheKernelsAgreeOn) {
  int64_t rows = 0;
  EXPECT_EQ(compile("<rows = 8, block = 16>", "<rows = 4, block = 16>", rows),
            "");
  EXPECT_EQ(rows, 16);
  EXPECT_EQ(compile("<rows = 8>", "<rows = 8, block = 32>", rows), "");
  EXPECT_EQ(rows, 32);
  // Without attention nothing asks where blocks end.
  EXPECT_EQ(compile("<rows = 8>", "<panels = 2>", rows), "");
  EXPECT_EQ(rows, 64);
}

TEST(QueryBlocks, mustBeTheSameForAllKernels) {
  int64_t rows = 0;
  std::string error =
      compile("<rows = 8, block = 16>", "<rows = 8, block = 32>", rows);
  EXPECT_NE(error.find("'func.func' op expects its kernels to agree on the "
                       "most tokens of a query block, but they have 16 and 32"),
            std::string::npos)
      << error;
}
