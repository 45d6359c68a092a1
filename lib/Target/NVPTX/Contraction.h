// Products of rows with packed matrices: their operands and tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_LIB_TARGET_NVPTX_CONTRACTION_H
#define TENON_LIB_TARGET_NVPTX_CONTRACTION_H

#include "tenon/Analysis/KernelStructure.h"
#include "PackedWeight.h"

namespace tenon::nvptx {

/// A `linear`, `head_linear` or `grouped_linear` with what surrounds it.
struct Contraction {
  static mlir::FailureOr<Contraction>
  match(tile::KernelOp kernel, mlir::Operation *root, std::string &reason);

  mlir::Value weight;
  mlir::Value bias;     // may be null
  mlir::Value residual; // may be null: rows that are added, an argument
  std::optional<GatedActivation> glu;
  RowAccess input;
  mlir::Type inputType, outType; // of elements
  mlir::Value order, offsets;    // of grouped rows; may be null
  int64_t choices = 0;

  int64_t rows = 0; // of a matrix: outputs
  int64_t cols = 0; // of a matrix: inputs
  int64_t matrices = 1;
  int64_t inputStep = 0; // elements between the inputs of two heads
  int64_t outStride = 0; // elements of a row of the result
  int64_t outStep = 0;   // elements between the results of two heads
  int64_t kept = 0;      // elements of a head that are copied after its result

  bool isGrouped() const { return static_cast<bool>(offsets); }
};

/// Tiles for a step of at most `tokens` tokens, for blocks of threads with so
/// many bytes of shared memory.
ContractionAttr chooseContraction(const Contraction &contraction,
                                  int64_t tokens, int64_t sharedBytes);

/// Bytes of one part of a row in shared memory.
inline int64_t getStagedRowBytes(int64_t columns) { return columns * 2 + 32; }

class ContractionEmitter {
public:
  ContractionEmitter(DeviceKernel &kernel, const Contraction &contraction,
                     ContractionAttr tiling);
  /// Why threads cannot share the tile, if so.
  Refusal check() const;
  void emit();

private:
  /// One tile of the result.
  struct Tile {
    mlir::Value matrix, firstPanel, firstRow, endRow;
    mlir::Value inputFirst, outFirst; // elements, from the head
  };
  void planShared();
  void emitPiece(mlir::Value piece);
  void emitGroupedPiece(mlir::Value piece);
  void emitTile(const Tile &tile);

  // ContractionLoops.cpp
  mlir::Value getRowPointer(const Tile &tile, mlir::Value row);
  Values loadInput(mlir::Value pointer, mlir::Value column);
  Values loadInputRun(mlir::Value pointer, mlir::Value column, int64_t count);
  llvm::SmallVector<Values> splitInput(mlir::ValueRange unit);
  mlir::Value getBoundary(mlir::Value part);
  Values sumSplitColumns(const Tile &tile);
  Values loadOperands(llvm::ArrayRef<mlir::Value> pointers, mlir::Value slab);
  Values sumWholeColumns(const Tile &tile);
  /// Columns that a thread loads at once, as parts of a slab.
  int64_t getUnits() const { return slab.columns / 4; }
  /// Of a staged row in shared memory, and of one part of all of them.
  int64_t getRowBytes() const { return getStagedRowBytes(slab.columns); }
  int64_t getPlaneBytes() const { return tiling.getTokens() * getRowBytes(); }
  /// With whole columns: which panels and rows of the tile a warp computes.
  mlir::Value getPairOfWarp();
  mlir::Value getFirstRowOfWarp();
  Values loadStaged(llvm::ArrayRef<mlir::Value> pointers, mlir::Value slab);
  void storeStaged(mlir::ValueRange values, mlir::Value slab);
  Values runSlab(const Tile &tile, llvm::ArrayRef<mlir::Value> pointers,
                 mlir::Value slab, mlir::ValueRange sums);
  /// The parts of the right operand of a step and a tile of tokens.
  using Operands =
      llvm::function_ref<llvm::SmallVector<Values>(int64_t, int64_t)>;
  /// Adds the products of one slab.
  Values addSlab(mlir::Value source, mlir::ValueRange sums, Operands operands);
  void addScaled(mlir::Value source, int64_t group, Values &sums,
                 mlir::ValueRange partial, mlir::ValueRange ones);

  // ContractionResults.cpp
  void stageSums(mlir::ValueRange sums);
  void storeResults(const Tile &tile);
  mlir::Value sumParts(mlir::Value token, mlir::Value place);
  void finishElement(const Tile &tile, mlir::Value row, mlir::Value column,
                     mlir::Value value);
  mlir::Value addBias(const Tile &tile, mlir::Value value, mlir::Value row);
  void copyKept(const Tile &tile);

  DeviceKernel &kernel;
  DeviceBuilder &b;
  Contraction c;
  PanelSlab slab;
  ContractionAttr tiling;
  /// Tiles of 8 tokens that each warp computes.
  int64_t tokenTiles;
  int64_t slabsOfPart;
  int64_t stageBytes;
  /// Parts of an element, and values that hold a unit of four elements.
  int64_t inputParts, unitValues;
  int64_t weightsAt = 0, inputsAt = 0, resultsAt = 0;
};

/// The activation function of a number in f32.
mlir::Value activate(DeviceBuilder &b, Activation activation,
                     mlir::Value value);

/// The function of `tenon.glu`.
mlir::Value joinGate(DeviceBuilder &b, const GatedActivation &activation,
                     mlir::Value gate, mlir::Value up);

} // namespace tenon::nvptx

#endif // TENON_LIB_TARGET_NVPTX_CONTRACTION_H
