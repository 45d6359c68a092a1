// Memory between pages without access.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_TESTING_GUARDEDMEMORY_H
#define TENON_TESTING_GUARDEDMEMORY_H

#include "llvm/ADT/StringRef.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tenon {

/// One or more equal pieces of memory for code under test, each between two
/// pages without access. An access of such a page ends the process with one
/// line while an AccessReport lives.
///
///   Edge::End       the last byte of a piece is the last byte of a page, so a
///                   read or write past the end faults at the first byte
///   Edge::Beginning the first byte of a piece is the first byte of a page
///
/// A size that is no multiple of the alignment leaves fewer than `alignment`
/// bytes between Edge::End and the page: only writes show there (`isIntact`).
/// All bytes begin as `kUnwritten`.
class GuardedMemory {
public:
  enum class Edge { End, Beginning };

  /// What is filled with it holds NaN in every type of float, and -1.
  static constexpr uint8_t kUnwritten = 0xff;

  /// `name` says in messages what the memory is. Fails fatally when the
  /// system has no memory left.
  GuardedMemory(llvm::StringRef name, size_t size, Edge edge,
                size_t alignment = 1, size_t pieces = 1);
  ~GuardedMemory();
  GuardedMemory(const GuardedMemory &) = delete;
  GuardedMemory &operator=(const GuardedMemory &) = delete;

  /// The first byte of a piece.
  uint8_t *data(size_t piece = 0) const { return base + piece * stride; }
  size_t size() const { return bytes; }
  /// Bytes from one piece to the next.
  size_t getStride() const { return stride; }
  /// Makes writes fault, too.
  void seal();
  /// Whether no byte outside the pieces was written.
  bool isIntact() const;
  /// Whether the first pieces hold the same bytes.
  bool operator==(const GuardedMemory &other) const;

  /// Says where an address lies if it belongs to this memory: `operand 2, 3
  /// bytes after its end`. Works in a signal handler; returns whether it wrote
  /// to `text`, which is terminated.
  bool describe(const void *address, char *text, size_t capacity) const;

private:
  uint8_t *pieceRoom(size_t piece) const;

  std::string name;
  size_t bytes, room, stride, pieces, mapped;
  uint8_t *mapping, *base;
};

/// While it lives, an access of a guard page, or of any other memory that is
/// not mapped, writes `error: <subject> touches <place>` to the standard error
/// and ends the process with exit code 1. At most one lives at a time.
class AccessReport {
public:
  /// The memory must outlive this.
  AccessReport(llvm::StringRef subject,
               std::vector<const GuardedMemory *> memory);
  ~AccessReport();
  AccessReport(const AccessReport &) = delete;
  AccessReport &operator=(const AccessReport &) = delete;

private:
  struct Previous;
  Previous *previous;
};

} // namespace tenon

#endif // TENON_TESTING_GUARDEDMEMORY_H
