// Prints a model with the sample manifest as C.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "llvm/Support/raw_ostream.h"
#include "SampleManifest.h"

int main(int argc, char **argv) {
  bool hasWeights = argc > 1 && llvm::StringRef(argv[1]) == "weights";
  llvm::raw_ostream &out = llvm::outs();
  out << "#include \"tenon/Runtime/Format.h\"\n"
         "static const _Alignas(8) unsigned char manifest[] = {";
  for (uint8_t byte : tenon::test::makeSampleManifest(hasWeights))
    out << int(byte) << ',';
  out << "};\n"
         "static void step(const tenon_step_context *c, int64_t t) {}\n"
         "static const tenon_step_fn steps[4] = {step, step, step, step};\n"
         "__attribute__((visibility(\"default\")))\n"
         "const tenon_model_export tenon_model = {\n"
         "    (const tenon_manifest *)manifest, steps, 4};\n";
  return 0;
}
