// Compiles a folder with tokenizer.json, or GGUF metadata as JSON, for tests.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "JsonMetadata.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static Expected<std::vector<uint8_t>> compile(StringRef source) {
  if (sys::fs::is_directory(source))
    return tenon::compileTokenizerJson(source);
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(source);
  if (!buffer)
    return createStringError(buffer.getError(), "cannot open '%s'",
                             source.str().c_str());
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return value.takeError();
  return tenon::compileTokenizerGguf(
      tenon::test::JsonMetadata(std::move(*value->getAsObject())));
}

int main(int argc, char **argv) {
  if (argc != 3) {
    errs() << "usage: compile-tokenizer FOLDER|METADATA.json tokenizer.bin\n";
    return 2;
  }
  Expected<std::vector<uint8_t>> bytes = compile(argv[1]);
  if (!bytes) {
    errs() << toString(bytes.takeError()) << "\n";
    return 1;
  }
  std::error_code error;
  raw_fd_ostream out(argv[2], error);
  if (error) {
    errs() << "cannot write '" << argv[2] << "': " << error.message() << "\n";
    return 1;
  }
  out.write(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  return 0;
}
