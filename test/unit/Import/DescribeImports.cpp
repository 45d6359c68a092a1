// Imports configurations, one a line, and prints what each model computes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tenon/Tenon.h"
#include "tenon/Import/Containers/HuggingFace.h"
#include "tenon/Import/Containers/MappedTensors.h"
#include "tenon/Import/ImportModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <iostream>
#include <map>
#include <string>

using namespace mlir;
using namespace tenon;
using llvm::json::Array;
using llvm::json::Object;

// Each line of standard input is a config.json. Its answer is a line with an
// object: {"error": text}, or what the model computes, by its ops and weights.
// Layers that compute the same are said once, in "kinds"; "schedule" numbers
// them layer by layer.

namespace {
/// A folder with config.json and nothing else.
class ConfigOnly : public ModelSource {
public:
  explicit ConfigOnly(ModelConfig parsed) {
    path = "model";
    config = std::move(parsed);
    tensors = std::make_unique<MappedTensors>(/*readable=*/false);
    tensorsKnown = false;
  }
  llvm::Error open() {
    llvm::Expected<std::string> type = config.getString("model_type");
    if (!type)
      return type.takeError();
    architecture = std::move(*type);
    inputsAsRows = tenon::storesInputsAsRows(architecture);
    return llvm::Error::success();
  }
};
} // namespace

/// The last part of a location's name: `norm1` of `dense.norm1`.
static std::string getRole(Operation *op) {
  return llvm::StringRef(cast<NameLoc>(op->getLoc()).getName())
      .rsplit('.')
      .second.str();
}

static std::string print(ArrayRef<int64_t> shape) {
  return llvm::join(
      llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }),
      "x");
}

static Object describe(RopeAttr rope) {
  Array frequencies;
  for (double frequency : rope.getFrequencies())
    frequencies.push_back(frequency);
  return Object{{"dims", rope.getDims()},
                {"pairing", stringifyRopePairing(rope.getPairing())},
                {"attention", rope.getAttentionFactor()},
                {"frequencies", std::move(frequencies)}};
}

static Object describe(RouterOp router) {
  Object facts{{"scoring", stringifyScoring(router.getScoring())},
               {"groups", router.getGroups()},
               {"keep", router.getKeep()},
               {"top", router.getTop()},
               {"scale", router.getScale().convertToDouble()}};
  if (router.getGroups() > 1)
    facts["by"] = stringifyGroupScore(router.getBy());
  if (router.getRenorm())
    facts["renorm"] = router.getRenorm()->convertToDouble();
  return facts;
}

/// Says of a gate what it does, and its parameters if it has some.
static void describe(GatedActivation activation, Object &facts) {
  facts["activation"] = stringifyActivation(activation.function);
  if (activation.keepsUp())
    return;
  facts["alpha"] = activation.alpha;
  facts["beta"] = activation.beta;
  facts["limit"] = activation.limit;
}

static void describe(ExpertsOp experts, Object &facts) {
  describe(experts.getActivation(), facts);
  if (experts.getScaleInput())
    facts["scale_input"] = true;
}

/// What chooses the keys of a layer, and how its heads are paired.
static Object describe(IndexTopkOp index, RopeAttr rope) {
  auto query = cast<ShapedType>(index.getQuery().getType());
  return Object{{"heads", print(query.getShape().take_back(2))},
                {"top", index.getType().getDimSize(1)},
                {"scale", index.getScale().convertToDouble()},
                {"pairing", stringifyRopePairing(rope.getPairing())}};
}

