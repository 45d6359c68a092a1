// Reads the windows of layers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayerWindows.h"

using namespace tenon;

void LayerWindows::read(ConfigReader &config, int64_t layers,
                        llvm::function_ref<bool(int64_t)> isLocal) {
  std::vector<std::string> types = config.getStringList("layer_types");
  bool listed = !types.empty();
  if (listed && static_cast<int64_t>(types.size()) != layers) {
    config.complain("layer_types",
                    "expects one entry for each of the " + llvm::Twine(layers) +
                        " layers, but has " + llvm::Twine(types.size()));
    return;
  }
  for (int64_t layer = 0; layer < layers; ++layer) {
    if (listed && types[layer] != "sliding_attention" &&
        types[layer] != "full_attention") {
      config.complain("layer_types",
                      "expects 'full_attention' or 'sliding_attention', but "
                      "entry " +
                          llvm::Twine(layer) + " is neither");
      return;
    }
    local.push_back(listed ? types[layer] == "sliding_attention"
                           : isLocal(layer));
  }
  const auto *first = llvm::find(local, true);
  if (first == local.end()) {
    local.clear();
    return;
  }
  if (config.has("sliding_window")) {
    window = config.getSize("sliding_window");
    return;
  }
  std::string written =
      config.getString("sliding_window_as_written", "missing");
  config.complain("sliding_window",
                  "is " + written + ", but layer " +
                      llvm::Twine(first - local.begin()) +
                      " attends to a window; expects a positive number of "
                      "tokens");
}

void LayerWindows::readForAll(ConfigReader &config, int64_t layers) {
  if (!config.has("sliding_window"))
    return;
  window = config.getSize("sliding_window");
  local.assign(layers, true);
}

LayerStructure LayerWindows::getStructure(int64_t layer) const {
  if (local.empty())
    return {"dense"};
  return {local[layer] ? llvm::StringRef(localName) : "global"};
}

std::optional<int64_t> LayerWindows::getWindow(LayerStructure structure) const {
  return isLocal(structure) ? std::optional(window) : std::nullopt;
}
