// What a user can compile for, as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Driver/DescribeTargets.h"
#include "tenon/Support/Targets.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "ReplaceFile.h"
#include "TargetList.h"

using namespace tenon;
using llvm::StringRef;

std::string tenon::listTargets() {
  std::string list = "cpu";
  for (const TargetName &target : getKnownTargets())
    list += ", " + target.getSpelling();
  return list;
}

static void printRow(llvm::raw_ostream &out,
                     llvm::ArrayRef<std::string> cells) {
  out << "| " << llvm::join(cells, " | ") << " |\n";
}

static void printHead(llvm::raw_ostream &out,
                      llvm::ArrayRef<std::string> cells) {
  printRow(out, cells);
  out << "|";
  for (size_t i = 0; i < cells.size(); ++i)
    out << "---|";
  out << "\n";
}

static std::string quote(llvm::Twine text) { return ("`" + text + "`").str(); }

static std::string nameFeatures(uint32_t bits) {
  return llvm::join(nameCpuFeatures(bits), ", ");
}

static void printCpuLevels(llvm::raw_ostream &out) {
  printHead(out, {"CPU level", "needs", "vector registers",
                  "code is generated for", "dot products", "chosen by `cpu`"});
  for (const CpuLevel &level : getCpuLevels()) {
    llvm::SmallVector<StringRef> dots;
    for (const DotInstruction *dot : level.getDotInstructions())
      dots.push_back(dot->name);
    std::string features = level.getLlvmFeatures();
    printRow(out, {quote("cpu:" + level.name), nameFeatures(level.features),
                   std::to_string(level.registers) + " of " +
                       std::to_string(level.lanes) + " f32",
                   quote(level.cpu + (features.empty() ? "" : ",") + features),
                   llvm::join(dots, ", "), level.isAutomatic ? "yes" : "no"});
  }
}

static void printFeatures(llvm::raw_ostream &out) {
  printHead(out, {"feature", "instruction-set extensions"});
  for (const CpuFeature &feature : getCpuFeatures())
    printRow(out, {feature.name.str(), feature.text.str()});
}

static void printDotInstructions(llvm::raw_ostream &out) {
  printHead(out, {"dot product", "feature", "weights", "activations", "sums",
                  "products a sum", "sums a vector", "saturates at",
                  "flushes subnormals"});
  for (const DotInstruction &dot : getDotInstructions())
    printRow(out, {quote(dot.name), nameFeatures(dot.feature),
                   dot.weights.str(), dot.activations.str(), dot.sums.str(),
                   std::to_string(dot.products), std::to_string(dot.lanes),
                   dot.bound ? std::to_string(dot.bound) : "never",
                   dot.flushes ? "yes" : "no"});
}

static void printGpuLevels(llvm::raw_ostream &out) {
  printHead(out, {"GPU level", "needs", "shared memory of a block"});
  for (const GpuLevel &level : getGpuLevels())
    printRow(out, {quote("cuda:" + level.name), level.text.str(),
                   std::to_string(level.shared) + " bytes"});
}

llvm::Error tenon::printTargets() {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (auto print :
       {printCpuLevels, printFeatures, printDotInstructions, printGpuLevels}) {
    if (!text.empty())
      out << "\n";
    print(out);
  }
  return writeOutput("-", text);
}
