// Packs all placed weights of a module with a few threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Packing/Packer.h"
#include "llvm/Support/Threading.h"
#include <atomic>
#include <mutex>
#include <thread>
#include "TilePacker.h"
#include "WeightReaders.h"

using namespace mlir;
using namespace tenon;

// Mapped pages that a thread has read are given back after so many bytes.
static constexpr uint64_t kReleaseBytes = 64 << 20;

namespace {

/// Hands out tiles in ascending order and collects what became of them.
class PackRun {
public:
  PackRun(std::vector<TilePacker> packers, PackSink sink,
          const PackOptions &options);

  /// Packs until nothing is left or a tile has failed; what each thread does.
  void work();
  llvm::Error takeError() { return std::move(firstError); }
  int64_t getTiles() const { return firstTiles.back(); }

private:
  void report(uint64_t bytes);
  void fail(int64_t tile, llvm::Error error);

  std::vector<TilePacker> packers;
  /// Number of the first tile of each packer, and at the end of all tiles.
  std::vector<int64_t> firstTiles;
  PackSink sink;
  const PackOptions &options;
  uint64_t totalBytes = 0;

  /// A counter and nothing else: it publishes no data.
  std::atomic<int64_t> nextTile = 0;
  std::mutex mutex;
  // Guarded by the mutex.
  uint64_t doneBytes = 0;
  int64_t failedTile = 0;
  llvm::Error firstError = llvm::Error::success();
};

} // namespace

PackRun::PackRun(std::vector<TilePacker> packers, PackSink sink,
                 const PackOptions &options)
    : packers(std::move(packers)), firstTiles({0}), sink(sink),
      options(options) {
  for (const TilePacker &packer : this->packers) {
    firstTiles.push_back(firstTiles.back() + packer.getTiles());
    totalBytes += packer.getSize();
  }
}

void PackRun::report(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  doneBytes += bytes;
  if (options.progress)
    options.progress(doneBytes, totalBytes);
}

/// Keeps the error of the lowest tile, which does not depend on the threads:
/// all tiles below it were handed out before.
void PackRun::fail(int64_t tile, llvm::Error error) {
  nextTile.store(getTiles(), std::memory_order_relaxed);
  std::lock_guard<std::mutex> lock(mutex);
  if (!firstError || tile < failedTile) {
    llvm::consumeError(std::move(firstError));
    firstError = std::move(error);
    failedTile = tile;
    return;
  }
  llvm::consumeError(std::move(error));
}

void PackRun::work() {
  PackBuffers buffers;
  uint64_t unreleased = 0;
  while (true) {
    int64_t tile = nextTile.fetch_add(1, std::memory_order_relaxed);
    if (tile >= getTiles())
      return;
    auto next = llvm::upper_bound(firstTiles, tile);
    size_t index = next - firstTiles.begin() - 1;
    const TilePacker &packer = packers[index];
    int64_t inside = tile - firstTiles[index];
    llvm::Expected<uint64_t> bytes = packer.pack(inside, buffers, sink);
    if (!bytes)
      return fail(tile, bytes.takeError());
    unreleased += *bytes;
    if (packer.isLastOfMatrix(inside) || unreleased > kReleaseBytes) {
      packer.getReader().release(packer.getMatrix(inside));
      unreleased = 0;
    }
    report(*bytes);
  }
}

static llvm::Expected<std::vector<TilePacker>>
planPacking(ArrayRef<PlacedOp> ops, WeightReaders &readers, int64_t tileBytes) {
  if (llvm::Error error = checkPlacedOps(ops))
    return error;
  std::vector<TilePacker> packers;
  for (const PlacedOp &op : ops) {
    llvm::Expected<const MatrixReader *> reader = readers.get(op.op);
    if (!reader)
      return reader.takeError();
    packers.emplace_back(**reader, op.offset, tileBytes);
  }
  return packers;
}

llvm::Error tenon::packWeights(ModuleOp module, const TensorSource &source,
                               PackSink sink, const PackOptions &options) {
  WeightReaders readers(module, source);
  llvm::Expected<std::vector<TilePacker>> packers =
      planPacking(findPlacedOps(module), readers, options.tileBytes);
  if (!packers)
    return packers.takeError();
  PackRun run(std::move(*packers), sink, options);
  int64_t threads = options.threads;
  if (threads == 0)
    threads = llvm::hardware_concurrency().compute_thread_count();
  std::vector<std::thread> others;
  for (int64_t i = 1; i < std::min(threads, run.getTiles()); ++i)
    others.emplace_back([&run] { run.work(); });
  run.work();
  for (std::thread &other : others)
    other.join();
  return run.takeError();
}

std::vector<PlacedWeight> tenon::listPlacedWeights(ModuleOp module) {
  std::vector<PlacedWeight> weights;
  for (PlacedOp op : findPlacedOps(module)) {
    std::string type;
    llvm::raw_string_ostream(type) << op.type;
    weights.push_back({op.name.str(), type, op.op.describeSource(),
                       static_cast<uint64_t>(op.offset),
                       static_cast<uint64_t>(op.type.getPackedBytes())});
  }
  return weights;
}

uint64_t tenon::getPackedSize(ModuleOp module) {
  uint64_t size = 0;
  for (const PlacedOp &op : findPlacedOps(module))
    size = std::max<uint64_t>(size, op.offset + op.type.getPackedBytes());
  return size;
}
