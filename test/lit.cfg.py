# -*- Python -*-

import os
import pathlib
import re

import lit.formats
import lit.util
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "tenon"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tenon_obj_root, "test")

# A variable captured in one function must not leak into the next one.
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --dump-input-filter=error"

# Tests that ask for more threads than there are CPUs mean it.
config.environment["TENON_OVERSUBSCRIBE"] = "1"
# The packaged LLVM has no sanitizers: it does not say which part of a slab, or of a
# container, that our objects share with it is in use.
config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:detect_container_overflow=0"

# TENON_OPT_ARGS=--verify-roundtrip turns every test into a test of the printer
# and the parser as well.
opt_args = os.environ.get("TENON_OPT_ARGS", "").split()

# What a test that runs code may require, and the flags of /proc/cpuinfo that it needs.
CPU_FEATURES = {
    "avx2": {"avx2", "f16c", "fma"},
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "avx512vnni": {"avx512_vnni", "avx512vl"},
    "avx512bf16": {"avx512_bf16", "avx512vl"},
}


def cpu_flags():
    """Returns what this machine can run, in the words of Linux."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    match = cpuinfo.exists() and re.search("^flags.*:(.*)", cpuinfo.read_text(), re.M)
    return set(match[1].split()) if match else set()


def find_ptxas():
    """Returns the assembler of CUDA, or None without CUDA."""
    cuda = os.environ.get("CUDA_HOME", "/usr/local/cuda")
    folders = [os.path.join(cuda, "bin"), os.environ.get("PATH", "")]
    return lit.util.which("ptxas", os.pathsep.join(folders))


flags = cpu_flags()
for feature, needed in CPU_FEATURES.items():
    if needed <= flags:
        config.available_features.add(feature)
if lit.util.pythonize_bool(config.enable_assertions):
    config.available_features.add("asserts")
ptxas = find_ptxas()
if ptxas:
    config.available_features.add("ptxas")

# Where the programs of gtest are.
config.substitutions.append(("%unit", os.path.join(config.test_exec_root, "unit")))

# Not a tool like the others: its name begins theirs.
config.substitutions.append(("%tenon", os.path.join(config.tenon_obj_root, "bin/tenon")))

llvm_config.add_tool_substitutions(
    [
        ToolSubst("tenon-opt", extra_args=opt_args),
        "tenon-lsp-server",
        "tenon-reduce",
        "tenon-run",
        "tenon-translate",
        "FileCheck",
        "llvm-nm",
        "llvm-readelf",
        "not",
        "split-file",
        ToolSubst("ptxas", ptxas, unresolved="ignore"),
    ],
    [os.path.join(config.tenon_obj_root, "bin"), config.llvm_tools_dir],
)
