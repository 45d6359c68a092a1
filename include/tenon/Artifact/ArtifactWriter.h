// Writes the folder OUT.tenon: complete, or not at all.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_ARTIFACT_ARTIFACTWRITER_H
#define TENON_ARTIFACT_ARTIFACTWRITER_H

#include "tenon/Artifact/WeightsFile.h"

namespace tenon {

/// The files are written into a temporary folder next to the final one, which
/// `commit` puts in its place in one step. Without `commit` nothing remains.
///
/// The manifest holds the hashes of the weights and is a part of the code, so
/// the order is: `createWeights`, pack, `WeightsFile::finish`, build the
/// manifest, generate code with it, link to `getCodePath`, `sealCode`,
/// `writeTokenizer`, `commit`. An artifact without weights leaves out the first
/// three.
class ArtifactWriter {
public:
  /// Fails if there is something at `path` that is no artifact, which is never
  /// replaced, or if nothing can be written there. Removes what writers of the
  /// same artifact left that were killed.
  static llvm::Expected<std::unique_ptr<ArtifactWriter>>
  create(llvm::StringRef path);

  ArtifactWriter(const ArtifactWriter &) = delete;
  ~ArtifactWriter();

  /// Creates weights.bin with so many bytes of data.
  llvm::Expected<std::unique_ptr<WeightsFile>> createWeights(uint64_t size);
  llvm::Error writeTokenizer(llvm::ArrayRef<uint8_t> bytes);
  /// Writes chat.json: the template of conversations.
  llvm::Error writeChat(llvm::StringRef json);

  /// Where the linker puts model.so.
  std::string getCodePath() const;
  /// Appends the trailer to model.so.
  llvm::Error sealCode();
  /// Writes a model.so that lies in memory, and seals it.
  llvm::Error writeCode(llvm::ArrayRef<uint8_t> bytes);

  /// Puts the folder where it belongs. An older artifact there is replaced;
  /// programs that have it open keep it until they close it.
  llvm::Error commit();

private:
  ArtifactWriter(std::string path, std::string folder, int lock)
      : path(std::move(path)), folder(std::move(folder)), lock(lock) {}

  std::string getPath(llvm::StringRef file) const;

  std::string path;
  std::string folder;
  /// Holds the folder as long as it is written, so that one that was left can be
  /// told from one that is in use.
  int lock;
};

} // namespace tenon

#endif // TENON_ARTIFACT_ARTIFACTWRITER_H
