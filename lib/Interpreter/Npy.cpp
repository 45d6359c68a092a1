// Reading and writing of arrays in the NumPy format.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tenon/Interpreter/Npy.h"
#include "tenon/Support/InputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tenon;

static constexpr llvm::StringLiteral kMagic("\x93NUMPY");

/// The value of a key of the header, which is a dictionary of Python.
static StringRef getEntry(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "':").str());
  if (at == StringRef::npos)
    return {};
  return header.drop_front(at + key.size() + 3).ltrim();
}

static bool parseShape(StringRef text, SmallVectorImpl<int64_t> &shape) {
  if (!text.consume_front("("))
    return false;
  SmallVector<StringRef> dims;
  text.take_until([](char c) { return c == ')'; }).split(dims, ',');
  uint64_t elements = 1;
  for (StringRef dim : dims) {
    uint32_t size;
    if (dim.trim().empty())
      continue;
    if (dim.trim().getAsInteger(10, size))
      return false;
    shape.push_back(size);
    elements *= size;
    if (elements >> 40)
      return false;
  }
  return true;
}

template <typename T>
static void readElements(StringRef data, Tensor &tensor) {
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i) {
    T value = llvm::support::endian::read<T, llvm::endianness::little>(
        data.data() + i * sizeof(T));
    if (tensor.isFloat())
      tensor.mutableFloats()[i] =
          roundTo(tensor.getElementType(), static_cast<double>(value));
    else
      tensor.mutableInts()[i] =
          wrapTo(tensor.getElementType(), static_cast<int64_t>(value));
  }
}

llvm::Expected<Tensor> tenon::readNpy(StringRef path, Type element) {
  auto fail = [&](const Twine &reason) {
    return llvm::createStringError("cannot read '" + path + "': " + reason);
  };
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
      readInputFile(path);
  if (!file)
    return file.takeError();
  StringRef data = (*file)->getBuffer();
  if (data.size() < 12 || !data.starts_with(kMagic) || data[6] < 1 ||
      data[6] > 3)
    return fail("it is not in the NumPy format");
  bool isLong = data[6] > 1;
  size_t size = isLong ? llvm::support::endian::read32le(data.data() + 8)
                       : llvm::support::endian::read16le(data.data() + 8);
  size_t begin = isLong ? 12 : 10;
  StringRef header = data.substr(begin, size);
  data = data.drop_front(std::min(data.size(), begin + size));

  StringRef type = getEntry(header, "descr").ltrim('\'').take_front(3);
  unsigned bytes = type.empty() ? 0 : type.back() - '0';
  SmallVector<int64_t> shape;
  if (!llvm::is_contained({"<f4", "<f8", "<i4", "<i8"}, type))
    return fail("elements of type '" + type +
                "' are not read; store float32, float64, int32 or int64");
  if ((type[1] == 'f') != isa<FloatType>(element))
    return fail("it holds '" + type +
                "', but elements of another kind are "
                "expected; convert it");
  if (!getEntry(header, "fortran_order").starts_with("False") ||
      !parseShape(getEntry(header, "shape"), shape))
    return fail("expects an array in C order with a shape");
  uint64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  if (count * bytes != data.size())
    return fail("expects " + Twine(count * bytes) + " bytes of data, but got " +
                Twine(data.size()));
  if (!isInterpretable(shape))
    return fail("it has more than 2^28 elements");
  Tensor tensor(element, shape);
  if (type == "<f4")
    readElements<float>(data, tensor);
  else if (type == "<f8")
    readElements<double>(data, tensor);
  else if (type == "<i4")
    readElements<int32_t>(data, tensor);
  else
    readElements<int64_t>(data, tensor);
  return tensor;
}

llvm::Error tenon::writeNpy(StringRef path, const Tensor &tensor) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return llvm::createStringError("cannot write '" + path +
                                   "': " + StringRef(error.message()).lower());
  bool isLong = !tensor.isFloat() && !tensor.getElementType().isInteger(32);
  std::string header = "{'descr': '";
  header += tensor.isFloat() ? "<f4" : isLong ? "<i8" : "<i4";
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : tensor.getShape())
    header += std::to_string(dim) + ",";
  header += "), }";
  // The data begins at a multiple of 64, after a line feed.
  header.resize(llvm::alignTo(10 + header.size() + 1, 64) - 10 - 1, ' ');
  header += '\n';
  os << kMagic << '\1' << '\0' << static_cast<char>(header.size() & 255)
     << static_cast<char>(header.size() >> 8) << header;
  llvm::support::endian::Writer writer(os, llvm::endianness::little);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i) {
    if (tensor.isFloat())
      writer.write<float>(static_cast<float>(tensor.floats()[i]));
    else if (isLong)
      writer.write<int64_t>(tensor.ints()[i]);
    else
      writer.write<int32_t>(static_cast<int32_t>(tensor.ints()[i]));
  }
  os.flush();
  if (std::error_code code = os.error()) {
    os.clear_error();
    return llvm::createStringError("cannot write '" + path +
                                   "': " + StringRef(code.message()).lower());
  }
  return llvm::Error::success();
}
