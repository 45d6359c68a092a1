#!/usr/bin/env python3
# Makes a wheel of a build tree: the package, and all that it calls.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

"""build_wheel.py BUILD OUT [--runtime] [--store]

Writes OUT/tenon-VERSION-py3-none-PLATFORM.whl from BUILD, which is built as a whole
(`cmake --build BUILD`). The wheel has the package, in the layout of an installation the
programs and the libraries of tenon, and the libraries that these need: LLVM, MLIR and
theirs. Only what every Linux has that runs NumPy is left out. Each file finds the others
by its own place, so that nothing needs to be installed, and no compiler. The platform
names the C library of this machine, which is the oldest one that it runs with.

--runtime makes OUT/tenon_runtime-VERSION-... instead, which runs compiled models and is a
hundred times smaller: it has no programs, and no LLVM. --store does not compress, which
takes less time. Needs patchelf.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "python/tenon"
PROGRAMS = ["tenon", "tenon-opt", "tenon-run"]
LIBRARIES = ["libtenon-runtime.so.0", "libtenon-text.so.0"]
# Those of the system, which must be one with those of Python and NumPy.
OF_THE_SYSTEM = re.compile(
    r"(?:linux-vdso|ld-linux|lib(?:c|m|dl|rt|pthread|gcc_s|stdc\+\+))[.-].*"
)
# From bin as from lib.
SEARCHED = "$ORIGIN/../lib"
NEEDED = re.compile(r"^\s*(\S+) => (.+) \(0x", re.MULTILINE)


def fail(text):
    sys.exit(f"build_wheel.py: error: {text}")


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        fail(f"{command[0]} failed: {lines[0] if lines else done.returncode}")
    return done.stdout


def read_version(build):
    cache = build / "CMakeCache.txt"
    match = cache.exists() and re.search(
        r"^CMAKE_PROJECT_VERSION:STATIC=(.+)$", cache.read_text(), re.MULTILINE
    )
    return match[1] if match else fail(f"'{build}' is no build tree; name one")


def copy_notice(library, folder):
    """Keeps what the package of a library says of its license, where Debian is."""
    path = os.path.realpath(library)
    for name in (path, path.removeprefix("/usr")):
        owner = subprocess.run(
            ["dpkg-query", "--search", name], capture_output=True, text=True
        )
        package = owner.stdout.split(":")[0]
        notice = pathlib.Path("/usr/share/doc") / package / "copyright"
        if package and notice.exists():
            shutil.copy(notice, folder / f"{package}.txt")


def install(build, programs, folder, notices):
    """Puts programs, libraries, and libraries that those need, into one folder."""
    with tempfile.TemporaryDirectory() as name:
        call("cmake", "--install", build, "--prefix", name, "--strip")
        installed = pathlib.Path(name)
        binaries = [installed / "bin" / program for program in programs]
        binaries += [next(installed.rglob(library)) for library in LIBRARIES]
        needed = dict(NEEDED.findall(call("ldd", *binaries)))
        (folder / "bin").mkdir(parents=True)
        (folder / "lib").mkdir()
        for binary in binaries:
            kind = "lib" if binary.name in LIBRARIES else "bin"
            shutil.copy(binary, folder / kind / binary.name)
    for library, path in sorted(needed.items()):
        if not OF_THE_SYSTEM.fullmatch(library):
            shutil.copy(path, folder / "lib" / library)
            if shutil.which("dpkg-query"):
                copy_notice(path, notices)


def find_each_other(folder):
    """Lets every file look for libraries in the folder, and checks that it finds them."""
    files = [*(folder / "bin").iterdir(), *(folder / "lib").iterdir()]
    for file in files:
        # Those of LLVM come so, and are large.
        if call("patchelf", "--print-rpath", file).strip() != SEARCHED:
            call("patchelf", "--set-rpath", SEARCHED, file)
    for file in files:
        found = call("ldd", file)
        if lost := re.search(r"^\s*(\S+) => not found", found, re.MULTILINE):
            fail(f"{file.name} needs {lost[1]}, which is nowhere")
        for library, path in NEEDED.findall(found):
            inside = os.path.realpath(path).startswith(os.path.realpath(folder))
            if not inside and not OF_THE_SYSTEM.fullmatch(library):
                fail(f"{file.name} finds {library} at {path}, not in the wheel")


def describe(name, version, tag, programs, folder):
    """Writes what installers read."""
    folder.mkdir()
    readme = (REPOSITORY / "docs/Python.md").read_text()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\n"
        f"Name: {name}\n"
        f"Version: {version}\n"
        "Summary: An ahead-of-time compiler for transformer models\n"
        "License: Apache-2.0 WITH LLVM-exception\n"
        "Requires-Python: >=3.9\n"
        "Requires-Dist: numpy>=1.23\n"
        "Provides-Extra: chat\n"
        "Requires-Dist: jinja2>=3.1; extra == 'chat'\n"
        "Description-Content-Type: text/markdown\n"
        f"\n{readme}"
    )
    (folder / "WHEEL").write_text(
        "Wheel-Version: 1.0\nGenerator: tenon\nRoot-Is-Purelib: false\n" f"Tag: {tag}\n"
    )
    scripts = "".join(f"{script} = tenon.programs:main\n" for script in programs)
    (folder / "entry_points.txt").write_text(f"[console_scripts]\n{scripts}")
    shutil.copy(REPOSITORY / "LICENSE", folder)


def digest(data):
    """As RECORD has it."""
    code = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={code.decode().rstrip('=')}"


def pack(folder, record, output, compression):
    """Writes the wheel, whose bytes do not depend on the time."""
    lines = []
    with zipfile.ZipFile(output, "w", compression, compresslevel=6) as wheel:

        def add(path, mode, data):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = compression
            wheel.writestr(entry, data)

        for file in sorted(folder.rglob("*")):
            if file.is_dir():
                continue
            path = file.relative_to(folder).as_posix()
            data = file.read_bytes()
            add(path, 0o755 if file.parent.name == "bin" else 0o644, data)
            lines.append(f"{path},{digest(data)},{len(data)}\n")
        lines.append(f"{record},,\n")
        add(record, 0o644, "".join(lines))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--runtime", action="store_true")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    if not shutil.which("patchelf"):
        fail("cannot find patchelf; install the package of that name")
    name, programs = ("tenon_runtime", []) if options.runtime else ("tenon", PROGRAMS)
    version = read_version(options.build)
    libc = platform.libc_ver()[1].replace(".", "_")
    tag = f"py3-none-manylinux_{libc}_{platform.machine()}"
    options.out.mkdir(parents=True, exist_ok=True)
    output = options.out / f"{name}-{version}-{tag}.whl"
    with tempfile.TemporaryDirectory(dir=options.out) as work:
        folder = pathlib.Path(work) / "wheel"
        ignore = shutil.ignore_patterns("__pycache__", "native")
        shutil.copytree(PACKAGE, folder / "tenon", ignore=ignore)
        info = f"{name}-{version}.dist-info"
        describe(name, version, tag, programs, folder / info)
        notices = folder / info / "licenses"
        notices.mkdir()
        install(options.build, programs, folder / "tenon/native", notices)
        find_each_other(folder / "tenon/native")
        compression = zipfile.ZIP_STORED if options.store else zipfile.ZIP_DEFLATED
        packed = pathlib.Path(work) / "packed"
        pack(folder, f"{info}/RECORD", packed, compression)
        os.replace(packed, output)
    print(output)


if __name__ == "__main__":
    main()
