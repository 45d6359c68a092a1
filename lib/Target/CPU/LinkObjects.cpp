// Links objects into a shared library that needs no other one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LinkObjects.h"
#include "llvm/ADT/Twine.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>
#include "EmitObject.h"
#include "lld/Common/Driver.h"

LLD_HAS_DRIVER(elf)

using namespace tenon;

/// What a code generator may call although nobody wrote a call: the library
/// depends on nothing, so it brings its own.
static constexpr llvm::StringLiteral kMemoryFunctions = R"(
define hidden ptr @memcpy(ptr %to, ptr %from, i64 %size) {
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %body ]
  %done = icmp eq i64 %i, %size
  br i1 %done, label %end, label %body
body:
  %source = getelementptr i8, ptr %from, i64 %i
  %byte = load volatile i8, ptr %source
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %target
  %next = add i64 %i, 1
  br label %head
end:
  ret ptr %to
}
define hidden ptr @memmove(ptr %to, ptr %from, i64 %size) {
  %before = icmp ult ptr %to, %from
  br i1 %before, label %copy, label %head
copy:
  %same = call ptr @memcpy(ptr %to, ptr %from, i64 %size)
  ret ptr %same
head:
  %i = phi i64 [ %size, %0 ], [ %next, %body ]
  %done = icmp eq i64 %i, 0
  br i1 %done, label %end, label %body
body:
  %next = sub i64 %i, 1
  %source = getelementptr i8, ptr %from, i64 %next
  %byte = load volatile i8, ptr %source
  %target = getelementptr i8, ptr %to, i64 %next
  store i8 %byte, ptr %target
  br label %head
end:
  ret ptr %to
}
define hidden ptr @memset(ptr %to, i32 %value, i64 %size) {
  %byte = trunc i32 %value to i8
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %next, %body ]
  %done = icmp eq i64 %i, %size
  br i1 %done, label %end, label %body
body:
  %target = getelementptr i8, ptr %to, i64 %i
  store volatile i8 %byte, ptr %target
  %next = add i64 %i, 1
  br label %head
end:
  ret ptr %to
}
)";

/// A file that is gone when its owner is.
static llvm::Error
writeTemporary(llvm::ArrayRef<char> bytes,
               std::vector<std::unique_ptr<llvm::FileRemover>> &files,
               std::vector<std::string> &paths) {
  int descriptor;
  llvm::SmallString<128> path;
  if (std::error_code failure =
          llvm::sys::fs::createTemporaryFile("tenon", "o", descriptor, path))
    return llvm::createStringError(
        failure, "cannot create a temporary object file: " + failure.message());
  files.push_back(std::make_unique<llvm::FileRemover>(path));
  paths.push_back(path.str().str());
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream.write(bytes.data(), bytes.size());
  stream.flush();
  if (!stream.has_error())
    return llvm::Error::success();
  std::error_code failure = stream.error();
  stream.clear_error();
  return llvm::createStringError(failure, "cannot write '" + path +
                                              "': " + failure.message());
}

/// Runs LLD in this process; it keeps state of its own, so one at a time.
static llvm::Error runLinker(llvm::ArrayRef<std::string> objects,
                             const std::string &output) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  llvm::SmallVector<const char *> arguments = {"ld.lld",
                                               "-shared",
                                               "-o",
                                               output.c_str(),
                                               "--gc-sections",
                                               "--hash-style=gnu",
                                               "-zrelro",
                                               "-znow",
                                               "-znoexecstack",
                                               "--build-id=none",
                                               "--threads=1",
                                               "--no-undefined",
                                               "--color-diagnostics=never"};
  for (const std::string &object : objects)
    arguments.push_back(object.c_str());
  std::string message;
  llvm::raw_string_ostream errors(message);
  lld::Result result = lld::lldMain(arguments, llvm::nulls(), errors,
                                    {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return llvm::Error::success();
  llvm::StringRef line = llvm::StringRef(message).split('\n').first;
  return llvm::createStringError("cannot link '" + output + "': " + line);
}

llvm::Expected<std::unique_ptr<llvm::Module>>
tenon::createGlueModule(llvm::LLVMContext &context, llvm::StringRef more) {
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(
      (kMemoryFunctions + more).str(), diagnostic, context);
  if (module)
    return module;
  return llvm::createStringError("cannot read the functions of a library: " +
                                 diagnostic.getMessage());
}

llvm::Error tenon::linkObjects(llvm::Module &glue,
                               llvm::ArrayRef<CompiledVariant> variants,
                               llvm::StringRef path) {
  llvm::SmallVector<char, 0> object;
  if (llvm::Error failure = emitObject(
          glue, {/*cpu=*/"x86-64", /*features=*/"", /*vectorBits=*/128},
          EmitKind::Object, object, /*text=*/nullptr))
    return failure;
  std::vector<std::unique_ptr<llvm::FileRemover>> files;
  std::vector<std::string> paths;
  if (llvm::Error failure = writeTemporary(object, files, paths))
    return failure;
  for (const CompiledVariant &variant : variants)
    if (llvm::Error failure = writeTemporary(variant.object, files, paths))
      return failure;
  return runLinker(paths, path.str());
}
