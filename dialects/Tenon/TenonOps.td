// The tenon dialect: includes all attributes and groups of ops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TENON_DIALECTS_TENON_TENONOPS_TD
#define TENON_DIALECTS_TENON_TENONOPS_TD

include "dialects/Tenon/AttentionOps.td"
include "dialects/Tenon/LinearOps.td"
include "dialects/Tenon/MoEOps.td"
include "dialects/Tenon/NormOps.td"
include "dialects/Tenon/RoleAttr.td"
include "dialects/Tenon/RopeAttr.td"
include "dialects/Tenon/LayerOps.td"
include "dialects/Tenon/MaskAttr.td"
include "dialects/Tenon/WeightOps.td"
include "dialects/Tenon/WeightTypes.td"

#endif // TENON_DIALECTS_TENON_TENONOPS_TD
