// Two copies that are small, though one does not say so itself; two that are not; and
// memory of a size that nobody knows.
func.func @step(%cache: memref<2x64x576xf32>, %whole: memref<2x64x576xf32>, %row: memref<1x576xf32>, %to: memref<1x576xf32>, %tile: memref<64x16xf32>, %rows: memref<?x16xf32, strided<[?, 1], offset: ?>>, %many: memref<?x16xf32>, %n: index) {
  memref.copy %row, %to : memref<1x576xf32> to memref<1x576xf32>
  %cut = memref.subview %tile[0, 0] [%n, 16] [1, 1] : memref<64x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  memref.copy %cut, %rows : memref<?x16xf32, strided<[16, 1]>> to memref<?x16xf32, strided<[?, 1], offset: ?>>
  memref.copy %cache, %whole : memref<2x64x576xf32> to memref<2x64x576xf32>
  %part = memref.subview %many[0, 0] [%n, 16] [1, 1] : memref<?x16xf32> to memref<?x16xf32, strided<[16, 1]>>
  memref.copy %part, %rows : memref<?x16xf32, strided<[16, 1]>> to memref<?x16xf32, strided<[?, 1], offset: ?>>
  %alloc = memref.alloc(%n) : memref<?x16xf32>
  return
}
