module attributes {machine.target = #machine.cpu<name = "x86-64-v3", lanes = 8, registers = 16>} {
tenon.weight @f32 "f32" : !tenon.weight<52x1607, <f32>>
tenon.weight @bf16 "bf16" : !tenon.weight<52x1607, <bf16>>
tenon.weight @f16 "f16" : !tenon.weight<52x1607, <f16>>
tenon.weight @small "small" factors ["small.scale"] : !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 4x32>>
tenon.weight @large "large" factors ["large.scale"] : !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 128x128>>

func.func @products(%x: tensor<?x1607xf32>) -> (tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>) {
  %f32 = tenon.weight_ref @f32 : !tenon.weight<52x1607, <f32>>
  %y_f32 = tenon.linear %x, %f32 : tensor<?x1607xf32>, !tenon.weight<52x1607, <f32>> -> tensor<?x52xf32>
  %bf16 = tenon.weight_ref @bf16 : !tenon.weight<52x1607, <bf16>>
  %y_bf16 = tenon.linear %x, %bf16 : tensor<?x1607xf32>, !tenon.weight<52x1607, <bf16>> -> tensor<?x52xf32>
  %f16 = tenon.weight_ref @f16 : !tenon.weight<52x1607, <f16>>
  %y_f16 = tenon.linear %x, %f16 : tensor<?x1607xf32>, !tenon.weight<52x1607, <f16>> -> tensor<?x52xf32>
  %small = tenon.weight_ref @small : !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 4x32>>
  %y_small = tenon.linear %x, %small : tensor<?x1607xf32>, !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 4x32>> -> tensor<?x52xf32>
  %large = tenon.weight_ref @large : !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 128x128>>
  %y_large = tenon.linear %x, %large : tensor<?x1607xf32>, !tenon.weight<52x1607, <f8E4M3FN, scale f32 per 128x128>> -> tensor<?x52xf32>
  return %y_f32, %y_bf16, %y_f16, %y_small, %y_large : tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>, tensor<?x52xf32>
}
}
