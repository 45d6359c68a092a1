// Writes the C header of a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Target/Library.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tenon;

/// The same in the header of every library, so that one program can have some.
static constexpr llvm::StringLiteral kWorkers = R"(
#ifndef TENON_WORKERS
#define TENON_WORKERS

/* Who runs a function, and in which memory. It may serve any number of calls, one
 * at a time. */
struct tenon_workers {
  int64_t count; /* at least 1 */
  void *memory;  /* as many bytes as a library asks for, at a multiple of 64 */
  /* Calls work(job, i) for each i from 0 to count - 1, all at the same time in
   * threads of their own, for they wait for each other, and returns when all have
   * returned. NULL with one worker, which is the caller. */
  void (*parallel)(void *pool, int64_t count, void (*work)(void *job, int64_t i),
                   void *job);
  void *pool; /* is handed to `parallel` */
};

/* What functions return. Nothing was computed unless it is TENON_CALL_DONE. */
enum tenon_call {
  TENON_CALL_DONE = 0,
  TENON_CALL_BAD_SIZE = 1,    /* a size is negative or too large */
  TENON_CALL_BAD_CPU = 2,     /* the library has no code for this CPU */
  TENON_CALL_BAD_WORKERS = 3, /* the workers are not as described above */
};

#endif /* TENON_WORKERS */
)";

/// `[x_rows][75]`.
static std::string describeShape(const LibraryFunction &function,
                                 const LibraryArgument &argument) {
  std::string text;
  ArrayRef<unsigned> sizes = argument.sizes;
  for (int64_t size : argument.shape) {
    text += "[";
    if (ShapedType::isDynamic(size)) {
      text += function.sizes[sizes.front()].name;
      sizes = sizes.drop_front();
    } else {
      text += std::to_string(size);
    }
    text += "]";
  }
  return text;
}

static StringRef describeUse(LibraryArgument::Use use) {
  switch (use) {
  case LibraryArgument::Use::Read:
    return "is read";
  case LibraryArgument::Use::Updated:
    return "is read and updated";
  case LibraryArgument::Use::Written:
    return "is written";
  case LibraryArgument::Use::Number:
    return "is a number";
  }
  llvm_unreachable("no use of an argument");
}

static void writeFunction(llvm::raw_ostream &os, const Library &library,
                          const LibraryFunction &function) {
  os << "\n/* " << function.name << "\n *\n";
  SmallVector<std::string> parameters = {"const struct tenon_workers *workers"};
  if (library.weightBytes) {
    os << " *   weights: the bytes of the file of weights, at a multiple of "
          "64\n";
    parameters.push_back("const void *weights");
  }
  for (const LibrarySize &size : function.sizes) {
    os << " *   " << size.name << ": a size from 0";
    if (size.isBounded)
      os << " to " << library.maxRows;
    os << "\n";
    parameters.push_back("int64_t " + size.name);
  }
  for (const LibraryArgument &argument : function.arguments) {
    std::string shape = describeShape(function, argument);
    os << " *   " << argument.name << shape << ": " << argument.type << ", "
       << describeUse(argument.use) << "\n";
    bool isNumber = argument.use == LibraryArgument::Use::Number;
    bool isRead = argument.use == LibraryArgument::Use::Read;
    parameters.push_back((isRead ? "const " : "") + argument.element +
                         (isNumber ? " " : " *") + argument.name);
  }
  if (function.blockRows)
    os << " *\n * Queries come in blocks {first row, rows, slot, first "
          "position}, of "
          "which none\n * has more than "
       << *function.blockRows << " rows.\n";
  os << " */\nint " << function.name << "(" << llvm::join(parameters, ",\n    ")
     << ");\n";
}

std::string tenon::writeLibraryHeader(const Library &library) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string guard = StringRef(library.name).upper() + "_H";
  os << "/* Functions of " << library.name
     << ".so, which tenon compiled.\n"
        " *\n"
        " * Arrays are dense, the last dimension varies fastest, and none that "
        "is\n"
        " * written overlaps another one. Elements of bf16 and f16 are "
        "uint16_t\n"
        " * with their bits. A function returns one of enum tenon_call. */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <stdint.h>\n\n"
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
     << kWorkers
     << "\n/* Bytes of memory that `count` workers need for any "
        "function below. */\n"
     << "int64_t " << library.name << "_memory_bytes(int64_t count);\n";
  if (library.weightBytes)
    os << "\n/* Bytes of the file of weights. */\n#define "
       << StringRef(library.name).upper() << "_WEIGHT_BYTES "
       << library.weightBytes << "\n";
  for (const LibraryFunction &function : library.functions)
    writeFunction(os, library, function);
  os << "\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* "
     << guard << " */\n";
  return text;
}
