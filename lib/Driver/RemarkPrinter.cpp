// Prints what passes say about their decisions, or writes it to a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RemarkPrinter.h"
#include "tenon/Driver/UsageError.h"
#include "tenon/Support/LocationName.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace tenon;

namespace {
/// Hands the remarks of one context on.
class RemarkForwarder : public remark::detail::MLIRRemarkStreamerBase {
public:
  RemarkForwarder(RemarkPrinter &printer, StringRef target)
      : printer(printer), target(target) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    printer.print(remark, target);
  }

private:
  RemarkPrinter &printer;
  std::string target;
};
} // namespace

llvm::Expected<std::unique_ptr<RemarkPrinter>>
RemarkPrinter::create(StringRef passes, StringRef path) {
  auto printer = std::make_unique<RemarkPrinter>();
  if (passes == "all" || (passes.empty() && !path.empty()))
    passes = ".*";
  std::string problem;
  if (!passes.empty() && !llvm::Regex(passes).isValid(problem))
    return makeUsageError("--remarks expects all or a regular expression that "
                          "matches flags of passes, but got '" +
                          passes + "': " + problem);
  printer->passes = passes.str();
  printer->path = path.str();
  if (path.empty())
    return printer;
  llvm::Expected<std::unique_ptr<ReplaceFile>> file = ReplaceFile::create(path);
  if (!file)
    return file.takeError();
  printer->file = std::move(*file);
  printer->stream = std::make_unique<llvm::raw_fd_ostream>(
      printer->file->getFile().getDescriptor(), /*shouldClose=*/false);
  llvm::Expected<std::unique_ptr<llvm::remarks::RemarkSerializer>> serializer =
      llvm::remarks::createRemarkSerializer(llvm::remarks::Format::YAML,
                                            *printer->stream);
  if (!serializer)
    return serializer.takeError();
  printer->serializer = std::move(*serializer);
  return printer;
}

void RemarkPrinter::listenTo(MLIRContext &context, StringRef target) {
  if (!isOn())
    return;
  // A kind without a filter of its own is off; an empty one adds nothing to the
  // filter of all kinds.
  remark::RemarkCategories filters = {passes, "", "", "", ""};
  (void)remark::enableOptimizationRemarks(
      context, std::make_unique<RemarkForwarder>(*this, target),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), filters);
}

void RemarkPrinter::print(const remark::detail::Remark &remark,
                          StringRef target) {
  std::string location = getLocationName(remark.getLocation());
  if (location.empty())
    location = "<unknown>";
  std::lock_guard<std::mutex> lock(mutex);
  if (!serializer) {
    llvm::errs() << location << ": remark: " << remark.getMsg();
    if (!target.empty())
      llvm::errs() << ", Target=" << target;
    llvm::errs() << '\n';
    return;
  }
  llvm::remarks::Remark document = remark.generateRemark();
  if (!isa<FileLineColLoc>(remark.getLocation()))
    document.Loc = std::nullopt;
  document.Args.insert(document.Args.begin(),
                       llvm::remarks::Argument("Location", location));
  if (!target.empty())
    document.Args.emplace_back("Target", target);
  serializer->emit(document);
}

llvm::Error RemarkPrinter::finish() {
  if (!file)
    return llvm::Error::success();
  serializer.reset();
  stream->flush();
  std::error_code code = stream->error();
  // A stream that nobody asks about its errors ends the program.
  stream->clear_error();
  stream.reset();
  if (code)
    return llvm::createStringError("cannot write '" + path +
                                   "': " + code.message());
  return file->commit();
}
