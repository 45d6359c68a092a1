// Memory beside pages that no one may touch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Testing/GuardedMemory.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace tenon;

static const size_t kPage = sysconf(_SC_PAGESIZE);

//===----------------------------------------------------------------------===//
// GuardedMemory
//===----------------------------------------------------------------------===//

// Piece p occupies `room` bytes, a whole number of pages, after one page
// without access; a last such page follows the last piece.
GuardedMemory::GuardedMemory(llvm::StringRef name, size_t size, Edge edge,
                             size_t alignment, size_t pieces)
    : name(name), bytes(size),
      room(std::max(llvm::alignTo(llvm::alignTo(size, alignment), kPage),
                    kPage)),
      stride(room + kPage), pieces(pieces), mapped(pieces * stride + kPage) {
  void *memory = mmap(nullptr, mapped, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    llvm::report_bad_alloc_error("no address space for memory under test");
  mapping = static_cast<uint8_t *>(memory);
  for (size_t piece = 0; piece != pieces; ++piece) {
    if (mprotect(pieceRoom(piece), room, PROT_READ | PROT_WRITE))
      llvm::report_bad_alloc_error("no memory for a test");
    std::memset(pieceRoom(piece), kUnwritten, room);
  }
  size_t skipped =
      edge == Edge::Beginning ? 0 : room - llvm::alignTo(size, alignment);
  base = pieceRoom(0) + skipped;
}

GuardedMemory::~GuardedMemory() { munmap(mapping, mapped); }

uint8_t *GuardedMemory::pieceRoom(size_t piece) const {
  return mapping + kPage + piece * stride;
}

void GuardedMemory::seal() {
  for (size_t piece = 0; piece != pieces; ++piece)
    if (mprotect(pieceRoom(piece), room, PROT_READ))
      llvm::report_bad_alloc_error("cannot protect memory of a test");
}

bool GuardedMemory::isIntact() const {
  auto isUnwritten = [](uint8_t byte) { return byte == kUnwritten; };
  for (size_t piece = 0; piece != pieces; ++piece)
    if (!std::all_of(pieceRoom(piece), data(piece), isUnwritten) ||
        !std::all_of(data(piece) + bytes, pieceRoom(piece) + room, isUnwritten))
      return false;
  return true;
}

bool GuardedMemory::operator==(const GuardedMemory &other) const {
  return bytes == other.bytes && !std::memcmp(data(), other.data(), bytes);
}

bool GuardedMemory::describe(const void *address, char *text,
                             size_t capacity) const {
  const auto *byte = static_cast<const uint8_t *>(address);
  if (byte < mapping || byte >= mapping + mapped)
    return false;
  // The page before piece p is also the one after piece p - 1.
  size_t piece = (byte - mapping) / stride;
  long before = data(piece) - byte;
  long after = piece ? byte - (data(piece - 1) + bytes) : before;
  if (piece != pieces && before <= 0)
    snprintf(text, capacity, "byte %ld of %s", -before, name.c_str());
  else if (piece == pieces || after < before)
    snprintf(text, capacity, "%s, %ld bytes after its end", name.c_str(),
             after);
  else
    snprintf(text, capacity, "%s, %ld bytes before its beginning", name.c_str(),
             before);
  return true;
}

//===----------------------------------------------------------------------===//
// AccessReport
//===----------------------------------------------------------------------===//

namespace {
struct Watched {
  std::string subject;
  std::vector<const GuardedMemory *> memory;
};
} // namespace

struct AccessReport::Previous {
  Watched watched;
  struct sigaction segv, bus;
};

// Published before a handler is installed and before workers start, withdrawn
// after they have ended: a handler sees all of it.
static std::atomic<const Watched *> current;

/// Async-signal-safe but for snprintf with integers and texts, which glibc
/// formats without allocating.
static void reportAccess(int, siginfo_t *info, void *) {
  char place[256], line[512];
  const Watched &watched = *current.load();
  bool isKnown = std::any_of(watched.memory.begin(), watched.memory.end(),
                             [&](const GuardedMemory *memory) {
                               return memory->describe(info->si_addr, place,
                                                       sizeof(place));
                             });
  if (!isKnown)
    snprintf(place, sizeof(place), "address %p, which is not mapped",
             info->si_addr);
  int length = snprintf(line, sizeof(line), "error: %s touches %s\n",
                        watched.subject.c_str(), place);
  ssize_t written = write(STDERR_FILENO, line, length);
  _exit(written == length ? 1 : 2);
}

AccessReport::AccessReport(llvm::StringRef subject,
                           std::vector<const GuardedMemory *> memory)
    : previous(new Previous{{subject.str(), std::move(memory)}, {}, {}}) {
  assert(!current && "one report at a time");
  current = &previous->watched;
  struct sigaction action = {};
  action.sa_sigaction = reportAccess;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &previous->segv);
  sigaction(SIGBUS, &action, &previous->bus);
}

AccessReport::~AccessReport() {
  sigaction(SIGSEGV, &previous->segv, nullptr);
  sigaction(SIGBUS, &previous->bus, nullptr);
  current = nullptr;
  delete previous;
}
