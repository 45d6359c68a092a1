// What a shared library of functions offers to C.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TARGET_LIBRARY_H
#define TENON_TARGET_LIBRARY_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// A size that only the caller knows.
struct LibrarySize {
  std::string name;
  /// Whether buckets bound it: it is the first dimension of some array.
  bool isBounded = false;
};

/// An array or a number.
struct LibraryArgument {
  /// Arrays that a function reads are const in C; others it writes over, or
  /// reads and changes; a number is passed as it is.
  enum class Use { Read, Updated, Written, Number };

  std::string name;
  Use use = Use::Read;
  /// As C spells the type of an element or of a number.
  std::string element;
  /// As the IR prints the type.
  std::string type;
  /// Sizes of the dimensions; one that is not known, `ShapedType::kDynamic`, is
  /// size `sizes[i]` of the function, where it is the i-th of them.
  std::vector<int64_t> shape;
  std::vector<unsigned> sizes;
};

/// In C: `int NAME(context, [weights,] sizes..., arguments...)`.
struct LibraryFunction {
  std::string name;
  std::vector<LibrarySize> sizes;
  /// Those of the function in the IR, and behind them its results that are
  /// written.
  std::vector<LibraryArgument> arguments;
  /// For each result in the IR, the argument that holds it.
  std::vector<unsigned> results;
  /// Most tokens of a block of attention, where there are blocks and some bucket
  /// has room for more.
  std::optional<int64_t> blockRows;
};

struct Library {
  /// What names in C begin with.
  std::string name;
  /// Bytes of packed weights, to which all functions get a pointer; none
  /// without.
  uint64_t weightBytes = 0;
  /// The largest bucket, which bounds first dimensions.
  int64_t maxRows = 0;
  std::vector<LibraryFunction> functions;
};

/// Makes `names` the only public functions of a module, drops what they do not
/// need, forbids passes to write over their arguments, and describes them. Fails
/// for a function that cannot be called from C.
llvm::Expected<Library> selectEntries(mlir::ModuleOp module,
                                      llvm::ArrayRef<std::string> names);

/// A header of C, which documents all arguments.
std::string writeLibraryHeader(const Library &library);

} // namespace tenon

#endif // TENON_TARGET_LIBRARY_H
