// Products and a table of weights in one format of blocks: plain, gated, of experts.
// FORMAT, COLUMNS and MACHINE are replaced. 33 rows leave a panel with one.
module attributes {machine.target = MACHINE} {
tenon.weight @t "t" : !tenon.weight<33xCOLUMNS, FORMAT>
tenon.weight @w "w" : !tenon.weight<33xCOLUMNS, FORMAT>
tenon.weight @g "g" : !tenon.weight<38xCOLUMNS, FORMAT>
tenon.weight @e "e.{e}" : !tenon.weight<3x20xCOLUMNS, FORMAT>
tenon.weight @n "n" : !tenon.weight<COLUMNS, <f32>>

func.func @f(%x: tensor<?xCOLUMNSxf32>, %t: tensor<?xi32>, %i: tensor<?x2xi32>)
    -> (tensor<?xCOLUMNSxf32>, tensor<?x33xf32>, tensor<?x19xf32>, tensor<?x33xf32>, tensor<?x20xf32>) {
  %wt = tenon.weight_ref @t : !tenon.weight<33xCOLUMNS, FORMAT>
  %ww = tenon.weight_ref @w : !tenon.weight<33xCOLUMNS, FORMAT>
  %wg = tenon.weight_ref @g : !tenon.weight<38xCOLUMNS, FORMAT>
  %we = tenon.weight_ref @e : !tenon.weight<3x20xCOLUMNS, FORMAT>
  %wn = tenon.weight_ref @n : !tenon.weight<COLUMNS, <f32>>
  %0 = tenon.embedding %t, %wt : tensor<?xi32>, !tenon.weight<33xCOLUMNS, FORMAT> -> tensor<?xCOLUMNSxf32>
  %1 = tenon.linear %x, %ww : tensor<?xCOLUMNSxf32>, !tenon.weight<33xCOLUMNS, FORMAT> -> tensor<?x33xf32>
  %h = tenon.norm rms %x, %wn eps 1.0e-5 : tensor<?xCOLUMNSxf32>, !tenon.weight<COLUMNS, <f32>>
  %2 = tenon.linear %h, %wg glu silu : tensor<?xCOLUMNSxf32>, !tenon.weight<38xCOLUMNS, FORMAT> -> tensor<?x19xf32>
  %3 = tenon.linear %h, %wt : tensor<?xCOLUMNSxf32>, !tenon.weight<33xCOLUMNS, FORMAT> -> tensor<?x33xf32>
  %o, %p, %s = tenon.moe_dispatch %i : tensor<?x2xi32> -> tensor<?xi32>, tensor<?x2xi32>, tensor<4xi32>
  %4 = tenon.grouped_linear %x rows %o : tensor<?xi32> choices 2 of %s, %we : tensor<?xCOLUMNSxf32>, tensor<4xi32>, !tenon.weight<3x20xCOLUMNS, FORMAT> -> tensor<?x20xf32>
  return %0, %1, %2, %3, %4 : tensor<?xCOLUMNSxf32>, tensor<?x33xf32>, tensor<?x19xf32>, tensor<?x33xf32>, tensor<?x20xf32>
}
}