/// Says of a layer what its ops are told.
static Object describe(func::FuncOp layer) {
  Object facts, eps;
  layer.walk([&](Operation *op) {
    if (auto norm = dyn_cast<NormOp>(op))
      eps[getRole(op)] = norm.getEps().convertToDouble();
    // Heads of an indexer rotate in their own way.
    auto index = dyn_cast<IndexTopkOp>(op);
    auto turned = index ? index.getQuery().getDefiningOp<RopeOp>() : RopeOp();
    if (turned)
      facts["index"] = describe(index, turned.getRope());
    auto rope = dyn_cast<RopeOp>(op);
    if (rope && !llvm::any_of(rope->getUsers(), [](Operation *user) {
          return isa<IndexTopkOp>(user) ||
                 (isa<CacheUpdateOp>(user) &&
                  llvm::any_of(user->getUsers(), llvm::IsaPred<IndexTopkOp>));
        }))
      facts["rope"] = describe(rope.getRope());
    if (auto temper = dyn_cast<TemperRowsOp>(op))
      facts["temperature"] =
          Object{{"interval", temper.getInterval()},
                 {"slope", temper.getSlope().convertToDouble()}};
    if (auto router = dyn_cast<RouterOp>(op); router && !facts.get("router"))
      facts["router"] = describe(router);
    if (auto scale = dyn_cast<PointwiseOp>(op))
      facts[scale.getFunction() == PointwiseFunction::Scale ? "residual"
                                                            : "clip"] =
          scale.getParameter().convertToDouble();
    if (auto experts = dyn_cast<ExpertsOp>(op))
      describe(experts, facts);
    if (auto glu = dyn_cast<GluOp>(op))
      describe(glu.getActivation(), facts);
    if (auto activate = dyn_cast<ActivateOp>(op))
      facts["activation"] = stringifyActivation(activate.getActivation());
    if (auto mla = dyn_cast<MlaAttentionOp>(op)) {
      facts["scale"] = mla.getScale().convertToDouble();
      facts["nope"] = mla.getNope();
      facts["heads"] = print(
          cast<ShapedType>(mla.getQuery().getType()).getShape().take_back(2));
    }
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      facts["scale"] = attention.getScale().convertToDouble();
      if (attention.getSoftcap())
        facts["softcap"] = attention.getSoftcap()->convertToDouble();
      if (attention.getMask().getWindow())
        facts["window"] = *attention.getMask().getWindow();
      if (attention.getMask().getChunk())
        facts["chunk"] = *attention.getMask().getChunk();
      facts["heads"] = print(cast<ShapedType>(attention.getQuery().getType())
                                 .getShape()
                                 .take_back(2));
      facts["key_heads"] = print(cast<ShapedType>(attention.getKey().getType())
                                     .getShape()
                                     .take_back(2));
    }
  });
  facts["eps"] = std::move(eps);
  return facts;
}

/// `self_attn.q_proj.weight` of `model.layers.{l}.self_attn.q_proj.weight`.
static llvm::StringRef dropLayer(llvm::StringRef source) {
  return source.split("{l}.").second;
}

static Object describe(ModuleOp module) {
  std::map<std::string, Object> byKind, weights;
  std::map<int64_t, std::string> kindOfLayer;
  Object facts;
  module.walk([&](func::FuncOp function) {
    auto [prefix, kind] = function.getName().split('.');
    if (prefix == "layer")
      byKind[kind.str()] = describe(function);
  });
  module.walk([&](WeightOp weight) {
    llvm::StringRef kind = weight.getSymName().split('.').first;
    if (weight.getLayers().empty()) {
      facts[weight.getSource()] = print(weight.getWeightType().getShape());
      return;
    }
    weights[kind.str()][dropLayer(weight.getSource())] =
        print(weight.getWeightType().getShape().drop_front());
    for (int64_t layer : weight.getLayers())
      kindOfLayer[layer] = kind.str();
  });
  Array kinds;
  std::string schedule;
  for (auto &[layer, name] : kindOfLayer) {
    Object kind = byKind[name];
    kind["weights"] = Object(weights[name]);
    auto known = llvm::find(kinds, llvm::json::Value(Object(kind)));
    schedule.push_back('0' + (known - kinds.begin()));
    if (known == kinds.end())
      kinds.push_back(std::move(kind));
  }
  module.walk([&](EmbeddingOp embedding) {
    if (embedding.getScale())
      facts["embedding_scale"] = embedding.getScale()->convertToDouble();
  });
  module.walk([&](PointwiseOp op) {
    if (op->getParentOfType<func::FuncOp>().getName() == "step")
      facts[op.getFunction() == PointwiseFunction::Scale ? "logit_scale"
                                                         : "logit_cap"] =
          op.getParameter().convertToDouble();
  });
  module.walk([&](NormOp norm) {
    if (norm->getParentOfType<func::FuncOp>().getName() == "step")
      facts["final_eps"] = norm.getEps().convertToDouble();
  });
  auto model = module->getAttrOfType<ModelAttr>(TenonDialect::kModelName);
  facts["context"] = model.getContextLength();
  facts["kinds"] = std::move(kinds);
  facts["schedule"] = std::move(schedule);
  return facts;
}

static llvm::Expected<Object> import(llvm::StringRef text,
                                     MLIRContext &context) {
  llvm::Expected<ModelConfig> config =
      parseHuggingFaceConfig(text, "config.json");
  if (!config)
    return config.takeError();
  ConfigOnly source(std::move(*config));
  if (llvm::Error error = source.open())
    return error;
  llvm::Expected<OwningOpRef<ModuleOp>> module = importModel(context, source);
  if (!module)
    return module.takeError();
  return describe(**module);
}

int main() {
  MLIRContext context;
  std::string line;
  while (std::getline(std::cin, line)) {
    llvm::Expected<Object> facts = import(line, context);
    Object answer = facts
                        ? std::move(*facts)
                        : Object{{"error", llvm::toString(facts.takeError())}};
    llvm::outs() << llvm::json::Value(std::move(answer)) << '\n';
  }
  return 0;
}
