#!/usr/bin/env bash
# Installs what tenon is built and tested with on Debian 12; does nothing when all of it is there.
set -euo pipefail

packages=(
  ccache clang-22 clang-format-22 cmake libgtest-dev liblld-22-dev libmlir-22-dev libpcre2-dev
  libutf8proc-dev libzstd-dev lld-22 llvm-22-dev mlir-22-tools ninja-build patchelf python3 python3-hypothesis
  python3-jinja2 python3-numpy python3-pip zlib1g-dev
)

missing() {
  local package
  for package in "${packages[@]}"; do
    if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      echo "$package"
    fi
  done
}

mapfile -t wanted < <(missing)
[[ ${#wanted[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || {
    echo "install.sh: error: needs root to install ${wanted[*]}; run it as root, or install sudo" >&2
    exit 1
  }
  as_root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
for package in "${wanted[@]}"; do
  [[ -n $(apt-cache search --names-only "^$package\$") ]] && continue
  echo "install.sh: error: no package '$package'; the packages of LLVM 22 for Debian 12 are in the suite" \
    "bookworm-security: add it to the sources of apt" >&2
  exit 1
done
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}"
